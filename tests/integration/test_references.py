"""What most rows have not is no way to find those that have it not."""

from __future__ import annotations

from sqlalchemy import Index, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from engine.ground.tables import Base
from engine.prevention.models import Household
from engine.prevention.register.households import finding as households
from tests.support.world import World


def _references() -> list[Index]:
    """The indices over one reference that rows need not have."""
    indices = (index for table in Base.metadata.tables.values() for index in table.indexes)
    alone = (index for index in indices if len(index.columns) == 1 and not index.unique)
    return [index for index in alone if index.columns[0].nullable and index.columns[0].foreign_keys]


def test_an_index_over_a_reference_holds_the_rows_that_have_one() -> None:
    assert len(_references()) > 15
    for index in _references():
        for dialect in (sqlite.dialect(), postgresql.dialect()):  # type: ignore[no-untyped-call]
            assert "IS NOT NULL" in str(CreateIndex(index).compile(dialect=dialect)), index.name


def test_a_townships_households_are_read_by_their_villages(small_world: World) -> None:
    asked = select(Household.id).where(
        households.visible(small_world.official("xiang")), Household.merged_into_id.is_(None)
    )
    ordered = asked.order_by(Household.village_code, Household.head_name, Household.id).limit(20)
    written = ordered.compile(small_world.engine, compile_kwargs={"literal_binds": True})
    plan = [row.detail for row in small_world.session.execute(text(f"EXPLAIN QUERY PLAN {written}"))]
    assert len(plan) == 1 and "village_code>?" in plan[0]
