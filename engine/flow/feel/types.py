"""Types as FEEL and DMN files write them, and which values are of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

MAX_NESTED = 20
"""Types that name one another are followed so deep; what lies deeper is not asked for."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type by its name, or one of the built kinds: ``list<…>``, ``range<…>``, ``context<…>``,
    ``function<…>->…``.
    """

    name: str
    parts: tuple[Type, ...] = ()
    """Of a list or range its items' type, of a context its entries' types,
    of a function its parameters' types.
    """
    keys: tuple[str, ...] = ()
    """The entries' names of a context, in the order of `parts`."""
    answer: Type | None = None
    """What a function answers."""


@dataclass(frozen=True)
class Declared:
    """A type that a DMN file declares (itemDefinition)."""

    type: Type
    allowed: Callable[[Any], bool] | None = None
    """Which of the type's values are allowed, where that is said."""
    allowed_lists: Callable[[Any], bool] | None = None
    """The same of a list as a whole (typeConstraint)."""


Declarations = Mapping[str, Declared]
ANY = Type("Any")
_NAMES = {
    "boolean": "boolean",
    "number": "number",
    "string": "string",
    "date": "date",
    "time": "time",
    "date and time": "date and time",
    "dateTime": "date and time",
    "days and time duration": "days and time duration",
    "dayTimeDuration": "days and time duration",
    "years and months duration": "years and months duration",
    "yearMonthDuration": "years and months duration",
    "list": "list",
    "context": "context",
    "range": "range",
    "function": "function",
    "Null": "null",
}
"""What FEEL's types are called, in its texts and in the ``typeRef`` of older files,
and the kind of their values.
"""


class Conformity:
    """Which values are of which type, among the types that a file declares."""

    def __init__(self, kind: Callable[[Any], str], declared: Declarations | None = None) -> None:
        self._kind, self._declared = kind, declared or {}

    def is_of(self, value: Any, wanted: Type) -> bool:
        """``value instance of wanted``: null is of no type, and what is allowed is not asked."""
        return value is not None and self._conforms(value, wanted, strict=False)

    def coerced(self, value: Any, wanted: Type) -> Any:
        """The value as of the type: a list of one for its item and the reverse;
        null for what is not of it.
        """
        if value is None or self._conforms(value, wanted, strict=True):
            return value
        if isinstance(value, list) and len(value) == 1 and self._conforms(value[0], wanted, strict=True):
            return value[0]
        if not isinstance(value, list) and self._conforms([value], wanted, strict=True):
            return [value]
        if self._kind(value) == "date" and _NAMES.get(wanted.name) == "date and time":
            return datetime.combine(value, time(), UTC)
        return None

    def _conforms(self, value: Any, wanted: Type, *, strict: bool, deep: int = 0) -> bool:
        if value is None or wanted.name == "Any" or deep > MAX_NESTED:
            return True
        declared = self._declared.get(wanted.name)
        if declared is not None:
            return self._of_declared(value, declared, strict=strict, deep=deep)
        kind = _NAMES.get(wanted.name)
        if kind is None:
            return strict  # nothing is known of the type: no reason to take a value away
        return self._kind(value) == kind and self._inside(value, kind, wanted, strict=strict, deep=deep)

    def _of_declared(self, value: Any, declared: Declared, *, strict: bool, deep: int) -> bool:
        if not self._conforms(value, declared.type, strict=strict, deep=deep + 1):
            return False
        if not strict:
            return True
        items = value if isinstance(value, list) else [value]
        if declared.allowed is not None and not all(declared.allowed(item) for item in items):
            return False
        return declared.allowed_lists is None or declared.allowed_lists(value)

    def _inside(self, value: Any, kind: str, wanted: Type, *, strict: bool, deep: int) -> bool:
        if kind == "list" and wanted.parts:
            return all(self._conforms(item, wanted.parts[0], strict=strict, deep=deep + 1) for item in value)
        if kind == "range" and wanted.parts:
            ends = [end for end in (value.low, value.high) if self._kind(end) != "any"]
            return all(self._conforms(end, wanted.parts[0], strict=strict, deep=deep + 1) for end in ends)
        if kind == "context" and wanted.keys:
            return all(
                (strict or key in value)
                and self._conforms(value.get(key), part, strict=strict, deep=deep + 1)
                for key, part in zip(wanted.keys, wanted.parts, strict=True)
            )
        if kind == "function" and wanted.answer is not None:
            return self._function(value, wanted)
        return True

    def _function(self, value: Any, wanted: Type) -> bool:
        """A function of as many parameters that takes at least what is wanted,
        and answers no more than that.
        """
        types, answer = value.types, value.answer or ANY
        if len(wanted.parts) != len(value.parameters):
            return False
        accepts = all(self._within(part, own or ANY) for part, own in zip(wanted.parts, types, strict=False))
        return accepts and (self._within(answer, wanted.answer or ANY) or value.answer is None)

    def _within(self, narrow: Type, wide: Type) -> bool:
        return wide.name == "Any" or narrow == wide or _NAMES.get(narrow.name, narrow.name) == wide.name
