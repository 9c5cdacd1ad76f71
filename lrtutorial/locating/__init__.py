"""Where the mistake is: which line of the student's cell, and which part of it, to look at.

Small edits of the student's own source are tried until every public probe holds (:mod:`~lrtutorial.locating.edits`,
:mod:`~lrtutorial.locating.search`). The edit is never told, only where it is. In a notebook this runs in a process of
its own, while the verdict is on the screen already; when graded, in the jailed kernel, where what comes back is words
for the feedback and never points.

A kind of answer of which edits can be run has ``holds(answer, expected)`` and ``sieve(expected)``, a quick test that
fails only where that is False, or None. One whose probes are long may have more: ``small_tests()`` that every right
answer passes, ``searching()`` around a search, ``missing(held, text)``, the statements that a function may lack,
``last_pass(answer)``, the line at which the long part is over, and ``ending(answer, up_to_the_end, probes)``, tests of
what comes after it (:mod:`lrtutorial.kinds.lr_finder.placing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lrtutorial.locating.sources import Source, sources_of

if TYPE_CHECKING:
    from lrtutorial.course.exercise import Step

SECONDS = 2.0  #: that a search may take for all answers of a step


def can_locate(step: Step) -> bool:
    """Say whether a step's answers are code of which edits can be run."""
    from importlib import import_module

    return bool(step.kind.probed) and hasattr(import_module(step.kind.module), "holds")


def places_here(step: Step, answers: Mapping[str, object], seconds: float = SECONDS) -> list[dict[str, object]]:
    """Return the places of the answers that are wrong and have some, searched in this process.

    Never raises because of an answer. Takes at most ``seconds`` where a run can be ended (POSIX, main thread).
    """
    from lrtutorial.kinds.driven import quiet
    from lrtutorial.locating.search import search_all

    sources, spaces = known(answers)
    with quiet():
        return search_all(step.id, sources, spaces, seconds)


def places_apart(step: Step, answers: Mapping[str, object], seconds: float = SECONDS) -> list[dict[str, object]]:
    """Return what :func:`places_here` returns, searched in a process of its own, so that this one doesn't wait."""
    from lrtutorial.locating.apart import ask

    return ask(step.id, *known(answers), seconds)


def known(answers: Mapping[str, object]) -> tuple[dict[str, list[Source]], dict[str, dict[str, object]]]:
    """Return, for each answer whose source is known, its definitions and what they use by name."""
    sources, spaces = {}, {}
    for name, answer in answers.items():
        try:
            found, space = sources_of(answer)
        except Exception:  # an answer's source and globals may be anything; without a place the verdict stands as it is
            continue
        if found:
            sources[name], spaces[name] = found, space
    return sources, spaces
