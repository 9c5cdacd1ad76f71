"""Small functions as answers: what is compared, what is told, and evidence that is none."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtutorial.course.exercise import RubricLine, Step
from lrtutorial.course.expected import Known, Misconception
from lrtutorial.kinds import Function, function

STEP = Step(
    id="tries",
    kind=Function(says={"one": "One try", "many": "Many tries"}, signatures={"f": "f(n, p)"}),
    answers=("f",),
    asks="the chance of one success or more",
    rubric=(RubricLine("one", "One try", 2, ("one",)), RubricLine("many", "Many tries", 3, ("many",))),
    hints=("What is the opposite?",),
)
PROBES = [
    {"id": "one", "answer": "f", "calls": [[1, 0.25], [1, 0.5]]},
    {"id": "many", "answer": "f", "calls": [[3, 0.5], [4, 0.25]]},
]


def right(n, p):
    return 1 - (1 - p) ** n


def adds(n, p):
    return n * p


def outcome(answer: Any) -> Any:
    return STEP.outcome_of(STEP.collect({"f": answer}, PROBES), PROBES)


def verdict(answer: Any, reference: Any = right, secret: bool = False):
    """The verdict on an answer; evidence goes through JSON without NaN, as it does from a kernel."""
    evidence = json.loads(json.dumps(STEP.collect({"f": answer}, PROBES), allow_nan=False))
    return STEP.judge(evidence, Known(PROBES, outcome(reference), {"tries-adds": outcome(adds)}, secret))


@pytest.fixture(autouse=True)
def one_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"tries-adds": Misconception("tries-adds", "The chances are added", ("Can it exceed 1?",))}
    monkeypatch.setattr(function, "misconceptions", lambda step: known)


@pytest.mark.parametrize(
    "answer",
    [
        right,
        lambda n, p: np.float64(right(n, p)),
        lambda n, p: np.array(right(n, p)),
        lambda n, p: Fraction(right(n, p)),
        lambda n, p: right(n, p) * (1 + 1e-12),
    ],
    ids=["plain", "numpy", "0-d array", "fraction", "rounded"],
)
def test_a_right_answer_is_right_whatever_its_type_of_number(answer: Any) -> None:
    told = verdict(answer)
    assert told.right and told.points == 5


def test_a_mistake_is_named_with_the_call_that_shows_it() -> None:
    told = verdict(adds)
    assert (told.misconception, told.points, told.status) == ("tries-adds", 2, "partly")
    assert told.counterexample == "Many tries: f(3, 0.5) gives 1.5 with your function; 0.875 was expected."
    assert verdict(adds, secret=True).counterexample is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda n, p: [].append(p), "gives None with your function"),
        (lambda n, p: float("nan"), "gives 'float nan'"),
        (lambda n, p: p > 0, "gives True"),
        (lambda n, p: [p], "gives [0.25]"),
        (lambda n, p: 1 / 0, "raises an exception"),
        (lambda n, p: object(), "raises an exception"),
        (lambda n, p: "x" * 5000, "raises an exception"),
        (lambda n: n, "raises an exception"),
    ],
    ids=["none", "nan", "truth", "list", "raises", "object", "long text", "arguments"],
)
def test_anything_else_earns_nothing_and_is_said(answer: Any, said: str) -> None:
    told = verdict(answer)
    assert told.points == 0 and told.status == "wrong" and said in (told.counterexample or "")


@pytest.mark.parametrize(("answer", "status"), [(..., "unfinished"), (None, "unfinished"), (3, "unreadable")])
def test_what_is_no_finished_function_is_said(answer: Any, status: str) -> None:
    assert verdict(answer).status == status and verdict(answer).points == 0


def test_an_answer_that_changes_its_arguments_changes_no_later_call() -> None:
    probes = [{"id": "one", "answer": "f", "calls": [[[1, 2]], [[1, 2]]]}]
    evidence = STEP.collect({"f": lambda items: items.append(3) or len(items)}, probes)
    assert evidence["runs"]["one"]["values"] == [3, 3] and probes[0]["calls"] == [[[1, 2]], [[1, 2]]]


@pytest.mark.parametrize(
    "evidence",
    [
        None, [], {}, {"kind": "function"}, {"kind": "function", "problems": {}, "runs": {}},
        {"kind": "function", "problems": {}, "runs": {"one": 1, "many": 2}},
        {"kind": "function", "problems": {}, "runs": {
            "one": {"values": [0.25], "error": None}, "many": {"values": [0.875, 0.68], "error": None}}},
        {"kind": "function", "problems": {}, "runs": {
            "one": {"values": [{}, 0.5], "error": None}, "many": {"values": [0.875, 0.68], "error": None}}},
        {"kind": "function", "problems": {}, "runs": {
            "one": {"values": [10**400, 0.5], "error": None}, "many": {"values": [0.875, 0.68], "error": None}}},
        {"kind": "function", "problems": {}, "runs": {
            "one": {"values": ["x" * 2000, 0.5], "error": None}, "many": {"values": [0.875, 0.68], "error": {}}}},
    ],
    ids=range(10),
)  # fmt: skip
def test_evidence_that_is_none_earns_nothing_and_raises_nothing(evidence: Any) -> None:
    told = STEP.judge(evidence, Known(PROBES, outcome(right), {}))
    assert told.points <= 0 and not told.right


def test_a_deep_value_is_refused_not_followed() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    runs = {"one": {"values": [deep, 1], "error": None}, "many": {"values": [1, 1], "error": None}}
    told = STEP.judge({"kind": "function", "problems": {}, "runs": runs}, Known(PROBES, outcome(right), {}))
    assert told.points == 0
