"""``python -m nbgrader ...`` and ``python -m autograder ...`` in a process of their own that starts at once.

Most of a command's time is its imports: nbgrader's take three seconds. tests/forked.py does them, once for a worker.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QUICK = ("nbgrader", "autograder")


def run(words: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As ``subprocess.run(words, cwd=, env=, capture_output=True, text=True)``.

    What isn't ``python -m`` of these two, or asks Python itself for something else, starts in the usual way.
    """
    words = [str(word) for word in words]
    pythons = [name for name in {*env, *os.environ} if name.startswith("PYTHON")]
    otherwise = any((env.get(name) or None) != (os.environ.get(name) or None) for name in pythons)
    if otherwise or words[:2] != [sys.executable, "-m"] or words[2] not in QUICK:
        return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        for file in (out, err):
            file.touch()
        asked = {"words": words[2:], "folder": str(cwd), "environment": dict(env), "out": str(out), "err": str(err)}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(_server())
            connection.sendall(json.dumps(asked).encode() + b"\n")
            with connection.makefile("r") as lines:
                code = int(lines.readline())
        said = [file.read_text(encoding="utf-8") for file in (out, err)]
    return subprocess.CompletedProcess(words, code, *said)


@cache
def _server() -> str:
    """Start the process that forks; return its socket's path. It ends with this one."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, "s")
    process = subprocess.Popen([sys.executable, str(ROOT / "tests" / "forked.py"), str(path)], stdin=subprocess.DEVNULL)

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
