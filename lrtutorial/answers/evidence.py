"""The student's side of grading: answer the grader's questions with plain data.

The grader (outside) runs ``respond`` in the kernel that executed the notebook. Whatever a student's code does to this
module, it can only change the evidence, and evidence earns points only by being what a right answer gives.
"""

from __future__ import annotations

import contextlib
import difflib
import json
from collections.abc import Mapping
from typing import Any

from lrtutorial.answers.budget import SECONDS, Spent, within
from lrtutorial.answers.delegation import delegates_here
from lrtutorial.course import find_step, use
from lrtutorial.course.exercise import Evidence, Step
from lrtutorial.course.expected import Expected
from lrtutorial.verdict import Verdict

MIME = "application/vnd.lrtutorial.evidence+json"


def respond(request: str) -> None:
    """Collect evidence for one step from the notebook's names and publish it as display data of type ``MIME``.

    ``request`` is JSON: ``{"nonce": text, "course": module, "step": id, "probes": {name: probes}}``; the answer holds
    the nonce and one piece of evidence for each name. A name the notebook has not defined counts as ``...``.
    """
    from IPython import get_ipython
    from IPython.display import display

    asked = json.loads(request)
    namespace = get_ipython().user_ns
    display({MIME: collect(asked, namespace), "text/plain": "evidence"}, raw=True)


def collect(asked: dict[str, Any], namespace: dict[str, Any]) -> dict[str, object]:
    """Return ``{"nonce", "left_out": [text, …], "missing": [name, …], "evidence": {name: evidence}}``: the answer."""
    from lrtutorial.answers.graded import left_out

    if course := asked.get("course"):
        use(course)
    step = find_step(asked["step"])
    answers = {name: namespace.get(name, ...) for name in (*step.answers, *step.companions)}
    return {
        "nonce": asked["nonce"],
        "left_out": left_out,
        "missing": [not_assigned(name, namespace) for name in step.answers if name not in namespace],
        "evidence": {name: gather(step, answers, probes) for name, probes in asked["probes"].items()},
    }


def not_assigned(name: str, namespace: Mapping[str, object]) -> str:
    """Return what is said of an answer's name that is not there, with a name that is much like it, if there is one."""
    own = [other for other in namespace if isinstance(other, str) and not other.startswith("_")]
    alike = [other for other in own if _plain(other) == _plain(name)]
    near = (alike or difflib.get_close_matches(name, own, n=1, cutoff=0.8))[:1]
    return f"{name} is not assigned; did you mean {near[0]}?" if near else f"{name} is not assigned."


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def gather(step: Step, answers: Mapping[str, object], probes: Any) -> Evidence:
    """Return the evidence of answers: what they do with the probes, or ``{"delegated": why}``, ``{"spent": seconds}``,
    ``{"fault": words}`` where the collecting itself failed.

    The one place where it is asked, in the process of the answers, whether they leave their work to a library; the
    grader reads their source from outside as well.
    """
    if step.kind.own_work and (why := delegates_here(answers)):
        return {"delegated": why}
    with contextlib.suppress(ImportError):  # without it an answer fails, and says why
        step.kind.load()
    try:
        with within(SECONDS):
            return step.collect(answers, probes)
    except Spent:
        return {"spent": SECONDS}
    except Exception as error:  # what an answer raises is evidence already: this is a fault of ours
        return {"fault": f"{type(error).__name__}: {str(error)[:200]}"}


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object]) -> Verdict:
    """Return the verdict on what :func:`gather` gave; ``earlier`` holds evidence of other steps, by id."""
    if isinstance(evidence, dict) and evidence.get("delegated"):
        return Verdict.blank(step).with_no_points("wrong", str(evidence["delegated"])[:400])
    if spent(evidence):
        return Verdict.blank(step).with_no_points(
            "undecided",
            f"The check stopped after {SECONDS:g} s, all the time that it has: this answer is too slow to decide.",
        )
    if isinstance(evidence, dict) and "fault" in evidence:
        return Verdict.blank(step).with_no_points(
            "undecided",
            f"The check itself failed on this answer ({str(evidence['fault'])[:200]}), which says nothing about it. "
            "When it is graded, a human is asked to look.",
        )
    return step.judge(evidence, expected, earlier)


def spent(evidence: object) -> bool:
    """Say whether an answer took all the time that it had."""
    return isinstance(evidence, dict) and "spent" in evidence
