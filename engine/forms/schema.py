"""form-js schemas as we read them: which component types we render, and the questions asked of a component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import Finding
from engine.feel import FeelSyntaxError, compile_expression, strip_equals

Component = Mapping[str, Any]

INPUTS = frozenset(
    "textfield textarea number datetime checkbox checklist radio select taglist filepicker dynamiclist".split()
)
SHOWN = frozenset("text expression group separator spacer".split())
CHOICES = frozenset("radio select checklist taglist".split())
KINDS = {
    **dict.fromkeys(("textfield", "textarea", "radio", "select"), "string"),
    **dict.fromkeys(("checklist", "taglist", "filepicker", "dynamiclist"), "list"),
    "number": "number", "datetime": "day", "checkbox": "boolean",
}  # fmt: skip
"""What expressions find in a field (engine.feel.kinds); a computed one can be anything."""
RESERVED = frozenset({"case", "step", "planned", "today", "key", "csrf_token", "draft"})
"""Names that no field may have: the facts it is compared with, and what the page itself sends."""
FORMATS = frozenset("id_number phone past_date money village".split())
NAMES = {
    "html": "HTML",
    "iframe": "内嵌网页",
    "image": "图片",
    "button": "按钮",
    "table": "表格",
    "documentPreview": "文档预览",
}
MAX_COMPONENTS = 400


def children(component: Component) -> list[Component]:
    """The components inside a group, list or form."""
    return list(component.get("components") or [])


def given(component: Component, name: str) -> Any:
    """A custom property of the component."""
    return (component.get("properties") or {}).get(name)


def key(component: Component) -> str:
    """The name of the component's data; '' where it has none."""
    return str((component.get("path") if component.get("type") == "dynamiclist" else component.get("key")) or "")


def label(component: Component) -> str:
    """What people call the field."""
    return str(component.get("label") or component.get("dateLabel") or component.get("key") or "")


def unit(component: Component) -> str:
    """What a number of the field counts, as it stands behind the field: 元 of money, else ''."""
    shown = str((component.get("appearance") or {}).get("suffixAdorner") or "")
    return shown or ("元" if given(component, "format") == "money" else "")


def hide_text(component: Component) -> str | None:
    """The FEEL text that hides the component, or None."""
    text = (component.get("conditional") or {}).get("hide")
    return strip_equals(str(text)) if text else None


def fixed(component: Component) -> bool:
    """Whether people may only look; of a list with the property ``fixed``: its rows are given, none is added."""
    return bool(component.get("readonly") or component.get("disabled") or given(component, "fixed") == "true")


def must_have_rows(component: Component) -> bool:
    """Whether a list needs at least one row."""
    return bool((component.get("validate") or {}).get("required", given(component, "required")))


OUTCOME_KEYS = ("outcome", "opinion", "decision", "agreed", "signed", "result")


def deciding(component: Component) -> bool:
    """Whether the field is a decision: somebody must make it, no default may."""
    return key(component) in OUTCOME_KEYS and component.get("type") in CHOICES | {"checkbox"}


def options(component: Component) -> dict[str, str]:
    """Label by value of a choice."""
    return {str(o["value"]): str(o.get("label") or o["value"]) for o in component.get("values") or []}


def walk(components: list[Component]) -> Iterator[Component]:
    """All components, outer before inner."""
    for component in components:
        yield component
        yield from walk(children(component))


def check_form(schema: Any) -> list[Finding]:
    """What we could not render, validate or evaluate of a form; empty when it is sound."""
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        return [Finding("", "", "不是表单文件：缺少 components。")]
    if sum(1 for _ in walk(schema["components"])) > MAX_COMPONENTS:
        return [Finding("", "", f"表单项过多（上限 {MAX_COMPONENTS} 项）。")]
    return list(_check_level(schema["components"], set()))


def _check_level(components: list[Component], keys: set[str]) -> Iterator[Finding]:
    for component in components:
        kind = component.get("type", "")
        name = label(component) or kind
        if kind not in INPUTS | SHOWN:
            yield _finding(component, f"“{name}”的类型“{NAMES.get(kind, kind)}”不能在办理页面显示。")
            continue
        key = component.get("path") if kind == "dynamiclist" else component.get("key")
        if kind in INPUTS or kind == "expression":
            if not key:
                yield _finding(component, f"“{name}”没有字段名（key）。")
            elif key in keys:
                yield _finding(component, f"字段名“{key}”重复。")
            elif key in RESERVED:
                yield _finding(component, f"字段名“{key}”另有用处，请换一个。")
            keys.add(str(key))
        yield from _check_texts(component, name)
        yield from _ignored(component, name)
        if kind in CHOICES and not component.get("values"):
            yield _finding(component, f"“{name}”没有可选项。")
        yield from _check_level(children(component), set() if kind == "dynamiclist" else keys)


def _check_texts(component: Component, name: str) -> Iterator[Finding]:
    computed = strip_equals(str(component.get("expression") or ""))
    written = given(component, "rules")
    tests = [strip_equals(str(rule["test"])) for rule in written] if isinstance(written, list) else []
    for text in (hide_text(component), computed or None, given(component, "prefill"), *tests):
        if text:
            try:
                compile_expression(str(text))
            except FeelSyntaxError as error:
                yield _finding(component, f"“{name}”的表达式写得不对：{error}")
    wanted = given(component, "format")
    if wanted and wanted not in FORMATS:
        yield _finding(component, f"“{name}”的格式“{wanted}”不认识。")


def _ignored(component: Component, name: str) -> Iterator[Finding]:
    """What the form editor can write and we would not do: nobody is to rely on it."""
    wanted = component.get("validate") or {}
    if wanted.get("validationType") in ("email", "phone"):
        yield _finding(component, f"“{name}”的格式核对不起作用，请改用“格式”一项。")
    if component.get("subtype", "date") != "date":
        yield _finding(component, f"“{name}”只能填日期，不能填时间。")
    if component.get("disallowPassedDates"):
        yield _finding(component, f"“{name}”的“不能选过去的日期”不起作用。")
    if component.get("valuesKey") or component.get("valuesExpression"):
        yield _finding(component, f"“{name}”的选项只能逐个列出，不能来自变量或表达式。")
    for part in ("readonly", "disabled"):
        if not isinstance(component.get(part, False), bool):
            yield _finding(component, f"“{name}”是否只读不能用表达式写。")
    if deciding(component) and component.get("defaultValue") not in (None, "", []) and not fixed(component):
        yield _finding(component, f"“{name}”是要由人作出的决定，不能有默认值：没有选的，不能算作选了。")
    if component["type"] == "group" and (component.get("path") or component.get("isRepeating")):
        yield _finding(component, f"分组“{name}”不能有自己的路径，也不能重复；要重复请用“可增减的行”。")


def _finding(component: Component, sentence: str) -> Finding:
    return Finding(str(component.get("id") or component.get("key") or ""), label(component), sentence)
