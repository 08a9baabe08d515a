"""The transfers as an Excel file: of the other place's households only what its list shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework.kit import Kit
from engine.casework.portions.outgoing.lists import day
from engine.casework.portions.outgoing.sending import Asked, Outgoing
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.transfers import lists, offers


def _transfers(asked: Asked) -> Iterator[Sequence[Cell]]:
    side = lists.SENT if asked.given.get("side") == lists.SENT else lists.RECEIVED
    for one in whole(lambda page: lists.listing(asked.session, asked.actor, side, page).items):
        yield [
            one.head,
            one.from_path,
            one.to_path,
            one.reason,
            one.offered_by,
            day(one.offered_at),
            offers.STATUS.get(one.status, ""),
            one.decided_by,
            day(one.decided_at),
            one.note,
        ]


KIT = Kit(
    outgoing={
        "transfers": Outgoing(
            "移交", "农户 原在地 接收地 原因 提出人 提出日期 状态 答复人 答复日期 说明".split(), _transfers
        )
    }
)
