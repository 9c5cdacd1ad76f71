"""Predictions: right, near, wrong, absent and malformed ones; noted before the reveal, compared after it."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest

from lrtutorial import checking
from lrtutorial.answers.session import HERE
from lrtutorial.checking import predictions
from lrtutorial.course import find_exercise, find_step
from lrtutorial.course.expected import Expected, Known, recorded
from lrtutorial.kinds import Prediction, prediction
from tests.part_c.measured import SEEDS

EXERCISES = [f"c{i}" for i in range(1, 7)]
STEPS = [step for name in EXERCISES for step in find_exercise(name).steps]
every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)


@pytest.fixture(autouse=True)
def fresh_session(monkeypatch):
    HERE.forget()
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    yield
    HERE.forget()


WHY = "Because steps go with the rate."
SAID = [step for step in STEPS if Prediction.of(step).form != "sketch"]
every_said = pytest.mark.parametrize("step", SAID, ids=lambda step: step.id)


def judged(step_id: str, answer: object, expected: Expected | None = None, why: object = WHY):
    step = find_step(step_id)
    evidence = prediction.collect(step, {step.answers[0]: answer, step.companions[0]: why})
    return prediction.judge(step, evidence, expected or recorded(step_id))


def commit(**answers: object) -> None:
    """Commit predictions of C1, its sketch as well."""
    for name, answer in {**answers, "sketch_1": recorded("c1-sketch_1").reference}.items():
        checking.verdict_on(f"c1-{name}", answer, WHY)


def test_points_of_part_c_with_the_written_answers_are_a_hundred() -> None:
    from lrtutorial.checking.written import model_answers

    assert sum(step.points for step in STEPS) + sum(m.points for m in model_answers().values()) == 100
    assert all(2 <= sum(step.id.startswith(name) for step in SAID) <= 4 for name in EXERCISES)
    assert len(SAID) >= 20 and len(STEPS) - len(SAID) >= 4


# ------------------------------------------------------------------------------------------- judging


@every_step
def test_what_the_experiment_gives_is_right(step) -> None:
    verdict = judged(step.id, recorded(step.id).reference)
    assert verdict.status == "right" and verdict.points == verdict.possible == step.points


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
def test_being_right_is_the_small_part_and_near_is_half_of_it(step, answer, status) -> None:
    verdict = judged(step, answer)
    earned = {line.id: line.earned / line.possible for line in verdict.lines}
    assert earned == {"committed": 1, "why": 1, "right": {"right": 1, "partly": 0.5, "wrong": 0}[status]}
    assert verdict.status == ("right" if status == "right" else "partly")


@every_step
def test_an_honest_wrong_prediction_earns_three_quarters_at_least_and_a_bare_right_one_less(step) -> None:
    (committed, why, right) = step.rubric
    assert right.points <= step.points / 4 and committed.points >= step.points / 2
    assert committed.points + why.points > committed.points + right.points or why.points == right.points


@every_step
def test_a_prediction_without_a_why_is_told_what_is_missing_and_keeps_the_rest(step) -> None:
    for why in (..., None, "", "   ", 3, "because", "aaaaaaaaaaaaaaaa"):
        verdict = judged(step.id, recorded(step.id).reference, why=why)
        assert verdict.status == "partly" and step.companions[0] in verdict.headline, why
        assert verdict.points == step.points - step.rubric[1].points, why


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
def test_a_malformed_prediction_earns_nothing_and_says_what_was_expected(step) -> None:
    for answer in MALFORMED:
        verdict, shown = judged(step.id, answer), f"{type(answer).__name__} {str(answer)[:60]}"
        assert verdict.points == 0, shown
        if verdict.status not in ("wrong",):  # 0 diverging rates, say, is a wrong number and not a malformed one
            assert verdict.status == "unreadable" and "expected" in verdict.headline or "has" in verdict.headline, shown
            assert len(verdict.headline) < 600, shown


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
def test_an_answer_whose_methods_raise_is_only_unreadable(step) -> None:
    for answer in (Exploding(2), ExplodingWord("past"), ExplodingList(["sgd"])):
        verdict = judged(step.id, answer)
        assert verdict.points == 0 and verdict.status == "unreadable", type(answer)


@pytest.mark.parametrize(
    "evidence",
    [None, 3, [], {}, {"kind": "formula"}, {"kind": "prediction"}, {"kind": "prediction", "value": {"a": 1}},
     {"kind": "prediction", "value": float("nan")}, {"kind": "prediction", "value": "9" * 10**6},
     {"kind": "prediction", "value": [["sgd"]]}, {"kind": "prediction", "value": True}],
    ids=lambda e: str(e)[:30],
)  # fmt: skip
def test_forged_or_broken_evidence_earns_nothing(evidence) -> None:
    for step in STEPS:
        verdict = prediction.judge(step, evidence, recorded(step.id))
        assert verdict.points == 0 and verdict.status in ("failed", "unreadable", "wrong"), step.id
        assert len(str(verdict)) < 2000, step.id


# --------------------------------------------------------------------------------- catalogue and seeds


@every_step
def test_every_catalogued_misconception_is_named_and_not_right(step) -> None:
    question = import_module(f"autograder.catalogue.{step.id[:2]}").QUESTIONS[step.id]
    for misconception in question.misconceptions:
        answer = misconception.answer
        verdict = judged(step.id, answer["sketch_1"] if isinstance(answer, dict) else answer)
        assert verdict.misconception == misconception.id, misconception.id
        assert verdict.points < step.points and misconception.title in verdict.headline


@pytest.mark.whole
@every_step
def test_recorded_outcomes_are_what_the_catalogue_gives(step) -> None:
    question = import_module(f"autograder.catalogue.{step.id[:2]}").QUESTIONS[step.id]
    data = recorded(step.id)
    assert data.probes == question.public == [0]
    found = prediction.found_on(step, [0])
    if Prediction.of(step).form == "sketch":
        for curve, heights in found.items():
            assert heights == pytest.approx(data.reference[curve], rel=2e-2, abs=1e-3)
    elif isinstance(found, float):  # rounded to three digits, of which the last may differ on another processor
        assert found == pytest.approx(data.reference, rel=5e-3)
    else:
        assert found == data.reference
    answers = {m.id: m.answer for m in question.misconceptions}
    assert data.outcomes() == {name: a["sketch_1"] if isinstance(a, dict) else a for name, a in answers.items()}


@pytest.mark.whole
@every_step
def test_the_answer_for_the_notebooks_seed_is_right_on_another_seed(step) -> None:
    """On one that the claims are tested on, too: each experiment runs once for both."""
    another = SEEDS[1:]
    fresh = Known(another, prediction.found_on(step, another), {}, secret=True)
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
    texts = set()
    for answer in ("0.464", "10", "0.1"):
        HERE.forget()
        verdict = checking.verdict_on("c1-prediction_1", answer, WHY)
        assert verdict.status == "noted" and answer in verdict.headline
        assert "of 1.5 points" not in str(verdict) and verdict.misconception is None
        texts.add(str(verdict).replace(answer, "…"))
    assert len(texts) == 1  # right, wrong and near look alike


def test_the_why_is_read_where_the_check_is_called() -> None:
    why_1 = WHY  # noqa: F841
    checking.check("c1-prediction_1", "0.464")
    assert HERE.committed["c1-prediction_1"]["why"] == WHY and not HERE.committed["c1-prediction_1"]["lacks"]


def test_a_bare_prediction_is_noted_and_its_why_may_follow() -> None:
    noted = checking.verdict_on("c1-prediction_1", "10")
    assert noted.status == "noted" and "why_1" in noted.headline
    first = dict(HERE.committed["c1-prediction_1"])
    assert "why_1" not in checking.verdict_on("c1-prediction_1", "10", WHY).headline
    after = HERE.committed["c1-prediction_1"]
    assert after["why"] == WHY and not after["lacks"] and after["at"] == first["at"]


def test_the_first_prediction_stands_whatever_is_checked_after_it() -> None:
    checking.verdict_on("c1-prediction_1", "10", WHY)
    later = checking.verdict_on("c1-prediction_1", "0.464", "Now I know better than that.")
    assert HERE.committed["c1-prediction_1"]["value"] == "10" and HERE.committed["c1-prediction_1"]["why"] == WHY
    assert later.status == "noted" and "first one counts" in later.headline and "10" in later.headline


def test_a_why_that_comes_after_a_peek_is_still_taken() -> None:
    checking.verdict_on("c1-prediction_1", "10")
    HERE.seen.add("c1")  # the experiment was run with peek=True
    checking.verdict_on("c1-prediction_1", "0.464", WHY)
    first = HERE.committed["c1-prediction_1"]
    assert first["value"] == "10" and first["why"] == WHY and not first["lacks"]
    commit(prediction_2=2, prediction_3=647)
    assert predictions.compare("c1").rows[0].predicted == "10"


def test_an_emptied_cell_is_unfinished_and_the_first_prediction_is_not_lost() -> None:
    checking.verdict_on("c1-prediction_1", "10", WHY)
    assert checking.verdict_on("c1-prediction_1", ...).status == "unfinished"
    assert HERE.committed["c1-prediction_1"]["value"] == "10"


def test_the_first_prediction_outlives_the_kernel(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LRTUTORIAL_PROGRESS", str(tmp_path / "progress.json"))
    checking.verdict_on("c1-prediction_1", "10", WHY)
    at = HERE.committed["c1-prediction_1"]["at"]
    HERE.forget()
    checking.verdict_on("c1-prediction_1", "0.464", WHY)
    assert HERE.committed["c1-prediction_1"]["value"] == "10" and HERE.committed["c1-prediction_1"]["at"] == at


def test_what_the_check_shows_carries_the_first_prediction_as_data() -> None:
    checking.verdict_on("c1-prediction_1", "10", WHY, "60 %")
    (kind, told), *none = predictions.kept_with("c1-prediction_1").items()
    assert kind == "application/vnd.lrtutorial.commitment+json" and not none
    assert {**told, "at": ""} == {"step": "c1-prediction_1", "value": "10", "why": WHY, "confidence": 60.0, "at": ""}
    assert predictions.kept_with("a1-gradient") == {}


def test_validate_accepts_a_noted_prediction_and_refuses_an_absent_one(monkeypatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert checking.check("c1-prediction_2", 7).status == "noted"
    with pytest.raises(checking.CheckFailed):
        checking.check("c1-prediction_2", ...)


def test_compare_waits_for_every_prediction_then_shows_all() -> None:
    checking.verdict_on("c1-prediction_1", "0.464", WHY)
    checking.verdict_on("c1-prediction_2", 3)
    waiting = predictions.compare("c1")
    assert all(name in waiting.note for name in ("c1-prediction_2", "c1-prediction_3", "c1-sketch_1"))
    assert not waiting.rows
    commit(prediction_2=3, prediction_3=3000)
    shown = predictions.compare("c1", 90, 50, 40)
    assert [row.status for row in shown.rows] == ["right", "partly", "wrong", "right"]
    assert "1 of 3 right, 1 near." in shown.calibration
    assert "3 predictions with a stated confidence so far, 17 more are needed" in shown.calibration
    assert "647" in repr(shown) and "647" in shown._repr_html_()
    assert "<svg" in shown._repr_html_() and "✓ As you drew it: the loss at 2.15 rises" in repr(shown)


def test_what_counts_is_what_was_committed_before_the_reveal() -> None:
    commit(prediction_1="10", prediction_2=2, prediction_3=647)
    assert predictions.compare("c1").rows[0].status == "wrong"
    again = checking.verdict_on("c1-prediction_1", "0.464", WHY)  # now check tells, of the first one
    assert again.status == "partly" and "You predicted 10" in again.headline
    assert predictions.compare("c1").rows[0].status == "wrong"
    assert predictions.summary()["c1"] == {"asked": 4, "committed": 4, "compared": True}
    assert predictions.summary()["c2"] == {"asked": 5, "committed": 0, "compared": False}


@pytest.mark.parametrize("seed", range(25))
def test_only_what_was_said_before_the_outcome_is_a_forecast_in_any_order(seed, tmp_path, monkeypatch) -> None:
    """Checks, peeks, comparisons and kernels that are started anew, in a random order: the invariant of calibration."""
    from lrtutorial.experiments import commitment

    file = tmp_path / "progress.json"
    monkeypatch.setenv("LRTUTORIAL_PROGRESS", str(file))
    monkeypatch.setattr(commitment, "in_notebook", lambda: True)
    monkeypatch.setattr(commitment, "_say", lambda text: None)
    show = commitment.after_predictions("c3")(lambda: "outcome")
    rng, shown = random.Random(seed), False
    steps = [step.id for step in find_exercise("c3").steps]
    values = {step: [recorded(step).reference, *WRONG[step]] for step in steps}
    first: dict[str, object] = {}
    sure: dict[str, float] = {}
    for _ in range(rng.randint(8, 24)):
        event = rng.choice(("check", "check", "check", "check all", "look", "peek", "compare", "restart"))
        for step in {"check": [rng.choice(steps)], "check all": steps}.get(event, ()):
            value, percent = rng.choice(values[step]), rng.choice((..., 30, 80))
            checking.verdict_on(step, value, WHY, percent)
            first.setdefault(step, None if shown else value)
            if percent is not ... and not shown:
                sure.setdefault(step, percent)
        if event in ("look", "peek"):
            shown |= show(peek=event == "peek") == "outcome"
        if event == "compare":
            percents = [rng.choice((None, 10, 90)) for _ in steps]
            if predictions.compare("c3", *percents).rows:
                sure |= {} if shown else {s: p for s, p in zip(steps, percents, strict=True) if p and s not in sure}
                shown = True
        if event == "restart":
            HERE.forget()
    HERE.forget()
    for step in steps:
        checking.verdict_on(step, values[step][0], WHY, 99)
        first.setdefault(step, None if shown else values[step][0])
        if not shown:
            sure.setdefault(step, 99)
    predictions.compare("c3")
    expected = {
        step: {"confidence": sure[step], "right": first[step] == values[step][0]}
        for step in steps
        if step in sure and first[step] is not None
    }
    assert json.loads(file.read_text())["forecasts"] == expected


WRONG: dict[str, list[object]] = {
    "c3-prediction_1": ["tenfold"],
    "c3-prediction_2": ["sgd"],
    "c3-prediction_3": [["sgd", "adam", "momentum"]],
}


def test_a_confidence_that_comes_after_the_outcome_is_told_so() -> None:
    commit(prediction_1="10", prediction_2=2, prediction_3=647)
    predictions.compare("c1")
    assert predictions.TOO_LATE in predictions.compare("c1", 90, None, None).calibration
    assert predictions.TOO_LATE not in predictions.compare("c1", None, ..., None).calibration
    assert not HERE.forecasts


@pytest.mark.parametrize("confidence", [(101,), (-1,), ("sure",), (True,), (1, 2), (0.6,), (1,), ("0,7",), (1e999,)])
def test_a_confidence_that_is_none_or_could_be_two_is_asked_back(confidence) -> None:
    commit(prediction_1="10", prediction_2=2, prediction_3=647)
    given = confidence if len(confidence) == 2 else (*confidence, None, ...)
    shown = predictions.compare("c1", *given)
    assert not shown.rows and "confidence" in shown.note.lower()


@pytest.mark.parametrize(
    ("said", "percent"),
    [(60, 60), (60.5, 60.5), ("60", 60), ("60 %", 60), ("60%", 60), (" 60 percent", 60), ("62,5 %", 62.5), (0, 0),
     (100, 100), ("0.6 %", 0.6), ("1 %", 1)],
)  # fmt: skip
def test_a_percentage_is_read_as_a_person_writes_it(said, percent) -> None:
    assert prediction.read_percent(said) == (percent, "")


@pytest.mark.parametrize(
    ("said", "share", "whole"), [(0.6, "0.6 %", "60"), ("0.25", "0.25 %", "25"), (1, "1 %", "100")]
)
def test_a_share_is_asked_back_with_both_readings(said, share, whole) -> None:
    percent, asked = prediction.read_percent(said)
    assert percent is None and share in asked and f"Write {whole}" in asked


def test_a_confidence_that_is_asked_back_does_not_hold_the_prediction_up() -> None:
    noted = checking.verdict_on("c1-prediction_1", "10", WHY, 0.6)
    assert (
        noted.status == "noted" and "60" in noted.details[0] and "confidence" not in HERE.committed["c1-prediction_1"]
    )
    checking.verdict_on("c1-prediction_1", "10", WHY, 60)
    assert HERE.committed["c1-prediction_1"]["confidence"] == 60


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
        ("c6-prediction_3", "about 40 %", 40.0),
        ("c6-prediction_3", "0.4 %", 0.4),
        ("c1-prediction_1", "0,464", "0.464"),
        ("c1-prediction_1", "10.0", "10"),
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
        ("c1-prediction_3", "1,500"),
        ("c1-prediction_3", "12,000 steps"),
        ("c1-prediction_3", "1 500"),
        ("c1-prediction_2", "two"),
        ("c6-prediction_3", 0.4),
        ("c6-prediction_3", "0.35 of all"),
        ("c6-prediction_3", 140),
        ("c1-prediction_1", "0.1 or 0.2"),
        ("c3-prediction_3", "sgd, adam"),
    ],
)
def test_a_prediction_that_could_mean_two_things_is_not_guessed(step_id, answer) -> None:
    verdict = judged(step_id, answer)
    assert verdict.status == "unreadable" and verdict.points == 0, verdict


@pytest.mark.parametrize("answer", ["two", "1,500", "", "between 3 and 4"])
def test_a_number_in_words_is_told_how_to_write_it(answer) -> None:
    verdict = judged("c1-prediction_3", answer)
    assert repr(answer) in verdict.headline and "in digits" in verdict.headline


@pytest.mark.parametrize("number", [2.4, -3, -1.0])
def test_how_many_is_a_whole_number_from_zero_on(number) -> None:
    verdict = judged("c1-prediction_2", number)
    assert verdict.status == "unreadable" and verdict.points == 0
    assert f"{number:g} came instead" in verdict.headline


@pytest.mark.parametrize(("number", "reads"), [(1500, "1500"), (0.25, "0.25"), (123456, "123456")])
def test_a_number_is_repeated_as_it_was_meant(number, reads) -> None:
    assert f"You predicted {reads};" in judged("c1-prediction_3", number).headline


@pytest.mark.parametrize(
    ("step", "answers", "share"),
    [
        ("c4-prediction_4", [1, 1.05, 1.1, 0.9, 0, 3.6, 8], 0),  # "nothing changes" and its neighbours
        ("c4-prediction_4", [1.8, 2, 2.2, 2.4], 1),
        ("c4-prediction_4", [1.4, 1.7, 3, 3.3], 0.5),
        ("c1-prediction_2", [0, 4, 5, 7], 0),
        ("c1-prediction_2", [1, 3], 0.5),
        ("c6-prediction_3", [0, 1, 10, 95, 100], 0),  # 0 is a guess like any other
        ("c6-prediction_3", [35, 38, 40, 45], 1),
        ("c6-prediction_3", [25, 30, 50, 60], 0.5),
    ],
)
def test_neighbours_of_a_number_earn_what_their_distance_is_worth(step, answers, share) -> None:
    for answer in answers:
        verdict = judged(step, answer)
        earned = {line.id: line.earned / line.possible for line in verdict.lines}
        assert earned == {"committed": 1, "why": 1, "right": share}, (answer, verdict.headline)


@pytest.mark.parametrize("answer", [2.4, 2.5, -1, -3, 1e-9, 3.0001, "2.4", "−3"])
def test_how_many_diverge_takes_no_fraction_and_nothing_below_zero(answer) -> None:
    verdict = judged("c1-prediction_2", answer)
    assert verdict.status == "unreadable" and verdict.points == 0
    assert checking.verdict_on("c1-prediction_2", answer, WHY).status == "unreadable"
    assert "c1-prediction_2" not in HERE.committed


def test_zero_percent_is_noted_and_gives_nothing_away() -> None:
    noted = checking.verdict_on("c6-prediction_3", 0, WHY)
    assert noted.status == "noted" and "You predict: 0." in noted.headline


def test_what_the_pit_question_states_is_so_and_its_answer_follows_from_a2() -> None:
    """Runs by hand, with none of the experiment's code: momentum on 0.05 x² with a Gaussian pit."""

    def slope(x: float) -> float:
        return 0.1 * x + 0.6 * (x - 3) / 0.4**2 * np.exp(-((x - 3) ** 2) / (2 * 0.4**2))

    assert 0.05 * 3**2 - 0.6 < 0  # the pit's floor is lower than the bowl's
    assert slope(4.2) == pytest.approx(0.4, abs=0.1)  # "just before the pit the slope is about 0.4"
    x, v, path = 5.5, 0.0, [5.5]
    for _ in range(600):
        v = 0.9 * v + slope(x)
        x -= 0.05 * v
        path.append(x)
    arrives = next(i for i, here in enumerate(path) if here < 3.8)
    assert path[arrives - 1] - path[arrives] == pytest.approx(0.05 * 0.4 / (1 - 0.9), rel=0.1)  # A2's 0.2
    assert abs(path[-1]) < 0.01 and recorded("c2-prediction_4").reference == "past"
