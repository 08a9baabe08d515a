"""督办单 (form 20): a supervisor asks the unit that holds an item why it is late; they answer with cause,
measure, promise.

It is a table and not a procedure of its own: it goes to whichever unit holds the item, and back to the person
who gave it. Neither is a lane of a diagram (a lane is a level's queue), and it must never move the case,
whose diagram alone says what comes next. What is asked is form 20 all the same, the process owner's to
change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, exists, literal_column, select, update
from sqlalchemy.orm import Session, aliased

from engine.casework import definitions, kit
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import (
    Account,
    CaseFile,
    Notification,
    OrderEntry,
    SupervisionOrder,
    Timer,
    WorkItem,
)
from engine.casework.organisation import access
from engine.casework.step.steps import Step
from engine.casework.supervision import pressing
from engine.casework.supervision.order_lists import TO_ANSWER, get, may_answer
from engine.casework.telling import ladder, notifications
from engine.flow.forms import Form
from engine.flow.history import lines
from engine.flow.receivers import DAY, TEXT, Need, Receiver
from engine.ground.clock import Clock, local_date, start_of_day, written
from engine.ground.database import save, write
from engine.ground.database.objects import Objects
from engine.ground.database.prepared import Prepared
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.ground.tables import table

PROCEDURE = "identification"
ANSWER_FORM = "supervisionForm"
"""The property of the procedure that names the form of an answer (form 20)."""
PROMISE = "promise"
MAX_TEXT = 500
_FORGET_PROMISES = Prepared(
    update(table(Timer))
    .where(
        table(Timer).c.case_id == bindparam("ended"),
        table(Timer).c.kind == PROMISE,
        table(Timer).c.status == literal_column("'waiting'"),
    )
    .values(status="cancelled")
)


def answer_form(session: Session) -> Form:
    """The form in force for an answer."""
    return definitions.load(session, definitions.current(session, PROCEDURE).id).page_form(ANSWER_FORM)


# -- acting ----------------------------------------------------------------------------------------


def give(
    session: Session, actor: Account, item_id: int, matter: str, answer_by: date | None, *, clock: Clock
) -> SupervisionOrder:
    """下达: to the unit that holds the item.

    Raises NotFound, NotAllowed, Invalid, Conflict when there is one already.
    """
    now = clock.now()
    with write(session):
        item, step = pressing.open_item(session, actor, item_id, now, "督办")
        words, day = _checked(matter, answer_by, local_date(now))
        same = (
            select(SupervisionOrder.id)
            .join(WorkItem, WorkItem.id == SupervisionOrder.work_item_id)
            .where(
                SupervisionOrder.case_id == item.case_id,
                WorkItem.element_id == item.element_id,
                SupervisionOrder.status != "accepted",
                SupervisionOrder.step_open,
            )
        )
        if session.scalar(same.limit(1)) is not None:
            raise Conflict("这一步已经有没办完的督办单，请在原单上继续。")
        order = SupervisionOrder(
            case_id=item.case_id,
            work_item_id=item.id,
            village_code=item.village_code,
            queue=item.queue,
            division_code=item.division_code,
            matter=words,
            answer_by=day,
            issued_by=actor.id,
            issued_at=now,
        )
        session.add(order)
        session.flush()
        step.log(lines.Ordered(order=order.id, name=item.name, reason=words), item.element_id)
        text = f"{kit.called(step.case)}“{item.name}”：{actor.name}下达督办单，请在 {written(day)} 前答复：{words}"
        step.tell("ordered", f"order:{order.id}", text, item.element_id, [item.queue])
    return order


def _checked(matter: str, answer_by: date | None, today: date) -> tuple[str, date]:
    words, wrong = matter.strip(), {}
    if not words or len(words) > MAX_TEXT:
        wrong["matter"] = [f"请写明督办事项（最多 {MAX_TEXT} 字）。"]
    if answer_by is None or not today <= answer_by <= today + timedelta(days=60):
        wrong["answer_by"] = ["答复期限须在今天起 60 天之内。"]
    if wrong or answer_by is None:
        raise Invalid("督办单有误，请更正。", wrong)
    return words, answer_by


def answer(
    session: Session, actor: Account, order_id: int, raw: Mapping[str, Any], *, clock: Clock
) -> SupervisionOrder:
    """答复: cause, measure and promised day, from the raw data of form 20.

    The promised day is not before today, unless the step is done: then it is the day on which it was, since
    the step began.
    """
    now = clock.now()
    form = answer_form(session)
    with write(session):
        order, step = _locked(session, actor, order_id, now)
        if order.status not in ("open", "returned"):
            raise Conflict("这张督办单已经答复，请等督查员审核。")
        if not may_answer(actor, order):
            raise NotAllowed("督办单由承办单位答复，您只能查看。")
        clean = form.validate(raw, today=local_date(now))
        promised = date.fromisoformat(str(clean["promised_on"]))
        _promise_holds(order, promised, local_date(now))
        sent_with = definitions.form_digest(session, PROCEDURE, ANSWER_FORM)
        order.entries.append(
            OrderEntry(kind="answered", data=clean, form_sha256=sent_with, account_id=actor.id, at=now)
        )
        order.status, order.promised_on, order.promise_passed = "answered", promised, False
        session.flush()
        line = lines.OrderAnswered(
            order=order.id, promised_on=promised.isoformat(), reason=str(clean["cause"])
        )
        step.log(line, order.item.element_id)
        words = f"承诺 {written(promised)} 前办结" if order.step_open else f"已于 {written(promised)} 办结"
        text = f"{kit.called(step.case)}“{order.item.name}”：督办单已答复，{words}。"
        step.tell(
            "answered", f"answer:{order.id}:{len(order.entries)}", text, order.item.element_id, [order.queue]
        )
        _tell_follower(session, step.case, order, "answered", text, now)
        if order.step_open:
            _set_promise(session, order, promised)
    return order


def _promise_holds(order: SupervisionOrder, promised: date, today: date) -> None:
    """Raise Invalid for a day that can be no promise,
    or for a finished step no day on which it was finished.
    """
    begun = local_date(order.item.opened_at)
    if order.step_open and promised < today:
        sentence = "承诺办结日期：不能早于今天。"
    elif not order.step_open and not begun <= promised <= today:
        sentence = f"这一步已经办结，请填写办结的日期：{written(begun)} 至 {written(today)} 之间。"
    else:
        return
    raise Invalid("承诺办结日期有误。", {"promised_on": [sentence]})


def judge(
    session: Session, actor: Account, order_id: int, accepted: bool, reason: str, *, clock: Clock
) -> SupervisionOrder:
    """认可, or 退回 with a reason."""
    now, words = clock.now(), reason.strip()
    with write(session):
        order, step = _locked(session, actor, order_id, now)
        access.require_supervision(actor, order.item)
        if order.status != "answered":
            raise Conflict("这张督办单现在没有待审核的答复。")
        if not accepted and not words:
            raise Invalid("请写明退回的原因。", {"reason": ["请写明退回的原因。"]})
        if len(words) > MAX_TEXT:
            raise Invalid("退回的原因太长。", {"reason": [f"最多 {MAX_TEXT} 字。"]})
        order.status = "accepted" if accepted else "returned"
        order.entries.append(
            OrderEntry(kind=order.status, data={"reason": words}, account_id=actor.id, at=now)
        )
        session.flush()
        judged = lines.OrderAccepted if accepted else lines.OrderReturned
        step.log(judged(order=order.id, reason=words), order.item.element_id)
        if not accepted:
            text = f"{kit.called(step.case)}“{order.item.name}”：督办单的答复被退回：{words}"
            step.tell(
                "returned",
                f"return:{order.id}:{len(order.entries)}",
                text,
                order.item.element_id,
                [order.queue],
            )
    return order


def _locked(session: Session, actor: Account, order_id: int, now: datetime) -> tuple[SupervisionOrder, Step]:
    order = get(session, actor, order_id)
    step = Step.on(session, order.case_id, actor, now)
    session.refresh(order)
    return order, step


def _tell_follower(
    session: Session, case: CaseFile, order: SupervisionOrder, kind: str, words: str, now: datetime
) -> None:
    """Who has taken the order over hears of it, unless the own desk has heard of it in this very step."""
    person = session.get(Account, order.answers_to) if order.answers_to is not None else None
    if person is None or not (person.active and access.may_supervise(person, order.item)):
        return
    desks = [one.division_code for one in person.grants if one.role == access.SUPERVISOR]
    told = select(Notification.id).where(
        Notification.case_id == case.id,
        Notification.kind == kind,
        Notification.at == now,
        Notification.queue == access.SUPERVISOR,
        Notification.division_code.in_(desks),
    )
    if session.scalar(told.limit(1)) is None:
        notifications.send_person(session, case, person.id, kind, words, now)


# -- the promise -----------------------------------------------------------------------------------


def _set_promise(session: Session, order: SupervisionOrder, promised: date) -> None:
    """Look at 00:00 after the promised day whether the step is done: a timer row of the host's."""
    session.add(
        Timer(
            case_id=order.case_id,
            token=f"order-{order.id}",
            element_id=order.item.element_id,
            name=order.item.name,
            kind=PROMISE,
            village_code=order.village_code,
            procedure_key=order.item.procedure_key,
            due_at=start_of_day(promised + timedelta(days=1)),
        )
    )


