"""What people do with an office's empty form: send it, say what its columns ask for, have it filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import IO, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.definitions import code_labels
from engine.casework.kit import Kit
from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.portions.foreign import books
from engine.casework.portions.foreign.books import Blank, Filling
from engine.casework.portions.foreign.heads import Column, Head
from engine.casework.portions.outgoing.sending import Asked as ToSend
from engine.casework.portions.outgoing.sending import OtherFile, finished
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.rows import heading
from engine.ground.sheets import Cell
from engine.ground.tables import to_json
from engine.prevention.models import ForeignForm
from engine.prevention.register import registers
from engine.prevention.register.filled.asked import HOUSEHOLD, PERSON, Asked
from engine.prevention.register.filled.fields import FIELDS, about
from engine.prevention.register.filled.headings import meant
from engine.prevention.register.filled.records import Record, records
from engine.prevention.register.registers import RegisterFilter

KEPT = 10
"""Forms of one person of which the file is kept."""
LATEST = 10
SOURCES, ASKED = "来源", "要问的"
"""The sheets behind the form's own."""
KNOWN = "—"
"""In the list of what is to be asked: this one is known."""
EXAMPLES = "，如“户主姓名”“身份证号码”"
"""Headings that are ours, where a form has none."""


# -- a form is sent --------------------------------------------------------------------------------


def begin(session: Session, actor: Account, body: bytes, filename: str, clock: Clock) -> ForeignForm:
    """Read an empty form and keep it; recognise its columns, or recall what the office has said of them.

    Raises Invalid, with the sentence under ``file``, for what is no empty form.
    """
    office = _office(actor)
    blank = books.opened(body, filename, lambda path: bool(meant(path)), EXAMPLES)
    columns = [meant(column.path) for column in blank.head.columns]
    mark = _fingerprint(blank.head.columns)
    known = _recalled(session, office, mark)
    found = ForeignForm(
        account_id=actor.id,
        office=office,
        at=clock.now(),
        filename=text.line(filename)[:200],
        title=blank.head.title or text.line(filename).rpartition(".")[0][:100],
        sheet=blank.sheet[:100],
        head=_kept(blank),
        fingerprint=mark,
        notes=list(blank.notes),
        columns=known.columns if known is not None else columns,
        per=known.per if known is not None else about(columns),
        told_at=clock.now() if known is not None else None,
        body=blank.body,
    )
    with write(session):
        session.add(found)
        session.flush()
        _forget_old(session, actor)
    return found


def _office(actor: Account) -> str:
    """The division in whose office the actor works with households. Raises NotAllowed for others."""
    codes = [grant.division_code for grant in actor.grants if grant.role in access.CASE_ROLES]
    if not codes:
        raise NotAllowed("填表由经办农户工作的单位进行。")
    return codes[0]


def _recalled(session: Session, office: str, mark: str) -> ForeignForm | None:
    query = select(ForeignForm).where(
        ForeignForm.office == office, ForeignForm.fingerprint == mark, ForeignForm.told_at.is_not(None)
    )
    return session.scalar(query.order_by(ForeignForm.told_at.desc(), ForeignForm.id.desc()).limit(1))


def _fingerprint(columns: Sequence[Column]) -> str:
    return sha256(to_json([[heading(one) for one in column.path] for column in columns]).encode()).hexdigest()


def _kept(blank: Blank) -> dict[str, Any]:
    head = blank.head
    return {
        "columns": [list(one.path) for one in head.columns],
        "first": head.first,
        "foot": head.foot,
        "formulas": list(blank.formulas),
    }


def _forget_old(session: Session, actor: Account) -> None:
    """A form that is filled can be sent again: only the latest files are kept."""
    mine = select(ForeignForm.id).where(ForeignForm.account_id == actor.id, ForeignForm.body.is_not(None))
    old = list(session.scalars(mine.order_by(ForeignForm.id.desc()).offset(KEPT)))
    if old:
        session.execute(update(ForeignForm).where(ForeignForm.id.in_(old)).values(body=None))


def latest(session: Session, actor: Account) -> list[ForeignForm]:
    """One's own last forms whose file is still there."""
    query = select(ForeignForm).where(ForeignForm.account_id == actor.id, ForeignForm.body.is_not(None))
    return list(session.scalars(query.order_by(ForeignForm.id.desc()).limit(LATEST)))


def get(session: Session, actor: Account, form_id: int) -> ForeignForm:
    """One's own form. Raises NotFound."""
    found = session.get(ForeignForm, form_id)
    if found is None or found.account_id != actor.id:
        raise NotFound("没有找到这张表。")
    return found


def columns_of(form: ForeignForm) -> list[Column]:
    """The columns of a form."""
    return [Column(place, path) for place, path in enumerate(form.head["columns"])]


# -- what its columns mean -------------------------------------------------------------------------


def tell(
    session: Session, actor: Account, form_id: int, said: Mapping[int, str], per: str, clock: Clock
) -> ForeignForm:
    """Which field each column asks for, and whether a row is a household or a person; remembered for the
    office's next form with these headings. Raises Invalid.
    """
    form = get(session, actor, form_id)
    keys = [said.get(column.place, "") for column in columns_of(form)]
    if any(key and key not in FIELDS for key in keys) or per not in (HOUSEHOLD, PERSON):
        raise Invalid("请从列表里选择每一列要填什么。")
    if not any(keys):
        raise Invalid("至少要有一列是登记簿里有的。")
    with write(session):
        form.columns, form.per, form.told_at = keys, per, clock.now()
    return form


