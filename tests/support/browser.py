"""Officials in a browser: what they click and type, and what they then read."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import APIRequestContext, Browser, Dialog, Locator, Page, Playwright, expect

from engine.ground.clock import CHINA, MovableClock, local_date, start_of_day
from tests.support import papers
from tests.support.server import Server
from tests.support.template import PASSWORD, START

FILE = "FILE"
DAY_0 = local_date(START)


class Site:
    """The system at an address, with the people who use it."""

    def __init__(
        self, server: Server, clock: MovableClock, browser: Browser, playwright: Playwright, folder: Path
    ) -> None:
        self.address, self.clock, self.browser, self.playwright = server.address, clock, browser, playwright
        self._server = server
        self.photo = folder / "photo.png"
        self.photo.write_bytes(papers.PNG)
        self._people: dict[str, Official] = {}
        self._apis: dict[str, APIRequestContext] = {}

    def close(self) -> None:
        """Close every window."""
        for person in self._people.values():
            person.page.context.close()
        for api in self._apis.values():
            api.dispose()

    def official(self, username: str) -> Official:
        """Somebody signed in, in a window of their own."""
        if username not in self._people:
            self._people[username] = Official(self, username, self._server.badge(username))
        return self._people[username]

    def token(self, username: str) -> str:
        """A new token for somebody's programme."""
        caller = self.playwright.request.new_context(base_url=self.address)
        answer = caller.post("/api/v1/tokens", data={"username": username, "password": PASSWORD})
        assert answer.status == 201, answer.text()
        token = str(answer.json()["token"])
        caller.dispose()
        return token

    def api(self, username: str) -> APIRequestContext:
        """Somebody's programme, with a token."""
        if username not in self._apis:
            headers = {"Authorization": f"Bearer {self.token(username)}"}
            self._apis[username] = self.playwright.request.new_context(
                base_url=self.address, extra_http_headers=headers
            )
        return self._apis[username]

    def badge(self, username: str) -> dict[str, str]:
        """The cookie that signing in would give somebody."""
        return self._server.badge(username)

    password = PASSWORD

    # -- time --------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The system's time in China."""
        return self.clock.now().astimezone(CHINA)

    def go_to(self, day: int, hour: int = 9, minute: int = 0) -> int:
        """Let the time become day `day` of the story, through the demo's time machine;
        answers how many timers fired.
        """
        seconds = int((self.at(day, hour, minute) - self.now).total_seconds())
        assert seconds >= 0, "time does not go back"
        if seconds == 0:
            return 0
        answer = self.api("xian").post("/api/v1/demo/clock", data={"advance": f"PT{seconds}S"})
        assert answer.ok, answer.text()
        return int(answer.json()["fired"])

    def at(self, day: int, hour: int = 9, minute: int = 0) -> datetime:
        """The instant on day `day` of the story."""
        return start_of_day(self.day(day)).replace(hour=hour, minute=minute)

    def day(self, number: int) -> date:
        """The date of day `number`."""
        return DAY_0 + timedelta(days=number)


