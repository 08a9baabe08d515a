"""公告 (R13): the results that a village is told, in the township's name.

Households of one village that are approved for the same matter share one announcement, and one number, until
it is issued or first posted; who is approved later stands on the next. The number is of the year in which it
is issued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from engine.casework.kit import Gathering, Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, CaseFile, NumberedPaper, PaperEntry
from engine.casework.organisation import access, bodies, divisions
from engine.casework.papers import contents, numbers
from engine.casework.papers.paper import Paper, from_json
from engine.flow.services import Service
from engine.flow.vocabulary import PaperKind
from engine.ground.clock import local_date, not_before
from engine.ground.database.objects import Objects
from engine.ground.database.prepared import Prepared
from engine.ground.database.stored import add
from engine.ground.errors import EngineFault
from engine.ground.tables import table
from engine.prevention.identification import wordings
from engine.prevention.models import Household
from engine.prevention.register import listed, naming

KIND = PaperKind("announcement", "公告", "township", "village", "公告")
_PAPER, _ENTRY = table(NumberedPaper), table(PaperEntry)
_GATHERING = Prepared(
    select(_PAPER.c.id, _PAPER.c.number, _PAPER.c.year)
    .where(
        _PAPER.c.place_code == bindparam("village"),
        _PAPER.c.kind == KIND.key,
        _PAPER.c.status == "gathering",
        _PAPER.c.matter == bindparam("matter"),
        _PAPER.c.basis == bindparam("basis"),
    )
    .order_by(_PAPER.c.id.desc())
    .limit(1)
)
_CASE = table(CaseFile)
_OF_CASES = Objects(
    select(_PAPER)
    .join(_ENTRY, _ENTRY.c.paper_id == _PAPER.c.id)
    .where(
        _PAPER.c.kind == KIND.key,
        _ENTRY.c.case_id.in_(bindparam("case_ids", expanding=True)),
        _ENTRY.c.withdrawn_at.is_(None),
    )
    .distinct()
    .order_by(_PAPER.c.place_code, _PAPER.c.id),
    [NumberedPaper],
)
_PRESENT = Objects(select(_PAPER).where(_PAPER.c.id == bindparam("paper_id")), [NumberedPaper])
_HOUSEHOLD = table(Household)
_LISTED = Prepared(
    select(_CASE.c.id, _CASE.c.subject_id, _CASE.c.village_code, _CASE.c.log_at, _HOUSEHOLD.c.category)
    .join(_ENTRY, _ENTRY.c.case_id == _CASE.c.id)
    .join(_HOUSEHOLD, _HOUSEHOLD.c.id == _CASE.c.subject_id)
    .where(_ENTRY.c.paper_id == bindparam("paper_id"), _ENTRY.c.withdrawn_at.is_(None))
    .order_by(_ENTRY.c.id)
)
_NUMBER = Prepared(
    select(_PAPER.c.number)
    .join(_ENTRY, _ENTRY.c.paper_id == _PAPER.c.id)
    .join(_CASE, _CASE.c.id == _ENTRY.c.case_id)
    .where(
        _CASE.c.subject_id == bindparam("household_id"),
        _CASE.c.status == "open",
        _PAPER.c.kind == KIND.key,
        _ENTRY.c.withdrawn_at.is_(None),
    )
    .order_by(_ENTRY.c.id.desc())
    .limit(1)
)


def of_cases(session: Session, case_ids: list[int]) -> list[NumberedPaper]:
    """The announcements on which the cases stand."""
    return _OF_CASES.all(session, case_ids=case_ids) if case_ids else []


def _withdraw(call: ServiceCall, result: Any) -> None:
    """The approval was taken back: off the list while it is open, else marked on the issued one."""
    entry = call.session.get(PaperEntry, result["id"], options=[joinedload(PaperEntry.paper)])
    if entry is None:
        return
    if entry.paper.status == "gathering":
        call.session.delete(entry)
    else:
        entry.withdrawn_at = call.now


def prepare(call: ServiceCall, basis: str, matter: str) -> dict[str, Any]:
    """Put the household on its village's announcement: the one that still gathers,
    else a new one with a new number.

    `basis` and `matter` are the diagram's words: what the result rests on, and what it is.
    """
    session, wanted = call.session, (call.case.village_code, matter[:200], basis[:500])
    record = _gathering(session, *wanted, call.now)
    entry = add(session, PaperEntry, paper_id=record.id, case_id=call.case.id)
    return {"id": entry, "paper": record.id, "number": record.number}


def _gathering(session: Session, village: str, matter: str, basis: str, now: datetime) -> Any:
    """The village's announcement that still gathers, its series locked; else a new one with a new number."""
    township = access.ancestor(village, KIND.level)
    numbers.hold(session, KIND, township)  # two approvals at once share one announcement
    found = _GATHERING.first(session, village=village, matter=matter, basis=basis)
    if found is None:
        return numbers.open_paper(session, KIND, village, matter, basis, now, gathering=True)
    if found.year < local_date(now).year:
        found = session.get_one(NumberedPaper, found.id)
        numbers.of_this_year(session, KIND, found, now)
    return found


