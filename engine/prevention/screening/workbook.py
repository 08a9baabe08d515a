"""The screening form as an Excel file: a village's or a township's households, and back (R03).

Its columns are those that say which household, and the fields of the campaign's form, so that whoever changes
the form changes the template. Rows are checked by letting them in and taking them out again: what is said to
be good is good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.models import Account, Division
from engine.casework.organisation import access, divisions
from engine.casework.portions.imports import kinds
from engine.casework.portions.imports.kinds import Become, Column, Fault, ImportKind, Judged, Sent, Target
from engine.flow.forms import schema as s
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.database import discarding
from engine.ground.errors import NotFound
from engine.ground.tables import table, to_json
from engine.prevention.campaign import campaigns
from engine.prevention.models import Campaign, Household, Screening
from engine.prevention.register import persons
from engine.prevention.register.households import finding as households
from engine.prevention.screening import rows
from engine.prevention.screening.intake import ENTERS
from engine.prevention.screening.rows import Entry, Outcome

NAME = "screening"
_HOUSEHOLD, _ROW = table(Household), table(Screening)
_READS = {
    "radio": kinds.CHOICE,
    "select": kinds.CHOICE,
    "checklist": kinds.CHOICES,
    "taglist": kinds.CHOICES,
    "datetime": kinds.DAY,
    "number": kinds.NUMBER,
    "checkbox": kinds.YES,
    "textfield": kinds.TEXT,
    "textarea": kinds.TEXT,
}
_SUFFIXES = ("村民委员会", "居民委员会", "村委会", "居委会", "社区", "村")
VILLAGE = Column("village", "村（社区）", ("村", "行政村", "村名"), longest=60, known=True, width=18)
HOUSEHOLD = (
    Column(
        "household", "户编号", ("农户编号",), longest=30, known=True, hint="登记簿里有的户，不要改", width=18
    ),
    Column(
        "head_name",
        "户主姓名",
        ("户主", "姓名", "户主名"),
        required=True,
        longest=40,
        known=True,
        calls=True,
        width=12,
    ),
    Column(
        "id_number",
        "户主证件号码",
        ("身份证号", "身份证号码", "户主身份证号", "户主身份证号码", "证件号码"),
        reads=kinds.IDENTITY,
        hint="登记簿里没有的户填写",
        width=22,
    ),
    Column("group_name", "村民小组", ("组", "小组", "村民组"), longest=40, known=True),
    Column("address", "家庭住址", ("住址", "地址"), longest=200, known=True, width=20),
    Column("phone", "联系电话", ("电话", "手机", "手机号码"), longest=30, hint="登记簿里没有的户填写"),
)
"""Which household a row is about."""


# -- what the rows go into -------------------------------------------------------------------------


def _target(session: Session, actor: Account, key: str) -> Target:
    """A campaign and a village or a township of its county: ``3-<12 digits>``."""
    number, _, code = key.partition("-")
    campaign_id = text.whole(number)
    if campaign_id is None or text.whole(code, 10**12) is None or len(code) != 12:
        raise NotFound("没有找到这次集中排查。")
    campaign = campaigns.view(session, actor, campaign_id)
    reached = access.ancestor(code, "county") == campaign.county_code and access.reaches(actor, code, ENTERS)
    if not reached or access.level_of(code) not in ("village", "township"):
        raise NotFound("没有找到这个村，或者不归您填报。")
    place = divisions.get(session, code)
    parts = {"campaign": campaign_id, "code": code, "place": place.name, "level": place.level}
    return Target(key, f"{place.name}　{campaign.name}", parts)


def _foreign(session: Session, target: Target, key: str) -> str:
    """The sentence for a template of another campaign, county or place."""
    number, _, code = key.partition("-")
    names = divisions.names(session, [access.ancestor(code, "county"), code]) if len(code) == 12 else {}
    county, place = names.get(access.ancestor(code, "county") if names else "", ""), names.get(code, "")
    if access.ancestor(str(target.parts["code"]), "county") != access.ancestor(code.ljust(12, "0"), "county"):
        return f"这是别的县（{county or '不详'}）的模板：这里只收本县的，请下载这里的模板。"
    if number != str(target.parts["campaign"]):
        return "这是另一次集中排查的模板：请下载这里的模板，把内容复制过去再上传。"
    return f"这是“{place}”的模板，这里是“{target.parts['place']}”：请到那里上传，或者下载这里的模板。"


# -- columns ---------------------------------------------------------------------------------------


def _columns(session: Session, target: Target) -> list[Column]:
    """Those that say which household, and the fields of the campaign's form."""
    village = [] if target.parts["level"] == "village" else [VILLAGE]
    return [*village, *HOUSEHOLD, *_fields(session, target)]


