"""C4: sharpness at the edge of stability, warmup on a network that diverges without it, and decay under noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network, sharpness
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

INPUTS = np.linspace(-1.0, 1.0, 20)[:, None]
#: The Chebyshev polynomial of degree 4: small, and yet the sharpness rises on it.
TARGETS = 8 * INPUTS[:, 0] ** 4 - 8 * INPUTS[:, 0] ** 2 + 1


class _Watch:
    """Measures the sharpness every `every` steps, starting each power iteration from the last eigenvector."""

    def __init__(self, network: Network, weights: Array, rng: np.random.Generator, every: int) -> None:
        self.network, self.every = network, every
        self.steps: list[int] = []
        self.values: list[Array] = []
        self.value, self.vector = sharpness(network, weights, INPUTS, TARGETS, rng.normal(size=weights.shape), 60)

    def __call__(self, step: int, weights: Array) -> None:
        if step % self.every == 0:
            self.value, self.vector = sharpness(self.network, weights, INPUTS, TARGETS, self.vector, 8)
            self.steps.append(step)
            self.values.append(self.value)


# ------------------------------------------------------------------------------------- the edge of stability

EDGE_RATES = (0.08, 0.12, 0.2)
#: The rates of the slider.
SLIDER_RATES = (0.02, 0.04, 0.06, 0.08, 0.12, 0.16, 0.2, 0.25)
EDGE_NETWORK = Network((1, 32, 32, 1))


@dataclass(frozen=True, repr=False)
class Edge(Result):
    """losses (steps, starts, 3); sharpness (measured, starts, 3): the Hessian's largest eigenvalue, at the
    steps `measured_at`."""

    rates: Array
    losses: Array
    measured_at: Array
    sharpness: Array
    size = (9.5, 3.6)

    @property
    def initial(self) -> float:
        """The sharpness before training, median over the starts."""
        return float(np.median(self.sharpness[0]))

    @property
    def settled(self) -> Array:
        """Sharpness over 2/lr in the last third of training, median over time, (starts, 3)."""
        return np.median(self.sharpness[-len(self.sharpness) // 3 :], axis=0) * self.rates / 2

    @property
    def rises(self) -> Array:
        """Share of single steps in the second half on which the loss went up, (starts, 3)."""
        half = self.losses[len(self.losses) // 2 :]
        return np.mean(np.diff(half, axis=0) > 0, axis=0)

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for i, (rate, colour) in enumerate(zip(self.rates, (SKY, BLUE, VERMILION), strict=True)):
            left.plot(self.measured_at, self.sharpness[:, 0, i], color=colour, label=f"η = {number(rate)}")
            left.axhline(2 / rate, color=colour, ls="--", lw=1)
            left.annotate(
                f"2/η = {number(2 / rate)}",
                (self.measured_at[-1], 2 / rate),
                ha="right",
                va="bottom",
                fontsize=8,
            )
            right.plot(self.losses[:, 0, i], color=colour, lw=0.9, label=f"η = {number(rate)}")
        left.set(
            xlabel="step",
            ylabel="sharpness (largest Hessian eigenvalue)",
            title="It rises to 2/η and stays there",
            ylim=(0, 2.3 / self.rates.min()),
        )
        right.set(
            xlabel="step",
            ylabel="training loss",
            yscale="log",
            title="Meanwhile the loss falls, not smoothly",
        )
        left.legend(loc="lower right", fontsize=8)
        right.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = ", ".join(
            f"rate {number(r)}: {number(s)} times 2/η = {number(2 / r)}"
            for r, s in zip(self.rates, np.median(self.settled, axis=0), strict=True)
        )
        return (
            f"Sharpness during full-batch gradient descent. It begins near {number(self.initial)} "
            f"and settles at, {rows}. "
            "The training loss falls meanwhile, with ups and downs."
        )


@after_predictions("c4")
def edge_of_stability(seed: int = 0, starts: int = 3, steps: int = 5000, rates: tuple[float, ...] = EDGE_RATES) -> Edge:
    """Full-batch gradient descent at some rates, with the sharpness measured by power iteration every 25 steps."""
    rng = np.random.default_rng(seed)
    begin = np.repeat(EDGE_NETWORK.initial(rng, starts), len(rates), axis=0)
    watch = _Watch(EDGE_NETWORK, begin, rng, every=25)
    with Progress("Edge of stability", steps) as progress:
        _, losses = train(
            lambda w, step: EDGE_NETWORK.losses_and_gradients(w, INPUTS, TARGETS),
            begin,
            np.tile(rates, starts),
            steps,
            alike=True,
            observe=watch,
            progress=progress,
        )
    shape = (-1, starts, len(rates))
    return Edge(np.array(rates), losses.reshape(shape), np.array(watch.steps), np.array(watch.values).reshape(shape))


@dataclass(frozen=True, repr=False)
class EdgeAt(Result):
    """One rate picked out of an `edge_of_stability` with several."""

    edge: Edge
    picked: int
    size = (9.5, 3.5)

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        edge, rate = self.edge, float(self.edge.rates[self.picked])
        for i in [*range(len(edge.rates)), self.picked]:
            colour, width = (VERMILION, 2.0) if i == self.picked else ("0.85", 1.0)
            left.plot(edge.measured_at, edge.sharpness[:, 0, i], color=colour, lw=width)
            right.plot(edge.losses[:, 0, i], color=colour, lw=width / 2)
        left.axhline(2 / rate, color=BLACK, ls="--", lw=1, label=f"2/η = {number(2 / rate)}")
        left.set(xlabel="step", ylabel="sharpness", ylim=(0, 40), title=f"η = {number(rate)}")
        left.legend(fontsize=8, loc="lower right")
        right.set(xlabel="step", ylabel="training loss", yscale="log", title="The loss meanwhile")

    @property
    def alt_text(self) -> str:
        rate, end = float(self.edge.rates[self.picked]), float(np.median(self.edge.sharpness[-30:, 0, self.picked]))
        return (
            f"Sharpness and training loss at the rate {number(rate)}: the sharpness ends at {number(end)}; 2/η is "
            f"{number(2 / rate)}. The loss falls from {number(self.edge.losses[0, 0, self.picked])} to "
            f"{number(self.edge.losses[-1, 0, self.picked])}."
        )


@after_predictions("c4")
def edge_at(edge: Edge, rate: float) -> EdgeAt:
    """One of the rates of an `edge_of_stability`, picked out."""
    return EdgeAt(edge, int(np.argmin(np.abs(edge.rates - rate))))


@dataclass(frozen=True, repr=False)
class SameFunction(Result):
    """factors (n,), sharpness (n,) and gap (n,): the largest difference between the predictions and the original's."""

    factors: Array
    sharpness: Array
    gap: Array
    size = (6.0, 3.2)

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(self.factors, self.sharpness, "o-", color=VERMILION)
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="first layer × c, last layer ÷ c",
            ylabel="sharpness",
            title="One function, many sharpnesses",
        )

    @property
    def alt_text(self) -> str:
        rows = ", ".join(f"c {number(c)}: {number(s)}" for c, s in zip(self.factors, self.sharpness, strict=True))
        return f"Sharpness of one trained ReLU network rewritten by a factor c; its predictions do not change. {rows}."


