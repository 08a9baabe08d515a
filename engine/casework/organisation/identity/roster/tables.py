"""A table of accounts as a file: the empty one, and the rows that were not let in, to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from engine.casework.models import Account, AccountImportRow
from engine.casework.organisation import access
from engine.casework.organisation.identity.roster.adding import STATUS_NAMES, get, listed, wished
from engine.ground.sheets import Book

MOST = 20_000
"""Rows of one file."""
HEADINGS = {
    "username": ["账号", "登录名"],
    "name": ["姓名"],
    "division": ["单位区划代码", "单位所在的地方", "单位", "区划代码"],
    "post": ["职务"],
    "phone": ["电话", "手机", "手机号码", "联系电话"],
    "email": ["电子邮件", "邮箱", "电子邮箱"],
    "role": ["角色"],
    "place": ["角色的地方", "角色地方"],
}
EXAMPLE = ("zhangsan", "张三", "（12位区划代码）", "村委会文书", "13800000000", "", "村级经办", "")


def template() -> bytes:
    """An empty table with its headings, an example and what each column means."""
    book = Book()
    sheet = book.sheet("账号")
    sheet.head(0, [names[0] for names in HEADINGS.values()], book.heading)
    sheet.widths(0, 7, 18)
    notes = book.sheet("说明")
    notes.widths(0, 0, 90, book.wrap)
    for number, words in enumerate(
        (
            "每行一个账号。同一账号有几处角色的，再写几行，账号相同；或者在“角色”里用“；”分开。",
            "账号：2 到 32 个字母、数字、点、横线或下划线。",
            "单位区划代码：12 位代码，或者全路径，如“某市某县某镇某村村民委员会”。整列请设为文本。",
            f"角色：{'、'.join(access.ROLE_NAMES.values())}。由安全管理员同意后才有。",
            "角色的地方：留空就是单位所在的地方。",
            f"例：{'　'.join(word or '（空）' for word in EXAMPLE)}",
        )
    ):
        notes.cell(number, 0, words, book.wrap)
    return book.bytes()


def faults(session: Session, actor: Account, import_id: int) -> Iterator[list[str | int]]:
    """The rows that were not let in, as they were typed, with what is wrong with each: to be mended and sent
    again.
    """
    page = listed(session, get(session, actor, import_id), ("wrong", "refused", "present"), 1, MOST)
    for row in page.items:
        yield from _given_back(row)


def _given_back(row: AccountImportRow) -> list[list[str | int]]:
    """The lines of an account's row, what is wrong with it said at each."""
    typed: Any = row.data.get("typed")
    if typed is None:  # checked before what was typed was kept
        return [_cells(row)]
    fault = row.fault or STATUS_NAMES[row.status]
    return [[*cells, fault, number] for number, cells in typed]


def _cells(row: AccountImportRow) -> list[str | int]:
    data = row.data
    wishes = wished(data)
    told = [str(data[name] or "") for name in ("username", "name", "division_code", "post", "phone", "email")]
    named = "；".join(access.ROLE_NAMES[role] for role, _ in wishes)
    places = {place for _, place in wishes}
    return [
        *told,
        named,
        places.pop() if len(places) == 1 else "",
        row.fault or STATUS_NAMES[row.status],
        row.number,
    ]
