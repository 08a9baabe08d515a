"""The flow nodes of a diagram as the runtime reads them: kind, queue, form, timer, message, properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.flow.diagram import properties as p
from engine.flow.diagram import xml as x
from engine.flow.diagram.resources import run_processes
from engine.flow.feel import strip_equals

QUEUES = {"村": "village", "乡": "township", "县": "county", "市": "city", "省": "province"}
"""The levels whose people work, the lowest first, by the character that lanes are known by."""
"""A lane's queue by the first of these characters in its name (乡镇 is 乡, 县级 is 县)."""

FLOW_NODES = frozenset(
    "startEvent endEvent intermediateCatchEvent boundaryEvent userTask manualTask serviceTask "
    "businessRuleTask "
    "exclusiveGateway parallelGateway inclusiveGateway eventBasedGateway subProcess callActivity".split()
)
"""The flow nodes that we run; the check refuses every other one by name."""

TIMERS = ("timeDate", "timeDuration", "timeCycle")
"""The writings of a timer, of which each timer event has one."""

WORKDAYS = "workdays after"
"""The function by which FEEL counts in working days."""

SETTING_KINDS = ("callActivity", "endEvent")
"""The elements whose ``set:`` properties set case variables."""


@dataclass(frozen=True)
class Element:
    """A flow node of the diagram."""

    id: str
    name: str
    kind: str
    process_id: str
    documentation: str = ""
    instructions: str = ""
    queue: str | None = None
    form_key: str | None = None
    variable: str | None = None
    attached_to: str | None = None
    cancel_activity: bool = True
    message: str | None = None
    timer: str | None = None
    is_cycle: bool = False
    """Whether its timer fires again and again (``timeCycle``)."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Its extension properties as written, for who shows them; what they mean are the fields below."""
    bulk: bool = False
    separate_from: frozenset[str] = frozenset()
    """The steps whose doers may not do it: ids, ``*`` for all, ``!`` before those excepted (R12, R38)."""
    returns_to: str = ""
    """The level whose finished steps 退回 may name, besides those of its own; '' when any (R28)."""
    shows: tuple[str, ...] = ()
    """The steps whose forms lie open beside it."""
    exceptional: bool = False
    paper: str = ""
    """The kind of paper that goes with it."""
    paper_words: Mapping[str, str] = field(default_factory=dict)
    """The words of its list: FEEL by name."""
    paper_fields: tuple[str, ...] = ()
    """The form's fields that its list shows besides."""
    warn_days: int | None = None
    """How many days before its limit passes it warns."""
    counts_from: str = ""
    """The step whose typed dates its period counts from, never from before that step opened."""
    known_after_return: bool = False
    """Whether what it caught stays known when the case goes back before it, and it waits anew."""
    outcome: str | None = None
    """What an end calls the case's outcome, in conditions."""
    opens_for: tuple[str, ...] = ()
    """Whom a start event is for: codes of a house."""
    recurs: bool = False
    every_months: int | None = None
    repeats: bool = False
    """Whether it is done several times: a multi-instance or a loop."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables that a call activity sets as it begins, an end event as it ends:
    FEEL by name (``set:`` properties).
    """

    @property
    def counts_workdays(self) -> bool:
        """Whether its timer counts in working days: what its end is, the days off of a year decide."""
        return WORKDAYS in (self.timer or "")

    @property
    def is_limit(self) -> bool:
        """Whether it only marks that a time limit has passed: a single timer beside a step that goes on."""
        return (
            bool(self.attached_to)
            and self.timer is not None
            and not self.cancel_activity
            and not self.is_cycle
        )


REPETITIONS = {
    "multiInstanceLoopCharacteristics": ("loopDataInputRef", "loopCardinality", "completionCondition"),
    "standardLoopCharacteristics": ("loopCondition",),
}
"""The marks that make a user task repeat, with their FEEL texts."""


def _lanes(root: x.Node) -> dict[str, str]:
    """The queue of each flow node by the innermost lane that names it."""
    found: dict[str, str] = {}
    for lane in x.descendants(root, "lane"):  # document order: an inner lane comes after its outer one
        queue = lane_queue(lane)
        for reference in x.children(lane, "flowNodeRef"):
            if queue and reference.text:
                found[reference.text.strip()] = queue
    return found


