"""Checks of who starts the procedure: one that nobody can start goes into force and is never used."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from engine.flow.check.draft import Draft, found
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import lane_queue
from engine.flow.diagram.properties import OPENS_FOR, QUEUE, RECEIVES, RECURS
from engine.flow.diagram.resources import is_part, main_process
from engine.flow.vocabulary import used
from engine.ground.errors import Finding

_NOBODY = (
    "没有人能启动这个流程：请写明在{subject}的页面可以对哪些启动（opensFor）。"
    f"由别的流程启动的，请在那边调用“启动另一个流程”，在这里写明收到的变量（{RECEIVES.name}）。"
)


def starting(draft: Draft) -> Iterator[Finding]:
    """Who may start it: officials for some households, a round, a clue, or another procedure;
    else nobody does.
    """
    main = main_process(draft.root)
    starts = x.children(main, "startEvent") if main is not None and not is_part(draft.root) else []
    for start in starts:
        given = x.properties(start)
        whom = OPENS_FOR.several(given)
        yield from _whom(draft, start, whom)
        yield from _rhythm(draft, start, whom)
        if whom:
            yield from _by_whom(draft, start)
        elif not RECEIVES.text(given) and not _begun_elsewhere(main, start):
            yield found(start, _NOBODY.format(subject=draft.subject), "warning")


def _begun_elsewhere(main: x.Node | None, start: x.Node) -> bool:
    """Whether the product itself starts it, when a clue arrives;
    another event than a message is refused as such.
    """
    refused = [one for one in start if x.local(one).endswith("EventDefinition")]
    refused = [one for one in refused if x.local(one) != "messageEventDefinition"]
    return ("start", main.get("id", "") if main is not None else "") in used().receiver or bool(refused)


def _whom(draft: Draft, start: x.Node, whom: Collection[str]) -> Iterator[Finding]:
    known = used().opens_for
    for code in whom:
        if code not in known:
            words = "、".join(f"{one}（{name}）" for one, name in known.items())
            yield found(start, f"可以对“{code}”启动，而没有这样的{draft.subject}，可用：{words}。")


def _by_whom(draft: Draft, start: x.Node) -> Iterator[Finding]:
    """The lane of the start says whose officials find it on the household's page."""
    lanes = x.descendants(draft.root, "lane")
    inside = any(
        (reference.text or "").strip() == start.get("id") and lane_queue(lane)
        for lane in lanes
        for reference in x.children(lane, "flowNodeRef")
    )
    given = x.properties(start)
    if not inside and not QUEUE.text(given) and not RECURS.flag(given):
        yield found(
            start,
            f"开始事件不在任何一级的泳道里，没有哪一级能在{draft.subject}的页面启动：请把它放进泳道。",
            "warning",
        )


def _rhythm(draft: Draft, start: x.Node, whom: Collection[str]) -> Iterator[Finding]:
    if RECURS.flag(x.properties(start)) and not whom:
        yield found(start, f"定期开展的流程须写明对哪些{draft.subject}开展（opensFor），否则到期也不会开出。")
