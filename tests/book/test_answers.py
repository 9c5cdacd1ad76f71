"""Answers in the book's pages: Chromium at a phone's size with touch, and at a desktop's, against the built book."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import axe_playwright_python
import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect

from autograder.catalogue import questions
from book.__main__ import ROOT
from book.answers import make_room
from book.offline import stage_offline
from lrtutorial.checking import progress
from lrtutorial.checking.page import Desk, described
from lrtutorial.checking.written import model_answers
from lrtutorial.course import exercises, find_step
from lrtutorial.kinds import Derivation
from tests.book.conftest import ARGUMENTS, Site
from tests.browser.conftest import PATIENCE, chromium_path
from tests.browser.pictures import ARTIFACTS, picture

#: When a prediction was committed: another moment in another Python.
AT = re.compile(r'\\"at\\": \\"[^"]*\\"')
HARM = "<img src=x onerror=evil()>"
HOSTILE = {
    "format": "lrtutorial progress",
    "version": 1,
    "steps": {HARM: {"status": "right", "points": 1, "possible": 1, "tries": 1}},
    "answers": {"answer": {"a1-gradient": HARM, "__proto__": "x", "../..": "x", "a1-update": 5}},
}
SIZES = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 900}},
}
A1, A5, C1, C4 = (
    "part_a/a1_convergence",
    "part_a/a5_optimal_rate",
    "part_c/c1_why_rate_matters",
    "part_c/c4_rate_effects",
)
LIVE = [e for e in exercises().values() if described(e.id)["live"]]


@pytest.fixture(scope="module", params=SIZES)
def reader(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(**SIZES[request.param])
    yield context
    context.close()


@pytest.fixture(scope="module")
def tab(reader: BrowserContext) -> Page:
    """A reader's first tab, which stays: a new one has a process of its own to begin."""
    page = reader.new_page()
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    return page


@pytest.fixture
def page(tab: Page, site: Site) -> Iterator[Page]:
    """A page of a reader who begins anew; it complains at its end of errors in its scripts, its policy's among them."""
    nothing_open = site.address("x").replace("x.html", "_static/book.css")  # of the same origin, and soon shown
    tab.goto(nothing_open)
    tab.evaluate("localStorage.clear()")
    tab.emulate_media(color_scheme="light")
    with watched(tab):
        yield tab
        tab.goto(nothing_open)


@contextmanager
def watched(page: Page) -> Iterator[Page]:
    """Complain at the end of errors in a page's scripts."""
    wrong: list[str] = []
    on_error = lambda error: wrong.append(str(error))  # noqa: E731
    on_word = lambda said: wrong.append(said.text) if said.type == "error" else None  # noqa: E731
    page.on("pageerror", on_error)
    page.on("console", on_word)
    yield page
    page.remove_listener("pageerror", on_error)
    page.remove_listener("console", on_word)
    assert wrong == []


on_a_phone = pytest.mark.parametrize("reader", ["phone"], indirect=True)
on_a_desktop = pytest.mark.parametrize("reader", ["desktop"], indirect=True)


def opened(page: Page, site: Site, name: str) -> Page:
    page.goto(site.address(name))
    page.wait_for_selector("html[data-lr-runtime=ready]")
    # a busy machine may take longer over an answer than a reader would wait: these tests are about something else
    patient(page, site, 120_000)
    return page


def patient(page: Page, site: Site, milliseconds: int) -> None:
    """Set how long the page waits for one answer."""
    home = site.address("x").replace("x.html", "_static/answers/main.js")
    page.evaluate("async ([home, wait]) => { (await import(home)).runtime.patience = wait; }", [home, milliseconds])


def until(page: Page, condition: str) -> None:
    """Wait until a condition holds in the page (Playwright's own waiting breaks the page's content security policy)."""
    for _ in range(PATIENCE // 100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never came true: {condition}")


def answer(page: Page, step: str, text: str, status: str) -> str:
    """Type an answer, have it checked; the verdict's text."""
    (name,) = find_step(step).answers
    if find_step(step).kind.foretells:
        page.fill(f"[data-lr-beside={find_step(step).companions[0]}]", "Too low is only slow.")
    if described(step.split("-")[0])["steps"] and "sketch" in step:
        sketch(page, step)
    else:
        page.fill(f"[data-lr-answer={name}]", text)
    page.click(f"[data-lr-check={step}]")
    verdict = page.locator(f".lr-verdict[data-step={step}][data-status={status}]")
    verdict.wait_for()
    return verdict.inner_text()


def sketch(page: Page, step: str) -> None:
    """Draw every curve of a sketch in one stroke, by finger where the page is touched, by mouse elsewhere."""
    form = page.locator(f"[data-lr-step={step}]")
    sheet = form.locator(".lrs-sheet")
    for number in range(form.locator(".lrs-curve input").count()):
        form.locator(".lrs-curve input").nth(number).check()
        sheet.scroll_into_view_if_needed()
        box = sheet.bounding_box()
        path = [
            (box["x"] + box["width"] * (0.1 + 0.088 * i), box["y"] + box["height"] * (0.7 - 0.05 * i))
            for i in range(11)
        ]
        if page.evaluate("navigator.maxTouchPoints > 0"):
            client = page.context.new_cdp_session(page)
            points = [{"x": x, "y": y} for x, y in path]
            client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [points[0]]})
            for point in points[1:]:
                client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
            client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            client.detach()
        else:
            page.mouse.move(*path[0])
            page.mouse.down()
            for place in path[1:]:
                page.mouse.move(*place)
            page.mouse.up()
    assert "null" not in page.locator(f"[data-lr-step={step}] [data-lr-answer]").input_value()


