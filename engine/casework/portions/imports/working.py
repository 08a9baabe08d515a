"""A file's rows are checked, and let in once everybody could see what is wrong with them.

Each portion is one transaction that notes what became of its rows: an import that was cut off goes on
where it stopped, and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.models import Account, SheetImport, SheetImportRow
from engine.casework.portions.imports import cells
from engine.casework.portions.imports.acts import cancel
from engine.casework.portions.imports.files import IMPORTS, counts, get, of
from engine.casework.portions.imports.kinds import Become, Fault, Judged, Sent
from engine.casework.portions.jobs.kinds import JobKind, Progress, by_person, of_counts
from engine.casework.portions.portion import work_off
from engine.ground.clock import Clock, local_date
from engine.ground.database import write
from engine.ground.errors import ShouwangError, Trouble, Unavailable

PORTION = 200
"""Rows of one transaction."""


def go_on(session: Session, actor: Account, import_id: int, clock: Clock) -> SheetImport:
    """Check, or let in, what one request may.

    Where nothing may come in any more, as in a campaign that was closed meanwhile, the import ends and says
    so; what is in stays in.
    """
    found = get(session, actor, import_id)
    if found.status not in ("checking", "running"):
        return found
    try:
        work = Work(session, actor, import_id, clock)
        work_off(session, actor, work.check if found.status == "checking" else work.write)
    except Unavailable:
        raise
    except ShouwangError as error:
        with write(session):
            session.refresh(found, with_for_update=True)
            found.status, found.notes = "cancelled", [*found.notes, f"没有导完：{error.message}"]
    return found


def _advance(session: Session, actor: Account, import_id: int, clock: Clock) -> Progress:
    found = go_on(session, actor, import_id, clock)
    session.refresh(found)
    rows = counts(session, found)
    if found.status == "checking":
        return of_counts(rows, "raw")
    let_in = {name: rows[name] for name in ("good", "done", "refused")}
    return of_counts(let_in, "good", found.status == "running")


class Work:
    """An import whose portions are worked off, one after another."""

    def __init__(self, session: Session, actor: Account, import_id: int, clock: Clock) -> None:
        self.session, self.actor, self.clock = session, actor, clock
        self.found, self.kind, target = of(session, actor, import_id)
        self.target = replace(target, import_id=import_id)
        self.columns = self.kind.columns(session, self.target)
        self.known = frozenset(column.key for column in self.columns if column.known)
        self.today = local_date(clock.now())

    # -- checked ----------------------------------------------------------------------------------

    def check(self) -> bool:
        """Judge a portion; answers whether there are more."""
        waiting = list(self.session.scalars(IMPORTS.next(self.found, "raw", PORTION)))
        mapped = self.found.columns
        judged = dict(self._judged(waiting))
        with write(self.session):
            self.session.refresh(self.found, with_for_update=True)
            if self.found.status != "checking":
                return False
            if self.found.columns != mapped:  # said anew meanwhile: what was judged is of other columns
                return True
            changes = [{"id": row_id, **_state(one)} for row_id, one in judged.items()]
            if changes:
                self.session.execute(update(SheetImportRow), changes)
            if len(waiting) < PORTION:
                self._refuse_twice()
                self.found.status = "ready"
        return self.found.status == "checking"

    def _judged(self, waiting: Sequence[SheetImportRow]) -> Iterator[tuple[int, Judged]]:
        """What each row would become, by its number in the table."""
        readable: list[tuple[int, Sent]] = []
        for row in waiting:
            sent, faults = self._read(row)
            if self._is_blank(row):
                yield row.id, Judged(blank=True)
            elif faults:
                yield row.id, Judged(faults)
            else:
                readable.append((row.id, sent))
        if readable:
            sents = [sent for _, sent in readable]
            found = self.kind.check(self.session, self.actor, self.target, sents, self.clock)
            yield from zip((row_id for row_id, _ in readable), found, strict=True)

    def _is_blank(self, row: SheetImportRow) -> bool:
        """Whether nothing stands in a row but what the template knew."""
        told = [place for key, place in self.found.columns.items() if key not in self.known]
        filled = any(row.cells[place] for place in told if place < len(row.cells))
        return bool(self.known) and not filled and not row.flags

    def _read(self, row: SheetImportRow) -> tuple[Sent, list[Fault]]:
        values, faults = cells.read(row.cells, row.flags or {}, self.columns, self.found.columns, self.today)
        return Sent(row.number, values), faults

    def _refuse_twice(self) -> None:
        """Of two rows about the same the first may come in."""
        mine = (
            SheetImportRow.import_id == self.found.id,
            SheetImportRow.status.in_(("good", "same")),
            SheetImportRow.key != "",
        )
        first = (
            select(SheetImportRow.key, func.min(SheetImportRow.number).label("number"))
            .where(*mine)
            .group_by(SheetImportRow.key)
            .having(func.count() > 1)
            .subquery()
        )
        later = select(SheetImportRow.id, first.c.number).join(first, first.c.key == SheetImportRow.key)
        found = self.session.execute(later.where(*mine, SheetImportRow.number > first.c.number)).all()
        twice = [(row_id, Fault("", f"与第 {number} 行说的是同一个", "只留一行")) for row_id, number in found]
        changes = [{"id": row_id, "status": "wrong", "faults": _listed([one])} for row_id, one in twice]
        if changes:
            self.session.execute(update(SheetImportRow), changes)

    # -- let in -----------------------------------------------------------------------------------

    def write(self) -> bool:
        """Let a portion in; done again where somebody wrote the same at this very moment."""
        try:
            return self._written(self.session)
        except IntegrityError:
            pass
        try:
            return self._written(self.session)
        except IntegrityError as error:
            raise Unavailable(Trouble.CROSSED) from error

    def _written(self, session: Session) -> bool:
        with write(session):
            session.refresh(self.found, with_for_update=True)
            if self.found.status != "running":
                return False
            waiting = list(session.scalars(IMPORTS.next(self.found, "good", PORTION)))
            read = [(row, *self._read(row)) for row in waiting]
            sents = [(row, sent) for row, sent, faults in read if not faults]
            became = (
                self.kind.write(session, self.actor, self.target, [sent for _, sent in sents], self.clock)
                if sents
                else ()
            )
            for (row, _), one in zip(sents, became, strict=True):
                _note(row, one)
            for row, _, faults in read:
                if faults:  # the form has changed since
                    _note(row, Become("refused", faults))
            if len(waiting) < PORTION:
                self.found.status = "done"
            return self.found.status == "running"


def _state(judged: Judged) -> dict[str, Any]:
    status = "wrong" if judged.faults else "same" if judged.same else "blank" if judged.blank else "good"
    return {
        "status": status,
        "faults": _listed(judged.faults),
        "note": judged.note[:300],
        "key": judged.key[:80],
    }


def _note(row: SheetImportRow, one: Become) -> None:
    row.status, row.faults, row.made_id = one.kind, _listed(one.faults), one.made_id
    row.note = one.note[:300] or row.note


def _listed(faults: Sequence[Fault]) -> list[list[str]] | None:
    return [[one.column, one.problem, one.cure] for one in faults] or None


KIT = Kit(jobs={"import": JobKind("导入", by_person(_advance), cancel)})
