"""The gradebook's database: how it is opened, and kept for one grader at a time."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nbgrader import dbutil
from nbgrader.api import Base
from sqlalchemy import create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from lrtutorial.advice import Advice, NotThere, Unusable

PATIENCE = 60  #: seconds to wait for another program that writes into SQLite
CONNECT = 15  #: seconds to wait for a PostgreSQL server
AGAIN = "Then run the same command again: what was graded before is kept."


class OtherVersion(Advice, RuntimeError):
    """The database isn't a gradebook of this nbgrader; the message says what it is and what to do."""


class Busy(Advice, RuntimeError):
    """Another grader works on this gradebook."""


# ----------------------------------------------------------------------------------------------- opening


def patient(db_url: str) -> str:
    """Return the gradebook's address with our patience: for other writers (SQLite), for the server (PostgreSQL).

    What the address says itself stays. Raises ValueError for one that isn't an address.
    """
    url = _parsed(db_url)
    name, seconds = {
        "pysqlite": ("timeout", PATIENCE),
        "psycopg": ("connect_timeout", CONNECT),
        "psycopg2": ("connect_timeout", CONNECT),
    }.get(url.get_driver_name(), ("", 0))
    if not name or name in url.query:
        return db_url
    return url.update_query_dict({name: str(seconds)}).render_as_string(hide_password=False)


def _parsed(db_url: str) -> URL:
    """Return an address as its parts. Raises Unusable for one that isn't, or is of no gradebook that can be kept."""
    expected = "Expected sqlite:////folder/gradebook.db or postgresql+psycopg://user@host/database"
    try:
        url = make_url(db_url)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError):
        begin = db_url.partition(":")[0][:20]
        raise Unusable(f"this is no address of a gradebook. {expected}; got one that begins with {begin!r}.") from None
    if url.get_backend_name() == "postgresql":
        return url
    if url.get_driver_name() != "pysqlite":
        raise Unusable(f"no gradebook is kept in {url.drivername}. {expected}.")
    if url.database in (None, "", ":memory:"):
        raise Unusable(f"{db_url} names no file, and what is kept there is gone with the command. {expected}.")
    if "/" in db_url.partition("?")[2].partition("=")[0]:
        raise Unusable(f"a gradebook can't lie in a folder whose name holds a question mark, as after {url.database}")
    return url


def reading(db_url: str) -> Engine:
    """Return an engine that can't write, not even the files SQLite keeps beside a database.

    Raises FileNotFoundError when a SQLite database isn't there.
    """
    url = _parsed(patient(db_url))
    if url.get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool, execution_options={"postgresql_readonly": True})
    path = Path(url.database or "").absolute()
    if not path.is_file():
        found = "a folder of that name" if path.is_dir() else "nothing was graded here"
        raise NotThere(f"there is no gradebook {path}: {found}. Grading makes it: python -m autograder grade PART")
    log = Path(f"{path}-wal")
    # With nothing in the write-ahead log the file is all there is; only then may SQLite leave out its locks.
    how = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    where = f"file:{quote(str(path))}?{how}"
    return create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(where, uri=True, timeout=PATIENCE), poolclass=NullPool
    )


def log_ahead(engine: Engine) -> None:
    """Switch SQLite to its write-ahead log: readers don't wait, and a killed writer leaves no half transaction."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _log_ahead)
        engine.dispose()  # the next connection is the first to be told


def _log_ahead(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


# ----------------------------------------------------------------------------------------------- one grader


@contextmanager
def alone_in(course: Path, *, write: bool = True) -> Iterator[None]:
    """Keep a course folder for one grading run on this machine; the lock ends with the process. Raises Busy.

    Without ``write`` nothing is made: where no run ever was, there is none now.
    """
    path = course / "grading.lock"
    if not write and not path.exists():
        yield
        return
    with open(path, "w" if write else "r") as lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if write else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise Busy("another grading run of this course is under way; wait for it, or end it") from None
        yield


class Alone:
    """Keeps a PostgreSQL gradebook for one grader, on whatever machine: the lock ends with the connection.

    SQLite's file belongs to one course folder, whose own lock does the same. Use it as a context manager; raises Busy.
    ``shared``: for one who only reads, beside others who do.
    """

    def __init__(self, db_url: str, course_id: str, *, shared: bool = False):
        self.engine = create_engine(patient(db_url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self.key = int.from_bytes(hashlib.sha256(f"grading {course_id}".encode()).digest()[:8], signed=True)
        self.ask = text(f"SELECT pg_try_advisory_lock{'_shared' if shared else ''}(:key)")
        self.connection: Connection | None = None

    def __enter__(self) -> Alone:
        if self.engine.dialect.name == "postgresql":
            self.connection = self.engine.connect()
            if not self.connection.execute(self.ask, {"key": self.key}).scalar():
                self.__exit__()
                raise Busy(
                    "another grading run of this course is under way, here or on another machine; wait for it, "
                    "or end it"
                )
        return self

    def __exit__(self, *_: object) -> None:
        if self.connection is not None:
            self.connection.close()
        self.engine.dispose()


# ----------------------------------------------------------------------------------------------- versions


@cache
def revisions() -> tuple[frozenset[str], str]:
    """Return the versions of the gradebook that the installed nbgrader knows, and the newest."""
    text = [path.read_text("utf-8") for path in Path(dbutil.ALEMBIC_DIR, "versions").glob("*.py")]
    known = {match[1] for one in text if (match := re.search(r"^revision = ['\"](\w+)", one, re.M))}
    before = {match[1] for one in text if (match := re.search(r"^down_revision = ['\"](\w+)", one, re.M))}
    (newest,) = known - before
    return frozenset(known), newest


def hold_to_version(connection: Connection) -> None:
    """Raise OtherVersion unless the database is empty or a gradebook of the installed nbgrader. Writes nothing."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return
    if "alembic_version" not in tables:
        raise OtherVersion(
            "the database holds tables, but none says which nbgrader made them. Give the gradebook a database of its "
            "own; one from before nbgrader 0.5 has to be upgraded with that version's successor first."
        )
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    known, newest = revisions()
    if found == newest:
        _hold_to_columns(connection, tables)
        return
    if found in known:
        raise OtherVersion(
            f"the gradebook is from an older nbgrader (revision {found}; this one has {newest}). Back it up, then run "
            "nbgrader db upgrade."
        )
    raise OtherVersion(
        f"the gradebook is from a newer nbgrader (revision {str(found)[:40]}, which this one doesn't know; it has "
        f"{newest}). Install the nbgrader that wrote it, or restore a backup from before."
    )


def _hold_to_columns(connection: Connection, tables: set[str]) -> None:
    look = inspect(connection)
    for table in Base.metadata.sorted_tables:
        known = {column["name"] for column in look.get_columns(table.name)} if table.name in tables else set()
        if missing := sorted(column.name for column in table.columns if column.name not in known):
            raise OtherVersion(
                f"the gradebook's table {table.name} lacks {', '.join(missing)}, although it says that it is up to "
                "date: restore it from a backup, or start a new one with nbgrader generate_assignment."
            )
