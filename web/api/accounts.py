"""账号 for programmes: what the administrators' pages do, with the same powers and the same masks."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from engine.casework.acts import leaving
from engine.casework.models import Account, RoleRequest
from engine.casework.organisation import access, divisions
from engine.casework.organisation.identity import admitting, people, personnel, roles, sessions, sign_in
from engine.casework.supervision import succession
from engine.ground.clock import SYSTEM
from web.api.blueprints import Blueprint
from web.api.schemas import Key, Lenient, PageOf, Paging
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("api_accounts", __name__, url_prefix="/api/v1", description="账号和角色")


# -- shapes ----------------------------------------------------------------------------------------


def _line(most: int, **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=most), **kwargs)


def _one_of(names: Any) -> fields.String:
    return fields.String(load_default="", validate=validate.OneOf(["", *names]))


class AccountQuery(Paging):
    q = _line(80, load_default="", metadata={"description": "姓名或账号的开头；用 POST 时也可以是整个电话"})
    division = _line(200, load_default="", metadata={"description": "这个地方及以下的：代码或全路径"})
    role = _one_of(access.ROLE_NAMES)
    state = _one_of(people.STATES)
    since = _one_of(people.SINCE)


class Role(Schema):
    id = fields.Integer()
    role = fields.String()
    division_code = fields.String()
    granted_at = fields.AwareDateTime(allow_none=True)


class Request(Schema):
    id = fields.Integer()
    account_id = fields.Integer()
    role = fields.String()
    division_code = fields.String()
    act = fields.String(metadata={"description": "add 增加、remove 收回"})
    status = fields.String(metadata={"description": "waiting、granted、refused"})
    asked_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)
    note = fields.String()


class RequestPage(PageOf):
    items = fields.List(fields.Nested(Request))


class AccountRow(Schema):
    id = fields.Integer()
    username = fields.String()
    name = fields.String()
    post = fields.String()
    division_code = fields.String()
    active = fields.Boolean()
    must_change = fields.Boolean(metadata={"description": "下次登录须先设定密码"})
    last_sign_in_at = fields.AwareDateTime(allow_none=True)
    roles = fields.List(fields.Nested(Role), attribute="grants")


class AccountPage(PageOf):
    items = fields.List(fields.Nested(AccountRow))


class Held(Schema):
    name = fields.String()
    division_code = fields.String()
    count = fields.Integer()


class AccountDetail(AccountRow):
    phone = fields.String(metadata={"description": "只给管这个账号的系统管理员"})
    email = fields.String(metadata={"description": "只给管这个账号的系统管理员"})
    revision = fields.Integer(metadata={"description": "修改时原样送回"})
    created_at = fields.AwareDateTime()
    disabled_at = fields.AwareDateTime(allow_none=True)
    disabled_reason = fields.String()
    closed_until = fields.AwareDateTime(allow_none=True, metadata={"description": "输错过多，锁到何时"})
    sessions = fields.Integer(metadata={"description": "现在有几个登录"})
    held = fields.List(fields.Nested(Held), metadata={"description": "手上的事项"})
    requests = fields.List(fields.Nested(Request))


class Person(Lenient):
    name = _line(40)
    division_code = _line(200, metadata={"description": "12 位代码或全路径"})
    post = _line(80)
    phone = _line(40)
    email = _line(120)


class AccountIn(Person):
    username = _line(40, required=True)
    role = _line(30, load_default="", metadata={"description": "同时申请的角色"})
    role_division = _line(200, load_default="", metadata={"description": "空着就是单位所在的地方"})


class AccountChange(Person):
    revision = fields.Integer(required=True, strict=True)


class Coded(Schema):
    account = fields.Nested(AccountDetail)
    code = fields.String(metadata={"description": "首次登录码，只给这一次"})


class Successor(Lenient):
    successor = _line(40, load_default="", metadata={"description": "接手人的账号；空着就放回待办"})


class Leaving(Successor):
    reason = _line(200, load_default="")


class HandedOver(Schema):
    account = fields.Nested(AccountDetail)
    given = fields.Integer()
    released = fields.Integer()
    orders = fields.Integer(metadata={"description": "答复也通知接手人的督办单"})


class ClosedAddress(Schema):
    address = fields.String()
    until = fields.AwareDateTime()


class Unlocked(Schema):
    opened = fields.Boolean(metadata={"description": "有输错的记录，已归零"})
    addresses = fields.List(
        fields.Nested(ClosedAddress), metadata={"description": "仍然锁着的网络地址，对谁都一样"}
    )


class Ended(Schema):
    sessions = fields.Integer()
    tokens = fields.Integer()


class Wish(Lenient):
    role = _line(30, required=True)
    division_code = _line(200, required=True)
    act = fields.String(load_default="add", validate=validate.OneOf(["add", "remove"]))


class Moving(Successor):
    division_code = _line(12, required=True)
    post = _line(80, load_default="")
    revision = Key(required=True, metadata={"description": "看到的是第几次修改后的"})
    taken = fields.List(Key(), load_default=list, metadata={"description": "申请收回的角色，按编号"})
    wishes = fields.List(fields.Nested(Wish), load_default=list, validate=validate.Length(max=20))


class Decision(Lenient):
    ids = fields.List(Key(), required=True, validate=validate.Length(min=1, max=roles.MAX_DECIDED))
    granted = fields.Boolean(required=True)
    note = _line(400, load_default="", metadata={"description": "不同意的须写明原因"})


class Decided(Schema):
    done = fields.Integer()
    refused = fields.List(fields.String(), metadata={"description": "不能决定的，各为什么"})


# -- accounts --------------------------------------------------------------------------------------


@blueprint.get("/accounts")
@blueprint.arguments(AccountQuery, location="query")
@blueprint.response(200, AccountPage)
def list_accounts(query: dict[str, Any]) -> Any:
    """管辖范围内的账号"""
    return _list(query)


@blueprint.post("/accounts/search")
@blueprint.arguments(AccountQuery)
@blueprint.response(200, AccountPage)
def search_accounts(query: dict[str, Any]) -> Any:
    """查账号：电话写在请求的内容里，不写在网址里"""
    return _list(query)


def _list(query: dict[str, Any]) -> Any:
    wanted = people.Wanted(
        text=query["q"].strip(),
        division=divisions.one_meant(session(), query["division"]) if query["division"].strip() else "",
        role=query["role"],
        state=query["state"],
        since=query["since"],
        page=query["page"],
    )
    return people.listing(session(), account(), wanted, SYSTEM.now())


@blueprint.post("/accounts")
@blueprint.arguments(AccountIn)
@blueprint.response(201, Coded)
def add_account(body: dict[str, Any]) -> dict[str, Any]:
    """添加账号，可以同时申请一个角色；答复里有首次登录码"""
    place = body["role_division"] or body.get("division_code", "")
    wish = roles.Wish(body["role"], place) if body["role"] else None
    found, code = personnel.add(session(), account(), body, wish, SYSTEM.now())
    return {"account": _detail(found), "code": code}


@blueprint.get("/accounts/<int:account_id>")
@blueprint.response(200, AccountDetail)
def show_account(account_id: int) -> dict[str, Any]:
    """一个账号"""
    mine = access.ACCOUNT_ADMIN if access.has_role(account(), access.ACCOUNT_ADMIN) else access.SECURITY_ADMIN
    return _detail(roles.require(session(), account(), account_id, mine, own=True))


def _detail(found: Account) -> dict[str, Any]:
    now = SYSTEM.now()
    reached = found.id != account().id and roles.reaches(account(), found, access.ACCOUNT_ADMIN)
    said = [*AccountRow().fields, "revision", "created_at", "disabled_at", "disabled_reason"]
    return {
        **{name: getattr(found, name) for name in said if name != "roles"},
        "grants": found.grants,
        **({"phone": found.phone, "email": found.email} if reached else {}),
        "closed_until": sign_in.closed_until(session(), found, now),
        "sessions": len(sessions.live(session(), found.id, now)),
        "held": leaving.held(session(), found.id),
        "requests": roles.asked(session(), found),
    }


@blueprint.post("/accounts/<int:account_id>")
@blueprint.arguments(AccountChange)
@blueprint.response(200, AccountDetail)
def change_account(body: dict[str, Any], account_id: int) -> dict[str, Any]:
    """修改姓名、单位、职务、电话、电子邮件；没有写的不变，别人刚改过的答 409"""
    present = roles.require(session(), account(), account_id, access.ACCOUNT_ADMIN)
    typed = {name: body.get(name, getattr(present, name)) for name in personnel.FIELDS}
    typed["revision"] = str(body["revision"])
    return _detail(personnel.edit(session(), account(), account_id, typed, SYSTEM.now()))


@blueprint.post("/accounts/<int:account_id>/disable")
@blueprint.arguments(Leaving)
@blueprint.response(200, HandedOver)
def disable_account(body: dict[str, Any], account_id: int) -> dict[str, Any]:
    """停用，手上的事项一并交接"""
    done = succession.leave(
        session(),
        account(),
        account_id,
        body["reason"],
        body["successor"],
        SYSTEM.now(),
        clock=clock.clock(),
    )
    return _handed_over(account_id, done)


@blueprint.post("/accounts/<int:account_id>/hand-over")
@blueprint.arguments(Successor)
@blueprint.response(200, HandedOver)
def hand_over_account(body: dict[str, Any], account_id: int) -> dict[str, Any]:
    """只交接手上的事项"""
    to, now = body["successor"], SYSTEM.now()
    done = succession.hand_over(session(), account(), account_id, to, now, clock=clock.clock())
    return _handed_over(account_id, done)


def _handed_over(account_id: int, done: succession.Done) -> dict[str, Any]:
    found = roles.require(session(), account(), account_id, access.ACCOUNT_ADMIN)
    work = {"given": done.work.given, "released": done.work.released, "orders": done.orders}
    return {"account": _detail(found), **work}


@blueprint.post("/accounts/<int:account_id>/move")
@blueprint.arguments(Moving)
@blueprint.response(200, HandedOver)
def move_account(body: dict[str, Any], account_id: int) -> dict[str, Any]:
    """调动：单位马上改，角色的增减等安全管理员决定，手上的事项和督办单的答复交给接手人"""
    wish = succession.Move(
        body["division_code"],
        body["post"],
        str(body["revision"]),
        body["taken"],
        [roles.Wish(one["role"], one["division_code"]) for one in body["wishes"]],
        body["successor"],
    )
    done = succession.move(session(), account(), account_id, wish, SYSTEM.now(), clock=clock.clock())
    return _handed_over(account_id, done)


@blueprint.post("/accounts/<int:account_id>/enable")
@blueprint.response(200, AccountDetail)
def enable_account(account_id: int) -> dict[str, Any]:
    """启用：原来的密码可用"""
    return _detail(admitting.enable(session(), account(), account_id, SYSTEM.now()))


@blueprint.post("/accounts/<int:account_id>/reset")
@blueprint.response(200, Coded)
def reset_account(account_id: int) -> dict[str, Any]:
    """重置密码：原密码作废，登录和令牌都退出，给一个首次登录码"""
    found, code = admitting.reset(session(), account(), account_id, SYSTEM.now())
    return {"account": _detail(found), "code": code}


@blueprint.post("/accounts/<int:account_id>/unlock")
@blueprint.response(200, Unlocked)
def unlock_account(account_id: int) -> dict[str, Any]:
    """解锁：输错的次数归零，密码不变"""
    opened, closed = admitting.unlock(session(), account(), account_id, SYSTEM.now())
    return {"opened": opened, "addresses": [{"address": one, "until": until} for one, until in closed]}


@blueprint.post("/accounts/<int:account_id>/end")
@blueprint.response(200, Ended)
def end_account(account_id: int) -> dict[str, Any]:
    """结束所有登录和令牌"""
    ended, tokens = admitting.end_sessions(session(), account(), account_id, SYSTEM.now())
    return {"sessions": ended, "tokens": tokens}


# -- roles -----------------------------------------------------------------------------------------


@blueprint.post("/accounts/<int:account_id>/roles")
@blueprint.arguments(Wish)
@blueprint.response(201, Request)
def ask_for_role(body: dict[str, Any], account_id: int) -> RoleRequest:
    """申请增加或收回角色，由安全管理员决定"""
    wish = roles.Wish(body["role"], body["division_code"].strip(), body["act"])
    return roles.ask(session(), account(), account_id, wish, SYSTEM.now())


@blueprint.post("/accounts/<int:account_id>/roles/<int:grant_id>/take")
@blueprint.response(200, AccountRow)
def take_role(account_id: int, grant_id: int) -> Account:
    """收回角色：只凭它能办的事项放回待办"""
    found = roles.take(session(), account(), account_id, grant_id, SYSTEM.now())
    leaving.release_unreached(session(), account(), [account_id], clock=clock.clock())
    return found


@blueprint.get("/role-requests")
@blueprint.arguments(Paging, location="query")
@blueprint.response(200, RequestPage)
def list_requests(query: dict[str, Any]) -> Any:
    """等安全管理员决定的角色申请"""
    return roles.waiting(session(), account(), query["page"])


@blueprint.post("/role-requests/decide")
@blueprint.arguments(Decision)
@blueprint.response(200, Decided)
def decide_requests(body: dict[str, Any]) -> Any:
    """同意或者不同意：一项不成不影响其他"""
    done = roles.decide(session(), account(), body["ids"], body["granted"], body["note"], SYSTEM.now())
    leaving.release_unreached(session(), account(), done.lost, clock=clock.clock())
    return done