def right(step: str) -> str:
    return typed(step, questions()[step].reference)


def typed(step: str, given: Any) -> str:
    """A catalogued answer as one would type it into the page."""
    if isinstance(find_step(step).kind, Derivation) and isinstance(given, list | tuple):
        return "\n".join(map(str, given))
    return ", ".join(map(str, given)) if isinstance(given, list | tuple) else str(given)


# ------------------------------------------------------------------------------------------------ Part A


# One at each size: the other size's layout is what axe and the keys are about, on the same exercises.
@pytest.mark.parametrize(("reader", "name"), [("phone", A1), ("desktop", A5)], indirect=["reader"])
def test_an_exercise_of_part_a_is_worked_to_the_end(page: Page, site: Site, name: str) -> None:
    opened(page, site, name)
    exercise = next(e for e in LIVE if name.endswith(e.notebook))
    for step in exercise.steps:
        mistake = questions()[step.id].misconceptions[0]
        if not isinstance(step.kind, Derivation):
            assert mistake.title in answer(page, step.id, typed(step.id, mistake.answer), "wrong")
        page.click(f"[data-lr-hint={step.id}]")
        expect(page.locator(f"[data-lr-step={step.id}] .lr-hint")).to_contain_text("Hint 1 of")
        answer(page, step.id, right(step.id), "right")
    kept = json.loads(page.evaluate("localStorage.getItem('lrtutorial:progress:')"))
    assert {step.id for step in exercise.steps} == {
        s for s, entry in kept["steps"].items() if entry["status"] == "right"
    }
    assert progress.parse(json.dumps(kept)) == kept, "the notebooks read the same file"
    page.goto(site.address("start_here"))
    expect(page.locator(".lr-map").first).to_contain_text("1 of 16 exercises done")


@on_a_desktop
def test_an_earlier_mistake_is_followed_through_also_after_the_page_was_opened_anew(page: Page, site: Site) -> None:
    opened(page, site, A1)
    answer(page, "a1-gradient", "2*a*x", "wrong")
    opened(page, site, A1)
    assert page.input_value("[data-lr-answer=gradient]") == "2*a*x"
    page.wait_for_selector(".lr-verdict[data-step=a1-gradient][data-status=wrong]")  # what was said is said again
    desk = Desk()
    desk.answer({"do": "check", "step": "a1-gradient", "answers": {"gradient": "2*a*x"}})
    told = desk.answer({"do": "check", "step": "a1-update", "answers": {"update": "x - 2*eta*a*x"}})
    assert told["status"] == "partly"
    answer(page, "a1-update", "x - 2*eta*a*x", "partly")


