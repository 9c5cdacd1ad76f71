"""Working B2 as a student does: a wrong answer, its verdict, then a right one, in a real JupyterLab.

The same in Part A: test_part_a.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from autograder.cells import answer_cells, without_markers
from autograder.demo.students import ADAM

ROOT = Path(__file__).resolve().parents[2]


class Worked:
    """A released notebook open in JupyterLab, its code cells found by id."""

    def __init__(self, notebook: Callable[..., Any], part: str, name: str) -> None:
        source = ROOT / "notebooks" / part / f"{name}.ipynb"
        cells = nbformat.read(source, as_version=4).cells
        self.code = [cell.id for cell in cells if cell.cell_type == "code"]
        self.right = {
            grade_id: without_markers(cell)
            for grade_id, cell in answer_cells(
                nbformat.read(ROOT / "solutions" / part / f"{name}.ipynb", as_version=4)
            ).items()
        }
        self.page = notebook(f"{part}/{name}.ipynb", source=source)
        self.page.run_all()

    def answer(self, step: str, source: str | None = None) -> str:
        """Write an answer (the solution's, when none is given), run it and its check; return the verdict's text."""
        index = self.code.index(f"{step}-answer")
        self.page.set_source(index, self.right[f"{step}-answer"] if source is None else source)
        self.page.run_cell(index)
        return self.check(step)

    def check(self, step: str) -> str:
        """Run a check and return what it shows."""
        index = self.code.index(f"{step}-test")
        self.page.run_cell(index)
        self.page.output(index).locator(".lr-verdict").wait_for()
        return str(self.page.output_text(index))

    def picture(self, step: str, name: str) -> None:
        """Keep a screenshot of a verdict."""
        output = self.page.output(self.code.index(f"{step}-test"))
        output.scroll_into_view_if_needed()
        self.page.screenshot(name)

    def errors(self) -> list[str]:
        """Return every traceback on the page."""
        return [error.inner_text() for error in self.page.page.locator('[data-mime-type*="error"]').all()]


def test_b2_wrong_then_right(notebook: Callable[..., Any]) -> None:
    work = Worked(notebook, "part_b", "b2_adam")
    assert work.errors() == []
    assert "Unfinished" in work.check("b2")

    said = work.answer("b2", ADAM.replace("(np.sqrt(v_hat) + self.eps)", "np.sqrt(v_hat + self.eps)"))
    assert "of 20 points" in said and "20 of 20" not in said
    assert "Counterexample" in said and "expected" in said
    assert work.page.output(work.code.index("b2-test")).locator("svg[role=img]").count() == 1
    work.picture("b2", "b2-wrong")
    said = work.answer("b2", ADAM.replace("self.m[i] = ", "self.momentum[i] = "))
    assert "AttributeError" in said and "line 11" in said
    work.picture("b2", "b2-exception")
    assert "20 of 20 points" in work.answer("b2")
    work.picture("b2", "b2-right")
    assert work.errors() == []
