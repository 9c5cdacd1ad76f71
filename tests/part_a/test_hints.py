"""Hints help without telling: no hint, title or special case holds the answer, and each unlisted mistake is located."""

from __future__ import annotations

import re

import pytest
import sympy

from autograder.catalogue import as_answers, public_expectations, questions
from lrtutorial import formulas as ex
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step, steps
from lrtutorial.kinds import formula
from lrtutorial.kinds.formula_claims import special_cases

STEPS = [step for step in questions() if step.startswith("a") and step in steps()]
every_step = pytest.mark.parametrize("step_id", STEPS)

_PLAIN = {
    "₀": "0",
    "₁": "1",
    "₂": "2",
    "²": "**2",
    "³": "**3",
    "½": "(1/2)",
    "λ_max": "lambda_max",
    "λ_min": "lambda_min",
    "ᵏ": "**k",
    "ᵗ": "**t",
    "−": "-",
    "√": "sqrt",
    "E[g]": "E_g",
    "ε": "epsilon",
}
_PIECE = re.compile(
    r"lambda_max|lambda_min|epsilon|kappa|sqrt|abs|beta[12]?|eta|x0|m_t|E_g|g_seq|Sum|max|min|"
    r"\d+\.?\d*|\*\*|[<>=!]=|[-+*/()<>=|,^]|β[12]?|η|κ|[a-zA-Z]|\S"
)


def read_loosely(text: str) -> ex.Tree | None:
    """Read maths as prose writes it: ``ηβᵏ``, ``2/a``, ``1 − ηa``; None when it is no formula."""
    for mark, plain in _PLAIN.items():
        text = text.replace(mark, plain)
    pieces = _PIECE.findall(text)
    out = ""
    for before, piece in zip(["", *pieces], pieces, strict=False):
        ends_value = (
            bool(before)
            and (before[-1].isalnum() or before == ")")
            and before not in ("sqrt", "abs", "max", "min", "Sum", "g_seq")
        )
        starts_value = piece[0].isalnum() or piece == "("
        out += ("*" if ends_value and starts_value else "") + piece
    try:
        return ex.read_text(out, functions=("g_seq", "v") if "g_seq" in out else ())
    except ex.Unreadable:
        return None


def formulas_in(text: str) -> list[ex.Tree]:
    """Every formula that stands in a sentence: all runs of up to nine words, read loosely."""
    words = [word.strip("“”\"'?!;:,.") for word in text.replace("·", "*").split()]
    prose = [
        bool(re.search(r"[A-Za-z]{3,}", re.sub(r"lambda|epsilon|kappa|sqrt|beta|eta|Sum|g_seq", "", word)))
        for word in words
    ]
    found = []
    for first in range(len(words)):
        for last in range(first + 1, min(first + 9, len(words)) + 1):
            if any(prose[first:last]):
                break
            tree = read_loosely(" ".join(words[first:last]))
            if tree is not None:
                found.append(tree)
    return found


def gives_away(step_id: str, text: str) -> bool:
    """Whether a formula in ``text`` has the answer's signature."""
    step, expected = find_step(step_id), public_expectations(step_id)
    condition = step.kind.condition
    as_formula = step if step.kind.name == "formula" else None
    for tree in formulas_in(text):
        if as_formula is None:
            given = ex.read_text(step.kind.given)
            if ex.is_condition(tree) == condition and not ex.symbols(tree) - set(step.kind.symbols):
                found = step.outcome_of({"lines": [given, tree]}, expected.probes)
                if formula.same_outcome(found, expected.reference):
                    return True
            continue
        side = tree if condition else ex.right_hand_side(tree)
        if ex.is_condition(side) != condition or ex.symbols(side) - set(step.kind.symbols):
            continue
        try:
            if formula.same_outcome(formula.outcome(step, side, expected.probes), expected.reference, ex.inexact(side)):
                return True
        except (ex.Unreadable, ex.Undecided):
            continue
    return False


@every_step
def test_no_hint_holds_the_answer(step_id) -> None:
    step, question = find_step(step_id), questions()[step_id]
    texts = [*step.hints, step.asks, *(words for words, *_ in getattr(step.kind, "limits", ()))]
    texts += [text for m in question.misconceptions for text in (m.title, *m.hints)]
    assert [text for text in texts if gives_away(step_id, text)] == []


@pytest.mark.parametrize(
    ("step_id", "text"),
    [
        ("a1-gradient", "Look: the gradient is ax, of course."),
        ("a1-update", "So x − ηax it is."),
        ("a1-update", "Write (1 − ηa)·x."),
        ("a1-closed_form", "that is (1-η*a)^t * x₀ then"),
        ("a1-condition", "which is 0 < η < 2/a."),
        ("a1-derivation", "which makes −1 < 1 − ηa < 1 in all"),
        ("a2-contribution", "It is ηβᵏ."),
        ("a2-effective_lr", "gives η/(1 − β)"),
        ("a2-effective_lr_09", "so it is 10 η here"),
        ("a2-velocity", "use v(t) = β v(t-1) + g_seq(t-1) as is"),
    ],
)
def test_a_planted_answer_is_found(step_id, text) -> None:
    if step_id == "a2-velocity":
        text = "Sum(beta**k*g_seq(t-1-k),(k,0,t-1))"
    assert gives_away(step_id, text)


