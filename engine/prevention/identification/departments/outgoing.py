"""部门信息 as Excel files: the lists that came in, and their rows; nobody's number is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.organisation import divisions
from engine.casework.organisation.privacy import masked_text
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Outgoing, portions
from engine.ground import text
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.identification.departments import lists, matters
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.departments.intake import results
from engine.prevention.identification.departments.lists import Wanted
from engine.prevention.models import DepartmentRow

Rows = Iterator[Sequence[Cell]]


def _department(asked: Asked) -> str:
    said = asked.given.get("department", "")
    return said if said in DEPARTMENTS else ""


def _batches(asked: Asked) -> Rows:
    department = _department(asked)
    for some in portions(
        whole(lambda page: lists.batches(asked.session, asked.actor, department, page).items)
    ):
        paths = divisions.paths(asked.session, {one.division_code for one in some})
        for one in some:
            counts = [getattr(one, code) for code in results.OUTCOMES]
            place = paths.get(one.division_code, "")
            yield [matters.title(one.department, one.matter), place, one.title, day(one.last_at), *counts]


def _rows(asked: Asked) -> Rows:
    batch = text.whole(asked.given.get("batch", ""))
    if batch is not None:
        lists.batch(asked.session, asked.actor, batch)
    said = asked.given.get("outcome", "" if batch is not None else lists.WAITING)
    outcome = said if said in (*results.OUTCOMES, lists.WAITING, "") else lists.WAITING

    def page(number: int) -> Sequence[DepartmentRow]:
        wanted = Wanted(outcome, _department(asked), batch, number)
        return lists.rows(asked.session, asked.actor, wanted).items

    for some in portions(whole(page)):
        paths = divisions.paths(asked.session, {one.village_code for one in some})
        for one in some:
            yield [
                one.name,
                matters.title(one.department, one.matter),
                one.period,
                one.amount if one.amount is not None else "",
                masked_text(one.note),
                day(one.discovered_on),
                results.OUTCOMES.get(one.outcome, ""),
                one.clue.case_id or "" if one.clue is not None else "",
                paths.get(one.village_code, ""),
            ]


KIT = Kit(
    outgoing={
        "department_lists": Outgoing(
            "部门名单", ["名单", "哪里", "来源", "收到", *results.OUTCOMES.values()], _batches
        ),
        "department_rows": Outgoing(
            "部门信息", "姓名 事项 时段 金额（元） 说明 发现日期 结果 事项号 村".split(), _rows
        ),
    }
)