@on_a_phone
def test_enter_checks_an_empty_field_is_unfinished_and_a_derivation_shows_its_signs_as_one_types(
    page: Page, site: Site
) -> None:
    opened(page, site, A1)
    page.focus("[data-lr-answer=gradient]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".lr-verdict[data-step=a1-gradient][data-status=unfinished]")
    page.keyboard.type("a*x")
    page.keyboard.press("Enter")
    page.wait_for_selector(".lr-verdict[data-step=a1-gradient][data-status=right]")

    lines = ["|1 - eta*a| < 1", "-1 < 1 - eta*a < 1", "0 < eta*a < 3", "0 < eta*a <"]
    page.fill("[data-lr-answer=chain]", "\n".join(lines))
    marks = page.locator("[data-lr-step=a1-derivation] .lr-marks div")
    expect(marks).to_have_text(["", "⇔", "⇒", "?"])
    notes = page.locator("[data-lr-step=a1-derivation] .lr-notes li")
    expect(notes.nth(2)).to_contain_text("follows from the line above, but does not lead back")
    expect(notes.nth(3)).to_contain_text("can't be read")


@on_a_desktop
def test_a_check_counts_that_the_page_moved_away_while_it_was_pressed(page: Page, site: Site) -> None:
    """On a slow device the line that says how the text reads comes late: then the button is no longer under the finger.

    Where it is, one press is one check; where the finger moved, or what began elsewhere, none.
    """
    opened(page, site, A1)
    page.evaluate("window.checks = 0; document.addEventListener('submit', () => { window.checks += 1; }, true)")
    check = page.locator("[data-lr-check=a1-gradient]")
    insert = "() => { document.querySelector('[data-lr-step=a1-gradient] .lr-line').style.marginTop = '400px'; }"
    page.fill("[data-lr-answer=gradient]", "a*x")

    def pressed(moves: int = 0, away: bool = False) -> int:
        check.scroll_into_view_if_needed()
        at = check.bounding_box()
        assert at is not None
        page.mouse.move(at["x"] + 20, at["y"] + 20)
        page.mouse.down()
        if away:
            page.evaluate(insert)
        page.mouse.move(at["x"] + 20 + moves, at["y"] + 20)
        page.mouse.up()
        page.evaluate(insert.replace("400px", ""))
        return int(page.evaluate("window.checks"))

    assert pressed() == 1
    assert pressed(moves=300, away=True) == 1
    assert pressed(away=True) == 2
    assert pressed() == 3
    page.wait_for_selector(".lr-verdict[data-step=a1-gradient][data-status=right]")


@on_a_phone
def test_every_right_answer_of_part_a_can_be_entered_with_the_keys_alone(page: Page, site: Site) -> None:
    """For each held right answer the keys that spell it are tapped, none of another keyboard; taps are counted.

    Of every pad all keys can be reached. A finger taps each pad's first key, and of the others each that no finger has
    tapped yet on any pad: what a key does is the same everywhere.
    """
    table = []
    tapped: set[str] = set()
    for exercise in LIVE:
        if exercise.part != "part_a":
            continue
        opened(page, site, f"part_a/{exercise.notebook}")
        forms = {about["id"]: about for about in described(exercise.id)["steps"]}
        for step in exercise.steps:
            field = page.locator(f"[data-lr-answer={step.answers[0]}]")
            field.click()
            pad = page.locator(f"[data-lr-step={step.id}] .lr-keypad")
            if not pad.is_visible():
                page.click(f"[data-lr-step={step.id}] .lr-keys")
            keys = pad.locator("[data-lr-key]").evaluate_all("all => all.map(k => k.dataset.lrKey)")
            assert keys and keys == [key["types"] for key in forms[step.id]["keys"]]
            assert pad.evaluate(OUT_OF_REACH) == [], step.id
            taps = spelled(right(step.id), keys)
            tap(pad, taps, tapped)
            page.click(f"[data-lr-check={step.id}]")
            page.wait_for_selector(f".lr-verdict[data-step={step.id}][data-status=right]")
            table.append((step.id, len(taps), field.input_value()))
    ARTIFACTS.mkdir(exist_ok=True)
    (ARTIFACTS / "book-taps.txt").write_text("\n".join(map(str, table)), encoding="utf-8")
    assert max(taps for step, taps, _ in table if "derivation" not in step) <= 40, table


#: The keys of a pad, and its other buttons, that are less than 24 CSS pixels wide or high, or at which something else
#: lies, or nothing, when they are scrolled to.
OUT_OF_REACH = """pad => [...pad.querySelectorAll("[data-lr-key], button")].flatMap(key => {
    key.scrollIntoView({ block: "center", behavior: "instant" });
    const { x, y, width, height } = key.getBoundingClientRect();
    const there = document.elementFromPoint(x + width / 2, y + height / 2);
    const wrong = [
        width < 24 || height < 24 ? `${width} × ${height} pixels` : "",
        key.contains(there) ? "" : `at its middle lies ${there?.outerHTML.slice(0, 60) ?? "nothing"}`,
    ].filter(Boolean);
    return wrong.length ? [`${key.textContent}: ${wrong}`] : [];
})"""


def tap(pad: Locator, keys: list[str], tapped: set[str]) -> None:
    """Tap keys in order: by finger the first and each that is not among those `tapped`, which it then is; the others up
    to the next such one in one go."""
    again: list[str] = []
    press = '(pad, all) => all.forEach(each => pad.querySelector(`[data-lr-key="${each}"]`).click())'
    for number, key in enumerate(keys):
        if number and key in tapped:
            again.append(css(key))
            continue
        if again:
            pad.evaluate(press, again)
            again = []
        pad.locator(f'[data-lr-key="{css(key)}"]').click()
        tapped.add(key)
    if again:
        pad.evaluate(press, again)


def css(key: str) -> str:
    return key.replace("\\", "\\\\").replace("\n", "\\a ").replace('"', '\\"')


def spelled(text: str, keys: list[str]) -> list[str]:
    """The keys that type a text, longest first; spaces that separate nothing are left out."""
    taps, rest = [], re.sub(r"Abs\(([^()]*)\)", r"|\1|", text.replace("**", "^")).replace("&", "and")
    while rest:
        if rest[0] == " ":
            rest = rest[1:]
            continue
        key = max((key for key in keys if rest.startswith(key)), key=len, default=None)
        assert key is not None, f"no key types {rest!r}; there are {keys}"
        taps.append(key)
        rest = rest[len(key) :]
    return taps


# ------------------------------------------------------------------------------------------------ Part C


# Both have a sketch: one is drawn by finger, the other by mouse.
@pytest.mark.parametrize(("reader", "name"), [("phone", C1), ("desktop", C4)], indirect=["reader"])
def test_predictions_are_committed_before_the_experiment_opens(page: Page, site: Site, name: str) -> None:
    opened(page, site, name)
    exercise = next(e for e in LIVE if name.endswith(e.notebook))
    steps = [step for step in exercise.steps if step.kind.foretells]
    assert page.locator(".tag_experiment:visible").count() == 0
    answer(page, steps[0].id, "who knows", "unreadable")
    opened(page, site, name)
    for step in steps:
        assert page.locator("html").get_attribute("data-lr-experiment") == "closed"
        shown = answer(page, step.id, someone_says(step.id), "noted")
        assert ("You predict" in shown or "Your drawing" in shown) and "Committed." in shown
    expect(page.locator("html")).to_have_attribute("data-lr-experiment", "open")
    assert page.locator(".tag_experiment:visible").count() > 0
    page.click("[data-lr-compare]")
    expect(page.locator(".lr-comparison tbody tr")).to_have_count(len(steps))
    expect(page.locator(".lr-both svg[role=img]")).to_have_count(1)
    kept = json.loads(page.evaluate("localStorage.getItem('lrtutorial:progress:')"))
    assert set(kept["predictions"][exercise.id]) == {step.id for step in steps}
    assert kept["commitments"][steps[0].id]["why"] == "Too low is only slow."
    page.locator(".lr-both").scroll_into_view_if_needed()
    picture(page, f"book-sketch-{page.viewport_size['width']}")
    page.locator(f"[data-lr-step={exercise.id}-sketch_1]").scroll_into_view_if_needed()
    picture(page, f"book-pad-{page.viewport_size['width']}")
    opened(page, site, name)
    expect(page.locator("html")).to_have_attribute("data-lr-experiment", "open")


@on_a_phone
def test_without_a_why_the_experiment_stays_closed_and_a_written_answer_is_kept_and_counted(
    page: Page, site: Site
) -> None:
    opened(page, site, C1)
    page.fill("[data-lr-answer=written]", "Too high: it diverges.")
    expect(page.locator(".lr-count").last).to_have_text("4 words.")
    page.fill("[data-lr-answer=prediction_2]", "2")
    page.click("[data-lr-check=c1-prediction_2]")
    verdict = page.locator(".lr-verdict[data-step=c1-prediction_2][data-status=noted]")
    expect(verdict).to_contain_text("One line of why is missing")
    page.fill("[data-lr-answer=prediction_2]", "5")
    page.fill("[data-lr-beside=why_2]", "I think I know better now.")
    page.click("[data-lr-check=c1-prediction_2]")
    expect(verdict).to_contain_text("the first one counts")
    expect(page.locator("html")).to_have_attribute("data-lr-experiment", "closed")
    opened(page, site, C1)
    assert page.input_value("[data-lr-answer=written]") == "Too high: it diverges."


def someone_says(step: str) -> str:
    """A prediction that can be read, right or wrong."""
    form = described(step.split("-")[0])["steps"]
    about = next(each for each in form if each["id"] == step)
    words = [key["types"] for key in about["keys"]]
    return {"number": "3", "choice": (words or [""])[0], "ordering": ", ".join(words), "sketch": ""}[about["form"]]


# ------------------------------------------------------------------------------- the same judge, everywhere


def requests() -> list[dict[str, Any]]:
    """To each step every catalogued answer and accepted form, and invalid inputs, each in a session of its own."""
    asked: list[dict[str, Any]] = []
    invalid = [
        "",
        "...",
        "1 +",
        "x" * 5000,
        "10**10**8",
        "__import__('os')",
        "lambda: 1",
        "sqrt(-1)",
        "1/0",
        "η",
        "a b",
        "\x00",
    ]
    for exercise in LIVE:
        for step in exercise.steps:
            question = questions()[step.id]
            given = [question.reference, *(m.answer for m in question.misconceptions), *question.accepted.values()]
            texts = [*(typed(step.id, each) for each in given), *invalid]
            for text in texts:
                asked.append({"do": "forget"})
                asked.append({"do": "check", "step": step.id, "answers": {step.answers[0]: text}, "progress": ""})
                asked.append({"do": "hint", "step": step.id})
                if isinstance(step.kind, Derivation):
                    asked.append({"do": "lines", "step": step.id, "text": text})
    return asked


@on_a_desktop
def test_every_verdict_in_chromium_is_cpythons(page: Page, site: Site) -> None:
    opened(page, site, A1)
    asked = requests()
    told = page.evaluate(
        """async ([home, asked]) => {
            const { runtime } = await import(home);
            const said = [];
            for (const request of asked) said.push(await runtime.ask(request));
            return said;
        }""",
        [site.address("x").replace("x.html", "_static/answers/main.js"), asked],
    )
    desk = Desk()
    statuses = set()
    for request, answered in zip(asked, told, strict=True):
        here = desk.answer(request)
        assert AT.sub("", json.dumps(answered)) == AT.sub("", json.dumps(here)), request
        statuses.add(answered.get("status"))
    assert len(asked) > 2500 and {"right", "partly", "wrong", "unreadable", "unfinished", "noted"} <= statuses


# ------------------------------------------------------------------------------------- kept, offline, broken


def test_what_is_typed_before_python_is_ready_is_checked_when_it_is(chromium: Browser, site: Site) -> None:
    site.slow = "memory.bin"
    context = chromium.new_context(service_workers="block")
    try:
        page = context.new_page()
        page.goto(site.address(A1))
        page.fill("[data-lr-answer=gradient]", "a*x")
        page.click("[data-lr-check=a1-gradient]")
        expect(page.locator("[data-lr-step=a1-gradient] .lr-wait")).to_contain_text("as soon as it is ready")
        assert page.locator("html").get_attribute("data-lr-runtime") == "loading"
        site.go_on.set()
        page.wait_for_selector(".lr-verdict[data-step=a1-gradient][data-status=right]")
    finally:
        site.slow = ""
        site.go_on.set()
        context.close()


@on_a_desktop
def test_two_tabs_dont_lose_each_others_work(page: Page, site: Site) -> None:
    opened(page, site, A1)
    other = page.context.new_page()
    opened(other, site, A1)
    answer(page, "a1-gradient", "a*x", "right")
    answer(other, "a1-update", "x - eta*a*x", "right")
    expect(other.locator("[data-lr-answer=gradient]")).to_have_value("a*x")
    kept = json.loads(page.evaluate("localStorage.getItem('lrtutorial:progress:')"))
    assert set(kept["steps"]) == {"a1-gradient", "a1-update"}
    other.close()


@on_a_phone
def test_where_the_browser_keeps_nothing_one_line_says_so_and_checks_go_on(page: Page, site: Site) -> None:
    full = page.context.new_page()  # of its own: what is said before every script stays said
    full.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }")
    with watched(full):
        opened(full, site, A1)
        expect(full.locator(".lr-problem")).to_contain_text("keeps nothing")
        answer(full, "a1-gradient", "a*x", "right")
        answer(full, "a1-update", "x - eta*a*x", "right")
        with full.expect_download() as download:
            full.click(".lr-problem [data-lr-save]")
        kept = json.loads(download.value.path().read_text(encoding="utf-8"))
        assert set(kept["steps"]) == {"a1-gradient", "a1-update"}
        full.close()


