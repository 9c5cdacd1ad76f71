"""What Part A says of wrong answers: named slips, other forms, rounded numbers, two mistakes at once."""

from __future__ import annotations

import re

import pytest
from sympy import Float, Product, Rational, Symbol, binomial, log, symbols, tanh

from lrtutorial.answers.evidence import not_assigned
from lrtutorial.checking import verdict_on
from lrtutorial.symbols import beta, k, kappa, t
from lrtutorial.verdict import Verdict


@pytest.mark.parametrize(
    ("step_id", "answer"),
    [
        ("a1-update", "1 - eta*a*x"),
        ("a1-closed_form", "x0*1-eta*a^t"),
        ("a1-closed_form", "1 - ηa^t x0"),
        ("a2-effective_lr", "eta/1-beta"),
        ("a2-effective_lr", "η ÷ 1 − β"),
        ("a3-effective_lr", "η/√(1-β^t g²+ε)"),
        ("a3-second_moment", "1-β^t·g²"),
        ("a4-corrected_m", "m_t/1-beta1**t"),
        ("a4-corrected_m", Symbol("m_t") - Symbol("beta1") ** Symbol("t")),
        ("a5-rate", "kappa-1/kappa+1"),
        ("a5-rate", kappa - 1 / kappa + 1),
        ("a5-rate", "(κ-1)/κ+1"),
        ("a5-rate", "κ-1/(κ+1)"),
        ("a5-optimal_lr", "2/lambda_max+lambda_min"),
        ("a5-optimal_lr", "2/λmin+λmax"),
    ],
)
def test_missing_brackets_are_named(step_id, answer) -> None:
    verdict = verdict_on(step_id, answer)
    assert verdict.status == "wrong" and verdict.points == 0
    assert re.search("brackets are missing", verdict.headline, re.I), str(verdict)
    assert verdict.misconception == f"{step_id}-brackets"


@pytest.mark.parametrize(
    ("step_id", "answer", "says"),
    [
        ("a1-update", "x - η g", "g for the gradient"),
        ("a1-closed_form", "(1-ηa)^t x", "x for the start"),
        ("a2-effective_lr", "eta*(1-beta**t)/(1-beta)", "after t steps"),
        ("a2-effective_lr_09", "η/(1-β)", "for any β"),
        ("a3-effective_lr", "η/√(s_t+ε)", "with s_t"),
        ("a4-bias_at_1", "1-β₁", "for any β₁"),
        ("a4-bias_at_1", "1-β₁^t", "for any β₁"),
        ("a4-first_step_ratio", "(1-β₁)/√(1-β₂)", "for any β₁"),
        ("a5-optimal_lr", "2/(λmin(1+κ))", "with κ"),
        ("a5-rate", "(lambda_max-lambda_min)/(lambda_max+lambda_min)", "in the eigenvalues"),
        ("a5-rate_100", "(κ-1)/(κ+1)", "for any κ"),
    ],
)
def test_a_right_answer_in_another_form_is_named_and_earns_part(step_id, answer, says) -> None:
    verdict = verdict_on(step_id, answer)
    assert verdict.status == "partly" and says in verdict.headline, str(verdict)
    assert verdict.points == pytest.approx(0.6 * verdict.possible)


@pytest.mark.parametrize(
    ("step_id", "answer"),
    [
        ("a1-update", "x - 2ηg"),
        ("a1-closed_form", "(1+ηa)^t x"),
        ("a2-effective_lr", "η(1-β^(t+1))/(1+β)"),
        ("a2-effective_lr_09", "η/(1+β)"),
        ("a5-rate", "(λmax-λmin)/λmax"),
        ("a5-rate_100", "κ/(κ+1)"),
        ("a4-bias_at_1", "β₁"),
    ],
)
def test_a_wrong_answer_in_other_symbols_earns_nothing(step_id, answer) -> None:
    verdict = verdict_on(step_id, answer)
    assert verdict.points == 0 and not verdict.right


