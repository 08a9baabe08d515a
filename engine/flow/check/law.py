"""What the law says of the limits that the product ships (R10, R15, R19, R29): it comes with the product.

A diagram carries the same on its timers (`CLAUSE`, `AT_LEAST`, `AT_MOST`), for people to read; to take it
from there lifts nothing, since the check holds the drawing against this table.
"""

from __future__ import annotations

from dataclasses import dataclass

CLAUSE, AT_LEAST, AT_MOST = "clause", "atLeast", "atMost"
ALLOWED_BY = "allowedBy"
"""The property of a timer that names the document by which a limit may lie outside the law's bounds."""


@dataclass(frozen=True)
class LegalLimit:
    """One limit of the law: days, at the least or at the most, on the timer that the product ships it on."""

    clause: str
    procedure: str
    """The process that holds the timer."""
    element: str
    words: str
    at_least: int | None = None
    at_most: int | None = None
    reads: frozenset[str] = frozenset()
    """The dates of which the period counts from one; empty:
    from the dates of the step that the timer names.
    """
    callers: frozenset[str] = frozenset()
    """The procedures that may not go without it, when its process is a part."""


LIMITS = (
    LegalLimit(
        "R10",
        "public_notice",
        "notice_over",
        "公示不少于 5 天",
        at_least=5,
        callers=frozenset({"identification", "risk_elimination", "rollback"}),
    ),
    LegalLimit("R29", "clearance", "no_answer", "清退前农户有不少于 5 天答复", at_least=5),
    LegalLimit(
        "R15",
        "identification",
        "limit_15",
        "识别认定自线索发现起不超过 15 天",
        at_most=15,
        reads=frozenset({"discovery_date"}),
    ),
    LegalLimit(
        "R19",
        "assistance",
        "limit_10",
        "帮扶计划和措施申报自批准起不超过 10 天",
        at_most=10,
        reads=frozenset({"approved_on", "opened_on"}),
    ),
)
