"""A course folder with parts released into its gradebook: made once in a run of the tests, and copied from then on."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests import commands

ROOT = Path(__file__).resolve().parents[1]
Release = Callable[..., Path]


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A function: ``release(course, "part_a", ...)`` puts the gradebook and ``release/`` of the parts into a folder."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # by all workers of this run

    def put(course: Path, *parts: str) -> Path:
        made = shared / "-".join(("released", *parts))
        with FileLock(f"{made}.lock"):
            if not made.exists():
                new = Path(tempfile.mkdtemp(dir=shared))
                if parts[1:]:
                    put(new, *parts[:-1])
                _generate(new, parts[-1])
                new.rename(made)
        shutil.copytree(made, course, dirs_exist_ok=True)
        return course

    return put


def _generate(course: Path, part: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = commands.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", part, "--create",
         f"--CourseDirectory.release_directory={course / 'release'}"],
        cwd=ROOT, env={**os.environ, "LRTUTORIAL_COURSE": str(course), "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
