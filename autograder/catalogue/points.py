"""Generic rational points for formulas: values at which wrong answers don't happen to equal the right one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lrtutorial.advice import Unusable
from lrtutorial.course import current

PRIMES = (3, 5, 7, 11, 13)
Point = dict[str, str]
FAR = Fraction(10**6)  #: a rate beyond every bound


def rational(rng: np.random.Generator, low: float, high: float) -> Fraction:
    """Draw a fraction in [low, high] that is no whole number and no half."""
    while True:
        bottom = int(rng.choice(PRIMES))
        value = Fraction(int(rng.integers(round(low * bottom), round(high * bottom) + 1)), bottom)
        if value.denominator > 2 and low <= value <= high:
            return value


def _drawn_from(name: str) -> tuple[float, float] | range:
    known = current().symbols
    if name not in known:
        listed = ", ".join(known) or "none"
        raise Unusable(f"the symbols that {current().home} lists for its COURSE are {listed}; {name!r} came")
    drawn = known[name].drawn
    if drawn is None:
        raise Unusable(
            f"{current().home} doesn't say where values of {name} are drawn from: in the symbols of COURSE it needs a "
            f"range, such as Symbol((0.1, 0.9)), or Symbol(range(2, 30)) for whole numbers"
        )
    return drawn


def draw(rng: np.random.Generator, symbols: Sequence[str], n: int = 9) -> list[Point]:
    """Draw ``n`` points for the symbols; in each, no two symbols share a value.

    Raises Unusable for a symbol that the course doesn't list, or doesn't say of where its values lie.
    """
    domains = {name: _drawn_from(name) for name in symbols}
    points: list[Point] = []
    while len(points) < n:
        point: dict[str, Fraction] = {}
        for name, domain in domains.items():
            if isinstance(domain, range):
                point[name] = Fraction(int(rng.choice(domain)))
            else:
                point[name] = rational(rng, *domain)
        if len(set(point.values())) == len(point):
            points.append({name: str(value) for name, value in point.items()})
    return points


def _both_sides(name: str, bases: Sequence[Point]) -> bool:
    """Say whether a symbol is below 1 at some points and above it at others, as far as its domain has both."""
    drawn = current().symbols[name].drawn or (0.0, 0.0)
    low, high = (min(drawn), max(drawn))
    return not low < 1 < high or {Fraction(base[name]) > 1 for base in bases} == {True, False}


def around(
    rng: np.random.Generator,
    symbols: Sequence[str],
    variable: str,
    boundaries: Sequence[object],
    n: int = 4,
    far: Fraction | None = None,
) -> list[Point]:
    """Draw points at, just inside and just outside each boundary of ``variable``, far from them, and at negatives.

    ``boundaries`` are functions from the other symbols' values to a Fraction. ``far`` is a value so large that no bound
    somebody makes up lies beyond it: tried with both signs, it tells "no lower bound" from "a wrong one". Then the
    other symbols, too, lie on both sides of 1 where they may: η/√a < η says no more than 0 < η while all a > 1.
    """
    points: list[Point] = []
    others = [name for name in symbols if name != variable]
    bases = draw(rng, others, n) if others else [{}] * n
    for _ in range(50):  # where a domain hardly reaches over 1, that is as it is
        if not far or all(_both_sides(name, bases) for name in others):
            break
        bases = draw(rng, others, n)
    for base in bases:
        values = {name: Fraction(value) for name, value in base.items()}
        edges = sorted({boundary(values) for boundary in boundaries})  # type: ignore[operator]
        near = Fraction(1, int(rng.integers(900, 1100)))
        spots = [edge * scale for edge in edges if edge for scale in (1 - near, 1, 1 + near)]
        spots += [(low + high) / 2 + near for low, high in zip(edges, edges[1:], strict=False)]
        spots += [
            Fraction(0),
            near,
            -near,
            -edges[-1],
            edges[-1] * 3 + near,
            -rational(rng, 0.3, 3),
            edges[-1] * 2,
        ]
        spots += [far, -far] if far else []
        points += [{**base, variable: str(spot)} for spot in sorted(set(spots))]
    return points
