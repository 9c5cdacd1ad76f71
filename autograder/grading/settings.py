"""What nbgrader_config.py says of the grading, held against what there is to set before anything is run."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Mapping

from nbclient import NotebookClient
from nbformat.v4 import new_notebook
from nbgrader.preprocessors import AssignLatePenalties, LimitOutput
from traitlets import TraitError
from traitlets.config import Config, Configurable

from autograder.course import SECRET
from autograder.gradebook.late import GrantExtraTime, LatePenalty, hold_to_policy
from autograder.grading.executor import Run, TrustedExecute
from autograder.grading.phases import Clock
from autograder.grading.rubric import ShowRubric
from autograder.jail import PROFILES, JailedProvisioner, JailError
from autograder.names import nearest
from lrtutorial.advice import Unusable
from lrtutorial.course import current

#: What grading sets itself: who chooses it there would be passed over.
OURS = {
    JailedProvisioner: {"profile": "each exercise says its own profile"},
    TrustedExecute: {
        "enabled": "grading runs notebooks",
        "kernel_manager_class": "student code runs in the jail's kernels alone",
        "skip_cells_with_tag": "what counts is run",
    },
}
SECONDS = ("timeout", "startup_timeout", "iopub_timeout")
LONGEST = 86_400  #: seconds, a day
TIMEOUT = {"ename": str, "evalue": str, "traceback": list}
NEAR = 0.85  #: how alike a section's name and ours are that is taken for a slip of ours


def settings_of(config: Config, profiles: Iterable[str] = ()) -> dict[str, dict[str, object]]:
    """Return what a configuration sets for whatever grades, as data: {class: {option: value}}.

    Options of a base class hold for the classes below it, and the course's own packages are always shown to kernels.
    ``profiles`` are the jail's that will be asked for. Raises Unusable for a section or an option that there is not, a
    value that it can't take, and one that can't travel to a worker; the same, and ExtraTimeError, for what being late
    costs, which is settled here when all is graded.
    """
    _hold_late_penalties(config)
    told: dict[str, dict[str, object]] = {}
    configured = _configured(config)
    _hold_to_sections(config)
    for one in configured:
        said = told[type(one).__name__] = {}
        for name in _options(one, config):
            said[name] = value = getattr(one, name)
            if not _is_data(value):
                what = f"{type(one).__name__}.{name} to {_shown(value)}"
                raise _refused(f"{what}, which can't be passed on: expected numbers, texts, or lists of them")
    jail, runs, *_ = configured
    assert isinstance(jail, JailedProvisioner) and isinstance(runs, TrustedExecute)
    own = [package for package in ("lrtutorial", current().package) if package not in jail.packages]
    if own:
        told["JailedProvisioner"]["packages"] = [*dict.fromkeys(own), *jail.packages]
    _hold_runs(runs)
    _hold_jail(jail, Config(told), list(profiles))
    return told


def _refused(what: str) -> Unusable:
    return Unusable(f"nbgrader_config.py (or an option of the command) sets {what}")


def _hold_late_penalties(config: Config) -> None:
    try:
        _options(hold_to_policy(config), config)
    except TraitError as error:
        raise _no_value(error) from error


def _no_value(error: TraitError) -> Unusable:
    return _refused(f"something that can't be used: {str(error).rstrip(' .')}. Mend that line")


def _configured(config: Config) -> list[Configurable]:
    """Return one of each that is set up by the configuration, set up by it."""
    nothing = Run("", "", "", "", {}, frozenset(), Clock())
    try:
        return [
            JailedProvisioner(config=config),
            TrustedExecute(nothing, new_notebook(), config=config),
            LimitOutput(config=config),
            ShowRubric(config=config),
        ]
    except TraitError as error:
        raise _no_value(error) from error


def _hold_to_sections(config: Config) -> None:
    """Refuse a section that is nearly one of ours and is none of anything that is loaded."""
    known = {each.__name__ for each in _below(Configurable)}
    late = (AssignLatePenalties, LatePenalty, GrantExtraTime)
    ours = [each.__name__ for each in (JailedProvisioner, *TrustedExecute.__mro__, LimitOutput, ShowRubric, *late)]
    for section in config:
        near = difflib.get_close_matches(section, ours, n=1, cutoff=NEAR)
        if section not in known and near:
            raise _refused(f"{section}, which there is not. Did you mean {near[0]!r}?")


def _below(owner: type[Configurable]) -> Iterator[type[Configurable]]:
    for each in owner.__subclasses__():
        yield each
        yield from _below(each)


def _options(configured: Configurable, config: Config) -> list[str]:
    """Return the options of one that the configuration sets, its base classes' too. Raises Unusable for no option."""
    found = []
    own, set_here = type(configured).class_trait_names(config=True), OURS.get(type(configured), {})
    for owner in type(configured).__mro__:
        if not issubclass(owner, Configurable) or owner.__name__ not in config:
            continue
        bases = [base for base in owner.__mro__ if issubclass(base, Configurable)]
        known = sorted({name for base in bases for name in base.class_trait_names(config=True)})
        for name, value in config[owner.__name__].items():
            what = f"{owner.__name__}.{name}"
            if isinstance(value, Config):  # for what this one is a part of, or a capital too much
                if near := difflib.get_close_matches(name.lower(), known, n=1, cutoff=NEAR):
                    raise _refused(f"{what}, which there is not. Did you mean {near[0]!r}?")
            elif name not in known:
                raise _refused(f"{what}, which there is not. {nearest(name, known) if known else 'It has no options.'}")
            elif name in set_here and issubclass(owner, (NotebookClient, JailedProvisioner)):
                raise _refused(f"{what}, which grading sets itself ({set_here[name]}): leave that line out")
            elif name not in own and issubclass(owner, NotebookClient):
                raise _refused(f"{what}, which is fixed in grading: leave that line out")
            elif name in own and name not in set_here:
                found.append(name)
    return found


