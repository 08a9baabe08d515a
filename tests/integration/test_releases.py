"""Putting drafts into force: a second pair of eyes on exactly what was submitted, and the way back;
nothing half done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from time import sleep

import pytest
from sqlalchemy import func, select

from engine.casework import definitions
from engine.casework.audit import verification
from engine.casework.definitions import deployment
from engine.casework.desk import inbox
from engine.casework.models import Account, LogEntry, Notification, Outbox, ProcedureDraft, ProcedureVersion
from engine.casework.organisation import accounts
from engine.casework.telling import notification_rules
from engine.casework.telling.notification_rules import NewRule
from engine.flow.diagram.resources import Resources
from engine.ground.database import write
from engine.ground.errors import Conflict, DefinitionError, Invalid, NotAllowed, NotFound
from engine.owners import approvals, drafting, releases
from engine.prevention.installation import ROOT
from tests.support.world import World

NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_bytes()
SEVEN = NOTICE.replace(b"days after(notice.posted_on, 5)", b"days after(notice.posted_on, 7)")
EIGHT = NOTICE.replace(b"days after(notice.posted_on, 5)", b"days after(notice.posted_on, 8)")
PROVINCE, COUNTY = "410000000000", "410325000000"


def owner(world: World, username: str, name: str, division: str = PROVINCE, email: str = "") -> Account:
    """Another process owner."""
    with write(world.session):
        account = accounts.create(world.session, username, name, "$x", world.clock.now())
        account.email = email
        accounts.grant(world.session, account, "process_owner", division)
    return account


def demand(world: World, division: str = PROVINCE, wanted: bool = True) -> None:
    """The security administrator demands a second approval."""
    approvals.demand_approval(world.session, world.official("anquan"), division, wanted, world.clock.now())


def draft_of(
    world: World, body: bytes = SEVEN, key: str = "public_notice", name: str = "公示改为7天"
) -> ProcedureDraft:
    """A draft of 流甲's with another diagram."""
    first = world.official("liucheng")
    draft = drafting.create(world.session, first, name=name, procedure_key=key, now=world.clock.now())
    return drafting.save(world.session, first, draft.id, draft.revision, world.clock.now(), diagram=body)


def submitted(world: World, body: bytes = SEVEN, key: str = "public_notice") -> ProcedureDraft:
    """As `draft_of`, submitted."""
    draft = draft_of(world, body, key)
    return releases.deploy(world.session, world.official("liucheng"), draft.id, "省里文件", world.clock.now())


def state(world: World) -> list[object]:
    """What an act on drafts and versions could have changed."""
    world.session.rollback()
    world.session.expire_all()
    rows = world.session.scalars(select(ProcedureDraft).order_by(ProcedureDraft.id))
    drafts = [(one.id, one.status, one.note, one.frozen, one.approved_by, one.version_id) for one in rows]
    counts = [
        world.session.scalar(select(func.count()).select_from(t))
        for t in (ProcedureVersion, LogEntry, Notification)
    ]
    return [drafts, counts]


def number_of(world: World, key: str) -> int:
    return definitions.current(world.session, key).number


def bell(world: World, account: Account) -> list[str]:
    return [line.text for line in inbox.bell(world.session, account).items]


def log(world: World) -> list[str]:
    """The kinds of the lines about procedures, those of the installation left out."""
    query = select(LogEntry.kind).where(
        LogEntry.stream.startswith("procedure:"), LogEntry.actor_id.is_not(None)
    )
    return list(world.session.scalars(query.order_by(LogEntry.id)))


# -- the ordinary course ---------------------------------------------------------------------------


