"""The class report: ``python -m autograder report``. From record to findings to page, each in a module of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from traitlets.config import Config

from autograder.course import COURSE
from autograder.grading.assignment import course_config
from autograder.report.class_record import read_class
from autograder.report.findings import findings
from autograder.report.rendering import data, render, tables
from autograder.tables import like_others, write_table
from lrtutorial.advice import Unwritable
from lrtutorial.files import write_whole

PAGE = "class_report.html"


def write_report(
    parts: Sequence[str] = (), *, anonymous: bool = False, output: Path | None = None, config: Config | None = None
) -> Path:
    """Write the report on the named parts (default: all that are graded) and return its page.

    Beside the page lie ``class_report.json`` and the tables as CSV. ``anonymous`` makes the shareable version. The
    default folder is ``report`` in the course's, ``report_anonymous`` for that one. The gradebook is only read.

    Raises UnknownName, NothingGraded, OtherVersion, FileNotFoundError without a gradebook, OSError when the folder
    can't be written.
    """
    folder = output or COURSE / ("report_anonymous" if anonymous else "report")
    told = findings(read_class(config or course_config(), parts), anonymous)
    page = render(told, datetime.now())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in tables(told).items():
            write_table(folder / name, rows)
        for path, text in ((folder / "class_report.json", data(told)), (folder / PAGE, page)):
            write_whole(path, text, mode=like_others(path))
    except OSError as error:
        cause = error if error.strerror else error.__cause__  # write_table says it in a sentence of its own
        why = getattr(cause, "strerror", None) or str(error)
        raise Unwritable(
            f"the report can't be written to {folder} ({why}): name a folder with room in which you may write, with "
            "--output DIR"
        ) from None
    return folder / PAGE
