"""How the people of a household are related to its head.

Which relations there are, and what must fit together, the form says by which a household is verified; here is
only how they read when another becomes the head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.flow.forms import Form
from engine.flow.forms import schema as s

Row = dict[str, Any]

_OF_SPOUSE = {
    "spouse": "head",
    "head": "spouse",
    "son": "son",
    "daughter": "daughter",
    "daughter_in_law": "daughter_in_law",
    "son_in_law": "son_in_law",
    "grandson": "grandson",
    "granddaughter": "granddaughter",
    "father": "father_in_law",
    "mother": "mother_in_law",
    "father_in_law": "father",
    "mother_in_law": "mother",
}
_OF_CHILD = {
    "head": ("father", "mother"),
    "spouse": ("father", "mother"),
    "son": ("sibling", "sibling"),
    "daughter": ("sibling", "sibling"),
}
_OF_PARENT = {"head": ("son", "daughter"), "sibling": ("son", "daughter")}
_CHILDREN = ("son", "daughter")
_GRANDCHILDREN = {"grandson": "son", "granddaughter": "daughter"}
_ONE_PARENT = {"father": "mother", "mother": "father"}


def turned(row: Mapping[str, Any], head: Mapping[str, Any], rows: Sequence[Row]) -> Row:
    """The member with its relation to a new head, one of `rows`, which have the relations to the former one;
    `other` where it cannot be told from them.
    """
    if row["key"] == head["key"]:
        return {**row, "relation": "head"}
    if head["relation"] in ("son", "daughter") and row["relation"] in _GRANDCHILDREN:
        children = [one for one in rows if one["relation"] in _CHILDREN]
        alone = len(children) == 1  # whose child a grandchild is, is known where only one is there
        return {**row, "relation": _GRANDCHILDREN[row["relation"]] if alone else "other"}
    return {**row, "relation": _relation(row["relation"], row["sex"], head["relation"])}


def _relation(relation: str, sex: str, of_head: str) -> str:
    male = sex == "male"
    if of_head == "spouse":
        return _OF_SPOUSE.get(relation, "other")
    if of_head in ("son", "daughter"):
        return _of_child(relation, male, of_head)
    if of_head in ("father", "mother"):
        if _ONE_PARENT[of_head] == relation:
            return "spouse"
        if relation == "spouse":
            return "son_in_law" if male else "daughter_in_law"
        if relation in ("son", "daughter"):
            return "grandson" if male else "granddaughter"
        return _OF_PARENT[relation][not male] if relation in _OF_PARENT else "other"
    if of_head == "sibling" and relation in ("father", "mother", "sibling"):
        return relation
    return "sibling" if of_head == "sibling" and relation == "head" else "other"


def _of_child(relation: str, male: bool, of_head: str) -> str:
    partner = {"son": "daughter_in_law", "daughter": "son_in_law"}[of_head]
    if relation in _OF_CHILD:
        return _OF_CHILD[relation][not male]
    return "spouse" if relation == partner else "other"


def faults(session: Session, rows: Sequence[Row], today: date) -> dict[tuple[str, str], str]:
    """What does not fit together, by the member's key ('' for the household) and the field: the rules of the
    form by which households are verified, as it is in force.
    """
    said = verified_form(session).broken({"members": [_typed(row) for row in rows]}, "members", today)
    found = {}
    for path, sentences in said.items():
        _, _, inner = path.partition(".")
        index, _, name = inner.partition(".")
        key = rows[int(index)]["key"] if index else ""
        found[key, name or "relation"] = sentences[0].partition("：")[2] or sentences[0]
    return found


def _typed(row: Row) -> Row:
    facts = row.get("facts") or {}
    return {
        **facts,
        **{name: row[name] or None for name in ("name", "sex", "id_type", "id_number", "relation")},
    }


def verified_form(session: Session) -> Form:
    """The form by which households are verified, as it is in force."""
    version = definitions.current(session, "identification")
    return definitions.load(session, version.id).form("verification")


def relations(session: Session) -> dict[str, str]:
    """The relations to the head that the form knows, but for the head's own."""
    listed = verified_form(session).component("members")
    inner = {s.key(one): one for one in s.children(listed)} if listed else {}
    return {code: word for code, word in s.options(inner["relation"]).items() if code != "head"}
