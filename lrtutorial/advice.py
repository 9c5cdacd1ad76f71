"""Errors that advise: what a student or an instructor can mend, said with what to do.

Everything else that is raised is a fault of the program, and is shown as one (:func:`fault`).
"""

from __future__ import annotations

import linecache
import traceback


class Said(Exception):
    """An error that IPython shows by its words alone, with no traceback."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Advice(Said):
    """Something the reader can mend: the message says what was expected, what came and what to do.

    Subclasses are also the built-in exception that a caller would expect, such as ``class UnknownName(Advice,
    LookupError)``.
    """

    def __str__(self) -> str:
        """The message as it is: a KeyError's would be quoted."""
        return " ".join(map(str, self.args))

    def _render_traceback_(self) -> list[str]:
        """The message; where a function of the reader's notebook lies between, also the line there that led to it."""
        steps = list(traceback.walk_tb(self.__traceback__))
        own = [(frame.f_code, line) for frame, line in steps if frame.f_globals.get("__name__") == "__main__"]
        if len(own) < 2:
            return super()._render_traceback_()
        code, line = own[-1]
        text = linecache.getline(code.co_filename, line).strip()
        return [*super()._render_traceback_(), f"It came from line {line} of {code.co_name}'s cell: {text}"]


class Unusable(Advice, ValueError):
    """A value, a word or an address that can't be used."""


class WrongType(Advice, TypeError):
    """A value of another type than the one that is needed, or a word that isn't known."""


class NotThere(Advice, FileNotFoundError):
    """A file that something else has to make first."""


class Unwritable(Advice, OSError):
    """A file or a folder that can't be written where it was asked for."""


class Refused(Advice, RuntimeError):
    """Something that can't be done as things are."""


def name_of(error: BaseException | str) -> str:
    """Return what to call an exception, given itself or by its class's name: advice by Python's own name for it.

    The names of this module's classes mean nothing to a reader; what Unusable is too, a ValueError, does.
    """
    kind = globals().get(error) if isinstance(error, str) else type(error)
    if not isinstance(kind, type) or not issubclass(kind, Advice):
        return error if isinstance(error, str) else type(error).__name__
    return next((one.__name__ for one in kind.__mro__ if one.__module__ == "builtins"), kind.__name__)


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
