"""What is handed in: repaired from the release where that is safe, rejected where it isn't, and said either way."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import compute_checksum

from autograder.cells import is_marked
from autograder.intake import reading
from autograder.intake.quarantine import MAX_FILE_BYTES, quarantine
from autograder.intake.reading import Rejected, read_file
from autograder.intake.repair import rejected, repair


def marked(kind: str, source: str, name: str, **flags: Any) -> Any:
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    about = {"schema_version": 3, "grade_id": name, "locked": False, "solution": False, "grade": False, "task": False}
    cell = make(source, id=name, metadata={"nbgrader": {**about, **flags}})
    cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return cell


def the_release() -> Any:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(
        metadata={"kernelspec": kernel},
        cells=[
            nbformat.v4.new_code_cell("import numpy as np", id="imports"),
            marked("code", "first = ...", "x-first-answer", solution=True),
            marked("code", 'check("x-first", first)', "x-first-test", grade=True, locked=True, points=3),
            marked("code", "second = ...", "x-second-answer", solution=True),
            marked("code", 'check("x-second", second)', "x-second-test", grade=True, locked=True, points=5),
            marked("markdown", "Write here.", "x-written", grade=True, solution=True, points=4),
        ],
    )


RELEASE = the_release()


def handed_in() -> Any:
    """An honest submission: both answers and a helper cell of the student's own."""
    notebook = the_release()
    cell_of(notebook, "x-first-answer").source = "first = 1"
    cell_of(notebook, "x-second-answer").source = "second = first + helper"
    cell_of(notebook, "x-written").source = "Because."
    notebook.cells.insert(3, nbformat.v4.new_code_cell("helper = 1", id="mine"))
    return notebook


def cell_of(notebook: Any, name: str) -> Any:
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def index_of(notebook: Any, name: str) -> int:
    return notebook.cells.index(cell_of(notebook, name))


def taken(notebook: Any) -> tuple[Any, str]:
    """The repaired notebook, and everything that was said. It always holds the release's cells as they were."""
    result = repair(json.dumps(notebook).encode(), RELEASE)
    nbformat.validate(result.notebook)
    MetadataValidator().validate_nb(result.notebook)
    names = [cell.metadata.nbgrader.grade_id for cell in result.notebook.cells if "nbgrader" in cell.metadata]
    assert sorted(names) == sorted(cell.metadata.nbgrader.grade_id for cell in RELEASE.cells if is_marked(cell))
    for cell in RELEASE.cells:
        if is_marked(cell):
            found = cell_of(result.notebook, cell.metadata.nbgrader.grade_id)
            assert (found.metadata, found.cell_type) == (cell.metadata, cell.cell_type)
            if not cell.metadata.nbgrader.solution:
                assert found.source == cell.source
                assert index_of(result.notebook, cell.metadata.nbgrader.grade_id) > index_of(
                    result.notebook, cell.metadata.nbgrader.grade_id.replace("-test", "-answer")
                )
    return result.notebook, " ".join(result.repairs)


def test_an_honest_submission_is_taken_as_it_is() -> None:
    notebook, said = taken(handed_in())
    assert said == ""
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in handed_in().cells]


def test_the_note_tells_the_student_and_holds_no_markup() -> None:
    notebook = handed_in()
    notebook.cells[0].metadata["tags"] = ["<script>alert(1)</script>"]
    repaired, _ = taken(notebook)
    assert repaired.cells[0].cell_type == "markdown" and "Repaired before grading" in repaired.cells[0].source
    assert "<script" not in repaired.cells[0].source and "&lt;script" in repaired.cells[0].source


def flip(name: str, **flags: Any) -> Callable[[Any], None]:
    return lambda notebook: cell_of(notebook, name).metadata.nbgrader.update(flags)


def retype(name: str, kind: str) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        cell = cell_of(notebook, name)
        cell.cell_type = kind
        if kind == "code":
            cell.update(outputs=[], execution_count=None)
        else:
            cell.pop("outputs"), cell.pop("execution_count")

    return change


def move(name: str, to: int) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells.insert(to, notebook.cells.pop(index_of(notebook, name)))


