"""Sixty wrong answers to B3 as students write them, in six styles, made without a look at the catalogue.

All must be caught, and most be named; what is named is checked by hand here: the name that fits is in the table.
"""

from __future__ import annotations

import numpy as np
import pytest

from autograder.catalogue import questions
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step
from tests.part_b.right_answers import B3

LISTS, TABLE, APART, LOOP, MATRIX, PLACE = B3
ANY = "unnamed"  #: no name says it: that something is off, and where, is what can be said
WRONG = [  # (answer, style, what stands there, what the student wrote, the end of the name)
    ("run_sgd", LISTS, "pos = pos - lr", "pos = pos + lr", "ascends"),
    ("run_sgd", LISTS, "np.array([2 * pos[0], 20 * pos[1]])", "np.array([2 * pos[0], 10 * pos[1]])", "gradient_ten"),
    ("run_sgd", LISTS, "np.array([2 * pos[0], 20 * pos[1]])", "np.array([2 * pos[0], 2 * pos[1]])", "gradient_no_ten"),
    ("run_sgd", LISTS, "np.array([2 * pos[0], 20 * pos[1]])", "np.array([20 * pos[0], 2 * pos[1]])",
     "gradient_swapped"),
    ("run_sgd", LISTS, "np.array([2 * pos[0], 20 * pos[1]])", "np.array([pos[0], 10 * pos[1]])", "gradient_no_two"),
    ("run_sgd", TABLE, "lr * SCALE * points[i]", "SCALE * points[i]", "sgd_no_rate"),
    ("run_sgd", TABLE, "lr * SCALE * points[i]", "0.05 * SCALE * points[i]", "sgd_fixed_rate"),
    ("run_sgd", TABLE, "lr * SCALE * points[i]", "lr * np.sign(SCALE * points[i])", "sgd_sign"),
    ("run_sgd", TABLE, "lr * SCALE * points[i]", "lr / (i + 1) * SCALE * points[i]", "sgd_decays"),
    ("run_sgd", APART, "        y -= lr * 20 * y\n", "", ANY),
    ("run_sgd", APART, "range(steps)", "range(steps - 1)", "one_less"),
    ("run_sgd", APART, "rows = [[x, y]]", "rows = []", "no_start"),
    ("run_sgd", APART, "return np.array(rows)", "return rows", "list"),
    ("run_sgd", APART, "return np.array(rows)", "return np.array(rows).T", "transposed"),
    ("run_sgd", APART, "return np.array(rows)", "print(np.array(rows))", "no_return"),
    ("run_sgd", APART, "range(steps)", "range(steps + 1)", "one_more"),
    ("run_sgd", PLACE, "result.append(theta.copy())", "result.append(theta)", "aliased"),
    ("run_sgd", PLACE, "theta = np.array(start, dtype=float)", "theta = start", "moves_start"),
    ("run_sgd", MATRIX, "range(steps + 1)", "range(steps)", ANY),
    ("run_sgd", LOOP, "x = x - move(grad(x), t)", "x = np.clip(x - move(grad(x), t), -6, 6)", "clipped_position"),
    ("run_momentum", LISTS, "v = momentum * v + gradient(pos)", "v = momentum * v + (1 - momentum) * gradient(pos)",
     "momentum_average"),
    ("run_momentum", LISTS, "v = momentum * v + gradient(pos)", "v = 0.9 * v + gradient(pos)",
     "momentum_fixed_momentum"),
    ("run_momentum", LISTS, "v = momentum * v + gradient(pos)",
     "old = v; v = momentum * v + gradient(pos); pos = pos - lr * momentum * (v - old)", "momentum_nesterov"),
    ("run_momentum", LISTS, "v = momentum * v + gradient(pos)", "v = momentum * v + gradient(pos - lr * momentum * v)",
     ANY),
    ("run_momentum", LISTS, "pos = pos - lr * v", "pos = pos - lr * (gradient(pos) + momentum * v)",
     "momentum_nesterov"),
    ("run_momentum", TABLE, "momentum * velocity + SCALE", "momentum * velocity - SCALE", "ascends"),
    ("run_momentum", TABLE, "momentum * velocity + SCALE", "momentum * (velocity + SCALE", "momentum_whole_scaled"),
    ("run_momentum", TABLE, "points[i] - lr * velocity", "points[i] - velocity", "momentum_no_rate"),
    ("run_momentum", TABLE, "velocity = momentum * velocity + SCALE * points[i]",
     "velocity = velocity + momentum * SCALE * points[i]", "momentum_on_gradient"),
    ("run_momentum", TABLE, "velocity = momentum * velocity + SCALE * points[i]",
     "velocity += SCALE * points[i]", "momentum_sum"),
    ("run_momentum", TABLE, "    velocity = 0.0\n    for i in range(steps):\n",
     "    for i in range(steps):\n        velocity = 0.0\n", "momentum_not_stored"),
    ("run_momentum", APART, "vx = momentum * vx + 2 * x\n        vy = momentum * vy + 20 * y",
     "vx = (1 - momentum) * vx + 2 * x\n        vy = (1 - momentum) * vy + 20 * y", "momentum_one_minus"),
    ("run_momentum", APART, "vy = momentum * vy + 20 * y", "vy = momentum * vx + 20 * y", ANY),
    ("run_momentum", LOOP, 'return lr * state["v"]', 'return momentum * state["v"]', "momentum_for_rate"),
    ("run_momentum", MATRIX, "u = momentum * u + A @ w\n        w = w - lr * u",
     "w = w - lr * u\n        u = momentum * u + A @ w", ANY),
    ("run_rmsprop", LISTS, "(np.sqrt(s) + eps)", "np.sqrt(s + eps)", "rmsprop_epsilon_inside"),
    ("run_rmsprop", LISTS, "(np.sqrt(s) + eps)", "np.sqrt(s)", "rmsprop_no_epsilon"),
    ("run_rmsprop", LISTS, "(np.sqrt(s) + eps)", "(s + eps)", "rmsprop_no_root"),
    ("run_rmsprop", LISTS, "(np.sqrt(s) + eps)", "(np.sqrt(s) + 1e-8)", "rmsprop_fixed_epsilon"),
    ("run_rmsprop", TABLE, "beta * square + (1 - beta) * slope * slope", "square + slope * slope", "rmsprop_adagrad"),
    ("run_rmsprop", TABLE, "beta * square + (1 - beta) * slope * slope", "beta * square + (1 - beta) * slope",
     "rmsprop_not_squared"),
    ("run_rmsprop", TABLE, "beta * square + (1 - beta) * slope * slope", "(1 - beta) * square + beta * slope * slope",
     "rmsprop_swapped_second"),
    ("run_rmsprop", APART, "gx, gy = 2 * x, 20 * y", "gx, gy = 2 * x, 2 * y", "gradient_no_ten"),
    ("run_rmsprop", APART, "np.sqrt(sy) + eps", "np.sqrt(sx) + eps", ANY),
    ("run_rmsprop", LOOP, 'state["s"] = beta * state["s"] + (1 - beta) * g * g',
     'state["s"] = beta * state["s"] + g * g', "rmsprop_sum_second"),
    ("run_rmsprop", PLACE, "s += (1 - beta) * g ** 2", "s += (1 - beta) * np.sum(g ** 2)", "rmsprop_norm"),
    ("run_rmsprop", PLACE, "s += (1 - beta) * g ** 2", "s += (1 - beta) * abs(g)", "rmsprop_absolute"),
    ("run_adam", LISTS, "for t in range(1, steps + 1)", "for t in range(steps)", "adam_t_from_zero"),
    ("run_adam", LISTS, "for t in range(1, steps + 1)", "for t in range(2, steps + 2)", "adam_t_from_two"),
    ("run_adam", LISTS, "m_hat = m / (1 - beta1**t)\n        v_hat = v / (1 - beta2**t)", "m_hat, v_hat = m, v",
     "adam_no_correction"),
    ("run_adam", LISTS, "v_hat = v / (1 - beta2**t)", "v_hat = v / (1 - beta1**t)", "adam_correction_one_beta"),
    ("run_adam", LISTS, "(1 - beta1**t)", "(1 - beta1*t)", "adam_correction_product"),
    ("run_adam", LISTS, "v = beta2 * v + (1 - beta2) * g**2", "v = beta2 * v + (1 - beta2) * m**2",
     "adam_square_of_m"),
    ("run_adam", TABLE, "beta1 ** (i + 1)", "beta1 ** i", "adam_t_from_zero"),
    ("run_adam", TABLE, "mean = beta1 * mean + (1 - beta1) * slope", "mean = beta1 * mean + slope", "adam_sum_first"),
    ("run_adam", TABLE, "lr * first / (second ** 0.5 + eps)", "lr * first / second ** 0.5 + eps",
     "adam_epsilon_apart"),
    ("run_adam", TABLE, "lr * first / (second ** 0.5 + eps)", "lr * slope / (second ** 0.5 + eps)", "adam_rmsprop"),
    ("run_adam", APART, "(np.sqrt(v / (1 - beta2 ** t)) + eps)", "np.sqrt(v / (1 - beta2 ** t) + eps)",
     "adam_epsilon_inside"),
    ("run_adam", LOOP, 'state["m"] = beta1 * state["m"] + (1 - beta1) * g',
     'state["m"] = beta2 * state["m"] + (1 - beta2) * g', "adam_beta2_twice"),
    ("run_adam", MATRIX, "run_adam(start, lr, beta1, beta2", "run_adam(start, lr, beta2, beta1",
     "adam_betas_swapped"),
]  # fmt: skip


