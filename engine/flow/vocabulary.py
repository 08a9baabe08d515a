"""The variables of a case that no diagram sets: what the system gives it as it begins,
and as a clue joins it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Given:
    """One given value: how expressions write it, what people call it,
    of which kind it always is (engine.feel.kinds).
    """

    name: str
    words: str
    kind: str = ""
    steady: bool = False
    """Whether it is given once, as the case begins."""

    @property
    def variable(self) -> str:
        """The variable that it lies in, or is."""
        return self.name.partition(".")[0]

    @property
    def key(self) -> str:
        """Where in the variable it lies; empty when it is the variable itself."""
        return self.name.partition(".")[2]


GIVEN: Sequence[Given] = (
    Given("household.type", "农户类型", "string", steady=True),
    Given("household.formerly_poor", "是否脱贫户", "boolean", steady=True),
    Given("household.status", "在名册里的状态", "string", steady=True),
    Given("household.category", "监测对象类别", "string", steady=True),
    Given("province_managed", "是否省直管县", "boolean", steady=True),
    Given("monitoring_line.year", "监测范围的年度", "number", steady=True),
    Given("monitoring_line.amount", "现行监测范围（元）", "number", steady=True),
    Given("opened_on", "启动日期", "day", steady=True),
    Given("clue.channel", "线索的渠道"),
    Given("clue.finder", "线索的发现人"),
    Given("clue.description", "线索的情况"),
    Given("clue.risks", "线索的风险", "list"),
    Given("clue.discovered_on", "线索的发现日期", "day"),
    Given("discovery_date", "最早发现线索的日期", "day"),
    Given("latest_clue.channel", "最近线索的渠道"),
    Given("latest_clue.finder", "最近线索的发现人"),
    Given("latest_clue.description", "最近线索的情况"),
    Given("latest_clue.discovered_on", "最近线索的发现日期", "day"),
    Given("latest_clue.entered_on", "最近线索的录入日期", "day"),
)
"""Set by engine.openings and engine.clues (R01, R06)."""

KINDS: Mapping[str, str] = {one.name: one.kind for one in GIVEN if one.kind}
VARIABLES: Mapping[str, Sequence[str]] = {
    variable: sorted(one.key for one in GIVEN if one.variable == variable and one.key)
    for variable in dict.fromkeys(one.variable for one in GIVEN)
}
"""Each given variable with its keys; one without keys is a plain value."""
CHANGING = frozenset(one.variable for one in GIVEN if not one.steady)
"""The given variables that change while a case runs."""


def days(day: str) -> dict[str, Any]:
    """The given variables that hold days, as if all of them were `day` (ISO, as forms store it)."""
    found: dict[str, Any] = {}
    for one in GIVEN:
        if one.kind == "day":
            found = {**found, one.variable: {**found.get(one.variable, {}), one.key: day} if one.key else day}
    return found


PLACES = frozenset({"village", "township", "county"})
"""Names of places, which only the words of a list may use beside the variables."""

RECEIVES = "receives"
"""The start event's property that names further variables:
those that another procedure gives as it opens a case.
"""
