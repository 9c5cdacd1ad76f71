"""Student code that is run: whether there is any, and how to keep its prints and warnings away."""

from __future__ import annotations

import contextlib
import dis
import io
import threading
import warnings
from collections.abc import Iterator

import numpy as np


def does_nothing(function: object) -> bool:
    """Say whether a function's body is only ``...``, ``pass``, ``return`` or a docstring."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    idle = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP", "CACHE"}
    return all(instruction.opname in idle for instruction in dis.get_instructions(code))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep a student's prints and NumPy's warnings out of the verdict.

    Student code runs in its kernel's main thread. Other threads are a grader's, at work on references: the streams and
    the warnings' filters belong to the whole process, and threads that swap them in turn would lose them for good.
    """
    if threading.current_thread() is not threading.main_thread():
        with np.errstate(all="ignore"):
            yield
        return
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
