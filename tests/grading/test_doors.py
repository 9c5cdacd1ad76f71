"""Two doors, one pipeline: ``grade`` and nbgrader's own ``autograde`` find the same status, reason and points.

What goes through both:

- of A1 every catalogued mistake and every accepted form (the n-th of all steps in one submission), the sample class,
  ``MUTATED`` mutated notebooks, and each of the attacks' formulas in the first step;
- of B2 the sample class but who errs (``ERR``), every hostile surgery, every odd file, and ``ACTS`` of the hostile acts
  in code, behind a right answer, so that points are at stake: drawn from a fixed seed from all but ``CHANCE``,
  ``TOO_LONG`` and ``TOO_DEAR``;
- of B1, B2, B3 and B5 the model's answer and the catalogued mistakes of ``CODE_TYPED``: code goes from the catalogue's
  objects to no text, so each is an edit of the model's (autograder/demo/mistakes.py), and an accepted form has none;
- of C1 and C3 the model's predictions and every catalogued mistake, and of C1 the sample class;
- of A1, B2 and C1 what the two doors once disagreed about (``special``).

Not: A2 to A5, whose steps are of A1's kinds; B4, which loads torch; C2 and C4 to C6, whose experiments take their time
and whose steps are of C1's and C3's forms.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import catalogue
from autograder.demo.mistakes import with_mistake
from autograder.demo.students import STUDENTS, Student, submission
from autograder.demo.synthetic import _typed
from lrtutorial.course import exercises
from lrtutorial.course.exercise import Step
from tests import commands
from tests.attack.attacks import CODE, FILES, FORMULAS, SURGERY, answer, cell_of, put_in
from tests.grading import a1
from tests.grading.a1 import ROOT, environment
from tests.released import Release

Class = dict[str, dict[str, Any]]  #: {student: {exercise: notebook, or JSON that should be one}}
TYPED = {"part_a": ("a1",), "part_b": ("b1", "b2", "b3", "b5"), "part_c": ("c1", "c3")}  #: catalogued answers of
MAIN = {"part_a": "a1", "part_b": "b2", "part_c": "c1"}  #: the exercise that all but these answers are about
WORDS = {"ROOT": ROOT, "COURSE": "/nowhere", "PORT": 9, "UNIX": "/nowhere", "MARK": "doors"}
ODD = (None, {}, [], "", "x\ud800", 10**400, -1, True, "\0", ["a", 1], {"nbgrader": None}, float("nan"))
MUTATED = 8  #: many more, and of more kinds, go through both doors in tests/fuzz
CHANCE = {
    "shows_what_it_was_asked"
}  #: writes into the kernel's own sockets: how its kernel ends is chance, its 0 isn't
TOO_LONG = {"swallows_the_interrupt", "cannot_be_interrupted", "hangs_in_step", "recurses", "replaces_json"}
"""Only the limit of time ends them, after half a minute, in each door: sample_hal stands for them."""
TOO_DEAR = {"takes_memory", "takes_shared_memory", "prints_100_MB", "displays_100_MB", "looks_into_frames", "fetches"}
"""From half a second of the processor on, in each door: tests/attack has them, through one."""
LEAST = {"part_a": (59, 25), "part_b": (5, 0), "part_c": (9, 0)}  #: catalogued mistakes, and accepted forms, as text
DRAW, ACTS = 14, 18  #: of the other hostile acts in code: tests/attack has all of them, through one door
ERR = {"sample_bo", "sample_cy", "sample_dee"}  #: in B2, by mistakes that the catalogue has: words on them take seconds
CODE_TYPED = {"b1-one_minus", "b1-other_default", "b2-epsilon_inside", "b3-gradient_no_ten", "b5-added"}
"""Of each exercise one mistake in code at least: a search for the place takes seconds with others."""
SPECIAL = ("half_a_surrogate_pair", "cells_without_outputs", "everything_twice", "skips_every_cell")


def right(exercise: str, student: Student = STUDENTS[0]) -> Any:
    """What a student hands in: the first of them has everything right."""
    place = Path(exercises()[exercise].part, f"{exercises()[exercise].notebook}.ipynb")
    return submission(student, ROOT / "notebooks" / place, ROOT / "solutions" / place)


def mistakes_of(step: Step) -> dict[str, object]:
    """{id: catalogued mistake} of a step; of code those in ``CODE_TYPED``."""
    found = {one.id: one.answer for one in catalogue.questions()[step.id].misconceptions}
    return {name: found[name] for name in found if name in CODE_TYPED} if step.kind.probed else found


def accepted_of(step: Step) -> dict[str, object]:
    """{style: right answer in another form} of a step; of code none is text."""
    return {} if step.kind.probed else dict(catalogue.questions()[step.id].accepted)


def typed(step: Step, name: str, given: Any) -> str:
    """The cell in which a student gives a catalogued answer. It fails where there is no way to write it down."""
    if step.kind.probed:
        return with_mistake(cell_of(right(step.id), f"{step.id}-answer").source, name)
    texts = [*map(str, given)] if step.kind.name == "derivation" else given
    try:
        text = _typed(step, texts)
        compile(text, name, "exec")
    except Exception as error:
        pytest.fail(
            f"{step.id}: the catalogue's answer {name!r} can't be typed into a cell, so no door sees it: {error!r}"
        )
    return text


def by_catalogue(part: str) -> tuple[Class, dict[tuple[str, str], str]]:
    """A class that gives every catalogued answer of a part's exercises, and {(student, step): mistake or style}.

    The n-th of all steps are one student's; a step that has fewer is answered right.
    """
    drawn: Class = {}
    given: dict[tuple[str, str], str] = {}
    for exercise in TYPED[part]:
        for step in exercises()[exercise].steps:
            for word, answers in (("mistakes", mistakes_of(step)), ("accepted", accepted_of(step))):
                for number, (name, what) in enumerate(answers.items()):
                    student = f"{word}_{number:02}"
                    notebook = drawn.setdefault(student, {}).setdefault(exercise, right(exercise))
                    answer(notebook, f"{step.id}-answer", typed(step, name, what))
                    given[student, step.id] = name
    return drawn, given


def mutated(seed: int) -> Any:
    """A right submission with three parts of its JSON deleted, doubled or replaced by what doesn't belong there."""
    rng = random.Random(seed)
    data = json.loads(nbformat.writes(right("a1")))
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


