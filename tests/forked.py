"""Becomes a command at once: a process that has imported what nbgrader takes seconds to, and forks for each command.

Run by tests/commands.py with the path of a socket. A request is one line of JSON: Python's words from ``-m`` or ``-c``
on, the working directory, the environment, the files for what it prints, for how many seconds at most and as which
user; the answer is the exit code, and what it took. Of the course's own code nothing is imported beforehand: every
command reads it anew.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import resource
import runpy
import socket
import sys
import warnings

AHEAD = (
    "nbgrader.apps", "nbgrader.converters", "alembic", "nbconvert.exporters", "nbclient", "IPython", "rich.progress",
    "numpy", "sympy", "sqlalchemy.dialects.sqlite",
)  # fmt: skip
OWN = ("autograder", "lrtutorial", "tests")


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
    with connection.makefile("r", encoding="utf-8") as lines:
        line = lines.readline()
    if not line:  # only whether anybody answers
        os._exit(0)
    asked = json.loads(line)
    if pid := os.fork():
        _, status, used = os.wait4(pid, 0)
        took = {"code": os.waitstatus_to_exitcode(status), "seconds": used.ru_utime + used.ru_stime,
                "megabytes": used.ru_maxrss / 1024}  # fmt: skip
        connection.sendall(json.dumps(took).encode() + b"\n")
        os._exit(0)
    connection.close()
    for number, name in ((1, asked["out"]), (2, asked["err"])):
        os.dup2(os.open(name, os.O_WRONLY), number)
    if (most := asked["most"]) is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    if (user := asked["user"]) is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.path[0] = asked["folder"]
    random.seed()
    return asked["words"]


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


def _reaped() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in AHEAD:
            importlib.import_module(name)
        ask_alembics_library()
    assert not [name for name in sys.modules if name.partition(".")[0] in OWN]
    gc.freeze()
    become(*wait_for_a_command(sys.argv[1]))
