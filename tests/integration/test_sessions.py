"""Sessions and tokens end: at the sign-out, after their life, and when somebody ends them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from engine.casework.models import Account, ApiToken, SignIn
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import admitting, own, passwords, sessions, sign_in
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed
from tests.support.client import Caller, application, signed_in
from tests.support.template import PASSWORD
from tests.support.world import World
from web.request.signing import PUBLIC

FRESH = "Xin-mima-2026"


def entered(app: Flask, username: str = "cun", password: str = PASSWORD) -> FlaskClient:
    """A browser in which somebody has signed in at the front door."""
    client = app.test_client()
    assert client.post("/login", data={"username": username, "password": password}).status_code == 302
    return client


def copied(app: Flask, client: FlaskClient) -> FlaskClient:
    """Another browser with a copy of the cookie."""
    other = app.test_client()
    cookie = client.get_cookie("shouwang")
    assert cookie is not None
    other.set_cookie("shouwang", cookie.value)
    return other


def alive(client: FlaskClient) -> bool:
    """Whether the browser is signed in."""
    return "/login" not in client.get("/account").headers.get("Location", "")


def test_signing_out_ends_the_copied_cookie_too(small_world: World) -> None:
    app = application(small_world)
    client = entered(app)
    thief, other = copied(app, client), entered(app)
    assert alive(thief) and alive(other)
    client.post("/logout")
    assert not alive(thief) and alive(other)


def test_a_cookie_is_none_of_the_interface(small_world: World) -> None:
    app = application(small_world)
    client = entered(app)
    answer = client.get("/api/v1/tasks")
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers.get("Vary", "")
    assert alive(client)


def test_a_session_ends_after_its_hours_however_it_is_used(small_world: World) -> None:
    app = application(small_world)
    client = entered(app)
    with write(small_world.session):
        row = small_world.session.scalars(select(SignIn)).one()
        assert row.ends_at - row.began_at == timedelta(hours=12)
        row.ends_at = SYSTEM.now() - timedelta(seconds=1)
    assert not alive(client)
    assert "这次登录已经结束" in client.get("/login").text


def rested(world: World, minutes: float) -> None:
    """Nobody has used a session for so long."""
    with write(world.session):
        world.session.execute(update(SignIn).values(seen_at=SYSTEM.now() - timedelta(minutes=minutes)))


def test_a_session_that_rests_for_half_an_hour_ends_and_one_that_is_used_goes_on(small_world: World) -> None:
    app, world = application(small_world), small_world
    client = entered(app)
    for _ in range(3):
        rested(world, 29)
        assert alive(client)
    rested(world, 29)
    for path in ("/supervision/counts.json", "/statistics/counts.json"):
        assert client.get(path).status_code in (200, 403)
    world.session.rollback()
    seen = world.session.scalars(select(SignIn.seen_at)).one()
    assert SYSTEM.now() - seen > timedelta(minutes=28), "an open page alone is no work"
    rested(world, 30.1)
    thief = copied(app, client)
    assert not alive(client) and not alive(thief)
    world.session.rollback()
    assert world.session.scalars(select(SignIn.end_reason)).one() == "idle"


def test_a_visit_leaves_the_cookie_as_it_was(small_world: World) -> None:
    """Of two answers under way the later one would put its older cookie back, and take away what was said."""
    app, walked = application(small_world), 0
    for username in ("cun", "xian", "xitong"):
        client = entered(app, username)
        client.get("/account")  # the first page gives the forms their token
        for rule in app.url_map.iter_rules():
            if rule.rule.startswith("/api/") or rule.arguments or rule.endpoint in PUBLIC:
                continue
            if "GET" in (rule.methods or ()):
                answer = client.get(rule.rule)
                if answer.status_code == 200:
                    walked += 1
                    assert not cookies(answer), rule.rule
    assert walked > 60


def cookies(answer: TestResponse) -> list[str]:
    """What an answer makes of the session's cookie."""
    return [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("shouwang=")]


def test_what_a_form_sends_by_itself_leaves_the_cookie_as_it_was(small_world: World) -> None:
    world, client = small_world, entered(application(small_world))
    item = next(iter(world.open_items(world.enter()).values())).id
    client.get(f"/tasks/{item}")
    by_itself = {"X-Requested-With": "fetch"}
    draft = client.post(f"/tasks/{item}/draft", data={"risk_text": "边填边存"}, headers=by_itself)
    assert draft.status_code == 200 and not cookies(draft)
    rested(world, 31)
    late = client.post(f"/tasks/{item}/draft", data={"risk_text": "歇了很久"}, headers=by_itself)
    assert late.status_code == 401 and late.mimetype == "application/problem+json"
    assert "您填的内容已暂存" in client.get("/todo", follow_redirects=True).text, (
        "no script has taken it away"
    )


