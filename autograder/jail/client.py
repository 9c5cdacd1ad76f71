"""The reader's side of a jailed kernel: bounded messages and output, and a watch on each cell.

Nothing a hostile kernel sends may cost the grader more memory than the limits say, and a cell that swallows
the interrupt is ended all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty
from typing import Any

import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel, HBChannel
from traitlets import Integer, Type

ROOM = 64 * 1024  # for headers and for messages that are no output
MAX_MESSAGE = 32 * 1024**2  # a larger one closes the channel for good: libzmq does not reconnect after it
QUEUE = 8  # messages in the reader's queue
OUTPUTS = ("stream", "display_data", "execute_result", "update_display_data", "error")
Message = dict[str, Any]  #: a Jupyter message, or its content: whoever made it may have put anything into it
COMMS = ("comm_open", "comm_msg", "comm_close")


def bounded_context(output_bytes: int) -> zmq.asyncio.Context:
    """A context whose sockets refuse oversize messages and hold few: each channel's memory is bounded."""
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, max(MAX_MESSAGE, output_bytes + ROOM))
    context.setsockopt(zmq.RCVHWM, QUEUE)
    return context


@dataclass
class Request:
    """A cell that was sent, and what came of it."""

    ours: bool  # a question of the grader's own, sent with store_history=False: the notebook's limit isn't its
    taken: int = 0  # bytes of output that came
    full: bool = False  # whether it was said that there was more than is kept
    failed: bool = False  # whether an error came when nothing more is kept


class Bounds:
    """Keeps `output_bytes` of each cell's output, `notebook_output_bytes` of all cells' together.

    It says once in each cell that there was more, and drops the rest, but for a line on what the cell died of.
    """

    def __init__(self, output_bytes: int, notebook_output_bytes: int) -> None:
        self.output_bytes, self.notebook_output_bytes = output_bytes, notebook_output_bytes
        self.requests: dict[str, Request] = {}  # those we made: a kernel may name any parent it likes
        self.kept = 0  # bytes of the notebook's own cells together

    def passed(self, message: Message, size: int) -> Message | None:
        """The message as it may go on; None to drop it. `size` is what it took on its way here."""
        kind, cell = message["msg_type"], message["parent_header"].get("msg_id")
        if kind not in OUTPUTS + COMMS:
            return message
        if cell not in self.requests:
            return None
        request = self.requests[cell]
        if request.ours:  # what is said in answer to a question must not get into the outputs of the notebook's cells
            if kind == "update_display_data" or kind in COMMS:
                return None
            message["content"].pop("transient", None)  # where the name of an earlier display would be
        request.taken += size
        reached = self._reached(request, size)
        if not reached:
            self.kept += 0 if request.ours else size
            return message
        if kind == "error" and not request.failed:
            request.failed = True
            name, value = (str(message["content"].get(key, "")) for key in ("ename", "evalue"))
            line = f"{name[:200]}: {value[:2000]}"
            message["content"] = {"ename": name[:200], "evalue": value[:2000], "traceback": [line]}
            return message
        if request.full:
            return None
        request.full = True
        note = f"\n[Output limit of {reached} reached: the rest was not kept.]\n"
        message["msg_type"] = message["header"]["msg_type"] = "stream"
        message["content"] = {"name": "stderr", "text": note}
        message["buffers"] = []
        return message

    def _reached(self, request: Request, size: int) -> str:
        """The limit at which a message of this size can't be kept, in words; empty when it can."""
        if request.taken > self.output_bytes:
            return f"{self.output_bytes} bytes for one cell"
        if not request.ours and self.kept + size > self.notebook_output_bytes:
            return f"{self.notebook_output_bytes} bytes for the whole notebook"
        return ""


def tolerable(message: Message) -> None:
    """Raise ValueError for what is no message, and mend a count that no notebook can hold."""
    content, parent = message["content"], message["parent_header"].get("msg_id")
    if not isinstance(content, dict) or not isinstance(parent, str | None) or not isinstance(message["msg_type"], str):
        raise ValueError("no message")
    if type(content.get("execution_count")) is not int and "execution_count" in content:
        content["execution_count"] = None  # a notebook with another could not be written


