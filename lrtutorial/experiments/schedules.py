"""C4: schedules, and averaging in their place, with the same budget of steps and the same number of trials each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLUE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

STEPS, TRIES = 1000, 14
CURVATURES = np.geomspace(0.01, 1.0, 10)
RATES = np.geomspace(0.01, 1.5, TRIES)
#: The rate as a share of its peak, as a function of the time t from 0 to 1.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda t: 1.0,
    "cosine to 10%": lambda t: 0.1 + 0.45 * (1 + np.cos(np.pi * t)),
    "cosine to 0": lambda t: 0.5 * (1 + np.cos(np.pi * t)),
    "linear to 0": lambda t: 1 - t,
    "stable, then\nlinear to 0": lambda t: min(1.0, (1 - t) / 0.2),
}
AVERAGES = ("constant,\nlast half averaged", "schedule-free")
INTERPOLATION = 0.9  # schedule-free takes its gradient this far from the iterate towards the average


@dataclass(frozen=True, repr=False)
class Schedules(Result):
    """loss[name] (rates, chains): after STEPS steps, at every peak rate; halfway[name] likewise at half of them."""

    loss: dict[str, Array]
    halfway: dict[str, Array]
    size = (10.5, 3.9)

    def best(self, name: str) -> tuple[float, float]:
        """The mean loss over the chains at the best peak rate, and that rate."""
        mean = self.loss[name].mean(axis=1)
        return float(mean.min()), float(RATES[mean.argmin()])

    def unfinished(self, name: str) -> float:
        """The mean loss halfway, at the peak rate that is best at the end: what an early stop would give."""
        return float(self.halfway[name].mean(axis=1)[self.loss[name].mean(axis=1).argmin()])

    def gap(self, name: str, other: str) -> tuple[float, float]:
        """Mean and standard error, over chains, of one's loss less the other's, each at its best rate, same noise."""
        one, two = (self.loss[n][self.loss[n].mean(axis=1).argmin()] for n in (name, other))
        return float((one - two).mean()), float((one - two).std(ddof=1) / np.sqrt(one.size))

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        places = np.arange(len(self.loss))
        for shift, values, colour, label in (
            (-0.2, [self.unfinished(name) for name in self.loss], SKY, "stopped halfway"),
            (0.2, [self.best(name)[0] for name in self.loss], BLUE, f"after {STEPS} steps"),
        ):
            bars = axes.bar(places + shift, values, 0.38, color=colour, label=label)
            axes.bar_label(bars, [f"{v:.3f}" for v in values], padding=2, fontsize=8)
        names = [f"{name}\nη = {number(self.best(name)[1])}" for name in self.loss]
        axes.set_xticks(places, names, fontsize=8)
        least = min(self.loss, key=lambda name: self.best(name)[0])
        axes.axhline(self.best(least)[0], color=VERMILION, lw=1, ls="--", label="the lowest")
        axes.set(ylabel="mean loss", title=f"One budget, each at the best of {TRIES} peak rates")
        axes.set_ylim(0, 1.3 * max(self.unfinished(name) for name in self.loss))
        axes.legend(fontsize=8, ncols=3, loc="upper center")

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{name.replace(chr(10), ' ')} {self.best(name)[0]:.3f} ({self.unfinished(name):.3f} when stopped halfway)"
            for name in self.loss
        )
        return f"Mean loss after {STEPS} steps on a noisy quadratic, each schedule at its best peak rate: {rows}."


@after_predictions("c4")
def schedules(seed: int = 0, chains: int = 200) -> Schedules:
    """Descend Σ λᵢxᵢ²/2, ten curvatures from 0.01 to 1, from x = 3, with gradient noise of variance 1 everywhere.

    Every run meets the same noise. "Schedule-free" is that of Defazio et al. (2024) with β = 0.9: the gradient is taken
    between the iterate and its running average, and the average is what is returned.
    """
    rng = np.random.default_rng(seed)
    names = [*SCHEDULES, *AVERAGES]
    x = np.full((len(names), TRIES, chains, len(CURVATURES)), 3.0)
    average = x[-2:].copy()
    halfway = np.empty(0)

    def losses() -> Array:
        found = (x**2 @ CURVATURES) / 2
        found[-2:] = (average**2 @ CURVATURES) / 2
        return found

    with Progress("Seven schedules", STEPS) as progress:
        for step in range(STEPS):
            if step == STEPS // 2:
                halfway, average[0] = losses(), x[-2]
                halfway[-2] = (x[-2] ** 2 @ CURVATURES) / 2
            share = np.array([each(step / STEPS) for each in SCHEDULES.values()] + [1.0, 1.0])
            at = x.copy()
            at[-1] = (1 - INTERPOLATION) * x[-1] + INTERPOLATION * average[1]
            gradient = at * CURVATURES + rng.standard_normal((chains, len(CURVATURES)))
            x -= share[:, None, None, None] * RATES[:, None, None] * gradient
            average[1] += (x[-1] - average[1]) / (step + 1)
            if step >= STEPS // 2:
                average[0] += (x[-2] - average[0]) / (step - STEPS // 2 + 1)
            progress.advance()
    final = losses()
    return Schedules(dict(zip(names, final, strict=True)), dict(zip(names, halfway, strict=True)))
