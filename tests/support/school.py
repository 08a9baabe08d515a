"""Another field on the same casework: meals for the pupils of a village school, with a table, a diagram and
a service of its own. Nothing of it is the product's, and nothing of the product's field is needed for it.

Run as a programme it plays one case and writes down what became of it, and which modules that took.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import String, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.casework import acts, audit, kit, own
from engine.casework.acts import openings
from engine.casework.audit import verification
from engine.casework.definitions import deployment
from engine.casework.kit import Kit, Subjects
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account, CaseFile, Division, Notification, RoleGrant, WorkItem
from engine.casework.organisation import access
from engine.casework.papers import register
from engine.casework.papers.contents import Listed, Terms
from engine.casework.papers.paper import Column, Paper
from engine.casework.telling import notification_rules
from engine.casework.time import timers
from engine.flow.diagram.element import Element
from engine.flow.diagram.resources import Resources
from engine.flow.services import Service
from engine.flow.vocabulary import Given, PaperKind
from engine.ground.clock import CHINA, MovableClock
from engine.ground.database import create_engine, session_factory, write
from engine.ground.errors import NotFound
from engine.ground.tables import Base

VILLAGE, TOWNSHIP = "410325103202", "410325103000"
START = datetime(2022, 5, 5, 9, tzinfo=CHINA).astimezone(UTC)


class Pupil(Base):
    """Whom this field's cases are about."""

    __tablename__ = "pupil"
    id: Mapped[int] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(40))
    year: Mapped[int]
    meals: Mapped[bool] = mapped_column(default=False)


def _look_up(session: Session, actor: Account, pupil_id: int) -> Pupil:
    pupil = session.get(Pupil, pupil_id)
    if pupil is None or not access.reaches(actor, pupil.village_code):
        raise NotFound("没有找到这名学生。")
    return pupil


def _first_variables(session: Session, pupil: Pupil, day: date) -> dict[str, Any]:
    return {"pupil": {"year": pupil.year}, "opened_on": day.isoformat()}


def _opens_for(start: Element, pupil: Pupil) -> bool:
    return "enrolled" in openings.opens_for(start)


def _facts(session: Session, pupil_id: int, village_code: str, _: date, *_more: object) -> dict[str, Any]:
    pupil = session.get_one(Pupil, pupil_id)
    return {"name": pupil.name, "year": pupil.year}


def _listed(session: Session, cases: Sequence[CaseFile]) -> Mapping[int, Listed]:
    return {case.id: Listed(village="下庙村", group="", head=case.subject, size=1) for case in cases}


def _wording(terms: Terms, listed: Sequence[Listed]) -> Paper:
    rows = tuple((str(number), one.head) for number, one in enumerate(listed, 1))
    return Paper(
        kind="meal_list",
        title=f"{terms.place}{terms.matter}",
        number="",
        addressee="",
        paragraphs=(f"{terms.basis}。",),
        closing=(),
        signature=terms.signature,
        dated="",
        columns=(Column("序号", 3), Column("学生", 5)),
        rows=rows,
    )


def _grant(call: ServiceCall, lunches: int) -> dict[str, Any]:
    call.session.get_one(Pupil, call.case.subject_id).meals = True
    return {"lunches": lunches}


def _withhold(call: ServiceCall, result: Any) -> None:
    call.session.get_one(Pupil, call.case.subject_id).meals = False


KIT = own.KIT | Kit(
    subjects=(
        Subjects(
            kind="",
            words="学生",
            known_as="pupil",
            model=Pupil,
            series="",
            known_since="opened_on",
            called=lambda name: f"学生{name}",
            look_up=_look_up,
            first_variables=_first_variables,
            opens_for=_opens_for,
            concerned=lambda start: true(),
            listed=_listed,
        ),
    ),
    services=(Service("meals.grant", "供餐", "记下供几顿", _grant, {"lunches": "几顿午餐"}, undo=_withhold),),
    given=(
        Given("pupil.year", "年级", "number", steady=True),
        Given("opened_on", "启动日期", "day", steady=True),
    ),
    opens_for={"enrolled": "在校学生"},
    registered={"pupil": ("name", "year")},
    prefills={"pupil": _facts},
    papers=(PaperKind("meal_list", "供餐名单", "township", "village", "供餐", listed=True),),
    wordings={"meal_list": _wording},
)


def _properties(**named: str) -> str:
    inner = "".join(
        f"<spiffworkflow:property name=\"{name.replace('__', ':')}\" value='{value}'/>"
        for name, value in named.items()
    )
    return f"<spiffworkflow:properties>{inner}</spiffworkflow:properties>"


def _extended(inner: str) -> str:
    return f"<bpmn:extensionElements>{inner}</bpmn:extensionElements>"


