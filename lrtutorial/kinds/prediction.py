"""Predictions (Part C): what a student expects of an experiment, judged against what the experiment gives.

A probe is a seed. The outcome of a step on its seeds is what the experiment finds there, the median over the seeds
for a number, the most frequent for a choice or an ordering; so grading can run the experiment on seeds nobody has seen.
The settings are those of :class:`lrtutorial.kinds.Prediction`.
"""

from __future__ import annotations

import math
import numbers
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from statistics import median
from typing import Any

from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected, misconceptions
from lrtutorial.kinds import Prediction
from lrtutorial.verdict import Line, Verdict, still_open

NEAR_SHARE = 0.5  #: of a prediction's points, for one that is near
LONGEST = 200  #: characters of a word, and entries of an ordering, that are looked at


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: Any = None) -> dict[str, Any]:
    """Return the prediction as a plain number, word or list of words, or the reason why it is none."""
    (answer,) = answers.values()
    if answer is ... or answer is None:
        return {"kind": "prediction", "unfinished": True, "none": answer is None}
    try:
        value = _READERS[Prediction.of(step).form](answer, step)
    except Exception:  # an answer may be any object, with methods that raise
        value = None
    if value is None:
        wanted = {"number": "a finite number", "choice": f"one of {_words(step)}, in quotes,"}.get(
            Prediction.of(step).form, f"a list with {_words(step)}, in the order you expect,"
        )
        return _problem(f"{wanted} was expected; {_kind_of(answer)} came instead")
    return {"kind": "prediction", "value": value}


def _read_number(answer: object, step: Step) -> float | None:
    """Return a number, also one that stands alone in a text: ``"about 30 steps"``, ``"0,5"``."""
    if isinstance(answer, str):
        found = re.findall(r"[-+−]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:e[-+]?\d+)?", answer[:LONGEST].lower())
        plain = [text.replace("−", "-").replace(",", ".") for text in found]
        return float(plain[0]) if len(plain) == 1 and "%" not in answer else None
    return float(answer) if isinstance(answer, numbers.Real) and not isinstance(answer, bool) else None


def _read_word(answer: object, step: Step) -> str | None:
    """Return the word of the step that an answer holds, whatever its capitals and the words around it.

    A text that holds two of them, or says "not", is returned as it is: it isn't known what is meant.
    """
    known = _meanings(step)
    if isinstance(answer, numbers.Real) and not isinstance(answer, bool):  # a rate without its quotes
        same = [word for word in known if _is_number(word) and float(word) == float(answer)]
        return same[0] if len(same) == 1 else None
    if not isinstance(answer, str):
        return None
    word = _word(answer)
    meant = [key for key, meaning in known.items() if _word(meaning) == word]
    if word in known or len(meant) == 1:
        return word if word in known else meant[0]
    said = set(re.findall(r"[a-z]+|\d+(?:\.\d+)?", word))
    found = [key for key in known if key in said]
    denied = _DENIALS & (said - set(known)) or "n't" in word or "n’t" in word
    return found[0] if len(found) == 1 and not denied else word


_DENIALS = {"not", "no", "never", "neither", "nor", "none", "without", "than", "or", "unless", "isn"}


