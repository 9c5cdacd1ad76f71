"""Late work: what it costs, across clock changes and to the second; extra time; changes without a regrade."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties, GetGrades
from sqlalchemy.exc import SAWarning
from traitlets import TraitError
from traitlets.config import Config

from autograder.configuration import configure
from autograder.course import course_secret
from autograder.demo.synthetic import Truth, course_config
from autograder.gradebook.late import ExtraTime, ExtraTimeError, GrantExtraTime, LatePenalty, reassess
from autograder.grading.assignment import Assignment
from autograder.grading.engine import Watcher, grade
from autograder.grading.workers import Workers
from autograder.intake.timestamp import UnreadableTime, handed_in, read_time

DAY, HOUR, MINUTE = 86_400, 3_600, 60
DUE = datetime(2026, 3, 29, 21, 59)  # 23:59 in Berlin, on the day when clocks go forward there


# ----------------------------------------------------------------------------------------------- what it costs


@pytest.mark.parametrize(
    "score, seconds, expected",
    [
        (20, 0, None),
        (20, 1, None),  # the grace period
        (20, 10 * MINUTE, None),  # its last moment
        (20, 10 * MINUTE + 0.000001, 2.0),
        (20, DAY + 10 * MINUTE, 2.0),  # the last moment of the first day
        (20, DAY + 10 * MINUTE + 1, 4.0),
        (20, 4 * DAY, 8.0),
        (20, 5 * DAY, 10.0),
        (20, 300 * DAY, 10.0),  # the cap
        (0, DAY, None),
        (-1, DAY, None),  # nbgrader would make a negative penalty of one above the score
        (0.05, HOUR, None),  # less than the smallest penalty
        (2.9, HOUR, 0.29),  # 28.999… hundredths in binary
        (6.66, HOUR, 0.66),  # rounded down
    ],
)
def test_the_default_policy(score: float, seconds: float, expected: float | None) -> None:
    assert LatePenalty().late_submission_penalty("ada", score, seconds) == expected


def test_hours_without_grace_or_cap() -> None:
    policy = LatePenalty(per="hour", percent=1.5, grace_minutes=0, cap_percent=100, digits=3)
    assert policy.late_submission_penalty("ada", 7.0, 1) == 0.105
    assert policy.late_submission_penalty("ada", 7.0, HOUR) == 0.105
    assert policy.late_submission_penalty("ada", 7.0, HOUR + 1) == 0.21
    assert policy.late_submission_penalty("ada", 7.0, 70 * HOUR) == 7.0


def test_all_or_nothing() -> None:
    assert LatePenalty(penalty_method="zero").late_submission_penalty("ada", 7.5, 11 * MINUTE) == 7.5
    assert LatePenalty(penalty_method="zero").late_submission_penalty("ada", 7.5, 10 * MINUTE) is None
    assert LatePenalty(penalty_method="none").late_submission_penalty("ada", 7.5, 99 * DAY) is None


@pytest.mark.parametrize(
    "setting", [{"percent": -1}, {"percent": 101}, {"cap_percent": 120}, {"grace_minutes": -5}, {"digits": 7},
                {"per": "week"}, {"penalty_method": "mild"}, {"percent": float("nan")}],
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(TraitError, match=next(iter(setting))):
        LatePenalty(**setting)


hundredths = st.integers(0, 10_000).map(lambda n: n / 100)


@given(
    hundredths,
    hundredths,
    hundredths,
    st.integers(0, 3000),
    st.sampled_from(["day", "hour"]),
    st.lists(st.floats(0, 60 * DAY), min_size=1, max_size=6),
)
def test_later_never_costs_less_and_never_more_than_the_cap(
    score: float, percent: float, cap: float, grace: int, per: str, seconds: list[float]
) -> None:
    policy = LatePenalty(percent=percent, cap_percent=cap, grace_minutes=grace, per=per)
    found = [policy.late_submission_penalty("ada", score, late) or 0.0 for late in sorted(seconds)]
    assert found == sorted(found)
    exact = Fraction(str(score))
    for late, penalty in zip(sorted(seconds), found, strict=True):
        units = max(0, ceil((Fraction(late) - 60 * grace) / (DAY if per == "day" else HOUR)))
        share = min(units * Fraction(str(percent)), Fraction(str(cap))) / 100
        assert penalty == float(Fraction(floor(exact * share * 100), 100))
        assert Fraction(str(penalty)) <= exact * Fraction(str(cap)) / 100


# ----------------------------------------------------------------------------------------------- when


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_local_times_are_read_across_clock_changes(zone: str) -> None:
    """Every 17 hours of a year, against zoneinfo; hours that a zone skips or has twice are left out."""
    here, time, count = ZoneInfo(zone), datetime(2026, 1, 1, 0, 30), 0
    while time.year == 2026:
        moment = time.replace(tzinfo=UTC)
        local = moment.astimezone(here)
        if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
            for text in (f"{local:%Y-%m-%d %H:%M:%S} {zone}", f"{local:%Y-%m-%d %H:%M:%S.%f %z}", local.isoformat()):
                assert read_time(text) == time, text
            count += 1
        time += timedelta(hours=17)
    assert count > 510


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-03-29 23:59:00 Europe/Berlin", DUE),
        ("2026-03-28 23:59:00 Europe/Berlin", DUE - timedelta(hours=23)),  # the clocks go forward in between
        ("2026-03-29 21:59:00.000000 UTC", DUE),  # nbgrader's own form
        ("2026-03-29 21:59:00", DUE),
        ("2026-03-29T21:59:00Z", DUE),
        ("2026-03-29T23:59:00+02:00", DUE),
        ("2026-03-29 11:59 PM +0200", DUE),
        ("29 March 2026 21:59 GMT", DUE),
        ("2026-03-29 23:59 UTC+02:00", DUE),
        ("2026-03-29 23:59 GMT+2", DUE),
        ("2026-03-29 16:59 GMT-5", DUE),
        ("Sun Mar 29 2026 23:59:00 GMT+0200 (Central European Summer Time)", DUE),
        ("Sun, 29 Mar 2026 23:59:00 +0200", DUE),
        ("Sun Mar 29 21:59:00 UTC 2026", DUE),
        ("29.03.2026 21:59", DUE),
        ("3/29/2026, 9:59:00\u202fPM", DUE),
        ("20260329T215900Z", DUE),
        ("29-Mar-2026 21:59", DUE),
        ("11.03.2026 10:00", datetime(2026, 3, 11, 10)),
    ],
)
def test_forms_of_a_time(text: str, expected: datetime, tmp_path: Path) -> None:
    assert read_time(text) == expected
    (tmp_path / "timestamp.txt").write_text(f"\ufeff {text}\n", "utf-8")
    assert handed_in(tmp_path) == expected


@pytest.mark.parametrize(
    "content",
    ["yesterday", "2026-03-29", "12:30", "Monday 10:00", "2026-13-40 10:00", "2026-03-29 23:59 CEST",
     "2026-03-29 23:59 Europe/Berlni", "0001-01-01 00:00", "9999-12-31 23:59", "x" * 5000, "1e999", "2026-03-29 25:00",
     "\x00\x01", "2026-03-29 10:00 2026-03-30 10:00", "11/03/2026 10:00", "11-03-2026 10:00", "26-03-11 10:00",
     "11.03.26 10:00", "2026-10-25 02:30 Europe/Berlin", "2026-03-29 02:30 Europe/Berlin", "2026-03-29 10:00 EST",
     "Monday 29 March 2026 10:00", "2026-089T10:00", "1774821540", "2026-03-29 10:00 +15:00"],
)  # fmt: skip
def test_what_is_no_time_is_told_with_its_file(content: str, tmp_path: Path) -> None:
    folder = tmp_path / "ada" / "part_a"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text(content, "utf-8")
    with pytest.raises(UnreadableTime) as caught:
        handed_in(folder)
    said = str(caught.value)
    assert said.startswith("ada/part_a/timestamp.txt ") and "Expected is a date and a time" in said and len(said) < 400
    assert repr(content)[1:-1][:20] in said


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2199, 12, 31)), st.integers(-14 * 4, 14 * 4),
    st.sampled_from(["{0:%Y-%m-%d %H:%M:%S} {1}", "{0:%Y-%m-%dT%H:%M:%S}{1}", "{0:%a %b %d %Y %H:%M:%S} GMT{2} (Here)",
                     "{0:%d.%m.%Y %H:%M:%S} UTC{1}", "{0:%a, %d %b %Y %H:%M:%S} {2}", "{0:%d %B %Y %H:%M:%S} GMT {1}",
                     "{0:%B %d, %Y at %I:%M:%S %p} {2}", "{0:%Y/%m/%d, %I:%M:%S %p} GMT{1}"]),
)  # fmt: skip
def test_every_written_form_of_a_moment_is_that_moment_whatever_the_zone(
    moment: datetime, quarters: int, form: str
) -> None:
    moment = moment.replace(microsecond=0)
    sign, size = "-" if quarters < 0 else "+", abs(quarters)
    colon, plain = f"{sign}{size // 4:02}:{size % 4 * 15:02}", f"{sign}{size // 4:02}{size % 4 * 15:02}"
    assert read_time(form.format(moment + timedelta(minutes=15 * quarters), colon, plain)) == moment


@given(st.integers(1, 31), st.integers(1, 31), st.sampled_from("/-"))
def test_of_two_numbers_none_is_guessed_to_be_the_month(one: int, two: int, between: str) -> None:
    text = f"{one:02}{between}{two:02}{between}2026 10:00"
    try:
        read = read_time(text)
    except ValueError:
        return
    assert one > 12 or two > 12 or one == two
    assert {read.day, read.month} == {one, two}


def test_bytes_that_are_no_text_and_no_file(tmp_path: Path) -> None:
    assert handed_in(tmp_path) is None
    (tmp_path / "timestamp.txt").write_bytes(b"")
    assert handed_in(tmp_path) is None
    (tmp_path / "timestamp.txt").write_bytes(b"\xff\xfe2026")
    with pytest.raises(UnreadableTime, match="not UTF-8"):
        handed_in(tmp_path)


# ----------------------------------------------------------------------------------------------- extra time


def extra(tmp_path: Path, content: str) -> ExtraTime:
    path = tmp_path / "extra_time.csv"
    path.write_text(content, "utf-8")
    found = ExtraTime.read(path)
    assert found is not None
    return found


def test_extra_time_by_assignment_and_for_all(tmp_path: Path) -> None:
    found = extra(
        tmp_path,
        "Student,assignment,days,hours,minutes,reason\n"
        'ada,*,,,90,"note, kept here"\nada,part_b,2,1.5,\n\n"müller, anna",part_a,0,0,30,\nbo,*,1,,,\nbo,part_a,0,,,\n',
    )
    assert found.of("ada", "part_a") == timedelta(minutes=90)
    assert found.of("ada", "part_b") == timedelta(days=2, hours=1.5), "the assignment's own row, not both"
    assert found.of("müller, anna", "part_a") == timedelta(minutes=30)
    assert found.of("bo", "part_a") is None and found.of("bo", "part_c") == timedelta(days=1)
    assert found.of("cy", "part_a") is None
    assert extra(tmp_path, "\ufeffstudent;assignment;days\r\nada;part_a;0,5\r\n").of("ada", "part_a") == timedelta(
        hours=12
    )
    assert ExtraTime.read(tmp_path / "none.csv") is None


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "expected are the columns student, assignment"),
        ("name,part,days\nada,*,1\n", "begins with 'name,part,days'"),
        ("student,assignment\nada,*\n", "one or more of days, hours, minutes"),
        ("student,assignment,days\nada,*,two\n", "line 2: days takes a number, got 'two'"),
        ("student,assignment,days\nbo,*,1\nada,*,-1\n", "line 3: days takes a number of at least 0, got '-1'"),
        ("student,assignment,days\nada,*,nan\n", "at least 0"),
        ("student,assignment,minutes\nada,*,999999\n", "694 days of extra time; at most 366"),
        ("student,assignment,days\nada,,1\n", r"line 2: expected student, assignment, days; got ada, , 1 \(write \*"),
        ("student,assignment,days\nada,*,1,2\n", "line 2: expected student, assignment, days"),
        ("student,assignment,days\nada,*,1\nada,*,2\n", r"line 3: ada, \* was already given in line 2"),
    ],
)
def test_a_file_that_is_wrong_is_told_by_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ExtraTimeError, match=message):
        extra(tmp_path, content)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "extra_time.csv"
    path.write_bytes("student,assignment,days\nmüller,*,1\n".encode("latin-1"))
    with pytest.raises(ExtraTimeError, match="not UTF-8"):
        ExtraTime.read(path)
    with pytest.raises(ExtraTimeError, match="can't be read: Is a directory"):
        ExtraTime.read(tmp_path)


def test_names_that_nobody_has(tmp_path: Path) -> None:
    found = extra(tmp_path, "student,assignment,days\nadda,*,1\nada,part_d,1\n")
    assert found.strangers(["ada", "bo"]) == ["extra_time.csv, line 2: no student 'adda' so far. Did you mean 'ada'?"]
    with pytest.raises(ExtraTimeError, match="line 3: no assignment 'part_d'. Did you mean 'part_"):
        found.hold_to(["part_a", "part_b"])


# ----------------------------------------------------------------------------------------------- in the gradebook


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two exercises of 10 and 20 points; ada handed in on time, bo 25 hours late, cy nobody knows when."""
    path = tmp_path_factory.mktemp("three") / "gradebook.db"
    with Gradebook(f"sqlite:///{path}", "course") as gradebook:
        gradebook.add_assignment("part_a", duedate="2026-03-29 23:59 Europe/Berlin")
        for name, points in (("a1", 10), ("a2", 20)):
            gradebook.add_notebook(name, "part_a")
            gradebook.add_grade_cell(f"{name}-test", name, "part_a", max_score=points, cell_type="code")
        for student, time in (("ada", DUE), ("bo", DUE + timedelta(hours=25)), ("cy", None)):
            gradebook.add_student(student)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SAWarning)  # nbgrader builds a submission while its session flushes
                gradebook.add_submission("part_a", student, **({"timestamp": time} if time else {}))
            for name, points in (("a1", 7.5), ("a2", 20)):
                one = gradebook.find_grade(f"{name}-test", name, "part_a", student)
                one.auto_score, one.needs_manual_grade = points, False
        gradebook.db.commit()
    return path


