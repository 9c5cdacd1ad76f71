"""Functions of two variables to descend on: values, gradients, curvature, and what a picture of them needs.

Every function takes points of shape (..., 2) and works on all of them at once:

>>> bowl = get_problem("bowl")
>>> float(bowl.value([5.0, 4.0]))
185.0
>>> bowl.gradient([[5.0, 4.0], [1.0, 0.0]]).tolist()
[[10.0, 80.0], [2.0, 0.0]]
>>> bowl.eigenvalues.tolist()            # of the Hessian diag(2, 20), smallest first
[2.0, 20.0]
"""

from __future__ import annotations

import difflib
import math
import reprlib
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrtutorial.advice import Unusable

Array = NDArray[np.float64]
MAX_STEPS = 1000  # the longest run that a noisy problem has noise for


def as_number(value: object) -> float:
    """A number as a float; for what is none NaN, which lies in no range."""
    try:
        return math.nan if isinstance(value, str | bytes) or np.ndim(value) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def as_numbers(values: object, wanted: str) -> Array:
    """A float64 array of what was given; Unusable, saying what was ``wanted``, for what holds no numbers."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise Unusable(f"expected {wanted}; got {reprlib.repr(values)}") from None


def as_points(points: ArrayLike) -> Array:
    """Points as a float64 array of shape (..., 2); ValueError when the last axis is not 2."""
    array = as_numbers(points, "points of shape (..., 2)")
    if array.ndim == 0 or array.shape[-1] != 2:
        raise Unusable(f"expected points of shape (..., 2), got shape {array.shape}")
    return array


class Problem:
    """A smooth f(x, y) with a known minimum. Subclasses give `value`, `gradient` and `hessian`."""

    name: str
    formula: str  # plain text, for labels
    minimum: tuple[float, float] = (0.0, 0.0)
    minimum_value: float = 0.0
    bounds: tuple[float, float, float, float] = (
        -6.0,
        6.0,
        -5.0,
        5.0,
    )  # x_min, x_max, y_min, y_max of a picture
    start: tuple[float, float] = (5.0, 4.0)
    adaptive_lr: float = 0.5  # a sensible first rate for RMSprop and Adam here, in units of x
    is_quadratic = False
    is_separable = False  # f(x, y) = p(x) + q(y): each coordinate of a coordinate-wise optimizer runs on its own

    def value(self, points: ArrayLike) -> Array:
        """f at points of shape (..., 2), shape (...)."""
        raise NotImplementedError

    def gradient(self, points: ArrayLike, step: int = 0) -> Array:
        """∇f at points of shape (..., 2), same shape. `step` counts gradients from 0 and matters to noisy
        problems only."""
        raise NotImplementedError

    def hessian(self, point: ArrayLike) -> Array:
        """The symmetric 2×2 matrix of second derivatives at one point."""
        raise NotImplementedError

    def gap(self, points: ArrayLike) -> Array:
        """f − f*, never below 0; shape (...)."""
        return np.maximum(self.value(points) - self.minimum_value, 0.0)

    @cached_property
    def eigenvalues(self) -> Array:
        """Eigenvalues of the Hessian at the minimum, smallest first: they decide what rate is stable there."""
        return np.asarray(np.linalg.eigvalsh(self.hessian(self.minimum)), dtype=np.float64)

    @property
    def condition_number(self) -> float:
        """κ = λ_max/λ_min at the minimum."""
        return float(self.eigenvalues[-1] / self.eigenvalues[0])


class Quadratic(Problem):
    """f = ½ pᵀHp for a symmetric positive definite H."""

    is_quadratic = True

    def __init__(self, name: str, formula: str, hessian: ArrayLike) -> None:
        self.name, self.formula = name, formula
        self._hessian = as_numbers(hessian, "a symmetric 2×2 matrix")
        if self._hessian.shape != (2, 2) or not np.array_equal(self._hessian, self._hessian.T):
            raise Unusable(f"expected a symmetric 2×2 matrix, got {self._hessian.tolist()}")
        if np.linalg.eigvalsh(self._hessian)[0] <= 0:
            raise Unusable(f"expected positive eigenvalues, got {np.linalg.eigvalsh(self._hessian).tolist()}")
        self.is_separable = bool(self._hessian[0, 1] == 0)

    def value(self, points: ArrayLike) -> Array:
        p = as_points(points)
        (a, b), (_, d) = self._hessian
        values: Array = 0.5 * a * p[..., 0] ** 2 + b * p[..., 0] * p[..., 1] + 0.5 * d * p[..., 1] ** 2
        return values

    def gradient(self, points: ArrayLike, step: int = 0) -> Array:
        return as_points(points) @ self._hessian

    def hessian(self, point: ArrayLike) -> Array:
        return self._hessian.copy()


class NoisyQuadratic(Quadratic):
    """A quadratic whose gradient carries Gaussian noise, the same for every optimizer and every run
    (seeded by step)."""

    def __init__(self, name: str, formula: str, hessian: ArrayLike, sigma: float = 4.0, seed: int = 11) -> None:
        super().__init__(name, formula, hessian)
        self.sigma, self.seed = float(sigma), int(seed)

    @cached_property
    def noise(self) -> Array:
        """The noise added to gradient number 0, 1, …; shape (MAX_STEPS, 2), standard deviation `sigma`."""
        return np.random.default_rng(self.seed).normal(scale=self.sigma, size=(MAX_STEPS, 2))

    def gradient(self, points: ArrayLike, step: int = 0) -> Array:
        noisy: Array = super().gradient(points) + self.noise[step % MAX_STEPS]
        return noisy


class Saddle(Problem):
    """f = x² + (y² − 4)²/16: a saddle at the origin (curvatures 2 and −1) between two minima at y = ±2.

    Bounded below on purpose, so that the loss has a floor to be measured from.
    """

    name, formula = "saddle", "x² + (y² − 4)²/16"
    minimum = (0.0, 2.0)
    bounds = (-5.0, 5.0, -4.0, 4.0)
    start = (4.0, 0.01)
    adaptive_lr = 0.2
    is_separable = True

    def value(self, points: ArrayLike) -> Array:
        p = as_points(points)
        return p[..., 0] ** 2 + (p[..., 1] ** 2 - 4) ** 2 / 16

    def gradient(self, points: ArrayLike, step: int = 0) -> Array:
        p = as_points(points)
        return np.stack([2 * p[..., 0], p[..., 1] * (p[..., 1] ** 2 - 4) / 4], axis=-1)

    def hessian(self, point: ArrayLike) -> Array:
        _, y = as_points(point)
        return np.diag([2.0, (3 * y**2 - 4) / 4])


class Rosenbrock(Problem):
    """f = (1 − x)² + 100(y − x²)², Rosenbrock's banana valley (1960): minimum 0 at (1, 1)."""

    name, formula = "rosenbrock", "(1 − x)² + 100(y − x²)²"
    minimum = (1.0, 1.0)
    bounds = (-2.0, 2.0, -1.0, 3.0)
    start = (-1.2, 1.0)
    adaptive_lr = 0.05

    def value(self, points: ArrayLike) -> Array:
        p = as_points(points)
        return (1 - p[..., 0]) ** 2 + 100 * (p[..., 1] - p[..., 0] ** 2) ** 2

    def gradient(self, points: ArrayLike, step: int = 0) -> Array:
        p = as_points(points)
        valley = p[..., 1] - p[..., 0] ** 2
        return np.stack([-2 * (1 - p[..., 0]) - 400 * p[..., 0] * valley, 200 * valley], axis=-1)

    def hessian(self, point: ArrayLike) -> Array:
        x, y = as_points(point)
        return np.array([[2 - 400 * (y - 3 * x**2), -400 * x], [-400 * x, 200.0]])


