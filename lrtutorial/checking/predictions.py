"""Predictions are committed before an experiment and compared after it: ``compare("exercise", confidence_1, …)``.

The first prediction of a step counts, with its time: it is kept in the session, in the output of its check (as data of
type ``COMMITTED``, which grading reads) and in the learner's progress. Until an exercise has been compared, ``check``
notes its predictions and keeps the outcome to itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from html import escape
from typing import Any

from lrtutorial.answers.session import HERE, when_shown
from lrtutorial.checking.calibration import on_the_way
from lrtutorial.checking.overlay import both
from lrtutorial.checking.progress import (
    kept_commitment,
    record_commitment,
    record_forecasts,
    record_predictions,
    record_shown,
    was_shown,
)
from lrtutorial.course import UnknownStep, exercise_with, exercises, find_exercise
from lrtutorial.course.exercise import COMMITTED, Evidence, Exercise, Step
from lrtutorial.course.expected import Expected, recorded
from lrtutorial.kinds import Prediction, prediction
from lrtutorial.verdict import Verdict

when_shown.append(record_shown)
TOO_LATE = "How sure you were is not counted when it is said after the outcome was shown."


def _outcome_was_shown(exercise: str) -> bool:
    return exercise in HERE.seen or exercise in HERE.revealed or was_shown(exercise)


def foretell(step: Step, evidence: Evidence, expected: Expected) -> Verdict:
    """Keep a prediction if it is the first of its step; return what ``check`` may show of its verdict."""
    exercise = exercise_with(step).id
    first = HERE.committed.get(step.id) or prediction.first_of(step, kept_commitment(step.id))
    merged = prediction.with_first(step, evidence, first) if first else evidence
    verdict = HERE.judge(step, merged, expected)
    if verdict.status not in ("right", "partly", "wrong"):
        return verdict
    _commit(step, exercise, first, merged)
    return verdict if exercise in HERE.revealed else prediction.noted(step, verdict, merged)


def _commit(step: Step, exercise: str, first: Evidence | None, merged: Evidence) -> None:
    """Keep a commitment; of one that is there already only what it still lacks, and only before the outcome is seen."""
    seen = _outcome_was_shown(exercise)
    if first is None or not seen:
        at = str((first or {}).get("at") or time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()))
        late = {"seen": True} if seen or (first or {}).get("seen") else {}
        first = {**prediction.commitment(merged, at), **late}
    elif prediction.why_problem(first) and "why" in merged:  # the experiment, once peeked at, waits for no one
        first = {**first, "why": merged["why"]}
    HERE.committed[step.id] = {**first, "lacks": prediction.why_problem(first)}
    record_commitment(step.id, first)


def kept_with(step_id: str) -> dict[str, Any]:
    """Return what stands beside a verdict in the notebook's output: the first prediction of its step, if it is one."""
    first = HERE.committed.get(step_id)
    if first is None:
        return {}
    told = {name: value for name, value in first.items() if name != "lacks"}
    return {COMMITTED: {"step": step_id, **told}}


@dataclass(frozen=True)
class Row:
    """One prediction beside what the experiment gave; ``confidence`` in percent, if it was stated."""

    step: str
    predicted: str
    found: str
    status: str  # "right", "partly" or "wrong"
    confidence: float | None
    seen: bool = False  #: whether it was written after the outcome had been shown
    drawing: str = ""  #: of a sketch: both curves as SVG
    features: tuple[str, ...] = ()  #: … and its features, compared in words

    @property
    def name(self) -> str:
        """What it is called in a table: its number, or "sketch"."""
        return "sketch" if self.drawing else self.step.rpartition("_")[2]

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
    course: str = ""  #: how far the calibration over the whole course is

    @property
    def calibration(self) -> str:
        """How many were right, and how far the calibration over the whole course is; no judgement of so few."""
        if not self.rows:
            return ""
        said = [row for row in self.rows if not row.drawing]
        right = sum(row.status == "right" for row in said)
        near = sum(row.status == "partly" for row in said)
        text = f"{right} of {len(said)} right" + (f", {near} near." if near else ".")
        return f"{text} {self.course}".strip()

    def __repr__(self) -> str:
        if self.note:
            return self.note
        lines = []
        for row in self.rows:
            lines.append(f"{row.step}: you said {row.predicted}; the experiment gives {row.found}: {row.word}.")
            lines += [f"  {feature}" for feature in row.features]
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
            f'<tr><th scope="row" style="{cell};font-weight:400">{escape(row.name)}</th>'
            f'<td style="{cell}">{escape(row.predicted)}</td><td style="{cell}">{escape(row.found)}</td>'
            f'<td style="{cell}"><span aria-hidden="true">{marks[row.status]}</span> {row.word}</td></tr>'
            for row in self.rows
        )
        return (
            f'<div class="lr-comparison" role="status"><table '
            f'style="border-collapse:collapse"><caption style="text-align:left">'
            f"<b>Predicted and found</b></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"{''.join(map(_drawn, self.rows))}<p>{escape(self.calibration)}</p></div>"
        )


