"""What lasts beyond a call or an object, what is copied and what crashes, as students write it: one slip, one price."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.catalogue import expectations, generator, questions
from benchmarks.locating import as_cell
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step
from lrtutorial.kinds.outlasting import afresh, as_new
from tests.part_b.right_answers import B1, B2, B3, B5


def changed(source: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert old in source, old
        source = source.replace(old, new, 1)
    return source


SIGNATURE = "    def __init__(self, params, lr, momentum=0.9):\n        self.params = params\n        self.lr = lr\n"
MOMENTUM = f"class MomentumSGD:\n{SIGNATURE}        self.momentum = momentum\n"
LOOP = "    def step(self, grads):\n        for i, (p, g) in enumerate(zip(self.params, grads)):\n"
GLOBAL = f"""state = {{}}
{MOMENTUM}{LOOP}            state[i] = self.momentum * state.get(i, 0) + g
            p -= self.lr * state[i]
"""
ONE_FOR_ALL = f"""{MOMENTUM}        self.velocity = 0
{LOOP}            self.velocity = self.momentum * self.velocity + g
            p -= self.lr * self.velocity
"""
INSIDE_AND_AVERAGED = f"""{MOMENTUM}        self.v = [0.0] * len(params)
{LOOP}            self.v[i] = self.momentum * self.v[i] + (1 - self.momentum) * self.lr * g
            p -= self.v[i]
"""
NEW_LIST = """class SGD:
    def __init__(self, params, lr):
        self.params, self.lr = params, lr
    def step(self, grads):
        self.params = [p - self.lr * g for p, g in zip(self.params, grads)]
"""
PAPER, LISTS = B2["as in the paper"], B3["lists"]
NEW_ADAM = changed(
    PAPER,
    ("        for i, g in", "        new = []\n        for i, g in"),
    ("self.params[i] -= ", "new.append(self.params[i] - "),
    ("+ self.eps)\n", "+ self.eps))\n        self.params = new\n"),
)
COUNTS_OUTSIDE = "t = 0" + changed(
    PAPER.replace("self.t", "t"), ("        t = 0\n", ""), ("        t += 1", "        global t\n        t += 1")
)
COUNTS_ANEW = changed(
    PAPER.replace("self.t", "t"),
    ("        t = 0\n", ""),
    ("        t += 1\n", "        t = 0\n"),
    ("enumerate(grads):\n", "enumerate(grads):\n            t += 1\n"),
)
COPIES_AND_MULTIPLIES = changed(
    PAPER,
    ("self.beta1**self.t", "self.beta1*self.t"),
    ("self.beta2**self.t", "self.beta2*self.t"),
    ("self.params[i] -= ", "p = self.params[i] - "),
)
UNBRACKETED = changed(
    PAPER,
    ("(1 - self.beta1**self.t)", "1 - self.beta1**self.t"),
    ("(1 - self.beta2**self.t)", "1 - self.beta2**self.t"),
)
FOLDED = changed(
    PAPER,
    ("m_hat = self.m[i] / (1 - self.beta1**self.t)", "m_hat = self.m[i]"),
    ("v_hat = self.v[i] / (1 - self.beta2**self.t)", "v_hat = self.v[i]"),
    ("self.lr * m_hat", "self.lr * (1 - self.beta2**self.t) / (1 - self.beta1**self.t) * m_hat"),
)
ONE_LIST = changed(
    PAPER, ("self.m = [", "self.m = self.v = ["), ("        self.v = [np.zeros_like(p) for p in params]\n", "")
)
DEFAULT = changed(
    LISTS,
    ("momentum, steps):", "momentum, steps, v=np.zeros(2)):"),
    ("    v = np.zeros(2)\n", ""),
    ("v = momentum * v + gradient(pos)", "v *= momentum\n        v += gradient(pos)"),
)
RIGHT_GRADIENT = "np.array([2 * pos[0], 20 * pos[1]])"
SLIPS = {  # the answer, its source, what is named, the points of 20, and words of the verdict
    "a list of new arrays": ("SGD", NEW_LIST, "b1-sgd_copies", 18, "never moves the caller's arrays"),
    "a list of new arrays, Adam": ("Adam", NEW_ADAM, "b2-copies", 18, "never moves the caller's arrays"),
    "copies that become NaN": ("Adam", COPIES_AND_MULTIPLIES, "b2-correction_product", 12, "And: Adam never moves"),
    "velocities in a global": ("MomentumSGD", GLOBAL, "b1-class_state", 17, "state outlives the object"),
    "a count in a global": ("Adam", COUNTS_OUTSIDE, "b2-class_state", 18, "state outlives the object"),
    "a count that begins anew": ("Adam", COUNTS_ANEW, "b2-t_per_parameter", 14, "once for every parameter"),
    "one velocity, shapes that clash": ("MomentumSGD", ONE_FOR_ALL, None, 18, "end show: All parameters share one vel"),
    "rate inside an average": ("MomentumSGD", INSIDE_AND_AVERAGED, "b1-classical", 13, "And: The velocity is an aver"),
    "no brackets": ("Adam", UNBRACKETED, "b2-correction_unbracketed", 14, "bracket around 1 − beta^t is missing"),
    "one list for both moments": ("Adam", ONE_LIST, "b2-one_array", 16, "m and v are one and the same"),
    "one mean for all entries": (
        "Adam", changed(PAPER, ("* g**2", "* np.mean(g**2)")), "b2-norm", 16, "The squares of all entries"),
    "a folded correction": ("Adam", FOLDED, "b2-folded_without_root", 14, "lacks its root"),
    "a velocity in a default": ("run_momentum", DEFAULT, "b3-lasting", 18, "Something outlives the call"),
    "the terms of f": (
        "run_", changed(LISTS, (RIGHT_GRADIENT, "np.array([pos[0]**2, 10 * pos[1]**2])")), "b3-gradient_value", 16,
        "own value stands in place of its gradient"),
    "a sum for a gradient": (
        "run_", changed(LISTS, (RIGHT_GRADIENT, "2 * pos[0] + 20 * pos[1]")), "b3-gradient_sum", 16,
        "one and the same"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_another_style_is_named_and_costs_its_own_line(slip) -> None:
    answer, source, name, points, words = SLIPS[slip]
    step = find_step({"SGD": "b1", "MomentumSGD": "b1", "Adam": "b2"}.get(answer, "b3"))
    space = as_cell(source)
    own = {one: space[one] for one in step.answers if one.startswith(answer) and one in space}
    reference = questions()[step.id].reference
    given = {**(reference if len(step.answers) > 1 else {}), **own}
    verdict = verdict_on(step.id, *(given[one] for one in step.answers))
    assert (verdict.misconception, verdict.points) == (name, points) and words in str(verdict), str(verdict)
    expected = expectations(step.id, generator("draw", step.id))
    verdict = step.judge(step.collect(given, expected.probes), expected)
    assert (verdict.misconception, verdict.points) == (name, points), str(verdict)


def test_a_function_is_not_told_of_a_class_and_its_attributes() -> None:
    for mistake in questions()["b3"].misconceptions:
        for text in (mistake.title, *mistake.hints):
            assert not any(word in text for word in ("SGD class", "MomentumSGD", "optimizer.lr", "self.lr")), text


CLOSURES = """
class SGD:
    def __init__(self, params, lr):
        self.lr = lr
        def move(grads):
            for p, g in zip(params, grads):
                np.subtract(p, self.lr * g, out=p)
        self.step = move
