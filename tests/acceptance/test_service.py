"""S19–S21: two people at once, a server that was down, somebody who guesses addresses."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Browser, Playwright
from sqlalchemy import select

from engine.casework.models import LogEntry
from engine.ground.clock import MovableClock
from engine.ground.database import create_engine, session_factory
from tests.support import papers
from tests.support.browser import Site
from tests.support.programme import Programme
from tests.support.server import Server
from tests.support.world import World

NAME = "王建国"


@pytest.mark.duty("C4")
def test_s19_two_officials_at_the_same_second(site: Site, past: World) -> None:
    village = site.official("cun")
    case = past.enter()
    past.finish(case, "verify", "cun")
    past.finish(case, "sign", "cun")
    first, second = site.official("xiang"), site.official("xiang2")
    for official in (first, second):
        official.open_task(NAME, "统一报送比对")
        official.fill({"batch": "202205-1", "submitted_on": site.day(0).isoformat()})
    press = "setTimeout(() => document.querySelector('form[data-live] .btn-primary').click(), 150)"
    for official in (first, second):
        official.page.evaluate(press)
    for official in (first, second):
        official.page.wait_for_selector("main .alert")
    winners = [one for one in (first, second) if "已办结" in one.said and "不能再次办理" not in one.said]
    assert len(winners) == 1
    loser = second if winners[0] is first else first
    winner = "乡甲" if winners[0] is first else "乡乙"
    assert f"已由{winner}于2022年5月5日 09:00办结，不能再次办理" in loser.said
    assert "202205-1" in loser.text  # what was typed is not lost
    number = village.open_case(NAME)
    history = site.api("cun").get(f"/api/v1/cases/{number}").json()["history"]
    assert sum("统一报送比对" in line["text"] for line in history) == 1


@pytest.mark.duty("C3")
def test_s19_many_programmes_at_the_same_second(site: Site) -> None:
    programme = Programme(site)
    case = programme.clue(NAME, papers.id_number(papers.HEAD_ID), "东沟1号", site.day(0).isoformat())
    task = site.api("cun").get(f"/api/v1/cases/{case}").json()["tasks"][0]["id"]
    tokens = [site.token("cun"), site.token("cun2")] * 4
    start = threading.Barrier(len(tokens))
    answers: list[int] = []
    body = json.dumps({"data": papers.verification(site.day(0))}).encode()

    def send(token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{site.address}/api/v1/tasks/{task}/complete", body, headers)
        start.wait()
        try:
            with urllib.request.urlopen(request) as answer:
                answers.append(answer.status)
        except HTTPError as error:
            answers.append(error.code)

    threads = [threading.Thread(target=send, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [409] * 7
    history = site.api("cun").get(f"/api/v1/cases/{case}").json()["history"]
    assert sum("入户核实" in line["text"] for line in history) == 1


@pytest.mark.duty("R10", "R15", "C3", "C6")
def test_s20_six_days_down(
    sqlite_url: str,
    clock: MovableClock,
    browser: Browser,
    playwright: Playwright,
    tmp_path: Path,
    past: World,
) -> None:
    server = Server(sqlite_url, clock)
    site = Site(server, clock, browser, playwright, tmp_path)
    programme = Programme(site)
    late = [
        _household(programme, site, number, site.day(-9 - number % 5).isoformat()) for number in range(10)
    ]
    noticed = [_household(programme, site, number, site.day(0).isoformat()) for number in range(10, 50)]
    for place, case in enumerate(noticed):
        if place == 20:
            site.go_to(1)
        past.to_notice(past.case(case))
    due = {case: _waiting(site, case, "notice_over") for case in noticed}
    due |= {case: _waiting(site, case, "limit_15") for case in late}
    site.close()
    server.stop()
    clock.set(site.at(7))

    started = time.monotonic()
    server = Server(sqlite_url, clock, scheduler=True)
    site = Site(server, clock, browser, playwright, tmp_path)
    try:
        while _still_waiting(site) and time.monotonic() - started < 60:
            time.sleep(0.2)
        assert time.monotonic() - started < 60
        fired = _fired(sqlite_url)
        assert len(fired) == 50 and {case for case, _ in fired} == set(due)  # once each
        assert [when for _, when in fired] == sorted(when for _, when in fired)  # in due order
        assert {case: datetime.fromisoformat(when) for case, when in fired} == {
            case: datetime.fromisoformat(when) for case, when in due.items()
        }  # with the true time
        village = site.official("cun")
        village.go(f"/cases/{noticed[0]}")
        assert "“公示满5天”到期（2022年5月11日零时）" in village.text
        assert site.official("xian").todo_count("超期说明") == 10
        assert village.todo_count("公示结果上报") == 40
    finally:
        site.close()
        server.stop()


def _household(programme: Programme, site: Site, number: int, discovered_on: str) -> int:
    person = papers.id_number(_person(number))
    return programme.clue(f"户{number}", person, f"西坡{number}号", discovered_on)


def _person(number: int) -> str:
    """The number, without its check digit, of the head of household `number`."""
    return f"419901197{number % 10}010{1 + number // 10}{101 + 2 * number}"


def _waiting(site: Site, case: int, element_id: str) -> str:
    timers = site.api("cun").get(f"/api/v1/cases/{case}").json()["timers"]
    kinds = ("event", "limit")
    return str(next(t["due_at"] for t in timers if t["element_id"] == element_id and t["kind"] in kinds))


def _still_waiting(site: Site) -> bool:
    page = site.api("ducha").get("/api/v1/timers?state=overdue").json()
    return any(timer["status"] == "waiting" for timer in page["items"]) or _open_notices(site)


def _open_notices(site: Site) -> bool:
    tasks = site.api("cun").get("/api/v1/tasks?step=identification:end_notice").json()
    return int(tasks["total"]) < 40


def _log(url: str, kind: str) -> list[LogEntry]:
    """The lines of one kind, in the order in which they were written."""
    engine = create_engine(url)
    with session_factory(engine)() as session:
        lines = list(session.scalars(select(LogEntry).where(LogEntry.kind == kind).order_by(LogEntry.id)))
    engine.dispose()
    return lines


def _fired(url: str) -> list[tuple[int, str]]:
    """Case and due time of each fired timer."""
    return [(int(line.stream.removeprefix("case:")), str(line.data["due"])) for line in _log(url, "timer")]


def _refusals(url: str) -> set[str]:
    """The addresses that were refused."""
    return {str(line.data["path"]) for line in _log(url, "refused")}


@pytest.mark.duty("R38", "C2")
def test_s21_another_village_by_address(site: Site, past: World, sqlite_url: str) -> None:
    village, neighbour = site.official("cun"), site.official("lin")
    past.finish(past.enter(), "verify", "cun")
    village.open_task(NAME, "签订承诺授权书")
    task = village.page.url.partition("?")[0].rsplit("/", 1)[-1]
    village.fill({"scan": ["FILE"]})
    file = village.page.locator('[data-type="files"] a').first.get_attribute("href")
    case = village.open_case(NAME)
    household = village.page.locator("aside h2 a").first.get_attribute("href")
    paths = [
        str(household),
        f"/tasks/{task}",
        f"/tasks/{task}/return",
        f"/tasks/bulk?id={task}",
        str(file),
        f"/cases/{case}",
        f"/cases/{case}/archive",
        f"/cases/{case}/messages/objection",
        f"/cases/{case}/diagram.bpmn",
        f"/papers/notice?case={case}",
    ]
    for path in paths:
        assert neighbour.go(path) in (403, 404, 422), path
        assert NAME not in neighbour.text, path
    programme = site.api("lin")
    calls = [f"/tasks/{task}", f"/tasks/{task}/return-targets", f"/cases/{case}"]
    for call in calls:
        assert programme.get(f"/api/v1{call}").status == 404, call
    assert programme.post(f"/api/v1/tasks/{task}/complete", data={"data": {}}).status == 404
    assert (
        programme.post(f"/api/v1/cases/{case}/messages", data={"name": "objection", "data": {}}).status == 404
    )
    assert village.go(str(household)) == 200 and village.go(str(file)) == 200
    logged = _refusals(sqlite_url)
    assert {path.partition("?")[0] for path in paths} - {"/tasks/bulk"} <= logged
    assert {f"/api/v1{call}" for call in calls} <= logged
