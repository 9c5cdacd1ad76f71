"""One planted class for all tests of this folder, made once in each worker; ``planted_copy`` is one to change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.demo.synthetic import Truth, plant

STUDENTS = 40  #: the awkward names are among the first forty


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """Forty planted students in all three parts. Read it only; its folder is ``planted.course``."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(shutil.which("alembic") or ""), before])
    return plant(tmp_path_factory.mktemp("planted") / "course", STUDENTS)


@pytest.fixture
def planted_copy(planted: Truth, tmp_path: Path) -> Callable[[], Truth]:
    """A function that copies the planted course, to be changed."""

    def copied() -> Truth:
        course = tmp_path / "course"
        shutil.copytree(planted.course, course)
        return replace(planted, course=course)

    return copied
