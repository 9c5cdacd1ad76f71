"""The explorer in a real JupyterLab: every slider moved, dragged, typed at, played; with hostile code,
without a kernel, far away."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Locator, Page, Route

from lrtutorial.explorer import explore
from lrtutorial.explorer.recurrences import trajectories
from lrtutorial.problems import get_problem, rotated_quadratic
from tests.browser.conftest import LOST_WITH_THE_KERNEL

ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
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


class Shown:
    """An explorer on the page: what it draws, its sliders, and what Python says it should draw."""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page, self.root = page, root
        root.locator("canvas").first.wait_for()
        self.settled()

    def drawn(self) -> dict[str, Any]:
        """The numbers behind the picture."""
        return self.root.evaluate("root => root.explorer.drawn()")

    def settled(self, seconds: float = 10.0) -> dict[str, Any]:
        """The picture once every run in it belongs to the present values."""
        deadline = time.monotonic() + seconds
        while True:
            self.next_frame()
            drawn = self.drawn()
            if drawn["runs"] and all(run["fresh"] for run in drawn["runs"].values()):
                return drawn
            assert time.monotonic() < deadline, f"still waiting for {drawn}"
            self.page.wait_for_timeout(30)

    def slider(self, key: str) -> Locator:
        return self.root.locator(f"input[data-key={key}]")

    def move_to(self, key: str, position: int) -> None:
        """Move a slider in one go, as a click on its groove does."""
        self.slider(key).evaluate(
            """(input, value) => {
                input.value = value;
                input.dispatchEvent(new Event('input', {bubbles: true}));
            }""",
            position,
        )
        self.next_frame()

    def next_frame(self) -> None:
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def pixels(self, view: str = "contour") -> str:
        """The canvas as an image, to compare."""
        return self.root.locator(f".lrx-{view} canvas").evaluate("canvas => canvas.toDataURL()")


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


@pytest.fixture
def explorer(notebook: Callable[..., Any], page: Page) -> Callable[..., tuple[Any, Shown]]:
    """Open a notebook whose last cell is an `explore(…)` call, run it, return the notebook and the explorer."""

    def open_explorer(call: str = "explore()", before: str = "", name: str = "explorer.ipynb") -> tuple[Any, Shown]:
        nb = notebook(name, cells=[IMPORT + before, f"w = {call}\nw"])
        nb.run_all()
        return nb, Shown(page, nb.output(1).locator(".lrx"))

    return open_explorer


IN_SIGHT = """(root, selectors) => selectors.flatMap(s => [...root.querySelectorAll(s)]).filter(e => {
    const box = e.getBoundingClientRect();
    const at = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    const outside = box.top < 0 || box.bottom > innerHeight || box.left < 0 || box.right > innerWidth;
    return outside || !e.contains(at) && !at?.contains(e);
}).map(e => e.className + (e.dataset.key ?? ""))"""
SETTINGS_IN_TEXTS = {
    "sgd_lr": [0.05, 0.09, 1 / 11, 0.1, 0.11],
    "momentum_lr": [0.05, 0.19, 0.115],
    "momentum_momentum": [0.27],
}


def test_path_loss_play_and_all_sliders_of_two_optimizers_are_in_sight_on_a_laptop(explorer: Any) -> None:
    nb, shown = explorer("explore(optimizers=['momentum', 'adam'])")
    shown.page.set_viewport_size({"width": 1366, "height": 768})
    shown.page.wait_for_timeout(400)
    shown.root.evaluate("root => root.scrollIntoView()")
    wanted = [".lrx-contour canvas", ".lrx-loss canvas", ".lrx-play", "input[data-key]", "input[data-number]"]
    assert shown.root.evaluate(IN_SIGHT, wanted) == []
    nb.screenshot("explorer-laptop")
    shown.page.set_viewport_size({"width": 1920, "height": 1080})
    shown.page.wait_for_timeout(400)
    assert shown.root.evaluate("root => root.clientWidth") > 1400
    assert shown.root.evaluate("root => root.clientHeight") < 900  # three columns: everything on one screen
    nb.screenshot("explorer-wide")


def test_a_number_is_typed_as_it_stands_in_a_text(explorer: Any) -> None:
    _, shown = explorer()
    number = shown.root.locator("input[data-number=sgd_lr]")
    for typed, value in (("1/11", 1 / 11), ("0,07", 0.07), ("0.0777", 0.0777), ("1e-2", 0.01)):
        number.fill(typed)
        number.press("Enter")
        drawn = shown.settled()
        assert drawn["values"]["sgd_lr"] == pytest.approx(value, rel=1e-12)
        assert_right(drawn)
    number.fill("7")
    number.press("Enter")
    assert "a number from 0.001 to 0.3 is expected" in shown.root.locator(".lrx-note").inner_text()
    assert shown.drawn()["values"]["sgd_lr"] == 0.01 and number.get_attribute("aria-invalid") == "true"
    # JupyterLab took no key of it for itself
    assert shown.page.locator(".jp-Cell").count() == 2


def test_the_rates_that_the_notebooks_name_are_positions_of_the_sliders(explorer: Any) -> None:
    _, shown = explorer()
    ticks = {c["key"]: c["ticks"] for c in shown.root.evaluate("root => root.explorer.controls()")}
    for key, values in SETTINGS_IN_TEXTS.items():
        for value in values:
            place = min(range(len(ticks[key])), key=lambda i: abs(ticks[key][i] - value))
            shown.move_to(key, place)
            assert shown.drawn()["values"][key] == pytest.approx(value, rel=1e-9)


def test_pinned_paths_stay_to_compare_with_and_the_settings_are_a_line_of_python(explorer: Any) -> None:
    nb, shown = explorer("explore(optimizers=['sgd', 'momentum'])")
    before = shown.drawn()["runs"]["sgd"]["points"]
    shown.root.get_by_role("button", name="Pin", exact=True).click()
    shown.move_to("sgd_lr", 12)
    drawn = shown.drawn()
    assert drawn["pinned"]["sgd"] == before != drawn["runs"]["sgd"]["points"]
    assert "(pinned: 6.6·10⁻⁴)" in shown.root.locator(".lrx-card[data-family=sgd]").inner_text()
    nb.screenshot("explorer-pinned", shown.root)
    shown.root.get_by_role("button", name="Copy", exact=True).click()
    line = shown.root.locator(".lrx-code").input_value()
    again, values = explore_line(line), drawn["values"]
    assert again.sgd_lr == pytest.approx(values["sgd_lr"]) and again.momentum_lr == values["momentum_lr"]
    assert (again.start_x, again.momentum_momentum, again.steps) == (5.0, 0.9, 50)
    shown.root.get_by_role("button", name="Unpin", exact=True).click()
    shown.next_frame()
    assert shown.drawn()["pinned"] == {}


def explore_line(line: str) -> Any:
    """The explorer that a copied line makes."""
    assert re.fullmatch(r"explore\([\w\s\"'\[\](){}:=,.\-]*\)", line)
    return eval(line, {"explore": explore})


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


def test_a_restart_while_jupyterlab_waits_for_a_widgets_thread_costs_nothing(explorer: Any, page: Page) -> None:
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

    page.route_web_socket(re.compile(r"/channels"), hold_back)
    nb, _ = explorer()
    assert held
    nb.restart_kernel()
    assert page.errors == [LOST_WITH_THE_KERNEL]  # type: ignore[attr-defined]
    nb.run_all()
    shown = Shown(page, nb.output(1).locator(".lrx"))
    shown.move_to("sgd_lr", 30)
    shown.root.get_by_role("button", name=re.compile("^Start point")).focus()
    page.keyboard.press("ArrowLeft")  # runs from another start come from the new kernel
    assert_right(shown.settled())
    assert page.errors == [LOST_WITH_THE_KERNEL]  # type: ignore[attr-defined]


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
        shown.page.wait_for_timeout(250)  # the other sliders' sweeps follow
    nb.screenshot(f"explorer-{problem}", shown.root)
    assert not shown.page.errors


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
        shown.page.wait_for_timeout(800)
        shown.move_to(key, position)
        runs = shown.drawn()["runs"]
        assert runs["your_adam"]["fresh"], "the student's sweep was there"
        np.testing.assert_allclose(runs["your_adam"]["points"], runs["adam"]["points"], rtol=1e-4, atol=1e-9)
    nb.screenshot("explorer-student", shown.root)


def test_hostile_student_code_leaves_kernel_and_sliders_alive(explorer: Any) -> None:
    hostile = ADAM + (
        "class AdamForEver(Adam):\n    def step(self, grads):\n        while True: pass\n"
        "class AdamRaises(Adam):\n    def step(self, grads):\n        return self.nothing\n"
        "class AdamNan(Adam):\n    def step(self, grads):\n        self.params[0][:] = float('nan')\n"
        "class AdamShape(Adam):\n    def step(self, grads):\n        self.params[0] = self.params[0][:1]\n"
    )
    nb, shown = explorer("explore(optimizers=[AdamForEver, AdamRaises, AdamNan, AdamShape, None, 'adam'])", hostile)
    for text in (
        "no result within 2 s",
        "has no attribute 'nothing' (line",
        "made NaN",
        "shape (1,)",
        "not written yet",
    ):
        shown.root.locator(".lrx-readout", has_text=text).wait_for(timeout=15_000)
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


def test_at_150_ms_distance_the_picture_does_not_wait(explorer: Any) -> None:
    def delayed(socket: Any) -> None:
        """Every message takes 75 ms each way, in order."""
        server = socket.connect_to_server()
        loop = asyncio.get_event_loop()
        socket.on_message(lambda message: loop.call_later(0.075, server.send, message))
        server.on_message(lambda message: loop.call_later(0.075, socket.send, message))

    nb, shown = explorer()
    shown.page.route_web_socket(re.compile(r"/channels"), delayed)
    shown.page.reload()
    nb.page.wait_for_selector(".jp-Notebook .jp-Cell")
    nb.wait_idle()
    nb.run_all()
    shown = Shown(shown.page, nb.output(1).locator(".lrx"))
    for position in range(40, 20, -1):
        shown.move_to("adam_lr", position)
        assert_right(shown.drawn())
    shown.page.wait_for_timeout(1000)
    nb.set_source(0, "print(w.adam_lr)")
    nb.run_cell(0)
    assert float(nb.output_text(0).split()[-1]) == pytest.approx(shown.drawn()["values"]["adam_lr"])


def axe(page: Page, selector: str) -> list[str]:
    """What axe-core has to say about a part of the page, one line a violation."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("selector => axe.run(selector)", selector)
    return [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}" for v in result["violations"]]


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
    pictures = set()
    for _ in range(8):
        shown.page.wait_for_timeout(100)
        pictures.add(shown.pixels())
    assert len(pictures) <= 4


@pytest.fixture(scope="session")
def page_scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The scripts that an exported page loads, as local files: html-manager and RequireJS from npm,
    anywidget's as installed."""
    folder = tmp_path_factory.mktemp("npm")
    for package, name in (
        ("@jupyter-widgets/html-manager@1.0", "html-manager"),
        ("requirejs@2.3", "requirejs"),
    ):
        done = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=folder, capture_output=True, text=True, check=True
        )
        with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as packed:
            packed.extractall(folder / name, filter="data")
    return {
        "html-manager": folder / "html-manager/package/dist/embed-amd.js",
        "anywidget": Path(sys.prefix) / "share/jupyter/nbextensions/anywidget/index.js",
        "require": folder / "requirejs/package/require.js",
    }


@pytest.mark.requires_tool("npm")
def test_an_exported_page_moves_without_a_kernel(page: Page, page_scripts: dict[str, Path], tmp_path: Path) -> None:
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IMPORT + "explore()")])
    NotebookClient(content, timeout=60, kernel_name="python3").execute()
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
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=str(ARTIFACTS / "explorer-exported.png"))
