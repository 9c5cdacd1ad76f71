"""A3: what RMSprop's average of squared gradients does to the learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from lrtutorial import formulas as ex
from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Formula, OtherForm
from lrtutorial.kinds.formula import describe_point, say

Point = Mapping[str, Fraction]
TINY = Fraction(1, 10**90)  #: an ε that no 40-digit number notices


def average(point: Point) -> Fraction:
    """Return s_t of a constant gradient by running s ← βs + (1−β)g² from s₀ = 0, t times."""
    s = Fraction(0)
    for _ in range(int(point["t"])):
        s = point["beta"] * s + (1 - point["beta"]) * point["g"] ** 2
    return s


def _steps(point: Point) -> str:
    return f"{point['t']} step{'' if point['t'] == 1 else 's'}"


def _second_moment(point: Point, yours: object, right: object) -> str:
    return (
        f"at {describe_point(point)} your formula gives {say(yours)}, but running s ← βs + (1−β)g² "
        f"{_steps(point)} from s₀ = 0 ends at {say(right)}."
    )


def _effective_lr(point: Point, yours: object, right: object) -> str:
    return (
        f"at {describe_point(point)} yours is {say(yours)}. Running the average {_steps(point)} from "
        "s₀ = 0 gives "
        f"s_t = {say(average(point))}, and the rate over the root of s_t + ε is {say(right)}."
    )


def _limit_lr(point: Point, yours: object, right: object) -> str:
    return (
        f"at {describe_point(point)} yours is {say(yours)}. But keep η and g, and run the average for "
        "400 steps with "
        f"ε = 10⁻¹² and any β up to 0.9: the effective rate has settled at {say(right)}."
    )


def rate_from_average(second_moment: ex.Tree, point: Point) -> object:
    """Carry an s_t on: η over the root of s_t + ε."""
    inside = ex.evaluate(["add", second_moment, ["symbol", "epsilon"]], point)
    return ex.evaluate(["mul", ["symbol", "eta"], ["pow", ["symbol", "s"], ["number", "-1/2"]]], {**point, "s": inside})


def rate_far_out(effective_lr: ex.Tree, point: Point) -> object:
    """Carry an effective rate on to t → ∞, ε → 0: its value where β^t is below 1e-34, with ε = :data:`TINY`."""
    far = math.ceil(-34 / math.log10(point["beta"]))
    value = ex.evaluate(effective_lr, {**point, "t": Fraction(far), "epsilon": TINY}, budget=200_000)
    return ex.real(value)  # near the limit, not at it: to be compared to 30 digits


EXERCISE = Exercise(
    id="a3",
    part="part_a",
    notebook="a3_rmsprop",
    title="What RMSprop does to the learning rate",
    minutes=30,
    difficulty="medium",
    profile="sympy",
    gives="Why dividing by a running size makes steps alike, and where ε matters",
    after=("a2",),
    steps=(
        Step(
            id="a3-second_moment",
            kind=Formula(
                symbols=("beta", "g", "t"),
                counterexample=_second_moment,
                limits=(
                    ("Put t = 0: nothing has been averaged, so s is still 0. Is yours?", {"t": "0"}, "0"),
                    (
                        "Put t = 1: one line of the recursion. Does yours agree?",
                        {"t": "1"},
                        "(1 - beta)*g**2",
                    ),
                    ("Put β = 0: without memory s is the newest square. Is yours?", {"beta": "0"}, "g**2"),
                ),
            ),
            answers=("second_moment",),
            asks="s_t for a constant gradient g, starting from s₀ = 0",
            rubric=(RubricLine("second_moment", "The second moment after t steps", 7),),
            hints=(
                "Write out s₁, s₂ and s₃ from s₀ = 0, each in terms of g² and β only.",
                "Every s_t is (1−β)g² times a sum of powers of β. How many terms does it have?",
                "Sum the geometric series, then check t = 0: the average must still be at its start.",
            ),
        ),
        Step(
            id="a3-effective_lr",
            kind=Formula(
                symbols=("eta", "beta", "g", "epsilon", "t"),
                counterexample=_effective_lr,
                limits=(
                    (
                        "Put t = 0: only ε is left under the root. Is it in yours?",
                        {"t": "0"},
                        "eta/sqrt(epsilon)",
                    ),
                    (
                        "Put g = 0: only ε is left under the root. Is it in yours?",
                        {"g": "0"},
                        "eta/sqrt(epsilon)",
                    ),
                    (
                        "Put β = 0: without memory s is g². Does yours agree?",
                        {"beta": "0"},
                        "eta/sqrt(g**2 + epsilon)",
                    ),
                ),
                follows=("a3-second_moment", rate_from_average),
                others=(
                    OtherForm(
                        ("eta", "epsilon", "s", "s_t"),
                        "This is right with s_t in it: put your formula for s_t in its place.",
                        lambda point: [{**point, "s": average(point), "s_t": average(point)}],
                    ),
                ),
            ),
            answers=("effective_lr",),
            asks="the effective learning rate after t steps, with ε inside the root",
            rubric=(RubricLine("effective_lr", "The effective learning rate", 7),),
            hints=(
                "The update is x ← x − (something)·g. The effective learning rate is that something.",
                "Take your s_t, add what belongs under the root with it, and think about what divides what.",
                "Check the units: s_t is a squared gradient. What has to happen before it may divide a gradient?",
            ),
        ),
        Step(
            id="a3-limit_lr",
            kind=Formula(
                symbols=("eta", "g", "beta", "epsilon", "t"),
                counterexample=_limit_lr,
                limits=(
                    (
                        "Put g = 1: the average settles at 1, so the plain rate is left. Is it?",
                        {"g": "1"},
                        "eta",
                    ),
                    ("Put g = −1: a rate is positive. Is yours?", {"g": "-1"}, "eta"),
                ),
                follows=("a3-effective_lr", rate_far_out),
            ),
            answers=("limit_lr",),
            asks="what the effective learning rate tends to as t → ∞ and ε → 0",
            rubric=(RubricLine("limit_lr", "The limit", 6),),
            hints=(
                "Which part of your formula goes to 0 as t grows, when 0 ≤ β < 1? Which part goes with ε?",
                "Two symbols should be left. A root of a square is left too: what is it for a negative g?",
                "A learning rate is positive. Try g = −2 in your result.",
            ),
        ),
    ),
)
