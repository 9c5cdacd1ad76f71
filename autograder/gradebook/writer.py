"""The one writer: scores into nbgrader's gradebook, notebooks into ``autograded/``, verdicts into the ledger.

Everything about one graded notebook is written in an order that makes an end at any point safe: file, scores (one
transaction), and last the ledger's row with the fingerprint, without which the notebook is simply graded again.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import nbgrader.api
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Comment, Grade, Gradebook, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution
from sqlalchemy import create_engine
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.pool import NullPool
from traitlets.config import Config

from autograder.cells import is_marked
from autograder.course import COURSE
from autograder.gradebook.beside import copy_beside
from autograder.gradebook.database import Alone, hold_to_version, log_ahead, patient
from autograder.gradebook.late import GrantExtraTime, grant, reassess
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.result import Result
from autograder.intake.candidates import look
from autograder.intake.quarantine import clear_way, quarantine
from autograder.intake.timestamp import UnreadableTime, handed_in
from lrtutorial.advice import Advice
from lrtutorial.files import write_whole


class NotReleased(Advice, RuntimeError):
    """The gradebook doesn't know this assignment as it is released; the message says what to run."""


def hold_to_release(session: Session, assignment: str, release: Mapping[str, NotebookNode]) -> None:
    """Raise NotReleased unless gradebook and released notebooks hold the same cells with the same points."""
    again = f"run nbgrader generate_assignment {assignment} --force first"
    entry = session.query(nbgrader.api.Assignment).filter_by(name=assignment).one_or_none()
    if entry is None:
        raise NotReleased(f"the gradebook doesn't know the assignment {assignment}: {again}")
    known = {notebook.name: notebook for notebook in entry.notebooks}
    for name in sorted(known.keys() | release.keys()):
        theirs = {cell.name: cell.max_score for cell in known[name].grade_cells} if name in known else {}
        cells = release[name].cells if name in release else []
        marked = [cell.metadata.nbgrader for cell in cells if is_marked(cell)]
        ours = {about["grade_id"]: float(about["points"]) for about in marked if about.get("grade")}
        if ours != theirs:
            raise NotReleased(f"{name} is not in the gradebook as it is released: {again}")


