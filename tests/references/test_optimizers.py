"""The reference optimizers against torch.optim, and on quadratics against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.references import optimizers, trajectories

rates = st.floats(1e-4, 0.5)
betas = st.floats(0.0, 0.999)
seeds = st.integers(0, 2**32 - 1)
epsilons = st.sampled_from([1e-8, 1e-3, 0.1])
SHAPES = [(), (3,), (2, 2)]


def runs(ours, theirs, seed, scale, steps=25, cut=None):
    """Both optimizers' parameters after the same random gradients; ``cut`` changes the rate half-way."""
    rng = np.random.default_rng(seed)
    start = [rng.normal(size=shape) for shape in SHAPES]
    mine = [np.array(array) for array in start]
    tensors = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in start]
    one, other = ours(mine), theirs(tensors)
    for step in range(steps):
        if cut is not None and step == steps // 2:
            one.lr = cut
            for group in other.param_groups:
                group["lr"] = cut
        grads = [scale * rng.normal(size=shape) for shape in SHAPES]
        kept = [grad.copy() for grad in grads]
        one.step(grads)
        assert all(np.array_equal(a, b) for a, b in zip(grads, kept, strict=True))
        for tensor, grad in zip(tensors, grads, strict=True):
            tensor.grad = torch.tensor(grad, dtype=torch.float64)
        other.step()
    for array, tensor in zip(mine, tensors, strict=True):
        np.testing.assert_allclose(array, tensor.detach().numpy(), rtol=1e-10, atol=1e-12 * max(1.0, scale))


@given(seed=seeds, lr=rates, cut=rates)
def test_sgd(seed, lr, cut) -> None:
    runs(lambda p: optimizers.SGD(p, lr), lambda p: torch.optim.SGD(p, lr, foreach=False), seed, 1.0, cut=cut)


@pytest.mark.parametrize("nesterov", [False, True])
@given(seed=seeds, lr=rates, cut=rates, momentum=st.floats(0.01, 0.99))
def test_momentum(nesterov, seed, lr, cut, momentum) -> None:
    ours = optimizers.Nesterov if nesterov else optimizers.MomentumSGD
    runs(
        lambda p: ours(p, lr, momentum),
        lambda p: torch.optim.SGD(p, lr, momentum=momentum, nesterov=nesterov, foreach=False),
        seed,
        1.0,
        cut=cut,
    )


@given(seed=seeds, lr=rates, beta=betas, eps=epsilons, scale=st.sampled_from([1e-9, 1.0, 1e9]))
def test_rmsprop(seed, lr, beta, eps, scale) -> None:
    runs(
        lambda p: optimizers.RMSprop(p, lr, beta, eps),
        lambda p: torch.optim.RMSprop(p, lr, alpha=beta, eps=eps, foreach=False),
        seed,
        scale if scale < 1 else 1.0,
    )


@pytest.mark.parametrize("amsgrad", [False, True])
@given(
    seed=seeds,
    lr=rates,
    cut=rates,
    beta1=betas,
    beta2=betas,
    eps=epsilons,
    scale=st.sampled_from([1e-9, 1.0, 1e9]),
)
def test_adam(amsgrad, seed, lr, cut, beta1, beta2, eps, scale) -> None:
    ours = optimizers.AMSGrad if amsgrad else optimizers.Adam
    made = {"lr": lr, "betas": (beta1, beta2), "eps": eps, "amsgrad": amsgrad, "foreach": False}
    runs(
        lambda p: ours(p, lr, beta1, beta2, eps),
        lambda p: torch.optim.Adam(p, **made),
        seed,
        min(scale, 1.0),
        cut=cut,
    )


@given(seed=seeds, lr=rates, beta1=betas, beta2=betas, decay=st.floats(0, 0.5))
def test_adamw(seed, lr, beta1, beta2, decay) -> None:
    runs(
        lambda p: optimizers.AdamW(p, lr, weight_decay=decay, beta1=beta1, beta2=beta2),
        lambda p: torch.optim.AdamW(p, lr, betas=(beta1, beta2), weight_decay=decay, foreach=False),
        seed,
        1.0,
    )


@given(lr=st.floats(0.001, 0.099), x=st.floats(-5, 5), y=st.floats(-5, 5))
def test_sgd_on_the_bowl_has_a_closed_form(lr, x, y) -> None:
    steps = 30
    powers = (1 - lr * np.array([2.0, 20.0])) ** np.arange(steps + 1)[:, None]
    np.testing.assert_allclose(
        trajectories.run_sgd(np.array([x, y]), lr, steps), powers * [x, y], rtol=1e-9, atol=1e-12
    )


def spectral_radius(lr, momentum, curvature):
    """Of heavy ball on ½λx²: the largest eigenvalue in size of (x, x₋) ↦ ((1 + β − ηλ)x − βx₋, x)."""
    return np.abs(np.linalg.eigvals([[1 + momentum - lr * curvature, -momentum], [1, 0]])).max()


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
def test_momentum_is_stable_up_to_two_times_one_plus_beta_over_the_curvature(momentum) -> None:
    """FACTS: ηλ < 2(1 + β). Just inside a run shrinks, just outside it grows; the eigenvalues say the same."""
    bound = 2 * (1 + momentum) / 20
    for factor, stable in ((0.98, True), (1.02, False)):
        run = trajectories.run_momentum(np.array([0.0, 1.0]), factor * bound, momentum, 1500)
        early, late = np.abs(run[:500, 1]).max(), np.abs(run[-500:, 1]).max()
        assert bool(late < early) is stable
        assert bool(spectral_radius(factor * bound, momentum, 20) < 1) is stable


def test_the_heavy_balls_optimum_on_the_bowl_shrinks_by_the_root_of_beta() -> None:
    """η = (2/(√L + √μ))², β = ((√κ − 1)/(√κ + 1))²: rate √β = 0.5195 (Polyak 1964)."""
    lr, beta = (2 / (20**0.5 + 2**0.5)) ** 2, ((10**0.5 - 1) / (10**0.5 + 1)) ** 2
    assert (round(lr, 5), round(beta, 5)) == (0.11544, 0.26987)
    run = np.linalg.norm(trajectories.run_momentum(np.array([5.0, 4.0]), lr, beta, 60), axis=1)
    assert abs((run[60] / run[20]) ** (1 / 40) - beta**0.5) < 0.02
    assert abs(beta**0.5 - 0.5195) < 1e-4


@given(g=st.floats(1e-3, 1e6), lr=rates, beta1=st.floats(0, 0.99), beta2=st.floats(0, 0.9999))
def test_adams_first_step_is_the_rate_whatever_the_gradient(g, lr, beta1, beta2) -> None:
    x = np.zeros(1)
    optimizers.Adam([x], lr, beta1, beta2, 0.0).step([np.array([g])])
    np.testing.assert_allclose(x, -lr, rtol=1e-9)


@given(g=st.floats(1e-3, 1e6), beta=st.floats(0, 0.999))
def test_rmsprops_first_step_is_longer_by_one_over_the_root(g, beta) -> None:
    x = np.zeros(1)
    optimizers.RMSprop([x], 0.1, beta, 0.0).step([np.array([g])])
    np.testing.assert_allclose(x, -0.1 / np.sqrt(1 - beta), rtol=1e-9)
