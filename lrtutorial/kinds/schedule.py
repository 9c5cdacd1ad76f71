"""Answers that are schedules: classes with ``.get_lr(epoch)`` and ``.plot_schedule(total_epochs)``.

A probe asks one schedule, or two of the class in turn::

    {"id": "restarts", "args": [], "kwargs": {"lr_max": 0.1, …}, "epochs": [0, 1, …], "as": "int64", "twin": {kwargs}}
    {"id": "plot", "args": [], "kwargs": {…}, "plot": 37}            or {"plot": None}: called without an argument

``own`` in the first, [{"kwargs": {…}, "epochs": […]}, …], one for each schedule, asks one long period of the answer's
own at the same positions: a curve that is wrong costs its own line, and restarts are then judged by that curve. With
``plain`` it asks a new schedule at each epoch, as a plain number: what is wrong there costs its own line, not manners.

The outcome of the first is the rates in the order asked. A plot is judged by the schedule's own rates, so that a slip
in ``get_lr`` is not counted twice: its outcome is the list of what is wrong with it.

The settings of a step are those of :class:`lrtutorial.kinds.Schedule`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from lrtutorial.answers.arrays import Malformed, pack, unpack
from lrtutorial.course.exercise import Evidence, Step
from lrtutorial.course.expected import Expected, misconceptions
from lrtutorial.figures import watched
from lrtutorial.figures.reading import figure_from, read_figure
from lrtutorial.kinds import Schedule
from lrtutorial.kinds.crashes import crash_of, with_crash
from lrtutorial.kinds.driven import (
    Differences,
    Found,
    Probe,
    Run,
    describe_error,
    no_class,
    place_of,
    quiet,
    read_runs,
    sentence,
)
from lrtutorial.verdict import Verdict
from lrtutorial.verdict.picture import two_curves

#: Rounding of one rate, in units of lr_max's last place, and per T_0 epochs of the position within the period.
ROUNDING, ROUNDING_PER_PERIOD = 64, 8
DEFAULT_EPOCHS = 100
DEPTH = 15_000  #: calls within calls that a recursive get_lr may make: at epoch 10,000 with T_0 = 1 it makes as many
_CALL = "CosineAnnealingWarmRestarts(lr_max=…, lr_min=…, T_0=…, T_mult=…), then .get_lr(epoch)"
FAULTS = {  # of a plot, in the order in which they are told
    "error": "plot_schedule raised an error",
    "unread": "the plot can't be judged: get_lr gives no real numbers to compare it with",
    "unfinished": "plot_schedule is unfinished: it returned nothing and drew nothing",
    "returned_none": "plot_schedule returned None: it must return the list of rates it draws",
    "returned_from_1": "the list returned begins at epoch 1: the first epoch is 0",
    "returned_one_more": "the list returned has one rate too many: epochs run from 0 to total_epochs − 1",
    "returned_default": "without an argument plot_schedule must cover 100 epochs",
    "returned_length": "the list returned has another length than total_epochs",
    "returned_other": "the list returned is not what get_lr gives at those epochs",
    "no_figure": "no figure was drawn",
    "swapped": "the axes are swapped: the epoch belongs on the x axis",
    "from_1": "the line drawn begins at epoch 1: the first epoch is 0",
    "no_line": "no line of the figure has the rate at every epoch 0, 1, 2, …",
    "no_xlabel": "the x axis has no label",
    "no_ylabel": "the y axis has no label",
}

ONLY = {  # what all that fails has in common, and nothing that is right: what that shows, and a hint
    "twins": (
        "Alone each schedule is right; asked in turn with another one, it isn't.",
        "What do two schedules of your class share? All that belongs to one has to be kept in self.",
    ),
    "defaults": (
        "With all four settings given the rates are right; where some are left out they aren't.",
        "Compare your defaults with lr_min=0, T_0=10, T_mult=2.",
    ),
}


class Schedules(Protocol):
    """What an object of the class asked for can do."""

    def get_lr(self, epoch: float) -> object:
        """Return the rate of an epoch."""

    def plot_schedule(self, total_epochs: int = 100) -> object:
        """Draw the rates of the first epochs and return them."""


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: list[Probe]) -> dict[str, object]:
    """Return one run for every probe, or what is wrong with an answer that is no class."""
    (answer,), (name,) = answers.values(), step.answers
    problem = no_class(name, answer, "get_lr", "epoch")
    return {
        "kind": "schedule",
        "problems": {name: problem} if problem else {},
        "runs": {} if problem else {probe["id"]: ask(answer, probe) for probe in probes},  # type: ignore[arg-type]
    }


def ask(schedule_class: Callable[..., Schedules], probe: Probe) -> Run:
    """Put one probe to a schedule class. An exception is described in ``error``; KeyboardInterrupt passes through."""
    run: Run = {"rates": [], "error": None, "nothing": True, "own": None}
    if "plot" in probe:
        run |= {"returned": None, "figure": None}
    with quiet(), deep():
        try:
            schedules = [schedule_class(*probe["args"], **probe["kwargs"])]
            if "twin" in probe:
                schedules.append(schedule_class(**probe["twin"]))
            if "plot" in probe:
                _plot(schedules[0], probe, run)
                schedules = [schedule_class(*probe["args"], **probe["kwargs"])]  # what plotting left behind is no part
            epochs = range((probe["plot"] or DEFAULT_EPOCHS) + 1) if "plot" in probe else probe["epochs"]
            for epoch in epochs:
                for schedule in schedules:
                    value = schedule.get_lr(_number(epoch, probe.get("as")))
                    run["nothing"] = run["nothing"] and value is None
                    run["rates"].append(_rate(value))
        except Exception as error:
            run["error"] = describe_error(error, at=len(run["rates"]))
        if "own" in probe and not run["error"]:
            with contextlib.suppress(Exception):  # without it the rates are judged as they are
                curves = [
                    [_rate(schedule_class(**one["kwargs"]).get_lr(epoch)) for epoch in one["epochs"]]
                    for one in probe["own"]
                ]
                run["own"] = pack(np.array(curves, dtype=np.float64).T.ravel())
    run["rates"] = pack(np.array(run["rates"], dtype=np.float64))
    return run


@contextlib.contextmanager
def deep() -> Iterator[None]:
    """Let a function call itself DEPTH times: one call a period is an honest way to write a schedule."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _number(epoch: float, kind: str | None) -> float:
    return getattr(np, kind)(epoch) if kind in ("int64", "int32", "float64") else epoch


