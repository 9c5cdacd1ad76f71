"""Grade a whole class: many notebooks at a time, each on its own, one writer, resumable at any point.

:func:`grade` maps :func:`autograder.grading.one.grade_one` over what was handed in and changed since, and writes each
result as it comes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from traitlets.config import Config

from autograder.course import COURSE
from autograder.gradebook.database import alone_in
from autograder.gradebook.result import Result
from autograder.gradebook.writer import GradebookWriter
from autograder.grading import phases
from autograder.grading.assignment import Assignment
from autograder.grading.executor import profile_of
from autograder.grading.interruption import heard
from autograder.grading.judging import NoQuestion
from autograder.grading.one import CannotHold, Work, grade_one
from autograder.grading.workers import Workers
from lrtutorial.advice import Advice
from lrtutorial.course import exercise_of


class Watcher:
    """Told what happens while a class is graded; this one looks away. The command line shows a progress bar."""

    def planned(self, notebooks: int, unchanged: int) -> None:
        """``notebooks`` will be graded, ``unchanged`` were graded before and stay."""

    def running(self, work: dict[str, float]) -> None:
        """What is being graded now: name and seconds since it was handed to a worker."""

    def done(self, result: Result) -> None:
        """One result is written."""

    def trouble(self, sentence: str) -> None:
        """Something to tell the instructor."""


@dataclass
class Summary:
    """What one run did: notebooks by status, those that couldn't be run, and how long it took."""

    unchanged: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    not_run: list[str] = field(default_factory=list)
    seconds: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)  #: seconds of all notebooks by phase

    @property
    def graded(self) -> int:
        """Notebooks graded in this run."""
        return sum(self.statuses.values())


class Book(Protocol):
    """What results go to: the gradebook's writer, or a preview that keeps what would differ."""

    def fingerprints(self) -> dict[tuple[str, str], str]:
        """Return {(student, notebook): fingerprint} of what was graded to the end."""
        ...

    def take_in(self, student: str, folder: Path) -> list[str]:
        """Make a submitted folder safe to copy; return a sentence on each thing done."""
        ...

    def begin(self, student: str, folder: Path) -> list[str]:
        """Enter a student's submission; return a sentence on what of it could not be copied."""
        ...

    def save(self, result: Result) -> None:
        """Take one result."""
        ...

    def finish(self, folders: Mapping[str, Path], students: Sequence[str] = ()) -> list[str]:
        """Do what remains when all is graded; return sentences to tell."""
        ...


def grade(
    assignment: Assignment,
    workers: Workers,
    *,
    students: Sequence[str] = (),
    notebooks: Sequence[str] = (),
    force: bool = False,
    watcher: Watcher | None = None,
    book: AbstractContextManager[Book] | None = None,
) -> Summary:
    """Grade what was handed in and changed since it was last graded (all of it with ``force``).

    ``workers`` run :func:`grade_one`. ``students`` and ``notebooks`` name some of them. ``book`` is what the results
    go to, in place of a GradebookWriter. Raises CannotHold as soon as a kernel can't be held, UnknownName, NotReleased,
    and before anything is run Unusable for a setting that can't be used, NotThere or CatalogueFailed for a step that
    can't be asked; what was written until then stays, and the next run goes on from there.
    """
    watcher, summary, begun = watcher or Watcher(), Summary(), time.monotonic()
    warm_up = partial(workers.warm_up, Config(assignment.settings))  # what can't be used is said before all else
    folders = assignment.folders(students)
    assignment.hold_to_course()
    with book or _written(assignment) as writer, heard() as raise_lost_interruption:
        before = {} if force else writer.fingerprints()
        queue = _to_do(assignment, folders, notebooks, before, writer, watcher, summary, warm_up)
        running: dict[Future[Result], tuple[str, float]] = {}
        try:
            while _hand_out(queue, workers, running) or running:
                raise_lost_interruption()
                now = time.monotonic()
                watcher.running({name: now - since for name, since in running.values()})
                for future in wait(running, timeout=0.5, return_when=FIRST_COMPLETED).done:
                    name, _ = running.pop(future)
                    _write(future, name, writer, watcher, summary)
        except BaseException:
            for future in running:
                future.cancel()
            raise
        for sentence in writer.finish(folders, students):
            watcher.trouble(sentence)
    summary.seconds = time.monotonic() - begun
    return summary


