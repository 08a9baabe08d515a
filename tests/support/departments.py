"""Departments' lists as tests send them: a file of rows, an amount that counts, a household's people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from engine.casework.models import SheetImport, SheetImportRow
from engine.casework.portions.imports import acts, sending, working
from engine.prevention.identification.departments import telling, thresholds
from engine.prevention.identification.departments.intake.statements import Channel, Told
from engine.prevention.identification.departments.matters import get
from engine.prevention.identification.departments.thresholds import Asked
from engine.prevention.models import DepartmentRow, Household, Member
from tests.support import registers, workbooks
from tests.support.template import COUNTY
from tests.support.world import World

MEDICAL = f"{COUNTY}-medical_insurance-medical_costs"
DISASTER = f"{COUNTY}-emergency-disaster"
HEAD = ("姓名", "证件号码", "发现日期", "所属期间", "个人自付金额（元）", "情况说明")
PLAIN = ("姓名", "证件号码", "发现日期", "所属期间", "情况说明")


def sheet(*lines: Sequence[object], head: Sequence[str] = HEAD) -> bytes:
    return workbooks.made((head, *lines))


def bar(world: World, who: str = "xian", division: str = COUNTY, **changes: Any) -> None:
    """10,000 yuan for low-income households, 26,000 for others (西安), unless it is told otherwise."""
    said = {
        "basis": "amount",
        "for_key": "10000",
        "for_others": "26000",
        "effective_from": "2022-01-01",
        "department": "medical_insurance",
        "matter": "medical_costs",
        **changes,
    }
    asked = Asked(division=division, **said)
    thresholds.set_one(world.session, world.official(who), asked, clock=world.clock)


def family(world: World, name: str = "王建国", status: str = "ordinary", **columns: Any) -> Household:
    return registers.household(world.session, world.clock.now(), name, status, **columns)


def number_of(world: World, household: Household, place: int = 0) -> str:
    """The number of a household's head, or of another member."""
    query = select(Member.id_number).where(Member.household_id == household.id).order_by(Member.position)
    return world.session.scalars(query).all()[place]


def checked(
    world: World, body: bytes, key: str = MEDICAL, who: str = "xian", name: str = "名单.xlsx"
) -> SheetImport:
    """Sent, its columns as they were recognised, checked."""
    actor = world.official(who)
    found = sending.begin(world.session, actor, "departments", key, body, name, world.clock)
    if found.status == "mapping":
        acts.tell_columns(world.session, actor, found.id, found.columns, world.clock)
    while found.status == "checking":
        working.go_on(world.session, actor, found.id, world.clock)
    return found


def let_in(world: World, found: SheetImport, who: str = "xian") -> dict[int, tuple[str, str]]:
    """By row of the sheet what became of it, and in which words."""
    actor = world.official(who)
    acts.confirm(world.session, actor, found.id, world.clock)
    while found.status == "running":
        working.go_on(world.session, actor, found.id, world.clock)
    return said(world, found)


def said(world: World, found: SheetImport) -> dict[int, tuple[str, str]]:
    query = select(SheetImportRow).where(SheetImportRow.import_id == found.id)
    rows = world.session.scalars(query.execution_options(populate_existing=True))
    return {row.number: (row.status, "".join(one[1] for one in row.faults or ()) or row.note) for row in rows}


def sent(
    world: World, *lines: Sequence[object], key: str = MEDICAL, who: str = "xian"
) -> dict[int, tuple[str, str]]:
    """A list of rows, let in."""
    head = HEAD if key == MEDICAL else PLAIN
    return let_in(world, checked(world, sheet(*lines, head=head), key, who), who)


def kept(world: World, **wanted: Any) -> list[DepartmentRow]:
    """The current rows, as they came."""
    query = select(DepartmentRow).filter_by(standing="current", **wanted).order_by(DepartmentRow.id)
    return list(world.session.scalars(query.execution_options(populate_existing=True)))


def told(world: World) -> int:
    """The round that tells of what came in."""
    world.session.commit()
    return telling.tell_due(world.sessions, world.clock)


def channel(department: str = "emergency", matter: str = "disaster") -> Channel:
    """A department of the county."""
    return Channel(COUNTY, department, get(department, matter), "嵩县")


def row(name: str, number: str, **facts: Any) -> Told:
    return Told(name, number, **facts)
