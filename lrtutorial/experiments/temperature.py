"""C5: the rate as a temperature. What can be said exactly, for a quadratic, and the noise for which it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

CURVATURES = np.array([1.0, 10.0])
RATES = np.array([0.01, 0.02, 0.05, 0.1])
#: The variance of the gradient's noise along the two directions.
NOISES = {"the same noise everywhere": np.ones(2), "noise like the curvature": CURVATURES}


@dataclass(frozen=True, repr=False)
class Temperature(Result):
    """heat[noise] (rates, 2): curvature times the variance of the parameter along each direction. In a Boltzmann
    distribution exp(-loss/T) this is T, whatever the direction."""

    heat: dict[str, Array]
    size = (9.5, 3.5)

    @staticmethod
    def predicted(noise: str, rates: Array) -> Array:
        """λ·Var = η s/(2 − ηλ) for gradient noise of variance s along curvature λ, (rates, 2): exact, as x is AR(1)."""
        return rates[:, None] * NOISES[noise] / (2 - rates[:, None] * CURVATURES)

    def draw(self, figure: Figure) -> None:
        fine = np.geomspace(RATES[0], RATES[-1], 60)
        for axes, noise in zip(figure.subplots(1, 2, sharey=True), NOISES, strict=True):
            for i, (colour, marker) in enumerate(((BLUE, "o"), (VERMILION, "s"))):
                name = f"along curvature {number(CURVATURES[i])}"
                axes.plot(RATES, self.heat[noise][:, i], marker, color=colour, label=name)
                axes.plot(fine, self.predicted(noise, fine)[:, i], color=colour, lw=1)
            axes.plot(fine, fine / 2, color=BLACK, ls="--", lw=1, label="T = η/2")
            axes.set(xscale="log", yscale="log", xlabel="rate η", title=noise.capitalize())
            axes.set_xticks(RATES, [number(r) for r in RATES])
            axes.set_xticks([], minor=True)
            axes.legend(fontsize=8)
        figure.axes[0].set_ylabel("curvature × variance: T, if it is one")

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{noise}: "
            + ", ".join(
                f"η {number(r)} {number(a)} and {number(b)}" for r, (a, b) in zip(RATES, self.heat[noise], strict=True)
            )
            for noise in NOISES
        )
        return (
            "Curvature times variance of the parameter along curvatures 1 and 10, for four rates, measured (dots) and "
            f"by formula (lines). {rows}."
        )


@after_predictions("c5")
def temperature(seed: int = 0, chains: int = 3000, steps: int = 2000) -> Temperature:
    """Descend (x² + 10 y²)/2 under gradient noise at four rates, and measure the variances once they have settled."""
    rng = np.random.default_rng(seed)
    shape = (len(NOISES), len(RATES), chains, 2)
    spread = np.sqrt(np.array(list(NOISES.values())))[:, None, None]
    spread = np.broadcast_to(spread, shape).reshape(-1, 2)
    rates = np.broadcast_to(RATES[None, :, None], shape[:3]).ravel()
    x = np.full((len(rates), 2), 0.1)
    seen: list[Array] = []
    with Progress("Temperature", steps) as progress:
        for step in range(steps):
            if step >= steps // 2 and step % 20 == 0:
                seen.append(np.mean(x.reshape(shape) ** 2, axis=2))
            x -= rates[:, None] * (x * CURVATURES + spread * rng.standard_normal(x.shape))
            progress.advance()
    heat = np.mean(seen, axis=0) * CURVATURES
    return Temperature(dict(zip(NOISES, heat, strict=True)))
