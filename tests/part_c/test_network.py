"""The experiments' network and training loop against torch, which shares no code with them."""

from __future__ import annotations

import numpy as np
import pytest

from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network, hessian_vector_product, sharpness

torch = pytest.importorskip("torch")


def torch_loss(network: Network, flat, x: np.ndarray, y: np.ndarray):
    out, begin = torch.as_tensor(x), 0
    for depth, (fan_in, fan_out) in enumerate(zip(network.sizes, network.sizes[1:], strict=False), start=2):
        layer = flat[begin : begin + (fan_in + 1) * fan_out].reshape(fan_in + 1, fan_out)
        begin += (fan_in + 1) * fan_out
        out = out @ layer[:-1] + layer[-1]
        if depth < len(network.sizes):
            out = torch.tanh(out) if network.activation == "tanh" else torch.relu(out)
    if network.loss == "squared":
        return ((out[:, 0] - torch.as_tensor(y)) ** 2).mean() / 2
    return torch.nn.functional.cross_entropy(out, torch.as_tensor(y))


NETWORKS = [
    Network((3, 5, 4, 1), "tanh", "squared"),
    Network((3, 5, 4, 1), "relu", "squared"),
    Network((3, 6, 4), "tanh", "cross_entropy"),
    Network((3, 2), "relu", "cross_entropy"),
]


def problem(network: Network, runs: int = 3):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(7, 3))
    y = rng.normal(size=7) if network.loss == "squared" else rng.integers(0, network.sizes[-1], 7)
    weights = network.initial(rng, runs)
    return weights + 0.1 * rng.normal(size=weights.shape), x, y


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_losses_and_gradients_are_torchs(network: Network) -> None:
    weights, x, y = problem(network)
    losses, gradients = network.losses_and_gradients(weights, x, y)
    for run, flat in enumerate(weights):
        leaf = torch.tensor(flat, requires_grad=True)
        loss = torch_loss(network, leaf, x, y)
        loss.backward()
        assert losses[run] == pytest.approx(loss.item(), rel=1e-12)
        np.testing.assert_allclose(gradients[run], leaf.grad.numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(network.losses(weights, x, y), losses)


def test_each_run_may_have_its_own_inputs_and_targets() -> None:
    network = NETWORKS[0]
    weights, _, _ = problem(network)
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(3, 7, 3)), rng.normal(size=(3, 7))
    losses, gradients = network.losses_and_gradients(weights, x, y)
    for run in range(3):
        loss, gradient = network.losses_and_gradients(weights[run : run + 1], x[run], y[run])
        assert losses[run] == pytest.approx(loss[0], rel=1e-12)
        np.testing.assert_allclose(gradients[run], gradient[0], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("network", [n for n in NETWORKS if n.activation == "tanh"], ids=str)
def test_sharpness_is_the_hessians_largest_eigenvalue(network: Network) -> None:
    weights, x, y = problem(network)
    hessians = [
        torch.autograd.functional.hessian(lambda w: torch_loss(network, w, x, y), torch.tensor(flat)).numpy()
        for flat in weights
    ]
    vectors = np.random.default_rng(7).normal(size=weights.shape)
    products = hessian_vector_product(network, weights, vectors / 10, x, y)
    np.testing.assert_allclose(products, np.einsum("rij,rj->ri", hessians, vectors / 10), rtol=1e-4, atol=1e-6)
    values, unit = sharpness(network, weights, x, y, vectors, 300)
    for run, hessian in enumerate(hessians):
        eigenvalues = np.linalg.eigvalsh(hessian)
        assert values[run] == pytest.approx(max(eigenvalues, key=abs), rel=1e-4)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1.0)


