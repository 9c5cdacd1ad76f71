"""A3 to A5: references against oracles that know nothing of them; what follows from one's own results."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch

from autograder.catalogue import expectations, generator, public_expectations, questions
from lrtutorial import formulas as ex
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_exercise, find_step
from lrtutorial.kinds import formula

STEPS = [step for exercise in ("a3", "a4", "a5") for step in find_exercise(exercise).steps]
FORMULAS = [step.id for step in STEPS if step.kind.name == "formula"]


def at(step: str, answer: object = ..., **point: object):
    """The value of a step's reference (or of another answer) at a point."""
    tree = ex.read(questions()[step].reference if answer is ... else answer)
    exact = {name: Fraction(value) for name, value in point.items()}
    return formula.value_at(find_step(step), tree, exact)


@pytest.mark.parametrize(("exercise", "points"), [("a3", 20), ("a4", 20), ("a5", 20)])
def test_each_exercise_is_worth_its_points(exercise, points) -> None:
    assert find_exercise(exercise).points == points


# ------------------------------------------------------------------------------------------ A3: RMSprop


@pytest.mark.parametrize("t", [0, 1, 2, 9])
@pytest.mark.parametrize(("beta", "g"), [("9/10", "-7/3"), ("1/7", "5/2"), ("0", "3")])
def test_second_moment_is_where_the_recursion_ends(t, beta, g) -> None:
    s = Fraction(0)
    for _ in range(t):
        s = Fraction(beta) * s + (1 - Fraction(beta)) * Fraction(g) ** 2
    assert at("a3-second_moment", t=t, beta=beta, g=g) == s


def rmsprop(g: float, lr: float, beta: float, eps: float, steps: int) -> tuple[float, float]:
    """torch's average of squares after ``steps`` constant gradients, and the length of the last step."""
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.RMSprop([x], lr=lr, alpha=beta, eps=eps)
    before = 0.0
    for _ in range(steps):
        before = x.item()
        x.grad = torch.full_like(x, g)
        optimizer.step()
    return optimizer.state[x]["square_avg"].item(), abs(x.item() - before)


@pytest.mark.parametrize("steps", [1, 2, 30])
@pytest.mark.parametrize("g", [-3.0, 0.02])
def test_second_moment_and_effective_rate_agree_with_torch(steps, g) -> None:
    """torch puts ε outside the root: at ε → 0 both conventions are the same."""
    square_avg, step = rmsprop(g, 0.01, 0.9, 1e-30, steps)
    point = {"beta": Fraction(9, 10), "g": Fraction(g), "t": steps}
    assert float(at("a3-second_moment", **point)) == pytest.approx(square_avg, rel=1e-12)
    rate = at("a3-effective_lr", eta=Fraction(1, 100), epsilon=Fraction(1, 10**60), **point)
    assert float(rate) * abs(g) == pytest.approx(step, rel=1e-9)


def test_effective_rate_has_epsilon_inside_the_root() -> None:
    """Hand-made numbers: s = 16 − 16·(1/2)⁴ = 15, and 15 + 1 = 16 has the root 4."""
    assert at("a3-effective_lr", eta=1, beta="1/2", g=4, epsilon=1, t=4) == Fraction(1, 4)


@pytest.mark.parametrize("g", [-2.5, 0.3])
def test_limit_is_where_torch_settles(g) -> None:
    _, step = rmsprop(g, 0.01, 0.9, 1e-30, 400)
    assert float(at("a3-limit_lr", eta=Fraction(1, 100), g=Fraction(g))) * abs(g) == pytest.approx(step, rel=1e-9)


# -------------------------------------------------------------------------------------- A4: bias correction


@pytest.mark.parametrize("t", [1, 2, 5])
def test_mean_and_correction_by_counting_every_sequence_of_gradients(t) -> None:
    """Two equally likely gradients, 2^t sequences: the mean of m_t over all of them, exactly."""
    beta1, values = Fraction(3, 5), (Fraction(-1, 3), Fraction(7, 2))
    mean = sum(values) / 2
    ends, corrected = [], []
    for sequence in product(values, repeat=t):
        m = Fraction(0)
        for g in sequence:
            m = beta1 * m + (1 - beta1) * g
        ends.append(m)
        corrected.append(at("a4-corrected_m", beta1=beta1, m_t=m, t=t))
    assert sum(ends) / len(ends) == at("a4-expected_m", beta1=beta1, E_g=mean, t=t)
    assert sum(corrected) / len(corrected) == mean


