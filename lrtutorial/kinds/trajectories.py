"""Answers that are functions which run an optimizer on f = x² + 10y² and draw it (B3).

A probe puts one question to one answer::

    {"id": "adam", "answer": "run_adam", "start": array (2,), "arguments": [0.1, 0.7, 0.95, 1e-8, 12]}
    {"id": "figure", "answer": "visualize_optimizers_2d", "runs": {"adam": array (51, 2), …}}

``arguments`` follow the start, in the order of the signature; the last is the number of steps. Optional keys:
``same_as`` compares with the answer's own run of another probe (integer starts against the same numbers as
floats); ``form`` compares only what surrounds the numbers: an array (steps + 1, 2) that begins with the
start and moves, and a start that is left as it was; ``drawn`` only records a run, for the figure to be
compared with.

The settings of a step are those of :class:`lrtutorial.kinds.Trajectories`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lrtutorial.arrays import Malformed, pack, unpack
from lrtutorial.expected import Expected, misconceptions
from lrtutorial.figures import figure_from, map_from, read_figure, read_map, watched
from lrtutorial.kinds import Trajectories
from lrtutorial.kinds.driven import (
    apart,
    checked_on,
    describe_error,
    does_nothing,
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

MAX_ROWS = 400
START, MINIMUM = np.array([5.0, 4.0]), np.zeros(2)
EPSILON = float(np.finfo(np.float64).eps)
DRAWN = 1e-6  #: how far a drawn point may lie from the point it stands for
Probe = Mapping[str, Any]


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: Sequence[Probe]) -> dict[str, Any]:
    """Return one run for every probe, and what is wrong with an answer that is no finished function."""
    problems = {name: problem for name, answer in answers.items() if (problem := _problem(name, answer))}
    runs: dict[str, Any] = {}
    for probe in probes:
        if probe["answer"] not in problems:
            function: Any = answers[probe["answer"]]
            runs[probe["id"]] = drive(function, probe) if "start" in probe else draw(function)
    return {"kind": "trajectories", "problems": problems, "runs": runs}


def outcome_of(step: Step, evidence: Mapping[str, Any], probes: Sequence[Probe]) -> dict[str, Any]:
    """Return the runs that are compared, without the words of errors; of the figure, what is missing in it."""
    by_id = {probe["id"]: probe for probe in probes}
    found: dict[str, Any] = {}
    for key, run in evidence["runs"].items():
        if "figures" in run:
            lines = _acceptable(step, evidence["runs"], by_id[key])
            found[key] = {"missing": missing_in(step, read_drawing(run), lines)}
        elif not by_id[key].get("drawn"):
            error = run["error"] and {"type": run["error"]["type"], "message": ""}
            found[key] = {**run, "error": error}
    return found


def _problem(name: str, answer: object) -> dict[str, str] | None:
    if answer is ... or answer is None:
        return {"unfinished": f"{name} is still {'...' if answer is ... else 'None'}: define the function above."}
    if not callable(answer):
        return {
            "unreadable": f"A function was expected for {name}, but {type(answer).__name__} came: "
            f"pass {name} itself, without calling it."
        }
    if does_nothing(answer):
        return {"unfinished": f"{name} does nothing yet: write its body."}
    return None


def drive(function: Callable[..., Any], probe: Probe) -> dict[str, Any]:
    """Run one probe on a function: ``{"trace": array or None, "type": name, "error", "touched": start
    changed}``.
    """
    start = unpack(probe["start"])
    before = start.copy()
    run: dict[str, Any] = {"trace": None, "type": "", "error": None, "touched": False}
    with quiet():
        try:
            result = function(start, *probe["arguments"])
            run["type"] = type(result).__name__[:80]
            values = np.asarray(result)
            if values.dtype.kind in "fiu" and values.ndim <= 2 and values.size <= 2 * MAX_ROWS:
                run["trace"] = pack(values.astype(np.float64))
        except (Exception, SystemExit) as error:
            run["error"] = describe_error(error)
    run["touched"] = not np.array_equal(before, start)
    return run


def draw(function: Callable[..., Any]) -> dict[str, Any]:
    """Call a drawing function and read the figures it makes; none is shown and none is left open."""
    run: dict[str, Any] = {"figures": [], "maps": [], "error": None}
    with quiet(), watched() as figures:
        try:
            function()
            for figure in figures[:4]:
                run["figures"].append(read_figure(figure))
                run["maps"].append(read_map(figure))
        except (Exception, SystemExit) as error:
            run["error"] = describe_error(error)
    return run


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: Any, expected: Expected, earlier: Mapping[str, Any] | None = None) -> Verdict:
    """Compare every run with the reference's; name the misconception whose runs they are, or what breaks first."""
    del earlier
    blank = Verdict.blank(step)
    probes = {probe["id"]: probe for probe in expected.probes}
    try:
        problems, runs = _read_evidence(step, evidence, probes)
    except Malformed as why:
        return blank.with_no_points("failed", f"The evidence can't be counted: {why}.")
    reference = {key: read_run(run) for key, run in expected.reference.items() if "missing" not in run}
    differences: dict[str, Any] = {}
    for key, run in runs.items():
        if "figures" in run:
            differences[key] = {"what": "figure", "missing": run["missing"]} if run["missing"] else None
        else:
            differences[key] = first_difference(run, reference.get(key), probes[key], runs)
    says, marked = Trajectories.of(step).says, []
    for line, rubric in zip(blank.lines, step.rubric, strict=True):
        failed = [key for key in rubric.probes if not _passes(key, runs, differences)]
        shown = failed and failed[0] in runs and says.get(failed[0])
        marked.append(
            replace(line, note=f"Not yet: {shown}" if shown else "") if failed else replace(line, earned=line.possible)
        )
    verdict = replace(blank, lines=tuple(marked), checked=checked_on(expected))
    if problems:
        return with_problem(step, verdict, problems)
    if not any(differences.values()):
        refused = any(run["error"] for run in runs.values())
        note = "Note: a start of integers is refused; start.astype(float) would allow it. It costs nothing here."
        return replace(verdict, status="right", headline=f"These are {step.asks}.", details=(note,) if refused else ())
    verdict = replace(verdict, status="partly" if verdict.points else "wrong")
    return _explain(step, verdict, runs, reference, probes, expected, differences)


