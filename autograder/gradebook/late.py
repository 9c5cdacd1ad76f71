"""Work handed in late: when it was handed in, who has extra time, and what the rest costs.

nbgrader keeps due dates and times of handing in in UTC, extra time as the submission's ``extension``, and the penalty
with each submitted notebook. Here are its :class:`~nbgrader.plugins.LateSubmissionPlugin`, a step that reads the
course's ``extra_time.csv``, and :func:`reassess`, which applies a changed due date or extra time to what is graded.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties, NbGraderPreprocessor
from traitlets import Enum, Float, Int, TraitError, Unicode, validate
from traitlets.config import Config

from autograder.gradebook.again import gradebook_at
from autograder.intake.text import student_of
from autograder.intake.timestamp import UnreadableTime, handed_in
from lrtutorial.advice import Advice

SECONDS = {"day": 86_400, "hour": 3_600}
MOST_DAYS = 366  #: of extra time; more is taken for a slip


class LatePenalty(LateSubmissionPlugin):  # type: ignore[misc]  # nbgrader ships no types
    """A percentage of a notebook's points for every started day (or hour) after the due date, up to a cap.

    With d = ``percent``/100, c = ``cap_percent``/100, T the day's or hour's seconds and g the grace period in seconds,
    a notebook of s points that came t seconds late loses

        s · min(d · ⌈(t − g) / T⌉, c)   points for t > g, and nothing for t ≤ g,

    rounded down, in the student's favour. A day is 24 hours, also where clocks change meanwhile. Without a due date
    nothing is late.
    """

    penalty_method = Enum(
        ("percent", "zero", "none"),
        default_value="percent",
        help="'percent': as configured here; 'zero': late work loses all points; 'none': being late costs nothing.",
    ).tag(config=True)
    percent = Float(10.0, help="Percentage of a notebook's points that each started unit costs, 0 to 100.").tag(
        config=True
    )
    per = Enum(("day", "hour"), default_value="day", help="The unit: 'day' (24 hours) or 'hour'.").tag(config=True)
    cap_percent = Float(50.0, help="The most that being late costs, in percent of the points, 0 to 100.").tag(
        config=True
    )
    grace_minutes = Float(10.0, help="Minutes after the due date that cost nothing; they defer every unit.").tag(
        config=True
    )
    digits = Int(2, help="Decimals of a penalty, 0 to 6; it is rounded down.").tag(config=True)

    @validate("percent", "cap_percent", "grace_minutes", "digits")
    def _in_range(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        most = {"percent": 100.0, "cap_percent": 100.0, "digits": 6}.get(name, math.inf)
        if not 0 <= value <= most or not math.isfinite(value):
            limits = f"from 0 to {most:g}" if most < math.inf else "of at least 0"
            raise TraitError(f"LatePenalty.{name} takes a number {limits}, got {value}")
        return value

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Return the points a notebook of ``score`` points loses; None when it loses none."""
        late = total_seconds_late - 60 * self.grace_minutes
        if self.penalty_method == "none" or late <= 0 or score <= 0:
            return None
        if self.penalty_method == "zero":
            return score
        units = math.ceil(Fraction(late) / SECONDS[self.per])
        share = min(units * Decimal(str(self.percent)), Decimal(str(self.cap_percent))) / 100
        return float((Decimal(str(score)) * share).quantize(Decimal(1).scaleb(-self.digits), ROUND_FLOOR)) or None


# ----------------------------------------------------------------------------------------------- extra time


class ExtraTimeError(Advice, ValueError):
    """``extra_time.csv`` can't be used; the message says which line, what came and what was expected."""


