"""The grader's side of one shell: start it, send requests, read what comes with nothing of it trusted, end it.

A message is bounded before it is read; one that is too large is passed over, however large it says that it is, and
what is no message is dropped. No more than one message is held at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from jupyter_client.session import Session, json_unpacker

from .. import nursery
from ..client import COMMS, MAX_MESSAGE, OUTPUTS, Bounds, Message, Request, tolerable
from ..errors import KernelNotStarted
from ..provisioner import REPORT_SECONDS, JailedProvisioner, Ordered, not_started
from ..report import JailReport
from . import FRAME

F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", 1031)
SEND_SECONDS = 20.0  #: for a shell to take in a request; one that runs nothing takes it at once
ROOM = 1 << 18  #: bytes that a pipe holds, where the system gives them
ENDING_SECONDS = 10.0
KNOWN = {*OUTPUTS, *COMMS, "status", "execute_input", "execute_reply", "clear_output"}
LAST_WORDS_SECONDS = 5.0  #: for the warden to say why, after the line has closed


class Gone(Exception):
    """The other end closed the line, or takes in nothing more."""


class Line:
    """The grader's ends of the two pipes."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        requests, self._out = os.pipe()
        self._in, answers = os.pipe()
        self.theirs = [open(requests, "rb", 0), open(answers, "wb", 0)]  #: to be handed over
        with contextlib.suppress(OSError):  # where many are open the system gives no more than the smallest
            fcntl.fcntl(self._in, F_SETPIPE_SZ, ROOM)
        for end in (self._in, self._out):
            os.set_blocking(end, False)
        self._come = bytearray()
        self._passing = 0  # bytes of a message that is passed over

    def send(self, message: Message) -> None:
        """Send a request. Raises ``Gone``."""
        text = json.dumps(message, default=str).encode("utf-8", "surrogatepass")
        left, until = memoryview(FRAME.pack(len(text), 0) + text), time.monotonic() + SEND_SECONDS
        while left:
            try:
                left = left[os.write(self._out, left) :]
            except BlockingIOError:
                if not _ready(self._out, select.POLLOUT, until):
                    raise Gone from None
            except OSError as error:
                raise Gone from error

    def next(self, until: float) -> tuple[Message | None, int] | None:
        """The next message and its size in bytes (None for one that was passed over); None when the time is up.

        Raises ``Gone`` at the end of the line.
        """
        while True:
            whole = self._whole()
            if whole is not None:
                return whole
            if time.monotonic() >= until or not _ready(self._in, select.POLLIN, until):
                return None
            try:
                part = os.read(self._in, ROOM)
            except BlockingIOError:
                continue
            except OSError as error:
                raise Gone from error
            if not part:
                raise Gone
            if self._passing:
                over, part = part[: self._passing], part[self._passing :]
                self._passing -= len(over)
            self._come += part

    def close(self) -> None:
        """Let go of all ends."""
        for file in self.theirs:
            file.close()
        for end in {self._in, self._out} - {-1}:
            os.close(end)
        self._in = self._out = -1  # a second time must close nobody else's

    def _whole(self) -> tuple[Message | None, int] | None:
        """Take one message out of what came, if it is all there."""
        while len(self._come) >= FRAME.size:
            length, behind = FRAME.unpack_from(self._come)
            size = FRAME.size + length + behind
            if size > self.longest:
                self._passing = max(0, size - len(self._come))
                del self._come[:size]
                return None, size
            if len(self._come) < size:
                return None
            text, rest = self._come[FRAME.size : FRAME.size + length], self._come[FRAME.size + length : size]
            del self._come[:size]
            with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
                return _message(bytes(text), bytes(rest)), size
        return None


def _ready(end: int, what: int, until: float) -> bool:
    waiting = select.poll()
    waiting.register(end, what)
    return bool(waiting.poll(max(0.0, until - time.monotonic()) * 1000))


def _message(text: bytes, behind: bytes) -> Message:
    """A message as a Jupyter client would give it. Raises an error of many kinds for what is none."""
    said = json_unpacker(text)
    kind, parent = said["msg_type"], said["parent"]
    message = {
        "header": {"msg_type": kind, "date": datetime.now(UTC)},
        "msg_type": kind,
        "parent_header": {} if parent is None else {"msg_id": parent},
        "content": said["content"],
        "metadata": {},
        "buffers": _cut(behind, said["sizes"]),
    }
    tolerable(message)
    return message


def _cut(behind: bytes, sizes: list[int]) -> list[bytes]:
    cut, start = [], 0
    for size in sizes:
        if type(size) is not int or size < 0 or start + size > len(behind):
            raise ValueError("no buffer")
        cut.append(behind[start : start + size])
        start += size
    return cut


