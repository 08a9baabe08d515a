"""What a form's own conditions and computed values read: fields that it has,
and values that these can take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.flow.feel import compile_expression
from engine.flow.feel.kinds import Known, never
from engine.flow.feel.nodes import Node
from engine.flow.feel.reading import certain_names, compared
from engine.flow.forms import bounds, facts
from engine.flow.forms import schema as s
from engine.flow.forms.evaluation import PAGE
from engine.flow.vocabulary import used
from engine.ground.errors import Finding

Fields = Mapping[str, s.Component]


def check_names(components: Iterable[s.Component], outer: Fields | None = None) -> Iterator[Finding]:
    """Names that no field of the form gives, and options that a choice does not have.

    The texts must be FEEL.
    """
    level = list(s.flat(components))
    known = {**(outer or {}), **{s.key(one): one for one in level if s.key(one)}}
    for component in level:
        for text in facts.texts(component):
            yield from _reads(component, text, known)
        yield from _ends(component, known)
        yield from _prefilled(component, row=outer is not None)
        decides = s.given(component, "decides")
        if decides and decides not in known:
            yield _found(component, f"“选项写明”用到的“{decides}”不是这张表单的项目。")
        if component["type"] == "dynamiclist":
            yield from check_names(s.children(component), known)


def _prefilled(component: s.Component, *, row: bool) -> Iterator[Finding]:
    """A prefill that is filled from nothing."""
    prefill = s.given(component, "prefill")
    if not prefill:
        return
    if row:
        yield _found(component, "预填不起作用：一行里的项目不能单独预填，请在清单上预填整行，或写默认值。")
    if component["type"] not in s.INPUTS:
        yield _found(component, "预填不起作用：它不是填写的项。")
    offered = used().prefilled
    for name in sorted(certain_names(compile_expression(str(prefill)).tree)):
        root, _, rest = name.partition(".")
        has = offered.get(root)
        if has is None:
            yield _found(component, f"预填用到的“{name}”没有来处，可用：{'、'.join(sorted(offered))}。")
        elif has and rest and rest.partition(".")[0] not in has:
            yield _found(component, f"预填用到的“{name}”没有来处，“{root}”里可用：{'、'.join(sorted(has))}。")
        elif root == "case" and not rest:
            yield _found(component, "预填写的是整个 case，请写明其中哪一个变量。")


def _reads(component: s.Component, text: str, known: Fields) -> Iterator[Finding]:
    tree = compile_expression(text).tree
    for name in sorted(certain_names(tree)):
        root = name.partition(".")[0]
        if root in facts.ROOTS:
            yield from _fact(component, name)
        elif root not in known and root not in PAGE:
            yield _found(component, f"表达式用到的“{root}”不是这张表单的项目。")
    values = list(_values(component, tree, known))
    yield from values or (
        _found(component, f"表达式“{text[:60]}”里，{said}") for said in never(tree, _kinds(known))
    )


def _kinds(known: Fields) -> Known:
    """What the fields hold; of what they are compared with, all but the case's variables are dates."""

    def kind(dotted: str) -> str | None:
        if dotted in known:
            return s.KINDS.get(str(known[dotted].get("type")))
        return "day" if dotted == "today" or dotted.partition(".")[0] in facts.DATES else None

    return kind


def _values(component: s.Component, tree: Node, known: Fields) -> Iterator[Finding]:
    """Options that a choice does not have."""
    for name, value in compared(tree):
        offered = s.options(known[name]) if name in known and known[name]["type"] in s.CHOICES else {}
        if offered and value is not None and value not in offered:
            words = "、".join(f"{key}（{words}）" for key, words in offered.items())
            yield _found(component, f"表达式把“{name}”同“{value}”相比，而它只能选：{words}。")


def _fact(component: s.Component, name: str) -> Iterator[Finding]:
    """A fact that the system does not give; those of the case are known to its diagram."""
    root, _, rest = name.partition(".")
    offered = {**facts.DATES, "today": frozenset({""})}.get(root)
    if (offered is not None and rest not in offered) or (root == "case" and not rest):
        yield _found(
            component,
            f"核对用到的“{name}”没有来处，可用：今天 today、本步骤开始的日期 step.opened_on、case. 加流程变量。",
        )


def _ends(component: s.Component, known: Fields) -> Iterator[Finding]:
    """The earliest and the latest day of a date: each term is a date."""
    for end, words in zip(bounds.ENDS, ("不早于", "不晚于"), strict=True):
        if s.given(component, end) and component["type"] != "datetime":
            yield _found(component, f"“{words}”只能用于日期。")
            continue
        try:
            terms = bounds.terms(component, end)
        except ValueError as error:
            yield _found(component, f"“{words}”写得不对：{error}")
            continue
        for term in terms:
            if term.is_fact:
                yield from _fact(component, term.name)
            elif term.name not in known or term.name == s.key(component):
                sentence = f"“{words}”写的“{term.name}”不是这张表单的另一个项目；流程变量前面要写 case.。"
                yield _found(component, sentence)
            elif known[term.name]["type"] != "datetime":
                yield _found(component, f"“{words}”写的“{s.label(known[term.name])}”不是日期。")


def _found(component: s.Component, sentence: str) -> Finding:
    name = s.label(component) or component["type"]
    return Finding(
        str(component.get("id") or component.get("key") or ""), s.label(component), f"“{name}”的{sentence}"
    )
