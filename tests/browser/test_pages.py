"""Every notebook as a page: axe-core finds nothing serious in it, and its headings go down in order."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb")) + sorted((ROOT / "notebooks").glob("part_*/*.ipynb"))
# Left out: the export's own grey of prompts and its colours of code, which are not ours.
RULES = """async () => (await axe.run({include: [['main']], exclude: [['.jp-InputPrompt'], ['.highlight']]}, {
    resultTypes: ['violations'],
    rules: {'heading-order': {enabled: true}, 'image-alt': {enabled: true}},
})).violations
    .filter(v => ['serious', 'critical'].includes(v.impact) || v.id === 'heading-order')
    .map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 160)).join(' | '))"""


@pytest.mark.filterwarnings("ignore")  # nbconvert's own dependencies warn
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_axe_finds_nothing_serious(path, page: Page) -> None:
    page.route("**/*", lambda route: route.abort())  # the export asks for MathJax from the network
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(nbformat.read(path, as_version=4))
    page.set_content(html, wait_until="domcontentloaded")
    page.evaluate(AXE.read_text())
    assert page.locator("h1").count() == 1
    assert page.evaluate(RULES) == []