@pytest.mark.parametrize(
    ("step_id", "answer", "misconception"),
    [
        ("a4-first_step_ratio", "0.316", "inverse"),
        ("a4-first_step_ratio", 31.6, "only_v|no_v|v"),
        ("a5-rate_100", "0.8182", "momentum"),
        ("a5-rate_100", 0.0198, "progress"),
        ("a5-rate_100", "1,0202", "inverse"),
        ("a5-rate_100", Float("0.9608"), "gap"),
        ("a1-update", "x/(1+ηa)", "implicit"),
        ("a1-closed_form", "x₀/(1+ηa)^t", "implicit"),
        ("a1-closed_form", "(1-ηa)^(2t) x₀", "loss_rate"),
        ("a1-closed_form", "x₀·t^(1-ηa)", "base_for_exponent"),
    ],
)
def test_what_a_class_writes_has_its_name_rounded_too(step_id, answer, misconception) -> None:
    verdict = verdict_on(step_id, answer)
    assert verdict.misconception and re.search(misconception, verdict.misconception), str(verdict)


@pytest.mark.parametrize(
    ("step_id", "answer", "share", "says"),
    [
        ("a4-first_step_ratio", 3.17, 0.6, "last digit"),
        ("a5-rate_100", "0.9801", 0.6, "last digit"),
        ("a5-rate_100", "0,9803", 0.6, "last digit"),
        ("a4-first_step_ratio", "3.2", 0.6, "rounded too far"),
        ("a5-rate_100", 1 - Rational(2, 99), 0, "not"),
        ("a5-rate_100", "1 - 2/99", 0, "not"),
        ("a5-rate_100", 1 - 2 / 99, 0, "not"),
    ],
)
def test_a_number_near_the_right_one_is_told_what_is_wrong_with_it(step_id, answer, share, says) -> None:
    verdict = verdict_on(step_id, answer)
    assert verdict.points == pytest.approx(share * verdict.possible), str(verdict)
    assert says in verdict.headline


@pytest.mark.parametrize(
    ("step_id", "answer", "says"),
    [
        ("a1-gradient", "7", "constant"),
        ("a1-update", "x - ηa·x0", "start x₀"),
        ("a1-update", "(1-eta)*a*x", "Does a multiply all of 1 − η"),
        ("a2-contribution", "η·(1-β)^k·2", "More than one thing|Two things"),
        ("a1-closed_form", "(1+ηa)^(t-1)x0", "More than one thing is off"),
        ("a1-closed_form", "exp(t*log(1-η*a))*x0", "right where it has a value"),
        ("a5-rate", "2·(1-κ)/(1+κ)", "same factor|More than one|Two"),
        ("a1-closed_form", "x0*abs(1-ηa)^t", "Are the bars around 1 − η·a needed"),
        ("a3-second_moment", "(1-0.9^t)g^2", "Does the number 0.9 stand where a symbol belongs"),
        ("a2-effective_lr", "η/0.1", "This is the rate at β = 0.9 alone"),
    ],
)
def test_what_is_said_fits_the_answer(step_id, answer, says) -> None:
    verdict = verdict_on(step_id, answer)
    assert re.search(says, f"{verdict.headline} {verdict.hint}"), str(verdict)


@pytest.mark.parametrize(
    ("step_id", "answer"),
    [
        ("a4-expected_m", "E[g]/(1-β1^t)"),
        ("a3-second_moment", "g^2/(1-β^t)"),
        ("a5-rate", "(κ-1)*(1-κ)"),
        ("a5-rate", "(κ-1)*(κ+1)"),
        ("a4-corrected_m", "2m_t(1-β1^t)"),
    ],
)
def test_brackets_that_stand_are_not_said_to_be_missing(step_id, answer) -> None:
    assert "rackets" not in str(verdict_on(step_id, answer))


@pytest.mark.parametrize(
    ("step_id", "answer"),
    [
        ("a3-second_moment", "g^2*t"),
        ("a3-second_moment", "g^2-β^t"),
        ("a3-effective_lr", "η/sqrt((1-β^t)*g^2)+ε"),
        ("a1-closed_form", r"\prod_{k=1}^{t}(1-\eta a) x_0"),
    ],
)
def test_nobody_is_asked_whether_a_symbol_is_needed_and_told_that_it_is_missing(step_id, answer) -> None:
    verdict = verdict_on(step_id, answer)
    assert not verdict.right and not str(verdict.hint).startswith("More than one thing is off"), str(verdict)


