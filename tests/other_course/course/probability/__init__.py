"""A second course, of two exercises from probability: what its students import."""

from __future__ import annotations

from lrtutorial import check, hint
from lrtutorial.course import Course, gathered, use
from lrtutorial.course.letters import COUNT, POSITIVE, Symbol

__all__ = ["COURSE", "check", "hint"]

COURSE = Course(
    home="probability",
    id="chance",
    title="A first week of chance",
    parts={"week_1": "Week 1 · Chance"},
    exercises=gathered(__name__, "coins tries"),
    symbols={"n": Symbol(range(2, 30), COUNT), "p": Symbol((0.1, 0.9), POSITIVE)},
    libraries=("scipy.stats", "statsmodels"),
    profiles={"bare": {"hidden": ["scipy", "torch"]}},
    finished="You have seen a week of chance.",
)
use(COURSE)  # a notebook that imports this package is about this course
