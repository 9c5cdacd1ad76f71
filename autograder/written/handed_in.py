"""The written answers of one exercise, as they were handed in, and what each has in the gradebook just now."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import select

from autograder.cells import read_notebook
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.reading import Entry, entries
from autograder.gradebook.writer import answers_of
from lrtutorial.advice import NotThere, Refused
from lrtutorial.checking.written import ModelAnswer, model_answers
from lrtutorial.course import find_exercise
from lrtutorial.course.exercise import Exercise


@dataclass(frozen=True)
class Answer:
    """One student's written answer; ``text`` is Markdown, ``digest`` stands for it in the ledger."""

    student: str
    text: str = field(repr=False)
    attachments: dict[str, dict[str, str]] = field(repr=False)
    digest: str


@dataclass(frozen=True)
class Standing:
    """What an answer has in the gradebook: the grader's points and words, and whether a human is asked to look."""

    manual: float | None
    comment: str
    waits: bool


def find_written(name: str) -> tuple[Exercise, ModelAnswer]:
    """Return an exercise and its rubric. Raises UnknownStep, with the nearest, and Refused for one without words."""
    exercise = find_exercise(name)
    models = model_answers()
    if exercise.id not in models:
        known = ", ".join(models) or "none of this course"
        raise Refused(f"{exercise.id} has no written answer with a rubric: its checks grade it. Those that do: {known}")
    return exercise, models[exercise.id]


class Answers:
    """The written answers of one exercise that a human can grade, from gradebook and graded notebooks.

    ``unread`` says in a sentence each what could not be taken. Raises NotThere when nothing was graded for it.
    """

    def __init__(self, gradebook: Gradebook, course: CourseDirectory, exercise: Exercise):
        self.exercise, self.cell = exercise, f"{exercise.id}-written"
        self.gradebook, self.course = gradebook, course
        self.unread: list[str] = []
        self.answers: list[Answer] = []
        with Ledger(course.db_url) as ledger:
            found = entries(
                gradebook.db,
                ledger.submissions(exercise.part, notebook=exercise.notebook),
                exercise.part,
                notebook=exercise.notebook,
            )
        there = [entry for entry in found if any(cell.name == self.cell for cell in entry.cells)]
        if not there:
            raise NotThere(
                f"nothing was graded for {exercise.id} ({exercise.part}/{exercise.notebook}) yet: first "
                f"python -m autograder grade {exercise.part}"
            )
        self.possible = next(c.possible for c in there[0].cells if c.name == self.cell)
        for entry in there:
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        cell = next(cell for cell in entry.cells if cell.name == self.cell)
        if cell.lost and cell.flagged:
            self.unread.append(f"{entry.student}: {entry.status}; look at it in Formgrader.")
            return
        if not cell.flagged and cell.manual is None:
            return  # nothing was written: nbgrader gives 0
        folder = self.course.format_path(self.course.autograded_directory, entry.student, entry.assignment)
        path = Path(folder, f"{entry.notebook}.ipynb")
        try:
            notebook = read_notebook(path, "grade it again")
            (written,) = (c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == self.cell)
        except (OSError, ValueError) as error:
            why = type(error.__cause__ or error).__name__
            self.unread.append(f"{entry.student}: {path.name} can't be read ({why}); grade it again.")
            return
        digest, _ = answers_of(notebook)[self.cell]
        pictures = {str(name): dict(data) for name, data in written.get("attachments", {}).items()}
        self.answers.append(Answer(entry.student, written.source, pictures, digest))

    # --------------------------------------------------------------------------------- what the gradebook has

    def grade(self, student: str) -> Grade:
        """Return nbgrader's row with an answer's points. Raises MissingEntry."""
        return self.gradebook.find_grade(self.cell, self.exercise.notebook, self.exercise.part, student)

    def comment(self, student: str) -> Comment | None:
        """Return nbgrader's row with the words for an answer's student."""
        try:
            return self.gradebook.find_comment(self.cell, self.exercise.notebook, self.exercise.part, student)
        except MissingEntry:
            return None

    def standing(self, student: str) -> Standing:
        """Return what an answer has just now."""
        grade, comment = self.grade(student), self.comment(student)
        words = (comment.manual_comment if comment else "") or ""
        return Standing(grade.manual_score, words, bool(grade.needs_manual_grade))

    def standings(self) -> dict[str, Standing]:
        """Return what every answer has just now, by student; comments are left out."""
        query = select(SubmittedAssignment.student_id, Grade.manual_score, Grade.needs_manual_grade)
        query = query.select_from(Grade).join(GradeCell, GradeCell.id == Grade.cell_id)
        query = query.join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        query = query.join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        query = query.join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        query = query.join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        query = query.where(
            Assignment.name == self.exercise.part, Notebook.name == self.exercise.notebook, GradeCell.name == self.cell
        )
        rows = self.gradebook.db.execute(query)
        return {student: Standing(manual, "", bool(flagged)) for student, manual, flagged in rows}
