"""What a public notice says of a household's people, and whether it still holds (R10, domain S11).

The notice lists the household by its head and the number of its people. Those count who belonged to it on the
day of the review by which it is proposed; the head is who it is now. What follows when that has changed is
drawn: the diagram hears of a change by MESSAGE, asks `notice.compare`, and goes its way by the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, CaseFile
from engine.flow.services import Service
from engine.ground.clock import written
from engine.ground.database.objects import Objects
from engine.ground.database.prepared import Prepared
from engine.ground.errors import Conflict
from engine.ground.tables import table
from engine.prevention.models import Household, HouseholdYear, MemberChange, Notice
from engine.prevention.register import member_history

MESSAGE = "household_members_changed"
GONE = "household_gone"
FACTS = ("text", "state", "since")
"""What forms may read as ``listed.…``: a sentence, and `same`, `changed` or '' where no notice is known; and
what was recorded of the members since the income was checked, in a sentence.
"""
_YEAR, _NOTICE, _CASE = table(HouseholdYear), table(Notice), table(CaseFile)
_CHECKED = Prepared(
    select(func.max(_YEAR.c.recorded_at)).where(_YEAR.c.household_id == bindparam("household_id")),
    own=True,
)
_LATEST = Objects(
    select(_NOTICE).where(_NOTICE.c.case_id == bindparam("case_id")).order_by(_NOTICE.c.id.desc()).limit(1),
    [Notice],
    own=True,
)
_OPEN_CASE = Objects(
    select(_NOTICE)
    .join(_CASE, _CASE.c.id == _NOTICE.c.case_id)
    .where(_CASE.c.subject_id == bindparam("household_id"), _CASE.c.status == "open")
    .order_by(_NOTICE.c.id.desc())
    .limit(1),
    [Notice],
    own=True,
)


def listing(
    session: Session,
    household: Household,
    review: date | None,
    changes: Sequence[MemberChange] | None = None,
) -> dict[str, Any]:
    """How the household stands on a notice posted now: its head, how many people it had on the day of the
    review (today's where there was none), and that day in ISO. `changes` are those in force, if read.
    """
    rows = member_history.present(session, household.id)
    if review is None:
        counted = rows
    elif changes is None:
        counted = member_history.as_of(rows, member_history.in_force(session, household.id), review)
    else:
        counted = member_history.as_of(rows, changes, review)
    return {
        "head": household.head_name,
        "size": len(counted),
        "review": review.isoformat() if review else None,
    }


def compared(
    session: Session,
    notice: Notice | None,
    household_id: int,
    changes: Sequence[MemberChange] | None = None,
) -> dict[str, Any]:
    """What a notice says of the household against now: ``head_changed``, ``size_changed``, ``text``.

    Of a notice from before it was kept nothing is known, so nothing is said to have changed.
    """
    if notice is None or notice.listed is None:
        return {
            "head_changed": False,
            "size_changed": False,
            "known": False,
            "text": "公示时没有记下户主和人口。",
        }
    posted = notice.listed
    review = date.fromisoformat(str(posted["review"])) if posted["review"] else None
    now = listing(session, session.get_one(Household, household_id), review, changes)
    head, size = posted["head"] != now["head"], posted["size"] != now["size"]
    text = f"公示户主{posted['head']}，{posted['size']}人"
    text += f"（以{written(review)}评议之日的成员为准）" if review else ""
    if head:
        text += f"；户主已变更为{now['head']}"
    if size:
        text += f"；那一天的成员现在登记为{now['size']}人"
    return {"head_changed": head, "size_changed": size, "known": True, "text": f"{text}。"}


def compare(call: ServiceCall) -> dict[str, Any]:
    """Whether the people of the case's household are still those whom its notice lists."""
    notice = _LATEST.first(call.session, case_id=call.case.id)
    return compared(call.session, notice, call.case.subject_id)


def take_down(call: ServiceCall) -> dict[str, Any]:
    """The notice comes down, because another one will hang in its place."""
    notice = _LATEST.first(call.session, case_id=call.case.id)
    if notice is None or notice.status != "open":
        raise Conflict("没有正在进行的公示。")
    notice.status, notice.closed_at = "superseded", call.now
    return {"id": notice.id}


def _hang_again(call: ServiceCall, result: Mapping[str, Any]) -> None:
    notice = call.session.get(Notice, result["id"])
    if notice is not None and notice.status == "superseded":
        notice.status, notice.closed_at = "open", None


def tell(
    session: Session,
    actor: Account | None,
    household: Household,
    said: str,
    on: date,
    now: datetime,
    *,
    besides: int = 0,
) -> None:
    """Let every open case of the household whose diagram hears of changes know of one, whatever it waits for
    at this moment; who has work in a case hears of it too.
    """
    payload = {"on": on.isoformat()}
    words = f"成员有变动（{said}）"[:120]
    acts.tell_subject(
        session, actor, household.id, MESSAGE, payload, now, besides=besides, held=True, words=words
    )


def of_household(session: Session, household_id: int, *_: Any) -> dict[str, Any]:
    """What a form may show of the notice of the household's open case."""
    notice = _OPEN_CASE.first(session, household_id=household_id)
    changes = member_history.in_force(session, household_id)
    found = compared(session, notice, household_id, changes)
    changed = found["head_changed"] or found["size_changed"]
    state = ("changed" if changed else "same") if found["known"] else ""
    return {"text": found["text"], "state": state, "since": _since_check(session, household_id, changes)}


def _since_check(session: Session, household_id: int, changes: Sequence[MemberChange]) -> str:
    """What became of the members after the income was checked: who reviews reads it first (domain S11)."""
    checked = _CHECKED.scalar(session, household_id=household_id) if changes else None
    told = [
        f"{written(one.happened_on)}{member_history.KINDS[one.kind]}{one.name}"
        for one in changes
        if checked is not None and _after(one, checked) and one.kind not in member_history.QUIET
    ]
    if not told:
        return "没有"
    said = "；".join(told[-5:])  # the latest, where there are many
    return f"{said}。评议之日以前发生的，先退回核实，补充人口和收入，再评议。"


def _after(change: MemberChange, checked: datetime) -> bool:
    """What the check itself has found is recorded with it."""
    return change.recorded_at > checked or (change.case_id is None and change.recorded_at == checked)


KIT = Kit(
    registered={"listed": FACTS},
    prefills={"listed": of_household},
    sends={MESSAGE: "该户成员有变动", GONE: "全户已不在册"},
    services=(
        Service(
            "notice.compare",
            "核对公示的户主和人口",
            "同评议之日的成员、现在的户主比较，答复 head_changed、size_changed",
            compare,
        ),
        Service(
            "notice.take_down",
            "撤下公示",
            "名单变了，另行公示",
            take_down,
            undo=_hang_again,
        ),
    ),
)
