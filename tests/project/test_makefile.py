"""`make` on a new machine: set up once, in any folder, and plain words when something is missing.

The slow parts (a real venv, a real pip) are played by a stand-in Python, which notes what it was asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
RECIPES = dict(re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M))
RUN_TESTS = [target for target, recipe in RECIPES.items() if re.search(r"-m pytest|scripts/versions\.py", recipe)]

STAND_IN = r"""#!/bin/sh
# Claims to be Python 3.12, makes a .venv that holds itself, and notes each pip call in calls.
case "$*" in
    --version) echo "Python 3.12.0 (stand-in)" ;;
    *version_info*) echo "$STAND_IN" ;;
    "-m venv "*) echo venv >>calls; mkdir -p .venv/bin; cp "$STAND_IN" .venv/bin/python ;;
    "-m pip help install") test ! -e .venv/broken-pip ;;
    "-m pip "*) echo "$*" >>calls; printf '%s\n' "$PIP_SAYS" >.venv/pip.log; test -z "$PIP_SAYS" ;;
    "-m compileall "*) echo "$*" >>calls; exit 1 ;;  # there is always a file for another Python
    "-m pytest "*|"scripts/versions.py "*) echo "$*; writes bytecode: ${PYTHONDONTWRITEBYTECODE:-yes}" >>calls ;;
