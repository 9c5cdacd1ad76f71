"""pyproject.toml, environment.yml and constraints.txt ask for the same things."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())

# conda-forge's name for a package of PyPI, where they differ.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "torch": "pytorch-cpu"}


def requirements(lines: list[str]) -> dict[str, SpecifierSet]:
    parsed = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r.specifier for r in parsed if canonicalize_name(r.name) != PROJECT["name"]}


def pins() -> dict[str, Version]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    matches = [re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)", line) for line in lines]
    bad = [line for line, match in zip(lines, matches, strict=True) if match is None]
    assert not bad, f"constraints.txt holds lines name==version only (no index, no local version): {bad}"
    return {canonicalize_name(match[1]): Version(match[2]) for match in matches if match}


def test_conda_asks_for_what_pip_asks_for():
    conda = {}
    for line in ENVIRONMENT["dependencies"]:
        if isinstance(line, str):
            name, specifier = re.fullmatch(r"([a-z0-9-]+)(.*)", line).groups()
            conda[name] = specifier
    python = conda.pop("python")
    assert conda.pop("pip") == ""
    pip = {CONDA_NAMES.get(name, name): spec for name, spec in requirements(PROJECT["dependencies"]).items()}
    assert {name: SpecifierSet(spec) for name, spec in conda.items()} == pip
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("="))


def test_conda_installs_a_copy_of_the_student_package_and_nothing_else():
    # `-e .` would leave the checkout, autograder included, one .pth file away from the students' kernels.
    assert [line for line in ENVIRONMENT["dependencies"] if isinstance(line, dict)] == [{"pip": ["."]}]
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]


def test_every_requirement_admits_its_pin():
    extras = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    asked, pinned = requirements(PROJECT["dependencies"] + extras), pins()
    assert asked.keys() <= pinned.keys()
    refused = {name: f"{pinned[name]} is not {spec}" for name, spec in asked.items() if pinned[name] not in spec}
    assert not refused


def test_every_requirement_states_a_lower_bound():
    extras = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    for name, specifier in requirements(PROJECT["dependencies"] + extras).items():
        assert any(part.operator == ">=" for part in specifier), f"{name} has no lower bound"


def test_the_constraints_are_sorted_and_whole():
    lines = (ROOT / "constraints.txt").read_text().splitlines()[1:]
    assert lines == sorted(lines, key=str.lower)
    assert len(lines) == len(pins())


def imported_distributions(package: str) -> dict[str, str]:
    """Every distribution that the package's code imports, anywhere in a module, with one file that does."""
    assert any((ROOT / package).rglob("*.py"))
    homes, found = packages_distributions(), {}
    for path in sorted((ROOT / package).rglob("*.py")):
        if path.is_relative_to(ROOT / "autograder" / "course"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for top in {name.partition(".")[0] for name in names} - sys.stdlib_module_names:
                for distribution in homes.get(top, []):
                    found.setdefault(canonicalize_name(distribution), f"{path.relative_to(ROOT)}: {top}")
    found.pop(PROJECT["name"], None)
    return found


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("lrtutorial", []),
        ("autograder", ["instructor", "postgres"]),
        ("tests", ["book", "instructor", "postgres", "test"]),
        ("book", ["instructor", "book"]),
        ("benchmarks", ["instructor", "postgres", "test"]),
    ],
)
def test_what_is_imported_is_asked_for(package, extras):
    lines = PROJECT["dependencies"] + [line for e in extras for line in PROJECT["optional-dependencies"][e]]
    imported = imported_distributions(package)
    missing = {name: where for name, where in imported.items() if name not in requirements(lines)}
    assert not missing, f"imported, but not among the dependencies for {package}"
