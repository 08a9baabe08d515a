"""SpiffWorkflow's parser, building our timers, services, decisions, calls and repeated steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from SpiffWorkflow.bpmn.parser.BpmnParser import full_tag
from SpiffWorkflow.bpmn.parser.event_parsers import EventBasedGatewayParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import ConditionalGatewayParser, GatewayParser
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    EndEvent,
    EventBasedGateway,
    IntermediateCatchEvent,
    StartEvent,
)
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.spiff.parser.event_parsers import (
    SpiffBoundaryEventParser,
    SpiffEndEventParser,
    SpiffIntermediateCatchEventParser,
    SpiffStartEventParser,
)
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.spiff.parser.task_spec import SpiffTaskParser, SubWorkflowParser
from SpiffWorkflow.spiff.specs.defaults import ManualTask, UserTask
from SpiffWorkflow.spiff.specs.spiff_task import SpiffBpmnTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.flow.diagram import xml as x
from engine.flow.diagram.element import settings_of
from engine.flow.diagram.properties import COUNTS_FROM, FORM_KEY, RESULT_VARIABLE, VARIABLE
from engine.flow.feel import strip_equals
from engine.flow.machine.gateways import ExclusiveGateway, InclusiveGateway, ParallelGateway, ProcessSpec
from engine.flow.machine.repetition import MAX_ROUNDS, RepeatedTask
from engine.flow.machine.tasks import CallActivity, DecisionTask, EmbeddedProcess, ServiceTask
from engine.flow.machine.timers import CountsFrom, FeelCycle, FeelTimer
from engine.flow.machine.waits import BoundaryEventJoin, RecurringEvent


class _TimerParsing:
    """Builds our timer for every kind of timer event."""

    def parse_timer_event(self, event: Any) -> FeelTimer:
        """The timer of a timerEventDefinition node."""
        for kind, timer in (("timeDate", FeelTimer), ("timeDuration", FeelTimer), ("timeCycle", FeelCycle)):
            node = event.find(full_tag(kind))
            if node is not None:
                holder: Any = self.node  # type: ignore[attr-defined]
                start = self._counts_from(holder)
                return timer(holder.get("name") or holder.get("id"), node.text or "", holder.get("id"), start)
        raise ValueError("timer without timeDate, timeDuration or timeCycle")

    def _counts_from(self, holder: Any) -> CountsFrom | None:
        """The step whose dates the timer counts from, when the diagram names one."""
        step_id = COUNTS_FROM.text(x.properties(holder))
        step = next((n for n in holder.getroottree().iter(f"{{{x.BPMN}}}*") if n.get("id") == step_id), None)
        if not step_id or step is None:
            return None
        given = x.properties(step)
        return CountsFrom(step_id, VARIABLE.text(given) or FORM_KEY.text(given))


class _StartParser(_TimerParsing, SpiffStartEventParser):  # type: ignore[misc]
    pass


class _CatchParser(_TimerParsing, SpiffIntermediateCatchEventParser):  # type: ignore[misc]
    pass


class _BoundaryParser(_TimerParsing, SpiffBoundaryEventParser):  # type: ignore[misc]
    def _create_task(self, event_definition: Any, cancel_activity: bool | None = None) -> Any:
        message = isinstance(event_definition, MessageEventDefinition)
        if isinstance(event_definition, FeelCycle) or (message and not cancel_activity):
            self.spec_class: Any = RecurringEvent
        return super()._create_task(event_definition, cancel_activity)


class _BesideParsing:
    """A step with the events beside it: the library's split before them, our join behind each."""

    def _add_boundary_event(self, events: Any) -> BoundaryEventSplit:
        parsed: Any = self
        task, name = parsed.task, parsed.bpmn_id
        split = BoundaryEventSplit(parsed.spec, f"{name}.BoundaryEventSplit", lane=task.lane)
        join = BoundaryEventJoin(
            parsed.spec, f"{name}.BoundaryEventJoin", lane=task.lane, split_task=split.name, cancel=True
        )
        for one in (task, *map(parsed.process_parser.parse_node, events)):
            split.connect(one)
            one.connect(join)
        return split


