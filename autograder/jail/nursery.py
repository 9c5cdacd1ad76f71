"""The grader's side: keeps one zygote for each set of preloaded modules, and starts kernels from it.

A kernel is known by its `Kernel` object, the grader's end of the handle its warden lives on.
"""

from __future__ import annotations

import array
import asyncio
import atexit
import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from . import confine
from .channels import ANOTHER
from .errors import ZygoteFailed

log = logging.getLogger(__name__)

Names = tuple[str, ...]
START_SECONDS = 180.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")


def _root() -> str:
    """The directory from which this package is importable, for a fresh interpreter."""
    return str(Path(__file__).parents[__package__.count(".") + 1])


def _command(module: str, *words: object) -> list[str]:
    # -P: the working directory is not importable
    return [sys.executable, "-P", "-m", f"{__package__}.{module}", *map(str, words)]


def _environment(import_from: tuple[str, ...] = ()) -> dict[str, str]:
    """What a zygote or a spawned kernel's process starts with: nothing of the grader's secrets."""
    keep = ("HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")
    return {
        **{name: os.environ[name] for name in keep if name in os.environ},
        **ONE_THREAD,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MALLOC_ARENA_MAX": "2",  # each arena reserves 64 MB of address space
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONPATH": os.pathsep.join(dict.fromkeys((_root(), *import_from))),
    }


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


_kernels: weakref.WeakSet[Kernel] = weakref.WeakSet()


class Kernel:
    """A running kernel, as its warden tells of it. Not tied to an event loop or thread."""

    def __init__(self, handle: socket.socket, log_file: IO[bytes]) -> None:
        self._handle, self._log_file = handle, log_file
        self._pending = b""
        self.report: dict[str, object] | None = None
        self.exit_code: int | None = None
        self.ended = ""  # why the kernel ended, in words; empty when it was ordered to
        self.usage: dict[str, float] = {}
        handle.setblocking(False)
        _kernels.add(self)

    def _feed(self, part: bytes) -> None:
        if not part and self.exit_code is None:
            self.exit_code, self.ended = -9, "its zygote or warden died"
        *lines, self._pending = (self._pending + part).split(b"\n")
        for message in map(json.loads, lines):
            if "exit" in message:
                self.exit_code, self.ended = message["exit"], message["reason"]
                self.usage = {key: message[key] for key in ("cpu_seconds", "peak_bytes")}
            else:
                self.report = message

    def poll(self) -> int | None:
        """The exit code, or None while the kernel runs."""
        while self.exit_code is None:
            try:
                self._feed(self._handle.recv(65536))
            except BlockingIOError:
                break
            except OSError:
                self._feed(b"")
        return self.exit_code

    def wait_for(self, seconds: float, *, until_report: bool = False) -> bool:
        """As `wait`, in a thread without a loop; whether it came within the time."""
        until = time.monotonic() + seconds
        while self.poll() is None and not (until_report and self.report is not None):
            waiting = select.poll()  # select takes no descriptor above 1023
            waiting.register(self._handle, select.POLLIN)
            if not waiting.poll(max(0.0, until - time.monotonic()) * 1000):
                return False
        return True

    async def wait(self, *, until_report: bool = False) -> None:
        """Until the kernel has ended or, with `until_report`, has said how its jail holds."""
        loop = asyncio.get_running_loop()
        while self.poll() is None and not (until_report and self.report is not None):
            readable = loop.create_future()
            loop.add_reader(self._handle, _resolve, readable)
            try:
                await readable
            finally:
                loop.remove_reader(self._handle)

    def order(self, **message: object) -> None:
        """Send ``signal=n`` or ``watch=seconds or None`` to the warden; nothing happens when it has ended."""
        with contextlib.suppress(OSError):
            self._handle.sendall(json.dumps(message).encode() + b"\n")

    def log_tail(self, size: int = 2000) -> str:
        """The end of what the kernel's process wrote outside IPython's streams."""
        end = self._log_file.seek(0, os.SEEK_END)
        self._log_file.seek(max(0, end - size))
        return self._log_file.read().decode(errors="replace").strip()

    def close(self) -> None:
        """Let go of the handle, which ends the kernel if it still runs."""
        self._handle.close()
        self._log_file.close()


