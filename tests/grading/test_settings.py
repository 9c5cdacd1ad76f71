"""What an instructor sets in nbgrader_config.py is held to before anything runs: a slip costs no student a point."""

from __future__ import annotations

import errno
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import LimitOutput
from traitlets import HasTraits, TraitError
from traitlets.config import Config, Configurable, LazyConfigValue
from traitlets.config.loader import DeferredConfigString

from autograder.catalogue import Incomplete
from autograder.configuration import CELL_SECONDS
from autograder.gradebook.ledger import Ledger
from autograder.grading import assignment as assignments
from autograder.grading.assignment import Assignment, course_config
from autograder.grading.engine import grade
from autograder.grading.executor import TrustedExecute
from autograder.grading.one import CannotHold
from autograder.grading.rubric import ShowRubric
from autograder.grading.settings import settings_of
from autograder.grading.workers import HERE
from autograder.hooks import stock
from autograder.jail import JailedProvisioner
from lrtutorial.advice import Advice, Unusable
from tests.grading.a1 import PART, hand_in, in_course

CONFIGURED = (JailedProvisioner, TrustedExecute, LimitOutput, ShowRubric)
OPTIONS = sorted(
    {(owner.__name__, name) for one in CONFIGURED for owner in one.__mro__ if issubclass(owner, Configurable)
     for name in owner.class_trait_names(config=True)}
)  # fmt: skip
SLIPS = {
    "JailedProvisioner.minimum": ("fulll", "'fulll'"),
    "JailedProvisioner.minimun": ("full", "Did you mean 'minimum'"),
    "JailedProvisioner.limits": ({"memry_bytes": 2**30}, "no 'memry_bytes'; known are"),
    "JailedProvisioner.packages": (["lrtutorial", "no_such"], "'no_such', named for the jail, is not importable"),
    "JailedProvisioner.profiles": ({"numpy": {"preloads": []}}, "no 'preloads'; known are preload"),
    "JailedProvisioner.readable": (["/"], "whole file system"),
    "TrustedExecute.timeout": ("soon", "'soon'"),
    "LimitOutput.max_lines": ("many", "'many'"),
    "Execute.timeOut": (3, "Did you mean 'timeout'"),
    "TrustedExecute.on_cell_start": (print, "can't be passed on"),
    "LatePenalty.percent": (900, "takes a number from 0 to 100, got 900"),
    "LatePenalty.per": ("week", "'week'"),
    "LatePenalty.cap": (50, "Did you mean 'cap_percent'"),
    "AssignLatePenalties.plugin_class": ("autograder.gradebook.late.LatePenalt", "LatePenalt'"),
    "GrantExtraTime.path": (3, "path"),
    "LatePenalty.grace_minutes": (10**400, "a number that is too large"),
    "LatePenaltys.percent": (5, "Did you mean 'LatePenalty'"),
    "JailedProvisoner.minimum": ("full", "Did you mean 'JailedProvisioner'"),
    "jailedProvisioner.minimum": ("full", "Did you mean 'JailedProvisioner'"),
    "TrustedExecutor.timeout": (5, "Did you mean 'TrustedExecute'"),
    "ShowRubrics.heading": ("How", "Did you mean 'ShowRubric'"),
    "AssignLatePenaltys.plugin_class": ("x.Y", "Did you mean 'AssignLatePenalties'"),
    "JailedProvisioner.Limits": (Config({"cell_seconds": 3}), "Did you mean 'limits'"),
    "JailedProvisioner.profile": ("numpy", "each exercise says its own"),
    "JailedProvisioner.canaries": (["/not/there"], "canary /not/there, which there is not"),
    "JailedProvisioner.preload": (["lrtutorial.nope"], "no module 'lrtutorial.nope'"),
    "JailedProvisioner.layers_left_out": (["landlok"], "no layer 'landlok'"),
    "NotebookClient.kernel_manager_class": ("jupyter_client.AsyncKernelManager", "the jail's kernels alone"),
    "Execute.allow_errors": (True, "fixed in grading"),
    "KernelProvisionerBase.foo": (1, "It has no options"),
    "Execute.startup_timeout": (0, "startup_timeout to 0: expected seconds"),
    "Execute.iopub_timeout": (0, "iopub_timeout to 0: expected seconds"),
    "ExecutePreprocessor.error_on_timeout": ({"ename": 3}, "expected ename and evalue"),
}
#: Options of which a trait takes more than a run can use, or which grading sets itself.
OURS_TO_JUDGE = {
    *("canaries", "layers_left_out", "limits", "packages", "preload", "profile", "profiles", "readable"),
    *("enabled", "error_on_timeout", "iopub_timeout", "kernel_manager_class", "skip_cells_with_tag", "startup_timeout"),
    "timeout",
}
#: Further values that a trait takes and the jail does not.
ODD = {
    "JailedProvisioner.packages": (["__main__"], ["os.path"], ["", "."]),
    "JailedProvisioner.readable": (["/not/there"], ["a\0b"], ["\ud800"]),
    "JailedProvisioner.limits": ({"memory_bytes": 10**30}, {"cell_seconds": 10**400}, {"memory_bytes": 10**5000}),
    "JailedProvisioner.profiles": ({"nunpy": {}}, {5: {}}, {"numpy": None}, {"numpy": {"readable": {"a": 1}}}),
    "JailedProvisioner.preload": (["pandass"], ["lrtutorial.nope.nope"], ["sys.path"]),
    "TrustedExecute.timeout": (0, -5, 10**400),
}


