"""The sliders: which there are, and the positions each can take, within what a saved notebook can carry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtutorial.explorer.entries import HYPERPARAMETERS, Entry
from lrtutorial.explorer.recurrences import FAMILIES
from lrtutorial.problems import Problem

SWEEP_BYTES = 620_000  # of all sweeps together: below 1 MB when a notebook stores them as base64
POINT_BYTES = 12  # x, y and loss as float32
# 33 for the betas; fewer for longer runs
_POSITIONS = {"lr": 65, "start_x": 25, "start_y": 25, "kappa": 25, "angle": 19}
_LABELS = {"lr": "Learning rate η", "momentum": "Momentum β", "beta": "Decay β", "beta1": "β₁", "beta2": "β₂"}
SHAPES = ("kappa", "angle")  #: controls that change the problem itself
RATES = (1e-9, 1000.0)  #: what may be typed as a rate, wherever its slider ends: every rate that any text names


@dataclass
class Control:
    """A slider: its trait's name, what it is called, the family it belongs to, its positions and first value.

    `limits` are the ends of what may be typed.
    """

    key: str
    name: str
    label: str
    family: str
    value: float
    ticks: list[float]
    limits: tuple[float, float]


def make_controls(
    problem: Problem,
    entries: Sequence[Entry],
    steps: int,
    start: Sequence[float],
    lr: float | Mapping[str, float] | None,
    given: Mapping[str, Any],
) -> list[Control]:
    """The controls in the order of the page; also tells every entry which controls its runs depend on."""
    shared = ["start_x", "start_y", *(SHAPES if problem.name == "rotated" else ())]
    names = {key: (entry, name) for entry in entries for name, key in entry.parameters.items()}
    for entry in entries:
        entry.depends = (*entry.parameters.values(), *shared)
    uses = {key: sum(key in e.depends and not e.refusal for e in entries) for key in [*names, *shared]}
    wanted = sum(uses[key] * _POSITIONS.get(names[key][1] if key in names else key, 33) for key in uses)
    share = min(1.0, SWEEP_BYTES / (POINT_BYTES * (steps + 1)) / max(wanted, 1))

    def positions(name: str) -> int:
        return max(7, int(_POSITIONS.get(name, 33) * share) - 1)  # one place is kept for the first value

    controls = []
    for key, (entry, name) in names.items():
        value = _first_value(name, entry, problem, lr, given)
        low, high = _range(name, entry, problem)
        named = [number for number in canonical(name, entry, problem) if low <= number <= high][: positions(name) // 2]
        ticks = _among(named, low, high, value, positions(name), name == "lr")
        limits = RATES if name == "lr" else (0.0, 0.9999)
        controls.append(Control(key, name, _LABELS[name], entry.family, value, ticks, limits))
    x_min, x_max, y_min, y_max = problem.bounds
    ends = {"start_x": (x_min, x_max, start[0]), "start_y": (y_min, y_max, start[1])}
    for key, (low, high, value) in ends.items():
        grid = np.linspace(low, high, positions(key))
        ticks = _ticks(grid, value, False)
        controls.append(Control(key, key, f"Start {key[-1]}", "start", float(value), ticks, (ticks[0], ticks[-1])))
    if problem.name == "rotated":
        kappa, angle = float(given.get("kappa", 10.0)), float(given.get("angle", 30.0))
        grids = {"kappa": np.geomspace(1, 100, positions("kappa")), "angle": np.linspace(0, 90, positions("angle") + 1)}
        for key, value, label in (
            ("kappa", kappa, "Condition number κ"),
            ("angle", angle, "Turned by, in degrees"),
        ):
            ticks = _ticks(grids[key], value, key == "kappa")
            controls.append(Control(key, key, label, "start", value, ticks, (ticks[0], ticks[-1])))
    return controls


def canonical(name: str, entry: Entry, problem: Problem) -> list[float]:
    """The numbers that a text names, as positions of a slider, the most wanted first.

    A rate's are plain descent's border 2/λ_max with 0.5 to 1.99 times it, the best rate 2/(λ_max + λ_min), heavy-ball
    momentum's best and the two that do best in turn, and 1, 5, 2 and 3 in each decade. A momentum's hold the
    best one on a quadratic, ((√κ − 1)/(√κ + 1))² (Polyak 1964).
    """
    if name != "lr":
        return [0.5, 0.9, 0.95, 0.99] + ([0.999] if name == "beta2" else [0.0] + _best_momentum(name, problem))
    round_ones = [float(f"{digit}e{power}") for digit in (1, 5, 2, 3) for power in range(-6, 3)]
    if entry.adaptive or problem.eigenvalues[0] <= 0:
        return round_ones
    least, most = problem.eigenvalues[0], problem.eigenvalues[-1]
    digits = 12 if problem.is_quadratic else 3  # elsewhere the curvature at the minimum is no border
    border = [float(f"{2 * share / most:.{digits}g}") for share in (1, 0.5, 0.9, 1.1, 1.9, 1.5, 1.2, 1.99)]
    heavy_ball = float(f"{(2 / (math.sqrt(least) + math.sqrt(most))) ** 2:.3g}")
    middle, reach = (most + least) / 2, (most - least) / (2 * math.sqrt(2))
    in_turn = [float(f"{1 / (middle + side * reach):.4f}") for side in (1, -1)]
    best = 2 / (least + most) if problem.is_quadratic else float(f"{2 / (least + most):.3g}")
    return [float(best), *border, heavy_ball, *in_turn, *round_ones]


def _best_momentum(name: str, problem: Problem) -> list[float]:
    if name != "momentum" or problem.eigenvalues[0] <= 0:
        return []
    root = math.sqrt(problem.condition_number)
    return [float(f"{((root - 1) / (root + 1)) ** 2:.3g}")]


def _among(named: list[float], low: float, high: float, value: float, most: int, relative: bool) -> list[float]:
    """At most so many positions: the named numbers, the first value, and an even grid that keeps half a step away from
    them, so that no notch is wasted on a neighbour of a number that a text names."""

    def along(numbers: Sequence[float]) -> np.ndarray:
        return np.log(numbers) if relative else -np.log(1 - np.asarray(numbers))

    kept = sorted({*named, value})
    for places in range(most + len(kept), 6, -1):
        grid = np.geomspace(low, high, places) if relative else 1 - np.geomspace(1 - low, 1 - high, places)
        half = (along([high])[0] - along([low])[0]) / (places - 1) / 2
        ends = _ticks(grid[[0, -1]], value, relative)
        free = [n for n in _ticks(grid[1:-1], value, relative) if np.abs(along(kept) - along([n])).min() > half]
        ticks = sorted({*ends, *free, *kept})
        if len(ticks) <= most or places == 7:
            break
    return ticks


def _ticks(grid: np.ndarray, value: float, relative: bool) -> list[float]:
    """The grid's numbers rounded for reading (3 digits, or 4 decimals), with the first value among them."""
    rounded = [float(f"{v:.3g}") if relative else round(float(v), 4) + 0.0 for v in grid]
    return sorted({*rounded, float(value)})


