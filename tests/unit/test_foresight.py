"""Which questions are asked before their turn, and which answers are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.ground.database.foresight import Foresight, Lesson, Member, Rows


@dataclass(frozen=True)
class Question:
    """A statement as foresight knows it."""

    name: str
    tables: frozenset[str]
    own: bool = True
    steady: bool = False
    aside: frozenset[str] = frozenset()


@dataclass
class Database:
    """Answers each question with the values that were asked for, and numbers from 100."""

    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    last: int = 99
    sent: int = 0
    silent: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)

    def ask(self, statement: Question, values: Mapping[str, Any], heard: Callable[[Rows], None]) -> None:
        self.asked.append((statement.name, dict(values)))
        self.waiting.append(lambda: heard([[statement.name, *values.values()]]))
        if not self.silent:
            self.answer()

    def answer(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()

    def draw(self, tables: Sequence[str], heard: Callable[[Rows], None]) -> None:
        heard([[self.last + one + 1] for one in range(len(tables))])
        self.last += len(tables)

    def send(self) -> None:
        """All has been answered already."""
        self.sent += 1


ITEMS = Question("items", frozenset({"work_item"}))
NOTICES = Question("notices", frozenset({"notice"}))
VERSION = Question("version", frozenset({"procedure_version"}), own=False, steady=True)
SHARED = Question("papers", frozenset({"paper"}), own=False)


def _member(case: int, like: str = "review", *, foreseen: bool = True) -> Member:
    return Member({"case": case, "subject": case + 1000}, like, foreseen)


def _begun(*members: Member) -> tuple[Foresight, Database]:
    database = Database()
    return Foresight(dict(enumerate(members)), database), database


def test_what_the_first_asked_by_its_own_number_is_asked_for_the_others() -> None:
    foresight, database = _begun(_member(1), _member(2), _member(3))
    foresight.begin(0)
    assert foresight.known(ITEMS, {"case_id": 1, "status": "open"}) is None
    assert foresight.known(NOTICES, {"whose": 1001}) is None
    assert foresight.known(SHARED, {"case_id": 1}) is None
    assert foresight.known(ITEMS, {"case_id": 77}) is None  # by nobody's number
    foresight.begin(1)
    assert [values for _, values in database.asked] == [
        {"case_id": 2, "status": "open"},
        {"case_id": 3, "status": "open"},
        {"whose": 1002},
        {"whose": 1003},
    ]
    assert foresight.known(ITEMS, {"status": "open", "case_id": 2}) == [["items", 2, "open"]]
    assert foresight.known(ITEMS, {"status": "open", "case_id": 2}) is None  # once
    foresight.begin(2)
    assert foresight.known(NOTICES, {"whose": 1003}) == [["notices", 1003]]
    assert len(database.asked) == 4


def test_what_a_member_has_written_to_is_asked_anew() -> None:
    foresight, _ = _begun(_member(1), _member(2), _member(3))
    foresight.begin(0)
    foresight.wrote(["notice"])
    assert foresight.known(NOTICES, {"case_id": 1}) is None  # asked after it was written: never beforehand
    assert foresight.known(ITEMS, {"case_id": 1}) is None
    foresight.begin(1)
    assert foresight.known(NOTICES, {"case_id": 2}) is None
    foresight.wrote(["work_item"])
    assert foresight.known(ITEMS, {"case_id": 2}) is None
    foresight.begin(2)
    assert foresight.known(ITEMS, {"case_id": 3}) is not None


def test_who_shares_a_subject_asks_for_itself() -> None:
    foresight, database = _begun(_member(1), _member(2, foreseen=False), _member(3))
    foresight.begin(0)
    foresight.known(ITEMS, {"case_id": 1})
    assert foresight.number("submission") is None
    foresight.begin(1)
    assert database.asked == [("items", {"case_id": 3})]
    assert foresight.known(ITEMS, {"case_id": 2}) is None
    assert foresight.number("submission") is None  # its row may be locked later than the numbers were drawn
    foresight.begin(2)
    assert foresight.known(ITEMS, {"case_id": 3}) is not None
    assert foresight.number("submission") == 100


def test_numbers_that_are_equal_teach_nothing() -> None:
    """Which of them was asked by cannot be told from the first: the next one says."""
    foresight, database = _begun(Member({"case": 5, "subject": 5}, "review"), _member(1), _member(2))
    foresight.begin(0)
    foresight.known(ITEMS, {"case_id": 5})
    foresight.begin(1)
    assert database.asked == []
    foresight.known(ITEMS, {"case_id": 1})
    foresight.begin(2)
    assert database.asked == [("items", {"case_id": 2})]


def test_numbers_that_are_equal_for_all_may_be_either() -> None:
    """A household's first case may have its number: then it does not matter which is asked by."""
    foresight, database = _begun(*(Member({"case": one, "subject": one}, "review") for one in (5, 6, 7)))
    foresight.begin(0)
    foresight.known(ITEMS, {"case_id": 5})
    foresight.begin(1)
    assert database.asked == [("items", {"case_id": 6}), ("items", {"case_id": 7})]


