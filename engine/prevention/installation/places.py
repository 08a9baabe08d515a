"""``divisions.csv``, ``bodies.csv``, ``calendar.csv``: a province's tables, read and judged row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from engine.casework.models import LEVELS
from engine.casework.organisation import access, divisions
from engine.casework.organisation.bodies import KINDS, KINDS_OF, SEALS, BodyRow, acts
from engine.casework.organisation.calendar.days_off import Day
from engine.ground import text
from engine.prevention.installation.files import BODIES, CALENDAR, DIVISIONS, NEEDED, Found, Row, table

DIVISION_COLUMNS = {
    "code": ("区划代码", "代码", NEEDED),
    "name": ("名称", NEEDED),
    "level": ("级别", "层级", NEEDED),
    "parent": ("上级", "上级代码", NEEDED),
    "kind": ("类别",),
    "valid_from": ("启用日期",),
    "formerly": ("原代码",),
}
_BODY_COLUMNS = {
    "division_code": ("区划代码", "代码", NEEDED),
    "kind": ("单位类别", "类别", NEEDED),
    "name": ("名称",),
    "word": ("发文代字", "代字"),
    "phone": ("电话",),
    "seal": ("盖章",),
}
_DAY_COLUMNS = {"day": ("日期", NEEDED), "kind": ("类别", NEEDED), "name": ("名称",), "source": ("来源",)}
_CODE = re.compile(r"\d{12}", re.ASCII)
_LEVEL_WORDS = {"省": "province", "市": "city", "县": "county", "乡": "township", "村": "village"}
_ABOVE = {
    "city": ("province",),
    "county": ("city",),
    "township": ("county", "city"),  # 不设区的市: townships right below a city
    "village": ("township",),
}
_DIVISION_KINDS = ("", divisions.PSEUDO, divisions.ZONE)


# -- divisions -------------------------------------------------------------------------------------


def read_divisions(body: bytes, province: str, found: Found) -> list[divisions.Row]:
    """The rows of the list of divisions of the province with the code `province`."""
    rows = table(DIVISIONS, body, DIVISION_COLUMNS, found)
    listed: dict[str, divisions.Row] = {}
    lines: dict[str, int] = {}
    for row in rows:
        cells = {**row.cells, "level": _level(row.cells["level"])}
        code = cells["code"]
        fault = _own_fault(cells, province)
        if fault:
            found.say(DIVISIONS, row.line, *fault)
        elif code in listed:
            found.say(DIVISIONS, row.line, "code", f"{code} 在第 {lines[code]} 行已经写过。")
        else:
            listed[code], lines[code] = cells, row.line
    if rows and province and province not in listed:
        found.say(DIVISIONS, 0, "", f"没有省级的一行：{province}。")
    for code, cells in listed.items():
        for column, sentence in _parent_faults(cells, listed):
            found.say(DIVISIONS, lines[code], column, sentence)
    return list(listed.values())


def _level(typed: str) -> str:
    """The level that a word means: province, 省, 省级."""
    return _LEVEL_WORDS.get(typed.removesuffix("级"), typed)


def _own_fault(cells: Mapping[str, str], province: str) -> tuple[str, str] | None:
    """The first thing wrong with a row by itself: the column and the sentence."""
    code, level = cells["code"], cells["level"]
    if not _CODE.fullmatch(code):
        return "code", f"“{code[:20]}”不是 12 位数字。"
    if not 1 <= len(cells["name"]) <= 80:
        return "name", "名称要有 1 到 80 字。"
    if level not in LEVELS:
        return "level", f"“{level[:20]}”不是级别；可用：{'、'.join(LEVELS)}。"
    if province and code[:2] != province[:2]:
        return "code", f"{code} 是另一个省的。"
    if access.level_of(code) != level:
        return "code", f"{code} 按位数是{access.QUEUE_NAMES[access.level_of(code)]}，级别写的是 {level}。"
    if cells["kind"] not in _DIVISION_KINDS:
        return (
            "kind",
            f"“{cells['kind'][:20]}”不是类别；可用：pseudo（代码中的虚设市）、zone（管委会），或空着。",
        )
    if cells["valid_from"] and text.day(cells["valid_from"]) is None:
        return "valid_from", "应当是日期，如 2023-06-30。"
    return None


def _parent_faults(
    cells: Mapping[str, str], listed: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    level, parent, code = cells["level"], cells["parent"], cells["code"]
    if level == "province":
        if parent:
            yield "parent", "省级没有上级。"
        return
    above = listed.get(parent)
    if above is None:
        yield "parent", f"表里没有上级 {parent[:20] or '（空）'}。"
    elif above["level"] not in _ABOVE[level]:
        wanted = "或".join(access.QUEUE_NAMES[one] for one in _ABOVE[level])
        yield "parent", f"上级 {parent} 是{access.QUEUE_NAMES[above['level']]}，应当是{wanted}。"
    elif access.ancestor(code, above["level"]) != parent:
        yield "parent", f"上级按代码应当是 {access.ancestor(code, above['level'])}，写的是 {parent}。"


# -- bodies ----------------------------------------------------------------------------------------


def read_bodies(body: bytes, listed: list[divisions.Row], found: Found) -> list[BodyRow]:
    """Who acts for divisions of the list."""
    codes = {row["code"] for row in listed}
    kinds = {text.key(word): kind for kind, word in KINDS.items()} | {kind: kind for kind in KINDS}
    bodies: dict[tuple[str, str], BodyRow] = {}
    words: dict[str, str] = {}
    for row in table(BODIES, body, _BODY_COLUMNS, found):
        code, kind = row.cells["division_code"], kinds.get(text.key(row.cells["kind"]), "")
        if code not in codes:
            found.say(BODIES, row.line, "division_code", f"区划表里没有 {code[:20] or '（空）'}。")
            continue
        if kind not in KINDS_OF[access.level_of(code)]:
            usable = "、".join(KINDS_OF[access.level_of(code)])
            found.say(BODIES, row.line, "kind", f"这一级没有这种单位；可用：{usable}。")
            continue
        one = _body(row, code, kind, found)
        if (code, kind) in bodies:
            found.say(BODIES, row.line, "kind", "同一单位写了两次。")
        if one.word and words.setdefault(one.word, code) != code:
            found.say(
                BODIES, row.line, "word", f"代字“{one.word}”{words[one.word]} 已在用，两个单位的文号会相同。"
            )
        bodies[code, kind] = one
    return list(bodies.values())


def _body(row: Row, code: str, kind: str, found: Found) -> BodyRow:
    seals = {text.key(word): seal for seal, word in SEALS.items()} | {seal: seal for seal in SEALS}
    seal = seals.get(text.key(row.cells["seal"]), row.cells["seal"]) if row.cells["seal"] else "over"
    given = (row.cells["name"], row.cells["word"], row.cells["phone"], seal)
    entry, faults = acts.read(acts.Entry(code, kind, *given))
    for column, sentences in faults.items():
        for sentence in sentences:
            found.say(BODIES, row.line, column, sentence)
    return BodyRow(code, kind, entry.name, entry.word, entry.phone, entry.seal)


# -- days off --------------------------------------------------------------------------------------


def read_calendar(body: bytes, found: Found) -> list[Day]:
    """The province's own days off, and what is worked for them; they go before the nation's."""
    days: dict[date, Day] = {}
    for row in table(CALENDAR, body, _DAY_COLUMNS, found):
        day, kind = text.day(row.cells["day"]), row.cells["kind"]
        if day is None:
            found.say(CALENDAR, row.line, "day", f"“{row.cells['day'][:20]}”不是日期。")
        elif kind not in ("休", "班"):
            found.say(CALENDAR, row.line, "kind", "应当是“休”或“班”。")
        elif day in days:
            found.say(CALENDAR, row.line, "day", f"{day} 写了两次。")
        else:
            days[day] = Day(day, kind == "班", row.cells["name"][:40])
    return list(days.values())
