"""What one sitting remembers: evidence, verdicts, hints given, predictions. A notebook has one, a grader another."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lrtutorial.answers.evidence import judge
from lrtutorial.course.exercise import Evidence, Step
from lrtutorial.course.expected import Expected
from lrtutorial.verdict import Verdict


@dataclass
class Session:
    """One person's answers on the way through a course, step by step (all by step id, unless said otherwise)."""

    evidence: dict[str, object] = field(default_factory=dict)  #: later steps are judged given the earlier ones
    verdicts: dict[str, Verdict] = field(default_factory=dict)  #: what the last check of each step said
    hints: dict[str, int] = field(default_factory=dict)  #: how many were given
    committed: dict[str, Evidence] = field(default_factory=dict)  #: the first prediction of each step, and when
    asks_first: bool = True  #: whether experiments wait for predictions; who builds a book says no
    seen: set[str] = field(default_factory=set)  #: exercises whose experiments were shown
    drawn: dict[str, Evidence] = field(default_factory=dict)  #: what was drawn on each step's pad
    forecasts: dict[str, dict[str, Any]] = field(default_factory=dict)  #: how sure, and if right
    revealed: set[str] = field(default_factory=set)  #: exercises whose experiments' outcomes were shown
    own_scores: dict[str, dict[int, float]] = field(default_factory=dict)
    """By exercise: the points someone gave each rubric line of their own written answer."""

    def forget(self) -> None:
        """Forget everything, as a fresh kernel has."""
        vars(self).update(vars(Session()))

    def judge(self, step: Step, evidence: object, expected: Expected) -> Verdict:
        """Keep the evidence of a step, and return the verdict on it given that of the steps before."""
        self.evidence[step.id] = evidence
        return judge(step, evidence, expected, self.evidence)

    def next_hint(self, step: Step, ladder: tuple[str, ...]) -> str:
        """Return the next rung of a step's ladder of hints as a sentence; after the last it begins again."""
        rung = self.hints.get(step.id, 0)
        self.hints[step.id] = rung + 1
        if rung < len(ladder):
            return f"Hint {rung + 1} of {len(ladder)} for {step.id}: {ladder[rung]}"
        self.hints[step.id] = 1
        return f"That was the last of {len(ladder)} hints for {step.id}. They begin again: {ladder[0]}"

    def self_score(self, exercise: str) -> float | None:
        """Return the points someone gave their own written answer, or None."""
        scores = self.own_scores.get(exercise)
        return sum(scores.values()) if scores else None


HERE = Session()  #: this notebook's

#: Called with an exercise's id when an experiment of it is first shown here: what is kept beyond a kernel's life.
when_shown: list[Callable[[str], object]] = []


def in_notebook() -> bool:
    """Say whether a Jupyter kernel is there to display to."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
