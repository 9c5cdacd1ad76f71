"""The shell's side: IPython's own kernel object, shell, displays and streams, with one pipe for all they say.

All is made in the zygote but for the threads and what names a place or a stream; a forked shell sets those. What is
said goes through one thread, as in IPython's kernel: no signal handler of Python's, such as an interrupt's or an
alarm's, ever runs there, so that none can end in the middle of a message.
"""

from __future__ import annotations

import asyncio
import heapq
import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ipykernel import debugger
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.utils import _async_in_context
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.profiledir import ProfileDir
from jupyter_client.jsonutil import json_clean, json_default
from jupyter_client.session import Session
from tornado.ioloop import IOLoop

from ..application import prepared
from ..channels import PIPES
from . import FRAME

Message = dict[str, Any]
Request = list[Message]  #: one, in the place of a kernel's frames
DRAWS = "matplotlib_inline.backend_inline"
WAITING = 32 * 1024**2  #: bytes that may wait to be sent; whoever says more waits until they are


class Sender(IOPubThread):
    """The thread that sends, under the name and with the methods that IPython's streams know."""

    def __init__(self) -> None:
        self.background_socket = self.io_loop = self  # type: ignore[assignment]
        self.thread: threading.Thread | None = None  # type: ignore[assignment]
        self._acts: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._waiting = 0

    def open(self, answers: int) -> None:
        """Begin to send, on a pipe."""
        self._answers = answers
        self.thread = threading.Thread(target=self._run, name="IOPub", daemon=True)
        self.thread.start()

    def schedule(self, f: Callable[[], object]) -> None:
        """Have the thread do something, after all that it was given before."""
        self._acts.put(f)

    def call_later(self, delay: float, f: Callable[[], object]) -> None:
        """Have it done later; called in the thread itself."""
        heapq.heappush(self._later, (time.monotonic() + delay, id(f), f))

    def send(self, frame: bytes) -> None:
        """Send a message after what was said before."""
        if threading.current_thread() is self.thread:
            self._send(frame)
            return
        while self._waiting > WAITING:
            time.sleep(0.001)
        self._waiting += len(frame)
        self._acts.put(partial(self._send, frame, len(frame)))

    def send_multipart(self, *args: object, **words: object) -> None:
        """Send nothing: a socket's frames are no message here."""

    def _send(self, frame: bytes, counted: int = 0) -> None:
        self._waiting -= counted
        left = memoryview(frame)
        try:
            while left:
                left = left[os.write(self._answers, left) :]
        except OSError:  # the grader is gone, or the pipe was closed from inside: nothing can be told any more
            os._exit(1)

    def _run(self) -> None:
        while True:
            wait = None
            if self._later:
                wait = max(0.0, self._later[0][0] - time.monotonic())
            try:
                act = self._acts.get(timeout=wait)
            except Empty:
                act = heapq.heappop(self._later)[2]
            try:
                act()
            except Exception as error:  # a stream that was tampered with: the others go on
                print(f"{type(error).__name__}: {error}", file=sys.__stderr__)


def flush(stream: OutStream) -> None:
    """As a stream's own, until what was printed is sent; but an alarm or interrupt may end the wait.

    The lock inside an Event would then be held for ever, and stop the thread that sends.
    """
    sender = stream.pub_thread
    if sender is None or sender.thread is None or sender.thread is threading.current_thread():
        stream._flush()
        return
    sent = threading.Lock()
    sent.acquire()
    sender.schedule(stream._flush)
    sender.schedule(sent.release)
    if not sent.acquire(timeout=stream.flush_timeout):
        print("flush timed out", file=sys.__stderr__)


