"""C3: beyond one scale a coordinate. Shampoo, SOAP and Muon on a matrix of parameters, along the axes and rotated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

SIZE, STEPS, TRIES, SEEDS = 6, 300, 12, 4
CONDITIONS = np.array([1.0, 100.0, 10000.0])
RATES = {"SGD with momentum": np.geomspace(0.01, 0.99, TRIES)}  # of 2 (1 + β) / κ; the others' are absolute:
SCALED = np.geomspace(0.003, 3.0, TRIES)
BETA1, BETA2, EPS = 0.9, 0.99, 1e-8


def _momentum(gradient: Array, memory: dict[str, Array], t: int) -> Array:
    memory["m"] = BETA1 * memory.get("m", np.zeros_like(gradient)) + gradient
    return memory["m"]


def _average(name: str, value: Array, beta: float, memory: dict[str, Array], t: int) -> Array:
    """A running average without bias, as Adam's: t counts from 1."""
    memory[name] = beta * memory.get(name, np.zeros_like(value)) + (1 - beta) * value
    return memory[name] / (1 - beta**t)


def _adam(gradient: Array, memory: dict[str, Array], t: int) -> Array:
    first = _average("m", gradient, BETA1, memory, t)
    return first / (np.sqrt(_average("v", gradient**2, BETA2, memory, t)) + EPS)


def _sides(gradient: Array, memory: dict[str, Array], t: int) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Eigenvalues and eigenvectors of the averages of G Gᵀ and of Gᵀ G."""
    turned = np.swapaxes(gradient, -1, -2)
    left = np.linalg.eigh(_average("left", gradient @ turned, BETA2, memory, t))
    right = np.linalg.eigh(_average("right", turned @ gradient, BETA2, memory, t))
    return (left.eigenvalues, left.eigenvectors), (right.eigenvalues, right.eigenvectors)


def _shampoo(gradient: Array, memory: dict[str, Array], t: int) -> Array:
    """L^(−1/4) M R^(−1/4), with averages in place of the paper's sums."""
    (a, u), (b, v) = _sides(gradient, memory, t)
    first = _average("m", gradient, BETA1, memory, t)
    inside = np.swapaxes(u, -1, -2) @ first @ v
    scale = np.maximum(a, EPS)[..., :, None] ** -0.25 * np.maximum(b, EPS)[..., None, :] ** -0.25
    return u @ (inside * scale) @ np.swapaxes(v, -1, -2)


def _soap(gradient: Array, memory: dict[str, Array], t: int) -> Array:
    """Adam in the eigenbases of Shampoo's two averages, brought up to date at every step."""
    (_, u), (_, v) = _sides(gradient, memory, t)
    first = np.swapaxes(u, -1, -2) @ _average("m", gradient, BETA1, memory, t) @ v
    inside = np.swapaxes(u, -1, -2) @ gradient @ v
    step = first / (np.sqrt(_average("v", inside**2, BETA2, memory, t)) + EPS)
    return u @ step @ np.swapaxes(v, -1, -2)


def _muon(gradient: Array, memory: dict[str, Array], t: int) -> Array:
    """The momentum with all its singular values set to one, U Vᵀ (exactly; Muon itself comes near by Newton–Schulz)."""
    u, _, v = np.linalg.svd(_momentum(gradient, memory, t), full_matrices=False)
    return u @ v


METHODS: dict[str, Callable[[Array, dict[str, Array], int], Array]] = {
    "SGD with momentum": _momentum,
    "Adam": _adam,
    "Shampoo": _shampoo,
    "SOAP": _soap,
    "Muon": _muon,
}


