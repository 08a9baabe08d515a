"""The one lock order, so that no two transactions ever wait for each other:

subject → its cases by number → work item, timer, draft → batches, papers and their numbers → a day's log
stream.

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

from engine.casework import kit
from engine.casework.models import CaseFile
from engine.ground.database import once
from engine.ground.database.objects import Objects
from engine.ground.errors import NotFound

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
            hold(session, row)


def hold(session: Session, row: Any) -> None:
    """The subject was locked together with its case. Kept at hand, the session asks for it no more."""
    once(session, (subject, row.id), lambda: row)


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
    return Objects(locked, [CaseFile, subjects], own=True)


def case_and_subject(session: Session, case_id: int, *, skip_locked: bool = False) -> Any:
    """The case and its subject, as they are now, locked; None where there is none, or somebody holds them."""
    return first_found(lambda table: _case_by_id(table, skip_locked).one_or_none(session, case_id=case_id))


def first_found(look: Callable[[Any], R | None]) -> R | None:
    """What `look` finds in the first of the subjects' tables in which it finds anything.

    A number is of one kind: what is found there is what is meant.
    """
    found = (look(one.model) for one in kit.used().subjects)
    return next((one for one in found if one is not None), None)