class Order:
    """One kernel to start: its request, its bound sockets or its ends of two pipes, and both ends of its handle."""

    def __init__(self, request: dict[str, object], channels: Sequence[socket.socket | IO[bytes]]) -> None:
        ours, self._theirs = socket.socketpair()
        self._log: IO[bytes] = tempfile.TemporaryFile()
        self._request = tempfile.TemporaryFile()
        self._request.write(json.dumps(request).encode())
        self._request.seek(0)
        self._channels = channels
        self.kernel = Kernel(ours, self._log)

    def descriptors(self) -> list[int]:
        """What the warden needs, in the order it expects."""
        channels = [channel.fileno() for channel in self._channels]
        return [self._theirs.fileno(), self._request.fileno(), self._log.fileno(), *channels]

    def handed_over(self) -> Kernel:
        """Close what now belongs to the warden."""
        self._theirs.close()
        self._request.close()
        for channel in self._channels:
            channel.close()
        return self.kernel


class _Begun:
    """A process that will be a zygote: `ahead` are modules that it imports before it is told which it needs."""

    def __init__(self, ahead: Names = ()) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.log: IO[bytes] = tempfile.TemporaryFile()
        with theirs:
            self.process = subprocess.Popen(
                _command("zygote", theirs.fileno(), *ahead),
                pass_fds=[theirs.fileno()],
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                start_new_session=True,  # a Ctrl-C in the terminal is for the grader alone
            )


