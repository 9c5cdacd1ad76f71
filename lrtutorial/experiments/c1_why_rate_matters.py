"""C1: the same small network at seven learning rates over four decades; then the rate beside two other knobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

#: Seven rates from 0.001 to 10, each 4.64 times the one before.
RATES = np.geomspace(1e-3, 10.0, 7)
NETWORK = Network((1, 12, 12, 1))
STEPS = 3000
INPUTS = np.linspace(-2.0, 2.0, 40)[:, None]
TARGETS = np.sin(np.pi * INPUTS[:, 0])


def _settled(losses: Array) -> Array:
    """Each run's median loss over its last 50 steps (one spike must not decide); inf if that is above its
    first loss."""
    last = np.median(losses[-50:], axis=0)
    return np.where(last <= losses[0], last, np.inf)


def _gradient_of(network: Network) -> Callable[[Array, int], tuple[Array, Array]]:
    return lambda weights, step: network.losses_and_gradients(weights, INPUTS, TARGETS)


@dataclass(frozen=True, repr=False)
class SevenRates(Result):
    """losses (steps, starts, 7): the mean squared error over two, inf once diverged; fits (7, 40): the curves
    of the first start."""

    rates: Array
    losses: Array
    fits: Array
    size = (11.0, 3.6)

    @property
    def final(self) -> Array:
        """The loss it settled at, (starts, 7); inf for a run that ended above where it began."""
        return _settled(self.losses)

    @cached_property
    def typical(self) -> Array:
        """The median of `final` over the starts, (7,)."""
        return np.median(self.final, axis=0)

    @property
    def best(self) -> int:
        """Index of the rate with the lowest typical final loss."""
        return int(np.argmin(self.typical))

    @property
    def diverging(self) -> int:
        """How many of the seven rates diverge (from most starts)."""
        return int(np.sum(np.isinf(self.typical)))

    @property
    def diverged_at(self) -> Array:
        """The first step, over the starts, by which each rate's loss had passed a million times its start;
        nan if it never did."""
        gone = np.isinf(self.losses)
        return np.where(gone.any(axis=(0, 1)), np.median(gone.argmax(axis=0), axis=0), np.nan)

    @property
    def catch_up(self) -> float:
        """The step at which the second rate passes the loss where the smallest one ends (median over starts)."""
        return float(np.median((self.losses[:, :, 1] <= self.losses[-1, :, 0]).argmax(axis=0)))

    def draw(self, figure: Figure) -> None:
        curves, valley, fits = figure.subplots(1, 3)
        colours = (SKY, BLUE, GREEN, ORANGE, PURPLE, VERMILION, BLACK)
        top = 1e3
        for i, (rate, colour) in enumerate(zip(self.rates, colours, strict=True)):
            run = self.losses[:, 0, i]
            seen = np.minimum(run, top)
            end = int(np.argmax(run > top)) + 1 if (run > top).any() else len(run)
            curves.plot(np.arange(1, end + 1), seen[:end], color=colour, label=number(rate), lw=1.5)
            if end < len(run):
                curves.plot(end, top, marker="^", color=colour, ms=9, clip_on=False)
        curves.set(
            xscale="log",
            yscale="log",
            xlabel="step",
            ylabel="training loss",
            ylim=(1e-4, top),
            title="One start, seven rates",
        )
        curves.legend(title="rate η", fontsize=7, title_fontsize=8, loc="lower left")
        finite = np.isfinite(self.typical)
        for row in self.final:
            valley.plot(self.rates, np.where(np.isfinite(row), row, np.nan), "o", color=BLUE, alpha=0.5, ms=4)
        valley.plot(self.rates[finite], self.typical[finite], color=BLUE)
        valley.plot(self.rates[~finite], np.full((~finite).sum(), 1.0), "^", color=VERMILION, ms=10)
        for rate in self.rates[~finite]:
            valley.annotate("diverged", (rate, 0.75), ha="center", va="top", rotation=90, color=VERMILION, fontsize=8)
        valley.set(
            xscale="log",
            yscale="log",
            xlabel="learning rate η",
            ylabel="loss after training",
            ylim=(1e-3, 1.5),
            title=f"{self.losses.shape[1]} starts: a valley with a cliff",
        )
        x = INPUTS[:, 0]
        fits.plot(x, TARGETS, "o", color=BLACK, ms=3, label="data")
        for i, colour in ((0, SKY), (self.best, PURPLE)):
            fits.plot(x, self.fits[i], color=colour, label=f"η = {number(self.rates[i])}")
        fits.set(xlabel="x", ylabel="prediction", title="What they learned")
        fits.legend(fontsize=7)

    @property
    def alt_text(self) -> str:
        words = [
            f"{number(r)}: " + (f"diverged by step {d:.0f}" if np.isinf(t) else f"final loss {number(t)}")
            for r, t, d in zip(self.rates, self.typical, self.diverged_at, strict=True)
        ]
        return (
            "Loss curves of one network at seven learning rates, final loss against rate, and two "
            f"learned curves. "
            f"Median over {self.losses.shape[1]} starts by rate. " + "; ".join(words) + "."
        )


@after_predictions("c1")
def seven_rates(seed: int = 0, starts: int = 6) -> SevenRates:
    """Train the same 12-12 tanh network by plain gradient descent at each of the seven rates, from `starts` starts."""
    begin = NETWORK.initial(np.random.default_rng(seed), starts)
    with Progress("Seven rates", STEPS) as progress:
        weights, losses = train(
            _gradient_of(NETWORK),
            np.repeat(begin, len(RATES), axis=0),
            np.tile(RATES, starts),
            STEPS,
            alike=True,
            progress=progress,
        )
    with np.errstate(over="ignore", invalid="ignore"):
        fits = NETWORK.predict(weights[: len(RATES)], INPUTS)[..., 0]
    return SevenRates(RATES, losses.reshape(STEPS, starts, len(RATES)), fits)


#: The rates of the slider: the same decades, more finely.
SLIDER_RATES = tuple(float(f"{rate:.2g}") for rate in np.geomspace(1e-3, 4.64, 14))


@dataclass(frozen=True, repr=False)
class AtRate(Result):
    """losses (steps, rates) and fits (rates, 40) of one start at every rate of the slider; one is picked out."""

    picked: int
    losses: Array
    fits: Array
    size = (9.5, 3.5)

    def draw(self, figure: Figure) -> None:
        curves, fit = figure.subplots(1, 2)
        top = 1e3
        seen = np.unique(np.geomspace(1, len(self.losses), 400).astype(int)) - 1  # enough points for a log axis
        for i in [*range(len(SLIDER_RATES)), self.picked]:  # the picked one on top
            shown = i == self.picked
            at = np.arange(len(self.losses)) if shown else seen
            run = self.losses[at, i]
            end = int(np.argmax(run > top)) + 1 if (run > top).any() else len(run)
            colour = BLUE if np.isfinite(run[-1]) else VERMILION
            style = {"color": colour, "lw": 2.0} if shown else {"color": "0.85", "lw": 1.0}
            curves.plot(at[:end] + 1, np.minimum(run[:end], top), **style)
            if shown and end < len(run):
                curves.plot(at[end - 1] + 1, top, "^", color=colour, ms=10, clip_on=False)
        curves.set(xscale="log", yscale="log", xlabel="step", ylabel="training loss", ylim=(1e-3, top))
        curves.set_title(f"η = {number(SLIDER_RATES[self.picked])} among {len(SLIDER_RATES)} rates")
        fit.plot(INPUTS[:, 0], TARGETS, "o", color=BLACK, ms=3, label="data")
        if np.isfinite(self.losses[-1, self.picked]):
            fit.plot(INPUTS[:, 0], self.fits[self.picked], color=BLUE, label="network")
        fit.set(xlabel="x", ylabel="prediction", ylim=(-1.6, 1.6), title=f"What it learned in {STEPS} steps")
        fit.legend(fontsize=8, loc="upper left")

    @property
    def alt_text(self) -> str:
        run = self.losses[:, self.picked]
        end = f"final loss {number(run[-1])}" if np.isfinite(run[-1]) else f"diverged by step {np.isinf(run).argmax()}"
        return f"Loss curve and learned curve of one start at the rate {number(SLIDER_RATES[self.picked])}: {end}."


@after_predictions("c1")
def many_rates(seed: int = 0) -> tuple[Array, Array]:
    """One start of `seven_rates` at every rate of the slider: losses (steps, rates) and fits (rates, 40)."""
    start = np.repeat(NETWORK.initial(np.random.default_rng(seed)), len(SLIDER_RATES), axis=0)
    with Progress(f"{len(SLIDER_RATES)} rates", STEPS) as progress:
        weights, losses = train(
            _gradient_of(NETWORK), start, np.array(SLIDER_RATES), STEPS, alike=True, progress=progress
        )
    with np.errstate(over="ignore", invalid="ignore"):
        return losses, NETWORK.predict(weights, INPUTS)[..., 0]


@after_predictions("c1")
def at_rate(runs: tuple[Array, Array], rate: float) -> AtRate:
    """One rate of the slider picked out of `many_rates`."""
    return AtRate(SLIDER_RATES.index(rate), *runs)


@dataclass(frozen=True, repr=False)
class Knobs(Result):
    """factors (5,): what each knob is multiplied by; final[name] (5,): the median loss after training, inf if
    diverged."""

    factors: Array
    final: dict[str, Array]
    size = (6.5, 3.4)

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        for (name, values), colour, marker in zip(self.final.items(), (VERMILION, BLUE, GREEN), "osD", strict=True):
            finite = np.isfinite(values)
            axes.plot(self.factors[finite], values[finite], marker=marker, color=colour, label=name)
            axes.plot(
                self.factors[~finite],
                np.full((~finite).sum(), 1.0),
                marker=marker,
                ls="none",
                mfc="none",
                color=colour,
                ms=9,
            )
        axes.axhline(1.0, color=BLACK, lw=0.5)
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="the knob, as a multiple of its usual setting",
            ylabel="loss after training",
            title="Turning one knob at a time (open marks on top: diverged)",
        )
        axes.set_xticks(self.factors, [f"×{number(f)}" for f in self.factors], minor=False)
        axes.set_xticks([], minor=True)
        axes.legend()

    @property
    def alt_text(self) -> str:
        rows = []
        for name, values in self.final.items():
            cells = ", ".join(
                f"×{number(f)} {'diverged' if np.isinf(v) else number(v)}"
                for f, v in zip(self.factors, values, strict=True)
            )
            rows.append(f"{name}: {cells}")
        return "Loss after training when one knob is turned. " + "; ".join(rows) + "."


@after_predictions("c1")
def knobs(seed: int = 0, starts: int = 6) -> Knobs:
    """Turn the rate, the width and the scale of the first weights, one at a time, by the same factors."""
    factors = np.array([1 / 4, 1 / 2, 1.0, 2.0, 4.0])
    usual_rate, usual_width = 0.2, 12

    def final(width: int, rates: Array, scales: Array) -> Array:
        network = Network((1, width, width, 1))
        begin = [network.initial(np.random.default_rng(seed), starts, scale) for scale in scales]
        rates = np.repeat(rates, starts)
        _, losses = train(_gradient_of(network), np.concatenate(begin), rates, STEPS, alike=True, progress=progress)
        return np.median(_settled(losses).reshape(-1, starts), axis=1)

    with Progress("Three knobs", (1 + len(factors)) * STEPS) as progress:
        usual = np.ones_like(factors)
        rate, scale = np.split(  # both on one network, side by side
            final(usual_width, usual_rate * np.append(factors, usual), np.append(usual, factors)), 2
        )
        width = [final(max(1, round(usual_width * f)), np.array([usual_rate]), np.ones(1)) for f in factors]
        return Knobs(
            factors,
            {"learning rate": rate, "width": np.concatenate(width), "scale of the first weights": scale},
        )
