"""What the errors of disk, database and settings mean: advice, where there is something to do."""

from __future__ import annotations

import errno
import os
import re

from nbgrader.api import InvalidEntry
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from traitlets import TraitError

from autograder.gradebook.database import AGAIN
from lrtutorial.advice import Advice, Refused, Unusable, Unwritable


def advice_on(error: BaseException) -> Advice | None:
    """Return an error as advice on what to do; None where nobody but us can mend it.

    Whatever a command or a page shows as advice is an Advice: either it was raised as one, or it is made of another
    library's error here.
    """
    if isinstance(error, InvalidEntry) and isinstance(error.__context__, DBAPIError):
        error = error.__context__  # nbgrader's own word for whatever a commit raised
    if isinstance(error, Advice):
        return error
    if isinstance(error, OSError):
        said = _disk(error)
        return Unwritable(said) if said else None
    if isinstance(error, DBAPIError):
        return Refused(_database(str(error.orig).strip()))
    if isinstance(error, SQLAlchemyError):
        return Refused(f"the gradebook's database refused: {str(error).splitlines()[0][:300]}")
    if isinstance(error, TraitError):
        return Unusable(f"nbgrader_config.py sets something that can't be used: {error}")
    if isinstance(error, ModuleNotFoundError) and str(error.name).startswith("psycopg"):
        return Refused(
            f"{error.name} is not installed: pip install 'psycopg[binary]', and begin the gradebook's address with "
            "postgresql+psycopg://"
        )
    return None


def _disk(error: OSError) -> str | None:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"the disk or your share of it is full{where}: free some space. {AGAIN}"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return (
            f"{error.filename or 'a file'} can't be written or read here ({os.strerror(error.errno)}): use a course "
            f"folder in which you may write. {AGAIN}"
        )
    if error.strerror:
        return (
            f"{error.filename or 'a file'}: {error.strerror}. If you named it, name another; if not, please report "
            "this line. What was graded before is kept."
        )
    return None


def _database(said: str) -> str:
    """Say in a sentence what a driver said; drivers have codes of their own, but words in common."""
    low, line = said.lower(), said.splitlines()[0][:300] if said else "no reason given"
    if "database is locked" in low or "lock timeout" in low:
        return f"the gradebook is locked by another program (Formgrader, a backup, a shell): close it. {AGAIN}"
    if "disk is full" in low or "disk i/o error" in low or "no space left" in low:
        return f"the gradebook's disk is full or broken ({line}): free some space. {AGAIN}"
    if "readonly database" in low or "read-only" in low or "unable to open database file" in low:
        return f"the gradebook can't be written here ({line}): use a course folder in which you may write. {AGAIN}"
    if "malformed" in low or "not a database" in low:
        return (
            f"the gradebook is damaged ({line}): restore it from a backup. Submissions are not touched by this: "
            "without a backup, automatic grades come back with nbgrader generate_assignment and a new run, hand "
            "grades don't."
        )
    if re.search(r"no such (table|column)|has no column|relation .* does not exist|column .* does not exist", low):
        return f"the gradebook's tables are not this nbgrader's ({line}): back it up, then run nbgrader db upgrade."
    if re.search(r"connection|server|authentication|host|role|database .* does not exist", low):
        return f"the gradebook's server can't be used: {line}. Check the address, and that the server runs. {AGAIN}"
    return f"the gradebook's database refused: {line}"
