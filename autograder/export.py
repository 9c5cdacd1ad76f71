"""Grades out of the gradebook: ``nbgrader export --exporter=autograder.export.Canvas`` (or ``Moodle``, ``Csv``).

Each is an nbgrader ExportPlugin: points by exercise and by part, late penalties, and a status that tells a zero from
work that is missing, waits for a hand grade or could not be graded. Every cell that holds text is safe to open in a
spreadsheet. The gradebook is only read.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from nbgrader.api import Gradebook, Student
from nbgrader.apps.baseapp import NbGrader
from nbgrader.plugins import ExportPlugin
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import inspect
from traitlets import Bool, Dict, Enum, Float, Unicode

from autograder.course import COURSE
from autograder.gradebook.database import hold_to_version, reading
from autograder.gradebook.errors import advice_on
from autograder.gradebook.late import ExtraTimeError, GrantExtraTime, penalty_of
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.reading import MISSING, entries
from autograder.names import UnknownName, nearest
from autograder.tables import Cell, safe, write_table
from lrtutorial.advice import Advice, Unusable, fault

BY_HAND = "needs hand grading"
#: What a submission is called, the most pressing of its exercises first.
STATUSES = ("failed", "rejected", BY_HAND, "graded with repairs", "graded", MISSING)

NO_GRADE = "-"  #: Moodle's sign for it


class NothingToExport(Advice, LookupError):
    """The gradebook holds nothing that could be exported; the message says what to do first."""


# ----------------------------------------------------------------------------------------------- what there is


@dataclass(frozen=True)
class Mark:
    """One exercise of one student: ``score`` before the late penalty, both in points."""

    score: float
    penalty: float
    status: str
    reason: str = ""
    by_hand: bool = False  #: waits for a human


@dataclass(frozen=True)
class Part:
    """One assignment; ``exercises`` is {notebook: points possible}."""

    name: str
    duedate: datetime | None
    exercises: dict[str, float]

    @property
    def possible(self) -> float:
        """Points possible."""
        return math.fsum(self.exercises.values())


def _pressing(status: str) -> int:
    return STATUSES.index(status) if status in STATUSES else 0


@dataclass(frozen=True)
class Standing:
    """One student in one part; without ``marks`` nothing was handed in. Times are UTC."""

    marks: dict[str, Mark] = field(default_factory=dict)
    timestamp: datetime | None = None
    extension: timedelta | None = None
    time_lost: bool = False  #: what was handed in as its time could not be read, and was put away

    @property
    def status(self) -> str:
        """The most pressing status of the exercises."""
        return min((mark.status for mark in self.marks.values()), key=_pressing, default=MISSING)

    @property
    def by_hand(self) -> bool:
        """Whether an exercise waits for a human."""
        return any(mark.by_hand for mark in self.marks.values())

    @property
    def raw(self) -> float:
        """Points before the late penalty."""
        return math.fsum(mark.score for mark in self.marks.values())

    @property
    def penalty(self) -> float:
        """The late penalty, in points."""
        return math.fsum(mark.penalty for mark in self.marks.values())

    @property
    def score(self) -> float:
        """Points after the late penalty, as nbgrader's own export counts them."""
        return max(0.0, self.raw - self.penalty)

    def note(self, part: Part) -> str:
        """Say in a few words what the status leaves open."""
        if self.status == MISSING:
            return ""
        gone = [name for name, mark in self.marks.items() if mark.status == MISSING]
        said = [f"not handed in: {', '.join(gone)}"] if gone else []
        said += [f"{name}: {mark.reason}" for name, mark in self.marks.items() if mark.reason]
        if self.time_lost:
            said.append("its timestamp.txt could not be read (see the course's quarantine folder)")
        elif part.duedate is not None and self.timestamp is None:
            said.append("when it was handed in is not known, so no late penalty was given")
        return "; ".join(said)


@dataclass(frozen=True)
class Grades:
    """What one export is about; a student without a submission has no standing in that part."""

    parts: list[Part]
    students: list[Student]
    standings: dict[tuple[str, str], Standing]

    def of(self, student: Student, part: Part) -> Standing:
        """Return a student's standing in a part."""
        return self.standings.get((student.id, part.name), Standing())


