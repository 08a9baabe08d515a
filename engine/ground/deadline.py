"""When work must stop: what a person waits for takes too long, or the process is to end."""

from __future__ import annotations

import threading
import time

_ASKED = threading.Event()


def ask_to_stop() -> None:
    """The process is to end: it finishes the steps that it is at, and begins no other.

    Said once, by whoever minds its signals; a process that has been asked does not go back to work.
    """
    _ASKED.set()


def stopping() -> bool:
    """Whether the process has been asked to end: whoever works in a loop looks here between two steps."""
    return _ASKED.is_set()


def wait_for_stop(seconds: float) -> bool:
    """Do nothing for a while, or until the process is asked to end; answers whether it is."""
    return _ASKED.wait(seconds)


class Deadline:
    """Measures what the work costs the machine; it has nothing to do with the time that cases live in.

    The processor's seconds count, of the thread that began: a busy machine answers later, but the same.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.thread_time() + seconds

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return time.thread_time() > self._until
