"""Each thing that grading needs is broken on purpose; its line, and no other, says so and what to do."""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograder.__main__ import main
from autograder.demo.synthetic import Truth
from autograder.desk import doctor
from autograder.desk.doctor import CHECKS, Finding, Place, examine
from autograder.jail import Finding as Held
from autograder.jail import JailReport, JailTooWeak
from autograder.jail.report import LAYERS, NEEDED
from lrtutorial.advice import Unusable

ROOT = Path(__file__).resolve().parents[2]


def holding(*lost: str, without: str = "") -> JailReport:
    """A jail in which every probe held but those named."""
    probes = {name: Held(name not in lost, "tried") for names in NEEDED.values() for name in names}
    return JailReport("forked", "test", {name: Held(name != without) for name in LAYERS}, probes)


@pytest.fixture
def place(planted: Truth, tmp_path: Path) -> Place:
    """A planted course on a machine that has everything: what of it is looked at."""
    course = tmp_path / "course"
    course.mkdir()
    for name in ("gradebook.db", "secret"):
        shutil.copy(planted.course / name, course)
    (course / "secret").chmod(0o600)
    return Place(
        folder=course,
        db_url=f"sqlite:///{course / 'gradebook.db'}",
        which=lambda name: f"/bin/{name}",
        disk_free=lambda path: 50_000_000_000,
        memory=lambda: 16.0,
        cores=lambda: 4,
        jail=holding,
        version_of=lambda name: pins().get(name.lower().replace("_", "-"), "0"),
    )


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {line.split("==")[0].lower().replace("_", "-"): line.split("==")[1] for line in lines if "==" in line}


def the_line(place: Place, name: str) -> Finding:
    (found,) = examine(place, [name])
    return found


