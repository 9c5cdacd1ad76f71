"""What the report is about: a class's points, verdicts and statuses, read from gradebook, ledger and submissions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from nbgrader.api import Assignment, GradeCell, Notebook, Student
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from traitlets.config import Config

from autograder.gradebook.database import hold_to_version, reading
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.reading import MISSING, entries
from autograder.intake.reading import Rejected, read_file, read_notebook
from autograder.names import UnknownName, nearest
from autograder.report.statistics import Points
from lrtutorial.advice import Advice
from lrtutorial.course import current, exercises
from lrtutorial.course.exercise import Exercise

TRIED = ("right", "partly", "wrong")  #: verdicts on an answer that could be judged
HINT_CALL = re.compile(r"\bhint\(\s*['\"]([\w-]+)['\"]\s*\)")
HINT_SHOWN = re.compile(r"Hint (\d{1,2}) of \d{1,2} for ([\w-]+)")


class NothingGraded(Advice, LookupError):
    """There is nothing to report on; the message says what to run first."""


@dataclass(frozen=True)
class Item:
    """One thing that earns points: a checked step, or a written answer that is graded by hand."""

    id: str
    exercise: str
    possible: float
    written: bool


@dataclass(frozen=True)
class Effort:
    """Traces of work in a submitted notebook. They are the student's own file: a sign, no proof."""

    runs: int  #: the highest number of a code cell's run, of the last session that was saved
    hints: dict[str, int]  #: {step: the most hints of it seen, or asked for}


@dataclass(frozen=True)
class PartRecord:
    """One part. ``points`` has the shape (students, items), NaN where nothing was handed in or is graded yet."""

    name: str
    title: str
    exercises: tuple[Exercise, ...]
    items: tuple[Item, ...]
    students: tuple[str, ...]  #: who handed in at least one notebook
    enrolled: int
    points: Points = field(repr=False)
    totals: dict[str, float] = field(repr=False)  #: the gradebook's own, where a missing notebook counts 0
    to_grade: dict[tuple[str, str], int] = field(repr=False)  #: (student, notebook): answers that wait for a human
    statuses: dict[tuple[str, str], tuple[str, str]] = field(repr=False)  #: (student, notebook): status, reason
    verdicts: dict[tuple[str, str], dict[str, Any]] = field(repr=False)  #: (student, step): the ledger's row
    efforts: dict[tuple[str, str], Effort] = field(repr=False)  #: (student, notebook)

    @property
    def waiting(self) -> int:
        """Answers that wait for a hand grade, or for another look at one."""
        return sum(self.to_grade.values())

    @property
    def possible(self) -> Points:
        """Points possible by item."""
        return np.array([item.possible for item in self.items], dtype=float)

    def shares(self) -> Points:
        """Each student's points, as a share of those of what was handed in and is graded; NaN where nothing is."""
        there = ~np.isnan(self.points)
        most = (there * self.possible).sum(axis=1)
        with np.errstate(invalid="ignore"):
            found: Points = np.where(there, self.points, 0).sum(axis=1) / most
        return found

    def by_exercise(self) -> Points:
        """Points by exercise, shape (students, exercises); NaN where an item of it is not graded."""
        columns = [
            self.points[:, [i for i, item in enumerate(self.items) if item.exercise == exercise.id]].sum(axis=1)
            for exercise in self.exercises
        ]
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class ClassRecord:
    """The parts that were graded, and what students are called: {id: (id and name)}."""

    parts: tuple[PartRecord, ...]
    names: dict[str, str] = field(repr=False)
    autograded: str = ""  #: nbgrader's pattern for the autograded folder


def read_class(config: Config, parts: Sequence[str] = ()) -> ClassRecord:
    """Read what was graded, of the named parts (default: of all that have something). Writes nothing.

    Raises UnknownName with the nearest part, FileNotFoundError without a gradebook, OtherVersion for one of another
    nbgrader, NothingGraded.
    """
    for part in parts:
        if part not in current().parts:
            raise UnknownName(f"there is no part {part!r}. {nearest(part, list(current().parts))}")
    course = CourseDirectory(config=config)
    engine = reading(course.db_url)
    try:
        with engine.connect() as connection:
            hold_to_version(connection)
        with Ledger(course.db_url, readonly=True) as ledger:
            graded = {row["assignment"] for row in ledger.submissions()}
            chosen = [part for part in current().parts if (part in parts if parts else part in graded)]
            for part in chosen:
                if part not in graded:
                    raise NothingGraded(f"nothing of {part} is graded yet: run python -m autograder grade {part} first")
            if not chosen:
                raise NothingGraded(
                    f"nothing is graded yet: run python -m autograder grade {next(iter(current().parts))} first"
                )
            records = tuple(_part(course, engine, ledger, part) for part in chosen)
        names = {}
        with Session(engine) as session:
            for student in session.scalars(select(Student)):
                full = " ".join(filter(None, (student.first_name, student.last_name)))
                names[student.id] = f"{student.id} ({full})" if full else student.id
    finally:
        engine.dispose()
    return ClassRecord(
        records, names, course.format_path(course.autograded_directory, "{student_id}", "{assignment_id}")
    )


