"""Whatever stands in an address, a form or JSON: no route answers with an error of ours,
and none becomes an incident.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequestKeyError, MethodNotAllowed, NotFound
from werkzeug.routing import MapAdapter, Rule
from werkzeug.test import TestResponse

from engine.casework.models import Account, Incident, RoleGrant
from engine.casework.organisation import access
from engine.ground.database import write
from tests.support.client import Caller, application, signed_in
from tests.support.template import COUNTY, VILLAGE
from tests.support.world import World
from web.request.arguments import OurRequest

ODD: dict[str, Any] = {
    "superscript": "²",
    "arabic": "٣",
    "2^31": str(2**31),
    "2^63": str(2**63),
    "10^20": str(10**20),
    "5000 digits": "9" * 5000,
    "negative": "-1",
    "fraction": "1.5",
    "not a number": "NaN",
    "empty": "",
    "blank": " ",
    "NUL": "a\0b",
    "colon": ":",
    "long": "长" * 10_000,
    "date": "9999-12-31",
    "odd date": "0000-00-00",
    "quote": "'\"%_\\",
    "direction": "\u202e\ufeff",
}
ALONE = ("superscript", "10^20", "2^31", "colon", "odd date", "long")
IN_JSON: dict[str, Any] = {
    **ODD,
    "surrogate": "\ud800",
    "int 2^31": 2**31,
    "int 10^20": 10**20,
    "minus": -1,
    "float": 1e308,
    "null": None,
    "true": True,
    "list": [[]],
    "dict": {"a\ud800": {}},
    "not finite": float("nan"),
}
STRICT = frozenset(
    {
        "2^31",
        "2^63",
        "10^20",
        "5000 digits",
        "not a number",
        "NUL",
        "long",
        "date",
        "odd date",
        "surrogate",
        "int 2^31",
        "int 10^20",
        "float",
        "not finite",
        "dict",
    }
)
"""What PostgreSQL refuses where SQLite takes it: tried there, everything else on SQLite,
and all on both by --whole.
"""
QUIET = frozenset({"auth.logout", "demo.switch", "demo.move_clock", "api_demo.advance_clock", "static"})
"""Routes that end the walk's own session, or move time."""


