"""Grade a whole class: many notebooks at a time, each on its own, one writer, resumable at any point.

:func:`grade_one` is a pure function from a submission's bytes to a result: it holds no database, no path of the course
and no state, so that it runs in a thread here or on another machine of a cluster. :func:`grade` maps it over what was
handed in and changed since, and writes each result as it comes.
"""

from __future__ import annotations

import contextlib
import difflib
import gc
import glob
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import LimitOutput
from traitlets.config import Config, PyFileConfigLoader

from autograder import phases
from autograder.course import COURSE, ROOT, course_secret
from autograder.database import alone_in
from autograder.digests import FINGERPRINT, digest_of_checks
from autograder.executor import TrustedExecute, experiments, profile_of
from autograder.expectations import for_notebook
from autograder.gradebook import GradebookWriter
from autograder.intake import Rejected, read_file, rejected, release_folder, released, repair
from autograder.jail import JailedProvisioner, JailError, JailTooWeak
from autograder.judging import exercise_of, nothing
from autograder.phases import Clock
from autograder.preprocessors import standing
from autograder.written import ShowRubric
from lrtutorial.course import exercises
from lrtutorial.verdict import Verdict

TRIES = 3  #: for a kernel that doesn't start, which is never the submission's fault
CONFIGURED = ("TrustedExecute", "ExecutePreprocessor", "JailedProvisioner", "LimitOutput", "ShowRubric")


class UnknownName(LookupError):
    """No assignment or student has this name; the message suggests the nearest."""


class OtherChecks(RuntimeError):
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

    def to_travel(self) -> Work:
        """Return the same work with what a machine without the course folder would have to compute."""
        exercise = exercise_of(self.notebook)
        return replace(self, shared=json.dumps(for_notebook(self.secret, exercise))) if exercise else self

    @cached_property
    def fingerprint(self) -> str:
        """What the result depends on, in 64 hexadecimal digits: a digest of each part of ``FINGERPRINT``.

        :func:`autograder.digests.changes` tells which of them differ from an earlier one.
        """
        parts = {
            "submission": self.data + b"\x00" + self.problem.encode(), "release": self.release.encode(),
            "secret": self.secret.encode(), "checking": self.checking.encode(),
        }  # fmt: skip
        return "".join(hashlib.sha256(parts[name]).hexdigest()[:digits] for name, digits in FINGERPRINT.items())


@dataclass(frozen=True)
class Result:
    """What became of one submitted notebook, as plain data; ``status`` is one of the ledger's."""

    assignment: str
    student: str
    notebook: str
    fingerprint: str
    status: str
    reason: str
    graded: str  #: the notebook with verdicts, JSON
    verdicts: tuple[dict[str, Any], ...]
    jail: dict[str, Any] | None
    seconds: float
    phases: dict[str, float] = field(default_factory=dict)  #: seconds by phase, see autograder.phases

    @property
    def points(self) -> float:
        """Points of all verdicts."""
        return sum(Verdict.from_data(data).points for data in self.verdicts)


def checking_digest(exercise: str) -> str:
    """Return a digest of all that checks an exercise, named ``"b2"`` or by its notebook: code and recorded data.

    It changes when, and only when, one of :func:`autograder.digests.checking_files` does. Raises UnknownName.
    """
    known = exercises()
    found = known.get(exercise) or exercise_of(exercise)
    if found is None:
        raise UnknownName(f"there is no exercise {exercise!r}. {nearest(exercise, list(known))}")
    return digest_of_checks(found.id)


