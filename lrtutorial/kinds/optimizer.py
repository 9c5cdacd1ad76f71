"""Answers that are optimizer classes with ``.step(grads)`` (B1, B2): driven with gradients, watched step by
step.

A probe is a dictionary::

    {"id": "long", "answer": "Adam", "params": [array, …], "kwargs": {"lr": 0.03, …}, "grads": [[array, …], …],
     "after": 32, "lr_at": {"34": 0.003}, "reuse": true, "in_place": true,
     "twin": {"params": …, "kwargs": …, "grads": …}}

``grads[t]`` are the gradients of step t + 1, in the order of the parameters. Optional keys: ``after`` compares only how
far the parameters move after so many steps; ``lr_at`` sets ``optimizer.lr`` before that step (counted from 0); with
``reuse`` the same gradient arrays are handed over at every step and must stay as they are; with ``in_place`` the
caller's arrays themselves must move; a ``twin`` is a second optimizer of the same class, stepped in turn with the
first, and nothing may last beyond both. The outcome is a *run*: the parameters after every step, and what happened on
the way.

The settings of a step are those of :class:`lrtutorial.kinds.Optimizer`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lrtutorial.arrays import Malformed, pack, unpack
from lrtutorial.expected import Expected, misconceptions
from lrtutorial.kinds import Optimizer
from lrtutorial.kinds.driven import (
    apart,
    checked_on,
    describe_error,
    does_nothing,
    is_count,
    no_class,
    place_of,
    quiet,
    read_error,
    read_runs,
    rounding,
    with_problem,
)
from lrtutorial.picture import two_curves
from lrtutorial.steps import Step
from lrtutorial.verdict import Verdict

Probe = Mapping[str, Any]
Run = Mapping[str, Any]
_RUN_KEYS = {"trace", "error", "touched", "rebound", "lasting"}


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, Any], probes: list[Probe]) -> dict[str, Any]:
    """Return one run for every probe, and what is wrong with an answer that is no finished class."""
    problems = {name: problem for name, answer in answers.items() if (problem := _problem(name, answer))}
    runs = {probe["id"]: drive(answers[probe["answer"]], probe) for probe in probes if probe["answer"] not in problems}
    return {"kind": "optimizer", "problems": problems, "runs": runs}


def outcome_of(step: Step, evidence: Mapping[str, Any], probes: list[Probe]) -> dict[str, Any]:
    """Return the runs, without the words of errors (they may name a file)."""
    del step, probes
    kept = ("type", "at")
    return {
        key: {**run, "error": run["error"] and {name: run["error"][name] for name in kept} | {"message": ""}}
        for key, run in evidence["runs"].items()
    }


def _problem(name: str, answer: Any) -> dict[str, str] | None:
    if problem := no_class(name, answer, "step", "grads"):
        return problem
    if does_nothing(answer.step):
        return {"unfinished": f"{name}.step does nothing yet: write its body."}
    if "__init__" in vars(answer) and does_nothing(vars(answer)["__init__"]):
        return {"unfinished": f"{name}.__init__ does nothing yet: store there what step needs."}
    return None


def drive(optimizer_class: Callable[..., Any], probe: Probe) -> dict[str, Any]:
    """Run one probe on an optimizer class.

    Returns the run::

        {"trace": array (steps + 1 − after, size): the parameters after each step, flattened and joined,
         "error": an exception that ended it, or None,
         "touched": the first step that changed a gradient array of the caller, or None,
         "rebound": the first step that put another array into the list of parameters, or None,
         "lasting": whether something outlived the objects (asked of probes with a twin only)}

    KeyboardInterrupt passes through.
    """
    state = _class_state(optimizer_class) if probe.get("twin") else None
    with quiet():
        run = _drive_once(optimizer_class, probe)
        if state is not None:
            again = _drive_once(optimizer_class, probe)
            run["lasting"] = bool(state != _class_state(optimizer_class) or _differ(run["trace"], again["trace"]))
    after = min(probe.get("after", 0), len(run["trace"]) - 1)
    run["trace"] = pack(run["trace"][after:])
    return run


def _drive_once(optimizer_class: Callable[..., Any], probe: Probe) -> dict[str, Any]:
    pair = [probe, probe["twin"]] if probe.get("twin") else [probe]
    arrays = [[unpack(array) for array in one["params"]] for one in pair]
    grads = [[[unpack(array) for array in step] for step in one["grads"]] for one in pair]
    params = [list(own) for own in arrays]
    trace = [_flat(params, arrays)]
    run: dict[str, Any] = {"error": None, "touched": None, "rebound": None, "lasting": None}
    try:
        optimizers = [optimizer_class(own, **one["kwargs"]) for own, one in zip(params, pair, strict=True)]
        for t in range(len(grads[0])):
            for optimizer, sequence in zip(optimizers, grads, strict=True):
                if str(t) in probe.get("lr_at", {}):
                    optimizer.lr = probe["lr_at"][str(t)]
                given = sequence[0 if probe.get("reuse") else t]
                before = [array.copy() for array in given]
                optimizer.step(list(given))
                same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, given, strict=True))
                if run["touched"] is None and not same:
                    run["touched"] = t + 1
            trace.append(_flat(params, arrays))
            kept = all(a is b for own, held in zip(arrays, params, strict=True) for a, b in zip(own, held, strict=True))
            if run["rebound"] is None and not kept:
                run["rebound"] = t + 1
    except (Exception, SystemExit) as error:
        run["error"] = describe_error(error, at=len(trace) - 1)
    run["trace"] = np.array(trace)
    return run


def _flat(params: list[list[Any]], arrays: list[list[np.ndarray]]) -> np.ndarray:
    """Join what the lists of parameters hold now. Raises ValueError when a parameter has changed its shape."""
    parts = []
    for held, own in zip(params, arrays, strict=True):
        if len(held) != len(own):
            raise ValueError(f"the list of parameters had {len(own)} arrays and has {len(held)} now")
        for i, (now, was) in enumerate(zip(held, own, strict=True)):
            if np.shape(now) != was.shape:
                raise ValueError(f"params[{i}] had shape {was.shape} and has {np.shape(now)} now")
            parts.append(np.ravel(now).astype(np.float64))
    return np.concatenate(parts)


def _differ(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape != b.shape or not np.array_equal(a, b, equal_nan=True)


def _class_state(optimizer_class: Any) -> dict[str, str]:
    """Describe the data kept on the class, and in the default arguments of its methods: what objects would share."""
    found: dict[str, Any] = {}
    for owner in getattr(optimizer_class, "__mro__", (optimizer_class,))[:-1]:
        for name, value in vars(owner).items():
            if callable(value):
                found[f"{owner.__name__}.{name}()"] = getattr(value, "__defaults__", None)
            elif not name.startswith("__"):
                found[f"{owner.__name__}.{name}"] = value
    with np.printoptions(threshold=10_000, precision=17):
        return {name: repr(copy.copy(value))[:10_000] for name, value in found.items()}


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: Any, expected: Expected, earlier: Mapping[str, Any] | None = None) -> Verdict:
    """Compare every run with the reference's; name the misconception whose runs they are, or what breaks first."""
    del earlier
    blank = Verdict.blank(step)
    probes = {probe["id"]: probe for probe in expected.probes}
    try:
        problems, given = read_runs("optimizer", step, evidence, probes)
        runs = {key: read_run(run, probes[key]) for key, run in given.items()}
    except Malformed as why:
        return blank.with_no_points("failed", f"The evidence can't be counted: {why}.")
    reference = {key: read_run(run, probes[key]) for key, run in expected.reference.items()}
    differences = {key: first_difference(run, reference[key], probes[key]) for key, run in runs.items()}
    passed = {key for key, difference in differences.items() if difference is None}
    says = Optimizer.of(step).says
    marked = []
    for line, rubric in zip(blank.lines, step.rubric, strict=True):
        failed = [key for key in rubric.probes if key not in passed]
        # An answer that isn't there is named in the headline; a note for each of its probes would say no
        # more.
        note = f"Not yet: {says[failed[0]]}" if failed and failed[0] in runs else ""
        marked.append(replace(line, note=note) if failed else replace(line, earned=line.possible))
    verdict = replace(blank, lines=tuple(marked), checked=checked_on(expected))
    if problems:
        return with_problem(step, verdict, problems)
    if len(passed) == len(probes):
        details = (
            "Note: [:] can't assign to a 0-d array; [...] can. It costs nothing here.",
        ) if any(run["error"] for run in runs.values()) else ()  # fmt: skip
        return replace(verdict, status="right", headline=f"This is {step.asks}.", details=details)
    verdict = replace(verdict, status="partly" if verdict.points else "wrong")
    return _explain(step, verdict, runs, reference, probes, expected, differences)


