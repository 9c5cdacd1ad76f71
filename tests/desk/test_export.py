"""Grades out: what the files hold equals the gradebook, and they are what Canvas, Moodle and a spreadsheet expect."""

from __future__ import annotations

import csv
import io
import logging
import math
import os
import re
import shutil
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograder.course import ROOT
from autograder.demo.synthetic import Truth
from autograder.export import Canvas, Csv, GradeExport, Moodle, NothingToExport
from autograder.gradebook.database import OtherVersion
from autograder.gradebook.ledger import Ledger
from autograder.names import UnknownName
from autograder.tables import cell, safe, write_table
from lrtutorial.course import exercises
from tests import commands

PARTS = {"part_a": {"a1": 10.0, "a2": 20.0}, "part_c": {"c1": 16.0}}
DUE = datetime(2026, 3, 29, 21, 59)
STOCK = ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
         "late_submission_penalty", "score", "max_score"]  # fmt: skip
CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]


@pytest.fixture(scope="session")
def nine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook of nine students, each in another state."""
    path = tmp_path_factory.mktemp("nine") / "gradebook.db"
    url = f"sqlite:///{path}"
    with Gradebook(url, "course") as gradebook, Ledger(url) as ledger, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader builds a submission while its session flushes
        for part, notebooks in PARTS.items():
            gradebook.add_assignment(part, duedate=DUE if part == "part_a" else None)
            for name, points in notebooks.items():
                gradebook.add_notebook(name, part)
                gradebook.add_grade_cell(f"{name}-test", name, part, max_score=points, cell_type="code")

        def hand_in(student: str, part: str, *, status: str = "graded", reason: str = "", **scores: float) -> None:
            gradebook.add_submission(part, student, timestamp=DUE + timedelta(hours=1) if student == "late" else DUE)
            for name in PARTS[part]:
                grade = gradebook.find_grade(f"{name}-test", name, part, student)
                grade.auto_score = scores.get(name, 0.0)
                grade.needs_manual_grade = status in ("failed", "rejected")
            gradebook.db.commit()
            for name in scores:
                ledger.write(part, student, name, [], status=status, reason=reason)

        gradebook.add_student(
            "ada", first_name="Ada", last_name="Lovelace", email="ada@example.org", lms_user_id="4711"
        )
        hand_in("ada", "part_a", a1=10.0, a2=0.1 + 0.2)
        hand_in("ada", "part_c", c1=0.0)
        gradebook.find_grade("c1-test", "c1", "part_c", "ada").needs_manual_grade = True
        gradebook.add_student("absent", first_name="No", last_name="Show")
        gradebook.add_student("=cmd()", first_name='=HYPERLINK("http://example.invalid")', last_name='O"Hara, "Pat"')
        hand_in("=cmd()", "part_a", a1=4.0, a2=20.0, status="graded with repairs", reason="a1-test was missing.")
        gradebook.add_student("half", first_name="@SUM(1;2)", last_name="-2+3", email="+49@example.org")
        hand_in("half", "part_a", a1=7.0)  # a2 was not handed in
        gradebook.add_student("rejected", first_name="\tTab", last_name="\rReturn")
        hand_in("rejected", "part_a", a1=0.0, a2=0.0, status="rejected", reason="The file is no notebook: it is empty.")
        gradebook.add_student("failed", first_name="学生", last_name="Müller")
        hand_in("failed", "part_a", a1=0.0, a2=0.0, status="failed", reason="Grading stopped with MemoryError.")
        gradebook.add_student("bonus")
        hand_in("bonus", "part_a", a1=10.0, a2=20.0)
        gradebook.find_grade("a2-test", "a2", "part_a", "bonus").extra_credit = 2.5
        gradebook.add_student("byhand")
        hand_in("byhand", "part_a", a1=1.0, a2=2.0)
        by_hand = gradebook.find_grade("a1-test", "a1", "part_a", "byhand")
        by_hand.manual_score, by_hand.extra_credit = 9.0, -0.5
        gradebook.add_student("late")
        hand_in("late", "part_a", a1=10.0, a2=20.0)
        for name, penalty in (("a1", 1.0), ("a2", 2.0)):
            gradebook.find_submission_notebook(name, "part_a", "late").late_submission_penalty = penalty
        gradebook.db.commit()
    return path


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook with nothing in it."""
    path = tmp_path_factory.mktemp("blank") / "gradebook.db"
    Gradebook(f"sqlite:///{path}", "course").close()
    return path


