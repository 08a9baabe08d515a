"""Which tables a backup has, and why the others stay out."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, DateTime, Inspector, inspect
from sqlalchemy.types import TypeEngine

import engine.casework.models
import engine.prevention.models  # noqa: F401  both bring their tables
from engine.ground.tables import Base
from engine.migrations import schema

LEFT_OUT = {
    "alembic_version": "表结构的版本写在备份的开头",
    "sign_in": "浏览器里的登录：恢复以后人人重新登录，那时已经结束的登录不会又有效",
    "sign_in_gate": "输错密码的次数：几分钟就过期",
    "open_change": "在办件数刚有的增减：恢复以后由事项和时限重新数",
    "limit_count": "此刻有多少时限：同上",
    "step_count": "此刻各步骤有多少件：同上",
    "desk_count": "此刻各单位有多少件：同上",
    "running_process": "哪些进程在运行：恢复以后的进程自己会写",
    "outgoing_part": "导出的文件：恢复以后再导出一次",
    "api_token": "接口的登录令牌：恢复以后程序重新登录，已经收回的不会又有效",
}
"""Tables of which no row is kept, each with its reason for people."""
SCHEMAS_LEFT_OUT = {"procrastinate": "后台任务的队列：没有做完的由任务自己的行再放进去"}
"""PostgreSQL's folders of tables that are somebody else's to fill."""


@dataclass(frozen=True)
class Shape:
    """A table as a database has it."""

    name: str
    columns: dict[str, TypeEngine[object]]
    numbered: frozenset[str] = frozenset()
    """The columns whose instants SQLite keeps as numbers."""


def shapes(connection: Connection) -> list[Shape]:
    """Every table of the database that a backup has, by name.

    Where the tables are this release's, those that it does not know are somebody else's and stay out; where
    they are of another one, nothing tells.
    """
    inspector, known = inspect(connection), set(Base.metadata.tables)
    revision = schema.revision(connection)
    ours = revision == schema.head()
    names = [name for name in sorted(inspector.get_table_names()) if name not in LEFT_OUT]
    kept = [name for name in names if not ours or name in known]
    numbers = connection.dialect.name == "sqlite" and (revision or "") >= schema.INSTANTS_ARE_NUMBERS
    return [_shape(name, inspector, numbers) for name in kept]


def _shape(name: str, inspector: Inspector, numbers: bool) -> Shape:
    columns = {one["name"]: one["type"] for one in inspector.get_columns(name)}
    instants = (column for column, kind in columns.items() if numbers and isinstance(kind, DateTime))
    return Shape(name, columns, frozenset(instants))
