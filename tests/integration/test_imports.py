"""Files of rows: which column is which, what is wrong, nothing in before people say so, nothing twice."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.models import Account, LogEntry, SheetImport, SheetImportRow
from engine.casework.portions.imports import acts, files, kinds, mapping, sending, working
from engine.casework.portions.imports.kinds import Become, Column, Fault, ImportKind, Judged, Sent, Target
from engine.ground.clock import SYSTEM, Clock, MovableClock
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotFound
from engine.owners.kit import KIT
from tests.support import workbooks
from tests.support.client import application, signed_in
from tests.support.goneout import returned, template
from tests.support.world import World

COLUMNS = (
    Column("name", "姓名", ("名字",), required=True, longest=10, calls=True),
    Column("number", "证件号码", ("身份证号",), reads=kinds.IDENTITY),
    Column("size", "人口", reads=kinds.NUMBER),
    Column("day", "日期", reads=kinds.DAY),
    Column("kind", "类型", reads=kinds.CHOICE, options={"a": "甲类", "b": "乙类"}),
    Column(
        "risks", "风险", reads=kinds.CHOICES, options={"ill": "因病", "school": "因学", "x": "其他、不明"}
    ),
    Column("told", "已告知", reads=kinds.YES),
    Column("code", "编号", known=True),
)
HEAD = ("姓名", "证件号码", "人口", "日期", "类型", "风险", "已告知", "编号")


@dataclass
class Shelf:
    """Where the rows go, and when it is shut."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    shut: bool = False

    def use(self) -> None:
        """Put it among the kinds of the field."""
        kind = ImportKind(
            "shelf",
            "架子",
            "件",
            target,
            lambda *_: COLUMNS,
            self.check,
            self.write,
            filled=lambda *_: [{"name": "张三", "code": "1"}, {"code": "2"}],
            most=500,
        )
        kit.use(replace(KIT, imports={**KIT.imports, "shelf": kind}))

    def check(self, _s: Session, _a: Account, _t: Target, rows: Sequence[Sent], _c: Clock) -> list[Judged]:
        return [self._judged(row) for row in rows]

    def _judged(self, row: Sent) -> Judged:
        name = str(row.values["name"])
        if name == "坏":
            return Judged([Fault("name", "不要这个人", "换一个")])
        return Judged(same=self.kept.get(name) == dict(row.values), key=name)

    def write(self, _s: Session, _a: Account, _t: Target, rows: Sequence[Sent], _c: Clock) -> list[Become]:
        if self.shut:
            raise Conflict("架子收起来了。")
        self.kept.update({str(row.values["name"]): dict(row.values) for row in rows})
        return [Become("done", made_id=row.number) for row in rows]