@every_step
def test_a_limiting_case_is_true_of_the_answer(step_id) -> None:
    """The special cases that hints point to hold for the reference itself, and are not the answer."""
    step = find_step(step_id)
    for words, at, wanted in getattr(step.kind, "limits", ()):
        tree = formula.collect(step, as_answers(step, questions()[step_id].reference, None))["tree"]
        expected = public_expectations(step_id)
        case = formula.Case(step, ex.right_hand_side(tree), expected, expected.reference)
        assert special_cases(case) and not any(claim.holds() for claim in special_cases(case)), words
        assert at and wanted


@pytest.mark.parametrize(
    ("step_id", "answer", "says"),
    [
        ("a1-gradient", "-3*a*x", "same factor everywhere: yours is -3"),
        ("a1-gradient", "a*x + 1", "same amount everywhere: 1"),
        ("a1-gradient", "a*x**3", "exponent of x"),
        ("a1-gradient", "a*x - x", "term x needed"),
        ("a1-update", "x - eta*x", "factor is missing beside η·x"),
        ("a1-update", "-x - eta*a*x", "sign of x"),
        ("a1-update", "x - 3*eta*a*x", "factor 3 needed"),
        ("a1-update", "eta*x*x*a", "Put η = 0"),
        ("a1-closed_form", "(1-eta)^t*x0", "factor is missing beside η"),
        ("a1-closed_form", "(1-eta/a)^t*x0", "fraction line"),
        ("a1-closed_form", "(2-eta*a)^t*x0", "number 2"),
        ("a1-closed_form", "(1-eta*a)^(2*t)*x0*t", "More than one thing is off"),
        ("a1-condition", "0 < eta < 3/a", "number 3"),
        ("a1-condition", "0 < eta < -2/a", "sign of 2/a"),
        ("a1-condition", "eta > 0 or eta < 2/a", "hold at once"),
        ("a1-condition", "1/(2*a) < eta < 3/a", "admits some"),
        ("a1-condition", "-9 < eta < 3/a", "too wide"),
        ("a1-condition", sympy.S.Reals, "too wide"),
        ("a1-condition", "1/(2*a) < eta < 1/a", "too narrow"),
        ("a2-velocity", "v(t)", "v(1) is not known yet"),
        ("a2-velocity", "Sum(β^k*g_seq(t-1-k), (k, 0, t))", "no gradient g(-1)"),
        ("a2-velocity", "Sum(β^(2*k)*g_seq(t-1-k), (k, 0, t-1))", "exponent of β"),
        ("a2-contribution", "eta^2*beta^k", "exponent of η is off by one"),
        ("a2-contribution", "eta + beta^k", "added, or multiplied"),
        ("a2-effective_lr", "eta/(2-beta)", "number 2"),
        ("a2-effective_lr", "7*eta*eta*beta", "Put β = 0"),
        ("a2-effective_lr_09", "5*eta", "yours is 0.5 times the right value"),
    ],
)
def test_an_unlisted_mistake_is_located(step_id, answer, says) -> None:
    verdict = verdict_on(step_id, answer)
    assert verdict.misconception is None and verdict.status == "wrong"
    assert says in verdict.hint
    assert not gives_away(step_id, verdict.hint)


@pytest.mark.parametrize(
    ("step_id", "answer", "named"),
    [
        ("a1-gradient", "a*y", "y"),
        ("a1-gradient", sympy.Symbol("b") * sympy.Symbol("x"), "b"),
        ("a1-condition", "0 < b < 2/a", "b"),
        ("a1-condition", "a > 0", None),
        ("a1-condition", "a*x < 2", "x"),
        ("a2-contribution", "eta*beta^t", "t"),
        ("a2-velocity", "eta*g_seq(t-1)", "eta"),
        ("a2-velocity", "h(t-1)", "h"),
    ],
)
def test_a_wrong_symbol_is_named(step_id, answer, named) -> None:
    verdict = verdict_on(step_id, answer)
    assert not verdict.right
    if named:
        assert verdict.status == "unreadable" and re.search(rf"\b{named}\b", verdict.headline), str(verdict)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a1-gradient": "2*a*x"}, ("a1-update", "x - 2*eta*a*x")),
        ({"a1-gradient": "a*x^2/2"}, ("a1-update", "x - eta*a*x^2/2")),
        ({"a1-update": "x - 3*eta*a*x"}, ("a1-closed_form", "(1 - 3*eta*a)^t*x0")),
        ({"a1-closed_form": "(1 - 3*eta*a)^t*x0"}, ("a1-condition", "0 < eta < 2/(3*a)")),
        ({"a2-velocity": "Sum(β^(2*k)*g_seq(t-1-k), (k, 0, t-1))"}, ("a2-contribution", "eta*β^(2*k)")),
        ({"a2-velocity": "v(t-1) + beta*g_seq(t-1)"}, ("a2-contribution", "eta*β")),
        ({"a2-contribution": "eta*β^(2*k)"}, ("a2-effective_lr", "eta/(1-β^2)")),
        ({"a2-effective_lr": "eta/(1-β^2)"}, ("a2-effective_lr_09", "100*eta/19")),
    ],
)
def test_what_follows_from_an_own_mistake_earns_method_points(before, after) -> None:
    step_id, answer = after
    for earlier, wrong in before.items():
        assert not verdict_on(earlier, wrong).right
    verdict = verdict_on(step_id, answer)
    assert verdict.status == "partly" and 0 < verdict.points < verdict.possible
    assert next(iter(before)) in verdict.headline and "method points" in verdict.lines[0].note
    for earlier in before:  # the same answer after a right earlier step earns nothing
        reference = questions()[earlier].reference
        assert verdict_on(earlier, reference).right
    assert verdict_on(step_id, answer).points == 0