def _is_data(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _shown(value: object) -> str:
    try:
        return str(value)[:100]
    except Exception:  # an int of thousands of digits, or any object
        return f"something of type {type(value).__name__}"


def _hold_runs(runs: TrustedExecute) -> None:
    """Refuse what a run of a notebook can't work with, though its trait takes it."""
    for name in SECONDS:
        value = getattr(runs, name)
        if not (value is None or (name == "timeout" and value == -1) or 1 <= value <= LONGEST):
            raise _refused(f"{name} to {_shown(value)}: expected seconds, from 1 to {LONGEST}")
    said = runs.error_on_timeout
    if not all(isinstance(said.get(name), kind) for name, kind in TIMEOUT.items()):
        raise _refused(f"error_on_timeout to {_shown(said)}: expected ename and evalue (texts) and traceback (a list)")


def _hold_jail(jail: JailedProvisioner, told: Config, profiles: list[str]) -> None:
    """Refuse what the jail can't work with."""
    asked = sorted({*PROFILES, *profiles, *current().profiles})
    for name, fields in jail.profiles.items():
        if name not in asked:
            raise _refused(f"the profile {_shown(name)!r}, which no exercise has. {nearest(_shown(name), asked)}")
        if not isinstance(fields, Mapping):
            raise _refused(f"the jail's profile {name!r} to {_shown(fields)}: expected {{field: value}}")
    for path in jail.canaries:
        if path != str(SECRET) and not os.path.exists(os.path.expanduser(path)):
            raise _refused(f"the canary {path}, which there is not: whether it can be read would prove nothing")
    for profile in (*profiles, *jail.profiles):
        try:
            JailedProvisioner(config=told, profile=profile).settled()
        except JailError as error:
            raise _refused(f"(or an exercise asks for) what the jail can't use: {error}") from error