def _drawn(row: Row) -> str:
    """Return a sketch beside what came, with its features in words; nothing for another prediction."""
    if not row.drawing:
        return ""
    said = "".join(f"<li>{escape(feature)}</li>" for feature in row.features)
    return f'<div class="lr-both">{row.drawing}<ul style="list-style:none;padding-left:0">{said}</ul></div>'


def compare(exercise: str, *confidence: object) -> Comparison:
    """Show an exercise's committed predictions beside what its experiment gives, and your calibration.

    ``confidence``: how sure you were of each prediction in turn, in percent, for those whose cell didn't say so when
    they were committed; ``None`` or ``...`` for "not said". It is not counted once an outcome was shown.
    Says which predictions are still open, and shows no outcome then.
    """
    try:
        found = find_exercise(exercise)
    except UnknownStep as why:
        return Comparison(str(exercise)[:60], note=str(why))
    steps = [step for step in found.steps if step.kind.foretells]
    numbered = [step for step in steps if Prediction.of(step).form != "sketch"]
    stated, problem = _percentages(confidence, len(numbered), len(steps))
    still_open = [step.id for step in steps if HERE.committed.get(step.id, {"lacks": True})["lacks"]]
    if not steps:
        return Comparison(found.id, note=f"{found.id} asks for no predictions.")
    if still_open:
        cells = " and ".join(still_open)
        said = "Commit first: write your prediction and one line of why, and run its check."
        return Comparison(found.id, note=f"Still open: {cells}. {said}")
    if problem:
        return Comparison(found.id, note=problem)
    late = _outcome_was_shown(found.id)
    HERE.revealed.add(found.id)
    those = numbered if len(stated) == len(numbered) else steps
    now = dict(zip((step.id for step in those), stated, strict=True))
    sure: dict[str, float | None] = {} if late else now
    dropped = late and any(
        percent is not None and "confidence" not in HERE.committed[step] for step, percent in now.items()
    )
    rows = tuple(_row(step, sure.get(step.id)) for step in steps)
    record_predictions(found.id, {row.step: row.status for row in rows})
    forecasts = {
        row.step: {"confidence": row.confidence, "right": row.status == "right"}
        for row in rows
        if row.confidence is not None and not row.seen
    }
    HERE.forecasts |= {name: told for name, told in forecasts.items() if name not in HERE.forecasts}
    record_forecasts(forecasts)
    return Comparison(found.id, rows, course=f"{on_the_way()} {TOO_LATE if dropped else ''}".strip())


def _row(step: Step, confidence: float | None) -> Row:
    expected, first = recorded(step.id), HERE.committed[step.id]
    value, found = first["value"], expected.reference
    close = prediction.closeness(step, value, found)
    status = "right" if close == 1 else "wrong" if close == 0 else "partly"
    sure, seen = first.get("confidence", confidence), bool(first.get("seen"))
    kind = Prediction.of(step)
    if kind.sketch is None:
        return Row(step.id, prediction.show(step, value), prediction.show(step, found), status, sure, seen)
    features = tuple(prediction.features(step, value, found))
    agree = f"{round(close * len(features))} of {len(features)} features as you drew them"
    return Row(step.id, "your drawing", agree, status, sure, seen, both(kind.sketch, value, found), features)


def _percentages(given: tuple[object, ...], numbered: int, all_of_them: int) -> tuple[list[float | None], str]:
    """Read the confidences; the second value says what is wrong with them, or is empty."""
    if len(given) not in (0, numbered, all_of_them):
        return (
            [],
            f"{len(given)} confidences are given for {numbered} predictions; give one for each, or none.",
        )
    read: list[float | None] = []
    for value in given or (None,) * numbered:
        percent, problem = prediction.read_percent(value)
        if problem:
            return [], f"Confidence: {problem}"
        read.append(percent)
    return read, ""


def summary() -> dict[str, dict[str, object]]:
    """Return what is known of this session's predictions, by exercise: how many are asked, committed and compared."""

    def of(exercise: Exercise) -> dict[str, object]:
        ids = [step.id for step in exercise.steps if step.kind.foretells]
        return {
            "asked": len(ids),
            "committed": sum(i in HERE.committed for i in ids),
            "compared": exercise.id in HERE.revealed,
        }

    return {key: of(exercise) for key, exercise in exercises().items() if any(s.kind.foretells for s in exercise.steps)}
