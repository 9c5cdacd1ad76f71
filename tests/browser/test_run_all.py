""" "Run all" in a real JupyterLab, one of each part: untouched, every answer right, one of them wrong.

tests/notebooks has all 16, run without a page. C2 is gone on with: a slider by keyboard, own words, the self-score.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lrtutorial.course import exercises
from tests.browser.conftest import LOST_WITH_THE_KERNEL, ROOT, NotebookPage
from tests.notebooks.conftest import WRONG, answered

CHOSEN = ("a4", "b1", "c2")
OWN_WORDS = " ".join(f"reason {number} by which momentum helps," for number in range(40))
DISTANT = ("a4", "c2")  # as on Binder: 150 ms to the kernel and back


def distance(socket: Any) -> None:
    """Let every message take 75 ms each way, in order."""
    server, loop = socket.connect_to_server(), asyncio.get_event_loop()
    socket.on_message(lambda message: loop.call_later(0.075, server.send, message))
    server.on_message(lambda message: loop.call_later(0.075, socket.send, message))


def release(name: str) -> Path:
    exercise = exercises()[name]
    return ROOT / "notebooks" / exercise.part / f"{exercise.notebook}.ipynb"


@pytest.mark.parametrize("name", CHOSEN)
def test_run_all_goes_through_in_order_and_each_verdict_is_below_its_cell(
    name: str, notebook: Callable[..., NotebookPage]
) -> None:
    exercise, path = exercises()[name], release(name)
    far: list[Any] = []
    wire = (lambda socket: (far.append(socket), distance(socket))) if name in DISTANT else None
    nb = notebook(f"{exercise.part}/{path.name}", source=path, wire=wire)
    assert bool(far) == (name in DISTANT)
    page = nb.page
    code = {how: [c for c in answered(path, how).cells if c.cell_type == "code"] for how in ("right", "wrong")}
    order = [cell["id"] for cell in code["right"]]
    tests = [f"{step.id}-test" for step in exercise.steps]

    def verdicts() -> dict[str, str]:
        """Run all cells; what each check says, after everything ran in order and nothing raised."""
        nb.run_all()
        counts = page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
                .filter(w => w.model.type === 'code').map(w => w.model.executionCount)"""
        )
        assert counts == list(range(1, len(order) + 1))
        assert page.locator('[data-mime-type*="error"]').count() == 0
        return {test: nb.output_text(order.index(test)) for test in tests}

    for test, said in verdicts().items():
        assert "Unfinished" in said, (test, said)
    nb.restart_kernel()
    for index, one in enumerate(code["wrong"]):
        if one["id"].endswith("-answer"):
            nb.set_source(index, one.source)
    said = verdicts()
    cell, _, says = WRONG[name]
    if exercise.part == "part_c":
        assert all("Noted" in text for text in said.values()), said
        said["compare"] = nb.output_text(order.index("compare"))
    wrong = "compare" if exercise.part == "part_c" else cell.replace("-answer", "-test")
    assert re.search(says, said[wrong])
    if exercise.part != "part_c":  # where the first prediction counts
        assert all(("✓ Right" in text) == (test != wrong) for test, text in said.items())
        mended = order.index(cell)
        nb.set_source(mended, code["right"][mended].source)
        nb.run_from(mended)
        assert page.locator('[data-mime-type*="error"]').count() == 0
        for test in tests:
            assert "✓ Right" in nb.output_text(order.index(test)), test
    if name == "c2":
        slide_write_and_score_oneself(nb, order)
    assert set(nb.errors()) <= {LOST_WITH_THE_KERNEL}


def slide_write_and_score_oneself(nb: NotebookPage, order: list[str]) -> None:
    """What a reader of C2 does below the comparison."""
    page = nb.page
    slide = nb.output(order.index("ravine-slider"))
    assert "momentum 0.9 at rate" in slide.locator("img").get_attribute("alt")
    slider = slide.locator(".noUi-handle, input[type=range]").first
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-OutputArea img')]"
        ".some(image => image.alt.includes('momentum 0.95 at'))"
    )

    assert "One good answer" not in nb.output_text(order.index("reveal"))
    page.evaluate(
        """words => window.jupyterapp.shell.currentWidget.content.widgets
            .find(w => w.model.id === 'c2-written').model.sharedModel.setSource(words)""",
        OWN_WORDS,
    )
    nb.save()
    nb.run_cell(order.index("reveal"))
    revealed = nb.output(order.index("reveal"))
    assert "One good answer" in revealed.inner_text()
    for line, points in ((0, "2 of 2"), (3, "2 of 3")):
        revealed.locator("select").nth(line).select_option(label=points)
    page.wait_for_function("() => document.body.innerText.includes('Your own score: 4 of 10')")
    revealed.scroll_into_view_if_needed()
    nb.screenshot("part-c-self-score")
    pictures = page.locator(".jp-OutputArea img")
    assert pictures.count() >= 5
    assert all(len(pictures.nth(i).get_attribute("alt") or "") > 60 for i in range(pictures.count()))
