"""The quick tests of a range test that edits are put to: what is right passes, and no sweep with a mistake does."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.catalogue.b4 import QUESTIONS
from benchmarks.locating import as_cell
from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.figures.undrawn import undrawn
from lrtutorial.kinds.driven import quiet
from lrtutorial.kinds.lr_finder.placing import holds
from lrtutorial.kinds.lr_finder.small import TESTS
from lrtutorial.kinds.lr_finder.words import FAULTS
from tests.part_b import right_answers

RIGHT = {
    **{name: as_cell(source)["lr_range_test"] for name, source in right_answers.B4.items()},
    "reference": QUESTIONS["b4"].reference,
    **QUESTIONS["b4"].accepted,
}


@pytest.mark.parametrize("name", RIGHT)
def test_every_right_answer_passes(name) -> None:
    with quiet():
        assert [test.__name__ for test in TESTS if not test(RIGHT[name])] == []


def test_every_catalogued_mistake_of_a_sweep_fails() -> None:
    outcomes, seen = recorded("b4").outcomes(), []
    for mistake in QUESTIONS["b4"].misconceptions:
        lines = {FAULTS[fault][0] for found in outcomes[mistake.id].values() for fault in found}
        if lines <= {"suggestion", "figure"}:
            continue

        def passes(test, answer=mistake.answer) -> bool:
            try:
                return test(answer)
            except BaseException:
                return False

        with quiet():
            seen += [] if not all(map(passes, TESTS)) else [mistake.id]
    assert seen == []


def test_an_edit_that_writes_into_its_batches_spoils_no_other() -> None:
    def writes(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
        for x, y in train_loader:
            x += 1
            y += 3
        return [], [], 0.1

    with quiet():
        for test in TESTS:
            try:
                test(writes)
            except BaseException:
                continue
        assert [test.__name__ for test in TESTS if not test(RIGHT["reference"])] == []


def test_what_is_asked_of_pyplot_is_noted_and_nothing_is_drawn() -> None:
    with undrawn() as calls:
        fig, ax = plt.subplots()
        ax.plot(np.array([1, 2]), [3, 4], label="loss")
        (line,) = ax.semilogx([1], [2])
        line.set_color("red")
        plt.xlabel("rate")
    assert not plt.get_fignums() and [name for name, *_ in calls] == [
        "subplots",
        "axes.plot",
        "axes.semilogx",
        "axes.semilogx.set_color",
        "xlabel",
    ]
    assert calls[1][1:] == ([[1, 2], [3, 4]], {"label": "loss"})
    assert callable(plt.plot) and plt.xlabel.__module__ == "matplotlib.pyplot"


def test_an_answer_holds_on_the_public_probes_without_most_figures() -> None:
    from lrtutorial.locating.search import ready

    with ready(find_step("b4")), quiet():
        assert holds(RIGHT["try and finally"], recorded("b4"))
        assert not holds(QUESTIONS["b4"].misconceptions[0].answer, recorded("b4"))
