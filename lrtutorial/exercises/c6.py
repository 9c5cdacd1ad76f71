"""C6: does SGD generalize better than Adam?"""

from __future__ import annotations

import statistics
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.kinds import Prediction, foretold
from lrtutorial.kinds.sketches import Course, LowestLeft, Sketch

if TYPE_CHECKING:
    from lrtutorial.experiments.c6_sgd_vs_adam import Search, Separable

PREDICTION = foretold(0.75, 0.5, 0.25)
WINNERS = {
    "sgd": "SGD is better",
    "adam": "Adam is better",
    "neither": "neither: the mean gap is below 2.5 points",
}


@cache
def _run(seed: int) -> Search:
    return import_module("lrtutorial.experiments.c6_sgd_vs_adam").search(seed=seed)


@cache
def _separable(seed: int) -> Separable:
    return import_module("lrtutorial.experiments.c6_sgd_vs_adam").separable(seed=seed)


def _failed(seed: int) -> float:
    _, adam = _separable(seed).tuned_rate_only
    return float(statistics.median(100 * adam))  # on a rare data set one of the rates fails at nothing


ERRORS = Sketch(
    curves={"sgd": "SGD", "adam": "Adam"},
    at=(1e-4, 1e-3, 1e-2, 0.1, 1, 10),
    across="learning rate",
    up="test error, %",
    low=0,
    high=80,
    log_across=True,
    features=(Course("sgd"), Course("adam"), LowestLeft("adam", "sgd")),
)


def _errors(seed: int) -> dict[str, list[float]]:
    c6 = import_module("lrtutorial.experiments.c6_sgd_vs_adam")
    means = {method.lower(): 100 * errors.mean(axis=0) for method, errors in _run(seed).test.items()}
    places = [int(abs(c6.RATES - rate).argmin()) for rate in ERRORS.at]
    return {key: [ERRORS.held(float(means[key][place])) for place in places] for key in ERRORS.curves}


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
            kind=Prediction(form="number", right=1.2, near=2.0, percent=True, found=_failed),
            answers=("prediction_3",),
            asks="Adam's test error in percent on the separable problem, at the best of six rates",
            rubric=PREDICTION,
            hints=(
                "The problem was built so that a rule that treats every feature alike answers +1 to "
                "almost everything. "
                "How often is that wrong?",
            ),
        ),
        Step(
            id="c6-sketch_1",
            kind=Prediction(form="sketch", sketch=ERRORS, found=_errors),
            answers=("sketch_1",),
            asks="the test error of SGD and of Adam against the rate, drawn on the pad",
            rubric=PREDICTION,
            hints=(
                "What happens at the smallest rates, in 800 steps? And at the largest?",
                "Adam moves each weight by about η a step. At which rate is that as far as SGD goes at its best?",
            ),
        ),
    ),
)
