"""Probes for optimizers: parameters and gradients drawn so that right and almost right part ways.

Every number lies between a fifth of ``scale`` and five times it, with a random sign: none is so near zero,
and no two are so near each other, that a mistake could hide behind them. An array of several begins above twice
``scale`` and ends below half of it, so that what is clipped or normalized shows in every draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtutorial.answers.arrays import pack, unpack

Shape = tuple[int, ...]
Probe = dict[str, Any]
SIGNS = np.array((-1.0, 1.0))
#: What to say in a lecture of parameters that are rebound or copied.
REBOUND = (
    "Draw the two names and one array: param -= … moves the array that the caller sees, param = param − … makes a "
    "new one that only the optimizer knows. The network holds the old one."
)


def generic(rng: np.random.Generator, shape: Shape, scale: float = 1.0, spread: float = 5.0) -> np.ndarray:
    """Return an array of numbers ± scale · spread^u, u uniform in [−1, 1]."""
    sign = rng.choice(SIGNS, size=shape)
    return np.asarray(sign * scale * spread ** rng.uniform(-1, 1, size=shape))


def draw_parameters(rng: np.random.Generator, shapes: Sequence[Shape], dtype: str = "<f8") -> list[object]:
    """Return packed parameters of these shapes, between 0.5 and 2 in size."""
    return [pack(generic(rng, shape, 1.0, 2.0).astype(dtype)) for shape in shapes]


def draw_gradients(
    rng: np.random.Generator, shapes: Sequence[Shape], steps: int, scale: float = 1.0, dtype: str = "<f8"
) -> list[list[object]]:
    """Return packed gradients for so many steps, in the parameters' shapes."""
    return [[pack(wide(rng, shape, scale).astype(dtype)) for shape in shapes] for _ in range(steps)]


def wide(rng: np.random.Generator, shape: Shape, scale: float) -> np.ndarray:
    """Return generic numbers of which the first is large and the last small, where there are several."""
    values = generic(rng, shape, scale)
    if values.size > 1:
        values.flat[0] = np.sign(values.flat[0]) * scale * rng.uniform(2.5, 5)
        values.flat[-1] = np.sign(values.flat[-1]) * scale * rng.uniform(0.2, 0.4)
    return values


def grown(probe: Probe, steps: int = 3, by: float = 25.0) -> Probe:
    """Return a probe whose last gradients are ``by`` times as large and of one sign: no clipped step can follow."""
    grads = [list(arrays) for arrays in probe["grads"]]
    for t in range(len(grads) - steps, len(grads)):
        grads[t] = [pack((by * np.abs(unpack(array))).astype(array["dtype"])) for array in grads[t]]
    return {**probe, "grads": grads}


def far(probe: Probe, by: float = 4096.0) -> Probe:
    """Return a probe whose parameters lie in the thousands."""
    return {**probe, "params": [pack((by * unpack(array)).astype(array["dtype"])) for array in probe["params"]]}


def odd(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a hyperparameter between low and high with four decimals: nobody's default."""
    return round(float(rng.uniform(low, high)), 4)


def draw_probe(
    rng: np.random.Generator, id: str, answer: str, shapes: Sequence[Shape], steps: int, *,
    scale: float = 1.0, dtype: str = "<f8", kwargs: dict[str, float] | None = None, **more: object,
) -> Probe:  # fmt: skip
    """Return one probe of the optimizer kind (its module says what the keys mean)."""
    return {
        "id": id,
        "answer": answer,
        "params": draw_parameters(rng, shapes, dtype),
        "kwargs": kwargs or {},
        "grads": draw_gradients(rng, shapes, steps, scale, dtype),
        **more,
    }
