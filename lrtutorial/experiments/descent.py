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
    alike: bool = False,
    observe: Callable[[int, Array], None] | None = None,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """Train every run for `steps` steps; return the final weights (runs, parameters) and losses (steps, runs).

    losses_and_gradients(weights, step) gives the loss (runs,) and gradient (runs, parameters).
    lr is one rate, one per run, or a function of the step. Plain rule: v = momentum v + g; w = w - lr v.
    With adaptive=True the same loop divides by the root of the second moment (Adam, Kingma & Ba 2015, Algorithm 1,
    beta1 = `momentum`). observe(step, weights) sees the weights before each step; `progress` advances after it.
    A diverged run stays where it is and its losses are inf from then on. With alike=True every run has the same loss,
    so that losses_and_gradients need not be asked of those that diverged: it gets the weights of the others alone.
    """
    keep_freed_memory()
    weights = np.array(start, dtype=float)
    rate_of = lr if callable(lr) else lambda step: lr
    beta1, eps = _column(momentum), _column(eps)
    first, second, share, root = (np.zeros_like(weights) for _ in range(4))
    losses = np.full((steps, len(weights)), np.inf)
    running = np.ones(len(weights), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps):
            if observe is not None:
                observe(step, weights)
            if alike and not running.all():
                loss, gradient = np.full(len(weights), np.inf), np.zeros_like(weights)
                loss[running], gradient[running] = losses_and_gradients(weights[running], step)
            else:
                loss, gradient = losses_and_gradients(weights, step)
            if step == 0:
                limit = DIVERGED * np.maximum(loss, 1e-12)
            running &= loss <= limit  # false for nan too
            losses[step, running] = loss[running]
            rate = _column(rate_of(step))
            if not running.all():
                gradient = np.where(running[:, None], gradient, 0.0)
                rate = rate * running[:, None]
            # In place: new arrays would take as long as the arithmetic.
            first *= beta1
            if not adaptive:
                first += gradient
                weights -= np.multiply(rate, first, out=share)
            else:
                first += np.multiply(1 - beta1, gradient, out=share)
                second *= beta2
                second += np.multiply(1 - beta2, np.square(gradient, out=share), out=share)
                np.sqrt(np.divide(second, 1 - beta2 ** (step + 1), out=root), out=root)
                root += eps
                np.multiply(rate, first, out=share)
                share /= 1 - beta1 ** (step + 1)
                weights -= np.divide(share, root, out=share)
            if progress is not None:
                progress.advance()
    return weights, losses


def _column(value: float | Array) -> Array:
    """A number, or one number per run, in the shape that multiplies (runs, parameters)."""
    return np.reshape(np.asarray(value, dtype=float), (-1, 1))