def read(gradebook: Gradebook, assignments: Sequence[str] = (), students: Sequence[str] = ()) -> Grades:
    """Return the grades of these assignments and students (of all when none is named), in nbgrader's order.

    Raises NothingToExport, and UnknownName with the nearest.
    """
    known = list(gradebook.assignments)
    if not known:
        raise NothingToExport(
            "the gradebook holds no assignment: run nbgrader generate_assignment first, and grade what was handed in"
        )
    everyone = list(gradebook.students)
    if not everyone:
        raise NothingToExport("the gradebook holds no student: python -m autograder grade enters those it grades")
    chosen = _named(assignments, [assignment.name for assignment in known], "assignment")
    who = set(_named(students, [student.id for student in everyone], "student"))
    parts = [
        Part(one.name, one.duedate, {notebook.name: float(notebook.max_score) for notebook in one.notebooks})
        for one in known
        if one.name in chosen
    ]
    ours = [student for student in everyone if student.id in who]
    return Grades(parts, ours, _standings(gradebook))


def _named(names: Sequence[str], known: list[str], what: str) -> list[str]:
    """Return the names asked for, all when none is. nbgrader documents ``[a,b]``, and doesn't take it apart."""
    if not names:
        return known
    asked: list[str] = []
    for name in map(str, names):
        bracketed = name not in known and name.startswith("[") and name.endswith("]")
        asked += [part.strip(" '\"") for part in name[1:-1].split(",")] if bracketed else [name]
    for name in asked:
        if name not in known:
            raise UnknownName(f"the gradebook holds no {what} {name!r}. {nearest(name, known)}")
    return asked


def _standings(gradebook: Gradebook) -> dict[tuple[str, str], Standing]:
    engine = gradebook.engine
    judged: list[dict[str, object]] = []
    if inspect(engine).has_table("lr_submission"):  # not in a gradebook that only nbgrader's own steps have written
        with Ledger(engine.url.render_as_string(hide_password=False)) as ledger:
            judged = ledger.submissions()
    found: dict[tuple[str, str], Standing] = {}
    for entry in entries(gradebook.db, judged):
        key = entry.student, entry.assignment
        if key not in found:
            lost = Path("quarantine", *key, "timestamp.txt")
            there = (COURSE / "submitted").joinpath(*lost.parts[1:])
            found[key] = Standing({}, entry.timestamp, entry.extension, (COURSE / lost).exists() and not there.exists())
        status = BY_HAND if entry.to_grade and not entry.lost else entry.status
        found[key].marks[entry.notebook] = Mark(entry.score, entry.penalty, status, entry.reason, entry.waits)
    return found


