"""The vectorised recurrences against torch.optim, closed forms and companion-matrix eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest

from lrtutorial.explorer.recurrences import DIVERGED, spectral_radius, stability_map, trajectories
from lrtutorial.problems import get_problem, rotated_quadratic

SETTINGS = {
    "sgd": {"lr": [0.01, 0.05, 0.09, 0.1]},
    "momentum": {"lr": [0.01, 0.05, 0.15, 0.02], "momentum": [0.0, 0.9, 0.9, 0.99]},
    "rmsprop": {"lr": [0.01, 0.5, 0.1, 0.05], "beta": [0.9, 0.9, 0.0, 0.99], "eps": 1e-8},
    "adam": {
        "lr": [0.01, 0.5, 0.1, 0.05],
        "beta1": [0.9, 0.0, 0.5, 0.99],
        "beta2": [0.999, 0.9, 0.5, 0.9999],
        "eps": 1e-8,
    },
}


@pytest.mark.parametrize("family", SETTINGS)
@pytest.mark.parametrize("name", ["bowl", "rosenbrock", "noisy"])
def test_agrees_with_torch(family: str, name: str) -> None:
    torch = pytest.importorskip("torch")
    problem = get_problem(name)
    scale = 0.01 if name == "rosenbrock" else 1.0
    settings = {k: np.array(v) * (scale if k == "lr" else 1) for k, v in SETTINGS[family].items()}
    ours = trajectories(family, problem, np.tile(problem.start, (4, 1)), settings, 60)
    make = {
        "sgd": lambda p, h: torch.optim.SGD(p, lr=h["lr"]),
        "momentum": lambda p, h: torch.optim.SGD(p, lr=h["lr"], momentum=h["momentum"]),
        "rmsprop": lambda p, h: torch.optim.RMSprop(p, lr=h["lr"], alpha=h["beta"], eps=h["eps"]),
        "adam": lambda p, h: torch.optim.Adam(p, lr=h["lr"], betas=(h["beta1"], h["beta2"]), eps=h["eps"]),
    }[family]
    for run in range(4):
        h = {k: float(np.broadcast_to(v, 4)[run]) for k, v in settings.items()}
        x = torch.tensor(problem.start, dtype=torch.float64, requires_grad=True)
        optimizer = make([x], h)
        for step in range(60):
            x.grad = torch.tensor(problem.gradient(x.detach().numpy(), step))
            optimizer.step()
            here = x.detach().numpy()
            if not (np.abs(here) < DIVERGED).all():
                assert np.isnan(ours[run, step + 1 :]).all()
                break
            np.testing.assert_allclose(ours[run, step + 1], here, rtol=1e-9, atol=1e-11)


def test_sgd_is_the_closed_form_and_diverges_beyond_the_bound_only() -> None:
    lrs = np.array([0.03, 0.0999, 0.1, 0.1001])
    runs = trajectories("sgd", get_problem("bowl"), np.tile([5.0, 4.0], (4, 1)), {"lr": lrs}, 300)
    factors = 1 - lrs[:, None] * np.array([2.0, 20.0])
    np.testing.assert_allclose(runs[:, 40], factors**40 * [5.0, 4.0], rtol=1e-9)
    assert abs(runs[1, -1, 1]) < 4 < abs(runs[3, -1, 1])
    assert abs(runs[2, -1, 1]) == pytest.approx(4)


def test_divergence_is_nan_from_one_step_on() -> None:
    run = trajectories("sgd", get_problem("bowl"), [[5.0, 4.0]], {"lr": 0.2}, 60)[0]
    gone = np.isnan(run).any(axis=1)
    first = int(np.argmax(gone))
    assert gone[first:].all() and np.isnan(run[first:]).all() and not gone[:first].any()
    assert 4 * 3.0**first >= DIVERGED > 4 * 3.0 ** (first - 1)  # the factor is 1 − 0.2·20 = −3


def test_spectral_radius_is_the_companion_matrix_eigenvalue() -> None:
    eigenvalues = rotated_quadratic(7.0).eigenvalues
    lrs, betas = np.geomspace(1e-3, 0.4, 23), np.linspace(0, 0.99, 19)
    table = stability_map(eigenvalues, lrs, betas)
    for i, beta in enumerate(betas):
        for j, lr in enumerate(lrs):
            companions = [np.array([[1 + beta - lr * e, -beta], [1.0, 0.0]]) for e in eigenvalues]
            exact = max(np.abs(np.linalg.eigvals(m)).max() for m in companions)
            assert table[i, j] == pytest.approx(exact, abs=1e-7)


@pytest.mark.parametrize("beta, bound", [(0.0, 0.10), (0.5, 0.15), (0.9, 0.19), (0.99, 0.199)])
def test_stable_below_the_heavy_ball_bound_and_not_above(beta: float, bound: float) -> None:
    assert spectral_radius(bound * 0.999, beta, [2, 20]) < 1 < spectral_radius(bound * 1.001, beta, [2, 20])


def test_heavy_ball_optimum_on_the_bowl() -> None:
    strong, weak = np.sqrt(20), np.sqrt(2)
    lr, beta = (2 / (strong + weak)) ** 2, ((strong - weak) / (strong + weak)) ** 2
    assert (round(lr, 5), round(beta, 5)) == (0.11544, 0.26987)
    # A double root there: an error of 1e-16 in the coefficients moves the roots by 1e-8.
    assert spectral_radius(lr, beta, [2, 20]) == pytest.approx(0.5195, abs=1e-4)
