"""The lines of a case's history: one class for each kind, the only code that knows what a key is called.

A line is written once and never changed, so its shape has a version: `upcast` brings what an earlier release
wrote to the present one when it is read. What is stored, and what the chain hashes, stays as it was written.
"""

from engine.flow.history.lines.inputs import Caught, Completed, Fired, Input, Started
from engine.flow.history.lines.kinds import KINDS, answers, kept_days, read
from engine.flow.history.lines.notes import (
    Cancelled,
    Claimed,
    HandedOver,
    Held,
    Judged,
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
from engine.flow.history.lines.parts import (
    CALL_DIGITS,
    Anew,
    Answer,
    Choice,
    Counted,
    Decision,
    Limit,
    Opened,
    Told,
)
from engine.flow.history.lines.shape import Json, Line, UnknownLine
from engine.flow.history.lines.turns import Begun, Moved, Returned, Undoing, Unpassed, Withdrawn

__all__ = [
    "CALL_DIGITS",
    "KINDS",
    "Anew",
    "Answer",
    "Begun",
    "Cancelled",
    "Caught",
    "Choice",
    "Claimed",
    "Completed",
    "Counted",
    "Decision",
    "Fired",
    "HandedOver",
    "Held",
    "Input",
    "Json",
    "Judged",
    "Limit",
    "Line",
    "Measured",
    "Moved",
    "Opened",
    "OrderAccepted",
    "OrderAnswered",
    "OrderReturned",
    "Ordered",
    "PromisePassed",
    "Reassigned",
    "Recounted",
    "Released",
    "Reminded",
    "Repeated",
    "Returned",
    "Started",
    "Told",
    "Undoing",
    "UnknownLine",
    "Unpassed",
    "Urged",
    "Warned",
    "Withdrawn",
    "answers",
    "kept_days",
    "read",
]
