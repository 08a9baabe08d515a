"""One household becomes two, two become one: what that does to their people (domain S11)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid
from engine.prevention.models import Household
from engine.prevention.register import member_history
from engine.prevention.register.member_history import Recorder, Row
from engine.prevention.register.members import kinship


def parted(
    session: Session, household: Household, keys: Sequence[str], head: str
) -> tuple[list[Row], list[Row]]:
    """Who stays and who goes, as one household becomes two; who goes with relations to the new head.

    Raises Invalid where nobody would go or stay, or the head would go.
    """
    rows = member_history.present(session, household.id)
    going = [row for row in rows if row["key"] in keys]
    staying = [row for row in rows if row["key"] not in keys]
    if not going or not staying:
        raise Invalid("请选择分出去的成员，两户都要有人。", {"members": ["分出的成员：两户都要有人。"]})
    if any(row["relation"] == "head" for row in going):
        sentence = "户主留在原户；户主要分出去的，先登记户主变更。"
        raise Invalid(sentence, {"members": [f"分出的成员：{sentence}"]})
    new_head = next((row for row in going if row["key"] == head), None)
    if new_head is None:
        raise Invalid("新户的户主须是分出去的成员。", {"head": ["新户的户主：请在分出去的成员里选。"]})
    turned = [kinship.turned(row, new_head, rows) for row in going]
    return staying, sorted(turned, key=lambda row: row["relation"] != "head")


def split(
    session: Session, household: Household, fresh: Household, parts: tuple[list[Row], list[Row]], by: Recorder
) -> None:
    """The people of `parts` belong to two households from today on."""
    staying, going = parts
    on = local_date(by.now)
    before = {row["key"]: row for row in member_history.present(session, household.id)}
    member_history.write(session, household, staying)
    member_history.write(session, fresh, going)
    for row in going:
        member_history.note(session, household.id, "split_out", on, before[row["key"]], {}, by)
        member_history.note(session, fresh.id, "split_in", on, {}, row, by)
    member_history.follow_head(session, fresh, by.now)


def join(session: Session, household: Household, into: Household, by: Recorder) -> None:
    """All people of a household belong to another from today on;
    how they are related to its head is put right by hand.
    """
    on, rows = local_date(by.now), member_history.present(session, household.id)
    there = member_history.present(session, into.id)
    if not there:
        raise Conflict("保留的一户没有成员。")
    coming = [{**row, "relation": "other"} for row in rows]
    member_history.write(session, household, [])
    member_history.write(session, into, [*there, *coming])
    for before, after in zip(rows, coming, strict=True):
        member_history.note(session, household.id, "join_out", on, before, {}, by)
        member_history.note(session, into.id, "join_in", on, {}, after, by)