def holds(answer: Any, expected: Expected) -> bool:
    """Run an answer and say whether every probe is as expected: no words are made. The figure isn't among these."""
    probes = {probe["id"]: probe for probe in expected.probes}
    runs = {key: read_run(drive(answer, probe)) for key, probe in probes.items()}
    reference = {key: run and read_run(run) for key, run in expected.reference.items()}
    return not any(first_difference(run, reference.get(key), probes[key], runs) for key, run in runs.items())


def _passes(name: str, runs: Mapping[str, Any], differences: Mapping[str, Any]) -> bool:
    """Say whether a rubric line's probe passes: a run's id, or ``figure:fact`` for one fact of the figure."""
    key, _, fact = name.partition(":")
    if key not in differences:
        return False
    return fact not in runs[key]["missing"] if fact else differences[key] is None


def _read_evidence(step: Step, evidence: object, probes: Mapping[str, Probe]) -> tuple[dict[str, Any], dict[str, Any]]:
    problems, runs = read_runs("trajectories", step, evidence, probes)
    read: dict[str, Any] = {key: read_run(runs[key]) for key in runs if "start" in probes[key]}
    for key in runs:
        if "start" not in probes[key]:
            drawing = read_drawing(runs[key])
            read[key] = {
                **drawing,
                "missing": missing_in(step, drawing, _acceptable(step, runs, probes[key])),
            }
    return problems, read


def _acceptable(step: Step, runs: Mapping[str, Any], figure: Probe) -> dict[str, list[np.ndarray]]:
    """Return the runs that a line of the figure may show, by the word that names the optimizer in its label."""
    found = {}
    for word, key in Trajectories.of(step).settings:
        own = read_run(runs[key])["trace"] if key in runs else None
        found[word] = [unpack(figure["runs"][word])] + ([] if own is None else [own])
    return found


def read_run(data: object) -> dict[str, Any]:
    """Return a run with its trace as an array, or None. Raises Malformed unless it has the form of a run."""
    if not isinstance(data, dict) or set(data) != {"trace", "type", "error", "touched"}:
        raise Malformed("a run was expected")
    trace = None if data["trace"] is None else unpack(data["trace"])
    if trace is not None and (trace.dtype != np.float64 or trace.ndim > 2 or trace.size > 2 * MAX_ROWS):
        raise Malformed("a run has the wrong shape")
    if not isinstance(data["type"], str) or not isinstance(data["touched"], bool):
        raise Malformed("a run did not arrive whole")
    return {**data, "trace": trace, "error": read_error(data["error"])}


