"""The explorer in the hand: a saved page on a phone's screen, touched with a finger, without a kernel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ipywidgets.embed import embed_data
from playwright.sync_api import Browser, Page

from lrtutorial.explorer import explore
from tests.browser.conftest import ROOT
from tests.browser.explorer_page import (
    Shown,
    assert_fits_the_hand,
    assert_moves_by_finger,
    assert_right,
    axe,
    drag,
    middle,
)
from tests.browser.pictures import picture

PAGE = """<!doctype html><html lang="en"><title>A saved explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<body style="margin:0"><main style="padding:0 16px"><h2>Before</h2><p style="height:300px">text</p>
<script type="application/vnd.jupyter.widget-state+json">@state</script>
<script type="application/vnd.jupyter.widget-view+json">@view</script>
<p style="height:1500px">text</p></main><script type="module">@script</script></body></html>"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that holds an explorer of four optimizers as a saved notebook does; the book's script wakes it."""
    data: Any = embed_data(views=[explore()], drop_defaults=False)
    file = tmp_path_factory.mktemp("saved") / "explorer.html"
    script = (ROOT / "book" / "_static" / "explorers.js").read_text(encoding="utf-8")
    parts = {"state": json.dumps(data["manager_state"]), "view": json.dumps(data["view_specs"][0]), "script": script}
    text = re.sub(r">@(\w+)<", lambda found: f">{parts[found[1]]}<", PAGE)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Page]:
    """A screen of 390 × 844 with touch."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.errors = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
    yield page
    context.close()


@pytest.fixture
def phone(screen: Page, saved: Path) -> Iterator[tuple[Page, Shown]]:
    """The page, loaded anew, the explorer's upper edge below a header of 56 px."""
    screen.goto(saved.as_uri())
    shown = Shown(screen, screen.locator(".lrx"))
    shown.root.evaluate("root => window.scrollTo(0, root.getBoundingClientRect().top + scrollY - 56)")
    yield screen, shown
    assert screen.errors == []  # type: ignore[attr-defined]


def test_path_play_and_every_rate_are_in_sight_and_large_enough(phone: tuple[Page, Shown]) -> None:
    page, shown = phone
    assert_fits_the_hand(shown)
    assert shown.root.locator(".lrx-main input[type=range]").count() == 4
    picture(page, "explorer-phone")


def test_the_rest_unfolds(phone: tuple[Page, Shown]) -> None:
    page, shown = phone
    beta = shown.root.locator("input[data-key=momentum_momentum]")
    assert not beta.is_visible()
    shown.root.get_by_role("button", name="More settings").tap()
    assert beta.is_visible() and shown.root.locator("input[data-key=start_x]").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe(page, ".lrx") == []


def test_a_finger_on_a_slider_moves_the_picture_and_not_the_page(phone: tuple[Page, Shown]) -> None:
    assert_moves_by_finger(phone[1])


def test_a_finger_takes_the_start_point_and_scrolls_beside_it(phone: tuple[Page, Shown]) -> None:
    page, shown = phone
    top = page.evaluate("scrollY")
    drag(page, middle(shown, ".lrx-handle-start"), (-90, 60))
    drawn = shown.drawn()
    assert drawn["values"]["start_x"] < 4 and drawn["values"]["start_y"] < 3
    assert page.evaluate("scrollY") == top
    assert_right(drawn)
    x, y = middle(shown, ".lrx-handle-start")
    drag(page, (x - 24, y + 24), (0, 60))  # taken hold of from beside it, too
    assert shown.drawn()["values"]["start_y"] < drawn["values"]["start_y"]
    assert page.evaluate("scrollY") == top
    drag(page, middle(shown, ".lrx-contour canvas"), (0, -120))  # no handle there: the page goes on
    assert page.evaluate("scrollY") > top


def test_a_number_that_no_slider_has_is_the_nearest_position(phone: tuple[Page, Shown]) -> None:
    page, shown = phone
    number = shown.root.locator("input[data-number=sgd_lr]")
    number.fill("1/11")
    number.press("Enter")
    shown.next_frame()
    assert shown.drawn()["values"]["sgd_lr"] == pytest.approx(1 / 11, rel=1e-12)
    number.fill("0.0931")
    number.press("Enter")
    shown.next_frame()
    assert "There is no kernel: the nearest position is 0.0909." in shown.root.locator(".lrx-note").inner_text()
    assert_right(shown.drawn())