def _rate(value: object) -> float:
    """Return a rate as a float; what is no single real number becomes NaN."""
    try:
        array = np.asarray(value)
        return float(array) if array.shape == () and array.dtype.kind in "fiu" else float("nan")
    except Exception:  # an object may raise anything when it is asked to be an array
        return float("nan")


def _plot(schedule: Schedules, probe: Probe, run: Run) -> None:
    with watched() as figures:
        try:
            returned = schedule.plot_schedule(*([] if probe["plot"] is None else [probe["plot"]]))
        except Exception as error:
            run["error"] = describe_error(error)
            returned = None
        drawn = [read_figure(figure) for figure in figures if figure.axes]
    run["figure"] = drawn[-1] if drawn else None
    if isinstance(returned, list | tuple | np.ndarray):
        run["returned"] = pack(np.array([_rate(value) for value in list(returned)[:2000]], dtype=np.float64))


def outcome_of(step: Step, evidence: Evidence, probes: list[Probe]) -> Evidence:
    """Return what evidence comes to, probe by probe: rates and the type of an error, or the faults of a plot."""
    outcome: Evidence = {}
    for probe in probes:
        run = read_run(evidence["runs"][probe["id"]], probe)
        if "plot" in probe:
            outcome[probe["id"]] = plot_faults(run, probe)
        else:
            outcome[probe["id"]] = {"rates": pack(run["rates"]), "error": (run["error"] or {}).get("type")}
    return outcome


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object] | None = None) -> Verdict:
    """Compare every rate with the reference's and look at the plots; name the misconception, or where they part."""
    blank = Verdict.blank(step)
    probes = {probe["id"]: probe for probe in expected.probes}
    try:
        problems, runs = read_runs("schedule", step, evidence, probes)
        read = {key: read_run(run, probes[key]) for key, run in runs.items()}
    except Malformed as why:
        return blank.with_no_points("failed", f"The evidence can't be counted: {why}.")
    for problem in problems.values():
        (status, headline), *_ = problem.items()
        return blank.with_no_points(status, headline, hint=f"This task asks for {step.asks}.")
    if all(run["nothing"] and run["error"] is None for run in read.values()):
        return blank.with_no_points(
            "unfinished",
            "get_lr gives None: its body is still to be written, or its return is missing.",
            hint=f"This task asks for {step.asks}.",
        )
    asked = [key for key, probe in probes.items() if "plot" not in probe]
    differences = {key: first_difference(read[key], expected.reference[key], probes[key]) for key in asked}
    faults = {key: plot_faults(read[key], probe) for key, probe in probes.items() if "plot" in probe}
    every = sorted({fault for found in faults.values() for fault in found}, key=list(FAULTS).index)
    if "returned_default" in every and {"returned_length", "returned_other"} & set(every):
        every.remove("returned_default")  # wrong whatever is asked for: the default isn't what is amiss
    passed = {key for key in asked if differences[key] is None or follows(read[key], probes[key])}
    if not any(fault.startswith(("error", "unread", "unfinished", "returned")) for fault in every):
        passed.add("returned")
    if every == [fault for fault in every if fault.startswith("returned")]:
        passed.add("figure")
    lines = tuple(
        replace(line, earned=line.possible) if passed.issuperset(rubric.probes) else line
        for line, rubric in zip(blank.lines, step.rubric, strict=True)
    )
    checked = (
        "Checked on fresh inputs."
        if expected.secret
        else f"Checked with {len(asked)} schedules and {len(faults)} plots. Grading uses inputs nobody has seen."
    )
    verdict = replace(blank, lines=lines, checked=checked)
    if all(line.earned == line.possible for line in lines):
        return replace(verdict, status="right", headline=f"This is {step.asks}.")
    verdict = replace(verdict, status="partly" if any(line.earned for line in lines) else "wrong")
    verdict = replace(verdict, details=tuple(f"{sentence(FAULTS[fault])}." for fault in every))
    if not any(differences.values()):
        return _explain_plot(step, verdict, faults, every, read, expected)
    verdict = _explain_rates(step, verdict, read, probes, expected, differences)
    about = Schedule.of(step).costs.get(verdict.misconception or "")
    return verdict if about is None else _priced(step, verdict, about, set(differences))


