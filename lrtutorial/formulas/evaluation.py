"""The value of a formula, with bounded work: in exact rationals where possible, with 40 digits where not.

An evaluation gives up with :class:`Undecided` when its budget is spent.
"""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from fractions import Fraction
from functools import lru_cache
from typing import Any

from lrtutorial.formulas.tree import RELATIONS, SERIES, SET_KINDS, Tree, Unreadable, as_fraction, inexact

Number = Any  # Fraction, or mpmath's mpf when a value is irrational

BUDGET = 60_000  #: operations of one evaluation
DIGITS = 40  #: decimal digits of inexact arithmetic
EXACT_BITS = 8_192  #: larger rationals continue as 40-digit numbers


class Undecided(ArithmeticError):
    """Evaluating would take more work than the budget allows: neither right nor wrong."""


class Undefined(ArithmeticError):
    """The formula has no real value at this point (a division by zero, the root of a negative number)."""


@lru_cache(maxsize=1)
def mpmath_context() -> Any:
    import mpmath

    context = mpmath.MPContext()
    context.dps = DIGITS
    return context


def real(value: Number) -> Number:
    """Return a Fraction or 40-digit number as mpmath's ``mpf``."""
    mp = mpmath_context()
    return mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mp.mpf(value)


# Of this thread alone: a grader judges many submissions at once, and one must not spend another's.
_pools: ContextVar[tuple[list[int], ...]] = ContextVar("pools", default=())


@contextlib.contextmanager
def at_most(budget: int) -> Iterator[None]:
    """Bound all evaluations inside the block together: once ``budget`` operations are spent they raise Undecided."""
    token = _pools.set((*_pools.get(), [budget]))
    try:
        yield
    finally:
        _pools.reset(token)


