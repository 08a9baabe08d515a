"""What a correction will bring about, in sentences: who decides reads it first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine.casework.models import CaseFile, WorkItem
from engine.ground.clock import written
from engine.ground.errors import Invalid
from engine.prevention.assistance import officials
from engine.prevention.identification import clues
from engine.prevention.models import Correction, Household, Measure, Notice, RiskClue, household_of
from engine.prevention.register import member_history, naming
from engine.prevention.register.members import regrouping

MERGE, CLUE, GONE, SPLIT, JOIN = "merge", "clue", "gone", "split", "join"
"""The kinds of corrections."""
WATCHED = ("identifying", "monitored", "eliminated")
"""Whose people are not lost sight of when they part."""


def foreseen(session: Session, row: Correction) -> list[str]:
    """What agreeing will do, in sentences, as things are now."""
    if row.kind == GONE:
        return _of_going(session, row)
    if row.kind == SPLIT:
        return _of_splitting(session, row)
    if row.kind == CLUE:
        return _of_cancelling(session, session.get_one(RiskClue, row.clue_id))
    household, successor = row.household, session.get_one(Household, row.into_id)
    said = [
        f"{household.head_name}户（{household.number}）并入{successor.head_name}户（{successor.number}），不再单独办理；"
        "原有记录全部保留，可以查看。"
    ]
    said += [_ending(session, case) for case in open_cases(session, household.id)]
    moving = len(moving_clues(session, household.id))
    said += (
        [
            f"{moving} 条还在起作用的线索转到保留的一户：并入正在办理的识别认定，没有的按规定开始办理，期限按最早的发现日期计算。"
        ]
        if moving
        else []
    )
    running = session.scalar(select(func.count()).select_from(Measure).where(open_measures(household.id)))
    said += [f"{running} 项没有完成的帮扶措施转到保留的一户，继续登记进展。"] if running else []
    if officials.in_office(session, household.id) is not None:
        said.append("这一户的帮扶责任人到今天为止；保留的一户的责任人不变。")
    if row.kind == JOIN:
        people = "、".join(member.name for member in household.members)
        return [
            *said,
            f"{people}转入保留的一户，与户主关系先记为“其他”，请随后更正；收入在下次核实时合并填写。",
        ]
    return [
        *said,
        f"这一户的 {len(household.members)} 名成员不再占用证件号码；保留的一户缺少的成员，在下次核实时补录。",
    ]


def _of_splitting(session: Session, row: Correction) -> list[str]:
    household = row.household
    try:
        _, going = parts_of(session, row)
    except Invalid as error:
        return [f"现在不能照此分户：{error.message}"]
    people = "、".join(str(one["name"]) for one in going)
    said = [
        f"{people}分出，另立一户，户主{going[0]['name']}；{household.head_name}户的状态、"
        "责任人、计划和正在办理的事项不变。",
        "新户的收入、风险下次核实时填写。",
    ]
    if household.status in WATCHED:
        name = naming.STATUS_NAMES[household.status]
        said.append(f"原户是{name}：新户随即录入一条线索，按规定核实是否应当纳入。")
    return said


def parts_of(session: Session, row: Correction) -> tuple[list[Any], list[Any]]:
    keys = cast(list[str], row.data["members"])
    return regrouping.parted(session, row.household, keys, str(row.data["head"]))


def _of_going(session: Session, row: Correction) -> list[str]:
    household, day = row.household, written(date.fromisoformat(str(row.data["on"])))
    people = "、".join(str(one["name"]) for one in member_history.present(session, household.id))
    said = [
        f"{people}{member_history.KINDS[str(row.data['how'])]}（{day}），不再占用证件号码；"
        f"{household.head_name}户标为“{naming.STATUS_NAMES['gone']}”，原有记录全部保留，可以查看。",
        *(_ending(session, case) for case in open_cases(session, household.id)),
    ]
    if session.scalar(select(Measure.id).where(open_measures(household.id)).limit(1)) is not None:
        said.append("没有完成的帮扶措施停止；已支付的照旧登记。")
    if officials.in_office(session, household.id) is not None:
        said.append("帮扶责任人到今天为止。")
    return [*said, "有人回来、弄错了的，由另一人在“成员变动”里撤销；已经终止的事项不恢复，需要的另行办理。"]


def _of_cancelling(session: Session, clue: RiskClue) -> list[str]:
    case = session.get(CaseFile, clue.case_id) if clue.case_id else None
    said = ["线索标为已撤销，留在全部经过里。"]
    if case is None:
        return said
    if ends_with(session, clue) is not None:
        return [*said, _ending(session, case)]
    name = case.version.procedure.name
    if case.status != "open" or decided(case):
        return [
            *said,
            f"“{name}”已经{'办结' if case.status != 'open' else '批准'}，结果不变；结果有误的，按回退或清退的规定办理。",
        ]
    return [*said, f"正在办理的“{name}”还有其他线索，继续办理；期限按其余线索中最早的发现日期计算。"]


def _ending(session: Session, case: CaseFile) -> str:
    count = (
        select(func.count())
        .select_from(WorkItem)
        .where(WorkItem.case_id == case.id, WorkItem.status == "open")
    )
    posted = session.scalar(
        select(Notice.id).where(Notice.case_id == case.id, Notice.status == "open").limit(1)
    )
    taken = "，正在张贴的公示撤下" if posted else ""
    return f"正在办理的“{case.version.procedure.name}”终止，{session.scalar(count) or 0} 件待办收回，期限不再计算{taken}。"


def open_cases(session: Session, household_id: int) -> Sequence[CaseFile]:
    query = select(CaseFile).where(CaseFile.subject_id == household_id, CaseFile.status == "open")
    return list(session.scalars(query.order_by(CaseFile.id)))


def moving_clues(session: Session, household_id: int) -> Sequence[RiskClue]:
    """Clues that still ask for something: of an open case, or of none."""
    query = select(RiskClue).outerjoin(CaseFile, CaseFile.id == RiskClue.case_id)
    query = query.where(RiskClue.household_id == household_id, RiskClue.cancelled_at.is_(None))
    return list(
        session.scalars(
            query.where((CaseFile.status == "open") | CaseFile.id.is_(None)).order_by(RiskClue.id)
        )
    )


def open_measures(household_id: int) -> ColumnElement[bool]:
    return (Measure.household_id == household_id) & Measure.status.in_(("planned", "under_way"))


def decided(case: CaseFile) -> bool:
    """Whether the county has approved: from then on only a clearance
    takes the household off the register (R29).
    """
    return case.procedure_key == clues.PROCEDURE and household_of(case).status == "monitored"


def ends_with(session: Session, clue: RiskClue) -> CaseFile | None:
    """The open identification that no other clue would be left for;
    never one whose household has been admitted (R29).
    """
    case = session.get(CaseFile, clue.case_id) if clue.case_id else None
    if case is None or case.status != "open" or case.procedure_key != clues.PROCEDURE or decided(case):
        return None
    others = select(RiskClue.id).where(
        RiskClue.case_id == case.id,
        RiskClue.id != clue.id,
        RiskClue.cancelled_at.is_(None),
        RiskClue.held.is_(False),
    )
    return case if session.scalar(others.limit(1)) is None else None
