"""Free places in memory that a forked kernel would otherwise copy whole pages for."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

_OVERHEAD = sys.getsizeof(b"")
_held: list[object] = []  # for as long as the process lives


def fill_holes() -> None:
    """Take up what is free among small objects; whoever is forked then has pages of its own for new ones.

    Imports leave thousands of free places behind, spread over all of memory: each new object would go into one of
    them, on a page that is shared with the zygote and is copied for it. Where the interpreter doesn't tell of its free
    places, nothing is done.
    """
    with tempfile.TemporaryFile() as told, _errors_to(told.fileno()):
        sys._debugmallocstats()
        told.seek(0)
        lines = told.read().decode(errors="replace")
    # class, bytes of a place, pools, places in use, free places
    for row in re.findall(r"^ *\d+ +(\d+) +\d+ +\d+ +(\d+) *$", lines, re.MULTILINE):
        size, free = map(int, row)
        fits = size > _OVERHEAD
        _held.append([bytes(size - _OVERHEAD) if fits else object() if size == 16 else float(i) for i in range(free)])


@contextlib.contextmanager
def _errors_to(descriptor: int) -> Iterator[None]:
    """Whatever C code writes on the error stream goes to this file."""
    before = os.dup(2)
    os.dup2(descriptor, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
