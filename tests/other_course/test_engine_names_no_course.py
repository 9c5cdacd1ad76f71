"""The checks and the grader know no exercise, part or symbol of this course: all of that is in ``COURSE``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrtutorial.exercises import COURSE

ROOT = Path(__file__).resolve().parents[2]
#: What is of this course on purpose: its data, its experiments and explorer, its own kinds, its sample class.
OF_THIS_COURSE = (
    "autograder/catalogue/[!_p]*.py",  # all but the catalogue itself and its points
    "autograder/references/*.py", "autograder/demo/*.py", "autograder/course/**/*.py",
    "lrtutorial/exercises/*.py", "lrtutorial/experiments/*.py", "lrtutorial/explorer/*.py", "lrtutorial/symbols.py",
    "lrtutorial/problems.py", "lrtutorial/plots.py", "lrtutorial/datasets.py", "lrtutorial/__init__.py",
    # kinds that know optimizers: beta1 is what Adam calls its argument
    *(f"lrtutorial/kinds/{kind}*.py" for kind in ("optimizer", "trajectories", "variants")),
)  # fmt: skip
#: Symbols that are a letter or two, or Greek by name, are anybody's; these are this course's alone.
SYMBOLS = sorted(name for name in COURSE.symbols if "_" in name or re.search(r"\d", name))
NAMES = {*COURSE.by_id, *COURSE.steps, *COURSE.parts, *SYMBOLS}
NAMES |= {exercise.notebook for exercise in COURSE.exercises}


def engine() -> list[Path]:
    """Every file of the engine."""
    whole = {path for package in ("autograder", "lrtutorial") for path in (ROOT / package).rglob("*.py")}
    return sorted(whole - {path for pattern in OF_THIS_COURSE for path in ROOT.glob(pattern)})


def strings(source: str) -> Iterator[tuple[int, str]]:
    """Yield every text of a module with its line, docstrings left out: those may give examples."""
    tree = ast.parse(source)
    told = {
        id(node.value)
        for holder in ast.walk(tree)
        if isinstance(holder, ast.Module | ast.ClassDef | ast.FunctionDef)
        for node in holder.body
        if isinstance(node, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def named(text: str) -> set[str]:
    """Return the names of this course that are words of a text."""
    return {word for word in re.findall(r"(?<![\w|-])[\w-]+", text) if word in NAMES}


def test_the_engine_names_no_exercise_part_or_symbol() -> None:
    files = engine()
    assert len(files) > 100
    found = [
        f"{path.relative_to(ROOT)}:{line}: {sorted(names)}"
        for path in files
        for line, text in strings(path.read_text("utf-8"))
        if (names := named(text))
    ]
    assert found == []


@pytest.mark.parametrize("planted", ["'b2'", "f'run {x} part_a'", "{'lambda_max': 1}", "x == 'a1-gradient'"])
def test_a_name_of_this_course_would_be_found(planted: str) -> None:
    assert [text for _, text in strings(f"y = {planted}") if named(text)]
