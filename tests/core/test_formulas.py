"""Formulas as plain data: what is read, what is refused, exact values, bounded work. Oracle: SymPy and fractions."""

from __future__ import annotations

import json
import sys
import threading
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from lrtutorial import formulas as ex
from lrtutorial.symbols import a, beta, eta, g_seq, k, kappa, t, v, x, x0

POINT = {
    "a": Fraction(7, 3),
    "x": Fraction(-5, 7),
    "eta": Fraction(4, 11),
    "t": Fraction(5),
    "x0": Fraction(13, 5),
    "beta": Fraction(3, 5),
    "kappa": Fraction(17, 3),
    "k": Fraction(2),
}


def value(answer, **functions):
    return ex.evaluate(ex.read(answer), POINT, functions)


# ------------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("2*a*x", 2 * a * x),
        ("2·a·x − 1", 2 * a * x - 1),
        ("a^2*x", a**2 * x),
        ("η·a^2", eta * a**2),
        ("-x^2", -(x**2)),
        ("x0*(1-eta*a)**t", x0 * (1 - eta * a) ** t),
        ("x_t = (1 - η*a)**t * x0", (1 - eta * a) ** t * x0),
        ("|x - 1|", abs(x - 1)),
        ("|x|*|a|", abs(x) * abs(a)),
        ("2*|x - |a||", 2 * abs(x - abs(a))),
        ("sqrt(a)/2", sympy.sqrt(a) / 2),
        ("1/(1-β)", 1 / (1 - beta)),
        ("1e-3*x", x / 1000),
        ("a/x/2", a / x / 2),
        ("Sum(β^k, (k, 0, t - 1))", sympy.Sum(beta**k, (k, 0, t - 1))),
        ("κ", kappa),
        ("+x", x),
        ("max(a, x) + min(a, x)", a + x),
        ("exp(0)*ln(1) + sign(x)", sympy.Integer(-1)),
    ],
)
def test_text_and_sympy_say_the_same(text, formula) -> None:
    tree = ex.right_hand_side(ex.read(text))
    assert ex.same_number(ex.evaluate(tree, POINT), value(formula))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__",
        "x.real",
        "x[0]",
        "lambda: x",
        "[x for x in (1, 2)]",
        "f'{x}'",
        "'a'*9",
        "open('f')",
        "eval('1')",
        "print(x)",
        "x if a else t",
        "a := 2",
        "import os",
        "x; a",
        "x\na",
        "{1: 2}",
        "*x",
        "not_there(x)",
        "sqrt(x, evaluate=False)",
        "1j",
        "Sum(k)",
        "Sum(k, (k, 0))",
        "a @ x",
        "a // x",
        "a % x",
        "~a",
        "a is x",
        "a in x",
        "",
        "(" * 400,
        "-" * 900 + "x",
        "x" * 1001,
        "1e99999*x",
        "0x" + "f" * 900,
    ],
)
def test_text_is_never_run_and_what_is_no_formula_is_refused(text) -> None:
    with pytest.raises(ex.Unreadable) as refused:
        ex.evaluate(ex.read(text), POINT)
    assert 10 < len(str(refused.value)) < 250


def test_reading_gives_plain_json_back() -> None:
    tree = ex.read(sympy.And(0 < eta, eta < 2 / a))
    assert ex.check_tree(json.loads(json.dumps(tree))) == tree


@pytest.mark.parametrize(
    "tree",
    [
        None,
        3,
        "x",
        [],
        [1],
        ["symbol"],
        ["symbol", 1],
        ["nonsense", "x"],
        ["pow", ["symbol", "x"]],
        ["number", "1/0"],
        ["number", "nan"],
        ["float", "inf"],
        ["number", "9" * 500],
        ["function", "system", ["symbol", "x"]],
        ["add"],
        {"add": 1},
        ["relation", "=", ["symbol", "x"], ["symbol", "x"]],
        ["constant", "nan"],
        ["interval", "zz", ["number", "0"], ["number", "1"]],
        ["number", "1e999999"],
        ["symbol", "x", ["symbol", "y"]],
        ["add", *[["number", "1"]] * 3000],
    ],
)
def test_a_forged_tree_is_refused(tree) -> None:
    with pytest.raises(ex.Unreadable):
        ex.check_tree(tree)


