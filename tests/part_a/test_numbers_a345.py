"""A3 to A5: every number that the notebooks and the pictures state, computed here in another way."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import nbformat
import numpy as np
import pytest

from lrtutorial.course import find_exercise
from lrtutorial.experiments import a3_rmsprop as a3
from lrtutorial.experiments import a4_adam_bias as a4
from lrtutorial.experiments import a5_optimal_rate as a5
from lrtutorial.experiments.answers import Note, Picture, look_back, values

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions" / "part_a"


def prose(exercise: str) -> str:
    """All the markdown of a notebook, in one line."""
    notebook = nbformat.read(SOLUTIONS / f"{find_exercise(exercise).notebook}.ipynb", as_version=4)
    return " ".join(" ".join(c.source for c in notebook.cells if c.cell_type == "markdown").split())


A3, A4, A5 = map(prose, ("a3", "a4", "a5"))


def test_no_number_with_a_decimal_point_goes_untested() -> None:
    """A number added to the prose has to be added here as well."""
    known = {
        "a3": "0.9 0.99 0.999 3.16 31.6 0.990 0.010 0.316",
        "a4": "0.5 0.9 0.99 0.999 6.57 31.6 0.6",
        "a5": "0.0909 0.818 0.669 0.05 0.9 0.1 0.8 0.98 0.9802 0.1326 0.1353 0.115 0.270 0.519 "
        "11.5 0.0024 0.25 0.54 0.0576 0.2157 0.503 0.709",
    }
    for exercise, text in (("a3", A3), ("a4", A4), ("a5", A5)):
        assert set(re.findall(r"\d+\.\d+", text)) == set(known[exercise].split()), exercise


# ------------------------------------------------------------------------------------------ A3: RMSprop


@pytest.mark.parametrize(("beta", "said"), [(0.9, "3.16"), (0.99, "10"), (0.999, "31.6")])
def test_the_first_step_of_rmsprop(beta, said) -> None:
    first = a3.rmsprop_rate(1.0, beta, 0.0, 1)[0]
    assert f"{first:.3g}" == said and f"{said} η at β = {beta}" in A3
    assert first == pytest.approx(1 / np.sqrt(1 - beta))


def test_two_places_for_epsilon_are_a_hundred_times_apart_at_tiny_gradients() -> None:
    g, epsilon, s = 1e-6, 1e-8, (1e-6) ** 2
    outside, inside = g / (np.sqrt(s) + epsilon), g / np.sqrt(s + epsilon)
    assert f"{outside:.3f} η and {inside:.3f} η: a hundred times apart" in A3
    assert 95 < outside / inside < 105
    assert f"{outside:.3f} η and {inside:.3f} η" in a3.epsilon_conventions().alt_text


def test_noise_counts_as_size() -> None:
    rng = np.random.default_rng(1)
    s, steps = 0.0, []
    for g in 1 + 3 * rng.standard_normal(200_000):
        s = 0.999 * s + 0.001 * g * g
        steps.append(g / np.sqrt(s))
    assert f"{1 / np.sqrt(1 + 3**2):.3f}" == "0.316" and "1/√10 ≈ 0.316 η" in A3
    assert np.mean(steps[10_000:]) == pytest.approx(1 / np.sqrt(10), abs=0.01)


def test_alternating_gradients_leave_rmsprop_as_it_is() -> None:
    """The recursion sees squares only."""
    s, sizes = Fraction(0), []
    for t in range(6):
        s = Fraction(9, 10) * s + Fraction(1, 10) * Fraction((-1) ** t * 3) ** 2
        sizes.append(float(3 / s**0.5))
    assert sizes == pytest.approx(list(3 * a3.rmsprop_rate(3.0, 0.9, 0.0, 6)))


def test_the_picture_says_what_a_right_formula_draws() -> None:
    picture = a3.rmsprop_normalizes("eta/sqrt((1 - beta**t)*g**2 + epsilon)")
    first, last = 1 / np.sqrt(0.1), 1 / np.sqrt(1 - 0.9**40)
    assert f"{first:.2f} η at the first step, falling to {last:.2f} η after 40 steps" in picture.alt_text


# -------------------------------------------------------------------------------------- A4: bias correction


def test_where_uncorrected_adam_peaks_and_when_it_is_over() -> None:
    """By the closed form; the picture runs the averages."""
    t = np.arange(1, 20_001)
    ratio = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
    m, v = a4.uncorrected(20_000)
    assert m / np.sqrt(v) == pytest.approx(ratio, rel=1e-9)
    peak, last = int(t[np.argmax(ratio)]), int(t[ratio > 1.1][-1])
    assert f"$t = {peak}$, {ratio.max():.2f} times, and more than a tenth too long until $t = {last}$" in A4
    assert (ratio[:last] > 1.1).all() and (ratio >= 1 - 1e-12).all()
    said = a4.adam_uncorrected("sqrt(10)").alt_text
    assert f"begins at {ratio[0]:.2f}, peaks at {ratio.max():.2f} at t = {peak}" in said
    assert f"above 1.1 until t = {last}" in said and "drawn at 3.162" in said


def test_the_divisor_is_off_by_more() -> None:
    v1 = Fraction(1, 1000)  # (1 − β₂) · 1²
    assert "$v_1$ is a thousandth of what it estimates" in A4
    assert f"{float(v1) ** -0.5:.3g} times too small" in A4


def test_which_way_it_goes_depends_on_the_decays() -> None:
    first = {beta2: (1 - 0.9) / np.sqrt(1 - beta2) for beta2 in (0.9, 0.99)}
    assert "β₂ = 0.99 the first step would be right" in A4 and first[0.99] == pytest.approx(1)
    assert "with β₂ = 0.9 it would be too short" in A4 and first[0.9] < 0.5


def test_a_ratio_of_estimates_without_bias_has_one() -> None:
    chances = {Fraction(4): Fraction(1, 5), Fraction(-1): Fraction(4, 5)}
    assert sum(g * chance for g, chance in chances.items()) == 0
    drift = sum((1 if g > 0 else -1) * chance for g, chance in chances.items())
    assert drift == Fraction(-3, 5) and "mean of the sign is −0.6" in A4


def test_m_forgets_within_tens_of_steps_and_v_takes_thousands() -> None:
    def until_a_hundredth(beta: float) -> int:
        return int(np.ceil(np.log(0.01) / np.log(beta)))

    assert 10 < until_a_hundredth(0.9) < 100 < 1000 < until_a_hundredth(0.999) < 10_000


def test_the_bias_in_the_picture_is_measured_and_small_after_division() -> None:
    said = a4.bias_of_the_average("(1 - beta1**t)*E_g").alt_text
    low, high = map(float, re.search(r"between ([\d.]+) and ([\d.]+),", said).groups())
    assert 0.98 < low < 1 < high < 1.02 and "begins at 0.10" in said


# ---------------------------------------------------------------------------------------- A5: optimal rate


def test_the_bowl() -> None:
    eta = Fraction(2, 2 + 20)
    left = max(abs(1 - eta * 2), abs(1 - eta * 20))
    assert eta == Fraction(1, 11) and left == Fraction(9, 11)
    assert f"η* = 1/11 ≈ {float(eta):.4f}" in A5 and f"9/11 ≈ {float(left):.3f}" in A5
    assert f"the square of that, {float(left**2):.3f}" in A5
    assert (1 - Fraction(1, 20) * 20, 1 - Fraction(1, 20) * 2) == (0, Fraction(9, 10))
    assert "y-direction is solved in a single step, but x keeps 0.9 of its distance" in A5
    assert 1 - Fraction(1, 10) * 20 == -1 and "At η = 0.1 exactly, y flips its sign for ever" in A5
    assert (1 - Fraction(1, 2) * 2, 1 - Fraction(1, 2) * 20) == (0, -9) and "grow ninefold" in A5


@pytest.mark.parametrize(("kappa", "text"), [(10, "0.8 for 0.818 at κ = 10"), (100, "0.98 for 0.9802 at κ = 100")])
def test_the_approximation_is_too_optimistic(kappa, text) -> None:
    exact, near = Fraction(kappa - 1, kappa + 1), 1 - Fraction(2, kappa)
    digits = 3 if kappa == 10 else 4
    assert f"{float(near):g} for {float(exact):.{digits}g} at κ = {kappa}" == text and text in A5
    for k in np.geomspace(1, 1e6, 50):
        assert 1 - 2 / k < (k - 1) / (k + 1) < 1 - 1 / k + 1e-15


def test_a_hundred_steps() -> None:
    promised, real = 0.98**100, (99 / 101) ** 100
    assert f"it promises {promised:.4f} of the distance where {real:.4f} is left" in A5


def test_half_the_speed() -> None:
    """1 − 1/κ: the steps for a tenth are about twice as many."""
    steps = [np.log(0.1) / np.log(left) for left in (1 - 1 / 100, 99 / 101)]
    assert steps[0] / steps[1] == pytest.approx(2, rel=0.02)


def test_momentums_best_on_the_bowl_by_its_characteristic_roots() -> None:
    eta = (2 / (np.sqrt(20) + np.sqrt(2))) ** 2
    beta = ((np.sqrt(10) - 1) / (np.sqrt(10) + 1)) ** 2

    def left(eta: float, beta: float) -> float:
        return max(abs(np.roots([1, -(1 + beta - eta * curvature), beta])).max() for curvature in (2, 20))

    assert f"η = {eta:.3f}, β = {beta:.3f} and {np.sqrt(beta):.3f} per step" in A5
    assert left(eta, beta) == pytest.approx(np.sqrt(beta), abs=1e-6) == pytest.approx(float(a5.momentum_rate(10)))
    nearby = [left(eta * a, beta * b) for a in (0.97, 1, 1.03) for b in (0.95, 1, 1.05)]
    assert left(eta, beta) == min(nearby)


def test_the_goal_of_the_explorer_is_for_momentum_only() -> None:
    """The explorer's values of momentum meet it; plain gradient descent does at no rate."""

    def gap(eta: float, beta: float) -> float:
        point, velocity, curvature = np.array([5.0, 4.0]), np.zeros(2), np.array([2.0, 20.0])
        best = np.inf
        for _ in range(30):
            velocity = beta * velocity + curvature * point
            point = point - eta * velocity
            best = min(best, float(curvature @ point**2) / 2)
        return best

    assert gap(0.115, 0.27) < 1e-6
    assert min(gap(eta, 0.0) for eta in np.linspace(0.001, 0.1, 1000)) > 1e-6


