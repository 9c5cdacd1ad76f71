"""What a sketch is: axes, curves to draw on them, and the features by which a drawing is compared with what comes.

A drawing is ``{curve: [height at each point]}`` in the units of the axis. It is compared by features that can be said
in words (falls and then is level, ends near 10, this one ends lowest), never point by point: nobody draws numbers.
Heights are compared as they look, as a share of the axis; SLACK of it is no difference.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SLACK = 0.07  #: of the axis: a smaller change is level
NEAR = 0.12  #: of the axis: heights that are as near as this were meant to be the same

Curves = Mapping[str, Sequence[float]]


class Feature(Protocol):
    """One thing about a drawing that can be said, and compared."""

    @property
    def title(self) -> str:
        """What it is about."""

    def says(self, sketch: Sketch, drawn: Curves) -> str:
        """Return what a drawing shows of it, in words that follow "it"."""

    def agrees(self, sketch: Sketch, drawn: Curves, found: Curves) -> bool:
        """Say whether a drawing has it as the experiment has."""


@dataclass(frozen=True)
class Sketch:
    """The axes of a drawing, its curves, and what is compared."""

    curves: Mapping[str, str]  #: {key: what the curve is}
    at: tuple[float, ...]  #: where its points stand, from left to right
    across: str  #: what stands below the axis
    up: str  #: what stands beside it
    low: float  #: the heights that the axis reaches
    high: float
    log_across: bool = False
    log_up: bool = False
    features: tuple[Feature, ...] = ()

    def share(self, height: float) -> float:
        """Return a height as a share of the axis, 0 at its foot and 1 at its top; beyond them it is held there."""
        low, high, value = self.low, self.high, min(max(height, self.low), self.high)
        if self.log_up:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)

    def shares(self, drawn: Curves, curve: str) -> list[float]:
        """Return a curve's heights as shares of the axis."""
        return [self.share(height) for height in drawn[curve]]

    def held(self, height: float) -> float:
        """Return a height that lies on the axis, with three digits: infinity, say, is its top."""
        value = self.high if math.isnan(height) else min(max(height, self.low), self.high)
        return float(f"{value:.3g}")

    def as_data(self) -> dict[str, Any]:
        """Return what a drawing pad needs to know, as JSON-able data."""
        return {
            "curves": dict(self.curves),
            "at": list(self.at),
            "across": self.across,
            "up": self.up,
            "low": self.low,
            "high": self.high,
            "logAcross": self.log_across,
            "logUp": self.log_up,
        }


def read_drawing(sketch: Sketch, answer: object) -> dict[str, list[float]] | str:
    """Return a drawing as plain data, or a sentence that says what is wrong with it.

    ``answer``: ``{curve: heights}``, or one list of heights where there is one curve.
    """
    given = read_points(sketch, answer)
    if isinstance(given, str):
        return given
    drawn: dict[str, list[float]] = {}
    for key in sketch.curves:
        heights = given.get(key)
        if heights is None:
            return f"A drawing has {_wanted(sketch)}; {key!r} is not drawn yet."
        if any(height is None for height in heights):
            return f"Some points of {key!r} are not drawn yet."
        drawn[key] = [height for height in heights if height is not None]
        outside = [height for height in drawn[key] if not sketch.low <= height <= sketch.high]
        if outside:
            return f"The heights of {key!r} lie between {sketch.low:g} and {sketch.high:g}; {outside[0]:g} came."
    return drawn


def read_points(sketch: Sketch, answer: object) -> dict[str, list[float | None]] | str:
    """Return what is drawn so far of each curve that is named, None where nothing is; or a sentence: what is wrong."""
    keys = list(sketch.curves)
    heights_alone = _as_list(answer)
    if len(keys) == 1 and heights_alone is not None:
        answer = {keys[0]: heights_alone}
    if not isinstance(answer, Mapping):
        return f"A drawing has {_wanted(sketch)}; something of type {type(answer).__name__} came instead."
    points: dict[str, list[float | None]] = {}
    for name, heights in list(answer.items())[: len(keys) + 1]:
        key = name if name in keys else _same_number(name, keys)
        if key is None:
            return f"A drawing has {_wanted(sketch)}; {str(name)[:40]!r} is none of them."
        read = _heights(sketch, key, heights)
        if isinstance(read, str):
            return read
        points[key] = read
    return points


def _wanted(sketch: Sketch) -> str:
    return f"{len(sketch.at)} heights for each of {', '.join(map(repr, sketch.curves))}"


def _as_list(heights: object) -> list[Any] | None:
    """Return a list, a tuple or an array as a list; None for anything else."""
    plain = heights.tolist() if type(heights).__module__ == "numpy" and hasattr(heights, "tolist") else heights
    return list(plain) if isinstance(plain, (list, tuple)) else None


