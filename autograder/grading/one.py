"""From one submission's bytes to its verdicts: a pure function.

:func:`grade_one` holds no database, no path of the course and no state, so that it runs in a thread here or on another
machine of a cluster.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import LimitOutput
from traitlets.config import Config

from autograder import catalogue
from autograder.gradebook.fingerprint import FINGERPRINT
from autograder.gradebook.result import Result
from autograder.grading.digests import digest_of_checks
from autograder.grading.executor import Ran, Run, TrustedExecute, profile_of
from autograder.grading.expectations import for_notebook
from autograder.grading.judging import NoQuestion, nothing
from autograder.grading.phases import Clock
from autograder.grading.rubric import ShowRubric
from autograder.intake.reading import Rejected
from autograder.intake.repair import rejected, repair
from autograder.intake.text import kept
from autograder.jail import JailError, JailTooWeak, WrongSettings
from autograder.names import UnknownName, nearest
from lrtutorial.advice import Advice, fault
from lrtutorial.course import MalformedCourse, current, exercise_of, exercises, use
from lrtutorial.verdict import Verdict

TRIES = 3  #: for a kernel that doesn't start, which is never the submission's fault


Examine = Callable[["Work", NotebookNode, Clock], Ran]


class CannotHold(Advice, RuntimeError):
    """This machine, or what the jail was told, has to be mended before student code may be run: nothing was.

    The jail's own errors are for any course and know nothing of this one's: here they become advice.
    """


class OtherChecks(Advice, RuntimeError):
    """This worker has another version of the course than the grader, so that its verdicts would be others."""


@dataclass(frozen=True)
class Work:
    """One submitted notebook with all that is needed to grade it. Picklable; ``data`` is the file as handed in."""

    assignment: str
    student: str
    notebook: str
    data: bytes
    release: str  #: the released notebook, JSON
    secret: str = field(repr=False)
    needless: tuple[str, ...]  #: ids of cells that grading may leave out
    settings: dict[str, Any] = field(repr=False)  #: configuration of executor and jail
    problem: str = ""  #: why the file can't even be read
    checking: str = ""  #: :func:`checking_digest` of the notebook's exercise
    draw: str = ""  #: :attr:`Assignment.draw`
    shared: str = field(
        default="{}", repr=False
    )  #: expectations of the whole class, JSON by step, if there is no course

    notes: tuple[str, ...] = ()  #: under which name it came, and what beside it does not count
    files: dict[str, bytes] = field(default_factory=dict, repr=False)  #: data beside the notebook, by relative path

    course: tuple[str, str] = ("", "")  #: modules of course and catalogue, for a process that may be about another

    def to_travel(self) -> Work:
        """Return the same work with what a machine without the course folder would have to compute."""
        exercise = exercise_of(self.notebook)
        shared = json.dumps(for_notebook(self.secret, exercise)) if exercise else self.shared
        return replace(self, shared=shared, course=(current().home, catalogue.package()))

    def take_up(self) -> None:
        """Make the work's course this process's own. Raises OtherChecks where it isn't here."""
        home, questions = self.course
        if home and (home, questions) != (current().home, catalogue.package()):
            try:
                use(home)
                catalogue.use(questions)
                catalogue.questions()
            except (ImportError, MalformedCourse) as error:
                raise OtherChecks(
                    f"this worker hasn't the course {home} with the questions {questions} ({error}): start it in that "
                    "course's folder"
                ) from error

    def _handed_in(self) -> bytes:
        """All that was handed in: the notebook, why it can't be read, its names, the files beside it."""
        beside = [
            name.encode("utf-8", "surrogateescape") + hashlib.sha256(data).digest()
            for name, data in sorted(self.files.items())
        ]
        more = ["\x00".join(self.notes).encode(), *beside] if self.notes or beside else []
        return b"\x00".join([self.data, self.problem.encode(), *more])

    @cached_property
    def fingerprint(self) -> str:
        """What the result depends on, in 64 hexadecimal digits: a digest of each part of ``FINGERPRINT``.

        :func:`autograder.gradebook.fingerprint.changes` tells which of them differ from an earlier one.
        """
        parts = {
            "submission": self._handed_in(),
            "release": self.release.encode(),
            "secret": self.secret.encode(),
            "checking": self.checking.encode(),
        }
        return "".join(hashlib.sha256(parts[name]).hexdigest()[:digits] for name, digits in FINGERPRINT.items())


