"""C3: one rate for all parameters. Badly scaled parameters, badly scaled layers, and then the same problem rotated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network
from lrtutorial.experiments.progress import Progress
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

ADAM = {"adaptive": True, "momentum": 0.9}
METHODS: dict[str, dict] = {"SGD": {}, "SGD with momentum 0.9": {"momentum": 0.9}, "Adam": ADAM}

# ----------------------------------------------------------------------------------- badly scaled parameters

CONDITIONS = np.array([1.0, 10.0, 100.0, 1000.0])
#: Arrived: within one hundredth of the starting distance.
ARRIVED = 0.01
STEPS = 3000


@dataclass(frozen=True, repr=False)
class Conditioning(Result):
    """steps[(method, rotated)] (seeds, conditions): steps to arrive at that method's best rate; inf if more
    than STEPS."""

    steps: dict[tuple[str, bool], Array]
    size = (7.5, 4.0)

    def typical(self, method: str, rotated: bool) -> Array:
        """Median over the seeds, (conditions,)."""
        return np.median(self.steps[method, rotated], axis=0)

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        styles = {
            ("SGD", False): (BLUE, "o", "-"),
            ("SGD", True): (SKY, "x", "--"),
            ("SGD with momentum 0.9", False): (GREEN, "s", "-"),
            ("SGD with momentum 0.9", True): (BLACK, "+", "--"),
            ("Adam", False): (VERMILION, "D", "-"),
            ("Adam", True): (ORANGE, "v", "--"),
        }
        for (method, rotated), (colour, marker, dash) in styles.items():
            axes.plot(
                CONDITIONS,
                self.typical(method, rotated),
                ls=dash,
                marker=marker,
                color=colour,
                label=f"{method}, {'rotated' if rotated else 'along the axes'}",
            )
        axes.set(
            xscale="log",
            yscale="log",
            xlabel="condition number κ (largest over smallest curvature)",
            ylabel="steps to 1% of the distance",
            title="Each method at its own best single rate",
        )
        axes.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{method} {'rotated' if rotated else 'along the axes'}: "
            + ", ".join(
                f"κ {number(k)} {s:.0f}" for k, s in zip(CONDITIONS, self.typical(method, rotated), strict=True)
            )
            for method, rotated in self.steps
        )
        return f"Steps to come within one percent of the starting distance, by condition number. {rows}."


def _rotation(rng: np.random.Generator, size: int) -> Array:
    """A uniformly random orthogonal matrix (QR of a Gaussian matrix, signs fixed)."""
    q, r = np.linalg.qr(rng.normal(size=(size, size)))
    return q * np.sign(np.diag(r))


def _first_arrival(
    matrices: Array, start: Array, rates: Array, rule: dict, steps: int, progress: Progress | None
) -> Array:
    """Steps to arrive on xᵀAx/2, one matrix per run; matrices (runs, d, d), start (runs, d); inf if never."""
    goal = ARRIVED * np.linalg.norm(start, axis=1)
    arrived = np.full(len(start), np.inf)

    def observe(step: int, x: Array) -> None:
        new = np.isinf(arrived) & (np.linalg.norm(x, axis=1) <= goal)
        arrived[new] = step

    def losses_and_gradients(x: Array, step: int) -> tuple[Array, Array]:
        gradient = np.matmul(matrices, x[..., None])[..., 0]
        return np.sum(x * gradient, axis=1) / 2, gradient

    train(losses_and_gradients, start, rates, steps, observe=observe, progress=progress, **rule)
    return arrived


@after_predictions("c3")
def conditioning(seed: int = 0, seeds: int = 3, size: int = 10) -> Conditioning:
    """Minimise xᵀAx/2 from a Gaussian start, eigenvalues 1 … κ evenly in the logarithm.

    "Along the axes" A is diagonal; "rotated" it is the same in a random orthogonal basis, the start rotated
    with it.
    Every method gets 12 rates and is judged at its best one.
    """
    tries = 12
    result = {(method, rotated): np.empty((seeds, len(CONDITIONS))) for method in METHODS for rotated in (False, True)}
    starts, bases = [], []
    for s in range(seeds):
        rng = np.random.default_rng([seed, s])
        starts.append(rng.normal(size=size))
        bases.append(_rotation(rng, size))
    with Progress("Conditioning", len(result) * len(CONDITIONS) * STEPS) as progress:
        for (method, rotated), table in result.items():
            for column, condition in enumerate(CONDITIONS):
                bowl = np.diag(np.geomspace(1.0, condition, size))
                turn = bases if rotated else [np.eye(size)] * seeds
                matrices = np.repeat([q @ bowl @ q.T for q in turn], tries, axis=0)
                begin = np.repeat([q @ x for q, x in zip(turn, starts, strict=True)], tries, axis=0)
                if method == "Adam":
                    rates = np.geomspace(0.01, 2.0, tries)
                else:  # up to the edge of stability, 2 (1 + beta) / lambda_max
                    rates = (
                        np.geomspace(0.02, 0.999, tries) * 2 * (1 + METHODS[method].get("momentum", 0.0)) / condition
                    )
                steps = _first_arrival(matrices, begin, np.tile(rates, seeds), METHODS[method], STEPS, progress)
                table[:, column] = steps.reshape(seeds, tries).min(axis=1)
    return Conditioning(result)


@dataclass(frozen=True, repr=False)
class Turned(Result):
    """Paths (steps, 2) of SGD and Adam on a bowl of condition number 100 whose axes are turned by `angle` degrees."""

    angle: float
    sgd: Array
    adam: Array
    sgd_steps: float
    adam_steps: float
    size = (6.0, 4.6)

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        turn = _turn(self.angle)
        grid = np.linspace(-1.6, 1.6, 160)
        x, y = np.meshgrid(grid, grid)
        u, v = np.moveaxis(np.stack([x, y], axis=-1) @ turn, -1, 0)
        axes.contour(x, y, (u**2 + 100 * v**2) / 2, levels=np.geomspace(0.02, 100, 9), colors="0.75", linewidths=0.7)
        axes.plot(*self.sgd[:400].T, ".-", color=BLUE, ms=3, lw=0.8, label=f"SGD: {self.sgd_steps:.0f} steps")
        axes.plot(*self.adam[:400].T, "x-", color=VERMILION, ms=4, lw=1, label=f"Adam: {self.adam_steps:.0f} steps")
        axes.plot(0, 0, "*", color=BLACK, ms=11)
        axes.set(
            xlabel="first parameter",
            ylabel="second parameter",
            aspect="equal",
            xlim=(-1.6, 1.6),
            ylim=(-1.6, 1.6),
            title=f"The same bowl turned by {number(self.angle)}°",
        )
        axes.legend(loc="lower left", fontsize=8)

    @property
    def alt_text(self) -> str:
        return (
            f"Paths on a bowl of condition number 100 turned by {number(self.angle)} degrees: SGD "
            f"arrives after "
            f"{self.sgd_steps:.0f} steps, Adam after {self.adam_steps:.0f}."
        )


def _turn(degrees: float) -> Array:
    """The 2 x 2 rotation matrix."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [s, c]])


