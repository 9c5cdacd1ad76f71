"""The explorer in a real JupyterLab: every slider moved, dragged, typed at, played; with hostile code,
without a kernel, far away."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Page, Route

from tests.browser.conftest import (
    LOST_WITH_THE_KERNEL,
    SLOW_TO_BEGIN,
    JupyterLab,
    NotebookPage,
    Wire,
    own_kernels,
    write_notebook,
)
from tests.browser.explorer_page import Shown, assert_right, axe
from tests.browser.pictures import picture
from tests.explorer.named_rates import rates

IMPORT = "from lrtutorial.explorer import explore\n"
ADAM = """
import numpy as np
class Adam:
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params, self.lr, self.b1, self.b2, self.eps, self.t = params, lr, beta1, beta2, eps, 0
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]
    def step(self, grads):
        self.t += 1
        for i, g in enumerate(grads):
            self.m[i] = self.b1 * self.m[i] + (1 - self.b1) * g
            self.v[i] = self.b2 * self.v[i] + (1 - self.b2) * g * g
            second = np.sqrt(self.v[i] / (1 - self.b2**self.t))
            self.params[i] -= self.lr * self.m[i] / (1 - self.b1**self.t) / (second + self.eps)
"""


Opened = Callable[..., tuple[NotebookPage, Shown]]


@pytest.fixture
def alone(notebook: Callable[..., NotebookPage]) -> Opened:
    """Open a notebook whose last cell is an `explore(…)` call, run it, return the notebook and the explorer."""

    def open_explorer(
        call: str = "explore()", before: str = "", wire: Wire | None = None
    ) -> tuple[NotebookPage, Shown]:
        nb = notebook("alone.ipynb", cells=[IMPORT + before, f"w = {call}\nw"], wire=wire)
        nb.run_all()
        return nb, Shown(nb.page, nb.output(1).locator(".lrx"))

    return open_explorer


@pytest.fixture(scope="module")
def kernel(jupyterlab: JupyterLab) -> Iterator[str]:
    """A notebook, whose kernel is started when it is opened first, and lives until the last test of this module."""
    write_notebook(jupyterlab.directory / "explorer.ipynb", [IMPORT, "explore()"])
    with own_kernels(jupyterlab):
        yield "explorer.ipynb"


@pytest.fixture
def explorer(lab: NotebookPage, kernel: str) -> Opened:
    """As `alone`, in one notebook and one kernel for all tests, each with an explorer made anew."""

    def make_explorer(call: str = "explore()", before: str = "") -> tuple[NotebookPage, Shown]:
        if lab.path != kernel:
            lab.open_instead(kernel)
        lab.begin([IMPORT + before, f"w = {call}\nw"])
        lab.run_all()
        return lab, Shown(lab.page, lab.output(1).locator(".lrx"))

    return make_explorer


def test_a_number_is_typed_as_it_stands_in_a_text(explorer: Any) -> None:
    _, shown = explorer()
    number = shown.root.locator("input[data-number=sgd_lr]")
    for typed, value in (("1/11", 1 / 11), ("0,07", 0.07), ("0.0777", 0.0777), ("1e-2", 0.01)):
        number.fill(typed)
        number.press("Enter")
        drawn = shown.settled()
        assert drawn["values"]["sgd_lr"] == pytest.approx(value, rel=1e-12)
        assert_right(drawn)
    number.fill("7000")
    number.press("Enter")
    assert (
        "a number from 10⁻⁹ to 1000 is expected, such as 0.05 or 1/11" in shown.root.locator(".lrx-note").inner_text()
    )
    assert shown.drawn()["values"]["sgd_lr"] == 0.01 and number.get_attribute("aria-invalid") == "true"
    # JupyterLab took no key of it for itself
    assert shown.page.locator(".jp-Cell").count() == 2


def test_every_rate_that_a_notebook_names_is_typed_and_set_exactly(explorer: Any) -> None:
    nb, shown = explorer("explore(optimizers=['sgd'])")
    number = shown.root.locator("input[data-number=sgd_lr]")
    named = rates()
    for text, value in sorted({(rate.text, rate.value) for rate in named if rate.close}, key=lambda pair: pair[1]):
        number.fill(text)
        number.press("Enter")
        assert shown.root.evaluate("root => root.explorer.values().sgd_lr") == value, text
        assert number.input_value() == text
    number.press("Tab")  # what was typed stays there, and a slider's words are it
    assert number.input_value() == "10" == shown.slider("sgd_lr").get_attribute("aria-valuetext")
    texts = sorted({rate.text for rate in named})
    taken = shown.root.evaluate(
        """(root, texts) => texts.map(text => {
            const number = root.querySelector("input[data-number=sgd_lr]");
            number.value = text;
            number.dispatchEvent(new Event("change"));
            return root.explorer.values().sgd_lr;
        })""",
        texts,
    )
    values = {rate.text: rate.value for rate in named}
    assert {text: value for text, value in zip(texts, taken, strict=True) if value != values[text]} == {}
    for text in ("4.64", "1/11"):  # beyond the slider's end, and what no decimal says: the kernel has them too
        number.fill(text)
        number.press("Enter")
        assert_right(shown.settled())
        nb.set_source(0, "print(w.sgd_lr.hex())")
        nb.run_cell(0)
        assert float.fromhex(nb.output_text(0)) == values[text]


def test_pinned_paths_stay_to_compare_with_and_the_settings_are_a_line_of_python(explorer: Any) -> None:
    nb, shown = explorer("explore(optimizers=['sgd', 'momentum'])")
    before = shown.drawn()["runs"]["sgd"]["points"]
    shown.root.get_by_role("button", name="Pin", exact=True).click()
    shown.move_to("sgd_lr", 12)
    drawn = shown.drawn()
    assert drawn["pinned"]["sgd"] == before != drawn["runs"]["sgd"]["points"]
    assert "(pinned: 6.6·10⁻⁴)" in shown.root.locator(".lrx-card[data-family=sgd]").inner_text()
    nb.screenshot("explorer-pinned", shown.root)
    shown.root.get_by_role("button", name="Unpin", exact=True).click()
    shown.next_frame()
    assert shown.drawn()["pinned"] == {}


OWN = """
import numpy as np
from lrtutorial.problems import rotated_quadratic
class NAG:
    def __init__(self, params, lr, momentum=0.5):
        self.params, self.lr, self.momentum, self.v = params, lr, momentum, 0
    def step(self, grads):
        self.v = self.momentum * self.v + grads[0]
        self.params[0] -= self.lr * (grads[0] + self.momentum * self.v)
