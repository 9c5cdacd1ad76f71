"""Errors that advise: what a student or an instructor can mend, said with what to do.

Everything else that is raised is a fault of the program, and is shown as one (:func:`fault`).
"""

from __future__ import annotations

import traceback


class Advice(Exception):
    """Something the reader can mend: the message says what was expected, what came and what to do.

    Subclasses are also the built-in exception that a caller would expect, such as ``class UnknownName(Advice,
    LookupError)``.
    """

    def __str__(self) -> str:
        """The message as it is: a KeyError's would be quoted."""
        return " ".join(map(str, self.args))


class Unusable(Advice, ValueError):
    """A value, a word or an address that can't be used."""


class NotThere(Advice, FileNotFoundError):
    """A file that something else has to make first."""


class Unwritable(Advice, OSError):
    """A file or a folder that can't be written where it was asked for."""


class Refused(Advice, RuntimeError):
    """Something that can't be done as things are."""


def fault(error: BaseException) -> str:
    """Return what to say of an error that nobody but us can mend: what it is, where it arose, what to report."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(
        f" in {frame.name} ({'/'.join(frame.filename.split('/')[-2:])}, line {frame.lineno})" for frame in last
    )
    said = " ".join(str(error).split())[:300] or "no message"
    return (
        f"this is a fault of the program, not yours: {type(error).__name__}{where}: {said}. Please report it to "
        "whoever gave you the course, with the command or cell that you ran and this line."
    )
