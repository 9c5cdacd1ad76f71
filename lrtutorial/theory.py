"""The pictures of Part A: one function each, the student's formula beside what running the method gives.

Where an answer is still to be found, one sentence stands in the picture's place, so that the notebook runs
through. Matplotlib loads when a picture is first drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial import expressions as ex
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]


@dataclass(repr=False)
class Picture(Result):
    """A drawing with its words."""

    drawing: Callable[[Figure], None]
    words: str
    size: tuple[float, float] = (9.0, 3.6)

    def draw(self, figure: Figure) -> None:
        self.drawing(figure)

    @property
    def alt_text(self) -> str:
        return self.words


@dataclass(repr=False)
class Note:
    """One sentence where a picture would stand, or beside one."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<p role="note"><em>{escape(self.text)}</em></p>'


def values(answer: object, points: Sequence[Mapping[str, float | Fraction]]) -> Array | None:
    """Return a formula's value at every point, NaN where it has none; None when ``answer`` is no formula yet.

    >>> values("eta/2", [{"eta": 3}, {"eta": 5}]).tolist()
    [1.5, 2.5]
    """
    if answer is ... or answer is None:
        return None
    found = []
    try:
        tree = ex.right_hand_side(ex.read(answer))
        for point in points:
            try:
                found.append(
                    float(ex.evaluate(tree, {name: Fraction(value) for name, value in point.items()}))
                )
            except ex.Undefined:
                found.append(float("nan"))
    except (ex.Unreadable, ex.Undecided):
        return None
    return np.array(found)


def _first(name: str) -> Note:
    return Note(f"Find {name} first, in the cell above; then run this cell again to see it drawn.")


def look_back(prediction: object, found: float, what: str) -> Note:
    """Return a sentence that sets a prediction beside what was found; without one, it asks for one."""
    said = values(prediction, [{}])
    if said is None:
        return Note("Put a number in place of the ... of my_prediction first; then run this cell again.")
    return Note(f"You predicted {number(float(said[0]))}. {what}: {number(found)}.")


# ------------------------------------------------------------------------------------------ A3: RMSprop

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
            return _first("effective_lr")
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
        right.set(
            xlabel="step t", ylabel="length of the step / η", title="Rate × gradient: the size of g drops out"
        )
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


# -------------------------------------------------------------------------------------- A4: bias correction


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
        return _first("first_step_ratio")
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
            axes.plot(
                1, yours, "*", color=VERMILION, ms=15, label=f"your first step: {yours:.4g}", clip_on=False
            )
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


def bias_of_the_average(
    expected_m: object, beta1: float = 0.9, steps: int = 40, runs: int = 4000
) -> Picture | Note:
    """A4: the mean of m_t over many noisy runs beside the student's E[m_t], and the mean divided by it."""
    t = np.arange(1, steps + 1)
    yours = values(expected_m, [{"beta1": beta1, "E_g": 1, "t": int(step)} for step in t])
    if yours is None:
        return _first("expected_m")
    gradients = 1 + 2 * np.random.default_rng(4).standard_normal((steps, runs))
    m, means = np.zeros(runs), []
    for g in gradients:
        m = beta1 * m + (1 - beta1) * g
        means.append(m.mean())
    measured = np.array(means)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = measured / yours

    def drawing(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axhline(1, color=BLACK, lw=0.8, label="E[g]")
        axes.plot(t, measured, "o", color=BLUE, ms=4, label=f"mean of m over {runs} noisy runs")
        axes.plot(t, yours, "-", color=VERMILION, label="your E[m] at E[g] = 1")
        axes.plot(t, shares, "^", color=GREEN, ms=4, label="the same runs, divided by yours")
        axes.set(xlabel="step t", ylabel="mean", title=f"An average that starts at 0 (β₁ = {beta1:g})")
        axes.legend(fontsize=8)

    return Picture(
        drawing,
        f"Means over {runs} runs with noisy gradients of mean 1, against t, at β₁ = {beta1:g}. The mean of m "
        f"begins at {measured[0]:.2f} and reaches {measured[-1]:.2f} after {steps} steps. Your E[m] "
        "begins at "
        f"{yours[0]:.2f} and ends at {yours[-1]:.2f}; divided by it, the mean of m lies between "
        f"{shares.min():.2f} and {shares.max():.2f}.",
        (7.0, 3.6),
    )


# ---------------------------------------------------------------------------------------- A5: optimal rate


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
        return _first("optimal_lr")
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
        return _first("rate")
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
