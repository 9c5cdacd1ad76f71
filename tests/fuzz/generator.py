"""Submissions that people's laptops, browsers, tools and accidents make of well-answered notebooks: seeded, endless.

:func:`a_class` gives a class in which honest submissions lie between mutated ones. Each mutation is drawn from one
kind of accident: of bytes, of structure (any field missing, extra, of another type), of attachments, outputs, metadata
and ids, of names of files and folders, of the time of handing in.
"""

from __future__ import annotations

import base64
import copy
import io
import json
import os
import random
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

HONEST_EVERY = 7
PNG = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
).decode()
ODD: list[Any] = [
    None, True, False, 0, -1, 1e308, 10**30, "", " ", "x", "\ud83d", "\x00", "\u202e", "a" * 3000, [], {}, [[]], [None],
    [1, 2], {"a": None}, {"": ""}, "é" * 50, "</script><script>alert(1)</script>", "{{ 7 * 7 }}", "%s %(x)s", "../../x",
    "$\\frac{$", "![](attachment:x)", "=cmd()", "<!--", float("1e400"),
]  # fmt: skip
TIMES = [
    "2026-03-29 23:59:00 UTC",
    "2026-03-29 23:59:00 +0200", "2026-03-29 23:59 Europe/Berlin", "GMT+2", "11/03/2026 10:00",
    "2026-03-29 23:59 CEST", "Sun Mar 29 2026 23:59:00 GMT+0200", "soon", "", "\x00", "9999-12-31 23:59", "1e999",
    "2026-03-29T10:00:00Z\n2026-03-30T10:00:00Z", "２０２６-03-29 10:00", "x" * 10_000,
]  # fmt: skip
NAMES = [
    "{}.ipynb", "{} (1).ipynb", "{}-Copy1.ipynb", "ada_123_{}.ipynb", "deep/er/{}.ipynb", "homework.ipynb", "{}.IPYNB",
    "{}.ipynb.txt", "ünï\u0308 {}.ipynb", "\ud83d{}.ipynb", "new\nline {}.ipynb", "{}.zip", "{}.html", "'{}'.ipynb",
]  # fmt: skip
PEOPLE = [
    "s{:05}", "s {:05}", "00{:05}", "s@{:05}.de", "o'n{:05}", "Zoe\u0308{:05}", "王{:05}", "-{:05}", "=cmd{:05}",
    "<b>{:05}&", "s\n{:05}", "[{:05}]", "%s{:05}", "{:05}" + "x" * 100,
]  # fmt: skip


