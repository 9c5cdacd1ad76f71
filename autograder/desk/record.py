"""Write the public probes' expectations into the students' package of a course: ``recorded/<step>.json``.

The catalogue is the source; these files are what a check in a notebook compares with, so that it needs no reference
and no network. A test holds the files to the catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder import catalogue
from autograder.course import SOLUTIONS
from autograder.grading import rubric as written
from autograder.grading.judging import Unnamed
from autograder.grading.rubric import recorded_folder
from autograder.names import UnknownName, nearest
from lrtutorial.course import find_step, steps
from lrtutorial.course.expected import Expected


def recording(step_id: str, expected: Expected) -> dict[str, object]:
    """Return what is recorded for a step: probes, the reference's and every misconception's outcome, the words."""
    words = {m.id: {"title": m.title, "hints": list(m.hints)} for m in catalogue.questions()[step_id].misconceptions}
    return {
        "probes": expected.probes,
        "reference": expected.reference,
        "outcomes": dict(expected.outcomes()),
        "misconceptions": words,
    }


def told_apart(step_id: str, expected: Expected) -> Iterator[str]:
    """Yield which mistakes give what the reference gives, or what another one does."""
    known = [("reference", expected.reference)]
    for name, outcome in expected.outcomes().items():
        if alike := next((other for other, theirs in known if theirs == outcome), None):
            yield f"the mistake {name} of {step_id} gives the same as the {alike} on all public probes"
        known.append((f"mistake {name}", outcome))


def refused(step_id: str, expected: Expected) -> Iterator[str]:
    """Yield which of a step's other right answers aren't right. What it is compared with has to be recorded."""
    step, question = find_step(step_id), catalogue.questions()[step_id]
    if step.kind.foretells:  # right with a line of why alone
        return
    for style, answer in question.accepted.items():
        given = catalogue.as_answers(step, answer, question.reference)
        verdict = step.judge(step.collect(given, expected.probes), Unnamed(expected))
        if not verdict.right:
            yield f"the accepted answer {style!r} of {step_id} isn't right by the reference ({verdict.headline})"


def record(only: Iterable[str] = ()) -> list[Path]:
    """Record the named steps (all, when none is named); return the files written.

    Raises UnknownName; Incomplete, with all written, where an accepted answer isn't right or a mistake can't be told.
    """
    chosen = list(only) or list(catalogue.questions())
    unknown = [step for step in chosen if step not in steps()]
    if unknown:
        raise UnknownName(f"there is no step {unknown[0]!r}. {nearest(unknown[0], list(steps()))}")
    paths, slips = [], list[str]()
    for step_id in chosen:
        path = recorded_folder() / f"{step_id}.json"
        expected = catalogue.public_expectations(step_id)
        text = json.dumps(recording(step_id, expected), ensure_ascii=False, separators=(",", ":")).replace("},", "},\n")
        path.write_text(text + "\n", encoding="utf-8")
        paths.append(path)
        slips += [*told_apart(step_id, expected), *refused(step_id, expected)]
    if not list(only):
        paths += written.record(SOLUTIONS)
    if slips:
        raise catalogue.Incomplete(f"recorded, but to be mended in {catalogue.package()}: {'; '.join(slips)}")
    return paths
