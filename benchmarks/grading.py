"""How fast a class is graded: ``python -m benchmarks.grading`` (``make bench-grading``). Its tables are of one run.

The same submissions of one part go through stock ``nbgrader autograde`` (its own Execute, one after the other, the
test cells run by the students' kernels) and through ``python -m autograder grade`` (jailed kernels, secret probes,
judged outside). Each command is timed as a whole process, start included; the stock command gets fewer students, and
rates are compared. Where both finish, the cells with full marks must be the same ones. Memory is that of the command
and of all that it started, shared pages counted once. ``--linear`` grades classes of growing size instead,
``--cluster`` the same class by one, two and four worker processes of a Dask cluster on this machine. ``--right``
leaves out the mistakes that every other student makes, and with them the search for the line to look at.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from rich.console import Console
from rich.table import Table

from autograder.cells import answer_cells
from autograder.demo.mistakes import EDITS, with_mistake
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
EVERY = 2.0  #: seconds between two looks at the memory


def hand_in(submitted: Path, part: str, count: int, *, right: bool = False) -> int:
    """Write the submissions of ``count`` students and return the number of notebooks.

    The honest sample students take turns, who make mistakes as students do; every other one, from the sixth on, makes
    one more of the catalogue. If all are to be ``right``, each hands in what the first of them does. No two answers are
    the same text: what is known of one is of no use for another.
    """
    mistakes, written = sorted(EDITS), 0
    for number in range(count):
        student = HONEST[0 if right else number % len(HONEST)]
        mistake = mistakes[number % len(mistakes)] if number >= len(HONEST) and number % 2 and not right else ""
        folder = submitted / f"student_{number:04}" / part
        folder.mkdir(parents=True)
        for released in sorted((ROOT / "notebooks" / part).glob("*.ipynb")):
            notebook = submission(student, released, ROOT / "solutions" / part / released.name)
            exercise = mistake.split("-")[0]
            if mistake and released.stem.startswith(exercise):
                right = submission(HONEST[0], released, ROOT / "solutions" / part / released.name)
                name = f"{exercise}-answer"
                answer_cells(notebook)[name].source = with_mistake(answer_cells(right)[name].source, mistake)
            for cell in notebook.cells:
                if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
                    cell.source += f"\n# written by student {number}"
            nbformat.write(notebook, folder / released.name)
            written += 1
    return written


@dataclass(frozen=True)
class Ran:
    """A command that was run: how long it took, the largest memory of it and all that it started, what it printed."""

    seconds: float
    memory: float  #: MB
    printed: str


def run(words: list[str], course: Path) -> Ran:
    """Run a command of the course in ``course``. Raises RuntimeError with its last lines when it fails."""
    environment = {
        **os.environ,
        "LRTUTORIAL_COURSE": str(course),
        "LRTUTORIAL_PROGRESS": "off",
        "COLUMNS": "118",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    where = course if (course / "nbgrader_config.py").exists() else ROOT
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, "-m", *words]
        process = subprocess.Popen(command, cwd=where, env=environment, stdout=log, stderr=subprocess.STDOUT)
        peaks = [0.0]
        watcher = threading.Thread(target=_watch, args=(process, peaks))
        watcher.start()
        process.wait()
        seconds = time.perf_counter() - begun
        watcher.join()
        log.seek(0)
        printed = log.read()
    if process.returncode:
        raise RuntimeError("\n".join(printed.splitlines()[-15:]))
    return Ran(seconds, max(peaks) / 1e6, printed)


def _watch(process: subprocess.Popen[bytes], peaks: list[float]) -> None:
    while process.poll() is None:
        peaks.append(float(sum(map(memory_of, tree(process.pid)))))
        time.sleep(EVERY)


def tree(root: int) -> Iterable[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(folder.name))
    waiting, found = [root], []
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def memory_of(pid: int) -> int:
    """Return a process's memory in bytes, its share of what it shares with others; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return 1024 * int(re.search(r"^Pss: +(\d+)", text, re.M)[1])  # type: ignore[index]
    except (OSError, TypeError):
        return 0


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


def by_stock(course: Path, part: str, students: int, *, right: bool) -> tuple[int, Ran]:
    """Grade a class with nbgrader's own command; return its notebooks and how it went."""
    course.mkdir()
    (course / "nbgrader_config.py").write_text(STOCK.format(course=str(course), solutions=str(ROOT / "solutions")))
    run(["nbgrader", "generate_assignment", part, "--create"], course)
    notebooks = hand_in(course / "submitted", part, students, right=right)
    return notebooks, run(["nbgrader", "autograde", part], course)


def by_engine(course: Path, part: str, students: int, who: list[str], *, right: bool = False) -> tuple[int, Ran]:
    """Grade a class with this course's command, its words on ``who`` grades; return its notebooks and how it went."""
    release = f"--CourseDirectory.release_directory={course / 'release'}"
    run(["nbgrader", "generate_assignment", part, "--create", release], course)
    notebooks = hand_in(course / "submitted", part, students, right=right)
    return notebooks, run(["autograder", "grade", part, "--timings", *who], course)


def grading_seconds(ran: Ran) -> float:
    """Return the seconds that the engine says it took, without the start and the end of its process."""
    found = re.search(r"graded.* in ([\d.]+) s", ran.printed)
    if found is None:
        raise RuntimeError(f"the command printed no time: {ran.printed[-300:]}")
    return float(found[1])


