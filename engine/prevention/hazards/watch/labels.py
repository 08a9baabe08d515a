"""What people know of a place and no register can tell (R31, Q60): with a reason; ended, never deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.casework.models import Account, Division
from engine.casework.organisation import access, divisions
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.models import AreaLabel

KINDS = {
    "key_county": "乡村振兴重点帮扶县",
    "heavy_task": "巩固脱贫成果任务较重县",
    "low_share": "监测对象占比明显偏低的县",
    "resettlement": "规模较大的易地搬迁安置区",
    "high_open_share": "未消除风险占比较高的乡镇",
    "weak_village": "组织软弱涣散且监测对象较少的村",
    "other": "其他区域",
}
"""The seven kinds of the plan, 二(四)2, in its order."""
LABELS = {
    "key_county": ("county",),
    "heavy_task": ("county",),
    "resettlement": ("township", "village"),
    "weak_organisation": ("village",),
    "other": ("county", "township", "village"),
}
"""What is said by hand, and of places of which levels."""
NAMES = {**KINDS, "weak_organisation": "基层组织软弱涣散"}
ON_LIST = frozenset(LABELS) & frozenset(KINDS)
"""Labels that bring a place onto the list by themselves; another is one of two conditions."""
SETS = frozenset({"county_approver", "city_reviewer", "province_reviewer"})


def may(actor: Account, division_code: str) -> bool:
    """Whether the actor labels a place: from a desk above it."""
    return any(
        grant.role in SETS
        and access.scope_of(grant.division_code).holds(division_code)
        and access.above(access.level_of(grant.division_code), access.level_of(division_code))
        for grant in actor.grants
    )


def offers(actor: Account, kind: str) -> bool:
    """Whether the actor may say this of some place."""
    return any(
        grant.role in SETS
        and any(access.above(access.level_of(grant.division_code), level) for level in LABELS[kind])
        for grant in actor.grants
    )


@whole
def put(
    session: Session,
    actor: Account,
    typed_place: str,
    kind: str,
    reason: str,
    since: date | None,
    *,
    clock: Clock,
) -> AreaLabel:
    """Label a place, written as its name, path or code. Raises Invalid, NotAllowed, Conflict."""
    access.require_role(actor, *SETS)
    wrong: dict[str, list[str]] = {}
    if kind not in LABELS:
        wrong["kind"] = ["标注：请选择。"]
    if not text.line(reason) or len(text.line(reason)) > 300:
        wrong["reason"] = ["理由：请填写依据，不超过 300 字。"]
    if since is None or since > local_date(clock.now()):
        wrong["since"] = ["认定日期：请填写，不能晚于今天。"]
    code = _place(session, actor, typed_place, kind, wrong)
    if wrong or since is None:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    if not may(actor, code):
        raise NotAllowed("标注由上一级作出：村、乡镇由县级，县由市级、省级。")
    label = AreaLabel(
        division_code=code,
        kind=kind,
        reason=text.line(reason),
        since=since,
        set_by=actor.id,
        set_at=clock.now(),
    )
    with write(session):
        session.execute(
            select(Division.id).where(Division.code == code).with_for_update()
        )  # one after another
        same = select(AreaLabel.id).where(AreaLabel.division_code == code, AreaLabel.kind == kind)
        if session.scalar(same.where(AreaLabel.ended_at.is_(None)).limit(1)) is not None:
            raise Conflict("这个地方已经有这项标注。")
        session.add(label)
    return label


def _place(session: Session, actor: Account, typed: str, kind: str, wrong: dict[str, list[str]]) -> str:
    """The code of the one place that is meant, of the levels that a label of this kind is for, in reach."""
    levels = LABELS.get(kind, ())
    codes = divisions.meant(session, [typed])[typed] if text.line(typed) else []
    here = [code for code in codes if access.reaches(actor, code, SETS) and access.level_of(code) in levels]
    if len(here) == 1:
        return here[0]
    if here:
        wrong["place"] = ["地方：有几处同名，请填全称或 12 位区划代码。"]
    else:
        names = "、".join(access.QUEUE_NAMES[level].removesuffix("级") for level in levels)
        wrong["place"] = [f"地方：请填您负责范围内的{names}。" if names else "地方：请填写。"]
    return ""


@whole
def end(session: Session, actor: Account, label_id: int, reason: str, *, clock: Clock) -> None:
    """A label holds no longer. Raises NotFound, NotAllowed, Invalid, Conflict."""
    label = session.get(AreaLabel, label_id)
    if label is None or not access.reaches(actor, label.division_code, SETS):
        raise NotFound("没有找到这项标注。")
    if not may(actor, label.division_code):
        raise NotAllowed("标注由上一级取消。")
    if not text.line(reason):
        raise Invalid("请写明取消的理由。", {"ended_reason": ["理由：请填写。"]})
    with write(session):
        session.refresh(label, with_for_update=True)
        if label.ended_at is not None:
            raise Conflict("这项标注已经取消。")
        label.ended_by, label.ended_at, label.ended_reason = actor.id, clock.now(), text.line(reason)[:300]


def listing(session: Session, actor: Account, page: int = 1) -> Page[AreaLabel]:
    """The labels that stand in the actor's reach, by place."""
    query = select(AreaLabel).where(
        AreaLabel.ended_at.is_(None),
        access.within(AreaLabel.division_code, access.scopes(actor, access.WATCH_ROLES)),
    )
    ordered = query.order_by(AreaLabel.division_code, AreaLabel.kind).options(joinedload(AreaLabel.setter))
    return page_of(session, query, ordered, page)


def standing(session: Session, county: str) -> dict[str, list[AreaLabel]]:
    """The labels that stand in a county, by place."""
    scope = access.scope_of(county)
    query = select(AreaLabel).where(
        AreaLabel.ended_at.is_(None), AreaLabel.division_code.between(scope.low, scope.high)
    )
    found: dict[str, list[AreaLabel]] = {}
    for label in session.scalars(query.order_by(AreaLabel.id)):
        found.setdefault(label.division_code, []).append(label)
    return found


def kinds(labels: Collection[AreaLabel]) -> Sequence[str]:
    """The kinds of some labels."""
    return [label.kind for label in labels]
