"""Goals such as "loss < 1e-6 within 30 steps"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lrtutorial.advice import Unusable

_PATTERN = re.compile(r"\s*loss\s*<\s*(?P<loss>[0-9.]+(?:[eE][+-]?[0-9]+)?)\s+within\s+(?P<steps>[0-9]+)\s+steps?\s*")


@dataclass(frozen=True)
class Goal:
    """A loss to get below (f − f*, in units of f) and the number of steps allowed."""

    loss: float
    steps: int

    @classmethod
    def parse(cls, text: str, most_steps: int) -> Goal:
        """Read "loss < NUMBER within N steps"; ValueError when it says anything else or asks for more than
        `most_steps`.

        >>> Goal.parse("loss < 1e-6 within 30 steps", 50)
        Goal(loss=1e-06, steps=30)
        """
        wanted = 'expected a goal like "loss < 1e-6 within 30 steps"'
        match = _PATTERN.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise Unusable(f"{wanted}, got {text!r}")
        try:
            loss, steps = float(match["loss"]), int(match["steps"])
        except ValueError:
            raise Unusable(f"{wanted}, got the number {match['loss']!r}") from None
        if not (loss > 0 and math.isfinite(loss)):
            raise Unusable(f"{wanted} with a loss above 0, got {match['loss']}")
        if not 1 <= steps <= most_steps:
            raise Unusable(f"the goal allows {steps} steps, but this explorer runs 1 to {most_steps}; set steps=")
        return cls(loss, steps)

    def met_at(self, losses: ArrayLike) -> int | None:
        """The first step at which the losses (index = step) are below the goal, or None within the steps allowed."""
        below = np.flatnonzero(np.asarray(losses)[: self.steps + 1] < self.loss)
        return int(below[0]) if below.size else None
