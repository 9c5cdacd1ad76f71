"""B1: the student's SGD and momentum beyond SGD's stability bound, and training a small network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.at_work import EPOCHS, Handed, Training, attempt, descend, train, unfinished
from lrtutorial.experiments.results import BLUE, GREEN, VERMILION, Result, number
from lrtutorial.problems import get_problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

START, STEPS, MOMENTUM = (5.0, 4.0), 60, 0.9
#: Above SGD's bound 2/λ = 0.1 on x² + 10y² (λ = 20), below momentum's 2(1 + β)/λ = 0.19.
RATE = 0.12


@dataclass(frozen=True, repr=False)
class BeyondTheBound(Result):
    """The loss of SGD and momentum at one rate, step by step."""

    losses: dict[str, Array]
    caption: str

    size = (7.5, 3.6)

    def draw(self, figure: Figure) -> None:
        """One curve each, on a log axis."""
        axes = figure.subplots()
        looks = {"SGD": (VERMILION, "-"), "MomentumSGD": (BLUE, "--")}
        for name, losses in self.losses.items():
            colour, dash = looks[name]
            axes.semilogy(losses, color=colour, linestyle=dash, label=f"your {name}")
        axes.set(xlabel="step", ylabel="loss x² + 10y²", title=f"Both at lr = {number(RATE)}")
        axes.legend()

    @property
    def alt_text(self) -> str:
        """Both ends, in numbers."""
        ends = ", ".join(f"{name} from {number(run[0])} to {run[-1]:.2g}" for name, run in self.losses.items())
        return f"The loss over {STEPS} steps at lr = {number(RATE)} on a log axis: {ends}."

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{self.caption}</p>"


def beyond_the_bound(SGD: Handed, MomentumSGD: Handed, prediction: object = ...) -> object:
    """Run both classes on x² + 10y² from (5, 4) at a rate that is too large for SGD.

    prediction: what the student expects of momentum there, "converges" or "diverges".
    """

    def run() -> BeyondTheBound:
        value = get_problem("bowl").value
        paths = {
            "SGD": descend(SGD, START, STEPS, lr=RATE),
            "MomentumSGD": descend(MomentumSGD, START, STEPS, lr=RATE, momentum=MOMENTUM),
        }
        losses = {name: value(path) for name, path in paths.items()}
        last = losses["MomentumSGD"][-1]
        found = "converges" if last < losses["MomentumSGD"][0] else "diverges"
        if prediction in ("converges", "diverges"):
            said = f"You predicted that momentum {prediction}. It {found}: its loss ends at {number(last)}."
        else:
            said = "Write your prediction above, then run this cell again."
        return BeyondTheBound(losses, said)

    return unfinished(SGD=SGD, MomentumSGD=MomentumSGD) or attempt(run)


#: The momenta whose memory is shown, and for how many steps.
MEMORIES, MEMORY_STEPS = (0.5, 0.9, 0.99), 60


@dataclass(frozen=True, repr=False)
class Memory(Result):
    """How much of one gradient is in each step after it, by momentum."""

    weights: dict[float, Array]

    size = (7.5, 3.6)

    def draw(self, figure: Figure) -> None:
        """One curve a momentum."""
        axes = figure.subplots()
        for (beta, values), (colour, dash) in zip(
            self.weights.items(), ((VERMILION, "-"), (BLUE, "--"), (GREEN, ":")), strict=True
        ):
            axes.plot(values, color=colour, linestyle=dash, linewidth=2, label=f"β = {number(beta)}")
        axes.set(xlabel="steps since the gradient came", ylabel="its weight in the velocity", ylim=(0, 1.05))
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))

    @property
    def alt_text(self) -> str:
        """When each weight has fallen to a tenth."""
        ends = ", ".join(
            f"at β = {number(beta)} it is {values[5]:.2g} after 5 steps and {values[50]:.2g} after 50"
            for beta, values in self.weights.items()
        )
        return f"The weight of one gradient in the velocity, falling from 1 as β to the power of the steps: {ends}."


def memory(MomentumSGD: Handed) -> object:
    """Give the student's class one gradient 1 and then only zeros: each step shows what it still remembers."""

    def run() -> Memory:
        weights = {}
        for beta in MEMORIES:
            position = np.zeros(1)
            optimizer = MomentumSGD([position], lr=1.0, momentum=beta)
            rows = [0.0]
            for t in range(MEMORY_STEPS):
                optimizer.step([np.array([1.0 if t == 0 else 0.0])])
                rows.append(float(position[0]))
            weights[beta] = -np.diff(rows)
        return Memory(weights)

    return unfinished(MomentumSGD=MomentumSGD) or attempt(run)


#: What the network is trained with: label, momentum or None for SGD, rate.
RUNS = (("SGD", None, 0.03), ("MomentumSGD", 0.9, 0.03), ("SGD, ten times the rate", None, 0.3))


@dataclass(frozen=True, repr=False)
class SpiralsLearned(Result):
    """Three training runs on two spirals."""

    runs: dict[str, Training]

    size = (7.5, 3.6)

    def draw(self, figure: Figure) -> None:
        """The loss after every epoch, one curve a run."""
        axes = figure.subplots()
        looks = ((VERMILION, "-"), (BLUE, "--"), (GREEN, ":"))
        for (label, run), (colour, dash) in zip(self.runs.items(), looks, strict=True):
            text = f"{label}: {run.accuracy:.0%} right at the end"
            axes.plot(run.losses, color=colour, linestyle=dash, linewidth=2, label=text)
        axes.set(xlabel="epoch", ylabel="cross-entropy over all points", ylim=(0, None))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.01), frameon=False)

    @property
    def alt_text(self) -> str:
        """Every end, in numbers."""
        ends = "; ".join(
            f"{label}: loss {number(run.losses[-1])}, {run.accuracy:.0%} right" for label, run in self.runs.items()
        )
        return f"Cross-entropy over {EPOCHS} epochs of training on two spirals. At the end, {ends}."


def train_spirals(SGD: Handed, MomentumSGD: Handed) -> object:
    """Train the small network three times: SGD and momentum at one rate, then SGD at ten times that rate."""

    def run() -> SpiralsLearned:
        runs = {}
        for label, momentum, lr in RUNS:
            name = f"your {label} (lr={number(lr)})"
            runs[name] = train(SGD, lr=lr) if momentum is None else train(MomentumSGD, lr=lr, momentum=momentum)
        return SpiralsLearned(runs)

    return unfinished(SGD=SGD, MomentumSGD=MomentumSGD) or attempt(run)
