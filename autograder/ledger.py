"""What grading found, beside the gradebook's scores: two tables of our own in the gradebook's database.

``lr_verdict`` has one row for each graded test cell; ``lr_submission`` one for each submitted notebook: its status
(graded, graded with repairs, rejected, failed), why, and how well its jail held.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Float, MetaData, String, Table, Text, create_engine, delete, select
from sqlalchemy.engine import Engine

from lrtutorial.verdict import Verdict

STATUSES = ("graded", "graded with repairs", "rejected", "failed")
_metadata = MetaData()
_verdicts = Table(
    "lr_verdict", _metadata,
    Column("assignment", String(128), primary_key=True), Column("student", String(128), primary_key=True),
    Column("step", String(128), primary_key=True), Column("notebook", String(128)), Column("points", Float),
    Column("possible", Float), Column("status", String(32)), Column("misconception", String(128)),
    Column("headline", Text), Column("verdict", Text), Column("graded_at", String(40)),
)  # fmt: skip
_submissions = Table(
    "lr_submission", _metadata,
    Column("assignment", String(128), primary_key=True), Column("student", String(128), primary_key=True),
    Column("notebook", String(128), primary_key=True), Column("status", String(32)), Column("reason", Text),
    Column("jail", Text), Column("graded_at", String(40)),
)  # fmt: skip
_fingerprints = Table(
    "lr_fingerprint", _metadata,
    Column("assignment", String(128), primary_key=True), Column("student", String(128), primary_key=True),
    Column("notebook", String(128), primary_key=True), Column("fingerprint", String(64)),
)  # fmt: skip


class Ledger:
    """The companion tables of one gradebook. ``db_url`` is nbgrader's, SQLite or PostgreSQL."""

    def __init__(self, db_url: str):
        arguments = {"timeout": 60} if db_url.startswith("sqlite") else {}
        self.engine: Engine = create_engine(db_url, connect_args=arguments)
        _metadata.create_all(self.engine)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def write(
        self, assignment: str, student: str, notebook: str, verdicts: list[Verdict], *,
        status: str = "graded", reason: str = "", jail: dict[str, Any] | None = None, fingerprint: str = "",
    ) -> None:  # fmt: skip
        """Replace everything known of one submitted notebook, in one transaction. Raises ValueError for a bad status.

        ``fingerprint`` stands for what was graded; without one the notebook is graded again on the next run.
        """
        if status not in STATUSES:
            raise ValueError(f"unknown status {status!r}; expected one of {', '.join(STATUSES)}")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        here = {"assignment": assignment, "student": student, "notebook": notebook}
        with self.engine.begin() as connection:
            for table in (_verdicts, _submissions, _fingerprints):
                connection.execute(delete(table).where(*(table.c[name] == value for name, value in here.items())))
            connection.execute(
                _submissions.insert(),
                {**here, "status": status, "reason": reason, "jail": json.dumps(jail), "graded_at": now},
            )
            if fingerprint:
                connection.execute(_fingerprints.insert(), {**here, "fingerprint": fingerprint})
            if verdicts:
                connection.execute(_verdicts.insert(), [{
                    **here, "step": v.step, "points": v.points, "possible": v.possible, "status": v.status,
                    "misconception": v.misconception, "headline": v.headline,
                    "verdict": json.dumps(v.as_data(), ensure_ascii=False), "graded_at": now,
                } for v in verdicts])  # fmt: skip

    def verdicts(self, assignment: str | None = None) -> list[dict[str, Any]]:
        """Return one dictionary for each judged step, in order of assignment, student and step."""
        return self._rows(_verdicts, assignment)

    def submissions(self, assignment: str | None = None) -> list[dict[str, Any]]:
        """Return one dictionary for each submitted notebook, in order of assignment, student and notebook."""
        return self._rows(_submissions, assignment)

    def fingerprints(self, assignment: str) -> dict[tuple[str, str], str]:
        """Return {(student, notebook): fingerprint} of what was graded to the end."""
        return {(row["student"], row["notebook"]): row["fingerprint"] for row in self._rows(_fingerprints, assignment)}

    def _rows(self, table: Table, assignment: str | None) -> list[dict[str, Any]]:
        query = select(table).order_by(*table.primary_key.columns)
        if assignment is not None:
            query = query.where(table.c.assignment == assignment)
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]
