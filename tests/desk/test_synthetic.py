"""The planted class: gradebook, ledger and files say what was planted, and its answers are real answers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import catalogue
from autograder.cells import answer_cells, without_markers
from autograder.course import SOLUTIONS
from autograder.demo.mistakes import EDITS, with_mistake
from autograder.demo.synthetic import AWKWARD, PLANTED, Truth, course_config, plant, verdict_on
from autograder.gradebook.ledger import Ledger
from autograder.grading.assignment import Assignment
from autograder.grading.one import Work, checking_digest, grade_one
from lrtutorial.course import exercises, steps
from lrtutorial.verdict import Verdict


def ledger_of(truth: Truth) -> Ledger:
    return Ledger(f"sqlite:///{truth.course / 'gradebook.db'}")


def test_every_step_of_every_student_is_planted(planted: Truth) -> None:
    assert set(planted.answers) == {(person.id, step) for person in planted.people for step in steps()}
    counts = Counter(answer.planted for answer in planted.answers.values())
    assert set(counts) == set(PLANTED), "each kind of answer occurs"
    assert set(planted.statuses.values()) >= {"graded", "graded with repairs", "rejected"}
    assert {person.id for person in planted.people} >= {row[0] for row in AWKWARD}
    assert any(w.points is None for w in planted.written.values()), "some wait for a hand grade"


def test_the_ledger_holds_what_was_planted(planted: Truth) -> None:
    with ledger_of(planted) as ledger:
        rows = {(row["student"], row["step"]): row for row in ledger.verdicts()}
        submissions = {(row["student"], row["notebook"]): row for row in ledger.submissions()}
    there = {key: answer for key, answer in planted.answers.items() if answer.planted != "missing"}
    assert rows.keys() == there.keys()
    for key, answer in there.items():
        row = rows[key]
        assert (row["misconception"], row["points"], row["possible"]) == (
            answer.misconception,
            answer.points,
            steps()[key[1]].points,
        )
        allowed = {
            "right": {"right"},
            "misconception": {"wrong", "partly"},
            "unfinished": {"unfinished"},
            "lost": {"failed"},
        }
        assert row["status"] in allowed[answer.planted], (key, row["headline"])
        assert json.loads(row["verdict"])["step"] == key[1]
    assert {key: row["status"] for key, row in submissions.items()} == planted.statuses
    for key, row in submissions.items():
        assert bool(row["reason"]) == (planted.statuses[key] != "graded")


def test_right_earns_all_and_a_mistake_less(planted: Truth) -> None:
    for answer in planted.answers.values():
        if answer.planted == "right":
            assert answer.points == answer.possible
        elif answer.planted == "misconception":
            assert answer.points < answer.possible
            assert catalogue.misconceptions_by_id()[answer.misconception or ""][0] == answer.step
        else:
            assert answer.points == 0


def test_the_gradebook_holds_the_points_and_the_names(planted: Truth) -> None:
    with Gradebook(f"sqlite:///{planted.course / 'gradebook.db'}") as gradebook:
        names = {s.id: (s.first_name, s.last_name) for s in gradebook.students}
        assert names == {p.id: (p.first_name, p.last_name) for p in planted.people}
        for part in planted.parts:
            scores = {s.student_id: s.score for s in gradebook.find_assignment(part).submissions}
            assert scores == pytest.approx({who: planted.points(who, part) for who in planted.handed_in(part)})


def test_hand_grades_are_entered_and_the_rest_waits(planted: Truth) -> None:
    with Gradebook(f"sqlite:///{planted.course / 'gradebook.db'}") as gradebook:
        for (student, exercise), written in planted.written.items():
            notebook = gradebook.find_submission_notebook(exercises()[exercise].notebook, "part_c", student)
            (grade,) = [grade for grade in notebook.grades if grade.name == f"{exercise}-written"]
            (comment,) = [comment for comment in notebook.comments if comment.name == f"{exercise}-written"]
            assert grade.needs_manual_grade == (written.points is None)
            assert grade.score == (written.points or 0)
            assert bool(comment.manual_comment) == (written.points is not None and bool(written.text))


def test_the_files_hold_the_answers(planted: Truth) -> None:
    for (student, notebook), status in planted.statuses.items():
        part = next(exercise.part for exercise in exercises().values() if exercise.notebook == notebook)
        graded = planted.course / "autograded" / student / part / f"{notebook}.ipynb"
        assert graded.is_file()
        handed_in = planted.course / "submitted" / student / part / f"{notebook}.ipynb"
        if status in ("graded", "failed"):
            cells = answer_cells(nbformat.read(handed_in, as_version=4))
            for key, answer in planted.answers.items():
                if key[0] == student and answer.notebook == notebook and answer.source:
                    assert cells[f"{answer.step}-answer"].source == answer.source


def test_a_grading_run_would_find_nothing_changed(planted: Truth) -> None:
    config = course_config(planted.course)
    secret = (planted.course / "secret").read_text().strip()
    for part in planted.parts:
        assignment = Assignment.find(part, config)
        with ledger_of(planted) as ledger:
            known = ledger.fingerprints(part)
        for (student, notebook), fingerprint in known.items():
            data = (planted.course / "submitted" / student / part / f"{notebook}.ipynb").read_bytes()
            release = nbformat.writes(assignment.release[notebook])
            work = Work(part, student, notebook, data, release, secret, (), {}, "", checking_digest(notebook))
            assert work.fingerprint == fingerprint
        assert len(known) == sum(1 for _, notebook in planted.statuses if notebook in assignment.release)


def test_a_kernel_sees_what_was_planted(planted: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notebooks with right answers, mistakes and gaps, through the jailed kernel and the secret probes."""
    secret = (planted.course / "secret").read_text().strip()
    monkeypatch.setattr("autograder.grading.assignment.course_secret", lambda: secret)
    config = course_config(planted.course)
    wanted = {
        ("a2_momentum", "misconception"),
        ("a1_convergence", "unfinished"),
        ("b2_adam", "misconception"),
        ("b2_adam", "unfinished"),
        ("b5_cosine_restarts", "misconception"),
    }
    for notebook, kind in sorted(wanted):
        part = f"part_{notebook[0]}"
        student = next(
            a.student
            for a in planted.answers.values()
            if (a.notebook, a.planted) == (notebook, kind) and planted.statuses[a.student, notebook] == "graded"
        )
        works = Assignment.find(part, config).works(student, planted.course / "submitted" / student / part)
        (work,) = [work for work in works if work.notebook == notebook]
        for data in grade_one(work).verdicts:
            found, answer = Verdict.from_data(data), planted.answers[student, data["step"]]
            assert (found.points, found.misconception) == (answer.points, answer.misconception), found


