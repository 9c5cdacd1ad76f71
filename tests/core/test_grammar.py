"""The grammar of typed formulas: what is read, as what, and what is refused. SymPy is the oracle of every value."""

from __future__ import annotations

import random
import re
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtutorial import formulas as ex
from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import formula

POINT = {
    name: sympy.Rational(*value)
    for name, value in {
        "a": (7, 3),
        "x": (5, 11),
        "x0": (13, 7),
        "eta": (2, 9),
        "beta": (3, 11),
        "g": (11, 5),
        "epsilon": (3, 17),
        "t": (3, 1),
        "kappa": (23, 5),
        "lambda_max": (17, 3),
        "lambda_min": (4, 7),
        "beta1": (5, 7),
        "m_t": (19, 11),
        "E_g": (8, 3),
        "k": (2, 1),
    }.items()
}
FRACTIONS = {name: ex.evaluate(["number", str(value)], {}) for name, value in POINT.items()}
A1 = ("a", "eta", "x0", "t")
A5 = ("lambda_max", "lambda_min")
A4 = ("m_t", "beta1", "t", "E_g")

#: (the step's symbols, what SymPy calls it, the ways to type it)
FORMULAS = [
    (
        ("a", "eta", "x0", "t"),
        "x0*(1 - eta*a)**t",
        r"""x₀*(1-η*a)^t;;x_t ← x0(1-ηa)^t;;x_t+1 = x0(1-ηa)^t;;x_t ≈ x0(1-ηa)^t;;x0(1-eta*a)^t;;x0(1−ηa)ᵗ
        (1-ηa)^tx0;;x_0 (1-\eta a)^t;;x_0\left(1-\eta a\right)^{t}
        (1 - eta a)**t x0;;х0*(1-η*а)^t;;x0 * (1 – η⋅a)^t;;x0∗(1-η·a)^t;;((1-η*a)^t)(x0);;xₜ = x₀(1-ηa)ᵗ
        x_{t} = (1-ηa)^t x0;;x0*pow(1-eta*a, t);;x0×(1−a×η)^t;;x0{1-ηa}^t;;x_{0}(1-\eta a)^{t};;𝑥₀(1−𝜂𝑎)ᵗ
        ｘ０＊（１－ηａ）＾ｔ;;(1-ηa)^t·x_0;;$x_0(1-\eta\,a)^t$;;x0 (1 - a eta)^t;;\left[1-\eta a\right]^t x_0
        closed_form = x0(1-ηa)^t;;sp.Pow(1-eta*a, t)*x0;;(1-aη)ᵗx₀;;x₀·(1 − η·a)^t""",
    ),
    (
        ("a", "x"),
        "a*x",
        r"""ax;;a x_{t-1};;x_t = a x_{t-1};;x_t = x_{t-1}(a-1) + x_{t-1};;≈ ax;;~a*x;;x_t+1 = a x_t;;x ← ax
        a x;;xa;;a·x;;a∙x;;a × x;;f'(x) = ax;;df/dx = ax;;gradient = a*x;;a(x);;2ax/2;;½·2ax;;x a;;ａｘ
        а*х;;a x^1;;a*x.;;\frac{2ax}{2}""",
    ),
    (
        ("a", "x"),
        "2*a",
        r"""2a;;2·a;;2 a;;a+a;;2(a);;(2)(a);;√4a;;\sqrt{4}a;;2*а""",
    ),
    (
        ("g",),
        "g**2",
        r"""g²;;g^2;;g**2;;g^{2};;gg;;g·g;;abs(g)²;;g^(1+1);;(g)²;;g⁽²⁾;;|g|²;;g|g|²/g""",
    ),
    (
        (),
        "0.9802",
        r"""98.02%;;98,02 %;;0.9802;;≈ 0.9802;;rate ≈ 0,9802;;= 0.9802;;~ 98.02 %;;98.02\%;;1 - 1.98%;;9802/10000""",
    ),
    (
        (),
        "sqrt(10)",
        r"""√10;;sqrt(10);;sqrt 10;;10^(1/2);;10**0.5;;√(10);;\sqrt{10};;10^{1/2};;√5·√2;;10^½;;sqrt(5)sqrt(2)
        2√10/2;;10^0,5""",
    ),
    (
        ("lambda_max", "lambda_min"),
        "lambda_max",
        r"""λmax;;λ_max;;lambda_max;;lambdamax;;λ_{max};;\lambda_{\max};;\lambda_\max;;λₘₐₓ
        \lambda_{\mathrm{max}};;lamda_max;;𝜆_max""",
    ),
    (
        ("eta",),
        "10*eta",
        r"""10η;;10 eta;;10·η;;10*eta;;η·10;;η*10;;10\eta;;10 × η;;η/(1-0,9);;η/(1-0.9);;\frac{\eta}{1-0.9}
        10ƞ""",
    ),
    (
        ("lambda_max", "lambda_min"),
        "2/(lambda_max + lambda_min)",
        r"""2/(λmax+λmin);;\frac{2}{\lambda_{\max}+\lambda_{\min}};;2/(λ_min + λ_max);;2÷(λmax+λmin)
        2(λmax+λmin)^-1;;2(λ_max+λ_min)⁻¹;;\dfrac{2}{\lambda_{max} + \lambda_{min}};;2∕(λmax+λmin)
        \frac2{\lambda_{\max}+\lambda_{\min}}""",
    ),
    (
        ("m_t", "beta1", "t", "E_g"),
        "m_t/(1 - beta1**t)",
        r"""m_t/(1-β₁^t);;mt/(1-β1^t);;\frac{m_t}{1-\beta_1^t};;mₜ/(1−β₁ᵗ);;m_t/(1-beta_1^t);;m_t(1-β₁ᵗ)⁻¹""",
    ),
    (
        ("m_t", "beta1", "t", "E_g"),
        "E_g*(1 - beta1**t)",
        r"""E[g](1-β₁ᵗ);;(1-beta_1^t)*E[g];;(1-\beta_1^t)\mathbb{E}[g];;(1-beta1^t) E(g);;Eg(1-β1^t)
        E_g - E_g β₁^t;;𝔼[g](1−β₁ᵗ)""",
    ),
    (
        ("kappa",),
        "(kappa - 1)/(kappa + 1)",
        r"""(κ-1)/(κ+1);;(ϰ−1)/(ϰ+1);;tanh(log(kappa)/2);;tanh(½ ln κ);;\frac{\kappa-1}{\kappa+1};;1-2/(κ+1)
        (κ-1)(κ+1)^-1;;[κ-1]/[κ+1]""",
    ),
    (
        ("eta", "beta", "g", "epsilon", "t"),
        "eta/sqrt(g**2 + epsilon)",
        r"""η/√(g²+ε);;η/\sqrt{g^2+\varepsilon};;eta (g^2+eps)^(-1/2);;η/(g²+ϵ)^½;;η/(g^2+ε)^{1/2}
        \frac{\eta}{\sqrt{g^2+\epsilon}}""",
    ),
    (
        ("eta", "g"),
        "eta/Abs(g)",
        r"""η/|g|;;η/abs(g);;\frac{\eta}{\left|g\right|};;η/√g²;;η/√(g²);;η|g|^-1;;\eta/\lvert g\rvert
        \frac{\eta}{|g|}""",
    ),
    (
        ("beta", "g", "t"),
        "(1 - beta**t)*g**2",
        r"""(1-β^t)g²;;(1-ßᵗ)g²;;(1-β)g²Σ_{k=0}^{t-1} β^k;;(1-β)∑_{k=0}^{t-1}β^k g²
        (1-\beta)\sum_{k=0}^{t-1}\beta^k g^2;;(1-beta)*Sum(beta**k*g**2, (k, 0, t-1));;g²-β^tg²""",
    ),
    (
        ("beta", "t"),
        "beta**t",
        r"""β^t;;βᵗ;;\beta^{t};;\beta^t;;prod(beta, (k, 1, t));;Product(beta,(k,1,t));;Π_{k=1}^{t} β
        exp(t ln β);;e^(t·ln(β));;e^{t\ln\beta};;β^(t-1)β""",
    ),
    (
        ("x",),
        "-x**2",
        r"""-x²;;−x^2;;-(x^2);;–x²;;-x*x;;-xx;;—x²""",
    ),
    (
        ("x",),
        "2**(x**2)",
        r"""2^x^2;;2**x**2;;2^{x^2};;2^(x²);;2^x²""",
    ),
    (
        ("a", "t"),
        "binomial(5, 2)*a",
        r"""10a;;binomial(5, 2) a;;binomial(5,2)*a;;factorial(5)/12*a""",
    ),
    (
        ("x",),
        "log(x)/log(2)",
        r"""log(x, 2);;log(x; 2);;ln(x)/ln(2);;ln x/ln 2;;log(x)/log(2)""",
    ),
]

