"""Lines that are no polynomials or fractions, at many points: in interval arithmetic, so that no rounding lies.

A point at which an interval leaves a comparison open counts for nothing. Agreement at all points proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from lrtutorial.course import domains
from lrtutorial.course.letters import REAL
from lrtutorial.formulas.evaluation import Number
from lrtutorial.formulas.surds import TooLarge, spend
from lrtutorial.formulas.tree import SET_KINDS, Tree, as_fraction, is_condition, symbols

DIGITS = 40
HALVINGS = 12
MOST_TERMS = 200
_SIZES = [Fraction(n, d) for n, d in ((1, 2), (2, 1), (7, 3), (1, 5), (5, 1), (11, 7), (3, 4), (1, 9), (13, 2))]


class Unclear(ArithmeticError):
    """The intervals don't decide it, or the formula holds what can't be enclosed."""


class NoValue(ArithmeticError):
    """The formula is not defined here."""


@lru_cache(maxsize=1)
def _iv() -> Any:
    import mpmath

    context = mpmath.iv.__class__()
    context.dps = DIGITS
    return context


def sampled(
    above: Tree, below: Tree, facts: Sequence[Tree], variable: str
) -> tuple[list[dict[str, Fraction]], list[dict[str, Fraction]], int]:
    """Return points where only the first line holds, where only the second does, and how many points agree.

    Formulas: ``lost`` are points where the values differ.
    """
    names = sorted(set().union(*map(symbols, (above, below, *facts))))
    lost: list[dict[str, Fraction]] = []
    more: list[dict[str, Fraction]] = []
    agreed = 0
    try:
        points = _points(names, variable, (above, below))
    except TooLarge:
        return lost, more, agreed
    for point in points:
        try:
            if not all(holds(fact, point, variable) for fact in facts):
                continue
            if is_condition(above):
                one, other = holds(above, point, variable), holds(below, point, variable)
            else:
                one, other = True, _same(above, below, point, variable)
        except Unclear:
            continue
        except TooLarge:
            break
        if one == other:
            agreed += 1
        else:
            (lost if one else more).append(point)
    return lost, more, agreed


def _same(above: Tree, below: Tree, point: Mapping[str, Fraction], variable: str) -> bool:
    """Say whether two formulas may have the same value at a point: both undefined, or intervals that meet."""
    values: list[Number] = []
    for tree in (above, below):
        try:
            values.append(_value(tree, point))
        except NoValue:
            values.append(None)
    if None in values:
        return values == [None, None]
    one, other = values
    return bool(one.a <= other.b and other.a <= one.b)


def _points(names: Sequence[str], variable: str, lines: Sequence[Tree]) -> list[dict[str, Fraction]]:
    """Return points of the declared domains: a grid of the unknown over some values of the rest, finer at borders."""
    others = [name for name in names if name != variable]
    bases = [{name: _size(name, 3 * row + 2 * column) for column, name in enumerate(others)} for row in range(5)]
    if variable not in names:
        return [{name: _size(name, 3 * row + 2 * column) for column, name in enumerate(others)} for row in range(40)]
    points = []
    for base in bases if others else bases[:1]:
        spots = sorted(set(_grid(variable)))
        line = [{**base, variable: spot} for spot in spots]
        points += line
        for tree in lines if is_condition(lines[0]) else ():
            points += _near_borders(tree, line, variable)
    return points


def _grid(name: str) -> list[Fraction]:
    domain = domains().get(name, REAL)
    if domain.whole:
        return [Fraction(n) for n in range(12)]
    if domain.high is not None:
        return [Fraction(n, 41) for n in range(1, 41)]
    sizes = [Fraction(n, 8) for n in range(1, 33)] + [Fraction(n) for n in (5, 6, 7, 10, 30, 100)] + [Fraction(1, 50)]
    low = domain.low if domain.low is not None else None
    return [s for s in sizes if low is None or s > low] + (
        [] if low is not None else [-s for s in sizes] + [Fraction(0)]
    )


def _size(name: str, row: int) -> Fraction:
    domain, value = domains().get(name, REAL), _SIZES[row % len(_SIZES)]
    if domain.whole:
        return Fraction(row % 6)
    if domain.high is not None:
        return value / (1 + value)
    if domain.low is not None:
        return value + domain.low + (100 if domain.least else 0)
    return -value if row % 2 else value


def _near_borders(tree: Tree, line: Sequence[dict[str, Fraction]], variable: str) -> list[dict[str, Fraction]]:
    """Return points closer and closer to where a line begins or ends to hold."""
    found = []
    seen: list[bool | None] = []
    for point in line:
        try:
            seen.append(holds(tree, point, variable))
        except Unclear:
            seen.append(None)
    for index in range(len(line) - 1):
        one, other = seen[index], seen[index + 1]
        if one is None or other is None or one == other:
            continue
        left, right = line[index], line[index + 1]
        for _ in range(HALVINGS):
            middle = {**left, variable: (left[variable] + right[variable]) / 2}
            found.append(middle)
            try:
                left, right = (middle, right) if holds(tree, middle, variable) == one else (left, middle)
            except Unclear:
                break
    return found


# -------------------------------------------------------------------------------------------- intervals


def holds(tree: Tree, point: Mapping[str, Fraction], variable: str) -> bool:
    """Say whether a condition holds: False where a part of it is not defined. Raises Unclear."""
    try:
        return enclosed_truth(tree, point, variable)
    except NoValue:
        return False


def enclosed_truth(tree: Tree, point: Mapping[str, Fraction], variable: str) -> bool:
    """Say whether a condition holds at a point. Raises NoValue where it is not defined, Unclear."""
    kind: str = tree[0]
    if kind in SET_KINDS:
        return enclosed_truth(["contains", ["symbol", variable], tree], point, variable)
    if kind in ("true", "false"):
        return kind == "true"
    if kind == "and":
        parts = [
            enclosed_truth(part, point, variable) for part in tree[1:]
        ]  # every part is looked at: all must be defined
        return all(parts)
    if kind == "or":
        parts = [enclosed_truth(part, point, variable) for part in tree[1:]]
        return any(parts)
    if kind == "not":
        return not enclosed_truth(tree[1], point, variable)
    if kind == "relation":
        return _compared(tree[1], _value(tree[2], point), _value(tree[3], point))
    if kind == "contains" and tree[2][0] == "interval":
        inside, (low, high) = _value(tree[1], point), tree[2][2:]
        ops = ["<" if flag == "o" else "<=" for flag in tree[2][1]]
        return _compared(ops[0], _value(low, point), inside) and _compared(ops[1], inside, _value(high, point))
    raise Unclear


def _compared(op: str, left: Number, right: Number) -> bool:
    if left.b < right.a:
        return op in ("<", "<=", "!=")
    if left.a > right.b:
        return op in (">", ">=", "!=")
    if left.a == left.b == right.a == right.b:
        return op in ("<=", ">=", "==")
    raise Unclear


def _value(tree: Tree, point: Mapping[str, Fraction]) -> Number:
    iv, kind = _iv(), tree[0]
    spend(4)
    if kind in ("number", "float"):
        return _enclosed(as_fraction(tree[1]))
    if kind == "symbol":
        return _enclosed(point[tree[1]])
    if kind == "constant":
        if tree[1] in ("oo", "-oo"):
            return iv.mpf("inf" if tree[1] == "oo" else "-inf")
        return +(iv.pi if tree[1] == "pi" else iv.e)
    if kind == "add":
        return sum((_value(part, point) for part in tree[1:]), iv.mpf(0))
    if kind == "mul":
        total = iv.mpf(1)
        for part in tree[1:]:
            total *= _value(part, point)
        return total
    if kind == "pow":
        return _power(_value(tree[1], point), tree[2], point)
    if kind == "function":
        return _function(tree[1], [_value(part, point) for part in tree[2:]])
    if kind == "sum":
        return _sum(tree, point)
    raise Unclear


def _enclosed(number: Fraction) -> Number:
    iv = _iv()
    return iv.mpf(number.numerator) / iv.mpf(number.denominator)


def _power(base: Number, exponent: Tree, point: Mapping[str, Fraction]) -> Number:
    iv = _iv()
    power = _value(exponent, point)
    whole_number = power.a == power.b and power.a == int(power.a)
    if whole_number and abs(power.a) < 1000:
        whole = int(power.a)
        if whole >= 0:
            return base**whole
        if base.a <= 0 <= base.b:
            if base.a == base.b:
                raise NoValue
            raise Unclear
        return 1 / base**-whole
    if base.b < 0 and not whole_number and power.a > int(power.a) and power.b < int(power.a) + 1:
        raise NoValue  # a root of a negative number: the exponent lies between two whole ones
    if base.a <= 0 or abs(power.a) > 10**6:
        raise Unclear
    return iv.exp(iv.log(base) * power)


def _function(name: str, values: list[Number]) -> Number:
    iv, value = _iv(), values[0]
    if name == "abs":
        return abs(value)
    if name in ("sqrt", "log"):
        if value.b < 0 or (name == "log" and value.b <= 0):
            raise NoValue
        if value.a < 0 or (name == "log" and value.a <= 0):
            raise Unclear
        return getattr(iv, name)(value)
    if name == "exp" and abs(value.a) < 10**4:
        return iv.exp(value)
    if name in ("max", "min"):
        pick = max if name == "max" else min
        return iv.mpf([pick(v.a for v in values), pick(v.b for v in values)])
    if name == "sign" and (value.a > 0 or value.b < 0 or value.a == value.b == 0):
        return iv.mpf(1 if value.a > 0 else -1 if value.b < 0 else 0)
    raise Unclear


def _sum(tree: Tree, point: Mapping[str, Fraction]) -> Number:
    _, index, low, high, body = tree
    ends = [_value(end, point) for end in (low, high)]
    if any(end.a != end.b or abs(end.a) > 10**6 or end.a != int(end.a) for end in ends):
        raise Unclear
    first, last = (int(end.a) for end in ends)
    if last - first > MOST_TERMS:
        raise Unclear
    return sum((_value(body, {**point, index: Fraction(n)}) for n in range(first, last + 1)), _iv().mpf(0))