def test_steps_for_a_tenth() -> None:
    assert a5.fewest_steps(100) == int(np.ceil(np.log(0.1) / np.log(99 / 101))) == 116
    said = a5.rate_over_condition("(kappa - 1)/(kappa + 1)").alt_text
    assert f"your formula gives {9 / 11:.3f}" in said and f"momentum's best {np.sqrt(0.26987):.3f}" in said
    assert "gradient descent took 116, momentum at its best 19 from the flat axis and 32 from the steep one" in said
    assert f"{np.log(0.1) / np.log(9 / 11):.1f}" == "11.5"


def test_the_runs_of_momentum_are_those_of_its_recurrence_in_closed_form() -> None:
    """With a double root r the run from rest is (1 + c t) rᵗ, c = 1 − (1 − ηλ)/r … counted here without running it."""
    for kappa in (10.0, 100.0, 1000.0):
        root = np.sqrt(kappa)
        eta, beta = (2 / (root + 1)) ** 2, ((root - 1) / (root + 1)) ** 2
        for steep, curvature, r in ((False, 1.0, np.sqrt(beta)), (True, kappa, -np.sqrt(beta))):
            t = np.arange(400)
            path = (1 + ((1 - eta * curvature) / r - 1) * t) * r**t
            assert a5.momentum_steps(kappa, steep) == np.flatnonzero(abs(path) > 0.1)[-1] + 1