class GradeExport(ExportPlugin):  # type: ignore[misc]  # nbgrader ships no types
    """What the exporters have in common. Settings: ``--Canvas.missing_as_zero=True``, or c.GradeExport for all."""

    filename = "grades.csv"

    missing_as_zero = Bool(False, help="Write 0, rather than nothing, for what was not handed in.").tag(config=True)
    finished_only = Bool(
        False, help="Leave out the score of whoever has work that waits for a hand grade or could not be graded."
    ).tag(config=True)
    byte_order_mark = Bool(
        False,
        help="Begin the file with UTF-8's byte order mark, by which Excel knows it; other programs take it "
        "for a part of the first column's name.",
    ).tag(config=True)

    def __init__(self, **kwargs: object):
        super().__init__(**kwargs)
        if isinstance(self.parent, NbGrader):  # before nbgrader opens it, and adds its tables
            with self._told(), reading(self.parent.coursedir.db_url).connect() as connection:
                hold_to_version(connection)

    def export(self, gradebook: Gradebook) -> None:
        """Write the grades to ``to`` (by default ``filename``, here).

        Raises NothingToExport, UnknownName, OtherVersion, OSError and, for a database that fails, RuntimeError; from
        the command line each is a message.
        """
        with self._told():
            with gradebook.engine.connect() as connection:
                hold_to_version(connection)
            grades = read(gradebook, self.assignment, self.student)
            path = Path(self.to or self.filename)
            self.log.info("Exporting grades to %s", path)
            write_table(path, list(self.rows(grades)), byte_order_mark=self.byte_order_mark)
            self._remark(gradebook, grades)

    def rows(self, grades: Grades) -> Iterator[list[Cell]]:
        """Yield the file's rows."""
        raise NotImplementedError

    def score(self, standing: Standing) -> float | None:
        """Return the points a student gets in a part; None for none yet."""
        if standing.status == MISSING:
            return 0.0 if self.missing_as_zero else None
        return None if self.finished_only and standing.by_hand else standing.score

    def mark(self, standing: Standing, exercise: str, *, net: bool = False) -> float | None:
        """Return the points of one exercise, after its late penalty with ``net``; None for none yet."""
        mark = standing.marks.get(exercise)
        if mark is None or mark.status == MISSING:
            return 0.0 if self.missing_as_zero else None
        if self.finished_only and mark.by_hand:
            return None
        return max(0.0, mark.score - mark.penalty) if net else mark.score

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors: a message, advice or a fault's, and exit code 1 from the command line, else raised as advice."""
        try:
            yield
        except Exception as error:
            if os.environ.get("LRTUTORIAL_TRACEBACK"):
                raise
            advice = advice_on(error)
            if isinstance(self.parent, NbGrader):
                self.parent.fail(str(advice or fault(error)))
            if advice and advice is not error:
                raise advice from error
            raise

    def _remark(self, gradebook: Gradebook, grades: Grades) -> None:
        """Say what the instructor should know of the grades just written."""
        standings = [grades.of(student, part) for student in grades.students for part in grades.parts]
        counts = Counter(standing.status for standing in standings)
        told = ", ".join(f"{counts[status]} {status}" for status in reversed(STATUSES) if counts[status])
        self.log.info("Students: %d; %s: %s", len(grades.students), ", ".join(p.name for p in grades.parts), told)
        if open_ones := sum(standing.by_hand for standing in standings):
            leave = f"their points so far are in the file; --{type(self).__name__}.finished_only=True leaves them out"
            self.log.warning(
                "Submissions that wait for a hand grade, or for a look at what could not be graded: %d (%s).",
                open_ones,
                "their scores are left out" if self.finished_only else leave,
            )
        names = [text for s in grades.students for text in (s.id, s.first_name, s.last_name, s.email) if text]
        if altered := [name for name in names if safe(name) != name]:
            self.log.warning(
                "Names or ids that a spreadsheet could run as a formula: %d, such as %r. They have a ' in the file.",
                len(altered),
                altered[0][:40],
            )
        self._compare_penalties(gradebook, grades)

    def _compare_penalties(self, gradebook: Gradebook, grades: Grades) -> None:
        """Warn of late penalties that are not what due dates, extra time and points now give."""
        step = AssignLatePenalties(parent=self)
        step.init_plugin()
        try:
            extra = GrantExtraTime(parent=self).read(gradebook)
        except ExtraTimeError as error:
            self.log.warning("The late penalties could not be checked: %s", error)
            return
        stale = []
        for part in grades.parts:
            for student in grades.students:
                standing = grades.of(student, part)
                more = extra.of(student.id, part.name) if extra is not None else standing.extension
                if part.duedate is None or standing.timestamp is None:
                    continue
                late = max(0.0, (standing.timestamp - part.duedate - (more or timedelta())).total_seconds())
                now = [penalty_of(step.plugin_inst, student.id, m.score, late) or 0.0 for m in standing.marks.values()]
                if not math.isclose(math.fsum(now), standing.penalty, abs_tol=1e-9):
                    stale.append((part.name, student.id, standing.penalty, math.fsum(now)))
        if stale:
            part_name, who, was, now_is = stale[0]
            self.log.warning(
                "Late penalties that are not what due dates, extra time and points now give: %d (%s, %s: %g, now %g). "
                "Run python -m autograder grade %s, which grades nothing twice, and export again.",
                len(stale),
                who,
                part_name,
                was,
                now_is,
                part_name,
            )


def full_name(student: Student) -> str:
    """Return "last, first", or what there is of it."""
    return ", ".join(name for name in (student.last_name, student.first_name) if name) or student.id


