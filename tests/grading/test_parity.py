"""What Restart-and-Run-All shows, grading gives: every catalogued answer, right variant and style of writing.

A notebook is run from the top twice, in a fresh process as at home (:mod:`tests.grading.home`) and in the jail, and the
points of every step compared. ``PARITY=all`` (``make parity``) takes the whole table, in place of a sample of it.
"""

from __future__ import annotations

import ast
import copy
import gc
import json
import os
import random
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import cloudpickle
import nbformat
import pytest

import autograder
from autograder import catalogue
from autograder.cells import answer_cells, without_markers
from autograder.course import SOLUTIONS
from autograder.demo.mistakes import EDITS, with_mistake
from autograder.demo.synthetic import _typed
from autograder.grading import executor
from autograder.grading.assignment import Assignment
from autograder.grading.one import Result, Work, checking_digest, grade_one
from lrtutorial.course import exercises
from tests.grading.home import Shown, at_home, homes
from tests.grading.styles import STYLES
from tests.part_b import right_answers

SAMPLE, SEED = 16, int(os.environ.get("PARITY_SEED", "30"))
WHOLE = os.environ.get("PARITY", "") == "all"
BEFOREHAND = "Nobody types in grading"
LOAD = "import pickle\nwith open('answers.pkl', 'rb') as file:\n    globals().update(pickle.load(file))"

pytestmark = [pytest.mark.whole, pytest.mark.filterwarnings("ignore")]  # the kernel's own libraries warn


@cache
def released(part: str) -> Mapping[str, Any]:
    return Assignment.find(part).release


@dataclass(frozen=True)
class Case:
    """A notebook: the texts of its answers' cells by grade_id (the model's where none is given), files beside it."""

    exercise: str
    answers: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def part(self) -> str:
        return exercises()[self.exercise].part

    @property
    def name(self) -> str:
        return exercises()[self.exercise].notebook

    @property
    def release(self) -> Any:
        return released(self.part)[self.name]

    def notebook(self) -> Any:
        made = copy.deepcopy(self.release)
        right = answer_cells(nbformat.read(SOLUTIONS / self.part / f"{self.name}.ipynb", as_version=4))
        for name, cell in answer_cells(made).items():
            cell.source = self.answers.get(name, without_markers(right[name]))
        return made


def table() -> dict[str, Case]:
    """Every catalogued mistake and right form. Of Parts A and C the steps' n-th make one notebook."""
    found: dict[str, Case] = {}
    questions = catalogue.questions()
    for exercise in exercises().values():
        typed, loaded = {}, {}
        for step in exercise.steps:
            question = questions[step.id]
            answers = {m.id: m.answer for m in question.misconceptions}
            answers |= {f"{step.id}, {style}": answer for style, answer in question.accepted.items()}
            if step.kind.probed:
                loaded |= {
                    name: catalogue.as_answers(step, answer, question.reference) for name, answer in answers.items()
                }
            else:
                typed[f"{step.id}-answer"] = [
                    _typed(
                        step,
                        [*map(str, answer)] if isinstance(answer, list) and step.kind.name == "derivation" else answer,
                    )
                    for answer in answers.values()
                ]
        for number in range(max(map(len, typed.values()), default=0)):
            sources = {name: texts[number % len(texts)] for name, texts in typed.items() if texts}
            found[f"{exercise.id} {number}"] = Case(exercise.id, sources)
        for name, answer in loaded.items():
            beside = {"answers.pkl": cloudpickle.dumps(answer)}
            found[name] = Case(exercise.id, {f"{exercise.id}-answer": LOAD}, beside)
        found |= _written(exercise.id)
    return found


def _written(exercise: str) -> dict[str, Case]:
    """Answers of Part B as students write them."""
    name = f"{exercise}-answer"
    path = SOLUTIONS / exercises()[exercise].part / f"{exercises()[exercise].notebook}.ipynb"
    model = answer_cells(nbformat.read(path, as_version=4)).get(name)
    texts = {}
    for style, text in getattr(right_answers, exercise.upper(), {}).items():
        given = {getattr(node, "name", "") for node in ast.parse(text).body}
        rest = [node for node in ast.parse(without_markers(model)).body if getattr(node, "name", "") not in given]
        texts[f"{exercise}, {style}"] = "\n\n".join([*map(ast.unparse, rest), text])  # what it leaves to the model
    for mistake in EDITS:
        if mistake.startswith(f"{exercise}-"):
            texts[f"{mistake}, typed"] = with_mistake(without_markers(model), mistake)
    return {style: Case(exercise, {name: text}) for style, text in texts.items()}