#: (the step's symbols, the condition in Python, the ways to type it)
CONDITIONS = [
    (
        ("a", "eta"),
        lambda a, eta: 0 < eta < 2 / a,
        r"""0 < η, η < 2/a;;0<η<2/a;;0＜η＜2/a;;0 < η ∧ η < 2/a;;η>0 && η<2/a;;eta > 0 & eta < 2/a
        0 < \eta < \frac{2}{a};;Interval.open(0, 2/a);;η ∈ (0, 2/a);;(0, 2/a);;(0,2/a);;(0; 2/a);;]0, 2/a[
        eta in (0,2/a);;\eta \in (0, \tfrac{2}{a});;$0<\eta<\frac2a$;;And(eta > 0, eta < 2/a);;η>0,2/a>η
        not (η <= 0) and η < 2/a;;¬(η ≤ 0) ∧ ηa < 2;;not η ≤ 0 and 2/a > η;;η>0 AND η<2/a;;2/a > η > 0
        0 < \eta a < 2;;\left|1-\eta a\right|<1;;|1-ηa|<1;;|ηa − 1| ＜ 1;;1 > |1-ηa|;;abs(1-ηa) < 1
        (1-ηa)² < 1;;-1<1-ηa<1;;0<η; η<2/a;;Interval(0, 2/a, True, True)
        Interval.Lopen(0, 2/a) intersection Interval.Ropen(0, 2/a);;η·a < 2, η > 0;;0 < η and η < 2/a.
        !(η<=0) & η<2/a;;Lt(eta, 2/a) and Gt(eta, 0);;||1-ηa||<1;;0 \lt \eta \lt \frac{2}{a}
        \eta > 0 \land \eta < 2/a;;0 < η < 2÷a;;2|1-ηa|<2""",
    ),
    (
        ("a", "eta"),
        lambda a, eta: eta <= 2 / a,
        r"""η ≤ 2/a;;η ⩽ 2/a;;η ≦ 2/a;;η =< 2/a;;η <= 2/a;;\eta \le \frac{2}{a};;η \leq 2/a;;not(η>2/a)
        ηa ≤ 2""",
    ),
    (
        ("a", "eta"),
        lambda a, eta: eta < 0 or eta > 2 / a,
        r"""η<0 or η>2/a;;η<0 ∨ η>2/a;;(η<0)|(η>2/a);;η<0 || η>2/a;;|1-ηa|>1;;Or(η<0, η>2/a)
        η < 0 \lor η > 2/a;;not (0 <= η <= 2/a)""",
    ),
    (
        ("a", "eta"),
        lambda a, eta: 0 < eta < Fraction(1, 2),
        r"""0 < η < 0,5;;0 < η < 0.5;;0<η<½;;0<2η<1;;η>0 and η<0,5;;(0; 0,5);;η ∈ (0; 0,5)""",
    ),
]


