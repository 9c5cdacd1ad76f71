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
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

RATES = np.array([0.05, 0.4])
#: Runs are compared when their training error first falls to this share of the noise's size.
LEVEL = 0.6
STEPS, WARMUP = 6000, 500
STAGE = 250  #: after as many steps those that have arrived are left out
NETWORKS: dict[str, tuple[Network, float]] = {"one layer of ReLU": (SHALLOW, 0.5), "two layers of tanh": (DEEP, 1.0)}
#: The larger rate ends flatter where its sharpness is below this share of the smaller's.
FLATTER = 0.9


@dataclass(frozen=True, repr=False)
class HeldOut(Result):
    """By network, (data sets, rates) each, when the training error was first LEVEL times the noise (nan: never):
    sharpness[network] of the training loss, and error[network], mean squared against the noise-free signal."""

    sharpness: dict[str, Array]
    error: dict[str, Array]
    size = (9.5, 3.6)

    def pairs(self, network: str) -> tuple[Array, Array]:
        """Of each data set on which both rates arrived: the larger rate's sharpness over the smaller's, and its
        held-out error less the smaller's."""
        small, large = self.error[network].T
        both = np.isfinite(small) & np.isfinite(large)
        sharp = self.sharpness[network][both]
        return sharp[:, 1] / sharp[:, 0], (large - small)[both]

    def gaps(self, network: str) -> tuple[Array, Array]:
        """The difference in held-out error where the larger rate ended flatter, and where it did not."""
        ratio, gap = self.pairs(network)
        return gap[ratio < FLATTER], gap[ratio >= FLATTER]

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        small, large = (number(rate) for rate in RATES)
        for shift, (name, colour, marker) in zip(
            (-0.12, 0.12), zip(NETWORKS, (BLUE, VERMILION), "os", strict=True), strict=True
        ):
            left.plot(*self.sharpness[name].T, marker, color=colour, ms=5, alpha=0.6, label=name)
            for place, gap in enumerate(self.gaps(name)):
                right.plot(np.full(len(gap), place + shift), gap, marker, color=colour, ms=4, alpha=0.4)
                right.errorbar(place + shift + 0.06, gap.mean(), _error(gap), color=colour, marker=marker, capsize=4)
        most = max(np.nanmax(values) for values in self.sharpness.values())
        left.plot([0, most], [0, most], color=BLACK, lw=0.7)
        left.axhline(2 / RATES[1], color=BLACK, ls="--", lw=0.7)
        left.annotate(f"2/{large}", (most, 2 / RATES[1]), va="bottom", ha="right", fontsize=8)
        left.set(xlabel=f"sharpness at η = {small}", ylabel=f"sharpness at η = {large}", title="Data set by data set")
        left.legend(fontsize=8)
        right.axhline(0, color=BLACK, lw=0.7)
        right.set_xticks([0, 1], [f"where {large} is flatter", "where it is not"])
        right.set(
            xlabel="data sets",
            xlim=(-0.5, 1.5),
            ylabel=f"held-out error less that at η = {small}",
            title="Flatter, and no better (bars: standard error)",
        )

    @property
    def alt_text(self) -> str:
        def row(name: str) -> str:
            ratio, _ = self.pairs(name)
            flatter, others = self.gaps(name)
            share = number(np.median(ratio[ratio < FLATTER]))
            return (
                f"{name}: flatter on {len(flatter)} of {len(ratio)} data sets, there {share} times as sharp, "
                f"held-out error changes by {flatter.mean():+.3f} ± {_error(flatter):.3f}; "
                f"on the others by {others.mean():+.3f} ± {_error(others):.3f}"
            )

        small, large = (number(rate) for rate in RATES)
        return (
            f"Sharpness at the rate {large} against that at {small}, and how the held-out error changes, "
            f"at equal training error, for each data set. {'; '.join(map(row, NETWORKS))}."
        )


def _error(gaps: Array) -> float:
    """The standard error of a mean."""
    return float(gaps.std(ddof=1) / np.sqrt(len(gaps)))


@after_predictions("c4")
def held_out(seed: int = 0, data_sets: int = 36) -> HeldOut:
    """Full-batch descent on C5's noisy sine at two rates (after a warmup of 500 steps), on fresh data sets.

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
    found, weights = np.full(start.shape, np.nan), start.copy()
    left = np.arange(len(start))  # who neither arrived nor diverged: most arrive early, and need no more steps then
    for begin in range(0, STEPS, STAGE):

        def losses_and_gradients(w: Array, step: int, left: NDArray[np.int_] = left) -> tuple[Array, Array]:
            loss, gradient = network.losses_and_gradients(w, INPUTS[:, None], targets[left])
            new = np.isnan(found[left, 0]) & (2 * loss <= goal[left])
            found[left[new]] = w[new]
            return loss, gradient

        def rate(step: int, begin: int = begin, rates: Array = rates[left]) -> Array:
            return rates * min(1.0, (begin + step + 1) / WARMUP)

        weights, losses = train(losses_and_gradients, weights, rate, STAGE, progress=progress)
        on = np.isnan(found[left, 0]) & np.isfinite(losses[-1])
        left, weights = left[on], weights[on]
    return found
