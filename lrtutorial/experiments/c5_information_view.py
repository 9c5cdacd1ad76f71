"""C5: learning rates as resolution. What a network fits, signal or noise, at five rates, and the bits its
weights need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network, sharpness
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

RATES = np.array([0.01, 0.03, 0.1, 0.2, 0.4])
COLOURS = (SKY, BLUE, GREEN, ORANGE, VERMILION)
EXAMPLES, NOISE, REACH = 16, 0.7, 1.5
EARLY, STEPS, WARMUP = 1000, 30000, 2000
#: Weights are coded on a grid over [-RANGE, RANGE): with b bits each there are 2^b values.
RANGE = 16.0
#: The errors are coded to this precision.
GRAIN = 0.01
#: The precision a network "needs" may cost at most this much mean squared error on the training points.
ALLOWED_RISE = 0.02

SHALLOW = Network((1, 40, 1), "relu")
DEEP = Network((1, 24, 24, 1), "tanh")


def signal(x: Array) -> Array:
    """What there is to learn: one period of a sine on [-1.5, 1.5]."""
    return np.sin(np.pi * x / REACH)


INPUTS = np.linspace(-REACH, REACH, EXAMPLES)
HELD_OUT = np.linspace(-REACH, REACH, 200)


@dataclass(frozen=True, repr=False)
class Resolution(Result):
    """Errors are mean squared: train (marks, data sets, rates) against the noisy targets, held_out likewise against the
    noise-free signal; weights (data sets * rates, parameters) at the end; targets (data sets, examples); sharpness
    (data sets, rates): of the training loss at the end."""

    network: Network
    marks: Array
    train: Array
    held_out: Array
    weights: Array
    targets: Array
    sharpness: Array
    size = (11.0, 3.6)

    def typical(self, errors: Array, mark: int) -> Array:
        """Median over the data sets of `errors` (train or held_out) at one of `marks`, (rates,)."""
        return np.median(errors[int(np.argmin(np.abs(self.marks - mark)))], axis=0)

    @property
    def noise(self) -> float:
        """The mean squared size of the noise in the targets: a perfect fit of the signal has this training error."""
        return float(np.mean((self.targets - signal(INPUTS)) ** 2))

    def coarsened(self, bits: int) -> Array:
        """The weights rounded to the middle of their cell on a grid of 2^bits values over [-RANGE, RANGE)."""
        cell = 2 * RANGE / 2**bits
        return (np.clip(np.floor(self.weights / cell), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) + 0.5) * cell

    def _train_error(self, weights: Array) -> Array:
        targets = np.repeat(self.targets, len(RATES), axis=0)
        return 2 * self.network.losses(weights, INPUTS[:, None], targets).reshape(-1, len(RATES))

    def error_at(self, bits: int) -> Array:
        """Training error with weights of `bits` bits each, (data sets, rates)."""
        return self._train_error(self.coarsened(bits))

    @property
    def bits(self) -> Array:
        """Bits per weight needed to stay within ALLOWED_RISE of the training error, (data sets, rates)."""
        exact, needed = self._train_error(self.weights), np.full((len(self.targets), len(RATES)), np.nan)
        for bits in range(2, 25):
            enough = self.error_at(bits) - exact <= ALLOWED_RISE
            needed = np.where(np.isnan(needed) & enough, bits, needed)
        return needed

    def description(self, bits: int) -> Array:
        """Bits for the weights at `bits` each and for the errors they leave, together, (data sets, rates)."""
        return self.network.parameters * bits + EXAMPLES * _gaussian_bits(self.error_at(bits))

    @property
    def raw(self) -> float:
        """Bits for the noisy targets themselves, with no network, in the code used for the errors; mean over sets."""
        return float(np.mean(EXAMPLES * _gaussian_bits(np.mean(self.targets**2, axis=1))))

    def draw(self, figure: Figure) -> None:
        fit, held, curve = figure.subplots(1, 3)
        for i, (rate, colour) in enumerate(zip(RATES, COLOURS, strict=True)):
            for axes, errors in ((fit, self.train), (held, self.held_out)):
                axes.plot(
                    self.marks[1:],
                    np.median(errors[1:, :, i], axis=1),
                    color=colour,
                    label=f"η = {number(rate)}",
                )
        fit.axhline(self.noise, color=BLACK, ls="--", lw=1)
        fit.annotate("size of the noise", (self.marks[-1], self.noise), ha="right", va="bottom", fontsize=8)
        fit.set(xscale="log", xlabel="step", ylabel="training error", title="Training: signal, then noise")
        held.set(xscale="log", xlabel="step", ylabel="error on the signal", title="Held out")
        fit.legend(fontsize=7)
        curve.plot(INPUTS, self.targets[0], "o", color=BLACK, ms=4, label="noisy data")
        curve.plot(HELD_OUT, signal(HELD_OUT), color="0.6", lw=2, label="signal")
        outputs = self.network.predict(self.weights[: len(RATES)], HELD_OUT[:, None])[..., 0]
        for i in (1, len(RATES) - 1):
            curve.plot(HELD_OUT, outputs[i], color=COLOURS[i], label=f"η = {number(RATES[i])}")
        curve.set(xlabel="x", ylabel="prediction", title=f"After {self.marks[-1]} steps")
        curve.legend(fontsize=7)

    @property
    def alt_text(self) -> str:
        def row(errors: Array, mark: int) -> str:
            return ", ".join(f"{number(r)}: {e:.3f}" for r, e in zip(RATES, self.typical(errors, mark), strict=True))

        end = int(self.marks[-1])
        return (
            f"Training and held-out error against steps for five rates; noise of size {self.noise:.2f}. "
            f"Training error at step {EARLY} by rate: {row(self.train, EARLY)}; at step {end}: "
            f"{row(self.train, end)}. "
            f"Held-out error at step {end}: {row(self.held_out, end)}."
        )


def _gaussian_bits(variance: Array) -> Array:
    """Bits for one number of a zero-mean Gaussian coded to GRAIN: its entropy, log2(sqrt(2 pi e variance) / GRAIN)."""
    return np.maximum(np.log2(np.sqrt(2 * np.pi * math.e * variance) / GRAIN), 0.0)


@dataclass(frozen=True, repr=False)
class Stability(Result):
    """Where the runs of a `resolution` ended: their sharpness, beside what each rate can bear."""

    resolution: Resolution
    size = (6.0, 3.4)

    @property
    def ratio(self) -> Array:
        """Sharpness over 2/rate at the end, median over the data sets, (rates,)."""
        return np.median(self.resolution.sharpness, axis=0) * RATES / 2

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(RATES, 2 / RATES, color=BLACK, ls="--", label="2/η, the most a rate can bear")
        for row in self.resolution.sharpness:
            axes.plot(RATES, row, "o", color=BLUE, ms=4, alpha=0.5)
        axes.plot(RATES, np.median(self.resolution.sharpness, axis=0), color=BLUE, label="measured (a dot a data set)")
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="rate η",
            ylabel="sharpness at the end",
            title="Three of five rates end at their limit",
        )
        axes.set_xticks(RATES, [number(r) for r in RATES])
        axes.set_xticks([], minor=True)
        axes.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = ", ".join(
            f"η {number(rate)}: {number(sharp)} (limit {number(2 / rate)})"
            for rate, sharp in zip(RATES, np.median(self.resolution.sharpness, axis=0), strict=True)
        )
        return f"Sharpness after training by rate, median over the data sets, beside 2/η. {rows}."


@after_predictions("c5")
def stability(resolution: Resolution) -> Stability:
    """The sharpness at which each rate's runs ended (`resolution` measured it by 60 power iterations)."""
    return Stability(resolution)


