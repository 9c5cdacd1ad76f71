"""reveal("b2"): after an honest try, from solutions/ alone, never while a course is graded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lrtutorial import checking, reveal
from lrtutorial.answers.session import HERE
from lrtutorial.checking.worked import solution_notebook
from lrtutorial.course import exercises, find_exercise

ROOT = Path(__file__).resolve().parents[2]
CODED = [name for name in exercises() if name[0] in "ab"]


class Descent:
    """An Adam that is plain descent: a try."""

    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params, self.lr = params, lr

    def step(self, grads):
        for param, grad in zip(self.params, grads, strict=True):
            param -= self.lr * grad


@pytest.fixture(autouse=True)
def student(tmp_path, monkeypatch) -> Path:
    """The student's folder in a full copy of the course, before anything was checked."""
    for name in ("NBGRADER_EXECUTION", "LRTUTORIAL_GRADED", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(HERE, "verdicts", {})
    for part in ("part_a", "part_b"):
        shutil.copytree(ROOT / "solutions" / part, tmp_path / "solutions" / part)
    folder = tmp_path / "notebooks" / "part_b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return tmp_path


def tries_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    from lrtutorial.verdict import Verdict

    steps = (step for exercise in exercises().values() for step in exercise.steps)
    monkeypatch.setattr(HERE, "verdicts", {step.id: Verdict(step.id, "wrong", "") for step in steps})


def test_closed_before_a_try_and_open_after_one(capsys) -> None:
    reveal("b2")
    shown = capsys.readouterr().out
    assert shown.startswith("Try first") and 'check("b2", Adam)' in shown
    checking.check("b2", ...)
    capsys.readouterr()
    reveal("b2")
    assert "Try first" in capsys.readouterr().out, "an untouched answer is no try"
    checking.check("b2", Descent)
    capsys.readouterr()
    reveal("b2")
    shown = capsys.readouterr().out
    assert "class Adam:" in shown and "SOLUTION" not in shown and "Easily gone wrong" in shown
    compile(shown.split("```python\n")[1].split("```")[0], "solution", "exec")


def test_only_the_steps_that_were_tried_open(capsys) -> None:
    from lrtutorial.symbols import a

    checking.check("a1-gradient", a)
    capsys.readouterr()
    reveal("a1-gradient")
    shown = capsys.readouterr().out
    assert "gradient = a * x" in shown and "closed_form =" not in shown
    assert "Still closed until you have tried them: a1-update" in shown


def test_a_try_in_an_earlier_session_counts(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LRTUTORIAL_PROGRESS", str(tmp_path / "progress.json"))
    checking.check("b2", Descent)
    monkeypatch.setattr(HERE, "verdicts", {})
    reveal("b2")
    assert "class Adam:" in capsys.readouterr().out


@pytest.mark.parametrize("name", CODED)
def test_every_step_of_parts_a_and_b_has_a_commented_solution(name, monkeypatch, capsys) -> None:
    tries_everything(monkeypatch)
    reveal(name)
    shown = capsys.readouterr().out
    for step in find_exercise(name).steps:
        section = shown.split(f"### {step.id}: ")[1].split("\n### ")[0]
        assert "The way there" in section and "Easily gone wrong" in section
        assert all(answer in section.split("```python\n")[1] for answer in step.answers)


def test_a_copy_without_solutions_says_where_they_are(student, monkeypatch, capsys) -> None:
    tries_everything(monkeypatch)
    shutil.rmtree(student / "solutions")
    reveal("b2")
    assert "not part of this copy" in capsys.readouterr().out
    assert solution_notebook(find_exercise("b2"), student / "notebooks/part_b/b2_adam.ipynb") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}', '{"cells": [{"metadata": 1}]}'])
def test_a_solution_that_cannot_be_read_is_none(content, student, monkeypatch, capsys) -> None:
    tries_everything(monkeypatch)
    (student / "solutions/part_b/b2_adam.ipynb").write_text(content)
    reveal("b2")
    assert "not part of this copy" in capsys.readouterr().out


@pytest.mark.parametrize("variable", ["NBGRADER_EXECUTION", "LRTUTORIAL_GRADED"])
def test_closed_while_graded(variable, monkeypatch, capsys) -> None:
    tries_everything(monkeypatch)
    monkeypatch.setenv(variable, "1")
    reveal("b2")
    shown = capsys.readouterr().out
    assert "after grading" in shown and "class Adam" not in shown
