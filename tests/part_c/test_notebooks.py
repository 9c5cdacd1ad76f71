"""The six notebooks: their rhythm and their claims. (tests/notebooks runs them from top to bottom.)"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from lrtutorial.course import find_exercise

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = [f"c{i}" for i in range(1, 7)]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES)


def read(exercise: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / f"solutions/part_c/{find_exercise(exercise).notebook}.ipynb", as_version=4)


@every_exercise
def test_the_rhythm_is_goal_question_predict_experiment_compare_write_reveal_read(exercise) -> None:
    text = "\n\n".join(cell.source for cell in read(exercise).cells)
    marks = ["## Goal", "## The question", "## Predict", "## Experiment", f'compare("{exercise}"']
    marks += ["## What is known", "## What surprised you?", "## Write", "=== BEGIN MARK SCHEME ==="]
    marks += [f'reveal("{exercise}")', "## Further reading"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


@every_exercise
def test_cells_carry_the_names_and_points_of_the_exercise(exercise) -> None:
    cells = {cell["id"]: cell for cell in read(exercise).cells}
    graded = {key: cell.metadata.nbgrader for key, cell in cells.items() if "nbgrader" in cell.metadata}
    expected = {f"{exercise}-written": (True, True)}
    for step in find_exercise(exercise).steps:
        expected[f"{step.id}-answer"], expected[f"{step.id}-test"] = (False, True), (True, False)
        assert graded[f"{step.id}-test"].points == step.points
        assert cells[f"{step.id}-test"].source == f'check("{step.id}", {step.answers[0]})'
    assert {key: (ng.grade, ng.solution) for key, ng in graded.items()} == expected
    assert all(ng.grade_id == key for key, ng in graded.items())
    assert not any(cell.get("outputs") for cell in cells.values())


@every_exercise
def test_every_claim_is_tagged_proved_measured_or_disputed(exercise) -> None:
    table = next(cell.source for cell in read(exercise).cells if cell["id"] == "claims")
    rows = [row for row in table.splitlines() if row.startswith("| ")][2:]
    assert len(rows) >= 5
    for row in rows:
        claim, status, source = (part.strip() for part in row.strip("|").split("|"))
        assert re.search(r"\*\*(proved|measured|measured here|disputed)\*\*", status), claim
        assert claim and source


@every_exercise
def test_cells_hold_one_idea_and_headings_go_down_in_order(exercise) -> None:
    level = 0
    for cell in read(exercise).cells:
        if cell.cell_type != "markdown":
            continue
        if not cell["id"].endswith("-written"):
            assert len(cell.source.split()) <= 260, cell["id"]
        for heading in re.findall(r"^(#+) ", cell.source, flags=re.M):
            assert len(heading) <= level + 1, cell["id"]
            level = len(heading)


@every_exercise
def test_grading_can_leave_the_experiments_out(exercise) -> None:
    """Cells tagged "experiment" are not needed for a grade; no cell that is graded carries the tag."""
    for cell in read(exercise).cells:
        plain = cell.cell_type == "code" and "nbgrader" not in cell.metadata
        tagged = "experiment" in cell.metadata.get("tags", [])
        assert tagged == (plain and cell["id"] not in ("imports", "compare", "reveal", "calibration"))
