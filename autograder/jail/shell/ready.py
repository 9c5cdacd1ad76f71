"""Shells kept ahead of the work, jailed and probed, so that nobody waits for one; and those that have done their work.

Nothing is kept unless somebody says how many (`keep`): a class is graded so. What a shell was ordered with tells it
from others; a notebook in a folder of its own has a shell of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from ..errors import JailError
from ..provisioner import JailedProvisioner
from .outside import Shell

DYING = 8  #: shells at most that are on their way out

_lock = threading.Lock()
_ahead = 0
_waiting: defaultdict[str, list[Shell]] = defaultdict(list)
_undertaker: ThreadPoolExecutor | None = None
_room = threading.BoundedSemaphore(DYING)


@contextlib.contextmanager
def keep(ahead: int) -> Iterator[None]:
    """Within it, `ahead` shells of each kind that is asked for are kept ready, and the end of one is not waited for."""
    global _ahead, _undertaker
    with ThreadPoolExecutor(1, thread_name_prefix="ending shells") as undertaker:
        _ahead, _undertaker = ahead, undertaker
        try:
            yield
        finally:
            with _lock:
                _ahead, left = 0, [shell for shells in _waiting.values() for shell in shells]
                _waiting.clear()
            for shell in left:
                shell.end(wait=False)
                undertaker.submit(shell.bury)
            _undertaker = None


def take(settings: JailedProvisioner, cwd: str | None = None) -> Shell:
    """A shell whose jail holds. Raises what `Shell.ready` and its start raise."""
    kind = _kind(settings) if _ahead and cwd is None else ""
    shell = _first(kind) or Shell(settings, cwd)
    try:
        if kind:
            _fill(kind, settings)
    finally:
        shell.ready()
    shell.begin()
    return shell


def _first(kind: str) -> Shell | None:
    """One that was kept, and still lives."""
    while True:
        with _lock:
            if not _waiting.get(kind):
                return None
            shell = _waiting[kind].pop(0)
        if shell.kernel.poll() is None:
            return shell
        shell.end(wait=True)


def _fill(kind: str, settings: JailedProvisioner) -> None:
    while len(_waiting[kind]) < _ahead:
        try:
            more = Shell(settings)
        except JailError:  # whoever needs the next one says why
            return
        with _lock:
            if _ahead:
                _waiting[kind].append(more)
                continue
        more.end(wait=True)


def leave(shell: Shell) -> None:
    """A shell that has done its work: it is ended, and nobody waits for that but when many are on their way out."""
    undertaker = _undertaker
    if undertaker is None:
        shell.end(wait=True)
        return
    shell.end(wait=False)
    _room.acquire()
    try:
        undertaker.submit(_bury, shell)
    except RuntimeError:  # grading has just ended
        _bury(shell)


def _bury(shell: Shell) -> None:
    try:
        shell.bury()
    finally:
        _room.release()


def _kind(settings: JailedProvisioner) -> str:
    return json.dumps([settings.bred(shell=True), settings.trait_values(config=True)], default=str, sort_keys=True)


def _after_fork() -> None:
    """In a forked copy of the grader: its shells are the grader's."""
    global _lock, _room, _ahead, _undertaker
    _lock, _room, _ahead, _undertaker = threading.Lock(), threading.BoundedSemaphore(DYING), 0, None
    _waiting.clear()


os.register_at_fork(after_in_child=_after_fork)
