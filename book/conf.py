"""Sphinx's settings for the book. Run by `python -m book`, which stages the pages beside a copy of this file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

import lrtutorial
from book import quick

project = "Learning rates and optimizers"
release = lrtutorial.__version__
html_title = project
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
napoleon_google_docstring = False
root_doc = "index"

# Notebooks come executed. Explorers are brought to life by explorers.js, so that no page asks another host for scripts.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, Any] = {}
nb_merge_streams = True
nb_code_prompt_show = "Show what happens"
nb_code_prompt_hide = "Hide what happens"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
suppress_warnings = [
    "misc.highlighting_failure",  # `!pip` and `...` in a notebook are no plain Python
]

html_theme = "furo"
html_static_path = ["_static"]
_later = {"defer": "defer"}
html_js_files = [
    "search-from-disk.js",
    ("explorers.js", _later),
    ("reachable.js", _later),
    ("answers/start.js", _later),
]
html_css_files = ["book.css", "answers/answers.css", "answers/sketch.css"]
html_domain_indices = False
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_math_renderer = "mathml"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_use_type_comments = False  # there are none, and each function would be parsed to look for them
python_use_unqualified_type_names = True


def visit_math(writer: Any, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers typeset and read aloud by themselves: no script, no fonts to fetch."""
    block = isinstance(node, nodes.math_block)
    writer.body.append(tex2mathml(node.astext().replace(r"\texttt", r"\mathtt"), as_block=block))
    raise nodes.SkipNode


def as_rst(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Turn a docstring as it is written here (plain prose, code between backquotes) into reStructuredText, in place."""
    paragraphs = [each for each in "\n".join(lines).strip("\n").split("\n\n") if each.strip() != "::"]
    written: list[str] = []
    for i, paragraph in enumerate(paragraphs):
        if paragraph.lstrip().startswith((">>>", ":", "..")):
            written.append(paragraph)
        elif i and paragraph.startswith("    "):
            written.append(f"::\n\n{paragraph}")  # what is set in is code
        else:
            written.append(prose(paragraph))
    lines[:] = "\n\n".join(written).split("\n") + [""]


def prose(paragraph: str) -> str:
    """A paragraph with its code marked as code and nothing else as markup; "name: what it is" lines as a list."""
    paragraph = re.sub(r"(?<![`:\w])`([^`]+)`(?!`)", r"``\1``", paragraph)  # `code`, but no :role:`name`
    parts = re.split(r"(``.+?``|:\w+:`[^`]+`)", paragraph, flags=re.S)
    parts[::2] = [re.sub(r"([*|\\]|_(?=\W|$))", r"\\\1", part) for part in parts[::2]]
    rows = "".join(parts).split("\n")
    if all(re.match(r"\s|[a-z_0-9]+: ", row) for row in rows):
        rows = [re.sub(r"^(\w+): ", r":\1: ", row) for row in rows]
    return "\n".join(rows)


def without_place(app: Sphinx, doctree: nodes.document) -> None:
    """Make paths in this folder relative to it (some constants are): the book does not tell where it was built."""
    root = str(Path(lrtutorial.__file__).resolve().parents[1])
    for text in [text for text in doctree.findall(nodes.Text) if root in text]:
        text.parent.replace(text, nodes.Text(text.replace(f"{root}/", "").replace(root, ".")))


def with_levels(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give the captions of the table of contents, which call themselves headings, the level that a heading needs."""
    for name in ("body", "furo_navigation_tree"):
        if name in context:
            context[name] = context[name].replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app: Sphinx) -> None:
    """Register the formulas' writer, the docstrings' reader and what keeps the builder's folder to itself."""
    quick.setup(app)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    app.connect("autodoc-process-docstring", as_rst)
    app.connect("doctree-read", without_place)
    app.connect("html-page-context", with_levels, priority=900)  # after the theme has made its navigation