def _ways(text: str) -> list[str]:
    return [way.strip() for line in text.splitlines() for way in line.split(";;") if way.strip()]


@pytest.mark.parametrize(("symbols", "meant", "ways"), FORMULAS, ids=[row[1] for row in FORMULAS])
def test_a_formula_is_read_as_it_was_meant(symbols, meant, ways) -> None:
    truth = float(sympy.sympify(meant, {name: sympy.Symbol(name) for name in POINT}).subs(POINT))
    for typed in _ways(ways):
        value = ex.evaluate(ex.right_hand_side(ex.read_text(typed, symbols, (), False)), FRACTIONS)
        assert abs(float(ex.real(value)) - truth) < 1e-12 * max(1, abs(truth)), (typed, value)


@pytest.mark.parametrize(("symbols", "holds", "ways"), CONDITIONS, ids=range(len(CONDITIONS)))
def test_a_condition_is_read_as_it_was_meant(symbols, holds, ways) -> None:
    etas = ("-1/9", "0", "1/3", "1/2", "6/7", "2/3", "4", "7/8", "5", "3/4")
    points = [{"a": Fraction(a), "eta": Fraction(eta)} for a in ("7/3", "3", "1/2") for eta in etas]
    for typed in _ways(ways):
        tree = ex.read_text(typed, symbols, (), True)
        for point in points:
            assert ex.holds(tree, point, "eta") == holds(**point), (typed, ex.write(tree), point)


