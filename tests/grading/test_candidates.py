"""Which file is which exercise: whatever a browser, an LMS, a tool or a person made of its name and place."""

from __future__ import annotations

import copy
import io
import json
import os
import stat
import time
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.intake.candidates import MAX_UNPACKED, look
from autograder.intake.text import holds, kept, student_of
from tests.grading.test_intake import cell_of, marked, the_release

RELEASE = {
    "x_first": the_release(),
    "y_second": nbformat.v4.new_notebook(
        cells=[
            marked("code", "third = ...", "y-third-answer", solution=True),
            marked("code", 'check("y-third", third)', "y-third-test", grade=True, locked=True, points=3),
        ]
    ),
}


def solved(source: str = "first = 1", notebook: str = "x_first", marks: bool = True, ids: bool = True) -> bytes:
    made = copy.deepcopy(RELEASE[notebook])
    name = "x-first-answer" if notebook == "x_first" else "y-third-answer"
    cell_of(made, name).source = source
    for number, cell in enumerate(made.cells):
        if not marks:
            cell.metadata.pop("nbgrader", None)
        if not ids:
            cell.id = f"new-{number}"
    return json.dumps(made).encode()


OLD, NEW = solved("first = 2"), solved()
BLANK = json.dumps(RELEASE["x_first"]).encode()


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return file.getvalue()


