"""The server-side check of a diagram: what the engine would ignore or fail on later is refused now, by element.

Every finding names the element and says in Chinese what to mend. The checks run over the XML, before SpiffWorkflow sees
it; then the diagram is parsed for good, and the engine is run through every way that a case may take.
"""

from __future__ import annotations

from engine import services
from engine.definitions import xml as x
from engine.definitions.check import foreign, names, structure, timers, work
from engine.definitions.check.draft import Checker, Draft
from engine.definitions.definition import Definition
from engine.definitions.resources import Resources
from engine.errors import DefinitionError, Finding

_CHECKERS: tuple[Checker, ...] = (
    structure.elements, work.repetitions, structure.events, structure.flows, structure.gateways, structure.processes,
    structure.called_parts, work.settings, work.papers, structure.reachable, work.tasks, work.forms, work.services_called,
    work.expressions_written, names.names, timers.timers, foreign.other_pools, foreign.message_flows, foreign.unusual,
    foreign.other_tools,
)  # fmt: skip


def check(body: bytes, resources: Resources) -> tuple[Definition | None, list[Finding]]:
    """Check a diagram with the resources at hand; the definition is None when it cannot be put into force."""
    from engine.exploration import explore  # it runs instances, which this package's definitions come before

    services.load_all()
    try:
        draft = Draft(x.parse_xml(body), resources)
    except DefinitionError as error:
        return None, error.findings
    findings = [finding for checker in _CHECKERS for finding in checker(draft)]
    if any(finding.severity == "error" for finding in findings):
        return None, findings
    try:
        definition = Definition(body, resources)
        findings += explore(definition)  # the library parses the diagram for it: the last of the checks on its writing
    except DefinitionError as error:
        return None, [*findings, *error.findings]
    return None if any(finding.severity == "error" for finding in findings) else definition, findings