class Official:
    """One person with a browser."""

    def __init__(self, site: Site, username: str, badge: dict[str, str]) -> None:
        self.site, self.username = site, username
        context = site.browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
        context.set_default_timeout(8000)
        context.add_cookies(
            [{"name": name, "value": value, "url": site.address} for name, value in badge.items()]
        )
        self.page: Page = context.new_page()
        self.page.on("dialog", self.accept)

    @staticmethod
    def accept(dialog: Dialog) -> None:
        """Say yes to whatever is asked."""
        dialog.accept()

    def sign_in(self, password: str = PASSWORD) -> None:
        """Sign in at the front door."""
        if "/login" not in self.page.url:
            self.page.goto(self.site.address + "/login")
        self.page.fill("#username", self.username)
        self.page.fill("#password", password)
        self.press("main button")

    def go(self, path: str) -> int:
        """Open a page by its address; answers the status."""
        answer = self.page.goto(self.site.address + path, wait_until="domcontentloaded")
        assert answer is not None
        return answer.status

    # -- reading -----------------------------------------------------------------------------------

    @property
    def said(self) -> str:
        """What the system answered on top of the page."""
        return " ".join(self.page.locator("main .alert").all_inner_texts())

    @property
    def text(self) -> str:
        """All that the page says."""
        return self.page.locator("main").inner_text()

    def todo(self) -> list[tuple[str, str]]:
        """Who and which step, as the inbox shows them."""
        self.go("/todo")
        rows = self.page.locator("table.list tbody tr").all()
        return [
            (row.locator(".subject").inner_text(), row.locator("td.step").get_attribute("data-step") or "")
            for row in rows
        ]

    def steps_of(self, name: str) -> list[str]:
        """The steps that wait here for a household."""
        return sorted(step for subject, step in self.todo() if subject == name)

    def todo_count(self, step: str) -> int:
        """How many items of a step the inbox counts."""
        self.go("/todo")
        return int(self.page.locator("ul.groups li").filter(has_text=step).locator(".count").inner_text())

    # -- acting ------------------------------------------------------------------------------------

    def press(self, target: str | Locator) -> None:
        """Click what leads to another page, and wait until that page is there:
        the browser answers the click at once.
        """
        found = self.page.locator(target).first if isinstance(target, str) else target
        with self.page.expect_navigation(wait_until="domcontentloaded", timeout=30_000):
            found.click()

    def open_task(self, name: str, step: str) -> None:
        """Find the household's step in the inbox and open it."""
        self.go(f"/todo?q={name}")
        row = self.page.locator("table.list tbody tr").filter(has_text=step).first
        self.press(row.locator(".subject a"))
        self.page.wait_for_selector("h1")

    def fill(self, data: dict[str, Any], prefix: str = "") -> None:
        """Type a form's data, in its own order."""
        for key, value in data.items():
            name = prefix + key
            if isinstance(value, list) and value and isinstance(value[0], dict):
                self._fill_rows(name, value)
            elif value == [FILE]:
                self._upload(name)
            elif isinstance(value, list):
                for one in value:
                    self.page.check(f'input[name="{name}"][value="{one}"]')
            else:
                self._fill_one(self.page.locator(f'[name="{name}"]'), value)

    def _fill_one(self, field: Locator, value: Any) -> None:
        kind = field.first.evaluate("node => node.tagName + ':' + node.type")
        if kind.startswith("SELECT"):
            field.select_option(str(value))
        elif kind == "INPUT:radio":
            self.page.check(f'input[name="{field.first.get_attribute("name")}"][value="{value}"]')
        elif kind == "INPUT:checkbox":
            field.set_checked(bool(value))
        else:
            field.fill(str(value))

    def _fill_rows(self, name: str, rows: list[dict[str, Any]]) -> None:
        box = self.page.locator(f'[data-name="{name}"]')
        present = box.locator(":scope > .rows > [data-row]")
        while present.count() < len(rows):
            box.locator("[data-add]").click()
        for index, row in enumerate(rows):
            self.fill(row, f"{name}-{index}-")

    def _upload(self, name: str) -> None:
        self.page.set_input_files(f'input[name="file:{name}"]', str(self.site.photo))
        box = self.page.locator("[data-type=files]").filter(has=self.page.locator(f'[name="file:{name}"]'))
        expect(box.locator("li.sending")).to_have_count(0, timeout=30_000)  # one given back has earlier ones
        self.page.wait_for_selector(f'input[type=hidden][name="{name}"]', state="attached")

    def submit(self) -> str:
        """提交; answers what the system said."""
        self.press(self.page.locator("form[data-live] .buttons .btn-primary"))
        self.page.wait_for_load_state()
        return self.said

    def finish(self, name: str, step: str, key: str, **changes: Any) -> str:
        """Do a household's step with valid data, changed as told."""
        self.open_task(name, step)
        today = self.site.now.date()
        data = papers.paper(key, today, FILE, **changes)
        if "members" in data and "members" not in changes:
            data["members"] = papers.headed(data["members"], name)
        self.fill({field: value for field, value in data.items() if value is not None})
        said = self.submit()
        assert f"“{step}”已办结" in said, said + self.text
        return said

    def enter_clue(self, name: str = "王建国", **changes: Any) -> str:
        """Enter a clue about a new household; answers what the system said."""
        self.go("/clues/new")
        data = papers.clue(self.site.now.date(), name, **changes)
        self.fill(data)
        return self.submit()

    def to_authorised(self, name: str) -> None:
        """Verification and signed letter, today."""
        self.finish(name, "入户核实", "verification")
        self.finish(name, "签订承诺授权书", "authorisation")

    def to_notice(self, name: str, **verified: Any) -> None:
        """Verification, letter, appraisal and posted notice, all today."""
        self.finish(name, "入户核实", "verification", **verified)
        self.finish(name, "签订承诺授权书", "authorisation")
        self.finish(name, "民主评议", "appraisal")
        self.finish(name, "张贴公示", "notice")

    def open_household(self, name: str) -> None:
        """Open the household's page from the list."""
        self.go(f"/households?q={name}")
        self.press(self.page.locator("table.list .subject a").first)
        self.page.wait_for_selector("h1")

    def start(self, name: str, procedure: str, key: str = "", **changes: Any) -> str:
        """Start a procedure on the household's page, with its form `key` if it has one;
        answers what was said.
        """
        self.open_household(name)
        self.press(self.page.locator(".page-head a", has_text=f"启动{procedure}"))
        self.page.wait_for_selector("form[data-live]")
        data = papers.paper(key, self.site.now.date(), FILE, **changes) if key else {}
        self.fill({field: value for field, value in data.items() if value is not None})
        said = self.submit()
        assert "已启动" in said, said + self.text
        return said

    def open_case(self, name: str, procedure: str = "识别认定") -> int:
        """Open the household's latest case of a procedure from the register; answers its number."""
        self.open_household(name)
        self.press(self.page.locator(".panel a", has_text=procedure).first)
        self.page.wait_for_selector("text=办理记录")
        found = re.search(r"/cases/(\d+)", self.page.url)
        assert found is not None
        return int(found.group(1))

    def decide_all(self, step: str, data: dict[str, Any], batch: str = "") -> str:
        """Decide every item of a step, or of a batch at it, in one act; answers what the system then says."""
        self.go("/todo")
        self.press(self.page.locator("ul.groups a", has_text=step))
        self.page.wait_for_selector("[data-select-all]")
        if batch:
            self.page.select_option("select[name=batch]", label=batch)
            self.page.wait_for_url("**batch=**")
        self.page.check("[data-select-all]")
        self.press("[data-bulk] >> text=批量办理")
        self.page.wait_for_selector("form[data-picks]")
        self.fill(data)
        self.press("form[data-picks] .buttons .btn-primary")
        self.page.wait_for_selector("[data-acted]")
        return self.said

    def send_back(self, name: str, step: str, to: str, reason: str) -> str:
        """退回."""
        self.open_task(name, step)
        self.press(self.page.locator(".actions a, .buttons a").filter(has_text="退回"))
        self.page.locator("label.choice", has_text=to).first.click()
        self.page.fill("#reason", reason)
        self.press("main button.btn-primary")
        self.page.wait_for_load_state()
        return self.said
