"""The checks behind a page of the book: a request as JSON in, an answer as JSON out.

The book's worker runs this in the reader's browser, where there is no kernel, no NumPy and no SymPy. Everything a
reader types is text: a formula is read by :func:`lrtutorial.formulas.read_text`, nothing is run. What is said is what
the notebook says, by the same functions.

>>> desk = Desk()
>>> json.loads(desk.answer_text('{"do": "check", "step": "a typo"}'))["error"].partition(".")[0]
"there is no check called 'a typo'"
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lrtutorial import formulas as ex
from lrtutorial.advice import Advice, fault
from lrtutorial.answers.session import HERE
from lrtutorial.checking import check, hints_for, progress, verdict_on
from lrtutorial.checking.overview import CourseMap
from lrtutorial.checking.predictions import compare
from lrtutorial.checking.written import count_words
from lrtutorial.course import current, find_exercise, find_step
from lrtutorial.course.exercise import Step
from lrtutorial.formulas.derivations import WORDS, derivation
from lrtutorial.kinds import Derivation, Formula, Prediction
from lrtutorial.verdict import Verdict

LONGEST = 4_000  #: characters of an answer that are looked at
KINDS = (Formula, Derivation, Prediction)  #: what can be answered in words and formulas
Reply = dict[str, object]
Request = Mapping[str, Any]  #: as the page sends it, in JSON


class Desk:
    """One reader's session: what was checked so far, and a place for the progress that the page hands over."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or Path(tempfile.mkdtemp())) / "progress.json"
        self._requests: Mapping[str, Callable[[Request], Reply]] = {
            "check": self._check,
            "compare": self._compare,
            "forget": self._forget,
            "hint": self._hint,
            "lines": self._lines,
            "map": self._map,
            "read": self._read,
            "restore": self._restore,
            "resume": self._resume,
            "score": self._score,
            "undecided": self._undecided,
            "words": self._words,
        }

    def answer_text(self, request: str) -> str:
        """Return the answer to a request, both as JSON text. Never raises: what went wrong comes back as ``error``."""
        try:
            reply = self.answer(json.loads(request))
        except Advice as why:
            reply = {"error": str(why).removesuffix(".")}  # the page makes a sentence of it
        except Exception as error:
            reply = {"error": fault(error).removesuffix(".")}
        return json.dumps(reply, ensure_ascii=False)

    def answer(self, request: Request) -> Reply:
        """Return the answer to one request: ``do`` names it, the other fields are its own.

        ``progress``: the progress kept so far, as text; the answer holds it as it is afterwards. Raises LookupError for
        an unknown request or step.
        """
        do = self._requests[request["do"]]
        if "progress" not in request:
            with _progress_in("off"):
                return do(request)
        with _progress_in(str(self._file)):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.unlink(missing_ok=True)
            if request["progress"]:
                self._file.write_text(str(request["progress"]), encoding="utf-8")
            reply = do(request)
            return {**reply, "progress": progress.export()}

    def _check(self, request: Request) -> Reply:
        step = find_step(request["step"])
        with contextlib.redirect_stdout(io.StringIO()):
            verdict = check(step.id, *typed(step, request["answers"]))
        committed = step.kind.foretells and not HERE.committed.get(step.id, {"lacks": True})["lacks"]
        return {**shown(verdict), "committed": committed}

    def _undecided(self, request: Mapping[str, object]) -> Reply:
        """What is said of an answer that took too long: the worker was ended, and this one began anew."""
        blank = Verdict.blank(find_step(request["step"]))
        said = "Deciding this took longer than it may; a shorter form of it may help."
        return shown(blank.with_no_points("undecided", said))

    def _hint(self, request: Mapping[str, object]) -> Reply:
        step = find_step(request["step"])
        return {"text": HERE.next_hint(step, hints_for(step, HERE.verdicts.get(step.id)))}

    def _read(self, request: Mapping[str, object]) -> Reply:
        """How a line of text is read, for the line above the field."""
        text = unquoted(str(request["text"])[:LONGEST])
        return reading(find_step(request["step"]), text) if text else {"html": "", "problem": ""}

    def _lines(self, request: Mapping[str, object]) -> Reply:
        return {"lines": derivation_lines(find_step(request["step"]), str(request["text"])[:LONGEST])}

    def _compare(self, request: Request) -> Reply:
        exercise = find_exercise(request["exercise"])
        comparison = compare(exercise.id, *(str(text).strip() or None for text in request.get("confidences", ())))
        return {"html": comparison._repr_html_(), "text": repr(comparison), "open": bool(comparison.rows)}

    def _resume(self, request: Request) -> Reply:
        """Judge again what was checked before the page was opened anew: later steps build on it, and it is shown."""
        verdicts = {}
        for name, texts in request.get("answers", {}).items():
            with contextlib.suppress(LookupError):
                step = find_step(name)
                verdicts[step.id] = shown(verdict_on(step.id, *typed(step, texts)))
        for exercise in request.get("compared", ()):
            with _progress_in("off"):
                compare(exercise)
        return {"verdicts": verdicts}

    def _forget(self, request: Mapping[str, object]) -> Reply:
        """Begin the session anew, as a kernel that is restarted."""
        HERE.forget()
        return {}

    def _map(self, request: Mapping[str, object]) -> Reply:
        shown_map = CourseMap()
        return {"html": re.sub(r'(href="[^":]*)\.ipynb"', r'\1.html"', shown_map._repr_html_())}

    def _restore(self, request: Mapping[str, object]) -> Reply:
        return {"text": progress.restore(str(request["text"]))}

    def _score(self, request: Request) -> Reply:
        progress.record_own_score(
            find_exercise(request["exercise"]).id, float(request["points"]), float(request["possible"])
        )
        return {}

    def _words(self, request: Mapping[str, object]) -> Reply:
        return {"count": count_words(str(request["text"]))}


