"""``check`` and ``hint``: what a student calls. Probe, evidence and verdict in one go, in the notebook's process."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING

from lrtutorial.answers.evidence import gather, not_assigned
from lrtutorial.answers.graded import asks
from lrtutorial.answers.session import HERE, in_notebook
from lrtutorial.checking.predictions import foretell, kept_with
from lrtutorial.course import UnknownStep, find_step, steps
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import misconceptions, recorded
from lrtutorial.verdict import CheckFailed, Verdict

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


LOOKING = "looking for the place…"


def check(step: str, *answers: object) -> Verdict:
    """Check an answer and show the verdict: ``check("name-of-the-step", your_answer)``.

    In a notebook the verdict is displayed and nothing is raised, so that "Run all" goes on past an unfinished answer.
    Under ``nbgrader validate`` (and any other nbgrader execution) an answer that is not right raises
    :class:`~lrtutorial.verdict.CheckFailed`, which renders the verdict only. Needs no network.
    """
    caller = sys._getframe(1)
    verdict = _beforehand(verdict_on(step, *answers, beside={**caller.f_globals, **caller.f_locals}))
    if os.environ.get("NBGRADER_EXECUTION") and not verdict.right and verdict.status != "noted":
        raise CheckFailed(verdict)
    shown = _show_and_look(verdict, answers) if _to_be_placed(verdict) else _show(verdict)
    if not_kept := _keep(verdict):
        _show_text(not_kept)
    return shown


def _beforehand(verdict: Verdict) -> Verdict:
    """Return the verdict with what will be otherwise in grading, if anything will."""
    shell = sys.modules["IPython"].get_ipython() if in_notebook() else None
    said = asks(map(str, shell.user_ns.get("In", ()))) if shell else ""
    return replace(verdict, details=(*verdict.details, said)) if said else verdict


def _keep(verdict: Verdict) -> str:
    """Add the verdict to the learner's progress; return a line to show when that fails."""
    from lrtutorial.checking.progress import record_verdict

    step = steps().get(verdict.step)
    return record_verdict(verdict, prediction=step.kind.foretells) if step else ""


def verdict_on(step: str, *answers: object, beside: Mapping[str, object] | None = None) -> Verdict:
    """Return the verdict that :func:`check` shows, without showing it.

    ``beside`` holds what stands beside the answers, by name, such as ``why_1``; it may follow the answers as well.
    """
    try:
        found = find_step(step)
    except UnknownStep as why:
        return Verdict(_as_given(step), "unreadable", str(why))
    named = _by_name(found, answers)
    verdict = _count(found, answers) if named is None else _judged(found, {**_beside(found, beside), **named})
    HERE.verdicts[found.id] = verdict
    return verdict


def _as_given(name: object) -> str:
    """Return what came as a step's name, as text that can be shown anywhere: half a character can't."""
    return str(name)[:60].encode("utf-8", "replace").decode()


def _beside(step: Step, names: Mapping[str, object] | None) -> dict[str, object]:
    return {name: names[name] for name in step.companions if names is not None and name in names}


def _by_name(step: Step, answers: tuple[object, ...]) -> dict[str, object] | None:
    """Return {name: answer}: by the answers' own names where these tell, else in the step's order; None if they can't.

    Of several answers any may be given alone, in any order: ``check("name-of-the-step", one_of_them)``.
    """
    names = [getattr(answer, "__name__", "") for answer in answers]
    if step.kind.probed and answers and len(set(names)) == len(names) and set(names) <= set(step.answers):
        return {
            name: answer
            for wanted in step.answers
            for name, answer in zip(names, answers, strict=True)
            if name == wanted
        }
    few, most = len(step.answers), len(step.answers) + len(step.companions)
    if not few <= len(answers) <= most:
        return None
    return dict(zip((*step.answers, *step.companions), answers, strict=False))


def _count(step: Step, answers: tuple[object, ...]) -> Verdict:
    """Return a verdict on a call with too few or too many answers."""
    call = f'check("{step.id}", {", ".join(step.answers)})'
    given = "1 answer is" if len(answers) == 1 else f"{len(answers) or 'no'} answers are"
    headline = f"{given} given, {len(step.answers)} expected: {call}"
    hint = f"This task asks for {step.asks}."
    if len(step.answers) > 1 and step.kind.probed:
        hint += f" Each may be checked alone, by its own name: check({step.id!r}, {step.answers[0]})."
    return replace(Verdict.blank(step), status="unreadable", headline=headline, hint=hint)


