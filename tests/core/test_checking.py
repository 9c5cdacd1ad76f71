"""What ``check`` and ``hint`` say to every call that can't be judged, and that they never raise in a notebook."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import lrtutorial
from autograder import catalogue
from lrtutorial.checking import check, hint, hints_for, verdict_on
from lrtutorial.course import find_step, steps
from lrtutorial.verdict import CheckFailed, Line, Verdict


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a1-gradent", 1), "'a1-gradient'"),
        (("A1 gradient", 1), "'a1-gradient'"),
        (("b3_", 1), "Did you mean"),
        (("zzz", 1), "The checks are"),
        ((None,), "name of the step in quotes"),
        ((lambda: 1,), "name of the step in quotes"),
        (("b2",), 'check("b2", Adam)'),
        (("a1-gradient",), 'check("a1-gradient", gradient)'),
        (("a1-gradient", 1, 2), "2 answers are given, 1 expected"),
    ],
)
def test_a_wrong_call_says_what_was_expected(words: tuple[Any, ...], said: str) -> None:
    verdict = verdict_on(*words)
    assert verdict.status == "unreadable"
    assert said in verdict.headline
    assert verdict.points == 0


class NoStep:
    def __init__(self, params: Any, **kwargs: Any) -> None: ...


class Raises:
    def __init__(self, params: Any, **kwargs: Any) -> None:
        self.params = params

    def step(self, grads: Any) -> None:
        raise ZeroDivisionError("by my own doing")


class Lists:
    """Keeps its parameters as lists of floats in place of arrays."""

    def __init__(self, params: Any, lr: float = 0.1, **kwargs: Any) -> None:
        self.params, self.lr = [p.tolist() for p in params], lr

    def step(self, grads: Any) -> None:
        self.params = [np.asarray(p) - self.lr * g for p, g in zip(self.params, grads, strict=True)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "..."),
        (None, "None"),
        (catalogue.questions()["b2"].reference([np.ones(2)]), "the class itself"),
        (NoStep, "step"),
        (7, "int"),
        ([1.0, 2.0], "list"),
        (Raises, "by my own doing"),
        (Lists, ""),
    ],
)
def test_what_is_no_optimizer_class_is_explained(answer: Any, said: str) -> None:
    verdict = verdict_on("b2", answer)
    assert verdict.points == 0
    assert not verdict.right
    assert said in str(verdict)
    assert "Traceback" not in str(verdict)


@pytest.mark.parametrize("step", list(steps().values()), ids=lambda step: step.id)
def test_an_unfinished_answer_is_called_unfinished(step: Any) -> None:
    verdict = verdict_on(step.id, *[...] * len(step.answers))
    assert verdict.status == "unfinished"
    assert verdict.points == 0
    assert verdict.possible == step.points


def test_under_nbgrader_a_check_that_is_not_right_raises_its_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    from lrtutorial.symbols import a, x

    for mode in ("validate", "autograde"):
        monkeypatch.setenv("NBGRADER_EXECUTION", mode)
        with pytest.raises(CheckFailed, match="a1-gradient"):
            check("a1-gradient", 2 * a * x)
        check("a1-gradient", a * x)
    monkeypatch.delenv("NBGRADER_EXECUTION")
    check("a1-gradient", 2 * a * x)


def test_hints_go_up_the_ladder_and_begin_again(capsys: pytest.CaptureFixture[str]) -> None:
    ladder = hints_for(find_step("a1-update"))
    for _ in range(len(ladder) + 1):
        hint("a1-update")
    printed = capsys.readouterr().out.splitlines()
    assert [text in line for text, line in zip(ladder, printed, strict=False)] == [True] * len(ladder)
    assert "begin again" in printed[-1]
    hint("a1-updat")
    assert "Did you mean" in capsys.readouterr().out


def test_hints_for_a_named_mistake_come_first() -> None:
    from lrtutorial.symbols import a, x

    verdict = verdict_on("a1-gradient", 2 * a * x)
    words = catalogue.misconceptions_by_id()[verdict.misconception][1]
    assert hints_for(find_step("a1-gradient"), verdict)[: len(words.hints)] == words.hints


def test_importing_is_light() -> None:
    code = (
        "import sys, lrtutorial; from lrtutorial import check, hint; "
        "print([m for m in ('torch', 'sympy', 'matplotlib', 'ipywidgets', 'autograder') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_explained() -> None:
    with pytest.raises(AttributeError, match="it has .*check"):
        lrtutorial.chek  # noqa: B018
    assert "check" in dir(lrtutorial)


VERDICT = Verdict(
    "b2", "partly", "A <b>headline</b>.", (Line("one", "First", 1, 2, "note"), Line("two", "Second", 0, 3)),
    misconception="m", details=("detail",), counterexample="3 < 4", hint="look", where="line 2", checked="checked",
)  # fmt: skip


def test_a_verdict_survives_as_data_and_escapes_what_it_shows() -> None:
    assert Verdict.from_data(VERDICT.as_data()) == VERDICT
    assert (VERDICT.points, VERDICT.possible, VERDICT.right) == (1, 5, False)
    html = VERDICT._repr_html_()
    assert "<b>headline" not in html and "&lt;b&gt;headline" in html and "3 &lt; 4" in html
    for part in ("First", "note", "detail", "look", "line 2", "checked", "1 of 5 points"):
        assert part in html and part in str(VERDICT)
    with pytest.raises(ValueError, match="unknown status"):
        Verdict("b2", "splendid", "")
    none = VERDICT.with_no_points("failed", "why")
    assert (none.points, none.possible) == (0, 5)
