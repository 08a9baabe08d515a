"""Completions over HTTP."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import socket
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

from engine.casework.models import WorkItem
from engine.ground.clock import MovableClock
from web.bench.world import OFFICIALS, PASSWORD, START, Driver, Factory, Figures, rate


def _serve(url: str, port: int, at: datetime, later: Any) -> None:
    """A server process; `later` tells it to move its clock past the notice."""
    import threading

    from waitress.server import create_server

    from web.application import create_app
    from web.server.config import Config

    clock = MovableClock(at=at)
    config = Config.read(
        environ={}, database_url=url, secret_key="bench", demo=False, scheduler=False, secure_cookies=False
    )
    server = create_server(create_app(config, fixed_clock=clock), host="127.0.0.1", port=port, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    while (moment := later.get()) is not None:
        clock.set(moment)


def over_http(url: str, sessions: Factory, cases: int) -> Figures:
    """The same completions through the REST API of one server process, one request after the other."""
    context = multiprocessing.get_context("spawn")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    later = context.Queue()
    server = context.Process(target=_serve, args=(url, port, START, later))
    server.start()
    try:
        connection = _connect(port)
        tokens = {name: _token(connection, name) for name, _, _ in OFFICIALS}
        driver = Driver(sessions, 2)
        seconds: list[float] = []
        with sessions() as session:

            def complete(item: WorkItem, data: dict[str, Any]) -> None:
                if item.element_id in ("verify", "end_notice"):
                    later.put(driver.clock.now())
                    time.sleep(0.02)
                body = json.dumps({"data": data}).encode()
                headers = {
                    "Authorization": f"Bearer {tokens[driver.actor(item).username]}",
                    "Content-Type": "application/json",
                }
                begun = time.perf_counter()
                connection.request("POST", f"/api/v1/tasks/{item.id}/complete", body, headers)
                answer = connection.getresponse()
                said = answer.read()
                seconds.append(time.perf_counter() - begun)
                if answer.status != 200:
                    raise RuntimeError(said.decode())
                session.expire_all()  # the server has moved the case

            driver.through(session, complete)
            seconds.clear()
            for _ in range(cases):
                driver.through(session, complete)
        return rate(seconds)
    finally:
        later.put(None)
        server.join(timeout=10)
        if server.is_alive():
            server.terminate()


def _connect(port: int) -> http.client.HTTPConnection:
    for _ in range(200):
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.connect()
            return connection
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


def _token(connection: http.client.HTTPConnection, username: str) -> str:
    body = json.dumps({"username": username, "password": PASSWORD})
    connection.request("POST", "/api/v1/tokens", body, {"Content-Type": "application/json"})
    return str(json.loads(connection.getresponse().read())["token"])
