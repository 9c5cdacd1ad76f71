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
from lrtutorial.course import find_step, steps
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
        (["S^2 = β", "S = β"], "✗"),
        (["2*x < 6", "x < 4"], "⇒"),
        (["|x| < 3", "x < 3"], "⇒"),
        (["x > 3", "x^2 > 9"], "⇒"),
        (["η^2 < 4", "η < 2"], "⇒"),
        (["b*x < 6", "x < 6/b"], "✗"),
        (["b > 0", "b*x < 6", "x < 6/b"], "✗⇔"),  # the second line is new; the third divides by what is positive
        (["b > 1 and b*x < 6", "b*x < 6", "x < 6/b"], "⇒⇔"),
        (["x > 0 and x^2 > 3*x", "x^2 > 3*x", "x > 3"], "⇒⇔"),
        (["-3 < x < 3", "|x| < 3", "x < 3"], "⇔⇒"),  # what the line above says itself is not said by the new one
        (["0 < x < 2", "x < 2", "x < 3"], "⇒⇒"),
        (["x + y < 2", "y < 2 - x"], "⇔"),
        (["5/u < 4", "u < 0 or u > 5/4"], "⇔"),
        (["1/u > 1", "u < 1"], "⇒"),
        (["x^2 = 2 and x > 0", "x = sqrt(2)"], "⇔"),
        (["x < sqrt(2)", "x < 1.41421356"], "✗"),
        (["x^3 < 2", "x < 1.26"], "⇒"),
        (["x < oo", "x^2 >= 0"], "⇔"),
        (["x^2 < -1", "x < x"], "⇔"),
        (["sqrt((1 - η*a)^2) < 1", "|1 - η*a| < 1"], "⇔"),
        (["η < 2/sqrt(a)", "η*sqrt(a) < 2"], "⇔"),
        (["exp(x) < 2", "x < log(2)"], "≈"),
        (["exp(x) < 2", "x < 0.69"], "✗"),
        (["(1 - η*a)^t < 1", "|1 - η*a| < 1"], "✗"),
        (["x^2 - 1", "(x - 1)*(x + 1)"], "="),
        (["(x^2 - 1)/(x - 1)", "x + 1"], "✗"),
        (["Sum(β^k, (k, 0, oo))", "1/(1 - β)"], "="),
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


def test_numbers_are_written_as_numbers() -> None:
    shown = derivation("-2 < -η*a < 0", "-2 < η*a < 0")
    assert shown.notes[1] == (
        "at a = 1, η = 1: line 1 reads −2 < −1 < 0, which is true; line 2 reads −2 < 1 < 0, which is false."
    )
    assert "line 1 reads 1.41421356237 < 1.41421356" not in str(derivation("x < 1.41421356", "x^2 < 2"))
    assert "at x = 3: line 1 reads 6 < 6, which is false; line 2 reads 3 < 4, which is true." in str(
        derivation("2*x < 6", "x < 4")
    )


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
        (("η < 1",), "one came"),
        (("η < 1", "2*x"), "line 2 is a formula"),
        (("2*x", "η < 1"), "line 2 is a condition"),
        (("η < 1", "system('x')"), "Line 2"),
        (("η < 1",) * 31, "from 2 to 30"),
        (("η < 1", 3j), "Line 2"),
    ],
)
def test_what_is_no_chain_is_told_and_stops_nothing(lines, says) -> None:
    shown = derivation(*lines)
    assert says in shown.problem and says in str(shown) and "lr-derivation" in shown._repr_html_()
    assert not shown.holds and not shown.trees


@pytest.mark.parametrize(
    "lines",
    [
        ["x^24 + y*x^7 - 3*x^5*y^3 < 1/3", "(x^24 + y*x^7 - 3*x^5*y^3)*(x - y) < 0"],
        ["(x + y + z + w + b + c)^9 < 1", "(x + y + z + w + b + c)^3 < 1"],
        ["+".join(f"|x - {n}|" for n in range(20)) + " < 5", "x < 3"],
        ["exp(" * 30 + "x" + ")" * 30 + " < 1", "x < 2"],
        ["Sum(Sum(Sum(k, (k, 0, 4000)), (k, 0, 4000)), (k, 0, 4000)) < x", "0 < x"],
        ["x^(10^9) < 10^(10^9)", "x < 1"],
        ["x < " + "9" * 300, "x^24 < " + "9" * 300],
    ],
)
def test_lines_that_would_take_too_long_are_left_open(lines) -> None:
    shown = derivation(*lines)
    assert shown.signs[1] == "≈" or shown.notes[1].startswith("at "), str(shown)
    assert shown.signs[1] != "≈" or "not proved" in shown.notes[1] or shown.notes[1] == "could not be decided."


