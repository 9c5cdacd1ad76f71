"""Part C in a real JupyterLab: sliders by keyboard, the self-score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
SOLUTION = ROOT / "solutions/part_c/c2_momentum_intuition.ipynb"


def code_index(identifier: str) -> int:
    cells = [cell["id"] for cell in nbformat.read(SOLUTION, as_version=4).cells if cell.cell_type == "code"]
    return cells.index(identifier)


def test_predict_slide_write_and_score_oneself(notebook: Callable) -> None:
    nb = notebook("part_c/c2_momentum_intuition.ipynb", source=SOLUTION)
    page = nb.page
    nb.run_all()
    assert "4 of 4 right" in nb.output_text(code_index("compare"))

    picture = nb.output(code_index("ravine-slider")).locator("img")
    assert "momentum 0.9 at rate" in picture.get_attribute("alt")
    slider = nb.output(code_index("ravine-slider")).locator(".noUi-handle, input[type=range]").first
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-OutputArea img')]"
        ".some(image => image.alt.includes('momentum 0.95 at'))"
    )

    revealed = nb.output(code_index("reveal"))
    assert "One good answer" in revealed.inner_text()
    for line, points in ((0, "2 of 2"), (3, "2 of 3")):
        revealed.locator("select").nth(line).select_option(label=points)
    page.wait_for_function("() => document.body.innerText.includes('Your own score: 4 of 10')")
    revealed.scroll_into_view_if_needed()
    nb.screenshot("part-c-self-score")
    pictures = page.locator(".jp-OutputArea img")
    assert pictures.count() >= 5
    assert all(len(pictures.nth(i).get_attribute("alt") or "") > 60 for i in range(pictures.count()))