def adam(steps: int, g: float = 1.0) -> tuple[float, float, float]:
    """torch's m, v and the length of its last (corrected) step at lr = 1, default betas, ε → 0."""
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=1.0, eps=1e-30)
    before = 0.0
    for _ in range(steps):
        before = x.item()
        x.grad = torch.full_like(x, g)
        optimizer.step()
    state = optimizer.state[x]
    return state["exp_avg"].item(), state["exp_avg_sq"].item(), abs(x.item() - before)


def test_bias_and_first_step_agree_with_torch() -> None:
    m, v, corrected = adam(1, g=-0.3)
    assert float(at("a4-bias_at_1")) == pytest.approx(m / -0.3, rel=1e-12)
    assert float(at("a4-first_step_ratio")) == pytest.approx(abs(m) / v**0.5 / corrected, rel=1e-9)


# ---------------------------------------------------------------------------------------- A5: optimal rate


def rotated(smallest: float, largest: float, seed: int = 0) -> np.ndarray:
    """A symmetric 4 × 4 matrix with these extreme eigenvalues, two more between them, in no special basis."""
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    return basis @ np.diag([smallest, *rng.uniform(smallest, largest, 2), largest]) @ basis.T


@pytest.mark.parametrize(("smallest", "largest"), [(0.5, 4.0), (1.0, 1.5), (0.1, 9.0)])
@pytest.mark.parametrize("share", [-0.2, 0.01, 0.4, 0.97, 1.03, 2.0])
def test_condition_is_true_exactly_where_descent_converges(smallest, largest, share) -> None:
    eta = share * 2 / largest
    step = np.eye(4) - eta * rotated(smallest, largest)
    start = np.ones(4)
    left = np.linalg.norm(np.linalg.matrix_power(step, 150) @ start)
    converges = at("a5-condition", lambda_max=Fraction(largest), lambda_min=Fraction(smallest), eta=Fraction(eta))
    assert converges == (left < np.linalg.norm(start))  # of a symmetric step the norm only falls or, late, grows


@pytest.mark.parametrize(("smallest", "largest"), [(0.5, 4.0), (1.0, 1.5), (0.1, 9.0)])
def test_optimal_rate_and_its_rate_by_spectral_norms_of_a_rotated_bowl(smallest, largest) -> None:
    matrix = rotated(smallest, largest, seed=3)
    eigen = {"lambda_max": Fraction(largest), "lambda_min": Fraction(smallest)}
    best = float(at("a5-optimal_lr", **eigen))

    def left(eta: float) -> float:
        return float(np.linalg.norm(np.eye(4) - eta * matrix, 2))

    others = np.linspace(0, 2 / largest, 4001)
    assert left(best) <= min(map(left, others)) + 1e-12
    kappa = at("a5-condition_number", **eigen)
    assert float(kappa) == pytest.approx(np.linalg.cond(matrix, 2), rel=1e-9)
    assert float(at("a5-rate", kappa=kappa)) == pytest.approx(left(best), rel=1e-9)


def test_rate_100_by_running_it() -> None:
    """From distance 1 along both axes of curvatures 1 and 100, exactly."""
    eta = at("a5-optimal_lr", lambda_max=100, lambda_min=1)
    x, y = Fraction(1), Fraction(1)
    for _ in range(3):
        x, y = x - eta * x, y - eta * 100 * y
    assert abs(x) == abs(y) == at("a5-rate_100") ** 3


# --------------------------------------------------------------------------- following from earlier results


#: (step, own earlier wrong answer, what follows from it)
FOLLOWS = [
    ("a3-effective_lr", "g**2", "eta/sqrt(g**2 + epsilon)"),
    ("a3-effective_lr", "(1 - beta**(t - 1))*g**2", "eta/sqrt((1 - beta**(t - 1))*g**2 + epsilon)"),
    ("a3-limit_lr", "eta/((1 - beta**t)*g**2 + epsilon)", "eta/g**2"),
    ("a3-limit_lr", "eta*sqrt((1 - beta**t)*g**2 + epsilon)", "eta*abs(g)"),
    ("a3-limit_lr", "eta/sqrt(Sum(beta**k*g**2, (k, 0, t - 1)) + epsilon)", "eta*sqrt(1 - beta)/abs(g)"),
    ("a4-corrected_m", "(1 - beta1**(t - 1))*E_g", "m_t/(1 - beta1**(t - 1))"),
    ("a4-corrected_m", "beta1**t*E_g", "m_t/beta1**t"),
    ("a4-bias_at_1", "beta1**t*E_g", "9/10"),
    ("a4-bias_at_1", "(1 - beta1**(t + 1))*E_g", 0.19),
    ("a5-rate", "1/lambda_max", "1 - 1/kappa"),
    ("a5-rate", "1/(lambda_max + lambda_min)", "1 - 1/(kappa + 1)"),
    ("a5-rate_100", "1 - 2/kappa", "98/100"),
    ("a5-rate_100", "(kappa - 1)**2/(kappa + 1)**2", "(99/101)**2"),
]


