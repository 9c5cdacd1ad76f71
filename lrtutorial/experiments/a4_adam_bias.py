"""A4: averages that start at 0, and what Adam's steps would be without their correction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lrtutorial.experiments.answers import Array, Note, Picture, values, waiting_for
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, number, sliders

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def uncorrected(steps: int, beta1: float = 0.9, beta2: float = 0.999) -> tuple[Array, Array]:
    """Run Adam's averages m and v for the gradient 1 from m₀ = v₀ = 0; return both for t = 1 … steps.

    Corrected, both are 1 at every t, so m/√v is also the uncorrected step over the corrected one (ε → 0). The
    two corrections are the same factors for any gradients, so that ratio does not depend on them.
    """
    m = v = 0.0
    run = []
    for _ in range(steps):
        m, v = beta1 * m + (1 - beta1), beta2 * v + (1 - beta2)
        run.append((m, v))
    both = np.array(run).T
    return both[0], both[1]


def adam_uncorrected(first_step_ratio: object, steps: int = 5000) -> Picture | Note:
    """A4: how many times too long Adam's steps are without correction, over t; with the student's first."""
    answer = values(first_step_ratio, [{}])
    if answer is None:
        return waiting_for("first_step_ratio")
    yours = float(answer[0])
    m, v = uncorrected(steps)
    t, ratio = np.arange(1, steps + 1), m / np.sqrt(v)
    peak = int(np.argmax(ratio))
    last = int(t[ratio > 1.1][-1])
    words = (
        "Adam's step without any correction over the corrected step, against t, both axes "
        "logarithmic. It begins at "
        f"{ratio[0]:.2f}, peaks at {ratio[peak]:.2f} at t = {t[peak]}, and is above 1.1 until t = "
        f"{last}. It is never "
        f"below 1 in these {steps} steps. Your first step is drawn at {yours:.4g}."
    )

    def drawing(figure: Figure) -> None:
        axes = figure.subplots()
        axes.loglog(t, ratio, color=PURPLE, lw=2, label="no correction at all")
        axes.loglog(t, m, ":", color=BLUE, label="m alone uncorrected")
        axes.loglog(t, 1 / np.sqrt(v), "--", color=ORANGE, label="v alone uncorrected")
        axes.axhline(1, color=BLACK, lw=0.8)
        if yours > 0:
            axes.plot(1, yours, "*", color=VERMILION, ms=15, label=f"your first step: {yours:.4g}", clip_on=False)
        axes.annotate(
            f"{ratio[peak]:.2f}× at t = {t[peak]}",
            (t[peak], ratio[peak]),
            xytext=(-30, -20),
            textcoords="offset points",
        )
        axes.annotate(
            f"above 1.1× until t = {last}",
            (last, 1.1),
            xytext=(-70, 16),
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": "0.5"},
        )
        axes.set(
            xlabel="step t",
            ylabel="step / corrected step",
            title="Without correction Adam's early steps are too long",
        )
        axes.legend(fontsize=8)

    return Picture(drawing, words, (8.0, 4.0))


def bias_of_the_average(expected_m: object, beta1: float = 0.9, steps: int = 40, runs: int = 40_000) -> Picture | Note:
    """A4: the mean of m_t over many noisy runs beside the student's E[m_t], and the mean divided by it."""
    t = np.arange(1, steps + 1)
    yours = values(expected_m, [{"beta1": beta1, "E_g": 1, "t": int(step)} for step in t])
    if yours is None:
        return waiting_for("expected_m")
    gradients = 1 + 2 * np.random.default_rng(4).standard_normal((steps, runs))
    m, means, errors = np.zeros(runs), [], []
    for g in gradients:
        m = beta1 * m + (1 - beta1) * g
        means.append(m.mean())
        errors.append(m.std() / np.sqrt(runs))
    measured, doubt = np.array(means), 2 * np.array(errors)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares, bars = measured / yours, abs(doubt / yours)
    shares, bars = (np.where(np.isfinite(found), found, np.nan) for found in (shares, bars))

    def drawing(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axhline(1, color=BLACK, lw=0.8, label="E[g]")
        axes.plot(t, measured, "o", color=BLUE, ms=4, label=f"mean of m over {runs} noisy runs")
        axes.plot(t, yours, "-", color=VERMILION, label="your E[m] at E[g] = 1")
        style: dict[str, Any] = {"fmt": "^", "color": GREEN, "ms": 4, "capsize": 2}
        axes.errorbar(t, shares, bars, **style, label="the same runs, divided by yours (± 2 standard errors)")
        axes.set(xlabel="step t", ylabel="mean", title=f"An average that starts at 0 (β₁ = {beta1:g})")
        axes.legend(fontsize=8)

    return Picture(
        drawing,
        f"Means over {runs} runs with noisy gradients of mean 1, against t, at β₁ = {beta1:g}. The mean of m "
        f"begins at {measured[0]:.2f} and reaches {measured[-1]:.2f} after {steps} steps. Your E[m] "
        "begins at "
        f"{yours[0]:.2f} and ends at {yours[-1]:.2f}; divided by it, the mean of m lies between "
        f"{shares.min():.3f} and {shares.max():.3f}, with two standard errors of at most {bars.max():.3f}.",
        (7.0, 3.6),
    )


def early_steps(t: int = 12, beta1: float = 0.9, beta2: float = 0.999, steps: int = 2000) -> Picture:
    """A4: Adam's steps without correction over the corrected ones, for any decays, with one step t picked out."""
    m, v = uncorrected(steps, beta1, beta2)
    ratio, at = m / np.sqrt(v), np.arange(1, steps + 1)

    def drawing(figure: Figure) -> None:
        axes = figure.subplots()
        axes.loglog(at, ratio, color=PURPLE, lw=2, label="no correction at all")
        axes.axhline(1, color=BLACK, lw=0.8)
        axes.plot(t, ratio[t - 1], "o", color=VERMILION, ms=9, label=f"t = {t}: {number(ratio[t - 1])} times")
        axes.set(xlabel="step t", ylabel="step / corrected step")
        axes.set_title(f"β₁ = {number(beta1)}, β₂ = {number(beta2)}")
        axes.legend(fontsize=8)

    words = (
        f"Adam's step without correction over the corrected one against t, at β₁ = {number(beta1)} and β₂ = "
        f"{number(beta2)}: {number(ratio[0])} at t = 1, {number(ratio[t - 1])} at t = {t}, {number(ratio[-1])} at "
        f"t = {steps}."
    )
    return Picture(drawing, words, (8.0, 3.2))


def explore_early_steps() -> None:
    """Show :func:`early_steps` under sliders for t and both decays."""
    sliders(
        early_steps,
        t=("t", (1, 2, 5, 12, 50, 200, 1000), 12),
        beta1=("β₁", (0.0, 0.5, 0.9, 0.99), 0.9),
        beta2=("β₂", (0.9, 0.99, 0.999, 0.9999), 0.999),
    )
