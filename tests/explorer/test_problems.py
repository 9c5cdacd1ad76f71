"""Problems against finite differences and against what their names promise."""

from __future__ import annotations

import numpy as np
import pytest

from lrtutorial.problems import PROBLEMS, NoisyQuadratic, Problem, Quadratic, get_problem, rotated_quadratic

POINTS = np.random.default_rng(0).uniform(-2.5, 2.5, size=(40, 2))


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    return get_problem(request.param)


def noiseless_gradient(problem: Problem, points: np.ndarray) -> np.ndarray:
    return problem.gradient(points) - (problem.noise[0] if isinstance(problem, NoisyQuadratic) else 0)


def test_gradient_is_the_derivative_of_value(problem: Problem) -> None:
    h = 1e-5
    for axis, unit in enumerate(np.eye(2)):
        slope = (problem.value(POINTS + h * unit) - problem.value(POINTS - h * unit)) / (2 * h)
        np.testing.assert_allclose(noiseless_gradient(problem, POINTS)[:, axis], slope, rtol=1e-6, atol=1e-5)


def test_hessian_is_the_derivative_of_gradient(problem: Problem) -> None:
    h = 1e-5
    for point in POINTS[:8]:
        ahead, behind = (noiseless_gradient(problem, point + s * h * np.eye(2)) for s in (1, -1))
        np.testing.assert_allclose(problem.hessian(point), (ahead - behind) / (2 * h), rtol=1e-5, atol=1e-5)


def test_minimum_is_one_and_the_lowest_value_around(problem: Problem) -> None:
    assert problem.value(problem.minimum) == pytest.approx(problem.minimum_value, abs=1e-12)
    np.testing.assert_allclose(noiseless_gradient(problem, np.array(problem.minimum)), 0, atol=1e-12)
    assert (problem.eigenvalues > 0).all()
    x_min, x_max, y_min, y_max = problem.bounds
    grid = np.stack(np.meshgrid(np.linspace(x_min, x_max, 201), np.linspace(y_min, y_max, 201)), axis=-1)
    assert (problem.value(grid) >= problem.minimum_value).all()


def test_shapes_are_kept(problem: Problem) -> None:
    block = np.zeros((3, 4, 2))
    assert problem.value(block).shape == problem.gap(block).shape == (3, 4)
    assert problem.gradient(block).shape == (3, 4, 2)
    with pytest.raises(ValueError, match=r"shape \(\.\.\., 2\)"):
        problem.value([1.0, 2.0, 3.0])


def test_separable_problems_are_sums(problem: Problem) -> None:
    a, b = POINTS[:20], POINTS[20:]
    mixed = np.stack([a[:, 0], b[:, 1]], axis=-1)
    crossed = np.stack([b[:, 0], a[:, 1]], axis=-1)
    difference = problem.value(a) + problem.value(b) - problem.value(mixed) - problem.value(crossed)
    assert bool(np.allclose(difference, 0, atol=1e-9)) == problem.is_separable


def test_saddle_and_shallow_minimum_are_what_they_say() -> None:
    saddle, shallow = get_problem("saddle"), get_problem("shallow")
    np.testing.assert_allclose(np.linalg.eigvalsh(saddle.hessian([0, 0])), [-1, 2])
    np.testing.assert_allclose(saddle.gradient([0.0, 0.0]), 0)
    assert (np.linalg.eigvalsh(shallow.hessian([4.0, 0.0])) > 0).all()
    assert shallow.value([2.4, 0.0]) > shallow.value([4.0, 0.0]) > shallow.value([0.0, 0.0])


def test_noise_is_seeded_by_step_and_unbiased() -> None:
    noisy = get_problem("noisy")
    assert isinstance(noisy, NoisyQuadratic)
    np.testing.assert_array_equal(noisy.gradient([1.0, 1.0], 7), get_problem("noisy").gradient([1.0, 1.0], 7))
    assert not np.array_equal(noisy.gradient([1.0, 1.0], 7), noisy.gradient([1.0, 1.0], 8))
    assert np.abs(noisy.noise.mean(axis=0)).max() < 4 * noisy.sigma / np.sqrt(len(noisy.noise))


@pytest.mark.parametrize("kappa", [1.0, 3.0, 100.0])
def test_rotated_quadratic_has_the_condition_number_asked_for(kappa: float) -> None:
    assert rotated_quadratic(kappa).condition_number == pytest.approx(kappa)


def test_wrong_arguments_say_what_was_expected() -> None:
    with pytest.raises(ValueError, match="did you mean 'bowl'"):
        get_problem("bowll")
    with pytest.raises(ValueError, match="kappa ≥ 1"):
        rotated_quadratic(0.5)
    with pytest.raises(ValueError, match="positive eigenvalues"):
        Quadratic("bad", "", [[1, 0], [0, -1]])
