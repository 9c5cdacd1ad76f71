"""Each test begins without earlier answers: verdicts follow through from them."""

from __future__ import annotations

import pytest

from lrtutorial import checking
from lrtutorial.session import Session


@pytest.fixture(autouse=True)
def no_earlier_answers(monkeypatch) -> None:
    monkeypatch.setattr(checking, "HERE", Session())
