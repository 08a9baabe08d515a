"""What comes from outside, read once and in one way: numbers, keys, days,
and texts that no database can hold.

Every request passes `install`'s request class and guard before a page or the API sees it. A page asks
`number`, `row`, `rows` or `day` for what it cannot use as text; `int` and `isdigit` are for nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from flask import Flask, Request
from flask.globals import request_ctx
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import NotFound
from werkzeug.routing import IntegerConverter, Map

from engine.ground import paging
from engine.ground import text as normal
from engine.ground.errors import Invalid

MAX_PAGE = 999_999
"""The last page of a list that an address may name."""
UNSTORABLE = "提交的内容里有不能保存的字符，请删去后再提交。"


def number(text: str | None, default: int = 1, most: int = MAX_PAGE) -> int:
    """A page of a list, with the row at which it begins if one is named, or another small count;
    `default` for what is none.
    """
    found = paging.place_of(text.strip(), most) if text else None
    return default if found is None else found


def row(text: str | None) -> int | None:
    """The key of a row; None for what is none."""
    return normal.whole(text.strip()) if text else None


def rows(texts: Iterable[str]) -> list[int]:
    """The distinct keys in `texts`, each of which may hold several with commas; what is none is left out."""
    found = (row(part) for text in texts for part in text.split(","))
    return list(dict.fromkeys(key for key in found if key is not None))


YEARS = range(1900, 2200)
"""What a day in an address or a filter may lie in."""


def day(text: str | None) -> date | None:
    """A day; None for what is none, and for a year that nothing here can lie in: days are counted from it."""
    found = normal.day(text or "")
    return found if found is not None and found.year in YEARS else None


def fetched() -> bool:
    """Whether a script of a page asks, which reads JSON, and no person who opens a page."""
    return request_ctx.request.headers.get("X-Requested-With") == "fetch"


# -- every request ---------------------------------------------------------------------------------


class Key(IntegerConverter):
    """A number in an address: one that no row can have leads nowhere, like any other unknown address."""

    regex = r"[0-9]+"

    def __init__(
        self, map: Map, fixed_digits: int = 0, min: int | None = None, max: int | None = None
    ) -> None:
        super().__init__(map, fixed_digits, min, normal.MAX_ROW if max is None else max)


def _stored(value: Any) -> Any:
    """A field's text without NUL, which PostgreSQL refuses, and surrogates, which are no characters."""
    return _UNSTORABLE.sub("", value) if isinstance(value, str) else value


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Fields(ImmutableMultiDict[str, Any]):
    """The fields of an address or a form, as they can be stored."""

    def __init__(self, mapping: Any = None) -> None:
        pairs = mapping.items(multi=True) if isinstance(mapping, ImmutableMultiDict) else mapping or ()
        super().__init__([(_stored(name), _stored(value)) for name, value in pairs])


class OurRequest(Request):
    """A request whose fields are clean before anybody reads them."""

    parameter_storage_class = Fields


def install(app: Flask) -> None:
    """Let every request through here first."""
    app.request_class = OurRequest
    app.url_map.converters["int"] = Key
    app.before_request(_guard)


def _guard() -> None:
    """An address with an impossible text leads nowhere; JSON with one is refused:
    a programme has sent it by mistake.
    """
    asked = request_ctx.request
    if asked.view_args and not storable(asked.view_args):
        raise NotFound
    if asked.is_json and not storable(asked.get_json(silent=True)):
        raise Invalid(UNSTORABLE)


def storable(sent: Any) -> bool:
    """Whether JSON holds only texts and numbers that can be stored, at any depth."""
    waiting = [sent]
    while waiting:
        one = waiting.pop()
        kind = type(one)  # JSON has no other kinds than these
        if kind is str:
            if _UNSTORABLE.search(one):
                return False
        elif kind is dict:
            waiting.extend(one)
            waiting.extend(one.values())
        elif kind is list:
            waiting.extend(one)
        elif kind is float and one - one != 0:  # not finite
            return False
    return True
