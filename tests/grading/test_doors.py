"""Two doors, one pipeline: ``grade`` and nbgrader's own ``autograde`` find the same status, reason and points."""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import catalogue
from autograder.demo.students import STUDENTS, Student, submission
from autograder.gradebook.ledger import Ledger
from lrtutorial.course import exercises
from tests.attack.attacks import CODE, FILES, FORMULAS, SILENT, SURGERY, WORTHLESS, answer, put_in
from tests.grading import a1
from tests.grading.a1 import ROOT, in_course
from tests.released import Release

A1, B2 = ("part_a", "a1_convergence"), ("part_b", "b2_adam")
WORDS = {"ROOT": ROOT, "COURSE": "/nowhere", "PORT": 9, "UNIX": "/nowhere", "MARK": "doors"}
ODD = (None, {}, [], "", "x\ud800", 10**400, -1, True, "\0", ["a", 1], {"nbgrader": None}, float("nan"))
MUTATED = 8  #: many more, and of more kinds, go through both doors in tests/fuzz
CHANCE = {
    "shows_what_it_was_asked"
}  #: writes into the kernel's own sockets: how its kernel ends is chance, its 0 isn't
DRAW, ACTS = 14, 8  #: which hostile acts in code, and how many: tests/attack has all of them, through one door
SPECIAL = ("half_a_surrogate_pair", "cells_without_outputs", "everything_twice", "skips_every_cell")


SLOW = ("sample_hal",)  #: loops for ever


def right(where: tuple[str, str], student: Student = STUDENTS[0]) -> Any:
    name = f"{where[1]}.ipynb"
    return submission(student, ROOT / "notebooks" / where[0] / name, ROOT / "solutions" / where[0] / name)


def by_catalogue() -> dict[str, Any]:
    """All catalogued mistakes of the exercise's steps, as students type them: one of each step in a submission."""
    found: dict[str, Any] = {}
    for step in exercises()["a1"].steps:
        for number, mistake in enumerate(catalogue.questions()[step.id].misconceptions):
            if isinstance(mistake.answer, str):
                notebook = found.setdefault(f"mistakes_{number:02}", right(A1))
                answer(notebook, f"{step.id}-answer", f"{step.answers[0]} = {mistake.answer}")
    return found


def mutated(seed: int) -> Any:
    """A right submission with three parts of its JSON deleted, doubled or replaced by what doesn't belong there."""
    rng = random.Random(seed)
    data = json.loads(nbformat.writes(right(A1)))
    for _ in range(3):
        place: Any = data.get("cells") if rng.random() < 0.8 else data
        while isinstance(place, dict | list) and place:
            key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[key]
            if isinstance(inner, dict | list) and inner and rng.random() < 0.7:
                place = inner
                continue
            what = rng.randrange(3)
            if what == 0:
                del place[key]
            elif what == 1 and isinstance(place, list):
                place.insert(key, inner)
            else:
                place[key] = rng.choice(ODD)
            break
    return data


