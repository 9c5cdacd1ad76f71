"""What became of one submitted notebook: what grading gives, and what the one writer takes."""

from __future__ import annotations

from dataclasses import dataclass, field

import nbformat
from nbformat.notebooknode import NotebookNode

from lrtutorial.verdict import Verdict

LOST = ("rejected", "failed")  #: statuses of a notebook in which nothing could be judged


@dataclass(frozen=True)
class Result:
    """What became of one submitted notebook, as plain data that travels; ``status`` is one of the ledger's."""

    assignment: str
    student: str
    notebook: str
    fingerprint: str
    status: str
    reason: str
    graded: str  #: the notebook with verdicts, JSON
    verdicts: tuple[dict[str, object], ...]
    jail: dict[str, object] | None
    seconds: float
    phases: dict[str, float] = field(default_factory=dict)  #: seconds by phase, see autograder.grading.phases
    look: tuple[str, ...] = ()  #: grade_ids of checked cells that a human is asked to look at

    @property
    def points(self) -> float:
        """Points of all verdicts."""
        return sum(verdict.points for verdict in self.judged())

    @property
    def judged_nothing(self) -> bool:
        """Whether no answer could be judged, so that a human has to look."""
        return self.status in LOST

    def judged(self) -> list[Verdict]:
        """Return the verdicts, in the notebook's order."""
        return [Verdict.from_data(data) for data in self.verdicts]

    def document(self) -> NotebookNode:
        """Return the graded notebook; it was held to the schema when it was written."""
        notebook: NotebookNode = nbformat.v4.reads(self.graded)
        return notebook
