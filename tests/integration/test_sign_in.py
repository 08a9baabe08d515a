"""Signing in: an account's name is one name, guesses are counted, and nobody learns which names there are."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from engine.casework.models import LogEntry, SignInGate
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import passwords, sign_in
from engine.casework.organisation.identity.sign_in import Caller
from engine.ground.clock import SYSTEM
from engine.ground.database import Patience, write
from engine.ground.errors import Unavailable
from tests.support import trouble
from tests.support.client import application, signed_in
from tests.support.template import PASSWORD as GIVEN
from tests.support.template import VILLAGE
from tests.support.world import World
from web import cli
from web.application import create_app
from web.server.config import Config

PASSWORD = "Shouwang-2022"
SPELT = ("lisi", "LiSi", "ＬＩＳＩ", " lisi\u200b ")


def test_a_name_is_one_name_however_it_is_typed(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = small_world
    monkeypatch.setenv("SHOUWANG_DATABASE_URL", world.url)
    run = CliRunner()
    added = run.invoke(
        cli.main, ["user", "add", "Lisi", "李四", "village_official", VILLAGE, "--password", PASSWORD]
    )
    assert added.exit_code == 0, added.output
    for name in SPELT:
        app = application(world)
        page = app.test_client().post("/login", data={"username": name, "password": PASSWORD})
        assert page.location == "/todo", name
        token = app.test_client().post("/api/v1/tokens", json={"username": name, "password": PASSWORD})
        assert token.status_code in (200, 201), name
        assert run.invoke(cli.main, ["user", "email", name, "lisi@example.gov.cn"]).exit_code == 0, name
        again = run.invoke(
            cli.main, ["user", "add", name, "李四", "village_official", VILLAGE, "--password", PASSWORD]
        )
        assert again.exit_code == 1, name
    world.session.rollback()
    with write(world.session):
        found = accounts.named(world.session, "lisi")
        assert found is not None and (found.username, found.email) == ("lisi", "lisi@example.gov.cn")


# -- guesses ---------------------------------------------------------------------------------------

HOME = "203.0.113.7"
LATER: dict[str, timedelta] = {}
"""By a world's database: how much later than now its attempts are."""


def attempt(world: World, password: str, name: str = "cun", address: str = HOME, device: str = "") -> bool:
    """One attempt through the engine; whether it was let in."""
    with world.sessions() as session:
        account = accounts.named(session, name)
        devices = {account.id: device} if account is not None and device else {}
        caller = Caller(address, devices)
        try:
            sign_in.authenticate(
                session, name, password, caller, SYSTEM.now() + LATER.get(world.url, timedelta(0))
            )
        except sign_in.Refused:
            return False
    return True


def lines(world: World, kind: str) -> list[dict[str, object]]:
    """What the log says of a kind."""
    world.session.rollback()
    return [row.data for row in world.session.scalars(select(LogEntry).where(LogEntry.kind == kind))]


def test_forty_guesses_at_once_are_five(world: World) -> None:
    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(lambda number: attempt(world, f"Falsch-{number:04d}"), range(40)))
    assert not any(found)
    assert len(lines(world, "login_failed")) == 5
    assert len(lines(world, "login_closed")) == 1
    assert not attempt(world, GIVEN), "the right password comes too late"
    LATER[world.url] = timedelta(minutes=16)
    assert attempt(world, GIVEN)


def test_a_stranger_everywhere_does_not_lock_the_owner_out(small_world: World) -> None:
    for number in range(30):
        assert not attempt(small_world, "Falsch-2022", address=f"198.51.100.{number}")
    assert not attempt(small_world, GIVEN, address="192.0.2.1"), "an unknown device waits"
    assert attempt(small_world, GIVEN, device="zuhause")
    LATER[small_world.url] = timedelta(minutes=16)
    assert attempt(small_world, GIVEN, address="192.0.2.1")


def test_one_address_cannot_close_a_name_for_everybody(small_world: World) -> None:
    for number in range(60):
        assert not attempt(small_world, f"Falsch-{number}")
    assert not attempt(small_world, GIVEN)
    assert attempt(small_world, GIVEN, address="192.0.2.1")


def test_one_address_tries_a_hundred_times_whatever_the_names(small_world: World) -> None:
    for number in range(100):
        attempt(small_world, "Falsch-2022", name=f"wer{number}", address="2001:db8::1")
    assert not attempt(small_world, GIVEN, address="2001:db8::ffff"), "the same household's network"
    assert attempt(small_world, GIVEN, address="2001:db8:0:1::1")
    assert attempt(small_world, GIVEN, address="2001:db8::1", device="zuhause")


def test_a_closed_address_leaves_no_rows_whatever_names_it_goes_on_to_try(world: World) -> None:
    for number in range(sign_in.ADDRESS):
        attempt(world, "Falsch-2022", name=f"wer{number}")
    before = world.session.scalar(select(func.count()).select_from(SignInGate))
    for number in range(20):
        assert not attempt(world, GIVEN, name=f"noch{number}")
    assert not attempt(world, GIVEN), "the address is closed for names that there are, too"
    world.session.rollback()
    assert world.session.scalar(select(func.count()).select_from(SignInGate)) == before
    assert len(lines(world, "login_closed")) == 1, "a flood does not queue for the log"


