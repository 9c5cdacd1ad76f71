"""Write the public probes' expectations into the students' package of a course: ``recorded/<step>.json``.

The catalogue is the source; these files are what a check in a notebook compares with, so that it needs no reference
and no network. A test holds the files to the catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from autograder import catalogue
from autograder.course import SOLUTIONS
from autograder.grading import rubric as written
from autograder.grading.rubric import recorded_folder
from autograder.names import UnknownName, nearest
from lrtutorial.course import steps


def recording(step_id: str) -> dict[str, object]:
    """Return what is recorded for a step: probes, the reference's and every misconception's outcome, the words."""
    expected = catalogue.public_expectations(step_id)
    words = {m.id: {"title": m.title, "hints": list(m.hints)} for m in catalogue.questions()[step_id].misconceptions}
    return {
        "probes": expected.probes,
        "reference": expected.reference,
        "outcomes": dict(expected.outcomes()),
        "misconceptions": words,
    }


def record(only: Iterable[str] = ()) -> list[Path]:
    """Record the named steps (all, when none is named); return the files written. Raises UnknownName."""
    chosen = list(only) or list(catalogue.questions())
    unknown = [step for step in chosen if step not in steps()]
    if unknown:
        raise UnknownName(f"there is no step {unknown[0]!r}. {nearest(unknown[0], list(steps()))}")
    paths = []
    for step_id in chosen:
        path = recorded_folder() / f"{step_id}.json"
        text = json.dumps(recording(step_id), ensure_ascii=False, separators=(",", ":")).replace("},", "},\n")
        path.write_text(text + "\n", encoding="utf-8")
        paths.append(path)
    if not list(only):
        paths += written.record(SOLUTIONS)
    return paths
