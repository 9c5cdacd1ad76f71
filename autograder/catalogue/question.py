"""What an exercise's module in the catalogue is made of: questions, their mistakes, marked sample answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Misconception:
    """One catalogued mistake.

    ``answer`` is a wrong answer that shows it: what a student would hand in, one object or a mapping from answer names
    to objects (names left out keep the reference's). ``hints`` has two or three rungs; the last is not the answer.
    ``reveals`` tells the instructor what a student who answers so may believe.
    """

    id: str
    title: str
    reveals: str
    hints: tuple[str, ...]
    answer: object
    simulated: bool = False  #: whether it is named by simulating its pieces: then no outcome of it is kept


def without_brackets(step: str, title: str, answer: object) -> Misconception:
    """Return the mistake of leaving brackets out in a step's answer: ``answer`` is what is read then."""
    hints = (
        "How is your line read? See what stands below each fraction line, and what each power acts on.",
        "Put brackets round what belongs together.",
    )
    return Misconception(f"{step}-brackets", title, "leaves out brackets when typing", hints, answer)


@dataclass(frozen=True)
class Question:
    """What the grader knows about a step: ``probes(rng)`` draws probes in the form of the step's kind."""

    reference: object
    probes: Callable[[np.random.Generator], object]
    misconceptions: tuple[Misconception, ...]
    accepted: Mapping[str, object] = field(default_factory=dict)  #: other right answers, by a word for the style
    public: object = None  #: the public probes, where they are not to be drawn (a notebook's own seed)
    lecture: str = ""  #: what the report tells the instructor to say to a class that goes wrong here
    families: tuple[tuple[str, str], ...] = ()
    """Where that doesn't fit: (endings of misconception ids after "<step>-", what to say of those instead)."""

    def to_say(self, misconception: str) -> str:
        """Return what to say to a class that holds a misconception; what it reveals, where the author says no more."""
        mistake = next(one for one in self.misconceptions if one.id == misconception)
        for endings, remark in self.families:
            if any(misconception.endswith(f"-{ending}") for ending in endings.split()):
                return remark
        return self.lecture or f"{mistake.title}. Who answers so {mistake.reveals}. {' '.join(mistake.hints)}"


@dataclass(frozen=True)
class Sample:
    """A written answer, marked: graders who mark it otherwise talk before they begin.

    An exercise's module holds its ``SAMPLES``; ``points`` and ``why`` have an entry for each line of the rubric.
    """

    text: str
    points: tuple[float, ...]
    why: tuple[str, ...]
