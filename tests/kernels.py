"""Kernels that start at once: a kernel's imports take longer than most of what a test runs in it.

tests/forked.py does them once, with the same Python and variables, and forks for each kernel. What Jupyter starts is
this program: it asks for the kernel, passes signals on, and ends when the kernel does; the kernel ends with it. Of the
course nothing is imported beforehand, nor torch, which only some notebooks may load.
"""

import contextlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

#: What a kernel imports by itself, and what every notebook of the course does. Not the backend of pictures below cells:
#: it looks for its kernel when it is imported.
MODULES = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "numpy",
    "sympy",
    "ipywidgets",
    "anywidget",
)


def describe(shared: Path, name: str, python: str, server: str | None) -> None:
    """Let Jupyter, told of this folder in JUPYTER_PATH, fork its kernels by this name from what listens on a socket.

    ``server`` is what ``tests.commands.server`` gives for this Python and `MODULES`; None: they start as usual.
    """
    start = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    if server is not None and hasattr(
        os, "pidfd_open"
    ):  # by which forked.py ends a kernel; elsewhere kernels start as usual
        start[1:1] = ["-I", "-S", __file__, server]
    file = shared / "kernels" / name / "kernel.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"argv": start, "display_name": "Python 3 (forked)", "language": "python"}))


def main(server: str, words: list[str]) -> int:
    """Ask for a kernel and be in its place until it ends; its exit code."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(server)
    asked = {"words": words, "folder": os.getcwd(), "environment": dict(os.environ), "ends_with_asker": True}
    socket.send_fds(connection, [json.dumps(asked).encode() + b"\n"], [1, 2])
    with connection.makefile("r") as lines:
        kernel = json.loads(lines.readline())["pid"]
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: _pass_on(kernel, number))
        return int(json.loads(lines.readline())["code"])


def _pass_on(kernel: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        os.killpg(kernel, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
