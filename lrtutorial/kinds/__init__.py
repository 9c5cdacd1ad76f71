"""The kinds of answer. Each module has two functions, with the same meaning throughout:

``collect(step, answers, probes) -> evidence``
    Runs in the student's process. Puts the probes to the answers (a mapping from name to object, in the step's order)
    and returns plain data. It never raises because of an answer: what went wrong is part of the evidence.

``judge(step, evidence, expected, earlier) -> Verdict``
    Runs where it can be trusted. Takes nothing on faith: evidence that is missing, malformed, not finite or too large
    is worth no points, with the reason. ``earlier`` maps the ids of earlier steps to their evidence, for
    follow-through marks.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

KINDS = ("formula", "derivation", "optimizer", "prediction", "range_test", "schedule", "trajectories")
#: Kinds whose probes travel to the student's process; of the others the answer itself is the evidence.
PROBED = ("optimizer", "trajectories", "range_test", "schedule")


def kind_module(kind: str) -> ModuleType:
    """Return the module that collects and judges steps of this kind. Raises KeyError for an unknown kind."""
    if kind not in KINDS:
        raise KeyError(kind)
    return import_module(f"{__name__}.{kind}")
