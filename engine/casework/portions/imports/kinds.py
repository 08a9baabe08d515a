"""What a kind of file is: its columns, how its rows are checked and written. The field's kits bring them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.models import Account
from engine.ground.clock import Clock
from engine.ground.errors import NotFound
from engine.ground.tables import to_json

TEXT, NUMBER, DAY, CHOICE, CHOICES, YES, IDENTITY = "text number day choice choices yes identity".split()


@dataclass(frozen=True)
class Column:
    """A column of a kind of file."""

    key: str
    title: str
    """Its heading in our template."""
    names: Sequence[str] = ()
    """Other headings that mean it."""
    reads: str = TEXT
    """How its cells are read: one of the words above."""
    required: bool = False
    longest: int = 200
    """Characters of a text."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Of a choice: value → the word for it."""
    hint: str = ""
    """What the template says of it."""
    known: bool = False
    """Filled in and locked in the template, where the system knows it."""
    calls: bool = False
    """Names whom a row is about, on the page with what is wrong."""
    width: int = 14
    """Characters, in the template."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: in which of our columns ('' for the row as a whole), and what to do."""

    column: str
    problem: str
    cure: str = ""


@dataclass(frozen=True)
class Target:
    """What the rows of a file go into."""

    key: str
    """As addresses and the table have it."""
    title: str
    """As people call it."""
    parts: Mapping[str, Any]
    """What the kind needs to know of it."""
    import_id: int | None = None
    """The import whose rows they are, once they are checked and let in."""


@dataclass(frozen=True)
class Sent:
    """A row whose cells could all be read: its number in the sheet, and its values by column."""

    number: int
    values: Mapping[str, Any]
    """Texts, numbers as text, days as ISO text, values of choices, lists of them, true or false; what is
    empty is left out."""


@dataclass(frozen=True)
class Judged:
    """What a row would become."""

    faults: Sequence[Fault] = ()
    same: bool = False
    """It is in already, and nothing of it has changed."""
    blank: bool = False
    """Nothing of it is filled in yet."""
    key: str = ""
    """Whom it is about: a second row about the same is refused. At most 80 characters."""
    note: str = ""
    """What its sender should know, though nothing is wrong."""


@dataclass(frozen=True)
class Become:
    """What a row has become: ``done``, ``same`` as before, or ``refused``."""

    kind: str
    faults: Sequence[Fault] = ()
    note: str = ""
    made_id: int | None = None


Columns = Callable[[Session, Target], Sequence[Column]]
Check = Callable[[Session, Account, Target, Sequence[Sent], Clock], Sequence[Judged]]
Write = Callable[[Session, Account, Target, Sequence[Sent], Clock], Sequence[Become]]


@dataclass(frozen=True)
class ImportKind:
    """A kind of file that people send. A portion is at most `acts.PORTION` rows."""

    name: str
    title: str
    unit: str
    """What a row is counted in: 户, 人, 条."""
    target: Callable[[Session, Account, str], Target]
    """What a key means to the actor. Raises NotFound, NotAllowed and, where nothing may come in, Conflict."""
    columns: Columns
    check: Check
    """What would become of rows; nothing of it stays. Called outside a transaction."""
    write: Write
    """Let rows in; called inside a transaction, with rows that were checked before."""
    filled: Callable[[Session, Account, Target], Iterable[Mapping[str, str]]] = lambda *_: ()
    """The rows that the template has already: words by column."""
    foreign: Callable[[Session, Target, str], str] = lambda *_: (
        "这是另一处的模板：请在那里上传，或者下载这里的模板。"
    )
    """The sentence for a template that was made for another target, by its key."""
    shared: Callable[[Target], str] | None = None
    """By which name whoever sends such files shares which column is which, at most 30 characters; None: each
    person is asked once."""
    most: int = 200_000

    @property
    def knows_rows(self) -> bool:
        """Whether its template comes with rows, and is more than headings."""
        return self.filled is not ImportKind.filled

    def remembered_as(self, target: Target) -> str:
        """Under which name it is kept which column is which."""
        return self.shared(target)[:30] if self.shared is not None else self.name


def of(name: str) -> ImportKind:
    """The kind of a name. Raises NotFound."""
    found = kit.used().imports.get(name)
    if found is None:
        raise NotFound("没有这种导入。")
    return found


def version_of(columns: Sequence[Column]) -> str:
    """The fingerprint of a template: another one when its columns or their options have changed."""
    said = [[one.key, one.title, one.reads, dict(one.options)] for one in columns]
    return sha256(to_json(said).encode()).hexdigest()[:16]
