"""Completions over HTTP."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import socket
import time
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from engine.casework.models import WorkItem
from engine.ground.clock import MovableClock
from web.bench.measure import Figures, Watch, end, milliseconds
from web.bench.steps.completions import MOST
from web.bench.world import OFFICIALS, PASSWORD, START, Driver, Factory

ANSWER = 30.0
"""Seconds that the server has for anything it is asked."""


def _serve(url: str, port: int, at: datetime, orders: Connection) -> None:
    """A server process. An instant moves its clock, anything is answered with the CPU seconds it has used;
    None, or the end of who asks, ends it.
    """
    import threading

    from web.application import create_app
    from web.server import memory, serving
    from web.server.config import Config

    clock = MovableClock(at=at)
    config = Config.read(
        environ={}, database_url=url, secret_key="bench", demo=False, scheduler=False, secure_cookies=False
    )
    app = create_app(config, fixed_clock=clock)
    memory.settle()  # as every process of the product does
    server = serving.door(app, serving.listen("127.0.0.1", port))
    threading.Thread(target=server.run, daemon=True).start()
    with suppress(EOFError):
        while (moment := orders.recv()) is not None:
            if isinstance(moment, datetime):
                clock.set(moment)
            orders.send(time.process_time())


def over_http(url: str, sessions: Factory, cases: int) -> Figures:
    """The same completions through the REST API of one server process, one request after the other.

    `cpu_ms` is the server process's.
    """
    context = multiprocessing.get_context("spawn")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    orders, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(url, port, START, theirs), daemon=True)
    server.start()
    try:
        return _measured(_connect(port), orders, sessions, cases)
    finally:
        with suppress(OSError):
            orders.send(None)
        end(server)


def _measured(
    connection: http.client.HTTPConnection, orders: Connection, sessions: Factory, cases: int
) -> Figures:
    tokens = {name: _token(connection, name) for name, _, _ in OFFICIALS}
    driver, watch = Driver(sessions, 2), Watch()
    with sessions() as session:

        def complete(item: WorkItem, data: dict[str, Any]) -> None:
            if item.element_id in ("verify", "end_notice"):
                _asked(orders, driver.clock.now())
            token = tokens[driver.actor(item).username]
            with watch.one():
                _post(connection, item.id, data, token)
            session.expire_all()  # the server has moved the case

        driver.through(session, complete)
        watch.clear()
        before, until = _asked(orders, "cpu"), time.monotonic() + MOST
        for _ in range(cases):
            driver.through(session, complete)
            if time.monotonic() > until:
                break
        figures = watch.figures()
        figures["cpu_ms"] = milliseconds((_asked(orders, "cpu") - before) / len(watch.seconds))
        return figures


def _asked(orders: Connection, what: object) -> float:
    orders.send(what)
    if not orders.poll(ANSWER):
        raise TimeoutError("服务进程没有答复。")
    return float(orders.recv())


def _post(connection: http.client.HTTPConnection, item_id: int, data: dict[str, Any], token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"data": data}).encode()
    connection.request("POST", f"/api/v1/tasks/{item_id}/complete", body, headers)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 200:
        raise RuntimeError(said.decode())


def _connect(port: int) -> http.client.HTTPConnection:
    until = time.monotonic() + MOST
    while time.monotonic() < until:
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER)
            connection.connect()
            return connection
        time.sleep(0.1)
    raise TimeoutError("服务没有启动。")


def _token(connection: http.client.HTTPConnection, username: str) -> str:
    body = json.dumps({"username": username, "password": PASSWORD})
    connection.request("POST", "/api/v1/tokens", body, {"Content-Type": "application/json"})
    return str(json.loads(connection.getresponse().read())["token"])