def test_who_unlocks_is_told_which_addresses_stay_closed(small_world: World) -> None:
    world = small_world
    attempt(world, "Falsch-2022")
    client = signed_in(application(world), world.official("xitong"))
    at = f"/administration/accounts/{world.official('cun').id}/unlock"
    said = client.post(at, follow_redirects=True).text
    assert "可以再试密码" in said and "网络地址" not in said
    for number in range(sign_in.ADDRESS):
        attempt(world, "Falsch-2022", name="cun" if number == 0 else f"wer{number}")
    said = client.post(at, follow_redirects=True).text
    assert f"网络地址 {HOME} 输错过多" in said
    assert "没有锁着" in client.post(at, follow_redirects=True).text


def test_signing_in_opens_only_the_own_gate_and_gives_the_attempt_back(small_world: World) -> None:
    for _ in range(3):
        for _ in range(4):
            assert not attempt(small_world, "Falsch-2022")
        assert attempt(small_world, GIVEN)
    gates = {gate.key[0]: gate.failures for gate in small_world.session.scalars(select(SignInGate))}
    assert gates == {"s": 12, "x": 12}


def test_the_fifth_wrong_one_is_the_last_and_old_ones_are_forgotten(small_world: World) -> None:
    for step in (0, 16):
        LATER[small_world.url] = timedelta(minutes=step)
        for _ in range(4):
            assert not attempt(small_world, "Falsch-2022")
    assert attempt(small_world, GIVEN)


@pytest.mark.parametrize("by", ["page", "api"])
def test_known_and_unknown_names_get_one_answer_after_the_same_work(
    small_world: World, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    world = small_world
    with write(world.session):
        accounts.named(world.session, "cun2").active = False  # type: ignore[union-attr]
    checked: list[str] = []
    verify = passwords.verify
    monkeypatch.setattr(
        passwords, "verify", lambda stored, typed: checked.append(stored) or verify(stored, typed)
    )
    answers = set()
    app = application(world)
    for name, password in (
        ("cun", "Falsch-2022"),
        ("niemand", "Falsch-2022"),
        ("cun2", GIVEN),
        *[("xiang", "Falsch-2022")] * 7,
        ("xiang", GIVEN),
    ):
        sent = {"username": name, "password": password}
        before = len(checked)
        if by == "page":
            answer = app.test_client().post("/login", data=sent)
        else:
            answer = app.test_client().post("/api/v1/tokens", json=sent)
        said = re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text)
        answers.add((answer.status_code, said.replace(f'value="{name}"', "")))
        assert len(checked) == before + 1, "as much work for each"
    assert len(answers) == 1 and next(iter(answers))[0] == 401


def test_the_log_says_from_where_and_never_what_was_typed_as_a_name(small_world: World) -> None:
    app = application(small_world)
    for name in ("cun", "Mein-Geheimnis-1"):
        app.test_client().post("/login", data={"username": name, "password": "Falsch-2022"})
    app.test_client().post("/login", data={"username": "cun", "password": GIVEN})
    failed = lines(small_world, "login_failed")
    assert [line["address"] for line in failed] == ["127.0.0.1", "127.0.0.1"]
    assert failed[0]["name"] == "cun" and "eheimnis" not in str(failed)
    assert [line["address"] for line in lines(small_world, "login")] == ["127.0.0.1"]
    with small_world.sessions() as session:
        assert accounts.named(session, "cun").last_sign_in_from == "127.0.0.1"  # type: ignore[union-attr]


def test_a_right_password_that_the_database_did_not_let_in_is_no_guess(postgres_url: str) -> None:
    world = World(postgres_url, Patience(lock_seconds=0.1))
    caller, now = Caller(HOME), SYSTEM.now()
    with trouble.postgres_holds(world.url, "SELECT id FROM account WHERE username = 'cun' FOR NO KEY UPDATE"):
        for _ in range(6):  # one more than wrong ones would be let through
            with pytest.raises(Unavailable):
                sign_in.authenticate(world.session, "cun", GIVEN, caller, now)
    assert sign_in.authenticate(world.session, "cun", GIVEN, caller, now).username == "cun"
    world.close()


def test_gates_and_old_sessions_are_forgotten(small_world: World) -> None:
    assert not attempt(small_world, "Falsch-2022")
    assert sign_in.sweep(small_world.sessions) == 0
    with write(small_world.session):
        small_world.session.execute(update(SignInGate).values(since=SYSTEM.now() - timedelta(days=2)))
    assert sign_in.sweep(small_world.sessions) == 3


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        (2, "10.9.9.9, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
    ],
)
def test_an_address_is_believed_only_from_the_own_proxies(
    small_world: World, proxies: int, forwarded: str, address: str
) -> None:
    config = Config.read(
        {"SHOUWANG_TRUSTED_PROXIES": str(proxies)},
        database_url=small_world.url,
        secret_key="test",
        scheduler=False,
        secure_cookies=False,
    )
    app = create_app(config)
    app.config["WTF_CSRF_ENABLED"] = False
    sent = {"username": "cun", "password": "Falsch-2022"}
    app.test_client().post("/login", data=sent, headers={"X-Forwarded-For": forwarded})
    assert [line["address"] for line in lines(small_world, "login_failed")] == [address]
