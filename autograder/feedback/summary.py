"""What stands on top of a feedback page, as data: collected from nbgrader's gradebook and our ledger."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.cells import NOTE_ID
from autograder.course import SOLUTIONS
from autograder.feedback.cleaning import without_paths
from autograder.gradebook.again import gradebook_at, ledger_at
from autograder.gradebook.markings import Marking, Markings, digest_of
from autograder.gradebook.reading import Cell, entries
from autograder.gradebook.result import LOST
from lrtutorial.checking.worked import commented_solutions
from lrtutorial.checking.written import ModelAnswer, RubricItem, model_answers
from lrtutorial.course import exercises
from lrtutorial.course.exercise import Exercise
from lrtutorial.verdict import STATUSES, Verdict

#: Cells that talk to the student at work. While grading they find nobody: what they say then would only confuse.
ASIDES = re.compile(r"(?:(?:reveal|hint|compare)\([^\n]*\)\s*)+")
REPAIRED = (
    "Parts of the notebook were not as they were handed out, and were put back before grading. Your answers count as "
    "you wrote them.",
    "Read what was repaired. If it changed what you meant, tell your instructor. Next time leave the check cells as "
    "they are; cells of your own are welcome.",
)
ENDED = (
    "The notebook was graded, but its program did not run to the end. What could still be asked counts.",
    "Look for the cell that is named here or in the verdicts below, and run the notebook from the top before you "
    "hand it in.",
)
REJECTED = (
    "The file could not be taken as a notebook, so nothing in it was graded and its points are 0.",
    "Do what is said here, and ask your instructor whether you may hand it in again.",
)
FAILED = (
    "The grader stopped at this notebook, so nothing in it was graded; its points are 0 until someone has looked. "
    "That need not be your fault.",
    "Your instructor can see it too. If nothing has changed in a few days, ask, and name this exercise.",
)
NOT_GRADED = "This notebook was not graded: see the note at the top."


@dataclass(frozen=True)
class Notice:
    """How the grading of this notebook went when it wasn't plain sailing: what it means, and what to do."""

    title: str
    meaning: str
    reason: str
    to_do: str


@dataclass(frozen=True)
class Part:
    """One graded cell: a checked step with its verdict, or a written answer with its rubric."""

    id: str
    asks: str
    points: float | None  #: None: not graded yet
    possible: float
    verdict: Verdict | None = None
    rubric: tuple[RubricItem, ...] = ()
    given: tuple[float, ...] = ()  #: by line of the rubric, where the grader gave them so
    comment: str = ""  #: the grader's words, Markdown
    by_hand: bool = False
    look_again: bool = False  #: the hand grade stands, and what it was given for has changed
    lost: bool = False  #: nothing in the notebook could be judged

    @property
    def mark(self) -> str:
        """The sign beside the word; it only repeats it."""
        return STATUSES[self.verdict.status][0] if self.verdict else "✎"

    @property
    def word(self) -> str:
        """What became of it, in a word or two."""
        if self.verdict:
            return STATUSES[self.verdict.status][1]
        if self.points is None:
            return "Not graded yet"
        if self.lost:
            return "Not graded"
        return "Graded by hand" if self.by_hand else "No answer"


@dataclass(frozen=True)
class Summary:
    """All that stands above the notebook."""

    student: str
    exercise: Exercise | None
    title: str
    points: float
    possible: float
    late_penalty: float
    notice: Notice | None
    parts: tuple[Part, ...]
    solutions: tuple[str, ...]  #: Markdown; empty unless the instructor turned model answers on

    @property
    def waiting(self) -> bool:
        """Whether a human is still to grade an answer, or to look at one again."""
        return any(part.points is None or part.look_again for part in self.parts)