def promise_passed(step: Step, row: Timer) -> None:
    """The promised day has gone by: when the step is still open,
    the order turns red and the ladder hears of it.
    """
    save(step.connection, row, status="fired", fired_at=step.now)
    order = step.session.get_one(
        SupervisionOrder, int(row.token.removeprefix("order-")), populate_existing=True
    )
    promised = order.promised_on
    if not order.step_open or promised is None or start_of_day(promised + timedelta(days=1)) != row.due_at:
        return
    order.promise_passed = True
    step.session.flush()
    line = lines.PromisePassed(order=order.id, name=row.name, promised_on=promised.isoformat())
    step.log(line, row.element_id)
    text = f"{kit.called(step.case)}“{row.name}”：承诺 {written(promised)} 前办结，至今没有办结。"
    step.tell("promise", f"promise:{order.id}:{promised}", text, row.element_id, [order.queue])
    _tell_follower(step.session, step.case, order, "promise", text, step.now)


def case_ended(call: ServiceCall) -> None:
    """A case has ended: no promise about it waits any longer; who asked and who owes hear of the steps that
    nobody will do now. One that was ended as a mistake has nothing left to explain: its orders wait for no
    answer.
    """
    session, case = call.session, call.case
    _FORGET_PROMISES.run(session, ended=case.id)
    for order in _unsettled().all(session, ended=case.id):
        _tell_ended(call, order)
    if case.status == "cancelled":
        owed = update(SupervisionOrder).where(SupervisionOrder.case_id == case.id, TO_ANSWER)
        session.execute(owed.values(status="void"))


