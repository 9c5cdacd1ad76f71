"""Expectations that the whole class shares, kept in the course folder: experiments on the course's own seeds.

One costs seconds to compute and only depends on the secret and on the code that checks it, so it is computed once for
a course, not once in every grading process. What is kept is JSON in the form of the student package's recorded data,
with a seal that takes the secret: what grading didn't write itself, or what was changed since, is not believed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder import catalogue
from autograder.course import COURSE
from autograder.grading.digests import digest_of_checks
from lrtutorial.advice import Advice, Unusable
from lrtutorial.course import exercise_with, find_step
from lrtutorial.course.exercise import Exercise
from lrtutorial.course.expected import Expected, Known, recorded
from lrtutorial.files import write_whole

log = logging.getLogger(__name__)
KEPT = COURSE / "expectations"
DRAWS = 5  #: seeds that are tried at most
_one_at_a_time = threading.RLock()  # an experiment that takes seconds is not run by every thread that asks


def class_expectations(secret: str, step_id: str) -> Expected:
    """Return the expectations that all submissions share: from memory, from the course folder, or computed and kept."""
    with _one_at_a_time:
        return as_expected(_kept(secret, step_id, KEPT))


def for_notebook(secret: str, exercise: Exercise) -> dict[str, object]:
    """Return {step: expectations as data} of an exercise's steps that share theirs: what a cluster's worker is told."""
    with _one_at_a_time:
        return {step.id: _kept(secret, step.id, KEPT) for step in exercise.steps if step.kind.costly}


def as_expected(data: Mapping[str, Any]) -> Expected:
    """Return expectations from their data."""
    return Known(data["probes"], data["reference"], data["outcomes"], secret=True)


class OtherForm(Advice, RuntimeError):
    """What is recorded of a step isn't what the step asks for: the step was changed since."""


@lru_cache(maxsize=256)
def _kept(secret: str, step_id: str, folder: Path) -> dict[str, object]:
    """Return the expectations on the first seed drawn whose outcome is the one that the notebook's own seed shows.

    On a rare seed the experiment comes out otherwise: who predicted well would lose for the luck of the draw. Where
    none of ``DRAWS`` seeds shows it, it is the notebook's own that is rare, and the first drawn counts. Each step of
    an exercise has its own choice. Raises OtherForm.
    """
    exercise = exercise_with(find_step(step_id)).id
    rng = catalogue.generator(secret, "class", exercise)  # the same seeds for its steps: they share an experiment's run
    words = "\x1f".join((secret, step_id, digest_of_checks(exercise)))
    path = folder / f"{step_id}-{hashlib.sha256(words.encode()).hexdigest()[:32]}.json"
    if kept := _read(path, secret):
        return kept
    draws = [catalogue.expectations(step_id, rng) for _ in range(DRAWS)]
    chosen = next((drawn for drawn in draws if _as_shown(step_id, drawn.reference)), None)
    if chosen is None:
        chosen = draws[0]
        log.warning("%s comes out otherwise on each of %d seeds than on the notebook's own: look at it", step_id, DRAWS)
    data = {"probes": chosen.probes, "reference": chosen.reference, "outcomes": dict(chosen.outcomes())}
    _write(path, {**data, "seal": _seal(data, secret)})
    return data


def _as_shown(step_id: str, outcome: object) -> bool:
    """Whether who predicts what the notebook's own seed shows is right by this outcome."""
    step = find_step(step_id)
    try:
        return step.kind.agree(step, recorded(step_id).reference, outcome)
    except Unusable as why:
        raise OtherForm(
            f"what is recorded of {step_id} is no outcome of it (any more): {why} Record it again: "
            f"python -m autograder record {step_id}"
        ) from why


def _seal(data: Mapping[str, object], secret: str) -> str:
    return hmac.new(secret.encode(), json.dumps(data, sort_keys=True).encode(), "sha256").hexdigest()


def _read(path: Path, secret: str) -> dict[str, object] | None:
    """Return what was kept; None when there is nothing, or it isn't as it was written."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        seal = str(data.pop("seal")).encode()
        return data if hmac.compare_digest(seal, _seal(data, secret).encode()) else None
    except (OSError, ValueError, RecursionError, AttributeError, LookupError, TypeError):
        return None


def _write(path: Path, data: Mapping[str, object]) -> None:
    """Keep a step's expectations, for the grader's eyes alone, as a whole or not at all; what it replaces goes."""
    if not path.parent.parent.is_dir():
        return  # no course here: a cluster's worker
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, json.dumps(data))
        for other in path.parent.glob(f"{path.stem.rpartition('-')[0]}-*.json"):
            if other != path:
                other.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s could not be kept (%s): the next grading run computes it again", path, error)
