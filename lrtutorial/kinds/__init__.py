"""The kinds of answer, each a value that a step is given: ``kind=Formula(symbols=("a", "eta"), condition=True)``.

Each keeps to :class:`lrtutorial.course.exercise.Kind`, whose three functions ``collect``, ``judge`` and ``outcome_of``
are in the module of the same name; it loads when it is first needed, so that a course can be listed without NumPy and
SymPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, Self

from lrtutorial.course.exercise import Evidence, RubricLine, Step
from lrtutorial.course.expected import Expected
from lrtutorial.kinds.sketches import Sketch
from lrtutorial.verdict import Verdict


class InModule:
    """A kind whose functions are in ``lrtutorial.kinds.<name>``."""

    name: ClassVar[str]
    probed: ClassVar[bool] = False
    foretells: ClassVar[bool] = False
    costly: ClassVar[bool] = False
    own_work: bool = False

    @property
    def module(self) -> str:
        """The module that holds this kind's functions."""
        return f"lrtutorial.kinds.{self.name}"

    @property
    def builds_on(self) -> str | None:
        """No earlier step, unless a kind says otherwise."""
        return None

    @classmethod
    def of(cls, step: Step) -> Self:
        """Return a step's kind, which must be of this class. Raises TypeError otherwise: an error of the course."""
        if not isinstance(step.kind, cls):
            raise TypeError(f"{step.id} is of kind {step.kind.name}; {cls.__name__} was expected")
        return step.kind

    def agree(self, step: Step, outcome: object, other: object) -> bool:
        """Only equal outcomes do, unless a kind says otherwise."""
        return outcome == other

    def prices(self, misconception: str | None) -> bool:
        """A name gives a mistake its words, and bears on no points, unless a kind says otherwise."""
        return False

    def companions(self, step: Step) -> tuple[str, ...]:
        """No names beside the answers, unless a kind says otherwise."""
        return ()

    def with_first(self, step: Step, evidence: Evidence, told: object) -> Evidence:
        """An answer is what the cell holds, unless a kind says otherwise."""
        return evidence

    def collect(self, step: Step, answers: Mapping[str, object], probes: Any) -> Evidence:
        """See :meth:`lrtutorial.course.exercise.Kind.collect`."""
        evidence: Evidence = import_module(self.module).collect(step, answers, probes)
        return evidence

    def judge(self, step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object]) -> Verdict:
        """See :meth:`lrtutorial.course.exercise.Kind.judge`."""
        verdict: Verdict = import_module(self.module).judge(step, evidence, expected, earlier)
        return verdict

    def outcome_of(self, step: Step, evidence: Evidence, probes: object) -> object:
        """See :meth:`lrtutorial.course.exercise.Kind.outcome_of`."""
        return import_module(self.module).outcome_of(step, evidence, probes)

    def load(self) -> None:
        """Nothing, unless a kind says otherwise."""

    def readable(self, answer: object) -> str | None:
        """See :meth:`lrtutorial.course.exercise.Kind.readable`."""
        return None if self.probed else str(answer)


@dataclass(frozen=True)
class OtherForm:
    """A formula that is right in other symbols than asked for, or before the last step: named, for part of the points.

    ``points`` turns a point of the step into those at which this form must have the right value.
    """

    symbols: tuple[str, ...]  #: names it may use
    says: str  #: what it is, as a sentence
    points: Callable[[Mapping[str, Any]], Sequence[Mapping[str, object]]]
    share: float = 0.6  #: of the step's points; 0 for what is a mistake


