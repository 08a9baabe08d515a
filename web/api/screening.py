"""The API of a concentrated check, for programmes with a token (R03); our own page on a telephone has its own
calls (web/pages/prevention/doorstep.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import g, request
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from engine.casework.organisation import divisions, privacy
from engine.ground.errors import Invalid
from engine.prevention.campaign import campaigns
from engine.prevention.screening import lists, papers, rows
from web.api import schemas as s
from web.api.blueprints import Blueprint
from web.api.tokens import bearer
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("api_screening", __name__, url_prefix="/api/v1", description="集中排查")
STATUS = {rows.RECORDED: 201, rows.SAME: 200, rows.CONFLICT: 409, rows.REFUSED: 422}
WORDS = {
    rows.RECORDED: "已上报。",
    rows.SAME: "这一户已经上报过，没有重复登记。",
    rows.CONFLICT: "这一户已有另一份不同的填报，或不在您的片区：两份都已留存，由乡镇决定。",
    rows.REFUSED: "没有上报，请按提示更正。",
}


@blueprint.before_request
def authenticate() -> None:
    """A token, never a cookie."""
    g.account = bearer()


class NewHousehold(s.Lenient):
    head_name = fields.String(required=True, validate=validate.Length(max=80))
    village_code = fields.String(required=True, validate=validate.Length(max=12))
    id_number = fields.String(load_default="", validate=validate.Length(max=40))
    group_name = fields.String(load_default="", validate=validate.Length(max=80))
    address = fields.String(load_default="", validate=validate.Length(max=400))
    phone = fields.String(load_default="", validate=validate.Length(max=40))
    household_type = fields.String(load_default="ordinary", validate=validate.Length(max=30))


class EntryIn(s.Lenient):
    household_id = s.Key(load_default=None, allow_none=True)
    new_household = fields.Nested(NewHousehold, load_default=None, allow_none=True)
    data = fields.Dict(required=True, keys=fields.String(), metadata={"description": "筛查表的内容"})
    device_at = fields.AwareDateTime(load_default=None, allow_none=True)
    replaces = fields.String(
        load_default="", validate=validate.Length(max=36), metadata={"description": "更正哪一份的编号"}
    )
    signatures = fields.Dict(
        load_default=dict,
        keys=fields.String(validate=validate.OneOf([*papers.KINDS])),
        values=fields.String(validate=validate.Length(max=60_000)),
        metadata={"description": "签名的笔迹"},
    )


@blueprint.get("/campaigns")
def list_campaigns() -> Any:
    """开展中的集中排查，和可以填报的村"""
    found = campaigns.running(session(), account())
    villages = divisions.villages_of(session(), account(), limit=300)
    return [
        {
            "id": one.id,
            "name": one.name,
            "starts_on": one.starts_on.isoformat(),
            "ends_on": one.ends_on.isoformat(),
            "line": one.line.amount,
            "villages": [
                {"code": village.code, "name": village.name}
                for village in villages
                if village.code.startswith(one.county_code[:6])
            ],
        }
        for one in found
    ]


@blueprint.get("/campaigns/<int:campaign_id>/villages/<code>/list")
def village_list(campaign_id: int, code: str) -> Any:
    """一个村的全部农户，带到手机上"""
    return lists.village_list(session(), account(), campaign_id, code, clock.now())


@blueprint.post("/campaigns/<int:campaign_id>/screenings")
@blueprint.arguments(EntryIn)
def enter(body: dict[str, Any], campaign_id: int) -> Any:
    """上报一户：201 已登记，200 已经有了，409 留存待乡镇决定，422 有误。编号写在 Idempotency-Key"""
    entry = rows.Entry(
        uuid=request.headers.get("Idempotency-Key", "").lower(),
        household_id=body["household_id"],
        new_household=body["new_household"],
        data=body["data"],
        source=rows.PHONE,
        device_at=_moment(body["device_at"]),
        replaces=body["replaces"],
        signatures=body["signatures"],
    )
    if (entry.household_id is None) == (entry.new_household is None):
        raise Invalid("请写明是哪一户，或新增的一户。")
    (found,) = rows.record(session(), account(), campaign_id, [entry], clock=clock.clock())
    answer = {
        "uuid": found.row_uuid,
        "kind": found.kind,
        "detail": WORDS[found.kind],
        "screening_id": found.screening_id,
        "household_id": found.household_id,
        "flagged": found.clue_id is not None,
        "case_id": found.case_id,
        "fields": found.faults,
    }
    return answer, STATUS[found.kind]


def _moment(at: datetime | None) -> datetime | None:
    """What the telephone's clock said; a clock beyond every calendar said nothing."""
    return (
        at if at is None or datetime(2000, 1, 1, tzinfo=UTC) < at < datetime(2200, 1, 1, tzinfo=UTC) else None
    )


@blueprint.put("/screenings/<uuid:entry>/papers/<uuid:paper>")
def add_paper(entry: Any, paper: Any) -> Any:
    """一份照片或签名：?kind=photo，正文为文件；签名可以是笔迹（application/json）。重复上传只留一份"""
    new = papers.add(
        session(),
        account(),
        str(entry),
        str(paper),
        request.args.get("kind", ""),
        request.mimetype,
        request.get_data(cache=False),
        clock=clock.clock(),
    )
    return {"uuid": str(paper), "kind": "recorded" if new else "same"}, 201 if new else 200


@blueprint.after_request
def mask(answer: Response) -> Response:
    """As everywhere in the API: no answer holds an ID number."""
    if answer.is_json and not answer.direct_passthrough:
        answer.set_data(privacy.masked_text(answer.get_data(as_text=True)))
    return answer