def _first_value(
    name: str,
    entry: Entry,
    problem: Problem,
    lr: float | Mapping[str, float] | None,
    given: Mapping[str, Any],
) -> float:
    if name != "lr":
        asked = given.get(name, HYPERPARAMETERS[name])
        return float(asked.get(entry.family, HYPERPARAMETERS[name]) if isinstance(asked, Mapping) else asked)
    chosen = lr.get(entry.family) if isinstance(lr, Mapping) else lr
    if chosen is not None:
        return float(chosen)
    return problem.adaptive_lr if entry.adaptive else float(f"{1 / problem.eigenvalues[-1]:.3g}")


def _range(name: str, entry: Entry, problem: Problem) -> tuple[float, float]:
    """The ends of a slider: for a rate two to three decades around the first guess, wide enough to cross into
    divergence; on x² + 10y² up to 0.5, the best rate along x."""
    if name == "lr" and entry.adaptive:
        decade = 10.0 ** round(math.log10(problem.adaptive_lr))
        return decade / 100, decade * 3
    if name == "lr":
        decade = 10.0 ** round(math.log10(2 / problem.eigenvalues[-1]))
        return decade / 100, decade * 5
    return (0.5, 0.9999) if name == "beta2" else (0.0, 0.99)


def known_hyperparameters(problem: Problem) -> set[str]:
    """The names that explore() takes as **hyperparameters."""
    return {"momentum", "beta", "beta1", "beta2", "eps"} | (set(SHAPES) if problem.name == "rotated" else set())


def family_label(family: str) -> str:
    """What a family is called on the page."""
    return FAMILIES[family].label if family in FAMILIES else family.replace("_", " ").capitalize()