@dataclass
class Submission:
    """What one student handed in: files by path, as bytes, and whether it is well answered and whole."""

    folder: str
    files: dict[str, bytes]
    honest: bool
    made: list[str] = field(default_factory=list)  #: the mutations, by name

    @property
    def on_disk(self) -> str:
        """The folder's name as Python shows it."""
        return os.fsdecode(_bytes(self.folder))

    def write(self, submitted: Path, part: str) -> None:
        """Write it into the course's ``submitted`` folder."""
        home = submitted / self.on_disk / part
        home.mkdir(parents=True)
        for name, data in self.files.items():
            path = home / os.fsdecode(_bytes(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _bytes(name: str) -> bytes:
    """A name's bytes; what stands for a byte that is no UTF-8 is that byte."""
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")


def a_class(seed: int, size: int, answered: dict[str, Any]) -> Iterator[Submission]:
    """Yield a class; ``answered`` are well-answered notebooks by name, each student hands in one of them."""
    names, decks = sorted(answered), Decks(seed)
    for number in range(size):
        draw = random.Random(f"{seed} {number}")
        notebook = names[number % len(names)]
        yield one(draw, decks, number, notebook, copy.deepcopy(answered[notebook]))


class Decks:
    """Kinds are dealt like cards, not drawn: a class of a hundred has every one of them."""

    def __init__(self, seed: int):
        self._draw = random.Random(f"{seed} decks")
        self._left: dict[int, list[Any]] = {}

    def deal(self, kinds: list[Any]) -> Any:
        """The next of its kinds; when all were dealt, they are shuffled anew."""
        left = self._left.setdefault(id(kinds), [])
        if not left:
            left += self._draw.sample(kinds, len(kinds))
        return left.pop()


def one(draw: random.Random, decks: Decks, number: int, name: str, notebook: dict[str, Any]) -> Submission:
    """Return one submission, honest or mutated."""
    honest = number % HONEST_EVERY == 0
    person = "honest{:05}" if honest else decks.deal(PEOPLE)
    made: list[str] = []
    if not honest:
        for mutate in [decks.deal(STRUCTURE) for _ in range(draw.choice((0, 1, 1, 2, 3)))]:
            made.append(mutate.__name__)
            mutate(draw, notebook)
    data = json.dumps(notebook, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
    files = {f"{name}.ipynb": data}
    if not honest and draw.random() < 0.3:
        mutate_bytes = decks.deal(BYTES)
        made.append(mutate_bytes.__name__)
        files = {f"{name}.ipynb": mutate_bytes(draw, data)}
    if not honest and draw.random() < 0.4:
        files = misplaced(draw, decks, name, files[f"{name}.ipynb"])
        made.append("misplaced")
    if not honest and draw.random() < 0.3:
        files["timestamp.txt"] = decks.deal(TIMES).encode()
        made.append("time")
    folder = person.format(number)
    if not honest and draw.random() < 0.1:
        folder = os.fsdecode(unicodedata.normalize("NFC", f"Zoë{number:05}").encode("latin-1"))
    return Submission(folder, files, honest, made)


# ----------------------------------------------------------------------------------------------- structure

Change = Callable[[random.Random, dict[str, Any]], None]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) below a value."""
    if isinstance(value, dict):
        for key in list(value):
            yield value, key
            yield from _places(value[key])
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value, index
            yield from _places(value[index])


def _place(draw: random.Random, notebook: dict[str, Any]) -> tuple[Any, Any]:
    return draw.choice(list(_places(notebook)) or [(notebook, "cells")])


def _cell(draw: random.Random, notebook: dict[str, Any]) -> dict[str, Any]:
    cells = notebook.get("cells")
    found = [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    return draw.choice(found) if found else {}


def a_field_missing(draw: random.Random, notebook: dict[str, Any]) -> None:
    where, key = _place(draw, notebook)
    if isinstance(where, dict):
        where.pop(key, None)


def a_field_of_another_type(draw: random.Random, notebook: dict[str, Any]) -> None:
    where, key = _place(draw, notebook)
    where[key] = copy.deepcopy(draw.choice(ODD))


def a_field_more(draw: random.Random, notebook: dict[str, Any]) -> None:
    where, _ = _place(draw, notebook)
    if isinstance(where, dict):
        where[draw.choice(["extra", "", "\ud83d", "nbgrader", "id", "outputs", "attachments"])] = copy.deepcopy(
            draw.choice(ODD)
        )
    else:
        where.append(copy.deepcopy(draw.choice(ODD)))


def every_field_of_one_name(draw: random.Random, notebook: dict[str, Any]) -> None:
    """As a tool does that knows no such field: gone from all cells."""
    key = draw.choice(["id", "metadata", "outputs", "execution_count", "attachments", "source", "cell_type"])
    for cell in notebook.get("cells", []) if isinstance(notebook.get("cells"), list) else []:
        if isinstance(cell, dict):
            cell.pop(key, None)


def attachments(draw: random.Random, notebook: dict[str, Any]) -> None:
    cell = _cell(draw, notebook)
    name = draw.choice(["image.png", "a b.svg", "\ud83d.png", "", "x" * 500, "../x.png"])
    kind = draw.choice(["image/png", "image/svg+xml", "image/webp", "text/html", "application/pdf", "", "x"])
    data = draw.choice(
        [PNG, "<svg xmlns='http://www.w3.org/2000/svg'/>", "not base64!", "", [PNG[:9], PNG[9:]], *ODD[:8]]
    )
    cell["attachments"] = draw.choice([{name: {kind: data}}, {name: data}, data, {}])
    cell["source"] = f"{cell.get('source', '')}\n\n![{name}](attachment:{draw.choice([name, 'gone.png'])})\n"
    if draw.random() < 0.7:
        cell["cell_type"] = "markdown"


def outputs(draw: random.Random, notebook: dict[str, Any]) -> None:
    kinds = ["stream", "display_data", "execute_result", "error", "pyout", "", 3]
    output = {"output_type": draw.choice(kinds), "name": "stdout", "text": draw.choice(ODD), "data": draw.choice(ODD),
              "metadata": draw.choice(ODD), "traceback": draw.choice(ODD), "ename": draw.choice(ODD)}  # fmt: skip
    _cell(draw, notebook)["outputs"] = draw.choice([[output], output, [output] * 200, draw.choice(ODD)])


def marks(draw: random.Random, notebook: dict[str, Any]) -> None:
    cell = _cell(draw, notebook)
    about = cell.get("metadata", {}).get("nbgrader") if isinstance(cell.get("metadata"), dict) else None
    if isinstance(about, dict):
        about[
            draw.choice(["grade_id", "points", "grade", "solution", "locked", "task", "schema_version", "checksum"])
        ] = draw.choice(ODD)


def ids(draw: random.Random, notebook: dict[str, Any]) -> None:
    for cell in notebook.get("cells", []) if isinstance(notebook.get("cells"), list) else []:
        if isinstance(cell, dict) and draw.random() < 0.5:
            cell["id"] = draw.choice(["same", "", "x" * 100, 3, None, "ü", "b2-test", "c1-written"])


def cells_moved(draw: random.Random, notebook: dict[str, Any]) -> None:
    cells = notebook.get("cells")
    if isinstance(cells, list) and len(cells) > 2:
        cells.insert(draw.randrange(len(cells)), cells.pop(draw.randrange(len(cells))))


def a_cell_twice(draw: random.Random, notebook: dict[str, Any]) -> None:
    cells = notebook.get("cells")
    if isinstance(cells, list) and cells:
        cells.insert(draw.randrange(len(cells)), copy.deepcopy(draw.choice(cells)))


def a_cell_gone(draw: random.Random, notebook: dict[str, Any]) -> None:
    cells = notebook.get("cells")
    if isinstance(cells, list) and cells:
        cells.pop(draw.randrange(len(cells)))


def words(draw: random.Random, notebook: dict[str, Any]) -> None:
    cell = _cell(draw, notebook)
    text = "".join(chr(draw.choice([draw.randrange(32, 127), draw.randrange(0x20, 0x11000)])) for _ in range(80))
    cell["source"] = f"{cell.get('source', '')}\n{text}"
    if draw.random() < 0.8:
        cell["cell_type"] = "markdown"


def lines(draw: random.Random, notebook: dict[str, Any]) -> None:
    for cell in notebook.get("cells", []) if isinstance(notebook.get("cells"), list) else []:
        if isinstance(cell, dict) and isinstance(cell.get("source"), str):
            cell["source"] = cell["source"].replace("\n", "\r\n").splitlines(keepends=True)


def formats(draw: random.Random, notebook: dict[str, Any]) -> None:
    notebook[draw.choice(["nbformat", "nbformat_minor"])] = draw.choice([0, 1, 2, 3, 4, 5, 6, 99, "4", None, 4.5])


STRUCTURE: list[Change] = [
    a_field_missing, a_field_of_another_type, a_field_more, every_field_of_one_name, attachments, attachments, outputs,
    marks, ids, cells_moved, a_cell_twice, a_cell_gone, words, lines, formats,
]  # fmt: skip


# ----------------------------------------------------------------------------------------------- bytes, names


def cut_off(draw: random.Random, data: bytes) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def bytes_flipped(draw: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 5))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def marked(draw: random.Random, data: bytes) -> bytes:
    return draw.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\n\n"]) + data


def another_encoding(draw: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(draw.choice(["utf-16", "utf-16-le", "latin-1", "cp1252", "utf-7", "utf-32"]), "replace")


def something_else(draw: random.Random, data: bytes) -> bytes:
    page = b"<html><body>" + data[:500] + b"</body></html>"
    return draw.choice([b"", b"[]", b"{}", b"null", b"\x89PNG\r\n\x1a\n", page, b"<<<<<<< HEAD\n" + data, b"[" * 5000])


def an_older_format(draw: random.Random, data: bytes) -> bytes:
    """As a program of 2014 saves it."""
    try:
        newest = nbformat.reads(data.decode(), as_version=4)
        newest.nbformat_minor = 4
        for cell in newest.cells:
            cell.pop("id", None)
        return json.dumps(nbformat.convert(newest, 3)).encode()
    except Exception:  # what was mutated before is no notebook that can be converted
        return data


BYTES = [cut_off, bytes_flipped, marked, another_encoding, an_older_format, something_else]


def misplaced(draw: random.Random, decks: Decks, name: str, data: bytes) -> dict[str, bytes]:
    """The notebook under another name, or in a zip, with what lies beside it; at times not there at all."""
    called = decks.deal(NAMES).format(name)
    if called.endswith(".zip"):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(draw.choice([f"{name}.ipynb", f"work/{name}.ipynb", "../x.ipynb", "notes.txt"]), data)
        files = {called: file.getvalue()}
    else:
        files = {called: b"<html></html>" if called.endswith(".html") else data}
    if draw.random() < 0.2:
        files = {}
    beside = {"adam.py": b"import numpy", "numpy.py": b"raise SystemExit", "start.csv": b"1,2\n", "torch.py": b"1/0",
              "lrtutorial/__init__.py": b"check = print", "big.bin": bytes(100_000), "a\udce9.txt": b"",
              f"{name}-Copy1.ipynb": data}  # fmt: skip
    for other in draw.sample(sorted(beside), draw.choice((0, 0, 1, 3))):
        files.setdefault(other, beside[other])
    return files
