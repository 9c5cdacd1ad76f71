"""Ends an edited answer that runs too long."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

AGAIN = 0.05  #: seconds of the processor until an answer that caught it is ended again
SOON = 0.004  #: until one that was spared is looked at again
SPARED = 250  #: how often in a row library code is left alone: an answer that spends nine tenths there is met elsewhere
_PACKAGE = __name__.partition(".")[0]


class TooLong(BaseException):
    """An edited answer ran too long. No ``except Exception`` of the answer catches it."""


class Alarm:
    """Ends runs one after another once each took its time: a ``with`` block sets up what that takes.

    Only a POSIX system's main thread can be interrupted so; elsewhere runs have no end but their own.
    """

    def __enter__(self) -> Alarm:
        self.able = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        self.running = False
        self.before = signal.signal(signal.SIGPROF, self._ended) if self.able else None
        return self

    def __exit__(self, *_: object) -> None:
        self.running = False
        if self.able:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, self.before or signal.SIG_IGN)

    @contextlib.contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Raise TooLong in what runs inside after so many seconds of the processor, and again every AGAIN."""
        try:
            self.running, self.spared = True, 0
            if self.able:
                signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN)
            yield
        finally:
            self.running = False
            if self.able:
                signal.setitimer(signal.ITIMER_PROF, 0)

    def within(self, seconds: float, test: Callable[[object], bool], answer: object) -> bool:
        """Return what the test says of the answer; False when it raises, or takes longer."""
        try:
            with self.limit(seconds):
                return test(answer)
        except BaseException:  # whatever an edited program raises, it isn't a right answer
            return False

    def _ended(self, _: int, frame: FrameType | None) -> None:
        if self.running and frame is not None and _in_a_library(frame) and self.spared < SPARED:
            self.spared += 1
            signal.setitimer(signal.ITIMER_PROF, SOON, AGAIN)
        elif self.running:
            self.spared = 0
            raise TooLong


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooLong once what runs inside took so many seconds of the processor (see :class:`Alarm`)."""
    with Alarm() as alarm, alarm.limit(seconds):
        yield


def _in_a_library(frame: FrameType) -> bool:
    """Say whether a module that is neither the answer's nor this package's runs.

    What is raised there may get lost (a weak reference's callback, a garbage collector's) or leave a lock closed.
    """
    module = str(frame.f_globals.get("__name__"))
    return module != "__main__" and module in sys.modules and module.partition(".")[0] != _PACKAGE