class Csv(GradeExport):
    """One row for each student and assignment: nbgrader's own columns, then status, note and the exercises.

    The first eleven columns are those of nbgrader's CsvExportPlugin, in its order. Without a submission there is no
    score (nbgrader writes 0). There is no byte order mark unless you ask for it: programs that read nbgrader's file,
    Python's csv among them, would find it in the first column's name. Excel wants it, to see that this is UTF-8.
    """

    def rows(self, grades: Grades) -> Iterator[list[Cell]]:
        """Yield the header and the rows; an exercise has columns for points, points possible and status."""
        exercises = list(dict.fromkeys(name for part in grades.parts for name in part.exercises))
        head: list[Cell] = [
            "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
            "late_submission_penalty", "score", "max_score", "status", "note",
        ]  # fmt: skip
        yield head + [f"{name}{what}" for name in exercises for what in ("", " max", " status")]
        for part in grades.parts:
            for student in grades.students:
                standing = grades.of(student, part)
                none = 0.0 if self.missing_as_zero else None
                gone = standing.status == MISSING
                row: list[Cell] = [
                    part.name, str(part.duedate or ""), str(standing.timestamp or ""), student.id,
                    student.last_name, student.first_name, student.email, none if gone else standing.raw,
                    none if gone else standing.penalty, self.score(standing), part.possible, standing.status,
                    standing.note(part),
                ]  # fmt: skip
                for name in exercises:
                    if name in part.exercises:
                        mark = standing.marks.get(name)
                        row += [self.mark(standing, name), part.exercises[name], mark.status if mark else MISSING]
                    else:
                        row += [None, None, None]
                yield row


class _Wide(GradeExport):
    """One row for each student, as a learning management system reads it."""

    titles = Dict(
        help="What an assignment is called there, {its name: what it is called}; the rest keep their names."
    ).tag(config=True)
    details = Bool(
        True, help="Also write exercises, late penalty and status, in columns that the import leaves alone."
    ).tag(config=True)

    def title(self, name: str, grades: Grades) -> str:
        """Return a column's name. Raises UnknownName for a title of nothing."""
        names = [part.name for part in grades.parts] + [
            exercise for part in grades.parts for exercise in part.exercises
        ]
        for key in self.titles:
            if key not in names and not self.assignment:
                raise UnknownName(f"{type(self).__name__}.titles names {key!r}. {nearest(key, names)}")
        return str(self.titles.get(name, name))

    def detail_columns(self, grades: Grades) -> list[tuple[str, float | None]]:
        """Return name and points possible (None where that has no meaning) of the columns beside the scores."""
        columns: list[tuple[str, float | None]] = []
        for part in grades.parts if self.details else ():
            columns += [(f"{part.name} {name}", most) for name, most in part.exercises.items()]
            columns += [(f"{part.name} late penalty", None), (f"{part.name} status", None)]
        return columns

    def detail_cells(self, student: Student, grades: Grades) -> Iterator[Cell]:
        """Yield what stands in those columns."""
        for part in grades.parts if self.details else ():
            standing = grades.of(student, part)
            yield from (self.mark(standing, name) for name in part.exercises)
            yield None if standing.status == MISSING else standing.penalty
            yield standing.status


