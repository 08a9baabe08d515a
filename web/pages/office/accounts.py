"""账号: the people of a place, as administrators look after them; roles, which another one decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.acts import leaving
from engine.casework.models import Account
from engine.casework.organisation import access, accounts, divisions
from engine.casework.organisation.identity import (
    admitting,
    people,
    personnel,
    roles,
    safeguards,
    sessions,
    sign_in,
)
from engine.casework.supervision import succession
from engine.ground.clock import CHINA, SYSTEM
from engine.ground.errors import Conflict, Invalid
from web.request import discretion
from web.request.arguments import number, row, rows
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("accounts", __name__, url_prefix="/administration")
FILTERS = ("q", "division", "role", "state", "since")


# -- the list --------------------------------------------------------------------------------------


@blueprint.get("/accounts")
def index() -> str:
    """The accounts of the administrator's reach."""
    return _list(request.args)


def _list(asked: Mapping[str, str]) -> str:
    place, problem = _place(asked.get("division", "").strip()[:200])
    wanted = people.Wanted(
        text=asked.get("q", "").strip()[:80],
        division=place,
        role=asked.get("role", ""),
        state=asked.get("state", ""),
        since=asked.get("since", ""),
        page=number(asked.get("page")),
    )
    page = people.listing(session(), account(), wanted, SYSTEM.now())
    codes = {one.division_code for one in page.items} | {wanted.division} - {""}
    codes |= {grant.division_code for one in page.items for grant in one.grants}
    return render_template(
        "office/accounts/index.html",
        page=page,
        wanted=wanted,
        names=divisions.names(session(), codes),
        place=divisions.paths(session(), [place]).get(place, "") if place else asked.get("division", ""),
        problem=problem,
        closed=sign_in.closed_among(session(), page.items, SYSTEM.now()),
        standing=people.standing,
        system_now=SYSTEM.now(),
        states=people.STATES,
        since=people.SINCE,
        may_add=access.has_role(account(), access.ACCOUNT_ADMIN),
    )


def _place(typed: str) -> tuple[str, str]:
    """The code of the place that the list is narrowed to, by its code, path or name; '' and what is wrong
    with what was typed where it is not one place.
    """
    try:
        return (divisions.one_meant(session(), typed) if typed else ""), ""
    except Invalid as error:
        return "", error.message


@blueprint.post("/accounts/search")
def search() -> ResponseReturnValue:
    """Look for somebody: a phone number stands in no address."""
    access.require_role(account(), access.ACCOUNT_ADMIN, access.SECURITY_ADMIN)
    narrowing = discretion.narrowing()
    if narrowing is None:
        return _list(request.form)
    return redirect(url_for("accounts.index", **{k: v for k, v in narrowing.items() if k in FILTERS}), 303)


@blueprint.get("/divisions")
def places() -> list[dict[str, str]]:
    """The places of the administrator's reach whose name holds what was typed."""
    access.require_role(account(), access.ACCOUNT_ADMIN, access.SECURITY_ADMIN)
    roles_here = frozenset({access.ACCOUNT_ADMIN, access.SECURITY_ADMIN})
    found = []
    for grant in account().grants:
        if grant.role in roles_here:
            found += divisions.search(session(), request.args.get("q", "")[:40], grant.division_code, size=30)
    return [{"code": one.code, "name": one.path or one.name} for one in found[:50]]


# -- adding ----------------------------------------------------------------------------------------


@blueprint.get("/accounts/new")
def new() -> str:
    """A new account."""
    access.require_role(account(), access.ACCOUNT_ADMIN)
    return _new_page({})


def _new_page(typed: Mapping[str, str], errors: Mapping[str, Sequence[str]] | None = None) -> str:
    return render_template(
        "office/accounts/new.html",
        typed=typed,
        errors=errors or {},
        paths={},
        role_names=access.ROLE_NAMES,
    )


@blueprint.post("/accounts/new")
def add() -> ResponseReturnValue:
    """Add it; the code for the first sign-in is shown once."""
    try:
        found, code = personnel.add(session(), account(), request.form, _wish(), SYSTEM.now())
    except Invalid as error:
        access.require_role(account(), access.ACCOUNT_ADMIN)
        return _new_page(request.form, error.fields), 422
    return _code_page(found, code, "账号已添加。")


def _wish() -> roles.Wish | None:
    role = request.form.get("role", "")
    place = request.form.get("role_division", "").strip() or request.form.get("division_code", "").strip()
    return roles.Wish(role, place) if role else None


def _code_page(found: Account, code: str, done: str) -> str:
    return render_template("office/accounts/code.html", found=found, code=code, done=done)


# -- one account -----------------------------------------------------------------------------------


