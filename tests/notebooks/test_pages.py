"""Every notebook as a page, executed: axe-core finds nothing serious, headings go down, it prints whole."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import axe_playwright_python
import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from playwright.sync_api import Browser, Page

from lrtutorial.printing import PageExporter
from tests.browser.conftest import SCREEN, browser  # noqa: F401 – a fixture
from tests.notebooks.conftest import NOTEBOOKS, Student

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
# Of nbconvert's plain page its grey of prompts, its colours of code and its links without a line are left out; the
# course's page has its own.
PLAIN = ["[class*=Prompt]", ".highlight", ".jp-RenderedMarkdown a"]
# The course's page is made of it and shows the outputs alike: on the plain one a notebook of each folder is looked at.
FIRST = {path.parent: path for path in reversed(NOTEBOOKS)}
# Most of a page is words of code, and most of axe's time goes into their contrast. Where the classes of a word and of
# all around it are the same, so are its colours: the first is looked at, the others become plain text of their line.
ONE_WORD_OF_EACH_KIND = """() => {
    const seen = new Set();
    for (const word of document.querySelectorAll('main .highlight span[class]')) {
        let kind = '';
        for (let e = word; e.tagName !== 'MAIN'; e = e.parentElement) kind += e.tagName + e.className + ' ';
        if (seen.has(kind)) word.replaceWith(...word.childNodes);
        seen.add(kind);
    }
    return seen.size;
}"""
RULES = """async exclude => (await axe.run({include: [['main']], exclude: exclude.map(one => [one])}, {
    resultTypes: ['violations'],
    rules: {'heading-order': {enabled: true}, 'image-alt': {enabled: true}},
})).violations
    .filter(v => ['serious', 'critical'].includes(v.impact) || v.id === 'heading-order')
    .map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 160)).join(' | '))"""
PAPER = {"width": 688, "height": 1002}  # CSS pixels of A4 inside the margins: 182 × 265 mm at 96 an inch
CUT_OFF = """width => [...document.querySelectorAll('main *')].filter(e => {
    const box = e.getBoundingClientRect();
    const hidden = getComputedStyle(e).position === 'absolute' || !box.width;
    return !hidden && (box.right > width + 1 || (e.tagName === 'PRE' && e.scrollWidth > e.clientWidth + 1));
}).map(e => e.tagName + ' ' + e.className + ': ' + e.textContent.slice(0, 80))"""
# What keeps a verdict from being split is ignored inside tables, flex boxes and boxes with a scroll bar.
SPLIT = """() => [...document.querySelectorAll('.lr-verdict')].flatMap(verdict => {
    const wrong = getComputedStyle(verdict).breakInside === 'avoid' ? [] : ['may be split'];
    for (let e = verdict; e.tagName !== 'MAIN'; e = e.parentElement) {
        const style = getComputedStyle(e);
        if (style.display !== 'block' || style.overflow !== 'visible') wrong.push(e.className);
    }
    return wrong;
})"""
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:  # noqa: F811
    """One page for all notebooks, without a network: the export asks for MathJax."""
    context = browser.new_context()
    context.route("**/*", lambda route: route.abort())
    yield context.new_page()
    context.close()


@pytest.fixture
def executed(student: Student, path: Path) -> NotebookNode:
    """The notebook after a run with one wrong answer, which shows most; Part C with its experiments; the start page."""
    how = {"part_a": "wrong", "part_b": "wrong", "part_c": "right"}.get(path.parent.name, "untouched")
    notebook = student.works(path, how)
    notebook.cells = [cell for cell in notebook.cells if cell["id"] != "peak"]
    return notebook


@cache
def exporters() -> tuple[HTMLExporter, PageExporter]:
    """The plain page's and the course's, made once: each compiles its templates anew."""
    return HTMLExporter(template_name="lab"), PageExporter()


@pytest.mark.filterwarnings("ignore")  # nbconvert's own dependencies warn
@every_notebook
def test_the_page_is_accessible_and_prints_whole(path, executed, page: Page) -> None:
    page.set_viewport_size(SCREEN)
    page.emulate_media(media="screen")
    plain, page_of_ours = exporters()
    plains = [(plain, PLAIN)] if path == FIRST[path.parent] else []
    for exporter, left_out in (*plains, (page_of_ours, [])):
        html, _ = exporter.from_notebook_node(executed)
        page.set_content(html, wait_until="domcontentloaded")
        page.evaluate(AXE)
        assert page.locator("h1").count() == 1
        assert page.evaluate(ONE_WORD_OF_EACH_KIND) > 1 or path.stem == "start_here"
        assert page.evaluate(RULES, left_out) == []
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    assert page.evaluate(CUT_OFF, PAPER["width"]) == []
    assert path.stem == "start_here" or page.locator(".lr-verdict").count() >= 1
    assert page.evaluate(SPLIT) == []


def test_the_page_is_an_export_that_a_student_has(student: Student, tmp_path: Path) -> None:
    """By its name on the command line, which is what JupyterLab's menu lists too."""
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title")]), tmp_path / "n.ipynb")
    command = [student.python, "-m", "nbconvert", "--to", "lr_page", "n.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, env=student.environment(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "@media print" in (tmp_path / "n.html").read_text()
