"""Calibration over the whole course: how sure somebody was of each prediction, and how often they were right.

Judged from ENOUGH predictions on, not before: of three predictions an honest 50 % can never come true half of the time.
The Brier score is the mean of (p − o)² over the predictions, with p the stated probability and o 1 if it came true,
else 0 (G. W. Brier, Verification of forecasts expressed in terms of probability, 1950).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from lrtutorial.answers.session import HERE
from lrtutorial.checking.progress import load
from lrtutorial.figures.palette import OKABE_ITO

ENOUGH = 20  #: predictions with a stated confidence before anything is said of them
EDGES = (0, 20, 40, 60, 80, 100)  #: of the groups of the reliability picture, in percent
Z = 1.96  #: of a 95% interval
Forecast = tuple[float, bool]  # confidence in percent, and whether it came true


@dataclass(frozen=True)
class Group:
    """Predictions of about the same confidence: how many, how sure on average, and in how many percent right."""

    count: int
    stated: float
    right: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of Wilson (1927) for the share that is right, in percent."""
        n, share = self.count, self.right / 100
        middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)

    @property
    def words(self) -> str:
        """What the group says, and what it leaves open."""
        low, high = self.interval
        lean = (
            "which agrees"
            if low <= self.stated <= high
            else "surer than it came true"
            if self.stated > high
            else "less sure than it came true"
        )
        one = "prediction" if self.count == 1 else "predictions"
        return (
            f"{self.count} {one} at {self.stated:.0f} % on average: right in {self.right:.0f} % "
            f"({low:.0f} to {high:.0f} % allows for chance), {lean}"
        )


def brier(forecasts: Sequence[Forecast]) -> float:
    """Return the Brier score: 0 is perfect, 0.25 is what always saying 50 % earns, 1 is always surely wrong.

    >>> brier([(100, True), (50, False)])
    0.125
    """
    return sum((said / 100 - came) ** 2 for said, came in forecasts) / len(forecasts)


def groups(forecasts: Sequence[Forecast]) -> list[Group]:
    """Return the predictions by how sure they were, the least sure first; empty groups are left out."""
    found = []
    for low, high in zip(EDGES, EDGES[1:], strict=False):
        inside = [(p, o) for p, o in forecasts if low <= p < high or p == high == EDGES[-1]]
        if inside:
            count = len(inside)
            found.append(Group(count, sum(p for p, _ in inside) / count, 100 * sum(o for _, o in inside) / count))
    return found


def forecasts() -> list[Forecast]:
    """Return every prediction with a stated confidence: those kept, and those of this session."""
    known: Mapping[str, Any] = {**HERE.forecasts, **load()[0]["forecasts"]}
    return [(float(told["confidence"]), bool(told["right"])) for told in known.values()]


def on_the_way() -> str:
    """Return one line for below a comparison: how many predictions there are, or that there are enough."""
    count = len(forecasts())
    if count < ENOUGH:
        return (
            f"Calibration is judged over the course: {count} predictions with a stated confidence so far, "
            f"{ENOUGH - count} more are needed."
        )
    return f"{count} predictions have a stated confidence: calibration() shows how sure you may be."


@dataclass(frozen=True)
class Calibration:
    """What ``calibration()`` shows."""

    known: tuple[Forecast, ...]

    @property
    def rows(self) -> list[str]:
        """The sentences."""
        if len(self.known) < ENOUGH:
            return [on_the_way()]
        score = brier(self.known)
        side = "better than" if score < 0.25 else "as good as" if score == 0.25 else "worse than"
        first = (
            f"{len(self.known)} predictions with a stated confidence. Brier score {score:.2f}: "
            f"{side} saying 50 % each time, which gives 0.25 (0 is perfect)."
        )
        return [first, *(f"{group.words}." for group in groups(self.known))]

    def __repr__(self) -> str:
        return "\n".join(self.rows)

    def _repr_html_(self) -> str:
        first, *others = map(escape, self.rows)
        picture = reliability(groups(self.known)) if others else ""
        listed = f"<ul>{''.join(f'<li>{row}</li>' for row in others)}</ul>" if others else ""
        return f'<div class="lr-calibration" role="status"><p>{first}</p>{picture}{listed}</div>'


def calibration() -> Calibration:
    """Show how sure you were of your predictions and how often they came true, over the whole course."""
    return Calibration(tuple(forecasts()))


def reliability(found: Sequence[Group]) -> str:
    """Return the reliability picture as SVG: stated against came true, with 95% intervals; the diagonal is perfect."""
    size, edge = 260, 44

    def x(percent: float) -> float:
        return edge + percent / 100 * size

    def y(percent: float) -> float:
        return 10 + (1 - percent / 100) * size

    marks = []
    for group in found:
        low, high = group.interval
        centre = f"{x(group.stated):.1f}"
        marks.append(f'<path d="M{centre} {y(low):.1f}V{y(high):.1f}" stroke="{OKABE_ITO["blue"]}" stroke-width="2"/>')
        marks.append(
            f'<circle cx="{centre}" cy="{y(group.right):.1f}" r="{4 + math.sqrt(group.count):.1f}" '
            f'fill="{OKABE_ITO["blue"]}"/>'
        )
    ticks = "".join(
        f'<text x="{x(p):.0f}" y="{size + 26}" text-anchor="middle">{p}</text>'
        f'<text x="{edge - 6}" y="{y(p) + 4:.0f}" text-anchor="end">{p}</text>'
        for p in EDGES
    )
    words = escape(" ".join(f"{group.words}." for group in found), quote=True)
    return (
        f'<svg viewBox="0 0 {edge + size + 12} {size + 50}" width="{edge + size + 12}" style="max-width:100%" '
        f'role="img" aria-label="Stated confidence against the share that came true. {words}" '
        'font-family="system-ui,sans-serif" font-size="12" fill="currentColor">'
        f'<path d="M{x(0)} {y(100)}V{y(0)}H{x(100)}" fill="none" stroke="currentColor"/>'
        f'<path d="M{x(0)} {y(0)}L{x(100)} {y(100)}" stroke="currentColor" stroke-dasharray="4 4"/>'
        f'{"".join(marks)}{ticks}<text x="{x(50):.0f}" y="{size + 44}" text-anchor="middle">stated, %</text>'
        f'<text transform="translate(12 {y(50):.0f}) rotate(-90)" text-anchor="middle">came true, %</text></svg>'
    )
