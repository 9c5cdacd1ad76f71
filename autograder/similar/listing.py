"""``python -m autograder similar``: the class read, compared exercise by exercise, and written as page and tables."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from autograder.course import COURSE
from autograder.grading.assignment import Assignment
from autograder.similar.comparison import (
    COMMON_AT_LEAST,
    COMMON_SHARE,
    THRESHOLD,
    Compared,
    Evidence,
    Pair,
    Source,
    compare,
    known,
)
from autograder.similar.programs import given, handed_in, programs
from autograder.tables import safe
from lrtutorial.advice import Unusable, Unwritable
from lrtutorial.course import current
from lrtutorial.files import write_whole

MOST = 100  #: pairs of one exercise on the page
LINES = 400  #: of one side on the page; what is longer is cut, and says so
CHARACTERS = 300  #: of one line on the page
SAID = {"structure": "structure", "tokens": "structure (by tokens)", "wording": "wording"}


@dataclass(frozen=True)
class Row:
    """One line of a source on the page: what marks it, and the line of the other side that it is like."""

    number: int
    text: str
    mark: str  #: "wording", "structure", "common" or ""
    other: int | None


def list_similar(
    assignment: str,
    output: Path | str | None = None,
    *,
    threshold: float = THRESHOLD,
    common: float = COMMON_SHARE,
    most: int = MOST,
) -> int:
    """Compare a class's answers and write ``similar.html``, ``similar.csv`` and ``similar.json``. Returns 0.

    ``threshold`` is the least score listed; ``common`` the share of the class above which a stretch is an idiom.
    Raises UnknownName for an assignment that isn't released or handed in, ValueError for one without programs and for
    numbers out of range, OSError when the folder can't be written.
    """
    if not 0 <= threshold < float("inf"):
        raise Unusable(f"--threshold takes a number from 0, got {threshold}")
    if not 0 < common <= 1:
        raise Unusable(f"--common takes a share of the class above 0 and up to 1, such as 0.05; got {common}")
    if most < 1:
        raise Unusable(f"--most takes a number from 1, got {most}")
    to = _folder(Path(output) if output is not None else COURSE / "similar")
    course = Assignment.find(assignment)
    compared_notebooks = programs(assignment)
    if not compared_notebooks:
        parts = [part for part in current().parts if programs(part)]
        raise Unusable(
            f"no answer of {assignment} is a program; single formulas, numbers or prose are alike honestly. "
            f"Run python -m autograder similar {' or '.join(parts)}"
        )
    console = Console()
    folders = course.folders()
    unreadable: list[tuple[str, str, str]] = []
    compared = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        hashes = known(given(course))
        for notebook in compared_notebooks:
            task = progress.add_task(notebook, total=len(folders) + 1)
            sources = []
            for found in handed_in(course, folders, notebook):
                progress.advance(task)
                if isinstance(found, Source):
                    sources.append(found)
                else:
                    unreadable.append((found[0], notebook, found[1]))
            compared.append(compare(notebook, sources, hashes, threshold=threshold, common_share=common, most=most))
            progress.update(task, completed=len(folders) + 1)
    write(to, current().parts.get(assignment, assignment), compared, unreadable, threshold, common)
    count = sum(len(one.pairs) for one in compared)
    console.print(f"{count} pairs to look at, of {len(folders)} students. A list, not a verdict.", highlight=False)
    for pair in ranked(compared)[:10]:
        names = escape(f"{shown(pair.left.student)} and {shown(pair.right.student)}")
        console.print(f"  {pair.score:6.1f}  {pair.notebook}  {names}", highlight=False, soft_wrap=True)
    console.print(f"{escape(str(to / 'similar.html'))}: both sources side by side", highlight=False, soft_wrap=True)
    return 0


def _folder(to: Path) -> Path:
    if to.exists() and not to.is_dir():
        raise Unwritable(f"{to} is no folder: name one with --output")
    return to


def ranked(compared: list[Compared]) -> list[Pair]:
    """Return the pairs of all exercises, most alike first; of equals in order of exercise and names."""
    pairs = [pair for one in compared for pair in one.pairs]
    return sorted(pairs, key=lambda pair: (-pair.score, pair.notebook, pair.left.student, pair.right.student))


def write(
    to: Path,
    title: str,
    compared: list[Compared],
    unreadable: list[tuple[str, str, str]],
    threshold: float,
    common: float,
) -> None:
    """Write the page and the tables into a folder, each whole or not at all."""
    pairs = ranked(compared)
    _folder(to)
    write_whole(to / "similar.csv", _table(pairs))
    write_whole(to / "similar.json", _data(compared, pairs, unreadable, threshold, common))
    write_whole(to / "similar.html", page(title, compared, unreadable, threshold, common))


def shown(name: str) -> str:
    """Return a student's name as it can be shown: control characters and half characters made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in name)


