"""What a page says where it works otherwise than a notebook: no cells to run, no `hint(…)`, but fields and buttons.

Both wordings are in the page, each in a container of its class; answers.css shows the one that holds. So a page that
is read from disk, or whose Python could not be loaded, speaks of its cells, which it then shows.
"""

from __future__ import annotations

import re

import nbformat

IN_NOTEBOOK, IN_PAGE = "lr-in-notebook", "lr-in-page"

#: What a notebook says, and what its page says instead. Each is found in some notebook: tests/book/test_wording.py.
WORDINGS = (
    (r"in the symbols imported above, or as text in quotes: `\"(.+?)\"`", r"in its field, as in `\1`"),
    (r"Run its cell, then the check below it, as often as you like", "*Check* it as often as you like"),
    (
        r"`hint\(.+?\)` in a new cell gives the next hint\. After an honest try `reveal\(.+?\)` shows how it can be "
        r"done\.",
        "*Hint* gives the next hint. Worked solutions are not in these pages.",
    ),
    (
        r"Text is the easiest here: `\"(.+?)\"`, then `\"(.+?)\"` and so on",
        r"A line of the field for each step: `\1`, then `\2` and so on",
    ),
    (r", with your closed form as circles\.", "."),
    (r" `chain = derivation\(…\)` counts as well as the list\.", ""),
    (
        r"Try it freely first: `derivation` sets each line against the one above",
        "As you type, each line is set against the one above",
    ),
    (
        r"In SymPy two conditions are joined by `And\((.+?), (.+?)\)`;.+ in text only\.\)",
        r"Join two by `and`: `\1 and \2`.",
    ),
    (r"Each line is text \(or SymPy\);", "A line of the field for each step;"),
    (
        r"Write each prediction with one line of why .+? and run its check:",
        "*Commit* each prediction with one line of why:",
    ),
    (r", as in `60` or `\"60 %\"`:", ", in percent:"),
    (r" Write it in quotes\.", ""),
    (
        r"\*Double-click and write a line or two for yourself(.+?)This cell is not graded",
        r"*A line or two for yourself, on paper\1This is not graded",
    ),
    (r"Run the cells from the top with Shift\+Enter\. One minute", "One minute"),
    (
        r"Every answer is checked as you write it, `hint` helps when you are stuck, and after an honest try `reveal` "
        r"shows how it can be done\.",
        "Answers of A and C are checked in their pages, with *Hint* for when you are stuck; B's are code, for its "
        "notebooks.",
    ),
    (r"The map follows your checks while this notebook is open\.", "The map follows your checks in this browser."),
    (
        r"It is kept in a small file on the machine that runs these notebooks, and nobody else reads it\. "
        r"\*\*On Binder\*\* .+",
        "It is kept in this browser, and nobody else reads it. **Where the browser forgets** (a private window, "
        "cleared data) it is gone: save a copy now and then, and restore it here, in another browser or in the "
        "notebooks.",
    ),
)


#: What an output says of a cell to run again, and what stands for it in the book, where none is run.
OUTPUTS = (
    (
        r"Write your prediction above, then run this cell again(?: to set it beside the picture)?\.",
        "A notebook sets your prediction beside this picture.",
    ),
    (r"Once (\w+) is in place, it is drawn as circles", r"It draws your \1 as circles"),
    (
        r"Find (\w+) first, in the cell above; then run this cell again to see it drawn\.",
        r"A notebook draws your \1 here.",
    ),
    (
        r"Put a number .+? of my_prediction first; then run this cell again\.",
        "A notebook sets your prediction beside what comes.",
    ),
    (
        r"The derivation stands here, line by line, once ([\w-]+) is right: run this cell again then\.",
        r"Once \1 is right, a notebook shows the derivation here, line by line.",
    ),
)

#: The first page's words on answers where the book checks them, and what stands there where it doesn't.
CHECKED = re.compile(r"Served over http, Parts A and C are worked in the page: .+?(?=Begin with)", re.S)
READ_ONLY = "Answers are checked in the notebooks, not in these pages; [](docs/student.md) says how to open them.\n"


def first_page(text: str, live: bool) -> str:
    """Return the first page's text for a book that checks answers, or doesn't."""
    return text if live else CHECKED.sub(READ_ONLY, text)


def paged(text: str) -> str:
    """Return what the page of a notebook says for a paragraph of it.

    >>> paged("Which is it? Write it in quotes.")
    'Which is it?'
    """
    return _replaced(text, WORDINGS)


def of_output(text: str) -> str:
    """Return what the book says for an output of a cell.

    >>> of_output("Find rate first, in the cell above; then run this cell again to see it drawn.")
    'A notebook draws your rate here.'
    """
    return _replaced(text, OUTPUTS)


def _replaced(text: str, wordings: tuple[tuple[str, str], ...]) -> str:
    for notebook, book in wordings:
        text = re.sub(notebook, book, text)
    return text


def word(notebook: nbformat.NotebookNode) -> None:
    """Give every paragraph of a staged notebook that the page says otherwise in both wordings."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = "\n\n".join(map(_both, cell.source.split("\n\n")))


def _both(paragraph: str) -> str:
    page = paged(paragraph)
    if page == paragraph:
        return paragraph
    return f"{_contained(IN_NOTEBOOK, paragraph)}\n\n{_contained(IN_PAGE, page)}"


def _contained(name: str, text: str) -> str:
    return f"````{{container}} {name}\n{text}\n````"
