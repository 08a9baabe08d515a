"""Decision tables and forms changed in the browser: tried, previewed, saved,
and seen by officials once in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from engine.casework.definitions import deployment
from engine.casework.models import Account
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords
from engine.flow.forms.reading import read_schema
from engine.ground.database import create_engine, session_factory, write
from engine.owners import drafts
from tests.support import papers
from tests.support.browser import Official, Site
from tests.support.drawings import differences, said
from tests.support.editing import draft_of, edit, keep, less, read, stored
from tests.support.template import PASSWORD, START

ROOT = Path(__file__).parents[2]
LATE = """() => {
  const plain = window.fetch;
  let isLate = true;
  window.fetch = async (...asked) => {
    const wait = isLate && String(asked[0]).endsWith("/preview") ? 2000 : 0;
    if (wait) isLate = false;
    const answer = await plain(...asked);
    await new Promise((done) => setTimeout(done, wait));
    return answer;
  };
}"""
"""The next page of the preview comes two seconds late, after the one that is asked for next."""


@pytest.fixture
def owner(site: Site) -> Official:
    """A process owner, whose page's faults are kept."""
    found = site.official("liucheng")
    found.page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
    return found


@pytest.fixture
def session(sqlite_url: str) -> Iterator[Any]:
    """A session beside the running system."""
    engine = create_engine(sqlite_url)
    with session_factory(engine)() as found:
        yield found
    engine.dispose()


@pytest.mark.duty("C1")
def test_every_form_opened_and_saved_loses_nothing(owner: Official) -> None:
    """One is saved; what would be saved of the others is asked of the editor, one after the other."""
    at = draft_of(owner, "往返表单", "identification")
    every = sorted((ROOT / "forms_json").glob("*.json"))
    first = every[0]
    address = f"{at}/forms/{first.stem}"
    edit(owner.page, address)
    keep(owner.page)
    assert less(read(first.read_bytes()), read(stored(owner, address))) == []
    for path in every:
        written = opened_and_written(owner.page, path)
        assert less(read(path.read_bytes()), read(written)) == [], path.stem
        assert read_schema(written)[1] == read_schema(path.read_bytes())[1], path.stem


@pytest.mark.duty("C1")
def test_every_decision_opened_and_saved_loses_nothing(owner: Official) -> None:
    at = draft_of(owner, "往返决策", "identification")
    every = sorted((ROOT / "bpmn" / "decisions").glob("*.dmn"))
    first = every[0]
    address = f"{at}/decisions/{first.stem}"
    edit(owner.page, address)
    keep(owner.page)
    assert differences(said(first.read_bytes()), said(stored(owner, address))) == []
    for path in every:
        written = opened_and_written(owner.page, path)
        assert differences(said(path.read_bytes()), said(written)) == [], path.stem
        missing = owner.page.evaluate("[...document.querySelector('.editor').untranslated]")
        assert missing == [], missing


def opened_and_written(page: Page, path: Path) -> bytes:
    """What the editor would save of a file that it has just opened."""
    written = page.evaluate(
        "async (body) => { const { source } = document.querySelector('.editor');"
        " await source.open(body); return source.text(); }",
        path.read_text(),
    )
    return str(written).encode()


@pytest.mark.duty("C1")
def test_the_form_editor_speaks_chinese_of_every_kind_of_field(owner: Official) -> None:
    at, page = draft_of(owner, "各种表单项", "identification"), owner.page
    edit(page, f"{at}/forms/notice")
    kinds = page.locator(".fjs-palette-field").evaluate_all("all => all.map(one => one.dataset.fieldType)")
    assert len(kinds) == 16, kinds
    for kind in kinds:
        page.evaluate(ADD, kind)
        page.wait_for_timeout(150)  # the panel draws itself anew
        page.eval_on_selector_all(
            ".bio-properties-panel-group-header:not(.open)", "all => all.forEach(one => one.click())"
        )
        for tip in page.locator("[data-properties] .bio-properties-panel-tooltip-wrapper").all():
            tip.hover()
            page.locator(".bio-properties-panel-tooltip-content").first.wait_for()
    missing = page.evaluate("[...document.querySelector('.editor').untranslated]")
    assert missing == [], missing
    drawn = page.locator(".fjs-form-field label, .fjs-form-field legend").all_inner_texts()
    assert {"单行文字", "标签多选", "勾选"} <= {text.strip() for text in drawn}, drawn
    assert not re.search(r"Text field|Checkbox|Value", stored_text(page)), (
        "new fields are called in Chinese in the file too"
    )