@dataclass(frozen=True, repr=False)
class Whitening(Result):
    """left[(method, rotated)] (conditions, problems): the loss after STEPS steps over the first, at the best rate."""

    left: dict[tuple[str, bool], Array]
    size = (10.0, 3.8)

    def typical(self, method: str, rotated: bool) -> Array:
        """Median over the problems, (conditions,)."""
        return np.median(self.left[method, rotated], axis=1)

    def draw(self, figure: Figure) -> None:
        colours, markers = (SKY, VERMILION, GREEN, BLUE, ORANGE), "osD^v"
        for axes, rotated in zip(figure.subplots(1, 2, sharey=True), (False, True), strict=True):
            for method, colour, marker in zip(METHODS, colours, markers, strict=True):
                axes.plot(CONDITIONS, self.typical(method, rotated), color=colour, marker=marker, label=method)
            axes.set(xscale="log", yscale="log", xlabel="condition number κ")
            axes.set_title("both sides rotated" if rotated else "along the axes")
            axes.axhline(1.0, color=BLACK, lw=0.5)
        figure.axes[0].set_ylabel(f"loss left after {STEPS} steps")
        figure.axes[1].legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{method} {'rotated' if rotated else 'along the axes'} "
            + ", ".join(
                f"κ {number(k)} {v:.1e}" for k, v in zip(CONDITIONS, self.typical(method, rotated), strict=True)
            )
            for method, rotated in self.left
        )
        return f"Share of the loss left after {STEPS} steps, by κ, each at the best of {TRIES} rates. {rows}."


@after_predictions("c3")
def whitening(seed: int = 0) -> Whitening:
    """Minimise tr(Wᵀ A W B)/2 over 6 × 6 matrices W: the curvatures are the products of those of A and B, 1 to κ.

    Along the axes A and B are diagonal; rotated, each is the same in a random basis. Every method has 12 rates, linear
    decay to zero over 300 steps, and is judged at its best rate on each problem.
    """
    left: dict[tuple[str, bool], Array] = {}
    with Progress("Five methods on a matrix", 2 * len(METHODS) * STEPS) as progress:
        for rotated in (False, True):
            start, a, b = _problems(seed, rotated)
            for method, rule in METHODS.items():
                rates = np.tile(SCALED, (len(CONDITIONS), SEEDS, 1))
                if method == "SGD with momentum":
                    rates = RATES[method] * 2 * (1 + BETA1) / CONDITIONS[:, None, None] * np.ones((1, SEEDS, 1))
                w = np.repeat(start, TRIES, axis=2)
                memory: dict[str, Array] = {}
                with np.errstate(over="ignore", invalid="ignore"):
                    first = _loss(w, a, b)
                    for step in range(STEPS):
                        share = rates[..., None, None] * (1 - step / STEPS)
                        w -= share * rule(np.nan_to_num(a @ w @ b, posinf=1e30, neginf=-1e30), memory, step + 1)
                        progress.advance()
                    left[method, rotated] = np.nanmin(_loss(w, a, b) / first, axis=2)
    return Whitening(left)


def _loss(w: Array, a: Array, b: Array) -> Array:
    return np.sum(w * (a @ w @ b), axis=(-1, -2)) / 2


def _problems(seed: int, rotated: bool) -> tuple[Array, Array, Array]:
    """Start, A and B, each (conditions, problems, 1, SIZE, SIZE)."""
    shape = (len(CONDITIONS), SEEDS, 1, SIZE, SIZE)
    start, sides = np.empty(shape), [np.empty(shape), np.empty(shape)]
    for i, condition in enumerate(CONDITIONS):
        for j in range(SEEDS):
            rng = np.random.default_rng([seed, j])
            w = rng.normal(size=(SIZE, SIZE))
            turns = [np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0] for _ in range(2)]
            u, v = turns if rotated else (np.eye(SIZE), np.eye(SIZE))
            curvatures = np.diag(np.geomspace(1.0, np.sqrt(condition), SIZE))
            start[i, j, 0], sides[0][i, j, 0], sides[1][i, j, 0] = (
                u @ w @ v.T,
                u @ curvatures @ u.T,
                v @ curvatures @ v.T,
            )
    return start, sides[0], sides[1]
