"""The pictures of docs/screenshots: `python -m tests.screenshots [NAME…]`.

The demo's county at a fixed instant, so that two runs show the same. Needs what ./test needs, and a Chinese
font.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import drafting, installation, schema
from engine.clock import CHINA, MovableClock
from engine.database import create_engine, session_factory
from engine.demo import PASSWORD, populate
from engine.models import Account, CaseFile, RoleGrant, WorkItem
from tests.support.drawing import pick
from tests.support.server import Server, launch

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
NOW = datetime(2022, 5, 20, 10, 30, tzinfo=CHINA)
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 360, "height": 740},
}
Pages = dict[str, tuple[str, str]]
COLOURS = 128
"""Few enough for small files, enough for smooth letters."""


def take(wanted: list[str]) -> None:
    """Write the pictures named, or all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        county(f"sqlite:///{folder}/demo.sqlite") as (address, pages),
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        for name, size in product(wanted or pages, SIZES):
            username, path = pages[name]
            with visit(browser, address, username, size) as page:
                page.goto(address + path, wait_until="networkidle")
                if name == "modeler" and size == "desktop":
                    pick(page, "notice_over")
                save(page.screenshot(), FOLDER / f"{name}-{size}.png")
        browser.close()


@contextmanager
def county(url: str) -> Iterator[tuple[str, Pages]]:
    """The demo, answering at the address given; with, for each picture, who looks at which page."""
    sessions = session_factory(create_engine(url))
    with sessions() as session:
        schema.upgrade(session.get_bind())  # type: ignore[arg-type]
        installation.install(session, NOW)
    populate(sessions, NOW)
    with sessions() as session:
        task, decision = waiting(session, "verify", "cunji"), waiting(session, "approve", "xianji")
        household = session.get_one(CaseFile, decision.case_id).household_id
        owner = session.scalars(select(Account).where(Account.username == "liucheng")).one()
        changing = drafting.create(session, owner, name="公示改为7天", procedure_key="public_notice", now=NOW)
    server = Server(url, MovableClock(at=NOW))
    try:
        yield (
            server.address,
            {
                "inbox": ("xiangji", "/todo"),
                "task": ("cunji", f"/tasks/{task.id}"),
                "case": ("xianji", f"/cases/{decision.case_id}"),
                "household": ("xianji", f"/households/{household}"),
                "clue": ("cunji", "/clues/new"),
                "modeler": ("liucheng", f"/drafts/{changing.id}/diagram"),
            },
        )
    finally:
        server.stop()


def waiting(session: Session, element_id: str, username: str) -> WorkItem:
    """The first open item of a step in an official's queue."""
    place = session.scalars(
        select(RoleGrant.division_code).join(Account).where(Account.username == username)
    ).one()
    query = select(WorkItem).where(
        WorkItem.element_id == element_id,
        WorkItem.status == "open",
        WorkItem.village_code.startswith(place.rstrip("0") if place.endswith("000") else place),
    )
    return session.scalars(query.order_by(WorkItem.id).limit(1)).one()


@contextmanager
def visit(browser: Browser, address: str, username: str, size: str) -> Iterator[Page]:
    """A window of somebody signed in."""
    context = browser.new_context(viewport=SIZES[size], locale="zh-CN", has_touch=size == "phone")
    page = context.new_page()
    page.goto(f"{address}/login")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/todo")
    yield page
    context.close()


def save(picture: bytes, file: Path) -> None:
    """Write a PNG with few colours."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    take(sys.argv[1:])
