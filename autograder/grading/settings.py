"""What nbgrader_config.py says of the grading, held against what there is to set before anything is run."""

from __future__ import annotations

import json
from collections.abc import Iterable

from nbformat.v4 import new_notebook
from nbgrader.preprocessors import LimitOutput
from traitlets import TraitError
from traitlets.config import Config, Configurable

from autograder.gradebook.late import hold_to_policy
from autograder.grading.executor import Run, TrustedExecute
from autograder.grading.phases import Clock
from autograder.grading.rubric import ShowRubric
from autograder.jail import JailedProvisioner, JailError
from autograder.names import nearest
from lrtutorial.advice import Unusable

WHERE = "nbgrader_config.py (or an option of the command)"


def settings_of(config: Config, profiles: Iterable[str] = ()) -> dict[str, dict[str, object]]:
    """Return what a configuration sets for whatever grades, as data: {class: {option: value}}.

    Options of a base class hold for the classes below it. ``profiles`` are the jail's that will be asked for. Raises
    Unusable for an option that there is not, a value that it can't take, and one that can't travel to a worker; the
    same, and ExtraTimeError, for what being late costs, which is settled here when all is graded.
    """
    _hold_late_penalties(config)
    told: dict[str, dict[str, object]] = {}
    for configured in _configured(config):
        said = told[type(configured).__name__] = {}
        for name in _options(configured, config):
            said[name] = value = getattr(configured, name)
            try:
                json.dumps(value)
            except (TypeError, ValueError):
                raise Unusable(
                    f"{WHERE} sets {type(configured).__name__}.{name} to {str(value)[:100]}, which can't be passed on: "
                    "expected numbers, texts, lists or dictionaries of them"
                ) from None
    jail = told[JailedProvisioner.__name__]
    for profile in (*profiles, *jail.get("profiles", ())):  # type: ignore[misc]  # a Dict, as its trait has held
        try:
            JailedProvisioner(config=Config(told), profile=profile).settled()
        except JailError as error:
            raise Unusable(f"the jail can't be as {WHERE} and the exercises' profiles say: {error}") from error
    return told


def _unusable(error: TraitError) -> Unusable:
    return Unusable(f"{WHERE} sets something that can't be used: {str(error).rstrip(' .')}. Mend that line")


def _hold_late_penalties(config: Config) -> None:
    try:
        _options(hold_to_policy(config), config)
    except TraitError as error:
        raise _unusable(error) from error


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
        raise _unusable(error) from error


def _options(configured: Configurable, config: Config) -> list[str]:
    """Return the options of one that the configuration sets, its base classes' too. Raises Unusable for no option."""
    found, own = [], type(configured).class_trait_names(config=True)
    for owner in type(configured).__mro__:
        if not issubclass(owner, Configurable) or owner.__name__ not in config:
            continue
        known = owner.class_trait_names(config=True)
        for name, value in config[owner.__name__].items():
            if isinstance(value, Config):
                continue  # a section for what this one is a part of
            if name not in known:
                raise Unusable(f"{WHERE} sets {owner.__name__}.{name}, which there is not. {nearest(name, known)}")
            if name in own:  # a class below may have fixed it
                found.append(name)
    return found