@pytest.mark.duty("C5", "R38")
def test_what_was_submitted_is_put_into_force_by_another_and_everybody_concerned_is_told(
    world: World,
) -> None:
    first, second = world.official("liucheng"), owner(world, "liucheng2", "流乙")
    demand(world)
    draft = submitted(world)
    assert draft.status == "submitted" and number_of(world, "public_notice") == 1
    assert releases.preview(world.session, second, draft.id).changes == []
    assert bell(world, second) == ["流甲提交“公示改为7天”，请审批：省里文件"] and bell(world, first) == []
    world.clock.advance(timedelta(hours=1))
    before = draft.frozen
    done = releases.approve(world.session, second, draft.id, world.clock.now())
    version = definitions.current(world.session, "public_notice")
    assert (
        before is not None and version.sha256 == before["sha256"] and version.resources == before["contents"]
    )
    assert (done.status, done.version_id, done.approved_by) == ("deployed", version.id, second.id)
    assert definitions.version(world.session, "public_notice", 2).xml == SEVEN
    assert number_of(world, "identification") == 2, "whoever calls the part goes on with it"
    assert bell(world, first) == ["流乙同意“公示改为7天”，已经启用。"]
    assert log(world)[:4] == ["approval_rule", "draft", "submit", "approve"] and set(log(world)[4:]) == {
        "deploy"
    }
    assert list(verification.verify(world.session)) == []


@pytest.mark.duty("C5")
def test_whoever_submitted_or_changed_it_cannot_approve_and_nothing_is_half_done(world: World) -> None:
    first, second = world.official("liucheng"), owner(world, "liucheng2", "流乙")
    demand(world)
    draft = draft_of(world)
    drafting.save(world.session, second, draft.id, draft.revision, world.clock.now(), diagram=EIGHT)
    releases.deploy(world.session, first, draft.id, "省里文件", world.clock.now())
    before = state(world)
    for actor in (first, second):
        with pytest.raises(NotAllowed, match="须由另一位流程管理员审批"):
            releases.approve(world.session, actor, draft.id, world.clock.now())
    with pytest.raises(Conflict, match="已提交审批，不能再修改"):
        drafting.save(world.session, first, draft.id, 3, world.clock.now(), diagram=SEVEN)
    with pytest.raises(NotAllowed, match="由提交人重新提交"):
        releases.submit_again(world.session, second, draft.id, world.clock.now())
    for outsider in ("anquan", "xitong", "sheng"):
        with pytest.raises(NotAllowed):
            releases.approve(world.session, world.official(outsider), draft.id, world.clock.now())
    assert state(world) == before


@pytest.mark.duty("C5")
def test_it_is_sent_back_with_a_reason_changed_and_submitted_once_more(world: World) -> None:
    first, second = world.official("liucheng"), owner(world, "liucheng2", "流乙")
    demand(world)
    draft = submitted(world)
    before = state(world)
    with pytest.raises(Invalid, match="请写明退回的原因"):
        releases.send_back(world.session, second, draft.id, " ", world.clock.now())
    assert state(world) == before
    draft = releases.send_back(world.session, second, draft.id, "请附文件号", world.clock.now())
    assert (draft.status, draft.note, draft.frozen) == ("open", "流乙退回：请附文件号", None)
    assert bell(world, first) == ["“公示改为7天”被流乙退回：请附文件号"]
    for act in (releases.approve, releases.submit_again):
        with pytest.raises(Conflict, match="正在修改"):
            act(world.session, second, draft.id, world.clock.now())
    releases.deploy(world.session, first, draft.id, "豫防返贫〔2022〕3号", world.clock.now())
    draft = releases.send_back(world.session, first, draft.id, "漏了一处", world.clock.now())
    assert draft.note == "流甲收回：漏了一处" and len(bell(world, first)) == 1
    releases.deploy(world.session, first, draft.id, "豫防返贫〔2022〕3号", world.clock.now())
    releases.approve(world.session, second, draft.id, world.clock.now())
    assert number_of(world, "public_notice") == 2
    with pytest.raises(Conflict, match="已启用"):
        releases.approve(world.session, second, draft.id, world.clock.now())


# -- what changed meanwhile ------------------------------------------------------------------------


