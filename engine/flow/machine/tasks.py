"""The tasks that work by themselves: calls, services, decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import CallActivity as LibraryCallActivity
from SpiffWorkflow.spiff.specs.defaults import SubWorkflowTask
from SpiffWorkflow.spiff.specs.spiff_task import SpiffBpmnTask
from SpiffWorkflow.task import Task

from engine.flow.feel.values import to_plain
from engine.flow.machine.script import answers_of, apply_settings
from engine.flow.machine.workflow import case_of


class _Running:
    """Runs a process. The library copies the task's own data into it and back: ours has none."""

    def copy_data(self, my_task: Task, process: Any) -> None:
        """Nothing: variables live with the case."""

    def update_data(self, my_task: Task, process: Any) -> None:
        """Nothing, likewise."""


class EmbeddedProcess(_Running, SubWorkflowTask):  # type: ignore[misc]
    """Runs the process that is drawn within it."""


class CallActivity(_Running, LibraryCallActivity):  # type: ignore[misc]
    """Calls a process after setting the variables that its ``set:`` properties name."""

    def __init__(self, wf_spec: Any, name: str, settings: Mapping[str, str], **kw: Any) -> None:
        super().__init__(wf_spec, name, **kw)
        self.settings = settings

    def start_workflow(self, my_task: Task) -> None:
        """Begin the called process."""
        apply_settings(my_task, self.settings)
        super().start_workflow(my_task)


class ServiceTask(SpiffBpmnTask):  # type: ignore[misc]
    """Calls a registered function with FEEL parameters; its result becomes a case variable."""

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        operation: str,
        parameters: dict[str, str],
        result: str | None,
        **kw: Any,
    ) -> None:
        super().__init__(wf_spec, name, **kw)
        self.operation = operation
        self.parameters = parameters
        self.result_variable = result

    def _run_hook(self, task: Task) -> bool:
        top = case_of(task)
        answers = answers_of(task)
        asked = {} if top.replaying() else self.parameters
        values = {key: to_plain(answers.value(task, text)) for key, text in asked.items()}
        result = top.host.call_service(self.bpmn_id, top.token_of(task), self.operation, values)
        if self.result_variable:
            top.data[self.result_variable] = result
        return True


class DecisionTask(SpiffBpmnTask):  # type: ignore[misc]
    """Takes a decision of a decision table; its result becomes a case variable."""

    def __init__(self, wf_spec: Any, name: str, decision_id: str, result: str, **kw: Any) -> None:
        super().__init__(wf_spec, name, **kw)
        self.decision_id = decision_id
        self.result_variable = result

    def _run_hook(self, task: Task) -> bool:
        top = case_of(task)
        result = top.answer("decisions", task, lambda: answers_of(task).decide(task, self.decision_id))
        top.host.decided(self.bpmn_id, self.decision_id, result)
        top.data[self.result_variable] = result
        return True