def delete(name: str) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells.remove(cell_of(notebook, name))


def again(name: str, source: str, to: int = 0) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        cell = copy.deepcopy(cell_of(notebook, name))
        cell.source = source
        notebook.cells.insert(to, cell)

    return change


def put(name: str, **changes: Any) -> Callable[[Any], None]:
    return lambda notebook: cell_of(notebook, name).update(changes)


def tag(name: str, *tags: str) -> Callable[[Any], None]:
    return lambda notebook: cell_of(notebook, name).metadata.update(tags=list(tags))


def forge(notebook: Any) -> None:
    notebook.cells.append(marked("code", "100", "x-bonus-test", grade=True, locked=True, points=100))


REPAIRS: dict[str, tuple[Callable[[Any], None], str]] = {
    "skip-execution": (tag("x-first-test", "skip-execution"), "tags were taken off from x-first-test"),
    "more points": (flip("x-first-test", points=1000), "x-first-test had other settings (points)"),
    "negative points": (flip("x-first-test", points=-5), "other settings (points)"),
    "points that are no number": (flip("x-first-test", points={"a": []}), "other settings (points)"),
    "a test that grades no more": (flip("x-first-test", grade=False), "other settings (grade)"),
    "a test that is a solution": (flip("x-first-test", solution=True, locked=False), "(solution, locked)"),
    "an answer that is graded": (flip("x-first-answer", grade=True, points=50), "(grade, points)"),
    "an answer that is locked": (flip("x-first-answer", locked=True), "(locked)"),
    "a task": (flip("x-written", task=True), "(task)"),
    "a test in Markdown": (retype("x-first-test", "markdown"), "had become a markdown cell"),
    "a raw answer": (retype("x-first-answer", "raw"), "had become a raw cell"),
    "a written answer as code": (retype("x-written", "code"), "had become a code cell"),
    "a blanked test": (put("x-first-test", source="100"), "x-first-test had been changed"),
    "a test moved up": (move("x-first-test", 0), "Cells had been moved"),
    "a test moved to the end": (move("x-first-test", 6), "Cells had been moved"),
    "an answer moved to the end": (move("x-first-answer", 6), "Cells had been moved"),
    "a deleted test": (delete("x-second-test"), "x-second-test was missing"),
    "a deleted answer": (delete("x-first-answer"), "x-first-answer was missing"),
    "a deleted written answer": (delete("x-written"), "x-written was missing"),
    "a copied test": (again("x-first-test", "100", 4), "x-first-test was there 2 times"),
    "a copied skeleton": (again("x-first-answer", "first = ...", 6), "x-first-answer was there 2 times"),
    "an answer given twice": (again("x-first-answer", "first = 2", 5), "edited above its check counts"),
    "a forged test": (forge, "A cell marked as graded that the release doesn't have ('x-bonus-test')"),
    "another language's kernel": (lambda n: n.metadata.update(kernelspec={"name": "ir", "language": "R"}), "'ir'"),
}


@pytest.mark.parametrize("name", REPAIRS)
def test_what_is_not_the_students_to_change_comes_from_the_release(name: str) -> None:
    change, message = REPAIRS[name]
    notebook = handed_in()
    change(notebook)
    repaired, said = taken(notebook)
    assert message in said
    assert repaired.metadata.kernelspec == RELEASE.metadata.kernelspec
    assert sum(cell.metadata.nbgrader.get("points", 0) for cell in repaired.cells if "nbgrader" in cell.metadata) == 12


def test_of_two_answers_the_edited_one_counts_and_a_later_skeleton_undoes_nothing() -> None:
    notebook = handed_in()
    again("x-first-answer", "first = ...", 6)(notebook)
    repaired, _ = taken(notebook)
    assert cell_of(repaired, "x-first-answer").source == "first = 1"
    assert not any(cell.source == "first = ..." for cell in repaired.cells)


def test_an_answer_cut_into_a_cell_of_ones_own_is_not_overwritten() -> None:
    notebook = handed_in()
    cell_of(notebook, "x-first-answer").update(id="another", metadata={})
    repaired, said = taken(notebook)
    assert "x-first-answer was missing" in said
    sources = [cell.source for cell in repaired.cells]
    assert sources.index("first = 1") < index_of(repaired, "x-first-test")
    assert "first = ..." not in sources


