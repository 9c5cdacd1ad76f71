"""C6: what limits Adam is not the sharpness but the preconditioned sharpness (Cohen et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.c4_rate_effects import EDGE_NETWORK, INPUTS, TARGETS
from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.network import hessian_vector_product
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

RATES = np.array([0.0005, 0.001, 0.002])
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8
#: On a quadratic with a fixed preconditioner Adam is stable up to this number over its rate.
LIMIT = 2 * (1 + BETA1) / (1 - BETA1)
STEPS, EVERY = 4000, 25


@dataclass(frozen=True, repr=False)
class Preconditioned(Result):
    """plain, scaled (measured, rates): largest eigenvalue of the Hessian H, and of P^(−1/2) H P^(−1/2), where P is the
    diagonal by which Adam divides; at the steps `measured_at`."""

    measured_at: Array
    plain: Array
    scaled: Array
    size = (9.5, 3.6)

    @property
    def settled(self) -> Array:
        """The preconditioned sharpness over 38/rate in the last third, median over time, (rates,)."""
        return np.median(self.scaled[-len(self.scaled) // 3 :], axis=0) * RATES / LIMIT

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for i, (rate, colour) in enumerate(zip(RATES, (SKY, BLUE, VERMILION), strict=True)):
            left.plot(self.measured_at, self.plain[:, i], color=colour, label=f"η = {number(rate)}")
            right.plot(self.measured_at, self.scaled[:, i] * rate, color=colour, label=f"η = {number(rate)}")
        right.axhline(LIMIT, color=BLACK, ls="--", lw=1, label=f"{number(LIMIT)}")
        left.set(xlabel="step", ylabel="sharpness", yscale="log", title="The sharpness itself, far below 2/η")
        right.set(
            xlabel="step",
            ylabel="η × preconditioned sharpness",
            yscale="log",
            title="What settles is the preconditioned one",
        )
        left.legend(fontsize=8)
        right.legend(fontsize=8)

    @property
    def alt_text(self) -> str:
        rows = ", ".join(
            f"η {number(r)}: {number(LIMIT * s)} (sharpness itself {number(p)})"
            for r, s, p in zip(RATES, self.settled, self.plain[-1], strict=True)
        )
        return f"Adam on the full batch at three rates. Rate times preconditioned sharpness at the end: {rows}."


@after_predictions("c6")
def preconditioned(seed: int = 0) -> Preconditioned:
    """Full-batch Adam (β₁ = 0.9, β₂ = 0.999) on C4's small network, both sharpnesses by power iteration."""
    rng = np.random.default_rng(seed)
    w = np.repeat(EDGE_NETWORK.initial(rng), len(RATES), axis=0)
    first, second = np.zeros_like(w), np.zeros_like(w)
    vectors = {name: rng.normal(size=w.shape) for name in ("plain", "scaled")}
    found: dict[str, list[Array]] = {"plain": [], "scaled": []}
    with Progress("Adam on the full batch", STEPS) as progress:
        for step in range(1, STEPS + 1):
            _, gradient = EDGE_NETWORK.losses_and_gradients(w, INPUTS, TARGETS)
            first = BETA1 * first + (1 - BETA1) * gradient
            second = BETA2 * second + (1 - BETA2) * gradient**2
            divisor = np.sqrt(second / (1 - BETA2**step)) + EPS
            # Adam divides the corrected average: its correction 1 − β₁ᵗ belongs to the preconditioner too.
            divisors = {"plain": np.ones_like(w), "scaled": divisor * (1 - BETA1**step)}
            if step % EVERY == 0:
                for name, by in divisors.items():
                    value, vectors[name] = _largest(w, vectors[name], np.sqrt(by), 40 if step == EVERY else 8)
                    found[name].append(value)
            w = w - RATES[:, None] * first / (1 - BETA1**step) / divisor
            progress.advance()
    at = np.arange(EVERY, STEPS + 1, EVERY)
    return Preconditioned(at.astype(float), np.array(found["plain"]), np.array(found["scaled"]))


def _largest(w: Array, vectors: Array, root: Array, iterations: int) -> tuple[Array, Array]:
    """The eigenvalue of largest size of diag(1/root) H diag(1/root), (runs,), and its unit eigenvector."""
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for _ in range(iterations):
        inside = vectors / root
        length = np.linalg.norm(inside, axis=1, keepdims=True)
        product = hessian_vector_product(EDGE_NETWORK, w, inside / length, INPUTS, TARGETS) * length / root
        value = np.sum(vectors * product, axis=1)
        vectors = product / np.linalg.norm(product, axis=1, keepdims=True)
    return value, vectors