class GradebookWriter:
    """Writes what one assignment's submissions earned. Use it as a context manager, from one thread."""

    def __init__(self, config: Config, assignment: str, release: Mapping[str, NotebookNode]):
        self.config, self.assignment, self.release = config, assignment, release
        self.course = CourseDirectory(config=config)
        self.db_url = patient(self.course.db_url)
        self.late: dict[str, bool] = {}  #: of the students that were entered, who handed in late

    def __enter__(self) -> GradebookWriter:
        """Open and keep the gradebook. Raises OtherVersion, Busy, NotReleased, ExtraTimeError, with nothing written."""
        # nbgrader builds a submission while its session flushes; a filter set for a while would be lost among threads
        warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader|sqlalchemy")
        with ExitStack() as stack:
            with closing(create_engine(self.db_url, poolclass=NullPool).connect()) as connection:
                hold_to_version(connection)
            stack.enter_context(Alone(self.db_url, self.course.course_id))
            self.gradebook = stack.enter_context(Gradebook(self.db_url, self.course.course_id))
            log_ahead(self.gradebook.engine)
            self.ledger = stack.enter_context(Ledger(self.db_url))
            hold_to_release(self.gradebook.db, self.assignment, self.release)
            self.extra_time = GrantExtraTime(config=self.config).read(self.gradebook)
            self.gradebook.db.rollback()
            self._opened = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def finish(self, folders: Mapping[str, Path], students: Sequence[str] = ()) -> list[str]:
        """Assign late penalties anew when all is graded; sentences as :func:`~autograder.gradebook.late.reassess`."""
        return reassess(self.gradebook, self.assignment, self.config, folders=folders, students=students or None)

    # ---------------------------------------------------------------------------------------- one student

    def fingerprints(self) -> dict[tuple[str, str], str]:
        """Return {(student, notebook): fingerprint} of what was graded to the end."""
        return self.ledger.fingerprints(self.assignment)

    def take_in(self, student: str, folder: Path) -> list[str]:
        """Move what must not be copied out of a submitted folder; return a sentence on each."""
        return quarantine(folder, COURSE / "quarantine" / student / self.assignment)

    def begin(self, student: str, folder: Path) -> list[str]:
        """Enter a submission with its time, copy the files beside the notebooks, count missing notebooks as 0.

        Returns a sentence on each file that could not be copied.
        """
        self.gradebook.update_or_create_student(student)
        try:
            when = handed_in(folder)
        except UnreadableTime:  # the intake has said so: it costs nothing but the knowledge of when
            when = None
        times = {"timestamp": when} if when else {}
        submission = self.gradebook.update_or_create_submission(self.assignment, student, **times)
        grant(submission, self.extra_time)
        self.late[student] = submission.total_seconds_late > 0
        found = look(folder, self.release).candidates
        some = bool(found) and len(found) < len(submission.notebooks)  # asking for each one's name is a question each
        missing = [notebook for notebook in submission.notebooks if notebook.name not in found] if some else []
        gone = []
        for notebook in missing:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = 0, False
            if all(grade.manual_score is None for grade in notebook.grades):
                gone.append(notebook.name)
        self.gradebook.db.commit()
        to = self._autograded(student)
        for name in gone:  # or an earlier "nothing was found" or an older answer would stand beside what counts
            self.ledger.forget(self.assignment, student, name)
            (to / f"{name}.ipynb").unlink(missing_ok=True)
            page = Path(self.course.format_path(self.course.feedback_directory, student, self.assignment))
            (page / f"{name}.html").unlink(missing_ok=True)
        sources = (Path(self.course.format_path(self.course.source_directory, ".", self.assignment)), folder)
        return [sentence for source in sources for sentence in copy_beside(source, to)]

    def _autograded(self, student: str) -> Path:
        return Path(self.course.format_path(self.course.autograded_directory, student, self.assignment))

    def save(self, result: Result) -> None:
        """Write one graded notebook: the file, the scores, the ledger's row."""
        graded = result.document()
        answers = answers_of(graded)
        path = self._autograded(result.student) / f"{result.notebook}.ipynb"
        if path.is_dir():
            clear_way(path, path.parent)
        write_whole(path, result.graded, mode=0o444)
        self._scores(result.student, result.notebook, graded, answers, again=result.judged_nothing, asked=result.look)
        self.ledger.write(
            self.assignment, result.student, result.notebook, result.judged(), status=result.status,
            reason=result.reason, jail=result.jail, fingerprint=result.fingerprint, answers=answers,
        )  # fmt: skip

    def _by_cell(self, kind: type[Grade], entry: SubmittedNotebook) -> dict[str, Grade]:
        """Return a notebook's grades or comments by the name of their cell: by one question, not one for each cell."""
        rows = self.gradebook.db.query(kind).filter_by(notebook_id=entry.id).options(joinedload(kind.cell))
        return {row.cell.name: row for row in rows}

    def _scores(
        self,
        student: str,
        notebook: str,
        graded: NotebookNode,
        answers: Mapping[str, tuple[str, float]],
        again: bool,
        asked: Sequence[str] = (),
    ) -> None:
        """The scores of one notebook, as nbgrader's SaveAutoGrades enters them, in one transaction.

        ``asked`` names checks that a human is asked to look at. ``again``: nothing could be judged, so the tests score
        0 and a human is asked to look. A hand grade stands; a human is asked to look at it again when what it was
        given for changed: the answer, the points that the cell has, or the automatic score that it overrides (nbgrader
        asks each time).
        """
        entry: SubmittedNotebook = self.gradebook.find_submission_notebook(notebook, self.assignment, student)
        grades, comments = (self._by_cell(kind, entry) for kind in (Grade, Comment))
        by_hand = any(grade.manual_score is not None for grade in grades.values())
        before = self.ledger.answers(self.assignment, student, notebook) if by_hand else {}
        for cell in graded.cells:
            if is_grade(cell):
                grade = grades[cell.metadata.nbgrader["grade_id"]]
                auto = 0 if again else determine_grade(cell)[0]
                same = before.get((student, notebook, grade.name)) == answers[grade.name] and grade.auto_score == auto
                grade.auto_score = auto
                if again or grade.manual_score is None:
                    grade.needs_manual_grade = again or auto is None or grade.name in asked
                elif not same:
                    grade.needs_manual_grade = True
            if is_solution(cell):
                untouched = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
                comments[cell.metadata.nbgrader["grade_id"]].auto_comment = "No response." if untouched else None
        entry.late_submission_penalty = None
        late = self.late[student] if student in self.late else entry.assignment.total_seconds_late > 0
        self.gradebook.db.commit()
        self.gradebook.db.remove()  # keep nothing: memory stays flat over any number of submissions
        if late:
            where = {"notebook": notebook, "assignment": self.assignment, "student": student, "db_url": self.db_url}
            AssignLatePenalties(config=self.config).preprocess(graded, {"nbgrader": where})


def answers_of(notebook: NotebookNode) -> dict[str, tuple[str, float]]:
    """Return {graded cell: (digest of what it is graded for, points possible)}.

    A written answer is graded for itself, a test cell for all answers of its notebook.
    """
    everything = "\0".join(cell.source for cell in notebook.cells if is_solution(cell))
    found = {}
    for cell in notebook.cells:
        if is_grade(cell):
            text = cell.source if is_solution(cell) else everything
            digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
            found[cell.metadata.nbgrader["grade_id"]] = (digest, float(cell.metadata.nbgrader["points"]))
    return found
