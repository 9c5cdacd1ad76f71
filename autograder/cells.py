"""What a cell is to nbgrader: an answer, a test, a part of the release."""

from __future__ import annotations

from nbformat.notebooknode import NotebookNode

NOTE_ID = "intake-note"


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
