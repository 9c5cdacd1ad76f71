"""What must not be copied out of a submitted folder: links, devices, what is too large or too much."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from autograder.intake.reading import shown
from autograder.intake.timestamp import UnreadableTime, handed_in

MAX_FILE_BYTES = 10_000_000  #: of a file beside the notebooks
MAX_FILES = 200
TOO_MANY = f"there are more than {MAX_FILES}"


def quarantine(folder: Path, away: Path) -> list[str]:
    """Move what must not be copied out of a submitted folder, to ``away``; return a sentence on each.

    Moved are links (never followed), devices and pipes, files above MAX_FILE_BYTES, more than MAX_FILES of them, and
    a timestamp that isn't one (nbgrader would stop at it). Notebooks stay: :func:`read_file` refuses what isn't one.
    """
    if folder.is_symlink():
        target = os.readlink(folder)
        _move(folder, away)
        return [f"The folder was a link (to {shown(target)}): it was not followed."]
    said: list[str] = []
    count = too_many = 0
    for place, folders, files in os.walk(folder, followlinks=False):
        for name in sorted(folders + files):
            path = Path(place, name)
            if path.suffix == ".ipynb":
                continue
            about = path.lstat()
            count += name in files
            if why := _unwanted(path, about, count):
                too_many += why == TOO_MANY
                if why != TOO_MANY:
                    said.append(f"{shown(str(path.relative_to(folder)))} was left out: {why}.")
                _move(path, away / path.relative_to(folder))
    return said + ([f"{too_many} files were left out: {TOO_MANY}."] if too_many else [])


def time_unknown(folder: Path, away: Path) -> str:
    """Return a sentence where a submission's time can't be read, before or after it was moved ``away``; else ''."""
    for place in (folder, away):
        try:
            handed_in(place)
        except UnreadableTime as error:
            return f"When it was handed in is not known, and no penalty is taken: of timestamp.txt, {error.why}."
        if (place / "timestamp.txt").exists():
            return ""
    return ""


def _unwanted(path: Path, about: os.stat_result, count: int) -> str:
    """Say why a file or folder must not be copied; empty for one that may."""
    if stat.S_ISLNK(about.st_mode):
        return f"it is a link (to {shown(os.readlink(path))}), and links are not followed"
    if stat.S_ISDIR(about.st_mode):
        return ""
    if not stat.S_ISREG(about.st_mode):
        return "it is no regular file"
    if about.st_size > MAX_FILE_BYTES:
        return f"it has {about.st_size / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB are taken"
    if count > MAX_FILES:
        return TOO_MANY
    if path.name == "timestamp.txt":
        try:
            handed_in(path.parent)
        except UnreadableTime as error:
            return error.why
    return ""


def _move(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if to.is_symlink() or to.is_file():
        to.unlink()
    elif to.is_dir():
        shutil.rmtree(to)
    shutil.move(path, to)