def holds(answer: Any, expected: Expected) -> bool:
    """Run an answer and say whether every probe is as expected: no words are made. Raises what the answer raises."""
    for probe in expected.probes:
        run, reference = drive(answer, probe), read_run(expected.reference[probe["id"]], probe)
        if first_difference({**run, "trace": unpack(run["trace"])}, reference, probe):
            return False
    return True


def read_run(data: object, probe: Probe) -> dict[str, Any]:
    """Return a run with its trace as an array. Raises Malformed unless it has the form that the probe calls for."""
    if not isinstance(data, dict) or set(data) != _RUN_KEYS:
        raise Malformed("a run was expected")
    trace, error = unpack(data["trace"]), data["error"]
    pair = [probe, probe["twin"]] if probe.get("twin") else [probe]
    size = sum(int(np.prod(array["shape"], dtype=int)) for one in pair for array in one["params"])
    rows = len(probe["grads"]) - probe.get("after", 0) + 1
    if trace.ndim != 2 or trace.dtype != np.float64 or trace.shape[1] != size or not 1 <= len(trace) <= rows:
        raise Malformed("a run has the wrong shape")
    if len(trace) < rows and error is None:
        raise Malformed("a run has too few steps")
    error = read_error(error)
    counted = all(data[key] is None or is_count(data[key]) for key in ("touched", "rebound"))
    if not counted or data["lasting"] not in (None, True, False):
        raise Malformed("a run did not arrive whole")
    return {**data, "trace": trace, "error": error}