class Zygote:
    """A running zygote process, forked from `base` if there is one. Raises ``ZygoteFailed`` when it cannot be started.

    A base has imported nothing that this one must not have: see `_serves`.
    """

    def __init__(
        self,
        preload: Names,
        import_from: Names = (),
        hidden: Names = (),
        shell: bool = False,
        base: Zygote | None = None,
        often: bool = False,
    ) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.pid = 0
        if base is None or not self._is_forked(base):
            begun = _taken() or _Begun()
            self._control, self._log, self._process = begun.control, begun.log, begun.process
            self.pid = self._process.pid
        wanted = {"preload": preload, "import_from": import_from, "hidden": hidden, "shell": shell, "often": often}
        answer: dict[str, Any] = {}
        with contextlib.suppress(OSError):  # it died at once: its log tells why
            self._control.send(json.dumps(wanted).encode())
            if select.select([self._control], [], [], START_SECONDS)[0]:
                answer = json.loads(self._control.recv(65536) or b"{}")
        if "error" in answer or not answer:
            detail = answer.get("error") or f"no answer within {START_SECONDS:g} s or an early end"
            tail = self.log_tail()
            self.close()
            raise ZygoteFailed(f"The kernels' zygote could not start: {detail}. Its last words:\n{tail}")
        self.memory_bytes: int = answer["memory_bytes"]
        self.seconds: dict[str, float] = answer["seconds"]
        self.pid = int(answer["pid"])
        if answer["missing"]:
            log.info("The zygote runs without %s: not installed, or hidden.", ", ".join(answer["missing"]))

    def _is_forked(self, base: Zygote) -> bool:
        """Have it forked from another; False when that one has died meanwhile."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._log = tempfile.TemporaryFile()
        with theirs:
            return base.another(theirs, self._log)

    def alive(self) -> bool:
        """Whether it can still fork kernels."""
        try:  # it says nothing after its answer: what can be read is the socket's end
            return self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def another(self, theirs: socket.socket, log_file: IO[bytes]) -> bool:
        """Have another zygote forked from this one, on this socket; False when this one has died meanwhile."""
        return self._told(ANOTHER, [theirs.fileno(), log_file.fileno()])

    def fork(self, order: Order) -> bool:
        """Hand the order over; False when the zygote has died meanwhile."""
        return self._told(b"kernel", order.descriptors())

    def _told(self, what: bytes, descriptors: list[int]) -> bool:
        try:
            self._control.sendmsg([what], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])
        except OSError:
            return False
        return True

    def log_tail(self, size: int = 2000) -> str:
        """The end of the zygote's own output."""
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - size))
        return self._log.read().decode(errors="replace").strip()

    def ending(self) -> str:
        """How it ended, for the log."""
        return f"status {self._process.poll()}" if self._process else "with the one it was forked from, or killed"

    def close(self) -> None:
        """End it, and with it every kernel that came from it."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
            if not select.select([self._control], [], [], 10)[0] and self.pid:  # its own end closes when it has ended
                os.kill(self.pid, signal.SIGKILL)
        self._control.close()
        if self._process is not None:
            self._process.wait()
        self._log.close()

    def abandon(self) -> None:
        """In a forked copy of the grader: let go without ending anything."""
        self._control.close()
        if self._process is not None:
            self._process.returncode = 0  # not this process's child


Kind = tuple[Names, Names, Names, bool]  #: what tells zygotes apart, see `Zygote`
_zygotes: dict[Kind, Zygote] = {}  #: each after the one that it was forked from
_starting: defaultdict[Kind, threading.Lock] = defaultdict(threading.Lock)
_lock = threading.Lock()


def zygote(
    preload: Names, import_from: Names = (), hidden: Names = (), shell: bool = False, *, often: bool = False
) -> Zygote:
    """The zygote for these modules, started (some seconds) when there is none or when it has died.

    With `shell` what is forked from it is a shell on one socket (see `shell/`), else a Jupyter kernel. One that is
    started to be forked `often` makes itself ready for that, which takes a moment.

    Others may start meanwhile, and fork: only who needs this one waits for it.
    """
    key = (preload, import_from, hidden, shell)
    with _lock:
        starting = _starting[key]
        smaller = next((other for other in _starting if _serves(other, key)), None)
    base = None
    if smaller is not None:
        with _starting[smaller]:  # or what both need would be imported twice
            base = _zygotes.get(smaller)
    with starting:
        known = _zygotes.get(key)
        if known is not None and known.alive():
            return known
        if known is not None:
            log.warning(
                "The kernels' zygote %d ended (%s); starting another. Its last words: %s",
                known.pid,
                known.ending(),
                known.log_tail() or "none",
            )
            known.close()
        begun = _closed
        started = Zygote(*key, base=base, often=often)
        with _lock:
            if _closed == begun:
                _zygotes[key] = started
                return started
    started.close()
    raise ZygoteFailed("Grading ended while a zygote was starting.")


def _serves(base: Kind, wanted: Kind) -> bool:
    """Whether one kind of zygote can be forked from another: it has fewer modules, and had no hidden one at hand."""
    fewer = len(base[0]) < len(wanted[0]) and set(base[0]) <= set(wanted[0])
    return fewer and set(wanted[2]) <= set(base[2]) and (base[1], base[3]) == (wanted[1], wanted[3])


def start(
    order: Order, preload: Names, import_from: Names, hidden: Names = (), shell: bool = False, *, warm: bool
) -> Kernel:
    """Start a kernel from a zygote (blocks while that warms up), or as a fresh process when not `warm`."""
    if not warm:
        descriptors = order.descriptors()
        process = subprocess.Popen(
            _command("warden", *descriptors),
            pass_fds=descriptors,
            cwd="/",
            env=_environment(import_from),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=descriptors[2],
            start_new_session=True,
        )
        threading.Thread(target=process.wait, daemon=True, name="reap a spawned warden").start()
        return order.handed_over()
    for _ in range(2):
        if zygote(preload, import_from, hidden, shell).fork(order):
            return order.handed_over()
    order.handed_over().close()
    raise ZygoteFailed("The kernels' zygote died twice while a kernel was being started.")


_ahead: list[_Begun] = []


def begin(modules: Names) -> None:
    """Begin a zygote before it is known which one is needed, with modules that it is likely to import.

    The first that is asked for is that one. Does nothing where there are no zygotes.
    """
    if confine.IS_LINUX and not _ahead and not _zygotes:
        _ahead.append(_Begun(modules))


def _taken() -> _Begun | None:
    with _lock:
        return _ahead.pop() if _ahead else None


_closed = 0  # how often all of them were ended


@atexit.register
def close_all() -> None:
    """End every zygote of this process; kernels end with them. One that is starting ends when it has started."""
    global _closed
    with _lock:
        _closed += 1
        while _zygotes:
            _zygotes.popitem()[1].close()
    if (begun := _taken()) is not None:  # nobody needed it
        begun.control.close()
        begun.process.kill()
        begun.process.wait()
        begun.log.close()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    _starting.clear()
    while _zygotes:
        _zygotes.popitem()[1].abandon()
    while _ahead:
        begun = _ahead.pop()
        begun.control.close()
        begun.process.returncode = 0  # not this process's child
    for kernel in list(_kernels):  # or they would live as long as this copy
        kernel.close()


os.register_at_fork(after_in_child=_after_fork)