@pytest.mark.parametrize(
    ("step_id", "answer"),
    [
        ("a1-update", r"x_{t+1} = x_t - \eta a x_t"),
        ("a1-update", "x_(t+1) = x_{t}(1 - ηa)"),
        ("a1-update", "x_t - ηax_t"),
        ("a2-velocity", "v_{t+1} = β v_t + g_t"),
        ("a3-second_moment", "s_{t} = (1-β^t) g_t²"),
        ("a3-limit_lr", r"\frac{\eta}{|g_t|}"),
        ("a4-expected_m", "E[m_t] = (1-β1^t) E[g]"),
        ("a4-expected_m", r"\mathbb{E}[m_t] = (1-\beta_1^t)\mathbb{E}[g]"),
        ("a4-expected_m", "E(m_t) = (1-β₁ᵗ) E(g)"),
    ],
)
def test_an_equation_as_a_paper_prints_it_is_read(step_id, answer) -> None:
    verdict = verdict_on(step_id, answer)
    assert verdict.right, str(verdict)


def test_a_name_of_a_sequence_on_the_left_is_no_mere_label() -> None:
    assert not verdict_on("a2-velocity", "v_{t+1} = β v_{t-1} + g_{t-1}").right


def test_what_a_product_sign_reaches_over_is_shown() -> None:
    inside, outside = (
        verdict_on("a1-closed_form", way) for way in (r"\prod_{k=1}^{t}(1-\eta a) x_0", "Product(1-ηa, (k, 1, t))*x0")
    )
    assert outside.right and not inside.right
    assert inside.read == "Π[k = 1 … t] ((1 − η·a)·x₀)" and outside.read == "Π[k = 1 … t] (1 − η·a)·x₀"


def test_where_a_condition_has_no_value_nobody_says_that_it_converges() -> None:
    verdict = verdict_on("a1-condition", "η/η > 0 and 0 < η < 2/a")
    assert "converges" not in str(verdict.counterexample) or "no value" in str(verdict.counterexample)
    assert "turns away" not in str(verdict.hint)


@pytest.mark.parametrize(
    ("step_id", "answer"),
    [
        ("a5-rate", tanh(log(kappa) / 2)),
        ("a2-contribution", Symbol("η") * beta**k),
        ("a2-contribution", symbols("eta", positive=True) * Product(beta, (Symbol("i"), 1, k))),
        ("a5-rate_100", 1 - binomial(2, 1) / Rational(101)),
        ("a4-expected_m", (1 - Symbol("β1") ** t) * Symbol("E_g")),
    ],
)
def test_sympy_forms_of_ones_own_are_read(step_id, answer) -> None:
    verdict = verdict_on(step_id, answer)
    assert verdict.right, str(verdict)


def test_every_verdict_on_a_formula_shows_what_was_read() -> None:
    verdict = verdict_on("a2-effective_lr", "eta/1-beta")
    assert verdict.read == "η − β" and str(verdict).startswith("Read as η − β\n")
    page = verdict._repr_html_()
    assert page.index("Read as <math") < page.index("Not yet")
    assert 'alttext="η − β"' in page and "<mi>η</mi>" in page
    assert Verdict.from_data(verdict.as_data()) == verdict
    assert verdict_on("a1-gradient", "ax").read == "a·x"
    assert verdict_on("a1-condition", "0<η<2/a").read == "0 < η < 2/a"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({"Gradient": 1}, "gradient is not assigned; did you mean Gradient?"),
        ({"gradeint": 1, "eta": 2}, "gradient is not assigned; did you mean gradeint?"),
        ({"_gradient": 1, "x": 2}, "gradient is not assigned."),
        ({}, "gradient is not assigned."),
    ],
)
def test_a_name_that_is_missing_is_told_with_one_like_it(names, says) -> None:
    assert not_assigned("gradient", names) == says


def test_dots_are_named_only_where_they_are() -> None:
    assert "..." in verdict_on("a1-gradient", ...).headline
    assert "None" in verdict_on("a1-gradient", None).headline and "..." not in verdict_on("a1-gradient", None).headline
    assert "None" in verdict_on("a1-derivation", None).headline
    assert (
        "..." in verdict_on("a1-derivation", ...).headline and "..." not in verdict_on("a1-derivation", None).headline
    )


LARGE = ["x^900", "x^5000", "2^99999999", "exp(1000)", "sqrt(2)^5000000", "sqrt(10^400+1)", "x^(10^9)", "exp(exp(9))"]


@pytest.mark.parametrize("large", LARGE)
@pytest.mark.parametrize("answer", ["a*x + T - T", "T + a*x - T", "a*(x + T - T)"])
def test_a_right_answer_beside_large_terms_that_cancel_is_never_called_wrong(large: str, answer: str) -> None:
    assert verdict_on("a1-gradient", answer.replace("T", large)).status in ("right", "undecided", "unreadable")
