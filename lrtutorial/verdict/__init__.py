"""What a check says: points by rubric line, which mistake this is, a counterexample with numbers, a hint.

A :class:`Verdict` is plain data (``as_data`` / ``from_data``), so that the grader can store it beside the score and
write it into feedback; it shows itself as HTML in a notebook and as text everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from html import escape
from typing import Any, Protocol

from lrtutorial.advice import Said
from lrtutorial.verdict.claims import Claim

STATUSES = {  # status: (mark, word) – the word carries the meaning, colour and mark only repeat it
    "right": ("✓", "Right"),
    "partly": ("◐", "Partly right"),
    "wrong": ("✗", "Not yet"),
    "unfinished": ("…", "Unfinished"),
    "unreadable": ("?", "Could not read this answer"),
    "undecided": ("≈", "Could not decide"),
    "failed": ("!", "Could not be checked"),
    "noted": ("✎", "Noted"),
}
_COLOURS = {"right": "#009E73", "partly": "#E69F00", "wrong": "#D55E00"}  # Okabe–Ito; others are grey
_GREY = "#6b7280"


class ScoredLine(Protocol):
    """One thing that points are given for: see :class:`lrtutorial.course.exercise.RubricLine`."""

    @property
    def id(self) -> str:
        """Its name among the lines."""

    @property
    def title(self) -> str:
        """What it is for."""

    @property
    def points(self) -> float:
        """What it is worth."""


class Scored(Protocol):
    """What a verdict is on: see :class:`lrtutorial.course.exercise.Step`."""

    @property
    def id(self) -> str:
        """The name of the step."""

    @property
    def rubric(self) -> Sequence[ScoredLine]:
        """What its points are for."""


@dataclass(frozen=True)
class Line:
    """One rubric line: what it is for, points earned of points possible, and a note where it helps."""

    id: str
    title: str
    earned: float
    possible: float
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """The outcome of checking one step. ``points`` and ``possible`` are sums over its rubric lines."""

    step: str
    status: str
    headline: str
    lines: tuple[Line, ...] = ()
    misconception: str | None = None
    details: tuple[str, ...] = ()
    counterexample: str | None = None
    picture: str | None = None  #: an SVG drawing that carries its own title and description
    hint: str | None = None
    where: str | None = None  #: the line of the student's cell to look at
    checked: str = ""
    read: str | None = None  #: the answer as it was read, as text
    typeset: str | None = None  #: … and as MathML, which the judge made of what it read
    claims: tuple[Claim, ...] = field(default=(), compare=False, repr=False)  #: what was said; not kept

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"unknown status {self.status!r}; expected one of {', '.join(STATUSES)}")

    @property
    def points(self) -> float:
        """Points earned."""
        return round(sum(line.earned for line in self.lines), 6)

    @property
    def possible(self) -> float:
        """Points that a full answer earns."""
        return round(sum(line.possible for line in self.lines), 6)

    @property
    def right(self) -> bool:
        """Whether every point was earned."""
        return self.status == "right"

    def as_data(self) -> dict[str, object]:
        """Return the verdict as JSON-able data."""
        data = asdict(replace(self, claims=()))
        del data["claims"]
        return data

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Verdict:
        """Rebuild a verdict from :meth:`as_data`. Raises TypeError or ValueError when fields don't fit."""
        lines = tuple(Line(**line) for line in data["lines"])
        return cls(**{**data, "lines": lines, "details": tuple(data["details"])})

    @classmethod
    def blank(cls, step: Scored) -> Verdict:
        """Return a verdict on a step with its rubric lines and no points."""
        return cls(step.id, "wrong", "", tuple(Line(line.id, line.title, 0.0, line.points) for line in step.rubric))

    def with_no_points(self, status: str, headline: str, **changes: Any) -> Verdict:
        """Return a copy that earns nothing, for an answer whose evidence can't be counted."""
        lines = tuple(replace(line, earned=0.0, note="") for line in self.lines)
        return replace(self, status=status, headline=headline, lines=lines, **changes)

    def worth(self, points: float) -> Verdict:
        """Return a copy whose lines add up to ``points``, each by the same factor: what the cell is worth as released.

        A verdict without points to scale stays as it is.
        """
        if not self.possible or points == self.possible:
            return self
        factor = points / self.possible
        lines = (replace(line, earned=line.earned * factor, possible=line.possible * factor) for line in self.lines)
        return replace(self, lines=tuple(lines))

    # ------------------------------------------------------------------------------------------- showing

    @property
    def _score(self) -> str:
        """The points as they are shown; an answer that was only noted has none yet."""
        return f"{self.possible:g} points" if self.status == "noted" else f"{self.points:g} of {self.possible:g} points"

    def __str__(self) -> str:
        mark, word = STATUSES[self.status]
        rows = [f"Read as {self.read}"] if self.read else []
        rows.append(f"{mark} {self.step}: {word}. {self.headline}  [{self._score}]")
        if len(self.lines) > 1 and self.status != "noted":
            width = max(len(line.title) for line in self.lines)
            for line in self.lines:
                note = f"  {line.note}" if line.note else ""
                rows.append(f"    {line.earned:g}/{line.possible:g}  {line.title:<{width}}{note}".rstrip())
        rows.extend(f"  {text}" for text in self.details)
        if self.where:
            rows.append(f"  Where: {self.where}")
        if self.counterexample:
            rows.append(f"  Counterexample: {self.counterexample}")
        if self.hint:
            rows.append(f"  Hint: {self.hint}")
        if self.checked:
            rows.append(f"  {self.checked}")
        return "\n".join(rows)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        mark, word = STATUSES[self.status]
        colour = _COLOURS.get(self.status, _GREY)
        parts = [
            f'<div class="lr-verdict" role="status" data-step="{escape(self.step)}" data-status="{self.status}" '
            f'style="border-left:5px solid {colour};padding:.5em .9em;margin:.3em 0;max-width:52em;'
            "font-family:var(--jp-ui-font-family,system-ui,sans-serif);line-height:1.45;"
            'color:var(--jp-ui-font-color1,#1f2937)">',
            f'<div class="lr-read">Read as {self.typeset or escape(self.read)}</div>' if self.read else "",
            f'<div style="font-weight:600"><span aria-hidden="true">{mark}</span> {word}'
            f'<span style="font-weight:400"> · {escape(self.step)} · {self._score}</span>'
            f"</div><div>{escape(self.headline)}</div>",
        ]
        if len(self.lines) > 1 and self.status != "noted":
            parts.append(
                '<table style="border-collapse:collapse;margin:.4em 0;font-size:.95em"><thead style="position:absolute;'
                'clip-path:inset(50%);width:1px;height:1px;overflow:hidden"><tr><th scope="col">Points</th>'
                '<th scope="col">For</th><th scope="col">Note</th></tr></thead><tbody>'
            )
            for line in self.lines:
                row_mark = "✓" if line.earned >= line.possible else "✗" if line.earned == 0 else "◐"
                parts.append(
                    f'<tr><td style="text-align:right;padding:.1em .6em .1em 0;white-space:nowrap">{row_mark} '
                    f'{line.earned:g}/{line.possible:g}</td><td style="text-align:left;padding:.1em .6em">'
                    f'{escape(line.title)}</td><td style="text-align:left;padding:.1em 0">{escape(line.note)}</td></tr>'
                )
            parts.append("</tbody></table>")
        parts.extend(f"<p style='margin:.35em 0'>{escape(text)}</p>" for text in self.details)
        for label, text in (("Where", self.where), ("Counterexample", self.counterexample)):
            if text:
                parts.append(f"<p style='margin:.35em 0'><b>{label}:</b> {escape(text)}</p>")
        if self.picture:
            parts.append(f"<div style='margin:.4em 0'>{self.picture}</div>")
        if self.hint:
            parts.append(f"<p style='margin:.35em 0'><b>Hint:</b> {escape(self.hint)}</p>")
        if self.checked:
            parts.append(
                f"<p style='margin:.35em 0;font-size:.9em;color:var(--jp-ui-font-color2,#4b5563)'>"
                f"{escape(self.checked)}</p>"
            )
        return "".join(parts) + "</div>"

    def mimebundle(self) -> dict[str, str]:
        """Return the verdict as Jupyter display data: HTML, with plain text for everything else."""
        return {"text/html": self._repr_html_(), "text/plain": str(self)}


def still_open(evidence: Mapping[str, object], what: str) -> str:
    """Return the headline of an answer that was not filled in: the dots are there, or its name holds None."""
    if evidence.get("none") is True:
        return f"The answer is None: assign {what}, without print(…) around it."
    return f"The ... is still in place: put {what} there."


class CheckFailed(Said, AssertionError):
    """Raised by ``check`` under ``nbgrader validate`` so that Validate sees a failure; renders only the verdict.

    No Advice: nothing was used wrongly, an answer is not right yet.
    """

    def __init__(self, verdict: Verdict):
        super().__init__(str(verdict))
        self.verdict = verdict

    def __reduce__(self) -> tuple[object, ...]:
        return CheckFailed, (self.verdict,)
