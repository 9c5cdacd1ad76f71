"""What the reference gives, and what each catalogued misconception gives, for a set of probes.

The public probes' expectations are recorded as data under ``recorded/`` (``python -m autograder record`` writes them
from the instructors' references); the grader computes those of its secret probes afresh. The judge can't tell which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Protocol

from lrtutorial.advice import NotThere, Unusable
from lrtutorial.course.home import package


class Expected(Protocol):
    """Probes, the reference's outcome on them, and each misconception's outcome.

    The form of probes and outcomes belongs to the step's kind; all of it is JSON-able.
    """

    @property
    def probes(self) -> Any:
        """What the answer is asked."""

    @property
    def reference(self) -> Any:
        """What the reference gives."""

    @property
    def secret(self) -> bool:
        """Whether no number of these probes may be shown."""

    def outcomes(self) -> Mapping[str, Any]:
        """Return what each misconception gives, by id; what nobody asks for need not be computed."""


@dataclass(frozen=True)
class Known:
    """Expectations that are there as data."""

    probes: object
    reference: object
    mistakes: Mapping[str, object] = field(repr=False)
    secret: bool = False

    def outcomes(self) -> Mapping[str, object]:
        """Return what each misconception gives, by id."""
        return self.mistakes


@dataclass(frozen=True)
class Misconception:
    """The words for one catalogued mistake: its name, and its ladder of hints (the last is not the answer)."""

    id: str
    title: str
    hints: tuple[str, ...]


def folder() -> Traversable:
    """Return where the current course's recorded data lie."""
    return files(package()).joinpath("recorded")


def _recorded(step_id: str) -> dict[str, Any]:
    return _read(package(), step_id)


PARTS = {"misconceptions", "outcomes", "probes", "reference"}


@cache
def _read(package: str, step_id: str) -> dict[str, object]:
    again = f"python -m autograder record {step_id}, in the course's folder, writes it"
    try:
        found: dict[str, object] = json.loads(folder().joinpath(f"{step_id}.json").read_text(encoding="utf-8"))
        if missing := PARTS - set(found if isinstance(found, dict) else ()):
            raise ValueError(f"{min(missing)} is not in it")
    except FileNotFoundError as error:
        raise NotThere(f"what {step_id} is compared with is not recorded yet: {again}") from error
    except ValueError as error:
        raise Unusable(f"what is recorded of {step_id} can't be read ({error}): {again} anew") from error
    return found


def recorded(step_id: str) -> Expected:
    """Return the recorded expectations of a step's public probes. Raises NotThere if none were recorded."""
    data = _recorded(step_id)
    return Known(data["probes"], data["reference"], data["outcomes"])


def misconceptions(step_id: str) -> dict[str, Misconception]:
    """Return the words for every catalogued misconception of a step, by id."""
    return {
        key: Misconception(key, words["title"], tuple(words["hints"]))
        for key, words in _recorded(step_id)["misconceptions"].items()
    }
