"""What is wrong with a run, as keys of FAULTS; plain words, the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lrtutorial.kinds.lr_finder.asking import DEFAULTS, Probe, poison_of
from lrtutorial.kinds.lr_finder.runs import Run
from lrtutorial.kinds.lr_finder.simulate import BUFFERS, is_steep, losses_with, smoothed, steep_range, weights_of
from lrtutorial.kinds.lr_finder.words import CLOSE, FAULTS, ORDER

#: Which fault an error is, with the probe that asks for this.
CRASHES = {"restart": "short_crash", "few": "few_crash", "first_loss": "bad_start_crash"}


def all_faults(runs: Mapping[str, Run], probes: Sequence[Probe]) -> dict[str, list[str]]:
    """Return the faults of every run, without those that only follow from another.

    What is wrong with the losses is told by the first probe that shows it: short sweeps can't tell mistakes apart.
    """
    faults = {probe["id"]: faults_of(runs[probe["id"]], probe) for probe in probes}
    plain = probes[0]["id"]  # an error that it shows too comes of no other probe
    everywhere = _error_at(runs[plain])
    for key, run in runs.items():
        if everywhere and _error_at(run) == everywhere:  # no fault of this probe's own
            rest = [fault for fault in faults[key] if not fault.endswith("_crash") and fault != "error"]
            faults[key] = sorted({*rest, "crashed" if rest or "crashed" in faults[plain] else "error"}, key=ORDER)
    every = [fault for found in faults.values() for fault in found]
    first = next((fault for fault in every if FAULTS[fault][0] == "losses"), None)
    if first:
        faults = {
            key: list(dict.fromkeys(first if FAULTS[fault][0] == "losses" else fault for fault in found))
            for key, found in faults.items()
        }
    if _only_by_position(faults, probes):
        for probe in probes:
            if probe["how"] == "positional":
                faults[probe["id"]] = ["order"]
    early = {key for key, found in faults.items() if "stops_early" in found}
    if early and early <= {probe["id"] for probe in probes if "spread" in probe}:
        faults |= {key: ["fixed_limit" if one == "stops_early" else one for one in faults[key]] for key in early}
    if early:
        faults = {key: [fault for fault in found if fault != "short_stops"] for key, found in faults.items()}
    return faults


def _only_by_position(faults: Mapping[str, list[str]], probes: Sequence[Probe]) -> bool:
    """Whether bounds given by position give an error or other rates, and all that are given by name arrive."""

    def astray(probe: Probe) -> bool:
        return any(fault == "error" or FAULTS[fault][0] == "sweep" for fault in faults[probe["id"]])

    by_name = [probe for probe in probes if probe["how"] == "keywords"]
    return not any(map(astray, by_name)) and any(astray(one) for one in probes if one["how"] == "positional")


def _error_at(run: Run) -> tuple[str, int | None, str | None] | None:
    error = run.error
    return (error["type"], error.get("line"), error.get("code")) if error else None


def faults_of(run: Run, probe: Probe) -> list[str]:
    """Return what is wrong with a run, as keys of FAULTS; an empty list when it is as it should be."""
    asks, crash = probe["asks"], "error"
    if poison_of(probe) in ("error", "stop"):
        return _interrupted_faults(run, probe)
    if run.error:
        crash = next((CRASHES[one] for one in asks if one in CRASHES), "error")
        if not len(run.losses) or not len(run.lrs):
            return [crash]
    if run.returned and not len(run.losses):
        return ["no_values"]
    if not run.modes or (len(run.losses) == 0 and "first_loss" not in asks):
        return ["never_run"]
    found = _left_behind(run, probe) if "left" in asks else []
    found += ["crashed" if crash == "error" else crash] if run.error else []
    found += ["return"] if run.returned else []
    lrs, losses = run.lrs, run.losses
    if len(lrs) != len(losses):
        return _faults_of_pairs(run, probe)
    if "first_loss" in asks:
        return found + (["goes_on_after_inf"] if len(losses) > 1 else [])
    if _heads_for(losses, probe) and not _heads_for(lrs, probe):
        return ["return_order", *found]
    sweep = _sweep_faults(lrs, probe)
    found = [*sweep, *found]
    if "losses" in asks and len(lrs):
        found += _loss_faults(run, probe)
    found += _stop_faults(
        run, probe, bool(set(sweep) - {"steps_default"}) or any(FAULTS[f][0] == "losses" for f in found)
    )
    if "suggestion" in asks and len(lrs):
        suggestion = _suggestion_faults(run, probe)
        wrong = any(FAULTS[fault][0] in ("sweep", "losses", "stop") for fault in found)
        # of wrong losses no rate can be told right, and by luck alone some would be: only its form is judged
        found += [fault for fault in suggestion if not wrong or fault in ("no_suggestion", "suggests_index")]
    if "figure" in asks:
        found += _figure_faults(run)
    return sorted(set(found), key=ORDER)


def _faults_of_pairs(run: Run, probe: Probe) -> list[str]:
    """Judge lists of different lengths by their common part: the longer may have one too many at either end."""
    length = min(len(run.lrs), len(run.losses))
    if not length:
        return ["no_values"]
    begins = replace(run, lrs=run.lrs[:length], losses=run.losses[:length])
    ends = replace(run, lrs=run.lrs[-length:], losses=run.losses[-length:])
    found = min((faults_of(one, probe) for one in (begins, ends)), key=len)
    cut = ["lengths" if len(run.lrs) == len(run.losses) + 1 else "other_lengths"]
    return sorted({*found, *([] if run.error else cut)}, key=ORDER)


def _left_behind(run: Run, probe: Probe) -> list[str]:
    """Return what a run did not put back."""
    found = []
    if "E" in run.modes:
        found.append("evaluates")
    if not run.moved:
        found.append("untrained")
    if not np.array_equal(run.weights, weights_of(probe)):
        found.append("weights_alias" if run.loaded else "weights")
    if probe["network"] == "norm" and not np.array_equal(run.buffers, BUFFERS):
        found.append("buffers")
    if not run.mode:
        found.append("mode")
    if run.frozen:
        found.append("frozen")
    if not run.rng:
        found.append("rng")
    if "weights_alias" in found and "buffers" in found:
        found.remove("buffers")  # the same slip
    return found


def _interrupted_faults(run: Run, probe: Probe) -> list[str]:
    found = []
    changed = not np.array_equal(run.weights, weights_of(probe)) or not np.array_equal(run.buffers, BUFFERS)
    if run.error:
        return ["error"]
    if run.interrupted is None:
        return ["not_interrupted"]
    if changed or run.frozen or not run.mode or not run.rng or not run.moved:
        found.append("interrupted")
    if run.interrupted == "swallowed" and poison_of(probe) == "error":
        found.append("swallowed")  # a graceful end after the stop button is fine
    return found


def _heads_for(values: np.ndarray, probe: Probe) -> bool:
    return len(values) > 1 and bool(np.isclose(values[0], probe["min_lr"], rtol=1e-6)) and bool(values[1] > values[0])


def _sweep_faults(lrs: np.ndarray, probe: Probe) -> list[str]:
    low, high, steps = probe["min_lr"], probe["max_lr"], probe["num_steps"]
    if len(lrs) == 0 or not np.isfinite(lrs).all() or not (lrs > 0).all():
        return ["uneven"]
    found = []
    if len(lrs) > steps:
        found.append("steps_default" if len(lrs) == DEFAULTS["num_steps"] else "too_many")
        steps = len(lrs)
    factors = [(high / low) ** (1 / n) for n in (steps, steps - 1)]
    growth = lrs[1:] / lrs[:-1]
    even = len(growth) < 1 or np.allclose(growth, growth[0], rtol=1e-5, atol=0)
    if len(growth) > 1 and not even and np.allclose(np.diff(lrs), lrs[1] - lrs[0], rtol=1e-3, atol=1e-9 * high):
        return [*found, "linear"]
    if len(growth) and growth[0] < 1:
        return [*found, "descends" if np.isclose(lrs[0], high, rtol=1e-3) else "shrinks"]
    if not np.isclose(lrs[0], low, rtol=1e-6):
        if np.isclose(lrs[0], DEFAULTS["min_lr"], rtol=1e-6):
            return [*found, "start_default"]
        if any(np.isclose(lrs[0], low * factor, rtol=1e-5) for factor in factors):
            return [*found, "start_late"]
        return [*found, "start"]
    if not even:
        return [*found, "uneven"]
    if len(growth) and not any(np.isclose(growth[0], factor, rtol=1e-5) for factor in factors):
        to_default = [(DEFAULTS["max_lr"] / low) ** (1 / n) for n in (steps, steps - 1)]
        if any(np.isclose(growth[0], factor, rtol=1e-5) for factor in to_default):
            return [*found, "end_default"]
        return [*found, "beyond_max" if growth[0] > max(factors) else "end"]
    return found


def _loss_faults(run: Run, probe: Probe) -> list[str]:
    """Compare the reported losses with those of training by the reported rates, up to where the curve turns chaotic."""
    lrs, losses = run.lrs, run.losses
    if poison_of(probe) == "nan":
        lrs, losses = lrs[: probe["poison"]["at"]], losses[: probe["poison"]["at"]]
    right = losses_with(probe, lrs)[:-1]
    with np.errstate(invalid="ignore"):
        wild = ~(right <= 1.5 * right[0])
    calm = int(wild.argmax()) if wild.any() else len(right)
    turn = min(calm, max(8, int(np.argmin(right[:calm])) + 1)) if calm else 0

    def agrees(other: np.ndarray) -> bool:
        with np.errstate(invalid="ignore"):
            return bool(np.all(np.abs(losses[:turn] - other[:turn]) <= CLOSE * right[0]))

    if agrees(right):
        return []
    for variant in (
        "no_step",
        "constant_rate",
        "same_batch",
        "after_step",
        "rate_ahead",
        "rate_behind",
        "accumulates",
        "momentum",
    ):
        if run.moved == (variant == "no_step"):
            continue
        if agrees(losses_with(probe, lrs, variant)[:-1]):
            return [variant]
    if any(
        agrees(smoothed(right, beta, debias)) for beta in (0.5, 0.8, 0.9, 0.95, 0.98, 0.99) for debias in (True, False)
    ):
        return ["averaged"]
    if run.second is not None and len(lrs):
        moved = np.abs(run.second - weights_of(probe))
        if np.mean(np.abs(moved - lrs[0]) <= 0.2 * lrs[0] + 1e-7) > 0.8:
            return ["adaptive"]
    return ["other_losses"]


def _stop_faults(run: Run, probe: Probe, lost: bool) -> list[str]:
    """Look at where the sweep ended. ``lost``: rates or losses are wrong, so that only plain facts can be
    held against it.
    """
    losses, steps = run.losses, probe["num_steps"]
    if poison_of(probe) == "nan":
        return ["goes_on_after_nan"] if len(losses) > probe["poison"]["at"] + 1 else []
    if "restart" in probe["asks"] and len(losses) == probe["batches"] and not run.error:
        return ["short_stops"]
    exploded = np.flatnonzero(~(losses <= 4 * losses[0])) if len(losses) else np.zeros(0, int)
    if len(exploded) and len(losses) > exploded[0] + 6:  # a smoothed loss notices a few steps later
        return ["no_stop"]
    if run.error and any(one in CRASHES for one in probe["asks"]):
        return []  # the exception is this probe's own fault
    if len(losses) >= steps or lost or probe["network"] != "tanh" or len(losses) == 0:
        return []
    seen = np.append(losses, losses_with(probe, run.lrs)[-1])  # the last may have been seen and not reported
    rose = ~(seen <= 2 * np.minimum.accumulate(seen))
    return [] if rose.any() else ["stops_early"]


def _suggestion_faults(run: Run, probe: Probe) -> list[str]:
    suggested, lrs, losses = run.suggested, run.lrs, run.losses
    if suggested is None:
        return ["no_suggestion"]
    if is_steep(suggested, probe):
        return []
    if np.isclose(suggested, lrs[np.nanargmin(losses)] if np.isfinite(losses).any() else np.nan, rtol=1e-9):
        return ["suggests_minimum"]
    if np.isclose(suggested, lrs.max(), rtol=1e-9):
        return ["suggests_largest"]
    if np.isclose(suggested, lrs.min(), rtol=1e-9):
        return ["suggests_smallest"]
    if suggested == int(suggested) and 1 <= suggested < len(lrs):
        return ["suggests_index"]
    return ["suggests_high" if suggested > steep_range(probe)[1] else "suggests_low"]


def _figure_faults(run: Run) -> list[str]:
    axes, lrs = run.figure, run.lrs
    lines = [(ax, line) for ax in axes for line in ax["lines"]]
    if not lines:
        return ["no_figure"]

    def among(values: np.ndarray, wanted: np.ndarray) -> bool:
        ordered = np.sort(wanted)
        nearest = ordered[np.clip(np.searchsorted(ordered, values * (1 - 1e-6)), 0, len(ordered) - 1)]
        return len(values) >= min(5, len(wanted)) and bool(np.allclose(values, nearest, rtol=1e-5))

    good = [ax for ax, line in lines if len(lrs) and among(line["x"], lrs)]
    if not good:
        logs = len(lrs) > 0 and any(
            among(line["x"] - np.log10(lrs[0]) + 1, np.log10(lrs) - np.log10(lrs[0]) + 1) for _, line in lines
        )
        if logs:
            return ["linear_axis"]
        return ["figure_swapped" if len(lrs) and any(among(line["y"], lrs) for _, line in lines) else "no_line"]
    checks = {
        "linear_axis": good[0]["xscale"] != "log",
        "no_xlabel": not good[0]["xlabel"].strip(),
        "no_ylabel": not good[0]["ylabel"].strip(),
    }
    return [fault for fault, found in checks.items() if found]