problem = rotated_quadratic(4, 60)
"""
SAME = """
again = {line}
def told(w):
    values = {{c["key"]: getattr(w, c["key"]) for c in w.controls}}
    hessian = w._problem_at(values).hessian((0, 0)).tolist()
    return values, w.optimizers, w.views, w.goal, w.steps, w._eps, hessian, w.call
print(told(w)[0], told(again) == told(w))
"""


def test_the_copied_line_of_python_makes_the_same_explorer_again(explorer: Any) -> None:
    calls = [
        "explore(optimizers=[NAG, 'momentum', None], goal='loss < 1e-3 within 20 steps', steps=40, eps=1e-6)",
        "explore('rotated', ['sgd'], kappa=10, views=['contour', 'split'])",
        "explore(problem, ['adam', 'sgd'], start=(1/3, -2))",
    ]
    nb, shown = explorer(calls[0], OWN)
    for call in calls:
        nb.set_source(1, f"w = {call}\nw")
        nb.run_cell(1)
        shown = Shown(shown.page, nb.output(1).locator(".lrx"))
        for key in shown.root.evaluate("root => root.explorer.controls().map(c => c.key)"):
            shown.move_to(key, 4)
        rate = shown.root.locator("input[data-number$=_lr]").first
        rate.fill("1/11")
        rate.press("Enter")
        shown.root.get_by_role("button", name="Copy", exact=True).click()
        line = shown.root.locator(".lrx-code").input_value()
        shown.settled()
        nb.set_source(0, SAME.format(line=line))
        nb.run_cell(0)
        assert nb.output_text(0).endswith("True"), (line, nb.output_text(0))
        assert "0.09090909090909091" in nb.output_text(0)


def test_the_bowl_is_turned_and_stretched_by_its_flat_direction(explorer: Any) -> None:
    nb, shown = explorer("explore('rotated', ['sgd'], kappa=10)")
    handle = shown.root.get_by_role("button", name=re.compile("^Flat direction"))
    handle.focus()
    shown.page.keyboard.press("ArrowRight")
    shown.page.keyboard.press("ArrowUp")
    turned = shown.settled()
    assert turned["values"]["angle"] == 35.0 and turned["values"]["kappa"] > 10
    assert_right(turned, "rotated")
    box, canvas = handle.bounding_box(), shown.root.locator(".lrx-contour canvas").bounding_box()
    shown.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.page.mouse.down()
    middle = (canvas["x"] + 40 + (canvas["width"] - 50) / 2, canvas["y"] + 8 + (canvas["height"] - 36) / 2)
    shown.page.mouse.move(middle[0] + 2, middle[1] - 130, steps=6)
    shown.page.mouse.up()
    upright = shown.settled()
    assert upright["values"]["angle"] >= 85 and upright["values"]["kappa"] > 20
    assert_right(upright, "rotated")
    nb.screenshot("explorer-turned", shown.root)


def test_a_restart_while_jupyterlab_waits_for_a_widgets_thread_costs_nothing(alone: Opened) -> None:
    """JupyterLab asks each kernel for a thread for widgets' messages; a restart may come before the answer.

    All that is left of it is a line in the browser's console: the explorer of the new kernel moves.
    """
    held: list[Any] = []

    def hold_back(socket: Any) -> None:
        server = socket.connect_to_server()
        socket.on_message(server.send)

        def pass_on(message: Any) -> None:
            raw = message if isinstance(message, bytes) else message.encode()
            (held.append if b"create_subshell_reply" in raw and not held else socket.send)(message)

        server.on_message(pass_on)

    nb, _ = alone(wire=hold_back)
    page = nb.page
    assert held
    nb.restart_kernel()
    assert nb.errors() == [LOST_WITH_THE_KERNEL]
    nb.run_all()
    shown = Shown(page, nb.output(1).locator(".lrx"))
    shown.move_to("sgd_lr", 30)
    shown.root.get_by_role("button", name=re.compile("^Start point")).focus()
    page.keyboard.press("ArrowLeft")  # runs from another start come from the new kernel
    assert_right(shown.settled())
    assert nb.errors() == [LOST_WITH_THE_KERNEL]


@pytest.mark.parametrize("problem", ["bowl", "rotated"])
def test_every_slider_moves_the_picture_to_what_python_computes(explorer: Any, problem: str) -> None:
    nb, shown = explorer(f"explore({problem!r})")
    assert_right(shown.settled(), problem)
    keys = shown.root.locator("input[data-key]").evaluate_all("all => all.map(i => i.dataset.key)")
    assert len(keys) == 10 + 2 * (problem == "rotated")
    for key in keys:
        before = shown.pixels()
        last = int(shown.slider(key).get_attribute("max"))
        position = last // 3 if int(shown.slider(key).input_value()) > last // 2 else 2 * last // 3
        shown.move_to(key, position)
        drawn = shown.drawn()
        assert_right(drawn, problem)  # at once: nothing was asked of the kernel
        assert shown.pixels() != before, f"{key} did not change the picture"
        shown.ready()  # the other sliders' sweeps follow
    if problem == "rotated":
        nb.screenshot("explorer-rotated", shown.root)
    assert not nb.errors()


def test_a_drag_draws_right_pictures_all_the_way(explorer: Any) -> None:
    _, shown = explorer()
    box = shown.slider("momentum_lr").bounding_box()
    mouse, y = shown.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] * 0.64, y)
    mouse.down()
    seen = set()
    for part in np.linspace(0.64, 0.2, 12):
        mouse.move(box["x"] + box["width"] * part, y)
        shown.next_frame()
        drawn = shown.drawn()
        assert_right(drawn)
        seen.add(drawn["values"]["momentum_lr"])
    mouse.up()
    assert len(seen) >= 10


def test_keyboard_moves_sliders_start_point_and_stability_point(explorer: Any) -> None:
    nb, shown = explorer()
    shown.slider("sgd_lr").focus()
    before = shown.drawn()["values"]
    shown.page.keyboard.press("ArrowRight")
    shown.page.keyboard.press("ArrowUp")
    shown.next_frame()
    after = shown.settled()["values"]
    assert after["sgd_lr"] > before["sgd_lr"]
    shown.root.get_by_role("button", name=re.compile("^Start point")).focus()
    for key in ("ArrowLeft", "ArrowDown", "Shift+ArrowLeft"):
        shown.page.keyboard.press(key)
    moved = shown.settled()
    assert moved["values"]["start_x"] < after["start_x"] - 1 and moved["values"]["start_y"] < after["start_y"]
    assert_right(moved)
    shown.root.get_by_role("button", name=re.compile("^Momentum: η")).focus()
    shown.page.keyboard.press("ArrowDown")
    shown.page.keyboard.press("ArrowLeft")
    stable = shown.settled()
    assert stable["values"]["momentum_momentum"] < 0.9 and stable["values"]["momentum_lr"] < 0.05
    assert_right(stable)
    # JupyterLab's own command-mode keys did not run: the notebook is as it was.
    assert shown.page.locator(".jp-Cell").count() == 2
    shown.page.wait_for_timeout(1200)
    spoken = shown.root.locator("[role=status]").inner_text()
    assert "SGD: loss" in spoken and "Step 50" in spoken


def test_start_point_and_stability_point_follow_the_pointer(explorer: Any) -> None:
    _, shown = explorer()
    box = shown.root.locator(".lrx-contour canvas").bounding_box()
    shown.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.3)
    shown.page.mouse.down()
    shown.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.75, steps=5)
    shown.next_frame()
    drawn = shown.drawn()
    shown.page.mouse.up()
    assert drawn["values"]["start_x"] < 0 and drawn["values"]["start_y"] < 0
    assert_right(drawn)  # off both sweeps, and yet at once: the bowl is separable
    shown.root.locator(".lrx-stability canvas").scroll_into_view_if_needed()
    box = shown.root.locator(".lrx-stability canvas").bounding_box()
    shown.page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6)
    after = shown.settled()
    assert after["values"]["momentum_momentum"] < 0.6
    assert_right(after)


def test_play_pause_and_scrub(explorer: Any) -> None:
    _, shown = explorer()
    shown.root.get_by_role("button", name="Play", exact=True).click()
    shown.page.wait_for_timeout(900)
    shown.root.get_by_role("button", name="Pause", exact=True).click()
    step = shown.drawn()["step"]
    assert 0 < step < 50 and not shown.drawn()["playing"]
    scrubber = shown.root.get_by_label("Steps")
    scrubber.focus()
    before = shown.pixels()
    shown.page.keyboard.press("ArrowRight")
    shown.next_frame()
    assert shown.drawn()["step"] == step + 1 and shown.pixels() != before
    shown.page.keyboard.press("Home")
    shown.next_frame()
    assert shown.drawn()["step"] == 0


def test_values_travel_both_ways(explorer: Any) -> None:
    nb, shown = explorer()
    shown.move_to("adam_lr", 10)
    shown.page.wait_for_timeout(300)
    link = (
        "import ipywidgets\nlink = ipywidgets.FloatSlider(min=0.01, max=0.2, step=0.01)\n"
        "ipywidgets.jslink((link, 'value'), (w, 'sgd_lr'))\nw.adam_beta1 = 0.5\nprint(w.adam_lr)"
    )
    nb.set_source(0, link)
    nb.run_cell(0)
    ticks = shown.root.locator("input[data-key=adam_lr]").get_attribute("aria-valuetext")
    assert float(nb.output_text(0).split()[-1]) == pytest.approx(float(ticks))
    shown.page.wait_for_timeout(200)
    drawn = shown.settled()
    assert drawn["values"]["adam_beta1"] == 0.5 and drawn["values"]["sgd_lr"] == 0.01
    assert_right(drawn)


def test_divergence_and_goal_are_said(explorer: Any) -> None:
    nb, shown = explorer(
        "explore(optimizers=['sgd', 'momentum'], lr={'sgd': 0.13}, goal='loss < 1e-6 within 30 steps')"
    )
    assert "diverges: beyond 10⁶ at step" in shown.root.inner_text()
    assert "not met yet" in shown.root.locator(".lrx-goal").inner_text()
    nb.set_source(0, "w.momentum_lr, w.momentum_momentum = 0.115, 0.27\nw.wait(), w.goal_met")
    nb.run_cell(0)
    assert "momentum" in nb.output_text(0)
    shown.root.locator(".lrx-goal.lrx-met").wait_for()
    assert "met by Momentum ✓" in shown.root.locator(".lrx-goal").inner_text()
    nb.screenshot("explorer-goal-and-divergence", shown.root)


def test_the_students_class_is_drawn_beside_the_reference(explorer: Any) -> None:
    nb, shown = explorer("explore(optimizers=[Adam, 'adam'])", ADAM)
    shown.page.wait_for_function("root => root.explorer.drawn().runs.your_adam?.fresh", arg=shown.root.element_handle())
    for key, position in (("adam_lr", 20), ("adam_beta1", 5), ("start_x", 4)):
        shown.ready()
        shown.move_to(key, position)
        runs = shown.drawn()["runs"]
        assert runs["your_adam"]["fresh"], "the student's sweep was there"
        np.testing.assert_allclose(runs["your_adam"]["points"], runs["adam"]["points"], rtol=1e-4, atol=1e-9)
    nb.screenshot("explorer-student", shown.root)


def test_hostile_student_code_leaves_kernel_and_sliders_alive(alone: Any) -> None:
    hostile = ADAM + (
        "class AdamForEver(Adam):\n    def step(self, grads):\n        while True: pass\n"
        "class AdamRaises(Adam):\n    def step(self, grads):\n        return self.nothing\n"
        "class AdamNan(Adam):\n    def step(self, grads):\n        self.params[0][:] = float('nan')\n"
        "class AdamShape(Adam):\n    def step(self, grads):\n        self.params[0] = self.params[0][:1]\n"
    )
    nb, shown = alone("explore(optimizers=[AdamForEver, AdamRaises, AdamNan, AdamShape, None, 'adam'])", hostile)
    for text in (
        "no result within 2 s",
        "has no attribute 'nothing' (line",
        "made NaN",
        "shape (1,)",
        "not written yet",
    ):
        shown.root.locator(".lrx-readout", has_text=text).wait_for()
    shown.move_to("adam_lr", 12)
    drawn = shown.drawn()
    assert drawn["runs"]["adam"]["fresh"]
    assert_right({**drawn, "runs": {"adam": drawn["runs"]["adam"]}})
    nb.set_source(0, "print(6 * 7)")
    nb.run_cell(0)
    assert nb.output_text(0).endswith("42")
    nb.screenshot("explorer-hostile", shown.root)


def test_a_restarted_kernel_leaves_a_picture_that_moves(explorer: Any) -> None:
    nb, shown = explorer()
    nb.restart_kernel()
    shown.move_to("sgd_lr", 10)
    assert_right(shown.drawn())
    nb.run_all()
    again = Shown(shown.page, nb.output(1).locator(".lrx"))
    again.move_to("sgd_lr", 12)
    assert_right(again.settled())


AT_ONCE = """() => {
    const timeout = AbortSignal.timeout;
    AbortSignal.timeout = () => {
        const end = new AbortController();
        setTimeout(() => end.abort(), 0);
        return end.signal;
    };
    window.patiently = () => { AbortSignal.timeout = timeout; };
}"""


def test_an_explorer_that_begins_late_hears_its_kernel_all_the_same(alone: Any) -> None:
    """anywidget drops the messages to a widget that took over two seconds: here it gives it no time at all."""
    nb, _ = alone()
    nb.page.evaluate(AT_ONCE)
    try:
        nb.run_all()
        assert SLOW_TO_BEGIN in nb.page.errors
        shown = Shown(nb.page, nb.output(1).locator(".lrx"))
        nb.page.wait_for_function("root => root.explorer.drawn().kernel", arg=shown.root.element_handle())
        number = shown.root.locator("input[data-number=sgd_lr]")
        number.fill("0.0777")
        number.press("Enter")
        assert_right(shown.settled())
        shown.ready()
    finally:
        nb.page.evaluate("() => window.patiently()")


def test_at_150_ms_distance_the_picture_does_not_wait(alone: Opened) -> None:
    routed: list[Any] = []

    def delayed(socket: Any) -> None:
        """Every message takes 75 ms each way, in order."""
        routed.append(socket)
        server = socket.connect_to_server()
        loop = asyncio.get_event_loop()
        socket.on_message(lambda message: loop.call_later(0.075, server.send, message))
        server.on_message(lambda message: loop.call_later(0.075, socket.send, message))

    nb, shown = alone(wire=delayed)
    assert routed
    for position in range(40, 20, -1):
        shown.move_to("adam_lr", position)
        assert_right(shown.drawn())
    shown.page.wait_for_timeout(1000)
    nb.set_source(0, "print(w.adam_lr)")
    nb.run_cell(0)
    assert float(nb.output_text(0).split()[-1]) == pytest.approx(shown.drawn()["values"]["adam_lr"])


def test_accessible_light_dark_and_narrow(explorer: Any) -> None:
    nb, shown = explorer(
        "explore(optimizers=['sgd', 'momentum', 'rmsprop', 'adam', None], goal='loss < 1e-6 within 30 steps')"
    )
    assert axe(shown.page, ".lrx") == []
    for control in shown.root.locator("input, button").all():
        assert control.evaluate("e => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent"), (
            "a control without a name"
        )
    light = shown.pixels()
    nb.dark()
    shown.next_frame()
    assert shown.pixels() != light
    assert axe(shown.page, ".lrx") == []
    nb.screenshot("explorer-dark", shown.root)
    nb.dark(False)
    shown.page.set_viewport_size({"width": 700, "height": 1000})
    shown.page.wait_for_timeout(300)
    nb.screenshot("explorer-narrow", shown.root)
    assert shown.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")


def test_reduced_motion_steps_without_gliding(explorer: Any) -> None:
    _, shown = explorer()
    shown.page.emulate_media(reduced_motion="reduce")
    shown.root.get_by_role("button", name="Play", exact=True).click()
    seen = []
    for _ in range(8):
        shown.page.wait_for_timeout(100)
        shown.next_frame()
        seen.append(
            shown.root.evaluate(
                """root => [performance.now() / 1000, root.explorer.drawn().step,
                    root.querySelector('.lrx-contour canvas').toDataURL()]"""
            )
        )
    times, steps, pictures = zip(*seen, strict=True)
    assert steps[-1] - steps[0] <= 2 * (times[-1] - times[0]) + 1, "two a second at most"
    assert len(set(pictures)) <= len(set(steps)) + 1, "nothing is drawn between two steps"


@pytest.fixture(scope="session")
def page_scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The scripts that an exported page loads, as local files: html-manager and RequireJS from npm,
    anywidget's as installed."""
    folder = tmp_path_factory.mktemp("npm")
    packages = {"html-manager": "@jupyter-widgets/html-manager@1.0", "requirejs": "requirejs@2.3"}
    done = subprocess.run(
        ["npm", "pack", "--silent", *packages.values()], cwd=folder, capture_output=True, text=True, check=True
    )
    for name, file in zip(packages, done.stdout.split(), strict=True):
        with tarfile.open(folder / file) as packed:
            packed.extractall(folder / name, filter="data")
    return {
        "html-manager": folder / "html-manager/package/dist/embed-amd.js",
        "anywidget": Path(sys.prefix) / "share/jupyter/nbextensions/anywidget/index.js",
        "require": folder / "requirejs/package/require.js",
    }


