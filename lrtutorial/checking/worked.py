"""Worked solutions of checked steps, for those who learn on their own: ``reveal("exercise")`` after an honest try.

This package holds no answers. They are read from ``solutions/``, which lies beside ``notebooks/`` in a
full copy of the course (and on Binder); a copy handed out by an instructor has none.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from lrtutorial.answers.session import HERE
from lrtutorial.checking import progress
from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.course.expected import misconceptions

LARGEST = 20_000_000  #: bytes of a notebook that is looked into
FOLDERS_UP = 4  #: how far above the student's notebook solutions/ may lie
MARK = re.compile(r"^\s*### (?:BEGIN|END) SOLUTION.*\n?", re.MULTILINE)
MISTAKES_SHOWN = 5


def worked_solution(exercise: Exercise, beside: Path) -> tuple[str, str]:
    """Return the solution in Markdown, and a note on what is still closed and why; either may be empty.

    ``beside``: the student's notebook. A step opens once an answer that could be judged was checked.
    """
    tried = [step for step in exercise.steps if _tried(step)]
    closed = [step for step in exercise.steps if step not in tried]
    if not tried:
        call = f'check("{closed[0].id}", {", ".join(closed[0].answers)})'
        return (
            "",
            f"Try first: the worked solution opens once you have had an answer of your own checked: {call}.",
        )
    path = solution_notebook(exercise, beside)
    cells = _answer_cells(path) if path else None
    if cells is None:
        return "", (
            "The worked solutions are not part of this copy of the course. They are in the folder solutions/ of a "
            "full copy, beside notebooks/; if you take the course in a class, your instructor has them."
        )
    parts = [_commented(step, cells[step.id]) for step in tried if step.id in cells]
    still = ", ".join(step.id for step in closed)
    return "\n\n".join(parts), f"Still closed until you have tried them: {still}." if closed else ""


def commented_solutions(exercise: Exercise, path: Path) -> list[str]:
    """Return the solution of each step that the notebook at ``path`` (of ``solutions/``) answers, in Markdown."""
    cells = _answer_cells(path) or {}
    return [_commented(step, cells[step.id]) for step in exercise.steps if step.id in cells]


def _tried(step: Step) -> bool:
    verdict = HERE.verdicts.get(step.id)
    if verdict is not None and verdict.status in progress.COUNTED:
        return True
    entry = progress.load()[0]["steps"].get(step.id)
    return entry is not None and entry["tries"] > 0


def solution_notebook(exercise: Exercise, beside: Path) -> Path | None:
    """Return the exercise's notebook under ``solutions/``, looked for in the folders above ``beside``, or None."""
    for folder in list(beside.resolve().parents)[:FOLDERS_UP]:
        path = folder / "solutions" / exercise.part / f"{exercise.notebook}.ipynb"
        if path.is_file():
            return path
    return None


def _answer_cells(path: Path) -> dict[str, str] | None:
    """Return the solution's answer cells by step, their marks taken out; None when the file can't be read."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        named = {cell["metadata"].get("nbgrader", {}).get("grade_id", ""): "".join(cell["source"]) for cell in cells}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return {
        name.removesuffix("-answer"): MARK.sub("", source).strip()
        for name, source in named.items()
        if name.endswith("-answer")
    }


def _commented(step: Step, source: str) -> str:
    """A step's solution in Markdown: how one gets there, the answer, and what goes wrong most easily."""
    way = "\n".join(f"{number}. {rung}" for number, rung in enumerate(step.hints, start=1))
    mistakes = [known.title for known in misconceptions(step.id).values()][:MISTAKES_SHOWN]
    parts = [
        f"### {step.id}: {step.asks}",
        f"**The way there**\n\n{way}",
        f"**One good answer**\n\n```python\n{source}\n```",
    ]
    if mistakes:
        parts.append("**Easily gone wrong**\n\n" + "\n".join(f"- {title}" for title in mistakes))
    return "\n\n".join(parts)
