"""A province as data: what `shouwang db create --province` reads, from a folder or a ZIP file.

Everything is read and judged before anything is stored; every fault is named with its place, all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Province as Row
from engine.casework.organisation import divisions
from engine.casework.organisation.bodies import BodyRow
from engine.casework.organisation.calendar.days_off import Day
from engine.prevention.installation import files, parameters, places
from engine.prevention.installation.files import Found, Refused
from engine.prevention.installation.parameters import Parameters

DATA = "data"
"""The folder that holds the one folder of the province that the product carries."""


@dataclass(frozen=True)
class Province:
    """All that a database is set up from; `sha256` is of the files, however they were packed."""

    parameters: Parameters
    divisions: Sequence[divisions.Row]
    bodies: Sequence[BodyRow]
    days: Sequence[Day]
    sha256: str

    @property
    def code(self) -> str:
        return self.parameters.code

    @property
    def name(self) -> str:
        return self.parameters.name


def carried(today: date) -> Province:
    """The province that the product carries, read as any other."""
    with resources.as_file(resources.files("engine.prevention.installation") / DATA) as data:
        folders = sorted(folder for folder in data.iterdir() if folder.is_dir())
        return read(folders[0], today)


def read(path: Path, today: date) -> Province:
    """The province that a folder or a ZIP file describes. Raises Refused with every fault."""
    found = Found()
    bodies = files.bodies_of(path, found)
    for name in (files.PARAMETERS, files.DIVISIONS):
        if name not in bodies and not found.faults:
            found.say(name, 0, "", "没有这个文件。")
    own = bodies.get(files.PARAMETERS)
    given = parameters.read(own, today, found) if own is not None else None
    listed = _divisions(bodies, given, found)
    offices = places.read_bodies(bodies[files.BODIES], listed, found) if files.BODIES in bodies else []
    days = places.read_calendar(bodies[files.CALENDAR], found) if files.CALENDAR in bodies else []
    if found.faults or given is None:
        raise Refused(found.faults)
    return Province(given, listed, offices, days, files.digest(bodies))


def _divisions(bodies: dict[str, bytes], given: Parameters | None, found: Found) -> list[divisions.Row]:
    if files.DIVISIONS not in bodies:
        return []
    return places.read_divisions(bodies[files.DIVISIONS], given.code if given else "", found)


def code(session: Session) -> str:
    """The code of the province that the database serves; '' for none."""
    return session.scalar(select(Row.code).where(Row.id == 1)) or ""


def read_divisions(file: Path, own: str) -> list[divisions.Row]:
    """The rows of a list of divisions of the province with the code `own`. Raises Refused."""
    found = Found()
    rows = places.read_divisions(file.read_bytes(), own, found)
    if found.faults:
        raise Refused(found.faults)
    return rows
