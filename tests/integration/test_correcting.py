"""Findings are put right: the village answers, the township confirms, the next run closes (S7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework import acts, definitions
from engine.casework.acts import openings
from engine.casework.models import CaseFile, Incident, Notification
from engine.ground.database import write
from engine.ground.errors import Invalid
from engine.ground.tables import as_kept
from engine.prevention.installation import ROOT
from engine.prevention.models import Finding, Household, HouseholdYear
from engine.prevention.quality import findings
from engine.prevention.quality.correcting import asking, lists, traces, years
from engine.prevention.quality.findings import Found
from engine.prevention.records import asking as corrections
from engine.prevention.records import deciding
from tests.support import members, moving, papers, registers
from tests.support.template import OTHER_VILLAGE, VILLAGE
from tests.support.world import World

EQUAL = "2019、2020、2021 年人均纯收入都是 12000 元"


def lifted(world: World, name: str = "王大山") -> Household:
    """A household that left poverty and has the same income in three years (T30)."""
    house = registers.household(
        world.session, world.clock.now(), name, "ordinary", household_type="lifted_with_policy"
    )
    with write(world.session):
        for year in (2019, 2020, 2021):
            row = HouseholdYear(household_id=house.id, year=year, recorded_at=world.clock.now())
            row.net_income, row.per_capita = Decimal(24000), Decimal(12000)
            world.session.add(row)
    return house


def equal_income(house: Household) -> Found:
    """What the rule finds of it."""
    facts = {"years": [2019, 2020, 2021], "amount": 12000}
    return Found("income_equal", house.id, "", EQUAL, facts, "serious", "years")


def other(house: Household, rule: str = "phone_missing", way: str = "contact") -> Found:
    """Something else of the same household."""
    return Found(rule, house.id, "", "没有联系电话", {}, "ordinary", way)


def report(world: World, run: int, *found: Found, source: str = "rule") -> None:
    """A run finds this, and no longer what else there was in the village."""
    now, session = world.clock.now(), world.session
    with write(session):
        findings.report(session, found, source=source, run_id=run, now=now)
        if source == "rule":
            rules = ("income_equal", "phone_missing", "health_missing")
            findings.no_longer(session, rules, 1, 10**6, place=VILLAGE, run_id=run, now=now)
    session.commit()


def ask(world: World) -> int:
    """The ticker's round."""
    world.session.commit()
    return asking.ask(world.sessions, world.clock)


def asked(world: World, *found: Found, **more: Any) -> CaseFile:
    """The case by which the village is asked."""
    report(world, 1, *found, **more)
    assert ask(world) == 1
    return world.session.scalars(select(CaseFile).where(CaseFile.procedure_key == "correction")).one()


def kept(world: World) -> Sequence[Finding]:
    """All findings, the oldest first."""
    world.session.commit()
    world.session.expire_all()
    return world.session.scalars(select(Finding).order_by(Finding.id)).all()


def answer(world: World, case: CaseFile, *said: dict[str, Any], **more: Any) -> None:
    """The village answers each finding, in their order."""
    item = world.open_items(case)["answer_findings"]
    proof = [world.upload("cun", item)]
    rows = [{**row, "proof": proof} if row["answer"] == "corrected" else row for row in said]
    data = {"findings": rows, **more}
    acts.complete(
        world.session, world.official("cun"), item.id, data, idempotency_key=None, clock=world.clock
    )


CORRECTED, JUSTIFIED = papers.corrected(""), papers.justified()


@pytest.mark.duty("R34")
def test_t30_equal_income_is_corrected_with_old_and_new_value_and_closed_by_the_next_run(
    world: World,
) -> None:
    house = lifted(world)
    case = asked(world, equal_income(house))
    right = {"net_income": 24700, "per_capita": 12350}
    wrong = {"net_income": 24000, "per_capita": 12000}
    with pytest.raises(Invalid, match="与原来的相同"):
        answer(world, case, CORRECTED, years=[wrong, wrong, wrong])
    world.session.rollback()
    answer(world, case, CORRECTED, years=[wrong, right, wrong])
    (row,) = kept(world)
    assert (row.status, row.old_value, row.new_value) == ("corrected", "12000", "12350")
    assert _incomes(world, house) == [12000, 12000, 12000]
    world.finish(case, "confirm_correction", "xiang")
    assert _incomes(world, house) == [12000, 12350, 12000]
    (row,) = kept(world)
    assert row.status == "confirmed" and world.case(case.id).outcome == "整改已确认"
    assert (row.answered_by, row.confirmed_by) == (world.official("cun").id, world.official("xiang").id)
    report(world, 2)
    assert kept(world)[0].ending == "no_longer"
    world.assert_replays(case.id)