@pytest.mark.duty("C5")
def test_an_approval_after_somebody_deployed_the_same_procedure_is_refused_and_says_who_and_when(
    world: World,
) -> None:
    first, second = world.official("liucheng"), owner(world, "liucheng2", "流乙")
    demand(world, COUNTY)
    with write(world.session):
        accounts.grant(world.session, first, "process_owner", COUNTY)
    world.session.expire(first)
    draft = submitted(world)
    world.clock.advance(timedelta(hours=2))
    other = drafting.create(world.session, second, name="八天", body=EIGHT, now=world.clock.now())
    releases.deploy(world.session, second, other.id, "改为八天", world.clock.now())
    before = state(world)
    with pytest.raises(
        Conflict, match=r"“公示与异议”第 2 版由流乙于5月5日 11:00 启用（改为八天）.*请退回修改，或由提交人"
    ):
        releases.approve(world.session, second, draft.id, world.clock.now())
    assert state(world) == before
    assert len(releases.preview(world.session, second, draft.id).changes) >= 1
    draft = releases.submit_again(world.session, first, draft.id, world.clock.now())
    assert releases.preview(world.session, second, draft.id).changes == []
    releases.approve(world.session, second, draft.id, world.clock.now())
    assert definitions.version(world.session, "public_notice", 3).xml == SEVEN


@pytest.mark.duty("C5")
def test_an_approval_after_a_part_or_a_form_changed_is_refused_and_names_it(world: World) -> None:
    first, second = world.official("liucheng"), owner(world, "liucheng2", "流乙")
    body = definitions.version(world.session, "identification", 1).xml.replace(
        "入户核实".encode(), "上门核实".encode()
    )
    demand(world)
    draft = submitted(world, body, "identification")
    demand(world, wanted=False)
    resources = definitions.resources_in_force(world.session, None)
    form = resources.form["notice"].replace("张贴日期".encode(), "贴出日期".encode())
    changed = resources | Resources(form={"notice": form})
    deployment.deploy(world.session, second, SEVEN, changed, "表也改了", world.clock.now())
    before = state(world)
    with pytest.raises(Conflict) as refused:
        releases.approve(world.session, second, draft.id, world.clock.now())
    said = refused.value.message
    assert "公用环节“公示与异议”变了：“公示与异议”第 2 版由流乙于5月5日 09:00 启用（表也改了）" in said
    assert "表单“notice”变了" in said and "“识别认定”第 2 版由流乙" in said
    assert state(world) == before
    releases.submit_again(world.session, first, draft.id, world.clock.now())
    releases.approve(world.session, second, draft.id, world.clock.now())
    version = definitions.load(world.session, definitions.current(world.session, "identification").id)
    assert version.part_bodies["public_notice"] == SEVEN and version.form_bodies["notice"] == form


@pytest.mark.duty("C5")
@pytest.mark.parametrize("approving", [True, False])
def test_whoever_comes_while_another_deployment_is_on_its_way_waits_and_sees_it(
    world: World, approving: bool
) -> None:
    first, second = world.official("liucheng"), owner(world, "liucheng2", "流乙")
    if approving:
        demand(world)
    draft = submitted(world) if approving else draft_of(world)
    now, said, went_on = world.clock.now(), [], Event()

    def come() -> None:
        with world.sessions() as session:
            actor = session.get_one(Account, second.id if approving else first.id)
            went_on.set()
            try:
                if approving:
                    releases.approve(session, actor, draft.id, now)
                else:
                    releases.deploy(session, actor, draft.id, "七天", now)
            except Conflict as error:
                said.append(error.message)

    thread = Thread(target=come)
    with write(world.session):
        resources = definitions.resources_in_force(world.session, None)
        deployment.deploy(world.session, second, EIGHT, resources, "八天", now)
        thread.start()
        went_on.wait(5)
        sleep(0.5)
        assert said == [] and thread.is_alive()
    thread.join(20)
    assert len(said) == 1 and "第 2 版" in said[0] and "八天" in said[0]
    assert number_of(world, "public_notice") == 2


