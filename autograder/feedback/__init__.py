"""Feedback as a page that a student wants to read: what the grader found on top, the notebook below.

nbgrader makes the pages (``nbgrader generate_feedback``, Formgrader's button), with parts of ours in its own places:
:class:`FeedbackSummary` is a preprocessor, :class:`FeedbackExporter` the exporter with the template in ``page/``. A
page is one file that loads nothing and runs nothing.
"""

from __future__ import annotations

from autograder.feedback.exporter import FeedbackExporter
from autograder.feedback.summary import FeedbackSummary

__all__ = ["FeedbackExporter", "FeedbackSummary"]
