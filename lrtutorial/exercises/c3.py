"""C3: why Adam often works with its default rate, and where its advantage ends."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.kinds import Prediction, foretold

if TYPE_CHECKING:
    from lrtutorial.experiments.c3_why_adam_works import Conditioning

PREDICTION = foretold(1, 0.5, 0.5)


@cache
def _run(seed: int) -> Conditioning:
    return import_module("lrtutorial.experiments.c3_why_adam_works").conditioning(seed=seed)


def _growth(seed: int) -> str:
    steps = _run(seed).typical("Adam", False)
    growth = steps[3] / steps[1]  # from condition number 10 to 1000
    return "same" if growth < 2 else "tenfold" if growth < 30 else "hundredfold"


def _changed(seed: int) -> str:
    def change(method: str) -> bool:
        straight, rotated = (_run(seed).typical(method, turned)[3] for turned in (False, True))
        return bool(abs(rotated - straight) > 0.2 * straight)

    return {(0, 0): "neither", (1, 0): "sgd", (0, 1): "adam", (1, 1): "both"}[int(change("SGD")), int(change("Adam"))]


def _order(seed: int) -> list[str]:
    names = {"SGD": "sgd", "SGD with momentum 0.9": "momentum", "Adam": "adam"}
    return [names[method] for method in sorted(names, key=lambda method: _run(seed).typical(method, True)[3])]


EXERCISE = Exercise(
    id="c3",
    part="part_c",
    notebook="c3_why_adam_works",
    title="Why Adam “just works”, and where it stops",
    minutes=35,
    difficulty="medium",
    gives="Where Adam needs no tuning, and a problem that takes its advantage away",
    after=("a4",),
    steps=(
        Step(
            id="c3-prediction_1",
            kind=Prediction(
                form="choice",
                choices={
                    "same": "about the same number of steps",
                    "tenfold": "about ten times as many steps",
                    "hundredfold": "about a hundred times as many steps",
                },
                found=_growth,
            ),
            answers=("prediction_1",),
            asks='"same", "tenfold" or "hundredfold"',
            rubric=PREDICTION,
            hints=("Multiply one coordinate's gradient by 100 and follow it through Adam's update.",),
        ),
        Step(
            id="c3-prediction_2",
            kind=Prediction(
                form="choice",
                choices={
                    "neither": "neither changes",
                    "sgd": "only SGD",
                    "adam": "only Adam",
                    "both": "both change",
                },
                beside={"adam": ("both",)},
                found=_changed,
            ),
            answers=("prediction_2",),
            asks='"neither", "sgd", "adam" or "both"',
            rubric=PREDICTION,
            hints=("Which of the two update rules mentions single coordinates?",),
        ),
        Step(
            id="c3-prediction_3",
            kind=Prediction(
                form="ordering", items={"sgd": "SGD", "momentum": "SGD with momentum 0.9", "adam": "Adam"}, found=_order
            ),
            answers=("prediction_3",),
            asks='["…", "…", "…"] with "sgd", "momentum" and "adam", fewest steps first',
            rubric=PREDICTION,
            hints=("Rotation takes from Adam what it knew about the axes. What does it take from momentum?",),
        ),
    ),
)
