"""Which of the files in a folder are the exercises: known by their cells as well as by their names.

An LMS renames (``ada_123_coins.ipynb``), a browser numbers (``coins (1).ipynb``), JupyterLab copies
(``coins-Copy1.ipynb``), people zip and put into folders. :func:`look` finds what was meant and says what became of
every other file. Nothing is unpacked, no link is followed.
"""

from __future__ import annotations

import calendar
import contextlib
import io
import itertools
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from nbformat.notebooknode import NotebookNode

from autograder.cells import is_marked
from autograder.intake.quarantine import MAX_FILE_BYTES, MAX_FILES, PACKED_OR_NOTEBOOK
from autograder.intake.reading import MAX_NOTEBOOK_BYTES, Rejected, read_file, read_notebook, shown, source_of
from autograder.intake.text import kept
from autograder.intake.timestamp import TIMESTAMP

MAX_DEPTH = 8  #: folders below each other
MAX_FOUND = 1000  #: files and members of zips that are looked at
MAX_NAMES = 50_000  #: names of files that are read for them
MAX_UNPACKED = 100_000_000  #: bytes of all members of one zip together, with those of zips in it
MAX_ZIPS = 3  #: zips in each other that are looked into
MAX_BESIDE = 8_000_000  #: bytes of all files beside a notebook that its kernel gets
#: What is no data for a notebook: pages, documents, packed and compiled files.
NO_DATA = {
    ".html", ".htm", ".mhtml", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".pages", ".tex", ".zip", ".rar", ".7z", ".gz",
    ".tar", ".tgz", ".bz2", ".xz", ".ipynb", ".pyc", ".pyo", ".so", ".pyd", ".dll", ".exe", ".webloc", ".lnk",
}  # fmt: skip
#: What Python's zipfile raises for one that is damaged or made to harm.
UNREADABLE = (
    zipfile.BadZipFile, RuntimeError, ValueError, OSError, NotImplementedError, EOFError, zlib.error, struct.error,
)  # fmt: skip
_SKIPPED = re.compile(
    r"(?:^|/)(?:\.(?!\.?(?:/|$))[^/]*|__MACOSX|__pycache__|Thumbs\.db|desktop\.ini)(?:/|$)", re.IGNORECASE
)
_ADDED = re.compile(r"(?:[\s_.-]*(?:copy|kopie|copie|final|neu|new|fixed|v?\d+|\(\d+\)))+$", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """One file, or one member of a zip, with what is in it."""

    name: str  #: its path in the folder; of a member, ``work.zip/coins.ipynb``
    data: bytes = field(repr=False)
    changed: float = 0.0
    problem: str = ""  #: why it can't be read

    @cached_property
    def notebook(self) -> NotebookNode | None:
        """The notebook that it is, or None."""
        if self.problem or not self.data.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1] == b"{":
            return None
        try:
            return read_notebook(self.data)[0]
        except Rejected:
            return None

    @property
    def is_notebook(self) -> bool:
        """Whether its name or its content says that it is a notebook."""
        return self.name.lower().endswith(".ipynb") or (b'"cells"' in self.data and self.notebook is not None)

    @cached_property
    def grade_ids(self) -> set[str]:
        """The grade_ids in its cells."""
        cells = self.notebook.cells if self.notebook else ()
        abouts = [cell.get("metadata", {}).get("nbgrader") for cell in cells if isinstance(cell.get("metadata"), dict)]
        found = [about.get("grade_id") for about in abouts if isinstance(about, dict)]
        return {name for name in found if isinstance(name, str)} | {
            cell["id"] for cell in cells if isinstance(cell.get("id"), str)
        }


@dataclass(frozen=True)
class Candidate:
    """What is graded as one exercise."""

    file: Found
    repairs: tuple[str, ...]  #: sentences for the student: under which name it came, and what does not count beside it


