"""A slider over pictures, as it lies in a saved notebook, in a page that has no kernel: mouse and keyboard move it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ipywidgets.embed import dependency_state, embed_data
from playwright.sync_api import Browser

from lrtutorial.experiments import results
from lrtutorial.experiments.c2_momentum_intuition import ravine
from lrtutorial.experiments.frames import Frames

EXPLORERS = Path(__file__).resolve().parents[2] / "book" / "_static" / "explorers.js"


def test_a_saved_slider_moves_without_a_kernel(chromium: Browser, tmp_path: Path, monkeypatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    results.slide(ravine, "momentum β", [0.0, 0.5, 0.9], start=0.5)
    (slider,) = [each for each in shown if isinstance(each, Frames)]
    data = embed_data(views=[slider], state=dependency_state([slider], drop_defaults=False), drop_defaults=False)
    (view,) = data["view_specs"]
    path = tmp_path / "page.html"
    path.write_text(
        "<!doctype html><html lang='en'><title>saved</title><main>"
        f"<script type='application/vnd.jupyter.widget-state+json'>{json.dumps(data['manager_state'])}</script>"
        f"<script type='application/vnd.jupyter.widget-view+json'>{json.dumps(view)}</script>"
        f"</main><script>{EXPLORERS.read_text(encoding='utf-8')}</script></html>",
        encoding="utf-8",
    )
    context = chromium.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(path.as_uri())
    image, control = page.locator(".lr-frames img"), page.get_by_role("slider", name="momentum β")
    control.wait_for()
    assert "momentum 0.5 at rate" in (image.get_attribute("alt") or "")
    assert control.get_attribute("aria-valuetext") == "0.5"
    assert image.evaluate("async e => { await e.decode(); return e.naturalWidth; }") > 300
    control.focus()
    control.press("ArrowRight")
    assert "momentum 0.9 at rate" in (image.get_attribute("alt") or "")
    control.press("Home")
    assert "momentum 0.0 at rate" in (image.get_attribute("alt") or "")
    box = control.bounding_box()
    assert box is not None and box["height"] >= 24  # a finger finds it
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    assert page.locator(".lr-frames output").inner_text() == "0.9"
    assert faults == []
    page.screenshot(path=tmp_path / "slider.png")
    context.close()


def test_a_slider_that_begins_at_no_value_is_refused_with_what_it_has() -> None:
    with pytest.raises(ValueError, match=r"expected a start out of \[0.0, 0.5\]; got 0.7"):
        results.slide(ravine, "momentum β", [0.0, 0.5], start=0.7)