def test_a_tree_nested_too_deeply_is_refused() -> None:
    tree = ["symbol", "x"]
    for _ in range(5000):
        tree = ["mul", tree]
    with pytest.raises(ex.Unreadable, match="nested"):
        ex.check_tree(tree)
    formula = x
    for _ in range(500):
        formula = sympy.Add(1, sympy.Pow(formula, 2, evaluate=False), evaluate=False)
    with pytest.raises(ex.Unreadable, match="nested|parts"):
        ex.read(formula)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ("0 < eta*a < 2", "0 < η·a < 2"),
        (sympy.And(0 < eta, eta < 2 / a), "0 < η < 2/a"),
        ("|1-eta*a|<1", "|1 − η·a| < 1"),
        ("x - eta*(a*x + 1)", "x − η·(a·x + 1)"),
        ("a/(b*c)", "a/(b·c)"),
        ("(1-beta)^(t+1)", "(1 − β)^(t + 1)"),
        ("-x", "−x"),
        ("x*(-2)", "x·(−2)"),
        (sympy.Interval.open(0, 2 / a), "(0, 2/a)"),
        ("eta < 0 or eta > 1", "η < 0 or η > 1"),
    ],
)
def test_trees_are_written_as_a_reader_would(tree, text) -> None:
    assert ex.write(ex.read(tree)) == text


def test_an_equation_stands_for_its_right_hand_side() -> None:
    assert ex.right_hand_side(ex.read(sympy.Eq(sympy.Symbol("y"), a * x))) == ex.read(a * x)
    assert ex.right_hand_side(ex.read("a*x = y")) == ex.read("a*x")
    ahead = ex.right_hand_side(ex.read(sympy.Eq(v(t + 2), v(t + 1) + g_seq(t))))
    back = {"v": lambda n: 10 * n, "g_seq": lambda n: n}
    assert ex.evaluate(ahead, {"t": Fraction(7)}, back) == 10 * 6 + 5


def test_indices_of_sums_are_bound() -> None:
    tree = ex.read("Sum(beta^k * t, (k, 0, t)) + k")
    assert ex.symbols(tree) == {"beta", "t", "k"}
    assert ex.symbols(ex.read("Sum(beta^k, (k, 0, 3))")) == {"beta"}
    moved = ex.substitute(tree, "k", ["number", "9"])
    assert ex.evaluate(moved, POINT) == sum(POINT["beta"] ** i * 5 for i in range(6)) + 9


# ------------------------------------------------------------------------------------------------- values


def formulas(symbols=("a", "x", "beta")):
    """Random SymPy formulas, unevaluated in part, with rational values wherever they are defined."""
    leaves = st.one_of(
        st.sampled_from([a, x, beta]),
        st.fractions(-3, 3, max_denominator=7).map(lambda f: sympy.Rational(f.numerator, f.denominator)),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda pair: sympy.Add(*pair, evaluate=False)),
            st.tuples(inner, inner).map(lambda pair: sympy.Mul(*pair, evaluate=False)),
            st.tuples(inner, st.integers(-3, 4)).map(lambda pair: sympy.Pow(*pair, evaluate=False)),
            inner.map(lambda part: sympy.Abs(part, evaluate=False)),
        ),
        max_leaves=12,
    )


@given(formulas())
def test_values_are_exactly_those_of_sympy(formula) -> None:
    at = {
        symbol: sympy.Rational(POINT[symbol.name].numerator, POINT[symbol.name].denominator) for symbol in (a, x, beta)
    }
    truth = formula.subs(at).doit()
    try:
        mine = value(formula)
    except ex.Undefined:
        parts = [part.doit() for part in sympy.preorder_traversal(formula.subs(at))]  # SymPy's (1/0)**0 is 1
        assert any(not part.is_finite for part in parts)
        return
    except ex.Undecided:
        assert len(str(truth)) > 100
        return
    if truth.is_Rational and isinstance(mine, Fraction):
        assert mine == Fraction(int(truth.p), int(truth.q))
    else:
        assert ex.same_number(mine, ex.mpmath_context().mpf(str(truth.evalf(45))))


