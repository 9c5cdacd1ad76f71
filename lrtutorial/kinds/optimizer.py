"""Answers that are optimizer classes with ``.step(grads)`` (B1, B2): driven with gradients, watched step by step.

A probe is a dictionary::

    {"id": "long", "answer": "Adam", "params": [array, …], "kwargs": {"lr": 0.03, …}, "grads": [[array, …], …],
     "lr_at": {"6": 0.003}, "reuse": false, "twin": {"params": …, "kwargs": …, "grads": …}}

``grads[t]`` are the gradients of step t + 1, in the order of the parameters. ``lr_at`` sets ``optimizer.lr`` before
that step. With ``reuse`` the same gradient arrays are handed over at every step. A ``twin`` is a second optimizer of
the same class, stepped in turn with the first. The outcome is a *run*: the caller's parameters after every step.

``step.options``: ``says``: {probe id: what it tries, for the reader}.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lrtutorial.arrays import Malformed, pack, unpack
from lrtutorial.exercises import Step
from lrtutorial.expected import Expected, misconceptions
from lrtutorial.picture import two_curves
from lrtutorial.verdict import Line, Verdict

#: Rounding of one step of an optimizer, in units of the last place: some twenty roundings, and a margin.
ROUNDING = 64
Probe = Mapping[str, Any]
Run = Mapping[str, Any]


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: list[Probe]) -> dict[str, Any]:
    """Return one run for every probe, and what is wrong with an answer that is no class."""
    problems = {name: problem for name, answer in answers.items() if (problem := _not_a_class(name, answer))}
    runs = {
        probe["id"]: drive(answers[probe["answer"]], probe) for probe in probes if probe["answer"] not in problems
    }
    return {"kind": "optimizer", "problems": problems, "runs": runs}


def outcome_of(step: Step, evidence: Mapping[str, Any], probes: list[Probe]) -> dict[str, Any]:
    """Return the outcome that a catalogued answer's evidence holds: its run on every probe."""
    return evidence["runs"]


def _not_a_class(name: str, answer: object) -> dict[str, str] | None:
    if answer is ... or answer is None:
        return {"unfinished": f"{name} is still {'...' if answer is ... else 'None'}: define the class above."}
    if isinstance(answer, type):
        if not callable(getattr(answer, "step", None)):
            return {"unreadable": f"The class {name} has no method step(self, grads)."}
        return None
    if callable(getattr(answer, "step", None)):
        return {
            "unreadable": f"An object of class {type(answer).__name__} came, but the class itself was expected: "
            f"pass {name}, without parentheses. The check makes its own objects."
        }
    return {
        "unreadable": f"A class was expected for {name}, but {type(answer).__name__} came. "
        f"Define it as: class {name}: …, and pass {name} itself."
    }


def drive(optimizer_class: Callable[..., Any], probe: Probe) -> dict[str, Any]:
    """Run one probe on an optimizer class and return the run: ``{"trace": array (steps + 1, size), …}``.

    The trace holds the caller's own arrays, flattened and joined, so that a class that rebinds its parameters instead
    of changing them in place shows as one that doesn't move. ``touched`` is the first step that changed a gradient
    array of the caller. An exception ends the run and is described in ``error``; KeyboardInterrupt passes through.
    """
    pair = [probe, probe["twin"]] if probe.get("twin") else [probe]
    params = [[unpack(array) for array in one["params"]] for one in pair]
    grads = [[[unpack(array) for array in step] for step in one["grads"]] for one in pair]
    steps = len(grads[0])
    trace = [_flat(params)]
    run: dict[str, Any] = {"error": None, "touched": None}
    with _quiet():
        try:
            # The lists are copies: an optimizer may rebind its own list's items, the caller's arrays are what counts.
            optimizers = [
                optimizer_class(list(arrays), **one["kwargs"]) for arrays, one in zip(params, pair, strict=True)
            ]
            for t in range(steps):
                for optimizer, sequence in zip(optimizers, grads, strict=True):
                    if str(t) in probe.get("lr_at", {}):
                        optimizer.lr = probe["lr_at"][str(t)]
                    given = sequence[0 if probe.get("reuse") else t]
                    before = [array.copy() for array in given]
                    optimizer.step(given)
                    same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, given, strict=True))
                    if run["touched"] is None and not same:
                        run["touched"] = t + 1
                trace.append(_flat(params))
        except Exception as error:
            run["error"] = describe_error(error, at=len(trace) - 1)
    run["trace"] = pack(np.array(trace))
    return run


