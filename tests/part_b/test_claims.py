"""What a verdict of Part B says is true: hundreds of mutants, each sentence worked out again by other means.

The oracle steps plain Python numbers by the formulas of the exercise, and the mutant itself by hand; it shares no code
with the check. Evaluated are the factor of a first step and its direction, the runs that are said to be off or right,
"only" sentences, and both numbers of a counterexample.
"""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from benchmarks.locating import as_cell, sample
from lrtutorial.answers.arrays import unpack
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import Optimizer
from lrtutorial.locating.alarm import TooLong, limited

DEFAULTS = {"momentum": 0.9, "lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
SIZE = {"b1": 100, "b2": 70}


def expected(answer: str, probe: dict) -> list[list[float]]:
    """All numbers after each step, as the exercise defines them, in plain Python."""
    settings = DEFAULTS | probe["kwargs"]
    x = [float(value) for array in probe["params"] for value in unpack(array).ravel()]
    m, v = [0.0] * len(x), [0.0] * len(x)
    rows = [list(x)]
    for t in range(1, len(probe["grads"]) + 1):
        grads = probe["grads"][0 if probe.get("reuse") else t - 1]
        g = [float(value) for array in grads for value in unpack(array).ravel()]
        settings["lr"] = probe.get("lr_at", {}).get(str(t - 1), settings["lr"])
        for i, slope in enumerate(g):
            if answer == "Adam":
                b1, b2 = settings["beta1"], settings["beta2"]
                m[i] = b1 * m[i] + (1 - b1) * slope
                v[i] = b2 * v[i] + (1 - b2) * slope * slope
                step = m[i] / (1 - b1**t) / (math.sqrt(v[i] / (1 - b2**t)) + settings["eps"])
            else:
                m[i] = (settings["momentum"] if answer == "MomentumSGD" else 0) * m[i] + slope
                step = m[i]
            x[i] -= settings["lr"] * step
        rows.append(list(x))
    return rows


def met(make, probe: dict) -> list[list[float]] | None:
    """The same of a student's class, driven by hand; None when it raises."""
    params = [unpack(array) for array in probe["params"]]
    rows = [[float(value) for one in params for value in one.ravel()]]
    named = {name: value for name, value in probe["kwargs"].items() if name not in probe.get("positional", ())}
    try:
        with np.errstate(all="ignore"):
            optimizer = make(params, *(probe["kwargs"][name] for name in probe.get("positional", ())), **named)
            again = [unpack(array) for array in probe["grads"][0]]
            for t, grads in enumerate(probe["grads"]):
                if str(t) in probe.get("lr_at", {}):
                    optimizer.lr = probe["lr_at"][str(t)]
                optimizer.step(again if probe.get("reuse") else [unpack(array) for array in grads])
                rows.append([float(value) for one in params for value in np.ravel(one)])
    except Exception:
        return None
    return rows


def off(make, answer: str, probe: dict) -> bool | None:
    """Whether numbers of a run are off by far more than rounding; None where numbers alone don't decide."""
    if probe.get("twin") or probe.get("in_place") or probe.get("reuse"):
        return None
    ours, right = met(make, probe), expected(answer, probe)
    if ours is None:
        return True
    begin = probe.get("after", 0)
    base_a, base_b = (ours[begin], right[begin]) if begin else ([0.0] * len(ours[0]),) * 2
    rough = 1e-3 if probe["params"][0]["dtype"] == "<f4" else 1e-6
    worst = 0.0
    for a, b in zip(ours[begin:], right[begin:], strict=True):
        for one, other, zero_a, zero_b in zip(a, b, base_a, base_b, strict=True):
            gap = abs((one - zero_a) - (other - zero_b)) / max(1.0, abs(other))
            worst = max(worst, gap if math.isfinite(gap) else math.inf)
    return True if worst > rough else None if worst > 1e-13 else False


def sentences(verdict) -> str:
    return " ".join([verdict.headline, *verdict.details])


def wrong_ones(step_id: str, seed: int):
    """(mutant, the class that is wrong, its verdict), one answer at a time."""
    step = find_step(step_id)
    for mutant in sample(step_id, SIZE[step_id], seed):
        try:
            space = as_cell(mutant.source)
            with limited(5):
                for name in step.answers:
                    verdict = verdict_on(step_id, space[name])
                    if not verdict.right and "alone: right" not in verdict.headline and verdict.counterexample:
                        yield mutant, name, space[name], verdict
        except (TooLong, Exception) as why:  # no class at all, or one that runs for ever
            assert not isinstance(why, AssertionError)


@pytest.mark.whole  # many seconds
@pytest.mark.parametrize("step_id", ["b1", "b2"])
def test_every_number_and_every_because_of_a_verdict_is_true(step_id) -> None:
    step, counted = find_step(step_id), 0
    kind, probes = Optimizer.of(step), recorded(step_id).probes
    by_says = {kind.says[probe["id"]]: probe for probe in probes}
    for mutant, name, make, verdict in wrong_ones(step_id, seed=31):
        said, shown = sentences(verdict), f"{mutant.what}, line {mutant.first}\n{mutant.source}\n{verdict}"
        counted += first_step_is_as_said(said, name, make, probes, shown)
        counted += runs_are_as_said(said, name, make, by_says, shown)
        counted += only_these_are_off(said, name, make, kind, probes, shown)
        counted += counterexample_is_as_said(verdict, name, make, by_says, shown)
    assert counted >= 60, counted


def first_step_is_as_said(said, name, make, probes, shown) -> int:
    found = re.search(r"first step points the right way but is too (long|short), by the factor ([\d.e+-]+)\.", said)
    uphill = "The first step goes uphill" in said
    if not found and not uphill and "The first step moves nothing" not in said:
        return 0
    probe = next(one for one in probes if one["answer"] == name)
    ours, right = met(make, probe), expected(name, probe)
    ratios = [(a1 - a0) / (b1 - b0) for a1, a0, b1, b0 in zip(ours[1], ours[0], right[1], right[0], strict=True)]
    if found:
        factor = float(found[2])
        assert all(math.isclose(ratio, factor, rel_tol=1e-3) for ratio in ratios), shown
        assert (factor > 1) == (found[1] == "long") and factor not in (0, 1), shown
    elif uphill:
        assert all(ratio < 0 for ratio in ratios), shown
    else:
        assert all(ratio == 0 for ratio in ratios), shown
    return 1


def runs_are_as_said(said, name, make, by_says, shown) -> int:
    found = re.search(r"Off: ([^.]+?)\.(?: Right: (.+?)\.)?(?: |$)", said)
    if not found:
        return 0
    assert found[1] not in by_says or off(make, name, by_says[found[1]]) in (True, None), shown
    for text in (found[2] or "").split("; "):
        assert text not in by_says or off(make, name, by_says[text]) in (False, None), shown
    return 1


def only_these_are_off(said, name, make, kind, probes, shown) -> int:
    for group, sentence, _ in kind.only:
        if sentence in said:
            for probe in probes:
                if probe["answer"] == name and probe["id"] not in group:
                    assert off(make, name, probe) in (False, None), (probe["id"], shown)
            return 1
    return 0


def counterexample_is_as_said(verdict, name, make, by_says, shown) -> int:
    text = r"(.+): after step (\d+), params\[(\d+)\](?:\[([\d, ]+)\])? is (\S+) with your class; (\S+) was expected\."
    found = re.fullmatch(text, verdict.counterexample)
    if not found or by_says[found[1]].get("twin"):
        return 0
    probe, step = by_says[found[1]], int(found[2])
    shapes = [array["shape"] for array in probe["params"]]
    entry = sum(int(np.prod(shape, dtype=int)) for shape in shapes[: int(found[3])])
    shape = shapes[int(found[3])]
    entry += int(np.ravel_multi_index(tuple(map(int, found[4].split(", "))), shape)) if found[4] else 0
    ours, right = met(make, probe), expected(name, probe)
    rough = 1e-4 if probe["params"][0]["dtype"] == "<f4" else 1e-5
    assert math.isclose(float(found[6]), right[step][entry], rel_tol=rough, abs_tol=1e-9), shown
    if ours is not None and math.isfinite(ours[step][entry]):
        assert math.isclose(float(found[5]), ours[step][entry], rel_tol=rough, abs_tol=1e-9), shown
    return 1
