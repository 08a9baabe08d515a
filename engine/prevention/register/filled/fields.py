"""What the register can say of a household or a person: each field's value and where it is from.

One list serves the register's own export and every form that is filled: a value has one meaning and one
source wherever it goes. By which words offices ask for a field is the table of `headings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.ground.sheets import Cell
from engine.prevention.register.filled import sources, values
from engine.prevention.register.filled.asked import HOUSEHOLD, PERSON, Asked, Source
from engine.prevention.register.filled.headings import HEADINGS
from engine.prevention.register.naming import CATEGORY_NAMES, STATUS_NAMES, TYPE_NAMES

Value = Callable[[Asked], Cell]


@dataclass(frozen=True)
class Field:
    """Something that the register says."""

    key: str
    value: Value
    source: Source
    about: str = HOUSEHOLD
    personal: bool = False
    """Masked unless a reason was given."""

    @property
    def title(self) -> str:
        """What the field is called as a heading."""
        return HEADINGS[self.key].title


def _of_households() -> Iterator[Field]:
    yield Field("serial", lambda asked: asked.number, lambda _: "")
    for level in ("province", "city", "county", "township", "village"):
        yield Field(level, values.place(level), sources.divisions)
    yield Field("group_name", values.column("group_name"), sources.contact)
    yield Field("address", values.column("address"), sources.contact)
    yield Field("number", values.column("number"), sources.register)
    yield Field("national_number", values.column("national_number"), sources.register)
    yield Field("head_name", values.column("head_name"), sources.register)
    yield Field("head_id_number", values.head_number, sources.register, personal=True)
    yield Field("phone", values.phone, sources.contact, personal=True)
    yield Field("size", lambda asked: len(asked.record.members) or "", sources.register)
    yield Field("type", values.coded("household_type", TYPE_NAMES), sources.register)
    yield Field("status", values.coded("status", STATUS_NAMES), sources.register)
    yield Field("category", values.coded("category", CATEGORY_NAMES), sources.identified)
    yield Field("risks", values.codes("risks"), sources.identified)
    yield Field("key_groups", values.codes("key_groups"), sources.register)
    yield Field("monitored_on", values.day("monitored_on"), sources.identified)
    yield Field("monitored_month", values.month("monitored_on"), sources.identified)
    yield Field("eliminated_on", values.day("eliminated_on"), sources.eliminated)
    yield Field("eliminated_month", values.month("eliminated_on"), sources.eliminated)
    yield Field("manner", values.coded("elimination_manner", values.MANNERS), sources.eliminated)
    yield Field("official", values.official("name"), sources.named)
    yield Field("official_unit", values.official("unit"), sources.named)
    yield Field("official_phone", values.official("phone"), sources.named)


def _of_years() -> Iterator[Field]:
    year = sources.yearly
    yield Field("income_year", lambda asked: asked.record.year.year if asked.record.year else "", year)
    yield Field("net_income", values.money("net_income"), year)
    yield Field("per_capita", values.money("per_capita"), year)
    transfers = ("pension", "allowance_income", "subsidy", "other_transfer")
    for key in ("wage", "business", "property", *transfers, "business_cost"):
        yield Field(key, values.part("income", key), year)
    yield Field("transfer", values.part("income", *transfers), year)
    for key in ("medical", "education_cost", "disaster", "other_rigid"):
        yield Field(key, values.part("spending", key.removesuffix("_cost")), year)
    for key in ("education_ok", "medical_ok", "housing_ok", "water_ok"):
        yield Field(key, values.assured(key), year)


def _of_persons() -> Iterator[Field]:
    def person(key: str, value: Value, source: Source = sources.person, *, personal: bool = False) -> Field:
        return Field(key, value, source, PERSON, personal)

    yield person("name", values.name)
    yield person("sex", values.member_word("sex"))
    yield person("id_number", values.member_number, personal=True)
    yield person("id_type", values.member_word("id_type"))
    yield person("relation", values.member_word("relation"))
    yield person("birth_date", values.born, personal=True)
    yield person("age", values.age, sources.reckoned)
    for key in ("health", "labour", "schooling", "education", "work_place", "work_months"):
        yield person(key, values.fact(key))
    yield person("medical_insurance", values.fact("medical_insurance"))


def _listed() -> Iterator[Field]:
    yield from _of_households()
    yield from _of_years()
    yield from _of_persons()


FIELDS: Mapping[str, Field] = {one.key: one for one in _listed()}


def about(keys: Sequence[str]) -> str:
    """Whether the rows of a form with these columns are households or persons."""
    asked = set(keys)
    if "relation" in asked or {"name", "head_name"} <= asked or {"id_number", "head_id_number"} <= asked:
        return PERSON
    people = [
        key for key in asked if key and FIELDS[key].about == PERSON and key not in ("name", "id_number")
    ]
    return PERSON if people and "size" not in asked and "name" in asked else HOUSEHOLD
