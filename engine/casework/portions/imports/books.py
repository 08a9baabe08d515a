"""The workbooks of an import: an empty template, and the file that comes back with its faults marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.kit import Kit
from engine.casework.models import SheetImport, SheetImportRow
from engine.casework.portions.imports import files, kinds, mapping
from engine.casework.portions.imports.kinds import Column, Fault, ImportKind, Target
from engine.casework.portions.outgoing.sending import Asked, OtherFile, finished
from engine.ground import idnumber, text, workbooks
from engine.ground.sheets import Book, Sheet
from engine.ground.tables import table

SPARE = 300
"""Empty rows below those that are filled in: for whom the system does not know yet."""
MOST_REMARKS = 2000
"""Remarks at cells in one file; the columns at its end say everything."""
NAME = "填写"
HEAD = 2
"""Rows over those to fill in: how, and the headings."""
PAGE = 5000
SHORT = 14
"""Characters of what is shown whole where an ID number should stand: as 4.10325E+17."""


def _template(asked: Asked, out: IO[bytes]) -> Iterator[int]:
    """An Excel file to be filled in: what the system knows stands in it, locked; choices drop down."""
    kind, target = _kind(asked)
    columns, rows = kind.columns(asked.session, target), kind.filled(asked.session, asked.actor, target)
    yield from filled_in(out, kind, target, columns, rows)


def _kind(asked: Asked) -> tuple[ImportKind, Target]:
    """What the file is to bring, and for what. Raises as its page."""
    kind = kinds.of(asked.given.get("kind", ""))
    return kind, kind.target(asked.session, asked.actor, asked.given.get("key", ""))


def _note_template(asked: Asked, rows: int) -> None:
    """Whoever takes people's names out of the system leaves a line in the log (domain §7.2)."""
    if rows:
        kind, target = _kind(asked)
        details = {"name": f"{kind.title}模板（{target.title}）", "rows": rows}
        audit.record(asked.session, "access", asked.actor.id, "export", details, asked.now)


def filled_in(
    out: IO[bytes],
    kind: ImportKind,
    target: Target,
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, str]],
    how: str = "",
) -> Iterator[int]:
    """Write a workbook of a kind with these rows in it, words by column; answers how many they are, after
    each. `how` stands over the headings in place of the usual sentence.

    Who gives it out leaves the line in the log.
    """
    book = Book(streaming=True)
    sheet = book.sheet(NAME)
    sheet.cell(0, 0, how or _how(kind, target), book.bold)
    sheet.head(1, [column.title for column in columns], book.heading, _kept_in_view(columns))
    row = HEAD
    for words in rows:
        for place, column in enumerate(columns):
            said = words.get(column.key, "")
            sheet.text(row, place, said, book.known if said and column.known else book.typed)
        row += 1
        yield row - HEAD
    for spare in range(row, row + SPARE):
        for place in range(len(columns)):
            sheet.text(spare, place, "", book.typed)
    _widths(sheet, columns)
    _choices(book, sheet, columns, row + SPARE)
    sheet.protect()
    _explain(book, columns)
    _mark(book, kind, target, columns)
    yield from finished(out, book, row - HEAD)


def _how(kind: ImportKind, target: Target) -> str:
    return f"{target.title}　{kind.title}：每行一{kind.unit}，灰色的不用改；不认识的{kind.unit}写在下面的空行里。"


def _kept_in_view(columns: Sequence[Column]) -> int:
    """The columns that say whom a row is about stay in view."""
    return max((place + 1 for place, column in enumerate(columns[:6]) if column.known), default=0)


def _widths(sheet: Sheet, columns: Sequence[Column]) -> None:
    for place, column in enumerate(columns):
        sheet.widths(place, place, column.width)


def _choices(book: Book, sheet: Sheet, columns: Sequence[Column], last: int) -> None:
    lists = {}
    for place, column in enumerate(columns):
        words = list(column.options.values()) or (["是", "否"] if column.reads == kinds.YES else [])
        if words:
            lists[f"list_{place}"] = words
            sheet.choose(HEAD, last, place, f"list_{place}", several=column.reads == kinds.CHOICES)
    if lists:
        book.options(lists)


def _explain(book: Book, columns: Sequence[Column]) -> None:
    notes = book.sheet("说明")
    notes.widths(0, 0, 34)
    notes.widths(1, 1, 90)
    notes.head(0, ["栏目", "怎么填"], book.heading)
    for row, column in enumerate(columns, 1):
        notes.row(row, [column.title, _hint(column)])


def _hint(column: Column) -> str:
    said = [column.hint] if column.hint else []
    if column.reads == kinds.CHOICE:
        said.append(f"只填其中一项：{'、'.join(column.options.values())}")
    if column.reads == kinds.CHOICES:
        said.append(f"可填几项，用“、”隔开：{'、'.join(column.options.values())}")
    if column.reads == kinds.DAY:
        said.append("按“2022-05-06”填写")
    if column.reads == kinds.YES:
        said.append("填“是”或“否”")
    if column.reads == kinds.IDENTITY:
        said.append("18 位，照证件填写；这一列是文本，不要改成数值")
    return "；".join([*said, "必填"] if column.required else said)


def _mark(book: Book, kind: ImportKind, target: Target, columns: Sequence[Column]) -> None:
    said = {
        "kind": kind.name,
        "title": kind.title,
        "target": target.key,
        "version": kinds.version_of(columns),
    }
    book.marks(workbooks.MARKS, said)


