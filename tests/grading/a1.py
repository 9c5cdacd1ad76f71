"""A course whose students hand in A1, the cheapest notebook: commands in it, and what its gradebook then says."""

from __future__ import annotations

import contextlib
import os
import re
import signal
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
from autograder.jail import linux
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


class Begun:
    """All processes that begin within this block, below this one, in whatever session. At its end they must end soon.

    What has lost its own parent comes to this process meanwhile, so that none is missed.
    """

    def __enter__(self) -> Begun:
        commands.get_ready()
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1, what="subreaper")
        self._before, self._seen = below(os.getpid()), dict[tuple[int, str], str]()
        return self

    def __exit__(self, wrong: type[BaseException] | None, *_: object) -> None:
        until = time.monotonic() + 120
        while (left := self.there()) and wrong is None and time.monotonic() < until:
            time.sleep(0.2)
        for pid, _ in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 0, what="subreaper")
        for pid, _ in self._seen:
            with contextlib.suppress(ChildProcessError):  # it never came here, or somebody has asked for its code
                os.waitpid(pid, os.WNOHANG)
        assert wrong is not None or not left, f"still there after two minutes: {left}"

    def there(self) -> dict[tuple[int, str], str]:
        """Those that have not ended: by number and time of begin, with their words."""
        found = {process: words for process, words in below(os.getpid()).items() if process not in self._before}
        self._seen |= found
        return found

    def jailed(self) -> bool:
        """Whether one of them is a jail's kernel: there its number is another."""
        return any(numbered_twice(pid) for pid, _ in self.there())


def below(pid: int) -> dict[tuple[int, str], str]:
    """All processes below one that have not ended: by number and time of begin, with their words."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words, stat = (folder / "cmdline").read_bytes(), (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if stat[0] != "Z":
            found[int(folder.name)] = int(stat[1]), stat[19], words.replace(b"\0", b" ").decode(errors="replace")
    under, more = {pid}, {pid}
    while more := {child for child, (parent, _, _) in found.items() if parent in more} - under:
        under |= more
    return {(each, found[each][1]): found[each][2] for each in under - {pid}}


def numbered_twice(pid: int) -> bool:
    """Whether a process is in a namespace of processes below ours."""
    try:
        numbers = re.search(r"^NSpid:(.*)$", Path(f"/proc/{pid}/status").read_text(), re.M)
    except OSError:
        return False
    return numbers is not None and len(numbers[1].split()) > 1


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
