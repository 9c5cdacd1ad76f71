"""A slider over pictures that were all drawn ahead: it moves in a saved notebook and in the book, with no kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets


class Frames(anywidget.AnyWidget):
    """Pictures (PNG), what each shows in words, and what the slider says at each; `index` is the one shown."""

    _esm = Path(__file__).with_name("frames.js")
    _css = Path(__file__).with_name("frames.css")

    label = traitlets.Unicode().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    alts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    pictures = traitlets.List(traitlets.Bytes()).tag(sync=True)
    index = traitlets.Int().tag(sync=True)

    #: The picture shown first, as HTML: for a page that shows no widgets.
    still = ""

    def _repr_mimebundle_(self, **kwargs: dict[str, object]) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None and self.still:
            data["text/html"] = self.still
            data["text/plain"] = f"{self.label} = {self.names[self.index]}: {self.alts[self.index]}"
        return bundle
