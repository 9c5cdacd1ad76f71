"""Sketches: features that hold over seeds, that a hand draws, and that tell a wrong drawing from a right one."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lrtutorial.answers.session import HERE
from lrtutorial.checking import verdict_on
from lrtutorial.checking.overlay import both
from lrtutorial.checking.pad import draw
from lrtutorial.course import exercises, find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import Prediction, prediction
from lrtutorial.kinds.sketches import compared, course, read_drawing
from tests.part_c.measured import FRESH, SEEDS

SKETCHES = [s.id for e in exercises().values() for s in e.steps if isinstance(s.kind, Prediction) and s.kind.sketch]
every_sketch = pytest.mark.parametrize("name", SKETCHES)
WHY = "Because steps go with the rate."


@pytest.fixture(autouse=True)
def fresh_session():
    HERE.forget()
    yield
    HERE.forget()


def sketch_of(name: str):
    return Prediction.of(find_step(name)).sketch


def test_four_exercises_ask_for_a_sketch() -> None:
    assert {name[:2] for name in SKETCHES} == {"c1", "c2", "c4", "c6"}


@pytest.mark.whole
@every_sketch
def test_every_feature_says_the_same_on_other_seeds(name) -> None:
    step, sketch = find_step(name), sketch_of(name)
    here = recorded(name).reference
    for seed in (SEEDS[1], FRESH):
        there = prediction.found_on(step, [seed])
        for same, mine, theirs in compared(sketch, here, there):
            assert same, f"seed {seed}: {mine} here, {theirs} there"


@every_sketch
def test_a_hand_that_trembles_draws_the_same_features(name) -> None:
    sketch, found = sketch_of(name), recorded(name).reference
    rng = np.random.default_rng(5)
    for _ in range(50):
        shaken = {}
        for key, heights in found.items():
            shares = np.array([sketch.share(height) for height in heights]) + rng.uniform(-0.02, 0.02, len(heights))
            shaken[key] = [height_at(sketch, share) for share in shares]
        assert all(same for same, _, _ in compared(sketch, shaken, found)), compared(sketch, shaken, found)


def height_at(sketch, share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    if sketch.log_up:
        return math.exp(math.log(sketch.low) + share * (math.log(sketch.high) - math.log(sketch.low)))
    return sketch.low + share * (sketch.high - sketch.low)


@every_sketch
def test_flat_lines_and_the_curves_exchanged_are_not_as_in_the_experiment(name) -> None:
    step, sketch, found = find_step(name), sketch_of(name), recorded(name).reference
    middle = height_at(sketch, 0.5)
    flat = {key: [middle] * len(sketch.at) for key in sketch.curves}
    keys = list(sketch.curves)
    exchanged = dict(zip(keys, [found[key] for key in keys[1:] + keys[:1]], strict=True))
    assert prediction.closeness(step, flat, found) <= 0.5
    assert prediction.closeness(step, exchanged, found) < 1


@every_sketch
def test_points_are_for_drawing_and_why_and_the_small_rest_for_the_features(name) -> None:
    step, found = find_step(name), recorded(name).reference
    right = prediction.judge(step, prediction.collect(step, {"sketch_1": found, "why_sketch_1": WHY}), recorded(name))
    assert right.right and right.points == step.points
    sketch = sketch_of(name)
    flat = {key: [height_at(sketch, 0.5)] * len(sketch.at) for key in sketch.curves}
    wrong = prediction.judge(step, prediction.collect(step, {"sketch_1": flat, "why_sketch_1": WHY}), recorded(name))
    assert wrong.points >= 0.75 * step.points and not wrong.right
    assert any(line.startswith("✗ You drew:") for line in wrong.details)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([0.5] * 6, "is level"),
        ([1, 0.8, 0.6, 0.4, 0.2, 0], "falls"),
        ([0, 0.2, 0.4, 0.6, 0.8, 1], "rises"),
        ([1, 0.5, 0.1, 0.1, 0.1, 0.1], "falls, then is level"),
        ([0, 0.9, 1, 1, 1, 1], "rises, then is level"),
        ([0.9, 0.3, 0.1, 0.4, 0.8], "falls, then rises"),
        ([0, 1, 0, 1, 0], "goes up and down"),
        ([0.5, 0.53, 0.48, 0.52, 0.5], "is level"),
        ([0.2, 0.6, 0.9, 0.5, 0.1], "rises, then falls"),
    ],
)
def test_a_curve_is_told_in_words(shares, words) -> None:
    assert course(shares) == words


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (3, "type int"),
        ({}, "not drawn yet"),
        ({"plain": [1] * 7}, "'momentum' is not drawn yet"),
        ({"plain": [1] * 6, "momentum": [1] * 7}, "'plain' has 7 points"),
        ({"plain": [1, None] + [1] * 5, "momentum": [1] * 7}, "Some points of 'plain' are not drawn"),
        ({"plain": [99] * 7, "momentum": [1] * 7}, "between -5 and 5"),
        ({"plain": [float("nan")] * 7, "momentum": [1] * 7}, "between -5 and 5"),
        ({"plain": [1] * 7, "momentum": [1] * 7, "adam": [1] * 7}, "'adam' is none of them"),
        ({"plain": "1234567", "momentum": [1] * 7}, "type str came"),
        ({"plain": [True] * 7, "momentum": [1] * 7}, "are numbers; True came"),
        ({"plain": [10**400] * 7, "momentum": [1] * 7}, "between -5 and 5; inf came"),
        ({"plain": np.ones((7, 2)), "momentum": [1] * 7}, "are numbers; [1.0, 1.0] came"),
    ],
)
def test_what_is_no_drawing_is_told_what_is_missing(answer, says) -> None:
    assert says in read_drawing(sketch_of("c2-sketch_1"), answer)
    verdict = verdict_on("c2-sketch_1", answer, WHY)
    assert verdict.status == "unreadable" and says in verdict.headline and "c2-sketch_1" not in HERE.committed


def test_what_is_drawn_arrives_and_the_cell_that_runs_again_keeps_it() -> None:
    pad = draw("c2-sketch_1")
    assert pad.drawing is ... and "Give numbers" in repr(pad)
    widget = pad.widget()
    widget.points = {"plain": [1, -1, 1, -1, 1, -1, 1], "momentum": [1, None, None, None, None, None, None]}
    assert "Some points of 'momentum'" in verdict_on("c2-sketch_1", pad, WHY).headline
    widget.points = {**widget.points, "momentum": [1, -2, 3, -3, 3, -3, 99]}
    assert draw("c2-sketch_1").drawing["momentum"] == [1, -2, 3, -3, 3, -3, 5]
    assert verdict_on("c2-sketch_1", draw("c2-sketch_1"), WHY).status == "noted"
    assert repr(draw("c2-sketch_1")).startswith("sketch_1 = {'plain': [1.0, -1.0")
    widget.points = {"plain": "none", "momentum": [None] * 3}  # what is malformed changes nothing
    assert draw("c2-sketch_1").drawing["plain"] == [1, -1, 1, -1, 1, -1, 1]
    widget.close()


@pytest.mark.parametrize(
    "heights",
    [(1,) * 7, np.ones(7), [np.float32(1)] * 7, [np.int64(1)] * 7, [Fraction(1)] * 7, np.ones(7, dtype=int)],
    ids=lambda heights: type(heights).__name__,
)
def test_a_drawing_is_read_from_whatever_holds_its_numbers(heights) -> None:
    curves = {"plain": heights, "momentum": [1.0] * 7}
    assert read_drawing(sketch_of("c2-sketch_1"), curves) == {"plain": [1.0] * 7, "momentum": [1.0] * 7}
    assert set(read_drawing(sketch_of("c1-sketch_1"), dict.fromkeys((0.001, 0.464, 2.15), [1.0] * 6))) == {
        "0.001",
        "0.464",
        "2.15",
    }


@pytest.mark.parametrize(
    "points",
    [[1] * 7, 3, None, "x", {"plane": [1] * 7}, {"plain": [1] * 6}, {"plain": [float("nan")] * 7}, {"plain": "1" * 7},
     {"plain": [1] * 7, "momentum": [math.inf] * 7}, {"plain": ["1"] * 7}, {"plain": [10**400] * 7}],
    ids=lambda points: str(points)[:30],
)  # fmt: skip
def test_a_pad_refuses_what_is_no_drawing_and_keeps_what_is_on_it(points) -> None:
    pad = draw("c2-sketch_1")
    pad.take({"plain": [2, 1, 1, 1, 1, 1, None]})
    before = pad.drawing
    with pytest.raises(ValueError, match="came|is none of them"):
        pad.take(points)
    assert pad.drawing == before


@pytest.mark.parametrize("name", ["c1-prediction_1", "a1-gradient", "c9-sketch_1", "c1", "", None, 3, ..., ["c1"]])
def test_draw_says_what_asks_for_a_sketch(name) -> None:
    with pytest.raises(LookupError, match=r'draw\("c1-sketch_1"\).*came instead'):
        draw(name)


@every_sketch
def test_the_picture_of_both_names_every_curve_and_number_in_words(name) -> None:
    found = recorded(name).reference
    picture = both(sketch_of(name), found, found)
    label = picture.split('aria-label="')[1].split('"')[0]
    assert all(curve in label for curve in sketch_of(name).curves.values()) and label.count("drawn") == len(found)
    assert picture.count("<polyline") == 2 * len(found) and "dashed: your sketch" in picture
