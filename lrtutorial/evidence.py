"""The student's side of grading: answer the grader's questions with plain data.

The grader (outside) runs ``respond`` in the kernel that executed the notebook. Whatever a student's code does to this
module, it can only change the evidence, and evidence earns points only by being what a right answer gives.
"""

from __future__ import annotations

import json
from typing import Any

MIME = "application/vnd.lrtutorial.evidence+json"


def respond(request: str) -> None:
    """Collect evidence for one step from the notebook's names and publish it as display data of type ``MIME``.

    ``request`` is JSON: ``{"nonce": text, "step": id, "probes": {name: probes}}``; the answer holds the nonce and one
    piece of evidence for each name. A name the notebook has not defined counts as ``...``.
    """
    from IPython import get_ipython
    from IPython.display import display

    asked = json.loads(request)
    namespace = get_ipython().user_ns
    display({MIME: collect(asked, namespace), "text/plain": "evidence"}, raw=True)


def collect(asked: dict[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    """Return ``{"nonce": …, "missing": [name, …], "evidence": {name: evidence}}``; see :func:`respond`."""
    from lrtutorial.exercises import find_step
    from lrtutorial.kinds import kind_module

    step = find_step(asked["step"])
    answers = {name: namespace.get(name, ...) for name in step.answers}
    kind = kind_module(step.kind)
    return {
        "nonce": asked["nonce"],
        "missing": [name for name in step.answers if name not in namespace],
        "evidence": {name: kind.collect(step, answers, probes) for name, probes in asked["probes"].items()},
    }