def test_an_endless_geometric_sum_is_exact_and_a_diverging_one_undefined() -> None:
    assert value("Sum(beta^k, (k, 0, oo))") == Fraction(5, 2)
    assert value("Sum(0.9^k, (k, 0, oo))") == 10
    with pytest.raises(ex.Undefined):
        value("Sum(a^k, (k, 0, oo))")
    truth = sympy.Sum(k**2 / sympy.Integer(3) ** k, (k, 1, sympy.oo)).doit()
    assert ex.same_number(value("Sum(k^2/3^k, (k, 1, oo))"), Fraction(truth.p, truth.q))


@pytest.mark.parametrize("text", ["1/(x + 5/7)", "sqrt(x)", "x^(1/2)", "log(x)", "0^(-1)", "Sum(beta^k, (k, 0, a))"])
def test_where_there_is_no_real_value_it_says_so(text) -> None:
    with pytest.raises(ex.Undefined):
        value(text)


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        ("0 < eta < 2/a", (False, True, True, False, False)),
        ("0 <= eta <= 2/a", (True, True, True, True, False)),
        ("|1 - eta*a| < 1", (False, True, True, False, False)),
        (sympy.Interval.open(0, 2 / a), (False, True, True, False, False)),
        (sympy.Interval(0, 2 / a), (True, True, True, True, False)),
        (abs(eta) <= 2 / a, (True, True, True, True, False)),
        ((eta > 0, eta < 2 / a), (False, True, True, False, False)),
        (sympy.Ne(eta, 0), (False, True, True, True, True)),
        ("sqrt(2)*eta < 3 and eta > -1", (True, True, True, True, True)),
    ],
)
def test_conditions_are_exact_at_their_borders(condition, where) -> None:
    edge = 2 / POINT["a"]
    tree = ex.read(condition)
    spots = (
        Fraction(0),
        edge / 7,
        edge * Fraction(999_999, 1_000_000),
        edge,
        edge * Fraction(1_000_001, 1_000_000),
    )
    assert tuple(ex.holds(tree, {**POINT, "eta": spot}, "eta") for spot in spots) == where


def test_an_irrational_and_a_rational_side_can_be_compared() -> None:
    assert ex.holds(ex.read("sqrt(2) < 3/2"), {}, "x") and not ex.holds(ex.read("sqrt(2) >= 3/2"), {}, "x")
    assert ex.holds(ex.read("sqrt(2)*sqrt(2) <= 2"), {}, "x")  # equal within 30 digits


# -------------------------------------------------------------------------------------------- bounded work


def _tower():
    formula = sympy.Integer(10)
    for _ in range(4):
        formula = sympy.Pow(10, formula, evaluate=False)
    return formula


def _shared(depth):
    formula = x
    for _ in range(depth):
        formula = sympy.Add(formula, sympy.Mul(formula, a, evaluate=False), evaluate=False)
    return formula


