"""How long a run still takes, by how fast notebooks were graded lately."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

FIRST = 60.0  #: seconds before anything is said: a few notebooks tell nothing, and the first kernels warm up


class Remaining:
    """Told of each notebook that is done; says what is left to wait.

    The pace is that of the last two thirds of the run, and of its last minute at least, so that a machine that slows
    down is noticed; the time in which the first kernels are made ready is no part of it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock, self.begun = clock, clock()
        self.first: float | None = None
        self.done_at: deque[float] = deque()

    def done(self) -> None:
        """Count a notebook."""
        now = self.clock()
        if self.first is None:
            self.first = now
        else:
            self.done_at.append(now)

    def seconds(self, left: int) -> float | None:
        """Seconds until ``left`` more are done; None as long as nothing can be said."""
        now = self.clock()
        if self.first is None or now - self.begun < FIRST:
            return None
        since = max(self.first, now - max(FIRST, (now - self.first) * 2 / 3))
        while self.done_at and self.done_at[0] < since:
            self.done_at.popleft()
        if not self.done_at or now <= since:
            return None
        return left * (now - since) / len(self.done_at)

    def said(self, left: int) -> str:
        """``about 4 minutes left``, in steps that are small beside the number; empty as long as nothing can be said."""
        seconds = self.seconds(left)
        if seconds is None:
            return ""
        if seconds < 118:
            return f"about {max(5, 5 * round(seconds / 5))} seconds left"
        minutes = seconds / 60
        return f"about {round(minutes) if minutes > 4.75 else round(2 * minutes) / 2:g} minutes left"