VELOCITIES = r"""g(t-1)+βv(t-1);;g(t−1) + β v(t−1);;βvₜ₋₁+gₜ₋₁;;v_t = βv_{t-1}+g_{t-1};;g[t-1]+β·v[t-1]
g_seq(t-1) + beta*v(t-1);;Sum(beta**k*g(t-1-k),(k,0,t-1));;∑_{k=0}^{t-1} β^k g_{t-1-k};;v(t) = beta*v(t-1) + g(t-1)
v_t+1 = βv_t + g_t;;v_{t} ← βv_{t-1} + g_{t-1};;v(t) := βv(t-1) + g(t-1)
Σ[k = 0 … t − 1] β^k·g(t − 1 − k);;\sum_{k=0}^{t-1}\beta^k g_{t-1-k};;\sum_{i=0}^{t-1}\beta^{i}g_{t-1-i}"""


def test_members_of_a_sequence_are_read_in_the_step_that_has_it() -> None:
    step = find_step("a2-velocity")
    for typed in _ways(VELOCITIES):
        verdict = formula.judge(step, formula.collect(step, {"velocity": typed}), recorded(step.id))
        assert verdict.status == "right", (typed, verdict)


def test_brackets_behind_a_name_are_a_call_only_where_the_step_has_that_function() -> None:
    assert ex.read_text("g(1-β)", ("g", "beta"))[0] == "mul"
    assert ex.read_text("g(t-1)", ("beta", "t"), ("g_seq", "v"))[0] == "apply"
    assert ex.read_text("x0(1-a)", ("x0", "a"))[0] == "mul"


def test_an_index_without_braces_is_asked_back_where_the_step_has_a_sequence() -> None:
    for typed in ("v_t = β v_t-1 + g_t-1", "βv_t-1 + g(t-1)", "g_t-1"):
        with pytest.raises(ex.Unreadable, match="two ways"):
            ex.read_text(typed, ("beta", "t"), ("g_seq", "v"), False)
    assert ex.read_text("g_t - 1", ("t",), ("g_seq",))[0] != "apply"


@pytest.mark.parametrize(
    ("step", "typed", "meant"),
    [
        ("a1-closed_form", "xo*(1-ηa)^t", "Did you mean x0?"),
        ("a1-closed_form", "X0(1-ηa)^t", "Did you mean x0?"),
        ("a1-gradient", "A*x", "Did you mean a?"),
        ("a5-condition", "0 < η < 2/λ_n", "Did you mean lambda_max or lambda_min?"),
        ("a4-expected_m", "E_g(1-B1^t)", ""),
    ],
)
def test_a_name_much_like_one_of_the_step_is_asked_back(step, typed, meant) -> None:
    judged = formula.judge(
        find_step(step), formula.collect(find_step(step), {find_step(step).answers[0]: typed}), recorded(step)
    )
    assert (
        judged.status == "unreadable"
        and ("Did you mean" in judged.headline) == bool(meant)
        and meant in judged.headline
    )


def test_what_python_makes_of_a_backslash_is_mended() -> None:
    eaten = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
    for raw in (
        r"\beta",
        r"\frac{\beta}{2}",
        r"2\times\beta",
        r"\tfrac{\beta}{2}",
        r"\left(\beta\right)",
        r"\varepsilon",
    ):
        cooked = re.sub(r"\\([abfnrtv])", lambda found: eaten[found[1]], raw)
        assert cooked != raw
        assert ex.read_text(cooked, ("beta", "epsilon")) == ex.read_text(raw, ("beta", "epsilon"))