HUGE = {
    "10**10**8": "10**10**8 * x",
    "10**10**8 with a symbol": "x**(10**10**8)",
    "a tower": _tower,
    "unevaluated power": lambda: sympy.Mul(x, sympy.Pow(10, 10**8, evaluate=False), evaluate=False),
    "factorial": lambda: sympy.Mul(x, sympy.factorial(10**6, evaluate=False), evaluate=False),
    "factorial as text": "factorial(10**6)",
    "degree 500": lambda: (a + x + eta) ** 500,
    "nested powers": "((((a+x)^99)^99)^99)^99",
    "long": "+".join(["x"] * 499),
    "a long sum": "Sum(beta^k, (k, 0, 10^9))",
    "sums in sums": "Sum(Sum(Sum(a^k, (k, 0, 999)), (t, 0, 999)), (k, 0, 999))",
    "a slow series": "Sum(1/k^2, (k, 1, oo))",
    "shared parts": lambda: _shared(60),
    "a long number": lambda: sympy.Integer(7) ** 5000 * x,
    "a long fraction": lambda: x / sympy.Integer(7) ** 900,
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_work_is_given_up_or_done_quickly(name) -> None:
    """That this test ends is what it shows: each of these takes minutes or for ever when it is simply evaluated."""
    answer = HUGE[name]() if callable(HUGE[name]) else HUGE[name]
    try:
        result = value(answer)
    except (ex.Undecided, ex.Undefined, ex.Unreadable) as why:
        assert len(str(why)) > 10
    else:
        assert isinstance(result, Fraction) or ex.mpmath_context().isfinite(result)


class AlwaysEqual(sympy.Symbol):
    """An object that says yes to every comparison."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = sympy.Symbol.__hash__


class Disguised:
    """An object that claims to come from SymPy and raises whatever is asked of it."""

    __module__ = "sympy.core.add"

    @property
    def args(self):
        raise RuntimeError("never")

    def __str__(self) -> str:
        raise RuntimeError("never")

    __repr__ = __str__


class Endless:
    """An object whose parts never end."""

    __module__ = "sympy.core.add"

    @property
    def args(self):
        return (self, self)


Endless.__name__ = "Add"


@pytest.mark.parametrize(
    "answer",
    [AlwaysEqual("x", real=True), AlwaysEqual("x", real=True) + 1, Disguised(), Endless()],
    ids=["always equal", "in a sum", "disguised", "endless"],
)
def test_hostile_objects_are_refused(answer) -> None:
    from lrtutorial.checking import verdict_on

    verdict = verdict_on("a1-gradient", answer)
    assert verdict.status == "unreadable" and verdict.points == 0 and "never" not in str(verdict)


def test_the_work_of_reading_and_judging_does_not_depend_on_the_recursion_limit() -> None:
    formula = x
    for _ in range(3000):
        formula = sympy.Pow(formula, 2, evaluate=False)
    assert sys.getrecursionlimit() < 3000
    with pytest.raises(ex.Unreadable):
        ex.read(formula)


def test_evaluations_share_a_budget_inside_at_most() -> None:
    tree = ex.read("Sum(k, (k, 0, 99))")
    with ex.at_most(1_000):
        assert ex.evaluate(tree, {}) == 4950
        with pytest.raises(ex.Undecided):
            for _ in range(100):
                ex.evaluate(tree, {})
    assert ex.evaluate(tree, {}) == 4950


def test_intervals_may_be_endless() -> None:
    reals, above, below = sympy.S.Reals, sympy.Interval.open(0, sympy.oo), sympy.Interval(-sympy.oo, 0)
    for value_of_eta in (Fraction(-9), Fraction(0), Fraction(9)):
        point = {"eta": value_of_eta}
        assert ex.holds(ex.read(reals), point, "eta")
        assert ex.holds(ex.read(above), point, "eta") == (value_of_eta > 0)
        assert ex.holds(ex.read(below), point, "eta") == (value_of_eta <= 0)


def test_one_thread_s_budget_is_not_another_s() -> None:
    """A grader judges submissions beside each other: one that spends all its work must not leave another undecided."""
    spent, read = threading.Event(), ex.read(2 * a * x)
    found: list[object] = []

    def spendthrift() -> None:
        with ex.at_most(2):
            with pytest.raises(ex.Undecided):
                for _ in range(50):
                    ex.evaluate(read, POINT)
            spent.set()
            done.wait(10)

    done, thread = threading.Event(), threading.Thread(target=spendthrift)
    thread.start()
    assert spent.wait(10)
    try:
        with ex.at_most(1_000):
            found.append(ex.evaluate(read, POINT))
    finally:
        done.set()
        thread.join()
    assert found == [2 * POINT["a"] * POINT["x"]]
