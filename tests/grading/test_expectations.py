"""The class's expectations are computed once for a course, kept as JSON, and believed only when they belong to it."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest

from autograder import catalogue
from autograder.grading import expectations, one
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


@pytest.mark.parametrize("text", ["", "{", "[]", '{"probes": [1], "reference": 1, "outcomes": {}}', "[" * 100_000])
def test_what_does_not_belong_to_these_probes_is_not_believed(computed, text):
    right = expectations.class_expectations(SECRET, STEP)
    (path,) = _files()
    path.write_text(text)
    found = _again()
    assert (found.reference, len(computed)) == (right.reference, 2)
    assert json.loads(path.read_text())["reference"] == right.reference


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