def _hand_out(queue: Iterator[Work], workers: Workers, running: dict[Future[Result], tuple[str, float]]) -> bool:
    """Give the workers as much as they take; return whether something was given."""
    given = False
    while len(running) < workers.at_once and (work := next(queue, None)) is not None:
        sent = work.to_travel() if workers.travels else work
        running[workers.executor.submit(grade_one, sent)] = (f"{work.student}/{work.notebook}", time.monotonic())
        given = True
    return given


def _to_do(
    assignment: Assignment,
    folders: dict[str, Path],
    notebooks: Sequence[str],
    before: dict[tuple[str, str], str],
    writer: Book,
    watcher: Watcher,
    summary: Summary,
    warm_up: Callable[[set[str], int], None],
) -> Iterator[Work]:
    """Yield the notebooks to grade, one student after the other; a student is entered before the first of them."""
    course = assignment.course
    for sentence in assignment.strays():
        watcher.trouble(sentence)
    count, unchanged, profiles = _plan(assignment, folders, notebooks, before)
    watcher.planned(count, unchanged)
    if profiles:
        warm_up(profiles, count - unchanged)
    for student, folder in folders.items():
        said = writer.take_in(student, folder)
        handed_in = assignment.look(folder)
        notes = (note for one in handed_in.candidates.values() for note in one.repairs)
        for sentence in (*said, *handed_in.others, *notes):
            watcher.trouble(f"{student}: {sentence}")
        begun = False
        for work in assignment.works(student, folder, notebooks):
            there = Path(course.format_path(course.autograded_directory, student, assignment.name))
            if before.get((student, work.notebook)) == work.fingerprint and (there / f"{work.notebook}.ipynb").exists():
                summary.unchanged += 1
                continue
            if not begun:
                for sentence in writer.begin(student, folder):
                    watcher.trouble(f"{student}: {sentence}")
                begun = True
            yield work
    watcher.planned(count, summary.unchanged)


def _plan(
    assignment: Assignment, folders: dict[str, Path], notebooks: Sequence[str], before: dict[tuple[str, str], str]
) -> tuple[int, int, set[str]]:
    """Return how many notebooks there are, how many of them are unchanged, and what profiles the others run in."""
    count, unchanged, profiles = 0, 0, set[str]()
    for student, folder in folders.items():
        candidates = assignment.look(folder).candidates
        found = candidates or assignment.release  # all are rejected where there is none
        chosen = {name for name in notebooks or assignment.release if name in found}
        count += len(chosen)
        if before:
            works = assignment.works(student, folder, notebooks)
            same = {work.notebook for work in works if before.get((student, work.notebook)) == work.fingerprint}
            unchanged += len(same)
            chosen -= same
        profiles |= {profile_of(exercise) for name in chosen & candidates.keys() if (exercise := exercise_of(name))}
    return count, unchanged, profiles


def _write(future: Future[Result], name: str, writer: Book, watcher: Watcher, summary: Summary) -> None:
    try:
        result = future.result()
    except CannotHold:
        raise
    except Exception as error:  # the machine's fault (no kernel, a lost worker): nothing was judged, nothing is written
        summary.not_run.append(name)
        said = str(error) if isinstance(error, (Advice, NoQuestion)) else f"{type(error).__name__}: {error}"
        watcher.trouble(f"{name} could not be run and is not graded: {said}")
        return
    begun = time.perf_counter()
    writer.save(result)
    summary.statuses[result.status] = summary.statuses.get(result.status, 0) + 1
    phases.add(summary.phases, {**result.phases, "writing": time.perf_counter() - begun})
    watcher.done(result)


@contextlib.contextmanager
def _written(assignment: Assignment) -> Iterator[GradebookWriter]:
    """The gradebook, for one grading run at a time in this course: raises Busy when another is under way."""
    with alone_in(COURSE), GradebookWriter(assignment.config, assignment.name, assignment.release) as writer:
        yield writer
