"""Recurring procedures: a county says how often,
and the ticker opens a case for each subject concerned (R21, R26).

Which procedures recur, for whom and how often by default is drawn on their start events (``recurs``,
``everyMonths``, ``opensFor``); whether and when is the county's word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from engine.casework import acts, audit, definitions, kit
from engine.casework.kit import Subjects
from engine.casework.models import Account, CaseFile, Procedure, Schedule, Subject
from engine.casework.organisation import access
from engine.flow.diagram.properties import EVERY_MONTHS
from engine.flow.machine.definition import Definition
from engine.ground.clock import Clock, local_date, months_later, start_of_day
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid
from engine.ground.surroundings import trouble_of

BATCH = 200
SessionFactory = Callable[[], Session]


@dataclass(frozen=True)
class Offer:
    """A recurring procedure and how the county has it; `schedule` is None while it is not set.

    It is the county's word, and goes on whoever of its people leaves; `by` is who gave it.
    """

    key: str
    name: str
    documentation: str
    months: int
    schedule: Schedule | None
    by: Account | None


def county_of(actor: Account) -> str:
    """The county whose rhythm the actor sets. Raises NotAllowed for everybody else."""
    access.require_role(actor, "county_approver")
    return next(grant.division_code for grant in actor.grants if grant.role == "county_approver")


def offers(session: Session, actor: Account) -> list[Offer]:
    """The recurring procedures with the actor's county's settings, by key."""
    county = county_of(actor)
    query = select(Schedule).where(Schedule.county_code == county)
    present = {schedule.procedure_key: schedule for schedule in session.scalars(query)}
    makers = {one.set_by for one in present.values()} - {None}
    by = {one.id: one for one in session.scalars(select(Account).where(Account.id.in_(makers)))}
    return [_offer(definition, present.get(definition.key), by) for definition in _recurring(session)]


def _offer(definition: Definition, schedule: Schedule | None, by: Mapping[int, Account]) -> Offer:
    maker = by.get(schedule.set_by) if schedule is not None and schedule.set_by is not None else None
    words = definition.start.documentation
    return Offer(definition.key, definition.name, words, _default_months(definition), schedule, maker)


def _recurring(session: Session) -> list[Definition]:
    query = select(Procedure.current_version_id).where(Procedure.part.is_(False)).order_by(Procedure.key)
    loaded = [
        definitions.load(session, version_id)
        for version_id in session.scalars(query)
        if version_id is not None
    ]
    return [definition for definition in loaded if definition.start.recurs]


def _default_months(definition: Definition) -> int:
    return definition.start.every_months or 12


@whole
def set_rhythm(
    session: Session, actor: Account, key: str, months: int, next_on: date, now: datetime
) -> Schedule:
    """Open the procedure for the county's subjects on `next_on` and every `months` months from then."""
    county = county_of(actor)
    if key not in {definition.key for definition in _recurring(session)}:
        raise Invalid("这个流程不是定期开展的流程。")
    if not 0 < months <= EVERY_MONTHS.most:
        raise Invalid("间隔须是 1 到 36 个月。", {"months": ["间隔：须是 1 到 36 个月。"]})
    if next_on < local_date(now):
        raise Invalid("下次开展日期不能早于今天。", {"next_on": ["下次开展：不能早于今天。"]})
    with write(session):
        schedule = session.get(Schedule, (county, key), with_for_update=True, populate_existing=True)
        if schedule is None:
            schedule = Schedule(county_code=county, procedure_key=key)
            session.add(schedule)
        schedule.months, schedule.next_on, schedule.set_by = months, next_on, actor.id
        schedule.on_day = next_on.day
        said = {"key": key, "division": county, "months": months, "from": next_on.isoformat()}
        audit.record(session, "parameters", actor.id, "rhythm", said, now)
    return schedule


@whole
def stop(session: Session, actor: Account, key: str, now: datetime) -> None:
    """No longer open the procedure by itself."""
    county = county_of(actor)
    with write(session):
        schedule = session.get(Schedule, (county, key), with_for_update=True, populate_existing=True)
        if schedule is not None:
            session.delete(schedule)
            said = {"key": key, "division": county}
            audit.record(session, "parameters", actor.id, "rhythm_stopped", said, now)


def open_due(sessions: SessionFactory, clock: Clock) -> int:
    """Open what schedules say is due; returns how many cases.

    May be cut off and run again: no subject gets two.
    """
    opened = 0
    today = local_date(clock.now())
    with sessions() as session:
        query = select(Schedule).where(Schedule.next_on <= today).order_by(Schedule.next_on)
        for schedule in list(session.scalars(query)):
            opened += _open_round(session, schedule, clock)
            with write(session):
                key = (schedule.county_code, schedule.procedure_key)
                due = session.get(Schedule, key, with_for_update=True, populate_existing=True)
                while due is not None and due.next_on <= today:  # it may have been stopped meanwhile
                    due.next_on = months_later(due.next_on, due.months, due.on_day)
    return opened


def _open_round(session: Session, schedule: Schedule, clock: Clock) -> int:
    definition = definitions.load(session, definitions.current(session, schedule.procedure_key).id)
    kind = kit.subjects(definition.about)
    opened, after = 0, 0
    while True:
        subjects = _waiting(session, schedule, kind, kind.concerned(definition.start), after)
        session.commit()
        if not subjects:
            return opened
        after = subjects[-1].id
        opened += sum(_open(session, schedule.procedure_key, subject, clock) for subject in subjects)


def _waiting(
    session: Session, schedule: Schedule, kind: Subjects, concerned: ColumnElement[bool], after: int
) -> list[Subject]:
    """The county's next subjects, by id, that the procedure is for and that have none of this round yet."""
    since, subject = start_of_day(schedule.next_on), kind.model
    had = exists().where(
        CaseFile.subject_id == subject.id,
        CaseFile.procedure_key == schedule.procedure_key,
        (CaseFile.started_at >= since) | (CaseFile.status == "open"),
    )
    query = select(subject).where(
        access.within(subject.village_code, [access.scope_of(schedule.county_code)]),
        concerned,
        subject.id > after,
        ~had,
    )
    return list(session.scalars(query.order_by(subject.id).limit(BATCH)))


def _open(session: Session, key: str, subject: Subject, clock: Clock) -> bool:
    """One case in a transaction of its own; a subject busy with
    another of its exclusive group is left out.
    """
    now = clock.now()
    try:
        variables = kit.subjects_of(subject.id).first_variables(session, subject, local_date(now))
        acts.start_case(session, None, key, subject, variables, clock=clock)
    except Conflict:
        return False
    except Exception as error:  # one subject whose case cannot be opened must not stop the others
        if trouble_of(error) is not None:  # no fault of the subject: a later tick goes on with the round
            raise
        sentence = f"没能为第 {subject.id} 号对象启动“{key}”：{getattr(error, 'message', repr(error))}"
        acts.record_incident(session, error, now, sentence=sentence)
        return False
    return True
