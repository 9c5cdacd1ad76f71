"""The gradebook in PostgreSQL, on a real server: grades as in SQLite, one grader on all machines, resumable."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import MetaData, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from autograder.gradebook.database import Alone, Busy, patient, reading
from autograder.gradebook.errors import advice_on
from autograder.gradebook.ledger import Ledger
from lrtutorial.verdict import Line, Verdict
from tests import commands
from tests.grading.a1 import NOTEBOOK, PART, ROOT, environment, hand_in
from tests.grading.postgres import Server, server

CLASS = ("sample_ada", "sample_bo", "sample_cy", "sample_fay")
TABLES = ("lr_verdict", "lr_submission", "lr_fingerprint", "lr_answer", "lr_history")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as running:
        yield running


AS_A_COMMAND = """
import runpy, sys, warnings
warnings.simplefilter("always", ResourceWarning)
sys.argv.pop(0)
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def run(course: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a course whose gradebook is elsewhere; a connection left open is said on stderr."""
    settings = {**environment(course), "LRTUTORIAL_DB": url}
    done = commands.run([sys.executable, "-c", AS_A_COMMAND, *words], cwd=ROOT, env=settings)
    left = [line for line in done.stderr.splitlines() if "ResourceWarning: unclosed" in line]
    # nbclient leaves its threads' event loops to the end of the process.
    assert all("event loop" in line for line in left), done.stderr
    return done


def course_with(folder: Path, url: str, students: tuple[str, ...] = CLASS) -> Path:
    """A course with Part A released into a gradebook, and a class that has handed in one notebook each."""
    folder.mkdir()
    (folder / "secret").write_text("s" * 64)
    release = f"--CourseDirectory.release_directory={folder / 'release'}"
    done = run(folder, url, "nbgrader", "generate_assignment", PART, "--create", release)
    assert done.returncode == 0, done.stderr
    for name in students:
        hand_in(folder, name, name if name.startswith("sample") else "sample_ada")
    return folder


@pytest.fixture(scope="module")
def graded(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A class graded into PostgreSQL."""
    url = postgres.url("graded")
    course = course_with(tmp_path_factory.mktemp("postgres") / "course", url)
    done = run(course, url, "autograder", "grade", PART)
    assert done.returncode == 0 and f"{len(CLASS)} graded" in done.stdout, done.stdout + done.stderr
    return course, url


def entered(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that grading enters in nbgrader's own tables, by student."""
    with Gradebook(url) as book:
        return {
            entry.student.id: sorted(
                (notebook.name, grade.name, grade.auto_score, grade.needs_manual_grade, grade.max_score)
                for notebook in entry.notebooks
                for grade in notebook.grades
            )
            + sorted(
                (notebook.name, comment.name, comment.auto_comment or "")
                for notebook in entry.notebooks
                for comment in notebook.comments
            )
            for entry in book.assignment_submissions(PART)
        }


def ours(url: str) -> dict[str, list[dict[str, Any]]]:
    """Our own tables, without the times."""
    engine, found = create_engine(url, poolclass=NullPool), MetaData()
    found.reflect(engine, only=TABLES)
    with engine.connect() as connection:
        rows = {name: [dict(row._mapping) for row in connection.execute(select(found.tables[name]))] for name in TABLES}
    engine.dispose()
    for name in TABLES:
        for row in rows[name]:
            for when in ("at", "graded_at", "id", "jail"):
                row.pop(when, None)
        rows[name].sort(key=str)
    return rows


def test_grades_verdicts_and_history_are_those_of_sqlite(graded: tuple[Path, str], tmp_path: Path) -> None:
    course, url = graded
    assert not (course / "gradebook.db").exists()
    lite = f"sqlite:///{tmp_path / 'lite' / 'gradebook.db'}"
    other = course_with(tmp_path / "lite", lite)
    done = run(other, "", "autograder", "grade", PART, "--db", lite)  # the command's own word for it
    assert done.returncode == 0, done.stdout + done.stderr
    assert entered(url) == entered(lite) and set(entered(url)) == set(CLASS)
    assert len({str(rows) for rows in entered(url).values()}) == len(CLASS)  # a class that differs
    assert ours(url) == ours(lite)
    assert all(ours(url)[name] for name in TABLES)


def test_a_dry_run_reads_only_and_the_run_after_it_changes_what_it_said(graded: tuple[Path, str]) -> None:
    course, url = graded
    hand_in(course, "sample_bo", "sample_ada")
    before = entered(url), ours(url)
    done = run(course, url, "autograder", "grade", PART, "--dry-run")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "1 student gains" in said and "nothing was written" in said and "3 unchanged" in said
    assert (entered(url), ours(url)) == before
    done = run(course, url, "autograder", "grade", PART)
    assert done.returncode == 0 and "1 student gains" in " ".join(done.stdout.split())
    assert entered(url)["sample_bo"] == entered(url)["sample_ada"]
    engine = reading(url)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="read-only") as caught:
        connection.execute(text("DELETE FROM lr_history"))
    assert "can't be written" in str(advice_on(caught.value))


def test_nbgrader_s_own_command_grades_into_the_gradebook_it_is_told(graded: tuple[Path, str], tmp_path: Path) -> None:
    course, url = graded
    other = Path(shutil.copytree(course, tmp_path / "course"))
    hand_in(other, "sample_cy", "sample_cy")
    (other / "submitted" / "sample_cy" / PART / "a2_momentum.ipynb").write_text("{")
    words = ("autograde", PART, "--student", "sample_cy", "--force", "--db", url)
    done = run(other, "", "nbgrader", *words)  # nothing but --db says where
    assert done.returncode == 0, done.stderr
    assert not (other / "gradebook.db").exists()
    with Ledger(url) as ledger:
        status = {row["notebook"]: row["status"] for row in ledger.submissions(PART) if row["student"] == "sample_cy"}
        points = {row["step"]: row["points"] for row in ledger.verdicts(PART, "sample_cy")}
    assert status == {NOTEBOOK: "graded", "a2_momentum": "rejected"}
    assert points["a1-gradient"] > 0 == points["a1-condition"]


def test_killed_midway_it_goes_on_and_another_machine_is_refused_meanwhile(postgres: Server, tmp_path: Path) -> None:
    url = postgres.url("killed")
    names = tuple(f"s{index}" for index in range(6))
    course = course_with(tmp_path / "course", url, names)
    elsewhere = Path(shutil.copytree(course, tmp_path / "elsewhere"))  # another machine has a folder of its own
    command = [sys.executable, "-m", "autograder", "grade", PART, "--workers", "1"]
    started = commands.start(command, cwd=ROOT, env={**environment(course), "LRTUTORIAL_DB": url})
    with started as first, Ledger(url) as ledger:
        until = time.monotonic() + 300
        while time.monotonic() < until and first.goes_on() and len(ledger.fingerprints(PART)) < 2:
            time.sleep(0.02)
        first.send_signal(signal.SIGSTOP)  # so that it can't finish meanwhile; it keeps its lock
        with pytest.raises(Busy, match="on another machine"), Alone(url, "learning_rate"):
            pass
        done = run(elsewhere, url, "autograder", "grade", PART)
        assert done.returncode == 1 and "another grading run" in done.stderr, done.stdout + done.stderr
    ended = first.wait()
    with Ledger(url) as ledger:
        kept = ledger.fingerprints(PART)
    assert ended.returncode == -signal.SIGKILL and 2 <= len(kept) < len(names), ended
    done = run(course, url, "autograder", "grade", PART)
    assert done.returncode == 0 and f"{len(kept)} unchanged" in done.stdout, done.stdout + done.stderr
    assert set(entered(url)) == set(names) and len({str(rows) for rows in entered(url).values()}) == 1
    rows = ours(url)
    assert len(rows["lr_fingerprint"]) == len(names) and len(rows["lr_history"]) == len(rows["lr_verdict"])


def test_what_a_student_writes_can_be_stored(postgres: Server) -> None:
    """PostgreSQL refuses NUL, both refuse half a surrogate pair: neither may end a run."""
    url = postgres.url("words")
    verdict = Verdict("a1", "wrong", "a\0b \ud800 \u2028 𝒳", (Line("x", "t", 1.0, 2.0),), details=("\0\udfff",))
    with Ledger(url) as ledger:
        ledger.write(PART, "=cmd()", NOTEBOOK, [verdict], reason="\0 \ud800", fingerprint="f" * 64)
        (row,) = ledger.verdicts()
        assert row["headline"] == "a\ufffdb ? \u2028 𝒳"
        assert ledger.submissions()[0]["reason"] == "\ufffd ?"


def test_a_server_that_is_not_there_is_said(graded: tuple[Path, str], tmp_path: Path) -> None:
    course, url = graded
    away = f"postgresql+psycopg://grader:hunter2@/graded?host={tmp_path}"
    done = run(course, "", "autograder", "grade", PART, "--db", away)
    assert done.returncode == 1 and "the gradebook's server can't be used" in done.stderr
    assert "Traceback" not in done.stderr and "hunter2" not in done.stderr
    for wrong, word in ((url.replace("/graded", "/nowhere"), "nowhere"), (url.replace("grader@", "nobody@"), "nobody")):
        engine = create_engine(patient(wrong), poolclass=NullPool)
        with pytest.raises(DBAPIError) as caught, engine.connect():
            pass
        assert word in str(advice_on(caught.value)) and "Check the address" in str(advice_on(caught.value))
        engine.dispose()