@contextlib.contextmanager
def _progress_in(place: str) -> Any:
    before = os.environ.get("LRTUTORIAL_PROGRESS")
    os.environ["LRTUTORIAL_PROGRESS"] = place
    try:
        yield
    finally:
        if before is None:
            del os.environ["LRTUTORIAL_PROGRESS"]
        else:
            os.environ["LRTUTORIAL_PROGRESS"] = before


def shown(verdict: Verdict) -> Reply:
    """Return a verdict as the page shows it: the notebook's own element, and its status and step."""
    return {"step": verdict.step, "status": verdict.status, "html": verdict._repr_html_(), "text": str(verdict)}


# --------------------------------------------------------------------------------------------- reading


def typed(step: Step, texts: Mapping[str, object]) -> list[object]:
    """Return what a reader typed for a step, and for what stands beside it, in the order in which it is checked."""
    answers = [as_answer(step, str(texts.get(name, ""))) for name in step.answers]
    return [*answers, *(str(texts.get(name, ""))[:LONGEST].strip() or ... for name in step.companions)]


def unquoted(text: str) -> str:
    """Return a text as one would type it into a field, also where it came with a cell's quotes and comma.

    >>> unquoted(' "a*x", ')
    'a*x'
    """
    found = re.fullmatch(r"[\"'“”]([^\"'“”]+)[\"'“”],?", text.strip())
    return found[1].strip() if found else text.strip()


class Pad:
    """The page's pad with nothing drawn on it, known by this name, as the notebook's is."""

    drawing = ...


def as_answer(step: Step, text: str) -> object:
    """Return what a reader typed as the object that a notebook's cell would hold; an empty field is ``...``."""
    text = unquoted(text[:LONGEST])
    if not text:
        return Pad() if isinstance(step.kind, Prediction) and step.kind.form == "sketch" else ...
    if isinstance(step.kind, Derivation):
        return [unquoted(line) for line in text.splitlines() if line.strip()]
    if isinstance(step.kind, Prediction):
        return _prediction(step.kind.form, text)
    return text


def _prediction(form: str, text: str) -> object:
    if form == "number":
        return _number(text)
    if form == "sketch":
        return _drawing(text)
    words = [word.strip(" \t\"'“”[]()") for word in re.split(r"[,;>→\n]", text)]
    return [word for word in words if word] if form == "ordering" else text.strip("\"'“”")


