"""A student's words as the page shows them: nothing in them runs or loads, their formulas and pictures are drawn."""

from __future__ import annotations

from functools import cache

from autograder.feedback import FeedbackExporter
from autograder.written.handed_in import Answer

LONGEST = 20_000  #: characters of an answer that are shown


@cache
def _exporter() -> FeedbackExporter:
    exporter = FeedbackExporter()
    exporter.level = 2
    return exporter


def shown(answer: Answer) -> str:
    """Return an answer as HTML, cleaned as in feedback."""
    exporter, text = _exporter(), answer.text
    note = f"<p><em>[{len(text) - LONGEST} more characters]</em></p>" if len(text) > LONGEST else ""
    return str(exporter.as_html(text[:LONGEST], answer.attachments)) + note
