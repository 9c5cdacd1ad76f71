"""A notebook's cells through one shell: what nbclient does over a Jupyter kernel's channels, over one line.

What becomes of a message in the notebook is nbclient's own code, as is what an error or a timeout means.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable

from nbclient.client import timestamp
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute

from ..client import Message
from .outside import Gone, Shell

FOREVER = 1e9
LONGEST = 2000  #: characters of what a reply says; an output tells the rest, within its bounds


def run_cell(
    executor: Execute,
    shell: Shell,
    cell: NotebookNode,
    index: int,
    execution_count: int | None = None,
    store_history: bool = True,
) -> NotebookNode:
    """As nbclient's ``execute_cell``. Raises ``DeadKernelError``, ``CellTimeoutError``, ``CellExecutionError``."""
    _hook(executor.on_cell_start, cell=cell, cell_index=index)
    if cell.cell_type != "code" or not cell.source.strip():
        return cell
    if executor.skip_cells_with_tag in cell.metadata.get("tags", []):
        return cell
    if executor.record_timing:
        cell["metadata"]["execution"] = {}
    _hook(executor.on_cell_execute, cell=cell, cell_index=index)
    cell.outputs, executor.clear_before_next_output = [], False
    try:
        reply = _answered(executor, shell, cell, index, store_history)
    except Gone:
        shell.lost()
        raise DeadKernelError("Kernel died") from None
    if execution_count:
        cell["execution_count"] = execution_count
    _hook(executor.on_cell_executed, cell=cell, cell_index=index, execute_reply=reply)
    if reply["content"]["status"] == "error":
        run_sync(executor._check_raise_for_error)(cell, index, reply)
    executor.nb["cells"][index] = cell
    return cell


def _answered(executor: Execute, shell: Shell, cell: NotebookNode, index: int, store_history: bool) -> Message:
    """Send a cell and take in what it says, until it is done; its reply."""
    request = shell.execute(cell.source, store_history=store_history)
    executor.code_cells_executed += 1
    _hook(executor.on_cell_complete, cell=cell, cell_index=index)
    seconds, begun = executor._get_timeout(cell), time.monotonic()
    last = begun + shell.limits.cell_seconds
    until = min(last, begun + (FOREVER if seconds is None else seconds))
    reply: Message | None = None
    interrupted = False
    while True:
        for message in shell.messages(request, until):
            if message["msg_type"] == "execute_reply":
                reply = reply or {"content": _said(message["content"])}
                if executor.record_timing:
                    cell["metadata"]["execution"]["shell.execute_reply"] = timestamp(message)
                continue
            try:
                executor.process_message(message, cell, index)
            except CellExecutionComplete:
                return reply or {"content": _said({"status": "error"})}
        if time.monotonic() >= last:
            shell.kill(f"cell limit of {shell.limits.cell_seconds:g} s of wall time reached")
            raise Gone
        if interrupted or not executor.interrupt_on_timeout:
            raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", seconds, cell)
        shell.interrupt()
        interrupted = True
        if executor.error_on_timeout:
            reply = {"content": {**executor.error_on_timeout, "status": "error"}}
        until = min(last, time.monotonic() + executor.iopub_timeout)


def _said(content: Message) -> Message:
    """A reply in the form that it should have, whatever was said."""
    if content.get("status") != "error":
        return {"status": "ok"}
    rows = content.get("traceback")
    return {
        "status": "error",
        **{key: str(content.get(key, ""))[:LONGEST] for key in ("ename", "evalue")},
        "traceback": [str(row)[:LONGEST] for row in rows[:100]] if isinstance(rows, list) else [],
    }


def _hook(hook: Callable[..., object] | None, **words: object) -> None:
    if hook is not None and inspect.isawaitable(waits := hook(**words)):
        run_sync(_awaited)(waits)


async def _awaited(waits: Awaitable[object]) -> object:
    return await waits
