"""The rates that notebooks and the book's pages name, read out of prose, tables and the explorers' calls.

Read widely rather than narrowly: a number too many does no harm to a test that sets each of them, one too few hides a
rate that a reader cannot set.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = [ROOT / "notebooks" / "start_here.ipynb", *sorted((ROOT / "solutions").glob("*/*.ipynb"))]
PAGES = [ROOT / "README.md", ROOT / "book" / "index.md", *sorted((ROOT / "docs").glob("*.md"))]
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
RATE = r"(?<![\w-])(?:learning[ -])?rates?(?!\w)|η\*?|(?<!\w)lr(?!\w)"
NUMBER = r"(?<![\w.−^_-])(?:10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|\d*\.?\d+(?:e-?\d+)?(?: ?/ ?\d+)?)(?![\w%°/]|\.\d)"
# What may stand between the word and its number: "η = 0.05", "the rate of 0.12", "rates from 0.01 to 10", "rate: 0.05".
BETWEEN = r"(?:[\s=≈≤<:,(]|of|at|is|was|from|are|than|to|the|and|or|about|exactly|here|very same)*"
LIST = rf"{NUMBER}(?:(?:\s*(?:,|and|or|to|,\s*and|,\s*then)\s*){NUMBER})*"


@dataclass(frozen=True)
class Named:
    """A rate as a reader finds it: the text, its value, its file, and whether the word stands right before it."""

    text: str
    value: float
    place: str
    close: bool


def value_of(text: str) -> float:
    """The number that a text means: 0.05, 1/11, 1e-3, 10⁻⁴.

    >>> value_of("1/11") == 1 / 11, value_of("10⁻⁴"), value_of("0.5")
    (True, 0.0001, 0.5)
    """
    plain = re.sub(r"^10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$", lambda m: "1e" + m[1].translate(SUPERSCRIPTS), text)
    over, _, under = plain.partition("/")
    return float(over) / float(under or 1)


def plain(markdown: str) -> str:
    """A text without the marks of Markdown and LaTeX around numbers."""
    text = re.sub(r"\\tfrac|\\dfrac", r"\\frac", markdown)
    text = re.sub(r"\\frac\s*\{?(\w+)\}?\s*\{?(\w+)\}?", r"\1/\2", text)
    text = re.sub(
        r"10\^\{?(-?)(\d+)\}?",
        lambda m: "10" + (m[1] and "⁻") + m[2].translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")),
        text,
    )
    text = text.replace(r"\eta", "η").replace(r"\,", " ").replace(r"\approx", "≈").replace(r"\texttt", "")
    return re.sub(r"\]\([^)]*\)|[$*`{}\"“”]|</?\w+>", " ", text)


def in_prose(text: str) -> Iterator[tuple[str, bool]]:
    """The numbers of a cell that speaks of a rate; those that stand right after the word are close to it."""
    if not re.search(RATE, text):
        return
    for after in re.finditer(rf"(?:{RATE}){BETWEEN}({LIST})", text):
        yield from ((number, True) for number in re.findall(NUMBER, after[1]))
    yield from ((number, False) for number in re.findall(NUMBER, text))


def in_table(rows: list[list[str]]) -> Iterator[tuple[str, bool]]:
    """The numbers of every column whose head is a rate's name."""
    for column, head in enumerate(rows[0]):
        if re.fullmatch(rf"(?:the )?(?:{RATE})(?: η)?", head):
            for row in rows[2:]:
                yield from ((number, True) for number in re.findall(NUMBER, row[column]))


def in_calls(source: str) -> Iterator[tuple[str, bool]]:
    """The rates of the `explore` calls of a cell."""
    try:
        tree = ast.parse(re.sub(r"^[%!].*$", "", source, flags=re.M))
    except SyntaxError:
        return
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "explore":
            for given in call.keywords:
                numbers = ast.walk(given.value) if given.arg == "lr" else ()
                yield from (
                    (str(n.value), True) for n in numbers if isinstance(n, ast.Constant) and n.value != str(n.value)
                )


def in_markdown(source: str) -> Iterator[tuple[str, bool]]:
    """The numbers of a Markdown cell: of its prose, and of its tables' columns of rates."""
    text = plain(source)
    for table in re.findall(r"(?:^[ \t]*\|.*\n?)+", text, re.M):
        yield from in_table(
            [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in table.splitlines()]
        )
    yield from in_prose(text)


def parts(path: Path) -> Iterator[tuple[str, str]]:
    """The cells of a notebook, or the paragraphs of a page: what it is, and its text."""
    if path.suffix == ".md":
        yield from (("markdown", paragraph) for paragraph in path.read_text(encoding="utf-8").split("\n\n"))
    else:
        yield from ((cell.cell_type, cell.source) for cell in nbformat.read(path, as_version=4).cells)


def rates(paths: list[Path] | None = None) -> list[Named]:
    """Every rate between 10⁻⁸ and 10 that notebooks and pages name, each text of one of them once."""
    found: dict[tuple[str, str], Named] = {}
    for path in paths or NOTEBOOKS + PAGES:
        for kind, source in parts(path):
            for text, close in in_calls(source) if kind == "code" else in_markdown(source):
                value = value_of(text.replace(" ", ""))
                key = (path.stem, text)
                if 1e-8 <= value <= 10 and (key not in found or close):
                    found[key] = Named(text, value, path.stem, close)
    return list(found.values())
