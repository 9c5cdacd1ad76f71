"""The chance of one success or more, as a function."""

from __future__ import annotations

from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Function

EXERCISE = Exercise(
    id="tries",
    part="week_1",
    notebook="tries",
    title="At least once",
    minutes=10,
    difficulty="gentle",
    gives="A chance by way of its opposite",
    after=("coins",),
    profile="bare",
    steps=(
        Step(
            id="tries",
            kind=Function(
                own_work=True,
                says={"once": "One try", "often": "Many tries", "sure": "Chances of 0 and 1"},
                signatures={"at_least_one": "at_least_one(n, p)"},
            ),
            answers=("at_least_one",),
            asks="the chance of one success or more in n tries",
            rubric=(
                RubricLine("once", "One try", 10, ("once",)),
                RubricLine("often", "Many tries", 40, ("often",)),
                RubricLine("sure", "Impossible and certain", 10, ("sure",)),
            ),
            hints=("What is the opposite of “one or more”?", "How likely is it that every try fails?"),
        ),
    ),
)