@pytest.mark.parametrize("name", ["x-first-answer", "x-first-test", "x-written"])
@pytest.mark.parametrize("id", ["its own", "another"])
def test_a_cell_that_lost_its_marks_is_known_by_its_id_its_text_or_its_place(name: str, id: str) -> None:
    notebook = handed_in()
    cell = cell_of(notebook, name)
    cell.metadata = {}
    if id == "another":
        if name == "x-first-answer":
            return  # it runs where it stands, see above
        cell["id"] = id
    repaired, said = taken(notebook)
    assert f"{name} had lost its marks" in said
    assert cell_of(repaired, name).source == cell_of(handed_in(), name).source
    assert len(repaired.cells) == len(notebook.cells) + 1  # the note


def test_a_written_answer_in_two_cells_without_marks_is_given_to_the_human_whole() -> None:
    notebook = handed_in()
    cell_of(notebook, "x-written").update(source="First.", id="one", metadata={})
    notebook.cells.append(nbformat.v4.new_markdown_cell("Second.", id="two"))
    repaired, _ = taken(notebook)
    assert cell_of(repaired, "x-written").source == "First.\n\nSecond."


def test_an_untouched_template_without_marks_is_no_answer() -> None:
    notebook = handed_in()
    cell_of(notebook, "x-written").update(source="Write here.", id="one", metadata={})
    repaired, _ = taken(notebook)
    cell = cell_of(repaired, "x-written")
    assert compute_checksum(cell) == cell.metadata.nbgrader.checksum


def test_copies_below_the_check_are_scratch() -> None:
    notebook = handed_in()
    again("x-first-answer", "first = 99", 3)(notebook)
    repaired, said = taken(notebook)
    assert cell_of(repaired, "x-first-answer").source == "first = 1" and "above its check" in said
    assert [cell.source for cell in repaired.cells].count("first = 99") == 1


def test_of_two_copies_above_the_check_the_last_counts() -> None:
    notebook = handed_in()
    again("x-first-answer", "first = 7", 2)(notebook)
    repaired, _ = taken(notebook)
    assert cell_of(repaired, "x-first-answer").source == "first = 7"


@pytest.mark.parametrize(
    ("typed", "runs"),
    [
        ('first = 5\ncheck("x-first", first)', 'first = 5\ncheck("x-first", first)'),
        ('check("x-first", my_first)', 'check("x-first", my_first)\n\nfirst = my_first'),
        ('check(  "x-first",first )  # again', None),
        ("", None),
    ],
)
def test_what_was_typed_into_a_test_cell_runs_above_it(typed: str, runs: str | None) -> None:
    notebook = handed_in()
    cell_of(notebook, "x-first-test").source = typed
    repaired, said = taken(notebook)
    above = repaired.cells[index_of(repaired, "x-first-test") - 1]
    assert (above.source == runs) if runs else ("typed" not in said)
    look = repair(json.dumps(notebook).encode(), RELEASE).look
    assert look == (("x-first-test",) if runs else ())


def test_helpers_stay_before_a_test_that_was_moved() -> None:
    notebook = handed_in()
    move("x-second-test", 0)(notebook)
    notebook.cells.append(nbformat.v4.new_code_cell("second = 7", id="late"))
    repaired, _ = taken(notebook)
    assert index_of(repaired, "x-second-answer") < index_of(repaired, "x-second-test") < index_of(repaired, "x-written")


def test_a_deleted_written_answer_counts_as_no_response() -> None:
    notebook = handed_in()
    delete("x-written")(notebook)
    repaired, _ = taken(notebook)
    cell = cell_of(repaired, "x-written")
    assert compute_checksum(cell) == cell.metadata.nbgrader.checksum


