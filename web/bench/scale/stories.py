"""Households of the demo with everything that the product wrote about them, as templates of rows.

A template is a row whose numbers, names, codes and days are places to be filled. What a line of the history
says it was sent with (a fingerprint) is a place too, so that the chains of what is told again verify.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Date, Table

from engine.casework.models import Attachment, CaseFile, LogEntry, Submission
from engine.flow.history.lines import KEYS
from engine.ground import tables
from engine.ground.tables import Base, UtcDateTime, to_json

Row = dict[str, Any]
Key = tuple[str, int]
"""A row of the story: its table and number."""
REGISTER = ("household", "member", "household_year")
"""What stands in the register whether or not there is a case."""
LEFT_OUT = ("log_entry", "notification", "outbox", "figure_mark", "finding", "idempotency", "department_row")
"""Mail and roll-ups are the product's to make anew; a department's list holds many households."""
SHARED = {"paper": "paper_entry", "matching_batch": "matching_entry"}
"""Rows that gather several households, and the rows that gather them."""
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
_TABLES = {one.name: one for one in Base.metadata.sorted_tables}
_REMINDS = re.compile(r"measure-(\d+)")
_A_DAY = 24 * 60 * 60 * 1_000_000
"""In microseconds, as SQLite keeps instants."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WRITTEN = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_MARK = re.compile("\ue000(\\d+)\ue001")
_QUOTED = re.compile('"\ue002(\ue000\\d+\ue001)"')
_PRINTS = 1_000_000
"""Places of fingerprints while a story is read; moved behind the officials' once those are known."""


@dataclass(frozen=True)
class Text:
    """A text with places: `words` % the values at `places`."""

    words: str
    places: tuple[int, ...]

    def of(self, values: Sequence[Any]) -> str:
        """The text of one telling."""
        return self.words % tuple(values[place] for place in self.places)


@dataclass(frozen=True)
class Print:
    """The fingerprint of what was sent: `sent` with its keys in order; it stands at `place`."""

    place: int
    sent: Text


@dataclass
class Template:
    """A row: `constant` is everything that stays, `moved` the columns that hold days or instants."""

    table: Table
    constant: list[Any]
    direct: list[tuple[int, int]]
    """Columns that hold a value of the telling alone."""
    texts: list[tuple[int, Text]]
    moved: list[int]
    packed: int | None = None
    """The column whose text is packed (a case's state)."""


@dataclass
class Story:
    """A household's templates, and the order of the values that a telling brings (`telling.Teller`)."""

    keys: list[Key]
    places: dict[str, int]
    """Where each named value stands among the values, after the numbers of `keys`."""
    people: list[tuple[str, str, str]]
    """Names, numbers and births of the members whose names are told anew: name, number, sex."""
    actors: list[int]
    numbered: list[tuple[str, str, Row]]
    """Shared rows with a serial number of their office's: table, what is written between the office and the
    year, row.
    """
    rows: list[Template]
    lines: list[tuple[int, Template]]
    """A case's place among `keys`, and a line of its history, in order."""
    prints: list[Print]
    cases: int
    open_cases: int
    open_items: int
    standing: int
    queues: frozenset[str]
    """Whose open steps it has."""
    waits: bool
    began: datetime | None
    village: str
    variants: dict[int, Story] = field(default_factory=dict)
    _numbers: dict[bool, list[tuple[int, str]]] = field(default_factory=dict)

    def numbers(self, register: bool) -> list[tuple[int, str]]:
        """Places and tables of the numbers that are given out with the register, or with the cases."""
        if register not in self._numbers:
            named = [(at, name) for at, (name, _) in enumerate(self.keys) if name != "household"]
            self._numbers[register] = [one for one in named if (one[1] in REGISTER) == register]
        return self._numbers[register]

    def moved(self, days: int) -> Story:
        """The same story `days` later (earlier: below 0)."""
        if not days:
            return self
        if days not in self.variants:
            self.variants[days] = _moved(self, days)
        return self.variants[days]


def read(connection: Connection, *, shared: bool = False) -> list[Story]:
    """Every household whose rows are its own; with `shared`, those too that share a paper or a batch:
    all who are told after them share it as well.
    """
    everything = _Everything(connection, shared)
    found = (everything.story(household) for household in everything.rows["household"])
    return [story for story in found if story is not None]


def instant(value: Any) -> datetime:
    """What the driver gave for an instant, with its zone."""
    if isinstance(value, int):
        return tables.instant(value)
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


# -- reading ---------------------------------------------------------------------------------------


