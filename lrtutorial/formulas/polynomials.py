"""Polynomials in several letters with whole coefficients, and the projection that takes one letter away.

A polynomial is ``{exponents: coefficient}``, the exponents a tuple with one entry for each letter. The projection is
McCallum's (1988): over every cell of the projected polynomials the real roots of the given ones neither meet nor
cross nor vanish, so their signs can be read off at one sample for each cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import combinations

from lrtutorial.formulas.surds import Exact, TooLarge, spend

Many = dict[tuple[int, ...], int]
MOST_TERMS = 400
MOST_POLYNOMIALS = 40
MOST_DEGREE = 12


def constant(number: int, letters: int) -> Many:
    """Return a number as a polynomial."""
    return {(0,) * letters: number} if number else {}


def letter(index: int, letters: int) -> Many:
    """Return the polynomial that is one letter alone."""
    return {tuple(int(i == index) for i in range(letters)): 1}


def add(one: Many, other: Many, factor: int = 1) -> Many:
    """Return ``one + factor · other``."""
    total = dict(one)
    for powers, number in other.items():
        new = total.get(powers, 0) + factor * number
        if new:
            total[powers] = new
        else:
            total.pop(powers, None)
    return total


def multiply(one: Many, other: Many) -> Many:
    """Return the product. Raises TooLarge."""
    product: Many = {}
    spend(len(one) * len(other) * (1 + (_bits(one) * _bits(other) >> 12)))
    for powers, number in one.items():
        for more, times in other.items():
            key = tuple(map(int.__add__, powers, more))
            product[key] = product.get(key, 0) + number * times
    if len(product) > MOST_TERMS:
        raise TooLarge
    return {powers: number for powers, number in product.items() if number}


def _bits(one: Many) -> int:
    return max((number.bit_length() for number in one.values()), default=0) + 63


def power(one: Many, exponent: int, letters: int) -> Many:
    """Return a power with a whole exponent that is not negative."""
    result = constant(1, letters)
    for _ in range(exponent):
        result = multiply(result, one)
    return result


def is_constant(one: Many) -> bool:
    """Say whether no letter is in it."""
    return all(not any(powers) for powers in one)


def main(one: Many) -> int:
    """Return the index of the last letter that is in the polynomial, or −1."""
    return max((index for powers in one for index, n in enumerate(powers) if n), default=-1)


def degree(one: Many, index: int) -> int:
    """Return the degree in one letter."""
    return max((powers[index] for powers in one), default=0)


def coefficients(one: Many, index: int) -> list[Many]:
    """Return the polynomial as one in a single letter: its coefficients, the constant one first."""
    parts: list[Many] = [{} for _ in range(degree(one, index) + 1)]
    for powers, number in one.items():
        parts[powers[index]][(*powers[:index], 0, *powers[index + 1 :])] = number
    return parts


def from_coefficients(parts: Sequence[Many], index: int) -> Many:
    """Undo :func:`coefficients`."""
    return {
        (*powers[:index], shift, *powers[index + 1 :]): number
        for shift, part in enumerate(parts)
        for powers, number in part.items()
    }


def plain(one: Many) -> Many:
    """Return the polynomial without a common whole factor, its first coefficient positive."""
    if not one:
        return one
    factor = math.gcd(*one.values())
    if one[max(one)] < 0:
        factor = -factor
    return one if factor == 1 else {powers: number // factor for powers, number in one.items()}


def exact_division(one: Many, other: Many) -> Many:
    """Return the quotient of a division without remainder. Raises ArithmeticError when there is one."""
    lead = max(other)
    rest, quotient = dict(one), {}
    while rest:
        top = max(rest)
        powers = tuple(map(int.__sub__, top, lead))
        number, left = divmod(rest[top], other[lead])
        if left or min(powers, default=0) < 0:
            raise ArithmeticError("the division leaves a remainder")
        quotient[powers] = number
        rest = add(rest, multiply({powers: 1}, other), -number)
    return quotient


def _pseudo_remainder(one: list[Many], other: list[Many]) -> list[Many]:
    rest = list(one)
    while len(rest) >= len(other):
        head, shift = rest[-1], len(rest) - len(other)
        rest = [multiply(part, other[-1]) for part in rest[:-1]]
        for index, part in enumerate(other[:-1]):
            rest[shift + index] = add(rest[shift + index], multiply(head, part), -1)
        while rest and not rest[-1]:
            rest.pop()
    return rest


def common(one: Many, other: Many) -> Many:
    """Return the greatest common divisor, as :func:`plain` as it is. Raises TooLarge."""
    if not one or not other:
        return plain(one or other)
    index = max(main(one), main(other))
    letters = len(next(iter(one)))
    if index < 0:
        return constant(math.gcd(*one.values(), *other.values()), letters)
    content_one, content_other = content(one, index), content(other, index)
    first = coefficients(exact_division(one, content_one), index)
    second = coefficients(exact_division(other, content_other), index)
    if len(first) < len(second):
        first, second = second, first
    while len(second) > 1:
        rest = _pseudo_remainder(first, second)
        if not rest:
            break
        whole = from_coefficients(rest, index)
        first, second = second, coefficients(exact_division(whole, content(whole, index)), index)
    inner = constant(1, letters) if len(second) == 1 else from_coefficients(second, index)
    return plain(multiply(inner, common(content_one, content_other)))


def content(one: Many, index: int) -> Many:
    """Return the greatest common divisor of the coefficients in one letter."""
    result: Many = {}
    for part in coefficients(one, index):
        if part:
            result = common(result, part)
    return result


def differentiate(one: Many, index: int) -> Many:
    """Return the derivative with respect to a letter."""
    return from_coefficients(
        [{p: n * shift for p, n in part.items()} for shift, part in enumerate(coefficients(one, index))][1:], index
    )


def resultant(one: Many, other: Many, index: int) -> Many:
    """Return the resultant in one letter, up to its sign: the determinant of Sylvester's matrix (Bareiss)."""
    first, second = coefficients(one, index)[::-1], coefficients(other, index)[::-1]
    m, n = len(first) - 1, len(second) - 1
    rows: list[list[Many]] = [[{}] * i + first + [{}] * (n - 1 - i) for i in range(n)]
    rows += [[{}] * i + second + [{}] * (m - 1 - i) for i in range(m)]
    return _determinant(rows, len(next(iter(one))))


