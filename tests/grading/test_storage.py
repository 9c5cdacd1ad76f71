"""Disk full, read-only folder, locked, damaged or other gradebooks: a sentence, exit code 1, and nothing lost."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import nbgrader.api
import pytest
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from autograder import __main__ as command
from autograder.gradebook.database import patient, revisions
from autograder.gradebook.errors import advice_on
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.writer import GradebookWriter
from autograder.grading.assignment import Assignment, course_config
from lrtutorial.advice import Unusable
from lrtutorial.verdict import Line, Verdict
from tests.forked import newest_revision
from tests.grading.a1 import NOTEBOOK, PART, grade, hand_in, in_course, scores

SAYS = "python -m autograder grade: "


def tree(folder: Path) -> dict[str, str]:
    """Every file of a folder with its bytes' digest; SQLite's shared memory is no content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith("-shm")
    }


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command ended with 1 and one sentence that holds these words."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and SAYS in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture
def course(with_ada: Path) -> Path:
    """A course in which ada's notebook is graded, to be spoilt."""
    return with_ada


def assignment(course: Path, query: str = "") -> Assignment:
    """Part A with the gradebook of a course, in this process."""
    found = Assignment.find(PART)
    found.config.CourseDirectory.db_url = f"sqlite:///{course / 'gradebook.db'}{query}"
    return found


def opening(course: Path) -> str:
    """Return what the instructor is told when the gradebook is opened for grading."""
    part = assignment(course)
    with pytest.raises(Exception) as caught, GradebookWriter(part.config, PART, part.release):
        pass
    return str(command.message_for(caught.value))


@pytest.mark.requires_tool("bwrap")
def test_a_full_disk_ends_the_run_with_a_sentence_and_loses_nothing(course: Path, tmp_path: Path) -> None:
    before = scores(course)["ada"]
    hand_in(course, "bo")
    path = hand_in(course, "cy")
    large = nbformat.read(path, as_version=4)
    large.cells.append(nbformat.v4.new_markdown_cell("x" * 400_000))  # more than is left
    nbformat.write(large, path)
    small, kept = tmp_path / "small", tmp_path / "kept"
    small.mkdir()
    script = f"""
cp -r {course}/. {small}
dd if=/dev/zero of={small}/ballast bs=1k 2>/dev/null  # until nothing is free; then 300 kB are
dd if=/dev/null of={small}/ballast bs=1k seek=$(( $(stat -c %s {small}/ballast) / 1024 - 300 )) 2>/dev/null
{sys.executable} -m autograder grade {PART}; echo "code $?"
cp -r {small} {kept}
rm {small}/ballast
{sys.executable} -m autograder grade {PART}; echo "code $?"
cp -r {small} {kept}/after
"""
    jail = ["bwrap", "--dev-bind", "/", "/", "--size", str(8_000_000), "--tmpfs", str(small)]
    done = in_course(small, *jail, "sh", "-c", script)
    said = done.stdout + done.stderr
    assert "code 1" in done.stdout and "code 0" in done.stdout, said
    assert "full" in done.stderr and "free some space" in done.stderr and "Traceback" not in done.stderr, said
    full = scores(kept)
    assert full["ada"] == before  # what was graded stands
    assert all(
        row[2] is None for row in full.get("cy", []) if isinstance(row, tuple) and row[0] == NOTEBOOK and row[4:]
    )
    assert not list(kept.glob("autograded/cy/*/*.ipynb")) and not list(kept.glob("autograded/*/*/.writing-*"))
    at_ada = Path("autograded", "ada", PART, f"{NOTEBOOK}.ipynb")
    assert (kept / at_ada).read_bytes() == (course / at_ada).read_bytes()
    after = scores(kept / "after")
    assert after["ada"] == after["bo"] == after["cy"] == before
    assert "0 unchanged" not in done.stdout  # ada's was not graded twice


