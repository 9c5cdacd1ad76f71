"""Predictions: what a student expects of an experiment, and why, judged against what the experiment gives.

Honest work earns nearly all of the points: a prediction that was committed, and one line of why. Only a small part is
for being right. The commitment that counts is the first one (:func:`with_first`).

A probe is a seed. The outcome of a step on its seeds is what the experiment finds there, the median over the seeds
for a number or a curve, the most frequent for a choice or an ordering; so grading can run the experiment on seeds
nobody has seen. The settings are those of :class:`lrtutorial.kinds.Prediction`.
"""

from __future__ import annotations

import math
import numbers
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from lrtutorial.advice import Unusable
from lrtutorial.course.exercise import Evidence, Step
from lrtutorial.course.expected import Expected, misconceptions
from lrtutorial.kinds import Prediction
from lrtutorial.kinds.sketches import Sketch, compared, read_drawing
from lrtutorial.verdict import Line, Verdict, still_open

NEAR_SHARE = 0.5  #: of the points for being right, for one that is near
COMMITTED, WHY, RIGHT = 0.5, 0.25, 0.25  #: shares where a rubric has one line for all
LONGEST = 200  #: characters of a word, and entries of an ordering, that are looked at
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d\+00:00")  #: when a prediction was committed
LONGEST_WHY = 500  #: characters of a why that are kept
SHORTEST_WHY = 10  #: … and that one has at least


# ---------------------------------------------------------------------------------------------- collect
Value = Any  #: a prediction: a number, a word, words in order, or the heights of a sketch's curves


def collect(step: Step, answers: Mapping[str, object], probes: object = None) -> Evidence:
    """Return the prediction as plain data with its why and confidence, or the reason why it is none."""
    answer = answers[step.answers[0]]
    form = Prediction.of(step).form
    pad = form == "sketch" and type(answer).__name__ == "Pad"  # a grader's kernel has it without what was drawn on it
    if pad:
        answer = getattr(answer, "drawing", ...)
    if answer is ... or answer is None:
        return {"kind": "prediction", "unfinished": True, "none": answer is None, "pad": pad, **_beside(step, answers)}
    try:
        value = _READERS[form](answer, step)
    except Exception:  # an answer may be any object, with methods that raise
        value = None
    if form == "sketch" and isinstance(value, str):
        return _problem(value)
    if value is None:
        return _problem(_unread(step, answer))
    if form == "number" and (unclear := _unclear_percent(step, answer, value)):
        return _problem(unclear)
    return {"kind": "prediction", "value": value, **_beside(step, answers)}


def _unread(step: Step, answer: object) -> str:
    """Return what was expected and what came, of an answer that can't be read."""
    form = Prediction.of(step).form
    if form == "sketch":
        return f"a drawing was expected; {_kind_of(answer)} came instead"
    digits = " Write one number, in digits and with nothing between them: 3, 0.5 or 1500."
    wanted = {"number": "a finite number", "choice": f"one of {_words(step)}, in quotes,"}.get(
        form, f"a list with {_words(step)}, in the order you expect,"
    )
    text = f"{wanted} was expected; {_kind_of(answer)} came instead."
    return text + (digits if form == "number" and isinstance(answer, str) else "")


def _unclear_percent(step: Step, answer: object, value: float) -> str:
    """Return what is to be asked about a number in percent that could be a share, or nothing."""
    if not Prediction.of(step).percent or (isinstance(answer, str) and "%" in answer) or not 0 < value < 1:
        return ""
    share = 100 * value
    return f'{value:g} could be {value:g} % or {share:g} %: which is meant? Write {share:g}, or "{value:g} %".'


def _beside(step: Step, answers: Mapping[str, object]) -> Evidence:
    """Return what stands beside the prediction: why, and how sure; only what is there."""
    why, confidence = (answers.get(name, ...) for name in step.companions)
    found: Evidence = {}
    if isinstance(why, str) and why.strip():
        found["why"] = " ".join(why[: 4 * LONGEST_WHY].split())[:LONGEST_WHY]
    if confidence is not ... and confidence is not None:
        percent, problem = read_percent(confidence)
        found |= {"confidence": percent} if not problem else {"confidence_problem": problem}
    return found


