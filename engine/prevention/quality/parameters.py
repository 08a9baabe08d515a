"""The numbers of the rules that the plan leaves open, as a province has set them.

Until it does, the usual ones hold (`rules.parameters`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Setting
from engine.casework.organisation import access
from engine.ground import text
from engine.ground.database import upsert, whole, write
from engine.ground.errors import Invalid, NotAllowed
from engine.prevention.quality.rules.parameters import DEFAULTS, PARAMETERS

_KEY = "quality."


def of(session: Session) -> dict[str, int]:
    """The value of each parameter."""
    stored = select(Setting.key, Setting.value).where(Setting.key.in_([_KEY + name for name in DEFAULTS]))
    given = {key.removeprefix(_KEY): value for key, value in session.execute(stored)}
    return {name: int(str(given.get(name, usual))) for name, usual in DEFAULTS.items()}


def may_set(actor: Account) -> bool:
    """Whether the actor sets them: the province's reviewer, for all counties alike."""
    return access.has_everywhere(actor, "province_reviewer")


@whole
def set_all(session: Session, actor: Account, typed: Mapping[str, str], now: datetime) -> list[str]:
    """Keep what was typed; answers what changed. Raises NotAllowed, or Invalid field by field."""
    if not may_set(actor):
        raise NotAllowed("核查规则的参数由省级审核设定。")
    values = _read(typed)
    with write(session):
        before = of(session)
        changed = [name for name, value in values.items() if value != before[name]]
        for name in changed:
            row = {"key": _KEY + name, "value": values[name]}
            session.execute(upsert(session, Setting, row, ["key"]))
        if changed:
            said = {name: [before[name], values[name]] for name in changed}
            audit.record(session, "parameters", actor.id, "quality_parameters", said, now)
    return changed


def _read(typed: Mapping[str, str]) -> dict[str, int]:
    values, wrong = dict[str, int](), dict[str, list[str]]()
    for name, one in PARAMETERS.items():
        number = text.number(typed.get(name, ""), one.unit)
        if number is None or number != int(number) or not one.least <= number <= one.most:
            wrong[name] = [f"{one.words}：须是 {one.least:,} 到 {one.most:,} 的整数。"]
        else:
            values[name] = int(number)
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return values