def tried(config: pytest.Config, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """The odd values that are tried on a kind of database."""
    whole = config.getoption("whole")
    return {
        name: value for name, value in values.items() if whole or (name in STRICT) == (kind == "postgresql")
    }


def share(config: pytest.Config, values: dict[str, Any], parts: int, *place: str) -> dict[str, Any]:
    """One of `parts` shares of the odd values, another at another place; with --whole all of them.

    So each value meets its share of the places, the same at every run.
    """
    if config.getoption("whole"):
        return values
    turn = zlib.crc32(" ".join(place).encode())
    kept = {name: value for i, (name, value) in enumerate(values.items()) if (i + turn) % parts == 0}
    return kept or dict([list(values.items())[turn % len(values)]])


class OddFields(MultiDict[str, Any]):
    """A form in which every field that a page asks for has one odd value, whatever it is called."""

    value: str = ""
    asked: set[str] | None = None
    only: str | None = None
    """With a name, that field alone is odd and the others are not sent; with `asked`,
    what is asked for is noted.
    """

    def _odd(self, key: object) -> bool:
        if self.asked is not None and isinstance(key, str):
            self.asked.add(key)
        return self.only is None or key == self.only

    def __contains__(self, key: object) -> bool:
        return self._odd(key)

    def __getitem__(self, key: str) -> str:
        if not self._odd(key):
            raise BadRequestKeyError(key)
        return self.value

    def get(self, key: str, default: Any = None, type: Any = None) -> Any:
        """The odd value."""
        if not self._odd(key):
            return default
        try:
            return self.value if type is None else type(self.value)
        except ValueError:
            return default

    def getlist(self, key: str, type: Any = None) -> list[Any]:
        """The odd value, twice."""
        if not self._odd(key):
            return []
        return [self.value, self.value]

    def items(self, multi: bool = False) -> Iterator[tuple[str, Any]]:  # type: ignore[override]
        """Whoever goes through all fields asks for each."""
        self._odd("every field")
        return super().items(multi)

    def lists(self) -> Iterable[tuple[str, list[Any]]]:  # type: ignore[override]
        """The same."""
        self._odd("every field")
        return super().lists()

    def __iter__(self) -> Iterator[str]:
        """The same."""
        self._odd("every field")
        return super().__iter__()

    def copy(self) -> OddFields:
        """The same."""
        made = type(self)(self)
        made.value, made.asked, made.only = self.value, self.asked, self.only
        return made


class OddJson(dict[str, Any]):
    """An object in which every name that a page asks for has one odd value."""

    def __init__(self, value: Any) -> None:
        super().__init__(value=value)
        self._value = value

    def __getitem__(self, key: str) -> Any:
        return self._value

    def get(self, key: str, default: Any = None) -> Any:
        """The odd value."""
        return self._value


def asking(value: str, only: str | None = None, asked: set[str] | None = None) -> type[OurRequest]:
    """A request of which every field (or `only` one) has `value` as the request class cleans it."""
    clean = OurRequest.parameter_storage_class([("x", value)])["x"]

    def fields(self: OurRequest) -> OddFields:
        made = OddFields([("x", clean), (clean, clean)])
        made.value, made.only, made.asked = clean, only, asked
        return made

    def sent(self: OurRequest, *_: Any, **__: Any) -> Any:
        if asked is not None:
            asked.add("JSON")
        return OddJson(clean)

    names = {"args": property(fields), "form": property(fields), "get_json": sent}
    return type("AskingRequest", (OurRequest,), names)


def everyone(world: World) -> Account:
    """One person with every role at once: no route is closed to the walk."""
    who = world.official("cun")
    with write(world.session):
        for role in access.ROLE_NAMES:
            held = (
                VILLAGE
                if role == "village_official"
                else COUNTY
                if role == "county_approver"
                else "410000000000"
            )
            if not access.has_role(who, role):
                world.session.add(RoleGrant(account_id=who.id, role=role, division_code=held))
    world.session.expire_all()
    return world.official("cun")


def known(world: World) -> dict[str, Any]:
    """An address' parts that exist."""
    case = world.enter()
    return {
        "item_id": world.open_items(case)["verify"].id,
        "case_id": case.id,
        "household_id": case.household_id,
        "key": "identification",
        "number": 1,
    }


def rules(app: Flask, *, api: bool) -> Iterator[tuple[Rule, str]]:
    """Every route with each of its methods."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: (one.rule, one.endpoint)):
        if rule.endpoint not in QUIET and rule.rule.startswith("/api/") == api:
            for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "DELETE", "PATCH"}):
                yield rule, method


def address(app: Flask, rule: Rule, parts: dict[str, Any], odd: str | None = None) -> str:
    """A route's address: with known parts where there are any, or each part odd."""
    at = rule.rule
    for _ in rule.arguments:
        start = at.index("<", 0)
        end = at.index(">", start)
        converter = at[start + 1 : end]
        present = "1" if ":" in converter and not converter.startswith("any") else "x"
        if converter.startswith("any"):
            present = converter.partition("(")[2].partition(",")[0].strip(" )'\"")
        named = converter.rpartition(":")[2]
        value = str(parts.get(named, present)) if odd is None else odd
        at = at[:start] + value + at[end + 1 :]
    return at


def _quoted(path: str) -> str:
    return quote(path, safe="/:")


@pytest.fixture
def walked(world: World) -> Iterator[tuple[World, Flask, Account]]:
    """A world with a case, its application, and who may go everywhere."""
    app = application(world)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    who = everyone(world)
    yield world, app, who
    world.session.rollback()
    assert world.session.scalar(select(func.count()).select_from(Incident)) == 0


Walked = tuple[World, Flask, Account]


class Walker:
    """One person who opens whatever there is: signed in again when a call has ended the session."""

    def __init__(self, app: Flask, who: Account) -> None:
        self.app, self.who = app, who
        self.client = signed_in(app, who)
        self.errors: list[str] = []
        """The calls that were answered with an error of ours."""

    def call(self, method: str, path: str) -> None:
        """Call an address, signed in."""
        answer = self.client.open(_quoted(path), method=method)
        if (answer.location and "/login" in answer.location) or answer.status_code == 401:
            answer.close()
            self.client = signed_in(self.app, self.who)
            answer = self.client.open(_quoted(path), method=method)
        if answer.status_code >= 500:
            self.errors.append(f"{method} {path[:80]} → {answer.status_code}")
        answer.close()

    def tell(self, what: object = "") -> None:
        """Fail if there was an error of ours."""
        assert self.errors == [], what


@pytest.mark.duty("C3")
def test_no_odd_address_is_an_error_of_ours(walked: Walked, pytestconfig: pytest.Config) -> None:
    """Every value in every place of an address. Those that lead to no route at all are tried once each."""
    world, app, who = walked
    walker, routes = Walker(app, who), app.url_map.bind("localhost")
    values = [odd for odd in tried(pytestconfig, world.engine.dialect.name, ODD).values() if odd.strip()]
    nowhere = set[str]()
    for rule, method in (*rules(app, api=False), *rules(app, api=True)):
        for odd in values if rule.arguments else ():
            path = address(app, rule, {}, odd)
            if leads(routes, path, method):
                walker.call(method, path)
            elif odd not in nowhere:
                nowhere.add(odd)
                walker.call(method, path)
    walker.tell()
    assert nowhere


def leads(routes: MapAdapter, path: str, method: str) -> bool:
    """Whether a route answers at the address."""
    try:
        routes.match(path, method)
    except (MethodNotAllowed, NotFound):
        return False
    return True


@pytest.mark.duty("C3")
def test_no_odd_field_is_an_error_of_ours(walked: Walked, pytestconfig: pytest.Config) -> None:
    """Every field odd at once. Where a route asks for no field at all, one value says as much as all."""
    world, app, who = walked
    parts = known(world)
    world.session.commit()
    walker, values = Walker(app, who), tried(pytestconfig, world.engine.dialect.name, ODD)
    for rule, method in rules(app, api=False):
        asked = set[str]()
        for odd, value in share(pytestconfig, values, 3, rule.rule, method).items():
            app.request_class = asking(value, asked=asked)
            walker.call(method, address(app, rule, parts))
            walker.tell(odd)
            if not asked:
                break


@pytest.mark.duty("C3")
def test_no_single_odd_field_is_an_error_of_ours(walked: Walked, pytestconfig: pytest.Config) -> None:
    world, app, who = walked
    values = tried(pytestconfig, world.engine.dialect.name, {name: ODD[name] for name in ALONE})
    parts = known(world)
    world.session.commit()
    walker = Walker(app, who)
    for rule, method in rules(app, api=False):
        path, asked = address(app, rule, parts), set[str]()
        app.request_class = asking("", only="", asked=asked)
        walker.call(method, path)
        for name in sorted(asked - {"", "JSON", "every field"}):
            for odd, value in share(pytestconfig, values, 4, rule.rule, method, name).items():
                app.request_class = asking(value, only=name)
                walker.call(method, path)
                walker.tell((name, odd))


@pytest.mark.duty("C3")
def test_no_odd_value_of_a_programme_is_an_error_of_ours(walked: Walked, pytestconfig: pytest.Config) -> None:
    world, app, _ = walked
    values = tried(pytestconfig, world.engine.dialect.name, IN_JSON)
    parts = known(world)
    world.session.commit()
    caller = Caller(app, world, "cun")
    described = caller.get("/openapi.json").json or {}
    schemas = described["components"]["schemas"]
    found = []
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method not in ("get", "post", "put", "delete", "patch"):
                continue
            there = path
            for name, value in {**parts, "migration_id": 1}.items():
                there = there.replace(f"{{{name}}}", str(value))
            for odd, value in share(pytestconfig, values, 3, path, method).items():
                for sent in _bodies(operation, schemas, value):
                    answer = _asked(caller, there, method, operation, sent, value)
                    if answer.status_code >= 500:
                        found.append(f"{method} {there} {odd} → {answer.status_code}")
    assert found == []


def _asked(
    caller: Caller, path: str, method: str, operation: dict[str, Any], sent: Any, value: Any
) -> TestResponse:
    names = (one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
    query = dict.fromkeys(names, str(value)[:6000].encode("utf-8", "replace").decode())
    body, kind = (None, None) if sent is None else (json.dumps(sent), "application/json")
    return caller.client.open(
        path, method=method.upper(), data=body, content_type=kind, headers=caller.headers, query_string=query
    )


def _bodies(operation: dict[str, Any], schemas: dict[str, Any], value: Any) -> Iterator[Any]:
    """The body with every field odd, and each field odd alone among plausible ones."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        yield None
        return
    schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
    plausible = {name: _plausible(name, one) for name, one in schema.get("properties", {}).items()}
    yield dict.fromkeys(plausible, value)
    for name, one in schema.get("properties", {}).items():
        yield {**plausible, name: value}
        if one.get("type") == "object":
            yield {
                **plausible,
                name: {"risk_text": value, "members": value, "outcome": value, "discovered_on": value},
            }
        if one.get("type") == "array":
            yield {**plausible, name: [value]}


def test_pages_and_api_read_numbers_and_days_nowhere_but_in_the_reader() -> None:
    by_hand = re.compile(r"\.is(digit|decimal|numeric)\(|, int\)|type=int|(int|fromisoformat)\(request")
    rooms = Path(__file__).parents[2] / "web"
    files = sorted([*(rooms / "pages").rglob("*.py"), *(rooms / "api").rglob("*.py")])
    assert len(files) > 50
    for file in files:
        assert by_hand.findall(file.read_text()) == [], file.name


def _plausible(name: str, schema: dict[str, Any]) -> Any:
    kinds: dict[str, Any] = {"object": {}, "array": [1], "integer": 1, "boolean": True}
    return kinds.get(schema.get("type", ""), "x")
