"""A5: two curvatures and one rate; what the condition number costs."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from lrtutorial.experiments.answers import Array, Note, Picture, values, waiting_for
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def momentum_rate(kappa: Array | float) -> Array:
    """Return √β of the best heavy ball on a quadratic, β = ((√κ−1)/(√κ+1))² (Polyak 1964)."""
    root = np.sqrt(np.asarray(kappa, dtype=np.float64))
    return (root - 1) / (root + 1)


def fewest_steps(kappa: float, fraction: float = 0.1, rates: int = 20_001) -> int:
    """Try many rates of gradient descent on the curvatures 1 and κ; return the fewest steps to a fraction.

    The fraction is of the distance to the minimum, in the slower of the two directions.
    """
    eta = np.linspace(0, 2 / kappa, rates)
    worst = np.maximum(abs(1 - eta), abs(1 - eta * kappa)).min()
    return int(np.ceil(np.log(fraction) / np.log(worst)))


def two_factors(optimal_lr: object, smallest: float = 2.0, largest: float = 20.0) -> Picture | Note:
    """A5: |1 − ηλ| of both directions of x² + 10y² over η, and where the student's rate lies."""
    answer = values(optimal_lr, [{"lambda_max": largest, "lambda_min": smallest}])
    if answer is None:
        return waiting_for("optimal_lr")
    yours = float(answer[0])
    eta = np.linspace(0, 2.4 / largest, 1321)
    flat, steep = abs(1 - eta * smallest), abs(1 - eta * largest)
    worst = np.maximum(flat, steep)
    best = int(np.argmin(worst))
    left = max(abs(1 - yours * smallest), abs(1 - yours * largest))

    def drawing(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(eta, flat, color=BLUE, label=f"along x: |1 − {smallest:g}η|")
        axes.plot(eta, steep, "--", color=VERMILION, label=f"along y: |1 − {largest:g}η|")
        axes.plot(eta, worst, color=BLACK, lw=4, alpha=0.25, label="the slower of the two")
        axes.axhline(1, color=BLACK, lw=0.7)
        axes.axvspan(2 / largest, eta[-1], color=ORANGE, alpha=0.15)
        axes.text(2 / largest, 0.06, " diverges", va="bottom")
        if 0 <= yours <= eta[-1]:
            axes.plot(yours, left, "*", color=PURPLE, ms=15, label=f"your η* = {yours:.4g}: {left:.4f}")
        axes.set(
            xlabel="η",
            ylabel="left of the distance per step",
            ylim=(0, 1.4),
            title="x² + 10y²: curvatures 2 and 20",
        )
        axes.legend(fontsize=8, loc="upper left", ncols=2)

    return Picture(
        drawing,
        "What one step leaves of the distance, over the rate η, on x² + 10y². Along x it falls "
        "slowly from 1; "
        f"along y it falls to 0 at η = {1 / largest:g} and rises to 1 at {2 / largest:g}, where divergence "
        f"begins. The larger of the two is lowest where the curves cross, near η = {eta[best]:.3f}, with "
        f"{worst[best]:.2f}. Your rate is {yours:.4g}, which leaves {left:.4f}.",
        (7.0, 3.8),
    )


def rate_over_condition(rate: object) -> Picture | Note:
    """A5: the student's rate, 1 − 2/κ and momentum's best over κ; steps for a tenth of the distance."""
    kappa = np.geomspace(1, 1000, 121)  # 10 and 100 are among them
    yours = values(rate, [{"kappa": Fraction(float(k))} for k in kappa])
    if yours is None:
        return waiting_for("rate")
    heavy = momentum_rate(kappa)

    def steps(factor: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((factor > 0) & (factor < 1), np.log(0.1) / np.log(factor), np.nan)

    def drawing(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        near = kappa <= 30
        left.plot(kappa[near], yours[near], color=BLUE, lw=2.2, label="your rate")
        left.plot(kappa[near], 1 - 2 / kappa[near], "--", color=VERMILION, label="1 − 2/κ")
        left.plot(kappa[near], 1 - 1 / kappa[near], ":", color=ORANGE, lw=2, label="1 − 1/κ, at η = 1/λ_max")
        left.plot(kappa[near], heavy[near], "-.", color=GREEN, label="momentum's best, √β")
        left.axhline(0, color=BLACK, lw=0.7)
        left.set(
            xlabel="condition number κ",
            ylabel="left of the distance per step",
            ylim=(-1.05, 1.05),
            title="One step",
        )
        right.loglog(kappa, steps(yours), color=BLUE, lw=2.2, label="your rate")
        right.loglog(kappa, steps(heavy), "-.", color=GREEN, label="momentum's best, √β")
        right.set(xlabel="condition number κ", ylabel="steps", title="Steps for a tenth of the distance")
        left.legend(fontsize=8)
        right.legend(fontsize=8)

    at_10 = int(np.argmin(abs(kappa - 10)))
    at_100 = int(np.argmin(abs(kappa - 100)))
    return Picture(
        drawing,
        "Left: what a step leaves of the distance, over κ from 1 to 30. 1 − 2/κ begins at −1, is "
        "negative for "
        f"κ < 2 and is {1 - 2 / 10:.3f} at κ = 10, where your rate is {yours[at_10]:.3f}, η = 1/λ_max leaves "
        f"{1 - 1 / 10:.3f} and momentum's best {heavy[at_10]:.3f}. Right, both axes logarithmic: the "
        "steps for a "
        f"tenth of the distance. At κ = 100 your rate needs {steps(yours)[at_100]:.0f}, momentum's best "
        f"{steps(heavy)[at_100]:.0f}.",
    )
