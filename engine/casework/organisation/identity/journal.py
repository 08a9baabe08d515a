"""The log as an audit administrator reads it: by days, kind, person, object and address; exported; verified.

The history of a case is read by its number. No household is named, numbers are masked; reading, exporting and
verifying are on the log themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, String, or_, select, true, type_coerce
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, JournalCheck, LogEntry, LogStream
from engine.casework.models.organisation import BESIDE_CASES
from engine.casework.organisation import access, accounts, divisions, privacy
from engine.ground import text
from engine.ground.clock import CHINA, local_date, start_of_day, stopwatch, written_moment
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotFound
from engine.ground.sheets import Book

PAGE = 50
MOST_DAYS = 92
MOST_EXPORTED = 100_000
AT_ONCE = 1000
"""Lines whose people and places are looked up together."""
PATIENCE = 1.5
"""Seconds after which a search says how far it has come, and a verification shows its progress."""
GROUPS = {
    "access": "登录和查看",
    "accounts": "账号和角色",
    "parameters": "参数",
    "procedure": "流程",
    "papers": "文书",
    "ladder": "通知规则",
    "household": "农户登记",
    "operation": "运行",
}
WORDS = {
    "login": "登录",
    "login_failed": "登录失败",
    "login_closed": "输错过多，暂停登录",
    "logout": "退出",
    "refused": "越权被拒绝",
    "reveal": "查看完整号码",
    "export": "导出",
    "export_fetched": "下载导出的文件",
    "matching": "送部门比对",
    "attachment": "打开附件",
    "thumbnails": "查看附件小图",
    "hand_over": "移交农户",
    "transfer_offered": "提出移交农户",
    "transfer_accepted": "接收移交的农户",
    "transfer_refused": "不接收移交的农户",
    "transfer_taken_back": "撤回移交农户",
    "transfer_moot": "移交农户失效",
    "department_threshold": "设定部门预警的标准",
    "department_row": "核对部门信息",
    "department_token": "发放部门的令牌",
    "department_token_ended": "收回部门的令牌",
    "contact": "改农户的电话住址",
    "registered_twice": "重复登记被拒绝",
    "member_change": "登记成员变动",
    "member_change_undone": "撤销成员变动",
    "member_proof": "查看变动的证明",
    "campaign_opened": "开展集中排查",
    "campaign_closed": "结束集中排查",
    "module_opened": "开始乡镇监测模块的采集",
    "alarm_parameters": "设定标注提示的口径",
    "sample_announced": "开展抽查",
    "sample_drawn": "抽出抽查的农户",
    "sample_extended": "扩大抽查",
    "list_carried": "把排查名单下载到手机",
    "rescue_taken": "上传手机救援文件",
    "wall_link": "开通大屏",
    "wall_revoke": "停用大屏",
    "resend": "重新发送消息",
    "log_read": "查阅日志",
    "log_export": "导出日志",
    "log_verify": "核对日志",
    "account_added": "添加账号",
    "account_changed": "修改账号",
    "accounts_imported": "导入账号",
    "codes": "发放首次登录码",
    "reset": "重置密码",
    "rescued": "在服务器上恢复账号",
    "unlocked": "解锁",
    "disabled": "停用账号",
    "enabled": "启用账号",
    "sessions_ended": "结束登录",
    "handed_over": "交接在办事项",
    "password": "改密码",
    "contacts": "改联系方式",
    "role_asked": "申请角色",
    "role_granted": "同意角色",
    "role_refused": "不同意角色",
    "role_taken": "收回角色",
    "sign_in_rules": "改登录的规定",
    "line_asked": "提出监测范围",
    "line_confirmed": "确认监测范围",
    "line_refused": "不同意监测范围",
    "line_withdrawn": "收回监测范围",
    "calendar": "录入节假日",
    "body": "改单位信息",
    "province_installed": "装入省级数据",
    "division_changes": "改区划",
    "rhythm": "设定定期开展",
    "rhythm_stopped": "停止定期开展",
    "quality_run": "开始数据核查",
    "quality_rhythm": "设定每周数据核查",
    "quality_parameters": "改数据核查参数",
    "backup": "备份",
    "restored": "从备份恢复",
    "deploy": "启用流程",
    "submit": "提交流程审批",
    "approve": "同意流程",
    "send_back": "退回流程",
    "move": "迁移事项",
    "draft": "建流程草稿",
    "draft_rename": "改草稿名称",
    "draft_discard": "丢弃草稿",
    "approval_rule": "改审批规定",
    "issue": "印发文书",
    "renumber": "重新编号",
    "add_rule": "添加通知规则",
    "switch_rule": "启停通知规则",
    "remove_rule": "删除通知规则",
    "start": "开始",
    "complete": "办结",
    "message": "收到消息",
    "timer": "到期",
    "return": "退回",
    "withdraw": "撤回",
    "claim": "领办",
    "release": "放回",
    "reassign": "转办",
    "urge": "催办",
    "cancel": "收回",
}
"""What a kind is called; one that is not here is shown by its code."""
FACTS = {
    "address": "地址",
    "department": "部门",
    "matter": "事项",
    "basis": "按什么算",
    "for_key": "低收入人口的标准",
    "for_others": "其他农户的标准",
    "token": "令牌",
    "row": "条目",
    "name": "名称",
    "account": "账号",
    "to": "接手人",
    "role": "角色",
    "division": "地方",
    "reason": "原因",
    "path": "页面",
    "status": "结果",
    "household": "农户",
    "case": "事项",
    "item": "待办",
    "paper": "文书",
    "number": "编号",
    "key": "流程",
    "username": "登录名",
    "post": "职务",
    "phone": "电话",
    "email": "邮件",
    "act": "要求",
    "check": "第几次核对",
    "first": "从",
    "last": "到",
    "group": "类",
    "kind": "种类",
    "person": "谁",
    "object": "关于",
    "before": "原来",
    "after": "现在",
    "attempts": "次数",
    "minutes": "分钟",
    "hours": "小时",
    "days": "天",
    "months": "间隔（月）",
    "draft": "草稿",
    "link": "大屏",
    "rule": "规则",
    "attachment": "附件",
    "village": "村",
    "target": "接收的村",
    "transfer": "移交",
    "accounts": "账号",
    "changed": "改了",
    "rows": "行",
    "note": "说明",
    "given": "转交",
    "released": "放回",
    "sessions": "登录",
    "year": "年度",
    "amount": "金额（元）",
    "from": "起始日期",
    "document": "文号",
    "replaces": "代替",
    "line": "监测范围",
    "added": "新增",
    "removed": "删去",
    "tokens": "令牌",
    "lines": "条",
    "filter": "条件",
    "import": "第几次导入",
    "roles": "申请的角色",
    "active": "启用",
    "cases": "事项",
    "copy_of": "复制自",
    "event": "事由",
    "failed": "失败的",
    "households": "户数",
    "sample": "抽查",
    "size": "每层户数",
    "seed": "种子",
    "frame": "抽样框户数",
    "kept": "收下的户数",
    "limits": "时限",
    "outbox": "消息",
    "wanted": "要求第二人审批",
    "edition": "区划表",
    "new": "新的",
    "renamed": "改名的",
    "moved": "换上级的",
    "gone": "撤销的",
    "code": "区划代码",
    "divisions": "地方",
    "campaign": "集中排查",
    "batch": "比对批次",
    "departments": "部门",
    "proof": "证明材料",
    "report": "总结报告",
    "annex": "第几份附表",
    "townships": "新开的乡镇",
    "run": "第几次核查",
    "file": "文件",
    "bytes": "字节",
    "taken": "备份的时间",
}
HIDDEN = frozenset(
    {
        "sha",
        "sha256",
        "files",
        "submission",
        "sent",
        "data",
        "variables",
        "outcome",
        "known_device",
        "method",
        "gate",
    }
)
_NAMES = frozenset({"name", "username", "accounts"})
"""Facts that say who: a username may be a phone number, and is no secret here."""
_PERSON = frozenset({"name", "division", "post", "phone", "email"})
"""Facts of a person, told as they were and as they are where they changed."""
LISTED = 20
"""So many values of a list are told."""
OBJECTS = {"household": "农户", "case": "事项", "account": "账号", "paper": "文书", "item": "待办"}


@dataclass(frozen=True)
class Wanted:
    """Which lines are looked for."""

    first: date
    last: date
    group: str = ""
    kind: str = ""
    person: str = ""
    """A username."""
    object: str = ""
    number: int | None = None
    """Of the object: 农户 12."""
    address: str = ""
    before: int | None = None
    """Only lines before this one, which is of `before_day`: the next page."""
    before_day: date | None = None

    @property
    def days(self) -> int:
        """How many days are looked through."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Told:
    """A line in words."""

    id: int
    at: datetime
    who: str
    group: str
    kind: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Found:
    """A page of lines, the latest first."""

    lines: Sequence[Told]
    next: tuple[date, int] | None
    """The day and the number of the line before which the next page begins; None at the end."""
    searched_to: date
    """How far back it was looked; more days may have lines where this is after the first one wanted."""