class _Everything:
    """All rows of the demo as the driver gives them, and who points at whom."""

    def __init__(self, connection: Connection, shared: bool) -> None:
        self.shared = shared
        self.rows = {name: _rows(connection, name) for name in _TABLES if name not in LEFT_OUT}
        self.lines: dict[str, list[Row]] = {}
        for line in _rows(connection, "log_entry"):
            self.lines.setdefault(line["stream"], []).append(line)
        self.divisions = {row["code"]: row for row in self.rows["division"]}
        self.pointing: dict[tuple[str, str, int], list[Row]] = {}
        for name, column, other in _pointers():
            for row in self.rows[name]:
                if row[column] is not None:
                    self.pointing.setdefault((name, other, row[column]), []).append(row)
        self.others = {row["household_id"] for row in _rows(connection, "department_row")}

    def story(self, household: Row) -> Story | None:
        """The household's story, unless something of it is also another's."""
        if household["id"] in self.others:
            return None
        own = self._own(household)
        if any(name in own for name in ("batch_entry", "draft", "incident", "transfer")):
            return None  # gathered by the county for many
        for gathered, gathering in SHARED.items():
            for row in self._gathered(own, gathered, gathering):
                theirs = self.pointing[gathering, gathered, row["id"]]
                if len(theirs) > 1 or row.get("count", 1) != 1:
                    if self.shared:
                        continue
                    return None
                own.setdefault(gathered, []).append(row)
        return _Reading(self, household, own).story()

    def _own(self, household: Row) -> dict[str, list[Row]]:
        own: dict[str, list[Row]] = {"household": [household]}
        seen: set[Key] = {("household", household["id"])}
        front = [("household", household)]
        while front:
            other, row = front.pop()
            for name, _, pointed in _pointers():
                if pointed == other and name not in SHARED:
                    for found in self.pointing.get((name, other, row["id"]), ()):
                        key = (name, found.get("id", id(found)))
                        if key not in seen:
                            seen.add(key)
                            own.setdefault(name, []).append(found)
                            if "id" in found:
                                front.append((name, found))
        return {name: sorted(rows, key=lambda row: row.get("id", 0)) for name, rows in own.items()}

    def _gathered(self, own: Mapping[str, Sequence[Row]], gathered: str, gathering: str) -> Iterator[Row]:
        wanted = {row[f"{'paper' if gathered == 'paper' else 'batch'}_id"] for row in own.get(gathering, ())}
        yield from (row for row in self.rows[gathered] if row["id"] in wanted)