def _is_number(word: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?(e-?\d+)?", word) is not None


def _read_words(answer: object, step: Step) -> list[str] | None:
    if isinstance(answer, str):  # one text with all of them, in order
        answer = re.split(r"\s*(?:(?:,|;|→|->)\s*(?:then\b)?|\bthen\b)\s*", answer[:LONGEST].strip("[] "))
    if not isinstance(answer, (list, tuple)):
        return None
    words = [_read_word(item, step) for item in answer[:LONGEST]]
    return None if None in words else [word for word in words if word is not None]


_READERS = {"number": _read_number, "choice": _read_word, "ordering": _read_words}


def _problem(text: str) -> dict[str, Any]:
    return {"kind": "prediction", "problem": text}


def _kind_of(answer: object) -> str:
    return f"something of type {type(answer).__name__}"


def _word(text: str) -> str:
    return " ".join(str(text)[:LONGEST].strip().lower().replace("_", " ").split())


def _words(step: Step) -> str:
    return ", ".join(f'"{word}"' for word in _meanings(step))


def _meanings(step: Step) -> Mapping[str, str]:
    if Prediction.of(step).form == "number":
        return {}
    kind = Prediction.of(step)
    return kind.items if kind.form == "ordering" else kind.choices


# ---------------------------------------------------------------------------------------------- outcome


@cache
def _found(found: Callable[[int], Any], seed: int) -> Any:
    return found(seed)


def found_on(step: Step, seeds: Sequence[int]) -> Any:
    """Return what the experiment gives over these seeds: the median of numbers, the most frequent word or
    order.

    Each seed's experiment runs once in a process, however many answers are judged by it.
    """
    results = [_found(Prediction.of(step).found, int(seed)) for seed in seeds]
    if Prediction.of(step).form == "number":
        return float(f"{median(results):.3g}")  # three digits: the same on every machine
    if Prediction.of(step).form == "ordering":
        return list(Counter(map(tuple, results)).most_common(1)[0][0])
    return Counter(results).most_common(1)[0][0]


# ------------------------------------------------------------------------------------------------ judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, Any] | None = None) -> Verdict:
    """Compare a prediction with what the experiment gave: full points if right, half if near."""
    (line,) = step.rubric
    blank = Verdict.blank(step)
    asked = f"This prediction asks for {step.asks}."
    if not isinstance(evidence, dict) or evidence.get("kind") != "prediction":
        return replace(blank, status="failed", headline="No evidence came back from this answer.")
    if evidence.get("unfinished"):
        return replace(
            blank,
            status="unfinished",
            headline=still_open(evidence, "your prediction"),
            hint=asked,
        )
    if "problem" in evidence:
        text = str(evidence["problem"])[:500]
        return replace(blank, status="unreadable", headline=text[:1].upper() + text[1:] + ".", hint=asked)
    problem = _malformed(step, evidence.get("value"))
    if problem:
        return replace(blank, status="unreadable", headline=problem, hint=asked)
    value, found = evidence["value"], expected.reference
    closeness = _closeness(step, value, found)
    status = {1.0: "right", 0.0: "wrong"}.get(closeness, "partly")
    word = {"right": "as predicted", "partly": "near", "wrong": "not as predicted"}[status]
    headline = f"You predicted {show(step, value)}; the experiment gives {show(step, found)}: {word}."
    held = None if status == "right" else _misconception(step, value, expected)
    words = misconceptions(step.id)[held] if held else None
    if words:
        headline += f" {words.title}."
    earned = Line(line.id, line.title, line.points * closeness, line.points)
    where = (
        "on seeds that nobody has seen" if expected.secret else "on the notebook's own seed; grading runs it on others"
    )
    return replace(
        blank,
        status=status,
        headline=headline,
        lines=(earned,),
        misconception=held,
        hint=words.hints[0] if words else None,
        checked=f"Measured {where}.",
    )


def _misconception(step: Step, value: Any, expected: Expected) -> str | None:
    """Return the catalogued misconception that predicts just this (a number within 3%), if any."""
    for key, theirs in expected.outcomes().items():
        if value == theirs or (Prediction.of(step).form == "number" and abs(value - theirs) < 0.03 * theirs):
            return key
    return None


def noted(step: Step, verdict: Verdict, evidence: Mapping[str, Any]) -> Verdict:
    """Return the verdict to show before the experiment: what was noted, and nothing about whether it is right."""
    if verdict.status not in ("right", "partly", "wrong"):
        return verdict
    headline = f"You predict: {show(step, evidence['value'])}. Next comes the experiment; then compare the two."
    return verdict.with_no_points("noted", headline, checked="", hint=None, misconception=None)


def _malformed(step: Step, value: object) -> str | None:
    form = Prediction.of(step).form
    if form == "number":
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            return "A finite number was expected."
        if Prediction.of(step).whole and value != int(value):
            return f"This asks how many: a whole number was expected; {value:g} came instead."
        if value < 0:
            return f"A number that is not below zero was expected; {value:g} came instead."
        return None
    known = _meanings(step)
    if form == "choice":
        if not isinstance(value, str) or value not in known:
            return f"One of {_words(step)} was expected; {str(value)[:60]!r} came instead."
        return None
    if not isinstance(value, list) or any(not isinstance(item, str) for item in value):
        return f"A list with {_words(step)} was expected."
    strange = [item for item in value if item not in known]
    if strange:
        return f"{strange[0][:60]!r} is not in the list; it has {_words(step)}."
    if sorted(value) != sorted(known):
        return f"Each of {_words(step)} was expected exactly once."
    return None


def _closeness(step: Step, value: Any, found: Any) -> float:
    """1 for right, NEAR_SHARE for near, 0 for wrong."""
    kind = Prediction.of(step)
    if kind.form == "number":
        ratio = max(value / found, found / value) if value and found else math.inf if value != found else 1.0
        far = abs(value - found) if kind.whole else ratio
        return 1.0 if far <= kind.right else NEAR_SHARE if far <= kind.near else 0.0
    if kind.form == "choice":
        near = value in kind.beside.get(found, ())
        return 1.0 if value == found else NEAR_SHARE if near else 0.0
    if value == found:
        return 1.0
    swapped = [i for i in range(len(found)) if value[i] != found[i]]
    neighbours = len(swapped) == 2 and swapped[1] == swapped[0] + 1
    return NEAR_SHARE if neighbours else 0.0


def show(step: Step, value: Any) -> str:
    """Return a prediction or an outcome as it reads in a sentence."""
    if Prediction.of(step).form == "number":
        return f"{value:.6g}"  # 1500 reads 1500; what was found has three digits already
    if Prediction.of(step).form == "choice":
        return str(Prediction.of(step).choices[value])
    return ", ".join(value)


def outcome_of(step: Step, evidence: Mapping[str, Any], probes: Sequence[int]) -> Any:
    """Return an answer's outcome: the prediction itself, or, for ``...``, what the experiment gives on these seeds."""
    return found_on(step, probes) if evidence.get("unfinished") else evidence["value"]
