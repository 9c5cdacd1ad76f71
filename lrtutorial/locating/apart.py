"""The search in a background process of its own: the one that runs a student's optimizer for the explorer's sliders."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from lrtutorial.explorer.student import START_SECONDS, StudentCodeError, Worker
from lrtutorial.locating.sources import sources_of

SEARCH = "lrtutorial.locating.search:search"  #: what runs in the other process

GRACE = 1.0  #: seconds beyond the search's own, after which its process is ended

_worker, _lock = Worker(), threading.Lock()
atexit.register(lambda: _worker.stop())


def ask(step: str, answers: Mapping[str, object], seconds: float) -> list[dict[str, Any]]:
    """Return the places of the first answer that has some. Never raises because of an answer."""
    requests = [one for name, answer in answers.items() if (one := _request(step, name, answer))]
    with _lock:
        _worker.start()
        end = time.monotonic() + seconds
        for request in requests:
            left = end - time.monotonic()
            if left <= 0:
                break
            request["arguments"]["seconds"] = left
            try:
                header, _ = _worker.ask(request, 3 * left + GRACE if "imported" in _worker.loaded else START_SECONDS)
            except StudentCodeError:  # it took too long or ended: there is no place to tell then
                return []
            _worker.loaded.add("imported")
            if header.get("returned"):
                return list(header["returned"])
    return []


def _request(step: str, name: str, answer: object) -> dict[str, Any] | None:
    try:
        sources, space = sources_of(answer)
        if not sources:
            return None
        arguments = {"step_id": step, "name": name, "sources": sources}
        return {"what": "call", "function": SEARCH, "arguments": arguments, "space": _pickled(space)}
    except Exception:  # source and globals are a student's: whatever they are, the verdict stands without a place
        return None


def _pickled(space: Mapping[str, Any]) -> bytes:
    """Return what the definitions use by name, without what can't travel."""
    import cloudpickle  # type: ignore[import-untyped]

    kept = {}
    for key, value in space.items():
        try:
            if not isinstance(value, ModuleType):
                cloudpickle.dumps(value)
            kept[key] = value
        except Exception:  # an open file, a lock: the edits that need it will raise, and tell nothing
            continue
    return bytes(cloudpickle.dumps(kept))
