"""Data matching in batches: who is asked about whom, what comes back, late or not at all (R08, R09)."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select, update

from engine.casework import acts, definitions
from engine.casework.definitions import deployment
from engine.casework.desk import views
from engine.casework.models import CaseFile, LogEntry, Notification
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.identification.matching import batches, feedback, needs, requests
from engine.prevention.identification.matching.intake import target_of
from engine.prevention.installation import ROOT
from engine.prevention.models import Household, MatchingEntry, MatchingFinding, MatchingResult
from tests.support import goneout, matching, papers, sheets
from tests.support.moving import looked_at, move_all
from tests.support.template import OTHER_COUNTY
from tests.support.world import World

DAUGHTER = papers.member("王小红", "daughter", "41990120150611324", sex="female")


def results(world: World, case: CaseFile) -> list[MatchingResult]:
    world.session.commit()
    query = select(MatchingResult).where(MatchingResult.case_id == case.id).order_by(MatchingResult.id)
    return list(world.session.scalars(query))


def statuses(world: World) -> list[str]:
    world.session.commit()
    return list(world.session.scalars(select(MatchingEntry.status).order_by(MatchingEntry.id)))


def names_in(body: bytes) -> list[str]:
    """Whom a department's file names, in its order."""
    return [str(row[1]) for row in sheets.rows(body)[2:] if len(row) > 1 and row[1]]


@pytest.mark.duty("R09")
def test_a_batch_goes_to_the_departments_and_its_results_return(world: World) -> None:
    first, second = matching.sent_up(world, "王建国", "李长河")
    batch = matching.asked(world, "public_security", "market")
    assert batch.number == "车村镇比对〔2022〕1号" and statuses(world) == ["waiting", "waiting"]
    body = matching.export(world, batch, "public_security")
    wife = papers.family("王建国", papers.HEAD_ID)[1]["name"]
    assert names_in(body)[:2] == ["王建国", wife]
    car = {"结果": "有", "事项": "车辆", "说明": "小型汽车", "金额": 150000, "数据日期": "2022-05-01"}
    file = matching.filled(body, {"王建国": car, "李长河": {"结果": "无"}})
    assert matching.let_in(world, batch, "public_security", file) == {"blank": 2, "done": 2}
    with pytest.raises(Conflict, match="市场监管还没有反馈"):
        matching.give_back(world, batch)
    matching.answered(world, batch, "public_security")
    with pytest.raises(Conflict, match="市场监管还没有反馈"):
        matching.give_back(world, batch)
    matching.answered(world, batch, "market")
    assert matching.give_back(world, batch) == 0
    assert statuses(world) == ["answered", "answered"]
    (hit,), (clean,) = results(world, first), results(world, second)
    assert (hit.effect, clean.effect, hit.version, hit.batch) == ("to_verify", "none", 1, batch.number)
    found = {"member": "王建国", "source": "公安", "finding": "车辆：小型汽车", "as_of": "2022-05-01"}
    assert {**found, "amount": 150000} == hit.findings[0]
    assert set(world.open_items(first)) == {"appraise", "check_findings"}
    assert set(world.open_items(second)) == {"appraise"}
    for case in (first, second):
        world.assert_replays(case.id)


@pytest.mark.duty("R09", "R12")
def test_a_hit_names_the_member_and_asks_first_whether_they_belong(small_world: World) -> None:
    world = small_world
    (case,) = matching.sent_up(world)
    batch = matching.asked(world, "public_security")
    wife = papers.family("王建国", papers.HEAD_ID)[1]["name"]
    line = (wife, papers.id_number(papers.WIFE_ID), "有", "财政供养", "县一中教师", "", "")
    assert matching.let_in(world, batch, "public_security", matching.sheet(line)) == {"done": 1}
    matching.answered(world, batch, "public_security")
    matching.give_back(world, batch)
    rows = world.variables(case)["matching"]["hits"]
    assert rows == [{"member": wife, "finding": "公安，财政供养：县一中教师", "relation": "spouse"}]
    told = {**rows[0], "belongs": "no", "explanation": "去年已离婚迁出"}
    with pytest.raises(Invalid):
        world.finish(case, "check_findings", "cun", rows=[{**told, "belongs": None}])
    world.finish(case, "check_findings", "cun", rows=[told])
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    assert "已不是家庭成员，去年已离婚迁出" in _seen(world, case, "review", "xiang")["matching_text"]
    world.finish(case, "review", "xiang")
    with pytest.raises(Invalid) as refused:
        world.finish(case, "approve", "xian")
    assert list(refused.value.fields) == ["explanation"]  # people decide, and say why
    with pytest.raises(NotAllowed, match="组织信息比对"):
        world.finish(case, "approve", matching.COUNTY, explanation="已核实")
    world.finish(case, "approve", "xian", explanation="已不在本户")
    world.assert_replays(case.id)


