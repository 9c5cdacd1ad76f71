"""Tables that are there as a whole or not at all, and that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path

from lrtutorial.advice import Unwritable
from lrtutorial.files import write_whole

Cell = str | float | None


#: What begins a formula in a spreadsheet; the last four are their full-width forms.
FORMULA = "=+\\-@\t\r\n＝＋－＠"
# By hand: defusedcsv looks at a cell's first character alone, and knows neither tabs, line ends nor full-width signs.
_leading = re.compile(rf"\A[ \u00a0\ufeff\u200b]*[{FORMULA}]")
_inside = re.compile(rf"([;,|\t\r\n\"][ \u00a0]*)(?=[{FORMULA}])")


def safe(text: str) -> str:
    """Return text as no spreadsheet takes for a formula: an apostrophe goes before whatever could begin one.

    Also within the text, where a cell could begin for a spreadsheet that separates cells otherwise. A lone hyphen is
    text. Source: OWASP Application Security Verification Standard 5.0, requirement 1.2.10.

    >>> safe("=cmd()"), safe("Ada"), safe("x;@SUM(D7)")
    ("'=cmd()", 'Ada', "x;'@SUM(D7)")
    """
    text = _inside.sub(r"\1'", text.replace("\0", "\ufffd"))
    return f"'{text}" if _leading.match(text) and text != "-" else text


def cell(value: Cell) -> str:
    """Return a cell's text: a number as a number, nothing for None, text as :func:`safe` makes it.

    >>> cell(-2.5), cell("-2.5"), cell(0.1 + 0.2), cell(None)
    ('-2.5', "'-2.5", '0.3', '')
    """
    if value is None:
        return ""
    return safe(value) if isinstance(value, str) else f"{value:.10g}"


def write_table(path: Path, rows: Sequence[Sequence[Cell]], *, byte_order_mark: bool = False) -> None:
    """Write rows as CSV (RFC 4180, UTF-8), as a whole or not at all. Raises Unwritable, with what to do."""
    encoding = "utf-8-sig" if byte_order_mark else "utf-8"
    table = io.StringIO(newline="")
    csv.writer(table).writerows([cell(value) for value in row] for row in rows)
    try:
        if path.exists() and not path.is_file():  # a pipe or /dev/stdout; a folder refuses by itself
            path.write_text(table.getvalue(), encoding=encoding, errors="backslashreplace", newline="")
            return
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if not path.parent.is_dir():  # a slip in the name: no folder is made for it
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        write_whole(path, table.getvalue(), mode=like_others(path), encoding=encoding, errors="backslashreplace")
    except OSError as error:
        raise Unwritable(
            f"the grades can't be written to {path} ({error.strerror}): name a file that you may write"
        ) from error


def like_others(path: Path) -> int:
    """The permissions a file has: those it had, or those the user's files get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