def test_the_eigenbasis_splits_the_loss() -> None:
    x, z = a5.turned_run()
    assert np.allclose(np.linalg.norm(x, axis=1), np.linalg.norm(z, axis=1))
    assert np.allclose(z[1:], z[:-1] * (1 - 0.08 * a5.CURVATURES))
    assert "by -0.6 at every" in a5.change_of_basis().alt_text.replace("−", "-")


def test_the_border_is_met_on_real_data() -> None:
    """Oracle: torch's Hessian of the loss itself."""
    import torch

    x, y = torch.tensor(a5.ANSCOMBE)
    for centred, kappa in ((False, "844"), (True, "10")):
        at = x - x.mean() * centred
        loss = lambda w: ((w[0] * at + w[1] - y) ** 2).mean() / 2  # noqa: E731, B023
        hessian = torch.autograd.functional.hessian(loss, torch.zeros(2, dtype=x.dtype))
        found = torch.linalg.eigvalsh(hessian).flip(0).numpy()
        assert np.allclose(found, a5.regression_curvatures(centred)) and f"{found[0] / found[1]:.0f}" == kappa
    border = 2 / a5.regression_curvatures()[0]
    below, above = (a5.regression_run(share * border, 200) for share in (0.98, 1.02))
    assert below[-1] < below[0] / 100 and above[-1] > 1e6 * above[0] and (np.diff(below) < 0).all()


