"""A2: momentum under constant and under alternating gradients, and the rates at which it is stable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.answers import Picture
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, VERMILION, Result, number, sliders

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
BETA, STEPS = 0.9, 60
DECAYS = (0.0, 0.5, 0.9)  # of the picture of stability


def velocity(gradients: NDArray[np.floating], beta: float) -> Array:
    """The velocities v_1 … v_n of v ← βv + g from v_0 = 0, shape (n,)."""
    v, seen = 0.0, []
    for gradient in gradients:
        v = beta * v + gradient
        seen.append(v)
    return np.array(seen)


def spectral_radius(rate_times_curvature: Array, beta: float) -> Array:
    """What one step of momentum multiplies the error by in the long run, on a parabola; shape as the input.

    The largest root in size of z² − (1 + β − ηλ) z + β = 0, the characteristic equation of
    x_{t+1} = x_t − ηλ x_t + β (x_t − x_{t−1}) (Polyak 1964).
    """
    middle = (1 + beta - np.asarray(rate_times_curvature)) / 2
    gap = np.sqrt(middle.astype(complex) ** 2 - beta)
    return np.maximum(abs(middle + gap), abs(middle - gap))


def largest_rate(curvature: float, beta: float) -> float:
    """The border of stability 2(1 + β)/λ: there z = −1 solves the characteristic equation."""
    return 2 * (1 + beta) / curvature


@dataclass(frozen=True, repr=False)
class TwoGradients(Result):
    """Sizes of the velocity under gradients 1, 1, 1, … and under 1, −1, 1, …, shape (STEPS,) each."""

    constant: Array
    alternating: Array
    caption: str

    size = (9.0, 3.4)

    def draw(self, figure: Figure) -> None:
        """The step in units of η over time, on a logarithmic scale."""
        ax = figure.subplots()
        steps = np.arange(1, STEPS + 1)
        ax.semilogy(steps, self.constant, color=BLUE, marker="o", markersize=3, label="gradients 1, 1, 1, …")
        ax.semilogy(
            steps,
            self.alternating,
            color=VERMILION,
            marker="s",
            markersize=3,
            linestyle=":",
            label="gradients 1, −1, 1, …",
        )
        ax.axhline(1, color=BLACK, linewidth=1, linestyle="--", label="without momentum")
        ax.set(xlabel="step t", ylabel="size of the step, in units of η", ylim=(0.08, 25))
        ax.legend(loc="upper right", ncols=3, fontsize=8)

    @property
    def alt_text(self) -> str:
        """Where the two curves settle."""
        return (
            f"Size of momentum's step in units of η, β = {BETA}, over {STEPS} steps. Under a constant"
            f" gradient it grows from 1 to {number(self.constant[-1])}; under a gradient that changes sign at"
            f" every step it settles at {number(self.alternating[-1])}, below the 1 of plain descent."
        )

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{self.caption}</p>"


def two_gradients(prediction: object = ...) -> TwoGradients:
    """Run the velocity under constant and under alternating gradients.

    prediction: of the step under alternating gradients against plain descent: "longer", "shorter" or "same".
    """
    constant = velocity(np.ones(STEPS), BETA)
    alternating = abs(velocity((-1.0) ** np.arange(STEPS), BETA))
    if prediction == "shorter":
        said = "You predicted this: under alternating gradients the steps are shorter than without momentum."
    elif prediction in ("longer", "same"):
        said = f"You predicted “{prediction}”; under alternating gradients the steps are shorter than without momentum."
    else:
        said = "Write your prediction above, then run this cell again to set it beside the picture."
    return TwoGradients(constant, alternating, said)


@dataclass(frozen=True, repr=False)
class Stability(Result):
    """The long-run factor of one step over ηλ, for three decays."""

    products: Array
    factors: tuple[Array, ...]

    size = (9.0, 3.4)

    def draw(self, figure: Figure) -> None:
        """One curve a decay; each leaves the stable half at its own border."""
        ax = figure.subplots()
        looks = ((VERMILION, "-", "o"), (GREEN, "--", "s"), (BLUE, ":", "^"))
        for beta, factors, (colour, dash, marker) in zip(DECAYS, self.factors, looks, strict=True):
            border = largest_rate(1, beta)
            ax.plot(
                self.products,
                factors,
                color=colour,
                linestyle=dash,
                linewidth=2,
                label=f"β = {beta:g}: stable below {number(border)}",
            )
            ax.plot([border], [1], color=colour, marker=marker, markersize=8)
        ax.axhline(1, color=BLACK, linewidth=1)
        ax.set(xlabel="ηλ, rate times curvature", ylabel="factor of one step, long run", ylim=(0, 1.6))
        ax.legend(loc="upper left", fontsize=8)

    @property
    def alt_text(self) -> str:
        """The borders in numbers."""
        borders = ", ".join(f"{number(largest_rate(1, beta))} at β = {beta:g}" for beta in DECAYS)
        return (
            "What one step multiplies the error by in the long run, over rate times curvature. Each curve"
            f" crosses 1, the border of stability, at 2(1+β): {borders}. More momentum bears larger rates."
        )


def stability() -> Stability:
    """Compute the long-run factor of momentum on a parabola for three decays."""
    products = np.linspace(0.001, 4.2, 600)
    return Stability(products, tuple(spectral_radius(products, beta) for beta in DECAYS))


def weights(beta: float = 0.9, eta: float = 0.1, ages: int = 40) -> Picture:
    """A2: with which factor ηβᵏ the gradient of age k enters the present step, and what all of them add up to."""
    k = np.arange(ages)
    shares = eta * beta**k
    total = eta / (1 - beta)
    seen = float(shares.sum() / total)

    def drawing(figure: Figure) -> None:
        axes = figure.subplots()
        axes.bar(k, shares, color=BLUE, label=f"ηβᵏ, β = {number(beta)}, η = {number(eta)}")
        axes.set(xlabel="age k of the gradient", ylabel="its factor in the present step")
        axes.set_title(f"All ages together: {number(total)}, of which {seen:.0%} are drawn")
        axes.legend(fontsize=8)

    words = (
        f"Bars of the factor of a gradient of age k in the present step, at β = {number(beta)} and η = {number(eta)}: "
        f"{number(shares[0])} for the newest, {number(shares[10])} at age 10. All ages add up to {number(total)}."
    )
    return Picture(drawing, words, (8.0, 3.2))


def explore_weights() -> None:
    """Show :func:`weights` under sliders for β and η."""
    decays = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
    sliders(weights, beta=("β", decays, 0.9), eta=("η", (0.01, 0.02, 0.05, 0.1, 0.2), 0.1))
