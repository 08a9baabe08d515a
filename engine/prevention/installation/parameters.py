"""``province.json``: the province's names, monitoring lines, legal limits and settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.flow import vocabulary
from engine.flow.vocabulary import MIN_DOCUMENT, Bound, LegalLimit
from engine.ground import text
from engine.ground.unpacking import limits, texts
from engine.prevention.installation import located
from engine.prevention.installation.files import PARAMETERS, Found
from engine.prevention.register.monitoring_lines.ruling import LineRow
from engine.prevention.register.monitoring_lines.setting import LEAST, MOST

KEYS = ("code", "name", "plan", "edition", "office_word", "national", "lines", "limits", "settings")
SETTINGS = {"matching.reuse_months": (0, 60), "matching.late_days": (1, 30)}
"""The settings that a province may bring, with their bounds."""
MOST_DAYS = 366
PROVINCE = re.compile(r"(?!00)[0-9]{2}0{10}")
_MISSING: Any = object()


@dataclass(frozen=True)
class Parameters:
    """What ``province.json`` says. `edition` is the day of the list of divisions."""

    code: str
    name: str
    edition: date
    office_word: str
    national: str
    national_from: date | None
    lines: tuple[LineRow, ...]
    limits: Mapping[str, Bound]
    settings: Mapping[str, int]
    data: Mapping[str, Any]


class _Reader:
    """A JSON file whose parts are asked for one by one; every fault is said where it stands."""

    def __init__(self, found: Found, whole: located.Located) -> None:
        self.found, self.whole = found, whole

    def fault(self, path: located.Path, sentence: str) -> None:
        line, column = self.whole.line(path)
        words = ".".join(str(part) for part in path)
        self.found.say(PARAMETERS, line, f"{words}（第 {column} 列）" if words else "", sentence)

    def value(self, path: located.Path) -> Any:
        at = self.whole.value
        for part in path:
            try:
                at = at[part]
            except (KeyError, IndexError, TypeError):
                return _MISSING
        return at

    def entry(self, path: located.Path, keys: tuple[str, ...]) -> bool:
        """Whether an object stands at the path; what it has besides `keys` is a fault."""
        value = self.value(path)
        if not isinstance(value, dict):
            self.fault(path, f"应当是对象：{{{'，'.join(keys)}}}。")
            return False
        for key in value.keys() - set(keys):
            self.fault((*path, key), f"不认识“{key}”；可用的：{'、'.join(keys)}。")
        return True

    def words(self, path: located.Path, least: int, most: int, *, needed: bool = True) -> str:
        value = self.value(path)
        if value is _MISSING and not needed:
            return ""
        typed = text.line(value) if isinstance(value, str) else None
        if typed is None or not (least <= len(typed) <= most or (not needed and not typed)):
            length = f"{least} 到 {most}" if least < most else str(most)
            self.fault(path, f"应当是 {length} 字的文字。")
            return ""
        return typed

    def whole_number(self, path: located.Path, least: int, most: int) -> int:
        value = self.value(path)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.fault(path, f"应当是 {least:,} 到 {most:,} 的整数。")
            return least
        return value

    def day(self, path: located.Path, *, needed: bool = True) -> date | None:
        value = self.value(path)
        if value is _MISSING and not needed:
            return None
        day = text.day(value) if isinstance(value, str) else None
        if day is None:
            self.fault(path, "应当是日期，如 2022-01-01。")
        return day

    def entries(self, path: located.Path) -> list[located.Path]:
        """The paths of the entries of a list; none when it is left out."""
        value = self.value(path)
        if value is _MISSING:
            return []
        if not isinstance(value, list):
            self.fault(path, "应当是列表：[…]。")
            return []
        return [(*path, number) for number in range(len(value))]


def read(body: bytes, today: date, found: Found) -> Parameters | None:
    """What the file says; None, with the faults said, when it cannot be read at all."""
    try:
        words, _ = texts.decoded(body)
        reader = _Reader(found, located.read(words))
    except located.Misplaced as error:
        line, column = located.line_of(words, error.at)
        found.say(PARAMETERS, line, f"第 {column} 列", f"不是 JSON：{error.message}。")
        return None
    except limits.Refused as error:
        found.say(PARAMETERS, 0, "", str(error))
        return None
    if not reader.entry((), KEYS):
        return None
    code = reader.words(("code",), 12, 12)
    if code and not PROVINCE.fullmatch(code):
        reader.fault(("code",), "应当是省级区划代码：两位数字加十个 0。")
    national = _national(reader)
    reader.words(("plan",), 2, 200, needed=False)
    return Parameters(
        code,
        reader.words(("name",), 2, 80),
        reader.day(("edition",), needed=False) or today,
        reader.words(("office_word",), 2, 40, needed=False),
        *national,
        _lines(reader, code, today),
        _limits(reader),
        _settings(reader),
        reader.whole.value,
    )


def _national(reader: _Reader) -> tuple[str, date | None]:
    if reader.value(("national",)) is _MISSING or not reader.entry(("national",), ("name", "valid_from")):
        return "", None
    name = reader.words(("national", "name"), 2, 80)
    return name, reader.day(("national", "valid_from"), needed=False)


def _lines(reader: _Reader, code: str, today: date) -> tuple[LineRow, ...]:
    """The monitoring lines (R01); one of them must rule today, if there are any."""
    found: dict[date, LineRow] = {}
    for path in reader.entries(("lines",)):
        if not reader.entry(path, ("year", "amount", "effective_from", "basis", "document")):
            continue
        line = _line(reader, path, code)
        if line is None:
            continue
        if line.effective_from in found:
            reader.fault((*path, "effective_from"), "同一天起执行的写了两条。")
        found[line.effective_from] = line
    if found and min(found) > today:
        reader.fault(("lines",), f"没有一条在今天（{today}）以前起执行：请补上现在执行的监测范围。")
    return tuple(found[day] for day in sorted(found))


def _line(reader: _Reader, path: located.Path, code: str) -> LineRow | None:
    day = reader.day((*path, "effective_from"))
    year = reader.whole_number((*path, "year"), 2000, 2200)
    if day is not None and day.year != year:
        reader.fault((*path, "effective_from"), f"应当是 {year} 年的一天。")
    amount = reader.whole_number((*path, "amount"), LEAST, MOST)
    basis = reader.words((*path, "basis"), 10, 200)
    document = reader.words((*path, "document"), MIN_DOCUMENT, 120, needed=False)
    return LineRow(code, year, amount, day, basis, document) if day is not None else None


def _limits(reader: _Reader) -> dict[str, Bound]:
    """The bounds of legal limits: looser than the nation's only by a document."""
    law = {limit.clause: limit for limit in vocabulary.used().law}
    found: dict[str, Bound] = {}
    for path in reader.entries(("limits",)):
        if not reader.entry(path, ("clause", "days", "document")):
            continue
        clause = reader.words((*path, "clause"), 1, 12)
        days = reader.whole_number((*path, "days"), 1, MOST_DAYS)
        document = reader.words((*path, "document"), MIN_DOCUMENT, 200, needed=False)
        if clause not in law:
            reader.fault((*path, "clause"), f"没有这一条期限；有：{'、'.join(sorted(law))}。")
        elif clause in found:
            reader.fault((*path, "clause"), f"{clause} 写了两次。")
        else:
            _require_document(reader, path, law[clause], days, document)
            found[clause] = Bound(days, document)
    return found


def _require_document(
    reader: _Reader, path: located.Path, limit: LegalLimit, days: int, document: str
) -> None:
    if limit.looser(days) and not any(letter.isdecimal() for letter in document):
        sentence = f"{limit.words}；{days} 天比它宽，须写明文件名称和文号，如“某乡振〔2022〕5号”。"
        reader.fault((*path, "document"), sentence)


def _settings(reader: _Reader) -> dict[str, int]:
    if reader.value(("settings",)) is _MISSING or not reader.entry(("settings",), tuple(SETTINGS)):
        return {}
    given = [key for key in SETTINGS if key in reader.value(("settings",))]
    return {key: reader.whole_number(("settings", key), *SETTINGS[key]) for key in given}
