"""What the cells of a row say in our terms; what cannot be read is a fault at its column, never repaired."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from engine.casework.portions.imports import kinds
from engine.casework.portions.imports.kinds import Column, Fault
from engine.ground import idnumber, text

UNREAD = {
    "digits": ("数字太长，被 Excel 改成了数值，后几位已经丢失", "把这一列设为“文本”，照证件重新填写"),
    "formula": ("是公式，还没有算出结果", "用 Excel 打开，保存一次再上传，或者改成数值"),
    "error": ("公式出错（如 #N/A、#REF!）", "改成正确的内容"),
    "merged": ("是合并的单元格，这一行没有内容", "取消合并，每一行都填上"),
    "long": ("超过 2000 个字", "缩短"),
}
"""By the flag of a cell (ground.workbooks): what is wrong, and what to do."""
HIDDEN = Fault("", "这一行在表里是隐藏的，没有人看得见", "取消隐藏或筛选，核对以后再上传；不要的行请删去")
_PARTS = re.compile(r"[、，,；;/\n]+")
_YES = {text.key(word): True for word in ("是", "有", "√", "✓", "y", "yes", "1", "true", "已")}
_NO = {text.key(word): False for word in ("否", "无", "×", "n", "no", "0", "false", "未")}
ANSWERS = _YES | _NO
Read = tuple[Any, Fault | None]


def read(
    cells: Sequence[str],
    flags: Mapping[str, str],
    columns: Sequence[Column],
    mapped: Mapping[str, int],
    today: date,
) -> tuple[dict[str, Any], list[Fault]]:
    """The values of a row by our columns, and what is wrong with it; empty cells are left out."""
    values: dict[str, Any] = {}
    faults: list[Fault] = [HIDDEN] if flags.get("row") == "hidden" else []
    for column in columns:
        place = mapped.get(column.key)
        if place is None:
            continue
        if (unread := UNREAD.get(flags.get(str(place), ""))) is not None:
            faults.append(Fault(column.key, *unread))
            continue
        said = cells[place] if place < len(cells) else ""
        value, fault = _value(column, said, today) if said else _nothing(column)
        if fault is not None:
            faults.append(fault)
        elif value is not None:
            values[column.key] = value
    return values, faults


def _nothing(column: Column) -> Read:
    return None, Fault(column.key, "没有填", "请填写") if column.required else None


def _value(column: Column, said: str, today: date) -> Read:
    return _READERS[column.reads](column, said, today)


def _text(column: Column, said: str, _today: date) -> Read:
    words = text.line(said)
    if len(words) > column.longest:
        return None, Fault(column.key, f"超过 {column.longest} 个字", "缩短")
    return words or None, None


def _number(column: Column, said: str, _today: date) -> Read:
    found = text.number(said)
    if found is None:
        return None, Fault(column.key, "不是数字", "只填数字，不写单位和说明")
    return str(int(found)) if found == int(found) else str(found), None


def _day(column: Column, said: str, _today: date) -> Read:
    found = text.day(said.removesuffix(" 00:00"))
    if found is None:
        return None, Fault(column.key, "不是日期", "按“2022-05-06”填写")
    return found.isoformat(), None


def _choice(column: Column, said: str, _today: date) -> Read:
    words = {text.key(one): value for value, label in column.options.items() for one in (value, label)}
    found = words.get(text.key(said), _answer(column, said))
    if found is None:
        return None, Fault(column.key, "不是可以填的内容", f"只能填：{'、'.join(column.options.values())}")
    return found, None


def _answer(column: Column, said: str) -> str | None:
    """Yes or no as people write it, where that is what is asked."""
    answer = ANSWERS.get(text.key(said))
    if answer is None or set(column.options) != {"yes", "no"}:
        return None
    return "yes" if answer else "no"


def _choices(column: Column, said: str, today: date) -> Read:
    whole, fault = _choice(column, said, today)  # a label may hold the signs that part others
    if fault is None:
        return [whole], None
    found: list[str] = []
    for part in _PARTS.split(said):
        if not part.strip():
            continue
        value, fault = _choice(column, part, today)
        if fault is not None:
            return None, Fault(
                column.key, f"“{part.strip()[:20]}”不是可以填的内容", f"{fault.cure}；几项之间用“、”隔开"
            )
        found.append(value)
    return list(dict.fromkeys(found)) or None, None


def _yes(column: Column, said: str, _today: date) -> Read:
    found = ANSWERS.get(text.key(said))
    if found is None:
        return None, Fault(column.key, "不是“是”或“否”", "填“是”或“否”")
    return found, None


def _identity(column: Column, said: str, today: date) -> Read:
    try:
        return idnumber.validate(said, today), None
    except ValueError as error:
        return None, Fault(column.key, str(error).rstrip("。"), "照证件核对，重新填写")


_READERS: Mapping[str, Callable[[Column, str, date], Read]] = {
    kinds.TEXT: _text,
    kinds.NUMBER: _number,
    kinds.DAY: _day,
    kinds.CHOICE: _choice,
    kinds.CHOICES: _choices,
    kinds.YES: _yes,
    kinds.IDENTITY: _identity,
}
