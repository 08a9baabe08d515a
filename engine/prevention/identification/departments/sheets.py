"""A department's list as a file (R32): which columns it has, what its rows become."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access, divisions
from engine.casework.portions.imports import kinds
from engine.casework.portions.imports.kinds import Become, Column, Fault, ImportKind, Judged, Sent, Target
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.errors import Conflict, NotFound
from engine.prevention.identification.departments import batches, matters
from engine.prevention.identification.departments.intake import results, statements, taking
from engine.prevention.identification.departments.intake.results import Outcome
from engine.prevention.identification.departments.intake.statements import Channel, Told
from engine.prevention.identification.departments.thresholds import Bars

NAME = "departments"
SENDS = frozenset({"county_approver", "city_reviewer", "province_reviewer"})
"""Who lets lists in: the office that the departments give them to."""
LEVELS = ("county", "city", "province")
NO_BAR = "还没有设定“{}”的标准（多少元以上算线索）：请先在“部门信息”的“标准”里设定，再导入。"
COLUMNS = (
    Column(
        "name", "姓名", ("人员姓名", "患者姓名", "参保人", "户主姓名"), required=True, longest=40, calls=True
    ),
    Column(
        "id_number",
        "证件号码",
        ("身份证号", "身份证号码", "身份证", "公民身份号码", "证件号", "社会保障号码"),
        reads=kinds.IDENTITY,
        required=True,
        width=22,
    ),
    Column(
        "told_on",
        "发现日期",
        ("预警日期", "推送日期", "筛查日期", "发现时间", "预警时间"),
        reads=kinds.DAY,
        hint="部门发现的那一天，期限从这一天起算；不填的按导入的当天",
    ),
    Column(
        "period",
        "所属期间",
        ("期间", "月份", "统计期", "数据期", "统计月份", "季度"),
        longest=20,
        hint="如 2022年4月；同一部门、同一人、同一事项、同一期间的只记一次",
    ),
    Column("note", "情况说明", ("说明", "备注", "事由", "原因"), longest=300, width=30),
    Column(
        "place",
        "村（社区）",
        ("村", "行政村", "村名", "所在村"),
        longest=60,
        hint="登记簿里没有的人由这个村核对",
    ),
    Column("phone", "联系电话", ("电话", "手机", "手机号码"), longest=20),
    Column("record", "部门记录编号", ("记录编号", "流水号", "业务编号"), longest=60, width=20),
)
AMOUNT = "amount"
_AMOUNTS = (
    "金额",
    "自付金额",
    "个人自付",
    "自付费用",
    "个人负担",
    "损失金额",
    "救助金额",
    "拖欠金额",
    "逾期金额",
)


def key_of(code: str, department: str, matter: str) -> str:
    """The key of a list's target: its place, department and matter."""
    return f"{code}-{department}-{matter}"


def _target(session: Session, actor: Account, key: str) -> Target:
    """A place, a department, a matter: ``<12 digits>-medical_insurance-medical_costs``."""
    code, _, rest = key.partition("-")
    department, _, name = rest.partition("-")
    known = text.whole(code, 10**12) is not None and len(code) == 12 and access.level_of(code) in LEVELS
    if not known or not access.reaches(actor, code, SENDS):
        raise NotFound("没有这个地方，或者不归您导入部门名单。")
    matter = matters.get(department, name)
    if matter.amount and not Bars(session, department, name, date.max).touches(code):
        raise Conflict(NO_BAR.format(matter.name))
    place = divisions.get(session, code)
    title = f"{place.name}　{matters.title(department, name)}"
    return Target(key, title, {"channel": Channel(code, department, matter, place.name, actor.id)})


def _columns(_session: Session, target: Target) -> list[Column]:
    """Those of every list, and the matter's amount."""
    matter = _channel(target).matter
    if not matter.amount:
        return list(COLUMNS)
    amount = Column(AMOUNT, matter.amount, _AMOUNTS, reads=kinds.NUMBER, required=True, hint="元")
    return [*COLUMNS[:4], amount, *COLUMNS[4:]]


