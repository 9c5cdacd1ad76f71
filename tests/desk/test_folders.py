"""nbgrader's own commands and Formgrader's lists on submitted folders of any name, content and time."""

from __future__ import annotations

import logging
import os
import random
from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.hooks.folders import read_as_the_intake_does
from autograder.intake.text import student_of
from autograder.intake.timestamp import UnreadableTime, handed_in
from tests.fuzz.generator import PEOPLE, TIMES

PART = "part_x"
NAMES = [name.format(7) for name in PEOPLE] + [
    "*", "?", "[a-z]", "[!h]*", "{a}", "{student_id}", "Zoe\u0308", os.fsdecode(b"Jos\xe9"), "ada.", " ada ",
    "new\nline", "\u0958" * 80, "x" * 255, os.fsdecode(b"\xe9" * 200), "\u202eada", "a\\b", "a+b", "CON", "-n", "~",
    "%2e",
]  # fmt: skip


@pytest.fixture(autouse=True)
def as_configured() -> None:
    read_as_the_intake_does()


@pytest.fixture
def course(tmp_path: Path) -> CourseDirectory:
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    return CourseDirectory(config=config)


def hand_in(course: CourseDirectory, name: str, files: dict[str, bytes]) -> Path:
    folder = Path(course.root, "submitted", name, PART)
    folder.mkdir(parents=True)
    for file, data in files.items():
        (folder / file).write_bytes(data)
    return folder


@pytest.mark.whole  # nbgrader makes a gradebook
def test_formgraders_list_shows_everybody_once_whatever_they_are_called_and_say_of_the_time(
    course: CourseDirectory,
) -> None:
    draw = random.Random(15)
    for name in NAMES:
        files = {"x.ipynb": b"{}"} if draw.random() < 0.7 else {}
        hand_in(course, name, files | ({"timestamp.txt": draw.choice(TIMES).encode()} if draw.random() < 0.7 else {}))
    (hand_in(course, "a folder", {}) / "timestamp.txt").mkdir()
    os.mkfifo(hand_in(course, "a pipe", {}) / "timestamp.txt")
    api = NbGraderAPI(course)
    everybody = {student_of(name) for name in [*NAMES, "a folder", "a pipe"]}
    assert [row["student"] for row in api.get_submissions(PART)] == sorted(everybody)
    assert {row["id"] for row in api.get_students()} == everybody


@pytest.mark.parametrize("text", [*TIMES, "11.03.2026 10:00", "29 March 2026, 11:59 pm UTC", "20260329T100000Z"])
def test_times_are_read_as_the_intake_reads_them(text: str, course: CourseDirectory) -> None:
    folder = hand_in(course, "ada", {"timestamp.txt": text.encode()})
    found: datetime | None
    try:
        found = handed_in(folder)
    except UnreadableTime:
        found = None
    assert course.get_existing_timestamp(str(folder)) == found
    assert NbGraderAPI(course).get_submitted_timestamp(PART, "ada") == found


def converter(course: CourseDirectory, kind: type, student: str) -> object:
    course.assignment_id, course.student_id = PART, student
    made = kind(coursedir=course)
    made.log = logging.getLogger("silent")
    made.init_notebooks()
    return made.assignments


@pytest.mark.parametrize("name", NAMES)
def test_a_name_gets_its_own_notebooks_and_nobody_elses(name: str, course: CourseDirectory) -> None:
    own = hand_in(course, name, {"x.ipynb": b"{}"})
    hand_in(course, "h", {"x.ipynb": b"{}", "y.ipynb": b"{}"})
    student = student_of(name)
    if student == student.strip() and name != "*":  # nbgrader strips what it is given; * is everybody
        assert converter(course, Autograde, student) == {str(own): [str(own / "x.ipynb")]}
    everybody = converter(course, Autograde, "*")
    assert isinstance(everybody, dict) and len(everybody) == 2 and everybody[str(own)] == [str(own / "x.ipynb")]


def test_a_submission_without_a_notebook_is_one_to_grade_but_has_no_feedback_of_its_own(
    course: CourseDirectory,
) -> None:
    folder = hand_in(course, "ada", {"work.zip": b"PK"})
    assert converter(course, Autograde, "*") == {str(folder): []}
    os.renames(folder, Path(course.root, "autograded", "ada", PART))
    with pytest.raises(NbGraderException, match="No notebooks were matched"):
        converter(course, GenerateFeedback, "*")
    with pytest.raises(NbGraderException, match="No notebooks were matched"):
        converter(course, Autograde, "nobody")
