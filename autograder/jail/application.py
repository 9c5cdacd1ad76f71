"""IPython's kernel as it runs in the jail. Made in the zygote, which leaves to each kernel only what is its own.

A forked kernel pays for every page of memory that it is the first to write to, and looking at a Python object writes
to it. So what would look at thousands of them is done here, once, or left out.
"""

from __future__ import annotations

import sys
import warnings
import zlib
from functools import lru_cache
from typing import Any
from unittest import mock

import zmq
from ipykernel import compiler, ipkernel
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core import interactiveshell, shellapp
from traitlets.config import Config

from .channels import CHANNELS

PIECE = 2**20  # characters


class _NoModules:
    """`sys`, but for the modules: IPython asks each of thousands for its name, or for its file."""

    modules: dict[str, object] = {}  # nobody writes to it

    def __getattr__(self, name: str) -> object:
        return getattr(sys, name)


class JailedKernelApp(IPKernelApp):
    """IPython's kernel on sockets that were bound outside: inside, bind and connect are refused."""

    channels: dict[str, int]
    modules: set[str]  # the names of those that were imported before

    def _take(self, sock: Any, channel: str) -> None:
        sock.setsockopt(zmq.USE_FD, self.channels.pop(channel))
        sock.bind(f"ipc://{self.ip}-{getattr(self, channel + '_port')}")

    def _bind_socket(self, sock: object, port: int) -> int:
        channel = next(name for name in CHANNELS if getattr(self, name + "_port") == port)
        # The shell waits: init_control would connect the debugger's socket to it.
        if channel != "shell":
            self._take(sock, channel)
        return port

    def init_iopub(self, context: object) -> None:
        self._take(self.shell_socket, "shell")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that subprocesses could not print: there are none
            super().init_iopub(context)

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        if argv:  # making the parser takes longer than the rest of the application
            super().parse_command_line(argv)

    def init_connection_file(self) -> None: ...  # the request holds what the file would

    def write_connection_file(self, **kwargs: object) -> None: ...

    def init_kernel(self) -> None:
        with mock.patch.object(ipkernel, "sys", _NoModules()):  # they are for its debugger
            super().init_kernel()

    def init_code(self) -> None:
        with mock.patch.object(shellapp, "sys", _NoModules()):
            super().init_code()
        if self.shell is not None:
            self.shell._sys_modules_keys = self.modules  # for %reset, which keeps these

    def init_heartbeat(self) -> None: ...  # the warden knows better whether we live

    def init_poller(self) -> None: ...  # so does the parent-death signal

    def log_connection_info(self) -> None:
        self._ports = {name: getattr(self, name + "_port") for name in CHANNELS}


def _in_pieces(write: Any) -> Any:
    def write_in_pieces(stream: Any, text: str) -> int | None:
        """One giant print must not become one giant message, at which the reader closes the channel."""
        if not isinstance(text, str) or len(text) <= PIECE:
            written: int | None = write(stream, text)
            return written
        for start in range(0, len(text), PIECE):
            write(stream, text[start : start + PIECE])
            stream.flush()
        return len(text)

    return write_in_pieces


def _hashed(code: str, seed: int) -> int:
    """The number by which a cell is known in tracebacks; ipykernel's own hash is Python, character by character."""
    return zlib.crc32(code.encode("utf-8", "surrogatepass"), seed)


def _at_most_once(transform: Any) -> Any:
    last: list[tuple[str, int, str]] = []

    def transform_cell(shell: Any, raw_cell: str) -> str:
        """As IPython's; the kernel asks for it, and then the shell that runs the cell asks again."""
        key = raw_cell, shell.execution_count
        before = last.pop() if last else None
        if before is not None and before[:2] == key:
            return before[2]
        last.append((*key, transform(shell, raw_cell)))
        return last[0][2]

    return transform_cell


def prepared() -> Config:
    """IPython made ready for kernels to be forked; the configuration of each."""
    config = Config()
    config.HistoryManager.enabled = False
    compiler.murmur2_x86 = _hashed
    ZMQInteractiveShell.transform_cell = _at_most_once(ZMQInteractiveShell.transform_cell)  # type: ignore[method-assign]
    # Compiles a cell to see whether it awaits something, and is asked twice as well.
    interactiveshell._should_be_async = lru_cache(maxsize=2)(interactiveshell._should_be_async)  # type: ignore[attr-defined]
    OutStream.write = _in_pieces(OutStream.write)  # type: ignore[method-assign]
    return config


def made() -> JailedKernelApp:
    """The process's one application: it has a logger, but neither sockets nor threads nor a shell."""
    if JailedKernelApp.initialized():
        return JailedKernelApp.instance()
    main, config = sys.modules["__main__"], prepared()
    # A first shell takes three times as long as the next: compiled patterns, what classes know of themselves.
    ZMQInteractiveShell(config=config)
    sys.modules["__main__"] = main
    app = JailedKernelApp.instance(config=config)
    assert app.log  # makes it
    return app
