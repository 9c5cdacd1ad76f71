"""A course whose students hand in A1, the cheapest notebook: commands in it, and what its gradebook then says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
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
            found[entry.student.id] = sorted(
                (notebook.name, grade.name, grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                for notebook in entry.notebooks for grade in notebook.grades
            ) + sorted(
                (notebook.name, comment.name, comment.auto_comment)
                for notebook in entry.notebooks for comment in notebook.comments
            ) + [notebook.late_submission_penalty for notebook in entry.notebooks]  # fmt: skip
    return found


def kernels_of(session: int) -> list[str]:
    """Processes that hang on a run that has ended: none may be left after a while."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        left = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words, stat = (folder / "cmdline").read_bytes(), (folder / "stat").read_text()
            except OSError:
                continue
            if b"autograder" in words and int(stat.rpartition(")")[2].split()[3]) == session:
                left.append(folder.name)
        if not left:
            break
        time.sleep(0.2)
    return left
