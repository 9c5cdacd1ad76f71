"""What is handed in is repaired from the release where that is safe, or that one submission is rejected.

A submission is bytes from someone who can't be trusted: links that lead to the solutions, a notebook that isn't one,
test cells blanked, copied, moved, retyped or given more points. :func:`repair` keeps what the student wrote and takes
everything else from the release; each change is a sentence, which goes into the feedback and the ledger.
:func:`quarantine` does the same for the files beside the notebooks.
"""

from __future__ import annotations

import copy
import html
import json
import os
import re
import shutil
import stat
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.late import UnreadableTime, handed_in

MAX_NOTEBOOK_BYTES = 50_000_000
MAX_FILE_BYTES = 10_000_000  #: of a file beside the notebooks
MAX_FILES = 200
MAX_CELLS = 1000
MAX_SOURCE = 2_000_000  #: characters in all cells together
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
NOTE_ID = "intake-note"
FLAGS = ("grade", "solution", "locked", "points", "task")


class Rejected(ValueError):
    """This submission can't be graded, whatever is repaired; the message tells the student why and what to do."""


@dataclass(frozen=True)
class Intake:
    """A notebook that is safe to grade, and what had to be repaired for it, in sentences."""

    notebook: NotebookNode
    repairs: tuple[str, ...]


# ------------------------------------------------------------------------------------------- one notebook


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
        text = data.decode("utf-8-sig")
        if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.M):
            raise Rejected(f"The file holds the marks of an unresolved merge (<<<<<<<). Resolve it. {again}")
        found = json.loads(text)
    except Rejected:
        raise
    except UnicodeDecodeError as error:
        raise Rejected(f"The file is no notebook: byte {error.start} is not UTF-8 text. {again}") from None
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
            notebook = nbformat.convert(nbformat.reader.reads(json.dumps(found)), 4)
        cells = notebook.cells
        if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
            raise TypeError("cells")
        if len(cells) > MAX_CELLS:
            raise Rejected(f"The notebook has {len(cells)} cells; at most {MAX_CELLS} can be taken.")
        size = sum(len(_source(cell)) for cell in cells)
    except Rejected:
        raise
    except Exception as error:  # nbformat has no one exception for a notebook that isn't one
        raise Rejected(f"The file is JSON but no notebook ({type(error).__name__}). {again}") from None
    if size > MAX_SOURCE:
        raise Rejected(f"The cells hold {size:,} characters of code and text; at most {MAX_SOURCE:,} can be taken.")
    return notebook, version


def repair(data: bytes, release: NotebookNode) -> Intake:
    """Return what to grade: the student's own cells, and everything else as in the release.

    Raises Rejected when the file can't be read as a notebook.
    """
    handed_in, version = read_notebook(data)
    repairs: list[str] = []
    if version < 4:
        repairs.append("The notebook was in an old format and was converted.")
    kernel = _plain(handed_in.get("metadata")).get("kernelspec")
    wanted = _plain(release.metadata.get("kernelspec"))
    if isinstance(kernel, Mapping) and wanted and kernel.get("language", "python") != wanted.get("language", "python"):
        repairs.append(f"The notebook named another kernel ({_shown(kernel.get('name'))}); the course's was used.")
    originals = {cell.metadata.nbgrader["grade_id"]: cell for cell in release.cells if is_marked(cell)}
    tags = {tag for cell in release.cells for tag in cell.metadata.get("tags", ())} - {"skip-execution"}
    cells = [_own(cell, originals, tags, repairs) for cell in handed_in.cells]
    cells = _restored(_without_copies(cells, originals, repairs), originals, repairs)
    for name, cell in ((name, cell) for name, cell in cells if name is not None):
        _as_released(cell, originals[name], repairs)
    _number(cells, originals)
    plain = [cell for _, cell in cells]
    if repairs:
        plain.insert(0, note("Repaired before grading", repairs))
    metadata = {name: release.metadata[name] for name in ("kernelspec", "language_info") if name in release.metadata}
    notebook = nbformat.v4.new_notebook(cells=plain, metadata=copy.deepcopy(metadata))
    return Intake(notebook, tuple(dict.fromkeys(repairs)))


def rejected(release: NotebookNode, reason: str) -> NotebookNode:
    """Return what stands for a notebook that can't be graded: the untouched release below the reason."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.insert(0, note("This notebook could not be graded", [reason]))
    return notebook


def note(title: str, sentences: Sequence[str]) -> NotebookNode:
    """Return a Markdown cell with sentences, none of which can hold markup."""
    rows = "\n".join(f"- {html.escape(sentence)}" for sentence in sentences)
    return nbformat.v4.new_markdown_cell(f"**{title}**\n\n{rows}", id=NOTE_ID)


def is_marked(cell: NotebookNode) -> bool:
    """Say whether a cell of the release is nbgrader's: an answer, a test, a task or read-only."""
    about = cell.metadata.get("nbgrader", {})
    return bool(about.get("grade_id")) and any(about.get(flag) for flag in ("grade", "solution", "locked", "task"))


