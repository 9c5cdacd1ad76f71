"""The page for written answers in Chromium: sixty answers by keys, two desks, hostile words, what is refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from autograder.course import ROOT
from autograder.written.alike import plain
from lrtutorial.checking.written import model_answers
from tests.browser.conftest import ARTIFACTS, browser, page  # noqa: F401  # fixtures
from tests.written.conftest import Course
from tests.written.planted_class import Planted, planted

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RULES = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))"""
RUBRIC = model_answers()["c1"].rubric
MOST = tuple(item.points for item in RUBRIC)
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.whole]  # nbgrader's own dependencies warn


class Command:
    """``python -m autograder written …`` as an instructor runs it."""

    def __init__(self, course: Path, *words: str):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LRTUTORIAL")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autograder", "written", *words], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**environment, "LRTUTORIAL_COURSE": str(course)},
        )  # fmt: skip
        self.said = ""

    def address(self) -> str:
        """Wait for the address that it prints."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if match := re.search(r"Open (http://127\.0\.0\.1:\d+/\?token=\S+)", line):
                return match[1]
        raise AssertionError(self.said + self.end()[1])

    def end(self) -> tuple[str, str]:
        """End it with Ctrl-C, if it runs; return all that it printed, and its errors."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate()
        return self.said + out, err


@pytest.fixture
def command() -> Iterator[Callable[..., Command]]:
    made: list[Command] = []

    def start(course: Path, *words: str) -> Command:
        made.append(Command(course, *words))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


class Hands:
    """A grader at the keyboard, every key counted: a chord such as Ctrl+Enter is one."""

    def __init__(self, page: Page):  # noqa: F811
        self.page, self.keys = page, 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys += len(text)

    def give(self, lines: tuple[float, ...]) -> None:
        """Points by line; a tail of full or of no points is one key."""
        tail = next((k for k in range(len(lines)) if lines[k:] in (MOST[k:], (0.0,) * (len(lines) - k))), len(lines))
        digits, rest = (tail, lines[tail:]) if len(lines) - tail > 1 else (len(lines), ())
        for points in lines[:digits]:
            self.press(f"{points:g}")
        if rest:
            self.press("f" if rest == MOST[digits:] else "n")


def state_of(page: Page) -> tuple[str, int]:  # noqa: F811
    """Return the words on the page and how many answers have points, once a card or the end is shown."""
    expect(page.locator("body")).to_have_attribute("data-shown", re.compile(r"\d+"))
    done = re.match(r"(\d+) of", page.locator("#progress").inner_text())
    text = page.locator("#texts .text").inner_text() if page.locator("#answers").is_visible() else ""
    return plain(text), int(done[1]) if done else 0


def grade_all(page: Page, whole: dict[str, Planted]) -> tuple[Hands, int]:  # noqa: F811
    """Grade until nothing is left; return the hands, and how many second looks there were."""
    hands, said, twice, cards = Hands(page), [], 0, 0
    while True:
        text, _ = state_of(page)
        if not text:
            return hands, twice
        one = whole[text]
        second = page.locator("#note").is_visible()
        twice += second
        hands.give(one.lines)
        if one.comment and not second:
            if one.comment in said:
                hands.press("qwertyuiop"[said.index(one.comment)])
                hands.press("Enter")
            else:
                said.append(one.comment)
                hands.press("c")
                hands.type(one.comment)
                hands.press("Control+Enter")
        else:
            hands.press("Enter")
        cards += 1
        expect(page.locator("body")).to_have_attribute("data-shown", str(cards + 1))


def in_formgrader(whole: list[Planted], lines: bool) -> int:
    """The fewest keys in Formgrader, its cursor already in the first answer's box (tests/browser/test_formgrader.py
    presses them): the points; Tab over the box for extra points and the words, if any; Ctrl+. for the next submission.
    With ``lines`` the points by line are told, too, as in "321011"."""
    keys = 0
    for one in whole:
        words = ("".join(f"{points:g}" for points in one.lines) if lines else "") + (
            " " if lines and one.comment else ""
        )
        words += one.comment
        keys += len(f"{sum(one.lines):g}") + (2 + len(words) if words else 0) + 1
    return keys


def accessible(page: Page) -> list[str]:  # noqa: F811
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(RULES)


def test_sixty_answers_take_a_third_of_formgraders_keys(
    course: Callable[..., Course],
    command: Callable[..., Command],
    page: Page,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = planted()
    here = course([one.text for one in whole])
    run = command(here.folder, "c1", "--no-browser", "--grader", "ada")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(run.address())
    state_of(page)
    assert page.url.endswith("/"), "the token is not in the history"
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "written-1-first.png")
    assert accessible(page) == []
    hands, twice = grade_all(page, {plain(one.text): one for one in whole})
    assert twice == 6
    for number, one in enumerate(whole):
        assert here.grade(f"student_{number:02d}") == (sum(one.lines), False, one.comment or None)
    assert page.errors == []  # type: ignore[attr-defined]
    points, words, all_ = hands.keys, in_formgrader(whole, False), in_formgrader(whole, True)
    with capsys.disabled():
        print(f"\n60 answers, {twice} seen twice: {points} keys; Formgrader {words} for points and words, {all_} with "
              f"points by line: {points / words:.0%}, {points / all_:.0%}")  # fmt: skip
    assert hands.keys <= in_formgrader(whole, False) / 3
    page.screenshot(path=ARTIFACTS / "written-2-end.png")
    assert accessible(page) == []
    out, err = run.end()
    assert "6 answers seen twice (by one grader): 100% of the lines" in out and "Cohen's κ is 1.00" in out
    assert "0 of 60 still wait" in out and "Traceback" not in err
