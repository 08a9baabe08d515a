"""运行: how the system is, a line for each thing that can go wrong, with what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy.orm import Session

from engine.backups import noted, others
from engine.casework.models import Account, RunningProcess
from engine.casework.organisation import access
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs.acts import Listed
from engine.casework.time import condition, processes
from engine.casework.time.condition import MOST, Condition
from engine.ground.clock import SYSTEM
from engine.ground.paging import Page
from engine.migrations import schema
from web.server import VERSION
from web.shown.words import moment, size

BACKUP_LATE = timedelta(hours=26)
"""A nightly backup that is missing."""
BACKUP_LOST = timedelta(days=3)
MESSAGE_LATE = timedelta(minutes=10)
"""A message is handed over within a round of 30 seconds, unless the server refuses it."""
JOB_PAST = timedelta(days=1)
"""So long a job that failed is told of: whoever started it has seen it by then."""
ROOM = (0.05, 0.15)
"""Parts of a disk that are free: below the first it is about to be full, below the second people look out."""
WORDS = {"green": "正常", "yellow": "留意", "red": "要处理"}
DOES = {"web": "网页和接口", "timers": "定时和后台"}


@dataclass(frozen=True)
class Concern:
    """One thing that can go wrong: how it is, and what to do."""

    name: str
    lamp: str
    text: str
    todo: str = ""
    endpoint: str = ""
    """The page where it is seen to."""

    @property
    def word(self) -> str:
        """The lamp in a word."""
        return WORDS[self.lamp]


@dataclass(frozen=True)
class Overview:
    """The whole page."""

    concerns: Sequence[Concern]
    processes: Sequence[RunningProcess]
    silent: frozenset[str]
    """Keys of the processes that fell silent."""
    jobs: Page[Listed]
    """Everybody's, the latest first."""
    version: str
    revision: str
    database: str
    at: datetime


def overview(session: Session, actor: Account, now: datetime, page: int = 1) -> Overview:
    """How the system is, with a page of the jobs. For the system administrator alone.

    `now` is the application's time; machines are measured by their own.
    """
    access.require_role(actor, access.ACCOUNT_ADMIN)
    found, running, seen = condition.of(session, now), processes.running(session), SYSTEM.now()
    connection = session.connection()
    revision = schema.revision(connection) or "无"
    concerns = [
        _processes(running, seen),
        _timers(found, now),
        _outbox(found, now),
        _incidents(found),
        _jobs(session, found, seen),
        _backup(session, seen),
        _room(found),
        _release(revision, running, seen),
    ]
    silent = frozenset(one.key for one in running if processes.is_silent(one, seen))
    of_all = jobs.listed(session, page=page)
    return Overview(concerns, running, silent, of_all, VERSION, revision, connection.dialect.name, seen)


def _processes(running: Sequence[RunningProcess], seen: datetime) -> Concern:
    alive = [one for one in running if not processes.is_silent(one, seen)]
    silent = [one for one in running if processes.is_silent(one, seen)]
    if not any("timers" in one.does for one in alive):
        todo = (
            "启动 shouwang worker；没有另开 worker 的，看 serve 是否设了 SHOUWANG_SCHEDULER=0。"
            "到期的时限等着，不会丢。"
        )
        return Concern("进程", "red", "没有管定时的进程在运行：时限不触发，消息不外发。", todo)
    if silent:
        names = "、".join(f"{one.host} 的 {one.pid}（{moment(one.seen_at)}以后）" for one in silent)
        todo = "到那台机器上看进程和日志：卡住的停掉再开；已经不用的，一天后自动从这里消失。"
        return Concern("进程", "yellow", f"没有音讯：{names}。", todo)
    return Concern("进程", "green", f"{len(alive)} 个在运行。")


def _timers(found: Condition, now: datetime) -> Concern:
    if not found.timers_overdue:
        return Concern("时限", "green", "到期的都已触发。")
    since = f"最早的 {moment(found.oldest_due)} 到期，已过 {_lasting(now, found.oldest_due)}"
    todo = "看上面管定时的进程是否在运行。在运行而数不减少的，查日志里的“waits”；期间停过机的，补完为止，每个只触发一次。"
    return Concern("时限", "red", f"{_many(found.timers_overdue)}个到期没有触发，{since}。", todo)