def _priced(step: Step, verdict: Verdict, about: tuple[str, ...], asked: set[str]) -> Verdict:
    """Give back the lines of rates that fail in consequence of a mistake that gives all of them."""
    lines = tuple(
        replace(line, earned=line.possible) if asked.issuperset(rubric.probes) and line.id not in about else line
        for line, rubric in zip(verdict.lines, step.rubric, strict=True)
    )
    return replace(verdict, lines=lines, status="partly" if any(line.earned for line in lines) else "wrong")


def holds(answer: Callable[..., Schedules], expected: Expected) -> bool:
    """Run an answer and say whether every probe is as expected: no words are made. Raises Malformed for odd results."""
    for probe in expected.probes:
        run = read_run(ask(answer, probe), probe)
        reference = expected.reference[probe["id"]]
        if plot_faults(run, probe) if "plot" in probe else first_difference(run, reference, probe):
            return False
    return True


def sieve(expected: Expected) -> Callable[[Callable[..., Schedules]], bool] | None:
    """Return a quick test of an answer on the last of these probes: where it is False, :func:`holds` is as well.

    It ends at the first rate that is off, and raises what the answer raises. None for a plot and for two schedules.
    """
    probe = expected.probes[-1]
    if "plot" in probe or "twin" in probe:
        return None
    wanted = unpack(expected.reference[probe["id"]]["rates"])
    slack = tolerance(probe, len(wanted))

    def passes(schedule_class: Callable[..., Schedules]) -> bool:
        schedule = schedule_class(*probe["args"], **probe["kwargs"])
        for epoch, right, most in zip(probe["epochs"], wanted, slack, strict=True):
            if not abs(_rate(schedule.get_lr(_number(epoch, probe.get("as")))) - right) <= most:
                return False
        return True

    return passes


