"""The search in a background process of its own: the one that runs a student's optimizer for the explorer's sliders."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping
from types import ModuleType

from lrtutorial.explorer.student import START_SECONDS, StudentCodeError, Worker

SEARCH = "lrtutorial.locating.search:search_all"  #: what runs in the other process

GRACE = 1.0  #: seconds beyond the search's own, after which its process is ended

_worker, _lock = Worker(), threading.Lock()
atexit.register(lambda: _worker.stop())


def ask(
    step: str, sources: Mapping[str, object], spaces: Mapping[str, Mapping[str, object]], seconds: float
) -> list[dict[str, object]]:
    """Return the places of the answers that are wrong and have some. Never raises because of an answer."""
    try:
        space = _pickled(spaces)
    except Exception:  # a student's globals: whatever they are, the verdict stands without a place
        return []
    arguments = {"step_id": step, "sources": dict(sources), "seconds": seconds}
    request: dict[str, object] = {"what": "call", "function": SEARCH, "arguments": arguments, "space": space}
    with _lock:
        _worker.start()
        try:
            header, _ = _worker.ask(request, 3 * seconds + GRACE if step in _worker.loaded else START_SECONDS)
        except StudentCodeError:  # it took too long or ended: there is no place to tell then
            return []
        _worker.loaded.add(step)  # what its answers use is imported
    return list(header.get("returned") or [])


def _pickled(spaces: Mapping[str, Mapping[str, object]]) -> bytes:
    """Return what the definitions use by name, without what can't travel."""
    import cloudpickle  # type: ignore[import-untyped]

    def travels(value: object) -> bool:
        try:
            return isinstance(value, ModuleType) or bool(cloudpickle.dumps(value))
        except Exception:  # an open file, a lock: the edits that need it will raise, and tell nothing
            return False

    kept = {name: {key: one for key, one in space.items() if travels(one)} for name, space in spaces.items()}
    return bytes(cloudpickle.dumps(kept))
