"""Procedures changed in the browser by drawing them: nothing is lost, wrong drawings are told,
two people do not collide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords
from engine.flow.check.draft import Draft
from engine.flow.check.names import known_variables
from engine.flow.diagram import xml as x
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.machine.definition import Definition
from engine.ground.database import create_engine, session_factory, write
from tests.support.browser import Official, Site
from tests.support.drawing import draw, new_draft, pick, put, saved, stored
from tests.support.drawings import differences, said
from tests.support.template import PASSWORD, START

ROOT = Path(__file__).parents[2]
NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_bytes()
OFFERED = "document.querySelector('[data-modeler]').names()"
DATA = Path(__file__).parents[1] / "data"
FOREIGN, PICTURES = DATA / "foreign.bpmn", DATA / "pictures.bpmn"


@pytest.fixture
def owner(site: Site) -> Official:
    """A process owner."""
    return site.official("liucheng")


@pytest.fixture
def colleague(site: Site, sqlite_url: str) -> Iterator[Official]:
    """Another process owner."""
    engine = create_engine(sqlite_url)
    with session_factory(engine)() as session, write(session):
        account = accounts.create(session, "liucheng2", "流乙", passwords.hash_password(PASSWORD), START)
        accounts.grant(session, account, "process_owner", "410000000000")
    engine.dispose()
    yield site.official("liucheng2")


@pytest.mark.duty("C1")
def test_a_diagram_opened_and_saved_loses_nothing(owner: Official) -> None:
    for path in [*sorted((ROOT / "bpmn").glob("*.bpmn")), FOREIGN, PICTURES]:
        at = new_draft(owner, f"往返 {path.stem}", file=path)
        saved(owner.page)
        assert differences(said(path.read_bytes()), said(stored(owner, at))) == [], path.stem
        assert remarks(path.read_bytes()) == remarks(stored(owner, at)), path.stem
        missing = owner.page.evaluate("[...document.querySelector('[data-modeler]').untranslated]")
        assert missing == [], missing
    broken = NOTICE.replace(b", 5)</bpmn", b", 6)</bpmn")
    assert len(differences(said(NOTICE), said(broken))) == 1


@pytest.mark.duty("C1")
def test_what_the_drawing_cannot_read_of_a_foreign_file_is_named_and_asked_before_a_save(
    owner: Official,
) -> None:
    path = DATA / "foreign_two_pictures.bpmn"
    at, page = new_draft(owner, "外来的图", file=path), owner.page
    told = page.locator("[data-notice]").inner_text()
    assert "读不懂" in told and "走访超期" in told and "“单独的一步”的图形" in told, told
    assert stored(owner, at) == path.read_bytes()
    pick(page, "begin")
    page.fill("[data-field=name]", "收到线索")
    page.press("[data-field=name]", "Tab")
    page.wait_for_selector("text=没有保存：")
    assert stored(owner, at) == path.read_bytes()
    page.click("text=仍然保存")
    saved(page)
    assert "收到线索" in stored(owner, at).decode()
    page.reload()
    page.wait_for_selector("[data-modeler][data-state=ready]")
    assert "读不懂" not in page.locator("[data-notice]").inner_text()


def remarks(body: bytes) -> list[bytes]:
    """The comments and processing instructions, of which the drawing shows nothing."""
    return re.findall(rb"<!--.*?-->|<\?(?!xml )[^>]*\?>", body)


@pytest.mark.duty("C1")
def test_what_the_drawing_cannot_keep_is_told_before_it_is_given_up(owner: Official, tmp_path: Path) -> None:
    path = tmp_path / "places.bpmn"  # as MID Innovator writes: places as children of no namespace
    path.write_bytes(
        PICTURES.read_bytes().replace(
            b'<bpmn:startEvent id="begin" name="\xe5\xbc\x80\xe5\xa7\x8b">',
            b'<bpmn:startEvent id="begin" name="\xe5\xbc\x80\xe5\xa7\x8b"><geometry xmlns="" x="1"/>',
        )
    )
    at, page = new_draft(owner, "别处画的", file=path), owner.page
    page.click("[data-act=save]")
    page.wait_for_selector("[data-notice] >> text=“开始”的 geometry")
    assert b"<geometry" in stored(owner, at)
    page.click("[data-notice] >> text=仍然保存")
    page.wait_for_selector("[data-saved][data-state=saved]")
    assert b"<geometry" not in stored(owner, at) and not page.locator("[data-notice] .alert-danger").count()


@pytest.mark.duty("C1", "R10")
def test_a_limit_is_changed_through_the_panel_undone_and_done_again(owner: Official) -> None:
    at, page = new_draft(owner, "公示改为7天", "public_notice"), owner.page
    pick(page, "notice_over")
    assert "5 天，自“张贴公示：张贴日期”之日起" in page.inner_text("[data-panel]")
    page.fill("[data-field='limit:count']", "7")
    page.fill("[data-field=name]", "公示满7天")
    page.press("[data-field=name]", "Tab")
    page.wait_for_selector("text=7 天，自“张贴公示：张贴日期”之日起")
    page.wait_for_selector("[data-saved][data-state=saved]")
    assert b"days after(notice.posted_on, 7)" in stored(owner, at)
    page.click("[data-act=undo]")
    page.click("[data-act=undo]")
    saved(page)
    assert differences(said(NOTICE), said(stored(owner, at))) == []
    page.click("[data-act=redo]")
    page.click("[data-act=redo]")
    saved(page)
    changes = [one for one in differences(said(NOTICE), said(stored(owner, at))) if "/BPMNDiagram" not in one]
    assert len(changes) == 2 and "公示满7天" in changes[0] and "posted_on, 7)" in changes[1]
    owner.go("/drafts")
    assert "公示改为7天" in owner.text and "公示与异议" in owner.text


@pytest.mark.duty("C1")
def test_two_who_draw_the_same_draft_are_told_and_nothing_is_lost(
    owner: Official, colleague: Official
) -> None:
    at = new_draft(owner, "公示改期", "public_notice")
    draw(colleague.page, at)
    colleague.page.wait_for_selector("text=流甲也在修改这份草稿")
    pick(owner.page, "notice_over")
    owner.page.fill("[data-field='limit:count']", "7")
    saved(owner.page)
    pick(colleague.page, "notice_over")
    colleague.page.fill("[data-field='limit:count']", "9")
    colleague.page.press("[data-field='limit:count']", "Tab")
    colleague.page.wait_for_selector("text=您的修改还没有保存")
    colleague.page.fill("[data-notice] input", "公示改为9天")
    colleague.press("[data-notice] .btn-primary")
    mine, theirs = stored(owner, at), stored(colleague, colleague.page.url.removesuffix("/diagram"))
    assert b"posted_on, 7)" in mine and b"posted_on, 9)" in theirs


@pytest.mark.duty("C1")
def test_conditions_services_and_forms_are_chosen_not_typed(owner: Official) -> None:
    at, page = new_draft(owner, "换条件", "public_notice"), owner.page
    pick(page, "flow_objection_decided__notice_changed")
    assert (
        page.locator("[data-field='condition:key'] option:checked").inner_text()
        == "“登记异议结论”的结果：outcome"
    )
    page.click("text=用表达式写")
    page.fill("[data-field=condition]", "objection_finding.outcome = ")
    page.wait_for_selector(".wrong:not(:empty)")
    page.fill("[data-field=condition]", "objection_f")
    page.wait_for_selector(".names li")
    page.press("[data-field=condition]", "Enter")
    assert page.input_value("[data-field=condition]").startswith("objection_finding.")
    page.fill("[data-field=condition]", 'objection_finding.outcome = "open(1)" and __import__("os")')
    page.press("[data-field=condition]", "Tab")
    page.wait_for_selector("[data-counter].grave")
    page.click("[data-counter]")
    page.click("[data-issues] li.error button >> nth=0")
    assert page.locator(".issue-mark.grave").count() >= 1
    pick(page, "open_notice")
    assert page.locator("[data-field=service] option:checked").inner_text() == "公示开始（notice.open）"
    saved(page)
    assert b"__import__" in stored(owner, at)  # a draft may be wrong: only what is put into force may not


# a sign and what is typed or chosen for a field of each type, and how the condition is then written
WRITTEN = {
    "textfield": ("!=", "3", '{key} != "3"'),
    "number": (">", "6900", "{key} &gt; 6900"),
    "datetime": ("<", "2022-06-01", '{key} &lt; date("2022-06-01")'),
    "checkbox": ("=", "true", "{key} = true"),
    "checklist": ("hasn't", "", "not(list contains({key}, {value}))"),
    "radio": ("!=", "", "{key} != {value}"),
}


@pytest.mark.duty("C1")
def test_a_condition_is_written_by_the_fields_type_and_another_field_stays_chosen(owner: Official) -> None:
    """A text has quotation marks, a date is a date; what is half chosen stands before what is written."""
    at, page = new_draft(owner, "按类型写条件", "identification"), owner.page
    page.click("[data-act=fit]")
    for key, component in one_of_each_type(page.evaluate(OFFERED)).items():
        sign, typed, written = WRITTEN[component["type"]]
        pick(page, "flow_appraised__notice")
        page.select_option("[data-field='condition:key']", key)
        expect(page.locator("[data-field='condition:value']")).to_have_value("")
        expect(page.locator("[data-field='condition:key']")).to_have_value(key)
        offered = page.locator("[data-field='condition:sign'] option").evaluate_all(
            "all => all.map((one) => one.value)"
        )
        assert sign in offered, (key, component, offered)
        page.select_option("[data-field='condition:sign']", sign)
        box = page.locator("[data-field='condition:value']")
        value = f'"{component["values"][0]["value"]}"' if component.get("values") else typed
        if component.get("values") or component["type"] == "checkbox":
            box.select_option(value)
        else:
            box.fill(value)
            box.press("Tab")
        saved(page)
        assert written.format(key=key, value=value).encode() in stored(owner, at), key
        pick(page, "appraise")
        pick(page, "flow_appraised__notice")
        expect(page.locator("[data-field='condition:sign']")).to_have_value(sign)


def one_of_each_type(names: list[str]) -> dict[str, Mapping[str, Any]]:
    """Of the names that the panel offers, the first field of each type that conditions can be chosen for."""
    root = x.parse_xml((ROOT / "bpmn" / "identification.bpmn").read_bytes())
    known = known_variables(Draft(root, read_resources(ROOT)))
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name in names:
        variable, _, key = name.partition(".")
        component = known[variable].keys.get(key) if variable in known else None
        if component is not None and component["type"] in WRITTEN:
            found.setdefault(component["type"], (name, component))
    assert found.keys() >= {"textfield", "datetime", "radio"}
    return dict(found.values())


@pytest.mark.duty("C1")
def test_the_panel_edits_every_property_and_offers_every_name_that_the_procedures_use(
    owner: Official,
) -> None:
    resources, seen = read_resources(ROOT), set[tuple[str, str]]()
    for path in sorted((ROOT / "bpmn").glob("*.bpmn")):
        root = x.parse_xml(path.read_bytes())
        new_draft(owner, f"名字 {path.stem}", file=path)
        owner.page.click("[data-act=fit]")
        offered, variables = set(owner.page.evaluate(OFFERED)), known_variables(Draft(root, resources))
        for name, variable in variables.items():
            assert {f"{name}.{key}" for key in variable.keys} <= offered, (path.stem, name)
            assert variable.keys or name in offered, (path.stem, name)
        for node in root.iter(f"{{{x.BPMN}}}*"):
            found = {(x.local(node), name) for name in x.properties(node) if not name.startswith("set:")}
            if found - seen:
                seen |= found
                pools = {
                    pool.get("processRef"): pool.get("id", "") for pool in x.descendants(root, "participant")
                }
                pick(owner.page, node.get("id", ""), drawn_as=pools.get(node.get("id")))
                for _, name in found:
                    assert owner.page.locator(f"[data-field='{name}'], [data-field^='{name}:']").count(), (
                        node,
                        name,
                    )
                    assert not owner.page.locator(f"[data-field='{name}:name']").count(), (
                        node.get("id"),
                        name,
                    )


def test_a_file_replaces_the_drawing_and_a_broken_one_does_not(owner: Official, tmp_path: Path) -> None:
    at, page = new_draft(owner, "换图", "public_notice"), owner.page
    good, bad = tmp_path / "good.bpmn", tmp_path / "bad.bpmn"
    good.write_bytes(NOTICE.replace(b", 5)", b", 8)"))
    bad.write_text("<html>not a diagram</html>")
    page.set_input_files("[data-upload]", str(bad))
    page.wait_for_selector("text=没有换成“bad.bpmn”：这不是能打开的流程图")
    page.set_input_files("[data-upload]", str(ROOT / "bpmn" / "review_and_approval.bpmn"))
    page.wait_for_selector("text=文件里的流程编号是“review_and_approval”")
    assert page.locator(".djs-element[data-element-id=notice_over]").count() == 1
    page.set_input_files("[data-upload]", str(good))
    page.wait_for_selector("[data-loaded]")
    saved(page)
    assert b", 8)" in stored(owner, at)


def test_on_a_phone_the_steps_are_listed_and_drawing_is_said_to_need_a_computer(owner: Official) -> None:
    at, page = new_draft(owner, "手机", "public_notice"), owner.page
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/diagram", ""):
        page.goto(at + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto(at + "/diagram")
    assert "请在电脑上打开" in owner.text and "张贴公示" in owner.text
    page.wait_for_selector("[data-picture][data-state=ready]")
    step = page.locator("[data-picture] [data-element-id=post_notice]").first.bounding_box()
    assert step is not None and step["width"] >= 60, "large enough to be read"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    owner.go("/drafts")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_palette_and_menus_speak_chinese_and_offer_only_what_runs(owner: Official) -> None:
    at, page = new_draft(owner, "元素", "identification"), owner.page
    assert page.locator(".djs-palette [data-action^='create.']").count() == 12
    text = stored(owner, at).decode()
    page.click("[data-act=fit]")
    for kind in (
        "userTask",
        "serviceTask",
        "businessRuleTask",
        "callActivity",
        "exclusiveGateway",
        "boundaryEvent",
        "endEvent",
    ):
        found = re.search(rf'<bpmn:{kind} id="(\w+)"', text)
        assert found is not None
        pick(page, found[1])
        page.click(".djs-context-pad [data-action=replace]")
        menu = page.inner_text(".djs-popup")
        assert not re.search(r"[A-Za-z]{3}", menu), menu
        page.keyboard.press("Escape")
    titles = page.eval_on_selector_all(
        ".djs-palette .entry, .djs-context-pad .entry", "all => all.map(one => one.title)"
    )
    assert not any(re.search(r"[A-Za-z]{3}", title) for title in titles), titles
    missing = page.evaluate("[...document.querySelector('[data-modeler]').untranslated]")
    assert missing == [], missing


@pytest.mark.duty("C1")
def test_a_new_procedure_is_drawn_from_nothing(owner: Official) -> None:
    at, page = new_draft(owner, "临时救助"), owner.page
    blank = stored(owner, at)
    key = re.search(r'<bpmn:process id="(\w+)"', blank.decode())
    assert key is not None
    step = f"{key[1]}_step"
    pick(page, step)
    page.fill("[data-field=name]", "逐人走访")
    page.fill("[data-field=instructions]", "每个成员走访一次")
    page.select_option("[data-field='loop:kind']", "turn")
    page.locator("[data-field='loop:loopDataInputRef']").fill('["户主", "配偶"]')
    page.locator("[data-field='loop:inputDataItem']").fill("person")
    page.locator("[data-field='loop:inputDataItem']").press("Tab")
    put(page, "create.timer", 450, 240)  # on the lower edge of the step: a limit
    page.wait_for_selector("[data-panel] >> text=步骤上的事件")
    page.select_option("[data-field='limit:kind']", "lasting")
    page.uncheck("[data-field=interrupting]")
    page.fill("[data-field='limit:count']", "10")
    page.fill("[data-field=warnDays]", "3")
    page.fill("[data-field=name]", "满10天")
    limit = page.get_attribute("[data-panel]", "data-of")
    put(page, "create.end", 560, 290)
    page.wait_for_selector("[data-panel] >> text=结果的代号")
    page.fill("[data-field=name]", "已提醒")
    page.fill("[data-field=outcome]", "reminded")
    end = page.get_attribute("[data-panel]", "data-of")
    page.click(".djs-palette [data-action=global-connect-tool]")
    for one in (limit, end):
        page.locator(f".djs-element[data-element-id={one}] > .djs-hit").first.click(force=True)
    page.wait_for_selector("[data-counter][data-state=ready]:has-text('没有问题')")
    saved(page)
    definition = Definition(stored(owner, at), Resources())
    visit, timer = definition.elements[step], definition.elements[str(limit)]
    assert (visit.name, visit.instructions, visit.repeats) == ("逐人走访", "每个成员走访一次", True)
    assert (timer.attached_to, timer.timer, timer.cancel_activity) == (step, "P10D", False)
    assert (
        timer.properties["warnDays"] == "3"
        and definition.elements[str(end)].properties["outcome"] == "reminded"
    )
    assert b">[" in stored(owner, at)  # the list is kept as it was written
    draw(page, at)
    pick(page, step)
    assert page.input_value("[data-field='loop:loopDataInputRef']") == '["户主", "配偶"]'
    for _ in range(20):
        page.keyboard.press("Control+z")
    missing = page.evaluate("[...document.querySelector('[data-modeler]').untranslated]")
    assert missing == [], missing


@pytest.mark.duty("C1")
def test_services_decisions_parts_and_free_properties_are_set_in_the_panel(owner: Official) -> None:
    at, page = new_draft(owner, "改参数", "identification"), owner.page
    ids = {
        kind: re.search(rf'<bpmn:{kind} id="(\w+)"', stored(owner, at).decode())
        for kind in ("callActivity", "businessRuleTask")
    }
    decision, call = ids["businessRuleTask"], ids["callActivity"]
    assert decision is not None and call is not None
    page.click("[data-act=fit]")
    pick(page, decision[1])
    page.fill("[data-field=resultVariable]", "advice")
    page.click("summary:has-text('编号和其他属性')")
    page.fill("[data-field='new:name']", "own")
    page.fill("[data-field='new:value']", "甲")
    page.press("[data-field='new:value']", "Tab")
    pick(page, "clue_found")
    page.check("[data-field='opensFor:monitored']")
    saved(page)
    found = Definition(stored(owner, at), Resources()).elements
    assert found[decision[1]].properties["resultVariable"] == "advice"
    assert found[decision[1]].properties["own"] == "甲"
    assert "monitored" in found["clue_found"].properties["opensFor"]
    pick(page, decision[1])
    page.click("[data-field='own:value'] + .drop")
    saved(page)
    assert "own" not in Definition(stored(owner, at), Resources()).elements[decision[1]].properties
