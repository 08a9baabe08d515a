"""流程 pages without a browser: lists in pages, what is pinned, a version begun from, files out and in."""

from __future__ import annotations

import re
from io import BytesIO
from zipfile import ZipFile

import docx
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import undefer

from engine.casework import definitions
from engine.casework.definitions import deployment
from engine.casework.models import Procedure, ProcedureDraft, ProcedureVersion
from engine.casework.organisation import accounts
from engine.flow.diagram.resources import Resources
from engine.ground.database import write
from engine.owners import approvals, bundles, catalogue, drafting, drafts
from engine.prevention.installation import ROOT
from tests.support.client import application, signed_in
from tests.support.world import World

NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_bytes()
SEVEN = NOTICE.replace(b"days after(notice.posted_on, 5)", b"days after(notice.posted_on, 7)")


@pytest.fixture
def owner(small_world: World) -> FlaskClient:
    """A process owner's client."""
    return signed_in(application(small_world), small_world.official("liucheng"))


def deployed(world: World, *bodies: bytes) -> None:
    """Versions of the public notice, one a day."""
    for body in bodies:
        world.go_to(world.number + 1)
        resources = definitions.resources_in_force(world.session, None)
        deployment.deploy(world.session, world.official("liucheng"), body, resources, "改", world.clock.now())


def many_procedures(world: World, count: int) -> None:
    """Copies of the part under other names, put into force without the check's time."""
    with write(world.session):
        version = definitions.current(world.session, "public_notice")
        for number in range(count):
            procedure = Procedure(key=f"copy_{number}", name=f"乙类流程{number:02d}")
            world.session.add(procedure)
            world.session.flush()
            copy = ProcedureVersion(
                procedure_key=procedure.key,
                number=1,
                xml=version.xml,
                sha256=version.sha256,
                resources=version.resources,
                deployed_at=world.clock.now(),
            )
            world.session.add(copy)
            world.session.flush()
            procedure.current_version_id = copy.id


@pytest.mark.duty("C5")
def test_the_procedures_are_paged_and_found_by_name_or_key(small_world: World, owner: FlaskClient) -> None:
    many_procedures(small_world, 40)
    first, second = owner.get("/procedures").text, owner.get("/procedures?page=2").text
    assert first.count('class="subject"') == 20 and second.count('class="subject"') == 20
    assert "第 1 / 3 页" in first and "page=2" in first
    assert owner.get("/procedures?q=乙类流程0").text.count('class="subject"') == 10
    assert "乙类流程39" in owner.get("/procedures?q=copy_39").text
    assert "没有找到这样的流程" in owner.get("/procedures?q=%25").text
    assert owner.get("/procedures?page=x").status_code == 200


@pytest.mark.duty("C5")
def test_every_draft_of_a_procedure_is_shown_whatever_else_was_drafted_since(
    small_world: World, owner: FlaskClient
) -> None:
    actor, now = small_world.official("liucheng"), small_world.clock.now()
    for number in range(3):
        drafting.create(
            small_world.session, actor, name=f"早的{number}", procedure_key="public_notice", now=now
        )
    small_world.go_to(1)
    for number in range(25):
        name, now = f"晚的{number}", small_world.clock.now()
        drafting.create(small_world.session, actor, name=name, procedure_key="identification", now=now)
    page = owner.get("/procedures/public_notice").text
    assert "3 份草稿" in page and all(f"早的{number}" in page for number in range(3)) and "晚的" not in page
    assert "25 份草稿" in owner.get("/procedures").text
    assert "共 25 条" in owner.get("/drafts?key=identification").text
    assert owner.get("/drafts?q=早的1").text.count('class="subject"') == 1
    assert "没有符合条件的草稿" in owner.get("/drafts?status=submitted").text


@pytest.mark.duty("C5")
def test_the_versions_of_the_parts_that_a_version_goes_on_with_are_named(small_world: World) -> None:
    deployed(small_world, SEVEN, NOTICE)
    found = catalogue.versions(small_world.session, small_world.official("liucheng"), "identification").items
    pinned = catalogue.pinned(small_world.session, found)
    notices = [(version.number, pinned[version.id]["public_notice"]) for version in found]
    assert notices == [(3, 3), (2, 2), (1, 1)], "the first drawing came back as the third version"
    assert {pinned[version.id]["review_and_approval"] for version in found} == {1}