@pytest.mark.requires_tool("bwrap")
def test_a_read_only_course_is_refused_and_can_still_be_previewed(course: Path) -> None:
    hand_in(course, "ada", "sample_bo")
    before = tree(course)
    locked = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(course), str(course)]
    words = [*locked, sys.executable, "-m", "autograder", "grade", PART]
    refused(in_course(course, *words), "Read-only file system", "in which you may write")
    done = in_course(course, *words, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "0 students gain, 1 loses" in " ".join(done.stdout.split())
    assert tree(course) == before


def test_a_locked_gradebook_is_named_and_nothing_is_lost(course: Path) -> None:
    before = scores(course)
    hand_in(course, "ada", "sample_bo")
    held = sqlite3.connect(course / "gradebook.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        refused(grade(course, PART, "--db", f"sqlite:///{course}/gradebook.db?timeout=1"), "locked by another program")
        part = assignment(course, "?timeout=0.1")
        with GradebookWriter(part.config, PART, part.release) as writer:  # locked in the middle of a run
            with pytest.raises(Exception) as caught:
                writer.begin("bo", course)
        assert "locked by another program" in str(advice_on(caught.value))
    finally:
        held.execute("ROLLBACK")
        held.close()
    assert scores(course) == before


def test_a_new_gradebook_has_the_version_that_alembic_names_without_asking_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nbgrader.api, "get_alembic_version", None)  # nbgrader's own, and what our tests put there
    course_config()  # sets nbgrader up, as every command does
    monkeypatch.setattr(nbgrader.api.sp, "check_output", None)
    with Gradebook(f"sqlite:///{tmp_path / 'new.db'}") as gradebook:
        (version,) = gradebook.db.execute(text("SELECT version_num FROM alembic_version")).scalars()
    assert version == newest_revision()


def older() -> str:
    known, newest = revisions()
    return sorted(known - {newest})[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (f"UPDATE alembic_version SET version_num = '{older()}'", ("older nbgrader", "nbgrader db upgrade")),
        ("UPDATE alembic_version SET version_num = 'ffff00000000'", ("newer nbgrader", "ffff00000000")),
        ("DROP TABLE alembic_version", ("a database of its own",)),
        ("ALTER TABLE grade DROP COLUMN extra_credit", ("lacks extra_credit", "backup")),
    ],
    ids=["older", "newer", "not a gradebook", "a column is missing"],
)
def test_another_version_s_gradebook_is_refused_untouched(course: Path, change: str, words: tuple[str, ...]) -> None:
    database = sqlite3.connect(course / "gradebook.db")
    database.execute("PRAGMA journal_mode=DELETE")
    database.execute(change)
    database.commit()
    database.close()
    before = tree(course)
    said = opening(course)
    assert all(word in said for word in words), said
    assert tree(course) == before


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://ada:hunter2@host/x", "no gradebook is kept in mysql"),
        ("oracle://host", "no gradebook is kept in oracle"),
        ("mssql://host", "no gradebook is kept in mssql"),
        ("sqlite+aiosqlite:////x.db", "no gradebook is kept in sqlite.aiosqlite"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////terms/which?/gradebook.db", "question mark, as after /terms/which"),
        ("gradebook.db", "no address of a gradebook"),
    ],
)
def test_an_address_under_which_no_gradebook_can_be_kept_is_refused(address: str, said: str) -> None:
    with pytest.raises(Unusable, match=said) as caught:
        patient(address)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["postgresql+psycopg://u:a?b/c@h/d", "postgresql+pg8000://u@h/d", "sqlite:////x.db"]
)
def test_an_address_under_which_one_can_be_kept_is_taken(address: str) -> None:
    assert patient(address).startswith(address.partition("://")[0])


def test_brackets_in_the_name_of_a_course_s_folder_are_no_pattern(tmp_path: Path) -> None:
    course = tmp_path / "term [2026] *"
    hand_in(course, "ada")
    part = Assignment.find(PART)
    part.config.CourseDirectory.submitted_directory = str(course / "submitted")
    assert part.folders() == {"ada": course / "submitted" / "ada" / PART} and part.strays() == []


def test_what_is_no_gradebook_is_said(course: Path) -> None:
    (course / "gradebook.db").write_bytes(b"no database " * 1000)
    assert "damaged" in opening(course) and "backup" in opening(course)
    refused(grade(course, PART), "damaged", "backup")
    assert (course / "gradebook.db").read_bytes() == b"no database " * 1000
    done = grade(course, PART, "--db", "mysterysql://root:hunter2@host/db")
    refused(done, "no address of a gradebook", "sqlite:////")
    assert "hunter2" not in done.stderr
    with pytest.raises(FileNotFoundError, match="there is no gradebook"):
        Ledger(f"sqlite:///{course}/nowhere.db", readonly=True)
    assert not (course / "nowhere.db").exists()


