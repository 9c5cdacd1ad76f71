"""The checks and the grader know no exercise, part or symbol of this course: all of that is in ``COURSE``.

What is the course and what may know it: ``ours.py`` beside this file. Exercises, parts, steps and what they are
answered with are looked for in all of a file, its names, docstrings and comments too; symbols in its texts alone,
because a docstring of the formulas' grammar needs examples and anybody's variable may be called beta.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrtutorial.exercises import COURSE
from lrtutorial.formulas import letter
from tests.other_course.ours import KNOW_IT, course_files

ROOT = Path(__file__).resolve().parents[2]
READ = (".py", ".j2", ".html", ".js", ".css")


def either(words: set[str]) -> str:
    """Return a pattern for any of these words, the longest first."""
    return "|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word))))


STEPS = {*COURSE.steps, *(exercise.notebook for exercise in COURSE.exercises)}
#: What is handed in; a plain English word, such as "rate", is anybody's.
ANSWERS = {
    name for step in COURSE.steps.values() for name in step.answers if not name.isalpha() or name != name.lower()
}
#: An exercise in any case, also within the name of a cell or notebook: b2, B2, b2-answer. No class of a style sheet
#: (.c1) and no type of an array (|b1).
EXERCISE = rf"(?<![A-Za-z0-9.|])(?i:{either({*COURSE.by_id})})(?![A-Za-z0-9])"
PART = rf"(?<![A-Za-z])(?:[Pp]arts? [A-C]|[Pp]art-[a-c]|{either({*COURSE.parts})})(?![A-Za-z0-9])"
ANYWHERE = re.compile(rf"{EXERCISE}|{PART}|(?<![\w.|])(?:{either(STEPS)})(?!\w)|(?<!\w)(?:{either(ANSWERS)})(?!\w)")
#: Symbols of one letter are anybody's; of the others their names and how they are written.
SYMBOLS = {written for name in COURSE.symbols if len(name) > 1 for written in (name, letter(name))} - {"g"}
IN_TEXTS = re.compile(rf"(?<![\w\\])(?:{either(SYMBOLS)})(?!\w)")


def engine() -> list[Path]:
    """Every file of the engine that is read here."""
    apart = [*course_files(ROOT), ROOT / "autograder" / "course", *(ROOT / name for name in KNOW_IT)]
    whole = {path for package in ("autograder", "lrtutorial") for path in (ROOT / package).rglob("*.*")}
    return sorted(path for path in whole if path.suffix in READ and not {path, *path.parents} & {*apart})


def files_of(place: Path) -> list[Path]:
    """Return a file, or those of a folder that are read here."""
    return [place] if place.is_file() else [path for path in place.rglob("*") if path.suffix in READ]


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield every text of a module with its line, docstrings left out."""
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


def named(source: str, suffix: str) -> list[tuple[int, str]]:
    """Return the names of this course in a file of this kind, each with its line."""
    lines = [*enumerate(source.splitlines(), 1)]
    said = texts(source) if suffix == ".py" else lines
    found = [(line, name) for line, text in lines for name in ANYWHERE.findall(text)]
    return sorted(found + [(line, name) for line, text in said for name in IN_TEXTS.findall(text)])


def test_the_engine_names_no_exercise_part_or_symbol() -> None:
    files = engine()
    assert len(files) > 180 and {path.suffix for path in files} == {*READ}
    found = {path: named(path.read_text("utf-8"), path.suffix) for path in files}
    assert [f"{path.relative_to(ROOT)}:{line}: {name}" for path, names in found.items() for line, name in names] == []


def test_what_may_know_optimizers_names_no_exercise_and_no_part_either() -> None:
    names = re.compile(
        rf"{PART}|(?<![A-Za-z0-9])(?:{either({exercise.upper() for exercise in COURSE.by_id})})(?![A-Za-z0-9])"
    )
    found = {path: names.findall(path.read_text("utf-8")) for name in KNOW_IT for path in files_of(ROOT / name)}
    assert {path: said for path, said in found.items() if said} == {}


def test_each_file_that_may_know_the_course_is_there_and_does() -> None:
    for name in KNOW_IT:
        assert any(named(path.read_text("utf-8"), path.suffix) for path in files_of(ROOT / name)), name


PLANTED = {  # a line: the file's kind
    **dict.fromkeys(
        (
            "y = 'b2'", "y = 'B2'", "y = f'run {x} part_a'", "y = {'lambda_max': 1}", "y = x == 'a1-gradient'",
            "y = 'b2-answer'", "y = 'a1-gradient-test'", "y = 'c1-written'", "y = 'b1_optimizers.ipynb'",
            "y = 'Part B'", "y = 'Parts A and B'", "y = 'A1 to A5'", "y = 'And(low < eta, 1)'", "y = '2*kappa'",
            "y = 'Sum(beta**k)'", "y = 'prediction_1'", "y = 'λ_max'", "y = f'{x} < η'", "def of_b3(): ...",
            "def ask(b2): ...", 'def f():\n    """Part C\'s experiments."""', "x = 1  # as in B3", "y = x.run_adam",
            '"""Figures (B3, B4, B5)."""', "y = 'MomentumSGD'", "def f(variable='eta'): ...",
        ),
        ".py",
    ),
    "<h1>Similar answers in Part B</h1>": ".j2", "<p>see c1</p>": ".html", "<i>η</i>": ".html",
    "if (part === 'part_b') return;": ".js", "const at = `${eta} of A1`;": ".js", "#b2-answer { color: red; }": ".css",
}  # fmt: skip


@pytest.mark.parametrize("line", PLANTED)
def test_a_name_of_this_course_would_be_found(line: str) -> None:
    assert named(line, PLANTED[line])


@pytest.mark.parametrize(
    "line",
    [".highlight .c1 {}", "color: #b2b1a1;", "DTYPES = ('|b1',)", "x = the_part(a)", "beta = 1", "y = 'metadata'"],
)
def test_what_only_looks_like_one_is_none(line: str) -> None:
    assert not named(line, ".py" if "=" in line else ".css")
