"""`.ci/run` on a machine without the tools: as root it installs what is missing, else it says what.

Root, apt-get and make are played by stand-ins that note how they were called.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {"git": "git", "chromium": "chromium", "bubblewrap": "bwrap", "nodejs": "node", "npm": "npm"}

pytestmark = pytest.mark.requires_tool("bash")


@pytest.fixture
def machine(tmp_path):
    """Run `.ci/run` as a user with this id, these programs on the PATH; give its result and the calls."""

    def run(user: int, programs: list[str]) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        clone, path = tmp_path / "a clone", tmp_path / "bin"
        (clone / ".ci").mkdir(parents=True)
        path.mkdir()
        shutil.copy2(ROOT / ".ci" / "run", clone / ".ci")
        for name in ("dirname", "mktemp"):
            (path / name).symlink_to(shutil.which(name))
        scripts = dict.fromkeys(programs, "exit 0")
        scripts["id"] = f"echo {user}"
        scripts["apt-get"] = 'echo "apt-get $*" >>"$CALLS"'
        scripts["make"] = 'echo "make $* CI=$CI HOME=${HOME:+set}" >>"$CALLS"; read -r line || exit 0; exit 9'
        for name, body in scripts.items():
            (path / name).write_text(f"#!{shutil.which('bash')}\n{body}\n")
            (path / name).chmod(0o755)
        calls = tmp_path / "calls"
        calls.touch()
        env = {"PATH": str(path), "HOME": "", "CALLS": str(calls)}
        command = [shutil.which("bash"), ".ci/run"]
        done = subprocess.run(command, cwd=clone, env=env, input="typed\n", text=True, capture_output=True)
        return done, calls.read_text().splitlines()

    return run


def test_root_gets_what_is_missing_and_the_tests_run(machine):
    done, calls = machine(0, ["python3"])
    assert done.returncode == 0, done.stderr
    update, install, make = calls
    assert update == "apt-get update -q"
    assert set(TOOLS) <= set(install.split())
    assert "python3-venv" not in install
    assert make == "make test CI=true HOME=set", "CI is set, a home is given, standard input is closed"


def test_what_is_there_is_left_alone(machine):
    done, calls = machine(0, ["python3", *TOOLS.values()])
    assert done.returncode == 0, done.stderr
    installed = {word for call in calls if call.startswith("apt-get install") for word in call.split()}
    assert not installed & TOOLS.keys()
    assert calls[-1].startswith("make test")


def test_anyone_else_is_told_what_to_install(machine):
    done, calls = machine(1000, ["python3", "node", "git"])
    assert done.returncode == 1
    assert "Missing: " in done.stderr and "chromium bubblewrap" in done.stderr
    assert "nodejs" not in done.stderr
    assert calls == []