@after_predictions("c4")
def same_function(seed: int = 0) -> SameFunction:
    """Train a ReLU network, then multiply its first layer by c and divide its last by c (Dinh et al. 2017).

    relu(c z) = c relu(z) for c > 0, so that every prediction stays as it was.
    """
    network = Network((1, 32, 1), "relu")
    rng = np.random.default_rng(seed)
    weights, _ = train(
        lambda w, step: network.losses_and_gradients(w, INPUTS, TARGETS), network.initial(rng), 0.05, 2000
    )
    factors = np.array([0.1, 0.3, 1.0, 3.0, 10.0])
    versions = np.repeat(weights, len(factors), axis=0)
    first, last = network.layers(versions)
    first *= factors[:, None, None]
    last[:, :-1] /= factors[:, None, None]
    values, _ = sharpness(network, versions, INPUTS, TARGETS, rng.normal(size=versions.shape), 200)
    gap = np.abs(network.predict(versions, INPUTS) - network.predict(weights, INPUTS)).max(axis=(1, 2))
    return SameFunction(factors, values, gap)


# ---------------------------------------------------------------------------------------------------- warmup

WARM_NETWORK = Network((1, 32, 32, 32, 1))
#: The target rate is this many times 2 / (sharpness at the start), what the start can bear.
OVER = 4.0
WARM_STEPS = 1000


