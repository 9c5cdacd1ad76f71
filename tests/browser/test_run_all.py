""" "Run all" in a real JupyterLab: untouched, every answer right, one of them wrong. tests/notebooks has all 16."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from lrtutorial.course import exercises
from tests.browser.conftest import LOST_WITH_THE_KERNEL, ROOT
from tests.notebooks.conftest import WRONG, answered

CHOSEN = ("a2", "a4", "b1", "b5", "c2")
DISTANT = ("a4", "c2")  # as on Binder: 150 ms to the kernel and back


def distance(socket: Any) -> None:
    """Let every message take 75 ms each way, in order."""
    server, loop = socket.connect_to_server(), asyncio.get_event_loop()
    socket.on_message(lambda message: loop.call_later(0.075, server.send, message))
    server.on_message(lambda message: loop.call_later(0.075, socket.send, message))


@pytest.mark.parametrize("name", CHOSEN)
def test_run_all_goes_through_in_order_and_each_verdict_is_below_its_cell(
    name: str, notebook: Callable, page: Page
) -> None:
    if name in DISTANT:
        page.route_web_socket(re.compile(r"/channels"), distance)
    exercise = exercises()[name]
    path = ROOT / "notebooks" / exercise.part / f"{exercise.notebook}.ipynb"
    nb = notebook(f"{exercise.part}/{path.name}", source=path)
    code = {how: [c for c in answered(path, how).cells if c.cell_type == "code"] for how in ("right", "wrong")}
    order = [cell["id"] for cell in code["right"]]
    tests = [f"{step.id}-test" for step in exercise.steps]

    def verdicts() -> dict[str, str]:
        """Run all cells; what each check says, after everything ran in order and nothing raised."""
        nb.run_all(240)
        counts = page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
                .filter(w => w.model.type === 'code').map(w => w.model.executionCount)"""
        )
        assert counts == list(range(1, len(order) + 1))
        assert page.locator('[data-mime-type*="error"]').count() == 0
        return {test: nb.output_text(order.index(test)) for test in tests}

    def answers(how: str) -> dict[str, str]:
        """Type the answers, restart the kernel and run all."""
        nb.restart_kernel()
        for index, cell in enumerate(code[how]):
            if cell["id"].endswith("-answer"):
                nb.set_source(index, cell.source)
        return verdicts()

    for test, said in verdicts().items():
        assert "Unfinished" in said, (test, said)
    for test, said in answers("right").items():
        assert "Noted" in said if exercise.part == "part_c" else "✓ Right" in said, (test, said)
    cell, _, says = WRONG[name]
    said = answers("wrong")
    if exercise.part == "part_c":
        said["compare"] = nb.output_text(order.index("compare"))
    wrong = "compare" if exercise.part == "part_c" else cell.replace("-answer", "-test")
    assert re.search(says, said[wrong])
    assert exercise.part == "part_c" or all(("✓ Right" in text) == (test != wrong) for test, text in said.items())
    assert set(page.errors) <= {LOST_WITH_THE_KERNEL}  # type: ignore[attr-defined]
    nb.output(order.index(wrong)).scroll_into_view_if_needed()
    nb.screenshot(f"run-all-{name}")
