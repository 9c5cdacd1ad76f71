"""Time what the explorer computes in the kernel: `python -m benchmarks.explorer`.

One row a task, median and 95th percentile in milliseconds; the stability map is checked against NumPy's
eigenvalues first.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from lrtutorial.explorer import explore
from lrtutorial.explorer.recurrences import stability_map, trajectories
from lrtutorial.problems import get_problem

SETTINGS = {
    "sgd": {"lr": 0.05},
    "momentum": {"lr": 0.05, "momentum": 0.9},
    "rmsprop": {"lr": 0.5, "beta": 0.9, "eps": 1e-8},
    "adam": {"lr": 0.5, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
}


def timed(task: Callable[[], object], repeats: int = 30) -> tuple[float, float]:
    """Median and 95th percentile of a task's time in milliseconds, after one run to warm up."""
    task()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        task()
        times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times)), float(np.percentile(times, 95))


def worst_map_error(lrs: np.ndarray, betas: np.ndarray, eigenvalues: tuple[float, ...]) -> float:
    """The largest deviation of the map from the companion matrices' eigenvalues, on the whole grid."""
    matrices = np.zeros((len(eigenvalues), len(betas), len(lrs), 2, 2))
    for k, eigenvalue in enumerate(eigenvalues):
        matrices[k, ..., 0, 0] = 1 + betas[:, None] - lrs[None, :] * eigenvalue
        matrices[k, ..., 0, 1] = -betas[:, None]
        matrices[k, ..., 1, 0] = 1
    exact = np.abs(np.linalg.eigvals(matrices)).max(axis=(0, -1))
    return float(np.abs(stability_map(eigenvalues, lrs, betas) - exact).max())


def main() -> None:
    bowl = get_problem("bowl")
    lrs, betas, eigenvalues = np.geomspace(1e-3, 0.3, 256), np.linspace(0, 0.99, 256), (2.0, 20.0)

    def one_each() -> None:
        for family, settings in SETTINGS.items():
            trajectories(family, bowl, [bowl.start], settings, 200)

    def sweep() -> None:
        for family, settings in SETTINGS.items():
            rates = np.geomspace(settings["lr"] / 30, settings["lr"] * 3, 64)
            trajectories(family, bowl, np.tile(bowl.start, (64, 1)), {**settings, "lr": rates}, 200)

    tasks = {
        "reference trajectories, 4 × 200 steps": one_each,
        "a rate's sweep, 64 positions × 4 × 200 steps": sweep,
        "(η, β) stability map, 256 × 256": lambda: stability_map(eigenvalues, lrs, betas),
        "explore(), every sweep of 4 × 50 steps": lambda: explore().close(),
        "explore(steps=200)": lambda: explore(steps=200).close(),
    }
    print(f"{'task':<48}{'median ms':>10}{'p95 ms':>10}")
    for name, task in tasks.items():
        median, slow = timed(task)
        print(f"{name:<48}{median:>10.2f}{slow:>10.2f}")
    print(f"largest deviation of the map from the eigenvalues: {worst_map_error(lrs, betas, eigenvalues):.1e}")


if __name__ == "__main__":
    main()
