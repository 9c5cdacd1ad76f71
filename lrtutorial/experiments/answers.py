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
