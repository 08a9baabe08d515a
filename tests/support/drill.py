"""What docker/drill.sh does through the product itself: people at work, cases finished, what is there.

python -m tests.support.drill COMMAND URL …
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import sleep

from sqlalchemy import func, select

from engine.backups import sources, tables
from engine.backups.tables import Shape
from engine.casework import kit
from engine.casework.acts import attachments
from engine.casework.audit import verification
from engine.casework.models import Account, CaseFile, Incident, RoleGrant, WorkItem
from engine.ground.clock import local_date
from engine.ground.database import create_engine
from engine.prevention.demo.driving import picture
from engine.prevention.identification import entering
from engine.prevention.kit import KIT
from tests.support import papers, releases
from tests.support.walking import Walk


def contents(url: str) -> dict[str, str]:
    """A digest of every table's rows, as a backup writes them, whatever their order."""
    engine, found = create_engine(url), {}
    with engine.connect() as connection:
        for shape in tables.shapes(connection):
            by_name = replace(shape, columns=dict(sorted(shape.columns.items())))
            rows = sorted(_row(by_name, row) for row in sources.rows(connection, by_name))
            found[shape.name] = f"{len(rows)} {sha256(repr(rows).encode()).hexdigest()}"
    engine.dispose()
    return found


def _row(shape: Shape, row: Sequence[object]) -> str:
    """Both databases' truth and numbers with decimals, written alike."""
    values = []
    for kind, value in zip(shape.columns.values(), row, strict=True):
        known = value is not None and type(kind).__name__ in ("BOOLEAN", "NUMERIC")
        values.append(float(str(int(value) if isinstance(value, bool) else value)) if known else value)
    return sources.written(values)


def kept(url: str, release: str) -> None:
    """An installation of an earlier release."""
    releases.restore(url, release)


def work(url: str, journal: str) -> None:
    """Enter clues with a photo each until somebody ends it; what was acknowledged goes into the journal.

    A line is the number of the case and when it was acknowledged, in the file for good.
    """
    walk = Walk(url)
    grant = select(RoleGrant).where(RoleGrant.role == "village_official").order_by(RoleGrant.id).limit(1)
    found = walk.session.scalars(grant).one()
    official = walk.session.get_one(Account, found.account_id)
    highest = walk.session.scalar(select(func.max(CaseFile.id))) or 0
    with Path(journal).open("a") as file:
        for number in range(highest, highest + 100_000):
            case_id = _entered(walk, official, found.division_code, number)
            file.write(f"{case_id} {datetime.now(UTC).isoformat()}\n")
            file.flush()
            os.fsync(file.fileno())


def _entered(walk: Walk, official: Account, village: str, number: int) -> int:
    """One clue about a new household, and a photo at its first step."""
    person = papers.id_number(f"419902{1960 + number % 40}{number // 40 % 12 + 1:02d}01{number % 1000:03d}")
    said = papers.clue(
        local_date(walk.clock.now()), f"演练{number}", village, id_number=person, address=f"演练路{number}号"
    )
    case = entering.enter(walk.session, official, said, clock=walk.clock, confirmed_new=True).case
    assert case is not None
    of_case = select(WorkItem.id).where(WorkItem.case_id == case.id, WorkItem.status == "open")
    item = walk.session.scalars(of_case).first()
    walk.session.commit()
    if item is not None:
        body = picture("photo")
        attachments.store(walk.session, official, item, "photo", "照片.png", body, walk.clock.now())
    return case.id


def missing(url: str, journal: str, until: str = "9999") -> None:
    """How many of the acknowledged cases are there and how many are not, of those until an instant.

    `until`: ISO 8601 in UTC; of later ones it is said as well how many are there.
    """
    lines = [line.split() for line in Path(journal).read_text().splitlines()]
    engine = create_engine(url)
    with engine.connect() as connection:
        there = set(connection.execute(select(CaseFile.id)).scalars())
    engine.dispose()
    before = {int(number) for number, at in lines if at <= until}
    after = {int(number) for number, at in lines if at > until}
    print(
        f"答复过的 {len(before)} 件，没有了的 {len(before - there)} 件；之后的 {len(after)} 件，"
        f"在的 {len(after & there)} 件"
    )
    sys.exit(bool(before - there))


def finish(url: str) -> None:
    """Officials finish a case at each place where one stands; the log holds and nothing has failed."""
    walk = Walk(url)
    places = walk.places()
    walk.to_the_end(places.values())
    left = walk.session.scalars(select(Incident).where(Incident.resolved_at.is_(None))).all()
    breaks = list(verification.verify(walk.session))
    print(f"{len(places)} 个环节上各有一件办到结束，故障 {len(left)} 件，日志断处 {len(breaks)} 处")
    sys.exit(bool(left or breaks))


def digest(url: str, file: str) -> None:
    """Every table's rows into a file, to be compared with another."""
    Path(file).write_text(json.dumps(contents(url), indent=1, sort_keys=True))


def wait(url: str, journal: str, many: str) -> None:
    """Wait until so many lines are in the journal."""
    for _ in range(1200):
        if Path(journal).exists() and len(Path(journal).read_text().splitlines()) >= int(many):
            return
        sleep(0.1)
    sys.exit(f"{url}：两分钟里没有办成 {many} 件")


COMMANDS: dict[str, Callable[..., None]] = {
    one.__name__: one for one in (kept, work, missing, finish, digest, wait)
}

if __name__ == "__main__":
    kit.use(KIT)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
