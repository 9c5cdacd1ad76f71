"""The time that one check of a step may take. It is the same in the notebook and in grading."""

from __future__ import annotations

import _thread
import contextlib
import signal
import threading
from collections.abc import Iterator

SECONDS = 20.0  #: for the questions that one check puts to an answer
_AGAIN = 1.0  #: seconds until code that caught the interruption is interrupted again


class Spent(KeyboardInterrupt):
    """The time is spent. It passes what catches an answer's own exceptions, as Ctrl-C does."""


@contextlib.contextmanager
def within(seconds: float = SECONDS) -> Iterator[None]:
    """Raise :class:`Spent` in what runs inside once ``seconds`` (of wall time) are over.

    Outside of the main thread, and where there are neither timers nor threads (in a browser), there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
    elif hasattr(signal, "setitimer"):
        yield from _by_alarm(seconds)
    else:
        yield from _by_thread(seconds)


def _by_alarm(seconds: float) -> Iterator[None]:
    running = True

    def ring(number: int, frame: object) -> None:
        if running:
            raise Spent

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _by_thread(seconds: float) -> Iterator[None]:
    spent = threading.Event()

    def interrupt() -> None:
        spent.set()
        _thread.interrupt_main()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:  # no threads here
        yield
        return
    try:
        yield
    except KeyboardInterrupt:
        if spent.is_set():
            raise Spent from None
        raise
    finally:
        timer.cancel()
