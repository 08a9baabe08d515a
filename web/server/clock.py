"""The application's clock: the machine's, or in the demo the machine's moved by a stored offset."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask, current_app, g
from sqlalchemy.orm import Session

from engine.casework.models import Setting
from engine.ground.clock import SYSTEM, Clock, MovableClock
from engine.ground.database import write
from engine.ground.errors import Invalid
from web.server.database import session, sessions

OFFSET = "clock.offset_seconds"
MAX_STEP = timedelta(days=400)


def clock() -> Clock:
    """The clock of this application."""
    found: Clock = current_app.extensions["shouwang.clock"]
    return found


def now() -> datetime:
    """The present instant, one and the same throughout a request."""
    if "now" not in g:
        g.now = clock().now()
    instant: datetime = g.now
    return instant


def _offset(found: Session) -> timedelta:
    setting = found.get(Setting, OFFSET)
    return timedelta(seconds=float(str(setting.value))) if setting else timedelta(0)


def install(app: Flask, demo: bool, fixed: Clock | None = None) -> None:
    """Choose the clock: `fixed` for tests, movable in the demo, the machine's otherwise."""
    chosen: Clock = fixed or SYSTEM
    if demo and fixed is None:
        factory = sessions(app)

        def offset() -> timedelta:
            with factory() as found:
                return _offset(found)

        chosen = MovableClock(offset=offset)
    app.extensions["shouwang.clock"] = chosen


def advance(step: timedelta) -> datetime:
    """Move the demo's clock forward; answers the new time. It never goes back: history has an order."""
    if step <= timedelta(0) or step > MAX_STEP:
        raise Invalid("时间只能向前拨，一次最多 400 天。")
    chosen = clock()
    if isinstance(chosen, MovableClock) and chosen.frozen:
        chosen.advance(step)
    else:
        found = session()
        with write(found, alone=True):
            setting = found.get(Setting, OFFSET)
            if setting is None:
                setting = Setting(key=OFFSET, value=0)
                found.add(setting)
            setting.value = float(str(setting.value)) + step.total_seconds()
    g.pop("now", None)
    return now()
