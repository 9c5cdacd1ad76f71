""" "Run all" on every notebook in the environment that Binder makes: as handed out, with every answer right, and with
one wrong. It goes through, nothing raises, each verdict is the right one, and little memory is needed.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from lrtutorial.course import exercises
from lrtutorial.course.exercise import Exercise
from tests.notebooks.conftest import AS_USUAL, NOTEBOOKS, ROOT, WRONG, Student

EXERCISES = [path for path in NOTEBOOKS if path.parent.name.startswith("part_")]
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_exercise = pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
pytestmark = pytest.mark.filterwarnings("ignore")  # the kernel's own libraries warn
MEMORY = {False: 300, True: 700}  # MB at most, without and with torch
ALARMING = re.compile(r"Warning|Error|Traceback")


def exercise_of(path: Path) -> Exercise:
    return next(exercise for exercise in exercises().values() if exercise.notebook == path.stem)


def texts(notebook: NotebookNode) -> dict[str, str]:
    """What each code cell shows, as text."""
    shown = {}
    for cell in notebook.cells:
        parts = [out.get("data", {}).get("text/plain") or out.get("text", "") for out in cell.get("outputs", [])]
        shown[cell["id"]] = "\n".join(parts)
    return shown


def looked_at(notebook: NotebookNode, record_property: Callable[[str, object], None]) -> dict[str, str]:
    """What each cell shows, after what holds for every run: no noise, no picture without words, little memory."""
    for cell in notebook.cells:
        for out in cell.get("outputs", []):
            assert out.output_type != "error", (cell["id"], out)
            noise = out.output_type == "stream" and out.name == "stderr" and ALARMING.search(out.text)
            assert not noise, (cell["id"], out)
            data = out.get("data", {})
            assert "image/png" not in data or "text/html" in data, f"{cell['id']}: a picture without words"
            for image in re.findall(r"<img\b[^>]*>", data.get("text/html", "")):
                assert re.search(r'\balt="[^"]{20,}"', image), f"{cell['id']}: a picture needs words"
    shown = texts(notebook)
    peak, torch, _ = shown["peak"].split()
    record_property("peak_mb", float(peak))
    print(f"{float(peak):.0f} MB, torch {torch}")
    assert float(peak) < MEMORY[torch == "True"]
    return shown


def test_every_exercise_is_released() -> None:
    released = {path.relative_to(ROOT / "notebooks").as_posix() for path in NOTEBOOKS}
    assert released == {"start_here.ipynb"} | {f"{e.part}/{e.notebook}.ipynb" for e in exercises().values()}
    assert list(WRONG) == list(exercises())


def test_the_environment_has_what_was_asked_for_and_nothing_of_the_graders(student: Student) -> None:
    """A package that a notebook needs and environment.yml forgets would be missing here."""
    listed = subprocess.check_output([student.python, "-m", "pip", "list", "--format=freeze"], text=True).lower()
    names = set(re.findall(r"^([\w.-]+)==", listed, re.M))
    assert {"numpy", "sympy", "torch", "jupyterlab", "anywidget"} <= names
    assert not names & {"nbgrader", "sqlalchemy", "distributed", "pytest", "playwright", "hypothesis"}
    subprocess.run([student.python, "-m", "pip", "check"], check=True, stdout=subprocess.DEVNULL)
    assert {path.name for path in (student.folder / "site").iterdir() if path.suffix != ".dist-info"} == {"lrtutorial"}


@every_notebook
def test_untouched(path, works, record_property) -> None:
    shown = looked_at(works(path, "untouched"), record_property)
    assert path.stem not in AS_USUAL or shown["peak"].endswith("False\n"), "its kernel was forked"
    for name in (name for name in shown if name.endswith("-test")):
        assert "Unfinished" in shown[name] and "[0 of" in shown[name], shown[name]
    if "compare" in shown:  # Part C
        cells = nbformat.read(path, 4).cells
        before = cells[: [cell["id"] for cell in cells].index("compare")]
        closed = [cell["id"] for cell in before if "experiment" in cell.metadata.get("tags", [])]
        assert closed and all(shown[name] == "" or shown[name].startswith("First commit yourself") for name in closed)
        assert "Still open" in shown["compare"] and "0 different words so far" in shown["reveal"]


@every_exercise
def test_with_every_answer_right(path, works, record_property) -> None:
    notebook, exercise = works(path, "right"), exercise_of(path)
    shown = looked_at(notebook, record_property)
    for step in exercise.steps:
        said = shown[f"{step.id}-test"]
        expected = "Noted" if step.kind.foretells else f"[{step.points:g} of {step.points:g} points]"
        assert expected in said, said
    if exercise.part == "part_c":
        asked = sum("-prediction_" in step.id for step in exercise.steps)
        assert f"{asked} of {asked} right." in shown["compare"]
        assert shown["compare"].count("✗") == 0  # nor is a feature of a sketch otherwise
        revealed = next(cell for cell in notebook.cells if cell["id"] == "reveal")
        assert "Score yourself" in str(revealed.outputs)


@every_exercise
def test_with_one_answer_wrong(path, works, record_property) -> None:
    shown, exercise = looked_at(works(path, "wrong"), record_property), exercise_of(path)
    cell, _, says = WRONG[exercise.id]
    place = "compare" if exercise.part == "part_c" else cell.replace("-answer", "-test")
    assert re.search(says, shown[place]), shown[place]
    for step in exercise.steps:
        if exercise.part == "part_c":
            assert "Noted" in shown[f"{step.id}-test"]
        elif f"{step.id}-answer" != cell:
            assert f"[{step.points:g} of {step.points:g} points]" in shown[f"{step.id}-test"], "the others stay right"
        else:
            assert f"[{step.points:g} of" not in shown[place]
