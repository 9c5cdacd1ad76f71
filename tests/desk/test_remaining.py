"""The time that is left: right within a fifth after the first minute, on a clock of ours."""

from __future__ import annotations

import heapq
import random
import re

import pytest

from autograder.desk.remaining import FIRST, Remaining
from autograder.grading.phases import bound, ratio


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def runs(seed: int, notebooks: int, seconds: list[float], workers: int, warm: float):
    """Yield (moment, how many are left) of a class graded by some workers, each notebook's time drawn by exercise."""
    chance = random.Random(seed)
    free = [warm + chance.random() for _ in range(workers)]
    heapq.heapify(free)
    ends = []
    for number in range(notebooks):
        searched = 1.0 if chance.random() < 0.05 else 0.0  # for the line to look at in a wrong answer
        end = heapq.heappop(free) + seconds[number % len(seconds)] * chance.lognormvariate(0, 0.3) + searched
        heapq.heappush(free, end)
        ends.append(end)
    for number, end in enumerate(sorted(ends)):
        yield end, notebooks - 1 - number, max(ends)


def in_seconds(said: str) -> float:
    number, unit = re.fullmatch(r"about ([\d.]+) (seconds|minutes) left", said).groups()
    return float(number) * (60 if unit == "minutes" else 1)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("notebooks", "workers"), [(3000, 3), (1000, 3), (5000, 8), (600, 2)])
def test_it_is_right_within_a_fifth_after_the_first_minute(seed: int, notebooks: int, workers: int) -> None:
    clock = Clock()
    left = Remaining(clock)
    begun, checked = clock.now, 0
    for moment, more, end in runs(seed, notebooks, [0.4, 0.3, 0.4, 0.8, 0.35], workers, warm=6.0):
        clock.now = begun + moment
        left.done()
        if more % 7:
            continue
        said = left.said(more)
        assert bool(said) == (moment >= FIRST) or not more
        if said and end - moment > 45:
            assert in_seconds(said) == pytest.approx(end - moment, rel=0.2), (moment, more)
            checked += 1
    assert checked > 20


def test_a_machine_that_slows_down_is_noticed() -> None:
    clock = Clock()
    left = Remaining(clock)
    for number in range(1800):
        clock.now += 0.1 if number < 900 else 0.3
        left.done()
    assert left.seconds(100) == pytest.approx(30, rel=0.2)


def test_nothing_is_said_as_long_as_nothing_is_known() -> None:
    clock = Clock()
    left = Remaining(clock)
    clock.now += 100
    assert left.said(10) == ""
    left.done()
    assert left.said(10) == ""


@pytest.mark.parametrize("seconds", [12, 33, 61, 92, 104, 106, 130, 200, 284, 286, 330, 1000, 7000])
def test_rounding_takes_no_more_than_a_part_of_the_fifth(seconds: int) -> None:
    clock = Clock()
    left = Remaining(clock)
    for _ in range(200):
        clock.now += 1
        left.done()
    assert in_seconds(left.said(seconds)) == pytest.approx(seconds, rel=0.2 if seconds < 20 else 0.125)


def test_the_ratio_to_the_bound_is_all_time_over_cells_and_evidence() -> None:
    total = {"cells": 1.0, "evidence": 3.0, "kernel start": 2.0, "writing": 0.4}
    assert ratio(total) == pytest.approx(1.6)
    assert bound(total, 100) == (
        "The bound, own cells and evidence alone: 40 ms a notebook. All of it takes 1.6 times that."
    )
    assert ratio({"intake": 1.0}) is None and bound({}, 0) == "No cell was run."