@pytest.mark.requires_tool("npm")
def test_an_exported_page_moves_without_a_kernel(page: Page, page_scripts: dict[str, Path], tmp_path: Path) -> None:
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IMPORT + "explore()")])
    NotebookClient(content, timeout=None, kernel_name="python3").execute()
    state = content.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]
    assert len(json.dumps(state)) < 1_000_000
    file = tmp_path / "explorer.html"
    file.write_text(HTMLExporter().from_notebook_node(content)[0], encoding="utf-8")

    def answer(route: Route) -> None:
        url = route.request.url
        name = next((n for n in page_scripts if f"/{n}" in url.split("//", 1)[1]), None)
        if url.startswith("file:"):
            route.continue_()
        elif name:
            route.fulfill(path=page_scripts[name], content_type="text/javascript")
        else:
            route.abort()

    page.route("**/*", answer)
    page.goto(file.as_uri())
    shown = Shown(page, page.locator(".lrx"))
    assert shown.drawn()["kernel"] is False
    for key, position in (("sgd_lr", 12), ("momentum_lr", 20), ("start_x", 3), ("start_y", 5)):
        before = shown.pixels()
        shown.move_to(key, position)
        assert shown.pixels() != before
        assert_right(shown.settled())
    shown.move_to("adam_lr", 12)
    shown.move_to("adam_beta1", 4)  # off every saved sweep: the other sliders go back to where they were saved
    drawn = shown.settled()
    assert drawn["values"]["adam_beta1"] != 0.9 and drawn["values"]["adam_lr"] == 0.5
    assert_right(drawn)
    picture(page, "explorer-exported")
