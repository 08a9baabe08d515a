"""The corrections as an Excel file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.organisation import divisions
from engine.casework.organisation.privacy import masked_text
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Outgoing, portions
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.records import corrections


def _corrections(asked: Asked) -> Iterator[Sequence[Cell]]:
    status = asked.given.get("status", "asked")
    found = whole(lambda page: corrections.listing(asked.session, asked.actor, status, page).items)
    for some in portions(found):
        people = corrections.people(asked.session, some)
        paths = divisions.paths(asked.session, {row.village_code for row in some})
        for row in some:
            yield [
                row.household.head_name,
                paths.get(row.village_code, ""),
                corrections.KINDS.get(row.kind, ""),
                masked_text(row.reason),
                people.get(row.asked_by, ""),
                day(row.asked_at),
                corrections.STATUS.get(row.status, ""),
                people.get(row.decided_by or 0, ""),
                day(row.decided_at),
                masked_text(row.note),
            ]


KIT = Kit(
    outgoing={
        "corrections": Outgoing(
            "更正", "户主 所在村 更正 原因 提出人 提出日期 状态 核对人 核对日期 说明".split(), _corrections
        )
    }
)
