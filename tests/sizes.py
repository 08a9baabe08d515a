"""The arithmetic of docs/operations.md, 多大的机器: `python -m tests.sizes` works the result out anew from the
unit costs and the places that the page gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "operations.md"
BEGIN, END = "<!-- 由 python -m tests.sizes 算出 -->\n", "<!-- 到此 -->"
WORKING_SECONDS = 250 * 8 * 3600
"""Of a year."""
PEAK = 10
"""How many times the average of working hours the busiest quarter of an hour has."""
CHECK_SECONDS, CHECK_PEAK = 60 * 8 * 3600, 3
"""A concentrated check (R26): two months of eight hours a day; its busiest hour."""
STEPS, PAGES = 11, 8
"""Steps of a case; pages opened for a step."""
SIGN_INS = 0.5 / 3600
"""Half of the accounts sign in within one hour of the morning."""
BUSY = 0.4
"""How far the cores are used at the peak: one machine of two may fail, and figures are of an idle machine."""


@dataclass(frozen=True)
class Place:
    """What a deployment serves."""

    name: str
    households: float
    cases: float
    accounts: float


def costs(text: str) -> dict[str, float]:
    """The unit costs of the page, by their letters."""
    return {
        letter: float(value) for letter, value in re.findall(r"^\| `(\w)` \|[^|]+\| ([\d.]+) \|", text, re.M)
    }


def places(text: str) -> list[Place]:
    """The places of the page."""
    rows = re.findall(r"^\| (县|市|省) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", text, re.M)
    return [Place(name, *(float(number.replace(",", "")) for number in numbers)) for name, *numbers in rows]


def rates(place: Place) -> dict[str, float]:
    """What comes in at the peak, a second."""
    steps = place.cases * STEPS / WORKING_SECONDS * PEAK
    entries = place.households / CHECK_SECONDS * CHECK_PEAK
    return {"s": steps, "p": steps * PAGES, "e": entries, "i": place.accounts * SIGN_INS}


def cores(place: Place, cost: Mapping[str, float]) -> int:
    """Cores for the program and the database together, at least two."""
    busy = sum(rate * cost[letter] for letter, rate in rates(place).items()) / 1000
    return max(2, ceil(busy / BUSY))


def table(text: str) -> str:
    """The result, as the page has it."""
    cost = costs(text)
    lines = [
        "| | 高峰每秒办几步 | 开几页 | 报几户 | 登录几次 | 核（程序加数据库） | 登记簿 | 事项一年 | 附件一年 |"
    ]
    lines.append("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for place in places(text):
        numbers = " | ".join(f"{rate:.2g}" for rate in rates(place).values())
        register, cases = place.households * cost["h"] / 1e6, place.cases * cost["c"] / 1e6
        papers = place.cases * cost["a"] / 1e3
        room = " | ".join(
            f"{one:,.2g} GB" if one < 10 else f"{one:,.0f} GB" for one in (register, cases, papers)
        )
        lines.append(f"| {place.name} | {numbers} | {cores(place, cost)} | {room} |")
    return "\n".join(lines) + "\n"


def written(text: str) -> str:
    """The page with the result worked out anew."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{table(text)}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