@pytest.mark.duty("C5")
def test_the_page_links_the_pinned_parts_and_starts_from_a_version(
    small_world: World, owner: FlaskClient
) -> None:
    deployed(small_world, SEVEN)
    page = owner.get("/procedures/identification").text
    assert "公示与异议 第 2 版" in page and "/procedures/public_notice/versions/2" in page
    assert page.count("由此版本起草") == 2
    number = re.search(r'id="from-1".*?name="version_id" value="(\d+)"', page, re.DOTALL)
    assert number is not None
    data = {"source": "version", "version_id": number[1], "name": "由第 1 版修改"}
    answer = owner.post("/drafts", data=data)
    assert answer.status_code == 303 and "识别认定 第 1 版" in owner.get(answer.headers["Location"]).text


@pytest.mark.duty("C5")
def test_a_version_goes_out_as_a_file_and_as_a_whole(small_world: World, owner: FlaskClient) -> None:
    alone = owner.get("/procedures/identification/versions/1/diagram.bpmn")
    version = definitions.version(small_world.session, "identification", 1)
    assert alone.data == version.xml and "identification-1.bpmn" in alone.headers["Content-Disposition"]
    whole = owner.get("/procedures/identification/versions/1/export.zip")
    names = ZipFile(BytesIO(whole.data)).namelist()
    assert "bpmn/identification.bpmn" in names and "bpmn/public_notice.bpmn" in names
    assert "forms_json/verification.json" in names and "bpmn/decisions/category.dmn" in names
    for path in ("versions/9/diagram.bpmn", "versions/9/export.zip"):
        assert owner.get(f"/procedures/identification/{path}").status_code == 404


@pytest.mark.duty("C5")
def test_the_handbook_as_a_word_file_says_what_its_page_says(owner: FlaskClient) -> None:
    answer = owner.get("/procedures/identification/versions/1/handbook.docx")
    document = docx.Document(BytesIO(answer.data))
    text = "\n".join(line.text for line in document.paragraphs)
    cells = {cell.text for table in document.tables for cell in table.rows[0].cells}
    assert text.startswith("识别认定\n第 1 版，2022年5月5日启用：随系统安装")
    assert "入户核实（人工任务，村级）" in text and "要填的表：同“入户核实”。" in text
    assert "5 天，自“张贴日期”起" in text and "R10" in text and "自动办理：公示开始" in text
    assert {"项目", "要求", "户类型", "结果：category"} <= cells
    page = owner.get("/procedures/identification/versions/1").text
    assert page.count("要填的表：同") == text.count("要填的表：同") > 0


