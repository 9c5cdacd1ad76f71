"""The reference optimizers as recurrences over many runs at once, one run a slider position."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrtutorial.problems import Problem, as_points

Array = NDArray[np.float64]
Steps = Generator[Array, Array, None]  # takes gradients, gives steps to subtract
DIVERGED = 1e6  # a run that leaves |x|, |y| < DIVERGED counts as diverged; its points are NaN from there on


def _sgd(h: Mapping[str, Array]) -> Steps:
    g = yield np.empty(0)
    while True:
        g = yield h["lr"] * g


def _momentum(h: Mapping[str, Array]) -> Steps:
    velocity = np.zeros(1)
    g = yield np.empty(0)
    while True:
        velocity = h["momentum"] * velocity + g
        g = yield h["lr"] * velocity


def _rmsprop(h: Mapping[str, Array]) -> Steps:
    square = np.zeros(1)
    g = yield np.empty(0)
    while True:
        square = h["beta"] * square + (1 - h["beta"]) * g**2
        g = yield h["lr"] * g / (np.sqrt(square) + h["eps"])


def _adam(h: Mapping[str, Array]) -> Steps:
    first = second = np.zeros(1)
    power1 = power2 = np.ones(1)
    g = yield np.empty(0)
    while True:
        first = h["beta1"] * first + (1 - h["beta1"]) * g
        second = h["beta2"] * second + (1 - h["beta2"]) * g**2
        power1, power2 = power1 * h["beta1"], power2 * h["beta2"]
        g = yield h["lr"] * (first / (1 - power1)) / (np.sqrt(second / (1 - power2)) + h["eps"])


@dataclass(frozen=True)
class Family:
    """An optimizer's name, its hyperparameters with their defaults (lr aside), and its update as a
    generator of steps."""

    name: str
    label: str
    defaults: Mapping[str, float]
    update: Callable[[Mapping[str, Array]], Steps]
    adaptive: bool


FAMILIES = {
    "sgd": Family("sgd", "SGD", {}, _sgd, False),
    "momentum": Family("momentum", "Momentum", {"momentum": 0.9}, _momentum, False),
    "rmsprop": Family("rmsprop", "RMSprop", {"beta": 0.9, "eps": 1e-8}, _rmsprop, True),
    "adam": Family("adam", "Adam", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, _adam, True),
}


def trajectories(
    family: str, problem: Problem, starts: ArrayLike, hyperparameters: Mapping[str, ArrayLike], steps: int
) -> Array:
    """Run one reference optimizer from N starts with N settings at once.

    starts: (N, 2). hyperparameters: lr and the family's own, each a number or shape (N,). Returns (N, steps+1, 2), the
    start first; NaN from the step on at which a coordinate reaches DIVERGED. Conventions as in PyTorch: v = βv + g, ε
    outside the root.

    >>> from lrtutorial.problems import get_problem
    >>> trajectories("sgd", get_problem("bowl"), [[5.0, 4.0]], {"lr": 0.05}, 2)[0].tolist()
    [[5.0, 4.0], [4.5, 0.0], [4.05, 0.0]]
    """
    points = np.atleast_2d(as_points(starts)).copy()
    columns = {
        k: np.broadcast_to(np.asarray(v, dtype=np.float64), len(points))[:, None] for k, v in hyperparameters.items()
    }
    out = np.empty((len(points), steps + 1, 2))
    out[:, 0] = points
    update = FAMILIES[family].update(columns)
    next(update)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for step in range(steps):
            points = points - update.send(problem.gradient(points, step))
            points[~(np.abs(points) < DIVERGED).all(axis=-1)] = np.nan
            out[:, step + 1] = points
    return out


def spectral_radius(lr: ArrayLike, beta: ArrayLike, eigenvalues: ArrayLike) -> Array:
    """The factor by which heavy-ball momentum shrinks the distance a step, in the long run, on a quadratic.

    lr, beta: any shapes that broadcast; eigenvalues of the Hessian: (n,). For each λ it is the largest
    |z| with z² − (1 + β − ηλ)z + β = 0, and the worst λ decides. Below 1 exactly when 0 < ηλ < 2(1 + β) for
    every λ (Polyak 1964). Plain gradient descent at 2/(2 + 20) has (κ−1)/(κ+1) = 9/11:

    >>> round(float(spectral_radius(1 / 11, 0.0, [2, 20])), 6)
    0.818182
    """
    lr, beta = np.broadcast_arrays(np.asarray(lr, dtype=np.float64), np.asarray(beta, dtype=np.float64))
    worst = np.zeros(lr.shape)
    for eigenvalue in np.atleast_1d(np.asarray(eigenvalues, dtype=np.float64)):
        b = 1 + beta - lr * eigenvalue
        discriminant = b * b - 4 * beta
        real = (np.abs(b) + np.sqrt(np.maximum(discriminant, 0))) / 2
        worst = np.maximum(worst, np.where(discriminant < 0, np.sqrt(beta), real))
    return worst


def stability_map(eigenvalues: ArrayLike, lrs: ArrayLike, betas: ArrayLike) -> Array:
    """`spectral_radius` on a grid: shape (len(betas), len(lrs)), one row a β."""
    return spectral_radius(np.asarray(lrs)[None, :], np.asarray(betas)[:, None], eigenvalues)
