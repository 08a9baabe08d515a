"""Signing in: wrong passwords are counted before a password is looked at, at three gates.

- a name from one place: a device where the account has signed in before, else an address;
- a name from everywhere that it has not signed in from: a stranger closes it for strangers, never for the
  owner's own devices;
- an address, whatever names it tries.

Whoever is signed in and changes the password has a gate of the own, for guesses at the present one.

Names that exist and names that do not, disabled ones, closed gates and wrong passwords get one answer after
the same work. The attempt is counted in a transaction of its own, so that a hundred at once are a hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, SignIn, SignInGate
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords, safeguards
from engine.casework.organisation.identity.safeguards import Safeguards
from engine.ground import text
from engine.ground.clock import SYSTEM
from engine.ground.database import is_postgres, whole, write
from engine.ground.errors import Unavailable

STRANGERS = 20
"""Attempts on one name from everywhere that its owner has not signed in from."""
ADDRESS = 100
"""Attempts of one address, whatever the names: a township behind one address stays below."""
KEPT = timedelta(days=1)
"""After which a gate that nobody has touched is forgotten."""
SESSIONS_KEPT = timedelta(days=30)
"""After which a session's row goes; the log keeps who signed in from where."""


_OF_ADDRESS, _OF_STRANGERS = "x:", "s:"
"""How the keys begin of an address's gate, whatever the names, and of a name's from everywhere."""


class Refused(accounts.NotSignedIn):
    """Not signed in: whatever was typed, it was one answer."""


@dataclass(frozen=True)
class Caller:
    """Where an attempt comes from."""

    address: str
    devices: Mapping[int, str] = field(default_factory=dict)
    """Of accounts that have signed in from this device: the account's id, what the device is called there."""


def sentence(rules: Safeguards) -> str:
    """The one answer."""
    return (
        f"账号或密码不对，或者输错次数过多。请核对后再试；"
        f"多次不成功的，{rules.minutes} 分钟后再试，或请系统管理员重置。"
    )


def authenticate(session: Session, typed: str, password: str, caller: Caller, now: datetime) -> Account:
    """The account that signs in with a name and a password, or with its first code.

    Raises Refused with one sentence for every kind of mismatch; NotSignedIn where the password was reset, or
    the account disabled, while it was looked at.
    """
    rules = safeguards.current(session)
    name = _name_key(typed)
    account = session.scalar(select(Account).where(Account.username == text.username(typed[:200])))
    gates = _gates(name, account, caller)
    through = _take(session, gates, rules, account, name, caller, now)
    before = accounts.proven(account) if account is not None else None
    good = _right(account, password, now)
    if not through or not good or account is None or before is None:
        if through:
            _note_failure(session, account, name, caller, now)
        raise Refused(sentence(rules))
    try:
        _note_success(session, account, before, gates, rules, caller, now)
    except Unavailable:
        _give_back(session, gates)
        raise
    return account


def _right(account: Account | None, password: str, now: datetime) -> bool:
    """The same work for every kind of account, and for none."""
    stored = account.password_hash if account is not None else passwords.NONE
    good = passwords.verify(stored, password)
    if account is None or not account.active:
        return False
    return good or passwords.is_code_of(account, password, now)


def _name_key(typed: str) -> str:
    """What stands for a name, known or not, in gates and in lines: it may be a password typed in the wrong
    field.
    """
    return sha256(text.username(typed[:200]).encode()).hexdigest()[:32]


# -- gates -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Gate:
    key: str
    most: int


def _gates(name: str, account: Account | None, caller: Caller) -> list[_Gate]:
    """The gates on the way, in the one order in which they are locked; `most` 0: what the rules say."""
    device = caller.devices.get(account.id) if account is not None else None
    if device:
        return [_Gate(f"p:{name}:d:{device}", 0)]
    address = network(caller.address)
    own, strangers = _Gate(f"p:{name}:a:{address}", 0), _Gate(f"{_OF_STRANGERS}{name}", STRANGERS)
    return [own, strangers, _Gate(f"{_OF_ADDRESS}{address}", ADDRESS)]


def network(address: str) -> str:
    """What counts as one address: of IPv6, the /64 that one household has whole."""
    try:
        found = ip_address(address.split("%")[0])
    except ValueError:
        return address[:45]
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> 64 << 64)) + "/64"
    return str(found)