def test_two_rates_in_turn_and_the_explorers_question() -> None:
    """A5's answers: Chebyshev's two rates beat any two others; momentum reaches the goal from β = 0.25 to 0.54."""
    spectrum = np.linspace(2, 20, 400)
    rates = [1 / (11 + 9 / np.sqrt(2)), 1 / (11 - 9 / np.sqrt(2))]
    left = max(abs((1 - rates[0] * spectrum) * (1 - rates[1] * spectrum)))
    assert f"{(9 / 11) ** 30:.4f}" == "0.0024"
    assert [f"{rate:.4f}" for rate in rates] == ["0.0576", "0.2157"]
    assert f"{left:.3f}" == "0.503" and f"{np.sqrt(left):.3f}" == "0.709"
    tried = np.linspace(0.03, 0.3, 136)
    assert min(max(abs((1 - a * spectrum) * (1 - b * spectrum))) for a in tried for b in tried) > left - 1e-9
    curvatures = np.array([2.0, 20.0])
    for beta in np.arange(25, 55) / 100:
        x, v, reached = np.array([5.0, 4.0]), np.zeros(2), False
        for _ in range(30):
            v = beta * v + curvatures * x
            x = x - 0.115 * v
            reached |= (curvatures * x**2).sum() / 2 < 1e-6
        assert reached, beta


def test_the_explorers_of_a2_to_a4_draw_what_their_words_say() -> None:
    from lrtutorial.experiments import a2_momentum as a2

    assert "All ages add up to 1." in a2.weights(0.9, 0.1).alt_text
    assert "0.99 η in the end; with ε inside 0.00995 η" not in a3.lengths(1e-6, 1e-8).alt_text
    settled = 1e-6 / np.sqrt((1 - 0.9**40) * 1e-12 + 1e-8)
    assert f"and {settled:.3g} η.".rstrip("0") in a3.lengths(1e-6, 1e-8).alt_text
    assert "6.57 at t = 12" in a4.early_steps().alt_text and "1 at t = 1," in a4.early_steps(1, 0.9, 0.99).alt_text
    for shown in (a2.weights(0.0, 0.2), a3.lengths(100.0, 1e-4), a4.early_steps(1000, 0.0, 0.9)):
        assert 'alt="' in shown._repr_html_()


def test_the_derivations_of_a3_and_a4_are_shown_after_success_and_proved() -> None:
    from lrtutorial.checking import verdict_on
    from lrtutorial.experiments.answers import WORKED_OUT, worked_out

    for step, wrong, right in (
        ("a3-second_moment", "g", "(1 - beta^t)*g^2"),
        ("a4-expected_m", "E_g", "(1 - beta1^t)*E_g"),
    ):
        verdict_on(step, wrong)
        assert isinstance(worked_out(step), Note)
        assert verdict_on(step, right).right
        assert worked_out(step).signs == ("", "=", "=", "=") and len(WORKED_OUT[step]) == 4


def test_the_picture_finds_the_crossing() -> None:
    said = a5.two_factors("2/(lambda_max + lambda_min)").alt_text
    assert f"near η = {1 / 11:.3f}, with {9 / 11:.2f}" in said and f"leaves {9 / 11:.4f}" in said


# ---------------------------------------------------------------------------- pictures with no answer yet


PICTURES = [a3.rmsprop_normalizes, a4.adam_uncorrected, a4.bias_of_the_average, a5.two_factors, a5.rate_over_condition]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda function: function.__name__)
@pytest.mark.parametrize("answer", [..., None, "q + 1", "1 +", [], True], ids=repr)
def test_a_picture_without_an_answer_is_a_sentence(picture, answer) -> None:
    shown = picture(answer)
    assert isinstance(shown, Note) and "first" in repr(shown) and "<em>" in shown._repr_html_()


@pytest.mark.whole  # many seconds
@pytest.mark.parametrize("picture", PICTURES, ids=lambda function: function.__name__)
@pytest.mark.parametrize("answer", ["1", "0", "-2", "1/0"])
def test_a_wrong_answer_is_drawn_all_the_same(picture, answer) -> None:
    shown = picture(answer)
    assert isinstance(shown, Picture) and 'alt="' in shown._repr_html_()


def test_looking_back_waits_for_a_prediction() -> None:
    assert "my_prediction" in repr(look_back(..., 2.0, "Steps"))
    assert repr(look_back(3, 2.0, "Steps")) == "You predicted 3. Steps: 2."
    assert values("1/t", [{"t": 0}, {"t": 4}]).tolist()[1] == 0.25
