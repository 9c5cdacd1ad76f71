"""B3 with answers that nobody catalogued, the course document's own solution, and figures that lack several things."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.catalogue.b3 import REFERENCE, figure_with
from lrtutorial.answers.arrays import pack
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import Bowl, Model, Trajectories, trajectories
from lrtutorial.kinds.variants import on_a_bowl
from tests.part_b.written_by_hand import walks

NAMES = find_step("b3").answers
DRAW = "visualize_optimizers_2d"


def verdict(**answers):
    return verdict_on("b3", *(answers.get(name, REFERENCE[name]) for name in NAMES))


def test_the_course_documents_figure_style_passes() -> None:
    """Markers on every line mark the start; the minimum has a star of its own."""

    def seed():
        def grad(pos):
            return np.array([2 * pos[0], 20 * pos[1]])

        def run(step):
            pos = np.array([5.0, 4.0])
            trajectory = [pos.copy()]
            for t in range(1, 51):
                pos -= step(grad(pos), t)
                trajectory.append(pos.copy())
            return np.array(trajectory)

        vel, s, m, v = (np.zeros(2) for _ in range(4))

        def momentum(g, t):
            vel[:] = 0.9 * vel + g
            return 0.05 * vel

        def rmsprop(g, t):
            s[:] = 0.9 * s + 0.1 * g**2
            return 0.5 * g / (np.sqrt(s) + 1e-8)

        def adam(g, t):
            m[:] = 0.9 * m + 0.1 * g
            v[:] = 0.999 * v + 0.001 * g**2
            return 0.5 * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

        drawn = {
            "SGD (lr=0.05)": run(lambda g, t: 0.05 * g),
            "Momentum (lr=0.05, β=0.9)": run(momentum),
            "RMSprop (lr=0.5)": run(rmsprop),
            "Adam (lr=0.5)": run(adam),
        }
        fig, ax = plt.subplots(figsize=(12, 8))
        x, y = np.meshgrid(np.linspace(-6, 6, 100), np.linspace(-5, 5, 100))
        ax.contour(x, y, x**2 + 10 * y**2, levels=20, cmap="viridis", alpha=0.5)
        for (name, points), color in zip(drawn.items(), ("red", "blue", "green", "orange"), strict=True):
            ax.plot(points[:, 0], points[:, 1], "o-", color=color, label=name, markersize=3)
        ax.scatter([0], [0], marker="*", s=200, c="gold", edgecolor="black", zorder=5)
        ax.set_xlabel("x")
        ax.set_ylabel("y")
        ax.legend()
        ax.set_aspect("equal")
        plt.tight_layout()
        plt.show()

    assert verdict(**{DRAW: seed}).right


def test_no_figure_is_left_open_and_the_students_own_stay() -> None:
    before = plt.figure()
    there = plt.get_fignums()  # another test may have left its own
    try:
        assert verdict().right
        assert plt.get_fignums() == there
    finally:
        plt.close(before)


@pytest.mark.parametrize(
    ("answers", "words", "points"),
    [
        ({DRAW: lambda: plt.figure() and None}, "No figure with the four runs", 15),
        ({DRAW: lambda: len("no figure at all")}, "No figure with the four runs", 15),
        ({DRAW: lambda: [][1]}, "It raised IndexError", 15),
        (figure_with(labels=False, legend=False), "The figure lacks: labels on both axes; four lines", 17),
        ({"run_sgd": lambda start: [start]}, "It raised TypeError", 18),
        ({"run_sgd": lambda start, lr, steps: str(start)}, "no array of numbers", 15),
        ({"run_sgd": lambda start, lr, steps: np.ones((3, 3))}, "wrong shape", 15),
        ({"run_sgd": lambda start, lr, steps: np.tile(start, (steps + 1, 1))}, "The first step is off", 15),
        ({"run_adam": 3}, "A function was expected for run_adam, but int came", 0),
        ({"run_adam": ...}, "run_adam is still ...", 13),
    ],
    ids=range(10),
)
def test_what_nobody_listed_is_told_what_is_wrong(answers, words, points) -> None:
    found = verdict(**answers)
    assert words in found.headline, str(found)
    assert found.points <= points or found.status in ("unfinished", "unreadable")
    assert not found.right


def test_functions_that_stay_at_the_start_earn_nothing() -> None:
    names = [name for name in NAMES if name != DRAW]
    still = {name: lambda start, *rest: np.tile(start * 1.0, (rest[-1] + 1, 1)) for name in names}
    found = verdict(**still, **{DRAW: lambda: plt.subplots() and None})
    assert found.points == 0, str(found)


def test_a_wrong_run_does_not_cost_the_figure_that_shows_it() -> None:
    """Follow-through: the figure is compared with the student's own runs, too."""
    wrong = walks(slope=lambda p: 2 * p)

    def draw():
        start = np.array([5.0, 4.0])
        runs = {
            "SGD": wrong["run_sgd"](start, 0.05, 50),
            "Momentum": wrong["run_momentum"](start, 0.05, 0.9, 50),
            "RMSprop": wrong["run_rmsprop"](start, 0.5, 0.9, 1e-8, 50),
            "Adam": wrong["run_adam"](start, 0.5, 0.9, 0.999, 1e-8, 50),
        }
        _, ax = plt.subplots()
        for name, run in runs.items():
            ax.plot(*run.T, label=name)
        ax.legend()

    lines = {line.id: line.earned for line in verdict(**wrong, **{DRAW: draw}).lines}
    assert lines["lines"] == 2 and lines["adam"] == 0 and lines["axes"] == 0


