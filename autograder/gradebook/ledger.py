"""What grading found, beside the gradebook's scores: tables of our own in the gradebook's database.

``lr_verdict`` has one row for each graded test cell; ``lr_submission`` one for each submitted notebook: its status
(graded, graded with repairs, rejected, failed), why, and how well its jail held. ``lr_history`` keeps every change of
a verdict, and is only ever added to. ``lr_answer`` knows which answer a grader's hand grade was given for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    func,
    inspect,
    select,
)
from sqlalchemy.engine import Connection, Engine

from autograder.gradebook.database import patient, reading
from autograder.gradebook.fingerprint import changes
from autograder.gradebook.result import LOST
from lrtutorial.verdict import Verdict

STATUSES = ("graded", "graded with repairs", *LOST)
FIRST = "first graded"
BEFORE_HISTORY = "graded before a history was kept"
_metadata = MetaData()
_verdicts = Table(
    "lr_verdict", _metadata,
    Column("assignment", String(128), primary_key=True), Column("student", String(128), primary_key=True),
    Column("step", String(128), primary_key=True), Column("notebook", String(128)), Column("points", Float),
    Column("possible", Float), Column("status", String(32)), Column("misconception", String(128)),
    Column("headline", Text), Column("verdict", Text), Column("graded_at", String(40)),
)  # fmt: skip
_submissions = Table(
    "lr_submission",
    _metadata,
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("notebook", String(128), primary_key=True),
    Column("status", String(32)),
    Column("reason", Text),
    Column("jail", Text),
    Column("graded_at", String(40)),
)
_fingerprints = Table(
    "lr_fingerprint",
    _metadata,
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("notebook", String(128), primary_key=True),
    Column("fingerprint", String(64)),
)
_answers = Table(
    "lr_answer",
    _metadata,
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("notebook", String(128), primary_key=True),
    Column("cell", String(128), primary_key=True),
    Column("digest", String(64)),
    Column("possible", Float),
)
_history = Table(
    "lr_history", _metadata,
    Column("id", Integer, primary_key=True), Column("assignment", String(128)), Column("student", String(128)),
    Column("notebook", String(128)), Column("step", String(128)), Column("at", String(40)), Column("why", Text),
    Column("fingerprint", String(64)),
    Column("points_before", Float), Column("possible_before", Float), Column("status_before", String(32)),
    Column("misconception_before", String(128)), Column("headline_before", Text),
    Column("points", Float), Column("possible", Float), Column("status", String(32)),
    Column("misconception", String(128)), Column("headline", Text),
    Index("lr_history_notebook", "assignment", "student", "notebook"),
)  # fmt: skip
REASONS = {
    "submission": "the submission changed",
    "release": "the release changed",
    "secret": "the course secret changed",
    "checking": "the checks changed",
}
KEPT = ("points", "possible", "status", "misconception", "headline")  #: of a verdict, before and after
Row = dict[str, Any]  #: of a table, by column


class Ledger:
    """The companion tables of one gradebook. ``db_url`` is nbgrader's, SQLite or PostgreSQL.

    The tables are made when something is first written, those that an older gradebook lacks among them.
    ``readonly`` opens a database that stays as it is to the byte; raises FileNotFoundError when there is none.
    """

    def __init__(self, db_url: str, *, readonly: bool = False):
        self.engine: Engine = reading(db_url) if readonly else create_engine(patient(db_url))
        self._made = False

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def write(
        self, assignment: str, student: str, notebook: str, verdicts: list[Verdict], *,
        status: str = "graded", reason: str = "", jail: dict[str, Any] | None = None, fingerprint: str = "",
        answers: Mapping[str, tuple[str, float]] | None = None,
    ) -> None:  # fmt: skip
        """Replace everything known of one submitted notebook, in one transaction. Raises ValueError for a bad status.

        ``fingerprint`` stands for what was graded; without one the notebook is graded again on the next run. What
        changes in a verdict is added to the history, with what of the fingerprint changed as the reason. ``answers``
        is {cell: (digest of the answer, points possible)}; without it those of the last time stay.
        """
        if status not in STATUSES:
            raise ValueError(f"unknown status {status!r}; expected one of {', '.join(STATUSES)}")
        if not self._made:
            _metadata.create_all(self.engine)
            self._made = True
        now = datetime.now(UTC).isoformat(timespec="seconds")
        here = {"assignment": assignment, "student": student, "notebook": notebook}
        rows = [{
            **here, "step": v.step, "points": v.points, "possible": v.possible, "status": v.status,
            "misconception": v.misconception, "headline": _storable(v.headline),
            "verdict": _storable(json.dumps(v.as_data(), ensure_ascii=False)), "graded_at": now,
        } for v in verdicts]  # fmt: skip
        with self.engine.begin() as connection:
            again = (
                connection.execute(select(_submissions.c.status).where(*_is(_submissions, here))).first() is not None
            )
            earlier = _earlier(connection, here, again)
            if earlier or rows:
                _remember(connection, here, earlier, rows, fingerprint, now)
            replaced = (_verdicts, _submissions, _fingerprints, *([_answers] if answers is not None else []))
            for table in replaced if again else ():
                connection.execute(delete(table).where(*_is(table, here)))
            connection.execute(
                _submissions.insert(),
                {**here, "status": status, "reason": _storable(reason), "jail": json.dumps(jail), "graded_at": now},
            )
            if fingerprint:
                connection.execute(_fingerprints.insert(), {**here, "fingerprint": fingerprint})
            if rows:
                connection.execute(_verdicts.insert(), rows)
            if answers:
                connection.execute(
                    _answers.insert(),
                    [
                        {**here, "cell": cell, "digest": digest, "possible": possible}
                        for cell, (digest, possible) in answers.items()
                    ],
                )

    def forget(self, assignment: str, student: str, notebook: str) -> None:
        """Take out what is known of a notebook that is no longer handed in; the history stays."""
        here = {"assignment": assignment, "student": student, "notebook": notebook}
        present = set(inspect(self.engine).get_table_names())
        with self.engine.begin() as connection:
            for table in (_verdicts, _submissions, _fingerprints, _answers):
                if table.name in present:
                    connection.execute(delete(table).where(*_is(table, here)))

    def verdicts(
        self, assignment: str | None = None, student: str | None = None, notebook: str | None = None
    ) -> list[Row]:
        """Return one dictionary for each judged step, in order of assignment, student and step."""
        return self._rows(_verdicts, assignment=assignment, student=student, notebook=notebook)

    def submissions(
        self, assignment: str | None = None, student: str | None = None, notebook: str | None = None
    ) -> list[Row]:
        """Return one dictionary for each submitted notebook, in order of assignment, student and notebook."""
        return self._rows(_submissions, assignment=assignment, student=student, notebook=notebook)

    def fingerprints(self, assignment: str) -> dict[tuple[str, str], str]:
        """Return {(student, notebook): fingerprint} of what was graded to the end."""
        rows = self._rows(_fingerprints, assignment=assignment)
        return {(row["student"], row["notebook"]): row["fingerprint"] for row in rows}

    def answers(
        self, assignment: str, student: str | None = None, notebook: str | None = None
    ) -> dict[tuple[str, str, str], tuple[str, float]]:
        """Return {(student, notebook, cell): (digest of the answer, points possible)} as last graded."""
        rows = self._rows(_answers, assignment=assignment, student=student, notebook=notebook)
        return {(row["student"], row["notebook"], row["cell"]): (row["digest"], row["possible"]) for row in rows}

    def history(self, assignment: str | None = None, student: str | None = None, *, after: int = 0) -> list[Row]:
        """Return every change of a verdict, the oldest first: before, after, when (``at``, UTC) and ``why``.

        A verdict's first row has no ``..._before``. ``after`` leaves out rows up to that ``id``.
        """
        return self._rows(_history, after, assignment=assignment, student=student)

    def last_change(self) -> int:
        """Return the ``id`` of the newest row of the history, 0 when there is none."""
        if not inspect(self.engine).has_table(_history.name):
            return 0
        with self.engine.connect() as connection:
            return connection.execute(select(func.max(_history.c.id))).scalar() or 0

    def _rows(self, table: Table, after: int = 0, **where: str | None) -> list[Row]:
        if not self._made and not inspect(self.engine).has_table(table.name):
            return []
        query = select(table).where(*_is(table, where)).order_by(*table.primary_key.columns)
        if after:
            query = query.where(table.c.id > after)
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]


def reason_for(before: str | None, now: str) -> str:
    """Return why a notebook is graded again, from its fingerprints (``before`` is None when none was kept)."""
    if not now:
        return "graded by nbgrader autograde"
    if before is None:
        return "graded before by nbgrader autograde, or not to the end"
    return "; ".join(REASONS[part] for part in changes(before, now)) or "graded again as it was"


def _is(table: Table, where: Mapping[str, str | None]) -> list[Any]:
    return [table.c[name] == value for name, value in where.items() if value is not None]


def _storable(text: str) -> str:
    """A student's words may hold what a database refuses: NUL (PostgreSQL), half a surrogate pair (both)."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