@blueprint.get("/accounts/<int:account_id>")
def show(account_id: int) -> str:
    """One account: the person, the roles, the sessions, the work in hand."""
    return _page(account_id)


def _page(
    account_id: int,
    errors: Mapping[str, Sequence[str]] | None = None,
    typed: Mapping[str, str] | None = None,
    problem: str = "",
) -> str:
    mine = next(
        (role for role in (access.ACCOUNT_ADMIN, access.SECURITY_ADMIN) if access.has_role(account(), role)),
        "",
    )
    found = roles.require(session(), account(), account_id, mine or access.ACCOUNT_ADMIN, own=True)
    now = SYSTEM.now()
    asked = roles.asked(session(), found)
    held, orders = leaving.held(session(), found.id), succession.orders_of(session(), found.id)
    codes = {found.division_code, *(one.division_code for one in found.grants)}
    codes |= {one.division_code for one in asked} | {one.division_code for one in held}
    return render_template(
        "office/accounts/show.html",
        found=found,
        typed=typed or {},
        errors=errors or {},
        problem=problem,
        asked=asked,
        held=held,
        orders=orders,
        successors=leaving.successors(session(), found) if held or orders else [],
        live=sessions.live(session(), found.id, now),
        closed_until=sign_in.closed_until(session(), found, now),
        names=divisions.names(session(), codes),
        paths=divisions.paths(session(), [found.division_code]),
        people=accounts.names(session(), _people(found, asked)),
        standing=people.standing(found, now),
        usable=accounts.is_usable(found),
        role_names=access.ROLE_NAMES,
        statuses=roles.STATUS_NAMES,
        manages=mine == access.ACCOUNT_ADMIN and _acts_on(found, mine),
        resettable=admitting.may_be_given_a_code(found),
        decides=mine == access.SECURITY_ADMIN and _acts_on(found, mine),
        system_now=now,
    )


def _people(found: Account, asked: Sequence[object]) -> set[int | None]:
    decided = {getattr(one, name) for one in asked for name in ("asked_by", "decided_by")}
    return decided | {found.disabled_by, *(grant.granted_by for grant in found.grants)}


def _acts_on(found: Account, role: str) -> bool:
    return found.id != account().id and roles.reaches(account(), found, role)


@blueprint.post("/accounts/<int:account_id>")
def edit(account_id: int) -> ResponseReturnValue:
    """Change name, unit, post, phone, e-mail."""
    try:
        personnel.edit(session(), account(), account_id, request.form, SYSTEM.now())
    except Invalid as error:
        return _page(account_id, error.fields, request.form), 422
    except Conflict as error:
        return _page(account_id, None, request.form, error.message), 409
    return _done(account_id, "已保存。")


def _done(account_id: int, sentence: str) -> ResponseReturnValue:
    flash(sentence, "success")
    return redirect(url_for("accounts.show", account_id=account_id), 303)


def _refused(account_id: int, error: Conflict | Invalid) -> ResponseReturnValue:
    """What was refused is said on the account's page, with what was typed."""
    fields = error.fields if isinstance(error, Invalid) else {}
    return _page(account_id, fields, None, error.message), error.status


@blueprint.post("/accounts/<int:account_id>/disable")
def disable(account_id: int) -> ResponseReturnValue:
    """停用, and hand the open work on in the same act."""
    form = request.form
    try:
        done = succession.leave(
            session(),
            account(),
            account_id,
            form.get("reason", ""),
            form.get("successor", ""),
            SYSTEM.now(),
            clock=clock.clock(),
        )
    except (Conflict, Invalid) as error:
        return _refused(account_id, error)
    return _done(
        account_id, f"账号已停用，登录和令牌都已退出。{f'在办的{done.summary}。' if done.summary else ''}"
    )


@blueprint.post("/accounts/<int:account_id>/hand-over")
def hand_over(account_id: int) -> ResponseReturnValue:
    """交接 the open work alone."""
    try:
        to = request.form.get("successor", "")
        done = succession.hand_over(session(), account(), account_id, to, SYSTEM.now(), clock=clock.clock())
    except (Conflict, Invalid) as error:
        return _refused(account_id, error)
    return _done(account_id, f"已{done.summary}。" if done.summary else "没有在办的。")


@blueprint.post("/accounts/<int:account_id>/enable")
def enable(account_id: int) -> ResponseReturnValue:
    """启用."""
    admitting.enable(session(), account(), account_id, SYSTEM.now())
    return _done(account_id, "账号已启用：原来的密码可用；忘了的，请重置。")