def read_drawing(data: object) -> dict[str, Any]:
    """Return what a drawing function did, with arrays. Raises Malformed unless it has that form."""
    if not isinstance(data, dict) or set(data) != {"figures", "maps", "error"}:
        raise Malformed("a figure was expected")
    figures, maps = data["figures"], data["maps"]
    if not isinstance(figures, list) or not isinstance(maps, list) or not len(figures) == len(maps) <= 4:
        raise Malformed("figures did not arrive whole")
    return {
        "figures": [figure_from(figure) for figure in figures],
        "maps": [map_from(one) for one in maps],
        "error": read_error(data["error"]),
    }


# ------------------------------------------------------------------------------------------- the figure


def missing_in(step: Step, drawing: Mapping[str, Any], acceptable: Mapping[str, list[np.ndarray]]) -> list[str]:
    """Return which facts are missing in the drawing, in the order of ``Trajectories.of(step).figure``.

    The axes that hold most of the four runs are the ones that count. A line is an optimizer's when its label
    says the optimizer's name; it is right when it shows one of the acceptable runs.
    """
    facts = list(Trajectories.of(step).figure)
    if drawing["error"]:
        return facts
    pairs = [
        (axes, one)
        for figure, maps in zip(drawing["figures"], drawing["maps"], strict=True)
        for axes, one in zip(figure, maps, strict=True)
    ]
    if not pairs:
        return facts
    axes, one = max(pairs, key=lambda pair: (len(_named_lines(pair[0])), bool(pair[1]["contours"])))
    lines = _named_lines(axes)
    shown = " ".join(one["legend"]).lower()
    holds = {
        "labels": bool(axes["xlabel"].strip() and axes["ylabel"].strip()),
        "aspect": one["aspect"] in ("1.0", "equal"),
        "contours": bool(one["contours"] or one["filled"]),
        "bowl": _follow_the_bowl(one["contours"]),
        "names": len(lines) == 4 and all(word in shown for word in lines),
        "runs": len(lines) == 4 and all(_shows_one(line, acceptable[word]) for word, line in lines.items()),
        "start": _near(np.concatenate([one["marks"], one["begins"]]), START),
        "minimum": _near(one["marks"], MINIMUM),
    }
    return [fact for fact in facts if not holds[fact]]