def queue_of(name: str, identifier: str = "") -> str | None:
    """The queue a lane's name or id stands for, or None."""
    for character in name:
        if character in QUEUES:
            return QUEUES[character]
    lowered = f"{name} {identifier}".lower()
    return next((queue for queue in QUEUES.values() if queue in lowered), None)


def lane_queue(lane: x.Node) -> str | None:
    """The queue of a lane, or of the nearest lane around it that has one."""
    at: x.Node | None = lane
    while at is not None and x.local(at) in ("lane", "childLaneSet"):
        queue = queue_of(at.get("name") or "", at.get("id") or "") if x.local(at) == "lane" else None
        if queue:
            return queue
        at = at.getparent()
    return None


def elements(root: x.Node) -> Iterator[Element]:
    lanes = _lanes(root)
    messages = {m.get("id", ""): m.get("name", "") for m in x.children(root, "message")}
    for process in run_processes(root):
        for node in process.iter(f"{{{x.BPMN}}}*"):
            if x.local(node) in FLOW_NODES:
                yield _element(node, process.get("id", ""), lanes, messages)


def _element(node: x.Node, process_id: str, lanes: Mapping[str, str], messages: Mapping[str, str]) -> Element:
    given = x.properties(node)
    identifier = node.get("id", "")
    form_key = given.get(p.FORM_KEY.name)
    message = next((m.get("messageRef", "") for m in x.descendants(node, "messageEventDefinition")), None)
    timer = next((t for kind in TIMERS for t in x.descendants(node, kind)), None)
    inner = x.local(node) == "subProcess"  # its children's events are not its own
    return Element(
        id=identifier,
        name=node.get("name") or identifier,
        kind=x.local(node),
        process_id=process_id,
        documentation=x.text_of(node, "documentation"),
        instructions=x.extension_text(node, "instructionsForEndUser"),
        queue=given.get(p.QUEUE.name) or lanes.get(identifier) or _lane_of_parent(node, lanes),
        form_key=form_key,
        variable=given.get(p.VARIABLE.name) or form_key,
        attached_to=node.get("attachedToRef"),
        cancel_activity=x.flag(node, "cancelActivity", default=True),
        message=None if inner or message is None else messages.get(message, ""),
        timer=None if inner or timer is None else timer.text or "",
        is_cycle=not inner and timer is not None and x.local(timer) == "timeCycle",
        properties=given,
        bulk=p.BULK.flag(given),
        separate_from=frozenset(p.SEPARATE_FROM.several(given)),
        returns_to=p.RETURNS_TO.text(given),
        shows=p.SHOWS.several(given),
        exceptional=p.EXCEPTIONAL.flag(given),
        paper=p.paper_of(given),
        paper_words=paper_words(given),
        paper_fields=p.PAPER_FIELDS.several(given),
        warn_days=p.WARN_DAYS.number(given),
        counts_from=p.COUNTS_FROM.text(given),
        known_after_return=p.AFTER_RETURN.text(given) == p.KNOWN,
        outcome=given.get(p.OUTCOME.name),
        opens_for=p.OPENS_FOR.several(given),
        recurs=p.RECURS.flag(given),
        every_months=p.EVERY_MONTHS.number(given),
        repeats=any(x.children(node, kind) for kind in REPETITIONS),
        settings=settings_of(given) if x.local(node) in SETTING_KINDS else {},
    )


def _lane_of_parent(node: x.Node, lanes: Mapping[str, str]) -> str | None:
    parent = node.getparent()
    while parent is not None:
        if parent.get("id") in lanes:
            return lanes[parent.get("id", "")]
        parent = parent.getparent()
    return None


def settings_of(properties: Mapping[str, str]) -> dict[str, str]:
    """The variables that an element's ``set:NAME`` properties set, as FEEL by name."""
    return {
        name.removeprefix(p.SETS).strip(): strip_equals(text)
        for name, text in properties.items()
        if name.startswith(p.SETS)
    }


def paper_words(properties: Mapping[str, str]) -> dict[str, str]:
    """A user task's words for its list, FEEL by name."""
    written = {name: one.text(properties) for name, one in p.PAPER_TEXTS.items()}
    return {name: strip_equals(text) for name, text in written.items() if text}