# -- filled ----------------------------------------------------------------------------------------


def _filling(asked_for: ToSend, out: IO[bytes]) -> Iterator[int]:
    """The form with what the register says of the households in reach that match.

    Behind it a sheet says where each value is from, in the same place as the value; another lists what the
    register does not know, to be asked once. ID numbers and phones are masked unless there is a reason;
    either way it is logged (domain §7.2).
    """
    form, count = _form(asked_for), 0
    blank, columns = _blank(form), columns_of(form)
    with Filling(blank, [place for place, key in enumerate(form.columns) if key]) as filling:
        sources = filling.sheet(SOURCES, [18] * len(columns))
        for line in _over(columns, form, blank.head):
            sources.row(line)
        asking = filling.sheet(ASKED, [14] * (len(_CALLED) + len(columns)))
        lacking = _lacking_titles(form)
        asking.row([*_CALLED, *(title for _, title in lacking)])
        for count, asked in enumerate(_rows(asked_for, form.per), 1):
            cells = _cells(form, asked)
            filling.row(cells)
            sources.row(_sources(form, asked, cells))
            if (question := _line(asked, lacking, cells)) is not None:
                asking.row(question)
            yield count
        if not count:
            raise Invalid("这里没有符合条件的农户：请换一个地方或状态。")
        yield from finished(out, filling, count)


def _form(asked: ToSend) -> ForeignForm:
    return get(asked.session, asked.actor, text.whole(asked.given.get("form", "")) or 0)


def _wanted(asked: ToSend) -> RegisterFilter:
    given = asked.given
    return RegisterFilter(
        status=given.get("status", "monitored"),
        category=given.get("category", ""),
        division=given.get("division", ""),
    )


def _sources(form: ForeignForm, asked: Asked, cells: Sequence[Cell]) -> list[Cell]:
    return [
        FIELDS[key].source(asked) if key and cell != "" else ""
        for key, cell in zip(form.columns, cells, strict=True)
    ]


def _note(asked: ToSend, rows: int) -> None:
    name = f"填表：{_form(asked).title}"
    details = {"name": name, "rows": rows, "reason": asked.reason, "filter": asdict(_wanted(asked))}
    audit.record(asked.session, "access", asked.actor.id, "export", details, asked.now)


def _called(asked: ToSend) -> str:
    form = _form(asked)
    name = form.filename.rpartition(".")[0] or form.title
    return f"{name[:150]}（已填）{local_date(asked.now):%Y%m%d}.xlsx"


def _blank(form: ForeignForm) -> Blank:
    if form.body is None:
        raise Conflict("这张表的文件已不再保存：请再上传一次，列的对应还记得。")
    head = Head(columns_of(form), form.title, int(form.head["first"]), int(form.head["foot"]))
    return Blank(form.body, form.sheet, head, form.notes, form.head["formulas"])


def _over(columns: Sequence[Column], form: ForeignForm, head: Head) -> Iterator[list[Cell]]:
    """What stands over the sources: so that each is in the same place as its value."""
    lines: list[list[Cell]] = [[] for _ in range(head.first - 1)]
    lines[0] = [f"“{form.sheet}”里同一格的数据从哪里来、是哪一天的；空的是登记簿里没有。"]
    if head.first > 2:
        lines[-1] = [column.title for column in columns]
    yield from lines


def _rows(asked: ToSend, per: str) -> Iterator[Asked]:
    """The rows of a form: households, or their members."""
    number, today = 0, local_date(asked.now)
    words, full = code_labels(asked.session), bool(asked.reason)
    for record in records(
        asked.session, registers.narrowed(asked.session, asked.actor, _wanted(asked)), sources=True
    ):
        for member in _subjects(record, per):
            number += 1
            yield Asked(record, member, number, words, full, today)


def _subjects(record: Record, per: str) -> Sequence[Any]:
    return record.members if per == PERSON else [record.head]


def _cells(form: ForeignForm, asked: Asked) -> list[Cell]:
    return [FIELDS[key].value(asked) if key else "" for key in form.columns]


# -- what is to be asked ---------------------------------------------------------------------------

_CALLED = ("村", "户编号", "户主姓名", "姓名")


def _lacking_titles(form: ForeignForm) -> list[tuple[int, str]]:
    """The columns that rows can lack, with their headings."""
    return [
        (column.place, column.title)
        for column in columns_of(form)
        if column.path
        and form.columns[column.place] != "serial"
        # what the form reckons itself nobody has to be asked
        and (form.columns[column.place] or column.place not in form.head["formulas"])
    ]


def _line(asked: Asked, lacking: Sequence[tuple[int, str]], cells: Sequence[Cell]) -> list[Cell] | None:
    """What is to be asked about a row; None where everything is known."""
    if not any(cells[place] in ("", None) for place, _ in lacking):
        return None
    record = asked.record
    called = [
        record.places.get("village", ""),
        record.household.number,
        record.household.head_name,
        asked.member.name if asked.member is not None else "",
    ]
    return [*called, *("" if cells[place] in ("", None) else KNOWN for place, _ in lacking)]


KIT = Kit(other_files={"filled_form": OtherFile("填好的表", _filling, _called, _note)})
