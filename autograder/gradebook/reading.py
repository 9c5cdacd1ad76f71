"""The one reader of grades: what each graded cell of each submitted notebook has, and whether a human is to look.

Report, export and feedback take from here what waits for a human, so that they can't disagree. Gradebook (points, hand
grades, nbgrader's flag) and ledger (statuses) are read together; nothing is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from nbgrader.api import Assignment, Grade, GradeCell, Notebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.gradebook.result import LOST
from lrtutorial.advice import Advice

MISSING = "missing"  #: the status of a notebook that was not handed in, beside the ledger's


class NoNumber(Advice, ValueError):
    """The gradebook holds a score that is no finite number."""


@dataclass(frozen=True)
class Cell:
    """One graded cell of a submission: a test, or a written answer. Points are before any late penalty."""

    name: str
    possible: float
    auto: float | None
    manual: float | None  #: a human's points, which count before ``auto``
    score: float  #: what counts now
    flagged: bool  #: nbgrader's ``needs_manual_grade``
    lost: bool  #: nothing in its notebook could be judged, and no human has given points

    @property
    def waits(self) -> bool:
        """Whether a human has yet to give the first grade of an answer that is there."""
        return self.flagged and self.manual is None and not self.lost

    @property
    def look_again(self) -> bool:
        """Whether a hand grade stands, but what it was given for has changed."""
        return self.flagged and self.manual is not None

    @property
    def points(self) -> float | None:
        """Points given to an answer; None while nobody and nothing has judged it."""
        judged = self.auto is not None or self.manual is not None
        return self.score if judged and not self.lost and not self.waits else None


@dataclass(frozen=True)
class Entry:
    """One notebook of one student's submission. ``status`` is the ledger's, or MISSING; times are UTC."""

    student: str
    assignment: str
    notebook: str
    status: str
    reason: str
    timestamp: datetime | None
    extension: timedelta | None
    penalty: float
    cells: tuple[Cell, ...] = field(default=(), repr=False)

    @property
    def score(self) -> float:
        """Points before the late penalty."""
        return math.fsum(cell.score for cell in self.cells)

    @property
    def lost(self) -> bool:
        """Whether nothing in it could be judged."""
        return self.status in LOST

    @property
    def to_grade(self) -> tuple[Cell, ...]:
        """The cells that wait for a hand grade, the first or another look."""
        return tuple(cell for cell in self.cells if cell.waits or cell.look_again)

    @property
    def waits(self) -> bool:
        """Whether a human is asked to look: an answer waits for a hand grade, or nothing could be judged."""
        return any(cell.flagged for cell in self.cells)


def entries(
    session: Session,
    submissions: list[dict[str, object]],
    assignment: str | None = None,
    student: str | None = None,
    notebook: str | None = None,
) -> list[Entry]:
    """Return every notebook of every submission in the gradebook (of those named), in order of student and notebook.

    ``submissions`` are the ledger's rows (:meth:`~autograder.gradebook.ledger.Ledger.submissions`), none where only
    nbgrader's own steps have written. Raises NoNumber for a score that is not finite.
    """
    judged = {(row["student"], row["assignment"], row["notebook"]): row for row in submissions}
    told = {key[:2] for key in judged}
    return [
        _entry(key, rows, judged.get(key), key[:2] in told)
        for key, rows in _grouped(session, assignment, student, notebook)
    ]


def _grouped(
    session: Session, assignment: str | None, student: str | None, notebook: str | None
) -> Iterator[tuple[tuple[str, str, str], list[object]]]:
    query = select(
        SubmittedAssignment.student_id.label("student"), Assignment.name.label("assignment"),
        Notebook.name.label("notebook"), SubmittedAssignment.timestamp, SubmittedAssignment.extension,
        SubmittedNotebook.late_submission_penalty.label("penalty"), GradeCell.name.label("cell"),
        GradeCell.max_score.label("possible"), Grade.auto_score, Grade.manual_score, Grade.score,
        Grade.needs_manual_grade,
    ).select_from(SubmittedAssignment)  # fmt: skip
    query = query.join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
    query = query.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
    query = query.join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
    query = query.outerjoin(Grade, Grade.notebook_id == SubmittedNotebook.id)
    query = query.outerjoin(GradeCell, GradeCell.id == Grade.cell_id)
    for column, wanted in (
        (Assignment.name, assignment),
        (SubmittedAssignment.student_id, student),
        (Notebook.name, notebook),
    ):
        query = query if wanted is None else query.where(column == wanted)
    found: dict[tuple[str, str, str], list[object]] = {}
    for row in session.execute(query.order_by(SubmittedAssignment.student_id, Assignment.name, Notebook.name)):
        found.setdefault((row.student, row.assignment, row.notebook), []).append(row)
    yield from found.items()


def _entry(key: tuple[str, str, str], rows: list[Any], ours: Mapping[str, Any] | None, told: bool) -> Entry:
    """Return one entry; ``ours`` is the ledger's row, ``told`` whether it has any on this submission."""
    first = rows[0]
    for value in (first.penalty, *(row.score for row in rows)):
        if not math.isfinite(value or 0.0):
            raise NoNumber(f"the gradebook holds a score of {value}: correct it in Formgrader, then try again")
    status = ours["status"] if ours else "graded"
    cells = tuple(
        Cell(row.cell, float(row.possible), row.auto_score, row.manual_score, float(row.score or 0.0),
             bool(row.needs_manual_grade), status in LOST and row.manual_score is None)
        for row in rows if row.cell is not None
    )  # fmt: skip
    entry = Entry(*key, status, str(ours["reason"] or "") if ours else "", first.timestamp, first.extension,
                  float(first.penalty or 0.0), cells)  # fmt: skip
    if ours is None and told and not entry.score and not entry.waits:
        return Entry(*key, MISSING, "", first.timestamp, first.extension, entry.penalty, cells)
    return entry
