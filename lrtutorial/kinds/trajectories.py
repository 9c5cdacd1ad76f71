"""Answers that are functions which run an optimizer on a bowl, f = p·x² + q·y², and draw it.

A probe puts one question to one answer::

    {"id": "adam", "answer": "run_adam", "start": array (2,), "arguments": [0.1, 0.7, 0.95, 1e-8, 12]}
    {"id": "figure", "answer": "visualize_optimizers_2d", "runs": {"adam": array (51, 2), …}}

``arguments`` follow the start, in the order of the signature; the last is the number of steps. Optional keys:
``same_as`` compares with the answer's own run of another probe (integer starts against the same numbers as floats);
``form`` compares only what surrounds the numbers: an array (steps + 1, 2) that begins with the start and moves, and a
start that is left as it was; ``drawn`` only records a run, for the figure to be compared with.

The settings of a step are those of :class:`lrtutorial.kinds.Trajectories`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from lrtutorial.answers.arrays import Malformed, pack, unpack
from lrtutorial.course.exercise import Evidence, RubricLine, Step
from lrtutorial.course.expected import Expected, misconceptions
from lrtutorial.figures import watched
from lrtutorial.figures.reading import figure_from, map_from, read_figure, read_map
from lrtutorial.kinds import Bowl, Model, Trajectories
from lrtutorial.kinds.crashes import crash_of, with_crash
from lrtutorial.kinds.driven import (
    Differences,
    Error,
    Found,
    Probe,
    Run,
    absent,
    apart,
    checked_on,
    describe_error,
    does_nothing,
    met_by,
    quiet,
    read_error,
    read_runs,
    rounding,
    together,
    with_problem,
)
from lrtutorial.kinds.outlasting import afresh, as_new
from lrtutorial.kinds.variants import Bank, Variant, explained, on_a_bowl
from lrtutorial.verdict import Verdict
from lrtutorial.verdict.picture import two_curves

MAX_ROWS = 400
MINIMUM = np.zeros(2)
EPSILON = float(np.finfo(np.float64).eps)
SINGLE = float(np.finfo(np.float32).eps)
FLAGS = ("touched", "divided", "lasting")  #: what a run says beside its points
DRAWN = 1e-6  #: how far a drawn point may lie from the point it stands for


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: Sequence[Probe]) -> dict[str, object]:
    """Return one run for every probe, and what is wrong with an answer that is no finished function."""
    problems = absent(step, answers)
    problems |= {name: problem for name, answer in answers.items() if (problem := _problem(name, answer))}
    runs: dict[str, Run] = {}
    fresh = [as_new(answer) for name, answer in answers.items() if name not in problems]
    for probe in [*probes, None]:
        # all of them: a drawing calls the others, and after the last probe the cell is as it was
        for put_back in fresh:
            put_back()
        if probe and probe["answer"] not in problems:
            function: Any = answers[probe["answer"]]
            runs[probe["id"]] = (
                drive(function, probe) if "start" in probe else _drawn(step, function, probe, problems, runs)
            )
    return {"kind": "trajectories", "problems": problems, "runs": runs}


def outcome_of(step: Step, evidence: Evidence, probes: Sequence[Probe]) -> Evidence:
    """Return the runs that are compared, without the words of errors; of the figure, what is missing in it."""
    by_id = {probe["id"]: probe for probe in probes}
    found: Evidence = {}
    for key, run in evidence["runs"].items():
        if "figures" in run:
            lines = _acceptable(step, evidence["runs"], by_id[key])
            found[key] = {"missing": missing_in(step, read_drawing(run), lines)}
        elif not by_id[key].get("drawn"):
            error = run["error"] and {"type": run["error"]["type"], "message": ""}
            found[key] = {**run, "error": error, "divided": False}
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


def drive(function: Callable[..., object], probe: Probe) -> Run:
    """Run one probe on a function: ``{"trace": array or None, "type": name, "error", "touched": start changed,
    "divided": NumPy divided by zero, "lasting": called again, it gives other points (asked of ``form`` only)}``.
    """
    run = _call_once(function, probe)
    if probe.get("form") and not run["error"] and run["trace"] is not None:
        again = _call_once(function, probe)["trace"]
        run["lasting"] = again is None or not np.array_equal(unpack(run["trace"]), unpack(again), equal_nan=True)
    return run


def _call_once(function: Callable[..., object], probe: Probe) -> Run:
    start = unpack(probe["start"])
    before = start.copy()
    run: Run = {"trace": None, "type": "", "error": None, "touched": False, "divided": False, "lasting": False}

    def noticed(kind: str, _: int) -> None:
        run["divided"] = run["divided"] or kind.startswith("divide")

    with quiet():
        try:
            with np.errstate(divide="call", call=noticed):
                result = function(start, *probe["arguments"])
            run["type"] = type(result).__name__[:80]
        except (Exception, SystemExit) as error:
            run["error"] = describe_error(error)
        with contextlib.suppress(Exception):  # what came back is no array of numbers
            values = np.asarray(None if run["error"] else result)
            if values.dtype.kind in "fiu" and values.ndim <= 2 and values.size <= 2 * MAX_ROWS:
                run["trace"] = pack(values.astype(np.float64))
    run["touched"] = not np.array_equal(before, start)
    return run


def _drawn(step: Step, function: Any, probe: Probe, problems: Mapping[str, Any], runs: Mapping[str, Run]) -> Run:
    """Draw, and once more with what the drawing builds on made good, where that is broken and the figure shows it.

    A drawing is judged by its own lines: a run that crashes, gives no array or moves the start is another function's
    fault.
    """

    def lacks(run: Run) -> int:
        return len(missing_in(step, read_drawing(run), _acceptable(step, runs, probe))) + bool(run["error"])

    drawing = draw(function)
    names, kind = getattr(function, "__globals__", {}), Trajectories.of(step)
    broken = [
        f"run_{word}"
        for word, key in kind.settings
        if _breaks_drawings(runs.get(key), unpack(probe["runs"][word]).shape)
    ]
    broken = [name for name in broken if name in names and (name not in problems or "unfinished" in problems[name])]
    if broken and lacks(drawing):
        own = {name: names[name] for name in broken}
        names.update({name: _made_good(kind.models[name], kind.bowl) for name in broken})
        try:
            helped = draw(function)
        finally:
            names.update(own)
        if lacks(helped) < lacks(drawing):
            return {**helped, "helped": broken}
    return drawing


def _breaks_drawings(run: Run | None, shape: tuple[int, ...]) -> bool:
    """Whether a figure can't be drawn of what a function does at the figure's rates; None: it does nothing yet."""
    if run is None or run["error"] or run["touched"] or run["type"] != "ndarray" or run["trace"] is None:
        return True
    return unpack(run["trace"]).shape != shape


def _made_good(model: Model, bowl: Bowl) -> Callable[..., np.ndarray]:
    """Return what stands in for a run that is broken, while a figure is drawn."""
    names = ("start", *model.arguments, "steps")

    def run(*values: Any, **more: Any) -> np.ndarray:
        given = dict(zip(names, values, strict=False)) | more
        start, *rest = (given[name] for name in names)
        probe = {"start": pack(np.array(start, dtype=float)), "arguments": rest}
        points: np.ndarray = simulate(model, bowl, probe, [()])[0]
        return points

    return run


def draw(function: Callable[..., object]) -> Run:
    """Call a drawing function and read the figures it makes; none is shown and none is left open."""
    run: Run = {"figures": [], "maps": [], "error": None, "helped": []}
    with quiet(), watched() as figures:
        try:
            function()
        except (Exception, SystemExit) as error:
            run["error"] = describe_error(error)
        with contextlib.suppress(Exception):  # a figure that can't be read shows nothing
            for figure in figures[:4]:  # what was drawn before an error counts
                run["figures"].append(read_figure(figure))
                run["maps"].append(read_map(figure))
        run["maps"], run["figures"] = (run[key][: len(run["maps"])] for key in ("maps", "figures"))
    return run


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object] | None = None) -> Verdict:
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
            differences[key] = {"what": "figure", "missing": run["missing"]} if run["missing"] or run["error"] else None
        else:
            differences[key] = first_difference(run, reference.get(key), probes[key], runs)
    found = {}
    for answer in dict.fromkeys(probes[key]["answer"] for key, difference in differences.items() if difference):
        mine = {key: run for key, run in runs.items() if probes[key]["answer"] == answer}
        found[answer] = find(step, answer, mine, reference, probes, differences)
    lost = _lost(step, found, probes, differences)
    says, marked = Trajectories.of(step).says, []
    for line, rubric in zip(blank.lines, step.rubric, strict=True):
        failed = [key for key in rubric.probes if not _passes(key, runs, differences)]
        broken = rubric.id in lost or not _seen(rubric, probes, runs, differences)
        broken = broken or any(":" in key for key in failed)
        if not failed and _says_nothing(rubric, found, probes, differences):
            marked.append(line)
            continue
        shown = failed and failed[0] in runs and says.get(failed[0])
        marked.append(
            replace(line, note=f"Not yet: {shown}" if shown else "")
            if failed and broken
            else replace(line, earned=line.possible)
        )
    verdict = replace(blank, lines=tuple(marked), checked=checked_on(expected))
    wrong = any(differences.values())
    if not wrong and not problems:
        refused = any(run["error"] for run in runs.values())
        note = "Note: a start of integers is refused; start.astype(float) would allow it. It costs nothing here."
        return replace(verdict, status="right", headline=f"These are {step.asks}.", details=(note,) if refused else ())
    verdict = replace(verdict, status="partly" if verdict.points else "wrong")
    if wrong:
        verdict = _explain(step, verdict, found, runs, reference, probes, expected, differences)
    helped = [name for run in runs.values() for name in run.get("helped", ())]
    if helped:
        note = f"The figure is judged with {', '.join(helped)} made good."
        verdict = replace(verdict, details=(*verdict.details, note))
    return with_problem(step, verdict, problems, failed=wrong) if problems else verdict


def holds(answer: Callable[..., object], expected: Expected) -> bool:
    """Run an answer and say whether every probe is as expected: no words are made. The figure isn't among these."""
    probes = {probe["id"]: probe for probe in expected.probes}
    runs = {}
    for key, probe in probes.items():
        with afresh(answer):
            runs[key] = read_run(drive(answer, probe))
    reference = {key: run and read_run(run) for key, run in expected.reference.items()}
    return not any(first_difference(run, reference.get(key), probes[key], runs) for key, run in runs.items())


