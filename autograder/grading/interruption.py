"""An interruption that gets lost is raised again: Python drops what a signal's handler raises inside a callback."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def heard() -> Iterator[Callable[[], None]]:
    """Yield a function to call now and then: it raises what a handler of SIGINT or SIGTERM raised inside this block.

    A handler runs wherever the main thread happens to be. In the callback of a weak reference or in ``__del__`` its
    exception is printed and dropped (see ``sys.unraisablehook``), and the work goes on as though nobody had asked for
    its end. No handler runs in another than the main thread.
    """
    raised: list[BaseException] = []

    def again() -> None:
        if raised:
            raise raised[0]

    if threading.current_thread() is not threading.main_thread():
        yield again
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def remembering(handler: Callable[[int, FrameType | None], object]) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except BaseException as error:
                raised.append(error)
                raise

        return handle

    try:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, remembering(handler))
        yield again
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)
