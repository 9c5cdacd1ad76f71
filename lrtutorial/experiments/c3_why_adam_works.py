"""C3: one rate for all parameters. Badly scaled parameters, badly scaled layers, and then the same problem rotated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

ADAM = {"adaptive": True, "momentum": 0.9}
METHODS: dict[str, dict] = {"SGD": {}, "SGD with momentum 0.9": {"momentum": 0.9}, "Adam": ADAM}

# ----------------------------------------------------------------------------------- badly scaled parameters

CONDITIONS = np.array([1.0, 10.0, 100.0, 1000.0, 10000.0])
#: Arrived: within one hundredth of the starting distance, and staying there.
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
            steps = self.typical(method, rotated)
            lost = np.isinf(steps)
            axes.plot(CONDITIONS[lost], np.full(lost.sum(), 1.4 * STEPS), marker, color=colour, mfc="none", ms=9)
            axes.plot(
                CONDITIONS[~lost],
                steps[~lost],
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
            title=f"Each method at its own best rate (on top: more than {STEPS} steps)",
        )
        axes.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{method} {'rotated' if rotated else 'along the axes'}: "
            + ", ".join(
                f"κ {number(k)} {_steps(s)}" for k, s in zip(CONDITIONS, self.typical(method, rotated), strict=True)
            )
            for method, rotated in self.steps
        )
        return f"Steps to come within one percent of the starting distance, by condition number. {rows}."


def _steps(count: float) -> str:
    """A number of steps in words; infinite means more than were tried."""
    return f"more than {STEPS}" if np.isinf(count) else f"{count:.0f}"


def _rotation(rng: np.random.Generator, size: int) -> Array:
    """A uniformly random orthogonal matrix (QR of a Gaussian matrix, signs fixed)."""
    q, r = np.linalg.qr(rng.normal(size=(size, size)))
    return q * np.sign(np.diag(r))


def _arrival(matrices: Array, start: Array, rates: Array, rule: dict, steps: int, progress: Progress | None) -> Array:
    """Steps to arrive on xᵀAx/2 and to stay, one matrix per run; matrices (runs, d, d), start (runs, d); inf if never.

    A run that only passes through the goal has not arrived.
    """
    goal = ARRIVED * np.linalg.norm(start, axis=1)
    last_outside = np.zeros(len(start))

    def observe(step: int, x: Array) -> None:
        last_outside[~(np.linalg.norm(x, axis=1) <= goal)] = step

    def losses_and_gradients(x: Array, step: int) -> tuple[Array, Array]:
        gradient = np.matmul(matrices, x[..., None])[..., 0]
        return np.sum(x * gradient, axis=1) / 2, gradient

    train(losses_and_gradients, start, rates, steps, observe=observe, progress=progress, **rule)
    return np.where(last_outside == steps - 1, np.inf, last_outside + 1)


def _tries(method: str, condition: float, count: int) -> Array:
    """The rates that a method may try on a bowl of largest curvature `condition`, (count,): Adam's from 0.01 to 2, the
    others' up to their edge of stability, 2 (1 + beta) / condition."""
    if method == "Adam":
        return np.geomspace(0.01, 2.0, count)
    return np.geomspace(0.02, 0.999, count) * 2 * (1 + METHODS[method].get("momentum", 0.0)) / condition


@after_predictions("c3")
def conditioning(seed: int = 0, seeds: int = 3, size: int = 10) -> Conditioning:
    """Minimise xᵀAx/2 from a Gaussian start, eigenvalues 1 … κ evenly in the logarithm.

    "Along the axes" A is diagonal; "rotated" it is the same in a random orthogonal basis, the start rotated with it.
    Every method gets 12 rates and is judged at its best one.
    """
    tries = 12
    result = {(method, rotated): np.empty((seeds, len(CONDITIONS))) for method in METHODS for rotated in (False, True)}
    starts, bases = [], []
    for s in range(seeds):
        rng = np.random.default_rng([seed, s])
        starts.append(rng.normal(size=size))
        bases.append(_rotation(rng, size))
    bowls = [np.diag(np.geomspace(1.0, condition, size)) for condition in CONDITIONS]
    with Progress("Conditioning", len(result) * STEPS) as progress:
        for (method, rotated), table in result.items():
            turn = bases if rotated else [np.eye(size)] * seeds
            matrices = np.repeat([q @ bowl @ q.T for bowl in bowls for q in turn], tries, axis=0)
            begin = np.repeat([q @ x for q, x in zip(turn, starts, strict=True)] * len(bowls), tries, axis=0)
            rates = np.concatenate([np.tile(_tries(method, condition, tries), seeds) for condition in CONDITIONS])
            steps = _arrival(matrices, begin, rates, METHODS[method], STEPS, progress)
            table[...] = steps.reshape(len(bowls), seeds, tries).min(axis=2).T
    return Conditioning(result)


