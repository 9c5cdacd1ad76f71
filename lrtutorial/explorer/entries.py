"""Who takes part in an explorer: references by name, a student's classes and functions, exercises not done yet."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrtutorial.advice import Unusable, WrongType
from lrtutorial.explorer.recurrences import FAMILIES, trajectories
from lrtutorial.explorer.student import StudentOptimizer
from lrtutorial.problems import Problem, rotated_quadratic

HYPERPARAMETERS = {"lr": 0.05, "momentum": 0.9, "beta": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
_FAMILY_WORDS = {"momentum": "momentum", "rms": "rmsprop", "adam": "adam", "sgd": "sgd", "descent": "sgd"}


@dataclass
class Entry:
    """One optimizer in the explorer: `parameters` maps each hyperparameter's name to its control's key."""

    id: str
    label: str
    family: str
    parameters: Mapping[str, str]
    student: StudentOptimizer | None = None
    takes_eps: bool = True
    refusal: str = ""  # why it cannot be run at all, for the student
    depends: tuple[str, ...] = field(default=())  # keys of all controls its run depends on
    expression: str = "None"  # what stands for it in a call of explore()

    @property
    def adaptive(self) -> bool:
        """Whether it rescales its gradient, so that its rate is a length rather than 1/curvature."""
        return self.family in FAMILIES and FAMILIES[self.family].adaptive

    def hyperparameters(self, values: Mapping[str, object], eps: float) -> dict[str, Any]:
        """Its hyperparameters by name at the controls' values (numbers or arrays)."""
        chosen = {name: values[key] for name, key in self.parameters.items()}
        return {**chosen, "eps": eps} if self.takes_eps else chosen

    def points(self, problem: Problem, values: Mapping[str, Any], eps: float, steps: int) -> NDArray[np.float64]:
        """A reference's runs (N, steps+1, 2) at values that are numbers or arrays (N,)."""
        starts = np.stack(np.broadcast_arrays(np.atleast_1d(values["start_x"]), values["start_y"]), axis=-1)
        count = max(len(starts), *(np.size(v) for v in values.values()))
        starts = np.broadcast_to(starts, (count, 2))
        swept = next((key for key in ("kappa", "angle") if np.size(values.get(key, 0)) > 1), None)
        if swept is None:
            return trajectories(self.family, problem, starts, self.hyperparameters(values, eps), steps)
        shapes = [{**values, swept: value} for value in np.asarray(values[swept]).tolist()]
        return np.concatenate([self.points(turned(one), one, eps, steps) for one in shapes])


def turned(values: Mapping[str, Any]) -> Problem:
    """The rotated quadratic at these values of its condition number and angle (degrees)."""
    return rotated_quadratic(values["kappa"], values["angle"])


def make_entries(optimizers: Iterable[object], problem: Problem) -> list[Entry]:
    """An entry for each item; ValueError or TypeError, naming what was expected, for what cannot be an optimizer."""
    if isinstance(optimizers, str) or not isinstance(optimizers, Iterable):
        optimizers = [optimizers]
    entries: list[Entry] = []
    for item in optimizers:
        entry = _entry(item, problem, len(entries) + 1)
        taken = [other.id for other in entries]
        if entry.id in taken:
            if isinstance(item, str):
                raise Unusable(f"{item!r} is listed twice in optimizers")
            number = 2 + sum(other.id.startswith(entry.id) for other in entries[1:])
            entry.id, entry.label = f"{entry.id}_{number}", f"{entry.label} ({number})"
        entries.append(entry)
    if not entries:
        raise Unusable(f"expected at least one optimizer, e.g. {list(FAMILIES)}; got none")
    if len(entries) > 6:
        raise Unusable(f"expected at most 6 optimizers, so that their colours can be told apart; got {len(entries)}")
    return entries


def _entry(item: object, problem: Problem, number: int) -> Entry:
    if isinstance(item, str):
        if item not in FAMILIES:
            near = difflib.get_close_matches(item, FAMILIES, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise Unusable(f"no reference optimizer is called {item!r}{hint} Known: {', '.join(FAMILIES)}")
        parameters = {n: f"{item}_{n}" for n in ("lr", *_sliders(item))}
        return Entry(item, FAMILIES[item].label, item, parameters, expression=f'"{item}"')
    if item is None or item is ...:
        missing = "not written yet: define it above, then run this cell again"
        return Entry(f"missing_{number}", f"Optimizer {number}", "", {}, refusal=missing)
    if isinstance(item, type):
        return _student_entry(item, True, problem)
    if inspect.isroutine(item):
        return _student_entry(item, False, problem)
    if callable(getattr(item, "step", None)):
        name = type(item).__name__
        raise WrongType(f"optimizers got an instance of {name}; pass the class itself: optimizers=[{name}, …]")
    raise WrongType(
        f"expected a name, a class with .step(grads) or a run_… function in optimizers, got {type(item).__name__}"
    )


def _sliders(family: str) -> list[str]:
    return [name for name in FAMILIES[family].defaults if name != "eps"]


def _student_entry(code: Any, is_class: bool, problem: Problem) -> Entry:
    name = getattr(code, "__name__", "optimizer")
    identifier = "your_" + (re.sub(r"\W", "_", name.lower()) or "optimizer")
    family = next((f for word, f in _FAMILY_WORDS.items() if word in name.lower()), identifier[5:])
    entry = Entry(identifier, f"Your {name}", family, {}, expression=name if name.isidentifier() else "None")
    try:
        signature = inspect.signature(code)
    except (TypeError, ValueError):
        entry.refusal = f"Python cannot tell what arguments {name} takes"
        return entry
    arguments = dict(list(signature.parameters.items())[1 if is_class else 0 :])
    if not is_class:
        for wanted in ("start", "steps"):
            if arguments.pop(wanted, None) is None:
                entry.refusal = f"{name} takes no argument called {wanted!r}; expected {name}(start, lr, …, steps)"
        if problem.name != "bowl":
            entry.refusal = f'{name} holds the gradient of x² + 10y²; choose problem="bowl"'
    elif not callable(getattr(code, "step", None)):
        entry.refusal = f"{name} has no method .step(grads) yet"
    if "lr" not in arguments:
        entry.refusal = entry.refusal or f"{name} takes no argument called 'lr'"
    free = [n for n, p in arguments.items() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    unknown = [n for n in free if n not in HYPERPARAMETERS]
    if unknown:
        entry.refusal = entry.refusal or f"{name} needs {unknown[0]!r}; known are {', '.join(HYPERPARAMETERS)}"
    names = [n for n in HYPERPARAMETERS if n in arguments and n != "eps"]
    entry.parameters, entry.takes_eps = {n: f"{family}_{n}" for n in names}, "eps" in arguments
    if not entry.refusal:
        entry.student = StudentOptimizer(code, is_class)
    return entry
