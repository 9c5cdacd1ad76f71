"""The progress file: what is kept, and what becomes of it when things go wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lrtutorial.answers.session import HERE
from lrtutorial.checking import check, progress
from lrtutorial.verdict import Line, Verdict

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "data" / "progress.json"
    monkeypatch.setenv("LRTUTORIAL_PROGRESS", str(path))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(progress, "_waiting", [])
    monkeypatch.setattr(progress, "_said", set())
    return path


def verdict(step: str = "a1-gradient", status: str = "right", points: float = 3.0) -> Verdict:
    return Verdict(step, status, "said", (Line("line", "Line", points, 3.0),))


def kept(path: Path) -> dict:
    return json.loads(path.read_text())


# -------------------------------------------------------------------------------------------- what is kept


def beside(file: Path) -> list[str]:
    """What lies in the progress file's folder, but for the lock, which says nothing."""
    return [path.name for path in file.parent.iterdir() if path.suffix != ".lock"]


def test_a_check_is_kept_and_the_best_one_counts(file, capsys) -> None:
    from lrtutorial.symbols import a, x

    check("a1-gradient", a)
    assert kept(file)["steps"]["a1-gradient"] == {"status": "wrong", "points": 0, "possible": 3, "tries": 1}
    check("a1-gradient", a * x)
    check("a1-gradient", ...)  # no try
    check("a1-gradient", x)
    assert kept(file)["steps"]["a1-gradient"] == {"status": "right", "points": 3, "possible": 3, "tries": 3}
    check("a1-gradiant", a)  # no such step
    assert list(kept(file)["steps"]) == ["a1-gradient"]
    assert "Progress" not in capsys.readouterr().out


def test_partial_points_only_grow(file) -> None:
    for status, points in (("partly", 2.0), ("wrong", 0.0), ("partly", 1.0)):
        assert progress.record_verdict(verdict(status=status, points=points)) == ""
    assert kept(file)["steps"]["a1-gradient"] == {
        "status": "partly",
        "points": 2.0,
        "possible": 3.0,
        "tries": 3,
    }


def test_a_prediction_counts_as_it_was_first_committed_and_compared(file) -> None:
    from lrtutorial.checking import predictions
    from lrtutorial.course.expected import recorded

    HERE.forget()
    why_1 = why_2 = why_3 = why_sketch_1 = "For a reason that is said."  # noqa: F841
    confidence_1 = 70  # noqa: F841
    right = {name: recorded(f"c1-{name}").reference for name in ("prediction_2", "prediction_3", "sketch_1")}
    for name, value in {"prediction_1": "10", **right}.items():
        check(f"c1-{name}", value)
    assert kept(file)["steps"]["c1-prediction_1"]["status"] == "noted" and not kept(file)["predictions"]
    assert kept(file)["commitments"]["c1-prediction_1"]["value"] == "10"
    predictions.compare("c1")
    first = kept(file)["predictions"]["c1"]
    assert list(first.values()) == ["wrong", "right", "right", "right"]
    assert kept(file)["forecasts"] == {"c1-prediction_1": {"confidence": 70.0, "right": False}}
    check("c1-prediction_1", "0.464")  # now that the outcome is known
    HERE.forget()  # or in a fresh kernel
    for name, value in {"prediction_1": "0.464", **right}.items():
        check(f"c1-{name}", value)
    predictions.compare("c1")
    assert kept(file)["predictions"]["c1"] == first
    assert kept(file)["steps"]["c1-prediction_1"]["points"] == 0
    HERE.forget()


def test_own_scores_are_kept_from_the_drop_downs(file, monkeypatch) -> None:
    from lrtutorial.checking import written

    shown: list = []
    monkeypatch.setattr(HERE, "own_scores", {})
    monkeypatch.setattr("IPython.display.display", shown.append)
    written._show_scores(written.model_answers()["c1"])
    shown[0].children[0].children[0].value = 3.0
    assert kept(file)["written"]["c1"] == {"points": 3, "possible": 10}


# -------------------------------------------------------------------------------------------- when it is not


