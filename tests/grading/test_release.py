"""The release in ``notebooks/`` is what nbgrader makes of ``solutions/``, and holds no answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.hooks.skeletons import stub
from lrtutorial.course import current
from tests import commands
from tests.grading.conftest import ROOT
from tests.released import Release


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, release: Release) -> Path:
    """A release made in this run. Read it only."""
    return release(tmp_path_factory.mktemp("course"), *current().parts) / "release"


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


GENERATE = ("generate_assignment", "part_a", "--create")
NOT_ACTIVATED = "/usr/bin:/bin"  #: a PATH on which none of the environment's programs is


@pytest.mark.whole
def test_a_release_is_made_without_an_activated_environment_and_stays_when_the_next_fails(tmp_path: Path) -> None:
    course = tmp_path / "course"
    words = [*GENERATE, f"--CourseDirectory.release_directory={course / 'r'}"]
    environment = {"HOME": str(course), "PATH": NOT_ACTIVATED, "LRTUTORIAL_COURSE": str(course)}
    program = str(Path(sys.executable).with_name("nbgrader"))  # by its full name
    first_run = subprocess.run(
        [program, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert first_run.returncode == 0 and "Traceback" not in first_run.stderr, first_run.stderr
    first = {path.name: path.read_bytes() for path in (course / "r" / "part_a").iterdir()}
    assert len(first) == 5
    again = [sys.executable, "-m", "nbgrader", *words, "--force"]
    failing = "--CourseDirectory.db_url=sqlite:////proc/nothing/gradebook.db"  # found out after the old one is removed
    done = commands.run([*again, failing], cwd=ROOT, env=environment)
    assert done.returncode != 0
    assert {path.name: path.read_bytes() for path in (course / "r" / "part_a").iterdir()} == first
    done = commands.run(again, cwd=ROOT, env=environment)
    assert done.returncode == 0
    assert sorted(path.name for path in (course / "r").iterdir()) == ["part_a"]
