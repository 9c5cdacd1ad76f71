"""The course at a glance: what each exercise gives and takes, how far you are, what to do next.

``course_map()`` shows it and keeps it up to date while other notebooks are worked on; ``keep_progress()`` shows the
buttons that save, restore and reset it, for places such as Binder that forget everything when they stop.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from lrtutorial.answers.session import in_notebook
from lrtutorial.checking import progress
from lrtutorial.checking.written import model_answers
from lrtutorial.course import current, exercises
from lrtutorial.course.exercise import Exercise
from lrtutorial.kinds.prediction import NEAR_SHARE, worth

COPY = "learning-rate-progress.json"  #: what a saved copy is called
LOOK_SECONDS = 1.5  #: how often the file is looked at for changes


@dataclass(frozen=True)
class Standing:
    """How far somebody is with one exercise. ``own``: points they gave their own written answer, or None."""

    exercise: Exercise
    done: int  # steps
    points: float
    tried: bool
    predictions_right: int
    predictions: int  # compared so far
    own: float | None
    written: float  # points of the written answer; 0 when there is none

    @property
    def complete(self) -> bool:
        """Whether every checked step is done: right, or for a prediction: compared."""
        return self.done == len(self.exercise.steps)

    @property
    def words(self) -> str:
        """The standing in a few words."""
        if not self.tried:
            return "not begun"
        of = len(self.exercise.steps), self.exercise.points
        text = f"{self.done} of {of[0]} done, {self.points:g} of {of[1]:g} points"
        return f"{text}; written: {self.own:g} of {self.written:g} by your own count" if self.own is not None else text


def standings(kept: Mapping[str, object]) -> dict[str, Standing]:
    """Return the standing in every exercise, in course order; ``kept`` is what ``progress.load`` gives."""
    return {name: _standing(exercise, kept) for name, exercise in exercises().items()}


def _standing(exercise: Exercise, kept: Mapping[str, Any]) -> Standing:
    outcomes = kept["predictions"].get(exercise.id, {})
    written = model_answers().get(exercise.id)
    own = kept["written"].get(exercise.id)
    done, points, tried, right, compared = 0, 0.0, False, 0, 0
    for step in exercise.steps:
        entry = kept["steps"].get(step.id)
        tried |= entry is not None and (entry["tries"] > 0 or entry["status"] == "noted")
        if step.kind.foretells:
            outcome = outcomes.get(step.id)
            done += outcome is not None
            compared += outcome is not None
            right += outcome == "right"
            points += worth(step, {"right": 1.0, "partly": NEAR_SHARE}.get(outcome, 0.0)) if outcome else 0.0
        elif entry is not None:
            done += entry["status"] == "right"
            points += min(entry["points"], step.points)
    return Standing(
        exercise,
        done,
        points,
        tried or compared > 0 or own is not None,
        right,
        compared,
        min(own["points"], written.points) if own and written else None,
        written.points if written else 0.0,
    )


def next_steps(now: Mapping[str, Standing]) -> list[str]:
    """Return what to do next: the exercise to go on with, and what else is ready; never empty."""
    open_ones = [s for s in now.values() if not s.complete]
    if not open_ones:
        unscored = [s.exercise.id for s in now.values() if s.written and s.own is None]
        if unscored:
            return [f"All checks are done. Write your answer in {unscored[0].upper()}; score it with reveal."]
        return [current().finished]
    begun = [s for s in open_ones if s.tried]
    chosen = (begun or open_ones)[0]
    ready = [
        s.exercise.id.upper()
        for s in open_ones
        if s is not chosen and all(now[name].complete for name in s.exercise.after if name in now)
    ]
    verb = "Go on with" if chosen.tried else "Begin with" if len(open_ones) == len(now) else "Next comes"
    lines = [f"{verb} {chosen.exercise.id.upper()}: {chosen.exercise.title}"]
    return [*lines, f"Also ready for you: {', '.join(ready)}."] if ready else lines


# -------------------------------------------------------------------------------------------- showing


def _summary(now: Mapping[str, Standing]) -> str:
    checked = sum(s.exercise.points for s in now.values())
    complete = sum(s.complete for s in now.values())
    compared = sum(s.predictions for s in now.values())
    right = sum(s.predictions_right for s in now.values())
    said = f"{right} of {compared} right" if compared else "none compared yet"
    text = (
        f"{complete} of {len(now)} exercises done · {sum(s.points for s in now.values()):g} of {checked:g} "
        f"points from checks · predictions: {said}"
    )
    own = [s for s in now.values() if s.own is not None]
    if own:
        given, of = sum(s.own or 0 for s in own), sum(s.written for s in own)
        text += f" · written, by your own count: {given:g} of {of:g}"
    return text


class CourseMap:
    """The map with one's progress on it, as HTML in Jupyter and as text elsewhere."""

    def __init__(self, kept: Mapping[str, object] | None = None, problem: str = "") -> None:
        if kept is None:
            kept, problem = progress.load()
        self._now, self._problem = standings(kept), problem

    def __repr__(self) -> str:
        rows = [_summary(self._now), *next_steps(self._now), *filter(None, [self._problem])]
        for name, standing in self._now.items():
            exercise = standing.exercise
            rows.append(
                f"{name.upper()}  {exercise.title} ({exercise.minutes} min, {exercise.difficulty}): {standing.words}"
            )
        return "\n".join(rows)

    def _repr_html_(self) -> str:
        first, *others = next_steps(self._now)
        notes = [f"<b>{escape(first)}</b>", *map(escape, filter(None, [*others, self._problem]))]
        cell = "text-align:left;vertical-align:top;padding:.25em .8em .25em 0"
        head = "".join(
            f'<th scope="col" style="{cell}">{name}</th>'
            for name in ("Exercise", "What you take away", "Minutes", "Level", "Helps if done", "You")
        )
        body, part = [], ""
        for name, standing in self._now.items():
            exercise = standing.exercise
            if exercise.part != part:
                part = exercise.part
                title = escape(current().parts[part])
                body.append(f'<tr><th scope="rowgroup" colspan="6" style="{cell};padding-top:.8em">{title}</th></tr>')
            mark = "✓ " if standing.complete else ""
            body.append(
                f'<tr><th scope="row" style="{cell};font-weight:400">'
                f'<a href="{part}/{exercise.notebook}.ipynb">'
                f"{name.upper()} {escape(exercise.title)}</a></th>"
                f'<td style="{cell}">{escape(exercise.gives)}</td><td style="{cell}">{exercise.minutes}</td>'
                f'<td style="{cell}">{exercise.difficulty}</td>'
                f'<td style="{cell}">{", ".join(map(str.upper, exercise.after)) or "–"}</td>'
                f'<td style="{cell}">{mark}{escape(standing.words)}</td></tr>'
            )
        return (
            f'<div class="lr-map"><p role="status">{escape(_summary(self._now))}</p>'
            f"<p>{'<br>'.join(notes)}</p>"
            f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(body)}</tbody></table></div>"
        )

    @property
    def bundle(self) -> dict[str, str]:
        """The map as Jupyter display data."""
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}


