"""The attachments that what was filled in names, in rows too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.flow.forms import schema as s
from engine.flow.forms.evaluation import Plan


def files(plan: Plan, raw: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Each path of `raw` at which attachments are named, with their numbers."""
    for node in plan.filed:
        value = raw.get(node.key)
        if not isinstance(value, list):
            continue
        if node.columns is None:
            yield path + node.key, list(value)
            continue
        for index, row in enumerate(value):
            inner = row if isinstance(row, Mapping) else {}
            yield from files(node.columns, inner, f"{path}{node.key}.{index}.")


def with_files(
    components: Sequence[s.Component],
    raw: Mapping[str, Any],
    named: Mapping[str, Sequence[Any]],
    path: str = "",
) -> dict[str, Any]:
    """`raw` with other attachments at the paths of `named`."""
    found = dict(raw)
    for component in s.inputs(components):
        key, value = s.key(component), raw.get(s.key(component))
        if path + key in named:
            found[key] = list(named[path + key])
        elif component["type"] == "dynamiclist" and isinstance(value, list):
            found[key] = [
                with_files(s.children(component), row, named, f"{path}{key}.{index}.")
                if isinstance(row, Mapping)
                else row
                for index, row in enumerate(value)
            ]
    return found
