"""What a student's cells hold and printed, made safe to show: no script, nothing that is fetched, no path of ours."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path

import bleach
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.filters import strip_ansi
from nbformat.notebooknode import NotebookNode

from autograder.course import COURSE, ROOT

TAGS = frozenset(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure hr i img ins kbd "
    "li ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var".split()
)
MARKDOWN_TAGS = TAGS | {f"h{level}" for level in range(1, 7)}
STYLES = CSSSanitizer(
    allowed_css_properties=[
        "border", "border-bottom", "border-collapse", "border-left", "border-right", "border-top", "font-family",
        "font-size", "font-style", "font-weight", "line-height", "margin", "max-width", "padding", "text-align",
        "vertical-align", "white-space", "width",
    ]
)  # fmt: skip
_ATTRIBUTES = {"alt", "title", "role", "aria-label", "colspan", "rowspan", "scope", "open", "start", "width", "height"}
_COLOURED = re.compile(r"(highlight|hll|[a-z]{1,2}\d?|\s)+")  # Pygments' classes
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL | re.IGNORECASE)
_ALT = re.compile(r"""aria-label=(["'])(.*?)\1|<title>(.*?)</title>""", re.DOTALL)
_CELL = re.compile(r"(?:/[^\s/:\"'<>]+)*/ipykernel_\d+/\d+\.py")
_INSTALLED = re.compile(r"(?:/[^\s/:\"'<>]+)+/(?:site-packages|dist-packages|lib/python3\.\d+)(?=/)")
_OURS = re.compile(r"/(?:lrtutorial|autograder)/")
NO_DESCRIPTION = "Picture from this notebook, without a description."


def clean_html(html: str, *, headings: bool = False) -> str:
    """Return a student's HTML with nothing that runs, loads or covers the page; drawings become pictures."""
    html = _SVG.sub(lambda match: picture_of(match[0]), html)
    for tag in ("script", "style"):
        html = re.sub(rf"<{tag}\b.*?(</{tag}\s*>|\Z)", "", html, flags=re.DOTALL | re.IGNORECASE)
    cleaned = bleach.clean(
        html,
        tags=MARKDOWN_TAGS if headings else TAGS,
        attributes=_allowed,
        strip=True,
        css_sanitizer=STYLES,
        protocols={"http", "https", "mailto", "data"},
    )
    cleaned = re.sub(r"<img(?![^>]*\bsrc=)[^>]*>", "<em>[a picture that is not in the file]</em>", cleaned)
    return re.sub(r"<img(?![^>]*\balt=)", f'<img alt="{NO_DESCRIPTION}"', cleaned)


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "src":
        return tag == "img" and _PICTURE.fullmatch(value) is not None
    if name == "href":
        return tag == "a" and not value.strip().lower().startswith("data:")
    if name == "class":
        return _COLOURED.fullmatch(value) is not None
    return name in _ATTRIBUTES or name == "style"


def picture_of(svg: str) -> str:
    """Return an SVG drawing as an ``img``: nothing in it can run or load, and its description is the ``alt``."""
    found = _ALT.search(svg)
    alt = unescape(found[2] or found[3] or "") if found else NO_DESCRIPTION
    if "xmlns=" not in svg.partition(">")[0]:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    data = base64.b64encode(svg.encode()).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}">'


def without_paths(text: str) -> str:
    """Return a text without the folders of the machine that graded."""
    text = _CELL.sub("your cell", text)
    text = _INSTALLED.sub("…", text)
    for folder in _folders():
        text = re.sub(rf"{re.escape(folder)}(?=[/\s\"':,)]|$)", "…", text)
    return text


def _folders() -> list[str]:
    """The folders that a student's program may have come to know, the longest first."""
    known = {str(COURSE), str(ROOT), sys.prefix, sys.base_prefix, str(Path.home())}
    return sorted((folder for folder in known if folder.count("/") > 1 or folder == "/root"), key=len, reverse=True)


def traceback_text(output: NotebookNode) -> str:
    """Return an error as plain text: the student's own frames whole, of library code only where it is, of ours none."""
    return without_paths("\n".join(_frames(output.get("traceback", ())))).strip() or f"{output.ename}: {output.evalue}"


def _frames(traceback: list[str]) -> Iterator[str]:
    for frame in map(strip_ansi, traceback):
        if not frame.startswith("File "):
            yield frame
        elif not _OURS.search(frame.partition("\n")[0]):
            yield frame.partition("\n")[0]
