"""Part A's notebooks: their rhythm, their cells and points. (tests/notebooks runs them from top to bottom.)"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from lrtutorial.course import exercises, find_exercise

ROOT = Path(__file__).parents[2]
EXERCISES = [exercise.id for exercise in exercises().values() if exercise.part == "part_a"]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES)
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(\w+) = .*?\n### END SOLUTION", re.S)


def read(exercise: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / f"solutions/part_a/{find_exercise(exercise).notebook}.ipynb", as_version=4)


@every_exercise
def test_the_rhythm_is_goal_predict_do_explain_further(exercise) -> None:
    text = "\n\n".join(cell.source for cell in read(exercise).cells)
    headings = re.findall(r"^## (.+)$", text, flags=re.M)
    marks = ["Goal", "Predict", "Do", "Explain", "Go further"]
    assert [heading for heading in headings if heading in marks] == marks
    about = find_exercise(exercise)
    assert f"*{about.minutes} minutes · {about.difficulty} · {about.points:g} points*" in text


@every_exercise
def test_cells_carry_the_names_and_points_of_the_exercise(exercise) -> None:
    cells = {cell["id"]: cell for cell in read(exercise).cells}
    graded = {key: cell.metadata.nbgrader for key, cell in cells.items() if "nbgrader" in cell.metadata}
    expected = {}
    for step in find_exercise(exercise).steps:
        expected[f"{step.id}-answer"], expected[f"{step.id}-test"] = (False, True), (True, False)
        assert graded[f"{step.id}-test"].points == step.points
        assert cells[f"{step.id}-test"].source == f'check("{step.id}", {step.answers[0]})'
        assert SOLUTION.search(cells[f"{step.id}-answer"].source)[1] == step.answers[0]
    assert {key: (ng.grade, ng.solution) for key, ng in graded.items()} == expected
    assert all(ng.grade_id == key for key, ng in graded.items())
    assert not any(cell.get("outputs") for cell in cells.values())


def test_part_a_is_worth_a_hundred_points() -> None:
    assert sum(find_exercise(exercise).points for exercise in EXERCISES) == 100
