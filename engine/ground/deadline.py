"""When work that a person waits for must stop."""

from __future__ import annotations

import time


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
