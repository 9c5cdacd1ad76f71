"""Answers that are optimizer classes with ``.step(grads)``: driven with gradients, watched step by step.

A probe is a dictionary::

    {"id": "long", "answer": "Adam", "params": [array, …], "kwargs": {"lr": 0.03, …}, "grads": [[array, …], …],
     "after": 32, "lr_at": {"34": 0.003}, "reuse": true, "in_place": true, "positional": ["lr", …],
     "twin": {"params": …, "kwargs": …, "grads": …}}

``grads[t]`` are the gradients of step t + 1, in the order of the parameters. Optional keys: ``after`` compares only how
far the parameters move after so many steps; ``lr_at`` sets ``optimizer.lr`` before that step (counted from 0); with
``reuse`` the same list of gradients is handed over at every step and must stay as it is; with ``in_place`` the
caller's arrays themselves must move; ``positional`` passes these settings by position; a ``twin`` is a second
optimizer of the same class, stepped in turn with the first, and nothing may last beyond both. The outcome is a *run*:
the parameters after every step, and what happened on the way.

A run that can't show what comes after its mistake is repeated with help: see :func:`_help`. Points and names follow
from facts (what was changed, replaced, left behind) and from numbers, which :mod:`lrtutorial.kinds.variants` explains
by one or two mistakes; :func:`_lost` has the rule.

The settings of a step are those of :class:`lrtutorial.kinds.Optimizer`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from lrtutorial.answers.arrays import Malformed, pack, unpack
from lrtutorial.course.exercise import Evidence, Step
from lrtutorial.course.expected import Expected, misconceptions
from lrtutorial.kinds import Model, Optimizer
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
    is_count,
    met_by,
    no_class,
    quiet,
    read_error,
    read_runs,
    rounding,
    together,
    with_problem,
)
from lrtutorial.kinds.outlasting import afresh, as_new
from lrtutorial.kinds.variants import CHANGES, Bank, Variant, explained
from lrtutorial.verdict import Verdict
from lrtutorial.verdict.picture import two_curves

_RUN_KEYS = {"trace", "error", "touched", "kept", "rebound", "lasting", "helped"}
HELP = {"count": "correction", "moves": "in_place"}  #: {how a run was helped: what is broken then}


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, Any], probes: list[Probe]) -> Evidence:
    """Return one run for every probe, and what is wrong with an answer that is no finished class."""
    problems = absent(step, answers)
    problems |= {name: problem for name, answer in answers.items() if (problem := _problem(name, answer))}
    runs: dict[str, Run] = {}
    fresh = {name: as_new(answer) for name, answer in answers.items() if name not in problems}
    for probe in probes:
        if (name := probe["answer"]) in fresh:
            fresh[name]()
            runs[probe["id"]] = drive(answers[name], probe)
    for put_back in fresh.values():
        put_back()
    return {"kind": "optimizer", "problems": problems, "runs": runs}


def outcome_of(step: Step, evidence: Evidence, probes: list[Probe]) -> Evidence:
    """Return the runs, without the words of errors (they may name a file) and without what was run with help."""
    del step, probes
    kept = ("type", "at")
    return {
        key: {
            **run,
            "error": run["error"] and {name: run["error"][name] for name in kept} | {"message": ""},
            "helped": None,
        }
        for key, run in evidence["runs"].items()
    }


def _problem(name: str, answer: object) -> dict[str, str] | None:
    if problem := no_class(name, answer, "step", "grads"):
        return problem
    if does_nothing(getattr(answer, "step", None)):
        return {"unfinished": f"{name}.step does nothing yet: write its body."}
    if "__init__" in vars(answer) and does_nothing(vars(answer)["__init__"]):
        return {"unfinished": f"{name}.__init__ does nothing yet: store there what step needs."}
    return None


def drive(optimizer_class: Callable[..., object], probe: Probe) -> Run:
    """Run one probe on an optimizer class.

    Returns the run::

        {"trace": array (steps + 1 − after, size): the parameters after each step, flattened and joined,
         "error": an exception that ended it, or None,
         "touched": the first step that changed a gradient array, or the list, it was given, or None,
         "kept": the first step that changed what an earlier step was given, or None,
         "rebound": the first step that put another array into the list of parameters, or None,
         "lasting": whether something outlived the objects (asked of probes with a twin only),
         "helped": {"how": key of HELP, "trace": array}, or None}

    KeyboardInterrupt passes through.
    """
    state = _class_state(optimizer_class) if probe.get("twin") else None
    with quiet():
        run = _drive_once(optimizer_class, probe)
        if state is not None:
            again = _drive_once(optimizer_class, probe)
            run["lasting"] = bool(state != _class_state(optimizer_class) or _differ(run["trace"], again["trace"]))
        how, trace = _help(optimizer_class, probe, run)
    after = min(probe.get("after", 0), len(run["trace"]) - 1)
    run["helped"] = {"how": how, "trace": pack(trace[after:])} if how else None
    run["trace"] = pack(run["trace"][after:])
    return run


def _help(optimizer_class: Any, probe: Probe, run: Run) -> tuple[str, np.ndarray]:
    """Run again what can't show the rest of an answer: numbers that turned NaN, or arrays that never moved.

    ``count``: whole numbers that are 0 after ``__init__`` are set to the step's number before each step, as if the
    answer had counted. ``moves``: each parameter notes the first sum or difference it takes part in during a step;
    these are added up. Returns ("", …) when nothing needs help, or it can't be given.
    """
    trace, none = run["trace"], ("", np.zeros((1, 0)))
    if run["error"] or len(trace) < 2:
        return none
    if not np.isfinite(trace).all():
        counted = _drive_once(optimizer_class, probe, counts=True)
        return ("count", counted["trace"]) if np.isfinite(counted["trace"]).all() and not counted["error"] else none
    if np.ptp(trace, axis=0).max(initial=0) == 0 and not probe.get("in_place"):
        with _noting():
            noted = _drive_once(optimizer_class, probe, notes=True)
        if not noted["error"] and (noted["trace"] != noted["trace"][0]).any():  # moves to NaN are moves
            return "moves", noted["trace"]
    return none


class _Noted(np.ndarray):
    """A parameter that notes what it would have moved by: its first sum or difference in each step."""

    moved: Any = None

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [one.view(np.ndarray) if isinstance(one, _Noted) else one for one in inputs]
        out = tuple(one.view(np.ndarray) if isinstance(one, _Noted) else one for one in kwargs.pop("out", ()))
        before = np.array(plain[0]) if plain else None
        result = getattr(ufunc, method)(*plain, **({"out": out} if out else {}), **kwargs)
        first = ufunc in (np.subtract, np.add) and isinstance(inputs[0], _Noted)
        if first and _Noted.moved is not None and inputs[0].owner is not None:
            _Noted.moved.setdefault(inputs[0].owner, np.asarray(result) - before)
        if out:
            return kwargs.get("out", inputs[0] if isinstance(inputs[0], _Noted) else result)
        if first:
            noted = np.asarray(result).view(_Noted)
            noted.owner = inputs[0].owner  # kept in the parameter's place, it moves in the next step
            return noted
        return result

    def __array_finalize__(self, source: object) -> None:
        self.owner = getattr(source, "owner", None)


@contextmanager
def _noting() -> Iterator[None]:
    _Noted.moved = {}
    try:
        yield
    finally:
        _Noted.moved = None


def _drive_once(
    optimizer_class: Callable[..., object], probe: Probe, *, counts: bool = False, notes: bool = False
) -> Run:
    pair = [probe, probe["twin"]] if probe.get("twin") else [probe]
    arrays = [[unpack(array) for array in one["params"]] for one in pair]
    grads = [[[unpack(array) for array in step] for step in one["grads"]] for one in pair]
    if notes:
        arrays = [[_noted(array, (k, i)) for i, array in enumerate(own)] for k, own in enumerate(arrays)]
        total = [[np.zeros(array.shape) for array in own] for own in arrays]
    params = [list(own) for own in arrays]
    trace = [_flat(params, arrays)]
    run: Run = {"error": None, "touched": None, "kept": None, "rebound": None, "lasting": None}
    handed = [_Handed(sequence, bool(probe.get("reuse"))) for sequence in grads]
    try:
        optimizers = [
            _made(optimizer_class, own, one["kwargs"], probe.get("positional", ()))
            for own, one in zip(params, pair, strict=True)
        ]
        counters = [_counters(optimizer) if counts else () for optimizer in optimizers]
        for t in range(len(grads[0])):
            for optimizer, given, names in zip(optimizers, handed, counters, strict=True):
                if str(t) in probe.get("lr_at", {}):
                    optimizer.lr = probe["lr_at"][str(t)]
                for name in names:
                    setattr(optimizer, name, t + 1)
                optimizer.step(given.at(t))
                given.look(t, run)
            trace.append(_flat(params, arrays))
            if notes:
                for (k, i), change in _Noted.moved.items():
                    total[k][i] = total[k][i] + change
                _Noted.moved.clear()
                trace[-1] = trace[0] + np.concatenate([one.ravel() for own in total for one in own])
            kept = all(a is b for own, held in zip(arrays, params, strict=True) for a, b in zip(own, held, strict=True))
            if run["rebound"] is None and not kept:
                run["rebound"] = t + 1
    except (Exception, SystemExit) as error:
        run["error"] = describe_error(error, at=len(trace) - 1)
    run["trace"] = np.array(trace)
    return run


def _made(make: Callable[..., object], params: object, kwargs: Mapping[str, float], positional: Sequence[str]) -> Any:
    named = {name: value for name, value in kwargs.items() if name not in positional}
    return make(params, *(kwargs[name] for name in positional), **named)


def _counters(optimizer: object) -> tuple[str, ...]:
    """Return the names of the attributes that hold the whole number 0: what a step may count in."""
    held = getattr(optimizer, "__dict__", {})
    return tuple(name for name, value in held.items() if type(value) is int and value == 0)


def _noted(array: np.ndarray, owner: tuple[int, int]) -> np.ndarray:
    noted = array.view(_Noted)
    noted.owner = owner
    return noted


class _Handed:
    """The gradients handed over, step by step, and what became of them."""

    def __init__(self, sequence: list[list[np.ndarray]], reuse: bool) -> None:
        self.lists = [list(sequence[0])] if reuse else [list(arrays) for arrays in sequence]
        self.arrays = [list(own) for own in self.lists]
        self.values = [[(array.copy(), array.tobytes()) for array in own] for own in self.lists]
        self.reuse = reuse

    def at(self, t: int) -> list[np.ndarray]:
        return self.lists[0 if self.reuse else t]

    def look(self, t: int, run: Run) -> None:
        """Note in a run whether this step's gradients, or the last one's, are no longer what they were."""
        now = 0 if self.reuse else t
        if run["touched"] is None and self._changed(now):
            run["touched"] = t + 1
        if run["kept"] is None and now and (self._changed(now - 1) or self._changed(0)):
            if run["touched"] is None or run["touched"] > t:
                run["kept"] = t + 1

    def _changed(self, t: int) -> bool:
        lists, arrays, values = self.lists[t], self.arrays[t], self.values[t]
        if len(lists) != len(arrays) or any(a is not b for a, b in zip(lists, arrays, strict=True)):
            return True
        return not all(
            (array.shape == was.shape and array.tobytes() == bits) or np.array_equal(array, was, equal_nan=True)
            for array, (was, bits) in zip(arrays, values, strict=True)
        )


class Resized(ValueError):
    """A list of parameters, or one of them, has another size after a step."""


def _flat(params: list[list[Any]], arrays: list[list[np.ndarray]]) -> np.ndarray:
    """Join what the lists of parameters hold now. Raises Resized when one has changed its shape."""
    parts = []
    for held, own in zip(params, arrays, strict=True):
        if len(held) != len(own):
            raise Resized(f"the list of parameters had {len(own)} arrays and has {len(held)} now")
        for i, (now, was) in enumerate(zip(held, own, strict=True)):
            if np.shape(now) != was.shape:
                raise Resized(f"params[{i}] had shape {was.shape} and has {np.shape(now)} now")
            parts.append(np.ravel(now).astype(np.float64))
    return np.concatenate(parts)


def _differ(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape != b.shape or not np.array_equal(a, b, equal_nan=True)


def _class_state(optimizer_class: object) -> dict[str, str]:
    """Describe the data kept on the class, and in the default arguments of its methods: what objects would share."""
    found: dict[str, object] = {}
    for owner in getattr(optimizer_class, "__mro__", (optimizer_class,))[:-1]:
        for name, value in vars(owner).items():
            if callable(value):
                found[f"{owner.__name__}.{name}()"] = getattr(value, "__defaults__", None)
            elif not name.startswith("__"):
                found[f"{owner.__name__}.{name}"] = value
    with np.printoptions(threshold=10_000, precision=17):
        return {name: _described(value) for name, value in found.items()}


def _described(value: object) -> str:
    """Return what a value looks like; its type alone where it has something that can't be copied or shown.

    Where an object lies is no state of its.
    """
    try:
        return re.sub(r" at 0x[0-9a-f]+", "", repr(copy.copy(value)))[:10_000]
    except Exception:  # it may be anything: ABCMeta's own registry, a lock, an object whose repr raises
        return f"<{type(value).__name__}>"


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object] | None = None) -> Verdict:
    """Compare every run with the reference's; name the mistakes that facts and numbers show, or what breaks first."""
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
    kind = Optimizer.of(step)
    found: dict[str, Finding] = {}
    for answer in dict.fromkeys(probes[key]["answer"] for key in runs):
        mine = {key: run for key, run in runs.items() if probes[key]["answer"] == answer}
        if any(differences[key] for key in mine):
            found[answer] = find(step, kind.models[answer], mine, reference, probes, differences)
    failed = {key for key, difference in differences.items() if difference}
    lost = {answer: _lost(step, kind.models[answer], one, failed, probes) for answer, one in found.items()}
    marked = []
    for line, rubric in zip(blank.lines, step.rubric, strict=True):
        missing = any(key not in runs for key in rubric.probes)
        broken = any(rubric.id in lines for lines in lost.values())
        off = [key for key in rubric.probes if key in failed]
        note = f"Not yet: {kind.says[off[0]]}" if broken and off else ""
        marked.append(replace(line, note=note) if broken or missing else replace(line, earned=line.possible))
    verdict = replace(blank, lines=tuple(marked), checked=checked_on(expected))
    if not failed and not problems:
        details = (
            ("Note: [:] can't assign to a 0-d array; [...] can. It costs nothing here.",)
            if any(run["error"] for run in runs.values())
            else ()
        )
        return replace(verdict, status="right", headline=f"This is {step.asks}.", details=details)
    verdict = replace(verdict, status="partly" if verdict.points else "wrong")
    if failed:
        verdict = _explain(step, verdict, found, runs, reference, probes, expected, differences)
    return with_problem(step, verdict, problems, failed=bool(failed)) if problems else verdict


