"""The house's rules: few things at a package's root, short functions, no arrow upwards, no circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_AT_A_ROOT, LONGEST = 20, 60
#: Functions that are longer, and why that is easier to read than their parts would be.
REASONS: dict[str, str] = {}


def sources(package: str) -> list[Path]:
    found = (ROOT / package).rglob("*.py")
    return sorted(path for path in found if (ROOT / "autograder" / "course") not in path.parents)


@pytest.mark.requires_tool("git")
@pytest.mark.parametrize("package", ["autograder", "lrtutorial"])
def test_a_package_has_few_things_at_its_root(package: str) -> None:
    listed = subprocess.run(["git", "ls-files", package], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    things = {line.split("/")[1] for line in listed.splitlines()}
    assert 10 < len(things - {"__init__.py", "py.typed"}) <= MOST_AT_A_ROOT, sorted(things)


@pytest.mark.parametrize("package", ["autograder"])
def test_no_function_is_long_without_a_reason(package: str) -> None:
    long = {}
    for path in sources(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > LONGEST:
                    long[f"{path.relative_to(ROOT).as_posix()}:{node.name}"] = lines
    assert {name: lines for name, lines in long.items() if not REASONS.get(name)} == {}
    assert set(REASONS) <= set(long), "a reason for a function that is short by now"


def test_the_arrows_between_the_rooms_are_those_that_are_allowed() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout
