"""The report's numbers: pure functions of arrays of points, students × items; NaN where nothing was graded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
TINY = 1e-300  #: in place of a zero denominator
SMALL_CLASS = 30  #: students below which α and discriminations are too uncertain to act on


@dataclass(frozen=True)
class Alpha:
    """Cronbach's α of a set of items, with its interval; ``value`` is None where ``why`` says that there is none."""

    items: int
    students: int
    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""
    caution: str = ""


def complete(points: Points) -> Points:
    """Return the rows of the students for whom every item was graded."""
    kept: Points = points[~np.isnan(points).any(axis=1)]
    return kept


def difficulty(points: Points, possible: Points) -> Points:
    """Return each item's mean share of its points, over the students for whom it was graded; NaN where none was.

    Shapes: ``points`` (students, items), ``possible`` (items,). 1 is an item on which everybody earned everything.
    """
    there = ~np.isnan(points)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Points = np.where(there, points, 0).sum(axis=0) / there.sum(axis=0) / possible
    return means


def discrimination(points: Points) -> Points:
    """Return each item's corrected item–total correlation: Pearson's r of its points with those of all other items.

    Over the students in :func:`complete`; NaN where fewer than 3 are left, or where an item or its rest is the same
    for everybody.
    """
    rows = complete(points)
    found = np.full(points.shape[1], np.nan)
    if len(rows) < 3 or points.shape[1] < 2:
        return found
    for item in range(points.shape[1]):
        rest = rows.sum(axis=1) - rows[:, item]
        if _varies(rows[:, item]) and _varies(rest):
            found[item] = np.corrcoef(rows[:, item], rest)[0, 1]
    return found


def _varies(values: Points) -> bool:
    return bool(np.ptp(values) > 1e-9)


def cronbach_alpha(points: Points, confidence: float = 0.95) -> Alpha:
    """Return Cronbach's α with Feldt's interval, over the students in :func:`complete`.

    α = k/(k−1) · (1 − Σ var(item) / var(total)) for k items (Cronbach 1951). The interval is
    1 − (1 − α)·F, F the quantiles of the F distribution with n − 1 and (n − 1)(k − 1) degrees of freedom
    (Feldt, Woodruff & Salih 1987, formulas 6 and 7); it supposes items with a common covariance.
    """
    rows = complete(points)
    n, k = rows.shape
    if k < 2:
        return Alpha(k, n, None, why=f"α compares items with each other; there {'is' if k == 1 else 'are'} {k}.")
    if n < 3:
        return Alpha(k, n, None, why=f"Every item was graded for {n} student{'s' * (n != 1)}; at least 3 are needed.")
    total = rows.sum(axis=1)
    if not _varies(total):
        return Alpha(k, n, None, why=f"All {n} students have the same total, so there is nothing to tell apart.")
    value = k / (k - 1) * (1 - rows.var(axis=0, ddof=1).sum() / total.var(ddof=1))
    tail = (1 - confidence) / 2
    low, high = (1 - (1 - value) * f_quantile(p, n - 1, (n - 1) * (k - 1)) for p in (1 - tail, tail))
    caution = ""
    if n < SMALL_CLASS:
        caution = f"Only {n} students: the interval is wide, and one student can move α a good deal."
    elif value < 0:
        caution = "α is negative: items go against each other. Look for an item with a negative discrimination."
    return Alpha(k, n, float(value), float(low), float(high), caution=caution)


def f_quantile(probability: float, d1: int, d2: int) -> float:
    """Return the quantile of the F distribution with ``d1`` and ``d2`` degrees of freedom, by bisection.

    P(F ≤ f) is the regularized incomplete beta function I_x(d1/2, d2/2) at x = d1·f/(d1·f + d2). ``probability`` lies
    strictly between 0 and 1 (ValueError otherwise).
    """
    if not 0 < probability < 1:
        raise ValueError(f"a probability strictly between 0 and 1 was expected, got {probability}")
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        below = _incomplete_beta(middle, d1 / 2, d2 / 2)
        low, high = (middle, high) if below < probability else (low, middle)
    return d2 * low / (d1 * (1 - low))


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b), by its continued fraction (DLMF 8.17.22) in Lentz's way; good for any number of students."""
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly; I_x(a, b) = 1 − I_{1−x}(b, a)
        return 1 - _incomplete_beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    c, d, fraction = 1.0, 0.0, 1.0
    for n in range(2000):
        m = n // 2
        if n == 0:
            term = 1.0
        elif n % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + term * d or TINY)
        c = 1 + term / c or TINY
        fraction *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return math.exp(log_front) * (fraction - 1) / a


def quartiles(values: Points) -> tuple[float, float, float]:
    """Return lower quartile, median and upper quartile (linear interpolation) of a non-empty array."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return float(low), float(middle), float(high)
