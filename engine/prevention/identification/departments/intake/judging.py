"""What rows of a channel would become (R06, domain S2, T29): read at once, and nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from engine.casework.models import Division
from engine.casework.organisation import access, divisions
from engine.ground import idnumber, text
from engine.ground.clock import local_date
from engine.ground.tables import table
from engine.prevention.identification.departments.intake.results import (
    AGAIN,
    BELOW,
    ELSEWHERE,
    RAISED,
    REFUSED,
    SAME,
    SEVERAL,
    UNKNOWN,
    Home,
    Judged,
)
from engine.prevention.identification.departments.intake.statements import Channel, Told, day_of, key_of
from engine.prevention.identification.departments.thresholds import KEY_TYPES, Bars
from engine.prevention.models import DepartmentRow, Household, Member, RiskClue

_ROW = table(DepartmentRow)
_HOUSEHOLD = table(Household)
_MEMBER = table(Member)
MONTH = 30.44
"""Days, on an average."""
_NIL = Decimal(0)
_ENDS = ("", "村民委员会", "村村民委员会", "居民委员会", "社区居民委员会", "村", "社区")
"""What a village may be called besides what people write."""


class Portion:
    """Rows of one channel with all that is needed to judge them, read at once."""

    def __init__(self, session: Session, channel: Channel, told: Sequence[Told], now: datetime) -> None:
        self.session, self.channel, self.now = session, channel, now
        self.scope = access.scope_of(channel.division_code)
        self.keys = {one: key_of(channel, one) for one in told}
        self._by_key, self._by_record = self._before(told)
        self._homes = _homes(session, told)
        self._bars = Bars(session, channel.department, channel.matter.code, local_date(now))
        self._spent = self._earlier({home.id for homes in self._homes.values() for home in homes})
        self._said: dict[tuple[str, object], str] = {}
        self.file: int | None = None
        self._villages = self._named([one for one in told if one.place])

    def _before(self, told: Sequence[Told]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """The current rows of the same, by key and by the department's number.

        A number may be of several people, where counties have become one.
        """
        columns = select(*_ROW.c, RiskClue.case_id, RiskClue.cancelled_at)
        query = columns.outerjoin(RiskClue, RiskClue.id == _ROW.c.clue_id).where(_ROW.c.standing == "current")
        same = self.session.execute(query.where(_ROW.c.key.in_(sorted(set(self.keys.values())))))
        by_key = {row.key: row for row in same}
        records = sorted({one.record for one in told if one.record})
        whose = query.where(
            _ROW.c.division_code == self.channel.division_code,
            _ROW.c.department == self.channel.department,
            _ROW.c.record.in_(records),
        )
        by_record: dict[str, dict[str, Any]] = {}
        for row in self.session.execute(whose.order_by(_ROW.c.id)) if records else ():
            by_record.setdefault(row.record, {})[row.id_number[:18]] = row
        return by_key, by_record

    def _earlier(self, ids: Collection[int]) -> dict[int, dict[str, tuple[date, Decimal]]]:
        """By household: what is kept of the matter's amounts, by key."""
        if not self.channel.matter.amount or not ids:
            return {}
        query = select(_ROW.c.household_id, _ROW.c.key, _ROW.c.discovered_on, _ROW.c.amount).where(
            _ROW.c.household_id.in_(sorted(ids)),
            _ROW.c.department == self.channel.department,
            _ROW.c.matter == self.channel.matter.code,
            _ROW.c.standing == "current",
            _ROW.c.settled != "none",  # of somebody else, as an official found
            _ROW.c.amount.is_not(None),
        )
        spent: dict[int, dict[str, tuple[date, Decimal]]] = {}
        for row in self.session.execute(query):
            spent.setdefault(row.household_id, {})[row.key] = (row.discovered_on, row.amount)
        return spent

    def _named(self, placed: Sequence[Told]) -> dict[str, str]:
        """The villages of the place that rows name, where just one is called so."""
        typed = {one.place for one in placed}
        words = {said: [f"{_stem(said)}{end}" for end in _ENDS] + [said] for said in typed}
        meant = divisions.meant(self.session, [word for several in words.values() for word in several])
        codes = {said: {code for word in several for code in meant[word]} for said, several in words.items()}
        within = select(Division.code).where(
            Division.code.in_(sorted(set().union(*codes.values()) if codes else set())),
            access.within(Division.code, [self.scope]),
            Division.level == "village",
        )
        there = set(self.session.scalars(within)) if codes else set()
        return {said: (found & there).pop() for said, found in codes.items() if len(found & there) == 1}

    def judged(self, told: Told) -> Judged:
        """What would become of a row; its amount is remembered for the rows after it."""
        before, problem = self._same_as(told)
        if problem:
            return Judged(REFUSED, note=problem)
        if before is not None and _facts(before) == told.facts and _answered(before):
            return Judged(SAME, before.village_code, before=before)
        found = self._placed(told, before)
        if before is not None and _facts(before) == told.facts and found.kind == before.outcome:
            return Judged(SAME, before.village_code, before=before)
        return found

    def _same_as(self, told: Told) -> tuple[Row[Any] | None, str]:
        """The current row that this one says again, and why it cannot be taken for it."""
        named = self._by_record.get(told.record, {})
        by_key = self._by_key.get(self.keys[told])
        by_record = named.get(told.id_number[:18]) or next(iter(named.values()), None)
        if by_record is not None and by_record.id_number[:18] != told.id_number[:18]:
            return None, "这个记录编号已用于另一个人"
        if by_record is not None and by_record.matter != self.channel.matter.code:
            return None, "这个记录编号已用于另一项预警"
        if by_key is not None and by_record is not None and by_key.id != by_record.id:
            return None, "这个记录编号报过另一期，这一期已由另一个记录编号报过"
        before = by_key if by_key is not None else by_record
        return before, self._twice(told, before)

    def _twice(self, told: Told, before: Row[Any] | None) -> str:
        """Why a row cannot be another one of its file: a number that names two rows would lose the first."""
        key, problem = self.keys[told], "这个记录编号在前面的一条用过了：每条写自己的编号，没有的不填"
        said: list[tuple[str, object]] = [("record", told.record)] if told.record else []
        said += [("before", before.id)] if before is not None else []
        if any(self._said.setdefault(one, key) != key for one in said):
            return problem
        in_file = before is not None and self.file is not None and before.batch_id == self.file
        return problem if in_file and before is not None and before.key != key else ""

    def _placed(self, told: Told, before: Row[Any] | None) -> Judged:
        found = self._homes.get(idnumber.person(told.id_number), [])
        homes = [home for home in found if home.status != "gone"] or found  # who left a record stands in none
        here = self._villages.get(told.place, self.channel.division_code)
        if before is not None and before.clue_id is not None and before.cancelled_at is None:
            return _again(told, before, homes)
        if not homes:
            return Judged(UNKNOWN, here, before=before)
        if len(homes) > 1:  # T29
            return Judged(SEVERAL, here, before=before, homes=homes)
        home = homes[0]
        if home.status == "gone":
            return Judged(UNKNOWN, home.village_code, home, before=before, note="全户已不在册")
        if not self.scope.holds(home.village_code):
            return Judged(ELSEWHERE, home.village_code, home, before=before)
        return self._weighed(told, before, home, _other_name(told, home))

    def _weighed(self, told: Told, before: Row[Any] | None, home: Home, note: str) -> Judged:
        """Whether the amount is above the threshold of the household's place (domain S2)."""
        if not self.channel.matter.amount:
            return Judged(RAISED, home.village_code, home, before=before, note=note)
        bar = self._bars.at(home.village_code)
        if bar is None:
            return Judged(REFUSED, note="这户所在的县、市、省都还没有设定这项预警的标准")
        if told.amount is None:
            return Judged(REFUSED, note="没有写金额，不能与标准比较")
        yuan = self._bars.yuan(bar, home.village_code, is_key=home.is_key)
        total = self._total(told, home, bar.months)
        kind = RAISED if total > yuan else BELOW
        summed = total if total != told.amount else None
        return Judged(kind, home.village_code, home, yuan, before, note=note, total=summed)

    def weighed_at(self, told: Told, household: Household) -> Judged:
        """What becomes of a row that somebody has found to be about a household."""
        is_key = household.household_type in KEY_TYPES or household.status == "monitored"
        names = frozenset({text.key(told.name)})
        home = Home(household.id, household.village_code, household.status, is_key, names)
        self._spent = self._earlier([household.id])
        return self._weighed(told, None, home, "")

    def _total(self, told: Told, home: Home, months: int) -> Decimal:
        """The most that the household's amounts come to with this one in so many months: of rows that come in
        any order, the one that makes them too much is a clue.
        """
        day, amount, key = day_of(told, self.now), told.amount or Decimal(0), self.keys[told]
        spent = self._spent.setdefault(home.id, {})
        spent[key] = (day, amount)
        if not months:
            return amount
        span = timedelta(days=round(months * MONTH))
        ends = {on for on, _ in spent.values() if day <= on < day + span}
        return max(sum((more for on, more in spent.values() if end - span < on <= end), _NIL) for end in ends)


