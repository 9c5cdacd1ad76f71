"""B1 and B2 with answers that nobody catalogued: no class, no body, an exception, two bugs at once, forged evidence."""

from __future__ import annotations

import copy
import itertools
import json
import linecache
import threading
import types
from abc import ABC
from typing import Generic, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.catalogue import public_expectations
from autograder.catalogue.b2 import Pieces
from autograder.references.optimizers import SGD, Adam, MomentumSGD
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import optimizer
from tests.part_b.written_by_hand import WRITTEN, NoCorrection, NoEpsilon

CELL = '''
class Adam:
    """Adam."""

    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        {init}

    def step(self, grads):
        """Take one step."""
        {step}
'''


def written(init="...", step="...", name="<cell>"):
    """An Adam as a student wrote it into a cell."""
    source = CELL.format(init=init, step=step)
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space = {"np": np}
    exec(compile(source, name, "exec"), space)
    return space["Adam"]


class Odd:
    """Something that can't be shown."""

    def __repr__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    "right",
    [
        type("Adam", (Adam, ABC), {}),
        type("Adam", (Adam,), {"lock": threading.Lock()}),
        type("Adam", (Adam,), {"odd": Odd()}),
        type("Adam", (Adam,), {"log": type("Log", (), {})()}),
        type("Adam", (Adam,), {"count": itertools.count()}),
        types.new_class("Adam", (Adam, Generic[TypeVar("X")])),
    ],
    ids=["an abstract base", "a lock", "no repr", "a plain object", "a counter", "a generic class"],
)
def test_what_else_lies_on_the_class_is_no_mistake(right: type) -> None:
    assert verdict_on("b2", right).right


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (Adam([np.zeros(2)]), "unreadable", "without parentheses"),
        ([0.1, 0.2], "unreadable", "A class was expected for Adam, but list came"),
        (Adam.step, "unreadable", "A class was expected"),
        (type("Adam", (), {}), "unreadable", "no method step"),
        (written(), "unfinished", "Adam.step does nothing yet"),
        (written(init="self.params = params"), "unfinished", "Adam.step does nothing yet"),
        (written(step="self.t = 1"), "unfinished", "Adam.__init__ does nothing yet"),
        (written(step="pass"), "unfinished", "Adam.step does nothing yet"),
        (written(step="return"), "unfinished", "Adam.step does nothing yet"),
    ],
)
def test_what_is_no_finished_class_is_told_so_and_earns_nothing(answer, status, words) -> None:
    verdict = verdict_on("b2", answer)
    assert verdict.status == status and words in verdict.headline and verdict.points == 0, str(verdict)


def test_one_unfinished_class_of_two_leaves_the_points_of_the_other() -> None:
    verdict = verdict_on("b1", SGD, ...)
    assert verdict.status == "unfinished" and verdict.points == 8 and "MomentumSGD" in verdict.headline


def test_an_exception_is_shown_with_its_line_in_the_cell() -> None:
    answer = written(init="self.params = params", step="self.params[0] -= grads[0] * self.rate")
    verdict = verdict_on("b2", answer)
    assert verdict.points == 0 and "AttributeError" in verdict.headline
    assert verdict.where.startswith("raised in line 10 of your cell, in step: self.params[0] -= grads[0] * self.rate")


def test_a_signature_that_lacks_an_argument_is_told_how_it_is_called() -> None:
    begin = {"__init__": lambda self, params, lr: setattr(self, "lr", lr), "step": Adam.step}
    verdict = verdict_on("b2", type("Adam", (), begin))
    assert "TypeError" in verdict.headline and "beta1=…" in verdict.hint and verdict.points == 0


def test_a_step_that_broadcasts_is_caught_whether_it_raises_or_changes_a_shape() -> None:
    rebinding = written(
        init="self.params = params",
        step="self.params[:] = [p - np.ones((2, 1)) * g.ravel()[:1] for p, g in zip(self.params, grads)]",
    )
    verdict = verdict_on("b2", rebinding)
    assert verdict.points == 0 and "had shape (2,) and has (2, 2) now" in verdict.headline, str(verdict)
    raising = written(init="self.params = params", step="self.params[0] -= np.ones((5, 2))")
    assert "broadcast" in verdict_on("b2", raising).headline


