"""Watching figures: what a block draws is that block's, in many threads at once, and nothing stays patched."""

from __future__ import annotations

import sys
import threading

import matplotlib.pyplot as plt
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
