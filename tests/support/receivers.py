"""Servers on the loopback that take what leaves the system: mail and robots' calls, well-behaved or not."""

from __future__ import annotations

import email
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Mailbox(socketserver.ThreadingTCPServer):
    """An SMTP server that keeps what it takes; `answers` are given to MAIL commands in turn, then 250.

    While `drops` lasts, it takes a message and breaks the connection instead of saying so.
    """

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.taken: list[EmailMessage] = []
        self.answers: list[str] = []
        self.drops = 0
        self.release: threading.Event | None = None
        """While set and not released, the server greets nobody: it hangs."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        if self.server.release is not None:
            self.server.release.wait(20)
            return
        self._say("220 loopback")
        while line := self.rfile.readline().decode().strip():
            verb = line.partition(" ")[0].upper()
            if verb == "MAIL" and self.server.answers:
                self._say(self.server.answers.pop(0))
            elif verb == "DATA":
                self._say("354 go on")
                self.server.taken.append(self._message())
                if self.server.drops:
                    self.server.drops -= 1
                    return
                self._say("250 taken")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _message(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        found = email.message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


DROP, SLOW = "drop", "slow"


class Robot(ThreadingHTTPServer):
    """A group chat's robot; `answers` are (status, body, headers) given in turn, then 200 and errcode 0.

    DROP in their place breaks the connection after the call was taken, SLOW answers nothing until `release`
    is set.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.taken: list[tuple[dict[str, Any], str]] = []
        self.answers: list[tuple[int, dict[str, Any], dict[str, str]] | str] = []
        self.release = threading.Event()

    @property
    def address(self) -> str:
        """What the configuration would say."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook?key=secret"


class _Call(BaseHTTPRequestHandler):
    server: Robot

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken.append((body, self.headers["Idempotency-Key"]))
        following = self.server.answers.pop(0) if self.server.answers else (200, {"errcode": 0}, {})
        if isinstance(following, str):
            if following == SLOW:
                self.server.release.wait(20)
            self.close_connection = True
            self.connection.close()
            return
        status, answer, headers = following
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_POST

    def log_message(self, *_: Any) -> None:
        """Nothing: the test reads `taken`."""


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[None]:
    """The server answers as long as the block runs."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
