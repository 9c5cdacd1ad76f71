"""B2: the student's Adam beside the same Adam with its bias correction undone, and training a small network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.at_work import EPOCHS, Handed, Note, Training, attempt, descend, train, unfinished
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, Result, number
from lrtutorial.plots import plot_trajectories
from lrtutorial.problems import get_problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

START, STEPS, RATE = (5.0, 4.0), 50, 0.5
BETA1, BETA2 = 0.9, 0.999


def without_correction(t: Any) -> Any:
    """Return what the steps of a corrected Adam have to be multiplied by to get those of an uncorrected one.

    (1 − β₁ᵗ)/√(1 − β₂ᵗ), at the default betas, ε left aside: m is smaller than m̂ by the numerator, √v
    smaller than √v̂ by the denominator.
    """
    return (1 - BETA1**t) / np.sqrt(1 - BETA2**t)


@dataclass(frozen=True, repr=False)
class Corrected(Result):
    """Both trajectories on x² + 10y², and how much too long an uncorrected step is."""

    corrected: Array
    uncorrected: Array
    caption: str

    size = (10.0, 4.2)

    def draw(self, figure: Figure) -> None:
        """Left the trajectories on the contours, right the factor over the step."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        runs = {"Your Adam": self.corrected, "Adam without correction": self.uncorrected}
        plot_trajectories(runs, ax=left, title=f"x² + 10y², lr = {number(RATE)}")
        t = np.arange(1, 5001)
        factor = without_correction(t)
        right.semilogx(t, factor, color=VERMILION)
        right.axhline(1, color=BLACK, linewidth=1, linestyle="--")
        right.annotate(f"{factor[0]:.2f}", (1, factor[0]), textcoords="offset points", xytext=(6, -12))
        peak = int(factor.argmax())
        right.annotate(
            f"{factor[peak]:.2f} at t = {t[peak]}", (t[peak], factor[peak]), textcoords="offset points", xytext=(6, 2)
        )
        right.set(xlabel="step t", ylabel="uncorrected step ÷ corrected step", ylim=(0, 7.5))

    @property
    def alt_text(self) -> str:
        """The first steps and the factor, in numbers."""
        first = [float(abs(run[1] - run[0])[0]) / RATE for run in (self.corrected, self.uncorrected)]
        t = np.arange(1, 5001)
        factor = without_correction(t)
        return (
            f"Contours of x² + 10y² with two trajectories from (5, 4), {STEPS} steps. The first step in x is "
            f"{number(first[0])} times lr with your Adam and {number(first[1])} times lr without "
            f"correction, which "
            f"swings as far as y = {number(self.uncorrected[:, 1].min())}. Beside it, how many times too "
            f"long "
            f"uncorrected steps are: {number(factor[0])} at step 1, {number(factor.max())} at step "
            f"{t[factor.argmax()]}, above 1.1 until step {t[factor > 1.1][-1]}."
        )

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{self.caption}</p>"


def with_and_without_correction(Adam: Handed) -> object:
    """Run the student's Adam from (5, 4), as it is and with its correction undone through the rate."""

    def run() -> Corrected:
        plain = descend(Adam, START, STEPS, lr=RATE)
        undone = descend(Adam, START, STEPS, rates=lambda t: RATE * without_correction(t), lr=RATE)
        ratio = float(abs(undone[1] - undone[0])[0] / abs(plain[1] - plain[0])[0])
        return Corrected(plain, undone, f"Without correction the first step is {number(ratio)} times as long.")

    return unfinished(Adam=Adam) or attempt(run)


def loss_times_1000(Adam: Handed, prediction: object = ...) -> object:
    """Run the student's Adam on x² + 10y² and on a thousand times that, and say how far apart the paths are.

    prediction: what the student expects of the steps on the larger loss: "shorter", "the same" or "longer".
    """

    def run() -> Note:
        bowl = get_problem("bowl")
        paths = []
        for factor in (1.0, 1000.0):
            position = np.array(START)
            optimizer, rows = Adam([position], lr=RATE), [np.array(START)]
            for _ in range(STEPS):
                optimizer.step([factor * bowl.gradient(position)])
                rows.append(position.copy())
            paths.append(np.array(rows))
        apart = float(np.abs(paths[0] - paths[1]).max())
        fact = f"With the loss times 1000 your Adam takes the same path: the points differ by at most {apart:.1g}."
        if not apart <= 1e-3:  # a path that runs off gives NaN
            fact = f"With the loss times 1000 your Adam takes another path: the points differ by up to {apart:.2g}."
        guess = prediction in ("shorter", "the same", "longer")
        return Note(f"You predicted “{prediction}”. {fact}" if guess else f"{fact} (Your prediction is still open.)")

    return unfinished(Adam=Adam) or attempt(run)


RATES = (0.001, 0.01, 0.1)


@dataclass(frozen=True, repr=False)
class SpiralsLearned(Result):
    """Training runs on two spirals, one a rate."""

    runs: dict[float, Training]

    size = (7.5, 3.6)

    def draw(self, figure: Figure) -> None:
        """The loss after every epoch, one curve a rate."""
        axes = figure.subplots()
        looks = ((PURPLE, "-"), (BLUE, "--"), (GREEN, ":"), (ORANGE, "-."))
        for (lr, run), (colour, dash) in zip(self.runs.items(), looks, strict=False):
            text = f"your Adam, lr={number(lr)}: {run.accuracy:.0%} right, update/weight {run.ratio:.1g}"
            axes.plot(run.losses, color=colour, linestyle=dash, linewidth=2, label=text)
        axes.set(xlabel="epoch", ylabel="cross-entropy over all points", ylim=(0, None))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.01), frameon=False)

    @property
    def alt_text(self) -> str:
        """Every end, in numbers."""
        ends = "; ".join(
            f"lr={number(lr)}: loss {number(run.losses[-1])}, {run.accuracy:.0%} right, update-to-weight ratio "
            f"{run.ratio:.1g}"
            for lr, run in self.runs.items()
        )
        return f"Cross-entropy over {EPOCHS} epochs of training with your Adam. At the end, {ends}."


def train_spirals(Adam: Handed) -> Any:
    """Train the small network with the student's Adam at three rates, a hundredfold apart."""
    return unfinished(Adam=Adam) or attempt(lambda: SpiralsLearned({lr: train(Adam, lr=lr) for lr in RATES}))
