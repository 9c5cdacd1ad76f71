"""The explorer in the book, without a kernel: on a laptop, a wide screen and a phone, by mouse, keys and finger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.explorer_page import (
    Shown,
    assert_fits_the_hand,
    assert_in_sight_on_a_laptop,
    assert_moves_by_finger,
    assert_moves_by_mouse_and_keys,
    axe,
    resize,
)
from tests.browser.pictures import picture

PAGE = "part_a/a5_optimal_rate.html"  # SGD and momentum, with a goal


def opened(browser: Browser, book: Path, **settings: object) -> Iterator[Shown]:
    """The page's explorer in a context of its own; nothing may go wrong in its scripts."""
    context = browser.new_context(**settings)  # type: ignore[arg-type]
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((book / PAGE).as_uri())
    yield Shown(page, page.locator(".lrx"))
    context.close()
    assert errors == []


@pytest.fixture(scope="module")
def laptop(chromium: Browser, book: Path) -> Iterator[Shown]:
    yield from opened(chromium, book, viewport={"width": 1366, "height": 768}, reduced_motion="reduce")


@pytest.fixture(scope="module")
def phone(chromium: Browser, book: Path) -> Iterator[Shown]:
    size = {"width": 390, "height": 844}
    yield from opened(chromium, book, viewport=size, has_touch=True, is_mobile=True, reduced_motion="reduce")


def test_on_a_laptop_path_loss_play_and_sliders_are_in_sight_and_axe_is_content(laptop: Shown) -> None:
    assert_in_sight_on_a_laptop(laptop)
    picture(laptop.page, "book-explorer-laptop")
    assert axe(laptop.page, ".lrx") == []


def test_mouse_and_keyboard_move_it(laptop: Shown) -> None:
    resize(laptop, 1366, 768)
    assert_moves_by_mouse_and_keys(laptop, "sgd_lr")


def test_a_wide_screen_is_used_and_the_list_of_the_page_gives_way(laptop: Shown) -> None:
    resize(laptop, 1920, 1080)
    picture(laptop.page, "book-explorer-wide")
    assert laptop.root.evaluate("root => root.clientWidth") > 1200
    assert laptop.root.evaluate("root => root.clientHeight") < 1080
    right = laptop.root.evaluate(
        """root => {
            const box = root.getBoundingClientRect();
            return root.contains(document.elementFromPoint(box.right - 30, box.top + 200));
        }"""
    )
    assert right
    laptop.page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    laptop.page.locator(".toc-tree").get_by_role("link", name="Predict").click()  # beside the text it is there


def test_a_phone_shows_path_play_and_rates_and_axe_is_content(phone: Shown) -> None:
    resize(phone, 390, 844)
    picture(phone.page, "book-explorer-phone")
    assert_fits_the_hand(phone)
    assert axe(phone.page, ".lrx") == []


def test_a_finger_moves_the_picture_and_not_the_page(phone: Shown) -> None:
    resize(phone, 390, 844)
    assert_moves_by_finger(phone, "sgd_lr")
