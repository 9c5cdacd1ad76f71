"""The pad for sketches in a real JupyterLab: drawn by mouse and by keys, kept in the notebook, read by grading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import axe_playwright_python
import nbformat
from playwright.sync_api import Page, expect

from autograder.intake.reading import first_predictions
from lrtutorial.course import find_step
from lrtutorial.course.exercise import COMMITTED
from lrtutorial.kinds import prediction

STEP = find_step("c2-sketch_1")
CELLS = [
    "from lrtutorial import check, compare, draw\nfrom lrtutorial.experiments import c2_momentum_intuition as c2",
    'sketch_1 = draw("c2-sketch_1")\nwhy_sketch_1 = "Both overshoot across the ravine, momentum more."',
    'check("c2-sketch_1", sketch_1)',
    "c2.tuned_ravine()",
]


def stroke(page: Page, heights: list[float]) -> None:
    """Draw through shares of the axis with the mouse, from the first point to the last."""
    sheet = page.locator(".lrs-sheet")
    sheet.scroll_into_view_if_needed()
    boxes = [page.locator(".lrs-handle").nth(i).bounding_box() for i in range(len(heights))]
    axis = page.locator(".lrs-axis").bounding_box()
    path = [
        (box["x"] + box["width"] / 2, axis["y"] + (1 - share) * axis["height"])
        for box, share in zip(boxes, heights, strict=True)
    ]
    page.mouse.move(*path[0])
    page.mouse.down()
    for place in path[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def drawn(page: Page) -> dict[str, list[float | None]]:
    line = page.locator(".lrs-code").input_value()
    return json.loads(line.removeprefix("sketch_1 = ").replace("None", "null"))


def test_a_sketch_is_drawn_by_mouse_and_by_keys_and_kept_in_the_notebook(notebook: Callable) -> None:
    nb = notebook("sketch.ipynb", cells=CELLS)
    page = nb.page
    nb.run_all()
    assert "Nothing is drawn on the pad yet" in nb.output_text(2)
    assert "First commit yourself" in nb.output_text(3) and "sketch_1" in nb.output_text(3)

    stroke(page, [0.6, 0.4, 0.6, 0.4, 0.6, 0.4, 0.6])  # plain descent, by mouse
    plain = drawn(page)["plain"]
    assert [height > 0 for height in plain] == [True, False, True, False, True, False, True]

    page.get_by_label("momentum").focus()  # the other curve, by keys alone
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    for i, (key, presses) in enumerate([("ArrowUp", 4), ("ArrowDown", 12), ("ArrowUp", 20)]):
        expect(page.locator(".lrs-handle").nth(i)).to_be_focused()
        for _ in range(presses):
            page.keyboard.press(key)
        page.keyboard.press("ArrowRight")
    for _ in range(4):
        page.keyboard.press("PageDown")
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    expect(page.locator(".lrs-handle").first).to_be_focused()
    momentum = drawn(page)["momentum"]
    assert momentum[0] == 1 and momentum[1] == -2 and momentum[2] == 3 and None not in momentum
    expect(page.locator(".lrs-live")).to_contain_text("All points are drawn")
    assert page.locator(".lrs-handle").first.get_attribute("aria-valuetext") == "1"

    nb.screenshot("sketch-pad", page.locator(".lrs"))
    page.evaluate(Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run('.lrs', {resultTypes: ['violations']})")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    sizes = page.locator(".lrs").evaluate(
        "e => [...e.querySelectorAll('button, .lrs-handle, label')].map(x => x.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 44

    nb.run_cell(2)
    expect(nb.output(2)).to_contain_text("Committed.")
    told = {"plain": plain, "momentum": momentum}
    nb.restart_kernel()
    saved = nbformat.read(nb.save(), as_version=4)
    check = saved.cells[2].outputs[0].data
    assert check[COMMITTED]["value"] == told and check[COMMITTED]["at"]
    assert first_predictions(json.loads(json.dumps(saved.cells[2].outputs)))[0].data[COMMITTED]["value"] == told
    first = prediction.first_of(STEP, check[COMMITTED])
    assert first is not None and first["why"].startswith("Both overshoot")
    assert not nb.errors()


def test_a_pad_that_was_saved_shows_its_drawing_and_can_be_drawn_on_again(notebook: Callable) -> None:
    nb = notebook("sketch_again.ipynb", cells=CELLS[:2])
    page = nb.page
    nb.run_all()
    stroke(page, [0.6, 0.4, 0.6, 0.4, 0.6, 0.4, 0.6])
    before = drawn(page)
    nb.run_cell(1)  # the cell that makes the pad, once more
    expect(page.locator(".lrs-code")).to_have_value(f"sketch_1 = {json.dumps(before).replace('null', 'None')}")
    nb.save()
    nb.open_instead(nb.path)
    expect(page.locator(".lrs-code")).to_be_visible()
    assert drawn(page) == before
    stroke(page, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    assert drawn(page)["plain"] != before["plain"]
