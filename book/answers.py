"""Makes room in the pages for fields in which answers are typed and checked, and says so where they can't be.

The notebook's own cells stay in the page: without a runtime, or opened from disk, it reads as the notebook does.
"""

from __future__ import annotations

import json
from typing import Any

import nbformat

from book.wording import of_output, word
from lrtutorial.checking.page import described
from lrtutorial.checking.written import ENOUGH, model_answers
from lrtutorial.course import exercises

NEEDS_PYTHON = (
    "*This answer is code: checking it needs Python with NumPy, so it is not checked in this page.* "
    '<a href="../_static/notebooks/{path}" download>Download this notebook</a> and open it in a copy of the course '
    "([how](../docs/student.md)){binder}."
)
NEEDS_SCRIPTS = (
    '<noscript><p class="lr-runtime">Checking answers in this page needs JavaScript, which is off here; '
    "it can be read all the same.</p></noscript>"
)


def make_room(notebook: nbformat.NotebookNode, name: str, runtime: bool, solutions: bool, launch: str = "") -> None:
    """Add to a staged notebook, called ``name``, the places that the page's scripts fill, and what they need to know.

    ``runtime``: whether the book has one; ``launch``: the notebook's address on Binder, or "".
    """
    exercise = next((e for e in exercises().values() if e.notebook == name), None)
    about: dict[str, Any] = {"runtime": runtime, "exercise": "", "steps": [], "map": exercise is None}
    if exercise is None:
        _place_to_keep(notebook)
        if runtime:
            word(notebook)
    if exercise is not None:
        about |= described(exercise.id)
        if not about["live"]:
            _say_what_it_needs(notebook, f"{exercise.part}/{exercise.notebook}.ipynb", launch)
        elif not solutions or exercise.id in model_answers():
            about |= _written(exercise.id, solutions)
            _places(notebook, solutions)
            if runtime:
                word(notebook)
    if runtime and (about["steps"] or about["map"]):
        notebook.cells.insert(1, _markdown(NEEDS_SCRIPTS))
    data = json.dumps(about, ensure_ascii=False).replace("<", "\\u003c")
    notebook.cells.append(_markdown(f'<script type="application/json" id="lr-page">{data}</script>'))


def _place_to_keep(notebook: nbformat.NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells):
        if cell.id == "keep":
            cell.metadata.setdefault("tags", []).append("lr-check")
            notebook.cells.insert(number, _place("keep"))
            return


def _written(exercise: str, solutions: bool) -> dict[str, Any]:
    model = model_answers().get(exercise)
    if model is None:
        return {}
    lines = model.rubric if solutions else ()
    rubric = [{"levels": item.levels, "text": item.in_full.replace("**", "")} for item in lines]
    return {"written": {"enough": ENOUGH, "rubric": rubric}}


def _markdown(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def _place(name: str) -> nbformat.NotebookNode:
    return _markdown(f'<div data-lr-place="{name}"></div>')


def _places(notebook: nbformat.NotebookNode, solutions: bool) -> None:
    """Put a place before each answer cell; answer and check cells are told by a tag, as the page hides them."""
    cells: list[nbformat.NotebookNode] = []
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        tags = cell.metadata.setdefault("tags", [])
        if cell.cell_type == "code" and name.endswith("-answer"):
            cells.append(_place(name.removesuffix("-answer")))
            tags.append("lr-answer")
        elif cell.cell_type == "code" and (name.endswith("-test") or cell.id in ("compare", "reveal")):
            tags.append("lr-check")
            if cell.id == "compare":
                cells.append(_place("compare"))
        elif cell.id == "prediction":
            cells.append(_place("prediction"))
            tags.append("lr-answer")
        elif cell.id == "write":
            cells.append(_place("write"))
        cells.append(cell)
        if name.endswith("-written"):
            cells.append(_place("written"))
        for output in cell.get("outputs", []):
            if html := output.get("data", {}).get("text/html"):
                output.data["text/html"] = of_output(html)
    notebook.cells = cells


def _say_what_it_needs(notebook: nbformat.NotebookNode, path: str, launch: str) -> None:
    binder = f', or <a href="{launch}">open it on Binder</a>' if launch else ""
    first = next(i for i, cell in enumerate(notebook.cells) if cell.id.endswith("-answer"))
    notebook.cells.insert(first, _markdown(NEEDS_PYTHON.format(path=path, binder=binder)))