@dataclass(frozen=True, repr=False)
class Warmup(Result):
    """losses[name] (steps, starts); sharpness (measured, starts) along the warmed-up run; rates (starts,);
    initial (starts,)."""

    rates: Array
    initial: Array
    losses: dict[str, Array]
    measured_at: Array
    sharpness: Array
    size = (9.5, 3.6)

    @property
    def survived(self) -> dict[str, float]:
        """The share of starts that did not diverge."""
        return {name: float(np.mean(np.isfinite(loss[-1]))) for name, loss in self.losses.items()}

    @property
    def diverged_at(self) -> float:
        """The step by which half of the starts without warmup had diverged."""
        return float(np.median(np.isinf(self.losses["no warmup"]).argmax(axis=0)))

    @property
    def ramp(self) -> Array:
        """The warmup rates at the measured steps, (measured, starts)."""
        return np.minimum(1.0, (self.measured_at[:, None] + 1) / WARM_STEPS) * self.rates

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        top = 1e3
        for (name, losses), colour in zip(self.losses.items(), (VERMILION, BLUE), strict=True):
            run = losses[:, 0]
            end = int(np.argmax(run > top)) + 1 if (run > top).any() else len(run)
            left.plot(np.arange(1, end + 1), np.minimum(run[:end], top), color=colour, label=name)
            if end < len(run):
                left.plot(end, top, "^", color=colour, ms=10, clip_on=False)
        left.set(
            xscale="log",
            yscale="log",
            xlabel="step",
            ylabel="training loss",
            ylim=(1e-5, top),
            title=f"The same start, target rate η = {number(self.rates[0])}",
        )
        left.legend(loc="lower left")
        right.plot(self.measured_at, self.sharpness[:, 0], color=BLUE, label="sharpness, warmed up")
        right.plot(self.measured_at, 2 / self.ramp[:, 0], color=BLACK, ls="--", label="2 / (rate at that step)")
        right.set(
            xlabel="step",
            ylabel="sharpness",
            ylim=(0, 1.6 * self.initial[0]),
            xlim=(0, 2 * WARM_STEPS),
            title="Warmup presses the sharpness down",
        )
        right.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        end = float(np.median(self.sharpness[-1]))
        return (
            f"Left: without warmup the loss explodes by step {self.diverged_at:.0f}; with a linear "
            f"warmup over {WARM_STEPS} steps to the same "
            f"rate {100 * self.survived['warmup']:.0f}% of the starts train. Right: sharpness along "
            f"the warmed-up run falls from "
            f"{number(float(np.median(self.initial)))} to {number(end)}, following 2 over the rate."
        )


@after_predictions("c4")
def warmup(seed: int = 0, starts: int = 4, steps: int = 3000) -> Warmup:
    """A deep tanh network with large first weights, full batch (exact gradients), at four times its stable rate.

    Without warmup the rate is the target from the first step; with it the rate rises linearly over 1000 steps.
    """
    rng = np.random.default_rng(seed)
    begin = WARM_NETWORK.initial(rng, starts, scale=1.5)
    watch = _Watch(WARM_NETWORK, begin, rng, every=20)
    initial = watch.value
    rates = OVER * 2 / initial

    def exact(weights: Array, step: int) -> tuple[Array, Array]:
        return WARM_NETWORK.losses_and_gradients(weights, INPUTS, TARGETS)

    with Progress("Warmup", 2 * steps) as progress:
        _, cold = train(exact, begin, rates, steps, alike=True, progress=progress)
        _, warm = train(
            exact,
            begin,
            lambda step: rates * min(1.0, (step + 1) / WARM_STEPS),
            steps,
            observe=watch,
            progress=progress,
        )
    return Warmup(rates, initial, {"no warmup": cold, "warmup": warm}, np.array(watch.steps), np.array(watch.values))


#: Target rates as multiples of 2 / (sharpness at the start), and warmup lengths, of the table.
MULTIPLES, LENGTHS = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1, 30, 100, 300, 1000])


@dataclass(frozen=True, repr=False)
class WarmupTable(Result):
    """survived, loss (lengths, multiples): share of the starts that did not diverge, median of their last loss."""

    survived: Array
    loss: Array
    size = (7.0, 3.9)

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        axes.imshow(self.survived, cmap="cividis", vmin=0, vmax=1, aspect="auto", origin="lower")
        for i, row in enumerate(self.survived):
            for j, share in enumerate(row):
                text = f"{100 * share:.0f}%" + (f"\n{self.loss[i, j]:.0e}" if share else "")
                axes.text(j, i, text, ha="center", va="center", color="black" if share > 0.5 else "white", fontsize=9)
        axes.set_xticks(range(len(MULTIPLES)), [number(m) for m in MULTIPLES])
        axes.set_yticks(range(len(LENGTHS)), [number(n) for n in LENGTHS])
        axes.set(
            xlabel="target rate, as a multiple of 2 / (sharpness at the start)",
            ylabel="steps of warmup",
            title="Starts that survive, and their loss at the end",
        )

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"warmup of {n} steps: "
            + ", ".join(f"{number(m)} {100 * s:.0f}%" for m, s in zip(MULTIPLES, row, strict=True))
            for n, row in zip(LENGTHS, self.survived, strict=True)
        )
        return f"Share of starts that survive, by warmup and by target rate over what the start can bear. {rows}."