def sieve(expected: Expected) -> Callable[[Callable[..., object]], bool] | None:
    """Return a quick test of an answer on the last of these probes: where it is False, no full check holds.

    It raises what the answer raises. None where a run shows more than numbers.
    """
    probe = expected.probes[-1]
    if "start" not in probe or probe.get("same_as") or probe.get("drawn"):
        return None
    start, wanted = unpack(probe["start"]), read_run(expected.reference[probe["id"]])["trace"]
    slack = np.full((len(wanted), 1), np.inf) if probe.get("form") else rounding(wanted, EPSILON)
    slack[0] = 0

    def passes(function: Callable[..., object]) -> bool:
        with afresh(function):
            trace = np.asarray(function(start.copy(), *probe["arguments"]))
        return trace.shape == wanted.shape and bool((np.abs(trace - wanted) <= slack).all())

    return passes


def _seen(line: RubricLine, probes: Mapping[str, Probe], runs: Mapping[str, Run], differences: Differences) -> bool:
    """Say whether a line's probes ran; one that several functions share is seen when half of them show that it holds.

    So a function that crashes, or isn't written yet, costs its own line and not those of the others.
    """
    keys = [name.partition(":")[0] for name in line.probes]
    owners = {probes[key]["answer"] for key in keys}
    if len(owners) == 1:
        return all(key in runs for key in keys)
    failed = {probes[key]["answer"] for key in keys if not _passes(key, runs, differences)}
    return 2 * len(failed) <= len(owners)


