"""A submitted folder of which a disk, its owner or a name denies something: said, and nobody else's business."""

from __future__ import annotations

import base64
import errno
import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autograder.gradebook.beside import copy_beside
from autograder.intake.candidates import MAX_FOUND, look
from autograder.intake.quarantine import MAX_FILE_BYTES, MAX_FILES, quarantine, time_unknown
from autograder.intake.text import fitting, student_of
from tests.grading.test_candidates import RELEASE, hand_in, solved, zipped

DENIED = (errno.EACCES, errno.EPERM, errno.EIO, errno.ENAMETOOLONG, errno.ENOENT, errno.ESTALE, errno.ELOOP)
CALLS = ("open", "stat", "lstat", "scandir", "readlink", "rename", "unlink")
FILES = {
    "x_first.ipynb": solved(),
    "adam.py": b"X = 3",
    "data/start.csv": b"1",
    "timestamp.txt": b"2026-03-29 10:00 UTC",
    "page.html": b"",
    "data/work.zip": b"PK",
    "big.bin": bytes(10_000_001),
}


@contextmanager
def denied(path: Path, number: int, calls: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These calls fail on this path, and on whatever lies in it: a test runs as root, whom no permission stops."""

    def deny(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(where: Any = ".", *rest: Any, **options: Any) -> Any:
            if isinstance(where, str | os.PathLike) and Path(where).is_relative_to(path):
                raise OSError(number, os.strerror(number), str(where))
            return call(where, *rest, **options)

        return made

    with monkeypatch.context() as patched:
        for name in calls:
            patched.setattr(os, name, deny(getattr(os, name)))
        yield


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_denied_is_said_and_the_rest_is_taken(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    folder = hand_in(tmp_path / "ada" / "part_x", FILES)
    (folder / "link").symlink_to("/etc/passwd")
    target = draw.choice(["", "data", "link", *FILES])
    calls = tuple(draw.sample(CALLS, draw.choice((1, 3, len(CALLS)))))
    number = draw.choice(DENIED)
    with denied(folder / target, number, calls, monkeypatch):
        said = quarantine(folder, tmp_path / "away" / "part_x")
        unknown = time_unknown(folder, tmp_path / "away" / "part_x")
        found = look(folder, RELEASE)
        said += copy_beside(folder, tmp_path / "out")
    there = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert "link" not in there and "big.bin" not in there and "x_first.ipynb" not in there
    if target in ("", "x_first.ipynb"):
        first = found.candidates.get("x_first")
        assert first is None or first.file.data == FILES["x_first.ipynb"] or "can't be read" in first.file.problem
    else:
        assert found.candidates["x_first"].file.data == FILES["x_first.ipynb"]
    if target == "adam.py" and "adam.py" not in there:
        assert any("adam.py" in sentence for sentence in (*said, *found.others))
    there_but_closed = number in (errno.EACCES, errno.EPERM, errno.EIO)
    if there_but_closed and target in ("", "timestamp.txt") and {"open", "stat", "lstat"} <= set(calls):
        assert "is not known" in unknown


def test_a_closed_folder_is_one_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = hand_in(tmp_path / "part_x", FILES)
    with denied(folder, errno.EACCES, ("open", "stat", "lstat", "scandir"), monkeypatch):
        found = look(folder, RELEASE)
    assert found.candidates == {} and found.others == ("The folder: it can't be read: Permission denied.",)


def test_what_is_in_the_way_goes_and_a_notebooks_place_stays_free(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for files in [
        {"data": b"1", "x_first.ipynb": b"{}"},
        {"data/start.csv": b"1", "deep/er/a.csv": b"2", "b.csv": b"3"},
        {"deep": b"2", "data/start.csv/b.csv": b"3", "x_first.ipynb/a.csv": b"4", "timestamp.txt/a": b""},
    ]:
        source = hand_in(tmp_path / str(len(files)) / "in", files)
        assert copy_beside(source, out) == []
        for name, data in files.items():
            assert ".ipynb" in name or (out / name).read_bytes() == data
    assert not (out / "x_first.ipynb").exists()


@pytest.mark.parametrize(
    "name", ["x" * 255, os.fsdecode(b"\xe9" * 255), "\u0958" * 85, "\U0001d15e" * 63, "\u738b" * 85, "e\u0301" * 127]
)
def test_any_name_of_a_folder_is_a_students_id_that_disk_and_gradebook_take(name: str, tmp_path: Path) -> None:
    student = student_of(name)
    assert len(student) <= 128 and len(student.encode()) <= 255 and student_of(student) == student
    (tmp_path / student).mkdir()
    assert student != student_of(name[:-1] + "y")


def test_a_long_name_keeps_its_beginning_and_its_kind() -> None:
    assert fitting("a" * 300 + ".csv", 200, suffix=".csv").endswith(".csv") and fitting("ada.csv", 200) == "ada.csv"


def test_what_lies_in_a_zip_is_beside_the_notebook_in_it_and_a_zip_in_it_is_opened(tmp_path: Path) -> None:
    inner = zipped(w__x_first_dot_ipynb=solved(), w__helper_dot_py=b"X = 3", other_dot_csv=b"")
    for name, data in {"flat.zip": inner, "nested.zip": zipped(mine__i_dot_zip=inner)}.items():
        found = look(hand_in(tmp_path / name, {name: data}), RELEASE)
        assert found.beside(found.candidates["x_first"]) == {"helper.py": b"X = 3"}
        assert found.others and all("other.csv" in sentence for sentence in found.others)


def test_zips_in_each_other_have_an_end(tmp_path: Path) -> None:
    data = zipped(x_first_dot_ipynb=solved())
    for _ in range(8):
        data = zipped(i_dot_zip=data, j_dot_zip=data)
    found = look(hand_in(tmp_path, {"work.zip": data}), RELEASE)
    assert found.candidates == {} and len(found.others) == 8
    many = zipped(**{f"n{number}_dot_zip": zipped(**{f"{n}_dot_csv": b"" for n in range(100)}) for number in range(50)})
    assert len(look(hand_in(tmp_path / "many", {"work.zip": many}), RELEASE).files) < 1200


def test_a_notebook_is_found_among_thousands_of_files_and_what_is_too_deep_is_named(tmp_path: Path) -> None:
    many = {f"a_library/{number}.py": b"" for number in range(MAX_FOUND + 100)}
    found = look(hand_in(tmp_path / "many", {**many, "z/x_first.ipynb": solved()}), RELEASE)
    assert found.candidates["x_first"].file.data == solved()
    assert found.others == (f"The folder: it holds {MAX_FOUND + 101} files, of which {MAX_FOUND} were looked at.",)
    deep = look(hand_in(tmp_path / "deep", {"/".join("abcdefghijk") + "/x_first.ipynb": solved()}), RELEASE)
    assert deep.candidates == {} and "was not looked into" in deep.others[0]


@pytest.mark.parametrize("name", ["work.zip", "WORK.ZIP", "x_first.IPYNB", "mine.ipynb"])
def test_large_work_is_not_taken_for_a_large_file_beside_it(name: str, tmp_path: Path) -> None:
    large = json.loads(solved())
    large["metadata"]["picture"] = base64.b64encode(random.Random(1).randbytes(MAX_FILE_BYTES)).decode()
    data = json.dumps(large).encode()
    files = {f"{number}.csv": b"" for number in range(MAX_FILES + 1)}
    folder = hand_in(
        tmp_path / "in", {**files, name: zipped(x_first_dot_ipynb=data) if "zip" in name.lower() else data}
    )
    (said,) = quarantine(folder, tmp_path / "away" / "x")
    assert "1 files were left out" in said and look(folder, RELEASE).candidates["x_first"].file.data == data
    assert copy_beside(folder, tmp_path / "out") == [] and not (tmp_path / "out" / name).exists()
