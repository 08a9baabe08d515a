"""The papers that are posted in the village: notice (R10) and announcement (R13), masked as the law asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine import notices
from engine.clock import local_date, written
from engine.errors import NotFound
from engine.views import CaseView


@dataclass(frozen=True)
class Document:
    """A paper ready to print, by lines."""

    title: str
    number: str
    body: list[str]
    signature: list[str]


def of_case(session: Session, view: CaseView, kind: str, now: datetime) -> Document:
    """The case's `kind` of paper. Raises NotFound when the case has none (yet)."""
    if kind == "notice":
        village = view.case.household.division.name
        posted = view.open_notice.posted_on if view.open_notice else local_date(now)
        signature = [village, written(posted)]
        return Document("公  示", "", _notice_text(session, view, now).split("\n"), signature)
    if kind == "announcement" and view.announcements:
        latest = view.announcements[-1]
        lines = latest.text.split("\n")
        return Document("公  告", latest.number, lines[:-2], lines[-2:])
    raise NotFound("这件事项还没有可以打印的文书。")


def _notice_text(session: Session, view: CaseView, now: datetime) -> str:
    """The notice that hangs, or the one that would hang were it posted today."""
    if view.open_notice:
        return view.open_notice.text
    return notices.preview(session, view.case, view.instance, now)