def spread_start(network: Network, rng: np.random.Generator, runs: int, scale: float) -> Array:
    """First weights, (runs, parameters), with the kinks of the first layer spread over the inputs."""
    begin = network.initial(rng, runs, scale)
    first = network.layers(begin)[0]
    first[:, -1] = rng.uniform(-REACH, REACH, first[:, -1].shape) * np.abs(first[:, 0])
    return begin


def _run(network: Network, seed: int, data_sets: int, steps: int, scale: float, label: str) -> Resolution:
    rng = np.random.default_rng(seed)
    targets = signal(INPUTS) + NOISE * rng.normal(size=(data_sets, EXAMPLES))
    begin = spread_start(network, rng, data_sets, scale)
    every = np.repeat(targets, len(RATES), axis=0)
    rates = np.tile(RATES, data_sets)
    marks, train_error, held_error = [], [], []

    def observe(step: int, weights: Array) -> None:
        if step % 250 == 0:
            marks.append(step)
            train_error.append(2 * network.losses(weights, INPUTS[:, None], every))
            held_error.append(2 * network.losses(weights, HELD_OUT[:, None], signal(HELD_OUT)))

    with Progress(label, steps) as progress:
        weights, _ = train(
            lambda w, step: network.losses_and_gradients(w, INPUTS[:, None], every),
            np.repeat(begin, len(RATES), axis=0),
            lambda step: rates * min(1.0, (step + 1) / WARMUP),
            steps,
            observe=observe,
            progress=progress,
        )
    observe(steps - steps % 250, weights)
    shape = (-1, data_sets, len(RATES))
    sharp, _ = sharpness(network, weights, INPUTS[:, None], every, rng.normal(size=weights.shape), 60)
    return Resolution(
        network,
        np.array(marks),
        np.array(train_error).reshape(shape),
        np.array(held_error).reshape(shape),
        weights,
        targets,
        sharp.reshape(data_sets, len(RATES)),
    )