def _fields(session: Session, target: Target) -> Iterator[Column]:
    for component in _form(session, target).inputs:
        reads = _READS.get(component["type"])
        if reads is not None and not s.fixed(component):
            yield _field(component, reads)


def _form(session: Session, target: Target) -> Any:
    campaign = session.get_one(Campaign, int(target.parts["campaign"]))
    return campaigns.basis(session, campaign).form


def _field(component: s.Component, reads: str) -> Column:
    rules: Mapping[str, Any] = component.get("validate") or {}
    always = bool(rules.get("required")) and not s.hide_text(component) and "defaultValue" not in component
    return Column(
        s.key(component),
        s.label(component),
        reads=reads,
        required=always and s.key(component) != "result",
        longest=int(rules.get("maxLength") or 200),
        options=s.options(component) if reads in (kinds.CHOICE, kinds.CHOICES) else {},
        hint=str(component.get("description") or ""),
        width=max(12, min(30, len(s.label(component)))),
    )


# -- the template's rows ---------------------------------------------------------------------------


def _filled(session: Session, actor: Account, target: Target) -> Iterator[dict[str, str]]:
    """All households of the place, by village and group."""
    names = "number head_name group_name address village_code".split()
    query = select(*(_HOUSEHOLD.c[name] for name in names)).where(
        access.within(Household.village_code, [access.scope_of(str(target.parts["code"]))]),
        households.there(),
    )
    villages = _villages(session, target)
    order = (_HOUSEHOLD.c.village_code, _HOUSEHOLD.c.group_name, _HOUSEHOLD.c.head_key, _HOUSEHOLD.c.id)
    for row in session.execute(query.order_by(*order)):
        yield {
            "village": villages.get(row.village_code, ""),
            "household": row.number,
            "head_name": row.head_name,
            "group_name": row.group_name,
            "address": row.address,
        }


def _villages(session: Session, target: Target) -> dict[str, str]:
    """The villages of the place: code → name."""
    within = access.within(Division.code, [access.scope_of(str(target.parts["code"]))])
    query = select(Division.code, Division.name).where(within, Division.level == "village")
    return {row.code: row.name for row in session.execute(query.order_by(Division.code))}


# -- which household -------------------------------------------------------------------------------


