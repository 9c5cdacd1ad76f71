"""nbgrader preprocessors of our own: before execution, and after scoring."""

from __future__ import annotations

from typing import Any

from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.ledger import Ledger
from lrtutorial.verdict import Verdict


class StripTags(NbGraderPreprocessor):
    """Takes cell tags off a submission: ``skip-execution`` on a test cell would mean full marks."""

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> Any:
        """Remove the tags of one cell."""
        cell.metadata.pop("tags", None)
        return cell, resources


class RecordVerdicts(NbGraderPreprocessor):
    """Writes the verdicts of a graded notebook and its jail report into the ledger."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Any:
        """Write one notebook's rows."""
        where = resources["nbgrader"]
        verdicts = [Verdict.from_data(data) for data in resources.get("verdicts", ())]
        with Ledger(where["db_url"]) as ledger:
            ledger.write(
                where["assignment"], where["student"], where["notebook"], verdicts,
                reason=resources.get("kernel_ended", ""), jail=resources.get("jail"),
            )  # fmt: skip
        return nb, resources