def _same_number(name: object, keys: Sequence[str]) -> str | None:
    """Return the curve that is named by a number without its quotes: 0.464 for "0.464"."""
    if isinstance(name, bool) or not isinstance(name, numbers.Real):
        return None
    return next((key for key in keys if re.fullmatch(r"\d+(\.\d+)?", key) and float(key) == name), None)


def _heights(sketch: Sketch, key: str, given: object) -> list[float | None] | str:
    """Return the heights of one curve, or a sentence that says what is wrong with them."""
    points, heights = len(sketch.at), _as_list(given)
    if heights is None or len(heights) != points:
        came = f"something of type {type(given).__name__}" if heights is None else len(heights)
        return f"{key!r} has {points} points in this drawing; {came} came."
    read: list[float | None] = []
    for height in heights:
        if height is not None and (isinstance(height, bool) or not isinstance(height, numbers.Real)):
            return f"The heights of {key!r} are numbers; {repr(height)[:40]} came."
        try:
            value = None if height is None else float(height)
        except OverflowError:  # a whole number of hundreds of digits
            value = math.inf
        if value is not None and not math.isfinite(value):
            return f"The heights of {key!r} lie between {sketch.low:g} and {sketch.high:g}; {value:g} came."
        read.append(value)
    return read


# ------------------------------------------------------------------------------------------- features


def course(shares: Sequence[float]) -> str:
    """Return how a curve runs, in words: "falls, then is level".

    >>> course([1, 0.6, 0.3, 0.1, 0.1, 0.1]), course([0.5, 0.5, 0.5]), course([0.9, 0.2, 0.8])
    ('falls, then is level', 'is level', 'falls, then rises')
    """
    turns = _turns(shares)
    if not turns:
        return "is level"
    if len(turns) > 2:
        return "goes up and down"
    words = ["falls" if down else "rises" for down in turns]
    if len(turns) == 1 and _level_from(shares) <= len(shares) - 3:
        words.append("is level")
    return ", then ".join(words)


def _turns(shares: Sequence[float]) -> list[bool]:
    """Return the directions a curve takes, one after the other: whether it falls. Less than SLACK is none."""
    turns: list[bool] = []
    low = high = shares[0]
    for share in shares[1:]:
        if (not turns or turns[-1]) and share > low + SLACK:
            turns, low, high = [*turns, False], share, share
        elif (not turns or not turns[-1]) and share < high - SLACK:
            turns, low, high = [*turns, True], share, share
        low, high = min(low, share), max(high, share)
    return turns


def _level_from(shares: Sequence[float]) -> int:
    """Return the place from which a curve keeps its last height."""
    return next(i for i in range(len(shares)) if all(abs(s - shares[-1]) <= SLACK for s in shares[i:]))