@after_predictions("c5")
def resolution(seed: int = 0, data_sets: int = 8) -> Resolution:
    """A shallow ReLU network on 16 noisy points at five rates, exact gradients, 30000 steps after a short warmup."""
    return _run(SHALLOW, seed, data_sets, STEPS, 0.5, "Five rates, shallow network")


@after_predictions("c5")
def other_network(seed: int = 0, data_sets: int = 6) -> Resolution:
    """The same data and rates with a deeper tanh network, 10000 steps."""
    return _run(DEEP, seed, data_sets, 10000, 1.0, "Five rates, deeper network")


@dataclass(frozen=True, repr=False)
class Coarse(Result):
    """The fits of the first data set at `bits` bits per weight; against bits, each rate's training error, and the bits
    for weights and errors together."""

    resolution: Resolution
    bits: int
    size = (11.0, 3.6)

    def draw(self, figure: Figure) -> None:
        curve, cost, both = figure.subplots(1, 3)
        outputs = self.resolution.network.predict(
            self.resolution.coarsened(self.bits)[: len(RATES)], HELD_OUT[:, None]
        )[..., 0]
        curve.plot(INPUTS, self.resolution.targets[0], "o", color=BLACK, ms=4, label="noisy data")
        for i in (1, len(RATES) - 1):
            curve.plot(HELD_OUT, outputs[i], color=COLOURS[i], label=f"η = {number(RATES[i])}")
        curve.set(xlabel="x", ylabel="prediction", ylim=(-3, 3), title=f"{self.bits} bits a weight")
        curve.legend(fontsize=8)
        depths = np.arange(3, 13)
        errors = np.array([np.median(self.resolution.error_at(int(b)), axis=0) for b in depths])
        total = np.array([np.median(self.resolution.description(int(b)), axis=0) for b in depths])
        for i, (rate, colour) in enumerate(zip(RATES, COLOURS, strict=True)):
            cost.plot(depths, errors[:, i], marker=".", color=colour, label=f"η = {number(rate)}")
            both.plot(depths, total[:, i], marker=".", color=colour)
        for axes in (cost, both):
            axes.axvline(self.bits, color=BLACK, ls=":", lw=1)
        cost.set(yscale="log", xlabel="bits per weight", ylabel="training error", title="The price of coarser weights")
        cost.legend(fontsize=7)
        both.axhline(self.resolution.raw, color=BLACK, ls="--", lw=1)
        both.annotate(
            "the data themselves, no network", (depths[-1], self.resolution.raw), ha="right", va="bottom", fontsize=8
        )
        both.set(
            xlabel="bits per weight",
            ylabel="bits for weights and errors",
            title="Both parts counted",
            ylim=(0, None),
        )

    @property
    def alt_text(self) -> str:
        rows = ", ".join(
            f"{number(r)}: {e:.3f}"
            for r, e in zip(RATES, np.median(self.resolution.error_at(self.bits), axis=0), strict=True)
        )
        needed = ", ".join(
            f"{number(r)}: {b:.1f}" for r, b in zip(RATES, self.resolution.bits.mean(axis=0), strict=True)
        )
        return (
            f"Fits with weights rounded to {self.bits} bits. Training error then, by rate: {rows}. "
            f"Bits a weight needs for a rise of at most {number(ALLOWED_RISE)}, mean over data "
            f"sets: {needed}. Weights and errors together take "
            f"{np.median(self.resolution.description(self.bits)[:, 1]):.0f} bits at 0.03 and "
            f"{np.median(self.resolution.description(self.bits)[:, 4]):.0f} at 0.4, the data themselves "
            f"{self.resolution.raw:.0f}."
        )


@after_predictions("c5")
def coarse(resolution: Resolution, bits: int = 8) -> Coarse:
    """Round a finished network's weights to `bits` bits each and look at what it still predicts."""
    return Coarse(resolution, bits)
