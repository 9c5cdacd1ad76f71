"""A student's optimizer beside its twin in torch: a check that one may run oneself, and that costs nothing.

It says whether the two agree, and from which step on they don't. Needs torch, which Part B's first exercises don't.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from lrtutorial.advice import Unusable
from lrtutorial.experiments.at_work import Note, attempt, unfinished

STEPS, SHAPES = 60, ((3,), (2, 4))
#: By the name of the class: the twin's name in torch.optim, the student's arguments, torch's.
TWINS: dict[str, tuple[str, dict[str, float], dict[str, object]]] = {
    "SGD": ("SGD", {"lr": 0.03}, {"lr": 0.03}),
    "MomentumSGD": ("SGD", {"lr": 0.03, "momentum": 0.8}, {"lr": 0.03, "momentum": 0.8}),
    "Adam": (
        "Adam",
        {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 1e-6},
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-6},
    ),
    "AdamW": (
        "AdamW",
        {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 1e-6, "weight_decay": 0.1},
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1},
    ),
}


def against_torch(*classes: Callable[..., object]) -> object:
    """Step each class and its twin of torch with the same 60 gradients, and say whether they agree.

    Halfway the rate becomes a tenth, through the attribute ``lr``.

    classes: any of SGD, MomentumSGD, Adam, AdamW (with ``weight_decay``), known by their names.
    Returns a note of one sentence a class. Raises ValueError for a class of another name.
    """
    if not classes:
        return Note(f"Name a class to compare: against_torch(SGD). The names known are {', '.join(TWINS)}.")
    said = []
    for one in classes:
        name = getattr(one, "__name__", str(one))
        if note := unfinished(**{name: one}):
            return note
        if name not in TWINS:
            raise Unusable(f"{name} has no twin here; the classes known by name are {', '.join(TWINS)}")
        found = attempt(partial(_compared, one, name))
        if isinstance(found, Note):
            return found
        said.append(found)
    return Note(" ".join(said))


def _compared(one: Callable[..., Any], name: str) -> str:
    import torch

    theirs, ours_settings, their_settings = TWINS[name]
    rng = np.random.default_rng(5)
    arrays = [rng.normal(size=shape) for shape in SHAPES]
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    optimizer, twin = one(arrays, **ours_settings), getattr(torch.optim, theirs)(tensors, **their_settings)
    for step in range(1, STEPS + 1):
        if step == STEPS // 2:  # momentum with the rate inside its velocity is the same until the rate changes
            optimizer.lr = twin.param_groups[0]["lr"] = ours_settings["lr"] / 10
        grads = [rng.normal(size=shape) for shape in SHAPES]
        for tensor, grad in zip(tensors, grads, strict=True):
            tensor.grad = torch.tensor(grad)
        optimizer.step(grads)
        twin.step()
        apart = max(float(np.abs(a - b.detach().numpy()).max()) for a, b in zip(arrays, tensors, strict=True))
        if not apart <= 1e-9:
            return f"{name} parts from torch.optim.{theirs} at step {step}: by {apart:.2g}."
    return f"{name} does what torch.optim.{theirs} does: after {STEPS} steps they differ by {apart:.1g}."
