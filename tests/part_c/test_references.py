"""The works that Part C names: each stands once in docs/references.md, and a name in a notebook links to it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from lrtutorial.course import find_exercise

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = [f"c{i}" for i in range(1, 7)]
ENTRY = re.compile(
    r"- \*\*(?P<label>.+? \d{4})\*\* · (?P<authors>.+?): \*(?P<title>.+?)\*\. \[(?P<id>.+?)\]\((?P<url>.+)\)"
)
ARXIV = re.compile(r"arXiv:\d{2}(0[1-9]|1[0-2])\.\d{4,5}")
DOI = re.compile(r"doi:10\.\d{4,9}/\S+")
#: A name with a year: "Kingma & Ba 2015", "Cohen et al. (2021)", "Polyak 1964".
NAMED = re.compile(r"[A-ZÀ-Ž][\w’-]+(?: et al\.| & (?:van )?[A-ZÀ-Ž]\w+)? \(?(?:19|20)\d\d\)?")
LINK = re.compile(r"\[([^\]]+)\]\((https?://[^\s]+?)\)(?=[\s,.;:|)*]|$)", re.M)


def entries() -> list[re.Match[str]]:
    text = (ROOT / "docs" / "references.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("- ")]
    found = [ENTRY.fullmatch(row) for row in rows]
    assert all(found), [row for row, match in zip(rows, found, strict=True) if not match]
    return [match for match in found if match]


def prose(exercise: str) -> str:
    """A notebook's text, all but the model answer."""
    path = ROOT / f"solutions/part_c/{find_exercise(exercise).notebook}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(c.source for c in cells if c.cell_type == "markdown" and not c["id"].endswith("-written"))


def test_each_work_stands_once_in_order_with_an_identifier_that_its_link_repeats() -> None:
    works = entries()
    for field in ("label", "title", "id"):
        assert max(Counter(work[field] for work in works).values()) == 1, field
    order = [unicodedata.normalize("NFKD", work["label"]).encode("ascii", "ignore").lower() for work in works]
    assert order == sorted(order)
    for work in works:
        place = {"arXiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}
        kind, _, number = work["id"].partition(":")
        assert (ARXIV if kind == "arXiv" else DOI).fullmatch(work["id"]), work["id"]
        assert work["url"] == place[kind] + number


#: Given at a conference in 2018, and put on arXiv a year later.
POSTED_LATER = {"Reddi et al. 2018"}


def test_a_preprint_is_not_younger_than_its_year() -> None:
    for work in entries():
        if work["id"].startswith("arXiv:") and work["label"] not in POSTED_LATER:
            assert 2000 + int(work["id"][6:8]) <= int(work["label"][-4:]), work["label"]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_work_named_in_a_notebook_links_to_its_entry(exercise: str) -> None:
    known = {work["label"]: work["url"] for work in entries()}
    text = prose(exercise)
    links = LINK.findall(text)
    for said, url in links:
        assert known.get(re.sub(r"[()]", "", said)) == url, said
    bare = NAMED.findall(LINK.sub("", text))
    assert bare == []
    assert links


def test_no_work_is_listed_that_no_notebook_names() -> None:
    named = {url for exercise in EXERCISES for _, url in LINK.findall(prose(exercise))}
    assert {work["url"] for work in entries()} == named
