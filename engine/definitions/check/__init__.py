"""The server-side check of a diagram: what the engine would ignore or fail on later is refused now, by element.

Every finding names the element and says in Chinese what to mend. The checks run over the XML, before SpiffWorkflow sees
it; then the diagram is parsed for good, and the engine is run through every way that a case may take. What one check
may cost is bounded: files and elements in number, the engine's own steps in time.
"""

from __future__ import annotations

from engine import services
from engine.deadline import Deadline
from engine.definitions import xml as x
from engine.definitions.check import foreign, limits, names, structure, timers, work
from engine.definitions.check.draft import Checker, Draft
from engine.definitions.definition import Definition
from engine.definitions.resources import Resources
from engine.errors import DefinitionError, Finding

MAX_SECONDS = 6.0
"""What one check may take: about 5 s of it for the exploration."""
_FIRST: tuple[Checker, ...] = (limits.limits, limits.drawing, structure.unique)
_CHECKERS: tuple[Checker, ...] = (
    structure.elements, work.repetitions, structure.events, structure.flows, structure.gateways, structure.processes,
    structure.called_parts, work.settings, work.papers, structure.reachable, work.tasks, work.forms, work.services_called,
    work.expressions_written, names.names, timers.timers, foreign.other_pools, foreign.message_flows, foreign.unusual,
    foreign.other_tools, limits.layout,
)  # fmt: skip


def check(body: bytes, resources: Resources) -> tuple[Definition | None, list[Finding]]:
    """Check a diagram with the resources at hand; the definition is None when it cannot be put into force."""
    from engine.exploration import explore  # it runs instances, which this package's definitions come before

    services.load_all()
    deadline = Deadline(MAX_SECONDS)
    try:
        findings = _read(Draft(x.parse_xml(body), resources), deadline)
        if _refused(findings):
            return None, findings
        definition = Definition(body, resources)
        findings += explore(
            definition, deadline
        )  # the library parses the diagram for it: the last check of its writing
    except DefinitionError as error:
        return None, error.findings
    return None if _refused(findings) else definition, findings


def _read(draft: Draft, deadline: Deadline) -> list[Finding]:
    """What the drawing and its texts show. What is too large or has no clear ids is not read further."""
    findings = [finding for checker in _FIRST for finding in checker(draft)]
    if _refused(findings):
        return findings
    for checker in _CHECKERS:
        findings += checker(draft)
        if deadline.passed:
            sentence = "流程图过于庞大，没有在限定的时间里检查完，不能启用。请分成几个公用环节。"
            return [*findings, Finding("", "", sentence)]
    return list(dict.fromkeys(findings))


def _refused(findings: list[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)