@after_predictions("c4")
def warmup_table(seed: int = 0, starts: int = 4, steps: int = 1500) -> WarmupTable:
    """The network of `warmup` at four target rates with five lengths of a linear warmup, exact gradients."""
    rng = np.random.default_rng(seed)
    begin = WARM_NETWORK.initial(rng, starts, scale=1.5)
    initial, _ = sharpness(WARM_NETWORK, begin, INPUTS, TARGETS, rng.normal(size=begin.shape), 60)
    shape = (len(LENGTHS), len(MULTIPLES), starts)
    targets = np.broadcast_to(MULTIPLES[None, :, None] * 2 / initial, shape).ravel()
    lengths = np.broadcast_to(LENGTHS[:, None, None], shape).ravel()
    with Progress("Twenty warmups", steps) as progress:
        _, losses = train(
            lambda w, step: WARM_NETWORK.losses_and_gradients(w, INPUTS, TARGETS),
            np.tile(begin, (len(LENGTHS) * len(MULTIPLES), 1)),
            lambda step: targets * np.minimum(1.0, (step + 1) / lengths),
            steps,
            alike=True,
            progress=progress,
        )
    last = losses[-1].reshape(shape)
    alive = np.isfinite(last)
    typical = np.array(
        [
            [np.median(cell[ok]) if ok.any() else np.nan for cell, ok in zip(*pair, strict=True)]
            for pair in zip(last, alive, strict=True)
        ]
    )
    return WarmupTable(alive.mean(axis=2), typical)


# ----------------------------------------------------------------------------------------------------- decay

FLOOR_RATES = np.array([0.0125, 0.025, 0.05, 0.1, 0.2])


@dataclass(frozen=True, repr=False)
class Floor(Result):
    """loss (steps, 6): the mean loss over the chains, for the five constant rates and, last, the decaying one."""

    loss: Array
    size = (9.5, 3.6)

    @property
    def settled(self) -> Array:
        """The mean loss of each run over the last fifth of training, (6,)."""
        return self.loss[-len(self.loss) // 5 :].mean(axis=0)

    @property
    def predicted(self) -> Array:
        """The exact floor lr / (2 (2 - lr)) of x^2/2 under unit gradient noise; about lr / 4."""
        return FLOOR_RATES / (2 * (2 - FLOOR_RATES))

    @property
    def exponent(self) -> float:
        """The slope of log floor against log rate: 1 means proportional."""
        return float(np.polyfit(np.log(FLOOR_RATES), np.log(self.settled[:-1]), 1)[0])

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        names = [f"η = {number(r)}" for r in FLOOR_RATES] + ["decaying from 0.2"]
        for name, losses, colour in zip(names, self.loss.T, (SKY, BLUE, GREEN, ORANGE, VERMILION, BLACK), strict=True):
            left.plot(losses, color=colour, lw=1.2, label=name)
        left.set(yscale="log", xlabel="step", ylabel="mean loss", title="Constant rates stop at a floor")
        left.legend(fontsize=7, ncols=2)
        right.plot(FLOOR_RATES, self.predicted, color=BLACK, lw=1, label="η/(4−2η)")
        right.plot(FLOOR_RATES, self.settled[:-1], "o", color=VERMILION, label="measured")
        right.axhline(self.settled[-1], color=PURPLE, ls="--", label="decaying, at the end")
        right.set(
            xscale="log",
            yscale="log",
            xlabel="rate η",
            ylabel="noise floor",
            title="The floor is proportional to η",
        )
        right.set_xticks(FLOOR_RATES, [number(r) for r in FLOOR_RATES])
        right.set_xticks([], minor=True)
        right.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = ", ".join(f"rate {number(r)}: {number(s)}" for r, s in zip(FLOOR_RATES, self.settled[:-1], strict=True))
        return (
            f"Mean loss under gradient noise. Floors: {rows}; a decaying rate reaches "
            f"{number(self.settled[-1])} and is still falling. "
            f"The floor grows as the rate to the power {self.exponent:.2f}."
        )


@after_predictions("c4")
def noise_floor(seed: int = 0, chains: int = 1000, steps: int = 2000) -> Floor:
    """Descend x^2/2 with unit gradient noise from x = 3 at five constant rates, and at 0.2 / (1 + step/20)."""
    rng = np.random.default_rng(seed)
    runs = len(FLOOR_RATES) + 1

    def rate(step: int) -> Array:
        return np.repeat(np.append(FLOOR_RATES, FLOOR_RATES[-1] / (1 + step / 20)), chains)

    with Progress("Noise floor", steps) as progress:
        _, losses = train(
            lambda x, step: (x[:, 0] ** 2 / 2, x + rng.standard_normal(x.shape)),
            np.full((runs * chains, 1), 3.0),
            rate,
            steps,
            progress=progress,
        )
    return Floor(losses.reshape(steps, runs, chains).mean(axis=2))
