"""B1: SGD and heavy-ball momentum. Source: the course document, solution B1; Polyak 1964."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.catalogue import Misconception, Question
from autograder.catalogue.gradients import REBOUND, draw_probe, odd
from autograder.references.optimizers import SGD, MomentumSGD

M = Misconception


def draw_probes(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Draw the runs: for each class the update itself first, then what a careless one gets wrong besides."""
    small, shapes, zero_d = [(2,)], [(2, 2), (3,)], [(), (2,)]
    two = [(2,), (2,)]  # of one shape, so that a velocity shared by both goes unnoticed by NumPy
    probes = []
    for name, answer in (("sgd", "SGD"), ("momentum", "MomentumSGD")):

        def kwargs(answer: str = answer) -> dict[str, float]:
            momentum = {"momentum": odd(rng, 0.55, 0.85)} if answer == "MomentumSGD" else {}
            return {"lr": odd(rng, 0.02, 0.2), **momentum}

        def probe(what: str, shapes: list[tuple[int, ...]], steps: int, answer: str = answer, **more: Any) -> None:
            probes.append(draw_probe(rng, what, answer, shapes, steps, **more))

        probe(f"{name}_step", small, 1, kwargs=kwargs())
        probe(f"{name}_long", small, 8 if name == "momentum" else 5, kwargs=kwargs())
        if name == "momentum":
            probe("momentum_default", small, 4, kwargs={"lr": odd(rng, 0.02, 0.2)})
        cut = {"3" if name == "momentum" else "2": odd(rng, 0.002, 0.01)}
        probe(f"{name}_rate_change", small, 6, kwargs=kwargs(), lr_at=cut)
        probe(f"{name}_shapes", [*shapes, *two], 4, kwargs=kwargs())
        probe(f"{name}_zero_d", zero_d, 3, kwargs=kwargs())
        probe(f"{name}_float32", small, 3, kwargs=kwargs(), dtype="<f4")
        probe(f"{name}_in_place", small, 3, kwargs=kwargs(), in_place=True)
        probe(f"{name}_reused_gradients", small, 4, kwargs=kwargs(), reuse=True)
    one, other = (draw_probe(rng, "momentum_side_by_side", "MomentumSGD", small, 4, kwargs=kwargs()) for _ in "12")
    return [*probes, {**one, "twin": {key: other[key] for key in ("params", "kwargs", "grads")}}]


# ------------------------------------------------------------------------------------- wrong SGDs


class PlainSGD:
    """SGD in pieces; each wrong one below replaces one of them."""

    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.lr * g)

    def move(self, i, step):
        self.params[i] -= step


class SGDAscends(PlainSGD):
    def move(self, i, step):
        self.params[i] += step


class SGDNoRate(PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, g)


class SGDFixedRate(PlainSGD):
    def __init__(self, params, lr):
        super().__init__(params, 0.01)


class SGDFrozenRate(PlainSGD):
    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.rate = lr

    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.rate * g)


class SGDRebinds(PlainSGD):
    def move(self, i, step):
        self.params[i] = self.params[i] - step


class SGDLocal(PlainSGD):
    def step(self, grads):
        for param, g in zip(self.params, grads, strict=True):
            param = param - self.lr * g


class SGDMutates(PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            g *= self.lr
            self.move(i, g)


class SGDSign(PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.lr * np.sign(g))


class SGDNormalized(PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.lr * g / np.linalg.norm(g))


class SGDMean(PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.lr * np.mean(g))


class SGDFirstOnly(PlainSGD):
    def step(self, grads):
        self.move(0, self.lr * grads[0])


class SGDDecays(PlainSGD):
    def step(self, grads):
        super().step(grads)
        self.lr *= 0.99


class SGDShrinks(PlainSGD):
    def move(self, i, step):
        self.params[i] *= 1 - self.lr
        self.params[i] -= step


# -------------------------------------------------------------------------------- wrong momentum


class Pieces:
    """Momentum in pieces; each wrong one below replaces one of them."""

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


class Classical(Pieces):
    def step_one(self, i, g):
        self.v[i] = self.momentum * self.v[i] + self.lr * g
        self.move(i, self.v[i])


class LooksAhead(Pieces):
    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g)
        self.move(i, self.lr * (g + self.momentum * self.v[i]))


class Average(Pieces):
    def velocity(self, v, g):
        return self.momentum * v + (1 - self.momentum) * g


