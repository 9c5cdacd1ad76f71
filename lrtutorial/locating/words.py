"""What is said of the places of a mistake. Only what the student wrote is quoted, and never an edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lrtutorial.locating.edits import AFTER

#: The form of a place, for whoever has one from a process that isn't to be trusted: the longest text of each field.
TEXTS = {"answer": 60, "code": 120, "function": 60, "part": 50, "role": 60}
MOST = 2  #: lines that are told of an answer

Place = Mapping[str, Any]  #: a line to look at and the edit that mends it, as JSON


def where(places: Sequence[Place], raised: str | None = None) -> str | None:
    """Return the line or the two lines to look at, in one sentence for each answer; None without a place.

    ``raised`` is where the answer raised an exception, if it did: said as well when that is another line.
    """
    if not places:
        return raised
    told: dict[str, list[str]] = {}  # the sentence: the answers it is about
    for answer in dict.fromkeys(place["answer"] for place in places):
        first, *others = (place for place in places if place["answer"] == answer)
        told.setdefault(f"{_line(first)}, or {_line(others[0])}" if others else _one(first), []).append(answer)
    several = len({place["answer"] for place in places}) > 1
    said = "; ".join(f"{', '.join(answers)}: {text}" if several else text for text, answers in told.items())
    if raised and not any(raised.startswith(f"raised in line {place['line']} ") for place in places):
        said = f"{said}. The exception was {raised}"
    return said


def _line(place: Mapping[str, object]) -> str:
    return f"line {place['line']} of your cell, in {place['function']}: {place['code']}"


def _one(place: Place) -> str:
    line = f"line {place['line']} of your cell, in {place['function']}"
    if place["before"] and place["role"] == AFTER:
        return f"{line}: something is missing after it, or above: {place['code']}"
    if place["before"]:
        return f"{line}: something is missing, here or above it: {place['code']}"
    if not place["part"] or place["part"] == place["code"].rstrip(":"):
        return f"{line}: {place['code']}"
    role = f"{place['role']} " if place["role"] else ""
    return f"{line}, {role}`{place['part']}`: {place['code']}"


def read(places: object) -> list[dict[str, object]]:
    """Return places that came as evidence, or an empty list when they aren't of that form."""
    if not isinstance(places, list) or not 1 <= len(places) <= 20 or not all(map(_is_place, places)):
        return []
    counts = Counter(place["answer"] for place in places)
    return places if max(counts.values()) <= MOST else []


def _is_place(place: object) -> bool:
    return (
        isinstance(place, dict)
        and set(place) == {*TEXTS, "line", "before"}
        and type(place["line"]) is int
        and 0 < place["line"] < 10**6
        and type(place["before"]) is bool
        and all(type(place[key]) is str and len(place[key]) <= most for key, most in TEXTS.items())
    )
