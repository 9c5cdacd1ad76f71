"""Predictions: right, near, wrong, absent and malformed ones; noted before the reveal, compared after it."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest

from lrtutorial import checking
from lrtutorial.answers.session import HERE
from lrtutorial.checking import predictions
from lrtutorial.course import find_exercise, find_step
from lrtutorial.course.expected import Expected, Known, recorded
from lrtutorial.kinds import prediction

EXERCISES = [f"c{i}" for i in range(1, 7)]
STEPS = [step for name in EXERCISES for step in find_exercise(name).steps]
every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)


@pytest.fixture(autouse=True)
def fresh_session(monkeypatch):
    monkeypatch.setattr(HERE, "committed", {})
    monkeypatch.setattr(HERE, "revealed", set())
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def judged(step_id: str, answer: object, expected: Expected | None = None):
    step = find_step(step_id)
    return prediction.judge(step, prediction.collect(step, {step.answers[0]: answer}), expected or recorded(step_id))


def test_points_of_part_c_with_the_written_answers_are_a_hundred() -> None:
    from lrtutorial.checking.written import model_answers

    assert sum(step.points for step in STEPS) + sum(m.points for m in model_answers().values()) == 100
    assert all(2 <= sum(step.id.startswith(name) for step in STEPS) <= 4 for name in EXERCISES)


# ------------------------------------------------------------------------------------------- judging


@every_step
def test_what_the_experiment_gives_is_right(step) -> None:
    verdict = judged(step.id, recorded(step.id).reference)
    assert verdict.status == "right" and verdict.points == verdict.possible == 2


NEAR_AND_WRONG = [
    ("c1-prediction_1", "0.1", "partly"),
    ("c1-prediction_1", "2.15", "partly"),
    ("c1-prediction_1", "0.0215", "wrong"),
    ("c1-prediction_2", 3, "partly"),
    ("c1-prediction_2", 0, "wrong"),
    ("c1-prediction_3", 700, "right"),
    ("c1-prediction_3", 1000, "partly"),
    ("c1-prediction_3", 3000, "wrong"),
    ("c2-prediction_1", 10, "right"),
    ("c2-prediction_1", 3.5, "partly"),
    ("c2-prediction_1", 100, "wrong"),
    ("c2-prediction_2", 20, "right"),
    ("c2-prediction_2", 10, "partly"),
    ("c2-prediction_2", 100, "wrong"),
    ("c3-prediction_2", "both", "partly"),
    ("c3-prediction_2", "neither", "wrong"),
    ("c3-prediction_3", ["adam", "momentum", "sgd"], "partly"),
    ("c3-prediction_3", ("momentum", "sgd", "adam"), "partly"),
    ("c3-prediction_3", ["sgd", "adam", "momentum"], "wrong"),
    ("c4-prediction_1", 5, "partly"),
    ("c4-prediction_1", 40, "wrong"),
    ("c4-prediction_4", 3, "partly"),
    ("c4-prediction_4", 1, "wrong"),  # nothing changes
    ("c4-prediction_4", 8, "wrong"),
    ("c6-prediction_3", 38, "right"),
    ("c6-prediction_3", 50, "partly"),
    ("c6-prediction_3", 60, "partly"),
    ("c6-prediction_3", 1, "wrong"),
    ("c6-prediction_3", 0, "wrong"),
    ("c1-prediction_2", 1, "partly"),
]


@pytest.mark.parametrize(("step", "answer", "status"), NEAR_AND_WRONG)
def test_near_earns_half_and_wrong_nothing(step, answer, status) -> None:
    verdict = judged(step, answer)
    assert verdict.status == status
    assert verdict.points == {"right": 2, "partly": 1, "wrong": 0}[status]


@pytest.mark.parametrize("number", [np.float64(647), np.int64(647), Fraction(647), 647.0])
def test_any_real_number_is_read(number) -> None:
    assert judged("c1-prediction_3", number).status == "right"


@pytest.mark.parametrize("word", [" 0.464", "0.464 "])
def test_spaces_do_not_matter(word) -> None:
    assert judged("c1-prediction_1", word).status == "right"


@pytest.mark.parametrize("word", ["Past", "PAST ", "past"])
def test_capitals_do_not_matter(word) -> None:
    assert judged("c2-prediction_4", word).status == "right"


@every_step
@pytest.mark.parametrize("answer", [..., None], ids=["dots", "none"])
def test_an_absent_prediction_is_unfinished(step, answer) -> None:
    verdict = judged(step.id, answer)
    assert verdict.status == "unfinished" and verdict.points == 0 and step.asks in verdict.hint


MALFORMED = [
    float("nan"), float("inf"), -1.0, 10**400, "", "nonsense", b"0.464", True, 3 + 1j, [], ["a"], ["sgd"],
    [1, 2], ["sgd", "sgd", "adam"], ["sgd", "adam", "momentum", "extra"], {"a": 1}, object(), np.array([1.0]),
    lambda: 2, "x" * 100_000, ["x"] * 100_000,
]  # fmt: skip


@every_step
@pytest.mark.parametrize("answer", MALFORMED, ids=lambda a: f"{type(a).__name__}-{str(a)[:8]}")
def test_a_malformed_prediction_earns_nothing_and_says_what_was_expected(step, answer) -> None:
    verdict = judged(step.id, answer)
    assert verdict.points == 0
    if verdict.status != "wrong":  # 0 diverging rates, say, is a wrong number and not a malformed one
        assert verdict.status == "unreadable" and "expected" in verdict.headline or "has" in verdict.headline
        assert len(verdict.headline) < 600


class Exploding(float):
    def __float__(self):
        raise RuntimeError("never")


class ExplodingWord(str):
    def __str__(self):
        raise RuntimeError("never")


class ExplodingList(list):
    def __getitem__(self, index):
        raise KeyboardInterrupt if index == "never" else RuntimeError("never")


@every_step
@pytest.mark.parametrize("answer", [Exploding(2), ExplodingWord("past"), ExplodingList(["sgd"])], ids=type)
def test_an_answer_whose_methods_raise_is_only_unreadable(step, answer) -> None:
    verdict = judged(step.id, answer)
    assert verdict.points == 0 and verdict.status == "unreadable"


@pytest.mark.parametrize(
    "evidence",
    [None, 3, [], {}, {"kind": "formula"}, {"kind": "prediction"}, {"kind": "prediction", "value": {"a": 1}},
     {"kind": "prediction", "value": float("nan")}, {"kind": "prediction", "value": "9" * 10**6},
     {"kind": "prediction", "value": [["sgd"]]}, {"kind": "prediction", "value": True}],
    ids=lambda e: str(e)[:30],
)  # fmt: skip
@every_step
def test_forged_or_broken_evidence_earns_nothing(step, evidence) -> None:
    verdict = prediction.judge(step, evidence, recorded(step.id))
    assert verdict.points == 0 and verdict.status in ("failed", "unreadable", "wrong")
    assert len(str(verdict)) < 2000


# --------------------------------------------------------------------------------- catalogue and seeds


@every_step
def test_every_catalogued_misconception_is_named_and_not_right(step) -> None:
    question = import_module(f"autograder.catalogue.{step.id[:2]}").QUESTIONS[step.id]
    for misconception in question.misconceptions:
        verdict = judged(step.id, misconception.answer)
        assert verdict.misconception == misconception.id, misconception.id
        assert verdict.points < 2 and misconception.title in verdict.headline


@every_step
def test_recorded_outcomes_are_what_the_catalogue_gives(step) -> None:
    question = import_module(f"autograder.catalogue.{step.id[:2]}").QUESTIONS[step.id]
    data = recorded(step.id)
    assert data.probes == question.public == [0]
    found = prediction.found_on(step, [0])
    if isinstance(found, float):  # rounded to three digits, of which the last may differ on another processor
        assert found == pytest.approx(data.reference, rel=5e-3)
    else:
        assert found == data.reference
    assert data.outcomes() == {m.id: m.answer for m in question.misconceptions}


@every_step
def test_the_answer_for_the_notebooks_seed_is_right_on_a_fresh_seed(step) -> None:
    fresh = Known([20261124], prediction.found_on(step, [20261124]), {}, secret=True)
    verdict = judged(step.id, recorded(step.id).reference, fresh)
    assert verdict.status == "right" and "nobody has seen" in verdict.checked


def test_several_seeds_give_the_median_and_the_most_frequent(monkeypatch) -> None:
    results = {"number": {1: 1.0, 2: 5.0, 3: 2.0}, "choice": {1: "a", 2: "b", 3: "b"}}
    results["ordering"] = {1: ["x", "y"], 2: ["y", "x"], 3: ["y", "x"]}
    steps = {"number": "c2-prediction_2", "choice": "c2-prediction_3", "ordering": "c3-prediction_3"}
    for form, by_seed in results.items():
        monkeypatch.setattr(prediction, "_found", lambda step, seed, by_seed=by_seed: by_seed[seed])
        found = prediction.found_on(find_step(steps[form]), [1, 2, 3])
        assert found == {"number": 2.0, "choice": "b", "ordering": ["y", "x"]}[form]


# ------------------------------------------------------------------------------- noted, then compared


def test_before_the_reveal_check_notes_and_gives_nothing_away() -> None:
    for answer in ("0.464", "10"):
        verdict = checking.verdict_on("c1-prediction_1", answer)
        assert verdict.status == "noted" and answer in verdict.headline
        assert "of 2 points" not in str(verdict) and verdict.misconception is None
    texts = {str(checking.verdict_on("c1-prediction_1", a)).replace(a, "…") for a in ("0.464", "10", "0.1")}
    assert len(texts) == 1  # right, wrong and near look alike


def test_validate_accepts_a_noted_prediction_and_refuses_an_absent_one(monkeypatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert checking.check("c1-prediction_2", 7).status == "noted"
    with pytest.raises(checking.CheckFailed):
        checking.check("c1-prediction_2", ...)


def test_compare_waits_for_every_prediction_then_shows_all() -> None:
    checking.verdict_on("c1-prediction_1", "0.464")
    checking.verdict_on("c1-prediction_2", 3)
    waiting = predictions.compare("c1")
    assert "c1-prediction_3" in waiting.note and not waiting.rows
    checking.verdict_on("c1-prediction_3", 3000)
    shown = predictions.compare("c1", 90, 50, 40)
    assert [row.status for row in shown.rows] == ["right", "partly", "wrong"]
    assert "1 of 3 right, 1 near." in shown.calibration and "60% sure" in shown.calibration
    assert "surer than" in shown.calibration
    assert "647" in repr(shown) and "647" in shown._repr_html_()


def test_what_counts_is_what_was_committed_before_the_reveal() -> None:
    for step, answer in (("c1-prediction_1", "10"), ("c1-prediction_2", 2), ("c1-prediction_3", 647)):
        checking.verdict_on(step, answer)
    assert predictions.compare("c1").rows[0].status == "wrong"
    assert checking.verdict_on("c1-prediction_1", "0.464").status == "right"  # now check tells
    assert predictions.compare("c1").rows[0].status == "wrong"
    assert predictions.summary()["c1"] == {"asked": 3, "committed": 3, "compared": True}
    assert predictions.summary()["c2"] == {"asked": 4, "committed": 0, "compared": False}


@pytest.mark.parametrize("confidence", [(101,), (-1,), ("sure",), (True,), (1, 2)])
def test_a_confidence_that_is_none_is_explained(confidence) -> None:
    for step, answer in (("c1-prediction_1", "10"), ("c1-prediction_2", 2), ("c1-prediction_3", 647)):
        checking.verdict_on(step, answer)
    given = confidence if len(confidence) == 2 else (*confidence, None, ...)
    shown = predictions.compare("c1", *given)
    assert not shown.rows and "confidence" in shown.note.lower()


def test_confidences_left_open_are_left_out() -> None:
    for step, answer in (("c1-prediction_1", "0.464"), ("c1-prediction_2", 2), ("c1-prediction_3", 647)):
        checking.verdict_on(step, answer)
    assert "sure" not in predictions.compare("c1", ..., None, ...).calibration
    assert "about as sure" in predictions.compare("c1", 95, ..., None).calibration


@pytest.mark.parametrize("name", ["c7", "C1x", "", None, 3])
def test_an_unknown_exercise_gets_a_suggestion(name) -> None:
    assert "Did you mean" in predictions.compare(name).note


def test_an_exercise_without_predictions_says_so() -> None:
    assert "no predictions" in predictions.compare("a1").note


@pytest.mark.parametrize(
    ("step_id", "answer", "means"),
    [
        ("c2-prediction_3", "It is Smaller.", "smaller"),
        ("c2-prediction_3", "LARGER than without momentum", "larger"),
        ("c2-prediction_3", "about the same", "same"),
        ("c5-prediction_1", "the small rate", "small"),
        ("c5-prediction_1", " Small rate, 0.01 ", "small"),
        ("c3-prediction_2", "only SGD!", "sgd"),
        ("c1-prediction_1", 0.1, "0.1"),
        ("c1-prediction_1", "a rate of 0.1", "0.1"),
        ("c1-prediction_3", "about 700 steps", 700.0),
        ("c2-prediction_1", "3,5", 3.5),
        ("c3-prediction_3", ["SGD", " Momentum", "Adam."], ["sgd", "momentum", "adam"]),
        ("c3-prediction_3", "Adam, then momentum, then SGD", ["adam", "momentum", "sgd"]),
    ],
)
def test_a_prediction_with_a_capital_or_a_word_too_many_is_read(step_id, answer, means) -> None:
    step = find_step(step_id)
    assert prediction.collect(step, {step.answers[0]: answer}).get("value") == means


@pytest.mark.parametrize(
    ("step_id", "answer"),
    [
        ("c2-prediction_3", "not smaller"),
        ("c2-prediction_3", "smaller or larger"),
        ("c2-prediction_3", "it isn't larger"),
        ("c5-prediction_1", "neither small nor large"),
        ("c1-prediction_3", "between 300 and 700"),
        ("c1-prediction_3", "50 %"),
        ("c1-prediction_1", "0.1 or 0.2"),
        ("c3-prediction_3", "sgd, adam"),
    ],
)
def test_a_prediction_that_could_mean_two_things_is_not_guessed(step_id, answer) -> None:
    verdict = judged(step_id, answer)
    assert verdict.status == "unreadable" and verdict.points == 0, verdict


@pytest.mark.parametrize("number", [2.4, -3, -1.0])
def test_how_many_is_a_whole_number_from_zero_on(number) -> None:
    verdict = judged("c1-prediction_2", number)
    assert verdict.status == "unreadable" and verdict.points == 0
    assert f"{number:g} came instead" in verdict.headline


@pytest.mark.parametrize(("number", "reads"), [(1500, "1500"), (0.25, "0.25"), (123456, "123456")])
def test_a_number_is_repeated_as_it_was_meant(number, reads) -> None:
    assert f"You predicted {reads};" in judged("c1-prediction_3", number).headline