@pytest.fixture
def book(three: Path, tmp_path: Path) -> Iterator[Gradebook]:
    shutil.copy(three, tmp_path / "gradebook.db")
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}", "course") as gradebook:
        yield gradebook


@pytest.fixture
def policy(tmp_path: Path) -> Config:
    config = Config()
    config.AssignLatePenalties.plugin_class = "autograder.gradebook.late.LatePenalty"
    config.GrantExtraTime.path = str(tmp_path / "extra_time.csv")
    return config


def penalties(gradebook: Gradebook) -> dict[str, list[float | None]]:
    gradebook.db.expire_all()
    return {
        one.student_id: [n.late_submission_penalty for n in sorted(one.notebooks, key=lambda n: n.name)]
        for one in gradebook.assignment_submissions("part_a")
    }


def test_a_change_of_due_date_extra_time_or_hand_grade_is_applied(
    book: Gradebook, policy: Config, tmp_path: Path
) -> None:
    assert book.find_assignment("part_a").duedate == DUE, "kept in UTC"
    assert reassess(book, "part_a", policy) == ["bo, part_a: 1 d 1 h late, 5.5 points off (before: 0)."]
    assert penalties(book) == {"ada": [None, None], "bo": [1.5, 4.0], "cy": [None, None]}
    assert reassess(book, "part_a", policy) == [], "nothing changed since"

    path = tmp_path / "extra_time.csv"
    path.write_text("student,assignment,hours\nbo,part_a,2\nbob,*,1\n")
    said = reassess(book, "part_a", policy)
    assert said == [
        "extra_time.csv, line 3: no student 'bob' so far. Did you mean 'bo'?",
        "bo, part_a: 23 h late, 2.75 points off (before: 5.5).",
    ]
    path.write_text("student,assignment,hours\nbo,*,25\n")
    assert reassess(book, "part_a", policy) == ["bo, part_a: in time, 0 points off (before: 2.75)."]
    assert penalties(book)["bo"] == [None, None]
    path.write_text("student,assignment,hours\n")
    reassess(book, "part_a", policy)
    assert penalties(book)["bo"] == [1.5, 4.0], "the file alone says who has extra time"

    book.find_grade("a1-test", "a1", "part_a", "bo").manual_score = 10
    book.db.commit()
    reassess(book, "part_a", policy)
    assert penalties(book)["bo"] == [2.0, 4.0]
    book.update_or_create_assignment("part_a", duedate="2026-03-27 23:59 Europe/Berlin")
    reassess(book, "part_a", policy, students=["bo"])
    assert penalties(book) == {"ada": [None, None], "bo": [3.0, 6.0], "cy": [None, None]}, "72 hours, not 73"
    reassess(book, "part_a", policy)
    assert penalties(book)["ada"] == [1.5, 4.0]
    book.update_or_create_assignment("part_a", duedate=None)
    assert len(reassess(book, "part_a", policy)) == 2
    assert set(map(tuple, penalties(book).values())) == {(None, None)}