@pytest.mark.parametrize("points", ["public", "secret"])
@pytest.mark.parametrize(("step_id", "before", "then"), FOLLOWS)
def test_what_follows_from_ones_own_result_earns_method_points(step_id, before, then, points) -> None:
    step = find_step(step_id)
    source, _ = step.kind.follows
    expected = public_expectations(step_id) if points == "public" else expectations(step_id, generator("x"))
    evidence = formula.collect(step, {step.answers[0]: then})
    earlier = {source: formula.collect(find_step(source), {"x": before})}
    verdict = formula.judge(step, evidence, expected, earlier)
    assert verdict.status == "partly" and verdict.points == round(formula.METHOD_SHARE * verdict.possible, 2)
    assert source in verdict.headline
    alone = formula.judge(step, evidence, expected, {})
    assert alone.points < verdict.points or alone.status == "partly"  # without it, only rounding is worth points


@pytest.mark.parametrize("step_id", [step for step in FORMULAS if find_step(step).kind.follows])
def test_a_right_earlier_result_leads_to_the_right_one(step_id) -> None:
    """Carrying on the earlier reference gives the reference."""
    source, carry = find_step(step_id).kind.follows
    expected = public_expectations(step_id)
    tree = ex.read(questions()[source].reference)
    carried = [formula.write_value(carry(tree, formula.read_point(point))) for point in expected.probes]
    assert formula.same_outcome(carried, expected.reference)


# ------------------------------------------------------------------------------------------- rounded numbers


@pytest.mark.parametrize(
    ("step_id", "answer", "share"),
    [
        ("a4-first_step_ratio", 3.16, 1),
        ("a4-first_step_ratio", "3.162", 1),
        ("a4-first_step_ratio", 3.2, 0.6),
        ("a4-first_step_ratio", 3.17, 0.6),
        ("a4-first_step_ratio", 3.0, 0),
        ("a4-first_step_ratio", np.sqrt(10), 1),
        ("a5-rate_100", 0.9802, 1),
        ("a5-rate_100", 0.980198, 1),
        ("a5-rate_100", 0.98, 0.6),
        ("a5-rate_100", "49/50", 0),
        ("a5-rate_100", 0.9803, 0.6),
        ("a5-rate_100", 0.99, 0),
        ("a5-rate_100", 1.0, 0),
        ("a4-bias_at_1", 0.1, 1),
        ("a4-bias_at_1", 0.1001, 0),
        ("a4-bias_at_1", 0.0, 0),
    ],
)
def test_decimals_count_as_far_as_they_are_right(step_id, answer, share) -> None:
    verdict = verdict_on(step_id, answer)
    assert verdict.points == pytest.approx(share * verdict.possible), str(verdict)


def test_098_is_named_as_the_approximation() -> None:
    verdict = verdict_on("a5-rate_100", 0.98)
    assert verdict.misconception == "a5-rate_100-approximation" and "1 − 2/κ" in verdict.headline
    assert "four" in verdict.hint or "4" in verdict.lines[0].note


@pytest.mark.parametrize("step_id", ["a4-bias_at_1", "a4-first_step_ratio", "a5-rate_100"])
def test_the_counterexample_of_a_number_does_not_print_it(step_id) -> None:
    right = float(at(step_id))
    for mistake in questions()[step_id].misconceptions:
        said = verdict_on(step_id, mistake.answer).counterexample
        numbers = {number.rstrip(".") for number in re.findall(r"[\d.]+(?:e-?\d+)?", said)}
        assert not numbers & {f"{right:.{digits}g}" for digits in (3, 4, 5, 6)}, said


def test_each_hint_for_a_special_case_agrees_with_the_reference() -> None:
    told = 0
    for step_id in FORMULAS:
        step = find_step(step_id)
        for words, case, wanted in getattr(step.kind, "limits", ()):
            for point in public_expectations(step_id).probes[:3]:
                there = {
                    **formula.read_point(point),
                    **{name: Fraction(value) for name, value in case.items()},
                }
                value = ex.evaluate(ex.read_text(wanted), there)
                assert ex.same_number(at(step_id, **there), value), words
                told += 1
    assert told > 40