def moved(run: Run, probe: Probe) -> np.ndarray:
    """Return what is compared: the trace, or, for a probe with ``after``, how far it moves from its first row."""
    with np.errstate(invalid="ignore"):
        return run["trace"] - run["trace"][0] if probe.get("after") else run["trace"]


def tolerance(run: Run, probe: Probe) -> np.ndarray:
    """Return the absolute error that rounding may cause by each step, shape (rows, 1), in the parameters' dtype."""
    epsilon = max(np.finfo(array["dtype"]).eps for array in probe["params"])
    return rounding(run["trace"], epsilon, probe.get("after", 0))


def first_difference(run: Run, reference: Run, probe: Probe) -> dict[str, Any] | None:
    """Return where a run parts from the reference: the step and entry, or what went wrong otherwise; None if
    nowhere.
    """
    if run["error"] and run["error"]["type"] == "IndexError" and any(a["shape"] == [] for a in probe["params"]):
        return None  # params[i][:] = … is an honest style that 0-d arrays refuse; the verdict says so
    wanted, got = moved(reference, probe), moved(run, probe)
    n = min(len(got), len(wanted))
    with np.errstate(invalid="ignore"):
        off = ~(np.abs(got[:n] - wanted[:n]) <= tolerance(reference, probe)[:n])
    if off.any():
        row = int(off.any(axis=1).argmax())
        entry = int(off[row].argmax())
        step = row + probe.get("after", 0)
        return {
            "what": "number",
            "step": step,
            "entry": entry,
            "yours": got[row, entry],
            "right": wanted[row, entry],
        }
    if run["error"]:
        return {"what": "error", "step": len(got) + probe.get("after", 0)}
    if probe.get("in_place") and run["rebound"]:
        return {"what": "rebound", "step": run["rebound"]}
    if probe.get("reuse") and run["touched"]:
        return {"what": "touched", "step": run["touched"]}
    if probe.get("twin") and run["lasting"]:
        return {"what": "lasting", "step": 0}
    return None


