"""R02: whoever meets the conditions is admitted, whoever is out of risk is marked.

No quota, cap or ratio anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from engine.casework.models import Setting
from engine.flow import vocabulary
from engine.flow.decisions import parse_decision
from engine.flow.diagram import xml as x
from engine.flow.diagram.resources import read_resources
from engine.flow.forms.schema import walk
from engine.flow.machine.definition import Definition
from engine.ground.tables import Base
from engine.prevention.installation import ROOT
from engine.prevention.models import Household
from engine.prevention.register import beginnings
from engine.prevention.register.observations import facts
from tests.support.world import World

FORBIDDEN = re.compile(
    r"quota|(?<![a-z])cap(?![a-z])|(?<![a-z])ratio(?![a-z])|percent|share_of|headcount"
    r"|max_admi|max_elim|target_(?:count|number|rate)"
    r"|名额|指标数|控制数|规模控制|限额|比例|(?:消除|纳入|监测对象|户数).{0,4}占比|不超过.{0,6}户|最多.{0,6}户|至少.{0,6}户|完成率|消除率|纳入率"
)
RESOURCES = read_resources(ROOT)


def _names() -> Iterator[tuple[str, str]]:
    """Every name and text by which a table, form, decision, diagram or service could limit how many."""
    for table in Base.metadata.tables.values():
        yield f"table {table.name}", table.name
        for column in table.columns:
            yield f"column {table.name}.{column.name}", column.name
    for key, body in RESOURCES.form.items():
        for component in walk(json.loads(body)["components"]):
            yield f"form {key}", json.dumps(component, ensure_ascii=False)
    for key, body in RESOURCES.decision.items():
        yield f"decision {key}", body.decode()
    for path in sorted((ROOT / "bpmn").glob("*.bpmn")):
        for node in x.parse_xml(path.read_bytes()).iter():
            if isinstance(node.tag, str) and x.local(node) not in (
                "documentation",
                "text",
            ):  # prose may forbid it
                yield f"diagram {path.stem}", " ".join([node.text or "", *map(str, node.attrib.values())])
    for name, service in vocabulary.used().service.items():
        yield f"service {name}", " ".join([name, *service.parameters])


@pytest.mark.duty("R02")
def test_nothing_limits_how_many_are_admitted_or_eliminated() -> None:
    found = [(where, text.strip()[:120]) for where, text in _names() if FORBIDDEN.search(text)]
    assert found == []


@pytest.mark.duty("R02")
def test_the_walk_would_see_a_quota() -> None:
    for text in ("village_quota", "eliminated_ratio", "本村名额", "每村最多 5 户", "风险消除率"):
        assert FORBIDDEN.search(text), text


@pytest.mark.duty("R02")
def test_a_diagram_can_only_read_of_its_own_household(small_world: World) -> None:
    """What conditions and decisions may read: the case's own variables;
    none of them counts other households.
    """
    case = small_world.enter()
    household = small_world.session.get_one(Household, case.household_id)
    small_world.enter(name="李四", id_number="", address="西沟2号")
    alone = facts(small_world.session, household.id, small_world.today)
    first = beginnings.first_variables(small_world.session, household, small_world.today)
    for number in range(5):
        small_world.enter(name=f"户{number}", id_number="", address=f"西沟{number + 3}号")
    assert facts(small_world.session, household.id, small_world.today) == alone
    assert beginnings.first_variables(small_world.session, household, small_world.today) == first


@pytest.mark.duty("R02")
def test_every_name_a_decision_reads_comes_from_the_case() -> None:
    read: dict[str, Any] = {}
    for key, body in RESOURCES.decision.items():
        entries = set(re.findall(r"(\w+):", body.decode()))  # a filter over contexts reads their own entries
        read[key] = {name.partition(".")[0] for name in parse_decision(body).names()} - entries
    results: set[str] = set()
    for path in sorted((ROOT / "bpmn").glob("*.bpmn")):
        definition = Definition(path.read_bytes(), RESOURCES)
        for element in definition.elements.values():
            results |= {element.variable or "", *element.settings}
        for task in re.findall(rb'resultVariable(?:" value)?="([^"]+)"', path.read_bytes()):
            results.add(task.decode())
    known = results | {
        "household",
        "monitoring_line",
        "opened_on",
        "province_managed",
        "clue",
        "discovery_date",
    }
    known |= set(RESOURCES.decision) | {"latest_clue"}
    known |= {
        name for one in vocabulary.used().consulted for name in one.given
    }  # of a page: no count of cases
    for body in RESOURCES.form.values():  # a filter over the rows of a form's list reads the row's own fields
        known |= {str(component.get("key")) for component in walk(json.loads(body)["components"])}
    for key, names in read.items():
        assert names <= known, (key, names - known)


@pytest.mark.duty("R02")
def test_no_setting_after_installation_limits_anything(small_world: World) -> None:
    keys = list(small_world.session.scalars(select(Setting.key)))
    assert [key for key in keys if FORBIDDEN.search(key)] == []


@pytest.mark.duty("R02")
def test_as_many_as_meet_the_conditions_are_admitted(small_world: World) -> None:
    for number in range(12):
        case = small_world.enter(name=f"户{number}", id_number="", address=f"东沟{number + 10}号")
        small_world.to_notice(case)
    small_world.go_to(6)
    for household in list(small_world.session.scalars(select(Household))):
        case_id = household.id
        case = small_world.case(case_id)
        small_world.finish(case, "end_notice", "cun")
        small_world.finish(case, "review", "xiang")
        small_world.finish(case, "approve", "xian")
    small_world.session.expire_all()
    statuses = list(small_world.session.scalars(select(Household.status)))
    assert statuses == ["monitored"] * 12
