"""A4: why Adam corrects its averages, and what its first step is without."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from lrtutorial import formulas as ex
from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Formula, OtherForm
from lrtutorial.kinds.formula import UNDEFINED, describe_point, say

Point = Mapping[str, Fraction]


def _expected_m(point: Point, yours: object, right: object) -> str:
    steps = f"{point['t']} step{'' if point['t'] == 1 else 's'}"
    return (
        f"at {describe_point(point)} your formula gives {say(yours)}, but let every gradient be E[g] and run "
        f"m ← β₁m + (1−β₁)g {steps} from m₀ = 0: it ends at {say(right)}."
    )


def _corrected_m(point: Point, yours: object, right: object) -> str:
    share = Fraction(0)
    for _ in range(int(point["t"])):
        share = point["beta1"] * share + (1 - point["beta1"])
    return (
        f"at {describe_point(point)} yours is {say(yours)}. After {point['t']} steps m_t is on average "
        f"{say(share)} of E[g], so the estimate of E[g] that has no bias is {say(right)}."
    )


def _bias_at_1(point: Point, yours: Any, right: Any) -> str:
    five = yours if yours == UNDEFINED else say(5 * yours)
    return (
        f"by your number, a mean gradient of 5 gives m₁ = {five}. Work out β₁·m₀ + (1 − β₁)·5 with m₀ "
        "= 0 and "
        "β₁ = 0.9 by hand: it is something else."
    )


def _first_step_ratio(point: Point, yours: object, right: object) -> str:
    step = yours if yours == UNDEFINED else ex.show_number(ex.real(yours) / 1000, 4)
    return (
        "with η = 0.001 and a first gradient of 1 the corrected step is 0.001, and by your number "
        "the uncorrected one "
        f"is {step}. Compute m₁ and v₁ from m₀ = v₀ = 0, then η·m₁/√v₁: it is something else."
    )


def estimate_from_mean(expected_m: ex.Tree, point: Point) -> object:
    """Carry an E[m_t] on: m_t over the share of E[g] that it has."""
    share = ex.evaluate(expected_m, {**point, "E_g": Fraction(1)})
    return ex.evaluate(
        ["mul", ["symbol", "m_t"], ["pow", ["symbol", "share"], ["number", "-1"]]], {**point, "share": share}
    )


def share_at_1(expected_m: ex.Tree, point: Point) -> object:
    """Carry an E[m_t] on to t = 1 and β₁ = 0.9, as a share of E[g]."""
    return ex.evaluate(expected_m, {**point, "beta1": Fraction(9, 10), "t": Fraction(1), "E_g": Fraction(1)})


EXERCISE = Exercise(
    id="a4",
    part="part_a",
    notebook="a4_adam_bias",
    title="Adam's bias correction",
    minutes=30,
    difficulty="medium",
    profile="sympy",
    gives="What Adam's averages get wrong at the start, and how the correction mends it",
    after=("a2", "a3"),
    steps=(
        Step(
            id="a4-expected_m",
            kind=Formula(
                symbols=("beta1", "E_g", "t"),
                counterexample=_expected_m,
                limits=(
                    ("Put t = 0: nothing has been averaged, so m is still 0. Is yours?", {"t": "0"}, "0"),
                    (
                        "Put t = 1: one line of the recursion. Does yours agree?",
                        {"t": "1"},
                        "(1 - beta1)*E_g",
                    ),
                    ("Put β₁ = 0: without memory m is the newest gradient. Is yours?", {"beta1": "0"}, "E_g"),
                ),
            ),
            answers=("expected_m",),
            asks="E[m_t] for a stationary E[g], starting from m₀ = 0",
            rubric=(RubricLine("expected_m", "The mean of m_t", 6),),
            hints=(
                "Write out m₁, m₂ and m₃ from m₀ = 0, then take the mean of each: every E[g_i] is the same E[g].",
                "The weights of the gradients are (1−β₁) times powers of β₁. What do the weights add up to?",
                "Check two cases: at t = 0 nothing has been averaged yet, and as t → ∞ the bias must be gone.",
            ),
        ),
        Step(
            id="a4-corrected_m",
            kind=Formula(
                symbols=("beta1", "m_t", "t"),
                counterexample=_corrected_m,
                limits=(
                    ("Put m_t = 0: a share of nothing is nothing. What does yours give?", {"m_t": "0"}, "0"),
                    (
                        "Put β₁ = 0: without memory there is no bias to correct. Is there in yours?",
                        {"beta1": "0"},
                        "m_t",
                    ),
                    (
                        "Let t grow to 4000: the bias is gone. Does your correction fade?",
                        {"t": "4000", "beta1": "9/10"},
                        "m_t",
                    ),
                ),
                follows=("a4-expected_m", estimate_from_mean),
            ),
            answers=("corrected_m",),
            asks="the corrected estimate, in m_t, whose mean is E[g]",
            rubric=(RubricLine("corrected_m", "The correction", 5),),
            hints=(
                "On average m_t is some share of E[g]. What undoes taking a share?",
                "Write the share that your E[m_t] has where it has to stand so that it cancels.",
                "Check the mean: put your E[m_t] in place of m_t; only E[g] may be left.",
            ),
        ),
        Step(
            id="a4-bias_at_1",
            kind=Formula(
                symbols=(),
                counterexample=_bias_at_1,
                follows=("a4-expected_m", share_at_1),
                others=(
                    OtherForm(
                        ("beta1", "t"),
                        "This is right for any β₁: put β₁ = 0.9 and t = 1 in.",
                        lambda point: [{"beta1": Fraction(9, 10), "t": Fraction(1)}],
                    ),
                ),
            ),
            answers=("bias_at_1",),
            asks="the number E[m₁]/E[g] at β₁ = 0.9",
            rubric=(RubricLine("bias_at_1", "The bias after one step", 3),),
            hints=(
                "Put t = 1 and β₁ = 0.9 into your E[m_t] and divide by E[g].",
                "Or go back to the definition: m₁ is made of m₀ and one gradient. What does each weigh?",
            ),
        ),
        Step(
            id="a4-first_step_ratio",
            kind=Formula(
                symbols=(),
                counterexample=_first_step_ratio,
                digits=3,
                others=(
                    OtherForm(
                        ("beta1", "beta2"),
                        "This is right for any β₁ and β₂: put 0.9 and 0.999 in.",
                        lambda point: [{"beta1": Fraction(9, 10), "beta2": Fraction(999, 1000)}],
                    ),
                ),
            ),
            answers=("first_step_ratio",),
            asks=(
                "Adam's first step with no correction at all, divided by the corrected one, at β₁ = 0.9, "
                "β₂ = 0.999, ε → 0 (exactly, or to three digits)"
            ),
            rubric=(RubricLine("first_step_ratio", "The first step without correction", 6),),
            hints=(
                "With no correction the step is η·m₁/√v₁. Both averages start at 0, so both are too small.",
                "Write m₁ and v₁ for a first gradient g. Which of the two is further from what it "
                "estimates, and "
                "which of them stands under a root?",
                "With both corrected the first step is η·g/|g|: its length is η. Compare yours with that.",
            ),
        ),
    ),
)
