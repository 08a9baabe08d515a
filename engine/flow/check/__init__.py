"""The server-side check of a diagram: what the engine would ignore or fail on later is refused now,
by element.

Every finding names the element and says in Chinese what to mend. The checks run over the XML, before
SpiffWorkflow sees it; then the diagram is parsed for good, and the engine is run through every way that a
case may take. What one check may cost is bounded: files and elements in number, the engine's own steps in
time.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import fields
from threading import Lock
from traceback import walk_tb
from types import TracebackType
from typing import Any

from engine.flow import vocabulary
from engine.flow.check import (
    about,
    foreign,
    hearing,
    legal,
    limits,
    names,
    overwriting,
    own_names,
    properties,
    receiving,
    starting,
    structure,
    timers,
    work,
)
from engine.flow.check.draft import Checker, Draft, name_of
from engine.flow.diagram import xml as x
from engine.flow.diagram.resources import Resources
from engine.flow.machine.definition import Definition
from engine.ground.deadline import Deadline
from engine.ground.errors import DefinitionError, Finding
from engine.ground.surroundings import trouble_of

_LOG = logging.getLogger("shouwang.check")
MAX_SECONDS = 6.0
"""What one check may take: about 5 s of it for the exploration."""
_FIRST: tuple[Checker, ...] = (limits.limits, limits.drawing, structure.unique)
_CHECKERS: tuple[Checker, ...] = (
    structure.elements,
    structure.flags,
    work.repetitions,
    structure.events,
    structure.flows,
    structure.gateways,
    structure.processes,
    structure.called_parts,
    properties.properties,
    work.papers,
    structure.reachable,
    work.tasks,
    work.forms,
    work.instructions,
    work.services_called,
    receiving.received,
    receiving.consulted,
    hearing.heard,
    work.expressions_written,
    own_names.own_names,
    names.names,
    overwriting.overwriting,
    timers.timers,
    legal.legal,
    foreign.other_pools,
    foreign.message_flows,
    foreign.unusual,
    foreign.other_tools,
    starting.starting,
    about.about,
    limits.layout,
)


Checked = tuple[Definition | None, list[Finding]]

KEPT = 16
"""Of so many sound diagrams what was found last is kept: pages of a draft, saves and releases ask again."""
_KNOWN: OrderedDict[object, tuple[vocabulary.Vocabulary, Checked]] = OrderedDict()
_KNOWING = Lock()


def check(body: bytes, resources: Resources) -> Checked:
    """Check a diagram with the resources at hand; the definition is None when it cannot be put into force.

    What was found of the very same texts is not looked for again, if they are sound.
    """
    house = vocabulary.used()
    used = (getattr(resources, one.name) for one in fields(resources))  # whatever a diagram is checked with
    asked = (id(house), body, *(tuple(sorted(found.items())) for found in used))
    with _KNOWING:
        known = _KNOWN.pop(asked, None)
        if known is not None:
            _KNOWN[asked] = known  # asked for last
    if known is None:
        deadline = Deadline(MAX_SECONDS)
        known = house, _checked(body, resources, deadline)
        if known[1][0] is not None and not deadline.passed:
            _keep(asked, known)
    definition, findings = known[1]
    return definition, [*findings]


def _keep(asked: object, found: tuple[vocabulary.Vocabulary, Checked]) -> None:
    """With the vocabulary: as long as it is kept, no other one has its identity."""
    with _KNOWING:
        _KNOWN[asked] = found
        while len(_KNOWN) > KEPT:
            _KNOWN.popitem(last=False)


def _checked(body: bytes, resources: Resources, deadline: Deadline) -> Checked:
    from engine.flow.exploration import explore

    findings: list[Finding] = []
    try:
        findings += _read(Draft(x.parse_xml(body), resources), deadline)
        if _refused(findings):
            return None, findings
        definition = Definition(body, resources)
        # the library parses the diagram for it: the last check of its writing
        findings += explore(definition, deadline)
    except DefinitionError as error:
        return None, [*findings, *error.findings]
    except Exception as error:
        if trouble_of(error) is not None:
            raise  # the machine's fault, not the diagram's
        return None, [*findings, _unforeseen(error)]
    return None if _refused(findings) else definition, findings


def _read(draft: Draft, deadline: Deadline) -> list[Finding]:
    """What the drawing and its texts show. What is too large or has no clear ids is not read further."""
    findings = [finding for checker in _FIRST for finding in _asked(checker, draft)]
    if _refused(findings):
        return findings
    for checker in _CHECKERS:
        findings += _asked(checker, draft)
        if deadline.passed:
            sentence = "流程图过于庞大，没有在限定的时间里检查完，不能启用。请分成几个公用环节。"
            return [*findings, Finding("", "", sentence)]
    return list(dict.fromkeys(findings))


def _refused(findings: list[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def _asked(checker: Checker, draft: Draft) -> list[Finding]:
    """What one checker finds. One that fails says so at the element where it failed; the others go on."""
    findings: list[Finding] = []
    try:
        for finding in checker(draft):  # one by one: what was found before it failed is kept
            findings += [finding]
    except DefinitionError:
        raise
    except Exception as error:
        if trouble_of(error) is not None:
            raise
        findings.append(_unforeseen(error))
    return findings


def _unforeseen(error: Exception) -> Finding:
    """A check that failed is a finding for who draws, and an entry in the log for who mends the check."""
    identifier, name = _place(error.__traceback__)
    _LOG.error("the check failed at %r", identifier, exc_info=error)
    sentence = (
        "检查到这里出了意外，不能启用：请把最近在这里写的文字改得简单些。系统已记录，请告知系统维护人员。"
    )
    return Finding(identifier, name, sentence)


def _place(trace: TracebackType | None) -> tuple[str, str]:
    """Id and name of the element that was looked at last:
    the innermost one that the failing functions held.
    """
    last = "", ""
    for frame, _ in walk_tb(trace):
        for value in frame.f_locals.values():
            last = _drawn(value) or last
    return last


def _drawn(value: Any) -> tuple[str, str] | None:
    """Id and name of what a function held, where that is an element or a token at one."""
    if isinstance(value, x.Node) and x.is_bpmn(value) and value.get("id"):
        return value.get("id", ""), name_of(value)
    spec = getattr(value, "task_spec", None)
    identifier = getattr(spec, "bpmn_id", None)
    return (str(identifier), str(getattr(spec, "bpmn_name", None) or "")) if identifier else None
