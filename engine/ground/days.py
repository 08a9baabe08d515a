"""How many days a Chinese text says (5 天, 五日, 满十五个整日), and the text with a wrong number put right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from engine.ground.text import whole

_DIGITS = {character: number for number, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_SAID = re.compile(r"(?<![\d.])(\d{1,4}|[一二两三四五六七八九十]{1,3})\s*个?(?:整|工作|自然)?[日天]")
_NOT_BEFORE = frozenset("第前每月年")


def matches(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Each number of days in a text, without days of a month, ordinals and warnings ahead (“第 6 日”,
    “提前 3 天”).
    """
    for match in _SAID.finditer(text):
        before = text[: match.start()].rstrip()
        number = _number(match[1])
        if number is not None and before[-1:] not in _NOT_BEFORE:
            yield match, number


def numbers_said(text: str) -> set[int]:
    """Every number of days in the text."""
    return {number for _, number in matches(text)}


def put_right(text: str, wrong: int, right: int) -> str:
    """The text with the right number in each place of the wrong one,
    in figures or in words as it stood there.
    """
    return put_all_right(text, {wrong: right})


def put_all_right(text: str, right: Mapping[int, int]) -> str:
    """As `put_right`, of several wrong numbers at once: each is looked up once, as it stood."""
    done, at = "", 0
    for match, number in matches(text):
        if number in right:
            new = right[number]
            said = str(new) if match[1].isascii() or new > 99 else _in_words(new)
            done, at = done + text[at : match.start(1)] + said, match.end(1)
    return done + text[at:]


def _in_words(number: int) -> str:
    """5 五, 15 十五, 20 二十."""
    tens, ones = divmod(number, 10)
    words = dict(enumerate("零一二三四五六七八九"))
    return (
        ("" if tens < 2 else words[tens]) + ("十" if tens else "") + (words[ones] if ones or not tens else "")
    )


def _number(text: str) -> int | None:
    """5, 五, 十五, 二十, 二十一."""
    if text[0].isascii():
        return whole(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _DIGITS.get(text)
    if any(part and part not in _DIGITS for part in (tens, ones)):
        return None
    return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)
