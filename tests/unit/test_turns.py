"""Processes at one door take connections by turns."""

from __future__ import annotations

from web.server.turns import AWAY, OVERDUE, Turn, Turns


def _nobody() -> bool:
    return False


def _somebody() -> bool:
    return True


def test_who_holds_fewest_takes_the_next_one() -> None:
    turns = Turns(3)
    one, two = turns.of(0), turns.of(1)
    assert one.look(0, _nobody) and two.look(0, _nobody)  # as many: whoever wakes first
    assert not one.look(1, _nobody)
    assert two.look(0, _nobody)
    assert two.look(1, _nobody) and one.look(1, _nobody)


def test_a_place_at_which_nobody_is_has_no_turn() -> None:
    turns = Turns(2)
    one, two = turns.of(0), turns.of(1)
    two.look(0, _nobody)
    assert not one.look(5, _nobody)
    turns.leave(1)
    assert one.look(5, _nobody)
    assert list(turns.held) == [5, AWAY]


def test_who_waits_too_long_is_taken_by_anybody() -> None:
    moment = [0.0]
    turns = Turns(2)
    one = Turn(turns.held, 0, lambda: moment[0])
    turns.of(1).look(0, _nobody)
    assert not one.look(1, _somebody)
    moment[0] = OVERDUE
    assert one.look(1, _somebody)
    assert not one.look(1, _nobody)  # the other has taken them
    assert not one.look(1, _somebody)
