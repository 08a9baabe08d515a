"""Types as FEEL writes them: ``list<number>``, ``context<a: string>``, ``function<date> -> any``."""

from __future__ import annotations

import re

from engine.flow.feel.parsing.words import Words
from engine.flow.feel.types import ANY, Type


def read_type(words: Words) -> Type:
    """The type that stands here, as `list<number>`."""
    words.deeper()
    try:
        return _whole_type(words, _type_name(words))
    finally:
        words.out()


def _whole_type(words: Words, name: str) -> Type:
    if not words.take("<"):
        return Type(name)
    if name == "context":
        keys, parts = _keyed_types(words)
        return Type(name, parts, keys)
    parts = _types(words)
    if name != "function":
        return Type(name, parts)
    return Type(name, parts, answer=read_type(words) if words.take("->") else ANY)


def _type_name(words: Words) -> str:
    if words.take("function"):
        return "function"
    start = words.start()
    while words.peek().kind == "word" or (words.peek().text == "." and words.start() > start):
        words.at += 1
    if words.start() == start:
        raise words.wrong("应为类型名")
    return re.sub(r"\s+", " ", words.text[start : words.tokens[words.at - 1].end])


def _types(words: Words) -> tuple[Type, ...]:
    found: list[Type] = []
    while not words.take(">"):
        if found:
            words.expect(",")
        found.append(read_type(words))
    return tuple(found)


def _keyed_types(words: Words) -> tuple[tuple[str, ...], tuple[Type, ...]]:
    keys: list[str] = []
    types: list[Type] = []
    while not words.take(">"):
        if keys:
            words.expect(",")
        keys.append(words.key())
        types.append(read_type(words))
    return tuple(keys), tuple(types)
