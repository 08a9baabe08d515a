"""Excel files as people make them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import openpyxl


def made(lines: Iterable[Iterable[object]], fill: Callable[[Any], None] = lambda book: None) -> bytes:
    """An .xlsx whose first sheet has `lines`, as `fill` leaves it."""
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in lines:
        book.active.append(list(line))
    fill(book)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()
