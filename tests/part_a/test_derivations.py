"""Chains of lines: signs, counterexamples, points for real steps, forged and hostile chains."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.catalogue import public_expectations, questions
from lrtutorial import derivation
from lrtutorial import formulas as ex
from lrtutorial.checking import verdict_on
from lrtutorial.exercises import find_step, steps
from lrtutorial.formulas import derivations as dv
from lrtutorial.kinds import derivation as kind
from lrtutorial.symbols import a, beta, eta, k, t

RIGHT = list(questions()["a1-derivation"].reference)
DERIVATIONS = [step for step in questions() if step in steps() and steps()[step].kind.name == "derivation"]


# ------------------------------------------------------------------------------------------- shown freely


@pytest.mark.parametrize(
    ("lines", "signs"),
    [
        (RIGHT, "⇔⇔⇔⇔"),
        (["|η - 3| < 2", "-2 < η - 3 < 2", "1 < η < 2"], "⇔✗"),
        (["0 < η < 2", "η < 2"], "⇒"),
        (["η < 2", "0 < η < 2"], "✗"),
        (["0 < η", "0 <= η"], "⇒"),
        (["0 <= η", "0 < η"], "✗"),
        ([sympy.Abs(1 - eta * a) < 1, sympy.Interval.open(0, 2 / a)], "⇔"),
        (["|1 - η*λ_max| < 1", "0 < η*λ_max < 2", "η < 2/λ_max and η > 0"], "⇔⇔"),
        (["Sum(β^k, (k, 0, t - 1))", "(1 - β^t)/(1 - β)"], "="),
        ([sympy.Sum(beta**k, (k, 0, t - 1)), (1 - beta**t) / (1 - beta)], "="),
        (["Sum(β^k, (k, 0, t - 1))", "(1 - β^(t+1))/(1 - β)", "(1 - β^t*β)/(1 - β)"], "✗="),
        (
            [
                "S = Sum(β^k, (k, 0, t-1))",
                "β*S = Sum(β^(k+1), (k, 0, t-1))",
                "S - β*S = 1 - β^t",
                "S = (1-β^t)/(1-β)",
            ],
            "⇔⇔⇔",
        ),
        (["S = 1 + β*S", "S = 1/(1 - β)"], "⇔"),
        (["S = 1 + β*S", "S = 1/(1 + β)"], "✗"),
        (["S^2 = β", "S = β"], "≈"),
    ],
)
def test_each_line_is_set_against_the_one_above(lines, signs) -> None:
    shown = derivation(*lines)
    assert "".join(shown.signs) == signs
    assert shown.holds == (not set(signs) & set("✗⇒≈"))
    for mark, note in zip(shown.signs, shown.notes, strict=True):
        assert bool(note) == (mark in "✗⇒≈" and mark != "")
    html = shown._repr_html_()
    assert html.count("<tr>") == len(lines) and all(f'aria-label="{dv.WORDS[mark]}"' in html for mark in signs)


@given(
    st.integers(-3, 3),
    st.integers(1, 4),
    st.integers(-3, 3),
    st.integers(1, 4),
    st.sampled_from(["<", "<="]),
    st.sampled_from(["<", "<="]),
)
@settings(max_examples=60)
def test_signs_agree_with_set_inclusion(low, width, low2, width2, first, second) -> None:
    """Oracle: intervals compared by their ends."""
    shown = derivation(f"{low} {first} η and η < {low + width}", f"{low2} {second} η and η < {low2 + width2}")
    ends, ends2 = (low, first == "<", low + width), (low2, second == "<", low2 + width2)
    contained = ends[:2] >= ends2[:2] and ends[2] <= ends2[2]
    assert shown.signs[1] == ("⇔" if ends == ends2 else "⇒" if contained else "✗")


def test_a_counterexample_is_one() -> None:
    shown = derivation("-2 < -η*a < 0", "-2 < η*a < 0")
    point = {
        part.split(" = ")[0].strip(): Fraction(part.split(" = ")[1])
        for part in shown.notes[1].removeprefix("at ").split(":")[0].split(",")
    }
    assert -2 < -point["η"] * point["a"] < 0 and not -2 < point["η"] * point["a"] < 0


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((), "from 2 to 30"),
        (("η < 1",), "from 2 to 30"),
        (("η < 1", "2*x"), "all of one sort"),
        (("η < 1", "system('x')"), "line 2"),
        (("η < 1",) * 31, "from 2 to 30"),
        (("η < 1", 3j), "line 2"),
    ],
)
def test_what_is_no_chain_is_explained(lines, says) -> None:
    with pytest.raises(TypeError, match=says):
        derivation(*lines)


def test_an_open_chain_says_what_to_do() -> None:
    assert "in place of the ..." in str(derivation(...)) and not derivation("η < 1", ...).notes[0]


# ------------------------------------------------------------------------------------------------- checked


def test_a_list_of_lines_earns_its_points_by_real_steps() -> None:
    def points(*chain):
        return verdict_on("a1-derivation", list(chain)).points

    first, second, third, fourth, last = RIGHT
    assert points(*RIGHT) == 3
    assert points(first, second, fourth, last) == 3
    assert points(first, last) == 0  # nothing is shown
    assert points(first, second, last) == 0
    assert points(first, second, second, second, last) == 0  # a line repeated is no step
    assert points(first, second, "1 > 1 - a*η > -1", "-1 < 1 - η*a + 0 < 1", last) == 0  # nor is one rearranged
    assert points(first, "1 > |η*a - 1|", "|1 - a*η| < 1", last) == 0  # nor the first one again
    assert points(first, last, "0 < η and η < 2/a", last) == 0
    assert points(first, second, third, fourth) == 2  # sound, but not solved
    assert points(first, second, third, "-2 < η*a < 0", "-2/a < η < 0") == 1  # two sound lines, then a break
    assert points(first, "η < 2/a", "η < 3/a") == 0
    assert points(second, third, fourth, last) == 0  # begins elsewhere
    assert points("0 < η < 2/a", fourth, second, first, last) == 0


def test_the_first_line_is_asked_for_in_words_only() -> None:
    verdict = verdict_on("a1-derivation", RIGHT[1:])
    assert verdict.status == "unreadable" and "smaller than 1 in size" in verdict.headline
    assert "η" not in verdict.headline


def test_a_break_is_shown_where_it_is() -> None:
    verdict = verdict_on("a1-derivation", [*RIGHT[:3], "-2 < η*a < 0", "-2/a < η < 0"])
    assert verdict.details == (
        "|1 − η·a| < 1",
        "⇔ −1 < 1 − η·a < 1",
        "⇔ −2 < −η·a < 0",
        "✗ −2 < η·a < 0",
        "⇔ −2/a < η < 0",
    )
    assert verdict.misconception == "a1-derivation-no_flip" and verdict.headline.startswith(
        "Line 4 does not follow from line 3"
    )
    assert "line 3 reads" in verdict.counterexample and "which is true; line 4 reads" in verdict.counterexample


def test_a_line_that_says_less_is_told_from_one_that_does_not_follow() -> None:
    verdict = verdict_on("a1-derivation", [RIGHT[0], RIGHT[1], "1 - η*a < 1", "η > 0"])
    assert "does not lead back" in verdict.headline and "⇒ 1 − η·a < 1" in verdict.details


@pytest.mark.parametrize(
    ("chain", "status"),
    [
        (RIGHT[0], "unreadable"),
        ([RIGHT[0], ...], "unfinished"),
        ([RIGHT[0], 7], "unreadable"),
        ([RIGHT[0], "a*eta"], "unreadable"),
        ([RIGHT[0], "0 < b < 2"], "unreadable"),
        ([RIGHT[0]], "unreadable"),
        ([RIGHT[0]] * 40, "unreadable"),
        ([RIGHT[0], "v(3) < 1"], "unreadable"),
        (
            [RIGHT[0], "Sum(Sum(Sum(k, (k, 0, 4000)), (k, 0, 4000)), (k, 0, 4000)) < eta", RIGHT[-1]],
            "undecided",
        ),
        ([RIGHT[0], "eta^(10^9) < 10^(10^9)", RIGHT[-1]], "undecided"),
        ([RIGHT[0], True], "unreadable"),
        ({1: 2}, "unreadable"),
    ],
)
def test_chains_that_can_not_be_judged(chain, status) -> None:
    verdict = verdict_on("a1-derivation", chain)
    assert verdict.status == status and verdict.points == 0, str(verdict)


@pytest.mark.parametrize("step_id", DERIVATIONS)
@pytest.mark.parametrize(
    "evidence",
    [
        None,
        [],
        {},
        {"kind": "formula", "tree": ["true"]},
        {"kind": "derivation"},
        {"kind": "derivation", "lines": "x"},
        {"kind": "derivation", "lines": []},
        {"kind": "derivation", "lines": [1, 2]},
        {"kind": "derivation", "lines": [["true"]] * 31},
        {"kind": "derivation", "lines": [["true"], ["true"]]},
        {"kind": "derivation", "lines": [["false"], ["number", "nan"]]},
        {"kind": "derivation", "problem": ["x"] * 1000},
    ],
    ids=str,
)
def test_forged_evidence_is_worth_nothing(step_id, evidence) -> None:
    verdict = kind.judge(find_step(step_id), evidence, public_expectations(step_id))
    assert verdict.points == 0 and verdict.possible == find_step(step_id).points
    assert verdict.status in ("failed", "unreadable") and len(verdict.headline) < 600


def test_solved_means_alone_on_one_side() -> None:
    yes = ["0 < eta < 2/a", "eta > 1", "2/a > eta and eta > 0"]
    no = ["0 < eta*a < 2", "eta < 2/eta", "-eta > -2/a and -eta < 0", "|eta| < 1"]
    assert all(dv.solved(ex.read(line), "eta") for line in yes)
    assert not any(dv.solved(ex.read(line), "eta") for line in no)
