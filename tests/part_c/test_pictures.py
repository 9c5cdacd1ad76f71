"""A result's picture is drawn once, and is what Matplotlib's own savefig, which draws it twice, would have written."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lrtutorial.experiments.results import Result
from lrtutorial.figures.ticks import keep_ticks


@dataclass(frozen=True, repr=False)
class Losses(Result):
    scale: float

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        left.semilogy(np.geomspace(1, 1e-4 * self.scale, 30), label="a loss of $10^{-4}$")
        left.legend()
        right.loglog(np.arange(1, 30), np.arange(1, 30.0) ** self.scale)
        right.set(title="a title\nof two lines", xlabel="step", ylabel="loss")

    @property
    def alt_text(self) -> str:
        return "two falling lines"


@dataclass(frozen=True, repr=False)
class Crowded(Losses):
    """Axes whose ticks are hard to keep: as many as there is room for, a common exponent, a box of its own shape.

    One pair shares an axis and is of two heights; one has a second axis on its right.
    """

    def draw(self, figure: Figure) -> None:
        grid = figure.add_gridspec(2, 3, height_ratios=(1, 4))
        top = figure.add_subplot(grid[0, 0])
        below = figure.add_subplot(grid[1, 0], sharex=top, sharey=top)
        square, wide = figure.add_subplot(grid[:, 1]), figure.add_subplot(grid[:, 2])
        for axes in (top, below, square, wide):
            axes.plot(np.linspace(0, 3e-7, 40), 1e8 + np.arange(40.0) * self.scale)
        below.set(ylabel="a label of the axis below", xlabel="x")
        square.set(title="a square", box_aspect=1, ylabel="loss")
        wide.twinx().plot([0, 3e-7], [0, 1e6 * self.scale])
        wide.xaxis.set_tick_params(rotation=70)
        wide.minorticks_on()
        figure.align_ylabels()


@pytest.mark.parametrize("kind", [Losses, Crowded])
def test_a_picture_is_the_file_that_savefig_writes(kind: type[Losses]) -> None:
    for scale, dpi in ((1.0, 110), (3.7, 90)):
        expected = io.BytesIO()
        kind(scale).figure().savefig(expected, format="png", dpi=dpi)
        assert kind(scale).png(dpi) == expected.getvalue()


def test_the_ticks_are_worked_out_once_for_each_place_of_the_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The axes lie in three places: where they begin, and where each of the layout's two rounds puts them."""
    worked_out: list[Axis] = []
    update = Axis._update_ticks  # type: ignore[attr-defined]
    monkeypatch.setattr(Axis, "_update_ticks", lambda axis: worked_out.append(axis) or update(axis))
    Losses(1.0).png()
    axes = set(worked_out)
    assert len(axes) == 4
    assert max(map(worked_out.count, axes)) <= 3, "Matplotlib alone asks eleven times and more"
    worked_out.clear()
    Losses(1.0).figure().savefig(io.BytesIO(), format="png")
    assert min(map(worked_out.count, set(worked_out))) > 6


Change = Callable[[Axes], object]


def _numbers(keep: Callable[[Figure], None], share: bool, change: Change, changed: int) -> list[list[float]]:
    """Return the numbers along two axes side by side, one of which was changed after they had been drawn."""
    figure = Figure(figsize=(9, 4))
    left = figure.add_axes((0.1, 0.1, 0.35, 0.8))
    pair = [left, figure.add_axes((0.6, 0.1, 0.35, 0.8), sharex=left if share else None)]
    keep(figure)
    FigureCanvasAgg(figure).draw()
    change(pair[changed])
    return [[float(tick.get_loc()) for tick in axes.xaxis._update_ticks()] for axes in pair]


@pytest.mark.parametrize(
    "change",
    [lambda axes: axes.set_position((0.1, 0.1, 0.05, 0.8)), lambda axes: axes.set_xlim(0, 37)],
    ids=["narrower", "other limits"],
)
@pytest.mark.parametrize("share", [False, True])
def test_the_ticks_follow_the_axes_and_those_that_they_share_an_axis_with(share: bool, change: Change) -> None:
    """Shared axes find their numbers by the room that one of them has: the other's change without its being moved."""
    plain = [_numbers(lambda figure: None, share, change, changed) for changed in (0, 1)]
    assert [_numbers(keep_ticks, share, change, changed) for changed in (0, 1)] == plain
    untouched = _numbers(lambda figure: None, share, lambda axes: None, 0)
    assert plain != [untouched, untouched], "the change shows"
