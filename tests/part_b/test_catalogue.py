"""One table for B1 to B3: every wrong answer named, every right one in full marks, at public and fresh probes.

B4 and B5 have tables of their own, in test_b4.py and test_b5.py; what holds of all five is asked here.
The judge names the first misconception whose outcome matches. So "each one is named as itself" also says
that no two share an outcome, and that none is the reference's.
"""

from __future__ import annotations

import copy
import json
from functools import cache

import pytest

from autograder.catalogue import as_answers, expectations, generator, public_expectations, questions
from autograder.grading.judging import Unnamed
from autograder.references.trajectories import visualize_optimizers_2d
from lrtutorial.checking import hints_for, verdict_on
from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import optimizer, trajectories

STEPS = [step for step in questions() if step.startswith("b")]
every_step = pytest.mark.parametrize("step_id", STEPS)
#: B4's and B5's answers are put to public and secret probes in test_b4.py and test_b5.py.
HERE = [step for step in STEPS if step not in ("b4", "b5")]
MISTAKES = [(step, m) for step in HERE for m in questions()[step].misconceptions]
FIGURES: dict[tuple, dict] = {}  #: of the reference, by the four runs that it draws
ACCEPTED = [(step, style) for step in HERE for style in questions()[step].accepted]


def both(cases):
    """Public probes and, but for `make quick`, fresh ones."""
    rows = [("public", *case) for case in cases] + [("fresh", *case) for case in cases]
    return [
        pytest.param(
            *row,
            id="-".join(str(getattr(part, "id", part)) for part in row),
            marks=[pytest.mark.whole] if row[0] == "fresh" else [],
        )
        for row in rows
    ]


@cache
def expected_on(probes, step_id):
    if probes == "public":
        return public_expectations(step_id)
    return expectations(step_id, generator("a grading run", step_id))


def judged(step_id, answer, probes="public"):
    """The verdict on one answer; the evidence goes through JSON, as it does from a kernel."""
    step, expected = find_step(step_id), expected_on(probes, step_id)
    answers = as_answers(step, answer, questions()[step_id].reference)
    evidence = json.loads(json.dumps(step.collect(answers, expected.probes)))
    return step.judge(evidence, expected, {})


@pytest.fixture(autouse=True)
def the_references_figure_is_drawn_once(monkeypatch) -> None:
    """Most of B3's mistakes are in one of its runs, and the figure beside it is the reference's: 600 times the same."""
    draw, names = trajectories.draw, visualize_optimizers_2d.__globals__

    def drawn(function):
        if function is not visualize_optimizers_2d:
            return draw(function)
        runs = tuple(names[f"run_{word}"] for word in ("sgd", "momentum", "rmsprop", "adam"))  # others may stand in
        if runs not in FIGURES:
            FIGURES[runs] = draw(function)
        return copy.deepcopy(FIGURES[runs])

    monkeypatch.setattr(trajectories, "draw", drawn)


@pytest.mark.parametrize(("probes", "step_id"), both([(step,) for step in HERE]))
def test_the_reference_earns_every_point(probes, step_id) -> None:
    verdict = judged(step_id, questions()[step_id].reference, probes)
    assert verdict.right and verdict.points == verdict.possible == find_step(step_id).points == 20, str(verdict)
    assert verdict.misconception is None and verdict.counterexample is None


@pytest.mark.parametrize(("probes", "step_id", "style"), both(ACCEPTED))
def test_every_honest_style_earns_every_point(probes, step_id, style) -> None:
    verdict = judged(step_id, questions()[step_id].accepted[style], probes)
    assert verdict.right and verdict.points == verdict.possible, str(verdict)


@pytest.mark.parametrize(("probes", "step_id", "mistake"), both(MISTAKES))
def test_every_mistake_is_named_and_costs_points(probes, step_id, mistake) -> None:
    verdict = judged(step_id, mistake.answer, probes)
    assert verdict.misconception == mistake.id, str(verdict)
    assert verdict.status in ("wrong", "partly") and verdict.points < verdict.possible
    assert mistake.title in verdict.headline and verdict.hint == mistake.hints[0]
    if probes == "fresh":  # nothing that tells the inputs of a grading run
        assert verdict.counterexample is None and verdict.picture is None
    else:
        # A figure's fault is a fact about the figure; anything else comes with numbers.
        figure = "figure" in mistake.id or "plot" in mistake.id
        assert verdict.counterexample or figure, str(verdict)


@pytest.mark.whole
@pytest.mark.parametrize("draw", range(2))  # and a third, the fresh one above
@pytest.mark.parametrize("step_id", HERE)
def test_no_draw_of_secret_probes_lets_a_mistake_pass(step_id, draw, monkeypatch) -> None:
    """Grading runs the public probes only on what fails on the secret ones: those have to see every mistake alone.

    Which mistake it is takes as long as the runs, decides nothing about passing, and is asked by the tests above.
    """
    for kind in (optimizer, trajectories):
        monkeypatch.setattr(kind, "explained", lambda *asked: [])
    step, question = find_step(step_id), questions()[step_id]
    drawn = Unnamed(expectations(step_id, generator("draw", step_id, str(draw))))
    passed = [
        mistake.id
        for mistake in question.misconceptions
        if step.judge(step.collect(as_answers(step, mistake.answer, question.reference), drawn.probes), drawn).right
    ]
    assert passed == []


@every_step
def test_there_are_enough_mistakes_well_described(step_id) -> None:
    mistakes = questions()[step_id].misconceptions
    assert len(mistakes) >= 20
    assert len({m.id for m in mistakes}) == len({m.title for m in mistakes}) == len(mistakes)
    for m in mistakes:
        assert m.id.startswith(step_id + "-") and 2 <= len(m.hints) <= 3 and m.reveals
        assert not m.title.endswith(".")


@pytest.mark.parametrize("step_id", ["b1", "b2", "b3"])
def test_every_probe_counts_and_is_put_into_words(step_id) -> None:
    """A probe outside the rubric could be failed at no cost; one without words would have no counterexample."""
    step = find_step(step_id)
    counted = {name.partition(":")[0] for line in step.rubric for name in line.probes}
    asked = {probe["id"] for probe in expected_on("public", step_id).probes if not probe.get("drawn")}
    assert counted == asked and asked <= set(step.kind.says)


@every_step
def test_what_is_recorded_is_what_the_catalogue_gives(step_id) -> None:
    """`python -m autograder record` writes it anew."""
    step, kept = find_step(step_id), recorded(step_id)
    assert [probe["id"] for probe in kept.probes] == [p["id"] for p in expected_on("public", step_id).probes]
    assert list(kept.outcomes()) == [m.id for m in questions()[step_id].misconceptions if not m.simulated]
    answers = as_answers(step, questions()[step_id].reference, questions()[step_id].reference)
    verdict = step.judge(step.collect(answers, kept.probes), kept)
    assert verdict.right, str(verdict)


@every_step
@pytest.mark.parametrize("nothing", [..., None], ids=["ellipsis", "None"])
def test_an_answer_left_open_is_unfinished_and_earns_nothing(step_id, nothing) -> None:
    verdict = verdict_on(step_id, *[nothing] * len(find_step(step_id).answers))
    assert verdict.status == "unfinished" and verdict.points == 0
    assert verdict_on(step_id).status == "unreadable" and verdict_on(step_id).points == 0


@every_step
def test_hints_come_in_a_ladder(step_id) -> None:
    step = find_step(step_id)
    assert 2 <= len(step.hints) <= 4
    m = questions()[step_id].misconceptions[0]
    assert hints_for(step, judged(step_id, m.answer)) == m.hints + step.hints
