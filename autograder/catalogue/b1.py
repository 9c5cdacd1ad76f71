"""B1: SGD and heavy-ball momentum. Source: the course document, solution B1; Polyak 1964."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from autograder.catalogue import Question
from autograder.catalogue.gradients import REBOUND, Probe, draw_probe, far, odd
from autograder.catalogue.made import manners, mistakes, model_of
from autograder.catalogue.words import MANNERS, MOMENTUM, of
from autograder.catalogue.words import SGD as SGD_WORDS
from autograder.references.optimizers import SGD, MomentumSGD
from lrtutorial.exercises.b1 import EXERCISE


def draw_probes(rng: np.random.Generator) -> list[Probe]:
    """Draw the runs: for each class the update itself first, then what a careless one gets wrong besides."""
    small, shapes, zero_d = [(2,)], [(2, 2), (3,)], [(), (2,)]
    two = [(2,), (2,)]  # of one shape, so that a velocity shared by both goes unnoticed by NumPy
    probes = []
    for name, answer in (("sgd", "SGD"), ("momentum", "MomentumSGD")):

        def kwargs(answer: str = answer) -> dict[str, float]:
            momentum = {"momentum": odd(rng, 0.55, 0.85)} if answer == "MomentumSGD" else {}
            return {"lr": odd(rng, 0.02, 0.2), **momentum}

        def probe(what: str, shapes: list[tuple[int, ...]], steps: int, answer: str = answer, **more: object) -> None:
            probes.append(draw_probe(rng, what, answer, shapes, steps, **more))

        probe(f"{name}_step", small, 1, kwargs=kwargs())
        probe(f"{name}_long", two, 8 if name == "momentum" else 5, kwargs=kwargs(), scale=30.0)
        if name == "momentum":
            probe("momentum_positional", small, 3, kwargs=kwargs(), positional=["lr", "momentum"])
            probe("momentum_default", small, 4, kwargs={"lr": odd(rng, 0.02, 0.2)})
        cut = {"3" if name == "momentum" else "2": odd(rng, 0.002, 0.01)}
        probe(f"{name}_rate_change", small, 6, kwargs=kwargs(), lr_at=cut)
        probe(f"{name}_shapes", [*shapes, *two], 4, kwargs=kwargs())
        probe(f"{name}_zero_d", zero_d, 3, kwargs=kwargs())
        probe(f"{name}_float32", small, 3, kwargs=kwargs(), dtype="<f4")
        probe(f"{name}_in_place", small, 3, kwargs=kwargs(), in_place=True)
        probes[-1] = far(probes[-1])
        probe(f"{name}_reused_gradients", small, 4, kwargs=kwargs(), reuse=True)
    one, other = (draw_probe(rng, "momentum_side_by_side", "MomentumSGD", small, 4, kwargs=kwargs()) for _ in "12")
    return [*probes, {**one, "twin": {key: other[key] for key in ("params", "kwargs", "grads")}}]


# ------------------------------------------------------------------------------------------- wrong ones

_SGD, _MOMENTUM = model_of(EXERCISE, "SGD"), model_of(EXERCISE, "MomentumSGD")
MISCONCEPTIONS = (
    *mistakes(_SGD, "SGD", SGD_WORDS),
    *manners(_SGD, "SGD", {name: said for name, said in of("SGD", MANNERS).items() if name != "class_state"}),
    *mistakes(_MOMENTUM, "MomentumSGD", MOMENTUM),
    *manners(_MOMENTUM, "MomentumSGD", of("MomentumSGD", MANNERS)),
)


# -------------------------------------------------------------------------------------- right ones


class PlainSGD:
    """SGD in pieces."""

    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.lr * g)

    def move(self, i, step):
        self.params[i] -= step


class Pieces:
    """Momentum in pieces."""

    def __init__(self, params, lr, momentum=0.9):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.v = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for i, g in enumerate(grads):
            self.step_one(i, g)

    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g)
        self.move(i, self.lr * self.v[i])

    def velocity(self, v, g):
        return self.momentum * v + g

    def move(self, i, step):
        self.params[i] -= step


class SliceSGD(PlainSGD):
    def move(self, i, step):
        self.params[i][:] = self.params[i] - step


class ZipSGD:
    def __init__(self, params: list[np.ndarray], lr: float) -> None:
        self.params = tuple(params)
        self.lr = lr

    def step(self, grads: list[np.ndarray]) -> None:
        print("stepping")
        for p, g in zip(self.params, grads, strict=True):
            np.subtract(p, self.lr * g, out=p)


class LazyMomentum(PlainSGD):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr)
        self.momentum, self.state = momentum, {}

    def step(self, grads):
        for i, (p, g) in enumerate(zip(self.params, grads, strict=True)):
            self.state[i] = self.momentum * self.state.get(i, 0) + g
            p[...] = p - self.lr * self.state[i]


class InPlaceVelocity(Pieces):
    def step_one(self, i, g):
        self.v[i] *= self.momentum
        self.v[i] += g
        self.move(i, self.lr * self.v[i])


class CopiedFirst(Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.v = None

    def step(self, grads):
        if self.v is None:
            self.v = [g.copy() for g in grads]
        else:
            self.v = [self.momentum * v + g for v, g in zip(self.v, grads, strict=True)]
        for p, v in zip(self.params, self.v, strict=True):
            p -= self.lr * v


class NegativeVelocity(Pieces):
    """The velocity points downhill and is added."""

    def step_one(self, i, g):
        self.v[i] = self.momentum * self.v[i] - g
        self.params[i] += self.lr * self.v[i]


@dataclass
class AsDataclass:
    params: list
    lr: float
    momentum: float = 0.9
    v: list = field(default_factory=list)

    def step(self, grads):
        self.v = self.v or [0.0] * len(grads)
        for i, g in enumerate(grads):
            self.v[i] = g + self.momentum * self.v[i]
            self.params[i] -= self.lr * self.v[i]


class Inherits(SliceSGD):
    """Momentum built on one's own SGD."""

    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr)
        self.momentum = momentum
        self.velocities = [np.zeros(p.shape) for p in params]

    def step(self, grads):
        self.velocities = [self.momentum * v + g for v, g in zip(self.velocities, grads, strict=True)]
        super().step(self.velocities)


