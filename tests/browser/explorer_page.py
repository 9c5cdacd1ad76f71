"""An explorer on a page, for tests in every place that shows one: what it draws, what is in sight, a finger's drag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python
import numpy as np
from playwright.sync_api import Locator, Page

from lrtutorial.explorer.recurrences import trajectories
from lrtutorial.problems import get_problem, rotated_quadratic

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
IN_SIGHT = """(root, selectors) => selectors.flatMap(s => [...root.querySelectorAll(s)]).filter(e => {
    const box = e.getBoundingClientRect();
    const at = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    const outside = box.top < 0 || box.bottom > innerHeight || box.left < 0 || box.right > innerWidth;
    return outside || !e.contains(at) && !at?.contains(e);
}).map(e => e.className + (e.dataset.key ?? ""))"""


SETTLED = """(root, seconds) => new Promise(done => {
    const until = performance.now() + 1000 * seconds;
    const look = () => {
        const drawn = root.explorer.drawn(), runs = Object.values(drawn.runs);
        if (runs.length && runs.every(run => run.fresh) || performance.now() > until) done(drawn);
        else setTimeout(() => requestAnimationFrame(look), 50);
    };
    look();
})"""
PIXELS = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Uint32Array(data.buffer).reduce((sum, pixel) => Math.imul(sum, 31) + pixel | 0, 0);
}"""


class Shown:
    """An explorer on the page: what it draws, its sliders, and what Python says it should draw."""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page, self.root = page, root
        root.locator("canvas").first.wait_for()
        self.settled()

    def drawn(self) -> dict[str, Any]:
        """The numbers behind the picture."""
        return self.root.evaluate("root => root.explorer.drawn()")

    def settled(self, seconds: float = 300.0) -> dict[str, Any]:
        """The picture once every run in it belongs to the present values; the page itself looks, from time to time."""
        self.next_frame()
        drawn = self.root.evaluate(SETTLED, seconds)
        assert drawn["runs"] and all(run["fresh"] for run in drawn["runs"].values()), f"still waiting for {drawn}"
        return drawn

    def ready(self) -> None:
        """Wait until the kernel has sent all sweeps for the present values, so that any slider moves at once."""
        self.page.wait_for_function("root => root.explorer.ready()", arg=self.root.element_handle())

    def slider(self, key: str) -> Locator:
        return self.root.locator(f"input[data-key={key}]")

    def move_to(self, key: str, position: int) -> None:
        """Move a slider in one go, as a click on its groove does."""
        self.slider(key).evaluate(
            """(input, value) => {
                input.value = value;
                input.dispatchEvent(new Event('input', {bubbles: true}));
                return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())));
            }""",
            position,
        )

    def next_frame(self) -> None:
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
        )

    def pixels(self, view: str = "contour") -> int:
        """What the canvas shows, as a number to compare."""
        return self.root.locator(f".lrx-{view} canvas").evaluate(PIXELS)


def expected(optimizer: str, values: dict[str, float], problem: str = "bowl", steps: int = 50) -> np.ndarray:
    """x, y, loss for every step, computed here."""
    turned = problem == "rotated"
    chosen = rotated_quadratic(values["kappa"], values["angle"]) if turned else get_problem(problem)
    h = {k.removeprefix(f"{optimizer}_"): v for k, v in values.items() if k.startswith(f"{optimizer}_")}
    run = trajectories(optimizer, chosen, [[values["start_x"], values["start_y"]]], {**h, "eps": 1e-8}, steps)[0]
    return np.concatenate([run, chosen.gap(run)[:, None]], axis=1)


def assert_right(drawn: dict[str, Any], problem: str = "bowl") -> None:
    """Every run in the picture is what Python computes for the values that the sliders show."""
    for optimizer, run in drawn["runs"].items():
        assert run["fresh"], f"{optimizer} is not up to date"
        points = np.array([np.nan if v is None else v for v in run["points"]], dtype=float).reshape(-1, 3)
        np.testing.assert_allclose(points, expected(optimizer, drawn["values"], problem), rtol=2e-5, atol=1e-12)


