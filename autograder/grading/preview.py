"""What grading again changes, shown before it is written (``grade --dry-run``) and kept afterwards (``history``).

:class:`Preview` stands in the gradebook's place: the engine grades what changed exactly as it would, and not a byte of
the course is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment as ReleasedAssignment
from nbgrader.api import (
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy.engine import Engine
from sqlalchemy.orm import scoped_session, sessionmaker

from autograder.course import COURSE, SECRET
from autograder.gradebook.database import Alone, alone_in, hold_to_version, reading
from autograder.gradebook.ledger import FIRST, KEPT, Ledger, reason_for
from autograder.gradebook.result import Result
from autograder.gradebook.writer import answers_of, hold_to_release
from autograder.grading.assignment import Assignment
from autograder.grading.engine import Summary, Watcher, grade
from autograder.grading.workers import Workers
from lrtutorial.advice import Refused


@dataclass(frozen=True)
class Difference:
    """One verdict, or one hand-graded answer, before and after. ``before`` is empty for one graded the first time."""

    student: str
    notebook: str
    step: str
    why: str
    before: Mapping[str, Any]  #: the ledger's points, possible, status, misconception, headline
    after: Mapping[str, Any]
    hand: float | None = None  #: a human's score, which stands
    look_again: bool = False  #: what the human graded has changed

    @property
    def change(self) -> float:
        """What the student gains (or loses, below zero): nothing where a hand grade stands."""
        if self.hand is not None or not self.before:
            return 0.0
        gained: float = self.after["points"] - self.before["points"]
        return round(gained, 6)

    def row(self) -> list[str | float | None]:
        """The difference as a row of ``COLUMNS``."""
        old, new = self.before, self.after
        return [
            self.student, self.notebook, self.step, old.get("points"), old.get("possible"), new["points"],
            new["possible"], self.change, old.get("status"), new["status"], old.get("headline"), new["headline"],
            self.hand, "yes" if self.look_again else "", self.why,
        ]  # fmt: skip


class Preview:
    """Takes results in a GradebookWriter's place, compares them with what is known, and writes nothing.

    Raises FileNotFoundError without a gradebook, RuntimeError without a course secret, OtherVersion, Busy, NotReleased.
    """

    def __init__(self, assignment: Assignment):
        self.assignment = assignment
        self.differences: list[Difference] = []

    def __enter__(self) -> Preview:
        if not SECRET.exists():
            raise Refused(
                f"{SECRET} is missing, and a dry run draws no new secret. Restore it from a backup (then nothing "
                "changes), or grade without --dry-run (then every submission gets other secret inputs)."
            )
        url, course_id = self.assignment.course.db_url, self.assignment.course.course_id
        with ExitStack() as stack:
            stack.enter_context(alone_in(COURSE, write=False))
            self.gradebook = stack.enter_context(ReadGradebook(reading(url), course_id))
            with self.gradebook.engine.connect() as connection:
                hold_to_version(connection)
            stack.enter_context(Alone(url, course_id, shared=True))
            hold_to_release(self.gradebook.db, self.assignment.name, self.assignment.release)
            self.gradebook.db.remove()
            self.ledger = stack.enter_context(Ledger(url, readonly=True))
            self.known = self.ledger.fingerprints(self.assignment.name)
            self._opened = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def take_in(self, student: str, folder: Path) -> list[str]:
        """Leave the submitted folder as it is: the files beside the notebooks earn nothing."""
        return []

    def begin(self, student: str, folder: Path) -> list[str]:
        """Enter nobody."""
        return []

    def finish(self, folders: Mapping[str, Path], students: Sequence[str] = ()) -> list[str]:
        """Leave late penalties as they are."""
        return []

    def fingerprints(self) -> dict[tuple[str, str], str]:
        """Return {(student, notebook): fingerprint} of what was graded to the end."""
        return self.known

    def save(self, result: Result) -> None:
        """Keep what differs from the last time."""
        student, notebook, fingerprint = result.student, result.notebook, result.fingerprint
        graded, verdicts = result.document(), result.judged()
        name = self.assignment.name
        known = {row["step"]: row for row in self.ledger.verdicts(name, student)}
        hands = self.gradebook.hand_grades(name, student, notebook)
        graded_before = self.ledger.answers(name, student, notebook)
        now = answers_of(graded)
        changed = {cell for cell in hands if graded_before.get((student, notebook, cell)) != now.get(cell)}
        before = self.known.get((student, notebook))
        for verdict in verdicts:
            old = {key: known[verdict.step][key] for key in KEPT} if verdict.step in known else {}
            new = {key: getattr(verdict, key) for key in KEPT}
            cell = f"{verdict.step}-test"
            moved = bool(old) and old["points"] != new["points"]
            if old != new:
                self.differences.append(Difference(
                    student, notebook, verdict.step, reason_for(before, fingerprint) if old else FIRST, old, new,
                    hands.get(cell), cell in hands and (cell in changed or moved),
                ))  # fmt: skip
        for cell in sorted(changed - {f"{verdict.step}-test" for verdict in verdicts}):
            said = {"points": hands[cell], "possible": now[cell][1], "status": "noted", "misconception": None}
            self.differences.append(Difference(
                student, notebook, cell, reason_for(before, fingerprint),
                {**said, "possible": graded_before.get((student, notebook, cell), (None, None))[1],
                 "headline": "graded by hand"},
                {**said, "headline": "the answer or its points changed since"}, hands[cell], True,
            ))  # fmt: skip


class ReadGradebook(Gradebook):  # type: ignore[misc]  # nbgrader ships no types
    """nbgrader's gradebook on an engine that can't write (its own ``__init__`` makes tables and a course)."""

    def __init__(self, engine: Engine, course_id: str):
        self.engine, self.course_id, self.authenticator = engine, course_id, None
        self.db = scoped_session(sessionmaker(bind=engine))

    def all_hand_grades(self, assignment: str) -> dict[tuple[str, str], dict[str, float]]:
        """Return {(student, notebook): {graded cell: a human's score}} of an assignment, by one question."""
        query = (
            self.db.query(SubmittedAssignment.student_id, Notebook.name, BaseCell.name, Grade.manual_score)
            .select_from(Grade)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .join(ReleasedAssignment, ReleasedAssignment.id == SubmittedAssignment.assignment_id)
            .filter(ReleasedAssignment.name == assignment, Grade.manual_score.is_not(None))
        )
        found: dict[tuple[str, str], dict[str, float]] = {}
        for student, notebook, cell, score in query:
            found.setdefault((student, notebook), {})[cell] = score
        self.db.remove()
        return found

    def hand_grades(self, assignment: str, student: str, notebook: str) -> dict[str, float]:
        """Return {graded cell: a human's score} of one submitted notebook."""
        try:
            entry = self.find_submission_notebook(notebook, assignment, student)
        except MissingEntry:
            return {}
        found = {grade.name: grade.manual_score for grade in entry.grades if grade.manual_score is not None}
        self.db.remove()
        return found


def preview(
    assignment: Assignment,
    workers: Workers,
    *,
    students: Sequence[str] = (),
    force: bool = False,
    watcher: Watcher | None = None,
) -> tuple[Summary, list[Difference]]:
    """Grade as :func:`autograder.grading.engine.grade` would, write nothing, and return what would be different."""
    book = Preview(assignment)
    return grade(assignment, workers, students=students, force=force, watcher=watcher, book=book), book.differences
