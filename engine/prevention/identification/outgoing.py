"""The clues as an Excel file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.casework import definitions
from engine.casework.kit import Kit
from engine.casework.organisation.privacy import masked_text
from engine.casework.portions.outgoing.lists import day, typed
from engine.casework.portions.outgoing.sending import Asked, Outgoing
from engine.ground.paging import whole
from engine.ground.sheets import Cell
from engine.prevention.identification import clues, entering


def _clues(asked: Asked) -> Iterator[Sequence[Cell]]:
    labels = definitions.code_labels(asked.session).get("risks", {})
    channel = asked.given.get("channel", "")
    for clue in whole(
        lambda page: clues.listing(asked.session, asked.actor, typed(asked.given), channel, page).items
    ):
        yield [
            clue.household.head_name,
            clue.household.division.path,
            entering.CHANNELS.get(clue.channel, ""),
            clue.finder,
            day(clue.discovered_on),
            "、".join(labels.get(risk, risk) for risk in clue.risks),
            masked_text(clue.description),
            "已撤销" if clue.cancelled_at else "留存" if clue.held else "",
            clue.case_id or "",
        ]


KIT = Kit(
    outgoing={
        "clues": Outgoing("线索", "户主 所在村 渠道 发现人 发现日期 风险 情况 状态 事项号".split(), _clues)
    }
)
