"""``python -m autograder grade``: the engine with a progress bar, ended safely by Ctrl-C or SIGTERM."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table

from autograder.desk.history import changed_since, last_change, show, write
from autograder.desk.remaining import FIRST, Remaining
from autograder.gradebook.database import patient
from autograder.gradebook.result import Result
from autograder.grading.assignment import Assignment
from autograder.grading.engine import Summary, Watcher, grade
from autograder.grading.phases import bound, table
from autograder.grading.preview import preview
from autograder.grading.workers import cluster_workers, local_workers
from lrtutorial.advice import Unusable

AGAIN = 300.0  #: seconds between two lines on the time left, where there is no bar


class ProgressBar(Watcher):
    """Shows done of all, notebooks a minute, the time left, and the one that has been running longest.

    Where nothing can be drawn (a file, a log) the time left is printed: after the first minute, then every five.
    """

    def __init__(self, console: Console, name: str):
        self.console, self.remaining, self.total = console, Remaining(), 0
        self.say_at = FIRST
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[remaining]}"),
            TextColumn("{task.fields[slowest]}"),
        )
        self.progress = Progress(*columns, console=console)
        self.task = self.progress.add_task(name, total=None, rate="", slowest="", remaining="")

    def planned(self, notebooks: int, unchanged: int) -> None:
        """Show how many there are to grade."""
        self.total = notebooks - unchanged
        self.progress.update(self.task, total=self.total)

    def running(self, work: dict[str, float]) -> None:
        """Show the one that has been running longest."""
        name, seconds = max(work.items(), key=lambda item: item[1])
        slow = f"slowest now: {name} ({seconds:.0f} s)" if seconds >= 2 else ""
        speed = self.progress.tasks[0].finished_speed or self.progress.tasks[0].speed
        said = self.remaining.said(self.total - int(self.progress.tasks[0].completed))
        rate = f"{60 * speed:.0f} a minute" if speed else ""
        self.progress.update(self.task, slowest=escape(slow), rate=rate, remaining=said)
        passed = self.remaining.clock() - self.remaining.begun
        if said and passed >= self.say_at and not self.console.is_terminal:
            self.say_at = passed + AGAIN
            self.trouble(f"{said[0].upper()}{said[1:]}.")

    def done(self, result: Result) -> None:
        """Count it; say what was not graded as handed in."""
        self.progress.advance(self.task)
        self.remaining.done()
        if result.status != "graded":
            self.trouble(f"{result.student}/{result.notebook}: {result.status}. {result.reason}")

    def trouble(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self.console.print(escape(sentence), highlight=False)


def grade_with_progress(
    name: str, students: Sequence[str] = (), *, workers: int | None = None, scheduler: str | None = None,
    force: bool = False, unsafe_no_jail: bool = False, db_url: str = "", dry_run: bool = False, output: str = "",
    timings: bool = False,
) -> int:  # fmt: skip
    """Grade an assignment here or on a cluster, and print what was done and which verdicts differ from before.

    ``db_url`` is another gradebook than the configured one. With ``dry_run`` nothing is written but ``output``, a table
    of the differences (CSV). Returns the exit code: 0, 1 when something could not be graded, 130 when it was ended.
    Raises LookupError for unknown names, ValueError for a bad number of workers, RuntimeError when the course isn't
    released or the jail doesn't hold.
    """
    if workers is not None and not 1 <= workers <= 256:
        raise Unusable(f"--workers takes a number from 1 to 256, got {workers}")
    if workers is not None and scheduler:
        raise Unusable("--workers is for this machine; a cluster has the workers it has: leave one of the two out")
    if output and not Path(output).absolute().parent.is_dir():
        raise Unusable(f"--output {output} can't be written: there is no folder {Path(output).absolute().parent}")
    if output and Path(output).is_dir():
        raise Unusable(f"--output {output} can't be written: it is a folder; name a file")
    assignment = Assignment.find(name)
    if unsafe_no_jail:
        assignment.config.JailedProvisioner.unsafe_no_jail = True
    if db_url:
        assignment.config.CourseDirectory.db_url = db_url
    patient(assignment.course.db_url)  # refuses what is no address
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)  # nbgrader's tracebacks of what it raises, too
    console = Console()
    bar = ProgressBar(console, name)
    try:
        with _ended_by_sigterm(), bar.progress, contextlib.ExitStack() as stack:
            count = workers or (os.cpu_count() or 1) + 1
            who = cluster_workers(scheduler) if scheduler else local_workers(count)
            team = stack.enter_context(who)
            if dry_run:
                summary, differences = preview(assignment, team, students=students, force=force, watcher=bar)
            else:
                before = last_change(assignment.course.db_url)
                summary = grade(assignment, team, students=students, force=force, watcher=bar)
                differences = changed_since(assignment.course.db_url, name, before) if summary.graded else []
    except KeyboardInterrupt:
        console.print(
            "Ended. Nothing was written."
            if dry_run
            else "Ended. What was graded is kept; the same command goes on from there."
        )
        return 130
    if output:
        write(differences, Path(output))
    if summary.graded:
        show(differences, console, output or "--output FILE")
    console.print(told(summary))
    if timings and summary.graded:
        console.print(times(summary))
        console.print(bound(summary.phases, summary.graded), highlight=False)
    if dry_run:
        console.print("A dry run: nothing was written. The same command without --dry-run applies it.")
    return 1 if summary.not_run or summary.statuses.get("failed") else 0


def told(summary: Summary) -> str:
    """Return a run in one sentence or two."""
    parts = [f"{count} {status}" for status, count in sorted(summary.statuses.items())]
    if summary.not_run:
        parts.append(f"{len(summary.not_run)} not run: {', '.join(summary.not_run[:10])}")
    rate = f" ({60 * summary.graded / summary.seconds:.0f} a minute)" if summary.graded else ""
    done = f"{', '.join(parts)} in {summary.seconds:.1f} s{rate}. " if parts else ""
    return f"{done}{summary.unchanged} unchanged since they were graded."


def times(summary: Summary) -> Table:
    """Return where the notebooks' time went, phase by phase."""
    shown = Table(
        "phase",
        Column("a notebook", justify="right"),
        Column("share", justify="right"),
        "what it is",
        title="Where the time of a notebook goes",
    )
    for row in table(summary.phases, summary.graded):
        shown.add_row(*row)
    return shown


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
