"""Households on their way through data matching, and the files that departments send back."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import openpyxl
from sqlalchemy import select

from engine.casework.models import CaseFile, SheetImport, SheetImportRow
from engine.casework.portions.imports import acts, files, sending, working
from engine.ground.errors import Conflict
from engine.prevention.identification.matching import feedback, requests
from engine.prevention.identification.matching.intake import key_of
from engine.prevention.models import MatchingBatch
from tests.support import goneout, workbooks
from tests.support.world import World

COUNTY = "xian2"
"""Who organises the matching; another approves (R12)."""
HEADINGS = ("姓名", "证件号码", "结果", "事项", "说明", "金额", "数据日期")


def sent_up(world: World, *names: str) -> list[CaseFile]:
    """Households whose batch the township has sent, all today."""
    cases = [world.enter(name=name) if name else world.enter() for name in names or ("",)]
    for case in cases:
        for step, who in (("verify", "cun"), ("sign", "cun"), ("submit_batch", "xiang")):
            world.finish(case, step, who)
    return cases


def batch(world: World) -> MatchingBatch:
    """The latest batch."""
    world.session.commit()
    return world.session.scalars(select(MatchingBatch).order_by(MatchingBatch.id.desc()).limit(1)).one()


def asked(world: World, *departments: str) -> MatchingBatch:
    """The latest batch, with these departments asked."""
    found = batch(world)
    return requests.ask(world.session, world.official(COUNTY), found.id, departments, clock=world.clock)


def export(
    world: World, found: MatchingBatch, department: str, reason: str = "送部门比对", by: str = COUNTY
) -> bytes:
    """A department's list, as the county takes it along."""
    asked = {"matching": found.id, "department": department}
    return goneout.file_of(world, world.official(by), "matching_request", reason, **asked)


def sheet(*lines: Sequence[object], head: Sequence[str] = HEADINGS) -> bytes:
    """A department's own file."""
    return workbooks.made((head, *lines))


def filled(body: bytes, said: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The file that the county exported, with answers by name and column."""
    book = openpyxl.load_workbook(io.BytesIO(body))
    sheet = book["填写"]
    columns = {cell.value: cell.column for cell in sheet[2]}
    for row in sheet.iter_rows(min_row=3):
        answers = said.get(str(sheet.cell(row[0].row, columns["姓名"]).value), {})
        for title, value in answers.items():
            sheet.cell(row[0].row, columns[title]).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send(
    world: World, found: MatchingBatch, department: str, body: bytes, name: str = "表.xlsx"
) -> SheetImport:
    """The county sends a department's file; it is checked."""
    actor = world.official(COUNTY)
    key = key_of(found.id, department)
    sent = sending.begin(world.session, actor, "matching", key, body, name, world.clock)
    if sent.status == "mapping":
        acts.tell_columns(world.session, actor, sent.id, sent.columns, world.clock)
    while sent.status == "checking":
        working.go_on(world.session, actor, sent.id, world.clock)
    return sent


def let_in(world: World, found: MatchingBatch, department: str, body: bytes) -> dict[str, int]:
    """As `send`, and what is good is let in; answers how many rows became what."""
    sent, actor = send(world, found, department, body), world.official(COUNTY)
    if files.counts(world.session, sent)["good"]:
        acts.confirm(world.session, actor, sent.id, world.clock)
    while sent.status == "running":
        working.go_on(world.session, actor, sent.id, world.clock)
    return {state: count for state, count in files.counts(world.session, sent).items() if count}


def faults(world: World, sent: SheetImport) -> dict[int, str]:
    """What is wrong with each row of a file, by its number."""
    query = select(SheetImportRow).where(SheetImportRow.import_id == sent.id)
    return {row.number: str(row.faults) for row in world.session.scalars(query) if row.faults}


def answered(world: World, found: MatchingBatch, *departments: str) -> None:
    """The departments have had their lists, and that is all that they say."""
    for department in departments:
        with suppress(Conflict):  # nobody of the batch is of an age that the department knows of
            export(world, found, department)
        requests.answered(world.session, world.official(COUNTY), found.id, department, clock=world.clock)


def unanswered(world: World, found: MatchingBatch, department: str, reason: str = "系统升级") -> None:
    requests.no_data(world.session, world.official(COUNTY), found.id, department, reason, clock=world.clock)


def give_back(world: World, found: MatchingBatch) -> int:
    """All results return; answers how many households are left."""
    county, before = world.official(COUNTY), -1
    while (left := feedback.go_on(world.session, county, found.id, clock=world.clock)) not in (0, before):
        before = left
    return left
