"""The built package: everything a student needs, nothing of the grader."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.copying import without

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of both packages: a build leaves traces in the folder that it builds."""
    folder = tmp_path_factory.mktemp("source")
    unwanted = without("__pycache__", ".*", "*.egg-info")
    for name in ("lrtutorial", "autograder"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy2(ROOT / name, folder)
    return folder


def build(source: Path, out: Path, kind: str) -> Path:
    """Build by the standard hook (PEP 517 and 660) with the installed setuptools; give the wheel's path."""
    hook = f"from setuptools import build_meta; print(build_meta.{kind}({str(out)!r}))"
    built = subprocess.run([sys.executable, "-c", hook], cwd=source, text=True, capture_output=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return out / built.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(source, tmp_path_factory.mktemp("wheel"), "build_wheel")


def test_the_wheel_holds_all_of_lrtutorial_and_nothing_else(wheel, source):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = (path for path in (source / "lrtutorial").rglob("*") if path.is_file())
    assert inside == {path.relative_to(source).as_posix() for path in files}


def test_the_installed_wheel_imports_and_knows_its_version(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    script = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import lrtutorial
print(lrtutorial.__version__, lrtutorial.__file__, sep="\\n")
"""
    run = [sys.executable, "-c", script]
    version, file = subprocess.check_output(run, cwd=tmp_path, text=True).splitlines()
    assert wheel.name.startswith(f"lrtutorial-{version}-")
    assert Path(file).is_relative_to(tmp_path)


def test_an_editable_install_maps_lrtutorial_alone(source, tmp_path):
    """`make lab` installs so: the kernels must find lrtutorial in the checkout, and autograder nowhere."""
    archive = zipfile.ZipFile(build(source, tmp_path, "build_editable"))
    (finder,) = (name for name in archive.namelist() if name.endswith("_finder.py"))
    found: dict[str, dict[str, str]] = {}
    exec(archive.read(finder).decode(), found)
    assert found["MAPPING"] == {"lrtutorial": str(source / "lrtutorial")}
    # No .pth file puts the folder itself on sys.path.
    for name in archive.namelist():
        if name.endswith(".pth"):
            assert str(source) not in archive.read(name).decode()


def test_the_student_package_never_imports_the_grader():
    files = sorted((ROOT / "lrtutorial").rglob("*.py"))
    assert files
    for path in files:
        assert not re.search(r"^\s*(from|import) autograder\b", path.read_text(), re.M), path.name


def test_the_grader_cannot_be_imported_where_the_students_kernels_run(tmp_path):
    """In this very environment, from any folder but the course's own."""
    elsewhere = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    script = "import importlib.util; print(importlib.util.find_spec('autograder'))"
    out = subprocess.check_output([sys.executable, "-c", script], cwd=tmp_path, env=elsewhere, text=True)
    assert out.strip() == "None"
