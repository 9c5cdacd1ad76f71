"""The book as `make book` builds it, opened from disk without a network: its links, its search, its explorers.

A notebook of each part is run here. (That all of them run through untouched is tested in tests/notebooks.)
"""

from __future__ import annotations

import importlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import axe_playwright_python
import nbformat
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from book.__main__ import ROOT, binder, dress, execute, modules
from book.answers import make_room
from lrtutorial.course import exercises
from lrtutorial.explorer.recurrences import trajectories
from lrtutorial.problems import get_problem
from tests.browser.pictures import picture

NOTEBOOKS = ["start_here"] + [f"{e.part}/{e.notebook}" for e in exercises().values()]


class Found(HTMLParser):
    """What of a page the tests ask for: where it leads, its anchors, its headings, pictures without words."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = {""}
        self.headings: list[int] = []
        self.bare: list[str] = []
        self.text: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links |= {given[name] or "" for name in ("href", "src") if name in given}
        self.anchors |= {given[name] or "" for name in ("id", "name") if name in given}
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "img" and len(given.get("alt") or "") < 20:
            self.bare.append(given.get("src") or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def pages(book: Path) -> dict[Path, Found]:
    return {path: Found(path) for path in sorted(book.rglob("*.html"))}


SCREEN = {"width": 1280, "height": 1000}


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[Page]:
    """A tab without a network, which stays: a new one has a process of its own to begin."""
    context = chromium.new_context(viewport=SCREEN, offline=True)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


@pytest.fixture
def page(tab: Page) -> Iterator[Page]:
    """A page that complains at its end of errors in its scripts and of every address that it asked a network for."""
    wrong: list[str] = []
    listeners: dict[str, Callable[[Any], None]] = {
        "pageerror": lambda error: wrong.append(str(error)),
        "console": lambda said: wrong.append(said.text) if said.type == "error" else None,
        "request": lambda r: None if r.url.startswith(("file:", "blob:", "data:", "about:")) else wrong.append(r.url),
    }
    tab.set_viewport_size(SCREEN)  # type: ignore[arg-type]
    tab.emulate_media(color_scheme="light")
    for event, listener in listeners.items():
        tab.on(event, listener)  # type: ignore[call-overload]
    yield tab
    tab.goto("about:blank")
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    assert wrong == []


def test_every_notebook_and_every_guide_is_a_page(book: Path) -> None:
    guides = [f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md")]
    assert len(NOTEBOOKS) == 17 and len(guides) >= 4
    for name in [*NOTEBOOKS, *guides, "index", "search", "changelog", "api/index"]:
        assert (book / f"{name}.html").is_file(), name
    index = (book / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{name}.html"' in index for name in [*NOTEBOOKS, *guides])


def test_every_link_leads_somewhere(pages: dict[Path, Found]) -> None:
    checked, broken = 0, []
    for path, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or path.name == "search.html" and not parts.path:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            checked += 1
            if not target.is_file():
                broken.append(f"{path.name}: {link}")
            elif target.suffix == ".html" and unquote(parts.fragment) not in pages[target].anchors:
                broken.append(f"{path.name}: {link} (no such place on that page)")
    assert checked > 1000
    assert broken == []


def test_no_page_needs_another_host(book: Path, pages: dict[Path, Found]) -> None:
    """Links may lead out; scripts, styles and pictures may not."""
    for path, found in pages.items():
        loaded = re.findall(r'<(?:script|img|iframe)[^>]*\bsrc="([^"]*)"', path.read_text(encoding="utf-8"))
        loaded += re.findall(r'<link[^>]*\brel="stylesheet"[^>]*href="([^"]*)"', path.read_text(encoding="utf-8"))
        assert [a for a in loaded if "//" in a and not a.startswith("data:")] == [], path.name
        assert found.links, path.name


def test_nothing_names_the_machine_that_built_it(book: Path) -> None:
    places = [str(ROOT), tempfile.gettempdir(), str(Path.home())]
    for path in book.rglob("*"):
        if path.suffix in (".html", ".js", ".txt"):
            text = path.read_text(encoding="utf-8")
            assert [place for place in places if f"{place}/" in text] == [], path.name


def test_every_picture_has_words_and_headings_come_in_order(pages: dict[Path, Found]) -> None:
    for path, found in pages.items():
        assert found.bare == [], path.name
        if path.name not in ("genindex.html", "py-modindex.html", "search.html"):
            assert found.headings[0] == 1 and found.headings.count(1) == 1, path.name
            assert all(b - a <= 1 for a, b in zip(found.headings, found.headings[1:], strict=False)), path.name


def test_the_book_shows_no_model_answer(book: Path) -> None:
    """Lines of every model answer that the release does not hold are in no page, and not in the search index."""
    everything = "".join(
        path.read_text(encoding="utf-8")
        for path in book.rglob("*")
        if path.suffix in (".html", ".js", ".ipynb", ".txt")
    )
    everything = re.sub(r"<[^>]*>|\s", "", everything)
    looked = 0
    for exercise in exercises().values():
        name = f"{exercise.part}/{exercise.notebook}.ipynb"
        released = re.sub(r"\s", "", (ROOT / "notebooks" / name).read_text(encoding="utf-8"))
        for cell in nbformat.read(ROOT / "solutions" / name, as_version=4).cells:
            for block in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.S):
                for line in block.splitlines():
                    bare = re.sub(r"\s", "", line)
                    if len(bare) > 30 and json.dumps(bare)[1:-1] not in released and not bare.startswith("def"):
                        looked += 1
                        assert bare not in everything, (name, line)
    assert looked > 50


def test_notebooks_lead_to_binder(book: Path) -> None:
    for name in NOTEBOOKS:
        text = (book / f"{name}.html").read_text(encoding="utf-8")
        (address,) = re.findall(r'<a class="launch" href="([^"]+)"', text)
        (path,) = parse_qs(urlsplit(address).query)["labpath"]
        assert address.startswith("https://mybinder.org/v2/gh/someone/course/HEAD?") and (ROOT / path).is_file()


@pytest.mark.parametrize(
    ("repository", "place"),
    [
        ("https://github.com/someone/course.git", "gh/someone/course"),
        ("https://gitlab.com/a/group/course", "gl/a%2Fgroup%2Fcourse"),
        ("https://git.example.org/course", "git/https%3A%2F%2Fgit.example.org%2Fcourse"),
    ],
)
def test_binder_knows_each_kind_of_host(repository: str, place: str) -> None:
    assert binder(repository, "notebooks/a b.ipynb") == (
        f"https://mybinder.org/v2/{place}/HEAD?labpath=notebooks%2Fa%20b.ipynb"
    )


def test_the_map_leads_to_the_books_pages(pages: dict[Path, Found], book: Path) -> None:
    links = pages[book / "start_here.html"].links
    assert {f"{name}.html" for name in NOTEBOOKS[1:]} <= links
    assert not [link for link in links if link.endswith(".ipynb") and ":" not in link]


def test_search_finds_a_page(page: Page, book: Path) -> None:
    page.goto((book / "index.html").as_uri())
    page.get_by_role("textbox", name="Search").fill("sharpness")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.wait_for()
    found = page.locator("#search-results li a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert any("part_c/c4_rate_effects.html" in link for link in found)
    picture(page, "book-search")


def drawn(page: Page) -> dict:
    """The numbers behind the explorer's picture, two frames later."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.locator(".lrx").evaluate("root => root.explorer.drawn()")


