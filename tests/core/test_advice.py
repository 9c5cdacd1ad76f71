"""What a reader of a notebook sees of an error: of advice its sentence, of their own mistakes all that Python says."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbconvert.filters import strip_ansi
from traitlets.config import Config

import lrtutorial
from lrtutorial.advice import Advice, Said, Unusable, WrongType, name_of
from lrtutorial.kinds.driven import describe_error
from lrtutorial.verdict import CheckFailed, Verdict

CALLS = [
    'explore("bowl", steps=0)', 'explore("bowll")', 'explore("bowl", ["sgd"], kappa=3)', 'explore("bowl", [3])',
    'explore("bowl", goal="loss below 1")', "plot_schedule([])", "plot_schedule([1.0], ax=3)",
    "plot_trajectories('bowl', {})",
    "plot_range_test([1, 2], [3])", "Quadratic('mine', '', [[1, 2], [3, 4]])", "spirals(2)", "digits(2.5)",
    "spirals('x')", "draw('a1-gradient')",
]  # fmt: skip
KNOWN = {"FileNotFoundError", "LookupError", "OSError", "RuntimeError", "TypeError", "ValueError"}
BEGIN = """
from lrtutorial import *
from lrtutorial.datasets import digits, spirals
from lrtutorial.problems import Quadratic, get_problem
"""


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    main = sys.modules["__main__"]
    made = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    assert made.run_cell(BEGIN).success
    yield made
    sys.modules["__main__"] = main


def shown(shell: InteractiveShell, cell: str) -> str:
    """Return what IPython prints below a cell that raises."""
    with capture_output() as printed:
        done = shell.run_cell(cell)
    assert done.error_in_exec is not None
    return strip_ansi(printed.stdout + printed.stderr).strip()


@pytest.mark.parametrize("call", CALLS)
def test_a_notebook_shows_advice_as_its_sentence_alone(shell: InteractiveShell, call: str) -> None:
    said = shown(shell, call)
    assert len(said.splitlines()) == 1 and len(said.split()) > 4, said


def test_advice_from_within_a_function_of_the_readers_own_names_its_line(shell: InteractiveShell) -> None:
    said = shown(
        shell, "def descend(x):\n    bowl = get_problem('bowl')\n    return bowl.gradient(x)\ndescend([1, 2, 3])"
    )
    assert said.splitlines() == [
        "expected points of shape (..., 2), got shape (3,)",
        "It came from line 3 of descend's cell: return bowl.gradient(x)",
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "raise ValueError('mine')",
        "def rate(epoch):\n    raise ValueError('mine')\nplot_schedule(rate)",
        "class Mine:\n    def step(self, grads):\n        raise ValueError('mine')\n"
        "    def __init__(self, params, lr):\n        pass\n"
        "explore('bowl', [Mine], steps=3).trajectory('your_mine')",
    ],
    ids=["cell", "schedule", "explorer"],
)
def test_what_the_readers_own_code_raises_is_no_advice(shell: InteractiveShell, cell: str) -> None:
    said = shown(shell, cell)
    assert "Traceback (most recent call last)" in said and "mine" in said


def test_a_failed_check_shows_its_verdict_alone(shell: InteractiveShell) -> None:
    shell.user_ns["failed"] = CheckFailed(Verdict("a1-gradient", "wrong", "Not this."))
    assert shown(shell, "raise failed") == str(shell.user_ns["failed"].verdict)


def subclasses(of: type) -> Iterator[type]:
    for one in of.__subclasses__():
        yield from (one, *subclasses(one))


def test_advice_of_whatever_kind_has_the_name_of_an_exception_that_a_reader_knows() -> None:
    for found in pkgutil.walk_packages(lrtutorial.__path__, "lrtutorial."):
        if found.name.count(".") < 3:
            importlib.import_module(found.name)
    kinds = [kind for kind in subclasses(Advice) if kind.__module__.startswith("lrtutorial.")]
    assert {WrongType, Unusable} < set(kinds) and len(kinds) > 6
    for kind in kinds:
        assert name_of(kind("what to do")) in KNOWN
    assert describe_error(Unusable("what to do"))["type"] == "ValueError"  # what a verdict calls it
    assert name_of("WrongType") == "TypeError" and name_of("traceback") == "traceback"  # as a kernel says it
    assert name_of(KeyError("x")) == "KeyError" and issubclass(CheckFailed, Said)
