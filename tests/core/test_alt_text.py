"""Words for pictures: what they say of a figure, and that a notebook's own figures carry them."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient

from lrtutorial.figures.alt_text import MAX_WORDS, figure_words

ROOT = Path(__file__).resolve().parents[2]


def test_a_chart_is_told_by_its_title_axes_and_lines() -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.plot([1, 10, 100], [5, 2, 8], label="loss")
    ax.axvline(10, label="suggested")
    ax.set(title="A sweep", xlabel="Rate", ylabel="Loss", xscale="log")
    assert figure_words(figure) == (
        "A sweep; x: Rate, log scale; y: Loss; line “loss” from (1, 5) to (100, 8), lowest 2 at x = 10; "
        "line “suggested” at x = 10."
    )


def test_several_charts_are_numbered_and_pictures_counted() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.imshow(np.eye(3))
    left.set_title("7")
    right.plot([0, 1, 2], [0, np.nan, 4])
    right.plot(np.nan, np.nan)
    figure.suptitle("Digits")
    words = figure_words(figure)
    assert words.startswith("Digits. 2 charts. 1: 7; an image. 2: A chart without a title") and "nan" not in words


@pytest.mark.parametrize("lines", [0, 500])
def test_the_words_stay_short(lines) -> None:
    figure = Figure()
    if lines:
        ax = figure.subplots()
        for index in range(lines):
            ax.plot([0, 1, 2], [index, index, index], label=f"a line with the long name number {index}" * 5)
    words = figure_words(figure)
    assert 10 < len(words) <= MAX_WORDS
    assert words == "An empty figure." or "…" in words or "492 lines more" in words


CELLS = [
    "from lrtutorial import check\nimport sys\nprint('matplotlib' in sys.modules)",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('Mine <b>')\nplt.show()",
    "figure = plt.figure()\nfigure.gca().set_title('A value')\nplt.close()\nfigure",
    "%config InlineBackend.figure_formats = ['retina']\nplt.plot([3, 2, 1]);",
    "%config InlineBackend.figure_formats = ['svg']\nplt.plot([3, 2, 1]);",
    "plt.figure();",
]


@pytest.mark.filterwarnings("ignore")  # the kernel's own libraries warn
def test_a_notebooks_figures_carry_them(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    imports, shown, value, sharp, vectors, empty = (
        [out for out in cell.outputs if out.get("name") != "stderr"] for cell in notebook.cells
    )
    assert imports[0].text == "False\n", "importing the course loads no Matplotlib"
    for outputs, words in ((shown, "Mine &lt;b&gt;; a line"), (value, "A value."), (sharp, "from (0, 3) to (2, 1)")):
        (data,) = (out.data for out in outputs)
        alt, source = (
            re.search(r'alt="([^"]+)"', data["text/html"])[1],
            re.search(r'base64,([^"]+)"', data["text/html"]),
        )
        assert words in alt
        assert source[1] == data["image/png"].replace("\n", ""), "the very picture, for what shows no HTML"
    assert "width:" in sharp[0].data["text/html"] and sharp[0].metadata["image/png"]["width"] > 0
    assert "image/svg+xml" in vectors[0].data and "text/html" not in vectors[0].data
    assert set(empty[0].data) == {"text/plain"}
