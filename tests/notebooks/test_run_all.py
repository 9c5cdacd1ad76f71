""" "Run all" on every notebook as it is handed out: it goes through, nothing raises, and little memory is needed.

(That the solutions earn full marks is tested with each part.)
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lrtutorial.exercises import exercises

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb")) + sorted((ROOT / "notebooks").glob("part_*/*.ipynb"))
MEMORY = {False: 300, True: 700}  # MB at most, without and with torch
# ru_maxrss would count what the test's own process held when it forked the kernel; VmHWM begins anew at exec.
PEAK = """import importlib.util, pathlib, re, sys
assert importlib.util.find_spec("autograder") is None, "a student has no autograder"
status = pathlib.Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024, "torch" in sys.modules)"""


def has_bare_picture(outputs: list) -> bool:
    """Whether a cell shows a picture without HTML that describes it, and prints no words about it either."""
    data = [out.get("data", {}) for out in outputs]
    printed = any(out.output_type == "stream" and out.name == "stdout" for out in outputs)
    return any("image/png" in shown and "text/html" not in shown for shown in data) and not printed


def test_every_exercise_is_released() -> None:
    released = {path.relative_to(ROOT / "notebooks").as_posix() for path in NOTEBOOKS}
    assert released == {"start_here.ipynb"} | {f"{e.part}/{e.notebook}.ipynb" for e in exercises().values()}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_run_all_on_an_untouched_notebook(path, tmp_path, monkeypatch, record_property) -> None:
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.delenv("MPLBACKEND", raising=False)
    (tmp_path / "student" / "lrtutorial").parent.mkdir()
    (tmp_path / "student" / "lrtutorial").symlink_to(ROOT / "lrtutorial")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "student"))
    notebook = nbformat.read(path, as_version=4)
    tests = [c["id"] for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade") and c.cell_type == "code"]
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK, id="peak"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's own libraries warn
        NotebookClient(
            notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
        ).execute()  # raises on errors
    shown = {cell["id"]: cell.get("outputs", []) for cell in notebook.cells}

    alarming = re.compile(r"Warning|Error|Traceback")
    streams = [out for outputs in shown.values() for out in outputs if out.output_type == "stream"]
    assert [out.text for out in streams if out.name == "stderr" and alarming.search(out.text)] == []
    bare = [name for name, outputs in shown.items() if has_bare_picture(outputs)]
    assert bare == [], "a picture needs words for those who can't see it"
    html = "".join(out.data.get("text/html", "") for outputs in shown.values() for out in outputs if "data" in out)
    assert all(re.search(r'\balt="[^"]{20,}"', image) for image in re.findall(r"<img\b[^>]*>", html))
    for name in tests:
        text = "".join(out.data.get("text/plain", "") for out in shown[name] if "data" in out)
        assert re.search(r"Unfinished|Noted|Could not|Not yet", text) and "Right." not in text, (name, text)

    peak, torch = "".join(out.text for out in shown["peak"]).split()
    print(f"{path.stem}: {float(peak):.0f} MB, torch {torch}")
    record_property("peak_mb", float(peak))
    assert float(peak) < MEMORY[torch == "True"]
