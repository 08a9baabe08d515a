"""What departments say of people comes in (R06, R32): from a list, from a programme, all through `take`.

Nothing is dropped: whom nobody has registered, who stands in two records (T29), who lives elsewhere and who
is below the amount is kept, and people look at it. Each portion is read in a fixed number of statements;
only a clue is an act of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from engine.casework.models import CaseFile, Division
from engine.casework.organisation import access, divisions
from engine.ground import idnumber, text
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, ShouwangError, Unavailable
from engine.ground.tables import table, to_json
from engine.prevention.identification import clues
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.departments.matters import Matter
from engine.prevention.identification.departments.thresholds import KEY_TYPES, Bars
from engine.prevention.models import (
    DepartmentBatch,
    DepartmentCandidate,
    DepartmentRow,
    Household,
    Member,
    RiskClue,
)
from engine.prevention.register import households

RAISED, JOINED, KEPT, BELOW, AGAIN = "raised", "joined", "kept", "below", "again"
UNKNOWN, SEVERAL, ELSEWHERE = "unknown", "several", "elsewhere"
SAME, REFUSED = "same", "refused"
OUTCOMES = {
    RAISED: "新线索",
    JOINED: "并入在办事项",
    KEPT: "监测对象的新线索",
    AGAIN: "已有线索，更新内容",
    BELOW: "未达标准",
    UNKNOWN: "登记簿里没有",
    SEVERAL: "号码在两户以上",
    ELSEWHERE: "登记在别处",
}
"""What may become of a row that is kept."""
OPEN = (UNKNOWN, SEVERAL, ELSEWHERE)
"""What waits for somebody to look at it."""
MAX_AGE = clues.MAX_AGE
MOST_AMOUNT = Decimal(100_000_000)
"""Yuan."""
MONTH = 30.44
"""Days, on an average."""
_NIL = Decimal(0)
_A_MONTH = re.compile(r"(20\d\d)(?:年|[-./]|(?=\d\d月?$))(0?[1-9]|1[0-2])(?:月份?|[-./]0?1(?: 00:00)?)?")
_ROW, _HOUSEHOLD, _MEMBER = table(DepartmentRow), table(Household), table(Member)
_ENDS = ("", "村民委员会", "村村民委员会", "居民委员会", "社区居民委员会", "村", "社区")
"""What a village may be called besides what people write."""


@dataclass(frozen=True)
class Channel:
    """Whose rows come in: for which place, from which department, about what; who lets them in, if anybody.

    Who lets a list in prepares no case of it (R12): the department is the finder.
    """

    division_code: str
    department: str
    matter: Matter
    place: str
    """What the place is called."""
    account_id: int | None = None

    @property
    def finder(self) -> str:
        """As the clue has it."""
        return f"{self.place}{DEPARTMENTS[self.department]}部门"[:60]


@dataclass(frozen=True)
class Told:
    """What a department says of one person; the number is in its normal form."""

    name: str
    id_number: str
    told_on: date | None = None
    period: str = ""
    amount: Decimal | None = None
    """Yuan."""
    note: str = ""
    place: str = ""
    phone: str = ""
    record: str = ""
    """The department's own number of it."""

    @property
    def facts(self) -> tuple[Any, ...]:
        """What makes it another row when it is said again."""
        return self.name, self.id_number, self.told_on, self.period, self.amount, self.note


@dataclass(frozen=True)
class Outcome:
    """What became of a row, or would become of it."""

    kind: str
    text: str
    row_id: int | None = None
    case_id: int | None = None
    clue_id: int | None = None


@dataclass(frozen=True)
class Home:
    """A household that has a person of the portion."""

    id: int
    village_code: str
    status: str
    is_key: bool
    """Whether the first amount of a threshold is its own."""
    names: frozenset[str]
    """What the person is called there, in the form that is compared."""


