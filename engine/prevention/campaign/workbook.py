"""Coverage as an Excel file: every village of the county, so that nobody counts by hand (R41, Q81)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account
from engine.ground.clock import written_moment
from engine.ground.database import write
from engine.ground.sheets import Book
from engine.prevention.campaign import coverage
from engine.prevention.models import Campaign

COLUMNS = ("乡镇", "村", "户数", "已报", "不在家", "拒绝", "未报", "填报进度", "转入核实", "有分歧", "提示")


def export(session: Session, actor: Account, campaign: Campaign, now: datetime) -> bytes:
    """The villages by township, as the page counts them; logged."""
    whole = coverage.of(session, actor, campaign, "", now)
    with write(session):
        details = {"campaign": campaign.id, "division": campaign.county_code}
        audit.record(session, "access", actor.id, "export", details, now)
    book = Book(streaming=True)
    sheet = book.sheet("进度")
    sheet.widths(0, 1, 18)
    sheet.widths(2, len(COLUMNS) - 1, 10)
    sheet.head(0, COLUMNS, book.heading)
    number = 0
    for township in sorted(whole.parts, key=lambda one: one.code):
        found = coverage.of(session, actor, campaign, township.code, now)
        for place in sorted(found.parts, key=lambda one: one.code):
            number += 1
            sheet.row(number, _row(township.name, place))
    about = book.sheet("说明")
    for line, words in enumerate((campaign.name, f"截至 {written_moment(now)}", f"{number} 个村")):
        about.row(line, [words])
    return book.bytes()


def _row(township: str, place: coverage.Place) -> list[str | int | float]:
    told = "空村" if place.empty else "留死角" if place.behind else ""
    counts = [place.households, place.done, place.absent, place.refused, place.waiting]
    return [township, place.name, *counts, round(place.share, 4), place.flagged, place.conflict, told]