def special(where: tuple[str, str]) -> dict[str, Any]:
    """What the two doors once disagreed about: all of it is a right answer."""
    surrogate, bare, twice, skipping = (json.loads(nbformat.writes(right(where))) for _ in SPECIAL)
    for cell in surrogate["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code":
            cell["source"] += "\n# \ud800"
    for cell in bare["cells"]:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    twice["cells"] += twice["cells"]
    for cell in skipping["cells"]:
        cell["metadata"]["tags"] = ["skip-execution"]
    return dict(zip(SPECIAL, (surrogate, bare, twice, skipping), strict=True))


def class_on(where: tuple[str, str]) -> dict[str, Any]:
    """Return {student: notebook}: of A1 all that is drawn, of B2 the hostile surgeries and some hostile code."""
    if where == B2:
        drawn = special(B2)
        for name, (surgery, _) in SURGERY.items():
            drawn[name] = right(B2)
            surgery(drawn[name])
        for name in set(random.Random(DRAW).sample(sorted(set(CODE) - SILENT), ACTS)) - CHANCE:
            drawn[f"code_{name}"] = right(B2)
            answer(drawn[f"code_{name}"], "b2-answer", WORTHLESS + put_in(CODE[name], **WORDS))
        return drawn
    drawn = {student.name: right(A1, student) for student in STUDENTS if student.name not in SLOW}
    drawn |= by_catalogue() | special(A1) | {f"mutated_{seed:02}": mutated(seed) for seed in range(MUTATED)}
    for name, code in FORMULAS.items():
        drawn[f"hostile_{name}"] = right(A1)
        step = exercises()["a1"].steps[0]
        answer(drawn[f"hostile_{name}"], f"{step.id}-answer", put_in(code, NAME=step.answers[0], **WORDS))
    return drawn


def hand_in_all(course: Path, where: tuple[str, str]) -> int:
    """Write the class; return how many submissions."""
    part, name = where
    for student, notebook in class_on(where).items():
        folder = course / "submitted" / student / part
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    if where == B2:
        for student, make in FILES.items():
            folder = course / "submitted" / student / part
            folder.mkdir(parents=True)
            make(folder, ROOT, course / "submitted" / SPECIAL[0] / part)
    else:
        a1.hand_in(course, "sample_ada", "sample_ada", "a2_momentum")  # another beside it
    return len(list((course / "submitted").iterdir()))


def standing(course: Path, where: tuple[str, str]) -> dict[str, list[Any]]:
    """Status, reason, verdicts by step, scores by cell, comments and penalties of every submission."""
    found: dict[str, list[Any]] = {}
    with Ledger(f"sqlite:///{course / 'gradebook.db'}", readonly=True) as ledger:
        for row in ledger.submissions(where[0]):
            found.setdefault(row["student"], []).append((row["notebook"], row["status"], row["reason"]))
        for row in ledger.verdicts(where[0]):
            words = row["verdict"] if is_tame(row["student"]) else ""  # how long hostile code ran is in the words
            found[row["student"]].append((row["step"], row["points"], row["status"], row["misconception"], words))
    entered = a1.scores(course, where[0])
    assert set(entered) == set(found)
    return {student: rows + entered[student] for student, rows in found.items()}


def is_tame(student: str) -> bool:
    return student.startswith("sample_") or student in SPECIAL


def cells(course: Path, where: tuple[str, str], student: str) -> list[tuple[str, str]]:
    """The cells of the notebook that grading leaves."""
    graded = nbformat.read(course / "autograded" / student / where[0] / f"{where[1]}.ipynb", as_version=4)
    return [(cell.cell_type, cell.source) for cell in graded.cells]


@pytest.mark.parametrize(("where", "least"), [(A1, 30), (B2, 20)])
def test_any_submission_has_the_same_status_reason_and_points_through_both_doors(
    release: Release, tmp_path: Path, where: tuple[str, str], least: int
) -> None:
    course = release(tmp_path / "course", where[0])
    (course / "secret").write_text("s" * 64)
    stock = Path(shutil.copytree(course, tmp_path / "stock"))
    count = hand_in_all(course, where)  # each anew: a terabyte of nothing isn't copied
    assert hand_in_all(stock, where) == count >= least
    done = in_course(course, sys.executable, "-m", "autograder", "grade", where[0])
    assert done.returncode == 0, done.stdout + done.stderr
    done = in_course(stock, sys.executable, "-m", "nbgrader", "autograde", where[0])
    assert done.returncode == 0, done.stdout + done.stderr
    ours, theirs = standing(course, where), standing(stock, where)
    assert len(ours) == count and set(ours) == set(theirs)
    assert {name: (row, theirs[name]) for name, row in ours.items() if row != theirs[name]} == {}
    assert {rows[0][1] for rows in ours.values()} == {"graded", "graded with repairs", "rejected"}, "nothing fails"
    for name in SPECIAL:
        with Ledger(f"sqlite:///{course / 'gradebook.db'}", readonly=True) as ledger:
            verdicts = {row["step"]: row["status"] for row in ledger.verdicts(where[0], name)}
        assert verdicts and set(verdicts.values()) == {"right"}, (name, verdicts)
    assert ours["skips_every_cell"][0][1] == "graded with repairs"
    for name in filter(is_tame, ours):
        assert cells(course, where, name) == cells(stock, where, name), name
