"""Pictures that are kept inside a notebook's Markdown cells: the valid ones are shown, of others is said what they are.

A cell's ``attachments`` map names to MIME bundles, ``{"image.png": {"image/png": base64}}``, and its text shows them as
``![alt](attachment:image.png)``. nbconvert ends with an error where one is missing; a page of a class must not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import unquote

from nbconvert.filters.markdown_mistune import IPythonRenderer

PREFIX = "attachment:"
#: How the files of each kind of picture begin (WebP's name follows four bytes of length).
KINDS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "image/svg+xml": re.compile(rb"(?s)\s*(?:\xef\xbb\xbf)?\s*<(?:\?xml|!DOCTYPE|!--|svg)"),
}
_IMAGE = re.compile(r"""(<img\b[^>]*?\bsrc\s*=\s*)(["'])attachment:(.*?)\2""", re.IGNORECASE | re.DOTALL)


def picture(bundle: object) -> tuple[str, str] | None:
    """Return MIME type and base64 data of an attachment that is a picture; None for anything else.

    Its bytes say what kind it is, whatever name it has been given. SVG may stand there as text, too.
    """
    for kind, value in bundle.items() if isinstance(bundle, Mapping) else ():
        text = "".join(value) if isinstance(value, list) and all(isinstance(part, str) for part in value) else value
        if not isinstance(kind, str) or not isinstance(text, str):
            continue
        if kind == "image/svg+xml" and KINDS[kind].match(text.encode("utf-8", "replace")):
            data = text.encode("utf-8", "replace")
        else:
            try:
                data = base64.b64decode("".join(text.split()), validate=True)
            except (binascii.Error, ValueError):
                continue
        for found, beginning in KINDS.items():
            if beginning.match(data):
                return found, base64.b64encode(data).decode("ascii")
    return None


def pictures(attachments: object) -> dict[str, dict[str, str]]:
    """Return the attachments of a cell that are pictures, each in the form that the notebook's format asks for."""
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in attachments.items() if isinstance(attachments, Mapping) else ():
        if isinstance(name, str) and (found := picture(bundle)):
            kept[name] = {found[0]: found[1]}
    return kept


class AttachmentRenderer(IPythonRenderer):
    """nbconvert's renderer of Markdown, which shows the attached pictures and goes on where there are none."""

    def __init__(self, *, attachments: object = None, **words: Any):
        super().__init__(attachments={}, **words)
        self.own: Mapping[object, object] = attachments if isinstance(attachments, Mapping) else {}

    def data_url(self, url: str) -> str | None:
        """Return a picture as a ``data:`` address for its ``attachment:`` address, None when there is none."""
        name = url.removeprefix(PREFIX)
        found = next((shown for key in (name, unquote(name)) if (shown := picture(self.own.get(key)))), None)
        return f"data:{found[0]};base64,{found[1]}" if found else None

    def missing(self, text: str, url: str) -> str:
        """Return what stands in place of a picture that can't be shown."""
        name = unquote(url.removeprefix(PREFIX))
        what = "is not in the notebook" if name not in self.own else "can't be shown"
        words = f" “{escape(text)}”" if text and text != name else ""
        return f"<em>[The picture{words} ({escape(name)}) {what}.]</em>"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Show one picture."""
        if not url.startswith(PREFIX):
            return super().image(text, url, title)
        shown = self.data_url(url)
        if shown is None:
            return self.missing(text, url)
        named = f' title="{escape(title)}"' if title else ""
        return f'<img src="{shown}" alt="{escape(text)}"{named} />'

    def _in_html(self, html: str) -> str:
        def put(match: re.Match[str]) -> str:
            shown = self.data_url(PREFIX + match[3])
            return f'{match[1]}"{shown or ""}"' + ("" if shown else f' alt="{escape(match[3])}: not in the notebook"')

        return _IMAGE.sub(put, html)

    def block_html(self, html: str) -> str:
        """Show the attached pictures of raw HTML."""
        return super().block_html(self._in_html(html))

    def inline_html(self, html: str) -> str:
        """Show the attached pictures of raw HTML."""
        return super().inline_html(self._in_html(html))
