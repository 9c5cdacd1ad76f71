"""Report, export and feedback read grades through one reader: they can't disagree about what waits for a human."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import export
from autograder.demo.synthetic import Truth, course_config
from autograder.feedback.summary import FeedbackSummary, Summary
from autograder.gradebook.ledger import STATUSES, Ledger
from autograder.gradebook.reading import LOST, MISSING, Entry, entries
from autograder.report.class_record import PartRecord, read_class

PART = "part_c"


@pytest.fixture(scope="module")
def every_status(planted: Truth, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A class with every status, an answer that waits, one to look at again, and a lost notebook graded by hand.

    Read it only.
    """
    course = Path(shutil.copytree(planted.course, tmp_path_factory.mktemp("reading") / "course"))
    url = f"sqlite:///{course / 'gradebook.db'}"
    with Gradebook(url) as gradebook, Ledger(url) as ledger:
        rows = {(row["student"], row["notebook"]): row for row in ledger.submissions(PART)}
        graded = [key for key, row in sorted(rows.items()) if row["status"] == "graded"]
        for status, (student, notebook) in zip((*LOST, "graded with repairs"), graded[3:6], strict=True):
            verdicts = ledger.verdicts(PART, student, notebook)
            assert verdicts
            ledger.write(PART, student, notebook, [], status=status, reason="made so")
            entry = gradebook.find_submission_notebook(notebook, PART, student)
            if status in LOST:
                for grade in entry.grades:
                    grade.auto_score, grade.manual_score, grade.needs_manual_grade = 0, None, True
            gradebook.db.commit()  # the ledger writes to the same file
        again = gradebook.find_submission_notebook(graded[7][1], PART, graded[7][0])
        for number, grade in enumerate(again.grades):
            grade.manual_score, grade.needs_manual_grade = 1.0, number == 0
        by_hand = gradebook.find_submission_notebook(graded[3][1], PART, graded[3][0])
        by_hand.grades[0].manual_score, by_hand.grades[0].needs_manual_grade = 1.0, False
        waits = gradebook.find_submission_notebook(graded[9][1], PART, graded[9][0])
        for grade in waits.grades:
            if grade.name.endswith("-written"):
                grade.manual_score, grade.auto_score, grade.needs_manual_grade = None, None, True
        gradebook.db.commit()
    return course, url


def read(url: str) -> dict[tuple[str, str], Entry]:
    with Gradebook(url) as gradebook, Ledger(url) as ledger:
        found = entries(gradebook.db, ledger.submissions(PART), PART)
    return {(entry.student, entry.notebook): entry for entry in found}


def feedback_of(course: Path, url: str, entry: Entry) -> Summary:
    path = course / "autograded" / entry.student / PART / f"{entry.notebook}.ipynb"
    most = sum(cell.possible for cell in entry.cells)
    where = {"assignment": PART, "student": entry.student, "notebook": entry.notebook, "db_url": url,
             "score": entry.score, "max_score": most, "late_penalty": 0.0}  # fmt: skip
    resources: dict[str, Any] = {"nbgrader": where}
    FeedbackSummary().preprocess(nbformat.read(path, as_version=4), resources)
    return resources["feedback"]


def reported(course: Path) -> PartRecord:
    (part,) = read_class(course_config(course), [PART]).parts
    return part


def test_the_three_agree_on_a_class_that_has_every_status(every_status: tuple[Path, str]) -> None:
    course, url = every_status
    known = read(url)
    seen = {entry.status for entry in known.values()}
    assert seen == {*STATUSES, MISSING}
    assert any(cell.waits for entry in known.values() for cell in entry.cells)
    assert any(cell.look_again for entry in known.values() for cell in entry.cells)
    assert any(cell.manual is not None for entry in known.values() if entry.lost for cell in entry.cells)
    with Gradebook(url) as gradebook:
        standings = export._standings(gradebook)
    part = reported(course)
    for (student, notebook), entry in known.items():
        mark = standings[student, PART].marks[notebook]
        assert mark.by_hand == entry.waits
        assert (mark.status == export.BY_HAND) == (bool(entry.to_grade) and not entry.lost)
        assert part.to_grade.get((student, notebook), 0) == len(entry.to_grade)
        if entry.status == MISSING:
            continue
        page = feedback_of(course, url, entry)
        assert page.waiting == bool(entry.to_grade), (student, notebook)
        cells = {cell.name.removesuffix("-test"): cell for cell in entry.cells}
        assert {one.id: one.points for one in page.parts} == {
            name: None if cell.waits else cell.score for name, cell in cells.items()
        }
        row = part.students.index(student)
        for column, item in enumerate(part.items):
            if item.id in cells:
                points = part.points[row, column]
                assert (points != points) == (cells[item.id].points is None)
                assert points != points or points == cells[item.id].points
    assert part.waiting == sum(part.to_grade.values()) == sum(len(entry.to_grade) for entry in known.values()) > 1


def test_a_hand_grade_to_look_at_again_stands_in_all_three(every_status: tuple[Path, str]) -> None:
    course, url = every_status
    entry = next(entry for entry in read(url).values() if any(cell.look_again for cell in entry.cells))
    (cell,) = (cell for cell in entry.cells if cell.look_again)
    shown = {one.id: one for one in feedback_of(course, url, entry).parts}[cell.name.removesuffix("-test")]
    assert cell.points == 1.0 == shown.points and shown.by_hand and shown.look_again


def test_a_cell_of_a_lost_notebook_is_said_not_to_be_graded(every_status: tuple[Path, str]) -> None:
    course, url = every_status
    lost = [entry for entry in read(url).values() if entry.lost]
    assert {entry.status for entry in lost} == set(LOST)
    for entry in lost:
        words = {one.word for one in feedback_of(course, url, entry).parts if one.lost and one.verdict is None}
        assert words <= {"Not graded"}