ADD = """kind => {
  const editor = document.querySelector(".editor").editor;
  const root = editor.get("formFieldRegistry").getAll().find((one) => one.type === "default");
  editor.get("selection").set(editor.get("modeling").addFormField({ type: kind }, root, 0));
}"""


def stored_text(page: Page) -> str:
    """The form as it would be saved."""
    return str(page.evaluate("JSON.stringify(document.querySelector('.editor').editor.saveSchema())"))


@pytest.mark.duty("C1")
def test_the_table_editor_speaks_chinese_in_its_menus(owner: Official) -> None:
    at, page = draft_of(owner, "决策表的菜单", "identification"), owner.page
    edit(page, f"{at}/decisions/category")
    page.locator("th.input-cell").first.dblclick()
    select = page.locator(".type-ref-edit .dms-input")
    assert select.inner_text() == "是或否"
    select.click()
    assert page.locator(".dms-select-options .option").all_inner_texts() == [
        "文字",
        "是或否",
        "数字",
        "日期",
        "日期时间",
        "天和小时",
        "年和月",
        "任意",
    ]
    page.click(".dms-select-options >> text=数字")
    assert select.inner_text() == "数字"
    page.keyboard.press("Escape")
    keep(page)
    assert b'typeRef="number"' in stored(owner, f"{at}/decisions/category")
    for place in ("td.input-cell", "td.output-cell", "th.input-cell", "th.output-cell", "td.rule-index"):
        page.locator(place).first.click(button="right")
        page.wait_for_selector(".context-menu")
        assert not re.search(r"[A-Za-z]{3}", page.inner_text(".context-menu")), place
        page.keyboard.press("Escape")
    titles = page.eval_on_selector_all("[data-canvas] [title]", "all => all.map(one => one.title)")
    assert not any(re.search(r"[A-Za-z]{3}", title.replace("bpmn.io", "")) for title in titles), titles


@pytest.mark.duty("C1", "R16")
def test_a_threshold_is_changed_tried_on_samples_undone_and_done_again(owner: Official) -> None:
    at, page = draft_of(owner, "监测范围内才直接纳入", "identification"), owner.page
    edit(page, f"{at}/decisions/category")
    for name, value in {
        "verification.per_capita": "9000",
        "monitoring_line.amount": "6400",
        "verification.household_type": "ordinary",
    }.items():
        page.fill(f"[data-sample='{name}']", value)
    page.wait_for_selector("[data-answer] >> text=命中第 4 条规则")
    cell = page.locator("td.input-cell").first
    cell.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("false")
    page.wait_for_selector("[data-answer] >> text=命中第 4 条规则")
    page.fill("[data-sample='verification.household_type']", "lifted_with_policy")
    page.wait_for_selector("[data-answer] >> text=命中第 1、4 条规则")
    cell.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("open(1) >")
    page.wait_for_selector("[data-issues] >> text=第 1 行“人均纯收入不高于监测范围”")
    for act, wanted in (("undo", "true"), ("redo", "open(1) >"), ("undo", "true")):
        for _ in range(30):
            if cell.inner_text().strip() == wanted:
                break
            page.click(f"[data-act={act}]")
        assert cell.inner_text().strip() == wanted, act
    cell.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("false")
    page.wait_for_selector("[data-none]:not([hidden])")
    keep(page)
    changed = stored(owner, f"{at}/decisions/category")
    assert b"open(1)" not in changed and changed.count(b"<text>false</text>") == 1
    page.goto(at)
    assert "这份草稿里改过" in owner.text