def special(exercise: str) -> dict[str, Any]:
    """What the two doors once disagreed about: all of it is right."""
    surrogate, bare, twice, skipping = (json.loads(nbformat.writes(right(exercise))) for _ in SPECIAL)
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


def hostile() -> dict[str, Any]:
    """B2 as attackers hand it in: surgery on a right notebook, and hostile code behind a right answer."""
    drawn = {name: right("b2") for name in SURGERY}
    for name, notebook in drawn.items():
        SURGERY[name][0](notebook)
    acts = sorted(set(CODE) - CHANCE - TOO_LONG - TOO_DEAR)
    for name in random.Random(DRAW).sample(acts, ACTS):
        drawn[f"code_{name}"] = right("b2")
        cell_of(drawn[f"code_{name}"], "b2-answer").source += "\n" + put_in(CODE[name], **WORDS)
    return drawn


def hostile_formulas() -> dict[str, Any]:
    """A1 with an attack in its first step, the others right."""
    drawn = {f"hostile_{name}": right("a1") for name in FORMULAS}
    step = exercises()["a1"].steps[0]
    for name, code in FORMULAS.items():
        answer(drawn[f"hostile_{name}"], f"{step.id}-answer", put_in(code, NAME=step.answers[0], **WORDS))
    return drawn


def class_on(part: str) -> tuple[Class, dict[tuple[str, str], str]]:
    """All that is drawn of a part, but for the files that are no notebooks; and what :func:`by_catalogue` gives."""
    main = MAIN[part]
    sample = [student for student in STUDENTS if part != "part_b" or student.name not in ERR]
    drawn = {student.name: right(main, student) for student in sample} | special(main)
    if part == "part_a":
        drawn |= {f"mutated_{seed:02}": mutated(seed) for seed in range(MUTATED)} | hostile_formulas()
    if part == "part_b":
        drawn |= hostile()
    found: Class = {student: {main: notebook} for student, notebook in drawn.items()}
    found["sample_ada"] |= {exercise: right(exercise) for exercise in TYPED[part]}
    if part == "part_a":
        found["sample_ada"]["a2"] = right("a2")  # another beside it
    typing, given = by_catalogue(part)
    return found | typing, given


