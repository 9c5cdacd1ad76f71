"""Still pictures for print: trajectories on a contour map, a schedule, a range test; in the explorer's colours.

Each draws on the axes given (or new ones), labels what it draws, and returns the axes. Matplotlib loads
with the first call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lrtutorial.advice import Unusable, WrongType
from lrtutorial.figures.palette import OKABE_ITO, STYLES, Style
from lrtutorial.problems import Problem, as_numbers, get_problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D", "plus": "P", "cross": "X"}


def plot_trajectories(
    trajectories: Mapping[str, ArrayLike],
    problem: str | Problem = "bowl",
    *,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw runs on the contours of a problem.

    trajectories: label → array (steps+1, 2), the start first; a run is drawn up to its first point that is not finite.
    A label that tells a known optimizer ("SGD (lr=0.05)", "Your Adam") gets that optimizer's colour, dashes and end
    marker.
    Raises ValueError when a run has another shape or there is none.
    """
    chosen = get_problem(problem)
    runs = {label: _checked_run(label, points) for label, points in trajectories.items()}
    if not runs:
        raise Unusable("expected at least one trajectory, e.g. {'SGD': array of shape (steps+1, 2)}; got none")
    ax = _axes(ax, (8.0, 6.4))
    _draw_contours(ax, chosen)
    spare = (style for name, style in STYLES.items() if name.startswith("yours"))
    taken: set[str] = set()
    for label, points in runs.items():
        _draw_run(ax, chosen, label, points, _style_for(label, taken) or next(spare, STYLES["yours"]))
    starts = np.unique(np.array([points[0] for points in runs.values()]), axis=0)
    ax.plot(*starts.T, "o", markersize=12, markerfacecolor="none", markeredgecolor="black", label="start")
    star: dict[str, Any] = {"markersize": 16, "color": "#F0C000", "markeredgecolor": "black", "linestyle": "none"}
    ax.plot(*chosen.minimum, "*", label="minimum", **star)
    x_min, x_max, y_min, y_max = chosen.bounds
    ax.set(xlim=(x_min, x_max), ylim=(y_min, y_max), xlabel="x", ylabel="y")
    ax.set_title(_titled(title, f"f(x, y) = {chosen.formula}"))
    ax.set_aspect("equal")
    ax.legend(loc="best", framealpha=0.9)
    return ax


def _draw_contours(ax: Axes, problem: Problem) -> None:
    """Draw contours that lie closer towards the minimum."""
    x_min, x_max, y_min, y_max = problem.bounds
    grid = np.stack(np.meshgrid(np.linspace(x_min, x_max, 240), np.linspace(y_min, y_max, 200)), axis=-1)
    gap = problem.gap(grid)
    levels = gap.max() * 0.5 ** (0.9 * np.arange(11, -1, -1))
    ax.contourf(grid[..., 0], grid[..., 1], gap, levels=[0, *levels], cmap="Blues_r", alpha=0.35)
    ax.contour(grid[..., 0], grid[..., 1], gap, levels=levels, colors="#33506e", linewidths=0.6, alpha=0.5)


def _draw_run(ax: Axes, problem: Problem, label: str, points: np.ndarray, style: Style) -> None:
    """Draw one run, up to its first point that is not finite or far outside, with a mark at its end."""
    x_min, x_max, y_min, y_max = problem.bounds
    finite = np.isfinite(points).all(axis=1)
    end = len(points) if finite.all() else int(np.argmin(finite))
    reach = [1.5 * (x_max - x_min), 1.5 * (y_max - y_min)]
    far = np.abs(points[:end] - [(x_min + x_max) / 2, (y_min + y_max) / 2]) > reach
    gone = far.any(axis=1)  # from there on it would only swing back and forth through the picture
    shown = points[: int(np.argmax(gone)) + 1 if gone.any() else end]
    note = "" if end == len(points) and not gone.any() else ", diverges"
    dashes = (0, style.dash) if style.dash else "solid"
    ax.plot(shown[:, 0], shown[:, 1], color=style.color, linestyle=dashes, linewidth=1.6, label=label + note)
    dots: dict[str, Any] = {"color": style.color, "linestyle": "none", "label": "_nolegend_"}
    ax.plot(shown[:, 0], shown[:, 1], marker=".", markersize=4, **dots)
    ax.plot(*shown[-1:].T, marker=_MARKERS[style.marker], markersize=9, markeredgecolor="white", **dots)