@pytest.mark.duty("C1", "C5")
def test_a_field_is_added_seen_in_the_preview_and_asked_of_new_cases_only(
    owner: Official, site: Site, session: Any
) -> None:
    village = site.official("cun")
    village.enter_clue("李大山")
    at, page = draft_of(owner, "入户核实加一项", "identification"), owner.page
    edit(page, f"{at}/forms/verification")
    last = page.locator(".fjs-children").first
    page.locator(".fjs-palette-field[data-field-type=textfield]").drag_to(
        last, target_position={"x": 120, "y": 8}
    )
    page.wait_for_selector("[data-properties] [data-entry-id=key]", state="attached")
    for group in ("general", "validation"):
        header = page.locator(f"[data-group-id=group-{group}] .bio-properties-panel-group-header")
        if "open" not in (header.get_attribute("class") or ""):
            header.click()
    for field, text in (("label", "最近的集市"), ("key", "nearest_market")):
        page.fill(f"#bio-properties-panel-{field}", text)
        page.locator(f"#bio-properties-panel-{field}").blur()
        page.wait_for_timeout(600)  # the panel takes a text a moment later, and draws itself anew
    page.check("#bio-properties-panel-required")
    page.wait_for_timeout(600)
    frame = page.frame_locator("[data-frame]")
    frame.locator("label:has-text('最近的集市')").wait_for()
    page.evaluate(LATE)
    page.click("[data-value=blank]")
    page.uncheck("#bio-properties-panel-required")  # drawn anew while the blank page is on its way
    page.wait_for_timeout(600)
    page.check("#bio-properties-panel-required")
    expect(frame.locator("[name=address]")).to_have_value("")
    frame.locator("label:has-text('*最近的集市')").wait_for()
    frame.locator("button:has-text('试着提交')").click()
    expect(frame.locator("text=最近的集市：请填写。").first).to_be_visible()
    keep(page)
    _deploy(session, int(at.rpartition("/")[2]))
    village.enter_clue("王小河", id_number=papers.id_number("41990119680412113"), address="西沟2号")
    village.open_task("王小河", "入户核实")
    assert village.page.locator("label", has_text="最近的集市").count() == 1
    village.open_task("李大山", "入户核实")
    assert village.page.locator("label", has_text="最近的集市").count() == 0


def _deploy(session: Any, draft_id: int) -> None:
    """Put a draft into force."""
    actor = session.scalars(select(Account).where(Account.username == "liucheng")).unique().one()
    draft = drafts.find(session, actor, draft_id)
    resources = drafts.resources_of(session, draft)
    deployment.deploy(session, actor, draft.xml, resources, draft.name, START, key=draft.procedure_key)


CHOOSE = """id => {
  const editor = document.querySelector(".editor").editor;
  editor.get("selection").set(editor.get("formFieldRegistry").get(id));
}"""


def unfold(page: Page, group: str) -> None:
    """Open a group of the properties."""
    header = page.locator(f"[data-group-id=group-{group}] .bio-properties-panel-group-header")
    header.wait_for()
    if "open" not in (header.get_attribute("class") or ""):
        header.click()


@pytest.mark.duty("C1")
def test_a_condition_written_in_the_panel_hides_the_field_in_the_preview(owner: Official) -> None:
    at, page = draft_of(owner, "条件", "identification"), owner.page
    edit(page, f"{at}/forms/verification")
    preview = page.frame_locator("[data-frame]")
    reason, phone = (
        preview.locator("label:has-text('不纳入的理由')"),
        preview.locator("label:has-text('联系电话')"),
    )
    for answer, shown in (("not_suggest", True), ("suggest", False)):  # what the form has already
        preview.locator(f"input[name=opinion][value={answer}]").check()
        assert reason.first.is_visible() == shown
    page.evaluate(CHOOSE, "verification_g1_phone")
    unfold(page, "condition")
    page.locator("[data-group-id=group-condition] .cm-content").click()
    page.keyboard.type('household_type = "destitute"')
    page.locator("[data-group-id=group-condition] .bio-properties-panel-group-header").focus()
    preview.locator("[data-plan*=destitute]").first.wait_for(state="attached")
    for answer, shown in (("destitute", False), ("ordinary", True)):
        preview.locator("select[name=household_type]").select_option(answer)
        assert phone.first.is_visible() == shown, answer
    keep(page)
    assert b'household_type = \\"destitute\\"' in stored(owner, f"{at}/forms/verification")


