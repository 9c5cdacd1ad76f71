"""The exercises as data: what each asks for, the names to hand in, points by rubric line, and its hints.

One module an exercise; each defines ``EXERCISE``. To add one, write the module and list it in ``MODULES``.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module

from lrtutorial.steps import Exercise, RubricLine, Step

__all__ = ["Exercise", "RubricLine", "Step", "exercise_with", "exercises", "find_exercise", "find_step", "steps"]
MODULES = ("a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "b4", "b5", "c1", "c2", "c3", "c4", "c5", "c6")


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
