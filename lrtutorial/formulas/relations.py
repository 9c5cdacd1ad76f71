"""How a line goes with the line above it: ⇔, ⇒ or ✗ only when that is proved, = for formulas, ≈ where it isn't.

A condition stands for its solution set: the points where every part of it is defined and it is true, over all values
of the letters in their declared domains. What is polynomial or rational is compared exactly (``solution_sets``). A
power β^t of a decay and a whole number is treated as a letter between 0 and 1, which proves what holds for all of
those; differences are looked for at t = 0, 1, 2, 3, 5. For anything else many points are tried in interval
arithmetic: a difference found there is one, and no difference proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from lrtutorial.course import current, domains
from lrtutorial.course.letters import REAL, Domain
from lrtutorial.formulas import solution_sets as sets
from lrtutorial.formulas.compiled import Compiled, Outside, number_of, truth, written_out
from lrtutorial.formulas.sampling import NoValue, Unclear, enclosed_truth, sampled
from lrtutorial.formulas.surds import NotExact, TooLarge, at_most
from lrtutorial.formulas.tree import Tree, is_condition, substitute, symbols

SAME, ONLY_DOWN, BROKEN, EQUAL, OPEN = "⇔", "⇒", "✗", "=", "≈"
WORK = 200_000  #: operations for one line
COUNTS = (1, 2, 0, 3, 5)  #: values tried for a whole number


@dataclass(frozen=True)
class Relation:
    """The sign of a line against the one above, a point that shows a difference, and how many points only agreed."""

    mark: str
    point: Mapping[str, object] | None = None
    agreed: int = 0  #: for ≈, the points at which both lines were decided and agree


def unknown_of(trees: Sequence[Tree]) -> str:
    """Return the letter that conditions are solved for: the course's unknown, or one that no exercise declares."""
    names = set().union(*map(symbols, trees)) if trees else set()
    unknowns = current().unknowns
    for name in unknowns:
        if name in names:
            return name
    free = sorted(name for name in names if domains().get(name, REAL) == REAL)
    alone = [name for name in free if any(["symbol", name] in _sides(tree) for tree in trees)]
    for choice in (["x"] if "x" in free else [], alone, free, sorted(names)):
        if choice:
            return choice[-1]
    return next(iter(unknowns), "x")


def _sides(tree: Tree) -> list[Tree]:
    if tree[0] in ("and", "or", "not"):
        return [side for part in tree[1:] for side in _sides(part)]
    return tree[2:] if tree[0] == "relation" else []


def relation(above: Tree, below: Tree, facts: Sequence[Tree] = (), variable: str = "") -> Relation:
    """Return how ``below`` goes with ``above``, where the ``facts`` hold that earlier lines have stated."""
    variable = variable or unknown_of([above, below])
    with at_most(WORK):
        found = _proved(above, below, facts, variable)
    if found is None:
        with at_most(WORK):
            found = _tried(above, below, facts, variable)
    return found


def _proved(above: Tree, below: Tree, facts: Sequence[Tree], variable: str) -> Relation | None:
    """Return the sign that can be proved, or None."""
    conditions = is_condition(above)
    try:
        one, other, *known = (written_out(tree, variable) for tree in (above, below, *facts))
    except (Outside, NotExact, TooLarge, RecursionError):
        return _counted(above, below, facts, variable, None)
    if one == other:
        return Relation(SAME if conditions else EQUAL)
    exact = _exact(one, other, known, variable)
    if not _whole(one, other, *known):
        return _read(exact, conditions) if exact is not None and (exact.complete or exact.lost) else None
    if exact is None:
        return _counted(one, other, known, variable, None)
    if exact.complete and not exact.lost and not exact.more:
        return Relation(SAME if conditions else EQUAL)
    return _counted(one, other, known, variable, exact)


def _whole(*trees: Tree) -> list[str]:
    names = set().union(*map(symbols, trees))
    return sorted(name for name in names if domains().get(name, REAL).whole)


def _exact(above: Tree, below: Tree, facts: Sequence[Tree], variable: str) -> sets.Difference | None:
    """Return the exact comparison, or None for lines that it doesn't cover."""
    try:
        compiled = Compiled([above, below, *facts], variable)
        one, other, *known = compiled.lines
        if is_condition(above):
            return sets.compare(compiled, one, other, known)
        return sets.compare_formulas(compiled, one, other)
    except (Outside, NotExact, TooLarge, RecursionError):
        return None


