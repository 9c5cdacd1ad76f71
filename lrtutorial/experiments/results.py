"""What every experiment returns: numbers, with a picture that carries its alt text, and a slider over such pictures."""

from __future__ import annotations

import base64
import gc
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from lrtutorial.advice import Unusable
from lrtutorial.experiments.commitment import NotYet
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.figures.palette import OKABE_ITO
from lrtutorial.figures.ticks import keep_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = OKABE_ITO.values()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: all that a picture is made of lives to its end, and then is found at once."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


class Result(ABC):
    """A finished experiment. In a notebook its value is the picture; `figure()` gives the matplotlib figure."""

    #: Width and height in inches.
    size: tuple[float, float] = (9.0, 3.6)

    @abstractmethod
    def draw(self, figure: Figure) -> None:
        """Draw the result on an empty figure, axes labelled."""

    @property
    @abstractmethod
    def alt_text(self) -> str:
        """What the picture shows, in words and numbers, for someone who cannot see it."""

    def figure(self) -> Figure:
        """The picture as a new matplotlib figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=self.size, layout="constrained")
        self.draw(figure)
        return figure

    @_uncollected()
    def png(self, dpi: int = 110) -> bytes:
        """The picture as a PNG file."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.image import imsave

        image, figure = io.BytesIO(), self.figure()
        figure.set_dpi(dpi)
        keep_ticks(figure)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # savefig gives the same file: it lays the figure out once more and draws it twice
        imsave(image, canvas.buffer_rgba(), format="png", dpi=dpi, origin="upper")
        return image.getvalue()

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png()).decode()
        return (
            f'<img style="max-width:100%" src="data:image/png;base64,{data}" alt="{escape(self.alt_text, quote=True)}">'
        )

    def __repr__(self) -> str:
        return self.alt_text


def slide(make: Callable[[float], Result], label: str, values: Sequence[float], start: float) -> None:
    """Draw make(value) for each of `values` now, and show them under a slider that begins at `start`.

    While `make` waits for predictions, what it waits for stands in the slider's place.

    Nothing is computed when it moves, so it moves without a kernel as well; the arrow keys move it when it has the
    focus. Raises ValueError when `start` is not among the values.
    """
    from IPython.display import display

    from lrtutorial.experiments.frames import Frames

    if start not in values:
        raise Unusable(f"expected a start out of {list(values)}; got {start!r}")
    first = make(start)
    if isinstance(first, NotYet):
        display(first)
        return
    with Progress(f"Drawing {len(values)} pictures", len(values)) as progress:
        alts, pictures = [], []
        for value in values:
            result = make(value)
            alts.append(result.alt_text)
            pictures.append(result.png(dpi=90))
            progress.advance()
    names = [number(value) for value in values]
    frames = Frames(label=label, names=names, alts=alts, pictures=pictures, index=list(values).index(start))
    frames.still = first._repr_html_()
    display(frames)


def sliders(make: Callable[..., Result], **choices: tuple[str, Sequence[Any], Any]) -> None:
    """Show ``make(name=value, …)`` under one slider for each name: ``beta=("β", (0, 0.5, 0.9), 0.9)``.

    Each is (label, values, start). The picture is drawn at the starts first and stays in the saved notebook.
    """
    import ipywidgets
    from IPython.display import display

    first = make(**{name: start for name, (_, _, start) in choices.items()})
    if isinstance(first, NotYet):
        display(first)
        return
    rows = {
        name: ipywidgets.SelectionSlider(
            options=[(number(value), value) for value in values],
            value=start,
            description=label,
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "420px"},
        )
        for name, (label, values, start) in choices.items()
    }
    display(ipywidgets.VBox(list(rows.values())))
    handle = display(first, display_id=True)

    def again(_change: object) -> None:
        handle.update(make(**{name: row.value for name, row in rows.items()}))

    for row in rows.values():
        row.observe(again, names="value")


def number(value: float) -> str:
    """A number for prose: three digits that matter, no exponent where it can be avoided.

    >>> number(0.001), number(10.0), number(2.15443), number(1234.5), number(1e-8)
    ('0.001', '10', '2.15', '1230', '1e-08')
    """
    if value == 0 or not abs(value) < float("inf"):
        return str(value)
    text = f"{float(f'{value:.3g}'):.10f}".rstrip("0").rstrip(".")
    return text if 1e-6 < abs(value) < 1e7 else f"{value:.3g}"
