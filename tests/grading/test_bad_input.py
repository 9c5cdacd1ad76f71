"""Typos, odd names and odd words: a sentence that says what to do, an exit code, and nothing written elsewhere."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import nbformat
import pytest
from traitlets.config import Config

from autograder import __main__ as command_line
from autograder.__main__ import main, parser
from autograder.course import SecretUnreadable, course_secret
from autograder.demo.students import STUDENTS, submission
from autograder.desk.collect import Roster
from autograder.gradebook.late import ExtraTime
from autograder.gradebook.ledger import Ledger
from autograder.intake.release import released
from autograder.intake.text import student_of
from lrtutorial.advice import Advice, Unusable
from tests.grading.conftest import ROOT, in_course
from tests.released import Release

COMMANDS = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]


def autograder(course: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return in_course(course, sys.executable, "-m", "autograder", *words)


# ----------------------------------------------------------------------------------------------- help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_that_is_understood(name: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "example: python -m autograder" in " ".join(capsys.readouterr().out.split())
    example = shlex.split(COMMANDS[name].epilog.partition("example:")[2])
    assert example[:3] == ["python", "-m", "autograder"]
    assert parser().parse_args(example[3:]).command == name


@pytest.mark.parametrize("name", ["history", "report", "similar", "export"])
def test_an_example_run_where_nothing_is_ends_with_a_sentence(name: str, tmp_path: Path) -> None:
    if name not in COMMANDS:
        return
    done = autograder(tmp_path / "course", *shlex.split(COMMANDS[name].epilog.partition("autograder ")[2]))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert f"python -m autograder {name}: " in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_ends_any_command_with_130(name: str, monkeypatch, capsys) -> None:
    def run(arguments: object) -> int:
        raise KeyboardInterrupt

    made = parser()
    made._subparsers._group_actions[0].choices[name].set_defaults(run=run)  # type: ignore[union-attr]
    monkeypatch.setattr(command_line, "parser", lambda: made)
    assert main(shlex.split(COMMANDS[name].epilog.partition("autograder ")[2])) == 130
    assert "ended" in capsys.readouterr().err


def test_a_real_interrupt_is_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "LRTUTORIAL_COURSE": str(tmp_path / "course")}
    started = subprocess.Popen(
        [sys.executable, "-c", "import sys\nfrom autograder import __main__ as m, similar as s\n"
         "import time\ndef slow(*a, **k):\n    print('begun', flush=True)\n    time.sleep(60)\n"
         "s.list_similar = slow\nsys.exit(m.main(['similar', 'part_b']))"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stdout is not None
    assert started.stdout.readline() == "begun\n"
    time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert said.strip() == "python -m autograder similar: ended."


# ----------------------------------------------------------------------------------------------- typos


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["grade", "prt_b"], "'part_b'"),
        (["similar", "part-b"], "'part_b'"),
        (["record", "b22"], "b2"),
        (["demo", "part_x"], "part_a"),
        (["grade", "part_b", "--workers", "0"], "--workers takes a number from 1"),
        (["grade", "part_b", "--workers", "-1"], "--workers takes a number from 1"),
        (["grade", "../part_b"], "part_b"),
        (["grade", ""], "there is no released assignment"),
        (["grade", "part_b\n"], "'part_b'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_word_gets_the_nearest(words: list[str], hint: str, capsys) -> None:
    assert main(words) == 1
    said = capsys.readouterr().err
    assert hint in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "words", [["grade", "part_b", "--workers", "abc"], ["grde"], [], ["similar", "part_b", "--threshold", "x"]]
)
def test_words_that_cannot_be_read_show_the_usage(words: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: python -m autograder" in capsys.readouterr().err


# ----------------------------------------------------------------------------------------------- odd names

LONG = "l" * 200
ODD = ("a student", unicodedata.normalize("NFD", "Zoë"), os.fsdecode("Jos\u00e9".encode("latin-1")), "-rf", "new\nline",
       LONG, "=cmd()", "<b>&amp;", "[brackets]*", "%s {0}", "sample_ada")  # fmt: skip
HIDDEN = (".hidden", "..dots")  # left alone, as the shell and nbgrader do


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, release: Release) -> Path:
    """A class of odd names, B5 handed in by each, and odd files beside it; graded."""
    course = tmp_path_factory.mktemp("odd") / "course"
    released = ROOT / "notebooks" / "part_b" / "b5_cosine_restarts.ipynb"
    right = submission(STUDENTS[0], released, ROOT / "solutions" / "part_b" / released.name)
    for name in ODD:
        folder = course / "submitted" / name / "part_b"
        folder.mkdir(parents=True)
        nbformat.write(right, folder / released.name)
        for file in (".hidden", "b5 cosine.ipynb", "-n", "new\nline.txt", "é" * 100):
            (folder / file).write_text("odd")
    for name in HIDDEN:
        (course / "submitted" / name / "part_b").mkdir(parents=True)
        nbformat.write(right, course / "submitted" / name / "part_b" / released.name)
    (course / "submitted" / "a file").write_text("no folder")
    release(course, "part_b")
    done = autograder(course, "grade", "part_b")
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    return course


def test_every_odd_name_is_graded_under_its_own_name(odd: Path) -> None:
    with Ledger(f"sqlite:///{odd / 'gradebook.db'}") as ledger:
        rows = {row["student"]: row["points"] / row["possible"] for row in ledger.verdicts("part_b")}
    assert rows == dict.fromkeys(map(student_of, ODD), 1.0)
    assert sorted(path.name for path in (odd / "autograded").iterdir()) == sorted(map(student_of, ODD))


def test_nothing_is_written_outside_of_the_course(odd: Path) -> None:
    assert [path.name for path in odd.parent.iterdir()] == ["course"]
    assert sorted(p.name for p in (odd / "submitted").iterdir()) == sorted([*ODD, *HIDDEN, "a file"])


def test_similar_reads_odd_names(odd: Path) -> None:
    done = autograder(odd, "similar", "part_b")
    assert done.returncode == 0, done.stderr
    assert (odd / "similar" / "similar.html").exists()


def test_the_report_takes_odd_names(odd: Path) -> None:
    done = autograder(odd, "report", "part_b", "--output", str(odd / "report"))
    assert done.returncode == 0, done.stderr
    pages = list(odd.rglob("*.html"))
    assert pages
    assert not [page for page in pages if "<b>&amp;<" in page.read_text("utf-8")]


def test_the_export_takes_odd_names(odd: Path, tmp_path: Path) -> None:
    table = tmp_path / "grades.csv"
    done = in_course(
        odd, sys.executable, "-m", "nbgrader", "export", "--exporter=autograder.export.Csv", "--to", str(table)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = table.read_text("utf-8")
    for name in ("Zo\u00eb", "Jos\u00e9", "a student", student_of(LONG)):
        assert name in text
    assert "\n=cmd()" not in text


def test_everybody_with_an_odd_name_has_a_page_of_feedback(odd: Path) -> None:
    done = in_course(odd, sys.executable, "-m", "nbgrader", "generate_feedback", "part_b")
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.parent.parent.name for path in odd.glob("feedback/*/part_b/*.html")}
    assert pages == set(map(student_of, ODD))


def test_a_typo_in_a_students_name_gets_the_nearest(odd: Path) -> None:
    done = autograder(odd, "grade", "part_b", "a_student")
    assert done.returncode == 1
    assert "'a student'" in done.stderr
    done = autograder(odd, "grade", "part_b", "--", "-rg")
    assert done.returncode == 1
    assert "'-rf'" in done.stderr


def test_a_scheduler_that_is_none_is_said(odd: Path) -> None:
    for address in ("nonsense", "tcp://", "tcp://127.0.0.1:notaport"):
        done = autograder(odd, "grade", "part_b", "--scheduler", address)
        assert done.returncode == 1, (address, done.stdout + done.stderr)
        assert "Traceback" not in done.stderr, address
        assert "python -m autograder grade: " in done.stderr


# ----------------------------------------------------------------------------------------------- damaged files


NO_TEXT = '{"cells": [{"cell_type": "markdown", "metadata": {}}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}'


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"cells": 3}', '{"cells": [{}], "nbformat": 4}', "\0\udcff", NO_TEXT]
)
def test_a_damaged_notebook_of_the_course_is_named_with_what_to_do(text: str, tmp_path: Path) -> None:
    path = tmp_path / "part_a" / "a1.ipynb"
    path.parent.mkdir()
    path.write_text(text, "utf-8", errors="surrogateescape")
    config = Config({"CourseDirectory": {"root": str(tmp_path), "release_directory": str(tmp_path)}})
    with pytest.raises(
        Unusable, match=r"a1.ipynb is damaged.*: make the release anew: nbgrader generate_assignment part_a"
    ):
        released(config, "part_a", "a1")


@pytest.mark.parametrize("text", [b"\xff" * 64, "ä".encode() * 40, b"", b"short"])
def test_a_secret_that_cannot_be_used_is_named_with_what_to_do(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(text)
    with pytest.raises(SecretUnreadable, match=r"secret.* Restore it from a backup"):
        course_secret(tmp_path / "secret")
    assert (tmp_path / "secret").read_bytes() == text


def test_a_table_whose_quotation_marks_are_not_in_pairs_is_named_with_what_to_do(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text('student,assignment,days\n"ada,part_a,1\n' + "x" * 140_000)
    for read in (ExtraTime.read, Roster.read):
        with pytest.raises(Advice, match="table.csv can't be read as a table .*: check its quotation marks"):
            read(table)
