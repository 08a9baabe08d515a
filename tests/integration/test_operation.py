"""What watches over the system: figures of all processes and of the database, for who may see them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, update

from engine.casework.models import Incident, Outbox, RunningProcess, Timer
from engine.casework.step.meter import METER
from engine.casework.time import condition, processes
from engine.casework.time.processes import Process
from engine.ground.clock import SYSTEM
from engine.ground.database import discarding, write
from tests.support import plans
from tests.support.client import Caller, application, signed_in
from tests.support.world import World
from web.server import heartbeat
from web.server.config import Metrics
from web.shown.running import WORDS

TOKEN = "a token of sixteen and more"


def _watched(world: World, seconds: int = 5) -> Flask:
    app = application(world)
    app.config["SHOUWANG"] = replace(app.config["SHOUWANG"], metrics=Metrics(TOKEN, seconds))
    return app


def _figures(app: Flask) -> dict[str, float]:
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain; version=0.0.4")
    lines = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def _elsewhere(world: World, host: str, ago: timedelta = timedelta(0)) -> None:
    """Another machine's process, last heard of some time ago."""
    seen = SYSTEM.now() - ago
    counted = [
        ["requests", {"route": "/", "status": "200", "method": "GET"}, 7],
        ["step", {}, [1.5, [0] * 12 + [1]]],
    ]
    beating = Process(host, host, 1, "0.1.0", "web", seen)
    processes.beat(world.session, beating, counted, seen)


def _message(key: str, status: str, at: datetime) -> Outbox:
    body = {"subject": "", "text": ""}
    times = {"next_at": at, "created_at": at}
    return Outbox(key=key, channel="email", target="张三@example.com", payload=body, status=status, **times)