def space_of(source: str) -> dict:
    space: dict = {"np": np}
    exec(source, space)
    return space


def wrong(answer: str, style: str, old: str, new: str):
    """The function with a slip; other functions of the style stay out of it."""
    source = B3[style]
    begin = source.index(f"def {answer}(") if f"def {answer}(" in source else 0
    at = source.find(old, begin)
    at = at if at >= 0 else source.index(old)
    if new.endswith("(velocity + SCALE"):
        new += " * points[i])"
        old += " * points[i]"
    return space_of(source[:at] + new + source[at + len(old) :])[answer]


def named(verdict) -> str:
    return verdict.misconception or ANY


@pytest.mark.parametrize(("answer", "style", "old", "new", "name"), WRONG)
def test_a_wrong_answer_that_nobody_catalogued_is_caught_and_told_truly(answer, style, old, new, name) -> None:
    function = wrong(answer, style, old, new)
    given = {**questions()["b3"].reference, answer: function}
    verdict = verdict_on("b3", *(given[one] for one in find_step("b3").answers))
    assert not verdict.right, (answer, new)
    assert verdict.misconception is None or name == ANY or verdict.misconception.endswith(name), str(verdict)
    assert name == ANY or verdict.misconception, str(verdict)


def test_there_are_sixty_and_most_have_a_name() -> None:
    assert len(WRONG) >= 60
    assert sum(name != ANY for *_, name in WRONG) / len(WRONG) >= 0.89
