"""User tasks that are done several times: multi-instance (for each of a list,
at once or one after another) and loops.

The library's own classes copy variables into every instance and keep their count in memory; here variables
live once per case, an instance keeps only its item, and the count is read off the task tree, so a stored
state needs no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from SpiffWorkflow.spiff.specs.spiff_task import SpiffBpmnTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

MAX_ROUNDS = 100
"""A loop that names no maximum ends here."""


class RepeatedTask(SpiffBpmnTask):  # type: ignore[misc]
    """Around a user task: opens its instances and goes on when they are done, or when its condition holds.

    `items` is FEEL for a list or a number; `item_variable` names the item of the instance at hand,
    `output_variable` the list that gathers `output_item` of each finished instance. Without `items` it is a
    loop: another round as long as `condition` holds, at most `maximum` rounds.
    """

    task_spec = ""  # the name of the wrapped task's spec, set by the parser

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        *,
        items: str | None,
        sequential: bool,
        condition: str,
        item_variable: str = "",
        output_variable: str = "",
        output_item: str = "",
        maximum: int = MAX_ROUNDS,
        test_before: bool = False,
        **kw: Any,
    ) -> None:
        super().__init__(wf_spec, name, **kw)
        self.items, self.sequential, self.condition = items, sequential, condition
        self.item_variable, self.output_variable, self.output_item = (
            item_variable,
            output_variable,
            output_item,
        )
        self.maximum, self.test_before = maximum, test_before

    # -- what the library calls --------------------------------------------------------------------

    def _update_hook(self, my_task: Task) -> bool:
        if my_task.has_state(TaskState.STARTED | TaskState.FINISHED_MASK):
            return False
        super()._update_hook(my_task)
        if self.output_variable:
            my_task.workflow.top_workflow.data[self.output_variable] = []
        if self.items is None:
            waiting: list[Any] = [] if self.test_before and not self._holds(my_task) else [1]
        else:
            waiting = _asked(my_task, lambda: my_task.workflow.script_engine.items(my_task, self.items))
        if not waiting:
            return True
        my_task._set_state(TaskState.STARTED)
        first, rest = (waiting[:1], waiting[1:]) if self.sequential else (waiting, [])
        if rest:
            my_task.internal_data["remaining"] = rest
        for item in first:
            self._open(my_task, item)
        return False

    def instance_completed(self, _workflow: Any, instance: Task) -> None:
        """Told by the wrapped task's spec: gather what it brought, then go on, open the next one, or wait."""
        my_task = instance.parent
        data = my_task.workflow.top_workflow.data
        if self.output_variable:
            gathered = list(data.get(self.output_variable) or [])
            data[self.output_variable] = [*gathered, data.get(self.output_item)]
        instances = [child for child in my_task.children if child.task_spec.name == self.task_spec]
        if self.items is None:
            again = len(instances) < self.maximum and self._holds(my_task)
            if len(instances) >= MAX_ROUNDS and self._holds(my_task):
                sentence = f"已经办理 {MAX_ROUNDS} 次，条件仍然成立，不再重复。"
                my_task.workflow.top_workflow.tell(self.bpmn_id, sentence)
            my_task.internal_data["remaining"] = [len(instances) + 1] if again else []
        elif self.condition and self._holds(my_task):
            my_task.internal_data.pop("remaining", None)
            for other in instances:
                other.cancel()
        remaining = my_task.internal_data.get("remaining") or []
        if remaining:
            my_task.internal_data["remaining"] = remaining[1:]
            self._open(my_task, remaining[0])
        elif all(
            child.has_state(TaskState.FINISHED_MASK) for child in my_task.children if child in instances
        ):
            my_task._set_state(TaskState.READY)

    # -- inside ------------------------------------------------------------------------------------

    def _open(self, my_task: Task, item: Any) -> None:
        child = my_task._add_child(my_task.workflow.spec.task_specs[self.task_spec], TaskState.WAITING)
        child.triggered = True  # else the library removes it as nothing that it predicted
        child.internal_data["item"] = item
        child.task_spec._update(child)

    def _holds(self, my_task: Task) -> bool:
        if not self.condition:
            return True
        return bool(_asked(my_task, lambda: my_task.workflow.script_engine.evaluate(my_task, self.condition)))


def _asked(my_task: Task, ask: Callable[[], Any]) -> Any:
    """What a question of the step comes to, which the history keeps."""
    return my_task.workflow.top_workflow.answer("repeats", my_task, ask)


def around(task: Task) -> RepeatedTask | None:
    """The repeated task that `task` is an instance of, or None."""
    spec = task.parent.task_spec if task.parent is not None else None
    return spec if isinstance(spec, RepeatedTask) and spec.task_spec == task.task_spec.name else None