class _Tolerant(AsyncZMQSocketChannel):
    """Drops what is no message at all: a hostile kernel may write anything to its sockets."""

    async def _recv(self, **kwargs: Any) -> Message:  # type: ignore[override]
        assert self.socket is not None
        frames = await self.socket.recv_multipart(**kwargs)
        try:
            _, rest = self.session.feed_identities(frames)
            message = self.session.deserialize(rest)
            tolerable(message)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
            raise Empty from error
        return self.inspected(message, sum(len(frame) for frame in frames))

    def inspected(self, message: dict[str, object], size: int) -> dict[str, object]:
        """The message to pass on; raises ``Empty`` to drop it."""
        return message

    async def get_msg(self, timeout: float | None = None) -> dict[str, object]:  # type: ignore[override]
        """The next message; raises ``Empty`` after `timeout` seconds (None: wait for ever)."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            assert self.socket is not None
            if not await self.socket.poll(None if left is None else int(left * 1000)):
                raise Empty
            try:
                return await self._recv()
            except Empty:
                if until is not None and time.monotonic() >= until:
                    raise


class BoundedOutput(_Tolerant):
    """The channel of outputs, bounded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bounds = Bounds(0, 0)

    def inspected(self, message: Message, size: int) -> Message:
        """The message as the bounds leave it."""
        passed = self.bounds.passed(message, size)
        if passed is None:
            raise Empty
        return passed


class WatchedShell(_Tolerant):
    """Tells the warden when a cell starts and is answered; the warden ends one that takes too long."""

    watch: Callable[[bool], None] = staticmethod(lambda running: None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.requests: dict[str, Request] = {}
        self._open: set[str] = set()

    def send(self, msg: Message) -> None:
        """Send a request; an execute request starts the clock."""
        super().send(msg)
        if msg["header"]["msg_type"] == "execute_request":
            self._open.add(msg["header"]["msg_id"])
            self.requests[msg["header"]["msg_id"]] = Request(ours=msg["content"].get("store_history") is False)
            self.watch(True)

    def inspected(self, message: Message, size: int) -> Message:
        if message["msg_type"] == "execute_reply" and message["parent_header"].get("msg_id") in self._open:
            self._open.discard(message["parent_header"]["msg_id"])
            self.watch(bool(self._open))
        return message


class NoHeartbeat(HBChannel):
    """The warden tells whether the kernel lives; a thread for each kernel to ask it is spared."""

    def start(self) -> None:
        """Nothing to start."""


class JailedKernelClient(AsyncKernelClient):
    """An asynchronous client with bounded channels, for `JailedKernelManager`."""

    parent: Any
    output_bytes = Integer(help="Output kept for one cell, in bytes.")
    notebook_output_bytes = Integer(help="Output kept for all cells together, in bytes.")
    shell_channel_class = Type(WatchedShell)
    iopub_channel_class = Type(BoundedOutput)
    stdin_channel_class = Type(_Tolerant)
    control_channel_class = Type(_Tolerant)
    hb_channel_class = Type(NoHeartbeat)

    def _context_default(self) -> zmq.asyncio.Context:
        self._created_context = True
        return bounded_context(self.output_bytes)

    def start_channels(self, *args: Any, **kwargs: Any) -> None:
        """Start the channels and connect the watch."""
        super().start_channels(*args, **kwargs)
        self.iopub_channel.bounds = Bounds(self.output_bytes, self.notebook_output_bytes)
        self.iopub_channel.bounds.requests = self.shell_channel.requests
        self.shell_channel.watch = self.parent.watch_cell

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
        """Until a request is answered on both channels; the inherited one waits for 0.2 s of silence too."""
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while time.monotonic() < until:
            request = self.kernel_info()
            if await self._echoed(request, min(1.0, until - time.monotonic())):
                return
            if not await self._async_is_alive():
                raise RuntimeError(f"The kernel died before it was ready: {self.parent.ending()}")
        raise RuntimeError(f"The kernel did not respond within {timeout} s.")

    wait_for_ready = _async_wait_for_ready

    async def _echoed(self, request: str, seconds: float) -> bool:
        """Whether the reply and the idle status of this request came within the time."""
        until = time.monotonic() + seconds
        try:
            while (await self.shell_channel.get_msg(timeout=seconds))["parent_header"].get("msg_id") != request:
                pass
            while True:  # a subscription that came too late misses the idle status: then ask again
                left = min(0.2, until - time.monotonic())
                message = await self.iopub_channel.get_msg(timeout=max(0.0, left))
                idle = message["content"].get("execution_state") == "idle"
                if idle and message["parent_header"].get("msg_id") == request:
                    return True
        except (TimeoutError, Empty):
            return False