def test_an_older_course_without_a_history_goes_on(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Migration: the tables that came later are made, and what stood before is the history's first row."""
    url = f"sqlite:///{course / 'gradebook.db'}"
    database = sqlite3.connect(course / "gradebook.db")
    for table in ("lr_history", "lr_answer"):
        database.execute(f"DROP TABLE {table}")
    ((points,),) = database.execute("SELECT points FROM lr_verdict WHERE step = 'a1-gradient'").fetchall()
    database.commit()
    database.close()
    with Ledger(url, readonly=True) as ledger:
        assert ledger.history() == [] and ledger.answers(PART) == {} and ledger.verdicts(PART)
    assert command.main(["history", "--db", url]) == 0
    assert "No verdict is in the history" in capsys.readouterr().out
    hand_in(course, "ada", "sample_bo")
    done = grade(course, PART)
    assert done.returncode == 0 and "1 loses" in done.stdout
    with Ledger(url, readonly=True) as ledger:
        first, second = (row for row in ledger.history(PART, "ada") if row["step"] == "a1-gradient")
    assert (first["points"], first["points_before"], first["why"]) == (points, None, "graded before a history was kept")
    assert (second["points_before"], second["points"], second["why"]) == (points, 0.0, "the submission changed")
    assert command.main(["history", "ada", PART, "--db", url]) == 0
    assert "the submission changed" in " ".join(capsys.readouterr().out.split())
    assert command.main(["history", "adda", "--db", url]) == 1
    assert "Did you mean 'ada'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "share"),
        (errno.EFBIG, "full"),
        (errno.EROFS, "Read-only"),
        (errno.EACCES, "Permission denied"),
    ],
)
def test_a_disk_s_error_is_a_sentence_with_the_file(number: int, word: str) -> None:
    said = str(advice_on(OSError(number, os.strerror(number), "/course/gradebook.db")))
    assert word in said and "/course/gradebook.db" in said and "run the same command again" in said


def test_other_errors_are_not_taken_for_the_disk_s() -> None:
    said = str(advice_on(OSError(errno.ENOENT, "No such file", "x")))
    assert said.startswith("x: No such file.") and "report this line" in said
    assert advice_on(OSError("of our own")) is None
    assert advice_on(ValueError("no")) is None
    assert advice_on(ModuleNotFoundError("No module named 'psycopg'", name="psycopg")) is not None
    assert advice_on(ModuleNotFoundError("No module named 'torch'", name="torch")) is None


def test_a_database_without_room_is_said_to_be_full(tmp_path: Path) -> None:
    engine = create_engine(patient(f"sqlite:///{tmp_path}/small.db"))
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (x TEXT)"))
        connection.execute(text("PRAGMA max_page_count = 3"))
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": "x" * 100_000})
    engine.dispose()
    assert "is full" in str(advice_on(caught.value))


def test_reading_sees_what_a_killed_run_left_in_the_log_and_writes_nothing(tmp_path: Path) -> None:
    path, url = tmp_path / "gradebook.db", f"sqlite:///{tmp_path / 'gradebook.db'}"
    verdict = Verdict("a1", "right", "first", (Line("x", "t", 1.0, 2.0),))
    with Ledger(url) as ledger:
        ledger.write(PART, "ada", NOTEBOOK, [verdict], fingerprint="f" * 64)
    open_one = sqlite3.connect(path, isolation_level=None)  # as long as it is open, the log stays
    open_one.execute("PRAGMA journal_mode=WAL")
    open_one.execute("UPDATE lr_verdict SET headline = 'second'")
    assert (tmp_path / "gradebook.db-wal").stat().st_size
    before = tree(tmp_path)
    with Ledger(url, readonly=True) as ledger:
        assert [row["headline"] for row in ledger.verdicts()] == ["second"]
        with pytest.raises(DBAPIError, match="readonly"):
            ledger.write(PART, "ada", NOTEBOOK, [verdict])
    assert tree(tmp_path) == before
    open_one.close()  # folds the log into the file
    before = tree(tmp_path)
    with Ledger(url, readonly=True) as ledger:
        assert [row["headline"] for row in ledger.verdicts()] == ["second"]
        with pytest.raises(DBAPIError, match="readonly"):
            ledger.write(PART, "ada", NOTEBOOK, [verdict])
    assert tree(tmp_path) == before and sorted(tree(tmp_path)) == ["gradebook.db"]


def test_a_wait_that_the_address_names_stays() -> None:
    assert patient("sqlite:////c/g.db") == "sqlite:////c/g.db?timeout=60"
    assert patient("sqlite:////c/g.db?timeout=1") == "sqlite:////c/g.db?timeout=1"
    assert patient("postgresql+psycopg://u:p@h/d") == "postgresql+psycopg://u:p@h/d?connect_timeout=15"
    with pytest.raises(ValueError, match="no address"):
        patient("")