@after_predictions("c3")
def turned(angle: float = 0.0) -> Turned:
    """Descend (u^2 + 100 v^2)/2 with (u, v) turned by `angle`, from u = v = 1; SGD at 2/101, Adam at 0.05."""
    q = _turn(angle)
    matrix = q @ np.diag([1.0, 100.0]) @ q.T
    start = (q @ np.ones(2))[None]

    def walk(rate: float, rule: dict) -> tuple[Array, float]:
        seen: list[Array] = []
        train(
            lambda x, step: (np.sum(x * (x @ matrix), axis=1) / 2, x @ matrix),
            start,
            rate,
            1000,
            observe=lambda step, x: seen.append(x[0].copy()),
            **rule,
        )
        path = np.array(seen)
        near = np.linalg.norm(path, axis=1) <= ARRIVED * np.linalg.norm(start)
        return path, float(near.argmax()) if near.any() else float("inf")

    sgd, sgd_steps = walk(2 / 101, {})
    adam, adam_steps = walk(0.05, ADAM)
    return Turned(angle, sgd, adam, sgd_steps, adam_steps)


# --------------------------------------------------------------------------------------- badly scaled layers

NETWORK = Network((1, 16, 16, 1))
INPUTS = np.linspace(-1.0, 1.0, 20)[:, None]
TARGETS = np.sin(1.5 * np.pi * INPUTS[:, 0])
SCALES = np.array([1.0, 10.0, 30.0])
LAYER_RATES = np.geomspace(1e-5, 1.0, 16)


