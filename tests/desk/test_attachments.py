"""Pictures in Markdown cells: valid ones are shown in every page that shows a notebook, and no other costs the page."""

from __future__ import annotations

import base64
import io
import re

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from PIL import Image
from traitlets.config import Config

from autograder.configuration import configure
from autograder.feedback import FeedbackExporter
from autograder.feedback.summary import Summary
from lrtutorial.figures.attachments import pictures
from lrtutorial.printing import PageExporter


def bitmap(kind: str) -> str:
    file = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


PNG, JPEG, GIF, WEBP = map(bitmap, ("PNG", "JPEG", "GIF", "WEBP"))
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><title>a bowl</title></svg>'
SVG64 = base64.b64encode(SVG.encode()).decode()

#: name: (attachments, text, whether the picture is shown)
ATTACHED: dict[str, tuple[object, str, bool]] = {
    "a pasted PNG": ({"image.png": {"image/png": PNG}}, "![image.png](attachment:image.png)", True),
    "JPEG": ({"a.jpg": {"image/jpeg": JPEG}}, "![x](attachment:a.jpg)", True),
    "GIF": ({"a.gif": {"image/gif": GIF}}, "![x](attachment:a.gif)", True),
    "WebP": ({"a.webp": {"image/webp": WEBP}}, "![x](attachment:a.webp)", True),
    "SVG, as bytes": ({"a.svg": {"image/svg+xml": SVG64}}, "![x](attachment:a.svg)", True),
    "SVG, as text": ({"a.svg": {"image/svg+xml": SVG}}, "![x](attachment:a.svg)", True),
    "in lines": ({"a.png": {"image/png": [PNG[:20] + "\n", PNG[20:]]}}, "![x](attachment:a.png)", True),
    "a space in its name": ({"my scan.png": {"image/png": PNG}}, "![x](attachment:my%20scan.png)", True),
    "another kind than it says": ({"a.png": {"image/png": JPEG}}, "![x](attachment:a.png)", True),
    "in HTML": ({"a.png": {"image/png": PNG}}, 'See <img src="attachment:a.png" width=40> here', True),
    "by reference": ({"a.png": {"image/png": PNG}}, "![x][it]\n\n[it]: attachment:a.png", True),
    "in a table": ({"a.png": {"image/png": PNG}}, "|a|\n|-|\n|![x](attachment:a.png)|", True),
    "missing": ({}, "![x](attachment:gone.png)", False),
    "missing, in HTML": ({}, '<img src="attachment:gone.png">', False),
    "a PDF": ({"a.pdf": {"application/pdf": "JVBERi0xLjQ="}}, "![x](attachment:a.pdf)", False),
    "no picture": ({"a.png": {"image/png": "aGVsbG8="}}, "![x](attachment:a.png)", False),
    "no base64": ({"a.png": {"image/png": "…!"}}, "![x](attachment:a.png)", False),
    "HTML as a picture": ({"a.png": {"text/html": "<script>alert(1)</script>"}}, "![x](attachment:a.png)", False),
    "an empty bundle": ({"a.png": {}}, "![x](attachment:a.png)", False),
    "a bundle of numbers": ({"a.png": {"image/png": [1]}}, "![x](attachment:a.png)", False),
    "half an emoji": ({"a\ud83d.png": {"image/svg+xml": "\ud83d"}}, "![x](attachment:a.png)", False),
}


def graders() -> HTMLExporter:
    """What Formgrader shows a notebook with."""
    config = Config()
    configure(config)
    return HTMLExporter(config=config)


@pytest.fixture(scope="module", params=["feedback", "Formgrader", "Page to print"])
def exporter(request: pytest.FixtureRequest) -> HTMLExporter:
    return {"feedback": FeedbackExporter, "Formgrader": graders, "Page to print": PageExporter}[request.param]()


def page_of(exporter: HTMLExporter, attachments: object, text: str) -> str:
    cell = nbformat.v4.new_markdown_cell(f"Begin\n\n{text}\n\nEnd")
    cell["attachments"] = nbformat.from_dict(attachments)
    notebook = nbformat.v4.new_notebook()
    notebook.cells.append(cell)  # not held to the format: it is what came
    summary = Summary("ada", None, "C1", 0.0, 0.0, 0.0, None, (), ())
    resources = {"feedback": summary, "nbgrader": {}} if isinstance(exporter, FeedbackExporter) else {}
    return exporter.from_notebook_node(notebook, resources)[0]


@pytest.mark.parametrize("name", ATTACHED)
def test_a_picture_is_shown_or_said_to_be_missing_and_the_page_goes_on(name: str, exporter: HTMLExporter) -> None:
    attachments, text, shown = ATTACHED[name]
    page = page_of(exporter, attachments, text)
    body = page[page.index("Begin") : page.rindex("End")]
    assert bool(re.search(r'<img[^>]*src="data:image/(png|jpeg|gif|webp|svg\+xml);base64,', body)) == shown, body
    assert "<script" not in body
    assert 'src="attachment:' not in body
    if not shown:
        assert "gone.png" in body or "a.p" in body or "picture" in body


def test_what_is_kept_of_a_cells_attachments_is_a_picture_in_the_formats_own_form() -> None:
    for attachments in [*(given for given, _, _ in ATTACHED.values()), None, [1], "x", {1: {}}, {"a.png": PNG}]:
        kept = pictures(attachments)
        assert all(isinstance(data, str) for bundle in kept.values() for data in bundle.values())
    assert pictures({"a.svg": {"image/svg+xml": SVG}}) == {"a.svg": {"image/svg+xml": SVG64}}
    assert pictures({"a": {"text/html": "x", "image/png": PNG}}) == {"a": {"image/png": PNG}}
