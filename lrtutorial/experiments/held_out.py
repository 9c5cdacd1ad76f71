"""C4: does the larger rate generalize better? Rates compared where they have fitted the training data equally well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.c5_information_view import DEEP, HELD_OUT, INPUTS, NOISE, SHALLOW, signal, spread_start
from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network, sharpness
from lrtutorial.experiments.progress import Progress
from lrtutorial.experiments.results import BLACK, BLUE, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

RATES = np.array([0.05, 0.1, 0.2, 0.4])
#: Runs are compared when their training error first falls to this share of the noise's size.
LEVEL = 0.6
STEPS, WARMUP = 6000, 500
NETWORKS: dict[str, tuple[Network, float]] = {"one layer of ReLU": (SHALLOW, 0.5), "two layers of tanh": (DEEP, 1.0)}


@dataclass(frozen=True, repr=False)
class HeldOut(Result):
    """By network, (data sets, rates) each, when the training error was first LEVEL times the noise (nan: never):
    sharpness[network] of the training loss, and error[network], mean squared against the noise-free signal."""

    sharpness: dict[str, Array]
    error: dict[str, Array]
    size = (9.5, 3.6)

    def gap(self, network: str) -> Array:
        """The largest rate's held-out error less the smallest's on the same data; only sets where both arrived."""
        gap = self.error[network][:, -1] - self.error[network][:, 0]
        return gap[np.isfinite(gap)]

    def gap_error(self, network: str) -> float:
        """The standard error of the mean gap."""
        gap = self.gap(network)
        return float(gap.std(ddof=1) / np.sqrt(len(gap)))

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for shift, (name, colour, marker) in zip(
            (0.97, 1.03), zip(NETWORKS, (BLUE, VERMILION), "os", strict=True), strict=True
        ):
            left.plot(RATES, np.nanmedian(self.sharpness[name], axis=0), marker=marker, color=colour, label=name)
            gaps = self.error[name] - self.error[name][:, :1]
            for row in gaps:
                right.plot(RATES * shift, row, marker, color=colour, ms=4, alpha=0.4)
            count = np.isfinite(gaps).sum(axis=0)
            error = np.nanstd(gaps, axis=0, ddof=1) / np.sqrt(count)
            right.errorbar(RATES * shift, np.nanmean(gaps, axis=0), error, color=colour, marker=marker, capsize=4)
        right.axhline(0, color=BLACK, lw=0.7)
        for axes in (left, right):
            axes.set(xscale="log", xlabel="rate η")
            axes.set_xticks(RATES, [number(r) for r in RATES])
            axes.set_xticks([], minor=True)
        left.set(ylabel="sharpness", title="Equally well trained: the large rate is flatter", ylim=(0, None))
        right.set(
            ylabel=f"held-out error less that at η = {number(RATES[0])}",
            title="and no better (bars: standard error)",
        )
        left.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{name}: sharpness {number(np.nanmedian(self.sharpness[name][:, 0]))} at rate {number(RATES[0])} and "
            f"{number(np.nanmedian(self.sharpness[name][:, -1]))} at {number(RATES[-1])}, held-out error changes by "
            f"{self.gap(name).mean():+.3f} ± {self.gap_error(name):.3f} over {len(self.gap(name))} data sets"
            for name in NETWORKS
        )
        return f"Sharpness and held-out error by rate, at equal training error. {rows}."


@after_predictions("c4")
def held_out(seed: int = 0, data_sets: int = 12) -> HeldOut:
    """Full-batch descent on C5's noisy sine at four rates (after a warmup of 500 steps), on fresh data sets.

    Every run is looked at when its training error first falls to 0.6 times the size of its noise.
    """
    sharp, error = {}, {}
    with Progress("Equally well trained", len(NETWORKS) * STEPS) as progress:
        for name, (network, scale) in NETWORKS.items():
            rng = np.random.default_rng(seed)
            targets = np.repeat(signal(INPUTS) + NOISE * rng.normal(size=(data_sets, len(INPUTS))), len(RATES), axis=0)
            start = np.repeat(spread_start(network, rng, data_sets, scale), len(RATES), axis=0)
            found = _when_trained(network, start, targets, progress)
            errors = 2 * network.losses(found, HELD_OUT[:, None], signal(HELD_OUT))
            value, _ = sharpness(
                network, np.nan_to_num(found), INPUTS[:, None], targets, rng.normal(size=found.shape), 40
            )
            sharp[name] = np.where(np.isnan(errors), np.nan, value).reshape(data_sets, len(RATES))
            error[name] = errors.reshape(data_sets, len(RATES))
    return HeldOut(sharp, error)


def _when_trained(network: Network, start: Array, targets: Array, progress: Progress) -> Array:
    """Each run's weights, (runs, parameters), when its training error first is LEVEL times its noise; nan if never."""
    rates = np.tile(RATES, len(start) // len(RATES))
    goal = LEVEL * np.mean((targets - signal(INPUTS)) ** 2, axis=1)
    found = np.full(start.shape, np.nan)

    def losses_and_gradients(weights: Array, step: int) -> tuple[Array, Array]:
        loss, gradient = network.losses_and_gradients(weights, INPUTS[:, None], targets)
        new = np.isnan(found[:, 0]) & (2 * loss <= goal)
        found[new] = weights[new]
        return loss, gradient

    train(losses_and_gradients, start, lambda step: rates * min(1.0, (step + 1) / WARMUP), STEPS, progress=progress)
    return found