@pytest.mark.parametrize(("variable", "value"), [("NBGRADER_EXECUTION", "validate"), ("LRTUTORIAL_PROGRESS", "off")])
def test_it_is_off_while_grading_and_when_told_so(variable, value, file, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv(variable, value)
    assert progress.record_verdict(verdict()) == "" and not progress._waiting
    assert progress.load() == (progress.empty(), "Progress is switched off here.")
    assert progress.reset() == progress.restore("{}") == "Progress is switched off here."
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 1}',
        '{"format": "lrtutorial progress", "version": "1"}',
        "[" * 100_000,
        b"\xff",
    ],
)
def test_a_corrupted_file_is_kept_beside_and_a_new_one_begun(content, file) -> None:
    content = content if isinstance(content, bytes) else content.encode()
    file.parent.mkdir()
    file.write_bytes(content)
    assert progress.load()[0] == progress.empty() and "can't be used" in progress.load()[1]
    said = progress.record_verdict(verdict())
    assert "kept as progress-unreadable-1.json" in said and "\n" not in said
    assert file.with_name("progress-unreadable-1.json").read_bytes() == content
    assert kept(file)["steps"]["a1-gradient"]["points"] == 3
    assert progress.record_verdict(verdict("a1-update")) == ""


def test_a_huge_file_is_not_read(file) -> None:
    file.parent.mkdir()
    file.write_text(" " * (progress.LARGEST + 1))
    assert "larger than" in progress.load()[1]
    assert "progress-unreadable-1.json" in progress.record_verdict(verdict())


def test_entries_that_make_no_sense_are_left_out_and_the_rest_counts(file) -> None:
    data = progress.empty()
    good = {"status": "right", "points": 3, "possible": 3, "tries": 1}
    bad = [None, {**good, "status": "great"}, {**good, "points": True}, {**good, "points": float("inf")}]
    data["steps"] = {"a1-gradient": good, **{f"bad-{i}": entry for i, entry in enumerate(bad)}}
    data["steps"]["bad-tries"] = {**good, "tries": -1}
    data["predictions"] = {"c1": {"c1-prediction_1": "right", "c1-prediction_2": 7}, "c2": 3}
    data["written"] = {"c1": {"points": "7", "possible": 10}}
    file.parent.mkdir()
    file.write_text(json.dumps(data))
    read, why = progress.load()
    assert why == "" and read["steps"] == {"a1-gradient": good} and read["written"] == {}
    assert read["predictions"] == {"c1": {"c1-prediction_1": "right"}}


def test_a_newer_file_is_left_as_it_is(file) -> None:
    newer = json.dumps({"format": progress.FORMAT, "version": progress.VERSION + 1, "other": "things"})
    file.parent.mkdir()
    file.write_text(newer)
    said = progress.record_verdict(verdict())
    assert "newer version" in said and "\n" not in said
    assert progress.record_verdict(verdict()) == "", "said once"
    assert beside(file) == [file.name] and file.read_text() == newer


