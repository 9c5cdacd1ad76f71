"""`-n 2 --dist loadgroup` keeps a group of tests on one worker: pytest 9.2.0 broke that without a word."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def test_a_group_stays_on_one_worker(tmp_path: Path) -> None:
    (tmp_path / "test_group.py").write_text(
        "import time, pytest\n\n"
        "@pytest.mark.xdist_group('heavy')\n"
        "@pytest.mark.parametrize('i', range(6))\n"
        "def test_one(i): time.sleep(0.05)\n"
    )
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "loadgroup", "-c", "/dev/null"]
    said = subprocess.run([*command, "--color=no", str(tmp_path)], cwd=tmp_path, text=True, capture_output=True).stdout
    workers = re.findall(r"^\[(gw\d)\].* PASSED", said, re.M)
    assert len(workers) == 6, said
    assert len(set(workers)) == 1, said
