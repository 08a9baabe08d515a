"""The types that a DMN file declares (itemDefinition), for engine.feel.types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.flow.decisions.file import Node, all_of, elements, find, local, text_of, type_of
from engine.flow.feel import FeelSyntaxError, UnaryTests
from engine.flow.feel.types import ANY, Declared, Type


def declared_types(root: Node) -> dict[str, Declared]:
    """The types of a file by name; a part of a context that is no plain type is one of its own,
    ``tPerson.address``.
    """
    found: dict[str, Declared] = {}
    for node in elements(root):
        if local(node) == "itemDefinition" and node.get("name"):
            _declare(node, node.get("name", ""), found)
    return found


def _declare(node: Node, name: str, found: dict[str, Declared]) -> None:
    item = _item(node, name, found)
    is_list = node.get("isCollection") == "true"
    found[name] = Declared(
        Type("list", (item,)) if is_list else item,
        _allowed(find(node, "allowedValues")),
        _allowed(find(node, "typeConstraint")),
    )


def _item(node: Node, name: str, found: dict[str, Declared]) -> Type:
    function = find(node, "functionItem")
    if function is not None:
        parts = tuple(_named(type_of(one)) for one in all_of(function, "parameters"))
        return Type("function", parts, answer=_named(type_of(function, "outputTypeRef")))
    components = all_of(node, "itemComponent")
    if components:
        for one in components:
            _declare(one, f"{name}.{one.get('name', '')}", found)
        keys = tuple(one.get("name", "") for one in components)
        return Type("context", tuple(Type(f"{name}.{key}") for key in keys), keys)
    reference = find(node, "typeRef")
    return _named(((reference.text if reference is not None else "") or "").strip().rpartition(":")[2])


def _named(name: str) -> Type:
    return Type(name) if name else ANY


def _allowed(node: Node | None) -> Callable[[Any], bool] | None:
    written = text_of(node)
    if not written:
        return None
    try:
        tests = UnaryTests(written)
    except FeelSyntaxError:
        return None  # nobody can say what is allowed
    return lambda value: tests.matches(value, {}) is True