@dataclass(frozen=True)
class HandedIn:
    """What one folder holds: a candidate for each exercise that was found, and a sentence on every other file."""

    candidates: dict[str, Candidate]
    others: tuple[str, ...]
    files: tuple[Found, ...] = field(repr=False)

    def beside(self, candidate: Candidate) -> dict[str, bytes]:
        """Return the data beside a notebook, {relative path: bytes}: what its program can open and import."""
        home = PurePosixPath(candidate.file.name).parent
        given: dict[str, bytes] = {}
        size = 0
        for file in self.files:
            path = data_for(file, home)
            if path is None:
                continue
            size += len(file.data)
            if size <= MAX_BESIDE and len(given) < MAX_FILES:
                given[str(path)] = file.data
        return given


def look(folder: Path, release: Mapping[str, NotebookNode]) -> HandedIn:
    """Return what a submitted folder holds for the released notebooks, {name: notebook}."""
    return sort_out([file for file in _files(folder) if PurePosixPath(file.name).name != TIMESTAMP], release)


def sort_out(files: list[Found], release: Mapping[str, NotebookNode]) -> HandedIn:
    """Return what these files are for the released notebooks.

    A notebook under its right name counts, unless it was never touched and another one was.
    """
    meant: dict[str, list[Found]] = {}
    plain: list[Found] = []
    for file in files:
        exercise = exercise_of(file, release) if file.is_notebook else None
        if exercise is not None:
            meant.setdefault(exercise, []).append(file)
        else:
            plain.append(file)
    chosen = {}
    for exercise, found in meant.items():
        best = _best(exercise, found, release[exercise])
        repairs = [] if best.name == f"{exercise}.ipynb" else [f"Handed in as {shown(kept(best.name))}."]
        for file in found:
            if file is not best:
                why = file.problem or ("was never worked on" if not touched(file, release[exercise]) else "")
                repairs.append(f"Also handed in, not counted: {shown(kept(file.name))}{f' ({why})' if why else ''}.")
        chosen[exercise] = Candidate(best, tuple(repairs))
    homes = [PurePosixPath(), *(PurePosixPath(one.file.name).parent for one in chosen.values())]
    others = tuple(
        f"The folder: {file.problem}."
        if file.name == "."
        else f"{shown(kept(file.name))} is not graded: {file.problem or _what(file)}."
        for file in plain
        if not any(data_for(file, home) for home in homes)
    )
    return HandedIn(chosen, others, tuple(files))


def exercise_of(file: Found, release: Mapping[str, NotebookNode]) -> str | None:
    """Return the released notebook that a file is: the one that most of its cells are of, else the one it is named."""
    right = file.name.removesuffix(".ipynb")
    if right in release and any(f'"{name}"'.encode() in file.data for name in _ids(release[right])):
        return right  # as nearly all are: not read for it
    sources = {source_of(cell).strip() for cell in (file.notebook.cells if file.notebook else ())}
    counts = {
        name: len(file.grade_ids & _ids(notebook)) + len(sources & _checks(notebook))
        for name, notebook in release.items()
    }
    most = max(counts.values(), default=0)
    best = [name for name, count in counts.items() if count == most and most]
    named = _named(PurePosixPath(file.name).name, release)
    if named and counts[named]:
        return named if named in best or not best else best[0]
    return best[0] if best else named


def touched(file: Found, release: NotebookNode) -> bool:
    """Say whether anything in a notebook is a student's own."""
    given = {source_of(cell).strip() for cell in release.cells} | {""}
    cells = file.notebook.cells if file.notebook else ()
    return any(source_of(cell).strip() not in given for cell in cells)


def _best(exercise: str, found: list[Found], release: NotebookNode) -> Found:
    right = f"{exercise}.ipynb"

    if len(found) == 1:
        return found[0]

    def order(file: Found) -> tuple[bool, int, float, str]:
        path = PurePosixPath(file.name)
        near = 0 if file.name == right else 1 if path.name == right and ".zip/" not in file.name.lower() else 2
        return not touched(file, release), near, -file.changed, file.name

    return min(found, key=order)


def _ids(notebook: NotebookNode) -> set[str]:
    """What tells a released notebook from others: the grade_ids of its marked cells."""
    return {cell.metadata.nbgrader["grade_id"] for cell in notebook.cells if is_marked(cell)}


def _checks(notebook: NotebookNode) -> set[str]:
    """The texts of a released notebook's checks: no other has them."""
    return {cell.source.strip() for cell in notebook.cells if is_marked(cell) and cell.metadata.nbgrader.get("locked")}