def _read(found: sets.Difference, conditions: bool) -> Relation:
    if found.lost:
        return Relation(BROKEN, sets.plainest(found.lost))
    if found.more:
        return Relation(ONLY_DOWN, sets.plainest(found.more))
    return Relation(SAME if conditions else EQUAL)


def _counted(
    above: Tree, below: Tree, facts: Sequence[Tree], variable: str, relaxed: sets.Difference | None
) -> Relation | None:
    """Compare lines at some values of their whole numbers, each exactly. None when nothing can be said."""
    whole = _whole(above, below, *facts)
    if not whole or len(whole) > 2:
        return None
    more, samples = None, 0
    for values in product(COUNTS, repeat=len(whole)):
        put = dict(zip(whole, values, strict=True))
        try:
            trees = [written_out(_put(tree, put), variable) for tree in (above, below, *facts)]
        except (Outside, NotExact, RecursionError):
            return None
        found = _exact(trees[0], trees[1], trees[2:], variable)
        if found is None:
            return None
        samples += found.samples
        known = {name: Fraction(value) for name, value in put.items()}
        if found.lost:
            return Relation(BROKEN, {**known, **sets.plainest(found.lost)})
        if found.more and more is None:
            more = {**known, **sets.plainest(found.more)}
    inside = relaxed is not None and relaxed.complete and not relaxed.lost
    return Relation(ONLY_DOWN, more) if inside and more else Relation(OPEN, more, samples)


def _put(tree: Tree, values: Mapping[str, int]) -> Tree:
    for name, value in values.items():
        tree = substitute(tree, name, ["number", str(value)])
    return tree


def _tried(above: Tree, below: Tree, facts: Sequence[Tree], variable: str) -> Relation:
    """Try many points in interval arithmetic: ✗ with a point that shows it, otherwise ≈."""
    lost, more, agreed = sampled(above, below, facts, variable)
    if lost:
        return Relation(BROKEN, sets.plainest(lost))
    return Relation(OPEN, sets.plainest(more) if more else None, agreed)


def holds_at(tree: Tree, point: Mapping[str, object], variable: str) -> bool | None:
    """Say whether a condition holds at exact values; None where it is not defined. Raises Unclear."""
    numbers = {name: value for name, value in point.items() if isinstance(value, Fraction)}
    try:
        put = tree
        for name, value in numbers.items():
            put = substitute(put, name, ["number", str(value)])
        compiled = Compiled([written_out(put, variable)], variable, {})
        values = [point[name] for name in compiled.names[len(compiled.fixed) :]]
        return truth(compiled.lines[0], (*compiled.fixed, *values))
    except (Outside, NotExact, TooLarge, KeyError):
        pass
    try:
        return enclosed_truth(tree, numbers, variable)
    except NoValue:
        return None
    except KeyError:
        raise Unclear from None


# ---------------------------------------------------------------------------------------------- what was said


def stated(trees: Sequence[Tree], above: Tree, variable: str) -> list[Tree]:
    """Return what the lines before ``above`` state and ``above`` itself doesn't say: signs, and equations.

    ``b > 1`` states the sign of b; what ``above`` says itself is no such fact: a line that drops it says less.
    """
    facts: list[Tree] = []
    for tree in trees:
        for part in _parts(tree):
            fact = _sign_stated(part)
            if fact is None or fact in facts or fact in _parts(above):
                continue
            if relation(above, ["and", above, fact], (), variable).mark != SAME:
                facts.append(fact)
    return facts


def _parts(tree: Tree) -> list[Tree]:
    return [part for child in tree[1:] for part in _parts(child)] if tree[0] == "and" else [tree]


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _sign_stated(tree: Tree) -> Tree | None:
    if tree[0] != "relation":
        return None
    op, left, right = tree[1], tree[2], tree[3]
    if op == "==":
        return tree
    try:
        edge = number_of(right)
    except Outside:
        try:
            edge, op, left = number_of(left), _TURNED[op], right
        except Outside:
            return None
    zero: Tree = ["number", "0"]
    if op in (">", ">="):
        strict = edge > 0 or edge == 0 and op == ">"
        return ["relation", ">" if strict else ">=", left, zero] if edge >= 0 else None
    if op in ("<", "<="):
        strict = edge < 0 or edge == 0 and op == "<"
        return ["relation", "<" if strict else "<=", left, zero] if edge <= 0 else None
    return ["relation", "!=", left, zero] if edge == 0 else None


__all__ = [
    "BROKEN",
    "Unclear",
    "EQUAL",
    "ONLY_DOWN",
    "OPEN",
    "SAME",
    "Domain",
    "Relation",
    "relation",
    "stated",
    "unknown_of",
]
