"""The class's expectations are computed once for a course, kept as JSON, and believed only when they belong to it."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import nbformat
import pytest

from autograder import catalogue
from autograder.grading import expectations, judging, one
from autograder.grading.judging import Grading
from lrtutorial.course import exercises, find_step
from lrtutorial.course.expected import recorded

SECRET = "one secret of a course, and a long one"
STEP = "c2-prediction_2"  # the cheapest


@pytest.fixture
def computed(tmp_path, monkeypatch):
    """Keep things in a folder of the test's; return the steps whose experiment was run."""
    monkeypatch.setattr(expectations, "KEPT", tmp_path / "course" / "expectations")
    (tmp_path / "course").mkdir()
    ran = []
    outcome_of = catalogue.outcome_of

    def noted(step, answers, probes):
        ran.extend([step.id] if list(answers.values()) == [...] else [])
        return outcome_of(step, answers, probes)

    monkeypatch.setattr(catalogue, "outcome_of", noted)
    expectations._kept.cache_clear()
    yield ran
    expectations._kept.cache_clear()


def _again():
    expectations._kept.cache_clear()
    return expectations.class_expectations(SECRET, STEP)


def _files():
    return sorted(expectations.KEPT.glob("*")) if expectations.KEPT.exists() else []


def test_kept_expectations_are_the_computed_ones(computed):
    fresh = catalogue.expectations(STEP, catalogue.generator(SECRET, "class", "c2"))
    first = expectations.class_expectations(SECRET, STEP)
    assert computed == [STEP]
    second = _again()
    assert computed == [STEP], "another process finds them"
    for found in (first, second):
        assert (found.probes, found.reference, found.secret) == (fresh.probes, fresh.reference, True)
        assert found.outcomes() == fresh.outcomes()


def test_the_predictions_of_an_exercise_ask_for_one_run_of_its_experiment(computed, monkeypatch):
    as_shown = lambda step, *given: recorded(step.id).reference  # noqa: E731 – the runs themselves take seconds
    monkeypatch.setattr(catalogue, "outcome_of", as_shown)
    seeds = {
        name: {str(expectations.class_expectations(SECRET, step.id).probes) for step in exercises()[name].steps}
        for name in ("c1", "c5")
    }
    assert {len(one) for one in seeds.values()} == {1} and seeds["c1"] != seeds["c5"]


def test_only_the_grader_can_read_what_is_kept(computed):
    expectations.class_expectations(SECRET, STEP)
    (path,) = _files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert SECRET not in path.read_text() + path.name


def test_another_secret_or_another_check_is_computed_anew_and_replaces(computed, monkeypatch):
    expectations.class_expectations(SECRET, STEP)
    before = _files()
    expectations.class_expectations(SECRET + "!", STEP)
    monkeypatch.setattr(expectations, "digest_of_checks", lambda exercise: "stricter")
    _again()
    assert len(computed) == 3 and len(_files()) == 1 and _files() != before


ODD = [None, True, -1, 1e400, 10**400, "19", [], [19.1], {}, {"c2-no_such": 3.0}]


@pytest.mark.parametrize(
    "spoil",
    [
        *(lambda text, new=new: new for new in ("", "{", "[]", "3", "[" * 100_000, '{"seal": 1}', '{"seal": "é"}')),
        *(
            lambda text, at=at, value=value: json.dumps({**json.loads(text), at: value})
            for at in ("probes", "reference", "outcomes", "seal")
            for value in ODD
        ),
        lambda text: text.replace('"c2-', '"c2-x', 1),  # an outcome's name
        lambda text: json.dumps({**json.loads(text), "more": 1}),
    ],
)
def test_what_was_not_written_by_grading_is_computed_again_and_replaced(computed, spoil):
    right = expectations.class_expectations(SECRET, STEP)
    (path,) = _files()
    written = path.read_text()
    assert spoil(written) != written
    path.write_text(spoil(written))
    found = _again()
    assert (found.reference, found.outcomes(), len(computed)) == (right.reference, right.outcomes(), 2)
    assert path.read_text() == written


def test_what_was_kept_under_another_secret_is_not_believed(computed):
    expectations.class_expectations(SECRET, STEP)
    (mine,) = _files()
    others = mine.read_text()
    expectations.class_expectations(SECRET + "!", STEP)
    (theirs,) = _files()
    theirs.write_text(others)
    expectations._kept.cache_clear()
    expectations.class_expectations(SECRET + "!", STEP)
    assert len(computed) == 3 and theirs.read_text() != others


