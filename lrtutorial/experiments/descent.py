"""The one training loop of the experiments: many runs side by side, each with its own learning rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.freed_memory import keep_freed_memory
from lrtutorial.experiments.progress_bar import Progress

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
    first, second, room = (np.zeros_like(weights) for _ in range(3))
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
            if adaptive:
                _average(first, gradient, beta1, room)
                _average(second, np.square(gradient), beta2, room)
                np.multiply(rate, first, out=room)
                room /= 1 - beta1 ** (step + 1)
                room /= np.sqrt(second / (1 - beta2 ** (step + 1))) + eps
            else:
                np.add(np.multiply(beta1, first, out=first), gradient, out=first)
                np.multiply(rate, first, out=room)
            weights -= room
            if progress is not None:
                progress.advance()
    return weights, losses


def _average(kept: Array, new: Array, beta: float | Array, room: Array) -> None:
    """Let ``kept`` be beta kept + (1 - beta) new, in place: new arrays would take as long as the arithmetic."""
    kept *= beta
    kept += np.multiply(1 - beta, new, out=room)


def _column(value: float | Array) -> Array:
    """A number, or one number per run, in the shape that multiplies (runs, parameters)."""
    return np.reshape(np.asarray(value, dtype=float), (-1, 1))