@on_a_desktop
def test_a_copy_is_saved_and_restored_and_is_the_notebooks_file(page: Page, site: Site, tmp_path: Path) -> None:
    opened(page, site, A1)
    answer(page, "a1-gradient", "a*x", "right")
    opened(page, site, "start_here")
    with page.expect_download() as download:
        page.click("[data-lr-save]")
    copy = tmp_path / "copy.json"
    download.value.save_as(copy)
    assert progress.parse(copy.read_text(encoding="utf-8"))["steps"]["a1-gradient"]["status"] == "right"
    page.check("#lr-sure")
    page.click("[data-lr-reset]")
    expect(page.locator(".lr-map").first).to_contain_text("0 of 240 points")
    page.set_input_files("#lr-restore", copy)
    expect(page.locator(".lr-map").first).to_contain_text("3 of 240 points")
    opened(page, site, A1)
    assert page.input_value("[data-lr-answer=gradient]") == "a*x"


@on_a_desktop
def test_what_a_notebooks_kernel_wrote_is_taken_in(page: Page, site: Site, tmp_path: Path) -> None:
    """A kernel checks two steps of A1, one wrong at first; its own progress file is restored in the page."""
    file = tmp_path / "progress.json"
    cells = [
        "from lrtutorial import check",
        "check('a1-gradient', 'a*x')",
        "check('a1-update', 'x')",
        f"check('a1-update', {right('a1-update')!r})",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook).execute(env={**os.environ, "LRTUTORIAL_PROGRESS": str(file)})
    steps = progress.parse(file.read_text(encoding="utf-8"))["steps"]
    assert {name: entry["status"] for name, entry in steps.items()} == {"a1-gradient": "right", "a1-update": "right"}
    opened(page, site, "start_here")
    page.set_input_files("#lr-restore", file)
    points = sum(entry["points"] for entry in steps.values())
    expect(page.locator(".lr-map").first).to_contain_text(f"{points:g} of 240 points")
    kept = json.loads(page.evaluate("localStorage.getItem('lrtutorial:progress:')"))
    assert kept["steps"]["a1-update"]["tries"] == steps["a1-update"]["tries"] == 2


