"""What a result depends on besides the submission: the code and the recorded data that check an exercise.

A change to one exercise's catalogue touches that exercise alone; one to a kind of answer, those of that kind. So a
regrade does what a change asks for and no more. Digests are of the files' bytes: the same on every machine and Python.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import lrtutorial
from autograder import catalogue
from lrtutorial.answers.parsing import nodes, parsed
from lrtutorial.course import current, exercises

HOMES = {"autograder": Path(__file__).parent.parent, "lrtutorial": Path(lrtutorial.__file__).parent}
#: Themselves, not what they import: that is followed from the exercise's own modules.
JUDGING = "autograder.grading.judging"
SEEDS = "autograder.grading.expectations"  #: for predictions alone: it chooses the class's seed


def _homes() -> dict[str, Path]:
    """Return the folders of the packages that a result may depend on: ours, and those of another course."""
    others = {name.partition(".")[0] for name in (current().home, catalogue.package())} - set(HOMES)
    return HOMES | {name: Path(str(import_module(name).__file__)).parent for name in others}


@cache
def checking_files(exercise_id: str) -> tuple[Path, ...]:
    """Return the files that decide what an answer of this exercise earns, in order of their names.

    They are the exercise, its catalogue, its kinds of answer, all of the course's modules that these import (wherever
    in a module that is, or by name), and the recorded expectations of its steps.
    """
    exercise = exercises()[exercise_id]
    modules = {f"{catalogue.package()}.{exercise.id}", f"{current().home}.{exercise.id}"}
    modules |= {step.kind.module for step in exercise.steps}
    found = {_file(name) for name in _closure(modules)} | {_file(JUDGING)}
    if any(step.kind.costly for step in exercise.steps):
        found.add(_file(SEEDS))
    found |= {_homes()[current().package] / "recorded" / f"{step.id}.json" for step in exercise.steps}
    return tuple(sorted((path for path in found if path is not None and path.exists()), key=_name))


@cache
def digest_of_checks(exercise_id: str) -> str:
    """Return a SHA-256 digest of :func:`checking_files`, as this process found them when it first asked."""
    return hashlib.sha256(
        "\n".join(f"{_name(path)} {_digest(path)}" for path in checking_files(exercise_id)).encode()
    ).hexdigest()


def _name(path: Path) -> str:
    """A file's name within the course, the same wherever the course lies."""
    (home,) = (home for home in _homes().values() if path.is_relative_to(home))
    return path.relative_to(home.parent).as_posix()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _file(module: str) -> Path | None:
    """Return where a module of the course lies; None for one that is none."""
    package, *rest = module.split(".")
    if package not in _homes():
        return None
    path = _homes()[package].joinpath(*rest)
    found = [path / "__init__.py"] if path.is_dir() else [path.with_name(f"{path.name}.py")]
    return next((file for file in found if file.is_file()), None)


def _closure(modules: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen and _file(name) is not None:
            seen.add(name)
            waiting += [*_imported(name), name.rpartition(".")[0]]
    return seen


@cache
def _imported(module: str) -> tuple[str, ...]:
    path = _file(module)
    assert path is not None
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return tuple(dict.fromkeys(_names(parsed(path.read_text(encoding="utf-8")), package)))


def _names(tree: ast.AST, package: str) -> Iterator[str]:
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module":
            words = (word.value for word in node.args[:1] if isinstance(word, ast.Constant))
            yield from (word for word in words if isinstance(word, str))
