"""What a form's own conditions and computed values read: fields that it has, and values that these can take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.errors import Finding
from engine.feel import compile_expression, strip_equals
from engine.feel.reading import certain_names, compared
from engine.forms import schema as s
from engine.forms.evaluation import PAGE

PREFILLED = frozenset({"household", "case", "clue", "officials"})
"""The names that ``prefill`` may use (engine.prefill)."""
Fields = Mapping[str, s.Component]


def check_names(components: Iterable[s.Component], outer: Fields | None = None) -> Iterator[Finding]:
    """Names that no field of the form gives, and options that a choice does not have. The texts must be FEEL."""
    level = list(_flat(components))
    known = {**(outer or {}), **{s.key(one): one for one in level if s.key(one)}}
    for component in level:
        for text in filter(None, (s.hide_text(component), strip_equals(str(component.get("expression") or "")))):
            yield from _reads(component, text, known)
        yield from _earlier(component, known)
        prefill = s.given(component, "prefill")
        for name in sorted(compile_expression(str(prefill)).names()) if prefill else ():
            if name.partition(".")[0] not in PREFILLED:
                yield _found(component, f"预填用到的“{name}”没有来处，可用：{'、'.join(sorted(PREFILLED))}。")
        if component["type"] == "dynamiclist":
            yield from check_names(s.children(component), known)


def _earlier(component: s.Component, known: Fields) -> Iterator[Finding]:
    """``notBefore`` names a date of the same row or of what the row stands in; it is itself a date's property."""
    name = s.given(component, "notBefore")
    if not name:
        return
    if component["type"] != "datetime":
        yield _found(component, "“不早于”只用于日期。")
    elif name not in known or name == s.key(component):
        yield _found(component, f"“不早于”写的“{name}”不是这张表单的另一个项目。")
    elif known[name]["type"] != "datetime":
        yield _found(component, f"“不早于”写的“{s.label(known[name])}”不是日期。")


def _reads(component: s.Component, text: str, known: Fields) -> Iterator[Finding]:
    tree = compile_expression(text).tree
    for name in sorted(certain_names(tree)):
        root = name.partition(".")[0]
        if root not in known and root not in PAGE:
            yield _found(component, f"表达式用到的“{root}”不是这张表单的项目。")
    for name, value in compared(tree):
        offered = s.options(known[name]) if name in known and known[name]["type"] in s.CHOICES else {}
        if offered and value is not None and value not in offered:
            words = "、".join(f"{key}（{words}）" for key, words in offered.items())
            yield _found(component, f"表达式把“{name}”同“{value}”相比，而它只能选：{words}。")


def _flat(components: Iterable[s.Component]) -> Iterator[s.Component]:
    for component in components:
        yield component
        if component["type"] == "group":
            yield from _flat(s.children(component))


def _found(component: s.Component, sentence: str) -> Finding:
    name = s.label(component) or component["type"]
    return Finding(str(component.get("id") or component.get("key") or ""), s.label(component), f"“{name}”的{sentence}")
