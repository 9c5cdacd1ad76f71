"""One table for all of Part A: what is right, what is named, what can't be read; at public and at fresh points."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from autograder import catalogue
from autograder.catalogue import as_answers, expectations, generator, questions
from lrtutorial.checking import hints_for, verdict_on
from lrtutorial.course import find_step, steps
from lrtutorial.kinds.formula import same_outcome

STEPS = [step for step in questions() if step.startswith("a") and step in steps()]
#: `make quick` asks at the public points alone.
at_both = pytest.mark.parametrize("points", ["public", pytest.param("secret", marks=pytest.mark.whole)])
every_step = pytest.mark.parametrize("step_id", STEPS)
MISTAKES = [(step, m) for step in STEPS for m in questions()[step].misconceptions]
ACCEPTED = [(step, style) for step in STEPS for style in questions()[step].accepted]


@pytest.fixture(scope="module")
def secret():
    """Expectations at fresh points, as a grading run draws them."""
    return {step: expectations(step, generator("a grading run", step)) for step in STEPS}


#: Once: to know a wrong derivation, all catalogued ones are evaluated.
public_expectations = cache(catalogue.public_expectations)


def judged(step_id, answer, expected=None, earlier=None):
    """The verdict on one answer, through the evidence."""
    step, question = find_step(step_id), questions()[step_id]
    expected = expected or public_expectations(step_id)
    evidence = step.collect(as_answers(step, answer, question.reference), expected.probes)
    return step.judge(evidence, expected, earlier or {})


@every_step
@at_both
def test_the_reference_is_right_and_earns_every_point(step_id, points, secret) -> None:
    verdict = judged(step_id, questions()[step_id].reference, secret[step_id] if points == "secret" else None)
    assert verdict.right and verdict.points == verdict.possible == find_step(step_id).points > 0
    assert verdict.misconception is None and verdict.counterexample is None


@at_both
@pytest.mark.parametrize(("step_id", "style"), ACCEPTED, ids=lambda part: part)
def test_every_equal_form_is_right(step_id, style, points, secret) -> None:
    answer = questions()[step_id].accepted[style]
    verdict = judged(step_id, answer, secret[step_id] if points == "secret" else None)
    assert verdict.right and verdict.points == verdict.possible, str(verdict)


@at_both
@pytest.mark.parametrize(("step_id", "mistake"), MISTAKES, ids=lambda part: getattr(part, "id", part))
def test_every_misconception_is_named_and_shown_in_numbers(step_id, mistake, points, secret) -> None:
    verdict = judged(step_id, mistake.answer, secret[step_id] if points == "secret" else None)
    assert verdict.misconception == mistake.id, str(verdict)
    assert verdict.status in ("wrong", "partly") and verdict.points < verdict.possible
    assert verdict.hint == mistake.hints[0]
    if points == "secret":  # nothing that tells the points of a grading run
        assert verdict.counterexample is None and verdict.picture is None
    else:
        assert any(mark.isdigit() for mark in verdict.counterexample), str(verdict)


@every_step
def test_there_are_enough_misconceptions_well_described(step_id) -> None:
    mistakes = questions()[step_id].misconceptions
    assert len(mistakes) >= 6
    assert len({m.id for m in mistakes}) == len({m.title for m in mistakes}) == len(mistakes)
    for m in mistakes:
        assert m.id.startswith(step_id + "-") and 2 <= len(m.hints) <= 3 and m.reveals and not m.title.endswith(".")


@every_step
def test_no_two_signatures_are_the_same(step_id, secret) -> None:
    """At public and at fresh points: else one mistake would be taken for another, or for the right answer."""
    for expected in (public_expectations(step_id), secret[step_id]):
        signatures = {"right": expected.reference, **expected.outcomes()}
        for (one, left), (other, right) in itertools.combinations(signatures.items(), 2):
            assert not same_outcome(left, right, loose=True), (one, other)


@every_step
@pytest.mark.parametrize("nothing", [..., None], ids=["ellipsis", "None"])
def test_an_answer_left_open_is_unfinished(step_id, nothing) -> None:
    verdict = verdict_on(step_id, nothing)
    assert verdict.status == "unfinished" and verdict.points == 0


NO_FORMULAS = [
    True,
    False,
    "",
    "what?",
    "import os",
    "__import__('os')",
    "1 +",
    (),
    [],
    {},
    object(),
    1 + 2j,
    float("nan"),
    float("inf"),
    b"a*x",
    lambda x: x,
    [1, 2],
    (..., ...),
    "y*z + nothing_of_this_step",
    "a.b",
    "x[0]",
    "9" * 999,
]


@every_step
def test_what_is_no_formula_is_explained(step_id) -> None:
    for answer in NO_FORMULAS:
        verdict, shown = verdict_on(step_id, answer), f"{type(answer).__name__} {str(answer)[:60]}"
        assert verdict.status in ("unreadable", "unfinished", "undecided") and verdict.points == 0, shown
        assert len(verdict.headline) > 20 and "Error" not in verdict.headline and "Traceback" not in str(verdict), shown


@every_step
def test_hints_come_in_a_ladder(step_id) -> None:
    step = find_step(step_id)
    assert 2 <= len(step.hints) <= 4
    for m in questions()[step_id].misconceptions[:2]:
        ladder = hints_for(step, verdict_on(step_id, m.answer))
        assert ladder == m.hints + step.hints
