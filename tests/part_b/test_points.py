"""One fault, the points an examiner would give: a table, drawn anew for every draw of probes; and what a crash says."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

from autograder.catalogue import expectations, generator, public_expectations, questions
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step
from tests.part_b.written_by_hand import WRITTEN, walks

# What the fault costs of 20: the line of the rubric that it breaks, and no other.
SGD = {
    "ascends": 4, "no_rate": 4, "fixed_rate": 4, "frozen_rate": 2, "sign": 4, "normalized": 4, "mean": 4,
    "first_only": 4, "decays": 4, "shrinks": 4, "rebinds": 2, "mutates": 2,
}  # fmt: skip
MOMENTUM = {
    "classical": 2, "nesterov": 5, "average": 5, "dampened": 5, "ascends": 5, "velocity_sign": 5, "not_stored": 5,
    "sum": 5, "on_gradient": 5, "moves_first": 5, "rate_twice": 5, "no_rate": 5, "gradient_twice": 5,
    "from_one": 5, "single": 2,
    "shared_velocity": 2, "fixed_momentum": 5, "other_default": 2, "frozen_rate": 2, "rebinds": 3, "copies": 3,
    "mutates": 3, "aliases": 3, "fading": 5, "one_minus": 5, "class_state": 3,
}  # fmt: skip
ADAM = {
    "no_correction": 6, "only_first": 6, "only_second": 6, "t_from_zero": 6, "t_from_two": 6, "t_never": 6,
    "t_per_parameter": 6, "epsilon_inside": 4, "epsilon_squared": 4, "no_epsilon": 4, "epsilon_hat": 4, "no_root": 4,
    "betas_swapped": 4, "weights_swapped": 4, "sums": 4, "sum_first": 4, "absolute": 4, "square_of_m": 4, "ascends": 4,
    "shared_state": 2, "rebinds": 2, "copies": 2, "mutates": 2, "frozen_rate": 2, "fixed_betas": 4,
    "fixed_epsilon": 4, "fixed_rate": 4, "rate_inside": 2, "stores_corrected": 6, "nadam": 4, "shrinks": 4,
    "rmsprop": 4, "momentum_only": 4, "correction_multiplied": 6, "belief": 4, "beta1_twice": 4,
    "norm": 4, "class_state": 2, "moves_first": 4, "from_one": 4, "single": 2, "correction_power": 6,
}  # fmt: skip
TABLE = [
    (step, answer, name, cost)
    for step, answer, costs in (("b1", "SGD", SGD), ("b1", "MomentumSGD", MOMENTUM), ("b2", "Adam", ADAM))
    for name, cost in costs.items()
]
DRAWS = ("public", "one", "other")


def expected_of(step: str, draw: str):
    return public_expectations(step) if draw == "public" else expectations(step, generator(draw, step))


EXPECTED = {(step, draw): expected_of(step, draw) for step in ("b1", "b2") for draw in DRAWS}


@pytest.mark.parametrize(("step_id", "answer", "name", "cost"), TABLE, ids=lambda part: str(part))
def test_one_fault_costs_the_line_it_breaks_whatever_the_draw(step_id, answer, name, cost) -> None:
    """The answers are written by hand: the simulation that names them shares no code with them."""
    step = find_step(step_id)
    answers = {**(questions()[step_id].reference if step_id == "b1" else {}), answer: WRITTEN[answer][name]}
    for draw in DRAWS:
        expected = EXPECTED[step_id, draw]
        verdict = step.judge(step.collect(answers, expected.probes), expected)
        assert verdict.points == 20 - cost, f"{draw}: {verdict}"
        assert verdict.misconception and verdict.misconception.endswith(name), f"{draw}: {verdict}"


def test_the_table_holds_sixty_faults() -> None:
    assert len(TABLE) >= 60


def test_a_mistake_that_all_four_runs_have_in_common_costs_once() -> None:
    names = find_step("b3").answers
    answers = {**questions()["b3"].reference, **walks(slope=lambda p: 2 * p)}
    verdict = verdict_on("b3", *(answers[name] for name in names))
    assert verdict.points == 16 and verdict.misconception == "b3-gradient_no_ten", str(verdict)


def test_some_functions_may_be_checked_alone_in_any_order() -> None:
    given = questions()["b3"].reference
    one = verdict_on("b3", given["run_sgd"])
    assert "run_sgd alone: right" in one.headline and one.status == "partly" and one.points == 2, str(one)
    two = verdict_on("b3", given["run_adam"], walks(sign=-1)["run_sgd"])
    assert two.status == "unreadable"  # a function of another name can't be told apart


# ---------------------------------------------------------------------------------------------- crashes


def typed(source: str, name: str):
    """What a student typed into a cell."""
    linecache.cache["<cell>"] = (len(source), None, source.splitlines(True), "<cell>")
    space: dict = {"np": np}
    exec(compile(source, "<cell>", "exec"), space)
    return space[name]


SCHEDULE = """
class CosineAnnealingWarmRestarts:
    def __init__(self, lr_max, lr_min=0, T_0=10, T_mult=2):
        self.lr_max = lr_max
    def get_lr(self, epoch):
        {}
    def plot_schedule(self, total_epochs=100):
        return []
