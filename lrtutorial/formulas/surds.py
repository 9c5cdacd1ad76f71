"""Numbers that are sums of square roots, exactly: 1 + √2, 3/√5 − √10/7, with all four operations and comparison.

A number is a Fraction, or a :class:`Surd` when a root is left over. Roots of different square-free whole numbers
are linearly independent over the rationals (Besicovitch 1940), so a Surd is 0 exactly when it has no part left.

>>> root = sqrt(Fraction(2))
>>> root * root, sign(root - Fraction(141421356, 10**8))
(Fraction(2, 1), 1)
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar
from fractions import Fraction
from functools import lru_cache, total_ordering
from typing import Any

Exact = Any  # Fraction, Surd, or roots.Element: what has +, −, · and a sign
LARGEST = 10**10  #: radicands are factored by trial division up to here
MOST_PARTS = 16


class NotExact(ArithmeticError):
    """The value is no number that is handled exactly here."""


class TooLarge(ArithmeticError):
    """The lines would take more work than they are given."""


# Of this thread alone: a grader judges many submissions at once, and one must not spend another's.
_left: ContextVar[list[int] | None] = ContextVar("left", default=None)


@contextlib.contextmanager
def at_most(work: int) -> Iterator[None]:
    """Bound the exact arithmetic inside the block, unless a block around it does: then it raises TooLarge."""
    if _left.get() is not None:
        yield
        return
    token = _left.set([work])
    try:
        yield
    finally:
        _left.reset(token)


def spend(work: int) -> None:
    """Count operations. Raises TooLarge when there are none left."""
    left = _left.get()
    if left is not None:
        left[0] -= work
        if left[0] < 0:
            raise TooLarge


def width(number: Exact) -> int:
    """Return how many machine words a number fills: what an operation with it costs."""
    if isinstance(number, Fraction):
        return 1 + (number.numerator.bit_length() + number.denominator.bit_length() >> 7)
    return 8


@lru_cache(maxsize=1024)
def square_free(number: int) -> tuple[int, int]:
    """Return ``(r, s)`` with ``number = r² · s`` and s square-free. Raises NotExact for numbers too large."""
    if number > LARGEST:
        root = math.isqrt(number)
        if root * root == number:
            return root, 1
        raise NotExact("a root of a number too large to factor")
    outside, inside, prime = 1, 1, 2
    while prime * prime <= number:
        power = 0
        while number % prime == 0:
            number, power = number // prime, power + 1
        outside *= prime ** (power // 2)
        inside *= prime ** (power % 2)
        prime += 1 + (prime > 2)
    return outside, inside * number


@total_ordering
class Surd:
    """A sum of rational multiples of square roots: ``{1: 3, 2: 1/2}`` is 3 + √2/2."""

    __slots__ = ("parts",)

    def __init__(self, parts: dict[int, Fraction]):
        self.parts = parts

    def __add__(self, other: Exact) -> Exact:
        if not isinstance(other, Surd | Fraction | int):
            return NotImplemented
        parts = dict(self.parts)
        for root, factor in _parts(other).items():
            parts[root] = parts.get(root, Fraction(0)) + factor
        return _simplest(parts)

    __radd__ = __add__

    def __neg__(self) -> Surd:
        return Surd({root: -factor for root, factor in self.parts.items()})

    def __sub__(self, other: Exact) -> Exact:
        return self + (-other)

    def __rsub__(self, other: Exact) -> Exact:
        return -self + other

    def __mul__(self, other: Exact) -> Exact:
        if not isinstance(other, Surd | Fraction | int):
            return NotImplemented
        parts: dict[int, Fraction] = {}
        spend(4 * len(self.parts))
        for one, factor in self.parts.items():
            for two, times in _parts(other).items():
                common = math.gcd(one, two)
                root = one // common * (two // common)
                parts[root] = parts.get(root, Fraction(0)) + factor * times * common
        return _simplest(parts)

    __rmul__ = __mul__

    def reciprocal(self) -> Exact:
        """Return 1 over the number: multiplied by its conjugate, one root after the other goes away."""
        root = max(self.parts)
        prime = next(p for p in range(2, root + 1) if root % p == 0)
        turned = Surd({n: -f if n % prime == 0 else f for n, f in self.parts.items()})
        return turned * reciprocal(self * turned)

    def __truediv__(self, other: Exact) -> Exact:
        return self * reciprocal(other)

    def __rtruediv__(self, other: Exact) -> Exact:
        return self.reciprocal() * other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surd) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(frozenset(self.parts.items()))

    def __lt__(self, other: Exact) -> bool:
        return sign(self - other) < 0

    def __float__(self) -> float:
        return float(sum(float(factor) * math.sqrt(root) for root, factor in self.parts.items()))

    def enclosed(self, bits: int) -> tuple[Fraction, Fraction]:
        """Return a rational interval that holds the number; each root is taken to ``bits`` bits."""
        low = high = Fraction(0)
        for root, factor in self.parts.items():
            below = math.isqrt(root << 2 * bits)
            exact = below * below == root << 2 * bits
            ends = (factor * Fraction(below, 1 << bits), factor * Fraction(below + (not exact), 1 << bits))
            low, high = low + min(ends), high + max(ends)
        return low, high

    def sign(self) -> int:
        """Return −1 or 1: a Surd is never 0."""
        bits = 16
        while True:
            low, high = self.enclosed(bits)
            if low > 0 or high < 0:
                return 1 if low > 0 else -1
            bits *= 2

    def __repr__(self) -> str:
        return " + ".join(str(f) if root == 1 else f"{f}·√{root}" for root, f in sorted(self.parts.items()))


def _parts(number: Exact) -> dict[int, Fraction]:
    return number.parts if isinstance(number, Surd) else {1: Fraction(number)}


def _simplest(parts: dict[int, Fraction]) -> Exact:
    left = {root: factor for root, factor in parts.items() if factor}
    if not left:
        return Fraction(0)
    if len(left) > MOST_PARTS:
        raise NotExact("a sum of too many roots")
    return left[1] if set(left) == {1} else Surd(left)


def sqrt(number: Exact) -> Exact:
    """Return the root of a Fraction that is not negative. Raises NotExact for a root of roots."""
    if not isinstance(number, Fraction):
        raise NotExact("a root of roots")
    outside, inside = square_free(number.numerator * number.denominator)
    value = Fraction(outside, number.denominator)
    return value if inside == 1 else _simplest({inside: value})


def sign(number: Exact) -> int:
    """Return −1, 0 or 1."""
    if isinstance(number, Fraction | int):
        return (number > 0) - (number < 0)
    return int(number.sign())


def reciprocal(number: Exact) -> Exact:
    """Return 1 over a number that is not 0."""
    return 1 / number if isinstance(number, Fraction) else number.reciprocal()


def bounds(number: Exact, bits: int) -> tuple[Fraction, Fraction]:
    """Return rationals at or below, and at or above the number."""
    return (number, number) if isinstance(number, Fraction) else number.enclosed(bits)
