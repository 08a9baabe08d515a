"""What people do with a file of rows: say which column is which, let it in, stop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.casework.models import Account, SheetImport, SheetImportRow
from engine.casework.portions.imports import mapping
from engine.casework.portions.imports.files import counts, get, of
from engine.casework.portions.jobs import acts as jobs
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict

# -- what people say -------------------------------------------------------------------------------


def tell_columns(
    session: Session, actor: Account, import_id: int, said: Mapping[str, int | None], clock: Clock
) -> SheetImport:
    """Which column is which; remembered for the next file with these headings. Raises Invalid."""
    found, kind, target = of(session, actor, import_id)
    mapped = mapping.checked(said, found.headings, kind.columns(session, target))
    with write(session):
        _locked(session, found, ("mapping", "checking", "ready"))
        columns, name = kind.columns(session, target), kind.remembered_as(target)
        mapping.remember(session, found, mapped, columns, clock.now(), kind=name)
        mine = update(SheetImportRow).where(SheetImportRow.import_id == found.id)
        session.execute(mine.values(status="raw", faults=None, note="", key=""))
        found.columns, found.status = mapped, "checking"
        jobs.defer(session, "import", found.id, actor, clock.now(), total=found.total)
    return found


def correct_columns(session: Session, actor: Account, import_id: int) -> None:
    """Say anew which column is which."""
    _move(session, get(session, actor, import_id), ("checking", "ready"), "mapping")


@whole
def confirm(session: Session, actor: Account, import_id: int, clock: Clock) -> None:
    """Let the good rows in: `go_on` works them off."""
    found = get(session, actor, import_id)
    with write(session):
        _move(session, found, ("ready",), "running")
        good = counts(session, found)["good"]
        jobs.defer(session, "import", import_id, actor, clock.now(), total=good)


@whole
def cancel(session: Session, actor: Account, import_id: int, clock: Clock) -> None:
    """Stop; what is in stays in."""
    found = get(session, actor, import_id)
    with write(session):
        _move(session, found, ("mapping", "checking", "ready", "running"), "cancelled")
        jobs.stopped(session, "import", import_id, clock.now())


@whole
def _move(session: Session, found: SheetImport, before: Sequence[str], after: str) -> None:
    with write(session):
        _locked(session, found, before)
        found.status = after


def _locked(session: Session, found: SheetImport, before: Sequence[str]) -> None:
    session.refresh(found, with_for_update=True)
    if found.status not in before:
        raise Conflict("这次导入已经往下进行了：请刷新页面，看现在到了哪一步。")