@pytest.fixture
def empty(blank: Path, tmp_path: Path) -> Iterator[Gradebook]:
    shutil.copy(blank, tmp_path / "empty.db")
    with Gradebook(f"sqlite:///{tmp_path / 'empty.db'}", "course") as gradebook:
        yield gradebook


@pytest.fixture
def book(nine: Path, tmp_path: Path) -> Iterator[Gradebook]:
    shutil.copy(nine, tmp_path / "gradebook.db")
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}", "course") as gradebook:
        yield gradebook


def exported(kind: type[GradeExport], gradebook: Gradebook, **settings: Any) -> list[list[str]]:
    path = Path(str(gradebook.engine.url.database)).parent / "out.csv"
    kind(to=str(path), log=logging.getLogger("export"), **settings).export(gradebook)  # nbgrader's own keeps to itself
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    assert len({len(row) for row in rows}) == 1, "every row has every column"
    assert len(set(rows[0])) == len(rows[0]), "no two columns have one name"
    return rows


def by_name(rows: list[list[str]]) -> list[dict[str, str]]:
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def in_gradebook(gradebook: Gradebook) -> dict[tuple[str, str], tuple[float, float, float] | None]:
    """{(student, assignment): (points, penalty, points after it)} by nbgrader's own sums, as its export does it."""
    found: dict[tuple[str, str], tuple[float, float, float] | None] = {}
    for assignment in gradebook.assignments:
        for student in gradebook.students:
            try:
                entry = gradebook.find_submission(assignment.name, student.id)
            except MissingEntry:
                found[student.id, assignment.name] = None
            else:
                off = entry.late_submission_penalty
                found[student.id, assignment.name] = entry.score, off, max(0.0, entry.score - off)
    return found


# ----------------------------------------------------------------------------------------------- Csv


def test_csv_equals_the_gradebook_and_tells_every_state(book: Gradebook) -> None:
    rows = exported(Csv, book)
    assert rows[0][:13] == [*STOCK, "status", "note"]
    assert sorted(rows[0][13:]) == [f"{name}{what}" for name in ("a1", "a2", "c1") for what in ("", " max", " status")]
    table = {(row["student_id"], row["assignment"]): row for row in by_name(rows)}
    assert len(table) == 18
    assert table["'=cmd()", "part_a"]["last_name"] == 'O"Hara, "Pat"', "quotes and commas are not in the way"
    for (student, part), entry in in_gradebook(book).items():
        row = table[safe(student), part]
        assert float(row["max_score"]) == sum(PARTS[part].values())
        if entry is None:
            assert row["score"] == row["raw_score"] == row["late_submission_penalty"] == "", "missing is not zero"
            assert row["status"] == "missing"
        else:
            found = float(row["raw_score"]), float(row["late_submission_penalty"]), float(row["score"])
            assert found == pytest.approx(entry)
    statuses = {student: row["status"] for (student, part), row in table.items() if part == "part_a"}
    assert statuses == {
        "ada": "graded", "absent": "missing", "'=cmd()": "graded with repairs", "half": "graded",
        "rejected": "rejected", "failed": "failed", "bonus": "graded", "byhand": "graded", "late": "graded",
    }  # fmt: skip
    assert table["ada", "part_c"]["status"] == table["ada", "part_c"]["c1 status"] == "needs hand grading"
    assert table["rejected", "part_a"]["a1 status"] == "rejected"
    assert "The file is no notebook: it is empty." in table["rejected", "part_a"]["note"]
    half = table["half", "part_a"]
    assert (half["a1"], half["a2"], half["a2 status"], half["note"]) == ("7", "", "missing", "not handed in: a2")
    assert half["score"] == "7" and half["c1"] == half["c1 max"] == ""
    assert table["ada", "part_a"]["a2"] == "0.3" and table["late", "part_a"]["score"] == "27"
    assert table["bonus", "part_a"]["score"] == "32.5", "extra credit counts, above the maximum too"
    assert table["byhand", "part_a"]["a1"] == "8.5"
    assert table["late", "part_a"]["timestamp"] == "2026-03-29 22:59:00", "UTC, as nbgrader writes it"