def copied_root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, root)
    for name in ("notebooks", "solutions"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return root


def test_a_whole_course_on_a_good_machine_passes_every_line(place: Place) -> None:
    found = {one.name: (one.status, one.seen) for one in examine(place)}
    assert list(found) == list(CHECKS)
    assert {status for status, _ in found.values()} == {"ok"}, found


def test_an_old_python_fails(place: Place) -> None:
    line = the_line(replace(place, python=(3, 10, 9)), "Python")
    assert line.status == "fails"
    assert "3.10.9" in line.seen


def test_packages_that_are_missing_old_or_untested(place: Place) -> None:
    def missing(name: str) -> str:
        if name == "nbclient":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.8.0" if name == "nbgrader" else place.version_of(name)

    line = the_line(replace(place, version_of=missing), "packages")
    assert line.status == "fails"
    assert "missing: nbclient" in line.seen
    assert "nbgrader 0.8.0 (needs" in line.seen
    assert "constraints.txt" in line.do
    newer = replace(place, version_of=lambda name: "99.0" if name == "rich" else place.version_of(name))
    line = the_line(newer, "packages")
    assert (line.status, line.seen.count("(tested:")) == ("warning", 1)
    assert "rich 99.0" in line.seen


def test_a_command_not_on_the_path_fails(place: Place) -> None:
    line = the_line(replace(place, which=lambda name: None if name == "alembic" else name), "commands")
    assert (line.status, line.seen) == ("fails", "not on the PATH: alembic")
    assert "activate" in line.do


def test_a_jail_that_does_not_hold_fails_and_says_what(place: Place) -> None:
    line = the_line(replace(place, jail=lambda: holding("network", "files")), "jail")
    assert line.status == "fails"
    assert "network (tried)" in line.seen
    assert "README" in line.do

    def weak() -> JailReport:
        raise JailTooWeak("this system has no namespaces")

    line = the_line(replace(place, jail=weak), "jail")
    assert (line.status, line.seen) == ("fails", "this system has no namespaces")
    line = the_line(replace(place, jail=lambda: holding(without="landlock")), "jail")
    assert line.status == "warning"
    assert "landlock" in line.seen


def test_a_real_kernel_is_held(place: Place) -> None:
    line = the_line(replace(place, jail=doctor.tried_jail), "jail")
    assert line.status != "fails", line
    assert "jail level" in line.seen


def test_a_course_folder_that_cannot_be_written(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: real(path, mode) and Path(path) != place.folder)
    assert the_line(place, "course folder").status == "fails"
    assert the_line(place, "gradebook").status == "fails"  # its log stands beside it
    monkeypatch.undo()
    file = place.folder / "file"
    file.write_text("")
    assert the_line(replace(place, folder=file), "course folder").status == "fails"
    assert the_line(replace(place, folder=place.folder / "new"), "course folder").status == "ok"


def test_a_secret_that_is_short_or_open_to_others(place: Place) -> None:
    place.secret.chmod(0o644)
    line = the_line(place, "course secret")
    assert line.status == "warning"
    assert f"chmod 600 {place.secret}" in line.do
    place.secret.write_text("short")
    line = the_line(place, "course secret")
    assert line.status == "fails"
    assert "5 characters" in line.seen
    place.secret.unlink()
    assert the_line(place, "course secret").status == "ok"
    assert not place.secret.exists()


def test_a_gradebook_that_is_damaged_foreign_or_missing(place: Place, tmp_path: Path) -> None:
    book = place.folder / "gradebook.db"
    good = book.read_bytes()
    book.write_bytes(b"no database at all" * 100)
    line = the_line(place, "gradebook")
    assert line.status == "fails"
    assert line.do
    broken = bytearray(good)
    broken[len(good) // 3 : len(good) // 2] = b"\xff" * (len(good) // 2 - len(good) // 3)
    book.write_bytes(broken)
    assert the_line(place, "gradebook").status == "fails"
    book.write_bytes(good)
    with sqlite3.connect(book) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'fromthefuture'")
    line = the_line(place, "gradebook")
    assert line.status == "fails"
    assert "newer nbgrader" in line.seen
    nowhere = replace(place, db_url=f"sqlite:///{tmp_path / 'none.db'}")
    assert the_line(nowhere, "gradebook").status == "warning"
    assert the_line(nowhere, "release").status == "warning"
    assert not (tmp_path / "none.db").exists()
    closed = replace(place, db_url="postgresql+psycopg://nobody:secretword@127.0.0.1:1/none")
    line = the_line(closed, "gradebook")
    assert line.status == "fails"
    assert "secretword" not in line.seen + line.do


def test_a_release_that_the_gradebook_does_not_hold(place: Place, tmp_path: Path) -> None:
    root = copied_root(tmp_path)
    path = root / "notebooks" / "part_b" / "b2_adam.ipynb"
    notebook = nbformat.read(path, as_version=4)
    next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("points")).metadata.nbgrader["points"] = 99
    nbformat.write(notebook, path)
    changed = replace(place, root=root)
    line = the_line(changed, "release")
    assert line.status == "warning"  # the other parts can be graded
    assert "b2_adam is not in the gradebook as it is released" in line.seen
    line = the_line(changed, "notebooks")
    assert (line.status, "part_b/b2_adam" in line.seen) == ("fails", True)
    shutil.rmtree(root / "notebooks" / "part_c")
    assert the_line(changed, "release").status == "fails"


def test_a_changed_solution_asks_for_a_release(place: Place, tmp_path: Path) -> None:
    root = copied_root(tmp_path)
    path = root / "solutions" / "part_a" / "a1_convergence.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += "\n\nOne sentence more."
    nbformat.write(notebook, path)
    line = the_line(replace(place, root=root), "notebooks")
    assert (line.status, line.do) == ("fails", "make release")
    assert line.seen.endswith("part_a/a1_convergence")


@pytest.mark.parametrize(("gigabytes", "status"), [(0.05, "fails"), (1.0, "warning"), (3.0, "ok")])
def test_a_full_disk(place: Place, gigabytes: float, status: str) -> None:
    assert the_line(replace(place, disk_free=lambda path: int(gigabytes * 1e9)), "disk").status == status


@pytest.mark.parametrize(("gigabytes", "status"), [(0.3, "fails"), (1.5, "warning"), (None, "ok"), (8.0, "ok")])
def test_little_memory(place: Place, gigabytes: float | None, status: str) -> None:
    line = the_line(replace(place, memory=lambda: gigabytes), "machine")
    assert line.status == status
    assert ("--workers 2" in line.do) == (status == "warning")


def test_a_grading_run_under_way_is_a_warning(place: Place) -> None:
    with open(place.folder / "grading.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert the_line(place, "grading run").status == "warning"
    assert the_line(place, "grading run").status == "ok"


def test_a_check_that_cannot_run_is_a_line_too(place: Place, tmp_path: Path) -> None:
    found = {one.name: one for one in examine(replace(place, root=tmp_path))}
    assert found["Python"].status == "fails"
    assert "pyproject.toml" in found["Python"].seen
    assert found["disk"].status == "ok"


@pytest.mark.parametrize("status", ["ok", "warning", "fails"])
def test_the_exit_code_is_1_only_for_what_is_needed(status, monkeypatch, capsys) -> None:
    line = Finding("thing", status, "seen [bold]as is", "do this")
    monkeypatch.setattr(doctor, "examine", lambda: [Finding("other", "ok", "fine"), line])
    assert main(["doctor"]) == (status == "fails")
    printed = capsys.readouterr().out
    assert "seen [bold]as is" in printed
    assert "→ do this" in printed
    assert main(["doctor", "--json"]) == (status == "fails")
    said = json.loads(capsys.readouterr().out)
    assert said["can_grade"] is (status != "fails")
    assert said["lines"][1] == {"name": "thing", "status": status, "seen": "seen [bold]as is", "do": "do this"}


def test_a_check_that_fails_of_itself_says_whose_fault_it_is(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, seen, do in (
        (KeyError("a6"), "a fault of the program, not yours: KeyError", ""),
        (Unusable("name another"), "name another", "put right what this line names, then run doctor again"),
    ):
        monkeypatch.setitem(CHECKS, "disk", lambda _, error=error: (_ for _ in ()).throw(error))
        line = the_line(place, "disk")
        assert (line.status, line.do) == ("fails", do) and seen in line.seen