@dataclass(frozen=True)
class Judged:
    """What a row would become, before anything is written."""

    kind: str
    village_code: str = ""
    home: Home | None = None
    bar: Decimal | None = None
    before: Row[Any] | None = None
    """The current row of the same person, matter and period."""
    homes: Sequence[Home] = ()
    """The records in which the person stands, where these are several."""
    note: str = ""
    """What is to be said besides; of `REFUSED` why."""
    total: Decimal | None = None
    """What the household's amounts add up to."""


def day_of(told: Told, now: datetime) -> date:
    """The day of discovery: the one that the list says, else that of arrival (R06)."""
    return told.told_on or local_date(now)


def wrong_day(told_on: date | None, today: date) -> str:
    """Why a day cannot be that of a discovery; '' where it can."""
    if told_on is not None and told_on > today:
        return "晚于今天"
    return "超过一年" if told_on is not None and today - told_on > MAX_AGE else ""


def key_of(channel: Channel, told: Told) -> str:
    """The fingerprint of whom and what a row is about.

    Without period and day the same content is the same row.
    """
    when = _period(told.period) or (told.told_on.isoformat() if told.told_on else "")
    when = when or to_json([str(told.amount), told.note])
    said = [channel.department, channel.matter.code, idnumber.person(told.id_number), when]
    return sha256(to_json(said).encode()).hexdigest()


def _period(said: str) -> str:
    """A month however it is written: 2022年4月, 2022-04, 202204, or the first day that Excel makes of it."""
    month = _A_MONTH.fullmatch(said)
    return f"{month[1]}-{int(month[2]):02d}" if month else said


# -- judged ----------------------------------------------------------------------------------------


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


# -- taken in --------------------------------------------------------------------------------------


def expected(session: Session, channel: Channel, told: Sequence[Told], now: datetime) -> list[Outcome]:
    """What would become of rows, in words; nothing is written."""
    portion = Portion(session, channel, told, now)
    judged = [portion.judged(one) for one in told]
    hit = {one.home.id: one.home for one in judged if one.kind == RAISED and one.home is not None}
    under_way = clues.under_way(session, list(hit))
    return [_expected(one, under_way) for one in judged]


def _expected(one: Judged, under_way: Mapping[int, int]) -> Outcome:
    if one.kind == SAME:
        return _answer_before(one)
    if one.kind != RAISED or one.home is None:
        return Outcome(one.kind, _words(one, one.kind))
    case_id = under_way.get(one.home.id)
    kind = JOINED if case_id is not None else KEPT if one.home.status == "monitored" else RAISED
    return Outcome(kind, _words(one, kind, case_id), case_id=case_id)


def take(
    session: Session, batch: DepartmentBatch, channel: Channel, told: Sequence[Told], now: datetime
) -> list[Outcome]:
    """Take rows in, each said once in `told`; inside the caller's transaction.

    A row whose clue cannot be placed is refused alone, and nothing of it stays.
    """
    portion = Portion(session, channel, told, now)
    portion.file = batch.id if batch.import_id is not None else None
    judged = [portion.judged(one) for one in told]
    _lock(session, judged)
    rows: list[dict[str, Any]] = []
    found: list[Outcome] = []
    for one, what in zip(told, judged, strict=True):
        outcome = _placed(session, channel, one, what, now)
        if outcome.kind not in (SAME, REFUSED):
            rows.append(_row(batch, channel, one, what, outcome, portion.keys[one], now))
        found.append(outcome)
    ids = _store(session, rows)
    _ask(session, [(ids.get(portion.keys[one]), what.homes) for one, what in zip(told, judged, strict=True)])
    _count(session, batch, [row["outcome"] for row in rows], now)
    return [
        outcome if outcome.row_id else _with_row(outcome, ids.get(portion.keys[one]))
        for one, outcome in zip(told, found, strict=True)
    ]


def _lock(session: Session, judged: Iterable[Judged]) -> None:
    """The households that get clues, in the order of their numbers (engine/casework/step/locks.py)."""
    ids = {one.home.id for one in judged if one.kind in (RAISED, AGAIN) and one.home is not None}
    if ids:
        wanted = select(_HOUSEHOLD.c.id).where(_HOUSEHOLD.c.id.in_(sorted(ids))).order_by(_HOUSEHOLD.c.id)
        session.execute(wanted.with_for_update(key_share=True)).all()