class Dampened(Pieces):
    """torch's dampening: the first velocity is the gradient itself."""

    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.begun = [False] * len(params)

    def step_one(self, i, g):
        fresh, self.begun[i] = not self.begun[i], True
        self.v[i] = 1.0 * g if fresh else self.momentum * self.v[i] + (1 - self.momentum) * g
        self.move(i, self.lr * self.v[i])


class Ascends(Pieces):
    def move(self, i, step):
        self.params[i] += step


class VelocitySign(Pieces):
    """v = βv − g with x −= lr·v: right signs apart, uphill together."""

    def velocity(self, v, g):
        return -self.momentum * v + g


class NeverStored(Pieces):
    def step_one(self, i, g):
        self.move(i, self.lr * self.velocity(self.v[i], g))


class Sums(Pieces):
    def velocity(self, v, g):
        return v + g


class MomentumOnGradient(Pieces):
    def velocity(self, v, g):
        return v + self.momentum * g


class MovesFirst(Pieces):
    def step_one(self, i, g):
        self.move(i, self.lr * self.v[i])
        self.v[i] = self.velocity(self.v[i], g)


class RateTwice(Pieces):
    def step_one(self, i, g):
        self.v[i] = self.momentum * self.v[i] + self.lr * g
        self.move(i, self.lr * self.v[i])


class NoRate(Pieces):
    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g)
        self.move(i, self.v[i])


class AddsGradientAgain(Pieces):
    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g)
        self.move(i, self.lr * (self.v[i] + g))


class SharedVelocity(Pieces):
    """One velocity for all parameters, begun afresh when a parameter's shape does not fit."""

    def step_one(self, i, g):
        if np.shape(self.v[0]) != np.shape(g):
            self.v[0] = np.zeros_like(g)
        self.v[0] = self.velocity(self.v[0], g)
        self.move(i, self.lr * self.v[0])


class FixedMomentum(Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, 0.9)


class OtherDefault(Pieces):
    def __init__(self, params, lr, momentum=0.5):
        super().__init__(params, lr, momentum)


class FrozenRate(Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.rate = lr

    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g)
        self.move(i, self.rate * self.v[i])


class Rebinds(Pieces):
    def move(self, i, step):
        self.params[i] = self.params[i] - step


