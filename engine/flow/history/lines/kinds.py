"""All kinds of lines, and reading one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from engine.flow.history.lines.inputs import Caught, Completed, Fired, Input, Started
from engine.flow.history.lines.notes import (
    Cancelled,
    Claimed,
    HandedOver,
    Measured,
    OrderAccepted,
    OrderAnswered,
    Ordered,
    OrderReturned,
    PromisePassed,
    Reassigned,
    Recounted,
    Released,
    Reminded,
    Repeated,
    Urged,
    Warned,
)
from engine.flow.history.lines.parts import Counted
from engine.flow.history.lines.shape import Json, Line, UnknownLine
from engine.flow.history.lines.turns import Begun, Moved, Returned, Undoing, Unpassed, Withdrawn

KINDS: Mapping[str, type[Line]] = {
    one.KIND: one
    for one in (
        Started,
        Completed,
        Caught,
        Fired,
        Moved,
        Returned,
        Withdrawn,
        Unpassed,
        Begun,
        Recounted,
        Warned,
        Repeated,
        Measured,
        Reminded,
        Claimed,
        Released,
        Reassigned,
        Urged,
        Ordered,
        OrderAnswered,
        OrderReturned,
        OrderAccepted,
        PromisePassed,
        Cancelled,
        HandedOver,
    )
}


def read(kind: str, data: Json) -> Line:
    """The line that is stored as `data`. Raises UnknownLine for what a later release has written."""
    found = KINDS.get(kind)
    if found is None:
        raise UnknownLine(f"办理记录“{kind}”是更新的版本写下的，请先升级程序。")
    return found.from_json(data)


def kept_days(told: Iterable[Line]) -> dict[tuple[date, int], date]:
    """What the calendar answered a case that has these lines, in their order.

    A case keeps to what the calendar once told it: a calendar that is changed later moves none of its limits.
    Only a move to another version asks the calendar of its day again; and of a year that had no days off yet
    it is asked again once they are there.
    """
    found: dict[tuple[date, int], date] = {}
    for line in told:
        if isinstance(line, Moved):
            found.clear()
        if isinstance(line, Input | Moved | Undoing | Recounted):
            found.update(answers(line.days))
    return found


def answers(days: Iterable[Counted]) -> dict[tuple[date, int], date]:
    """What the calendar answered: the working day that is so many after a day."""
    return {(date.fromisoformat(one.day), one.number): date.fromisoformat(one.answer) for one in days}