def plot_schedule(
    schedule: Callable[[float], float] | ArrayLike,
    total_epochs: int = 100,
    *,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the learning rate against the epoch.

    schedule: a function of the epoch (such as `scheduler.get_lr`), called at 0 … total_epochs−1, or the
    rates themselves.
    Raises ValueError when a rate is not a finite number.
    """
    if callable(schedule):
        rates = as_numbers([_number(schedule(epoch)) for epoch in range(total_epochs)], "a finite rate for each epoch")
    else:
        rates = as_numbers(schedule, "finite rates, one an epoch")
    if rates.ndim != 1 or rates.size == 0 or not np.isfinite(rates).all():
        raise Unusable(f"expected finite rates, one an epoch; got {rates!r}")
    ax = _axes(ax, (9.0, 3.8))
    ax.plot(np.arange(rates.size), rates, color=OKABE_ITO["blue"], marker="o", markersize=3, linewidth=1.5)
    ax.set(xlabel="Epoch", ylabel="Learning rate", title=_titled(title, "Learning-rate schedule"))
    ax.grid(alpha=0.3)
    return ax


def plot_range_test(
    lrs: Sequence[float],
    losses: Sequence[float],
    suggested_lr: float | None = None,
    *,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw a learning-rate range test: the loss against the rate on a log axis, the suggested rate as a dashed line.

    lrs, losses: as `lr_range_test` returns them, equally long; losses that are not finite are left out.
    Raises ValueError when the lengths differ or a rate is not above 0.
    """
    rates, values = as_numbers(lrs, "the rates, as numbers"), as_numbers(losses, "one loss a rate, as numbers")
    if rates.ndim != 1 or rates.shape != values.shape or rates.size == 0:
        raise Unusable(f"expected one loss a rate, got {rates.size} rates and {values.size} losses")
    if not (rates > 0).all():
        raise Unusable(f"expected rates above 0 for the log axis, got {rates.min()}")
    ax = _axes(ax, (8.0, 4.2))
    finite = np.isfinite(values)
    ax.semilogx(rates[finite], values[finite], color=OKABE_ITO["blue"], linewidth=1.8, label="loss")
    if suggested_lr is not None:
        label = f"suggested: {suggested_lr:.2e}"
        ax.axvline(suggested_lr, color=OKABE_ITO["vermillion"], linestyle="--", linewidth=1.6, label=label)
        ax.legend()
    ax.set(xlabel="Learning rate (log scale)", ylabel="Loss", title=_titled(title, "Learning-rate range test"))
    ax.grid(alpha=0.3, which="both")
    return ax


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    import matplotlib.axes
    import matplotlib.pyplot as plt

    if isinstance(ax, matplotlib.axes.Axes):
        return ax
    if ax is not None:
        raise WrongType(f"expected ax to be the axes to draw on, such as plt.gca(), or None; got {type(ax).__name__}")
    return plt.subplots(figsize=size, layout="constrained")[1]


def _titled(title: object, otherwise: str) -> str:
    return otherwise if title is None else str(title) or otherwise


def _number(value: object) -> object:
    """A rate as a number where it can be made one, such as a tensor of one item."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return value


def _checked_run(label: str, points: ArrayLike) -> np.ndarray:
    run = as_numbers(points, f"{label!r} as an array (steps+1, 2) that begins at a finite start")
    if run.ndim != 2 or run.shape[1] != 2 or not len(run) or not np.isfinite(run[0]).all():
        raise Unusable(
            f"expected {label!r} as an array (steps+1, 2) that begins at a finite start, got shape {run.shape}"
        )
    return run


def _style_for(label: str, taken: set[str]) -> Style | None:
    """The style of the optimizer a label tells, unless another run has it already."""
    for name in ("momentum", "rmsprop", "adam", "sgd"):
        if name in label.lower() and "your" not in label.lower() and name not in taken:
            taken.add(name)
            return STYLES[name]
    return None