def test_an_open_chain_says_what_to_do() -> None:
    assert "in place of the ..." in str(derivation(...)) and derivation("η < 1", ...).problem


# ------------------------------------------------------------------------------------------------- checked


def test_a_list_of_lines_earns_its_points_by_real_steps() -> None:
    def points(*chain):
        return verdict_on("a1-derivation", list(chain)).points

    first, second, third, fourth, last = RIGHT
    assert points(*RIGHT) == 6
    assert points(first, second, fourth, last) == 6
    assert points(first, last) == 0  # nothing is shown
    assert points(first, second, last) == 0
    assert points(first, second, second, second, last) == 0  # a line repeated is no step
    assert points(first, second, "1 > 1 - a*η > -1", "-1 < 1 - η*a + 0 < 1", last) == 0  # nor is one rearranged
    assert points(first, "1 > |η*a - 1|", "|1 - a*η| < 1", last) == 0  # nor the first one again
    assert points(first, last, "0 < η and η < 2/a", last) == 0
    assert points(first, "2*|1 - η*a| < 2", "3*|1 - η*a| + 1 < 4", fourth, last) == 0  # nor one multiplied
    assert points(first, second, third, fourth, first, last) == 0  # nor may the bars open on the solution
    assert points(first, f"{first} and 1 > 0", fourth, last) == 0
    assert points(second, third, fourth, last) == 6  # the given set, said in another way
    assert points(first, second, third, fourth) == 4  # sound, but not solved
    assert points(first, second, third, "-2 < η*a < 0", "-2/a < η < 0") == 2  # two sound lines, then a break
    assert points(first, "η < 2/a", "η < 3/a") == 0
    assert points("1 - η*a < 1", "-η*a < 0", "η*a > 0", "η > 0") == 0  # begins elsewhere
    assert points(second, "η > 0 and η*a < 2", "η*a < 2", "η < 2/a") == 2  # goes wrong
    assert points(first, second, "1 - η*a < 1", second, fourth, last) == 2  # goes wrong and comes back
    assert points("0 < η < 2/a", fourth, second, first, last) == 0


def test_the_first_line_is_asked_for_in_words_only() -> None:
    verdict = verdict_on("a1-derivation", ["1 - η*a < 1", *RIGHT[3:]])
    assert verdict.status == "unreadable" and "smaller than 1 in size" in verdict.headline
    assert "η" not in verdict.headline


def test_what_derivation_returns_can_be_handed_in() -> None:
    assert verdict_on("a1-derivation", derivation(*RIGHT)).points == 6
    for broken in (derivation(RIGHT[0]), derivation("η <", "η")):
        verdict = verdict_on("a1-derivation", broken)
        assert verdict.status == "unreadable" and verdict.headline.rstrip(".") in broken.problem
    assert verdict_on("a1-derivation", derivation(...)).points == 0


def test_a_chain_that_follows_from_an_earlier_slip_earns_its_method_points() -> None:
    slip = [line.replace("eta*a", "2*η*a") for line in RIGHT[:4]] + ["0 < η < 1/a"]
    assert verdict_on("a1-closed_form", "(1 - η*a)^t*x0").right and verdict_on("a1-derivation", slip).points == 0
    assert not verdict_on("a1-closed_form", "(1 - 2*η*a)^t*x0").right
    verdict = verdict_on("a1-derivation", slip)
    assert verdict.status == "partly" and verdict.points == 3.6 and "earlier result" in verdict.headline
    assert verdict_on("a1-derivation", [*slip[:4], "0 < η < 2/a"]).points == 1.2
    assert verdict_on("a1-derivation", [slip[0], slip[-1]]).points == 0
    assert verdict_on("a1-closed_form", "(1 - η*a)^t*x0").right  # of the session, for tests that follow


def test_the_derivation_is_worth_more_than_its_last_line() -> None:
    for exercise in ("a1", "a5"):
        assert find_step(f"{exercise}-derivation").points > 2 * find_step(f"{exercise}-condition").points


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
