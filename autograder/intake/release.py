"""The released notebooks: what a submission is repaired from."""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from lrtutorial.advice import NotThere


@lru_cache(maxsize=64)
def _released(path: Path, changed: float) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def released(config: Config, assignment: str, notebook: str) -> NotebookNode:
    """Return a notebook as it is released. Raises FileNotFoundError, with what to do, when there is none."""
    path = release_folder(config, assignment) / f"{notebook}.ipynb"
    if not path.exists():
        raise NotThere(f"{path} is missing: run nbgrader generate_assignment {assignment} first")
    return copy.deepcopy(_released(path, path.stat().st_mtime))


def release_folder(config: Config, assignment: str) -> Path:
    """Return where nbgrader puts the release of an assignment."""
    course = CourseDirectory(config=config)
    return Path(course.format_path(course.release_directory, ".", assignment))