def _require(actor: Account) -> None:
    access.require_role(actor, access.AUDIT_ADMIN)


def check(wanted: Wanted) -> None:
    """Raise Invalid for days in the wrong order, or too many."""
    if wanted.last < wanted.first:
        raise Invalid("开始的日子在结束的后面。", {"first": ["开始的日子在结束的后面。"]})
    if wanted.days > MOST_DAYS:
        sentence = f"一次最多查 {MOST_DAYS} 天，请缩短。"
        raise Invalid(sentence, {"first": [sentence]})


def find(session: Session, actor: Account, wanted: Wanted, now: datetime) -> Found:
    """A page of lines. Raises NotAllowed for others than audit administrators, Invalid for odd days."""
    _require(actor)
    check(wanted)
    _note_reading(session, actor, wanted, now)
    entries: list[LogEntry] = []
    reached = wanted.first
    elapsed = stopwatch()
    for day, query in _queries(session, actor, wanted):
        entries += session.scalars(query.limit(PAGE + 1 - len(entries)))
        if len(entries) > PAGE or elapsed() > PATIENCE:
            reached = day
            break
    more = len(entries) > PAGE
    shown = entries[:PAGE]
    return Found(told(session, shown), (reached, shown[-1].id) if more else None, reached)


def _queries(session: Session, actor: Account, wanted: Wanted) -> Iterator[tuple[date, Select[LogEntry]]]:
    """The lines that match, the latest first: all at once of a person or a case, else a day at a time."""
    base = _narrowed(session, actor, select(LogEntry).order_by(LogEntry.id.desc()), wanted)
    earlier = LogEntry.id < wanted.before if wanted.before is not None else true()
    if wanted.object == "case" and wanted.number is not None:
        yield wanted.first, base.where(LogEntry.stream == f"case:{wanted.number}", earlier)
        return
    if wanted.person:
        days = (
            LogEntry.at >= start_of_day(wanted.first),
            LogEntry.at < start_of_day(wanted.last + timedelta(1)),
        )
        yield wanted.first, base.where(sql_text(BESIDE_CASES), earlier, *days)
        return
    groups = [wanted.group] if wanted.group in GROUPS else list(GROUPS)
    start = min(wanted.before_day or wanted.last, wanted.last)
    for back in range((start - wanted.first).days + 1):
        day = start - timedelta(back)
        query = base.where(LogEntry.stream.in_(_streams(day, groups)))
        yield day, query.where(earlier) if day == wanted.before_day else query


