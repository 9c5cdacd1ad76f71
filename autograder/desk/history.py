"""Shows what grading again changes, before it is written (``grade --dry-run``) and afterwards (``history``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.gradebook.database import reading
from autograder.gradebook.ledger import KEPT, Ledger, Row
from autograder.grading.preview import Difference, ReadGradebook
from autograder.names import UnknownName, nearest
from autograder.tables import write_table
from lrtutorial.verdict import STATUSES

SHOWN = 40  #: rows of a table on the screen; a file has them all
COLUMNS = (
    "student", "notebook", "step", "points before", "possible before", "points", "possible", "change",
    "status before", "status", "verdict before", "verdict", "hand grade", "look again", "why",
)  # fmt: skip


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
        hands = gradebook.all_hand_grades(assignment)
        for row in ledger.history(assignment, after=after):
            hand = hands.get((row["student"], row["notebook"]), {}).get(f"{row['step']}-test")
            found.append(_from_history(row, hand))
    return found


def _from_history(row: Row, hand: float | None = None) -> Difference:
    first = row["points_before"] is None
    before = {} if first else {key: row[f"{key}_before"] for key in KEPT}
    after = {key: row[key] for key in KEPT}
    moved = not first and before["points"] != after["points"]
    return Difference(
        row["student"], row["notebook"], row["step"], row["why"], before, after, hand, hand is not None and moved
    )


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
            table.add_row(
                *map(
                    escape,
                    (one.student, one.step, _points(one.before), _points(one.after), _change(one), _said(one), one.why),
                )
            )
        console.print(table)
        if len(again) > SHOWN:
            console.print(f"… and {len(again) - SHOWN} more: {file} has them all.", highlight=False)
    console.print(escape(told(differences)), highlight=False)


def _points(known: Mapping[str, object]) -> str:
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

    Raises FileNotFoundError without a gradebook and UnknownName for a student or an assignment that it doesn't have.
    """
    console = console or _console()
    with Ledger(db_url, readonly=True) as ledger:
        known = {(row["student"], row["assignment"]) for row in ledger.submissions()}
        students, parts = sorted({who for who, _ in known}), sorted({part for _, part in known})
        if student in parts and student not in students and not assignment:
            student, assignment = "", student
        for name, names, what in ((student, students, "student"), (assignment, parts, "assignment")):
            if name and name not in names:
                raise UnknownName(f"no {what} {name!r} was graded. {nearest(name, names)}")
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
