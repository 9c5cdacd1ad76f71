"""README, CONTRIBUTING and the guides: what they name exists, and what they show is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import lrtutorial
from autograder.__main__ import parser
from autograder.configuration import CELL_SECONDS, LIMITS
from autograder.demo.students import STUDENTS
from autograder.intake.reading import MAX_CELLS, MAX_NOTEBOOK_BYTES
from autograder.jail import Limits
from lrtutorial.course import exercises, steps
from tests import commands
from tests.notebooks.test_run_all import MEMORY

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)
MADE = ("autograder/course", "_build", ".venv", "tests/artifacts")  # made when the course is used
# The exercise that author.md adds; a folder inside another; a repository; what nbgrader's exchange writes.
EXAMPLES = ("a6", "part_a/", "you/course", "timestamp.txt")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


def code(page: Path) -> list[str]:
    """Everything between single backquotes, outside of code blocks."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", text)


@cache
def export_options() -> set[str]:
    """The options of `nbgrader export`."""
    shown = commands.run([sys.executable, "-m", "nbgrader", "export", "--help"], cwd=ROOT, env=os.environ)
    return set(re.findall(r"^(--[a-z-]+)=", shown.stdout, re.M))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.M | re.S)


def test_there_are_pages_for_all_three_readers() -> None:
    assert {"student.md", "instructor.md", "author.md", "grading.md"} <= {page.name for page in PAGES}


def test_the_limits_that_are_told_are_those_of_grading() -> None:
    limits, mega = Limits(**LIMITS), 2**20
    told = (ROOT / "docs" / "grading.md").read_text().partition("## Limits")[2].partition("\n## ")[0]
    rows = (
        f"{CELL_SECONDS} s, then it is interrupted; {limits.cell_seconds:g} s, then its kernel is ended | "
        f"{limits.notebook_seconds:g} s |",
        f"| processor time | | {limits.cpu_seconds} s |",
        f"| {limits.memory_bytes // mega} MB beyond",
        f"| none of its own; {limits.threads} threads |",
        f"| {limits.output_bytes // mega} MB | {limits.notebook_output_bytes // mega} MB |",
        f"| {limits.file_bytes // mega} MB a file | {limits.scratch_bytes // mega} MB, {limits.scratch_files} files |",
        f"| {MAX_NOTEBOOK_BYTES // 10**6} MB, {MAX_CELLS} cells |",
    )
    assert [row for row in rows if row not in told] == [] and limits.processes == 0


@every_page
def test_every_path_it_names_exists(page) -> None:
    named = [word for word in code(page) if re.fullmatch(r"[\w./-]+", word)]
    paths = [w for w in named if "/" in w or re.search(r"\.(py|md|yml|toml|ipynb|db|txt)$", w)]
    shorthand = re.compile(r"\w{1,2}/\w{1,2}|/.*")  # a fraction; a path of a web address
    paths = [
        w for w in paths if not w.startswith(MADE) and not shorthand.fullmatch(w) and not any(e in w for e in EXAMPLES)
    ]
    assert [w for w in paths if not (ROOT / w).exists() and not (page.parent / w).exists()] == []


@every_page
def test_every_link_leads_somewhere(page) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    local = [link.partition("#")[0] for link in links if not link.startswith("https://")]
    assert [link for link in local if not (page.parent / link).exists()] == []


@every_page
def test_every_command_it_names_exists(page) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
    named = {match for word in code(page) for match in re.findall(r"^make ([a-z-]+)", word)}
    assert named - {"help"} <= targets
    known = parser()._subparsers._group_actions[0].choices
    for command in re.findall(r"python -m autograder (\w[\w-]*)", text):
        assert command in known, command
    options = {option for command in known.values() for option in command._option_string_actions}
    assert set(re.findall(r"`(--[a-z-]+)(?![\w.])", text)) <= options | export_options() | {"--help"}
    sources = [path.read_text() for path in (ROOT / "autograder").rglob("*.py")]
    for name, setting in re.findall(r"--([A-Z]\w+)\.(\w+)", text):
        (defined,) = (source for source in sources if f"class {name}(" in source)
        assert re.search(rf"^    {setting} = ", "".join(sources), re.M) and defined, f"{name}.{setting}"