def test_only_who_is_alike_is_expected_to_ask_alike() -> None:
    foresight, database = _begun(_member(1), _member(2, "approve"), _member(3), _member(4, "approve"))
    foresight.begin(0)
    foresight.known(ITEMS, {"case_id": 1})
    foresight.begin(1)
    foresight.known(NOTICES, {"case_id": 2})
    assert database.asked == []
    foresight.begin(2)
    foresight.begin(3)
    assert database.asked == [("items", {"case_id": 3}), ("notices", {"case_id": 4})]


def test_a_step_by_itself_is_expected_to_ask_what_the_last_one_asked() -> None:
    database = Database()
    first = Foresight.of_one(_member(1), database, None)
    assert first.known(ITEMS, {"case_id": 1}) is None
    assert first.known(VERSION, {"number": 12}) is None
    assert first.known(SHARED, {"case_id": 1}) is None
    assert first.number("submission") is None
    assert database.asked == []
    second = Foresight.of_one(_member(2), database, first.lesson)
    assert database.asked == [("items", {"case_id": 2}), ("version", {"number": 12})]
    assert second.known(VERSION, {"number": 12}) == [["version", 12]]
    assert second.number("submission") == 100
    second.wrote(["work_item"])
    assert second.known(ITEMS, {"case_id": 2}) is None
    assert [statement.name for statement, _, _ in second.lesson.heard] == ["version"]
    Foresight.of_one(_member(3), database, second.lesson)
    assert database.asked[2:] == [("version", {"number": 12})]  # what is asked too late is not expected again


def test_what_is_steady_answers_as_often_as_it_is_asked_and_a_case_s_own_once() -> None:
    first = Foresight.of_one(_member(1), Database(), None)
    first.known(ITEMS, {"case_id": 1})
    first.known(VERSION, {"number": 12})
    second = Foresight.of_one(_member(2), Database(), first.lesson)
    for _ in range(2):
        assert second.known(VERSION, {"number": 12}) == [["version", 12]]
    assert second.known(ITEMS, {"case_id": 2}) is not None
    assert second.known(ITEMS, {"case_id": 2}) is None


def test_who_has_waited_for_a_lock_hears_of_what_is_steady_anew() -> None:
    database = Database()
    first = Foresight.of_one(_member(1), database, None)
    first.known(ITEMS, {"case_id": 1})
    first.known(VERSION, {"number": 12})
    second = Foresight.of_one(_member(2), database, first.lesson)
    assert len(database.asked) == 2
    database.silent = True
    second.waited()
    assert database.asked[2:] == [("version", {"number": 12})]  # goes with the next question
    assert second.known(ITEMS, {"case_id": 2}) is not None  # nobody else changes that
    database.answer()
    sent = database.sent
    assert second.known(VERSION, {"number": 12}) == [["version", 12]] and database.sent == sent + 1


def test_a_list_may_be_a_case_s_own() -> None:
    """The places above its village: those of the next one are others."""
    places = Question("places", frozenset({"division"}), own=False, steady=True)
    one, next_one = Member({"above": ("41", "4103")}, "post"), Member({"above": ("42", "4201")}, "post")
    first, database = Foresight.of_one(one, Database(), None), Database()
    assert first.known(places, {"codes": ("41", "4103")}) is None
    second = Foresight.of_one(next_one, database, first.lesson)
    assert database.asked == [("places", {"codes": ("42", "4201")})]
    assert second.known(places, {"codes": ("42", "4201")}) is not None


