"""Lines made ready for exact comparison: letters numbered, sums written out, everything else left out or refused.

Numbers are ``("number", Fraction)``, ``("letter", index)``, ``("add" | "mul" | "max" | "min", parts)``, ``("power",
part, whole exponent)``, ``("abs" | "sign", part)``, ``("cases", ((condition, value), …))``; conditions ``("relation",
op, left, right)``, ``("and" | "or" | "not", parts)``, ``("always",)``, ``("never",)``, ``("defined", number)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from lrtutorial.course import domains
from lrtutorial.course.letters import DECAY, POSITIVE, REAL, Domain
from lrtutorial.formulas.surds import Exact, NotExact, Surd, reciprocal, sign, spend, sqrt, width
from lrtutorial.formulas.tree import MINUS_ONE, RELATIONS, SET_KINDS, Tree, as_fraction, substitute, symbols

Values = tuple[Exact, ...]
MOST_TERMS = 40  #: of a sum that is written out
MOST_POWER = 24


class Outside(ValueError):
    """The line is no condition in polynomials and fractions; the message names what is in the way."""


_ZERO, _ONE = Fraction(0), Fraction(1)


# ------------------------------------------------------------------------------------------- written out


def written_out(tree: Tree, variable: str) -> Tree:
    """Return a line without sets, sums with known limits, or roots of squares. A bare set is one of ``variable``."""
    kind = tree[0]
    if kind in SET_KINDS:
        return _membership(["symbol", variable], tree, variable)
    if kind == "contains":
        return _membership(written_out(tree[1], variable), tree[2], variable)
    if kind == "sum":
        return _sum(tree, variable)
    parts = [written_out(part, variable) if isinstance(part, list) else part for part in tree]
    if kind == "function" and tree[1] == "sqrt":
        return _root(parts[2])
    if kind == "pow":
        exponent = _whole_or_half(parts[2])
        if exponent is not None and exponent.denominator == 2:
            return ["pow", _root(parts[1]), ["number", str(exponent.numerator)]]
    return parts


def _membership(value: Tree, kind: Tree, variable: str) -> Tree:
    if kind[0] in ("union", "intersection"):
        joined = "or" if kind[0] == "union" else "and"
        return [joined, *(_membership(value, part, variable) for part in kind[1:])]
    if kind[0] != "interval":
        return kind
    low, high = (written_out(end, variable) for end in kind[2:])
    ops = ["<" if flag == "o" else "<=" for flag in kind[1]]
    return ["and", ["relation", ops[0], low, value], ["relation", ops[1], value, high]]


def _root(inside: Tree) -> Tree:
    """Return the square root of a tree: of an even power, the size of the power of half."""
    if inside[0] == "pow":
        exponent = _whole_or_half(inside[2])
        if exponent is not None and exponent.denominator == 1 and exponent.numerator % 2 == 0 and exponent > 0:
            return ["function", "abs", ["pow", inside[1], ["number", str(exponent.numerator // 2)]]]
    return ["function", "sqrt", inside]


def _whole_or_half(tree: Tree) -> Fraction | None:
    try:
        value = number_of(tree)
    except Outside:
        return None
    return value if value.denominator <= 2 else None


def number_of(tree: Tree) -> Fraction:
    """Return the value of a tree of rational numbers. Raises Outside for anything else."""
    kind = tree[0]
    if kind in ("number", "float"):
        return as_fraction(tree[1])
    if kind == "add":
        return sum((number_of(part) for part in tree[1:]), Fraction(0))
    if kind == "mul":
        product = Fraction(1)
        for part in tree[1:]:
            product *= number_of(part)
        return product
    if kind == "pow":
        base, exponent = number_of(tree[1]), number_of(tree[2])
        if exponent.denominator == 1 and abs(exponent) <= MOST_POWER and (base or exponent > 0):
            return base**exponent.numerator
    raise Outside("no rational number")


def _sum(tree: Tree, variable: str) -> Tree:
    _, index, low, high, body = tree
    try:
        first, last = number_of(low), number_of(high)
    except Outside:
        return _geometric(index, low, high, body, variable)
    if first.denominator != 1 or last.denominator != 1 or last - first > MOST_TERMS:
        raise Outside("a sum of many terms")
    terms = [
        written_out(substitute(body, index, ["number", str(position)]), variable)
        for position in range(first.numerator, last.numerator + 1)
    ]
    return ["add", *terms] if terms else ["number", "0"]


def _geometric(index: str, low: Tree, high: Tree, body: Tree, variable: str) -> Tree:
    """Return the closed form of a geometric sum whose ratio is a decay, so never 1; its end may be endless."""
    base: Tree | None = None
    slope, rest = Fraction(0), []
    factors = [written_out(part, variable) for part in _factors(body)]
    for factor in factors:
        if index not in symbols(factor):
            rest.append(factor)
        elif factor[0] == "pow" and factor[1][0] == "symbol" and domains().get(factor[1][1]) == DECAY and base is None:
            base, exponent = factor[1], linear(factor[2])
            slope = exponent.pop(index, Fraction(0))
            rest.append(["pow", base, from_linear(exponent)])
        else:
            raise Outside("a sum that is not geometric")
    if base is None or slope.denominator != 1 or slope < 1:
        raise Outside("a sum that is not geometric")
    ratio: Tree = ["pow", base, ["number", str(slope)]]
    start = _times_exponent(base, slope, linear(low))
    top: Tree = start
    if high != ["constant", "oo"]:
        after = linear(high)
        after[""] = after.get("", Fraction(0)) + 1
        top = ["add", start, ["mul", MINUS_ONE, _times_exponent(base, slope, after)]]
    below: Tree = ["add", ["number", "1"], ["mul", MINUS_ONE, ratio]]
    return ["mul", *rest, top, ["pow", below, MINUS_ONE]]


def _factors(tree: Tree) -> list[Tree]:
    return [part for child in tree[1:] for part in _factors(child)] if tree[0] == "mul" else [tree]


def _times_exponent(base: Tree, slope: Fraction, exponent: dict[str, Fraction]) -> Tree:
    return ["pow", base, from_linear({name: factor * slope for name, factor in exponent.items()})]


def linear(tree: Tree) -> dict[str, Fraction]:
    """Return a tree as a sum of letters with rational factors, the number under "". Raises Outside."""
    if tree[0] == "symbol":
        return {tree[1]: Fraction(1)}
    if tree[0] == "add":
        total: dict[str, Fraction] = {}
        for part in tree[1:]:
            for name, factor in linear(part).items():
                total[name] = total.get(name, Fraction(0)) + factor
        return total
    if tree[0] == "mul":
        factor, letters = Fraction(1), {"": Fraction(1)}
        for part in tree[1:]:
            inner = linear(part)
            if set(inner) <= {""}:
                factor *= inner.get("", Fraction(0))
            elif set(letters) == {""}:
                letters = inner
            else:
                raise Outside("a product of letters in an exponent")
        return {name: value * factor for name, value in letters.items()}
    return {"": number_of(tree)}


def from_linear(parts: Mapping[str, Fraction]) -> Tree:
    """Undo :func:`linear`."""
    terms: list[Tree] = []
    for name, factor in parts.items():
        number: Tree = ["number", str(factor)]
        terms.append(["mul", number, ["symbol", name]] if name else number)
    return ["add", *terms] if terms else ["number", "0"]


# --------------------------------------------------------------------------------------------- compiling


class Compiled:
    """Lines over numbered letters: square roots of numbers first (``fixed``), then parameters, the unknown last."""

    def __init__(self, trees: Sequence[Tree], variable: str, known: Mapping[str, Domain] | None = None):
        self._atoms: dict[str, object] = {}  # the letters that stand for powers β^t
        self._roots: dict[Fraction, str] = {}
        self.domains = dict(domains() if known is None else known)
        self.squares = self._square_letters(trees)
        names = sorted(set().union(*map(symbols, trees)))
        for tree in trees:
            self._collect(tree)
        self._add_least(names)
        letters = [name for name in [*names, *self._atoms] if name != variable]
        self.names = (*self._roots.values(), *letters, *([variable] if variable in names else []))
        self.index = {name: position for position, name in enumerate(self.names)}
        self.fixed = tuple(sqrt(value) for value in self._roots)
        self.lines = [self.condition(tree) for tree in trees]
        self.domain_conditions, self.allowed = self._domain()

    def _square_letters(self, trees: Sequence[Tree]) -> set[str]:
        """Return the letters under a root that are never negative: they are written as a square of another."""
        found = set()
        for tree in trees:
            for node in _all(tree):
                if node[:2] == ["function", "sqrt"] and node[2][0] == "symbol":
                    low = self.domains.get(node[2][1], REAL).low
                    if low == 0 and not self.domains[node[2][1]].least:
                        found.add(node[2][1])
        return found

    def _add_least(self, names: list[str]) -> None:
        for name in list(names):
            least = self.domains.get(name, REAL).least
            if least and least not in names:
                self.domains[name] = self.domains.get(least, POSITIVE)

    def _collect(self, tree: Tree) -> None:
        for node in _all(tree):
            if node[:2] == ["function", "sqrt"] and node[2][0] != "symbol":
                try:
                    inside = number_of(node[2])
                except Outside:
                    raise Outside("a root with a letter in it") from None
                if inside >= 0 and not isinstance(sqrt(inside), Fraction):
                    self._roots.setdefault(inside, f"√{inside}")
            if node[0] == "pow":
                for atom in self._atoms_of(node[1], node[2]):
                    self._atoms[atom] = True

    def _atoms_of(self, base: Tree, exponent: Tree) -> dict[str, int]:
        """Return the letters that stand for β^t in a power, with their exponents."""
        if not symbols(exponent):
            return {}
        parts = linear(exponent)
        if base[0] != "symbol" or self.domains.get(base[1]) != DECAY:
            raise Outside("a letter in an exponent")
        found = {}
        for name, factor in parts.items():
            if not name:
                continue
            if factor.denominator != 1 or not self.domains.get(name, REAL).whole:
                raise Outside("a letter in an exponent")
            found[f"{base[1]}^{name}"] = factor.numerator
        return found

    # ------------------------------------------------------------------------------------------- numbers

    def number(self, tree: Tree) -> object:
        """Return a formula over numbered letters. Raises Outside."""
        kind = tree[0]
        if kind in ("number", "float"):
            return ("number", as_fraction(tree[1]))
        if kind == "symbol":
            here = ("letter", self.index[tree[1]])
            return ("power", here, 2) if tree[1] in self.squares else here
        if kind in ("add", "mul"):
            return (kind, [self.number(part) for part in tree[1:]])
        if kind == "pow":
            return self._power(tree)
        if kind == "function" and tree[1] in ("abs", "sign"):
            return (tree[1], self.number(tree[2]))
        if kind == "function" and tree[1] in ("max", "min"):
            return (tree[1], [self.number(part) for part in tree[2:]])
        if kind == "function" and tree[1] == "sqrt":
            return self._sqrt(tree[2])
        if kind == "piecewise":
            pairs = zip(tree[1::2], tree[2::2], strict=True)
            return ("cases", [(self.condition(condition), self.number(value)) for value, condition in pairs])
        raise Outside(tree[1] if kind in ("function", "constant", "apply") else kind)

    def _sqrt(self, inside: Tree) -> object:
        if inside[0] == "symbol" and inside[1] in self.squares:
            return ("letter", self.index[inside[1]])
        try:
            value = number_of(inside)
        except Outside:
            raise Outside("a root with a letter in it") from None
        if value < 0:
            return ("power", ("number", Fraction(0)), -1)
        if value in self._roots:
            return ("letter", self.index[self._roots[value]])
        return ("number", sqrt(value))

    def _power(self, tree: Tree) -> object:
        if symbols(tree[2]):
            atoms = self._atoms_of(tree[1], tree[2])
            extra = linear(tree[2]).get("", Fraction(0))
            if extra.denominator != 1:
                raise Outside("a letter in an exponent")
            parts = [("power", ("letter", self.index[atom]), times) for atom, times in atoms.items()]
            return ("mul", [*parts, ("power", self.number(tree[1]), extra.numerator)])
        exponent = number_of(tree[2])
        if exponent.denominator != 1 or abs(exponent) > MOST_POWER:
            raise Outside("an exponent that is no small whole number")
        return ("power", self.number(tree[1]), exponent.numerator)

    def condition(self, tree: Tree) -> object:
        """Return a condition over numbered letters; a formula stays one. Raises Outside."""
        kind = tree[0]
        if kind in ("true", "false"):
            return ("always",) if kind == "true" else ("never",)
        if kind in ("and", "or", "not"):
            return (kind, [self.condition(part) for part in tree[1:]])
        if kind != "relation":
            return self.number(tree)
        ends = [_infinite(side) for side in tree[2:]]
        if not any(ends):
            return ("relation", tree[1], self.number(tree[2]), self.number(tree[3]))
        holds = ("always",) if RELATIONS[tree[1]](*ends) else ("never",)
        finite = [("defined", self.number(side)) for side, end in zip(tree[2:], ends, strict=True) if not end]
        return ("and", [holds, *finite])

    # ------------------------------------------------------------------------------------------- domains

    def _domain(self) -> tuple[list[object], list[Callable[[Values], bool]]]:
        """Return the declared domains as conditions, and for each letter a test of a value given those before."""
        by_letter: list[list[object]] = [[] for _ in self.names]
        for name, position in self.index.items():
            here = ("letter", position)
            domain = Domain(_ZERO, _ONE, open=False) if name in self._atoms else self.domains.get(name, REAL)
            if name in self._atoms:
                by_letter[position].append(("relation", "!=", here, ("number", _ZERO)))
            op = "<" if domain.open else "<="
            if domain.low is not None:
                by_letter[position].append(("relation", op, ("number", domain.low), here))
            if domain.high is not None:
                by_letter[position].append(("relation", op, here, ("number", domain.high)))
            if domain.least in self.index:
                other = self.index[domain.least]
                sides = [
                    ("power", ("letter", i), 2) if self.names[i] in self.squares else ("letter", i)
                    for i in (other, position)
                ]
                by_letter[max(position, other)].append(("relation", "<=", *sides))

        def test(conditions: list[object]) -> Callable[[Values], bool]:
            return lambda values: all(truth(one, values) for one in conditions)

        return [one for conditions in by_letter for one in conditions], [test(one) for one in by_letter]

    def point(self, values: Values) -> dict[str, Any]:
        """Return the values of the letters that a reader knows."""
        return {
            name: value * value if name in self.squares else value
            for name, value in zip(self.names, values, strict=True)
            if name not in self._atoms and not name.startswith("√")
        }

    @property
    def relaxed(self) -> bool:
        """Whether a power β^t is treated as a letter of its own, or a whole number as a real one."""
        return bool(self._atoms) or any(self.domains.get(name, REAL).whole for name in self.names)


def _infinite(tree: Tree) -> float:
    if tree[0] == "constant" and tree[1] in ("oo", "-oo"):
        return float("inf") if tree[1] == "oo" else float("-inf")
    if tree[0] == "mul" and len(tree) == 3 and tree[1][0] == "number":
        return _infinite(tree[2]) * float(as_fraction(tree[1][1]) or 1) if _infinite(tree[2]) else 0.0
    return 0.0


def _all(tree: Tree) -> list[Tree]:
    found, stack = [], [tree]
    while stack:
        node = stack.pop()
        found.append(node)
        stack += [part for part in node[1:] if isinstance(part, list)]
    return found


# -------------------------------------------------------------------------------------------- evaluating


class NoExactValue(ArithmeticError):
    """At these exact values the formula is not defined: a division by zero, or no case that holds."""


def truth(node: object, values: Values) -> bool | None:
    """Say whether a condition holds at exact values; None where a part of it is not defined."""
    try:
        return _truth(node, values)
    except NoExactValue:
        return None


def _truth(node: Any, values: Values) -> bool:
    kind: str = node[0]
    if kind == "relation":
        left, right = _value(node[2], values), _value(node[3], values)
        if type(left) is type(right) is Fraction:
            return RELATIONS[node[1]](left, right)
        return RELATIONS[node[1]](sign(left - right), 0)
    if kind == "always" or kind == "never":
        return kind == "always"
    if kind == "and":
        parts = [_truth(part, values) for part in node[1]]  # every part is looked at: all must be defined
        return all(parts)
    if kind == "or":
        parts = [_truth(part, values) for part in node[1]]
        return any(parts)
    if kind == "not":
        return not _truth(node[1][0], values)
    _value(node[1], values)
    return True


def _value(node: Any, values: Values) -> Exact:
    kind = node[0]
    spend(1)
    if kind == "number":
        return node[1]
    if kind == "letter":
        return values[node[1]]
    if kind == "add":
        total = _value(node[1][0], values)
        for part in node[1][1:]:
            total = total + _value(part, values)
        return total
    if kind == "mul":
        total = _value(node[1][0], values)
        for part in node[1][1:]:
            total = total * _value(part, values)
        return total
    if kind == "power":
        return _raised(_value(node[1], values), node[2])
    if kind == "abs":
        inner = _value(node[1], values)
        return -inner if sign(inner) < 0 else inner
    if kind == "sign":
        return Fraction(sign(_value(node[1], values)))
    if kind in ("max", "min"):
        best, *others = [_value(part, values) for part in node[1]]
        for other in others:
            if sign(other - best) == (1 if kind == "max" else -1):
                best = other
        return best
    if kind == "cases":
        for condition, value in node[1]:
            if _truth(condition, values):
                return _value(value, values)
        raise NoExactValue
    raise NotExact(kind)


def _raised(base: Exact, exponent: int) -> Exact:
    if exponent < 0:
        if sign(base) == 0:
            raise NoExactValue
        base, exponent = reciprocal(base), -exponent
    spend(exponent * width(base))
    if isinstance(base, Fraction):
        return base**exponent
    result: Exact = Fraction(1)
    for _ in range(exponent):
        result = result * base
    return result


def shown(value: Exact) -> float:
    """Return an exact number as a float, for display."""
    if isinstance(value, Fraction | Surd):
        return float(value)
    return float(value.root) if len(value.poly) == 2 else float("nan")
