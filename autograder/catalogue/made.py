"""Optimizers and runs with mistakes, made of the pieces in :mod:`lrtutorial.kinds.variants`: B1, B2 and B3's catalogue.

A mistake is a change of one piece, so one table of words serves an optimizer class and a run of the same optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from autograder.catalogue import Misconception
from autograder.catalogue.words import Words
from autograder.references.trajectories import gradient
from lrtutorial.course.exercise import Exercise
from lrtutorial.kinds import Bowl, Model, Optimizer
from lrtutorial.kinds.variants import CHANGES, Bank, Change, on_a_bowl


def model_of(exercise: Exercise, answer: str) -> Model:
    """Return the optimizer that an answer of an exercise should be."""
    return Optimizer.of(exercise.steps[0]).models[answer]


def optimizer(
    model: Model, *mistakes: str, form: int = 0, manner: str = "", changes: Mapping[str, Change] | None = None
) -> type:
    """Return an optimizer class with these mistakes, and with one in its manners: a value of ``FACTS``."""
    known = CHANGES[model.family] if changes is None else changes
    variant = tuple(known[name].forms[form if i == 0 else 0] for i, name in enumerate(mistakes))

    class Made:
        kept: ClassVar[dict[str, Any]] = {}  # of all objects, in the one manner that shares it

        def __init__(self, params: Any, *args: float, **kwargs: float) -> None:
            passed = dict(zip(model.arguments, args, strict=False)) | kwargs
            given = {model.arguments[name]: value for name, value in passed.items()}
            self.settings = {"lr": 0.0, "b1": 0.0, "b2": 0.0, "eps": 0.0, **model.defaults, **given}
            self.lr, self.first, self.given = self.settings["lr"], self.settings["lr"], frozenset(given)
            self.params = [param.copy() for param in params] if manner == "copies" else params
            self.t = 0
            self.held: list[Any] = [None] * len(params)
            self.bank = Bank(model.family, [variant])
            if manner == "class_state":
                if [np.shape(param) for param in params] != Made.kept.get("shapes"):
                    Made.kept.clear()
                    Made.kept["shapes"] = [np.shape(param) for param in params]
                self.bank.state = Made.kept

        def step(self, grads: Any) -> None:
            self.t += 1
            settings = {**self.settings, "lr": self.lr, "lr0": self.first, "given": self.given}
            for i, g in enumerate(grads):
                x, gradient = (np.array(one, dtype=float).reshape(1, -1) for one in (self.params[i], g))
                with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                    dx = self.bank.step(x, gradient, self.t, i, len(grads), np.shape(g), settings).reshape(np.shape(g))
                if manner == "single":
                    dx = dx.astype(np.float32)
                if manner == "rebinds":
                    self.params[i] = (self.params[i] - dx).astype(self.params[i].dtype)
                else:
                    self.params[i] -= dx.astype(self.params[i].dtype)
                if manner == "mutates":
                    g *= 0.5
                if manner == "aliases":
                    if self.held[i] is not None:
                        self.held[i] *= 0.5
                    self.held[i] = g if self.held[i] is None else self.held[i]

    return Made


def run(model: Model, *mistakes: str, bowl: Bowl, form: int = 0) -> Callable[..., np.ndarray]:
    """Return a function (start, *settings, steps) that runs an optimizer with these mistakes on a bowl."""
    made = optimizer(model, *mistakes, form=form, changes=on_a_bowl(model.family, bowl.factors, bowl.mistaken))

    def trajectory(start: Any, *settings: Any) -> np.ndarray:
        position = np.array(start, dtype=np.float64)
        stepped = made([position], *settings[:-1])
        rows = [position.copy()]
        for _ in range(settings[-1]):
            stepped.step([gradient(position)])
            rows.append(position.copy())
        return np.array(rows)

    return trajectory


def mistakes(
    model: Model, answer: str, words: Words, *, bowl: Bowl | None = None, title: str = "{}"
) -> list[Misconception]:
    """Return the catalogue's entries for the mistakes of one answer that have words, in order; of a run on ``bowl``."""
    make: Callable[..., object] = partial(run, bowl=bowl) if bowl else optimizer
    return [
        Misconception(model.id_of(name), title.format(said), reveals, hints, {answer: make(model, name)}, True)
        for name, (said, reveals, hints) in words.items()
    ]


def manners(model: Model, answer: str, words: Words) -> list[Misconception]:
    """Return the catalogue's entries for what an optimizer class does to what it is given."""
    return [
        Misconception(model.id_of(name), *said, {answer: optimizer(model, manner=name)}, True)
        for name, said in words.items()
    ]
