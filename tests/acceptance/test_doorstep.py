"""Screening at the door, on a telephone: without a network, with a wrong clock, after a kill (R03)."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Playwright, Request, expect
from sqlalchemy import select

from engine.ground.database import write
from engine.prevention.models import Campaign, Household, Screening, ScreeningPaper
from tests.acceptance.test_print import photo
from tests.support import papers
from tests.support import screening as s
from tests.support.browser import Site
from tests.support.server import FLAGS
from tests.support.template import OTHER_VILLAGE
from tests.support.world import World
from web.pages.prevention import doorstep

PHONE = {"width": 360, "height": 740}
SAID = {"assured": "yes", "above_line": "yes", "declares": "no"}
"""What the register does not know of the households here."""


class Telephone:
    """An investigator's phone with the village's list on it."""

    def __init__(self, site: Site, username: str, page: Page | None = None) -> None:
        self.site, self.official = site, site.official(username)
        self.page: Page = page or self.official.page
        self.context: BrowserContext = self.page.context
        self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        self.posted: list[Any] = []
        self.page.on("request", self._listen)

    def _listen(self, request: Request) -> None:
        if request.url.endswith("/phone/entries"):
            self.posted.append(request.post_data_json)

    def open(self) -> None:
        """The page, and the list of the village on the phone."""
        self.page.goto(f"{self.site.address}/screening/phone/")
        self.page.evaluate("navigator.serviceWorker.ready")
        self.page.locator(".places button").first.click()
        self.page.locator(".household").first.wait_for()

    def visit(self, head: str, **chosen: str) -> None:
        """Enter a household: what is not `chosen` stands as it is; both signatures are drawn."""
        self.page.locator(".household", has_text=head).first.click()
        self.answer(**chosen)

    def answer(self, **chosen: str) -> None:
        """Fill in what nobody knew, sign, keep."""
        for name, value in {**SAID, **chosen}.items():
            self.page.locator(f"input[name={name}][value={value}]").check()
        blank = self.page.locator(".signature-sheet:visible:not(.signed)")
        while blank.count():
            self.sign(blank.first)
        self.keep()

    def keep(self) -> None:
        """Press 存好."""
        self.page.get_by_role("button", name="存好").click()
        self.page.locator("[data-notice]", has_text="存好了").wait_for()

    def sign(self, pad: Any) -> None:
        """Draw something on a pad."""
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        self.page.mouse.move(box["x"] + 30, box["y"] + 30)
        self.page.mouse.down()
        for step in range(1, 8):
            self.page.mouse.move(box["x"] + 30 + 20 * step, box["y"] + 30 + 15 * (step % 3))
        self.page.mouse.up()

    def photograph(self) -> None:
        """Take a photo."""
        given = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(size=(640, 480))}
        self.page.set_input_files(".photographing input", files=[given])  # type: ignore[list-item]
        self.page.locator(".photos img").wait_for()

    def standing(self, head: str) -> str:
        """What the list says of a household."""
        found = self.page.locator(".household", has_text=head).locator(".standing")
        expect(found).not_to_be_empty()
        return found.text_content() or ""  # rows further down are not painted yet

    @property
    def unsent(self) -> str:
        """What the pill says."""
        return self.page.locator("[data-unsent]").inner_text()

    def sent(self) -> None:
        """Wait until nothing is unsent: what finds no network yet goes again after a pause."""
        expect(self.page.locator("[data-unsent]")).to_have_text("都已上报", timeout=20_000)


@pytest.fixture
def campaign(past: World) -> Campaign:
    """An open campaign, and five households of the village."""
    found = s.opened(past)
    s.settled(past, 5)
    past.session.commit()
    return found


@pytest.fixture
def phone(site: Site, campaign: Campaign) -> Iterator[Telephone]:
    """The phone of the village's official."""
    yield Telephone(site, "cun")


