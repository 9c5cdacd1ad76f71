"""The spread of the number of heads in n tosses."""

from __future__ import annotations

from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Formula
from lrtutorial.kinds.formula import describe_point, say


def _variance(point, yours, right):
    return f"at {describe_point(point)} yours is {say(yours)}, but the squared distances average to {say(right)}."


EXERCISE = Exercise(
    id="coins",
    part="week_1",
    notebook="coins",
    title="How far from the mean?",
    minutes=10,
    difficulty="gentle",
    gives="The variance of a count",
    steps=(
        Step(
            id="coins-variance",
            kind=Formula(
                symbols=("n", "p"),
                counterexample=_variance,
                limits=(("Put p = 1: every toss is heads. Does yours vary?", {"p": "1"}, "0"),),
            ),
            answers=("variance",),
            asks="the variance of the number of heads in n tosses",
            rubric=(RubricLine("variance", "The variance", 40),),
            hints=(
                "Tosses are independent: what do their variances do?",
                "One toss is 1 with chance p, else 0. What is its variance?",
            ),
        ),
    ),
)
