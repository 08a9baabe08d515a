"""A calendar that is changed under running limits moves none of them: a case keeps to what it was told.

Only a move to another version, and a question that the case has never asked, meet the present calendar.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

from engine.flow.history import lines
from engine.flow.machine import codec
from engine.flow.machine.instance import Instance
from engine.flow.replay import Replay
from tests.support.histories import Case, workdays
from tests.support.small import END, NOW, START, Host, boundary, flow, process, task

DAY = timedelta(days=1)
OPENED = NOW.date().isoformat()


def _body(number: int = 5) -> str:
    """A step with a limit in working days, counted from the variable `posted_on`, then another."""
    text = f"= workdays after(date(posted_on), {number})"
    return process(
        START,
        task("ask"),
        boundary("limit", "ask", text, "false", "timeDate"),
        task("late"),
        '<bpmn:endEvent id="e2"/>',
        task("decide"),
        boundary("decided", "decide", text, "false", "timeDate"),
        task("later"),
        '<bpmn:endEvent id="e3"/>',
        END,
        flow("s", "ask"),
        flow("ask", "decide"),
        flow("decide", "e"),
        flow("limit", "late"),
        flow("late", "e2"),
        flow("decided", "later"),
        flow("later", "e3"),
    )


def _case() -> Case:
    return Case(_body(), posted_on=OPENED)


def _three_days_off(day: date, number: int) -> date:
    """The calendar after somebody has put three holidays into it."""
    return workdays(day, number) + timedelta(days=3)


class _Later(Host):
    """The world after that."""

    def workdays(self, day: date, count: int) -> date:
        return _three_days_off(day, count)


def _holidays(case: Case) -> None:
    case.instance.host = _Later()


def _due(instance: Instance) -> list[datetime]:
    return [one.due_at for one in instance.timers()]


def test_a_running_limit_stays_on_its_day_when_the_calendar_changes() -> None:
    case = _case()
    before = case.dues()["limit"]
    _holidays(case)
    assert case.dues()["limit"] == before
    again = Instance.restored(case.definition, case.instance.host, case.instance.stored())
    assert _due(again) == [before]


def test_its_line_says_what_the_calendar_answered_so_a_rebuilt_case_knows_it_too() -> None:
    case = _case()
    before = case.dues()["limit"]
    first = case.inputs[0].line
    assert isinstance(first, lines.Started) and first.days == [lines.Counted(OPENED, 5, "2022-05-10")]
    case.do("ask", NOW + DAY, x="1")
    second = case.inputs[1].line
    assert isinstance(second, lines.Completed) and not second.days  # asked once, said once
    rebuilt = Replay(case.definition, case.inputs, case.submissions, _three_days_off).run()
    assert _due(rebuilt) == [before]


def test_another_day_to_count_from_is_asked_of_the_present_calendar() -> None:
    case = _case()
    before = case.dues()["limit"]
    _holidays(case)
    case.instance.send("clue", {}, NOW + DAY, {"posted_on": (NOW - DAY).date().isoformat()})
    assert case.dues()["limit"] == before - DAY + 3 * DAY


def test_a_move_asks_the_calendar_again_and_the_case_keeps_to_that() -> None:
    case = _case()
    before = case.dues()["limit"]
    case.do("ask", NOW + DAY, x="1")
    found = case.move(_body(6), NOW + DAY)
    assert [one.number for one in found.line.days] == [6]
    assert case.dues()["decided"] == before + DAY
    rebuilt = Replay(case.definition, case.inputs, case.submissions, _three_days_off).run()
    assert _due(rebuilt) == [before + DAY]


def test_what_is_only_supposed_binds_the_case_to_nothing() -> None:
    case = _case()
    supposed = case.instance.due_of("limit", NOW, {"posted_on": "2022-06-01"})
    assert supposed is not None
    assert "2022-06-01" not in {one.day for one in case.instance.days}


def test_a_state_of_before_this_was_kept_asks_and_keeps() -> None:
    case = _case()
    bare = json.loads(codec.unpacked(case.instance.stored()))
    del bare["w"]
    old = codec.packed(json.dumps(bare))
    again = Instance.restored(case.definition, Host(), old)
    assert _due(again) == _due(case.instance)
    assert [one.number for one in again.days] == [5]


def test_a_case_of_before_this_says_in_its_next_line_what_it_asked() -> None:
    case = _case()
    bare = json.loads(codec.unpacked(case.instance.stored()))
    del bare["w"]
    old = codec.packed(json.dumps(bare))
    case.instance = Instance.restored(case.definition, Host(), old)
    first = case.inputs[0]
    case.inputs[0] = replace(first, line=replace(first.line, days=[]))
    case.do("ask", NOW + DAY, x="1")
    second = case.inputs[1].line
    assert isinstance(second, lines.Completed)
    assert second.days == [lines.Counted(OPENED, 5, "2022-05-10")]
    rebuilt = Replay(case.definition, case.inputs, case.submissions, _three_days_off).run()
    assert _due(rebuilt) == _due(case.instance)
