"""Which screened households go on to verification (R05): the campaign's decision table says so, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.casework.kit import Kit
from engine.flow.receivers import Consulted
from engine.prevention.campaign.campaigns import FLAGS, Basis

ASKED = (
    "result manner visited_on household_size assured unmet above_line in_group groups group_text declares "
    "policy_explained remark"
).split()
"""What the table reads of a row."""
CHANNELS = ("self_declaration", "cadre_check")
"""The stronger first: of several reasons the household's own word gives the channel."""


@dataclass(frozen=True)
class Flags:
    """Why a row is looked into: empty where nothing was found."""

    codes: tuple[str, ...] = ()
    channel: str = ""
    reasons: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()


def of(data: Mapping[str, Any], status: str, basis: Basis) -> Flags:
    """What the table says of a row's data and of the household's status in the register."""
    told = {name: data.get(name) for name in ASKED}
    given = {"screening": told, "household": {"status": status}, "line": {"amount": basis.line["amount"]}}
    hits = basis.flags.evaluate(given)
    rows = [hits] if isinstance(hits, Mapping) else hits or []
    if not rows:
        return Flags()
    named = [str(row.get("channel") or "") for row in rows]
    return Flags(
        tuple(str(row["code"]) for row in rows),
        next((one for one in CHANNELS if one in named), CHANNELS[-1]),
        tuple(str(row["reason"]) for row in rows if row.get("reason")),
        tuple(str(row["risk"]) for row in rows if row.get("risk")),
    )


KIT = Kit(
    consulted=(
        Consulted(
            FLAGS,
            "筛查转入核实的决策表",
            {
                "screening": frozenset(ASKED),
                "household": frozenset({"status"}),
                "line": frozenset({"amount"}),
            },
            frozenset({"code", "channel", "risk", "reason"}),
        ),
    ),
)