@contextmanager
def persistent(playwright: Playwright, site: Site, folder: Path) -> Iterator[Page]:
    """A browser of its own that keeps what it has in `folder`."""
    options: dict[str, Any] = {"executable_path": os.environ.get("CHROMIUM") or "/usr/bin/chromium"}
    context = playwright.chromium.launch_persistent_context(str(folder), args=list(FLAGS), **options)
    try:
        context.set_default_timeout(8000)
        badge = site.badge("cun")
        context.add_cookies([{"name": name, "value": badge[name], "url": site.address} for name in badge])
        yield context.pages[0]
    finally:
        with suppress(Error):
            context.close()


def kill(folder: Path) -> None:
    """End the processes of the browser that works in `folder`, as a telephone that runs out of power."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder) in (process / "cmdline").read_text():
                os.kill(int(process.name), signal.SIGKILL)


def wait_until(holds: Callable[[], bool], page: Page, past: World) -> None:
    """Until the server, or the page, has come so far."""
    for _ in range(80):
        past.session.commit()
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("nothing came of it")


def _heads(past: World) -> list[str]:
    return list(past.session.scalars(select(Household.head_name).order_by(Household.id)))


def _rows(past: World) -> list[Screening]:
    past.session.commit()
    return list(past.session.scalars(select(Screening).order_by(Screening.id)))


@pytest.mark.duty("R03")
def test_a_household_without_change_takes_three_taps_and_goes_when_there_is_a_network(
    phone: Telephone, past: World
) -> None:
    first, second, third, *_ = _heads(past)
    phone.open()
    phone.context.set_offline(True)
    phone.visit(first)
    phone.visit(second, above_line="no")
    assert phone.unsent == "未上报 2 户"
    phone.page.reload()  # without a network
    assert phone.standing(first) == "待上报" and phone.unsent == "未上报 2 户"
    assert _rows(past) == []
    phone.context.set_offline(False)
    phone.sent()
    # What found no network yet goes a second later: either may come first.
    below, above = sorted(_rows(past), key=lambda row: bool(row.above_line))
    assert [(row.result, row.above_line, row.source) for row in (below, above)] == [
        ("done", False, "phone"),
        ("done", True, "phone"),
    ]
    assert below.clue_id is not None and above.clue_id is None  # R05
    signed = past.session.scalars(select(ScreeningPaper.kind)).all()
    assert sorted(signed) == ["sign_declines"] * 2 + ["sign_investigator"] * 2
    assert all(len(json.dumps(row, ensure_ascii=False)) < 4096 for row in phone.posted)
    phone.page.locator(".household", has_text=third).click()
    phone.page.locator("input[name=result][value=absent]").check()
    phone.page.locator("input[name=reason]").fill("全家外出务工")
    phone.photograph()
    phone.keep()
    phone.sent()
    assert _rows(past)[2].reason == "全家外出务工"
    wait_until(lambda: "photo" in past.session.scalars(select(ScreeningPaper.kind)).all(), phone.page, past)


@pytest.mark.duty("R03", "R41")
def test_what_is_refused_moves_aside_and_what_was_sent_can_be_corrected(
    phone: Telephone, past: World
) -> None:
    first, second, third, *_ = _heads(past)
    phone.open()
    phone.context.set_offline(True)
    phone.visit(first)
    with write(past.session):
        household = past.session.scalars(select(Household).where(Household.head_name == first)).one()
        household.village_code = OTHER_VILLAGE  # moved away meanwhile
    phone.visit(second)
    phone.visit(third)
    phone.context.set_offline(False)
    expect(phone.page.locator("[data-unsent]")).to_have_text("未上报 1 户")
    assert phone.standing(first) == "没报上" and phone.standing(third) == "已上报"
    phone.page.locator("[data-unsent]").click()
    phone.page.get_by_text("这户不在您负责的村").click()
    phone.page.locator(".signature-sheet:visible").first.wait_for()
    assert phone.page.locator(".signature-sheet:visible:not(.signed)").count() == 0  # nobody signs twice
    phone.page.go_back()
    phone.page.go_back()
    phone.visit(second, above_line="no")  # a correction of what was sent
    expect(phone.page.locator("[data-unsent]")).to_have_text("未上报 1 户")
    rows = _rows(past)
    assert [(row.standing, row.above_line) for row in rows] == [
        ("replaced", True),
        ("current", True),
        ("current", False),
    ]


@pytest.mark.duty("R03")
def test_a_closed_campaign_and_a_closed_store_are_said(
    phone: Telephone, past: World, campaign: Campaign
) -> None:
    (first, *_) = _heads(past)
    phone.open()
    with write(past.session):
        past.session.get_one(Campaign, campaign.id).status = "closed"
    phone.page.reload()
    phone.page.locator(".household", has_text=first).click()
    phone.page.get_by_text("这次集中排查已经结束").wait_for()
    phone.page.add_init_script("IDBFactory.prototype.open = () => { throw new Error('blocked') }")
    phone.page.reload()
    phone.page.locator("[data-notice]", has_text="打不开本机的存储").wait_for()


@pytest.mark.duty("R03", "R41")
def test_a_household_that_is_on_no_list_is_entered_at_the_door(phone: Telephone, past: World) -> None:
    phone.open()
    phone.context.set_offline(True)
    phone.page.get_by_text("名单上没有的户").click()
    number = papers.id_number(papers.HEAD_ID)
    new = {"head_name": "司马大新", "id_number": number, "address": "村西头", "household_size": "1"}
    for name, value in new.items():
        phone.page.locator(f"input[name={name}]").fill(value)
    phone.answer(in_group="no")
    assert phone.standing("司马大新") == "待上报"
    phone.context.set_offline(False)
    phone.sent()
    (row,) = _rows(past)
    assert row.household.head_name == "司马大新" and row.household.head_id_number == number
    phone.page.reload()
    expect(phone.page.locator(".household", has_text="司马大新")).to_have_count(1)
    assert phone.standing("司马大新") == "已上报"
    assert number[:-4] not in phone.page.content()


@pytest.mark.duty("R03")
def test_two_who_found_different_things_are_both_kept(
    phone: Telephone, site: Site, past: World, campaign: Campaign
) -> None:
    (first, *_) = _heads(past)
    phone.open()
    phone.context.set_offline(True)
    phone.visit(first)
    household = past.session.scalars(select(Household).where(Household.head_name == first)).one()
    s.recorded(past, campaign, s.entry(household, s.unchanged(past, above_line="no")), by="cun2")
    phone.context.set_offline(False)
    phone.sent()
    assert phone.standing(first) == "有分歧"
    assert sorted(row.standing for row in _rows(past)) == ["conflict", "current"]
    phone.page.locator("[data-unsent]").click()
    phone.page.get_by_text("由乡镇核对").wait_for()


@pytest.mark.duty("R03")
def test_a_wrong_clock_is_told_and_the_entry_has_the_right_day(phone: Telephone, past: World) -> None:
    first, *_ = _heads(past)
    now = past.clock.now()
    phone.page.clock.install(time=now + timedelta(days=3))
    phone.open()
    phone.page.locator("[data-notice]", has_text="本机时间比标准时间快 3 天").wait_for()
    phone.context.set_offline(True)
    phone.visit(first)
    phone.page.clock.set_system_time(now - timedelta(days=40))
    phone.page.reload()
    phone.page.locator("[data-notice]", has_text="被调到了过去").wait_for()
    phone.context.set_offline(False)
    phone.sent()
    (row,) = _rows(past)
    assert row.visited_on == past.today
    assert row.device_at is not None and row.device_at.date() == (now + timedelta(days=3)).date()


@pytest.mark.duty("R03")
def test_a_new_release_takes_nothing_along(
    phone: Telephone, past: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, *_) = _heads(past)
    phone.open()
    phone.context.set_offline(True)
    phone.visit(first)
    before = phone.page.evaluate("caches.keys()")
    monkeypatch.setattr(doorstep, "LOADED", (*doorstep.LOADED, "live.js"))  # a page made of other files
    phone.context.set_offline(False)
    phone.page.reload()
    phone.sent()
    assert len(_rows(past)) == 1
    phone.page.wait_for_function(
        "before => caches.keys().then((now) => now.length === 1 && now[0] !== before[0])", arg=before
    )


@pytest.mark.duty("R03")
def test_signing_out_asks_before_it_drops_what_is_unsent_and_a_rescue_file_brings_it(
    phone: Telephone, site: Site, past: World, tmp_path: Path
) -> None:
    (first, *_) = _heads(past)
    phone.open()
    phone.page.route("**/phone/entries", lambda route: route.abort())  # nothing arrives
    phone.visit(first)
    phone.page.locator("[data-unsent]").click()
    with phone.page.expect_download() as told:
        phone.page.get_by_role("button", name="导出救援文件").click()
    file = tmp_path / "rescue.shouwang"
    told.value.save_as(file)
    assert first not in file.read_text() and _rows(past) == []
    asked: list[str] = []
    phone.page.remove_listener("dialog", phone.official.accept)
    phone.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    phone.official.go("/todo")
    phone.page.get_by_role("button", name="退出").click()
    wait_until(lambda: bool(asked), phone.page, past)
    assert "1 户入户排查没有上报" in asked[0] and phone.page.url.endswith("/todo")
    phone.page.once("dialog", lambda dialog: dialog.accept())
    phone.page.get_by_role("button", name="退出").click()
    phone.page.wait_for_url("**/login")
    assert phone.page.evaluate("indexedDB.databases()") == []
    colleague = site.official("cun2")
    for kept in ("已收下", "以前已收到"):
        colleague.go("/screening/rescue")
        colleague.page.set_input_files("#file", file)
        colleague.page.get_by_role("button", name="上传").click()
        colleague.page.locator("table.list td", has_text=kept).wait_for()
    assert [row.source for row in _rows(past)] == ["phone"]


@pytest.mark.duty("R03", "R38")
def test_who_signs_in_on_anothers_phone_sends_nothing_of_the_other(
    phone: Telephone, site: Site, past: World
) -> None:
    (first, *_) = _heads(past)
    phone.open()
    phone.context.set_offline(True)
    phone.visit(first)
    badge = site.badge("cun2")
    phone.context.add_cookies([{"name": one, "value": badge[one], "url": site.address} for one in badge])
    phone.context.set_offline(False)
    phone.page.locator("[data-notice]", has_text="本人登录").wait_for()
    assert _rows(past) == []
    reminder = phone.page.locator("[data-notice]", has_text="本机另有别的账号的 1 户没有报完")
    for _ in range(2):  # not only the first time
        phone.page.reload()
        reminder.wait_for()
    badge = site.badge("cun")
    phone.context.add_cookies([{"name": one, "value": badge[one], "url": site.address} for one in badge])
    phone.page.reload()
    phone.sent()
    (row,) = _rows(past)
    assert row.entered_by == past.official("cun").id
    here = "indexedDB.databases().then((all) => all.map(({ name }) => name).sort().join())"
    phone.page.wait_for_function(  # of cun2, who left nothing unsent, nothing is left
        f"wanted => {here}.then((found) => found === wanted)", arg=f"doorstep,doorstep-{row.entered_by}"
    )


@pytest.mark.duty("R03")
def test_a_killed_browser_has_lost_nothing(
    site: Site, campaign: Campaign, past: World, playwright: Playwright, tmp_path: Path
) -> None:
    first, second, *_ = _heads(past)
    folder = tmp_path / "browser"
    with persistent(playwright, site, folder) as page:
        phone = Telephone(site, "cun", page)
        phone.open()
        phone.context.set_offline(True)
        phone.visit(first)
        page.locator(".household", has_text=second).click()
        page.locator("input[name=partner]").fill("调查员丙")
        page.wait_for_timeout(1000)  # a person looks up
        kill(folder)
    with persistent(playwright, site, folder) as page:
        phone = Telephone(site, "cun", page)
        phone.context.set_offline(True)
        page.goto(f"{site.address}/screening/phone/")
        assert phone.standing(first) == "待上报"
        page.locator(".household", has_text=second).click()
        assert page.locator("input[name=partner]").input_value() == "调查员丙"
        page.go_back()
        phone.context.set_offline(False)
        phone.sent()
    assert len(_rows(past)) == 1
