"""C6: does SGD generalize better than Adam?"""

from __future__ import annotations

import statistics
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.kinds import Prediction, foretold

if TYPE_CHECKING:
    from lrtutorial.experiments.c6_sgd_vs_adam import Search

PREDICTION = foretold(0.75, 0.5, 0.25)
WINNERS = {
    "sgd": "SGD is better",
    "adam": "Adam is better",
    "neither": "neither: the gap is within the spread",
}


@cache
def _run(seed: int) -> Search:
    return import_module("lrtutorial.experiments.c6_sgd_vs_adam").search(seed=seed)


def _separable(seed: int) -> float:
    _, adam = import_module("lrtutorial.experiments.c6_sgd_vs_adam").separable(seed=seed).tuned_rate_only
    return float(statistics.median(100 * adam))  # on a rare data set one of the rates fails at nothing


EXERCISE = Exercise(
    id="c6",
    part="part_c",
    notebook="c6_sgd_vs_adam",
    title="SGD against Adam, fairly",
    minutes=40,
    difficulty="hard",
    gives="A comparison of SGD and Adam that you would believe",
    after=("c3",),
    steps=(
        Step(
            id="c6-prediction_1",
            kind=Prediction(
                form="choice", choices=WINNERS, found=lambda seed: _run(seed).winner("narrow, high rates").lower()
            ),
            answers=("prediction_1",),
            asks='"sgd", "adam" or "neither"',
            rubric=PREDICTION,
            hints=("Which of the two moves every weight by about η a step, however small its gradient?",),
        ),
        Step(
            id="c6-prediction_2",
            kind=Prediction(form="choice", choices=WINNERS, found=lambda seed: _run(seed).winner("all eleven").lower()),
            answers=("prediction_2",),
            asks='"sgd", "adam" or "neither"',
            rubric=PREDICTION,
            hints=("Each method now gets the rates that suit it. What is left to tell them apart?",),
        ),
        Step(
            id="c6-prediction_3",
            kind=Prediction(form="number", right=1.2, near=2.0, found=_separable),
            answers=("prediction_3",),
            asks="Adam's test error in percent on the separable problem, at the best of six rates",
            rubric=PREDICTION,
            hints=(
                "The problem was built so that a rule that treats every feature alike answers +1 to "
                "almost everything. "
                "How often is that wrong?",
            ),
        ),
    ),
)
