"""The sample class through the whole of it: what each kind of submission earns, and what the feedback shows."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.course import course_secret
from autograder.demo import STUDENTS
from autograder.gradebook.ledger import Ledger
from tests.grading.conftest import Graded, in_course


def rows(sample_class: Graded) -> list[dict[str, Any]]:
    with Ledger(f"sqlite:///{sample_class.course / 'gradebook.db'}") as ledger:
        return ledger.verdicts()


def graded_at(sample_class: Graded) -> dict[tuple[str, str], str]:
    return {(row["student"], row["step"]): row["graded_at"] for row in rows(sample_class)}


def of(sample_class: Graded, student: str, notebook: str = "") -> dict[str, dict[str, Any]]:
    return {r["step"]: r for r in rows(sample_class) if r["student"] == student and r["notebook"].startswith(notebook)}


def test_every_student_is_in_the_table_and_the_gradebook(sample_class: Graded) -> None:
    with Gradebook(f"sqlite:///{sample_class.course / 'gradebook.db'}") as gradebook:
        known = {student.id for student in gradebook.students}
    for student in STUDENTS:
        assert student.name in sample_class.printed
        assert student.name in known


def test_right_answers_earn_everything(sample_class: Graded) -> None:
    own = of(sample_class, "sample_ada")
    assert own
    assert {step: row["headline"] for step, row in own.items() if row["status"] != "right"} == {}
    assert sum(row["points"] for row in own.values()) == sum(row["possible"] for row in own.values()) == 200


def test_blank_and_forged_submissions_earn_nothing(sample_class: Graded) -> None:
    for student in ("sample_fay", "sample_ivy"):
        own = of(sample_class, student)
        assert own
        assert {step for step, row in own.items() if row["points"] or row["status"] == "right"} == set()


@pytest.mark.parametrize(
    ("student", "step", "misconception"),
    [
        ("sample_bo", "a1-gradient", "a1-gradient-forgets_half"),
        ("sample_bo", "a1-condition", "a1-condition-no_lower"),
        ("sample_bo", "b2", "b2-no_correction"),
        ("sample_cy", "a1-condition", "a1-condition-monotone"),
        ("sample_cy", "b2", "b2-epsilon_inside"),
        ("sample_dee", "a1-closed_form", "a1-closed_form-t_minus_1"),
        ("sample_dee", "b2", "b2-betas_swapped"),
    ],
)
def test_misconceptions_are_named(sample_class: Graded, student: str, step: str, misconception: str) -> None:
    row = of(sample_class, student)[step]
    assert row["misconception"] == misconception
    assert row["points"] < row["possible"]


def test_a_step_that_follows_from_a_wrong_one_earns_method_points(sample_class: Graded) -> None:
    row = of(sample_class, "sample_bo")["a1-update"]
    assert 0 < row["points"] < row["possible"]


def test_an_endless_loop_or_a_dead_kernel_costs_only_what_it_can_no_longer_answer(sample_class: Graded) -> None:
    for student in ("sample_hal", "sample_jo"):
        assert of(sample_class, student)["b2"]["points"] == 0
        others = {s: r for s, r in of(sample_class, student).items() if not s.startswith(("a1", "b2"))}
        assert all(row["status"] == "right" for row in others.values())
    own = of(sample_class, "sample_hal", "a1")
    assert own["a1-gradient"]["status"] == own["a1-closed_form"]["status"] == "right"
    assert own["a1-condition"]["points"] == 0


def test_the_gradebook_has_the_verdicts_points(sample_class: Graded) -> None:
    with Gradebook(f"sqlite:///{sample_class.course / 'gradebook.db'}") as gradebook:
        for row in rows(sample_class):
            notebook = gradebook.find_submission_notebook(row["notebook"], row["assignment"], row["student"])
            grades = {grade.name: grade for grade in notebook.grades}
            grade = grades[f"{row['step']}-test"]
            assert grade.auto_score == pytest.approx(row["points"])
            assert grade.needs_manual_grade == (row["status"] == "undecided")


def test_feedback_shows_the_verdict_and_no_secret(sample_class: Graded) -> None:
    pages = list((sample_class.course / "feedback").rglob("*.html"))
    assert len(pages) >= 2 * len(STUDENTS)
    secret = (sample_class.course / "secret").read_text().strip()
    assert len(secret) >= 32
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert secret not in text
        assert "nonce" not in text and "respond(" not in text, "the grader's question"
        assert "lr-verdict" in text, page
        for name in re.findall(r"sample_[a-z]+", text):
            assert name in str(page), "another student's name"
    bo = (sample_class.course / "feedback" / "sample_bo" / "part_a" / "a1_convergence.html").read_text(encoding="utf-8")
    assert "Counterexample" in bo and "The ½ of f is lost" in bo


AGAIN = """
import sys
from autograder.__main__ import main
from autograder.demo import sample_class as demo
demo.STUDENTS = [student for student in demo.STUDENTS if student.name in ("sample_bo", "sample_hal", "sample_jo")]
sys.exit(main(["demo", "part_a"]))
"""


def test_grading_again_gives_the_same(sample_class: Graded) -> None:
    """For those whose answers are partly right, time out and end their kernel; the others keep what they have."""
    times = graded_at(sample_class)
    before = [{k: v for k, v in row.items() if k != "graded_at"} for row in rows(sample_class)]
    done = in_course(sample_class.course, sys.executable, "-c", AGAIN)
    assert done.returncode == 0, done.stdout + done.stderr
    after = [{k: v for k, v in row.items() if k != "graded_at"} for row in rows(sample_class)]
    assert before == after
    later = {student for (student, step), when in graded_at(sample_class).items() if when != times[student, step]}
    assert later == {"sample_bo", "sample_hal", "sample_jo"}


def test_a_typo_in_the_command_is_explained(tmp_path_factory: pytest.TempPathFactory) -> None:
    done = in_course(tmp_path_factory.mktemp("c"), sys.executable, "-m", "autograder", "demo", "part_z")
    assert done.returncode != 0
    assert "part_z" in done.stderr and "part_a" in done.stderr


def test_the_secret_is_made_once_and_private(tmp_path: Any) -> None:
    path = tmp_path / "secret"
    assert course_secret(path) == course_secret(path)
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("short")
    with pytest.raises(RuntimeError, match="at least 32"):
        course_secret(path)
