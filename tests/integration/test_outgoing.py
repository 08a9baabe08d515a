"""Lists that leave as Excel files: whole, in their order, logged, within bounds."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework.models import LogEntry
from engine.casework.portions.outgoing import sending
from engine.casework.portions.outgoing.sending import Outgoing
from engine.casework.portions.outgoing.streamed import Workbook
from engine.ground.database import write
from engine.ground.errors import Invalid, NotFound
from engine.ground.paging import PORTION, whole
from engine.prevention.models import Household
from engine.prevention.register import registers
from engine.prevention.register.registers import RegisterFilter
from tests.support import sheets
from tests.support.template import VILLAGE
from tests.support.world import World

MANY = PORTION * 2 + 7


def _households(world: World, many: int) -> None:
    first = world.session.scalars(select(Household)).first()
    assert first is not None
    with write(world.session):
        world.session.add_all(
            Household(
                number=f"{VILLAGE}{number:05}",
                division_id=first.division_id,
                village_code=VILLAGE,
                head_name=f"户{number:05}",
                updated_at=world.clock.now(),
            )
            for number in range(many)
        )


def test_a_list_is_read_whole_in_its_order_also_while_it_changes(small_world: World) -> None:
    small_world.enter()
    _households(small_world, MANY)
    session, actor, wanted = (
        small_world.session,
        small_world.official("xiang"),
        RegisterFilter(status="ordinary"),
    )
    names = []
    for one in whole(lambda page: registers.listing(session, actor, wanted, page).items):
        names.append(one.head_name)
        if len(names) == PORTION:  # a row of the first portion goes: no other is passed over
            with write(session):
                session.get_one(Household, one.id).status = "cleared"
    assert names == ["王建国", *(f"户{number:05}" for number in range(MANY))]


@pytest.mark.duty("R41")
def test_what_goes_out_is_logged_with_its_filter(small_world: World) -> None:
    small_world.enter()
    given = {"q": "王", "status": ""}
    body, name = sending.written(
        small_world.session, small_world.official("cun"), "clues", given, small_world.clock
    )
    assert name.startswith("线索2022") and sheets.rows(body)[1][0] == "王建国"
    small_world.session.commit()
    line = small_world.session.scalars(select(LogEntry).where(LogEntry.kind == "export")).one()
    assert (line.data["name"], line.data["rows"], line.data["filter"]) == ("线索", 1, {"q": "王"})


def test_a_list_that_nobody_brings_is_not_there(small_world: World) -> None:
    with pytest.raises(NotFound):
        sending.written(small_world.session, small_world.official("cun"), "secrets", {}, small_world.clock)


def test_more_rows_than_a_file_holds_are_refused(small_world: World) -> None:
    asked = sending.Asked(small_world.session, small_world.official("cun"), {}, small_world.clock.now())
    one = Outgoing("很多", ["数"], lambda _: ([n] for n in range(sending.MOST + 1)))
    with Workbook() as book, pytest.raises(Invalid, match="按县、乡镇分别导出"):
        sending.fill(book, one, asked)
