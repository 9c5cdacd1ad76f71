"""How old is the picture while a slider is dragged? `python -m benchmarks.browser` measures three ways side by side.

The explorer (sweeps computed ahead), the same page with the optimizers written in JavaScript (an upper bound: no
kernel, no sweep), and the usual `interact` with an inline Matplotlib figure; each draws 4 optimizers × 200 steps in a
real JupyterLab, the first two with all five pictures, eigen-directions among them. Measured on a laptop's screen and on
a phone's with the processor slowed four times, with 0 and 150 ms added to the way to the kernel and back. A slider is
dragged across its range in 1.2 s, several times, the ways in turn, so that whatever else the machine does meets all of
them. Age: from a slider's event until a picture at least as new is on the screen. Pictures: distinct ones a second.
Right: the last picture shows the slider's last value. `--most 1.05` ends with an error where the explorer's age is
more than that times the upper bound's.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from lrtutorial.explorer import explore
from tests.browser.conftest import (
    CHROMIUM_ARGUMENTS,
    JupyterLab,
    NotebookPage,
    chromium_path,
    start_jupyterlab,
)

DRAG_SECONDS = 1.2
SWEEPS = "from lrtutorial.explorer import explore\nexplore(steps=200)"
ALL_JS = r'''
from pathlib import Path
import lrtutorial.explorer
from lrtutorial.explorer.widget import Explorer
FIND = """
function computed(optimizer, v, model) {
  const steps = model.get("steps"), points = new Float32Array(3 * steps + 3), f = optimizer.family;
  let x = [v.start_x, v.start_y], m = [0, 0], s = [0, 0], p1 = 1, p2 = 1;
  const lr = v[f + "_lr"];
  for (let t = 0; t <= steps; t++) {
    points.set([x[0], x[1], x[0] ** 2 + 10 * x[1] ** 2], 3 * t);
    p1 *= v.adam_beta1; p2 *= v.adam_beta2;
    for (const i of [0, 1]) {
      const g = (i ? 20 : 2) * x[i];
      if (f === "sgd") x[i] -= lr * g;
      else if (f === "momentum") { m[i] = v.momentum_momentum * m[i] + g; x[i] -= lr * m[i]; }
      else if (f === "rmsprop") {
        s[i] = v.rmsprop_beta * s[i] + (1 - v.rmsprop_beta) * g * g;
        x[i] -= lr * g / (Math.sqrt(s[i]) + 1e-8);
      }
      else {
        m[i] = v.adam_beta1 * m[i] + (1 - v.adam_beta1) * g;
        s[i] = v.adam_beta2 * s[i] + (1 - v.adam_beta2) * g * g;
        x[i] -= lr * m[i] / (1 - p1) / (Math.sqrt(s[i] / (1 - p2)) + 1e-8);
      }
    }
  }
  return { points, message: "" };
}
export default { render: (host) => render({ ...host, find: computed }) };
"""
source = Path(lrtutorial.explorer.__file__).with_name("explorer.js").read_text(encoding="utf-8")
class AllJavaScript(Explorer):
    _esm = source.replace("export default { render };", FIND)
four, views = ("sgd", "momentum", "rmsprop", "adam"), ("contour", "loss", "stability", "split", "factors")
AllJavaScript.create("bowl", four, 200, None, None, None, views, {})
'''
INTERACT = r"""
%config InlineBackend.print_figure_kwargs = {"bbox_inches": None}
import matplotlib.pyplot as plt, numpy as np
from ipywidgets import IntSlider, interact
from lrtutorial.explorer.recurrences import trajectories
from lrtutorial.problems import get_problem
bowl = get_problem("bowl")
rates = np.geomspace(0.01, 3, 30)
X, Y = np.meshgrid(np.linspace(-6, 6, 100), np.linspace(-5, 5, 100))
def draw(index):
    fig, ax = plt.subplots(figsize=(8, 6))
    ax.contour(X, Y, X**2 + 10 * Y**2, levels=20, alpha=0.5)
    h = {"sgd": {"lr": 0.05}, "momentum": {"lr": 0.05, "momentum": 0.9},
         "rmsprop": {"lr": 0.5, "beta": 0.9, "eps": 1e-8},
         "adam": {"lr": rates[index], "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}}
    for family, settings in h.items():
        run = trajectories(family, bowl, [bowl.start], settings, 200)[0]
        ax.plot(run[:, 0], run[:, 1], "o-", markersize=3, label=family)
    ax.set(xlim=(-6, 6), ylim=(-5, 5))
    ax.legend()
    # the slider's position as a colour in the corner, so that the page can tell which picture it shows
    code = (index * 8 / 255, 0, 0)
    fig.add_artist(plt.Rectangle((0, 0.9), 0.1, 0.1, color=code, antialiased=False))
    plt.show()
interact(draw, index=IntSlider(15, 0, 29));
"""

# Both watchers log [time, index] for slider events and, once a frame, the index of the picture on the screen.
WATCH_EXPLORER = """root => {
  const input = root.querySelector("input[data-key=adam_lr]");
  window.bench = { events: [], shown: [], on: true };
  input.addEventListener("input", () => bench.events.push([performance.now(), Number(input.value)]), true);
  const watch = () => {
    if (!bench.on) return;
    const value = root.explorer.drawn().values.adam_lr;
    if (value !== bench.value) { bench.value = value; bench.shown.push([performance.now(), value]); }
    requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
}"""
WATCH_IMAGE = """root => {
  const handle = root.querySelector(".noUi-handle");
  window.bench = { events: [], shown: [], on: true };
  const position = () => Math.round(Number(handle.getAttribute("aria-valuenow")));
  new MutationObserver(() => bench.events.push([performance.now(), position()]))
    .observe(handle, { attributes: true, attributeFilter: ["aria-valuenow"] });
  const canvas = document.createElement("canvas"); canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let last = "";
  const watch = () => {
    if (!bench.on) return;
    const image = root.querySelector("img");
    if (image && image.complete && image.naturalWidth && image.src !== last) {
      last = image.src;
      context.drawImage(image, 4, 4, 1, 1, 0, 0, 1, 1);
      bench.shown.push([performance.now(), Math.round(context.getImageData(0, 0, 1, 1).data[0] / 8)]);
    }
    requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
}"""


WAYS = {
    "explorer: sweeps computed ahead": SWEEPS,
    "all in JavaScript (upper bound)": ALL_JS,
    "interact + inline Matplotlib": INTERACT,
}
# A context's settings, how many times slower the processor is made, and which ways take part: a Matplotlib figure of
# the usual size does not fit a phone.
PROFILES: Mapping[str, tuple[dict[str, Any], int, list[str]]] = {
    "laptop": ({"viewport": {"width": 1280, "height": 1400}}, 1, list(WAYS)),
    "phone": ({"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}, 4, list(WAYS)[:2]),
}


@dataclass
class Way:
    """One way of drawing, open on a page, and what all drags saw: ages in ms, pictures a second, whether each last
    picture was right."""

    page: Page
    root: Locator
    watch: str
    track: Locator
    grip: str | None
    positions: list[float] | None
    ages: list[list[float]] = field(default_factory=list)  # a list a drag
    rates: list[float] = field(default_factory=list)
    right: bool = True

    def row(self) -> str:
        """Median, 95th percentile, pictures a second, last picture."""
        ages = sorted(age for drag in self.ages for age in drag)
        slow = ages[int(0.95 * (len(ages) - 1))]
        right = "right" if self.right else "WRONG"
        return f"{statistics.median(ages):>10.1f}{slow:>10.1f}{statistics.mean(self.rates):>12.1f}{right:>8}"


def ages_of(events: list[list[float]], shown: list[list[float]], rising: bool) -> list[float]:
    """For each slider event the time until a picture at least as new was seen; pictures are told by their position."""
    ages = []
    for at, position in events:
        newer = [t for t, p in shown if t >= at and (p >= position if rising else p <= position)]
        if newer:
            ages.append(newer[0] - at)
    return ages


def drag(page: Page, track: Locator, grip: str | None, rising: bool) -> None:
    """Take hold of a slider, move to one end, and then across it with a new position at least 60 times a second."""
    box = track.bounding_box()
    hold = page.locator(grip).first.bounding_box() if grip else box
    assert box and hold
    low, high = box["x"] + 0.04 * box["width"], box["x"] + 0.96 * box["width"]
    y = box["y"] + box["height"] / 2
    first, last = (low, high) if rising else (high, low)
    page.mouse.move(hold["x"] + hold["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(first, y, steps=3)
    page.wait_for_timeout(2500)  # the picture of this end has to come before the drag counts
    page.evaluate("() => { bench.events.length = bench.shown.length = 0; }")
    started = time.perf_counter()
    while (part := (time.perf_counter() - started) / DRAG_SECONDS) < 1:
        page.mouse.move(first + (last - first) * part, y)
        time.sleep(0.01)
    page.mouse.move(last, y)
    page.mouse.up()


def measure(way: Way, rising: bool) -> None:
    """Drag once, and compare what the slider said with what the screen showed."""
    page = way.page
    page.bring_to_front()
    way.root.evaluate(way.watch)
    drag(page, way.track, way.grip, rising)
    page.wait_for_timeout(2500)
    log = page.evaluate("() => { bench.on = false; return { events: bench.events, shown: bench.shown }; }")
    shown = [[t, way.positions.index(p) if way.positions else p] for t, p in log["shown"]]
    way.ages.append(ages_of(log["events"], shown, rising))
    end = log["events"][-1][0]
    way.rates.append(sum(t <= end for t, _ in shown) / ((end - log["events"][0][0]) / 1000))
    way.right = way.right and shown[-1][1] == log["events"][-1][1]


def slow_down(page: Page, milliseconds: float) -> None:
    """Every message between page and kernel takes half of this each way, in order."""

    def relay(socket: Any) -> None:
        server, loop = socket.connect_to_server(), asyncio.get_event_loop()
        half = milliseconds / 2000
        socket.on_message(lambda message: loop.call_later(half, server.send, message))
        server.on_message(lambda message: loop.call_later(half, socket.send, message))

    page.route_web_socket(re.compile("/channels"), relay)


def open_way(lab: JupyterLab, page: Page, source: str, number: int) -> Way:
    """Open one way of drawing in JupyterLab, in a notebook of its own."""
    name = f"bench-{number}.ipynb"
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    content.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(content, lab.directory / name)
    nb = NotebookPage(page, lab, name).open()
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    nb.run_all()
    output = nb.output(0)
    if source is INTERACT:
        output.locator("img").first.wait_for()
        return Way(page, output, WATCH_IMAGE, output.locator(".noUi-base"), ".noUi-handle", None)
    root = output.locator(".lrx")
    root.locator("canvas").first.wait_for()
    page.wait_for_timeout(800)
    root.evaluate("root => { root.querySelector('[data-key=adam_lr]').scrollIntoView({block: 'center'}); }")
    positions = next(c["ticks"] for c in explore(steps=200).controls if c["key"] == "adam_lr")
    return Way(page, root, WATCH_EXPLORER, root.locator("input[data-key=adam_lr]"), None, positions)


def compare(lab: JupyterLab, chromium: Browser, profile: str, distance: int, drags: int, usual: bool) -> float:
    """Measure the ways of a profile at one distance; the explorer's age over the upper bound's, median of the drags."""
    settings, slower, names = PROFILES[profile]
    names = names if usual else names[:2]
    context = chromium.new_context(**settings)
    context.set_default_timeout(60_000)
    ways = {}
    for number, name in enumerate(names):
        page = context.new_page()
        if distance:
            slow_down(page, distance)
        ways[name] = open_way(lab, page, WAYS[name], number)
    for way in ways.values():
        context.new_cdp_session(way.page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    for number in range(drags):
        for way in ways.values():
            measure(way, number % 2 == 0)
    for name, way in ways.items():
        print(f"{profile:<7}{distance:>3} ms  {name:<34}{way.row()}", flush=True)
    for session in lab.api("sessions"):
        lab.api(f"sessions/{session['id']}", "DELETE")
    context.close()
    ours, best, *usual = ([statistics.median(drag) for drag in way.ages] for way in ways.values())
    ratios = sorted(own / bound for own, bound in zip(ours, best, strict=True))  # of drags that followed one another
    ratio = statistics.median(ratios)
    more = f"; interact's / explorer's: {statistics.median(usual[0]) / statistics.median(ours):.1f}" if usual else ""
    print(
        f"        explorer's age / upper bound's: {ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}){more}", flush=True
    )
    return ratio


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drags", type=int, default=6, help="drags a way, profile and distance (default 6)")
    parser.add_argument("--profile", choices=PROFILES, action="append", help="laptop or phone (default both)")
    parser.add_argument("--most", type=float, help="the most that the explorer's age may be, in upper bounds")
    parser.add_argument("--bound-only", action="store_true", help="leave interact out, which takes most of the time")
    options = parser.parse_args(arguments)
    usual = not options.bound_only
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home, directory = Path(folder) / "home", Path(folder) / "root"
        home.mkdir()
        directory.mkdir()
        lab, process = start_jupyterlab(home, directory)
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        try:
            print(f"{'profile, added round trip, way':<48}{'age p50':>10}{'p95 ms':>10}{'pictures/s':>12}{'last':>8}")
            profiles = options.profile or list(PROFILES)
            ratios = [
                compare(lab, chromium, each, distance, options.drags, usual)
                for each in profiles
                for distance in (0, 150)
            ]
        finally:
            chromium.close()
            process.terminate()
            process.wait()
    return int(options.most is not None and max(ratios) > options.most)


if __name__ == "__main__":
    raise SystemExit(main())
