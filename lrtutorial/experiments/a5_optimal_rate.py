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


def descent_steps(kappa: float, fraction: float = 0.1) -> int:
    """Run gradient descent at η* on the curvatures 1 and κ from (1, 1); return the steps until both are ≤ fraction."""
    eta = 2 / (1 + kappa)
    x = np.ones(2)
    steps = 0
    while abs(x).max() > fraction:
        x = x - eta * np.array([1.0, kappa]) * x
        steps += 1
    return steps


def momentum_steps(kappa: float, steep: bool, fraction: float = 0.1) -> int:
    """Run heavy ball at its best η and β from rest at 1 on one axis; return the steps after which it stays ≤ fraction.

    The curvatures are 1 and κ; ``steep`` starts on the axis of κ.
    """
    root = np.sqrt(kappa)
    eta, beta = (2 / (root + 1)) ** 2, ((root - 1) / (root + 1)) ** 2
    curvature = kappa if steep else 1.0
    now = before = 1.0
    steps, last = 0, 0
    while steps < 40 * root + 40:
        now, before = now - eta * curvature * now + beta * (now - before), now
        steps += 1
        if abs(now) > fraction:
            last = steps
    return last + 1


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
            ylabel="factor of one step",
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
    """A5: the student's rate, 1 − 2/κ and momentum's best over κ; beside it the steps that real runs took."""
    kappa = np.geomspace(1, 1000, 121)  # 10 and 100 are among them
    yours = values(rate, [{"kappa": Fraction(float(k))} for k in kappa])
    if yours is None:
        return waiting_for("rate")
    heavy = momentum_rate(kappa)
    at = (2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
    plain = [descent_steps(k) for k in at]
    flat, steep = ([momentum_steps(k, axis) for k in at] for axis in (False, True))
    with np.errstate(divide="ignore", invalid="ignore"):
        promised = np.where((yours > 0) & (yours < 1), np.log(0.1) / np.log(yours), np.nan)

    def drawing(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        near = kappa <= 30
        left.plot(kappa[near], yours[near], color=BLUE, lw=2.2, label="your formula")
        left.plot(kappa[near], 1 - 2 / kappa[near], "--", color=VERMILION, label="1 − 2/κ")
        left.plot(kappa[near], 1 - 1 / kappa[near], ":", color=ORANGE, lw=2, label="1 − 1/κ, at η = 1/λ_max")
        left.plot(kappa[near], heavy[near], "-.", color=GREEN, label="momentum's best, √β, in the long run")
        left.axhline(0, color=BLACK, lw=0.7)
        left.set(xlabel="condition number κ", ylabel="factor of one step", ylim=(-1.05, 1.05), title="One step")
        right.loglog(kappa, promised, color=BLUE, lw=1.5, label="log 0.1 / log of your formula")
        right.loglog(at, plain, "o", color=BLUE, ms=6, label="gradient descent at η*, run")
        right.loglog(at, steep, "^", color=GREEN, ms=6, label="momentum's best, run from the steep axis")
        right.loglog(at, flat, "s", color=GREEN, ms=5, fillstyle="none", label="… from the flat axis")
        right.set(xlabel="condition number κ", ylabel="steps", title="Steps to a tenth of the distance")
        left.legend(fontsize=8)
        right.legend(fontsize=8)

    at_10 = int(np.argmin(abs(kappa - 10)))
    here = at.index(100.0)
    return Picture(
        drawing,
        "Left: the factor of one step over κ from 1 to 30. 1 − 2/κ begins at −1, is negative for "
        f"κ < 2 and is {1 - 2 / 10:.3f} at κ = 10, where your formula gives {yours[at_10]:.3f}, η = 1/λ_max "
        f"{1 - 1 / 10:.3f} and momentum's best {heavy[at_10]:.3f}. Right, both axes logarithmic: the steps that runs "
        f"took to a tenth of the distance. At κ = 100 gradient descent took {plain[here]}, momentum at its best "
        f"{flat[here]} from the flat axis and {steep[here]} from the steep one.",
    )


# ------------------------------------------------------------------------------------- the eigenbasis

ANGLE = np.radians(30)
CURVATURES = np.array([20.0, 2.0])  #: of x² + 10y², the steeper first


def turned_run(eta: float = 0.08, steps: int = 30) -> tuple[Array, Array]:
    """Run gradient descent on x² + 10y² turned by 30°; return the iterates, and the same in the eigenbasis.

    Both have the shape (steps + 1, 2). The eigenbasis' coordinates are z = Qᵀx, the steep direction first.
    """
    cosine, sine = np.cos(ANGLE), np.sin(ANGLE)
    q = np.array([[-sine, cosine], [cosine, sine]])  # columns: the steep direction, then the flat one
    a = q @ np.diag(CURVATURES) @ q.T
    x = q @ np.array([2.0, 5.0])
    path = [x]
    for _ in range(steps):
        x = x - eta * a @ x
        path.append(x)
    found = np.array(path)
    return found, found @ q


def change_of_basis(eta: float = 0.08) -> Picture:
    """A5: one run in x and in the eigenbasis' z, and the loss split by eigenvalue over time."""
    x, z = turned_run(eta)
    shares = CURVATURES / 2 * z**2

    def drawing(figure: Figure) -> None:
        axes = figure.subplots(1, 3)
        grid = np.linspace(-6, 6, 161)
        across, up = np.meshgrid(grid, grid)
        cosine, sine = np.cos(ANGLE), np.sin(ANGLE)
        steep, flat = -sine * across + cosine * up, cosine * across + sine * up
        levels = np.geomspace(1, 400, 9)
        for ax, (one, other), path, names in (
            (axes[0], (steep, flat), x, ("x₁", "x₂")),
            (axes[1], (up, across), z[:, ::-1], ("z₂ (flat)", "z₁ (steep)")),
        ):
            ax.contour(across, up, 10 * one**2 + other**2, levels, colors="0.8", linewidths=0.8)
            ax.plot(path[:, 0], path[:, 1], "o-", color=BLUE, ms=3, lw=1)
            ax.set(xlabel=names[0], ylabel=names[1], aspect="equal")
        axes[0].set_title("turned by 30°: coordinates mix")
        axes[1].set_title("in z = Qᵀx they don't")
        axes[2].semilogy(np.maximum(shares[:, 0], 1e-12), "s--", color=VERMILION, ms=3, label="λ = 20: 10 z₁²")
        axes[2].semilogy(shares[:, 1], "o-", color=BLUE, ms=3, label="λ = 2: z₂²")
        axes[2].set(xlabel="step t", ylabel="part of the loss", title="the loss, split by eigenvalue")
        axes[2].legend(fontsize=8)

    factors = (1 - eta * CURVATURES).round(3)
    return Picture(
        drawing,
        f"Left: gradient descent at η = {eta:g} on x² + 10y² turned by 30°; its path zigzags across a tilted ravine. "
        f"Middle: the same path in the eigenbasis: the steep coordinate is multiplied by {factors[0]:g} at every "
        f"step, the flat one by {factors[1]:g}. Right: each eigenvalue's part of the loss falls along a straight line "
        "on a logarithmic axis, by its own factor squared.",
        (11.0, 3.6),
    )


# -------------------------------------------------------------------------------------------- real data

#: The first of Anscombe's four data sets (The American Statistician 27, 1973): x and y.
ANSCOMBE = np.array(
    [[10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5], [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]]
)


def regression_curvatures(centred: bool = False) -> Array:
    """Return the eigenvalues of the Hessian of half the mean squared error of a line y = w x + b, falling."""
    x = ANSCOMBE[0] - ANSCOMBE[0].mean() * centred
    rows = np.stack([x, np.ones_like(x)])
    return np.linalg.eigvalsh(rows @ rows.T / len(x))[::-1]


def regression_run(eta: float, steps: int, centred: bool = False) -> Array:
    """Fit the line by gradient descent from w = b = 0; return the loss above its least, shape (steps + 1,)."""
    x, y = ANSCOMBE[0] - ANSCOMBE[0].mean() * centred, ANSCOMBE[1]
    rows = np.stack([x, np.ones_like(x)])
    best = np.linalg.lstsq(rows.T, y, rcond=None)[0]
    least = np.mean((best @ rows - y) ** 2) / 2
    weights, losses = np.zeros(2), []
    for _ in range(steps + 1):
        left = weights @ rows - y
        losses.append(np.mean(left**2) / 2 - least)
        weights = weights - eta * rows @ left / len(x)
    return np.array(losses)


def a_real_loss(steps: int = 200) -> Picture:
    """A5: a line fitted to eleven points: rates just below and above 2/λ_max, and what centring x changes."""
    raw, centred = regression_curvatures(), regression_curvatures(centred=True)
    border = 2 / raw[0]
    runs = [
        (regression_run(0.98 * border, steps), BLUE, "-", f"η = {0.98 * border:.4f}, 2 % below 2/λ_max"),
        (regression_run(1.02 * border, steps), VERMILION, "--", f"η = {1.02 * border:.4f}, 2 % above"),
        (
            regression_run(2 / centred.sum(), steps, centred=True),
            GREEN,
            "-.",
            f"x centred, at its own η* = {2 / centred.sum():.3f}",
        ),
    ]

    def drawing(figure: Figure) -> None:
        axes = figure.subplots()
        for losses, colour, dash, label in runs:
            axes.semilogy(np.maximum(losses, 1e-14), dash, color=colour, lw=2, label=label)
        axes.set(xlabel="step t", ylabel="loss above its least", ylim=(1e-10, 1e6))
        axes.set_title(f"A line through eleven points: λ_max = {raw[0]:.1f}, λ_min = {raw[1]:.3f}")
        axes.legend(fontsize=8)

    return Picture(
        drawing,
        f"The loss of a fitted line above its least, over {steps} steps, logarithmic. The Hessian's eigenvalues are "
        f"{raw[0]:.1f} and {raw[1]:.3f}, so κ = {raw[0] / raw[1]:.0f} and 2/λ_max = {border:.4f}. Two percent below "
        f"that the loss falls to {runs[0][0][-1]:.2g}; two percent above it grows to {runs[1][0][-1]:.2g}. With x "
        f"centred the eigenvalues are {centred[0]:.0f} and {centred[1]:.0f}, and at the best rate for those the loss "
        f"falls to {max(runs[2][0][-1], 1e-14):.1g}.",
        (8.0, 3.6),
    )
