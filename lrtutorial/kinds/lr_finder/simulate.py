"""A probe's training in NumPy: its data and first weights, the losses of plain SGD, where the loss falls steeply.

Data and first weights follow from the seed on both sides; torch trains the same network (:mod:`.driving`).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lrtutorial.experiments.network import Network
from lrtutorial.kinds.lr_finder.asking import Probe, Training

NETWORK = Network((2, 16, 3), "tanh", "cross_entropy")
BATCH, FEATURES = 384, 8
BUFFERS = (
    *[0.25] * FEATURES,
    *[1.5] * FEATURES,
    3.0,
)  #: batch norm's mean, variance and count as they are handed over
INITS = 6  #: first weights over which the steep range is taken


def data_of(probe: Training) -> tuple[np.ndarray, np.ndarray]:
    """Return a probe's batches: inputs (batches, 384, 2) in float32, classes (batches, 384). Three clouds on
    a circle, in equal parts.
    """
    rng = np.random.default_rng(probe["seed"])
    batch = np.arange(BATCH) % 3
    angles = 2 * np.pi * batch / 3
    clouds = 1.5 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    noise = rng.standard_normal((probe["batches"], BATCH, 2))
    classes = np.broadcast_to(batch, (probe["batches"], BATCH)).copy()
    return (clouds + probe["noise"] * noise).astype(np.float32), classes


def weights_of(probe: Probe) -> np.ndarray:
    """Return a probe's first weights as torch holds them, flat; for "norm" those of its four layers."""
    rng = np.random.default_rng([probe["seed"], 1])
    if probe["network"] == "norm":
        return rng.normal(0, 0.5, 2 * FEATURES + FEATURES + 2 * FEATURES + 3 * FEATURES + 3).astype(np.float32)
    return _as_torch(NETWORK.initial(rng, scale=probe.get("spread", 1.0))[0], probe["gain"]).astype(np.float32)


def _as_torch(weights: np.ndarray, gain: float) -> np.ndarray:
    """Return NumPy's flat weights in torch's order.

    Inputs and outputs are multiplied by ``gain``, so weights divided.
    """
    first, second = NETWORK.layers(weights[None])
    return np.concatenate(
        [first[0, :-1].T.ravel() / gain, first[0, -1], second[0, :-1].T.ravel() / gain, second[0, -1] / gain]
    )


def _speed(gain: float) -> np.ndarray:
    """Return how much faster each NumPy weight moves than torch's: gain² for all but the first biases."""
    speed = np.full((1, NETWORK.parameters), gain**2)
    NETWORK.layers(speed)[0][:, -1] = 1.0
    return speed.astype(np.float32)


def _train(
    probe: Training, weights: np.ndarray, rates: np.ndarray, variant: str = "", until: float = math.inf
) -> np.ndarray:
    """Return the losses that plain SGD meets with these rates and after the last, (len(rates) + 1, runs), or
    those of a mistaken ``variant``. Training ends when every run's loss is ``until`` times its first; what
    follows is NaN. In float32, as torch trains.
    """
    inputs, classes = _data(probe["seed"], probe["batches"], probe["noise"])
    rates, speed = np.asarray(rates, dtype=np.float32), _speed(probe["gain"])
    memory = np.zeros_like(weights)
    losses = np.full((len(rates) + 1, len(weights)), np.nan)
    with np.errstate(all="ignore"):
        for i in range(len(losses)):
            batch = 0 if variant == "same_batch" else i % len(inputs)
            losses[i], gradient = NETWORK.losses_and_gradients(weights, inputs[batch], classes[batch])
            if i == len(rates) or not (losses[i] <= until * losses[0]).any():
                break
            if variant in ("accumulates", "momentum"):
                memory = gradient + memory * np.float32(1.0 if variant == "accumulates" else 0.9)
                gradient = memory
            neighbour = {"rate_ahead": i + 1, "rate_behind": i - 1, "constant_rate": 0}.get(variant, i)
            rate = rates[min(max(neighbour, 0), len(rates) - 1)]
            if variant != "no_step":
                weights = weights - rate * speed * gradient
            if variant == "after_step":
                losses[i] = NETWORK.losses(weights, inputs[batch], classes[batch])
    return losses


@lru_cache(maxsize=16)
def _data(seed: int, batches: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    return data_of(Training(seed=seed, batches=batches, noise=noise, gain=1.0))


def losses_with(probe: Training, rates: np.ndarray, variant: str = "") -> np.ndarray:
    """Return the losses that training the probe's own network with ``rates`` gives, before each step and after
    the last, (len(rates) + 1,).
    """
    key = np.asarray(rates, dtype=float).tobytes()
    drawn = probe["seed"], probe["batches"], probe["noise"], probe["gain"], probe.get("spread", 1.0)
    return _losses_with(*drawn, key, variant)


@lru_cache(maxsize=256)  # in a class many sweep the public probes with the very same rates
def _losses_with(
    seed: int, batches: int, noise: float, gain: float, spread: float, rates: bytes, variant: str
) -> np.ndarray:
    probe = Training(seed=seed, batches=batches, noise=noise, gain=gain)
    weights = NETWORK.initial(np.random.default_rng([seed, 1]), scale=spread).astype(np.float32)
    losses = _train(probe, weights, np.frombuffer(rates), variant)[:, 0]
    losses.flags.writeable = False
    return losses


def steep_range(probe: Probe, inits: int = INITS) -> tuple[float, float]:
    """Return the rates between which the loss falls steeply: from 5% to 95% of its fall, over several first weights."""
    bounds = probe["min_lr"], probe["max_lr"], probe["num_steps"]
    return _steep_range(probe["seed"], probe["batches"], probe["noise"], probe["gain"], *bounds, inits)


@lru_cache(maxsize=64)
def _steep_range(
    seed: int, batches: int, noise: float, gain: float, min_lr: float, max_lr: float, num_steps: int, inits: int
) -> tuple[float, float]:
    probe = Training(seed=seed, batches=batches, noise=noise, gain=gain)
    rates = min_lr * (max_lr / min_lr) ** (np.arange(num_steps) / num_steps)
    weights = NETWORK.initial(np.random.default_rng([seed, 2]), INITS)[:inits].astype(np.float32)
    curves = _train(probe, weights, rates, until=4)[:-1]
    lows, highs = [], []
    for curve in curves.T:
        gone = ~(curve <= 4 * curve[0])
        smooth = smoothed(curve[: int(gone.argmax()) if gone.any() else None], 0.8)
        start, lowest = curve[:10].mean(), int(smooth.argmin())
        fall = start - smooth[lowest]
        before = np.flatnonzero(smooth[:lowest] > start - 0.05 * fall)  # the last is where the fall begins for good
        lows.append(rates[before[-1] if len(before) else 0])
        highs.append(rates[int((smooth <= start - 0.95 * fall).argmax())])
    return float(min(lows)), float(max(highs))


def is_steep(suggested: float, probe: Probe) -> bool:
    """Say whether a rate lies in the steep range. More first weights only widen it: the rest is trained when needed."""
    ranges = (steep_range(probe, inits) for inits in (2, INITS))
    return any(low * (1 - 1e-9) <= suggested <= high * (1 + 1e-9) for low, high in ranges)


def smoothed(values: np.ndarray, beta: float, debias: bool = True) -> np.ndarray:
    """Return the exponential average of values with this β; ``debias``: corrected for its start at zero."""
    average, smooth = 0.0, []
    for t, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        smooth.append(average / (1 - beta**t) if debias else average)
    return np.array(smooth)