class _Places:
    """What the rows of a portion say of where and who, looked up at once."""

    def __init__(self, session: Session, target: Target, sent: Sequence[Sent]) -> None:
        self.target = target
        self.scope = access.scope_of(str(target.parts["code"]))
        self._codes: dict[str, list[str]] = {}
        for code, name in _villages(session, target).items():
            for word in {code, text.key(name), *_short(name)}:
                self._codes.setdefault(word, []).append(code)
        numbers = {str(one.values["household"]) for one in sent if "household" in one.values}
        columns = "id number village_code head_key head_id_number".split()
        query = select(*(_HOUSEHOLD.c[name] for name in columns))
        found = session.execute(query.where(_HOUSEHOLD.c.number.in_(numbers))) if numbers else ()
        self._households = {row.number: row for row in found}

    def of(self, one: Sent) -> tuple[int | None, str, list[Fault]]:
        """The household of a row, or the village of a new one; what is wrong with either."""
        number = str(one.values.get("household", ""))
        if number:
            return self._known(number, one)
        code, fault = self._village(str(one.values.get("village", "")))
        return None, code, [fault] if fault else []

    def _known(self, number: str, one: Sent) -> tuple[int | None, str, list[Fault]]:
        row = self._households.get(number)
        if row is None:
            return None, "", [Fault("household", "登记簿里没有这个户编号", "照模板里的填；新户不填户编号")]
        if access.ancestor(row.village_code, "county") != access.ancestor(self.scope.low, "county"):
            return None, "", [Fault("household", "这是别的县的户", "删去这一行，由那个县填报")]
        if not self.scope.holds(row.village_code):
            sentence = f"这户不在{self.target.parts['place']}"
            return None, "", [Fault("household", sentence, "删去这一行，由所在的村填报")]
        cure = "核对是不是填错了行；登记簿确实要改的，先在农户页面更正"
        if row.head_key != text.key(str(one.values["head_name"]))[:80]:
            return None, "", [Fault("head_name", "与登记簿里这户的户主不一样", cure)]
        typed, registered = persons.of(one.values.get("id_number")), persons.of(row.head_id_number)
        if typed and registered and typed != registered:
            return None, "", [Fault("id_number", "与登记簿里这户户主的证件号码不一样", cure)]
        return row.id, row.village_code, []

    def _village(self, typed: str) -> tuple[str, Fault | None]:
        place = self.target.parts["place"]
        if not typed:
            if self.target.parts["level"] == "village":
                return self.scope.low, None
            return "", Fault("village", "没有填是哪个村", "填村（社区）的名称或 12 位区划代码")
        codes = self._codes.get(text.half(typed)) or self._codes.get(text.key(typed)) or []
        if len(codes) == 1:
            return codes[0], None
        if codes:
            return "", Fault("village", f"{place}有 {len(codes)} 个村叫这个名字", "填 12 位区划代码")
        return "", Fault("village", f"{place}没有这个村", "只能填本地的村；别处的户由那里填报")


def _short(name: str) -> Iterator[str]:
    """What people call a village: 王庄村民委员会 is 王庄村, and 王庄."""
    stem = next((name.removesuffix(end) for end in _SUFFIXES if name.endswith(end) and name != end), name)
    for word in (stem, f"{stem}村", f"{stem}社区"):
        yield text.key(word)


# -- in --------------------------------------------------------------------------------------------


class _Letting:
    """Rows on their way in: their entries, and what became of them."""

    def __init__(
        self, session: Session, actor: Account, target: Target, sent: Sequence[Sent], clock: Clock
    ) -> None:
        self.session, self.actor, self.clock = session, actor, clock
        self.campaign_id = int(target.parts["campaign"])
        places = _Places(session, target, sent)
        self.keys = [column.key for column in _fields(session, target)]
        self.faults: dict[int, list[Fault]] = {}
        self.entries: dict[int, Entry] = {}
        for one in sent:
            household_id, code, faults = places.of(one)
            if faults:
                self.faults[one.number] = faults
            else:
                self.entries[one.number] = self._entry(one, household_id, code)

    def _entry(self, one: Sent, household_id: int | None, code: str, salt: str = "") -> Entry:
        data = {key: one.values[key] for key in self.keys if key in one.values}
        if "result" not in data and "household_size" in data:
            data["result"] = "done"  # the printed form has no such column: who is counted was met
        data.setdefault("manner", "home")
        new = None
        if household_id is None:
            asked = ("head_name", "id_number", "group_name", "address", "phone")
            new = {"village_code": code, **{key: one.values.get(key, "") for key in asked}}
        said = to_json([self.campaign_id, self.actor.id, household_id, new, data, salt])
        return Entry(str(uuid5(NAMESPACE_URL, said)), household_id, data, rows.WORKBOOK, new_household=new)

    def outcomes(self) -> dict[int, Outcome]:
        """What became of the entries, by the number of their rows."""
        numbers = list(self.entries)
        found = self._recorded([self.entries[number] for number in numbers])
        answer = dict(zip(numbers, found, strict=True))
        again = self._said_before(answer)
        if again:
            salted = [self._salted(self.entries[number], uuid) for number, uuid in again.items()]
            answer |= dict(zip(again, self._recorded(salted), strict=True))
        return answer

    def _recorded(self, entries: Sequence[Entry]) -> list[Outcome]:
        if not entries:
            return []
        return rows.record(self.session, self.actor, self.campaign_id, entries, clock=self.clock)

    def _said_before(self, answer: Mapping[int, Outcome]) -> dict[int, str]:
        """Rows that say again what has been corrected since: with the entry that they now correct."""
        same = {one.screening_id: number for number, one in answer.items() if one.kind == rows.SAME}
        query = select(_ROW.c.id, _ROW.c.household_id).where(
            _ROW.c.id.in_(list(same)), _ROW.c.standing == "replaced"
        )
        replaced = {row.household_id: same[row.id] for row in self.session.execute(query)} if same else {}
        current = select(_ROW.c.household_id, _ROW.c.uuid).where(
            _ROW.c.campaign_id == self.campaign_id,
            _ROW.c.household_id.in_(list(replaced)),
            _ROW.c.standing == "current",
            _ROW.c.entered_by == self.actor.id,
        )
        found = self.session.execute(current) if replaced else ()
        return {replaced[row.household_id]: row.uuid for row in found}

    @staticmethod
    def _salted(entry: Entry, uuid: str) -> Entry:
        return Entry(
            str(uuid5(NAMESPACE_URL, f"{entry.uuid} {uuid}")),
            entry.household_id,
            entry.data,
            entry.source,
            new_household=entry.new_household,
        )


