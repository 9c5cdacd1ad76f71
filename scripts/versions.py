"""Tests the course with the oldest or the newest versions that pyproject.toml allows.

usage (by the Makefile, from the root): python scripts/versions.py {lowest|newest} [pytest arguments]

Makes .venv-lowest or .venv-newest with the `test` extra. "lowest" holds every requirement of pyproject.toml at its
lower bound, "newest" none; what these require in turn is pip's choice, so it is new. constraints.txt plays no part.
pip's own variables work as always; PyTorch's CPU builds are had as for `make` (README).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
# What depends on the libraries' behaviour and needs neither browser nor jail.
TESTS = ["core", "references", "part_a", "part_b", "part_c", "explorer", "progress", "notebooks"]


def lower_bounds() -> dict[str, str]:
    """Each requirement of pyproject.toml, extras included, with the version that stands behind its ``>=``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    stated = [Requirement(line) for line in lines]
    return {
        requirement.name: next(part.version for part in requirement.specifier if part.operator == ">=")
        for requirement in stated
        if requirement.name != project["name"]
    }


def main(which: str = "", *pytest_arguments: str) -> int:
    """Make the environment anew, say what is in it, run the tests; their exit code."""
    if which not in ("lowest", "newest"):
        raise SystemExit(f"expected lowest or newest, got {which!r}")
    folder = ROOT / f".venv-{which}"
    python = folder / "bin" / "python"
    run("make the environment", sys.executable, "-m", "venv", "--clear", folder)
    constraints = folder / "constraints.txt"
    bounds = lower_bounds() if which == "lowest" else {}
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in bounds.items()))
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    run("install", *pip, "install", "--quiet", "--constraint", constraints, "--editable", f"{ROOT}[test]")
    run("list what is installed", *pip, "list")
    # That an old library uses what a new one calls deprecated is no fault of ours.
    warnings = ["-W", "ignore::DeprecationWarning"] if which == "lowest" else []
    paths = pytest_arguments or [f"tests/{name}" for name in TESTS]
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"  # the notebooks' kernels are this environment's
    command = [python, "-m", "pytest", "-n", "2", "--dist", "loadgroup", *warnings, *paths]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}).returncode


def run(what: str, *command: str | Path) -> None:
    """Run a command; when it fails end with a sentence, as its own last words are above."""
    if subprocess.run(command, cwd=ROOT).returncode:
        raise SystemExit(f"Could not {what}: its last words are above.")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
