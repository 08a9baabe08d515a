"""A process owner at the editors of a draft's forms and decision tables."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

from tests.support.browser import Official

ADDED = {"row", "exporter", "id", "showOutline", "isRepeating", "allowAddRemove", "defaultRepetitions"}
"""What the form editor adds to a form by itself."""


def draft_of(owner: Official, name: str, key: str) -> str:
    """Make a draft of a procedure; answers its address."""
    owner.go("/drafts")
    owner.page.fill("#name", name)
    owner.page.select_option("select[name=procedure_key]", key)
    owner.press("form[data-new-draft] .btn-primary")
    return owner.page.url


def edit(page: Page, address: str) -> None:
    """Open an editor and wait until it is there."""
    page.goto(address)
    page.wait_for_selector(".editor[data-state=ready]")


def keep(page: Page) -> None:
    """Save and wait until it is stored: what was said of an earlier save may still stand there."""
    page.locator("[data-saved]").evaluate("node => { node.dataset.state = 'asked' }")
    page.click("[data-act=save]")
    page.wait_for_selector("[data-saved][data-state=saved]")


def stored(owner: Official, address: str) -> bytes:
    """The form or decision as it is stored."""
    return owner.page.request.get(address + "/file").body()


def less(before: Any, after: Any, path: str = "") -> list[str]:
    """What `after` has not or has otherwise; of what it has more, what the editor does not add by itself."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = [f"{path}.{key} is new: {after[key]!r}" for key in after.keys() - before.keys() - ADDED]
        for key, value in before.items():
            found += less(value, after[key], f"{path}.{key}") if key in after else [f"{path}.{key} is gone"]
        return found
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            one
            for i, pair in enumerate(zip(before, after, strict=True))
            for one in less(*pair, f"{path}[{i}]")
        ]
    return [] if before == after else [f"{path}: {before!r} != {after!r}"]


def read(body: bytes) -> Any:
    """A form file."""
    return json.loads(body)
