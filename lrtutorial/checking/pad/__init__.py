"""A pad to draw the curve that one expects: ``sketch = draw("name-of-the-step")``.

`sketch.js` is an anywidget (and, in the book, a part of the page): points are drawn by mouse or finger, or moved with
the arrow keys. Where nothing can be drawn, numbers do: ``sketch = {"one curve": [1, …], "another": [1, …]}``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lrtutorial.advice import Unusable
from lrtutorial.answers.session import HERE, in_notebook
from lrtutorial.checking.progress import kept_commitment
from lrtutorial.course import UnknownStep, steps
from lrtutorial.course.exercise import Step
from lrtutorial.kinds import Prediction
from lrtutorial.kinds.prediction import first_of
from lrtutorial.kinds.sketches import Sketch, read_points

HERE_LIES = Path(__file__).parent


class Pad:
    """What was drawn for a step, as far as it goes; in a notebook it shows itself as a widget."""

    def __init__(self, step: Step, sketch: Sketch) -> None:
        self._step, self._sketch = step, sketch
        first = HERE.committed.get(step.id) or first_of(step, kept_commitment(step.id)) or {}
        points = HERE.drawn.setdefault(step.id, {})
        for key in sketch.curves:
            points.setdefault(key, list(first.get("value", {}).get(key, [None] * len(sketch.at))))
        self._points: dict[str, list[float | None]] = points

    @property
    def drawing(self) -> object:
        """The heights by curve, where some are drawn; ``...`` where none is."""
        begun = any(height is not None for heights in self._points.values() for height in heights)
        return {key: list(heights) for key, heights in self._points.items()} if begun else ...

    def __repr__(self) -> str:
        if self.drawing is ...:
            return f"A pad for {self._step.id}: {self._step.asks}. {self._instead}"
        return f"{self._step.answers[0]} = {self.drawing!r}"

    @property
    def _instead(self) -> str:
        keys = ", ".join(f"{key!r}: [{len(self._sketch.at)} heights]" for key in self._sketch.curves)
        at = ", ".join(f"{x:g}" for x in self._sketch.at)
        return f"Nothing to draw on here? Give numbers: {self._step.answers[0]} = {{{keys}}}, at {at}."

    def widget(self) -> object:
        """Return the anywidget on which it is drawn."""
        import anywidget
        import traitlets

        class Drawing(anywidget.AnyWidget):
            _esm, _css = HERE_LIES / "sketch.js", HERE_LIES / "sketch.css"
            spec = traitlets.Dict().tag(sync=True)
            points = traitlets.Dict().tag(sync=True)

            def __repr__(widget) -> str:
                return repr(self)

        told = {**self._sketch.as_data(), "name": self._step.answers[0], "asks": self._step.asks}
        made = Drawing(spec=told, points={key: list(heights) for key, heights in self._points.items()})
        made.observe(lambda change: self._drawn(change["new"]), names="points")
        return made

    def _drawn(self, points: Mapping[str, object]) -> None:
        with suppress(ValueError):  # what the page sends and is no drawing changes nothing
            self.take(points)

    def take(self, points: Mapping[str, object]) -> None:
        """Take over the heights of curves, as drawn on the page or given as numbers; the axis ends hold them.

        Raises ValueError, and leaves the pad as it was, where these are no heights of its curves.
        """
        read = read_points(self._sketch, points)
        if isinstance(read, str):
            raise Unusable(f"{read} The pad is as it was.")
        for key, heights in read.items():
            self._points[key] = [None if height is None else self._sketch.held(height) for height in heights]


def draw(step: str) -> Pad:
    """Return a pad for a step's sketch, and show it in a notebook.

    What is drawn on it arrives at once; running the cell again keeps it. Raises LookupError for anything but the name
    of a step that asks for a sketch.
    """
    sketches = {
        each.id: (each, each.kind.sketch)
        for each in steps().values()
        if isinstance(each.kind, Prediction) and each.kind.sketch
    }
    if not isinstance(step, str) or step not in sketches:
        known = ", ".join(f'draw("{name}")' for name in sketches)
        raise UnknownStep(f"draw() takes the name of a sketch in quotes: {known}; {repr(step)[:60]} came instead")
    pad = Pad(*sketches[step])
    if in_notebook() and not (os.environ.get("NBGRADER_EXECUTION") or os.environ.get("LRTUTORIAL_GRADED")):
        from IPython.display import display

        try:
            display(pad.widget())
        except ImportError:  # no widgets here
            print(repr(pad))
    return pad
