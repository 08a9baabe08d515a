"""Several processes by one command: a parent that holds the door open, children that answer at it.

All children take connections from the one socket of the parent, whoever holds fewest the next one (`turns`):
nothing of what waits there is lost when a child dies. A child that died is started again. The parent does no
work of its own; it has no threads, so that it can be forked.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from flask import Flask

from web.server import serving, working
from web.server.config import Config
from web.server.turns import Turn, Turns

MOST = 64
AGAIN = 1.0
"""Seconds between two starts of a child that dies at once."""
BESIDES = 5.0
"""Seconds that children are given to be gone beyond what they are given to end."""
_HEARD = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
Make = Callable[[Config], Flask]
_LOG = logging.getLogger("shouwang")


@dataclass
class _Child:
    """One place for a process: what it does, and which process does it."""

    name: str
    work: Callable[[], None]
    gone: Callable[[], None] = lambda: None
    """What is to be noted when the process is gone."""
    pid: int = 0
    started: float = 0.0


def serve(make: Make, config: Config, host: str, port: int, number: int) -> None:
    """Answer with `number` processes until the parent is asked to end; each makes its application itself.
    Where the configuration has the scheduler on, one more process does what is due.
    """
    listening = serving.listen(host, port)
    quiet, turns = replace(config, scheduler=False), Turns(number)

    def child(place: int) -> _Child:
        work = partial(_web, make, quiet, listening, turns.of(place))
        return _Child(f"web {place + 1}", work, partial(turns.leave, place))

    children = [child(place) for place in range(number)]
    if config.scheduler:
        children.append(_Child("worker", lambda: _worker(make(quiet), listening)))
    _look_after(children)
    serving.admit_nobody(listening)
    listening.close()  # the children take what has come to the door; nobody waits at one that is not answered
    _end(children, config.stopping.notice_seconds + config.stopping.stop_seconds + BESIDES)


def _web(make: Make, config: Config, listening: socket.socket, turn: Turn) -> None:
    parent = os.getppid()
    serving.answer(make(config), listening, alone=lambda: os.getppid() != parent, turn=turn)


def _worker(app: Flask, listening: socket.socket) -> None:
    listening.close()
    parent = os.getppid()
    working.work(app, alone=lambda: os.getppid() != parent)


def _look_after(children: list[_Child]) -> None:
    """Start the children, and start again who dies, until the parent is asked to end."""
    gc.collect()
    gc.freeze()  # what was imported is shared with the children, for no collection writes to it
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    for child in children:
        _start(child)
    while True:
        heard = signal.sigtimedwait(_HEARD, AGAIN)
        if heard is not None and heard.si_signo in (signal.SIGTERM, signal.SIGINT):
            return
        _bury(children)
        for child in children:
            if not child.pid and time.monotonic() - child.started >= AGAIN:
                _start(child)


def _start(child: _Child) -> None:
    child.started = time.monotonic()
    child.pid = os.fork()
    if child.pid:
        _LOG.info("%s: process %d", child.name, child.pid)
        return
    status = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        child.work()
        status = 0
    except BaseException:
        _LOG.exception("%s ended", child.name)
    finally:
        logging.shutdown()
        os._exit(status)  # nothing of the parent's is to be tidied up here


def _bury(children: list[_Child]) -> None:
    """Note which children are gone."""
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            for child in children:
                if child.pid == found[0]:
                    _LOG.warning("%s: process %d ended (%d)", child.name, *found)
                    child.pid = 0
                    child.gone()


def _end(children: list[_Child], seconds: float) -> None:
    _tell(children, signal.SIGTERM)
    until = time.monotonic() + seconds
    while any(child.pid for child in children) and time.monotonic() < until:
        signal.sigtimedwait({signal.SIGCHLD}, 0.2)
        _bury(children)
    _tell(children, signal.SIGKILL)


def _tell(children: list[_Child], number: signal.Signals) -> None:
    for child in children:
        if child.pid:
            with suppress(ProcessLookupError):
                os.kill(child.pid, number)
