"""What an author of a catalogue forgot or mistyped, found before a student is asked: each said with where it stands.

What is looked for is what would otherwise end in an exception far from its cause, or pass without a word and cost right
answers points: a probe that a rubric names and nobody draws, a mistake whose id another one has.
"""

from __future__ import annotations

import linecache
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from autograder.catalogue.question import Misconception, Question
from autograder.names import nearest
from lrtutorial.advice import Advice, NotThere
from lrtutorial.course import current, find_exercise
from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.course.expected import misconceptions, recorded
from lrtutorial.kinds import Driven, Formula, Trajectories

SHOWN = 3  #: slips that one message tells; mended, the others are told


class CatalogueFailed(Advice, RuntimeError):
    """The author's half of a step fails, whatever is answered: a mistake of its author, or of ours."""


class Incomplete(CatalogueFailed, LookupError):
    """Something that the catalogue must have is missing or misspelt; the message says where, and what was expected."""


class NoModule(Incomplete, ImportError):
    """An exercise has no module in the catalogue, or there is no such catalogue."""


def module_of(package: str, exercise: str) -> ModuleType:
    """Import an exercise's module of a catalogue. Raises NoModule, or Incomplete for one that can't be imported."""
    name = f"{package}.{exercise}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{package}.".startswith(f"{error.name}."):
            raise NoModule(
                f"there is no package {package!r}, which is to hold the catalogue: a module for each exercise. "
                'configure(…, catalogue="…") in nbgrader_config.py names it'
            ) from error
        if error.name == name:
            _no_module(package, exercise, error)
        raise _not_imported(name, error) from error
    except Exception as error:  # whatever the author's lines raise
        raise _not_imported(name, error) from error


def _no_module(package: str, exercise: str, error: Exception) -> NoReturn:
    folder = next(iter(getattr(import_module(package), "__path__", [package])))
    raise NoModule(
        f"the exercise {exercise!r} has nothing in the catalogue {package}: write {os.path.join(folder, exercise)}.py "
        'with QUESTIONS = {step: Question(…)}. If it is in another package, configure(…, catalogue="…") in '
        "nbgrader_config.py names that"
    ) from error


def _not_imported(name: str, error: Exception) -> Incomplete:
    return Incomplete(f"{place_of(error, name)}: {name} can't be imported: {said(error)}")


def said(error: BaseException) -> str:
    """Return an error in a line: advice as it is, another with its type."""
    words = " ".join(str(error).split())[:300]
    return words if isinstance(error, Advice) else f"{type(error).__name__}: {words}"