def _placed(session: Session, channel: Channel, told: Told, what: Judged, now: datetime) -> Outcome:
    """The outcome of a row; a clue is placed where one follows from it."""
    if what.kind == SAME:
        return _answer_before(what)
    if what.kind not in (AGAIN, RAISED) or (what.kind == RAISED and what.home is None):
        return Outcome(what.kind, _words(what, what.kind))
    try:
        return (_updated if what.kind == AGAIN else _raised)(session, channel, told, what, now)
    except Unavailable:
        raise
    except ShouwangError as error:
        return Outcome(REFUSED, error.message)


def _updated(session: Session, _channel: Channel, told: Told, what: Judged, now: datetime) -> Outcome:
    """The clue that there is stays; R06: where its day was an earlier one, that day rules."""
    assert what.before is not None
    case_id, clue_id = what.before.case_id, what.before.clue_id
    if told.told_on is not None and told.told_on < what.before.discovered_on:
        with session.begin_nested():
            clues.found_earlier(session, clue_id, told.told_on, now)
    return Outcome(AGAIN, _words(what, AGAIN, case_id), None, case_id, clue_id)


def _raised(session: Session, channel: Channel, told: Told, what: Judged, now: datetime) -> Outcome:
    assert what.home is not None
    clue, case, joined = raise_clue(session, channel, what.home.id, told, what, now)
    kind = JOINED if joined else RAISED if case is not None else KEPT
    case_id = case.id if case is not None else None
    return Outcome(kind, _words(what, kind, case_id), None, case_id, clue.id)


def raise_clue(
    session: Session, channel: Channel, household_id: int, told: Told, what: Judged, now: datetime
) -> tuple[RiskClue, CaseFile | None, bool]:
    """A department's clue about a household, as if it had been entered by hand (R06); whole or not at all."""
    with session.begin_nested():
        household = households.locked(session, household_id)
        if household.merged_into_id is not None or household.status == "gone":
            raise Conflict("这户刚刚并入另一户，或全户已不在册，请再报一次。")
        clue = RiskClue(
            household_id=household.id,
            village_code=household.village_code,
            channel="department_warning",
            finder=channel.finder,
            discovered_on=day_of(told, now),
            description=description(channel, told, what)[:500],
            risks=[channel.matter.risk] if channel.matter.risk else [],
            entered_by=None,  # R12: the department found it; who let the list in stands with its row
            entered_at=now,
        )
        case, joined = clues.place(session, None, household, clue, now, quiet=True)
        session.flush()
        return clue, case, joined


def description(channel: Channel, told: Told, what: Judged) -> str:
    """What a clue says: 医疗费用自付较高：张三，26,800元（标准 10,000元），2022年4月，住院两次."""
    said = [told.name]
    if told.amount is not None:
        bar = f"（标准 {yuan(what.bar)}元）" if what.bar is not None else ""
        total = f"，户内累计 {yuan(what.total)}元" if what.total is not None else ""
        said.append(f"{yuan(told.amount)}元{total}{bar}")
    said += [one for one in (told.period, told.note, what.note) if one]
    return f"{channel.matter.name}：{'，'.join(said)}"