def _check(
    session: Session, actor: Account, target: Target, sent: Sequence[Sent], clock: Clock
) -> list[Judged]:
    """Let the rows in and take them out again."""
    with discarding(session):
        letting = _Letting(session, actor, target, sent, clock)
        outcomes = letting.outcomes()
    ids = {one.household_id for one in outcomes.values() if one.household_id is not None}
    stays = set(session.scalars(select(_HOUSEHOLD.c.id).where(_HOUSEHOLD.c.id.in_(ids))))
    answer = []
    for one in sent:
        if one.number in letting.faults:
            answer.append(Judged(letting.faults[one.number]))
        else:
            outcome, entry = outcomes[one.number], letting.entries[one.number]
            answer.append(_judged(one, outcome, _key(entry, outcome.household_id, stays)))
    return answer


def _key(entry: Entry, household_id: int | None, stays: set[int]) -> str:
    """Whom a row is about: a household of the register, or one that is new and says who it is."""
    if household_id in stays:
        return str(household_id)
    new = entry.new_household or {}
    who = (
        new.get("id_number")
        or f"{text.key(str(new.get('head_name')))} {text.key(str(new.get('group_name')))}"
    )
    return f"{new.get('village_code')} {who}"


def _judged(one: Sent, outcome: Outcome, key: str) -> Judged:
    if outcome.kind == rows.REFUSED:
        return Judged(_faults(one, outcome))
    return Judged(same=outcome.kind == rows.SAME, key=key, note=_note(outcome))


def _note(outcome: Outcome) -> str:
    if outcome.kind == rows.CONFLICT:
        return "与别人填的不一样，或者不在您的片区：两份都留，由乡级裁定"
    return "有标记，导入时即转入户核实" if outcome.clue_id is not None else ""


def _faults(one: Sent, outcome: Outcome) -> list[Fault]:
    """The form's sentences at the columns of their fields: what is wrong, and what the form wants."""
    answer = []
    for path, sentences in outcome.faults.items():
        column = path.removeprefix("new_household.").split(".")[0]
        words = [sentence.split("：", 1)[-1] if column else sentence for sentence in sentences]
        cure = "；".join(word.rstrip("。") for word in words)
        problem = "不符合要求" if column in one.values else "没有填"
        answer.append(Fault(column, problem, cure) if column else Fault("", cure))
    return answer


def _write(
    session: Session, actor: Account, target: Target, sent: Sequence[Sent], clock: Clock
) -> list[Become]:
    letting = _Letting(session, actor, target, sent, clock)
    outcomes = letting.outcomes()
    answer = []
    for one in sent:
        outcome = outcomes.get(one.number)
        if outcome is None:
            answer.append(Become("refused", letting.faults[one.number]))
        elif outcome.kind == rows.REFUSED:
            answer.append(Become("refused", _faults(one, outcome)))
        else:
            kind = "same" if outcome.kind == rows.SAME else "done"
            answer.append(Become(kind, note=_note(outcome), made_id=outcome.screening_id))
    return answer


KIND = ImportKind(
    NAME, "筛查表", "户", _target, _columns, _check, _write, filled=_filled, foreign=_foreign, most=200_000
)
KIT = Kit(imports={NAME: KIND})
