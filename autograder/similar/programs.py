"""What students wrote themselves in answers that are programs, and what they were given: the two sides of a comparison.

Submissions are read as grading reads them (:mod:`autograder.intake`): no link is followed, nothing in them is run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from autograder.cells import RESTORE, answer_cells, read_notebook, without_markers
from autograder.course import SOLUTIONS
from autograder.grading.assignment import Assignment
from autograder.grading.digests import checking_files
from autograder.intake.reading import Rejected, read_file
from autograder.intake.repair import repair
from autograder.similar.comparison import Source
from lrtutorial.course import current


def programs(part: str) -> list[str]:
    """Return the notebooks of a part whose answers are programs: other answers are too short to compare."""
    return [one.notebook for one in current().part(part) if any(step.kind.probed for step in one.steps)]


def handed_in(assignment: Assignment, folders: dict[str, Path], notebook: str) -> Iterator[Source | tuple[str, str]]:
    """Yield what each student wrote in a notebook, or (student, why it can't be read); nothing for who left it out.

    A student's own cells count as well as the answer cells: an answer may be anywhere.
    """
    release = assignment.release[notebook]
    for student, folder in folders.items():
        path = folder / f"{notebook}.ipynb"
        if folder.is_dir() and not folder.is_symlink() and not os.path.lexists(path):
            continue
        try:
            if folder.is_symlink():
                raise Rejected("What was handed in is a link; links are not followed.")
            yield Source(student, own_cells(repair(read_file(path), release).notebook, release))
        except Rejected as why:
            yield student, str(why)


def own_cells(notebook: NotebookNode, release: NotebookNode) -> tuple[str, ...]:
    """Return the source of each code cell that isn't as released."""
    given = {cell.source.strip() for cell in release.cells}
    code = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    return tuple(source for source in code if source.strip() and source.strip() not in given)


def given(assignment: Assignment) -> Iterator[str]:
    """Yield what no two students can be said to have from each other.

    The skeletons, the model answers, the references, and the catalogue's answers: other right ones and known mistakes.
    """
    for release in assignment.release.values():
        yield from _code(release)
    for path in sorted((SOLUTIONS / assignment.name).glob("*.ipynb")):
        yield from map(without_markers, answer_cells(read_notebook(path, RESTORE)).values())
    files = {path for exercise in current().part(assignment.name) for path in checking_files(exercise.id)}
    for path in sorted(path for path in files if path.suffix == ".py"):  # the catalogue, and what it is made of
        yield path.read_text("utf-8")


def _code(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield cell.source
