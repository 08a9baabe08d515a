"""The statistics of what is told again: each story counted once, as the ticker does, and multiplied."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sqlalchemy.orm import Session

from engine.casework.models import ProcedureVersion
from engine.casework.supervision.figures.facts import Line, facts_of
from engine.casework.supervision.figures.tally import Key, routes_of
from engine.casework.supervision.figures.tiers import Tier, period, place, tiers_of
from engine.flow.history import lines as history
from engine.ground.clock import local_date
from web.bench.scale.bulk import TABLES, Writer
from web.bench.scale.stories import Story, Template, instant

_COLUMNS = {one.name: {column.name: at for at, column in enumerate(one.c)} for one in TABLES}
_LOG, _CASE = _COLUMNS["log_entry"], _COLUMNS["case_file"]
_KEYS = ("tier", "measure", "division_code", "start", "procedure_key", "version", "element_id", "value")


class Counting:
    """Adds up what the cases told again add to the roll-ups."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stories: dict[int, Story] = {}
        self._known: dict[int, list[tuple[Any, ...]]] = {}
        self._told: Counter[tuple[int, str]] = Counter()

    def add(self, story: Story, village: str) -> None:
        """One telling in a village."""
        self._stories[id(story)] = story
        self._told[id(story), village] += 1

    def changes(self) -> Counter[Key]:
        """All cells, as `tally` would have them."""
        found: Counter[Key] = Counter()
        for (number, village), times in self._told.items():
            places = {tier: place(tier, village) for tier in Tier}
            for tier, measure, start, key, version, element, value, count in self._of(number):
                found[Key(tier, measure, places[tier], start, key, version, element, value)] += times * count
        return found

    def _of(self, number: int) -> list[tuple[Any, ...]]:
        """What one telling of a story adds, for every tier but its place."""
        story = self._stories[number]
        if number not in self._known:
            self._known[number] = [cell for case in _cases(story) for cell in self._case(story, case)]
        return self._known[number]

    def _case(self, story: Story, case: tuple[int, Template]) -> list[tuple[Any, ...]]:
        order, template = case
        key, version_id = (template.constant[_CASE[name]] for name in ("procedure_key", "version_id"))
        lines = [_line(one) for owner, one in story.lines if owner == order]
        version = self._session.get_one(ProcedureVersion, version_id).number
        return [
            (tier, fact.measure, period(tier, fact.day), key, version, fact.element_id, fact.value, count)
            for fact, count in facts_of(lines, routes_of(self._session, version_id)).items()
            for tier in tiers_of(fact.measure)
        ]


def _cases(story: Story) -> list[tuple[int, Template]]:
    """The story's cases with their places among its numbers."""
    return [
        (story.keys.index(("case_file", template.constant[_CASE["id"]])), template)
        for template in story.rows
        if template.table.name == "case_file"
    ]


def _line(template: Template) -> Line:
    row = template.constant
    seq, kind, element = (row[_LOG[name]] for name in ("seq", "kind", "element_id"))
    read = history.read(kind, json.loads(row[_LOG["data"]]))
    return Line(seq, kind, instant(row[_LOG["at"]]), element, read)


def keep(writer: Writer, changes: Counter[Key], log_id: int, now: Any) -> None:
    """Add the cells to those that there are; all that is told is counted up to `log_id`."""
    names = ", ".join(_KEYS)
    for row in writer.run(f"SELECT {names}, count FROM figure"):
        changes[_key(row)] += row[8]
    writer.run("DELETE FROM figure")
    writer.run("DELETE FROM figure_state")
    writer.connection.commit()
    sqlite = writer.sqlite
    rows = [[*_native(key, sqlite), count] for key, count in sorted(changes.items()) if count]
    writer.write({"figure": rows, "figure_state": [[1, log_id, now]]})


def _key(row: Any) -> Key:
    start = local_date(instant(f"{row[3]} 12:00")) if isinstance(row[3], str) else row[3]
    return Key(row[0], row[1], row[2], start, *row[4:8])


def _native(key: Key, sqlite: bool) -> list[Any]:
    row = list(key)
    row[0] = int(key.tier)
    row[3] = key.start.isoformat() if sqlite else key.start
    return row
