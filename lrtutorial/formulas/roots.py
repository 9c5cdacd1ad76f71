"""Real roots of a polynomial in one unknown, isolated exactly, and arithmetic at such a root.

A polynomial is a list of coefficients (Fractions or Surds), the constant one first. Roots that are rational, or of a
quadratic, are returned as numbers; any other root is a :class:`Root`, a polynomial without double roots and an
interval in which it has this one root (Sturm's theorem; Basu, Pollack, Roy, *Algorithms in Real Algebraic Geometry*).

>>> real_roots([Fraction(-2), Fraction(0), Fraction(1)])
[-1·√2, 1·√2]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

from lrtutorial.formulas.surds import Exact, NotExact, bounds, reciprocal, sign, spend, sqrt, width

Poly = list[Exact]  # coefficients, the constant one first, the last one not 0
Place = Any  # Fraction, Surd or Root


def trimmed(poly: Sequence[Exact]) -> Poly:
    """Return the polynomial without zeros in front."""
    length = len(poly)
    while length and sign(poly[length - 1]) == 0:
        length -= 1
    return list(poly[:length])


def value(poly: Poly, at: Exact) -> Exact:
    """Return the polynomial's value at an exact number."""
    total: Exact = Fraction(0)
    spend(len(poly) * width(at))
    for factor in reversed(poly):
        total = total * at + factor
    return total


def times(one: Poly, other: Poly) -> Poly:
    """Return the product."""
    if not one or not other:
        return []
    product: list[Exact] = [Fraction(0)] * (len(one) + len(other) - 1)
    spend(len(one) * len(other) * width(one[-1]))
    for i, factor in enumerate(one):
        for j, second in enumerate(other):
            product[i + j] = product[i + j] + factor * second
    return product


def plus(one: Poly, other: Poly) -> Poly:
    """Return the sum."""
    length = max(len(one), len(other))
    padded = [list(poly) + [Fraction(0)] * (length - len(poly)) for poly in (one, other)]
    return trimmed([a + b for a, b in zip(*padded, strict=True)])


def divided(one: Poly, other: Poly) -> tuple[Poly, Poly]:
    """Return quotient and remainder."""
    rest, lead = list(one), reciprocal(other[-1])
    quotient: list[Exact] = [Fraction(0)] * max(len(one) - len(other) + 1, 0)
    while len(rest) >= len(other):
        spend(len(other) * width(rest[-1]))
        factor, shift = rest[-1] * lead, len(rest) - len(other)
        quotient[shift] = factor
        for index, second in enumerate(other):
            rest[shift + index] = rest[shift + index] - factor * second
        rest = trimmed(rest[:-1])
    return quotient, rest


def monic(poly: Poly) -> Poly:
    """Return the polynomial divided by its leading coefficient."""
    lead = reciprocal(poly[-1])
    return [factor * lead for factor in poly]


def common(one: Poly, other: Poly) -> Poly:
    """Return the greatest common divisor, monic."""
    while other:
        one, other = other, divided(one, other)[1]
        other = monic(other) if other else other
    return monic(one)


def derivative(poly: Poly) -> Poly:
    """Return the derivative."""
    return [factor * index for index, factor in enumerate(poly)][1:]


def simple(poly: Poly) -> Poly:
    """Return a polynomial with the same roots, each of them single."""
    if len(poly) < 3:
        return poly
    twice = common(poly, derivative(poly))
    return poly if len(twice) == 1 else divided(poly, twice)[0]


def bound(poly: Poly) -> Fraction:
    """Return a number above the size of every root (Cauchy)."""
    sizes: list[Fraction] = [max(abs(end) for end in bounds(factor, 16)) for factor in monic(poly)[:-1]]
    return 2 + max(sizes, default=Fraction(0))


def sturm(poly: Poly) -> list[Poly]:
    """Return Sturm's chain of a polynomial."""
    chain = [poly, derivative(poly)]
    while len(chain[-1]) > 1:
        rest = divided(chain[-2], chain[-1])[1]
        if not rest:
            break
        size: Fraction = max(abs(end) for end in bounds(rest[-1], 16)) or Fraction(1)
        chain.append([-factor * (1 / size) for factor in rest])
    return chain


def changes(chain: list[Poly], at: Fraction) -> int:
    """Return how often the sign changes along the chain at a rational number."""
    signs = [mark for mark in (sign(value(poly, at)) for poly in chain) if mark]
    return sum(one != two for one, two in zip(signs, signs[1:], strict=False))


