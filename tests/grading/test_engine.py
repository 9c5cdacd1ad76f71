"""The engine: the same scores as the stock command, resumable wherever it is ended, one writer, clear words."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.demo.students import STUDENTS, submission
from autograder.gradebook.ledger import Ledger
from tests.grading.conftest import ROOT, in_course
from tests.released import Release

PART, NOTEBOOK = "part_a", "a1_convergence"
CLASS = ("sample_ada", "sample_bo", "sample_cy", "sample_dee", "sample_fay", "sample_gus")


def grade(course: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return in_course(course, sys.executable, "-m", "autograder", "grade", *words)


def hand_in(course: Path, student: str, example: str = "sample_ada", notebook: str = NOTEBOOK) -> Path:
    folder = course / "submitted" / student / PART
    folder.mkdir(parents=True, exist_ok=True)
    sample = next(one for one in STUDENTS if one.name == example)
    release, solution = (ROOT / place / PART / f"{notebook}.ipynb" for place in ("notebooks", "solutions"))
    nbformat.write(submission(sample, release, solution), folder / f"{notebook}.ipynb")
    return folder / f"{notebook}.ipynb"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, release: Release) -> Path:
    """A course whose gradebook knows Part A, with nothing handed in."""
    course = release(tmp_path_factory.mktemp("released"), PART)
    (course / "secret").write_text("s" * 64)
    return course


@pytest.fixture
def course(released: Path, tmp_path: Path) -> Path:
    """A fresh copy of that course."""
    return Path(shutil.copytree(released, tmp_path / "course"))


def ledger(course: Path) -> Ledger:
    return Ledger(f"sqlite:///{course / 'gradebook.db'}")


def statuses(course: Path) -> dict[str, tuple[str, str]]:
    with ledger(course) as book:
        return {row["student"]: (row["status"], row["reason"]) for row in book.submissions(PART)}


def times(course: Path) -> dict[str, str]:
    with ledger(course) as book:
        return {row["student"]: row["graded_at"] for row in book.submissions(PART)}


def scores(course: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that grading enters in the gradebook."""
    found = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for entry in book.assignment_submissions(PART):
            found[entry.student.id] = sorted(
                (notebook.name, grade.name, grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                for notebook in entry.notebooks for grade in notebook.grades
            ) + sorted(
                (notebook.name, comment.name, comment.auto_comment)
                for notebook in entry.notebooks for comment in notebook.comments
            ) + [notebook.late_submission_penalty for notebook in entry.notebooks]  # fmt: skip
    return found


def test_scores_and_notebooks_are_those_of_the_stock_command(course: Path, tmp_path: Path) -> None:
    for student in CLASS:
        hand_in(course, student, student)
    hand_in(course, "sample_ada", "sample_ada", "a2_momentum")
    blanked = nbformat.read(hand_in(course, "tagged"), as_version=4)
    for cell in blanked.cells:
        cell.metadata["tags"] = ["skip-execution"]
    nbformat.write(blanked, course / "submitted" / "tagged" / PART / f"{NOTEBOOK}.ipynb")
    stock = Path(shutil.copytree(course, tmp_path / "stock"))
    done = grade(course, PART)
    assert done.returncode == 0, done.stdout + done.stderr
    done = in_course(stock, sys.executable, "-m", "nbgrader", "autograde", PART)
    assert done.returncode == 0, done.stdout + done.stderr
    assert scores(course) == scores(stock)
    assert len({str(rows) for rows in scores(course).values()}) > 3  # a class that differs
    with ledger(course) as ours, ledger(stock) as theirs:
        keys = ("student", "step", "points", "status", "misconception", "verdict")
        pick = lambda rows: [{key: row[key] for key in keys} for row in rows]  # noqa: E731
        assert pick(ours.verdicts()) == pick(theirs.verdicts())
    assert statuses(course) == statuses(stock)
    assert statuses(course)["tagged"][0] == "graded with repairs"
    for student in ("sample_bo", "tagged"):
        read = [
            nbformat.read(place / "autograded" / student / PART / f"{NOTEBOOK}.ipynb", as_version=4)
            for place in (course, stock)
        ]
        sources = [[(cell.cell_type, cell.source) for cell in notebook.cells] for notebook in read]
        assert sources[0] == sources[1]


def test_only_what_changed_is_graded_again(course: Path) -> None:
    for student in ("ada", "bo", "cy"):
        hand_in(course, student)
    assert grade(course, PART).returncode == 0
    before = times(course)
    time.sleep(1.1)  # the ledger's times are whole seconds
    hand_in(course, "bo", "sample_bo")
    done = grade(course, PART)
    assert "1 graded" in done.stdout and "2 unchanged" in done.stdout
    after = times(course)
    assert {name for name in before if before[name] != after[name]} == {"bo"}
    (course / "autograded" / "cy" / PART / f"{NOTEBOOK}.ipynb").unlink()
    assert "1 graded" in grade(course, PART).stdout
    assert "3 graded" in grade(course, PART, "--force").stdout
    assert "1 graded" in grade(course, PART, "ada", "--force").stdout


def test_a_failed_regrade_leaves_no_score_standing(course: Path, tmp_path: Path) -> None:
    path = hand_in(course, "ada")
    hand_in(course, "bo")
    assert grade(course, PART).returncode == 0
    assert sum(row[2] or 0 for row in scores(course)["ada"] if isinstance(row, tuple) and len(row) == 5) == 20
    stock = Path(shutil.copytree(course, tmp_path / "stock"))
    for place in (path, stock / path.relative_to(course)):
        place.write_text('{"cells": [')
    done = grade(course, PART)
    assert done.returncode == 0 and "ada/a1_convergence: rejected. The file is no notebook" in " ".join(
        done.stdout.split()
    )
    done = in_course(stock, sys.executable, "-m", "nbgrader", "autograde", PART, "--force")
    assert done.returncode == 0, done.stderr
    for place in (course, stock):
        status, reason = statuses(place)["ada"]
        assert status == "rejected" and "not JSON" in reason
        tests = [row for row in scores(place)["ada"] if isinstance(row, tuple) and row[0] == NOTEBOOK and len(row) == 5]
        assert tests and all(row[2] == 0 and row[4] for row in tests)
        assert statuses(place)["bo"][0] == "graded"
        note = nbformat.read(place / "autograded" / "ada" / PART / f"{NOTEBOOK}.ipynb", as_version=4).cells[0]
        assert "could not be graded" in note.source and "not JSON" in note.source
        with ledger(place) as book:
            rows = [(row["points"], row["status"]) for row in book.verdicts(PART) if row["student"] == "ada"]
        assert rows and set(rows) == {(0.0, "failed")}
    # It was all that ada handed in: feedback there is, all the same.
    done = in_course(stock, sys.executable, "-m", "nbgrader", "generate_feedback", PART, "--student", "ada")
    assert done.returncode == 0, done.stderr
    assert "not JSON" in (stock / "feedback" / "ada" / PART / f"{NOTEBOOK}.html").read_text("utf-8")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_ended_anywhere_it_goes_on_and_grades_nothing_twice(course: Path, number: signal.Signals) -> None:
    names = [f"s{index:02}" for index in range(7)]
    for name in names:
        hand_in(course, name)
    environment = {**os.environ, "LRTUTORIAL_COURSE": str(course)}
    command = [sys.executable, "-m", "autograder", "grade", PART, "--workers", "2"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    run = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, start_new_session=True, **pipes)
    until = time.monotonic() + 120
    while time.monotonic() < until and run.poll() is None and len(times(course)) < 3:
        time.sleep(0.02)
    run.send_signal(number)
    printed, _ = run.communicate(timeout=60)
    with ledger(course) as book:
        kept = book.fingerprints(PART)
    first = times(course)
    assert 3 <= len(kept) < len(names), printed
    assert run.returncode == (-9 if number == signal.SIGKILL else 130), printed
    assert kernels_of(run.pid) == []
    time.sleep(1.1)
    done = grade(course, PART)
    assert done.returncode == 0 and f"{len(kept)} unchanged" in done.stdout, done.stdout + done.stderr
    second = times(course)
    assert [name for name in names if second[name] == first.get(name)] == sorted(student for student, _ in kept)
    assert len({str(rows) for rows in scores(course).values()}) == 1 and set(scores(course)) == set(names)
    assert f"{len(names)} unchanged" in grade(course, PART).stdout


def kernels_of(session: int) -> list[str]:
    """Processes that hang on a run that has ended: none may be left after a moment."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        left = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words, stat = (folder / "cmdline").read_bytes(), (folder / "stat").read_text()
            except OSError:
                continue
            if b"autograder" in words and int(stat.rpartition(")")[2].split()[3]) == session:
                left.append(folder.name)
        if not left:
            break
        time.sleep(0.2)
    return left


def test_two_runs_at_once_are_refused(course: Path) -> None:
    import fcntl

    hand_in(course, "ada")
    with open(course / "grading.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = grade(course, PART)
    assert done.returncode == 1 and "another grading run" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("part_aa",), "Did you mean 'part_a'"),
        ((PART, "sample_adda"), "Did you mean 'sample_ada'"),
        ((PART, "--workers", "0"), "from 1 to 256"),
        ((PART, "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"), "leave one of the two out"),
        (("part_c",), "generate_assignment part_c"),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest(course: Path, words: tuple[str, ...], message: str) -> None:
    hand_in(course, "sample_ada")
    (course / "submitted" / "sample_ada" / "part_c").mkdir()
    done = grade(course, *words)
    assert done.returncode == 1
    assert message in done.stderr and "Traceback" not in done.stderr


def test_a_jail_below_the_minimum_refuses_and_says_so(course: Path) -> None:
    hand_in(course, "ada")
    run = """
import sys
from autograder.desk import grade as progress
found = progress.Assignment.find
def weak(name, config=None):
    assignment = found(name)
    assignment.config.JailedProvisioner.layers_left_out = ["seccomp", "namespaces", "landlock", "view"]
    return assignment
progress.Assignment = type("A", (), {"find": staticmethod(weak)})
from autograder.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
    done = in_course(course, sys.executable, "-c", run, "grade", PART)
    assert done.returncode == 1 and "minimum" in done.stderr and "Traceback" not in done.stderr
    assert statuses(course) == {}
    done = in_course(course, sys.executable, "-c", run, "grade", PART, "--unsafe-no-jail")
    assert done.returncode == 0, done.stderr
    with ledger(course) as book:
        (row,) = book.submissions(PART)
    assert json.loads(row["jail"])["level"] in ("none", "limits")


def test_a_run_asks_all_the_same_and_a_changed_answer_something_else(course: Path) -> None:
    first, second = hand_in(course, "ada"), hand_in(course, "bo")

    def draw() -> str:
        run = f"from autograder.grading.assignment import Assignment; print(Assignment.find({PART!r}).draw)"
        done = in_course(course, sys.executable, "-c", run)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    before, handed_in = draw(), second.read_bytes()
    assert len(before) == 64 and draw() == before
    second.write_bytes(handed_in + b"\n")
    changed = draw()
    second.unlink()
    alone = draw()
    second.symlink_to(first)
    linked = draw()
    second.unlink()
    second.write_bytes(handed_in)
    assert len({before, changed, alone}) == 3 and linked not in (before, changed) and draw() == before


def test_work_and_result_travel_as_plain_data(course: Path) -> None:
    hand_in(course, "ada")
    run = """
import pickle, sys
from autograder.grading.assignment import Assignment
assignment = Assignment.find("part_a")
(work,) = assignment.works("ada", assignment.folders()["ada"])
sys.stdout.buffer.write(pickle.dumps(work))
"""
    environment = {**os.environ, "LRTUTORIAL_COURSE": str(course)}
    data = subprocess.run(
        [sys.executable, "-c", run], cwd=ROOT, env=environment, capture_output=True, check=True
    ).stdout
    from autograder.grading.one import grade_one

    work = pickle.loads(data)
    assert work.secret not in repr(work)
    first, second = grade_one(work), grade_one(pickle.loads(pickle.dumps(work)))
    assert first.points == 20 and first.status == "graded"
    assert (first.fingerprint, first.verdicts) == (second.fingerprint, second.verdicts)
    assert pickle.loads(pickle.dumps(first)) == first


def test_who_hands_in_after_nothing_was_found_keeps_no_verdict_on_what_is_not_there(course: Path) -> None:
    folder = course / "submitted" / "ada" / PART
    folder.mkdir(parents=True)
    assert grade(course, PART).returncode == 0
    with ledger(course) as book:
        assert {row["status"] for row in book.submissions(PART)} == {"rejected"} and len(book.submissions(PART)) > 1
    hand_in(course, "ada")
    done = grade(course, PART)
    assert done.returncode == 0, done.stdout + done.stderr
    with ledger(course) as book:
        assert [(row["notebook"], row["status"]) for row in book.submissions(PART)] == [(NOTEBOOK, "graded")]
        assert {row["notebook"] for row in book.verdicts(PART)} == {NOTEBOOK}
    assert [path.name for path in (course / "autograded" / "ada" / PART).glob("*.ipynb")] == [f"{NOTEBOOK}.ipynb"]
    assert not any(row[4] for row in scores(course)["ada"] if isinstance(row, tuple) and len(row) == 5)
