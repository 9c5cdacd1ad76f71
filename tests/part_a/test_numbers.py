"""Every number in the prose of A1 and A2, computed afresh; each must also stand in the text it is computed for."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest

from lrtutorial.experiments import a1_convergence as a1
from lrtutorial.experiments import a2_momentum as a2
from lrtutorial.experiments.results import Result


def test_a1_steps_to_a_thousandth(prose) -> None:
    factor = abs(1 - Fraction(9, 10) * 2)
    assert factor == Fraction(4, 5)
    steps = next(t for t in range(100) if factor**t <= Fraction(1, 1000))
    assert steps == math.ceil(math.log(0.001) / math.log(0.8)) == 31
    text = prose("a1_convergence")
    assert "leaves 80% of the distance" in text and f"it takes {steps}" in text


def test_a1_the_picture_shows_what_the_text_says(prose) -> None:
    calm, alternating, border = map(a1.descend, a1.RATES)
    assert all(0 < after < before for before, after in zip(calm, calm[1:], strict=False))
    assert all(
        after * before < 0 and abs(after) < abs(before)
        for before, after in zip(alternating, alternating[1:], strict=False)
    )
    assert border == [Fraction((-1) ** n) for n in range(a1.STEPS + 1)]
    assert a1.descend(1 / a1.CURVATURE)[1] == 0
    text = prose("a1_convergence")
    assert "twelve steps at three rates" in text and a1.STEPS == 12 and len(a1.RATES) == 3
    assert (
        "use the rate $\\eta = 0.9$" in text and a1.RATES[1] == Fraction(9, 10) and a1.CURVATURE == 2 and a1.START == 1
    )


def test_a1_beyond_the_border_and_on_a_hilltop() -> None:
    far = a1.descend(Fraction(101, 100), 400)
    assert abs(far[-1]) > 1000
    assert all(abs(1 - rate * -a1.CURVATURE) > 1 for rate in (Fraction(1, 100), Fraction(1), Fraction(50)))


@pytest.mark.parametrize(
    ("prediction", "word"),
    [
        ("jumps and shrinks", "You predicted this"),
        ("one side", "You predicted that x stays"),
        ("Jumps and grows ", "You predicted that the jumps"),
        (..., "Write your"),
    ],
)
def test_a1_the_caption_takes_up_the_prediction(prediction, word) -> None:
    shown = a1.three_rates("(1-eta*a)**t*x0", prediction)
    assert shown.caption.startswith(word) and "<img" in shown._repr_html_() and shown.alt_text in repr(shown)
    assert shown.yours is not None and np.allclose(shown.yours, shown.paths)


def test_a1_what_is_said_to_each_prediction_is_what_happens() -> None:
    path = a1.descend(Fraction(9, 10))
    assert all(after == Fraction(-8, 10) * before for before, after in zip(path, path[1:], strict=False))
    assert all(x > 0 for x in a1.descend(Fraction(49, 100))) and min(a1.descend(Fraction(51, 100))) < 0
    assert all("−0.8" in said for said in a1.WHAT_HAPPENS.values())


@pytest.mark.parametrize("nothing", [..., None, 3.5j, "what?", "1/(t - 3)", "y*x0"])
def test_a1_the_picture_survives_an_answer_that_is_none(nothing) -> None:
    shown = a1.three_rates(nothing)
    assert shown.yours is None and "Once closed_form is in place" in shown.caption
    assert len(shown.figure().axes) == 2


def test_a2_shares_and_sums(prose) -> None:
    shares = [Fraction(9, 10) ** n for n in range(60)]
    total = list(accumulate(shares))
    assert f"{float(total[9]):.1f}" == "6.5"
    settled = next(n + 1 for n, part in enumerate(total) if part >= Fraction(99, 100) * 10)
    assert settled == 44
    assert f"{1 / 1.9:.2f}" == "0.53"
    text = prose("a2_momentum")
    assert (
        "after 10 steps it is 6.5 times, after 44 it is within one percent" in text and "about 0.53 of the rate" in text
    )


def test_a2_the_two_gradients() -> None:
    shown = a2.two_gradients("shorter")
    assert shown.constant == pytest.approx([(1 - 0.9**n) / 0.1 for n in range(1, a2.STEPS + 1)])
    assert shown.alternating == pytest.approx([(1 - (-0.9) ** n) / 1.9 for n in range(1, a2.STEPS + 1)])
    assert shown.caption.startswith("You predicted this")
    assert "“longer”" in a2.two_gradients("longer").caption and "Write your" in a2.two_gradients(...).caption


def run_momentum(product: float, beta: float, steps: int = 4000) -> float:
    """The size of x after many steps of v ← βv + λx, x ← x − ηv with λ = 1, from x = 1: by doing it."""
    x, v = 1.0, 0.0
    for _ in range(steps):
        v = beta * v + x
        x -= product * v
        if abs(x) > 1e6:
            break
    return abs(x) + abs(v)


@pytest.mark.parametrize(("beta", "border"), [(0.0, 0.1), (0.5, 0.15), (0.9, 0.19), (0.99, 0.199)])
def test_a2_the_border_of_stability_is_where_runs_stop_converging(beta, border, prose) -> None:
    assert a2.largest_rate(20, beta) == pytest.approx(border, abs=1e-12)
    assert run_momentum(border * 20 * 0.99, beta) < 1e-3
    assert run_momentum(border * 20 * 1.01, beta) > 1e3
    assert a2.spectral_radius(np.array([border * 20]), beta) == pytest.approx(1)
    assert f"{border:g}" in prose("a2_momentum")


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_a2_no_rate_shrinks_faster_than_the_root_of_beta(beta) -> None:
    factors = a2.spectral_radius(np.linspace(0.001, 4.2, 3000), beta)
    assert factors.min() == pytest.approx(math.sqrt(beta), abs=2e-3)
    matrix = np.array([[1 + beta - 0.7, -beta], [1, 0]])  # x_{t+1}, x_t from x_t, x_{t−1}
    assert a2.spectral_radius(np.array([0.7]), beta)[0] == pytest.approx(abs(np.linalg.eigvals(matrix)).max())


def test_a2_without_momentum_the_bowl_bears_a_tenth() -> None:
    assert np.linalg.eigvalsh([[2, 0], [0, 20]]).max() == 20
    assert a2.largest_rate(20, 0) == pytest.approx(0.1)


@pytest.mark.parametrize("make", [a1.three_rates, a2.two_gradients, a2.stability])
def test_figures_are_labelled_and_described(make) -> None:
    shown = make()
    assert isinstance(shown, Result) and len(shown.alt_text) > 100
    for axes in shown.figure().axes:
        assert axes.get_xlabel() and axes.get_ylabel()


@pytest.fixture
def prose():
    """A function that returns the Markdown of a notebook in one string."""
    from pathlib import Path

    import nbformat

    def read(name: str) -> str:
        path = Path(__file__).parents[2] / "solutions" / "part_a" / f"{name}.ipynb"
        return "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")

    return read