@whole
def _take(
    session: Session,
    gates: list[_Gate],
    rules: Safeguards,
    account: Account | None,
    name: str,
    caller: Caller,
    now: datetime,
) -> bool:
    """Count an attempt at each gate; whether all let it through.

    A gate that is closed hides the next ones, so that one address cannot close a name for everybody. At an
    address that is closed nothing else is counted: whatever names it goes on to try, they leave no rows.
    """
    owner = account.id if account else None
    with write(session):
        for gate in _open_at(session, gates, now - rules.closed):
            most = gate.most or rules.attempts
            whose = None if gate.key.startswith(_OF_ADDRESS) else owner
            count = session.execute(_counted(session, gate.key, whose, most, rules, now)).scalar_one()
            if count > most:
                if count == most + 1:  # once a gate and closing: a flood must not queue for the log
                    data = {"gate": gate.key[0], **_who(account, name, caller)}
                    audit.record(session, "access", owner, "login_closed", data, now)
                return False
    return True


def _open_at(session: Session, gates: list[_Gate], since: datetime) -> list[_Gate]:
    """The gates at which an attempt counts: the address alone, where that is closed."""
    address = [gate for gate in gates if gate.key.startswith(_OF_ADDRESS)]
    for gate in address:
        shut = (SignInGate.key == gate.key, SignInGate.since > since, SignInGate.failures >= gate.most)
        if session.scalar(select(exists().where(*shut))):
            return [gate]
    return gates


def _counted(
    session: Session, key: str, account_id: int | None, most: int, rules: Safeguards, now: datetime
) -> Any:
    """Adds an attempt, answers how many there are. Those of long ago are forgotten; a gate that has closed
    opens that long after its last counted attempt, whoever tries meanwhile.
    """
    insert: Any = postgresql.insert if is_postgres(session) else sqlite.insert
    gate, past = SignInGate, SignInGate.since <= now - rules.closed
    closed = and_(gate.since > now - rules.closed, gate.failures >= most)
    return (
        insert(gate)
        .values(key=key, failures=1, since=now, account_id=account_id)
        .on_conflict_do_update(
            index_elements=["key"],
            set_={
                "failures": case((past, 1), else_=gate.failures + 1),
                "since": case((closed, gate.since), else_=now),
                "account_id": account_id,
            },
        )
        .returning(gate.failures)
    )


def unlock(session: Session, account: Account) -> int:
    """Open the gates of the account's name, from everywhere, and the one of the own page; inside a write
    transaction.
    """
    opened: Any = session.execute(delete(SignInGate).where(_of_name(account)))
    return int(opened.rowcount)


def _of_name(account: Account) -> Any:
    name = _name_key(account.username)
    return or_(
        SignInGate.key.in_([f"s:{name}", f"o:{name}"]), SignInGate.key.between(f"p:{name}:", f"p:{name}:~")
    )


def is_own_password(session: Session, account: Account, password: str, now: datetime) -> bool:
    """Whether whoever is signed in types the present password: a browser that was left open is no place to
    guess at it, so the attempts are counted as at the door.
    """
    name, rules = _name_key(account.username), safeguards.current(session)
    gate = _Gate(f"o:{name}", 0)
    through = _take(session, [gate], rules, account, name, Caller(""), now)
    good = passwords.verify(account.password_hash, password)
    if not (through and good):
        return False
    with write(session):
        session.execute(delete(SignInGate).where(SignInGate.key == gate.key))
    return True


def closed_until(session: Session, account: Account, now: datetime) -> datetime | None:
    """Until when a gate of the account's name is closed, for its owner or for strangers; None if none is."""
    rules = safeguards.current(session)
    query = select(SignInGate).where(_of_name(account), SignInGate.since > now - rules.closed)
    closed = [
        gate.since + rules.closed
        for gate in session.scalars(query)
        if gate.failures >= (STRANGERS if gate.key.startswith(_OF_STRANGERS) else rules.attempts)
    ]
    return max(closed, default=None)


