"""What an LMS gives, sorted: who, which exercise, which version; a table on every file, and nothing overwritten."""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from pathlib import Path

import pytest
from nbgrader.api import Base, Course, Student
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from traitlets.config import Config

from autograder.desk.collect import (
    MAX_MEMBERS,
    Person,
    Roster,
    collect,
    collect_download,
    gradescope,
    people,
    plain,
    safe_name,
    table,
)
from autograder.grading.assignment import Assignment
from autograder.intake.text import student_of
from lrtutorial.advice import Refused
from tests.grading.test_candidates import BLANK, HOSTILE, NEW, OLD, RELEASE, solved


@pytest.fixture
def part(tmp_path: Path) -> Assignment:
    config = Config()
    config.CourseDirectory.root = str(tmp_path / "course")
    config.CourseDirectory.submitted_directory = str(tmp_path / "course" / "submitted")
    return Assignment("part_x", config, RELEASE)


def packed(path: Path, files: dict[str, bytes], when: dict[str, tuple[int, ...]] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            moment = (when or {}).get(name, (2026, 3, 1, 12, 0, 0))
            archive.writestr(zipfile.ZipInfo(name, moment), data)  # type: ignore[arg-type]
    return path


def there(part: Assignment) -> dict[str, bytes]:
    home = Path(part.course.submitted_directory)
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


ROSTER = """student,last_name,first_name,email,lms_id,identifier
007,Lovelace,Ada,ada@example.org,4711,Participant 991
o'neill,O'Neill,Zo\u00eb,zoe@example.org,4712,Participant 992
"""


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, "utf-8")
    return Roster.read(path)


SHEET = b"""---
submission_11:
  :submitters:
  - :name: Ada Lovelace
    :sid: '007'
    :email: ada@example.org
  :created_at: 2026-03-29 21:59:00.123456000 Z
  :score: 3.0
  :history:
  - :id: 10
    :created_at: 2026-03-01 08:00:00.123456000 Z
submission_12:
  :submitters:
  - :name: "Zo\xc3\xab O'Neill"
    :email: zoe@example.org
  :created_at: 2026-03-30 08:00:00.0 Z
"""
THIRD = solved("third = 3", "y_second")
#: name: files of a download in which Ada hands in x_first and Zoë y_second
DOWNLOADS: dict[str, dict[str, bytes]] = {
    "Canvas": {"lovelaceada_4711_99_x_first.ipynb": NEW, "oneillzoë_LATE_4712_98_y_second-1.ipynb": THIRD},
    "Canvas, a name with its own line": {"love_laceada_4711_99_x_first.ipynb": NEW, "zoe_4712_98_3_4_y.ipynb": THIRD},
    "Moodle": {"Ada Lovelace_991_assignsubmission_file/x_first.ipynb": NEW,
               "Zoë O'Neill_992_assignsubmission_file/deep/y_second.ipynb": THIRD},
    "Moodle before 4": {"Ada Lovelace_991_assignsubmission_file_/x_first.ipynb": NEW,
                        "Zoë O'Neill_992_assignsubmission_file_/deep/y_second.ipynb": THIRD},
    "Moodle, flat": {"Ada Lovelace_991_assignsubmission_file_homework.ipynb": NEW,
                     "Zoë O'Neill_992_assignsubmission_file_y.ipynb": THIRD},
    "Moodle, blind": {"Participant_991_assignsubmission_file/x_first.ipynb": NEW,
                      "Participant_992_assignsubmission_file/y_second.ipynb": THIRD},
    "Gradescope": {"assignment_5_export/submission_metadata.yml": SHEET,
                   "assignment_5_export/submission_11/x_first.ipynb": NEW,
                   "assignment_5_export/submission_12/b (1).ipynb": THIRD},
    "folders": {"class/007/x_first.ipynb": NEW, "class/o'neill/y_second.ipynb": THIRD},
    "names": {"Lovelace, Ada/x_first.ipynb": NEW, "Zoë O'Neill/y_second.ipynb": THIRD},
}  # fmt: skip
#: What an LMS gives as a list of the class, and the instructor's own.
ROSTERS = {
    "one's own": ROSTER,
    "one's own, by full names": "student;name;email;canvas_id;identifier\n"
    "007;Lovelace, Ada;ada@example.org;4711;Participant 991\n"
    "o'neill;Zoë O'Neill;zoe@example.org;4712;Participant 992\n",
    "Canvas's gradebook": "Student,ID,SIS User ID,SIS Login ID,Section,B (1)\n"
    '"Lovelace, Ada",4711,,007,S,3\n"O\'Neill, Zoë",4712,9,o\'neill,S,\n    Points Possible,,,,,10\n',
    "Moodle's worksheet": "\ufeffIdentifier,Full name,ID number,Email address,Status\n"
    "Participant 991,Ada Lovelace,007,ada@example.org,Submitted\n"
    "Participant 992,Zoë O'Neill,o'neill,zoe@example.org,\n",
    "Gradescope's roster": "First Name\tLast Name\tSID\tEmail\tRole\n"
    "Ada\tLovelace\t007\tada@example.org\tStudent\nZoë\tO'Neill\to'neill\tzoe@example.org\tStudent\n",
}