def _flat(params: list[list[np.ndarray]]) -> np.ndarray:
    return np.concatenate([array.ravel().astype(np.float64) for arrays in params for array in arrays])


@contextlib.contextmanager
def _quiet() -> Any:
    """Keep a student's prints and NumPy's warnings out of the verdict."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield


def describe_error(error: BaseException, at: int = 0) -> dict[str, Any]:
    """Return an exception as data: type, message, and the student's own line (the deepest one in a notebook cell)."""
    found: dict[str, Any] = {"type": type(error).__name__, "message": str(error)[:300], "at": at}
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "ipykernel" in frame.filename or frame.filename.startswith("<")]
    if own:
        line = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno or 0)
        found |= {"line": own[-1].lineno, "code": line.strip()[:200], "function": own[-1].name}
    return found


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, Any] | None = None) -> Verdict:
    """Compare every run with the reference's; name the misconception whose runs they are, or where they part."""
    lines = [Line(line.id, line.title, 0.0, line.points) for line in step.rubric]
    blank = Verdict(step.id, "wrong", "", tuple(lines))
    if not isinstance(evidence, dict) or evidence.get("kind") != "optimizer":
        return blank.with_no_points("failed", "No evidence came back from this answer.")
    problems = evidence.get("problems")
    runs = evidence.get("runs")
    if not isinstance(problems, dict) or not isinstance(runs, dict):
        return blank.with_no_points("failed", "The evidence can't be counted: it did not arrive whole.")
    probes = {probe["id"]: probe for probe in expected.probes}
    try:
        read = {key: read_run(runs[key], probe) for key, probe in probes.items() if key in runs}
    except Malformed as why:
        return blank.with_no_points("failed", f"The evidence can't be counted: {why}.")
    missing = [key for key, probe in probes.items() if key not in read and probe["answer"] not in problems]
    if missing:
        return blank.with_no_points("failed", "The evidence can't be counted: some runs are missing.")
    reference = {key: read_run(run, probes[key]) for key, run in expected.reference.items()}
    differences = {key: first_difference(run, reference[key], probes[key]) for key, run in read.items()}
    passed = {key for key, difference in differences.items() if difference is None}
    lines = [
        replace(line, earned=line.possible) if passed.issuperset(rubric.probes) else line
        for line, rubric in zip(lines, step.rubric, strict=True)
    ]
    checked = (
        "Checked on fresh inputs."
        if expected.secret
        else f"Checked on {len(probes)} runs. Grading repeats them with inputs nobody has seen."
    )
    verdict = replace(blank, lines=tuple(lines), checked=checked)
    if problems:
        (status, headline), *_ = next(iter(problems.values())).items()
        status = status if status in ("unfinished", "unreadable") else "unreadable"
        return replace(verdict, status=status, headline=str(headline)[:400], hint=f"This step asks for {step.asks}.")
    if len(passed) == len(probes):
        return replace(verdict, status="right", headline=f"This is {step.asks}.")
    status = "partly" if any(line.earned for line in lines) else "wrong"
    first = next(key for key in probes if differences[key] is not None)
    return _explain(step, replace(verdict, status=status), read, reference, probes, expected, first, differences)


def read_run(data: object, probe: Probe) -> dict[str, Any]:
    """Return a run with its trace as an array. Raises Malformed unless it has the form that the probe calls for."""
    if not isinstance(data, dict) or set(data) != {"trace", "error", "touched"}:
        raise Malformed("a run was expected")
    trace = unpack(data["trace"])
    pair = [probe, probe["twin"]] if probe.get("twin") else [probe]
    size = sum(int(np.prod(array["shape"], dtype=int)) for one in pair for array in one["params"])
    error, touched = data["error"], data["touched"]
    if trace.ndim != 2 or trace.dtype != np.float64 or trace.shape[1] != size or not 1 <= len(trace):
        raise Malformed("a run has the wrong shape")
    if error is not None and not (isinstance(error, dict) and isinstance(error.get("message"), str)):
        raise Malformed("an error is not described as one")
    if len(trace) != len(probe["grads"]) + 1 and error is None or len(trace) > len(probe["grads"]) + 1:
        raise Malformed("a run has the wrong number of steps")
    if touched is not None and not (isinstance(touched, int) and not isinstance(touched, bool)):
        raise Malformed("a run did not arrive whole")
    return {"trace": trace, "error": error, "touched": touched}


