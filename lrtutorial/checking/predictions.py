"""Predictions are committed before an experiment and compared after it: ``compare("c1", confidence_1, …)``.

Until an exercise has been compared, ``check`` notes its predictions and keeps the outcome to itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from lrtutorial.answers.session import HERE
from lrtutorial.checking.progress import record_predictions
from lrtutorial.course import UnknownStep, exercise_with, exercises, find_exercise
from lrtutorial.course.exercise import Evidence, Exercise, Step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import prediction
from lrtutorial.verdict import Verdict


def note(step: Step, evidence: Evidence, verdict: Verdict) -> Verdict:
    """Return what ``check`` may show of a prediction's verdict, and remember the commitment if it is one."""
    if exercise_with(step).id in HERE.revealed:
        return verdict
    shown = prediction.noted(step, verdict, evidence)
    if shown.status == "noted":
        HERE.committed[step.id] = evidence
    return shown


@dataclass(frozen=True)
class Row:
    """One prediction beside what the experiment gave; ``confidence`` in percent, if it was stated."""

    step: str
    predicted: str
    found: str
    status: str  # "right", "partly" or "wrong"
    confidence: float | None

    @property
    def word(self) -> str:
        """The status in a word."""
        return {"right": "right", "partly": "near", "wrong": "wrong"}[self.status]


@dataclass(frozen=True)
class Comparison:
    """An exercise's predictions beside the outcomes; ``note`` says why there are none yet."""

    exercise: str
    rows: tuple[Row, ...] = ()
    note: str = ""

    @property
    def calibration(self) -> str:
        """How often the predictions were right, and how that agrees with the stated confidence."""
        if not self.rows:
            return ""
        right = sum(row.status == "right" for row in self.rows)
        near = sum(row.status == "partly" for row in self.rows)
        text = f"{right} of {len(self.rows)} right" + (f", {near} near." if near else ".")
        stated = [row for row in self.rows if row.confidence is not None]
        if stated:
            mean = sum(row.confidence or 0 for row in stated) / len(stated)
            share = 100 * sum(row.status == "right" for row in stated) / len(stated)
            lean = (
                "about as sure as you could be"
                if abs(mean - share) <= 15
                else ("surer than the outcome allows" if mean > share else "less sure than you could have been")
            )
            text += f" You were {mean:.0f}% sure on average and right in {share:.0f}% of these: {lean}."
        return text

    def __repr__(self) -> str:
        if self.note:
            return self.note
        lines = [
            f"{row.step}: you said {row.predicted}; the experiment gives {row.found}: {row.word}." for row in self.rows
        ]
        return "\n".join([*lines, self.calibration])

    def _repr_html_(self) -> str:
        if self.note:
            return f'<div role="note" style="border-left:5px solid #56B4E9;padding:.4em .9em">{escape(self.note)}</div>'
        marks = {"right": "✓", "partly": "◐", "wrong": "✗"}
        cell = "padding:.2em .8em .2em 0;text-align:left"
        head = "".join(
            f'<th scope="col" style="{cell}">{name}</th>'
            for name in ("Prediction", "You said", "Experiment", "Outcome")
        )
        body = "".join(
            f'<tr><th scope="row" style="{cell};font-weight:400">{escape(row.step.rpartition("_")[2])}</th>'
            f'<td style="{cell}">{escape(row.predicted)}</td><td style="{cell}">{escape(row.found)}</td>'
            f'<td style="{cell}"><span aria-hidden="true">{marks[row.status]}</span> {row.word}</td></tr>'
            for row in self.rows
        )
        return (
            f'<div class="lr-comparison" role="status"><table '
            f'style="border-collapse:collapse"><caption style="text-align:left">'
            f"<b>Predicted and found</b></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{escape(self.calibration)}</p></div>"
        )


def compare(exercise: str, *confidence: object) -> Comparison:
    """Show an exercise's committed predictions beside what its experiment gives, and your calibration.

    ``confidence``: how sure you were of each prediction in turn, in percent; ``None`` or ``...`` for "not
    said".
    Says which predictions are still open, and shows no outcome then.
    """
    try:
        found = find_exercise(exercise)
    except UnknownStep as why:
        return Comparison(str(exercise)[:60], note=str(why))
    steps = [step for step in found.steps if step.kind.foretells]
    stated, problem = _percentages(confidence, len(steps))
    still_open = [step.id for step in steps if step.id not in HERE.committed]
    if not steps:
        return Comparison(found.id, note=f"{found.id} asks for no predictions.")
    if still_open:
        cells = " and ".join(still_open)
        return Comparison(found.id, note=f"Still open: {cells}. Commit first: write your prediction and run its check.")
    if problem:
        return Comparison(found.id, note=problem)
    HERE.revealed.add(found.id)
    rows = tuple(_row(step, said) for step, said in zip(steps, stated, strict=True))
    record_predictions(found.id, {row.step: row.status for row in rows})
    return Comparison(found.id, rows)


def _row(step: Step, confidence: float | None) -> Row:
    expected = recorded(step.id)
    evidence = HERE.committed[step.id]
    verdict = prediction.judge(step, evidence, expected)
    predicted, found = (prediction.show(step, value) for value in (evidence["value"], expected.reference))
    return Row(step.id, predicted, found, verdict.status, confidence)


def _percentages(given: tuple[object, ...], expected: int) -> tuple[list[float | None], str]:
    """Read the confidences; the second value says what is wrong with them, or is empty."""
    if len(given) not in (0, expected):
        return (
            [],
            f"{len(given)} confidences are given for {expected} predictions; give one for each, or none.",
        )
    read: list[float | None] = []
    for value in given or (None,) * expected:
        if value is None or value is ...:
            read.append(None)
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 100:
            read.append(float(value))
        else:
            return [], f"A confidence is a number from 0 to 100, in percent; {value!r:.40} came instead."
    return read, ""


def summary() -> dict[str, dict[str, Any]]:
    """Return what is known of this session's predictions, by exercise: how many are asked, committed and compared."""

    def of(exercise: Exercise) -> dict[str, Any]:
        ids = [step.id for step in exercise.steps if step.kind.foretells]
        return {
            "asked": len(ids),
            "committed": sum(i in HERE.committed for i in ids),
            "compared": exercise.id in HERE.revealed,
        }

    return {key: of(exercise) for key, exercise in exercises().items() if any(s.kind.foretells for s in exercise.steps)}