@blueprint.post("/accounts/<int:account_id>/reset")
def reset(account_id: int) -> ResponseReturnValue:
    """重置密码: a new code, shown once."""
    try:
        found, code = admitting.reset(session(), account(), account_id, SYSTEM.now())
    except Conflict as error:
        return _refused(account_id, error)
    return _code_page(found, code, "原密码已作废，登录和令牌都已退出。")


@blueprint.post("/accounts/<int:account_id>/unlock")
def unlock(account_id: int) -> ResponseReturnValue:
    """解锁."""
    now = SYSTEM.now()
    opened, addresses = admitting.unlock(session(), account(), account_id, now)
    sentence = "已解锁：输错的次数归零，可以再试密码。" if opened else "这个账号没有输错的记录，没有锁着。"
    for address, until in addresses:  # of everybody who sits behind it: opened by nobody
        sentence += f"网络地址 {address} 输错过多，从那里登录还要等到 {until.astimezone(CHINA):%H:%M}。"
    return _done(account_id, sentence)


@blueprint.post("/accounts/<int:account_id>/end")
def end(account_id: int) -> ResponseReturnValue:
    """结束登录."""
    ended, tokens = admitting.end_sessions(session(), account(), account_id, SYSTEM.now())
    return _done(account_id, f"已结束 {ended} 个登录、{tokens} 个接口令牌。")


# -- roles -----------------------------------------------------------------------------------------


@blueprint.post("/accounts/<int:account_id>/roles")
def ask_role(account_id: int) -> ResponseReturnValue:
    """申请角色, or that one be taken."""
    form = request.form
    wish = roles.Wish(
        form.get("role", ""),
        form.get("role_division", "").strip(),
        "remove" if form.get("act") == "remove" else "add",
    )
    try:
        roles.ask(session(), account(), account_id, wish, SYSTEM.now())
    except (Conflict, Invalid) as error:
        fields = error.fields if isinstance(error, Invalid) else {}
        return _page(account_id, fields, request.form, error.message), error.status
    return _done(account_id, "已提出，等安全管理员决定。")


@blueprint.post("/accounts/<int:account_id>/roles/<int:grant_id>/take")
def take_role(account_id: int, grant_id: int) -> ResponseReturnValue:
    """收回角色."""
    try:
        roles.take(session(), account(), account_id, grant_id, SYSTEM.now())
    except Conflict as error:
        return _refused(account_id, error)
    released = leaving.release_unreached(session(), account(), [account_id], clock=clock.clock())
    return _done(account_id, f"角色已收回。{f'他不再能办的 {released} 件已放回待办。' if released else ''}")


@blueprint.get("/roles")
def requests() -> str:
    """Roles that wait for the security administrator."""
    page = roles.waiting(
        session(), account(), number(request.args.get("page")), row(request.args.get("import"))
    )
    codes = {code for one in page.items for code in (one.division_code, one.account.division_code)} - {""}
    return render_template(
        "office/accounts/requests.html",
        page=page,
        names=divisions.names(session(), codes),
        people=accounts.names(session(), {one.asked_by for one in page.items}),
    )


@blueprint.post("/roles")
def decide() -> ResponseReturnValue:
    """同意 or 不同意 of the ticked ones."""
    granted = request.form.get("granted") == "yes"
    try:
        done = roles.decide(
            session(),
            account(),
            rows(request.form.getlist("id")),
            granted,
            request.form.get("note", ""),
            SYSTEM.now(),
        )
    except Invalid as error:
        flash(error.message, "danger")
        return redirect(url_for("accounts.requests"), 303)
    leaving.release_unreached(session(), account(), done.lost, clock=clock.clock())
    if done.done:
        flash(f"{'已授权' if granted else '未同意'} {done.done} 项。", "success")
    for problem in dict.fromkeys(done.refused):
        flash(problem, "warning")
    return redirect(url_for("accounts.requests"), 303)


# -- the rules of signing in -----------------------------------------------------------------------


@blueprint.get("/sign-in")
def rules() -> str:
    """Attempts, minutes, hours, days."""
    access.require_role(account(), access.SECURITY_ADMIN)
    return _rules_page()


def _rules_page(errors: Mapping[str, Sequence[str]] | None = None) -> str:
    return render_template(
        "office/accounts/rules.html",
        rules=request.form if errors else safeguards.current(session()).__dict__,
        bounds=safeguards.BOUNDS,
        errors=errors or {},
        everywhere=access.has_everywhere(account(), access.SECURITY_ADMIN),
    )


@blueprint.post("/sign-in")
def change_rules() -> ResponseReturnValue:
    """Change them."""
    try:
        safeguards.change(session(), account(), request.form, SYSTEM.now())
    except Invalid as error:
        return _rules_page(error.fields), 422
    flash("已保存，从下一次登录起算。", "success")
    return redirect(url_for("accounts.rules"), 303)
