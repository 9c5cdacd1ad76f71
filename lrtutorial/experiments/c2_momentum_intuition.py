"""C2: momentum in a ravine, under noisy gradients, and on the way through a shallow local minimum.

Momentum here is v = beta v + g, x = x - lr v, as in the rest of the course; where the averaging form
m = beta m + (1 - beta) g is meant, it is called the average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

# ------------------------------------------------------------------------------------------------ the ravine

#: Curvatures along the floor of the ravine and across it: condition number 100.
CURVATURES = np.array([1.0, 100.0])
#: "There" means within this fraction of the starting distance.
ARRIVED = 1e-3


def _walk(start: Array, lr: float | Array, momentum: float | Array, steps: int) -> Array:
    """Positions (steps, runs, 2) on f = (x^2 + 100 y^2) / 2."""
    seen: list[Array] = []
    train(
        lambda x, step: (x**2 @ CURVATURES / 2, x * CURVATURES),
        np.atleast_2d(start),
        lr,
        steps,
        momentum=momentum,
        observe=lambda step, x: seen.append(x.copy()),
    )
    return np.array(seen)


def _steps_to_arrive(path: Array) -> Array:
    """The first step from which each run stays within ARRIVED of the start's distance, (runs,); inf if it
    never does."""
    far = np.linalg.norm(path, axis=2) > ARRIVED * np.linalg.norm(path[0], axis=1)
    last_far = len(far) - 1 - np.argmax(far[::-1], axis=0)
    return np.where(far[-1], np.inf, last_far + 1.0)


@dataclass(frozen=True, repr=False)
class Ravine(Result):
    """Paths (steps, 2) with and without momentum, and the steps each takes to arrive."""

    momentum: float
    plain: Array
    heavy: Array
    plain_steps: float
    heavy_steps: float
    lr: tuple[float, float]
    size = (9.0, 3.2)

    @property
    def speed_up(self) -> float:
        """How many times fewer steps momentum needs."""
        return self.plain_steps / self.heavy_steps

    @property
    def swing(self) -> tuple[float, float]:
        """How far each went to and fro across the ravine in the first 60 steps: (plain, with momentum)."""
        return (
            float(np.abs(np.diff(self.plain[:61, 1])).sum()),
            float(np.abs(np.diff(self.heavy[:61, 1])).sum()),
        )

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        tall = min(max(1.4, 1.1 * np.abs(np.concatenate([self.plain, self.heavy])[:, 1]).max()), 4.0)
        x, y = np.meshgrid(np.linspace(-3, 11, 200), np.linspace(-tall, tall, 120))
        axes.contour(x, y, (x**2 + 100 * y**2) / 2, levels=np.geomspace(0.05, 150, 9), colors="0.75", linewidths=0.7)
        heavy = f"momentum {number(self.momentum)}"
        for path, colour, marker, name, steps, lr, swing in (
            (self.plain, BLUE, ".", "plain", self.plain_steps, self.lr[0], self.swing[0]),
            (self.heavy, VERMILION, "x", heavy, self.heavy_steps, self.lr[1], self.swing[1]),
        ):
            arrives = "does not arrive" if np.isinf(steps) else f"{steps:.0f} steps"
            axes.plot(
                *path[:60].T,
                color=colour,
                marker=marker,
                ms=4,
                lw=1,
                label=f"{name}, η = {number(lr)}: {arrives}, {number(swing)} across",
            )
        axes.plot(0, 0, "*", color=BLACK, ms=11)
        axes.set(
            xlabel="x, along the floor (curvature 1)",
            ylabel="y, across (curvature 100)",
            xlim=(-3, 11),
            ylim=(-tall, tall),
            title="The first 60 steps down a ravine",
        )
        axes.legend(loc="upper left", fontsize=8)

    @property
    def alt_text(self) -> str:
        def arrives(steps: float) -> str:
            return "does not arrive" if np.isinf(steps) else f"arrives after {steps:.0f} steps"

        return (
            f"Two paths down an elongated bowl of condition number 100. Plain descent at rate "
            f"{number(self.lr[0])} "
            f"{arrives(self.plain_steps)}; momentum {number(self.momentum)} at rate "
            f"{number(self.lr[1])} {arrives(self.heavy_steps)}. Across the ravine they go {number(self.swing[0])} and "
            f"{number(self.swing[1])} to and fro in 60 steps."
        )


@after_predictions("c2")
def ravine(momentum: float = 0.9, lr: float | None = None, seed: int = 0) -> Ravine:
    """Plain descent at `lr` (default: its best rate, 2/101) against the same with `momentum` at the same rate."""
    lr = 2 / CURVATURES.sum() if lr is None else lr
    start = _start(seed)
    path = _walk(np.repeat(start, 2, axis=0), lr, np.array([0.0, momentum]), 4000)
    plain, heavy = _steps_to_arrive(path)
    return Ravine(momentum, path[:, 0], path[:, 1], float(plain), float(heavy), (lr, lr))


@after_predictions("c2")
def tuned_ravine(seed: int = 0) -> Ravine:
    """Each method at its own best setting for a quadratic (Polyak 1964):

    plain lr = 2/(L + mu); heavy ball lr = (2/(sqrt L + sqrt mu))^2, momentum = ((sqrt k - 1)/(sqrt k + 1))^2.
    """
    mu, curvature = CURVATURES
    root = np.sqrt(curvature / mu)
    momentum = ((root - 1) / (root + 1)) ** 2
    rates = np.array([2 / (curvature + mu), (2 / (np.sqrt(curvature) + np.sqrt(mu))) ** 2])
    path = _walk(np.repeat(_start(seed), 2, axis=0), rates, np.array([0.0, momentum]), 4000)
    plain, heavy = _steps_to_arrive(path)
    return Ravine(
        float(momentum),
        path[:, 0],
        path[:, 1],
        float(plain),
        float(heavy),
        (float(rates[0]), float(rates[1])),
    )


def _start(seed: int) -> Array:
    """A point up the ravine and a little off its floor, (1, 2)."""
    rng = np.random.default_rng(seed)
    return np.array([[rng.uniform(8.0, 10.5), rng.uniform(0.6, 1.2) * rng.choice([-1, 1])]])


# --------------------------------------------------------------------------------------------------- noise

MOMENTA = np.array([0.0, 0.5, 0.8, 0.9, 0.95, 0.98])


@dataclass(frozen=True, repr=False)
class Filter(Result):
    """raw, smooth (steps,): a noisy gradient and its average; ratio (6,): measured variance of the average
    over the raw one's."""

    momentum: float
    raw: Array
    smooth: Array
    ratio: Array
    size = (9.0, 3.3)

    @staticmethod
    def predicted(momentum: Any) -> Any:
        """(1 - beta) / (1 + beta), the variance ratio of an exponential average of independent noise."""
        return (1 - momentum) / (1 + momentum)

    @property
    def measured(self) -> float:
        """The measured variance ratio at this momentum."""
        return float(self.ratio[np.argmin(np.abs(MOMENTA - self.momentum))])

    def draw(self, figure: Figure) -> None:
        series, ratios = figure.subplots(1, 2, width_ratios=(1.6, 1))
        series.plot(self.raw, color=SKY, lw=0.7, label="gradient with noise")
        series.plot(self.smooth, color=VERMILION, lw=1.6, label=f"average, β = {number(self.momentum)}")
        series.axhline(1.0, color=BLACK, ls="--", lw=1, label="true gradient")
        series.set(xlabel="step", ylabel="gradient", title="A low-pass filter")
        series.legend(fontsize=8, loc="upper right")
        fine = np.linspace(0, 0.99, 200)
        ratios.plot(fine, self.predicted(fine), color=BLACK, lw=1, label="(1−β)/(1+β)")
        ratios.plot(MOMENTA, self.ratio, "o", color=VERMILION, label="measured")
        ratios.set(xlabel="β", ylabel="variance left", yscale="log", title="How much noise is left")
        ratios.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = ", ".join(
            f"β {number(b)}: {number(r)} (formula {number(self.predicted(b))})"
            for b, r in zip(MOMENTA, self.ratio, strict=True)
        )
        return (
            f"A noisy gradient and its running average, and the share of the noise variance left "
            f"after averaging. {rows}."
        )


