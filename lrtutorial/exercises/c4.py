"""C4: large rates and flat minima, warmup, decay."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.kinds import Prediction, foretold
from lrtutorial.kinds.sketches import Course, EndsNear, Order, Sketch

if TYPE_CHECKING:
    from lrtutorial.experiments.c4_rate_effects import Edge, Warmup

PREDICTION = foretold(0.75, 0.5, 0.25)


def _experiment() -> ModuleType:
    return import_module("lrtutorial.experiments.c4_rate_effects")


@cache
def _edge(seed: int) -> Edge:
    return _experiment().edge_of_stability(seed=seed)


def _settled(seed: int) -> float:
    import numpy as np

    return float(np.median(_edge(seed).settled[:, -1]) * 2 / _experiment().EDGE_RATES[-1])


def _same_function(seed: int) -> str:
    change = _experiment().same_function(seed=seed).sharpness
    ratio = change[-1] / change[2]
    return "same" if 1 / 1.5 < ratio < 1.5 else "flatter" if ratio < 1 else "sharper"


@cache
def _warmup(seed: int) -> Warmup:
    return _experiment().warmup(seed=seed)


def _warmed(seed: int) -> str:
    share = _warmup(seed).survived
    return "trains" if share["warmup"] > 0.5 > share["no warmup"] else "diverges"


def _halved(seed: int) -> float:
    floor = _experiment().noise_floor(seed=seed).settled
    return float(floor[3] / floor[2])  # rates 0.1 and 0.05


SKETCH = foretold(1, 0.5, 0.5)
SHARPNESS = Sketch(
    curves={"0.08": "the sharpness at η = 0.08", "0.2": "the sharpness at η = 0.2"},
    at=(0, 800, 1600, 2400, 3200, 4000, 4800),
    across="step",
    up="sharpness",
    low=1,
    high=100,
    log_up=True,
    features=(Course("0.08"), EndsNear("0.08"), EndsNear("0.2"), Order()),
)


@cache
def _sharpness(seed: int) -> dict[str, list[float]]:
    import numpy as np

    run = _edge(seed)
    typical = np.median(run.sharpness, axis=1)
    places = [int(np.argmin(abs(run.measured_at - step))) for step in SHARPNESS.at]
    return {
        rate: [SHARPNESS.held(float(typical[place, int(np.argmin(abs(run.rates - float(rate))))])) for place in places]
        for rate in SHARPNESS.curves
    }


EXERCISE = Exercise(
    id="c4",
    part="part_c",
    notebook="c4_rate_effects",
    title="Large rates, warmup, decay",
    minutes=45,
    difficulty="hard",
    gives="Sharpness, warmup and the noise floor: what large rates do",
    after=("a5",),
    steps=(
        Step(
            id="c4-prediction_1",
            kind=Prediction(form="number", right=1.15, near=2.2, found=_settled),
            answers=("prediction_1",),
            asks="the sharpness at which full-batch gradient descent with η = 0.2 settles",
            rubric=PREDICTION,
            hints=("Which sharpness can a rate of 0.2 just bear on a quadratic?",),
        ),
        Step(
            id="c4-prediction_2",
            kind=Prediction(
                form="choice",
                choices={
                    "same": "its sharpness stays the same",
                    "flatter": "it becomes flatter",
                    "sharper": "it becomes sharper",
                },
                found=_same_function,
            ),
            answers=("prediction_2",),
            asks='"same", "flatter" or "sharper"',
            rubric=PREDICTION,
            hints=(
                "The loss as a function of the last layer's weights: what happens to its curvature "
                "when they are a tenth "
                "of the size and their inputs ten times as large?",
            ),
        ),
        Step(
            id="c4-prediction_3",
            kind=Prediction(
                form="choice",
                choices={
                    "trains": "with warmup it trains at the full rate",
                    "diverges": "it diverges all the same, only later",
                },
                found=_warmed,
            ),
            answers=("prediction_3",),
            asks='"trains" or "diverges"',
            rubric=PREDICTION,
            hints=("What could change in the network while the rate is still small?",),
        ),
        Step(
            id="c4-prediction_4",
            kind=Prediction(form="number", right=1.2, near=1.7, found=_halved),  # 1, "nothing changes", is not near
            answers=("prediction_4",),
            asks="the number by which the noise floor is divided when the rate is halved",
            rubric=PREDICTION,
            hints=("At the floor, each step adds noise of variance η² and removes a share 2η of what is there.",),
        ),
        Step(
            id="c4-sketch_1",
            kind=Prediction(form="sketch", sketch=SHARPNESS, found=_sharpness),
            answers=("sketch_1",),
            asks="the sharpness during training at two rates, drawn on the pad",
            rubric=SKETCH,
            hints=(
                "Both begin near 8. Which sharpness can each of the two rates just bear on a quadratic?",
                "If it rises until it can rise no further: which of the two ends lower?",
            ),
        ),
    ),
)
