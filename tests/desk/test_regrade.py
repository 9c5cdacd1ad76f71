"""Regrading: what a changed check or point value changes is shown first, equals what was planted, and loses nothing."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Grade, Gradebook

from autograder.demo.synthetic import Truth, course_config
from autograder.desk.history import changed_since, told
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.result import Result
from autograder.gradebook.writer import GradebookWriter
from autograder.grading.assignment import Assignment
from autograder.grading.preview import Difference
from lrtutorial.verdict import Verdict
from tests import commands
from tests.copying import without

ROOT = Path(__file__).resolve().parents[2]
#: The planted change: Adam's rubric, by line, before and after.
BEFORE = {"correction": 6.0, "memory": 4.0, "epsilon": 4.0}
AFTER = {"correction": 7.0, "memory": 6.0, "epsilon": 1.0}


@dataclass(frozen=True)
class Term:
    """A planted class, the course's code as the instructor changed it, and some students to look at."""

    root: Path
    course: Path
    students: tuple[str, ...]
    expected: dict[str, float]  #: points in b2 after the change, by student
    known: dict[str, float]  #: and before

    @property
    def url(self) -> str:
        return f"sqlite:///{self.course / 'gradebook.db'}"

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command in the changed root; return what it printed, in one line."""
        environment = {
            **os.environ,
            "LRTUTORIAL_COURSE": str(self.course),
            "PYTHONPATH": "",
            "COLUMNS": "200",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        command = [sys.executable, "-m", *words]
        done = commands.run(command, cwd=self.root, env=environment)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return " ".join((done.stdout + done.stderr).split())

    def grade(self, student: str, cell: str) -> dict[str, Any]:
        """What the gradebook says of one graded cell, and the comment on its answer."""
        with Gradebook(self.url) as book:
            for entry in book.db.query(Grade).all():
                if entry.student.id == student and entry.name == cell:
                    comments = {comment.name: comment.manual_comment for comment in entry.notebook.comments}
                    return {
                        "auto": entry.auto_score,
                        "manual": entry.manual_score,
                        "extra": entry.extra_credit,
                        "look": entry.needs_manual_grade,
                        "max": entry.max_score,
                        "comment": comments.get(cell.replace("-test", "-answer")),
                    }
        raise LookupError((student, cell))

    def by_hand(self, student: str, cell: str, score: float, extra: float | None, comment: str) -> None:
        """Grade one cell as Formgrader does."""
        with Gradebook(self.url) as book:
            for entry in book.db.query(Grade).all():
                if entry.student.id == student and entry.name == cell:
                    entry.manual_score, entry.extra_credit, entry.needs_manual_grade = score, extra, False
                    for one in entry.notebook.comments:
                        if one.name == cell.replace("-test", "-answer"):
                            one.manual_comment = comment
            book.db.commit()


def fingerprints_of(folder: Path) -> dict[str, str]:
    """Every file of a folder with its bytes' digest and time of change."""
    return {
        str(path.relative_to(folder)): f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def term(planted: Truth, tmp_path_factory: pytest.TempPathFactory) -> Term:
    """The planted class, and a course in which Adam's rubric weighs ε less and the rest more."""
    place = tmp_path_factory.mktemp("regrade")
    course = Path(shutil.copytree(planted.course, place / "course"))
    root = place / "root"
    for name in ("lrtutorial", "autograder", "notebooks", "solutions"):
        away = without("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(ROOT / name, root / name, ignore=away)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    rubric = root / "lrtutorial" / "exercises" / "b2.py"
    text = rubric.read_text("utf-8")
    for line, points in AFTER.items():
        text, found = re.subn(rf'("{line}",\s*"[^"]*",\s*){BEFORE[line]:g},', rf"\g<1>{points:g},", text)
        assert found == 1
    rubric.write_text(text, "utf-8")
    with Ledger(f"sqlite:///{course / 'gradebook.db'}", readonly=True) as ledger:
        rows = [row for row in ledger.verdicts("part_b") if row["step"] == "b2" and row["status"] != "failed"]
    known, expected = {}, {}
    for row in rows:
        lines = Verdict.from_data(json.loads(row["verdict"])).lines
        assert {line.id: line.possible for line in lines if line.id in BEFORE} == BEFORE
        if not row["student"].startswith("-"):
            known[row["student"]] = row["points"]
            expected[row["student"]] = sum(
                line.earned / line.possible * AFTER.get(line.id, line.possible) for line in lines
            )
    up = [name for name in known if expected[name] > known[name]]
    down = [name for name in known if expected[name] < known[name]]
    same = [name for name in known if expected[name] == known[name] == 20]
    assert up and len(down) > 1 and same, (len(up), len(down), len(same))
    chosen = (*up[:1], *down[:2], *same[:2])
    pick = lambda of: {name: of[name] for name in chosen}  # noqa: E731
    return Term(root, course, chosen, pick(expected), pick(known))


def test_a_changed_check_is_shown_before_it_is_applied_and_regrades_only_what_it_touches(
    term: Term, tmp_path: Path
) -> None:
    gainer, overruled, loser, right, praised = term.students
    term.by_hand(overruled, "b2-test", 11.0, 1.5, "argued well in the lecture")
    term.by_hand(praised, "b2-test", 19.0, None, "tidy")
    with Ledger(term.url, readonly=True) as ledger:
        last, before = ledger.last_change(), {row["student"] + row["step"]: row for row in ledger.verdicts("part_b")}
        notebooks = sum(row["student"] in term.students for row in ledger.submissions("part_b"))
    files, table = fingerprints_of(term.course), tmp_path / "differences.csv"

    said = term.run("autograder", "grade", "part_b", *term.students, "--dry-run", "--output", str(table))

    assert fingerprints_of(term.course) == files  # not a byte, not a time
    assert f"{notebooks - 5} unchanged" in said and "A dry run: nothing was written" in said
    assert "3 verdicts differ from before: 1 student gains" in said and "1 loses" in said
    assert "1 hand grade stands, 1 to look at again" in said
    with table.open(newline="", encoding="utf-8") as file:
        rows = {row["student"].removeprefix("'"): row for row in csv.DictReader(file)}
    assert set(rows) == {gainer, overruled, loser}  # right stays right
    for name, row in rows.items():
        assert (row["notebook"], row["step"], row["why"]) == ("b2_adam", "b2", "the checks changed")
        assert float(row["points before"]) == term.known[name] and float(row["points"]) == term.expected[name]
        assert row["verdict before"] == row["verdict"] != ""
        change = term.expected[name] - term.known[name]
        assert float(row["change"]) == pytest.approx(0 if name == overruled else change)
    assert (rows[overruled]["hand grade"], rows[overruled]["look again"]) == ("11", "yes")

    said = term.run("autograder", "grade", "part_b", *term.students)

    assert f"{notebooks - 5} unchanged" in said and "3 verdicts differ from before" in said
    assert "look again" in said
    for name in term.students:
        assert term.grade(name, "b2-test")["auto"] == pytest.approx(term.expected[name])
    kept = term.grade(overruled, "b2-test")
    assert (kept["manual"], kept["extra"], kept["comment"]) == (11.0, 1.5, "argued well in the lecture")
    assert kept["look"] is True  # the score that it overrules has changed
    kept = term.grade(praised, "b2-test")
    assert (kept["manual"], kept["comment"], kept["look"]) == (19.0, "tidy", False)  # nothing it was given for has
    with Ledger(term.url, readonly=True) as ledger:
        history = ledger.history("part_b", after=last)
        after = {row["student"] + row["step"]: row for row in ledger.verdicts("part_b")}
    assert {(row["student"], row["points_before"], row["points"], row["why"]) for row in history} == {
        (name, term.known[name], term.expected[name], "the checks changed") for name in (gainer, overruled, loser)
    }
    touched = {f"{name}b2" for name in term.students}
    assert before.keys() == after.keys()
    assert {key for key in before if before[key] != after[key]} <= touched
    assert term.run("autograder", "grade", "part_b", *term.students).endswith(
        f"{notebooks} unchanged since they were graded."
    )
    said = term.run("autograder", "history", loser, "part_b")
    assert "first graded" in said and "the checks changed" in said and f"{term.expected[loser]:g}/20" in said


def test_other_points_for_a_cell_scale_what_was_earned_there(term: Term) -> None:
    """nbgrader's generate_assignment changes what a cell is worth at once and leaves the scores; a regrade scales them.

    nbgrader's own command then enters the same.
    """
    with Ledger(term.url, readonly=True) as ledger:
        rows = [row for row in ledger.verdicts("part_a") if row["notebook"] == "a1_convergence"]
        fair = {
            row["student"]
            for row in ledger.submissions("part_a")
            if row["status"] == "graded" and not row["student"].startswith("-")
        }
    part = [row for row in rows if row["step"] == "a1-derivation" and row["status"] != "failed"]
    full = next(row["student"] for row in part if row["points"] == 6 and row["student"] in fair)
    some = next(row["student"] for row in part if 0 < row["points"] < 6 and row["student"] in fair)
    earned = {row["student"]: row["points"] for row in part if row["student"] in (full, some)}
    source = term.root / "solutions" / "part_a" / "a1_convergence.ipynb"
    notebook = nbformat.read(source, as_version=4)
    (cell,) = (c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "a1-derivation-test")
    assert cell.metadata.nbgrader["points"] == 6
    cell.metadata.nbgrader["points"] = 12
    nbformat.write(notebook, source)
    said = term.run("autograder", "grade", "part_a", full, "--dry-run")  # nothing was released yet
    assert "No verdict differs" in said or "0 graded" in said or "unchanged since they were graded" in said

    term.run("nbgrader", "generate_assignment", "part_a", "--force")

    for name in (full, some):
        stands = term.grade(name, "a1-derivation-test")
        assert (stands["max"], stands["auto"]) == (12.0, earned[name])  # nbgrader's own: 6 of now 12
    said = term.run("autograder", "grade", "part_a", full, some, "--dry-run")
    assert "2 verdicts differ from before: 2 students gain" in said and "the release changed" in said
    assert "6/6" in said and "12/12" in said
    term.run("autograder", "grade", "part_a", full, some)
    ours = {name: term.grade(name, "a1-derivation-test") for name in (full, some)}
    for name in (full, some):
        assert ours[name]["auto"] == pytest.approx(earned[name] * 12 / 6)
    with Ledger(term.url, readonly=True) as ledger:
        rows = {row["student"]: row for row in ledger.verdicts("part_a") if row["step"] == "a1-derivation"}
    assert (rows[full]["points"], rows[full]["possible"]) == (12.0, 12.0)
    term.run("nbgrader", "autograde", "part_a", "--student", some, "--notebook", "a1_convergence", "--force")
    assert term.grade(some, "a1-derivation-test") == ours[some]


def test_without_the_secret_a_dry_run_draws_none(term: Term, tmp_path: Path) -> None:
    course = Path(shutil.copytree(term.course, tmp_path / "course"))
    (course / "secret").unlink()
    other = Term(term.root, course, (), {}, {})
    said = other.run("autograder", "grade", "part_b", "--dry-run", code=1)
    assert "a dry run draws no new secret" in said and "Restore it from a backup" in said
    assert not (course / "secret").exists()


def test_a_hand_grade_is_looked_at_again_when_its_answer_changed(planted_copy: Callable[[], Truth]) -> None:
    truth = planted_copy()
    config = course_config(truth.course)
    assignment = Assignment.find("part_c", config)
    student, exercise = next(
        key
        for key, one in sorted(truth.written.items())
        if one.points is not None and one.text and truth.statuses[key[0], _notebook(key[1])] == "graded"
    )
    name, cell = _notebook(exercise), f"{exercise}-written"
    term = Term(ROOT, truth.course, (), {}, {})
    before = term.grade(student, cell)
    assert before["manual"] == truth.written[student, exercise].points and before["look"] is False
    with Ledger(term.url) as ledger:
        verdicts = [
            Verdict.from_data(json.loads(row["verdict"]))
            for row in ledger.verdicts("part_c", student)
            if row["notebook"] == name
        ]
        last = ledger.last_change()
    graded = nbformat.read(truth.course / "autograded" / student / "part_c" / f"{name}.ipynb", as_version=4)

    def again(mark: str) -> dict[str, Any]:
        for one in graded.cells:
            if one.metadata.get("nbgrader", {}).get("grade_id") == cell:
                one.source += mark
        with GradebookWriter(config, "part_c", assignment.release) as writer:
            data = tuple(verdict.as_data() for verdict in verdicts)
            text = nbformat.writes(graded)
            writer.save(Result("part_c", student, name, "f" * 64, "graded", "", text, data, None, 0.0))
        return term.grade(student, cell)

    assert again("") == before
    changed = again(" One sentence more.")
    assert changed == {**before, "look": True}  # score and comment stand
    assert again("") == changed  # and the question stays until someone has looked
    assert changed_since(term.url, "part_c", last) == []  # no verdict has changed


def _notebook(exercise: str) -> str:
    from lrtutorial.course import exercises

    return exercises()[exercise].notebook


def test_a_sentence_tells_who_gains_and_loses() -> None:
    def one(student: str, before: float | None, after: float, hand: float | None = None) -> Difference:
        old = {} if before is None else {"points": before, "possible": 20.0, "headline": "x"}
        return Difference(student, "b2_adam", "b2", "why", old, {"points": after, "possible": 20.0, "headline": "x"},
                          hand, hand is not None)  # fmt: skip

    assert told([]) == "No verdict differs from before."
    assert told([one("a", None, 3)]) == "1 notebook graded for the first time. No verdict differs from before."
    many = [one("a", 3, 7), one("b", 5, 4.5), one("b", 5, 5.5), one("c", 9, 2), one("d", 1, 20, hand=4)]
    assert told(many) == (
        "5 verdicts differ from before: 1 student gains (up to 4 points), 1 loses (up to 7 points). "
        "1 hand grade stands, 1 to look at again."
    )
