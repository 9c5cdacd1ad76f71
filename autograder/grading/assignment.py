"""What there is to do: an assignment, its release, and what was handed in for it."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder import catalogue
from autograder.course import COURSE, ROOT, course_secret
from autograder.grading.executor import experiments, profile_of
from autograder.grading.one import Work, checking_digest
from autograder.grading.settings import settings_of
from autograder.intake.candidates import HandedIn, is_folder, look
from autograder.intake.quarantine import time_unknown
from autograder.intake.reading import shown
from autograder.intake.release import release_folder, released
from autograder.intake.text import kept, student_of
from autograder.names import UnknownName, nearest
from lrtutorial.advice import Advice, Unusable
from lrtutorial.checking.written import model_answers
from lrtutorial.course import exercise_of, exercises
from lrtutorial.course.expected import recorded

ANY = "\0"  #: in a path: any name


def course_config() -> Config:
    """Return the course's configuration: nbgrader_config.py, as nbgrader itself reads it."""
    try:
        config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    except (Advice, OSError):
        raise
    except (Exception, SystemExit) as error:  # it is the instructor's file, and Python
        raise Unusable(f"nbgrader_config.py can't be used: {type(error).__name__}: {error}. Mend that line") from error
    return config


def _matching(path: str, pattern: str) -> list[str]:
    """Return the paths that are as this one with a pattern for ``ANY``; a folder's own brackets are no pattern."""
    return glob.glob(glob.escape(path).replace(ANY, pattern))


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
        folders = map(Path, _matching(str(release_folder(config, ANY)), "*"))
        known = sorted(folder.name for folder in folders if any(folder.glob("*.ipynb")))
        if name not in known:
            raise UnknownName(f"there is no released assignment {name!r}. {nearest(name, known)}")
        notebooks = sorted(path.stem for path in release_folder(config, name).glob("*.ipynb"))
        return cls(name, config, {notebook: released(config, name, notebook) for notebook in notebooks})

    @property
    def course(self) -> CourseDirectory:
        """nbgrader's directories."""
        return CourseDirectory(config=self.config)

    def folders(self, only: Sequence[str] = ()) -> dict[str, Path]:
        """Return the submitted folder of each student (of those named). Raises UnknownName, with the nearest."""
        course = self.course
        pattern = course.format_path(course.submitted_directory, ANY, self.name)
        found: dict[str, Path] = {}
        for path in sorted([*map(Path, _matching(pattern, "*")), *self._closed()]):
            student = student_of(path.parent.name)
            if student not in found or path.parent.name == student:  # the other is told: see strays
                found[student] = path
        for student in only:
            if student not in found:
                raise UnknownName(f"{student!r} has handed in nothing for {self.name}. {nearest(student, list(found))}")
        if not found:
            raise UnknownName(f"nothing was handed in for {self.name}: no folder matches {pattern.replace(ANY, '*')}")
        return {student: path for student, path in found.items() if not only or student in only}

    def works(self, student: str, folder: Path, only: Sequence[str] = ()) -> Iterator[Work]:
        """Yield what one student handed in, notebook by notebook (of those named); other files are ignored.

        A folder that was a link, and was moved away, counts as every notebook unreadable.
        """
        handed_in = self.look(folder)
        unknown = tuple(filter(None, [time_unknown(folder, COURSE / "quarantine" / student / self.name)]))
        for notebook in self.release:
            if only and notebook not in only:
                continue
            found = handed_in.candidates.get(notebook)
            problem = found.file.problem if found else self._nothing(folder, handed_in)
            if not found and not problem:
                continue
            needless = tuple(sorted(experiments(self.name, notebook)))
            checking = checking_digest(notebook) if exercise_of(notebook) else ""
            yield Work(self.name, student, notebook, found.file.data if found else b"", self.texts[notebook],
                       course_secret(), needless, self.settings, problem, checking, self.draw,
                       notes=(*(found.repairs if found else ()), *unknown),
                       files=handed_in.beside(found) if found else {})  # fmt: skip

    def look(self, folder: Path) -> HandedIn:
        """Return what a submitted folder holds for this assignment."""
        return look(folder, self.release)

    @staticmethod
    def _nothing(folder: Path, handed_in: HandedIn) -> str:
        """Say why there is nothing to grade in a folder; empty where some exercise is there."""
        if not is_folder(folder):
            return "What was handed in is no folder but a link or a file; links are not followed."
        if handed_in.candidates:
            return ""
        found = " ".join(handed_in.others[:5]) or "The folder is empty."
        return f"No notebook of this part was found in what was handed in. {found}"[:1000]

    def strays(self) -> list[str]:
        """Return a sentence on what lies in ``submitted/`` and is nobody's submission, by somebody's slip.

        A folder that is another spelling of a student's name, a file beside the students' folders, a student's folder
        with notebooks that are in no folder of a part.
        """
        chosen = set(self.folders().values())
        found = []
        for path in self._submitted(self.name):
            if path not in chosen:
                found.append(
                    f"{student_of(path.parent.name)}: there are two folders of this name, spelled in different bytes; "
                    f"{os.fsencode(path.parent.name)!r} is not graded. Move what counts into the other."
                )
        for path in self._submitted(self.name, ".*"):
            found.append(
                f"{student_of(path.parent.name)}: a folder whose name begins with a dot is hidden, and is not "
                "graded. Give it another name."
            )
        for path in self._submitted("."):
            if not os.access(path, os.X_OK) and path.is_dir():
                continue  # a rejected submission
            if not path.is_dir():
                found.append(
                    f"{student_of(path.name)}: it lies in no student's folder, and is not graded. Move it "
                    f"into {{student}}/{self.name}/, or take it in by collect."
                )
            elif not os.path.lexists(path / self.name):
                found += self._in_no_part(path)
        return found

    def _closed(self) -> list[Path]:
        """Return the folders of this part in students' folders that can't be opened: nobody knows what is in them."""
        return [path / self.name for path in self._submitted(".") if path.is_dir() and not os.access(path, os.X_OK)]

    def _submitted(self, part: str, student: str = "*") -> list[Path]:
        course = self.course
        pattern = os.path.normpath(course.format_path(course.submitted_directory, ANY, part))
        return [Path(path) for path in sorted(_matching(pattern, student))]

    def _in_no_part(self, folder: Path) -> list[str]:
        """Say which notebooks of this part lie in a student's folder, but not in one of a part."""
        names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(glob.escape(str(folder)), "*")))
        odd = [
            name
            for name in names
            if name.lower().endswith((".ipynb", ".zip")) or name.casefold() == self.name.casefold()
        ]
        if not odd:
            return []
        student = student_of(folder.name)
        listed = ", ".join(shown(kept(name)) for name in odd[:5])
        return [
            f"{student}: {listed} lies in no folder of a part and is not graded. Move it to {student}/{self.name}/."
        ]

    def hold_to_course(self) -> None:
        """Look whether every step of this assignment can be asked, before anybody is. Raises Advice for the author."""
        for step in (step for notebook in self.release if (one := exercise_of(notebook)) for step in one.steps):
            recorded(step.id)
            catalogue.expectations(step.id, catalogue.generator("nobody is asked this"))
        model_answers()

    @cached_property
    def settings(self) -> dict[str, dict[str, object]]:
        """What the configuration sets for executor and jail, as data. Raises Unusable where it can't be used."""
        return settings_of(self.config, {profile_of(exercise) for exercise in exercises().values()})

    @cached_property
    def draw(self) -> str:
        """What the class's secret probes depend on, beside the course secret: a digest of all that was handed in.

        So a run asks all submissions the same, and so does the same run once more; but an answer that was changed
        after its feedback meets other probes, so that nothing can be learned about them.
        """
        whole = hashlib.sha256()
        for student, folder in self.folders().items():
            for notebook, found in sorted(self.look(folder).candidates.items()):
                whole.update(hashlib.sha256(f"{student}/{notebook}/".encode() + found.file.data).digest())
        return whole.hexdigest()

    @cached_property
    def texts(self) -> dict[str, str]:
        """The released notebooks as JSON."""
        return {notebook: nbformat.writes(release) for notebook, release in self.release.items()}
