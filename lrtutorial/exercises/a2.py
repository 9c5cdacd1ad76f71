"""A2: momentum as a sum of past gradients, and the step it takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from lrtutorial import formulas as ex
from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Formula, OtherForm
from lrtutorial.kinds.formula import describe_point, say, value_at

Point = Mapping[str, Fraction]


def gradients(point: Point) -> dict[str, Callable[[ex.Number], ex.Number]]:
    """Return what ``g_seq`` means at a point: the gradients listed there as ``g_seq(0)``, ``g_seq(1)``, …"""

    def g_seq(index: ex.Number) -> ex.Number:
        try:
            return point[f"g_seq({index})"]
        except KeyError:
            raise ex.Undefined(f"there is no gradient g({index})") from None

    return {"g_seq": g_seq}


def _velocity(point: Point, yours: object, right: object) -> str:
    t, beta = int(point["t"]), point["beta"]
    seen = ", ".join(f"g({n}) = {point[f'g_seq({n})']}" for n in range(t))
    return (
        f"with t = {t}, β = {beta} and the gradients {seen}, yours is {say(yours)}, "
        f"but running v ← βv + g from v₀ = 0 gives {say(right)}."
    )


def _contribution(point: Point, yours: object, right: object) -> str:
    age = point["k"]
    return (
        f"at {describe_point(point)} yours is {say(yours)}, but a gradient of 1 that came {age} "
        f"step{'' if age == 1 else 's'} ago moves x by {say(right)} now."
    )


def _effective_lr(point: Point, yours: object, right: object) -> str:
    return (
        f"at {describe_point(point)} yours is {say(yours)}, but under a constant gradient of 1 the step "
        f"settles at {say(right)}."
    )


def impulse(velocity: ex.Tree, point: Point) -> object:
    """Carry a velocity on: η times what a single gradient of 1, k steps back, leaves of it."""
    t = int(point["k"]) + 2
    single = {f"g_seq({n})": Fraction(n == t - 1 - int(point["k"])) for n in range(t + 1)}
    step = EXERCISE.steps[0]
    return point["eta"] * value_at(step, velocity, {"beta": point["beta"], "t": Fraction(t), **single})


def add_up(contribution: ex.Tree, point: Point) -> object:
    """Carry a contribution on: add it up over every age k from 0 to infinity."""
    return ex.evaluate(["sum", "k", ["number", "0"], ["constant", "oo"], contribution], point)


def at_09(effective_lr: ex.Tree, point: Point) -> object:
    """Carry an effective rate on: put β = 0.9."""
    return ex.evaluate(effective_lr, {**point, "beta": Fraction(9, 10)})


def _late(beta: Fraction) -> tuple[int, int]:
    """Return two numbers of steps after which β^t is below 1e-40."""
    far = math.ceil(-40 / math.log10(beta))
    return far, far + 3


EXERCISE = Exercise(
    id="a2",
    part="part_a",
    notebook="a2_momentum",
    title="What does momentum remember?",
    minutes=30,
    difficulty="medium",
    profile="sympy",
    gives="What momentum adds up, and when its “effective rate” tells the truth",
    after=("a1",),
    steps=(
        Step(
            id="a2-velocity",
            kind=Formula(
                symbols=("beta", "t"),
                functions=("g_seq", "v"),
                meaning=gradients,
                recursion="v",
                counterexample=_velocity,
                limits=(
                    ("Put t = 1: only g(0) has been seen, and v₁ is g(0). Is yours?", {"t": "1"}, "g_seq(0)"),
                    (
                        "Put β = 0: without memory v is the newest gradient. Is yours?",
                        {"beta": "0"},
                        "g_seq(t - 1)",
                    ),
                ),
            ),
            answers=("velocity",),
            asks="the velocity v_t as a sum over the gradients g(0) … g(t−1), or its recursion",
            rubric=(RubricLine("velocity", "The velocity", 7),),
            hints=(
                "Write out v₁, v₂ and v₃ from v₀ = 0. Which gradients are in each, and with which factor?",
                "Each further step multiplies everything that is already in v by the same number.",
                ("Check t = 1: only g(0) has been seen, so v₁ must be g(0). In v₂ the newer gradient counts in full."),
            ),
        ),
        Step(
            id="a2-contribution",
            kind=Formula(
                symbols=("eta", "beta", "k"),
                counterexample=_contribution,
                limits=(
                    (
                        "Put k = 0: the newest gradient acts with the plain rate. Does yours?",
                        {"k": "0"},
                        "eta",
                    ),
                    (
                        "Let β → 0: gradients older than the newest are forgotten. Are they in yours?",
                        {"beta": "0"},
                        "0",
                    ),
                ),
                follows=("a2-velocity", impulse),
            ),
            answers=("contribution",),
            asks="the factor with which the gradient of k steps back enters today's step (k = 0: the newest)",
            rubric=(RubricLine("contribution", "What an old gradient still adds", 5),),
            hints=(
                "Find the factor of g(t−1−k) in your velocity: that gradient is k steps old.",
                "The step is the rate times the velocity.",
                "Check k = 0: the newest gradient must move x just as plain gradient descent would.",
            ),
        ),
        Step(
            id="a2-effective_lr",
            kind=Formula(
                symbols=("eta", "beta"),
                counterexample=_effective_lr,
                follows=("a2-contribution", add_up),
                limits=(("Put β = 0: plain descent must come out. Does it?", {"beta": "0"}, "eta"),),
                others=(
                    OtherForm(
                        ("eta", "beta", "t"),
                        "This is the rate after t steps. Let t grow: what is left once every age has added its share?",
                        lambda point: [{**point, "t": Fraction(t)} for t in _late(point["beta"])],
                    ),
                ),
            ),
            answers=("effective_lr",),
            asks="the effective rate under a constant gradient, once every age k = 0, 1, 2, … adds its share",
            rubric=(RubricLine("effective_lr", "The effective rate", 5),),
            hints=(
                "Under a constant gradient every past gradient pulls the same way: add up their shares.",
                "It is a geometric series. Call it S and compare S with β·S, term by term.",
                (
                    "Check β = 0: no memory, so plain gradient descent must come out. "
                    "And the closer β is to 1, the more it must be."
                ),
            ),
        ),
        Step(
            id="a2-effective_lr_09",
            kind=Formula(
                symbols=("eta",),
                counterexample=_effective_lr,
                follows=("a2-effective_lr", at_09),
                others=(
                    OtherForm(
                        ("eta", "beta"),
                        "This is right for any β: put β = 0.9 in.",
                        lambda point: [{**point, "beta": Fraction(9, 10)}],
                    ),
                ),
            ),
            answers=("effective_lr_09",),
            asks="the effective rate at β = 0.9, in terms of η",
            rubric=(RubricLine("effective_lr_09", "Its value at β = 0.9", 3),),
            hints=(
                "Put β = 0.9 into your effective rate.",
                "How large is 1 − 0.9, and what does dividing by it do?",
                "Add the first shares by hand: 1, 0.9, 0.81, … Ten of them already make more than 6.",
            ),
        ),
    ),
)
