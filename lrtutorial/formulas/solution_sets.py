"""The solution sets of two lines, compared exactly: equal, one inside the other, or neither, with points that show it.

A line in polynomials and fractions (absolute values, max, min and sign among them) has a solution set that is a
union of cells: over every cell the signs of a few polynomials stay the same (cylindrical algebraic decomposition,
Collins 1975, with McCallum's projection). One exact sample for each cell decides the line on all of it: a rational
number inside, the border itself as a root of a quadratic or as an isolated root of its polynomial. So the
comparison is a proof, for all values of all letters in their declared domains, and every difference has a witness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from lrtutorial.formulas import polynomials as pl
from lrtutorial.formulas.compiled import Compiled, Outside, truth
from lrtutorial.formulas.roots import Element, Root, between, ordered, real_roots, trimmed
from lrtutorial.formulas.surds import Exact, NotExact, TooLarge, sign

MOST_SAMPLES = 6_000
MOST_BRANCHES = 64
Values = tuple[object, ...]


@dataclass
class Difference:
    """How two conditions compare: where only one of them holds, and whether every cell was looked at."""

    lost: list[dict[str, object]] = field(default_factory=list)  #: points where the first holds and the second doesn't
    more: list[dict[str, object]] = field(default_factory=list)  #: points where the second holds and the first doesn't
    complete: bool = True  #: whether all cells were decided, so that no difference means equality
    samples: int = 0  #: points that were decided


def borders(compiled: Compiled, conditions: Sequence[object]) -> list[pl.Many]:
    """Return the polynomials on whose signs the conditions depend. Raises Outside or TooLarge."""
    found = _Borders(compiled)
    for condition in conditions:
        found.condition(condition)
    unique = {tuple(sorted(pl.plain(one).items())): pl.plain(one) for one in found.polynomials if one}
    return list(unique.values())


class _Borders:
    """Walks a compiled line, collecting the polynomials whose sign matters."""

    def __init__(self, compiled: Compiled):
        self.letters = len(compiled.names)
        self.polynomials: list[pl.Many] = []
        self.one = pl.constant(1, self.letters)

    def condition(self, node: Any) -> None:
        kind = node[0]
        if kind == "relation":
            left, right = self.branches(node[2]), self.branches(node[3])
            self.polynomials += [self.minus(one, other)[0] for one, other in product(left, right)]
        elif kind in ("and", "or", "not"):
            for part in node[1]:
                self.condition(part)
        elif kind == "defined":
            self.branches(node[1])

    def branches(self, node: object) -> list[tuple[pl.Many, pl.Many]]:
        """Return the fractions that a formula may be, over all cases of its absolute values and the like."""
        found = self._branches(node)
        unique = {(tuple(sorted(n.items())), tuple(sorted(d.items()))): (n, d) for n, d in found if d}
        if len(unique) > MOST_BRANCHES:
            raise TooLarge
        return list(unique.values())

    def _branches(self, node: Any) -> list[tuple[pl.Many, pl.Many]]:
        kind = node[0]
        if kind == "number":
            value = node[1]
            return [(pl.constant(value.numerator, self.letters), pl.constant(value.denominator, self.letters))]
        if kind == "letter":
            return [(pl.letter(node[1], self.letters), self.one)]
        if kind in ("add", "mul"):
            join = self.plus if kind == "add" else self.times
            found = self.branches(node[1][0])
            for part in node[1][1:]:
                found = [join(one, other) for one, other in product(found, self.branches(part))]
            return found
        if kind == "power":
            return [self.power(one, node[2]) for one in self.branches(node[1])]
        if kind == "abs":
            inner = self.branches(node[1])
            self.polynomials += [numerator for numerator, _ in inner]
            return inner + [(pl.add({}, numerator, -1), below) for numerator, below in inner]
        if kind == "sign":
            self.polynomials += [numerator for numerator, _ in self.branches(node[1])]
            return [(pl.constant(number, self.letters), self.one) for number in (-1, 0, 1)]
        if kind in ("max", "min"):
            sides = [self.branches(part) for part in node[1]]
            flat = [one for side in sides for one in side]
            self.polynomials += [self.minus(a, b)[0] for i, a in enumerate(flat) for b in flat[:i]]
            return flat
        if kind == "cases":
            for condition, _ in node[1]:
                self.condition(condition)
            return [one for _, value in node[1] for one in self.branches(value)]
        raise Outside(kind)

    def plus(self, one: Any, other: Any, factor: int = 1) -> tuple[pl.Many, pl.Many]:
        if one[1] == other[1]:
            return pl.add(one[0], other[0], factor), one[1]
        top = pl.add(pl.multiply(one[0], other[1]), pl.multiply(other[0], one[1]), factor)
        return top, pl.multiply(one[1], other[1])

    def minus(self, one: object, other: object) -> tuple[pl.Many, pl.Many]:
        return self.plus(one, other, -1)

    def times(self, one: Any, other: Any) -> tuple[pl.Many, pl.Many]:
        return pl.multiply(one[0], other[0]), pl.multiply(one[1], other[1])

    def power(self, one: Any, exponent: int) -> tuple[pl.Many, pl.Many]:
        top, below = one
        if exponent < 0:
            self.polynomials.append(top)
            top, below = below, top
        size = abs(exponent)
        return pl.power(top, size, self.letters), pl.power(below, size, self.letters)


class Cells:
    """The cells of some polynomials, visited one sample each; letters come in the order of ``compiled.names``.

    ``fixed`` letters (square roots of numbers) come first and have one value only; ``allowed`` says for each letter
    whether a value, given those before, lies in the declared domain.
    """

    def __init__(
        self,
        polynomials: Sequence[pl.Many],
        letters: int,
        fixed: Sequence[object],
        allowed: Sequence[Callable[[Values], bool]],
    ):
        self.letters, self.fixed, self.allowed = letters, tuple(fixed), allowed
        self.complete = True
        self.levels: list[list[pl.Many]] = [[] for _ in range(letters)]
        waiting: list[list[pl.Many]] = [[] for _ in range(letters)]
        for one in polynomials:
            if not pl.is_constant(one):
                waiting[pl.main(one)].append(one)
        for index in range(letters - 1, len(self.fixed) - 1, -1):
            parts, contents = pl.basis(waiting[index], index)
            self.levels[index] = parts
            below = contents if index == len(self.fixed) else contents + pl.project(parts, index)
            for one in below:
                waiting[pl.main(one)].append(one)
        if (
            letters - len(self.fixed) > 1
        ):  # with roots put in, parts may share a factor that they don't share as letters
            low = (one for level in waiting[: len(self.fixed)] for one in level)
            self.complete = all(sign(_at_fixed(one, self.fixed)) for one in low)

    def __iter__(self) -> Iterator[Values]:
        yield from self._above(self.fixed, 0)

    def _above(self, values: Values, dimension: int) -> Iterator[Values]:
        index = len(values)
        if index == self.letters:
            yield values
            return
        places: list[object] = []
        for one in self.levels[index]:
            row = trimmed(pl.at(one, values, index))
            if not row and dimension:
                self.complete = False
            places += real_roots(row)
        places = ordered(places)
        edges = [None, *places, None]
        for left, right in zip(edges, edges[1:], strict=False):
            yield from self._through((*values, between(left, right)), dimension + 1)
            if right is not None:
                yield from self._through((*values, right), dimension)

    def _through(self, values: Values, dimension: int) -> Iterator[Values]:
        last = values[-1]
        if isinstance(last, Root):
            last.depth = len(values)
            values = (*values[:-1], Element(last, [Fraction(0), Fraction(1)]))
        try:
            if not self.allowed[len(values) - 1](values):
                return
            yield from self._above(values, dimension)
        except NotExact:
            self.complete = False


def _at_fixed(one: pl.Many, fixed: Sequence[object]) -> object:
    total: Exact = Fraction(0)
    for powers, number in one.items():
        term: Exact = Fraction(number)
        for value, exponent in zip(fixed, powers, strict=False):
            for _ in range(exponent):
                term = term * value
        total = total + term
    return total


def compare(compiled: Compiled, above: object, below: object, facts: Sequence[object] = ()) -> Difference:
    """Compare two conditions where the ``facts`` hold. Raises Outside or TooLarge."""

    def look(values: Values) -> tuple[bool, bool] | None:
        if not all(truth(fact, values) for fact in facts):
            return None
        return bool(truth(above, values)), bool(truth(below, values))

    return _visit(compiled, [above, below, *facts], look)


def compare_formulas(compiled: Compiled, above: object, below: object) -> Difference:
    """Compare two formulas: ``lost`` are points where they differ, or one of them has no value."""

    def look(values: Values) -> tuple[bool, bool]:
        same = truth(("relation", "==", above, below), values)
        if same is None:
            same = truth(("defined", above), values) is None and truth(("defined", below), values) is None
        return True, bool(same)

    return _visit(compiled, [("relation", "==", above, below)], look)


def _visit(compiled: Compiled, conditions: Sequence[object], look: Callable[[Values], Any]) -> Difference:
    found = Difference()
    polynomials = borders(compiled, [*conditions, *compiled.domain_conditions])
    cells = Cells(polynomials, len(compiled.names), compiled.fixed, compiled.allowed)
    for values in cells:
        found.samples += 1
        if found.samples > MOST_SAMPLES:
            raise TooLarge
        try:
            seen = look(values)
        except NotExact:
            cells.complete = False
            continue
        if seen is None or seen[0] == seen[1]:
            continue
        where = found.lost if seen[0] else found.more
        if len(where) < 200:
            where.append(compiled.point(values))
    found.complete = cells.complete
    return found


def plainest(points: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    """Return the point that is easiest to follow by hand: rational, short numbers, not 0."""

    def effort(index: int) -> tuple[object, ...]:
        values = points[index].values()
        rational = all(isinstance(value, Fraction) for value in values)
        return not rational, sum(len(str(value)) + (value == 0) for value in values) if rational else 0, index

    return points[min(range(len(points)), key=effort)]