def axe(page: Page, selector: str) -> list[str]:
    """What axe-core has to say about a part of the page, one line a violation."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("selector => axe.run(selector)", selector)
    return [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}" for v in result["violations"]]


SIDEWAYS = """root => {
    const found = [];
    for (let e = root.parentElement; e; e = e.parentElement) {
        const scrolls = e === document.documentElement || ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
        if (scrolls && e.scrollWidth > e.clientWidth + 1) found.push(`${e.tagName}.${e.className}`);
    }
    return found;
}"""
SMALL = """root => [...root.querySelectorAll("button, input")].filter(e => e.checkVisibility())
    .filter(e => e.getBoundingClientRect().height < 43.9 || e.getBoundingClientRect().width < 43.9)
    .map(e => e.className + (e.dataset.key ?? ""))"""


def resize(shown: Shown, width: int, height: int) -> None:
    """Give the page another size and bring the explorer's upper edge to the top, as a reader's wheel does."""
    shown.page.set_viewport_size({"width": width, "height": height})
    shown.page.wait_for_timeout(300)
    shown.root.evaluate("root => root.scrollIntoView({behavior: 'instant'})")
    shown.page.wait_for_timeout(100)
    shown.next_frame()


def assert_in_sight_on_a_laptop(shown: Shown) -> None:
    """Path, loss, play and all sliders are on a screen of 1366 × 768 together, and nothing scrolls sideways."""
    resize(shown, 1366, 768)
    wanted = [".lrx-contour canvas", ".lrx-loss canvas", ".lrx-play", "input[data-key]", "input[data-number]"]
    assert shown.root.evaluate(IN_SIGHT, wanted) == []
    assert shown.root.evaluate(SIDEWAYS) == []


def assert_moves_by_mouse_and_keys(shown: Shown, key: str) -> None:
    """A slider dragged with the mouse, moved by an arrow key, its number typed: each picture is right."""
    slider = shown.slider(key)
    box = slider.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    shown.page.mouse.move(box["x"] + box["width"] * 0.6, y)
    shown.page.mouse.down()
    shown.page.mouse.move(box["x"] + box["width"] * 0.4, y, steps=4)
    shown.page.mouse.up()
    shown.next_frame()
    dragged = shown.settled()
    assert_right(dragged)
    slider.focus()
    slider.press("ArrowRight")
    shown.next_frame()
    pressed = shown.settled()
    assert pressed["values"][key] > dragged["values"][key]
    assert_right(pressed)
    number = shown.root.locator(f"input[data-number={key}]")
    number.fill("0.1")
    number.press("Enter")
    shown.next_frame()
    assert shown.settled()["values"][key] == 0.1
    slider.press("ArrowLeft")
    shown.next_frame()
    assert shown.drawn()["values"][key] < 0.1


def assert_fits_the_hand(shown: Shown) -> None:
    """Path, play and every rate are on a phone together, large enough for a finger; nothing scrolls sideways."""
    assert shown.root.evaluate(IN_SIGHT, [".lrx-contour canvas", ".lrx-play", ".lrx-main input", ".lrx-more"]) == []
    assert shown.root.evaluate(SIDEWAYS) == []
    assert shown.root.evaluate(SMALL) == []


def assert_moves_by_finger(shown: Shown, key: str = "adam_lr") -> None:
    """A finger drags a slider: the picture follows, the page stays where it is."""
    before, top = shown.drawn()["values"][key], shown.root.bounding_box()
    drag(shown.page, middle(shown, f"input[data-key={key}]"), (-50, 6))
    drawn = shown.settled()
    assert drawn["values"][key] < before
    assert shown.root.bounding_box() == top
    assert_right(drawn)


def drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    """Draw a finger across the screen, in pixels."""
    session = page.context.new_cdp_session(page)
    for part in range(9):
        x, y = start[0] + by[0] * part / 8, start[1] + by[1] * part / 8
        kind = "touchMove" if part else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(100)


def middle(shown: Shown, selector: str) -> tuple[float, float]:
    box = shown.root.locator(selector).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