def packed(message: Message) -> bytes:
    """JSON in UTF-8, as IPython's own sessions clean it; U+FFFD stands for half a character."""
    try:
        text = json.dumps(message, default=json_default, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        text = json.dumps(json_clean(message), default=json_default, ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


class LineSession(Session):
    """A session that packs each message into one frame, and takes requests as they are."""

    sender: Sender

    def send(
        self,
        stream: object,
        msg_or_type: Message | str,
        content: Message | None = None,
        parent: Message | None = None,
        ident: object = None,
        buffers: list[bytes | memoryview[bytes]] | None = None,
        track: bool = False,
        header: Message | None = None,
        metadata: Message | None = None,
    ) -> Message:
        """Send a message; what it was sent on does not matter, there is one line for all."""
        message = msg_or_type
        if isinstance(message, str):
            message = self.msg(message, content=content, parent=parent, header=header, metadata=metadata)
        views = [memoryview(each).cast("B") for each in buffers or message.get("buffers") or ()]
        text = packed(
            {
                "msg_type": message["msg_type"],
                "parent": message["parent_header"].get("msg_id"),
                "content": message["content"],
                "metadata": message["metadata"],
                "sizes": [len(view) for view in views],
            }
        )
        self.sender.send(b"".join([FRAME.pack(len(text), sum(map(len, views))), text, *views]))
        return message

    def feed_identities(self, msg_list: Request, copy: bool = True) -> tuple[list[bytes], Request]:  # type: ignore[override]
        """A line has no identities."""
        return [], msg_list

    def deserialize(self, msg_list: Request, content: bool = True, copy: bool = True) -> Message:  # type: ignore[override]
        """A request is read as a whole."""
        return dict(msg_list[0])


class LineKernel(IPythonKernel):
    """IPython's kernel, its requests given to it one by one."""

    _supports_kernel_subshells = False

    def __init__(self, **settings: Any) -> None:
        super().__init__(shell_channel_thread=SimpleNamespace(parent_thread=threading.main_thread()), **settings)


class ShellApp(IPKernelApp):
    """What holds the kernel object; `initialize` and `start` in the forked process."""

    draws = False  # whether pyplot shows its figures in it
    channels: dict[str, int]
    modules: set[str]  # the names of those that were imported before

    def make(self) -> None:
        """All of it but for what a forked process has for itself."""
        self.profile_dir = ProfileDir()  # nowhere yet
        self.sender = self.iopub_thread = self.iopub_socket = Sender()
        self.session = LineSession(parent=self, key=b"")
        self.session.sender = self.sender
        self.configure_tornado_logger()
        self.init_pdb()
        with mock.patch.object(debugger, "_is_debugpy_available", False):
            self.kernel = LineKernel.instance(
                parent=self,
                session=self.session,
                iopub_thread=self.sender,
                iopub_socket=self.sender,
                log=self.log,
                profile_dir=self.profile_dir,
                user_ns=self.user_ns,
            )
        self.kernel._kernel_modules = []  # thousands of paths, for the debugger that there isn't
        self.kernel._execute_sleep = 0.0  # a line keeps the order of what is said
        OutStream.flush = flush  # type: ignore[method-assign]  # for all that this process forks
        self.init_path()
        self.init_shell()
        assert isinstance(self.shell, ZMQInteractiveShell)
        self.init_extensions()
        self.shell.user_ns_hidden.update(self.shell.user_ns)

    def initialize(self, argv: object = None) -> None:
        """Set what is this process's own: places, streams, the thread that sends."""
        shell, here = self.shell, Path.cwd()
        assert shell is not None and self.profile_dir is not None
        self.requests, answers = (self.channels.pop(name) for name in PIPES)
        self.ipython_dir = shell.ipython_dir = os.environ["IPYTHONDIR"]
        self.profile_dir.location = os.path.join(self.ipython_dir, "profile_default")
        shell.init_environment()
        shell.home_dir, shell.starting_dir = os.environ["HOME"], str(here)
        shell.user_ns["_dh"][:] = [here]
        shell._sys_modules_keys = self.modules  # for %reset, which keeps these
        self.sender.open(answers)
        self.init_io()
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
        shell.save_sys_module_state()
        self.init_signal()

    def start(self) -> None:
        """Take requests until their pipe ends."""
        self.io_loop = IOLoop.current()
        self.kernel.start()
        self._handle = _async_in_context(partial(self.kernel.shell_main, None))
        self._come, self._tasks = bytearray(), set[asyncio.Future[None]]()
        os.set_blocking(self.requests, False)
        self.io_loop.add_handler(self.requests, self._read, IOLoop.READ)
        try:
            self.io_loop.start()
        except KeyboardInterrupt:
            pass

    def _read(self, descriptor: int, events: int) -> None:
        part = os.read(descriptor, 1 << 20)
        if not part:
            self.io_loop.stop()
        self._come += part
        while len(self._come) >= FRAME.size:
            size, behind = FRAME.unpack_from(self._come)
            if len(self._come) < FRAME.size + size + behind:
                break
            request = json.loads(self._come[FRAME.size : FRAME.size + size])
            del self._come[: FRAME.size + size + behind]
            task = asyncio.ensure_future(self._handle([request, {}]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


def made() -> ShellApp:
    """The process's one application, its shell made and nothing of it running."""
    if not ShellApp.initialized():
        app = ShellApp.instance(config=prepared())
        assert app.log  # makes it
        app.make()
    app = ShellApp.instance()
    if "matplotlib.pyplot" in sys.modules and not app.draws:
        sys.modules.pop(DRAWS, None)  # it connects itself to IPython's shell when it is imported
        importlib.import_module("matplotlib.pyplot").switch_backend(f"module://{DRAWS}")
        app.draws = True
    return app
