"""A notebook as a page to print or to hand on: in JupyterLab's menu File › Save and Export Notebook As.

The same page comes from ``jupyter nbconvert --to lr_page my_notebook.ipynb``; a browser prints it or saves it as PDF.
It is nbconvert's own HTML page, with long lines of code wrapped instead of cut off, headings kept with what they head,
verdicts and pictures kept whole, and colours dark enough to be read by everyone (WCAG AA).
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from nbformat import NotebookNode

from lrtutorial.figures.attachments import AttachmentRenderer

STYLE = """<style>
:root {
  --jp-cell-prompt-not-active-font-color: #595959;
  --jp-cell-inprompt-font-color: #1b5e94;
  --jp-cell-outprompt-font-color: #a3360f;
  --jp-mirror-editor-keyword-color: #006b00;
  --jp-mirror-editor-comment-color: #33686a;
  --jp-mirror-editor-operator-color: #8500d1;
  --jp-mirror-editor-string-color: #a31515;
  --jp-mirror-editor-number-color: #066;
}
.jp-InputPrompt, .jp-OutputPrompt { opacity: 1 !important; }
.jp-RenderedHTMLCommon a:any-link { text-decoration: underline; }
@media print {
  @page { margin: 16mm 14mm; }
  html, body, .jp-Notebook { background: white; padding: 0; }
  .highlight pre, .jp-OutputArea-output pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th { white-space: normal; overflow-wrap: break-word; }
  img, svg, canvas { max-width: 100%; }
  /* Chromium keeps things whole only in plain blocks without a scroll bar. */
  body, .jp-Cell, .jp-Cell-outputWrapper, .jp-OutputArea, .jp-OutputArea-child, .jp-OutputArea .jp-OutputArea-output {
    display: block; overflow: visible; break-inside: auto;
  }
  .jp-OutputArea-child { width: auto; padding-left: var(--jp-cell-prompt-width); }
  .jp-OutputArea .jp-OutputArea-output { width: auto; padding: 0 0 0 0.5em; margin: 0; }
  .jp-OutputPrompt { display: none; }
  .jp-CodeCell:has(.lr-verdict, img), .lr-verdict, .jp-InputArea, img, svg, canvas, tr, blockquote {
    break-inside: avoid;
  }
  h1, h2, h3, h4, .jp-MarkdownCell:has(h2, h3, h4) { break-after: avoid; }
  p, li { orphans: 3; widows: 3; }
}
</style>
"""


class PageExporter(HTMLExporter):
    """nbconvert's HTML page with the course's style; see the module."""

    export_from_notebook = "Page to print"
    output_mimetype = "text/html"

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Markdown as HTML, as nbconvert makes it; a picture that the notebook doesn't hold is said, not an error."""
        renderer = AttachmentRenderer(
            escape=False,
            attachments=(context.get("cell") or {}).get("attachments"),
            embed_images=self.embed_images,
            path=context.get("resources", {}).get("metadata", {}).get("path", ""),
            anchor_link_text=self.anchor_link_text,
            exclude_anchor_links=self.exclude_anchor_links,
            **self.lexer_options,
        )
        return str(MarkdownWithMath(renderer=renderer).render(source))

    def from_notebook_node(  # type: ignore[override]  # a page is text, as with HTMLExporter
        self, nb: NotebookNode, resources: dict[str, object] | None = None, **kwargs: object
    ) -> tuple[str, dict[str, object]]:
        """Return the page and nbconvert's resources. A widget that has a still picture is printed as that."""
        page, used = super().from_notebook_node(_stilled(nb), resources, **kwargs)
        return page.replace("</head>", STYLE + "</head>", 1), used


def _stilled(notebook: NotebookNode) -> NotebookNode:
    """A copy in which a widget with a picture beside it is the picture alone."""
    copy = deepcopy(notebook)
    for cell in copy.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                data.pop("application/vnd.jupyter.widget-view+json", None)
    return copy
