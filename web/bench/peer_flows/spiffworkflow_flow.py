# mypy: ignore-errors
"""Bare SpiffWorkflow with its own serializer: six user tasks, a gateway, a timer; one durable row a case.

A step reads the case's JSON, restores the workflow, completes the task, runs on and writes JSON back.
"""

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

STEPS = ("verify", "sign", "submit", "match", "appraise", "approve")
FORM = {"outcome": "agree", "remark": "情况属实", "size": 4, "income": 11800}


def diagram() -> bytes:
    """A sequence with a timer after the fourth task and a choice after the fifth."""
    tasks = "".join(f'<userTask id="{name}"/>' for name in STEPS)
    flow = [
        ("start", "verify"),
        ("verify", "sign"),
        ("sign", "submit"),
        ("submit", "match"),
        ("match", "wait"),
    ]
    flow += [("wait", "appraise"), ("appraise", "choice"), ("approve", "end")]
    plain = "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in flow)
    return f"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
      <process id="p" isExecutable="true"><startEvent id="start"/>{tasks}
      <intermediateCatchEvent id="wait"><timerEventDefinition id="t"><timeDuration>"PT0S"</timeDuration>
      </timerEventDefinition></intermediateCatchEvent>
      <exclusiveGateway id="choice" default="refused"/><endEvent id="end"/><endEvent id="stop"/>{plain}
      <sequenceFlow id="agreed" sourceRef="choice" targetRef="approve">
      <conditionExpression>outcome == "agree"</conditionExpression></sequenceFlow>
      <sequenceFlow id="refused" sourceRef="choice" targetRef="stop"/></process></definitions>""".encode()


def main(cases: int) -> None:
    """Print steps a second and CPU milliseconds a step."""
    from importlib.metadata import version

    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(diagram()))
    spec = parser.get_spec("p")
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure())
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "peer.sqlite", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, state TEXT)")
        seconds, cpu = [], []
        for case in range(cases + 1):
            workflow = BpmnWorkflow(spec)
            workflow.do_engine_steps()
            database.execute("INSERT INTO one VALUES (?, ?)", (case, serializer.serialize_json(workflow)))
            for name in STEPS:
                begun, worked = time.perf_counter(), time.process_time()
                step(database, serializer, case, name)
                if case:  # the first fills the caches
                    seconds.append(time.perf_counter() - begun)
                    cpu.append(time.process_time() - worked)
    print(
        json.dumps(
            {
                "version": version("SpiffWorkflow"),
                "steps": len(seconds),
                "per_second": round(len(seconds) / sum(seconds), 1),
                "median_ms": round(statistics.median(seconds) * 1000, 2),
                "cpu_ms": round(sum(cpu) / len(cpu) * 1000, 2),
            }
        )
    )


def step(database: sqlite3.Connection, serializer: BpmnWorkflowSerializer, case: int, name: str) -> None:
    """One user task, in a transaction."""
    database.execute("BEGIN IMMEDIATE")
    (state,) = database.execute("SELECT state FROM one WHERE id = ?", (case,)).fetchone()
    workflow = serializer.deserialize_json(state)
    (task,) = [t for t in workflow.get_tasks(state=TaskState.READY) if t.task_spec.bpmn_id == name]
    task.data.update(FORM)
    task.run()
    workflow.do_engine_steps()
    workflow.refresh_waiting_tasks()
    workflow.do_engine_steps()
    database.execute("UPDATE one SET state = ? WHERE id = ?", (serializer.serialize_json(workflow), case))
    database.execute("COMMIT")
    if name == STEPS[-1] and not workflow.is_completed():
        raise RuntimeError("the case has not come to its end")


if __name__ == "__main__":
    main(int(sys.argv[1]))