_watching: dict[str, threading.Event] = {}  # what is kept up to date on the page; setting an event ends its thread


def _follow(name: str, update: Callable[[], object]) -> None:
    """Call ``update`` whenever the progress kept becomes another; running the same cell again takes over."""
    if name in _watching:
        _watching[name].set()
    ended = _watching[name] = threading.Event()

    def look() -> None:
        seen = progress.load()
        while not ended.wait(LOOK_SECONDS):
            now = progress.load()
            if now != seen:
                seen = now
                update()

    threading.Thread(target=look, daemon=True, name=name).start()


def course_map() -> CourseMap | None:
    """Show the map of the course and your progress; in Jupyter it follows the checks in other notebooks."""
    if not in_notebook():
        return CourseMap()
    from IPython.display import display

    handle = display(CourseMap().bundle, raw=True, display_id=True)
    _follow("course map", lambda: handle.update(CourseMap().bundle, raw=True))
    return None


def keep_progress() -> object:
    """Show buttons to save a copy of your progress, to restore one, and to begin anew."""
    import ipywidgets

    save = ipywidgets.HTML()
    upload = ipywidgets.FileUpload(accept=".json", description="Restore a copy", layout={"width": "13em"})
    reset = ipywidgets.Button(description="Begin anew", tooltip="The old progress is kept in a file beside")
    sure = ipywidgets.Checkbox(description="Yes, begin anew", indent=False, layout={"width": "10em"})
    said = ipywidgets.HTML()

    def copy() -> None:
        data = base64.b64encode(progress.export().encode()).decode()
        save.value = (
            '<a class="jupyter-widgets jupyter-button widget-button" '
            'style="color:inherit;text-decoration:none" '
            f'download="{COPY}" href="data:application/json;base64,{data}">Save a copy</a>'
        )

    def say(message: str) -> None:
        copy()
        said.value = f'<span role="status">{escape(message)}</span>'

    def restored(change: Any) -> None:
        if change["new"]:
            content = bytes(change["new"][0]["content"])
            say(progress.restore(content.decode("utf-8", errors="replace")))
            upload.value = ()

    def begin_anew(_: object) -> None:
        say(progress.reset() if sure.value else "Tick “Yes, begin anew” first.")
        sure.value = False

    upload.observe(restored, names="value")
    reset.on_click(begin_anew)
    say(progress.load()[1] or progress.kept_where())
    _follow("copy of progress", copy)
    buttons = ipywidgets.HBox([save, upload, reset, sure], layout={"flex_flow": "row wrap", "align_items": "center"})
    return ipywidgets.VBox([buttons, said])
