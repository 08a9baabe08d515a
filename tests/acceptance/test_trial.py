"""试运行 and 回放 in the browser: the owner tries a notice of seven days before it is put into force."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from engine.casework.models import CaseFile, RehearsalEntry
from engine.ground.clock import MovableClock
from engine.ground.database import write
from engine.ground.tables import Base
from engine.owners import drafting
from tests.support.browser import Official, Site
from tests.support.world import World


@pytest.fixture
def office(sqlite_url: str, clock: MovableClock) -> Iterator[World]:
    """An identification that is finished, and a draft in which notices hang for seven days."""
    world = World(sqlite_url)
    case = world.approved()
    world.finish(case, "announce", "xiang")
    world.finish(case, "register", "xiang")
    owner, now = world.official("liucheng"), world.clock.now()
    draft = drafting.create(world.session, owner, name="公示改为7天", procedure_key="public_notice", now=now)
    seven = draft.xml.replace(b"days after(notice.posted_on, 5)", b"days after(notice.posted_on, 7)")
    drafting.save(world.session, owner, draft.id, draft.revision, now, diagram=seven)
    clock.set(now)
    yield world
    world.close()


def rows(world: World) -> dict[str, int]:
    """How many rows each table has."""
    world.session.commit()
    found = {
        table.name: world.session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }
    world.session.commit()
    return {name: count for name, count in found.items() if name != "draft_editor"}


def press(owner: Official, name: str) -> None:
    """Press a button, and wait for the page that it leads to."""
    owner.press(owner.page.get_by_role("button", name=name, exact=True))


@pytest.mark.duty("C5", "R10")
def test_the_owner_walks_a_draft_step_by_step_and_nothing_is_stored(
    office: World, site: Site, tmp_path: Path
) -> None:
    owner = site.official("liucheng")
    owner.go("/drafts/1")
    before = rows(office)
    owner.press(owner.page.get_by_role("link", name="试运行", exact=True))
    owner.page.wait_for_selector(".diagram[data-state=ready] .token-mark")
    assert "王示例户（虚构）" in owner.text and "入户核实" in owner.text
    press(owner, "建议纳入")
    press(owner, "不愿签订")
    assert "未授权处理" in owner.text
    press(owner, "退一步")
    press(owner, "已签订")
    press(owner, "同意")
    press(owner, "村级：张贴公示")
    press(owner, "办结这一步")
    assert "公示满5天" in owner.page.inner_text(".trial-waits") and "5月19日 00:00" in owner.page.inner_text(
        ".trial-waits"
    )
    press(owner, "登记异议")
    owner.page.fill("[name=matter]", "反映该户有小汽车。")
    owner.press(owner.page.locator("form.panel").get_by_role("button", name="登记异议", exact=True))
    assert "异议" in owner.page.inner_text(".timeline")
    press(owner, "按默认结果走到底")
    assert "走完了：已纳入" in owner.text and "启动的“帮扶”正在办理" in owner.text
    assert "命中第" in owner.text
    owner.page.locator("summary", has_text="重新开始、保存、打开").click()
    with owner.page.expect_download() as saved:
        owner.page.get_by_role("button", name="保存", exact=True).click()
    kept = tmp_path / "trial.json"
    saved.value.save_as(kept)
    assert json.loads(kept.read_text())["acts"]
    owner.go("/drafts/1/trial")
    owner.page.locator("summary", has_text="重新开始、保存、打开").click()
    owner.page.set_input_files("#file", str(kept))
    press(owner, "打开")
    assert "走完了：已纳入" in owner.text
    assert rows(office) == before


def test_a_trial_on_a_phone_is_a_list_of_steps(office: World, site: Site) -> None:
    owner = site.official("liucheng")
    owner.page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/drafts/1/trial", "/drafts/1/replay"):
        owner.go(path)
        assert owner.page.evaluate("document.documentElement.scrollWidth") <= 360
    owner.go("/drafts/1/trial?household=elder")
    assert "张示例户" in owner.text and not owner.page.locator(".diagram").is_visible()
    press(owner, "建议不纳入")
    assert "核实不纳入理由" in owner.text


@pytest.mark.duty("C5", "R10", "R15")
def test_finished_cases_are_replayed_on_a_draft_and_the_report_says_what_differs(
    office: World, site: Site, tmp_path: Path
) -> None:
    owner = site.official("liucheng")
    owner.go("/drafts/1")
    owner.press(owner.page.get_by_role("link", name="回放", exact=True))
    owner.page.fill("[name=cases]", "0")
    press(owner, "开始回放")
    assert "1 到 5000" in owner.text
    owner.go("/drafts/1/replay")
    press(owner, "开始回放")
    owner.page.wait_for_selector(".replay-figures")
    assert owner.page.inner_text(".replay-figures").split() == [
        "1",
        "回放的事项",
        "0",
        "没有变化",
        "1",
        "有变化",
        "0",
        "走不通",
    ]
    days = owner.page.locator("section", has_text="办理天数").locator("tbody tr").first.inner_text().split()
    assert int(days[2]) - int(days[1]) == 2
    assert "走过的步骤与原来一样" in owner.text and "不作假定" in owner.text
    number = office.session.scalar(select(CaseFile.id).where(CaseFile.status == "finished"))
    assert f"第 {number} 号" in owner.text and owner.page.locator(f"a[href='/cases/{number}']").count() == 0
    assert "王建国" not in owner.text
    _lengthen(office)
    owner.page.reload()
    owner.press(owner.page.get_by_role("link", name="下一页"))
    assert "第 2 /" in owner.text
    with owner.page.expect_download() as saved:
        owner.page.get_by_role("link", name="导出 Excel").click()
    saved.value.save_as(tmp_path / "replay.xlsx")
    assert (tmp_path / "replay.xlsx").read_bytes()[:2] == b"PK"


def _lengthen(office: World) -> None:
    """As though many cases had differed in the same way: the list has pages."""
    with write(office.session):
        entry = office.session.scalars(select(RehearsalEntry)).one()
        facts = {
            "case_id": entry.case_id,
            "rehearsal_id": entry.rehearsal_id,
            "status": "differs",
            "facts": entry.facts,
        }
        office.session.execute(insert(RehearsalEntry), [facts] * 120)


def test_the_version_in_force_replays_without_any_difference(office: World, site: Site) -> None:
    owner = site.official("liucheng")
    owner.go("/procedures/identification/versions/1/replay")
    press(owner, "开始回放")
    owner.page.wait_for_selector(".replay-figures")
    assert "路径、天数、期限和任务量都与原来一样" in owner.text
