"""The shapes of requests and answers; flask-smorest draws the OpenAPI description from them."""

from __future__ import annotations

from typing import Any

from flask_smorest.fields import Upload
from marshmallow import EXCLUDE, Schema, fields, validate

from engine.ground.text import MAX_ROW


class Lenient(Schema):
    """Unknown keys are ignored."""

    class Meta:
        unknown = EXCLUDE


class Key(fields.Integer):
    """The key of a row, as every database can hold it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(min=0, max=MAX_ROW), **kwargs)


class Credentials(Lenient):
    username = fields.String(required=True)
    password = fields.String(required=True)


class Token(Schema):
    token = fields.String()
    expires_at = fields.AwareDateTime()


class Paging(Lenient):
    page = fields.Integer(load_default=1, validate=validate.Range(min=1, max=100_000))


class TaskQuery(Paging):
    step = fields.String(load_default="", metadata={"description": "流程：步骤，如 identification:review"})
    lamp = fields.String(load_default="", validate=validate.OneOf(["", "red", "yellow", "green"]))
    q = fields.String(load_default="", validate=validate.Length(max=40))
    village = fields.String(load_default="", validate=validate.Length(max=12))
    batch = fields.Integer(
        load_default=0,
        validate=validate.Range(min=0, max=MAX_ROW),
        metadata={"description": "回退、清退申请批次的编号"},
    )
    sort = fields.String(load_default="due", validate=validate.OneOf(["due", "opened", "name"]))


class Task(Schema):
    id = fields.Integer()
    case_id = fields.Integer()
    procedure = fields.String(attribute="procedure_key")
    element_id = fields.String()
    name = fields.String()
    subject = fields.String()
    queue = fields.String()
    village_code = fields.String()
    status = fields.String()
    due_at = fields.AwareDateTime(allow_none=True)
    opened_at = fields.AwareDateTime()
    note = fields.String()


class Urge(Lenient):
    text = fields.String(load_default="", validate=validate.Length(max=200))


class Urged(Task):
    urged = fields.Integer(metadata={"description": "被催办的次数"})


class PageOf(Schema):
    """A page of a list, without what it lists."""

    total = fields.Integer()
    page = fields.Integer()
    pages = fields.Integer()


class TaskPage(PageOf):
    items = fields.List(fields.Nested(Task))


class TaskDetail(Task):
    form = fields.Dict(metadata={"description": "form-js"})
    data = fields.Dict(metadata={"description": "预填或暂存的内容"})
    about = fields.String(metadata={"description": "办理的对象：household 为农户"})
    household = fields.Dict(allow_none=True, metadata={"description": "办理的不是农户的为空"})
    may_complete = fields.Boolean()


class Data(Lenient):
    data = fields.Dict(required=True)
    idempotency_key = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=80))


class BulkData(Lenient):
    ids = fields.List(Key(), required=True, validate=validate.Length(min=1, max=1000))
    data = fields.Dict(required=True)


class Opened(Schema):
    name = fields.String()
    queue = fields.String()
    division_code = fields.String()


class Result(Schema):
    case_id = fields.Integer()
    item_id = fields.Integer()
    finished = fields.Boolean()
    summary = fields.String()
    opened = fields.List(fields.Nested(Opened))


class BulkResult(Schema):
    id = fields.Integer()
    result = fields.Nested(Result, allow_none=True)
    error = fields.Dict(allow_none=True)


class Files(Schema):
    file = Upload(required=True)


class Stored(Schema):
    id = fields.Integer()
    filename = fields.String()
    media_type = fields.String()
    size = fields.Integer()


class Return(Lenient):
    target = Key(
        load_default=None, allow_none=True, metadata={"description": "要退回到的步骤的序号；不填为上一步"}
    )
    reason = fields.String(required=True, validate=validate.Length(max=400))


class Target(Schema):
    seq = fields.Integer()
    element_id = fields.String()
    name = fields.String()
    done_by = fields.String()
    done_at = fields.AwareDateTime()


class Assignee(Lenient):
    account_id = Key(required=True)


class ClueIn(Lenient):
    data = fields.Dict(required=True, metadata={"description": "线索表的内容"})
    household_id = Key(load_default=None, allow_none=True)
    confirmed_new = fields.Boolean(load_default=False)


class HouseholdRow(Schema):
    id = fields.Integer()
    number = fields.String()
    head_name = fields.String()
    village_code = fields.String()
    household_type = fields.String()
    status = fields.String()
    category = fields.String()
    address = fields.String()


class ClueOut(Schema):
    clue_id = fields.Integer(allow_none=True)
    case_id = fields.Integer(allow_none=True)
    joined = fields.Boolean()
    duplicates = fields.List(fields.Nested(HouseholdRow))


class HouseholdQuery(Paging):
    q = fields.String(load_default="", validate=validate.Length(max=40))
    status = fields.String(load_default="")


class HouseholdPage(PageOf):
    items = fields.List(fields.Nested(HouseholdRow))


class MemberQuery(Lenient):
    on = fields.Date(load_default=None, metadata={"description": "看哪一天的成员，缺省为今天"})


class MemberRow(Schema):
    key = fields.String(metadata={"description": "成员的标识，登记变动时用"})
    name = fields.String()
    sex = fields.String()
    relation = fields.String()
    id_type = fields.String()
    id_number = fields.String(metadata={"description": "已遮盖"})
    birth_date = fields.String(allow_none=True)


class MemberChangeIn(Lenient):
    kind = fields.String(required=True, metadata={"description": "birth、death、move_in…"})
    member = fields.String(load_default="")
    head = fields.String(load_default="")
    name = fields.String(load_default="")
    sex = fields.String(load_default="")
    relation = fields.String(load_default="")
    id_number = fields.String(load_default="")
    birth_date = fields.String(load_default="")
    happened_on = fields.String(load_default="")
    proof = fields.String(load_default="")
    moves = fields.Boolean(load_default=False)


class MemberTakeBack(Lenient):
    act = fields.String(required=True)
    reason = fields.String(required=True)


class MemberChange(Schema):
    id = fields.Integer()
    household_id = fields.Integer()
    act = fields.String()
    kind = fields.String()
    name = fields.String()
    happened_on = fields.Date()
    proof = fields.String()
    recorded_at = fields.AwareDateTime()
    undone_at = fields.AwareDateTime(allow_none=True)


class Event(Schema):
    seq = fields.Integer()
    at = fields.AwareDateTime()
    actor = fields.String()
    kind = fields.String()
    text = fields.String()
    reason = fields.String()


class Timer(Schema):
    id = fields.Integer()
    case_id = fields.Integer()
    element_id = fields.String()
    name = fields.String()
    kind = fields.String()
    due_at = fields.AwareDateTime()
    status = fields.String()
    fired_at = fields.AwareDateTime(allow_none=True)


class CaseDetail(Schema):
    id = fields.Integer()
    procedure = fields.String()
    version = fields.Integer()
    subject = fields.String()
    about = fields.String(metadata={"description": "办理的对象：household 为农户"})
    subject_id = fields.Integer()
    household_id = fields.Integer(allow_none=True, metadata={"description": "办理的不是农户的为空"})
    status = fields.String()
    outcome = fields.String()
    discovery_date = fields.Date(allow_none=True)
    limit_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "正在计时的时限最早何时届满；没有为空"}
    )
    lamp = fields.String(
        metadata={"description": "现在的灯，与页面相同：red 超期，yellow 3 天内到期，green 正常"}
    )
    was_overdue = fields.Boolean(metadata={"description": "有时限曾经超期"})
    tokens = fields.List(fields.String())
    waits_for = fields.List(fields.String())
    tasks = fields.List(fields.Nested(Task))
    timers = fields.List(fields.Nested(Timer))
    history = fields.List(fields.Nested(Event))


class Message(Lenient):
    name = fields.String(required=True)
    data = fields.Dict(required=True)


class Caught(Schema):
    caught = fields.Boolean()


class TimerQuery(Paging):
    state = fields.String(load_default="due", validate=validate.OneOf(["overdue", "due", "fired"]))


class TimerPage(PageOf):
    items = fields.List(fields.Nested(Timer))


class ProcedureUpload(Lenient):
    xml = fields.String(required=True)
    forms = fields.Dict(
        load_default=dict, keys=fields.String(), metadata={"description": "form-js，按表单编号"}
    )
    decisions = fields.Dict(
        load_default=dict,
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "DMN，按决策编号"},
    )
    note = fields.String(load_default="", validate=validate.Length(max=200))


class Finding(Schema):
    element_id = fields.String()
    element_name = fields.String()
    message = fields.String()
    severity = fields.String()


class Findings(Schema):
    ok = fields.Boolean()
    findings = fields.List(fields.Nested(Finding))


class Version(Schema):
    procedure = fields.String(attribute="procedure_key")
    number = fields.Integer()
    sha256 = fields.String()
    note = fields.String()
    deployed_at = fields.AwareDateTime()


class MoveRequest(Lenient):
    elements = fields.Dict(
        load_default=dict,
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "新版没有的步骤，各由新版的哪一步接着办"},
    )
    passed = fields.List(
        fields.String(), load_default=list, metadata={"description": "走过的事项不补办的新步骤"}
    )


class MoveNote(Lenient):
    note = fields.String(required=True, validate=validate.Length(max=500))


class Move(Schema):
    id = fields.Integer()
    status = fields.String(metadata={"description": "looking、moving、stopped"})
    total = fields.Integer()
    pending = fields.Integer(metadata={"description": "还没有看"})
    fits = fields.Integer(metadata={"description": "可以迁移"})
    misfit = fields.Integer(metadata={"description": "不能迁移"})
    moved = fields.Integer()
    refused = fields.Integer()
    reasons = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "不能迁移的原因和件数"}
    )


class DivisionQuery(Lenient):
    q = fields.String(load_default="", validate=validate.Length(max=40))
    under = fields.String(load_default="", validate=validate.Length(max=12))
    page = fields.Integer(load_default=1, validate=validate.Range(min=1, max=10_000))


class Division(Schema):
    code = fields.String()
    name = fields.String()
    path = fields.String()
    level = fields.String()


class Advance(Lenient):
    advance = fields.String(required=True, metadata={"description": "ISO 8601 时长，如 P5D"})


class Clock(Schema):
    now = fields.AwareDateTime()
    fired = fields.Integer()
