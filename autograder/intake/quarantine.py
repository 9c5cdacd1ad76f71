"""What must not be copied out of a submitted folder: links, devices, what is too large or too much."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from pathlib import Path

from autograder.intake.reading import MAX_NOTEBOOK_BYTES, shown
from autograder.intake.timestamp import TIMESTAMP, UnreadableTime, handed_in

PACKED_OR_NOTEBOOK = (".ipynb", ".zip")  #: endings of what is graded, or holds it
MAX_FILE_BYTES = 10_000_000  #: of a file beside the notebooks
MAX_FILES = 200
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)  #: of the machine, not of one submission
TOO_MANY = f"there are more than {MAX_FILES}"


def quarantine(folder: Path, away: Path) -> list[str]:
    """Move what must not be copied out of a submitted folder, to ``away``; return a sentence on each.

    Moved are links (never followed), devices and pipes, files above MAX_FILE_BYTES, more than MAX_FILES of them, and
    a timestamp that isn't one (nbgrader would stop at it). Notebooks stay: :func:`read_file` refuses what isn't one.
    """
    if os.path.islink(folder):
        target = _target(folder)
        kept = _move(folder, away, away.parent)
        return [f"The folder was a link{target}: it was not followed{kept}."]
    said: list[str] = []
    count = too_many = 0
    for place, folders, files in os.walk(folder, followlinks=False):
        for name in sorted(folders + files):
            path = Path(place, name)
            if path.suffix == ".ipynb":
                continue
            try:
                about = path.lstat()
            except OSError as error:  # nothing copies what can't even be looked at
                said.append(f"{shown(str(path.relative_to(folder)))} was left out: {error.strerror}.")
                continue
            work = stat.S_ISREG(about.st_mode) and name.lower().endswith(PACKED_OR_NOTEBOOK)
            if work and about.st_size <= MAX_NOTEBOOK_BYTES:
                continue
            count += name in files
            if why := _unwanted(path, about, count):
                kept = _move(path, away / path.relative_to(folder), away.parent)
                too_many += why == TOO_MANY
                if why != TOO_MANY:
                    said.append(f"{shown(str(path.relative_to(folder)))} was left out: {why}{kept}.")
    return said + ([f"{too_many} files were left out: {TOO_MANY}."] if too_many else [])


def time_unknown(folder: Path, away: Path) -> str:
    """Return a sentence where a submission's time can't be read, before or after it was moved ``away``; else ''."""
    for place in (folder, away):
        try:
            handed_in(place)
        except UnreadableTime as error:
            return f"When it was handed in is not known, and no penalty is taken: of timestamp.txt, {error.why}."
        with contextlib.suppress(OSError):
            if (place / TIMESTAMP).is_file():
                return ""
    return ""


def _unwanted(path: Path, about: os.stat_result, count: int) -> str:
    """Say why a file or folder must not be copied; empty for one that may."""
    if stat.S_ISLNK(about.st_mode):
        return f"it is a link{_target(path)}, and links are not followed"
    if stat.S_ISDIR(about.st_mode):
        return ""
    if not stat.S_ISREG(about.st_mode):
        return "it is no regular file"
    if about.st_size > MAX_FILE_BYTES:
        return f"it has {about.st_size / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB are taken"
    if count > MAX_FILES:
        return TOO_MANY
    if path.name == TIMESTAMP:
        try:
            handed_in(path.parent)
        except UnreadableTime as error:
            return error.why
    return ""


def _target(link: Path) -> str:
    try:
        return f" (to {shown(os.readlink(link))})"
    except OSError:
        return ""


def _move(path: Path, to: Path, below: Path) -> str:
    """Move it; return what to say where it had to stay, as in a folder that nobody may write."""
    try:
        clear_way(to, below)
        shutil.move(path, to)
    except OSError as error:
        if error.errno in FULL:
            raise
        return f" (it stays where it is: {error.strerror})"
    return ""


def clear_way(to: Path, below: Path) -> None:
    """Make a path free: whatever is there goes, and a file where it needs a folder ``below``; that folder is made."""
    for above in reversed(to.parents):
        if above.is_relative_to(below) and os.path.lexists(above) and (above.is_symlink() or not above.is_dir()):
            above.unlink()
    to.parent.mkdir(parents=True, exist_ok=True)
    if to.is_dir() and not to.is_symlink():
        shutil.rmtree(to)
    else:
        to.unlink(missing_ok=True)
