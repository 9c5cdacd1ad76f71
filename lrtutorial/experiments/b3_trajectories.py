"""B3: how near the student's four runs come to the minimum, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.at_work import Handed, Note, attempt, unfinished
from lrtutorial.experiments.results import Result
from lrtutorial.figures.palette import STYLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

START, STEPS, LATER = (5.0, 4.0), 50, 400
#: The rates and other settings of the course's figure, by optimizer.
SETTINGS = {
    "sgd": (0.05,),
    "momentum": (0.05, 0.9),
    "rmsprop": (0.5, 0.9, 1e-8),
    "adam": (0.5, 0.9, 0.999, 1e-8),
}
NAMES = {"sgd": "SGD", "momentum": "momentum", "rmsprop": "RMSprop", "adam": "Adam"}


@dataclass(frozen=True, repr=False)
class Distances(Result):
    """The distance to the minimum after every step, (steps + 1,), by optimizer."""

    distances: dict[str, Array]
    caption: str

    size = (7.5, 3.6)

    def draw(self, figure: Figure) -> None:
        """One curve a run, on a log axis."""
        axes = figure.subplots()
        for word, values in self.distances.items():
            style = STYLES[word]
            dash = (0, style.dash) if style.dash else "solid"
            axes.semilogy(values, color=style.color, linestyle=dash, linewidth=1.8, label=NAMES[word])
        axes.set(xlabel="step", ylabel="distance to the minimum")
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))

    @property
    def alt_text(self) -> str:
        """Where each run ends, in numbers."""
        ends = ", ".join(f"{NAMES[word]} at {values[-1]:.2g}" for word, values in self.distances.items())
        return f"Distance to the minimum of x² + 10y² over {STEPS} steps, on a log axis. The ends: {ends}."

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{self.caption}</p>"


def _order(distances: dict[str, Array]) -> str:
    """Name the runs from nearest to farthest at their end."""
    order = sorted(distances, key=lambda word: distances[word][-1])
    return ", ".join(f"{NAMES[word]} {distances[word][-1]:.2g}" for word in order)


def draw(visualize_optimizers_2d: Handed) -> Note | None:
    """Call the student's drawing function; return a note where it is still to be written or doesn't run."""
    return unfinished(visualize_optimizers_2d=visualize_optimizers_2d) or attempt(
        lambda: visualize_optimizers_2d() and None
    )


def distances(
    run_sgd: Handed, run_momentum: Handed, run_rmsprop: Handed, run_adam: Handed, prediction: object = ...
) -> Any:
    """Run the student's four functions at the course's settings and compare their distances to the minimum.

    prediction: the name of the run that the student expects to end nearest, such as "adam".
    """
    functions = {"sgd": run_sgd, "momentum": run_momentum, "rmsprop": run_rmsprop, "adam": run_adam}

    def run() -> Distances | Note:
        found: dict[str, Array] = {}
        later: dict[str, Array] = {}
        for word, function in functions.items():
            for steps in (STEPS, LATER):
                points = np.asarray(function(np.array(START), *SETTINGS[word], steps), dtype=np.float64)
                if points.shape != (steps + 1, 2):
                    return Note(f"run_{word} returned shape {points.shape}, not ({steps + 1}, 2). Its check says more.")
                (found if steps == STEPS else later)[word] = np.hypot(points[:, 0], points[:, 1])
        fact = f"From nearest to farthest after {STEPS} steps: {_order(found)}; after {LATER}: {_order(later)}"
        guess = prediction.strip().lower() if isinstance(prediction, str) else None
        begin = f"You predicted {NAMES[guess]}. " if guess in NAMES else ""
        return Distances(found, f"{begin}{fact}.")

    return unfinished(**{f"run_{word}": function for word, function in functions.items()}) or attempt(run)
