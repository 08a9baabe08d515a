"""The pages as people use them: on a phone, in a hurry, many at once, on paper."""

from __future__ import annotations

import re

import pytest

from tests.support import papers
from tests.support.browser import Official, Site
from tests.support.world import World

NAME = "王建国"
TARGETS = (
    "main .btn, main summary, main .nav-link, main .chip, main select, main .form-control, main .choice, "
    "main .list tbody tr, .groups a, .tabbar a, .topbar button"
)
LOW = f"""[...document.querySelectorAll({TARGETS!r})].filter((node) => node.checkVisibility())
    .map((node) => [node.textContent.trim() || node.name, node.getBoundingClientRect().height])
    .filter(([, height]) => height > 1 && height < 44)"""
SHIFTS = """window.shifts = 0; new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
WEIGHT = """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .map((entry) => entry.transferSize).reduce((sum, size) => sum + size, 0)"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WRONG = r"""(document.querySelector("main").innerText.match(
    /\b(None|NaN|undefined|null|True|False)\b|\[object|\{[{%"]|\d{4}-\d\d-\d\d|Traceback/
) || [""])[0]"""
"""Texts that no official should read: a programme's values, days as programmes write them."""
LINKS = "[...document.querySelectorAll('a[href]')].map((link) => link.getAttribute('href'))"
FILES = re.compile(r"\.(xlsx|docx|pdf|zip|bpmn|sql)\b|as=|/files/")


def walk(official: Official, most: int = 40) -> list[str]:
    """What is wrong on the pages that an official comes to by links alone, one of each kind, on a phone."""
    page, troubles = official.page, list[str]()
    page.on("pageerror", lambda error: troubles.append(f"{page.url}: {error}"))
    page.on(
        "response",
        lambda answer: troubles.append(f"{answer.url}: {answer.status}") if not answer.ok else None,
    )
    page.set_viewport_size({"width": 360, "height": 740})
    waiting, kinds = ["/todo", "/more", "/bell"], set[str]()
    while waiting and len(kinds) < most:
        path = waiting.pop(0)
        kind = re.sub(r"\d+", "N", re.split(r"[?#]", path)[0])
        if kind in kinds or not path.startswith("/") or FILES.search(path):
            continue
        kinds.add(kind)
        official.go(path)
        wide, wrong, low = page.evaluate(WIDE), page.evaluate(WRONG), page.evaluate(LOW)
        troubles += [f"{path}: {one}" for one in (wide > 0 and f"{wide} too wide", wrong, *low) if one]
        waiting += page.evaluate(LINKS)
    return troubles


@pytest.mark.duty("C4")
def test_every_page_that_links_lead_to_is_whole_on_a_phone(site: Site, past: World) -> None:
    village = site.official("cun")
    past.finish(past.enter(), "verify", "cun")
    for username in ("cun", "xiang"):
        assert walk(site.official(username)) == [], username
    village.go("/todo")
    assert village.page.locator("nav.tabbar").is_visible()


@pytest.mark.duty("C4")
def test_the_inbox_is_light_and_stands_still(site: Site, past: World) -> None:
    village = site.official("cun")
    for name in ("王建国", "李秀英"):
        past.enter(name=name)
    village.page.context.new_cdp_session(village.page).send(
        "Network.setCacheDisabled", {"cacheDisabled": True}
    )
    village.page.add_init_script(SHIFTS)
    for width in (1280, 360):
        village.page.set_viewport_size({"width": width, "height": 740})
        village.go("/todo")
        village.page.wait_for_load_state("networkidle")
        assert 0 < village.page.evaluate(WEIGHT) <= 100 * 1024
        assert village.page.evaluate("window.shifts") == 0


@pytest.mark.duty("C4")
def test_a_phone_finishes_a_step(site: Site) -> None:
    village = site.official("cun")
    village.page.set_viewport_size({"width": 360, "height": 740})
    village.enter_clue(NAME)
    village.finish(NAME, "入户核实", "verification")
    assert village.steps_of(NAME) == ["签订承诺授权书"]


@pytest.mark.duty("R07", "C4")
def test_computed_and_conditional_fields_follow_while_typing(site: Site, past: World) -> None:
    village = site.official("cun")
    past.enter()
    village.open_task(NAME, "入户核实")
    village.fill({"members": papers.verification(site.day(0))["members"], "wage": 10000, "business": 5000})
    village.fill({"business_cost": 3000})
    computed = village.page.locator(".computed").all_inner_texts()
    assert any("12,000" in text for text in computed) and any("6,000" in text for text in computed)
    village.open_task(NAME, "入户核实")
    village.page.wait_for_selector("form[data-live]")
    opinion = village.page.locator('[name="opinion_reason"]')
    assert not opinion.is_visible()
    village.fill({"opinion": "not_suggest"})
    assert opinion.is_visible()


@pytest.mark.duty("C4")
def test_drafts_save_themselves(site: Site, past: World) -> None:
    village, colleague = site.official("cun"), site.official("cun2")
    past.enter()
    village.open_task(NAME, "入户核实")
    village.fill({"wage": 4321, "risk_text": "写到一半"})
    village.page.locator("#draft-state", has_text="已自动暂存").wait_for()
    village.open_task(NAME, "入户核实")
    assert village.page.input_value('[name="wage"]') == "4321"
    assert village.page.input_value('[name="risk_text"]') == "写到一半"
    colleague.open_task(NAME, "入户核实")
    assert colleague.page.input_value('[name="risk_text"]') == ""  # a draft is its writer's own


@pytest.mark.duty("C2")
def test_claim_reassign_and_withdraw(site: Site, past: World) -> None:
    village, colleague = site.official("cun"), site.official("cun2")
    past.enter()
    village.open_task(NAME, "入户核实")
    village.press("text=领办")
    assert "已领办" in village.said
    colleague.open_task(NAME, "入户核实")
    assert "正由村甲办理" in colleague.text and colleague.page.locator("form[data-live]").count() == 0
    village.page.locator('[name="account_id"]').select_option(label="村乙")
    village.press(village.page.locator("button", has_text="转办"))
    assert "已转办" in village.said
    colleague.finish(NAME, "入户核实", "verification", risk_text="村乙写的")
    colleague.go("/done")
    colleague.press(colleague.page.locator("table.list .subject a").first)
    colleague.press(colleague.page.locator("button", has_text="撤回"))
    colleague.page.wait_for_load_state()
    assert "已撤回“入户核实”" in colleague.said
    colleague.open_task(NAME, "入户核实")
    assert colleague.page.input_value('[name="risk_text"]') == "村乙写的"
    assert "已办结" in colleague.submit()


@pytest.mark.duty("R11", "C4")
def test_many_are_decided_in_one_act(site: Site, past: World) -> None:
    township = site.official("xiang")
    for name in ("王建国", "赵有田", "孙玉梅"):
        case = past.enter(name=name)
        past.finish(case, "verify", "cun")
        past.finish(case, "sign", "cun")
    township.go("/todo")
    township.press(township.page.locator("ul.groups a", has_text="统一报送比对"))
    township.page.check("[data-select-all]")
    assert township.page.locator("[data-selected]").inner_text() == "3"
    township.page.uncheck("table.list tbody tr:first-child input[name=id]")
    township.press("[data-bulk]")
    assert township.page.locator(".picks tbody tr").count() == 2
    township.fill({"batch": "202205-1", "submitted_on": site.day(1).isoformat()})
    township.press(township.page.locator("main .buttons .btn-primary"))
    assert "不能晚于今天" in township.text  # refused as a whole, nothing sent
    township.fill({"submitted_on": site.day(0).isoformat()})
    township.press(township.page.locator("main .buttons .btn-primary"))
    township.page.wait_for_load_state()
    assert "办结 2 件" in township.said
    assert township.todo_count("统一报送比对") == 1


@pytest.mark.duty("R10", "R12", "R13")
def test_papers_fit_a4_and_mask_numbers(site: Site, past: World) -> None:
    village = site.official("cun")
    case = past.enter()
    for step, who in (("verify", "cun"), ("sign", "cun"), ("submit_batch", "xiang"), ("appraise", "cun")):
        past.finish(case, step, who)
    village.open_task(NAME, "张贴公示")
    with village.page.context.expect_page() as opened:
        village.page.locator("a", has_text="打印公示").click()
    paper = opened.value.locator("article.paper").inner_text()
    assert (
        NAME in paper
        and "5 天" in paper.replace("5天", "5 天")
        and papers.id_number(papers.HEAD_ID) not in paper
    )
    opened.value.emulate_media(media="print")
    assert opened.value.evaluate(WIDE) <= 0
    assert _pages(village, opened.value.url) == 1
    case = village.open_case(NAME)
    assert _pages(village, f"{site.address}/cases/{case}/archive") >= 1
    assert papers.id_number(papers.HEAD_ID) not in village.text


def _pages(official: Official, url: str) -> int:
    """How many A4 sheets the browser prints."""
    page = official.page.context.new_page()
    page.goto(url)
    found = page.pdf(format="A4", prefer_css_page_size=True)
    page.close()
    return found.count(b"/Type /Page\n") or found.count(b"/Type /Page") - found.count(b"/Type /Pages")


def test_pages_work_without_a_script(site: Site) -> None:
    context = site.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.address + "/login")
    page.fill("#username", "cun")
    page.fill("#password", site.password)
    with page.expect_navigation():
        page.click("main button")
    site.official("cun").enter_clue(NAME)
    page.goto(site.address + "/todo")
    with page.expect_navigation():
        page.click("table.list .subject a")
    page.fill('[name="wage"]', "77")
    with page.expect_navigation():
        page.click("text=暂存")
    assert "已暂存" in page.locator("main").inner_text()
    assert page.input_value('[name="wage"]') == "77"
    context.close()