def test_a_read_only_file_system_disables_it_with_one_line(file, monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(progress.tempfile, "mkstemp", refuse)
    said = progress.record_verdict(verdict())
    assert "Read-only file system" in said and "Checks work as always" in said and "\n" not in said
    assert progress.record_verdict(verdict()) == ""
    monkeypatch.undo()


def test_a_folder_that_cannot_be_made_disables_it_with_one_line(tmp_path, monkeypatch, file) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LRTUTORIAL_PROGRESS", str(tmp_path / "file" / "progress.json"))
    assert "can't be written" in progress.record_verdict(verdict())
    assert progress.load()[1] or progress.load()[0] == progress.empty()
    assert "can't" in progress.reset() and "can't" in progress.restore(json.dumps(progress.empty()))


def test_one_line_says_where_it_is_kept_and_for_how_long(file, monkeypatch) -> None:
    assert progress.kept_where() == f"Kept in {file}."
    assert beside(file) == [], "looking leaves nothing behind"
    monkeypatch.setenv("BINDER_REPO_URL", "https://example.org/course")
    assert "Binder" in progress.kept_where() and "save a copy" in progress.kept_where()
    monkeypatch.setenv("LRTUTORIAL_PROGRESS", "/proc/lrtutorial/progress.json")  # where the kernel refuses even root
    assert "can't be kept here" in progress.kept_where() and "\n" not in progress.kept_where()
    monkeypatch.setenv("LRTUTORIAL_PROGRESS", "off")
    assert progress.kept_where() == "Progress is switched off here."


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a file system that takes no files: /proc")
def test_where_the_system_takes_no_files_a_check_works_and_says_so_once(file, monkeypatch, capsys) -> None:
    from lrtutorial.symbols import a, x

    monkeypatch.setenv("LRTUTORIAL_PROGRESS", "/proc/lrtutorial/progress.json")
    check("a1-gradient", a * x)
    check("a1-gradient", a * x)
    printed = capsys.readouterr().out
    assert printed.count("3 of 3 points") == 2 and printed.count("Progress is not kept") == 1


def test_a_mistake_of_ours_never_reaches_the_check(file, monkeypatch) -> None:
    monkeypatch.setattr(progress, "_update", lambda path: 1 / 0)
    assert "ZeroDivisionError" in progress.record_verdict(verdict())


def test_a_locked_file_waits_for_the_next_check(file) -> None:
    file.parent.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", "import filelock, sys\nwith filelock.FileLock(sys.argv[1]):\n"
         "    print('locked', flush=True)\n    sys.stdin.read()", str(file.with_name(f".{file.name}.lock"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == "locked\n"
        said = progress.record_verdict(verdict())
        assert "in use" in said and not file.exists()
        assert "in use" in progress.reset() and "in use" in progress.restore(json.dumps(progress.empty()))
    finally:
        holder.communicate("")
    assert progress.record_verdict(verdict("a1-update")) == ""
    assert set(kept(file)["steps"]) == {"a1-gradient", "a1-update"}, "what waited is added with the next check"


def test_a_crash_while_writing_leaves_the_old_file(file, monkeypatch) -> None:
    progress.record_verdict(verdict())
    before = file.read_bytes()

    def die(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.os, "fsync", die)
    with pytest.raises(KeyboardInterrupt):
        progress.record_verdict(verdict("a1-update"))
    assert file.read_bytes() == before and beside(file) == [file.name]


def test_many_notebooks_write_at_once_and_nothing_is_lost(file) -> None:
    code = (
        "import sys; from lrtutorial.checking import progress; from lrtutorial.verdict import Line, Verdict\n"
        "progress.PATIENCE = 60\n"
        "for i in range(25): progress.record_verdict("
        "Verdict(f'{sys.argv[1]}-{i}', 'right', '', (Line('l', 'L', 1.0, 1.0),)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [subprocess.Popen([sys.executable, "-c", code, str(i)], env=environment) for i in range(4)]
    seen = []
    reader = threading.Thread(target=lambda: [seen.append(progress.load()[1]) for _ in range(300)])
    reader.start()
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    reader.join()
    assert len(kept(file)["steps"]) == 100 and set(seen) == {""}


# ------------------------------------------------------------------------------- reset, copy, restore


def test_reset_keeps_the_old_file_beside(file) -> None:
    assert progress.reset() == "There is no progress to reset."
    progress.record_verdict(verdict())
    before = file.read_bytes()
    assert "before-reset" in progress.reset()
    assert progress.load() == (progress.empty(), "")
    assert file.with_name("progress-before-reset-1.json").read_bytes() == before


def test_a_copy_restores_what_was_exported(file) -> None:
    progress.record_verdict(verdict())
    progress.record_predictions("c1", {"c1-prediction_1": "partly"})
    copy = progress.export()
    progress.reset()
    progress.record_verdict(verdict("b2"))
    said = progress.restore(copy)
    assert said.startswith("Restored: 1 checked step.") and "progress-before-restore-1.json" in said
    assert progress.export() == copy == file.read_text()


@pytest.mark.parametrize("text", ["", "{}", '{"format": "lrtutorial progress", "version": 99}'])
def test_a_copy_that_is_none_changes_nothing(text, file) -> None:
    progress.record_verdict(verdict())
    before = file.read_bytes()
    assert progress.restore(text).startswith("Nothing was restored")
    assert file.read_bytes() == before
