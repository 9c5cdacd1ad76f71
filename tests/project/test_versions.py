"""make test-lowest and make test-newest: which versions they ask for. (What they test takes minutes and a network.)"""

from __future__ import annotations

import importlib.util
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with a folder of its own that holds a copy of pyproject.toml."""
    spec = importlib.util.spec_from_file_location("versions", ROOT / "scripts" / "versions.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


@pytest.fixture
def calls(versions: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands are noted and not run; a venv's folder is made."""
    noted: list[list[str]] = []

    def note(command: Any, **_: Any) -> subprocess.CompletedProcess[str]:
        noted.append([str(part) for part in command])
        if "venv" in noted[-1]:
            Path(noted[-1][-1]).mkdir()
        return subprocess.CompletedProcess(command, "pytest" in noted[-1] and 5)

    monkeypatch.setattr(versions.subprocess, "run", note)
    return noted


def test_every_requirement_is_held_at_its_lower_bound(versions: ModuleType) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    stated = {r.name: r.specifier for r in map(Requirement, project["dependencies"] + extras) if r.name != "lrtutorial"}
    bounds = versions.lower_bounds()
    assert bounds.keys() == stated.keys() and {"numpy", "torch", "sympy", "nbgrader", "sphinx"} <= bounds.keys()
    for name, version in bounds.items():
        assert version in stated[name], name
        assert f">={version}" in str(stated[name]), name


def test_lowest_constrains_and_newest_does_not(versions: ModuleType, calls: list[list[str]]) -> None:
    assert versions.main("lowest") == 5, "the tests' exit code is the command's"
    held = (versions.ROOT / ".venv-lowest" / "constraints.txt").read_text().splitlines()
    assert f"numpy=={versions.lower_bounds()['numpy']}" in held and len(held) == len(versions.lower_bounds())
    venv, install, _, tests = calls
    assert venv[-2:] == ["--clear", str(versions.ROOT / ".venv-lowest")]
    assert install[install.index("--constraint") + 1].endswith(".venv-lowest/constraints.txt")
    assert tests[0] == str(versions.ROOT / ".venv-lowest/bin/python")
    assert versions.main("newest", "tests/core") == 5
    assert (versions.ROOT / ".venv-newest" / "constraints.txt").read_text() == ""
    assert calls[-1][-1] == "tests/core"


def test_its_tests_exist(versions: ModuleType) -> None:
    assert all(list((ROOT / "tests" / name).glob("test_*.py")) for name in versions.TESTS)


@pytest.mark.parametrize("asked", [[], ["oldest"]])
def test_another_word_is_refused(versions: ModuleType, asked: list[str]) -> None:
    with pytest.raises(SystemExit, match="expected lowest or newest"):
        versions.main(*asked)


def test_a_failed_install_is_said_plainly(versions: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    with pytest.raises(SystemExit, match="Could not make the environment"):
        versions.main("lowest")
