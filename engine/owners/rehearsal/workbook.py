"""A replay's report as an Excel file: case numbers, no personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Rehearsal, RehearsalEntry
from engine.casework.organisation import access
from engine.ground.clock import written_moment
from engine.ground.sheets import Book
from engine.owners.rehearsal.report import Report

STATUS_WORDS = {"pending": "未回放", "same": "没有变化", "differs": "有变化", "misfit": "走不通"}


def assumption_words(act: Rehearsal) -> str:
    """What was supposed where the history lacks something, in words."""
    if not act.defaults:
        return "原记录里没有的步骤不作假定：走到那里的事项列为走不通。"
    when = f"打开后第 {act.after_days} 天" if act.after_days else "打开的当天"
    return f"原记录里没有的步骤，假定在{when}按默认结果办结；新增的自动步骤假定没有结果。"


def workbook(session: Session, act: Rehearsal, counts: Mapping[str, int], found: Report) -> bytes:
    """The file's bytes."""
    book = Book()

    def sheet(
        name: str, head: Sequence[str], rows: Sequence[Sequence[Any]] | Iterator[Sequence[Any]]
    ) -> None:
        page = book.sheet(name)
        page.widths(0, len(head), 18)
        page.head(0, head, book.bold)
        for index, row in enumerate(rows, 1):
            page.row(index, row)

    sheet("总表", ["项目", "原来", "新版"], _summary(act, counts, found))
    sheet(
        "步骤",
        ["步骤", "变化", "次数", "涉及事项"],
        [
            *([name, "增加", times, cases] for name, times, cases in found.added),
            *([name, "减少", times, cases] for name, times, cases in found.left_out),
        ],
    )
    sheet("期限", ["期限", "原来超期（次）", "新版超期（次）"], found.limits)
    queues = [desk.queue for desk in found.desks]
    head = [f"{access.QUEUE_NAMES[queue]}（{which}）" for queue in queues for which in ("原来", "新版")]
    rows = [[week, *(n for queue in queues for n in numbers[queue])] for week, numbers in found.weeks]
    sheet("各级每周任务", ["周（周一）", *head], rows)
    sheet(
        "走不通的原因",
        ["原因", "上一步", "件数", "例：事项编号"],
        [[reason.text, reason.after, reason.cases, reason.first_case] for reason in found.reasons],
    )
    columns = [
        "事项编号",
        "结果",
        "原来天数",
        "新版天数",
        "原来结果",
        "新版结果",
        "增加的步骤",
        "减少的步骤",
        "说明",
    ]
    sheet("逐件", columns, _cases(session, act))
    return book.bytes()


def _summary(act: Rehearsal, counts: Mapping[str, int], found: Report) -> list[list[Any]]:
    rows: list[list[Any]] = [
        ["回放的版本", "", act.title],
        ["回放时间", "", written_moment(act.at)],
        ["假定", "", assumption_words(act)],
        *([STATUS_WORDS[status] + "（件）", "", number] for status, number in counts.items()),
    ]
    if found.days:
        rows.append(["办理天数中位数", found.days.old_median, found.days.new_median])
        rows.append(["九成事项不超过（天）", found.days.old_p90, found.days.new_p90])
    return rows + [[f"结果由“{old}”变为“{new}”（件）", "", number] for old, new, number in found.outcomes]


def _cases(session: Session, act: Rehearsal) -> Iterator[list[Any]]:
    query = select(RehearsalEntry).where(RehearsalEntry.rehearsal_id == act.id).order_by(RehearsalEntry.id)
    for entry in session.scalars(query):
        facts: Mapping[str, Any] = entry.facts
        old, new = facts.get("old") or {}, facts.get("new") or {}
        yield [
            entry.case_id,
            STATUS_WORDS[entry.status],
            old.get("days"),
            new.get("days"),
            old.get("outcome", ""),
            new.get("outcome", ""),
            "、".join(facts.get("added") or {}),
            "、".join(facts.get("left_out") or {}),
            entry.text,
        ]
