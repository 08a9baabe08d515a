"""How the page of duties is made from the results of the tests."""

from __future__ import annotations

import pytest

from tests import duties


def result(test: str, *numbers: str, passed: bool = True) -> dict[str, object]:
    return {"test": test, "duties": list(numbers), "passed": passed}


def test_a_passing_test_proves_its_duties() -> None:
    proven = duties.proofs([result("tests/unit/test_x.py::test_a", "R10", "C3")])
    assert proven["R10"] == proven["C3"] == ["tests/unit/test_x.py::test_a"]
    assert "| R10 |" in duties.page(proven) and "`a` (unit/x)" in duties.page(proven)


def test_one_failed_variant_proves_nothing() -> None:
    results = [
        result("t.py::test_a", "R10"),
        result("t.py::test_a", "R10", passed=False),
        result("t.py::test_a", "R10"),
    ]
    assert duties.proofs(results)["R10"] == []


def test_a_duty_without_a_proof_is_said_to_be_unfinished() -> None:
    lines = duties.page(duties.proofs([])).splitlines()
    assert (
        len([line for line in lines if line.endswith(f"| {duties.UNFINISHED} |")])
        == len(duties.NUMBERS)
        == 47
    )


def test_a_mark_that_names_no_duty_is_refused() -> None:
    with pytest.raises(ValueError, match="R99"):
        duties.proofs([result("t.py::test_a", "R99")])


def test_the_page_lists_every_marked_test() -> None:
    wanted = duties.page(duties.proofs(duties.marked()))
    assert wanted == duties.PAGE.read_text(), "python -m tests.duties writes it anew"


def test_marks_are_read_as_the_run_notes_them(request: pytest.FixtureRequest) -> None:
    """Whatever way of marking the collection knows and the reading of the files does not, is found here."""
    read = {line["test"]: set(line["duties"]) for line in duties.marked()}
    for item in request.session.items:
        noted = {str(number) for mark in item.iter_markers("duty") for number in mark.args}
        assert read.get(item.nodeid.partition("[")[0], set()) == noted, item.nodeid
