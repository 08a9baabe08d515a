"""The others' work on our engine: six user tasks with a form of four fields, a choice and a timer, drawn and
put into force as an office would, with the queues, the history and the log that every case has.
"""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.acts.starting import start_case
from engine.casework.definitions import deployment
from engine.casework.models import CaseFile, WorkItem
from engine.casework.time import timers
from engine.flow.diagram.resources import Resources
from engine.prevention.models import Household
from web.bench.measure import Figures, Watch
from web.bench.world import START, Driver, prepare

FLOW = Path(__file__).parent / "peer_flows" / "ours"
KEY = "same_work"
STEPS = ("verify", "sign", "submit", "match", "appraise", "approve")
FORM = {"outcome": "agree", "remark": "情况属实", "size": 4, "income": 11800}


def measure(cases: int) -> Figures:
    """Steps a second and processor milliseconds a step, on a SQLite file of its own."""
    with tempfile.TemporaryDirectory(prefix="shouwang-bench-") as folder:
        driver = Driver(prepare(f"sqlite:///{Path(folder) / 'bench.sqlite'}"), 1)
        watch = Watch()
        with driver.sessions() as session:
            paper = (FLOW / "paper.json").read_bytes()
            diagram = (FLOW / "flow.bpmn").read_bytes()
            deployment.deploy(session, None, diagram, Resources({"paper": paper}), "对照", START)
            for number in range(cases + 1):
                _through(driver, session, watch)
                if not number:  # the first fills the caches
                    watch.clear()
    found = watch.figures()
    return {
        "version": version("shouwang"),
        "steps": found["count"],
        **{name: found[name] for name in ("per_second", "median_ms", "cpu_ms")},
    }


def _through(driver: Driver, session: Session, watch: Watch) -> None:
    """One case of a new household, each step in the watch; its clue and its timer outside."""
    driver.clock.set(START)
    entered = session.get_one(CaseFile, driver.enter(session)[0])
    household = session.get_one(Household, entered.subject_id)
    actor = driver.people["village"]
    case = start_case(session, actor, KEY, household, {}, clock=driver.clock)
    for name in STEPS:
        if name == "appraise":
            timers.fire_due(driver.sessions, driver.clock)
        query = select(WorkItem.id).where(
            WorkItem.case_id == case.id, WorkItem.element_id == name, WorkItem.status == "open"
        )
        item = session.scalars(query).one()
        session.commit()
        with watch.one():
            acts.complete(session, actor, item, dict(FORM), clock=driver.clock)
    session.refresh(case)
    if case.status == "open":
        raise RuntimeError("the case has not come to its end")
