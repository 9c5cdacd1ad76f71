"""What a cell is to nbgrader: an answer, a test, a part of the release."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode

from lrtutorial.advice import Unusable

NOTE_ID = "intake-note"
RESTORE = "mend it, or restore it from a backup"  #: what to do with a damaged solution


def read_notebook(path: Path, remedy: str) -> NotebookNode:
    """Return a notebook of the course's own. Raises Unusable, with what to do, for a file that is none."""
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
        sound = all({"cell_type", "metadata", "source"} <= cell.keys() for cell in notebook.cells)
    except OSError:
        raise
    except Exception as error:  # nbformat has no one exception for a notebook that isn't one
        raise Unusable(f"{path} is damaged, and no notebook ({type(error).__name__}): {remedy}") from error
    if not sound:
        raise Unusable(f"{path} is damaged (a cell of it lacks its kind, its text or what is known of it): {remedy}")
    return notebook


def is_marked(cell: NotebookNode) -> bool:
    """Say whether a cell of the release is nbgrader's: an answer, a test, a task or read-only."""
    about = cell.metadata.get("nbgrader", {})
    return bool(about.get("grade_id")) and any(about.get(flag) for flag in ("grade", "solution", "locked", "task"))


def answer_cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Return the cells in which a student answers, by grade_id."""
    marked = ((cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells)
    return {about["grade_id"]: cell for cell, about in marked if about.get("solution")}


def without_markers(cell: NotebookNode) -> str:
    """Return a solution cell's source as a student would have written it."""
    kept, scheme = [], False
    for line in cell.source.splitlines():
        scheme = scheme or "BEGIN MARK SCHEME" in line
        if not scheme and "BEGIN SOLUTION" not in line and "END SOLUTION" not in line:
            kept.append(line)
        scheme = scheme and "END MARK SCHEME" not in line
    return "\n".join(kept).strip()