def _determinant(rows: list[list[Many]], letters: int) -> Many:
    before = constant(1, letters)
    size = len(rows)
    for k in range(size - 1):
        pivot = next((i for i in range(k, size) if rows[i][k]), None)
        if pivot is None:
            return {}
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, size):
            for j in range(k + 1, size):
                cross = add(multiply(rows[i][j], rows[k][k]), multiply(rows[i][k], rows[k][j]), -1)
                rows[i][j] = exact_division(cross, before) if cross else {}
        before = rows[k][k]
    return rows[-1][-1] if size else before


def basis(polynomials: Iterable[Many], index: int) -> tuple[list[Many], list[Many]]:
    """Split polynomials with the last letter ``index`` into parts without double or shared roots in that letter.

    Returns these parts, and the contents (in the letters before). Raises TooLarge.
    """
    parts: list[Many] = []
    contents: list[Many] = []
    waiting = [plain(one) for one in polynomials]
    while waiting:
        one = waiting.pop()
        inside = content(one, index)
        if not is_constant(inside):
            contents.append(plain(inside))
            one = plain(exact_division(one, inside))
        if degree(one, index) == 0 or one in parts:
            continue
        if degree(one, index) > 1:
            twice = common(one, differentiate(one, index))
            if not is_constant(twice):
                waiting += [twice, plain(exact_division(one, twice))]
                continue
        for position, other in enumerate(parts):
            shared = common(one, other)
            if not is_constant(shared):
                del parts[position]
                waiting += [shared, plain(exact_division(one, shared)), plain(exact_division(other, shared))]
                break
        else:
            parts.append(one)
        if len(parts) + len(waiting) > MOST_POLYNOMIALS:
            raise TooLarge
    return parts, contents


def project(parts: Sequence[Many], index: int) -> list[Many]:
    """Return what must not change its sign in the letters before: coefficients, discriminants, resultants."""
    found: list[Many] = []
    for one in parts:
        if degree(one, index) > MOST_DEGREE:
            raise TooLarge
        for part in reversed(coefficients(one, index)):
            if part and is_constant(part):
                break
            found.append(part)
        if degree(one, index) > 1:
            found.append(resultant(one, differentiate(one, index), index))
    found += [resultant(one, other, index) for one, other in combinations(parts, 2)]
    unique = {tuple(sorted(plain(one).items())): plain(one) for one in found if one and not is_constant(one)}
    if len(unique) > MOST_POLYNOMIALS:
        raise TooLarge
    return list(unique.values())


def at(one: Many, values: Sequence[Exact], index: int) -> list[Exact]:
    """Put numbers in place of the letters before ``index``; return the coefficients in that letter."""
    result: list[Exact] = [Fraction(0)] * (degree(one, index) + 1)
    for powers, number in one.items():
        product = Fraction(number)
        spend(1 + sum(powers))
        for value, exponent in zip(values, powers, strict=False):
            for _ in range(exponent):
                product = product * value
        result[powers[index]] = result[powers[index]] + product
    return result
