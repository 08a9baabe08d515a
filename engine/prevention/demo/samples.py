"""The sample household with its village and officials: invented, and there only while a trial is played."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.acts.openings import opens_for
from engine.casework.models import LEVELS, Account, Division, RoleGrant
from engine.casework.organisation import access
from engine.flow.diagram.element import Element
from engine.ground import idnumber
from engine.prevention.models import Household
from engine.prevention.register import naming
from engine.prevention.register.households import registering

ROLE_OF_QUEUE = {queue: role for role, queue in access.QUEUE_OF_ROLE.items()}
REGION = "9901"
"""Region 99 of a province and its county 01: no division ever had this code."""
_SUFFIXES = {"city": "99", "county": REGION, "township": REGION + "100", "village": REGION + "100200"}
_NAMES = {"city": "示例市", "county": "示例县", "township": "示例乡", "village": "示例村"}
Person = tuple[str, str, int, str, str, str]
"""Name, relation, age, sex, health, labour."""


HOUSEHOLDS: dict[str, tuple[str, str, tuple[Person, ...]]] = {
    "three": (
        "三口之家，有劳动力",
        "ordinary",
        (
            ("王示例", "head", 45, "male", "healthy", "ordinary"),
            ("李示例", "spouse", 43, "female", "chronic", "ordinary"),
            ("王小例", "son", 15, "male", "healthy", "none"),
        ),
    ),
    "elder": ("独居老人", "allowance", (("张示例", "head", 76, "male", "chronic", "none"),)),
    "no_labour": (
        "整户无劳动能力",
        "lifted_with_policy",
        (
            ("陈示例", "head", 68, "male", "disabled", "none"),
            ("刘示例", "spouse", 66, "female", "serious", "none"),
            ("陈小例", "daughter", 9, "female", "healthy", "none"),
        ),
    ),
    "lifted": (
        "脱贫户，务工收入为主",
        "lifted_with_policy",
        (
            ("赵示例", "head", 38, "male", "healthy", "ordinary"),
            ("孙示例", "spouse", 36, "female", "healthy", "ordinary"),
            ("赵小例", "son", 8, "male", "healthy", "none"),
            ("周示例", "mother", 67, "female", "chronic", "none"),
        ),
    ),
}
"""The samples by key: what it is called, the household's type, its members."""


def number_of(born: date, sex: str, order: int) -> str:
    """An ID number that is valid in form and that no registry can have issued."""
    first = f"99{REGION}{born:%Y%m%d}{10 + 2 * order + (sex == 'male'):03d}"
    return first + idnumber.check_digit(first)


def settle(session: Session, now: datetime) -> str:
    """Lay out the sample village with everything above it; answers its code."""
    province = session.scalars(
        select(Division).where(Division.level == "province").order_by(Division.code)
    ).first()
    prefix, parent = (province.code[:2], province.id) if province else ("99", None)
    code, path = "", ""
    number = (
        session.scalar(select(func.max(Division.id))) or 0
    )  # divisions are loaded with numbers of their own
    for level in LEVELS:
        if level not in _SUFFIXES:
            continue
        code, path = (prefix + _SUFFIXES[level]).ljust(12, "0"), path + _NAMES[level]
        number += 1
        division = Division(
            id=number, code=code, name=_NAMES[level], path=path, level=level, parent_id=parent
        )
        session.add(division)
        session.flush()
        parent = division.id
    return code


def register(session: Session, key: str, village: str, start: Element, now: datetime) -> Household:
    """Put the sample household on the register, in the state for which the procedure opens."""
    _, kind, people = HOUSEHOLDS[key]
    members = [_member(person, now.year, index) for index, person in enumerate(people)]
    data: Mapping[str, Any] = {
        "village_code": village,
        "head_name": people[0][0],
        "id_number": members[0]["id_number"],
        "group_name": "一组",
        "address": "示例路1号",
        "phone": "19900000000",
        "household_type": kind,
        "members": members,
    }
    household = registering.register(session, data, now)
    wanted = opens_for(start)
    statuses = [code for code in wanted if code in naming.STATUS_NAMES]
    if statuses and household.status not in statuses:
        household.status = statuses[0]
        if household.status in ("monitored", "eliminated"):
            household.category, household.monitored_on = "marginal", now.date()
            household.risks = ["illness"]
    elif wanted and not statuses and household.household_type not in wanted:
        household.household_type = wanted[0]
    session.flush()
    return household


def _member(person: Person, year: int, index: int) -> dict[str, Any]:
    name, relation, age, sex, health, labour = person
    row: dict[str, Any] = {
        "name": name,
        "relation": relation,
        "sex": sex,
        "id_type": "id_card",
        "health": health,
        "labour": labour,
        "id_number": number_of(date(year - age - 1, 3, 1 + index), sex, index),
        "medical_insurance": "yes",
    }
    if age < 22 and relation in ("son", "daughter"):
        return {**row, "schooling": "primary" if age < 12 else "junior" if age < 16 else "senior"}
    return {**row, "education": "junior"}


class Officials:
    """People for every queue of the sample village, another one for each act:
    nobody approves what they prepared.
    """

    def __init__(self, session: Session, village: str, now: datetime) -> None:
        self._session, self._village, self._now = session, village, now
        self._count = 0

    def next(self, queue: str) -> Account:
        """Somebody of a queue who has done nothing yet."""
        self._count += 1
        place = access.ancestor(self._village, queue)
        account = Account(
            username=f"trial-{self._count}",
            name=f"{access.QUEUE_NAMES[queue]}示例{self._count}",
            password_hash="!",
            created_at=self._now,
        )
        self._session.add(account)
        self._session.flush()
        grant = RoleGrant(account_id=account.id, role=ROLE_OF_QUEUE[queue], division_code=place)
        self._session.add(grant)
        self._session.flush()
        self._session.refresh(account, ["grants"])
        return account
