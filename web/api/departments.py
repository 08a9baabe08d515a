"""The API for departments' programmes (R32): a token of their own, rows in, an answer for each.

An official's token opens nothing here, and a department's opens nothing else.
"""

from __future__ import annotations

from typing import Any

from flask import g, request
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from engine.casework.organisation import privacy
from engine.ground.clock import SYSTEM
from engine.prevention.identification.departments import calls, matters, tokens
from engine.prevention.models import DepartmentToken
from web.api import schemas as s
from web.api.blueprints import Blueprint
from web.request import addresses
from web.server import clock
from web.server.database import session

blueprint = Blueprint("api_departments", __name__, url_prefix="/api/v1/departments", description="部门信息")


@blueprint.before_request
def authenticate() -> None:
    """A department's token, never a cookie, never an official's."""
    scheme, _, word = request.headers.get("Authorization", "").partition(" ")
    word = word if scheme.lower() == "bearer" else ""
    g.department = tokens.authenticate(session(), word, addresses.client(), SYSTEM.now())


def _department() -> DepartmentToken:
    found: DepartmentToken = g.department
    return found


class Rows(s.Lenient):
    matter = fields.String(
        required=True, validate=validate.Length(max=30), metadata={"description": "预警事项的代码"}
    )
    rows = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        metadata={
            "description": "每条：name 姓名，id_number 证件号码，discovered_on 发现日期，period 所属期间，amount 金额"
            "（元），note 情况，place 村（社区），phone 电话，record 部门自己的记录编号"
        },
    )


class Matter(Schema):
    code = fields.String()
    name = fields.String()
    amount = fields.String(metadata={"description": "金额是什么；没有金额的为空"})


class Answer(Schema):
    place = fields.Integer(metadata={"description": "这一次报的第几条，从 1 数起"})
    record = fields.String()
    outcome = fields.String(
        metadata={
            "description": "raised 新线索，joined 并入在办事项，kept 监测对象，again 更新，same 以前报过，"
            "below 未达标准，unknown 登记簿里没有，several 两户以上，elsewhere 在别处，refused 有误"
        }
    )
    text = fields.String()
    case_id = fields.Integer(allow_none=True)
    fields_ = fields.Dict(data_key="fields")


class Answers(Schema):
    rows = fields.List(fields.Nested(Answer))


@blueprint.get("/matters")
@blueprint.response(200, Matter(many=True))
def list_matters() -> Any:
    """这个部门可以报的预警事项"""
    return list(matters.of_department(_department().department))


@blueprint.post("/warnings")
@blueprint.arguments(Rows)
@blueprint.response(200, Answers)
def send(body: dict[str, Any]) -> dict[str, Any]:
    """报一批预警，逐条答复；同一条（同一记录编号，或同一人、同一事项、同一期间）再报不会重复登记"""
    found = calls.send(session(), _department(), body["matter"], body["rows"], clock.now())
    return {
        "rows": [
            {
                "place": place,
                "record": str(row.get("record") or "")[:60],
                "outcome": outcome.kind,
                "text": outcome.text,
                "case_id": outcome.case_id,
                "fields_": wrong,
            }
            for place, (row, (outcome, wrong)) in enumerate(zip(body["rows"], found, strict=True), 1)
        ]
    }


@blueprint.after_request
def mask(answer: Response) -> Response:
    """As everywhere in the API: no answer holds an ID number."""
    if answer.is_json and not answer.direct_passthrough:
        answer.set_data(privacy.masked_text(answer.get_data(as_text=True)))
    return answer
