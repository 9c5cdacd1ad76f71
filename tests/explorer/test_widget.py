"""The widget without a browser: what is computed, what is sent, what wrong input and hostile code bring about."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from ipywidgets.widgets.widget import _remove_buffers

from lrtutorial.explorer import explore
from lrtutorial.explorer.goal import Goal
from lrtutorial.explorer.recurrences import trajectories
from lrtutorial.explorer.widget import Explorer
from lrtutorial.figures.palette import OKABE_ITO, STYLES
from lrtutorial.problems import get_problem


class Descent:
    """Plain descent, as a student may write it."""

    def __init__(self, params: list[np.ndarray], lr: float) -> None:
        self.params, self.lr = params, lr

    def step(self, grads: list[np.ndarray]) -> None:
        for i, grad in enumerate(grads):
            self.params[i] -= self.lr * grad


class SGDForEver(Descent):
    def step(self, grads: list[np.ndarray]) -> None:
        while True:
            time.sleep(0.01)  # its limit is of wall time


class SGDRaises(Descent):
    def step(self, grads: list[np.ndarray]) -> None:
        raise ArithmeticError("no idea")


class SGDReshapes(Descent):
    def step(self, grads: list[np.ndarray]) -> None:
        self.params[0] = np.zeros(3)


class SGDNan(Descent):
    def step(self, grads: list[np.ndarray]) -> None:
        self.params[0][:] = np.sqrt(-1.0 + 0 * grads[0])


class SGDRebinds(Descent):
    def step(self, grads: list[np.ndarray]) -> None:
        self.params = [p - self.lr * g for p, g in zip(self.params, grads, strict=True)]


class SGDExits(Descent):
    def step(self, grads: list[np.ndarray]) -> None:
        import os

        os._exit(3)


class SGDQuits(Descent):
    def step(self, grads: list[np.ndarray]) -> None:
        sys.exit("bye")


class SGDPrints(Descent):
    def step(self, grads: list[np.ndarray]) -> None:
        print("x" * 10_000)
        super().step(grads)


def run_sgd(start: np.ndarray, lr: float, steps: int) -> np.ndarray:
    return trajectories("sgd", get_problem("bowl"), [start], {"lr": lr}, steps)[0]


@pytest.fixture
def made() -> Iterator[Callable[..., Explorer]]:
    """Explorers that are closed after the test."""
    explorers: list[Explorer] = []

    def make(*arguments: Any, **named: Any) -> Explorer:
        explorers.append(explore(*arguments, **named))
        return explorers[-1]

    yield make
    for explorer in explorers:
        explorer.close()
        explorer.wait()


def sweep(explorer: Explorer, optimizer: str, key: str) -> np.ndarray:
    data = getattr(explorer, f"sweep_{optimizer}__{key}")["data"]
    return np.frombuffer(data, "<f4").reshape(-1, explorer.steps + 1, 3)


def ticks(explorer: Explorer, key: str) -> list[float]:
    return next(c["ticks"] for c in explorer.controls if c["key"] == key)


@pytest.mark.parametrize("problem", ["bowl", "rotated", "saddle", "rosenbrock", "noisy", "shallow"])
def test_every_sweep_holds_what_python_computes_for_each_position(made: Callable[..., Explorer], problem: str) -> None:
    explorer = made(problem, steps=20)
    for shown in explorer.optimizers:
        for key in shown["depends"]:
            runs = sweep(explorer, shown["id"], key)
            assert len(runs) == len(ticks(explorer, key))
            index = len(runs) // 3
            before = getattr(explorer, key)
            setattr(explorer, key, ticks(explorer, key)[index])
            expected = explorer.trajectory(shown["id"])
            setattr(explorer, key, before)
            np.testing.assert_allclose(runs[index, :, :2], expected, rtol=1e-6, atol=1e-30)


def test_loss_is_the_gap_to_the_minimum(made: Callable[..., Explorer]) -> None:
    runs = sweep(made(), "adam", "adam_lr")
    expected = get_problem("bowl").gap(runs[..., :2].astype(float))
    np.testing.assert_allclose(runs[..., 2], expected, rtol=1e-5, atol=1e-30)


def test_moving_a_slider_renews_the_other_sweeps_of_that_optimizer_only(
    made: Callable[..., Explorer],
) -> None:
    explorer = made()
    untouched = explorer.sweep_sgd__start_x
    explorer.adam_lr = ticks(explorer, "adam_lr")[10]
    assert explorer.wait()
    for key in ("adam_beta1", "adam_beta2", "start_x"):
        assert getattr(explorer, f"sweep_adam__{key}")["at"]["adam_lr"] == explorer.adam_lr
    assert explorer.sweep_sgd__start_x is untouched


def test_a_value_between_two_positions_is_answered_with_its_own_run(made: Callable[..., Explorer]) -> None:
    explorer = made()
    explorer.adam_lr = 0.123456
    assert explorer.wait()
    present = np.frombuffer(explorer.present_adam["data"], "<f4").reshape(-1, 3)
    np.testing.assert_allclose(present[:, :2], explorer.trajectory("adam"), rtol=1e-6)


def test_the_latest_values_win(made: Callable[..., Explorer]) -> None:
    explorer = made(optimizers=[Descent, "sgd"])
    for lr in ticks(explorer, "sgd_lr"):
        explorer.sgd_lr = lr
    assert explorer.wait()
    assert explorer.sweep_sgd__start_x["at"]["sgd_lr"] == explorer.sgd_lr


@pytest.mark.parametrize(
    "arguments",
    [{}, {"steps": 200}, {"problem": "rotated", "steps": 200}, {"problem": "rosenbrock", "steps": 300}],
)
def test_a_saved_widget_stays_below_a_megabyte(made: Callable[..., Explorer], arguments: dict[str, Any]) -> None:
    state, _, buffers = _remove_buffers(made(**arguments).get_state())
    assert len(json.dumps(state)) + sum(len(b) for b in buffers) * 4 / 3 < 1_000_000


@pytest.mark.parametrize(
    "code, message",
    [
        (SGDForEver, "no result within 2 s"),
        (SGDRaises, r"ArithmeticError: no idea \(line \d+: raise ArithmeticError"),
        (SGDReshapes, r"has shape \(3,\); it went in with shape \(2,\)"),
        (SGDNan, "step 1 made NaN"),
        (SGDRebinds, "updated in place"),
        (SGDExits, "process that ran it ended"),
        (SGDQuits, "SystemExit: bye"),
    ],
)
def test_hostile_code_leaves_a_message_and_the_reference_alive(
    made: Callable[..., Explorer], code: type, message: str
) -> None:
    started = time.monotonic()
    explorer = made(optimizers=[code, "sgd"])
    assert time.monotonic() - started < 1.5  # nobody waits for the student's code
    assert explorer.wait()
    shown = explorer.optimizers[0]["id"]
    assert re.search(message, getattr(explorer, f"present_{shown}")["message"])
    with pytest.raises(RuntimeError):
        explorer.trajectory(shown)
    assert np.isfinite(explorer.trajectory("sgd")).all()
    good = made(optimizers=[SGDPrints])  # the next student finds a working process, prints and all
    assert good.wait()
    np.testing.assert_allclose(good.trajectory("your_sgdprints"), explorer.trajectory("sgd"))


def test_a_students_class_shares_the_sliders_of_its_family_and_gets_sweeps(
    made: Callable[..., Explorer],
) -> None:
    explorer = made(optimizers=[SGDPrints, run_sgd, "sgd"])
    assert explorer.wait()
    assert [c["key"] for c in explorer.controls] == ["sgd_lr", "start_x", "start_y"]
    for own in ("your_sgdprints", "your_run_sgd"):
        for key in ("sgd_lr", "start_x"):
            np.testing.assert_allclose(sweep(explorer, own, key), sweep(explorer, "sgd", key), rtol=1e-5, atol=1e-30)


def test_unfinished_exercises_show_a_message(made: Callable[..., Explorer]) -> None:
    class Empty:
        pass

    explorer = made(optimizers=[None, ..., Empty, "adam"])
    refusals = [o["refusal"] for o in explorer.optimizers]
    assert "not written yet" in refusals[0] and "not written yet" in refusals[1]
    assert "no method .step" in refusals[2] and refusals[3] == ""


def test_goal_is_judged_in_the_kernel_too(made: Callable[..., Explorer]) -> None:
    explorer = made(optimizers=["sgd", "momentum"], goal="loss < 1e-6 within 30 steps")
    assert explorer.goal_met == []
    explorer.momentum_lr, explorer.momentum_momentum = 0.115, 0.27
    assert explorer.wait()
    assert explorer.goal_met == ["momentum"]
    gaps = get_problem("bowl").gap(explorer.trajectory("momentum"))
    assert Goal(1e-6, 30).met_at(gaps) == int(np.argmax(gaps < 1e-6)) <= 30


@pytest.mark.parametrize(
    "arguments, error, text",
    [
        ({"problem": "bowll"}, ValueError, "did you mean 'bowl'"),
        ({"optimizers": ["adm"]}, ValueError, "did you mean 'adam'"),
        ({"optimizers": []}, ValueError, "at least one optimizer"),
        ({"optimizers": [Descent([np.zeros(2)], 0.1)]}, TypeError, "pass the class itself"),
        ({"optimizers": [3]}, TypeError, "expected a name, a class"),
        ({"optimizers": ["adam", "adam"]}, ValueError, "listed twice"),
        ({"steps": 0}, ValueError, "steps from 1 to"),
        ({"steps": True}, ValueError, "steps from 1 to"),
        ({"start": (1, np.nan)}, ValueError, "two finite numbers"),
        ({"lr": -1}, ValueError, "above 0"),
        ({"lr": {"adam": "fast"}}, ValueError, "above 0"),
        ({"momentum": 1.0}, ValueError, "0 ≤ momentum < 1"),
        ({"kappa": 3.0}, TypeError, "unknown hyperparameter 'kappa'"),
        ({"views": ["map"]}, ValueError, "expected views out of"),
        ({"goal": "loss below 1"}, ValueError, 'like "loss < 1e-6 within 30 steps"'),
        ({"goal": "loss < 1.2.3 within 3 steps"}, ValueError, "1.2.3"),
        ({"goal": "loss < 1 within 99 steps"}, ValueError, "runs 1 to 50"),
    ],
)
def test_wrong_arguments_say_what_was_expected(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        explore(**arguments)
    assert text in str(caught.value)


def test_traits_are_ipywidgets_traits(made: Callable[..., Explorer]) -> None:
    explorer, seen = made(), []
    explorer.observe(lambda change: seen.append(change["new"]), names=["sgd_lr"])
    explorer.sgd_lr = 0.02
    assert seen == [0.02]
    with pytest.raises(Exception, match="sgd_lr"):
        explorer.sgd_lr = 5000.0
    assert len(repr(explorer)) < 200


def test_styles_are_okabe_ito_and_told_apart_without_colour() -> None:
    assert {s.color for s in STYLES.values()} | {s.dark for s in STYLES.values()} <= set(OKABE_ITO.values())
    assert len({(s.dash, s.marker) for s in STYLES.values()}) == len(STYLES)


def test_importing_the_door_is_light() -> None:
    import subprocess

    heavy = "('anywidget', 'numpy', 'matplotlib', 'torch')"
    code = f"import sys, lrtutorial.explorer; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
