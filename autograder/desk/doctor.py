"""``python -m autograder doctor``: whether this machine can grade, line by line, and what to do about each that fails.

Nothing is written: a check reads, asks, or tries a kernel in the jail.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import stat
import sys
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbclient import NotebookClient
from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from autograder import course
from autograder.cells import RESTORE, is_marked, read_notebook
from autograder.gradebook.database import Busy, alone_in, hold_to_version, reading
from autograder.gradebook.errors import advice_on
from autograder.gradebook.writer import NotReleased, hold_to_release
from autograder.grading.assignment import course_config
from autograder.hooks.skeletons import Skeletons
from autograder.jail import JailError, JailReport
from lrtutorial.advice import fault
from lrtutorial.course import current

COMMANDS = ("nbgrader", "alembic", "jupyter")
DISK = {"needed": 0.2, "wanted": 2.0}  #: gigabytes free
MEMORY = {"needed": 0.7, "wanted": 0.5}  #: gigabytes: for the first kernel, and for each at a time
MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "fails": "[bold red]fails[/]"}


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it stands, what was seen, and what to do about it."""

    name: str
    status: Literal["ok", "warning", "fails"]
    seen: str
    do: str = ""


@dataclass(frozen=True)
class Place:
    """What is looked at; a test puts something broken into its stead."""

    root: Path = course.ROOT
    folder: Path = course.COURSE
    db_url: str = course.DB_URL
    python: tuple[int, ...] = tuple(sys.version_info[:3])
    version_of: Callable[[str], str] = importlib.metadata.version
    which: Callable[[str], str | None] = shutil.which
    disk_free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    memory: Callable[[], float | None] = lambda: available_memory()
    cores: Callable[[], int] = lambda: len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores()
    jail: Callable[[], JailReport] = lambda: tried_jail()
    parts: tuple[str, ...] = field(default_factory=lambda: tuple(current().parts))

    @property
    def secret(self) -> Path:
        """The file of the course secret."""
        return self.folder / course.SECRET.name


def cores() -> int:
    """Return the machine's cores."""
    return os.cpu_count() or 1


def available_memory() -> float | None:
    """Return the gigabytes that programs may still take, or None where the system doesn't say."""
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) / 1e6
        return None
    except (OSError, ValueError):
        return None


def tried_jail() -> JailReport:
    """Start a kernel as grading would, run one cell in it, and return how it was held. Raises JailError."""
    from autograder.jail.provisioner import JailedKernelManager

    settings = dict(course_config().JailedProvisioner)
    settings["canaries"] = [path for path in settings.get("canaries", []) if os.path.exists(path)]
    manager = JailedKernelManager(jail={**settings, "profile": "numpy"})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)")])
    client = NotebookClient(notebook, km=manager, shutdown_kernel="immediate", timeout=60)
    client.owns_km = True
    client.execute()
    report = manager.jail_report
    if report is None or not any("42" in output.get("text", "") for output in notebook.cells[0].outputs):
        raise JailError("the kernel started, but what it printed didn't arrive")
    return report


# ----------------------------------------------------------------------------------------------- the lines


def _python(place: Place) -> Finding:
    wanted = _project(place)["requires-python"]
    found = ".".join(map(str, place.python))
    if SpecifierSet(wanted).contains(found):
        return Finding("Python", "ok", found)
    return Finding("Python", "fails", f"{found}; the course needs {wanted}", "install a newer Python, then make lab")


def _project(place: Place) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((place.root / "pyproject.toml").read_text("utf-8"))["project"]
    return project


