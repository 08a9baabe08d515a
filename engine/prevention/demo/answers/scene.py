"""What an answer may depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from engine.prevention.demo.people import Family


@dataclass
class Scene:
    """What an answer may depend on."""

    random: Random
    family: Family
    today: date
    upload: Callable[[str], str]
    """Uploads a picture for a field; answers its id."""
    filled: Callable[[], Mapping[str, Any]] = dict
    """What the form is filled with before anybody types."""
    township: str = ""
    """The code of the household's township."""


Answers = dict[str, Callable[[Scene], dict[str, Any]]]
"""What is filled in, by form key."""
