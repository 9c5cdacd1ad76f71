"""A student's optimizer, run in a process of its own with a time limit, so that neither kernel nor sliders
ever wait for it."""

from __future__ import annotations

import atexit
import json
import linecache
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrtutorial.problems import Problem

RUN_SECONDS = 2.0  # for one run, or one chunk of a sweep
START_SECONDS = 30.0  # for the process to start and to import what the student's code imports
CHUNK_SECONDS = 0.1  # a sweep is asked for in pieces of about this length, so that it can be given up in between
MOST_BYTES = 64 << 20


class StudentCodeError(Exception):
    """The student's code failed; the text is for the student.

    No Advice: it is the code's own failure, which the widget shows beside the runs of the others.
    """


class TookTooLong(StudentCodeError):
    """The run was ended at its deadline."""


class Worker:
    """A worker process and a thread that reads its answers."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.answers: queue.Queue[tuple[dict[str, object], bytes] | None] = queue.Queue()
        self.loaded: set[str] = set()

    def start(self) -> None:
        """Start the process unless it runs."""
        if self.process and self.process.poll() is None:
            return
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        self.loaded, self.answers = set(), queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lrtutorial.explorer.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        )
        threading.Thread(target=self._read, args=(self.process, self.answers), daemon=True).start()

    @staticmethod
    def _read(process: subprocess.Popen[bytes], answers: queue.Queue[object]) -> None:
        stream = process.stdout
        assert stream is not None
        try:
            while len(sizes := stream.read(8)) == 8:
                header, body = struct.unpack(">II", sizes)
                if header + body > MOST_BYTES:
                    break
                answers.put((json.loads(stream.read(header)), stream.read(body)))
        except (OSError, ValueError):
            pass
        answers.put(None)
        stream.close()

    def ask(self, request: dict[str, object], seconds: float) -> tuple[dict[str, Any], bytes]:
        """Send a request and wait for its answer; StudentCodeError when the process dies, TookTooLong at
        the deadline."""
        assert self.process and self.process.stdin
        message = pickle.dumps(request)
        try:
            self.process.stdin.write(struct.pack(">I", len(message)) + message)
            self.process.stdin.flush()
            answer = self.answers.get(timeout=seconds)
        except queue.Empty:
            self.stop()
            raise TookTooLong(
                f"no result within {seconds:g} s, so the run was ended: does a loop never finish?"
            ) from None
        except OSError:
            answer = None
        if answer is None:
            self.stop()
            raise StudentCodeError("the process that ran it ended: does it call exit, or use very much memory?")
        return answer

    def stop(self) -> None:
        """End the process."""
        if self.process:
            self.process.kill()
            if self.process.stdin:
                try:
                    self.process.stdin.close()
                except OSError:
                    pass  # what was still to be written has no reader any more
            self.process.wait()
            self.process = None


_worker, _lock, _slots = Worker(), threading.Lock(), count()
atexit.register(lambda: _worker.stop())


@dataclass
class StudentOptimizer:
    """A student's class or `run_…` function, pickled by value, ready to be run on a problem."""

    code: Any
    is_class: bool
    slot: str = ""
    seconds_per_run: float = 0.01

    def __post_init__(self) -> None:
        import cloudpickle  # type: ignore[import-untyped]

        self.slot = f"{getattr(self.code, '__name__', 'code')}-{next(_slots)}"
        try:
            self.pickled: bytes | None = cloudpickle.dumps(self.code)
        except Exception as error:  # whatever the student's globals hold may refuse in its own way
            self.pickled, self.problem = None, f"it cannot be sent to a process of its own: {error}"[:300]

    def run(
        self, problem: Problem, jobs: Sequence[tuple[Sequence[float], Mapping[str, float]]], steps: int
    ) -> tuple[NDArray[np.float64], dict[int, str]]:
        """Run every (start, hyperparameters) within RUN_SECONDS: points (len(jobs), steps+1, 2) and messages by index.

        Raises StudentCodeError when nothing came back.
        """
        if self.pickled is None:
            raise StudentCodeError(self.problem)
        with _lock:
            _worker.start()
            if self.slot not in _worker.loaded:
                header, _ = _worker.ask({"what": "load", "slot": self.slot, "code": self.pickled}, START_SECONDS)
                if "failed" in header:
                    raise StudentCodeError(_explain(header["failed"]))
                _worker.loaded.add(self.slot)
            arguments = (self.is_class, problem, list(jobs), steps)
            header, body = _worker.ask({"what": "run", "slot": self.slot, "arguments": arguments}, RUN_SECONDS)
        if "failed" in header:
            raise StudentCodeError(_explain(header["failed"]))
        if len(body) != len(jobs) * (steps + 1) * 16:
            raise StudentCodeError("its process sent something that is not the points of the runs")
        points = np.frombuffer(body).reshape(len(jobs), steps + 1, 2)
        return points, {int(index): _explain(error) for index, error in header["errors"].items()}

    def sweep(
        self,
        problem: Problem,
        jobs: Sequence[tuple[Sequence[float], Mapping[str, float]]],
        steps: int,
        given_up: Callable[[], bool],
    ) -> NDArray[np.float64] | None:
        """Run many jobs in short chunks; None when `given_up()` says that nobody wants them any more."""
        size = max(1, min(64, int(CHUNK_SECONDS / max(self.seconds_per_run, 1e-6))))
        parts = []
        for first in range(0, len(jobs), size):
            if given_up():
                return None
            parts.append(self.run(problem, jobs[first : first + size], steps)[0])
        return np.concatenate(parts)


def _explain(error: Mapping[str, Any]) -> str:
    """A failed run's message, with the line of the student's cell when this process knows it."""
    line = linecache.getline(error["file"], error["line"]).strip() if error.get("file") and error.get("line") else ""
    return f"{error['message']} (line {error['line']}: {line})" if line else str(error["message"])
