"""The start page in a real JupyterLab: the first minute, a map that follows checks, a copy to restore."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import axe_playwright_python
import pytest

from lrtutorial.course import exercises

ROOT = Path(__file__).resolve().parents[2]
START = ROOT / "notebooks" / "start_here.ipynb"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
IMPORTS, EXPLORER, MAP, KEEP = range(4)  # code cells


@pytest.fixture
def start(notebook: Callable):
    nb = notebook("start_here.ipynb", source=START)
    nb.set_source(IMPORTS, f"import os; os.environ['LRTUTORIAL_PROGRESS'] = 'kept/progress.json'\n{CODE}")
    for name in ("progress.json", "progress-before-reset-1.json"):
        (nb.lab.directory / "kept" / name).unlink(missing_ok=True)
    return nb


CODE = "".join(json.loads(START.read_text())["cells"][1]["source"])
CHECK = (
    "from lrtutorial.checking.progress import record_verdict\nfrom lrtutorial.verdict import Line, Verdict\n"
    "record_verdict(Verdict('a1-gradient', 'right', '', (Line('l', 'L', 3.0, 3.0),)))"
)


def test_the_first_minute(start) -> None:
    page = start.page
    start.run_all()
    explorer = start.output(EXPLORER).locator(".lrx")
    explorer.locator("canvas").first.wait_for()
    slider = explorer.locator("input[data-key=sgd_lr]")

    def loss_at_the_end() -> float:
        page.wait_for_timeout(300)
        run = explorer.evaluate("root => root.explorer.drawn()")["runs"]["sgd"]
        assert run["fresh"]
        return run["points"][-1]

    explorer.scroll_into_view_if_needed()
    explorer.locator("canvas").first.scroll_into_view_if_needed()
    start.screenshot("start-here-flips")
    assert loss_at_the_end() == pytest.approx(160, rel=1e-3), "y = ±4 for ever"
    slider.focus()
    slider.press("ArrowRight")
    assert loss_at_the_end() > 300
    for _ in range(3):
        slider.press("ArrowLeft")
    explorer.locator(".lrx-goal.lrx-met").wait_for()
    start.screenshot("start-here-goal")
    assert loss_at_the_end() < 0.01
    assert start.errors() == []


def test_the_map_links_all_exercises_and_follows_a_check(start) -> None:
    start.run_all()
    shown = start.output(MAP)
    assert shown.locator("a").count() == len(exercises())
    text = shown.inner_text()
    assert "0 of 16 exercises done" in text and "Begin with A1" in text
    shown.scroll_into_view_if_needed()
    start.screenshot("start-here-map", shown)
    start.set_source(EXPLORER, CHECK)
    start.run_cell(EXPLORER)
    start.page.wait_for_function("() => document.body.innerText.includes('Go on with A1')")
    assert "3 of" in shown.inner_text()


def test_a_link_opens_the_exercise(start) -> None:
    folder = start.lab.directory / "part_a"
    folder.mkdir(exist_ok=True)
    (folder / "a1_convergence.ipynb").write_text((ROOT / "solutions/part_a/a1_convergence.ipynb").read_text())
    start.run_all()
    start.output(MAP).locator("a", has_text="A1").click()
    start.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.context?.path === 'part_a/a1_convergence.ipynb'"
    )


def test_a_copy_is_saved_the_progress_reset_and_restored(start, tmp_path: Path) -> None:
    page = start.page
    start.run_all()
    start.set_source(EXPLORER, CHECK)
    start.run_cell(EXPLORER)
    link = start.output(KEEP).locator("a[download]")
    page.wait_for_function(
        "() => atob(document.querySelector('a[download]').href.split(',')[1]).includes('a1-gradient')"
    )
    with page.expect_download() as download:
        link.click()
    copy = tmp_path / "copy.json"
    download.value.save_as(copy)
    assert json.loads(copy.read_text())["steps"]["a1-gradient"]["points"] == 3

    keep = start.output(KEEP)
    keep.locator("button", has_text="Begin anew").click()
    keep.get_by_text("first.").wait_for()
    keep.locator("input[type=checkbox]").check()
    keep.locator("button", has_text="Begin anew").click()
    keep.get_by_text("Progress begins anew").wait_for()
    start.output(MAP).get_by_text("Begin with A1").wait_for()
    with page.expect_file_chooser() as chooser:
        keep.locator("button", has_text="Restore a copy").click()
    chooser.value.set_files(copy)
    keep.get_by_text("Restored: 1 checked step.").wait_for()
    start.output(MAP).get_by_text("Go on with A1").wait_for()
    keep.scroll_into_view_if_needed()
    start.screenshot("start-here-keep")


def test_axe_finds_nothing_serious(start) -> None:
    page = start.page
    start.run_all()
    page.wait_for_timeout(300)
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async () => (await axe.run({include: [['.jp-OutputArea']]},
            {resultTypes: ['violations']})).violations
            .filter(v => ['serious', 'critical'].includes(v.impact))
            .map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 160)).join(' | '))"""
    )
    assert found == []
