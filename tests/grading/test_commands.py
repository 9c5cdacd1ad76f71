"""nbgrader's stock commands, Formgrader and Validate on our course, as nbgrader's documentation describes them."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page

from autograder.cells import answer_cells, without_markers
from autograder.gradebook.ledger import Ledger
from tests.browser.conftest import browser, jupyterlab_in, page  # noqa: F401 – fixtures
from tests.browser.pictures import picture
from tests.grading.conftest import ROOT, Graded, in_course


def nbgrader(course: Path, *words: str) -> Any:
    return in_course(course, sys.executable, "-m", "nbgrader", *words)


#: Who hands in what once more: everything right, a named mistake, a forgery.
ONCE_MORE = {"sample_ada": "*", "sample_cy": "b2_adam", "sample_ivy": "b2_adam"}


def points(course: Path) -> dict[tuple[str, str], float]:
    with Ledger(f"sqlite:///{course / 'gradebook.db'}") as ledger:
        return {(row["student"], row["step"]): row["points"] for row in ledger.verdicts("part_b")}


def test_the_stock_commands_grade_like_the_sample_run(sample_class: Graded, tmp_path: Path) -> None:
    course = tmp_path / "course"
    for student, names in ONCE_MORE.items():
        folder = course / "submitted" / student / "part_b"
        folder.mkdir(parents=True)
        for path in (sample_class.course / "submitted" / student / "part_b").glob(f"{names}.ipynb"):
            shutil.copy(path, folder)
    shutil.copy(sample_class.course / "secret", course / "secret")
    release = f"--CourseDirectory.release_directory={course / 'release'}"
    for words in (
        ("generate_assignment", "part_b", "--create", release),
        ("autograde", "part_b"),
        ("generate_feedback", "part_b"),
    ):
        done = nbgrader(course, *words)
        assert done.returncode == 0, done.stdout + done.stderr
    theirs = points(sample_class.course)
    ours = points(course)
    wanted = {"sample_ada": ("b1", "b2", "b3", "b4", "b5"), "sample_cy": ("b2",), "sample_ivy": ("b2",)}
    assert ours == {(student, step): theirs[student, step] for student, steps in wanted.items() for step in steps}
    assert (course / "feedback" / "sample_cy" / "part_b" / "b2_adam.html").exists()

    table = tmp_path / "grades.csv"
    csv_exporter = ("--exporter=nbgrader.plugins.CsvExportPlugin", f"--CsvExportPlugin.to={table}")  # nbgrader's own
    done = nbgrader(course, "export", *csv_exporter)
    assert done.returncode == 0, done.stdout + done.stderr
    with table.open(newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores["sample_ada"] == 100
    assert scores["sample_ivy"] == 0


@pytest.mark.parametrize(("part", "name"), [("part_a", "a1_convergence"), ("part_b", "b2_adam")])
def test_validate_says_what_fails(tmp_path: Path, part: str, name: str) -> None:
    released = ROOT / "notebooks" / part / f"{name}.ipynb"
    copy = tmp_path / f"{name}.ipynb"
    shutil.copyfile(released, copy)
    done = nbgrader(tmp_path / "course", "validate", str(copy))
    assert "cells failed" in done.stdout or "failed on" in done.stdout or "VALIDATION FAILED" in done.stdout.upper()
    assert "Unfinished" in done.stdout
    assert "Traceback" not in done.stdout

    right = answer_cells(nbformat.read(ROOT / "solutions" / part / f"{name}.ipynb", as_version=4))
    notebook = nbformat.read(released, as_version=4)
    for grade_id, cell in answer_cells(notebook).items():
        cell.source = without_markers(right[grade_id])
    nbformat.write(notebook, copy)
    done = nbgrader(tmp_path / "course", "validate", str(copy))
    assert "Success!" in done.stdout, done.stdout


@pytest.mark.filterwarnings("ignore")  # nbgrader's own dependencies warn
def test_formgrader_shows_our_course(
    sample_class: Graded,
    jupyterlab_in: Callable[[Path], Any],  # noqa: F811
    page: Page,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LRTUTORIAL_COURSE", str(sample_class.course))
    lab = jupyterlab_in(ROOT)
    page.goto(f"{lab.url}/formgrader?token={lab.token}")
    page.wait_for_function("() => document.body.innerText.includes('part_b')")
    picture(page, "formgrader-assignments", full_page=True)
    page.goto(f"{lab.url}/formgrader/gradebook/part_b/b2_adam?token={lab.token}")
    page.wait_for_function("() => document.querySelectorAll('table tbody tr').length > 3")
    picture(page, "formgrader-submissions", full_page=True)
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{sample_class.course / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission_notebook("b2_adam", "part_b", "sample_cy").id
    page.goto(f"{lab.url}/formgrader/submissions/{submission}/?token={lab.token}")
    page.wait_for_selector(".nbgrader_cell")
    verdict = page.locator("[role=status]").first
    verdict.wait_for()
    assert "inside the" in verdict.inner_text()
    picture(page, "formgrader-b2", full_page=True)