# ----------------------------------------------------------------------------------------------- the history


def _earlier(connection: Connection, here: Mapping[str, str], again: bool) -> dict[str, Row]:
    """Return the last known verdict of each step, from the history; from before there was one, it is entered now.

    ``again``: whether anything is known of the notebook but its history.
    """
    query = select(_history).where(*_is(_history, here)).order_by(_history.c.id)
    latest = {row.step: {name: row._mapping[name] for name in KEPT} for row in connection.execute(query)}
    known = connection.execute(select(_verdicts).where(*_is(_verdicts, here))) if again else ()
    older = [dict(row._mapping) for row in known if row.step not in latest]
    if older:
        _add(connection, [
            {**here, "step": row["step"], "at": row["graded_at"], "why": BEFORE_HISTORY, "fingerprint": "",
             **{name: row[name] for name in KEPT}, **{f"{name}_before": None for name in KEPT}}
            for row in older
        ])  # fmt: skip
    return latest | {row["step"]: {name: row[name] for name in KEPT} for row in older}


def _remember(
    connection: Connection,
    here: Mapping[str, str],
    earlier: Mapping[str, Mapping[str, object]],
    rows: list[Row],
    fingerprint: str,
    now: str,
) -> None:
    """Add what differs from the last known verdicts. A run that did not finish has none, and changes nothing."""
    changed = [row for row in rows if any(row[name] != earlier.get(row["step"], {}).get(name) for name in KEPT)]
    if not changed:
        return
    was = select(_fingerprints.c.fingerprint).where(*_is(_fingerprints, here))
    why = reason_for(connection.execute(was).scalar(), fingerprint) if earlier else FIRST
    _add(connection, [
        {**here, "step": row["step"], "at": now, "fingerprint": fingerprint,
         "why": why if row["step"] in earlier else FIRST,
         **{name: row[name] for name in KEPT},
         **{f"{name}_before": earlier.get(row["step"], {}).get(name) for name in KEPT}}
        for row in changed
    ])  # fmt: skip


def _add(connection: Connection, rows: list[dict[str, object]]) -> None:
    connection.execute(_history.insert(), rows)
