"""Every function a student calls, with every argument wrong, one at a time: what comes is advice, in words."""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

import lrtutorial
from lrtutorial import problems
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
    "explore rotated": (
        ["rotated", ["sgd"]],
        {"kappa": 4.0, "angle": 30.0, "momentum": 0.9, "eps": 1e-8},
    ),
    "plot_trajectories": (["bowl", {"sgd": np.array([[1.0, 1.0], [0.5, 0.2]])}], {}),
    "plot_schedule": ([[0.1, 0.2, 0.1]], {}),
    "plot_range_test": ([[0.1, 0.2, 0.4], [3.0, 2.0, 4.0]], {}),
    "problems.get_problem": (["bowl"], {}),
    "problems.rotated_quadratic": ([], {"kappa": 4.0}),
    "problems.Quadratic": (["mine", "x²", [[2.0, 0.0], [0.0, 2.0]]], {}),
    "problems.Quadratic.gradient": ([problems.get_problem("bowl"), [1.0, 1.0]], {}),
}


def places() -> list[tuple[str, str | int]]:
    """Return every function with each place of an argument: a number, a keyword, or a keyword that it doesn't have."""
    found: list[tuple[str, str | int]] = []
    for name in [*lrtutorial._HOMES, *(one for one in RIGHT if one not in lrtutorial._HOMES)]:
        parameters = inspect.signature(function(name)).parameters.values()
        args, kwargs = RIGHT.get(name, ([], {}))
        found += [(name, i) for i, arg in enumerate(args) if not isinstance(arg, problems.Problem)]
        found += [(name, word) for word in {one.name: 0 for one in parameters if one.kind is one.KEYWORD_ONLY} | kwargs]
        found += [(name, "no_such_word")]
    return found


def function(name: str) -> Callable[..., object]:
    """Return a function of lrtutorial by its name; what follows a space says which call of it."""
    return operator.attrgetter(name.partition(" ")[0])(lrtutorial)


def said_of(name: str, place: str | int, wrong: object) -> str:
    """Return what is wrong with what a function does with an argument; "" when it answers or advises."""
    if name == "plot_schedule" and place == 0 and callable(wrong):
        return ""  # it is called, and what it raises is its own
    args, kwargs = list(RIGHT.get(name, ([], {}))[0]), dict(RIGHT.get(name, ([], {}))[1])
    if isinstance(place, int):
        args[place] = wrong
    else:
        kwargs[place] = wrong
    try:
        function(name)(*args, **kwargs)
    except Advice as error:
        return "" if len(str(error).split()) >= 4 else f"no more than {type(error).__name__}: {error}"
    except TypeError as error:  # Python's own word for a keyword that a function doesn't have
        return "" if "unexpected keyword argument 'no_such_word'" in str(error) else f"TypeError: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def test_every_function_is_tried() -> None:
    assert set(lrtutorial._HOMES) - set(RIGHT) <= {"calibration", "draw"} and len(places()) > 45


@pytest.mark.parametrize(("name", "place"), places())
def test_a_wrong_argument_is_answered_in_words(name: str, place: str | int, capsys: pytest.CaptureFixture[str]) -> None:
    import matplotlib.pyplot as plt

    told = {}
    for wrong in WRONG:
        if said := said_of(name, place, wrong):
            told[repr(wrong)[:60]] = said
        plt.close("all")
    assert told == {}
    assert "Traceback" not in "".join(capsys.readouterr())
