"""Whom cases are about: a row of a table that the field brings."""

from __future__ import annotations

from typing import Protocol


class Subject(Protocol):
    """What casework must know of a row of the field's table: its number, where it is, what it is called."""

    @property
    def id(self) -> int:
        """The number by which cases and notifications refer to it."""

    @property
    def village_code(self) -> str:
        """The division, of the lowest level, where it is: who reaches that reaches its cases."""

    @property
    def name(self) -> str:
        """What people look for it by."""
