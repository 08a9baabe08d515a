"""The kinds of papers: who issues each, for which place, and its word in the document number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.ground.errors import NotFound


@dataclass(frozen=True)
class Kind:
    """One kind of paper. `level` issues it; one paper holds the list of one division at level `place`."""

    key: str
    name: str
    level: str
    place: str
    word: str
    decided: bool = False
    """Whether it may be issued only once every household on it has its decision."""


KINDS = {
    kind.key: kind
    for kind in (
        Kind("proposed_list", "呈报名单", "township", "township", "呈报"),
        Kind("notice", "公示", "village", "village", "公示"),
        Kind("announcement", "公告", "township", "village", "公告"),
        Kind("approval_form", "审批表", "county", "county", "审批", decided=True),
        Kind("supervision_letter", "督办函", "county", "township", "督办"),
    )
}


LISTS = frozenset({"proposed_list", "approval_form"})
"""Kinds whose words are properties of the user task;
the others' are parameters of the services that make them.
"""
PAPER_WORDS = frozenset({"matter", "basis", "addressee", "signature", "when"})
"""What a ``paper:`` property may name."""


def kind_of(key: str) -> Kind:
    """The kind `key`. Raises NotFound."""
    if key not in KINDS:
        raise NotFound("没有这一种文书。")
    return KINDS[key]


def kind_of_step(properties: Mapping[str, str]) -> str:
    """The kind of paper that a user task goes with, by its properties, or ''."""
    return properties.get("list") or properties.get("document") or ""
