"""A household's whole life in the register: clues, cases, what was seen, who answers for it, plans,
what it was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.casework.models import Account, CaseFile, NumberedPaper, PaperEntry, ProcedureVersion, WorkItem
from engine.casework.organisation import access
from engine.ground.clock import local_date, written
from engine.ground.text import sentence
from engine.prevention.models import (
    AssistancePlan,
    Correction,
    MemberChange,
    Notice,
    Observation,
    ResponsibleOfficial,
    RiskClue,
    Telling,
    Transfer,
)
from engine.prevention.records import consequences, corrections
from engine.prevention.register import contact
from engine.prevention.register.households import finding as households
from engine.prevention.register.member_history import QUIET
from engine.prevention.register.members import telling
from engine.prevention.transfers import lists as transfers
from engine.prevention.transfers import offers


@dataclass(frozen=True)
class Deed:
    """One step of a case: who finished it when, and with what decision."""

    name: str
    who: str
    day: date
    outcome: str
    item_id: int


@dataclass(frozen=True)
class Chapter:
    """One event of the household's life; a case carries its steps and its papers."""

    day: date
    kind: str  # clue, case, observation, official, plan, telling, correction, transfer, contact,
    # member
    title: str
    text: str = ""
    case: CaseFile | None = None
    deeds: Sequence[Deed] = field(default_factory=tuple)
    papers: Sequence[str] = field(default_factory=tuple)  # kinds of papers of the case: notice, announcement


def of_household(
    session: Session, actor: Account, household_id: int, words: Mapping[str, Any]
) -> list[Chapter]:
    """The chapters of a household that the actor may see, latest first, in a fixed number of queries.

    `words` names coded values: channels by code, measures by type. Raises NotFound outside the actor's reach.
    """
    households.view(session, actor, household_id)

    def of(table: Any) -> list[Any]:
        return list(session.scalars(select(table).where(table.household_id == household_id)))

    chapters = [
        *_cases(session, actor, household_id),
        *(_clue(clue, words) for clue in of(RiskClue)),
        *(_observation(row) for row in of(Observation)),
        *(_official(row) for row in of(ResponsibleOfficial)),
        *(Chapter(local_date(row.at), "telling", "告知农户", row.text) for row in of(Telling)),
        *_plans(session, household_id, words),
        *(_member(row) for row in of(MemberChange) if row.kind not in QUIET),
        *(_correction(row) for row in corrections.of_household(session, household_id)),
        *(_transfer(*one) for one in transfers.of_household(session, household_id)),
        *(
            Chapter(local_date(row.recorded_at), "contact", "改电话住址", contact.said(row))
            for row in contact.of_household(session, household_id)
        ),
    ]
    return sorted(chapters, key=lambda chapter: (chapter.day, chapter.kind != "case"), reverse=True)


def _cases(session: Session, actor: Account, household_id: int) -> Iterable[Chapter]:
    named = joinedload(CaseFile.version).joinedload(ProcedureVersion.procedure)
    query = (
        select(CaseFile)
        .where(CaseFile.subject_id == household_id, access.visible_cases(actor))
        .options(named)
    )
    cases = list(session.scalars(query))
    ids = [case.id for case in cases]
    deeds: dict[int, list[Deed]] = {}
    done = select(WorkItem).where(WorkItem.case_id.in_(ids), WorkItem.status.in_(("done", "returned")))
    for item in session.scalars(done.options(joinedload(WorkItem.closer)).order_by(WorkItem.closed_at)):
        who = item.closer.name if item.closer else "系统"
        day = local_date(item.closed_at) if item.closed_at else local_date(item.opened_at)
        deeds.setdefault(item.case_id, []).append(Deed(item.name, who, day, item.outcome, item.id))
    papers: dict[int, list[str]] = {}
    noticed = select(Notice.case_id, literal("notice")).where(Notice.case_id.in_(ids)).distinct()
    announced = (
        select(PaperEntry.case_id, NumberedPaper.kind)
        .join(PaperEntry.paper)
        .where(
            PaperEntry.case_id.in_(ids),
            NumberedPaper.kind == "announcement",
            PaperEntry.withdrawn_at.is_(None),
        )
        .distinct()
    )
    for case_id, kind in [*session.execute(noticed), *session.execute(announced)]:
        papers.setdefault(case_id, []).append(kind)
    for case in cases:
        text = "办理中" if case.status == "open" else case.outcome or "已结束"
        yield Chapter(
            local_date(case.started_at),
            "case",
            case.version.procedure.name,
            text,
            case,
            tuple(deeds.get(case.id, ())),
            tuple(papers.get(case.id, ())),
        )


def _clue(clue: RiskClue, words: Mapping[str, Any]) -> Chapter:
    channel = words.get("channels", {}).get(clue.channel, clue.channel)
    title = "发现线索（已撤销）" if clue.cancelled_at else "发现线索"
    waits = "（留存，待正在办理的事项办结）" if clue.held else ""
    return Chapter(
        clue.discovered_on, "clue", title, f"{channel}（{clue.finder}）：{clue.description}{waits}"
    )


def _correction(row: Correction) -> Chapter:
    verb = "分出" if row.kind == consequences.SPLIT else "并入"
    into = f"，{verb}{row.into.head_name}户（{row.into.number}）" if row.into else ""
    text = (
        f"{row.household.head_name}户（{row.household.number}）{into}："
        f"{sentence(row.reason)}{corrections.STATUS[row.status]}。{row.note}"
    )
    return Chapter(
        local_date(row.decided_at or row.asked_at), "correction", corrections.KINDS[row.kind], text
    )


def _transfer(row: Transfer, home: str, there: str) -> Chapter:
    note = sentence(row.note) if row.note else ""
    text = f"{home} → {there}：{sentence(row.reason)}{offers.STATUS[row.status]}。{note}"
    return Chapter(local_date(row.decided_at or row.offered_at), "transfer", "移交", text)


def _member(row: MemberChange) -> Chapter:
    undone = f"（已撤销：{row.undone_reason}）" if row.undone_at else ""
    proof = f"，证明：{row.proof}" if row.proof else ""
    return Chapter(row.happened_on, "member", "成员变动", f"{telling.sentence(row)}{proof}{undone}")


def _observation(row: Observation) -> Chapter:
    compared = "高于" if row.per_capita > row.line_amount else "不高于"
    text = f"人均纯收入 {row.per_capita:,.2f} 元，{compared}监测范围 {row.line_amount:,} 元"
    return Chapter(row.observed_on, "observation", "核实收入", text)


def _official(row: ResponsibleOfficial) -> Chapter:
    until = f"，至{written(row.until)}" if row.until else ""
    return Chapter(row.since, "official", "帮扶责任人", f"{row.name}（{row.unit} {row.post}）{until}")


def _plans(session: Session, household_id: int, words: Mapping[str, Any]) -> Iterable[Chapter]:
    query = select(AssistancePlan).where(
        AssistancePlan.household_id == household_id, AssistancePlan.status != "withdrawn"
    )
    for plan in session.scalars(query.options(selectinload(AssistancePlan.measures))):
        types = words.get("measures", {})
        listed = [str(row.get("type")) for row in plan.listed] or [measure.type for measure in plan.measures]
        named = "、".join(dict.fromkeys(str(types.get(kind, kind)) for kind in listed))
        yield Chapter(plan.made_on, "plan", "帮扶计划", named or plan.goal)
