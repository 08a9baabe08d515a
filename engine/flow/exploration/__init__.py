"""Exploration of a diagram: the real engine is run in memory through every way that a case may take.

Nothing is drawn on a graph of our own. An `Instance` takes every step, fires every timer, catches every
message, and at each condition goes both ways; what it then does is what a case will do. So the joins that
starve, the elements that are never reached and the tokens that multiply are those of the engine, not of a
theory about it.

What keeps it finite and quick:

* Variables have no values. A condition answers as the exploration chooses; one that reads no variable answers
  for itself. A condition asked again before anything could change it answers the same, and conditions on one
  variable do not contradict one another (engine/flow/exploration/memory.py).
* Every process is explored by itself. Where it is called, a stand-in takes its place: one step that somebody
  finishes. That loses nothing, since a called process and its caller share no token; only its end, or its
  being cut short, shows.
* Two states are one when the same tokens wait at the same elements, whatever their past.
* Tokens on parallel branches have to do with one another only at inclusive joins, which look at what may
  still come, at terminating ends, and by what is remembered of their conditions; a parallel join has waited
  for all whichever came last. So when all that one token can do next touches neither, the others need not be
  tried first: each order comes to the same (a partial order reduction with the ample set of one token; a loop
  of such steps alone is cut by trying all as soon as one leads back to a known state).
* States, steps and time are bounded; what could not be tried is said in a warning.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.flow.exploration.search import Explored, Explorer, runs
from engine.flow.machine.definition import Definition
from engine.flow.machine.standing import Spec
from engine.ground.deadline import Deadline
from engine.ground.errors import Finding


def explore(definition: Definition, deadline: Deadline, *, every_order: bool = False) -> list[Finding]:
    """What the engine's behaviour on `definition` shows: each finding with its element.
    Empty when it is sound.

    With `every_order` parallel tokens are tried in every order, which is slow and must come to the same.
    The diagram must have passed the other checks (no calls in a circle, no element that the engine does not
    run).
    """
    main, inner = definition.specs
    explored: dict[str, Explored] = {}
    findings: list[Finding] = []
    for name, spec in [*_inner_first(main, inner), (main.name, main)]:
        explored[name] = Explorer(definition, spec, explored, deadline, every_order).run()
        findings += explored[name].findings
    return findings


def _inner_first(main: Spec, inner: Mapping[str, Spec]) -> list[tuple[str, Spec]]:
    """The called and embedded processes, each before those that run it."""
    order: dict[str, Spec] = {}

    def visit(spec: Spec) -> None:
        for name in runs(spec):
            if name in inner and name not in order:
                visit(inner[name])
                order[name] = inner[name]

    visit(main)
    return list(order.items())
