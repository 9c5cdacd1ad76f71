"""A3 and A5 in a real JupyterLab: a student who errs, asks for hints, carries the error on, and mends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from autograder.hooks.skeletons import stub

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n(.*?)^[ \t]*### END SOLUTION", re.M | re.S)


class Student:
    """A released notebook, worked one cell at a time; cells are named as in the notebook."""

    def __init__(self, notebook: Callable, name: str, folder: Path) -> None:
        self.content = nbformat.read(ROOT / f"solutions/part_a/{name}.ipynb", as_version=4)
        for cell in self.content.cells:
            cell.source = BLOCK.sub(lambda match: stub(match[1], match[2]), cell.source)
        nbformat.write(self.content, folder / f"{name}.ipynb")
        self.order = [cell["id"] for cell in self.content.cells if cell.cell_type == "code"]
        self.page = notebook(f"part_a/{name}.ipynb", source=folder / f"{name}.ipynb")

    def says(self, cell: str) -> str:
        """What the cell shows now."""
        return self.page.output_text(self.order.index(cell))

    def runs(self, cell: str) -> str:
        """Run a cell; what it shows then."""
        self.page.run_cell(self.order.index(cell))
        return self.says(cell)

    def answers(self, step: str, source: str) -> str:
        """Type an answer, run it and the check below it; the verdict."""
        self.page.set_source(self.order.index(f"{step}-answer"), source)
        self.runs(f"{step}-answer")
        return self.runs(f"{step}-test")


@pytest.fixture
def student(notebook: Callable, tmp_path: Path) -> Callable[[str], Student]:
    """A student who opens the notebook of this name and runs all of it, untouched."""

    def opens(name: str) -> Student:
        one = Student(notebook, name, tmp_path)
        one.page.run_all()
        return one

    return opens


def test_a3_from_untouched_to_right_by_way_of_a_mistake(student: Callable) -> None:
    one = student("a3_rmsprop")
    assert "Unfinished" in one.says("a3-second_moment-test")
    assert "Find effective_lr first" in one.says("normalizes")

    verdict = one.answers("a3-second_moment", "second_moment = g**2 * (1 - beta**t) / (1 - beta)")
    assert "The weight (1−β) of each squared gradient is missing" in verdict
    assert "Counterexample" in verdict and "0 of 7" in verdict and "Hint" in verdict
    one.page.output(one.order.index("a3-second_moment-test")).scroll_into_view_if_needed()
    one.page.screenshot("a3-wrong")

    verdict = one.answers("a3-effective_lr", "effective_lr = eta / sqrt(g**2 * (1 - beta**t) / (1 - beta) + epsilon)")
    assert "Right method, applied to an earlier result" in verdict and "4.2 of 7" in verdict

    assert "✓ Right" in one.answers("a3-second_moment", "second_moment = Sum((1-beta)*beta**k*g**2, (k, 0, t-1))")
    assert "✓ Right" in one.answers("a3-effective_lr", 'effective_lr = "η/sqrt((1 - β^t)*g^2 + ε)"')
    assert "Could not read" in one.answers("a3-limit_lr", 'limit_lr = "import os"')
    assert "Negative for a negative gradient" in one.answers("a3-limit_lr", "limit_lr = eta / g")
    assert "✓ Right" in one.answers("a3-limit_lr", "limit_lr = eta / sqrt(g**2)")
    one.runs("normalizes")
    picture = one.page.output(one.order.index("normalizes")).locator("img")
    assert "3.16 η at the first step" in picture.get_attribute("alt")
    picture.scroll_into_view_if_needed()
    one.page.screenshot("a3-picture")
    assert one.page.page.locator('[data-mime-type*="error"]').count() == 0
    assert not one.page.errors()


def test_a5_line_by_line_then_to_the_rate(student: Callable) -> None:
    one = student("a5_optimal_rate")
    given = '"|1 - eta*lambda_max| < 1 and |1 - eta*lambda_min| < 1"'
    chains = '"-1 < 1 - eta*lambda_max < 1 and -1 < 1 - eta*lambda_min < 1"'
    products = '"0 < eta*lambda_max < 2 and 0 < eta*lambda_min < 2"'
    verdict = one.answers("a5-derivation", f'chain = [{given}, {chains}, {products}, "0 < η < 2/λ_min"]')
    assert "Line 4 follows from line 3, but says less" in verdict and "2 of 5" in verdict
    assert "⇒" in one.runs("chain-shown")
    one.page.output(one.order.index("chain-shown")).scroll_into_view_if_needed()
    one.page.screenshot("a5-derivation")
    verdict = one.answers("a5-derivation", f'chain = [{given}, {chains}, {products}, "0 < η < 2/λ_max"]')
    assert "✓ Right" in verdict and "5 of 5" in verdict

    assert "✓ Right" in one.answers("a5-condition", "condition = Abs(1 - eta*lambda_max) < 1")
    assert "the ones on both sides add up" in one.answers("a5-optimal_lr", "optimal_lr = 1 / (lambda_max + lambda_min)")
    assert "✓ Right" in one.answers("a5-optimal_lr", "optimal_lr = 2 / (lambda_max + lambda_min)")
    assert "✓ Right" in one.answers("a5-condition_number", "condition_number = lambda_max / lambda_min")
    assert "1 − 2/κ is the approximation" in one.answers("a5-rate", "rate = 1 - 2/kappa")
    assert "✓ Right" in one.answers("a5-rate", "rate = 1 - 2/(kappa + 1)")
    verdict = one.answers("a5-rate_100", "rate_100 = 0.98")
    assert "rounded too far" in verdict or "1.8 of 3" in verdict
    assert "✓ Right" in one.answers("a5-rate_100", "rate_100 = Rational(99, 101)")

    one.runs("factors")
    alt = one.page.output(one.order.index("factors")).locator("img").get_attribute("alt")
    assert "leaves 0.8182" in alt
    one.page.set_source(one.order.index("prediction"), "my_prediction = 50")
    one.runs("prediction")
    assert "You predicted 50" in one.runs("looking-back") and "116" in one.says("looking-back")
    one.page.output(one.order.index("explorer")).scroll_into_view_if_needed()
    one.page.screenshot("a5-explorer")
    assert one.page.output(one.order.index("explorer")).locator("canvas").count() >= 1
    assert not one.page.errors()