def test_the_seed_decides(planted: Truth, tmp_path: Path) -> None:
    small = plant(tmp_path / "course", 3, 0, ["part_c"])
    assert small.people == planted.people[:3]
    assert small.answers == {key: planted.answers[key] for key in small.answers}
    assert small.statuses == {key: planted.statuses[key] for key in small.statuses}
    assert small.written == {key: planted.written[key] for key in small.written}
    mine, other = ([a.source for a in planted.answers.values() if a.student == p.id] for p in planted.people[:2])
    assert mine != other


def test_wrong_requests_are_explained(tmp_path: Path, planted: Truth) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        plant(tmp_path, 0)
    with pytest.raises(ValueError, match="part_z"):
        plant(tmp_path, 1, parts=["part_z"])
    with pytest.raises(FileExistsError, match="already holds"):
        plant(planted.course, 1)


# b4 trains networks: its mistakes are judged where the class holds them, above
@pytest.mark.parametrize("mistake", [id for id in EDITS if not id.startswith("b4")])
def test_each_typed_mistake_is_the_one_it_says(mistake: str) -> None:
    step, _ = catalogue.misconceptions_by_id()[mistake]
    path = SOLUTIONS / "part_b" / f"{exercises()[step].notebook}.ipynb"
    model = without_markers(answer_cells(nbformat.read(path, as_version=4))[f"{step}-answer"])
    assert verdict_on(step, model).right
    assert verdict_on(step, with_mistake(model, mistake)).misconception == mistake


def test_an_edit_that_no_longer_fits_is_an_error() -> None:
    with pytest.raises(ValueError, match="b2-no_root"):
        with_mistake("class Adam: ...", "b2-no_root")
