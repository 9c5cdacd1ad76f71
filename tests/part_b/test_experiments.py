"""Every number and every claim in the prose of B1 to B3, with the reference optimizers in the student's place."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.references import trajectories
from autograder.references.optimizers import SGD, Adam, MomentumSGD
from lrtutorial import datasets
from lrtutorial.experiments import at_work, b1_optimizers, b2_adam, b3_trajectories, twins

RUNS = [getattr(trajectories, f"run_{word}") for word in b3_trajectories.SETTINGS]


def test_b1_at_a_rate_of_012_sgd_explodes_and_momentum_converges() -> None:
    found = b1_optimizers.beyond_the_bound(SGD, MomentumSGD, "diverges")
    assert found.losses["SGD"][-1] > 1e15 and found.losses["MomentumSGD"][-1] < 0.2
    assert found.caption.startswith("You predicted that momentum diverges. It converges")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_b1_momentum_is_far_ahead_of_sgd_and_like_sgd_at_ten_times_the_rate(seed) -> None:
    plain = at_work.train(SGD, seed=seed, lr=0.03)
    heavy = at_work.train(MomentumSGD, seed=seed, lr=0.03, momentum=0.9)
    fast = at_work.train(SGD, seed=seed, lr=0.3)
    assert heavy.losses[-1] < plain.losses[-1] / 5 and heavy.accuracy > 0.95 > 0.7 > plain.accuracy
    assert 0.3 < heavy.losses[-1] / fast.losses[-1] < 3


def test_b2_the_correction_in_numbers() -> None:
    t = np.arange(1, 5000)
    factor = b2_adam.without_correction(t)
    assert round(factor[0], 2) == 3.16 and round(factor.max(), 2) == 6.57 and t[factor.argmax()] == 12
    assert t[factor > 1.1][-1] == 1750
    found = b2_adam.with_and_without_correction(Adam)
    assert found.caption == "Without correction the first step is 3.16 times as long."
    np.testing.assert_allclose(abs(found.corrected[1] - found.corrected[0]), 0.5, rtol=1e-6)


def test_b2_the_undone_correction_is_an_adam_without_one() -> None:
    from tests.part_b.written_by_hand import NoCorrection

    undone = b2_adam.with_and_without_correction(Adam).uncorrected
    np.testing.assert_allclose(undone, at_work.descend(NoCorrection, (5, 4), 50, lr=0.5), atol=1e-5)


def test_b2_what_three_rates_and_plain_sgd_reach() -> None:
    runs = b2_adam.train_spirals(Adam).runs
    assert [round(run.accuracy, 2) for run in runs.values()] == [0.76, 0.99, 1.0]
    assert round(at_work.train(SGD, lr=0.03).accuracy, 2) == 0.64
    assert at_work.NETWORK.parameters == 354


def test_b2_the_first_step_is_shorter_where_the_gradient_is_as_small_as_epsilon() -> None:
    for slope, share in ((1.0, 1.0), (1e-8, 0.5), (1e-9, 0.09)):
        x = np.zeros(1)
        Adam([x], lr=1.0).step([np.array([slope])])
        assert round(-float(x[0]), 2) == share


def test_b2_a_loss_times_1000_changes_nothing_for_adam_and_much_without_scale_invariance() -> None:
    assert "the same path" in b2_adam.loss_times_1000(Adam, "longer").text
    assert b2_adam.loss_times_1000(Adam, "longer").text.startswith("You predicted “longer”. ")

    class NoDivision(Adam):
        def __init__(self, params, lr):
            super().__init__(params, lr=lr * 1e5, eps=1e9)

    assert "another path" in b2_adam.loss_times_1000(NoDivision).text


def test_b2_grids_of_rates_reach_95_percent_at_two_rates_of_sgd_and_over_a_hundredfold_range_of_adam() -> None:
    good = [lr for lr in (0.1, 0.3, 1, 3) if at_work.train(SGD, lr=lr).accuracy >= 0.95]
    assert good == [0.3, 1]
    good = [lr for lr in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1) if at_work.train(Adam, lr=lr).accuracy >= 0.95]
    assert good == [0.003, 0.01, 0.03, 0.1, 0.3]
    assert round(at_work.train(Adam, lr=1).accuracy, 1) == 0.5


@pytest.mark.parametrize(("kappa", "angle", "steps"), [(10, 0, 125), (10, 30, 122), (1000, 0, 124), (1000, 30, 373)])
def test_b2_what_a_turn_costs_adam_with_the_best_rate_for_each_bowl(kappa, angle, steps) -> None:
    from lrtutorial.problems import rotated_quadratic

    problem = rotated_quadratic(kappa, angle)
    needed = []
    for lr in np.geomspace(1e-3, 3, 15):
        losses = problem.value(at_work.descend(Adam, (3.0, 2.5), 1500, problem, lr=lr))
        above = np.flatnonzero(~(losses <= 1e-6 * losses[0]))
        needed.append(int(above[-1]) + 1)
    assert min(needed) == steps


def test_b1_one_gradient_fades_as_beta_to_the_power_of_the_steps() -> None:
    for beta, values in b1_optimizers.memory(MomentumSGD).weights.items():
        np.testing.assert_allclose(values, beta ** np.arange(len(values)), atol=1e-12)


def test_a_class_may_be_compared_with_its_twin_of_torch() -> None:
    class AdamW(Adam):
        def __init__(self, params, lr, beta1, beta2, eps, weight_decay):
            super().__init__(params, lr, beta1, beta2, eps)
            self.weight_decay = weight_decay

        def step(self, grads):
            for param in self.params:
                param *= 1 - self.lr * self.weight_decay
            super().step(grads)

    said = twins.against_torch(SGD, MomentumSGD, Adam, AdamW).text
    assert said.count("does what torch.optim.") == 4
    wrong = type("Adam", (Adam,), {"step": lambda self, grads: super(wrong, self).step([2 * g + 1 for g in grads])})
    assert "Adam parts from torch.optim.Adam at step 1" in twins.against_torch(wrong).text
    open_class = type("SGD", (), {"__init__": lambda self, params, lr: None})
    assert "first, in the cell above" in twins.against_torch(open_class).text
    with pytest.raises(ValueError, match="known by name are SGD, MomentumSGD, Adam, AdamW"):
        twins.against_torch(dict)


def test_b3_the_order_and_sgds_coincidence() -> None:
    found = b3_trajectories.distances(*RUNS, prediction="adam")
    order = sorted(found.distances, key=lambda word: found.distances[word][-1])
    assert order == ["rmsprop", "sgd", "adam", "momentum"]
    assert found.caption.startswith("You predicted Adam. From nearest to farthest after 50 steps: RMSprop")
    assert "after 400: SGD" in found.caption and found.caption.endswith("RMSprop 0.35.")
    run = trajectories.run_sgd(np.array([5.0, 4.0]), 0.05, 50)
    assert (run[1:, 1] == 0).all()
    np.testing.assert_allclose(run[1:, 0] / run[:-1, 0], 0.9)


def test_b3_plain_descent_at_its_best_rate_manages_082_a_step() -> None:
    run = trajectories.run_sgd(np.array([5.0, 4.0]), 1 / 11, 40)
    assert round(float(np.linalg.norm(run[40]) / np.linalg.norm(run[39])), 2) == 0.82


def test_b3_rmsprop_at_a_constant_rate_may_jump_about_the_minimum() -> None:
    run = trajectories.run_rmsprop(np.array([5.0, 4.0]), 0.7, 0.5, 1e-8, 300)
    assert np.abs(run[-50:]).max() > 0.1
    first = trajectories.run_rmsprop(np.array([5.0, 4.0]), 0.5, 0.9, 1e-8, 1)
    np.testing.assert_allclose(first[1] - first[0], first[1, 0] - first[0, 0])


@pytest.mark.parametrize("broken", [..., None, type("Open", (), {"__init__": lambda self, params, lr: None})])
def test_pictures_wait_for_what_is_unfinished(broken) -> None:
    notes = [
        b1_optimizers.beyond_the_bound(broken, MomentumSGD),
        b1_optimizers.train_spirals(SGD, broken),
        b2_adam.with_and_without_correction(broken),
        b2_adam.loss_times_1000(broken),
        b1_optimizers.memory(broken),
        b2_adam.train_spirals(broken),
    ]
    for note in notes:
        assert isinstance(note, at_work.Note) and "first, in the cell above" in note._repr_html_()


def test_pictures_say_what_stopped_them() -> None:
    class Crashes(SGD):
        def step(self, grads):
            self.params[0] -= self.rate * grads[0]

    note = b1_optimizers.beyond_the_bound(Crashes, MomentumSGD)
    assert "AttributeError" in note.text and "Its check says more" in repr(note)
    note = b3_trajectories.distances(*RUNS[:3], lambda *args: np.zeros((len(args), 2)))
    assert "returned shape (6, 2)" in note.text
    assert "ZeroDivisionError" in b3_trajectories.draw(lambda: 1 / len("")).text


def test_every_picture_draws_and_has_its_words() -> None:
    for result in (
        b1_optimizers.beyond_the_bound(SGD, MomentumSGD),
        b1_optimizers.memory(MomentumSGD),
        b1_optimizers.train_spirals(SGD, MomentumSGD),
        b2_adam.with_and_without_correction(Adam),
        b2_adam.train_spirals(Adam),
        b3_trajectories.distances(*RUNS),
    ):
        assert len(result.alt_text) > 60 and any(mark.isdigit() for mark in result.alt_text)
        assert 'alt="' in result._repr_html_()


def test_a_twin_is_told_apart_when_the_rate_sits_inside_the_velocity_and_nothing_is_no_agreement() -> None:
    from lrtutorial.experiments.twins import against_torch

    class MomentumSGD:
        def __init__(self, params, lr, momentum=0.9):
            self.params, self.lr, self.momentum = params, lr, momentum
            self.velocity = [np.zeros_like(p) for p in params]

        def step(self, grads):
            for p, v, g in zip(self.params, self.velocity, grads, strict=True):
                v[...] = self.momentum * v + self.lr * g
                p -= v

    assert "parts from torch.optim.SGD at step 30" in repr(against_torch(MomentumSGD))
    assert "Name a class" in repr(against_torch())


def test_where_digits_are_placed_is_what_the_generator_gives_one_by_one() -> None:
    """For each picture in turn; an odd half of 64 bits may be left of what was drawn before."""
    left = set()
    for seed in range(40):
        for examples in (10, 57):
            ours, theirs = np.random.default_rng(seed), np.random.default_rng(seed)
            for rng in (ours, theirs):
                rng.permutation(np.arange(examples) % 10)
            left.add(ours.bit_generator.state["has_uint32"])
            top, side, weight = datasets._placed(ours, examples)
            for got in zip(top, side, weight, strict=True):
                assert got == (theirs.integers(0, 2), theirs.integers(0, 4), theirs.uniform(0.7, 1.2))
            assert np.array_equal(ours.standard_normal(3), theirs.standard_normal(3))
    assert left == {0, 1}
