"""The release in ``notebooks/`` is what nbgrader makes of ``solutions/``, and holds no answer."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest

from autograder.hooks.skeletons import stub
from lrtutorial.course import current
from tests.grading.conftest import ROOT, in_course


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release made now."""
    course = tmp_path_factory.mktemp("course")
    release = course / "release"
    for part in current().parts:
        done = in_course(
            course, sys.executable, "-m", "nbgrader", "generate_assignment", part, "--create",
            f"--CourseDirectory.release_directory={release}",
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    return release


def test_the_stored_release_is_what_the_solutions_give(fresh: Path) -> None:
    made = {path.relative_to(fresh): path for path in fresh.rglob("*.ipynb")}
    stored = {path.relative_to(ROOT / "notebooks"): path for path in (ROOT / "notebooks").glob("part_*/*.ipynb")}
    assert made, "nothing was released"
    assert sorted(made) == sorted(stored), "run make release"
    for name, path in made.items():
        ours, theirs = (nbformat.read(one, as_version=4) for one in (path, stored[name]))
        assert [cell.source for cell in ours.cells] == [cell.source for cell in theirs.cells], (
            f"{name}: run make release"
        )
        assert [cell.id for cell in ours.cells] == [cell.id for cell in theirs.cells], name
        assert [cell.metadata for cell in ours.cells] == [cell.metadata for cell in theirs.cells], name


def test_a_release_has_skeletons_and_no_solution(fresh: Path) -> None:
    for path in fresh.rglob("*.ipynb"):
        solution = nbformat.read(ROOT / "solutions" / path.relative_to(fresh), as_version=4)
        released = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
        for cell in solution.cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("solution"):
                text = released[cell.id].source
                assert text != cell.source, f"{path.name} {cell.id}: released as it is"
                for marker in ("BEGIN SOLUTION", "END SOLUTION", "MARK SCHEME"):
                    assert marker not in text
                if cell.cell_type == "code":
                    assert "..." in text, f"{path.name} {cell.id}: no place to answer"


@pytest.mark.parametrize(
    ("indent", "solution", "expected"),
    [
        ("", "gradient = a * x\n", "gradient = ..."),
        ("", "factor = 1 - eta * a\nclosed_form = factor**t * x0\n", "closed_form = ..."),
        ("", "def run_sgd(start, lr, steps):\n    return start\n", "run_sgd = ..."),
        ("        ", "self.t = 0\n", "        ..."),
        ("", "print(1)\n", "..."),
    ],
)
def test_a_stub_runs_and_keeps_the_answer_to_itself(indent: str, solution: str, expected: str) -> None:
    assert stub(indent, solution) == expected