def test_a_notebook_s_own_seed_that_is_the_rare_one_is_told_and_costs_its_draws_once(computed, monkeypatch, caplog):
    shown = replace(recorded(STEP), reference=1000.0)  # nothing like what any seed gives
    monkeypatch.setattr(expectations, "recorded", lambda step_id: shown)
    found = expectations.class_expectations(SECRET, STEP)
    assert computed == [STEP] * expectations.DRAWS
    assert f"{STEP} comes out otherwise on each of {expectations.DRAWS} seeds" in caplog.text
    assert found.probes == catalogue.expectations(STEP, catalogue.generator(SECRET, "class", "c2")).probes
    _again()
    assert len(computed) == expectations.DRAWS, "another process finds them"


@pytest.mark.parametrize("shown", ["as before", [1, 2], None, -3, float("nan"), {"x": [1]}])
def test_a_recorded_outcome_of_another_form_is_advice_that_names_the_command(computed, monkeypatch, shown):
    monkeypatch.setattr(expectations, "recorded", lambda step_id: replace(recorded(STEP), reference=shown))
    with pytest.raises(expectations.OtherForm, match=f"python -m autograder record {STEP}"):
        expectations.class_expectations(SECRET, STEP)


def test_every_recorded_outcome_is_one_that_can_be_predicted():
    for exercise in exercises().values():
        for step in exercise.steps:
            if step.kind.costly:
                outcome = recorded(step.id).reference
                assert step.kind.agree(step, outcome, outcome), step.id


def test_a_step_whose_record_is_of_another_form_costs_nobody_a_point(monkeypatch):
    def other_form(secret, step_id):
        raise expectations.OtherForm("record it again")

    def examine(work, notebook, clock):
        return Grading("part_c", notebook, SECRET, "draw").question(find_step(STEP))

    monkeypatch.setattr(judging, "class_expectations", other_form)
    release = nbformat.writes(nbformat.v4.new_notebook())
    with pytest.raises(judging.NoQuestion, match=f"{STEP} can't be asked: record it again"):
        one.grade_one(one.Work("part", "ada", "no exercise", release.encode(), release, SECRET, (), {}), examine)


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(computed, monkeypatch, caplog):
    monkeypatch.setattr("lrtutorial.files.os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    right = expectations.class_expectations(SECRET, STEP)
    assert "disk full" in caplog.text and "computes it again" in caplog.text
    monkeypatch.undo()
    assert right.reference == catalogue.expectations(STEP, catalogue.generator(SECRET, "class", "c2")).reference


def test_no_course_folder_is_made_where_there_is_no_course(computed, tmp_path, monkeypatch):
    monkeypatch.setattr(expectations, "KEPT", tmp_path / "nowhere" / "expectations")
    _again()
    assert not (tmp_path / "nowhere").exists()


def test_a_cluster_s_worker_is_told_and_computes_nothing(computed, monkeypatch):
    step = find_step(STEP)
    exercise = replace(exercises()["c2"], steps=(step,))
    told = expectations.for_notebook(SECRET, exercise)
    assert set(told) == {STEP} and computed == [STEP]
    expectations._kept.cache_clear()
    monkeypatch.setattr(expectations, "KEPT", expectations.KEPT.parent / "another machine" / "expectations")
    grading = Grading("part_c", exercise.notebook, SECRET, "draw", json.loads(json.dumps(told)))
    asked = grading.question(step)["secret"]
    assert computed == [STEP]
    assert asked.reference == told[STEP]["reference"] and asked.secret
    verdict = grading.judge(step, grading.question(step), lambda name: {"kind": "prediction", "value": 19})
    assert verdict.step == STEP


def test_work_travels_with_what_it_needs(computed, monkeypatch):
    monkeypatch.setattr(one, "for_notebook", lambda secret, exercise: {exercise.id: secret})
    work = one.Work("part_c", "ada", "c2_momentum_intuition", b"", "{}", "the secret", (), {})
    assert json.loads(work.to_travel().shared) == {"c2": "the secret"}
    assert work.to_travel().fingerprint == work.fingerprint and work.shared == "{}"
