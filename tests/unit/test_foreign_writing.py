"""What people write from a Chinese keyboard, from Excel, in another encoding:
each is told how it is written here.
"""

from __future__ import annotations

import pytest

from engine.flow.check import check
from engine.flow.decisions import parse_model
from engine.flow.diagram.resources import Resources
from engine.flow.feel import FeelSyntaxError, compile_expression
from tests.support.small import END, START, flow, process, task


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a.x = “b”", '英文的 "'),
        ("a.x ＝ 3", "英文的 ="),
        ("f（3）", "英文的 ("),
        ("[1，2]", "英文的 ,"),
        ("a ≥ 3", ">="),
        ("a ≤ 3", "<="),
        ("a ≠ 3", "!="),
        ("a == 3", "只写一个 ="),
        ("a <> 3", "!="),
        ("a = 1 且 b = 2", "请写 and"),
        ("a && b", "请写 and"),
        ("a = 'b'", "双引号"),
    ],
)
def test_signs_of_other_keyboards_and_languages(text: str, hint: str) -> None:
    with pytest.raises(FeelSyntaxError) as error:
        compile_expression(text)
    assert hint in error.value.message


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ('<?xml version="1.0" encoding="UTF-8"?><a name="走访"/>'.encode("gbk"), "多半是 GBK"),
        (b'\n<?xml version="1.0"?><a/>', "开头的空行"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "UTF-8 重新保存"),
    ],
)
def test_a_file_in_another_encoding(body: bytes, hint: str) -> None:
    assert hint in check(body, Resources())[1][0].message


def test_decisions_without_ids_are_all_there() -> None:
    one = "<decision name='{0}'><literalExpression><text>{0}</text></literalExpression></decision>"
    body = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f"{one.format(1)}{one.format(2)}</definitions>"
    )
    assert [decision.evaluate({}) for decision in parse_model(body.encode())] == [1, 2]


@pytest.mark.parametrize("span", ["P1W", "PT1.5H", "R3/P1W"])
def test_spans_that_others_write_are_understood(span: str) -> None:
    kind = "timeCycle" if span[0] == "R" else "timeDuration"
    limit = (
        '<bpmn:boundaryEvent id="b" attachedToRef="a" cancelActivity="false"><bpmn:timerEventDefinition '
        'id="bt">'
        f"<bpmn:{kind}>{span}</bpmn:{kind}></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
        '<bpmn:endEvent id="e2"/>'
    )
    body = process(START, task("a"), limit, END, flow("s", "a"), flow("a", "e"), flow("b", "e2"))
    form = b'{"components": [{"type": "textfield", "key": "x", "label": "x"}]}'
    assert check(body.encode(), Resources({"f": form}))[1] == []
