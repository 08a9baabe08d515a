"""The desk: what is typed is never lost, nor anybody else's; a press is a press;
after one step the next is at hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support import papers
from tests.support.browser import FILE, Official, Site
from tests.support.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SAVED = "[data-draft-state]"
TEXT = "form[data-live] input[type=text]:visible, form[data-live] textarea:visible"


def verification(site: Site, name: str = "王建国") -> Official:
    """The village official at the first step of a new household."""
    village = site.official("cun")
    village.enter_clue(name)
    village.open_task(name, "入户核实")
    return village


def type_remark(page: Page, words: str) -> None:
    """Type into the first free text of the form."""
    page.locator(TEXT).first.fill(words)


def remark(page: Page) -> str:
    """What stands in it."""
    return page.locator(TEXT).first.input_value()


def second_window(site: Site, official: Official) -> Page:
    """The same person on another device: signed in, with a browser of its own."""
    context = site.browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN", is_mobile=True)
    context.add_cookies([dict(one) for one in official.page.context.cookies()])  # type: ignore[misc]
    return context.new_page()


def kept(page: Page) -> dict[str, str]:
    """What the browser holds of drafts."""
    found: dict[str, str] = page.evaluate(
        "() => Object.fromEntries(Object.entries({...localStorage, ...sessionStorage}).filter(([n]) => "
        "n.startsWith('draft:')))"
    )
    return found


def offline(context: BrowserContext, *, on: bool = True) -> None:
    context.set_offline(on)


class Late:
    """An application that answers a draft together with the step that was sent after it."""

    def __init__(self, inner: WSGIApplication) -> None:
        self.inner, self.under_way, self.step_done = inner, Event(), Event()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        answer = self.inner(environ, start)
        if environ["PATH_INFO"].endswith("/draft"):
            self.under_way.set()
            assert self.step_done.wait(20)
        elif environ["REQUEST_METHOD"] == "POST":
            self.step_done.set()
        return answer


def test_a_draft_that_is_answered_late_takes_nothing_away_that_was_said(site: Site, server: Server) -> None:
    village, late = verification(site), Late(server.app.wsgi_app)
    with patch.object(server.app, "wsgi_app", late):
        village.fill(papers.paper("verification", site.now.date(), FILE))
        assert late.under_way.wait(20)
        assert "“入户核实”已办结" in village.submit()


def test_of_two_copies_the_person_chooses_and_the_page_says_when_and_where(site: Site) -> None:
    village = verification(site)
    pc, phone = village.page, second_window(site, village)
    phone.goto(pc.url)
    type_remark(phone, "手机上填的")
    expect(phone.locator(SAVED)).to_contain_text("已自动暂存")
    type_remark(pc, "电脑上填的")
    note = pc.locator(".draft-note")
    expect(note).to_contain_text("用哪一份")
    expect(note).to_contain_text("在")
    phone.reload()
    assert remark(phone) == "手机上填的", "nothing was replaced unasked"
    note.locator("button", has_text="用本机这一份").click()
    expect(pc.locator(SAVED)).to_contain_text("已自动暂存")
    phone.reload()
    assert remark(phone) == "电脑上填的"
    phone.context.close()


def test_what_was_typed_without_a_network_asks_before_it_covers_newer_work(site: Site) -> None:
    village = verification(site)
    pc, phone = village.page, second_window(site, village)
    address = pc.url
    phone.goto(address)
    offline(phone.context)
    type_remark(phone, "路上填的")
    expect(phone.locator(SAVED)).to_contain_text("已保存在本机")
    type_remark(pc, "办公室填的")
    expect(pc.locator(SAVED)).to_contain_text("已自动暂存")
    offline(phone.context, on=False)
    phone.goto(address)
    expect(phone.locator(".draft-note")).to_contain_text("用哪一份")
    assert remark(phone) == "办公室填的"
    phone.locator(".draft-note button", has_text="用本机这一份").click()
    expect(phone.locator(TEXT).first).to_have_value("路上填的")
    phone.context.close()


def test_a_copy_in_the_browser_is_the_accounts_own_and_unreadable(site: Site) -> None:
    village = verification(site)
    page = village.page
    offline(page.context)
    type_remark(page, "419901199001011234 的情况")
    expect(page.locator(SAVED)).to_contain_text("已保存在本机")
    copies = kept(page)
    assert copies and not any("419901199001011234" in body for body in copies.values())
    offline(page.context, on=False)
    page.context.clear_cookies()
    page.goto(site.address + "/login")
    page.fill("#username", "cun2")
    page.fill("#password", site.password)
    village.press("main button")
    assert kept(page) == {}, "another person signed in"


def test_leaving_takes_every_copy_along(site: Site) -> None:
    village = verification(site)
    page = village.page
    offline(page.context)
    type_remark(page, "没有传上去的")
    expect(page.locator(SAVED)).to_contain_text("已保存在本机")
    offline(page.context, on=False)
    village.press("form[data-leave] button")
    assert kept(page) == {}


@pytest.mark.parametrize("form", ["clue", "return"])
def test_every_form_keeps_what_was_typed_over_the_end_of_the_session(site: Site, form: str) -> None:
    village = site.official("cun")
    page, field = village.page, "[name=description]"
    if form == "return":
        village.enter_clue("李四")
        village.finish("李四", "入户核实", "verification")
        village.open_task("李四", "签订承诺授权书")
        village.press(page.locator(".buttons a", has_text="退回"))
        field = "#reason"
    else:
        village.go("/clues/new")
    address = page.url
    page.fill(field, "写了很久的一段话")
    page.wait_for_function("() => Object.keys(localStorage).some((name) => name.startsWith('draft:'))")
    page.context.clear_cookies()
    village.press("main form[method=post] .btn-primary")
    village.go("/login")
    village.sign_in()
    page.goto(address)
    expect(page.locator(field)).to_have_value("写了很久的一段话")
    expect(page.locator(".draft-note")).to_contain_text("已恢复")


def test_a_question_answered_with_no_leaves_the_page_alive(site: Site) -> None:
    village = verification(site)
    page = village.page
    page.evaluate(
        "() => document.querySelector('form[data-live] .btn-primary').dataset.confirm = '确定提交？'"
    )
    page.evaluate("() => { window.asked = 0; window.confirm = () => (window.asked += 1) > 1; }")
    page.locator("form[data-live] .buttons .btn-primary").click()
    assert page.evaluate("window.asked") == 1
    village.press("form[data-live] .buttons .btn-primary")
    assert "需要更正" in village.text


def test_a_request_that_came_to_nothing_leaves_the_page_alive(site: Site) -> None:
    village = verification(site)
    page = village.page
    blocked: list[Any] = []
    page.route("**/tasks/*", lambda route: (blocked.append(1), route.abort()))
    page.locator("form[data-live] .buttons .btn-primary").click()
    page.wait_for_function(
        "() => location.protocol === 'chrome-error:' || document.querySelector('form[data-live]')"
    )
    page.unroute("**/tasks/*")
    if "chrome-error" in page.url:
        page.go_back()
    page.wait_for_selector("form[data-live]")
    page.wait_for_timeout(4100)
    village.press("form[data-live] .buttons .btn-primary")
    assert blocked and "需要更正" in village.text


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_the_page_does_moves_what_is_being_pressed(site: Site, width: int) -> None:
    village = verification(site)
    page = village.page
    page.set_viewport_size({"width": width, "height": 800})
    gliding = page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")
    assert gliding == "auto", "a page that glides moves what is pressed"
    button = page.locator("form[data-live] .buttons .btn-primary")
    button.scroll_into_view_if_needed()
    type_remark(page, "正要提交")
    before = button.bounding_box()
    assert before is not None
    page.mouse.move(before["x"] + 10, before["y"] + 10)
    page.mouse.down()
    page.evaluate(
        """() => {
          const form = document.querySelector('form[data-live]');
          for (const box of form.querySelectorAll('input[type=checkbox], input[type=radio]')) box.click();
        }"""
    )
    page.wait_for_timeout(2000)
    held = button.bounding_box()
    assert held == before, "neither a folded-out field nor the words of the autosave moved the button"
    with page.expect_navigation():
        page.mouse.up()


def test_the_words_of_the_autosave_have_their_place(site: Site) -> None:
    village = verification(site)
    page = village.page
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.reload()
        button = page.locator("form[data-live] .buttons .btn-primary")
        before = button.bounding_box()
        page.evaluate("() => (document.querySelector('[data-draft-state]').textContent = '已自动暂存 10:05')")
        assert button.bounding_box() == before


def test_enter_goes_to_the_next_field(site: Site) -> None:
    village = verification(site)
    page = village.page
    numbers = page.locator(
        "form[data-live] input[inputmode=decimal], form[data-live] input[inputmode=numeric]"
    )
    first = numbers.first
    first.focus()
    first.press("Enter")
    assert "/tasks/" in page.url and not village.said
    assert first.evaluate("node => node !== document.activeElement")


@pytest.mark.duty("C4")
def test_after_a_step_the_list_is_as_it_was_and_offers_what_comes_next(site: Site) -> None:
    village = site.official("cun")
    for name, number in (("甲一", papers.HEAD_ID), ("乙二五", "41990119820315302")):
        assert "开始办理" in village.enter_clue(name, id_number=papers.id_number(number))
    village.go("/todo?step=identification:verify&sort=opened")
    village.press(village.page.locator("table.list .subject a").first)
    data = papers.paper("verification", site.now.date(), FILE)
    village.fill({key: value for key, value in data.items() if value is not None})
    assert "已办结" in village.submit()
    assert "step=identification" in village.page.url and "sort=opened" in village.page.url
    offered = village.page.locator(".going-on").inner_text()
    assert "下一件" in offered and "继续办" in offered
    village.press(village.page.locator(".going-on a", has_text="继续办"))
    assert "签订承诺授权书" in village.text