def read_percent(said: object) -> tuple[float | None, str]:
    """Return a confidence in percent, and what is to be asked about it: ``60``, ``"60 %"``, ``"60%"`` are read.

    A bare number above 0 and up to 1 could be a share or a percentage, and is asked back.
    """
    if said is ... or said is None:
        return None, ""
    shown = f"{said!r:.40}"
    text = str(said)[:40] if isinstance(said, (str, int, float)) and not isinstance(said, bool) else ""
    found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?|\.\d+)\s*(%|percent|per cent)?\s*", text)
    if not found:
        return None, f"How sure you are is a number from 0 to 100, in percent, such as 60; {shown} came instead."
    value = float(found[1].replace(",", "."))
    if 0 < value <= 1 and not found[2]:
        share = 100 * value
        return None, f'{shown} could be {value:g} % or {share:g} %: which is meant? Write {share:g}, or "{value:g} %".'
    if value > 100:
        return None, f"How sure you are is at most 100, in percent; {shown} came instead."
    return value, ""


def why_problem(evidence: Evidence) -> str:
    """Return what is missing of the line of why, or nothing."""
    why = evidence.get("why")
    if not isinstance(why, str) or not why.strip():
        return "One line of why is missing"
    if len(why) < SHORTEST_WHY or len({letter for letter in why.lower() if letter.isalnum()}) < 4:
        return f"The why says too little ({why[:40]!r})"
    return ""


def _read_number(answer: object, step: Step) -> float | None:
    """Return a number, also one that stands alone in a text: ``"about 30 steps"``, ``"0,5"``; not ``"1,500"``."""
    if isinstance(answer, str):
        found = re.findall(r"[-+−]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:e[-+]?\d+)?", answer[:LONGEST].lower())
        plain = [text.replace("−", "-").replace(",", ".") for text in found]
        grouped = any(re.fullmatch(r"[-+−]?[1-9]\d{0,2},\d{3}", text) for text in found)  # 1500, or 1.5?
        read = len(plain) == 1 and not grouped and ("%" not in answer or Prediction.of(step).percent)
        return float(plain[0]) if read else None
    return float(answer) if isinstance(answer, numbers.Real) and not isinstance(answer, bool) else None


def _read_word(answer: object, step: Step) -> str | None:
    """Return the word of the step that an answer holds, whatever its capitals and the words around it.

    A text that holds two of them, or says "not", is returned as it is: it isn't known what is meant.
    """
    known = _meanings(step)
    if isinstance(answer, numbers.Real) and not isinstance(answer, bool):  # a rate without its quotes
        return _same_number(known, float(answer))
    if not isinstance(answer, str):
        return None
    word = _word(answer)
    if re.fullmatch(r"\d+[.,]?\d*(e-?\d+)?", word) and (same := _same_number(known, float(word.replace(",", ".")))):
        return same
    meant = [key for key, meaning in known.items() if _word(meaning) == word]
    if word in known or len(meant) == 1:
        return word if word in known else meant[0]
    said = set(re.findall(r"[a-z]+|\d+(?:\.\d+)?", word))
    found = [key for key in known if key in said]
    denied = _DENIALS & (said - set(known)) or "n't" in word or "n’t" in word
    return found[0] if len(found) == 1 and not denied else word


_DENIALS = {"not", "no", "never", "neither", "nor", "none", "without", "than", "or", "unless", "isn"}


def _same_number(known: Iterable[str], value: float) -> str | None:
    """Return the word that is this number, if one is."""
    same = [word for word in known if _is_number(word) and float(word) == value]
    return same[0] if len(same) == 1 else None


