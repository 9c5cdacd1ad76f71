"""``reveal``: the model answer and rubric of a written answer, or a worked solution, once you have tried."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from lrtutorial.advice import Unusable
from lrtutorial.answers.session import HERE, in_notebook
from lrtutorial.course import UnknownStep, find_exercise
from lrtutorial.course.exercise import Exercise
from lrtutorial.course.expected import folder
from lrtutorial.course.home import package

ENOUGH = 40  #: different words of one's own before the model answer is shown
LARGEST = 20_000_000  #: bytes of a notebook that is looked into
STUB = re.compile(r"(?:write )?your answer here", re.IGNORECASE)  # nbgrader's own, and the release's


@dataclass(frozen=True)
class RubricItem:
    """One scored line of a written answer's rubric. ``earns`` says what earns 1 point, 2 points, … of several."""

    points: float
    text: str
    earns: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[float, ...]:
        """The points that can be given.

        >>> RubricItem(2.5, "…").levels
        (0.0, 1.0, 2.0, 2.5)
        """
        return tuple(sorted({*map(float, range(int(self.points) + 1)), self.points}))

    @property
    def in_full(self) -> str:
        """What is asked for, with what earns how much, in one line."""
        return self.text + "".join(f" · **{n}:** {text}" for n, text in enumerate(self.earns, start=1))


@dataclass(frozen=True)
class ModelAnswer:
    """A written answer as the course would give it (Markdown), and its rubric."""

    exercise: str
    answer: str
    rubric: tuple[RubricItem, ...]

    @property
    def points(self) -> float:
        """What a full answer earns."""
        return sum(item.points for item in self.rubric)


def model_answers() -> dict[str, ModelAnswer]:
    """Return every recorded model answer of the current course, by exercise; none where nothing was recorded.

    Raises Unusable for a record that can't be read.
    """
    return _model_answers(package())


@cache
def _model_answers(package: str) -> dict[str, ModelAnswer]:
    path = folder().joinpath("written.json")
    try:
        data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return {
            key: ModelAnswer(key, entry["answer"], tuple(_item(**item) for item in entry["rubric"]))
            for key, entry in data.items()
        }
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unusable(
            f"the recorded model answers can't be read ({error}): python -m autograder record, in the course's folder, "
            "writes them anew"
        ) from error


def _item(points: float, text: str, earns: Sequence[str] = ()) -> RubricItem:
    return RubricItem(points, text, tuple(earns))


def reveal(exercise: str, text: str | None = None) -> None:
    """Show how an exercise can be answered, once you have tried: ``reveal("exercise")``.

    Of a written answer: the model answer and the rubric as a checklist to score yourself, after at least 40 different
    words of your own. They are read from the saved notebook; where it cannot be found, hand them over as ``text``.
    Otherwise: the worked solution of every step that you have had checked, where this copy of the course
    has the folder solutions/. While a course is being graded, all of it stays closed.
    """
    try:
        found = find_exercise(exercise.partition("-")[0] if isinstance(exercise, str) else exercise)
    except UnknownStep as why:
        return _show_note(str(why))
    if found.id not in model_answers():
        return _show_worked(found)
    message = _closed(found, text)
    if message:
        _show_note(message)
    else:
        _show(model_answers()[found.id])


def _show_worked(exercise: Exercise) -> None:
    from lrtutorial.checking.worked import worked_solution

    if graded():
        return _show_note("The worked solution opens after grading: ask your instructor for it.")
    solution, note = worked_solution(exercise, _notebook(exercise))
    if solution and in_notebook():
        from IPython.display import Markdown, display

        display(Markdown(solution))
    elif solution:
        print(solution)
    if note:
        _show_note(note)