def _says_nothing(
    line: RubricLine, found: Mapping[str, Finding], probes: Mapping[str, Probe], differences: Differences
) -> bool:
    """Say whether runs that equal the answer's own others show nothing.

    That is so when none of its functions begins at its start, or each gives one shape however many steps are asked for.
    """
    keys = [name for name in line.probes if name in probes]
    if not keys or not all(probes[key].get("same_as") for key in keys):
        return False
    astray = {probes[key]["answer"] for key, one in differences.items() if one and one.get("step") == 0}
    shapes: dict[str, set[tuple[object, object]]] = {}
    for key, one in differences.items():
        if one and one["what"] == "shape":
            shapes.setdefault(probes[key]["answer"], set()).add((one["shape"], one["wanted"]))
    astray |= {name for name, seen in shapes.items() if len(seen) > 1 and len({given for given, _ in seen}) == 1}
    return all((name := probes[key]["answer"]) in astray and found[name].unexplained for key in keys)


def _passes(name: str, runs: Mapping[str, Run], differences: Differences) -> bool:
    """Say whether a rubric line's probe passes: a run's id, or ``figure:fact`` for one fact of the figure."""
    key, _, fact = name.partition(":")
    if key not in differences:
        return False
    return fact not in runs[key]["missing"] if fact else differences[key] is None


def _read_evidence(
    step: Step, evidence: object, probes: Mapping[str, Probe]
) -> tuple[dict[str, dict[str, str]], dict[str, Run]]:
    problems, runs = read_runs("trajectories", step, evidence, probes)
    read: dict[str, Run] = {key: read_run(runs[key]) for key in runs if "start" in probes[key]}
    for key in runs:
        if "start" not in probes[key]:
            drawing = read_drawing(runs[key])
            read[key] = {
                **drawing,
                "missing": missing_in(step, drawing, _acceptable(step, runs, probes[key])),
            }
    return problems, read


def _acceptable(step: Step, runs: Mapping[str, Run], figure: Probe) -> dict[str, list[np.ndarray]]:
    """Return the runs that a line of the figure may show, by the word that names the optimizer in its label."""
    found = {}
    for word, key in Trajectories.of(step).settings:
        own = read_run(runs[key])["trace"] if key in runs else None
        found[word] = [unpack(figure["runs"][word])] + ([] if own is None else [own])
    return found


def read_run(data: object) -> Run:
    """Return a run with its trace as an array, or None. Raises Malformed unless it has the form of a run."""
    if not isinstance(data, dict) or set(data) != {"trace", "type", "error", *FLAGS}:
        raise Malformed("a run was expected")
    trace = None if data["trace"] is None else unpack(data["trace"])
    if trace is not None and (trace.dtype != np.float64 or trace.ndim > 2 or trace.size > 2 * MAX_ROWS):
        raise Malformed("a run has the wrong shape")
    if not isinstance(data["type"], str) or not all(isinstance(data[key], bool) for key in FLAGS):
        raise Malformed("a run did not arrive whole")
    return {**data, "trace": trace, "error": read_error(data["error"])}


