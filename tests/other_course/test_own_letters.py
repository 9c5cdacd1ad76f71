"""What a check says of formulas is said in the letters of the course, whatever its subject."""

from __future__ import annotations

import sys
from fractions import Fraction
from types import ModuleType

import pytest
import sympy

from lrtutorial import course as courses
from lrtutorial import formulas as ex
from lrtutorial.checking.page import keys
from lrtutorial.course import Course, home
from lrtutorial.course.exercise import RubricLine, Step
from lrtutorial.course.letters import COUNT, POSITIVE, Symbol
from lrtutorial.exercises import COURSE
from lrtutorial.formulas.derivations import derivation
from lrtutorial.formulas.relations import relation, unknown_of
from lrtutorial.kinds import Formula
from lrtutorial.kinds.formula import judge

CHANCE = {"n": Symbol(range(2, 30), COUNT), "p": Symbol((0.1, 0.9), POSITIVE)}
#: Symbols of a course: the sum that is shown to who typed one without limits.
SUMS = {
    "a count and a chance": (CHANCE, "Sum(p**k, (k, 0, n - 1))"),
    "a count called k": ({"k": Symbol(range(9), COUNT), "q": Symbol((0, 1))}, "Sum(q**j, (j, 0, k - 1))"),
    "no count": ({"q": Symbol((0, 1))}, "Sum(q**k, (k, 0, 9))"),
    "no symbols": ({}, "Sum(2**k, (k, 0, 9))"),
    "ours": (COURSE.symbols, "Sum(beta**k, (k, 0, t - 1))"),
}


def teach(monkeypatch: pytest.MonkeyPatch, symbols: dict[str, Symbol], **more: object) -> None:
    """Make a course with these symbols the current one."""
    module = ModuleType("urns")
    module.COURSE = Course(home="urns", id="urns", title="Urns", parts={}, exercises=(), symbols=symbols, **more)
    monkeypatch.setitem(sys.modules, "urns", module)
    monkeypatch.setattr(home, "_home", "urns")
    assert courses.current() is module.COURSE


@pytest.mark.parametrize("case", SUMS)
def test_a_sum_without_limits_is_shown_one_in_the_course_s_own_letters(case, monkeypatch) -> None:
    symbols, shown = SUMS[case]
    teach(monkeypatch, symbols)
    for answer, power in (("Sum(2, 3)", "**"), ("Σ 2", "^"), ("Σ_{=0}^3 k", "^")):
        with pytest.raises(ex.Unreadable) as said:
            ex.read(answer, ("k",))
        assert str(said.value).endswith(f"needs its index with both limits, as in {shown.replace('**', power)}"), answer
    assert ex.read(shown, tuple(symbols))[0] == "sum"  # what is advised can be read


@pytest.mark.parametrize("symbols, named", [(("n", "p"), "p"), (("q",), "q"), ((), "x")])
@pytest.mark.parametrize("variable", ["", "n"])
def test_a_condition_is_shown_in_the_step_s_own_letters(symbols, named, variable) -> None:
    line = RubricLine("all", "All", 1)
    kind = Formula(symbols=symbols, condition=True, variable=variable)
    step = Step(id="urn", kind=kind, answers=("when",), asks="when", rubric=(line,), hints=())
    verdict = judge(step, {"kind": "formula", "tree": ["number", "1"]}, None)
    name = variable or named
    assert verdict.headline.startswith(f"A condition such as And(low < {name}, {name} < high) was expected")


def test_conditions_are_solved_for_the_letters_that_the_course_names(monkeypatch) -> None:
    lines = [ex.read("eta > S*p", ("eta", "S", "p"))]
    assert unknown_of(lines) == "eta"  # ours
    free = {"eta": Symbol((0, 1)), "S": Symbol((0, 1)), "p": Symbol((0, 1))}
    teach(monkeypatch, free, unknowns=("p",))
    assert unknown_of(lines) == "p"
    teach(monkeypatch, free)
    assert unknown_of(lines) == "eta"  # alone on its side
    assert unknown_of([ex.read("S > eta*p", ("eta", "S", "p"))]) == "S"
    reals = sympy.Interval(0, 1)
    assert unknown_of([["true"]]) == "x"
    assert relation(ex.read(reals), ex.read(reals)).mark == "⇔"
    assert "⇔" in str(derivation("0 < p and p < 1", "p < 1 and p > 0"))
    assert ex.holds(ex.read(reals), {"p": Fraction(1, 2)}, "p")


def test_the_keypad_has_what_the_course_s_own_sums_need(monkeypatch) -> None:
    def typed(*symbols: str) -> list[str]:
        line = RubricLine("all", "All", 1)
        kind = Formula(symbols=symbols)
        return [
            key["types"] for key in keys(Step(id="urn", kind=kind, answers=("f",), asks="f", rubric=(line,), hints=()))
        ]

    assert {"Sum(", "k"} <= set(typed("t")) and "Sum(" not in typed("p")
    teach(monkeypatch, CHANCE)
    assert {"Sum(", "k"} <= set(typed("n", "p")) and "Sum(" not in typed("t")
    teach(monkeypatch, {"k": Symbol(range(9), COUNT)})
    assert {"Sum(", "j", "k"} <= set(typed("k"))
