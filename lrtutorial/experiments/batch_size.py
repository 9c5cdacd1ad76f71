"""C6: batch size and rate. How the best rate and the number of steps change with the batch, for SGD and for Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

BATCHES = 4 ** np.arange(7)
CURVATURES = np.geomspace(0.05, 1.0, 8)
#: The variance of one example's gradient, and the share of the first loss that counts as trained.
NOISE, GOAL = 0.7, 0.02
STEPS, TRIES, CHAINS = 3000, 24, 24
METHODS: dict[str, tuple[dict, Array]] = {
    "SGD with momentum 0.9": ({"momentum": 0.9}, np.geomspace(1e-3, 0.35, TRIES)),
    "Adam": ({"momentum": 0.9, "adaptive": True}, np.geomspace(2e-3, 0.6, TRIES)),
}


@dataclass(frozen=True, repr=False)
class BatchSize(Result):
    """By method, (batches,) each: steps[method] to the goal at the best of the rates, and that rate, best[method]."""

    steps: dict[str, Array]
    best: dict[str, Array]
    size = (9.5, 3.6)

    def exponent(self, method: str, upto: int = 4) -> float:
        """The slope of log best rate against log batch size over the first `upto` sizes: 1 linear, 0.5 square root."""
        return float(np.polyfit(np.log(BATCHES[:upto]), np.log(self.best[method][:upto]), 1)[0])

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for method, colour, marker in zip(METHODS, (BLUE, VERMILION), "os", strict=True):
            left.plot(BATCHES, self.best[method], color=colour, marker=marker, label=method)
            right.plot(BATCHES, self.steps[method], color=colour, marker=marker, label=method)
        for power, dash, label in ((1.0, "--", "∝ batch"), (0.5, ":", "∝ √batch")):
            anchor = self.best["SGD with momentum 0.9" if power == 1 else "Adam"][0]
            left.plot(BATCHES[:5], anchor * BATCHES[:5] ** power, color=BLACK, ls=dash, lw=1, label=label)
        anchor = self.steps["SGD with momentum 0.9"][0]
        right.plot(BATCHES, anchor / BATCHES, color=BLACK, ls="--", lw=1, label="∝ 1/batch: the same examples")
        left.set(
            xscale="log", yscale="log", xlabel="batch size", ylabel="best rate", title="The rate that goes with it"
        )
        right.set(
            xscale="log",
            yscale="log",
            xlabel="batch size",
            ylabel=f"steps to {100 * GOAL:.0f}% of the loss",
            ylim=(self.steps["Adam"].min() / 2, 2 * STEPS),
            title="Fewer steps, until the batch is critical",
        )
        for axes in (left, right):
            axes.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{method}: "
            + ", ".join(
                f"batch {b} rate {number(r)} {s:.0f} steps"
                for b, r, s in zip(BATCHES, self.best[method], self.steps[method], strict=True)
            )
            for method in METHODS
        )
        return f"Best rate and steps to the goal by batch size. {rows}."


@after_predictions("c6")
def batch_size(seed: int = 0) -> BatchSize:
    """Descend Σ λᵢxᵢ²/2, eight curvatures from 0.05 to 1, from a Gaussian start; the noise has variance 0.7 / batch.

    The goal is a mean loss (over 24 chains) of two percent of the first. Each method tries 24 rates at each batch size.
    """
    rng = np.random.default_rng(seed)
    shape = (len(BATCHES), TRIES, CHAINS)
    start = np.broadcast_to(rng.normal(size=(CHAINS, len(CURVATURES))), (*shape, len(CURVATURES)))
    spread = np.broadcast_to(np.sqrt(NOISE / BATCHES)[:, None, None], shape).ravel()[:, None]
    steps, best = {}, {}
    with Progress("Seven batch sizes", len(METHODS) * STEPS) as progress:
        for method, (rule, rates) in METHODS.items():
            _, losses = train(
                lambda x, step: (x**2 @ CURVATURES / 2, x * CURVATURES + spread * rng.standard_normal(x.shape)),
                start.reshape(-1, len(CURVATURES)),
                np.broadcast_to(rates[None, :, None], shape).ravel(),
                STEPS,
                progress=progress,
                **rule,
            )
            mean = losses.reshape(STEPS, *shape).mean(axis=3)
            there = mean <= GOAL * mean[0]
            first = np.where(there.any(axis=0), there.argmax(axis=0), np.inf)
            steps[method], best[method] = first.min(axis=1), rates[first.argmin(axis=1)]
            del losses, mean, there  # some 100 MB, before the next method's come
    return BatchSize(steps, best)
