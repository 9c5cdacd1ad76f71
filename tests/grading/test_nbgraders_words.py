"""What nbgrader's own commands say of a slip: a sentence with a name in it, no traceback; who made none is served."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from nbgrader.converters.base import NbGraderException

from autograder.hooks import plain
from lrtutorial.advice import Unusable
from tests import commands
from tests.grading.a1 import NOTEBOOK, PART, ROOT, environment

SOLUTION = ROOT / "solutions" / PART / f"{NOTEBOOK}.ipynb"


def nbgrader(course: Path, *words: str, **also: str) -> CompletedProcess[str]:
    return commands.run([sys.executable, "-m", "nbgrader", *words], cwd=ROOT, env={**environment(course), **also})


def said(done: CompletedProcess[str]) -> list[str]:
    """The lines of what is wrong; the test fails where they are no sentences, or the exit code says all is well."""
    everything = done.stdout + done.stderr
    assert done.returncode == 1 and "Traceback" not in everything and "above traceback" not in everything, everything
    assert "fault of the program" not in everything, everything
    return [line.partition("ERROR] ")[2] or line for line in everything.splitlines() if re.search(r"ERROR|^\w", line)]


# ----------------------------------------------------------------------------------------------- making a release


def _without_end(cells: list[Any]) -> None:
    cell = next(cell for cell in cells if "END SOLUTION" in "".join(cell["source"]))
    cell["source"] = "".join(cell["source"]).replace("### END SOLUTION", "")


def _no_python(cells: list[Any]) -> None:
    cell = next(cell for cell in cells if "BEGIN SOLUTION" in "".join(cell["source"]))
    cell["source"] = "".join(cell["source"]).replace("### BEGIN SOLUTION\n", "### BEGIN SOLUTION\n(((\n")


def _graded(cells: list[Any]) -> dict[str, Any]:
    about: dict[str, Any] = next(
        ng for cell in cells if (ng := cell["metadata"].get("nbgrader", {})).get("grade") and "points" in ng
    )
    return about


#: By the part's name: what is done to a right solution's cells, and what the sentence says.
RELEASES: dict[str, tuple[Callable[[list[Any]], object], str]] = {
    "no_end": (_without_end, "no end solution statement found"),
    "no_python": (_no_python, "a1-gradient-answer: line 1 of a solution is no Python"),
    "no_points": (lambda cells: _graded(cells).pop("points"), "does not have points"),
    "odd_points": (lambda cells: _graded(cells).update(points="many"), "'many' is not of type 'number'"),
    "no_id": (lambda cells: _graded(cells).pop("grade_id"), "does not have a grade_id"),
    "no_source": (lambda cells: cells[0].pop("source"), "is damaged"),
    "no_metadata": (lambda cells: cells[0].pop("metadata"), "is damaged"),
}
FILES = {"cut": lambda text: text[:200], "binary": lambda text: "\0\udcff" + text, "empty": lambda text: ""}


@pytest.mark.whole
def test_a_slip_in_a_solution_is_a_sentence_and_the_other_parts_are_released(tmp_path: Path) -> None:
    course, solutions = tmp_path / "course", tmp_path / "solutions"
    right = SOLUTION.read_text("utf-8")
    texts = {name: made(right) for name, made in FILES.items()} | {"right": right}
    for name, (spoil, _) in RELEASES.items():
        notebook = json.loads(right)
        spoil(notebook["cells"])
        texts[name] = json.dumps(notebook)
    for name, text in texts.items():
        (solutions / name).mkdir(parents=True)
        (solutions / name / SOLUTION.name).write_text(text, "utf-8", errors="surrogateescape")
    folders = [f"--CourseDirectory.{step}_directory={folder}" for step, folder in
               (("source", solutions), ("release", tmp_path / "release"))]  # fmt: skip
    lines = said(nbgrader(course, "generate_assignment", "*", *folders))
    expected = {name: words for name, (_, words) in RELEASES.items()} | dict.fromkeys(FILES, "is damaged")
    for name, words in expected.items():
        own = [line for line in lines if line.startswith(f"{name}, {NOTEBOOK}: ")]
        assert len(own) == 1 and words in own[0], (name, lines)
    (last,) = (line for line in lines if line.startswith("not made: "))
    assert set(re.findall(r"\w+", last)) >= texts.keys() - {"right"} and "right" not in last
    assert [path.name for path in (tmp_path / "release").iterdir()] == ["right"]


# ----------------------------------------------------------------------------------------------- feedback


@pytest.mark.whole
def test_a_damaged_notebook_costs_nobody_else_the_feedback(with_ada: Path) -> None:
    damaged = {"bo": '{"cells', "cy": "", "di": '{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}'}
    for student, text in damaged.items():
        folder = with_ada / "autograded" / student / PART
        folder.mkdir(parents=True)
        (folder / f"{NOTEBOOK}.ipynb").write_text(text)
    (gone := with_ada / "autograded" / "al" / PART / f"{NOTEBOOK}.ipynb").parent.mkdir(parents=True)
    gone.symlink_to(with_ada / "nowhere")
    shutil.copytree(with_ada / "autograded" / "ada", with_ada / "autograded" / "ed")  # whom the gradebook doesn't know
    lines = said(nbgrader(with_ada, "generate_feedback", PART))
    for student in (*damaged, "ed"):
        own = [line for line in lines if line.startswith(f"{student}, {PART}, {NOTEBOOK}: ")]
        assert len(own) == 1 and f"python -m autograder grade {PART} {student} --force" in own[0], (student, lines)
    assert len([line for line in lines if line.startswith(f"al, {PART}, {NOTEBOOK}: ") and "No such file" in line]) == 1
    assert [path.parts[-3] for path in with_ada.glob("feedback/*/*/*.html")] == ["ada"]


def _table(text: str) -> Callable[[Path], object]:
    return lambda course: (course / "extra_time.csv").write_text(text)


#: What is wrong with a course, options of the command, and what the sentence says.
COURSES: dict[str, tuple[Callable[[Path], object], list[str], str]] = {
    "no number": (_table(f"student,assignment,hours\nada,{PART},x\n"), [], "line 2: hours takes a number, got 'x'"),
    "no part": (_table("student,assignment,hours\nada,part_q,1\n"), [], "no assignment 'part_q'"),
    "long field": (_table(f'student,assignment,hours\n"ada,{PART},1\n{"x" * 140_000}'), [], "check its quotation"),
    "penalty": (lambda course: None, ["--LatePenalty.percent=900"], "LatePenalty.percent takes a number from 0 to 100"),
    "damaged book": (lambda course: (course / "gradebook.db").write_bytes(b"junk" * 999), [], "gradebook is damaged"),
    "no book": (lambda course: (course / "gradebook.db").unlink(), [], "there is no gradebook"),
}


@pytest.mark.whole
@pytest.mark.parametrize("wrong", COURSES)
def test_what_is_wrong_for_the_whole_class_is_said_once_before_anything_is_touched(wrong: str, course: Path) -> None:
    spoil, options, words = COURSES[wrong]
    for student in ("ada", "bo"):
        (course / "autograded" / student / PART).mkdir(parents=True)
        shutil.copy(ROOT / "notebooks" / PART / f"{NOTEBOOK}.ipynb", course / "autograded" / student / PART)
    page = course / "feedback" / "ada" / PART / f"{NOTEBOOK}.html"
    page.parent.mkdir(parents=True)
    page.write_text("of last week")
    spoil(course)
    (line,) = said(nbgrader(course, "generate_feedback", PART, "--force", *options))
    assert words in line
    assert page.read_text() == "of last week" and not (course / "feedback" / "bo").exists()


@pytest.mark.whole
@pytest.mark.parametrize(
    "words",
    [("db", "assignment", "list"), ("generate_assignment", PART, "--force"), ("validate", "{course}/gradebook.db"),
     ("export",)],
    ids=" ".join,
)  # fmt: skip
def test_a_damaged_gradebook_is_a_sentence_in_all_that_open_it(words: tuple[str, ...], tmp_path: Path) -> None:
    course = tmp_path / "course"
    course.mkdir()
    (course / "gradebook.db").write_bytes(b"\xff junk" * 999)
    release = f"--CourseDirectory.release_directory={tmp_path / 'release'}"
    lines = said(nbgrader(course, *(word.format(course=course) for word in words), release))
    assert ("no notebook" if "validate" in words else "the gradebook is damaged") in lines[0]


@pytest.mark.whole
def test_a_traceback_is_shown_to_who_asks_for_it(course: Path) -> None:
    (course / "gradebook.db").write_bytes(b"junk" * 999)
    for words in (("db", "assignment", "list"), ("generate_assignment", PART)):
        done = nbgrader(course, *words, LRTUTORIAL_TRACEBACK="1")
        assert done.returncode == 1 and "Traceback" in done.stderr and "DatabaseError" in done.stderr


# ----------------------------------------------------------------------------------------------- what an error means


def _raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as raised:
        return raised


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unusable("name another"), "name another"),
        (KeyError("a6-gradient"), "a fault of the program, not yours: KeyError"),
        (RuntimeError("of ours"), "a fault of the program, not yours: RuntimeError"),
        (KeyboardInterrupt(), "ended"),
    ],
)
def test_an_error_is_a_sentence_that_ends_the_command(error: BaseException, words: str, caplog: Any) -> None:
    ending = plain.refused(logging.getLogger("converter"), _raised(error))
    assert isinstance(ending, NbGraderException) and words in str(ending) and words in caplog.text