@pytest.mark.parametrize(
    ("rule", "optimizer"),
    [
        ({}, lambda p, lr: torch.optim.SGD(p, lr)),
        ({"momentum": 0.7}, lambda p, lr: torch.optim.SGD(p, lr, momentum=0.7)),
        (
            {"adaptive": True, "momentum": 0.8, "beta2": 0.95, "eps": 1e-3},
            lambda p, lr: torch.optim.Adam(p, lr, betas=(0.8, 0.95), eps=1e-3),
        ),
    ],
    ids=["plain", "momentum", "adaptive"],
)
def test_the_loop_moves_as_torchs_optimizer_does(rule, optimizer) -> None:
    network = NETWORKS[0]
    weights, x, y = problem(network)
    rates = np.array([0.003, 0.02, 0.1])
    final, losses = train(
        lambda w, step: network.losses_and_gradients(w, x, y),
        weights,
        lambda step: rates * (0.5 if step >= 10 else 1.0),  # a rate that changes midway
        25,
        **rule,
    )
    for run, flat in enumerate(weights):
        leaf = torch.tensor(flat, requires_grad=True)
        opt = optimizer([leaf], rates[run])
        for step in range(25):
            opt.param_groups[0]["lr"] = rates[run] * (0.5 if step >= 10 else 1.0)
            opt.zero_grad()
            loss = torch_loss(network, leaf, x, y)
            loss.backward()
            assert losses[step, run] == pytest.approx(loss.item(), rel=1e-9)
            opt.step()
        np.testing.assert_allclose(final[run], leaf.detach().numpy(), rtol=1e-8, atol=1e-10)


def test_a_diverged_run_stops_and_leaves_the_others_alone() -> None:
    def bowl(x, step):
        return x[:, 0] ** 2 / 2, x

    final, losses = train(bowl, np.ones((2, 1)), np.array([0.5, 5.0]), 60)
    assert np.isfinite(losses[:, 0]).all() and final[0, 0] == pytest.approx(0.5**60)
    gone = int(np.argmax(np.isinf(losses[:, 1])))
    assert 0 < gone < 20  # |1 - 5|^2 per step in the loss: past a million times within ten steps
    assert np.isinf(losses[gone:, 1]).all() and np.isfinite(final[1, 0])


def test_a_loss_that_is_not_a_number_counts_as_diverged() -> None:
    def broken(x, step):
        return np.array([1.0 if step < 3 else np.nan]), x

    _, losses = train(broken, np.ones((1, 1)), 0.1, 6)
    assert np.isfinite(losses[:3]).all() and np.isinf(losses[3:]).all()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_product_with_the_hessian_is_torchs(activation) -> None:
    network = Network((1, 32, 1), activation)
    rng = np.random.default_rng(5)
    weights, vectors = network.initial(rng), rng.normal(size=(1, network.parameters))
    vectors /= np.linalg.norm(vectors)
    inputs, targets = np.linspace(-1, 1, 20)[:, None], np.linspace(-1, 1, 20) ** 2

    def loss(flat):
        first, last = flat[:64].reshape(2, 32), flat[64:].reshape(33, 1)
        hidden = getattr(torch, activation)(torch.tensor(inputs) @ first[:-1] + first[-1])
        return ((hidden @ last[:-1] + last[-1])[:, 0] - torch.tensor(targets)).pow(2).mean() / 2

    hessian = torch.autograd.functional.hessian(loss, torch.tensor(weights[0])).numpy()
    ours = hessian_vector_product(network, weights, vectors, inputs, targets)[0]
    np.testing.assert_allclose(ours, hessian @ vectors[0], rtol=0, atol=1e-12 if activation == "relu" else 1e-6)


def test_one_relu_function_is_as_sharp_as_you_please_and_least_sharp_near_c_1() -> None:
    from lrtutorial.experiments.c4_rate_effects import same_function

    for seed in range(3):
        changed = same_function(seed)
        assert changed.factors[np.argmin(changed.sharpness)] == 1.0
        assert min(changed.sharpness[0], changed.sharpness[-1]) > 20 * changed.sharpness[2]
        assert changed.gap.max() < 1e-9