@every_page
def test_every_name_of_the_package_exists(page) -> None:
    for name, first in re.findall(r"\b(check|hint|reveal|compare)\(\"([^\"]+)\"", page.read_text()):
        assert name in lrtutorial.__all__
        assert first in steps() or first in exercises() or first.startswith("a6"), first


@pytest.mark.whole  # some seconds for a command's start
def test_nbgraders_commands_are_nbgraders() -> None:
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"`nbgrader (\w+)", text))
    shown = commands.run([sys.executable, "-m", "nbgrader", "--help"], cwd=ROOT, env=os.environ)
    assert len(named) >= 4
    assert [name for name in named if not re.search(rf"^{name}\b", shown.stdout, re.M)] == []


def test_the_structure_in_contributing_is_the_one_there_is() -> None:
    (tree,) = blocks(ROOT / "CONTRIBUTING.md", "text")
    folder, named = Path(), {}
    for line in tree.splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        folder = Path() if not indent else folder
        path = folder / name
        assert (ROOT / path).exists(), path
        named[path] = line
        folder = path if not indent else folder
    top = {str(path) for path in named if len(path.parts) == 1}
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split("\n")
    folders = {name.split("/")[0] for name in tracked if "/" in name and not name.startswith(".")}
    assert folders - top <= {"scripts"}


def test_where_contributing_says_to_look_is_what_it_names() -> None:
    """Who looks for a late penalty, a rubric line, a hint or a slider's tick finds the name in the file or folder."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", text[text.index("| to change |") : text.index("## Adding")], re.M)[2:]
    assert len(rows) >= 8
    for what, where in rows:
        named = [word for word in re.findall(r"`([^`]+)`", where) if not word.startswith("make ")]
        paths = [ROOT / name for name in named if "/" in name or name.endswith(".py")]
        assert paths and all(path.exists() for path in paths), what
        files = [file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path])]
        held = "".join(file.read_text() for file in files if file.suffix in (".py", ".js"))
        for name in named:
            assert ROOT / name in paths or re.search(rf"\b{name}\b", held), (what, name)


# -------------------------------------------------------------------------------------------- README


def test_the_verdict_in_the_readme_is_what_the_code_prints() -> None:
    (source, _), (shown,) = blocks(ROOT / "README.md", "python"), blocks(ROOT / "README.md", "text")
    ran = subprocess.run([sys.executable, "-"], input=source, capture_output=True, text=True, cwd=ROOT)
    assert ran.stderr == "" and ran.stdout == shown


def test_readme_s_three_lines_switch_the_jail_on() -> None:
    from traitlets.config import Config

    from autograder.jail import JailedExecute

    config = Config()
    exec(blocks(ROOT / "README.md", "python")[1], {"get_config": lambda: config})
    assert JailedExecute in config.Autograde.autograde_preprocessors
    assert config.JailedProvisioner.minimum == "full"


def test_readme_and_contributing_are_short_and_the_picture_is_small_and_described() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        assert len((ROOT / name).read_text().splitlines()) < 150
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert len(pictures) >= 2
    for alt, path in pictures:
        assert len(alt) > 60 and (ROOT / path).read_bytes()[:4] == b"\x89PNG"
        assert (ROOT / path).stat().st_size < 200_000


def test_the_badge_for_binder_opens_the_start_page_in_jupyterlab() -> None:
    (address,) = re.findall(r"\((https://mybinder\.org/v2/[^)]+)\)", (ROOT / "docs" / "instructor.md").read_text())
    where = urlsplit(address)
    assert where.path == "/v2/gh/you/course/HEAD"
    assert (ROOT / parse_qs(where.query)["labpath"][0]).name == "start_here.ipynb"
    assert (ROOT / parse_qs(where.query)["labpath"][0]).is_file()


def test_the_memory_in_the_readme_is_what_the_notebooks_are_held_to() -> None:
    less, torch = re.search(r"less than (\d+) MB of memory, B4 with PyTorch less than (\d+)", README).groups()
    assert (int(less), int(torch)) == (MEMORY[False], MEMORY[True])


def test_the_numbers_in_the_pages() -> None:
    assert len(exercises()) == 16 and "Sixteen" in (ROOT / "README.md").read_text()
    assert len(STUDENTS) == 10 and "ten students" in (ROOT / "README.md").read_text()
    assert f"## {lrtutorial.__version__}" in (ROOT / "CHANGELOG.md").read_text()
