"""A process owner at the drawing page: makes drafts, picks elements, waits until they are saved."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tests.support.browser import Official
from tests.support.editing import keep


def new_draft(owner: Official, name: str, key: str = "", file: Path | None = None) -> str:
    """Make a draft on its page and open it for drawing; answers the address of the draft."""
    owner.go("/drafts")
    owner.page.fill("#name", name)
    if file is not None:
        owner.page.check("input[value=file]")
        owner.page.set_input_files("input[name=file]", str(file))
    elif key:
        owner.page.select_option("select[name=procedure_key]", key)
    else:
        owner.page.check("input[value=blank]")
    owner.press("form[data-new-draft] .btn-primary")
    at = owner.page.url
    draw(owner.page, at)
    return at


def draw(page: Page, at: str) -> None:
    """Open the drawing page and wait until the diagram is there."""
    page.goto(at + "/diagram")
    page.wait_for_selector("[data-modeler][data-state=ready]")


def pick(page: Page, element_id: str, drawn_as: str | None = None) -> None:
    """Click an element of the drawing; first beside it,
    so that the buttons at the last one do not lie above it.

    A process is drawn as its pool, whose edge is clicked.
    """
    page.locator("[data-canvas]").click(position={"x": 300, "y": 6}, force=True)
    shape = page.locator(f".djs-element[data-element-id={drawn_as or element_id}] > .djs-hit").first
    shape.click(force=True, position={"x": 4, "y": 4} if drawn_as else None)
    page.wait_for_selector(f"[data-panel][data-of={element_id}]")


def saved(page: Page) -> None:
    """Save and wait until what was drawn is stored."""
    keep(page)


def stored(owner: Official, at: str) -> bytes:
    """The diagram as it is stored."""
    return owner.page.request.get(at + "/diagram.bpmn").body()


def put(page: Page, entry: str, x: float, y: float) -> None:
    """Take an element from the palette and put its middle at a place of
    the drawing (in the drawing's own measure).
    """
    page.click(f".djs-palette [data-action='{entry}']")
    where = page.evaluate(
        """([x, y]) => {
          const matrix = document.querySelector("[data-canvas] .viewport").getScreenCTM();
          return [x * matrix.a + matrix.e, y * matrix.d + matrix.f];
        }""",
        [x, y],
    )
    page.mouse.move(where[0] - 20, where[1] - 20)
    page.mouse.move(where[0], where[1], steps=4)
    page.mouse.click(where[0], where[1])
