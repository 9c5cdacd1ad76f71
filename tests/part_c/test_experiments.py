"""Every effect that the prose of Part C claims, at the experiments' real size, over several seeds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lrtutorial.experiments import c1_why_rate_matters as c1
from lrtutorial.experiments import c2_momentum_intuition as c2
from lrtutorial.experiments import c3_why_adam_works as c3
from lrtutorial.experiments import c4_rate_effects as c4
from lrtutorial.experiments import c5_information_view as c5
from lrtutorial.experiments import c6_sgd_vs_adam as c6
from lrtutorial.experiments import held_out as flat
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network, sharpness
from tests.part_c.measured import SEEDS, run

each_seed = pytest.mark.parametrize("seed", SEEDS)
pytestmark = pytest.mark.whole  # many seconds: networks are trained


# ------------------------------------------------------------------------------------------------ C1


@each_seed
def test_c1_the_best_of_seven_rates_sits_next_to_the_cliff(seed: int) -> None:
    result = run(c1.seven_rates, seed)
    assert result.diverging == 2 and np.isinf(result.typical[5:]).all()
    assert result.best == 4
    assert result.typical[0] > 5 * result.typical[4]
    assert (np.diff(result.typical[:5]) < 0).all()
    gone = np.isinf(result.losses).argmax(axis=0)  # (starts, rates): "about five and three steps", "within seven"
    assert result.diverged_at[5:].tolist() == [5, 3] and gone[:, 5:].max() <= 7


def test_c1_from_most_starts_the_best_rate_is_beyond_its_stability_and_trains_all_the_same() -> None:
    for seed in SEEDS:
        assert np.isfinite(run(c1.seven_rates, seed).final[:, 4]).all()
    rng = np.random.default_rng(2024)
    start = c1.NETWORK.initial(rng, 200)
    curvature, _ = sharpness(c1.NETWORK, start, c1.INPUTS, c1.TARGETS, rng.normal(size=start.shape), 60)
    beyond = curvature * c1.RATES[4] / 2 > 1
    _, losses = train(c1._gradient_of(c1.NETWORK), start, c1.RATES[4], 400)  # who is lost is lost by then
    trains = np.isfinite(losses[-1])
    # at the edge a run depends on the last digit of a sum: "all but about 4 in 100"
    assert beyond.sum() == 150 and 2 <= 100 * np.mean(~trains[beyond]) <= 6 and trains[~beyond].all()


def test_c1_a_wider_network_starts_sharper_and_diverges_at_the_usual_rate() -> None:
    curvatures, lost = [], []
    for width in (12, 24, 48, 96):
        network, rng = Network((1, width, width, 1)), np.random.default_rng(100)
        start = network.initial(rng, 24)
        curvature, _ = sharpness(network, start, c1.INPUTS, c1.TARGETS, rng.normal(size=start.shape), 40)
        curvatures.append(np.median(curvature))
        _, losses = train(c1._gradient_of(network), start, 0.2, 400)
        lost.append(int(np.isinf(losses[-1]).sum()))
    np.testing.assert_allclose(curvatures, [5.3, 10.2, 21.0, 40.0], rtol=0.05)
    assert lost == [0, 0, 15, 24]


@each_seed
def test_c1_too_low_a_rate_is_slow_and_not_stuck(seed: int) -> None:
    result = run(c1.seven_rates, seed)
    halfway, end = np.median(result.losses[[c1.STEPS // 2, -1], :, 0], axis=1)
    assert end < 0.95 * halfway  # still going down
    # rate times steps is the clock: 3000 steps at 0.001 are 3000 / 4.64 at the second rate
    assert result.catch_up == pytest.approx(c1.STEPS * c1.RATES[0] / c1.RATES[1], rel=0.03)


@each_seed
def test_c1_other_knobs_matter_too(seed: int) -> None:
    final = run(c1.knobs, seed).final
    rate, width, scale = final["learning rate"], final["width"], final["scale of the first weights"]
    assert np.isinf(rate[-1]) and rate[0] > 1.8 * rate[2]
    assert np.isfinite(width[:4]).all() and width[0] > 1.8 * width[2]
    assert np.isfinite(scale[:4]).all() and scale[0] > 1.5 * scale[2] and scale[-1] > 1.5 * scale[2]


# ------------------------------------------------------------------------------------------------ C2


@each_seed
def test_c2_a_tuned_heavy_ball_needs_about_seven_times_fewer_steps(seed: int) -> None:
    assert 6.5 < run(c2.tuned_ravine, seed).speed_up < 8.0


@each_seed
def test_c2_momentum_swings_less_at_the_same_rate_and_more_at_its_own_best(seed: int) -> None:
    plain, tuned = run(c2.tuned_ravine, seed).swing
    same_plain, same = run(c2.ravine, seed).swing
    assert plain == same_plain
    assert tuned / plain == pytest.approx(76 / 53, rel=0.02) and same / plain == pytest.approx(18 / 53, rel=0.02)
    assert (run(c2.ravine, seed).plain_steps, run(c2.ravine, seed).heavy_steps) == (346, 125)


@each_seed
def test_c2_at_the_same_rate_momentum_helps_until_it_is_too_much(seed: int) -> None:
    steps = {beta: c2.ravine(beta, seed=seed).heavy_steps for beta in (0.0, 0.9, 0.99)}
    assert steps[0.9] < steps[0.0] / 2 < steps[0.0] * 2 < steps[0.99]


@each_seed
def test_c2_the_average_leaves_one_nineteenth_of_the_variance(seed: int) -> None:
    result = run(c2.filter_noise, seed)
    np.testing.assert_allclose(result.ratio, result.predicted(c2.MOMENTA), rtol=0.08)
    assert 1 / result.measured == pytest.approx(19, rel=0.08)


@each_seed
def test_c2_momentum_does_not_lower_the_noise_in_the_parameter(seed: int) -> None:
    result = run(c2.jitter, seed)
    np.testing.assert_allclose(result.variance, result.predicted, rtol=0.06)
    plain, heavy, matched = result.variance
    assert 8.5 < heavy / plain < 11.5 and 0.85 < heavy / matched < 1.05


@each_seed
def test_c2_inertia_passes_a_shallow_pit_and_a_larger_rate_does_not(seed: int) -> None:
    result = run(c2.pit, seed)
    escaped = dict(zip(c2.DEPTHS, result.escaped.T, strict=True))
    for depth in (0.25, 0.35, 0.45):
        assert escaped[depth][0] == 0 and escaped[depth][1] == 0 and escaped[depth][2] == 1
    near = np.linspace(2, 4, 2001)
    assert [c2.landscape(near, depth).min() < 0 for depth in (0.43, 0.44)] == [False, True]  # the deeper place from …
    # the pit of depth 0.6 is the better minimum, and momentum rolls past it all the same
    floor = c2.landscape(np.linspace(2, 4, 2001), 0.6).min()
    assert floor < c2.landscape(np.linspace(-1, 1, 2001), 0.6).min() - 0.1
    assert escaped[0.6][2] > 0.95 and escaped[1.0][2] < 0.8


# ------------------------------------------------------------------------------------------------ C3


@each_seed
def test_c3_along_the_axes_adam_does_not_feel_the_condition_number(seed: int) -> None:
    adam, sgd = (run(c3.conditioning, seed).typical(method, False) for method in ("Adam", "SGD"))
    assert np.ptp(adam) <= 0.03 * adam[0]
    assert sgd[3] > 7 * sgd[2] > 7 * 5 * sgd[1]
    momentum = run(c3.conditioning, seed).typical("SGD with momentum 0.9", False)
    assert np.ptp(momentum[:4]) < 0.3 * momentum[0] and momentum[4] > 4 * momentum[3] > 4 * adam[4]
    assert np.isinf(sgd[4])
    assert sgd[3] > 10 * adam[3]


@each_seed
def test_c3_rotation_leaves_sgd_alone_and_takes_adams_advantage(seed: int) -> None:
    result = run(c3.conditioning, seed)
    for method in ("SGD", "SGD with momentum 0.9"):
        np.testing.assert_allclose(result.typical(method, True), result.typical(method, False), atol=1)
    assert result.typical("Adam", True)[3] > 7 * result.typical("Adam", False)[3]
    assert result.typical("SGD", True)[3] > 1.4 * result.typical("Adam", True)[3]
    sgd, momentum, adam = (result.typical(name, True)[3:] for name in ("SGD", "SGD with momentum 0.9", "Adam"))
    assert (momentum < adam).all() and (adam < sgd).all()  # at κ = 1000 and beyond


def test_c3_a_bowl_turned_by_45_degrees_makes_adam_slower_than_sgd() -> None:
    views = [c3.turned(angle) for angle in (0, 5, 10, 20, 45)]
    assert all(len({view.steps[method] for view in views}) == 1 for method in ("SGD", "SGD with momentum 0.9"))
    adam = [view.steps["Adam"] for view in views]
    assert adam == sorted(adam) and adam[0] == 75 and adam[-1] > 10 * adam[0]
    assert adam[0] < views[0].steps["SGD with momentum 0.9"] < adam[1] < adam[-1] < views[0].steps["SGD"]


def test_c3_passing_through_the_goal_is_no_arrival() -> None:
    # momentum near its edge of stability crosses the minimum early and swings out again
    bowl, start = np.diag([1.0, 100.0])[None], np.array([[1.0, 0.0]])
    rule = {"momentum": 0.9}
    steps = c3._arrival(bowl, start, np.array([0.037]), rule, 1000, None)[0]
    seen: list[np.ndarray] = []

    def observe(step: int, x: np.ndarray) -> None:
        seen.append(np.abs(x[0, 0]))

    train(
        lambda x, step: (x[:, 0] ** 2, x * [1.0, 100.0]),
        start,
        0.037,
        1000,
        observe=observe,
        **rule,
    )
    away = np.array(seen)
    assert (away[int(steps) :] <= 0.01).all() and away[int(steps) - 1] > 0.01 and (away[: int(steps)] <= 0.01).any()


@each_seed
def test_c3_one_rate_serves_adam_whatever_the_layers_scale(seed: int) -> None:
    result = run(c3.layers, seed)
    assert result.usable("Adam").sum() >= 5 and not result.usable("SGD").any()
    for method in ("SGD", "Adam"):  # mis-scaling is not free for either
        assert result.typical(method)[2].min() > result.typical(method)[0].min()
    best = result.best_rate("SGD")
    assert best[0] / best[2] >= 40
    spread = result.gradients[:, 2] / result.gradients[:, 0]
    assert spread[2] / spread[0] == pytest.approx(900, rel=1e-6)


# ------------------------------------------------------------------------------------------------ C4


@each_seed
def test_c4_sharpness_settles_at_two_over_eta(seed: int) -> None:
    result = run(c4.edge_of_stability, seed)
    np.testing.assert_allclose(np.median(result.settled, axis=0), 1.0, atol=0.05)
    assert result.initial < 0.8 * 2 / result.rates[1]  # it had to rise to get there
    assert result.losses[-1].max() < 0.2 * result.losses[0].min()
    assert result.rises.max() > 0.1  # and the loss is not monotone


@each_seed
def test_c4_one_function_has_many_sharpnesses(seed: int) -> None:
    result = run(c4.same_function, seed)
    assert result.gap.max() < 1e-12
    assert result.sharpness.max() > 8 * result.sharpness[2]


@pytest.mark.parametrize("seed", [0, 1, 2])  # told in the notebook are three draws
def test_c4_equally_well_trained_the_largest_rate_is_flatter_and_generalizes_no_better(seed: int) -> None:
    result = run(flat.held_out, seed)
    told = {
        0: ((7, 20, 0.035, 0.017), (18, 34, 0.007, 0.007)),
        1: ((17, 24, 0.051, 0.015), (20, 34, 0.025, 0.014)),
        2: ((15, 30, 0.049, 0.016), (13, 34, 0.005, 0.003)),
    }
    for network, (flatter, of, mean, error) in zip(flat.NETWORKS, told[seed], strict=True):
        ratio, _ = result.pairs(network)
        there, others = result.gaps(network)
        assert (len(there), len(ratio)) == (flatter, of)
        assert (there.mean(), there.std(ddof=1) / np.sqrt(len(there))) == pytest.approx((mean, error), abs=0.0006)
        assert 0.35 < np.median(ratio[ratio < flat.FLATTER]) < 0.65  # "about half as sharp"
        assert np.median(ratio[ratio >= flat.FLATTER]) == pytest.approx(1, abs=0.01)  # the same road
        assert there.mean() > 0 and abs(others.mean()) < 0.002


@each_seed
def test_c4_warmup_saves_a_network_that_diverges_without_noise(seed: int) -> None:
    result = run(c4.warmup, seed)
    assert result.survived["no warmup"] <= 0.25 and result.survived["warmup"] == 1.0
    assert np.isinf(result.losses["no warmup"]).argmax(axis=0).max() <= 12  # "within about ten steps"
    assert result.losses["warmup"][-1].max() < 0.05 * result.losses["warmup"][0].min()
    end = np.median(result.sharpness[-20:], axis=0) * result.rates / 2
    assert abs(np.median(end) - 1.0) < 0.1
    assert (end * 2 / result.rates < 0.4 * result.initial).all()


@each_seed
def test_c4_the_noise_floor_is_proportional_to_the_rate_and_decay_goes_below(seed: int) -> None:
    result = run(c4.noise_floor, seed)
    np.testing.assert_allclose(result.settled[:-1], result.predicted, rtol=0.08)
    assert 0.97 < result.exponent < 1.1
    assert result.settled[-1] < 0.3 * result.settled[0]


# ------------------------------------------------------------------------------------------------ C5


@each_seed
def test_c5_early_on_the_larger_rate_has_the_finer_picture(seed: int) -> None:
    result = run(c5.resolution, seed)
    early = result.typical(result.train, c5.EARLY)
    assert (np.diff(early[:4]) < 0).all() and early[0] > 1.5 * early[3]
    assert early[3] < 0.8 * result.noise < early[0]  # 0.2 has begun on the noise, 0.01 has not


@each_seed
def test_c5_in_the_end_the_largest_rate_leaves_more_noise_unfitted(seed: int) -> None:
    result = run(c5.resolution, seed)
    end = result.typical(result.train, c5.STEPS)
    assert end[4] > 1.3 * end[1]
    assert end[1] < 0.5 * result.noise


@each_seed
def test_c5_on_the_deeper_network_it_is_the_other_way_round(seed: int) -> None:
    result = run(c5.other_network, seed)
    end = result.typical(result.train, 10000)
    assert end[4] < 0.5 * end[1] and end[4] < 0.2 * result.noise


@each_seed
def test_c5_the_best_held_out_error_is_the_same_at_every_rate_only_its_time_differs(seed: int) -> None:
    result = run(c5.resolution, seed)
    moments = result.held_out.min(axis=0)
    ratios = np.median(moments / moments[:, :1], axis=0)  # each data set against itself
    assert ratios.max() < 1.1 * ratios.min()
    best = np.median(moments, axis=0)
    # at the end every rate has left it, the slowest least
    assert (best < 0.95 * result.typical(result.held_out, c5.STEPS)).all()
    assert (best[1:] < 0.8 * result.typical(result.held_out, c5.STEPS)[1:]).all()
    when = np.median(result.held_out.argmin(axis=0), axis=0)
    assert when[0] > 4 * when[3]


@each_seed
def test_c5_the_largest_rate_needs_fewer_bits_at_a_fine_tolerance(seed: int) -> None:
    result = run(c5.resolution, seed)
    bits = result.bits.mean(axis=0)
    assert not np.isnan(result.bits).any()
    assert 0.7 < bits[1] - bits[4] < 2.0
    for few in (4, 5):  # coarser than that, rounding hurts the largest rate more
        assert np.median(result.error_at(few)[:, 4]) > 1.2 * np.median(result.error_at(few)[:, 1])


@each_seed
def test_c5_counted_whole_no_network_is_a_short_description(seed: int) -> None:
    result = run(c5.resolution, seed)
    assert result.network.parameters == 121
    for bits in (6, 8, 10):
        whole = np.median(result.description(bits), axis=0)
        assert np.ptp(whole) < 20 and whole.min() > 5 * result.raw  # rates are alike, the data much shorter
    assert 120 < result.raw < 150
    # the code's length by hand: the entropy of a Gaussian less the bits of its grid
    error = result.error_at(8)[0, 0]
    by_hand = 121 * 8 + 16 * (0.5 * np.log2(2 * np.pi * np.e * error) - np.log2(c5.GRAIN))
    assert result.description(8)[0, 0] == pytest.approx(by_hand)


@each_seed
def test_c5_the_three_largest_rates_end_at_their_limit_of_stability(seed: int) -> None:
    ratio = c5.stability(run(c5.resolution, seed)).ratio
    np.testing.assert_allclose(ratio[2:], 1.0, atol=0.03)
    assert (ratio[:2] < 0.8).all()


def test_c5_rounding_keeps_its_promise() -> None:
    result = run(c5.resolution, 0)
    for bits in (4, 8, 12):
        coarse = result.coarsened(bits)
        assert len(np.unique(coarse)) <= 2**bits
        assert np.abs(coarse - result.weights).max() <= c5.RANGE / 2**bits + 1e-12


# ------------------------------------------------------------------------------------------------ C6


@each_seed
def test_c6_who_wins_depends_on_the_search(seed: int) -> None:
    result = run(c6.search, seed)
    assert result.winner("narrow, low rates") == "Adam" and result.gap("narrow, low rates").mean() < -0.1
    assert result.winner("narrow, high rates") == "SGD" and result.gap("narrow, high rates").mean() > 0.04
    low, high = (int(result.test[method].mean(axis=0).argmin()) for method in ("Adam", "SGD"))
    assert high - low >= 2  # the two bowls lie a decade or more apart
    assert result.winner("all eleven") == "neither" and abs(result.gap("all eleven").mean()) < 0.015
    assert 0.005 < result.gap("all eleven").std(ddof=1) < 0.03  # what chance does to one task
    error = result.gap_error("all eleven")
    assert abs(result.gap("all eleven").mean()) < 2 * error < 0.25 * 2 * result.chosen("SGD", "all eleven").std(ddof=1)
    for narrow in ("narrow, low rates", "narrow, high rates"):
        assert abs(result.gap(narrow).mean()) > 4 * result.gap_error(narrow)


@each_seed
def test_c6_the_two_choices_are_about_equally_sharp_and_adams_rates_differ(seed: int) -> None:
    result = run(c6.search, seed)
    ratio = np.median(result.sharpness["Adam"]) / np.median(result.sharpness["SGD"])
    assert 0.6 < ratio < 1.6
    assert result.effective_spread > 2


@each_seed
def test_c6_on_the_separable_problem_adam_fails_until_epsilon_is_tuned_too(seed: int) -> None:
    result = run(c6.separable, seed)
    sgd, adam = result.tuned_rate_only
    assert (sgd == 0).all() and (adam > 0.25).all()
    assert (np.abs(result.adam[:, 0].mean(axis=0) - 0.4) < 0.1).all()  # about 40% at every rate
    assert (result.tuned_with_epsilon == 0).all()
    assert result.train_sgd.max() < 0.05 and result.train_adam[:, 0].max() < 0.05


# ------------------------------------------------------------------------------------------------ all

PICTURES = [
    c1.seven_rates,
    c1.knobs,
    c2.ravine,
    c2.tuned_ravine,
    c2.filter_noise,
    c2.jitter,
    c2.pit,
    c3.conditioning,
    c3.layers,
    c4.edge_of_stability,
    c4.same_function,
    flat.held_out,
    c4.warmup,
    c4.noise_floor,
    c5.resolution,
    c5.other_network,
    c6.search,
    c6.separable,
]


def by_name(experiment) -> str:
    """Its exercise in front, which keeps it on the worker that has its runs."""
    return f"{experiment.waits_for}-{experiment.__name__}"


@pytest.mark.parametrize("experiment", PICTURES, ids=by_name)
def test_every_picture_has_labelled_axes_and_an_alt_text_with_numbers(experiment) -> None:
    result = run(experiment, 0)
    figure = result.figure()
    first = figure.axes[0]
    assert first.get_ylabel()
    assert all(axes.get_ylabel() or axes.get_shared_y_axes().joined(axes, first) for axes in figure.axes)
    assert all(axes.get_title() for axes in figure.axes)
    assert len(result.alt_text) > 60 and any(ch.isdigit() for ch in result.alt_text)
    html = result._repr_html_()
    assert html.startswith("<img") and 'alt="' in html and "\n" not in html.split('alt="')[1]
    assert repr(result) == result.alt_text


@pytest.mark.parametrize("experiment", [c2.jitter, c4.noise_floor, c6.separable], ids=by_name)
def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(experiment) -> None:
    runs = run(experiment, 1), experiment(seed=1), run(experiment, 0)
    first, again, other = (
        np.concatenate([np.ravel(getattr(each, field.name)) for field in dataclasses.fields(each)]) for each in runs
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