def test_without_a_file_nbgraders_extensions_stay_and_without_a_due_date_none_does_harm(
    book: Gradebook, policy: Config
) -> None:
    book.grant_extension("part_a", "bo", hours=24)
    reassess(book, "part_a", policy)
    assert penalties(book)["bo"] == [0.75, 2.0]
    book.update_or_create_assignment("part_a", duedate=None)
    reassess(book, "part_a", policy)
    assert penalties(book)["bo"] == [None, None]
    assert book.find_submission("part_a", "bo").total_seconds_late == 0, "nbgrader fails on an extension of nothing"


def test_a_typo_in_the_file_stops_before_anything_is_written(book: Gradebook, policy: Config, tmp_path: Path) -> None:
    (tmp_path / "extra_time.csv").write_text("student,assignment,days\nbo,part_aa,1\n")
    with pytest.raises(ExtraTimeError, match="Did you mean 'part_a'"):
        reassess(book, "part_a", policy)
    assert penalties(book)["bo"] == [None, None]


def test_times_are_read_again_and_a_bad_one_costs_nobody_else(book: Gradebook, policy: Config, tmp_path: Path) -> None:
    folders = {name: tmp_path / name / "part_a" for name in ("ada", "bo", "cy")}
    for name, text in (("ada", "soon"), ("bo", "2026-03-29 21:59:00 UTC"), ("cy", "2026-03-31 00:00:00 Europe/Berlin")):
        folders[name].mkdir(parents=True)
        (folders[name] / "timestamp.txt").write_text(text)
    said = reassess(book, "part_a", policy, folders=folders)
    assert said[0].startswith(
        "ada/part_a/timestamp.txt can't be read: it holds no time: found 'soon', which has no time of day."
    )
    assert said[1:] == ["cy, part_a: 1 d 1 min late, 2.75 points off (before: 0)."]
    assert penalties(book) == {"ada": [None, None], "bo": [None, None], "cy": [0.75, 2.0]}


