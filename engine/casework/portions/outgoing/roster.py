"""The rows of a table of accounts that were not let in, given back to be mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.organisation.identity.roster import tables
from engine.casework.portions.outgoing.sending import Asked, Outgoing
from engine.ground import text
from engine.ground.sheets import Cell

COLUMNS = (*(names[0] for names in tables.HEADINGS.values()), "哪里不对", "原来第几行")


def _rows(asked: Asked) -> Iterator[Sequence[Cell]]:
    yield from tables.faults(asked.session, asked.actor, text.whole(asked.given.get("import", "")) or 0)


KIT = Kit(
    outgoing={
        "roster_faults": Outgoing(
            "要更正的账号",
            COLUMNS,
            _rows,
            sheet="账号",
            widths=(*[16] * (len(COLUMNS) - 2), 60, 12),
            # what somebody sent goes back to who sent it: nothing leaves the system
            notes=lambda asked, rows: None,
        )
    }
)