def _rows(connection: Connection, name: str) -> list[Row]:
    order = " ORDER BY id" if "id" in _TABLES[name].c else ""
    return [dict(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"{order}').mappings()]


@lru_cache
def _pointers() -> list[tuple[str, str, str]]:
    """Table, column, and the table that it points at, of all that hangs on a household."""
    owned = {"household", "case_file"}
    found = [("case_file", "subject_id", "household")]
    for _ in range(3):  # what hangs on what hangs on a case
        for name, one in _TABLES.items():
            for key in one.foreign_keys:
                pointed = key.column.table.name
                if name == pointed == "household":
                    continue  # a record that was merged is another household
                entry = (name, key.parent.name, pointed)
                if pointed in owned | set(SHARED) and name not in LEFT_OUT and entry not in found:
                    found.append(entry)
                    owned.add(name)
    return found


# -- one story -------------------------------------------------------------------------------------


class _Reading:
    """Makes the templates of one household."""

    def __init__(self, everything: _Everything, household: Row, own: dict[str, list[Row]]) -> None:
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
        rows = [self._template(_TABLES[name], row) for name, found in self.own.items() for row in found]
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
        shifts = _Shifts(first, first + len(self.actors))
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
            text = self._text(f"measure-{_mark(self.place['measure', int(reminded[1])])}")
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
        words = zlib.decompress(bytes(row["state"])).decode()
        text = self._json(words, lambda found: self._marked(found, row["id"]))
        template.texts.append((place, text))
        template.packed = place

    # -- texts

    def _text(self, value: str) -> Text:
        """The text with places where the story's words and marked numbers stand."""
        marked = self.pattern.sub(lambda found: _mark(self.words[found.group()]), value)
        places = tuple(int(place) for place in _marks(marked))
        return Text(_MARK.sub("%s", marked.replace("%", "%%")), places)

    def _json(self, value: str, marked: Callable[[Any], Any]) -> Text:
        """A JSON text whose numbers `marked` has replaced by marks."""
        found = to_json(marked(json.loads(value)))
        return self._text(_unquoted(found))

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
        marks = [
            _quoted(self.place[key]) if isinstance(one, int) else _mark(self.place[key])
            for one, key in zip(many, keys, strict=True)
            if key is not None
        ]
        return marks if isinstance(value, list) else marks[0]

    def _result(self, found: Mapping[str, Any], rule: Mapping[str, str]) -> dict[str, Any]:
        return {name: self._ref(rule.get(name), value) for name, value in found.items()}

    def _ref(self, table: str | None, value: Any) -> Any:
        known = table is not None and isinstance(value, int) and (table, value) in self.place
        return _quoted(self.place[table, value]) if known and table is not None else value

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
        place = _PRINTS + len(self.prints)
        self.prints.append(Print(place, self._text(_unquoted(ordered))))
        self.print_of[row["id"]] = place

    def _line(self, case: Row, line: Row) -> Template:
        one = _TABLES[LogEntry.__tablename__]
        template = Template(one, [line[column.name] for column in one.c], [], [], [])
        names = [column.name for column in one.c]
        template.moved.append(names.index("at"))
        if line["actor_id"] is not None:
            template.direct.append((names.index("actor_id"), -1 - self.actor(line["actor_id"])))
        data = json.loads(line["data"])
        text = self._text(_unquoted(self._line_text(case, line["kind"], data)))
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
        if KEYS["sha"] in data and (sent := _number(data.get(KEYS["sent"]))) is not None:
            submission = self.keys[sent][1]
            data[KEYS["sha"]] = _mark(self.print_of[submission])
        if "files" in data:
            data["files"] = [[self._ref("attachment", number), print_] for number, print_ in data["files"]]
        if kind == "message":
            data["payload"] = {
                name: self._ref("objection", value) if name == "id" else value
                for name, value in data["payload"].items()
            }
        return to_json(self._marked(data, case["id"]))


def _unquoted(found: str) -> str:
    return _QUOTED.sub(lambda mark: mark[1], found)


def _mark(place: int) -> str:
    return f"\ue000{place}\ue001"


def _quoted(place: int) -> str:
    """A mark that stands for a number: its quotes go."""
    return f"\ue002{_mark(place)}"


def _number(value: Any) -> int | None:
    found = re.fullmatch("\ue002\ue000(\\d+)\ue001", value) if isinstance(value, str) else None
    return int(found[1]) if found else None


def _marks(value: str) -> list[str]:
    return _MARK.findall(value)


@dataclass(frozen=True)
class _Shifts:
    """Moves officials (below 0 while read) and fingerprints to their final places."""

    actors: int
    prints: int

    def of(self, place: int) -> int:
        if place < 0:
            return self.actors - 1 - place
        return self.prints + place - _PRINTS if place >= _PRINTS else place

    def text(self, text: Text) -> Text:
        return Text(text.words, tuple(self.of(place) for place in text.places))


# -- other days ------------------------------------------------------------------------------------


def _moved(story: Story, days: int) -> Story:
    def template(one: Template) -> Template:
        constant = list(one.constant)
        for place in one.moved:
            constant[place] = _later(constant[place], days)
        for place, value in enumerate(constant):
            if isinstance(value, str) and place not in one.moved:
                constant[place] = shifted(value, days)
        texts = [(place, Text(shifted(text.words, days), text.places)) for place, text in one.texts]
        return Template(one.table, constant, one.direct, texts, one.moved, one.packed)

    return Story(
        **{
            **story.__dict__,
            "rows": [template(row) for row in story.rows],
            "lines": [(case, template(line)) for case, line in story.lines],
            "prints": [
                Print(one.place, Text(shifted(one.sent.words, days), one.sent.places)) for one in story.prints
            ],
            "began": story.began + timedelta(days=days) if story.began else None,
            "variants": {},
        }
    )


def shifted(words: str, days: int) -> str:
    """Every day in the text moved."""
    moved = _DAY.sub(lambda found: _iso(found.group(), days), words)
    return _WRITTEN.sub(lambda found: _chinese(found.group(), days), moved)


def _later(value: Any, days: int) -> Any:
    """A day or an instant as the driver has it: on SQLite a text or a number."""
    if isinstance(value, int):
        return value + days * _A_DAY
    return shifted(value, days) if isinstance(value, str) else value + timedelta(days=days)


@lru_cache(maxsize=100_000)
def _iso(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


@lru_cache(maxsize=100_000)
def _chinese(day: str, days: int) -> str:
    found = _WRITTEN.fullmatch(day)
    assert found is not None
    moved = date(int(found[1]), int(found[2]), int(found[3])) + timedelta(days=days)
    return f"{moved.year}年{moved.month}月{moved.day}日"