esac
"""

pytestmark = pytest.mark.requires_tool("make")


class Clone:
    """What `make` needs of the course, in a folder, and a PATH with only the usual small programs."""

    def __init__(self, folder: Path, programs: Path):
        self.folder = folder
        folder.mkdir(parents=True)
        for name in ("Makefile", "pyproject.toml", "constraints.txt", "scripts"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, folder / name)
        programs.mkdir()
        for name in "awk cat cp df grep id make mkdir printf rm sh touch".split():
            (programs / name).symlink_to(shutil.which(name))
        stand_in = programs.parent / "stand-in"
        stand_in.write_text(STAND_IN)
        stand_in.chmod(0o755)
        self.programs = programs
        self.env = {"PATH": str(programs), "HOME": "", "PIP_SAYS": "", "STAND_IN": str(stand_in)}

    def make(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["make", *arguments], cwd=self.folder, env=self.env | env, text=True, capture_output=True)

    def set_up(self, **env: str) -> subprocess.CompletedProcess[str]:
        return self.make(".venv/.lab", f"PYTHON={self.env['STAND_IN']}", **env)

    def calls(self) -> list[str]:
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return lines


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "a folder with spaces" / "the course", tmp_path / "programs")


def test_help_is_the_default_and_lists_every_target(clone):
    shown = clone.make().stdout
    assert re.findall(r"^  make ([a-z-]+) +\S", shown, re.M) == [t for t in TARGETS if t != "FORCE"]


@pytest.mark.parametrize("target", [t for t in TARGETS if t != "FORCE"])
def test_every_target_can_be_planned_in_a_path_with_spaces(clone, target):
    planned = clone.make("-n", target)
    assert planned.returncode == 0, planned.stderr
    assert not planned.stderr
    if target not in ("help", "clean"):
        assert "scripts/venv.sh" in planned.stdout


def test_the_modules_and_folders_that_recipes_name_exist():
    recipes = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"python -m ((?:autograder|benchmarks)[.\w]*)", recipes))
    assert named
    for module in named:
        path = ROOT.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module
    for folder in re.findall(r"(?<=\s)tests/\w+(?=\s)", recipes):
        if folder not in ("tests/artifacts",):
            assert (ROOT / folder).is_dir(), folder


def test_set_up_runs_once_and_again_when_the_requirements_change(clone):
    done = clone.set_up()
    assert done.returncode == 0, done.stderr
    venv, tools, course, bytecode = clone.calls()
    assert venv == "venv"
    assert tools.endswith("--constraint constraints.txt --quiet pip setuptools")
    assert course.endswith("--constraint constraints.txt --no-compile --no-build-isolation --editable .[instructor]")
    assert bytecode == "-m compileall -q -j 0 -x /tests?/ .venv/lib"

    assert clone.set_up().returncode == 0
    assert clone.calls() == []

    later = (clone.folder / ".venv/.lab").stat().st_mtime + 10
    os.utime(clone.folder / "constraints.txt", (later, later))
    assert clone.set_up().returncode == 0
    assert "venv" not in clone.calls(), "the environment is kept, and pip brings it up to date"


def test_the_tests_tools_are_added_to_the_same_environment(clone):
    clone.set_up()
    clone.calls()
    assert clone.make(".venv/.test", f"PYTHON={clone.env['STAND_IN']}").returncode == 0
    calls = clone.calls()
    assert "venv" not in calls and calls[1].endswith("--editable .[test]")
    assert "compileall" in calls[2], "what came new has its bytecode, too"
    assert clone.set_up().returncode == 0
    assert clone.calls() == [], "the lab needs nothing more than the tests do"


def test_a_clone_that_was_moved_is_set_up_anew(clone):
    clone.set_up()
    clone.calls()
    clone.folder = clone.folder.rename(clone.folder.with_name("elsewhere"))
    assert clone.set_up().returncode == 0
    assert clone.calls()[0] == "venv"


def test_a_set_up_that_failed_leaves_no_stamp(clone):
    assert clone.set_up(PIP_SAYS="ERROR: a surprise").returncode != 0
    assert not (clone.folder / ".venv/.lab").exists()
    assert "compileall" not in clone.calls()[-1]
    assert clone.set_up().returncode == 0
    assert "venv" not in clone.calls(), "the environment is kept, and pip brings it up to date"


def test_a_pip_that_was_stopped_while_it_replaced_itself_is_made_anew(clone):
    clone.set_up()
    clone.calls()
    (clone.folder / ".venv/broken-pip").touch()
    (clone.folder / ".venv/.lab").unlink()
    assert clone.set_up().returncode == 0
    assert clone.calls()[0] == "venv"


@pytest.mark.parametrize("python3", [None, '#!/bin/sh\ntest "$1" = --version && echo Python 3.9.2\n'])
def test_no_python_or_too_old_a_one_is_said_plainly(clone, python3):
    if python3:
        (clone.programs / "python3").write_text(python3)
        (clone.programs / "python3").chmod(0o755)
    said = clone.make("lab")
    assert said.returncode != 0
    assert "needs Python 3.11 or newer, and there is none on the PATH" in said.stderr
    assert ("Python 3.9.2" if python3 else "no python3 at all") in said.stderr
    assert "make lab PYTHON=" in said.stderr


def test_a_python_that_refuses_to_start_is_passed_over(clone):
    # A version manager puts a python3.13 on the PATH that only says it is not the chosen one.
    for name, text in {"python3": "#!/bin/sh\nexit 127\n", "python3.12": STAND_IN}.items():
        (clone.programs / name).write_text(text)
        (clone.programs / name).chmod(0o755)
    done = clone.make(".venv/.lab")
    assert done.returncode == 0, done.stderr
    assert "with Python 3.12.0 (stand-in)" in done.stderr


def test_a_python_without_venv_is_said_plainly(clone):
    Path(clone.env["STAND_IN"]).write_text(STAND_IN.replace("esac", "    *ensurepip*) exit 1 ;;\nesac"))
    said = clone.set_up()
    assert said.returncode != 0
    assert "has no venv module" in said.stderr and "python3-venv" in said.stderr


def test_too_little_disk_is_said_before_anything_is_made(clone):
    (clone.programs / "df").unlink()
    (clone.programs / "df").write_text("#!/bin/sh\necho head\necho /dev/disk 1000 993 7 99% /\n")
    (clone.programs / "df").chmod(0o755)
    said = clone.set_up()
    assert said.returncode != 0
    assert "Not enough disk space" in said.stderr and "7 MB are free" in said.stderr
    assert clone.calls() == []


def test_a_disk_that_fills_up_is_said_plainly(clone):
    said = clone.set_up(PIP_SAYS="OSError: [Errno 28] No space left on device")
    assert said.returncode != 0
    assert "The disk is full" in said.stderr


@pytest.mark.whole  # some seconds: pip tries several times
def test_no_network_is_said_plainly(tmp_path):
    """The real thing: a real venv, and a pip whose index does not answer."""
    clone = Clone(tmp_path / "course", tmp_path / "programs")
    nothing_listens = "http://127.0.0.1:9/simple"
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith(("PIP_", "HTTP", "NO_PROXY", "MAKE"))}
    pip = {"PIP_INDEX_URL": nothing_listens, "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    said = subprocess.run(["make", ".venv/.lab"], cwd=clone.folder, env=kept | pip, text=True, capture_output=True)
    assert said.returncode != 0
    assert "No network: pip could not reach the package index" in said.stderr, said.stderr + said.stdout
    assert not (clone.folder / ".venv/.lab").exists()


@pytest.mark.parametrize("target", RUN_TESTS)
def test_what_tests_start_is_compiled_once_also_where_python_is_told_to_leave_no_bytecode(clone, target):
    clone.set_up()
    assert clone.make(target, f"PYTHON={clone.env['STAND_IN']}", PYTHONDONTWRITEBYTECODE="1").returncode == 0
    assert clone.calls()[-1].endswith("; writes bytecode: yes")


def test_with_ci_set_the_javascript_tests_may_not_be_left_out(clone):
    clone.set_up()
    python = f"PYTHON={clone.env['STAND_IN']}"
    locally = clone.make("test", python)
    assert locally.returncode == 0, locally.stderr
    assert "JavaScript tests in tests/js are left out" in locally.stderr
    in_ci = clone.make("test", python, CI="true")
    assert in_ci.returncode != 0
    assert "Node.js is missing" in in_ci.stderr