#: The bowl that is turned, and how many rates each method may try at each angle.
TURNED_CONDITION, TURNED_TRIES = 1000.0, 24


@dataclass(frozen=True, repr=False)
class Turned(Result):
    """A bowl of condition number 1000 turned by `angle` degrees; by method the path (400, 2) at the best of 24 rates
    for this angle, that rate, and the steps to one percent of the distance (inf: more than STEPS)."""

    angle: float
    paths: dict[str, Array]
    rates: dict[str, float]
    steps: dict[str, float]
    size = (9.5, 4.4)

    def draw(self, figure: Figure) -> None:
        plane, distance = figure.subplots(1, 2)
        turn = _turn(self.angle)
        grid = np.linspace(-1.4, 1.4, 160)
        x, y = np.meshgrid(grid, grid)
        u, v = np.moveaxis(np.stack([x, y], axis=-1) @ turn, -1, 0)
        levels = np.geomspace(0.02, 1000, 10)
        plane.contour(x, y, (u**2 + TURNED_CONDITION * v**2) / 2, levels=levels, colors="0.75", linewidths=0.7)
        styles = {"SGD": (SKY, ".", "-"), "SGD with momentum 0.9": (BLUE, "s", "--"), "Adam": (VERMILION, "x", "-")}
        for method, (colour, marker, dash) in styles.items():
            if method != "SGD with momentum 0.9":  # its first swings leave the picture
                plane.plot(*self.paths[method].T, marker=marker, ls=dash, color=colour, ms=4, lw=0.8, label=method)
            away = np.linalg.norm(self.paths[method], axis=1)
            label = f"{method}, η = {number(self.rates[method])}: {_steps(self.steps[method])} steps"
            distance.plot(away / away[0], color=colour, ls=dash, label=label)
        plane.plot(0, 0, "*", color=BLACK, ms=11)
        plane.set(
            xlabel="first parameter",
            ylabel="second parameter",
            aspect="equal",
            xlim=(-1.4, 1.4),
            ylim=(-1.4, 1.4),
            title=f"The same bowl turned by {number(self.angle)}°",
        )
        plane.legend(loc="lower left", fontsize=8)
        distance.axhline(ARRIVED, color=BLACK, lw=0.8, ls=":")
        distance.set(
            xlabel="step",
            ylabel="distance to the minimum over the start's",
            yscale="log",
            ylim=(ARRIVED / 5, 100),
            title="Each method at its best rate for this angle",
        )
        distance.legend(loc="upper right", fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = "; ".join(f"{m} {_steps(self.steps[m])} steps at rate {number(self.rates[m])}" for m in self.steps)
        return (
            f"Paths on a bowl of condition number {number(TURNED_CONDITION)} turned by {number(self.angle)} degrees, "
            f"each method at the best of {TURNED_TRIES} rates for this angle. To one percent of the distance: {rows}."
        )


def _turn(degrees: float) -> Array:
    """The 2 x 2 rotation matrix."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [s, c]])


def _path(matrix: Array, start: Array, rate: float, rule: dict, steps: int) -> Array:
    """The positions (steps, d) on xᵀAx/2."""
    seen: list[Array] = []
    train(
        lambda x, step: (np.sum(x * (x @ matrix), axis=1) / 2, x @ matrix),
        start[None],
        rate,
        steps,
        observe=lambda step, x: seen.append(x[0].copy()),
        **rule,
    )
    return np.array(seen)


@after_predictions("c3")
def turned(angle: float = 0.0) -> Turned:
    """Descend (u² + 1000 v²)/2 from u = 1, v = 0.6, with the axes of u and v turned by `angle` degrees.

    Every method tries 24 rates at every angle and is shown at the one with the fewest steps.
    """
    q = _turn(angle)
    matrix = q @ np.diag([1.0, TURNED_CONDITION]) @ q.T
    start = q @ np.array([1.0, 0.6])
    paths, best, steps = {}, {}, {}
    for method, rule in METHODS.items():
        rates = _tries(method, TURNED_CONDITION, TURNED_TRIES)
        many = np.repeat(matrix[None], TURNED_TRIES, axis=0), np.repeat(start[None], TURNED_TRIES, axis=0)
        arrived = _arrival(*many, rates, rule, STEPS, None)
        best[method], steps[method] = float(rates[arrived.argmin()]), float(arrived.min())
        paths[method] = _path(matrix, start, best[method], rule, 400)
    return Turned(angle, paths, best, steps)


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

    For c = 1 this is the ordinary network; for c = 30 the first and last layers' gradients differ by a factor of about
    900 more.
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
                    alike=True,
                    progress=progress,
                    **METHODS[method],
                )
                last = np.median(losses[-50:], axis=0)
                table[i] = np.where(last <= losses[0], last, np.inf).reshape(seeds, -1)
    return Layers(final, norms)