def grade_one(work: Work) -> Result:
    """Grade one notebook: intake, jail, verdicts. Depends on nothing but ``work``, and touches nothing outside.

    Raises JailError when this machine can't hold the kernel or start one, and OtherChecks when its checks aren't the
    grader's: then nothing was run and nothing is scored.
    """
    begun, clock = time.monotonic(), Clock()
    if exercise_of(work.notebook) and work.checking != checking_digest(work.notebook):
        raise OtherChecks("this worker's course is another version than the grader's: update it and start it anew")
    release = nbformat.v4.reads(work.release)
    resources: dict[str, Any] = {
        "nbgrader": {"assignment": work.assignment, "student": work.student, "notebook": work.notebook},
        "course_secret": work.secret,
        "needless": set(work.needless),
        "shared": json.loads(work.shared),
        "draw": work.draw,
        "clock": clock,
    }
    try:
        if work.problem:
            raise Rejected(work.problem)
        taken = repair(work.data, release)
        resources["repairs"] = taken.repairs
        graded = _executed(work, taken.notebook, resources)
        status, reason = standing(resources)
    except JailError:
        raise
    except Rejected as why:
        status, reason = "rejected", str(why)
    except Exception as error:  # a fault of ours, or a submission made to cause one: it costs this notebook alone
        status, reason = "failed", f"Grading stopped with {type(error).__name__}: {str(error)[:300]}"
    if status in ("rejected", "failed"):
        graded = rejected(release, reason)
        resources["verdicts"] = [verdict.as_data() for verdict in nothing(work.notebook, reason, release)]
    text = nbformat.writes(graded)
    clock.lap("output")
    return Result(
        work.assignment, work.student, work.notebook, work.fingerprint, status, reason, text,
        tuple(resources["verdicts"]), resources.get("jail"), time.monotonic() - begun, clock.seconds,
    )  # fmt: skip


def _executed(work: Work, notebook: NotebookNode, resources: Any) -> NotebookNode:
    config = Config(json.loads(json.dumps(work.settings)))  # its own: the executor sets the jail's profile in it
    jail = config.JailedProvisioner
    if isinstance(jail.canaries, list):
        jail.canaries = [path for path in jail.canaries if os.path.exists(path)]  # a cluster's worker has no gradebook
    for left in reversed(range(TRIES)):
        try:
            notebook, _ = TrustedExecute(config=config).preprocess(notebook, resources)
            break
        except JailTooWeak:
            raise
        except JailError:
            if not left:
                raise
    for step in (ShowRubric(config=config), LimitOutput(config=config)):
        notebook, _ = step.preprocess(notebook, resources)
    return notebook


# ----------------------------------------------------------------------------------------------- what there is to do