def _streams(day: date, groups: Sequence[str]) -> Select[str]:
    """SQL: the streams of a day that are of these groups: of the province, and of its units."""
    of_groups = [LogStream.stream.startswith(f"{group}:", autoescape=True) for group in groups]
    return select(LogStream.stream).where(LogStream.day == day, or_(*of_groups))


def _narrowed(session: Session, actor: Account, query: Select[LogEntry], wanted: Wanted) -> Select[LogEntry]:
    written = type_coerce(LogEntry.data, String)
    if wanted.kind:
        query = query.where(LogEntry.kind == wanted.kind)
    if wanted.person:
        found = accounts.named(session, wanted.person)
        query = query.where(LogEntry.actor_id == (found.id if found is not None else -1))
        if wanted.group:
            query = query.where(LogEntry.stream.startswith(f"{wanted.group}:", autoescape=True))
    if wanted.object in OBJECTS and wanted.object != "case" and wanted.number is not None:
        said = f'"{wanted.object}":{wanted.number}'
        query = query.where(written.contains(f"{said},") | written.contains(f"{said}}}"))
    if wanted.address:
        query = query.where(written.contains(f'"address":"{wanted.address}"', autoescape=True))
    if not access.has_everywhere(actor, access.AUDIT_ADMIN):  # a county's reads what its own people did
        scopes = access.scopes(actor, frozenset({access.AUDIT_ADMIN}))
        within = select(Account.id).where(access.within(Account.division_code, scopes))
        query = query.where(LogEntry.actor_id.in_(within))
    return query


