"""What a range test does after its sweep, run again and again with what the function held when the sweep was over.

A slip in the suggestion or the figure shows only after a long sweep, which an edit behind it leaves as it is.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

import numpy as np

from lrtutorial.answers.arrays import pack
from lrtutorial.figures import watched
from lrtutorial.figures.reading import read_figure
from lrtutorial.figures.undrawn import Call, undrawn
from lrtutorial.kinds.driven import Run
from lrtutorial.kinds.lr_finder import driving
from lrtutorial.kinds.lr_finder.asking import Probe, poison_of
from lrtutorial.kinds.lr_finder.faults import faults_of
from lrtutorial.kinds.lr_finder.runs import read_run
from lrtutorial.kinds.lr_finder.simulate import is_steep
from lrtutorial.kinds.lr_finder.small import EndlessSweep, RangeTest, first_batches
from lrtutorial.kinds.lr_finder.words import FAULTS


@dataclass(frozen=True)
class _Case:
    """A probe, what was seen of its run up to the end of the sweep, and what the function held then."""

    probe: Probe
    run: Run
    held: dict[str, object]

    def names(self) -> dict[str, object]:
        """Return what was held, with lists and arrays of its own."""
        changing = (list, dict, np.ndarray)
        return {key: copy.copy(value) if isinstance(value, changing) else value for key, value in self.held.items()}

    def faults(self, returned: object, figure: dict[str, object] | None = None) -> list[str]:
        """Return the faults of the run with this end; the figure is looked at where one is given."""
        read: Run = {"returned": "", "lrs": [], "losses": [], "suggested": None}
        driving.read_return(returned, read)
        lists = {key: pack(np.array(read[key], dtype=float)) for key in ("lrs", "losses")}
        asks = [one for one in self.probe["asks"] if one != "figure" or figure]
        whole = read_run({**self.run, **read, **lists, "figure": figure}, self.probe)
        return faults_of(whole, {**self.probe, "asks": asks})


class Ending:
    """Tests for what stands after the sweep: functions that are given, by name, what was held when it was over."""

    def __init__(self, cases: Sequence[_Case]) -> None:
        self.cases = cases
        self.names = sorted({name for case in cases for name in case.held if name.isidentifier()})
        self.drawn: list[Call] = []  #: what the answer as it is asks pyplot for, where only its figure is wrong
        self.suggests: list[_Case] = []  #: where the rate it suggests is wrong

    def is_at_fault(self, end: RangeTest) -> bool:
        """Say whether nothing is wrong but what this end suggests or draws; notes what it is."""
        suggests = []
        for case in self.cases:
            try:
                with undrawn() as calls:
                    returned = end(**case.names())
            except Exception:
                return False  # as it would on a short sweep: there it is looked for
            drawn = list(calls)
            faults = {FAULTS[fault][0] for fault in case.faults(returned) if fault not in ("return", "return_order")}
            if faults - {"suggestion"}:
                return False
            suggests += [case] if faults else []
            if "figure" in case.probe["asks"]:
                self.drawn = drawn
        self.suggests = suggests
        self.drawn = [] if suggests else self.drawn
        return True

    def mends(self, end: RangeTest) -> bool:
        """Say whether every probe's run has no fault with this end."""
        for case in self.suggests:
            with undrawn():
                suggested = driving.number(end(**case.names())[2])
            if suggested is None or not is_steep(suggested, case.probe):
                return False
        for case in self.cases:
            with undrawn() as calls:
                returned = end(**case.names())
            if "figure" in case.probe["asks"] and self.drawn and calls == self.drawn:
                return False
            if case.faults(returned):
                return False
        return not any(self._figure_faults(case, end) for case in self.cases if "figure" in case.probe["asks"])

    def _figure_faults(self, case: _Case, end: RangeTest) -> list[str]:
        with watched() as figures:
            returned = end(**case.names())
            drawn = [read_figure(figure) for figure in figures if figure.axes]
        return case.faults(returned, drawn[-1]) if drawn else ["no_figure"]


def ending(answer: RangeTest, up_to_the_end: RangeTest, probes: Sequence[Probe]) -> Ending | None:
    """Return the tests of an answer's end, given what it does ``up_to_the_end``, which returns what is held by name.

    None where a mistake shows before: in what a sweep that is interrupted leaves behind, or as an exception.
    """
    cases = []
    for probe in probes:
        if poison_of(probe) in ("error", "stop"):
            if faults_of(read_run(driving.drive(answer, probe, draws=False), probe), probe):
                return None
            continue
        held: dict[str, object] = {}
        run = driving.drive(
            lambda *args, held=held, **named: held.update(up_to_the_end(*args, **named)), probe, draws=False
        )
        if run["error"] or not held:
            return None
        cases.append(_Case(probe, {**run, "nothing": False}, held))
    return Ending(cases)


def last_pass(answer: RangeTest) -> int | None:
    """Return the line of the answer's own function at which the model is run last; None when that isn't seen."""
    lines: list[int] = []

    def noted(*_: object) -> None:
        frame: FrameType | None = sys._getframe()
        while frame is not None and frame.f_code is not getattr(answer, "__code__", None):
            frame = frame.f_back
        lines.extend([frame.f_lineno] if frame is not None else [])

    try:
        first_batches(answer, noted)
    except (Exception, EndlessSweep):
        pass  # what comes after the sweep may well raise
    return max(lines, default=None)