@on_a_desktop
def test_a_hostile_file_does_nothing(page: Page, site: Site) -> None:
    """What is refused leaves nothing behind; what is taken in is words in the page, not elements."""
    page.add_init_script("window.evil = () => { window.harmed = true; }")  # in later tests nobody calls it
    opened(page, site, "start_here")
    restore = lambda text: page.set_input_files(  # noqa: E731
        "#lr-restore", {"name": "p.json", "mimeType": "application/json", "buffer": text.encode()}
    )
    said = page.locator("[role=status]", has_text=re.compile("estored"))
    for text in ("no JSON", '{"format": "lrtutorial progress", "version": 99}'):
        restore(text)
        expect(said).to_have_count(1)
        kept = dict(page.evaluate("Object.entries(localStorage)"))
        assert progress.parse(kept.pop("lrtutorial:progress:", json.dumps(progress.empty()))) == progress.empty()
        assert kept == {}, text
        page.evaluate("said => { said.textContent = ''; }", said.element_handle())
    restore(json.dumps(HOSTILE))
    expect(said).to_have_count(1)
    opened(page, site, A1)
    # one of the file's pictures would come before this one, which is none either and says so
    page.evaluate(
        """new Promise(done => {
            const mark = new Image();
            mark.onerror = mark.onload = done;
            mark.src = "../search.html";
        })"""
    )
    assert page.evaluate("[window.harmed, ({}).x, document.querySelectorAll('img[src=x]').length]") == [None, None, 0]