def _packages(place: Place) -> Finding:
    project = _project(place)
    wanted = [Requirement(line) for line in project["dependencies"] + project["optional-dependencies"]["instructor"]]
    pins = [
        line.split("==") for line in (place.root / "constraints.txt").read_text("utf-8").splitlines() if "==" in line
    ]
    tested = {name.lower().replace("_", "-"): version for name, version in pins}
    missing, refused, other = [], [], []
    for requirement in wanted:
        try:
            found = place.version_of(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(requirement.name)
            continue
        pin = tested.get(requirement.name.lower().replace("_", "-"))
        if not requirement.specifier.contains(found, prereleases=True):
            refused.append(f"{requirement.name} {found} (needs {requirement.specifier})")
        elif pin and Version(found).public != Version(pin).public:
            other.append(f"{requirement.name} {found} (tested: {pin})")
    do = "make lab, or pip install '.[instructor]' -c constraints.txt"
    if missing or refused:
        seen = [f"missing: {', '.join(missing)}"] if missing else []
        return Finding("packages", "fails", "; ".join(seen + refused), do)
    if other:
        return Finding("packages", "warning", "not the versions that are tested: " + ", ".join(other), do)
    return Finding("packages", "ok", f"{len(wanted)} as tested, among them nbgrader {place.version_of('nbgrader')}")


def _commands(place: Place) -> Finding:
    missing = [name for name in COMMANDS if place.which(name) is None]
    if missing:
        return Finding(
            "commands",
            "fails",
            f"not on the PATH: {', '.join(missing)}",
            "activate the environment: . .venv/bin/activate (nbgrader calls alembic by name)",
        )
    return Finding("commands", "ok", f"{', '.join(COMMANDS)} are on the PATH")


def _jail(place: Place) -> Finding:
    do = "see autograder/jail/README.md: what each level needs; --unsafe-no-jail only for submissions you trust"
    minimum = str(course_config().JailedProvisioner.minimum)
    try:
        report = place.jail()
    except JailError as error:
        return Finding("jail", "fails", " ".join(str(error).split())[:600], do)
    lacking = [name for name, layer in report.layers.items() if not layer.held]
    seen = f"{report.summary()}. Needed: {minimum}"
    if not report.reaches(minimum):
        lost = ", ".join(f"{name} ({why})" if why else name for name, why in report.missing(minimum).items())
        return Finding("jail", "fails", f"{seen}. Doesn't hold: {lost}", do)
    if lacking:
        return Finding("jail", "warning", f"{seen}. Layers that this system lacks: {', '.join(lacking)}", do)
    return Finding("jail", "ok", seen)


def _folder(place: Place) -> Finding:
    at = next(path for path in (place.folder, *place.folder.parents) if path.exists())
    if not at.is_dir() or not os.access(at, os.W_OK | os.X_OK):
        return Finding(
            "course folder",
            "fails",
            f"{at} can't be written",
            "give yourself the right to write there, or set LRTUTORIAL_COURSE",
        )
    made = "" if at == place.folder else " (made with the first grading)"
    return Finding("course folder", "ok", f"{place.folder}{made}")


def _database(place: Place) -> Finding:
    url = make_url(place.db_url)
    shown = url.render_as_string()  # hides a password
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and not Path(url.database or "").exists():
        return Finding("gradebook", "warning", f"{shown}: none yet", "nbgrader generate_assignment makes it")
    seen = shown
    engine = reading(place.db_url)
    try:
        with engine.connect() as connection:
            hold_to_version(connection)
            if sqlite:
                found = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check(3)"))]
                if found != ["ok"]:
                    return Finding(
                        "gradebook",
                        "fails",
                        f"{shown} is damaged: {'; '.join(found)[:300]}",
                        "restore it from a backup; grade again what is newer",
                    )
                mode = connection.execute(text("PRAGMA journal_mode")).scalar()
                seen += f"; this nbgrader's, whole; log: {'write-ahead' if mode == 'wal' else mode}"
    finally:
        engine.dispose()
    if sqlite:
        path = Path(url.database or "")
        if not os.access(path, os.W_OK) or not os.access(path.absolute().parent, os.W_OK):
            return Finding(
                "gradebook",
                "fails",
                f"{path} can't be written",
                "give yourself the right to write the file and its folder",
            )
    return Finding("gradebook", "ok", seen)


def _disk(place: Place) -> Finding:
    at = next(path for path in (place.folder, *place.folder.parents) if path.exists())
    free = {str(path): place.disk_free(path) / 1e9 for path in (at, Path(tempfile.gettempdir()))}
    seen = ", ".join(f"{gigabytes:.1f} GB free in {path}" for path, gigabytes in free.items())
    if min(free.values()) < DISK["needed"]:
        return Finding("disk", "fails", seen, f"free some space: at least {DISK['needed']:g} GB are needed")
    if min(free.values()) < DISK["wanted"]:
        return Finding("disk", "warning", seen, f"a large class may need {DISK['wanted']:g} GB")
    return Finding("disk", "ok", seen)


def _secret(place: Place) -> Finding:
    path = place.secret
    if not path.exists():
        return Finding("course secret", "ok", f"{path}: none yet, drawn with the first grading")
    course.course_secret(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding(
            "course secret", "warning", f"others can read {path}: it gives away the secret inputs", f"chmod 600 {path}"
        )
    return Finding("course secret", "ok", f"{path}, yours alone")


def _release(place: Place) -> Finding:
    """Gradebook and ``notebooks/`` name the same cells and points."""
    released = {part: _notebooks(place.root / "notebooks" / part) for part in place.parts}
    missing = [part for part, notebooks in released.items() if not notebooks]
    if missing:
        return Finding("release", "fails", f"not released: {', '.join(missing)}", "make release")
    url = make_url(place.db_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return Finding("release", "warning", "no gradebook knows it yet", "make release")
    wrong = []
    engine = reading(place.db_url)
    try:
        with Session(engine) as session:
            for part, notebooks in released.items():
                try:
                    hold_to_release(session, part, notebooks)
                except NotReleased as why:
                    wrong.append(str(why))
    finally:
        engine.dispose()
    if wrong:
        return Finding(
            "release",
            "fails" if len(wrong) == len(released) else "warning",
            "; ".join(wrong),
            "make release (or for one: nbgrader generate_assignment <part> --force)",
        )
    return Finding("release", "ok", "the gradebook holds what notebooks/ holds")


def _notebooks(folder: Path, remedy: str = "make it anew: make release") -> dict[str, NotebookNode]:
    return {path.stem: read_notebook(path, remedy) for path in sorted(folder.glob("*.ipynb"))}


def _sources(place: Place) -> Finding:
    """``notebooks/`` is what ``solutions/`` gives, cell by cell."""
    different, config = [], course_config()
    for part in place.parts:
        released = _notebooks(place.root / "notebooks" / part)
        for name, solution in _notebooks(place.root / "solutions" / part, RESTORE).items():
            for step in (Skeletons, ClearHiddenTests, ClearMarkScheme):
                solution, _ = step(config=config).preprocess(solution, {})
            if name not in released or _cells(solution) != _cells(released[name]):
                different.append(f"{part}/{name}")
    if different:
        return Finding("notebooks", "fails", f"not what solutions/ gives: {', '.join(different)}", "make release")
    return Finding("notebooks", "ok", "notebooks/ is what solutions/ gives")


def _cells(notebook: NotebookNode) -> list[tuple[str, str, str, float]]:
    found = []
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {}) if is_marked(cell) else {}
        found.append((cell.cell_type, cell.source, about.get("grade_id", ""), float(about.get("points", 0) or 0)))
    return found


def _lock(place: Place) -> Finding:
    try:
        with alone_in(place.folder, write=False):
            return Finding("grading run", "ok", "none is under way")
    except Busy as busy:
        return Finding("grading run", "warning", "one is under way", str(busy))


def _machine(place: Place) -> Finding:
    memory, count = place.memory(), place.cores()
    workers = count + 1
    wanted = MEMORY["needed"] + MEMORY["wanted"] * (workers - 1)
    if memory is None:
        return Finding("machine", "ok", f"{count} cores; how much memory is free isn't told here")
    seen = f"{count} cores, {memory:.1f} GB of memory free"
    if memory < MEMORY["needed"]:
        return Finding("machine", "fails", seen, f"close other programs: one kernel needs {MEMORY['needed']:g} GB")
    if memory < wanted:
        fit = 1 + int((memory - MEMORY["needed"]) / MEMORY["wanted"])
        return Finding("machine", "warning", seen, f"{workers} at a time may be too many: grade with --workers {fit}")
    return Finding("machine", "ok", seen)


CHECKS: dict[str, Callable[[Place], Finding]] = {
    "Python": _python, "packages": _packages, "commands": _commands, "jail": _jail, "course folder": _folder,
    "course secret": _secret, "gradebook": _database, "release": _release, "notebooks": _sources, "disk": _disk,
    "machine": _machine, "grading run": _lock,
}  # fmt: skip


def examine(place: Place | None = None, only: Sequence[str] = ()) -> list[Finding]:
    """Return every line (of those named); a check that itself can't run is a line that fails."""
    place = place or Place()
    found = []
    for name, check in CHECKS.items():
        if only and name not in only:
            continue
        try:
            found.append(check(place))
        except Exception as error:
            advice = advice_on(error)
            do = "put right what this line names, then run doctor again" if advice else ""
            found.append(Finding(name, "fails", str(advice or fault(error)), do))
    return found


def doctor(*, as_json: bool = False) -> int:
    """Print every line, as a table or as JSON. Returns 1 when something that grading needs fails, else 0."""
    found = examine()
    worst = [one for one in found if one.status == "fails"]
    if as_json:
        print(
            json.dumps({"can_grade": not worst, "lines": [asdict(one) for one in found]}, ensure_ascii=False, indent=1)
        )
        return 1 if worst else 0
    console = Console()
    if not console.is_terminal:
        console = Console(width=130)
    table = Table(title="Can this machine grade?", expand=True)
    for title, ratio in (("", 0), ("what", 0), ("seen, and what to do", 1)):
        table.add_column(title, ratio=ratio or None, no_wrap=not ratio, overflow="fold")
    for one in found:
        table.add_row(
            MARKS[one.status], one.name, escape(one.seen) + (f"\n[bold]→ {escape(one.do)}[/]" if one.do else "")
        )
    console.print(table)
    warnings = sum(one.status == "warning" for one in found)
    answer = "No: " + ", ".join(one.name for one in worst) if worst else "Yes"
    console.print(f"{answer}.{f' {warnings} warnings.' if warnings else ''}", highlight=False)
    return 1 if worst else 0
