"""The exporter of feedback pages: nbconvert's, with our template and with filters that make a page self-contained."""

from __future__ import annotations

import itertools
import re
import secrets
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from nbformat.notebooknode import NotebookNode
from traitlets.config import Config

from autograder.feedback.cleaning import clean_html, picture_of, traceback_text, without_paths
from autograder.feedback.formulas import latex_output, mathml
from lrtutorial.figures.attachments import PREFIX, AttachmentRenderer

HERE = Path(__file__).parent
BELOW = 2  #: the notebook's headings stand below the page's h1 and the section's h2
SHOWN = ("text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/latex", "text/plain")
_HEADING = re.compile(r"</?h[1-6]\b[^>]*>", re.IGNORECASE)  # those of raw HTML: the page's order is ours
LIVE = "application/vnd.jupyter.widget-view+json"
OURS = "page"  #: the template in the folder of this name


class FeedbackExporter(HTMLExporter):
    """Makes a feedback page of a notebook and the :class:`~autograder.feedback.summary.Summary` in its resources."""

    def __init__(self, config: Config | None = None, **kw: object):
        own = Config(
            FeedbackExporter={
                "template_name": OURS,
                "extra_template_basedirs": [str(HERE)],
                "filters": {},
                "sanitize_html": False,
                "optimistic_validation": True,  # once, after all steps, not after each
            }
        )
        if config is not None:
            own.merge(config)  # an instructor's own template wins; nbgrader's, which it sets for HTMLExporter, does not
        super().__init__(config=own, **kw)

    @property
    def default_config(self) -> Config:
        """nbconvert's, without its preprocessors: a page needs none of them."""
        return Config({"HighlightMagicsPreprocessor": {"enabled": False}})

    def default_filters(self) -> object:
        """nbconvert's filters and ours."""
        yield from super().default_filters()
        yield "markdown2html", self.safe_markdown
        yield "safe_html", lambda html: clean_html(without_paths(html))
        yield "formula", lambda text: latex_output(without_paths(text))
        yield "drawing", picture_of
        yield "plain", lambda text: escape(without_paths(text), quote=False)
        yield "as_traceback", lambda output: escape(traceback_text(output), quote=False)
        yield "shown_as", shown_as
        yield "points", points

    def from_notebook_node(  # type: ignore[override]  # nbconvert's own subclasses differ here too
        self, nb: NotebookNode, resources: ResourcesDict | None = None, **kw: object
    ) -> tuple[str, dict[str, Any]]:
        """Export one notebook."""
        self.level = BELOW  # of the last heading: none is skipped on the way down
        if self.template_name != OURS:
            return super().from_notebook_node(nb, resources, **kw)
        # HTMLExporter's own reads the page again, as a tree, for what our template has already: pictures with words
        self.register_filter("highlight_code", highlighted)
        return TemplateExporter.from_notebook_node(self, nb, resources, **kw)

    @pass_context
    def safe_markdown(self, context: Context, source: str, start: int | None = None, attachments: object = None) -> str:
        """The filter of :meth:`as_html`."""
        return self.as_html(source, attachments, start)

    def as_html(self, source: str, attachments: object = None, start: int | None = None) -> str:
        """Markdown as HTML: formulas as MathML, headings in order (from ``start`` where given), nothing that loads.

        ``attachments`` are those of the cell that the text is from.
        """
        if start is not None:
            self.level = start - 1
        html, self.level = _rendered(source, self.level, attachments) if attachments else _known(source, self.level)
        return html


def _rendered(source: str, level: int, attachments: object = None) -> tuple[str, int]:
    """Return Markdown below a heading of this level as HTML, and the level of its last heading."""
    renderer = _Renderer(level, attachments)
    html = clean_html(MarkdownWithMath(renderer=renderer).render(without_paths(source)), headings=True)
    return renderer.with_formulas(html), renderer.level


@lru_cache(maxsize=1024)  # most of a notebook is the same for the whole class
def _known(source: str, level: int) -> tuple[str, int]:
    return _rendered(source, level)


@lru_cache(maxsize=1024)
def highlighted(source: str) -> str:
    """Return a cell's program with its colours."""
    return str(Highlight2HTML(pygments_lexer="ipython3")(source))


class _Renderer(AttachmentRenderer):
    """Markdown's pieces. A formula is a word until the rest is cleaned, and then put in its place."""

    def __init__(self, level: int, attachments: object):
        super().__init__(escape=False, attachments=attachments, exclude_anchor_links=True)
        self.level = level  #: of the last heading
        self.formulas: dict[str, str] = {}
        self.word = f"formula{secrets.token_hex(8)}n"
        self.count = itertools.count()

    def _formula(self, latex: str, display: bool) -> str:
        word = f"{self.word}{next(self.count)}e"
        self.formulas[word] = mathml(latex, display)
        return word

    def with_formulas(self, html: str) -> str:
        """Put the formulas where their words stand."""
        return re.sub(rf"{self.word}\d+e", lambda match: self.formulas.get(match[0], ""), html)

    def block_math(self, body: str) -> str:
        return self._formula(body, True)

    def inline_math(self, body: str) -> str:
        return self._formula(body, False)

    def latex_environment(self, name: str, body: str) -> str:
        return self._formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)

    def heading(self, text: str, level: int, **attrs: object) -> str:
        level = min(level + BELOW, self.level + 1, 6)
        self.level = max(level, BELOW)
        return f"<h{level}>{text}</h{level}>\n"

    def block_html(self, html: str) -> str:
        return _HEADING.sub("", super().block_html(html))

    def inline_html(self, html: str) -> str:
        return _HEADING.sub("", super().inline_html(html))

    def image(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith((PREFIX, "data:")):
            return super().image(text, url, title)
        return f"<em>[picture “{escape(text) or 'without a description'}”: {escape(url)}]</em>"


@pass_context
def markdown_for_graders(context: Context, source: str) -> str:
    """Markdown as HTML for Formgrader: MathJax gets its formulas, and nothing that a student wrote can run.

    In Formgrader a script would act for the instructor, who may change every grade.
    """
    attachments = (context.get("cell") or {}).get("attachments", {})
    renderer = AttachmentRenderer(escape=False, attachments=attachments, exclude_anchor_links=True)
    return clean_html(MarkdownWithMath(renderer=renderer).render(source), headings=True)


def shown_as(output: NotebookNode) -> str:
    """Return the form in which an output is shown; ``live`` for a widget, which lives in the notebook only."""
    data = output.get("data", {})
    if LIVE in data:
        return "live"
    return next((form for form in SHOWN if form in data), "")


def points(number: float | None) -> str:
    """Return points as people write them: 3, 2.5, and – where there are none yet."""
    return "–" if number is None else f"{round(number, 2):g}".replace("-", "−")