def _seen(world: World, case: CaseFile, step: str, username: str) -> dict[str, Any]:
    item = world.open_items(case)[step]
    view = views.task_view(world.session, world.official(username), item.id, world.clock.now())
    return dict(view.values)


@pytest.mark.duty("R09", "R15")
def test_who_does_not_answer_is_marked_from_day_three_and_stops_nothing(world: World) -> None:
    (case,) = matching.sent_up(world)
    batch = matching.asked(world, "public_security", "tax")
    matching.answered(world, batch, "public_security")
    world.go_to(2)
    with pytest.raises(Conflict, match="2022年5月8日起"):
        matching.unanswered(world, batch, "tax")
    world.go_to(3)
    with pytest.raises(Invalid):
        matching.unanswered(world, batch, "tax", " ")
    matching.unanswered(world, batch, "tax")
    assert matching.give_back(world, batch) == 0
    (result,) = results(world, case)
    assert result.effect == "none" and result.no_data == [{"source": "税务", "reason": "系统升级"}]
    assert world.variables(case)["matching"]["effect_name"] == "无异常（税务无数据）"
    assert set(world.open_items(case)) == {"appraise"}
    assert world.case(case.id).limit_at == world.day(16, 0)  # R15: nothing has moved the 15 days
    world.assert_replays(case.id)


@pytest.mark.duty("R09")
def test_t09_a_late_answer_is_kept_as_another_version_and_told(world: World) -> None:
    (case,) = matching.sent_up(world)
    batch = matching.asked(world, "public_security", "natural_resources")
    matching.answered(world, batch, "public_security")
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to(3)
    matching.unanswered(world, batch, "natural_resources")
    matching.give_back(world, batch)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    line = ("王建国", papers.id_number(papers.HEAD_ID), "有", "不动产", "县城商品房一套", "", "")
    assert matching.let_in(world, batch, "natural_resources", matching.sheet(line)) == {"done": 1}
    matching.answered(world, batch, "natural_resources")
    assert matching.give_back(world, batch) == 0
    old, new = results(world, case)
    assert (old.version, old.effect, old.no_data[0]["source"]) == (1, "none", "自然资源")
    assert (new.version, new.effect, new.no_data) == (2, "to_verify", [])
    assert set(world.open_items(case)) == {"review"}  # not a rejection: the township sees it and decides
    assert "县城商品房一套" in _seen(world, case, "review", "xiang")["matching_text"]
    query = select(Notification.queue).where(Notification.text.contains("迟到的比对结果"))
    assert sorted(world.session.scalars(query)) == ["county", "township", "village"]
    world.finish(case, "review", "xiang")
    with pytest.raises(Invalid):  # R12: the approval must say why, in spite of it
        world.finish(case, "approve", "xian")
    world.finish(case, "approve", "xian", explanation="已赠与子女")
    world.assert_replays(case.id)


@pytest.mark.duty("R09")
def test_a_late_answer_after_the_end_is_kept_and_told(small_world: World) -> None:
    world = small_world
    (case,) = matching.sent_up(world)
    batch = matching.asked(world, "public_security", "tax")
    matching.answered(world, batch, "public_security")
    world.go_to(3)
    matching.unanswered(world, batch, "tax")
    matching.give_back(world, batch)
    world.finish(case, "appraise", "cun", result="not_agreed", reason="暂无风险")
    world.finish(case, "appraisal_review", "xiang")
    assert world.case(case.id).status == "finished"
    matching.answered(world, batch, "tax")  # nothing found, and that is an answer too
    assert matching.give_back(world, batch) == 0
    assert [(one.version, one.no_data != []) for one in results(world, case)] == [(1, True), (2, False)]
    text = select(func.count()).select_from(Notification).where(Notification.text.contains("迟到的比对结果"))
    assert world.session.scalar(text) == 3
    matching.answered(world, batch, "tax")
    assert matching.give_back(world, batch) == 0 and len(results(world, case)) == 2  # told once


