"""Opening a case: of a subject, on the procedure's version in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.casework import definitions, kit
from engine.casework.models import Account, CaseFile, Procedure, Subject
from engine.casework.organisation import access
from engine.casework.step import locks
from engine.casework.step.steps import Step
from engine.flow.history import lines
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.database.objects import Objects, keep
from engine.ground.database.remembered import Remembered
from engine.ground.errors import Conflict, NotAllowed, NotFound
from engine.ground.tables import table

_CASE, _PROCEDURE = table(CaseFile), table(Procedure)
_OF_GROUP = Remembered(
    Objects(
        select(_CASE)
        .join(_PROCEDURE, _PROCEDURE.c.key == _CASE.c.procedure_key)
        .where(
            _CASE.c.subject_id == bindparam("subject_id"),
            _CASE.c.status == "open",
            _PROCEDURE.c.exclusive == bindparam("group"),
        )
        .order_by(_CASE.c.id),
        [CaseFile],
        own=True,
    ),
    CaseFile,
    Procedure,
)


@whole
def start_case(
    session: Session,
    actor: Account | None,
    procedure_key: str,
    subject: Subject,
    variables: Mapping[str, Any],
    *,
    clock: Clock,
) -> CaseFile:
    """Open a case of the procedure's current version for a subject, with the case's first variables."""
    if actor is not None and not access.reaches(actor, subject.village_code):
        raise NotFound(f"没有找到{kit.subjects_of(subject.id).called(subject.name)}。")
    with write(session):
        return open_case(session, actor, procedure_key, subject, variables, clock.now())


def open_case(
    session: Session,
    actor: Account | None,
    procedure_key: str,
    subject: Subject,
    variables: Mapping[str, Any],
    now: datetime,
    *,
    origin: CaseFile | None = None,
) -> CaseFile:
    """As `start_case`, inside the caller's transaction; `origin` is the case whose step opens this one.

    Raises Conflict when the subject has an open case of the same exclusive group.
    """
    version = definitions.in_force(session, procedure_key)
    _require_alone(session, version, subject)
    _require_kind(session, version.id, subject)
    case = CaseFile(
        procedure_key=procedure_key,
        version_id=version.id,
        subject_id=subject.id,
        village_code=subject.village_code,
        subject=subject.name,
        started_by=actor.id if actor else None,
        started_at=now,
        origin_id=origin.id if origin else None,
    )
    keep(session, case)
    step = Step(session, case, actor, now)
    step.instance.start(variables, now)
    step.finish(
        partial(
            lines.Started,
            variables=dict(variables),
            version=version.number,
            from_=origin.id if origin else 0,
        )
    )
    return case


def _require_alone(session: Session, procedure: definitions.InForce, subject: Subject) -> None:
    """A part starts no case; of an exclusive group a subject has one open case (domain §2)."""
    if procedure.part:
        raise NotFound(f"“{procedure.name}”是公用环节，不能单独启动。")
    locks.subject(session, subject.id)  # two starts at the same moment must not both find none
    if not procedure.exclusive:
        return
    other = open_of_group(session, subject.id, procedure.exclusive)
    who = kit.subjects_of(subject.id).called(subject.name)
    if other is not None and other.procedure_key == procedure.key:
        raise Conflict(f"{who}已有一件“{procedure.name}”正在办理，办结后才能再次启动。")
    if other is not None:
        raise Conflict(f"{who}正在办理“{other.version.procedure.name}”，办结后才能启动“{procedure.name}”。")


def _require_kind(session: Session, version_id: int, subject: Subject) -> None:
    """A procedure is for the kind of subject that its diagram says."""
    definition, kind = definitions.load(session, version_id), kit.subjects_of(subject.id)
    if definition.about != kind.kind:
        raise NotAllowed(f"“{definition.name}”不是为{kind.words}办理的流程，不能启动。")


def open_of_group(session: Session, subject_id: int, group: str) -> CaseFile | None:
    """The subject's open case of an exclusive group of procedures, if it has one."""
    found: CaseFile | None = _OF_GROUP.first(session, subject_id=subject_id, group=group)
    return found


def open_of_procedure(session: Session, subject_id: int, key: str) -> CaseFile | None:
    """The subject's open case of an exclusive procedure, if it has one;
    the subject is locked from then on.
    """
    locks.subject(session, subject_id)
    group = definitions.in_force(session, key).exclusive
    found = _OF_GROUP.all(session, subject_id=subject_id, group=group) if group else []
    return next((case for case in found if case.procedure_key == key), None)