def checking_digest(exercise: str) -> str:
    """Return a digest of all that checks an exercise, named by its id or its notebook: code and recorded data.

    It changes when, and only when, one of :func:`autograder.grading.digests.checking_files` does. Raises UnknownName.
    """
    known = exercises()
    found = known.get(exercise) or exercise_of(exercise)
    if found is None:
        raise UnknownName(f"there is no exercise {exercise!r}. {nearest(exercise, list(known))}")
    return digest_of_checks(found.id)


def grade_one(work: Work, examine: Examine | None = None) -> Result:
    """Grade one notebook: intake, jail, verdicts. Depends on nothing but ``work``, and touches nothing outside.

    ``examine`` runs and judges the repaired notebook; without one a jailed kernel does. Raises CannotHold when this
    machine can't hold the kernel, JailError when it can't start one, NoQuestion or CatalogueFailed when the course
    can't ask or judge a step, and OtherChecks when its checks aren't the grader's: then nothing is scored.
    """
    begun, clock = time.monotonic(), Clock()
    work.take_up()
    if exercise_of(work.notebook) and work.checking != checking_digest(work.notebook):
        raise OtherChecks("this worker's course is another version than the grader's: update it and start it anew")
    release = nbformat.v4.reads(work.release)
    try:
        if work.problem:
            raise Rejected(work.problem)
        taken = repair(work.data, release)
        ran = (examine or _jailed)(work, taken.notebook, clock)
        text = nbformat.v4.writes(ran.notebook)  # of cells that were looked at one by one
        status = "graded with repairs" if taken.repairs or work.notes else "graded"
        reason = " ".join(filter(None, [*work.notes, *taken.repairs, ran.ended]))
        look = tuple(name for name in taken.look if not _right(name, ran.verdicts))
        verdicts, jail = ran.verdicts, ran.jail
    except (JailTooWeak, WrongSettings) as error:
        raise CannotHold(str(error)) from error
    except (JailError, NoQuestion, catalogue.CatalogueFailed):
        raise
    except Exception as error:  # not the submission's own problem: a fault of ours, or a notebook made to cause one
        known = isinstance(error, Rejected)
        status = "rejected" if known else "failed"
        reason = str(error) if known else f"Grading stopped: {fault(error)}"
        text = nbformat.writes(rejected(release, reason))
        verdicts, jail, look = tuple(nothing(work.notebook, reason, release)), None, ()
    clock.lap("output")
    return Result(
        work.assignment, work.student, work.notebook, work.fingerprint, status, kept(reason), kept(text),
        tuple(kept(verdict.as_data()) for verdict in verdicts), jail, time.monotonic() - begun, clock.seconds,
        look + tuple(f"{verdict.step}-test" for verdict in verdicts if verdict.status == "undecided"),
    )  # fmt: skip


def _right(name: str, verdicts: Sequence[Verdict]) -> bool:
    return any(verdict.right for verdict in verdicts if f"{verdict.step}-test" == name)


def _untouched(work: Work, notebook: NotebookNode) -> frozenset[str]:
    """Return the ids of the cells that may be left out: those in which the student wrote nothing of their own."""
    given = {cell.get("id"): cell.source for cell in nbformat.v4.reads(work.release).cells}
    return frozenset(cell.id for cell in notebook.cells if cell.id in work.needless and cell.source == given[cell.id])


def _jailed(work: Work, notebook: NotebookNode, clock: Clock) -> Ran:
    config = Config(json.loads(json.dumps(work.settings)))
    jail = config.JailedProvisioner
    if exercise := exercise_of(work.notebook):
        jail.profile = profile_of(exercise)
    if isinstance(jail.canaries, list):
        jail.canaries = [path for path in jail.canaries if os.path.exists(path)]  # a cluster's worker has no gradebook
    run = Run(work.assignment, work.notebook, work.secret, work.draw, json.loads(work.shared),
              _untouched(work, notebook), clock, work.files)  # fmt: skip
    for left in reversed(range(TRIES)):
        try:
            ran = TrustedExecute(run, notebook, config=config).judged()
            break
        except (JailTooWeak, WrongSettings):
            raise
        except JailError:
            if not left:
                raise
    shown = ran.notebook
    for step in (ShowRubric(config=config), LimitOutput(config=config)):
        shown, _ = step(shown, ResourcesDict())
    return replace(ran, notebook=shown)
