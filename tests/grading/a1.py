"""A course whose students hand in A1, the cheapest notebook: commands in it, and what its gradebook then says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook

from autograder.demo.students import STUDENTS, submission
from autograder.gradebook.ledger import Ledger
from tests import commands

ROOT = Path(__file__).resolve().parents[2]
PART, NOTEBOOK = "part_a", "a1_convergence"


def in_course(course: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command from the root with another course folder."""
    return commands.run(command, cwd=ROOT, env=environment(course))


def environment(course: Path) -> dict[str, str]:
    """The variables of a command for another course folder."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "LRTUTORIAL_COURSE": str(course), "PATH": path}


def grade(course: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return in_course(course, sys.executable, "-m", "autograder", "grade", *words)


def hand_in(course: Path, student: str, example: str = "sample_ada", notebook: str = NOTEBOOK) -> Path:
    folder = course / "submitted" / student / PART
    folder.mkdir(parents=True, exist_ok=True)
    sample = next(one for one in STUDENTS if one.name == example)
    release, solution = (ROOT / place / PART / f"{notebook}.ipynb" for place in ("notebooks", "solutions"))
    nbformat.write(submission(sample, release, solution), folder / f"{notebook}.ipynb")
    return folder / f"{notebook}.ipynb"


def ledger(course: Path) -> Ledger:
    return Ledger(f"sqlite:///{course / 'gradebook.db'}")


def statuses(course: Path) -> dict[str, tuple[str, str]]:
    with ledger(course) as book:
        return {row["student"]: (row["status"], row["reason"]) for row in book.submissions(PART)}


def times(course: Path) -> dict[str, str]:
    with ledger(course) as book:
        return {row["student"]: row["graded_at"] for row in book.submissions(PART)}


def scores(course: Path, part: str = PART) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that grading enters in the gradebook."""
    found = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for entry in book.assignment_submissions(part):
            found[entry.student.id] = (
                sorted(
                    (notebook.name, grade.name, grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                    for notebook in entry.notebooks
                    for grade in notebook.grades
                )
                + sorted(
                    (notebook.name, comment.name, comment.auto_comment)
                    for notebook in entry.notebooks
                    for comment in notebook.comments
                )
                + [notebook.late_submission_penalty for notebook in entry.notebooks]
            )
    return found


def begun_by(pid: int) -> dict[tuple[int, str], str]:
    """All processes below one, whatever session they are in: by number and time of begin, with their words."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words, stat = (folder / "cmdline").read_bytes(), (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(folder.name)] = int(stat[1]), stat[19], words.replace(b"\0", b" ").decode(errors="replace")
    below, more = {pid}, {pid}
    while more := {child for child, (parent, _, _) in found.items() if parent in more} - below:
        below |= more
    return {(each, found[each][1]): found[each][2] for each in below - {pid}}


def left_of(processes: Iterable[tuple[int, str]]) -> list[int]:
    """Which of these processes are still there after a while."""
    left, until = list(processes), time.monotonic() + 120
    while left and time.monotonic() < until:
        left = [(pid, begin) for pid, begin in left if begin_of(pid) == begin]
        time.sleep(0.2 if left else 0)
    return [pid for pid, _ in left]


def begin_of(pid: int) -> str | None:
    """When a process began; None when it has ended, though nobody may have asked for its code yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if stat[0] == "Z" else stat[19]
