"""The engine: only what changed is graded, resumable wherever it is ended, one writer, clear words."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograder.grading import workers
from autograder.grading.assignment import Assignment
from autograder.grading.engine import Summary, Watcher, _to_do
from autograder.grading.one import Work
from autograder.jail import JailedProvisioner
from tests import commands
from tests.grading.a1 import (
    NOTEBOOK,
    PART,
    ROOT,
    begun_by,
    environment,
    grade,
    hand_in,
    in_course,
    ledger,
    left_of,
    scores,
    statuses,
    times,
)

ENDS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def test_only_what_changed_is_graded_again(ada_graded: Path, with_ada: Path) -> None:
    course = with_ada
    for student in ("bo", "cy"):
        hand_in(course, student)
    done = grade(course, PART)
    assert done.returncode == 0 and "2 graded" in done.stdout and "1 unchanged" in done.stdout
    before = times(course)
    assert before["ada"] == times(ada_graded)["ada"] and set(before) == {"ada", "bo", "cy"}
    time.sleep(1.1)  # the ledger's times are whole seconds
    hand_in(course, "bo", "sample_bo")
    (course / "autograded" / "cy" / PART / f"{NOTEBOOK}.ipynb").unlink()
    done = grade(course, PART)
    assert "2 graded" in done.stdout and "1 unchanged" in done.stdout
    after = times(course)
    assert {name for name in before if before[name] != after[name]} == {"bo", "cy"}
    assert "1 graded" in grade(course, PART, "ada", "--force").stdout


def test_kernels_are_warmed_up_for_what_is_to_be_graded_and_for_nothing_else(tmp_path: Path) -> None:
    assignment = Assignment.find("part_b")
    config = copy.deepcopy(assignment.config)
    config.CourseDirectory.submitted_directory = str(tmp_path / "submitted")
    assignment = replace(assignment, config=config)
    asked: list[tuple[set[str], int]] = []

    class Book:
        def take_in(self, student: str, folder: Path) -> list[str]:
            return []

        begin = take_in

    def plan(before: dict[tuple[str, str], str]) -> list[Work]:
        warm_up = lambda profiles, notebooks: asked.append((set(profiles), notebooks))  # noqa: E731
        return list(_to_do(assignment, assignment.folders(), (), before, Book(), Watcher(), Summary(), warm_up))

    for number, name, profiles in ((1, "b2_adam", {"numpy"}), (2, "b4_lr_finder", {"numpy", "torch"})):
        folder = tmp_path / "submitted" / "ada" / "part_b"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "notebooks" / "part_b" / f"{name}.ipynb", folder)
        works = plan({})
        assert asked == [(profiles, number)]
        asked.clear()
    plan({(work.student, work.notebook): work.fingerprint for work in works})
    assert asked == []


def test_a_zygote_is_made_ready_to_be_forked_often_for_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a moment, which a few notebooks would not be worth."""
    asked: list[bool] = []
    monkeypatch.setattr(JailedProvisioner, "zygote", lambda self, shell, often: asked.append(often))
    config = Assignment.find("part_b").config
    for notebooks in (5, workers.OFTEN - 1, workers.OFTEN, 5000):
        workers._warm_up(config, ["numpy"], notebooks)
    assert asked == [False, False, True, True]


def test_a_failed_regrade_leaves_no_score_standing(with_ada: Path, tmp_path: Path) -> None:
    course = with_ada
    path = course / "submitted" / "ada" / PART / f"{NOTEBOOK}.ipynb"
    hand_in(course, "bo")
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