class Shell:
    """One jailed shell. `settings` say what holds it; `ready` must be called before anything else."""

    def __init__(self, settings: JailedProvisioner, cwd: str | None = None) -> None:
        self.settings, self.limits = settings, settings.chosen_limits()
        self.jail_report: JailReport | None = None
        self.language: dict[str, object] = {}
        self.ended_here = ""  # why this side ended it
        self.last_words: str | None = None  # why it had ended when it was left to be buried, maybe by another thread
        longest = max(MAX_MESSAGE, self.limits.output_bytes) + 64 * 1024
        self.line = Line(longest)
        self.bounds = Bounds(self.limits.output_bytes, self.limits.notebook_output_bytes)
        try:
            self.ordered: Ordered = settings.ordered(cwd, shell=True)
            order = nursery.Order(self.ordered.request, self.line.theirs)
            self.kernel = nursery.start(order, *settings.bred(shell=True), warm=self.ordered.warm)
        except BaseException:
            self.line.close()
            raise

    def ready(self) -> None:
        """Until its jail has been probed. Raises ``JailTooWeak`` below the minimum, ``KernelNotStarted``."""
        try:
            self.kernel.wait_for(REPORT_SECONDS, until_report=True)
            answer = self.kernel.report
            if answer is None or "error" in answer:
                raise KernelNotStarted(not_started(self.kernel))
            self.language = dict(answer.pop("language", {}))  # type: ignore[call-overload]
            self.jail_report = self.settings.judged(answer, warm=self.ordered.warm)
        except BaseException:
            self.end(wait=True)
            raise

    def begin(self) -> None:
        """All of a notebook's time is there from now."""
        self.kernel.order(begin=True)

    # ----------------------------------------------------------------------------------------- a cell

    def execute(self, code: str, *, store_history: bool) -> str:
        """Send a cell; the id of the request. Raises ``Gone``."""
        request = uuid.uuid4().hex
        self.bounds.requests[request] = Request(ours=not store_history)
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        header = {
            "msg_id": request,
            "msg_type": "execute_request",
            "username": "grader",
            "session": "line",
            "date": datetime.now(UTC).isoformat(),
            "version": "5.3",
        }
        self.line.send({"header": header, "parent_header": {}, "metadata": {}, "content": content, "buffers": []})
        return request

    def messages(self, request: str, until: float) -> Iterator[Message]:
        """What is said in answer to a request, within bounds, until the time is up. Raises ``Gone``."""
        while (come := self.line.next(until)) is not None:
            message, size = come
            if message is None:  # too large to be looked at: it counts as an output of the cell that runs
                message = {
                    "header": {},
                    "msg_type": "stream",
                    "parent_header": {"msg_id": request},
                    "metadata": {},
                    "content": {"name": "stderr", "text": ""},
                    "buffers": [],
                }
            passed = self.bounds.passed(message, size) if message["msg_type"] in KNOWN else None
            if passed is not None and passed["parent_header"].get("msg_id") == request:
                yield passed
            if time.monotonic() >= until:  # whoever says something all the time has no more of it
                return

    def interrupt(self) -> None:
        """As Ctrl-C."""
        self.kernel.order(signal=int(signal.SIGINT))

    # ----------------------------------------------------------------- what widgets of nbclient's ask of a client

    @property
    def session(self) -> Session:
        """To make a message."""
        return Session()

    @property
    def shell_channel(self) -> Shell:
        """To send one on."""
        return self

    def send(self, message: Message) -> None:
        """Send what nbclient made. Raises ``Gone``."""
        self.line.send({**message, "buffers": []})

    # ----------------------------------------------------------------------------------------- its end

    def ending(self) -> str:
        """Why it ended before its time, in words; empty while it runs, and when it was ended in order."""
        if self.last_words is None:
            self.kernel.poll()
            return self.ended_here or self.kernel.ended
        return self.last_words

    def lost(self) -> str:
        """The line is closed: why, when that is known soon; whatever is left is ended."""
        if not self.kernel.wait_for(LAST_WORDS_SECONDS):
            self.kill()
        return self.ending()

    def kill(self, why: str = "") -> None:
        """Order its end, and say why if it was not the notebook's."""
        if self.kernel.poll() is None:
            self.ended_here = self.ended_here or why
            self.kernel.order(signal=int(signal.SIGKILL))

    def end(self, *, wait: bool) -> None:
        """End it and all that it started. Without `wait` that goes on by itself (see `ready.reap`)."""
        self.last_words = self.ending()
        self.kill()
        self.line.close()
        if wait:
            self.bury()

    def bury(self) -> None:
        """Until it is gone, and then remove what was on disk for it."""
        self.kernel.wait_for(ENDING_SECONDS)
        self.kernel.close()
        for place in self.ordered.places:
            shutil.rmtree(place, ignore_errors=True)
        self.ordered.close()
