"""A gradebook that is opened again and again: for each step of each feedback page, and for each late notebook.

nbgrader makes a new one each time, with an engine of its own: its tables are looked for anew, and SQLAlchemy puts every
question anew into SQL, which takes longer than all else of a page.
"""

from __future__ import annotations

from functools import lru_cache

from nbgrader.api import Gradebook

from autograder.gradebook.ledger import Ledger


@lru_cache(maxsize=4)
def gradebook_at(db_url: str) -> Gradebook:
    """Return the gradebook at an address, to be used as ``with gradebook_at(db_url) as gradebook``, as often as needed.

    Leaving it closes its session and its connections, as nbgrader's own does; what it knows of SQL stays.
    """
    return Gradebook(db_url)


@lru_cache(maxsize=4)
def ledger_at(db_url: str) -> Ledger:
    """Return the ledger of that gradebook, to be used in the same way."""
    return Ledger(db_url)
