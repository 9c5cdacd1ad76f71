"""Submitted folders as the intake reads them, where nbgrader's own commands and Formgrader read them themselves.

A student's folder may have a name that nbgrader takes for a pattern or reads as two students, no notebook under its
right name, or a ``timestamp.txt`` that nbgrader reads otherwise or not at all. Each ended a command, or Formgrader's
page, for the whole class. nbgrader has no setting for any of it, so these methods stand in place of its own.
"""

from __future__ import annotations

import glob
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory

from autograder.intake.text import student_of
from autograder.intake.timestamp import UnreadableTime, handed_in


def read_as_the_intake_does() -> None:
    """Let nbgrader find students, notebooks and times as the intake does."""
    Autograde.init_notebooks = GenerateFeedback.init_notebooks = find_notebooks
    CourseDirectory.get_existing_timestamp = lambda _, folder: _time(folder)
    NbGraderAPI.get_submitted_timestamp = lambda api, assignment, student: _time(
        next(iter(_folders(api.coursedir, api.coursedir.submitted_directory, assignment, student)), "")
    )
    NbGraderAPI.get_submitted_students = lambda api, assignment: submitted_students(api.coursedir, assignment)


def find_notebooks(converter: Any) -> None:
    """Stand in place of a converter's ``init_notebooks``.

    Each folder gets its own notebooks, whatever its name; a submission without any is one that is to be graded.
    """
    course = converter.coursedir
    empty = isinstance(converter, Autograde) and course.notebook_id == "*"
    found = {
        folder: sorted(glob.glob(os.path.join(glob.escape(folder), f"{course.notebook_id}.ipynb")))
        for folder in _folders(course, converter._input_directory, course.assignment_id, course.student_id)
    }
    converter.notebooks = []
    converter.assignments = {folder: notebooks for folder, notebooks in found.items() if notebooks or empty}
    if not converter.assignments:
        BaseConverter.init_notebooks(converter)  # says what is wrong


def submitted_students(course: CourseDirectory, assignment: str) -> set[str]:
    """Return who has handed in an assignment, or any with ``*``: each person once."""
    pattern = course.format_path(
        course.submitted_directory, "(?P<student>.*)", ".*" if assignment == "*" else re.escape(assignment), escape=True
    )
    folders = filter(os.path.isdir, glob.glob(course.format_path(course.submitted_directory, "*", assignment)))
    matches = (re.fullmatch(pattern, folder, re.DOTALL) for folder in folders)
    return {student_of(match["student"]) for match in matches if match}


def _folders(course: CourseDirectory, step: str, assignment: str, student: str) -> list[str]:
    """Return the folders of a student's id, of another spelling of it, or of nbgrader's pattern for several."""
    own = course.format_path(step, student, assignment)
    if student == "*":  # also where somebody is called so
        return sorted(glob.glob(own))
    if os.path.lexists(own):
        return [own]
    pattern = course.format_path(step, "(?P<student>.*)", re.escape(assignment), escape=True)
    everybody = glob.glob(course.format_path(step, "*", glob.escape(assignment)))
    matches = {folder: re.fullmatch(pattern, folder, re.DOTALL) for folder in everybody}
    same = [folder for folder, match in matches.items() if match and student_of(match["student"]) == student]
    return sorted(same or glob.glob(own))


def _time(folder: str) -> datetime | None:
    """When a folder was handed in; None also where that can't be read, which the intake says."""
    try:
        return handed_in(Path(folder)) if folder else None
    except UnreadableTime:
        return None
