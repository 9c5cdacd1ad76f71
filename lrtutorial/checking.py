"""``check`` and ``hint``: what a student calls. Probe, evidence and verdict in one go, in the notebook's process."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any

from lrtutorial.evidence import gather, judge
from lrtutorial.exercises import UnknownStep, find_step, steps
from lrtutorial.expected import misconceptions, recorded
from lrtutorial.predictions import note
from lrtutorial.steps import Step
from lrtutorial.verdict import CheckFailed, Verdict

_evidence: dict[str, Any] = {}  # of this session, by step: later steps are judged given the student's earlier ones
_verdicts: dict[str, Verdict] = {}
_rungs: dict[str, int] = {}  # hints given so far, by step


def check(step: str, *answers: object) -> Verdict:
    """Check an answer and show the verdict: ``check("a1-condition", condition)``, ``check("b2", Adam)``.

    In a notebook the verdict is displayed and nothing is raised, so that "Run all" goes on past an unfinished answer.
    Under ``nbgrader validate`` (and any other nbgrader execution) an answer that is not right raises
    :class:`~lrtutorial.verdict.CheckFailed`, which renders the verdict only. Needs no network.
    """
    verdict = verdict_on(step, *answers)
    if os.environ.get("NBGRADER_EXECUTION") and not verdict.right and verdict.status != "noted":
        raise CheckFailed(verdict)
    shown = _show(verdict)
    if not_kept := _keep(verdict):
        _show_text(not_kept)
    return shown


def last_verdict(step: str) -> Verdict | None:
    """Return what this session's last check of a step said, or None."""
    return _verdicts.get(step)


def _keep(verdict: Verdict) -> str:
    """Add the verdict to the learner's progress; return a line to show when that fails."""
    from lrtutorial.progress import record_verdict

    step = steps().get(verdict.step)
    return record_verdict(verdict, prediction=step.kind.foretells) if step else ""


def verdict_on(step: str, *answers: object) -> Verdict:
    """Return the verdict that :func:`check` shows, without showing it."""
    try:
        found = find_step(step)
    except UnknownStep as why:
        return Verdict(str(step)[:60], "unreadable", str(why))
    verdict = _count(found, answers) or _judged(found, answers)
    _verdicts[found.id] = verdict
    return verdict


def _count(step: Step, answers: tuple[object, ...]) -> Verdict | None:
    """Return a verdict on a call that has too few or too many answers, or None."""
    if len(answers) == len(step.answers):
        return None
    call = f'check("{step.id}", {", ".join(step.answers)})'
    given = "1 answer is" if len(answers) == 1 else f"{len(answers) or 'no'} answers are"
    headline = f"{given} given, {len(step.answers)} expected: {call}"
    return replace(Verdict.blank(step), status="unreadable", headline=headline, hint=f"This step asks for {step.asks}.")


def _judged(step: Step, answers: tuple[object, ...]) -> Verdict:
    expected = recorded(step.id)
    evidence = gather(step, dict(zip(step.answers, answers, strict=True)), expected.probes)
    _evidence[step.id] = evidence
    verdict = judge(step, evidence, expected, _evidence)
    return note(step, evidence, verdict) if step.kind.foretells else verdict


def hint(step: str) -> None:
    """Show the next hint for a step: first for the mistake its last check named, then the step's own ladder.

    The last rung says where to look and what to try; it is never the answer.
    """
    try:
        found = find_step(step)
    except UnknownStep as why:
        _show(Verdict(str(step)[:60], "unreadable", str(why)))
        return
    ladder = hints_for(found, _verdicts.get(found.id))
    rung = _rungs.get(found.id, 0)
    _rungs[found.id] = rung + 1
    if rung < len(ladder):
        text = f"Hint {rung + 1} of {len(ladder)} for {found.id}: {ladder[rung]}"
    else:
        text = f"That was the last of {len(ladder)} hints for {found.id}. They begin again: {ladder[0]}"
        _rungs[found.id] = 1
    _show_text(text)


def hints_for(step: Step, verdict: Verdict | None = None) -> tuple[str, ...]:
    """Return the ladder of hints for a step, led by those for the misconception that ``verdict`` names."""
    if verdict is None or verdict.misconception is None:
        return step.hints
    return misconceptions(step.id)[verdict.misconception].hints + step.hints


# -------------------------------------------------------------------------------------------- showing


def in_notebook() -> bool:
    """Say whether a Jupyter kernel is there to display to."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class _Shown(Verdict):
    """A verdict that has been displayed already: Jupyter must not show it again as the cell's result."""

    def _ipython_display_(self) -> None:
        pass


def _show(verdict: Verdict) -> Verdict:
    if not in_notebook():
        print(verdict)
        return verdict
    from IPython.display import display

    display(verdict.mimebundle(), raw=True)
    return _Shown(**{name: getattr(verdict, name) for name in verdict.__dataclass_fields__})


def _show_text(text: str) -> None:
    if not in_notebook():
        print(text)
        return
    from html import escape

    from IPython.display import display

    style = "border-left:5px solid #56B4E9;padding:.4em .9em;max-width:52em"
    display({"text/html": f'<div role="note" style="{style}">{escape(text)}</div>', "text/plain": text}, raw=True)