def same_run(run: Run, other: Run, probe: Probe) -> bool:
    """Say whether two runs are the same up to rounding, non-finite values and raised errors included."""
    if any(run[key] != other[key] for key in ("touched", "rebound")) or len(run["trace"]) != len(other["trace"]):
        return False
    if (run["error"] or {}).get("type") != (other["error"] or {}).get("type"):
        return False
    a, b = moved(run, probe), moved(other, probe)
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(a - b) <= tolerance(other, probe)
    return bool(np.all(close | (np.isnan(a) & np.isnan(b)) | (a == b)))


def same_mistake(runs: Mapping[str, Run], theirs: Mapping[str, Run], probes: Mapping[str, Probe]) -> bool:
    """Say whether runs show a catalogued mistake.

    State that outlives its objects depends on what ran before, so there the fact itself is compared, not the
    numbers.
    """
    lasting = {any(run["lasting"] for run in both.values()) for both in (runs, theirs)}
    if True in lasting:
        return lasting == {True}
    return all(same_run(runs[key], theirs[key], probes[key]) for key in theirs)


# ---------------------------------------------------------------------------------------------- explain


def _explain(
    step: Step, verdict: Verdict, runs: Mapping[str, Run], reference: Mapping[str, Run],
    probes: Mapping[str, Probe], expected: Expected, differences: Mapping[str, Any],
) -> Verdict:  # fmt: skip
    """Say for each wrong answer which mistake it is; the first one fills headline, counterexample and hint."""
    wrong = list(dict.fromkeys(probes[key]["answer"] for key, found in differences.items() if found))
    words = misconceptions(step.id)
    told: list[tuple[str | None, str, str]] = []
    for answer in wrong:
        mine = {key: run for key, run in runs.items() if probes[key]["answer"] == answer}
        name = _named(mine, expected, {key: reference[key] for key in mine}, probes)
        if name:
            told.append((name, f"{words[name].title}.", words[name].hints[0]))
        else:
            told.append((None, *diagnose(step, answer, mine, reference, probes, differences, expected.secret)))
    name, headline, hint = told[0]
    if len(step.answers) > 1 and not headline.startswith(wrong[0]):
        headline = f"{wrong[0]}: {headline}"
    details = tuple(f"{answer}: {more[1]}" for answer, more in zip(wrong[1:], told[1:], strict=True))
    verdict = replace(verdict, misconception=name, headline=headline, hint=hint, details=details)
    failed = [key for key, found in differences.items() if found and probes[key]["answer"] == wrong[0]]
    error = next((runs[key]["error"] for key in failed if runs[key]["error"]), None)
    verdict = replace(verdict, where=place_of(error))
    if expected.secret:
        return verdict
    return _counterexample(step, verdict, failed[0], runs, reference, probes, differences[failed[0]])


def _named(
    runs: Mapping[str, Run], expected: Expected, reference: Mapping[str, Run], probes: Mapping[str, Probe]
) -> str | None:
    """Return the id of the misconception that shows itself in one answer's runs."""
    for key, outcome in expected.outcomes().items():
        theirs = {probe: read_run(outcome[probe], probes[probe]) for probe in runs}
        if same_mistake(runs, theirs, probes) and not same_mistake(theirs, reference, probes):
            return key
    return None