def target(_session: Session, actor: Account, key: str) -> Target:
    if key not in ("one", "two"):
        raise NotFound("没有这个架子。")
    return Target(key, f"{key}号架子", {"of": actor.id})


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A kind of file in use whose rows go on a shelf."""
    found = Shelf()
    found.use()
    try:
        yield found
    finally:
        kit.use(KIT)


def sheet(*lines: Sequence[object], head: Sequence[str] = HEAD) -> bytes:
    return workbooks.made((("一览表",), head, *lines))


def begun(world: World, body: bytes, key: str = "one", filename: str = "表.xlsx") -> SheetImport:
    return sending.begin(world.session, world.official("cun"), "shelf", key, body, filename, SYSTEM)


def checked(world: World, body: bytes) -> SheetImport:
    """Sent, its columns as they were recognised, checked."""
    found = begun(world, body)
    actor = world.official("cun")
    if found.status == "mapping":
        acts.tell_columns(world.session, actor, found.id, found.columns, SYSTEM)
    while found.status == "checking":
        working.go_on(world.session, actor, found.id, SYSTEM)
    return found


def let_in(world: World, found: SheetImport) -> dict[str, int]:
    actor = world.official("cun")
    acts.confirm(world.session, actor, found.id, world.clock)
    while found.status == "running":
        working.go_on(world.session, actor, found.id, SYSTEM)
    return files.counts(world.session, found)


def faults(world: World, found: SheetImport) -> dict[int, list[list[str]]]:
    query = select(SheetImportRow).where(SheetImportRow.import_id == found.id)
    return {row.number: list(row.faults) for row in world.session.scalars(query) if row.faults}


WRONG = [
    (("",), "name", "没有填"),
    (("一二三四五六七八九十一",), "name", "超过 10 个字"),
    (("甲", 410325198001011234), "number", "后几位已经丢失"),
    (("甲", "4.10325E+17"), "number", "后几位已经丢失"),
    (("甲", "41032519800101123X"), "number", "校验位不对"),
    (("甲", "", "三口"), "size", "不是数字"),
    (("甲", "", "", "2022-02-30"), "day", "不是日期"),
    (("甲", "", "", "", "丙类"), "kind", "不是可以填的内容"),
    (("甲", "", "", "", "", "因病、因懒"), "risks", "“因懒”不是可以填的内容"),
    (("甲", "", "", "", "", "", "也许"), "told", "不是“是”或“否”"),
    (("=A1&B1",), "name", "是公式，还没有算出结果"),
    (("坏",), "name", "不要这个人"),
]


@pytest.mark.duty("R03")
def test_every_fault_is_told_at_its_row_and_column_and_nothing_is_written(
    small_world: World, shelf: Shelf
) -> None:
    lines = [(*line, *[""] * (7 - len(line) - 1), "" if len(line) < 7 else None) for line, _, _ in WRONG]
    rows = [line[:7] if line[0] else ("", "", "", "", "甲类") for line in lines]
    found = checked(small_world, sheet(*rows, ("好",)))
    told = faults(small_world, found)
    for number, (_, column, sentence) in enumerate(WRONG, 3):
        assert [one for one in told[number] if one[0] == column and sentence in one[1] and one[2]], told[
            number
        ]
    assert files.counts(small_world.session, found)["good"] == 1 and shelf.kept == {}


def test_values_come_in_their_one_form(small_world: World, shelf: Shelf) -> None:
    line = ("张 三", "４１０３２５ 19800101 1235", "３", "2022年5月6日", "甲类", "其他、不明", "√")
    other = ("李四", "", 4, "2022/5/7", "a", "因病，因学", "否")
    let_in(small_world, checked(small_world, sheet(line, other)))
    kept = [shelf.kept["张 三"], shelf.kept["李四"]]
    assert [one["size"] for one in kept] == ["3", "4"] and [one["day"] for one in kept] == [
        "2022-05-06",
        "2022-05-07",
    ]
    assert [one["kind"] for one in kept] == ["a", "a"] and [one["told"] for one in kept] == [True, False]
    assert [one["risks"] for one in kept] == [["x"], ["ill", "school"]]


def test_a_second_row_about_the_same_is_refused_and_repeating_doubles_nothing(
    small_world: World, shelf: Shelf
) -> None:
    body = sheet(("甲",), ("乙",), ("甲", "", 3))
    found = checked(small_world, body)
    assert faults(small_world, found) == {5: [["", "与第 3 行说的是同一个", "只留一行"]]}
    assert let_in(small_world, found)["done"] == 2
    again = checked(small_world, body)
    counts = files.counts(small_world.session, again)
    assert (counts["same"], counts["wrong"], counts["good"]) == (2, 1, 0)


def test_columns_are_told_once_for_each_set_of_headings(small_world: World, shelf: Shelf) -> None:
    head = ("家里的人", "身份证号", "说明")
    found = begun(small_world, sheet(("甲", "", "x"), head=head))
    assert found.status == "mapping" and found.columns == {"number": 1}
    actor = small_world.official("cun")
    with pytest.raises(Invalid) as refused:
        acts.tell_columns(small_world.session, actor, found.id, {"number": 1}, SYSTEM)
    assert "name" in refused.value.fields
    with pytest.raises(Invalid, match="没有对应好"):
        acts.tell_columns(small_world.session, actor, found.id, {"name": 0, "number": 0}, SYSTEM)
    acts.tell_columns(small_world.session, actor, found.id, {"name": 0, "number": 1}, SYSTEM)
    again = begun(small_world, sheet(("乙", "", "x"), head=head))
    assert again.status == "checking" and again.columns == {"name": 0, "number": 1}
    acts.correct_columns(small_world.session, actor, again.id)
    assert again.status == "mapping"


def test_an_import_goes_on_where_it_was_cut_off_and_can_be_stopped(small_world: World, shelf: Shelf) -> None:
    found = checked(small_world, sheet(*((f"人{number}",) for number in range(450))))
    session, actor = small_world.session, small_world.official("cun")
    acts.confirm(session, actor, found.id, SYSTEM)
    work = working.Work(session, actor, found.id, SYSTEM)
    work.write()
    session.expire_all()  # the process was killed after a portion
    assert len(shelf.kept) == 200 and files.get(session, actor, found.id).status == "running"
    acts.cancel(session, actor, found.id, SYSTEM)
    working.go_on(session, actor, found.id, SYSTEM)
    assert len(shelf.kept) == 200
    again = checked(small_world, sheet(*((f"人{number}",) for number in range(450))))
    assert let_in(small_world, again) == {
        "raw": 0,
        "good": 0,
        "same": 200,
        "blank": 0,
        "wrong": 0,
        "done": 250,
        "refused": 0,
    }
    assert len(shelf.kept) == 450


def test_where_nothing_may_come_in_any_more_the_import_ends_and_says_so(
    small_world: World, shelf: Shelf
) -> None:
    found = checked(small_world, sheet(("甲",)))
    shelf.shut = True
    assert let_in(small_world, found)["good"] == 1
    assert found.status == "cancelled" and found.notes == ["没有导完：架子收起来了。"]


def filled_in(body: bytes, **changes: str) -> bytes:
    """The template with a person in its spare row, and other marks."""
    book = openpyxl.load_workbook(io.BytesIO(body))
    book.worksheets[0]["A5"] = "李四"
    for row in book["shouwang"].iter_rows():
        row[1].value = changes.get(str(row[0].value), row[1].value)
    answer = io.BytesIO()
    book.save(answer)
    return answer.getvalue()


def test_a_template_is_filled_in_and_sent_without_a_question(small_world: World, shelf: Shelf) -> None:
    empty = template(small_world, small_world.official("cun"), "shelf", "one")
    logged = small_world.session.scalars(select(LogEntry).where(LogEntry.kind == "export")).one()
    assert logged.data == {"name": "架子模板（one号架子）", "rows": 2}
    book = openpyxl.load_workbook(io.BytesIO(empty))
    first = book.worksheets[0]
    assert [cell.value for cell in first[2]] == list(HEAD) and first["A3"].value == "张三"
    assert first["H3"].protection.locked and not first["A3"].protection.locked
    assert first.protection.sheet and len(first.data_validations.dataValidation) == 3
    assert {book["options"].sheet_state, book["shouwang"].sheet_state} == {"veryHidden"}
    found = begun(small_world, filled_in(empty))
    assert found.status == "checking" and found.total == 3
    working.go_on(small_world.session, small_world.official("cun"), found.id, SYSTEM)
    counts = files.counts(small_world.session, found)
    assert (counts["good"], counts["blank"], counts["wrong"]) == (2, 1, 0)


@pytest.mark.parametrize(
    ("marks", "sentence"),
    [
        ({"kind": "other", "title": "别的表"}, r"这是另一种模板（别的表），不是“架子”"),
        ({"target": "two"}, "这是另一处的模板"),
        ({"version": "0"}, "这是旧的模板"),
    ],
)
def test_a_template_of_another_kind_place_or_time_has_its_own_sentence(
    small_world: World, shelf: Shelf, marks: dict[str, str], sentence: str
) -> None:
    empty = template(small_world, small_world.official("cun"), "shelf", "one")
    with pytest.raises(Invalid, match=sentence):
        begun(small_world, filled_in(empty, **marks))
    assert small_world.session.scalar(select(func.count()).select_from(SheetImport)) == 0


def merged_head() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in (["姓名", "家庭情况", None], [None, "人口", "类型"], ["甲", 3, "甲类"]):
        book.active.append(line)
    book.active.merge_cells("A1:A2")
    book.active.merge_cells("B1:C1")
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (merged_head(), r"表头（第 \d 行）有合并的单元格"),
        (sheet(head=("随便", "什么")), "这不是要导入的表"),
        (sheet(), "一行内容也没有"),
        (sheet(*[("甲",)] * 501), "表里超过 500 行"),
    ],
)
def test_a_table_that_is_none_of_ours_has_its_own_sentence(
    small_world: World, shelf: Shelf, body: bytes, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        begun(small_world, body)


def test_the_same_workbook_comes_back_with_its_faults_marked(small_world: World, shelf: Shelf) -> None:
    found = checked(small_world, sheet(("甲", "", "三口"), ("乙", "", 2), ("坏",)))
    actor = small_world.official("cun")
    back = openpyxl.load_workbook(io.BytesIO(returned(small_world, actor, found.id)))
    first = back.worksheets[0]
    assert first["A1"].value == "一览表" and [cell.value for cell in first[2]] == [*HEAD, "问题", "怎么改"]
    assert [first.cell(row, 1).value for row in (3, 4, 5)] == ["甲", "乙", "坏"]
    assert first["C3"].fill.fgColor.rgb == "FFFBD5D0" and "不是数字" in first["C3"].comment.text
    assert first["I3"].value == "人口：不是数字" and first["I4"].value is None
    only = returned(small_world, actor, found.id, only="faults")
    rows = openpyxl.load_workbook(io.BytesIO(only)).worksheets[0]
    assert [rows.cell(row, 1).value for row in (3, 4)] == ["甲", "坏"] and rows.max_row == 4
    body = io.BytesIO()
    first["C3"], first["A5"] = "3", "丙"
    back.save(body)
    mended = checked(small_world, body.getvalue())  # the columns with the faults are none of its own
    assert let_in(small_world, mended)["done"] == 3 and set(shelf.kept) == {"甲", "乙", "丙"}


def test_pages_lead_from_the_file_to_the_end(small_world: World, shelf: Shelf) -> None:
    app = application(small_world)
    shelf.use()
    client = signed_in(app, small_world.official("cun"))
    assert "下载模板" in client.get("/imports/new/shelf/one").text
    assert client.get("/imports/new/shelf/three").status_code == 404
    assert client.get("/imports/new/nothing/one").status_code == 404
    assert client.get("/imports/new/shelf/one/template.xlsx").data[:2] == b"PK"
    empty = client.post("/imports/new/shelf/one", data={"file": (io.BytesIO(b""), "a.xlsx")})
    assert empty.status_code == 422 and "文件是空的" in empty.text
    body = sheet(("甲", "", "三口"), ("乙",))
    sent = client.post("/imports/new/shelf/one", data={"file": (io.BytesIO(body), "a.xlsx")})
    at = sent.headers["Location"]
    assert "哪一列是什么" in client.get(at).text
    wrong = client.post(f"{at}/columns", data={"column_name": "-"})
    assert wrong.status_code == 422 and "请选择哪一列是“姓名”" in wrong.text
    client.post(f"{at}/columns", data={"column_name": "0", "column_size": "2"})
    assert "已检查" in client.get(at).text
    client.post(at, data={"act": "on"})
    shown = client.get(at).text
    assert "第 3 行" in shown and "不是数字" in shown and "导入 1 件" in shown and shelf.kept == {}
    assert client.get(f"{at}.xlsx?only=faults").data[:2] == b"PK"
    client.post(at, data={"act": "confirm"})
    assert "已导入" in client.get(at).text and set(shelf.kept) == {"乙"}
    other = signed_in(app, small_world.official("xiang"))
    assert other.get(at).status_code == 404


def rows_of(world: World, found: SheetImport) -> int:
    world.session.commit()
    query = select(func.count()).where(SheetImportRow.import_id == found.id)
    return int(world.session.scalar(query) or 0)


def test_of_a_file_that_is_refused_in_its_middle_nothing_stays(small_world: World, shelf: Shelf) -> None:
    with pytest.raises(Invalid, match="引号没有成对"):
        lines = "".join(f"甲{number}\n" for number in range(300))
        begun(small_world, f'姓名,人口\n{lines}"乙,1\n'.encode(), filename="表.csv")
    assert small_world.session.scalar(select(func.count()).select_from(SheetImportRow)) == 0


def test_rows_are_forgotten_after_a_month_and_what_was_open_is_stopped(
    small_world: World, shelf: Shelf
) -> None:
    waiting, done = checked(small_world, sheet(("甲",))), checked(small_world, sheet(("乙",)))
    let_in(small_world, done)
    cut_off = begun(small_world, sheet(("丙",)))
    with write(small_world.session):
        cut_off.status = "reading"
    for days, left in ((2, [1, 1, 0]), (files.KEPT_DAYS + 1, [0, 0, 0])):
        later = SYSTEM.now() + timedelta(days=days)
        while files.sweep(small_world.sessions, MovableClock(at=later)):
            pass
        assert [rows_of(small_world, one) for one in (waiting, done, cut_off)] == left
    small_world.session.expire_all()
    assert [one.status for one in (waiting, done, cut_off)] == ["cancelled", "done", "cancelled"]
    assert "30 天没有导完" in waiting.notes[-1] and "没有读完" in cut_off.notes[-1]


def test_a_column_that_was_not_asked_about_before_is_recognised(small_world: World, shelf: Shelf) -> None:
    actor, found = small_world.official("cun"), begun(small_world, sheet(("甲", "", 1)))
    mapping.remember(small_world.session, found, {"name": 0}, COLUMNS[:2], SYSTEM.now())
    said = mapping.remembered(small_world.session, actor, "shelf", found.headings, COLUMNS)
    assert said is not None and said["name"] == 0 and said["size"] == 2 and "number" not in said
    assert mapping.remembered(small_world.session, actor, "other", found.headings, COLUMNS) is None
