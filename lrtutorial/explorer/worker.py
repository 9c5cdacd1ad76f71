"""The process that runs a student's code for the explorer, or edits of it for :mod:`lrtutorial.locating`: started
once, ended by its parent when a run takes too long.

It reads pickled requests from standard input and answers with a JSON header and raw float64 points, so the
parent unpickles nothing.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np

from lrtutorial.advice import name_of
from lrtutorial.explorer.recurrences import DIVERGED
from lrtutorial.problems import Problem

MEMORY_BYTES = 8 << 30  # address space; torch alone reserves several GB of it


class BrokenContract(Exception):
    """The optimizer ran but did something that its contract excludes; the message says what.

    No Advice: it never leaves this process, only its words do, to stand beside the run.
    """


def run_class(
    cls: Callable[..., Any], problem: Problem, start: Sequence[float], h: Mapping[str, float], steps: int
) -> Any:
    """Drive `Class([x], **h)` by `.step([gradient])`; the points (steps+1, 2), NaN once diverged."""
    params = [np.array(start, dtype=np.float64)]
    optimizer = cls(params, **h)
    points = np.full((steps + 1, 2), np.nan)
    points[0] = start
    moved = False
    for step in range(steps):
        gradient = problem.gradient(points[step], step)
        optimizer.step([gradient.copy()])
        points[step + 1] = checked_point(params[0], points[step], step + 1)
        moved = moved or bool(np.any(points[step + 1] != points[step])) or not gradient.any()
        if not np.all(np.abs(points[step + 1]) < DIVERGED):
            points[step + 1] = np.nan
            break
    if not moved:
        raise BrokenContract(
            f"x did not move in {steps} steps. Parameters are updated in place: `self.params[i] -= …`, "
            "not `self.params = …`"
        )
    return points


def checked_point(value: Any, before: np.ndarray, step: int) -> np.ndarray:
    """The parameter after a step as float64 (2,); BrokenContract when its shape changed or NaN came from nowhere."""
    if np.shape(value) != (2,):
        raise BrokenContract(f"after step {step} the parameter has shape {np.shape(value)}; it went in with shape (2,)")
    point = np.asarray(value, dtype=np.float64)
    if np.isnan(point).any() and np.all(np.abs(before) < DIVERGED):
        raise BrokenContract(f"step {step} made NaN out of x = ({before[0]:.4g}, {before[1]:.4g})")
    return point


def run_function(
    function: Callable[..., Any], start: Sequence[float], h: Mapping[str, float], steps: int
) -> np.ndarray:
    """Call `run_…(start, **h, steps=steps)`; the points (steps+1, 2), NaN once diverged."""
    result = function(start=np.array(start, dtype=np.float64), steps=steps, **h)
    if np.shape(result) != (steps + 1, 2):
        raise BrokenContract(
            f"expected an array of shape ({steps + 1}, 2), one row a step and the start first; got {np.shape(result)}"
        )
    points = np.array(result, dtype=np.float64)
    out = ~(np.abs(points) < DIVERGED).all(axis=1)
    first = int(np.argmax(out)) if out.any() else len(points)
    if first < len(points) and np.isnan(points[first]).any() and first and np.abs(points[first - 1]).max() < 1e3:
        raise BrokenContract(f"step {first} is NaN after x = ({points[first - 1][0]:.4g}, {points[first - 1][1]:.4g})")
    points[first:] = np.nan
    return points


def run_many(
    code: Any, is_class: bool, problem: Problem, jobs: Sequence[tuple[Any, ...]], steps: int
) -> tuple[dict[str, object], bytes]:
    """Run every (start, hyperparameters); a failed run is all NaN and leaves its message in the header
    under its index."""
    points = np.full((len(jobs), steps + 1, 2), np.nan)
    errors: dict[int, dict[str, object]] = {}
    for index, (start, h) in enumerate(jobs):
        try:
            run = run_class(code, problem, start, h, steps) if is_class else run_function(code, start, h, steps)
            points[index] = run
        except BrokenContract as error:
            errors[index] = {"message": str(error)}
        except BaseException as error:  # a student's SystemExit or KeyboardInterrupt is a failed run as well
            errors[index] = describe(error)
    return {"errors": errors, "count": len(jobs)}, points.tobytes()


def describe(error: BaseException) -> dict[str, object]:
    """An exception as plain data: its text, and the file and line of the innermost frame that is not a library's."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename != __file__ and "site-packages" not in f.filename]
    text = f"{name_of(error)}: {error}"[:300]
    return {
        "message": text,
        "file": own[-1].filename if own else None,
        "line": own[-1].lineno if own else None,
    }


def send(stream: BinaryIO, header: Mapping[str, object], body: bytes = b"") -> None:
    """Write one answer: two lengths, the header, the body."""
    text = json.dumps(header).encode()
    stream.write(struct.pack(">II", len(text), len(body)) + text + body)
    stream.flush()


def limit_resources() -> None:
    """Be nice, bound the memory, and end with the parent (where the system offers it)."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        os.nice(5)
    except (ImportError, OSError, ValueError):
        pass  # Windows, or a system that does not allow it: the parent's time limit still holds
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Serve requests until standard input closes."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # student prints and prompts go nowhere, least of all between two answers
        if descriptor == 0:
            requests = os.fdopen(os.dup(0), "rb")
        os.dup2(quiet, descriptor)
    limit_resources()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    loaded: dict[str, object] = {}
    while header := requests.read(4):
        (size,) = struct.unpack(">I", header)
        request = pickle.loads(requests.read(size))
        try:
            if request["what"] == "load":
                loaded[request["slot"]] = pickle.loads(request["code"])
                send(answers, {"loaded": True})
            elif request["what"] == "call":  # a function of ours that is to run where student code may
                module, _, name = request["function"].partition(":")
                function = getattr(import_module(module), name)
                send(answers, {"returned": function(**request["arguments"], space=pickle.loads(request["space"]))})
            else:
                send(answers, *run_many(loaded[request["slot"]], *request["arguments"]))
        except BaseException as error:
            send(answers, {"failed": describe(error)})


if __name__ == "__main__":
    main()
