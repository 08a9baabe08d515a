"""What correction.bpmn calls: findings are taken up, answered by the village, reviewed by the township."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import CaseFile
from engine.casework.organisation.privacy import masked_text
from engine.flow.receivers import CHOICE, ROWS, Need, Receiver
from engine.flow.services import Service
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.models import Finding
from engine.prevention.quality.correcting import asking, traces, years
from engine.prevention.quality.correcting.ways import way_of

ANSWERS = {"corrected": "已更正", "justified": "数据没有错，不需要更正"}
ANSWERED = ("corrected", "justified")
HELD = ("asked", *ANSWERED)
"""What a case has in hand."""
FACTS = ("asked", "answered", "years", "text")
"""What forms may read as ``findings.…``: the rows that the village answers, those that the township reviews,
the years whose income is in question, and all answers in one text.
"""


def of_case(session: Session, case_id: int, *statuses: str) -> Sequence[Finding]:
    """What a case has in hand, in one order, locked until the transaction ends."""
    query = select(Finding).where(Finding.case_id == case_id, Finding.status.in_(statuses))
    locked = query.order_by(Finding.id).with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(locked))


# -- services --------------------------------------------------------------------------------------


def take(call: ServiceCall) -> dict[str, Any]:
    """All that waits for the household is asked by this case."""
    waiting = (Finding.household_id == call.case.subject_id) & asking.ASKED
    taken = update(Finding).where(waiting).values(status="asked", case_id=call.case.id)
    ids = sorted(call.session.scalars(taken.returning(Finding.id)))
    return {"count": len(ids), "findings": ids}


def _let_go(call: ServiceCall, result: Mapping[str, Any]) -> None:
    back = update(Finding).where(Finding.id.in_(result["findings"]), Finding.status == "asked")
    call.session.execute(back.values(status="waiting"))


def answer(call: ServiceCall, form: str = "correction") -> dict[str, Any]:
    """Keep what the village says of each finding: corrected (old, new), or right as it is (why)."""
    data = call.submission(form)
    if data is None:
        raise Invalid("还没有提交整改情况。")
    said = {_number(row): row for row in data.get("findings") or []}
    asked = of_case(call.session, call.case.id, "asked")
    before = {str(one.id): _answer_of(one) for one in asked}
    for one in asked:
        row = said.get(one.id) or {}
        one.answer = str(row.get("answer") or "")
        if one.answer not in ANSWERS:
            raise Invalid(f"“{one.sentence[:40]}”还没有说明整改情况。")
        one.old_value = str(row.get("old_value") or "")[:500]
        one.new_value = str(row.get("new_value") or "")[:500]
        one.reason = str(row.get("reason") or "")[:1000]
        one.status, one.answered_at = one.answer, call.now
        one.answered_by = call.actor.id if call.actor else None
    years.require_change(asked, data.get("years") or [])
    call.session.flush()
    return {"count": len(asked), "before": before}


def _number(row: Mapping[str, Any]) -> int:
    return int(row.get("finding") or 0)


def _answer_of(one: Finding) -> list[str]:
    return [one.answer, one.old_value, one.new_value, one.reason]


def _unanswer(call: ServiceCall, result: Mapping[str, Any]) -> None:
    """The step was returned or withdrawn: the village is asked as before."""
    before = result["before"]
    for one in of_case(call.session, call.case.id, *ANSWERED):
        if str(one.id) in before:
            one.answer, one.old_value, one.new_value, one.reason = before[str(one.id)]
            one.status, one.answered_by, one.answered_at = "asked", None, None
    call.session.flush()


def review(call: ServiceCall, form: str = "correction_review", answers: str = "correction") -> dict[str, Any]:
    """The township's word: what it agrees to is confirmed, what it sends back the village is asked again.

    The income of earlier years is written into the register as it is confirmed.
    """
    data = call.submission(form)
    if data is None:
        raise Invalid("还没有提交确认意见。")
    returned = {_number(row): str(row.get("reason") or "") for row in _returned(data)}
    if data.get("outcome") == "return" and not returned:
        raise Invalid("退回的，请写明退回哪一项、为什么。")
    held = of_case(call.session, call.case.id, *ANSWERED)
    before = {str(one.id): [one.status, one.note] for one in held}
    for one in held:
        if one.id in returned:
            one.status, one.note = "asked", f"乡级退回：{returned[one.id]}"[:1000]
            one.times += 1
        else:
            _confirm(call, one)
    call.session.flush()
    return {"returned": len(returned), "before": before, "years": _write_years(call, held, answers)}


def _returned(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if data.get("outcome") != "return":
        return []
    return [row for row in data.get("findings") or [] if row.get("opinion") == "return"]


def _confirm(call: ServiceCall, one: Finding) -> None:
    """Confirmed; where no run will look again, or one has already found it no more, it is over."""
    one.status, one.confirmed_at = "confirmed", call.now
    one.confirmed_by = call.actor.id if call.actor else None
    if one.gone_on is not None or one.source != "rule":
        one.status, one.closed_on = "closed", local_date(call.now)
        one.ending = "no_longer" if one.gone_on else "confirmed"


def _write_years(call: ServiceCall, held: Sequence[Finding], answers: str) -> dict[str, list[Any]]:
    """R38: what the village has typed and the township now confirms."""
    agreed = [one for one in held if one.way == "years" and one.answer == "corrected" and one.confirmed_at]
    agreed = [one for one in agreed if one.status in ("confirmed", "closed")]
    typed = (call.submission(answers) or {}).get("years") or []
    if not agreed or not typed:
        return {}
    return years.write(call.session, call.case.subject_id, typed, agreed[-1].answered_by, call.now)


def _unreview(call: ServiceCall, result: Mapping[str, Any]) -> None:
    """The township's word was withdrawn: all that it was about lies before it again."""
    before: Mapping[str, Sequence[str]] = result["before"]
    query = select(Finding).where(Finding.id.in_([int(number) for number in before]))
    for one in call.session.scalars(query.order_by(Finding.id).with_for_update()):
        if one.case_id != call.case.id or one.status == "waiting":
            continue  # a run has found it again in the meantime
        one.times -= one.status == "asked"
        one.status, one.note = before[str(one.id)]
        one.confirmed_by = one.confirmed_at = one.closed_on = None
        one.ending = ""
    years.put_back(call.session, call.case.subject_id, result["years"])
    call.session.flush()


