"""Written answers: model answer and rubric, from the solution notebooks to self-learners and graders.

A written cell in ``solutions/`` holds the model answer, then the rubric between nbgrader's mark-scheme
delimiters, one line an item: ``- 3 points · what is asked for``. Below an item of several points stands, indented, what
earns each of them, one line a point: ``- 1 · the half of it``, ``- 2 · …``. nbgrader replaces the whole cell in the
release.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from autograder.cells import RESTORE, read_notebook
from lrtutorial.advice import Advice
from lrtutorial.checking.written import ModelAnswer, RubricItem
from lrtutorial.course import current, exercises

BEGIN, END = "=== BEGIN MARK SCHEME ===", "=== END MARK SCHEME ==="
ITEM = re.compile(r"- (\d+(?:\.5)?) points? · (\S.*)")
PARTIAL = re.compile(r"\s+- (\d+) · (\S.*)")


class MalformedRubric(Advice, ValueError):
    """A written cell's mark scheme can't be read; the message says which line and what was expected."""


def read_cell(exercise: str, source: str) -> ModelAnswer:
    """Read a solution's written cell. Raises MalformedRubric when there is no rubric or a line is not an item."""
    answer, begin, rest = source.partition(BEGIN)
    scheme, end, after = rest.partition(END)
    if not (begin and end) or after.strip():
        raise MalformedRubric(f"{exercise}-written: the cell must end with a rubric between {BEGIN!r} and {END!r}")
    items: list[RubricItem] = []
    for line in filter(str.strip, scheme.splitlines()):
        if match := ITEM.fullmatch(line.strip()):
            items.append(RubricItem(float(match[1]), match[2]))
        elif items and (match := PARTIAL.fullmatch(line.rstrip())) and int(match[1]) == len(items[-1].earns) + 1:
            items[-1] = replace(items[-1], earns=(*items[-1].earns, match[2]))
        else:
            raise MalformedRubric(
                f"{exercise}-written: expected '- 3 points · what is asked for' or, indented below it, what earns "
                f"1, 2 and 3 of them in that order: '  - 1 · the half of it'; found {line.strip()[:80]!r}"
            )
    for item in items:
        if item.earns and len(item.earns) != item.points:
            raise MalformedRubric(
                f"{exercise}-written: {item.text[:60]!r} has {item.points:g} points, and {len(item.earns)} lines below "
                "it that say what earns each"
            )
    return ModelAnswer(exercise, answer.strip(), tuple(items))


def written_cells(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Return the hand-graded cells of a notebook by grade_id."""
    marked = ((cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells)
    return {ng["grade_id"]: cell for cell, ng in marked if ng.get("grade") and ng.get("solution")}


def read_solutions(root: Path) -> dict[str, ModelAnswer]:
    """Return the model answers of every written cell under ``root`` (the ``solutions`` folder), by exercise."""
    found = {}
    for exercise in exercises().values():
        path = root / exercise.part / f"{exercise.notebook}.ipynb"
        if path.exists():
            cells = written_cells(read_notebook(path, RESTORE))
            if f"{exercise.id}-written" in cells:
                found[exercise.id] = read_cell(exercise.id, cells[f"{exercise.id}-written"].source)
    return found


def as_json(answers: dict[str, ModelAnswer]) -> str:
    """Return model answers in the form in which they are recorded for the student package."""
    data = {
        key: {"answer": model.answer, "rubric": [asdict(item) for item in model.rubric]}
        for key, model in answers.items()
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def recorded_folder() -> Path:
    """Return the folder of the current course's recorded data, in the package its students import; made if need be."""
    home = import_module(current().package).__file__
    assert home is not None
    folder = Path(home).parent / "recorded"
    folder.mkdir(exist_ok=True)
    return folder


def record(solutions: Path) -> list[Path]:
    """Write the model answers of ``solutions`` to the students' package; return the file, if there are any."""
    if not (answers := read_solutions(solutions)):
        return []
    path = recorded_folder() / "written.json"
    path.write_text(as_json(answers), encoding="utf-8")
    return [path]


class ShowRubric(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader ships no types
    """Puts each written answer's rubric below it in the autograded notebook, for the grader and then in feedback."""

    heading = Unicode("Rubric", help="The heading above the rubric").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Insert a plain Markdown cell after each written answer that has a rubric."""
        from lrtutorial.checking.written import model_answers

        cells = []
        for cell in nb.cells:
            cells.append(cell)
            ng = cell.metadata.get("nbgrader", {})
            exercise = str(ng.get("grade_id", "")).removesuffix("-written")
            if ng.get("grade") and ng.get("solution") and exercise in model_answers():
                rubric = self._rubric(model_answers()[exercise])
                cells.append(nbformat.v4.new_markdown_cell(rubric, id=f"{exercise}-rubric"))
        nb.cells = cells
        return nb, resources

    def _rubric(self, model: ModelAnswer) -> str:
        rows = "\n".join(f"- **{item.points:g}** · {item.in_full}" for item in model.rubric)
        return f"**{self.heading}** ({model.points:g} points)\n\n{rows}\n"