"""


@pytest.mark.parametrize(
    ("body", "words", "cause"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero", "below the fraction bar"),
        ("return math.cos(epoch)", "NameError: name 'math' is not defined", "import math"),
        ("return self.lr_maxx", "has no attribute 'lr_maxx'", "lr_max"),
        ("x = x + 1; return x", "UnboundLocalError", "belongs to that function alone"),
        ("return np.ones(3) + np.ones(4)", "could not be broadcast", "don't fit together"),
        ("return [][1]", "IndexError", "how long"),
    ],
)
def test_a_crash_is_shown_as_a_crash_with_its_line_and_usual_cause(body, words, cause) -> None:
    verdict = verdict_on("b5", typed(SCHEDULE.format(body), "CosineAnnealingWarmRestarts"))
    assert words in verdict.headline and cause in verdict.hint, str(verdict)
    assert verdict.misconception is None and "line 6 of your cell, in get_lr" in verdict.where
    assert any(text.startswith("Met by: ") for text in verdict.details)


@pytest.mark.parametrize(
    ("body", "words", "cause"),
    [
        ("return lr_max", "Did you mean: 'self.lr_max'?", "Nothing is called lr_max here. Did you mean self.lr_max?"),
        ("return [1.0] * 0.5", "can't multiply sequence", "A list stands where"),
        ("return np.cosine(epoch)", "no attribute 'cosine'", "look up how it is spelled"),
        ("return np.ones(3) @ np.ones(4)", "raised ValueError: ", ""),
        ("return np.ones(3) ^ 2.0", "bitwise_xor", "a power is written **"),
        ("return 0.5 ^ 2", "for ^:", "a power is written **"),
        ("return epoch[0]", "not subscriptable", "A single number stands where"),
        ("a = np.zeros(2); a[0] = np.ones(3); return a", "with a sequence", "room for one number"),
        ("return 2 * None", "NoneType", "a function without a return gives None"),
        ("return next([1])", "not an iterator", "iter(…)"),
        ("return max(range(0.5))", "as an integer", "A whole number is needed there"),
        ("return (lambda a: a)()", "missing 1 required", "Compare that call"),
        ("return __import__('math').cos(np.ones(3))", "converted to Python scalar", "NumPy has one for arrays"),
        ("return len(np.array(1.0))", "len() of unsized object", "A single number has no length"),
        ("return len(0.5)", "has no len()", "A single number has no length"),
        ("return int(np.log(-1.0))", "NaN to integer", "handed a number that is NaN"),
    ],
)
def test_an_exception_ends_in_one_full_stop_and_asks_for_what_is_near(body, words, cause) -> None:
    verdict = verdict_on("b5", typed(SCHEDULE.format(body), "CosineAnnealingWarmRestarts"))
    assert words in verdict.headline and cause in verdict.hint, str(verdict)
    assert not verdict.headline.endswith(("?.", " .", ".."))


def test_a_list_that_grows_is_no_exception_of_the_students_and_a_step_is_asked_for_by_its_own_name() -> None:
    source = "class SGD:\n    def __init__(self, params, lr):\n        self.params = params\n"
    verdict = verdict_on(
        "b1", typed(f"{source}    def step(self, grads):\n        self.params.append(grads[0])\n", "SGD")
    )
    assert "SGD changes the size of what it was given" in verdict.headline and "raised" not in verdict.headline
    verdict = verdict_on("b1", typed(f"{source}    def step(self):\n        self.params = []\n", "SGD"))
    assert "parameters of your step" in verdict.hint, str(verdict)


def test_a_missing_return_is_not_called_a_missing_body() -> None:
    verdict = verdict_on("b5", typed(SCHEDULE.format("self.lr_max"), "CosineAnnealingWarmRestarts"))
    assert verdict.status == "unfinished" and "its return is missing" in verdict.headline


def test_what_is_no_number_is_not_said_to_be_nan() -> None:
    verdict = verdict_on("b5", typed(SCHEDULE.format("return np.array([0.1])"), "CosineAnnealingWarmRestarts"))
    assert "gives no real number" in verdict.counterexample and "nan" not in verdict.counterexample