# -- words -----------------------------------------------------------------------------------------


def told(session: Session, entries: Sequence[LogEntry]) -> list[Told]:
    """Lines in words; who and where by name, numbers of people masked."""
    people = {entry.actor_id for entry in entries}
    codes: set[str] = set()
    for entry in entries:
        people |= {one for key in ("account", "to") if isinstance(one := entry.data.get(key), int)}
        said = [entry.data.get(key) for key in ("division", "village")]
        values = [one for value in said for one in (value if isinstance(value, list) else [value])]
        codes |= {one for one in values if isinstance(one, str)}
    named, places = accounts.names(session, people), divisions.names(session, codes)
    return [_told(entry, named, places) for entry in entries]


def _told(entry: LogEntry, people: Mapping[int, str], places: Mapping[str, str]) -> Told:
    group = entry.stream.split(":", 1)[0]
    facts = [
        (FACTS.get(key, key), _fact(key, value, people, places))
        for key, value in entry.data.items()
        if key not in HIDDEN and value not in (None, "", [], {})
    ]
    if group == "case":
        facts = [
            ("事项", entry.stream.split(":")[1]),
            ("步骤", str(entry.data.get("name") or entry.element_id)),
        ]
    who = people.get(entry.actor_id, "") if entry.actor_id is not None else ""
    return Told(entry.id, entry.at, who or "—", GROUPS.get(group, "办理记录"), word(entry.kind), facts)


def word(kind: str) -> str:
    """What a kind is called."""
    return WORDS.get(kind, kind)


def _fact(key: str, value: Any, people: Mapping[int, str], places: Mapping[str, str]) -> str:
    if key in ("account", "to") and isinstance(value, int):
        return people.get(value, str(value))
    if key in ("division", "village") and isinstance(value, str):
        return places.get(value, value)
    if key == "act":
        return {"add": "增加", "remove": "收回"}.get(str(value), str(value))
    if key == "role":
        return access.ROLE_NAMES.get(str(value), str(value))
    if isinstance(value, Mapping):
        return "，".join(f"{FACTS.get(k, k)} {_fact(k, v, people, places)}" for k, v in value.items() if v)
    if isinstance(value, list) and len(value) == 2 and key in _PERSON:
        before, after = (_fact(key, one, people, places) if one else "空" for one in value)
        return f"{before} → {after}"
    if isinstance(value, list):
        more = f" 等 {len(value)} 项" if len(value) > LISTED else ""
        return "、".join(_fact(key, one, people, places) for one in value[:LISTED]) + more
    if isinstance(value, bool):
        return "是" if value else "否"
    return _text(key, str(value))


def _text(key: str, written: str) -> str:
    if key == "changed":
        return FACTS.get(written, written)
    if key == "email":
        return privacy.mask_email(written)
    masked = privacy.masked_text(written)[:300]
    return masked if key in _NAMES else privacy.masked_phones(masked)


# -- what is written of reading --------------------------------------------------------------------


def _said(wanted: Wanted) -> list[str]:
    """The filter in words that no filter finds again."""
    first = asdict(replace(wanted, before=None, before_day=None))
    return [f"{FACTS.get(name, name)} {value}" for name, value in first.items() if value]


def _note_reading(session: Session, actor: Account, wanted: Wanted, now: datetime) -> None:
    """Once an hour for each filter."""
    if wanted.before is not None:
        return
    said = _said(wanted)
    latest = audit.latest_of(session, actor.id, "log_read", now - timedelta(hours=1))
    if any(data.get("filter") == said for data in latest):
        return
    with write(session):
        audit.record(session, "access", actor.id, "log_read", {"filter": said}, now)


