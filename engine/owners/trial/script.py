"""What a trial consists of: everything that is needed to play it again, and to keep it as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from engine.ground.errors import Invalid

MAX_ACTS = 150
MAX_BYTES = 1_000_000
MAX_SPAN = timedelta(days=3660)
"""The clock of a trial may be moved by ten years."""
KINDS = ("complete", "message", "time")


@dataclass(frozen=True)
class Act:
    """One input: a step done (`element`, `token`, `data`), a message (`element` is its name),
    or the clock moved (`to`).
    """

    kind: str
    element: str = ""
    token: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    to: str = ""


@dataclass(frozen=True)
class Script:
    """A trial: its name, the procedure it opens, the sample household, the instant it begins (ISO),
    its acts.
    """

    name: str
    procedure: str
    household: str
    begun: str
    acts: Sequence[Act] = ()

    @property
    def start(self) -> datetime:
        """When it begins."""
        return datetime.fromisoformat(self.begun)

    def then(self, *acts: Act) -> Script:
        """The script with further acts. Raises Invalid when it grows too long."""
        if len(self.acts) + len(acts) > MAX_ACTS:
            raise Invalid(f"一次试运行最多 {MAX_ACTS} 步，请从头开始。")
        return replace(self, acts=(*self.acts, *acts))

    def without_last(self) -> Script:
        """One act back."""
        return replace(self, acts=self.acts[:-1])

    def restarted(self) -> Script:
        """No act yet."""
        return replace(self, acts=())


def dump(script: Script) -> str:
    """The script as JSON text."""
    return json.dumps({"format": 1, **asdict(script)}, ensure_ascii=False)


def load(text: str) -> Script:
    """The script of JSON text.

    Raises Invalid for whatever is not one: the text comes from a page or a file.
    """
    try:
        if len(text) > MAX_BYTES:
            raise ValueError
        return _script(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise Invalid("这不是试运行的文件，或内容已损坏。") from error


def _script(found: Any) -> Script:
    if not isinstance(found, dict) or found.get("format") != 1:
        raise ValueError
    name, procedure, household, begun = (found[key] for key in ("name", "procedure", "household", "begun"))
    if not all(isinstance(one, str) and len(one) <= 200 for one in (name, procedure, household, begun)):
        raise ValueError
    script = Script(name[:80], procedure, household, begun, tuple(_act(one) for one in found["acts"]))
    moments = [script.start, *(datetime.fromisoformat(act.to) for act in script.acts if act.kind == "time")]
    if any(moment.tzinfo is None for moment in moments) or not 1900 < script.start.year < 2200:
        raise ValueError
    if any(not timedelta(0) <= moment - script.start <= MAX_SPAN for moment in moments):
        raise Invalid("试运行的时间只能往后拨，最多十年。")
    return Script(script.name, procedure, household, begun).then(*script.acts)


def _act(found: Any) -> Act:
    act = Act(**found)
    texts = (act.kind, act.element, act.token, act.to)
    if act.kind not in KINDS or not all(isinstance(text, str) and len(text) <= 200 for text in texts):
        raise ValueError
    if not isinstance(act.data, dict):
        raise ValueError
    return act
