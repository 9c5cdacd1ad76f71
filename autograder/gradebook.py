"""The one writer: scores into nbgrader's gradebook, notebooks into ``autograded/``, verdicts into the ledger.

Everything about one graded notebook is written in an order that makes an end at any point safe: file, scores (one
transaction), and last the ledger's row with the fingerprint, without which the notebook is simply graded again.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook, MissingEntry, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution, parse_utc
from sqlalchemy import event
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograder.intake import is_marked
from autograder.ledger import Ledger
from lrtutorial.verdict import Verdict


class NotReleased(RuntimeError):
    """The gradebook doesn't know this assignment as it is released; the message says what to run."""


class GradebookWriter:
    """Writes what one assignment's submissions earned. Use it as a context manager, from one thread."""

    def __init__(self, config: Config, assignment: str, release: Mapping[str, NotebookNode]):
        self.config, self.assignment, self.release = config, assignment, release
        self.course = CourseDirectory(config=config)
        self.db_url = patient(self.course.db_url)
        self.gradebook = Gradebook(self.db_url, self.course.course_id)
        if self.gradebook.engine.dialect.name == "sqlite":
            event.listen(self.gradebook.engine, "connect", _fast_and_safe)
            self.gradebook.engine.dispose()  # the next connection is the first to be told
        self.ledger = Ledger(self.course.db_url)
        self._hold_to_release()

    def __enter__(self) -> GradebookWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.gradebook.close()
        self.ledger.engine.dispose()

    def _hold_to_release(self) -> None:
        """Raise NotReleased unless gradebook and released notebooks hold the same cells with the same points."""
        again = f"run nbgrader generate_assignment {self.assignment} --force first"
        try:
            known = {notebook.name: notebook for notebook in self.gradebook.find_assignment(self.assignment).notebooks}
        except MissingEntry:
            raise NotReleased(f"the gradebook doesn't know the assignment {self.assignment}: {again}") from None
        for name in sorted(known.keys() | self.release.keys()):
            theirs = {cell.name: cell.max_score for cell in known[name].grade_cells} if name in known else {}
            cells = self.release[name].cells if name in self.release else []
            marked = [cell.metadata.nbgrader for cell in cells if is_marked(cell)]
            ours = {about["grade_id"]: float(about["points"]) for about in marked if about.get("grade")}
            if ours != theirs:
                raise NotReleased(f"{name} is not in the gradebook as it is released: {again}")
        self.gradebook.db.rollback()

    # ---------------------------------------------------------------------------------------- one student

    def begin(self, student: str, folder: Path) -> None:
        """Enter a submission with its time, copy the files beside the notebooks, count missing notebooks as 0."""
        self.gradebook.update_or_create_student(student)
        when = folder / "timestamp.txt"
        text = when.read_text("utf-8").strip() if when.is_file() else ""
        times = {"timestamp": parse_utc(text)} if text else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # nbgrader builds a submission while its session flushes
            submission = self.gradebook.update_or_create_submission(self.assignment, student, **times)
        missing = [notebook for notebook in submission.notebooks if not (folder / f"{notebook.name}.ipynb").exists()]
        for notebook in missing:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = 0, False
        self.gradebook.db.commit()
        to = self._autograded(student)
        for source in (Path(self.course.format_path(self.course.source_directory, ".", self.assignment)), folder):
            _copy_beside(source, to)

    def _autograded(self, student: str) -> Path:
        return Path(self.course.format_path(self.course.autograded_directory, student, self.assignment))

    def save(
        self, student: str, notebook: str, graded: NotebookNode, verdicts: list[Verdict], *,
        status: str, reason: str, jail: dict[str, Any] | None, fingerprint: str,
    ) -> None:  # fmt: skip
        """Write one graded notebook: the file, the scores, the ledger's row."""
        path = self._autograded(student) / f"{notebook}.ipynb"
        write_whole(path, nbformat.writes(graded))
        self._scores(student, notebook, graded, again=status in ("rejected", "failed"))
        self.ledger.write(self.assignment, student, notebook, verdicts,
                          status=status, reason=reason, jail=jail, fingerprint=fingerprint)  # fmt: skip

    def _scores(self, student: str, notebook: str, graded: NotebookNode, again: bool) -> None:
        """The scores of one notebook, as nbgrader's SaveAutoGrades enters them, in one transaction.

        ``again``: nothing could be judged, so the tests score 0 and a human is asked to look.
        """
        entry: SubmittedNotebook = self.gradebook.find_submission_notebook(notebook, self.assignment, student)
        grades = {grade.name: grade for grade in entry.grades}
        comments = {comment.name: comment for comment in entry.comments}
        for cell in graded.cells:
            if is_grade(cell):
                grade = grades[cell.metadata.nbgrader["grade_id"]]
                grade.auto_score = 0 if again else determine_grade(cell)[0]
                grade.needs_manual_grade = again or grade.manual_score is not None or grade.auto_score is None
            if is_solution(cell):
                untouched = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
                comments[cell.metadata.nbgrader["grade_id"]].auto_comment = "No response." if untouched else None
        entry.late_submission_penalty = None
        late = entry.assignment.total_seconds_late > 0
        self.gradebook.db.commit()
        self.gradebook.db.remove()  # keep nothing: memory stays flat over any number of submissions
        if late:
            where = {"notebook": notebook, "assignment": self.assignment, "student": student, "db_url": self.db_url}
            AssignLatePenalties(config=self.config).preprocess(graded, {"nbgrader": where})


def mark_unfinished(db_url: str, assignment: str, student: str, notebook: str, status: str, reason: str) -> None:
    """Say of a notebook that its grades no longer hold: status in the ledger, and a human is asked to look.

    A rejected notebook's automatic scores become 0.
    """
    with Gradebook(patient(db_url)) as gradebook:
        try:
            entry = gradebook.find_submission_notebook(notebook, assignment, student)
        except MissingEntry:
            pass  # never graded: no score stands
        else:
            for grade in entry.grades:
                grade.needs_manual_grade = True
                if status == "rejected":
                    grade.auto_score = 0
            gradebook.db.commit()
    with Ledger(db_url) as ledger:
        ledger.write(assignment, student, notebook, [], status=status, reason=reason)


def patient(db_url: str) -> str:
    """Return the gradebook's address, for SQLite with a minute's patience for other writers."""
    return f"{db_url}?timeout=60" if db_url.startswith("sqlite") and "?" not in db_url else db_url


def _fast_and_safe(connection: Any, _: object) -> None:
    """SQLite's write-ahead log: readers don't wait, and a killed writer leaves no half transaction."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def write_whole(path: Path, text: str) -> None:
    """Write a read-only file so that it is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.chmod(name, 0o444)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _copy_beside(source: Path, to: Path) -> None:
    """Copy the regular files beside the notebooks; a link is never followed."""
    for place, _, files in os.walk(source, followlinks=False):
        for name in files:
            path = Path(place, name)
            if path.suffix == ".ipynb" or ".ipynb_checkpoints" in path.parts or not stat.S_ISREG(path.lstat().st_mode):
                continue
            target = to / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copyfile(path, target, follow_symlinks=False)
