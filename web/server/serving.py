"""How the process answers: as many threads, connections and seconds as the configuration says.

Asked to end (SIGTERM, SIGINT), it says first that it is not ready, then takes no more connections, answers
what has come, and closes: no step is cut and no request dropped, as far as the time allows that it is given.
"""

from __future__ import annotations

import ctypes
import resource
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from engine.ground.deadline import ask_to_stop, stopping
from web.server import heartbeat, memory, scheduler, turns
from web.server.config import Capacity, Config
from web.server.turns import Turn

SPARE_FILES = 200
"""Open files that the process needs besides its connections: database, fonts, uploads."""
BACKLOG = 1024
"""Connections that wait to be taken."""
ROUND = 1.0
"""Seconds, at most, until the process notices that it stands alone."""
SO_ATTACH_FILTER, RETURN = 26, 0x06
"""Numbers of Linux: the option, and the instruction that answers how much of a packet is taken."""
ONE_PACKET = 65_536
"""Bytes of an answer that are worth being copied behind its head."""
QUIET = 0.2
"""Seconds without a request after which an ending process closes what is open: what was on its way is in."""


class _Task(WSGITask):  # type: ignore[misc]
    """A request's answer: of an ending process it says that the connection ends with it."""

    wrote_header: bool

    def build_response_header(self) -> bytes:
        if stopping():
            self.request.headers["CONNECTION"] = "close"
        head: bytes = super().build_response_header()
        return head

    def write(self, data: bytes) -> None:
        """As waitress's; an answer that is small and whole goes out with its head, in one packet."""
        whole = len(data) == self.content_length and not self.wrote_header and self.has_body
        if not whole or not data or len(data) > ONE_PACKET:
            super().write(data)
            return
        self.channel.write_soon(self.build_response_header() + data)
        self.wrote_header, self.content_bytes_written = True, len(data)


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class = _Task

    @property
    def is_busy(self) -> bool:
        """Whether a request is coming in, worked on, or its answer going out."""
        return bool(self.requests or self.request is not None or self.total_outbufs_len)


def options(capacity: Capacity) -> dict[str, Any]:
    """Waitress's settings. An idle connection costs a file, not a thread; it is closed after a while.

    ``poll`` takes any number of connections, where ``select`` ends at the 1 024th file.
    """
    return {
        "threads": capacity.threads,
        "connection_limit": _allowed(capacity.connections),
        "channel_timeout": capacity.idle_connection_seconds,
        "cleanup_interval": max(1, capacity.idle_connection_seconds // 3),
        "backlog": BACKLOG,
        "asyncore_use_poll": True,
        "ident": None,
    }


def _allowed(connections: int) -> int:
    """The wanted number, or as many as the system lets this process open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        more = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (more, hard))
            soft = more
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    return max(50, soft - SPARE_FILES)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections for this process and those that it starts. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(address)
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening


def admit_nobody(listening: socket.socket) -> None:
    """From now on nobody new comes to the door, for whichever process it is; who stands there is still taken.

    Else those would be cut off who come between the last look and the closing. A socket filter of Linux that
    takes no packet (socket(7), SO_ATTACH_FILTER); where there is none, the door is merely closed.
    """
    nothing = ctypes.create_string_buffer(struct.pack("@HBBI", RETURN, 0, 0, 0))
    program = struct.pack("@HP", 1, ctypes.addressof(nothing))
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def serve(app: Flask, host: str, port: int) -> None:
    """Answer until the process is asked to end."""
    answer(app, listen(host, port))


def answer(
    app: Flask,
    listening: socket.socket,
    alone: Callable[[], bool] = lambda: False,
    turn: Turn | None = None,
) -> None:
    """Answer what comes in at a socket, which other processes may share by turns, until the process is asked
    to end; `alone` says that nobody is left who could ask.
    """
    config: Config = app.config["SHOUWANG"]
    memory.settle()
    server = door(app, listening)
    app.extensions[heartbeat.DOOR] = lambda: len(server.task_dispatcher.queue)
    mind_signals(server.pull_trigger)
    if turn is not None:
        turns.mind(server, turn)
    _answer_until(server, lambda: stopping() or alone(), turn)
    ask_to_stop()
    notice = time.monotonic() + config.stopping.notice_seconds
    _answer_until(server, lambda: time.monotonic() >= notice, turn)
    until = time.monotonic() + config.stopping.stop_seconds
    _drain(server, until)
    scheduler.stop(app, until)
    heartbeat.stop(app)


def door(app: Flask, listening: socket.socket) -> Any:
    """Waitress at a socket, with our settings."""
    config: Config = app.config["SHOUWANG"]
    server = create_server(
        app,
        sockets=[listening],
        # What proxies say of the caller reaches the application only where it knows how many there are.
        clear_untrusted_proxy_headers=not config.trusted_proxies,
        **options(config.capacity),
    )
    server.channel_class = _Channel
    return server


def mind_signals(wake: Callable[[], None] = lambda: None) -> None:
    """From now on a request to end is heeded, once; `wake` is called as it comes."""

    def asked(_number: int, _frame: object) -> None:
        ask_to_stop()
        wake()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked)


def _round(server: Any, seconds: float) -> None:
    wasyncore.loop(timeout=seconds, use_poll=True, map=server._map, count=1)


def _answer_until(server: Any, ended: Callable[[], bool], turn: Turn | None) -> None:
    while not ended():
        _round(server, ROUND if turn is None or turn.is_mine else turns.ROUND)


def _drain(server: Any, until: float) -> None:
    """Take what waits at the door, shut it, answer all that has come."""
    admit_nobody(server.socket)
    present = -1
    while len(server.active_channels) != present:
        present = len(server.active_channels)
        server.handle_accept()
    wasyncore.dispatcher.close(server)
    quiet = time.monotonic() + QUIET
    while time.monotonic() < until:
        if any(channel.is_busy for channel in list(server.active_channels.values())):
            quiet = time.monotonic() + QUIET
        elif time.monotonic() >= quiet:
            break
        _round(server, QUIET / 4)
    for channel in list(server.active_channels.values()):
        channel.will_close = True
    _round(server, 0)
    server.task_dispatcher.shutdown(timeout=max(0.1, until - time.monotonic()))
