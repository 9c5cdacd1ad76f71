"""Each test begins without earlier answers: verdicts follow through from them."""

from __future__ import annotations

import pytest

from lrtutorial import checking


@pytest.fixture(autouse=True)
def no_earlier_answers(monkeypatch) -> None:
    for name in ("_evidence", "_verdicts", "_rungs"):
        monkeypatch.setattr(checking, name, {})