@dataclass(frozen=True)
class ExtraTime:
    """Who has more time for what: {(student, assignment): (extra, line of the file)}; assignment ``*`` is every one."""

    path: Path
    rows: dict[tuple[str, str], tuple[timedelta, int]]

    @classmethod
    def read(cls, path: Path) -> ExtraTime | None:
        """Read the file; None when there is none. Raises ExtraTimeError, also when it can't be read.

        Columns: ``student``, ``assignment`` (a name, or ``*``), and ``days``, ``hours`` and ``minutes``, of which an
        empty one is 0; others, such as a reason, are for you. Separated by commas or, as some spreadsheets do,
        semicolons.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ExtraTimeError(f"{path} can't be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise ExtraTimeError(f"{path} is not UTF-8 (byte {error.start}): save it as CSV UTF-8") from None
        head = text.partition("\n")[0]
        try:
            return cls._parsed(path, text, head)
        except csv.Error as error:
            raise ExtraTimeError(f"{path} can't be read as a table ({error}): check its quotation marks") from None

    @classmethod
    def _parsed(cls, path: Path, text: str, head: str) -> ExtraTime:
        reader = csv.DictReader(text.splitlines(), delimiter=";" if head.count(";") > head.count(",") else ",")
        columns = [str(name).strip().lower() for name in reader.fieldnames or ()]
        if not {"student", "assignment"} <= set(columns) or not {"days", "hours", "minutes"} & set(columns):
            raise ExtraTimeError(
                f"{path} begins with {head.strip()[:80]!r}; expected are the columns student, assignment, and one or "
                "more of days, hours, minutes"
            )
        reader.fieldnames = columns
        rows: dict[tuple[str, str], tuple[timedelta, int]] = {}
        for row in reader:
            where = f"{path.name}, line {reader.line_num}"
            if not any(isinstance(value, str) and value.strip() for value in row.values()):
                continue
            key = (student_of((row["student"] or "").strip()), (row["assignment"] or "").strip())
            if not all(key) or None in row:
                raise ExtraTimeError(
                    f"{where}: expected {', '.join(columns)}; got {', '.join(map(str, row.values()))} "
                    "(write * for every assignment)"
                )
            if key in rows:
                raise ExtraTimeError(f"{where}: {key[0]}, {key[1]} was already given in line {rows[key][1]}")
            rows[key] = _extra(row, where), reader.line_num
        return cls(path, rows)

    def of(self, student: str, assignment: str) -> timedelta | None:
        """Return a student's extra time; a row for the assignment counts before one for ``*``."""
        own = student_of(student).strip()
        for name in (assignment, "*"):
            if (own, name) in self.rows:
                return self.rows[own, name][0] or None
        return None

    def hold_to(self, assignments: Collection[str]) -> None:
        """Raise ExtraTimeError, with the nearest name, for an assignment that isn't one of these."""
        from autograder.names import nearest

        for (_, name), (_, line) in self.rows.items():
            if name != "*" and name not in assignments:
                known = sorted(assignments)
                raise ExtraTimeError(f"{self.path.name}, line {line}: no assignment {name!r}. {nearest(name, known)}")

    def strangers(self, students: Collection[str]) -> list[str]:
        """Return a sentence, with the nearest name, on each row whose student isn't one of these."""
        from autograder.names import nearest

        known = sorted(students)
        return [
            f"{self.path.name}, line {line}: no student {name!r} so far. {nearest(name, known)}"
            for (name, _), (_, line) in self.rows.items()
            if name not in {student_of(student).strip() for student in students}
        ]


def _extra(row: dict[str, str | None], where: str) -> timedelta:
    amounts = {}
    for unit in ("days", "hours", "minutes"):
        text = (row.get(unit) or "").strip()
        try:
            amounts[unit] = float(text.replace(",", ".") or 0)
        except ValueError:
            raise ExtraTimeError(f"{where}: {unit} takes a number, got {text!r}") from None
        if not 0 <= amounts[unit] < math.inf:
            raise ExtraTimeError(f"{where}: {unit} takes a number of at least 0, got {text!r}")
    days = amounts["days"] + amounts["hours"] / 24 + amounts["minutes"] / 1440
    if days > MOST_DAYS:
        raise ExtraTimeError(f"{where}: {days:.0f} days of extra time; at most {MOST_DAYS} are taken")
    return timedelta(**amounts)


