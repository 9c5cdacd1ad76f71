"""The one training loop of the experiments: many runs side by side, each with its own learning rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.freed_memory import keep_freed_memory
from lrtutorial.experiments.progress import Progress

Array = NDArray[np.float64]

#: A run whose loss grows beyond this multiple of its first loss has diverged and is stopped.
DIVERGED = 1e6


def train(
    losses_and_gradients: Callable[[Array, int], tuple[Array, Array]],
    start: Array,
    lr: float | Array | Callable[[int], float | Array],
    steps: int,
    *,
    momentum: float | Array = 0.0,
    adaptive: bool = False,
    beta2: float = 0.999,
    eps: float | Array = 1e-8,
    observe: Callable[[int, Array], None] | None = None,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """Train every run for `steps` steps; return the final weights (runs, parameters) and losses (steps, runs).

    losses_and_gradients(weights, step) gives the loss (runs,) and gradient (runs, parameters).
    lr is one rate, one per run, or a function of the step. Plain rule: v = momentum v + g; w = w - lr v.
    With adaptive=True the same loop divides by the root of the second moment (Adam, Kingma & Ba 2015, Algorithm 1,
    beta1 = `momentum`). observe(step, weights) sees the weights before each step; `progress` advances after it.
    A diverged run stays where it is and its losses are inf from then on.
    """
    keep_freed_memory()
    weights = np.array(start, dtype=float)
    rate_of = lr if callable(lr) else lambda step: lr
    beta1, eps = _column(momentum), _column(eps)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    losses = np.full((steps, len(weights)), np.inf)
    running = np.ones(len(weights), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps):
            if observe is not None:
                observe(step, weights)
            loss, gradient = losses_and_gradients(weights, step)
            if step == 0:
                limit = DIVERGED * np.maximum(loss, 1e-12)
            running &= loss <= limit  # false for nan too
            losses[step, running] = loss[running]
            gradient = np.where(running[:, None], gradient, 0.0)
            rate = _column(rate_of(step)) * running[:, None]
            if adaptive:
                first = beta1 * first + (1 - beta1) * gradient
                second = beta2 * second + (1 - beta2) * gradient**2
                root = np.sqrt(second / (1 - beta2 ** (step + 1)))
                weights -= rate * first / (1 - beta1 ** (step + 1)) / (root + eps)
            else:
                first = beta1 * first + gradient
                weights -= rate * first
            if progress is not None:
                progress.advance()
    return weights, losses


def _column(value: float | Array) -> Array:
    """A number, or one number per run, in the shape that multiplies (runs, parameters)."""
    return np.reshape(np.asarray(value, dtype=float), (-1, 1))