@pytest.mark.duty("C1", "C5")
def test_a_new_procedure_comes_into_being_by_two_hands_and_its_draft_belongs_to_it(world: World) -> None:
    first, second, now = world.official("liucheng"), owner(world, "liucheng2", "流乙"), world.clock.now()
    demand(world)
    draft = drafting.create(world.session, first, name="临时救助", now=now)
    releases.deploy(world.session, first, draft.id, "新设", now)
    assert definitions.names(world.session, [f"procedure_{draft.id}"]) == {}
    done = releases.approve(world.session, second, draft.id, now)
    assert done.procedure_key == f"procedure_{draft.id}" and number_of(world, done.procedure_key) == 1


@pytest.mark.duty("C5")
def test_a_part_cannot_be_submitted_when_a_caller_could_not_go_on_with_it(world: World) -> None:
    demand(world)
    body = NOTICE.replace(b'name="set:notice_result"', b'name="set:another_result"')
    draft = draft_of(world, body)
    before = state(world)
    with pytest.raises(DefinitionError):
        releases.deploy(world.session, world.official("liucheng"), draft.id, "改名", world.clock.now())
    assert state(world) == before


# -- who is told -----------------------------------------------------------------------------------


@pytest.mark.duty("C5", "R19")
def test_the_process_owners_who_may_agree_are_told_by_the_channels_of_the_table(world: World) -> None:
    first, above = world.official("liucheng"), owner(world, "sheng_liu", "省流", email="sheng@example.cn")
    beside = owner(world, "xian_liu", "县流", COUNTY, email="xian@example.cn")
    elsewhere = owner(world, "wai_liu", "外流", "410326000000", email="wai@example.cn")
    gone = owner(world, "gone_liu", "离流", COUNTY, email="gone@example.cn")
    with write(world.session):
        gone.active = False
        first.grants[0].division_code = COUNTY
    demand(world, COUNTY)
    rule = NewRule("submitted", "reviewers", "email")
    notification_rules.add(world.session, above, rule, robots=[], now=world.clock.now())
    submitted(world)
    # who may agree: a procedure is the whole province's, and so must the grant be
    assert [len(bell(world, one)) for one in (above, beside, elsewhere, gone, first)] == [1, 0, 0, 0, 0]
    rows = list(world.session.scalars(select(Outbox).order_by(Outbox.target)))
    assert [row.target for row in rows] == ["sheng@example.cn"]
    assert rows[0].payload["subject"] == "守望：流程提交审批" and "公示改为7天" in str(
        rows[0].payload["text"]
    )


def test_the_table_of_the_ladder_gives_each_event_its_own_audience(small_world: World) -> None:
    world, first = small_world, small_world.official("liucheng")
    for wrong in (NewRule("submitted", "holder", "bell"), NewRule("warning", "reviewers", "bell")):
        with pytest.raises(Invalid) as refused:
            notification_rules.add(world.session, first, wrong, robots=[], now=world.clock.now())
        assert "audience" in refused.value.fields


@pytest.mark.duty("C5", "R38")
def test_an_owners_grant_reaches_no_further_than_its_division(world: World) -> None:
    whole, county = world.official("liucheng"), owner(world, "xian_liu", "县流", COUNTY)
    neighbour = owner(world, "wai_liu", "外流", "410326000000")
    rule, now = NewRule("submitted", "reviewers", "email"), world.clock.now()
    theirs = drafting.create(world.session, county, name="县里的想法", body=SEVEN, now=now)
    ours = draft_of(world)
    before = state(world)
    beyond: list[Callable[[], object]] = [
        lambda: drafting.discard(world.session, county, ours.id, now),
        lambda: drafting.rename(world.session, county, ours.id, "别的", now),
        lambda: drafting.save(world.session, county, ours.id, ours.revision, now, diagram=EIGHT),
        lambda: drafting.discard(world.session, neighbour, theirs.id, now),
        lambda: releases.deploy(world.session, county, ours.id, "县里启用", now),
        lambda: deployment.deploy(world.session, county, SEVEN, resources(world), "县里启用", now),
        lambda: approvals.require_alone(world.session, county),
        lambda: notification_rules.add(world.session, county, rule, robots=[], now=now),
    ]
    for act in beyond:
        with pytest.raises(NotAllowed):
            act()
    assert state(world) == before
    submitted_one = releases.deploy(world.session, county, theirs.id, "试试七天", now)
    assert submitted_one.status == "submitted" and len(bell(world, whole)) == 1
    second = owner(world, "xian_liu2", "县流乙", COUNTY)
    for act in (releases.approve, lambda *one: releases.send_back(*one[:3], "不行", now)):
        with pytest.raises(NotAllowed, match="省级"):
            act(world.session, second, theirs.id, now)
    assert releases.approve(world.session, whole, theirs.id, now).status == "deployed"
    drafting.discard(
        world.session,
        whole,
        drafting.create(world.session, county, name="另一份", body=SEVEN, now=now).id,
        now,
    )


