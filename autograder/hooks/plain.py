"""nbgrader's own commands: what goes wrong in them is said in a sentence, as in ours, and never by a traceback.

nbgrader logs a traceback of whatever it can't do with a submission, and leaves others to Python. It has no setting for
either, so the converters' methods here stand around its own: it still decides what is made, and what becomes of the
other students' work when one's fails. ``LRTUTORIAL_TRACEBACK=1`` shows the tracebacks.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from types import TracebackType

from nbformat.reader import NotJSONError
from nbgrader.api import MissingEntry
from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.nbgraderformat import ValidationError
from traitlets.config import Application

from autograder.cells import RESTORE, read_notebook
from autograder.gradebook.again import gradebook_at
from autograder.gradebook.database import hold_to_version, reading
from autograder.gradebook.errors import advice_on
from autograder.gradebook.late import GrantExtraTime, hold_to_policy
from lrtutorial.advice import Advice, NotThere, Refused, fault

TRACEBACK = "Traceback (most recent call last)"
#: What nbgrader says of a failure beside its traceback, and what is said here in another way.
ITS_OWN = (
    "There was an error processing assignment",
    "There was an error accessing the nbgrader database",
    "Notebook failed to validate; the nbgrader metadata",
)
_start, _convert = BaseConverter.start, BaseConverter.convert_notebooks


def say_plainly() -> None:
    """Let nbgrader's commands say what can be done, in a sentence, where they show a traceback."""
    BaseConverter.start = start
    GenerateAssignment.convert_notebooks = GenerateFeedback.convert_notebooks = convert_notebooks
    command = Application.instance() if Application.initialized() else None
    if isinstance(command, NbGrader):  # not one of ours, and no server with Formgrader in it
        log = getattr(command.log, "logger", command.log)
        if not any(isinstance(one, Plain) for one in log.filters):
            log.addFilter(Plain())
        sys.excepthook = uncaught


def with_traceback() -> bool:
    """Whether tracebacks are asked for."""
    return bool(os.environ.get("LRTUTORIAL_TRACEBACK"))


def meaning(error: BaseException) -> str:
    """Return what to say of an error of nbgrader's commands: what can be done, or that it is a fault of the program."""
    if isinstance(error, NotJSONError | UnicodeDecodeError) and "nbformat" in _rooms(error):
        return f"what was to be read is no notebook ({' '.join(str(error).split())[:100]})"
    rooms = [room for room in _rooms(error) if room != "jsonschema"]  # which says what nbgrader's schema asks for
    if isinstance(error, RuntimeError | ValueError | ValidationError) and rooms[-1:] == ["nbgrader"]:
        said = error.message if isinstance(error, ValidationError) else str(error)
        return f"nbgrader refuses it: {' '.join(said.split())[:300]}"  # written for whoever made the notebook
    return str(advice_on(error) or fault(error))


def _rooms(error: BaseException) -> list[str]:
    """The packages whose functions an error went through, the one that raised it last."""
    frame, rooms = error.__traceback__, []
    while frame is not None:
        rooms.append(str(frame.tb_frame.f_globals.get("__name__", "")).partition(".")[0])
        frame = frame.tb_next
    return rooms


