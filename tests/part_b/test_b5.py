"""B5: the reference against torch's stepped scheduler and a closed form; every style passes, every slip is named."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import catalogue
from autograder.catalogue import b5
from autograder.references.schedules import CosineAnnealingWarmRestarts, half_cosine, position_in_period
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import schedule

STEP = find_step("b5")
QUESTION = catalogue.questions()["b5"]
SETS = {"public": recorded("b5")} | {
    seed: catalogue.expectations("b5", catalogue.generator("test", "b5", seed)) for seed in ("one", "two", "three")
}
whole = st.integers(1, 12)
multipliers = st.integers(1, 5)


def judged(answer, expected=SETS["public"]):
    evidence = schedule.collect(STEP, {"CosineAnnealingWarmRestarts": answer}, expected.probes)
    return schedule.judge(STEP, evidence, expected, {})


# ------------------------------------------------------------------------------------------- the reference


@given(T_0=whole, T_mult=multipliers, lr_max=st.floats(0.01, 10), share=st.floats(0, 0.9))
def test_reference_agrees_with_torchs_scheduler_stepped_one_by_one(T_0, T_mult, lr_max, share) -> None:
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr_max)
    oracle = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0, T_mult, eta_min=share * lr_max)
    ours = CosineAnnealingWarmRestarts(lr_max, share * lr_max, T_0, T_mult)
    for epoch in range(150):
        assert ours.get_lr(epoch) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12, abs=1e-14)
        optimizer.step()
        oracle.step()


@given(T_0=whole, T_mult=multipliers, epoch=st.fractions(0, 10_000))
def test_the_period_found_is_the_closed_forms(T_0, T_mult, epoch) -> None:
    """In exact rationals: period n begins at T_0(T_multⁿ − 1)/(T_mult − 1), and holds the epoch."""
    T_cur, T_i = position_in_period(epoch, T_0, T_mult)
    begin = Fraction(epoch) - T_cur
    if T_mult == 1:
        assert T_i == T_0 and begin % T_0 == 0
    else:
        n = next(n for n in range(20) if T_0 * T_mult**n == T_i)
        assert begin == Fraction(T_0 * (T_mult**n - 1), T_mult - 1)
    assert 0 <= T_cur < T_i


def test_restarts_fall_where_the_paper_says() -> None:
    assert b5.restarts(10, 2, 200) == [10, 30, 70, 150]
    assert b5.restarts(1, 2, 10) == [1, 3, 7]
    ours = CosineAnnealingWarmRestarts(0.1, 0.001, 1, 3)
    assert ours.get_lr(121) == 0.1  # torch's own step(121) gives lr_min here
    assert all(ours.get_lr(epoch) == 0.1 for epoch in b5.restarts(1, 3))


def test_half_cosine_at_its_landmarks() -> None:
    assert half_cosine(0.3, 0.1, 0) == pytest.approx(0.3)
    assert half_cosine(0.3, 0.1, 0.5) == pytest.approx(0.2)
    assert half_cosine(0.3, 0.1, 1) == pytest.approx(0.1)
    assert half_cosine(0.3, 0.1, 1 / 3) == pytest.approx(0.25)


# ------------------------------------------------------------------------------------------- right answers


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("style", ["reference", *QUESTION.accepted])
def test_every_right_style_has_full_marks(style, name) -> None:
    answer = QUESTION.reference if style == "reference" else QUESTION.accepted[style]
    verdict = judged(answer, SETS[name])
    assert verdict.right and verdict.points == verdict.possible == 20, str(verdict)


def test_the_solutions_own_text_in_many_styles() -> None:
    class Typed:
        def __init__(self, lr_max: float, lr_min: float = 0, T_0: int = 10, T_mult: int = 2) -> None:
            print("made")
            self.high, self.low, self.first, self.times = lr_max, lr_min, T_0, T_mult

        def _begin_and_length(self, epoch):
            begin, length = 0, self.first
            while begin + length <= epoch:
                begin, length = begin + length, length * self.times
            return begin, length

        def get_lr(self, epoch):
            begin, length = self._begin_and_length(epoch)
            share = np.cos((epoch - begin) * np.pi / length) / 2 + 0.5
            return np.array(share * self.high + (1 - share) * self.low)

        def plot_schedule(self, total_epochs=100):
            rates = list(map(self.get_lr, range(total_epochs)))
            figure = plt.figure()
            axes = figure.add_subplot()
            axes.plot(rates)
            axes.set_xlabel("t")
            axes.set_ylabel("lr")
            figure.show()
            return rates

    assert judged(Typed).right


# ------------------------------------------------------------------------------------------- misconceptions


@pytest.mark.parametrize(
    "name", ["public", *(pytest.param(name, marks=pytest.mark.whole) for name in SETS if name != "public")]
)
@pytest.mark.parametrize("mistake", QUESTION.misconceptions, ids=lambda m: m.id)
def test_every_misconception_is_caught_and_named(mistake, name) -> None:
    verdict = judged(mistake.answer, SETS[name])
    assert verdict.misconception == mistake.id
    assert verdict.status in ("wrong", "partly") and verdict.points < verdict.possible
    assert verdict.picture is None or name == "public"
    assert mistake.title in verdict.headline and verdict.hint == mistake.hints[0]
    assert bool(verdict.counterexample) == (name == "public" and "plot" not in mistake.id)


def test_there_are_enough_and_no_two_are_alike() -> None:
    assert len(QUESTION.misconceptions) >= 20
    assert all(2 <= len(m.hints) <= 3 for m in QUESTION.misconceptions)
    for expected in SETS.values():
        outcomes = expected.outcomes()
        for a, b in itertools.combinations(outcomes, 2):
            assert outcomes[a] != outcomes[b], (a, b)


@pytest.mark.parametrize("mistake", QUESTION.misconceptions, ids=lambda m: m.id)
def test_check_names_it_in_the_notebook(mistake) -> None:
    assert verdict_on("b5", mistake.answer).misconception == mistake.id


def test_a_mistake_that_is_not_catalogued_gets_its_first_wrong_rate_and_the_property() -> None:
    class Odd(CosineAnnealingWarmRestarts):
        def get_lr(self, epoch):
            return super().get_lr(epoch) * (1.1 if epoch >= 30 else 1)

    verdict = judged(Odd)
    assert verdict.misconception is None and verdict.status == "partly"
    assert "Every epoch through three periods" in verdict.counterexample
    assert verdict.picture.startswith("<svg")


def test_a_slip_in_get_lr_is_not_counted_again_in_the_plot() -> None:
    verdict = judged(next(m.answer for m in QUESTION.misconceptions if m.id == "b5-sine"))
    assert {line.id for line in verdict.lines if not line.earned} == {"cosine"}


# ------------------------------------------------------------------------------------------- hazards


class Bare:
    """The skeleton as it is handed out."""

    def __init__(self, lr_max, lr_min=0, T_0=10, T_mult=2): ...
    def get_lr(self, epoch): ...
    def plot_schedule(self, total_epochs=100): ...


class Raises(CosineAnnealingWarmRestarts):
    def get_lr(self, epoch):
        raise ValueError("no idea")


class Odd(CosineAnnealingWarmRestarts):
    def get_lr(self, epoch):
        return [0.1, 0.2]


class Complex(CosineAnnealingWarmRestarts):
    def get_lr(self, epoch):
        return 1j


class NoGetLr:
    pass


@pytest.mark.parametrize(
    ("answer", "status"),
    [(..., "unfinished"), (None, "unfinished"), (Bare, "unfinished"), (NoGetLr, "unreadable"), (3, "unreadable"),
     (CosineAnnealingWarmRestarts(0.1), "unreadable"), (Raises, "wrong"), (Odd, "wrong"), (Complex, "wrong")],
)  # fmt: skip
def test_what_is_no_answer_earns_nothing_and_is_told_so(answer, status) -> None:
    verdict = judged(answer)
    assert verdict.status == status and verdict.points == 0
    assert verdict.headline


def test_a_plot_still_to_be_written_costs_its_own_points_only() -> None:
    class Half(CosineAnnealingWarmRestarts):
        def plot_schedule(self, total_epochs=100): ...

    verdict = judged(Half)
    assert verdict.points == 17 and "unfinished" in verdict.headline


def test_no_figure_is_left_open_and_none_is_touched() -> None:
    mine = plt.figure()
    mine.gca().plot([1, 2])
    judged(QUESTION.accepted["pyplot"])
    assert plt.get_fignums() == [mine.number] and len(mine.gca().lines) == 1
    plt.close(mine)


HOSTILE = [
    None, 3, "x", [], {}, {"kind": "schedule"}, {"kind": "schedule", "problems": {}, "runs": {}},
    {"kind": "schedule", "problems": {}, "runs": []}, {"kind": "schedule", "problems": [], "runs": {}},
    {"kind": "schedule", "problems": {"CosineAnnealingWarmRestarts": {"right": "20 points"}}, "runs": {}},
    {"kind": "schedule", "problems": 7, "runs": {}}, {"kind": "schedule", "problem": None, "runs": {}},
]  # fmt: skip


@pytest.mark.parametrize("evidence", HOSTILE)
def test_hostile_evidence_earns_nothing(evidence) -> None:
    verdict = schedule.judge(STEP, evidence, SETS["public"], {})
    assert verdict.points == 0 and not verdict.right


@given(
    key=st.sampled_from(["rates", "error", "nothing", "returned", "figure"]),
    value=st.sampled_from([None, 1, "x", [], {}, {"axes": [1]}, {"axes": 9 * [{}]}, {"message": 3}, float("nan")]),
)
def test_damaged_evidence_never_gains(key, value) -> None:
    evidence = schedule.collect(STEP, {"C": QUESTION.reference}, SETS["public"].probes)
    evidence["runs"]["plot"][key] = value
    verdict = schedule.judge(STEP, evidence, SETS["public"], {})
    assert verdict.points <= 20 and (verdict.points < 20 or (key, value) == ("error", None))


def test_rates_that_are_not_numbers_do_not_count() -> None:
    class Nan(CosineAnnealingWarmRestarts):
        def get_lr(self, epoch):
            return math.nan

    assert judged(Nan).points == 0


def test_evidence_is_plain_data_of_modest_size() -> None:
    evidence = schedule.collect(STEP, {"C": QUESTION.reference}, SETS["public"].probes)
    text = json.dumps(evidence, allow_nan=False)
    assert len(text) < 100_000
    assert schedule.judge(STEP, json.loads(text), SETS["public"], {}).right


def test_torch_is_not_needed() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from autograder.references.schedules import CosineAnnealingWarmRestarts as C;"
        "from lrtutorial import check; v = check('b5', C); assert v.right, v; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=b5.__file__.rsplit("/autograder", 1)[0])