@pytest.mark.duty("C5")
def test_what_went_out_comes_in_as_a_draft_with_its_forms_and_the_present_parts(
    small_world: World, owner: FlaskClient
) -> None:
    body = owner.get("/procedures/identification/versions/1/export.zip").data
    found = bundles.unpack(body)
    form = found.resources.form["appraisal"].replace("主持人".encode(), "召集人".encode())
    changed = found.resources | Resources(form={"appraisal": form}, part={"public_notice": SEVEN})
    body = bundles.pack("identification", found.diagram, changed)
    sent = {"name": "带表单的", "source": "file", "file": (BytesIO(body), "识别认定.zip")}
    answer = owner.post("/drafts", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    page = owner.get(answer.headers["Location"]).text
    assert "公用环节“公示与异议”与现行的不同：草稿用现行的" in page and "没有发现问题" in page
    small_world.session.commit()
    draft = small_world.session.scalars(select(ProcedureDraft).options(undefer(ProcedureDraft.xml))).one()
    assert draft.xml == found.diagram and draft.procedure_key == "identification"
    assert drafts.changed(small_world.session, draft) == {"form": {"appraisal": form}, "decision": {}}


@pytest.mark.duty("C5")
def test_a_bundle_that_is_refused_leaves_no_draft(small_world: World, owner: FlaskClient) -> None:
    big = bundles.pack("public_notice", NOTICE, Resources(form={"notice": b" " * 2_000_000}))
    broken = bundles.pack("public_notice", NOTICE, Resources(part={"x": b"<x"}))
    for body, sentence in (
        (big, "“notice”过大"),
        (broken, "bpmn/x.bpmn"),
        (b"PK\x03\x04rest", "不是完整的 zip"),
    ):
        sent = {"name": "坏的", "source": "file", "file": (BytesIO(body), "a.zip")}
        answer = owner.post("/drafts", data=sent, content_type="multipart/form-data")
        assert answer.status_code == 422 and sentence in answer.text
    small_world.session.commit()
    assert small_world.session.scalars(select(ProcedureDraft)).first() is None


@pytest.mark.duty("C5")
def test_nonsense_in_the_address_is_not_found(owner: FlaskClient) -> None:
    for path in (
        "/procedures/没有",
        "/procedures/identification/versions/99",
        "/procedures/identification/compare",
        "/procedures/identification/compare?from=1&to=draft-99999999999999",
        "/procedures/identification/compare?from=²&to=1",
        "/procedures/identification/drawing?side=1&part=nothing",
        "/drafts/99/deploy",
    ):
        answer = owner.get(path)
        assert answer.status_code == 404 and "没有" in answer.text, path


@pytest.mark.duty("C5")
def test_what_was_typed_stays_when_putting_into_force_is_refused(
    small_world: World, owner: FlaskClient
) -> None:
    actor, now = small_world.official("liucheng"), small_world.clock.now()
    draft = drafting.create(small_world.session, actor, name="七天", body=SEVEN, now=now)
    deployed(small_world, NOTICE.replace("公示结果上报".encode(), "上报公示结果".encode()))
    answer = owner.post(f"/drafts/{draft.id}/deploy", data={"note": "省里文件要求公示7天"})
    assert answer.status_code == 409 and "第 2 版已经启用（改）" in answer.text
    assert "省里文件要求公示7天</textarea>" in answer.text
    answer = owner.post(f"/drafts/{draft.id}/deploy", data={"note": " ", "over": "2"})
    assert answer.status_code == 422 and "请写明为什么修改" in answer.text
    answer = owner.post(f"/drafts/{draft.id}/deploy", data={"note": "七天", "over": "2"})
    assert answer.status_code == 303
    page = owner.get(f"/drafts/{draft.id}/deploy").text
    assert "已经启用为" in page and "“公示与异议”第 3 版" in page and "提交审批" not in page
    answer = owner.post(f"/drafts/{draft.id}/deploy", data={"note": "再来"})
    assert answer.status_code == 409 and "这份草稿已启用" in answer.text


@pytest.mark.duty("C5")
def test_an_approval_that_comes_too_late_is_refused_on_its_page_with_the_way_on(small_world: World) -> None:
    first, now = small_world.official("liucheng"), small_world.clock.now()
    with write(small_world.session):
        second = accounts.create(small_world.session, "liucheng2", "流乙", "$x", now)
        accounts.grant(small_world.session, second, "process_owner", "410000000000")
    approvals.demand_approval(small_world.session, small_world.official("anquan"), "410000000000", True, now)
    app = application(small_world)
    mine, other = signed_in(app, first), signed_in(app, second)
    draft = drafting.create(small_world.session, first, name="七天", body=SEVEN, now=now)
    assert "流乙将收到通知" in mine.get(f"/drafts/{draft.id}/deploy").text
    assert mine.post(f"/drafts/{draft.id}/deploy", data={"note": "七天"}).status_code == 303
    assert mine.post(f"/drafts/{draft.id}/approve").status_code == 403
    deployed(small_world, NOTICE.replace("公示结果上报".encode(), "上报公示结果".encode()))
    answer = other.post(f"/drafts/{draft.id}/approve")
    assert answer.status_code == 409 and "提交之后有了变化，没有启用" in answer.text
    assert "同意启用" not in answer.text and "请退回修改" in answer.text and "退回的原因" in answer.text
    answer = other.post(f"/drafts/{draft.id}/send-back", data={"reason": " "})
    assert answer.status_code == 422 and "请写明退回的原因" in answer.text
    page = mine.get(f"/drafts/{draft.id}/deploy").text
    assert "看过了，重新提交" in page and "收回修改的原因" in page
    assert other.post(f"/drafts/{draft.id}/submit-again").status_code == 403
    assert mine.post(f"/drafts/{draft.id}/submit-again").status_code == 303
    assert other.post(f"/drafts/{draft.id}/approve").status_code == 303
    page = other.get("/procedures/public_notice").text
    assert "流甲 提交<br>流乙 同意" in page