def hand_in(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


NAMES = [
    "x_first.ipynb", "x_first (1).ipynb", "x_first-Copy1.ipynb", "X_First.ipynb", "x_first.IPYNB",
    "x_first (1) (2).ipynb",
    "lovelaceada_12345_678901_x_first.ipynb", "lovelaceada_LATE_12345_678901_x_first-1.ipynb", "ada/x_first.ipynb",
    "part_x/part_x/x_first.ipynb", "homework.ipynb", "x_first.ipynb.json", "x_first.ipynb.txt",
    "Kopie von x_first.ipynb",
    "y_second.ipynb", "é\udce9.ipynb", "x first.ipynb", "b'x'.ipynb",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_one_notebook_of_an_exercise_is_it_whatever_its_name(name: str, tmp_path: Path) -> None:
    found = look(hand_in(tmp_path, {name: solved()}), RELEASE)
    assert list(found.candidates) == ["x_first"]
    assert found.candidates["x_first"].file.data == solved()
    said = found.candidates["x_first"].repairs
    assert (said == ()) == (name == "x_first.ipynb")
    assert all("Handed in as" in sentence and holds(sentence) for sentence in said)
    assert found.others == ()


@pytest.mark.parametrize(("marks", "ids"), [(True, False), (False, True), (False, False)])
def test_it_is_known_by_marks_by_ids_or_by_its_checks(marks: bool, ids: bool, tmp_path: Path) -> None:
    found = look(hand_in(tmp_path, {"mine.ipynb": solved(marks=marks, ids=ids)}), RELEASE)
    assert list(found.candidates) == ["x_first"]


@pytest.mark.parametrize("name", ["x_first.zip", "deep/work.ZIP"])
def test_a_zip_is_looked_into(name: str, tmp_path: Path) -> None:
    files = {name: zipped(part__x_first_dot_ipynb=solved(), part__start_dot_csv=b"1", __MACOSX__x=b"")}
    found = look(hand_in(tmp_path, files), RELEASE)
    candidate = found.candidates["x_first"]
    assert candidate.file.name == f"{name}/part/x_first.ipynb" and "Handed in as" in candidate.repairs[0]


#: name: (files in the order in which they were changed, the one that counts, words on the others)
SEVERAL: dict[str, tuple[dict[str, bytes], str, str]] = {
    "the right name": ({"x_first.ipynb": OLD, "x_first (1).ipynb": NEW}, "x_first.ipynb", "not counted"),
    "an untouched original": ({"x_first.ipynb": BLANK, "x-Copy1.ipynb": NEW}, "x-Copy1.ipynb", "never worked on"),
    "both untouched": ({"x_first.ipynb": BLANK, "x_first-Copy1.ipynb": BLANK}, "x_first.ipynb", "never worked on"),
    "two wrong names": ({"a.ipynb": OLD, "b.ipynb": NEW}, "b.ipynb", "a.ipynb"),
    "an unreadable original": ({"x_first.ipynb": b"{", "mine.ipynb": NEW}, "mine.ipynb", "x_first.ipynb"),
    "one deeper": ({"x_first.ipynb": NEW, "old/x_first.ipynb": OLD}, "x_first.ipynb", "old/x_first.ipynb"),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_of_several_the_right_name_counts_unless_it_was_never_touched(name: str, tmp_path: Path) -> None:
    files, best, words = SEVERAL[name]
    hand_in(tmp_path, files)
    for age, file in enumerate(reversed(files)):
        os.utime(tmp_path / file, (time.time() - 100 * age,) * 2)
    candidate = look(tmp_path, RELEASE).candidates["x_first"]
    assert candidate.file.name == best
    assert words in " ".join(candidate.repairs)
    for other in set(files) - {best}:
        assert other in " ".join(candidate.repairs)


def test_notebooks_under_each_others_names_are_told_apart_by_their_cells(tmp_path: Path) -> None:
    hand_in(tmp_path, {"x_first.ipynb": solved("third = 3", "y_second"), "y_second.ipynb": solved()})
    found = look(tmp_path, RELEASE).candidates
    assert {name: one.file.name for name, one in found.items()} == {
        "x_first": "y_second.ipynb",
        "y_second": "x_first.ipynb",
    }


def test_everything_else_is_named_but_for_data_and_what_systems_leave(tmp_path: Path) -> None:
    files = dict.fromkeys(["work.html", "scan.pdf", "other.rar", "hello.ipynb", "bad.zip", "x.pyc"], b"x")
    passed = ["start.csv", "adam.py", ".DS_Store", "__MACOSX/._x_first.ipynb", ".ipynb_checkpoints/x_first.ipynb"]
    silent = dict.fromkeys([*passed, "timestamp.txt"], b"x")
    found = look(hand_in(tmp_path, {**files, **silent}), RELEASE)
    assert found.candidates == {}
    assert len(found.others) == len(files)
    for name in files:
        assert any(name in sentence for sentence in found.others)


def test_what_lies_beside_a_notebook_is_its_data(tmp_path: Path) -> None:
    hand_in(tmp_path, {"w/x_first.ipynb": solved(), "w/adam.py": b"a", "w/data/start.csv": b"1", "other.csv": b"2",
                       "w/page.html": b"", "w/fast.so": b"", "w/c.pyc": b"", "w/y_second.ipynb": b"{}"})  # fmt: skip
    found = look(tmp_path, RELEASE)
    assert found.beside(found.candidates["x_first"]) == {"adam.py": b"a", "data/start.csv": b"1"}


def hostile(name: str, kind: int = 0, flag: int = 0, data: bytes = b"x") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        info.external_attr = kind << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, data)
    raw = file.getvalue()
    if flag:  # general purpose flags, in both headers
        raw = raw.replace(b"PK\x03\x04" + raw[4:6] + b"\0\0", b"PK\x03\x04" + raw[4:6] + bytes([flag, 0]))
        at = raw.index(b"PK\x01\x02") + 8
        raw = raw[:at] + bytes([flag, 0]) + raw[at + 2 :]
    return raw


HOSTILE: dict[str, tuple[bytes, str]] = {
    "above": (hostile("../x_first.ipynb", data=solved()), "leads out"),
    "inside and above": (hostile("a/../../x_first.ipynb", data=solved()), "leads out"),
    "absolute": (hostile("/x_first.ipynb", data=solved()), "leads out"),
    "Windows": (hostile("C:\\x_first.ipynb", data=solved()), "leads out"),
    "backslashes": (hostile("..\\x_first.ipynb", data=solved()), "leads out"),
    "a link": (hostile("x_first.ipynb", stat.S_IFLNK | 0o777, data=b"/etc/passwd"), "link"),
    "encrypted": (hostile("x_first.ipynb", flag=1, data=solved()), "encrypted"),
    "a bomb": (hostile("x_first.ipynb", data=b" " * 60_000_000), "unpacks to more than 50 MB"),
    "cut off": (hostile("x_first.ipynb", data=solved())[:-30], "no zip"),
    "nothing": (zipped(), "is empty"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_zip_gives_nothing_and_is_named(name: str, tmp_path: Path) -> None:
    data, words = HOSTILE[name]
    found = look(hand_in(tmp_path / "in", {"work.zip": data}), RELEASE)
    assert not any(candidate.file.data for candidate in found.candidates.values())
    said = " ".join([*found.others, *(candidate.file.problem for candidate in found.candidates.values())])
    assert words in said
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["work.zip"]


def test_many_members_together_are_bounded(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(15):
            archive.writestr(f"{number}.csv", b"0" * 9_999_999)
    found = look(hand_in(tmp_path, {"work.zip": file.getvalue()}), RELEASE)
    assert sum(len(one.data) for one in found.files) <= MAX_UNPACKED


def test_links_and_deep_folders_are_not_followed(tmp_path: Path) -> None:
    hand_in(tmp_path / "out", {"x_first.ipynb": solved()})
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "linked").symlink_to(tmp_path / "out")
    (folder / "x_first.ipynb").symlink_to(tmp_path / "out" / "x_first.ipynb")
    hand_in(folder, {"/".join("abcdefghijk") + "/x_first.ipynb": solved()})
    found = look(folder, RELEASE)
    assert found.candidates["x_first"].file.data == b"" and "link" in found.candidates["x_first"].file.problem
    assert look(tmp_path / "in" / "linked", RELEASE).candidates == {}
    assert look(tmp_path / "nowhere", RELEASE).candidates == {}


@pytest.mark.parametrize(
    ("folder", "student"),
    [("ada", "ada"), ("Zoe\u0308", "Zo\u00eb"), (os.fsdecode(b"Zo\xeb"), "Zo\u00eb"), ("007", "007"),
     (" o'n ", " o'n "), ("a@b.de", "a@b.de"), ("A\u030ase", "\u00c5se"), ("new\nline", "new_line")],
)  # fmt: skip
def test_a_student_is_one_person_however_the_folder_is_spelled(folder: str, student: str) -> None:
    assert student_of(folder) == student


def test_what_no_file_or_database_holds_is_replaced_everywhere() -> None:
    value: Any = {"a\ud83d": ["\udfff", {"b": "\x00"}, 3, None, ("x",)]}
    assert kept(value) == {"a\ufffd": ["\ufffd", {"b": "\ufffd"}, 3, None, ("x",)]}
    assert holds("\U0001f600") and not holds("\ud83d")