def assert_right(shown: dict, optimizer: str) -> None:
    values = shown["values"]
    given = {key.removeprefix(f"{optimizer}_"): value for key, value in values.items()} | {"eps": 1e-8}
    bowl = get_problem("bowl")
    run = trajectories(optimizer, bowl, [[values["start_x"], values["start_y"]]], given, 50)[0]
    points = [np.nan if value is None else value for value in shown["runs"][optimizer]["points"]]
    expected = np.concatenate([run, bowl.gap(run)[:, None]], axis=1)
    np.testing.assert_allclose(np.reshape(points, (-1, 3)), expected, rtol=2e-5, atol=1e-12)


def test_an_explorer_moves_by_keyboard_and_mouse_without_a_kernel(page: Page, book: Path) -> None:
    page.goto((book / "start_here.html").as_uri())
    slider = page.locator("input[data-key=sgd_lr]")
    slider.wait_for()
    first = drawn(page)
    assert first["kernel"] is False and first["values"]["sgd_lr"] == 0.1
    assert_right(first, "sgd")
    slider.focus()
    page.keyboard.press("ArrowRight")
    higher = drawn(page)
    assert higher["values"]["sgd_lr"] > 0.1
    assert_right(higher, "sgd")
    assert "growing" in page.locator(".lrx").inner_text()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    assert drawn(page)["values"]["sgd_lr"] < 0.1
    slider.hover()  # scrolls there, and waits until it stays where it is
    box = slider.bounding_box()
    assert box
    page.mouse.down()
    seen = []
    for share in (0.45, 0.4, 0.35, 0.3):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        seen.append(drawn(page))
        assert_right(seen[-1], "sgd")
    page.mouse.up()
    rates = [shown["values"]["sgd_lr"] for shown in seen]
    assert rates == sorted(rates, reverse=True) and len(set(rates)) == 4
    picture(page, "book-explorer")


