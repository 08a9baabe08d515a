"""All rules over a place: a county, a city or the province, township by township (R34, R35; domain S7).

A run is written down as it is begun, and worked off by a job, township by township: what was cut off goes on
where it was. The rules are read first; only what they found is written, in one transaction for each township.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, insert, or_, select
from sqlalchemy.orm import Session

from engine.casework import acts, audit
from engine.casework.kit import Kit
from engine.casework.models import Account
from engine.casework.organisation import access, divisions
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs import kinds
from engine.casework.portions.jobs.kinds import JobKind
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.paging import Page, page_of
from engine.ground.surroundings import trouble_of
from engine.prevention.models import Household, QualityPortion, QualityRhythm, QualityRun
from engine.prevention.quality import findings, parameters
from engine.prevention.quality.findings import Found
from engine.prevention.quality.rules.catalogue import RULES
from engine.prevention.quality.rules.parameters import DEFAULTS, NUMBERS
from engine.prevention.quality.rules.rule import KEPT, Moment

BEGINS = frozenset({"county_approver", "city_reviewer", "province_reviewer"})
LEVELS = ("county", "city", "province")
WATCHES = access.WATCH_ROLES
OPEN = ("planned", "running")
STATUS = {"planned": "等待开始", "running": "正在核查", "done": "已完成", "stopped": "已停止"}
KIND = "quality"
_NAMES = [rule.name for rule in RULES]
_LAST = 2**31 - 1
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Progress:
    """How far a run has come in a county, and what it found there."""

    code: str
    name: str
    townships: int
    done: int
    failed: int
    households: int
    found: int
    fresh: int
    ended: int


# -- who begins, sees and stops ----------------------------------------------------------------------


def places(actor: Account) -> list[str]:
    """The places whose runs the actor begins: those of their own grants."""
    return sorted(access.offices(actor, BEGINS, LEVELS))


@whole
def begin(session: Session, actor: Account, place_code: str, clock: Clock) -> QualityRun:
    """Write down a run over a place. Raises NotAllowed, Invalid or Conflict (one is under way there)."""
    with write(session):
        _require(session, actor, place_code)
        present = session.scalar(_open_at(place_code).limit(1))
        if present is not None:
            place = divisions.get(session, present.place_code).name
            raise Conflict(f"{place}的数据核查（第 {present.id} 次）还没有完成，不用再开始一次。")
        run = _write_down(session, place_code, actor, clock.now())
        said = {"run": run.id, "division": place_code}
        audit.record(session, "access", actor.id, "quality_run", said, clock.now())
    return run


def may_begin(actor: Account, place_code: str) -> bool:
    """Whether the actor begins and stops runs over the place."""
    return any(access.scope_of(code).holds(place_code) for code in places(actor))


def _require(session: Session, actor: Account, place_code: str) -> None:
    if not may_begin(actor, place_code):
        raise NotAllowed("数据核查由县、市、省的经办人员为本地开始。")
    if access.level_of(place_code) not in LEVELS:
        raise Invalid("请选择县、市或省。")
    divisions.standing(session, place_code)


def _open_at(place_code: str) -> Select[QualityRun]:
    scope = access.scope_of(place_code)
    above = [access.ancestor(place_code, level) for level in LEVELS]
    return select(QualityRun).where(
        QualityRun.status.in_(OPEN),
        or_(QualityRun.place_code.in_(above), QualityRun.place_code.between(scope.low, scope.high)),
    )


def _write_down(session: Session, place_code: str, actor: Account | None, now: datetime) -> QualityRun:
    begun_by = actor.id if actor is not None else None
    run = QualityRun(
        place_code=place_code,
        begun_by=begun_by,
        begun_at=now,
        parameters=parameters.of_place(session, NUMBERS, place_code),
    )
    session.add(run)
    session.flush()
    jobs.defer(session, KIND, run.id, actor, now, after=timedelta(0))
    return run


@whole
def stop(session: Session, actor: Account, run_id: int, now: datetime) -> None:
    """No further township is looked at. Raises NotFound or NotAllowed."""
    run = get(session, actor, run_id)
    _require(session, actor, run.place_code)
    with write(session):
        row = session.get_one(QualityRun, run_id, with_for_update=True, populate_existing=True)
        if row.status in OPEN:
            row.status, row.ended_at = "stopped", now
            jobs.stopped(session, KIND, run_id, now)


def _stop(session: Session, actor: Account, run_id: int, clock: Clock) -> None:
    stop(session, actor, run_id, clock.now())


def _visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the runs that touch what the actor watches."""
    reached = [grant.division_code for grant in actor.grants if grant.role in WATCHES]
    above = {access.ancestor(code, level) for code in reached for level in LEVELS}
    return or_(QualityRun.place_code.in_(above), access.within(QualityRun.place_code, _scopes(actor)))


def _scopes(actor: Account) -> list[access.Scope]:
    return access.scopes(actor, WATCHES)


