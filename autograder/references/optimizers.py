"""Reference optimizers on lists of NumPy arrays, composed from a few named pieces.

Shapes: ``params`` and ``grads`` are lists of real arrays; ``grads[i]`` has the shape of ``params[i]``. Parameters
change in place, gradients stay as they are. Each is checked against ``torch.optim`` in ``tests/references``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Array = np.ndarray


def moving_average(average: Array, value: Array, beta: float) -> Array:
    """Return ``beta · average + (1 − beta) · value``, an exponential moving average's next value."""
    return beta * average + (1 - beta) * value


def accumulated(velocity: Array, value: Array, momentum: float) -> Array:
    """Return ``momentum · velocity + value``, a geometrically weighted sum's next value."""
    return momentum * velocity + value


def bias_corrected(average: Array, beta: float, t: int) -> Array:
    """Return ``average / (1 − beta^t)``: unbiased for a stationary mean when the average began at 0 (t from 1).

    Source: Kingma & Ba 2015, section 3.
    """
    return average / (1 - beta**t)


def zeros_like(params: Sequence[Array]) -> list[Array]:
    """Return a zero array for every parameter, in its shape and dtype."""
    return [np.zeros_like(param) for param in params]


class SGD:
    """Gradient descent: x ← x − lr·g.

    Examples
    --------
    >>> x = np.array([1.0, 2.0])
    >>> SGD([x], lr=0.5).step([np.array([1.0, -2.0])])
    >>> x
    array([0.5, 3. ])
    """

    def __init__(self, params: Sequence[Array], lr: float):
        self.params, self.lr = params, lr

    def step(self, grads: Sequence[Array]) -> None:
        """Take one step, in place."""
        for param, grad in zip(self.params, grads, strict=True):
            param -= self.lr * grad


class MomentumSGD:
    """Heavy-ball momentum (Polyak 1964), in torch's form: v ← momentum·v + g,  x ← x − lr·v, with v = 0 at
    first.

    The rate stands outside the velocity. The classical form v ← momentum·v + lr·g, x ← x − v is the same at
    a constant rate only.
    """

    def __init__(self, params: Sequence[Array], lr: float, momentum: float = 0.9):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.velocities = zeros_like(params)

    def step(self, grads: Sequence[Array]) -> None:
        """Take one step, in place."""
        for i, (param, grad) in enumerate(zip(self.params, grads, strict=True)):
            self.velocities[i] = accumulated(self.velocities[i], grad, self.momentum)
            param -= self.lr * self.velocities[i]


class Nesterov(MomentumSGD):
    """Nesterov momentum as torch has it: v ← momentum·v + g,  x ← x − lr·(g + momentum·v).

    Source: Sutskever et al. 2013, section 2, in the variables of the look-ahead point.
    """

    def step(self, grads: Sequence[Array]) -> None:
        """Take one step, in place."""
        for i, (param, grad) in enumerate(zip(self.params, grads, strict=True)):
            self.velocities[i] = accumulated(self.velocities[i], grad, self.momentum)
            param -= self.lr * accumulated(self.velocities[i], grad, self.momentum)


class RMSprop:
    """RMSprop with ε outside the root, as torch and the course's B3 have it: s ← βs + (1−β)g²,  x ← x −
    lr·g/(√s + ε).

    Source: Tieleman & Hinton 2012 (lecture 6.5). From s = 0 the first step has length lr/√(1−β).
    """

    def __init__(self, params: Sequence[Array], lr: float = 0.01, beta: float = 0.99, eps: float = 1e-8):
        self.params, self.lr, self.beta, self.eps = params, lr, beta, eps
        self.s = zeros_like(params)

    def step(self, grads: Sequence[Array]) -> None:
        """Take one step, in place."""
        for i, (param, grad) in enumerate(zip(self.params, grads, strict=True)):
            self.s[i] = moving_average(self.s[i], grad**2, self.beta)
            param -= self.lr * grad / (np.sqrt(self.s[i]) + self.eps)


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
        self,
        params: Sequence[Array],
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ):
        self.params, self.lr, self.beta1, self.beta2, self.eps = params, lr, beta1, beta2, eps
        self.m, self.v = zeros_like(params), zeros_like(params)
        self.t = 0

    def step(self, grads: Sequence[Array]) -> None:
        """Take one step, in place."""
        self.t += 1
        for i, (param, grad) in enumerate(zip(self.params, grads, strict=True)):
            self.m[i] = moving_average(self.m[i], grad, self.beta1)
            self.v[i] = moving_average(self.v[i], grad**2, self.beta2)
            m_hat = bias_corrected(self.m[i], self.beta1, self.t)
            param -= self.lr * m_hat / (np.sqrt(self.second_moment(i)) + self.eps)

    def second_moment(self, i: int) -> Array:
        """Return what parameter i's step is divided by the root of: v̂."""
        return bias_corrected(self.v[i], self.beta2, self.t)


class AMSGrad(Adam):
    """Adam whose second moment never comes down: v̂ = max over steps so far of v, over 1 − β₂ᵗ (torch's form).

    Source: Reddi et al. 2018, Algorithm 2, with torch's bias correction after the maximum.
    """

    def __init__(self, params: Sequence[Array], *args: float, **kwargs: float):
        super().__init__(params, *args, **kwargs)
        self.largest = zeros_like(params)

    def second_moment(self, i: int) -> Array:
        """Return the largest v so far, corrected."""
        self.largest[i] = np.maximum(self.largest[i], self.v[i])
        return bias_corrected(self.largest[i], self.beta2, self.t)


class AdamW(Adam):
    """Adam with decoupled weight decay: x ← x − lr·weight_decay·x before Adam's own step.

    Source: Loshchilov & Hutter 2019, Algorithm 2.
    """

    def __init__(self, params: Sequence[Array], lr: float = 0.001, *, weight_decay: float = 0.01, **kwargs: float):
        super().__init__(params, lr, **kwargs)
        self.weight_decay = weight_decay

    def step(self, grads: Sequence[Array]) -> None:
        """Take one step, in place."""
        for param in self.params:
            param *= 1 - self.lr * self.weight_decay
        super().step(grads)
