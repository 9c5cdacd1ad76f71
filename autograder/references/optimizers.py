"""Reference optimizers on lists of NumPy arrays, composed from a few named pieces.

Shapes: ``params`` and ``grads`` are lists of real arrays; ``grads[i]`` has the shape of ``params[i]``. Parameters
change in place, gradients stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def moving_average(average: Array, value: Array, beta: float) -> Array:
    """Return ``beta · average + (1 − beta) · value``, an exponential moving average's next value."""
    return beta * average + (1 - beta) * value


def bias_corrected(average: Array, beta: float, t: int) -> Array:
    """Return ``average / (1 − beta^t)``: unbiased for a stationary mean when the average began at 0 (t counts from 1).

    Source: Kingma & Ba 2015, section 3.
    """
    return average / (1 - beta**t)


class Adam:
    """Adam, Algorithm 1 of Kingma & Ba 2015, with ε outside the root.

    m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  m̂ = m/(1−β₁ᵗ),  v̂ = v/(1−β₂ᵗ),  x ← x − lr·m̂/(√v̂ + ε)

    Examples
    --------
    >>> x = np.array([1.0])
    >>> Adam([x], lr=0.1).step([np.array([4.0])])
    >>> x.round(6)
    array([0.9])
    """

    def __init__(
        self, params: Sequence[Array], lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ):
        self.params, self.lr, self.beta1, self.beta2, self.eps = params, lr, beta1, beta2, eps
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]
        self.t = 0

    def step(self, grads: Sequence[Array]) -> None:
        """Take one step, in place."""
        self.t += 1
        for i, (param, grad) in enumerate(zip(self.params, grads, strict=True)):
            self.m[i] = moving_average(self.m[i], grad, self.beta1)
            self.v[i] = moving_average(self.v[i], grad**2, self.beta2)
            m_hat = bias_corrected(self.m[i], self.beta1, self.t)
            v_hat = bias_corrected(self.v[i], self.beta2, self.t)
            param -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