def closed_among(session: Session, people: Iterable[Account], now: datetime) -> set[int]:
    """Which of these accounts are locked out."""
    wanted = (Account.id.in_([one.id for one in people]), locked_out(safeguards.current(session), now))
    return set(session.scalars(select(Account.id).where(*wanted)))


def locked_out(rules: Safeguards, now: datetime) -> ColumnElement[bool]:
    """SQL over Account: a gate of its name is closed now, for its owner or for strangers."""
    most = case((SignInGate.key.startswith(_OF_STRANGERS), STRANGERS), else_=rules.attempts)
    closed = (SignInGate.since > now - rules.closed, SignInGate.failures >= most)
    return Account.id.in_(select(SignInGate.account_id).where(SignInGate.account_id.is_not(None), *closed))


def addresses_closed(session: Session, account: Account, now: datetime) -> list[tuple[str, datetime]]:
    """The addresses from which the account was tried and that are closed to every name, each with until when.

    Opening the account's own gates opens none of these: colleagues' attempts count there too.
    """
    rules, name = safeguards.current(session), _name_key(account.username)
    tried = select(SignInGate.key).where(SignInGate.key.between(f"p:{name}:a:", f"p:{name}:a:~"))
    places = [key.split(":", 3)[3] for key in session.scalars(tried)]
    query = select(SignInGate).where(
        SignInGate.key.in_([f"{_OF_ADDRESS}{place}" for place in places]),
        SignInGate.since > now - rules.closed,
        SignInGate.failures >= ADDRESS,
    )
    found = session.scalars(query.order_by(SignInGate.key))
    return [(gate.key.removeprefix(_OF_ADDRESS), gate.since + rules.closed) for gate in found]


def sweep(make: Callable[[], Session]) -> int:
    """Forget gates that nobody has touched for a day, and sessions that ended a month ago.

    Signing in counts on the machine's own clock, whatever clock the cases live by.
    """
    now = SYSTEM.now()
    old = (SignInGate.since < now - KEPT, SignIn.ends_at < now - SESSIONS_KEPT)
    with make() as session:
        if not any(session.scalar(select(exists().where(one))) for one in old):
            return 0
        with write(session):
            gone: list[Any] = [
                session.execute(delete(model).where(one))
                for model, one in zip((SignInGate, SignIn), old, strict=True)
            ]
    return sum(int(one.rowcount) for one in gone)


# -- what is written down --------------------------------------------------------------------------


def _who(account: Account | None, name: str, caller: Caller) -> dict[str, Any]:
    """The name of an account; of none, what stands for it: people type passwords into the wrong field."""
    return {"address": caller.address, "name": account.username if account else f"#{name[:12]}"}


@whole
def _note_failure(
    session: Session, account: Account | None, name: str, caller: Caller, now: datetime
) -> None:
    with write(session):
        who = _who(account, name, caller)
        audit.record(session, "access", account.id if account else None, "login_failed", who, now)


def _give_back(session: Session, gates: list[_Gate]) -> None:
    """An attempt that was right, and that the database did not let in, was no guess: who is told to try again
    must not be shut out for it. What cannot be written either stays counted.
    """
    with suppress(Unavailable), write(session, patient=False):
        _uncount(session, gates)


def _uncount(session: Session, gates: Iterable[_Gate]) -> None:
    for gate in gates:
        less = update(SignInGate).where(SignInGate.key == gate.key, SignInGate.failures > 0)
        session.execute(less.values(failures=SignInGate.failures - 1))


@whole
def _note_success(
    session: Session,
    account: Account,
    before: accounts.Proven,
    gates: list[_Gate],
    rules: Safeguards,
    caller: Caller,
    now: datetime,
) -> None:
    """The name's own gate is open again; the others get the attempt back."""
    with write(session):
        accounts.require_proven(session, account, before)
        session.execute(delete(SignInGate).where(SignInGate.key == gates[0].key))
        _uncount(session, gates[1:])
        session.refresh(account)
        account.password_at = account.password_at or now
        old = rules.days and account.password_at <= now - timedelta(days=rules.days)
        account.must_change = bool(account.must_change or old)
        account.last_sign_in_at, account.last_sign_in_from = now, caller.address[:45]
        known = bool(caller.devices.get(account.id))
        data = {"address": caller.address, "known_device": known}
        audit.record(session, "access", account.id, "login", data, now)