def compare(console: Console, folder: Path, chosen: argparse.Namespace) -> None:
    """Print the engine's rate beside the stock command's, and where the engine's time goes."""
    part, students, stock, right = chosen.part, chosen.students, chosen.stock, chosen.right
    table = Table("way", "notebooks", "seconds", "a minute", "ratio to stock", "memory", title=part)
    notebooks, ran = by_stock(folder / "stock", part, stock, right=right)
    base = notebooks / ran.seconds
    row = (f"{ran.seconds:.1f}", f"{60 * base:.1f}", "1.0", f"{ran.memory:.0f} MB")
    table.add_row("stock nbgrader autograde", str(notebooks), *row)
    notebooks, ran = by_engine(folder / "engine", part, students, ours(chosen), right=right)
    rate = notebooks / ran.seconds
    row = (f"{ran.seconds:.1f}", f"{60 * rate:.0f}", f"{rate / base:.1f}", f"{ran.memory:.0f} MB")
    table.add_row("autograder grade", str(notebooks), *row)
    console.print(table)
    common = min(stock, students)
    both = [full_marks(folder / name, part, common) for name in ("stock", "engine")]
    console.print(f"cells with full marks: {len(both[0])} stock, {len(both[1])} engine; the same: {both[0] == both[1]}")
    for student, cell in sorted(both[0] ^ both[1]):
        console.print(f"  differs: {student} {cell}")
    started = ran.seconds - grading_seconds(ran)
    console.print(f"{started:.1f} of the {ran.seconds:.1f} s are the process's own start and end")
    shown = ran.printed.find("Where the time of a notebook goes")
    console.print(ran.printed[ran.printed.rfind("\n", 0, shown) + 1 :], highlight=False, markup=False)


def ours(chosen: argparse.Namespace) -> list[str]:
    """Return the words that say who grades on this machine."""
    return ["--workers", str(chosen.workers)]


def linear(console: Console, folder: Path, chosen: argparse.Namespace) -> None:
    """Print time and memory for classes of growing size."""
    table = Table(
        "students", "notebooks", "seconds", "ms a notebook", "memory", title=f"{chosen.part}, by size of class"
    )
    for students in chosen.linear or [12, 50, 200]:
        count, ran = by_engine(folder / str(students), chosen.part, students, ours(chosen), right=chosen.right)
        inner = grading_seconds(ran)
        row = (f"{ran.seconds:.1f}", f"{1000 * inner / count:.0f}", f"{ran.memory:.0f} MB")
        table.add_row(str(students), str(count), *row)
    console.print(table)


@contextlib.contextmanager
def dask(folder: Path, workers: int) -> Iterator[str]:
    """A scheduler and worker processes of one thread each on the loopback: its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LRTUTORIAL_COURSE": str(folder / "no-course")}

    def start(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words]
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    started = [start("scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard")]
    try:
        for _ in range(workers):
            started.append(start("worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny",
                                 "--no-dashboard", "--local-directory", str(folder)))  # fmt: skip
        look = (
            f"from distributed import Client; Client({address!r}, timeout=60).wait_for_workers({workers}, timeout=60)"
        )
        subprocess.run([sys.executable, "-c", look], check=True, capture_output=True)
        yield address
    finally:
        for process in reversed(started):  # a worker says goodbye to its scheduler, which must still be there
            process.terminate()
            process.wait()


def cluster(console: Console, folder: Path, chosen: argparse.Namespace) -> None:
    """Print the throughput of worker processes on this machine."""
    table = Table(
        "worker processes", "notebooks", "seconds", "notebooks a minute", "each", title=f"{chosen.part}, --scheduler"
    )
    for workers in chosen.cluster or [1, 2, 4]:
        place = folder / f"cluster-{workers}"
        place.mkdir()
        with dask(place, workers) as address:
            who = ["--scheduler", address]
            count, ran = by_engine(place / "course", chosen.part, chosen.students, who, right=chosen.right)
        inner = grading_seconds(ran)
        rate = 60 * count / inner
        table.add_row(str(workers), str(count), f"{inner:.1f}", f"{rate:.0f}", f"{rate / workers:.0f}")
    console.print(table)


def main() -> None:
    """Print the tables."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--part", default="part_b", help="the part to grade (default part_b)")
    words.add_argument("--students", type=int, default=200, help="class size for the engine (default 200)")
    words.add_argument("--stock", type=int, default=5, help="class size for the stock command (default 5)")
    words.add_argument("--workers", type=int, default=3, help="workers of the engine (default 3)")
    words.add_argument(
        "--linear", type=int, nargs="*", metavar="N", help="grade classes of N students in turn (default 12 50 200)"
    )
    words.add_argument(
        "--cluster", type=int, nargs="*", metavar="N", help="by N worker processes of a cluster here (default 1 2 4)"
    )
    words.add_argument("--right", action="store_true", help="no student makes a mistake")
    chosen = words.parse_args()
    console = Console(width=118)
    with tempfile.TemporaryDirectory() as name:
        if chosen.cluster is not None:
            cluster(console, Path(name), chosen)
        elif chosen.linear is not None:
            linear(console, Path(name), chosen)
        else:
            compare(console, Path(name), chosen)


if __name__ == "__main__":
    main()
