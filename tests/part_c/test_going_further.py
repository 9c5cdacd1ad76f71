"""What "going further" says, over seeds, and that the folded cells measure what the experiments measure."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from lrtutorial.course import find_exercise
from lrtutorial.experiments import batch_size, frames, preconditioned, results, schedules, temperature, whitening, width
from lrtutorial.experiments import c1_why_rate_matters as c1
from lrtutorial.experiments import c4_rate_effects as c4
from lrtutorial.experiments import c6_sgd_vs_adam as c6
from lrtutorial.printing import PageExporter
from tests.part_c.measured import SEEDS, run, slider_edge

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.whole  # many seconds: networks are trained
each_seed = pytest.mark.parametrize("seed", SEEDS)


@each_seed
def test_the_best_rate_falls_with_the_width_and_stays_in_the_maximal_update_parametrization(seed: int) -> None:
    result = run(width.width, seed)
    usual, kept = result.best("usual"), result.best("μP")
    assert usual[0] > 2.5 * usual[2]
    grid = width.RATES[1] / width.RATES[0]
    assert kept.max() / kept.min() < grid**2 * 1.01
    largest = [width.RATES[np.isfinite(row).nonzero()[0].max()] for row in result.typical("usual")]
    assert 7.5 < largest[0] / largest[2] < 13.5
    largest = [width.RATES[np.isfinite(row).nonzero()[0].max()] for row in result.typical("μP")]
    assert max(largest) / min(largest) < grid**2 * 1.01


def test_at_the_first_width_the_two_parametrizations_are_one() -> None:
    result = run(width.width, 0)
    np.testing.assert_array_equal(result.losses["usual"][0], result.losses["μP"][0])


@each_seed
def test_matrix_methods_do_not_notice_a_rotation_of_both_sides_that_undoes_adam(seed: int) -> None:
    result = run(whitening.whitening, seed)
    straight, turned = (
        {method: result.typical(method, rotated) for method in whitening.METHODS} for rotated in (False, True)
    )
    assert straight["Adam"][2] < 1e-13 and 1e-6 < turned["Adam"][2] < 1e-3
    assert 0.1 < turned["Adam"][2] / turned["SGD with momentum"][2] < 10
    for method in ("Shampoo", "SOAP", "Muon"):
        assert np.all(turned[method] < 10 * straight[method]) and turned[method][2] < 0.05 * turned["Adam"][2]


def test_a_step_of_shampoo_and_of_muon_turns_with_the_gradient() -> None:
    rng = np.random.default_rng(3)
    u, v = (np.linalg.qr(rng.normal(size=(6, 6)))[0] for _ in range(2))
    gradients = rng.normal(size=(4, 6, 6))
    for name, equivariant in (("Shampoo", True), ("Muon", True), ("SOAP", True), ("Adam", False)):
        here, there = {}, {}
        for t, gradient in enumerate(gradients, start=1):
            plain = whitening.METHODS[name](gradient, here, t)
            turned = whitening.METHODS[name](u @ gradient @ v.T, there, t)
        assert np.allclose(u @ plain @ v.T, turned, atol=1e-6) == equivariant, name


@each_seed
def test_decay_and_averaging_beat_a_constant_rate_and_linear_beats_cosine_to_zero(seed: int) -> None:
    result = run(schedules.schedules, seed)
    best = {name.replace("\n", " "): result.best(name)[0] for name in result.loss}
    for name, loss in best.items():
        assert name == "constant" or loss < 0.95 * best["constant"]
    gap, error = result.gap("cosine to 0", "linear to 0")
    assert gap > 4 * error and gap == pytest.approx(0.007, abs=0.002) and error == pytest.approx(0.001, abs=5e-4)
    alike = [best[name] for name in ("cosine to 10%", "linear to 0", "constant, last half averaged")]
    assert max(alike) < 1.07 * min(alike)
    between = (best["stable, then linear to 0"], best["schedule-free"])
    assert max(alike) < min(between) and max(between) < best["constant"]


@each_seed
def test_the_variance_is_the_formulas_and_only_even_noise_has_a_temperature(seed: int) -> None:
    result = run(temperature.temperature, seed)
    for noise, heat in result.heat.items():
        np.testing.assert_allclose(heat, result.predicted(noise, temperature.RATES), rtol=0.05)
    even, curved = result.heat.values()
    np.testing.assert_allclose(even[0] / (temperature.RATES[0] / 2), 1.0, atol=0.08)
    hotter = curved[:, 1] / curved[:, 0]
    assert (hotter > 9.5).all() and (round(hotter[0]), round(hotter[-1])) in {(10, 19), (11, 19)}


@each_seed
def test_adam_settles_at_38_over_eta_of_the_preconditioned_sharpness(seed: int) -> None:
    result = run(preconditioned.preconditioned, seed)
    assert pytest.approx(38) == preconditioned.LIMIT
    np.testing.assert_allclose(result.settled, 1.0, atol=0.07)
    if seed == 0:
        assert (38 * result.settled[0], 38 * result.settled[-1]) == pytest.approx((36, 37.5), abs=0.1)
    assert (result.plain[-1] < 0.1 * 2 / preconditioned.RATES).all()


def test_the_preconditioned_sharpness_is_that_of_the_whole_hessian() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    w = c4.EDGE_NETWORK.initial(rng)
    divisor = rng.uniform(0.01, 1.0, w.shape)
    value, _ = preconditioned._largest(w, rng.normal(size=w.shape), np.sqrt(divisor), 400)

    def loss(flat):
        out, begin = torch.tensor(c4.INPUTS), 0
        for depth, (rows, columns) in enumerate(((2, 32), (33, 32), (33, 1))):
            layer = flat[begin : begin + rows * columns].reshape(rows, columns)
            begin += rows * columns
            out = out @ layer[:-1] + layer[-1]
            out = torch.tanh(out) if depth < 2 else out
        return ((out[:, 0] - torch.tensor(c4.TARGETS)) ** 2).mean() / 2

    hessian = torch.autograd.functional.hessian(loss, torch.tensor(w[0])).numpy()
    scaled = hessian / np.sqrt(divisor[0][:, None] * divisor[0])
    assert value[0] == pytest.approx(max(np.linalg.eigvalsh(scaled), key=abs), rel=1e-3)


@each_seed
def test_the_best_rate_grows_with_the_batch_until_it_is_critical(seed: int) -> None:
    result = run(batch_size.batch_size, seed)
    assert 0.75 < result.exponent("SGD with momentum 0.9") < 1.15
    assert 0.35 < result.exponent("Adam") < 0.65
    for steps in result.steps.values():
        assert np.isfinite(steps).all()
        assert (2.3 < steps[:2] / steps[1:3]).all() and (steps[:2] / steps[1:3] < 6).all()
        assert steps[3] < 2.2 * steps[6]  # from a batch of 64 on there is little left to save


@each_seed
def test_c4_a_longer_warmup_buys_a_larger_rate(seed: int) -> None:
    result = run(c4.warmup_table, seed)
    assert (result.survived[:, 0] == 1).all()
    assert (np.diff(result.survived, axis=0) >= 0).all() and (np.diff(result.survived, axis=1) <= 0).all()
    assert result.survived[0, 2] == 0 and result.survived[-1, 2] == 1
    assert result.loss[-1, 0] > 1.3 * result.loss[0, 0]  # where it is not needed it costs time


@each_seed
def test_c4_the_slider_of_the_edge_shows_sharpness_at_rest_on_two_over_eta(seed: int) -> None:
    edge = run(slider_edge, seed)
    reached = edge.settled[0]
    np.testing.assert_allclose(reached[3:], 1.0, atol=0.03)
    assert reached[0] < 0.5 and reached[1] < 0.95


def test_c6_the_window_goes_from_adam_to_neither_to_sgd() -> None:
    duel = run(c6.search, 0)
    winners = [duel.winner(c6.window(duel, lowest).rates) for lowest in c6.RATES[:9]]
    assert winners == ["Adam"] * 2 + ["neither"] * 2 + ["SGD"] * 5
    assert duel.chosen("SGD", slice(0, 11)).tolist() == duel.chosen("SGD", "all eleven").tolist()


# ------------------------------------------------------------------------------- the folded cells, the sliders


def cells(exercise: str) -> dict[str, nbformat.NotebookNode]:
    path = ROOT / f"solutions/part_c/{find_exercise(exercise).notebook}.ipynb"
    return {cell["id"]: cell for cell in nbformat.read(path, as_version=4).cells}


@pytest.mark.parametrize("exercise", ["c1", "c4", "c6"])
def test_how_it_is_measured_is_folded_short_and_gives_the_experiments_numbers(exercise, capsys) -> None:
    cell = cells(exercise)["how"]
    assert cell.metadata.jupyter.source_hidden and "hide-input" in cell.metadata.tags
    assert len(cell.source.splitlines()) <= 32
    runs = {
        "c1": lambda: {"c1": c1, "runs": run(c1.many_rates, 0)},
        "c4": lambda: {"c4": c4, "edge": run(slider_edge, 0)},
        "c6": lambda: {"c6": c6, "duel": run(c6.search, 0)},
    }
    exec(cell.source, runs[exercise]())
    pairs = re.findall(r"(-?[\d.]+) here, (-?[\d.]+) in the experiment", capsys.readouterr().out)
    assert pairs
    for here, there in pairs:
        assert float(here) == pytest.approx(float(there), rel=2e-3)


def test_before_the_predictions_the_folded_cells_say_nothing(capsys) -> None:
    for exercise, scope in (("c1", {"c1": c1, "runs": ()}), ("c4", {"c4": c4, "edge": None}), ("c6", {"duel": None})):
        exec(cells(exercise)["how"].source, scope)
    assert capsys.readouterr().out == ""


def test_c1_a_slider_holds_all_its_pictures_and_what_they_show(monkeypatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    runs = run(c1.many_rates, 0)
    rates = c1.SLIDER_RATES[::5]
    results.slide(lambda rate: c1.at_rate(runs, rate), "rate η", rates, start=rates[1])
    (slider,) = [each for each in shown if isinstance(each, frames.Frames)]
    assert len(slider.pictures) == len(slider.alts) == len(slider.names) == len(rates) and slider.index == 1
    assert all(picture.startswith(b"\x89PNG") for picture in slider.pictures) and len(set(slider.alts)) == len(rates)
    data, _ = slider._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert slider.alts[1][:40] in data["text/html"] and "rate η" in data["text/plain"]
    output = nbformat.v4.new_output("display_data", data)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("slide", outputs=[output])])
    page, _ = PageExporter().from_notebook_node(notebook)
    assert f'alt="{slider.alts[1][:20]}' in page  # on paper the first picture stands for the slider
    with pytest.raises(ValueError, match="expected a start out of"):
        results.slide(lambda rate: c1.at_rate(runs, rate), "rate η", rates, start=99)


def test_nesterovs_method_needs_the_steps_that_are_told(capsys) -> None:
    exec(cells("c2")["nesterov"].source, {})
    assert "after 88 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    "experiment",
    [width.width, whitening.whitening, schedules.schedules, temperature.temperature, preconditioned.preconditioned,
     batch_size.batch_size, c4.warmup_table],
)  # fmt: skip
def test_every_picture_has_labels_a_title_and_words(experiment) -> None:
    result = run(experiment, 0)
    drawn = result.figure().axes
    assert drawn[0].get_ylabel() and all(axes.get_title() for axes in drawn)
    assert len(result.alt_text) > 60 and any(ch.isdigit() for ch in result.alt_text)
