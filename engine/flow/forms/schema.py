"""form-js schemas as we read them: which component types we render,
and the questions asked of a component.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.flow.feel import FeelSyntaxError, compile_expression, strip_equals
from engine.flow.feel.parsing.lexer import KEYWORDS
from engine.ground.errors import Finding

Component = Mapping[str, Any]

INPUTS = frozenset(
    (
        "textfield textarea number datetime checkbox checklist radio select taglist filepicker dynamiclist"
    ).split()
)
SHOWN = frozenset("text expression group separator spacer".split())
CHOICES = frozenset("radio select checklist taglist".split())
KINDS = {
    **dict.fromkeys(("textfield", "textarea", "radio", "select"), "string"),
    **dict.fromkeys(("checklist", "taglist", "filepicker", "dynamiclist"), "list"),
    "number": "number",
    "datetime": "day",
    "checkbox": "boolean",
}
"""What expressions find in a field (engine.feel.kinds); a computed one can be anything."""
FACTS = frozenset({"case", "step", "planned", "campaign", "today"})
"""What fields are compared with, by these names (engine/flow/forms/facts.py)."""
POSTED = frozenset(
    "csrf_token key list revision draft shown id return_reason household confirmed_new schema fill focus "
    "script do element token choice_key message".split()
)
"""What the pages with a form send beside its fields (a test walks the templates):
no field of the top level.
"""
FEEL_WORDS = KEYWORDS | {"item"}
"""Names that an expression takes for something else: its own words, and each item of a filtered list."""
FORMATS = frozenset("id_number name phone past_date money village".split())
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
    return str(
        (component.get("path") if component.get("type") == "dynamiclist" else component.get("key")) or ""
    )


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
    """Whether people may only look; of a list with the property ``fixed``: its rows are given,
    none is added.
    """
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


def flat(components: Iterable[Component]) -> Iterator[Component]:
    """The components of one level; groups are only a frame."""
    for component in components:
        yield component
        if component["type"] == "group":
            yield from flat(children(component))


def inputs(components: Iterable[Component]) -> list[Component]:
    """The fields of one level."""
    return [component for component in flat(components) if component["type"] in INPUTS]


def check_form(schema: Any) -> list[Finding]:
    """What we could not render, validate or evaluate of a form; empty when it is sound."""
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        return [Finding("", "", "不是表单文件：缺少 components。")]
    if sum(1 for _ in walk(schema["components"])) > MAX_COMPONENTS:
        return [Finding("", "", f"表单项过多（上限 {MAX_COMPONENTS} 项）。")]
    return list(_check_level(schema["components"], set(), top=True))


def _unfit(key: str, top: bool) -> str:
    """Why no field may have this name, as the rest of a sentence; '' for one that may."""
    if not key.isidentifier():
        return "只能用字母、数字、下划线和汉字，不能以数字开头"
    if key in FEEL_WORDS:
        return "是表达式自己的词"
    if key in FACTS:
        return "在表达式里指别的：今天 today、这一步 step、本事项 case、计划 planned、集中排查 campaign"
    return "由办理页面自己提交，会盖掉填写的内容" if top and key in POSTED else ""


def _check_level(components: list[Component], keys: set[str], *, top: bool) -> Iterator[Finding]:
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
            else:
                sentence = _unfit(str(key), top)
                if sentence:
                    yield _finding(component, f"字段名“{key}”{sentence}，请换一个。")
            keys.add(str(key))
        yield from _check_texts(component, name)
        yield from _ignored(component, name)
        yield from _placeholders(component, name)
        if kind in CHOICES and not component.get("values"):
            yield _finding(component, f"“{name}”没有可选项。")
        yield from _check_level(
            children(component), set() if kind == "dynamiclist" else keys, top=top and kind != "dynamiclist"
        )


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


PLACEHOLDER = re.compile(r"\{\{.{0,80}?\}\}|[$#]\{.{0,80}?\}", re.DOTALL)
"""What other tools replace by a value in a text; we show it as it is written."""


def _placeholders(component: Component, name: str) -> Iterator[Finding]:
    """Places in a text that nothing fills: people would read the braces."""
    texts = [component.get(part) for part in ("text", "label", "dateLabel", "description")]
    texts += [option.get("label") for option in component.get("values") or []]
    texts += [rule.get("sentence") for rule in given(component, "rules") or []]
    for text in texts:
        for place in PLACEHOLDER.findall(text) if isinstance(text, str) else ():
            sentence = f"“{name[:40]}”的文字里，“{place}”不会换成值，办理的人看到的就是这几个字。"
            yield _finding(component, sentence + "要显示值，请用只读项加预填，或用计算项。")


def _finding(component: Component, sentence: str) -> Finding:
    return Finding(str(component.get("id") or component.get("key") or ""), label(component), sentence)
