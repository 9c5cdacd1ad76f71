"""Our steps in nbgrader's own pipeline: intake before a submission is cleaned, the ledger after scoring."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.notebooknode import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course import COURSE
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.writer import answers_of, mark_unfinished
from autograder.grading.judging import nothing
from autograder.intake.quarantine import quarantine
from autograder.intake.reading import Rejected, read_file, read_notebook
from autograder.intake.release import release_folder, released
from autograder.intake.repair import rejected, repair
from lrtutorial.verdict import Verdict

log = logging.getLogger(__name__)


class TakeIn(NotebookExporter):
    """Reads submissions for ``nbgrader autograde``; one that can't be read becomes the release below the reason.

    So it costs no other notebook, and feedback is made of it. nbgrader tells its ``pre_convert_hook`` neither the
    gradebook nor the folders it was started with (``--db``); the exporter's converter knows them, so the hook is here.
    """

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self.reasons: dict[tuple[str, str, str], str] = {}
        if not isinstance(self.parent, Autograde):
            raise TypeError(f"TakeIn reads for nbgrader's Autograde, not for {type(self.parent).__name__}")
        self.course: CourseDirectory = self.parent.coursedir
        self.parent.pre_convert_hook = self.take_in

    def take_in(self, assignment: str, student: str, notebooks: list[str]) -> None:
        """Do what must be done before nbgrader touches a submission's files.

        Links and other unwanted files go away; until a notebook is graded to its end, the ledger says that it isn't.
        """
        for path in map(Path, notebooks):
            part, who = path.parent.name, path.parent.parent.name
            for sentence in quarantine(path.parent, COURSE / "quarantine" / who / part):
                log.warning("%s, %s: %s", who, part, sentence)
            if (release_folder(self.config, part) / path.name).exists():
                mark_unfinished(self.course.db_url, part, who, path.stem, "failed",
                                "The last grading run did not finish.")  # fmt: skip

    def from_filename(self, filename: str, resources: Any = None, **words: Any) -> Any:
        """Convert one notebook: a submission that can't be read is rejected, and not run afterwards."""
        where = resources["nbgrader"]
        key = where["assignment"], where["student"], where["notebook"]
        folder = self.course.format_path(self.course.submitted_directory, key[1], key[0])
        if Path(filename).parent == Path(folder):
            self.reasons.pop(key, None)
            try:
                read_notebook(read_file(Path(filename)))
            except Rejected as why:
                log.error("%s, %s, %s is rejected: %s", key[1], key[0], key[2], why)
                self.reasons[key] = str(why)
        if key not in self.reasons:
            return super().from_filename(filename, resources=resources, **words)
        release = released(self.config, key[0], key[2])
        mark_unfinished(where["db_url"], *key, "rejected", self.reasons[key],
                        nothing(key[2], self.reasons[key], release))  # fmt: skip
        self._preprocessors: list[Any] = []  # nbgrader fills it before each notebook
        return self.from_notebook_node(rejected(release, self.reasons[key]), resources, **words)


class RepairSubmission(NbGraderPreprocessor):
    """The first sanitizing step: :func:`~autograder.intake.repair.repair`; what it did stays in the metadata."""

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
                status=status, reason=reason, jail=resources.get("jail"), answers=answers_of(nb),
            )  # fmt: skip
        return nb, resources


def standing(resources: Any) -> tuple[str, str]:
    """Return status and reason of a notebook that was graded."""
    repairs = resources.get("repairs", ())
    ended = resources.get("kernel_ended", "")
    return "graded with repairs" if repairs else "graded", " ".join([*repairs, *([ended] if ended else [])])
