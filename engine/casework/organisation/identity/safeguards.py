"""What the security administrator says of signing in: attempts, minutes, hours, the age of passwords.

Nothing of it can be switched off; the bounds are those of 等保 (GB/T 22239-2019, 8.1.4.1).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Setting
from engine.casework.organisation import access
from engine.ground import text
from engine.ground.database import whole, write
from engine.ground.errors import Invalid, NotAllowed

SETTING = "sign_in"


@dataclass(frozen=True)
class Safeguards:
    """The present rules of signing in."""

    attempts: int = 5
    """Wrong passwords in a row, of one name from one place."""
    minutes: int = 15
    """Minutes for which a gate stays closed."""
    hours: int = 12
    """Hours after which a session ends, however much it is used."""
    days: int = 90
    """Days after which a password must be changed; 0: never."""

    @property
    def closed(self) -> timedelta:
        """How long a gate stays closed."""
        return timedelta(minutes=self.minutes)


BOUNDS = {"attempts": (3, 10), "minutes": (10, 60), "hours": (1, 24), "days": (0, 365)}
"""The least and the most of each."""


def current(session: Session) -> Safeguards:
    """The rules now."""
    setting = session.get(Setting, SETTING)
    said = setting.value if setting is not None and isinstance(setting.value, dict) else {}
    return Safeguards(**{name: said[name] for name in BOUNDS if isinstance(said.get(name), int)})


@whole
def change(session: Session, actor: Account, typed: dict[str, str], now: datetime) -> Safeguards:
    """Set the rules, for the whole province. Raises NotAllowed, and Invalid, its sentence at the field."""
    access.require_role(actor, access.SECURITY_ADMIN)
    if not access.has_everywhere(actor, access.SECURITY_ADMIN):
        raise NotAllowed("登录的规定全省一样，由省级的安全管理员决定。")
    numbers = {name: text.whole(text.half(typed.get(name, ""))) for name in BOUNDS}
    wrong = {
        name: [f"请填 {low} 到 {high} 之间的整数。"]
        for name, (low, high) in BOUNDS.items()
        if (number := numbers[name]) is None or not low <= number <= high
    }
    if wrong:
        raise Invalid("有数字不在允许的范围内，什么也没有改变。", wrong)
    rules = Safeguards(**{name: number or 0 for name, number in numbers.items()})
    with write(session, alone=True):
        before = asdict(current(session))
        session.merge(Setting(key=SETTING, value=asdict(rules)))
        data = {"before": before, "after": asdict(rules)}
        audit.record(session, "accounts", actor.id, "sign_in_rules", data, now)
    return rules