def _incomes(world: World, house: Household) -> list[int]:
    world.session.commit()
    world.session.expire_all()
    query = select(HouseholdYear.per_capita).where(HouseholdYear.household_id == house.id)
    return [int(one) for one in world.session.scalars(query.order_by(HouseholdYear.year))]


@pytest.mark.duty("R38")
def test_a_year_that_is_put_back_is_again_whose_it_was(small_world: World) -> None:
    world, house = small_world, lifted(small_world)
    query = select(HouseholdYear).where(HouseholdYear.household_id == house.id, HouseholdYear.year == 2020)
    before = world.session.scalars(query).one().recorded_at
    right = {"year": "2020", "net_income": 24700, "net_before": 24000, "per_capita": 1, "per_before": 2}
    with write(world.session):
        later = world.clock.now() + timedelta(days=9)
        kept_before = years.write(world.session, house.id, [right], world.official("cun").id, later)
        years.put_back(world.session, house.id, as_kept(kept_before))
    row = world.session.scalars(query).one()
    assert (int(row.net_income), row.recorded_by, row.recorded_at) == (24000, None, before)


@pytest.mark.duty("R34", "R35")
def test_corrected_and_found_again_is_asked_again_and_justified_is_quiet(small_world: World) -> None:
    world, house = small_world, lifted(small_world)
    case = asked(world, equal_income(house), other(house))
    answer(world, case, JUSTIFIED, CORRECTED)
    world.finish(case, "confirm_correction", "xiang")
    report(world, 2, equal_income(house), other(house))
    assert ask(world) == 1
    quiet, again = kept(world)
    assert (quiet.status, again.status, again.note) == ("confirmed", "asked", "整改后仍存在")
    assert again.case_id != case.id and ask(world) == 0
    report(world, 3, equal_income(house), other(house))
    assert ask(world) == 0  # the case is open: nobody is asked twice


@pytest.mark.duty("R35", "R38")
def test_the_township_sends_one_back_and_confirms_the_other(small_world: World) -> None:
    world, house = small_world, lifted(small_world)
    case = asked(world, equal_income(house), other(house))
    answer(world, case, JUSTIFIED, CORRECTED)
    sent_back = {"opinion": "return", "reason": "证明看不清"}
    with pytest.raises(Invalid) as refused:
        both = [{"opinion": "agree"}] * 2
        world.finish(case, "confirm_correction", "xiang", outcome="return", findings=both)
    assert refused.value.fields == {
        "outcome": ["确认意见：请在下面选出退回的是哪一项；都认可的选“全部认可”。"]
    }
    world.session.rollback()
    world.finish(
        case, "confirm_correction", "xiang", outcome="return", findings=[{"opinion": "agree"}, sent_back]
    )
    agreed, returned = kept(world)
    assert (agreed.status, returned.status) == ("confirmed", "asked")
    assert returned.note == "乡级退回：证明看不清"
    answer(world, case, CORRECTED)
    world.finish(case, "confirm_correction", "xiang")
    assert {one.status for one in kept(world)} == {"confirmed"}
    world.assert_replays(case.id)


@pytest.mark.duty("R38")
def test_what_is_returned_by_the_button_is_asked_as_before(small_world: World) -> None:
    world, house = small_world, lifted(small_world)
    case = asked(world, equal_income(house))
    answer(world, case, JUSTIFIED)
    item = world.open_items(case)["confirm_correction"]
    official = world.official("xiang")
    (target,) = acts.return_targets(world.session, official, item.id)
    acts.return_to(world.session, official, item.id, target.seq, "请附证明", clock=world.clock)
    (row,) = kept(world)
    assert (row.status, row.answer) == ("asked", "")
    answer(world, case, JUSTIFIED)
    assert kept(world)[0].status == "justified"
    world.assert_replays(case.id)