def _judged(step: Step, answers: dict[str, object]) -> Verdict:
    expected = recorded(step.id)
    evidence = gather(step, answers, expected.probes)
    return (foretell if step.kind.foretells else HERE.judge)(step, evidence, expected)


def hint(step: str) -> None:
    """Show the next hint for a step: first for the mistake its last check named, then the step's own ladder.

    The last rung says where to look and what to try; it is never the answer.
    """
    try:
        found = find_step(step)
    except UnknownStep as why:
        _show(Verdict(_as_given(step), "unreadable", str(why)))
        return
    _show_text(HERE.next_hint(found, hints_for(found, HERE.verdicts.get(found.id))))


def hints_for(step: Step, verdict: Verdict | None = None) -> tuple[str, ...]:
    """Return the ladder of hints for a step, led by those for the misconception that ``verdict`` names."""
    if verdict is None or verdict.misconception is None:
        return step.hints
    return misconceptions(step.id)[verdict.misconception].hints + step.hints


# -------------------------------------------------------------------------------------------- where it is


def _to_be_placed(verdict: Verdict) -> bool:
    """Say whether the line to mend is looked for: of code that is wrong, in a notebook."""
    if not in_notebook():
        return False
    from lrtutorial.locating import can_locate  # a page of the book has no code to look into, and leaves it out

    step = steps().get(verdict.step)
    return verdict.status in ("wrong", "partly") and step is not None and can_locate(step)


def _show_and_look(verdict: Verdict, answers: tuple[object, ...]) -> Verdict:
    """Show a verdict at once, look for the line to mend in the background, and add it to what is shown."""
    from IPython import get_ipython
    from IPython.display import display

    from lrtutorial.locating import places_apart
    from lrtutorial.locating.words import where

    step = find_step(verdict.step)
    until = f"{verdict.where} · {LOOKING}" if verdict.where else LOOKING
    shown = display(replace(verdict, where=until).mimebundle(), raw=True, display_id=True)

    def look() -> None:
        placed = verdict
        try:
            places = places_apart(step, _by_name(step, answers) or {})
            placed = replace(verdict, where=where(places, verdict.where))
        finally:
            shown.update(placed.mimebundle(), raw=True)
        if HERE.verdicts.get(step.id) is verdict:
            HERE.verdicts[step.id] = placed

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    if not getattr(get_ipython().kernel, "_allow_stdin", True):  # nobody sits there, and the notebook is to be whole
        thread.join()
    return _Shown(**{name: getattr(verdict, name) for name in verdict.__dataclass_fields__})


# -------------------------------------------------------------------------------------------- showing


class _Shown(Verdict):
    """A verdict that has been displayed already: Jupyter must not show it again as the cell's result."""

    def _ipython_display_(self) -> None:
        pass


def _show(verdict: Verdict) -> Verdict:
    if not in_notebook():
        print(verdict)
        return verdict
    from IPython.display import display

    display(verdict.mimebundle() | kept_with(verdict.step), raw=True)
    return _Shown(**{name: getattr(verdict, name) for name in verdict.__dataclass_fields__})


def _show_text(text: str) -> None:
    if not in_notebook():
        print(text)
        return
    from IPython.display import display

    style = "border-left:5px solid #56B4E9;padding:.4em .9em;max-width:52em"
    display({"text/html": f'<div role="note" style="{style}">{escape(text)}</div>', "text/plain": text}, raw=True)


def _explain_name(
    shell: InteractiveShell, kind: type[BaseException], error: BaseException, trace: TracebackType, tb_offset: int = 0
) -> None:
    """Show a NameError as always; below it, what may have become of a step's answer that has no value."""
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    name = str(getattr(error, "name", None) or "")
    if any(name in step.answers for step in steps().values()):
        _show_text(not_assigned(name, shell.user_ns))


if in_notebook() and not os.environ.get("NBGRADER_EXECUTION"):  # the check of an answer that has another name
    sys.modules["IPython"].get_ipython().set_custom_exc((NameError,), _explain_name)
