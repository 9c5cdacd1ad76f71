"""What there is to do: an assignment, its release, and what was handed in for it."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
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

from autograder.course import ROOT, course_secret
from autograder.grading.executor import experiments, profile_of
from autograder.grading.one import Work, checking_digest
from autograder.intake.reading import Rejected, read_file
from autograder.intake.release import release_folder, released
from autograder.names import UnknownName, nearest
from lrtutorial.advice import Advice, Unusable
from lrtutorial.course import exercise_of

CONFIGURED = ("TrustedExecute", "ExecutePreprocessor", "JailedProvisioner", "LimitOutput", "ShowRubric")


def course_config() -> Config:
    """Return the course's configuration: nbgrader_config.py, as nbgrader itself reads it."""
    try:
        config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    except (Advice, OSError):
        raise
    except Exception as error:  # it is the instructor's file, and Python
        raise Unusable(f"nbgrader_config.py can't be used: {type(error).__name__}: {error}. Mend that line") from error
    return config


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

    def works(self, student: str, folder: Path, only: Sequence[str] = ()) -> Iterator[Work]:
        """Yield what one student handed in, notebook by notebook (of those named); other files are ignored.

        A folder that was a link, and was moved away, counts as every notebook unreadable.
        """
        settings = {
            name: {key: value for key, value in self.config[name].items() if _is_data(value)}
            for name in CONFIGURED if name in self.config
        }  # fmt: skip
        for notebook in self.release:
            if only and notebook not in only:
                continue
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
