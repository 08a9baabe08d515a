"""What was done is shown and judged by what it was done with,
whatever the versions a case has moved through.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import acts, audit, definitions
from engine.casework.definitions import deployment
from engine.casework.desk import views
from engine.casework.models import (
    Account,
    CaseFile,
    Migration,
    MigrationEntry,
    Notification,
    ProcedureVersion,
    Timer,
    WorkItem,
)
from engine.casework.portions import moving, plan
from engine.flow.diagram.resources import Resources
from engine.ground.errors import Conflict, NotAllowed
from engine.prevention.assistance import measures
from engine.prevention.installation import ROOT
from engine.prevention.models import Measure, Notice
from tests.support import many, papers
from tests.support.client import Caller, application, signed_in
from tests.support.moving import NOTICE, SEVEN, deploy, looked_at, move_all
from tests.support.template import VILLAGE
from tests.support.world import World

BODY = (ROOT / "bpmn" / "identification.bpmn").read_text()
FORM: dict[str, Any] = json.loads((ROOT / "forms_json" / "verification.json").read_text())
STEPS = {
    "verify": "visit",
    "sign": "consent",
    "submit_batch": "hand_in",
    "run_matching": "compare",
    "appraise": "assess",
}
NAMES = {"入户核实": "上门走访", "签订承诺授权书": "签字授权", "民主评议": "群众评议"}


def change(world: World, chance: random.Random) -> tuple[ProcedureVersion, dict[str, str]]:
    """A version that calls steps, forms, fields and options otherwise;
    answers it with the new name of each step.
    """
    body, form = BODY, json.loads(json.dumps(FORM, ensure_ascii=False))
    renamed = {old: new for old, new in STEPS.items() if chance.random() < 0.6}
    for old, new in renamed.items():
        body = re.sub(rf"\b{old}\b", new, body)
    for old, new in NAMES.items():
        body = body.replace(f'name="{old}"', f'name="{new}"')
    for component in fields_of(form["components"]):
        component["label"] = "新" + str(component.get("label"))
        for option in component.get("values") or []:
            option["label"] = "新" + option["label"]
    form["components"] = [
        one for one in form["components"] if one.get("key") != "photos" or chance.random() < 0.5
    ]
    forms = {"verification": form}
    if chance.random() < 0.5:  # another form for the same step
        forms = {"visiting": {**form, "id": "visiting"}}
        own = (
            '<spiffworkflow:property name="formKey" value="visiting" /><spiffworkflow:property '
            'name="variable" value="verification" />'
        )
        body = body.replace('<spiffworkflow:property name="formKey" value="verification" />', own)
    return in_force(world, body, forms), renamed


def fields_of(components: list[Any]) -> Iterator[dict[str, Any]]:
    for one in components:
        yield one
        yield from fields_of(one.get("components") or [])


def in_force(world: World, body: str, forms: dict[str, Any]) -> ProcedureVersion:
    found = definitions.resources_in_force(world.session, None)
    bodies = {key: json.dumps(form, ensure_ascii=False).encode() for key, form in forms.items()}
    resources = Resources({**found.form, **bodies}, found.decision, found.part)
    deployment.deploy(world.session, None, body.encode(), resources, "改名", world.clock.now())
    return definitions.current(world.session, "identification")


def move(world: World, version: ProcedureVersion, elements: dict[str, str], case: CaseFile) -> None:
    lost, _ = moving.differences(world.session, world.official("liucheng"), version)
    act = looked_at(world, version, elements={old: new for old, new in elements.items() if old in lost})
    assert move_all(world, act)["moved"] == 1, [
        entry.text for entry in world.session.scalars(select(MigrationEntry))
    ]
    world.session.expire_all()
    assert world.case(case.id).version_id == version.id
    world.assert_replays(case.id)


def open_everything(world: World, app: Flask, case: CaseFile) -> str:
    """Every page and answer about the case, for everybody who has to do with it;
    answers what the archive says.
    """
    household = world.case(case.id).household_id
    items = world.session.scalars(select(WorkItem.id).where(WorkItem.case_id == case.id)).all()
    pages = [f"/tasks/{item}" for item in items] + [f"/tasks/{item}/return" for item in items]
    pages += [f"/cases/{case.id}", f"/cases/{case.id}/archive", f"/cases/{case.id}/diagram.bpmn"]
    pages += [f"/households/{household}", f"/households/{household}/archive", "/", "/done", "/started"]
    pages += [
        f"/papers/{kind}?case={case.id}" for kind in ("notice", "announcement", "approval_form", "register")
    ]
    answers = [f"/tasks/{item}" for item in items] + [
        f"/cases/{case.id}",
        "/tasks",
        f"/households?q={household}",
    ]
    archive = ""
    for username in ("cun", "xiang", "xian"):
        client, caller = signed_in(app, world.official(username)), Caller(app, world, username)
        for page in pages:
            answer = client.get(page)
            assert answer.status_code in (200, 302, 404, 409), (username, page, answer.status_code)
            if page.endswith("archive"):
                assert answer.status_code == 200
                archive = answer.get_data(as_text=True)
        for path in answers:
            assert caller.get(path).status_code in (200, 404), (username, path)
        assert all(client.get(f"/tasks/{item}").status_code == 200 for item in done_by(world, case, username))
    return archive


def done_by(world: World, case: CaseFile, username: str) -> list[int]:
    query = select(WorkItem.id).where(
        WorkItem.case_id == case.id, WorkItem.closed_by == world.official(username).id
    )
    return list(world.session.scalars(query))


@pytest.mark.duty("C5", "R12")
@pytest.mark.parametrize("seed", range(4))
def test_every_page_of_a_case_that_moved_there_and_back_says_what_was_said(
    small_world: World, seed: int
) -> None:
    world, chance = small_world, random.Random(seed)
    app = application(world)
    case = world.enter()
    world.finish(case, "verify", "cun")
    if chance.random() < 0.7:
        world.finish(case, "sign", "cun")
        world.finish(case, "submit_batch", "xiang")
    old = world.case(case.id).version
    before = [
        (one.name, texts(one)) for one in views.case_view(world.session, world.official("xian"), case.id).sent
    ]
    assert ("初步意见", "建议纳入") in before[0][1] and before[0][0] == "入户核实"
    version, renamed = change(world, chance)
    back = {new: name for name, new in renamed.items()}
    for target, elements in ((version, renamed), (old, back), (version, renamed)):
        move(world, target, elements, case)
        view = views.case_view(world.session, world.official("xian"), case.id)
        assert [(one.name, texts(one)) for one in view.sent] == before
        archive = open_everything(world, app, case)
        assert "入户核实" in archive and "建议纳入" in archive and "新建议纳入" not in archive


def texts(sent: Any) -> list[tuple[str, str]]:
    return sent.form.summary(sent.submission.data)  # type: ignore[no-any-return]


@pytest.mark.duty("C5", "R12")
def test_four_eyes_hold_for_a_step_that_a_move_renamed(small_world: World) -> None:
    world = small_world
    case = world.enter("xiang")
    world.finish(case, "verify", "cun")
    separated = BODY.replace(
        '<spiffworkflow:property name="formKey" value="authorisation" />',
        '<spiffworkflow:property name="formKey" value="authorisation" /><spiffworkflow:property '
        'name="separateFrom" value="verify" />',
    )
    renamed = re.sub(r"\bverify\b", "visit", separated)
    move(world, in_force(world, renamed, {}), {"verify": "visit"}, case)
    with pytest.raises(NotAllowed, match="入户核实"):
        world.finish(case, "sign", "cun")
    move(world, in_force(world, separated.replace("入户核实", "走访"), {}), {"visit": "verify"}, case)
    with pytest.raises(NotAllowed, match="入户核实"):
        world.finish(case, "sign", "cun")


@pytest.mark.duty("C5", "R11")
def test_a_step_returned_after_a_move_opens_with_what_was_typed_and_can_be_taken_back(
    small_world: World,
) -> None:
    world = small_world
    case = world.enter()
    world.finish(case, "verify", "cun")
    version = in_force(
        world, re.sub(r"\bverify\b", "visit", BODY).replace('name="入户核实"', 'name="走访"'), {}
    )
    move(world, version, {"verify": "visit"}, case)
    item = world.open_items(case)["sign"]
    (target,) = acts.return_targets(world.session, world.official("cun"), item.id)
    assert (target.element_id, target.name) == ("visit", "走访")
    acts.return_to(world.session, world.official("cun"), item.id, target.seq, "重核", clock=world.clock)
    again = world.open_items(case)["visit"]
    seen = views.task_view(world.session, world.official("cun"), again.id, world.clock.now())
    assert seen.values["wage"] == papers.verification(world.today)["wage"]
    world.finish(case, "visit", "cun")
    done = done_by(world, case, "cun")[-1]
    acts.withdraw(world.session, world.official("cun"), done, clock=world.clock)
    assert set(world.open_items(case)) == {"visit"}


@pytest.mark.duty("C5")
def test_what_the_present_version_has_no_step_for_cannot_be_taken_back_or_returned_to(
    small_world: World,
) -> None:
    world = small_world
    case = world.enter()
    world.finish(case, "verify", "cun")
    done = done_by(world, case, "cun")[0]
    renamed = re.sub(r"\bverify\b", "visit", BODY)
    act = looked_at(world, in_force(world, renamed, {}), passed=frozenset({"visit"}))
    assert move_all(world, act)["moved"] == 1
    item = world.open_items(case)["sign"]
    assert acts.return_targets(world.session, world.official("cun"), item.id) == []
    with pytest.raises(Conflict, match="已经没有这一步"):
        acts.withdraw(world.session, world.official("cun"), done, clock=world.clock)
    assert set(world.open_items(case)) == {"sign"}
    assert "入户核实" in open_everything(world, application(world), case)


@pytest.mark.duty("R21")
def test_progress_of_a_measure_is_shown_by_the_form_it_was_sent_with(small_world: World) -> None:
    world = small_world
    case = world.assistance()
    world.to_declared(case)
    measure = world.session.scalars(select(Measure)).first()
    assert measure is not None
    words = {"reported_on": world.today.isoformat(), "status": "under_way", "remark": "按计划实施"}
    measures.report(world.session, world.official("cun"), measure.id, words, clock=world.clock)
    found = definitions.resources_in_force(world.session, None)
    renamed = found.form["measure_progress"].replace('"进展"'.encode(), '"情况如何"'.encode())
    assert renamed != found.form["measure_progress"]
    resources = Resources({**found.form, "measure_progress": renamed}, found.decision, found.part)
    body = (ROOT / "bpmn" / "assistance.bpmn").read_bytes()
    deployment.deploy(world.session, None, body, resources, "改名", world.clock.now())
    page = signed_in(application(world), world.official("xian")).get(f"/measures/{measure.id}/progress")
    assert "按计划实施" in page.get_data(as_text=True) and "情况如何" not in page.get_data(as_text=True)


# -- a notice that hangs (R10) ---------------------------------------------------------------------


def hanging(world: World) -> CaseFile:
    case = world.enter()
    world.to_notice(case)
    world.go_to(2)
    return case


def ends(world: World, case: CaseFile) -> tuple[Any, Any, str]:
    """When the notice ends by its own record and by its timer, and what its sheet says."""
    world.session.expire_all()
    notice = world.session.scalars(select(Notice).where(Notice.case_id == case.id)).one()
    due = select(Timer.due_at).where(
        Timer.case_id == case.id, Timer.element_id == "notice_over", Timer.status == "waiting"
    )
    return notice.closes_at, world.session.scalar(due), notice.text


@pytest.mark.duty("R10", "C5")
def test_a_move_that_lengthens_the_notice_issues_its_sheet_again_and_tells_village_and_township(
    small_world: World,
) -> None:
    world = small_world
    case = hanging(world)
    assert "5月10日" in ends(world, case)[2]
    act = looked_at(world, deploy(world, SEVEN))
    entry = world.session.scalars(select(MigrationEntry)).one()
    assert plan.notes(entry) == ["须更正已张贴的公示：公示到2022年5月10日，改为到2022年5月12日"]
    page = signed_in(application(world), world.official("liucheng")).get(f"/migrations/{act.id}")
    assert "须更正已张贴的公示" in page.get_data(as_text=True)
    assert ends(world, case)[0] == world.day(6, 0)  # looking changes nothing
    assert move_all(world, act)["moved"] == 1
    record, timer, text = ends(world, case)
    assert record == timer == world.day(8, 0) and "5月12日" in text and "5月10日" not in text
    told = select(Notification.queue, Notification.text).where(Notification.kind == "notice")
    assert {queue for queue, words in world.session.execute(told) if "更换" in words} == {
        "village",
        "township",
    }
    (line,) = [one for one in audit.history(world.session, case.id) if one.kind == "move"]
    assert line.data["corrections"] == plan.notes(entry)


@pytest.mark.duty("R10", "C5")
@pytest.mark.parametrize("under_objection", [False, True])
def test_no_move_ends_a_posted_notice_earlier_than_it_says(small_world: World, under_objection: bool) -> None:
    world = small_world
    deploy(world, SEVEN)
    case = hanging(world)
    if under_objection:
        payload = {"matter": "收入不实", "raised_on": world.today.isoformat()}
        signed_in(application(world), world.official("cun")).post(
            f"/cases/{case.id}/messages/objection", data=payload
        )
        assert "examine_objection" in world.open_items(case)
    act = looked_at(world, deploy(world, NOTICE, "改回 5 天"))
    assert moving.counts(world.session, act)["misfit"] == 1
    entry = world.session.scalars(select(MigrationEntry)).one()
    assert "已张贴的公示写明公示到2022年5月12日" in entry.text
    assert ends(world, case)[0] == world.day(8, 0)


@pytest.mark.duty("C5")
def test_the_preview_names_a_form_that_has_changed_where_the_case_stands(small_world: World) -> None:
    world = small_world
    case = world.enter()
    form = json.loads(json.dumps(FORM))
    form["components"][0]["label"] = "另一个名字"
    looked_at(world, in_force(world, BODY, {"verification": form}))
    entry = world.session.scalars(select(MigrationEntry).where(MigrationEntry.case_id == case.id)).one()
    assert (entry.unchanged, plan.notes(entry)) == (False, ["“入户核实”要填的表单有变化"])


def test_a_page_and_a_worker_at_once_move_each_case_once_and_say_so(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = small_world
    many.to_review(world, 3, (VILLAGE,))
    act = looked_at(world, deploy(world, SEVEN))
    owner = world.official("liucheng")
    moved = moving._moved

    def both(session: Session, actor: Account, entry: MigrationEntry, *given: Any) -> None:
        """Somebody else has just moved the case that is to be moved here."""
        with world.sessions() as other:
            same = other.get_one(MigrationEntry, entry.id)
            moved(other, other.get_one(Account, actor.id), same, *given)
        moved(session, actor, entry, *given)

    monkeypatch.setattr(moving, "_moved", both)
    moving.confirm(world.session, owner, act.id, "按新规定", clock=world.clock)
    assert moving.counts(world.session, act) == {
        "pending": 0,
        "fits": 0,
        "misfit": 0,
        "moved": 3,
        "refused": 0,
    }


def test_who_confirms_twice_begins_once(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = small_world
    many.to_review(world, 2, (VILLAGE,))
    act = looked_at(world, deploy(world, SEVEN))
    get, first = moving.get, [act.id]

    def meanwhile(session: Session, actor: Account, act_id: int) -> Migration:
        """What was read; before anything is done with it, a second tab confirms."""
        found = get(session, actor, act_id)
        assert found.status in ("looking", "moving")
        session.commit()
        while first:
            with world.sessions() as other:
                owner = other.get_one(Account, actor.id)
                moving.confirm(other, owner, first.pop(), "按新规定", clock=world.clock)
        return found

    monkeypatch.setattr(moving, "get", meanwhile)
    with pytest.raises(Conflict, match="已经开始"):
        moving.confirm(world.session, world.official("liucheng"), act.id, "再按一次", clock=world.clock)
