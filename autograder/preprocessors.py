"""Our steps in nbgrader's own pipeline: intake before a submission is cleaned, the ledger after scoring."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets.config import Config

from autograder.gradebook import mark_unfinished, write_whole
from autograder.intake import Rejected, quarantine, read_file, read_notebook, rejected, released, repair
from autograder.ledger import Ledger
from lrtutorial.verdict import Verdict

log = logging.getLogger(__name__)


def take_in(away: Path, config: Config) -> Callable[..., None]:
    """Return nbgrader's ``pre_convert_hook``: what has to happen before nbgrader touches a submission's files.

    Links and other unwanted files go to ``away``; a notebook that can't be read is left out (with status and reason in
    the ledger, its automatic scores set to 0, and a page in its place for the feedback), so that the others are
    graded; until a notebook is graded to its end, the ledger says that the last run didn't finish. ``config`` is read
    when the hook is called.
    """

    def hook(assignment: str, student: str, notebooks: list[str]) -> None:
        for path in map(Path, list(notebooks)):
            part, who = path.parent.name, path.parent.parent.name
            for sentence in quarantine(path.parent, away / who / part):
                log.warning("%s, %s: %s", who, part, sentence)
            status, reason = "failed", "The last grading run did not finish."
            try:
                read_notebook(read_file(path))
            except Rejected as why:
                status, reason = "rejected", str(why)
                log.error("%s, %s, %s is rejected: %s", who, part, path.name, why)
                notebooks.remove(str(path))
                _stand_in(config, part, who, path.stem, reason)
            mark_unfinished(str(config.CourseDirectory.db_url), part, who, path.stem, status, reason)

    return hook


def _stand_in(config: Config, assignment: str, student: str, notebook: str, reason: str) -> None:
    """Put the untouched release, below the reason, where the graded notebook would be: feedback is made of it."""
    course = CourseDirectory(config=config)
    folder = Path(course.format_path(course.autograded_directory, student, assignment))
    try:
        release = released(config, assignment, notebook)
    except FileNotFoundError:
        return  # not a notebook of this assignment
    write_whole(folder / f"{notebook}.ipynb", nbformat.writes(rejected(release, reason)))


class RepairSubmission(NbGraderPreprocessor):
    """The first of the sanitizing steps: :func:`~autograder.intake.repair`; what it did stays in the metadata."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Repair one notebook. Raises Rejected."""
        where = resources["nbgrader"]
        data = nbformat.writes(nb).encode("utf-8", "replace")
        taken = repair(data, released(self.config, where["assignment"], where["notebook"]))
        taken.notebook.metadata["intake"] = list(taken.repairs)
        return taken.notebook, resources


class TellRepairs(NbGraderPreprocessor):
    """The first of the grading steps: moves what was repaired from the metadata to ``resources["repairs"]``."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Move one notebook's repairs."""
        resources["repairs"] = list(nb.metadata.pop("intake", ()))
        return nb, resources


class RecordVerdicts(NbGraderPreprocessor):
    """Writes the verdicts of a graded notebook, its repairs and its jail report into the ledger."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Write one notebook's rows."""
        where = resources["nbgrader"]
        verdicts = [Verdict.from_data(data) for data in resources.get("verdicts", ())]
        status, reason = standing(resources)
        with Ledger(where["db_url"]) as ledger:
            ledger.write(
                where["assignment"], where["student"], where["notebook"], verdicts,
                status=status, reason=reason, jail=resources.get("jail"),
            )  # fmt: skip
        return nb, resources


def standing(resources: Any) -> tuple[str, str]:
    """Return status and reason of a notebook that was graded."""
    repairs = resources.get("repairs", ())
    ended = resources.get("kernel_ended", "")
    return "graded with repairs" if repairs else "graded", " ".join([*repairs, *([ended] if ended else [])])