def test_csv_has_what_nbgraders_own_export_has(book: Gradebook, tmp_path: Path) -> None:
    from nbgrader.plugins import CsvExportPlugin

    book.update_or_create_student("=cmd()", last_name="O'Hara")  # nbgrader's file doesn't survive the rest
    book.update_or_create_student("rejected", last_name=None, first_name=None)
    CsvExportPlugin(to=str(tmp_path / "stock.csv")).export(book)
    with (tmp_path / "stock.csv").open(newline="") as file:
        stock = list(csv.DictReader(file))
    ours = by_name(exported(Csv, book, missing_as_zero=True))
    assert len(stock) == len(ours)
    for theirs, row in zip(stock, ours, strict=True):
        for name in STOCK:
            if name in ("raw_score", "late_submission_penalty", "score", "max_score"):
                assert float(row[name]) == pytest.approx(float(theirs[name]))
            else:
                assert row[name] == safe(theirs[name]), name


def test_missing_as_zero_and_finished_only(book: Gradebook) -> None:
    table = {(row["student_id"], row["assignment"]): row for row in by_name(exported(Csv, book, missing_as_zero=True))}
    absent = table["absent", "part_a"]
    assert (absent["score"], absent["a1"], absent["status"]) == ("0", "0", "missing")
    assert table["half", "part_a"]["a2"] == "0"
    table = {(row["student_id"], row["assignment"]): row for row in by_name(exported(Csv, book, finished_only=True))}
    left_out = {key for key, row in table.items() if not row["score"] and row["status"] != "missing"}
    assert left_out == {("ada", "part_c"), ("rejected", "part_a"), ("failed", "part_a")}
    assert table["rejected", "part_a"]["a1"] == "", "nor the exercise's"
    grade = book.find_grade("a1-test", "a1", "part_a", "rejected")
    other = book.find_grade("a2-test", "a2", "part_a", "rejected")
    grade.manual_score, grade.needs_manual_grade, other.needs_manual_grade = 6.0, False, False
    book.db.commit()
    table = {(row["student_id"], row["assignment"]): row for row in by_name(exported(Csv, book, finished_only=True))}
    assert (table["rejected", "part_a"]["score"], table["rejected", "part_a"]["status"]) == ("6", "rejected")