@pytest.mark.duty("R09")
def test_a_hit_that_no_result_names_is_not_lost(small_world: World) -> None:
    """Somebody typed the result by hand, or the file came while the results returned."""
    world = small_world
    (case,) = matching.sent_up(world)
    batch = matching.asked(world, "tax")
    line = ("王建国", papers.id_number(papers.HEAD_ID), "有", "企业", "某某商店", "", "")
    matching.let_in(world, batch, "tax", matching.sheet(line))
    world.finish(case, "run_matching", matching.COUNTY)  # as if nothing had been found
    matching.answered(world, batch, "tax")
    assert matching.give_back(world, batch) == 0
    assert [one.effect for one in results(world, case)] == ["none", "to_verify"]
    assert matching.give_back(world, batch) == 0 and len(results(world, case)) == 2
    world.assert_replays(case.id)


@pytest.mark.duty("R09")
def test_whose_result_was_refused_is_in_one_batch_and_is_tried_again(small_world: World) -> None:
    world = small_world
    (case,) = matching.sent_up(world)
    batch = matching.asked(world, "tax")
    county = world.official(matching.COUNTY)
    with write(world.session):
        world.session.execute(update(MatchingEntry).values(status="refused", note="请重试"))
    assert requests.outside(world.session, county) == 0, "it stands in a batch"
    with write(world.session):  # taken into another before it was so
        said = {"signed": "yes"}
        batches.put(world.session, world.case(case.id), "另一批", world.today, said, world.clock.now())
    feedback.try_again(world.session, county, batch.id)
    assert statuses(world) == ["refused", "waiting"]


@pytest.mark.duty("R09", "R12")
def test_no_department_has_answered_that_nobody_asked(small_world: World) -> None:
    world = small_world
    matching.sent_up(world)
    batch = matching.asked(world, "tax", "education")
    county = world.official(matching.COUNTY)
    for department in ("tax", "education"):
        with pytest.raises(Conflict, match="先下载名单送去比对"):
            requests.answered(world.session, county, batch.id, department, clock=world.clock)
    with pytest.raises(Conflict, match="可以直接登记“反馈完毕”"):
        matching.export(world, batch, "education")  # nobody of an age to learn
    requests.answered(world.session, county, batch.id, "education", clock=world.clock)
    line = ("王建国", papers.id_number(papers.HEAD_ID), "无", "", "", "", "")
    matching.let_in(world, batch, "tax", matching.sheet(line))  # of its own accord
    requests.answered(world.session, county, batch.id, "tax", clock=world.clock)
    assert matching.give_back(world, batch) == 0


@pytest.mark.duty("R08", "R09")
def test_a_household_that_moves_to_another_county_is_asked_about_there(world: World) -> None:
    (case,) = matching.sent_up(world)
    batch = matching.asked(world, "tax")
    world.hand_over(case.subject_id, "410326101200")
    with pytest.raises(Conflict, match="没有要送这个部门"):
        matching.export(world, batch, "tax")
    matching.answered(world, batch, "tax")
    matching.give_back(world, batch)
    assert not results(world, case), "whom nobody was asked about has no result from there"
    receiver = world.official("waixian")
    assert requests.outside(world.session, receiver) == 1
    assert requests.take_in(world.session, receiver, clock=world.clock) == 1
    assert requests.outside(world.session, receiver) == 0 and statuses(world) == ["returned", "waiting"]
    assert matching.batch(world).township_code.startswith(OTHER_COUNTY[:6])


