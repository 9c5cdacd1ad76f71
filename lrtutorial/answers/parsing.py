"""Python source as a tree."""

from __future__ import annotations

import ast
import threading
import warnings
from typing import Literal, overload

TRIES = 20  #: at a tree that another thread spoils
_one_at_a_time = threading.Lock()


@overload
def parsed(source: str) -> ast.Module: ...
@overload
def parsed(source: str, mode: Literal["eval"]) -> ast.Expression: ...
def parsed(source: str, mode: Literal["exec", "eval"] = "exec") -> ast.Module | ast.Expression:
    """Return ``ast.parse(source, mode=mode)``, without warnings of what is odd in it (an invalid escape in a string).

    One thread at a time: some releases of Python 3.11 and 3.12 count the depth of all trees being built in one number
    (CPython issue 106905), so that two threads make each other fail with SystemError. A library's thread may still
    build one meanwhile: then once more. Filters of warnings are shared by threads, too.

    Raises what ``ast.parse`` raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for left in reversed(range(TRIES)):
            try:
                return ast.parse(source, mode="eval") if mode == "eval" else ast.parse(source)
            except SystemError:
                if not left:
                    raise
        raise AssertionError("unreachable")
