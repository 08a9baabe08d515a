"""A numbered paper's row, for what is tried on rows alone."""

from __future__ import annotations

from datetime import UTC, datetime

OPENED = datetime(2022, 5, 5, 1, tzinfo=UTC)


def paper_row(serial: int = 1) -> dict[str, object]:
    """The columns of an announcement that gathers its households."""
    return {
        "kind": "announcement",
        "division_code": "419901001000",
        "place_code": "419901001001",
        "year": 2022,
        "serial": serial,
        "number": f"〔2022〕{serial}号",
        "matter": "纳入监测",
        "basis": "",
        "opened_at": OPENED,
        "status": "gathering",
    }