def test_functions_with_one_mistake_in_common_are_told_once() -> None:
    found = verdict(**walks(slope=lambda p: 2 * p))
    assert found.headline.startswith("run_sgd, run_momentum, run_rmsprop, run_adam: ") and not found.details
    alone = verdict(run_sgd=walks(sign=-1)["run_sgd"])
    assert alone.misconception == "b3-ascends" and alone.headline.startswith("run_sgd: ")


@pytest.fixture(scope="module")
def honest():
    """What honest answers give, as JSON."""
    return json.dumps(trajectories.collect(find_step("b3"), REFERENCE, recorded("b3").probes))


def leaves(data, path=()):
    yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))


JUNK = [None, True, -1, 10**9, 1.5, float("nan"), "", "x" * 1000, [], {}, [[1]], {"trace": 1}, "AAAA"]


@given(place=st.integers(0, 10**6), junk=st.integers(0, len(JUNK)))
def test_evidence_that_was_tampered_with_never_raises(honest, place, junk) -> None:
    evidence = json.loads(honest)
    paths = [path for path in leaves(evidence) if path]
    path = paths[place % len(paths)]
    holder = evidence
    for key in path[:-1]:
        holder = holder[key]
    if junk < len(JUNK):
        holder[path[-1]] = copy.deepcopy(JUNK[junk])
    else:
        del holder[path[-1]]
    found = trajectories.judge(find_step("b3"), evidence, recorded("b3"), {})
    if path[-1] in ("runs", "figures", "maps", "kind"):
        assert not found.right


@pytest.mark.parametrize("evidence", [None, [], {}, 5, {"kind": "trajectories"}, {"kind": "formula", "runs": {}}])
def test_no_evidence_is_worth_nothing(evidence) -> None:
    found = trajectories.judge(find_step("b3"), evidence, recorded("b3"), {})
    assert found.points == 0 and found.status == "failed" and found.headline


def test_of_several_pictures_the_one_that_lacks_least_is_the_one_that_is_told_of() -> None:
    def one_for_each():
        runs = {name: REFERENCE[f"run_{name.lower()}"] for name in ("SGD", "Momentum")}
        for (name, run), settings in zip(runs.items(), [(0.05,), (0.05, 0.9)], strict=True):
            _, ax = plt.subplots()
            ax.plot(*run(np.array([5.0, 4.0]), *settings, 50).T, label=name)
        ax.plot([5, 0], [4, 0], "o", label="start and minimum")
        ax.set(xlabel="x", ylabel="y", aspect="equal")

    said = verdict(**{DRAW: one_for_each})
    assert said.points == 17 and "labels on both axes" not in str(said), str(said)


def test_another_bowl_is_judged_by_its_own_heights_gradient_and_start() -> None:
    bowl = Bowl(factors=(3.0, 0.5), start=(1.0, 2.0), mistaken={"gradient_halved": ("g*0.5",)})
    rows = trajectories.simulate(Model("sgd", "own-", {"lr": "lr"}, {}), bowl, probe_of([1.0, 2.0], 0.25, 1), [()])
    assert rows.tolist() == [[[1.0, 2.0], [1 - 0.25 * 6 * 1, 2 - 0.25 * 1 * 2]]]
    told = on_a_bowl("momentum", bowl.factors, bowl.mistaken)
    assert {"m1": "b1*m + g - row(6, 1)*lr*b1*m"} in told["nesterov"].forms
    assert told["gradient_halved"].forms == ({"g": "g*0.5"},)

    def missing(drawn: Bowl, where: tuple[float, float], begins: tuple[float, float]) -> list[str]:
        def draw() -> None:
            grid = np.meshgrid(np.linspace(-3, 3, 121), np.linspace(-3, 3, 121))
            heights = sum(factor * side**2 for factor, side in zip(drawn.factors, grid, strict=True))
            plt.contour(*grid, heights, levels=[0.5, 1.0, 2.0])
            plt.contourf(*grid, heights, levels=[0.0, 0.5, 1.0, 2.0, 4.0])
            plt.plot([begins[0], 0.5], [begins[1], 0.5], label="SGD")
            plt.plot(*where, "o")
            plt.plot(0, 0, "*")

        kind = Trajectories(says={}, bowl=bowl, figure=dict.fromkeys(("bowl", "start", "minimum"), ""))
        step = replace(find_step("b3"), kind=kind)
        return trajectories.missing_in(step, trajectories.read_drawing(trajectories.draw(draw)), {})

    assert missing(bowl, bowl.start, bowl.start) == []
    ours = Trajectories.of(find_step("b3")).bowl
    assert missing(ours, bowl.start, bowl.start) == ["bowl"]
    assert missing(bowl, ours.start, ours.start) == ["start"]


def probe_of(start: list[float], *arguments: float) -> dict[str, object]:
    """A probe of a run from there."""
    return {"id": "run", "start": pack(np.array(start)), "arguments": list(arguments)}
