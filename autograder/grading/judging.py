"""Which probes a submitted notebook gets, and what its evidence is worth. All of it runs in the grader's process."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from nbformat.notebooknode import NotebookNode

from autograder import catalogue
from autograder.cells import is_marked
from autograder.gradebook.errors import advice_on
from autograder.grading.expectations import as_expected, class_expectations
from lrtutorial.advice import fault
from lrtutorial.answers.evidence import spent
from lrtutorial.answers.session import Session
from lrtutorial.course import exercise_of
from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.course.expected import Expected, recorded
from lrtutorial.verdict import Verdict


class NoQuestion(RuntimeError):
    """What to ask of a step could not be had, whatever is answered: nobody may lose a point by it."""


@dataclass
class Grading:
    """One submitted notebook being graded: which probes it gets, and the evidence so far."""

    assignment: str
    notebook: str
    secret: str
    #: What its secret probes depend on, beside the secret: all submissions of a run have the same.
    draw: str
    #: Expectations of the whole class by step, as data, where they were computed elsewhere.
    shared: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sessions = {"public": Session(), "secret": Session()}

    @property
    def exercise(self) -> Exercise | None:
        """The exercise this notebook is for."""
        return exercise_of(self.notebook)

    def question(self, step: Step) -> dict[str, Expected]:
        """Return the public expectations, and secret ones: of this draw, or the course's own where they cost much.

        Raises NoQuestion, with what to do or to report: no answer has a part in it.
        """
        try:
            return {"public": recorded(step.id), "secret": self._unseen(step)}
        except Exception as error:
            raise NoQuestion(f"{step.id} can't be asked: {advice_on(error) or fault(error)}") from error

    def _unseen(self, step: Step) -> Expected:
        if step.kind.costly:
            told = self.shared.get(step.id)
            return as_expected(told) if told else class_expectations(self.secret, step.id)
        with _one_at_a_time:
            return _drawn(self.secret, self.assignment, step.id, self.draw)

    def judge(
        self, step: Step, asked: Mapping[str, Expected], ask: Callable[[str], Any], told: object = None
    ) -> Verdict:
        """Judge an answer; ``ask`` is given "secret" or "public" and returns the answer's evidence on those probes.

        ``told``: what the submission's own outputs say was committed first.

        Points are those that both give. An answer that is right on the secret probes is not run on the public ones
        again: they are drawn the same way, and give a wrong answer its words and numbers. What mistakes give on the
        secret probes is computed where the public verdict has no words, or the kind prices a mistake by its name.
        """

        def ask_and_see(name: str) -> Any:
            return step.kind.with_first(step, ask(name), told)

        unnamed = self._judged("secret", step, Unnamed(asked["secret"]), ask_and_see)
        if spent(self.sessions["secret"].evidence.get(step.id)):  # and would be again: a human is asked
            return unnamed
        if step.kind.probed and unnamed.status in ("right", "unfinished"):
            return replace(unnamed, checked="Right on inputs that nobody has seen." if unnamed.right else "")
        public = self._judged("public", step, asked["public"], ask_and_see)
        if public.right and not unnamed.right or step.kind.prices(public.misconception):
            return combined(public, self._judged("secret", step, asked["secret"], ask_and_see))
        return combined(public, unnamed)

    def _judged(self, name: str, step: Step, expected: Expected, ask: Callable[[str], object]) -> Verdict:
        here = self.sessions[name]
        if step.id not in here.evidence:
            evidence = ask(name)
            # where no probes travel the answer itself is the evidence, whatever it is compared with
            for each in [here] if step.kind.probed else self.sessions.values():
                each.evidence[step.id] = evidence
        try:
            return here.judge(step, here.evidence[step.id], expected)
        except catalogue.CatalogueFailed:
            raise
        except Exception as error:  # a fault of ours, or evidence made to cause one: no points, and said
            return Verdict.blank(step).with_no_points(
                "failed", f"The evidence can't be counted ({type(error).__name__})."
            )


_one_at_a_time = threading.Lock()  # or each thread draws its own, and computes what they all could share


@lru_cache(maxsize=64)  # more than any assignment has steps
def _drawn(secret: str, assignment: str, step_id: str, draw: str) -> Expected:
    return catalogue.expectations(step_id, catalogue.generator(secret, assignment, step_id, draw))


class Unnamed:
    """The same expectations without misconceptions: those give a wrong answer its words, and hardly ever points."""

    def __init__(self, expected: Expected):
        self._whole = expected
        self.probes, self.secret = expected.probes, expected.secret

    @property
    def reference(self) -> object:
        """What the reference gives on the probes."""
        return self._whole.reference

    def outcomes(self) -> Mapping[str, object]:
        """No mistake is known."""
        return {}


def combined(public: Verdict, secret: Verdict) -> Verdict:
    """Return one verdict from those on public and secret probes: the lower points, and no secret number."""
    lines = tuple(
        a if a.earned <= b.earned else replace(b, note="only on the public inputs")
        for a, b in zip(public.lines, secret.lines, strict=True)
    )
    if not public.right:
        return replace(public, lines=lines, checked="Checked on the public inputs and on fresh ones.")
    if secret.right:
        return replace(public, lines=lines, checked="Right on the public inputs and on fresh ones.")
    said = f"Right on the public inputs, but not on fresh ones. {secret.headline}"
    return replace(secret, lines=lines, headline=said, counterexample=None, picture=None, checked="")


def digest_of(nb: NotebookNode) -> str:
    """Return a digest of a notebook's code."""
    code = "\x00".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def nothing(notebook: str, reason: str, release: NotebookNode) -> list[Verdict]:
    """Return the verdicts on a notebook that was not graded, with what its cells are worth."""
    exercise = exercise_of(notebook)
    steps = exercise.steps if exercise else ()
    about = [cell.metadata.nbgrader for cell in release.cells if is_marked(cell)]
    worth = {one["grade_id"]: float(one["points"]) for one in about if one.get("grade")}
    verdicts = [Verdict.blank(step).with_no_points("failed", reason) for step in steps]
    return [verdict.worth(worth.get(f"{verdict.step}-test", verdict.possible)) for verdict in verdicts]
