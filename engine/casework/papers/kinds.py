"""The kinds of papers that the kit in use has: who issues each, for which place."""

from __future__ import annotations

from collections.abc import Mapping

from engine.flow import vocabulary
from engine.flow.vocabulary import PaperKind
from engine.ground.errors import NotFound


def kinds() -> Mapping[str, PaperKind]:
    """Every kind by its key."""
    return vocabulary.used().paper


def kind_of(key: str) -> PaperKind:
    """The kind `key`. Raises NotFound."""
    if key not in kinds():
        raise NotFound("没有这一种文书。")
    return kinds()[key]
