"""What NumPy frees is kept for the next array.

glibc hands freed memory back to the system as soon as a little lies at its heap's end, and a step of training frees and
takes some ten arrays of a few hundred kilobytes: every page then comes anew, which takes up to four tenths of the time.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

# From malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
MiB = 2**20


@cache
def keep_freed_memory() -> None:
    """Let this process keep up to 128 MiB that it freed; elsewhere than with glibc on Linux nothing changes."""
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(M_MMAP_THRESHOLD, 32 * MiB)
        mallopt(M_TRIM_THRESHOLD, 128 * MiB)