def tolerance(run: Run, probe: Probe) -> np.ndarray:
    """Return the absolute error that rounding may cause by each step, shape (steps + 1, 1).

    A step adds a few roundings relative to the largest parameter so far; they add up linearly at worst. The unit is
    that of the parameters' dtype (2⁻⁵² for float64, 2⁻²³ for float32).
    """
    epsilon = max(np.finfo(array["dtype"]).eps for array in probe["params"])
    largest = np.maximum.accumulate(np.abs(run["trace"]).max(axis=1, initial=1e-300))
    return (ROUNDING * epsilon * (np.arange(len(largest)) + 1) * largest)[:, None]


def first_difference(run: Run, reference: Run, probe: Probe) -> dict[str, Any] | None:
    """Return where a run parts from the reference: the step, parameter and entry, or what went wrong; None if not."""
    wanted = reference["trace"]
    got = run["trace"]
    n = min(len(got), len(wanted))
    with np.errstate(invalid="ignore"):
        off = ~(np.abs(got[:n] - wanted[:n]) <= tolerance(reference, probe)[:n])
    if off.any():
        step = int(off.any(axis=1).argmax())
        entry = int(off[step].argmax())
        return {"what": "number", "step": step, "entry": entry, "yours": got[step, entry], "right": wanted[step, entry]}
    if (run["error"] is None) != (reference["error"] is None):
        return {"what": "error", "step": len(got)}
    if run["touched"] != reference["touched"]:
        return {"what": "touched", "step": run["touched"]}
    return None


def same_run(run: Run, other: Run, probe: Probe) -> bool:
    """Say whether two runs are the same up to rounding, non-finite values and raised errors included."""
    if len(run["trace"]) != len(other["trace"]) or run["touched"] != other["touched"]:
        return False
    if (run["error"] or {}).get("type") != (other["error"] or {}).get("type"):
        return False
    a, b = run["trace"], other["trace"]
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(a - b) <= tolerance(other, probe)
    return bool(np.all(close | (np.isnan(a) & np.isnan(b)) | (a == b)))


def _explain(
    step: Step, verdict: Verdict, runs: Mapping[str, Run], reference: Mapping[str, Run], probes: Mapping[str, Probe],
    expected: Expected, first: str, differences: Mapping[str, Any],
) -> Verdict:  # fmt: skip
    error = next((run["error"] for run in runs.values() if run["error"]), None)
    words = misconceptions(step.id)
    for key, outcome in expected.outcomes().items():
        theirs = {probe: read_run(run, probes[probe]) for probe, run in outcome.items()}
        if all(same_run(runs[probe], theirs[probe], probes[probe]) for probe in theirs):
            verdict = replace(verdict, misconception=key, headline=f"{words[key].title}.", hint=words[key].hints[0])
            break
    else:
        if error:
            verdict = replace(verdict, headline=f"Your code raised {error.get('type')}: {error['message'][:200]}.")
        else:
            verdict = replace(verdict, headline=f"This is not {step.asks}.", hint=step.hints[0])
    if error and error.get("line"):
        place = f"line {error['line']} of your cell, in {error.get('function', '?')}: {error.get('code', '')}"
        verdict = replace(verdict, where=place[:300])
    if expected.secret:
        return verdict
    difference, probe = differences[first], probes[first]
    says = step.options["says"][first]
    if difference["what"] == "number":
        place = describe_entry(probe, difference["entry"])
        counterexample = (
            f"{says}: after step {difference['step']}, {place} is {difference['yours']:.10g} with your class; "
            f"{difference['right']:.10g} was expected."
        )
        column = difference["entry"]
        picture = two_curves(
            runs[first]["trace"][:, column], reference[first]["trace"][:, column], f"{place}, step by step"
        )
        return replace(verdict, counterexample=counterexample, picture=picture)
    if difference["what"] == "error":
        return replace(verdict, counterexample=f"{says}: it stopped at step {difference['step']}.")
    return replace(
        verdict,
        counterexample=f"{says}: step {difference['step']} changed the caller's gradient array, which must stay as it is.",
    )


def describe_entry(probe: Probe, entry: int) -> str:
    """Return which number of which parameter a column of the trace is: ``params[1][0, 2]``."""
    owners = [("", probe)] + ([("the second optimizer's ", probe["twin"])] if probe.get("twin") else [])
    for owner, one in owners:
        for i, array in enumerate(one["params"]):
            size = int(np.prod(array["shape"], dtype=int))
            if entry < size:
                index = ", ".join(str(int(n)) for n in np.unravel_index(entry, array["shape"])) if array["shape"] else ""
                return f"{owner}params[{i}]" + (f"[{index}]" if index else "")
            entry -= size
    raise IndexError(entry)
