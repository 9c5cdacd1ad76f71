"""Grade the sample class through nbgrader, and show what came of it."""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import make_url

from autograder.course import COURSE, DB_URL, ROOT, SOLUTIONS
from autograder.demo.students import OF, STUDENTS, submission
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.result import Result
from autograder.grading.assignment import Assignment
from autograder.grading.engine import Watcher, grade
from autograder.grading.workers import local_workers
from autograder.names import UnknownName
from autograder.report import write_report
from lrtutorial.advice import Refused
from lrtutorial.course import current, steps

RELEASE = COURSE / "release"  #: the sample class works on a release of its own, made anew each time


def available() -> list[str]:
    """Return the parts that have notebooks."""
    return [part for part in current().parts if any((SOLUTIONS / part).glob("*.ipynb"))]


def hand_in(part: str) -> int:
    """Write every sample student's submission of a part into ``submitted/``; return how many notebooks."""
    written = 0
    for student in STUDENTS:
        folder = COURSE / "submitted" / student.name / part
        folder.mkdir(parents=True, exist_ok=True)
        for release in sorted((RELEASE / part).glob("*.ipynb")):
            notebook = submission(student, release, SOLUTIONS / part / release.name)
            nbformat.write(notebook, folder / release.name)
            written += 1
    return written


def nbgrader_api() -> Any:
    """Return nbgrader's Python interface, configured as this course is."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from autograder.configuration import configure

    config = Config()
    configure(config)
    config.CourseDirectory.release_directory = str(RELEASE)
    config.JailedProvisioner.limits = {"cell_seconds": 25}  # a student loops for ever; a check ends by itself at 20 s
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    api.log.setLevel(logging.CRITICAL)
    return api


def grade_sample_class(parts: Sequence[str] = ()) -> int:
    """Hand in, grade and give feedback for the sample class; print the score table. Returns an exit code.

    Raises Refused in a course that the sample students don't answer, UnknownName for a part that is not there.
    """
    if current().home != OF:
        raise Refused(
            f"the sample class answers the course {OF}, and this one is {current().home}: its {len(STUDENTS)} students "
            "would stand in your gradebook, with nothing answered. To try your course hand in a notebook of your own: "
            "docs/author.md shows how"
        )
    console = Console()
    if not console.is_terminal:
        console = Console(width=130)  # a file or a CI log: wide enough for the verdicts
    chosen = list(parts) or available()
    for part in chosen:
        if part not in available():
            raise UnknownName(f"there is no part {part!r}; expected one of {', '.join(available())}")
    warnings.filterwarnings("ignore", module="nbgrader|sqlalchemy")  # nbgrader 0.9.6 under SQLAlchemy 2.1
    api = nbgrader_api()
    failures: list[str] = []
    workers = (os.cpu_count() or 1) + 1
    columns = (TextColumn("{task.description:28}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        for part in chosen:
            task = progress.add_task(f"{part}: release", total=1 + len(STUDENTS))
            _must(api.generate_assignment(part, force=True), f"generate_assignment {part}", failures)
            notebooks = hand_in(part)
            progress.advance(task)
            progress.update(task, description=f"{part}: grading", total=1 + len(STUDENTS) + notebooks)
            with local_workers(workers) as team:
                summary = grade(
                    Assignment.find(part, api.config),
                    team,
                    force=True,
                    students=[student.name for student in STUDENTS],
                    watcher=_Advance(progress, task),
                )
            failures += [f"grade {name}: its kernel could not be run" for name in summary.not_run]
            for student in STUDENTS:
                progress.update(task, description=f"{part}: feedback {student.name[7:]}")
                _must(
                    api.generate_feedback(part, student.name, force=True), f"feedback {part} {student.name}", failures
                )
                progress.advance(task)
            progress.update(task, description=f"{part}: done")
    for part in chosen:
        console.print(score_table(part))
    console.print(f"Feedback:  {_short(COURSE / 'feedback')}/<student>/<part>/<notebook>.html")
    console.print(f"Gradebook: {_shown(DB_URL)}")
    try:
        console.print(f"Report:    {_short(write_report(chosen, config=api.config))}")
    except Exception as error:  # the grades are there all the same
        failures.append(f"report: {type(error).__name__}: {error}")
    console.print("See it in JupyterLab: make lab, then Nbgrader > Formgrader.")
    for failure in failures:
        console.print(f"[bold red]Failed:[/] {failure}")
    return 1 if failures else 0


class _Advance(Watcher):
    """Moves the progress bar for every notebook graded."""

    def __init__(self, progress: Progress, task: TaskID):
        self.progress, self.task = progress, task

    def done(self, result: Result) -> None:
        """One more."""
        self.progress.advance(self.task)


def _must(result: dict[str, object], what: str, failures: list[str]) -> None:
    if not result["success"]:
        said = f"{result.get('log') or ''}\n{result.get('error') or ''}"
        reasons = re.findall(r"^\s*((?:\w+\.)*\w*(?:Error|TooWeak|Failed|NotStarted|Entry)\b.*)$", said, re.M)
        failures.append(f"{what}: {reasons[0] if reasons else said.strip()[-200:] or 'no reason given'}")


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _shown(db_url: str) -> str:
    """A gradebook's address without password, or its file."""
    url = make_url(db_url)
    return _short(Path(url.database or "")) if url.drivername == "sqlite" else url.render_as_string()


def score_table(part: str) -> Table:
    """Return the table of a part: student, exercise, points, and what the verdicts said."""
    table = Table(title=current().parts[part], show_lines=False, expand=True)
    table.add_column("student", no_wrap=True)
    table.add_column("exercise", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("what the verdict said", ratio=1, no_wrap=True, overflow="ellipsis")
    with Ledger(DB_URL) as ledger:
        order = list(steps())
        rows = sorted(ledger.verdicts(part), key=lambda row: order.index(row["step"]))
    for student in STUDENTS:
        table.add_row(f"[bold]{student.name}[/]", "", "", f"[italic]{student.example}[/]")
        own = [row for row in rows if row["student"] == student.name]
        for exercise in dict.fromkeys(row["notebook"] for row in own):
            answers = [row for row in own if row["notebook"] == exercise]
            points = sum(row["points"] for row in answers)
            said = [f"{row['step']}: {row['headline']}" for row in answers if row["status"] != "right"]
            table.add_row(
                "",
                exercise,
                f"{points:g}/{sum(row['possible'] for row in answers):g}",
                said[0] + (f" (+{len(said) - 1} more)" if len(said) > 1 else "") if said else "all right",
            )
        table.add_section()
    return table
