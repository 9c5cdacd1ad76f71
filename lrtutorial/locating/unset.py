"""What the methods of a class read and nothing in it sets: a statement is missing in ``__init__``."""

from __future__ import annotations

import ast
import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lrtutorial.locating.edits import AFTER, LEFT_OUT, Edit, is_self
from lrtutorial.locating.sources import Source
from lrtutorial.locating.trial import Trial

Gap = tuple[Edit, Source]  #: the end of an ``__init__``, as the place where something is missing


def surely_missing(trial: Trial, sources: Sequence[Source]) -> Gap | None:
    """Return the gap that no edit of one line is the way to mend: several places read what nothing sets, or too late.

    None where the name read may be the slip: something set is never read, or has nearly that name.
    """
    attributes, lacking = _Attributes.of(trial), trial.lacking()
    if lacking in attributes.stored:  # set too late, or in an __init__ that nothing calls
        if attributes.may_be_misspelled({str(lacking)}, attributes.stored - {lacking}):
            return None
        return _never_begun(trial, sources, str(lacking))
    return _never_set(trial, sources, attributes, once=False)


def perhaps_missing(trial: Trial, sources: Sequence[Source]) -> Gap | None:
    """Return the gap that an edit may mend, too, because what nothing sets is read once; a parameter has its name."""
    attributes = _Attributes.of(trial)
    return None if trial.lacking() in attributes.stored else _never_set(trial, sources, attributes, once=True)


@dataclass(frozen=True)
class _Attributes:
    """The attributes that an answer's classes set (+= reads before it sets), and how often they read each."""

    stored: set[str]
    used: Counter[str]

    @classmethod
    def of(cls, trial: Trial) -> _Attributes:
        trees = trial.trees.values()
        nodes = [n for t in trees if isinstance(t, ast.ClassDef) for n in ast.walk(t) if isinstance(n, ast.Attribute)]
        added = [node.target for tree in trees for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]
        stored = {node.attr for node in nodes if isinstance(node.ctx, ast.Store) and node not in added}
        return cls(stored, Counter(node.attr for node in nodes if isinstance(node.ctx, ast.Load) or node in added))

    def may_be_misspelled(self, names: set[str], stored: set[str]) -> bool:
        """Say whether something that is set is never read, or has nearly one of these names."""
        return any(not self.used[one] for one in stored) or any(difflib.get_close_matches(n, stored) for n in names)


def _never_set(trial: Trial, sources: Sequence[Source], attributes: _Attributes, once: bool) -> Gap | None:
    """Return the gap of what no class sets, where that is read ``once`` in all, or else more often."""
    inherited = set(dir(trial.answer))
    for source in sources:
        tree = trial.trees[source.name]
        reads = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_self(node.value)}
        unset = reads - inherited - attributes.stored
        if not unset or "setattr" in source.text or "__dict__" in source.text:
            continue
        if attributes.may_be_misspelled(unset, attributes.stored - inherited):
            return None
        for node in tree.body if isinstance(tree, ast.ClassDef) else ():
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                read_once = sum(attributes.used[attribute] for attribute in unset) == 1
                if read_once and not unset <= {one.arg for one in node.args.args + node.args.kwonlyargs}:
                    break
                return _end_of(node, source) if read_once == once else None
    return None


def _never_begun(trial: Trial, sources: Sequence[Source], attribute: str) -> Gap | None:
    """Return the end of the answer's own ``__init__`` as a gap, where that doesn't set an attribute; else None."""
    source = sources[-1]
    tree = trial.trees[source.name]
    for node in tree.body if isinstance(tree, ast.ClassDef) and source.name == trial.name else ():
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            sets = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute) and is_self(one.value)}
            if attribute not in sets:
                return _end_of(node, source)
    return None


def _end_of(function: ast.FunctionDef, source: Source) -> Gap:
    return Edit(LEFT_OUT, function.body[-1], AFTER, (), before=True, function=function), source