def hand_in_all(course: Path, part: str, drawn: Class) -> None:
    """Write the class, and the odd files."""
    for student, notebooks in drawn.items():
        folder = course / "submitted" / student / part
        folder.mkdir(parents=True)
        for exercise, notebook in notebooks.items():
            (folder / f"{exercises()[exercise].notebook}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    for student in odd_files(part):
        folder = course / "submitted" / student / part
        folder.mkdir(parents=True)
        FILES[student](folder, ROOT, course / "submitted" / SPECIAL[0] / part)


def odd_files(part: str) -> set[str]:
    """Who hands in what is no notebook, instead of B2."""
    return set(FILES) if part == "part_b" else set()


def standing(course: Path, part: str) -> dict[str, list[Any]]:
    """Status, reason, verdicts by step, scores by cell, comments and penalties of every submission."""
    found: dict[str, list[Any]] = {}
    with a1.ledger(course) as ledger:
        for row in ledger.submissions(part):
            found.setdefault(row["student"], []).append((row["notebook"], row["status"], row["reason"]))
        for row in ledger.verdicts(part):
            words = (
                json.loads(row["verdict"]) if is_tame(row["student"]) else {}
            )  # how long hostile code ran is in them
            words.pop("where", None)  # of code: a search for the place, which ends when its time is over
            found[row["student"]].append((row["step"], row["points"], row["status"], row["misconception"], words))
    entered = a1.scores(course, part)
    assert set(entered) == set(found)
    return {student: rows + entered[student] for student, rows in found.items()}


def is_tame(student: str) -> bool:
    return student.startswith(("sample_", "mistakes_", "accepted_")) and student != "sample_hal" or student in SPECIAL


def cells(course: Path, part: str, student: str) -> Iterator[tuple[str, str, str]]:
    """The cells of the notebooks that grading leaves."""
    for path in sorted((course / "autograded" / student / part).glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            yield path.name, cell.cell_type, cell.source


def through_both_doors(course: Path, stock: Path, part: str) -> None:
    """Grade the one course by ``grade``, the other by nbgrader's command.

    Side by side, as half a minute goes by for who loops for ever; but the experiments of Part C's predictions are run
    by the first door alone: what they gave is given to the other.
    """
    ours = [sys.executable, "-m", "autograder", "grade", part]
    theirs = [sys.executable, "-m", "nbgrader", "autograde", part]
    with commands.start(ours, cwd=ROOT, env=environment(course)) as door:
        if part == "part_c":
            door.wait()
            shutil.copytree(course / "expectations", stock / "expectations")
        with commands.start(theirs, cwd=ROOT, env=environment(stock)) as other:
            for done in (door.wait(), other.wait()):
                assert done.returncode == 0, done.stdout + done.stderr


def judged(course: Path, part: str) -> dict[tuple[str, str], tuple[str, str | None]]:
    """{(student, step): status and misconception}."""
    with a1.ledger(course) as ledger:
        return {(row["student"], row["step"]): (row["status"], row["misconception"]) for row in ledger.verdicts(part)}


def assert_all_were_drawn(part: str, given: dict[tuple[str, str], str], verdicts: dict[tuple[str, str], Any]) -> None:
    """Whatever the catalogue has as text was typed by somebody, and graded as what it is."""
    mistakes, accepted = set[tuple[str, str]](), set[tuple[str, str]]()
    for step in (step for exercise in TYPED[part] for step in exercises()[exercise].steps):
        question = catalogue.questions()[step.id]
        mistakes |= {
            (step.id, one.id) for one in question.misconceptions if one.id in CODE_TYPED or not step.kind.probed
        }
        accepted |= {(step.id, style) for style in question.accepted if not step.kind.probed}
    assert {(step, name) for (_, step), name in given.items()} == mistakes | accepted
    least = LEAST[part]
    assert len(mistakes) >= least[0] and len(accepted) >= least[1], "fewer than there were: is the catalogue whole?"
    for (student, asked), name in given.items():
        status, misconception = verdicts[student, asked]
        if student.startswith("accepted"):
            assert status == "right", f"{asked}: {name!r} is right, and was graded as {status}"
        else:
            assert misconception == name, f"{asked}: {name} was graded as {misconception} ({status})"


@pytest.mark.parametrize("part", TYPED)
def test_any_submission_has_the_same_status_reason_and_points_through_both_doors(
    release: Release, tmp_path: Path, part: str
) -> None:
    course = release(tmp_path / "course", part)
    (course / "secret").write_text("s" * 64)
    stock = Path(shutil.copytree(course, tmp_path / "stock"))
    drawn, given = class_on(part)
    for place in (course, stock):  # each anew: a terabyte of nothing isn't copied
        hand_in_all(place, part, drawn)
    through_both_doors(course, stock, part)
    ours, theirs = standing(course, part), standing(stock, part)
    assert set(ours) == set(theirs) == set(drawn) | odd_files(part)
    different = sorted(name for name, rows in ours.items() if rows != theirs[name])
    assert not different, {name: set(map(str, ours[name])) ^ set(map(str, theirs[name])) for name in different}
    for name in filter(is_tame, ours):
        assert [*cells(course, part, name)] == [*cells(stock, part, name)], name
    with a1.ledger(course) as ledger:
        statuses = {row["status"]: row["reason"] for row in ledger.submissions(part)}
    assert set(statuses) == {"graded", "graded with repairs"} | ({"rejected"} if part != "part_c" else set()), (
        "nothing fails"
    )
    verdicts = judged(course, part)
    for (student, step), (status, _) in verdicts.items():
        assert student not in SPECIAL or step.split("-")[0] != MAIN[part] or status == "right", (student, step, status)
    assert ours["skips_every_cell"][0][1] == "graded with repairs"
    assert_all_were_drawn(part, given, verdicts)
