"""What a human is asked to look at, and what is said of a time that can't be read: the same by both doors."""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograder.gradebook.ledger import Ledger
from autograder.grading.assignment import Assignment
from autograder.intake.quarantine import MAX_FILES, quarantine
from tests.grading.conftest import ROOT, in_course
from tests.grading.styles import put, several, swap
from tests.grading.test_parity import Case
from tests.released import Release

pytestmark = [pytest.mark.whole, pytest.mark.filterwarnings("ignore")]

WRONG = "class Adam:\n    def __init__(self, params, lr=1): ...\n    def step(self, grads): ...\n\ncheck('b2', Adam)"
#: student: (exercise, what is done to a right notebook, files beside it, whether a human is asked to look at the check)
CLASS: dict[str, tuple[str, Callable[[Any], None], dict[str, bytes], bool]] = {
    "slow": ("b2", swap("b2-answer", "self.t += 1", "self.t += 1; __import__('time').sleep(0.5)"), {}, True),
    "typed wrong": ("b2", several(put("b2-test", WRONG), put("b2-answer", "pass")), {}, True),
    "typed right": ("b2", lambda n: (put("b2-test", "ANSWER")(n), put("b2-test", "# done\nANSWER")(n)), {}, False),
    "when": ("b5", lambda notebook: None, {"timestamp.txt": b"11/03/2026 10:00"}, False),
    "honest": ("b5", lambda notebook: None, {"timestamp.txt": b"2026-03-11 10:00:00 UTC"}, False),
}


DOORS = ("autograder grade", "nbgrader autograde")


@pytest.fixture(scope="module")
def by_door(tmp_path_factory: pytest.TempPathFactory, release: Release) -> dict[str, tuple[Path, str]]:
    """The class, graded by each of the doors, and what the command said. Both at once: they wait for the slow one."""
    courses = {door: handed_in(release(tmp_path_factory.mktemp("outcomes") / "course", "part_b")) for door in DOORS}
    with ThreadPoolExecutor(len(DOORS)) as threads:
        run = {
            door: threads.submit(in_course, course, sys.executable, "-m", *door.split(), "part_b")
            for door, course in courses.items()
        }
    found = {}
    for door, future in run.items():
        done = future.result()
        assert done.returncode == 0, done.stdout + done.stderr
        found[door] = courses[door], " ".join((done.stdout + done.stderr).split())
    return found


def handed_in(course: Path) -> Path:
    for student, (exercise, change, files, _) in CLASS.items():
        notebook = Case(exercise, {}).notebook()
        change(notebook)
        folder = course / "submitted" / student / "part_b"
        folder.mkdir(parents=True)
        (folder / f"{Case(exercise, {}).name}.ipynb").write_text(json.dumps(notebook), "utf-8")
        for name, data in files.items():
            (folder / name).write_bytes(data)
    return course


@pytest.fixture(params=DOORS)
def graded(request: pytest.FixtureRequest, by_door: dict[str, tuple[Path, str]]) -> tuple[Path, str]:
    return by_door[request.param]


def test_a_human_is_asked_about_what_was_not_decided_and_what_was_typed_into_a_check(graded: tuple[Path, str]) -> None:
    course, _ = graded
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        asked = {
            entry.student_id: any(grade.needs_manual_grade for one in entry.notebooks for grade in one.grades)
            for entry in gradebook.assignment_submissions("part_b")
        }
    assert asked == {student: human for student, (*_, human) in CLASS.items()}
    with Ledger(f"sqlite:///{course / 'gradebook.db'}") as ledger:
        verdicts = {row["student"]: row for row in ledger.verdicts("part_b")}
    assert verdicts["slow"]["status"] == "undecided" and "20 s" in verdicts["slow"]["headline"]
    assert verdicts["typed right"]["points"] == verdicts["when"]["points"] == 20


