"""The house's rules: few things at a root, one name a module, short functions, no arrow upwards, no circle."""

from __future__ import annotations

import ast
import builtins
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from mypy.main import process_options

from lrtutorial.course import exercises

ROOT = Path(__file__).resolve().parents[2]
MOST_AT_A_ROOT, LONGEST = 20, 60
#: Functions that are longer, and why that is easier to read than their parts would be.
REASONS = {
    "tests/browser/test_formgrader.py:test_the_whole_way_in_formgrader": "one way, each page from the last",
}
#: Modules of one name in several rooms, and which one concept it is. The name of an exercise is of course there twice.
SHARED = {
    "errors": "what can go wrong in a room, and what to say of it",
    "reading": "what a room is given, read into what it works with: a notebook, grades, a figure, a formula",
    "release": "the released notebooks: one makes them, one repairs submissions from them",
    "schedules": "schedules of the rate: those that answers are compared with, those that C4 tries",
    "trajectories": "the runs of B3: those that answers are compared with, how answers are judged",
    "words": "what is said of a mistake",
}
FUNCTION = re.compile(r".*(\bfunction\b.*|[\w$#]\s*\(.*\)\s*|=>\s*)\{$")
STATEMENT = re.compile(r"\s*(\}\s*)?(else\s*)?(if|for|while|switch|catch|with|else|try|do)\b")


def sources(package: str) -> list[Path]:
    found = (ROOT / package).rglob("*.py")
    return sorted(path for path in found if (ROOT / "autograder" / "course") not in path.parents)


@pytest.mark.requires_tool("git")
@pytest.mark.parametrize("package", ["autograder", "lrtutorial"])
def test_a_package_has_few_things_at_its_root(package: str) -> None:
    listed = subprocess.run(["git", "ls-files", package], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    things = {line.split("/")[1] for line in listed.splitlines()}
    assert 10 < len(things - {"__init__.py", "py.typed"}) <= MOST_AT_A_ROOT, sorted(things)


def test_a_name_of_a_module_stands_for_one_concept() -> None:
    """Else who looks for progress.py opens the file of a student's progress, and wanted the bar."""
    paths = [path.relative_to(ROOT) for package in ("autograder", "lrtutorial") for path in sources(package)]
    names = Counter(path.stem for path in paths if not path.stem.startswith("__"))
    assert len(names) > 150
    shared = {name for name, count in names.items() if count > 1} - set(exercises())
    assert {name: [path.as_posix() for path in paths if path.stem == name] for name in shared - set(SHARED)} == {}
    assert set(SHARED) <= shared, "a reason for a name that one module has by now"


def exceptions() -> list[tuple[str, str]]:
    """Return the name and the module of every exception class of the two packages."""
    classes = [
        (node.name, {ast.unparse(base).rpartition(".")[2] for base in node.bases}, path.relative_to(ROOT).as_posix())
        for package in ("autograder", "lrtutorial")
        for path in sources(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    known = {name for name in dir(builtins) if isinstance(getattr(builtins, name), type(Exception))}
    known = {name for name in known if issubclass(getattr(builtins, name), BaseException)}
    while found := {name for name, bases, _ in classes if bases & known} - known:
        known |= found
    return [(name, module) for name, bases, module in classes if bases & known]


def test_a_name_of_an_exception_stands_for_one_class() -> None:
    """Else ``except Refused`` passes by what the other module raises under that name."""
    named = exceptions()
    assert len(named) > 40
    count = Counter(name for name, _ in named)
    assert [(name, module) for name, module in named if count[name] > 1] == []


def python_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the name and the number of lines of every function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node.name, node.end_lineno - node.lineno + 1


def javascript_functions(path: Path) -> Iterator[tuple[str, int]]:
    """The same for JavaScript, laid out as ours is: the brace that ends a function stands below its first letter."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.endswith("{") and FUNCTION.match(line) and not STATEMENT.match(line):
            indent = line[: len(line) - len(line.lstrip())]
            rest = enumerate(lines[number + 1 :], 2)
            yield line.strip(), next(length for length, one in rest if one.startswith(indent + "}"))


def of_ours(*folders: str) -> dict[str, int]:
    """Return the number of lines of every function below these folders, by file and name."""
    found = {}
    for folder in folders:
        scripts = [path for kind in ("*.js", "*.mjs") for path in (ROOT / folder).rglob(kind)]
        for path in [*sources(folder), *scripts]:
            read = python_functions if path.suffix == ".py" else javascript_functions
            for name, lines in read(path):
                key = f"{path.relative_to(ROOT).as_posix()}:{name}"
                found[key] = max(lines, found.get(key, 0))
    return found


def test_no_function_is_long_without_a_reason() -> None:
    functions = of_ours("autograder", "lrtutorial", "book", "benchmarks", "scripts", "tests")
    assert len(functions) > 2000 and sum(".js:" in name for name in functions) > 80
    long = {name: lines for name, lines in functions.items() if lines > LONGEST}
    assert {name: lines for name, lines in long.items() if not REASONS.get(name)} == {}
    assert set(REASONS) <= set(long), "a reason for a function that is short by now"


@pytest.mark.parametrize(
    "text",
    [
        "export function draw(context, box) {\n%s}",
        "const draw = async (context) => {\n%s};",
        "button.addEventListener('click', () => {\n%s});",
        "class Box {\n  draw(context) {\n%s  }\n}",
        "const box = {\n  draw: function (context) {\n%s  },\n};",
    ],
)
def test_a_long_function_of_javascript_is_seen(text: str, tmp_path: Path) -> None:
    path = tmp_path / "drawn.js"
    path.write_text(text % ("    if (context) {\n      ready();\n    }\n" * 30))
    assert max(lines for _, lines in javascript_functions(path)) >= 92


def test_the_arrows_between_the_rooms_are_those_that_are_allowed() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_every_module_on_the_way_to_a_score_is_held_to_mypy_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make lint` runs mypy, half a minute without its cache: for these rooms with no less than ``--strict`` asks."""
    monkeypatch.chdir(ROOT)
    _, ours = process_options(["--config-file", "pyproject.toml"])
    _, loose = process_options(["--config-file", os.devnull, "lrtutorial"])
    _, strict = process_options(["--config-file", os.devnull, "--strict", "lrtutorial"])
    asked = {name for name in dir(strict) if isinstance(getattr(strict, name), bool)}
    asked = {name for name in asked if getattr(strict, name) != getattr(loose, name)}
    rooms = {
        "lrtutorial": ("answers", "checking", "course", "formulas", "kinds", "locating", "verdict"),
        "autograder": ("gradebook", "grading", "hooks", "intake"),
    }
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package, names in rooms.items()
        for path in sources(package)
        if path.relative_to(ROOT / package).parts[0] in names
    ]
    assert len(asked) > 8 and len(modules) > 100
    held = {module: ours.clone_for_module(module) for module in modules}
    looser = {
        module: less
        for module, options in held.items()
        if (less := {name for name in asked if getattr(options, name) != getattr(strict, name)})
    }
    assert looser == {}


@pytest.mark.parametrize(("what", "before"), [(r".*\bAny\b.*", 607), (r"\bAny\b", 769)], ids=["lines", "words"])
def test_any_appears_less_than_half_as_often_as_before_the_rooms(what: str, before: int) -> None:
    """A known type is said, and where anything will do it is ``object``; ``before`` was counted the same way."""
    texts = [path.read_text(encoding="utf-8") for package in ("autograder", "lrtutorial") for path in sources(package)]
    found = sum(len(re.findall(what, text)) for text in texts)
    assert 0 < found < before / 2
