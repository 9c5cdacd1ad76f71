"""nbgrader's own door: ``nbgrader autograde`` and Formgrader's button choose submissions, the engine grades them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from logging import Logger
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException

from autograder.gradebook.result import Result
from autograder.grading.assignment import Assignment
from autograder.grading.engine import Watcher, grade
from autograder.grading.workers import HERE
from autograder.hooks.plain import refused, with_traceback
from autograder.intake.text import student_of


class Door(NotebookExporter):
    """Stands where nbgrader's Autograde has its exporter, and grades in place of its two passes over each notebook.

    nbgrader makes its converter in two places (its command, Formgrader's API), neither of which can be told another
    class; the exporter is made for the converter, just before it begins. Which submissions are graded is nbgrader's
    choice: its patterns, ``--student``, ``--notebook``, and what is there already is left without ``--force``.
    """

    def __init__(self, **settings: object):
        super().__init__(**settings)  # type: ignore[no-untyped-call]
        if not isinstance(self.parent, Autograde):
            raise TypeError(f"Door opens nbgrader's Autograde, not {type(self.parent).__name__}")
        self.converter: Autograde = self.parent  # an Autograde; nbgrader ships no types
        self.converter.convert_notebooks = self.grade_chosen

    def grade_chosen(self) -> None:
        """Grade what nbgrader found. Raises NbGraderException, after a log line that says why and what to do."""
        chosen = _by_assignment(self.converter)
        try:
            names = [name for part in chosen for name in self._grade_part(part, chosen[part])]
        except Exception as error:
            if isinstance(error, NbGraderException) or with_traceback():
                raise
            raise refused(self.converter.log, error) from error
        except KeyboardInterrupt as ended:
            raise refused(self.converter.log, ended) from None
        if names:
            said = f"could not be run, and nothing of them was written: {', '.join(names)}. The lines above say why."
            self.converter.log.error("%s", said)
            raise NbGraderException(said)

    def _grade_part(self, part: str, found: dict[str, list[str]]) -> list[str]:
        """Grade the chosen submissions of an assignment; return the names of those that could not be run."""
        converter = self.converter
        assignment = Assignment.find(part, self.config)
        raw = [student for student, notebooks in found.items() if self._wanted(part, student, notebooks)]
        students = list(dict.fromkeys(map(student_of, raw)))
        if not students:
            return []
        named = {Path(path).stem for student in raw for path in found[student]}
        for _ in self._each(raw, found):
            converter.run_pre_convert_hook()
        only = sorted(named) if converter.coursedir.notebook_id != "*" else ()
        summary = grade(assignment, HERE, students=students, notebooks=only, force=True, watcher=_Log(converter.log))
        for student in self._each(raw, found):
            if os.path.isdir(converter._format_dest(part, student)):
                converter.set_permissions(part, student)
            converter.run_post_convert_hook()
        return summary.not_run

    def _wanted(self, part: str, student: str, notebooks: list[str]) -> bool:
        """Say whether nbgrader would convert a submission; with ``--force`` the earlier result stays until the new."""
        converter = self.converter
        converter.notebooks = sorted(notebooks)
        if student in (converter.coursedir.student_id_exclude or "").split(","):
            return False
        return bool(converter.force or converter.init_destination(part, student))

    def _each(self, students: Sequence[str], found: dict[str, list[str]]) -> Iterator[str]:
        """Yield the students, nbgrader's own list of notebooks set to theirs: its hooks read it."""
        for student in students:
            self.converter.notebooks = sorted(found[student])
            yield student


def _by_assignment(converter: Autograde) -> dict[str, dict[str, list[str]]]:
    """Return {assignment: {student: files of notebooks}} of what nbgrader's patterns matched."""
    pattern = converter._format_source("(?P<assignment_id>.*)", "(?P<student_id>.*)", escape=True)
    found: dict[str, dict[str, list[str]]] = {}
    for folder, notebooks in sorted(converter.assignments.items()):
        match = re.match(pattern, folder, re.DOTALL)  # a name may hold a line break
        if match is None:
            raise NbGraderException(f"Could not match '{folder}' with regexp '{pattern}'")
        found.setdefault(match["assignment_id"], {})[match["student_id"]] = notebooks
    return found


class _Log(Watcher):
    """Tells nbgrader's log what becomes of each notebook."""

    def __init__(self, log: Logger):
        self.log = log

    def done(self, result: Result) -> None:
        """One line, louder when the notebook is not simply graded."""
        name = f"{result.student}, {result.assignment}, {result.notebook}"
        if result.judged_nothing:
            self.log.error("%s is %s: %s", name, result.status, result.reason)
        else:
            self.log.info("%s is %s. %s", name, result.status, result.reason)

    def trouble(self, sentence: str) -> None:
        """A warning."""
        self.log.warning("%s", sentence)
