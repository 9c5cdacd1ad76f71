"""Text and names that a database, a file and a page can hold, from whatever was handed in."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import Any

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNHELD = re.compile("[\ud800-\udfff\x00]")


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


def student_of(folder: str) -> str:
    """Return the student's id for the name of a folder: the same one however the name is spelled in bytes.

    A Mac takes ö apart (NFD), others don't (NFC); an old zip's names are Latin-1. Everything else stays as it is:
    leading zeros, spaces, apostrophes; only a line break and its like, at which nbgrader's own commands stop, is ``_``.

    >>> student_of("Zoe\\u0308") == student_of(os.fsdecode(b"Zo\\xeb")) == "Zo\\u00eb"
    True
    """
    raw = os.fsencode(folder)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return _CONTROL.sub("_", unicodedata.normalize("NFC", text))