def course_config() -> Config:
    """Return the course's configuration: nbgrader_config.py, as nbgrader itself reads it."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()


@dataclass(frozen=True)
class Assignment:
    """One assignment: its released notebooks and what grading them needs."""

    name: str
    config: Config = field(repr=False)
    release: dict[str, NotebookNode] = field(repr=False)

    @classmethod
    def find(cls, name: str, config: Config | None = None) -> Assignment:
        """Return an assignment by name. Raises UnknownName, with the nearest, when it isn't released."""
        config = config or course_config()
        folders = map(Path, glob.glob(str(release_folder(config, "*"))))
        known = sorted(folder.name for folder in folders if any(folder.glob("*.ipynb")))
        if name not in known:
            raise UnknownName(f"there is no released assignment {name!r}. {nearest(name, known)}")
        notebooks = sorted(path.stem for path in release_folder(config, name).glob("*.ipynb"))
        return cls(name, config, {notebook: released(config, name, notebook) for notebook in notebooks})

    @property
    def course(self) -> CourseDirectory:
        """nbgrader's directories."""
        return CourseDirectory(config=self.config)

    @property
    def profiles(self) -> set[str]:
        """The jail's profiles that its notebooks run in."""
        return {profile_of(exercise) for notebook in self.release if (exercise := exercise_of(notebook))}

    def folders(self, only: Sequence[str] = ()) -> dict[str, Path]:
        """Return the submitted folder of each student (of those named). Raises UnknownName, with the nearest."""
        course = self.course
        pattern = course.format_path(course.submitted_directory, "*", self.name)
        found = {Path(path).parent.name: Path(path) for path in sorted(glob.glob(pattern))}
        for student in only:
            if student not in found:
                raise UnknownName(f"{student!r} has handed in nothing for {self.name}. {nearest(student, list(found))}")
        if not found:
            raise UnknownName(f"nothing was handed in for {self.name}: no folder matches {pattern}")
        return {student: path for student, path in found.items() if not only or student in only}

    def works(self, student: str, folder: Path) -> Iterator[Work]:
        """Yield what one student handed in, notebook by notebook; other files are ignored.

        A folder that was a link, and was moved away, counts as every notebook unreadable.
        """
        settings = {
            name: {key: value for key, value in self.config[name].items() if _is_data(value)}
            for name in CONFIGURED if name in self.config
        }  # fmt: skip
        for notebook in self.release:
            path = folder / f"{notebook}.ipynb"
            data, problem = b"", ""
            linked = folder.is_symlink()
            if not linked and folder.is_dir() and not os.path.lexists(path):
                continue
            try:
                if linked or not folder.is_dir():
                    raise Rejected("What was handed in is no folder but a link or a file; links are not followed.")
                data = read_file(path)
            except Rejected as why:
                problem = str(why)
            needless = tuple(sorted(experiments(self.name, notebook)))
            checking = checking_digest(notebook) if exercise_of(notebook) else ""
            yield Work(self.name, student, notebook, data, self.texts[notebook], course_secret(), needless,
                       settings, problem, checking, self.draw)  # fmt: skip

    @cached_property
    def draw(self) -> str:
        """What the class's secret probes depend on, beside the course secret: a digest of all that was handed in.

        So a run asks all submissions the same, and so does the same run once more; but an answer that was changed
        after its feedback meets other probes, so that nothing can be learned about them.
        """
        whole = hashlib.sha256()
        for student, folder in self.folders().items():
            for notebook in self.release:
                with contextlib.suppress(Rejected):
                    data = b"" if folder.is_symlink() else read_file(folder / f"{notebook}.ipynb")
                    whole.update(hashlib.sha256(os.fsencode(f"{student}/{notebook}/") + data).digest())
        return whole.hexdigest()

    @cached_property
    def texts(self) -> dict[str, str]:
        """The released notebooks as JSON."""
        return {notebook: nbformat.writes(release) for notebook, release in self.release.items()}