"""


def test_a_step_that_init_defines_is_a_step_and_a_number_of_that_name_is_none() -> None:
    right = as_cell(B1["index"])["MomentumSGD"]
    assert verdict_on("b1", as_cell(CLOSURES)["SGD"], right).right
    counts = as_cell("class SGD:\n    def __init__(self, params, lr):\n        self.step = 0\n")["SGD"]
    assert "has no method step" in verdict_on("b1", counts, right).headline


def test_a_check_leaves_the_notebooks_names_as_they_were() -> None:
    space = as_cell(GLOBAL)
    held = space["state"]
    held["mine"] = [1]
    verdict_on("b1", questions()["b1"].reference["SGD"], space["MomentumSGD"])
    assert space["state"] is held and held == {"mine": [1]}


KEEPS = """
log, count, table = [], 0, np.zeros(2)
def inner(x):
    global count
    count += 1
    log.append(x)
def outer(x, seen={1}, *, more=[]):
    seen.add(x)
    more.append(x)
    table[0] = x
    inner(x)
"""


def test_what_lasts_is_put_back_and_stays_the_same_object() -> None:
    space = as_cell(KEEPS)
    outer, log, table = space["outer"], space["log"], space["table"]
    put_back = as_new(outer)
    with afresh(outer):
        outer(5)
        assert (log, space["count"], table[0], outer.__defaults__) == ([5], 1, 5, ({1, 5},))
    assert (log, space["count"], table[0], outer.__defaults__) == ([], 0, 0, ({1},))
    assert space["log"] is log and outer.__kwdefaults__ == {"more": []}
    outer(6)
    put_back()
    assert (log, space["count"], outer.__kwdefaults__) == ([], 0, {"more": []})
    with pytest.raises(ZeroDivisionError), afresh(outer):
        outer(7)
        raise ZeroDivisionError
    assert log == [] and not np.any(table)


SCHEDULE = B5["subtract"]
KEEPS_ITS_PLACE = changed(
    SCHEDULE,
    ("        self.T_mult = T_mult\n", "        self.T_mult = T_mult\n        self.begin, self.T_i = 0, T_0\n"),
    ("        T_i = self.T_0\n        T_cur = epoch\n", ""),
    (
        "        while T_cur >= T_i:\n            T_cur = T_cur - T_i\n            T_i = T_i * self.T_mult\n",
        "        while epoch - self.begin >= self.T_i:\n            self.begin += self.T_i\n"
        "            self.T_i *= self.T_mult\n        T_cur, T_i = epoch - self.begin, self.T_i\n",
    ),
)
RATE = "self.lr_min + 0.5 * (self.lr_max - self.lr_min) * (1 + np.cos(np.pi * T_cur / T_i))"
SCHEDULES = {  # its source, what is named, the points of 20, words that are said and that aren't
    "goes forward only": (KEEPS_ITS_PLACE, "b5-only_forward", 18, "Going back to an earlier", "The list returned"),
    "ends an epoch early": (
        changed(SCHEDULE, ("T_cur / T_i", "T_cur / (T_i-1)")), "b5-ends_early", 15, "it is divided by T_i",
        "on the half cosine"),
    "a pair": (
        changed(SCHEDULE, (RATE, f"{RATE}, T_i")), None, 0, "Print what get_lr gives there", "The list returned"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SCHEDULES)
def test_a_schedule_loses_what_its_slip_is_about_and_nothing_untrue_is_said(slip) -> None:
    source, name, points, said, unsaid = SCHEDULES[slip]
    verdict = verdict_on("b5", as_cell(source)["CosineAnnealingWarmRestarts"])
    assert (verdict.misconception, verdict.points) == (name, points), str(verdict)
    assert said in str(verdict) and unsaid not in str(verdict), str(verdict)