class FeedbackSummary(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader ships no types
    """Puts a :class:`Summary` into ``resources["feedback"]``, and takes out of the notebook what it says."""

    model_answers = Bool(
        False, help="Show the worked solutions of checked steps and the model answers of written ones in feedback."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Collect what is known of one graded notebook. It comes after GetGrades."""
        where = resources["nbgrader"]
        exercise = next((one for one in exercises().values() if one.notebook == where["notebook"]), None)
        verdicts, status, reason = _ledger(where)
        if status in LOST and exercise:
            verdicts = {step.id: Verdict.blank(step).with_no_points("failed", NOT_GRADED) for step in exercise.steps}
        resources["feedback"] = Summary(
            student=where["student"],
            exercise=exercise,
            title=f"{exercise.id.upper()} · {exercise.title}" if exercise else where["notebook"],
            points=where["score"],
            possible=where["max_score"],
            late_penalty=where["late_penalty"],
            notice=notice(status, reason),
            parts=_parts(where, exercise, verdicts),
            solutions=_solutions(exercise) if self.model_answers and exercise else (),
        )
        said_above = {NOTE_ID, f"{exercise.id}-rubric" if exercise else ""}
        nb.cells = [cell for cell in nb.cells if cell.get("id") not in said_above]
        for cell in nb.cells:
            if cell.cell_type == "code" and ASIDES.fullmatch(cell.source.strip()):
                cell.outputs = []
        return nb, resources


def _ledger(where: Any) -> tuple[dict[str, Verdict], str, str]:
    """Return the verdicts by step, the status and the reason of one notebook."""
    own = {name: where[name] for name in ("assignment", "student", "notebook")}
    with ledger_at(where["db_url"]) as ledger:
        verdicts = {row["step"]: Verdict.from_data(json.loads(row["verdict"])) for row in ledger.verdicts(**own)}
        standing = next(iter(ledger.submissions(**own)), {"status": "graded", "reason": ""})
    return verdicts, standing["status"], standing["reason"]


def notice(status: str, reason: str) -> Notice | None:
    """Return what to tell a student of a ledger's status and reason; None for a notebook graded as it should be.

    Why the grader itself stopped is for the instructor: a fault of ours tells a student nothing.
    """
    reason = without_paths(reason)
    if status == "rejected":
        return Notice("Not graded: this file can't be read as a notebook", *REJECTED[:1], reason, *REJECTED[1:])
    if status == "failed":
        return Notice("Not graded: the grader stopped", *FAILED[:1], "", *FAILED[1:])
    if status == "graded with repairs":
        return Notice("Graded, after repairs", *REPAIRED[:1], reason, *REPAIRED[1:])
    return Notice("Graded, but the program ended early", *ENDED[:1], reason, *ENDED[1:]) if reason else None


def _parts(where: Any, exercise: Exercise | None, verdicts: dict[str, Verdict]) -> tuple[Part, ...]:
    """Return every graded cell in the notebook's order."""
    asks = {step.id: step.asks for step in exercise.steps} if exercise else {}
    models = model_answers()
    parts = []
    with gradebook_at(where["db_url"]) as gradebook:
        entry = gradebook.find_submission_notebook(where["notebook"], where["assignment"], where["student"])
        comments = {comment.name: comment.comment or "" for comment in entry.comments}
        order = [grade.name for grade in entry.grades]  # the notebook's
        extra = {grade.name for grade in entry.grades if grade.extra_credit}
        own = {name: where[name] for name in ("assignment", "student", "notebook")}
        with ledger_at(where["db_url"]) as ledger:
            (found,) = entries(gradebook.db, ledger.submissions(**own), **own)
        marked = _marked(gradebook, where, [cell.name for cell in found.cells])
    for cell in sorted(found.cells, key=lambda cell: order.index(cell.name)):
        step = cell.name.removesuffix("-test")
        model = models.get(cell.name.removesuffix("-written"))
        written = step not in verdicts and cell.name.endswith("-written")
        parts.append(
            Part(
                id=step,
                asks=asks.get(step, "Written answer" if written else cell.name),
                points=None if cell.waits else cell.score,
                possible=cell.possible,
                verdict=verdicts.get(step),
                rubric=model.rubric if model and written else (),
                given=_given(model, cell, marked.get(cell.name)) if model and written else (),
                comment=_comment(cell.name, comments),
                by_hand=cell.manual is not None or cell.name in extra,
                look_again=cell.look_again,
                lost=cell.lost,
            )
        )
    return tuple(parts)


def _marked(gradebook: Gradebook, where: Any, cells: list[str]) -> dict[str, Marking]:
    """Return the newest marking of each written answer of a notebook, by cell."""
    found: dict[str, Marking] = {}
    for name in (name for name in cells if name.endswith("-written")):
        for one in Markings(where["assignment"], where["notebook"], name).read(gradebook.db.connection()):
            if one.student == where["student"] and not one.second:
                found[name] = one
    return found


def _given(model: ModelAnswer, cell: Cell, marked: Marking | None) -> tuple[float, ...]:
    """Return the points by line of the rubric: none where the hand grade is not theirs (given in Formgrader since)."""
    if marked is None or cell.manual is None or marked.rubric != digest_of(model.rubric):
        return ()
    same = math.isclose(marked.points * cell.possible / model.points, cell.manual, abs_tol=0.01)
    return marked.lines if same else ()


def _comment(name: str, comments: dict[str, str]) -> str:
    """The grader's words on a graded cell: on the cell itself, or on the answer that a test is for."""
    return comments.get(name) or comments.get(f"{name.removesuffix('-test')}-answer", "")


def _solutions(exercise: Exercise) -> tuple[str, ...]:
    """Return the exercise's worked solutions and its model answer, in Markdown."""
    path = SOLUTIONS / exercise.part / f"{exercise.notebook}.ipynb"
    found = commented_solutions(exercise, path)
    if exercise.id in (models := model_answers()):
        found.append(f"### One good written answer\n\n{models[exercise.id].answer}")
    return tuple(found)