@pytest.mark.parametrize("name", ROSTERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_lists_of_a_class_that_lms_give_are_rosters(name: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes(ROSTERS[name].encode(encoding))
    roster = Roster.read(path)
    assert roster.find(Person("Ada Lovelace")) == ("007", "")
    assert roster.find(Person("o'neill, zoe")) == ("o'neill", "")
    number = {"Canvas's gradebook": ("4711",), "Moodle's worksheet": ("991",)}.get(name, ("007", "ada@example.org"))
    assert roster.find(Person("Participant", number), namesakes=True) == ("007", "")
    assert roster.find(Person("Participant", ("999",)), namesakes=True)[0] == ""


@pytest.mark.parametrize("as_folder", [False, True], ids=["zip", "folder"])
@pytest.mark.parametrize("name", DOWNLOADS)
def test_every_file_finds_its_student_and_its_exercise(
    name: str, as_folder: bool, part: Assignment, roster: Roster, tmp_path: Path
) -> None:
    path = tmp_path / "download.zip"
    packed(path, DOWNLOADS[name])
    if as_folder:
        path = tmp_path / "download"
        for file, data in DOWNLOADS[name].items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_bytes(data)
    rows = collect(path, part, roster)
    found = there(part)
    assert found["007/part_x/x_first.ipynb"] == NEW
    assert found["o'neill/part_x/y_second.ipynb"] == solved("third = 3", "y_second")
    assert {(row.student, row.exercise) for row in rows} == {("007", "x_first"), ("o'neill", "y_second")}
    times = {name for name in found if name.endswith("timestamp.txt")}
    assert len(times) == (2 if name == "Gradescope" else 0)
    again = collect(path, part, roster)
    assert there(part) == found and {row.became.partition(" (")[0] for row in again} == {"there already"}


def test_a_dry_run_writes_nothing_and_says_the_same(part: Assignment, roster: Roster, tmp_path: Path) -> None:
    path = packed(tmp_path / "d.zip", DOWNLOADS["Canvas"])
    said = table(collect(path, part, roster, dry_run=True))
    assert not Path(part.course.submitted_directory).exists()
    assert said == table(collect(path, part, roster))
    assert "2 files of 2 students: 2 taken, 0 left out." in said and "late, says Canvas" in said


def test_the_gradebooks_students_are_found_by_what_an_lms_calls_them_and_no_gradebook_is_made_for_it(
    part: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Assignment, "find", lambda name: part)
    zipped = packed(tmp_path / "all.zip", DOWNLOADS["Canvas"])
    book = tmp_path / "course" / "gradebook.db"
    book.parent.mkdir()
    assert collect_download(zipped, "part_x", roster=None, dry_run=True, replacing=False) == 0
    assert "lovelaceada" in capsys.readouterr().out and not book.exists()
    engine = create_engine(part.course.db_url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Course(id="course"))
        session.add(Student(id="007", first_name="Ada", last_name="Lovelace", lms_user_id="4711"))
        session.commit()
    engine.dispose()
    before = book.read_bytes()
    assert collect_download(zipped, "part_x", roster=None, dry_run=True, replacing=False) == 0
    said = capsys.readouterr().out
    assert "007" in said and "lovelaceada " not in said and book.read_bytes() == before


@pytest.mark.parametrize(
    ("files", "best"),
    [
        ({"x_first.ipynb": OLD, "x_first-1.ipynb": NEW, "x_first-2.ipynb": BLANK}, "x_first-1.ipynb"),
        ({"x_first-10.ipynb": NEW, "x_first-9.ipynb": OLD}, "x_first-10.ipynb"),
    ],
)
def test_the_newest_that_was_worked_on_wins_and_older_ones_are_kept(
    files: dict[str, bytes], best: str, part: Assignment, roster: Roster, tmp_path: Path
) -> None:
    path = packed(tmp_path / "d.zip", {f"lovelaceada_4711_9_{name}": data for name, data in files.items()})
    collect(path, part, roster)
    found = there(part)
    assert found["007/part_x/x_first.ipynb"] == files[best]
    assert sorted(found.values()) == sorted(files.values())


def test_of_two_times_the_later_wins(part: Assignment, roster: Roster, tmp_path: Path) -> None:
    files = {"007/a.ipynb": NEW, "007/b.ipynb": OLD}
    collect(packed(tmp_path / "d.zip", files, {"007/b.ipynb": (2025, 1, 1, 0, 0, 0)}), part, roster)
    assert there(part)["007/part_x/x_first.ipynb"] == NEW


def test_nothing_is_overwritten_unasked(part: Assignment, roster: Roster, tmp_path: Path) -> None:
    collect(packed(tmp_path / "old.zip", {"007/x_first.ipynb": OLD}), part, roster)
    newer = packed(tmp_path / "new.zip", {"007/x_first.ipynb": NEW})
    (row,) = collect(newer, part, roster)
    assert "left out: another one is there" in row.became and there(part)["007/part_x/x_first.ipynb"] == OLD
    (row,) = collect(newer, part, roster, replace_=True)
    found = there(part)
    assert row.became == "taken; the other is kept" and found["007/part_x/x_first.ipynb"] == NEW
    assert sorted(found.values()) == sorted([OLD, NEW])


def test_who_is_in_no_roster_is_left_out_by_name(part: Assignment, roster: Roster, tmp_path: Path) -> None:
    rows = collect(packed(tmp_path / "d.zip", {"turingalan_5_6_x_first.ipynb": NEW}), part, roster)
    assert "nobody in the roster is called 'turingalan'" in rows[0].became and there(part) == {}


def test_without_a_roster_the_lms_names_are_the_students_and_namesakes_stay_two(
    part: Assignment, tmp_path: Path
) -> None:
    files = {"lovelaceada_1_2_x_first.ipynb": NEW, "lovelaceada_3_4_x_first.ipynb": OLD}
    collect(packed(tmp_path / "d.zip", files), part, Roster.read(None))
    assert sorted(there(part)) == ["lovelaceada_1/part_x/x_first.ipynb", "lovelaceada_3/part_x/x_first.ipynb"]
    files = {
        "Kim Lee_1_assignsubmission_file/a.ipynb": NEW,
        "Kim Lee_2_assignsubmission_file/a.ipynb": OLD,
        "Ada_3_assignsubmission_file/a.ipynb": NEW,
    }
    rows = collect(packed(tmp_path / "m.zip", files), part, Roster.read(None))
    assert {row.student for row in rows} == {"Kim Lee_1", "Kim Lee_2", "Ada"}


def test_one_students_own_zip(part: Assignment, tmp_path: Path) -> None:
    collect(packed(tmp_path / "ada.zip", {"x_first (2).ipynb": NEW, "start.csv": b"1"}), part, Roster.read(None))
    assert sorted(there(part)) == ["ada/part_x/start.csv", "ada/part_x/x_first.ipynb"]


def test_a_zip_in_the_zip_is_opened(part: Assignment, roster: Roster, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("work/x_first.ipynb", NEW)
    collect(packed(tmp_path / "d.zip", {"lovelaceada_4711_9_work.zip": inner.getvalue()}), part, roster)
    assert there(part)["007/part_x/x_first.ipynb"] == NEW


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in ("nothing", "cut off")])
def test_a_hostile_download_writes_nothing_outside(name: str, part: Assignment, tmp_path: Path) -> None:
    data, words = HOSTILE[name]
    (tmp_path / "d.zip").write_bytes(data)
    before = sorted(path for path in tmp_path.rglob("*"))
    rows = collect(tmp_path / "d.zip", part, Roster.read(None))
    assert all("left out" in row.became for row in rows) and words in rows[0].became
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_what_is_no_download_is_refused_with_what_to_do(part: Assignment, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no"):
        collect(tmp_path / "nowhere.zip", part, Roster.read(None))
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(Refused, match="download it again"):
        collect(tmp_path / "text.zip", part, Roster.read(None))
    assert MAX_MEMBERS > 600 * 50


def test_a_link_in_the_way_is_not_followed(part: Assignment, roster: Roster, tmp_path: Path) -> None:
    home = Path(part.course.submitted_directory) / "007" / "part_x"
    home.mkdir(parents=True)
    (home / "x_first.ipynb").symlink_to(tmp_path / "elsewhere")
    rows = collect(packed(tmp_path / "d.zip", {"007/x_first.ipynb": NEW}), part, roster, replace_=True)
    assert "left out" in rows[0].became and not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("text", ["", "name,email\nAda,a@b.c\n"])
def test_a_roster_without_ids_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(Refused, match="a column 'student'"):
        Roster.read(tmp_path / "r.csv")
    with pytest.raises(Refused, match="there is no roster"):
        Roster.read(tmp_path / "nope.csv")


def test_two_of_one_name_in_the_roster_need_more_than_the_name(part: Assignment, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("student,name,email\na,Kim Lee,1@x\nb,Kim Lee,2@x\n")
    roster = Roster.read(tmp_path / "r.csv")
    rows = collect(packed(tmp_path / "d.zip", {"Kim Lee/x_first.ipynb": NEW}), part, roster)
    assert "several students" in rows[0].became


def test_names_are_compared_without_case_accents_and_order() -> None:
    assert plain("Lovelace, Ada") == plain("ada LOVELACE") and plain("Zo\u00eb") == plain("Zoe\u0308") == plain("Zoe")
    assert safe_name("../../etc") == "_.._etc" and os.sep not in safe_name("a/b\\c") and safe_name("...") == "unknown"
    assert gradescope("") == gradescope("- 1") == gradescope("submission_1: {}") == {} and people([]) == {}
    with pytest.raises(Refused, match="download it again"):
        gradescope("nonsense: [")


def test_a_groups_work_is_everybodys(part: Assignment, roster: Roster, tmp_path: Path) -> None:
    sheet = b"""submission_7:
  :submitters:
  - :name: Ada Lovelace
    :sid: 007
  - :name: Zoe O'Neill
    :email: zoe@example.org
  :created_at: 2026-03-29 21:59:00.123456000 Z
"""
    files = {"a_export/submission_metadata.yml": sheet, "a_export/submission_7/x_first.ipynb": NEW}
    rows = collect(packed(tmp_path / "d.zip", files), part, roster)
    assert [(row.student, row.became) for row in rows] == [("007", "taken"), ("o'neill", "taken")]
    assert there(part)["007/part_x/timestamp.txt"] == b"2026-03-29 21:59:00 UTC\n"


def test_anonymous_downloads_stay_apart_and_texts_are_their_students(part: Assignment, tmp_path: Path) -> None:
    files = {
        "anon_x7Kq2_98_x_first.ipynb": NEW,
        "LATE_anon_aB3dE_99_x_first.ipynb": OLD,
        "anon_x7Kq2_text.html": b"hi",
        "lovelaceada_LATE_4711_link.html": b"",
        "notes.txt": b"whose?",
    }
    rows = {row.file: row for row in collect(packed(tmp_path / "d.zip", files), part, Roster.read(None))}
    found = there(part)
    assert found["anon_x7Kq2/part_x/x_first.ipynb"] == NEW and found["anon_aB3dE/part_x/x_first.ipynb"] == OLD
    assert rows["text.html"].student == "anon_x7Kq2" and "not graded" in rows["text.html"].became
    assert rows["link.html"].student == "lovelaceada_4711"
    assert rows["notes.txt"].became == "left out: nothing says whose it is"


@pytest.mark.parametrize("name", ["Zo\u00eb", "Zoe\u0308", "\u738b", "\u0418\u0432\u0430\u043d"])
def test_names_in_utf_8_that_a_zip_does_not_announce_are_read(name: str, part: Assignment, tmp_path: Path) -> None:
    path = packed(tmp_path / "d.zip", {f"{name}/x_first.ipynb": NEW, f"{name}/data.csv": b"1", "b/x_first.ipynb": OLD})
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + at + 1] &= ~0x08  # the bit that says UTF-8
            place = data.find(mark, place + 1)
    path.write_bytes(data)
    collect(path, part, Roster.read(None))
    assert there(part)[f"{student_of(name)}/part_x/x_first.ipynb"] == NEW
    assert sorted({file.partition("/")[0] for file in there(part)}) == sorted(["b", student_of(name)])


def test_two_files_of_one_name_in_a_zip_are_both_kept(part: Assignment, tmp_path: Path) -> None:
    path = tmp_path / "d.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        for data in (OLD, NEW):
            archive.writestr("ada/x_first.ipynb", data)
        archive.writestr("ada/X_FIRST.ipynb", solved("first = 3"))
        archive.writestr("bo/a.txt", b"")
    rows = collect(path, part, Roster.read(None))
    kept = [data for name, data in there(part).items() if name.endswith(".ipynb")]
    assert sorted(kept) == sorted([OLD, NEW, solved("first = 3")]), [(row.file, row.became) for row in rows]