def read_drawing(data: object) -> dict[str, object]:
    """Return what a drawing function did, with arrays. Raises Malformed unless it has that form."""
    if not isinstance(data, dict) or set(data) != {"figures", "maps", "error", "helped"}:
        raise Malformed("a figure was expected")
    figures, maps, helped = data["figures"], data["maps"], data["helped"]
    if not isinstance(figures, list) or not isinstance(maps, list) or not len(figures) == len(maps) <= 4:
        raise Malformed("figures did not arrive whole")
    if not isinstance(helped, list) or not all(isinstance(name, str) and len(name) <= 60 for name in helped):
        raise Malformed("figures did not arrive whole")
    return {
        "figures": [figure_from(figure) for figure in figures],
        "maps": [map_from(one) for one in maps],
        "error": read_error(data["error"]),
        "helped": helped,
    }


# ------------------------------------------------------------------------------------------- the figure


def missing_in(step: Step, drawing: Run, acceptable: Mapping[str, list[np.ndarray]]) -> list[str]:
    """Return which facts are missing in the drawing, in the order of ``Trajectories.of(step).figure``.

    The axes that hold most of the four runs count; of several, those that lack least. A line is an optimizer's when
    its label says the optimizer's name; it is right when it shows one of the acceptable runs.
    """
    kind = Trajectories.of(step)
    facts = list(kind.figure)
    pairs = [
        (axes, one)
        for figure, maps in zip(drawing["figures"], drawing["maps"], strict=True)
        for axes, one in zip(figure, maps, strict=True)
    ]
    if not pairs:
        return facts
    most = max(len(_named_lines(axes)) for axes, _ in pairs)
    lacking = [
        _lacks(facts, kind.bowl, axes, one, acceptable) for axes, one in pairs if len(_named_lines(axes)) == most
    ]
    return min(lacking, key=len)


def _lacks(facts: list[str], bowl: Bowl, axes: Run, one: Run, acceptable: Mapping[str, list[np.ndarray]]) -> list[str]:
    """Return which facts are missing in one picture."""
    lines = _named_lines(axes)
    shown = " ".join(one["legend"]).lower()
    start = np.array(bowl.start)
    holds = {
        "labels": bool(axes["xlabel"].strip() and axes["ylabel"].strip()),
        "aspect": one["aspect"] in ("1.0", "equal"),
        "contours": bool(one["contours"] or one["filled"]),
        "bowl": _follow(bowl, one["contours"]) and _bands_of(bowl, one["bands"]),
        "names": len(lines) == 4 and all(word in shown for word in lines),
        "runs": len(lines) == 4 and all(_shows_one(line, acceptable[word]) for word, line in lines.items()),
        "start": _near(one["marks"], start) or (_near(one["begins"], start) and not _stray(one["marks"], start, lines)),
        "minimum": _near(one["marks"], MINIMUM),
    }
    return [fact for fact in facts if not holds[fact]]


def _named_lines(axes: Run) -> dict[str, Run]:
    """Return the lines whose labels name an optimizer.

    "SGD with momentum" is momentum's, so momentum goes first.
    """
    found: dict[str, Run] = {}
    for word in ("momentum", "rmsprop", "adam", "sgd"):
        for line in axes["lines"]:
            if word in line["label"].lower() and len(line["x"]) > 2 and line not in found.values():
                found[word] = line
                break
    return found


def _shows_one(line: Run, runs: Sequence[np.ndarray]) -> bool:
    points = np.stack([line["x"], line["y"]], axis=1)
    return any(
        run.shape == points.shape and np.allclose(points, run, rtol=0, atol=DRAWN, equal_nan=True) for run in runs
    )


def _heights(bowl: Bowl, points: np.ndarray) -> np.ndarray:
    p, q = bowl.factors
    heights: np.ndarray = p * points[:, 0] ** 2 + q * points[:, 1] ** 2
    return heights


def _follow(bowl: Bowl, contours: Sequence[np.ndarray]) -> bool:
    """Say whether the bowl is as high all along each contour, up to what a coarse grid does to it."""
    levels = [_heights(bowl, points) for points in contours if np.isfinite(points).all()]
    if not levels:
        return not contours  # filled contours alone hold no lines to follow
    top = max(float(level.mean()) for level in levels)
    return all(float(np.ptp(level)) <= 0.1 * float(level.mean()) + 0.02 * top for level in levels)


def _bands_of(bowl: Bowl, bands: Sequence[np.ndarray]) -> bool:
    """Say whether filled bands lie one outside the other in the bowl, up to what a coarse grid does to them."""
    levels = [_heights(bowl, points) for points in bands if len(points)]
    if len(levels) < 3:
        return True
    top = max(float(level.max()) for level in levels)
    return all(float(b.min()) >= float(a.max()) - 0.05 * top for a, b in pairwise(levels))


