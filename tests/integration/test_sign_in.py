"""An account's name is one name, however it is typed: on the page, through the API, on the command line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from engine.casework.organisation import accounts
from engine.ground.database import write
from tests.support.client import application
from tests.support.template import VILLAGE
from tests.support.world import World
from web import cli

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