@pytest.mark.duty("R34")
def test_what_a_run_finds_no_more_while_it_is_reviewed_is_closed_as_it_is_confirmed(
    small_world: World,
) -> None:
    world, house = small_world, lifted(small_world)
    case = asked(world, equal_income(house))
    answer(world, case, JUSTIFIED)
    report(world, 2)
    assert kept(world)[0].status == "justified"
    world.finish(case, "confirm_correction", "xiang")
    assert (kept(world)[0].status, kept(world)[0].ending) == ("closed", "no_longer")


@pytest.mark.duty("R39")
def test_what_a_sample_found_is_closed_by_the_townships_word(small_world: World) -> None:
    world, house = small_world, lifted(small_world)
    case = asked(world, other(house), source="sample")
    answer(world, case, CORRECTED)
    world.finish(case, "confirm_correction", "xiang")
    assert (kept(world)[0].status, kept(world)[0].ending) == ("closed", "confirmed")


@pytest.mark.duty("R34")
def test_one_case_a_household_and_one_line_a_village(world: World) -> None:
    houses = [lifted(world, name) for name in ("王大山", "李二河", "赵三川")]
    report(world, 1, *(one for house in houses for one in (equal_income(house), other(house))))
    assert ask(world) == 3
    lines = world.session.scalars(select(Notification.text).where(Notification.kind == "finding")).all()
    assert list(lines) == ["数据核查：本村有 3 户、6 项数据要整改，请在待办里逐户更正或者说明。"]
    assert ask(world) == 0


@pytest.mark.duty("R34")
def test_a_correction_runs_beside_an_identification(small_world: World) -> None:
    world = small_world
    identification = world.enter()
    house = world.session.get_one(Household, identification.subject_id)
    case = asked(world, other(house))
    answer(world, case, CORRECTED)
    world.finish(case, "confirm_correction", "xiang")
    world.finish(identification, "verify", "cun")
    assert world.case(identification.id).status == "open"


@pytest.mark.duty("R34", "R41")
def test_a_household_that_is_gone_or_merged_is_asked_nothing(small_world: World) -> None:
    world = small_world
    gone, double, real = (lifted(world, name) for name in ("王大山", "李二河", "赵三川"))
    report(world, 1, other(gone), other(double))
    assert ask(world) == 2
    cun, xian = world.official("cun"), world.official("xian")
    row = corrections.ask_gone(
        world.session, cun, gone.id, "move_out", world.today.isoformat(), "全家迁走", clock=world.clock
    )
    deciding.decide(world.session, xian, row.id, True, clock=world.clock)
    row = corrections.ask_merge(world.session, cun, double.id, real.number, "登记了两次", clock=world.clock)
    deciding.decide(world.session, xian, row.id, True, clock=world.clock)
    assert ask(world) == 0
    assert {(one.status, one.ending) for one in kept(world)} == {("closed", "gone"), ("closed", "merged")}
    open_cases = select(func.count()).select_from(CaseFile).where(CaseFile.status == "open")
    assert world.session.scalar(open_cases) == 0


@pytest.mark.duty("R34", "R41")
def test_a_household_that_moves_takes_its_findings_along(small_world: World) -> None:
    world, house = small_world, lifted(small_world)
    case = asked(world, other(house))
    world.hand_over(house.id, OTHER_VILLAGE, receiver="xiang2")
    assert kept(world)[0].village_code == OTHER_VILLAGE
    item = world.open_items(case)["answer_findings"]
    assert item.division_code == OTHER_VILLAGE
    report(world, 2)  # a run of the old village looks at none of its households
    assert kept(world)[0].gone_on is None


@pytest.mark.duty("R34")
def test_the_register_says_what_changed_since_it_was_found(small_world: World) -> None:
    world, house = small_world, lifted(small_world)
    asked(world, other(house, "health_missing", "members"))
    members.record(
        world, house.id, "corrected", member="李秀英", name="李秀兰", sex="female", relation="spouse"
    )
    said = [one.text for one in traces.of_finding(world.session, kept(world)[0])]
    assert len(said) == 1 and "更正：李秀兰（姓名：李秀英 → 李秀兰）" in said[0]