def _channel(target: Target) -> Channel:
    found: Channel = target.parts["channel"]
    return found


def _foreign(session: Session, target: Target, key: str) -> str:
    """The sentence for a template of another place, department or matter."""
    code, _, rest = key.partition("-")
    channel = _channel(target)
    if code != channel.division_code:
        name = divisions.names(session, [code]).get(code, "不详")
        return f"这是别的地方（{name}）的模板：这里只收{channel.place}的名单，请下载这里的模板。"
    department, _, matter = rest.partition("-")
    said = matters.title(department, matter)
    return f"这是另一种名单（{said[:60]}）的模板：请下载这里的模板，把内容复制过去再上传。"


def _shared(target: Target) -> str:
    """What the columns of a department's lists are is asked once in an office, whoever sends them."""
    channel = _channel(target)
    return f"dept:{channel.department}:{channel.division_code[:6]}"


# -- rows ------------------------------------------------------------------------------------------


def _told(one: Sent) -> Told:
    said = one.values
    day, amount = said.get("told_on"), said.get(AMOUNT)
    return Told(
        name=text.name(str(said["name"]))[:40],
        id_number=str(said["id_number"]),
        told_on=date.fromisoformat(day) if day else None,
        period=text.half(str(said.get("period", "")))[:20],
        amount=Decimal(amount).quantize(Decimal("0.01")) if amount is not None else None,
        note=str(said.get("note", "")),
        place=str(said.get("place", "")),
        phone=str(said.get("phone", "")),
        record=text.half(str(said.get("record", "")))[:60],
    )


def _faults(told: Told, today: date) -> list[Fault]:
    """What no list can mean."""
    faults = []
    if why := statements.wrong_day(told.told_on, today):
        faults.append(Fault("told_on", why, "核对日期；发现日期是部门发现的那一天，不是名单的期间"))
    if told.amount is not None and not 0 <= told.amount <= statements.MOST_AMOUNT:
        faults.append(
            Fault(AMOUNT, "金额不合理", f"填 0 到 {results.yuan(statements.MOST_AMOUNT)} 之间的数，单位是元")
        )
    return faults


def _check(
    session: Session, _actor: Account, target: Target, sent: Sequence[Sent], clock: Clock
) -> list[Judged]:
    now, channel = clock.now(), _channel(target)
    told = [_told(one) for one in sent]
    wrong = [_faults(one, local_date(now)) for one in told]
    good = [one for one, faults in zip(told, wrong, strict=True) if not faults]
    outcomes = iter(taking.expected(session, channel, good, now))
    answer = []
    for one, faults in zip(told, wrong, strict=True):
        if faults:
            answer.append(Judged(faults))
        else:
            answer.append(_judged(next(outcomes), statements.key_of(channel, one)))
    return answer


def _judged(outcome: Outcome, key: str) -> Judged:
    if outcome.kind == results.REFUSED:
        return Judged([Fault("", outcome.text)])
    return Judged(same=outcome.kind == results.SAME, key=key, note=outcome.text)


def _write(
    session: Session, _actor: Account, target: Target, sent: Sequence[Sent], clock: Clock
) -> list[Become]:
    now, channel = clock.now(), _channel(target)
    assert target.import_id is not None
    batch = batches.of_import(session, channel, target.import_id, now)
    outcomes = taking.take(session, batch, channel, [_told(one) for one in sent], now)
    return [_become(outcome) for outcome in outcomes]


def _become(outcome: Outcome) -> Become:
    if outcome.kind == results.REFUSED:
        return Become("refused", [Fault("", outcome.text)])
    kind = "same" if outcome.kind == results.SAME else "done"
    return Become(kind, note=outcome.text, made_id=outcome.row_id)


KIND = ImportKind(
    NAME,
    "部门名单",
    "人",
    _target,
    _columns,
    _check,
    _write,
    foreign=_foreign,
    shared=_shared,
    most=200_000,
)


def places(session: Session, actor: Account) -> list[tuple[str, str]]:
    """The places for which the actor lets lists in: those of the own grants; code and name."""
    return sorted(divisions.names(session, access.offices(actor, SENDS, LEVELS)).items())
