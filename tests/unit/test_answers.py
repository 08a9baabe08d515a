"""How answers leave the process: a small one whole in one packet, every other as waitress sends it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from flask import Flask, Response
from waitress import wasyncore

from web.server import serving
from web.server.config import Config

LONG = serving.ONE_PACKET + 1


@pytest.fixture
def port() -> Iterator[int]:
    app = Flask("answers")
    app.config["SHOUWANG"] = Config.read(environ={})
    app.add_url_rule("/short", "short", lambda: "short")
    app.add_url_rule("/long", "long", lambda: "x" * LONG)
    app.add_url_rule("/nothing", "nothing", lambda: ("", 204))
    app.add_url_rule("/parts", "parts", lambda: Response(iter(["one", "two"])))
    listening = serving.listen("127.0.0.1", 0)
    server, ended = serving.door(app, listening), threading.Event()

    def answer() -> None:
        while not ended.is_set():
            wasyncore.loop(timeout=0.05, use_poll=True, map=server._map, count=1)

    thread = threading.Thread(target=answer)
    thread.start()
    yield listening.getsockname()[1]
    ended.set()
    thread.join()
    server.task_dispatcher.shutdown()
    wasyncore.close_all(server._map)


def _asked(port: int, method: str, path: str) -> tuple[list[bytes], bytes]:
    """The packets of an answer, and the whole of it."""
    packets: list[bytes] = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode())
        while packet := client.recv(1 << 20):
            packets.append(packet)
    return packets, b"".join(packets)


def test_a_small_answer_comes_whole(port: int) -> None:
    packets, _ = _asked(port, "GET", "/short")
    head, _, body = packets[0].partition(b"\r\n\r\n")
    assert body == b"short" and b"Content-Length: 5" in head


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("HEAD", "/short", b"200", b""),
        ("GET", "/long", b"200", b"x" * LONG),
        ("GET", "/nothing", b"204", b""),
        ("GET", "/parts", b"200", b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"),
        ("GET", "/none", b"404", None),
    ],
)
def test_every_other_answer_is_as_it_was(
    port: int, method: str, path: str, status: bytes, body: bytes | None
) -> None:
    _, whole = _asked(port, method, path)
    head, _, rest = whole.partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert body is None or rest == body
    assert b"Content-Length: %d" % len(rest) in head or body is not None
