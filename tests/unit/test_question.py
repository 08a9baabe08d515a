"""Which of SQLAlchemy's statements go over the wire as PostgreSQL has them, and which stay prepared."""

from __future__ import annotations

import pytest

from engine.ground.database.wire.question import question_of

CASE = "SELECT id FROM case_file WHERE case_file.id = %(id_1)s::INTEGER AND status = %(status_1)s::VARCHAR"


def test_what_asks_by_keys_stays_prepared() -> None:
    question = question_of(CASE)
    assert question is not None
    assert question.keeps
    assert question.names == ("id_1", "status_1")
    assert question.words.endswith(b"case_file.id = $1::INTEGER AND status = $2::VARCHAR")


@pytest.mark.parametrize(
    "condition",
    [
        "village_code BETWEEN %(low)s::VARCHAR AND %(high)s::VARCHAR",
        "village_code >= %(low)s::VARCHAR",
        "village_code <= %(low)s::VARCHAR",
        "status != %(low)s::VARCHAR",
        "id IN (%(low)s::INTEGER, %(high)s::INTEGER)",
        "id = %(low)s::INTEGER ORDER BY id LIMIT %(param_1)s::INTEGER",
        "name LIKE %(low)s::VARCHAR || '%%'",
        "id = 5",
    ],
)
def test_a_plan_that_depends_on_the_values_is_made_each_time(condition: str) -> None:
    question = question_of(f"SELECT id FROM case_file WHERE {condition}")
    assert question is not None
    assert not question.keeps
    assert b"%(" not in question.words
    assert b"%%" not in question.words


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM case_file WHERE id = %(id)s",  # the driver says of which type it is
        "SELECT id FROM case_file WHERE id = %(id)s::INTEGER AND name = %(name)s",
        "SELECT 1; DROP TABLE case_file",
        "SELECT id FROM case_file WHERE name LIKE '%'",  # no values: nothing is escaped
        "UPDATE case_file SET status = %(status)s::VARCHAR",
        "SET LOCAL lock_timeout = 5",
        f"SELECT id FROM t WHERE id IN ({', '.join(f'%(id_{one})s::INTEGER' for one in range(500))})",
    ],
)
def test_all_else_goes_by_the_driver(statement: str) -> None:
    assert question_of(statement) is None


def test_a_value_that_is_wanted_twice_has_one_place() -> None:
    question = question_of(
        "SELECT id FROM t WHERE a = %(x)s::INTEGER OR b = %(x)s::INTEGER OR c = %(y)s::DATE"
    )
    assert question is not None
    assert question.names == ("x", "y")
    assert question.words == b"SELECT id FROM t WHERE a = $1::INTEGER OR b = $1::INTEGER OR c = $2::DATE"


def test_how_many_are_wanted_is_nobodys_number() -> None:
    question = question_of(
        "SELECT id FROM t WHERE a = %(a)s::INTEGER AND c BETWEEN %(low)s::VARCHAR AND %(high)s::VARCHAR"
        " AND b != %(b)s::INTEGER AND id IN (%(id_1)s::INTEGER)"
        " LIMIT %(many)s::INTEGER OFFSET %(from)s::INTEGER"
    )
    assert question is not None
    assert question.aside == {"b", "id_1", "many", "from"}


@pytest.mark.parametrize(
    ("value", "goes"), [(5, True), ("甲", True), (None, True), (True, False), (3.0, False)]
)
def test_of_a_value_that_is_no_plain_one_the_driver_says_the_type(value: object, goes: bool) -> None:
    question = question_of(CASE)
    assert question is not None
    assert question.takes({"id_1": value, "status_1": "open"}) is goes
