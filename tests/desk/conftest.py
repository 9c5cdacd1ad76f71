"""One planted class for all tests of this folder, made once in each worker; ``planted_copy`` is one to change."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.demo.synthetic import Truth, plant

STUDENTS = 40  #: the awkward names are among the first forty


@pytest.fixture(scope="session", autouse=True)
def programs_on_the_path() -> Iterator[None]:
    """nbgrader calls alembic by name when it makes a gradebook."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """Forty planted students in all three parts. Read it only; its folder is ``planted.course``."""
    return plant(tmp_path_factory.mktemp("planted") / "course", STUDENTS)


@pytest.fixture
def planted_copy(planted: Truth, tmp_path: Path) -> Callable[[], Truth]:
    """A function that copies the planted course, to be changed."""

    def copied() -> Truth:
        course = tmp_path / "course"
        shutil.copytree(planted.course, course)
        return replace(planted, course=course)

    return copied
