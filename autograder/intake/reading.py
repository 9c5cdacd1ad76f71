"""Reads what was handed in: untrusted bytes become a notebook, or that one submission is rejected."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import warnings
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode

from autograder.intake.text import kept
from lrtutorial.advice import Advice
from lrtutorial.course.exercise import COMMITTED

MAX_NOTEBOOK_BYTES = 50_000_000
MAX_CELLS = 1000
_HALF = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
MOST_OUTPUTS, LONGEST_TOLD = 50, 4000  #: outputs of a cell, and characters of one, that are looked at
MAX_SOURCE = 2_000_000  #: characters in all cells together


class Rejected(Advice, ValueError):
    """This submission can't be graded, whatever is repaired; the message tells the student why and what to do."""


def read_notebook(data: bytes) -> tuple[NotebookNode, int]:
    """Return what a student handed in, converted to format 4 and nothing in it trusted, and its own format.

    Raises Rejected.
    """
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise Rejected(
            f"The notebook has {len(data) / 1e6:.0f} MB; at most {MAX_NOTEBOOK_BYTES / 1e6:.0f} MB can be taken. "
            "Clear its outputs (Edit > Clear Outputs of All Cells), save and hand in again."
        )
    again = "Open it in JupyterLab, save it there and hand in again."
    try:
        text = data.decode(json.detect_encoding(data))  # an editor of Windows may save it as UTF-16
        if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.M):
            raise Rejected(f"The file holds the marks of an unresolved merge (<<<<<<<). Resolve it. {again}")
        found = kept(json.loads(text))
    except Rejected:
        raise
    except UnicodeDecodeError as error:
        raise Rejected(
            f"The file is no notebook: byte {error.start} is not {error.encoding.upper()} text. {again}"
        ) from None
    except RecursionError:
        raise Rejected(f"The file is no notebook: it is nested too deeply. {again}") from None
    except ValueError as error:
        what = "empty" if not data.strip() else f"not JSON ({str(error)[:100]})"
        raise Rejected(f"The file is no notebook: it is {what}. {again}") from None
    version = found.get("nbformat") if isinstance(found, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise Rejected(f"The file is JSON but no notebook: it names no notebook format. {again}")
    if not 3 <= version <= 4:
        raise Rejected(f"The notebook has format {str(version)[:20]}; formats 3 and 4 can be read. {again}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about ids and metadata, all of which are replaced
            _complete(found)
            notebook = nbformat.convert(nbformat.reader.reads(json.dumps(found)), 4)
        cells = notebook.cells
        if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
            raise TypeError("cells")
        if len(cells) > MAX_CELLS:
            raise Rejected(f"The notebook has {len(cells)} cells; at most {MAX_CELLS} can be taken.")
        size = sum(len(source_of(cell)) for cell in cells)
    except Rejected:
        raise
    except Exception as error:  # nbformat has no one exception for a notebook that isn't one
        raise Rejected(f"The file is JSON but no notebook ({type(error).__name__}). {again}") from None
    if size > MAX_SOURCE:
        raise Rejected(f"The cells hold {size:,} characters of code and text; at most {MAX_SOURCE:,} can be taken.")
    return notebook, version


def _complete(found: dict[str, object]) -> None:
    """Put in what the format asks of a code cell and nothing depends on: a tool may have taken it out.

    Of the outputs stays what tells which prediction was first.
    """
    cells = found.get("cells")
    for cell in cells if isinstance(cells, list) else ():
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = first_predictions(cell.get("outputs")), None
            if not isinstance(cell.get("metadata"), dict):
                cell["metadata"] = {}


def first_predictions(outputs: object) -> list[NotebookNode]:
    """Return, of a check's saved outputs, what tells which prediction was committed first; nothing else is kept.

    It is a claim of the submission, worth no more than what stands in an answer's cell.
    """
    for output in outputs[:MOST_OUTPUTS] if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        told = data.get(COMMITTED) if isinstance(data, dict) else None
        try:
            text = json.dumps(told, allow_nan=False) if isinstance(told, dict) else ""
        except (ValueError, TypeError, RecursionError):
            continue
        if 0 < len(text) <= LONGEST_TOLD:
            return [nbformat.v4.new_output("display_data", data={COMMITTED: json.loads(text)})]
    return []


def is_whole(data: bytes) -> bool:
    """Say whether the texts of a notebook that can be read hold no half of a character and no NUL."""
    return not _HALF.search(data) or (found := json.loads(data.decode("utf-8-sig", "replace"))) == kept(found)


def source_of(cell: Mapping[str, object]) -> str:
    """A cell's text; raises TypeError when it isn't text."""
    source = cell.get("source", "")
    if isinstance(source, str):
        return source
    if isinstance(source, list):
        return "".join(source)
    raise TypeError("source")


def shown(value: object) -> str:
    """A student's word, short enough and plain enough for a sentence."""
    return repr(value)[:60] if isinstance(value, str) else f"a {type(value).__name__}"


def read_file(path: Path) -> bytes:
    """Return a submitted file's bytes; no link is followed and nothing waits. Raises Rejected."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        why = "it is a link, and links are not followed" if error.errno == errno.ELOOP else error.strerror
        raise Rejected(f"The file {path.name} can't be read: {why}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Rejected(f"{path.name} is no regular file.")
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(MAX_NOTEBOOK_BYTES + 1)
        except OSError as error:  # a disk or a network that gives up
            raise Rejected(f"The file {path.name} can't be read: {error.strerror}.") from None
