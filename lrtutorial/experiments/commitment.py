"""Experiments wait for the predictions of their exercise: nothing of an outcome is shown before one is committed.

Only in a notebook, and not in grading: code that calls an experiment elsewhere measures. What is shown by
``peek=True`` costs no points; it costs the surprise, from which one learns.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from html import escape
from typing import Any

from lrtutorial.answers.session import HERE, in_notebook, when_shown
from lrtutorial.course import find_exercise

PEEKED = (
    "You look before you predict. That costs no points; it costs what a wrong guess teaches, and a prediction that "
    "you write from now on says nothing about how well you foresee: it is left out of your calibration."
)


@dataclass(frozen=True)
class NotYet:
    """Stands in an experiment's place until its predictions are committed. It is false, and holds no outcome."""

    exercise: str
    waits_for: tuple[str, ...]  #: what is still open, such as "prediction_2 and its why"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return (
            f"First commit yourself: {'; '.join(self.waits_for)}. Write it, run its check, then run this cell again. "
            "Nothing is shown before. (To look all the same: add peek=True to the call.)"
        )

    def _repr_html_(self) -> str:
        style = "border-left:5px solid #56B4E9;padding:.4em .9em;max-width:52em"
        return f'<div class="lr-not-yet" role="note" style="{style}">{escape(repr(self))}</div>'


def waits_for(exercise: str) -> tuple[str, ...]:
    """Return what an exercise's experiments still wait for, a phrase for each open prediction; empty when they open."""
    found = []
    for step in find_exercise(exercise).steps:
        if step.kind.foretells:
            (name,) = step.answers
            kept = HERE.committed.get(step.id)
            if kept is None:
                found.append(f"{name} and its why")
            elif kept.get("lacks"):
                found.append(f"the why of {name}")
    return tuple(found)


def after_predictions(exercise: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function an experiment that waits for an exercise's predictions, and that takes ``peek=True``."""

    def wrap(measure: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(measure)
        def run(*args: Any, peek: bool = False, **settings: Any) -> Any:
            if not _asks():
                return measure(*args, **settings)
            open_ones = () if exercise in HERE.seen else waits_for(exercise)
            if open_ones and not peek:
                return NotYet(exercise, open_ones)
            if open_ones:
                _say(PEEKED)
            if exercise not in HERE.seen:
                HERE.seen.add(exercise)
                for tell in when_shown:
                    tell(exercise)
            return measure(*args, **settings)

        run.waits_for = exercise  # type: ignore[attr-defined]
        return run

    return wrap


def _asks() -> bool:
    graded = os.environ.get("NBGRADER_EXECUTION") == "autograde" or bool(os.environ.get("LRTUTORIAL_GRADED"))
    return HERE.asks_first and in_notebook() and not graded


def _say(text: str) -> None:
    from IPython.display import display

    style = "border-left:5px solid #E69F00;padding:.4em .9em;max-width:52em"
    html = f'<div class="lr-peeked" role="note" style="{style}">{escape(text)}</div>'
    display({"text/html": html, "text/plain": text}, raw=True)