class Root:
    """The one root of a polynomial without double roots between two rationals that are no roots themselves."""

    __slots__ = ("depth", "high", "low", "poly")

    def __init__(self, poly: Poly, low: Fraction, high: Fraction):
        self.poly, self.low, self.high = poly, low, high
        self.depth = 0  #: higher than that of all numbers in the polynomial, once it is calculated with

    def refine(self) -> None:
        """Halve the interval."""
        middle = (self.low + self.high) / 2
        while sign(value(self.poly, middle)) == 0:
            middle = (self.low + 2 * middle) / 3
        if sign(value(self.poly, middle)) == sign(value(self.poly, self.low)):
            self.low = middle
        else:
            self.high = middle

    def sign_of(self, poly: Poly) -> int:
        """Return the sign that another polynomial has at this root."""
        if len(poly) < 2:
            return sign(poly[0]) if poly else 0
        shared = common(self.poly, poly)
        if len(shared) > 1 and sign(value(shared, self.low)) != sign(value(shared, self.high)):
            return 0
        bits = 32
        while True:
            low, high = _range(poly, self.low, self.high, bits)
            if low > 0 or high < 0:
                return 1 if low > 0 else -1
            bits += 4
            self.refine()

    def __float__(self) -> float:
        while self.high - self.low > Fraction(1, 10**12) * max(Fraction(1), abs(self.low)):
            self.refine()
        return float((self.low + self.high) / 2)