@after_predictions("c2")
def filter_noise(momentum: float = 0.9, seed: int = 0) -> Filter:
    """Average a gradient 1 + noise with m = beta m + (1 - beta) g; measure the variance after it has settled."""
    rng = np.random.default_rng(seed)
    chains, settle, keep = 400, 400, 400
    average = np.ones((len(MOMENTA), chains))
    record = []
    raw, smooth, m = [], [], 1.0
    for step in range(settle + keep):
        gradient = 1.0 + rng.standard_normal(chains)
        average = MOMENTA[:, None] * average + (1 - MOMENTA[:, None]) * gradient
        if step >= settle:
            record.append(average)
        if step < 300:
            m = momentum * m + (1 - momentum) * gradient[0]
            raw.append(gradient[0])
            smooth.append(m)
    return Filter(momentum, np.array(raw), np.array(smooth), np.var(np.array(record), axis=(0, 2)))


@dataclass(frozen=True, repr=False)
class Jitter(Result):
    """variance (3,): of the position around the minimum of x^2/2, for (plain, momentum, plain at the matched rate)."""

    momentum: float
    rates: Array
    variance: Array
    size = (6.5, 3.2)

    @property
    def predicted(self) -> Array:
        """The exact stationary variance, lr (1 + b) / ((1 - b)(2 (1 + b) - lr)) for unit noise and curvature
        (an AR(2) process)."""
        b = np.array([0.0, self.momentum, 0.0])
        return self.rates * (1 + b) / ((1 - b) * (2 * (1 + b) - self.rates))

    @property
    def names(self) -> tuple[str, str, str]:
        """What the three bars are."""
        return (
            f"plain\nη = {number(self.rates[0])}",
            f"momentum {number(self.momentum)}\nη = {number(self.rates[1])}",
            f"plain\nη = {number(self.rates[2])}",
        )

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        bars = axes.bar(self.names, self.variance, color=(SKY, VERMILION, BLUE), width=0.6)
        axes.bar_label(bars, [f"{v:.4f}" for v in self.variance], padding=3)
        axes.hlines(self.predicted, np.arange(3) - 0.36, np.arange(3) + 0.36, color=BLACK, lw=1.5, label="formula")
        axes.set(ylabel="variance of x around the minimum", title="What the noise does to the parameter itself")
        axes.set_ylim(0, self.variance.max() * 1.2)
        axes.legend(loc="upper left")

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{name.replace(chr(10), ', ')}: {number(v)} (formula {number(p)})"
            for name, v, p in zip(self.names, self.variance, self.predicted, strict=True)
        )
        return f"Bars: variance of the parameter around the minimum. {rows}."


