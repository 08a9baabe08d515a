"""The attachments that what was filled in names, in rows too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.flow.forms import schema as s


def files(
    components: Sequence[s.Component], raw: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, list[Any]]]:
    """Each path of `raw` at which attachments are named, with their numbers."""
    for component in s.inputs(components):
        value = raw.get(s.key(component))
        if not isinstance(value, list):
            continue
        if component["type"] == "filepicker":
            yield path + s.key(component), list(value)
        elif component["type"] == "dynamiclist":
            for index, row in enumerate(value):
                inner = row if isinstance(row, Mapping) else {}
                yield from files(s.children(component), inner, f"{path}{s.key(component)}.{index}.")


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
