"""The variables of a case that no diagram sets: what the system gives it as it begins, and as a clue joins it."""

from __future__ import annotations

from collections.abc import Mapping

GIVEN: Mapping[str, frozenset[str]] = {
    "household": frozenset({"type", "formerly_poor", "status", "category"}),
    "province_managed": frozenset(),
    "monitoring_line": frozenset({"year", "amount"}),
    "opened_on": frozenset(),
    "clue": frozenset({"channel", "finder", "description", "risks", "discovered_on"}),
    "discovery_date": frozenset(),
    "latest_clue": frozenset({"channel", "finder", "description", "discovered_on", "entered_on"}),
}
"""Each with its keys; one without keys is a plain value. Set by engine.openings and engine.clues (R01, R06)."""

OF_CLUES = frozenset({"clue", "discovery_date", "latest_clue"})
"""Those that only the procedure has which a clue begins; elsewhere the names are free."""

KINDS: Mapping[str, str] = {
    **dict.fromkeys(("opened_on", "discovery_date", "clue.discovered_on"), "day"),
    **dict.fromkeys(("latest_clue.discovered_on", "latest_clue.entered_on"), "day"),
    **dict.fromkeys(("monitoring_line.year", "monitoring_line.amount"), "number"),
    **dict.fromkeys(("household.formerly_poor", "province_managed"), "boolean"),
    **dict.fromkeys(("household.type", "household.status", "household.category"), "string"),
    "clue.risks": "list",
}
"""What of it is always of one kind (engine.feel.kinds)."""

PLACES = frozenset({"village", "township", "county"})
"""Names of places, which only the words of a list may use beside the variables."""

RECEIVES = "receives"
"""The start event's property that names further variables: those that another procedure gives as it opens a case."""
