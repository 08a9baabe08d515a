"""Cases that go together: what the first of them asked by its own numbers is asked for all others at once.

On PostgreSQL each question is a way there and back on which we wait; one that goes along with fifty others
is none. Nobody says beforehand what a step will ask: its services do, as the diagram has them. But cases at
the same step ask alike. So the first one is listened to, and its questions are sent for all the others in
one pipeline; who then asks the same gets that answer: once, or as often as it asks for what is steady. The
numbers of new rows are drawn for all in the same way. A case by itself is asked what the last one at its step
asked, once its rows are locked (`of_one`). A page of one case is asked in the same way what the last one like
it asked (`of_page`). SQLite has no way to go, and nothing of this. Counted on PostgreSQL, ways a case: 5.1
for the end of a notice became 0.2, 11.8 for a step by itself 4.4, 26 for its page 8.

An answer must be what it would be if it were asked in its turn. Hence: only statements count that ask by the
number of a case or subject for what is changed in steps of that case or subject alone (`own`); a member
whose subject others have as well asks for itself (`Member.foreseen`); and what a member has written to is
asked anew. A page writes nothing: each of its questions sees what is committed by then, now or a moment
earlier. Numbers are drawn after the rows are locked, as a step draws them: of a case's rows the later has
the higher.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import combinations
from types import NoneType
from typing import Any, NamedTuple, Protocol

Values = Mapping[str, Any]
Rows = Any
"""What answers a question: rows, or the driver's result."""


class Statement(Protocol):
    """What is asked."""

    own: bool
    steady: bool
    """Whether it asks for what no step changes: a version, a setting, a line in force."""
    tables: frozenset[str]
    """The names of those that it reads, or writes to."""
    aside: frozenset[str]
    """The names of values that are nobody's number, whatever they are equal to."""


@dataclass(frozen=True)
class Member:
    """One of the cases that are worked on one after the other."""

    facts: Mapping[str, Hashable]
    """What is its own, by a name that all members use: the numbers of its case, subject, work item."""
    like: Hashable = None
    """Whoever is alike is expected to ask alike."""
    foreseen: bool = True
    """Whether no other member changes what it asks for."""


_ASKED_AGAIN = (str, int, bool, date, NoneType)
"""Of these are the values of which a page asks like the one before it: an instant is always another."""
_Question = tuple[Any, ...]
"""A statement, and the pairs of names and values."""
_Heard = tuple[Any, Values, Mapping[str, str]]
"""A question: the statement, its values, and which fact of the member each of them is that is its own."""


class Lesson(NamedTuple):
    """What was asked at a step, and the numbers that were drawn, by table."""

    heard: list[_Heard]
    drawn: Counter[str]


class Ways(Protocol):
    """How questions are sent."""

    def ask(self, statement: Any, values: Values, heard: Callable[[Rows], None]) -> None:
        """Send a question on its way; `heard` is called with the rows."""

    def draw(self, tables: Sequence[str], heard: Callable[[Rows], None]) -> None:
        """Ask for a number of a new row of each of the tables."""

    def send(self) -> None:
        """Let all be answered."""