def _is_number(word: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?(e-?\d+)?", word) is not None


def _read_words(answer: object, step: Step) -> list[str] | None:
    if isinstance(answer, str):  # one text with all of them, in order
        answer = re.split(r"\s*(?:(?:,|;|→|->)\s*(?:then\b)?|\bthen\b)\s*", answer[:LONGEST].strip("[] "))
    if not isinstance(answer, (list, tuple)):
        return None
    words = [_read_word(item, step) for item in answer[:LONGEST]]
    return None if None in words else [word for word in words if word is not None]


def _read_sketch(answer: object, step: Step) -> dict[str, list[float]] | str:
    return read_drawing(_sketch(step), answer)


def _sketch(step: Step) -> Sketch:
    sketch = Prediction.of(step).sketch
    if sketch is None:
        raise TypeError(f"{step.id} is a sketch without axes")
    return sketch


_READERS: dict[str, Callable[[Value, Step], Value]] = {
    "number": _read_number,
    "choice": _read_word,
    "ordering": _read_words,
    "sketch": _read_sketch,
}


def _problem(text: str) -> dict[str, object]:
    return {"kind": "prediction", "problem": text}


def _kind_of(answer: object) -> str:
    """Return a short answer as it was written, and the type of any other."""
    plain = type(answer) in (str, int, float) and len(str(answer)[:LONGEST]) <= 60
    return repr(answer) if plain else f"something of type {type(answer).__name__}"


def _word(text: str) -> str:
    return " ".join(str(text)[:LONGEST].strip().lower().replace("_", " ").split())


def _words(step: Step) -> str:
    return ", ".join(f'"{word}"' for word in _meanings(step))


def _meanings(step: Step) -> Mapping[str, str]:
    if Prediction.of(step).form == "number":
        return {}
    kind = Prediction.of(step)
    return kind.items if kind.form == "ordering" else kind.choices


# ------------------------------------------------------------------------------------------ the first one


def commitment(evidence: Evidence, at: str) -> Evidence:
    """Return what is kept of a prediction that was committed: its value, why and confidence, and when."""
    kept: Evidence = {name: evidence[name] for name in ("value", "why", "confidence") if name in evidence}
    return {**kept, "at": at}


def first_of(step: Step, told: object) -> Evidence | None:
    """Return an earlier commitment as it can be used; None where it is none.

    It comes from a notebook's outputs or a progress file, and is worth no more than an answer in its cell.
    """
    if not isinstance(told, Mapping) or "value" not in told or _malformed(step, told["value"]):
        return None
    found: Evidence = {"value": told["value"]}
    if isinstance(told.get("why"), str):
        found["why"] = told["why"][:LONGEST_WHY]
    percent = told.get("confidence")
    if isinstance(percent, (int, float)) and not isinstance(percent, bool) and 0 <= percent <= 100:
        found["confidence"] = float(percent)
    if isinstance(at := told.get("at"), str) and MOMENT.fullmatch(at):
        found["at"] = at
    if told.get("seen") is True:
        found["seen"] = True
    return found


def with_first(step: Step, evidence: Evidence, told: object) -> Evidence:
    """Return the evidence with the first commitment in the place of what the cell holds now.

    Where none is known, or the cell is empty, what the cell holds counts, and ``kept`` says so. A pad that was drawn
    on is empty when its cell runs again: what was committed is its drawing.
    """
    if not isinstance(evidence, dict) or evidence.get("kind") != "prediction":
        return evidence
    bare = {name: evidence[name] for name in evidence.keys() - {"kept", "now", "at"}}
    first = first_of(step, told)
    if first is None or not ("value" in bare or bare.get("pad") is True):
        return {**bare, "kept": False}
    if why_problem(first):
        first.pop("why", None)
    now = bare.get("value")
    changed = now is not None and now != first["value"] and not _malformed(step, now)
    return {
        "kind": "prediction",
        **{name: bare[name] for name in ("why", "confidence") if name in bare},
        **first,
        **({"now": show(step, now)} if changed else {}),
        "kept": True,
    }


# ---------------------------------------------------------------------------------------------- outcome


@cache
def _found(found: Callable[[int], object], seed: int) -> Value:
    return found(seed)


def found_on(step: Step, seeds: Sequence[int]) -> Value:
    """Return what the experiment gives over these seeds: the median of numbers, the most frequent word or order.

    Each seed's experiment runs once in a process, however many answers are judged by it.
    """
    from statistics import median  # the book's pages have no use for it

    results = [_found(Prediction.of(step).found, int(seed)) for seed in seeds]
    if Prediction.of(step).form == "sketch":
        sketch = _sketch(step)
        return {
            key: [sketch.held(median(heights)) for heights in zip(*(found[key] for found in results), strict=True)]
            for key in sketch.curves
        }
    if Prediction.of(step).form == "number":
        return float(f"{median(results):.3g}")  # three digits: the same on every machine
    if Prediction.of(step).form == "ordering":
        return list(Counter(map(tuple, results)).most_common(1)[0][0])
    return Counter(results).most_common(1)[0][0]


# ------------------------------------------------------------------------------------------------ judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object] | None = None) -> Verdict:
    """Compare a prediction with what the experiment gave; most points are for having committed one, with its why."""
    blank = Verdict.blank(step)
    asked = f"This prediction asks for {step.asks}."
    if not isinstance(evidence, dict) or evidence.get("kind") != "prediction":
        return replace(blank, status="failed", headline="No evidence came back from this answer.")
    if evidence.get("unfinished") and "value" not in evidence:
        undrawn = "Nothing is drawn on the pad yet." if evidence.get("pad") is True else ""
        return replace(
            blank, status="unfinished", headline=undrawn or still_open(evidence, "your prediction"), hint=asked
        )
    if "problem" in evidence:
        text = str(evidence["problem"])[:500]
        ended = text if text.endswith(".") else f"{text}."
        return replace(blank, status="unreadable", headline=text[:1].upper() + ended[1:], hint=asked)
    problem = _malformed(step, evidence.get("value"))
    if problem:
        return replace(blank, status="unreadable", headline=problem, hint=asked)
    return _compared(step, evidence, expected)


def _compared(step: Step, evidence: Evidence, expected: Expected) -> Verdict:
    """Return the verdict on a prediction that can be read."""
    value, found = evidence["value"], expected.reference
    close, missing = closeness(step, value, found), why_problem(evidence)
    lines = _lines(step, close, bool(missing))
    held = None if close == 1 else _misconception(step, value, expected)
    words = misconceptions(step.id)[held] if held else None
    headline = _headline(step, value, found, close) + (f" {words.title}." if words else "")
    name = step.companions[0]
    where = (
        "on seeds that nobody has seen" if expected.secret else "on the notebook's own seed; grading runs it on others"
    )
    return replace(
        Verdict.blank(step),
        status="right" if close == 1 and not missing else "partly",
        headline=headline + (f' {missing}: {name} = "…".' if missing else ""),
        lines=lines,
        misconception=held,
        details=(*features(step, value, found), *_said_first(step, evidence)),
        hint=words.hints[0] if words else None,
        checked=f"Measured {where}.",
    )


def _lines(step: Step, close: float, bare: bool) -> tuple[Line, ...]:
    """Return the rubric's lines for a committed prediction; ``bare``: without a why."""
    earned = {"committed": 1.0, "why": 0.0 if bare else 1.0, "right": close}
    alone = COMMITTED + WHY * earned["why"] + RIGHT * close
    return tuple(
        Line(each.id, each.title, each.points * earned.get(each.id, alone), each.points) for each in step.rubric
    )


def worth(step: Step, close: float) -> float:
    """Return the points of a prediction that was committed with its why; ``close``: as :func:`closeness` gives it."""
    return sum(line.earned for line in _lines(step, close, bare=False))


def _headline(step: Step, value: Value, found: Value, close: float) -> str:
    word = "as predicted" if close == 1 else "not as predicted" if close == 0 else "near"
    if Prediction.of(step).form == "sketch":
        rows = compared(_sketch(step), value, found)
        return f"{sum(same for same, _, _ in rows)} of {len(rows)} features of your sketch are as in the experiment."
    return f"You predicted {show(step, value)}; the experiment gives {show(step, found)}: {word}."


def features(step: Step, value: Value, found: Value) -> list[str]:
    """Return a sentence for each feature of a sketch that is compared; none for another prediction."""
    if Prediction.of(step).form != "sketch":
        return []
    return [
        f"✓ As you drew it: {theirs}." if same else f"✗ You drew: {mine}. The experiment: {theirs}."
        for same, mine, theirs in compared(_sketch(step), value, found)
    ]


def _when(at: object) -> str:
    found = MOMENT.fullmatch(str(at)[:40])
    return f", on {found[1]} at {found[2]} UTC" if found else ""


def _said_first(step: Step, evidence: Evidence) -> list[str]:
    """Return what is said of which commitment counts, where that is not plain."""
    if evidence.get("kept") is False:
        return ["No first prediction is kept in the notebook's outputs, so what the cell holds counts."]
    if "now" not in evidence:
        return []
    return [
        f"Committed first{_when(evidence.get('at'))}: {show(step, evidence['value'])}. "
        f"The cell holds {str(evidence['now'])[:300]} now; the first one counts."
    ]


def _misconception(step: Step, value: Value, expected: Expected) -> str | None:
    """Return the catalogued misconception that predicts just this (a number within 3%), if any."""
    for key, theirs in expected.outcomes().items():
        if value == theirs or (Prediction.of(step).form == "number" and abs(value - theirs) < 0.03 * theirs):
            return key
        if Prediction.of(step).form == "sketch" and all(same for same, _, _ in compared(_sketch(step), value, theirs)):
            return key
    return None


def noted(step: Step, verdict: Verdict, evidence: Evidence) -> Verdict:
    """Return the verdict to show before the experiment: what was noted, and nothing about whether it is right."""
    if verdict.status not in ("right", "partly", "wrong"):
        return verdict
    drawn = Prediction.of(step).form == "sketch"
    told = "Your drawing is kept." if drawn else f"You predict: {show(step, evidence['value'])}."
    if "now" in evidence:
        told = _said_first(step, evidence)[0]
    name, _ = step.companions
    missing = why_problem(evidence)
    asked = f'{missing}; it earns points, and the experiment waits for it: {name} = "…", then check again.'
    said = asked if missing else "Committed. Next comes the experiment; then compare the two."
    sure = (str(evidence["confidence_problem"])[:200],) if evidence.get("confidence_problem") else ()
    return verdict.with_no_points("noted", f"{told} {said}", checked="", hint=None, misconception=None, details=sure)


def _malformed(step: Step, value: object) -> str | None:
    form = Prediction.of(step).form
    if form == "number":
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return "A finite number was expected."
        if not _finite(value):
            came = value if isinstance(value, float) else "a far larger one"
            return f"A finite number was expected; {came} came instead."
        if Prediction.of(step).whole and value != int(value):
            return f"This asks how many: a whole number was expected; {value:g} came instead."
        if value < 0:
            return f"A number that is not below zero was expected; {value:g} came instead."
        if Prediction.of(step).percent and value > 100:
            return f"A number of percent was expected, at most 100; {value:g} came instead."
        return None
    if form == "sketch":
        drawing = read_drawing(_sketch(step), value)
        return drawing if isinstance(drawing, str) else None
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


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def agree(step: Step, outcome: Value, other: Value) -> bool:
    """Return whether who predicted the one is right by the other. Raises Unusable where nobody can predict the one."""
    if problem := _malformed(step, outcome):
        raise Unusable(problem)
    return closeness(step, outcome, other) == 1


def closeness(step: Step, value: Value, found: Value) -> float:
    """Return 1 for right, NEAR_SHARE for near, 0 for wrong; of a sketch the share of its features that agree."""
    kind = Prediction.of(step)
    if kind.form == "sketch":
        rows = compared(_sketch(step), value, found)
        return sum(same for same, _, _ in rows) / len(rows)
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


def show(step: Step, value: Value) -> str:
    """Return a prediction or an outcome as it reads in a sentence."""
    if Prediction.of(step).form == "number":
        return f"{value:.6g}"  # 1500 reads 1500; what was found has three digits already
    if Prediction.of(step).form == "choice":
        return str(Prediction.of(step).choices[value])
    if Prediction.of(step).form == "sketch":
        return "your drawing"
    return ", ".join(value)


def outcome_of(step: Step, evidence: Mapping[str, object], probes: Sequence[int]) -> object:
    """Return an answer's outcome: the prediction itself, or, for ``...``, what the experiment gives on these seeds."""
    return found_on(step, probes) if evidence.get("unfinished") else evidence["value"]