class Copies(Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__([p.copy() for p in params], lr, momentum)


class Mutates(Pieces):
    def step_one(self, i, g):
        g += self.momentum * self.v[i]
        self.v[i] = g.copy()
        self.move(i, self.lr * g)


class Aliases(Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.v = [None] * len(params)

    def step_one(self, i, g):
        if self.v[i] is None:
            self.v[i] = g
        else:
            self.v[i] *= self.momentum
            self.v[i] += g
        self.move(i, self.lr * self.v[i])


class ClassState(Pieces):
    v = {}

    def __init__(self, params, lr, momentum=0.9):
        self.params, self.lr, self.momentum = params, lr, momentum

    def step_one(self, i, g):
        if np.shape(self.v.get(i)) != np.shape(g):
            self.v[i] = np.zeros_like(g)
        super().step_one(i, g)


class FadingMomentum(Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.t = 0

    def step(self, grads):
        self.t += 1
        super().step(grads)

    def velocity(self, v, g):
        return self.momentum**self.t * v + g


class OneMinus(Pieces):
    def velocity(self, v, g):
        return (1 - self.momentum) * v + g


def sgd(answer: type) -> dict[str, type]:
    """Return the answers of a student whose SGD is wrong."""
    return {"SGD": answer}


def momentum(answer: type) -> dict[str, type]:
    """Return the answers of a student whose MomentumSGD is wrong."""
    return {"MomentumSGD": answer}


IN_PLACE = (
    "After a step, is the caller's array still the very one that was passed in, with new numbers?",
    "x = x − d makes a new array. Which forms change the one that is there?",
)
RATE = (
    "A schedule sets optimizer.lr between steps. Does your step look there?",
    "Which attribute does the update read?",
)
UNTOUCHED = (
    "Print a gradient array before and after step. It should be the same.",
    "Look for *=, += or out= on an array that came in through grads.",
)
UPHILL = (
    "Take x > 0 with a positive gradient. Which way is down?",
    "Look at the sign in your last line.",
)

MISCONCEPTIONS = (
    M("b1-sgd_ascends", "SGD goes uphill: the sign of the update is turned", "adds the gradient",
      UPHILL, sgd(SGDAscends)),
    M("b1-sgd_no_rate", "SGD ignores the rate: it subtracts the whole gradient", "forgets lr", (
        "Halve lr: every step should be half as long. Is it?",
        "Which line of step reads self.lr?",
    ), sgd(SGDNoRate)),
    M("b1-sgd_fixed_rate", "SGD's rate is fixed at 0.01, whatever is passed in", "hard-codes the rate", (
        "Make an SGD with lr=0.5 and look at what your object stores.",
        "Search your class for 0.01.",
    ), sgd(SGDFixedRate)),
    M("b1-sgd_frozen_rate", "SGD's rate is frozen at construction: setting optimizer.lr has no effect",
      "stores a second copy of the rate", RATE, sgd(SGDFrozenRate)),
    M("b1-sgd_rebinds", "SGD puts a new array into the list: the caller's own array never changes",
      "writes params[i] = params[i] − …", IN_PLACE, sgd(SGDRebinds)),
    M("b1-sgd_local", "SGD never moves the caller's arrays: the steps go into copies, or nowhere",
      "gives a new value to the loop's own variable", IN_PLACE, sgd(SGDLocal)),
    M("b1-sgd_mutates", "SGD changes the caller's gradients", "scales the gradient in place",
      UNTOUCHED, sgd(SGDMutates)),
    M("b1-sgd_sign", "SGD uses only the gradient's sign", "takes sign descent for SGD", (
        "Twice the gradient should give twice the step. Does it?",
        "Which function of g enters your update?",
    ), sgd(SGDSign)),
    M("b1-sgd_normalized", "SGD divides the gradient by its length", "normalizes the gradient", (
        "Twice the gradient should give twice the step. Does it?",
        "Plain SGD uses the gradient as it is.",
    ), sgd(SGDNormalized)),
    M("b1-sgd_mean", "SGD moves every entry by the mean gradient", "averages over entries", (
        "Each entry has a slope of its own. Do two entries with opposite slopes move apart?",
        "The gradient has its parameter's shape; keep it.",
    ), sgd(SGDMean)),
    M("b1-sgd_first_only", "SGD moves the first parameter only", "leaves the loop out", (
        "How many arrays does params hold? And how many does your step change?",
        "Pair every parameter with its gradient.",
    ), sgd(SGDFirstOnly)),
    M("b1-sgd_decays", "SGD changes its own rate from step to step", "builds a decay in", (
        "Print optimizer.lr after a few steps. Who should change it?",
        "Schedules live outside the optimizer (B5).",
    ), sgd(SGDDecays)),
    M("b1-sgd_shrinks", "SGD shrinks the parameters too: weight decay was not asked for",
      "adds weight decay", (
        "With a zero gradient, should the parameters move?",
        "Look for a factor that multiplies the parameters.",
    ), sgd(SGDShrinks)),
    M("b1-classical", "The rate is inside the velocity: old gradients keep the rate of their time",
      "uses the classical form v = βv + ηg", (
          "At a constant rate both forms agree. Cut lr to a tenth: by how much should the very next step "
          "shrink?",
          "The velocity should remember gradients; the rate meets it only when x moves.",
      ), momentum(Classical)),
    M("b1-nesterov", "This is Nesterov's momentum: it looks ahead along the velocity",
      "adds the look-ahead", (
        "Is the very first step as long as SGD's? From rest it should be.",
        "What multiplies lr in your update: the velocity alone, or more?",
    ), momentum(LooksAhead)),
    M("b1-average", "The velocity is an average: the gradient comes in with a factor 1 − momentum",
      "takes Adam's first moment for heavy-ball momentum", (
          "Is the very first step as long as SGD's? From rest it should be.",
          "Feed the gradient 1 for ever with momentum 0.9: the velocity should settle at 10, not at 1.",
      ), momentum(Average)),
    M("b1-dampened", "Gradients are dampened by 1 − momentum from the second step on",
      "sets dampening = momentum", (
          "Your first step is right. With the gradient 1 twice and momentum 0.5, the velocity should be 1.5 "
          "then.",
          "With what weight does the second gradient enter?",
      ), momentum(Dampened)),
    M("b1-ascends", "MomentumSGD goes uphill: the sign of the update is turned", "adds the step",
      UPHILL, momentum(Ascends)),
    M("b1-velocity_sign", "The old velocity comes back with its sign turned", "subtracts the momentum term", (
        "With the same gradient again and again, should steps grow or shrink?",
        "A ball that rolls on keeps its direction.",
    ), momentum(VelocitySign)),
    M("b1-not_stored", "The velocity is never stored: this is SGD",
      "computes the velocity in a local variable", (
        "Print the velocity after two steps. Does it remember the first gradient?",
        "Which line of step writes to an attribute of self?",
    ), momentum(NeverStored)),
    M("b1-sum", "Momentum doesn't enter the velocity: gradients pile up without fading", "forgets β", (
        "With momentum = 0 you should have SGD. Do you?",
        "Which line of step reads self.momentum?",
    ), momentum(Sums)),
    M("b1-on_gradient", "Momentum multiplies the gradient, where it should multiply the old velocity",
      "attaches β to the wrong term", (
          "Is the very first step as long as SGD's? From rest it should be.",
          "Which of the two should fade: the old velocity or the new gradient?",
      ), momentum(MomentumOnGradient)),
    M("b1-moves_first",
      "The parameters move before the velocity is updated: each gradient acts one step late",
      "swaps the two lines", (
          "Take a single step from rest. Does anything move?",
          "In which order do v and x change?",
      ), momentum(MovesFirst)),
    M("b1-rate_twice", "The rate enters twice: in the velocity and in the step", "multiplies by η twice", (
        "Halve lr: every step should be half as long. Yours is a quarter.",
        "Count how often self.lr acts on a gradient on its way to the parameter.",
    ), momentum(RateTwice)),
    M("b1-no_rate", "The rate is missing from the update", "forgets lr", (
        "Halve lr: every step should be half as long. Is it?",
        "Which line of step reads self.lr?",
    ), momentum(NoRate)),
    M("b1-gradient_twice", "The gradient is added to a velocity that holds it already", "counts g twice", (
        "Is the very first step as long as SGD's? From rest it should be.",
        "What does the velocity hold once it has been updated?",
    ), momentum(AddsGradientAgain)),
    M("b1-shared_velocity", "All parameters share one velocity", "keeps a single velocity", (
        "Does every parameter have a velocity of its own?",
        "Step two parameters of the same shape, one with zero gradients: does it move?",
    ), momentum(SharedVelocity)),
    M("b1-fixed_momentum", "Momentum is fixed at 0.9, whatever is passed in", "hard-codes β", (
        "Make one with momentum=0: it should be SGD. Is it?",
        "Search your class for 0.9; it belongs in one place only.",
    ), momentum(FixedMomentum)),
    M("b1-other_default", "The default momentum is 0.5 here, where 0.9 was asked for",
      "changes the default", (
        "Compare your signature with the one in the task.",
        "Which value does momentum have when nobody passes one?",
    ), momentum(OtherDefault)),
    M("b1-frozen_rate", "MomentumSGD's rate is frozen at construction: setting optimizer.lr has no effect",
      "stores a second copy of the rate", RATE, momentum(FrozenRate)),
    M("b1-rebinds", "MomentumSGD puts a new array into the list: the caller's own array never changes",
      "writes params[i] = params[i] − …", IN_PLACE, momentum(Rebinds)),
    M("b1-copies", "MomentumSGD never moves the caller's arrays: the steps go into copies, or nowhere",
      "copies the parameters in __init__, or stores no step", IN_PLACE, momentum(Copies)),
    M("b1-mutates", "MomentumSGD changes the caller's gradients", "adds the velocity to g in place",
      UNTOUCHED, momentum(Mutates)),
    M("b1-aliases", "The first velocity is the caller's gradient array itself, and later steps change it",
      "stores g without copying it", (
          "After the first step, is your velocity the very array that came in through grads?",
          "What happens to that array at the second step?",
      ), momentum(Aliases)),
    M("b1-class_state", "State outlives the object: a second optimizer starts with what the first one left",
      "keeps the velocity on the class, in a default argument or in a global", (
          "Make two optimizers one after the other. Where does the second one's velocity come from?",
          "Everything a step remembers should be created in __init__ and belong to self.",
      ), momentum(ClassState)),
    M("b1-fading", "The momentum fades as a power of the step number", "writes βᵗ", (
        "The velocity is multiplied by momentum once at every step: is the power needed?",
        "With the gradient 1 three times and momentum 0.5, the velocity should be 1, 1.5, 1.75.",
    ), momentum(FadingMomentum)),
    M("b1-one_minus", "The old velocity is weighted by 1 − momentum", "swaps β and 1 − β", (
        "With momentum = 0 you should have SGD. Do you?",
        "With momentum near 1, should the old velocity survive or vanish?",
    ), momentum(OneMinus)),
)  # fmt: skip


# -------------------------------------------------------------------------------------- right ones


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
                "sgd_rebinds sgd_local rebinds copies",
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