def let_go(call: ServiceCall) -> None:
    """A case is over, whichever way: what it has not settled waits again.

    What belongs to a household that is no more is closed by the next round (`asking`).
    """
    if call.case.procedure_key != asking.PROCEDURE:
        return
    unsettled = update(Finding).where(Finding.case_id == call.case.id, Finding.status.in_(HELD))
    call.session.execute(unsettled.values(status="waiting"))


# -- what forms show -------------------------------------------------------------------------------


def facts(session: Session, household_id: int, *_: Any) -> dict[str, Any]:
    """What the forms show of the household's findings that its open case has in hand."""
    query = select(Finding).where(Finding.household_id == household_id, Finding.status.in_(HELD))
    open_case = select(CaseFile.id).where(
        CaseFile.subject_id == household_id,
        CaseFile.procedure_key == asking.PROCEDURE,
        CaseFile.status == "open",
    )
    held = list(session.scalars(query.where(Finding.case_id.in_(open_case)).order_by(Finding.id)))
    changes = traces.since(session, household_id, min(one.found_on for one in held)) if held else []
    rows = [(one, _row(one, traces.about(changes, one))) for one in held]
    answered = [(one, row) for one, row in rows if one.status in ANSWERED]
    return {
        "asked": [row for one, row in rows if one.status == "asked"],
        "answered": [row for _, row in answered],
        "years": years.known(session, household_id, [one for one in held if one.status == "asked"]),
        "text": "；".join(f"{row['sentence']}——{row['answer_text']}" for _, row in answered),
    }


def _row(one: Finding, changes: Sequence[traces.Trace]) -> dict[str, Any]:
    found = [trace for trace in changes if local_date(trace.at) >= one.found_on]
    return {
        "finding": str(one.id),
        "sentence": masked_text(one.sentence),
        "way": way_of(one.way).sentence,
        "note": _note(one),
        "changes": "；".join(trace.text for trace in found[-5:]) or "没有",
        "answer_text": answer_text(one),
    }


def _note(one: Finding) -> str | None:
    gone = f"{_short(one.gone_on)}核查已不再查出" if one.gone_on else ""
    return "；".join(part for part in (one.note, gone) if part) or None


def _short(day: date) -> str:
    return f"{day.month}月{day.day}日"


def answer_text(one: Finding) -> str:
    """What the village has said, in a sentence."""
    if one.answer == "corrected":
        values = f"原为{one.old_value}，现为{one.new_value}" if one.new_value else one.reason
        return masked_text(f"{ANSWERS['corrected']}：{values}")
    return masked_text(f"{ANSWERS['justified']}：{one.reason}") if one.answer else ""


def _asked(result: Any) -> str:
    return f"{result['count']} 项问题数据请村级整改" if result.get("count") else ""


def _said(result: Any) -> str:
    returned = result.get("returned")
    written = f"，{'、'.join(sorted(result['years']))} 年收入按更正后的数记入档案" if result["years"] else ""
    return f"退回 {returned} 项，其余已确认{written}" if returned else f"全部确认{written}"


KIT = Kit(
    registered={"findings": FACTS},
    prefills={"findings": facts},
    rounds=(asking.ask,),
    when_ended=(let_go,),
    services=(
        Service(
            "finding.take",
            "取出待整改的问题",
            "这户等着整改的问题数据都由这一件办理，答复 count",
            take,
            undo=_let_go,
            said=_asked,
        ),
        Service(
            "finding.answer",
            "登记整改情况",
            "逐项登记已更正还是数据没有错",
            answer,
            {"form": "取哪张表"},
            undo=_unanswer,
        ),
        Service(
            "finding.review",
            "登记确认意见",
            "认可的确认，退回的请村级再办；更正的年度收入记入档案",
            review,
            {"form": "取哪张表", "answers": "村级填的表"},
            undo=_unreview,
            said=_said,
        ),
    ),
    receivers=(
        Receiver("start", asking.PROCEDURE, {}),
        Receiver(
            "service",
            "finding.answer",
            {"findings": Need(ROWS, required=False, columns=frozenset({"answer"}))},
            form="correction",
        ),
        Receiver(
            "service",
            "finding.review",
            {"outcome": Need(CHOICE, among=frozenset({"agree", "return"}))},
            form="correction_review",
        ),
    ),
)