GRANT = (
    '<spiffworkflow:serviceTaskOperator id="meals.grant" resultVariable="granted"><spiffworkflow:parameters>'
    '<spiffworkflow:parameter id="lunches" type="string" value="apply.days"/>'
    "</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
)
APPLY = _properties(queue="village", formKey="meal_application", variable="apply")
AGREE = _properties(
    queue="township",
    formKey="meal_consent",
    variable="agree",
    list="meal_list",
    paper__matter='"供餐学生"',
    paper__basis='"按" + string(pupil.year) + "年级学生的申请"',
)
DIAGRAM = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="d" targetNamespace="t">'
    '<bpmn:process id="meals" name="学校供餐" isExecutable="true">'
    f'<bpmn:startEvent id="begin" name="开始">{_extended(_properties(queue="village", opensFor="enrolled"))}'
    "</bpmn:startEvent>"
    f'<bpmn:userTask id="apply" name="申请供餐">{_extended(APPLY)}</bpmn:userTask>'
    '<bpmn:boundaryEvent id="five_days" name="满5天" attachedToRef="apply" cancelActivity="false">'
    f"{_extended(_properties(warnDays='1'))}"
    '<bpmn:timerEventDefinition id="five_days_timer"><bpmn:timeDuration>P5D</bpmn:timeDuration>'
    "</bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    f'<bpmn:serviceTask id="grant" name="供餐">{_extended(GRANT)}</bpmn:serviceTask>'
    f'<bpmn:userTask id="agree" name="乡级同意">{_extended(AGREE)}</bpmn:userTask>'
    '<bpmn:endEvent id="late" name="已提醒"/>'
    f'<bpmn:endEvent id="fed" name="已供餐">{_extended(_properties(outcome="fed"))}</bpmn:endEvent>'
    + "".join(
        f'<bpmn:sequenceFlow id="{one}_{other}" sourceRef="{one}" targetRef="{other}"/>'
        for one, other in (
            ("begin", "apply"),
            ("apply", "grant"),
            ("grant", "agree"),
            ("agree", "fed"),
            ("five_days", "late"),
        )
    )
    + "</bpmn:process></bpmn:definitions>"
).encode()


def _form(*components: Mapping[str, Any]) -> bytes:
    return json.dumps({"components": components}, ensure_ascii=False).encode()


FORMS = Resources(
    {
        "meal_application": _form(
            {
                "type": "textfield",
                "key": "pupil",
                "label": "学生",
                "readonly": True,
                "properties": {"prefill": "pupil.name"},
            },
            {
                "type": "number",
                "key": "days",
                "label": "几天",
                "validate": {"required": True, "min": 1, "max": 200},
            },
        ),
        "meal_consent": _form({"type": "textfield", "key": "remark", "label": "意见"}),
    }
)


def _people(session: Session) -> None:
    session.add(Division(code=VILLAGE, name="下庙村民委员会", path="下庙村", level="village"))
    session.add(Division(code=TOWNSHIP, name="城关镇", path="城关镇", level="township"))
    for username, role, place in (
        ("cun", "village_official", VILLAGE),
        ("xiang", "township_reviewer", TOWNSHIP),
    ):
        account = Account(username=username, name=username, password_hash="", created_at=START)
        account.grants.append(RoleGrant(role=role, division_code=place))
        session.add(account)
    session.add(Pupil(village_code=VILLAGE, name="李小花", year=3))


def play(url: str) -> dict[str, Any]:
    """One case from its start to its paper; answers what became of it."""
    kit.use(KIT)
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    sessions, clock = session_factory(engine), MovableClock(at=START)
    with sessions() as session:
        with write(session):
            _people(session)
            notification_rules.seed(session)
        deployment.deploy(session, None, DIAGRAM, FORMS, "", START)
        cun, xiang = session.scalars(select(Account).order_by(Account.id)).all()
        pupil = session.scalars(select(Pupil)).one()
        offered = [one.key for one in openings.startable(session, cun, pupil)]
        case = openings.open_by_hand(session, cun, pupil.id, "meals", {}, clock=clock)
        clock.set(START + timedelta(days=6))
        fired = timers.fire_due(sessions, clock)
        apply = session.scalars(select(WorkItem)).one()
        acts.claim(session, cun, apply.id, clock=clock)
        acts.complete(session, cun, apply.id, {"days": "120"}, clock=clock)
        agree = session.scalars(select(WorkItem).where(WorkItem.status == "open")).one()
        acts.complete(session, xiang, agree.id, {}, clock=clock)
        [paper] = register.issue(session, xiang, "meal_list", [agree.id], clock.now())
        session.expire_all()
        return {
            "offered": offered,
            "fired": fired,
            "case": [case.subject, case.status, case.outcome, case.lamp_floor, str(case.discovery_date)],
            "bell": session.scalars(select(Notification.text).order_by(Notification.id)).all(),
            "meals": pupil.meals,
            "paper": [paper.number, paper.title, (paper.content or {})["rows"]],
            "history": [entry.kind for entry in audit.history(session, case.id)],
            "broken": list(verification.verify(session)),
        }


if __name__ == "__main__":
    found = play(sys.argv[1])
    rooms = sorted({".".join(name.split(".")[:2]) for name in sys.modules if name.startswith("engine.")})
    print(json.dumps({**found, "rooms": rooms}, ensure_ascii=False))