def _named_lines(axes: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the lines whose labels name an optimizer. "SGD with momentum" is momentum's, so momentum goes
    first.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for word in ("momentum", "rmsprop", "adam", "sgd"):
        for line in axes["lines"]:
            if word in line["label"].lower() and len(line["x"]) > 2 and line not in found.values():
                found[word] = line
                break
    return found


def _shows_one(line: Mapping[str, Any], runs: Sequence[np.ndarray]) -> bool:
    points = np.stack([line["x"], line["y"]], axis=1)
    return any(
        run.shape == points.shape and np.allclose(points, run, rtol=0, atol=DRAWN, equal_nan=True) for run in runs
    )


def _follow_the_bowl(contours: Sequence[np.ndarray]) -> bool:
    """Say whether x² + 10y² is constant along each contour, up to what a coarse grid does to it."""
    levels = [points[:, 0] ** 2 + 10 * points[:, 1] ** 2 for points in contours if np.isfinite(points).all()]
    if not levels:
        return not contours  # filled contours alone hold no lines to follow
    top = max(float(level.mean()) for level in levels)
    return all(float(np.ptp(level)) <= 0.1 * float(level.mean()) + 0.02 * top for level in levels)


def _near(marks: np.ndarray, point: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return bool((np.abs(marks - point).max(axis=1, initial=0) <= DRAWN).any())


# ---------------------------------------------------------------------------------------------- compare


def first_difference(run: Any, reference: Any, probe: Probe, runs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return where a run parts from what was expected, or what is wrong with its form; None if nothing is."""
    steps, start = probe["arguments"][-1], unpack(probe["start"])
    if probe.get("drawn"):
        return None
    if run["error"]:
        if probe.get("same_as") and run["error"]["type"] == "UFuncTypeError":
            return None  # an honest pos = start.copy() refuses integers aloud; the verdict says so
        return {"what": "error"}
    if run["trace"] is None:
        return {"what": "nothing"}
    if probe.get("form"):
        return _form(run, steps, start)
    trace = run["trace"]
    other = runs.get(probe["same_as"], reference) if probe.get("same_as") else reference
    if other["trace"] is None or other["trace"].ndim != 2 or not len(other["trace"]):
        return {"what": "nothing"}
    wanted, skipped = other["trace"], 0
    if not probe.get("same_as"):
        trace, skipped = _upright(trace, steps)
        wanted = wanted[skipped:]
    elif _upright(trace, steps)[0].shape not in ((steps, 2), (steps + 1, 2)):
        return {"what": "shape", "shape": trace.shape, "wanted": (steps + 1, 2)}
    if trace.shape != wanted.shape:
        return {"what": "shape", "shape": trace.shape, "wanted": (steps + 1, 2)}
    with np.errstate(invalid="ignore"):
        off = ~((np.abs(trace - wanted) <= rounding(wanted, EPSILON)) | (np.isnan(trace) & np.isnan(wanted)))
    if not off.any():
        still = steps and probe.get("same_as") and np.array_equal(trace[-1], start)
        return {"what": "still"} if still else None
    row = int(off.any(axis=1).argmax())
    axis = int(off[row].argmax())
    return {
        "what": "number", "step": row + skipped, "axis": axis, "skipped": skipped,
        "yours": trace[row, axis], "right": wanted[row, axis],
    }  # fmt: skip


def _upright(trace: np.ndarray, steps: int) -> tuple[np.ndarray, int]:
    """Return a trace as rows of points, and how many rows it lacks at the start: form has a rubric line of its own."""
    if trace.ndim == 2 and trace.shape[0] == 2 and trace.shape[1] in (steps, steps + 1) and steps > 2:
        trace = trace.T
    return trace, int(steps > 0 and trace.shape == (steps, 2))


def _form(run: Any, steps: int, start: np.ndarray) -> dict[str, Any] | None:
    trace = run["trace"]
    if trace.shape != (steps + 1, 2):
        return {"what": "shape", "shape": trace.shape, "wanted": (steps + 1, 2)}
    if run["type"] != "ndarray":
        return {"what": "type", "type": run["type"]}
    if not np.array_equal(trace[0], start):
        return {"what": "row 0"}
    if steps and np.array_equal(trace[-1], start):
        return {"what": "still"}
    return {"what": "touched"} if run["touched"] else None


def same_run(run: Any, other: Any) -> bool:
    """Say whether two runs are the same up to rounding, form and raised errors included."""
    if "missing" in run or "missing" in other:
        return bool(run.get("missing") == other.get("missing"))
    if (run["error"] or {}).get("type") != (other["error"] or {}).get("type"):
        return False
    if run["type"] != other["type"] or run["touched"] != other["touched"]:
        return False
    a, b = run["trace"], other["trace"]
    if a is None or b is None:
        return a is b
    if a.shape != b.shape:
        return False
    rows = np.atleast_2d(b)
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(np.atleast_2d(a) - rows) <= rounding(rows, EPSILON)
    return bool(np.all(close | (np.isnan(a) & np.isnan(b)) | (a == b)))


# ---------------------------------------------------------------------------------------------- explain


def _explain(
    step: Step, verdict: Verdict, runs: Mapping[str, Any], reference: Mapping[str, Any],
    probes: Mapping[str, Probe], expected: Expected, differences: Mapping[str, Any],
) -> Verdict:  # fmt: skip
    """Say for each wrong answer which mistake it is; the first one fills headline, counterexample and hint."""
    wrong = list(dict.fromkeys(probes[key]["answer"] for key, found in differences.items() if found))
    words = misconceptions(step.id)
    told: dict[tuple[str | None, str, str], list[str]] = {}  # what is wrong: the answers that have it in common
    what: tuple[str | None, str, str]
    for answer in wrong:
        mine = {key: run for key, run in runs.items() if probes[key]["answer"] == answer}
        name = _named(mine, expected)
        if name:
            what = (name, f"{words[name].title}.", words[name].hints[0])
        else:
            what = (None, *diagnose(step, answer, mine, reference, probes, differences, expected.secret))
        told.setdefault(what, []).append(answer)
    (name, headline, hint), owners = next(iter(told.items()))
    details = tuple(f"{', '.join(others)}: {what[1]}" for what, others in list(told.items())[1:])
    verdict = replace(
        verdict, misconception=name, headline=f"{', '.join(owners)}: {headline}", hint=hint, details=details
    )
    failed = [key for key, found in differences.items() if found and probes[key]["answer"] == owners[0]]
    error = next((runs[key]["error"] for key in failed if runs[key]["error"]), None)
    verdict = replace(verdict, where=place_of(error))
    if expected.secret:
        return verdict
    return _counterexample(step, verdict, failed[0], runs, reference, probes[failed[0]], differences[failed[0]])


def _named(runs: Mapping[str, Any], expected: Expected) -> str | None:
    """Return the id of the misconception that shows itself in one answer's runs."""

    def read(outcome: Mapping[str, Any]) -> dict[str, Any]:
        return {key: outcome[key] if "missing" in outcome[key] else read_run(outcome[key]) for key in compared}

    compared = [key for key in runs if key in expected.reference]
    right = read(expected.reference)
    for key, outcome in expected.outcomes().items():
        theirs = read(outcome)
        if all(same_run(runs[name], theirs[name]) for name in compared):
            if not all(same_run(theirs[name], right[name]) for name in compared):
                return key
    return None


def diagnose(
    step: Step, answer: str, runs: Mapping[str, Any], reference: Mapping[str, Any],
    probes: Mapping[str, Probe], differences: Mapping[str, Any], secret: bool,
) -> tuple[str, str]:  # fmt: skip
    """Return headline and hint for a mistake that no catalogue lists: the first property that breaks."""
    failed = [key for key in runs if differences[key]]
    first, found = failed[0], differences[failed[0]]
    error = runs[first]["error"]
    if error:
        said = "" if secret else f": {error['message'][:200].rstrip('.')}"
        if error["type"] == "TypeError" and not error.get("line"):
            return f"It raised TypeError{said}.", f"It is called as {Trajectories.of(step).signatures[answer]}."
        return (
            f"It raised {error['type']}{said}.",
            "Call it by hand with start = np.array([5.0, 4.0]) and few steps.",
        )
    if found["what"] == "figure":
        if len(found["missing"]) == len(Trajectories.of(step).figure):
            return "No figure with the four runs was made.", step.hints[-1]
        lacks = "; ".join(Trajectories.of(step).figure[fact] for fact in found["missing"])
        return f"The figure lacks: {lacks}.", step.hints[-1]
    words = {
        "nothing": "It returns no array of numbers.",
        "shape": "It returns an array of the wrong shape.",
        "type": "It returns something that is not an array.",
        "row 0": "Row 0 of the result isn't the start.",
        "still": "The trajectory never leaves the start.",
        "touched": "It changes the caller's start.",
    }
    if found["what"] != "number":
        return words[
            found["what"]
        ], f"It should return an array of shape (steps + 1, 2): {Trajectories.of(step).signatures[answer]}."
    if not probes[first].get("same_as") and found["step"] == 1:
        return "The very first step is off.", step.hints[0]
    return Trajectories.of(step).breaks[first], step.hints[1]


def _counterexample(
    step: Step, verdict: Verdict, key: str, runs: Mapping[str, Any], reference: Mapping[str, Any],
    probe: Probe, found: Mapping[str, Any],
) -> Verdict:  # fmt: skip
    says = Trajectories.of(step).says
    if found["what"] == "figure":
        lacks = "; ".join(Trajectories.of(step).figure[fact] for fact in found["missing"])
        return replace(verdict, counterexample=f"The figure was read for eight things. Missing: {lacks}.")
    given = ", ".join(f"{value:g}" for value in probe["arguments"])
    start = ", ".join(f"{value:g}" for value in unpack(probe["start"]))
    call = f"{probe['answer']}(np.array([{start}]), {given})"
    if found["what"] != "number":
        what = {
            "error": "it raised an exception",
            "nothing": f"it returned {runs[key]['type'] or 'nothing'}",
            "shape": f"it returned shape {found.get('shape')}; {found.get('wanted')} was expected",
            "type": f"it returned {found.get('type')}; an array was expected",
            "row 0": "row 0 is not the start",
            "still": "the last point is the start",
            "touched": "the array passed as start was changed",
        }[found["what"]]
        return replace(verdict, counterexample=f"{says[key]}, {call}: {what}.")
    coordinate = "xy"[found["axis"]]
    yours, right = apart(found["yours"], found["right"])
    text = f"{says[key]}, {call}: after step {found['step']}, {coordinate} is {yours}; {right} was expected."
    other = runs[probe["same_as"]] if probe.get("same_as") else reference[key]
    skipped = 0
    drawn = runs[key]["trace"]
    if not probe.get("same_as"):
        drawn, skipped = _upright(drawn, probe["arguments"][-1])
    columns = drawn[:, found["axis"]], other["trace"][skipped:, found["axis"]]
    picture = two_curves(*columns, f"{probe['answer']}: {coordinate}, step by step")
    return replace(verdict, counterexample=text, picture=picture)
