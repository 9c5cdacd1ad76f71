"""A small multilayer perceptron in NumPy that trains many runs (rates, seeds) side by side.

All weights of one run are one flat vector, so an optimizer sees an array of shape (runs, parameters) and
nothing else. Everything is computed in the type of the weights and inputs, float64 unless they are float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """A fully connected network.

    sizes: units per layer, input first, output last.
    activation: of the hidden layers.
    loss: "squared" is the mean over examples of (prediction - target)^2 / 2 (one output);
        "cross_entropy" is the mean softmax cross-entropy in nats (targets are class numbers).
    """

    sizes: tuple[int, ...]
    activation: Literal["tanh", "relu"] = "tanh"
    loss: Literal["squared", "cross_entropy"] = "squared"

    @property
    def parameters(self) -> int:
        """Number of weights and biases of one run."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.sizes))

    def layers(self, weights: Array) -> list[Array]:
        """Views of `weights` (runs, parameters), one per layer, each (runs, fan_in + 1, fan_out); the last
        row is the bias."""
        views, begin = [], 0
        for fan_in, fan_out in pairwise(self.sizes):
            end = begin + (fan_in + 1) * fan_out
            views.append(weights[:, begin:end].reshape(len(weights), fan_in + 1, fan_out))
            begin = end
        return views

    def initial(self, rng: np.random.Generator, runs: int = 1, scale: float = 1.0) -> Array:
        """Gaussian weights of standard deviation scale / sqrt(fan_in), zero biases; shape (runs, parameters)."""
        weights = np.zeros((runs, self.parameters))
        for layer in self.layers(weights):
            fan_in = layer.shape[1] - 1
            layer[:, :-1] = rng.normal(0.0, scale / np.sqrt(fan_in), layer[:, :-1].shape)
        return weights

    def _outputs(self, weights: Array, inputs: Array) -> list[Array]:
        """Every layer's output, the inputs first, each (runs, units, n): NumPy is quick along long rows."""
        outputs = [np.swapaxes(inputs, -1, -2)]
        for depth, layer in enumerate(self.layers(weights), start=2):
            z = _times(np.swapaxes(layer[:, :-1], 1, 2), outputs[-1])
            z += layer[:, -1, :, None]
            if depth < len(self.sizes):
                np.tanh(z, out=z) if self.activation == "tanh" else np.maximum(z, 0.0, out=z)
            outputs.append(z)
        return outputs

    def predict(self, weights: Array, inputs: Array) -> Array:
        """The output layer, (runs, n, outputs); inputs (n, d), or (runs, n, d) when each run has its own."""
        return np.swapaxes(self._outputs(weights, inputs)[-1], 1, 2)

    def _compare(self, output: Array, targets: Array) -> tuple[Array, Array]:
        """The loss of each run, and its derivative by the output, (runs, outputs, n)."""
        n = output.shape[2]
        if self.loss == "squared":
            residual = output[:, 0] - targets
            return np.mean(residual**2, axis=1) / 2, residual[:, None] / n
        logits = output - output.max(axis=1, keepdims=True)
        likelihood = np.exp(logits)
        total = likelihood.sum(axis=1, keepdims=True)
        is_class = np.asarray(targets, dtype=int)[..., None, :] == np.arange(output.shape[1])[:, None]
        of_class = np.where(is_class, logits, 0.0).sum(axis=1)
        return (np.log(total[:, 0]) - of_class).mean(axis=1), (likelihood / total - is_class) / n

    def losses(self, weights: Array, inputs: Array, targets: Array) -> Array:
        """The loss of each run, (runs,)."""
        return self._compare(self._outputs(weights, inputs)[-1], targets)[0]

    def losses_and_gradients(self, weights: Array, inputs: Array, targets: Array) -> tuple[Array, Array]:
        """The loss (runs,) and its gradient (runs, parameters), by backpropagation."""
        outputs = self._outputs(weights, inputs)
        loss, delta = self._compare(outputs[-1], targets)
        gradient = np.empty_like(weights)
        slots, layers = self.layers(gradient), self.layers(weights)
        for depth in reversed(range(len(layers))):
            slots[depth][:, :-1] = outputs[depth] @ np.swapaxes(delta, 1, 2)
            np.add.reduce(delta, axis=2, out=slots[depth][:, -1])
            if depth:
                below = outputs[depth]
                delta = _times(layers[depth][:, :-1], delta)
                if self.activation == "tanh":
                    np.square(below, out=below)  # needed no more
                    delta *= np.subtract(1.0, below, out=below)
                else:
                    delta *= below > 0
        return loss, gradient


def _times(left: Array, right: Array) -> Array:
    """The matrix product. Real columns times rows are quicker one number at a time, with the same result."""
    return left * right if left.shape[-1] == 1 and left.dtype.kind == "f" else left @ right


def hessian_vector_product(
    network: Network, weights: Array, vectors: Array, inputs: Array, targets: Array, step: float = 1e-4
) -> Array:
    """H v for each run, with |v| = 1.

    With tanh a central difference of gradients, (g(w + hv) - g(w - hv)) / 2h, error O(h^2). With relu a difference
    would cross kinks; there the complex step Im g(w + i·10⁻³⁰ v) / 10⁻³⁰ is exact to rounding, as it leaves every
    unit on its side (Squire & Trapp 1998, doi:10.1137/S003614459631241X).
    """
    if network.activation == "relu":
        _, aside = network.losses_and_gradients(weights + 1e-30j * vectors, inputs, targets)
        return np.asarray(aside.imag / 1e-30)
    _, ahead = network.losses_and_gradients(weights + step * vectors, inputs, targets)
    _, behind = network.losses_and_gradients(weights - step * vectors, inputs, targets)
    return (ahead - behind) / (2 * step)


def sharpness(
    network: Network, weights: Array, inputs: Array, targets: Array, vectors: Array, iterations: int = 20
) -> tuple[Array, Array]:
    """The Hessian's eigenvalue of largest size, (runs,), and its unit eigenvector, by power iteration from `vectors`.

    Starting from the eigenvector of a nearby point makes a handful of iterations enough.
    """
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for _ in range(iterations):
        product = hessian_vector_product(network, weights, vectors, inputs, targets)
        eigenvalue = np.sum(vectors * product, axis=1)
        vectors = product / np.linalg.norm(product, axis=1, keepdims=True)
    return eigenvalue, vectors
