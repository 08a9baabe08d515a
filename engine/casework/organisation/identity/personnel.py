"""An account is added and edited by a system administrator: names, units, posts, phones.

Which accounts there are is in `people`, who may sign in with one in `admitting`. Roles are the security
administrator's (`roles`). Whoever works here sees no household.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.organisation import access, accounts, divisions
from engine.casework.organisation.contacts import read_contacts
from engine.casework.organisation.identity import passwords, roles
from engine.casework.organisation.identity.admitting import give_code
from engine.casework.organisation.privacy import mask_email, mask_phone
from engine.ground import text
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid

FIELDS = {
    "name": "姓名",
    "division_code": "单位",
    "post": "职务",
    "phone": "电话",
    "email": "电子邮件",
}
_SAID = {name: "division" if name == "division_code" else name for name in FIELDS}
"""What a field is called in lines of the log."""
_USERNAME = re.compile(r"[a-z0-9._\-]{2,32}\Z", re.ASCII)
NO_USERNAME = "账号用 2 到 32 个字母、数字、点、横线或下划线。"


# -- adding and changing ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """What is written down of a person."""

    name: str
    division_code: str
    post: str
    phone: str
    email: str


def read_person(session: Session, actor: Account, typed: Mapping[str, str]) -> Person:
    """What a form says of a person. Raises Invalid with all sentences at their fields."""
    wrong: dict[str, list[str]] = {}
    contacts = {"phone": "", "email": ""}
    try:
        contacts = read_contacts(typed)
    except Invalid as error:
        wrong.update(error.fields)
    name, post = text.line(typed.get("name", "")), text.line(typed.get("post", ""))
    if not name or len(name) > 40:
        wrong["name"] = ["请填姓名，最多 40 个字。"]
    if len(post) > 80:
        wrong["post"] = ["职务最多 80 个字。"]
    code = _unit(session, actor, typed.get("division_code", ""), wrong)
    if wrong:
        raise Invalid("有内容需要更正，还没有保存。", wrong)
    return Person(name, code, post, contacts["phone"], contacts["email"])


def _unit(session: Session, actor: Account, typed: str, wrong: dict[str, list[str]]) -> str:
    """The code of the unit that was written; '' with what is wrong with it."""
    try:
        code = divisions.one_meant(session, typed)
    except Invalid as error:
        wrong["division_code"] = [error.message]
        return ""
    if not access.reaches(actor, code, frozenset({access.ACCOUNT_ADMIN})):
        wrong["division_code"] = ["这个地方不归您管。"]
    return code


def read_username(typed: str) -> str | None:
    """The username that was typed, in its one form; None for what cannot be one."""
    found = text.username(typed[:200])
    return found if _USERNAME.match(found) else None


def add(
    session: Session, actor: Account, typed: Mapping[str, str], wish: roles.Wish | None, now: datetime
) -> tuple[Account, str]:
    """Add an account, with a role asked for; answers the code for its first sign-in, told once.

    Raises Invalid with the sentences at their fields; Conflict for a name that is taken.
    """
    access.require_role(actor, access.ACCOUNT_ADMIN)
    username = read_username(typed.get("username", ""))
    wrong = {} if username else {"username": [NO_USERNAME]}
    person = _all_or_raise(wrong, session, actor, typed)
    assert username is not None
    if wish is not None:
        wish = roles.checked(session, actor, wish)
    code = passwords.new_code()
    with write(session):
        account = _put_new(session, username, person, now)
        give_code(account, code, now)
        audit.record(session, "accounts", actor.id, "account_added", said(account), now)
        if wish is not None:
            roles.put(session, actor, account, wish, now)
    return account, code


def _put_new(session: Session, username: str, person: Person, now: datetime) -> Account:
    """As `put`. Raises Invalid for a name that is taken, also by somebody at this very moment."""
    taken = f"账号“{username}”已经存在。"
    if accounts.named(session, username) is not None:
        raise Invalid(taken, {"username": [taken]})
    try:
        return put(session, username, person, now)
    except (Conflict, IntegrityError) as error:
        raise Invalid(taken, {"username": [taken]}) from error


def _all_or_raise(
    wrong: dict[str, list[str]], session: Session, actor: Account, typed: Mapping[str, str]
) -> Person:
    try:
        person = read_person(session, actor, typed)
    except Invalid as error:
        raise Invalid(error.message, {**wrong, **error.fields}) from error
    if wrong:
        raise Invalid("有内容需要更正，还没有保存。", wrong)
    return person


def put(session: Session, username: str, person: Person, now: datetime) -> Account:
    """A new account without a password; inside a write transaction."""
    account = accounts.create(
        session,
        username,
        person.name,
        passwords.NONE,
        now,
        post=person.post,
        phone=person.phone,
        division_code=person.division_code,
    )
    account.email = person.email
    return account


def said(account: Account) -> dict[str, object]:
    """What the log says of an account: phone and e-mail masked (§7.2); a change is told even where two masks
    are alike.
    """
    return {
        "account": account.id,
        "username": account.username,
        "name": account.name,
        "division": account.division_code,
        "post": account.post,
        "phone": mask_phone(account.phone),
        "email": mask_email(account.email),
    }


@whole
def edit(
    session: Session, actor: Account, account_id: int, typed: Mapping[str, str], now: datetime
) -> Account:
    """Change name, unit, post, phone, e-mail. `typed` holds the revision that was on the page.

    Raises Conflict when somebody changed the account since: what they changed is said, nothing is stored.
    """
    roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
    person = read_person(session, actor, typed)
    with write(session):
        account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
        session.refresh(account, with_for_update=True)
        based_on = text.whole(typed.get("revision", ""))
        if based_on != account.revision:
            differences = [
                f"{FIELDS[name]}现在是“{getattr(account, name) or '空'}”"
                for name in FIELDS
                if getattr(account, name) != getattr(person, name)
            ]
            raise Conflict(
                f"{account.name}的账号刚刚有人改过：{'，'.join(differences) or '没有不同'}。请核对后再存。"
            )
        before = said(account)
        touched = {name for name in FIELDS if getattr(account, name) != getattr(person, name)}
        for name in FIELDS:
            setattr(account, name, getattr(person, name))
        account.name_key, account.revision = text.key(account.name)[:80], account.revision + 1
        session.flush()
        if not roles.reaches(actor, account, access.ACCOUNT_ADMIN):
            raise Invalid("这个地方不归您管。", {"division_code": ["这个地方不归您管。"]})
        after = said(account)
        changed = {
            _SAID[name]: [before[_SAID[name]], after[_SAID[name]]] for name in FIELDS if name in touched
        }
        audit.record(
            session, "accounts", actor.id, "account_changed", {"account": account.id, **changed}, now
        )
    return account
