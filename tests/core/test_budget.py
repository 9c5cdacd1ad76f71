"""The time of one check: it ends what runs on, whatever that catches, and is named; what is quick is left alone."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from lrtutorial.answers import budget, evidence
from lrtutorial.answers.budget import Spent, within
from lrtutorial.course import steps
from lrtutorial.course.expected import recorded


class Slow:
    """Sleeps at every step, and catches whatever comes."""

    def __init__(self, params: list, lr: float = 0.001, **rest: float) -> None:
        self.params = params

    def step(self, grads: list) -> None:
        try:
            time.sleep(5)
        except Exception:
            pass


def test_a_slow_answer_is_undecided_and_its_limit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "SECONDS", 0.2)
    step, expected = steps()["b2"], recorded("b2")
    gathered = evidence.gather(step, {"Adam": Slow}, expected.probes)
    verdict = evidence.judge(step, gathered, expected, {})
    assert verdict.status == "undecided" and verdict.points == 0 and "0.2 s" in verdict.headline


def test_what_catches_everything_is_interrupted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "_AGAIN", 0.05)
    caught = 0
    with pytest.raises(Spent), within(0.05):
        while True:
            try:
                time.sleep(10)
            except BaseException:
                caught += 1
                if caught > 2:
                    raise


def test_what_is_done_in_time_leaves_no_alarm_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with within(5):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0) and signal.getsignal(signal.SIGALRM) is before


def test_an_answers_own_interrupt_is_not_the_limit() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, within(5):
        raise KeyboardInterrupt
    assert not isinstance(caught.value, Spent)


def test_where_there_is_no_alarm_a_thread_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "setitimer")
    with pytest.raises(Spent), within(0.05):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            pass
    with within(5):
        pass


def test_beside_the_main_thread_there_is_no_limit() -> None:
    done = []

    def work() -> None:
        with within(0.01):
            time.sleep(0.1)
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]
