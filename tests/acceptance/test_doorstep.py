"""Screening at the door, on a telephone: without a network, with a wrong clock, after the browser was killed (R03)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from engine.prevention.models import Campaign, Household, Screening, ScreeningPaper
from tests.support import screening as s
from tests.support.browser import Site
from tests.support.world import World

PHONE = {"width": 360, "height": 740}
SAID = {"assured": "yes", "above_line": "yes", "declares": "no"}
"""What the register does not know of the households here."""


class Telephone:
    """An investigator's phone with the village's list on it."""

    def __init__(self, site: Site, username: str) -> None:
        self.official = site.official(username)
        self.page: Page = self.official.page
        self.context: BrowserContext = self.page.context
        self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]

    def open(self) -> None:
        """The page, and the list of the village on the phone."""
        self.official.go("/screening/phone/")
        self.page.evaluate("navigator.serviceWorker.ready")
        self.page.locator(".places button").first.click()
        self.page.locator(".household").first.wait_for()

    def visit(self, head: str, **chosen: str) -> None:
        """Enter a household: what is not `chosen` stands as it is; both signatures are drawn."""
        self.page.locator(".household", has_text=head).first.click()
        for name, value in {**SAID, **chosen}.items():
            self.page.locator(f"input[name={name}][value={value}]").check()
        blank = self.page.locator(".signature-sheet:visible:not(.signed)")
        while blank.count():
            self.sign(blank.first)
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

    @property
    def unsent(self) -> str:
        """What the pill says."""
        return self.page.locator("[data-unsent]").inner_text()

    def sent(self) -> None:
        """Wait until nothing is unsent."""
        expect(self.page.locator("[data-unsent]")).to_have_text("都已上报")


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


def _heads(past: World) -> list[str]:
    return list(past.session.scalars(select(Household.head_name).order_by(Household.id)))


def _rows(past: World) -> list[Screening]:
    past.session.commit()
    return list(past.session.scalars(select(Screening).order_by(Screening.id)))


@pytest.mark.duty("R03")
def test_a_household_without_change_takes_three_taps_and_goes_when_there_is_a_network(
    phone: Telephone, past: World
) -> None:
    first, second, *_ = _heads(past)
    phone.open()
    phone.context.set_offline(True)
    phone.visit(first)
    phone.visit(second, above_line="no")
    assert phone.unsent == "未上报 2 户"
    phone.page.reload()  # without a network
    assert phone.page.locator(".household", has_text=first).locator(".mark").inner_text() == "待上报"
    assert phone.unsent == "未上报 2 户"
    assert _rows(past) == []
    phone.context.set_offline(False)
    phone.sent()
    rows = _rows(past)
    assert [(row.result, row.above_line, row.source) for row in rows] == [
        ("done", rows[0].above_line, "phone"),
        ("done", False, "phone"),
    ]
    assert rows[1].clue_id is not None
    papers = past.session.scalars(select(ScreeningPaper.kind).order_by(ScreeningPaper.id)).all()
    assert sorted(papers) == ["sign_declines"] * 2 + ["sign_investigator"] * 2