@on_a_desktop
def test_what_takes_too_long_is_stopped_and_the_next_answer_is_checked(page: Page, site: Site) -> None:
    opened(page, site, A1)
    answer(page, "a1-gradient", "2*a*x", "wrong")
    patient(page, site, 0)
    page.fill("[data-lr-answer=chain]", "")
    page.click("[data-lr-check=a1-closed_form]")
    page.wait_for_selector("html[data-lr-runtime=loading]")
    patient(page, site, 120_000)
    page.wait_for_selector(".lr-verdict[data-step=a1-closed_form][data-status=undecided]")
    answer(page, "a1-update", "x - 2*eta*a*x", "partly")  # what was known before is known again


@on_a_desktop
def test_what_is_remembered_and_takes_too_long_is_left_out_of_the_next_start(page: Page, site: Site) -> None:
    home = site.address("x").replace("x.html", "_static/answers/runtime.js")
    script = """async home => {
        const { Runtime } = await import(home);
        let begun = 0;
        const begin = () => {
            const worker = { terminate() {}, postMessage({ id, request }) {
                const data = { id, answer: '{"count": 2}' };
                if (JSON.parse(request).do !== "resume") setTimeout(() => worker.onmessage({ data }));
            } };
            begun += 1;
            setTimeout(() => worker.onmessage({ data: { ready: true } }));
            return worker;
        };
        const runtime = new Runtime(begin, { patience: 50, remember: () => [{ do: "resume" }] });
        const answer = await Promise.race([runtime.ask({ do: "words" }), new Promise(end => setTimeout(end, 300_000))]);
        return { begun, answer };
    }"""
    assert page.evaluate(script, home) == {"begun": 2, "answer": {"count": 2}}


def test_all_that_is_loaded_to_check_answers_is_little_more_than_eight_megabytes(book: Path, site: Site) -> None:
    rarely = {"stdlib.zip", "modules.zip", "LICENSES.txt"}  # only where Python starts the long way
    loaded = [path for path in (book / "runtime").iterdir() if path.name not in rarely]
    sizes = {path.name: path.stat().st_size for path in (*loaded, *(book / "_static" / "answers").iterdir())}
    assert sum(sizes.values()) <= 8_000_000, sizes
    (said,) = re.findall(r"Checking loads ([\d.]+) MB", (ROOT / "docs" / "instructor.md").read_text(encoding="utf-8"))
    assert abs(sum(sizes.values()) / 1e6 - float(said)) < 0.15, sizes


def test_a_file_that_breaks_python_is_refused_and_the_next_one_is_read(chromium: Browser, site: Site) -> None:
    context = chromium.new_context()
    try:
        page = context.new_page()  # the console may say that Python broke
        opened(page, site, "start_here")
        good = json.dumps(progress.empty())
        only_pythons = good.replace("{}", '{"a1-gradient": {"points": NaN}}', 1)  # which JSON in a browser is not
        refused = "Nothing was restored"
        for text, said in (("[" * 100_000, refused), (good, "Restored: 0"), (only_pythons, refused)):
            page.set_input_files("#lr-restore", {"name": "p", "mimeType": "application/json", "buffer": text.encode()})
            expect(page.locator("[role=status]", has_text=said)).to_have_count(1)
    finally:
        context.close()


