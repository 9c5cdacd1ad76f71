"""The files beside the notebooks, copied to where the graded notebooks lie."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from autograder.intake.quarantine import FULL, MAX_FILE_BYTES, clear_way
from autograder.intake.reading import shown
from autograder.intake.text import kept


def copy_beside(source: Path, to: Path) -> list[str]:
    """Copy the regular files beside the notebooks; return a sentence on each that a disk or its owner doesn't give.

    A link is never followed. What is in the way from an earlier time goes; a folder that is named as a notebook stays
    out of the notebook's place.
    """
    said = []
    for path in _regular(source):
        inside = path.relative_to(source)
        if any(part.endswith(".ipynb") for part in inside.parts) or ".ipynb_checkpoints" in inside.parts:
            continue
        try:
            clear_way(to / inside, to)
            shutil.copyfile(path, to / inside, follow_symlinks=False)
        except OSError as error:
            if error.errno in (*FULL, errno.EROFS) or not os.access(to, os.W_OK):
                raise
            said.append(f"{shown(kept(str(inside)))} was not copied: {error.strerror}.")
    return said


def _regular(source: Path) -> Iterator[Path]:
    for place, _, files in os.walk(source, followlinks=False):
        for name in files:
            path = Path(place, name)
            try:
                about = path.lstat()
            except OSError:  # the intake has said so
                continue
            if stat.S_ISREG(about.st_mode) and about.st_size <= MAX_FILE_BYTES:
                yield path