def _table(pairs: list[Pair]) -> str:
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(["exercise", "one", "other", "score", "because of", "share of the shorter answer's own"])
    for pair in pairs:
        best = _best(pair)
        names = (safe(shown(pair.left.student)), safe(shown(pair.right.student)))
        rows.writerow([pair.notebook, *names, f"{pair.score:.1f}", SAID[best.view], f"{best.share:.2f}"])
    return text.getvalue()


def _data(
    compared: list[Compared], pairs: list[Pair], unreadable: list[tuple[str, str, str]], threshold: float, common: float
) -> str:
    def view(one: Evidence) -> dict[str, object]:
        return {
            "view": one.view,
            "score": round(one.score, 2),
            "weight": round(one.weight, 2),
            "share": round(one.share, 3),
            "lines": sorted(one.lines[0].items()),
        }

    data = {
        "note": "A list to look at, not a verdict.",
        "threshold": threshold,
        "common": common,
        "exercises": [
            {"notebook": one.notebook, "answers": one.answers, "pairs": len(one.pairs), "reach_threshold": one.found,
             "own_share": one.own_share, "unparsed": [shown(name) for name in one.unparsed]} for one in compared
        ],
        "pairs": [
            {"notebook": pair.notebook, "one": shown(pair.left.student), "other": shown(pair.right.student),
             "score": round(pair.score, 2), "evidence": [view(one) for one in pair.evidence]} for pair in pairs
        ],
        "unreadable": [
            {"student": shown(student), "notebook": notebook, "reason": why} for student, notebook, why in unreadable
        ],
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def page(
    title: str, compared: list[Compared], unreadable: list[tuple[str, str, str]], threshold: float, common: float
) -> str:
    """Return a part's page: self-contained HTML without scripts, every word of a student escaped."""
    pairs = ranked(compared)
    others: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        others.setdefault((pair.left.student, pair.right.student), []).append(pair)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = shown
    return environment.get_template("page.html.j2").render(
        title=title, compared=compared, unreadable=unreadable, threshold=threshold, common=common,
        at_least=COMMON_AT_LEAST, said=SAID,
        pairs=[
            {"pair": pair, "best": _best(pair), "left": rows(pair, 0), "right": rows(pair, 1),
             "cut": max(pair.left.text.count("\n"), pair.right.text.count("\n")) >= LINES,
             "also": [other for other in others[pair.left.student, pair.right.student] if other is not pair]}
            for pair in pairs
        ],
    )  # fmt: skip


def _best(pair: Pair) -> Evidence:
    return max(pair.evidence, key=lambda one: one.score)


def rows(pair: Pair, side: int) -> list[Row]:
    """Return one side's lines with their marks; the wording's win over the structure's, both over what is common."""
    lines = (pair.left, pair.right)[side].text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    marks: dict[int, tuple[str, int]] = {}
    for one in pair.evidence:
        for line, other in one.common[side].items():
            marks.setdefault(line, ("common", other))
    for name in ("structure", "tokens", "wording"):
        for one in pair.evidence:
            if one.view == name:
                kind = "wording" if name == "wording" else "structure"
                marks |= {line: (kind, other) for line, other in one.lines[side].items()}
    found = []
    for number, text in enumerate(lines[:LINES], start=1):
        mark, like = marks.get(number, ("", None)) if text.strip() else ("", None)
        cut = text if len(text) <= CHARACTERS else text[:CHARACTERS] + " … (cut)"
        found.append(Row(number, "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in cut), mark, like))
    return found
