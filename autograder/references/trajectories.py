"""Reference runs on f(x, y) = x² + 10y², and the figure of them (B3). Source: the course document, solution B3."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.references.optimizers import SGD, Adam, MomentumSGD, RMSprop

Array = np.ndarray


def gradient(position: Array) -> Array:
    """Return ∇f = (2x, 20y) at a position (2,)."""
    return np.array([2 * position[0], 20 * position[1]])


def trajectory(optimizer_class: Any, start: Array, steps: int, **hyperparameters: float) -> Array:
    """Return the positions (steps + 1, 2) of an optimizer from start (2,), the start first."""
    position = np.array(start, dtype=np.float64)
    optimizer = optimizer_class([position], **hyperparameters)
    rows = [position.copy()]
    for _ in range(steps):
        optimizer.step([gradient(position)])
        rows.append(position.copy())
    return np.array(rows)


def run_sgd(start: Array, lr: float, steps: int) -> Array:
    """Run gradient descent."""
    return trajectory(SGD, start, steps, lr=lr)


def run_momentum(start: Array, lr: float, momentum: float, steps: int) -> Array:
    """Run heavy-ball momentum."""
    return trajectory(MomentumSGD, start, steps, lr=lr, momentum=momentum)


def run_rmsprop(start: Array, lr: float, beta: float, eps: float, steps: int) -> Array:
    """Run RMSprop, ε outside the root."""
    return trajectory(RMSprop, start, steps, lr=lr, beta=beta, eps=eps)


def run_adam(start: Array, lr: float, beta1: float, beta2: float, eps: float, steps: int) -> Array:
    """Run Adam."""
    return trajectory(Adam, start, steps, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


def visualize_optimizers_2d() -> None:
    """Draw the four runs from (5, 4) over the contours of f, at the course document's rates, 50 steps each."""
    import matplotlib.pyplot as plt

    start, steps = np.array([5.0, 4.0]), 50
    runs = {
        "SGD (lr=0.05)": run_sgd(start, 0.05, steps),
        "Momentum (lr=0.05, β=0.9)": run_momentum(start, 0.05, 0.9, steps),
        "RMSprop (lr=0.5)": run_rmsprop(start, 0.5, 0.9, 1e-8, steps),
        "Adam (lr=0.5)": run_adam(start, 0.5, 0.9, 0.999, 1e-8, steps),
    }
    fig, ax = plt.subplots()
    x, y = np.meshgrid(np.linspace(-6, 6, 100), np.linspace(-5, 5, 100))
    ax.contour(x, y, x**2 + 10 * y**2, levels=20)
    for name, run in runs.items():
        ax.plot(run[:, 0], run[:, 1], ".-", label=name)
    ax.scatter([5, 0], [4, 0], marker="*")
    ax.set(xlabel="x", ylabel="y", aspect="equal")
    ax.legend()
    plt.show()