def graded(case: Case, notebook: Any) -> Result:
    """Grade a notebook in the jail."""
    assignment = Assignment.find(case.part)
    settings = {name: dict(assignment.config[name]) for name in ("TrustedExecute", "JailedProvisioner")}
    settings["JailedProvisioner"] = {**settings["JailedProvisioner"], "canaries": []}
    work = Work(case.part, "ada", case.name, json.dumps(notebook).encode(), assignment.texts[case.name], "s" * 64,
                tuple(sorted(executor.experiments(case.part, case.name))), settings,
                checking=checking_digest(case.name), draw="d", files=dict(case.files))  # fmt: skip
    return grade_one(work)


def both(cases: Mapping[str, tuple[Case, Any]]) -> dict[str, tuple[Shown, str, Result]]:
    """Run every notebook at home and in the jail, two at a time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernels' event loops warn when they are collected
        with homes() as pool, ThreadPoolExecutor(2) as jails:
            shown = {
                name: at_home(pool, notebook, case.release, case.files) for name, (case, notebook) in cases.items()
            }
            results = {name: jails.submit(graded, case, notebook) for name, (case, notebook) in cases.items()}
            found = {name: (*shown[name].result(), results[name].result()) for name in cases}
        gc.collect()
    return found


def differences(cases: Mapping[str, tuple[Case, Any]], stops: bool = False) -> list[str]:
    """A line on every step whose points at home aren't those of grading.

    ``stops``: a cell may stop, and then the notebook shows none; grading goes on after an import or a magic that this
    machine hasn't. What grading does otherwise the notebook says beforehand.
    """
    lines = []
    for name, (shown, said, result) in both(cases).items():
        for verdict in result.verdicts:
            earned = round(sum(line["earned"] for line in verdict["lines"]), 6)
            there = shown.get(verdict["step"])
            if there is None and stops or BEFOREHAND in said:
                continue
            if there is None or abs(there[1] - earned) > 1e-6:
                why = f"{verdict['status']}: {verdict['headline']} {verdict['details']} {result.reason}"
                lines.append(
                    f"{name}, {verdict['step']}: {there} at home, {earned:g} in grading ({why})\n{said[-400:]}"
                )
    return lines


def drawn(cases: Mapping[str, str], fewest: int, torch: int) -> list[str]:
    """Of these cases, whose exercises are given, the first sample of at least so many exercises.

    Just so many of its notebooks may import torch: seconds, once at home and once for the jail.
    """
    draw, names = random.Random(SEED), sorted(cases)
    for _ in range(10_000):
        sample = draw.sample(names, SAMPLE)
        asked = [exercises()[cases[name]] for name in sample]
        if len({one.id for one in asked}) >= fewest and sum(one.profile == "torch" for one in asked) == torch:
            return sample
    pytest.fail(f"no sample of {SAMPLE} cases is of {fewest} exercises, with torch {torch} times: ask for less here")


@pytest.fixture(autouse=True)
def no_search_for_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "can_locate", lambda step: False)  # words, never points, and seconds


@pytest.mark.parametrize("exercise", exercises() if WHOLE else ["a sample"])
def test_every_catalogued_answer_earns_in_grading_what_the_notebook_shows(exercise: str) -> None:
    cloudpickle.register_pickle_by_value(autograder)
    try:
        everything = table()
    finally:
        cloudpickle.unregister_pickle_by_value(autograder)
    names = sorted(name for name, case in everything.items() if case.exercise == exercise)
    if not WHOLE:
        names = drawn({name: case.exercise for name, case in everything.items()}, fewest=9, torch=1)
    found = differences({name: (everything[name], everything[name].notebook()) for name in names})
    assert not found, f"{len(found)} of {len(names)} notebooks:\n" + "\n".join(found)


def test_every_style_of_working_earns_in_grading_what_the_notebook_shows() -> None:
    exercise_of = {name: exercise for name, (exercise, _, _) in STYLES.items()}
    names = sorted(STYLES) if WHOLE else drawn(exercise_of, fewest=4, torch=0)
    cases = {}
    for name in names:
        exercise, change, files = STYLES[name]
        case = Case(exercise, {}, files)
        notebook = case.notebook()
        change(notebook)
        cases[name] = (case, notebook)
    found = differences(cases, stops=True)
    assert not found, f"{len(found)} of {len(names)} notebooks:\n" + "\n".join(found)
