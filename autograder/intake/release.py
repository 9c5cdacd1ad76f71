"""The released notebooks: what a submission is repaired from."""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path

from nbformat.notebooknode import NotebookNode
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.cells import read_notebook
from lrtutorial.advice import NotThere


@lru_cache(maxsize=64)
def _released(path: Path, assignment: str, changed: float) -> NotebookNode:
    return read_notebook(path, f"make the release anew: nbgrader generate_assignment {assignment} --force")


def released(config: Config, assignment: str, notebook: str) -> NotebookNode:
    """Return a notebook as it is released. Raises NotThere or Unusable, with what to do."""
    path = release_folder(config, assignment) / f"{notebook}.ipynb"
    if not path.exists():
        raise NotThere(f"{path} is missing: run nbgrader generate_assignment {assignment} first")
    return copy.deepcopy(_released(path, assignment, path.stat().st_mtime))


def release_folder(config: Config, assignment: str) -> Path:
    """Return where nbgrader puts the release of an assignment."""
    course = CourseDirectory(config=config)
    return Path(course.format_path(course.release_directory, ".", assignment))