def test_figures_are_shown_to_nobody_without_the_token(small_world: World) -> None:
    assert application(small_world).test_client().get("/metrics").status_code == 404
    client = _watched(small_world).test_client()
    for given in ("", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer 张三"):
        answer = client.get("/metrics", headers={"Authorization": given.encode().decode("latin-1")})
        assert answer.status_code == 401 and "shouwang_" not in answer.text


def test_who_makes_up_methods_and_addresses_makes_no_figures_and_no_words_in_the_log(
    small_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    client = application(small_world).test_client()

    def counted() -> set[str]:
        return {str(labels) for name, labels, _ in METER.read() if name == "requests"}

    with caplog.at_level("INFO", "shouwang"):
        client.open("/login", method="NONE0")
        client.open("/nowhere/0", method="NONE0")
        before = counted()
        for number in range(3):
            client.open("/login", method=f"ZHANGSAN{number}")
            client.open(f"/nowhere/zhangsan{number}", method=f"ZHANGSAN{number}")
    assert counted() == before
    assert caplog.records and "ZHANGSAN" not in str([vars(one) for one in caplog.records]).upper()


def test_the_figures_tell_what_is_due_waits_and_failed(world: World) -> None:
    world.enter("cun")
    before = _figures(_watched(world))
    assert before["shouwang_timers_overdue"] == before["shouwang_incidents_open"] == 0
    with write(world.session):
        world.session.execute(update(Timer).values(due_at=world.clock.now() - timedelta(minutes=5)))
        at = world.clock.now() - timedelta(minutes=9)
        for number, status in enumerate(("pending", "failed", "failed")):
            world.session.add(_message(str(number), status, at))
    after = _figures(_watched(world))
    assert after["shouwang_timers_overdue"] > 0 and after["shouwang_timers_late_seconds"] == 300
    assert after["shouwang_outbox_waiting"] == 1 and after["shouwang_outbox_failed"] == 2
    assert after["shouwang_outbox_late_seconds"] == 540
    assert after['shouwang_work_items_open{queue="village"}'] == 1
    assert after["shouwang_database_up"] == 1 and after["shouwang_database_bytes"] > 100_000
    text = "\n".join(after)
    assert "张三" not in text and 'schema="' in text


def test_one_address_tells_of_the_processes_of_all_machines(world: World) -> None:
    _elsewhere(world, "one")
    _elsewhere(world, "two", processes.SILENT * 2)
    _elsewhere(world, "gone", processes.FORGOTTEN * 2)
    _elsewhere(world, "one-more")
    found = _figures(_watched(world))
    assert found['shouwang_requests_total{process="one/1",route="/",status="200",method="GET"}'] == 7
    assert found['shouwang_step_seconds_bucket{process="one/1",le="+Inf"}'] == 1
    silent = found['shouwang_process_seen_seconds{process="two/1",version="0.1.0",does="web"}']
    assert silent >= (processes.SILENT * 2).total_seconds()
    assert not [name for name in found if "requests_total" in name and "two/1" in name]
    assert not [name for name in found if "gone" in name]


def test_the_database_is_not_asked_more_often_than_is_set(small_world: World) -> None:
    app, asked = _watched(small_world, seconds=600), []
    _figures(app)
    with app.app_context():
        from web.server.database import db

        event.listen(db.engine, "before_cursor_execute", lambda *found: asked.append(found[2]))
    _figures(app)
    assert asked == []


def test_a_process_s_heart_beats_until_it_ends(world: World) -> None:
    app = _watched(world)
    heart = heartbeat.Heart(app)
    app.extensions["shouwang.heartbeat"] = heart
    heart.beat()
    (row,) = processes.running(world.session)
    key = row.key
    assert not processes.is_silent(row, SYSTEM.now()) and row.figures
    signed_in(app, world.official("cun")).get("/")
    name = f'shouwang_requests_total{{process="{heart.process.name}",method="GET",route="/",status="302"}}'
    assert any(re.match(re.escape(name[:60]), line) for line in _figures(app))
    heart._thread.start()
    heart.stop()
    world.session.rollback()
    assert world.session.get(RunningProcess, key, populate_existing=True) is None


def _steps() -> int:
    return sum(sum(value[1]) for name, _, value in METER.read() if name == "step")


def test_a_step_is_counted_once_it_counts_and_asks_for_nothing(small_world: World) -> None:
    before = _steps()
    case = small_world.enter("cun")
    opened = _steps()
    assert opened == before + 1
    with discarding(small_world.session):
        small_world.finish(case, "verify", "cun")
    assert _steps() == opened, "a trial is no step"
    small_world.finish(small_world.case(case.id), "verify", "cun")
    assert _steps() == opened + 1


def test_no_count_walks_through_a_table(world: World) -> None:
    """Each figure is read from an index, however many rows there are."""
    with plans.all_statements(world.engine) as asked:
        condition.of(world.session, world.clock.now())
    assert set(plans.read_whole(world.engine, dict(asked))) == set()
    assert len(asked) >= 7


def _concerns(world: World, app: Flask) -> dict[str, str]:
    found = Caller(app, world, "xitong").get("/running").json
    return {one["name"]: one["lamp"] for one in found["concerns"]}


def test_the_administrator_sees_that_all_is_well(world: World) -> None:
    app = _watched(world)
    heart = heartbeat.Heart(app)
    app.extensions["shouwang.scheduler"] = app.extensions[heartbeat.DOOR] = lambda: 0
    heart.beat()
    client = signed_in(app, world.official("xitong"))
    page = client.get("/administration/running")
    assert (
        page.status_code == 200 and "没有未解决的故障" in page.text and "网页和接口、定时和后台" in page.text
    )
    assert 'href="/administration/running"' in client.get("/more").text
    found = _concerns(world, app)
    assert found.pop("备份") == "red", "none was ever taken"
    assert found.pop("空间") in WORDS  # of the machine that the test runs on
    assert set(found.values()) == {"green"}


def test_the_administrator_sees_what_is_wrong_and_what_to_do(world: World) -> None:
    case = world.enter("cun")
    _elsewhere(world, "old", processes.SILENT * 2)
    at = world.clock.now() - timedelta(minutes=9)
    with write(world.session):
        world.session.execute(update(Timer).values(due_at=at))
        world.session.add(Incident(case_id=case.id, error="RuntimeError", at=at))
        world.session.add(_message("1", "failed", at))
    app = _watched(world)
    found = _concerns(world, app)
    assert {found[name] for name in ("进程", "时限", "外发消息", "故障")} == {"red"}
    page = signed_in(app, world.official("xitong")).get("/administration/running").text
    assert "没有管定时的进程在运行" in page and "已过 9 分钟" in page and "1 条发送失败" in page


def test_only_the_system_administrator_sees_how_it_runs(small_world: World) -> None:
    app = application(small_world)
    for username in ("cun", "xian", "ducha", "liucheng", "anquan", "shenji"):
        assert (
            signed_in(app, small_world.official(username)).get("/administration/running").status_code == 403
        )
        assert Caller(app, small_world, username).get("/running").status_code == 403
