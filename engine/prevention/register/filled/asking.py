"""补缺: how households are reached, where the register does not know it, asked once and let in from a file.

What the register knows is not touched: it is put right on the household's page, where others see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.models import Account
from engine.casework.organisation import access, divisions
from engine.casework.portions.imports.kinds import Become, Column, Fault, ImportKind, Judged, Sent, Target
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.errors import NotFound, ShouwangError, Unavailable
from engine.ground.tables import table
from engine.prevention.models import Household
from engine.prevention.register import contact, registers
from engine.prevention.register.households import finding as households
from engine.prevention.register.registers import RegisterFilter

NAME = "contact"
ROWS = 20_000
COLUMNS = (
    Column("number", "户编号", ("户编码",), required=True, longest=30, known=True, width=22),
    Column("head_name", "户主姓名", ("户主", "姓名"), longest=40, known=True, calls=True),
    Column("phone", "联系电话", ("电话", "手机", "手机号码", "联系方式"), longest=30),
    Column("group_name", "村民小组", ("组", "小组", "村民组"), longest=40),
    Column("address", "住址", ("家庭住址", "地址"), longest=200, width=30),
)
_H = table(Household)


def _target(session: Session, actor: Account, key: str) -> Target:
    """A village or a township where the actor works with households."""
    if text.whole(key, 10**12) is None or len(key) != 12 or not access.reaches(actor, key, contact.ROLES):
        raise NotFound("没有找到这个地方，或者不归您登记。")
    if access.level_of(key) not in ("village", "township"):
        raise NotFound("请按乡镇或村补缺。")
    return Target(key, divisions.get(session, key).name, {"code": key})


def _filled(session: Session, actor: Account, target: Target) -> Iterator[Mapping[str, str]]:
    """The monitored households of which something is not known."""
    wanted = RegisterFilter(division=target.key)
    lacks = or_(_H.c.phone == "", _H.c.group_name == "", _H.c.address == "")
    query = registers.narrowed(session, actor, wanted).where(lacks).with_only_columns(_H)
    for row in session.execute(query.order_by(_H.c.village_code, _H.c.id).limit(ROWS)):
        yield {"number": row.number, "head_name": row.head_name}


def _households(
    session: Session, actor: Account, target: Target, sent: Sequence[Sent]
) -> dict[str, Household]:
    numbers = {str(one.values.get("number", "")) for one in sent}
    place = access.within(Household.village_code, [access.scope_of(target.key)])
    query = select(Household).where(Household.number.in_(numbers), place, households.visible(actor))
    return {one.number: one for one in session.scalars(query)}


def _new(one: Sent, household: Household) -> tuple[dict[str, str], list[Fault]]:
    """What a row tells that the register does not know, and what is wrong with it."""
    told, faults = {}, []
    for key, name in contact.FIELDS.items():
        said, known = str(one.values.get(key, "")), str(getattr(household, key))
        if key == "phone" and said:
            number = text.phone(said)
            if number is None:
                faults.append(Fault(key, "不是电话号码", "填 11 位手机号，或带区号的座机"))
                continue
            said = number
        if said and not known:
            told[key] = said
        elif said and said != known:
            faults.append(Fault(key, f"登记簿里已有{name}，和这里不一样", "要改的在农户页面“改电话住址”里改"))
    return told, faults


def _check(
    session: Session, actor: Account, target: Target, sent: Sequence[Sent], clock: Clock
) -> list[Judged]:
    found = _households(session, actor, target, sent)
    return [_judged(one, found.get(str(one.values.get("number", "")))) for one in sent]


def _judged(one: Sent, household: Household | None) -> Judged:
    if household is None:
        return Judged([Fault("number", "这里没有这一户", "照农户页面核对户编号")])
    if not any(one.values.get(key) for key in contact.FIELDS):
        return Judged(blank=True, key=household.number)
    told, faults = _new(one, household)
    return Judged(faults, same=not told and not faults, key=household.number)


def _write(
    session: Session, actor: Account, target: Target, sent: Sequence[Sent], clock: Clock
) -> list[Become]:
    found = _households(session, actor, target, sent)
    return [_let_in(session, actor, one, found.get(str(one.values.get("number", ""))), clock) for one in sent]


def _let_in(session: Session, actor: Account, one: Sent, household: Household | None, clock: Clock) -> Become:
    if household is None:
        return Become("refused", [Fault("number", "这里没有这一户", "照农户页面核对户编号")])
    told, faults = _new(one, household)
    if faults or not told:
        return Become("refused" if faults else "same", faults)
    try:
        outcome = contact.change(session, actor, household.id, told, False, clock=clock)
    except Unavailable:
        raise
    except ShouwangError as error:
        return Become("refused", [Fault("", error.message.rstrip("。"))])
    if outcome.asks:
        same: Any = Fault("phone", "别的户也登记了这个电话", "核对以后在农户页面“改电话住址”里登记")
        return Become("refused", [same])
    return Become("done", made_id=household.id)


KIND = ImportKind(
    NAME, "电话和住址", "户", _target, lambda *_: COLUMNS, _check, _write, filled=_filled, most=ROWS
)
KIT = Kit(imports={NAME: KIND})