def holds(answer: Callable[..., object], expected: Expected) -> bool:
    """Run an answer and say whether every probe is as expected: no words are made. Raises what the answer raises."""
    for probe in expected.probes:
        with afresh(answer):
            run, reference = drive(answer, probe), read_run(expected.reference[probe["id"]], probe)
        if first_difference({**run, "trace": unpack(run["trace"])}, reference, probe):
            return False
    return True


def sieve(expected: Expected) -> Callable[[Callable[..., object]], bool] | None:
    """Return a quick test of an answer on the last of these probes: where it is False, :func:`holds` is as well.

    It ends at the first step that is off, and raises what the answer raises. None where a run shows more than numbers.
    """
    probe = expected.probes[-1]
    if any(probe.get(key) for key in ("after", "in_place", "reuse", "twin")) or any(
        array["shape"] == [] for array in probe["params"]
    ):
        return None
    params, grads = ([unpack(array) for array in one] for one in (probe["params"], [*chain(*probe["grads"])]))
    wanted = read_run(expected.reference[probe["id"]], probe)
    slack, count = tolerance(wanted, probe), len(params)

    def passes(optimizer_class: Callable[..., object]) -> bool:
        with afresh(optimizer_class):
            return steps_right(optimizer_class)

    def steps_right(optimizer_class: Callable[..., object]) -> bool:
        own = [array.copy() for array in params]
        optimizer = _made(optimizer_class, held := list(own), probe["kwargs"], probe.get("positional", ()))
        for t in range(len(grads) // count):
            if str(t) in probe.get("lr_at", {}):
                optimizer.lr = probe["lr_at"][str(t)]
            optimizer.step([array.copy() for array in grads[t * count : (t + 1) * count]])
            now = np.concatenate([np.ravel(array) for array in held])
            if now.shape != wanted["trace"][t + 1].shape:
                return False
            if not (np.abs(now - wanted["trace"][t + 1]) <= slack[t + 1]).all():
                return False
        return True

    return passes


def read_run(data: object, probe: Probe) -> Run:
    """Return a run with its traces as arrays. Raises Malformed unless it has the form that the probe calls for."""
    if not isinstance(data, dict) or set(data) != _RUN_KEYS:
        raise Malformed("a run was expected")
    trace, error, helped = unpack(data["trace"]), data["error"], data["helped"]
    pair = [probe, probe["twin"]] if probe.get("twin") else [probe]
    size = sum(int(np.prod(array["shape"], dtype=int)) for one in pair for array in one["params"])
    rows = len(probe["grads"]) - probe.get("after", 0) + 1
    if trace.ndim != 2 or trace.dtype != np.float64 or trace.shape[1] != size or not 1 <= len(trace) <= rows:
        raise Malformed("a run has the wrong shape")
    if len(trace) < rows and error is None:
        raise Malformed("a run has too few steps")
    if helped is not None:
        if not isinstance(helped, dict) or set(helped) != {"how", "trace"} or helped["how"] not in HELP:
            raise Malformed("a run did not arrive whole")
        helped = {"how": helped["how"], "trace": unpack(helped["trace"])}
        if helped["trace"].shape != trace.shape or helped["trace"].dtype != np.float64:
            raise Malformed("a run has the wrong shape")
    error = read_error(error)
    counted = all(data[key] is None or is_count(data[key]) for key in ("touched", "kept", "rebound"))
    if not counted or data["lasting"] not in (None, True, False):
        raise Malformed("a run did not arrive whole")
    return {**data, "trace": trace, "error": error, "helped": helped}


def moved(run: Run, probe: Probe) -> np.ndarray:
    """Return what is compared: the trace, or, for a probe with ``after``, how far it moves from its first row."""
    with np.errstate(invalid="ignore"):
        trace: np.ndarray = run["trace"]
        return trace - trace[0] if probe.get("after") else trace


def tolerance(run: Run, probe: Probe) -> np.ndarray:
    """Return the absolute error that rounding may cause by each step, shape (rows, 1), in the parameters' dtype."""
    return rounding(run["trace"], _unit(probe), probe.get("after", 0))


def _unit(probe: Probe) -> float:
    return float(max(np.finfo(array["dtype"]).eps for array in probe["params"]))


def excused(run: Run, probe: Probe) -> bool:
    """Say whether a run ended only because ``p[:] = …``, an honest style, can't assign to a 0-d array."""
    error = run["error"]
    if not error or error["type"] != "IndexError" or not any(array["shape"] == [] for array in probe["params"]):
        return False
    return error["message"].startswith("too many indices") and "[:]" in error.get("code", "[:]")


def first_difference(run: Run, reference: Run, probe: Probe) -> Found | None:
    """Return where a run parts from the reference: the step and entry, or what went wrong otherwise; None
    if nowhere.
    """
    if excused(run, probe):
        return None
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
    if run["kept"]:
        return {"what": "kept", "step": run["kept"]}
    if probe.get("twin") and run["lasting"]:
        return {"what": "lasting", "step": 0}
    return None


# ------------------------------------------------------------------------------------------------ find


@dataclass(frozen=True)
class Finding:
    """What an answer's runs show: an error, facts, and mistakes that give all its numbers."""

    error: Error | None = None
    facts: tuple[str, ...] = ()  #: keys of FACTS
    mistakes: tuple[str, ...] = ()  #: of :data:`lrtutorial.kinds.variants.CHANGES`, one or two
    helped: str = ""  #: key of HELP: how runs were helped to show the rest
    unexplained: frozenset[str] = frozenset()  #: probes whose numbers are off for another reason


FACTS = {
    "lasting": "class_state",
    "touched": "mutates",
    "kept": "aliases",
    "rebound": "rebinds",
    "still": "copies",
    "single": "single",
}


def find(
    step: Step,
    model: Model,
    runs: Mapping[str, Run],
    reference: Mapping[str, Run],
    probes: Mapping[str, Probe],
    differences: Differences,
) -> Finding:
    """Return what one answer's runs show."""
    crashed = [key for key, run in runs.items() if run["error"] and differences[key]]
    kept = any(run["kept"] for run in runs.values())
    touched = any(run["touched"] for key, run in runs.items() if not (kept and probes[key].get("reuse")))
    lasting = any(run["lasting"] for run in runs.values())
    facts = [name for name, shown in (("lasting", lasting), ("touched", touched), ("kept", kept)) if shown]
    if any(probes[key].get("in_place") and run["rebound"] for key, run in runs.items()):
        facts.append("rebound")
    still = not crashed and all(np.ptp(run["trace"], axis=0).max(initial=0) == 0 for run in runs.values())
    how = next((run["helped"]["how"] for run in runs.values() if run["helped"]), "")
    spoilt = {  # what else than numbers is wrong in a run also spoils its numbers
        key
        for key, run in runs.items()
        if (probes[key].get("reuse") and (run["touched"] or run["kept"]))
        or (probes[key].get("twin") and run["lasting"])
    }
    if still:
        facts.append("still")
        spoilt |= {key for key in runs if probes[key].get("in_place")}
    seen = {
        key: {**run, "trace": run["helped"]["trace"]} if run["helped"] else run
        for key, run in runs.items()
        if key not in spoilt
    }
    off = frozenset(key for key, run in seen.items() if _numbers_differ(run, reference[key], probes[key]))
    if crashed:
        error = met_by(runs[crashed[0]]["error"], crashed[0])
        ended = {key: run for key, run in seen.items() if not run["error"]}
        named = _explained(model, ended, probes) if off & ended.keys() else ()
        named = named if len(named) == 1 else ()  # few runs may be left: two mistakes might fit by chance
        return Finding(error, tuple(facts), named, how, frozenset(crashed) | (frozenset() if named else off))
    if still and not how:
        return Finding(None, tuple(facts), (), how, frozenset(runs))
    if off and _in_single_precision(seen, reference, probes):
        return Finding(None, (*facts, "single"), (), how, frozenset())
    mistakes: tuple[str, ...] = ()
    if off:
        mistakes = _explained(model, {key: run for key, run in seen.items() if not run["error"]}, probes)
    if how == "count" and (mistakes or not off):
        mistakes = ("t_from_zero", *mistakes)
    return Finding(None, tuple(facts), mistakes, how, frozenset() if mistakes else off)


def _numbers_differ(run: Run, reference: Run, probe: Probe) -> bool:
    bare = {**run, "touched": None, "kept": None, "rebound": None, "lasting": None}
    return first_difference(bare, reference, probe) is not None


def _in_single_precision(runs: Mapping[str, Run], reference: Mapping[str, Run], probes: Mapping[str, Probe]) -> bool:
    """Say whether runs in double precision are right up to single precision, and take steps, or end at points, that
    single precision holds exactly: what is off by something else that is small takes other steps.
    """
    double = [key for key in runs if _unit(probes[key]) < np.finfo(np.float32).eps]
    for key in double:
        run, right, probe = runs[key], reference[key], probes[key]
        if run["error"] or len(run["trace"]) != len(right["trace"]) or not np.isfinite(run["trace"]).all():
            return False
        slack = rounding(right["trace"], float(np.finfo(np.float32).eps), probe.get("after", 0))
        if not (np.abs(moved(run, probe) - moved(right, probe)) <= slack).all():
            return False
        steps, points = np.diff(run["trace"], axis=0), run["trace"][1:]
        lost = 4 * np.finfo(np.float64).eps * np.abs(run["trace"]).max(initial=0)  # of a step, by storing the point
        if not (_held_by_float32(points, 0) or steps.any() and _held_by_float32(steps, lost)):
            return False
    return bool(double)


def _held_by_float32(values: np.ndarray, slack: float) -> bool:
    with np.errstate(over="ignore"):
        return bool((np.abs(values.astype(np.float32).astype(np.float64) - values) <= slack).all())


def _explained(model: Model, runs: Mapping[str, Run], probes: Mapping[str, Probe]) -> tuple[str, ...]:
    """Return the one or two mistakes that give every number of these runs; () when none do."""

    def fits(key: str, traces: np.ndarray) -> np.ndarray:
        probe, run = probes[key], runs[key]
        sizes = np.where(np.isfinite(traces), np.abs(traces), 0.0).max(axis=2, initial=1e-300)
        largest = np.maximum.accumulate(sizes, axis=1)[:, :, None]
        slack = rounding(np.ones((traces.shape[1], 1)), _unit(probe), probe.get("after", 0))[None] * largest
        with np.errstate(all="ignore"):
            theirs = traces - traces[:, :1] if probe.get("after") else traces
            ours = moved(run, probe)[None]
            # what is beyond float32, in a square at the latest, has numbers in the simulation's float64
            beyond = (_unit(probe) > 1e-10) & ~np.isfinite(ours) & (np.abs(traces).max(axis=2, keepdims=True) > 1e15)
            same = beyond | (theirs == ours)
            same |= (np.abs(theirs - ours) <= slack) | (np.isnan(theirs) & np.isnan(ours))
        return np.asarray(same.all(axis=(1, 2)))

    if not any(np.isfinite(run["trace"][1:]).any() for run in runs.values()):
        return ()  # numbers that are nowhere finite fit whatever divides by zero
    order = sorted(runs, key=lambda key: (len(probes[key]["grads"]), bool(probes[key].get("twin"))))
    found = explained(CHANGES[model.family], order, lambda key, variants: simulate(model, probes[key], variants), fits)
    return found[0][0] if found else ()


def simulate(model: Model, probe: Probe, variants: Sequence[Variant]) -> np.ndarray:
    """Return the traces of variants on a probe, (variants, steps + 1 − after, size)."""
    pair = [probe, probe["twin"]] if probe.get("twin") else [probe]
    parts = []
    for one in pair:
        bank = Bank(model.family, variants)
        given = {model.arguments[name]: float(value) for name, value in one["kwargs"].items()}
        settings: dict[str, Any] = {"lr": 0.0, "b1": 0.0, "b2": 0.0, "eps": 0.0, **model.defaults, **given}
        settings |= {"lr0": settings["lr"], "given": frozenset(given)}
        shapes = [tuple(array["shape"]) for array in one["params"]]
        x = [np.repeat(unpack(array).astype(float).reshape(1, -1), len(variants), axis=0) for array in one["params"]]
        rows = [np.concatenate(x, axis=1)]
        with np.errstate(all="ignore"):
            for t, arrays in enumerate(one["grads"]):
                arrays = one["grads"][0] if probe.get("reuse") else arrays
                if str(t) in probe.get("lr_at", {}):
                    settings |= {"lr": probe["lr_at"][str(t)], "since": 0}
                elif "since" in settings:
                    settings["since"] += 1
                for i, array in enumerate(arrays):
                    g = np.broadcast_to(unpack(array).astype(float).reshape(1, -1), x[i].shape)
                    x[i] = x[i] - bank.step(x[i], g, t + 1, i, len(arrays), shapes[i], settings)
                rows.append(np.concatenate(x, axis=1))
        parts.append(np.stack(rows, axis=1)[:, probe.get("after", 0) :])
    return np.concatenate(parts, axis=2)


def _lost(step: Step, model: Model, found: Finding, failed: set[str], probes: Mapping[str, Probe]) -> set[str]:
    """Return the rubric lines that an answer loses.

    What is named costs the lines it is about, and no others: the rest of the answer's numbers follow from a right
    answer with just that mistake. Numbers that nothing explains cost every line that they are seen in. Whatever fails
    costs a line.
    """
    own = {
        line.id: [key for key in line.probes if probes[key]["answer"] in step.answers and key in failed]
        for line in step.rubric
    }
    seen = {key for keys in own.values() for key in keys if model is Optimizer.of(step).models[probes[key]["answer"]]}
    touched = {line for line, keys in own.items() if seen & set(keys)}
    breaks = [CHANGES[model.family][name].breaks for name in found.mistakes]
    breaks += ["in_place"] if set(found.facts) - {"single"} else []
    breaks += ["each" if "each" in model.costs else "in_place"] if "single" in found.facts else []
    breaks += [HELP[found.helped]] if found.helped else []
    lost = {line for what in breaks for line in model.costs.get(what, ())} & touched
    lost |= {line for line, keys in own.items() if found.unexplained & set(keys)}
    return lost or touched


# ---------------------------------------------------------------------------------------------- explain


def _explain(
    step: Step,
    verdict: Verdict,
    found: Mapping[str, Finding],
    runs: Mapping[str, Run],
    reference: Mapping[str, Run],
    probes: Mapping[str, Probe],
    expected: Expected,
    differences: Differences,
) -> Verdict:
    """Say for each wrong answer what it shows; the first one fills headline, counterexample and hint."""
    told = []
    for answer, finding in found.items():
        mine = {key: run for key, run in runs.items() if probes[key]["answer"] == answer}
        told.append((answer, *_told(step, answer, finding, mine, reference, probes, expected, differences)))
    answer, name, sentences, hint = told[0]
    headline = sentences[0]
    if len(step.answers) > 1 and not headline.startswith(answer):
        headline = f"{answer}: {headline}"
    more = [*sentences[1:], *(f"{other}: {' '.join(said)}" for other, _, said, _ in told[1:])]
    verdict = replace(verdict, misconception=name, headline=headline, hint=hint, details=tuple(more))
    finding = found[answer]
    if finding.error:
        verdict = with_crash(verdict, finding.error, Optimizer.of(step).says[finding.error["probe"]], expected.secret)
    if expected.secret:
        return verdict
    failed = [key for key, difference in differences.items() if difference and probes[key]["answer"] == answer]
    first = finding.error["probe"] if finding.error else failed[0]
    return _counterexample(step, verdict, first, runs, reference, probes, differences[first])


def _told(
    step: Step,
    answer: str,
    finding: Finding,
    runs: Mapping[str, Run],
    reference: Mapping[str, Run],
    probes: Mapping[str, Probe],
    expected: Expected,
    differences: Mapping[str, object],
) -> tuple[str | None, list[str], str]:
    """Return the id of the mistake that is named first, sentences, and a hint."""
    words, model = misconceptions(step.id), Optimizer.of(step).models[answer]
    if finding.error:
        headline, hint = crash_of(answer, finding.error, Optimizer.of(step).signatures[answer], expected.secret)
        more = [f"The runs that came to their end show: {words[model.id_of(name)].title}." for name in finding.mistakes]
        return None, [headline, *more], hint
    names = [model.id_of(name) for name in (*finding.mistakes, *(FACTS[fact] for fact in finding.facts))]
    if (not finding.unexplained or "still" in finding.facts) and names:
        if len(names) > 1:
            said = [f"{together(len(names), finding.mistakes)} {words[names[0]].title}."]
            return names[0], said + [f"And: {words[name].title}." for name in names[1:]], words[names[0]].hints[0]
        return names[0], [f"{words[names[0]].title}."], words[names[0]].hints[0]
    if (name := _catalogued(runs, expected, reference, probes)) is not None:
        return name, [f"{words[name].title}."], words[name].hints[0]
    facts = [f"{words[name].title}." for name in names]
    headline, hint = diagnose(step, answer, finding, runs, reference, probes, differences)
    return (names[0] if facts and not finding.unexplained else None), [headline, *facts], hint


def _catalogued(
    runs: Mapping[str, Run], expected: Expected, reference: Mapping[str, Run], probes: Mapping[str, Probe]
) -> str | None:
    """Return the id of a catalogued mistake that no piece makes, and that gives every number of these runs."""
    for key, outcome in expected.outcomes().items():
        theirs = {probe: read_run(outcome[probe], probes[probe]) for probe in runs}
        if all(same_run(runs[probe], theirs[probe], probes[probe]) for probe in runs):
            if not all(same_run(theirs[probe], reference[probe], probes[probe]) for probe in runs):
                return key
    return None


def same_run(run: Run, other: Run, probe: Probe) -> bool:
    """Say whether two runs are the same up to rounding, non-finite values and raised errors included."""
    if any(run[key] != other[key] for key in ("touched", "kept", "rebound", "lasting")):
        return False
    if len(run["trace"]) != len(other["trace"]):
        return False
    if (run["error"] or {}).get("type") != (other["error"] or {}).get("type"):
        return False
    a, b = moved(run, probe), moved(other, probe)
    with np.errstate(invalid="ignore", over="ignore"):
        close = np.abs(a - b) <= tolerance(other, probe)
    return bool(np.all(close | (np.isnan(a) & np.isnan(b)) | (a == b)))


def diagnose(
    step: Step,
    answer: str,
    finding: Finding,
    runs: Mapping[str, Run],
    reference: Mapping[str, Run],
    probes: Mapping[str, Probe],
    differences: Mapping[str, object],
) -> tuple[str, str]:
    """Return headline and hint for what no mistake explains: which runs are off, and which are not."""
    kind = Optimizer.of(step)
    failed = [key for key in runs if differences[key]]
    if "still" in finding.facts:
        return (
            f"{answer} never moves the arrays it was given.",
            "Which line of step changes an array of self.params?",
        )
    for group, sentence, advice in kind.only:
        if set(failed) <= set(group):
            return sentence, advice
    first = next(iter(runs))
    if failed[0] == first and (said := _first_step(runs[first], reference[first], probes[first])):
        return said
    passed = [kind.says[key] for key in runs if key not in failed]
    right = f" Right: {'; '.join(passed[:3])}{'; …' if len(passed) > 3 else ''}." if passed else ""
    plain = failed[0] == first or kind.models[answer].family == "sgd"  # without a memory, one step tells all
    return f"Off: {kind.says[failed[0]]}.{right}", step.hints[0 if plain else 1]


def _first_step(run: Run, reference: Run, probe: Probe) -> tuple[str, str] | None:
    """Say what a first step that differs has to do with the right one, or with the gradient."""
    if len(run["trace"]) < 2 or probe.get("twin"):
        return None
    ours, right = (one["trace"][1] - one["trace"][0] for one in (run, reference))
    slope = np.concatenate([unpack(array).ravel() for array in probe["grads"][0]])
    if not np.isfinite(ours).all():
        return "The first step gives numbers that are not finite.", (
            "Print what your first step divides by, and what it takes the root of."
        )
    if not ours.any():
        return "The first step moves nothing.", "Print what your first step adds to a parameter."
    with np.errstate(all="ignore"):
        ratio, growth, wanted = ours / right, ours / slope, right / slope

    def even(values: np.ndarray) -> bool:
        return bool(np.isfinite(values).all() and np.ptp(values) <= 1e-6 * np.abs(values).max())

    on_paper = "Work out the first step on paper, from the state that __init__ leaves."
    if even(ratio) and ratio[0] < 0:
        return "The first step goes uphill.", "Take x > 0 with a positive gradient. Which way is down?"
    if even(ratio) and abs(ratio[0] - 1) > 0.01:
        size = "too long" if ratio[0] > 1 else "too short"
        return (
            f"The first step points the right way but is {size}, by the factor {ratio[0]:.4g}.",
            f"{on_paper} Where does this factor come from?",
        )
    if even(growth) and not even(wanted):
        return (
            "The first step grows with the gradient: scale invariance is broken.",
            "Multiply all gradients by 1000: the first step should stay the same. Which line divides by their size?",
        )
    return None


def _counterexample(
    step: Step,
    verdict: Verdict,
    key: str,
    runs: Mapping[str, Run],
    reference: Mapping[str, Run],
    probes: Mapping[str, Probe],
    difference: Found,
) -> Verdict:
    probe, says = probes[key], Optimizer.of(step).says[key]
    if difference["what"] == "number":
        place = describe_entry(probe, difference["entry"])
        after = f" (counted from step {probe['after']})" if probe.get("after") else ""
        yours, right = apart(difference["yours"], difference["right"])
        text = (
            f"{says}: after step {difference['step']}, {place} {'has moved by' if after else 'is'} {yours} "
            f"with your class{after}; {right} was expected."
        )
        if after and not np.isfinite(runs[key]["trace"][0]).all():  # moved from what is no number
            text = f"{says}: by step {difference['step']}, {place} is no finite number with your class."
        mine, right_one = (moved(one[key], probe)[:, difference["entry"]] for one in (runs, reference))
        picture = two_curves(mine, right_one, f"{place}, step by step")
        return replace(verdict, counterexample=text, picture=picture)
    what = {
        "error": f"it stopped at step {difference['step']}.",
        "rebound": f"step {difference['step']} put a new array in the place of the caller's.",
        "touched": f"step {difference['step']} changed the caller's gradient array; it must stay as it is.",
        "kept": f"step {difference['step']} changed what an earlier step was given; it must stay as it is.",
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
