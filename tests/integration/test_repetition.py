"""User tasks done several times: multi-instance at once and one after another, and loops;
in memory and stored.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.flow.check import check
from engine.flow.machine.instance import Instance
from engine.ground.errors import EngineFault
from tests.support.small import (
    END,
    FORMS,
    NOW,
    START,
    again,
    begin,
    boundary,
    flow,
    open_names,
    process,
    task,
    token,
)


def many(sequential: str = "false", condition: str = "", source: str = "people") -> str:
    until = f"<bpmn:completionCondition>{condition}</bpmn:completionCondition>" if condition else ""
    how = f"<bpmn:loopDataInputRef>{source}</bpmn:loopDataInputRef>"
    if source.isdigit():
        how = f"<bpmn:loopCardinality>{source}</bpmn:loopCardinality>"
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">{how}'
        '<bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef><bpmn:inputDataItem id="i" name="person"/>'
        f'<bpmn:outputDataItem id="o" name="vote"/>{until}</bpmn:multiInstanceLoopCharacteristics>'
    )


def voting(mark: str, *extra: str) -> str:
    return process(
        START,
        task("vote", extra=mark),
        task("count"),
        END,
        *extra,
        flow("s", "vote"),
        flow("vote", "count"),
        flow("count", "e"),
    )


def items(instance: Instance) -> list[Any]:
    return [one.item for one in instance.open_tasks()]


PEOPLE = ["张三", "李四", "王五"]


@pytest.mark.duty("C1")
def test_each_of_a_list_at_once_in_any_order() -> None:
    instance = again(begin(voting(many()), people=PEOPLE))
    assert items(instance) == PEOPLE and len({one.token for one in instance.open_tasks()}) == 3
    for place, vote in ((1, "no"), (1, "yes"), (0, "maybe")):
        one = instance.open_tasks()[place]
        assert instance.variables_at(one.token)["person"] == one.item
        instance.complete(one.token, {"vote": vote}, NOW + timedelta(days=1))
        instance = again(instance)
    assert open_names(instance) == ["count"] and instance.variables["answers"] == ["no", "yes", "maybe"]
    instance.complete(token(instance, "count"), {}, NOW + timedelta(days=2))
    assert instance.completed


@pytest.mark.duty("C1")
def test_each_of_a_list_one_after_another() -> None:
    instance = begin(voting(many("true")), people=PEOPLE)
    for person in PEOPLE:
        instance = again(instance)
        assert items(instance) == [person]
        instance.complete(token(instance, "vote"), {"vote": person}, NOW)
    assert open_names(instance) == ["count"] and instance.variables["answers"] == PEOPLE


@pytest.mark.parametrize("sequential", ["false", "true"])
def test_the_rest_is_dropped_once_the_condition_holds(sequential: str) -> None:
    instance = again(begin(voting(many(sequential, "count(answers) = 2")), people=PEOPLE))
    for _ in range(2):
        instance.complete(token(instance, "vote"), {"vote": 1}, NOW)
        instance = again(instance)
    assert open_names(instance) == ["count"]


def test_a_number_of_times_and_none_at_all() -> None:
    assert items(begin(voting(many(source="3")))) == [1, 2, 3]
    assert open_names(begin(voting(many()), people=[])) == ["count"]
    assert open_names(begin(voting(many()))) == ["count"]  # an unknown list is empty
    with pytest.raises(EngineFault, match="算不出办理几次"):
        begin(voting(many()), people="张三")
    with pytest.raises(EngineFault, match="算不出办理几次"):
        begin(voting(many()), people=1_000_000)


def test_a_limit_encloses_all_and_may_cut_them_off() -> None:
    late = (
        boundary("limit", "vote", "P5D"),
        task("late"),
        '<bpmn:endEvent id="e2"/>',
        flow("limit", "late"),
        flow("late", "e2"),
    )
    instance = begin(voting(many(), *late), people=PEOPLE)
    assert {one.due_at for one in instance.open_tasks()} == {NOW + timedelta(days=5)}
    instance.complete(token(instance, "vote"), {"vote": 1}, NOW)
    instance = again(instance)
    instance.pass_time(NOW + timedelta(days=5))
    assert open_names(again(instance)) == ["late"]


@pytest.mark.duty("C1")
def test_a_loop_goes_round_while_its_condition_holds() -> None:
    mark = (
        "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>vote = "
        "&quot;no&quot;</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    )
    instance = begin(voting(mark))
    for vote in ("no", "no", "yes"):
        assert open_names(again(instance)) == ["vote"]
        instance.complete(token(instance, "vote"), {"vote": vote}, NOW)
    assert open_names(instance) == ["count"]


def test_a_loop_ends_at_its_maximum_and_may_not_begin() -> None:
    instance = begin(voting('<bpmn:standardLoopCharacteristics loopMaximum="2"/>'))
    instance.complete(token(instance, "vote"), {}, NOW)
    instance = again(instance)
    instance.complete(token(instance, "vote"), {}, NOW)
    assert open_names(instance) == ["count"]
    before = (
        '<bpmn:standardLoopCharacteristics testBefore="true">'
        "<bpmn:loopCondition>wanted</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    )
    assert open_names(begin(voting(before), wanted=False)) == ["count"]
    assert open_names(begin(voting(before), wanted=True)) == ["vote"]


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        ("<bpmn:multiInstanceLoopCharacteristics/>", "须写明按哪个清单"),
        ("<bpmn:standardLoopCharacteristics/>", "须写明再办一次的条件"),
        (many(source="f(").replace('name="vote"', 'name="a b"'), "不是变量名"),
        (many().replace('<bpmn:outputDataItem id="o" name="vote"/>', ""), "须与取值"),
        (many(condition="count("), "vote"),
    ],
)
def test_a_mark_that_says_too_little_is_refused(mark: str, sentence: str) -> None:
    definition, findings = check(voting(mark).encode(), FORMS)
    assert definition is None
    assert any(
        finding.element_id == "vote" and sentence in finding.message + finding.element_id
        for finding in findings
    ), findings


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        (many().replace(">answers<", ">vote<"), "填写的内容会丢失"),
        (many().replace(">answers<", ">person<"), "填写的内容会丢失"),
        (many().replace(">answers<", ">people<"), "一开始就会被清空"),
        (many().replace(">answers<", ">count<"), "与“count”填写的变量同名"),
        (many(source="7").replace(">7<", ">-1<"), "须是 1 到 500 的整数"),
        (many(source="0"), "须是 1 到 500 的整数"),
        (many(source="501"), "须是 1 到 500 的整数"),
        (many(source="7").replace(">7<", ">1.5<"), "须是 1 到 500 的整数"),
        (many(source="7").replace(">7<", '>"many"<'), "须是 1 到 500 的整数"),
        (many(source="7").replace(">7<", ">many<"), "没有任何步骤"),
        (many(source="7").replace(">7<", ">count.x<"), "不是数字"),
        (many(source="null"), "须是有 1 到 500 项的清单"),
        (many(source="[]"), "须是有 1 到 500 项的清单"),
    ],
)
def test_what_can_be_known_of_a_repetition_is_known_before(mark: str, sentence: str) -> None:
    definition, findings = check(voting(mark).encode(), FORMS)
    assert definition is None
    assert any(one.element_id == "vote" and sentence in one.message for one in findings), findings


@pytest.mark.parametrize("most", ["101", "1000"])
def test_a_maximum_that_is_cut_is_said(most: str) -> None:
    _, findings = check(voting(f'<bpmn:standardLoopCharacteristics loopMaximum="{most}"/>').encode(), FORMS)
    assert [(one.severity, "到第 100 次为止" in one.message) for one in findings] == [("warning", True)]


def test_a_field_that_is_no_list_is_said() -> None:
    _, findings = check(voting(many(source="count.x")).encode(), FORMS)
    assert any(one.severity == "warning" and "不是清单" in one.message for one in findings)


@pytest.mark.parametrize("value", [-1, 501, 1.5, "many", True, {"a": 1}, ["人"] * 501])
def test_a_number_of_times_that_is_none_is_named_with_what_it_is(value: Any) -> None:
    with pytest.raises(
        EngineFault, match=r"“vote”按“people”算不出办理几次：得到的是“.*”，须是清单或 0 到 500 的整数"
    ):
        begin(voting(many()), people=value)


def test_a_list_that_has_no_value_is_told_and_an_empty_one_is_none_to_speak_of() -> None:
    instance = begin(voting(many()))
    assert [told for record in instance.records for told in record.told] == [
        ("vote", "“people”没有值，不知道要办理几次，这一步一次也没有办理。")
    ]
    assert [record.told for record in begin(voting(many()), people=[]).records] == [[]]


def test_a_loop_that_the_system_ends_is_told() -> None:
    mark = (
        "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>vote = "
        "&quot;no&quot;</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    )
    instance = begin(voting(mark))
    for _ in range(100):
        assert instance.records[-1].told == []
        instance.complete(token(instance, "vote"), {"vote": "no"}, NOW)
    assert open_names(instance) == ["count"] and "不再重复" in instance.records[-1].told[0][1]


def test_only_user_tasks_repeat() -> None:
    body = process(
        START,
        f'<bpmn:subProcess id="sub">{many()}</bpmn:subProcess>',
        END,
        flow("s", "sub"),
        flow("sub", "e"),
    )
    _, findings = check(body.encode(), FORMS)
    assert any("只有人工任务可以加多实例" in finding.message for finding in findings)
