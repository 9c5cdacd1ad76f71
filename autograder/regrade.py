"""What grading again changes, shown before it is written (``grade --dry-run``) and kept afterwards (``history``).

:class:`Preview` stands in the gradebook's place: the engine grades what changed exactly as it would, and not a byte of
the course is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy.engine import Engine
from sqlalchemy.orm import scoped_session, sessionmaker

from autograder.course import COURSE, SECRET
from autograder.database import Alone, alone_in, hold_to_version, reading
from autograder.engine import Assignment, Summary, Watcher, grade, nearest
from autograder.export import write_table
from autograder.gradebook import answers_of, hold_to_release
from autograder.ledger import FIRST, KEPT, Ledger, reason_for
from lrtutorial.verdict import STATUSES, Verdict

SHOWN = 40  #: rows of a table on the screen; a file has them all
COLUMNS = (
    "student", "notebook", "step", "points before", "possible before", "points", "possible", "change",
    "status before", "status", "verdict before", "verdict", "hand grade", "look again", "why",
)  # fmt: skip


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
        return round(self.after["points"] - self.before["points"], 6)

    def row(self) -> list[Any]:
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
            raise RuntimeError(
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
            self.fingerprints = self.ledger.fingerprints(self.assignment.name)
            self._opened = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def take_in(self, student: str, folder: Path) -> list[str]:
        """Leave the submitted folder as it is: the files beside the notebooks earn nothing."""
        return []

    def begin(self, student: str, folder: Path) -> None:
        """Enter nobody."""

    def finish(self, folders: Mapping[str, Path], students: Sequence[str] = ()) -> list[str]:
        """Leave late penalties as they are."""
        return []

    def save(
        self, student: str, notebook: str, graded: NotebookNode, verdicts: list[Verdict], *,
        status: str, reason: str, jail: dict[str, Any] | None, fingerprint: str,
    ) -> None:  # fmt: skip
        """Keep what differs from the last time."""
        name = self.assignment.name
        known = {row["step"]: row for row in self.ledger.verdicts(name, student)}
        hands = self.gradebook.hand_grades(name, student, notebook)
        graded_before = self.ledger.answers(name, student, notebook)
        now = answers_of(graded)
        changed = {cell for cell in hands if graded_before.get((student, notebook, cell)) != now.get(cell)}
        before = self.fingerprints.get((student, notebook))
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


class ReadGradebook(Gradebook):
    """nbgrader's gradebook on an engine that can't write (its own ``__init__`` makes tables and a course)."""

    def __init__(self, engine: Engine, course_id: str):
        self.engine, self.course_id, self.authenticator = engine, course_id, None
        self.db = scoped_session(sessionmaker(bind=engine))

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
    assignment: Assignment, executor: Executor, *, students: Sequence[str] = (), force: bool = False,
    at_once: int = 4, watcher: Watcher | None = None,
) -> tuple[Summary, list[Difference]]:  # fmt: skip
    """Grade as :func:`autograder.engine.grade` would, write nothing, and return what would be different."""
    book = Preview(assignment)
    summary = grade(assignment, executor, students=students, force=force, at_once=at_once, watcher=watcher,
                    book=lambda _: book)  # fmt: skip
    return summary, book.differences


def last_change(db_url: str) -> int:
    """Return the newest row of the history, 0 when there is none or no gradebook."""
    try:
        with Ledger(db_url, readonly=True) as ledger:
            return ledger.last_change()
    except FileNotFoundError:
        return 0


def changed_since(db_url: str, assignment: str, after: int) -> list[Difference]:
    """Return what the history has of an assignment after the row ``after``, hand grades beside it."""
    found = []
    with Ledger(db_url, readonly=True) as ledger, ReadGradebook(reading(db_url), "") as gradebook:
        for row in ledger.history(assignment, after=after):
            cell = f"{row['step']}-test"
            hand = gradebook.hand_grades(assignment, row["student"], row["notebook"]).get(cell)
            found.append(_from_history(row, hand))
    return found


def _from_history(row: Mapping[str, Any], hand: float | None = None) -> Difference:
    first = row["points_before"] is None
    before = {} if first else {key: row[f"{key}_before"] for key in KEPT}
    after = {key: row[key] for key in KEPT}
    moved = not first and before["points"] != after["points"]
    return Difference(row["student"], row["notebook"], row["step"], row["why"], before, after, hand,
                      hand is not None and moved)  # fmt: skip


# ----------------------------------------------------------------------------------------------- showing


def told(differences: Sequence[Difference]) -> str:
    """Return all differences in a sentence or two: how many students gain and lose, and what stands."""
    again = [one for one in differences if one.before]
    by_student: Counter[str] = Counter()
    for one in again:
        by_student[one.student] += round(1000 * one.change)  # whole thousandths add up to nothing exactly
    up = [change / 1000 for change in by_student.values() if change > 0]
    down = [-change / 1000 for change in by_student.values() if change < 0]
    first = len({(one.student, one.notebook) for one in differences} - {(one.student, one.notebook) for one in again})
    parts = []
    if first:
        parts.append(f"{first} {'notebook' if first == 1 else 'notebooks'} graded for the first time.")
    if not again:
        parts.append("No verdict differs from before.")
        return " ".join(parts)
    parts.append(f"{len(again)} {'verdict differs' if len(again) == 1 else 'verdicts differ'} from before:")
    gains = f"{len(up)} {'student gains' if len(up) == 1 else 'students gain'}"
    losses = f"{len(down)} {'loses' if len(down) == 1 else 'lose'}"
    parts.append(
        f"{gains}{f' (up to {max(up):g} points)' if up else ''}, "
        f"{losses}{f' (up to {max(down):g} points)' if down else ''}."
    )
    if hand := [one for one in again if one.hand is not None]:
        stand = "hand grade stands" if len(hand) == 1 else "hand grades stand"
        parts.append(f"{len(hand)} {stand}, {sum(one.look_again for one in hand)} to look at again.")
    return " ".join(parts)


def show(differences: Sequence[Difference], console: Console, file: str = "--output FILE") -> None:
    """Print who gains, who loses and why: the largest changes first; ``file`` is where all of them are."""
    again = [one for one in differences if one.before]
    again.sort(key=lambda one: (-abs(one.change), one.student, one.step))
    if again:
        table = Table(show_lines=False)
        for name, right in (("student", False), ("step", False), ("before", True), ("now", True), ("change", True)):
            table.add_column(name, justify="right" if right else "left", no_wrap=right)
        table.add_column("what the verdict says now (before)", ratio=1)
        table.add_column("why")
        for one in again[:SHOWN]:
            table.add_row(*map(escape, (
                one.student, one.step, _points(one.before), _points(one.after), _change(one), _said(one), one.why,
            )))  # fmt: skip
        console.print(table)
        if len(again) > SHOWN:
            console.print(f"… and {len(again) - SHOWN} more: {file} has them all.", highlight=False)
    console.print(escape(told(differences)), highlight=False)


def _points(known: Mapping[str, Any]) -> str:
    possible = known["possible"]
    return f"{known['points']:g}" + ("" if possible is None else f"/{possible:g}")


def _change(one: Difference) -> str:
    if one.hand is not None:
        return f"hand grade {one.hand:g}" + (": look again" if one.look_again else "")
    return f"{one.change:+g}" if one.change else "0"


def _said(one: Difference) -> str:
    old, new = (f"{STATUSES[known['status']][0]} {known['headline']}" for known in (one.before, one.after))
    return new if old == new else f"{new} ({old})"


def write(differences: Sequence[Difference], path: Path) -> None:
    """Write all differences as CSV, safe to open in a spreadsheet. Raises OSError."""
    write_table(path, [COLUMNS, *(one.row() for one in differences)])


def show_history(db_url: str, student: str = "", assignment: str = "", *, console: Console | None = None) -> None:
    """Print every change of verdicts that grading made, the oldest first.

    Raises FileNotFoundError without a gradebook and LookupError for a student or an assignment that it doesn't have.
    """
    console = console or _console()
    with Ledger(db_url, readonly=True) as ledger:
        known = {(row["student"], row["assignment"]) for row in ledger.submissions()}
        students, parts = sorted({who for who, _ in known}), sorted({part for _, part in known})
        if student in parts and student not in students and not assignment:
            student, assignment = "", student
        for name, names, what in ((student, students, "student"), (assignment, parts, "assignment")):
            if name and name not in names:
                raise LookupError(f"no {what} {name!r} was graded. {nearest(name, names)}")
        rows = ledger.history(assignment or None, student or None)
    table = Table(show_lines=False)
    for name in ("when (UTC)", "student", "step"):
        table.add_column(name)
    table.add_column("before", justify="right")
    table.add_column("then", justify="right")
    table.add_column("why and what the verdict said", ratio=1)
    for row in rows:
        one = _from_history(row)
        table.add_row(*map(escape, (
            row["at"][:16].replace("T", " "), row["student"], row["step"], _points(one.before) if one.before else "",
            _points(one.after), f"{one.why}: {STATUSES[row['status']][0]} {row['headline']}",
        )))  # fmt: skip
    if rows:
        console.print(table)
    else:
        console.print("No verdict is in the history: nothing was graded since it is kept.")


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=140)
