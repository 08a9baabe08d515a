"""What opens for a household, and what its cases begin with.

Which procedures are for which households is drawn on their start events: ``opensFor`` lists statuses
(`households.STATUS_NAMES`) or types (`households.TYPE_NAMES`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Session

from engine.casework.acts.openings import opens_for
from engine.casework.kit import Kit, Subjects
from engine.casework.organisation import divisions
from engine.flow.diagram.element import Element
from engine.flow.vocabulary import Given
from engine.prevention.models import Household
from engine.prevention.register import listed, naming
from engine.prevention.register.households import finding as households
from engine.prevention.register.monitoring_lines import ruling


def first_variables(session: Session, household: Household, day: date) -> dict[str, Any]:
    """What every case begins with: the household's kind, where it lives,
    the reference line of `day` (R01).
    """
    line = ruling.in_force(session, household.village_code, day)
    kind = household.household_type
    return {
        "household": {
            "type": kind,
            "formerly_poor": kind in ("lifted_with_policy", "lifted_without_policy"),
            "status": household.status,
            "category": household.category,
        },
        "province_managed": divisions.province_managed(session, household.village_code),
        "monitoring_line": {"year": line.year, "amount": line.amount},
        "opened_on": day.isoformat(),
    }


def opens_for_household(start: Element, household: Household) -> bool:
    """Whether the start event opens for this household, by its status or its type."""
    there = household.merged_into_id is None and household.status != "gone"
    wanted = opens_for(start) if there else []
    return household.status in wanted or household.household_type in _types(wanted)


def concerned(start: Element) -> ColumnElement[bool]:
    """SQL: the households that the start event opens for."""
    wanted = opens_for(start)
    named = or_(Household.status.in_(wanted), Household.household_type.in_(_types(wanted)))
    return and_(named, households.there())


def _types(wanted: list[str]) -> list[str]:
    """Of the codes those of types; a code that is both means the status."""
    return [code for code in wanted if code in naming.TYPE_NAMES and code not in naming.STATUS_NAMES]


_STATUSES = {code: name for code, name in naming.STATUS_NAMES.items() if code not in ("merged", "gone")}
KIT = Kit(
    subjects=(
        Subjects(
            kind="",
            words="农户",
            known_as="household",
            model=Household,
            heading=naming.HEAD,
            unit="户",
            series="防返贫",
            business="防返贫监测和帮扶",
            known_since="discovery_date",  # R06: of the earliest clue
            called=lambda name: f"{name}户",
            look_up=households.view,
            first_variables=first_variables,
            opens_for=opens_for_household,
            concerned=concerned,
            listed=listed.of_cases,
        ),
    ),
    given=(
        Given("household.type", "农户类型", "string", steady=True),
        Given("household.formerly_poor", "是否脱贫户", "boolean", steady=True),
        Given("household.status", "在名册里的状态", "string", steady=True),
        Given("household.category", "监测对象类别", "string", steady=True),
        Given("province_managed", "是否省直管县", "boolean", steady=True),
        Given("monitoring_line.year", "监测范围的年度", "number", steady=True),
        Given("monitoring_line.amount", "现行监测范围（元）", "number", steady=True),
        Given("opened_on", "启动日期", "day", steady=True),
    ),
    opens_for={**naming.TYPE_NAMES, **_STATUSES},
    log_groups={
        "household": "农户登记",
    },
    log_objects={
        "household": "农户",
    },
    log_kinds={
        "contact": "改农户的电话住址",
        "registered_twice": "重复登记被拒绝",
        "member_change": "登记成员变动",
        "member_change_undone": "撤销成员变动",
        "member_proof": "查看变动的证明",
    },
    log_facts={
        "household": "农户",
        "proof": "证明材料",
        "village": "村",
    },
)