@pytest.mark.duty("R09")
def test_where_no_department_has_data_the_result_is_not_there_with_the_reason(small_world: World) -> None:
    world = small_world
    (case,) = matching.sent_up(world)
    batch = matching.asked(world, "tax")
    world.go_to(3)
    matching.unanswered(world, batch, "tax", "接口故障")
    matching.give_back(world, batch)
    (result,) = results(world, case)
    assert result.effect == "unavailable"
    assert "税务：接口故障" in world.last_submission(case, "matching_result")["unavailable_reason"]


# -- who stands in a batch, and who is asked about whom --------------------------------------------


@pytest.mark.duty("R08", "R09")
def test_nothing_of_a_household_without_a_signed_letter_leaves(small_world: World) -> None:
    world = small_world
    (signed,) = matching.sent_up(world, "王建国")
    refused = world.enter(name="赵有田")
    world.finish(refused, "verify", "cun")
    world.finish(refused, "sign", "cun", signed="no", refusal_reason="担心影响子女", scan=[])
    with pytest.raises(NotAllowed, match="没有签订承诺授权书"):
        batches.put(world.session, refused, "202205-1", world.today, {"signed": "no"}, world.clock.now())
    world.session.rollback()
    batch = matching.asked(world, *needs.NEEDS)
    for department in set(needs.NEEDS) - {"education"}:  # nobody of these is of an age to learn
        assert "赵有田" not in names_in(matching.export(world, batch, department)), department
    number = world.session.get_one(Household, refused.household_id).head_id_number
    sent = matching.send(world, batch, "tax", matching.sheet(("赵有田", number, "无", "", "", "", "")))
    assert "不在本批送比对的名单里" in matching.faults(world, sent)[2]
    world.session.commit()
    assert world.session.scalars(select(MatchingEntry.case_id)).all() == [signed.id]


@pytest.mark.duty("R08", "R09")
def test_a_household_that_goes_back_to_the_letter_leaves_its_batch(small_world: World) -> None:
    world = small_world
    case, _ = matching.sent_up(world, "王建国", "李长河")
    batch = matching.asked(world, "tax")
    item = world.open_items(case)["run_matching"]
    county = world.official(matching.COUNTY)
    acts.return_to(world.session, county, item.id, None, "授权书缺一人签字", clock=world.clock)
    assert "submit_batch" in world.open_items(case) and statuses(world) == ["returned", "waiting"]
    assert names_in(matching.export(world, batch, "tax"))[0] == "李长河"
    line = ("王建国", papers.id_number(papers.HEAD_ID), "无", "", "", "", "")
    assert matching.faults(world, matching.send(world, batch, "tax", matching.sheet(line)))
    world.finish(case, "submit_batch", "xiang")
    assert statuses(world) == ["returned", "waiting", "waiting"]
    assert matching.batch(world).number.endswith("2号")  # the first has gone to the departments
    world.assert_replays(case.id)