ACCEPTED = {
    "the course's own": {"SGD": PlainSGD, "MomentumSGD": Pieces},
    "slice assignment": {"SGD": SliceSGD, "MomentumSGD": Inherits},
    "zip, out=, lazy": {"SGD": ZipSGD, "MomentumSGD": LazyMomentum},
    "in-place velocity": {"MomentumSGD": InPlaceVelocity},
    "first velocity copied": {"MomentumSGD": CopiedFirst},
    "downhill velocity": {"MomentumSGD": NegativeVelocity},
    "dataclass": {"MomentumSGD": AsDataclass},
}

QUESTIONS = {
    "b1": Question(
        {"SGD": SGD, "MomentumSGD": MomentumSGD},
        draw_probes,
        MISCONCEPTIONS,
        ACCEPTED,
        lecture="Run the two lines of momentum by hand for three steps: the velocity first, from the gradients alone, "
        "then the parameters by the rate times the velocity.",
        families=(
            (
                "classical rate_twice",
                "Put v ← βv + g; x ← x − ηv beside v ← βv + ηg; x ← x − v. With a constant rate both are the "
                "same; cut the rate tenfold in the middle of a run and they part: in the second the velocity "
                "still carries the old rate.",
            ),
            (
                "sgd_rebinds sgd_copies rebinds copies",
                REBOUND,
            ),
            (
                "sgd_mutates mutates aliases",
                "Gradients belong to the caller. grad *= … or a velocity that is the gradient's own array "
                "changes them behind its back: hand the same gradient over twice and see.",
            ),
            (
                "average dampened one_minus",
                "Momentum in this course adds: v ← βv + g. The factor 1 − β makes an average, as in Adam, with "
                "steps that are 1 − β times as long.",
            ),
            (
                "sgd_fixed_rate sgd_frozen_rate fixed_momentum frozen_rate other_default",
                "A schedule sets optimizer.lr while training runs. So step must read self.lr each time, and "
                "every argument must end up in an attribute.",
            ),
            (
                "shared_velocity class_state",
                "State belongs to one parameter of one optimizer: an array for each, made in __init__. Run two "
                "optimizers side by side to see state that is shared.",
            ),
        ),
    ),
}
