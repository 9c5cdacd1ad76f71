"""One success or more."""

from __future__ import annotations

from autograder.catalogue import Misconception, Question


def at_least_one(n, p):
    return 1 - (1 - p) ** n


def adds(n, p):
    return n * p


def all_of_them(n, p):
    return p**n


def none_of_them(n, p):
    return (1 - p) ** n


def complement_as_product(n, p):
    fails = 1.0
    for _ in range(n):
        fails *= 1 - p
    return 1 - fails


def draw_probes(rng):
    """One try at two chances, many tries at four, and the ends."""
    chances = [round(float(chance), 3) for chance in rng.uniform(0.05, 0.95, 6)]
    often = [[int(count), chance] for count, chance in zip(rng.integers(2, 12, 4), chances[2:], strict=True)]
    return [
        {"id": "once", "answer": "at_least_one", "calls": [[1, chances[0]], [1, chances[1]]]},
        {"id": "often", "answer": "at_least_one", "calls": often},
        {"id": "sure", "answer": "at_least_one", "calls": [[3, 0.0], [4, 1.0]]},
    ]


QUESTIONS = {
    "tries": Question(
        reference=at_least_one,
        probes=draw_probes,
        misconceptions=(
            Misconception(
                "tries-adds",
                "The chances of single tries are added up, so that they exceed 1",
                "adds the chances of events that can happen together",
                ("What does yours give for 3 tries at p = 0.5?", "Two tries may both succeed: who counts that twice?"),
                adds,
            ),
            Misconception(
                "tries-all",
                "This is the chance that every try succeeds",
                "takes “at least one” for “all”",
                ("More tries should make it likelier. Do they, in yours?", "What is the opposite of “one or more”?"),
                all_of_them,
            ),
            Misconception(
                "tries-none",
                "This is the chance that no try succeeds: the opposite of what is asked",
                "stops at the opposite event",
                ("What does yours give at p = 1?", "A chance and that of the opposite add up to 1."),
                none_of_them,
            ),
        ),
        accepted={"try by try": complement_as_product},
        lecture="Draw the tree of two tries and mark the one path on which both fail: everything else is the answer.",
    ),
}
