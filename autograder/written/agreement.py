"""How far two looks at the same answers agree: Cohen's κ, for each line of the rubric and for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEW = 10  #: answers seen twice, below which κ says little


@dataclass(frozen=True)
class Agreement:
    """``kappa`` is None where it is not defined: every look gave the same points, so chance explains it all."""

    answers: int
    same: float  #: the share of lines that got the same points twice
    kappa: float | None
    by_line: tuple[float | None, ...]


def kappa(pairs: Sequence[Sequence[tuple[float, float]]]) -> float | None:
    """Return Cohen's κ over several lines: (Σ observed − Σ expected) / (n − Σ expected), None where it is 0/0.

    ``pairs`` holds, for each line, the points of the first and the second look. For one line this is Cohen's own κ
    (1960); for several the agreements are averaged before (De Vries et al. 2008), so that a line on which everybody got
    the same doesn't make it undefined.
    """
    observed = expected = 0.0
    count = 0
    for line in pairs:
        if not line:
            continue
        first, second = np.array(line, float).T
        observed += float(np.mean(first == second))
        expected += sum(float(np.mean(first == x) * np.mean(second == x)) for x in {*first, *second})
        count += 1
    return None if not count or abs(count - expected) < 1e-12 else (observed - expected) / (count - expected)


def agreement(looks: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Agreement | None:
    """Return how two looks agree, each the points by line; None when nothing was seen twice."""
    if not looks:
        return None
    lines = [[(first[n], second[n]) for first, second in looks] for n in range(len(looks[0][0]))]
    same = float(np.mean([a == b for line in lines for a, b in line]))
    return Agreement(len(looks), same, kappa(lines), tuple(kappa([line]) for line in lines))


def said(found: Agreement | None, graders: int) -> str:
    """Return it in sentences, for the terminal and the page."""
    if found is None:
        return "No answer has been seen twice yet: there is no agreement to tell."
    who = "by two graders" if graders > 1 else "by one grader"
    told = "is not defined: every line got the same points each time"
    if found.kappa is not None:
        told = f"is {found.kappa:.2f}"
    lines = ", ".join(f"{n}: {'–' if k is None else f'{k:.2f}'}" for n, k in enumerate(found.by_line, start=1))
    few = f" Fewer than {FEW} answers: read it as a hint." if found.answers < FEW else ""
    s = "s" * (found.answers != 1)
    return (
        f"{found.answers} answer{s} seen twice ({who}): {found.same:.0%} of the lines got the same points; "
        f"Cohen's κ {told}. By line: {lines}.{few}"
    )
