"""Graded classes that tests of this folder share: a sample class, and the smallest one, each in a course of its own."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import commands
from tests.grading.a1 import PART, ROOT, environment, grade, hand_in, in_course
from tests.released import Release, release  # noqa: F401 – a fixture

__all__ = ["ROOT", "Graded", "environment", "in_course"]


@dataclass(frozen=True)
class Graded:
    """A course folder after ``python -m autograder demo``, and what the command printed."""

    course: Path
    printed: str


@pytest.fixture(scope="session")
def sample_class(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """The sample class, graded in Parts A and B in kernels whose hashes have a seed of their own."""
    course = tmp_path_factory.mktemp("course")
    words = [sys.executable, "-m", "autograder", "demo", "part_a", "part_b"]
    done = commands.run(words, cwd=ROOT, env=environment(course), quick_zygotes=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Graded(course, done.stdout)


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory, release: Release) -> Path:  # noqa: F811
    """A course whose gradebook knows Part A, with nothing handed in. Read it only."""
    course = release(tmp_path_factory.mktemp("released"), PART)
    (course / "secret").write_text("s" * 64)
    return course


@pytest.fixture
def course(released: Path, tmp_path: Path) -> Path:
    """A fresh copy of that course."""
    return Path(shutil.copytree(released, tmp_path / "course"))


@pytest.fixture(scope="session")
def ada_graded(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which ada's A1 is graded, all right. Read it only."""
    place = Path(shutil.copytree(released, tmp_path_factory.mktemp("graded") / "course"))
    hand_in(place, "ada")
    done = grade(place, PART)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


@pytest.fixture
def with_ada(ada_graded: Path, tmp_path: Path) -> Path:
    """A fresh copy of the course in which ada is graded."""
    return Path(shutil.copytree(ada_graded, tmp_path / "course"))
