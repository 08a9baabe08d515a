"""Reads a form file that is not trusted: its size,
depth and shape are checked before anything walks through it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from engine.flow.feel.builtins.patterns import quick
from engine.flow.forms import rules
from engine.flow.forms import schema as s
from engine.flow.forms.circles import check_order
from engine.flow.forms.defaults import check_defaults
from engine.flow.forms.evaluation import Plan
from engine.flow.forms.fields import MAX_MATCHED
from engine.flow.forms.naming import check_names
from engine.ground.errors import Finding

MAX_BYTES = 1_000_000
MAX_DEPTH = 12
"""Groups and lists within one another; people stop reading at three."""
MAX_PATTERN = 200
_MAPPINGS = ("validate", "properties", "conditional", "layout", "appearance")
_TEXTS = (
    ("properties", "prefill"),
    ("properties", "format"),
    ("properties", "notBefore"),
    ("properties", "notAfter"),
    ("properties", "example"),
    ("properties", "decides"),
    ("appearance", "suffixAdorner"),
    ("conditional", "hide"),
)
_COUNTS = ("minLength", "maxLength")
_NUMBERS = ("min", "max")


def read_schema(body: bytes) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The form-js schema of a file, and what is wrong with it; None when it is no form at all."""
    if len(body) > MAX_BYTES:
        return None, [Finding("", "", f"表单过大（{len(body) // 1024} KB），上限为 {MAX_BYTES // 1024} KB。")]
    try:
        schema = json.loads(body, object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(schema, ensure_ascii=False).encode()  # half a surrogate pair could not be shown
    except RecursionError:
        return None, [Finding("", "", "表单嵌套过深，不能使用。")]
    except _Ambiguous as error:
        return None, [Finding("", "", str(error))]
    except ValueError:
        return None, [Finding("", "", "表单不是完整的 JSON 文件。")]
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        return None, [Finding("", "", "不是表单文件：缺少 components。")]
    found = list(_shapes(schema["components"], 1))
    if found:
        return None, found
    problems = s.check_form(schema)
    components = schema["components"]
    return schema, problems or [
        *check_names(components),
        *check_defaults(components),
        *check_order(Plan(components)),
    ]


class _Ambiguous(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a name given twice nobody knows which one counts."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Ambiguous(f"表单文件里“{name[:40]}”在同一处写了两次，不知道以哪个为准。")
        found[name] = value
    return found


def _no_number(text: str) -> None:
    raise ValueError(text)  # NaN, Infinity: no JSON, though Python reads them


def _shapes(components: list[Any], depth: int) -> Iterator[Finding]:
    """What would make a component unreadable."""
    if depth > MAX_DEPTH:
        yield Finding("", "", f"表单嵌套过深（上限 {MAX_DEPTH} 层）。")
        return
    for component in components:
        if not isinstance(component, dict) or not isinstance(component.get("type"), str):
            yield Finding("", "", "有一个表单项没有写明类型。")
            continue
        yield from (
            Finding(_id(component), s.label(component), sentence) for sentence in _sentences(component)
        )
        inner = component.get("components", [])
        if isinstance(inner, list):
            yield from _shapes(inner, depth + 1)


def _id(component: s.Component) -> str:
    return str(component.get("id") or component.get("key") or "")


def _sentences(component: s.Component) -> Iterator[str]:
    name = s.label(component) or component["type"]
    for part in _MAPPINGS:
        if not isinstance(component.get(part, {}), dict):
            yield f"“{name}”的 {part} 写得不对。"
            return
    if not isinstance(component.get("components", []), list):
        yield f"“{name}”的 components 写得不对。"
    for part in ("key", "path", "label", "expression", "text", "description"):
        if not isinstance(component.get(part, ""), str):
            yield f"“{name}”的 {part} 应为文字。"
    for part, key in _TEXTS:
        if not isinstance(component.get(part, {}).get(key, ""), str):
            yield f"“{name}”的 {key} 应为文字。"
    values = component.get("values", [])
    if not isinstance(values, list) or any(not isinstance(one, dict) or "value" not in one for one in values):
        yield f"“{name}”的可选项写得不对：每项要有值（value）。"
    elif len({str(one["value"]) for one in values}) < len(values):
        yield f"“{name}”的可选项有重复的值。"
    yield from _limits(component, name)
    yield from _rules(component, name)


def _rules(component: s.Component, name: str) -> Iterator[str]:
    """Whether the property ``rules`` is a list of tests with their sentences."""
    written = s.given(component, "rules")
    if written is None:
        return
    if component["type"] not in s.INPUTS:
        yield f"“{name}”不是填写的项，不能有核对规则。"
    elif not isinstance(written, list) or any(not _is_rule(one) for one in written):
        yield f"“{name}”的核对规则写得不对：每条要有条件（test）和不符合时的话（sentence）。"
    elif len(written) > rules.MAX_RULES:
        yield f"“{name}”的核对规则过多（上限 {rules.MAX_RULES} 条）。"


def _is_rule(rule: Any) -> bool:
    if not isinstance(rule, dict) or not all(isinstance(rule.get(key), str) for key in ("test", "sentence")):
        return False
    sentence = rule["sentence"].strip()
    return bool(rule["test"].strip() and sentence) and len(sentence) <= rules.MAX_SENTENCE


def _limits(component: s.Component, name: str) -> Iterator[str]:
    wanted = component.get("validate", {})
    yield from _ordered(wanted, name)
    for part in _COUNTS:
        value = wanted.get(part)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            yield f"“{name}”的字数限制（{part}）应为整数。"
    for part in _NUMBERS:
        value = wanted.get(part)
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool)):
            yield f"“{name}”的数值限制（{part}）应为数字。"
    decimals = component.get("decimalDigits")
    if decimals is not None and (not isinstance(decimals, int) or not 0 <= decimals <= 6):
        yield f"“{name}”的小数位数应为 0 到 6。"
    pattern = wanted.get("pattern")
    if pattern:
        yield from _pattern(pattern, name)


def _ordered(wanted: dict[str, Any], name: str) -> Iterator[str]:
    """A least that is more than the most: nothing could be filled in."""
    for low, high, words in (
        ("min", "max", "最小值大于最大值"),
        ("minLength", "maxLength", "最少字数多于最多字数"),
    ):
        least, most = wanted.get(low), wanted.get(high)
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            yield f"“{name}”的{words}，怎样填都不对。"


def _pattern(pattern: Any, name: str) -> Iterator[str]:
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN:
        yield f"“{name}”的格式规则过长（上限 {MAX_PATTERN} 字）。"
        return
    try:
        re.compile(pattern)
    except re.error:
        yield f"“{name}”的格式规则（正则表达式）写得不对。"
        return
    if not quick("^" + pattern, MAX_MATCHED):
        yield f"“{name}”的格式规则里有重复套重复、嵌套选择或反向引用，核对时会很慢，请改写。"
