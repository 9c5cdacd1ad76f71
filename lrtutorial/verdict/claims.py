"""Sentences that are checked before they are said.

A verdict says only what it has evaluated: each sentence with content is a :class:`Claim`, which carries the facts it
states and tests itself on them. One that fails is not said. What was said stays with the verdict
(:attr:`lrtutorial.verdict.Verdict.claims`), so that a test can evaluate it again with other arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Claim:
    """A sentence, what it states as data, and its test: ``holds()`` evaluates the facts anew."""

    words: str
    states: str  #: the sort of statement, such as ``"factor"``: what a test with other arithmetic goes by
    facts: Mapping[str, Any] = field(default_factory=dict)
    test: Callable[[], bool] = field(default=lambda: True, repr=False, compare=False)

    def holds(self) -> bool:
        """Say whether what the sentence states is so. A test that can't be carried out counts as failed."""
        try:
            return bool(self.test())
        except (ArithmeticError, ValueError):  # Undefined, Undecided or Unreadable: then it is not known
            return False


def first_that_holds(claims: Iterable[Claim]) -> Claim | None:
    """Return the first claim that passes its test, or None. Claims are made one by one: later ones may cost nothing."""
    return next((claim for claim in claims if claim.holds()), None)