def yuan(amount: Decimal | None) -> str:
    """An amount as people read it: 26,800 or 26,800.50."""
    if amount is None:
        return ""
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def _words(what: Judged, kind: str, case_id: int | None = None) -> str:
    """What a row has become, for whoever sends it: nothing that stands in the register."""
    number = f"第 {case_id} 号" if case_id is not None else "办理"
    bar = f"（{yuan(what.bar)} 元）" if what.bar is not None else ""
    sentences = {
        RAISED: f"新线索，已开始{number}" if case_id is not None else "新线索，开始识别认定",
        JOINED: f"已并入{number}",
        KEPT: "已是监测对象，线索记在该户",
        AGAIN: f"已有线索（{number}），更新了内容" if case_id is not None else "已有线索，更新了内容",
        BELOW: f"未达标准{bar}，留存",
        UNKNOWN: "登记簿里没有这个人，留待村、县核对",
        SEVERAL: "这个证件号码在两户以上登记，请有关的村核对",
        ELSEWHERE: "登记在别处，转给那里核对",
        REFUSED: what.note,
    }
    note = f"；{what.note}" if what.note and kind not in (REFUSED, UNKNOWN) else ""
    return f"{sentences[kind]}{note}"


def _answer_before(what: Judged) -> Outcome:
    """Of what was said before: what became of it then."""
    before = what.before
    assert before is not None
    case = f"，见第 {before.case_id} 号" if before.case_id is not None else ""
    words = f"以前报过，没有重复登记（{OUTCOMES[before.outcome]}{case}）"
    return Outcome(SAME, words, before.id, before.case_id, before.clue_id)


# -- into the table --------------------------------------------------------------------------------


def _row(
    batch: DepartmentBatch,
    channel: Channel,
    told: Told,
    what: Judged,
    outcome: Outcome,
    key: str,
    now: datetime,
) -> dict[str, Any]:
    before = what.before
    mine = before is not None and before.division_code == channel.division_code
    home_id = before.household_id if before is not None and what.kind == AGAIN else None
    return {
        "batch_id": batch.id,
        "division_code": channel.division_code,
        "department": channel.department,
        "matter": channel.matter.code,
        "key": key,
        "standing": "current",
        "replaces_id": before.id if before is not None else None,
        "record": told.record or (before.record if before is not None and mine else ""),
        "name": told.name,
        "id_number": told.id_number,
        "told_on": told.told_on,
        "discovered_on": day_of(told, now),
        "period": told.period,
        "amount": told.amount,
        "bar": what.bar,
        "note": told.note,
        "place": told.place,
        "phone": told.phone,
        "outcome": outcome.kind,
        "household_id": what.home.id if what.home is not None else home_id,
        "village_code": what.village_code,
        "clue_id": outcome.clue_id,
        "entered_by": channel.account_id,
        "entered_at": now,
        "settled": "",
        "settled_note": "",
    }


def _store(session: Session, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Keep the rows; answers their numbers by key. What they replace stays, and is current no more."""
    if not rows:
        return {}
    session.flush()
    replaced = [row["replaces_id"] for row in rows if row["replaces_id"] is not None]
    if replaced:
        session.execute(update(_ROW).where(_ROW.c.id.in_(replaced)).values(standing="replaced"))
    session.execute(insert(_ROW), list(rows))
    keys = [row["key"] for row in rows]
    query = select(_ROW.c.key, _ROW.c.id).where(_ROW.c.key.in_(keys), _ROW.c.standing == "current")
    return {row.key: row.id for row in session.execute(query)}


def _ask(session: Session, several: Iterable[tuple[int | None, Sequence[Home]]]) -> None:
    """The villages that have the person each see the row (T29)."""
    rows = [
        {"row_id": row_id, "household_id": home.id, "village_code": home.village_code}
        for row_id, homes in several
        if row_id is not None
        for home in homes
    ]
    if rows:
        session.execute(insert(table(DepartmentCandidate)), rows)


def _count(session: Session, batch: DepartmentBatch, kinds: Sequence[str], now: datetime) -> None:
    """The batch's counts, in the transaction that changes them."""
    if not kinds:
        return
    added = {kind: getattr(DepartmentBatch, kind) + kinds.count(kind) for kind in set(kinds)}
    counted = update(DepartmentBatch).where(DepartmentBatch.id == batch.id)
    session.execute(counted.values(**added, last_at=now, untold=True))


def _with_row(outcome: Outcome, row_id: int | None) -> Outcome:
    return Outcome(outcome.kind, outcome.text, row_id, outcome.case_id, outcome.clue_id)
