"""Limits drawn anew in the panel, and drawings that outlive the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import Official, Site
from tests.support.drawing import draw, new_draft, pick, put, saved, stored


@pytest.fixture
def owner(site: Site) -> Official:
    """A process owner."""
    return site.official("liucheng")


@pytest.mark.duty("C1", "C5")
@pytest.mark.parametrize("kind, text", [("days", "days after"), ("workdays", "workdays after")])
def test_a_limit_counted_from_a_day_is_written_in_the_panel(owner: Official, kind: str, text: str) -> None:
    at, page = new_draft(owner, "公示另定期限", "public_notice"), owner.page
    pick(page, "notice_over")
    page.select_option("[data-field='limit:kind']", "lasting")
    saved(page)
    page.select_option("[data-field='limit:kind']", kind)
    expect(page.locator("[data-field='limit:from']")).to_be_visible()
    count = page.locator("[data-field='limit:count']")
    count.fill("7")
    count.press("Tab")
    page.wait_for_timeout(300)
    expect(count).to_have_value("7")  # the count is kept while the day is not chosen yet
    page.select_option("[data-field='limit:from']", "notice.posted_on")
    saved(page)
    assert f"{text}(notice.posted_on, 7)".encode() in stored(owner, at)


TYPED_AT_ONCE = """() => {
  const at = (name) => document.querySelector(`[data-panel] [data-field="${name}"]`);
  const type = (control, text) => {
    control.focus();
    document.execCommand("selectAll");
    document.execCommand("insertText", false, text);
  };
  type(at("name"), "公示满期");
  type(at("limit:count"), "9"); // leaving the name redraws; the panel is drawn anew only after this
}"""


@pytest.mark.duty("C1")
def test_keys_that_come_before_the_panel_is_drawn_anew_are_not_lost(owner: Official) -> None:
    at, page = new_draft(owner, "边改边画", "public_notice"), owner.page
    pick(page, "notice_over")
    page.evaluate(TYPED_AT_ONCE)
    expect(page.locator(".panel-head strong")).to_have_text("公示满期")  # drawn anew
    count = page.locator("[data-field='limit:count']")
    expect(count).to_be_focused()
    expect(count).to_have_value("9")
    page.keyboard.press("Tab")
    saved(page)
    assert b"days after(notice.posted_on, 9)" in stored(owner, at)
    pick(page, "post_notice")
    page.fill("[data-field=instructions]", "张贴三份")
    pick(page, "objection_raised")  # what was typed belongs to the step that was shown
    saved(page)
    assert "张贴三份".encode() in stored(owner, at)


@pytest.mark.duty("R10", "C1")
def test_what_says_another_number_of_days_is_changed_by_a_button_and_undone(owner: Official) -> None:
    at, page = new_draft(owner, "公示七天", "public_notice"), owner.page
    pick(page, "notice_over")
    page.fill("[data-field='limit:count']", "7")
    page.press("[data-field='limit:count']", "Tab")
    page.click("[data-counter]")
    cure, ready = page.locator("[data-issues] button.cure"), page.locator("[data-counter][data-state=ready]")
    expect(cure.first).to_be_visible()
    for left in range(cure.count() - 1, -1, -1):
        cure.first.click()
        expect(cure).to_have_count(left)
        expect(ready).to_be_visible()
    saved(page)
    text = stored(owner, at).decode()
    assert 'name="公示满7天"' in text and "days after(notice.posted_on, 7)" in text
    page.click("[data-act=undo]")
    expect(cure).to_have_count(1)


@pytest.mark.duty("R15")
def test_a_limit_put_on_a_step_does_not_interrupt_it(owner: Official) -> None:
    at, page = new_draft(owner, "临时救助"), owner.page
    put(page, "create.timer", 450, 240)  # on the lower edge of the step
    page.wait_for_selector("[data-panel] >> text=步骤上的事件")
    expect(page.locator("[data-field=interrupting]")).not_to_be_checked()
    saved(page)
    assert b'cancelActivity="false"' in stored(owner, at)


@pytest.mark.duty("C5")
def test_steady_drawing_is_saved_all_the_same_and_a_dead_browser_loses_nothing(
    site: Site, owner: Official
) -> None:
    at, page = new_draft(owner, "公示改名", "public_notice"), owner.page
    pick(page, "notice_over")
    saves: list[str] = []
    page.on(
        "request",
        lambda one: saves.append(one.url) if one.method == "POST" and "/diagram" in one.url else None,
    )
    for number in range(14):  # never a pause long enough for the autosave that waits for one
        page.fill("[data-field=name]", f"第{number}次改名")
        page.press("[data-field=name]", "Tab")
        page.wait_for_timeout(600)
        if saves:
            break
    assert saves, "saved in the middle of steady drawing"
    saved(page)
    page.route(
        "**/diagram", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    page.fill("[data-field=name]", "还没有保存的名字")
    page.press("[data-field=name]", "Tab")
    page.wait_for_function("() => Object.keys(localStorage).some((name) => name.startsWith('draft:'))")
    page.wait_for_timeout(500)
    page.unroute("**/diagram")
    again = page.context.new_page()
    page.close(run_before_unload=False)
    owner.page = again
    draw(again, at)
    assert "还没有保存的名字".encode() not in stored(owner, at)
    with again.expect_navigation():
        again.click("[data-notice] button >> text=恢复")
    again.wait_for_selector("[data-modeler][data-state=ready]")
    assert "还没有保存的名字".encode() in stored(owner, at)
