"""Courses in which written answers of C1 wait for a grader."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.demo.synthetic import _generate, course_config
from autograder.gradebook.database import patient
from autograder.gradebook.result import Result
from autograder.gradebook.writer import GradebookWriter
from autograder.grading.assignment import Assignment
from autograder.written.handed_in import Answers, find_written
from autograder.written.sitting import Sitting

CELL, NOTEBOOK, PART = "c1-written", "c1_why_rate_matters", "part_c"


def hand_in(
    config: Config, texts: Sequence[str | None], attachments: dict[int, Any] | None = None, names: Sequence[str] = ()
) -> None:
    """Enter C1 of one student a text as graded: what nobody wrote (None) has 0, the rest waits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader 0.9.6 under SQLAlchemy 2.1
        assignment = Assignment.find(PART, config)
        with GradebookWriter(config, PART, assignment.release) as writer:
            for number, text in enumerate(texts):
                student = names[number] if names else f"student_{number:02d}"
                folder = Path(config.CourseDirectory.submitted_directory, student, PART)
                folder.mkdir(parents=True, exist_ok=True)
                notebook = nbformat.from_dict(assignment.release[NOTEBOOK])
                cell = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == CELL)
                if text is not None:
                    cell.source = text
                if attachments and number in attachments:
                    cell.attachments = attachments[number]
                data = nbformat.writes(notebook)
                (folder / f"{NOTEBOOK}.ipynb").write_text(data, encoding="utf-8")
                writer.begin(student, folder)
                writer.save(Result(PART, student, NOTEBOOK, "", "graded", "", data, (), None, 0.0))
                if text is not None:
                    cell.source = assignment.release[NOTEBOOK].cells[0].source


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a course with Part C in the gradebook and nothing handed in."""
    folder = tmp_path_factory.mktemp("written") / "empty"
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _generate(course_config(folder), PART)
    return folder


@dataclass
class Course:
    """A course of its own for one test."""

    folder: Path
    config: Config
    stack: ExitStack = field(default_factory=ExitStack)

    @property
    def db_url(self) -> str:
        return f"sqlite:///{self.folder / 'gradebook.db'}"

    def gradebook(self) -> Gradebook:
        return self.stack.enter_context(Gradebook(patient(self.db_url)))

    def sitting(self, grader: str = "ada") -> Sitting:
        """A sitting as another process would have it: a connection of its own."""
        gradebook = self.gradebook()
        exercise, model = find_written("c1")
        return Sitting(gradebook, Answers(gradebook, CourseDirectory(config=self.config), exercise), model, grader)

    def grade(self, student: str) -> tuple[float | None, bool, str | None]:
        """What nbgrader itself reads: points by hand, whether a human is to look, words."""
        with Gradebook(self.db_url) as gradebook:
            grade = gradebook.find_grade(CELL, NOTEBOOK, PART, student)
            comment = gradebook.find_comment(CELL, NOTEBOOK, PART, student)
            return grade.manual_score, grade.needs_manual_grade, comment.manual_comment


@pytest.fixture
def course(empty: Path, tmp_path: Path) -> Iterator[Callable[..., Course]]:
    """A function that makes a course in which these texts wait."""
    made: list[Course] = []

    def make(texts: Sequence[str | None], **more: Any) -> Course:
        folder = tmp_path / f"course{len(made)}"
        shutil.copytree(empty, folder)
        config = course_config(folder)
        hand_in(config, texts, **more)
        made.append(Course(folder, config))
        return made[-1]

    yield make
    for one in made:
        one.stack.close()