def read_run(data: object, probe: Probe) -> Run:
    """Return a run with its rates as arrays. Raises Malformed unless it has the form that the probe calls for."""
    keys = {"rates", "error", "nothing", "own"} | ({"returned", "figure"} if "plot" in probe else set())
    if not isinstance(data, Mapping) or set(data) != keys:
        raise Malformed("the rates of a schedule were expected")
    rates, error = unpack(data["rates"]), data["error"]
    asked = (
        (probe["plot"] or DEFAULT_EPOCHS) + 1
        if "plot" in probe
        else len(probe["epochs"]) * (2 if "twin" in probe else 1)
    )
    if rates.ndim != 1 or rates.dtype != np.float64 or len(rates) > asked or (len(rates) < asked and error is None):
        raise Malformed("some rates are missing or too many")
    if error is not None and not (isinstance(error, Mapping) and isinstance(error.get("message"), str)):
        raise Malformed("an error is not described as one")
    if not isinstance(data["nothing"], bool):
        raise Malformed("a run did not arrive whole")
    own = None if data["own"] is None else unpack(data["own"])
    if own is not None and (own.shape != rates.shape or own.dtype != np.float64):
        raise Malformed("a curve of one's own has the wrong shape")
    run: Run = {"rates": rates, "error": error, "nothing": data["nothing"], "own": own}
    if "plot" in probe:
        run["returned"] = None if data["returned"] is None else unpack(data["returned"])
        run["figure"] = [] if data["figure"] is None else figure_from(data["figure"])
    return run


def tolerance(probe: Probe, count: int) -> np.ndarray:
    """Return the absolute error that rounding may cause in each rate, shape (count,).

    A rate takes a dozen roundings of numbers up to lr_max. The position within the period is rounded to the epoch's
    last place, and the cosine's slope is at most π/2 a period, whose length is at least T_0.
    """
    settings = dict(zip(("lr_max", "lr_min", "T_0", "T_mult"), probe["args"], strict=False)) | probe["kwargs"]
    twin = probe.get("twin", settings)
    largest, shortest = (
        max(settings["lr_max"], twin["lr_max"]),
        min(settings.get("T_0", 10), twin.get("T_0", 10)),
    )
    epochs = np.repeat(np.asarray(probe["epochs"], dtype=np.float64), 2 if "twin" in probe else 1)[:count]
    return np.asarray(np.finfo(np.float64).eps * largest * (ROUNDING + ROUNDING_PER_PERIOD * epochs / shortest))


def first_difference(run: Run, reference: Run, probe: Probe) -> Found | None:
    """Return the first rate that is not the reference's, or the error that came in its place; None if all agree."""
    right = unpack(reference["rates"])
    n = len(run["rates"])
    with np.errstate(invalid="ignore"):
        off = ~(np.abs(run["rates"] - right[:n]) <= tolerance(probe, n))
    if off.any():
        i = int(off.argmax())
        return {"what": "number", "at": i, "yours": float(run["rates"][i]), "right": float(right[i])}
    return {"what": "error", "at": n} if run["error"] else None


def follows(run: Run, probe: Probe) -> bool:
    """Say whether rates are those of the answer's own first period at the same positions, whatever curve that is.

    A curve that nowhere changes would show no restart.
    """
    if run["own"] is None or run["error"] or not np.isfinite(run["own"]).all():
        return False
    n = len(run["rates"])
    same = np.abs(run["rates"] - run["own"]) <= 4 * tolerance(probe, n)
    width = len(probe["own"])
    for i, one in enumerate(probe["own"]):
        if probe["plain"]:
            continue
        order = np.argsort(np.asarray(one["epochs"], dtype=float), kind="stable")
        curve = run["own"][i::width][order]
        if not np.ptp(curve) > 1e-9 * np.abs(curve).max():
            return False
    return bool(same.all() and np.ptp(run["rates"]) > 0)