@pytest.mark.duty("R09")
def test_each_department_is_told_what_it_needs_and_no_more(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.finish(case, "verify", "cun", members=[*papers.family("王建国", papers.HEAD_ID), DAUGHTER])
    world.finish(case, "sign", "cun")
    world.finish(case, "submit_batch", "xiang")
    batch = matching.asked(world, *needs.NEEDS)
    found = {code: names_in(matching.export(world, batch, code)) for code in needs.NEEDS}
    assert "王小红" in found["education"] and "王建国" not in found["education"]
    assert "王小红" not in found["tax"] and "王小红" in found["medical_insurance"]
    assert found["housing"] == found["water"] == ["王建国"]
    for code in needs.NEEDS:
        heads = sheets.rows(matching.export(world, batch, code))[1]
        assert ("家庭住址" in heads) == (code in ("housing", "water")), code
        assert not {"联系电话", "健康状况", "人均纯收入"} & set(map(str, heads))


@pytest.mark.duty("R09")
def test_a_list_leaves_only_with_a_reason_and_a_line_in_the_log(small_world: World) -> None:
    world = small_world
    matching.sent_up(world)
    batch = matching.asked(world, "tax")
    with pytest.raises(Invalid, match="须写明用途"):
        matching.export(world, batch, "tax", " ")
    with pytest.raises(NotFound):
        matching.export(world, batch, "market")  # not asked
    matching.export(world, batch, "tax")
    for username, error in (
        ("xiang", NotAllowed),
        ("waixian", NotFound),
        ("cun", NotAllowed),
        ("ducha", NotAllowed),
    ):
        with pytest.raises(error):
            matching.export(world, batch, "tax", "看看", by=username)
    world.session.commit()
    lines = [row.data for row in world.session.scalars(select(LogEntry).where(LogEntry.kind == "export"))]
    assert [(line["reason"], line["rows"]) for line in lines] == [("送部门比对", 2)]


# -- the file that comes back ----------------------------------------------------------------------


@pytest.mark.duty("R09")
def test_what_is_wrong_with_a_row_is_said_at_its_row_and_column(small_world: World) -> None:
    world = small_world
    matching.sent_up(world)
    batch = matching.asked(world, "tax")
    number, stranger = papers.id_number(papers.HEAD_ID), papers.id_number("41990119850101123")
    lines = [
        ("王建国", number, "有", "企业", "", "", ""),
        ("王建国", number, "无", "企业", "", 5, ""),
        ("王建国", number, "或许", "", "", "", ""),
        ("王建国", number, "有", "企业", "公司", "很多", ""),
        ("王建国", number, "有", "企业", "公司", -1, ""),
        ("王建国", number, "有", "企业", "公司", "", "2022-12-01"),
        ("王建军", number, "无", "", "", "", ""),
        ("外人", stranger, "无", "", "", "", ""),
        ("王建国", number[:-1], "无", "", "", "", ""),
        ("", "", "无", "", "", "", ""),
    ]
    found = matching.faults(world, matching.send(world, batch, "tax", matching.sheet(*lines)))
    said = ["没有填", "却有金额", "只能填：有、无、无数据", "不是数字", "不是可能的金额", "晚于今天"]
    said += ["与名单上的“王建国”不一样", "不在本批送比对的名单里", "", "不在本批送比对的名单里"]
    assert list(found) == list(range(2, 12))
    for sentence, words in zip(found.values(), said, strict=True):
        assert words in sentence
    assert world.session.scalar(select(func.count()).select_from(MatchingFinding)) == 0


@pytest.mark.duty("R09")
def test_an_answer_is_never_changed_and_never_doubled(small_world: World) -> None:
    world = small_world
    matching.sent_up(world)
    batch = matching.asked(world, "tax")
    number = papers.id_number(papers.HEAD_ID)
    line = ("王建国", number, "有", "企业", "某某商店", 1000, "2022-05-01")
    assert matching.let_in(world, batch, "tax", matching.sheet(line)) == {"done": 1}
    assert matching.let_in(world, batch, "tax", matching.sheet(line)) == {"same": 1}
    anew = ("王　建国", f"{number} ", "有", "企业", "某某商店", "２０００", "2022年5月2日")
    assert matching.let_in(world, batch, "tax", matching.sheet(anew, line)) == {"done": 1, "wrong": 1}
    query = select(MatchingFinding).order_by(MatchingFinding.id)
    kept = [(one.version, one.standing, int(one.amount or 0)) for one in world.session.scalars(query)]
    assert kept == [(1, "replaced", 1000), (2, "current", 2000)]


def test_only_the_file_of_this_batch_and_department_comes_in(small_world: World) -> None:
    world = small_world
    matching.sent_up(world)
    batch = matching.asked(world, "tax", "market")
    with pytest.raises(Invalid, match="另一批次或另一部门的文件"):
        matching.send(world, batch, "tax", matching.export(world, batch, "market"))
    for username, error in (("waixian", NotFound), ("xiang", NotAllowed)):
        with pytest.raises(error):
            target_of(world.session, world.official(username), f"{batch.id}-tax")
    for key in ("x-tax", f"{batch.id}-nobody", f"{batch.id}-water", "9" * 30):
        with pytest.raises(NotFound):
            target_of(world.session, world.official(matching.COUNTY), key)


# -- cases that stand in no batch ------------------------------------------------------------------


@pytest.mark.duty("R09")
def test_one_typed_by_hand_counts_as_answered(small_world: World) -> None:
    world = small_world
    (case,) = matching.sent_up(world)
    world.finish(case, "run_matching", matching.COUNTY)
    assert statuses(world) == ["answered"]
    with pytest.raises(Conflict, match="没有等待比对的农户"):
        requests.ask(
            world.session,
            world.official(matching.COUNTY),
            matching.batch(world).id,
            ["tax"],
            clock=world.clock,
        )


BODY = (ROOT / "bpmn" / "identification.bpmn").read_text()


def before_batches() -> str:
    """The diagram as it was drawn before batches were kept: from the batch's form straight to the county."""
    service = BODY.index('<bpmn:serviceTask id="enter_batch"')
    body = BODY[:service] + BODY[BODY.index("</bpmn:serviceTask>", service) + len("</bpmn:serviceTask>") :]
    body = body.replace("<bpmn:flowNodeRef>enter_batch</bpmn:flowNodeRef>", "")
    for gone in ("flow_enter_batch__run_matching", "enter_batch"):
        body = re.sub(rf'<bpmndi:BPMN(Shape|Edge) id="{gone}_di".*\n', "", body)
    body = re.sub('<bpmn:sequenceFlow id="flow_enter_batch__run_matching".*\n', "", body)
    body = body.replace("flow_enter_batch__run_matching", "flow_submit_batch__enter_batch")
    return body.replace('targetRef="enter_batch"', 'targetRef="run_matching"')


@pytest.mark.duty("R09", "C5")
def test_a_case_of_before_batches_moves_and_finishes(world: World) -> None:
    resources = definitions.resources_in_force(world.session, None)
    now, old = world.clock.now(), before_batches().encode()
    deployment.deploy(world.session, None, old, resources, "没有批次", now)
    stays, moves = matching.sent_up(world, "王建国", "李长河")
    waits = world.enter(name="赵有田")
    world.finish(waits, "verify", "cun")
    deployment.deploy(world.session, None, BODY.encode(), resources, "编入批次", now)
    assert statuses(world) == []
    for case in (stays, moves):  # on the version that they began on
        assert "run_matching" in world.open_items(case)
    county = world.official(matching.COUNTY)
    assert requests.outside(world.session, county) == 2
    assert requests.take_in(world.session, county, clock=world.clock) == 2
    assert requests.outside(world.session, county) == 0 and statuses(world) == ["waiting", "waiting"]
    version = definitions.current(world.session, "identification")
    act = looked_at(world, version, passed=frozenset({"enter_batch"}))
    assert move_all(world, act)["moved"] == 3
    batch = matching.asked(world, "tax")
    assert names_in(matching.export(world, batch, "tax"))[0::2] == ["王建国", "李长河"]
    matching.answered(world, batch, "tax")
    assert matching.give_back(world, batch) == 0 and statuses(world) == ["answered", "answered"]
    world.finish(waits, "sign", "cun")
    world.finish(waits, "submit_batch", "xiang")
    assert statuses(world)[-1] == "waiting"
    for case in (stays, moves, waits):
        world.assert_replays(case.id)


@pytest.mark.duty("R09")
def test_without_a_letter_nobody_is_taken_in(small_world: World) -> None:
    world = small_world
    resources = definitions.resources_in_force(world.session, None)
    old = before_batches().replace(
        'authorisation.signed = "yes"</bpmn:cond', "authorisation.signed != null</bpmn:cond"
    )
    deployment.deploy(world.session, None, old.encode(), resources, "不看授权", world.clock.now())
    case = world.enter()
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun", signed="no", refusal_reason="担心影响子女", scan=[])
    world.finish(case, "submit_batch", "xiang")
    county = world.official(matching.COUNTY)
    assert requests.outside(world.session, county) == 1  # an owner drew it so: the engine does not go along
    assert requests.take_in(world.session, county, clock=world.clock) == 0 and statuses(world) == []


@pytest.mark.duty("R09")
def test_t10_a_result_on_file_is_offered_with_its_age_and_may_be_ordered_anew(small_world: World) -> None:
    world = small_world
    first = world.enter()
    world.to_notice(first)
    world.go_to(6)
    world.finish(first, "end_notice", "cun")
    world.finish(first, "review", "xiang", outcome="reject", reason="暂不纳入")
    world.go_to(62)
    second = world.enter(household_id=first.household_id)
    world.finish(second, "verify", "cun")
    world.finish(second, "sign", "cun")
    offered = _seen(world, second, "confirm_reuse", "xiang")["result_text"]
    assert offered == "2022年5月5日，距今 62 天：无异常"
    with pytest.raises(Invalid) as refused:
        world.finish(second, "confirm_reuse", "xiang", choice="anew")
    assert list(refused.value.fields) == ["reason"]
    world.finish(second, "confirm_reuse", "xiang", choice="anew", reason="听说新购了房")
    assert set(world.open_items(second)) == {"appraise", "submit_batch"}
    world.finish(second, "submit_batch", "xiang")
    world.finish(second, "run_matching", matching.COUNTY)
    assert [one.version for one in results(world, second)] == [1]
    world.assert_replays(second.id)
    item = world.open_items(second)["appraise"]
    acts.return_to(world.session, world.official("cun"), item.id, None, "表格填错", clock=world.clock)
    world.finish(second, "sign", "cun")
    assert set(world.open_items(second)) == {"appraise"}  # of its own result nobody is asked
    world.assert_replays(second.id)


# -- every file that is none of ours ---------------------------------------------------------------


def _merged() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in (["姓名", "比对", None], [None, "证件号码", "结果"], ["王建国", "", "无"]):
        book.active.append(line)
    book.active.merge_cells("A1:A2")
    book.active.merge_cells("B1:C1")
    return _saved(book)


def _saved(book: openpyxl.Workbook) -> bytes:
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def _hidden() -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(matching.sheet(LINE, LINE[:3])))
    assert book.active is not None
    book.active.row_dimensions[2].hidden = True
    return _saved(book)


