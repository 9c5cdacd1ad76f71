"""Method points need a method: what follows from a constant, or from a step that stands still, earns nothing."""

from __future__ import annotations

from typing import Any

import pytest

from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import formula
from lrtutorial.verdict import Verdict


def judged(answers: dict[str, Any]) -> dict[str, Verdict]:
    """Judge the steps in turn, each given the evidence of those before it."""
    earlier: dict[str, Any] = {}
    verdicts = {}
    for name, answer in answers.items():
        step = find_step(name)
        earlier[name] = formula.collect(step, {step.answers[0]: answer})
        verdicts[name] = formula.judge(step, earlier[name], recorded(name), earlier)
    return verdicts


@pytest.mark.parametrize(
    "answers",
    [
        {"a1-gradient": "7", "a1-update": "7", "a1-closed_form": "7"},
        {"a1-gradient": "0", "a1-update": "x", "a1-closed_form": "x0"},
        {"a3-second_moment": "7", "a3-effective_lr": "7"},
        {"a4-expected_m": "7", "a4-bias_at_1": 7},
    ],
)
def test_constants_that_follow_from_constants_earn_nothing(answers: dict[str, Any]) -> None:
    assert {name: verdict.points for name, verdict in judged(answers).items()} == dict.fromkeys(answers, 0)


def test_the_right_method_on_a_wrong_result_earns_its_share() -> None:
    verdicts = judged(
        {
            "a1-gradient": "2*a*x",
            "a1-update": "x - 2*eta*a*x",
            "a1-closed_form": "(1 - 2*eta*a)**t*x0",
            "a1-condition": "0 < eta < 1/a",
        }
    )
    assert verdicts["a1-gradient"].points == 0
    for name in ("a1-update", "a1-closed_form", "a1-condition"):
        assert verdicts[name].points == pytest.approx(formula.METHOD_SHARE * verdicts[name].possible)
        assert "method points" in verdicts[name].lines[0].note