def test_a_time_that_could_not_be_read_is_told(
    book: Gradebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.export.COURSE", tmp_path)
    for student in ("ada", "byhand"):
        (tmp_path / "quarantine" / student / "part_a").mkdir(parents=True)
        (tmp_path / "quarantine" / student / "part_a" / "timestamp.txt").write_text("soon")
    (tmp_path / "submitted" / "byhand" / "part_a").mkdir(parents=True)
    (tmp_path / "submitted" / "byhand" / "part_a" / "timestamp.txt").write_text("2026-03-29 12:00 UTC")
    book.find_submission("part_a", "late").timestamp = None
    book.db.commit()
    notes = {row["student_id"]: row["note"] for row in by_name(exported(Csv, book, assignment=["part_a"]))}
    assert notes["ada"] == "its timestamp.txt could not be read (see the course's quarantine folder)"
    assert notes["byhand"] == "", "put right since"
    assert notes["late"] == "when it was handed in is not known, so no late penalty was given"


def test_one_setting_for_all_exporters() -> None:
    config = Config({"GradeExport": {"missing_as_zero": True}, "Canvas": {"section": "A"}})
    assert Moodle(config=config).missing_as_zero and Canvas(config=config).section == "A"
    assert not Moodle().missing_as_zero


def test_only_some(book: Gradebook) -> None:
    rows = by_name(exported(Csv, book, assignment=["part_c"], student=["ada", "=cmd()"]))
    assert [(row["student_id"], row["assignment"]) for row in rows] == [("ada", "part_c"), ("'=cmd()", "part_c")] or [
        (row["student_id"], row["assignment"]) for row in rows
    ] == [("'=cmd()", "part_c"), ("ada", "part_c")]
    bracketed = by_name(exported(Csv, book, student=["[ada, 'late']"], assignment=["[part_a]"]))
    assert {row["student_id"] for row in bracketed} == {"ada", "late"}, "the form that nbgrader's help gives"


def test_a_gradebook_without_our_ledger(empty: Gradebook) -> None:
    """One that only nbgrader has written: its status is what its grades say."""
    empty.add_assignment("hw")
    empty.add_notebook("p1", "hw")
    empty.add_grade_cell("t", "p1", "hw", max_score=5, cell_type="code")
    for student, score in (("a", 3.0), ("b", 0.0)):
        empty.add_student(student)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            empty.add_submission("hw", student)
        grade = empty.find_grade("t", "p1", "hw", student)
        grade.auto_score, grade.needs_manual_grade = score, student == "b"
    empty.db.commit()
    rows = by_name(exported(Csv, empty))
    assert [(row["score"], row["status"]) for row in rows] == [("3", "graded"), ("0", "needs hand grading")]


# ----------------------------------------------------------------------------------------------- Canvas


def canvas_imports(rows: list[list[str]]) -> tuple[dict[str, float], dict[str, dict[str, str]]]:
    """Read a gradebook file by the rules of Canvas's importer (GradebookImporter in lib/gradebook_importer.rb).

    Returns {assignment: points possible} and {login id: {assignment: grade}} of the assignments that it would change.
    """
    head = rows[0]
    assert len(head) > 3 and "Student" in head[0] and "ID" in head[1]
    assert re.search(r"SIS\s+User\s+ID", head[2]) and re.search(r"SIS\s+Login\s+ID", head[3])
    information = 5
    assert "Section" in head[information - 1], "the last column about the student"
    computed = re.compile("Current Score|Current Points|Current Grade|Final Score|Final Points|Final Grade|Override")
    columns = [name for name in head[information:] if not computed.search(name)]
    assert all(not re.fullmatch(r".*\s\(\d+\)", name) or "Part" in name for name in columns), "no Canvas id by chance"
    assert "Points Possible" in rows[1][0]
    possible = dict(zip(head, rows[1], strict=True))
    taken = [name for name in columns if not re.search(r"read\s+only", possible[name])]
    students = {}
    for row in rows[2:]:
        assert "Points Possible" not in row[0] and any(row), "taken for a student"
        cells = dict(zip(head, row, strict=True))
        students[cells["SIS Login ID"]] = {name: cells[name].strip() for name in taken}
    return {name: float(possible[name]) for name in taken}, students


def test_canvas_takes_one_column_for_each_part(book: Gradebook) -> None:
    rows = exported(Canvas, book)
    assert rows[0][:7] == [*CANVAS, "part_a", "part_c"] or rows[0][:7] == [*CANVAS, "part_c", "part_a"]
    possible, students = canvas_imports(rows)
    assert possible == {"part_a": 30.0, "part_c": 16.0}
    for (student, part), entry in in_gradebook(book).items():
        grade = students[safe(student)][part]
        if entry is None:
            assert grade == "", "an empty cell is no grade in Canvas"
        else:
            assert float(grade) == pytest.approx(entry[2])
    table = {row["SIS Login ID"]: row for row in by_name(rows)}
    assert (table["ada"]["Student"], table["ada"]["ID"], table["ada"]["SIS User ID"]) == ("Lovelace, Ada", "4711", "")
    assert (table["late"]["Student"], table["late"]["ID"]) == ("late", "")
    assert (table["late"]["part_a late penalty"], table["late"]["part_a a1"]) == ("3", "10")
    assert [table[name]["part_a status"] for name in ("absent", "rejected", "failed")] == [
        "missing",
        "rejected",
        "failed",
    ]
    assert table["ada"]["part_c status"] == "needs hand grading"
    assert rows[1][rows[0].index("part_a a2")] == "20 (read only)"


def test_canvas_by_exercise_titles_and_ids(book: Gradebook) -> None:
    possible, students = canvas_imports(exported(Canvas, book, by_exercise=True))
    assert possible == {"a1": 10.0, "a2": 20.0, "c1": 16.0}
    assert (students["late"]["a1"], students["late"]["a2"]) == ("9", "18"), "after the penalty"
    assert (students["half"]["a1"], students["half"]["a2"], students["absent"]["a1"]) == ("7", "", "")
    rows = exported(
        Canvas, book, titles={"part_a": "Part A (123)"}, details=False, id_column="SIS User ID", section="Tuesday"
    )
    assert set(rows[0]) == {*CANVAS, "Part A (123)", "part_c"}
    ada = next(row for row in by_name(rows) if row["SIS Login ID"] == "ada")
    assert (ada["ID"], ada["SIS User ID"], ada["Section"]) == ("", "4711", "Tuesday")
    with pytest.raises(UnknownName, match="titles names 'part_d'. Did you mean 'part_"):
        exported(Canvas, book, titles={"part_d": "D"})


def test_exercises_with_one_name_in_two_assignments(empty: Gradebook) -> None:
    empty.add_student("ada")
    for part in ("hw1", "hw2"):
        empty.add_assignment(part)
        empty.add_notebook("problem1", part)
        empty.add_grade_cell("t", "problem1", part, max_score=5, cell_type="code")
    rows = exported(Canvas, empty, by_exercise=True, details=False)
    assert rows[0][5:] == ["hw1 problem1", "hw2 problem1"]
    for kind in (Csv, Canvas, Moodle):
        exported(kind, empty)


# ----------------------------------------------------------------------------------------------- Moodle


def moodle_imports(rows: list[list[str]], user: str, mapping: dict[str, str], known: Sequence[str]) -> dict[str, Any]:
    """Read a grade file by the rules of Moodle's importer (load_data.php), into new grade items.

    ``mapping`` is what the teacher chooses: {column: "new" or "feedback"}; the rest is ignored. Returns {user: {column:
    grade or feedback}}. An unknown user, no user or a grade above 100 ends the whole import.
    """
    assert all(len(row) == len(rows[0]) for row in rows), "csvweirdcolumns"
    found: dict[str, Any] = {}
    for row in by_name(rows):
        assert row[user] in known, "user not found: the whole import ends"
        grades: dict[str, Any] = {}
        for column, kind in mapping.items():
            value = row[column].strip()
            if kind == "new":
                grades[column] = None if value == "-" else float(value or 0)  # databases make 0 of an empty string
                assert grades[column] is None or grades[column] <= 100, "gradevaluetoobig"
            else:
                grades[column] = value
        found[row[user]] = grades
    return found


def test_moodle_takes_grades_and_feedback(book: Gradebook) -> None:
    rows = exported(Moodle, book)
    assert rows[0][:4] == ["First name", "Last name", "ID number", "Email address"]
    known = ["4711" if student.id == "ada" else safe(student.id) for student in book.students]
    mapping = {"part_a": "new", "part_a feedback": "feedback", "part_c": "new", "part_c feedback": "feedback"}
    found = moodle_imports(rows, "ID number", mapping, known)
    for (student, part), entry in in_gradebook(book).items():
        grades = found["4711" if student == "ada" else safe(student)]
        assert grades[part] == (None if entry is None else pytest.approx(entry[2]))
    assert found["late"]["part_a feedback"] == "a1: 10 of 10; a2: 20 of 20; off for being late: 3. Status: graded."
    assert found["absent"]["part_a feedback"] == "Not handed in."
    assert found["half"]["part_a feedback"].startswith("a1: 7 of 10; a2: not handed in.")
    assert found["rejected"]["part_a feedback"].endswith("Status: rejected.")
    table = {row["ID number"]: row for row in by_name(rows)}
    assert table["4711"]["Email address"] == "ada@example.org" and table["failed"]["First name"] == "学生"
    assert (table["late"]["part_a max grade"], table["late"]["part_a status"]) == ("30", "graded")
    assert "part_a a1 (of 10)" in rows[0]


def test_moodles_scale(book: Gradebook, caplog: pytest.LogCaptureFixture) -> None:
    rows = by_name(exported(Moodle, book, grade_max=100.0))
    late = next(row for row in rows if row["ID number"] == "late")
    assert float(late["part_a"]) == pytest.approx(90) and late["part_a max grade"] == "100"
    assert "above 100" in caplog.text, "the bonus is 108.3 of 100, and Moodle would take nothing at all"
    caplog.clear()
    exported(Moodle, book)
    assert "above 100" not in caplog.text
    with pytest.raises(ValueError, match="grade_max takes a maximum grade above 0"):
        exported(Moodle, book, grade_max=-1.0)


# ----------------------------------------------------------------------------------------------- cells


BEGINS = "=+-@\t\r\n＝＋－＠"


@given(st.text())
@example("=cmd|' /C calc'!A0")
@example(' =1+1;=2\t@x,"+y"')
@example("a;\n=b")
@example("\ufeff=1")
@example("a\0=1")
@example("-")
def test_no_text_begins_a_formula_however_it_is_taken_apart(text: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow(["part_a", cell(text), "1"])
    (row,) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    written = row[1]
    assert row == ["part_a", safe(text), "1"]
    assert written.replace("'", "").replace("\ufffd", "\0") == text.replace("'", "").replace("\ufffd", "\0")
    for part in re.split(r"[;,\t|\"\r\n]", written):
        assert part == "-" == text or part.strip(" \u00a0\ufeff\u200b")[:1] not in set(BEGINS) - {"\t", "\r", "\n"}
    assert text == "-" or written[:1] not in BEGINS or not written
    assert "\0" not in written


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6))
def test_a_number_stays_a_number(value: float) -> None:
    assert math.isclose(float(cell(value)), value, rel_tol=1e-9, abs_tol=1e-9)
    assert not cell(value).startswith("'")


