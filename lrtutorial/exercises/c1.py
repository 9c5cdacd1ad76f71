"""C1: why is the learning rate the most important hyperparameter?"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.kinds import Prediction, foretold
from lrtutorial.kinds.sketches import Course, Order, Sketch

if TYPE_CHECKING:
    from lrtutorial.experiments.c1_why_rate_matters import SevenRates

PREDICTION = foretold(0.75, 0.5, 0.25)
RATES = {"0.001": 0, "0.00464": 1, "0.0215": 2, "0.1": 3, "0.464": 4, "2.15": 5, "10": 6}


@cache
def _run(seed: int) -> SevenRates:
    from lrtutorial.experiments import c1_why_rate_matters

    return c1_why_rate_matters.seven_rates(seed)


CURVES = Sketch(
    curves={"0.001": "the loss at 0.001", "0.464": "the loss at 0.464", "2.15": "the loss at 2.15"},
    at=(1, 5, 20, 100, 500, 3000),
    across="step",
    up="training loss",
    low=0.003,
    high=3,
    log_across=True,
    log_up=True,
    features=(Course("2.15", alike=(("rises", "rises, then is level"),)), Course("0.464"), Order()),
)


@cache
def _curves(seed: int) -> dict[str, list[float]]:
    import numpy as np

    run = _run(seed)
    losses = {rate: np.median(run.losses[:, :, list(RATES).index(rate)], axis=1) for rate in CURVES.curves}
    return {rate: [CURVES.held(float(loss[int(step) - 1])) for step in CURVES.at] for rate, loss in losses.items()}


EXERCISE = Exercise(
    id="c1",
    part="part_c",
    notebook="c1_why_rate_matters",
    title="Why the learning rate matters most",
    minutes=30,
    difficulty="gentle",
    gives="Seven rates over four decades: what too low and too high look like",
    steps=(
        Step(
            id="c1-prediction_1",
            kind=Prediction(
                form="choice",
                choices={rate: rate for rate in RATES},
                beside={rate: tuple(r for r, j in RATES.items() if abs(i - j) == 1) for rate, i in RATES.items()},
                found=lambda seed: list(RATES)[_run(seed).best],
            ),
            answers=("prediction_1",),
            asks="the rate, of the seven, with the lowest loss after 3000 steps, in quotes",
            rubric=PREDICTION,
            hints=("Too low is slow. Where would you expect the trouble to begin at the other end?",),
        ),
        Step(
            id="c1-prediction_2",
            kind=Prediction(form="number", whole=True, near=1, found=lambda seed: _run(seed).diverging),
            answers=("prediction_2",),
            asks="how many of the seven rates diverge",
            rubric=PREDICTION,
            hints=("A network's curvature at the start is often of the order of ten. What does 2/λ say?",),
        ),
        Step(
            id="c1-prediction_3",
            kind=Prediction(form="number", right=1.15, near=2.0, found=lambda seed: _run(seed).catch_up),
            answers=("prediction_3",),
            asks="the step at which the rate 0.00464 has the loss that 0.001 reaches after 3000 steps",
            rubric=PREDICTION,
            hints=(
                "If both rates are far too small to overshoot, what is the only thing that differs between the runs?",
            ),
        ),
        Step(
            id="c1-sketch_1",
            kind=Prediction(form="sketch", sketch=CURVES, found=_curves),
            answers=("sketch_1",),
            asks="three loss curves, drawn on the pad",
            rubric=PREDICTION,
            hints=(
                "Where do all three begin? Then ask of each: after a thousand steps, is it far from there?",
                "A rate that is too small is not stuck. One that is too large multiplies its error at every step.",
            ),
        ),
    ),
)