def regather(session: Session, case_ids: Sequence[int], village: str, now: datetime) -> None:
    """The cases belong to another village now: what still gathers for them gathers there.

    An announcement that was issued stays as it hangs. The entry stays the same row: taking the approval back
    finds it (`_withdraw`).
    """
    query = select(PaperEntry).join(PaperEntry.paper).options(contains_eager(PaperEntry.paper))
    query = query.where(
        PaperEntry.case_id.in_(case_ids),
        NumberedPaper.kind == KIND.key,
        NumberedPaper.status == "gathering",
        NumberedPaper.place_code != village,
    )
    entries = list(session.scalars(query.order_by(PaperEntry.id)))
    townships = {access.ancestor(village, KIND.level), *(entry.paper.division_code for entry in entries)}
    for township in sorted(townships) if entries else ():
        numbers.hold(session, KIND, township)
    for entry in entries:
        session.refresh(entry.paper)
        if entry.paper.status == "gathering":  # nobody has posted it meanwhile
            entry.paper_id = _gathering(session, village, entry.paper.matter, entry.paper.basis, now).id
    session.flush()


def post(call: ServiceCall) -> dict[str, Any]:
    """The announcement hangs in the village: its list is closed, whoever comes later stands on the next."""
    found = of_cases(call.session, [call.case.id])
    if not found:
        raise EngineFault("还没有生成公告，不能登记张贴。")
    record = found[-1]
    closed = close(call.session, record, call.actor, call.now)
    return {"paper": record.id, "number": record.number, "closed": closed}


def close(session: Session, record: NumberedPaper, actor: Account | None, now: datetime) -> bool:
    """Issue the announcement if it still gathers; answers whether it did."""
    numbers.hold(session, KIND, record.division_code)
    _PRESENT.first(session, paper_id=record.id)  # as it is now, under the lock
    if record.status != "gathering":
        return False
    cases = _LISTED.all(session, paper_id=record.id)
    for case in cases:  # whoever has joined it, joined before it is issued
        now = not_before(now, case.log_at)
    numbers.of_this_year(session, KIND, record, now)
    numbers.fix(session, record, _composed(session, record, cases, now), actor, now)
    return True


def compose_paper(session: Session, record: NumberedPaper, now: datetime) -> Paper:
    """The announcement with everybody who stands on it now."""
    return _composed(session, record, _LISTED.all(session, paper_id=record.id), now)


def _composed(session: Session, record: NumberedPaper, cases: Sequence[Any], now: datetime) -> Paper:
    book = bodies.Book(session, [record.place_code], local_date(now))
    found = listed.of_cases(session, cases)
    rows = [replace(found[case.id], details=_category(case)) for case in cases]
    issuer = book.signature(record.division_code, KIND.level)
    terms = contents.Terms(
        record.matter,
        record.basis,
        divisions.short_name(book.name(record.place_code)),
        issuer.name,
        local_date(now),
        seal=issuer.seal,
    )
    return replace(wordings.announcement(terms, rows), number=record.number)


def papers(session: Session, case_id: int) -> list[Paper]:
    """What the announcements of a case say: as issued, or as far as they have gathered."""
    found = of_cases(session, [case_id])
    return [
        from_json(one.content) if one.content else compose_paper(session, one, one.opened_at) for one in found
    ]


def facts(session: Session, household_id: int) -> dict[str, Any]:
    """What forms show: the number of the announcement on which the household's open case stands.

    Read when it is asked for: over New Year, and when the household moves, it becomes another one.
    """
    return {"number": _NUMBER.scalar(session, household_id=household_id)}


def _category(case: Any) -> dict[str, str]:
    return {"类别": naming.CATEGORY_NAMES.get(case.category, "")}


KIT = Kit(
    registered={"announcement": ("number",)},
    prefills={"announcement": lambda session, household_id, *_: facts(session, household_id)},
    case_parts={"announcements": papers},
    gathering={KIND.key: Gathering(of_cases, compose_paper, close)},
    papers=(KIND,),
    services=(
        Service(
            "announcement.prepare",
            "生成公告",
            "或并入本村同一份",
            prepare,
            {"basis": "依据", "matter": "事由"},
            undo=_withdraw,
        ),
        Service(
            "announcement.post",
            "登记公告已张贴",
            "名单关闭",
            post,
        ),
    ),
)