def _named(name: str, release: Mapping[str, NotebookNode]) -> str | None:
    """Return the released notebook whose name a file's name holds: whatever a browser, an LMS or a person added."""
    stem = re.sub(r"\.(ipynb|json|txt)$", "", name.casefold())
    stem = re.sub(r"\.ipynb$", "", stem)
    plain = _ADDED.sub("", stem)
    for known in release:
        if known.casefold() in (stem, plain):
            return known
    inside = [known for known in release if re.search(rf"(?<![a-z0-9]){re.escape(known.casefold())}(?![a-z0-9])", stem)]
    return inside[0] if len(inside) == 1 else None


def data_for(file: Found, home: PurePosixPath) -> PurePosixPath | None:
    """Return a file's path beside a notebook of this folder, where its program can open it; None where it is no data.

    What lies in a zip is beside the notebooks that lie in the same one.
    """
    path = PurePosixPath(file.name)
    if file.problem or not path.is_relative_to(home) or path.suffix.lower() in NO_DATA:
        return None
    inside = path.relative_to(home)
    return None if ".zip/" in str(inside).lower() else inside


def _what(file: Found) -> str:
    suffix = PurePosixPath(file.name.lower()).suffix
    if suffix == ".ipynb":
        return "it is none of this part's notebooks" if file.notebook else "it is no notebook that can be read"
    return f"a {suffix} file is no notebook" if suffix else "it is no notebook"


# ----------------------------------------------------------------------------------------------- reading


def _files(folder: Path) -> Iterator[Found]:
    """Every file in a folder and in its zips, as far as limits go: what may be a notebook comes first."""
    names = list(itertools.islice(paths(folder), MAX_NAMES))
    names.sort(key=lambda name: not name.lower().endswith(PACKED_OR_NOTEBOOK))
    for where in names[:MAX_FOUND]:
        yield from read(folder / where, where)
    if len(names) > MAX_FOUND:
        yield Found(".", b"", problem=f"it holds {len(names)} files, of which {MAX_FOUND} were looked at")


def paths(folder: Path) -> Iterator[str]:
    """Yield the files in a folder by relative path; hidden ones, and what systems leave behind, are passed over."""
    if not is_folder(folder):
        return
    closed: list[OSError] = []
    deep: list[str] = []
    for place, folders, names in os.walk(folder, onerror=closed.append, followlinks=False):
        folders.sort()
        if len(Path(place).relative_to(folder).parts) >= MAX_DEPTH:
            deep += [Path(place, name).relative_to(folder).as_posix() for name in folders]
            folders.clear()
        for name in sorted(names):
            where = Path(place, name).relative_to(folder).as_posix()
            if not left_behind(where) and (_regular(Path(place, name)) or where.lower().endswith(".ipynb")):
                yield where
    for error in closed:  # a folder that can't be opened: read says so
        yield Path(error.filename).relative_to(folder).as_posix()
    yield from (where for where in deep if not left_behind(where))


