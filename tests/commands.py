"""``python -m nbgrader ...``, ``python -m autograder ...`` and ``python -c ...`` in a process that starts at once.

Most of a command's time is its imports: nbgrader's take three seconds. tests/forked.py does them, once for a worker.
Each is a process of its own, but all have one seed of hashes: what must not depend on it is asked of a command that is
started in the usual way, too. The same holds for the zygotes of a command that grades.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from autograder.jail import nursery, profile
from tests.forked import OWN, ask

ROOT = Path(__file__).resolve().parents[1]
QUICK = ("nbgrader", "autograder")
COMMANDS = (
    "nbgrader.apps", "nbgrader.converters", "alembic", "nbconvert.exporters", "nbclient", "IPython", "rich.progress",
    "numpy", "sympy", "sqlalchemy.dialects.sqlite",
)  # fmt: skip
ZYGOTES = tuple(name for name in profile.PROFILES["sympy"].preload if name.partition(".")[0] not in OWN)


class Done(subprocess.CompletedProcess[str]):
    """A command that has ended, and what it took: seconds of the processor, and the most memory, in MB."""

    seconds = megabytes = 0.0


def run(
    words: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    most: int | None = None,
    user: int | None = None,
    quick_zygotes: bool = True,
) -> Done:
    """As ``subprocess.run(words, cwd=, env=, capture_output=True, text=True)``, and what it took.

    ``most`` seconds of the processor, then the system ends it. ``user``: the id of another user, whom root becomes.
    Without ``quick_zygotes`` it starts those of the jail as it would elsewhere, within the same bounds.

    What isn't ``python -m`` of these two or ``python -c``, or asks Python itself for something else, starts in the
    usual way.
    """
    words = [str(word) for word in words]
    pythons = [name for name in {*env, *os.environ} if name.startswith("PYTHON")]
    otherwise = any((env.get(name) or None) != (os.environ.get(name) or None) for name in pythons)
    quick = words[:2] == [sys.executable, "-c"] or words[:2] == [sys.executable, "-m"] and words[2] in QUICK
    if otherwise or not quick:
        if most is not None or user is not None:
            raise ValueError(f"within bounds, or as another, runs only what is forked: {words}")
        usual = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
        return Done(words, usual.returncode, usual.stdout, usual.stderr)
    asked = {"words": words[1:], "folder": str(cwd), "environment": dict(env), "most": most, "user": user}
    if quick_zygotes and user is None:
        asked["zygotes"] = _zygotes()
    return Running(words, asked).wait()


class Running:
    """A forked command that may not have ended yet; ``pid`` is its process's id. At a ``with``'s end it has."""

    def __init__(self, words: Sequence[str], asked: dict[str, Any]) -> None:
        self._words, self._out, self._err = words, _printed(), _printed()
        self._done: Done | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_commands())
        self._lines = ask(self._connection, asked, [self._out.fileno(), self._err.fileno()])
        self.pid = int(json.loads(self._lines.readline())["pid"])

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.send_signal(signal.SIGKILL)  # where a test failed before it ended
        self.wait()

    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return self._done is None and not select.select([self._connection], [], [], 0)[0]

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self.goes_on():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self) -> Done:
        """Until it has ended."""
        if self._done is None:
            with self._out as out, self._err as err, self._connection, self._lines as lines:
                took = json.loads(lines.readline())
                out.seek(0), err.seek(0)
                self._done = Done(self._words, took["code"], out.read(), err.read())
            self._done.seconds, self._done.megabytes = took["seconds"], took["megabytes"]
        return self._done


def start(words: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Running:
    """As :func:`run` without waiting, for what is forked: its zygotes are, too."""
    asked = {"words": [str(word) for word in words[1:]], "folder": str(cwd), "environment": dict(env)}
    return Running(words, {**asked, "zygotes": _zygotes()})


def get_ready() -> None:
    """Start now, not with the first command, what commands and their zygotes are forked from."""
    _commands(), _zygotes()


def _printed() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


@cache
def _commands() -> str:
    return server([sys.executable], COMMANDS, os.environ)


@cache
def _zygotes() -> str:
    return server([sys.executable, "-P"], ZYGOTES, nursery._environment())


def server(python: Sequence[str], modules: Sequence[str], environment: Mapping[str, str]) -> str:
    """Start a process that imports modules and then forks; return its socket's path. It ends with this one."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, "s")
    command = [*python, str(ROOT / "tests" / "forked.py"), str(path), *modules]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        process.wait()
        folder.cleanup()

    atexit.register(end)
    until = time.monotonic() + 300
    while time.monotonic() < until and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            if path.exists() and probe.connect_ex(str(path)) == 0:
                probe.shutdown(socket.SHUT_RDWR)
                return str(path)
        time.sleep(0.02)
    raise RuntimeError(f"the process for commands did not start: {process.poll()}")
