"""One marshmallow field for each component type, with sentences that name the field.

A field is built once for its form; what differs from one submission to the next (`present`) it asks for as it
runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, missing, validate

from engine.flow.forms import bounds
from engine.flow.forms import schema as s
from engine.ground import idnumber
from engine.ground import text as normal

MAX_TEXT = 4000
MAX_ROWS = 50
MAX_NUMBER = 10**12
_WRITTEN = (str, int, float)
MAX_MATCHED = 200
"""Longer text than this does not match any pattern."""


@dataclass(frozen=True)
class Circumstances:
    """What a submission is checked against besides its form."""

    today: date
    attachments: Container[int] = ()


_CIRCUMSTANCES: ContextVar[Circumstances] = ContextVar("circumstances")


@contextmanager
def present(circumstances: Circumstances) -> Iterator[None]:
    """Check what is loaded inside under these circumstances."""
    token = _CIRCUMSTANCES.set(circumstances)
    try:
        yield
    finally:
        _CIRCUMSTANCES.reset(token)


class _Field(fields.Field[Any]):
    """A field of marshmallow's that goes the same way in fewer steps as long as nothing is wrong.

    Of the 132 µs that the 67 blanks of a verification cost, marshmallow's own steps between a field and its
    validators were 70.
    """

    def deserialize(
        self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        if value is None or (value is missing and self.required):
            return super().deserialize(value, attr, data, **kwargs)
        if value is missing:
            return self.load_default
        found = self._deserialize(value, attr, data)
        try:
            for check in self.validators:
                check(found)
        except ValidationError:
            self._validate(found)  # tells all that is wrong, not the first alone
        return found


_SEEN = re.compile("[!-~一-龥]")


def is_blank(value: Any) -> bool:
    """Whether the value is a text in which nothing stands that anybody sees."""
    if not isinstance(value, str) or _SEEN.match(value):  # nearly every one begins with a sign
        return False
    return not normal.line(value[: normal.MAX_TYPED])


class Text(_Field):
    """Text in the normal form that `clean` makes of it; blank is nothing."""

    def __init__(self, clean: Callable[[str], str] = normal.line, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clean = clean

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str | None:
        if not isinstance(value, _WRITTEN) or isinstance(value, bool):
            raise ValidationError("填写的内容不对。")
        typed = value if isinstance(value, str) else normal.ungrouped(value) or str(float(value))
        if len(typed) > 2 * MAX_TEXT:
            raise ValidationError("文字过长。")
        return self.clean(typed) or None


class Choice(Text):
    """The value of one of the options."""

    def __init__(self, options: Collection[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.options = frozenset(options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str | None:
        if type(value) is str and value in self.options:
            return value
        found = super()._deserialize(value, attr, data, **kwargs)
        if found not in self.options:
            raise ValidationError("请从所列选项中选择。")
        return found


class Number(_Field):
    """A number kept as int or float with a bounded count of decimals."""

    def __init__(self, decimals: int, low: Any, high: Any, unit: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.decimals, self.low, self.high, self.unit = decimals, low, high, unit
        self._least, self._most = _decimal(low), _decimal(high)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int | float:
        number = normal.number(value, self.unit)
        if number is None:
            raise ValidationError("请填写数字。")
        if abs(number) >= MAX_NUMBER:
            raise ValidationError("数字超出了范围。")
        if number != round(number, self.decimals):
            raise ValidationError(
                "请填写整数。" if self.decimals == 0 else f"最多保留 {self.decimals} 位小数。"
            )
        if self._least is not None and number < self._least:
            raise ValidationError(f"不能小于 {self.low}。")
        if self._most is not None and number > self._most:
            raise ValidationError(f"不能大于 {self.high}。")
        whole = int(number)
        return whole if number == whole else float(number)


def _decimal(bound: Any) -> Decimal | None:
    return None if bound is None else Decimal(str(bound))


class Day(_Field):
    """A date, kept as ISO text."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        day = normal.day(value)
        if day is None:
            raise ValidationError("请填写日期，如 2022-05-06。")
        first, last = bounds.limits(_CIRCUMSTANCES.get().today)
        if not first <= day <= last:
            raise ValidationError(f"请核对年份，应在 {first.year} 年到 {last.year} 年之间。")
        return day.isoformat()


TICKED = (True, "true", "on", "1", "yes", "是")
"""What stands for a tick."""


class Tick(fields.Boolean):
    """A checkbox: what is not ticked is False."""

    truthy = set(TICKED)
    falsy = {False, "false", "", "0", "no", "否", None}


MAX_FILES = 60
"""Photos and scans of one field: a meeting's minutes and signatures page by page, photographed."""