def test_a_cookie_from_before_is_signed_out_once(small_world: World) -> None:
    client = application(small_world).test_client()
    with client.session_transaction() as cookie:
        cookie["account"], cookie["epoch"] = 1, 0
    assert not alive(client)


def test_a_new_password_ends_the_other_sessions_and_the_tokens(small_world: World) -> None:
    world, app = small_world, application(small_world)
    here, there, programme = entered(app), entered(app), Caller(application(small_world), world, "cun")
    assert programme.get("/tasks").status_code == 200
    form = {"old": PASSWORD, "password": FRESH, "again": FRESH}
    assert here.post("/account/password", data=form).status_code == 303
    assert alive(here) and not alive(there)
    assert programme.get("/tasks").status_code == 401
    assert app.test_client().post("/login", data={"username": "cun", "password": PASSWORD}).status_code == 401
    entered(app, password=FRESH)


@pytest.mark.parametrize(
    ("old", "password", "again", "field"),
    [
        ("Falsch-2022", FRESH, FRESH, "old"),
        (PASSWORD, FRESH, FRESH + "1", "again"),
        (PASSWORD, "kurz-1A", "kurz-1A", "password"),
        (PASSWORD, PASSWORD, PASSWORD, "password"),
        (PASSWORD, "Ich-Heisse-CUN-1", "Ich-Heisse-CUN-1", "password"),
        (PASSWORD, "Aa-1" * 60, "Aa-1" * 60, "password"),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said_at_the_field(
    small_world: World, old: str, password: str, again: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        typed = {"old": old, "password": password, "again": again}
        own.change_password(small_world.session, small_world.official("cun"), typed, "", SYSTEM.now())
    assert list(refused.value.fields) == [field]


def test_none_of_the_last_five_passwords_comes_back(small_world: World) -> None:
    session, account, old = small_world.session, small_world.official("cun"), PASSWORD
    for number in range(6):
        typed = {"old": old, "password": f"{FRESH}-{number}", "again": f"{FRESH}-{number}"}
        own.change_password(session, account, typed, "", SYSTEM.now())
        old = typed["password"]
    for number, comes_back in ((0, True), (1, False)):
        if comes_back:
            passwords.prepared(session, account, f"{FRESH}-{number}")
        else:
            with pytest.raises(Invalid):
                passwords.prepared(session, account, f"{FRESH}-{number}")


def test_who_must_change_the_password_comes_nowhere_else(small_world: World) -> None:
    world, app = small_world, application(small_world)
    with write(world.session):
        world.official("cun").must_change = True
    client, programme = signed_in(app, world.official("cun")), Caller(app, world, "cun")
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC or rule.arguments:
            continue
        if rule.rule.startswith("/api/"):
            if rule.endpoint.startswith("api.") and "GET" in (rule.methods or ()):
                assert programme.get(rule.rule.removeprefix("/api/v1")).status_code == 403, rule.rule
        elif "GET" in (rule.methods or ()) and rule.endpoint != "own.password":
            assert client.get(rule.rule).location == "/account/password", rule.rule
    assert programme.get("/tasks").get_json()["title"] == "password_due"


def test_a_code_leads_to_a_new_password_and_nowhere_else(small_world: World) -> None:
    world, app, code = small_world, application(small_world), passwords.new_code()
    with write(world.session):
        account = world.official("cun")
        account.password_hash, account.must_change = passwords.NONE, True
        account.code_hash = passwords.code_digest(code)
        account.code_until = SYSTEM.now() + passwords.CODE_LIFE
    sent = {"username": "cun", "password": code}
    assert app.test_client().post("/api/v1/tokens", json=sent).status_code == 403
    client = entered(app, password=code.lower().replace("-", " "))
    assert client.get("/todo").location == "/account/password"
    assert client.post("/account/password", data={"password": FRESH, "again": FRESH}).location == "/todo"
    assert client.get("/todo").status_code == 200
    assert app.test_client().post("/login", data=sent).status_code == 401, "the code has been used"


def test_a_password_grows_old(small_world: World) -> None:
    world, app = small_world, application(small_world)
    assert entered(app).get("/todo").status_code == 200
    with write(world.session):
        world.session.execute(update(Account).values(password_at=SYSTEM.now() - timedelta(days=91)))
    assert entered(app).get("/todo").location == "/account/password"


def test_everyone_ends_the_own_sessions_and_tokens_and_nobody_elses(small_world: World) -> None:
    world, app = small_world, application(small_world)
    here, there, other = entered(app), entered(app), entered(app, "xiang")
    token, _ = accounts.issue_token(world.session, world.official("cun"), SYSTEM.now())
    foreign = sessions.live(world.session, world.official("xiang").id, SYSTEM.now())[0]
    here.post(f"/account/sessions/{foreign.id}/end")
    assert alive(other)
    here.post("/account/sessions/end")
    assert alive(here) and not alive(there)
    row = world.session.scalars(select(ApiToken)).one()
    assert other.post(f"/account/tokens/{row.id}/end").status_code == 404
    here.post(f"/account/tokens/{row.id}/end")
    world.session.rollback()
    assert accounts.account_of_token(world.session, token, SYSTEM.now()) is None


def test_phone_and_address_are_read_in_one_spelling(small_world: World) -> None:
    client = entered(application(small_world))
    wrong = client.post("/account", data={"phone": "12", "email": "keine"})
    assert wrong.status_code == 422 and "这不是电话号码" in wrong.text and "这不是电子邮件地址" in wrong.text
    assert 'value="12"' in wrong.text, "what was typed stays"
    client.post("/account", data={"phone": "１３８ 1234 5678", "email": " cun@example.gov.cn "})
    small_world.session.expire_all()
    found = small_world.official("cun")
    assert (found.phone, found.email) == ("13812345678", "cun@example.gov.cn")


class Meanwhile(dict[Any, Any]):
    """What was typed, or where it comes from; as it is read, something else happens, once."""

    def __init__(self, happens: Callable[[], object], **values: str) -> None:
        super().__init__(values)
        self.happens: Callable[[], object] | None = happens

    def get(self, key: Any, default: Any = None) -> Any:
        happens, self.happens = self.happens, None
        if happens is not None:
            happens()
        return super().get(key, default)


def reset(world: World) -> None:
    """An administrator resets the password of `cun`."""
    with world.sessions() as session:
        chief, on = accounts.named(session, "xitong"), accounts.named(session, "cun")
        assert chief is not None and on is not None
        admitting.reset(session, chief, on.id, SYSTEM.now())


def test_what_a_reset_has_voided_begins_nothing(small_world: World) -> None:
    """Between the look at the password and the session or token lies a moment in which it may be reset."""
    world, now = small_world, SYSTEM.now()
    begins: list[Callable[[Session, Account], object]] = [
        lambda session, found: sessions.begin(session, found, "192.0.2.1", "电脑", now),
        lambda session, found: accounts.issue_token(session, found, now),
    ]
    for begin in begins:
        with write(world.session):
            world.official("cun").password_hash = world.official("xiang").password_hash
        with world.sessions() as session:
            found = sign_in.authenticate(session, "cun", PASSWORD, sign_in.Caller("192.0.2.1"), now)
            reset(world)
            with pytest.raises(NotAllowed, match="重新登录"):
                begin(session, found)
    with write(world.session):
        world.session.refresh(world.official("cun"))
        world.official("cun").password_hash = world.official("xiang").password_hash
    with world.sessions() as session, pytest.raises(NotAllowed, match="重新登录"):
        caller = sign_in.Caller("192.0.2.1", Meanwhile(lambda: reset(world)))
        sign_in.authenticate(session, "cun", PASSWORD, caller, now)
    assert not world.session.scalars(select(SignIn)).all()
    assert not world.session.scalars(select(ApiToken)).all()


def test_a_change_under_way_does_not_undo_a_reset(small_world: World) -> None:
    world, on = small_world, small_world.official("cun")
    typed = Meanwhile(lambda: reset(world), old=PASSWORD, password=FRESH, again=FRESH)
    with pytest.raises(Conflict, match="密码刚刚重置过，或在别处改过"):
        own.change_password(world.session, on, typed, "", SYSTEM.now())
    world.session.rollback()
    world.session.refresh(on)
    assert on.password_hash == passwords.NONE and on.code_hash


def test_guesses_at_the_present_password_are_counted(small_world: World) -> None:
    """A browser that was left open; the door itself stays open, and so does the owner's."""
    world, on, now = small_world, small_world.official("cun"), SYSTEM.now()

    def answered(old: str) -> str:
        typed = {"old": old, "password": FRESH, "again": FRESH + "1"}
        with pytest.raises(Invalid) as refused:
            own.change_password(world.session, on, typed, "", now)
        return refused.value.message

    assert "不一样" in answered(PASSWORD)
    wrong = {answered(f"Falsch-{number}") for number in range(5)}
    assert wrong == {answered(PASSWORD)} and "输错次数过多" in wrong.pop()
    with world.sessions() as session:
        sign_in.authenticate(session, "cun", PASSWORD, sign_in.Caller("192.0.2.1"), now)
    assert "输错次数过多" in answered(PASSWORD), "signing in is another gate"
    admitting.unlock(world.session, world.official("xitong"), on.id, now)
    assert "不一样" in answered(PASSWORD)
