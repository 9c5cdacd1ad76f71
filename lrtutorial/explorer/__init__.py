"""The explorer: sliders that move optimizer trajectories, drawn from sweeps the kernel computed ahead.

`widget` is the ipywidget; `optimizers` says who takes part, `controls` which sliders there are; `recurrences`
computes the references vectorised; `student` runs a student's own code in a `worker` process; `goal` parses
exercises such as "loss < 1e-6 within 30 steps"; `explorer.js` draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrtutorial.explorer.widget import Explorer
    from lrtutorial.problems import Problem

__all__ = ["explore"]


def explore(
    problem: str | Problem = "bowl",
    optimizers: Iterable[object] = ("sgd", "momentum", "rmsprop", "adam"),
    *,
    steps: int = 50,
    start: Sequence[float] | None = None,
    lr: float | dict[str, float] | None = None,
    goal: str | None = None,
    views: Iterable[str] = ("contour", "loss", "stability", "split", "factors"),
    **hyperparameters: float | dict[str, float],
) -> Explorer:
    """Show optimizers running on a function of two variables, with a slider for everything that can be set.

        explore()                             # four optimizers on x² + 10y² from (5, 4)
        explore(optimizers=[Adam, "adam"])    # your class beside the reference, on the same sliders
        explore("rotated", ["sgd"], kappa=30, angle=45)  # a bowl to turn and to stretch
        explore(optimizers=["momentum"], goal="loss < 1e-6 within 30 steps")

    problem: "bowl" (x² + 10y²), "rotated" (with kappa), "saddle", "rosenbrock", "noisy", "shallow", or a
        `lrtutorial.problems.Problem`.
    optimizers: any of "sgd", "momentum", "rmsprop", "adam"; a class with `.step(grads)`, made as
        `Class([x], lr=…, …)` with whatever of lr, momentum, beta, beta1, beta2, eps its signature takes; or a function
        such as `run_adam(start, lr, beta1, beta2, eps, steps)` that returns an array (steps+1, 2) (on "bowl" only, as
        it holds its own gradient). `None` or `...` stands for an exercise not done yet and shows a message. A class or
        function belongs to the family its name tells (Adam, MyAdam, run_adam: "adam") and shares that family's sliders.
    steps: length of each run, 1 to 300. Longer runs have coarser sliders, to keep a saved notebook small.
    start: (x, y); the problem's own when None.
    lr: one rate for all, or a dict by family, e.g. {"sgd": 0.05, "adam": 0.5}; sensible ones when None.
    goal: "loss < NUMBER within N steps"; the widget says which optimizer meets it. Loss means f − f*.
    views: which of "contour", "loss", "stability", "split" (the loss by eigen-direction) and "factors" (1 − ηλ by
        direction) to show, the first one largest; "stability" only when SGD or momentum takes part, "factors" only
        with SGD, these two only on a quadratic.
    hyperparameters: momentum, beta (RMSprop), beta1, beta2, each one number for all or a dict by family; eps; kappa
        and angle in degrees (with "rotated").

    Returns an `Explorer`, an ipywidget. Its traits are named `<family>_<name>`, e.g. `sgd_lr`, `adam_beta1`,
    and `start_x`, `start_y`, `step`, `kappa`: set, observe or jslink them. `explorer.trajectory("adam")`
    gives the present run as an array (steps+1, 2); `explorer.goal_met` the ids of those that meet the goal.

    Raises ValueError or TypeError, saying what was expected, for an unknown problem, optimizer, view or
    hyperparameter and for a goal it cannot read. Code of yours that raises, never ends, or returns something
    else is shown as a message, not raised.
    """
    from lrtutorial.explorer.widget import Explorer

    return Explorer.create(problem, optimizers, steps, start, lr, goal, views, hyperparameters)