def _part(course: CourseDirectory, engine: Engine, ledger: Ledger, part: str) -> PartRecord:
    statuses = {
        (row["student"], row["notebook"]): (row["status"], row["reason"] or "") for row in ledger.submissions(part)
    }
    verdicts = {(row["student"], row["step"]): row for row in ledger.verdicts(part)}
    asked = tuple(exercise for exercise in exercises().values() if exercise.part == part)
    notebooks = {exercise.notebook: exercise for exercise in asked}
    with Session(engine) as session:
        enrolled = len(session.scalars(select(Student.id)).all())
        cells = session.execute(
            select(Notebook.name, GradeCell.name, GradeCell.max_score)
            .join(Notebook, GradeCell.notebook_id == Notebook.id)
            .join(Assignment, Notebook.assignment_id == Assignment.id)
            .where(Assignment.name == part)
        ).all()
        found = entries(session, ledger.submissions(part), part)
    most = {name: float(points) for _, name, points in cells}
    items = tuple(_items(asked, most))
    students = tuple(sorted({student for student, notebook in statuses if notebook in notebooks}))
    row_of = {student: row for row, student in enumerate(students)}
    column_of = {item.id: column for column, item in enumerate(items)}
    points = np.full((len(students), len(items)), np.nan)
    totals = dict.fromkeys(students, 0.0)
    for entry in found:
        if entry.student not in row_of:
            continue
        totals[entry.student] += entry.score
        for cell in entry.cells:
            column = column_of.get(cell.name.removesuffix("-test"))
            if column is not None and cell.points is not None and entry.status != MISSING:
                points[row_of[entry.student], column] = cell.points
    to_grade = {(entry.student, entry.notebook): len(entry.to_grade) for entry in found if entry.to_grade}
    return PartRecord(
        part, current().parts[part], asked, items, students, enrolled, points, totals, to_grade, statuses, verdicts,
        dict(_efforts(course, part, statuses)),
    )  # fmt: skip


def _items(asked: Sequence[Exercise], most: dict[str, float]) -> Iterator[Item]:
    """Yield the items of a part in course order, with the points that the gradebook has for them."""
    for exercise in asked:
        for step in exercise.steps:
            if most.get(f"{step.id}-test"):
                yield Item(step.id, exercise.id, most[f"{step.id}-test"], False)
        if most.get(f"{exercise.id}-written"):
            yield Item(f"{exercise.id}-written", exercise.id, most[f"{exercise.id}-written"], True)


def _efforts(
    course: CourseDirectory, part: str, statuses: dict[tuple[str, str], tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], Effort]]:
    for student, notebook in statuses:
        folder = Path(course.format_path(course.submitted_directory, student, part))
        try:
            data = read_file(folder / f"{notebook}.ipynb")
            read_notebook(data)
            # as it was saved: grading's reader takes outputs and counts out
            yield (student, notebook), effort_in(json.loads(data.decode(json.detect_encoding(data))))
        except (Rejected, ValueError):
            continue  # moved away, or unreadable: nothing is known


def _saved_cells(notebook: Any) -> list[dict[str, Any]]:
    """The cells as they were saved; format 3 has them in worksheets."""
    sheets = [notebook] if "cells" in notebook else notebook.get("worksheets")
    whole = [sheet for sheet in sheets if isinstance(sheet, dict)] if isinstance(sheets, list) else []
    found = [sheet.get("cells") for sheet in whole]
    return [cell for cells in found if isinstance(cells, list) for cell in cells if isinstance(cell, dict)]


def effort_in(notebook: Any) -> Effort:
    """Return the traces of work in a notebook that somebody handed in; nothing in it is trusted."""
    runs = 0
    hints: dict[str, int] = {}
    for cell in _saved_cells(notebook):
        if cell.get("cell_type") != "code":
            continue
        count = cell.get("execution_count", cell.get("prompt_number"))
        runs = max(runs, count if type(count) is int and 0 < count < 100_000 else 0)
        source = cell.get("source", cell.get("input"))
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        shown = HINT_SHOWN.findall(str(cell.get("outputs", ""))[:100_000])
        for step in HINT_CALL.findall(text):
            hints[step] = max(hints.get(step, 0), 1)
        for rung, step in shown:
            hints[step] = max(hints.get(step, 0), int(rung))
    return Effort(runs, hints)
