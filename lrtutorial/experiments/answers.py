"""Pictures that draw a student's formula beside what running the method gives.

Where an answer is still to be found, one sentence stands in the picture's place, so that the notebook runs
through. Matplotlib loads when a picture is first drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial import formulas as ex
from lrtutorial.experiments.results import Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]


@dataclass(repr=False)
class Picture(Result):
    """A drawing with its words."""

    drawing: Callable[[Figure], None]
    words: str
    size: tuple[float, float] = (9.0, 3.6)

    def draw(self, figure: Figure) -> None:
        self.drawing(figure)

    @property
    def alt_text(self) -> str:
        return self.words


@dataclass(repr=False)
class Note:
    """One sentence where a picture would stand, or beside one."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<p role="note"><em>{escape(self.text)}</em></p>'


def values(answer: object, points: Sequence[Mapping[str, float | Fraction]]) -> Array | None:
    """Return a formula's value at every point, NaN where it has none; None when ``answer`` is no formula yet.

    >>> values("eta/2", [{"eta": 3}, {"eta": 5}]).tolist()
    [1.5, 2.5]
    """
    if answer is ... or answer is None:
        return None
    found = []
    try:
        tree = ex.right_hand_side(ex.read(answer))
        for point in points:
            try:
                found.append(float(ex.evaluate(tree, {name: Fraction(value) for name, value in point.items()})))
            except ex.Undefined:
                found.append(float("nan"))
    except (ex.Unreadable, ex.Undecided):
        return None
    return np.array(found)


def waiting_for(name: str) -> Note:
    """Return the sentence that stands in place of a figure while the answer it draws is missing."""
    return Note(f"Find {name} first, in the cell above; then run this cell again to see it drawn.")


def look_back(prediction: object, found: float, what: str) -> Note:
    """Return a sentence that sets a prediction beside what was found; without one, it asks for one."""
    said = values(prediction, [{}])
    if said is None:
        return Note("Put a number in place of the ... of my_prediction first; then run this cell again.")
    return Note(f"You predicted {number(float(said[0]))}. {what}: {number(found)}.")


#: The derivations that are shown once a step is right, line by line.
WORKED_OUT = {
    "a3-second_moment": (
        "Sum((1 - β)*β^k*g^2, (k, 0, t - 1))",
        "(1 - β)*g^2*Sum(β^k, (k, 0, t - 1))",
        "(1 - β)*g^2*(1 - β^t)/(1 - β)",
        "(1 - β^t)*g^2",
    ),
    "a4-expected_m": (
        "Sum((1 - β1)*β1^k*E_g, (k, 0, t - 1))",
        "(1 - β1)*E_g*Sum(β1^k, (k, 0, t - 1))",
        "(1 - β1)*E_g*(1 - β1^t)/(1 - β1)",
        "(1 - β1^t)*E_g",
    ),
}


def worked_out(step: str) -> object:
    """Return a step's derivation, each line with its proved sign, once its check has said Right; else a note."""
    from lrtutorial import derivation
    from lrtutorial.answers.session import HERE

    verdict = HERE.verdicts.get(step)
    if verdict is None or not verdict.right:
        return Note(f"The derivation stands here, line by line, once {step} is right: run this cell again then.")
    return derivation(*WORKED_OUT[step])