# -- given back ------------------------------------------------------------------------------------


def _returned(asked: Asked, out: IO[bytes]) -> Iterator[int]:
    """The same file: its rows in their places, what is wrong marked at the cells and said at the end of the
    row; where only the faults are asked for, the rows that are not in.
    """
    only_faults = asked.given.get("only") == "faults"
    found, kind, target = files.of(asked.session, asked.actor, _import_id(asked))
    columns = kind.columns(asked.session, target)
    headings = list(found.headings)
    while headings and headings[-1] in mapping.OURS:  # it was given back before
        headings.pop()
    end = len(headings)
    book = Book(streaming=True)
    sheet = book.sheet(found.sheet[:31] or NAME)
    for row, words in enumerate(found.above):
        sheet.row(row, words)
    first = found.heading_row - 1
    sheet.head(first, [*headings, *mapping.OURS], book.heading)
    remarks = count = 0
    for count, line in enumerate(_lines(asked.session, found, only_faults), 1):
        place = first + count if only_faults else line.number - 1
        remarks += _give_back(book, sheet, place, line, found.columns, columns, end, remarks < MOST_REMARKS)
        yield count
    sheet.widths(0, max(0, end - 1), 14)
    sheet.widths(end, end + 1, 50)
    if found.marks:
        _choices_in_places(book, sheet, columns, found, first + 1, first + found.total + SPARE)
        book.marks(workbooks.MARKS, found.marks)
    yield from finished(out, book, count)


def _import_id(asked: Asked) -> int:
    return text.whole(asked.given.get("import", "")) or 0


def _choices_in_places(
    book: Book, sheet: Sheet, columns: Sequence[Column], found: SheetImport, first: int, last: int
) -> None:
    lists = {f"list_{place}": list(one.options.values()) for place, one in enumerate(columns) if one.options}
    for place, one in enumerate(columns):
        if one.options and one.key in found.columns:
            several = one.reads == kinds.CHOICES
            sheet.choose(first, last, found.columns[one.key], f"list_{place}", several=several)
    book.options(lists)


def _lines(session: Session, found: SheetImport, only_faults: bool) -> Iterator[Any]:
    """The rows in the order of the file, a page at a time; they never become objects."""
    row = table(SheetImportRow).c
    query = select(row.id, row.number, row.cells, row.faults).where(row.import_id == found.id)
    if only_faults:
        query = query.where(row.status.in_(("wrong", "refused")))
    after = 0
    while page := session.execute(query.where(row.id > after).order_by(row.id).limit(PAGE)).all():
        yield from page
        after = page[-1].id


def _give_back(
    book: Book,
    sheet: Sheet,
    place: int,
    line: Any,
    mapped: Mapping[str, int],
    columns: Sequence[Column],
    end: int,
    remarked: bool,
) -> int:
    """Write a row; answers how many remarks were made at its cells."""
    faults = [Fault(*one) for one in line.faults or ()]
    wrong = {mapped[one.column]: one for one in faults if one.column in mapped}
    for column in range(end):
        words = line.cells[column] if column < len(line.cells) else ""
        sheet.text(place, column, words, book.wrong if column in wrong else book.typed)
    sheet.text(place, end, "；".join(said(faults, columns)), book.wrong if faults else book.typed)
    sheet.text(place, end + 1, "；".join(dict.fromkeys(one.cure for one in faults if one.cure)), book.typed)
    for column, one in wrong.items() if remarked else ():
        sheet.remark(place, column, f"{one.problem}。{one.cure}")
    return len(wrong) if remarked else 0


def said(faults: Iterable[Fault], columns: Sequence[Column]) -> list[str]:
    """What is wrong with a row, in words with the names of the columns."""
    titles = {one.key: one.title for one in columns}
    return [f"{titles[one.column]}：{one.problem}" if one.column in titles else one.problem for one in faults]


def shown(line: SheetImportRow, found: SheetImport, columns: Sequence[Column]) -> list[dict[str, str]]:
    """The faults of a row as the page has them: column, value, problem, cure; of ID numbers the ends."""
    ours = {one.key: one for one in columns}
    answer = []
    for key, problem, cure in line.faults or ():
        column = ours.get(key)
        value = _value(line, found, key)
        if column is not None and column.reads == kinds.IDENTITY and len(value) > SHORT:
            value = idnumber.mask(value)
        title = column.title if column is not None else "整行"
        answer.append({"column": title, "value": value[:60], "problem": problem, "cure": cure})
    return answer


def called(line: SheetImportRow, found: SheetImport, columns: Sequence[Column]) -> str:
    """Whom a row is about, as its sender wrote it."""
    return " ".join(_value(line, found, one.key) for one in columns if one.calls).strip()[:60]


def _value(line: SheetImportRow, found: SheetImport, key: str) -> str:
    place = found.columns.get(key)
    return line.cells[place] if place is not None and place < len(line.cells) else ""


KIT = Kit(
    other_files={
        "import_template": OtherFile(
            "导入模板",
            _template,
            lambda asked: f"{asked.given.get('kind', '')}-{asked.given.get('key', '')}.xlsx",
            _note_template,
        ),
        # what somebody sent goes back to who sent it: nothing leaves the system
        "import_returned": OtherFile(
            "导入的文件",
            _returned,
            lambda asked: f"import-{_import_id(asked)}.xlsx",
            lambda asked, rows: None,
        ),
    }
)
