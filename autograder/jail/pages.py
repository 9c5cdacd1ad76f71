"""The pages of a zygote's memory, so that forking it and writing in the fork cost little.

Imports leave thousands of free places behind, spread over all of memory. Each new object of a kernel would go into one,
on a page that is shared with the zygote until somebody writes to it, and is copied then.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

MADV_COLLAPSE = 25  # since Linux 6.1
SIZE = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")
SMALL = 4096  #: bytes of a chunk, above which it has a page of its own anyhow
_OVERHEAD = sys.getsizeof(b"")
_held: list[object] = []  # for as long as the process lives


def fill_holes() -> None:
    """Take up what is free; whoever is forked then has pages of its own for what is new.

    Where interpreter and C library don't tell of their free places, nothing is done.
    """
    _fill_between_chunks()
    # class, bytes of a place, pools, places in use, free places
    for row in re.findall(r"^ *\d+ +(\d+) +\d+ +\d+ +(\d+) *$", _said(sys._debugmallocstats), re.MULTILINE):
        size, free = map(int, row)
        fits = size > _OVERHEAD
        _held.append([bytes(size - _OVERHEAD) if fits else object() if size == 16 else float(i) for i in range(free)])


def enlarge() -> None:
    """Have the system hold this memory in large pages where it can: a fork copies one entry for each, not 512."""
    libc = ctypes.CDLL(None)
    try:
        size, maps = int(SIZE.read_text()), Path("/proc/self/maps").read_text()
    except (OSError, ValueError):
        return
    for first, last in re.findall(r"^(\w+)-(\w+) rw-p \S+ 00:00 0 *(?:\[heap\])?$", maps, re.MULTILINE):
        begin, end = -(-int(first, 16) // size) * size, int(last, 16)
        for page in range(begin, end - size + 1, size):
            libc.madvise(ctypes.c_void_p(page), ctypes.c_size_t(size), MADV_COLLAPSE)  # what it refuses stays as it is


def _fill_between_chunks() -> None:
    """The same for glibc's own small chunks: tables of dictionaries, arrays, whatever C libraries hold."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_info"):
        return
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    errors, header = ctypes.c_void_p.in_dll(libc, "stderr"), ctypes.sizeof(ctypes.c_size_t)
    for row in re.findall(r'<size .*?to="(\d+)" .*?count="(\d+)"', _said(lambda: libc.malloc_info(0, errors))):
        size, free = map(int, row)
        for _ in range(free if size <= SMALL else 0):
            libc.malloc(size - header)


def _said(say: Callable[[], object]) -> str:
    """What C code writes on the error stream."""
    before = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            say()
        finally:
            os.dup2(before, 2)
            os.close(before)
        file.seek(0)
        return file.read().decode(errors="replace")
