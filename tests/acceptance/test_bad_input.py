"""What is wrong gets a Chinese sentence at its field, a 4xx status, nothing half-done,
and what was typed is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import Response

from tests.support import papers
from tests.support.browser import Official, Site
from tests.support.server import Server

NAME = "王建国"


def submit(official: Official) -> Response:
    """提交, and the answer to it."""
    with official.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        official.page.locator("form[data-live] .buttons .btn-primary").click()
    official.page.wait_for_load_state()
    found: Response = answered.value
    return found


@contextmanager
def expired(server: Server) -> Iterator[None]:
    """Meanwhile every session has been idle for too long."""
    before = server.app.config["SHOUWANG"]
    server.app.config["SHOUWANG"] = replace(before, idle_minutes=-1)
    yield
    server.app.config["SHOUWANG"] = before


def enter(official: Official, **changes: object) -> Response:
    """Send the clue form with something wrong in it."""
    official.go("/clues/new")
    official.fill(papers.clue(official.site.day(0), NAME, **changes))
    return submit(official)


@pytest.mark.duty("R06")
def test_wrong_clues_are_refused_at_their_field_and_nothing_is_saved(site: Site) -> None:
    village, county = site.official("cun"), site.official("xian")
    wrong_digit = enter(village, id_number="419901197503081230")
    assert wrong_digit.status == 422 and "校验位不对" in village.text
    assert village.page.input_value('[name="id_number"]') == "419901197503081230"
    assert village.page.input_value('[name="head_name"]') == NAME
    future = enter(village, discovered_on=site.day(1).isoformat())
    assert future.status == 422 and "不能晚于今天" in village.text
    assert village.page.input_value('[name="discovered_on"]') == site.day(1).isoformat()
    unknown = enter(county, village_code="419999999999")
    assert (
        unknown.status == 422 and "您负责范围内的村" in county.page.locator(".has-error .wrong").inner_text()
    )
    assert county.page.input_value('[name="village_code"]') == "419999999999"
    village.go(f"/households?q={NAME}")
    assert village.page.locator("table.list tbody tr").count() == 0
    assert village.todo() == []


@pytest.mark.duty("R38")
def test_a_file_is_what_its_content_is(site: Site) -> None:
    village = site.official("cun")
    village.enter_clue(NAME)
    village.finish(NAME, "入户核实", "verification")
    village.open_task(NAME, "签订承诺授权书")
    village.fill({"signed": "yes", "signers": "王建国"})
    script = {"name": "photo.png", "mimeType": "image/png", "buffer": b"MZ\x90\x00 not a picture"}
    village.page.set_input_files('input[name="file:scan"]', files=[script])  # type: ignore[list-item]
    said = village.page.locator(".upload-state .refused")
    said.wait_for()
    assert "photo.png" in said.inner_text()
    assert village.page.locator('[data-type="files"] li').count() == 0
    assert village.page.input_value('[name="signers"]') == "王建国"
    village.fill({"scan": ["FILE"], "signed_on": site.day(0).isoformat()})
    assert "已办结" in village.submit()


@pytest.mark.duty("C3")
def test_a_finished_task_is_not_finished_again(site: Site) -> None:
    village, colleague = site.official("cun"), site.official("cun2")
    village.enter_clue(NAME)
    village.open_task(NAME, "入户核实")
    stale = village.page.url
    village.fill({**papers.verification(site.day(0)), "risk_text": "旧页面上写的"})
    colleague.finish(NAME, "入户核实", "verification")
    refused = submit(village)
    assert refused.status == 409
    assert "已由村乙于2022年5月5日 09:00办结，不能再次办理" in village.said
    assert "旧页面上写的" in village.text  # what was typed is shown
    village.page.goto(stale)
    assert "已办结：村乙" in village.text
    assert village.page.locator("form[data-live]").count() == 0


@pytest.mark.duty("C3")
def test_a_double_click_finishes_once(site: Site) -> None:
    village = site.official("cun")
    village.enter_clue(NAME)
    village.open_task(NAME, "入户核实")
    village.fill(papers.verification(site.day(0)))
    village.page.locator("form[data-live] .buttons .btn-primary").dblclick()
    village.page.wait_for_url("**/todo*")
    assert "已办结" in village.said
    assert village.steps_of(NAME) == ["签订承诺授权书"]
    # the same request twice, as a phone sends it when the network stutters
    village.open_task(NAME, "签订承诺授权书")
    village.fill(
        {"signed": "yes", "signers": "王建国", "signed_on": site.day(0).isoformat(), "scan": ["FILE"]}
    )
    twice = """async () => {
        const form = document.querySelector("form[data-live]");
        const send = () => fetch(form.action, { method: "POST", body: new FormData(form),
                                            redirect: "manual" });
        const answers = await Promise.all([send(), send()]);
        return answers.map((answer) => answer.type);
    }"""
    assert village.page.evaluate(twice) == ["opaqueredirect", "opaqueredirect"]  # both get the first answer
    case = village.open_case(NAME)
    history = site.api("cun").get(f"/api/v1/cases/{case}").json()["history"]
    assert sum("签订承诺授权书" in line["text"] for line in history) == 1


@pytest.mark.duty("C3")
def test_an_expired_session_keeps_the_draft(site: Site, server: Server) -> None:
    village = site.official("cun")
    village.enter_clue(NAME)
    village.open_task(NAME, "入户核实")
    village.fill({**papers.verification(site.day(0)), "risk_text": "登录过期前写的"})
    with expired(server):
        village.submit()
    assert "/login" in village.page.url and "已暂存" in village.page.locator("main").inner_text()
    village.sign_in()
    village.page.wait_for_url("**/tasks/*")
    assert village.page.input_value('[name="risk_text"]') == "登录过期前写的"
    assert village.page.locator('[data-name="members"] > .rows > [data-row]').count() == 2
    assert "已办结" in village.submit()


@pytest.mark.duty("C5")
def test_a_broken_diagram_is_refused_with_its_line(site: Site) -> None:
    owner, official = site.api("liucheng"), site.api("cun")
    body = {"xml": "<bpmn:definitions><broken"}
    before = owner.get("/api/v1/procedures/identification/versions").json()
    for path in ("/api/v1/procedures/check", "/api/v1/procedures/identification/versions"):
        refused = owner.post(path, data=body)
        assert refused.status in (200, 422), refused.text()
        assert "不是完整的 XML" in refused.text() and "第 1 行" in refused.text()
        assert official.post(path, data=body).status == 403
    assert owner.get("/api/v1/procedures/identification/versions").json() == before