def _closed(exercise: Exercise, text: str | None) -> str:
    """Say why the model answer is not shown, or return an empty text."""
    if graded():
        return "The model answer and the rubric open after grading: you will find them in your feedback."
    if text is None:
        text = _written_in(_notebook(exercise), f"{exercise.id}-written")
        if text is None:
            return (
                "Your written answer was not found. Save the notebook (Ctrl+S or ⌘S) and run this "
                f"again, or hand your "
                f'words over: reveal("{exercise.id}", "…").'
            )
    words = len(set(words_of(text)))
    if words < ENOUGH:
        return (
            f"{words} different word{'s' * (words != 1)} so far; the model answer opens at {ENOUGH}. Write "
            f"first, save the notebook "
            "(Ctrl+S or ⌘S), then run this again."
        )
    return ""


def graded() -> bool:
    """Whether this course is being graded: nbgrader is at work, or the instructor set LRTUTORIAL_GRADED."""
    return bool(os.environ.get("NBGRADER_EXECUTION") or os.environ.get("LRTUTORIAL_GRADED"))


def count_words(text: str) -> int:
    """Count words: runs of letters or digits, the stub left out.

    >>> count_words("*Write your answer here.*"), count_words("Too high: it diverges.")
    (0, 4)
    """
    return len(words_of(text))


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters, the stub left out."""
    return re.findall(r"\w+(?:[’'\-.]\w+)*", STUB.sub(" ", text).lower())


def _notebook(exercise: Exercise) -> Path:
    """Where the notebook lies: as Jupyter says, else in the working directory."""
    session = os.environ.get("JPY_SESSION_NAME", "")
    if session.endswith(".ipynb") and Path(session).is_file():
        return Path(session)
    return Path(f"{exercise.notebook}.ipynb")


def _written_in(path: Path, grade_id: str) -> str | None:
    """Return the text of the cell with this grade_id in a saved notebook, or None if it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
                return "".join(cell["source"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return None


# -------------------------------------------------------------------------------------------- showing


def _show_note(message: str) -> None:
    if not in_notebook():
        print(message)
        return
    from IPython.display import display

    style = "border-left:5px solid #56B4E9;padding:.4em .9em;max-width:52em"
    display(
        {"text/html": f'<div role="note" style="{style}">{escape(message)}</div>', "text/plain": message},
        raw=True,
    )


def _as_text(model: ModelAnswer) -> str:
    lines = [
        line
        for item in model.rubric
        for line in (
            f"[ ] {item.points:g} points: {item.text}",
            *(f"      {n}: {text}" for n, text in enumerate(item.earns, start=1)),
        )
    ]
    return "\n".join([f"Model answer for {model.exercise}", "", model.answer, "", "Score yourself:", *lines])


def _show(model: ModelAnswer) -> None:
    if not in_notebook():
        print(_as_text(model))
        return
    from IPython.display import Markdown, display

    lines = "\n".join(
        f"| {n} | {item.points:g} | {item.in_full.replace(' · **', '<br>**')} |"
        for n, item in enumerate(model.rubric, start=1)
    )
    table = f"| Line | Points | For |\n| --: | --: | :-- |\n{lines}\n"
    display(Markdown(f"### One good answer\n\n{model.answer}\n\n### Score yourself\n\n{table}"))
    _show_scores(model)


def _show_scores(model: ModelAnswer) -> None:
    """One drop-down for each rubric line, and the running total."""
    import ipywidgets
    from IPython.display import display

    from lrtutorial.checking.progress import record_own_score

    total = ipywidgets.HTML(f"Pick your points for each line; the total is out of {model.points:g}.")

    def score(line: int, points: float) -> None:
        HERE.own_scores.setdefault(model.exercise, {})[line] = points
        given = HERE.self_score(model.exercise) or 0.0
        record_own_score(model.exercise, given, model.points)
        total.value = f'<div role="status"><b>Your own score: {given:g} of {model.points:g}</b></div>'

    picks: list[object] = []
    for line, item in enumerate(model.rubric, start=1):
        choices = [(f"{points:g} of {item.points:g}", points) for points in item.levels]
        pick = ipywidgets.Dropdown(options=choices, value=None, description=f"Line {line}", layout={"width": "13em"})
        pick.observe(lambda change, line=line: score(line, change["new"]), names="value")
        picks.append(pick)
    display(ipywidgets.VBox([ipywidgets.HBox(picks, layout={"flex_flow": "row wrap"}), total]))