@dataclass(frozen=True)
class Formula(InModule):
    """A formula, or a condition, decided by its values at many points (:mod:`lrtutorial.kinds.formula`)."""

    name = "formula"

    symbols: tuple[str, ...]  #: names the formula may use
    functions: tuple[str, ...] = ()  #: names it may apply, such as ``g_seq``
    condition: bool = False  #: whether true or false is expected rather than a number
    variable: str = ""  #: of a condition: the symbol that a bare interval is about
    counterexample: Callable[..., str] | None = None  #: (point, yours, right) -> a sentence
    follows: tuple[str, Callable[..., object]] | None = None
    """For method points: (earlier step, a function (its tree, point) -> the value that follows from it)."""
    meaning: Callable[..., Mapping[str, Callable[..., object]]] | None = (
        None  #: (point) -> {name: callable} for the names applied
    )
    recursion: str | None = None  #: the applied name that stands for the answer's own earlier values; name(0) = 0
    limits: tuple[tuple[str, Mapping[str, str], str], ...] = ()
    """Special cases a hint may point to: (words, {symbol: value}, the right formula there as text)."""
    digits: int | None = None  #: the least number of digits to which a number may be rounded
    others: tuple[OtherForm, ...] = ()  #: right formulas in another form than asked

    @property
    def builds_on(self) -> str | None:
        """The step that ``follows`` names."""
        return self.follows[0] if self.follows else None


@dataclass(frozen=True)
class Derivation(InModule):
    """A chain of lines, each equivalent to the one above (:mod:`lrtutorial.kinds.derivation`)."""

    name = "derivation"

    given: str  #: the first line, as text
    begins: str  #: the same in words, for a reader
    symbols: tuple[str, ...]  #: names the lines may use
    variable: str  #: the one to solve for
    between: int  #: the least number of lines between the given one and the last
    condition: bool = False  #: True when lines are conditions (⇔ and ⇒), False when they are formulas (=)
    follows: tuple[str, Callable[..., bool]] | None = None
    """For method points: (earlier step, a function (its tree, point) -> whether the first line then holds)."""

    @property
    def builds_on(self) -> str | None:
        """The step that ``follows`` names."""
        return self.follows[0] if self.follows else None

    def readable(self, answer: object) -> str | None:
        """Return a chain with a line for each of its lines."""
        return "\n".join(map(str, ("[", *answer, "]"))) if isinstance(answer, list | tuple) else str(answer)


def foretold(committed: float, why: float, right: float) -> tuple[RubricLine, ...]:
    """Return the rubric of a prediction: honest work earns nearly all, being right the small rest."""
    return (
        RubricLine("committed", "Committed before the outcome was shown", committed),
        RubricLine("why", "One line of why", why),
        RubricLine("right", "As the experiment gives it, on fresh seeds", right),
    )


@dataclass(frozen=True)
class Prediction(InModule):
    """What a student expects of an experiment, and why (:mod:`lrtutorial.kinds.prediction`).

    Its rubric is :func:`foretold`.
    """

    name = "prediction"
    foretells = True
    costly = True

    form: str  #: ``"number"``, ``"choice"``, ``"ordering"`` or ``"sketch"``
    found: Callable[[int], Any]  #: (seed) -> what the experiment gives; of a sketch {curve: heights}
    right: float = 0.0  #: of a number: the largest ratio to what was found, 1.25 meaning within a factor of 1.25
    near: float = 0.0  #: … for half of the points
    whole: bool = False  #: then ``right`` and ``near`` are differences
    percent: bool = False  #: of a number: it is asked for in percent, and "40 %" is read
    choices: Mapping[str, str] = field(default_factory=dict)  #: {word to answer: what it means}
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: {word found: words that count as near}
    items: Mapping[str, str] = field(default_factory=dict)  #: of an ordering: {word: what it means}
    sketch: Sketch | None = None  #: of a sketch: its axes, curves, and the features that are compared

    def companions(self, step: Step) -> tuple[str, ...]:
        """Return the names of the why and of the confidence: ``why_7`` and ``confidence_7`` of ``prediction_7``."""
        (answer,) = step.answers
        number = answer.removeprefix("prediction_")
        return f"why_{number}", f"confidence_{number}"

    def with_first(self, step: Step, evidence: Evidence, told: object) -> Evidence:
        """Return the evidence with the first commitment in the place of what the cell holds now."""
        merged: Evidence = import_module(self.module).with_first(step, evidence, told)
        return merged

    def agree(self, step: Step, outcome: object, other: object) -> bool:
        """Whether who predicted the one is right by the other. Raises Unusable where nobody can predict the one."""
        return bool(import_module(self.module).agree(step, outcome, other))

    def readable(self, answer: object) -> str | None:
        """Return a prediction as Python writes it."""
        return repr(answer)