class _GatewayParser(_TimerParsing, EventBasedGatewayParser):  # type: ignore[misc]
    pass


class _ChoiceParser(ConditionalGatewayParser):  # type: ignore[misc]
    def connect_outgoing(self, outgoing_task: Any, sequence_flow_node: Any, is_default: bool) -> None:
        """Join the gateway to what follows, and let it know by which flow."""
        super().connect_outgoing(outgoing_task, sequence_flow_node, is_default)
        self.task.flow_ids = [*getattr(self.task, "flow_ids", ()), sequence_flow_node.get("id")]


class _ServiceParser(SpiffTaskParser):  # type: ignore[misc]
    def create_task(self) -> ServiceTask:
        operator = self.parse_extensions()["serviceTaskOperator"]
        parameters = {key: p["value"] for key, p in operator["parameters"].items()}
        return ServiceTask(
            self.spec,
            self.bpmn_id,
            operator["name"],
            parameters,
            operator["resultVariable"],
            **self.bpmn_attributes,
        )


class _DecisionParser(SpiffTaskParser):  # type: ignore[misc]
    def create_task(self) -> DecisionTask:
        extensions = self.parse_extensions()
        decision_id = extensions["calledDecisionId"].strip()
        result = RESULT_VARIABLE.text(extensions.get("properties", {})) or decision_id
        return DecisionTask(self.spec, self.bpmn_id, decision_id, result, **self.bpmn_attributes)


class _CallParser(_BesideParsing, SpiffTaskParser):  # type: ignore[misc]
    def create_task(self) -> CallActivity:
        settings = settings_of(self.parse_extensions().get("properties", {}))
        called = self.node.get("calledElement")
        return CallActivity(
            self.spec, self.bpmn_id, settings, subworkflow_spec=called, **self.bpmn_attributes
        )


class _SubprocessParser(_BesideParsing, SubWorkflowParser):  # type: ignore[misc]
    EVENT_SUBPROCESS_CLASS = EmbeddedProcess  # even triggeredByEvent="false" is one to the library


class _ManualTaskParser(_BesideParsing, SpiffTaskParser):  # type: ignore[misc]
    pass


class _UserTaskParser(_BesideParsing, SpiffTaskParser):  # type: ignore[misc]
    """A user task; one that repeats becomes a `RepeatedTask` around it."""

    def _add_loop_task(self, loop_characteristics: Any) -> None:
        condition = _text(loop_characteristics, "loopCondition")
        maximum = min(int(loop_characteristics.get("loopMaximum") or MAX_ROUNDS), MAX_ROUNDS)
        before = x.flag(loop_characteristics, "testBefore")
        self._repeat(items=None, sequential=True, condition=condition, maximum=maximum, test_before=before)

    def _add_multiinstance_task(self, loop_characteristics: Any) -> None:
        mark = loop_characteristics
        self._repeat(
            items=_text(mark, "loopDataInputRef") or _text(mark, "loopCardinality"),
            sequential=x.flag(mark, "isSequential"),
            condition=_text(mark, "completionCondition"),
            item_variable=_name(mark, "inputDataItem"),
            output_variable=_text(mark, "loopDataOutputRef"),
            output_item=_name(mark, "outputDataItem"),
        )

    def _repeat(self, **how: Any) -> None:
        """Put a `RepeatedTask` around the parsed task; the library then connects what follows to it."""
        original: Any = self.task
        del self.spec.task_specs[self.bpmn_id]
        around = RepeatedTask(self.spec, self.bpmn_id, bpmn_name=self.bpmn_attributes["bpmn_name"], **how)
        around.task_spec = original.name = f"{self.bpmn_id} [child]"
        self.spec.task_specs[original.name] = original
        original.inputs = [around]
        self.task: Any = around
        original.completed_event.connect(around.instance_completed)


def _text(mark: Any, name: str) -> str:
    return strip_equals((mark.findtext(full_tag(name)) or "").strip())


def _name(mark: Any, name: str) -> str:
    found = mark.find(full_tag(name))
    return "" if found is None else str(found.get("name") or found.get("id") or "")


