"""Makes stories of what the demo's households have: finds in their rows what each telling has anew."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Date, Table

from engine.casework.models import Attachment, CaseFile, LogEntry, Submission
from engine.flow.history.lines import KEYS
from engine.flow.machine import codec
from engine.ground.tables import UtcDateTime, to_json
from web.bench.scale import marks
from web.bench.scale.everything import SHARED, TABLES, Everything
from web.bench.scale.marks import PRINTS, Shifts
from web.bench.scale.stories import Print, Row, Story, Template, Text, instant

RESULTS: Mapping[str, Mapping[str, str]] = {
    "announcement.post": {"paper": "paper"},
    "announcement.prepare": {"id": "paper_entry", "paper": "paper"},
    "assistance.declare": {"plan": "assistance_plan"},
    "assistance.name_official": {"id": "responsible_official"},
    "assistance.record_plan": {"plan": "assistance_plan"},
    "assistance.settle": {"plan": "assistance_plan"},
    "case.open": {"case": "case_file"},
    "household.record": {"observation": "observation"},
    "household.record_telling": {"id": "telling"},
    "matching.enter": {"batch": "matching_batch", "entry": "matching_entry"},
    "matching.record": {"id": "matching_result"},
    "notice.open": {"id": "notice"},
    "notice.close": {"id": "notice"},
    "objection.decide": {"id": "objection"},
}
"""Which number of a service's result is the number of which table's row."""
_REMINDS = re.compile(r"measure-(\d+)")


def read(connection: Connection, *, shared: bool = False) -> list[Story]:
    """Every household whose rows are its own; with `shared`, those too that share a paper or a batch:
    all who are told after them share it as well.
    """
    everything = Everything(connection, shared)
    found = ((household, everything.own(household)) for household in everything.rows["household"])
    return [Reading(everything, household, own).story() for household, own in found if own is not None]


class Reading:
    """Makes the templates of one household."""

    def __init__(self, everything: Everything, household: Row, own: dict[str, list[Row]]) -> None:
        self.all, self.household, self.own = everything, household, own
        self.keys = [(name, row["id"]) for name, rows in own.items() for row in rows if "id" in row]
        self.place = {key: place for place, key in enumerate(self.keys)}
        self.actors: list[int] = []
        self.people = [
            (row["name"], row["id_number"], row["sex"])
            for row in sorted(own.get("member", ()), key=lambda row: row["position"])
        ]
        self.numbered = [(name, self._title(row), row) for name in SHARED for row in own.get(name, ())]
        self.names: dict[str, int] = {}
        self.words: dict[str, int] = {}
        self._named()
        self.prints: list[Print] = []
        self.print_of: dict[str, int] = {}
        self.results: list[tuple[Any, Mapping[str, str]]] = []
        self.files = {
            (row["case_id"], row["field"], row["id"]): ("attachment", row["id"])
            for row in own.get("attachment", ())
        }

    def _named(self) -> None:
        """The named values, and which words of the demo they stand for."""
        code = self.household["village_code"]
        codes = (code, code[:9] + "000", code[:6] + "000000", code[:4] + "00000000")
        entries: list[tuple[str, str | None]] = [("household_number", self.household["number"])]
        for level, one in zip(("village", "township", "county", "city"), codes, strict=True):
            entries.append((f"{level}_code", one))
            entries.append((f"{level}_name", self.all.divisions[one]["name"]))
        entries.append(("division_id", None))
        for number, (name, identity, _) in enumerate(self.people):
            entries += [(f"name{number}", name), (f"identity{number}", identity or None)]
        for number, (_, _, row) in enumerate(self.numbered):
            entries += [
                (f"written{number}", row["number"]),
                (f"serial{number}", None),
                (f"year{number}", None),
            ]
        for name, word in entries:
            self.names[name] = len(self.keys) + len(self.names)
            if word:
                self.words.setdefault(word, self.names[name])
        longest_first = sorted(self.words, key=len, reverse=True)
        self.pattern = re.compile("|".join(re.escape(word) for word in longest_first))

    def _title(self, row: Row) -> str:
        """车村镇比对〔2026〕2号 → 比对."""
        office = row.get("division_code") or row["township_code"]
        head, _, _ = str(row["number"]).partition("〔")
        return head.removeprefix(self.all.divisions[office]["name"])

    def actor(self, account: int) -> int:
        """The value of an official; all officials stand after the named values."""
        if account not in self.actors:
            self.actors.append(account)
        return self.actors.index(account)

    def story(self) -> Story:
        cases = self.own.get("case_file", [])
        for case in cases:
            self._learn_results(case)
        for row in self.own.get("submission", ()):
            self._learn_print(row)
        rows = [self._template(TABLES[name], row) for name, found in self.own.items() for row in found]
        lines = [
            (self.place["case_file", case["id"]], self._line(case, line))
            for case in cases
            for line in self.all.lines.get(f"case:{case['id']}", ())
        ]
        return self._arranged(rows, lines)

    def _arranged(self, rows: list[Template], lines: list[tuple[int, Template]]) -> Story:
        """Officials and fingerprints were met while reading: their places come after those of the names."""
        cases = self.own.get("case_file", [])
        first = len(self.keys) + len(self.names)
        shifts = Shifts(first, first + len(self.actors))
        for template in [*rows, *(template for _, template in lines)]:
            template.direct = [(column, shifts.of(place)) for column, place in template.direct]
            template.texts = [(column, shifts.text(text)) for column, text in template.texts]
        prints = [Print(shifts.of(one.place), shifts.text(one.sent)) for one in self.prints]
        timers = self.own.get("timer", ())
        items = self.own.get("work_item", ())
        return Story(
            keys=self.keys,
            places=self.names,
            people=self.people,
            actors=self.actors,
            numbered=self.numbered,
            rows=rows,
            lines=lines,
            prints=prints,
            cases=len(cases),
            open_cases=sum(case["status"] == "open" for case in cases),
            open_items=sum(item["status"] == "open" for item in items),
            standing=sum(timer["standing"] == "open" for timer in timers),
            queues=frozenset(item["queue"] for item in items if item["status"] == "open"),
            waits=any(timer["status"] == "waiting" for timer in timers),
            began=min((instant(case["started_at"]) for case in cases), default=None),
            village=self.household["village_code"],
        )

    # -- columns

    def _template(self, one: Table, row: Row) -> Template:
        template = Template(one, [row[column.name] for column in one.c], [], [], [])
        for place, column in enumerate(one.c):
            value = row[column.name]
            if value is None:
                continue
            if isinstance(column.type, UtcDateTime | Date):
                template.moved.append(place)
            elif (direct := self._direct(one, column, row)) is not None:
                template.direct.append((place, direct))
            elif one.name == CaseFile.__tablename__ and column.name == "state":
                self._state(template, place, row)
            elif one.name == Attachment.__tablename__ and column.name == "body":
                template.constant[place] = b""
            elif isinstance(value, str):
                self._worded(template, place, one, column.name, row)
        self._copied(template, one, row)
        return template

    def _direct(self, one: Table, column: Any, row: Row) -> int | None:
        """The value that the column holds alone: a number of the story's, an official, a serial number."""
        value = row[column.name]
        if column.name == "id":
            return self.place.get((one.name, value))
        if (one.name, column.name) == ("case_file", "subject_id"):
            return self.place["household", value]
        if column.name == "division_id":
            return self.names["division_id"]
        for number, (name, _, shared) in enumerate(self.numbered):
            if name == one.name and shared is row and column.name in ("serial", "year"):
                return self.names[f"{column.name}{number}"]
        for key in column.foreign_keys:
            pointed = key.column.table.name
            if pointed == "account":
                return -1 - self.actor(value)
            if (pointed, value) in self.place:
                return self.place[pointed, value]
        return None

    def _worded(self, template: Template, place: int, one: Table, column: str, row: Row) -> None:
        value: str = row[column]
        if one.name == Submission.__tablename__ and column == "data":
            text = self._json(value, lambda found: self._marked(found, row["case_id"]))
        elif one.name == "timer" and column == "token" and (reminded := _REMINDS.fullmatch(value)):
            text = self._text(f"measure-{marks.mark(self.place['measure', int(reminded[1])])}")
        else:
            text = self._text(value)
        if text.places:
            template.texts.append((place, text))

    def _copied(self, template: Template, one: Table, row: Row) -> None:
        """A photo told again is the demo's own, shown in another case."""
        if one.name == Attachment.__tablename__:
            names = [column.name for column in one.c]
            place = names.index("copy_of")
            template.constant[place] = row["copy_of"] or row["id"]
            template.direct = [(column, value) for column, value in template.direct if column != place]

    def _state(self, template: Template, place: int, row: Row) -> None:
        if not row["state"]:
            return
        words = codec.unpacked(bytes(row["state"]))
        text = self._json(words, lambda found: self._marked(found, row["id"]))
        template.texts.append((place, text))
        template.packed = place

    # -- texts

    def _text(self, value: str) -> Text:
        """The text with places where the story's words and marked numbers stand."""
        return marks.text_of(self.pattern.sub(lambda found: marks.mark(self.words[found.group()]), value))

    def _json(self, value: str, marked: Callable[[Any], Any]) -> Text:
        """A JSON text whose numbers `marked` has replaced by marks."""
        found = to_json(marked(json.loads(value)))
        return self._text(marks.unquoted(found))

    def _marked(self, found: Any, case_id: int) -> Any:
        """Attachments and results of services, wherever they stand."""
        if isinstance(found, dict):
            rule = next((rule for result, rule in self.results if result == found), None)
            if rule is not None:
                return self._result(found, rule)
            return {
                name: self._attached(name, value, case_id) or self._marked(value, case_id)
                for name, value in found.items()
            }
        if isinstance(found, list):
            return [self._marked(value, case_id) for value in found]
        return found

    def _attached(self, name: str, value: Any, case_id: int) -> Any:
        """The value of a field that holds attachments, with their marks; None if it holds none."""
        many = value if isinstance(value, list) else [value]
        keys = [
            self.files.get((case_id, name, int(one)))
            for one in many
            if isinstance(one, int) or (isinstance(one, str) and one.isdecimal())
        ]
        if not keys or len(keys) != len(many) or None in keys:
            return None
        found = [
            marks.quoted(self.place[key]) if isinstance(one, int) else marks.mark(self.place[key])
            for one, key in zip(many, keys, strict=True)
            if key is not None
        ]
        return found if isinstance(value, list) else found[0]

    def _result(self, found: Mapping[str, Any], rule: Mapping[str, str]) -> dict[str, Any]:
        return {name: self._ref(rule.get(name), value) for name, value in found.items()}

    def _ref(self, table: str | None, value: Any) -> Any:
        known = table is not None and isinstance(value, int) and (table, value) in self.place
        return marks.quoted(self.place[table, value]) if known and table is not None else value

    # -- history

    def _learn_results(self, case: Row) -> None:
        for line in self.all.lines.get(f"case:{case['id']}", ()):
            for *_, service, result in json.loads(line["data"]).get(KEYS["services"], ()):
                if service in RESULTS and isinstance(result, dict):
                    self.results.append((result, RESULTS[service]))

    def _learn_print(self, row: Row) -> None:
        """What a submission's fingerprint is taken of; its place among the values."""
        ordered = json.dumps(
            self._marked(json.loads(row["data"]), row["case_id"]),
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
        place = PRINTS + len(self.prints)
        self.prints.append(Print(place, self._text(marks.unquoted(ordered))))
        self.print_of[row["id"]] = place

    def _line(self, case: Row, line: Row) -> Template:
        one = TABLES[LogEntry.__tablename__]
        template = Template(one, [line[column.name] for column in one.c], [], [], [])
        names = [column.name for column in one.c]
        template.moved.append(names.index("at"))
        if line["actor_id"] is not None:
            template.direct.append((names.index("actor_id"), -1 - self.actor(line["actor_id"])))
        data = json.loads(line["data"])
        text = self._text(marks.unquoted(self._line_text(case, line["kind"], data)))
        template.texts.append((names.index("data"), text))
        return template

    def _line_text(self, case: Row, kind: str, data: dict[str, Any]) -> str:
        for name, table in (
            ("item", "work_item"),
            (KEYS["item"], "work_item"),
            (KEYS["sent"], "submission"),
            ("measure", "measure"),
            ("from", "case_file"),
        ):
            if name in data:
                data[name] = self._ref(table, data[name])
        if KEYS["sha"] in data and (sent := marks.number(data.get(KEYS["sent"]))) is not None:
            submission = self.keys[sent][1]
            data[KEYS["sha"]] = marks.mark(self.print_of[submission])
        if (files := data.get(KEYS["files"])) is not None:
            data[KEYS["files"]] = [[self._ref("attachment", number), print_] for number, print_ in files]
        if kind == "message":
            data["payload"] = {
                name: self._ref("objection", value) if name == "id" else value
                for name, value in data["payload"].items()
            }
        return to_json(self._marked(data, case["id"]))