def configured(option: str, value: object) -> Config:
    owner, _, name = option.partition(".")
    return Config({owner: {name: value}})


@pytest.fixture
def assignment(course: Path) -> Assignment:
    """Part A with one submission."""
    hand_in(course, "ada")
    found = Assignment.find(PART)
    found.config.CourseDirectory.db_url = f"sqlite:///{course / 'gradebook.db'}"
    for step in ("submitted", "autograded"):
        setattr(found.config.CourseDirectory, f"{step}_directory", str(course / step))
    return found


@pytest.mark.whole
@pytest.mark.parametrize("option", SLIPS)
def test_a_setting_that_cannot_be_used_stops_grading_before_anything_is_written(
    option: str, assignment: Assignment
) -> None:
    value, said = SLIPS[option]
    assignment.config.merge(configured(option, value))
    with pytest.raises(Unusable, match="nbgrader_config.py") as caught:
        grade(assignment, HERE)
    assert said in str(caught.value)
    with Ledger(assignment.course.db_url) as book:
        assert list(book.submissions(PART)) == []


@pytest.mark.whole
def test_extra_time_that_cannot_be_read_stops_grading_before_anything_is_written(assignment: Assignment) -> None:
    table = Path(assignment.config.CourseDirectory.db_url.removeprefix("sqlite:///")).with_name("extra_time.csv")
    assignment.config.GrantExtraTime.path = str(table)
    table.write_text(f"student,assignment,hours\nada,{PART},x\n")
    with pytest.raises(Advice, match="line 2: hours takes a number, got 'x'"):
        grade(assignment, HERE)
    with Ledger(assignment.course.db_url) as book:
        assert list(book.submissions(PART)) == []


@pytest.mark.whole
@pytest.mark.parametrize("what", ["catalogue", "recorded", "model_answers"])
def test_a_step_that_cannot_be_asked_stops_grading_before_anything_is_written(
    what: str, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgotten(*_: object) -> None:
        raise Incomplete("a1-gradient has no question")

    place = (assignments.catalogue, "expectations") if what == "catalogue" else (assignments, what)
    monkeypatch.setattr(*place, forgotten)
    with pytest.raises(Advice, match="a1-gradient has no question"):
        grade(assignment, HERE)
    with Ledger(assignment.course.db_url) as book:
        assert list(book.submissions(PART)) == []


@pytest.mark.whole
def test_both_commands_say_a_wrong_setting_in_a_sentence(course: Path) -> None:
    hand_in(course, "ada")
    done = in_course(course, sys.executable, "-m", "nbgrader", "autograde", PART, "--JailedProvisioner.minimum=fulll")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "nbgrader_config.py" in done.stderr and "'fulll'" in done.stderr
    assert not (course / "autograded").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("a6-gradient"), "a fault of the program, not yours: KeyError"),
        (OSError(errno.ENOSPC, "No space left on device", "/course"), "free some space"),
        (CannotHold("this machine is too weak"), "this machine is too weak"),
    ],
)
def test_nbgrader_s_own_command_says_an_error_in_a_sentence(error: Exception, said: str, monkeypatch, caplog) -> None:
    def fails(*_: object) -> list[str]:
        raise error

    monkeypatch.setattr(stock, "_by_assignment", lambda converter: {PART: {}})
    monkeypatch.setattr(stock.Door, "_grade_part", fails)
    door = stock.Door.__new__(stock.Door)
    door.converter = SimpleNamespace(log=logging.getLogger("converter"))
    with pytest.raises(NbGraderException, match=re.escape(said)):
        door.grade_chosen()
    assert said in caplog.text