def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Stand in place of Python's last word on an error that a command of nbgrader's leaves to it."""
    if with_traceback():
        sys.__excepthook__(kind, error, trace)
    else:
        print("ended." if isinstance(error, KeyboardInterrupt) else meaning(error), file=sys.stderr)


class Plain(logging.Filter):
    """Puts a sentence in the place of a logged traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record of an error that is being handled."""
        error = sys.exc_info()[1]
        if error is not None and record.getMessage().startswith(TRACEBACK) and not with_traceback():
            record.msg, record.args = self.said(error), ()
        return bool(record.msg)

    def said(self, error: BaseException) -> str:
        """Return the sentence; none where it was said before."""
        return meaning(error)


class _Converting(Plain):
    """Says of which student's notebook a converter speaks, and who is left out in the end."""

    def __init__(self, converter: BaseConverter):
        super().__init__()
        self.converter, self.left_out = converter, list[str]()
        self.notebook, self.before = "", set[str]()
        self.last: BaseException | None = None
        self._student, self._notebook = converter.init_destination, converter.convert_single_notebook
        converter.init_destination, converter.convert_single_notebook = self.student, self.single
        self.of: tuple[str, str] = ("", "")

    def student(self, assignment: str, student: str) -> bool:
        """Keep whose turn it is."""
        self.of, self.notebook = (assignment, student), ""
        return bool(self._student(assignment, student))

    def single(self, notebook: str) -> None:
        """Keep which notebook's turn it is."""
        self.notebook = notebook
        self._notebook(notebook)

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave out what nbgrader says around its tracebacks."""
        if record.levelno >= logging.ERROR and str(record.msg).startswith(ITS_OWN):
            return False
        return super().filter(record) and not str(record.msg).startswith("Please see the")

    def said(self, error: BaseException) -> str:
        """Return the sentence, with the name of student and notebook; what is wrong with all is said of the first."""
        assignment, student = self.of
        names = [assignment] if isinstance(self.converter, GenerateAssignment) else [student, assignment]
        if ", ".join(names) not in self.left_out:
            self.left_out.append(", ".join(names))
        said = self._meaning(error)
        new = said not in self.before and (self.last is None or error.__context__ is not self.last)
        self.last = error
        self.before.add(said)
        names += [Path(self.notebook).stem] if self.notebook else []
        return f"{', '.join(names)}: {said}" if new else ""

    def _meaning(self, error: BaseException) -> str:
        assignment, student = self.of
        remedy = RESTORE
        if isinstance(self.converter, GenerateFeedback):
            remedy = f"make it anew: python -m autograder grade {assignment} {student} --force"
        if isinstance(error, MissingEntry):
            return f"the gradebook knows nothing of it: {remedy}"
        if self.notebook and not isinstance(error, Advice):
            try:  # only now: a right one is not read twice
                read_notebook(Path(self.notebook), remedy)
            except (Advice, OSError) as unreadable:  # raised from here, it would end the others' turn as well
                return meaning(unreadable)
        return meaning(error)


def convert_notebooks(converter: BaseConverter) -> None:
    """Stand around a converter's own. Raises NbGraderException as that does, after lines that say why."""
    if with_traceback():
        _convert(converter)
        return
    plain = _Converting(converter)
    log = getattr(converter.log, "logger", converter.log)  # of an adapter, as some servers have
    log.filters.insert(0, plain)  # before the command's, which knows no student
    try:
        _convert(converter)
    except NbGraderException:
        if not plain.left_out:
            raise
        said = f"not made: {'; '.join(plain.left_out)}. The lines above say why."
        converter.log.error("%s", said)
        raise NbGraderException(said) from None
    finally:
        log.removeFilter(plain)


def start(converter: BaseConverter) -> None:
    """Stand around a converter's start: what would fail for everybody is said at once, and nothing is touched."""
    try:
        if isinstance(converter, GenerateAssignment | GenerateFeedback):
            _hold(converter)
        _start(converter)
    except NbGraderException:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if with_traceback():
            raise
        raise refused(converter.log, error) from error


def refused(log: logging.Logger, error: BaseException) -> NbGraderException:
    """Log what an error means; return the exception by which nbgrader ends its command with 1."""
    said = meaning(error)
    if isinstance(error, KeyboardInterrupt):
        said = "ended. What was done is kept; the same command goes on from there"
    log.error("%s", said)
    return NbGraderException(said)


def _hold(converter: BaseConverter) -> None:
    """Raise what is wrong with the gradebook and, for feedback, with the late penalties. Writes nothing."""
    feedback, url = isinstance(converter, GenerateFeedback), converter.coursedir.db_url
    if not feedback and converter.no_database:
        return
    try:
        with reading(url).connect() as connection:
            hold_to_version(connection)
    except NotThere as error:
        if not feedback:
            return  # it will be made
        raise Refused(f"there are no grades to give feedback on: {error}") from error
    if feedback and GrantExtraTime in converter.preprocessors:
        hold_to_policy(converter.config)
        with gradebook_at(url) as gradebook:
            GrantExtraTime(config=converter.config).read(gradebook)
