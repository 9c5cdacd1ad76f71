"""The page for written answers in Chromium: sixty answers by keys, two desks, hostile words, what is refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page, Route, expect

from autograder.course import ROOT
from autograder.written.alike import plain
from lrtutorial.checking.written import model_answers
from tests import commands
from tests.browser.conftest import browser, page  # noqa: F401  # fixtures
from tests.browser.pictures import picture
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
            [sys.executable, "-m", "autograder", "written", *words],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment, "LRTUTORIAL_COURSE": str(course)},
        )
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
    """The fewest keys that Formgrader could need, its cursor already in the first answer's box: the points; Tab over
    the box for extra points and the words, if any; Ctrl+. for the next submission. With ``lines`` the points by line
    are told, too, as in "321011"."""
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
    picture(page, "written-1-first")
    assert accessible(page) == []
    hands, twice = grade_all(page, {plain(one.text): one for one in whole})
    assert twice == 6
    for number, one in enumerate(whole):
        assert here.grade(f"student_{number:02d}") == (sum(one.lines), False, one.comment or None)
    assert page.errors == []  # type: ignore[attr-defined]
    points, words, all_ = hands.keys, in_formgrader(whole, False), in_formgrader(whole, True)
    with capsys.disabled():
        print(
            f"\n60 answers, {twice} seen twice: {points} keys; Formgrader {words} for points and words, {all_} with "
            f"points by line: {points / words:.0%}, {points / all_:.0%}"
        )
    assert points <= words / 3
    bare = sum(len(f"{sum(one.lines):g}") + 1 for one in whole)
    guide = " ".join((ROOT / "docs/instructor.md").read_text(encoding="utf-8").split())
    assert f"it took {points} keys" in guide and f"at least {words} for" in guide and f"to say {bare}:" in guide
    picture(page, "written-2-end")
    assert accessible(page) == []
    out, err = run.end()
    assert "6 answers seen twice (by one grader): 100% of the lines" in out and "Cohen's κ is 1.00" in out
    assert "0 of 60 still wait" in out and "Traceback" not in err


# ------------------------------------------------------------------------------------------- what students write

FORGED = (
    "<script>window.forged = 1</script><img src=x onerror='window.forged = 1'><svg onload='window.forged = 1'></svg>"
    "<iframe src='javascript:top.forged=1'></iframe> <b id=save>bold</b>\n\n"
    "[a](javascript:window.forged=1) $\\eta < 2/λ$ "
)
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def test_students_words_run_nothing_and_pictures_and_formulas_are_shown(
    course: Callable[..., Course],
    command: Callable[..., Command],
    page: Page,  # noqa: F811
) -> None:
    texts = [FORGED + "One.", "![a dot](attachment:dot.png) in my picture", "![x](attachment:bad.png) no picture"]
    pictures = {1: {"dot.png": {"image/png": DOT}}, 2: {"bad.png": {"image/png": "PHNjcmlwdD4="}}}
    here = course(texts, attachments=pictures)
    run = command(here.folder, "c1", "--no-browser")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    address = run.address()
    page.goto(address)
    seen = {}
    for _ in range(3):
        text, _ = state_of(page)
        seen[text] = page.locator("#texts .text").inner_html()
        shown = page.locator("body").get_attribute("data-shown")
        page.keyboard.press("n")
        page.keyboard.press("Enter")
        expect(page.locator("body")).not_to_have_attribute("data-shown", str(shown))
    hostile = next(html for html in seen.values() if "One." in html)
    assert "<math" in hostile and not re.search(r"<script|onerror|onload|<iframe|javascript:|id=", hostile)
    assert sum(f'src="data:image/png;base64,{DOT}"' in html for html in seen.values()) == 1
    assert any("bad.png" in html and "<img" not in html for html in seen.values()), "what is no picture is named"
    assert page.evaluate("() => window.forged") is None and page.errors == []  # type: ignore[attr-defined]
    origin = address.partition("/?")[0]
    assert all(url.startswith((origin, "data:")) for url in asked), "nothing from elsewhere"


def test_nobody_without_the_token_or_from_another_site_asks_anything(
    course: Callable[..., Course], command: Callable[..., Command]
) -> None:
    here = course(["Too high: it diverges."])
    address = command(here.folder, "c1", "--no-browser").address()
    origin, token = address.split("/?token=")
    cookie = f"written-{origin.rpartition(':')[2]}={token}"

    def status(path: str, body: bytes | None = None, **headers: str) -> int:
        request = urllib.request.Request(origin + path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        try:
            return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).status
        except urllib.error.HTTPError as error:
            return error.code

    assert status("/", Cookie=cookie) == 200
    assert status("/") == status("/?token=wrong") == status("/", Cookie=cookie + "x") == 403
    assert status("/", Cookie=cookie, Host="evil.example") == 403, "a name that was bent to 127.0.0.1"
    assert status("/api/overview", b"{}", Cookie=cookie, X_Written="1") == 200
    assert status("/api/overview", b"{}", Cookie=cookie) == 403, "a form of another site sends no such header"
    assert status("/api/overview", b"{}", X_Written="1") == 403
    assert status("/api/mark", b"[" * 5000, Cookie=cookie, X_Written="1") == 400
    assert status("/api/card", b'{"id": "g7"}', Cookie=cookie, X_Written="1") == 400
    assert here.grade("student_00") == (None, True, None)


def test_two_pages_at_once_show_different_answers_and_a_conflict_loses_no_ones_points(
    course: Callable[..., Course],
    command: Callable[..., Command],
    page: Page,  # noqa: F811
) -> None:
    here = course(["Too high: it diverges.", "Low rates crawl and that is slow."])
    first, second = (command(here.folder, "c1", "--no-browser", "--grader", name) for name in ("ada", "bob"))
    page.goto(first.address())
    other = page.context.new_page()
    other.goto(second.address())
    assert state_of(page)[0] != state_of(other)[0]
    other.keyboard.press("l")
    other.locator("#cards button").filter(has_text=state_of(page)[0][:20]).click()
    expect(other.locator("#texts .text")).to_have_text(page.locator("#texts .text").inner_text())
    page.locator("#what").focus()
    for key, says in (("Enter", "No points yet for line 1, 2"), ("f", ""), ("Enter", "Saved: 10 points")):
        page.keyboard.press(key)  # what is no longer so is not left standing
        expect(page.locator("#status")).to_have_text(re.compile(rf"^{says}.*" if says else "^$"))
    expect(page.locator("#status")).to_contain_text("Saved: 10 points")
    for key in ("1", "n", "Enter"):
        other.keyboard.press(key)
    expect(other.locator("#status")).to_contain_text("Enter saves yours instead")
    expect(other.locator("#total")).to_have_text("1 of 10")
    other.keyboard.press("Enter")
    expect(other.locator("#status")).to_contain_text("Saved: 1 points")
    assert sorted(here.grade(f"student_0{n}")[0] or 0 for n in range(2)) == [0, 1]
    for dialog, key in (("keys", "?"), ("samples", "s"), ("list", "l")):
        other.keyboard.press(key)
        expect(other.locator(f"#{dialog}")).to_be_visible()
        if dialog == "samples":
            other.locator("summary").first.click()
            picture(other, "written-3-samples")
        assert accessible(other) == []
        other.keyboard.press("Escape")
    other.close()


def test_a_key_that_only_shows_something_is_not_lost_while_the_server_answers(
    course: Callable[..., Course],
    command: Callable[..., Command],
    page: Page,  # noqa: F811
) -> None:
    """On a slow line "Saved" stands there before the next answer does: what is pressed then comes afterwards."""
    here = course(["Too high: it diverges.", "Low rates crawl and that is slow.", "Both lose time.", "It depends."])
    page.goto(command(here.folder, "c1", "--no-browser", "--grader", "ada").address())
    expect(page.locator("#texts .text")).to_be_visible()
    held: list[Route] = []
    for dialog, key in (("keys", "?"), ("samples", "s"), ("list", "l")):
        page.route("**/api/next", lambda route: held.append(route))
        shown = page.locator("body").get_attribute("data-shown")
        page.keyboard.press("x")  # left for later: the server is asked what comes next
        while not held:
            page.wait_for_timeout(10)
        page.keyboard.press(key)
        held.pop().continue_()
        page.unroute("**/api/next")
        expect(page.locator(f"#{dialog}")).to_be_visible()
        assert page.locator("body").get_attribute("data-shown") != shown
        page.keyboard.press("Escape")
        expect(page.locator(f"#{dialog}")).not_to_be_visible()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("c9",), "Did you mean"),
        (("b2",), "has no written answer with a rubric"),
        (("c1",), "nothing was graded for c1"),
        (("c1", "--db", "sqlite:////nowhere/gradebook.db"), "there is no gradebook"),
        (("c1", "--port", "70000"), "65535"),
    ],
)
def test_what_cannot_be_graded_is_said(empty: Path, words: tuple, says: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LRTUTORIAL")}
    done = commands.run(
        [sys.executable, "-m", "autograder", "written", *words, "--no-browser"],
        cwd=ROOT,
        env={**environment, "LRTUTORIAL_COURSE": str(empty)},
    )
    assert done.returncode == 1
    assert says in done.stderr and "Traceback" not in done.stderr