def test_many_cases_do_not_share_what_is_steady() -> None:
    """One answer serves one question; whoever asks once in a transaction has it already."""
    foresight, database = _begun(_member(1), _member(2))
    foresight.begin(0)
    assert foresight.known(VERSION, {"number": 12}) is None
    foresight.begin(1)
    assert database.asked == []


def test_what_was_taken_back_is_asked_anew() -> None:
    foresight, _ = _begun(_member(1), _member(2))
    foresight.begin(0)
    foresight.known(ITEMS, {"case_id": 1})
    foresight.begin(1)
    foresight.forget()
    assert foresight.known(ITEMS, {"case_id": 2}) is None


def _page(case: int, database: Database, last: Lesson | None) -> tuple[Foresight, list[Lesson | None]]:
    told: list[Lesson | None] = []
    return Foresight.of_page(_member(case, "case"), database, last, told.append), told


def test_a_page_is_expected_to_ask_what_the_last_one_asked() -> None:
    database = Database()
    first, told = _page(1, database, None)
    for statement, values in (
        (SHARED, {"case_id": 1}),
        (NOTICES, {"whose": 1001, "status": "open"}),
        (ITEMS, {"division": "410325103202"}),  # by no fact of the page
        (SHARED, {}),
        (ITEMS, {"case_id": 1, "now": datetime(2022, 5, 5, tzinfo=UTC)}),  # never asked again
        (ITEMS, {"case_ids": [1]}),
    ):
        assert first.known(statement, values) is None
    assert first.page_ends(well=True)
    second, _ = _page(2, database, told[0])
    asked = [("papers", {"case_id": 2}), ("notices", {"whose": 1002, "status": "open"}), ("papers", {})]
    assert database.asked == asked
    assert database.sent == 0  # they go along with whatever is asked first
    assert second.known(ITEMS, {"division": "410325103202"}) is None
    assert database.sent == 0
    assert second.known(SHARED, {"case_id": 2}) == [["papers", 2]]
    assert database.sent == 1
    assert second.known(SHARED, {"case_id": 2}) is None  # once
    assert second.known(NOTICES, {"whose": 1002, "status": "done"}) is None  # another question
    assert second.number("submission") is None


def test_what_was_foreseen_for_a_page_counts_for_nothing_once_it_has_written() -> None:
    database = Database()
    first, told = _page(1, database, None)
    first.known(SHARED, {"case_id": 1})
    first.page_ends(well=True)
    second, _ = _page(2, database, told[0])
    second.wrote(["work_item"])
    assert second.known(SHARED, {"case_id": 2}) is None


def test_only_a_page_ends_with_what_it_is_about() -> None:
    foresight, _ = _begun(_member(1), _member(2))
    assert not foresight.page_ends(well=True)


def test_what_is_still_to_be_answered_is_heard_by_nobody_once_it_may_have_changed() -> None:
    database = Database(silent=True)
    first, told = _page(1, database, None)
    first.known(SHARED, {"case_id": 1})
    first.page_ends(well=True)
    second, _ = _page(2, database, told[0])
    second.forget()
    database.answer()
    assert second.known(SHARED, {"case_id": 2}) is None


def test_a_page_that_failed_teaches_nothing() -> None:
    first, told = _page(1, Database(), None)
    first.known(SHARED, {"case_id": 1})
    assert first.page_ends(well=False)
    assert told == [None]


def test_a_value_is_nobodys_number_because_it_is_equal_to_one() -> None:
    database = Database()
    limited = Question("limited", frozenset(), aside=frozenset({"limit"}))
    first, told = _page(1, database, None)
    first.known(limited, {"case_id": 1, "limit": 1, "flag": True})
    first.known(limited, {"limit": 1})
    first.page_ends(well=True)
    _page(2, database, told[0])
    assert database.asked == [("limited", {"case_id": 2, "limit": 1, "flag": True})]