def resources(world: World) -> Resources:
    """All that is in force."""
    return definitions.resources_in_force(world.session, None)


# -- the way back ----------------------------------------------------------------------------------


@pytest.mark.duty("C5")
def test_rolling_back_a_part_renews_its_callers(world: World) -> None:
    first = world.official("liucheng")
    draft = draft_of(world)
    releases.deploy(world.session, first, draft.id, "七天", world.clock.now())
    back = releases.roll_back(world.session, first, "public_notice", 1, "文件废止", world.clock.now())
    version = definitions.version(world.session, "public_notice", 3)
    assert (back.status, back.version_id) == ("deployed", version.id)
    assert version.xml == NOTICE and version.note == "回到第 1 版：文件废止"
    caller = definitions.load(world.session, definitions.current(world.session, "identification").id)
    assert number_of(world, "identification") == 3 and caller.part_bodies["public_notice"] == NOTICE
    assert list(verification.verify(world.session)) == []


@pytest.mark.duty("C5")
def test_where_an_approval_is_demanded_the_way_back_waits_for_it(world: World) -> None:
    first, second = world.official("liucheng"), owner(world, "liucheng2", "流乙")
    resources = definitions.resources_in_force(world.session, "identification")
    form = resources.form["appraisal"].replace("主持人".encode(), "召集人".encode())
    body = definitions.version(world.session, "identification", 1).xml
    new = resources | Resources(form={"appraisal": form})
    deployment.deploy(world.session, first, body, new, "换表", world.clock.now())
    demand(world)
    back = releases.roll_back(world.session, first, "identification", 1, "表有误", world.clock.now())
    assert (back.status, back.note, number_of(world, "identification")) == (
        "submitted",
        "回到第 1 版：表有误",
        2,
    )
    assert bell(world, second) == ["流甲提交“回到第 1 版”，请审批：回到第 1 版：表有误"]
    with pytest.raises(NotAllowed):
        releases.approve(world.session, first, back.id, world.clock.now())
    releases.approve(world.session, second, back.id, world.clock.now())
    old, present = (definitions.version(world.session, "identification", n) for n in (1, 3))
    assert present.xml == old.xml and present.resources["form"] == old.resources["form"]


