"""The catalogue: for every checked step its reference, its probes, its misconceptions and the forms that must pass.

One module an exercise, with ``QUESTIONS``: {step id: :class:`Question`}; they lie in this package, or in that which
:func:`use` names for another course. Everything else follows from it: the data recorded for the student package, the
secret probes of a grading run, the tables of the tests, the class report.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from lrtutorial.course import exercise_with, exercises, find_step
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected


@dataclass(frozen=True)
class Misconception:
    """One catalogued mistake.

    ``answer`` is a wrong answer that shows it: what a student would hand in, one object or a mapping from answer names
    to objects (names left out keep the reference's). ``hints`` has two or three rungs; the last is not the answer.
    ``reveals`` tells the instructor what a student who answers so may believe.
    """

    id: str
    title: str
    reveals: str
    hints: tuple[str, ...]
    answer: object
    simulated: bool = False  #: whether it is named by simulating its pieces: then no outcome of it is kept


def without_brackets(step: str, title: str, answer: object) -> Misconception:
    """Return the mistake of leaving brackets out in a step's answer: ``answer`` is what is read then."""
    hints = (
        "How is your line read? See what stands below each fraction line, and what each power acts on.",
        "Put brackets round what belongs together.",
    )
    return Misconception(f"{step}-brackets", title, "leaves out brackets when typing", hints, answer)


@dataclass(frozen=True)
class Question:
    """What the grader knows about a step: ``probes(rng)`` draws probes in the form of the step's kind."""

    reference: object
    probes: Callable[[np.random.Generator], object]
    misconceptions: tuple[Misconception, ...]
    accepted: Mapping[str, object] = field(default_factory=dict)  #: other right answers, by a word for the style
    public: object = None  #: the public probes, where they are not to be drawn (a notebook's own seed)
    lecture: str = ""  #: what the report tells the instructor to say to a class that goes wrong here
    families: tuple[tuple[str, str], ...] = ()
    """Where that doesn't fit: (endings of misconception ids after "<step>-", what to say of those instead)."""

    def to_say(self, misconception: str) -> str:
        """Return what to say to a class that holds a misconception; what it reveals, where the author says no more."""
        mistake = next(one for one in self.misconceptions if one.id == misconception)
        for endings, remark in self.families:
            if any(misconception.endswith(f"-{ending}") for ending in endings.split()):
                return remark
        return self.lecture or f"{mistake.title}. Who answers so {mistake.reveals}. {' '.join(mistake.hints)}"


@dataclass(frozen=True)
class Sample:
    """A written answer, marked: graders who mark it otherwise talk before they begin.

    An exercise's module holds its ``SAMPLES``; ``points`` and ``why`` have an entry for each line of the rubric.
    """

    text: str
    points: tuple[float, ...]
    why: tuple[str, ...]


#: Read when a process begins, so that workers have the catalogue of who started them.
VARIABLE = "AUTOGRADER_CATALOGUE"
_package = os.environ.get(VARIABLE) or __name__


def package() -> str:
    """Return the package that holds the current course's questions, one module an exercise."""
    return _package


def use(package: str) -> None:
    """Take the questions from another package, in this process and in those it starts."""
    global _package
    _package = os.environ[VARIABLE] = package


def questions() -> dict[str, Question]:
    """Return every step's question, in course order. Raises ImportError for an exercise without a module."""
    return _all_questions(_package, tuple(exercises()))


@cache
def _all_questions(package: str, exercises: tuple[str, ...]) -> dict[str, Question]:
    found: dict[str, Question] = {}
    for exercise in exercises:
        found |= _questions_of(exercise)
    return found


def _questions_of(exercise: str) -> dict[str, Question]:
    found: dict[str, Question] = import_module(f"{_package}.{exercise}").QUESTIONS
    return found


def samples(exercise: str) -> tuple[Sample, ...]:
    """Return the marked sample answers of an exercise; none where its module has none."""
    found: tuple[Sample, ...] = getattr(import_module(f"{_package}.{exercise}"), "SAMPLES", ())
    return found


def misconceptions_by_id() -> dict[str, tuple[str, Misconception]]:
    """Return {id: (step id, misconception)} for the whole course."""
    return {m.id: (step, m) for step, question in questions().items() for m in question.misconceptions}


def generator(*words: str) -> np.random.Generator:
    """Return a generator that depends on the words alone, on every machine."""
    digest = hashlib.sha256("\x1f".join(words).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def as_answers(step: Step, answer: object, reference: Any) -> dict[str, Any]:
    """Return {answer name: object} for a catalogued answer, filled up from the reference."""
    if isinstance(answer, Mapping):
        return {name: answer[name] if name in answer else reference[name] for name in step.answers}
    (name,) = step.answers
    return {name: answer}


def outcome_of(step: Step, answers: Mapping[str, object], probes: object) -> object:
    """Return what answers give on probes, in the form of the step's kind."""
    return step.outcome_of(step.collect(answers, probes), probes)


class CatalogueFailed(RuntimeError):
    """A reference or a catalogued mistake failed on probes that were drawn: our fault, whatever the answer was."""


class Drawn:
    """Expectations on probes that were drawn: what nobody asks for is not computed.

    Some kinds judge an answer's runs by themselves and need no reference, and only a wrong answer is compared with
    the misconceptions, each once for all threads. ``seconds`` is what computing has taken.
    """

    def __init__(self, step: Step, question: Question, probes: object, secret: bool):
        self.probes, self.secret, self.seconds = probes, secret, 0.0
        self._step, self._question = step, question
        self._one_at_a_time, self._known = threading.Lock(), dict[str, object]()

    def outcomes(self) -> dict[str, Any]:
        """What each misconception gives on the probes, by id; those that are simulated have no outcome."""
        mistakes = {m.id: m.answer for m in self._question.misconceptions if not m.simulated}
        given: dict[str, Any] = self._once("outcomes", lambda: {name: self._outcome(m) for name, m in mistakes.items()})
        return given

    @property
    def reference(self) -> object:
        """What the reference gives on the probes."""
        return self._once("reference", lambda: self._outcome(self._question.reference))

    def _once(self, name: str, compute: Callable[[], object]) -> Any:
        with self._one_at_a_time:
            if name not in self._known:
                self._known[name] = compute()
            return self._known[name]

    def _outcome(self, answer: object) -> object:
        begun = time.perf_counter()
        try:
            return outcome_of(self._step, as_answers(self._step, answer, self._question.reference), self.probes)
        except Exception as error:
            raise CatalogueFailed(f"{self._step.id}: the catalogue failed on its own probes: {error!r}") from error
        finally:
            self.seconds += time.perf_counter() - begun


def expectations(step_id: str, rng: np.random.Generator, secret: bool = True) -> Expected:
    """Draw probes for a step; what reference and misconceptions give on them is computed when it is asked for."""
    step = find_step(step_id)
    question = _questions_of(exercise_with(step).id)[step.id]  # a part needs no other part's catalogue
    probes = question.probes(rng) if secret or question.public is None else question.public
    return Drawn(step, question, probes, secret)


def public_expectations(step_id: str) -> Expected:
    """Return the expectations of the public probes: the same on every machine."""
    return expectations(step_id, generator("public", step_id), secret=False)