def test_lists_and_numbers_in_place_of_arrays_are_errors_of_the_cell() -> None:
    answer = written(init="self.params = [p.tolist() for p in params]", step="self.params[0] *= 0.1")
    verdict = verdict_on("b2", answer)
    assert verdict.points == 0 and "TypeError" in verdict.headline and "line 10" in verdict.where


def test_exit_inside_step_is_an_error_like_any_other() -> None:
    verdict = verdict_on("b2", written(init="pass; self.t = 0", step="raise SystemExit(0)"))
    assert "SystemExit" in verdict.headline and verdict.points == 0


def test_prints_and_warnings_cost_nothing(capsys) -> None:
    class Noisy(Adam):
        def step(self, grads):
            import warnings

            print("stepping", grads)
            warnings.warn("noise", stacklevel=1)
            super().step(grads)

    assert verdict_on("b2", Noisy).right and not capsys.readouterr().out


# ------------------------------------------------------------------------------------- unlisted mistakes


def moved_by(factor):
    class Scaled(Adam):
        def step(self, grads):
            before = [p.copy() for p in self.params]
            super().step(grads)
            for p, b in zip(self.params, before, strict=True):
                p[...] = b + factor * (p - b)

    return Scaled


class Unscaled(Pieces):
    def direction(self, m_hat, v_hat, g):
        return 3 * g


class Amnesiac(Pieces):
    """Forgets everything at step 5."""

    def step(self, grads):
        if self.t == 5:
            self.m = [0 * m for m in self.m]
        super().step(grads)


