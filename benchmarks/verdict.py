"""How long a check takes: ``python -m benchmarks.verdict`` (``make bench``). Prints one table from one run.

For each step: the whole way from evidence to verdict for the right answer, for catalogued wrong ones and for an
unlisted one, median and 95th percentile in milliseconds. Before it, what ``import lrtutorial`` and a first check cost
in a fresh process, as ratios to Python's own start.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from rich.console import Console
from rich.table import Table

from autograder import catalogue
from lrtutorial.checking import verdict_on
from lrtutorial.course import steps
from lrtutorial.kinds import Formula

ROOT = Path(__file__).resolve().parents[1]
IMPORT = "import lrtutorial, sys; sys.exit(any(m in sys.modules for m in ('torch', 'sympy', 'matplotlib')))"
FIRST = (
    "from lrtutorial.symbols import a, x; from lrtutorial.checking import verdict_on; "
    "assert verdict_on('a1-gradient', a * x).right"
)


def timed(function: Callable[[], Any]) -> float:
    """Return the milliseconds of one call."""
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1000


def process(code: str, runs: int) -> float:
    """Return the median milliseconds of a fresh Python process that runs ``code``, which must exit with 0."""
    return statistics.median(
        timed(lambda: subprocess.run([sys.executable, "-c", code], check=True)) for _ in range(runs)
    )


def in_a_kernel(part: str, name: str, runs: int) -> dict[str, list[float]]:
    """Return, by test cell, the milliseconds from sending the cell to the kernel until its verdict is back."""
    notebook = nbformat.read(ROOT / "solutions" / part / f"{name}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    times: dict[str, list[float]] = {}
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            is_test = cell.metadata.get("nbgrader", {}).get("grade", False)
            taken = [timed(lambda i=index, c=cell: client.execute_cell(c, i)) for _ in range(runs if is_test else 1)]
            if is_test:
                times[cell.id.removesuffix("-test")] = taken
    return times


def describe(times: list[float]) -> str:
    """Return "median / 95th percentile"."""
    ordered = sorted(times)
    return f"{statistics.median(ordered):7.1f} / {ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]:7.1f}"


def main() -> None:
    """Print the tables."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=int, default=7, help="repetitions of each check (default 7)")
    words.add_argument("steps", nargs="*", help="only these steps (default: all of Parts A and B)")
    chosen = words.parse_args()
    console = Console(width=110)

    bare = process("pass", chosen.runs)
    load = process(IMPORT, chosen.runs) - bare
    first = process(FIRST, chosen.runs) - bare
    console.print(f"Python's own start          {bare:7.1f} ms")
    for what, taken, more in (
        ("import lrtutorial", load, "no torch, sympy, matplotlib"),
        ("imports and a first check", first, "SymPy's import included"),
    ):
        console.print(f"{what:27} {taken:7.1f} ms on top ({taken / bare:.2f} × that; {more})")

    columns = ("step", "right, ms", "listed wrong, ms", "unlisted wrong, ms")
    table = Table(*columns, title="verdict: median / 95th percentile")
    for step_id, question in catalogue.questions().items():
        step = steps()[step_id]
        if step.kind.foretells or (chosen.steps and step_id not in chosen.steps):
            continue

        def check(answer: Any, step: Any = step, question: Any = question) -> None:
            verdict_on(step.id, *catalogue.as_answers(step, answer, question.reference).values())

        check(question.reference)
        runs = chosen.runs if step.kind.name != "lr_finder" else 2
        answer = question.reference
        right = [timed(lambda answer=answer: check(answer)) for _ in range(runs)]
        listed = [timed(lambda m=m: check(m.answer)) for m in question.misconceptions]
        unlisted = []
        if isinstance(step.kind, Formula) and not step.kind.condition:
            from sympy import Float, Rational

            if not isinstance(answer, str):
                off = answer * Rational(17, 13) + Float("0.37")
                unlisted = [timed(lambda off=off: check(off)) for _ in range(runs)]
        table.add_row(step_id, describe(right), describe(listed), describe(unlisted) if unlisted else "–")
    console.print(table)

    columns = ("step", "first, ms", "then, ms")
    table = Table(*columns, title="from test cell to verdict in a kernel: median / 95th percentile")
    for part, name in (("part_a", "a1_convergence"), ("part_b", "b2_adam")):
        for step_id, times in in_a_kernel(part, name, chosen.runs + 1).items():
            table.add_row(step_id, f"{times[0]:.1f}", describe(times[1:]))
    console.print(table)


if __name__ == "__main__":
    main()
