"""Names that nobody has: the error, and the sentence with the nearest ones."""

from __future__ import annotations

import difflib

from lrtutorial.advice import Advice


class UnknownName(Advice, LookupError):
    """No assignment or student has this name; the message suggests the nearest."""


def nearest(name: str, known: list[str]) -> str:
    """Return a sentence with the names nearest to a mistyped one."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    if near:
        return f"Did you mean {' or '.join(map(repr, near))}?"
    return f"There is {', '.join(known[:20])}{', …' if len(known) > 20 else ''}." if known else "There is none yet."
