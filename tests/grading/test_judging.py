"""What is judged on secret probes: nothing is computed that no verdict needs, and no verdict is another for it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from autograder import catalogue
from autograder.grading import expectations
from autograder.grading.judging import Grading, combined
from lrtutorial.answers.session import Session
from lrtutorial.course import exercise_with, find_step, steps
from lrtutorial.course.expected import recorded

FREE = [name for name, step in steps().items() if step.kind.name not in ("prediction", "lr_finder")]


def _evidence(step, answer, asked):
    """What an answer gives on all probes, as the kernel would send it."""
    answers = catalogue.as_answers(step, answer, catalogue.questions()[step.id].reference)
    probes = {name: one.probes if step.kind.probed else None for name, one in asked.items()}
    return {name: step.collect(answers, given) for name, given in probes.items()}


@pytest.mark.parametrize("name", FREE)
def test_a_wrong_answer_gets_the_verdict_that_all_comparisons_give(name):
    step = find_step(name)
    grading = Grading(name, "a notebook", "secret " * 5, "draw")
    asked = grading.question(step)
    mistakes = catalogue.questions()[name].misconceptions
    for mistake in [*mistakes[::5], *(one for one in mistakes[1:] if step.kind.prices(one.id))]:
        evidence = _evidence(step, mistake.answer, asked)
        grading.sessions = {"public": Session(), "secret": Session()}
        verdict = grading.judge(step, asked, evidence.get)
        each = {key: step.judge(evidence[key], asked[key], {}) for key in asked}
        assert verdict == combined(each["public"], each["secret"])
        assert not verdict.right


@pytest.mark.parametrize(
    ("answer", "names"),
    [("reference", ["secret"]), ("b2-no_history", ["secret", "public"]), (..., ["secret"])],
    ids=["right", "wrong", "unfinished"],
)
def test_the_public_probes_are_asked_only_for_the_words_of_a_mistake(answer, names):
    step, asked_for = find_step("b2"), []
    grading = Grading("part_b", "b2_adam", "secret " * 5, "draw")
    asked, question = grading.question(step), catalogue.questions()["b2"]
    given = {m.id: m.answer for m in question.misconceptions} | {"reference": question.reference}
    evidence = _evidence(step, given.get(answer, ...), asked)

    def ask(name):
        asked_for.append(name)
        return evidence[name]

    verdict = grading.judge(step, asked, ask)
    assert asked_for == names
    status = {"reference": "right", "b2-no_history": "partly", ...: "unfinished"}[answer]
    assert (verdict.status, verdict.right) == (status, answer == "reference")
    assert (verdict.points == 20) == (answer == "reference")
    if answer == "b2-no_history":
        assert verdict.misconception == answer and verdict.counterexample


def test_a_kernel_that_only_answers_the_first_question_earns_nothing_by_it():
    step = find_step("b2")
    grading = Grading("part_b", "b2_adam", "secret " * 5, "draw")
    asked, question = grading.question(step), catalogue.questions()["b2"]
    wrong = next(m for m in question.misconceptions if m.id == "b2-no_history")
    first = {"secret": _evidence(step, wrong.answer, asked)["secret"], "public": None}
    verdict = grading.judge(step, asked, first.get)
    assert verdict.points == 0 and verdict.status == "failed"


def test_misconceptions_are_computed_for_an_answer_that_is_only_right_in_public():
    step = find_step("b2")
    grading = Grading("part_b", "b2_adam", "secret " * 5, "draw")
    asked = grading.question(step)
    question = catalogue.questions()["b2"]
    wrong = next(m for m in question.misconceptions if m.id == "b2-no_history")
    evidence = {
        "public": _evidence(step, question.reference, asked)["public"],
        "secret": _evidence(step, wrong.answer, asked)["secret"],
    }
    verdict = grading.judge(step, asked, evidence.get)
    assert verdict.misconception == "b2-no_history" and "not on fresh ones" in verdict.headline


def test_only_what_is_asked_for_is_computed(monkeypatch):
    step, computed = find_step("b4"), []
    monkeypatch.setattr(catalogue, "outcome_of", lambda *given: computed.append(given) or {"a": "b"})
    drawn = catalogue.expectations("b4", catalogue.generator("words"))
    assert drawn.probes and not computed
    assert drawn.reference == drawn.reference == {"a": "b"} and len(computed) == 1
    assert len(drawn.outcomes()) == len(catalogue.questions()[step.id].misconceptions) == len(computed) - 1
    drawn.outcomes()
    assert len(computed) == len(drawn.outcomes()) + 1


def test_a_draw_is_computed_once_and_another_one_asks_something_else(monkeypatch):
    step = find_step("b2")
    draws = [Grading("part_b", "b2_adam", "secret " * 5, draw).question(step)["secret"] for draw in "aab"]
    assert draws[0] is draws[1] and draws[0].probes != draws[2].probes
    other = Grading("part_b", "b2_adam", "another " * 5, "a").question(step)["secret"]
    assert other.probes != draws[0].probes
    calls, real = [], catalogue.outcome_of
    monkeypatch.setattr(catalogue, "outcome_of", lambda *given: calls.append(given) or real(*given))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda expected: expected.reference, [draws[2]] * 8))
    assert len(calls) == 1 and all(one is found[0] for one in found)


@pytest.mark.parametrize("name", steps())
def test_judging_leaves_what_all_submissions_are_compared_with_as_it_was(name, monkeypatch):
    step, question = find_step(name), catalogue.questions()[name]
    # of four mistakes, which are the answers, too: the sweeps of all of B4's take ten seconds
    question = replace(question, misconceptions=question.misconceptions[:4])
    monkeypatch.setitem(catalogue.questions(), name, question)
    monkeypatch.setitem(catalogue._questions_of(exercise_with(step).id), name, question)
    if step.kind.foretells:  # plain data from a file, of which each verdict gets its own view
        expected = recorded(name)
    else:
        expected = Grading("any", "a notebook", "secret " * 5, "unchanged").question(step)["secret"]

    def whole():
        return json.dumps([expected.probes, expected.reference, dict(expected.outcomes())], sort_keys=True)

    before = whole()
    for answer in [question.reference, *(m.answer for m in question.misconceptions)]:
        answers = catalogue.as_answers(step, answer, question.reference)
        evidence = step.collect(answers, expected.probes)
        step.judge(evidence, expected, {})
    assert whole() == before


def test_a_catalogue_that_fails_is_no_ones_wrong_answer(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("our own")

    grading = Grading("part_b", "b2_adam", "secret " * 5, "a draw that fails")
    step = find_step("b2")
    asked = grading.question(step)
    evidence = _evidence(step, catalogue.questions()["b2"].reference, asked)
    monkeypatch.setattr(catalogue, "outcome_of", broken)
    with pytest.raises(catalogue.CatalogueFailed, match="b2: .*our own"):
        grading.judge(step, asked, evidence.get)


def test_a_seed_on_which_the_experiment_comes_out_otherwise_is_not_the_classs(monkeypatch, tmp_path):
    """On this seed another of the seven rates is the best: who predicted as the notebook shows lost points by it."""
    rare, usual = 728701829, 5
    step = find_step("c1-prediction_1")
    assert [step.kind.found(seed) for seed in (0, rare, usual)] == ["0.464", "0.1", "0.464"]

    class Drawn:
        def __init__(self, *seeds):
            self.seeds = iter(seeds * 5)

        def integers(self, low, high):
            return next(self.seeds)

    for seeds, taken, reference in (
        ((rare, usual), usual, "0.464"),
        ((usual, rare), usual, "0.464"),
        ((rare,), rare, "0.1"),
    ):
        monkeypatch.setattr(expectations.catalogue, "generator", lambda *words, seeds=seeds: Drawn(*seeds))
        for again in range(2):  # computed, then as it was kept
            data = expectations._kept.__wrapped__("secret", step.id, tmp_path / "-".join(map(str, seeds)))
            assert (data["probes"], data["reference"]) == ([taken], reference), (seeds, again)
