"""The lists of the desk as Excel files: what waits, was done, was begun; papers, orders, accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from engine.casework import definitions, kit
from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.kit import SUBJECT, Kit
from engine.casework.lamps import LAMPS, lamp
from engine.casework.models import Account, SupervisionOrder
from engine.casework.organisation import access, divisions
from engine.casework.organisation.identity import people
from engine.casework.organisation.privacy import masked_text
from engine.casework.papers import kinds, register
from engine.casework.portions.outgoing.sending import Asked, Given, Outgoing, portions
from engine.casework.supervision import order_lists
from engine.ground import text
from engine.ground.clock import local_date
from engine.ground.paging import whole
from engine.ground.sheets import Cell

Rows = Iterator[Sequence[Cell]]
ITEM_STATUS = {
    "open": "待办",
    "done": "已办结",
    "cancelled": "已收回",
    "returned": "已退回",
    "withdrawn": "已撤回",
}


def day(moment: date | datetime | None) -> str:
    """A day as tables have it; '' for none."""
    found = local_date(moment) if isinstance(moment, datetime) else moment
    return f"{found:%Y-%m-%d}" if found else ""


def typed(given: Given) -> str:
    """What was looked for, as the pages read it."""
    return given.get("q", "").strip()[:40]


def wanted(given: Given) -> InboxFilter:
    """The filter of 待办 as its address names it, for all of its pages."""
    numbers = {name: text.whole(given.get(name, "")) for name in kit.used().narrowings}
    return InboxFilter(
        step=given.get("step", ""),
        lamp=given.get("lamp", ""),
        text=typed(given),
        village=given.get("village", ""),
        part_of={name: number for name, number in numbers.items() if number},
        sort=given.get("sort", "due"),
        urged=given.get("urged") == "1",
    )


def _todo(asked: Asked) -> Rows:
    found = wanted(asked.given)
    items = whole(
        lambda page: inbox.todo(asked.session, asked.actor, replace(found, page=page), asked.now).items
    )
    for some in portions(items):
        paths, names = _about(asked, some)
        for item in some:
            yield [
                item.subject,
                names.get(item.procedure_key, ""),
                item.name,
                paths.get(item.village_code, ""),
                day(item.opened_at),
                day(item.due_at),
                LAMPS[lamp(item.due_at, asked.now)] if item.due_at else "",
                item.claimer.name if item.claimer is not None else "",
                "已催办" if item.urged else "",
            ]


def _done(asked: Asked) -> Rows:
    items = whole(lambda page: inbox.done(asked.session, asked.actor, page, typed(asked.given)).items)
    for some in portions(items):
        paths, names = _about(asked, some)
        for item in some:
            yield [
                item.subject,
                names.get(item.procedure_key, ""),
                item.name,
                paths.get(item.village_code, ""),
                ITEM_STATUS.get(item.status, ""),
                item.outcome,
                day(item.closed_at),
                "办理中" if item.case.status == "open" else item.case.outcome or "已结束",
            ]


def _started(asked: Asked) -> Rows:
    cases = whole(lambda page: inbox.started(asked.session, asked.actor, page).items)
    for some in portions(cases):
        paths, names = _about(asked, some)
        steps = inbox.steps_of(asked.session, [case.id for case in some])
        for case in some:
            yield [
                case.subject,
                names.get(case.procedure_key, ""),
                paths.get(case.village_code, ""),
                day(case.discovery_date),
                day(case.limit_at),
                "办理中" if case.status == "open" else case.outcome or "已结束",
                "、".join(steps.get(case.id, ())),
            ]


def _about(asked: Asked, rows: Sequence[Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The paths of the villages, and the names of the procedures."""
    return (
        divisions.paths(asked.session, {row.village_code for row in rows}),
        definitions.names(asked.session, {row.procedure_key for row in rows}),
    )


def _papers(asked: Asked) -> Rows:
    known = kinds.kinds()
    kind = asked.given.get("kind", "")
    kind = kind if kind in known else ""
    for one in whole(lambda page: register.issued(asked.session, asked.actor, kind, page).items):
        name = known[one.kind].name if one.kind in known else ""
        issuer = one.issuer.name if one.issuer is not None else ""
        yield [one.number, name, one.title or one.matter, one.count or "", day(one.issued_at), issuer]


def _orders(asked: Asked) -> Rows:
    status, today = asked.given.get("status", ""), local_date(asked.now)

    def page(number: int) -> Sequence[SupervisionOrder]:
        return order_lists.listing(asked.session, asked.actor, status, number, today=today).items

    for some in portions(whole(page)):
        paths = divisions.paths(asked.session, {one.village_code for one in some})
        for one in some:
            yield [
                one.case.subject,
                paths.get(one.village_code, ""),
                one.item.name,
                masked_text(one.matter),
                order_lists.STATUS_NAMES.get(one.status, ""),
                day(one.answer_by),
                day(one.promised_on),
                one.issuer.name,
                day(one.issued_at),
            ]


def _accounts(asked: Asked) -> Rows:
    given = asked.given
    place = given.get("division", "").strip()[:200]
    found = people.Wanted(
        text=given.get("q", "").strip()[:80],
        division=divisions.one_meant(asked.session, place) if place else "",
        role=given.get("role", ""),
        state=given.get("state", ""),
        since=given.get("since", ""),
    )

    def page(number: int) -> Sequence[Account]:
        return people.listing(asked.session, asked.actor, replace(found, page=number), asked.now).items

    for some in portions(whole(page)):
        codes = {one.division_code for one in some} | {g.division_code for one in some for g in one.grants}
        paths = divisions.paths(asked.session, codes)
        for one in some:
            roles = (
                f"{access.ROLE_NAMES[grant.role]}（{paths.get(grant.division_code, '')}）"
                for grant in one.grants
            )
            yield [
                one.name,
                one.username,
                one.post,
                paths.get(one.division_code, ""),
                "、".join(roles),
                people.standing(one, asked.now),
                day(one.last_sign_in_at),
            ]


KIT = Kit(
    outgoing={
        "todo": Outgoing("待办", f"{SUBJECT} 流程 步骤 村 开始 到期 灯 领办人 催办".split(), _todo),
        "done": Outgoing("已办", f"{SUBJECT} 流程 步骤 村 结果 说明 办理日期 现在".split(), _done),
        "started": Outgoing("我发起的", f"{SUBJECT} 流程 村 发现日期 期限 状态 正在办理".split(), _started),
        "papers": Outgoing("文书", "编号 种类 标题 列入件数 印发日期 印发人".split(), _papers),
        "orders": Outgoing(
            "督办单", f"{SUBJECT} 村 步骤 督办事项 状态 答复期限 承诺日期 督办人 发出日期".split(), _orders
        ),
        "accounts": Outgoing("账号", "姓名 账号 职务 单位 角色 状态 上次登录".split(), _accounts),
    }
)