def test_a_time_that_cannot_be_read_is_said_everywhere_and_costs_nothing(graded: tuple[Path, str]) -> None:
    course, said = graded
    words = "11/03/2026 may be 11 March or 3 November"
    with Ledger(f"sqlite:///{course / 'gradebook.db'}") as ledger:
        rows = {row["student"]: row for row in ledger.submissions("part_b")}
    assert words in rows["when"]["reason"] and rows["when"]["status"] == "graded with repairs"
    assert rows["honest"]["status"] == "graded"
    assert words in said
    table = course / "grades.csv"
    done = in_course(
        course, sys.executable, "-m", "nbgrader", "export", "--exporter=autograder.export.Csv", "--to", str(table)
    )
    assert done.returncode == 0, done.stderr
    with table.open(encoding="utf-8-sig", newline="") as file:
        exported = {row["student_id"]: row for row in csv.DictReader(file)}
    assert "timestamp.txt could not be read" in exported["when"]["note"]
    assert float(exported["when"]["late_submission_penalty"] or 0) == 0
    done = in_course(course, sys.executable, "-m", "autograder", "report", "part_b", "--output", str(course / "report"))
    assert done.returncode == 0, done.stderr
    assert words in "".join(path.read_text("utf-8") for path in (course / "report").rglob("*") if path.is_file())
    again = in_course(course, sys.executable, "-m", "autograder", "grade", "part_b")
    assert "5 unchanged since they were graded" in " ".join(again.stdout.split()), again.stdout


@pytest.mark.parametrize("command", DOORS)
def test_a_class_in_which_nobody_has_a_notebook_has_an_outcome_for_everybody(
    command: str, tmp_path: Path, release: Release
) -> None:
    course = release(tmp_path / "course", "part_b")
    class_ = {
        "page": {"b2_adam.html": b"<html></html>"},
        "nothing": {},
        "other": {"hello.ipynb": b"{}"},
        "packed": {"work.zip": b"PK"},
        "scan": {"scan.pdf": b"%PDF"},
    }
    for student, files in class_.items():
        folder = course / "submitted" / student / "part_b"
        folder.mkdir(parents=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    done = in_course(course, sys.executable, "-m", *command.split(), "part_b")
    assert done.returncode == 0, done.stdout + done.stderr
    with Ledger(f"sqlite:///{course / 'gradebook.db'}") as ledger:
        rows = ledger.submissions("part_b")
    assert {row["student"] for row in rows} == set(class_) and {row["status"] for row in rows} == {"rejected"}
    assert all("No notebook of this part was found" in row["reason"] for row in rows)


def test_nbgraders_own_zip_collect_works_and_may_be_run_again(tmp_path: Path) -> None:
    course = tmp_path / "course"
    archive = course / "downloaded" / "part_b" / "archive"
    archive.mkdir(parents=True)
    notebook = json.dumps(Case("b5", {}).notebook()).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("ada_b5_cosine_restarts.ipynb", notebook)
        file.writestr("bo_b5_cosine_restarts.ipynb", notebook)
    (archive / "all.zip").write_bytes(packed.getvalue())
    settings = [
        f"--ZipCollectApp.downloaded_directory={os.path.relpath(course / 'downloaded', ROOT)}",
        r"--FileNameCollectorPlugin.named_regexp=.*/(?P<student_id>[a-z]+)_(?P<file_id>\w+)\.ipynb",
    ]
    for more in ([], ["--force"]):
        done = in_course(course, sys.executable, "-m", "nbgrader", "zip_collect", "part_b", *settings, *more)
        assert done.returncode == 0, done.stdout + done.stderr
        found = sorted(
            path.relative_to(course / "submitted").as_posix() for path in course.rglob("submitted/*/*/*.ipynb")
        )
        assert found == [f"{name}/part_b/b5_cosine_restarts.ipynb" for name in ("ada", "bo")]


def test_what_lies_at_the_wrong_place_is_named(tmp_path: Path) -> None:
    assignment = Assignment.find("part_b")
    config = copy.deepcopy(assignment.config)
    config.CourseDirectory.submitted_directory = str(tmp_path / "submitted")
    for name in ("ada/part_b/b5_cosine_restarts.ipynb", "bo/b5_cosine_restarts.ipynb", "cy/Part_B/b.ipynb", "dee.ipynb",
                 "eli/part_a/a.ipynb", ".DS_Store", ".fay/part_b/b.ipynb"):  # fmt: skip
        (tmp_path / "submitted" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "submitted" / name).write_bytes(b"{}")
    said = replace(assignment, config=config).strays()
    assert [sentence.partition(":")[0] for sentence in said] == [".fay", "bo", "cy", "dee.ipynb"]
    assert "b5_cosine_restarts.ipynb" in said[1] and "Move it to cy/part_b/" in said[2]


def test_many_files_beside_are_one_sentence(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 50):
        (tmp_path / f"{number}.csv").write_bytes(b"")
    (said,) = quarantine(tmp_path, tmp_path / "away" / "x")
    assert said == f"50 files were left out: there are more than {MAX_FILES}."
