"""A progress bar that is a real `<progress>` element in a notebook, rich's bar in a terminal, and silent elsewhere."""

from __future__ import annotations

import sys
import time
from html import escape
from types import TracebackType

from lrtutorial.answers.session import in_notebook


class Progress:
    """Count `total` steps under `label`; use as a context manager and call `advance()` after each step.

    In a notebook the bar ends as one line that says what was done and how long it took.
    """

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done = label, total, 0

    def __enter__(self) -> Progress:
        self._began = self._drawn = time.monotonic()
        self._handle = self._bar = None
        if in_notebook():
            from IPython.display import display

            self._handle = display(_Html(self._element(), self._text()), display_id=True)
        elif sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar

            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.label, total=self.total)
        return self

    def advance(self) -> None:
        """One step more; redraws at most five times a second."""
        self.done += 1
        now = time.monotonic()
        if now - self._drawn < 0.2:
            return
        self._drawn = now
        if self._handle is not None:
            self._handle.update(_Html(self._element(), self._text()))
        elif self._bar is not None:
            self._bar.update(self._task, completed=self.done)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        word = "done" if kind is None else "stopped"
        text = f"{self.label}: {word}, {time.monotonic() - self._began:.1f} s"
        if self._handle is not None:
            self._handle.update(_Html(f"<small>{escape(text)}</small>", text))
        elif self._bar is not None:
            self._bar.stop()

    def _text(self) -> str:
        return f"{self.label}: {100 * self.done // max(self.total, 1)}%"

    def _element(self) -> str:
        label = escape(self.label, quote=True)
        return (
            f'<progress aria-label="{label}" value="{self.done}" max="{self.total}"></progress> {escape(self._text())}'
        )


class _Html:
    """Markup with a plain text for front ends that show none."""

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text
