"""B5: cosine annealing with warm restarts."""

from __future__ import annotations

from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Schedule

EXERCISE = Exercise(
    id="b5",
    part="part_b",
    notebook="b5_cosine_restarts",
    title="Cosine annealing with warm restarts",
    minutes=40,
    difficulty="medium",
    gives="A schedule that cools down and restarts",
    after=("b1",),
    steps=(
        Step(
            id="b5",
            kind=Schedule(
                own_work=True,
                # a period of one epoch has no curve then, and no two have the same
                costs={"b5-ends_early": ("cosine",)},
                says={
                    "first_period": "The first ten epochs with only lr_max given",
                    "defaults": "At and beside the first three restarts with only lr_max given",
                    "floor": "One period with lr_min above 0",
                    "restarts": "Every epoch through three periods",
                    "triple": "T_0 = 1, T_mult = 3, at and beside every restart up to 10,000",
                    "far": "At and beside every restart up to 10,000",
                    "constant": "T_mult = 1, at and beside restarts up to 10,000",
                    "fractional": "Epochs that are no whole numbers",
                    "any_order": "The same schedule asked in any order, some epochs twice",
                    "numpy_integers": "Epochs that are NumPy integers, as np.arange gives them",
                    "side_by_side": "Two schedules asked in turn",
                    "plot": "plot_schedule with a number of epochs",
                    "plot_default": "plot_schedule()",
                },
            ),
            answers=("CosineAnnealingWarmRestarts",),
            asks="cosine annealing with warm restarts (SGDR, Loshchilov & Hutter 2017)",
            rubric=(
                RubricLine("cosine", "Half a cosine from lr_max down to lr_min", 5, ("first_period", "floor")),
                RubricLine(
                    "restarts",
                    "Restarts at the right epochs, each period T_mult times as long",
                    6,
                    ("restarts", "triple", "far"),
                ),
                RubricLine("constant", "T_mult = 1: periods of equal length", 2, ("constant",)),
                RubricLine("fractional", "Epochs between whole numbers", 2, ("fractional",)),
                RubricLine(
                    "manners",
                    "Any order, whole numbers of any type, two schedules side by side, the defaults",
                    2,
                    ("any_order", "numpy_integers", "side_by_side", "defaults"),
                ),
                RubricLine("returned", "plot_schedule returns the rates it draws", 1, ("returned",)),
                RubricLine("figure", "The figure: one line with those rates, both axes labelled", 2, ("figure",)),
            ),
            hints=(
                "Two questions, one after the other: how far into its period is this epoch, and how low is a half "
                "cosine there?",
                "With T_0 = 10 and T_mult = 2 restarts fall at 10, 30 and 70. Take an epoch such as 45 and find by "
                "hand how many epochs have passed since the last restart, and how long this period is.",
                "Ask your schedule at 9, 10, 29, 30, 69 and 70: just before a restart the rate must be near lr_min, at "
                "the restart exactly lr_max.",
            ),
        ),
    ),
)
