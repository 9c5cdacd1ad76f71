"""The exercises as data: what each asks for, the names to hand in, points by rubric line, and its hints.

One module an exercise; each defines ``EXERCISE``. To add one, write the module and list it in ``MODULES``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

MODULES = ("a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "b4", "b5", "c1", "c2", "c3", "c4", "c5", "c6")


@dataclass(frozen=True)
class RubricLine:
    """Points for one thing an answer must do, and the ids of the probes that show it."""

    id: str
    title: str
    points: float
    probes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One checked step: ``check(id, *answers)``.

    ``kind`` names the module of :mod:`lrtutorial.kinds` that collects and judges it; ``options`` is what that module
    needs to know (its docstring lists the keys); ``hints`` is the ladder of :func:`lrtutorial.hint`, vaguest first.
    """

    id: str
    kind: str
    answers: tuple[str, ...]
    asks: str
    rubric: tuple[RubricLine, ...]
    hints: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """Points of the whole step."""
        return sum(line.points for line in self.rubric)


@dataclass(frozen=True)
class Exercise:
    """One notebook: where it lies, how long it takes, its checked steps in order."""

    id: str
    part: str
    notebook: str
    title: str
    minutes: int
    difficulty: str  # "gentle", "medium" or "hard"
    steps: tuple[Step, ...]
    needs_torch: bool = False  #: otherwise torch is out of reach while the exercise is graded

    @property
    def points(self) -> float:
        """Points of the checked steps (a hand-graded answer adds its own)."""
        return sum(step.points for step in self.steps)


@cache
def exercises() -> dict[str, Exercise]:
    """Return every exercise by id, in course order."""
    found = [import_module(f"{__name__}.{name}").EXERCISE for name in MODULES]
    return {exercise.id: exercise for exercise in found}


@cache
def steps() -> dict[str, Step]:
    """Return every checked step by id, in course order."""
    return {step.id: step for exercise in exercises().values() for step in exercise.steps}


def find_exercise(name: object) -> Exercise:
    """Return the exercise called ``name``. Raises UnknownStep with the nearest names otherwise."""
    known = exercises()
    plain = name.strip().lower() if isinstance(name, str) else ""
    if plain in known:
        return known[plain]
    near = difflib.get_close_matches(plain, known, n=3, cutoff=0.4) or list(known)
    raise UnknownStep(f"there is no exercise called {name!r}. Did you mean {' or '.join(map(repr, near))}?")


def exercise_with(step: Step) -> Exercise:
    """Return the exercise that a step belongs to."""
    return next(exercise for exercise in exercises().values() if any(one.id == step.id for one in exercise.steps))


class UnknownStep(LookupError):
    """No step has this name; the message suggests the nearest."""


def find_step(name: object) -> Step:
    """Return the step called ``name``. Raises UnknownStep with the nearest names otherwise."""
    known = steps()
    if isinstance(name, str):
        if name in known:
            return known[name]
        plain = name.strip().lower().replace("_", "-").replace(" ", "-")
        near = difflib.get_close_matches(plain, known, n=3, cutoff=0.5)
        near += [step for step in known if plain and step.startswith(plain + "-") and step not in near]
        if near:
            raise UnknownStep(f"there is no check called {name!r}. Did you mean {' or '.join(map(repr, near[:4]))}?")
        raise UnknownStep(f"there is no check called {name!r}. The checks are {', '.join(known)}.")
    raise UnknownStep(
        f'the first thing check() takes is the name of the step in quotes, such as check("{next(iter(known))}", …); '
        f"{type(name).__name__} came instead"
    )
