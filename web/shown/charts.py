"""The geometry of the trend pictures: bars with a part set apart,
drawn by the templates as SVG with no script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 280, 118
LEFT, RIGHT, TOP, FOOT = 30, 4, 10, 20
LABELS = 5
"""How many periods are named at the foot, at most about."""


@dataclass(frozen=True)
class Bar:
    """One period's bar in user units; the part set apart stands at its foot."""

    x: float
    width: float
    y: float
    height: float
    apart_y: float
    apart_height: float
    title: str


@dataclass(frozen=True)
class Chart:
    """A picture ready to be written out."""

    bars: Sequence[Bar]
    ticks: Sequence[tuple[float, str]]
    labels: Sequence[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - FOOT


def chart(
    totals: Sequence[int], apart: Sequence[int] | None, labels: Sequence[str], titles: Sequence[str]
) -> Chart:
    """Bars of `totals`, with `apart` of each set apart (None: nothing is),
    on a scale that begins at nothing.
    """
    top = nice(max([*totals, 1]))
    room = HEIGHT - FOOT - TOP
    step = (WIDTH - LEFT - RIGHT) / max(1, len(totals))
    parts = apart or [0] * len(totals)

    def y(value: float) -> float:
        return round(TOP + room * (1 - value / top), 1)

    base = HEIGHT - FOOT
    bars = [
        Bar(
            round(LEFT + step * (index + 0.14), 1),
            round(step * 0.72, 1),
            y(total),
            round(base - y(total), 1),
            y(part),
            round(base - y(part), 1),
            title,
        )
        for index, (total, part, title) in enumerate(zip(totals, parts, titles, strict=True))
    ]
    every = max(1, round(len(totals) / LABELS))
    last = len(labels) - 1
    named = [
        (round(LEFT + step * (index + 0.5), 1), label)
        for index, label in enumerate(labels)
        if (last - index) % every == 0
    ]
    return Chart(bars, [(y(value), f"{value:,}") for value in (top // 2, top) if value], named)


def nice(most: int) -> int:
    """The least round and even number that `most` does not exceed: 2, 4, 10, 20, 40, 100 …"""
    scale = 1
    while True:
        for step in (2, 4, 6, 10):
            if step * scale >= most:
                return step * scale
        scale *= 10