def _stray(marks: np.ndarray, start: np.ndarray, lines: Mapping[str, Run]) -> bool:
    """Say whether a mark stands for nothing that the picture has: no start, no minimum, no point of a run."""
    runs = [np.stack([line["x"], line["y"]], axis=1) for line in lines.values()]
    places = np.concatenate([start[None], MINIMUM[None], *runs])
    return any(not _near(places, mark) for mark in marks)


def _near(marks: np.ndarray, point: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return bool((np.abs(marks - point).max(axis=1, initial=0) <= DRAWN).any())


# ---------------------------------------------------------------------------------------------- compare


def first_difference(run: Run, reference: Any, probe: Probe, runs: Mapping[str, Run]) -> Found | None:
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
    wanted, at = other["trace"], np.arange(len(trace))
    if not probe.get("same_as"):
        still = _one_array(trace, steps) and np.array_equal(trace[-1], start)
        trace, at = (trace, at) if still else rows_of(run, steps, start)
        if (
            trace.ndim != 2
            or trace.shape[1] != 2
            or not _is_whole(trace, at, steps)
            or len(wanted) <= at.max(initial=0)
        ):
            return {"what": "shape", "shape": run["trace"].shape, "wanted": (steps + 1, 2)}
        wanted = wanted[at]
    elif rows_of(run, steps, start)[0].shape[1:] != (2,):
        return {"what": "shape", "shape": trace.shape, "wanted": (steps + 1, 2)}
    if trace.shape != wanted.shape:
        return {"what": "shape", "shape": trace.shape, "wanted": (steps + 1, 2)}
    wanted, trace = np.atleast_2d(wanted), np.atleast_2d(trace)
    with np.errstate(invalid="ignore"):
        off = ~((np.abs(trace - wanted) <= rounding(wanted, EPSILON)) | (np.isnan(trace) & np.isnan(wanted)))
    if not off.any():
        still = bool(steps and probe.get("same_as") and np.array_equal(trace[-1], start))
        return {"what": "still"} if still else None
    row = int(off.any(axis=1).argmax())
    axis = int(off[row].argmax())
    return {
        "what": "number",
        "step": int(at[row]) if row < len(at) else row,
        "axis": axis,
        "columns": off.any(axis=0),
        "yours": trace[row, axis],
        "right": wanted[row, axis],
    }


def rows_of(run: Run, steps: int, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the points that a run gives, and which of the steps 0, 1, … they are: form has a rubric line of its own.

    A trajectory that lies on its side, lacks its start or its last point, has a step too many, is its last point only,
    or is one array over and over: in each the points that are there are compared.
    """
    trace = run["trace"]
    if trace.ndim == 2 and trace.shape[0] == 2 and trace.shape[1] in (steps, steps + 1) and steps > 2:
        trace = trace.T
    if trace.shape == (2,) and steps:
        return trace[None], np.array([steps])
    if steps and trace.shape == (steps, 2):
        return trace, np.arange(steps) + (not np.array_equal(trace[0], start))
    if trace.shape == (steps + 2, 2):
        return trace[:-1], np.arange(steps + 1)
    if _one_array(trace, steps):
        return trace[-1:], np.array([steps])
    return trace, np.arange(len(trace))


def _is_whole(trace: np.ndarray, at: np.ndarray, steps: int) -> bool:
    """Say whether these are all points of a run, but for one at its ends, or its last: what ends early isn't."""
    return len(at) == len(trace) and (len(at) in (steps, steps + 1) or np.array_equal(at, [steps]))


def _one_array(trace: np.ndarray, steps: int) -> bool:
    same = steps > 1 and trace.shape == (steps + 1, 2) and bool((trace[1:] == trace[-1]).all())
    return same and bool(trace.any())  # rows of zeros were never filled


def _form(run: Run, steps: int, start: np.ndarray) -> Found | None:
    trace = run["trace"]
    if trace.shape != (steps + 1, 2):
        return {"what": "shape", "shape": trace.shape, "wanted": (steps + 1, 2)}
    if run["type"] != "ndarray":
        return {"what": "type", "type": run["type"]}
    if not np.array_equal(trace[0], start):
        return {"what": "row 0"}
    if steps and np.array_equal(trace[-1], start):
        return {"what": "still"}
    if _one_array(trace, steps):
        return {"what": "same"}
    if run["lasting"]:
        return {"what": "lasting"}
    return {"what": "touched"} if run["touched"] else None


# ------------------------------------------------------------------------------------------------ find


@dataclass(frozen=True)
class Finding:
    """What the runs of one function show: an error, facts about their form, mistakes that give all their numbers."""

    error: Error | None = None
    facts: tuple[str, ...] = ()  #: ids of catalogued mistakes, without the step's
    mistakes: tuple[str, ...] = ()  #: ids of catalogued mistakes
    unexplained: bool = False  #: whether numbers are off for another reason


def find(
    step: Step,
    answer: str,
    runs: Mapping[str, Run],
    reference: Mapping[str, Run],
    probes: Mapping[str, Probe],
    differences: Differences,
) -> Finding:
    """Return what the runs of one function show."""
    crashed = next((key for key, run in runs.items() if run["error"] and differences[key]), None)
    error = met_by(runs[crashed]["error"], crashed) if crashed else None
    model = Trajectories.of(step).models.get(answer)
    if model is None:
        return Finding(error)
    facts = tuple(fact for fact in FACTS if _is_fact(fact, runs, probes, differences))
    off = [key for key in runs if differences[key] and not probes[key].get("form") and not probes[key].get("same_as")]
    off = [key for key in off if differences[key]["what"] not in ("shape", "nothing") or not facts]
    off = [key for key in off if probes[key]["arguments"][-1]]
    if "single" in facts and all(_right_in_single_precision(runs[key], reference[key]) for key in off):
        off = []
    if error or not off:
        return Finding(error, facts, (), bool(off) or "no_return" in facts)
    plain = {
        key: run
        for key, run in runs.items()
        if run["trace"] is not None
        and not run["error"]
        and not probes[key].get("same_as")
        and probes[key]["arguments"][-1]
    }
    still = all(np.ptp(run["trace"], axis=0).max(initial=0) == 0 for run in plain.values()) and "aliased" not in facts
    mistakes = () if still else _explained(step, model, plain, probes)
    return Finding(None, facts, tuple(model.id_of(name) for name in mistakes), not mistakes)


FACTS = {  # id: the line of the rubric that it costs; "" for the function's own
    "no_return": "", "list": "form", "transposed": "form", "no_start": "form", "one_less": "form",
    "one_more": "form", "last_only": "form", "aliased": "form", "moves_start": "form", "rounds": "integers",
    "single": "form", "lasting": "form",
}  # fmt: skip


def _is_fact(fact: str, runs: Mapping[str, Run], probes: Mapping[str, Probe], differences: Differences) -> bool:
    """Say whether all runs of a function that took steps show something about their form."""
    if fact == "moves_start":
        return any(run["touched"] for run in runs.values())
    if fact == "lasting":
        return any(run["lasting"] for run in runs.values())
    whole = [key for key in runs if probes[key].get("same_as")]
    if fact == "rounds":
        return any(
            differences[key]
            and differences[key]["what"] == "number"
            and np.array_equal(runs[key]["trace"], np.round(runs[key]["trace"]))
            for key in whole
        )
    walked = [(runs[key], probes[key]) for key in runs if key not in whole and probes[key]["arguments"][-1] > 2]
    if fact == "single":  # a start that float32 holds shows nothing
        walked = [(run, probe) for run, probe in walked if not probe.get("drawn")]
    return bool(walked) and all(_has_form(fact, run, probe) for run, probe in walked)


def _has_form(fact: str, run: Run, probe: Probe) -> bool:
    steps, trace = probe["arguments"][-1], run["trace"]
    if fact == "no_return":
        return bool(run["type"] == "NoneType")
    if trace is None:
        return False
    shapes = {"transposed": (2, steps + 1), "one_more": (steps + 2, 2), "last_only": (2,)}
    if fact in ("no_start", "one_less"):
        begins = trace.shape == (steps, 2) and np.array_equal(trace[0], unpack(probe["start"]))
        return bool(trace.shape == (steps, 2) and begins == (fact == "one_less"))
    if fact in shapes:
        return bool(trace.shape == shapes[fact])
    if fact == "list":
        return bool(run["type"] == "list" and trace.shape == (steps + 1, 2))
    if fact == "single":
        return _begins_in_single_precision(trace, unpack(probe["start"]))
    return _one_array(trace, steps) and not np.array_equal(trace[-1], unpack(probe["start"]))


def _begins_in_single_precision(trace: np.ndarray, start: np.ndarray) -> bool:
    """Say whether row 0 is the start as float32 holds it, and not the start."""
    if trace.ndim != 2 or trace.shape[1] != 2 or not len(trace) or np.array_equal(trace[0], start):
        return False
    with np.errstate(over="ignore"):
        return np.array_equal(trace[0], start.astype(np.float32).astype(np.float64))


def _right_in_single_precision(run: Run, reference: Run) -> bool:
    trace, right = run["trace"], reference["trace"]
    with np.errstate(invalid="ignore"):
        return trace.shape == right.shape and bool((np.abs(trace - right) <= rounding(right, SINGLE)).all())


def _explained(step: Step, model: Model, runs: Mapping[str, Run], probes: Mapping[str, Probe]) -> tuple[str, ...]:
    """Return the one or two mistakes that give every number of these runs; () when none do."""

    def fits(key: str, traces: np.ndarray) -> np.ndarray:
        steps = probes[key]["arguments"][-1]
        ours, at = rows_of(runs[key], steps, unpack(probes[key]["start"]))
        if (
            ours.ndim != 2
            or ours.shape[1] != 2
            or not _is_whole(ours, at, steps)
            or at.max(initial=0) >= traces.shape[1]
        ):
            return np.zeros(len(traces), dtype=bool)
        sizes = np.where(np.isfinite(traces), np.abs(traces), 0.0).max(axis=2, initial=1e-300)
        slack = (
            rounding(np.ones((traces.shape[1], 1)), EPSILON)[None] * np.maximum.accumulate(sizes, axis=1)[:, :, None]
        )
        with np.errstate(all="ignore"):
            theirs = traces[:, at]
            same = (np.abs(theirs - ours) <= slack[:, at]) | (np.isnan(theirs) & np.isnan(ours)) | (theirs == ours)
        return np.asarray(same.all(axis=(1, 2)))

    order = sorted(runs, key=lambda key: probes[key]["arguments"][-1])
    words = misconceptions(step.id)
    bowl = Trajectories.of(step).bowl
    every = on_a_bowl(model.family, bowl.factors, bowl.mistaken)
    changes = {k: change for k, change in every.items() if model.id_of(k) in words}
    if not any(np.isfinite(run["trace"][1:]).any() for run in runs.values()):  # many a pair gives no number at all
        divided = all(run["divided"] for run in runs.values())
        changes = {name: change for name, change in changes.items() if divided and name == "t_from_zero"}
    found = explained(changes, order, lambda key, variants: simulate(model, bowl, probes[key], variants), fits)
    return found[0][0] if found else ()


def simulate(model: Model, bowl: Bowl, probe: Probe, variants: Sequence[Variant]) -> np.ndarray:
    """Return the trajectories of variants on the bowl, (variants, steps + 1, 2)."""
    *values, steps = probe["arguments"]
    given = dict(zip(model.arguments.values(), map(float, values), strict=True))
    settings: dict[str, Any] = {"lr": 0.0, "b1": 0.0, "b2": 0.0, "eps": 0.0, **given}
    settings |= {"lr0": settings["lr"], "given": frozenset(given)}
    bank, slopes = Bank(model.family, variants), 2 * np.array(bowl.factors)
    x = np.repeat(unpack(probe["start"]).astype(float).reshape(1, 2), len(variants), axis=0)
    rows = [x]
    with np.errstate(all="ignore"):
        for t in range(1, steps + 1):
            x = x - bank.step(x, x * slopes, t, 0, 1, (2,), settings)
            rows.append(x)
    return np.stack(rows, axis=1)


def _lost(step: Step, found: Mapping[str, Finding], probes: Mapping[str, Probe], differences: Differences) -> set[str]:
    """Return the rubric lines of the runs that are lost.

    A function's own line is lost by its numbers, the lines for form and integers by what they are about. A mistake that
    several functions have in common costs once, the dearest of their lines.
    """
    own = {
        probes[line.probes[0]]["answer"]: line
        for line in step.rubric
        if line.probes[0] in probes
        and not probes[line.probes[0]].get("form")
        and not probes[line.probes[0]].get("same_as")
    }
    models, lost = Trajectories.of(step).models, set()
    common: dict[tuple[str, ...], list[str]] = {}
    for answer, finding in found.items():
        if answer not in models:
            continue
        shared = set(finding.mistakes) and set(finding.mistakes) <= set(models[answer].common.values())
        if shared:
            common.setdefault(finding.mistakes, []).append(answer)
        elif finding.mistakes or finding.unexplained or finding.error:
            lost.add(own[answer].id)
        lost |= {FACTS[fact] for fact in finding.facts}
        stopped = finding.error and any(differences[key] for key in own[answer].probes)
        if not stopped and "no_return" not in finding.facts:  # what didn't come costs its own line
            shown = finding.mistakes or finding.facts
            lost |= {"form", "integers"} if finding.error or finding.unexplained or not shown else set()
    lost |= {max((own[answer] for answer in answers), key=lambda line: line.points).id for answers in common.values()}
    return lost


# ---------------------------------------------------------------------------------------------- explain


def _explain(
    step: Step,
    verdict: Verdict,
    found: Mapping[str, Finding],
    runs: Mapping[str, Run],
    reference: Run,
    probes: Mapping[str, Probe],
    expected: Expected,
    differences: Differences,
) -> Verdict:
    """Say for each wrong answer what it shows; the first one fills headline, counterexample and hint."""
    told: dict[tuple[str | None, str, str], list[str]] = {}  # what is wrong: the answers that have it in common
    for answer, finding in found.items():
        mine = {key: run for key, run in runs.items() if probes[key]["answer"] == answer}
        told.setdefault(_told(step, answer, finding, mine, probes, expected, differences), []).append(answer)
    (name, headline, hint), owners = next(iter(told.items()))
    details = tuple(f"{', '.join(others)}: {what[1]}" for what, others in list(told.items())[1:])
    verdict = replace(
        verdict, misconception=name, headline=f"{', '.join(owners)}: {headline}", hint=hint, details=details
    )
    failed = [key for key, one in differences.items() if one and probes[key]["answer"] == owners[0]]
    error, first = found[owners[0]].error, failed[0]
    if error:
        first = error["probe"]
        verdict = with_crash(verdict, error, Trajectories.of(step).says[first], expected.secret)
    if expected.secret:
        return verdict
    return _counterexample(step, verdict, first, runs, reference, probes[first], differences[first])


def _told(
    step: Step,
    answer: str,
    finding: Finding,
    runs: Mapping[str, Run],
    probes: Mapping[str, Probe],
    expected: Expected,
    differences: Differences,
) -> tuple[str | None, str, str]:
    """Return the id of the mistake that is named first, what is said, and a hint."""
    words = misconceptions(step.id)
    if finding.error:
        signature = Trajectories.of(step).signatures[answer]
        headline, hint = crash_of("It", finding.error, signature, expected.secret)
        if finding.facts and not probes[finding.error["probe"]]["arguments"][-1]:  # the runs with steps show more
            fact = f"{step.id}-{finding.facts[0]}"
            return fact, f"{words[fact].title}. And with no step at all it raised {finding.error['type']}.", hint
        return None, headline, hint
    names = [*finding.mistakes, *(f"{step.id}-{fact}" for fact in finding.facts)]
    if names and (not finding.unexplained or "no_return" in finding.facts):
        said = f"{words[names[0]].title}."
        if len(names) > 1:
            said = f"{together(len(names), finding.mistakes)} " + " And: ".join(
                f"{words[name].title}." for name in names
            )
        return names[0], said, words[names[0]].hints[0]
    if (name := _figure_named(runs, expected)) is not None:
        return name, f"{words[name].title}.", words[name].hints[0]
    headline, hint = diagnose(step, answer, runs, probes, differences)
    return None, " ".join([headline, *(f"{words[name].title}." for name in names)]), hint


def _figure_named(runs: Mapping[str, Run], expected: Expected) -> str | None:
    """Return the id of the catalogued figure that lacks just what this one lacks."""
    for key, run in runs.items():
        if "missing" in run:
            for name, outcome in expected.outcomes().items():
                if outcome[key]["missing"] == run["missing"] and run["missing"]:
                    return name
    return None


def diagnose(
    step: Step,
    answer: str,
    runs: Mapping[str, Run],
    probes: Mapping[str, Probe],
    differences: Differences,
) -> tuple[str, str]:
    """Return headline and hint for a mistake that no catalogue lists: the first property that breaks."""
    failed = [key for key in runs if differences[key]]
    first, found = failed[0], differences[failed[0]]
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
        "same": "After row 0 all rows are one and the same point.",
        "touched": "It changes the caller's start.",
        "lasting": "Called again with the same arguments it gives other points.",
    }
    if found["what"] != "number":
        return words[
            found["what"]
        ], f"It should return an array of shape (steps + 1, 2): {Trajectories.of(step).signatures[answer]}."
    says = Trajectories.of(step).says
    if probes[first].get("same_as"):
        return "Floats work; from a start of integers other points come.", step.hints[1]
    if found["step"] == 0:
        return "The trajectory doesn't begin at the start.", step.hints[1]
    passed = [
        says[key]
        for key in runs
        if key in says and key not in failed and not probes[key].get("drawn") and not probes[key].get("same_as")
    ]  # a start of integers gives the same as floats: nothing to praise while those are off
    right = f" Right: {'; '.join(passed[:2])}." if passed else ""
    columns = [np.asarray(differences[key]["columns"]) for key in failed if differences[key]["what"] == "number"]
    if np.sum(np.any(columns, axis=0)) == 1:  # the other coordinate is right in every run
        right = f" {'yx'[found['axis']]} is right at every step, {'xy'[found['axis']]} isn't.{right}"
    if found["step"] == 1:
        return f"The first step is off: {says[first]}.{right}", step.hints[0]
    return f"The first step is right, step {found['step']} isn't: {says[first]}.{right}", step.hints[1]


def _counterexample(
    step: Step, verdict: Verdict, key: str, runs: Mapping[str, Run], reference: Run, probe: Probe, found: Found
) -> Verdict:
    says = Trajectories.of(step).says
    if found["what"] == "figure":
        lacks = "; ".join(Trajectories.of(step).figure[fact] for fact in found["missing"]) or "nothing"
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
            "same": "all rows after row 0 are the same",
            "touched": "the array passed as start was changed",
            "lasting": "called again with just these arguments, it gave other points",
        }[found["what"]]
        return replace(verdict, counterexample=f"{says[key]}, {call}: {what}.")
    coordinate = "xy"[found["axis"]]
    yours, right = apart(found["yours"], found["right"])
    text = f"{says[key]}, {call}: after step {found['step']}, {coordinate} is {yours}; {right} was expected."
    other = (runs[probe["same_as"]] if probe.get("same_as") else reference[key])["trace"]
    drawn = runs[key]["trace"]
    if not probe.get("same_as"):
        drawn, at = rows_of(runs[key], probe["arguments"][-1], unpack(probe["start"]))
        drawn, other = (drawn, other[at]) if len(at) == len(drawn) else (other, other)
    columns = np.atleast_2d(drawn)[:, found["axis"]], np.atleast_2d(other)[:, found["axis"]]
    picture = two_curves(*columns, f"{probe['answer']}: {coordinate}, step by step")
    return replace(verdict, counterexample=text, picture=picture)
