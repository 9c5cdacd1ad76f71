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
from collections.abc import Callable
from typing import Any

from . import confine, kernel, landlock, linux
from .channels import CHANNELS, PIPES
from .report import Finding

MAX_REPORT = 64 * 1024
MAX_PID, TURNS = 1 << 22, 32  #: so that user ids stay below 2³¹


def run(
    handle: socket.socket, request: int, log: int, channels: list[int],
    turn: int = 0, free: Callable[[], None] | None = None,
) -> bool:  # fmt: skip
    """Start one kernel in this process of its own; returns when everything it started has ended.

    The answer: whether this process may have the next, because nothing can be left of this one. That is so for a shell
    that had a namespace of processes, which its end has emptied, and whose grader is still there. `free` is called in
    that case before the grader hears of the end, so that what it orders next finds this process.

    Lines of JSON on the handle. Down: ``{"report": …}`` or ``{"error": …}`` once, ``{"exit": code,
    "reason": …}`` at the end, the reason empty when the grader ordered it. Up: ``{"signal": n}``,
    ``{"watch": seconds}`` (kill unless unwatched), ``{"watch": null}``, ``{"begin": true}`` (a kernel that waited for
    its notebook has all of its time from now).
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
        landlock.rules_to_read(tuple(wanted["view"]["readable"]), tuple(wanted["view"]["hidden"]))
    if turn:  # what it forks would go to the namespace of the one before, which is gone
        linux.back_to_own_pid_namespace()
    layers = {name: Finding(False, "left out") for name in wanted["left_out"]}
    mapped = confine.own_pid_namespace(layers)
    unique = os.getpid() + MAX_PID * (turn % TURNS)  # no user id comes again soon

    reader, writer = os.pipe()
    lifeline, held = os.pipe()
    child = os.fork()
    if child == 0:
        named = dict(zip(PIPES if wanted["shell"] else CHANNELS, channels, strict=True))
        handle.detach()
        kernel.run(wanted, layers, named, log, writer, lifeline, unique=unique, mapped=mapped)
    for descriptor in (writer, lifeline, log, *channels):
        os.close(descriptor)

    watch = _Watch(handle, child, reader, woken, wanted["limits"])
    places = wanted["places"]
    again = bool(free and wanted["shell"] and not mapped and "processes" in layers and layers["processes"].held)
    del wanted
    watch.until_it_ends()
    _end_the_rest(child)
    if watch.deserted:
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
    again = again and not watch.deserted
    if free and again:
        free()
    _tell(handle, watch.ending())
    signal.set_wakeup_fd(-1)
    handle.close()
    for descriptor in (held, reader, woken, wake):
        os.close(descriptor)
    return again


class _Watch:
    """What is known of one kernel while it lives, and why it ended."""

    def __init__(self, handle: socket.socket, child: int, reader: int, woken: int, limits: dict[str, Any]):
        self.handle, self.child, self.reader, self.woken, self.limits = handle, child, reader, woken, limits
        self.deserted = False  # nobody is left to clean up
        self.ordered = False  # the grader's own way to end a kernel that has done its work
        self.deadlines = {"notebook": time.monotonic() + limits["notebook_seconds"]}
        self.reason = ""
        self.code: int | None = None
        self.usage: Any = None
        self.report = self.pending = b""
        self.watched = [handle.fileno(), woken, reader]

    def until_it_ends(self) -> None:
        """Pass on what comes in, and hold the kernel to its deadlines, until it has ended."""
        while self.code is None:
            name, deadline = min(self.deadlines.items(), key=lambda item: item[1])
            ready = select.select(self.watched, [], [], max(0.0, deadline - time.monotonic()))[0]
            if not ready and time.monotonic() >= deadline:
                self.reason = (
                    self.reason or f"{name} limit of {self.limits[name + '_seconds']:g} s of wall time reached"
                )
                self.deadlines = {"notebook": time.monotonic() + 5}
                _signal(self.child, signal.SIGKILL)
            if self.reader in ready:
                self._take_report()
            if self.handle.fileno() in ready:
                self._take_orders()
            if self.woken in ready:
                os.read(self.woken, 4096)
            ended, status, used = os.wait4(self.child, os.WNOHANG)
            if ended:
                self.code, self.usage = os.waitstatus_to_exitcode(status), used

    def _take_report(self) -> None:
        """Read the kernel's own report, told to the grader when it is whole."""
        part = os.read(self.reader, MAX_REPORT)
        self.report += part
        if not part or len(self.report) > MAX_REPORT:
            self.watched.remove(self.reader)
            _tell(self.handle, _parsed(self.report))

    def _take_orders(self) -> None:
        """Read what the grader wants; its silence for good is the kernel's end."""
        try:
            part = self.handle.recv(4096)
        except OSError:
            part = b""
        if not part:
            self.reason, self.deserted = self.reason or "the grader went away", True
            self.watched.remove(self.handle.fileno())
            _signal(self.child, signal.SIGKILL)
        *lines, self.pending = (self.pending + part).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "signal" in order:
                self.ordered = self.ordered or order["signal"] == signal.SIGKILL
                _signal(self.child, order["signal"])
            elif "begin" in order:
                self.deadlines["notebook"] = time.monotonic() + self.limits["notebook_seconds"]
            elif order["watch"] is None:
                self.deadlines.pop("cell", None)
            else:
                self.deadlines["cell"] = time.monotonic() + order["watch"]

    def ending(self) -> dict[str, Any]:
        """Return the last message: the exit code, why (empty when the grader ordered it), and what was used."""
        assert self.code is not None
        usage, code, reason = self.usage, self.code, self.reason
        seconds = usage.ru_utime + usage.ru_stime if usage else 0.0
        # The system counts whole ticks towards the limit, and the exact time here: on a busy machine they differ.
        if not reason and code == -signal.SIGKILL and seconds >= 0.5 * self.limits["cpu_seconds"]:
            reason = f"CPU limit of {self.limits['cpu_seconds']} s reached"
        if not reason and not self.ordered:
            reason = f"ended by signal {-code}" if code < 0 else f"ended itself with status {code}"
        return {"exit": code, "reason": reason, "cpu_seconds": seconds, "peak_bytes": _peak(usage)}


def _peak(usage: Any) -> int:
    unit = 1024 if confine.IS_LINUX else 1
    return usage.ru_maxrss * unit if usage else 0


def _parsed(report: bytes) -> dict[str, object]:
    try:
        told: dict[str, object] = json.loads(report)
        return told
    except ValueError:
        return {"error": "the kernel's process ended before it could report"}


def _tell(handle: socket.socket, message: dict[str, object]) -> None:
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
    handle, request, log, *channels = (int(word) for word in sys.argv[1:])
    run(socket.socket(fileno=handle), request, log, channels)


if __name__ == "__main__":
    main()