class Files(_Field):
    """Ids of attachments that were uploaded to this case."""

    def __init__(self, several: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.several = several

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[int]:
        items = value if isinstance(value, list) else [value]
        found = list(dict.fromkeys(normal.whole(item) for item in items if item not in (None, "")))
        if None in found:
            raise ValidationError("附件有误，请重新上传。")
        if len(found) > (MAX_FILES if self.several else 1):
            many = f"附件最多 {MAX_FILES} 个，现在有 {len(found)} 个，请移除几个。"
            raise ValidationError(many if self.several else "只能上传一个附件。")
        known = _CIRCUMSTANCES.get().attachments
        if any(identifier not in known for identifier in found):
            raise ValidationError("附件不存在，请重新上传。")
        return [identifier for identifier in found if identifier is not None]


def rules(component: s.Component) -> list[Any]:
    """The validators of a component besides its type."""
    wanted = component.get("validate") or {}
    found: list[Any] = []
    if wanted.get("minLength") or wanted.get("maxLength"):
        low, high = wanted.get("minLength"), wanted.get("maxLength")
        parts = [f"不少于 {low} 字" if low else "", f"不超过 {high} 字" if high else ""]
        found.append(validate.Length(low, high, error=f"请填写{','.join(p for p in parts if p)}。"))
    if wanted.get("pattern"):
        found.append(_matched(re.compile(f"(?:{wanted['pattern']})\\Z")))
    kind = s.given(component, "format")
    if kind == "id_number":
        found.append(_checked(lambda text: idnumber.validate(text, _CIRCUMSTANCES.get().today)))
    elif kind == "phone":
        found.append(_checked(_phone))
    elif kind == "past_date":
        found.append(_not_after_today)
    return found


def _matched(pattern: re.Pattern[str]) -> Callable[[Any], None]:
    def run(value: Any) -> None:
        if len(str(value)) > MAX_MATCHED or not pattern.match(str(value)):
            raise ValidationError(f"格式不对{_spoken(pattern.pattern)}。")

    return run


_PLAIN = re.compile(r"\(\?:\[(?P<signs>[^\]\\^]+)\]\{(?P<least>\d+)(?:,(?P<most>\d+))?\}\)\\Z")
_SIGNS = {"0-9": "数字", "A-Z": "大写字母", "a-z": "小写字母", "一-龥": "汉字"}


def _spoken(pattern: str) -> str:
    """What a pattern asks for, in words where it is one run of signs: ，应为 6 至 40 位，只能用数字、字母和“-”."""
    plain = _PLAIN.match(pattern)
    if plain is None:
        return ""
    least, most, left = plain["least"], plain["most"] or plain["least"], plain["signs"]
    kinds = []
    for signs, words in _SIGNS.items():
        if signs in left:
            left = left.replace(signs, "")
            kinds.append(words)
    many = f"{least} 位" if least == most else f"{least} 至 {most} 位"
    named = "、".join(kinds).replace("大写字母、小写字母", "字母")
    rest = "".join(f"“{sign}”" for sign in dict.fromkeys(left))
    return f"，应为 {many}，只能用{'和'.join(part for part in (named, rest) if part)}"


def _checked(check: Callable[[str], Any]) -> Callable[[Any], None]:
    def run(value: Any) -> None:
        if value:
            try:
                check(str(value))
            except ValueError as error:
                raise ValidationError(str(error)) from error

    return run


def _phone(text: str) -> None:
    if normal.phone(text) is None:
        raise ValueError("请填写 11 位手机号或带区号的座机号。")


def _not_after_today(value: Any) -> None:
    if value and date.fromisoformat(str(value)) > _CIRCUMSTANCES.get().today:
        raise ValidationError("日期不能晚于今天。")


def build(component: s.Component) -> fields.Field[Any]:
    """The marshmallow field of an input component."""
    wanted = component.get("validate") or {}
    required = bool(wanted.get("required"))
    missing = "请选择。" if component["type"] in s.CHOICES else "请填写。"
    common: dict[str, Any] = {
        "required": required,
        "allow_none": not required,
        "validate": rules(component),
        "error_messages": {"required": missing, "null": missing, "invalid": "填写的内容不对。"},
    }
    kind = component["type"]
    if kind == "number":
        decimals = 2 if s.given(component, "format") == "money" else int(component.get("decimalDigits") or 0)
        return Number(decimals, wanted.get("min"), wanted.get("max"), s.unit(component), **common)
    if kind == "datetime":
        return Day(**common)
    if kind == "checkbox":
        if required:
            common["validate"] = [*common["validate"], validate.Equal(True, error="请勾选。")]
        return Tick(
            **{**common, "required": False, "allow_none": False, "load_default": False}
            if not required
            else common
        )
    if kind in ("radio", "select"):
        return Choice(s.options(component), **common)
    if kind in ("checklist", "taglist"):
        choices = [*s.options(component)]
        if required:
            common["validate"] = [*common["validate"], validate.Length(min=1, error=missing)]
        one = fields.String(validate=validate.OneOf(choices, error="请从所列选项中选择。"))
        return fields.List(one, **common)
    if kind == "filepicker":
        if required:
            common["validate"] = [*common["validate"], validate.Length(min=1, error="请上传。")]
        return Files(bool(component.get("multiple")), **common)
    common["validate"] = [*common["validate"], validate.Length(max=MAX_TEXT, error="文字过长。")]
    return Text(_form_of(component), **common)


def _form_of(component: s.Component) -> Callable[[str], str]:
    """The normal form in which the field's text is judged and stored."""
    kind = s.given(component, "format")
    if kind == "id_number":
        return lambda text: normal.identity(text) or normal.line(text)
    if kind == "phone":
        return lambda text: normal.phone(text) or normal.line(text)
    if kind == "name":
        return normal.name
    if kind == "village" or (component.get("validate") or {}).get("pattern"):
        return normal.half  # codes: full width is spelling
    return normal.paragraphs if component["type"] == "textarea" else normal.line
