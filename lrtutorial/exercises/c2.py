"""C2: what momentum does in ravines, under noise, and near a local minimum."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType

from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.kinds import Prediction, foretold
from lrtutorial.kinds.sketches import Sketch, Swings, Widest

PREDICTION = foretold(0.75, 0.5, 0.25)


def _experiment() -> ModuleType:
    return import_module("lrtutorial.experiments.c2_momentum_intuition")


@cache
def _jitter(seed: int) -> str:
    plain, heavy, _ = _experiment().jitter(seed=seed).variance
    return "larger" if heavy > 1.5 * plain else "smaller" if heavy < plain / 1.5 else "same"


@cache
def _deep_pit(seed: int) -> str:
    c2 = _experiment()
    (depth,) = (i for i, depth in enumerate(c2.DEPTHS) if depth == 0.6)
    return "past" if c2.pit(seed=seed).escaped[2, depth] > 0.5 else "stays"


SKETCH = foretold(1, 0.5, 0.5)
ACROSS = Sketch(
    curves={"plain": "plain descent", "momentum": "momentum"},
    at=(0, 1, 2, 3, 4, 5, 6),
    across="step",
    up="y over its start",
    low=-5,
    high=5,
    features=(Swings("plain"), Widest("plain"), Swings("momentum"), Widest("momentum")),
)


def _across(seed: int) -> dict[str, list[float]]:
    run = _experiment().tuned_ravine(seed=seed)
    return {
        key: [ACROSS.held(float(path[step, 1] / path[0, 1])) for step in range(len(ACROSS.at))]
        for key, path in (("plain", run.plain), ("momentum", run.heavy))
    }


EXERCISE = Exercise(
    id="c2",
    part="part_c",
    notebook="c2_momentum_intuition",
    title="Momentum in three landscapes",
    minutes=35,
    difficulty="medium",
    gives="Momentum in ravines, in noise and in pits, measured",
    after=("a2",),
    steps=(
        Step(
            id="c2-prediction_1",
            kind=Prediction(
                form="number", right=1.4, near=2.5, found=lambda seed: _experiment().tuned_ravine(seed=seed).speed_up
            ),
            answers=("prediction_1",),
            asks="how many times fewer steps momentum needs in the ravine, both at their best settings",
            rubric=PREDICTION,
            hints=("Plain descent needs steps in proportion to κ. Which function of κ appears for the heavy ball?",),
        ),
        Step(
            id="c2-prediction_2",
            kind=Prediction(
                form="number",
                right=1.12,
                near=2.0,
                found=lambda seed: 1 / _experiment().filter_noise(seed=seed).measured,
            ),
            answers=("prediction_2",),
            asks="the number by which averaging with β = 0.9 divides the variance of the noise",
            rubric=PREDICTION,
            hints=(
                "The average is a sum of independent terms with weights (1−β)βᵏ. Variances add with squared weights.",
            ),
        ),
        Step(
            id="c2-prediction_3",
            kind=Prediction(
                form="choice",
                choices={
                    "smaller": "smaller than without momentum",
                    "same": "about the same",
                    "larger": "larger than without momentum",
                },
                found=_jitter,
            ),
            answers=("prediction_3",),
            asks='"smaller", "same" or "larger"',
            rubric=PREDICTION,
            hints=("Momentum 0.9 keeps η but adds up ten gradients' worth of step. What does that do to the noise?",),
        ),
        Step(
            id="c2-prediction_4",
            kind=Prediction(
                form="choice",
                choices={
                    "stays": "it comes to rest in the deeper pit",
                    "past": "it rolls past the deeper pit",
                },
                found=_deep_pit,
            ),
            answers=("prediction_4",),
            asks='"stays" or "past"',
            rubric=PREDICTION,
            hints=("A ball knows its speed. Does it know which of two valleys is deeper?",),
        ),
        Step(
            id="c2-sketch_1",
            kind=Prediction(form="sketch", sketch=ACROSS, found=_across),
            answers=("sketch_1",),
            asks="the way across the ravine, without and with momentum, drawn on the pad",
            rubric=SKETCH,
            hints=(
                "At its best rate, plain descent stands near the border of stability across the ravine: what sign has "
                "1 − ηλ there?",
                "Momentum's best rate is larger still. What does a longer step do before the velocity can cancel it?",
            ),
        ),
    ),
)
