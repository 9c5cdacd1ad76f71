"""Part A's notebooks: their rhythm, their cells and points, a run with every answer and one with none."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lrtutorial.exercises import exercises, find_exercise

ROOT = Path(__file__).parents[2]
EXERCISES = [exercise.id for exercise in exercises().values() if exercise.part == "part_a"]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES)
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(\w+) = .*?\n### END SOLUTION", re.S)


def read(exercise: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / f"solutions/part_a/{find_exercise(exercise).notebook}.ipynb", as_version=4)


def run(notebook: nbformat.NotebookNode, folder: Path) -> dict[str, str]:
    """Execute and return what each cell shows as text; no cell may raise or write to stderr, no picture be mute."""
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    shown = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error" and output.get("name") != "stderr", (cell["id"], output)
            html = output.get("data", {}).get("text/html", "")
            assert all('alt="' in tag for tag in re.findall(r"<img[^>]*>", html))
        shown[cell["id"]] = str(cell.get("outputs", ""))
    return shown


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


@pytest.mark.filterwarnings("ignore")  # the kernel's own libraries warn
@every_exercise
def test_it_runs_from_top_to_bottom_with_every_answer_right(exercise, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shown = run(read(exercise), tmp_path)
    for step in find_exercise(exercise).steps:
        assert f"{step.points:g} of {step.points:g} points" in shown[f"{step.id}-test"]


@pytest.mark.filterwarnings("ignore")
@every_exercise
def test_left_untouched_it_still_runs_through(exercise, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = read(exercise)
    for cell in notebook.cells:
        cell.source = SOLUTION.sub(r"\1 = ...", cell.source)  # as the release has it
    shown = run(notebook, tmp_path)
    for step in find_exercise(exercise).steps:
        assert "Unfinished" in shown[f"{step.id}-test"] and f"[0 of {step.points:g} points]" in shown[f"{step.id}-test"]


def test_part_a_is_worth_a_hundred_points() -> None:
    assert sum(find_exercise(exercise).points for exercise in EXERCISES) == 100