@pytest.mark.parametrize("fault", ["missing", "cut_off"])  # the second as a cache that was not written whole gives it
def test_a_runtime_that_does_not_load_leaves_a_page_to_read(chromium: Browser, site: Site, fault: str) -> None:
    broken: set[str] = getattr(site, fault)
    broken.add("python.wasm.bin")
    context = chromium.new_context(service_workers="block")
    try:
        page = context.new_page()
        page.goto(site.address(A1))
        page.fill("[data-lr-answer=gradient]", "a*x")
        page.click("[data-lr-check=a1-gradient]")
        page.wait_for_selector("html[data-lr-runtime=failed]")
        expect(page.locator("[data-lr-step=a1-gradient] .lr-wait")).to_contain_text("could not be loaded")
        expect(page.locator(".lr-runtime")).to_contain_text("all of it can be read")
    finally:
        broken.clear()
        context.close()


def wait_until_kept(book: Path, profile: Path) -> None:
    """Wait until a browser's cache is on the disk, all of it: a browser writes it behind, and not what is left when it
    is told to end."""
    asked = json.loads(re.search(r"const FILES = (\{.*?\});", (book / "sw.js").read_text("utf-8"), re.S)[1])
    size = sum((book / name).stat().st_size for name in asked)
    for _ in range(PATIENCE // 100):
        kept = [path for path in profile.rglob("CacheStorage/**/*") if path.is_file()]
        if sum(path.stat().st_size for path in kept) >= size:
            return
        time.sleep(0.1)
    raise AssertionError("the browser's cache is not on the disk")


def test_with_the_network_cut_and_the_browser_restarted_a1_is_worked_to_the_end(
    chromium_driver: Playwright, book: Path, tmp_path: Path
) -> None:
    own = Site(book)
    begin = lambda: chromium_driver.chromium.launch_persistent_context(  # noqa: E731
        tmp_path / "profile", executable_path=chromium_path(), args=ARGUMENTS, **SIZES["phone"]
    )
    context = begin()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(own.address("start_here"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    wait_until_kept(book, tmp_path / "profile")
    context.close()
    own.stop()
    context = begin()
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        opened(page, own, A1)
        for step in exercises()["a1"].steps:
            answer(page, step.id, right(step.id), "right")
        page.goto(own.address("search"))  # not kept
        expect(page.locator("body")).to_contain_text("needs a network")
        page.get_by_role("link", name="To the book").click()
        expect(page.locator("h1")).to_have_text(re.compile("Learning rates and optimizers"))
        page.goto(own.address("part_a/a2_momentum"))
        page.wait_for_selector("html[data-lr-runtime=ready]")
    finally:
        context.close()


def test_a_kept_file_that_is_broken_is_fetched_again_so_that_a_reload_helps(chromium: Browser, site: Site) -> None:
    """As the page says where Python can't be loaded."""
    context = chromium.new_context()
    broken = """async ([name, body]) => {
        const [key] = await caches.keys(), cache = await caches.open(key);
        const [kept] = (await cache.keys()).filter(each => each.url.endsWith(name));
        const headers = (await cache.match(kept)).headers;
        await cache.put(kept, new Response(body, {headers}));
    }"""
    size = """async name => {
        const [key] = await caches.keys(), cache = await caches.open(key);
        const [kept] = (await cache.keys()).filter(each => each.url.endsWith(name));
        const found = kept && (await cache.match(kept));  // it may just be replaced
        return found ? (await found.blob()).size : 0;
    }"""
    try:
        page = opened(context.new_page(), site, A1)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        whole = page.evaluate(size, "python.wasm.bin")
        assert whole > 1_000_000
        page.reload()  # by what is kept
        page.wait_for_selector("html[data-lr-runtime=ready]")
        for body in ("", "short"):
            page.evaluate(broken, ["python.wasm.bin", body])
            page.reload()
            page.wait_for_selector("html[data-lr-runtime=failed]")
            expect(page.locator("article")).to_contain_text("Reload it to try again")
            until(page, f"({size})('python.wasm.bin').then(size => size === {whole})")
            page.reload()
            page.wait_for_selector("html[data-lr-runtime=ready]")
        answer(page, "a1-gradient", "a*x", "right")
    finally:
        context.close()


def test_where_the_picture_of_memory_does_not_fit_python_starts_the_long_way(chromium: Browser, site: Site) -> None:
    site.missing.add("memory.bin")
    context = chromium.new_context(service_workers="block")
    try:
        page = opened(context.new_page(), site, A1)
        answer(page, "a1-gradient", "a*x", "right")
    finally:
        site.missing.clear()
        context.close()


def test_an_update_of_the_book_is_seen_once_its_pages_are_closed_and_keeps_answers(
    chromium: Browser, book: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "book"
    shutil.copytree(book, copy)
    own, context = Site(copy), chromium.new_context()
    kept = "navigator.serviceWorker.ready.then(() => true)"
    try:
        page = opened(context.new_page(), own, A1)
        answer(page, "a1-gradient", "a*x", "right")
        page.evaluate(kept)
        changed = copy / f"{A1}.html"
        changed.write_text(changed.read_text(encoding="utf-8").replace("</h1>", " (new)</h1>", 1), encoding="utf-8")
        shutil.move(copy / "runtime", tmp_path / "runtime")
        (copy / "sw.js").unlink()
        stage_offline(copy, tmp_path / "runtime")
        opened(page, own, A1)
        assert "(new)" not in page.inner_text("h1"), "one page never sees files of two builds"
        until(page, "navigator.serviceWorker.getRegistration().then(found => Boolean(found?.waiting))")
        page.close()
        page = context.new_page()
        for _ in range(20):  # the browser changes over a moment after the last page is closed
            opened(page, own, A1)
            if "(new)" in page.inner_text("h1"):
                break
            page.goto("about:blank")
            page.wait_for_timeout(200)
        expect(page.locator("h1")).to_contain_text("(new)")
        assert page.input_value("[data-lr-answer=gradient]") == "a*x"
    finally:
        context.close()
        own.stop()


def test_with_solutions_a_written_answer_is_scored_by_the_rubric(chromium: Browser, site: Site) -> None:
    """The page of a book with solutions, made of this one's by putting in what a build with solutions puts in."""
    notebook = nbformat.read(ROOT / f"solutions/{C1}.ipynb", as_version=4)
    make_room(notebook, "c1_why_rate_matters", True, True)
    (about,) = re.findall(r'id="lr-page">(.*)</script>', notebook.cells[-1].source)
    rubric = json.dumps(json.loads(about)["written"]["rubric"], ensure_ascii=False)
    lines = model_answers()["c1"].rubric
    context = chromium.new_context(service_workers="block")

    def with_rubric(route: Any) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace('"rubric": []', f'"rubric": {rubric}'))

    try:
        context.route("**/c1_why_rate_matters.html", with_rubric)
        page = opened(context.new_page(), site, C1)
        expect(page.locator(".lr-rubric")).to_be_hidden()
        page.fill("[data-lr-answer=written]", " ".join(f"word{i}" for i in range(40)))
        for number, line in enumerate(lines):
            assert line.text in page.locator(".lr-rubric label").nth(number).inner_text()
            page.select_option(f"#lr-rubric-{number}", f"{line.points:g}")
        page.select_option("#lr-rubric-0", "2")
        expect(page.locator(".lr-rubric")).to_contain_text("Your own score: 9 of 10")
        kept = "JSON.parse(localStorage.getItem('lrtutorial:progress:') ?? '{}').written?.c1"  # each choice is kept
        until(page, f"{kept}?.points === 9 && {kept}.possible === 10")
    finally:
        context.close()


# ------------------------------------------------------------------------------------------- how it looks


@on_a_desktop
def test_part_b_says_what_it_needs_and_gives_its_notebook(page: Page, site: Site) -> None:
    page.goto(site.address("part_b/b2_adam"))
    assert page.locator("html").get_attribute("data-lr-runtime") == "none"
    expect(page.locator("article")).to_contain_text("checking it needs Python with NumPy")
    link = page.locator("a[download]").first
    response = page.request.get(link.evaluate("link => link.href"))
    assert response.ok and response.json()["cells"]
    expect(page.locator("article a", has_text="open it on Binder")).to_have_count(1)


@pytest.mark.parametrize("name", [A1, C1, "start_here"])
def test_axe_finds_nothing(page: Page, site: Site, name: str) -> None:
    """In light and in dark colours (style sheets alone tell them apart, so the page need not be opened anew)."""
    opened(page, site, name)
    if name == A1:
        answer(page, "a1-gradient", "a*x/2", "wrong")
        page.click("[data-lr-hint=a1-gradient]")
        page.fill("[data-lr-answer=chain]", "|1 - eta*a| < 1\n0 < eta*a < 3")
        expect(page.locator("[data-lr-step=a1-derivation] .lr-notes li")).to_have_count(2)
        if not page.locator("[data-lr-step=a1-derivation] .lr-keypad").is_visible():
            page.click("[data-lr-step=a1-derivation] .lr-keys")
    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(axe)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for colors in ("light", "dark"):
        page.emulate_media(color_scheme=colors)
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (colors == "dark")
        if (colors == "dark") == (width < 600):  # one of each page and size to look at
            picture(page, f"book-{Path(name).name}-{width}-{colors}", full_page=True)
        found = page.evaluate("axe.run('.lr-step, .lr-runtime, .lr-locked', {resultTypes: ['violations']})")
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == [], colors
