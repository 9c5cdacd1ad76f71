"""A3: RMSprop under constant gradients, and the two places for its ε."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lrtutorial.experiments.answers import Array, Note, Picture, values, waiting_for
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, VERMILION, number, sliders

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RMSPROP_EPSILON = 1e-8  #: PyTorch's default


def rmsprop_rate(g: float, beta: float, epsilon: float, steps: int) -> Array:
    """Run s ← βs + (1−β)g² from s₀ = 0; return the effective rates 1/√(s_t + ε), t = 1 … steps, at η = 1."""
    s, rates = 0.0, []
    for _ in range(steps):
        s = beta * s + (1 - beta) * g**2
        rates.append(1 / np.sqrt(s + epsilon))
    return np.array(rates)


def rmsprop_normalizes(effective_lr: object, beta: float = 0.9, steps: int = 40) -> Picture | Note:
    """A3: the effective rate for three constant gradients, and the steps: the gradient's size drops out."""
    gradients, t = (0.01, 1.0, 100.0), np.arange(1, steps + 1)
    epsilon = 1e-12
    yours = []
    for g in gradients:
        points = [{"eta": 1, "beta": beta, "g": g, "epsilon": epsilon, "t": int(step)} for step in t]
        curve = values(effective_lr, points)
        if curve is None:
            return waiting_for("effective_lr")
        yours.append(curve)
    runs = [rmsprop_rate(g, beta, epsilon, steps) for g in gradients]

    def drawing(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        styles = ((BLUE, "-", "o"), (VERMILION, "--", "s"), (GREEN, ":", "^"))
        for g, run, curve, (colour, dashes, marker) in zip(gradients, runs, yours, styles, strict=True):
            name = f"g = {number(g)}"
            left.semilogy(t, curve, dashes, color=colour, label=f"{name}, your formula")
            left.semilogy(t[::3], run[::3], marker, color=colour, ms=5, label=f"{name}, run step by step")
            right.plot(t, curve * g, dashes, color=colour, lw=2.2, label=name)
            right.plot(t[::3], run[::3] * g, marker, color=colour, ms=5)
        left.set(
            xlabel="step t",
            ylabel="effective rate / η",
            title=f"The rate adapts to the gradient (β = {beta:g})",
        )
        right.set(xlabel="step t", ylabel="length of the step / η", title="Rate × gradient: the size of g drops out")
        right.axhline(1, color=BLACK, lw=0.7)
        left.legend(fontsize=7, loc="center right", bbox_to_anchor=(1, 0.62), ncols=2)
        right.legend(fontsize=8)

    first = runs[1][0]
    return Picture(
        drawing,
        f"Two panels over the steps, for constant gradients of 0.01, 1 and 100 at β = {beta:g}. Left: "
        "the effective rate "
        "is a hundred times larger for the gradient 0.01 than for 1, and a hundred times smaller for "
        "100. Right: the "
        f"steps, rate times gradient, are the same for all three: {first:.2f} η at the first step, "
        "falling to "
        f"{runs[1][-1]:.2f} η after {steps} steps.",
    )


def epsilon_conventions(epsilon: float = RMSPROP_EPSILON) -> Picture:
    """A3: the settled step, s = g², of both conventions over the gradient's size: √s + ε against √(s + ε)."""
    g = np.logspace(-10, 0, 201)
    outside, inside = g / (g + epsilon), g / np.sqrt(g**2 + epsilon)
    here = 1e-6
    at = here / (here + epsilon), here / np.sqrt(here**2 + epsilon)

    def drawing(figure: Figure) -> None:
        axes = figure.subplots()
        axes.semilogx(g, outside, color=BLUE, label="ε outside the root: |g| / (√s + ε)")
        axes.semilogx(g, inside, "--", color=VERMILION, label="ε inside the root: |g| / √(s + ε)")
        for value, colour, marker in zip(at, (BLUE, VERMILION), "os", strict=True):
            axes.plot(here, value, marker, color=colour, ms=8)
            axes.annotate(
                f"{value:.3f}",
                (here, value),
                xytext=(8, 8 if value < 0.5 else -14),
                textcoords="offset points",
            )
        axes.axvline(here, color="0.8", lw=0.8, zorder=0)
        axes.set(
            xlabel="size of the gradient |g|",
            ylabel="length of the step / η",
            title=f"One ε = {epsilon:g}, two places for it",
        )
        axes.legend()

    return Picture(
        drawing,
        f"The settled step over the size of the gradient, for ε = {epsilon:g}. With ε outside the "
        "root the step stays η "
        "until the gradient comes down to ε itself; with ε inside it begins to shrink at √ε = "
        f"{np.sqrt(epsilon):g}. "
        f"At |g| = 1e-6 the steps are {at[0]:.3f} η and {at[1]:.3f} η.",
        (7.0, 3.6),
    )


def lengths(g: float = 1.0, epsilon: float = RMSPROP_EPSILON, beta: float = 0.9, steps: int = 40) -> Picture:
    """A3: the lengths of RMSprop's steps under one constant gradient, with ε inside and outside the root."""
    t = np.arange(1, steps + 1)
    inside = rmsprop_rate(g, beta, epsilon, steps) * g
    outside = g / (1 / rmsprop_rate(g, beta, 0.0, steps) + epsilon)

    def drawing(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(t, outside, color=BLUE, label="ε outside the root")
        axes.plot(t, inside, "--", color=VERMILION, label="ε inside the root")
        axes.axhline(1, color=BLACK, lw=0.7)
        axes.set(xlabel="step t", ylabel="length of the step / η", ylim=(0, 3.4))
        axes.set_title(f"g = {number(g)}, ε = {number(epsilon)}, β = {number(beta)}")
        axes.legend(fontsize=8)

    words = (
        f"Lengths of RMSprop's steps over {steps} steps for the constant gradient {number(g)} and ε = "
        f"{number(epsilon)}. With ε outside the root: {number(outside[0])} η at first, {number(outside[-1])} η in the "
        f"end; with ε inside {number(inside[0])} η and {number(inside[-1])} η."
    )
    return Picture(drawing, words, (8.0, 3.2))


def explore_lengths() -> None:
    """Show :func:`lengths` under sliders for g and ε."""
    sizes = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-2, 1.0, 100.0)
    sliders(lengths, g=("g", sizes, 1e-4), epsilon=("ε", (1e-12, 1e-10, 1e-8, 1e-6, 1e-4), 1e-8))