@dataclass(frozen=True)
class Driven(InModule):
    """What kinds have in common whose answers are code that is run on probes."""

    probed = True
    facts: ClassVar[tuple[str, ...]] = ()  #: what a line of the rubric may name beside the ids of probes

    says: Mapping[str, str]  #: {probe id: what it tries, for the reader}
    own_work: bool = False  #: whether the answer must do its work itself


@dataclass(frozen=True)
class Model:
    """Which optimizer an answer should be, so that mistakes in its pieces can be simulated."""

    family: str  #: a key of :data:`lrtutorial.kinds.variants.FAMILIES`
    prefix: str  #: what the ids of its mistakes begin with, such as ``"coins-"``
    arguments: Mapping[str, str]  #: {argument: the setting it is}, in the order of the signature
    costs: Mapping[str, tuple[str, ...]]  #: {what a mistake breaks: the lines of the rubric that it costs}
    defaults: Mapping[str, float] = field(default_factory=dict)  #: {setting: value}
    common: Mapping[str, str] = field(default_factory=dict)  #: {mistake: its id, where several answers share it}

    def id_of(self, mistake: str) -> str:
        """Return the catalogue's id of a mistake of this optimizer."""
        return self.common.get(mistake, f"{self.prefix}{mistake}")


@dataclass(frozen=True)
class Optimizer(Driven):
    """Optimizer classes with ``.step(grads)`` (:mod:`lrtutorial.kinds.optimizer`)."""

    name = "optimizer"

    signatures: Mapping[str, str] = field(default_factory=dict)  #: {answer: how it is called}
    models: Mapping[str, Model] = field(default_factory=dict)  #: {answer: the optimizer it should be}
    only: tuple[tuple[tuple[str, ...], str, str], ...] = ()
    """(ids of probes, a sentence that is true when no probe fails but some of these, a hint); the narrowest first."""


@dataclass(frozen=True)
class Bowl:
    """What runs descend on and pictures show: f = p·x² + q·y², with its minimum at the origin."""

    factors: tuple[float, float]  #: (p, q)
    start: tuple[float, float]  #: where the runs of the picture begin
    mistaken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """{mistake in its gradient: what may come of it, in the words of :mod:`lrtutorial.kinds.variants`}."""


@dataclass(frozen=True)
class Trajectories(Optimizer):
    """Functions that run an optimizer and draw it (:mod:`lrtutorial.kinds.trajectories`)."""

    name = "trajectories"

    bowl: Bowl = field(kw_only=True)
    figure: Mapping[str, str] = field(default_factory=dict)  #: {fact: what is missing}
    settings: tuple[tuple[str, str], ...] = ()  #: (word in a label, id of the probe with the rates the figure shows)


@dataclass(frozen=True)
class Schedule(Driven):
    """Classes with ``.get_lr(epoch)`` and ``.plot_schedule()`` (:mod:`lrtutorial.kinds.schedule`)."""

    name = "schedule"
    facts = ("returned", "figure")

    costs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """{id of a mistake: the lines of the rates that it costs}, where runs fail that only follow from it."""

    def prices(self, misconception: str | None) -> bool:
        """See :meth:`lrtutorial.course.exercise.Kind.prices`."""
        return misconception in self.costs


@dataclass(frozen=True)
class LRFinder(Driven):
    """A learning-rate range test (:mod:`lrtutorial.kinds.lr_finder`)."""

    name = "lr_finder"

    def load(self) -> None:
        """Import torch with what its first optimizer imports: half imported, it would stay broken in this process."""
        import_module("torch._dynamo")


@dataclass(frozen=True)
class Function(Driven):
    """A small function of plain values, judged by what it returns (:mod:`lrtutorial.kinds.function`)."""

    name = "function"

    signatures: Mapping[str, str] = field(default_factory=dict)  #: {answer: how it is called}
    digits: int = 9  #: to how many digits numbers are compared