@pytest.mark.duty("C5")
def test_refused_ways_leave_nothing_behind(world: World) -> None:
    first, now = world.official("liucheng"), world.clock.now()
    draft = draft_of(world)
    broken = draft_of(world, NOTICE.replace(b'id="notice.open"', b'id="notice.explode"'), name="坏的")
    other = drafting.create(world.session, first, name="另一份", body=EIGHT, now=now)
    releases.deploy(world.session, first, other.id, "八天", now)
    before = state(world)
    with pytest.raises(Invalid, match="请写明为什么修改"):
        releases.deploy(world.session, first, draft.id, " ", now)
    with pytest.raises(Conflict, match="第 2 版已经启用（八天）"):
        releases.deploy(world.session, first, draft.id, "七天", now)
    with pytest.raises(Conflict, match="第 2 版已经启用"):
        releases.deploy(world.session, first, draft.id, "七天", now, over=1)
    with pytest.raises(DefinitionError):
        releases.deploy(world.session, first, broken.id, "坏", now, over=2)
    with pytest.raises(Conflict, match="已启用"):
        releases.deploy(world.session, first, other.id, "再来", now)
    with pytest.raises(NotFound):
        releases.deploy(world.session, first, 999, "没有", now)
    with pytest.raises(Invalid, match="这一版正在使用"):
        releases.roll_back(world.session, first, "public_notice", 2, "回", now)
    with pytest.raises(Invalid, match="请写明为什么回到这一版"):
        releases.roll_back(world.session, first, "public_notice", 1, "", now)
    for key, number in (("public_notice", 9), ("nothing", 1)):
        with pytest.raises(NotFound):
            releases.roll_back(world.session, first, key, number, "回", now)
    for username in ("xian", "xitong", "anquan"):
        actor = world.official(username)
        for act in (
            lambda a=actor: releases.deploy(world.session, a, draft.id, "七天", now),
            lambda a=actor: releases.roll_back(world.session, a, "public_notice", 1, "回", now),
            lambda a=actor: releases.send_back(world.session, a, draft.id, "退", now),
        ):
            with pytest.raises(NotAllowed):
                act()
    assert state(world) == before
    releases.deploy(world.session, first, draft.id, "七天", now, over=2)
    assert definitions.version(world.session, "public_notice", 3).xml == SEVEN


@pytest.mark.duty("C5")
def test_a_way_back_that_fails_the_check_today_leaves_no_draft_behind(small_world: World) -> None:
    world, first, now = small_world, small_world.official("liucheng"), small_world.clock.now()
    renamed = NOTICE.replace(b'name="set:notice_result"', b'name="set:notice_result" ')
    with write(world.session):  # an old version that the present release would not take
        present = definitions.current(world.session, "public_notice")
        old = ProcedureVersion(
            procedure_key="public_notice",
            number=9,
            xml=renamed.replace(b"notice.open", b"notice.gone"),
            sha256="0",
            resources=present.resources,
            deployed_at=now,
            note="旧",
        )
        world.session.add(old)
    before = state(world)
    with pytest.raises(DefinitionError, match="处问题，没有启用"):
        releases.roll_back(world.session, first, "public_notice", 9, "回", now)
    demand(world)
    again = state(world)
    with pytest.raises(DefinitionError, match="处问题，不能提交"):
        releases.roll_back(world.session, first, "public_notice", 9, "回", now)
    assert state(world) == again and again[0] == before[0]


@pytest.mark.duty("R38")
def test_the_security_administrator_sees_where_process_owners_sit(world: World) -> None:
    owner(world, "xian_liu", "县流", COUNTY)
    found = approvals.places(world.session, world.official("anquan"))
    assert [(place.code, place.owners) for place in found] == [
        (PROVINCE, 2),
        ("410300000000", 1),
        (COUNTY, 1),
    ]
    with pytest.raises(NotAllowed):
        approvals.places(world.session, world.official("liucheng"))


def test_only_the_security_administrator_says_where_an_approval_is_demanded(world: World) -> None:
    for username in ("liucheng", "xitong", "shenji"):
        with pytest.raises(NotAllowed):
            approvals.demand_approval(
                world.session, world.official(username), PROVINCE, True, world.clock.now()
            )
    with pytest.raises(NotFound):
        approvals.demand_approval(
            world.session, world.official("anquan"), "110000000000", True, world.clock.now()
        )
    with pytest.raises(NotFound):
        approvals.demand_approval(world.session, world.official("anquan"), "41", True, world.clock.now())
    with pytest.raises(NotFound):
        approvals.demand_approval(
            world.session, world.official("anquan"), "410399999999", True, world.clock.now()
        )
    assert approvals.approval_divisions(world.session) == []
    demand(world)
    demand(world, wanted=False)
    assert approvals.approval_divisions(world.session) == [] and log(world) == ["approval_rule"] * 2