class Foresight:
    """What is known of questions before they are asked."""

    def __init__(self, members: Mapping[Any, Member], ways: Ways) -> None:
        self._members, self._ways = dict(members), ways
        self._now = Member({}, foreseen=False)
        self._facts: dict[Hashable, str] | None = None
        self._lessons: dict[Hashable, Lesson] = {}
        self._answers: dict[_Question, Rows] = {}
        self._numbers: dict[Hashable, list[int]] = {}
        self._written: set[str] = set()
        self._waiting: set[_Question] = set()
        """Questions that have not been sent yet."""
        self._alone = False
        self._page: Callable[[Lesson | None], None] | None = None

    @classmethod
    def of_one(cls, member: Member, ways: Ways, last: Lesson | None) -> Foresight:
        """Of a step by itself, whose rows are locked: it is expected to ask what the `last` one asked."""
        found = cls({}, ways)
        found._alone, found._now = True, member
        if last is not None:
            found._ask_now(last, [member])
        found._listen(member)
        return found

    @classmethod
    def of_page(
        cls, member: Member, ways: Ways, last: Lesson | None, done: Callable[[Lesson | None], None]
    ) -> Foresight:
        """Of a page that only reads: it is expected to ask what the `last` one like it asked, which goes
        along with its first question; what it asked itself is told when it ends, None where it failed.
        """
        found = cls({}, ways)
        found._page, found._now = done, member
        if last is not None:
            found._waiting = found._foresee(last, [member])
        found._listen(member)
        return found

    def page_ends(self, *, well: bool) -> bool:
        """Whether it was a page's, which ends with its transaction or as soon as it is to write."""
        if self._page is None:
            return False
        self._page(self.lesson if well else None)
        return True

    @property
    def lesson(self) -> Lesson:
        """What the step asked by itself, for the next one."""
        return self._lessons[self._now.like]

    def begin(self, key: Hashable) -> None:
        """The turn of a member begins."""
        self._now = member = self._members.pop(key)
        self._written.clear()
        self._facts = None
        lesson = self._lessons.get(member.like)
        if lesson is not None:
            self._lessons[member.like] = Lesson([], Counter())
            left = [one for one in self._members.values() if one.like == member.like]
            self._ask_now(lesson, [one for one in (member, *left) if one.foreseen])
        elif self._is_plain(member):
            self._listen(member)

    def _is_plain(self, member: Member) -> bool:
        """Whether a value says which fact it is; of two that are equal, where all have them so."""
        alike = [one for one in self._members.values() if one.like == member.like and one.foreseen]
        equal = [(a, b) for a, b in combinations(member.facts, 2) if member.facts[a] == member.facts[b]]
        return all(one.facts[a] == one.facts[b] for a, b in equal for one in alike)

    def _listen(self, member: Member) -> None:
        self._lessons[member.like] = Lesson([], Counter())
        self._facts = {_fact(value): name for name, value in member.facts.items()}

    def known(self, statement: Statement, values: Values) -> Rows | None:
        """The rows that were asked for beforehand; None where it is to be asked now."""
        if not self._counts(statement, values):
            return None
        if self._facts is not None:
            facts = self._facts
            told = {name: _fact(value) for name, value in values.items() if name not in statement.aside}
            named = {name: facts[fact] for name, fact in told.items() if fact in facts}
            if named or statement.steady or not values:
                self._lessons[self._now.like].heard.append((statement, values, named))
        question = _question(statement, values)
        if question in self._waiting:
            self._ways.send()
            self._waiting.clear()
        if statement.steady:  # whoever asks again would hear the same
            return self._answers.get(question)
        return self._answers.pop(question, None)

    def _counts(self, statement: Statement, values: Values) -> bool:
        """Whether an answer that was given before would be the same now."""
        if self._page is not None:
            return not self._written and all(type(one) in _ASKED_AGAIN for one in values.values())
        own = statement.own or (statement.steady and self._alone)
        return own and self._written.isdisjoint(statement.tables)

    def number(self, table: str) -> int | None:
        """The number of a new row that was drawn beforehand; None where it is to be drawn now."""
        if self._facts is not None:
            self._lessons[self._now.like].drawn[table] += 1
        left = self._numbers.get((self._now.like, table)) if self._now.foreseen else None
        return left.pop(0) if left else None

    def wrote(self, tables: Iterable[str]) -> None:
        """The member whose turn it is has written to these."""
        self._written.update(tables)

    def waited(self) -> None:
        """For a lock, while others may have changed what no step does: that is asked again, behind it."""
        for question in [one for one in dict.fromkeys([*self._answers, *self._waiting]) if one[0].steady]:
            self._answers.pop(question, None)
            self._ask(question[0], dict(question[1:]), question)
            self._waiting.add(question)

    def forget(self) -> None:
        """A part of the transaction was taken back, with the locks that it took."""
        self._answers = {}  # another one: what is still to be answered is heard by nobody
        self._numbers.clear()
        self._waiting.clear()

    def _ask_now(self, lesson: Lesson, members: Sequence[Member]) -> None:
        """What the lesson says, in one pipeline."""
        if members and (lesson.heard or lesson.drawn):
            self._foresee(lesson, members)
            self._ways.send()

    def _foresee(self, lesson: Lesson, members: Sequence[Member]) -> set[_Question]:
        """Ask for the members, who are alike, what the lesson says; gives the questions."""
        asked: set[_Question] = set()
        for statement, values, named in lesson.heard:
            for member in members:
                own = {**values, **{name: member.facts[fact] for name, fact in named.items()}}
                question = _question(statement, own)
                if question not in asked:
                    asked.add(question)
                    self._ask(statement, own, question)
        if lesson.drawn:
            tables = sorted(lesson.drawn.elements()) * len(members)
            self._ways.draw(tables, partial(self._keep, members[0].like, tables))
        return asked

    def _ask(self, statement: Any, values: Values, question: _Question) -> None:
        self._ways.ask(statement, values, partial(self._answers.__setitem__, question))

    def _keep(self, like: Hashable, tables: Sequence[str], rows: Rows) -> None:
        for table, row in zip(tables, rows, strict=True):
            self._numbers.setdefault((like, table), []).append(row[0])


def _fact(value: Hashable) -> Hashable:
    """True is no case's number, though it equals 1."""
    return type(value), value


def _question(statement: Statement, values: Values) -> _Question:
    return (statement, *sorted(values.items()))
