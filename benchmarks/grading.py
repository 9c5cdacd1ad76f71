"""How fast a class is graded: ``python -m benchmarks.grading`` (``make bench-grading``). One table from one run.

The same submissions of one part go through stock ``nbgrader autograde`` (its own Execute, one after the other, the
test cells run by the students' kernels) and through ``python -m autograder grade`` (jailed kernels, secret probes,
judged outside). Each command is timed as a whole process, start included; the stock command gets fewer students, and
rates are compared. Where both finish, the cells with full marks must be the same ones.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from rich.console import Console
from rich.table import Table

from autograder.demo.students import STUDENTS, submission

ROOT = Path(__file__).resolve().parents[1]
HONEST = [student for student in STUDENTS if student.name.split("_")[1] in ("ada", "bo", "cy", "dee", "eli")]
STOCK = """
c = get_config()
c.CourseDirectory.root = {course!r}
c.CourseDirectory.source_directory = {solutions!r}
c.ClearSolutions.code_stub = {{"python": "..."}}
c.ClearSolutions.text_stub = "*Write your answer here.*"
"""


def hand_in(submitted: Path, part: str, count: int) -> int:
    """Write the submissions of ``count`` students, the honest sample students over and over; return the notebooks."""
    written = 0
    for number in range(count):
        student = HONEST[number % len(HONEST)]
        folder = submitted / f"student_{number:04}" / part
        folder.mkdir(parents=True)
        for released in sorted((ROOT / "notebooks" / part).glob("*.ipynb")):
            solution = ROOT / "solutions" / part / released.name
            nbformat.write(submission(student, released, solution), folder / released.name)
            written += 1
    return written


def run(words: list[str], course: Path) -> float:
    """Return the seconds that a command takes. Raises RuntimeError with its last lines when it fails."""
    environment = {
        **os.environ, "LRTUTORIAL_COURSE": str(course), "LRTUTORIAL_PROGRESS": "off",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }  # fmt: skip
    begun = time.perf_counter()
    where = course if (course / "nbgrader_config.py").exists() else ROOT
    done = subprocess.run([sys.executable, "-m", *words], cwd=where, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError("\n".join((done.stdout + done.stderr).splitlines()[-15:]))
    return time.perf_counter() - begun


def full_marks(course: Path, part: str, count: int) -> set[tuple[str, str]]:
    """Return (student, grade cell) of every auto-graded cell with full marks, among the first ``count`` students."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        return {
            (submitted.student.id, grade.name)
            for submitted in gradebook.assignment_submissions(part)
            if submitted.student.id < f"student_{count:04}"
            for notebook in submitted.notebooks
            for grade in notebook.grades
            if grade.auto_score == grade.max_score
        }


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--part", default="part_b", help="the part to grade (default part_b)")
    words.add_argument("--students", type=int, default=60, help="class size for the engine (default 60)")
    words.add_argument("--stock", type=int, default=5, help="class size for the stock command (default 5)")
    words.add_argument("--workers", type=int, default=3, help="workers of the engine (default 3)")
    chosen = words.parse_args()
    console = Console(width=100)
    table = Table("way", "notebooks", "seconds", "notebooks a minute", "ratio to stock", title=chosen.part)
    with tempfile.TemporaryDirectory() as name:
        stock, engine = Path(name) / "stock", Path(name) / "engine"
        stock.mkdir()
        (stock / "nbgrader_config.py").write_text(STOCK.format(course=str(stock), solutions=str(ROOT / "solutions")))
        run(["nbgrader", "generate_assignment", chosen.part, "--create"], stock)
        notebooks = hand_in(stock / "submitted", chosen.part, chosen.stock)
        seconds = run(["nbgrader", "autograde", chosen.part], stock)
        base = notebooks / seconds
        table.add_row("stock nbgrader autograde", str(notebooks), f"{seconds:.1f}", f"{60 * base:.0f}", "1.0")

        release = f"--CourseDirectory.release_directory={engine / 'release'}"
        run(["nbgrader", "generate_assignment", chosen.part, "--create", release], engine)
        notebooks = hand_in(engine / "submitted", chosen.part, chosen.students)
        seconds = run(["autograder", "grade", chosen.part, "--workers", str(chosen.workers)], engine)
        rate = notebooks / seconds
        table.add_row("autograder grade", str(notebooks), f"{seconds:.1f}", f"{60 * rate:.0f}", f"{rate / base:.1f}")
        console.print(table)

        common = min(chosen.stock, chosen.students)
        both = [full_marks(course, chosen.part, common) for course in (stock, engine)]
        same = both[0] == both[1]
        console.print(f"cells with full marks: {len(both[0])} stock, {len(both[1])} engine; the same: {same}")
        for student, cell in sorted(both[0] ^ both[1]):
            console.print(f"  differs: {student} {cell}")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        console.print(f"largest single process of either way: {peak:.0f} MB")
        shutil.rmtree(Path(name), ignore_errors=True)


if __name__ == "__main__":
    main()