class _Evaluation:
    def __init__(self, point: Mapping[str, Number], functions: Mapping[str, Callable[[Number], Number]], budget: int):
        self.point = dict(point)
        self.functions = functions
        self.pools = _pools.get()
        self.left = self.most = min([budget, *(pool[0] for pool in self.pools)])

    def __enter__(self) -> _Evaluation:
        return self

    def __exit__(self, *raised: object) -> None:
        for pool in self.pools:
            pool[0] -= self.most - self.left

    def spend(self, cost: int = 1) -> None:
        self.left -= cost
        if self.left < 0:
            raise Undecided("the formula takes too much work to evaluate")

    def trim(self, value: Number) -> Number:
        if isinstance(value, Fraction):
            bits = value.numerator.bit_length() + value.denominator.bit_length()
            if bits > 255:
                self.spend(bits >> 8)
            return value if bits <= EXACT_BITS else real(value)
        if not mpmath_context().isfinite(value):
            raise Undefined("no finite value")
        return value

    def number(self, tree: Tree) -> Number:
        self.spend()
        kind = tree[0]
        if kind in ("number", "float"):
            return as_fraction(tree[1])
        if kind == "symbol":
            try:
                return self.point[tree[1]]
            except KeyError:
                raise Unreadable(f"{tree[1]} has no value here") from None
        if kind == "constant":
            if tree[1] in ("pi", "e"):
                return +getattr(mpmath_context(), tree[1])
            raise Undefined("infinity has no value")
        if kind == "add":
            terms = [self.number(child) for child in tree[1:]]
            total: Number = self.trim(terms[0]) if terms else Fraction(0)
            for term in terms[1:]:
                total = self.trim(_together(operator.add, total, term))
            _hold_digits(total, terms)
            return total
        if kind == "mul":
            product: Number = self.trim(self.number(tree[1])) if len(tree) > 1 else Fraction(1)
            for child in tree[2:]:
                product = self.trim(_together(operator.mul, product, self.number(child)))
            return product
        if kind == "pow":
            return self.power(self.number(tree[1]), self.number(tree[2]))
        if kind == "function":
            return self.function(tree[1], [self.number(child) for child in tree[2:]])
        if kind == "apply":
            if tree[1] not in self.functions:
                raise Unreadable(f"{tree[1]}(...) has no meaning in this task")
            return self.functions[tree[1]](self.number(tree[2]))
        if kind in SERIES:
            return self.series(tree)
        if kind == "piecewise":
            for value, condition in zip(tree[1::2], tree[2::2], strict=False):
                if self.truth(condition):
                    return self.number(value)
            raise Undefined("no case of the piecewise formula holds")
        raise Unreadable("a condition stands where a number was expected")

    def power(self, base: Number, exponent: Number) -> Number:
        if not base:
            if exponent > 0:
                return Fraction(0)
            if not exponent:
                return Fraction(1)
            raise Undefined("division by zero")
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            n = exponent.numerator
            if isinstance(base, Fraction):
                bits = (base.numerator.bit_length() + base.denominator.bit_length()) * abs(n)
                if bits <= EXACT_BITS:
                    self.spend(bits >> 8)
                    return base**n
            if abs(n).bit_length() > 256:
                raise Undecided("the exponent is too large")
            return self._mp_power(real(base), n)
        if base < 0:
            raise Undefined("a root of a negative number")
        if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 2:
            top, bottom = math.isqrt(base.numerator), math.isqrt(base.denominator)
            if top * top == base.numerator and bottom * bottom == base.denominator:
                return self.power(Fraction(top, bottom), Fraction(exponent.numerator))
        return self._mp_power(real(base), real(exponent))

    def _mp_power(self, base: Number, exponent: Number) -> Number:
        mp = mpmath_context()
        self.spend(20)
        if abs(mp.log(abs(base)) * exponent) > 10**9:
            raise Undecided("the power is too large or too small to compare")
        return self.trim(mp.power(base, exponent))

    def function(self, name: str, values: list[Number]) -> Number:
        mp = mpmath_context()
        self.spend(5)
        if name in ("max", "min"):
            return (max if name == "max" else min)(values, key=real)
        value = values[0]
        if name == "sqrt":
            return self.power(value, Fraction(1, 2))
        if name == "abs":
            return abs(value)
        if name == "sign":
            return Fraction((value > 0) - (value < 0))
        if name in ("floor", "ceiling"):
            return Fraction(int(mp.floor(real(value)) if name == "floor" else mp.ceil(real(value))))
        if name == "exp":
            return self._mp_power(+mp.e, real(value))
        if name in ("binomial", "factorial"):
            return self._count(name, values)
        if name != "log":
            return self._smooth(name, real(value))
        if value <= 0:
            raise Undefined("the logarithm of a number that is not positive")
        return mp.log(real(value))

    def _count(self, name: str, values: list[Number]) -> Number:
        """Return n! or n over k for whole numbers of bounded size; elsewhere neither is given a value."""
        if any(not isinstance(value, Fraction) or value.denominator != 1 for value in values):
            raise Undefined(f"{name} of a number that is not whole")
        if any(abs(value) > 2_000 for value in values):
            raise Undecided(f"{name} of a number this large takes too much work")
        whole = [int(value) for value in values]
        if whole[0] < 0:
            raise Undefined(f"{name} of a negative number")
        self.spend(20 + whole[0])
        if name == "factorial":
            return self.trim(Fraction(math.factorial(whole[0])))
        return self.trim(Fraction(math.comb(*whole) if whole[1] >= 0 else 0))

    def _smooth(self, name: str, value: Number) -> Number:
        if abs(value) > 10**6:
            raise Undecided(f"{name} of a number this large takes too much work")
        if name == "atanh" and abs(value) >= 1:
            raise Undefined("the inverse tanh of a number that is not between −1 and 1")
        self.spend(20)
        return self.trim(getattr(mpmath_context(), name)(value))

    def series(self, tree: Tree) -> Number:
        """Return a sum or a product over a whole index; one without an end must be a sum."""
        kind, index, low_tree, high_tree, body = tree
        combine, total = (operator.add, Fraction(0)) if kind == "sum" else (operator.mul, Fraction(1))
        low = self.number(low_tree)
        endless = high_tree == ["constant", "oo"]
        high = low if endless else self.number(high_tree)
        if any(not isinstance(end, Fraction) or end.denominator != 1 for end in (low, high)):
            raise Undefined("the limits of the series are no whole numbers here")
        if endless and kind == "product":
            raise Undefined("a product without an end")
        if not endless and high - low > 5_000:
            raise Undecided(f"the {kind} has too many terms")
        shadowed = self.point.get(index)

        def term(position: int) -> Number:
            self.point[index] = Fraction(position)
            return self.number(body)

        try:
            first = low.numerator
            if endless:
                return self._endless_sum(term, first)
            value: Number = total
            for position in range(first, high.numerator + 1):
                value = self.trim(_together(combine, value, term(position)))
            return value
        finally:
            if shadowed is None:
                self.point.pop(index, None)
            else:
                self.point[index] = shadowed

    def _endless_sum(self, term: Callable[[int], Number], first: int) -> Number:
        """Sum a geometric series exactly, any other series term by term until the terms vanish."""
        head = [term(first + offset) for offset in range(6)]
        if head[0] != 0:
            ratio = _together(operator.truediv, head[1], head[0])
            if all(same_number(b, _together(operator.mul, a, ratio)) for a, b in zip(head, head[1:], strict=False)):
                if abs(ratio) >= 1:
                    raise Undefined("the series diverges")
                return self.trim(_together(operator.truediv, head[0], 1 - ratio))
        total, position = real(sum(map(real, head))), first + len(head)
        while True:
            value = real(term(position))
            total += value
            if abs(value) <= abs(total) * mpmath_context().mpf(10) ** -(DIGITS - 5):
                return total
            position += 1
            self.spend(5)

    def truth(self, tree: Tree) -> bool:
        self.spend()
        kind: str = tree[0]
        if kind in ("true", "false"):
            return kind == "true"
        if kind == "relation":
            if tree[2][0] == "constant" or tree[3][0] == "constant":
                return RELATIONS[tree[1]](self.extended(tree[2]), self.extended(tree[3]))
            left, right = self.number(tree[2]), self.number(tree[3])
            if same_number(left, right, inexact(tree)):
                right = left
            if isinstance(left, Fraction) != isinstance(right, Fraction):
                left, right = real(left), real(right)
            return RELATIONS[tree[1]](left, right)
        if kind == "and":
            return all(list(map(self.truth, tree[1:])))  # every part is looked at: none may be unreadable
        if kind == "or":
            return any(list(map(self.truth, tree[1:])))
        if kind == "not":
            return not self.truth(tree[1])
        if kind == "contains":
            return self.member(self.number(tree[1]), tree[2])
        raise Unreadable("a number stands where a condition was expected")

    def extended(self, tree: Tree) -> Number:
        if tree[0] == "constant" and tree[1] in ("oo", "-oo"):
            return mpmath_context().mpf("inf" if tree[1] == "oo" else "-inf")
        return real(self.number(tree))

    def member(self, value: Number, tree: Tree) -> bool:
        self.spend()
        if tree[0] == "interval":
            low, high = (self.extended(end) for end in tree[2:])
            here = real(value)
            above: bool = here > low if tree[1][0] == "o" else here >= low
            below: bool = here < high if tree[1][1] == "o" else here <= high
            at_low, at_high = same_number(here, low), same_number(here, high)
            within: bool = (tree[1][0] == "c" if at_low else above) and (tree[1][1] == "c" if at_high else below)
            return within
        if tree[0] in ("union", "intersection"):
            return (any if tree[0] == "union" else all)([self.member(value, child) for child in tree[1:]])
        if tree[0] in ("true", "false"):
            return bool(tree[0] == "true")
        raise Unreadable("a set of values was expected")


