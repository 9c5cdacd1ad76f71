"""An axis's ticks, worked out once for each place that the layout tries.

Matplotlib asks an axis for its ticks, and for the boxes of their labels, some fifteen times for one picture: for its
own label, its neighbours', the spines, the title. Between two places of the axes the answer is always the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axis import Axis, Tick
    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

    Boxes = tuple[list[Bbox], list[Bbox]]


def keep_ticks(figure: Figure) -> None:
    """Make the ticks of a figure that is finished, and only drawn from now on, be worked out once a place.

    Axes that share an axis are left as they are: how many numbers each shows depends on the room that one of them has.
    """
    for axes in figure.axes:
        for axis, shared in ((axes.xaxis, axes.get_shared_x_axes()), (axes.yaxis, axes.get_shared_y_axes())):
            if len(shared.get_siblings(axes)) == 1:
                kept = _Kept(axis)
                vars(axis).update(_update_ticks=kept.ticks, _get_ticklabel_bboxes=kept.boxes)


class _Kept:
    """What stands for two methods of an axis; the methods themselves are looked up only when they are asked for."""

    def __init__(self, axis: Axis):
        self._axis = axis
        self._place: tuple[float, ...] = ()
        self._ticks: list[Tick] = []
        self._boxes: Boxes | None = None

    def ticks(self) -> list[Tick]:
        """Return the ticks to draw, placed and labelled; where they lie depends on the limits and the axes' box."""
        place = (*self._axis.get_view_interval(), *self._axis.axes.bbox.bounds)
        if place != self._place:
            self._ticks = type(self._axis)._update_ticks(self._axis)  # type: ignore[attr-defined]
            self._place, self._boxes = place, None
        return self._ticks

    def boxes(self, ticks: list[Tick], *renderer: RendererBase) -> Boxes:
        """Return the boxes around the labels of ticks, on either side."""
        if self._boxes is not None and ticks is self._ticks:
            return self._boxes
        boxes: Boxes = type(self._axis)._get_ticklabel_bboxes(self._axis, ticks, *renderer)  # type: ignore[attr-defined]
        if ticks is self._ticks:
            self._boxes = boxes
        return boxes
