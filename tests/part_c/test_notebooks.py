"""The six notebooks: their rhythm and their claims. (tests/notebooks runs them from top to bottom.)"""

from __future__ import annotations

import ast
import inspect
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


@every_exercise
def test_every_experiment_of_a_notebook_waits_for_its_predictions(exercise) -> None:
    """Its public functions, called on the cell's own modules, are wrapped by after_predictions of this exercise."""
    from lrtutorial.experiments.commitment import NotYet

    asked, scope = 0, {}
    cells = [cell for cell in read(exercise).cells if cell.cell_type == "code"]
    exec(next(cell.source for cell in cells if cell["id"] == "imports"), scope)
    for cell in cells:
        if "experiment" not in cell.metadata.get("tags", []):
            continue
        tree = ast.parse(cell.source)
        exec("\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)), scope)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
                found = _value(node, scope)
                if getattr(found, "__module__", "").startswith(EXPERIMENTS) and found.__name__ not in (
                    "slide",
                    "sliders",
                ):
                    assert found.waits_for == exercise, f"{cell['id']}: {ast.unparse(node)} shows an outcome at once"
                    asked += 1
    assert asked >= 2 and not NotYet(exercise, ("prediction_1 and its why",))


EXPERIMENTS = "lrtutorial.experiments."


def _value(node: ast.expr, scope: dict) -> object:
    """What a name stands for, of functions alone."""
    try:
        found = eval(compile(ast.Expression(node), "cell", "eval"), dict(scope))
    except Exception:
        return None
    return found if inspect.isfunction(found) else None


@pytest.mark.parametrize("peek", [False, True])
def test_nothing_is_shown_before_a_commitment_unless_one_peeks(peek, monkeypatch) -> None:
    from lrtutorial.answers.session import HERE
    from lrtutorial.experiments import commitment

    HERE.forget()
    said: list[str] = []
    monkeypatch.setattr(commitment, "in_notebook", lambda: True)
    monkeypatch.setattr(commitment, "_say", said.append)
    measured = commitment.after_predictions("c1")(lambda seed=0: f"outcome of {seed}")
    shown = measured(seed=3, peek=peek)
    if peek:
        assert shown == "outcome of 3" and "no points" in said[0] and "calibration" in said[0]
        assert HERE.seen == {"c1"}
    else:
        assert not shown and "outcome" not in repr(shown).replace("outcome is", "") and not said and not HERE.seen
        assert all(name in repr(shown) for name in ("prediction_1", "sketch_1", "peek=True"))
    HERE.forget()


def test_an_experiment_opens_once_everything_is_committed_with_its_why(monkeypatch) -> None:
    from lrtutorial.answers.session import HERE
    from lrtutorial.checking import verdict_on
    from lrtutorial.course.expected import recorded
    from lrtutorial.experiments import commitment

    HERE.forget()
    monkeypatch.setattr(commitment, "in_notebook", lambda: True)
    measured = commitment.after_predictions("c3")(lambda: "outcome")
    for step in find_exercise("c3").steps:
        verdict_on(step.id, recorded(step.id).reference)
        assert step.companions[0].startswith("why_")
    assert "the why of prediction_1" in repr(measured())
    for step in find_exercise("c3").steps:
        verdict_on(step.id, ..., "Scaling belongs to the axes.")  # an emptied cell commits nothing
    assert not measured()
    for step in find_exercise("c3").steps:
        verdict_on(step.id, recorded(step.id).reference, "Scaling belongs to the axes.")
    assert measured() == "outcome"
    HERE.forget()