Named = tuple[str | None, NotebookNode]  # the released cell that this one is, and the cell


def _plain(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _source(cell: Mapping[str, Any]) -> str:
    """A cell's text; raises TypeError when it isn't text."""
    source = cell.get("source", "")
    if isinstance(source, str):
        return source
    if isinstance(source, list):
        return "".join(source)
    raise TypeError("source")


def _shown(value: object) -> str:
    """A student's word, short enough and plain enough for a sentence."""
    return repr(value)[:60] if isinstance(value, str) else f"a {type(value).__name__}"


def _own(cell: Any, originals: Mapping[str, Any], tags: set[str], repairs: list[str]) -> Named:
    """Return the student's cell with nothing but its text, and which released cell it says it is."""
    metadata = _plain(cell.get("metadata"))
    about = _plain(metadata.get("nbgrader"))
    said = about.get("grade_id")
    name = said if isinstance(said, str) and said in originals else None
    if name is None and any(about.get(flag) is True for flag in ("grade", "locked", "task")):
        repairs.append(f"A cell marked as graded that the release doesn't have ({_shown(said)}) counts as a plain one.")
    if name is not None:
        right = originals[name].metadata.nbgrader
        wrong = [flag for flag in FLAGS if flag in about and about[flag] != right.get(flag, False)]
        if wrong:
            repairs.append(f"{name} had other settings ({', '.join(wrong)}); the release's hold.")
    given = metadata.get("tags")
    extra = [tag for tag in given if not isinstance(tag, str) or tag not in tags] if isinstance(given, list) else []
    if extra:
        where = f" from {name}" if name else ""
        repairs.append(f"Cell tags were taken off{where}: {', '.join(map(_shown, extra[:5]))}.")
    kind = cell.get("cell_type")
    kind = kind if kind in ("code", "raw") else "markdown"
    # nbformat's own constructors look up the schema for every cell; the whole notebook is held to it at the end
    own = NotebookNode(id=cell.get("id"), cell_type=kind, metadata=NotebookNode(), source=_source(cell))
    if kind == "code":
        own.outputs, own.execution_count = [], None
    if own.cell_type == "markdown" and (pictures := _pictures(cell.get("attachments"))):
        own["attachments"] = pictures
    return name, own


def _pictures(attachments: object) -> dict[str, dict[str, str]]:
    """Return the bitmap attachments of a Markdown cell: a scan of a derivation, say."""
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in _plain(attachments).items():
        images = {
            kind: data
            for kind, data in _plain(bundle).items()
            if kind in ("image/png", "image/jpeg", "image/gif") and isinstance(data, str)
        }
        if images and isinstance(name, str):
            kept[name] = images
    return kept


def _without_copies(cells: list[Named], originals: Mapping[str, Any], repairs: list[str]) -> list[Named]:
    """One cell is the answer or the test; of its copies those that say nothing new go, others become plain cells.

    Of several answers the last that isn't the untouched skeleton counts.
    """
    places: dict[str, list[int]] = {}
    for index, (name, _) in enumerate(cells):
        if name is not None:
            places.setdefault(name, []).append(index)
    chosen, gone = {}, set()
    for name, found in places.items():
        untouched = originals[name].source.strip()
        edited = [index for index in found if cells[index][1].source.strip() != untouched]
        answers = originals[name].metadata.nbgrader.get("solution")
        chosen[name] = (edited or found)[-1] if answers else found[-1]
        if len(found) > 1:
            gone |= {index for index in found if index not in edited and index != chosen[name]}
            repairs.append(f"{name} was there {len(found)} times; the last one that was edited counts."
                           if answers else f"{name} was there {len(found)} times; one of them counts.")  # fmt: skip
    kept: list[Named] = []
    for index, (name, cell) in enumerate(cells):
        if index not in gone:
            kept.append((name if name is not None and chosen[name] == index else None, cell))
    return kept


def _restored(cells: list[Named], originals: Mapping[str, Any], repairs: list[str]) -> list[Named]:
    """Put missing cells back, and moved test cells where they belong: after the answers that come before them."""
    order = list(originals)
    present = [name for name, _ in cells if name is not None]
    moved = present != [name for name in order if name in present]
    if moved:
        repairs.append("Cells had been moved; the tests were put back into their order.")
        cells = [(name, cell) for name, cell in cells if name is None or _answers(originals[name])]
    for number, name in enumerate(order):
        here = [known for known, _ in cells]
        if name in here:
            continue
        if name not in present:
            repairs.append(f"{name} was missing and was put back.")
        before = [here.index(known) for known in order[:number] if known in here]
        start = max(before, default=-1) + 1
        later = [here.index(known) for known in order[number + 1 :] if known in here and here.index(known) >= start]
        # as late as the next of the course's cells allows: helpers that the student added come first
        at = (min(later) if later else len(cells)) if not _answers(originals[name]) else start
        cells.insert(at, (name, _put_back(originals[name])))
    return cells


def _answers(original: NotebookNode) -> bool:
    return bool(original.metadata.nbgrader.get("solution"))


def _put_back(original: NotebookNode) -> NotebookNode:
    cell = copy.deepcopy(original)
    if _answers(original) and cell.cell_type == "code":
        # The skeleton would overwrite an answer that was moved into a cell of the student's own.
        cell.source = "# This answer cell was missing from the submission."
    return cell


def _as_released(cell: NotebookNode, original: NotebookNode, repairs: list[str]) -> None:
    """Make a cell what the release says it is, in place; an answer keeps its text."""
    name, about = original.metadata.nbgrader["grade_id"], original.metadata.nbgrader
    if cell.cell_type != original.cell_type:
        repairs.append(f"{name} had become a {cell.cell_type} cell and is a {original.cell_type} cell again.")
        cell.cell_type = original.cell_type
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            for key in ("outputs", "execution_count"):
                cell.pop(key, None)
    if not about.get("solution") and cell.source != original.source:
        if cell.source.strip() != original.source.strip():
            repairs.append(f"{name} had been changed and is as released again.")
        cell.source = original.source
    cell.metadata = copy.deepcopy(original.metadata)
    cell["id"] = original.get("id", cell.get("id"))


def _number(cells: list[Named], originals: Mapping[str, Any]) -> None:
    """Give every cell an id of its own; the course's cells keep theirs."""
    taken = {original.get("id") for original in originals.values()}
    for index, (name, cell) in enumerate(cells):
        if name is not None:
            continue
        own = cell.get("id")
        if not isinstance(own, str) or not CELL_ID.fullmatch(own) or own in taken:
            own = f"own-{index}"
        taken.add(own)
        cell["id"] = own


# ------------------------------------------------------------------------------------------- the files beside it


def read_file(path: Path) -> bytes:
    """Return a submitted file's bytes; no link is followed and nothing waits. Raises Rejected."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        why = "it is a link, and links are not followed" if path.is_symlink() else error.strerror
        raise Rejected(f"The file {path.name} can't be read: {why}.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Rejected(f"{path.name} is no regular file.")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_NOTEBOOK_BYTES + 1)


def quarantine(folder: Path, away: Path) -> list[str]:
    """Move what must not be copied out of a submitted folder, to ``away``; return a sentence on each.

    Moved are links (never followed), devices and pipes, files above MAX_FILE_BYTES, more than MAX_FILES of them, and
    a timestamp that isn't one (nbgrader would stop at it). Notebooks stay: :func:`read_file` refuses what isn't one.
    """
    if folder.is_symlink():
        target = os.readlink(folder)
        _move(folder, away)
        return [f"The folder was a link (to {_shown(target)}): it was not followed."]
    said: list[str] = []
    count = 0
    for place, folders, files in os.walk(folder, followlinks=False):
        for name in sorted(folders + files):
            path = Path(place, name)
            if path.suffix == ".ipynb":
                continue
            about = path.lstat()
            count += name in files
            if why := _unwanted(path, about, count):
                said.append(f"{_shown(str(path.relative_to(folder)))} was left out: {why}.")
                _move(path, away / path.relative_to(folder))
    return said


def _unwanted(path: Path, about: os.stat_result, count: int) -> str:
    """Say why a file or folder must not be copied; empty for one that may."""
    if stat.S_ISLNK(about.st_mode):
        return f"it is a link (to {_shown(os.readlink(path))}), and links are not followed"
    if stat.S_ISDIR(about.st_mode):
        return ""
    if not stat.S_ISREG(about.st_mode):
        return "it is no regular file"
    if about.st_size > MAX_FILE_BYTES:
        return f"it has {about.st_size / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB are taken"
    if count > MAX_FILES:
        return f"there are more than {MAX_FILES} files"
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


# ------------------------------------------------------------------------------------------- the release


@lru_cache(maxsize=64)
def _released(path: Path, changed: float) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def released(config: Config, assignment: str, notebook: str) -> NotebookNode:
    """Return a notebook as it is released. Raises FileNotFoundError, with what to do, when there is none."""
    path = release_folder(config, assignment) / f"{notebook}.ipynb"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run nbgrader generate_assignment {assignment} first")
    return copy.deepcopy(_released(path, path.stat().st_mtime))


def release_folder(config: Config, assignment: str) -> Path:
    """Return where nbgrader puts the release of an assignment."""
    course = CourseDirectory(config=config)
    return Path(course.format_path(course.release_directory, ".", assignment))
