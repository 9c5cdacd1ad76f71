"""Copies of the course for tests: without what a course at work has written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def without(*patterns: str) -> Callable[[str, list[str]], set[str]]:
    """Return what ``shutil.copytree`` leaves out: these names, and of ``autograder`` its runtime state in ``course``.

    ``lrtutorial/course`` is a part of the package.
    """
    others = shutil.ignore_patterns(*patterns)

    def ignore(folder: str, names: list[str]) -> set[str]:
        state = {"course"} & set(names) if Path(folder).name == "autograder" else set()
        return set(others(folder, names)) | state

    return ignore