LINE = ("王建国", papers.id_number(papers.HEAD_ID), "无", "", "", "", "")
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")


@pytest.mark.duty("R09")
@pytest.mark.parametrize(
    ("body", "name", "sentence"),
    [
        (_merged(), "表.xlsx", "有合并的单元格"),
        (matching.sheet(head=("随便", "什么")), "表.xlsx", "这不是要导入的表"),
        (matching.sheet(), "表.xlsx", "一行内容也没有"),
        (LOCKED, "表.xlsx", "密码"),
        (b"", "表.xlsx", "文件是空的"),
    ],
)
def test_a_file_that_cannot_be_read_has_its_own_sentence(
    small_world: World, body: bytes, name: str, sentence: str
) -> None:
    matching.sent_up(small_world)
    batch = matching.asked(small_world, "tax")
    with pytest.raises(Invalid, match=sentence):
        matching.send(small_world, batch, "tax", body, name)


@pytest.mark.duty("R09")
def test_a_file_of_any_encoding_is_read_and_its_hidden_rows_are_not(small_world: World) -> None:
    world = small_world
    matching.sent_up(world)
    batch = matching.asked(world, "tax", "market", "finance")
    number = "".join(chr(ord(one) + 0xFEE0) if one.isdigit() else one for one in LINE[1])  # full-width
    text = f"姓名,证件号码,结果,事项\n王建国,{number},无,纳税\n"
    for department, encoding in (("tax", "gbk"), ("market", "utf-8-sig")):
        sent = matching.send(world, batch, department, text.encode(encoding), "表.csv")
        assert matching.faults(world, sent) == {}, encoding
    hidden = matching.faults(world, matching.send(world, batch, "finance", _hidden()))
    assert "隐藏" in hidden[2] and list(hidden) == [2]
    county = world.official(matching.COUNTY)
    own = goneout.template(world, county, "matching", f"{batch.id}-tax")
    assert "王建国" not in str(sheets.rows(own))  # nobody's name without a reason and a line in the log
    book = openpyxl.load_workbook(io.BytesIO(matching.export(world, batch, "tax")))
    for row in book["shouwang"].iter_rows():
        if row[0].value == "version":
            row[1].value = "0" * 16
    with pytest.raises(Invalid, match="旧的模板"):
        matching.send(world, batch, "tax", _saved(book))
