"""A1: gradient descent on f = a x²/2 at three rates, one of them exactly on the border."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from lrtutorial import formulas as ex
from lrtutorial.experiments.results import BLACK, BLUE, GREEN, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVATURE = Fraction(2)
START = Fraction(1)
STEPS = 12
#: Calm, overshooting, and on the border 2/a.
RATES = (Fraction(1, 5), Fraction(9, 10), 2 / CURVATURE)
#: What is said to each prediction for a = 2 and η = 0.9.
WHAT_HAPPENS = {
    "one side": "You predicted that x stays on one side. The factor is 1 − 0.9·2 = −0.8: its sign turns x round at "
    "every step. x stays on one side below η = 1/a = 0.5.",
    "jumps and shrinks": "You predicted this: the factor is 1 − 0.9·2 = −0.8. Its sign makes x jump, its size of 0.8 "
    "makes the distance shrink.",
    "jumps and grows": "You predicted that the jumps grow. The factor is 1 − 0.9·2 = −0.8: x jumps, but its size is "
    "below 1, so the distance shrinks. The jumps grow above η = 2/a = 1.",
}


def descend(rate: Fraction, steps: int = STEPS) -> list[Fraction]:
    """The iterates x_0 … x_steps of gradient descent on f = a x²/2, taken one by one and exactly."""
    path = [START]
    for _ in range(steps):
        path.append(path[-1] - rate * CURVATURE * path[-1])
    return path


@dataclass(frozen=True, repr=False)
class ThreeRates(Result):
    """Iterates at three rates; your closed form beside them where there is one that can be read."""

    paths: tuple[tuple[float, ...], ...]
    yours: tuple[tuple[float, ...], ...] | None
    caption: str

    size = (9.0, 3.6)

    def draw(self, figure: Figure) -> None:
        """Left the iterates, step by step; right the factor's size over the rate."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        looks = ((BLUE, "o", "-"), (GREEN, "s", "--"), (VERMILION, "^", ":"))
        for rate, path, (colour, marker, dash) in zip(RATES, self.paths, looks, strict=True):
            label = f"η = {number(float(rate))}" + (" = 2/a" if rate == 2 / CURVATURE else "")
            left.plot(path, color=colour, marker=marker, linestyle=dash, markersize=5, label=label)
            size = abs(float(1 - rate * CURVATURE))
            right.plot([float(rate)], [size], color=colour, marker=marker, markersize=8, linestyle="")
        for index, path in enumerate(self.yours or ()):
            left.plot(
                path,
                color=BLACK,
                marker="o",
                markersize=10,
                fillstyle="none",
                linestyle="",
                label="your closed form" if index == 0 else None,
            )
        left.set(xlabel="step t", ylabel="iterate x", ylim=(-1.35, 1.75))
        left.legend(loc="upper right", ncols=2, fontsize=8, framealpha=1)
        rates = np.linspace(-0.15, 1.25, 200)
        right.plot(rates, abs(1 - rates * float(CURVATURE)), color=BLACK, zorder=1)
        right.axhline(1, color="0.5", linewidth=1, linestyle="--")
        right.set(xlabel=f"rate η (a = {CURVATURE})", ylabel="what one step multiplies |x| by")

    @property
    def alt_text(self) -> str:
        """The three fates in words and numbers."""
        ends = [abs(path[-1]) for path in self.paths]
        return (
            f"Iterates of gradient descent on a parabola with curvature {CURVATURE} from x = {START}, {STEPS}"
            f" steps. At rate {number(float(RATES[0]))} they fall to {number(ends[0])} without changing sign."
            f" At {number(float(RATES[1]))} they change sign at every step and shrink to {number(ends[1])} in"
            f" size. At {number(float(RATES[2]))}, which is 2/a, they jump between 1 and −1 for ever. Beside"
            " it, what one step multiplies the distance by, over the rate: it is below 1 between 0 and 2/a."
        )

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{self.caption}</p>"


def three_rates(closed_form: object = ..., prediction: object = ...) -> ThreeRates:
    """Draw the iterates at three rates, with circles for ``closed_form`` once there is one.

    closed_form: the student's formula in a, eta, x0 and t, or ``...``.
    prediction: what the student expects at η = 0.9, one of "one side", "jumps and shrinks", "jumps and grows".
    """
    paths = tuple(tuple(float(x) for x in descend(rate)) for rate in RATES)
    yours = _evaluated(closed_form)
    said = WHAT_HAPPENS.get(
        str(prediction).strip().lower(),
        "Write your prediction above, then run this cell again to set it beside the picture.",
    )
    if yours is None:
        said += " Once closed_form is in place, it is drawn as circles on top of the steps."
    return ThreeRates(paths, yours, said)


def _evaluated(closed_form: object) -> tuple[tuple[float, ...], ...] | None:
    try:
        tree = ex.right_hand_side(ex.read(closed_form))
        return tuple(
            tuple(
                float(ex.evaluate(tree, {"a": CURVATURE, "eta": rate, "x0": START, "t": Fraction(t)}))
                for t in range(STEPS + 1)
            )
            for rate in RATES
        )
    except (ex.Unreadable, ex.Undefined, ex.Undecided):
        return None
