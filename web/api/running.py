"""运行 for programmes: what the administrators' page shows."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from web.api.blueprints import Blueprint
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import running as shown

blueprint = Blueprint("api_running", __name__, url_prefix="/api/v1", description="运行")


class Concern(Schema):
    name = fields.String()
    lamp = fields.String(metadata={"description": "green 正常、yellow 留意、red 要处理"})
    text = fields.String()
    todo = fields.String(metadata={"description": "怎么办；没有事的为空"})


class RunningProcess(Schema):
    host = fields.String()
    pid = fields.Integer()
    version = fields.String()
    does = fields.String(metadata={"description": "web 网页和接口、timers 定时和后台"})
    began_at = fields.AwareDateTime()
    seen_at = fields.AwareDateTime(metadata={"description": "最近一次报告"})


class Overview(Schema):
    version = fields.String()
    revision = fields.String(metadata={"description": "表结构"})
    database = fields.String()
    at = fields.AwareDateTime()
    concerns = fields.List(fields.Nested(Concern))
    processes = fields.List(fields.Nested(RunningProcess))


@blueprint.get("/running")
@blueprint.response(200, Overview)
def show() -> Any:
    """系统好不好，不好怎么办：给系统管理员"""
    return shown.overview(session(), account(), clock.clock().now())