def _height(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"


@dataclass(frozen=True)
class Course:
    """How a curve runs; ``alike`` are other words that count as the same."""

    curve: str
    alike: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """What it is about."""
        return "how it runs"

    def says(self, sketch: Sketch, drawn: Curves) -> str:
        """Such as "falls, then is level"."""
        return f"{sketch.curves[self.curve]} {course(sketch.shares(drawn, self.curve))}"

    def agrees(self, sketch: Sketch, drawn: Curves, found: Curves) -> bool:
        """Say whether both run alike."""
        words = course(sketch.shares(drawn, self.curve)), course(sketch.shares(found, self.curve))
        return words[0] == words[1] or words in self.alike


@dataclass(frozen=True)
class EndsNear:
    """The height at which a curve ends."""

    curve: str

    @property
    def title(self) -> str:
        """What it is about."""
        return "where it ends"

    def says(self, sketch: Sketch, drawn: Curves) -> str:
        """Such as "ends near 10"."""
        return f"{sketch.curves[self.curve]} ends near {_height(drawn[self.curve][-1])}"

    def agrees(self, sketch: Sketch, drawn: Curves, found: Curves) -> bool:
        """Say whether both end at about the same height."""
        ends = [sketch.shares(curves, self.curve)[-1] for curves in (drawn, found)]
        return abs(ends[0] - ends[1]) <= NEAR


@dataclass(frozen=True)
class Order:
    """Which of the curves ends lower."""

    @property
    def title(self) -> str:
        """What it is about."""
        return "their order at the end"

    def says(self, sketch: Sketch, drawn: Curves) -> str:
        """Such as "A ends below B, B below C"; near each other is "as high as"."""
        ends = self._ends(sketch, drawn)
        ranked = sorted(ends, key=lambda key: ends[key])
        pairs = [
            f"{sketch.curves[a]} ends {'about as high as' if ends[b] - ends[a] < SLACK else 'below'} {sketch.curves[b]}"
            for a, b in zip(ranked, ranked[1:], strict=False)
        ]
        return ", ".join(pairs)

    def agrees(self, sketch: Sketch, drawn: Curves, found: Curves) -> bool:
        """Say whether every two curves that end apart in the experiment do so in the drawing, the same way."""
        mine, theirs = self._ends(sketch, drawn), self._ends(sketch, found)
        return all(_side(mine[a] - mine[b]) == _side(theirs[a] - theirs[b]) for a in mine for b in mine if a < b)

    @staticmethod
    def _ends(sketch: Sketch, curves: Curves) -> dict[str, float]:
        return {key: sketch.shares(curves, key)[-1] for key in sketch.curves}


def _side(gap: float) -> int:
    return 0 if abs(gap) < SLACK else 1 if gap > 0 else -1


@dataclass(frozen=True)
class Swings:
    """Whether a curve goes to the other side of ``middle`` at every step."""

    curve: str
    middle: float = 0.0

    @property
    def title(self) -> str:
        """What it is about."""
        return "whether it changes sides"

    def says(self, sketch: Sketch, drawn: Curves) -> str:
        """Such as "changes sides at every step"."""
        return f"{sketch.curves[self.curve]} {self._word(drawn)}"

    def agrees(self, sketch: Sketch, drawn: Curves, found: Curves) -> bool:
        """Say whether both do it alike."""
        return self._word(drawn) == self._word(found)

    def _word(self, drawn: Curves) -> str:
        heights = [height - self.middle for height in drawn[self.curve]]
        changes = [a * b < 0 for a, b in zip(heights, heights[1:], strict=False)]
        return (
            "changes sides at every step"
            if all(changes)
            else "stays on one side"
            if not any(changes)
            else "changes sides now and then"
        )


@dataclass(frozen=True)
class Widest:
    """Whether a curve that swings about ``middle`` goes further out than where it began."""

    curve: str
    middle: float = 0.0

    @property
    def title(self) -> str:
        """What it is about."""
        return "how far it swings"

    def says(self, sketch: Sketch, drawn: Curves) -> str:
        """Such as "swings wider than it began"."""
        return f"{sketch.curves[self.curve]} {self._word(sketch, drawn)}"

    def agrees(self, sketch: Sketch, drawn: Curves, found: Curves) -> bool:
        """Say whether both do it alike."""
        return self._word(sketch, drawn) == self._word(sketch, found)

    def _word(self, sketch: Sketch, drawn: Curves) -> str:
        out = [abs(height - self.middle) for height in drawn[self.curve]]
        wider = max(out[1:]) > out[0] + SLACK * (sketch.high - sketch.low)
        return "swings wider than it began" if wider else "never swings wider than it began"


@dataclass(frozen=True)
class Lowest:
    """Where along the axis a curve is lowest, give or take a point."""

    curve: str

    @property
    def title(self) -> str:
        """What it is about."""
        return "where it is lowest"

    def says(self, sketch: Sketch, drawn: Curves) -> str:
        """Such as "is lowest at 0.01"."""
        return f"{sketch.curves[self.curve]} is lowest at {sketch.at[self._place(drawn)]:g}"

    def agrees(self, sketch: Sketch, drawn: Curves, found: Curves) -> bool:
        """Say whether both are lowest within a point of each other."""
        return abs(self._place(drawn) - self._place(found)) <= 1

    def _place(self, drawn: Curves) -> int:
        heights = drawn[self.curve]
        return list(heights).index(min(heights))


@dataclass(frozen=True)
class LowestLeft:
    """Which of two curves has its lowest point further left."""

    left: str
    right: str

    @property
    def title(self) -> str:
        """What it is about."""
        return "whose lowest point is further left"

    def says(self, sketch: Sketch, drawn: Curves) -> str:
        """Such as "A is lowest further left than B"."""
        side = self._side(drawn)
        if not side:
            return f"{sketch.curves[self.left]} and {sketch.curves[self.right]} are lowest at the same place"
        first, second = (self.left, self.right) if side < 0 else (self.right, self.left)
        return f"{sketch.curves[first]} is lowest further left than {sketch.curves[second]}"

    def agrees(self, sketch: Sketch, drawn: Curves, found: Curves) -> bool:
        """Say whether it is the same curve in both."""
        return self._side(drawn) == self._side(found)

    def _side(self, drawn: Curves) -> int:
        places = [list(drawn[key]).index(min(drawn[key])) for key in (self.left, self.right)]
        return (places[0] > places[1]) - (places[0] < places[1])


def compared(sketch: Sketch, drawn: Curves, found: Curves) -> list[tuple[bool, str, str]]:
    """Return, for each feature: whether drawing and experiment agree on it, and what each of them shows."""
    return [
        (each.agrees(sketch, drawn, found), each.says(sketch, drawn), each.says(sketch, found))
        for each in sketch.features
    ]
