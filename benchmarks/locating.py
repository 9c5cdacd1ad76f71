"""How often the place of a mistake is found: one-edit mutants of right answers, the right line against wrong ones.

Prints, for each exercise: mutants tried, how many were told the right line (alone, or as one of two), a wrong one, or
nothing; and what the search took. Mutants and answers are the tests' own.
"""

from __future__ import annotations

import argparse
import linecache
import math
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import numpy as np

from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds.driven import quiet
from lrtutorial.locating import known
from lrtutorial.locating.alarm import TooLong, limited
from lrtutorial.locating.search import ready, search_all
from lrtutorial.locating.trial import FIRST, Trial
from tests.part_b import right_answers
from tests.part_b.mutants import Mutant, makers

_cells = count()
HEADER = "import numpy as np; import matplotlib.pyplot as plt\n"


def as_cell(source: str) -> dict[str, Any]:
    """Return the names that a cell with this source defines, as a notebook's kernel would have them."""
    name = f"<cell {next(_cells)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(HEADER, space)
    exec(compile(source, name, "exec"), space)
    return space


def sample(exercise: str, size: int, seed: int = 0) -> list[Mutant]:
    """Return mutants of an exercise's right answers, drawn with a seed."""
    every = [one for source in getattr(right_answers, exercise.upper()).values() for one in makers(source)]
    order = np.random.default_rng(seed).permutation(len(every))
    return list(islice((mutant for i in order if (mutant := every[i]())), size))


def tried(exercise: str, mutant: Mutant, seconds: float) -> Iterator[tuple[str, list[dict], float]]:
    """Yield, for each answer that the mutation breaks: its name, the places told, and the time that took."""
    try:
        space = as_cell(mutant.source)
    except Exception:  # a default or a constant of the cell that raises: there is no answer then
        return
    step = find_step(exercise)
    sources, rest = known({name: space[name] for name in step.answers if name in space})
    with ready(step), quiet():
        trials = {name: Trial(step, name, own, rest[name]) for name, own in sources.items()}
    wrong = [
        name for name, trial in trials.items() if trial.failing and not trial.endless
    ]  # endless: nor would a check
    if wrong and not any(trial.endless for trial in trials.values()):
        begun = time.process_time()
        with quiet():
            places = search_all(exercise, sources, rest, seconds, wall=math.inf)
        taken = (time.process_time() - begun) / len(wrong)
        for name in wrong:
            yield name, [one for one in places if one["answer"] == name] or raised(exercise, name, space[name]), taken


def raised(exercise: str, name: str, answer: Any) -> list[dict]:
    """Return where an answer raises an exception, which a verdict says by itself; an empty list if it doesn't."""
    step = find_step(exercise)
    probes = [one for one in recorded(exercise).probes if one.get("answer", name) == name and "runs" not in one]
    try:
        with ready(step), limited(10 * FIRST):
            runs = step.collect({name: answer}, probes)["runs"].values()
    except TooLong:
        return []
    return [run["error"] for run in runs if run["error"] and run["error"].get("line")][:1]


def outcome(mutant: Mutant, places: list[dict]) -> str:
    """Return in a word what was told about a mutant."""
    if not places:
        return "nothing"
    if not any(mutant.is_at(place) for place in places):
        return "raised elsewhere" if "type" in places[0] else "wrong"  # an exception's line is told as just that
    return "right" if len(places) == 1 else "one of two"


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=120, help="mutants an exercise")
    arguments.add_argument("--seconds", type=float, default=2.0, help="of the processor, for one search")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--show", action="store_true", help="print each mutant that was not placed rightly")
    given = arguments.parse_args()
    for exercise in [given.only] if given.only else ["b1", "b2", "b3", "b4", "b5"]:
        outcomes: Counter[str] = Counter()
        times = []
        for mutant in sample(exercise, given.size, given.seed):
            for name, places, taken in tried(exercise, mutant, given.seconds):
                word = outcome(mutant, places)
                outcomes[word] += 1
                times.append(taken)
                if given.show and word != "right":
                    line = [*mutant.source.splitlines(), *[""] * 9][mutant.first - 1].strip()
                    print(f"  {word}: {name}, {mutant.what}, line {mutant.first}: {line}\n     told: {places}")
        total = sum(outcomes.values())
        right = outcomes["right"] + outcomes["one of two"]
        alone, one_of_two = outcomes["right"], outcomes["one of two"]
        print(
            f"{exercise}: {total} mutants · right line {right / total:.1%} ({alone} alone, {one_of_two} as one of two)"
            f" · wrong line {outcomes['wrong'] / total:.1%} ({outcomes['wrong']}) · nothing {outcomes['nothing']}"
            f" and {outcomes['raised elsewhere']} exceptions raised elsewhere"
            f" · median {np.median(times):.2f} s, 90 % {np.quantile(times, 0.9):.2f} s"
        )


if __name__ == "__main__":
    main()