def test_it_does_what_nbgraders_own_step_does(book: Gradebook, policy: Config, tmp_path: Path) -> None:
    """The stock preprocessor, notebook by notebook, is the oracle; GrantExtraTime comes before it."""
    (tmp_path / "extra_time.csv").write_text("student,assignment,hours\nbo,part_a,2\n")
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    for student in ("ada", "bo", "cy"):
        for notebook in ("a1", "a2"):
            where = {"nbgrader": {"student": student, "assignment": "part_a", "notebook": notebook, "db_url": url}}
            for step in (GrantExtraTime, AssignLatePenalties):
                step(config=policy).preprocess(nbformat.v4.new_notebook(), where)
    stock = penalties(book)
    assert stock["bo"] == [0.75, 2.0]
    book.db.rollback()
    assert reassess(book, "part_a", policy) == []
    assert penalties(book) == stock


# ----------------------------------------------------------------------------------------------- in the course


def test_the_course_applies_it_wherever_nbgrader_does() -> None:
    config = Config()
    configure(config)
    steps = config.GenerateFeedback.preprocessors  # the writer does the same when it grades
    at = steps.index(AssignLatePenalties)
    assert steps[at - 1] is GrantExtraTime and steps.index(GetGrades) > at
    config.LatePenalty.percent = 5
    step = AssignLatePenalties(config=config)
    step.init_plugin()
    assert isinstance(step.plugin_inst, LatePenalty) and step.plugin_inst.late_submission_penalty("ada", 20, DAY) == 1
    assert LatePenalty(config=config).late_submission_penalty("ada", 20, 0) is None, "no due date, nothing late"


