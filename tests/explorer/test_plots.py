"""The still pictures: what is drawn is what was given, in the shared colours, and labelled."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from lrtutorial.figures.palette import STYLES
from lrtutorial.plots import plot_range_test, plot_schedule, plot_trajectories


@pytest.fixture(autouse=True)
def no_windows() -> Iterator[None]:
    matplotlib.use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def test_trajectories_are_drawn_in_their_optimizers_styles() -> None:
    runs = {
        "SGD (lr=0.05)": np.array([[5.0, 4.0], [4.5, 0.0]]),
        "Your Adam": np.array([[5.0, 4.0], [4.0, 3.0]]),
    }
    ax = plot_trajectories(runs)
    lines = {line.get_label(): line for line in ax.get_lines()}
    np.testing.assert_array_equal(lines["SGD (lr=0.05)"].get_xydata(), runs["SGD (lr=0.05)"])
    assert lines["SGD (lr=0.05)"].get_color() == STYLES["sgd"].color
    assert lines["Your Adam"].get_color() == STYLES["yours"].color
    np.testing.assert_array_equal(lines["start"].get_xydata(), [[5.0, 4.0]])
    np.testing.assert_array_equal(lines["minimum"].get_xydata(), [[0.0, 0.0]])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_aspect()) == ("x", "y", 1.0)


def test_a_diverged_run_is_cut_and_said_so() -> None:
    run = np.array([[5.0, 4.0], [5.0, -40.0], [5.0, 400.0], [np.nan, np.nan]])
    ax = plot_trajectories({"SGD": run})
    line = next(line for line in ax.get_lines() if line.get_label() == "SGD, diverges")
    np.testing.assert_array_equal(line.get_xydata(), run[:2])
    assert ax.get_ylim() == (-5.0, 5.0)


def test_schedule_calls_a_function_of_the_epoch() -> None:
    ax = plot_schedule(lambda epoch: 0.1 / (1 + epoch), 5, ax=Figure().subplots())
    np.testing.assert_allclose(ax.get_lines()[0].get_xydata()[:, 1], 0.1 / np.arange(1, 6))
    assert ax.get_xlabel() == "Epoch"


def test_range_test_has_a_log_axis_and_marks_the_suggestion() -> None:
    ax = plot_range_test([1e-3, 1e-2, 1e-1], [2.0, 1.0, np.nan], 1e-2)
    assert ax.get_xscale() == "log"
    assert len(ax.get_lines()[0].get_xdata()) == 2
    assert ax.get_lines()[1].get_xdata()[0] == 1e-2


@pytest.mark.parametrize(
    "draw, text",
    [
        (lambda: plot_trajectories({}), "at least one trajectory"),
        (lambda: plot_trajectories({"SGD": np.zeros((3, 3))}), r"\(steps\+1, 2\)"),
        (lambda: plot_schedule([0.1, np.inf]), "finite rates"),
        (lambda: plot_range_test([1, 2], [1]), "2 rates and 1 losses"),
        (lambda: plot_range_test([0, 1], [1, 1]), "above 0"),
    ],
)
def test_wrong_arguments_say_what_was_expected(draw, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        draw()