def same_rates(run: Run, other: Run, probe: Probe) -> bool:
    """Say whether a run has the rates of a recorded outcome, up to rounding, and the same type of error."""
    rates = unpack(other["rates"])
    if len(run["rates"]) != len(rates) or (run["error"] or {}).get("type") != other["error"]:
        return False
    with np.errstate(invalid="ignore"):
        close = np.abs(run["rates"] - rates) <= tolerance(probe, len(rates))
    return bool(np.all(close | (np.isnan(run["rates"]) & np.isnan(rates)) | (run["rates"] == rates)))


def plot_faults(run: Run, probe: Probe) -> list[str]:
    """Return what is wrong with a plot, as keys of FAULTS. ``run["rates"]`` are the schedule's own, one epoch more."""
    own, returned, axes = run["rates"], run["returned"], run["figure"]
    n = probe["plot"] or DEFAULT_EPOCHS
    if run["error"]:
        return ["error"]
    lines = [(ax, line) for ax in axes for line in ax["lines"]]
    if returned is None and not lines:
        return ["unfinished"]
    if not np.isfinite(own).any():
        return ["unread"]
    faults = []
    if returned is None:
        faults.append("returned_none")
    elif not _equal(returned, own[:n]):
        if _equal(returned, own[1:]):
            faults.append("returned_from_1")
        elif _equal(returned, own):
            faults.append("returned_one_more")
        elif len(returned) != n:
            faults.append("returned_default" if probe["plot"] is None else "returned_length")
        else:
            faults.append("returned_other")
    if not lines:
        return [*faults, "no_figure"]
    good = [ax for ax, line in lines if _passes_through(line["x"], line["y"], own[:n])]
    if not good:
        if any(_passes_through(line["y"], line["x"], own[:n]) for _, line in lines):
            return [*faults, "swapped"]
        late = any(_passes_through(line["x"] - 1, line["y"], own[1:n]) for _, line in lines)
        return [*faults, "from_1" if late else "no_line"]
    if not good[0]["xlabel"].strip():
        faults.append("no_xlabel")
    if not good[0]["ylabel"].strip():
        faults.append("no_ylabel")
    return faults


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=0))


def _passes_through(x: np.ndarray, y: np.ndarray, rates: np.ndarray) -> bool:
    """Say whether a line passes through (epoch, rate) for each epoch 0, 1, …; it may be drawn finer than that."""
    where = {float(epoch): float(rate) for epoch, rate in zip(x, y, strict=True)}
    return len(rates) > 0 and _equal(np.array([where.get(float(epoch), np.nan) for epoch in range(len(rates))]), rates)


def _explain_plot(
    step: Step,
    verdict: Verdict,
    faults: Mapping[str, list[str]],
    every: list[str],
    read: Mapping[str, Run],
    expected: Expected,
) -> Verdict:
    error = next((run["error"] for run in read.values() if run["error"]), None)
    if error:
        headline, hint = crash_of("plot_schedule", error, secret=expected.secret)
        return replace(
            verdict, where=place_of(error), headline=f"The rates are right; {headline}", details=(), hint=hint
        )
    else:
        verdict = replace(verdict, headline=f"The rates are right; {FAULTS[every[0]]}.", details=verdict.details[1:])
    for key, outcome in expected.outcomes().items():
        if all(outcome[probe] == faults[probe] for probe in faults) and _rates_right(outcome, expected):
            words = misconceptions(step.id)[key]
            return replace(verdict, misconception=key, headline=f"{words.title}.", hint=words.hints[0])
    return replace(verdict, hint="Draw get_lr at the epochs 0 … total_epochs − 1 and return the same rates.")


def _rates_right(outcome: Found, expected: Expected) -> bool:
    asked = [probe for probe in expected.probes if "plot" not in probe]
    return all(_matches(outcome[probe["id"]], expected.reference[probe["id"]], probe) for probe in asked)


def _matches(outcome: Run, other: Run, probe: Probe) -> bool:
    error = {"type": outcome["error"]} if outcome["error"] else None
    return same_rates({"rates": unpack(outcome["rates"]), "error": error}, other, probe)