def _odd_values() -> Iterator[object]:
    yield from ("odd", -7, 2.5, True, None, ["odd", 3], {"odd": 3})


@pytest.mark.parametrize("option", OPTIONS, ids=".".join)
def test_every_option_takes_what_its_trait_takes_and_nothing_else(option: tuple[str, str]) -> None:
    """Oracle: the trait itself, set on an object of no configuration."""
    owner, name = option
    least = next(one for one in CONFIGURED if owner in [base.__name__ for base in one.__mro__])
    if name not in least.class_trait_names(config=True) and owner in ("NbConvertBase", "Preprocessor"):
        assert not any(name in section for section in settings_of(configured(f"{owner}.{name}", 3)).values())
        return  # it is for pages, too
    if name not in least.class_trait_names(config=True):  # a class below has fixed what its base lets one choose
        with pytest.raises(Unusable, match="fixed in grading"):
            settings_of(configured(f"{owner}.{name}", 3))
        return
    trait = least.class_traits()[name]
    for value in _odd_values():
        bare: Any = type("Bare", (HasTraits,), {name: trait})()
        try:
            setattr(bare, name, value)
            takes = True
        except TraitError:
            takes = False
        try:
            told = settings_of(configured(f"{owner}.{name}", value))
        except Unusable as said:
            assert "nbgrader_config.py" in str(said)
            assert not takes or name in OURS_TO_JUDGE, f"{value!r} was refused: {said}"
            continue
        assert takes or isinstance(value, str | list), f"{value!r} was taken"  # traitlets reads texts and lists in
        json.dumps(told)
        if takes and type(getattr(bare, name)) is type(value) and name != "enabled":  # of the executor it is ours
            assert any(section.get(name) == value for section in told.values())


def test_a_letter_that_is_missing_in_an_option_s_name_is_noticed() -> None:
    for owner, name in OPTIONS:
        wrong = name[: len(name) // 2] + name[len(name) // 2 + 1 :]
        with pytest.raises(Unusable, match=f"{owner}.{wrong}, which there is not"):
            settings_of(configured(f"{owner}.{wrong}", 1))


def test_what_is_appended_said_for_a_base_class_or_on_the_command_line_counts() -> None:
    more = LazyConfigValue()
    more.append("/etc/hosts")
    config = Config({
        "JailedProvisioner": {"readable": more},
        "JailedExecute": {"stock_kernel": True},
        "Execute": {"timeout": DeferredConfigString("7")},
    })  # fmt: skip
    told = settings_of(config)
    assert told["JailedProvisioner"] == {"readable": ["/etc/hosts"], "packages": ["lrtutorial"]}
    assert told["TrustedExecute"] == {"stock_kernel": True, "timeout": 7}


@pytest.mark.parametrize(
    "base", ["NotebookClient", "ExecutePreprocessor", "Execute", "JailedExecute", "TrustedExecute"]
)
def test_a_time_for_a_cell_holds_whichever_class_it_is_set_for(base: str) -> None:
    config = course_config()
    assert settings_of(config)["TrustedExecute"]["timeout"] == CELL_SECONDS
    config[base].timeout = 7
    assert settings_of(config)["TrustedExecute"]["timeout"] == 7


@pytest.mark.parametrize("option", ODD)
def test_what_only_a_run_would_refuse_is_refused_before_it(option: str) -> None:
    for value in ODD[option]:
        with pytest.raises(Unusable, match="nbgrader_config.py"):
            settings_of(configured(option, value), ["numpy"])


def test_kernels_see_the_course_s_own_packages_whatever_the_list_says() -> None:
    config = course_config()
    config.JailedProvisioner.packages = ["numpy"]
    assert settings_of(config)["JailedProvisioner"]["packages"] == ["lrtutorial", "numpy"]


def test_an_exercise_s_profile_that_there_is_not_is_named() -> None:
    with pytest.raises(Advice, match="no jail profile 'jax'"):
        settings_of(Config(), ["numpy", "jax"])
