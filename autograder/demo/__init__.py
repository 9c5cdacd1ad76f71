"""The sample class: ten students whose submissions are built from the release, and graded end to end."""

from __future__ import annotations

from autograder.demo.sample_class import grade_sample_class
from autograder.demo.students import STUDENTS

__all__ = ["STUDENTS", "grade_sample_class"]