@after_predictions("c2")
def jitter(momentum: float = 0.9, lr: float = 0.01, seed: int = 0) -> Jitter:
    """Descend x^2/2 with unit gradient noise: plain at lr, momentum at lr, plain at the matched rate lr/(1 - beta)."""
    rng = np.random.default_rng(seed)
    chains, steps = 2000, 3000
    rates = np.array([lr, lr, lr / (1 - momentum)])
    moments: list[Array] = []

    def observe(step: int, x: Array) -> None:
        if step >= steps // 2 and step % 10 == 0:
            moments.append(np.mean(x.reshape(3, chains) ** 2, axis=1))

    with Progress("Noise at the minimum", steps) as progress:
        train(
            lambda x, step: (x[:, 0] ** 2 / 2, x + rng.standard_normal(x.shape)),
            np.ones((3 * chains, 1)),
            np.repeat(rates, chains),
            steps,
            momentum=np.repeat([0.0, momentum, 0.0], chains),
            observe=observe,
            progress=progress,
        )
    return Jitter(momentum, rates, np.mean(moments, axis=0))


# --------------------------------------------------------------------------------------------------- the pit

PIT_AT, PIT_WIDTH, BOWL = 3.0, 0.4, 0.1


def landscape(x: Array, depth: float) -> Array:
    """A wide bowl with its minimum at 0 and one Gaussian pit of the given depth on its slope at x = 3.

    Down to a depth of about 0.43 the pit's floor lies above the bowl's: a local minimum and not the best one.
    """
    return BOWL * x**2 / 2 - depth * np.exp(-((x - PIT_AT) ** 2) / (2 * PIT_WIDTH**2))


