"""Each test begins without earlier answers: verdicts follow through from them."""

from __future__ import annotations

import pytest

from lrtutorial.answers.session import HERE


@pytest.fixture(autouse=True)
def no_earlier_answers() -> None:
    HERE.forget()