class Told(Watcher):
    def __init__(self) -> None:
        self.said: list[str] = []

    def trouble(self, sentence: str) -> None:
        self.said.append(sentence)


def no_kernel(*_: object) -> Any:
    raise AssertionError("nothing had to be graded again")


def test_a_run_that_grades_nothing_again_applies_a_due_date(
    planted_copy: Callable[[], Truth], monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = planted_copy()
    config = course_config(truth.course)
    config.GrantExtraTime.path = str(truth.course / "extra_time.csv")
    url = str(config.CourseDirectory.db_url)
    with Gradebook(url, "learning_rate") as gradebook:
        times = {one.student_id: one.timestamp for one in gradebook.assignment_submissions("part_a")}
        due = sorted(times.values())[len(times) // 2]
        gradebook.update_or_create_assignment("part_a", duedate=due)
    late = sorted((time, name) for name, time in times.items() if time > due + timedelta(minutes=10))
    excused, careless = late[-1][1], late[0][1]
    (truth.course / "submitted" / careless / "part_a" / "timestamp.txt").write_text("whenever")
    with (truth.course / "extra_time.csv").open("w") as file:
        file.write(f'student,assignment,days\n"{excused.replace(chr(34), chr(34) * 2)}",*,60\n')

    monkeypatch.setattr("autograder.grading.engine.grade_one", no_kernel)
    monkeypatch.setattr("autograder.grading.assignment.course_secret", lambda: course_secret(truth.course / "secret"))
    monkeypatch.setattr("autograder.gradebook.writer.COURSE", truth.course)
    watcher = Told()
    with ThreadPoolExecutor(1) as executor:
        summary = grade(Assignment.find("part_a", config), Workers(executor, 1), watcher=watcher)
    assert summary.graded == 0 and not summary.not_run and summary.unchanged > len(times)
    assert any("'timestamp.txt' was left out: it holds no time: found 'whenever'" in said for said in watcher.said), (
        watcher.said
    )
    with Gradebook(url, "learning_rate") as gradebook:
        for one in gradebook.assignment_submissions("part_a"):
            score, off = one.score, one.late_submission_penalty
            days = ceil(((times[one.student_id] - due).total_seconds() - 600) / DAY)
            if one.student_id == excused or days <= 0:
                assert off == 0, one.student_id
            else:
                share = min(days * Fraction(1, 10), Fraction(1, 2))
                exact = sum(floor(Fraction(str(n.score)) * share * 100) / 100 for n in one.notebooks)
                assert off == pytest.approx(exact) and (off > 0 or score < 1)
    assert sum(bool(re.search(r"points off \(before: 0\)", said)) for said in watcher.said) >= len(late) // 2

    page = truth.course / "autograded" / late[-2][1] / "part_a"
    notebook = next(iter(page.glob("*.ipynb")))
    where = {"nbgrader": {"student": late[-2][1], "assignment": "part_a", "notebook": notebook.stem, "db_url": url}}
    with Gradebook(url, "learning_rate") as gradebook:
        gradebook.update_or_create_assignment("part_a", duedate=due - timedelta(days=90))
    for step in config.GenerateFeedback.preprocessors[:3]:
        step(config=config).preprocess(nbformat.read(notebook, 4), where)
    with Gradebook(url, "learning_rate") as gradebook:
        entry = gradebook.find_submission_notebook(notebook.stem, "part_a", late[-2][1])
        assert where["nbgrader"]["late_penalty"] == pytest.approx(entry.score / 2, abs=0.011)
        assert where["nbgrader"]["score"] == pytest.approx(entry.score - where["nbgrader"]["late_penalty"])


def test_extra_time_finds_a_name_in_whatever_bytes_it_is_spelled(tmp_path: Path) -> None:
    path = tmp_path / "extra_time.csv"
    path.write_text("student,assignment,hours\nZoe\u0308,*,2\n007,part_a,1\n", "utf-8")
    extra = ExtraTime.read(path)
    assert extra is not None
    for name in ("Zo\u00eb", "Zoe\u0308"):
        assert extra.of(name, "part_a") == timedelta(hours=2)
        assert extra.strangers([name, "007"]) == []
    assert extra.of("007", "part_a") == timedelta(hours=1) and extra.of("7", "part_a") is None