def _range(poly: Poly, low: Fraction, high: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """Return an interval that holds the polynomial's values on [low, high] (Horner with intervals)."""
    down: Fraction = Fraction(0)
    up: Fraction = Fraction(0)
    spend(4 * len(poly) * width(low))
    for factor in reversed(poly):
        corners: list[Fraction] = [down * low, down * high, up * low, up * high]
        least, most = bounds(factor, bits)
        down, up = min(corners) + least, max(corners) + most
    return down, up


def real_roots(poly: Sequence[Exact]) -> list[Place]:
    """Return the distinct real roots in order; none for a polynomial that is 0 everywhere."""
    poly = simple(trimmed(poly))
    if len(poly) < 2:
        return []
    if len(poly) == 2:
        return [-poly[0] * reciprocal(poly[1])]
    if len(poly) == 3:
        c, b, a = poly
        inside = b * b - 4 * a * c
        if sign(inside) < 0:
            return []
        try:
            root, half = sqrt(inside), reciprocal(2 * a)
            return sorted({(-b - root) * half, (root - b) * half})
        except NotExact:
            pass
    found, rest = _rational(poly)
    if found:
        return ordered([*found, *real_roots(rest)])
    return list(_isolated(poly))


def _isolated(poly: Poly) -> list[Root]:
    chain, far = sturm(poly), bound(poly)
    found, open_parts = [], [(-far, far, changes(chain, -far), changes(chain, far))]
    while open_parts:
        low, high, left, right = open_parts.pop()
        if left - right == 1:
            found.append(Root(poly, low, high))
        elif left > right:
            middle = (low + high) / 2
            while sign(value(poly, middle)) == 0:
                middle = (low + 2 * middle) / 3
            there = changes(chain, middle)
            open_parts += [(low, middle, left, there), (middle, high, there, right)]
    return sorted(found, key=lambda root: root.low)


def _rational(poly: Poly) -> tuple[list[Fraction], Poly]:
    """Split off the rational roots of a polynomial with rational coefficients."""
    if not all(isinstance(factor, Fraction) for factor in poly):
        return [], poly
    scale = math.lcm(*(factor.denominator for factor in poly))
    lead = abs(int(poly[-1] * scale))
    found = []
    for root in _isolated(poly):
        while root.high - root.low > Fraction(1, 2 * lead):
            root.refine()
        guess = Fraction(round((root.low + root.high) / 2 * lead), lead)
        if value(poly, guess) == 0 and root.low < guess < root.high:
            found.append(guess)
    for guess in found:
        poly = divided(poly, [-guess, Fraction(1)])[0]
    return found, poly


# ------------------------------------------------------------------------------------------------ places


def compare(one: Place, other: Place) -> int:
    """Return −1, 0 or 1 as one place on the line lies left of, at, or right of the other."""
    if not isinstance(one, Root) and not isinstance(other, Root):
        return sign(one - other)
    if not isinstance(one, Root):
        return -compare(other, one)
    if not isinstance(other, Root):
        same = one.sign_of([-other, Fraction(1)])
        return same
    if one.sign_of(other.poly) == 0:
        while True:
            if other.low <= one.low and one.high <= other.high:
                return 0
            if one.high <= other.low or other.high <= one.low:
                break
            one.refine()
    while one.low < other.high and other.low < one.high:
        one.refine()
        other.refine()
    return -1 if one.high <= other.low else 1


def ordered(places: Sequence[Place]) -> list[Place]:
    """Return places from left to right, each once."""
    found: list[Place] = []
    for place in sorted(places, key=cmp_to_key(compare)):
        if not found or compare(found[-1], place):
            found.append(place)
    return found


def ends(place: Place, bits: int) -> tuple[Fraction, Fraction]:
    """Return rationals around a place; more ``bits`` bring them nearer."""
    if not isinstance(place, Root):
        return bounds(place, bits)
    while place.high - place.low > Fraction(1, 1 << bits):
        place.refine()
    return place.low, place.high


def between(left: Place | None, right: Place | None) -> Fraction:
    """Return the simplest rational strictly between two places; None is without bound."""
    if left is None and right is None:
        return Fraction(0)
    if left is None:
        low = ends(right, 4)[0]
        return Fraction(0) if low > 0 else Fraction(-(-low.numerator // low.denominator) - 1)
    if right is None:
        high = ends(left, 4)[1]
        return Fraction(0) if high < 0 else Fraction(high.numerator // high.denominator + 1)
    bits = 4
    while True:
        low, high = ends(left, bits)[1], ends(right, bits)[0]
        if low < high:
            return simplest(low, high)
        bits *= 2


def simplest(low: Fraction, high: Fraction) -> Fraction:
    """Return the fraction with the smallest denominator strictly between two fractions."""
    if low < 0 < high:
        return Fraction(0)
    if high <= 0:
        return -simplest(-high, -low)
    whole = low.numerator // low.denominator
    if whole + 1 < high:
        return Fraction(whole + 1)
    if low == whole:
        return whole + Fraction(1, (1 / (high - whole)).__floor__() + 1)
    return whole + 1 / simplest(1 / (high - whole), 1 / (low - whole))


class Element:
    """A number made from a root by +, −, · and /: a polynomial in the root, modulo the root's own polynomial."""

    __slots__ = ("poly", "root")

    def __init__(self, root: Root, poly: Poly):
        self.root = root
        self.poly = divided(poly, root.poly)[1] if len(poly) >= len(root.poly) else trimmed(poly)

    def _with(self, other: Exact, join: Callable[[Poly, Poly], Poly]) -> Element:
        if isinstance(other, Element) and other.root is not self.root:
            if other.root.depth == self.root.depth:
                raise NotExact("two roots that are not set one above the other")
            if other.root.depth > self.root.depth:
                return Element(other.root, join([self], other.poly))
        same = isinstance(other, Element) and other.root is self.root
        return Element(self.root, join(self.poly, other.poly if same else trimmed([other])))

    def __add__(self, other: Exact) -> Element:
        return self._with(other, plus)

    __radd__ = __add__

    def __neg__(self) -> Element:
        return Element(self.root, [-factor for factor in self.poly])

    def __sub__(self, other: Exact) -> Element:
        difference: Element = self + (-other)
        return difference

    def __rsub__(self, other: Exact) -> Element:
        difference: Element = -self + other
        return difference

    def __mul__(self, other: Exact) -> Element:
        return self._with(other, times)

    __rmul__ = __mul__

    def sign(self) -> int:
        """Return −1, 0 or 1."""
        return self.root.sign_of(self.poly)

    def enclosed(self, bits: int) -> tuple[Fraction, Fraction]:
        """Return a rational interval that holds the number."""
        finest, precision = Fraction(1, 1 << bits), bits + 8
        while True:
            low, high = _range(self.poly, self.root.low, self.root.high, precision)
            if high - low <= finest:
                break
            self.root.refine()
            precision += 1
        return low, high

    def reciprocal(self) -> Element:
        """Return 1 over the number, which is not 0 (extended Euclid; a factor that the polynomials share goes)."""
        root = self.root
        shared = common(root.poly, self.poly)
        if len(shared) > 1:
            root.poly = divided(root.poly, shared)[0]
        old, new = root.poly, divided(self.poly, root.poly)[1] if len(self.poly) >= len(root.poly) else self.poly
        one: Poly = []
        two: Poly = [Fraction(1)]
        while len(new) > 1:
            quotient, rest = divided(old, new)
            old, new = new, rest
            one, two = two, plus(one, [-factor for factor in times(quotient, two)])
        return Element(root, [factor * reciprocal(new[0]) for factor in two])
