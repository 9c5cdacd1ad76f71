"""What a course asks for, as data: exercises, their checked steps, points by rubric line; and what a kind of answer is.

A :class:`Kind` says how an answer is collected and judged. It is a value with its own settings, such as
``Formula(symbols=("a", "x"))`` of :mod:`lrtutorial.kinds`; whatever keeps to the protocol below serves as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lrtutorial.course.expected import Expected
from lrtutorial.verdict import Verdict

Evidence = dict[str, Any]  #: what an answer did with its probes: JSON-able, and bounded in size


#: The type of the output that holds a step's first prediction, beside the verdict of its check.
COMMITTED = "application/vnd.lrtutorial.commitment+json"


class Kind(Protocol):
    """A kind of answer: how it is collected, compared and judged, and what is special about it."""

    @property
    def name(self) -> str:
        """The kind's name in evidence and documents, such as ``"formula"``."""

    @property
    def module(self) -> str:
        """The module that holds its code: when that changes, what was kept of it is computed anew."""

    @property
    def probed(self) -> bool:
        """Whether the probes travel to the answer. Otherwise the answer itself is the evidence."""

    @property
    def foretells(self) -> bool:
        """Whether answers are predictions: noted before an experiment, and compared with its outcome after it."""

    @property
    def costly(self) -> bool:
        """Whether an expectation costs seconds: then it is computed once for a class, not for each submission."""

    @property
    def own_work(self) -> bool:
        """Whether the answer must do its work itself, without the libraries that the course names."""

    @property
    def builds_on(self) -> str | None:
        """The earlier step whose answer, right or wrong, this one may carry on for method points."""

    def agree(self, step: Step, outcome: object, other: object) -> bool:
        """Whether an answer that is as one outcome says is right by another one, too.

        Raises Unusable where the one is no outcome of this step.
        """

    def prices(self, misconception: str | None) -> bool:
        """Whether an answer gets other points when this mistake is named: then its outcome is computed to judge it."""

    def companions(self, step: Step) -> tuple[str, ...]:
        """Return names that a notebook may assign beside the answers and that are collected with them, as ``why_1``."""

    def with_first(self, step: Step, evidence: Evidence, told: object) -> Evidence:
        """Return the evidence to judge where the notebook's outputs tell of an earlier commitment; None: of none.

        ``told`` comes from the submission and is trusted no more than an answer.
        """

    def collect(self, step: Step, answers: Mapping[str, object], probes: Any) -> Evidence:
        """Put the probes to the answers ({name: object}, in the step's order) and return plain data.

        Runs in the student's process. Never raises because of an answer: what went wrong is part of the evidence.
        KeyboardInterrupt passes through.
        """

    def judge(self, step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object]) -> Verdict:
        """Compare evidence with what is expected. ``earlier``: evidence of other steps by id, for follow-through marks.

        Runs where it can be trusted and takes nothing on faith: evidence that is missing, malformed, not finite or too
        large is worth no points, with the reason. Raises nothing because of evidence.
        """

    def outcome_of(self, step: Step, evidence: Evidence, probes: object) -> object:
        """Return what a catalogued answer gives on probes, as JSON-able data: what ``judge`` compares with.

        May raise whatever the catalogue's answer makes it raise: it is the author's error then.
        """

    def load(self) -> None:
        """Import what answers need, so that no part of their time goes into that."""

    def readable(self, answer: object) -> str | None:
        """Return a catalogued answer as one would type it; None where a line can't show it, as of a class."""


@dataclass(frozen=True)
class RubricLine:
    """Points for one thing an answer must do, and the ids of the probes that show it."""

    id: str
    title: str
    points: float
    probes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One checked step: ``check(id, *answers)``.

    ``answers`` are the names to hand in; ``asks`` completes the sentence "This task asks for …"; ``hints`` is the
    ladder of :func:`lrtutorial.hint`, vaguest first.
    """

    id: str
    kind: Kind
    answers: tuple[str, ...]
    asks: str
    rubric: tuple[RubricLine, ...]
    hints: tuple[str, ...]

    @property
    def points(self) -> float:
        """Points of the whole step."""
        return sum(line.points for line in self.rubric)

    @property
    def companions(self) -> tuple[str, ...]:
        """Names beside the answers: see :meth:`Kind.companions`."""
        return self.kind.companions(self)

    def collect(self, answers: Mapping[str, object], probes: Any = None) -> Evidence:
        """Return evidence of the answers: see :meth:`Kind.collect`."""
        return self.kind.collect(self, answers, probes)

    def judge(self, evidence: object, expected: Expected, earlier: Mapping[str, object] | None = None) -> Verdict:
        """Return the verdict on evidence: see :meth:`Kind.judge`."""
        return self.kind.judge(self, evidence, expected, earlier or {})

    def outcome_of(self, evidence: Evidence, probes: object) -> object:
        """Return what a catalogued answer gives: see :meth:`Kind.outcome_of`."""
        return self.kind.outcome_of(self, evidence, probes)


@dataclass(frozen=True)
class Exercise:
    """One notebook: where it lies, how long it takes, its checked steps in order."""

    id: str
    part: str
    notebook: str
    title: str
    minutes: int
    difficulty: str  # "gentle", "medium" or "hard"
    steps: tuple[Step, ...]
    gives: str = ""  #: what one takes away, for the map of the course
    after: tuple[str, ...] = ()  #: exercises that help when done before
    profile: str = "numpy"  #: the jail's profile while it is graded: what is loaded, and what is out of reach

    @property
    def points(self) -> float:
        """Points of the checked steps (a hand-graded answer adds its own)."""
        return sum(step.points for step in self.steps)