@cache
def _unsettled() -> Objects:
    """Orders about steps that a case never did, but for those that are settled."""
    asked, done = aliased(WorkItem), aliased(WorkItem)
    finished = exists(
        select(done.id)
        .join(asked, and_(asked.case_id == done.case_id, asked.element_id == done.element_id))
        .where(asked.id == SupervisionOrder.work_item_id, done.status == "done")
        .where(done.closed_at >= SupervisionOrder.issued_at)
    )
    open_orders = select(SupervisionOrder).where(SupervisionOrder.case_id == bindparam("ended"), ~finished)
    unsettled = open_orders.where(SupervisionOrder.status.not_in(("accepted", "void")))
    return Objects(unsettled, [SupervisionOrder])


def _tell_ended(call: ServiceCall, order: SupervisionOrder) -> None:
    case, item = call.case, order.item
    owed = order.status in ("open", "returned") and case.status != "cancelled"
    what = "督办单仍须答复为什么拖延" if owed else "督办单不再等办结"
    ended = case.outcome or "已结束"
    text = f"{kit.called(case)}“{item.name}”：事项{ended}，这一步不再办理，{what}。"
    notifications.post(call.session, case, order.queue, order.division_code, "answered", text, call.now)
    told = ladder.Told(
        "answered", case, f"{case.id}:ended:{order.id}", text, item.element_id, item.name, [order.queue]
    )
    ladder.tell(call.session, told, call.now)
    _tell_follower(call.session, case, order, "answered", text, call.now)


def _day(line: lines.OrderAnswered | lines.PromisePassed) -> str:
    """The promised day."""
    return written(date.fromisoformat(line.promised_on))


KIT = Kit(
    lines={
        lines.Ordered: lambda line, name, people: f"就“{name}”下达督办单",
        lines.OrderAnswered: lambda line, name, people: f"答复督办单，承诺{_day(line)}前办结",
        lines.OrderReturned: lambda line, name, people: "退回督办单答复",
        lines.OrderAccepted: lambda line, name, people: "认可督办单答复",
        lines.PromisePassed: lambda line, name, people: f"承诺日期（{_day(line)}）已过，“{name}”没有办结",
    },
    when_ended=(case_ended,),
    due={"promise": promise_passed},
    receivers=(
        Receiver(
            "page",
            ANSWER_FORM,
            {"promised_on": Need(DAY), "cause": Need(TEXT)},
            words="督办答复表单",
        ),
    ),
)
