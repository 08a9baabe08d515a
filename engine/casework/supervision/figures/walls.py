"""The wall screen of a county hall: links that open it without signing in, and what it shows — counts,
no names.

A link is a secret in an address. Whoever may create one may revoke it; it shows its division's counts and
nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework import audit, definitions
from engine.casework.models import Account, CaseFile, Division, Figure, LogEntry, WallLink
from engine.casework.organisation import access, divisions
from engine.casework.supervision.figures import live
from engine.casework.supervision.figures.facts import STEP
from engine.casework.supervision.figures.reading import Waiting, within
from engine.casework.supervision.figures.tiers import Tier
from engine.flow.machine.definition import Definition
from engine.ground.clock import local_date
from engine.ground.database import write
from engine.ground.errors import Invalid, NotAllowed, NotFound
from engine.ground.paging import Page, page_of
from engine.ground.tables import table

ROLES = frozenset({"county_approver", "city_reviewer", "province_reviewer", access.SUPERVISOR})
"""Who may hang up a screen, for what lies at and below their own division."""
LOOKED_BACK = 3000
"""Lines of the log in which the latest events are looked for."""
EVENTS = 6
SEEN_EVERY = timedelta(minutes=10)
_VERBS = {"start": "立案", "complete": "办结", "return": "退回", "timer": "到期", "message": "收到"}
_LOG, _CASE, _FIGURE = table(LogEntry), table(CaseFile), table(Figure)


@dataclass(frozen=True)
class Event:
    """Something that happened, told without whom it is about: when, in which place right below, what."""

    at: datetime
    place: str
    verb: str
    what: str


@dataclass(frozen=True)
class Screen:
    """What the wall shows."""

    place: Division
    counts: dict[str, int]
    done_today: int
    below: Sequence[tuple[Division, Waiting]]
    events: Sequence[Event]


# -- links -----------------------------------------------------------------------------------------


def own_division(actor: Account) -> str:
    """The division whose screens the actor may hang up. Raises NotAllowed."""
    for grant in actor.grants:
        if grant.role in ROLES:
            return grant.division_code
    raise NotAllowed("大屏链接由督查员和县级以上审批、审核人员生成。")


def links(session: Session, actor: Account, page: int = 1) -> Page[WallLink]:
    """The links of the divisions in the actor's reach, latest first."""
    own_division(actor)
    query = select(WallLink).where(access.within(WallLink.division_code, access.scopes(actor, ROLES)))
    return page_of(session, query, query.order_by(WallLink.id.desc()), page)


def create(session: Session, actor: Account, division_code: str, place: str, now: datetime) -> str:
    """A new link for a division's screen that hangs in `place`; answers its secret,
    which is shown this once.
    """
    code = division_code or own_division(actor)
    if not access.reaches(actor, code, ROLES):
        raise NotFound("没有找到这个地方，或者不在您的范围内。")
    division = divisions.get(session, code)
    if division.level == "village":
        raise Invalid("大屏按乡镇以上的地方设置。", {"division": ["请选择乡镇以上的地方。"]})
    if not place.strip():
        raise Invalid("请写明大屏挂在哪里。", {"place": ["请写明大屏挂在哪里，例如：政务大厅一楼。"]})
    token = secrets.token_urlsafe(24)
    with write(session):
        link = WallLink(
            token_hash=_hash(token),
            division_code=code,
            place=place.strip()[:80],
            created_by=actor.id,
            created_at=now,
        )
        session.add(link)
        session.flush()
        audit.record(session, "access", actor.id, "wall_link", {"link": link.id, "division": code}, now)
    return token


def revoke(session: Session, actor: Account, link_id: int, now: datetime) -> WallLink:
    """The link opens nothing from now on. Raises NotFound for one that is not in the actor's reach."""
    own_division(actor)
    with write(session):
        link = session.get(WallLink, link_id)
        if link is None or not access.reaches(actor, link.division_code, ROLES):
            raise NotFound("没有找到这个大屏链接。")
        if link.revoked_at is None:
            link.revoked_at = now
            audit.record(session, "access", actor.id, "wall_revoke", {"link": link.id}, now)
    return link


def opened(session: Session, token: str, now: datetime) -> Division:
    """The division that a secret opens. Raises NotFound for one that is unknown or revoked, or whose maker is
    there no longer: the account is disabled, or has no role by which it could hang the screen up today.
    """
    query = select(WallLink, Account).join(Account, Account.id == WallLink.created_by)
    alive = (WallLink.token_hash == _hash(token), WallLink.revoked_at.is_(None), Account.active)
    row = session.execute(query.where(*alive)).one_or_none()
    link, maker = row if row is not None else (None, None)
    if link is None or maker is None or not access.reaches(maker, link.division_code, ROLES):
        raise NotFound("这个大屏链接不存在，或者已经停用。")
    if link.seen_at is None or now - link.seen_at >= SEEN_EVERY:
        with write(session):
            link.seen_at = now
    return divisions.get(session, link.division_code)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


# -- what is shown ---------------------------------------------------------------------------------


def screen(session: Session, place: Division, now: datetime) -> Screen:
    """The screen of a division as it is now."""
    children = divisions.children(session, place.code)
    found = live.now_and_below(session, place, now)
    below = [(one, found.below.get(one.code, Waiting())) for one in children]
    return Screen(
        place,
        found.counts,
        _done(session, place, now),
        below,
        _events(session, place, children),
    )


def _done(session: Session, place: Division, now: datetime) -> int:
    """Tasks finished today, as far as the figures have read the log."""
    query = select(func.sum(_FIGURE.c.count)).where(
        _FIGURE.c.tier == int(Tier.VILLAGE_DAY),
        _FIGURE.c.measure == STEP,
        _FIGURE.c.start == local_date(now),
        within(_FIGURE.c.division_code, place.code),
    )
    return session.scalar(query) or 0


def _events(session: Session, place: Division, children: Sequence[Division]) -> list[Event]:
    """The latest events of the place, among the latest lines of the log."""
    newest = select(_LOG.c.stream, _LOG.c.at, _LOG.c.kind, _LOG.c.element_id).order_by(_LOG.c.id.desc())
    rows = [row for row in session.execute(newest.limit(LOOKED_BACK)) if row.kind in _VERBS]
    rows.sort(key=lambda row: row.at, reverse=True)
    ids = {int(row.stream.removeprefix("case:")) for row in rows if row.stream.startswith("case:")}
    found = select(_CASE.c.id, _CASE.c.village_code, _CASE.c.version_id).where(
        _CASE.c.id.in_(ids), within(_CASE.c.village_code, place.code)
    )
    cases = {f"case:{row.id}": row for row in session.execute(found)}
    names = {one.code: divisions.short_name(one.name) for one in children}
    events: list[Event] = []
    for row in rows:
        case = cases.get(row.stream)
        if case is not None and len(events) < EVENTS:
            definition = definitions.load(session, case.version_id)
            where = next(
                (
                    names[code]
                    for level in access.PREFIX_LENGTH
                    if (code := access.ancestor(case.village_code, level)) in names
                ),
                place.name,
            )
            events.append(Event(row.at, where, _VERBS[row.kind], _what(definition, row.kind, row.element_id)))
    return events


def _what(definition: Definition, kind: str, element_id: str) -> str:
    """What an event was about: the step's or event's name, the procedure's for a beginning."""
    if kind == "start":
        return definition.name
    if kind == "message":
        return next((e.name for e in definition.elements.values() if e.message == element_id), "新情况")
    element = definition.elements.get(element_id)
    return element.name if element else definition.name