def test_ended_anywhere_it_goes_on_and_grades_nothing_twice(with_ada: Path) -> None:
    """Ended in each of three ways, one after the other: each run goes on from where the one before was ended.

    That which can't clean up after itself was started in the usual way, the others are forked.
    """
    course = with_ada
    names = ["ada", *(f"s{index:02}" for index in range(11))]
    for name in names[1:]:
        hand_in(course, name)
    command = [sys.executable, "-m", "autograder", "grade", PART, "--workers", "2"]
    for number in ENDS:
        first = times(course)
        if number == signal.SIGKILL:
            code, printed = ended_in_the_usual_way(command, course, number, len(first) + 1)
        else:
            with commands.start(command, cwd=ROOT, env=environment(course)) as run:
                while run.goes_on() and len(times(course)) < len(first) + 1:
                    time.sleep(0.02)
                run.send_signal(number)
                done = run.wait()
            code, printed = done.returncode, done.stdout + done.stderr
        assert code == (-9 if number == signal.SIGKILL else 130), printed
        with ledger(course) as book:
            kept = sorted(student for student, _ in book.fingerprints(PART))
        second = times(course)
        assert len(first) + 1 <= len(kept) < len(names), printed
        assert {name: second[name] for name in first} == first
        time.sleep(1.1)  # the ledger's times are whole seconds
    done = grade(course, PART)
    assert done.returncode == 0 and f"{len(kept)} unchanged" in done.stdout, done.stdout + done.stderr
    third = times(course)
    assert [name for name in names if third[name] == second.get(name)] == kept
    assert len({str(rows) for rows in scores(course).values()}) == 1 and set(scores(course)) == set(names)
    assert f"{len(names)} unchanged" in grade(course, PART).stdout


def ended_in_the_usual_way(command: list[str], course: Path, number: int, graded: int) -> tuple[int, str]:
    """Start a command, end it when so many are graded; nothing it began is left, kernels too. Its code and words."""
    with subprocess.Popen(command, cwd=ROOT, env=environment(course), text=True, start_new_session=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:  # fmt: skip
        while run.poll() is None and len(times(course)) < graded:
            time.sleep(0.02)
        begun = begun_by(run.pid)
        run.send_signal(number)
        printed, _ = run.communicate()
    assert any("autograder.jail.zygote" in words for words in begun.values()), begun
    assert left_of(begun) == []
    return run.returncode, printed


SIGNAL_IN_A_CALLBACK = """
import os, signal, sys, weakref
from autograder.__main__ import main
from autograder.desk.grade import ProgressBar

class Thing: pass

def done(bar, result, shown=ProgressBar.done):
    shown(bar, result)
    thing = Thing()
    reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.{name}))
    del thing  # the handler runs in the callback: Python prints what it raises, and goes on

ProgressBar.done = done
sys.exit(main(["grade", "part_a", "--workers", "1"]))
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_that_meets_a_callback_ends_the_run_all_the_same(with_ada: Path, name: str) -> None:
    for student in ("bo", "cy", "di"):
        hand_in(with_ada, student)
    done = in_course(with_ada, sys.executable, "-c", SIGNAL_IN_A_CALLBACK.replace("{name}", name))
    assert done.returncode == 130 and "Ended. What was graded is kept" in done.stdout, done.stdout + done.stderr
    assert "Exception ignored in" in done.stderr  # it was lost once
    with ledger(with_ada) as book:
        assert ("ada", NOTEBOOK) in book.fingerprints(PART) and len(book.fingerprints(PART)) < 4


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

    def draw(*how: str) -> str:
        run = f"from autograder.grading.assignment import Assignment; print(Assignment.find({PART!r}).draw)"
        done = in_course(course, *how, sys.executable, "-c", run)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    before, handed_in = draw(), second.read_bytes()
    assert len(before) == 64
    second.write_bytes(handed_in + b"\n")
    changed = draw()
    second.unlink()
    alone = draw()
    second.symlink_to(first)
    linked = draw()
    second.unlink()
    second.write_bytes(handed_in)
    assert len({before, changed, alone}) == 3 and linked not in (before, changed)
    assert draw("env") == before  # a process that was started, not forked, has hashes of its own


def test_work_and_result_travel_as_plain_data(course: Path) -> None:
    hand_in(course, "ada")
    run = """
import pickle, sys
from pathlib import Path
from autograder.grading import workers
from autograder.grading.assignment import Assignment
assignment = Assignment.find("part_a")
(work,) = assignment.works("ada", assignment.folders()["ada"])
Path(sys.argv[1]).write_bytes(pickle.dumps(work))
"""
    done = in_course(course, sys.executable, "-c", run, str(course / "work"))
    assert done.returncode == 0, done.stderr
    data = (course / "work").read_bytes()
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
