"""C5: learning rates seen as the resolution of learning."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.kinds import Prediction, foretold

if TYPE_CHECKING:
    from lrtutorial.experiments.c5_information_view import Resolution

PREDICTION = foretold(1, 0.5, 0.5)


@cache
def _run(seed: int) -> Resolution:
    return import_module("lrtutorial.experiments.c5_information_view").resolution(seed=seed)


def _early(seed: int) -> str:
    errors = _run(seed).typical(_run(seed).train, 1000)
    return "large" if errors[3] < errors[0] else "small"  # 0.2 against 0.01


def _late(seed: int) -> str:
    errors = _run(seed).typical(_run(seed).train, 30000)
    return "large" if errors[4] < errors[1] else "small"  # 0.4 against 0.03


def _held_out(seed: int) -> str:
    import numpy as np

    moments = _run(seed).held_out.min(axis=0)  # each data set against itself: their noise differs more than the rates
    best = np.median(moments / moments[:, :1], axis=0)
    if best.max() < 1.5 * best.min():
        return "same"
    return "large" if best[-1] < best[0] else "small"


EXERCISE = Exercise(
    id="c5",
    part="part_c",
    notebook="c5_information_view",
    title="The rate as resolution",
    minutes=40,
    difficulty="hard",
    gives="How far the picture of the rate as a resolution carries",
    after=("c1",),
    steps=(
        Step(
            id="c5-prediction_1",
            kind=Prediction(
                form="choice", choices={"small": "the small rate, 0.01", "large": "the large rate, 0.2"}, found=_early
            ),
            answers=("prediction_1",),
            asks='"small" or "large"',
            rubric=PREDICTION,
            hints=("After a fixed number of steps, who has travelled further?",),
        ),
        Step(
            id="c5-prediction_2",
            kind=Prediction(
                form="choice", choices={"small": "the small rate, 0.03", "large": "the large rate, 0.4"}, found=_late
            ),
            answers=("prediction_2",),
            asks='"small" or "large"',
            rubric=PREDICTION,
            hints=("A curve that passes through noisy points bends sharply. Which rate can rest in a sharp place?",),
        ),
        Step(
            id="c5-prediction_3",
            kind=Prediction(
                form="choice",
                choices={
                    "small": "the smallest rate has the best moment",
                    "large": "the largest rate has the best moment",
                    "same": "at its best moment every rate is about equally good",
                },
                found=_held_out,
            ),
            answers=("prediction_3",),
            asks='"small", "large" or "same"',
            rubric=PREDICTION,
            hints=("Think of the runs as travelling the same road at different speeds.",),
        ),
    ),
)