def listing(session: Session, actor: Account, page: int) -> Page[QualityRun]:
    """The runs that touch the actor's place, the latest first."""
    query = select(QualityRun).where(_visible(actor))
    return page_of(session, query, query.order_by(QualityRun.id.desc()), page)


def get(session: Session, actor: Account, run_id: int) -> QualityRun:
    """One of them. Raises NotFound."""
    run = session.scalar(select(QualityRun).where(QualityRun.id == run_id, _visible(actor)))
    if run is None:
        raise NotFound("没有找到这次数据核查。")
    return run


def progress(session: Session, actor: Account, run: QualityRun) -> Sequence[Progress]:
    """By county, of what the actor reaches."""
    county = func.substr(QualityPortion.place_code, 1, access.PREFIX_LENGTH["county"])
    row = QualityPortion
    query = (
        select(
            county.label("county"),
            func.count().label("townships"),
            func.sum(case((row.status == "done", 1), else_=0)).label("done"),
            func.sum(case((row.status == "failed", 1), else_=0)).label("failed"),
            *(func.sum(column).label(column.key) for column in (row.households, row.found)),
            *(func.sum(column).label(column.key) for column in (row.fresh, row.ended)),
        )
        .where(row.run_id == run.id, access.within(row.place_code, _scopes(actor)))
        .group_by(county)
        .order_by(county)
    )
    rows = session.execute(query).mappings().all()
    names = divisions.names(session, [_code(found["county"]) for found in rows])
    return [_progress(dict(found), names) for found in rows]


def _progress(found: dict[str, Any], names: Mapping[str, str]) -> Progress:
    code = _code(found.pop("county"))
    return Progress(code, names.get(code, code), **found)


def _code(prefix: str) -> str:
    return prefix.ljust(12, "0")


def failed(session: Session, actor: Account, run: QualityRun) -> Sequence[QualityPortion]:
    """The first townships that could not be looked at, and why."""
    row = QualityPortion
    query = select(row).where(row.run_id == run.id, row.status == "failed")
    return session.scalars(
        query.where(access.within(row.place_code, _scopes(actor))).order_by(row.id).limit(20)
    ).all()


# -- every week --------------------------------------------------------------------------------------


def rhythms(session: Session, actor: Account) -> dict[str, QualityRhythm | None]:
    """Of each place whose runs the actor begins, whether it is looked through every week."""
    codes = places(actor)
    query = select(QualityRhythm).where(QualityRhythm.place_code.in_(codes))
    present = {row.place_code: row for row in session.scalars(query)}
    return {code: present.get(code) for code in codes}


@whole
def set_rhythm(session: Session, actor: Account, place_code: str, next_on: date | None, clock: Clock) -> None:
    """Look through the place on `next_on` and every seven days from then; None: no longer by itself."""
    now = clock.now()
    if next_on is not None and not local_date(now) <= next_on < local_date(now) + 5 * WEEK:
        raise Invalid("下次核查：从今天起，五周以内。", {"next_on": ["下次核查：从今天起，五周以内。"]})
    with write(session):
        _require(session, actor, place_code)
        row = session.get(QualityRhythm, place_code, with_for_update=True, populate_existing=True)
        if next_on is None:
            if row is not None:
                session.delete(row)
        else:
            row = row or QualityRhythm(place_code=place_code)
            row.next_on, row.set_by, row.set_at = next_on, actor.id, now
            session.add(row)
        said = {"division": place_code, "from": next_on.isoformat() if next_on else ""}
        audit.record(session, "parameters", actor.id, "quality_rhythm", said, now)


def _begin_due(session: Session, clock: Clock) -> None:
    now = clock.now()
    today = local_date(now)
    due = select(QualityRhythm.place_code).where(QualityRhythm.next_on <= today)
    codes = session.scalars(due.order_by(QualityRhythm.place_code)).all()
    session.commit()
    for code in codes:
        with write(session):
            row = session.get(QualityRhythm, code, with_for_update=True, populate_existing=True)
            if row is None or row.next_on > today:
                continue
            while row.next_on <= today:
                row.next_on += WEEK
            if session.scalar(_open_at(code).limit(1)) is None:
                _write_down(session, code, None, now)


# -- worked off ---------------------------------------------------------------------------------------


def look_after(sessions: Callable[[], Session], clock: Clock) -> int:
    """A round of the ticker: begin what is due, see that every run has its job; answers how many had none.

    A run has none where an older release began it. One whose job failed is over: so another can be begun.
    """
    with sessions() as session:
        _begin_due(session, clock)
        under_way = session.scalars(select(QualityRun.id).where(QualityRun.status.in_(OPEN))).all()
        return sum(_see_to(session, run_id, clock.now()) for run_id in under_way)