def _unopened(folder: Path) -> str:
    """Say why a folder was not looked into."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        return f"it can't be read: {error.strerror}"
    return f"it lies below {MAX_DEPTH} folders, and was not looked into"


def is_folder(path: Path) -> bool:
    """Say whether a path is a folder and no link to one; also of one that can't be opened, or lies in such a one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def _regular(path: Path) -> bool:
    """Whether it is a regular file, or one of which nothing can be known: reading it will tell."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return True


def read(path: Path, where: str) -> Iterator[Found]:
    """Yield a file, under the name ``where``; in place of a zip, what is in it."""
    try:
        about = path.lstat()
    except OSError as error:  # closed, or gone since
        yield Found(where, b"", problem=f"it can't be read: {error.strerror}")
        return
    if stat.S_ISDIR(about.st_mode):
        yield Found(where, b"", about.st_mtime, _unopened(path))
        return
    packed = where.lower().endswith(".zip")
    most = MAX_NOTEBOOK_BYTES if where.lower().endswith(PACKED_OR_NOTEBOOK) else MAX_FILE_BYTES
    if about.st_size > most:
        problem = f"it has {about.st_size / 1e6:.0f} MB, at most {most / 1e6:.0f} are taken"
        yield Found(where, b"", about.st_mtime, problem)
        return
    try:
        data = read_file(path)
    except Rejected as why:
        yield Found(where, b"", about.st_mtime, str(why).rstrip("."))
        return
    if packed:
        yield from members(where, data)
    else:
        yield Found(where, data, about.st_mtime)


@dataclass
class Budget:
    """How much may still be taken out of a zip, and of the zips in it."""

    size: int = MAX_UNPACKED
    files: int = MAX_FOUND
    zips: int = MAX_ZIPS  #: in each other


def members(name: str, data: bytes, budget: Budget | None = None) -> Iterator[Found]:
    """Yield the files in a zip and in the zips in it; one that holds nothing that can be taken is listed itself.

    Refused are members that are links, absolute or lead out with ``..``, that are encrypted, and what unpacks to more
    than is sensible: no more than the limit is ever unpacked.
    """
    budget = budget or Budget()
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except UNREADABLE:
        yield Found(name, b"", problem="it is no zip file that can be read")
        return
    looked_at = infos[: budget.files]
    budget.files -= len(looked_at)
    budget.zips -= 1
    for one in unpacked(archive, looked_at, f"{name}/", budget):
        inner = one.name.lower().endswith(".zip") and not one.problem and budget.zips
        yield from members(one.name, one.data, budget) if inner else (one,)
    budget.zips += 1
    if len(infos) > len(looked_at):
        yield Found(name, b"", problem=f"it holds {len(infos)} files, of which {len(looked_at)} were looked at")
    elif all(spelled(info).endswith("/") for info in infos):
        yield Found(name, b"", problem="it is empty")


def unpacked(
    archive: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo], above: str = "", budget: Budget | None = None
) -> Iterator[Found]:
    """Yield these members of a zip as :func:`members` does, together no more than the budget."""
    budget = budget or Budget()
    for info in infos:
        inside = f"{above}{spelled(info)}"
        if inside.endswith("/"):
            continue
        if why := refused(info):
            yield Found(inside, b"", problem=why)
            continue
        if left_behind(spelled(info)):
            continue
        whole = info.filename.lower().endswith(PACKED_OR_NOTEBOOK)
        most = min(MAX_NOTEBOOK_BYTES if whole else MAX_FILE_BYTES, budget.size)
        try:
            with archive.open(info) as file:
                content = file.read(most + 1)
        except UNREADABLE:
            yield Found(inside, b"", problem="it can't be unpacked")
            continue
        if len(content) > most:
            yield Found(inside, b"", problem=f"it unpacks to more than {most / 1e6:.0f} MB")
            budget.size = 0 if most == budget.size else budget.size
            continue
        budget.size -= len(content)
        yield Found(inside, content, _when(info))


def refused(info: zipfile.ZipInfo) -> str:
    """Say why a zip's member is not taken; empty for one that may be."""
    path = PurePosixPath(spelled(info))
    if not path.parts:
        return "it has no name"
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", info.filename):
        return "its path leads out of the zip"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link, and links are not followed"
    return "it is encrypted" if info.flag_bits & 1 else ""


def left_behind(name: str) -> bool:
    """Say whether a path is hidden, or what systems leave in folders and zips: nobody handed that in."""
    return _SKIPPED.search(name) is not None


def spelled(info: zipfile.ZipInfo) -> str:
    """Return the name of a zip's member: macOS writes UTF-8 and doesn't say so, which zipfile reads as an old DOS does.

    Old Windows programs write ``folder\\file``.

    >>> spelled(zipfile.ZipInfo("Zoe\u0308.ipynb".encode().decode("cp437"))) == "Zo\u00eb.ipynb"
    True
    """
    name = info.filename
    if not info.flag_bits & 0x800 and not name.isascii():
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name).replace("\\", "/")


def _when(info: zipfile.ZipInfo) -> float:
    try:
        return float(calendar.timegm((*info.date_time, 0, 0, 0)))
    except (ValueError, OverflowError):
        return 0.0