def _drawing(text: str) -> object:
    """Return a drawing from the page's JSON; its text where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(text: str) -> object:
    """Return the number that a text names, as in 650, 1/3 or 6.5e2; the text itself where it names none."""
    try:
        return float(ex.real(ex.evaluate(ex.read_text(text), {})))
    except (ex.Unreadable, ex.Undefined, ex.Undecided, OverflowError):
        return text


def reading(step: Step, text: str) -> Reply:
    """Return how a line of a step is read, typeset, or the problem with it in a sentence."""
    kind = step.kind
    try:
        if isinstance(kind, Formula):
            tree = ex.read(text, kind.symbols, kind.functions, kind.condition)
        else:
            tree = ex.read_text(text)
        return {"html": ex.mathml(tree), "problem": ""}
    except ex.Unreadable as why:
        said = str(why)
        return {"html": "", "problem": f"{said[:1].upper()}{said[1:]}."}


def derivation_lines(step: Step, text: str) -> list[Reply]:
    """Return each line that is not blank: how it reads, its sign against the one above and what shows a break.

    Lines after one that can't be read wait for it.
    """
    rows: list[Reply] = []
    for number, line in enumerate(text.split("\n")):
        if line.strip():
            told = {"row": number, "sign": "", "says": "", "note": ""}
            bare = unquoted(line)
            rows.append({**told, "text": bare, **reading(step, bare)})
    readable = []
    for row in rows:
        if row["problem"]:
            break
        readable.append(row["text"])
    if 2 <= len(readable):
        found = derivation(*readable, variable=Derivation.of(step).variable)
        if found.problem:
            rows[len(readable) - 1]["note"] = found.problem
        for row, sign, note in zip(rows, found.signs, found.notes, strict=False):
            row.update(sign=sign, says=WORDS.get(sign, ""), note=row["note"] or note)
    return rows


# ---------------------------------------------------------------------------------- what a page asks for


def described(exercise_id: str) -> Reply:
    """Return what the page of an exercise needs to know of its steps, in their order, as JSON-able data."""
    exercise = find_exercise(exercise_id)
    live = all(isinstance(step.kind, KINDS) for step in exercise.steps)
    steps = [_described(step) for step in exercise.steps] if live else []
    return {"exercise": exercise.id, "live": live, "steps": steps}


def _described(step: Step) -> Reply:
    form = step.kind.form if isinstance(step.kind, Prediction) else step.kind.name
    return {
        "id": step.id,
        "answers": list(step.answers),
        "asks": step.asks.removesuffix(", in quotes"),  # a field has none
        "form": form,
        "points": step.points,
        "foretells": step.kind.foretells,
        "beside": list(step.companions),
        "sketch": sketched(step),
        "keys": keys(step),
    }


def sketched(step: Step) -> Reply | None:
    """Return what the page's pad needs to know of a sketch; None for another step."""
    sketch = step.kind.sketch if isinstance(step.kind, Prediction) else None
    return {**sketch.as_data(), "name": step.answers[0], "asks": step.asks} if sketch else None


_SPOKEN = {
    "+": "plus", "-": "minus", "*": "times", "/": "over", "^": "to the power", "(": "open bracket",
    ")": "close bracket", "|": "bar of a size", "<": "less than", "<=": "at most", ">": "greater than",
    ">=": "at least", "and": "and", "or": "or", "oo": "infinity", "sqrt(": "square root of", ",": "comma",
    "Sum(": "sum of", "=": "equals", ".": "point", "\n": "new line",
}  # fmt: skip
_LABELS = {
    "-": "−", "*": "·", "/": "a⁄b", "^": "xⁿ", "|": "| |", "<=": "≤", ">=": "≥", "oo": "∞", "sqrt(": "√", "Sum(": "Σ",
    "\n": "↵",
}  # fmt: skip


def keys(step: Step) -> list[dict[str, str]]:
    """Return the keys of a step's keypad: what each types, what it shows and how it is said."""
    kind = step.kind
    if isinstance(kind, Prediction) and kind.sketch:
        return []
    if isinstance(kind, Prediction):
        words = kind.items or kind.choices
        if words:
            return [{"types": word, "shows": word, "says": says} for word, says in words.items()]
        return [_key(mark) for mark in (*"0123456789", ".", "/", "-")]
    if not isinstance(kind, (Formula, Derivation)):
        return []
    applied = kind.functions if isinstance(kind, Formula) else ()
    course = current()
    sums = bool(applied) or course.count in kind.symbols or isinstance(kind, Derivation) and not kind.condition
    indices = (course.index,) if sums and course.index not in kind.symbols else ()
    typed = [*kind.symbols, *indices, *(f"{name}(" for name in applied), *"+-*/^()|", "sqrt("]
    if sums:
        typed += ["Sum(", ",", "oo", "="]
    if kind.condition:
        typed += ["<", "<=", ">", ">=", "and", "or", "oo"]
    typed += [*"0123456789", "."]
    return [_key(mark) for mark in [*typed, *(["\n"] if isinstance(kind, Derivation) else [])]]


def _key(typed: str) -> dict[str, str]:
    bare = typed.removesuffix("(")
    shows = _LABELS.get(typed) or (ex.letter(bare) if bare.isidentifier() else bare) + typed[len(bare) :]
    return {"types": typed, "shows": shows, "says": _SPOKEN.get(typed, f"{bare} of" if bare != typed else typed)}