def test_nobody_opens_a_correction_by_hand(small_world: World) -> None:
    house = lifted(small_world)
    keys = {one.key for one in openings.startable(small_world.session, small_world.official("cun"), house)}
    assert "correction" not in keys


@pytest.mark.duty("R34", "C5")
def test_a_case_goes_on_with_its_findings_on_a_new_version(small_world: World) -> None:
    world, house = small_world, lifted(small_world)
    case = asked(world, equal_income(house), other(house))
    answer(world, case, JUSTIFIED, CORRECTED)
    body = (ROOT / "bpmn" / "correction.bpmn").read_bytes()
    longer = body.replace(b"opened_on, 14", b"opened_on, 20").replace("满14天".encode(), "满20天".encode())
    moving.deploy(world, longer, "整改期限改为 20 天")
    act = moving.looked_at(world, definitions.current(world.session, "correction"))
    assert moving.move_all(world, act)["moved"] == 1
    assert {one.status for one in kept(world)} == {"justified", "corrected"}
    world.finish(case, "confirm_correction", "xiang")
    assert {one.status for one in kept(world)} == {"confirmed"}
    world.assert_replays(case.id)


@pytest.mark.duty("R35")
def test_a_hint_is_shown_and_asked_of_nobody(small_world: World) -> None:
    world, house = small_world, lifted(small_world)
    hint = Found("phone_form", house.id, "", "联系电话不是11位手机号码", {}, "hint", "contact")
    report(world, 1, hint)
    assert ask(world) == 0
    report(world, 2, hint, other(house))
    assert ask(world) == 1
    assert [(one.severity, one.status) for one in kept(world)] == [("hint", "waiting"), ("ordinary", "asked")]
    assert lists.state_of(kept(world)[0]) == lists.HINT
    report(world, 3, other(house))  # `phone_form` is none of this run's rules
    assert kept(world)[0].status == "waiting"


@pytest.mark.duty("R34")
def test_a_household_that_cannot_be_asked_keeps_nobody_from_being_asked(small_world: World) -> None:
    world = small_world
    broken, also, whole = (lifted(world, name) for name in ("王大山", "赵三川", "李二河"))
    report(world, 1, other(broken), other(also), other(whole))
    first_variables, tried = asking.beginnings.first_variables, list[int]()

    def failing(session: Session, household: Household, day: date) -> dict[str, Any]:
        tried.append(household.id)
        if household.id in (broken.id, also.id):
            raise KeyError("line")
        return first_variables(session, household, day)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking.beginnings, "first_variables", failing)
        assert ask(world) == 1
        patch.setattr(asking, "MOST_FAILED", 1)  # a whole county may be like this
        assert ask(world) == 0
    assert tried == [broken.id, also.id, whole.id, broken.id]
    assert [one.status for one in kept(world)] == ["waiting", "waiting", "asked"]
    incidents = world.session.scalars(select(Incident.error)).all()
    assert len(incidents) == 1 and "没能下发" in incidents[0]
    lines = world.session.scalars(select(Notification.text).where(Notification.kind == "finding")).all()
    assert list(lines) == ["数据核查：本村有 1 户、1 项数据要整改，请在待办里逐户更正或者说明。"]
    assert ask(world) == 2  # once they can be opened, they are


@pytest.mark.duty("R39")
def test_what_people_find_besides_is_asked_besides(small_world: World) -> None:
    """A second sample while the township has the answer to the first: no old answer stands for it."""
    world, house = small_world, lifted(small_world)
    case = asked(world, other(house), source="sample")
    answer(world, case, JUSTIFIED)
    report(world, 1, other(house), source="sample")
    assert kept(world)[0].status == "justified"
    more = Found("phone_missing", house.id, "", "电话是别人的", {"sample": 2}, "ordinary", "contact")
    report(world, 2, more, source="sample")
    (row,) = kept(world)
    assert (row.status, row.sentence, row.times) == ("asked", "没有联系电话；电话是别人的", 2)
    world.finish(case, "confirm_correction", "xiang")
    assert kept(world)[0].status == "waiting"
    assert ask(world) == 1
