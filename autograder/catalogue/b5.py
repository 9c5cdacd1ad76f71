"""B5: cosine annealing with warm restarts. Source: Loshchilov & Hutter 2017, and the course document, solution B5."""

from __future__ import annotations

import math
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np

from autograder.catalogue import Misconception, Question
from autograder.references.schedules import CosineAnnealingWarmRestarts, half_cosine, position_in_period
from lrtutorial.kinds.driven import Probe

M = Misconception
Rate = Callable[[CosineAnnealingWarmRestarts, float], float]  #: a method get_lr
LAST = 10_000  #: restarts are probed up to this epoch


# ---------------------------------------------------------------------------------------------- probes


def restarts(T_0: int, T_mult: int, last: int = LAST) -> list[int]:
    """Return the epochs up to ``last`` at which a period ends and the next begins."""
    found, epoch, period = [], T_0, T_0
    while epoch <= last:
        found.append(epoch)
        period *= T_mult
        epoch += period
    return found


def around(epochs: list[int]) -> list[int]:
    """Return each epoch with its two neighbours, in order."""
    return sorted({near for epoch in epochs for near in (epoch - 1, epoch, epoch + 1)})


def probes(rng: np.random.Generator) -> list[Probe]:
    """Draw schedules and the epochs to ask them at."""

    def rates() -> dict[str, float]:
        return {
            "lr_max": round(float(rng.uniform(0.05, 0.5)), 3),
            "lr_min": round(float(rng.uniform(0.002, 0.03)), 4),
        }

    def whole(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    short, period, far, even = whole(5, 12), whole(3, 6), whole(2, 7), whole(3, 9)
    far_mult, other_period, mixed = int(rng.choice([2, 4, 5])), whole(4, 8), whole(4, 9)
    constant = restarts(even, 1)
    constant = constant[:4] + sorted(int(epoch) for epoch in rng.choice(constant[4:], 10, replace=False))
    order = [int(epoch) for epoch in rng.permutation(6 * mixed)[:18]]
    eighths = [whole(0, 28 * period) for _ in range(24)]  # none of them whole: restarts are asked elsewhere
    fractions = [(eighth + (eighth % 8 == 0)) / 8 for eighth in eighths]
    fractions += [int(rng.uniform(0, 400)) + round(float(rng.uniform(0.01, 0.99)), 3) for _ in range(6)]
    fractions.sort()  # another order is asked for by itself
    plotted = whole(25, 60)
    if plotted in (2 * short, 100):
        plotted += 1
    found: list[Probe] = [
        {"id": "first_period", "kwargs": {"lr_max": rates()["lr_max"]}, "epochs": list(range(10))},
        {"id": "floor", "kwargs": {**rates(), "T_0": short}, "epochs": list(range(short))},
        {"id": "restarts", "kwargs": {**rates(), "T_0": period, "T_mult": 2}, "epochs": list(range(7 * period + 4))},
        {"id": "defaults", "kwargs": {"lr_max": rates()["lr_max"]}, "epochs": around([10, 30, 70])},
        {"id": "triple", "kwargs": {**rates(), "T_0": 1, "T_mult": 3}, "epochs": around(restarts(1, 3))},
        {"id": "far", "kwargs": {**rates(), "T_0": far, "T_mult": far_mult}, "epochs": around(restarts(far, far_mult))},
        {"id": "constant", "kwargs": {**rates(), "T_0": even, "T_mult": 1}, "epochs": around(constant)},
        {"id": "fractional", "kwargs": {**rates(), "T_0": period, "T_mult": 2}, "epochs": fractions},
        {"id": "any_order", "kwargs": {**rates(), "T_0": mixed}, "epochs": order + order[:6] + [0, 0, mixed, 0]},
        {"id": "numpy_integers", "kwargs": {**rates(), "T_0": mixed}, "epochs": list(range(0, 4 * mixed, 3)),
         "as": str(rng.choice(["int64", "int32"]))},
        {"id": "side_by_side", "kwargs": {}, "args": [*rates().values(), other_period, 2],
         "twin": {**rates(), "T_0": other_period + 3, "T_mult": 3}, "epochs": list(range(0, 4 * other_period, 2))},
        {"id": "plot", "kwargs": {**rates(), "T_0": short}, "plot": plotted},
        {"id": "plot_default", "kwargs": rates(), "plot": None},
    ]  # fmt: skip
    asked = [{"args": [], **probe} for probe in found]
    return [with_own_curve(probe) if "epochs" in probe and probe["id"] not in CURVES else probe for probe in asked]


#: These show the curve itself; the others judge where on it an answer is.
CURVES = ("first_period", "floor")
MANNERS = ("any_order", "numpy_integers", "side_by_side", "defaults")
DEFAULTS = {"lr_min": 0, "T_0": 10, "T_mult": 2}


def with_own_curve(probe: Probe) -> Probe:
    """Return a probe that also asks one long period at the positions of its epochs, or a new schedule at each."""
    own = []
    first = dict(zip(("lr_max", "lr_min", "T_0", "T_mult"), probe["args"], strict=False)) | probe["kwargs"]
    for settings in (first, *([probe["twin"]] if "twin" in probe else [])):
        if probe["id"] in MANNERS:
            spoken = DEFAULTS if probe["id"] == "defaults" else {}  # the same passed by name must give the same
            own.append({"kwargs": {**spoken, **settings}, "epochs": probe["epochs"]})
            continue
        where = [
            position_in_period(epoch, settings.get("T_0", 10), settings.get("T_mult", 2)) for epoch in probe["epochs"]
        ]
        longest = max(T_i for _, T_i in where)
        epochs = [T_cur * (longest // T_i) for T_cur, T_i in where]
        rates = {name: value for name, value in settings.items() if name.startswith("lr")}
        own.append({"kwargs": {**rates, "T_0": int(longest), "T_mult": 1}, "epochs": epochs})
    return {**probe, "own": own, "plain": probe["id"] in MANNERS}


# ---------------------------------------------------------------------------------------------- wrong answers


def wrong(rate: Rate) -> type:
    """Return a schedule whose ``get_lr(self, epoch)`` is ``rate``; it plots its own rates rightly."""
    return type("CosineAnnealingWarmRestarts", (CosineAnnealingWarmRestarts,), {"get_lr": rate})


def shaped(shape: Rate) -> type:
    """Return a schedule with right restarts whose rate is ``shape(self, progress)``."""

    def rate(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
        T_cur, T_i = position_in_period(epoch, self.T_0, self.T_mult)
        return shape(self, T_cur / T_i)

    return wrong(rate)


def timed(progress: Rate) -> type:
    """Return a schedule with a right half cosine whose progress is ``progress(self, epoch)``."""
    return wrong(lambda self, epoch: half_cosine(self.lr_max, self.lr_min, progress(self, epoch)))


def plotted(plot: Callable[..., object]) -> type:
    """Return a schedule with right rates and its own ``plot_schedule``."""
    return type("CosineAnnealingWarmRestarts", (CosineAnnealingWarmRestarts,), {"plot_schedule": plot})


def longer_than(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    period = self.T_0
    while epoch > period:
        epoch -= period
        period *= self.T_mult
    return epoch / period


def one_too_long(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    period = self.T_0
    while epoch > period:
        epoch -= period + 1
        period *= self.T_mult
    return epoch / period


def one_restart(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    period = self.T_0
    if epoch >= period:
        epoch -= period
        period *= self.T_mult
    return epoch / period


def added(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    period = self.T_0
    while epoch >= period:
        epoch -= period
        period += self.T_mult
    return epoch / period


def from_the_start(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    period = self.T_0
    while epoch >= period:
        period *= self.T_mult if self.T_mult > 1 else 2
    return epoch / period


def float_log(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    if self.T_mult == 1:
        return (epoch % self.T_0) / self.T_0
    n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
    begin = self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
    return (epoch - begin) / (self.T_0 * self.T_mult**n)


def closed_form_only(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    n, end = 0, self.T_0
    while epoch >= end:
        n += 1
        end = self.T_0 * (self.T_mult ** (n + 1) - 1) // (self.T_mult - 1)
    begin = self.T_0 * (self.T_mult**n - 1) // (self.T_mult - 1)
    return (epoch - begin) / (self.T_0 * self.T_mult**n)


def never_reaches_the_end(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    T_cur, T_i = position_in_period(epoch, self.T_0, self.T_mult)
    return T_cur / (T_i - 1)


def remembers(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    """Counts its own calls in place of looking at the epoch."""
    self.calls = getattr(self, "calls", -1) + 1
    T_cur, T_i = position_in_period(self.calls, self.T_0, self.T_mult)
    return T_cur / T_i


def advances(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    """Moves its last restart forward and never back."""
    if not hasattr(self, "begin"):
        self.begin, self.period = 0, self.T_0
    while epoch - self.begin >= self.period:
        self.begin += self.period
        self.period *= self.T_mult
    return (epoch - self.begin) / self.period


def lengthens_itself(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    while epoch >= self.T_0:
        epoch -= self.T_0
        self.T_0 *= self.T_mult
    return epoch / self.T_0


class Shared(CosineAnnealingWarmRestarts):
    """Keeps its settings in the class, so that the newest schedule changes all others."""

    settings: tuple[float, ...] = ()

    def __init__(self, lr_max: float, lr_min: float = 0, T_0: int = 10, T_mult: int = 2):
        super().__init__(lr_max, lr_min, T_0, T_mult)
        type(self).settings = (lr_max, lr_min, T_0, T_mult)

    def get_lr(self, epoch: float) -> float:
        return CosineAnnealingWarmRestarts(*self.settings).get_lr(epoch)


def decaying(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    T_cur, T_i = position_in_period(epoch, self.T_0, self.T_mult)
    n = sum(1 for restart in restarts(self.T_0, self.T_mult, int(epoch)))
    return half_cosine(self.lr_min + (self.lr_max - self.lr_min) * 0.5**n, self.lr_min, T_cur / T_i)


def only_python_integers(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    if not isinstance(epoch, int | float):
        raise TypeError("epoch must be a number")
    return CosineAnnealingWarmRestarts.get_lr(self, epoch)


def at(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    T_cur, T_i = position_in_period(epoch, self.T_0, self.T_mult)
    return T_cur / T_i


def drawn(
    first: int = 0,
    more: int = 0,
    fixed: bool = False,
    labels: bool = True,
    swapped: bool = False,
    draws: bool = True,
    returns: Callable[[list[float]], object] = lambda rates: rates,
) -> type:
    """Return a schedule whose plot has one thing changed."""

    def plot_schedule(self: CosineAnnealingWarmRestarts, total_epochs: int = 100) -> object:
        epochs = range(first, (100 if fixed else total_epochs) + first + more)
        rates = [self.get_lr(epoch) for epoch in epochs]
        if draws:
            plt.figure()
            plt.plot(rates, list(epochs)) if swapped else plt.plot(list(epochs), rates)
            if labels:
                plt.xlabel("Learning rate" if swapped else "Epoch")
                plt.ylabel("Epoch" if swapped else "Learning rate")
            plt.show()
        return returns(rates)

    return plotted(plot_schedule)


# ---------------------------------------------------------------------------------------------- right answers


def vectorised(self: CosineAnnealingWarmRestarts, epoch: np.ndarray | float) -> np.ndarray | float:
    """The course document's own loop, with NumPy's cosine."""
    T_i, T_cur = self.T_0, epoch
    while T_cur >= T_i:
        T_cur -= T_i
        T_i *= self.T_mult
    return self.lr_min + 0.5 * (self.lr_max - self.lr_min) * (1 + np.cos(np.pi * T_cur / T_i))


def absolute_ends(self: CosineAnnealingWarmRestarts, epoch: float) -> float:
    """Keeps begin and end of the period as epochs; a cosine of the half angle squared."""
    begin, end, length = 0, self.T_0, self.T_0
    while epoch >= end:
        length *= self.T_mult
        begin, end = end, end + length
    return self.lr_min + (self.lr_max - self.lr_min) * math.cos(math.pi / 2 * (epoch - begin) / length) ** 2


def plot_with_axes(self: CosineAnnealingWarmRestarts, total_epochs: int = 100) -> np.ndarray:
    """Draws a finer curve on axes of its own, with the restarts marked, and returns an array."""
    fine = np.arange(8 * total_epochs - 7) / 8
    fig, ax = plt.subplots()
    ax.plot(fine, [self.get_lr(epoch) for epoch in fine])
    ax.axvline(self.T_0, linestyle=":")
    ax.set(xlabel="epoch", ylabel="η", title="SGDR")
    plt.show()
    plt.close(fig)
    return np.array([self.get_lr(epoch) for epoch in np.arange(total_epochs)])


QUESTIONS = {
    "b5": Question(
        reference=CosineAnnealingWarmRestarts,
        probes=probes,
        misconceptions=(
            M(
                "b5-no_half",
                "The ½ is missing: the schedule starts at twice the range above lr_min",
                "forgets that 1 + cos runs from 2 to 0",
                (
                    "Which values does 1 + cos take as the angle goes from 0 to π?",
                    "At epoch 0 the rate must be lr_max. What does yours give?",
                ),
                shaped(lambda s, p: s.lr_min + (s.lr_max - s.lr_min) * (1 + math.cos(math.pi * p))),
            ),
            M(
                "b5-no_one",
                "The 1 + is missing: the cosine goes below zero and takes the rate with it",
                "scales by the bare cosine",
                (
                    "Which values does a cosine take? A share of the range must lie between 0 and 1.",
                    "Look at the rate in the second half of a period: it is below lr_min.",
                ),
                shaped(lambda s, p: s.lr_min + 0.5 * (s.lr_max - s.lr_min) * math.cos(math.pi * p)),
            ),
            M(
                "b5-full_cosine",
                "A whole cosine in each period: the rate comes back up before the restart",
                "uses 2π where half a turn is meant",
                (
                    "Where is your rate lowest: in the middle of the period, or at its end?",
                    "The angle goes from 0 to half a turn over one period.",
                ),
                shaped(lambda s, p: half_cosine(s.lr_max, s.lr_min, 2 * p)),
            ),
            M(
                "b5-quarter_cosine",
                "A quarter of a turn in each period: it starts flat and ends steep, with no slow end",
                "uses cos from 0 to π/2",
                (
                    "How flat is your curve near the end of a period? Annealing ends as gently as it begins.",
                    "The angle goes from 0 to half a turn over one period.",
                ),
                shaped(lambda s, p: s.lr_min + (s.lr_max - s.lr_min) * math.cos(math.pi / 2 * p)),
            ),
            M(
                "b5-forgets_lr_min",
                "lr_min is ignored: the rate falls to zero",
                "anneals to zero",
                (
                    "Ask your schedule just before a restart, with lr_min = 0.01.",
                    "lr_min is both the floor and the start of the range.",
                ),
                shaped(lambda s, p: 0.5 * s.lr_max * (1 + math.cos(math.pi * p))),
            ),
            M(
                "b5-lr_min_on_top",
                "lr_min is added on top of lr_max: the range must be lr_max − lr_min",
                "adds the floor without taking it from the range",
                (
                    "At epoch 0 the rate must be lr_max, whatever lr_min is.",
                    "How wide is the band between floor and ceiling?",
                ),
                shaped(lambda s, p: s.lr_min + 0.5 * s.lr_max * (1 + math.cos(math.pi * p))),
            ),
            M(
                "b5-lr_min_twice",
                "lr_min is added twice",
                "adds the floor once outside and once inside",
                (
                    "Ask your schedule at epoch 0 and just before a restart: both are too high by the same amount.",
                    "Look for lr_min in your formula: once as the floor, once in the range.",
                ),
                shaped(lambda s, p: s.lr_min + half_cosine(s.lr_max, s.lr_min, p)),
            ),
            M(
                "b5-lr_min_as_clip",
                "lr_min is used to cut the curve off, not as the end of the cosine",
                "takes the larger of the cosine and lr_min",
                (
                    "Is your curve flat for a while before each restart?",
                    "The cosine itself should end at lr_min, not at zero.",
                ),
                shaped(lambda s, p: max(s.lr_min, 0.5 * s.lr_max * (1 + math.cos(math.pi * p)))),
            ),
            M(
                "b5-sine",
                "A sine in place of the cosine",
                "starts half way up",
                (
                    "What is sin 0? At epoch 0 the rate must be lr_max.",
                    "Which of the two functions starts at its highest point?",
                ),
                shaped(lambda s, p: s.lr_min + 0.5 * (s.lr_max - s.lr_min) * (1 + math.sin(math.pi * p))),
            ),
            M(
                "b5-degrees",
                "The angle is in degrees: cos expects radians",
                "uses 180 for half a turn",
                (
                    "What does math.cos(180) give on your machine?",
                    "Half a turn has a name in radians.",
                ),
                shaped(lambda s, p: half_cosine(s.lr_max, s.lr_min, 180 * p / math.pi)),
            ),
            M(
                "b5-no_pi",
                "π is missing: the angle stops at 1 radian, well before half a turn",
                "forgets the factor π",
                (
                    "Which angle does your cosine reach at the end of a period, and where should it be?",
                    "Just before a restart the rate must be near lr_min.",
                ),
                shaped(lambda s, p: half_cosine(s.lr_max, s.lr_min, p / math.pi)),
            ),
            M(
                "b5-linear",
                "A straight line in each period, not a cosine",
                "lets the rate fall by the same amount each epoch",
                (
                    "Compare your first two steps of a period with its middle ones: annealing starts and ends slowly.",
                    "Which function falls from 1 to −1, flat at both ends?",
                ),
                shaped(lambda s, p: s.lr_max - (s.lr_max - s.lr_min) * p),
            ),
            M(
                "b5-inverted",
                "The curve is upside down: it warms up and drops at the restart",
                "uses 1 − cos",
                (
                    "Ask your schedule at epoch 0. Which of the two rates comes back?",
                    "Check the sign before the cosine.",
                ),
                shaped(lambda s, p: half_cosine(s.lr_min, s.lr_max, p)),
            ),
            M(
                "b5-not_lengthened",
                "T_mult is ignored: all periods have length T_0",
                "restarts every T_0 epochs",
                (
                    "With T_0 = 10, T_mult = 2: where is the second restart? Yours is at 20.",
                    "What happens to the period's length at a restart?",
                ),
                timed(lambda s, e: (e % s.T_0) / s.T_0),
            ),
            M(
                "b5-never_restarts",
                "There is no restart: the cosine goes on and climbs back slowly",
                "puts the epoch into one endless cosine",
                (
                    "What is the rate right after the first period? It should jump, yours creeps.",
                    "The cosine needs the epochs since the last restart, not since the beginning.",
                ),
                timed(lambda s, e: e / s.T_0),
            ),
            M(
                "b5-stays_low",
                "There is no restart: after the first period the rate stays at lr_min",
                "anneals once",
                (
                    "Ask your schedule at epoch T_0: the word restart means that lr_max is back.",
                    "After a period ends, the next begins.",
                ),
                timed(lambda s, e: min(e / s.T_0, 1)),
            ),
            M(
                "b5-one_restart",
                "Only the first restart happens",
                "uses if where the search must go on",
                (
                    "Try epoch 35 with T_0 = 10: how many periods have passed? How many does your code take off?",
                    "One comparison takes off one period. What if there were several?",
                ),
                timed(one_restart),
            ),
            M(
                "b5-added",
                "T_mult is added to the period's length, not multiplied",
                "lengthens by T_mult epochs",
                (
                    "With T_0 = 10, T_mult = 2 the second period lasts 20 epochs. Yours?",
                    "The name T_mult says what to do with it.",
                ),
                timed(added),
            ),
            M(
                "b5-late_by_one",
                "A restart belongs to the new period: > where ≥ is needed",
                "counts the restart epoch to the old period",
                (
                    "Ask your schedule at the restart itself: epoch 10 with T_0 = 10 must give lr_max.",
                    "Periods hold the epochs 0 … T_0 − 1. To which one does T_0 belong?",
                ),
                timed(longer_than),
            ),
            M(
                "b5-period_too_long",
                "Each period is one epoch too long",
                "counts both ends of the period",
                (
                    "How many epochs lie between your first two restarts?",
                    "Epochs 0 … T_0 − 1 are T_0 of them already.",
                ),
                timed(one_too_long),
            ),
            M(
                "b5-ends_early",
                "The cosine reaches lr_min on the period's last epoch: it is divided by T_i − 1",
                "counts the steps between epochs, not the period",
                (
                    "What does your code do when a period is one epoch long?",
                    "At the middle of a period of 10, epoch 5, the rate must be half way. Is yours?",
                ),
                timed(never_reaches_the_end),
            ),
            M(
                "b5-divided_by_T_0",
                "The position is divided by T_0, not by the present period's length",
                "keeps the first period's length in the cosine",
                (
                    "Look at the second period: how often does your rate go down and up in it?",
                    "At the end of any period T_cur must be the whole of what it is divided by.",
                ),
                timed(lambda s, e: position_in_period(e, s.T_0, s.T_mult)[0] / s.T_0),
            ),
            M(
                "b5-epoch_for_T_cur",
                "The cosine gets the epoch itself, not the epochs since the last restart",
                "finds the period but forgets to start it at zero",
                (
                    "At a restart the cosine's angle must be 0 again. Which number do you put in?",
                    "Take the epoch at which the period began off.",
                ),
                timed(lambda s, e: e / position_in_period(e, s.T_0, s.T_mult)[1]),
            ),
            M(
                "b5-from_the_start",
                "The period is the first T_0·T_multⁿ beyond the epoch: past periods are not taken off",
                "compares the epoch with the period's length, not with its end",
                (
                    "With T_0 = 10 the second period ends at epoch 30, not at 20. Why?",
                    "Two things change at a restart: the length of the period, and where you count from.",
                ),
                timed(from_the_start),
            ),
            M(
                "b5-float_log",
                "The period is found with a logarithm in floating point, which misses some restarts",
                "trusts int(log(…)) at exact powers",
                (
                    "Try T_0 = 1, T_mult = 3 at epoch 121. Print the logarithm before you take its whole part.",
                    "Whole numbers can be compared and subtracted without any rounding.",
                ),
                timed(float_log),
            ),
            M(
                "b5-no_T_mult_1",
                "With T_mult = 1 it divides by zero",
                "uses the geometric sum without its special case",
                (
                    "What is 1 + 1 + 1 + … of n ones? The formula for a geometric series does not say.",
                    "Periods of equal length are the simplest case: try a loop, or treat it apart.",
                ),
                timed(closed_form_only),
            ),
            M(
                "b5-floored",
                "The epoch is rounded down: between whole epochs the rate stands still",
                "takes the whole part of the epoch",
                (
                    "SGDR changes the rate after every batch: epoch 2.5 is half way through the third epoch.",
                    "Where does your code turn the epoch into an integer?",
                ),
                wrong(lambda s, e: CosineAnnealingWarmRestarts.get_lr(s, int(e))),
            ),
            M(
                "b5-counts_calls",
                "The rate depends on how often get_lr was called, not on the epoch given",
                "advances an inner clock at every call",
                (
                    "Ask for the same epoch twice: do you get the same rate?",
                    "get_lr(epoch) is a function of epoch. It needs no memory.",
                ),
                timed(remembers),
            ),
            M(
                "b5-only_forward",
                "Going back to an earlier epoch fails: the last restart is remembered between calls",
                "keeps the period as state and only moves it forward",
                (
                    "Ask at epoch 50 and then at epoch 5.",
                    "Let each call find its period from T_0 again, in local variables.",
                ),
                timed(advances),
            ),
            M(
                "b5-changes_T_0",
                "get_lr changes self.T_0: the next call starts from a longer period",
                "uses the attribute as its loop variable",
                (
                    "Print T_0 of your schedule after a few calls.",
                    "Copy it into a local variable before the loop.",
                ),
                timed(lengthens_itself),
            ),
            M(
                "b5-shared",
                "Two schedules share their settings",
                "keeps the settings in the class and not in the object",
                (
                    "Make two schedules and ask the first: whose settings does it use?",
                    "self.name = … belongs to one object, a name of the class to all.",
                ),
                Shared,
            ),
            M(
                "b5-decaying",
                "The peak is lowered at each restart; here every restart goes back to lr_max",
                "mixes warm restarts with a decaying ceiling",
                (
                    "What is the rate at the second restart? It should equal the first.",
                    "Nothing of lr_max changes over time in this schedule.",
                ),
                wrong(decaying),
            ),
            M(
                "b5-T_0_fixed",
                "T_0 is ignored: the first period always lasts 10 epochs",
                "writes the default into the code",
                (
                    "Make a schedule with T_0 = 4. Where is its first restart?",
                    "Look for a number where an attribute should be.",
                ),
                wrong(lambda s, e: CosineAnnealingWarmRestarts(s.lr_max, s.lr_min, 10, s.T_mult).get_lr(e)),
            ),
            M(
                "b5-T_mult_fixed",
                "T_mult is ignored: periods always double",
                "writes 2 into the code",
                (
                    "Make a schedule with T_mult = 3. How long is its second period?",
                    "Look for a number where an attribute should be.",
                ),
                wrong(lambda s, e: CosineAnnealingWarmRestarts(s.lr_max, s.lr_min, s.T_0, 2).get_lr(e)),
            ),
            M(
                "b5-python_integers_only",
                "NumPy's integers are refused",
                "tests the epoch's type",
                (
                    "What is type(np.arange(3)[0])?",
                    "Is a test of the type needed at all?",
                ),
                wrong(only_python_integers),
            ),
            M(
                "b5-progress",
                "get_lr gives the share of the period that has passed, not a rate",
                "stops before the cosine",
                (
                    "You have found how far into the period the epoch is. What is left to do with it?",
                    "At progress 0 the rate is lr_max, at progress 1 it is lr_min.",
                ),
                wrong(at),
            ),
            M(
                "b5-plot-returns_nothing",
                "plot_schedule draws the rates but does not return them",
                "forgets the return",
                (
                    "What does print(schedule.plot_schedule(5)) show?",
                    "The last line should hand the rates back.",
                ),
                drawn(returns=lambda rates: None),
            ),
            M(
                "b5-plot-from_1",
                "The plot begins at epoch 1",
                "counts epochs from 1",
                (
                    "Which rate should come first in the list?",
                    "range and np.arange begin at 0 unless told otherwise.",
                ),
                drawn(first=1),
            ),
            M(
                "b5-plot-one_too_many",
                "plot_schedule returns one rate more than total_epochs",
                "includes the last end point",
                (
                    "How many numbers come back from plot_schedule(5)?",
                    "The epochs are 0 … total_epochs − 1.",
                ),
                drawn(more=1),
            ),
            M(
                "b5-plot-total_ignored",
                "total_epochs is ignored: the plot always covers 100",
                "writes the default into the code",
                (
                    "How many numbers come back from plot_schedule(5)?",
                    "Look for a 100 in the method's body.",
                ),
                drawn(fixed=True),
            ),
            M(
                "b5-plot-no_labels",
                "The figure's axes have no labels",
                "leaves the reader to guess",
                (
                    "What would a reader who sees only the figure not know?",
                    "Both axes need a name: one is time, the other the rate.",
                ),
                drawn(labels=False),
            ),
            M(
                "b5-plot-swapped",
                "The figure's axes are swapped",
                "plots the epoch over the rate",
                (
                    "Which quantity is given, and which one follows from it?",
                    "plot takes the horizontal values first.",
                ),
                drawn(swapped=True),
            ),
            M(
                "b5-plot-nothing_drawn",
                "plot_schedule returns the rates but draws nothing",
                "forgets the figure",
                (
                    "Does a picture appear when you call it?",
                    "A line with the epochs across and the rates up is all that is needed.",
                ),
                drawn(draws=False),
            ),
        ),
        accepted={
            "loop_with_numpy": wrong(vectorised),
            "half_angle": wrong(absolute_ends),
            "own_axes": plotted(plot_with_axes),
            "pyplot": drawn(),
            "array": drawn(returns=np.array),
            "tuple": drawn(returns=tuple),
        },
        lecture="Mark one period on the board: position 0, half of it, its end. The formula must give lr_max, the "
        "middle of the range, and nearly lr_min.",
        families=(
            (
                "not_lengthened never_restarts stays_low one_restart added late_by_one period_too_long "
                "ends_early divided_by_T_0 epoch_for_T_cur from_the_start T_0_fixed T_mult_fixed no_T_mult_1",
                "List the restarts for T_0 = 10, T_mult = 2 on the board: 10, 30, 70, 150. Take whole periods "
                "off one by one; the restart itself belongs to the new period.",
            ),
            (
                "float_log",
                "A logarithm in floating point lands just below a whole number at some restarts, as it does in "
                "a well-known library. Whole steps are exact: while T_cur >= T_i.",
            ),
            (
                "no_half no_one forgets_lr_min lr_min_on_top lr_min_twice lr_min_as_clip",
                "Check the two ends of a period: at cos 0 = 1 the formula gives lr_max, at cos π = −1 lr_min. "
                "That fixes the ½, the 1 + and both lr_min.",
            ),
            (
                "counts_calls only_forward changes_T_0 shared",
                "get_lr is a function of the epoch: the same epoch, the same rate, in any order of calls. "
                "Nothing may be counted or changed in it.",
            ),
            (
                "floored python_integers_only",
                "SGDR sets the rate within an epoch, too: fractional epochs are ordinary arguments, and so are "
                "NumPy's integers.",
            ),
        ),
    ),
}