def slope(x: Array, depth: float | Array) -> Array:
    """The derivative of `landscape`."""
    d = x - PIT_AT
    return BOWL * x + depth * d / PIT_WIDTH**2 * np.exp(-(d**2) / (2 * PIT_WIDTH**2))


DEPTHS = np.array([0.05, 0.15, 0.25, 0.35, 0.45, 0.6, 0.8, 1.0])


@dataclass(frozen=True, repr=False)
class Pit(Result):
    """escaped (3, depths): the share of starts that reach the wide bowl's minimum, by method and pit depth;
    paths (3, steps) at `depth`."""

    momentum: float
    lr: float
    depth: float
    escaped: Array
    paths: Array
    size = (9.5, 3.4)

    @property
    def names(self) -> tuple[str, str, str]:
        """The three methods."""
        return (
            f"plain, η = {number(self.lr)}",
            f"plain, η = {number(self.lr / (1 - self.momentum))}",
            f"momentum {number(self.momentum)}, η = {number(self.lr)}",
        )

    def draw(self, figure: Figure) -> None:
        view, share = figure.subplots(1, 2, width_ratios=(1.5, 1))
        x = np.linspace(-2.5, 6.5, 400)
        view.plot(x, landscape(x, self.depth), color="0.6")
        styles = ((SKY, "o", 16), (BLUE, "s", 10), (VERMILION, "D", 10))
        for name, path, (colour, marker, size) in zip(self.names, self.paths, styles, strict=True):
            view.plot(
                path[-1],
                landscape(path[-1], self.depth),
                marker,
                color=colour,
                ms=size,
                mec=BLACK,
                label=name,
            )
        view.plot(self.paths[0, 0], landscape(self.paths[0, 0], self.depth), "*", color=BLACK, ms=12, label="start")
        view.set(xlabel="x", ylabel="f(x)", title=f"Where they come to rest (pit of depth {number(self.depth)})")
        view.legend(fontsize=7, markerscale=0.7, loc="upper center")
        for name, row, (colour, marker, _) in zip(self.names, self.escaped, styles, strict=True):
            share.plot(DEPTHS, 100 * row, marker=marker, color=colour, label=name)
        share.set(xlabel="depth of the pit", ylabel="starts that reach x = 0, %", title="How deep is shallow?")

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            name + ": " + ", ".join(f"depth {number(d)} {100 * e:.0f}%" for d, e in zip(DEPTHS, row, strict=True))
            for name, row in zip(self.names, self.escaped, strict=True)
        )
        return (
            f"A bowl with a pit on its slope and where three methods stop; the share of starts that "
            f"get past it. {rows}."
        )


@after_predictions("c2")
def pit(depth: float = 0.25, momentum: float = 0.9, lr: float = 0.05, seed: int = 0, starts: int = 200) -> Pit:
    """Roll down to a pit from random starts: plain at lr, plain at the matched rate lr/(1 - beta), momentum at lr."""
    rng = np.random.default_rng(seed)
    begin = np.concatenate([[5.5], rng.uniform(4.5, 7.0, starts - 1)])
    x0 = np.tile(begin, 3 * len(DEPTHS))[:, None]
    depths = np.repeat(np.tile(DEPTHS, 3), starts)[:, None]
    per_method = len(DEPTHS) * starts
    rates = np.repeat([lr, lr / (1 - momentum), lr], per_method)
    betas = np.repeat([0.0, 0.0, momentum], per_method)
    steps = 3000
    with Progress("Rolling into the pit", steps) as progress:
        x, _ = train(
            lambda x, step: (BOWL * x[:, 0] ** 2 / 2 + 1, slope(x, depths)),
            x0,
            rates,
            steps,
            momentum=betas,
            progress=progress,
        )
    escaped = np.mean(np.abs(x.reshape(3, len(DEPTHS), starts)) < 0.5, axis=2)
    seen: list[Array] = []
    train(
        lambda x, step: (BOWL * x[:, 0] ** 2 / 2 + 1, slope(x, depth)),
        np.full((3, 1), begin[0]),
        np.array([lr, lr / (1 - momentum), lr]),
        steps,
        momentum=np.array([0.0, 0.0, momentum]),
        observe=lambda step, x: seen.append(x[:, 0].copy()),
    )
    return Pit(momentum, lr, depth, escaped, np.array(seen).T)
