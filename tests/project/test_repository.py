"""What is stored: notebooks without outputs, and nothing of the machine it was written on."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.check_output(["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, text=True).split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def notebooks() -> list[Path]:
    found = tracked("solutions/*.ipynb", "notebooks/*.ipynb")
    assert found, "no notebook is stored in solutions/ or notebooks/"
    return found


@pytest.mark.requires_tool("git")
def test_notebooks_are_stored_without_outputs():
    for path in notebooks():
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                assert cell["outputs"] == [] and cell["execution_count"] is None, f"{path.name}: {cell['id']}"


@pytest.mark.requires_tool("git")
def test_nbstripout_would_change_no_notebook():
    nbstripout = [sys.executable, "-m", "nbstripout", "--verify", "--keep-id"]
    run = subprocess.run([*nbstripout, *map(str, notebooks())], text=True, capture_output=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.requires_tool("git")
def test_cells_have_names_of_their_own():
    # A random id (8 hex digits, Jupyter's default) says nothing; a graded cell's id is its grade_id.
    for path in notebooks():
        cells = json.loads(path.read_text())["cells"]
        ids = [cell["id"] for cell in cells]
        assert len(ids) == len(set(ids)), path.name
        for cell in cells:
            assert not re.fullmatch(r"[0-9a-f]{8}", cell["id"]), f"{path.name}: cell {cell['id']} has a random id"
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
            assert grade_id in (None, cell["id"]), f"{path.name}: id {cell['id']}, grade_id {grade_id}"


#: The hosts that an address may name: places that people read, and examples. Where packages come from is none.
READ = {
    "arxiv.org", "docs.kernel.org", "docs.python.org", "doi.org", "example.invalid", "example.org", "git.example.org",
    "github.com", "gitlab.com", "jobqueue.dask.org", "mybinder.org", "nbgrader.readthedocs.io", "semver.org",
    "www.w3.org",
}  # fmt: skip


@pytest.mark.requires_tool("git")
def test_nothing_names_the_machine_it_was_written_on():
    here = [str(ROOT), socket.gethostname() if "." in socket.gethostname() else str(ROOT)]
    forbidden = re.compile(
        "|".join(map(re.escape, here))
        + r"|/(?:home|Users)/(?!jovyan\b)\w+/"
        + r"|--?(?:extra-)?index-url[ =]+\S*//|--find-links|\bfile:///\w"
    )
    address = re.compile(r"https?://([\w.-]*\.[A-Za-z]{2,})")
    for path in tracked():
        if path == Path(__file__):
            continue
        text = path.read_bytes().decode(errors="replace")
        found = forbidden.search(text)
        assert found is None, f"{path.relative_to(ROOT)} holds {found[0]!r}"
        others = set(address.findall(text)) - READ
        assert not others, f"{path.relative_to(ROOT)} names {others}: a place that people read belongs into READ"
