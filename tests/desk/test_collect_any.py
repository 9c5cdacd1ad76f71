"""Downloads of any shape: seeded classes in an LMS's clothes, with what zips, systems and people add to them."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest

from autograder.desk.collect import Roster, collect, table
from autograder.grading.assignment import Assignment
from autograder.intake.candidates import look
from tests.desk.test_collect import part, roster, there  # noqa: F401 – fixtures
from tests.grading.test_candidates import RELEASE, solved

HELPER = b"X = 3\n"
PEOPLE = {"007": ("Ada Lovelace", "lovelaceada", 4711, 991), "o'neill": ("Zo\u00eb O'Neill", "oneillzoe", 4712, 992)}
#: What may lie beside a notebook; none of it is one.
ODD = [
    "notes.txt", "a\nb.csv", "\x1b[2J.csv", "\u202egpj.csv", "n" * 300 + ".csv", "\u738b" * 150 + ".txt", "CON", "x.",
    " x ", "d" * 200 + "/" + "e" * 200 + "/f.csv", "/".join("abcdefghijklmnop") + "/deep.csv", "same",
    "same/inside.csv", "-rf", "*.csv", "%s{0}.csv", "page.html", "scan.pdf",
]  # fmt: skip
LEFT = ["__MACOSX/._a", ".DS_Store", "Thumbs.db"]  #: by systems, at any level


def zipped(files: dict[str, bytes], slash: str = "/") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo("placeholder", (2026, 3, 1, 12, 0, 0))
            info.filename = name.replace("/", slash)  # as a tool writes it that doesn't ask zipfile
            archive.writestr(info, data)
    return file.getvalue()


def work(draw: random.Random, answer: bytes, flat: bool) -> dict[str, bytes]:
    """What one student handed in: a notebook with a helper beside it, at times deeper, at times packed."""
    files = {"x_first.ipynb": answer, "helper.py": HELPER}
    if not flat:
        files |= dict.fromkeys(draw.sample(ODD, 3), b"odd")
    for _ in range(draw.choice((0, 0, 1, 2))):
        if flat or draw.random() < 0.5:
            files = {"work.zip": zipped(files)}
        else:
            files = {f"my work/{name}": data for name, data in files.items()}
    return files


def dressed(draw: random.Random, handed_in: dict[str, dict[str, bytes]], shape: str) -> dict[str, bytes]:
    """The class as an LMS, or a person, packs it."""
    found = {}
    team = draw.choice(("", "", "Team 1-"))
    above = draw.choice(("", "class of 2026/"))
    for student, files in handed_in.items():
        name, canvas, number, blind = PEOPLE[student]
        before = {
            "Canvas": f"{canvas}_{draw.choice(('', 'LATE_'))}{number}_{draw.randrange(999)}_",
            "Moodle": f"{team}{name}_{blind}_assignsubmission_file{draw.choice(('', '_'))}/",
            "Moodle, flat": f"{team}{name}_{blind}_assignsubmission_file_", "folders": f"{above}{student}/",
            "names": f"{above}{name}/", "submitted": f"submitted/{student}/part_x/",
        }[shape]  # fmt: skip
        found |= {f"{before}{file}": data for file, data in files.items()}
    for name in draw.sample(LEFT, draw.choice((0, 1, 3))):
        found[f"{above if shape in ('folders', 'names') else ''}{name}"] = b"left behind"
    return found


@pytest.mark.parametrize("shape", ["Canvas", "Moodle", "Moodle, flat", "folders", "names", "submitted"])
def test_whatever_lies_in_a_download_the_notebook_comes_with_what_lay_beside_it(
    shape: str, part: Assignment, roster: Roster, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    for seed in range(12):
        draw = random.Random(f"{shape} {seed}")
        answers = {student: solved(f"first = '{student} {seed}'") for student in PEOPLE}
        flat = shape in ("Canvas", "Moodle, flat")
        handed_in = {student: work(draw, answer, flat) for student, answer in answers.items()}
        whole = dressed(draw, handed_in, shape)
        path = tmp_path / "download.zip"
        path.write_bytes(zipped(whole, draw.choice("/\\") if not flat else "/"))
        rows = collect(path, part, roster, replace_=True)
        said = table(rows)
        assert len(said.splitlines()) == len(rows) + 1 and "\x1b" not in said and "\u202e" not in said
        assert len(rows) >= sum(len(files) for files in handed_in.values() if "work.zip" not in files)
        assert {row.student for row in rows} == set(PEOPLE), said
        for student, answer in answers.items():
            home = Path(part.course.submitted_directory) / student / "part_x"
            assert (home / "x_first.ipynb").read_bytes() == answer, said
            found = look(home, RELEASE)
            assert found.beside(found.candidates["x_first"])["helper.py"] == HELPER, said
        assert not [name for name in there(part) if ".writing" in name]


@pytest.mark.parametrize("place", ["timestamp.txt", "part_x/timestamp.txt"])
def test_a_time_of_handing_in_comes_with_the_notebook(
    place: str, part: Assignment, roster: Roster, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    folder = place.removesuffix("timestamp.txt")
    files = {
        f"007/{place}": b"2026-03-29 10:00 UTC",
        f"007/{folder}x_first.ipynb": solved(),
        "o'neill/a.ipynb": solved(),
    }
    (tmp_path / "d.zip").write_bytes(zipped(files))
    rows = collect(tmp_path / "d.zip", part, roster)
    assert there(part)["007/part_x/timestamp.txt"] == b"2026-03-29 10:00 UTC"
    assert len(rows) == len(files)


def test_hidden_work_is_named(part: Assignment, roster: Roster, tmp_path: Path) -> None:  # noqa: F811
    files = {"007/.mine/x_first.ipynb": solved(), "o'neill/x_first.ipynb": solved(), "o'neill/.git/config": b"",
             "007/.ipynb_checkpoints/x_first.ipynb": solved(), ".": b"", "./": b""}  # fmt: skip
    (tmp_path / "d.zip").write_bytes(zipped(files))
    rows = {row.file: row.became for row in collect(tmp_path / "d.zip", part, roster)}
    assert "hidden" in rows["007/.mine/x_first.ipynb"] and rows["x_first.ipynb"] == "taken"
    assert "no name" in rows["."] and len(rows) == 3


def test_a_folder_that_the_roster_knows_is_its_students_in_a_class_of_one(
    part: Assignment, roster: Roster, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    (tmp_path / "d.zip").write_bytes(zipped({"class of 2026/007/x_first.ipynb": solved()}))
    assert [row.student for row in collect(tmp_path / "d.zip", part, roster)] == ["007"]


def test_a_double_name_is_not_taken_for_a_group_and_another_student(part: Assignment, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "r.csv").write_text("student,name\nl,Lena Meier\n")
    files = {
        "Anna-Lena Meier_1_assignsubmission_file/x_first.ipynb": solved(),
        "Bo_2_assignsubmission_file/a.ipynb": b"{}",
    }
    (tmp_path / "d.zip").write_bytes(zipped(files))
    rows = collect(tmp_path / "d.zip", part, Roster.read(tmp_path / "r.csv"))
    assert all("nobody in the roster" in row.became for row in rows) and there(part) == {}
