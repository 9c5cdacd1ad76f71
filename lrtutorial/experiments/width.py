"""C1: the best rate against the width of the network, in the usual parametrization and in one that keeps it still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.c1_why_rate_matters import INPUTS, TARGETS
from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLUE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

WIDTHS = (8, 32, 128)
RATES = np.geomspace(0.02, 2.0, 10)
STEPS = 300
KINDS = ("usual", "μP")


@dataclass(frozen=True, repr=False)
class Width(Result):
    """losses[kind] (widths, starts, rates): the loss after STEPS steps of plain descent, inf where it diverged."""

    losses: dict[str, Array]
    size = (9.5, 3.5)

    def typical(self, kind: str) -> Array:
        """Median over the starts, (widths, rates)."""
        return np.median(self.losses[kind], axis=1)

    def best(self, kind: str) -> Array:
        """The rate with the lowest typical loss at each width, (widths,)."""
        return RATES[self.typical(kind).argmin(axis=1)]

    def draw(self, figure: Figure) -> None:
        for axes, kind in zip(figure.subplots(1, 2, sharey=True), KINDS, strict=True):
            for width, row, colour, marker in zip(
                WIDTHS, self.typical(kind), (SKY, BLUE, VERMILION), "osD", strict=True
            ):
                shown = np.where(np.isfinite(row), row, np.nan)
                axes.plot(RATES, shown, marker=marker, ms=4, color=colour, label=f"width {width}")
            axes.set(xscale="log", yscale="log", xlabel="rate η", title=f"{kind} parametrization")
            axes.set_xticks(ticks := (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0), [number(tick) for tick in ticks])
            axes.set_xticks([], minor=True)
            axes.legend(fontsize=8, loc="upper right")
        figure.axes[0].set_ylabel(f"loss after {STEPS} steps")

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{kind} parametrization: "
            + ", ".join(f"width {w} {number(r)}" for w, r in zip(WIDTHS, self.best(kind), strict=True))
            for kind in KINDS
        )
        return f"Loss against rate for three widths. The best rate: {rows}. A line ends where training diverges."


@after_predictions("c1")
def width(seed: int = 0, starts: int = 2) -> Width:
    """Train (1, n, n, 1) tanh networks at ten rates, for three widths n, from the same kind of starts.

    "usual": weights of standard deviation 1/sqrt(fan in), one rate for all. "μP" (Yang & Hu 2021, for plain descent;
    the two agree at width 8): the last layer starts smaller by sqrt(8/n) and has its rate times 8/n; the first layer
    and the hidden biases have theirs times n/8; the hidden weights have the rate itself.
    """
    losses = {kind: np.empty((len(WIDTHS), starts, len(RATES))) for kind in KINDS}
    with Progress("Three widths", len(KINDS) * len(WIDTHS) * STEPS) as progress:
        for kind in KINDS:
            for row, n in enumerate(WIDTHS):
                network = Network((1, n, n, 1))
                start, scale = network.initial(np.random.default_rng(seed), starts), np.ones((1, network.parameters))
                if kind == "μP":
                    wider = n / WIDTHS[0]
                    first, hidden, last = network.layers(scale)
                    first *= wider
                    hidden[:, -1] *= wider
                    last[:, :-1] /= wider
                    network.layers(start)[2][:, :-1] /= np.sqrt(wider)

                def scaled(
                    weights: Array, step: int, network: Network = network, scale: Array = scale
                ) -> tuple[Array, Array]:
                    loss, gradient = network.losses_and_gradients(weights, INPUTS, TARGETS)
                    return loss, gradient * scale

                every = np.repeat(start, len(RATES), axis=0)
                _, seen = train(scaled, every, np.tile(RATES, starts), STEPS, alike=True, progress=progress)
                last_loss = np.median(seen[-20:], axis=0)
                losses[kind][row] = np.where(last_loss <= seen[0], last_loss, np.inf).reshape(starts, len(RATES))
    return Width(losses)
