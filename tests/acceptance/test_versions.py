"""流程 pages in the browser: what is in force, what differs, putting a draft into force, a second pair of eyes,
going back.
"""

from __future__ import annotations

import pytest

from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords
from engine.ground.database import create_engine, session_factory, write
from engine.prevention.installation import ROOT
from tests.support.browser import Official, Site
from tests.support.template import PASSWORD, START

NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_text()
SEVEN = NOTICE.replace("days after(notice.posted_on, 5)", "days after(notice.posted_on, 7)").replace(
    "公示满5天", "公示满7天"
)
WORDS = "“公示满5天” → “公示满7天”：时限由“5 天，自‘张贴日期’起”改为“7 天，自‘张贴日期’起”"


def draft(owner: Official, body: str = SEVEN, name: str = "公示改为7天") -> None:
    """A draft made from a file, with its page open."""
    owner.go("/drafts")
    owner.page.fill("#name", name)
    owner.page.check("input[name=source][value=file]")
    file = {"name": "notice.bpmn", "mimeType": "application/xml", "buffer": body.encode()}
    owner.page.set_input_files("input[name=file]", files=[file])
    owner.press("text=建立草稿")


@pytest.mark.duty("C1", "C5")
def test_a_draft_is_compared_put_into_force_with_a_note_and_taken_back(site: Site) -> None:
    owner = site.official("liucheng")
    draft(owner)
    owner.press("text=看改了什么，启用")
    assert WORDS in owner.text
    owner.press("text=在图上对比")
    owner.page.wait_for_selector("[data-compare][data-state=ready]")
    assert owner.page.locator("[data-side=right] .diff-changed").count() == 1
    assert owner.page.locator("[data-side=left] .diff-sign", has_text="≠").count() == 1
    event, sign = (
        owner.page.locator(f"[data-side=right] {what}").bounding_box()
        for what in ("[data-element-id=notice_over] .djs-hit", ".diff-sign")
    )
    assert event and sign and sign["y"] + 8 > event["y"] + event["height"] - 8, (
        "the sign leaves the event to be seen"
    )
    for act in ("看全图", "下一处"):
        owner.page.click(f"[data-compare] >> text={act}")
    assert owner.page.locator("[data-element-id=notice_over].diff-shown").count() == 2
    owner.page.click(f"text={WORDS}")
    assert owner.page.locator("[data-element-id=notice_over].diff-shown").count() == 2
    owner.page.go_back()
    owner.page.fill("#note", "省里文件要求公示7天")
    owner.press("main form .btn-primary")
    assert (
        "新版本已经启用" in owner.said
        and "第 2 版 现行" in owner.text
        and "省里文件要求公示7天" in owner.text
    )

    owner.go("/procedures/identification")  # it calls the part, so it has a new version too
    assert "随公用环节“公示与异议”更新" in owner.text
    owner.press("text=第 2 版")
    assert "等到：7 天，自“张贴日期”起" in owner.text and "村级" in owner.text and "R10" in owner.text

    owner.go("/procedures/public_notice")
    owner.page.select_option("#restore", label="第 1 版（随系统安装）")
    owner.page.fill("#why", "文件废止")
    owner.press("text=启用这一版")
    assert "已回到第 1 版，作为第 3 版启用" in owner.said
    owner.press("text=对比选中的两版")
    assert "“公示满7天” → “公示满5天”" in owner.text


@pytest.mark.duty("C5", "R38")
def test_a_second_process_owner_must_agree_where_that_is_demanded(site: Site, sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    with session_factory(engine)() as session, write(session):
        second = accounts.create(session, "liucheng2", "流乙", passwords.hash_password(PASSWORD), START)
        accounts.grant(session, second, "process_owner", "410000000000")
    engine.dispose()
    security, owner, other = site.official("anquan"), site.official("liucheng"), site.official("liucheng2")
    security.go("/administration/approval")
    security.press("text=要求第二人审批 >> nth=-1")
    assert "已要求第二人审批" in security.said
    answer = site.api("liucheng").post(
        "/api/v1/procedures/public_notice/versions", data={"xml": SEVEN, "note": "绕过"}
    )
    assert answer.status == 403 and "第二人审批" in answer.text()
    draft(owner)
    owner.press("text=看改了什么，启用")
    owner.page.fill("#note", "省里文件要求公示7天")
    owner.press("text=提交审批")
    assert "等另一位流程管理员审批" in owner.said
    owner.press("main section.panel .subject a")
    assert owner.page.locator("text=同意启用").count() == 0
    owner.go("/procedures/public_notice")
    assert "第 2 版" not in owner.text
    other.go("/procedures")
    other.press("main section.panel .subject a")
    assert WORDS in other.text
    other.page.fill("#reason", "请附文件号")
    other.press("text=退回修改")
    owner.go("/drafts")
    owner.press("table.list .subject a")
    owner.press("text=看改了什么，启用")
    assert "流乙退回：请附文件号" in owner.page.input_value("#note")
    owner.page.fill("#note", "豫防返贫〔2022〕3号：公示7天")
    owner.press("text=提交审批")
    other.go("/procedures")
    other.press("main section.panel .subject a")
    other.press("text=同意启用")
    assert "新版本已经启用" in other.said and "豫防返贫〔2022〕3号" in other.text
    owner.go("/procedures/public_notice")
    owner.page.fill("#why", "文件废止")
    owner.press("form[action$=restore] .btn")
    assert "等另一位流程管理员审批" in owner.said and "回到第 1 版：文件废止" in owner.text
    other.go("/bell")
    other.press("main a:has-text('请审批：回到第 1 版')")
    other.press("text=同意启用")
    assert "第 3 版 现行" in other.text
    owner.go("/bell")
    assert "流乙同意“回到第 1 版”，已经启用" in owner.text and "被流乙退回：请附文件号" in owner.text


@pytest.mark.duty("C5")
def test_a_draft_that_was_overtaken_says_so_and_asks(site: Site) -> None:
    owner = site.official("liucheng")
    draft(owner)
    address = owner.page.url
    body = NOTICE.replace("公示结果上报", "上报公示结果")
    answer = site.api("liucheng").post(
        "/api/v1/procedures/public_notice/versions", data={"xml": body, "note": "改名称"}
    )
    assert answer.status == 201, answer.text()
    owner.page.goto(address)
    owner.press("text=看改了什么，启用")
    assert "第 2 版已经启用（改名称）" in owner.text and "“上报公示结果” → “公示结果上报”" in owner.text
    owner.page.fill("#note", "公示7天")
    owner.page.check("input[name=over]")
    owner.press("main form .btn-primary")
    assert "新版本已经启用" in owner.said