def _outbox(found: Condition, now: datetime) -> Concern:
    link = "ladder.messages"
    if found.outbox_failed:
        todo = "看原因，改好设置或对方的地址以后重新发送。"
        return Concern("外发消息", "red", f"{_many(found.outbox_failed)}条发送失败。", todo, link)
    if found.oldest_message is not None and now - found.oldest_message > MESSAGE_LATE:
        text = f"{_many(found.outbox_waiting)}条待发送，最早的已等 {_lasting(now, found.oldest_message)}。"
        return Concern(
            "外发消息", "yellow", text, "看管定时的进程是否在运行，邮件服务器、群机器人通不通。", link
        )
    return Concern("外发消息", "green", f"待发送 {_many(found.outbox_waiting)}条，没有失败的。", "", link)


def _incidents(found: Condition) -> Concern:
    link = "administration.index"
    if not found.incidents:
        return Concern("故障", "green", "没有未解决的故障。", "", link)
    todo = "看原因再重试；重试不成的，把编号和日志交给开发人员。别的事项不受影响。"
    return Concern("故障", "red", f"{_many(found.incidents)}个步骤没能办成。", todo, link)


def _jobs(session: Session, found: Condition, seen: datetime) -> Concern:
    text = f"等待 {_many(found.jobs['waiting'])}个，正在做 {_many(found.jobs['running'])}个"
    failed = jobs.last_failed(session)
    if failed is None or seen - (failed.ended_at or failed.at) > JOB_PAST:
        return Concern("后台任务", "green", f"{text}，一天内没有失败的。")
    text += f"；“{failed.title}” {moment(failed.ended_at or failed.at)}没有做成。"
    return Concern("后台任务", "yellow", text, "发起的人在“更多 → 后台任务”里看得到；按编号在日志里找原因。")


def _backup(session: Session, seen: datetime) -> Concern:
    lasts = noted.lasts(session)
    todo = "运行 shouwang backup，并安排每晚自动备份；用 pgBackRest、litestream 的，做完以后用 shouwang backup-noted 记下。"
    if not lasts:
        return Concern("备份", "red", "没有记录过备份。", todo)
    text = "".join(f"{_backup_by(one)} {moment(one.at)}，{size(one.size)}。" for one in lasts)
    age = seen - lasts[0].at
    lamp = "red" if age > BACKUP_LOST else "yellow" if age > BACKUP_LATE else "green"
    return Concern("备份", lamp, text, "" if lamp == "green" else todo)


def _backup_by(one: noted.Last) -> str:
    """What made it, and whether it was read back."""
    return "最近一次（读回核对过）" if one.kind == noted.FULL else f"{others.NAMES[one.kind]} 最近一次"


def _room(found: Condition) -> Concern:
    text = f"数据库 {size(found.database_bytes)}。"
    url: str = current_app.config["SHOUWANG"].database_url
    if not url.startswith("sqlite:///"):
        return Concern("空间", "green", f"{text}数据库服务器的磁盘由监控看，这里看不到。")
    disk = shutil.disk_usage(Path(url.removeprefix("sqlite:///")).parent)
    text += f"磁盘 {size(disk.total)}，还空 {size(disk.free)}（{disk.free / disk.total:.0%}）。"
    tight, watched = (disk.free < disk.total * part for part in ROOM)
    lamp = "red" if tight else "yellow" if watched else "green"
    todo = "" if lamp == "green" else "腾出空间或者换大的磁盘。满了以后办不成事，已办的不会丢，腾出来就恢复。"
    return Concern("空间", lamp, text, todo)


def _release(revision: str, running: Sequence[RunningProcess], seen: datetime) -> Concern:
    versions = sorted({one.version for one in running if not processes.is_silent(one, seen)} | {VERSION})
    text = f"程序 {'、'.join(versions)}，表结构 {revision}。"
    if revision != schema.head():
        todo = "停下各进程，运行 shouwang db upgrade，再启动。"
        return Concern("版本", "red", f"{text}程序要的是 {schema.head()}。", todo)
    if len(versions) > 1:
        return Concern("版本", "yellow", text, "各进程的版本不同：把旧的停掉，用新的启动。")
    return Concern("版本", "green", text)


def does(process: RunningProcess) -> str:
    """What a process does, in words."""
    return "、".join(DOES.get(word, word) for word in process.does.split()) or "刚启动"


def _many(number: int) -> str:
    return f"{number} " if number < MOST else f"{MOST} 以上"


def _lasting(now: datetime, since: datetime | None) -> str:
    minutes = int((now - since).total_seconds() // 60) if since else 0
    if minutes < 120:
        return f"{minutes} 分钟"
    return f"{minutes // 60} 小时" if minutes < 2 * 24 * 60 else f"{minutes // (24 * 60)} 天"