@pytest.mark.duty("C1")
def test_a_lost_field_is_told_and_so_is_a_condition_that_asks_for_it(owner: Official) -> None:
    at, page = draft_of(owner, "改字段名", "identification"), owner.page
    edit(page, f"{at}/forms/verification")
    page.frame_locator("[data-frame]").locator("text=户类型").first.wait_for()
    page.evaluate(CHOOSE, "verification_g7_opinion")
    unfold(page, "general")
    page.fill("#bio-properties-panel-key", "view")
    page.wait_for_selector("[data-issues] >> text=初步意见（opinion）”去掉了或改了字段名")
    page.wait_for_selector("[data-issues] >> text=不纳入的理由")  # whose condition reads it
    page.click("[data-act=undo]")
    page.wait_for_selector("[data-none]:not([hidden])")


@pytest.fixture
def colleague(site: Site, session: Any) -> Official:
    """Another owner."""
    with write(session):
        account = accounts.create(session, "liucheng2", "流乙", passwords.hash_password(PASSWORD), START)
        accounts.grant(session, account, "process_owner", "410000000000")
    return site.official("liucheng2")


def test_two_who_edit_the_same_form_are_told_and_nothing_is_lost(
    owner: Official, colleague: Official
) -> None:
    at = draft_of(owner, "两人", "identification")
    colleague.page.route("**/seen", lambda asked: asked.abort())  # it hears of others when it saves
    edit(owner.page, f"{at}/forms/notice")
    edit(colleague.page, f"{at}/forms/notice")
    keep(owner.page)
    colleague.page.click("[data-act=save]")
    colleague.page.wait_for_selector("text=您的修改还没有保存")
    colleague.page.fill("[data-notice] input", "我的通知表单")
    colleague.press("[data-notice] .btn-primary")
    assert "/forms/notice" in colleague.page.url and at not in colleague.page.url


def test_who_has_changed_nothing_is_told_that_another_has_saved(owner: Official, colleague: Official) -> None:
    at, asked = draft_of(owner, "两人看", "identification"), list[Route]()
    colleague.page.route("**/seen", lambda route: asked.append(route))
    edit(owner.page, f"{at}/forms/notice")
    edit(colleague.page, f"{at}/forms/notice")
    keep(owner.page)
    asked[0].continue_()
    colleague.page.wait_for_selector("text=这份草稿刚在别处保存过，您看到的不是最新的。")
    colleague.press("[data-notice] .btn-primary")
    colleague.page.wait_for_selector(".editor[data-state=ready]")
    assert not colleague.page.locator("[data-notice] .alert-warning", has_text="不是最新").count()


def test_files_are_taken_and_wrong_ones_are_refused_in_words(owner: Official, tmp_path: Path) -> None:
    at, page = draft_of(owner, "文件", "identification"), owner.page
    files = {
        "broken.json": b"{",
        "list.json": b"[]",
        "html.json": b'{"components": [{"type": "html"}]}',
        "large.json": b" " * 1_100_000,
        "deep.json": b'{"components":[{"type":"group","components":' * 20 + b"[]" + b"}]}" * 20,
    }
    edit(page, f"{at}/forms/notice")
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
        page.set_input_files("[data-upload]", str(tmp_path / name))
        page.wait_for_selector(f"[data-notice] >> text=“{name}”")
    good = ROOT / "forms_json" / "appraisal.json"
    page.set_input_files("[data-upload]", str(good))
    page.wait_for_selector("[data-loaded]")
    assert b"held_on" in stored(owner, f"{at}/forms/notice")
    edit(page, f"{at}/decisions/category")
    (tmp_path / "page.dmn").write_bytes(b"<html/>")
    page.set_input_files("[data-upload]", str(tmp_path / "page.dmn"))
    page.wait_for_selector("[data-notice] >> text=“page.dmn”不能用")


def test_on_a_phone_the_table_is_read_and_the_form_previewed(owner: Official) -> None:
    at, page = draft_of(owner, "手机", "identification"), owner.page
    page.set_viewport_size({"width": 360, "height": 740})
    for path, words in (
        ("/decisions/category", "人均纯收入不高于监测范围"),
        ("/forms/verification", "户类型"),
        ("", "新建表单或决策表"),
    ):
        page.goto(at + path)
        assert words in owner.text
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.goto(at + "/forms/verification")
    assert "请在电脑上打开" in owner.text