@pytest.mark.parametrize(
    ("typed", "condition"),
    [
        ("log(8,2)", False),  # log of 8.2, or of 8 to the base 2
        ("η>0,2>0", True),  # a chain with 0.2, or two conditions
        ("x0[1]", False),  # an index
        ("a 2", False),  # a power or a product
        ("(1-a)2", False),
        ("2 3", False),
        ("a, x", False),
        ("η, 2", True),
        ("1,000,000", False),
        ("a > 0 + 1 > x < ", True),
        ("(a > 0)*x", False),
        ("a + (0, 2)", False),
        ("|a", False),
        ("a)", False),
        ("sqrt", False),
        ("sqrt(2, 3)", False),
        ("max(1)", False),
        ("f(a)", False),
        ("a!", False),
        ("∫ a dx", False),
        ("a → x", False),
        ("a ± x", False),
        ("x\na", False),
        ("a ∪ x", False),
        ("x_t = x_{t-1} - a x_t", False),  # two iterates where there is one
        ("x_{t-1} - a x", False),
        ("5 % 3", False),
        ("a%", False),
        ("__import__('os')", False),
        ("lambda: 0", False),
        ("a if x else 0", False),
        ("[a for a in x]", False),
        ("{a}*{", False),
        ("\\frac{a}", False),
        ("\\unknown{a}", False),
    ],
)
def test_what_is_no_formula_or_could_mean_two_things_is_refused_in_words(typed, condition) -> None:
    step_symbols = ("a", "x", "x0", "eta")
    with pytest.raises(ex.Unreadable) as refused:
        tree = ex.read_text(typed, step_symbols, (), condition)
        strange = ex.symbols(tree) - set(step_symbols)
        if strange:  # read, but with a name that the step has not: the judge says so
            raise ex.Unreadable(f"uses {strange}")
    assert len(str(refused.value)) > 8


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab0123 ηxβ()[]{}|<>=,.;^*/+-−·√²₀\\_fracΣ&!~'\"e", max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text) -> None:
    try:
        tree = ex.read_text(text, ("a", "b", "x", "eta"), ("g_seq",))
    except ex.Unreadable:
        return
    assert ex.check_tree(tree) == tree
    assert ex.mathml(tree).startswith("<math") and ex.write(tree)


def _random_text(rng: random.Random, depth: int) -> str:
    """Return a formula in SymPy's own notation."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(["a", "x", "eta", "2", "3", "1", "5"])
    one, two = _random_text(rng, depth - 1), _random_text(rng, depth - 1)
    return rng.choice(
        [f"({one} + {two})", f"({one} - {two})", f"{one}*{two}", f"({one})/({two})", f"({one})**2"]
        + [f"-({one})", f"sqrt(({one})**2)"]
    )


def test_what_is_written_reads_back_as_the_same_value() -> None:
    rng = random.Random(7)
    for _ in range(100):
        text = _random_text(rng, 4)
        tree = ex.read_text(text, ("a", "x", "eta"))
        again = ex.read_text(ex.write(tree), ("a", "x", "eta"))
        try:
            value = ex.evaluate(tree, FRACTIONS)
        except ex.Undefined:
            continue
        assert ex.same_number(value, ex.evaluate(again, FRACTIONS)), (text, ex.write(tree))
        truth = sympy.sympify(text, {name: sympy.Symbol(name) for name in POINT}).subs(POINT)
        assert abs(float(ex.real(value)) - float(truth)) <= 1e-9 * max(1, abs(float(truth))), text


def test_long_and_deep_texts_end_quickly_in_words() -> None:
    long = [mark * 900 for mark in ("(", "|", "a")] + ["-" * 900 + "a", "ax" * 480, "a^" * 400 + "a", "√" * 400 + "a"]
    for text in [*long, "a," * 400, "0,1" * 300, "{" * 400 + "a" + "}" * 400]:
        with pytest.raises(ex.Unreadable):
            if ex.symbols(ex.read_text(text, ("a", "b"))) - {"a", "b"}:
                raise ex.Unreadable("a name that the step has not")
