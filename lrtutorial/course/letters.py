"""The symbols of a course: how each is written, which values it may have, and where values are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Domain:
    """Where a letter lies: between ``low`` and ``high``, an end that is ``open`` left out; ``whole`` numbers only."""

    low: Fraction | None = None
    high: Fraction | None = None
    open: bool = True
    whole: bool = False
    least: str = ""  #: the name of a letter that is never larger than this one


_ZERO, _ONE = Fraction(0), Fraction(1)
POSITIVE, COUNT, DECAY = Domain(_ZERO), Domain(_ZERO, open=False, whole=True), Domain(_ZERO, _ONE)
REAL = Domain()


@dataclass(frozen=True)
class Symbol:
    """A name that formulas of a course may use."""

    drawn: tuple[float, float] | range | None = None  #: (low, high) for rationals, a range for whole numbers
    domain: Domain = REAL  #: the values it stands for: a derivation must hold for all of them
    letter: str = ""  #: how a reader writes it; Greek names and digits at the end need no saying
