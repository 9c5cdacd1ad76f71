"""Ending an edited answer: always, and not where what is raised would get lost."""

from __future__ import annotations

import gc
import sys
import weakref

import pytest

from lrtutorial.locating import alarm
from lrtutorial.locating.alarm import Alarm, TooLong, limited

#: answers as a cell defines them: an edit made each endless
ENDLESS = {
    "much time in callbacks of weak references": """
def answer():
    while True:
        kept = weakref.WeakValueDictionary({number: Kept() for number in range(20)})
        del kept
        sum(number * number for number in range(20))
""",
    "much time in callbacks of the collector": """
def answer():
    while True:
        gc.collect(0)
        for _ in range(20_000): pass
""",
    "catching what it can": """
def answer():
    while True:
        try:
            while True: pass
        except Exception:
            continue
""",
    "in a library that never comes back": """
def answer():
    library["endless"]()
""",
}


class Kept:
    """Something a weak reference may point to."""


@pytest.mark.whole  # many seconds
@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_ended_and_nothing_that_is_raised_gets_lost(source, monkeypatch) -> None:
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda one: lost.append(one.exc_value))
    library: dict[str, object] = {"__name__": "statistics"}
    exec("def collected(phase, info):\n    for _ in range(100): pass\ndef endless():\n    while True: pass", library)
    space: dict[str, object] = {"__name__": "__main__", "weakref": weakref, "gc": gc, "Kept": Kept, "library": library}
    exec(source, space)
    if "library" in source:  # as often as a run is spared, which takes two seconds of the processor
        monkeypatch.setattr(alarm, "SPARED", 25)
    gc.callbacks.append(library["collected"])
    try:
        for _ in range(1 if "library" in source else 20):
            with pytest.raises(TooLong), limited(0.01):
                space["answer"]()
    finally:
        gc.callbacks.remove(library["collected"])
    assert lost == []


def test_one_alarm_ends_run_after_run_and_lets_the_others_be() -> None:
    space: dict[str, object] = {"__name__": "__main__"}
    exec("def endless(_):\n    while True: pass", space)
    with Alarm() as own:
        for _ in range(3):
            assert not own.within(0.01, space["endless"], None)
            assert own.within(0.5, lambda answer: answer == 1, 1)
