"""Where the time of a grading run goes, phase by phase."""

from __future__ import annotations

import time
from collections.abc import Mapping

#: The phases of one notebook, in their order, and what each is.
PHASES = {
    "intake": "reading, repairing, what the release says",
    "kernel start": "fork, jail, probes, until the kernel answers",
    "cells": "the student's own cells",
    "evidence": "questions to the kernel, and its answers",
    "expectations": "drawing secret probes; what the references and the catalogue give on them",
    "judging": "comparing",
    "places": "the line to look at in a wrong answer",
    "kernel end": "until all that the kernel started is gone",
    "output": "the graded notebook as a file",
    "writing": "files, gradebook, ledger: by the one writer, beside the workers",
}


class Clock:
    """Laps of one notebook's way through grading: every moment belongs to one phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, phase: str) -> None:
        """Count the time since the last lap to a phase."""
        now = time.perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._since
        self._since = now

    def move(self, seconds: float, source: str, to: str) -> None:
        """Count some of one phase's time to another."""
        self.seconds[source] = self.seconds.get(source, 0.0) - seconds
        self.seconds[to] = self.seconds.get(to, 0.0) + seconds


def add(total: dict[str, float], phases: Mapping[str, float]) -> None:
    """Add one notebook's phases to a run's."""
    for phase, seconds in phases.items():
        total[phase] = total.get(phase, 0.0) + seconds


def table(total: Mapping[str, float], notebooks: int) -> list[tuple[str, str, str, str]]:
    """Return rows of phase, milliseconds a notebook, share of all, and what the phase is; empty for no notebooks."""
    whole = sum(total.values())
    if not notebooks or not whole:
        return []
    return [
        (phase, f"{1000 * total.get(phase, 0.0) / notebooks:.0f} ms", f"{total.get(phase, 0.0) / whole:.0%}", meaning)
        for phase, meaning in PHASES.items()
    ]


#: What no grader could leave out: running what the student wrote, and asking it.
NEEDED = ("cells", "evidence")


def ratio(total: Mapping[str, float]) -> float | None:
    """Return all time over the time that is needed at least; None where nothing was needed."""
    needed = sum(total.get(phase, 0.0) for phase in NEEDED)
    return sum(total.values()) / needed if needed else None


def bound(total: Mapping[str, float], notebooks: int) -> str:
    """Return a sentence on how far a run is from the best that this machine could do."""
    times = ratio(total)
    if times is None or not notebooks:
        return "No cell was run."
    needed = 1000 * sum(total.get(phase, 0.0) for phase in NEEDED) / notebooks
    return (
        f"The bound, own cells and evidence alone: {needed:.0f} ms a notebook. All of it takes {times:.1f} times that."
    )
