"""What an instance's diagram asks of the world, answered in the transaction of a step."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from engine.casework.organisation import calendar
from engine.flow import services, vocabulary
from engine.ground.errors import EngineFault

if TYPE_CHECKING:
    from engine.casework.step.steps import Step


class LiveHost:
    """Runs services in the step's own transaction."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        """Call the registered service; its errors roll the step back."""
        known = vocabulary.used().service.get(name)
        if known is None:
            raise EngineFault(f"服务“{name}”没有登记。")
        return services.call(known, self._step.call(element_id, token), parameters)

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        """The record keeps decisions; nothing more to do."""

    def workdays(self, day: date, count: int) -> date:
        """The day that is `count` working days after `day`, by the editable calendar."""
        return calendar.workdays_after(self._step.session)(day, count)
