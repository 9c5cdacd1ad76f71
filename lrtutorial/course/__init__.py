"""A course as data: its parts, exercises, symbols, and what may not be imported. One course is the current one.

A course of another subject is a module with a ``COURSE`` of its own; docs/author.md makes one.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module

from lrtutorial.advice import Advice
from lrtutorial.course import home
from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.course.letters import DECAY, Domain, Symbol


class UnknownStep(Advice, LookupError):
    """No step or exercise has this name; the message suggests the nearest."""


class MalformedCourse(Advice, ValueError):
    """A course contradicts itself: a mistake of its author. The message says where, and what was expected."""


@dataclass(frozen=True)
class Course:
    """What an instructor teaches with; everything the engine knows of a subject is in here.

    Raises :class:`MalformedCourse` when two exercises, steps or notebooks share a name, when one names a part, exercise
    or step that isn't there, or lacks what its checks need.
    """

    home: str  #: the module that holds this course as ``COURSE``; ``recorded/`` lies in its top-level package
    id: str  #: nbgrader's course_id
    title: str
    parts: Mapping[str, str]  #: {assignment: its title}, in order
    exercises: tuple[Exercise, ...]  #: in order
    symbols: Mapping[str, Symbol] = field(default_factory=dict)  #: what formulas may use, by name
    unknowns: tuple[str, ...] = ()  #: what conditions are solved for, if it is there; else it is found from the lines
    libraries: tuple[str, ...] = ()  #: what may not do the work of an answer that must be the student's own
    profiles: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """{name: what kernels of exercises with this profile have and lack: ``preload``, ``hidden``, … (docs/author.md)}"""
    finished: str = "Everything is done."  #: what the map says in the end

    def __post_init__(self) -> None:
        ids = [exercise.id for exercise in self.exercises]
        for exercise in self.exercises:
            if slip := next(_slips(exercise), None):
                raise MalformedCourse(f"{self.home}: {slip}")
        names = [step.id for exercise in self.exercises for step in exercise.steps]
        notebooks = [exercise.notebook for exercise in self.exercises]
        for what, found in (("exercises", ids), ("steps", names), ("notebooks", notebooks)):
            if twice := sorted({name for name in found if found.count(name) > 1}):
                raise MalformedCourse(f"{self.home}: two {what} are called {twice[0]!r}; each needs a name of its own")
        for exercise in self.exercises:
            if exercise.part not in self.parts:
                raise MalformedCourse(
                    f"{self.home}: {exercise.id} is in {exercise.part!r}, but the parts are {[*self.parts]}"
                )
            for name in exercise.after:
                if name not in ids:
                    raise MalformedCourse(f"{self.home}: {exercise.id} comes after {name!r}, which is no exercise here")
            for step in exercise.steps:
                if step.kind.builds_on not in (None, *names):
                    raise MalformedCourse(f"{self.home}: {step.id} follows {step.kind.builds_on!r}, which is no step")

    @property
    def package(self) -> str:
        """The top-level package that students import."""
        return self.home.partition(".")[0]

    @cached_property
    def by_id(self) -> dict[str, Exercise]:
        """Every exercise by id, in course order."""
        return {exercise.id: exercise for exercise in self.exercises}

    @cached_property
    def steps(self) -> dict[str, Step]:
        """Every checked step by id, in course order."""
        return {step.id: step for exercise in self.exercises for step in exercise.steps}

    @cached_property
    def domains(self) -> dict[str, Domain]:
        """The values that each symbol stands for."""
        return {name: symbol.domain for name, symbol in self.symbols.items()}

    @cached_property
    def count(self) -> str:
        """The letter that sums run up to: the first that stands for whole numbers; empty where none does."""
        return next((name for name, domain in self.domains.items() if domain.whole), "")

    @property
    def index(self) -> str:
        """A letter for the index of a sum."""
        return "k" if self.count != "k" else "j"

    def sum_example(self, power: str = "**") -> str:
        """Return a sum in the course's own letters, to show how one is typed; ``power`` is the sign for powers."""
        letters = {name: symbol.domain for name, symbol in self.symbols.items() if symbol.drawn}
        decays = [name for name, domain in letters.items() if domain == DECAY]
        base = next(iter([*decays, *(name for name, domain in letters.items() if not domain.whole)]), "2")
        last = f"{self.count} - 1" if self.count else "9"
        return f"Sum({base}{power}{self.index}, ({self.index}, 0, {last}))"

    def part(self, name: str) -> tuple[Exercise, ...]:
        """Return the exercises of a part, in order."""
        return tuple(exercise for exercise in self.exercises if exercise.part == name)


