"""Drafts: made from versions, files or nothing, saved by several people without loss,
and never in force by themselves.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.casework import definitions
from engine.casework.definitions import deployment
from engine.casework.models import Account, LogEntry, ProcedureDraft, ProcedureVersion
from engine.casework.organisation import accounts
from engine.flow.diagram.resources import Resources
from engine.ground.database import write
from engine.ground.errors import Conflict, DefinitionError, Invalid, NotAllowed, NotFound
from engine.owners import drafting, drafts
from tests.support.world import World

ROOT = Path(__file__).parents[2]
NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_bytes()


def _second_owner(world: World) -> Account:
    with write(world.session):
        account = accounts.create(world.session, "liucheng2", "流乙", "$x", world.clock.now())
        accounts.grant(world.session, account, "process_owner", "410000000000")
    return account


def _draft(world: World, key: str = "public_notice") -> ProcedureDraft:
    owner = world.official("liucheng")
    return drafting.create(world.session, owner, name="公示改为7天", procedure_key=key, now=world.clock.now())


def _errors(world: World, draft: ProcedureDraft) -> list[str]:
    _, findings = drafts.checked(world.session, draft)
    return [finding.message for finding in findings if finding.severity == "error"]


@pytest.mark.duty("C1")
def test_a_draft_of_every_procedure_in_force_passes_the_check_unchanged(small_world: World) -> None:
    keys = small_world.session.scalars(select(ProcedureVersion.procedure_key)).all()
    for key in keys:
        draft = _draft(small_world, key)
        version = definitions.current(small_world.session, key)
        assert (draft.procedure_key, draft.base_version_id, draft.xml) == (key, version.id, version.xml)
        assert _errors(small_world, draft) == [], key


@pytest.mark.duty("C1")
def test_an_owner_chooses_the_key_of_a_new_procedure_and_no_two_are_the_same(small_world: World) -> None:
    session, now = small_world.session, small_world.clock.now()
    owner = small_world.official("liucheng")

    def new(key: str) -> ProcedureDraft:
        return drafting.create(session, owner, name="走访", new_key=key, now=now)

    draft = new(" Home_Visit ")
    definition, findings = drafts.checked(session, draft)
    assert definition is not None and definition.key == "home_visit"
    assert not [one for one in findings if one.severity == "error"]
    for key, sentence in {
        "home_visit": "已有流程或草稿用这个编号",
        "identification": "已有流程或草稿用这个编号",
        "走访": "请用小写英文字母",
        "3a": "请用小写英文字母",
        "²ab": "请用小写英文字母",
        "a" * 41: "请用小写英文字母",
    }.items():
        with pytest.raises(Invalid, match=sentence):
            new(key)
    assert f'id="procedure_{(unnamed := new("")).id}"'.encode() in unnamed.xml


@pytest.mark.duty("C1")
def test_an_empty_draft_is_a_small_procedure_that_runs(world: World) -> None:
    owner = world.official("liucheng")
    draft = drafting.create(world.session, owner, name="临时救助 <1>", now=world.clock.now())
    definition, findings = drafts.checked(world.session, draft)
    assert definition is not None and not [f for f in findings if f.severity == "error"]
    assert definition.name == "临时救助 <1>" and draft.procedure_key == ""
    version = deployment.deploy(
        world.session, owner, draft.xml, drafts.resources_of(world.session, draft), "试", world.clock.now()
    )
    assert version.number == 1


def test_a_draft_from_an_older_version_has_that_version_s_own_forms_and_the_present_parts(
    small_world: World,
) -> None:
    world, owner = small_world, small_world.official("liucheng")
    old = definitions.current(world.session, "identification")
    resources = definitions.resources_in_force(world.session, "identification")
    form = resources.form["appraisal"].replace("主持人".encode(), "召集人".encode())
    new = Resources({**resources.form, "appraisal": form}, resources.decision, resources.part)
    deployment.deploy(world.session, owner, old.xml, new, "换表", world.clock.now())
    deployment.deploy(
        world.session, owner, NOTICE.replace(b", 5)", b", 7)"), resources, "7 天", world.clock.now()
    )
    draft = drafting.create(world.session, owner, name="回到旧表", version_id=old.id, now=world.clock.now())
    found = drafts.resources_of(world.session, draft)
    assert found.form["appraisal"] == resources.form["appraisal"]
    assert b", 7)" in found.part["public_notice"]


@pytest.mark.duty("C1")
def test_the_second_to_save_is_told_and_nothing_of_either_is_lost(world: World) -> None:
    first, second = world.official("liucheng"), _second_owner(world)
    draft = _draft(world)
    mine, theirs = NOTICE.replace(b", 5)", b", 7)"), NOTICE.replace(b", 5)", b", 6)")
    saved = drafting.save(world.session, first, draft.id, draft.revision, world.clock.now(), diagram=mine)
    assert saved.revision == 2
    with pytest.raises(Conflict, match="流甲在5月5日 09:00 保存过这份草稿"):
        drafting.save(world.session, second, draft.id, 1, world.clock.now(), diagram=theirs)
    assert drafts.find(world.session, second, draft.id).xml == mine
    copied = drafting.copy(world.session, second, draft.id, "公示改为6天", world.clock.now(), diagram=theirs)
    assert copied.xml == theirs and copied.id != draft.id and copied.procedure_key == "public_notice"


def test_two_with_the_same_draft_open_see_each_other_for_two_minutes(world: World) -> None:
    first, second, draft = world.official("liucheng"), _second_owner(world), _draft(world)
    assert drafts.seen(world.session, first, draft.id, world.clock.now()) == []
    others = drafts.seen(world.session, second, draft.id, world.clock.now())
    assert [other.account.name for other in others] == ["流甲"]
    world.clock.advance(timedelta(minutes=3))
    assert drafts.seen(world.session, second, draft.id, world.clock.now()) == []


def test_forms_and_decisions_are_saved_dropped_and_copied_with_the_draft(world: World) -> None:
    owner, draft = world.official("liucheng"), _draft(world)
    force = definitions.resources_in_force(world.session, None).form["notice"]
    changes: dict[str, bytes | None] = {"notice": b'{"components": []}', "extra": b"{}"}
    draft = drafting.save(world.session, owner, draft.id, draft.revision, world.clock.now(), forms=changes)
    assert drafts.resources_of(world.session, draft).form["notice"] == b'{"components": []}'
    copied = drafting.copy(world.session, owner, draft.id, "另一份", world.clock.now())
    assert set(drafts.changed(world.session, copied)["form"]) == {"notice", "extra"}
    draft = drafting.save(
        world.session, owner, draft.id, draft.revision, world.clock.now(), forms={"notice": None}
    )
    assert drafts.resources_of(world.session, draft).form["notice"] == force
    for key in ("../x", "", "名" * 3, "a" * 81, "1a"):
        with pytest.raises(Invalid, match="编号"):
            drafting.save(
                world.session, owner, draft.id, draft.revision, world.clock.now(), forms={key: b"{}"}
            )
    with pytest.raises(Invalid, match="过大"):
        drafting.save(
            world.session,
            owner,
            draft.id,
            draft.revision,
            world.clock.now(),
            decisions={"big": b" " * 1_000_001},
        )


@pytest.mark.duty("C1")
def test_what_another_tool_wrote_into_the_diagram_cannot_be_lost_by_saving(small_world: World) -> None:
    world, owner = small_world, small_world.official("liucheng")
    foreign = (
        NOTICE.replace(
            b"<bpmn:definitions ", b'<bpmn:definitions xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
        )
        .replace(b'id="post_notice" ', b'id="post_notice" zeebe:colour="red" ')
        .replace(
            b"<spiffworkflow:instructionsForEndUser>",
            b"<zeebe:taskHeaders/><spiffworkflow:instructionsForEndUser>",
            1,
        )
    )
    draft = drafting.create(world.session, owner, name="外来", body=foreign, now=world.clock.now())
    assert draft.procedure_key == "public_notice" and draft.base_version_id is not None
    with pytest.raises(Invalid, match="“张贴公示”的 zeebe:taskHeaders；“张贴公示”的 zeebe:colour"):
        drafting.save(world.session, owner, draft.id, draft.revision, world.clock.now(), diagram=NOTICE)
    edited = foreign.replace(b", 5)", b", 7)")
    draft = drafting.save(world.session, owner, draft.id, draft.revision, world.clock.now(), diagram=edited)
    draft = drafting.save(
        world.session, owner, draft.id, draft.revision, world.clock.now(), diagram=NOTICE, replacing=True
    )
    assert draft.xml == NOTICE
    other = (ROOT / "bpmn" / "review_and_approval.bpmn").read_bytes()
    with pytest.raises(Invalid, match="文件里的流程编号是“review_and_approval”"):
        drafting.save(
            world.session, owner, draft.id, draft.revision, world.clock.now(), diagram=other, replacing=True
        )


@pytest.mark.parametrize(
    "body", [b"", b"<x/>", b"not xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", b" " * 3_000_000, b"\x00\xff"]
)
def test_a_file_that_is_no_diagram_makes_no_draft(small_world: World, body: bytes) -> None:
    world, owner = small_world, small_world.official("liucheng")
    with pytest.raises(DefinitionError):
        drafting.create(world.session, owner, name="坏", body=body, now=world.clock.now())
    draft = _draft(world)
    with pytest.raises(DefinitionError):
        drafting.save(world.session, owner, draft.id, 1, world.clock.now(), diagram=body, replacing=True)
    world.session.rollback()
    assert drafts.drafts(world.session, owner).total == 1


def test_a_discarded_draft_leaves_the_list_and_cannot_be_changed(world: World) -> None:
    owner, draft = world.official("liucheng"), _draft(world)
    drafting.rename(world.session, owner, draft.id, " 公示  改为8天 ", world.clock.now())
    assert [one.name for one in drafts.drafts(world.session, owner).items] == ["公示 改为8天"]
    drafting.discard(world.session, owner, draft.id, world.clock.now())
    assert drafts.drafts(world.session, owner).total == 0
    with pytest.raises(Conflict, match="已作废"):
        drafting.save(world.session, owner, draft.id, 1, world.clock.now(), diagram=NOTICE)
    kinds = set(world.session.scalars(select(LogEntry.kind).where(LogEntry.kind.startswith("draft"))))
    assert kinds == {"draft", "draft_rename", "draft_discard"}


@pytest.mark.duty("R38")
def test_only_process_owners_may(small_world: World) -> None:
    world, draft = small_world, _draft(small_world)
    now = world.clock.now()
    for username in ("xian", "sheng", "xitong", "anquan"):
        actor = world.official(username)
        for act in (
            lambda who: drafts.drafts(world.session, who),
            lambda who: drafts.find(world.session, who, draft.id),
            lambda who: drafting.create(world.session, who, name="x", now=now),
            lambda who: drafting.save(world.session, who, draft.id, 1, now, diagram=NOTICE),
            lambda who: drafting.copy(world.session, who, draft.id, "x", now),
            lambda who: drafting.rename(world.session, who, draft.id, "x", now),
            lambda who: drafting.discard(world.session, who, draft.id, now),
            lambda who: drafts.seen(world.session, who, draft.id, now),
        ):
            with pytest.raises(NotAllowed):
                act(actor)
    with pytest.raises(NotFound):
        drafts.find(world.session, world.official("liucheng"), 99)
    with pytest.raises(Invalid, match="名字"):
        drafting.create(world.session, world.official("liucheng"), name="  ", now=now)