def _is_data(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def nearest(name: str, known: list[str]) -> str:
    """Return a sentence with the names nearest to a mistyped one."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    if near:
        return f"Did you mean {' or '.join(map(repr, near))}?"
    return f"There is {', '.join(known[:20])}{', …' if len(known) > 20 else ''}." if known else "There is none yet."


# ----------------------------------------------------------------------------------------------- grading them


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


def grade(
    assignment: Assignment, executor: Executor, *, students: Sequence[str] = (), force: bool = False,
    at_once: int = 4, watcher: Watcher | None = None, book: Callable[[Assignment], Any] | None = None,
) -> Summary:  # fmt: skip
    """Grade what was handed in and changed since it was last graded (all of it with ``force``).

    ``executor`` runs :func:`grade_one`; ``at_once`` notebooks are with it at any time, so memory doesn't grow with the
    class. ``book`` opens what the results go to, in place of a GradebookWriter. Raises JailTooWeak as soon as a kernel
    can't be held, UnknownName, NotReleased; what was written until then stays, and the next run goes on from there.
    """
    watcher, summary, begun = watcher or Watcher(), Summary(), time.monotonic()
    folders = assignment.folders(students)
    with (book or _written)(assignment) as writer:
        before = {} if force else writer.ledger.fingerprints(assignment.name)
        queue = _to_do(assignment, folders, before, writer, watcher, summary)
        running: dict[Future[Result], tuple[str, float]] = {}
        try:
            while True:
                while len(running) < at_once and (work := next(queue, None)) is not None:
                    sent = work if isinstance(executor, ThreadPoolExecutor) else work.to_travel()
                    running[executor.submit(grade_one, sent)] = (f"{work.student}/{work.notebook}", time.monotonic())
                if not running:
                    break
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


def _to_do(
    assignment: Assignment, folders: dict[str, Path], before: dict[tuple[str, str], str], writer: GradebookWriter,
    watcher: Watcher, summary: Summary,
) -> Iterator[Work]:  # fmt: skip
    """Yield the notebooks to grade, one student after the other; a student is entered before the first of them."""
    course = assignment.course
    count = sum(os.path.lexists(folder / f"{name}.ipynb") for folder in folders.values() for name in assignment.release)
    watcher.planned(count, 0)
    for student, folder in folders.items():
        for sentence in writer.take_in(student, folder):
            watcher.trouble(f"{student}: {sentence}")
        begun = False
        for work in assignment.works(student, folder):
            there = Path(course.format_path(course.autograded_directory, student, assignment.name))
            if before.get((student, work.notebook)) == work.fingerprint and (there / f"{work.notebook}.ipynb").exists():
                summary.unchanged += 1
                continue
            if not begun:
                writer.begin(student, folder)
                begun = True
            watcher.planned(count, summary.unchanged)
            yield work
    watcher.planned(count, summary.unchanged)


def _write(future: Future[Result], name: str, writer: GradebookWriter, watcher: Watcher, summary: Summary) -> None:
    try:
        result = future.result()
    except JailTooWeak:
        raise
    except Exception as error:  # the machine's fault (no kernel, a lost worker): nothing was judged, nothing is written
        summary.not_run.append(name)
        watcher.trouble(f"{name} could not be run and is not graded: {type(error).__name__}: {error}")
        return
    begun = time.perf_counter()
    writer.save(
        result.student, result.notebook, nbformat.v4.reads(result.graded),  # held to the schema when it was written
        [Verdict.from_data(data) for data in result.verdicts],
        status=result.status, reason=result.reason, jail=result.jail, fingerprint=result.fingerprint,
    )  # fmt: skip
    summary.statuses[result.status] = summary.statuses.get(result.status, 0) + 1
    phases.add(summary.phases, {**result.phases, "writing": time.perf_counter() - begun})
    watcher.done(result)


@contextlib.contextmanager
def _written(assignment: Assignment) -> Iterator[GradebookWriter]:
    """The gradebook, for one grading run at a time in this course: raises Busy when another is under way."""
    with alone_in(COURSE), GradebookWriter(assignment.config, assignment.name, assignment.release) as writer:
        yield writer


@contextlib.contextmanager
def local_workers(count: int, warm_for: Assignment | None = None) -> Iterator[Executor]:
    """An executor of threads: each drives one jailed kernel, all forked from a warm process.

    Those for ``warm_for`` start at once, beside each other. Left by an exception (Ctrl-C), it ends the kernels at once.
    """
    executor = ThreadPoolExecutor(count, thread_name_prefix="grading")
    gc.freeze()  # or the collector looks at all that was imported again and again
    try:
        if warm_for is not None:
            for profile in warm_for.profiles:
                threading.Thread(target=_warm_up, args=(warm_for.config, profile), daemon=True).start()
        yield executor
    except BaseException:
        from autograder.jail import nursery

        executor.shutdown(wait=False, cancel_futures=True)
        nursery.close_all()
        raise
    finally:
        executor.shutdown(wait=True)
        gc.unfreeze()


def _warm_up(config: Config, profile: str) -> None:
    with contextlib.suppress(JailError):  # the kernel that needs it says why
        JailedProvisioner(config=config, profile=profile).zygote()


@contextlib.contextmanager
def cluster_workers(address: str) -> Iterator[tuple[Executor, int]]:
    """A Dask cluster's executor, and how many notebooks to keep there. Raises OSError when there is no scheduler."""
    from distributed import Client

    with Client(address, timeout=20) as client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise RuntimeError(f"the scheduler at {address} has no workers: start some with `dask worker {address}`")
        yield client.get_executor(pure=False, retries=TRIES), 2 * threads