def grant(submission: SubmittedAssignment, extra: ExtraTime | None) -> None:
    """Enter a student's extra time as nbgrader's extension.

    The file, once it is there, alone says who has any; without one, what ``Gradebook.grant_extension`` gave stays.
    """
    if submission.assignment.duedate is None:
        submission.extension = None  # nbgrader adds it to the due date without looking
    elif extra is not None:
        submission.extension = extra.of(submission.student_id, submission.assignment.name)


class GrantExtraTime(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader ships no types
    """The step before nbgrader's AssignLatePenalties: enters the extra time that the penalty must know of."""

    path = Unicode("", help="The file with the extra time, CSV; see ExtraTime.read.").tag(config=True)

    def read(self, gradebook: Gradebook) -> ExtraTime | None:
        """Return the file's content, its assignments checked; None without a file. Raises ExtraTimeError."""
        extra = ExtraTime.read(Path(self.path)) if self.path else None
        if extra is not None:
            extra.hold_to([assignment.name for assignment in gradebook.assignments])
        return extra

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Enter one student's extra time. Raises ExtraTimeError."""
        where = resources["nbgrader"]
        with gradebook_at(where["db_url"]) as gradebook:
            grant(gradebook.find_submission(where["assignment"], where["student"]), self.read(gradebook))
            gradebook.db.commit()
        return nb, resources


# ----------------------------------------------------------------------------------------------- penalties


def hold_to_policy(config: Config) -> LateSubmissionPlugin:
    """Return the plugin as it is set up, before anything is run. Raises TraitError, and ExtraTimeError for the file."""
    step, path = AssignLatePenalties(config=config), GrantExtraTime(config=config).path
    try:
        step.init_plugin()
    except OverflowError as error:
        raise TraitError(f"{step.plugin_class.__name__} has a number that is too large ({error})") from error
    if path:
        ExtraTime.read(Path(path))
    plugin: LateSubmissionPlugin = step.plugin_inst
    return plugin


def penalty_of(plugin: Any, student: str, score: float, seconds: float) -> float | None:
    """Return what a LateSubmissionPlugin takes off a notebook, held between 0 and its score as nbgrader holds it."""
    penalty = plugin.late_submission_penalty(student, score, seconds) if seconds > 0 else None
    return None if penalty is None else max(0.0, min(penalty, score))


def reassess(
    gradebook: Gradebook,
    assignment: str,
    config: Config,
    *,
    folders: Mapping[str, Path] | None = None,
    students: Collection[str] | None = None,
) -> list[str]:
    """Assign the late penalties of an assignment anew, as AssignLatePenalties does; nothing is graded again.

    Due dates, extra time, the policy and hand grades may have changed since a notebook was graded, and so may the
    times in ``folders`` ({student: submitted folder}). ``students``: only theirs. Returns sentences: who pays another
    penalty than before, and what can't be read. Raises ExtraTimeError.
    """
    step = AssignLatePenalties(config=config)
    step.init_plugin()
    extra = GrantExtraTime(config=config).read(gradebook)
    told = []
    if extra is not None:
        told += extra.strangers({student.id for student in gradebook.students} | set(folders or ()))
    for submission in gradebook.assignment_submissions(assignment):
        student = submission.student_id
        if students is not None and student not in students:
            continue
        if folders and student in folders:
            try:
                submission.timestamp = handed_in(folders[student]) or submission.timestamp
            except UnreadableTime as why:
                told.append(str(why))
        grant(submission, extra)
        seconds, before, after = submission.total_seconds_late, submission.late_submission_penalty, 0.0
        if not seconds and not before:
            continue
        for notebook in submission.notebooks:
            penalty = penalty_of(step.plugin_inst, student, notebook.score, seconds)
            notebook.late_submission_penalty = penalty
            after += penalty or 0.0
        if not math.isclose(before, after, abs_tol=1e-9):
            when = f"{_length(seconds)} late" if seconds else "in time"
            told.append(f"{student}, {assignment}: {when}, {after:g} points off (before: {before:g}).")
    gradebook.db.commit()
    return told


def _length(seconds: float) -> str:
    minutes = math.ceil(seconds / 60)
    days, hours = minutes // 1440, minutes % 1440 // 60
    return " ".join(f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes % 60, "min")) if count)
