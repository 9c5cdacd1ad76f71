"""With CI set a skipped test fails; without, it is skipped with its reason."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

SUITE = {
    "test_marked.py": """
        import pytest
        @pytest.mark.requires_tool("no-such-program")
        def test_tool(): pass
        @pytest.mark.requires_tool("sh")
        def test_there(): pass
        def test_inside(): pytest.skip("no network namespaces")
        @pytest.mark.xfail
        def test_known_fault(): assert False
    """,
    "test_module.py": "import pytest\npytest.importorskip('no_such_module')",
    "browser/test_page.py": """
        def test_page(request):
            assert request.node.get_closest_marker("xdist_group").args == ("browser",)
            assert request.node.get_closest_marker("whole")
    """,
}


def run(folder: Path, ci: str) -> tuple[int, dict[str, int], str]:
    (folder / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    ini = "[pytest]\nmarkers =\n    requires_tool(*names): x\n    whole: x\n"
    (folder / "pytest.ini").write_text(ini)
    for name, text in SUITE.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("\n".join(line.removeprefix("        ") for line in text.splitlines()))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "--continue-on-collection-errors", str(folder)],
        env=os.environ | {"CI": ci},
        cwd=folder,
        text=True,
        capture_output=True,
    )
    counts = {word.rstrip("s"): int(n) for n, word in re.findall(r"(\d+) ([a-z]+)", done.stdout.splitlines()[-1])}
    return done.returncode, counts, done.stdout


def test_locally_missing_tools_skip_with_the_reason(tmp_path):
    code, counts, said = run(tmp_path, ci="")
    assert code == 0, said
    assert (counts["passed"], counts["skipped"], counts["xfailed"]) == (2, 3, 1)
    assert "needs no-such-program on the PATH" in said


@pytest.mark.parametrize("ci", ["true", "1"])
def test_in_ci_every_skip_fails_and_says_why(tmp_path, ci):
    code, counts, said = run(tmp_path, ci)
    assert code == 1
    assert (counts["passed"], counts["failed"], counts["error"], counts["xfailed"]) == (2, 1, 2, 1)
    assert "skipped" not in counts
    for reason in ("needs no-such-program on the PATH", "no network namespaces", "no_such_module"):
        assert reason in said