def test_pictures_in_written_answers_stay_and_other_attachments_go() -> None:
    notebook = handed_in()
    cell_of(notebook, "x-written")["attachments"] = {
        "scan.png": {"image/png": "iVBORw0KGgo="},
        "x.svg": {"image/svg+xml": "<svg/>"},
        "x.pdf": {"application/pdf": "aGk="},
    }
    repaired, said = taken(notebook)
    kept = {"scan.png": {"image/png": "iVBORw0KGgo="}, "x.svg": {"image/svg+xml": "PHN2Zy8+"}}
    assert cell_of(repaired, "x-written").attachments == kept and said == ""


def test_ids_are_unique_again() -> None:
    notebook = handed_in()
    for cell in notebook.cells:
        cell["id"] = "x-first-test"
    notebook.cells[3]["id"] = "not an id!" * 50
    repaired, _ = taken(notebook)
    ids = [cell.id for cell in repaired.cells]
    assert len(set(ids)) == len(ids)


def test_an_old_notebook_is_converted() -> None:
    old = nbformat.convert(handed_in(), 3)
    result = repair(json.dumps(old).encode(), RELEASE)
    assert "old format" in result.repairs[0]
    assert cell_of(result.notebook, "x-first-answer").source == "first = 1"


WEIRD: dict[str, Callable[[Any], None]] = {
    "no metadata": lambda n: n.cells[1].pop("metadata"),
    "metadata is a list": lambda n: n.cells[1].update(metadata=[1]),
    "nbgrader is text": lambda n: n.cells[1].metadata.update(nbgrader="x-first-answer"),
    "grade_id is a list": lambda n: n.cells[1].metadata.nbgrader.update(grade_id=["x"]),
    "tags are a number": lambda n: n.cells[1].metadata.update(tags=7),
    "tags hold objects": lambda n: n.cells[1].metadata.update(tags=[{"a": 1}, None]),
    "cell_type is a list": lambda n: n.cells[1].update(cell_type=["code"]),
    "an unknown cell_type": lambda n: n.cells[3].update(cell_type="heading"),
    "no source": lambda n: n.cells[3].pop("source"),
    "notebook metadata is text": lambda n: n.update(metadata="python3"),
    "a surrogate": lambda n: n.cells[3].update(source="x = '\ud800'"),
    "attachments are text": lambda n: n.cells[6].update(attachments="x"),
    "outputs are a number": lambda n: n.cells[1].update(outputs=3),
}


@pytest.mark.parametrize("name", WEIRD)
def test_any_shape_is_repaired_or_rejected(name: str) -> None:
    notebook = json.loads(nbformat.writes(handed_in()))
    notebook = nbformat.from_dict(notebook)
    WEIRD[name](notebook)
    try:
        result = repair(json.dumps(notebook).encode(), RELEASE)
    except Rejected as why:
        assert len(str(why)) > 30
        return
    for cell in RELEASE.cells:
        if is_marked(cell):
            assert cell_of(result.notebook, cell.metadata.nbgrader.grade_id).metadata == cell.metadata


REJECTED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "text": (b"print('hello')", "not JSON"),
    "cut off": (nbformat.writes(the_release()).encode()[:-40], "not JSON"),
    "a merge": (b"{\n<<<<<<< HEAD\n", "unresolved merge"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "not UTF-8"),
    "a list": (b"[]", "no notebook format"),
    "an object": (b"{}", "no notebook format"),
    "format 99": (b'{"nbformat": 99, "nbformat_minor": 0, "cells": [], "metadata": {}}', "format 99"),
    "format 2": (b'{"nbformat": 2, "nbformat_minor": 0, "worksheets": [], "metadata": {}}', "format 2"),
    "deep": (b"[" * 200_000, "nested too deeply"),
    "a long number": (b'{"nbformat": ' + b"9" * 10_000 + b"}", "not JSON"),
    "cells that are none": (b'{"nbformat": 4, "nbformat_minor": 5, "cells": 3, "metadata": {}}', "no notebook"),
    "a cell that is none": (b'{"nbformat": 4, "nbformat_minor": 5, "cells": [3], "metadata": {}}', "no notebook"),
    "source that is none": (
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": {"a": 1},'
        b' "metadata": {}, "outputs": [], "execution_count": null}]}',
        "no notebook",
    ),
}


