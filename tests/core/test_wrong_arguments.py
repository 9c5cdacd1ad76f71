"""Every function a student calls, with every argument wrong, one at a time: what comes is said in words."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

import lrtutorial
from lrtutorial.advice import Advice

WRONG = [
    None, ..., 0, -1, 10**30, 2.5, math.nan, math.inf, "", "a6-gradient", "\u0430\ud800", b"b2", [], {}, {"lr": "x"},
    [[1, 2], [3]], object(), type, len, print, True, lambda: 1, SimpleNamespace(step=3), "x" * 5000,
    np.array([]), np.full((2, 2), np.nan),
]  # fmt: skip
RIGHT: dict[str, tuple[list[object], dict[str, object]]] = {
    "check": (["a1-gradient", "a*x"], {}),
    "hint": (["a1-gradient"], {}),
    "derivation": (["a*x", "x*a"], {}),
    "compare": (["c1", 50, 50], {}),
    "reveal": (["c1"], {}),
    "course_map": ([], {}),
    "keep_progress": ([], {}),
    "explore": (["bowl", ["sgd"]], {"steps": 5, "start": (1.0, 1.0), "lr": 0.1, "goal": None, "views": ("loss",)}),
    "plot_trajectories": (["bowl", {"sgd": np.array([[1.0, 1.0], [0.5, 0.2]])}], {}),
    "plot_schedule": ([[0.1, 0.2, 0.1]], {}),
    "plot_range_test": ([[0.1, 0.2, 0.4], [3.0, 2.0, 4.0]], {}),
}


def places() -> list[tuple[str, str | int]]:
    """Return every function with each place of an argument: a number, a keyword, or a keyword that it doesn't have."""
    found: list[tuple[str, str | int]] = []
    for name in lrtutorial._HOMES:
        parameters = inspect.signature(getattr(lrtutorial, name)).parameters.values()
        found += [(name, i) for i in range(len(RIGHT.get(name, ([], {}))[0]))]
        found += [(name, one.name) for one in parameters if one.kind is one.KEYWORD_ONLY]
        found += [(name, "no_such_word")]
    return found


def said_of(function: Callable[..., object], name: str, place: str | int, wrong: object) -> str:
    """Return what is wrong with what a function does with an argument; "" when it answers or advises."""
    args, kwargs = list(RIGHT.get(name, ([], {}))[0]), dict(RIGHT.get(name, ([], {}))[1])
    if isinstance(place, int):
        args[place] = wrong
    else:
        kwargs[place] = wrong
    try:
        function(*args, **kwargs)
    except (Advice, ValueError, TypeError) as error:
        words = " ".join(map(str, error.args))
        return "" if len(words.split()) >= 4 else f"no more than {type(error).__name__}: {words!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def test_every_function_is_tried() -> None:
    assert set(lrtutorial._HOMES) - set(RIGHT) <= {"calibration", "draw"} and len(places()) > 30


@pytest.mark.parametrize(("name", "place"), places())
def test_a_wrong_argument_is_answered_in_words(name: str, place: str | int, capsys: pytest.CaptureFixture[str]) -> None:
    import matplotlib.pyplot as plt

    told = {}
    for wrong in WRONG:
        if said := said_of(getattr(lrtutorial, name), name, place, wrong):
            told[repr(wrong)[:60]] = said
        plt.close("all")
    assert told == {}
    assert "Traceback" not in "".join(capsys.readouterr())
