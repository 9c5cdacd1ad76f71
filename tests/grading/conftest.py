"""One graded sample class for all tests of this folder, in a course of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import commands
from tests.released import release  # noqa: F401 – a fixture

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Graded:
    """A course folder after ``python -m autograder demo``, and what the command printed."""

    course: Path
    printed: str


def in_course(course: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command from the root with another course folder."""
    return commands.run(command, cwd=ROOT, env=environment(course))


def environment(course: Path) -> dict[str, str]:
    """The variables of a command for another course folder."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "LRTUTORIAL_COURSE": str(course), "PATH": path}


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """The sample class, graded in Parts A and B."""
    course = tmp_path_factory.mktemp("course")
    done = in_course(course, sys.executable, "-m", "autograder", "demo", "part_a", "part_b")
    assert done.returncode == 0, done.stdout + done.stderr
    return Graded(course, done.stdout)
