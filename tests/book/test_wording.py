"""A page has fields and buttons, no cells to run: what it says, against every notebook and every note of a figure."""

from __future__ import annotations

import ast
import re

import nbformat
import pytest

from book.__main__ import ROOT
from book.wording import IN_NOTEBOOK, OUTPUTS, WORDINGS, first_page, of_output, paged, word
from lrtutorial.checking.page import described
from lrtutorial.course import exercises

#: What can be done in a notebook only.
ONLY_THERE = re.compile(
    r"[Rr]un (the|its|this) c(ell|heck)|new cell|`hint|`reveal|Shift\+Enter|Double-click|in quotes|imported"
)
PAGES = ["start_here", *(f"{e.part}/{e.notebook}" for e in exercises().values() if described(e.id)["live"])]
FIGURES = [
    *(ROOT / "lrtutorial" / "experiments" / f"{name.rpartition('/')[2]}.py" for name in PAGES if "part_a" in name),
    ROOT / "lrtutorial" / "experiments" / "answers.py",
]


def texts(name: str) -> list[str]:
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_asks_for_what_it_has_no_cells_for(name: str) -> None:
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    word(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            shown = re.sub(rf"^````\{{container\}} {IN_NOTEBOOK}\n.*?^````$", "", cell.source, flags=re.M | re.S)
            assert not ONLY_THERE.search(shown), shown
            assert shown.count("````") % 2 == 0


def test_every_wording_is_of_something_that_a_notebook_says() -> None:
    said = "\n".join(text for name in PAGES for text in texts(name))
    assert [notebook for notebook, _ in WORDINGS if not re.search(notebook, said)] == []
    assert paged(said).count("$") == said.count("$")


def notes() -> list[str]:
    """Every sentence of the figures' modules that speaks of running a cell again, its names filled in."""
    found = []
    for path in FIGURES:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                found.append("".join(part.value if isinstance(part, ast.Constant) else "name" for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                found.append(node.value)
    return [text for text in found if "this cell again" in text and "\n" not in text]


def test_no_output_asks_to_run_a_cell_again() -> None:
    said = [*notes(), "Once closed_form is in place, it is drawn as circles on top of the steps."]
    assert len(said) >= 5
    assert [text for text in said if "run this cell" in of_output(text)] == []
    assert all(any(re.search(notebook, text) for text in said) for notebook, _ in OUTPUTS)


def test_the_first_page_of_a_book_without_python_promises_no_checks() -> None:
    text = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    assert first_page(text, True) == text and "checked as in the" in text
    bare = first_page(text, False)
    assert (
        "worked in the page" not in bare and "not in these pages" in bare and "Begin with [](start_here.ipynb)" in bare
    )
