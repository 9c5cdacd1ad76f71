"""One small process for each kernel, outside its jail: it starts the kernel, passes signals on, ends it.

It lives on one socket, the handle, whose other end the grader holds. Whatever becomes of the grader, the
end of the handle is the end of the kernel and of all it started.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from typing import Any

from . import confine, kernel, linux
from .report import Finding

MAX_REPORT = 64 * 1024


def run(handle: socket.socket, request: int, log: int, listeners: list[socket.socket]) -> None:
    """Start one kernel in this process of its own; returns when everything it started has ended.

    Lines of JSON on the handle. Down: ``{"report": …}`` or ``{"error": …}`` once, ``{"exit": code,
    "reason": …}`` at the end, the reason empty when the grader ordered it. Up: ``{"signal": n}``,
    ``{"watch": seconds}`` (kill unless unwatched), ``{"watch": null}``.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the grader's to handle
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    with open(request, "rb") as file:
        wanted = json.load(file)
    if confine.IS_LINUX:
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1, what="subreaper")
    layers = {name: Finding(False, "left out") for name in wanted["left_out"]}
    mapped = confine.own_pid_namespace(layers)
    unique = os.getpid()

    reader, writer = os.pipe()
    lifeline, held = os.pipe()
    child = os.fork()
    if child == 0:
        named = dict(zip(kernel.CHANNELS, listeners, strict=True))
        handle.detach()
        kernel.run(wanted, layers, named, log, writer, lifeline, unique=unique, mapped=mapped)
    for descriptor in (writer, lifeline, log):
        os.close(descriptor)
    for listener in listeners:
        listener.close()

    limits, places = wanted["limits"], wanted["places"]
    del wanted
    started = time.monotonic()
    deserted = False  # nobody is left to clean up
    ordered = False  # the grader's own way to end a kernel that has done its work
    deadlines = {"notebook": started + limits["notebook_seconds"]}
    reason, code, usage, report, pending = "", None, None, b"", b""
    watched = [handle.fileno(), woken, reader]
    while code is None:
        name, deadline = min(deadlines.items(), key=lambda item: item[1])
        ready = select.select(watched, [], [], max(0.0, deadline - time.monotonic()))[0]
        if not ready and time.monotonic() >= deadline:
            reason = reason or f"{name} limit of {limits[name + '_seconds']:g} s of wall time reached"
            deadlines = {"notebook": time.monotonic() + 5}
            _signal(child, signal.SIGKILL)
        if reader in ready:
            part = os.read(reader, MAX_REPORT)
            report += part
            if not part or len(report) > MAX_REPORT:
                watched.remove(reader)
                _tell(handle, _parsed(report))
        if handle.fileno() in ready:
            try:
                part = handle.recv(4096)
            except OSError:
                part = b""
            if not part:
                reason, deserted = reason or "the grader went away", True
                watched.remove(handle.fileno())
                _signal(child, signal.SIGKILL)
            *lines, pending = (pending + part).split(b"\n")
            for line in lines:
                order = json.loads(line)
                if "signal" in order:
                    ordered = ordered or order["signal"] == signal.SIGKILL
                    _signal(child, order["signal"])
                elif order["watch"] is None:
                    deadlines.pop("cell", None)
                else:
                    deadlines["cell"] = time.monotonic() + order["watch"]
        if woken in ready:
            os.read(woken, 4096)
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            code, usage = os.waitstatus_to_exitcode(status), used
    _end_the_rest(child)
    if deserted:
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
    seconds = usage.ru_utime + usage.ru_stime if usage else 0.0
    # The system counts whole ticks towards the limit, and the exact time here: on a busy machine they differ.
    if not reason and code == -signal.SIGKILL and seconds >= 0.5 * limits["cpu_seconds"]:
        reason = f"CPU limit of {limits['cpu_seconds']} s reached"
    if not reason and not ordered:
        reason = f"ended by signal {-code}" if code < 0 else f"ended itself with status {code}"
    _tell(handle, {"exit": code, "reason": reason, "cpu_seconds": seconds, "peak_bytes": _peak(usage)})
    os.close(held)


def _peak(usage: Any) -> int:
    unit = 1024 if confine.IS_LINUX else 1
    return usage.ru_maxrss * unit if usage else 0


def _parsed(report: bytes) -> dict[str, Any]:
    try:
        return json.loads(report)
    except ValueError:
        return {"error": "the kernel's process ended before it could report"}


def _tell(handle: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        handle.sendall(json.dumps(message).encode() + b"\n")


def _signal(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


def _end_the_rest(child: int) -> None:
    """Where there is no process namespace: end the kernel's session, and every orphan that came here."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    children = f"/proc/self/task/{os.getpid()}/children"
    until = time.monotonic() + 5
    while time.monotonic() < until:
        with contextlib.suppress(OSError), open(children) as file:
            for orphan in file.read().split():
                _signal(int(orphan), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def main() -> None:
    """A warden as a fresh process, its descriptors named on the command line (where none can be forked)."""
    handle, request, log, *listeners = (int(word) for word in sys.argv[1:])
    run(
        socket.socket(fileno=handle),
        request,
        log,
        [socket.socket(fileno=listener) for listener in listeners],
    )


if __name__ == "__main__":
    main()
