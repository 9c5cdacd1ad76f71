"""The zygote: one process with the heavy imports done, from which each kernel is forked in milliseconds.

It is started by the grader (`nursery.py`), reads orders from one socket, and ends when that socket does;
its wardens, and through them the kernels, end with it. It must stay single-threaded: a forked copy has only
the thread that forked, and a lock held by another stays locked for ever.

One that needs more modules than another is forked from that one: what both have is imported, and held, once.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback

from . import confine, kernel, linux, pages, warden
from .channels import ANOTHER, CHANNELS

MOST = 1 << 16  # bytes of the first line
DESCRIPTORS = 3 + len(CHANNELS)  # handle, request, log, one listener for each channel
_hidden: list[str] = []


def preload(names: list[str], hidden: list[str], *, shell: bool) -> dict[str, object]:
    """Import the modules; what came of it, as plain data. What is not installed, or needs what is hidden, is left out.

    The hidden packages are out of reach before the first import: what was never loaded can't be found in a kernel.
    """
    while _hidden:  # by the one that this was forked from
        sys.modules.pop(_hidden.pop(), None)
    for package in hidden:
        sys.modules[package] = None  # type: ignore[assignment]  # import says so at once
    _hidden.extend(hidden)
    gc.disable()  # nothing imported here is ever freed
    came = imported(names, hidden)
    kernel.application(shell=shell)
    kernel.prepare_to_forget()
    gc.enable()
    return came


def imported(names: list[str], hidden: list[str]) -> dict[str, object]:
    """Import modules; how long each took, and which are missing."""
    seconds, missing = {}, []
    for name in names:
        started = time.monotonic()
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            missing.append(name)
            continue
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in hidden:
                raise
            missing.append(name)
            continue
        seconds[name] = round(time.monotonic() - started, 3)
    return {"seconds": seconds, "missing": missing}


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def main() -> None:
    """Preload what the first line names, answer, then fork a warden for each order until the socket ends.

    Modules named by the command are imported before that line comes; if one of them turns out to be hidden, all begins
    anew without them.
    """
    control, ahead = socket.socket(fileno=int(sys.argv[1])), sys.argv[2:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if ahead:
        gc.disable()
        with contextlib.suppress(Exception):  # the same import fails again, where it is told
            imported(ahead, [])
        wanted = control.recv(MOST, socket.MSG_PEEK)
        if wanted and not sys.modules.keys().isdisjoint(json.loads(wanted)["hidden"]):
            words = sys.orig_argv[: len(sys.orig_argv) - len(ahead)]
            os.execv(sys.executable, words)
    while (more := _until_another(control)) is not None:
        control = more
    os._exit(0)  # taking all that was imported apart would take half a second


def _until_another(control: socket.socket) -> socket.socket | None:
    """Be a zygote until its socket ends, then return None; in one that is forked from it, return that one's socket."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line = control.recv(MOST)
    if not line:  # the grader had no use for it
        return None
    wanted = json.loads(line)
    sys.path[:] = list(dict.fromkeys([*wanted["import_from"], *sys.path]))
    try:
        answer = preload(wanted["preload"], wanted["hidden"], shell=wanted["shell"])
        threads = _threads()
        if threads > 1:
            raise RuntimeError(f"the preloaded modules left {threads} threads running; forked kernels could hang")
    except BaseException as error:
        traceback.print_exc()
        control.send(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
        return None
    gc.collect()
    pages.fill_holes()
    if wanted["often"]:
        pages.enlarge()
    gc.freeze()  # the collector must not write into, and so copy, what all kernels share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # wardens are reaped by themselves
    answer |= {"memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "pid": os.getpid()}
    control.send(json.dumps(answer).encode())

    myself, idle = os.getpid(), _Idle()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, DESCRIPTORS)
        if not message:
            idle.orders.close()
            _see_them_off()
            return None
        if message == ANOTHER:
            if os.fork() == 0:
                return _become_another(control, descriptors, idle, myself)
        elif not idle.given(descriptors):
            child = os.fork()
            if child == 0:
                _become_warden(control, descriptors, idle, myself)
        for descriptor in descriptors:
            os.close(descriptor)


def _become_another(control: socket.socket, descriptors: list[int], idle: _Idle, zygote: int) -> socket.socket:
    """In a forked zygote: let go of the other's, and return the socket of this one. It ends with the other."""
    own, log = descriptors
    control.close()
    idle.close()
    _end_with(zygote)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return socket.socket(fileno=own)


def _end_with(zygote: int) -> None:
    """Killed when the zygote that this process was forked from is."""
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL, what="parent-death signal")
    if os.getppid() != zygote:
        os._exit(1)


class _Idle:
    """The wardens whose shell has ended, and that take the next: that spares a fork of all this memory.

    A warden that will be free at once writes its process id into a pipe; an order is given to one as long as one lives.
    """

    def __init__(self) -> None:
        self.orders, self.taken = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)

    def given(self, descriptors: list[int]) -> bool:
        """Whether a free warden has the order now."""
        try:
            while word := os.read(self.reader, 8):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int.from_bytes(word, "little"), 0)
                    socket.send_fds(self.orders, [b"kernel"], descriptors)
                    return True
        except BlockingIOError:
            pass
        return False

    def close(self) -> None:
        """In another zygote: these wardens are none of its own."""
        for end in (self.orders, self.taken):
            end.close()
        for descriptor in (self.reader, self.writer):
            os.close(descriptor)

    def announce(self) -> None:
        """In a warden: the next order is for it, or for another that is free."""
        os.write(self.writer, os.getpid().to_bytes(8, "little"))

    def wait(self) -> list[int]:
        """In a warden: be free until there is an order; none when the zygote ends."""
        return socket.recv_fds(self.taken, 16, DESCRIPTORS)[1]


def _see_them_off() -> None:
    """The grader is gone and so are the wardens' handles: let them clean up, for ten seconds at most."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(10)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _become_warden(control: socket.socket, descriptors: list[int], idle: _Idle, zygote: int) -> None:
    status = 1
    try:
        control.close()
        idle.orders.close()
        _end_with(zygote)
        turn, again = 0, True
        while again and descriptors:
            handle, request, log, *channels = descriptors
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            again = warden.run(socket.socket(fileno=handle), request, log, channels, turn, free=idle.announce)
            turn, descriptors = turn + 1, idle.wait() if again else []
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    if not confine.IS_LINUX:
        sys.exit("The zygote needs Linux; elsewhere kernels are spawned one by one.")
    main()