def test_a_score_that_is_no_number_is_told(book: Gradebook) -> None:
    book.find_grade("a1-test", "a1", "part_a", "ada").auto_score = math.inf
    book.db.commit()
    with pytest.raises(ValueError, match="a score of inf: correct it in Formgrader"):
        exported(Csv, book)


def test_encoding(book: Gradebook, tmp_path: Path) -> None:
    exported(Csv, book)
    plain = (tmp_path / "out.csv").read_bytes()
    assert plain.startswith(b"assignment,") and "Müller".encode() in plain and b"\r\n" in plain
    Csv(to=str(tmp_path / "excel.csv"), byte_order_mark=True).export(book)
    assert (tmp_path / "excel.csv").read_bytes() == b"\xef\xbb\xbf" + plain
    book.update_or_create_student("absent", first_name="Zoe\u0308 \u200bاحمد")
    assert any(row["first_name"] == "Zoe\u0308 \u200bاحمد" for row in by_name(exported(Csv, book)))


# ----------------------------------------------------------------------------------------------- what goes wrong


def test_unknown_names_and_empty_gradebooks(book: Gradebook, empty: Gradebook, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no assignment 'part_aa'. Did you mean 'part_a'"):
        exported(Csv, book, assignment=["part_aa"])
    with pytest.raises(UnknownName, match="no student 'adda'. Did you mean 'ada'"):
        exported(Canvas, book, student=["adda"])
    with pytest.raises(NothingToExport, match="no assignment: run nbgrader generate_assignment"):
        exported(Csv, empty)
    empty.add_assignment("part_a")
    with pytest.raises(NothingToExport, match="no student"):
        exported(Csv, empty)
    assert not (tmp_path / "out.csv").exists()


def test_a_database_of_another_version(book: Gradebook, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "gradebook.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    with pytest.raises(OtherVersion, match="newer nbgrader"):
        exported(Csv, book)


def test_a_target_that_cannot_be_written_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "grades.csv"
    target.write_text("before")
    for path, why in ((tmp_path, "a directory"), (Path("."), "a directory"), (tmp_path / "none" / "x.csv", "No such")):
        with pytest.raises(OSError, match=f"can't be written to .*{why}.*name a file"):
            write_table(path, [["a"]])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autograder.tables.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_table(target, [["a"]])
    assert target.read_text() == "before" and os.listdir(tmp_path) == ["grades.csv"]


def test_a_pipe_can_be_the_target(tmp_path: Path) -> None:
    read, write = os.pipe()
    write_table(Path(f"/dev/fd/{write}"), [["a", 1.0]])
    os.close(write)
    with os.fdopen(read) as file:
        assert file.read() == "a,1\n"


def test_penalties_that_no_longer_hold_are_told(book: Gradebook, caplog: pytest.LogCaptureFixture) -> None:
    config = Config({"AssignLatePenalties": {"plugin_class": "autograder.gradebook.late.LatePenalty"}})
    exported(Csv, book, config=config)
    assert "Late penalties" not in caplog.text, "3 of 30 points are the 10 % that a first day costs"
    book.find_grade("a2-test", "a2", "part_a", "late").manual_score = 10.0
    book.db.commit()
    exported(Csv, book, config=config)
    assert "due dates, extra time and points now give: 1 (late, part_a: 3, now 2)" in caplog.text
    assert "python -m autograder grade part_a" in caplog.text


# ----------------------------------------------------------------------------------------------- a whole class


def gradebook_of(truth: Truth) -> Gradebook:
    return Gradebook(f"sqlite:///{truth.course / 'gradebook.db'}", "learning_rate")


def test_the_planted_class_comes_out_as_planted(planted: Truth, tmp_path: Path) -> None:
    files: dict[str, list[list[str]]] = {}
    with gradebook_of(planted) as gradebook:
        before = in_gradebook(gradebook)
        for kind in (Csv, Canvas, Moodle):
            path = tmp_path / f"{kind.__name__}.csv"
            kind(to=str(path)).export(gradebook)
            with path.open(encoding="utf-8", newline="") as file:
                files[kind.__name__] = list(csv.reader(file, strict=True))
    part_of = {exercise.notebook: exercise.part for exercise in exercises().values()}
    table = {(row["student_id"], row["assignment"]): row for row in by_name(files["Csv"])}
    assert len(table) == len(planted.people) * len(planted.parts), "no two students became one"
    _, canvas = canvas_imports(files["Canvas"])
    known = [safe(person.id) for person in planted.people]
    moodle = moodle_imports(files["Moodle"], "ID number", dict.fromkeys(planted.parts, "new"), known)
    assert canvas.keys() == moodle.keys() == set(known)
    for person in planted.people:
        for part in planted.parts:
            row, entry = table[safe(person.id), part], before[person.id, part]
            statuses = {n: planted.statuses.get((person.id, n), "missing") for n, p in part_of.items() if p == part}
            if person.id not in planted.handed_in(part):
                assert entry is None and row["status"] == "missing" and row["score"] == ""
                assert canvas[safe(person.id)][part] == "" and moodle[safe(person.id)][part] is None
                continue
            assert entry is not None
            assert float(row["score"]) == pytest.approx(entry[2]) == pytest.approx(planted.points(person.id, part))
            assert float(canvas[safe(person.id)][part]) == moodle[safe(person.id)][part] == pytest.approx(entry[2])
            for notebook, status in statuses.items():
                assert row[f"{notebook} status"] in (status, "needs hand grading"), (person.id, notebook)
                assert (row[notebook] == "") == (status == "missing")
            for pressing in ("failed", "rejected"):
                if pressing in statuses.values():
                    assert row["status"] in ("failed", pressing), "seen as such"
    assert {row["status"] for row in table.values()} >= {
        "graded",
        "graded with repairs",
        "rejected",
        "missing",
        "needs hand grading",
    }


@pytest.mark.parametrize("exporter, file", [("", "grades.csv"), ("Canvas", "grades_canvas.csv"), ("Moodle", "out.csv")])
def test_the_stock_command_from_the_courses_root(
    planted_copy: Callable[[], Truth], tmp_path: Path, exporter: str, file: str
) -> None:
    """``nbgrader export``, as nbgrader documents it, with nothing installed and no path set."""
    root = tmp_path / "root"
    root.mkdir()
    for name in ("autograder", "lrtutorial", "solutions", "notebooks", "nbgrader_config.py"):
        (root / name).symlink_to(ROOT / name)
    truth = planted_copy()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["LRTUTORIAL_COURSE"] = str(truth.course)
    if not exporter:  # one of them is started in the usual way
        environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "nbgrader", "export"]
    command += [f"--exporter=autograder.export.{exporter}"] * bool(exporter)
    command += [f"--to={file}", "--Moodle.missing_as_zero=True"] * (exporter == "Moodle")
    done = commands.run(command, cwd=root, env=environment)
    assert done.returncode == 0, done.stderr
    assert f"Exporting grades to {file}" in done.stderr and f"Students: {len(truth.people)};" in done.stderr
    with (root / file).open(encoding="utf-8", newline="") as found:
        rows = list(csv.reader(found, strict=True))
    first = {"": STOCK, "Canvas": CANVAS, "Moodle": ["First name", "Last name", "ID number", "Email address"]}[exporter]
    assert rows[0][: len(first)] == first and len(rows) > len(truth.people)
    if exporter == "Moodle":
        assert "-" not in {row[rows[0].index("part_a")] for row in rows}, "zero, as asked"
        wrong = commands.run([*command, "--assignment", "part_aa"], cwd=root, env=environment)
        assert wrong.returncode == 1 and "Did you mean 'part_a'" in wrong.stderr and "Traceback" not in wrong.stderr