def _together(op: Callable[[object, object], object], left: Number, right: Number) -> Number:
    """Apply ``op`` exactly to two Fractions, otherwise with 40 digits."""
    if op is operator.mul and (isinstance(left, Fraction) and not left or isinstance(right, Fraction) and not right):
        return Fraction(0)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        if op is operator.truediv and not right:
            raise Undefined("division by zero")
        return op(left, right)
    return op(real(left), real(right))


def evaluate(
    tree: Tree,
    point: Mapping[str, Number],
    functions: Mapping[str, Callable[[Number], Number]] | None = None,
    *,
    budget: int = BUDGET,
) -> Number:
    """Return the value of a formula at ``point``: a Fraction when it is rational, else a 40-digit ``mpf``.

    Raises
    ------
    Undefined
        If it has no finite real value there.
    Undecided
        If the budget of operations runs out first.
    Unreadable
        If a symbol has no value at the point.
    """
    try:
        with _Evaluation(point, functions or {}, budget) as evaluation:
            return evaluation.number(tree)
    except (OverflowError, ZeroDivisionError, RecursionError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Undecided("the formula takes too much work to evaluate") from None


def approximate(tree: Tree, point: Mapping[str, Number]) -> float | None:
    """Return about the value at a point, quickly; None where that takes more than arithmetic, or there is none."""
    try:
        value = _float(tree, point)
    except (ArithmeticError, ValueError, KeyError, TypeError):
        return None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _float(tree: Tree, point: Mapping[str, Number]) -> float:
    kind = tree[0]
    if kind == "symbol":
        return float(point[tree[1]])
    if kind in ("number", "float"):
        return float(as_fraction(tree[1]))
    if kind == "add":
        return math.fsum(_float(child, point) for child in tree[1:])
    if kind == "mul":
        return math.prod(_float(child, point) for child in tree[1:])
    if kind == "pow":
        value: float | complex = _float(tree[1], point) ** _float(tree[2], point)
        if isinstance(value, complex):
            raise ValueError
        return value
    if kind == "function" and tree[1] in _FLOATS:
        return _FLOATS[tree[1]](_float(tree[2], point))
    raise KeyError(kind)


_FLOATS: dict[str, Callable[[float], float]] = {"sqrt": math.sqrt, "abs": abs, "exp": math.exp, "log": math.log}


def _hold_digits(total: Number, terms: Sequence[Number]) -> None:
    """Raise Undecided where large terms that are known to 40 digits cancel: what is left of them says nothing."""
    if all(isinstance(number, Fraction) for number in (total, *terms)):
        return
    left, *sizes = (abs(real(number)) for number in (total, *terms))
    if max(sizes) > 10**8 and left < max(sizes) / 10**10:
        raise Undecided("terms this large cancel, and their digits are not enough to say what is left")


def holds(tree: Tree, point: Mapping[str, Number], variable: str, *, budget: int = BUDGET) -> bool:
    """Say whether a condition holds at ``point``; a bare set is a condition on ``variable``. Raises as evaluate()."""
    if tree[0] in SET_KINDS:
        tree = ["contains", ["symbol", variable], tree]
    try:
        with _Evaluation(point, {}, budget) as evaluation:
            return evaluation.truth(tree)
    except (OverflowError, ZeroDivisionError, RecursionError) as error:
        raise Undecided("the condition takes too much work to evaluate") from error


def same_number(left: Number, right: Number, loose: bool = False) -> bool:
    """Compare two values: exactly when both are rational, to 30 digits otherwise, to 9 digits when ``loose``.

    ``loose`` is for formulas that hold floating-point numbers, whose last digits are rounding.
    """
    if isinstance(left, Fraction) and isinstance(right, Fraction) and not loose:
        return left == right
    mp = mpmath_context()
    a, b = real(left), real(right)
    if mp.isinf(a) or mp.isinf(b):
        return bool(a == b)
    near: bool = abs(a - b) <= _tolerance(loose) * max(abs(a), abs(b))
    return near


@lru_cache(maxsize=2)
def _tolerance(loose: bool) -> Number:
    return mpmath_context().mpf(10) ** (-9 if loose else -30)


def show_number(value: Number, digits: int = 6) -> str:
    """Return a value as a reader would write it: a short fraction, otherwise ``digits`` significant digits."""
    if isinstance(value, Fraction):
        if value.denominator == 1 and abs(value) < 10**9:
            return str(value.numerator)
        if value.denominator < 1000 and abs(value.numerator) < 10_000:
            return f"{value.numerator}/{value.denominator} ≈ {float(value):.{digits}g}"
    shown: str = mpmath_context().nstr(real(value), digits)
    return shown.removesuffix(".0")
