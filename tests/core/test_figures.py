"""Watching figures: what a block draws is that block's, in many threads at once, and nothing stays patched."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from lrtutorial.figures import watched


def test_threads_see_their_own_figures_and_leave_pyplot_as_it_was() -> None:
    before, wrong = (Figure.__init__, plt.show), []

    def work(count: int) -> None:
        try:
            for _ in range(15):
                with watched() as figures:
                    for _ in range(count):
                        plt.figure()
                        plt.plot([1, 2], [count, count])
                    drawn = [figure.axes[0].lines[0].get_ydata()[0] for figure in figures]
                if drawn != [count] * count:
                    wrong.append((count, drawn))
        except Exception as error:
            wrong.append((count, repr(error)))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(count,)) for count in (1, 2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert (Figure.__init__, plt.show) == before


def test_a_block_in_a_block_has_figures_of_its_own() -> None:
    with watched() as outer:
        plt.figure()
        with watched() as inner:
            plt.figure()
            plt.figure()
        assert len(inner) == 2
    assert len(outer) == 3  # those inside are inside this one, too


def _two_scales(ax: Axes) -> None:
    ax.plot([1, 2])
    ax.twinx().plot([3, 1])


def _a_first_tick_that_is_changed(ax: Axes) -> None:
    ax.plot([1, 2])
    ax.xaxis.majorTicks[0].label1.set_visible(False)  # and those after it are made like it
    ax.tick_params(axis="y", rotation=45, colors="red")


def _turned_round(ax: Axes) -> None:
    ax.loglog([1, 10, 100], [1, 2, 3])
    ax.minorticks_on()
    ax.xaxis.tick_top()
    ax.grid(True)
    plt.setp(ax.get_xticklabels(), rotation=30)
    assert ax.yaxis.get_ticks_position() == "left"


def _a_map(ax: Axes) -> None:
    ax.contour(np.outer(range(9), range(9)))
    ax.set_aspect("equal")
    for tick in ax.xaxis.get_major_ticks():
        tick.label1.set_color("green")


@pytest.mark.parametrize("draw", [_two_scales, _a_first_tick_that_is_changed, _turned_round, _a_map])
def test_what_is_drawn_inside_looks_as_it_does_outside(draw: Callable[[Axes], None]) -> None:
    def picture() -> bytes:
        figure, ax = plt.subplots()
        draw(ax)
        figure.savefig(image := io.BytesIO(), format="raw")
        plt.close(figure)
        return image.getvalue()

    with watched():
        inside = picture()
    assert inside == picture()


def test_ticks_that_nobody_asks_for_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    begin = Axis._get_tick  # type: ignore[attr-defined]
    monkeypatch.setattr(Axis, "_get_tick", lambda self, major: made.append(major) or begin(self, major))
    with watched() as figures:
        plt.semilogx([1, 10], [1, 2], label="loss")
        plt.grid(True)
        plt.legend()
    assert len(figures) == 1 and not made