class EpsilonTwice(Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat / (np.sqrt(v_hat) + 2 * self.eps)


class RateSquaredLater(Pieces):
    """Right at a constant rate only."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.begun = self.lr

    def move(self, i, step):
        self.params[i] -= step * (self.lr / self.begun)


class VectorsOnly(Pieces):
    def second(self, v, g):
        return super().second(v, g) if np.ndim(g) < 2 else super().second(v, 2 * g)


class TwoBugs(NoCorrection, NoEpsilon):
    """No correction (early) and no ε (at tiny gradients)."""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (moved_by(0.5), "too short, by the factor 0.5"),
        (moved_by(-0.5), "goes uphill"),
        (Unscaled, "scale invariance"),
        (Amnesiac, "Off: Twelve steps with odd betas. Right: One step"),
        (EpsilonTwice, "Only runs in which ε can be seen are off"),
        (RateSquaredLater, "Only the run in which optimizer.lr changes is off"),
        (VectorsOnly, "Only the run with a matrix and a vector together is off"),
        (TwoBugs, "Two mistakes together give just these numbers. Neither moment is corrected for its start at zero"),
        (type("Still", (Pieces,), {"move": lambda self, i, step: setattr(self, "last", step)}), "never move"),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_an_unlisted_mistake_gets_the_property_that_breaks_first(answer, words) -> None:
    verdict = verdict_on("b2", answer)
    assert words in verdict.headline, str(verdict)
    assert verdict.points < 20 and verdict.counterexample and verdict.hint
    if answer is TwoBugs:
        assert "after step 1," in verdict.counterexample and verdict.misconception == "b2-no_correction"
        assert verdict.details == ("And: ε is missing: a gradient that has been zero throughout divides zero by zero.",)


def test_a_state_kept_in_a_default_argument_is_found() -> None:
    source = "def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, m=[], v=[])"
    space = {"np": np}
    exec(
        f"class Adam:\n    {source}:\n"
        "        self.params, self.lr, self.beta1, self.beta2, self.eps = params, lr, beta1, beta2, eps\n"
        "        self.m, self.v, self.t = m, v, 0\n"
        "        while len(m) < 8:\n"
        "            m.append(0.0); v.append(0.0)\n",
        space,
    )
    answer = space["Adam"]
    for name in ("step", "step_one", "first", "second", "corrected", "direction", "move"):
        setattr(answer, name, getattr(Pieces, name))
    verdict = verdict_on("b2", answer)
    assert verdict.points < 20 and not verdict.right
    lasting = optimizer.drive(answer, recorded("b2").probes[-1])["lasting"]
    assert lasting is True


def test_each_class_of_b1_is_told_its_own_mistake() -> None:
    verdict = verdict_on("b1", WRITTEN["SGD"]["ascends"], WRITTEN["MomentumSGD"]["classical"])
    assert verdict.misconception == "b1-sgd_ascends" and verdict.headline.startswith("SGD goes uphill")
    assert any(text.startswith("MomentumSGD: The rate is inside the velocity") for text in verdict.details)
    assert verdict.points == 14


def test_a_library_optimizer_earns_nothing_and_is_told_why() -> None:
    space: dict = {"np": np, "__name__": "__main__"}
    source = (
        "class Adam:\n"
        "    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):\n"
        "        import torch\n"
        "        self.lr, self.tensors = lr, [torch.from_numpy(p) for p in params]\n"
        "        self.inner = torch.optim.Adam(self.tensors, lr, (beta1, beta2), eps)\n"
        "    def step(self, grads):\n"
        "        import torch\n"
        "        for p, g in zip(self.tensors, grads):\n"
        "            p.grad = torch.from_numpy(g)\n"
        "        self.inner.step()\n"
    )
    linecache.cache["<library>"] = (len(source), None, source.splitlines(True), "<library>")
    exec(compile(source, "<library>", "exec"), space)
    verdict = verdict_on("b2", space["Adam"])
    assert verdict.points == 0 and "torch.optim" in verdict.headline


# ------------------------------------------------------------------------------------------- evidence


@pytest.fixture(scope="module")
def honest():
    """What an honest Adam gives, as JSON."""
    return json.dumps(optimizer.collect(find_step("b2"), {"Adam": Adam}, recorded("b2").probes))


def leaves(data, path=()):
    """All paths into a piece of JSON."""
    yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))


JUNK = [None, True, -1, 10**9, 1.5, float("nan"), "", "x" * 1000, [], {}, [[1]], {"trace": 1}, "AAAA"]


@given(data=st.data())
def test_evidence_that_was_tampered_with_never_raises_and_never_gains(honest, data) -> None:
    evidence = json.loads(honest)
    paths = [path for path in leaves(evidence) if path]
    path = data.draw(st.sampled_from(paths))
    holder = evidence
    for key in path[:-1]:
        holder = holder[key]
    before = copy.deepcopy(holder[path[-1]])
    if data.draw(st.booleans()):
        holder[path[-1]] = data.draw(st.sampled_from(JUNK))
    else:
        del holder[path[-1]]
    verdict = optimizer.judge(find_step("b2"), evidence, recorded("b2"), {})
    harmless = path[-1] in ("touched", "rebound", "lasting", "problems", "error", "kind")
    if verdict.right and not harmless:
        assert isinstance(holder, dict) and holder.get(path[-1]) == before


@pytest.mark.parametrize("evidence", [None, [], {}, 5, {"kind": "optimizer"}, {"kind": "formula", "runs": {}}])
def test_no_evidence_is_worth_nothing(evidence) -> None:
    verdict = optimizer.judge(find_step("b2"), evidence, recorded("b2"), {})
    assert verdict.points == 0 and verdict.status == "failed" and verdict.headline


def test_the_runs_of_the_public_probes_do_not_answer_fresh_ones(honest) -> None:
    """Recorded numbers sent back in grading are the answers to other questions."""
    from autograder.catalogue import expectations, generator

    expected = expectations("b2", generator("a grading run"))
    assert optimizer.judge(find_step("b2"), json.loads(honest), expected, {}).points == 0


def test_no_movement_earns_nothing_at_all() -> None:
    """A class that does something, but not to the parameters."""

    class Idle(MomentumSGD):
        def step(self, grads):
            self.velocities = [g + 1 for g in grads]

    for step, answers in (
        ("b1", (Idle, Idle)),
        ("b2", (type("A", (Pieces,), {"move": lambda *a: a and None}),)),
    ):
        expected = public_expectations(step)
        found = find_step(step)
        named = dict(zip(found.answers, answers, strict=True))
        if step == "b1":
            named["SGD"] = type("S", (SGD,), {"step": lambda self, grads: setattr(self, "x", grads)})
        verdict = optimizer.judge(found, optimizer.collect(found, named, expected.probes), expected)
        assert verdict.points == 0, str(verdict)
