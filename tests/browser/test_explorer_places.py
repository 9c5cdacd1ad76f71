"""The explorer where students meet it: JupyterLab and Notebook 7, on a laptop, a wide screen and a phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.conftest import SLOW_TO_BEGIN, JupyterLab, NotebookPage, own_kernels, write_notebook
from tests.browser.explorer_page import (
    Shown,
    assert_fits_the_hand,
    assert_in_sight_on_a_laptop,
    assert_moves_by_finger,
    assert_moves_by_mouse_and_keys,
    axe,
    resize,
)

APPS = {"lab": "lab/tree", "notebook": "notebooks"}
CELLS = ["from lrtutorial.explorer import explore\nexplore(optimizers=['momentum', 'adam'])", "explore()"]


@dataclass
class Place:
    """A program with the notebook open on a laptop, and the same on a phone, touched with a finger."""

    app: str
    laptop: NotebookPage
    phone: NotebookPage

    def explorer(self, nb: NotebookPage, cell: int) -> Shown:
        """The explorer below a cell: 0 has two optimizers, 1 has four."""
        return Shown(nb.page, nb.output(cell).locator(".lrx"))


@pytest.fixture(scope="module", params=APPS)
def place(
    request: pytest.FixtureRequest, browser: Browser, jupyterlab: JupyterLab, lab: NotebookPage
) -> Iterator[Place]:
    """Both pages of one program; their kernel is shared, and ended with the last test of it."""
    name = f"places-{request.param}.ipynb"
    write_notebook(jupyterlab.directory / name, CELLS)
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(**settings: object) -> NotebookPage:
        contexts.append(browser.new_context(**settings))  # type: ignore[arg-type]
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        nb = NotebookPage(page, jupyterlab, name).open(APPS[request.param])
        if request.param == "lab" and "is_mobile" in settings:  # there the side bar leaves no room: a tap closes it
            page.locator(".jp-SideBar [data-id=filebrowser]").tap()
        nb.run_all()
        errors.clear()  # what a program says of itself while it opens is not the explorer's
        return nb

    with own_kernels(jupyterlab):
        if request.param == "lab":
            lab.open_instead(name)
            lab.run_all()
            laptop = lab
        else:
            laptop = opened(viewport={"width": 1366, "height": 768})
        phone = opened(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        yield Place(request.param, laptop, phone)
        errors += lab.errors()
        lab.close()
        for context in contexts:
            context.close()
    assert set(errors) <= {SLOW_TO_BEGIN}


def test_on_a_laptop_path_loss_play_and_sliders_are_in_sight_and_axe_is_content(place: Place) -> None:
    if place.app == "lab":  # as it opens: the files stand in the side bar
        assert place.laptop.page.locator(".jp-FileBrowser").is_visible()
    shown = place.explorer(place.laptop, 0)
    assert_in_sight_on_a_laptop(shown)
    place.laptop.screenshot(f"explorer-laptop-{place.app}")
    assert axe(shown.page, ".lrx") == []


def test_mouse_and_keyboard_move_it(place: Place) -> None:
    shown = place.explorer(place.laptop, 0)
    resize(shown, 1366, 768)
    assert_moves_by_mouse_and_keys(shown, "momentum_lr")


def test_a_wide_screen_is_used(place: Place) -> None:
    if place.app == "notebook":  # which keeps notebooks narrow until one asks for the whole width
        place.laptop.command("notebook:toggle-full-width")
    shown = place.explorer(place.laptop, 1)
    resize(shown, 1920, 1080)
    place.laptop.screenshot(f"explorer-wide-{place.app}")
    assert shown.root.evaluate("root => root.clientWidth") > 1400
    assert shown.root.evaluate("root => root.clientHeight") < 960  # three columns: everything on one screen


def test_a_phone_shows_path_play_and_rates_and_axe_is_content(place: Place) -> None:
    shown = place.explorer(place.phone, 1)
    resize(shown, 390, 844)
    place.phone.screenshot(f"explorer-phone-{place.app}")
    assert_fits_the_hand(shown)
    assert axe(shown.page, ".lrx") == []


def test_a_finger_moves_the_picture_and_not_the_page(place: Place) -> None:
    shown = place.explorer(place.phone, 1)
    resize(shown, 390, 844)
    assert_moves_by_finger(shown)
