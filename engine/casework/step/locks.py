"""The one lock order, so that no two transactions ever wait for each other:

everybody's (`write(alone=True)`) → subject → its cases by number → work item, timer, draft → batches, papers
and their numbers → a day's log stream.

A step locks the subject and the case at once (`locked_case`); whoever opens a
case, or changes what belongs to the subject, begins with `subject`. The rows of a definition are locked by
deployments alone, the state of the figures by the counting alone. SQLite has one lock for all writers; there
these statements lock nothing further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from engine.casework import definitions, kit
from engine.casework.models import CaseFile
from engine.ground.database import once
from engine.ground.database.objects import Objects
from engine.ground.errors import NotFound
from engine.ground.tables import table

R = TypeVar("R")


@cache
def _locking(model: Any) -> Objects:
    found = select(model).where(model.id == bindparam("subject_id"))
    return Objects(found.with_for_update(key_share=True), [model])  # rows may come that refer to the subject


def subject(session: Session, subject_id: int) -> Any:
    """The row of the field's table as it is now, locked until the transaction ends.

    One that this transaction has locked is what it has made of it: it is asked for once.
    """

    def locked() -> Any:
        query = _locking(kit.subjects_of(subject_id).model)
        found = query.first(session, subject_id=subject_id)
        if found is None:
            raise NotFound("没有找到这件事项。")
        return found

    return once(session, (subject, subject_id), locked)


@cache
def _locking_several(model: Any) -> Objects:
    found = select(model).where(model.id.in_(bindparam("subject_ids", expanding=True))).order_by(model.id)
    return Objects(found.with_for_update(key_share=True), [model])


def subjects(session: Session, subject_ids: Iterable[int]) -> None:
    """As `subject`, of several: locked by number, whoever else locks several."""
    for kind, numbers in groupby(sorted(set(subject_ids)), key=kit.subjects_of):
        for row in _locking_several(kind.model).all(session, subject_ids=list(numbers)):
            _is_locked(session, row)


def _is_locked(session: Session, row: Any) -> None:
    once(session, (subject, row.id), lambda: row)


def hold(session: Session, case: CaseFile, row: Any, version_sha: str | None) -> None:
    """The subject was locked together with its case, and the hash of the case's version read along.

    Kept at hand, the session asks for them no more.
    """
    _is_locked(session, row)
    definitions.is_known(session, case.version_id, version_sha)


VERSION_SHA = definitions.sha_of(table(CaseFile).c.version_id)
"""Of the version on which a case runs: as of the row that is locked, also where that was waited for."""


def put_there(session: Session, row: Any) -> None:
    """The subject's row is this transaction's own: nobody else sees it yet, so it needs no lock."""
    _is_locked(session, row)


def at_hand(session: Session, subject_id: int) -> Any:
    """The row of the field's table, to be read: the session has it until the transaction ends."""
    model = kit.subjects_of(subject_id).model
    return once(session, (at_hand, subject_id), lambda: session.get_one(model, subject_id))


def locked_rows(subjects: Any) -> tuple[Any, ...]:
    """What a step locks, in the one order: its services change the subject and the subject's other cases."""
    return (subjects, CaseFile)


def locked_case(subjects: Any) -> Select[Any]:
    """A case about one of `subjects` (a table) and that subject, locked, as they are now."""
    return (
        select(CaseFile, subjects)
        .join(subjects, subjects.id == CaseFile.subject_id)
        .with_for_update(of=locked_rows(subjects), key_share=True)
    )


@cache
def _case_by_id(subjects: Any, skip_locked: bool) -> Objects:
    """Built once for each of the field's tables: to build it anew costs more than to run it."""
    found = locked_case(subjects).where(CaseFile.id == bindparam("case_id"))
    locked = found.with_for_update(of=locked_rows(subjects), key_share=True, skip_locked=skip_locked)
    return Objects(locked, [CaseFile, subjects], VERSION_SHA, own=True)


def case_by_id(session: Session, case_id: int, *, skip_locked: bool = False) -> CaseFile | None:
    """The case as it is now, locked together with its subject; None where there is none,
    or somebody holds them.
    """
    row = first_found(lambda table: _case_by_id(table, skip_locked).one_or_none(session, case_id=case_id))
    if row is None:
        return None
    hold(session, *row)
    found: CaseFile = row[0]
    return found


def first_found(look: Callable[[Any], R | None]) -> R | None:
    """What `look` finds in the first of the subjects' tables in which it finds anything.

    A number is of one kind: what is found there is what is meant.
    """
    found = (look(one.model) for one in kit.used().subjects)
    return next((one for one in found if one is not None), None)