def _slips(exercise: Exercise) -> Iterator[str]:
    """Yield what an exercise lacks that its checks would miss while they judge, or would pass over without a word."""
    yield from _entries(f"steps of {exercise.id}", exercise.steps, Step)
    yield from _entries(f"after of {exercise.id}", exercise.after, str, least=0)
    for step in exercise.steps:
        yield from _entries(f"answers of {step.id}", step.answers, str)
        yield from _entries(f"rubric of {step.id}", step.rubric, RubricLine)
        yield from _entries(f"hints of {step.id}", step.hints, str)
        for name in step.answers:
            if not name.isidentifier() or step.answers.count(name) > 1:
                yield f"answers of {step.id} are names that a notebook assigns, each another; {name!r} came"
        lines = [line.id for line in step.rubric]
        for line in step.rubric:
            if lines.count(line.id) > 1:
                yield f"two lines of the rubric of {step.id} are called {line.id!r}; each needs a name of its own"
            if not isinstance(line.points, int | float) or not 0 <= line.points < math.inf:
                yield f"the points of {line.id!r} in the rubric of {step.id} are 0 or more; {line.points!r} came"
            yield from _entries(f"probes of {line.id!r} in the rubric of {step.id}", line.probes, str, least=0)


def _entries(what: str, given: object, kind: type, least: int = 1) -> Iterator[str]:
    if not isinstance(given, tuple | list):
        came = type(given).__name__
        yield f"{what}: a tuple was expected, and {came} came; a single entry needs a comma behind it, as in (…,)"
    elif len(given) < least or not all(isinstance(one, kind) and one != "" for one in given):
        wanted = "text" if kind is str else f"{kind.__name__}(…)"
        several = "one or more entries" if least else "entries"
        yield f"{what}: {several} were expected, each {wanted}; {given!r:.80} came"


def gathered(package: str, names: str) -> tuple[Exercise, ...]:
    """Return the ``EXERCISE`` of each module of a package, in this order.

    Raises MalformedCourse for a module that isn't there, or describes no exercise of its name; ImportError for one that
    can't be imported.
    """
    return tuple(_described(f"{package}.{name}") for name in names.split())


def _described(module: str) -> Exercise:
    name = module.rpartition(".")[2]
    try:
        exercise = getattr(import_module(module), "EXERCISE", None)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise MalformedCourse(
            f"the exercise {name!r} has no module {module}: write one with EXERCISE = Exercise(…)"
        ) from error
    if not isinstance(exercise, Exercise):
        raise MalformedCourse(f"the module {module} has no EXERCISE = Exercise(…)")
    if exercise.id != name:  # by which its catalogue is found, and what grading depends on
        raise MalformedCourse(f"the module {module} describes an exercise {exercise.id!r}; its id must be {name!r}")
    return exercise


def current() -> Course:
    """Return the course that this process is about. Raises ImportError or AttributeError when there is none."""
    course: Course = import_module(home.home()).COURSE
    return course


def use(course: Course | str) -> None:
    """Make a course, or the ``COURSE`` of a module, the current one. Raises MalformedCourse for what is neither."""
    module = course if isinstance(course, str) else course.home
    if not isinstance(getattr(import_module(module), "COURSE", None), Course):
        raise MalformedCourse(f"the module {module} has no COURSE; expected COURSE = Course(home={module!r}, …) in it")
    home.use(module)


def domains() -> Mapping[str, Domain]:
    """Return the values that each symbol of the current course stands for; others are any real number."""
    return current().domains


def exercises() -> dict[str, Exercise]:
    """Return every exercise of the current course by id, in order."""
    return current().by_id


def steps() -> dict[str, Step]:
    """Return every checked step of the current course by id, in order."""
    return current().steps


def exercise_with(step: Step) -> Exercise:
    """Return the exercise that a step belongs to."""
    return next(exercise for exercise in exercises().values() if any(one.id == step.id for one in exercise.steps))


def exercise_of(notebook: str) -> Exercise | None:
    """Return the exercise that a notebook (named without its suffix) is for."""
    return next((exercise for exercise in exercises().values() if exercise.notebook == notebook), None)


def find_exercise(name: object) -> Exercise:
    """Return the exercise called ``name``. Raises UnknownStep with the nearest names otherwise."""
    known = exercises()
    plain = name.strip().lower() if isinstance(name, str) else ""
    if plain in known:
        return known[plain]
    near = difflib.get_close_matches(plain, known, n=3, cutoff=0.4) or list(known)
    raise UnknownStep(f"there is no exercise called {name!r}. Did you mean {' or '.join(map(repr, near))}?")


def find_step(name: object) -> Step:
    """Return the step called ``name``. Raises UnknownStep with the nearest names otherwise."""
    known = steps()
    if isinstance(name, str):
        if name in known:
            return known[name]
        plain = name.strip().lower().replace("_", "-").replace(" ", "-")
        near = difflib.get_close_matches(plain, known, n=3, cutoff=0.5)
        near += [step for step in known if plain and step.startswith(plain + "-") and step not in near]
        if near:
            raise UnknownStep(f"there is no check called {name!r}. Did you mean {' or '.join(map(repr, near[:4]))}?")
        raise UnknownStep(f"there is no check called {name!r}. The checks are {', '.join(known)}.")
    raise UnknownStep(
        f'the first thing check() takes is the name of the step in quotes, such as check("{next(iter(known))}", …); '
        f"{type(name).__name__} came instead"
    )