def test_an_unfinished_class_says_so_beside_the_reference(page: Page, book: Path) -> None:
    page.goto((book / "part_b" / "b2_adam.html").as_uri())
    slider = page.locator("input[data-key=adam_lr]")
    slider.wait_for()
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(1500)  # the explorer takes back what it can't show after 1.2 s
    moved = drawn(page)
    assert moved["values"]["adam_lr"] < 0.5
    assert_right(moved, "adam")
    assert "x did not move in 50 steps" in page.locator(".lrx").inner_text()


def test_a_narrow_screen_scrolls_in_one_direction(page: Page, book: Path) -> None:
    page.set_viewport_size({"width": 400, "height": 850})
    for name in ("index", "start_here", "part_b/b2_adam", "docs/instructor", "api/lrtutorial"):
        page.goto((book / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.goto((book / "part_b" / "b2_adam.html").as_uri())
    page.locator(".lrx canvas").first.scroll_into_view_if_needed()
    picture(page, "book-narrow")


@pytest.mark.parametrize("name", ["index", "start_here", "part_b/b2_adam", "api/lrtutorial.explorer"])
def test_axe_finds_nothing_serious(page: Page, book: Path, name: str) -> None:
    """In light colours, and in dark ones where a page has all that a page can have."""
    page.goto((book / f"{name}.html").as_uri())
    page.evaluate(Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8"))
    for dark in (False, True) if name == "part_b/b2_adam" else (False,):
        page.emulate_media(color_scheme="dark" if dark else "light")
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == dark
        # preload: from disk no style sheet could be fetched
        found = page.evaluate("axe.run(document, {preload: false, resultTypes: ['violations']})")["violations"]
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
        assert serious == [], f"{dark=}"


def test_the_reference_has_every_public_module(pages: dict[Path, Found], book: Path) -> None:
    for package in ("lrtutorial", "autograder"):
        for home, inside in modules(package).items():
            anchors = pages[book / "api" / f"{home}.html"].anchors
            assert {f"module-{name}" for name in (home, *inside)} <= anchors
    answers = pages[book / "api" / "lrtutorial.html"].anchors
    assert {"lrtutorial.check", "lrtutorial.explore", "lrtutorial.problems.Problem.gradient"} <= answers


def test_the_reference_shows_nothing_that_holds_answers(pages: dict[Path, Found]) -> None:
    named = {anchor for found in pages.values() for anchor in found.anchors}
    assert not [a for a in named if re.match(r"(module-)?autograder\.(catalogue|references|demo)\b", a)]
    assert "module-autograder.grading.engine" in named


def test_outcomes_are_folded_until_one_has_predicted() -> None:
    for path in sorted((ROOT / "notebooks" / "part_c").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        dress(notebook, solutions=False)
        experiments = [c for c in notebook.cells if "experiment" in c.metadata.get("tags", [])]
        assert experiments and all("hide-output" in cell.metadata.tags for cell in experiments)
        for cell in (cell for cell in experiments if cell.id == "how"):
            assert cell.metadata.mystnb.code_prompt_show == "Show the {type}"  # its source is folded on its own
        checks = [c for c in notebook.cells if c.cell_type == "code" and c.id.endswith("-test")]
        assert checks and all("remove-output" in cell.metadata.tags for cell in checks)


def test_a_notebook_is_run_again_only_when_something_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = importlib.import_module("book.__main__")
    monkeypatch.setattr(home, "EXECUTED", tmp_path / "executed")
    path = tmp_path / "tiny.ipynb"
    cells = [nbformat.v4.new_code_cell("import os\nprint(os.getpid())", id="pid")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    first, second = execute(path), execute(path)
    assert first.cells[0].outputs[0].text == second.cells[0].outputs[0].text != ""
    assert len(first.cells) == 1
    cells[0].source += "\n"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert execute(path).cells[0].outputs[0].text != first.cells[0].outputs[0].text
    assert len(list((tmp_path / "executed").rglob("*.ipynb"))) == 1
    other = tmp_path / "solutions" / "part_x" / "tiny.ipynb"
    other.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), other)
    execute(other)
    assert len(list((tmp_path / "executed").rglob("*.ipynb"))) == 2, "the other book keeps its own"


def test_without_npm_the_book_is_built_for_reading_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from book import runtime
    from book.__main__ import find_runtime

    monkeypatch.setattr(runtime.shutil, "which", lambda tool: None if tool == "npm" else f"/usr/bin/{tool}")
    assert find_runtime(solutions=False) is None
    said = capsys.readouterr().out
    assert "without checks in its pages" in said and "npm is not installed" in said


def test_opened_from_disk_it_reads_as_a_book_and_says_how_to_serve_it(page: Page, book: Path) -> None:
    page.goto((book / "part_a" / "a1_convergence.html").as_uri())
    assert page.locator("html").get_attribute("data-lr-runtime") == "none"
    page.get_by_text("python -m http.server").wait_for()
    assert page.locator("[data-lr-answer]").count() == 0
    assert page.get_by_text("gradient = ...").is_visible()


def test_what_the_pages_run_holds_no_model_answer_and_the_instructors_holds_the_rubric() -> None:
    from book.runtime import course

    def told(solutions: bool) -> dict[str, Any]:
        with zipfile.ZipFile(io.BytesIO(course(solutions))) as archive:
            names = archive.namelist()
            assert not [name for name in names if re.match(r"lrtutorial/recorded/b\d|autograder|solutions", name)]
            return json.loads(archive.read("lrtutorial/recorded/written.json"))

    bare, whole = told(False), told(True)
    assert all(not entry["answer"] and not any(i["text"] for i in entry["rubric"]) for entry in bare.values())
    assert all(entry["answer"] and all(i["text"] for i in entry["rubric"]) for entry in whole.values())
    points = {key: [item["points"] for item in entry["rubric"]] for key, entry in bare.items()}
    assert points == {key: [item["points"] for item in entry["rubric"]] for key, entry in whole.items()}


@pytest.mark.parametrize("solutions", [False, True])
def test_the_rubric_is_in_the_page_of_a_book_with_solutions_only(solutions: bool) -> None:
    folder = "solutions" if solutions else "notebooks"
    notebook = nbformat.read(ROOT / folder / "part_c" / "c1_why_rate_matters.ipynb", as_version=4)
    make_room(notebook, "c1_why_rate_matters", True, solutions)
    (data,) = re.findall(r'id="lr-page">(.*)</script>', notebook.cells[-1].source)
    written = json.loads(data)["written"]
    assert bool(written["rubric"]) == solutions and written["enough"] == 40
    places = re.findall(r'data-lr-place="([\w-]+)"', "".join(cell.source for cell in notebook.cells))
    assert {"c1-prediction_1", "compare", "write", "written"} <= set(places)