@dataclass(frozen=True, repr=False)
class Layers(Result):
    """final[method] (scales, seeds, rates): the loss settled at, inf if diverged; gradients (scales, 3): each
    layer's gradient norm at the start."""

    final: dict[str, Array]
    gradients: Array
    size = (9.5, 3.5)

    def typical(self, method: str) -> Array:
        """Median over the seeds, (scales, rates)."""
        return np.median(self.final[method], axis=1)

    def best_rate(self, method: str) -> Array:
        """For each scale the rate with the lowest typical loss, (scales,)."""
        return LAYER_RATES[np.argmin(self.typical(method), axis=1)]

    def usable(self, method: str, below: float = 0.02) -> Array:
        """Which rates (rates,) reach a typical loss under `below` at every one of the scales."""
        return np.all(self.typical(method) < below, axis=0)

    def draw(self, figure: Figure) -> None:
        for axes, method in zip(figure.subplots(1, 2, sharey=True), self.final, strict=True):
            for scale, row, colour, marker in zip(
                SCALES, self.typical(method), (SKY, BLUE, VERMILION), "osD", strict=True
            ):
                shown = np.where(np.isfinite(row), row, np.nan)
                axes.plot(LAYER_RATES, shown, marker=marker, ms=4, color=colour, label=f"c = {number(scale)}")
            axes.set(xscale="log", yscale="log", xlabel="learning rate, the same for every layer", title=method)
            axes.legend(fontsize=8, loc="lower left")
        figure.axes[0].set_ylabel("loss after training")

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{method}: "
            + ", ".join(f"c {number(c)} {number(r)}" for c, r in zip(SCALES, self.best_rate(method), strict=True))
            for method in self.final
        )
        return (
            "Loss after training against the one rate used for all layers, for three mis-scalings c "
            f"of the layers. "
            f"The best rate for each: {rows}. A line ends where training diverges."
        )


@after_predictions("c3")
def layers(seed: int = 0, seeds: int = 6, steps: int = 800) -> Layers:
    """Write the first layer's weights as u/c and the last layer's as c·u, and train u: the same network,
    badly scaled layers.

    For c = 1 this is the ordinary network; for c = 30 the first and last layers' gradients differ by a factor
    of
    about 900 more.
    """
    begin = NETWORK.initial(np.random.default_rng(seed), seeds)
    final = {
        "SGD": np.empty((len(SCALES), seeds, len(LAYER_RATES))),
        "Adam": np.empty((len(SCALES), seeds, len(LAYER_RATES))),
    }
    norms = np.empty((len(SCALES), 3))
    with Progress("Layers", 2 * len(SCALES) * steps) as progress:
        for i, c in enumerate(SCALES):
            stretch = np.ones((1, NETWORK.parameters))
            for layer, factor in zip(NETWORK.layers(stretch), (1 / c, 1.0, c), strict=True):
                layer[...] = factor

            def losses_and_gradients(u: Array, step: int, stretch: Array = stretch) -> tuple[Array, Array]:
                loss, gradient = NETWORK.losses_and_gradients(u * stretch, INPUTS, TARGETS)
                return loss, gradient * stretch

            _, first = losses_and_gradients(begin / stretch, 0)
            norms[i] = [np.median(np.linalg.norm(layer.reshape(seeds, -1), axis=1)) for layer in NETWORK.layers(first)]
            for method, table in final.items():
                _, losses = train(
                    losses_and_gradients,
                    np.repeat(begin / stretch, len(LAYER_RATES), axis=0),
                    np.tile(LAYER_RATES, seeds),
                    steps,
                    progress=progress,
                    **METHODS[method],
                )
                last = np.median(losses[-50:], axis=0)
                table[i] = np.where(last <= losses[0], last, np.inf).reshape(seeds, -1)
    return Layers(final, norms)