@pytest.mark.parametrize("name", REJECTED)
def test_what_is_no_notebook_is_rejected_with_a_reason(name: str) -> None:
    data, message = REJECTED[name]
    with pytest.raises(Rejected, match=message):
        repair(data, RELEASE)


def test_too_much_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = handed_in()
    notebook.cells += [nbformat.v4.new_code_cell("1") for _ in range(reading.MAX_CELLS)]
    with pytest.raises(Rejected, match="1007 cells"):
        repair(nbformat.writes(notebook).encode(), RELEASE)
    notebook = handed_in()
    notebook.cells[0].source = "#" * (reading.MAX_SOURCE + 1)
    with pytest.raises(Rejected, match="characters"):
        repair(nbformat.writes(notebook).encode(), RELEASE)
    monkeypatch.setattr(reading, "MAX_NOTEBOOK_BYTES", 1000)
    with pytest.raises(Rejected, match="Clear its outputs"):
        repair(nbformat.writes(handed_in()).encode(), RELEASE)


def test_the_stand_in_is_the_release_with_the_reason() -> None:
    notebook = rejected(RELEASE, "It was <b>empty</b>.")
    assert "&lt;b&gt;" in notebook.cells[0].source
    assert [cell.source for cell in notebook.cells[1:]] == [cell.source for cell in RELEASE.cells]


# ------------------------------------------------------------------------------------------------- files


def test_links_and_the_like_are_moved_away_and_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "solutions"
    (secret / "inner").mkdir(parents=True)
    (secret / "model.txt").write_text("the model answer")
    folder, away = tmp_path / "submitted", tmp_path / "quarantine"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "mine.csv").write_text("1,2")
    (folder / "notes.txt").symlink_to(secret / "model.txt")
    (folder / "data" / "all").symlink_to(secret)
    (folder / "nowhere").symlink_to("nothing")
    os.mkfifo(folder / "pipe")
    (folder / "big.bin").write_bytes(bytes(MAX_FILE_BYTES + 1))
    (folder / "timestamp.txt").write_text("yesterday-ish")
    said = quarantine(folder, away)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*")} == {"data", "data/mine.csv"}
    assert len(said) == 6 and (secret / "model.txt").read_text() == "the model answer"
    assert (away / "notes.txt").is_symlink() and (away / "pipe").is_fifo()
    for words in ("links are not followed", "no regular file", "at most 10 MB", "it holds no time"):
        assert any(words in sentence for sentence in said)
    assert quarantine(folder, away) == []


def test_a_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    other = tmp_path / "ada" / "part_b"
    other.mkdir(parents=True)
    (other / "b2.ipynb").write_text("{}")
    (tmp_path / "eve").mkdir()
    folder = tmp_path / "eve" / "part_b"
    folder.symlink_to(other)
    assert "The folder was a link" in quarantine(folder, tmp_path / "away")[0]
    assert not folder.exists() and (other / "b2.ipynb").exists()


def test_too_many_files_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.intake.quarantine.MAX_FILES", 3)
    folder = tmp_path / "submitted"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.txt").touch()
    (said,) = quarantine(folder, tmp_path / "away")
    assert "2 files were left out" in said and len(list(folder.iterdir())) == 3


def test_reading_a_file_follows_no_link_and_waits_for_no_pipe(tmp_path: Path) -> None:
    (tmp_path / "real.ipynb").write_text("{}")
    (tmp_path / "link.ipynb").symlink_to("real.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    assert read_file(tmp_path / "real.ipynb") == b"{}"
    for name, message in (
        ("link", "links are not followed"),
        ("pipe", "no regular file"),
        ("folder", "no regular file"),
    ):
        with pytest.raises(Rejected, match=message):
            read_file(tmp_path / f"{name}.ipynb")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_any_encoding_of_unicode_is_read(encoding: str) -> None:
    notebook = handed_in()
    cell_of(notebook, "x-written").source = "Weil \U0001f600 größer."
    taken = repair(json.dumps(notebook, ensure_ascii=False).encode(encoding), RELEASE)
    assert cell_of(taken.notebook, "x-written").source == "Weil \U0001f600 größer." and taken.repairs == ()
