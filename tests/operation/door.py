"""docker/nginx.conf before two web processes: what it lets in, what it says of whoever asks, what it keeps.

No part of ./test: it needs nginx and openssl. Run it with ``pytest --operation tests/operation/door.py``.
"""

from __future__ import annotations

import http.client
import re
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from engine.casework.models import LogEntry
from tests.operation.harness import ROOT, Process, free_port, system, until
from tests.support.world import World

NAME = "shouwang.example.gov.cn"
FORGED = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}


@dataclass
class Door:
    """nginx with its two ports, and the processes behind it."""

    plain: int
    closed: int
    webs: list[Process]
    world: World

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        host: str = NAME,
        source: str = "127.0.0.5",
        **headers: str,
    ) -> http.client.HTTPResponse:
        """The answer over TLS to somebody at the address `source`."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = http.client.HTTPConnection("127.0.0.1", self.closed, timeout=30, source_address=(source, 0))
        raw.connect()
        raw.sock = context.wrap_socket(raw.sock, server_hostname=host)
        raw.request(method, path, body or None, {"Host": host, **headers})
        return raw.getresponse()

    def addresses(self) -> list[str]:
        """Where the failed attempts to sign in came from, as the application's log has it."""
        self.world.session.rollback()
        query = select(LogEntry.data).where(LogEntry.kind == "login_failed").order_by(LogEntry.id)
        return [line["address"] for line in self.world.session.scalars(query)]


@contextmanager
def nginx(folder: Path, webs: list[Process]) -> Iterator[tuple[int, int]]:
    """The shipped configuration, with other places and ports."""
    for name in ("door", "door/tmp"):
        (folder / name).mkdir()
    here, plain, closed = folder / "door", free_port(), free_port()
    files = ["-keyout", str(here / "tls_key"), "-out", str(here / "tls_certificate")]
    made = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", f"/CN={NAME}", *files]
    subprocess.run(made, check=True, capture_output=True)
    text = (ROOT / "docker" / "nginx.conf").read_text("utf-8")
    for pattern, put in (
        (r" /tmp/", f" {here}/tmp/"),
        (r" /dev/stdout", f" {here}/access.log"),
        (r"/run/secrets/", f"{here}/"),
        (r"listen 8080", f"listen 127.0.0.1:{plain}"),
        (r"listen 8443", f"listen 127.0.0.1:{closed}"),
        (r"172\.28\.0\.11:8000", f"127.0.0.1:{webs[0].port}"),
        (r"172\.28\.0\.12:8000", f"127.0.0.1:{webs[1].port}"),
    ):
        text, count = re.subn(pattern, put, text)
        assert count
    (here / "nginx.conf").write_text("user root;\n" + text, "utf-8")
    running = subprocess.Popen(["nginx", "-c", str(here / "nginx.conf"), "-g", "daemon off;"])
    try:
        until(lambda: _open(plain), "nginx does not start")
        yield plain, closed
    finally:
        running.terminate()
        running.wait(30)


def _open(port: int) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
    except OSError:
        return False
    return True


@pytest.fixture
def door(postgres_url: str, tmp_path: Path) -> Iterator[Door]:
    """Two processes behind nginx."""
    world = World(postgres_url)
    settings = {"SHOUWANG_TRUSTED_PROXIES": "127.0.0.1", "SHOUWANG_SECURE_COOKIES": "1"}
    with system(postgres_url, tmp_path, **settings) as made:
        webs = [made.web(), made.web()]
        with nginx(tmp_path, webs) as (plain, closed):
            yield Door(plain, closed, webs, world)
    world.close()


def sign_in(password: str = "Falsch-2022") -> bytes:
    return urlencode({"username": "cun", "password": password}).encode()


def test_the_door(door: Door) -> None:
    page = door.ask("GET", "/login", **{"Accept-Encoding": "gzip"})
    body = page.read().decode()
    assert page.status == 200 and page.getheader("Content-Encoding") is None
    assert page.getheader("Strict-Transport-Security") == "max-age=31536000"
    _keeps_what_pages_load(door, re.findall(r'"(/static/dist/[^"]+\.css)"', body)[0])
    _lets_nobody_name_another(door)
    _knows_one_name(door)
    _bounds(door)
    door.webs[0].kill()
    assert Counter(door.ask("GET", "/login").status for _ in range(20)) == {200: 20}


def _keeps_what_pages_load(door: Door, path: str) -> None:
    for encoding, told in (("gzip, br", "gzip"), ("br", None), ("gzip", "gzip")):
        file = door.ask("GET", path, **{"Accept-Encoding": encoding})
        body = file.read()
        assert file.status == 200 and body and file.getheader("Content-Encoding") == told
        assert "immutable" in (file.getheader("Cache-Control") or "")
    assert door.ask("GET", "/metrics").status == 404


def _lets_nobody_name_another(door: Door) -> None:
    """Forged headers through the door, and past it: the log has who it was."""
    data = b'{"username": "cun", "password": "Falsch-2022"}'
    kind = {"Content-Type": "application/json"}
    assert door.ask("POST", "/api/v1/tokens", data, source="127.0.0.5", **kind, **FORGED).status == 401
    past = http.client.HTTPConnection("127.0.0.1", door.webs[0].port, source_address=("127.0.0.6", 0))
    past.request("POST", "/api/v1/tokens", data, {**kind, **FORGED})
    assert past.getresponse().status == 401
    assert door.addresses() == ["127.0.0.5", "127.0.0.6"]


def _knows_one_name(door: Door) -> None:
    with pytest.raises(ssl.SSLError):
        door.ask("GET", "/login", host="evil.example")
    plain = http.client.HTTPConnection("127.0.0.1", door.plain)
    plain.request("GET", "/login?next=/tasks", headers={"Host": NAME})
    moved = plain.getresponse()
    assert (moved.status, moved.getheader("Location")) == (301, f"https://{NAME}/login?next=/tasks")
    other = http.client.HTTPConnection("127.0.0.1", door.plain)
    other.request("GET", "/", headers={"Host": "evil.example"})
    with pytest.raises(http.client.RemoteDisconnected):
        other.getresponse()


def _bounds(door: Door) -> None:
    too_much = door.ask("POST", "/login", **{"Content-Length": str(34 * 1024 * 1024)})
    assert too_much.status == 413
    with ThreadPoolExecutor(90) as pool:
        asked = [pool.submit(door.ask, "POST", "/login", sign_in(), NAME, "127.0.0.7") for _ in range(90)]
    answers = Counter(one.result().status for one in asked)
    assert answers[429] >= 10 and door.ask("GET", "/login", source="127.0.0.7").status == 200