def _see_to(session: Session, run_id: int, now: datetime) -> bool:
    job = jobs.latest_of(session, KIND, run_id)
    if job is not None and job.is_open:
        return False
    with write(session):
        run = session.get_one(QualityRun, run_id, with_for_update=True, populate_existing=True)
        if run.status not in OPEN:
            return False
        if job is not None:
            run.status, run.ended_at = "stopped", now
            return False
        begun_by = session.get(Account, run.begun_by) if run.begun_by is not None else None
        jobs.defer(session, KIND, run_id, begun_by, now, after=timedelta(0))
    return True


def _advance(session: Session, _actor: Account | None, run_id: int, clock: Clock) -> kinds.Progress:
    """The next township of a run."""
    run = session.get_one(QualityRun, run_id, populate_existing=True)
    if run.status == "planned":
        _lay_out(session, run_id)
    waiting = select(QualityPortion).where(
        QualityPortion.run_id == run_id, QualityPortion.status == "waiting"
    )
    portion = session.scalar(waiting.order_by(QualityPortion.id).limit(1)) if run.status in OPEN else None
    session.commit()
    if portion is None:
        _end(session, run_id, clock.now())
    else:
        _look_through(session, run, portion, clock.now())
    status = select(QualityPortion.status, func.count()).where(QualityPortion.run_id == run_id)
    counts = {"waiting": 0, **{row[0]: row[1] for row in session.execute(status.group_by("status"))}}
    total = sum(counts.values())
    return kinds.Progress(total - counts["waiting"], total, going=portion is not None)


def _lay_out(session: Session, run_id: int) -> None:
    """Write down the townships in which somebody lives."""
    with write(session):
        run = session.get_one(QualityRun, run_id, with_for_update=True, populate_existing=True)
        if run.status != "planned":
            return
        scope = access.scope_of(run.place_code)
        township = func.substr(Household.village_code, 1, access.PREFIX_LENGTH["township"])
        inhabited = select(township).where(Household.village_code.between(scope.low, scope.high)).distinct()
        rows = [{"run_id": run_id, "place_code": _code(one)} for one in sorted(session.scalars(inhabited))]
        if rows:
            session.execute(insert(QualityPortion), rows)
        run.status = "running"


def _end(session: Session, run_id: int, now: datetime) -> None:
    with write(session):
        run = session.get_one(QualityRun, run_id, with_for_update=True, populate_existing=True)
        if run.status == "running":
            run.status, run.ended_at = "done", now


def _look_through(session: Session, run: QualityRun, portion: QualityPortion, now: datetime) -> None:
    try:
        households, wrong = look(session, run, portion.place_code)
        session.commit()
        _keep(session, run, portion, households, wrong, now)
    except Exception as error:  # one township that cannot be read must not stop the others
        if trouble_of(error) is not None:
            raise
        session.rollback()
        _fail(session, portion, error, now)


def _keep(
    session: Session,
    run: QualityRun,
    portion: QualityPortion,
    households: int,
    wrong: Sequence[Found],
    now: datetime,
) -> None:
    with write(session):
        row = session.get_one(QualityPortion, portion.id, with_for_update=True, populate_existing=True)
        if row.status != "waiting":
            return
        counts = findings.report(session, wrong, source="rule", run_id=run.id, now=now)
        row.ended = findings.no_longer(
            session, _NAMES, 0, _LAST, place=row.place_code, run_id=run.id, now=now
        )
        row.households, row.found, row.fresh = households, len(wrong), counts.new
        row.status, row.done_at = "done", now


def look(session: Session, run: QualityRun, place_code: str) -> tuple[int, list[Found]]:
    """How many households a run has to look at in a place, and what is wrong there: only reads."""
    scope = access.scope_of(place_code)
    moment = Moment(local_date(run.begun_at), {**DEFAULTS, **run.parameters})
    kept = select(func.count()).select_from(Household).where(KEPT)
    count = session.scalar(kept.where(Household.village_code.between(scope.low, scope.high))) or 0
    return count, [found for rule in RULES for found in rule.find(session, scope, moment)]


def _fail(session: Session, portion: QualityPortion, error: Exception, now: datetime) -> None:
    place = divisions.names(session, [portion.place_code]).get(portion.place_code, portion.place_code)
    acts.record_incident(session, error, now, sentence=f"{place}的数据核查没能完成：{error!r}"[:500])
    with write(session):
        row = session.get_one(QualityPortion, portion.id, with_for_update=True, populate_existing=True)
        row.status, row.trouble, row.done_at = "failed", f"{type(error).__name__}"[:300], now


KIT = Kit(
    rounds=(look_after,),
    jobs={KIND: JobKind("数据核查", _advance, _stop)},
    log_kinds={
        "quality_run": "开始数据核查",
        "quality_rhythm": "设定每周数据核查",
        "quality_parameters": "改数据核查参数",
        "alarm_parameters": "设定标注提示的口径",
    },
    log_facts={
        "run": "第几次核查",
    },
)
