"""Becomes a command at once: a process that has imported what nbgrader takes seconds to, and forks for each command.

Run by tests/commands.py with the path of a socket and the modules to import. A request is one line of JSON: Python's
words from ``-m`` or ``-c`` on, the working directory, the environment, for how many seconds at most and as which user,
and whether it ends, with its process group, as soon as whoever asked is gone, as a kernel does (tests/kernels.py).
With it come open files: for what the command prints, for its errors, and its own, from `FIRST_FILE` on. The answers are
the process's id, then its exit code and what it took. Of the course's own code nothing is imported beforehand: every
command reads it anew.

A command that grades starts a zygote of the jail, whose imports take a second: told of another such process, it asks
that one, and the zygote is forked as well.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import resource
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import IO, Any, NoReturn

OWN = ("autograder", "lrtutorial", "tests")
ZYGOTE = ["-m", "autograder.jail.zygote"]
FIRST_FILE, MOST_FILES = 100, 8


def ask(connection: socket.socket, asked: dict[str, Any], files: Sequence[int]) -> IO[str]:
    """Send a request; return what its answers come from, a line each."""
    socket.send_fds(connection, [json.dumps(asked).encode() + b"\n"], files)
    return connection.makefile("r", encoding="utf-8")


class Forked:
    """As a started process: a zygote that is forked from the process behind a socket, without its imports."""

    def __init__(self, server: str, words: Sequence[str], how: dict[str, Any]) -> None:
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(server)
        own = {str(file): str(number) for number, file in enumerate(how["pass_fds"], FIRST_FILE)}
        asked = {"words": [own.get(word, word) for word in words], "folder": how["cwd"], "environment": how["env"]}
        self._lines = ask(self._connection, asked, [how["stdout"].fileno(), how["stderr"].fileno(), *how["pass_fds"]])
        self.pid = int(json.loads(self._lines.readline())["pid"])

    def wait(self) -> int | None:
        """Until it has ended; its exit code."""
        if self.returncode is None:
            self.returncode = json.loads(self._lines.readline())["code"]
            self._close()
        return self.returncode

    def _close(self) -> None:
        self._lines.close()
        self._connection.close()

    __del__ = _close

    def poll(self) -> int | None:
        """Its exit code when it has ended, else None."""
        ended = self.returncode is not None or select.select([self._connection], [], [], 0)[0]
        return self.wait() if ended else None

    def kill(self) -> None:
        """End it at once, where it hasn't ended by itself meanwhile."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def fork_zygotes(server: str) -> None:
    """In a command: start every zygote of the jail by asking a process that has its imports done."""

    class Popen(subprocess.Popen):  # type: ignore[type-arg]  # a class still: others derive from it
        def __new__(cls, words: Sequence[str] = (), *rest: Any, **how: Any) -> Any:
            if list(words[2:4]) == ZYGOTE:
                return Forked(server, words[2:], how)
            return super().__new__(cls)

    subprocess.Popen = Popen  # type: ignore[misc]


def wait_for_a_command(path: str) -> list[str]:
    """Answer requests by forking; return Python's words, in the process that is to become them."""
    parent = os.getppid()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    listener.settimeout(1)
    while True:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            if os.getppid() != parent:  # whoever asks is gone
                sys.exit()
            continue
        finally:
            while _reaped():
                pass
        if os.fork() == 0:
            break
        connection.close()
    listener.close()
    connection.settimeout(None)
    line, files, _, _ = socket.recv_fds(connection, 1 << 16, MOST_FILES)
    if not line:  # only whether anybody answers
        os._exit(0)
    while not line.endswith(b"\n"):
        line += connection.recv(1 << 16)
    asked = json.loads(line)
    if pid := os.fork():
        if ends_with_asker := asked.get("ends_with_asker", False):
            os.setpgid(pid, pid)
        with contextlib.suppress(OSError):  # whoever asked is gone
            connection.sendall(json.dumps({"pid": pid}).encode() + b"\n")
        if ends_with_asker and connection in select.select([connection, os.pidfd_open(pid)], [], [])[0]:
            os.killpg(pid, signal.SIGKILL)
        _, status, used = os.wait4(pid, 0)
        took = {
            "code": os.waitstatus_to_exitcode(status),
            "seconds": used.ru_utime + used.ru_stime,
            "megabytes": used.ru_maxrss / 1024,
        }
        with contextlib.suppress(OSError):
            connection.sendall(json.dumps(took).encode() + b"\n")
        os._exit(0)
    connection.close()
    for number, file in zip((1, 2, *range(FIRST_FILE, FIRST_FILE + MOST_FILES)), files, strict=False):
        os.dup2(file, number)
        os.close(file)
    _be_as_asked(asked)
    return asked["words"]


def _be_as_asked(asked: dict[str, Any]) -> None:
    if (most := asked.get("most")) is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    if (user := asked.get("user")) is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    if sys.flags.safe_path:  # a zygote's
        os.setsid()
        sys.path[:0] = asked["environment"]["PYTHONPATH"].split(os.pathsep)
    else:
        sys.path[0] = asked["folder"]
    if (server := asked.get("zygotes")) is not None:
        fork_zygotes(server)
    random.seed()


def newest_revision() -> str:
    """The version of a new gradebook, as alembic's library names it."""
    config, script = (importlib.import_module(f"alembic.{name}") for name in ("config", "script"))  # nbgrader's own
    with importlib.import_module("nbgrader.dbutil")._temp_alembic_ini("sqlite://") as settings:
        return str(script.ScriptDirectory.from_config(config.Config(settings)).get_current_head())


def ask_alembics_library() -> None:
    """For every new gradebook nbgrader starts the program `alembic`, which takes seconds: its library says the same."""
    importlib.import_module("nbgrader.api").get_alembic_version = newest_revision  # type: ignore[attr-defined]


def become(how: str, what: str, *words: str) -> None:
    """Be ``python -m what words`` or ``python -c what words``."""
    sys.argv = [what if how == "-m" else how, *words]
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
        return
    own = sys.modules["__main__"] = type(sys)("__main__")
    exec(compile(what, "<string>", "exec"), vars(own))


def leave(code: int) -> NoReturn:
    """End as Python does, but without taking apart all that is imported: most of the time of a short command."""
    threading._shutdown()  # type: ignore[attr-defined]  # its threads first, as Python waits for them
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


def _reaped() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


if __name__ == "__main__":
    where, *modules = sys.argv[1:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in modules:
            importlib.import_module(name)
        if "nbgrader.apps" in modules:
            ask_alembics_library()
    assert not [name for name in sys.modules if name.partition(".")[0] in OWN]
    gc.freeze()
    words = wait_for_a_command(where)
    if words[:2] == ZYGOTE:  # it is told what is imported already, and begins anew where that must not be
        words = [*words, *modules]
        sys.orig_argv = [sys.executable, "-P", *words]
    try:
        become(*words)
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        leave(ended.code or 0)
    leave(0)