def diagnose(
    step: Step, answer: str, runs: Mapping[str, Run], reference: Mapping[str, Run],
    probes: Mapping[str, Probe], differences: Mapping[str, Any], secret: bool,
) -> tuple[str, str]:  # fmt: skip
    """Return headline and hint for a mistake that no catalogue lists: the first property that breaks.

    The runs come in the order of what builds on what: the first step's size, memory, then the rest.
    """
    failed = [key for key in runs if differences[key]]
    error = runs[failed[0]]["error"]
    if error:
        raised = f"{answer} raised {error['type']}"
        headline = f"{raised}." if secret else f"{raised}: {error['message'][:200].rstrip('.')}."
        if error["type"] == "TypeError" and not error.get("line"):
            called = Optimizer.of(step).signatures[answer]
            return headline, f"The check calls it as {called}, then optimizer.step(grads)."
        return (
            headline,
            "Make a few small arrays, one of shape (2,), one of (2, 2), and step them by hand: where does it fail?",
        )
    if all(np.ptp(run["trace"], axis=0).max(initial=0) == 0 for run in runs.values()):
        return (
            f"{answer} never moves the arrays it was given.",
            "Which line of step changes an array of self.params?",
        )
    first = next(iter(runs))
    breaks = Optimizer.of(step).breaks
    if failed[0] != first:
        return breaks[failed[0]], step.hints[1]
    return _first_step(runs[first], reference[first], probes[first]) or (breaks[first], step.hints[0])


def _first_step(run: Run, reference: Run, probe: Probe) -> tuple[str, str] | None:
    """Say what a first step that differs has to do with the right one, or with the gradient."""
    if len(run["trace"]) < 2 or probe.get("twin"):
        return None
    ours, right = (one["trace"][1] - one["trace"][0] for one in (run, reference))
    slope = np.concatenate([unpack(array).ravel() for array in probe["grads"][0]])
    with np.errstate(all="ignore"):
        ratio, growth, wanted = ours / right, ours / slope, right / slope

    def even(values: np.ndarray) -> bool:
        return bool(np.isfinite(values).all() and np.ptp(values) <= 1e-6 * np.abs(values).max())

    if even(ratio) and ratio[0] < 0:
        return "The first step goes uphill.", "Take x > 0 with a positive gradient. Which way is down?"
    if even(ratio):
        size = "too long" if ratio[0] > 1 else "too short"
        return (
            f"The first step points the right way but is {size}, by the factor {ratio[0]:.4g}.",
            "Work out the first step on paper, from the state that __init__ leaves. Where does this factor come from?",
        )
    if even(growth) and not even(wanted):
        return (
            "The first step grows with the gradient: scale invariance is broken.",
            "Multiply all gradients by 1000: the first step should stay the same. Which line divides by their size?",
        )
    return None


def _counterexample(
    step: Step, verdict: Verdict, key: str, runs: Mapping[str, Run], reference: Mapping[str, Run],
    probes: Mapping[str, Probe], difference: Mapping[str, Any],
) -> Verdict:  # fmt: skip
    probe, says = probes[key], Optimizer.of(step).says[key]
    if difference["what"] == "number":
        place = describe_entry(probe, difference["entry"])
        after = f" (counted from step {probe['after']})" if probe.get("after") else ""
        yours, right = apart(difference["yours"], difference["right"])
        text = (
            f"{says}: after step {difference['step']}, {place} {'has moved by' if after else 'is'} {yours} "
            f"with your class{after}; {right} was expected."
        )
        mine, right_one = (moved(one[key], probe)[:, difference["entry"]] for one in (runs, reference))
        picture = two_curves(mine, right_one, f"{place}, step by step")
        return replace(verdict, counterexample=text, picture=picture)
    what = {
        "error": f"it stopped at step {difference['step']}.",
        "rebound": f"step {difference['step']} put a new array in the place of the caller's.",
        "touched": f"step {difference['step']} changed the caller's gradient array; it must stay as it is.",
        "lasting": "repeated with new objects, it started from what the first ones had left behind.",
    }[difference["what"]]
    return replace(verdict, counterexample=f"{says}: {what}")


def describe_entry(probe: Probe, entry: int) -> str:
    """Return which number of which parameter a column of the trace is: ``params[1][0, 2]``."""
    owners = [("", probe)] + ([("the second optimizer's ", probe["twin"])] if probe.get("twin") else [])
    for owner, one in owners:
        for i, array in enumerate(one["params"]):
            size = int(np.prod(array["shape"], dtype=int))
            if entry < size:
                index = (
                    ", ".join(str(int(n)) for n in np.unravel_index(entry, array["shape"])) if array["shape"] else ""
                )
                return f"{owner}params[{i}]" + (f"[{index}]" if index else "")
            entry -= size
    raise IndexError(entry)
