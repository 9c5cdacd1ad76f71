"""Text and names that a database, a file and a page can hold, from whatever was handed in."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from typing import Any

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNHELD = re.compile("[\ud800-\udfff\x00]")
LONGEST_ID, LONGEST_NAME = 128, 255  #: characters of a student's id in a gradebook, bytes of a folder's name on a disk


def holds(text: str) -> bool:
    """Say whether text can be kept everywhere: no half of a character (a lone surrogate), no NUL."""
    return _UNHELD.search(text) is None


def kept(value: object) -> Any:
    """Return plain data with each half of a character and each NUL in its texts replaced by U+FFFD.

    >>> kept({"a": ["half \\ud83d"]}) == {"a": ["half \\ufffd"]}
    True
    """
    if isinstance(value, str):
        return _UNHELD.sub("\ufffd", value)
    if isinstance(value, dict):
        return {kept(name): kept(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(kept(part) for part in value)
    return value


def fitting(name: str, size: int, letters: int | None = None, suffix: str = "") -> str:
    """Return a name in at most this many bytes (and letters): one that is longer ends with a mark of its own.

    >>> fitting("coins.ipynb", 255), len(fitting("x" * 300, 200)), fitting("x" * 300, 10) == fitting("y" * 300, 10)
    ('coins.ipynb', 200, False)
    """
    raw = name.encode("utf-8", "surrogateescape")
    letters = size if letters is None else letters
    if len(raw) <= size and len(name) <= letters:
        return name
    end = f"~{hashlib.sha256(raw).hexdigest()[:8]}{suffix}"
    return raw[: size - len(end)].decode("utf-8", "ignore")[: letters - len(end)] + end


def student_of(folder: str) -> str:
    """Return the student's id for the name of a folder: the same one however the name is spelled in bytes.

    A Mac takes ö apart (NFD), others don't (NFC); an old zip's names are Latin-1. Everything else stays as it is:
    leading zeros, spaces, apostrophes; only a line break and its like, at which nbgrader's own commands stop, is ``_``,
    and what is too long for a gradebook or, spelled in UTF-8, for a folder's name is shortened.

    >>> student_of("Zoe\\u0308") == student_of(os.fsdecode(b"Zo\\xeb")) == "Zo\\u00eb"
    True
    """
    raw = os.fsencode(folder)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return fitting(_CONTROL.sub("_", unicodedata.normalize("NFC", text)), LONGEST_NAME, LONGEST_ID)
