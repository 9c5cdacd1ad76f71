"""What a student's kernel measured in the notebooks of Part C, where tests/notebooks runs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lrtutorial.course import find_exercise
from tests.notebooks.conftest import ROOT, student  # noqa: F401 – a fixture
from tests.part_c import measured


@pytest.fixture(scope="session", autouse=True)
def measured_by_a_student(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the experiments of Part C's notebooks be run once in a session, there. Asked alone, the tests here run them.

    Each worker knows all that the others run: they agree.
    """
    if any(item.path.parent.name == "notebooks" for item in request.session.items):

        def of_the_notebook(exercise: str) -> dict[str, object]:
            path = ROOT / "notebooks" / "part_c" / f"{find_exercise(exercise).notebook}.ipynb"
            return request.getfixturevalue("student").gave(path)

        measured.of_the_notebook = of_the_notebook
    yield
    measured.of_the_notebook = None