def export(session: Session, actor: Account, wanted: Wanted, now: datetime) -> bytes:
    """The lines as an Excel file, the latest first; the export leaves a line. Raises Invalid for too many."""
    _require(actor)
    check(wanted)
    book = Book(streaming=True)
    sheet = book.sheet("日志")
    sheet.head(0, ["时间", "谁", "类", "做了什么", "内容"], book.heading)
    sheet.widths(0, 0, 20)
    sheet.widths(1, 3, 16)
    sheet.widths(4, 4, 80)
    row = 0
    for _, query in _queries(session, actor, replace(wanted, before=None, before_day=None)):
        few = query.limit(MOST_EXPORTED + 1 - row).execution_options(yield_per=AT_ONCE)
        for entries in session.scalars(few).partitions():
            for line in told(session, entries):
                row += 1
                if row > MOST_EXPORTED:
                    raise Invalid(f"超过 {MOST_EXPORTED:,} 条，请缩短日期或加条件。")
                sheet.row(row, _cells(line))
    with write(session):
        said = {"filter": _said(wanted), "lines": row}
        audit.record(session, "access", actor.id, "log_export", said, now)
    return book.bytes()


def _cells(line: Told) -> list[str]:
    facts = "；".join(f"{name} {value}" for name, value in line.facts)
    moment = f"{line.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    return [moment, line.who, line.group, line.kind, facts]


# -- verifying -------------------------------------------------------------------------------------


def begin_check(session: Session, actor: Account, now: datetime) -> JournalCheck:
    """Begin to verify the whole log. Raises Conflict while a verification is under way: whoever has its page
    open takes it further, also the one who finds it left alone.
    """
    _require(actor)
    if not access.has_everywhere(actor, access.AUDIT_ADMIN):
        raise Conflict("核对整个日志由省级的审计管理员进行。")
    with write(session):
        check = JournalCheck(asked_by=actor.id, started_at=now, breaks=[])
        session.add(check)
        session.flush()
        audit.record(session, "access", actor.id, "log_verify", {"check": check.id}, now, unit="")
        # the day's stream is ours now: of two who begin at once, the second sees what the first began
        if (other := under_way(session, but=check)) is not None:
            raise Conflict(f"{written_moment(other.started_at)}开始的核对还没有完成，请接着核对。")
    return check


def under_way(session: Session, *, but: JournalCheck | None = None) -> JournalCheck | None:
    """The verification that has begun and has not come to its end."""
    query = select(JournalCheck).where(JournalCheck.finished_at.is_(None))
    if but is not None:
        query = query.where(JournalCheck.id != but.id)
    return session.scalar(query.order_by(JournalCheck.id.desc()).limit(1))


def latest_check(session: Session, actor: Account) -> JournalCheck | None:
    """The last verification, finished or not."""
    _require(actor)
    return session.scalar(select(JournalCheck).order_by(JournalCheck.id.desc()).limit(1))


def check_of(session: Session, actor: Account, check_id: int) -> JournalCheck:
    """A verification. Raises NotFound."""
    _require(actor)
    check = session.get(JournalCheck, check_id)
    if check is None:
        raise NotFound("没有这次核对。")
    return check


def go_on(session: Session, actor: Account, check_id: int, now: datetime) -> JournalCheck:
    """Verify what one request may; a part that is cut off is done again by the next one."""
    check = check_of(session, actor, check_id)
    elapsed = stopwatch()
    while check.finished_at is None and elapsed() < PATIENCE:
        before = check.after
        part = audit.verify_part(session, before)
        with write(session):
            session.refresh(check, with_for_update=True)
            if check.after != before or check.finished_at is not None:
                break  # another request did the same part
            check.streams, check.lines = check.streams + part.streams, check.lines + part.lines
            check.breaks = [*check.breaks, *(asdict(one) for one in part.breaks)][:1000]
            check.after = part.after if part.after is not None else check.after
            check.finished_at = now if part.after is None else None
    return check


def days_back(*clocks: datetime) -> tuple[date, date]:
    """The days that a page shows first: the last week, by each clock that lines are written by (the demo's is
    another than the machine's).
    """
    days = [local_date(now) for now in clocks]
    return max(min(days) - timedelta(6), max(days) - timedelta(MOST_DAYS - 1)), max(days)


def read_object(kind: str, number: str) -> tuple[str, int | None]:
    """The object that was asked for: its kind and number; nothing for what is none."""
    found = text.whole(text.half(number)) if kind in OBJECTS else None
    return (kind, found) if found is not None else ("", None)
