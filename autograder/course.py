"""Where this course's files lie, and its secret."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from lrtutorial.advice import Advice

ROOT = Path(__file__).resolve().parent.parent
SOLUTIONS = ROOT / "solutions"
RELEASE = ROOT / "notebooks"
#: Submissions, grades and the secret; the variable lets a test or a second term keep them elsewhere.
COURSE = Path(os.environ.get("LRTUTORIAL_COURSE") or Path(__file__).resolve().parent / "course").absolute()
GRADEBOOK = COURSE / "gradebook.db"
#: The gradebook's address: that file, or a PostgreSQL database (postgresql+psycopg://user@host/name).
DB_URL = os.environ.get("LRTUTORIAL_DB") or f"sqlite:///{GRADEBOOK}"
SECRET = COURSE / "secret"


RESTORE = "Restore it from a backup, or delete the file to draw a new one (a regrade then uses other probes)."


class SecretUnreadable(Advice, RuntimeError):
    """The course secret is there but can't be used; the message says why and what to do."""


def course_secret(path: Path = SECRET) -> str:
    """Return the secret from which this course's secret probes are drawn; make one the first time.

    With the same hand-ins it gives the same probes, so that a grading run can be repeated. Keep it from students.

    Raises
    ------
    SecretUnreadable
        If the file is empty, too short or no text.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = secrets.token_hex(32)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another grader was first
            return course_secret(path)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
    except UnicodeDecodeError as error:
        raise SecretUnreadable(
            f"the course secret in {path} holds what is no letter, digit or sign of ASCII (byte {error.start + 1}). "
            f"{RESTORE}"
        ) from None
    if len(text) < 32:
        raise SecretUnreadable(
            f"the course secret in {path} has {len(text)} characters; at least 32 were expected. {RESTORE}"
        )
    return text