class ShallowMinimum(Problem):
    """f = k(x⁴/4 − (a+b)x³/3 + abx²/2) + y² with a = 2.4, b = 4, k = 0.1.

    ∂f/∂x = kx(x−a)(x−b): the global minimum 0 at the origin, a barrier at x = a, a shallow local minimum at x = b.
    """

    name, formula = "shallow", "0.1(x⁴/4 − 6.4x³/3 + 4.8x²) + y²"
    bounds = (-3.0, 7.0, -4.0, 4.0)
    start = (6.0, 3.0)
    adaptive_lr = 0.3
    is_separable = True
    barrier, local_minimum, scale = 2.4, 4.0, 0.1

    def value(self, points: ArrayLike) -> Array:
        p = as_points(points)
        x, a, b = p[..., 0], self.barrier, self.local_minimum
        return self.scale * (x**4 / 4 - (a + b) * x**3 / 3 + a * b * x**2 / 2) + p[..., 1] ** 2

    def gradient(self, points: ArrayLike, step: int = 0) -> Array:
        p = as_points(points)
        x = p[..., 0]
        slope = self.scale * x * (x - self.barrier) * (x - self.local_minimum)
        return np.stack([slope, 2 * p[..., 1]], axis=-1)

    def hessian(self, point: ArrayLike) -> Array:
        x, _ = as_points(point)
        a, b = self.barrier, self.local_minimum
        return np.diag([self.scale * (3 * x**2 - 2 * (a + b) * x + a * b), 2.0])


def rotated_quadratic(kappa: float = 10.0, angle: float = 30.0, largest: float = 20.0) -> Quadratic:
    """½ pᵀ R diag(largest/κ, largest) Rᵀ p, R a rotation by `angle` degrees: λ_max stays put while κ moves.

    >>> rotated_quadratic(kappa=4).eigenvalues.round(12).tolist()
    [5.0, 20.0]
    """
    if not as_number(kappa) >= 1:
        raise Unusable(f"expected a condition number kappa ≥ 1, got {kappa!r}")
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    low, high = largest / kappa, largest
    off = c * s * (low - high)
    hessian = [[c * c * low + s * s * high, off], [off, s * s * low + c * c * high]]
    return Quadratic("rotated", f"½ pᵀHp, κ = {kappa:g}, turned by {angle:g}°", hessian)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "bowl": lambda: Quadratic("bowl", "x² + 10y²", [[2.0, 0.0], [0.0, 20.0]]),
    "rotated": rotated_quadratic,
    "saddle": Saddle,
    "rosenbrock": Rosenbrock,
    "noisy": lambda: NoisyQuadratic("noisy", "x² + 10y², noisy gradient", [[2.0, 0.0], [0.0, 20.0]]),
    "shallow": ShallowMinimum,
}


def get_problem(name: str | Problem) -> Problem:
    """A problem by name, or the problem itself; ValueError names the nearest known one.

    >>> get_problem("rosenbrock").formula
    '(1 − x)² + 100(y − x²)²'
    """
    if isinstance(name, Problem):
        return name
    if isinstance(name, str) and name in PROBLEMS:
        return PROBLEMS[name]()
    near = difflib.get_close_matches(str(name), PROBLEMS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise Unusable(f"no problem is called {name!r}{hint} Known: {', '.join(PROBLEMS)}")
