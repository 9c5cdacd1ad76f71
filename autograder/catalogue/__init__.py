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
from functools import cache
from typing import Any

import numpy as np

from autograder.catalogue import slips
from autograder.catalogue.question import Misconception, Question, Sample, without_brackets
from autograder.catalogue.slips import CatalogueFailed, Incomplete, NoModule
from lrtutorial.course import current, exercise_with, exercises, find_step
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected

__all__ = [
    "CatalogueFailed",
    "Drawn",
    "Incomplete",
    "Misconception",
    "NoModule",
    "Question",
    "Sample",
    "as_answers",
    "expectations",
    "generator",
    "misconceptions_by_id",
    "outcome_of",
    "package",
    "public_expectations",
    "public_generator",
    "questions",
    "samples",
    "use",
    "without_brackets",
]

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
    """Return every step's question, in course order. Raises Incomplete with what an author has to mend.

    NoModule, for an exercise without a module, is an ImportError, too.
    """
    return _all_questions(_package, current().home, tuple(exercises()))


@cache
def _all_questions(package: str, home: str, exercises: tuple[str, ...]) -> dict[str, Question]:
    found: dict[str, Question] = {}
    for exercise in exercises:
        found |= _checked(package, home, exercise)
    for name in slips.twice(m.id for question in found.values() for m in question.misconceptions):
        where = " and ".join(step for step, one in found.items() if any(m.id == name for m in one.misconceptions))
        raise Incomplete(f"a mistake of {where} is called {name!r}: each needs an id of its own")
    return found


@cache
def _checked(package: str, home: str, exercise: str) -> dict[str, Question]:
    return slips.checked(package, exercise, lambda step, question: _asked(step, question, public_generator(step.id)))


def _questions_of(exercise: str) -> dict[str, Question]:
    return _checked(_package, current().home, exercise)


def samples(exercise: str) -> tuple[Sample, ...]:
    """Return the marked sample answers of an exercise; none where its module has none. Raises Incomplete."""
    found: tuple[Sample, ...] = getattr(slips.module_of(_package, exercise), "SAMPLES", ())
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
        given: dict[str, Any] = self._once(
            "outcomes", lambda: {name: self._outcome(answer, f"mistake {name}") for name, answer in mistakes.items()}
        )
        return given

    @property
    def reference(self) -> object:
        """What the reference gives on the probes."""
        return self._once("reference", lambda: self._outcome(self._question.reference, "reference"))

    def _once(self, name: str, compute: Callable[[], object]) -> Any:
        with self._one_at_a_time:
            if name not in self._known:
                self._known[name] = compute()
            return self._known[name]

    def _outcome(self, answer: object, what: str) -> object:
        begun = time.perf_counter()
        try:
            return self._tried(answer, self.probes)
        except Exception as error:
            place = slips.place_of(error, f"{_package}.{exercise_with(self._step).id}")
            raise CatalogueFailed(
                f"{place}: the {what} of {self._step.id} fails on {self._where(answer)}: {slips.said(error)}"
            ) from error
        finally:
            self.seconds += time.perf_counter() - begun

    def _tried(self, answer: object, probes: object) -> object:
        return outcome_of(self._step, as_answers(self._step, answer, self._question.reference), probes)

    def _where(self, answer: object) -> str:
        """Return on which probe an answer fails, where each can be tried alone and it isn't every one."""
        words = f"its {'secret' if self.secret else 'public'} probes"
        if self._step.kind.costly or not isinstance(self.probes, list):
            return words
        failed = [probe for probe in self.probes if not self._holds(answer, probe)]
        return (
            f"{words} (tried one by one: first on {str(failed[0])[:200]})"
            if 0 < len(failed) < len(self.probes)
            else words
        )

    def _holds(self, answer: object, probe: object) -> bool:
        try:
            self._tried(answer, [probe])
        except Exception:
            return False
        return True


def expectations(step_id: str, rng: np.random.Generator, secret: bool = True) -> Expected:
    """Draw probes for a step; what reference and misconceptions give on them is computed when it is asked for.

    Raises CatalogueFailed, as Incomplete for what its author forgot.
    """
    step = find_step(step_id)
    question = _questions_of(exercise_with(step).id)[step.id]  # a part needs no other part's catalogue
    if secret:  # then an answer is told its mistake in the words that are recorded
        slips.recorded_as_catalogued(step, question)
    return Drawn(step, question, _asked(step, question, rng, secret), secret)


def _asked(step: Step, question: Question, rng: np.random.Generator, secret: bool = False) -> object:
    """Return the probes of a question: drawn, where they are secret or it doesn't say which are public."""
    if not secret and question.public is not None:
        return question.public
    try:
        return question.probes(rng)
    except Exception as error:
        place = slips.place_of(error, f"{_package}.{exercise_with(step).id}")
        raise CatalogueFailed(f"{place}: no probes for {step.id} could be drawn: {slips.said(error)}") from error


def public_generator(step_id: str) -> np.random.Generator:
    """Return the generator that public probes are drawn with."""
    return generator("public", step_id)


def public_expectations(step_id: str) -> Expected:
    """Return the expectations of the public probes: the same on every machine."""
    return expectations(step_id, public_generator(step_id), secret=False)