class Canvas(_Wide):
    """Canvas's gradebook file: its five columns, one column for each assignment, and the row of points possible.

    The columns are those that Canvas exports and its importer requires: Student, ID, SIS User ID, SIS Login ID,
    Section; a student is found by ID, then by SIS ID, then by name. A column that Canvas doesn't know becomes a new
    assignment, except where the row of points possible says "read only". An empty cell is no grade. Sources: Canvas
    Instructor Guide, "How do I import grades in the Gradebook?", and ``lib/gradebook_importer.rb`` in
    github.com/instructure/canvas-lms.
    """

    filename = "grades_canvas.csv"

    by_exercise = Bool(
        False, help="One Canvas assignment for each exercise, rather than for each part of the course."
    ).tag(config=True)
    id_column = Enum(
        ("ID", "SIS User ID"), default_value="ID", help="Which column the gradebook's lms_user_id goes into."
    ).tag(config=True)
    section = Unicode("", help="What the column Section holds.").tag(config=True)

    def rows(self, grades: Grades) -> Iterator[list[Cell]]:
        """Yield header, points possible, and the students."""
        graded: list[tuple[Part, str]] = [
            (part, name) for part in grades.parts for name in (part.exercises if self.by_exercise else [""])
        ]
        names = [name or part.name for part, name in graded]
        titles = [
            self.title(name, grades) if names.count(name) == 1 else f"{part.name} {name}"
            for (part, _), name in zip(graded, names, strict=True)
        ]
        beside = self.detail_columns(grades)
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles, *(name for name, _ in beside)]
        yield [
            "Points Possible",
            "",
            "",
            "",
            "",
            *(part.exercises[name] if name else part.possible for part, name in graded),
            *("(read only)" if most is None else f"{most:g} (read only)" for _, most in beside),
        ]
        for student in grades.students:
            lms = student.lms_user_id or ""
            ids = [lms, ""] if self.id_column == "ID" else ["", lms]
            scores = [
                self.mark(grades.of(student, part), name, net=True) if name else self.score(grades.of(student, part))
                for part, name in graded
            ]
            yield [full_name(student), *ids, student.id, self.section, *scores, *self.detail_cells(student, grades)]


class Moodle(_Wide):
    """A file for Moodle's Grades > Import > CSV file, with a grade and a feedback column for each assignment.

    The columns that name a student are those Moodle exports. On importing map ID number (or Email address) to the
    user, each grade to its grade item, and its feedback with it, since a feedback without the grade deletes that; the
    other columns stay on "Ignore". No grade is "-": an empty cell becomes 0 in a new grade item. One unknown student,
    or one grade above 100 where the site doesn't allow more, ends the whole import. Sources:
    docs.moodle.org/en/Grade_import and ``grade/import/csv/classes/load_data.php`` in github.com/moodle/moodle.
    """

    filename = "grades_moodle.csv"

    grade_max = Float(
        0.0, help="Rescale each assignment to this maximum grade (a new grade item of Moodle's has 100); 0: points."
    ).tag(config=True)

    def rows(self, grades: Grades) -> Iterator[list[Cell]]:
        """Yield the header and the students."""
        if not 0 <= self.grade_max < math.inf:
            raise Unusable(f"Moodle.grade_max takes a maximum grade above 0, or 0 for points; got {self.grade_max}")
        titles = [self.title(part.name, grades) for part in grades.parts]
        yield [
            "First name",
            "Last name",
            "ID number",
            "Email address",
            *(f"{title}{what}" for title in titles for what in ("", " feedback", " max grade")),
            *(name if most is None else f"{name} (of {most:g})" for name, most in self.detail_columns(grades)),
        ]
        highest = 0.0
        for student in grades.students:
            row: list[Cell] = [student.first_name, student.last_name, student.lms_user_id or student.id, student.email]
            for part in grades.parts:
                standing = grades.of(student, part)
                scale = self.grade_max / part.possible if self.grade_max and part.possible else 1.0
                score = self.score(standing)
                highest = max(highest, (score or 0.0) * scale)
                row += [
                    NO_GRADE if score is None else score * scale,
                    self.feedback(standing, part),
                    part.possible * scale,
                ]
            yield row + list(self.detail_cells(student, grades))
        if highest > 100:
            self.log.warning(
                "The highest grade is %g. Moodle refuses a file with a grade above 100 unless the site's "
                "unlimitedgrades and gradepointmax allow it; --Moodle.grade_max=100 rescales.",
                highest,
            )
        if lacking := sum(not student.email for student in grades.students):
            self.log.warning(
                "Students without an e-mail address in the gradebook: %d. Map ID number to the user in Moodle.", lacking
            )

    def feedback(self, standing: Standing, part: Part) -> str:
        """Return a student's feedback: points by exercise, the late penalty, and what is open."""
        if standing.status == MISSING:
            return "Not handed in."
        said = []
        for name, mark in standing.marks.items():
            points = f"{mark.score:g} of {part.exercises[name]:g}"
            said.append(f"{name}: {'not handed in' if mark.status == MISSING else points}")
        if standing.penalty:
            said.append(f"off for being late: {standing.penalty:g}")
        return f"{'; '.join(said)}. Status: {standing.status}."
