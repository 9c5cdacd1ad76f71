"""What graders gave written answers, line by line of the rubric: tables of our own in the gradebook's database.

``lr_marking`` is only ever added to: one row for each time that a grader marked an answer, numbered by ``turn``. The
newest is what counts; a second look (``second``) is for agreement and changes no grade. Two graders who mark the same
answer at the same time would both write the same turn: the database refuses the later one (:class:`Overtaken`).
``lr_claim`` says who has an answer open just now, so that the other is shown another one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    inspect,
    select,
)
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.schema import CreateTable

from lrtutorial.advice import Refused
from lrtutorial.checking.written import RubricItem

HELD = 180.0  #: seconds for which an answer that somebody opened is not shown to another
_metadata = MetaData()
_WHERE = ("assignment", "student", "notebook", "cell")
_markings = Table(
    "lr_marking", _metadata,
    Column("id", Integer, primary_key=True), *(Column(name, String(128)) for name in _WHERE),
    Column("second", Boolean), Column("turn", Integer), Column("grader", String(128)), Column("at", Float),
    Column("answer", String(64)), Column("rubric", String(64)), Column("lines", Text), Column("comment", Text),
    UniqueConstraint(*_WHERE, "second", "turn"),
)  # fmt: skip
_claims = Table(
    "lr_claim",
    _metadata,
    *(Column(name, String(128), primary_key=True) for name in _WHERE),
    Column("desk", String(64)),
    Column("until", Float),
)


class Overtaken(Refused):
    """Somebody else marked an answer since it was opened here: nothing was saved."""


@dataclass(frozen=True)
class Marking:
    """One marking of one answer: points for each line of the rubric, and the words for the student (Markdown)."""

    student: str
    turn: int
    lines: tuple[float, ...]
    comment: str
    grader: str
    answer: str  #: digest of the answer that was marked
    rubric: str  #: digest of the rubric that it was marked by
    second: bool = False
    at: float = 0.0  #: seconds since 1970

    @property
    def points(self) -> float:
        """Points of all lines."""
        return sum(self.lines)


class Markings:
    """The markings of one exercise's written answer: a notebook's ``cell`` in an assignment."""

    def __init__(self, assignment: str, notebook: str, cell: str):
        self.here = {"assignment": assignment, "notebook": notebook, "cell": cell}

    def make(self, engine: Engine) -> None:
        """Make the tables that a gradebook lacks; somebody else may be making them just now."""
        for table in _metadata.sorted_tables:
            try:
                with engine.begin() as connection:
                    connection.execute(CreateTable(table, if_not_exists=True))
            except DBAPIError:
                if not inspect(engine).has_table(table.name):
                    raise

    def read(self, connection: Connection) -> list[Marking]:
        """Return every marking, the oldest first; none where nobody ever marked."""
        if not inspect(connection).has_table(_markings.name):
            return []
        query = select(_markings).where(*(_markings.c[name] == value for name, value in self.here.items()))
        return [
            Marking(row.student, row.turn, tuple(json.loads(row.lines)), row.comment, row.grader, row.answer,
                    row.rubric, bool(row.second), row.at)
            for row in connection.execute(query.order_by(_markings.c.id))
        ]  # fmt: skip

    def add(self, connection: Connection, markings: Sequence[Marking]) -> None:
        """Add markings in the transaction that is under way. Raises Overtaken where a turn is already taken."""
        rows = [
            {**self.here, "student": one.student, "second": one.second, "turn": one.turn, "grader": one.grader[:128],
             "at": time.time(), "answer": one.answer, "rubric": one.rubric, "lines": json.dumps(one.lines),
             "comment": one.comment}
            for one in markings
        ]  # fmt: skip
        try:
            connection.execute(_markings.insert(), rows)
        except IntegrityError:
            raise Overtaken("somebody else marked this answer while it was open here; nothing was saved") from None

    # ------------------------------------------------------------------------------------------ who has what open

    def claimed(self, connection: Connection, desk: str) -> set[str]:
        """Return the students whose answers are open at another desk just now."""
        query = select(_claims.c.student).where(*self._claims(), _claims.c.desk != desk, _claims.c.until > time.time())
        return set(connection.execute(query).scalars())

    def claim(self, connection: Connection, desk: str, students: Iterable[str]) -> bool:
        """Keep answers for one desk and let go of its others; False where another was quicker."""
        free = [*self._claims(), (_claims.c.desk == desk) | (_claims.c.until <= time.time())]
        connection.execute(delete(_claims).where(*free))
        until = time.time() + HELD
        rows = [{**self.here, "student": student, "desk": desk, "until": until} for student in students]
        try:
            with connection.begin_nested():
                connection.execute(_claims.insert(), rows)
        except IntegrityError:
            return False
        return True

    def let_go(self, connection: Connection, desks: Iterable[str]) -> None:
        """Let go of what these desks have open."""
        connection.execute(delete(_claims).where(*self._claims(), _claims.c.desk.in_(list(desks))))

    def _claims(self) -> list[Any]:
        return [_claims.c[name] == value for name, value in self.here.items()]


def digest_of(rubric: Sequence[RubricItem]) -> str:
    """Return what stands for a rubric: points given by one are no points of another."""
    return hashlib.sha256(json.dumps([[item.points, item.text] for item in rubric]).encode()).hexdigest()
