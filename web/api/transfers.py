"""移交 for programmes: offering a household to another village, accepting, refusing, taking back."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from engine.prevention.transfers import lists, offers
from web.api.blueprints import Blueprint
from web.api.schemas import Lenient, PageOf, Paging
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("api_transfers", __name__, url_prefix="/api/v1", description="守望 REST API：移交")


class TransferQuery(Paging):
    side = fields.String(load_default=lists.RECEIVED, validate=validate.OneOf([*lists.SIDES]))


class Offer(Lenient):
    village_code = fields.String(required=True, validate=validate.Length(max=12))
    reason = fields.String(required=True, validate=validate.Length(max=400))


class Note(Lenient):
    note = fields.String(load_default="", validate=validate.Length(max=400))


class Transfer(Schema):
    id = fields.Integer()
    status = fields.String(
        metadata={"description": "offered 等待，accepted 接收，refused 不接收，taken_back 撤回，moot 失效"}
    )
    head = fields.String(metadata={"description": "户主；接收以前，对方只看到姓"})
    household_id = fields.Integer(allow_none=True, metadata={"description": "看不到这户的为空"})
    from_path = fields.String()
    to_path = fields.String()
    household_status = fields.String()
    open_cases = fields.Integer()
    next_limit = fields.AwareDateTime(allow_none=True)
    reason = fields.String()
    note = fields.String()
    offered_by = fields.String()
    offered_at = fields.AwareDateTime()
    decided_by = fields.String()
    decided_at = fields.AwareDateTime(allow_none=True)
    may_decide = fields.Boolean()
    may_take_back = fields.Boolean()


class TransferPage(PageOf):
    items = fields.List(fields.Nested(Transfer))


@blueprint.get("/transfers")
@blueprint.arguments(TransferQuery, location="query")
@blueprint.response(200, TransferPage)
def list_transfers(query: dict[str, Any]) -> Any:
    """移交：received 收到的，sent 提出的；等待接收的在前"""
    return lists.listing(session(), account(), query["side"], query["page"])


@blueprint.get("/transfers/<int:transfer_id>")
@blueprint.response(200, Transfer)
def show_transfer(transfer_id: int) -> Any:
    """一项移交"""
    return lists.get(session(), account(), transfer_id)


@blueprint.post("/households/<int:household_id>/transfer")
@blueprint.arguments(Offer)
@blueprint.response(201, Transfer)
def offer_household(body: dict[str, Any], household_id: int) -> Any:
    """提出把一户移交到另一个村；对方接收以前，一切仍在原地"""
    row = offers.offer(
        session(), account(), household_id, body["village_code"], body["reason"], clock=clock.clock()
    )
    return lists.get(session(), account(), row.id)


@blueprint.post("/transfers/<int:transfer_id>/accept")
@blueprint.arguments(Note)
@blueprint.response(200, Transfer)
def accept_transfer(body: dict[str, Any], transfer_id: int) -> Any:
    """接收：这户和正在办理的事项归接收的村、乡、县"""
    offers.accept(session(), account(), transfer_id, body["note"], clock=clock.clock())
    return lists.get(session(), account(), transfer_id)


@blueprint.post("/transfers/<int:transfer_id>/refuse")
@blueprint.arguments(Note)
@blueprint.response(200, Transfer)
def refuse_transfer(body: dict[str, Any], transfer_id: int) -> Any:
    """不接收，须写明原因"""
    offers.refuse(session(), account(), transfer_id, body["note"], clock=clock.clock())
    return lists.get(session(), account(), transfer_id)


@blueprint.post("/transfers/<int:transfer_id>/take-back")
@blueprint.arguments(Note)
@blueprint.response(200, Transfer)
def take_back_transfer(body: dict[str, Any], transfer_id: int) -> Any:
    """接收以前，提出的一方撤回"""
    offers.take_back(session(), account(), transfer_id, body["note"], clock=clock.clock())
    return lists.get(session(), account(), transfer_id)