class _ProcessParser(ProcessParser):  # type: ignore[misc]
    def create_spec(self) -> ProcessSpec:
        """The process, empty."""
        made = super().create_spec()
        return ProcessSpec(name=made.name, description=made.description, filename=made.file)


class CaseParser(SpiffBpmnParser):  # type: ignore[misc]
    """SpiffWorkflow's parser with our timers, service tasks and decisions."""

    PROCESS_PARSER_CLASS = _ProcessParser
    OVERRIDE_PARSER_CLASSES = {
        **SpiffBpmnParser.OVERRIDE_PARSER_CLASSES,
        full_tag("userTask"): (_UserTaskParser, UserTask),
        full_tag("manualTask"): (_ManualTaskParser, ManualTask),
        full_tag("subProcess"): (_SubprocessParser, EmbeddedProcess),
        full_tag("startEvent"): (_StartParser, StartEvent),
        full_tag("endEvent"): (SpiffEndEventParser, EndEvent),
        full_tag("boundaryEvent"): (_BoundaryParser, BoundaryEvent),
        full_tag("intermediateCatchEvent"): (_CatchParser, IntermediateCatchEvent),
        full_tag("eventBasedGateway"): (_GatewayParser, EventBasedGateway),
        full_tag("exclusiveGateway"): (_ChoiceParser, ExclusiveGateway),
        full_tag("parallelGateway"): (GatewayParser, ParallelGateway),
        full_tag("inclusiveGateway"): (_ChoiceParser, InclusiveGateway),
        full_tag("callActivity"): (_CallParser, CallActivity),
        full_tag("serviceTask"): (_ServiceParser, ServiceTask),
        full_tag("businessRuleTask"): (_DecisionParser, DecisionTask),
    }

    def _find_dependencies(self, process: Any) -> None:
        """Decisions are resolved by the definition, not by SpiffWorkflow's DMN parser."""
        for call in process.iter(full_tag("callActivity")):
            self.process_dependencies.add(call.get("calledElement"))


# -- what a place is asked whenever a token comes --------------------------------------------------

_OWN = ("prescript", "postscript", "io_specification", "data_input_associations", "data_output_associations")
_EVENTS = ("update_event", "run_event", "completed_event")
_IDLE = {
    "_update_hook": (TaskSpec, BpmnTaskSpec, SpiffBpmnTask),
    "_on_ready_hook": (TaskSpec,),
    "_run_hook": (TaskSpec,),
    "_on_complete_hook": (TaskSpec, BpmnTaskSpec, SpiffBpmnTask),
}
"""The library's hooks that look for what `_OWN` names and for listeners, and else do nothing."""


def trust(processes: Iterable[BpmnProcessSpec]) -> None:
    """Let what is sound in processes be tested no more, and be asked no more for what it does not have: the
    library does so whenever a place is reached, a sixth of what its moves cost.
    """
    for one in (one for process in processes for one in process.task_specs.values()):
        with suppress(WorkflowException):
            one.test()
            if _is_bare(one):
                for hook, idle in _IDLE.items():
                    if getattr(type(one), hook) in [getattr(kind, hook) for kind in idle]:
                        setattr(one, hook, _goes_on)
            one._on_ready = one._on_ready_hook
        if type(one)._predict_hook is TaskSpec._predict_hook:
            one._predict_hook = _laying_out(one.outputs)


def _is_bare(one: Any) -> bool:
    """Whether the place has no scripts and data of its own, and nobody listens there."""
    listening = any(getattr(one, name).n_subscribers() for name in _EVENTS)
    return not listening and not any(getattr(one, name, None) for name in _OWN)


def _goes_on(my_task: Task) -> bool:
    return True


def _laying_out(outputs: Sequence[Any]) -> Callable[[Task], None]:
    """Lays out what follows a task: it will come if the task will, else it may as the task may."""

    def lay_out(my_task: Task) -> None:
        state = my_task._state
        my_task._sync_children(outputs, TaskState.FUTURE if state & TaskState.DEFINITE_MASK else state)

    return lay_out