def place_of(error: BaseException, module: str) -> str:
    """Return file and line where an error left its author's code: the last frame in the folders of catalogue or course.

    Of a line that Python can't read there is no frame. Where no frame is the author's, it is the ``module``'s name.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    homes = tuple(os.path.join(folder, "") for folder in _folders(module.rpartition(".")[0], current().home))
    found, trace = module, error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(homes) and file not in OURS:
            found = f"{file}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found


#: Beside this course's questions, but no author's: what these files raise is about the line that called them.
OURS = tuple(os.path.join(os.path.dirname(__file__), name) for name in ("__init__.py", "slips.py", "points.py"))


def _folders(*packages: str) -> Iterator[str]:
    for package in packages:
        try:
            yield from getattr(import_module(package), "__path__", [])
        except ImportError:
            continue


def checked(package: str, name: str, drawn: Callable[[Step, Question], object]) -> dict[str, Question]:
    """Return an exercise's questions, looked through. Raises Incomplete with what its author has to mend.

    ``drawn`` returns the probes of a question.
    """
    module, exercise = module_of(package, name), find_exercise(name)
    file = str(module.__file__)
    asked = getattr(module, "QUESTIONS", None)
    if not isinstance(asked, dict):
        came = "it has none" if asked is None else f"it is of type {_type(asked)}"
        raise Incomplete(f"{file}: QUESTIONS = {{step: Question(…)}} was expected, and {came}")
    _tell(file, _of_exercise(exercise, asked))
    for step in exercise.steps:
        _tell(file, list(_of(step, asked[step.id], file)))
        _tell(file, list(_of_probes(step, drawn(step, asked[step.id]))))
    return asked


def _tell(file: str, slips: Sequence[str]) -> None:
    if slips:
        more = f"; and {len(slips) - SHOWN} more" if len(slips) > SHOWN else ""
        raise Incomplete(f"{file}: {'; '.join(slips[:SHOWN])}{more}")


def _of_exercise(exercise: Exercise, asked: Mapping[str, object]) -> list[str]:
    """Return which steps have no question, and which questions no step."""
    steps = [step.id for step in exercise.steps]
    left = [
        f"QUESTIONS has {name!r}, which is no step of {exercise.id}. {nearest(str(name), steps)}"
        for name in asked
        if name not in steps
    ]
    missing = [f"QUESTIONS has nothing for the step {step!r} of {exercise.id}" for step in steps if step not in asked]
    return left or missing


def _of(step: Step, question: object, file: str) -> Iterator[str]:
    if not isinstance(question, Question):
        yield f"{step.id}: a Question(…) was expected, and {_type(question)} came"
        return
    yield from _of_answer(step, f"the reference of {step.id}", question.reference, whole=True)
    for style, answer in question.accepted.items():
        yield from _of_answer(step, f"the accepted answer {style!r} of {step.id}", answer)
    if not isinstance(question.misconceptions, tuple | list):
        yield f"misconceptions of {step.id}: {_tuple(question.misconceptions)}"
        return
    for mistake in question.misconceptions:
        yield from _of_mistake(step, mistake)
    mistakes = [mistake for mistake in question.misconceptions if isinstance(mistake, Misconception)]
    for name in twice(mistake.id for mistake in mistakes):
        yield f"two mistakes of {step.id} are called {name!r}{_second(file, name)}: each needs an id of its own"
    if not callable(question.probes):
        yield f"probes of {step.id}: a function of a random generator was expected, and {_type(question.probes)} came"


def twice(names: Iterable[str]) -> list[str]:
    """Return what is there more than once."""
    return [name for name, times in Counter(names).items() if times > 1]


def _second(file: str, name: str) -> str:
    lines = [at for at, line in enumerate(linecache.getlines(file), 1) if f'"{name}"' in line or f"'{name}'" in line]
    return f" (lines {lines[0]} and {lines[1]})" if len(lines) > 1 else ""


def _type(came: object) -> str:
    return type(came).__name__


def _tuple(came: object) -> str:
    comma = " (a comma before the closing bracket makes one of a single entry)"
    return f"a tuple was expected, and {_type(came)} came{comma}"


def _of_answer(step: Step, what: str, answer: object, whole: bool = False) -> Iterator[str]:
    """Yield what is wrong with the names of an answer; the ``whole`` one has them all."""
    names = answer if isinstance(answer, Mapping) else None
    if names is None and len(step.answers) > 1:
        yield f"{what}: {{name: answer}} was expected for {', '.join(step.answers)}, and {_type(answer)} came"
    for name in names or ():
        if name not in step.answers:
            yield f"{what} has {name!r}, which is no answer of this step. {nearest(str(name), list(step.answers))}"
    for name in step.answers if whole and names is not None else ():
        if name not in (names or ()):
            yield f"{what} has no {name!r}"


def _of_mistake(step: Step, mistake: object) -> Iterator[str]:
    if not isinstance(mistake, Misconception):
        yield f"misconceptions of {step.id}: a Misconception(…) was expected, and {_type(mistake)} came"
        return
    if not mistake.id.startswith(f"{step.id}-"):
        yield f"the mistake {mistake.id!r} stands at {step.id}: its id begins with '{step.id}-'"
    if not isinstance(mistake.hints, tuple | list):
        yield f"hints of {mistake.id}: {_tuple(mistake.hints)}"
    elif not mistake.hints or not all(isinstance(hint, str) and hint.strip() for hint in mistake.hints):
        yield f"{mistake.id} has no hints, or an empty one: it needs two or three sentences"
    for name in ("title", "reveals"):
        if not str(getattr(mistake, name)).strip():
            yield f"{mistake.id} has no {name}"
    yield from _of_answer(step, f"the answer of {mistake.id}", mistake.answer)


def recorded_as_catalogued(step: Step, question: Question) -> None:
    """Raise Incomplete where what is recorded of a step is older than its mistakes, or than what its rubric asks for.

    The words of a mistake that isn't recorded would be missed when an answer is told it, which then is worth nothing.
    """
    try:
        known, probes = misconceptions(step.id), recorded(step.id).probes
    except NotThere:  # told where it is asked for
        return
    missing = [mistake.id for mistake in question.misconceptions if mistake.id not in known]
    if missing or (slip := next(_of_probes(step, probes), "")):
        why = f"the mistake {missing[0]} is not there" if missing else slip
        raise Incomplete(
            f"what is recorded of {step.id} is older than its catalogue ({why}): python -m autograder record {step.id}"
        )


def _of_probes(step: Step, probes: object) -> Iterator[str]:
    """Yield where probes are not what the step's kind and its rubric ask for."""
    kind = step.kind
    if isinstance(kind, Formula) and isinstance(probes, list):
        needed = {name for name in kind.symbols if all(isinstance(p, Mapping) and name not in p for p in probes)}
        if probes and needed:
            yield f"the probes of {step.id} have no value for {', '.join(sorted(needed))}, which its formula may use"
    if not isinstance(kind, Driven):
        return
    if not isinstance(probes, list | tuple) or not all(isinstance(p, Mapping) and "id" in p for p in probes):
        yield f"the probes of {step.id}: a list of {{'id': …, 'answer': …, …}} was expected"
        return
    ids = [str(probe["id"]) for probe in probes]
    for name in twice(ids):
        yield f"two probes of {step.id} are called {name!r}: each needs an id of its own"
    for probe in probes:
        if probe["id"] not in kind.says and not isinstance(kind, Trajectories):  # which tells some runs by others
            yield f"the probe {probe['id']!r} of {step.id} has no words: `says` of its kind needs an entry for it"
        if (answer := probe.get("answer", step.answers[0])) not in step.answers:
            near = nearest(str(answer), list(step.answers))
            yield f"the probe {probe['id']!r} of {step.id} is for {answer!r}, which is no answer of it. {near}"
    for line in step.rubric:
        for name in line.probes:
            if name not in kind.facts and name.partition(":")[0] not in ids:  # "figure:names" is a fact of "figure"
                yield (
                    f"the rubric line {line.id!r} of {step.id} names the probe {name!r}, which is not drawn, so that "
                    f"nobody could earn its points. {nearest(name, ids)}"
                )
