"""A notebook as a student sees it after "Restart Kernel and Run All Cells": each in a process of its own.

The process is forked from one that has the imports done, so that a fresh start costs no more than in grading. It is not
jailed, knows nothing of the grader, and runs shell lines and installs as a notebook does. The course's own experiments
are left out where nobody wrote into them: they take long, and no answer depends on them.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PRELOADED = ["IPython", "numpy", "sympy", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "lrtutorial",
             "lrtutorial.explorer", "lrtutorial.locating.apart", "tests.grading.home"]  # fmt: skip
SHOWN = re.compile(
    r'data-step="(?P<step>[^"]*)" data-status="(?P<status>\w+)".*?(?P<points>[\d.e-]+) of [\d.e-]+ points', re.DOTALL
)
PREDICTION = re.compile(r"(c\d)-(?:prediction|sketch)_\d-test")

Shown = dict[str, tuple[str, float]]  #: by step: the status and the points that the notebook shows last


def homes(count: int = 2) -> ProcessPoolExecutor:
    """Return a pool whose every task runs in a process of its own, forked from one with the imports done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return ProcessPoolExecutor(count, mp_context=context, max_tasks_per_child=1)


def at_home(
    pool: ProcessPoolExecutor, notebook: Any, release: Any, files: Mapping[str, bytes]
) -> Future[tuple[Shown, str]]:
    """Run a notebook from the top; the future gives what its verdicts show, and all that it printed and showed."""
    needless = {cell.source for cell in release.cells if "experiment" in cell.metadata.get("tags", ())}
    cells = [
        (cell.source, str(cell.metadata.get("nbgrader", {}).get("grade_id", "")))
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source not in needless
    ]
    return pool.submit(run_all, cells, dict(files))


def run_all(cells: Iterable[tuple[str, str]], files: dict[str, bytes]) -> tuple[Shown, str]:
    """Run cells (source, grade_id) in this process, which is used once.

    A prediction shows its points when it is checked once more, after its outcome was shown.
    """
    os.environ |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PIP_NO_INDEX": "1"}
    folder = Path(tempfile.mkdtemp())
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    os.chdir(folder)
    sys.path[:] = ["", *(entry for entry in sys.path if entry)]  # as a kernel's is
    sys.stdin = io.StringIO("7\n" * 20)  # what somebody types
    shell, printed = _shell(), io.StringIO()
    from lrtutorial import checking
    from lrtutorial.answers.session import HERE

    vars(checking)["places_apart"] = lambda *answers, **more: []  # words, never points, and seconds
    foretold = [(source, found[1]) for source, name in cells if (found := PREDICTION.fullmatch(name))]
    with redirect_stdout(printed), redirect_stderr(printed):
        for source, _ in cells:
            shell.run_cell(source, store_history=True)
        for source, exercise in foretold:
            HERE.revealed.add(exercise)
            shell.run_cell(source)
    said = [str(output.get("text/html", "")) + str(output.get("text/plain", "")) for output in shell.display_pub.shown]
    found = {one["step"]: (one["status"], float(one["points"])) for text in said for one in SHOWN.finditer(text)}
    return found, "\n".join([printed.getvalue(), *said])


def _shell() -> Any:
    """IPython as a notebook has it: what it displays is kept, and nobody sits there."""
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    class Outputs(DisplayPublisher):
        def __init__(self, **settings: Any):
            super().__init__(**settings)
            self.shown: list[dict[str, Any]] = []

        def publish(self, data: Any, *positional: Any, **named: Any) -> None:
            self.shown.append(dict(data))

    class Notebook(InteractiveShell):
        kernel = SimpleNamespace(_allow_stdin=False)

        def init_display_pub(self) -> None:
            self.display_pub = Outputs(parent=self)

        def init_history(self) -> None:
            super().init_history()
            self.history_manager.enabled = False

        def enable_gui(self, gui: str | None = None) -> None:
            """Figures are drawn in the page."""

    return Notebook.instance(colors="NoColor")