def _homes(session: Session, told: Sequence[Told]) -> dict[str, list[Home]]:
    """The households that have each person: as a member, or as its head alone; merged records have nobody."""
    people = sorted({idnumber.person(one.id_number) for one in told})
    numbers = sorted({*people, *(one.id_number for one in told)})
    columns = select(
        _HOUSEHOLD.c.id, _HOUSEHOLD.c.village_code, _HOUSEHOLD.c.status, _HOUSEHOLD.c.household_type
    )
    there = _HOUSEHOLD.c.merged_into_id.is_(None)
    of_members = columns.add_columns(_MEMBER.c.person.label("number"), _MEMBER.c.name_key.label("name"))
    members = of_members.join(_MEMBER, _MEMBER.c.household_id == _HOUSEHOLD.c.id)
    heads = columns.add_columns(
        _HOUSEHOLD.c.head_id_number.label("number"), _HOUSEHOLD.c.head_key.label("name")
    )
    found: dict[str, dict[int, Home]] = {}
    for query in (
        members.where(_MEMBER.c.person.in_(people), there),
        heads.where(_HOUSEHOLD.c.head_id_number.in_(numbers), there),
    ):
        for row in session.execute(query):
            homes = found.setdefault(idnumber.person(row.number), {})
            names = {row.name} | (homes[row.id].names if row.id in homes else frozenset())
            is_key = row.household_type in KEY_TYPES or row.status == "monitored"
            homes[row.id] = Home(row.id, row.village_code, row.status, is_key, frozenset(names))
    return {person: sorted(homes.values(), key=lambda one: one.id) for person, homes in found.items()}


def _other_name(told: Told, home: Home) -> str:
    return "" if text.key(told.name) in home.names else "姓名与登记簿不同，请核对"


def _again(told: Told, before: Row[Any], homes: Sequence[Home]) -> Judged:
    """What has its clue keeps it, wherever the person stands by now: no second one follows, of no list."""
    home = next((one for one in homes if one.id == before.household_id), None)
    home = home or (homes[0] if len(homes) == 1 else None)
    note = _other_name(told, home) if home is not None else ""
    return Judged(AGAIN, before.village_code, home, before=before, note=note)


def _facts(row: Row[Any]) -> tuple[Any, ...]:
    """As `Told.facts`, of a row that is kept."""
    return row.name, row.id_number, row.told_on, row.period, row.amount, row.note


def _answered(row: Row[Any]) -> bool:
    """Whether nothing new follows from the same said again: it has a clue, or somebody has looked at it."""
    return row.clue_id is not None or row.settled_at is not None


def _stem(name: str) -> str:
    return next((name.removesuffix(end) for end in _ENDS[1:] if name.endswith(end) and name != end), name)