def _explain_rates(
    step: Step,
    verdict: Verdict,
    read: Mapping[str, Run],
    probes: Mapping[str, Probe],
    expected: Expected,
    differences: Differences,
) -> Verdict:
    words = misconceptions(step.id)
    first = next(key for key, difference in differences.items() if difference)
    difference, probe, run = differences[first], probes[first], read[first]
    error = next((read[key]["error"] for key in differences if read[key]["error"]), None)
    for key, outcome in expected.outcomes().items():
        if all(same_rates(read[probe_id], outcome[probe_id], probes[probe_id]) for probe_id in differences):
            verdict = replace(verdict, misconception=key, headline=f"{words[key].title}.", hint=words[key].hints[0])
            break
    else:
        if not error:
            finite = difference["what"] == "error" or np.isfinite(difference["yours"])
            hint = step.hints[0] if finite else "Print what get_lr gives there, and of which type it is."
            said = f"{_broken(difference, probe)}.", hint
            said = ONLY.get(_only(probes, differences), said)
            verdict = replace(verdict, headline=said[0], hint=said[1])
        else:
            crashed = next(key for key in differences if read[key]["error"])
            headline, hint = crash_of("get_lr" if error.get("line") else "It", error, _CALL, expected.secret)
            verdict = replace(verdict, headline=headline, hint=hint)
            verdict = with_crash(verdict, error, Schedule.of(step).says[crashed], expected.secret)
    verdict = replace(verdict, where=place_of(error))
    if expected.secret:
        return verdict
    says = f"{Schedule.of(step).says[first]} ({_call(probe, difference['at'])})"
    epoch = _epoch(probe, difference["at"])
    if difference["what"] == "error":
        return replace(verdict, counterexample=f"{says}: get_lr({epoch!r}) raised {_error_text(run['error'])}.")
    yours = f"is {difference['yours']:.10g}" if np.isfinite(difference["yours"]) else "gives no real number"
    counterexample = f"{says}: get_lr({epoch!r}) {yours}; {difference['right']:.10g} was expected."
    picture = None
    if probe["epochs"] == list(range(len(probe["epochs"]))) and not run["error"] and "twin" not in probe:
        right = unpack(expected.reference[first]["rates"])
        picture = two_curves(run["rates"], right, "The rate, epoch by epoch")
    return replace(verdict, counterexample=counterexample, picture=picture)


def _only(probes: Mapping[str, Probe], differences: Differences) -> str:
    """Say what alone is wrong: "twins" asked in turn, "defaults", or "" for neither."""
    wrong = [probes[key] for key, found in differences.items() if found]
    if all("twin" in probe for probe in wrong):
        return "twins"
    given = [len({*probe["kwargs"], "lr_max"}) for probe in wrong if "twin" not in probe]
    return "defaults" if len(given) == len(wrong) and max(given) < 4 and min(given) == 1 else ""


def _broken(difference: Found, probe: Probe) -> str:
    """Return which property of the schedule the first wrong rate breaks."""
    settings = dict(zip(("lr_max", "lr_min", "T_0", "T_mult"), probe["args"], strict=False)) | probe["kwargs"]
    if "twin" in probe and difference["at"] % 2:
        settings = probe["twin"]
    low, high = settings.get("lr_min", 0), settings["lr_max"]
    yours, slack = difference["yours"], 1e-9 * high
    if not np.isfinite(yours):
        return "get_lr must return one real number"
    if _epoch(probe, difference["at"]) == 0:
        return "A schedule starts at lr_max, at epoch 0"
    if not low - slack <= yours <= high + slack:
        return "The rate must stay between lr_min and lr_max"
    if abs(difference["right"] - high) <= slack:
        return "A restart falls on this epoch: the rate must be lr_max again"
    return "The rate within a period is not on the half cosine from lr_max down to lr_min"


def _epoch(probe: Probe, at: int) -> float:
    return float(probe["epochs"][min(at // (2 if "twin" in probe else 1), len(probe["epochs"]) - 1)])


def _call(probe: Probe, at: int) -> str:
    kwargs = probe["twin"] if "twin" in probe and at % 2 else probe["kwargs"]
    values = [repr(value) for value in ([] if kwargs is probe.get("twin") else probe["args"])]
    return ", ".join(values + [f"{name}={value!r}" for name, value in kwargs.items()])


def _error_text(error: Mapping[str, object]) -> str:
    return f"{str(error.get('type'))[:60]}: {str(error['message'])[:200].rstrip('.')}"
